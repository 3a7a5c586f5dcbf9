package main

import (
	"bytes"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
)

var (
	listened       = kind{"oracle.listener", service, ecs.Informational}
	listenerFailed = kind{"oracle.listener", service, ecs.Warn}
)

const listenerTime = "02-JAN-2006 15:04:05"

// isListener says whether b is "11-OCT-2026 12:00:01 * …" or "TNS-12514: …".
func isListener(b []byte) bool {
	if bytes.HasPrefix(b, []byte("TNS-")) {
		return true
	}
	return len(b) > len(listenerTime) && b[2] == '-' && b[len(listenerTime)-3] == ':' && b[len(listenerTime)] == ' '
}

// listener reads a line of listener.log: parts with " * " between them, the last of which is the return code.
func (p parser) listener(b []byte, ev *sdk.Event) error {
	if rest, ok := bytes.CutPrefix(b, []byte("TNS-")); ok {
		number, why, _ := bytes.Cut(rest, []byte(": "))
		ev.Set(ecs.EventCode, bytes.TrimLeft(number, "0"))
		ev.Set(ecs.EventReason, why)
		listenerKind(ev, network, errorType, "failure")
		return nil
	}
	ev.SetTime("02-Jan-2006 15:04:05", p.zone, b[:len(listenerTime)])
	rest, ok := bytes.CutPrefix(b[len(listenerTime):], []byte(" * "))
	if !ok {
		listenerKind(ev, network, info, "")
		return errListener
	}
	var event, code []byte
	for {
		part, behind, more := next(rest)
		if rest = behind; !more {
			code = part
			break
		}
		switch {
		case hasFold(part, "(CONNECT_DATA="):
			var d descriptor
			d.read(part)
			d.connection(ev)
		case hasFold(part, "(ADDRESS="):
			var d descriptor
			d.read(part)
			d.client(ev)
		case event == nil:
			event = part
		default:
			ev.Set(ecs.ServiceName, part)
		}
	}
	ev.Set(ecs.EventAction, event)
	category, types := process, info
	if string(event) == "establish" {
		category, types = network, connection
	}
	switch digits := len(code) > 0 && code[0]-'0' <= 9; {
	case !digits:
		listenerKind(ev, category, types, "")
		return errListener
	case string(code) == "0":
		listenerKind(ev, category, types, "success")
	default:
		ev.Set(ecs.EventCode, code)
		ev.SetString(ecs.EventReason, failures[string(code)])
		listenerKind(ev, category, types, "failure")
	}
	return nil
}

// next cuts b behind its first part. What stands in brackets belongs to a part: clients may write " * " there.
func next(b []byte) (part, rest []byte, more bool) {
	depth, inside := 0, 0
	for i := 0; i < len(b) && (i == 0 || depth > 0); i++ {
		switch b[i] {
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				inside = i + 1
			}
		}
	}
	i := bytes.Index(b[inside:], []byte(" * "))
	if i < 0 {
		return bytes.TrimSpace(b), nil, false
	}
	i += inside
	return bytes.TrimSpace(b[:i:i]), b[i+len(" * "):], true
}

func listenerKind(ev *sdk.Event, category, types []string, outcome string) {
	for _, c := range category {
		ev.SetString(ecs.EventCategory, c)
	}
	for _, t := range types {
		ev.SetString(ecs.EventType, t)
	}
	ev.SetString(ecs.EventOutcome, outcome)
	if outcome == "failure" {
		listenerFailed.set(ev)
	} else {
		listened.set(ev)
	}
}
