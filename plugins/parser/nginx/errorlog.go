package main

import (
	"bytes"
	"errors"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/netaddr"
)

var (
	connection     = ecs.New("nginx.connection", ecs.Long, "Number of the connection, by which lines of one client can be put together.")
	errno          = ecs.New("nginx.errno", ecs.Long, "Number of the operating system's error, whose text is event.reason.")
	levelOf        = ecs.New("nginx.level", ecs.Keyword, "Severity in nginx's words, from emerg to debug.")
	server         = ecs.New("nginx.server", ecs.Keyword, "First name of the server block that answered, or what it listens on.")
	text           = ecs.New("nginx.text", ecs.Keyword, "What an error log says happened, without what it was doing and for whom.")
	upstream       = ecs.New("nginx.upstream", ecs.Keyword, "Where the request was passed on to, as nginx wrote it.")
	zoneOf         = ecs.New("nginx.zone", ecs.Keyword, "Shared memory zone of the limit that a client ran into.")
	originFile     = ecs.LogOriginFileName
	originLine     = ecs.LogOriginFileLine
	originFunction = ecs.LogOriginFunction
	threadID       = ecs.ProcessThreadID
)

var (
	errWhen    = errors.New("nginx: want YYYY/MM/DD HH:MM:SS at the start")
	errLevel   = errors.New("nginx: want [LEVEL] behind the time, from [emerg] to [debug]")
	errProcess = errors.New("nginx: want PROCESS#THREAD: behind the level")
	errText    = errors.New("nginx: want PROCESS#THREAD: and a text")
)

var (
	clientMark = []byte(", client: ")
	// responderMark is where the trailer of what nginx asks about certificates begins.
	responderMark = []byte(", responder: ")
	luaMark       = []byte("[lua] ")
	whileMark     = []byte(" while ")

	// trafficMark begins what streams add.
	trafficMark = []byte("bytes from/to ")
)

// failure reads a line of an error log.
func (p parser) failure(b []byte, ev *sdk.Event) error {
	ev.SetString(ecs.EventDataset, "nginx.error")
	ev.SetString(ecs.LogcenterLogType, "web_server")
	const stamp = len("2006/01/02 15:04:05")
	if len(b) <= stamp || b[stamp] != ' ' {
		return errWhen
	}
	ev.SetTime("2006/01/02 15:04:05", p.zone, b[:stamp])
	return p.leveled(b[stamp+1:], true, ev)
}

// undated reads a line of an error log whose time is in the header, or nowhere.
func (p parser) undated(b []byte, ev *sdk.Event) error {
	ev.SetString(ecs.EventDataset, "nginx.error")
	ev.SetString(ecs.LogcenterLogType, "web_server")
	return p.leveled(b, false, ev)
}

// leveled reads "[LEVEL] PROCESS#THREAD: *CONNECTION TEXT", of which lines without a date may lack the process.
func (p parser) leveled(b []byte, dated bool, ev *sdk.Event) error {
	level, rest := word(b)
	if len(level) < 3 || level[0] != '[' || level[len(level)-1] != ']' {
		return errLevel
	}
	level = level[1 : len(level)-1]
	ev.Set(levelOf, level)
	known := ev.SetSeverity(level)
	ids, behind := word(rest)
	switch process, thread, ok := bytes.Cut(ids, []byte{'#'}); {
	case ok && len(thread) > 1 && thread[len(thread)-1] == ':':
		ev.Set(ecs.ProcessPID, process)
		ev.Set(threadID, thread[:len(thread)-1])
		rest = behind
	case dated:
		return errProcess
	}
	if len(rest) > 1 && rest[0] == '*' {
		var number []byte
		number, rest = word(rest)
		ev.Set(connection, number[1:])
	}
	what, whom := rest, []byte(nil)
	i := trailer(rest)
	if i < 0 {
		i = bytes.Index(rest, responderMark)
	}
	if i >= 0 {
		what, whom = rest[:i], rest[i+2:]
	}
	for len(whom) > 0 {
		whom = about(whom, ev)
	}
	said(what, level, ev)
	switch {
	case !known:
		return errLevel
	case len(what) == 0:
		return errText
	}
	return nil
}

// trailer returns where ", client: " is, -1 if it is not there. What stands in quotes came from a client and may
// look like it.
func trailer(b []byte) int {
	for from := 0; ; {
		i := bytes.Index(b[from:], clientMark)
		if i < 0 {
			return -1
		}
		if i += from; bytes.Count(b[:i], []byte{'"'})%2 == 0 || from > maxForged {
			return i
		}
		from = i + len(clientMark)
	}
}

// maxForged bounds how far the look for the true mark goes, so that time stays linear.
const maxForged = 4096

// about reads the first of `client: 192.0.2.1, server: www, request: "GET / HTTP/1.1", …` and returns the rest.
func about(b []byte, ev *sdk.Event) (rest []byte) {
	i := bytes.Index(b, []byte(": "))
	if i < 0 || i > 32 {
		return nil
	}
	key, v := b[:i], b[i+2:]
	if len(v) > 0 && v[0] == '"' {
		v, rest = closed(v[1:])
	} else if i := bytes.Index(v, []byte(", ")); i >= 0 {
		v, rest = v[:i], v[i+2:]
	}
	switch string(key) {
	case "client":
		if netaddr.AddrLen(v) > 0 {
			ev.SetIP(ecs.SourceIP, v)
		} else {
			ev.Set(ecs.SourceAddress, v)
		}
	case "server":
		ev.Set(server, v)
	case "request":
		ev.SetString(ecs.NetworkProtocol, "http")
		if !ev.SetRequest(v) && string(v) != "-" {
			ev.Set(badRequest, v)
		}
	case "login":
		ev.Set(ecs.UserName, v)
	case "upstream":
		ev.Set(upstream, v)
		u := netaddr.SplitURL(v)
		if a, ok := netaddr.ParseAddr(u.Host); ok {
			ev.SetAddr(ecs.DestinationIP, a)
			ev.SetPort(ecs.DestinationPort, u.Port)
		}
	case "host":
		ev.Set(ecs.URLDomain, host(v))
	case "responder":
		ev.Set(ecs.DestinationAddress, v)
	case "peer":
		ev.SetIPPort(ecs.DestinationIP, ecs.DestinationPort, v)
	case "referrer":
		ev.Set(ecs.HTTPRequestReferrer, v)
	}
	return rest
}

