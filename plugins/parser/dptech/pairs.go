package main

import (
	"bytes"
	"time"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/keys"
	"github.com/logcenter/logcenter/sdk/kv"
)

var (
	application   = ecs.New("dptech.application", ecs.Keyword, "Application the device recognised in a connection.")
	inBytes       = ecs.New("dptech.bytes_in", ecs.Long, "Bytes that came in to the device in a connection.")
	outBytes      = ecs.New("dptech.bytes_out", ecs.Long, "Bytes the device passed on in a connection.")
	command       = ecs.New("dptech.command", ecs.Keyword, "What an administrator had the device do.")
	content       = ecs.New("dptech.content", ecs.Keyword, "Words in front of the pairs, e.g. Session closed.")
	count         = ecs.New("dptech.count", ecs.Long, "Packets or attempts one attack line stands for.")
	cpuPercent    = ecs.New("dptech.cpu_percent", ecs.Long, "Load of the processor at the time of the line.")
	description   = ecs.New("dptech.description", ecs.Keyword, "Explanation the device adds, often in Chinese.")
	deviceType    = ecs.New("dptech.device_type", ecs.Keyword, "First part of the head, e.g. FW for firewalls.")
	kind          = ecs.New("dptech.kind", ecs.Keyword, "Last part of the head: SYSLOG, OPERLOG or DATALOG.")
	memoryPercent = ecs.New("dptech.memory_percent", ecs.Long, "Use of main memory at the time of the line.")
	module        = ecs.New("dptech.module", ecs.Keyword, "Second part of the head: the part of the device that speaks.")
	natType       = ecs.New("dptech.nat_type", ecs.Keyword, "Which end was translated, SNAT or DNAT.")
	peer          = ecs.New("dptech.peer", ecs.IP, "Address of the other device of a pair.")
	service       = ecs.New("dptech.service", ecs.Keyword, "Way by which a user came in, e.g. ssh or sslvpn.")
	sessions      = ecs.New("dptech.sessions", ecs.Long, "Connections open at the time of the line.")
	state         = ecs.New("dptech.state", ecs.Keyword, "What an interface or device changed to.")
	urlCategory   = ecs.New("dptech.url_category", ecs.Keyword, "Class of web site by the device's own list.")
	zone          = ecs.New("dptech.zone", ecs.Keyword, "Security zone a connection is accounted to.")
)

// use is what is done with the value of a key.
type use uint8

const (
	set use = iota
	setIP
	setPort
	setSeconds
	setPercent
	setURL
	bytesIn
	bytesOut
	decided
	ended
	translation // which end was translated, in front of the address and the port
	translatedIP
	translatedPort
)

// target is what a key's value becomes.
type target struct {
	use   use
	field ecs.Field
}

// known are the keys that are set; others stay in the line only.
var known = keys.New(map[string]target{
	"srcip(source)": {setIP, ecs.SourceIP},
	"srcip":         {setIP, ecs.SourceIP},
	"sip":           {setIP, ecs.SourceIP},
	"srcport":       {setPort, ecs.SourcePort},
	"dstip(dest)":   {setIP, ecs.DestinationIP},
	"dstip":         {setIP, ecs.DestinationIP},
	"dip":           {setIP, ecs.DestinationIP},
	"dstport":       {setPort, ecs.DestinationPort},
	"protocol":      {set, ecs.NetworkTransport},
	"action":        {decided, ecs.EventAction},
	"policy":        {set, ecs.RuleName},
	"bytes":         {set, ecs.NetworkBytes},
	"inbytes":       {bytesIn, inBytes},
	"outbytes":      {bytesOut, outBytes},
	"duration":      {setSeconds, ecs.EventDuration},
	"app":           {set, application},
	"zone":          {set, zone},
	"nattype":       {translation, natType},
	"natip":         {translatedIP, 0},
	"natport":       {translatedPort, 0},
	"attacktype":    {set, ecs.RuleCategory},
	"count":         {set, count},
	"desc":          {set, description},
	"user":          {set, ecs.UserName},
	"password":      {set, ecs.UserPassword},
	"passwd":        {set, ecs.UserPassword},
	"pwd":           {set, ecs.UserPassword},
	"新密码":           {set, ecs.UserPassword},
	"密码":            {set, ecs.UserPassword},
	"service":       {set, service},
	"result":        {ended, ecs.EventOutcome},
	"reason":        {set, ecs.EventReason},
	"command":       {set, command},
	"method":        {set, ecs.HTTPRequestMethod},
	"url":           {setURL, ecs.URLOriginal},
	"category":      {set, urlCategory},
	"state":         {set, state},
	"to":            {set, state},
	"peer":          {setIP, peer},
	"cpu":           {setPercent, cpuPercent},
	"memory":        {setPercent, memoryPercent},
	"sessions":      {set, sessions},
})

