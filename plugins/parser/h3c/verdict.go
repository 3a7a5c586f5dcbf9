package main

import (
	"bytes"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
)

// verdict says what was done: by Action, by Event, or by the brief.
func (r *record) verdict(ev *sdk.Event) {
	decided := r.action
	if len(decided) == 0 {
		decided = withoutNumber(r.event)
	}
	if len(decided) > 0 {
		ev.SetDecoded(ecs.EventAction, decided, appendLower)
	} else {
		ev.SetDecoded(ecs.EventAction, r.brief, appendLower)
	}
	switch {
	case r.rule.dataset == "h3c.session":
		r.flow(ev, decided)
		return
	case r.command:
		ev.SetString(ecs.EventType, "info")
		return
	case r.rule.dataset == "h3c.config":
		ev.SetString(ecs.EventType, "change")
		return
	}
	switch blocks(decided) {
	case yes:
		ev.SetString(ecs.EventType, "denied")
		ev.SetString(ecs.EventOutcome, "failure")
	case no:
		ev.SetString(ecs.EventType, "allowed")
		if r.rule.logType == attack { // whether an attack that was let pass succeeded is not known
			ev.SetString(ecs.EventOutcome, "unknown")
		} else {
			ev.SetString(ecs.EventOutcome, "success")
		}
	default:
		r.session(ev)
	}
}

// flow says whether a session or a translation begins or ends. Event is "(8)Session created" or why it ended.
func (r *record) flow(ev *sdk.Event, event []byte) {
	ev.SetString(ecs.EventType, "connection")
	ev.SetString(ecs.EventOutcome, "success")
	if containsFold(event, "created") {
		ev.SetString(ecs.EventType, "start")
	} else {
		ev.SetString(ecs.EventType, "end")
		ev.Set(ecs.EventReason, event)
	}
}

// withoutNumber cuts (8) off "(8)Session created".
func withoutNumber(v []byte) []byte {
	if len(v) > 0 && v[0] == '(' {
		if i := bytes.IndexByte(v, ')'); i > 0 {
			return v[i+1:]
		}
	}
	return v
}

// session says how a login went, or that there is nothing to say.
func (r *record) session(ev *sdk.Event) {
	b := r.brief
	if r.rule.dataset != "h3c.login" && r.rule.dataset != "h3c.vpn" {
		ev.SetString(ecs.EventType, "info")
		return
	}
	failed := r.failed || containsFold(b, "FAIL") || containsFold(b, "REJECT") || containsFold(b, "INVALID")
	switch {
	case containsFold(b, "LOGOUT"), containsFold(b, "LOGOFF"), containsFold(b, "OFFLINE"), containsFold(b, "DISCONNECT"):
		ev.SetString(ecs.EventType, "end")
	case r.accepted, containsFold(b, "LOGIN"), containsFold(b, "LOGON"), containsFold(b, "ONLINE"), containsFold(b, "CONNECT"), containsFold(b, "AUTH"), containsFold(b, "AAA"):
		ev.SetString(ecs.EventType, "start")
	default:
		ev.SetString(ecs.EventType, "info")
		if !failed {
			return
		}
	}
	if failed {
		ev.SetString(ecs.EventOutcome, "failure")
	} else {
		ev.SetString(ecs.EventOutcome, "success")
	}
}

type answer uint8

const (
	unsaid answer = iota
	yes
	no
)

// blocks reports whether an action kept traffic from its destination.
func blocks(v []byte) answer {
	switch {
	case containsFold(v, "deny"), containsFold(v, "denied"), containsFold(v, "drop"), containsFold(v, "block"), containsFold(v, "reset"), containsFold(v, "redirect"), containsFold(v, "discard"):
		return yes
	case containsFold(v, "permit"), containsFold(v, "pass"), containsFold(v, "logging"), containsFold(v, "none"):
		return no
	}
	return unsaid
}

// containsFold reports whether word, of ASCII letters, is in b. b is short.
func containsFold(b []byte, word string) bool {
	for i := 0; i+len(word) <= len(b); i++ {
		k := 0
		for k < len(word) && (b[i+k]|0x20) == (word[k]|0x20) {
			k++
		}
		if k == len(word) {
			return true
		}
	}
	return false
}

func appendLower(dst, v []byte) []byte {
	for _, c := range v {
		if c-'A' <= 'Z'-'A' {
			c |= 0x20
		}
		dst = append(dst, c)
	}
	return dst
}

// appendUpper appends v in upper case, as far as dst has room.
func appendUpper(dst, v []byte) []byte {
	for _, c := range v[:min(len(v), cap(dst)-len(dst))] {
		if c-'a' <= 'z'-'a' {
			c &^= 0x20
		}
		dst = append(dst, c)
	}
	return dst
}
