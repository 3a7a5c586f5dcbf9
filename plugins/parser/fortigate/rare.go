package main

import (
	"bytes"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/kv"
)

// security sets the pairs of logs of security profiles. It is false for others.
func (r *record) security(ev *sdk.Event, it *kv.Iter) bool {
	switch v := it.Value(); string(it.Key()) {
	case "attack":
		r.attack = v
	case "attackid":
		r.attackID = v
	case "severity":
		r.severity = v
		ev.Set(severityWord, v)
	case "count":
		ev.Set(attackCount, v)
	case "virus":
		r.virus = v
	case "virusid":
		r.virusID = v
	case "filename":
		text(ev, ecs.FileName, it)
	case "filesize":
		ev.Set(ecs.FileSize, v)
	case "filehash", "analyticscksum":
		hash(ev, v)
	case "url":
		r.url = v
		text(ev, ecs.URLOriginal, it)
	case "hostname":
		r.hostname = v
	case "httpmethod":
		ev.Set(ecs.HTTPRequestMethod, v)
	case "referralurl":
		text(ev, ecs.HTTPRequestReferrer, it)
	case "agent":
		text(ev, ecs.UserAgentOriginal, it)
	case "direction":
		direction(ev, v)
	case "catdesc":
		ev.Set(urlCategory, v)
	case "qname":
		ev.Set(ecs.DNSQuestionName, v)
	case "qtype":
		ev.Set(ecs.DNSQuestionType, v)
	case "profile":
		ev.Set(profile, v)
	case "user":
		account(ev, it)
	case "group":
		ev.Set(userGroup, v)
	default:
		return false
	}
	return true
}

// event sets the pairs of logs of the device itself, of users and of VPNs.
func (r *record) event(ev *sdk.Event, it *kv.Iter) {
	switch v := it.Value(); string(it.Key()) {
	case "logdesc":
		text(ev, logDesc, it)
	case "ui":
		text(ev, userInterface, it)
	case "method":
		ev.Set(method, v)
	case "status":
		r.status = v
		ev.Set(status, v)
	case "result":
		r.result = v
	case "reason":
		if string(v) != "none" {
			text(ev, ecs.EventReason, it)
		}
	case "cfgpath":
		r.configPath = v
		ev.Set(configPath, v)
	case "cfgobj":
		text(ev, configObject, it)
	case "cfgattr":
		text(ev, configChange, it)
	case "remip":
		ev.SetIP(ecs.SourceIP, v)
	case "remport":
		ev.SetPort(ecs.SourcePort, v)
	case "locip":
		ev.SetIP(ecs.DestinationIP, v)
	case "locport":
		ev.SetPort(ecs.DestinationPort, v)
	case "tunnelip":
		none(ev, tunnelIP, v)
	case "tunneltype":
		ev.Set(tunnelType, v)
	case "vpntunnel":
		ev.Set(vpnTunnel, v)
	case "cpu":
		ev.Set(cpuPercent, v)
	case "mem":
		ev.Set(memoryPercent, v)
	case "totalsession":
		ev.Set(sessionCount, v)
	}
}

// none sets an address, unless the device says that there is none.
func none(ev *sdk.Event, f ecs.Field, v []byte) {
	switch string(v) {
	case "(null)", "0.0.0.0":
	default:
		ev.SetIP(f, v)
	}
}

// account sets a user and the domain.
func account(ev *sdk.Event, it *kv.Iter) {
	v := it.Value()
	switch {
	case bytes.Contains(v, []byte(`\"`)): // whoever tries such a name shall be found by it
		text(ev, ecs.UserName, it)
	default:
		ev.SetAccount(ecs.UserName, ecs.UserDomain, v)
	}
}

func hash(ev *sdk.Event, v []byte) {
	switch len(v) {
	case 64:
		ev.Set(ecs.FileHashSHA256, v)
	case 32:
		ev.Set(ecs.FileHashMD5, v)
	}
}

func direction(ev *sdk.Event, v []byte) {
	switch string(v) {
	case "incoming":
		ev.SetString(ecs.NetworkDirection, "inbound")
	case "outgoing":
		ev.SetString(ecs.NetworkDirection, "outbound")
	}
}