var scanner = kv.Scanner{Pair: ';', FreeText: true}

// record is what of a line is decided when all of it is read.
type record struct {
	in, out         int64
	haveIn, haveOut bool
	toServer        bool // the destination was translated, not the source
}

// pairs sets what the content of a line says.
func pairs(b []byte, ev *sdk.Event) {
	var r record
	it := scanner.Scan(b)
	first := true
	for it.Next() {
		if first {
			ev.Set(content, it.Text())
			first = false
		}
		if t := known.Get(it.Key()); t != nil {
			r.pair(ev, t, it.Value())
		}
	}
	if first {
		ev.Set(content, bytes.TrimRight(it.Text(), "; "))
	}
	if r.haveIn && r.haveOut {
		ev.SetInt(ecs.NetworkBytes, r.in+r.out)
	}
}

func (r *record) pair(ev *sdk.Event, t *target, v []byte) {
	switch t.use {
	case set:
		ev.Set(t.field, v)
	case setIP:
		ev.SetIP(t.field, v)
	case setPort:
		ev.SetPort(t.field, v)
	case setSeconds:
		ev.SetDuration(t.field, v, time.Second)
	case setPercent:
		ev.Set(t.field, bytes.TrimSuffix(v, []byte("%")))
	case setURL:
		ev.SetURL(v)
	case bytesIn:
		r.in, r.haveIn = ev.SetCount(t.field, v)
	case bytesOut:
		r.out, r.haveOut = ev.SetCount(t.field, v)
	case decided:
		ev.Set(t.field, v)
		decision(ev, v)
	case ended:
		outcome(ev, v)
	case translation:
		ev.Set(t.field, v)
		r.toServer = string(v) == "DNAT"
	case translatedIP:
		if r.toServer {
			ev.SetIP(ecs.DestinationNATIP, v)
		} else {
			ev.SetIP(ecs.SourceNATIP, v)
		}
	case translatedPort:
		if r.toServer {
			ev.SetPort(ecs.DestinationNATPort, v)
		} else {
			ev.SetPort(ecs.SourceNATPort, v)
		}
	}
}

// decision sets what a firewall's action meant for the connection.
func decision(ev *sdk.Event, v []byte) {
	switch string(v) {
	case "permit", "allow", "pass":
		ev.SetString(ecs.EventOutcome, "success")
		ev.SetString(ecs.EventType, "allowed")
	case "deny", "drop", "reject", "block", "discard":
		ev.SetString(ecs.EventOutcome, "failure")
		ev.SetString(ecs.EventType, "denied")
	}
}

func outcome(ev *sdk.Event, v []byte) {
	switch string(v) {
	case "success", "succeeded", "ok", "成功":
		ev.SetString(ecs.EventOutcome, "success")
	case "failed", "failure", "fail", "失败":
		ev.SetString(ecs.EventOutcome, "failure")
	default:
		ev.SetString(ecs.EventOutcome, "unknown")
	}
}