// closed reads a value up to the quote that ends it: the last one, or one in front of the next key.
func closed(b []byte) (v, rest []byte) {
	for from := 0; ; {
		i := bytes.IndexByte(b[from:], '"')
		if i < 0 {
			return b, nil
		}
		i += from
		behind := b[i+1:]
		if len(behind) == 0 {
			return b[:i], nil
		}
		if len(behind) > 2 && behind[0] == ',' && behind[1] == ' ' {
			if key, _, ok := bytes.Cut(behind[2:min(len(behind), 16)], []byte{':'}); ok && isKey(key) || bytes.HasPrefix(behind[2:], trafficMark) {
				return b[:i], behind[2:]
			}
		}
		from = i + 1
	}
}

// isKey says that b is a key that may stand behind a text in quotes.
func isKey(b []byte) bool {
	switch string(b) {
	case "request", "subrequest", "upstream", "host", "referrer", "login":
		return true
	}
	return false
}

// said reads what happened.
func said(b, level []byte, ev *sdk.Event) {
	if bytes.HasPrefix(b, luaMark) {
		ev.SetString(ecs.LogLogger, "lua")
		b = script(b[len(luaMark):], ev)
		if i := bytes.LastIndex(b, whileMark); i >= 0 && isAction(b[i+len(whileMark):]) { // scripts may write "while", too
			ev.Set(ecs.EventAction, b[i+len(whileMark):])
			b = b[:i]
		}
	} else if i := bytes.LastIndex(b, whileMark); i >= 0 {
		ev.Set(ecs.EventAction, b[i+len(whileMark):])
		b = b[:i]
	}
	ev.Set(text, b)
	if !cause(b, ev) {
		ev.Set(ecs.EventReason, b)
	}
	m, err := messages.Match(b)
	if err != nil {
		ev.SetString(ecs.EventType, typeOf(level))
		return
	}
	s := &shapes[m.Pattern()]
	ev.SetString(ecs.EventOutcome, s.outcome)
	if s.category != "" {
		ev.SetString(ecs.EventCategory, s.category)
	}
	if s.typ == "" {
		ev.SetString(ecs.EventType, typeOf(level))
	} else {
		ev.SetString(ecs.EventType, s.typ)
	}
	if s.field != 0 {
		ev.Set(s.field, m.Get("v"))
	}
}

// isAction says that b is what nginx writes of what it was doing for a request.
func isAction(b []byte) bool {
	switch string(b) {
	case "logging request", "sending to client", "sending response to client", "reading client request line", "reading client request headers",
		"reading client request body", "connecting to upstream", "sending request to upstream", "reading response header from upstream",
		"reading upstream", "SSL handshaking", "SSL handshaking to upstream", "closing request", "waiting for request", "keepalive":
		return true
	}
	return false
}

func typeOf(level []byte) string {
	switch string(level) {
	case "error", "crit", "alert", "emerg":
		return "error"
	}
	return "info"
}

// script reads "FILE:LINE: " and "FUNCTION(): " behind it.
func script(b []byte, ev *sdk.Event) []byte {
	head, rest, ok := bytes.Cut(b, []byte(": "))
	i := bytes.LastIndexByte(head, ':')
	if !ok || i < 1 {
		return b
	}
	if _, ok := digits(head[i+1:], 9); !ok {
		return b
	}
	ev.Set(originFile, head[:i])
	ev.Set(originLine, head[i+1:])
	if name, behind, ok := bytes.Cut(rest[:min(len(rest), 128)], []byte("(): ")); ok && bytes.IndexByte(name, ' ') < 0 {
		ev.Set(originFunction, name)
		rest = rest[len(rest[:min(len(rest), 128)])-len(behind):]
	}
	return rest
}

// cause reads "(111: Connection refused)" and "(SSL: error:…)". It is false if there is none.
func cause(b []byte, ev *sdk.Event) bool {
	open := bytes.Index(b, []byte(" ("))
	if open < 0 {
		return false
	}
	number, why, ok := bytes.Cut(b[open+2:], []byte(": "))
	if !ok {
		return false
	}
	n, isNumber := digits(number, 9)
	if !isNumber && string(number) != "SSL" {
		return false
	}
	if isNumber {
		ev.SetInt(errno, n)
		if i := bytes.IndexByte(why, ')'); i >= 0 {
			why = why[:i]
		}
	} else if i := bytes.LastIndexByte(why, ')'); i >= 0 {
		why = why[:i]
	}
	ev.Set(ecs.EventReason, why)
	return true
}

// host is the name without user and port.
func host(b []byte) []byte {
	if i := bytes.LastIndexByte(b, '@'); i >= 0 {
		b = b[i+1:]
	}
	if i := bytes.LastIndexByte(b, ':'); i >= 0 && bytes.IndexByte(b[i:], ']') < 0 {
		b = b[:i]
	}
	return b
}
