package main

import (
	"bytes"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/jsonscan"
	"github.com/logcenter/logcenter/sdk/netaddr"
)

var (
	modsecMark = []byte("ModSecurity: ")
	corazaMark = []byte("Coraza: ")
	ownMark    = []byte("ModSecurity for ")

	warningMark = []byte("Warning.") // in front of what a rule says that lets the request pass
	hostMark    = []byte(` [hostname "`)
)

// alert reads a line of the web server's error log.
func (p parser) alert(b []byte, timed bool, ev *sdk.Event) error {
	at, n := bytes.Index(b, modsecMark), len(modsecMark)
	if at < 0 {
		if at, n = bytes.Index(b, corazaMark), len(corazaMark); at >= 0 {
			ev.SetString(ecs.ObserverProduct, "Coraza")
			timed = true // it leaves the time to the server it is part of
		}
	}
	if at < 0 {
		return p.own(b, timed, ev)
	}
	stamped, from := p.head(b[:at], ev)
	v := verdict{worst: 8, rules: 1}
	said := b[at+n:]
	v.action(said, ev)
	rest, ruled, closed := list(said, &v, ev)
	for len(rest) > 0 {
		rest, from = about(rest, from, ev)
	}
	if !ruled && v.intercepted < 0 && (!from || !bytes.HasPrefix(said, warningMark)) {
		engineOnly(ev)
		if len(said) == 0 {
			return errRule
		}
		return nil
	}
	ev.SetString(ecs.NetworkProtocol, "http")
	v.conclude(ev)
	switch {
	case !timed && !stamped:
		return errTime
	case !from:
		return errFrom
	case !closed:
		return errClose
	case !ruled:
		return errRule
	}
	return nil
}

// own reads "ModSecurity for Apache/2.9.8 (…) configured." and the like.
func (p parser) own(b []byte, timed bool, ev *sdk.Event) error {
	at := bytes.Index(b, ownMark)
	if at < 0 {
		ev.SetString(ecs.LogcenterLogType, "other")
		return errForm
	}
	stamped, _ := p.head(b[:at], ev)
	ev.Set(ecs.EventReason, b[at:])
	engineOnly(ev)
	if !timed && !stamped {
		return errTime
	}
	return nil
}

// engineOnly is for lines that speak of the engine and not of a request.
func engineOnly(ev *sdk.Event) {
	ev.SetString(ecs.LogcenterLogType, "system")
	ev.SetString(ecs.EventCategory, "process")
	ev.SetString(ecs.EventKind, "event")
	ev.SetString(ecs.EventType, "info")
}

// head reads what Apache or nginx put in front: time, level, process, client.
func (p parser) head(b []byte, ev *sdk.Event) (timed, from bool) {
	switch {
	case len(b) > 24 && b[0] == '[' && b[4] == ' ':
		if i := bytes.IndexByte(b, ']'); i > 0 {
			ev.SetTime("Mon Jan 02 15:04:05 2006", p.zone, b[1:i])
			timed = true
		}
	case len(b) > 19 && b[4] == '/' && b[7] == '/':
		ev.SetTime("2006/01/02 15:04:05", p.zone, b[:19])
		timed = true
		if _, ids, ok := bytes.Cut(b[19:], []byte("] ")); ok {
			if id, _, ok := bytes.Cut(ids, []byte{'#'}); ok {
				ev.Set(ecs.ProcessPID, id)
			}
		}
	}
	for len(b) > 0 {
		open := bytes.IndexByte(b, '[')
		if open < 0 {
			break
		}
		end := bytes.Index(b[open:], []byte("] "))
		if end < 0 {
			break
		}
		key, v := word(b[open+1 : open+end])
		b = b[open+end+2:]
		switch string(key) {
		case "pid":
			id, _, _ := bytes.Cut(v, []byte{':'})
			ev.Set(ecs.ProcessPID, id)
		case "client":
			v = bytes.Trim(v, `"`)
			if netaddr.AddrLen(v) == len(v) {
				if !from { // Apache has written it with its port already
					ev.SetIP(ecs.SourceIP, v)
				}
			} else {
				ev.SetIPPort(ecs.SourceIP, ecs.SourcePort, v)
			}
			from = true
		default: // MODULE:LEVEL, or LEVEL alone
			if len(v) == 0 {
				ev.SetSeverity(key[bytes.LastIndexByte(key, ':')+1:])
			}
		}
	}
	return timed, from
}

// action reads "Warning. ", "Access denied with code 403 (phase 2). " and the like.
func (v *verdict) action(b []byte, ev *sdk.Event) {
	v.intercepted = -1
	end := bytes.Index(b, []byte(". "))
	if end < 0 {
		end = len(b)
	}
	what := b[:end]
	if bytes.HasPrefix(what, []byte("Access denied")) {
		v.intercepted = 1
	}
	if _, rest, ok := bytes.Cut(what, []byte("with code ")); ok {
		code, _ := word(rest)
		ev.Set(ecs.HTTPResponseStatusCode, code)
	}
	if _, rest, ok := bytes.Cut(what, []byte("(phase ")); ok && len(rest) > 0 {
		ev.Set(phase, rest[:1])
	}
	if end+2 < len(b) {
		text := b[end+2:]
		if i := bytes.Index(text, []byte(" [file \"")); i >= 0 {
			ev.Set(matched, bytes.TrimSuffix(text[:i], []byte{'.'}))
		}
		return
	}
	what, _, _ = bytes.Cut(what, hostMark)
	ev.Set(ecs.EventReason, what)
}

