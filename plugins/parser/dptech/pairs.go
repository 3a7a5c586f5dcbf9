package main

import (
	"bytes"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/kv"
)

var (
	application   = ecs.New("dptech.application", ecs.Keyword, "Application the device recognised in a connection.")
	bytesIn       = ecs.New("dptech.bytes_in", ecs.Long, "Bytes that came in to the device in a connection.")
	bytesOut      = ecs.New("dptech.bytes_out", ecs.Long, "Bytes the device passed on in a connection.")
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

var scanner = kv.Scanner{Pair: ';', FreeText: true}

// pairs sets what the content of a line says. Keys that are not known stay in the line only.
func pairs(b []byte, ev *sdk.Event) {
	it := scanner.Scan(b)
	first, translated := true, false // translated: the destination
	in, out, haveIn, haveOut := int64(0), int64(0), false, false
	for it.Next() {
		if first {
			ev.Set(content, it.Text())
			first = false
		}
		switch v := it.Value(); string(it.Key()) {
		case "srcip(source)", "srcip", "sip":
			ev.SetIP(ecs.SourceIP, v)
		case "dstip(dest)", "dstip", "dip":
			ev.SetIP(ecs.DestinationIP, v)
		case "srcport":
			port(ev, ecs.SourcePort, v)
		case "dstport":
			port(ev, ecs.DestinationPort, v)
		case "protocol":
			ev.Set(ecs.NetworkTransport, v)
		case "action":
			ev.Set(ecs.EventAction, v)
			decision(ev, v)
		case "policy":
			ev.Set(ecs.RuleName, v)
		case "bytes":
			ev.Set(ecs.NetworkBytes, v)
		case "inbytes":
			in, haveIn = number(ev, bytesIn, v)
		case "outbytes":
			out, haveOut = number(ev, bytesOut, v)
		case "duration":
			seconds(ev, v)
		case "app":
			ev.Set(application, v)
		case "zone":
			ev.Set(zone, v)
		case "attacktype":
			ev.Set(ecs.RuleCategory, v)
		case "count":
			ev.Set(count, v)
		case "desc":
			ev.Set(description, v)
		case "user":
			ev.Set(ecs.UserName, v)
		case "password", "passwd", "pwd", "新密码", "密码":
			ev.Set(ecs.UserPassword, v)
		case "service":
			ev.Set(service, v)
		case "result":
			outcome(ev, v)
		case "nattype":
			ev.Set(natType, v)
			translated = string(v) == "DNAT"
		case "natip":
			if translated {
				ev.SetIP(ecs.DestinationNATIP, v)
			} else {
				ev.SetIP(ecs.SourceNATIP, v)
			}
		case "natport":
			if translated {
				port(ev, ecs.DestinationNATPort, v)
			} else {
				port(ev, ecs.SourceNATPort, v)
			}
		default:
			rare(ev, it.Key(), v)
		}
	}
	if first {
		ev.Set(content, bytes.TrimRight(it.Text(), "; "))
	}
	if haveIn && haveOut {
		ev.SetInt(ecs.NetworkBytes, in+out)
	}
}

// rare sets the pairs of lines that are few.
func rare(ev *sdk.Event, key, v []byte) {
	switch string(key) {
	case "reason":
		ev.Set(ecs.EventReason, v)
	case "command":
		ev.Set(command, v)
	case "method":
		ev.Set(ecs.HTTPRequestMethod, v)
	case "url":
		ev.SetURL(v)
	case "category":
		ev.Set(urlCategory, v)
	case "state", "to":
		ev.Set(state, v)
	case "peer":
		ev.SetIP(peer, v)
	case "cpu":
		ev.Set(cpuPercent, bytes.TrimSuffix(v, []byte("%")))
	case "memory":
		ev.Set(memoryPercent, bytes.TrimSuffix(v, []byte("%")))
	case "sessions":
		ev.Set(sessions, v)
	}
}

func digits(v []byte, most int) (n int64, ok bool) {
	if len(v) == 0 || len(v) > most {
		return 0, false
	}
	for _, c := range v {
		if c-'0' > 9 {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	return n, true
}

func number(ev *sdk.Event, f ecs.Field, v []byte) (int64, bool) {
	n, ok := digits(v, 18)
	switch {
	case ok:
		ev.SetInt(f, n)
	case len(v) > 0:
		ev.Bad(f, "not a whole number")
	}
	return n, ok
}

func port(ev *sdk.Event, f ecs.Field, v []byte) {
	n, ok := digits(v, 5)
	switch {
	case ok && n <= 65535:
		ev.SetInt(f, n)
	case len(v) > 0:
		ev.Bad(f, "not a port from 0 to 65535")
	}
}

// seconds sets event.duration, which is in nanoseconds.
func seconds(ev *sdk.Event, v []byte) {
	n, ok := digits(v, 9)
	switch {
	case ok:
		ev.SetInt(ecs.EventDuration, n*1e9)
	case len(v) > 0:
		ev.Bad(ecs.EventDuration, "not a number of seconds below 1,000,000,000")
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
