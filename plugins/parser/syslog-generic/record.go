package main

import (
	"bytes"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/classify"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/keys"
	"github.com/logcenter/logcenter/sdk/netaddr"
	"github.com/logcenter/logcenter/sdk/number"
	"github.com/logcenter/logcenter/sdk/syslog"
)

// record is what must be known of a whole line before some fields can be set.
type record struct {
	ev                 *sdk.Event
	facility, severity int // -1: the line has no PRI
	action, result     []byte
}

// how says by which setter a value becomes a field.
type how uint8

const (
	text how = iota
	transport
	source
	destination
	port
	count
	account
	action
	result
	location
	command // whole in quotes only
)

// target is what becomes of a key.
type target struct {
	how   how
	field ecs.Field
}

// names are keys of pairs that mean the same whoever writes them.
var names = keys.NewLoose(map[string]target{
	"src": {source, 0}, "srcip": {source, 0}, "sourceip": {source, 0}, "sip": {source, 0}, "saddr": {source, 0}, "srcaddr": {source, 0},
	"sourceaddress": {source, 0}, "clientip": {source, 0}, "client": {source, 0}, "remoteip": {source, 0}, "remoteaddr": {source, 0},
	"rhost": {source, 0}, "peer": {source, 0}, "ip": {source, 0},
	"dst": {destination, 0}, "dstip": {destination, 0}, "destinationip": {destination, 0}, "destip": {destination, 0}, "dip": {destination, 0},
	"daddr": {destination, 0}, "dstaddr": {destination, 0}, "destinationaddress": {destination, 0}, "serverip": {destination, 0},
	"spt": {port, ecs.SourcePort}, "sport": {port, ecs.SourcePort}, "srcport": {port, ecs.SourcePort}, "sourceport": {port, ecs.SourcePort},
	"dpt": {port, ecs.DestinationPort}, "dport": {port, ecs.DestinationPort}, "dstport": {port, ecs.DestinationPort}, "destport": {port, ecs.DestinationPort},
	"destinationport": {port, ecs.DestinationPort},
	"proto":           {transport, 0}, "protocol": {transport, 0},
	"user": {account, ecs.UserName}, "username": {account, ecs.UserName}, "usr": {account, ecs.UserName}, "acct": {account, ecs.UserName},
	"account": {account, ecs.UserName}, "login": {account, ecs.UserName}, "uid": {text, ecs.UserID}, "ruser": {text, ecs.SourceUserName},
	"password": {text, ecs.UserPassword}, "passwd": {text, ecs.UserPassword},
	"action": {action, 0}, "act": {action, 0}, "result": {result, 0}, "outcome": {result, 0}, "res": {result, 0},
	"reason": {text, ecs.EventReason}, "rule": {text, ecs.RuleName}, "rulename": {text, ecs.RuleName}, "policy": {text, ecs.RuleName},
	"ruleid": {text, ecs.RuleID}, "policyid": {text, ecs.RuleID}, "url": {location, 0}, "uri": {location, 0},
	"method": {text, ecs.HTTPRequestMethod}, "exe": {text, ecs.ProcessExecutable}, "command": {command, 0}, "cmd": {command, 0},
	"file": {text, ecs.FilePath}, "path": {text, ecs.FilePath}, "sentbytes": {count, ecs.SourceBytes}, "sent": {count, ecs.SourceBytes},
	"rcvdbytes": {count, ecs.DestinationBytes}, "rcvd": {count, ecs.DestinationBytes},
}, "_-")

// pair sets what a pair says. Keys that are not known, and values that are not what their key asks for, stay in the
// line only: the text is free, nobody promised.
func (r *record) pair(key, v []byte, quoted bool) {
	t := names.Get(key)
	if t == nil || len(v) == 0 {
		return
	}
	ev := r.ev
	switch t.how {
	case text:
		ev.Set(t.field, v)
	case transport:
		ev.SetTransport(v)
	case source:
		endpoint(ev, ecs.SourceIP, ecs.SourcePort, ecs.SourceAddress, v)
	case destination:
		endpoint(ev, ecs.DestinationIP, ecs.DestinationPort, ecs.DestinationAddress, v)
	case port:
		if n, ok := netaddr.Port(v); ok {
			ev.SetInt(t.field, int64(n))
		}
	case count:
		if n, ok := number.Uint(v, 18); ok {
			ev.SetInt(t.field, n)
		}
	case account:
		v = bytes.TrimSuffix(bytes.TrimPrefix(v, []byte("<")), []byte(">"))
		if string(key) == "USER" { // sudo: whose rights were taken on
			ev.Set(ecs.UserEffectiveName, v)
			return
		}
		ev.SetAccount(ecs.UserName, ecs.UserDomain, v)
	case command:
		if quoted {
			ev.Set(ecs.ProcessCommandLine, v)
		}
	case action:
		r.action = v
		ev.Set(ecs.EventAction, v)
	case result:
		r.result = v
		ev.Set(serviceResult, v)
	case location:
		ev.SetURL(v)
	}
}

// endpoint sets an address, with a port if one is there, and a name as the address that the sender wrote.
func endpoint(ev *sdk.Event, ip, port, name ecs.Field, v []byte) {
	host, service := netaddr.SplitHostPort(v)
	if a, ok := netaddr.ParseAddr(host); ok {
		ev.SetAddr(ip, a)
		if n, ok := netaddr.Port(service); ok {
			ev.SetInt(port, int64(n))
		}
		return
	}
	ev.Set(name, v)
}

// finish sets what follows from the whole line.
func (r *record) finish(h *syslog.Header, rest []byte, device string) {
	ev := r.ev
	if r.severity < 0 {
		if w := levelWord(rest); w != nil {
			ev.SetSeverity(w)
			r.severity = rankOf(w)
		}
	}
	k := kindOf(h.AppName, r.facility)
	logType := other
	switch {
	case device != "server":
	case k == security:
		logType = "security"
	case r.severity >= 0 && r.severity <= 3:
		logType = "error"
	case k == state:
		logType = "run_state"
	}
	ev.SetString(ecs.LogcenterLogType, logType)
	switch k {
	case security:
		ev.SetString(ecs.EventCategory, "authentication")
	case state:
		ev.SetString(ecs.EventCategory, "host")
	}
	r.decision(rest, k)
}

// decision sets what was decided and how it ended: by the pairs for it, and of who comes in also by the text.
func (r *record) decision(text []byte, k kind) {
	outcome, decision := classify.Outcome(r.result), classify.DecisionOf(r.action)
	if outcome == "" {
		outcome = decision.Outcome()
	}
	if outcome == "" {
		outcome = classify.OutcomeIn(r.action)
	}
	if outcome == "" && k == security {
		outcome = classify.OutcomeIn(text)
	}
	r.ev.SetString(ecs.EventOutcome, outcome)
	if r.result != nil {
		decision = classify.Undecided
	}
	r.ev.SetString(ecs.EventType, decision.EventType())
}

// appendUnescaped leaves out the backslash before '"', '\' and ']' (RFC 5424, section 6.3.3).
func appendUnescaped(dst, v []byte) []byte {
	for i := 0; i < len(v); i++ {
		if v[i] == '\\' && i+1 < len(v) && (v[i+1] == '"' || v[i+1] == '\\' || v[i+1] == ']') {
			i++
		}
		dst = append(dst, v[i])
	}
	return dst
}