// listStarts are the keys that a list of [key "value"] begins with; the last is of messages without a rule.
var listStarts = [...][]byte{[]byte(`[file "`), []byte(`[id "`), hostMark[1:]}

// list reads [key "value"] … and returns what stands behind it.
func list(b []byte, v *verdict, ev *sdk.Event) (rest []byte, ruled, closed bool) {
	for _, s := range listStarts {
		if i := bytes.Index(b, s); i >= 0 {
			b = b[i:]
			return fields(b, false, true, v, ev)
		}
	}
	return nil, false, true
}

// fields reads a list of [key "value"], in which JSON may have escaped the quotes once more. Of further rules of a
// transaction only the id and the severity are kept.
func fields(b []byte, escaped, first bool, v *verdict, ev *sdk.Event) (rest []byte, ruled, closed bool) {
	if escaped {
		i := bytes.Index(b, []byte(`[file \"`))
		if i < 0 {
			if i = bytes.Index(b, []byte(`[id \"`)); i < 0 {
				return nil, false, true
			}
		}
		if bytes.HasPrefix(b, []byte("Access denied")) {
			v.intercepted = 1
		}
		b = b[i:]
	}
	for len(b) > 0 && b[0] == '[' {
		key, behind := word(b[1:])
		if escaped {
			behind = bytes.TrimPrefix(behind, []byte{'\\'})
		}
		if len(behind) == 0 || behind[0] != '"' {
			return b, ruled, true
		}
		x, after, ok := value(behind[1:], escaped)
		ruled = attribute(key, x, escaped, first, v, ev) || ruled
		if !ok {
			return nil, ruled, false
		}
		b = bytes.TrimLeft(after, " ")
	}
	return b, ruled, true
}

// value reads up to the quote and bracket that end a value. Quotes inside have a backslash in front.
func value(b []byte, escaped bool) (v, rest []byte, ok bool) {
	for from := 0; ; {
		i := bytes.Index(b[from:], []byte(`"]`))
		if i < 0 {
			return b, nil, false
		}
		i += from
		n := 0
		for i-n > 0 && b[i-n-1] == '\\' {
			n++
		}
		end := i
		if escaped {
			n, end = (n-1)/2, i-1
		}
		if n%2 == 0 {
			return b[:max(end, 0)], b[i+2:], true
		}
		from = i + 2
	}
}

// attribute sets one of the list. It is true for the id of a rule.
func attribute(key, x []byte, escaped, first bool, v *verdict, ev *sdk.Event) bool {
	switch string(key) {
	case "id":
		if first {
			ev.Set(ecs.RuleID, x)
		}
		ev.Set(ruleIDs, x)
		return true
	case "severity":
		v.rate(x)
	case "msg":
		if first {
			texts(ecs.RuleName, x, escaped, ev)
		}
		score(x, ev)
	}
	if !first {
		return false
	}
	switch string(key) {
	case "file":
		ev.Set(ruleFile, x)
	case "data":
		texts(dataOf, x, escaped, ev)
	case "ver":
		ev.Set(ecs.RuleRuleset, x)
	case "tag":
		tag(x, ev)
	case "hostname":
		if netaddr.AddrLen(x) == 0 {
			ev.Set(ecs.URLDomain, x)
		}
	case "uri":
		if escaped {
			break // the request has it
		}
		ev.SetURL(x)
	case "unique_id":
		ev.Set(requestID, x)
	}
	return false
}

func texts(f ecs.Field, x []byte, escaped bool, ev *sdk.Event) {
	if escaped {
		ev.SetDecoded(f, x, jsonscan.AppendUnescaped)
		return
	}
	ev.Set(f, x)
}

// about reads the first of `, client: 192.0.2.1, server: www, request: "GET / HTTP/1.1"`, which nginx adds.
func about(b []byte, from bool, ev *sdk.Event) (rest []byte, _ bool) {
	b = bytes.TrimPrefix(b, []byte(", "))
	i := bytes.Index(b, []byte(": "))
	if i < 0 || i > 16 {
		return nil, from
	}
	key, v := b[:i], b[i+2:]
	if len(v) > 0 && v[0] == '"' {
		v = v[1:]
		if i := bytes.Index(v, []byte(`", `)); i >= 0 {
			v, rest = v[:i], v[i+1:]
		} else {
			v = bytes.TrimSuffix(v, []byte{'"'})
		}
	} else if i := bytes.Index(v, []byte(", ")); i >= 0 {
		v, rest = v[:i], v[i:]
	}
	switch string(key) {
	case "client":
		if !from {
			ev.SetIP(ecs.SourceIP, v)
			from = true
		}
	case "request":
		method, url := word(v)
		ev.Set(ecs.HTTPRequestMethod, method)
		if i := bytes.LastIndex(url, []byte(" HTTP/")); i >= 0 {
			ev.Set(ecs.HTTPVersion, url[i+len(" HTTP/"):])
			url = url[:i]
		}
		ev.SetURL(url)
	case "host":
		domain(v, ev)
	case "referrer":
		ev.Set(ecs.HTTPRequestReferrer, v)
	}
	return rest, from
}
