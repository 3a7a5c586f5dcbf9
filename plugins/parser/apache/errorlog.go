package main

import (
	"bytes"
	"errors"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/netaddr"
)

var (
	errno    = ecs.New("apache.errno", ecs.Long, "Number of the operating system's or APR's error, whose text is event.reason.")
	levelOf  = ecs.New("apache.level", ecs.Keyword, "Severity in Apache's words, from emerg to trace8.")
	text     = ecs.New("apache.text", ecs.Keyword, "What an error log says happened, without code, client and referrer.")
	threadID = ecs.ProcessThreadID
)

var (
	errWhen  = errors.New("apache: want a time such as [Sun Oct 11 12:00:01.000000 2026] at the start")
	errLevel = errors.New("apache: want [MODULE:LEVEL] behind the time")
	errText  = errors.New("apache: want text behind [MODULE:LEVEL] and [pid NUMBER]")
)

// failure reads a line of the error log. One that came by syslog has its time in the header.
func (p parser) failure(b []byte, timed bool, ev *sdk.Event) error {
	ev.SetString(ecs.EventDataset, "apache.error")
	ev.SetString(ecs.LogcenterLogType, "web_server")
	if when, rest, ok := bracket(b); ok && len(when) > 3 && when[3] == ' ' {
		ev.SetTime("Mon Jan 02 15:04:05 2006", p.zone, when)
		b, timed = rest, true
	}
	origin, b, ok := bracket(b)
	if !ok {
		if timed {
			return errLevel
		}
		return errWhen
	}
	module, level, ok := bytes.Cut(origin, []byte{':'})
	if !ok {
		level, module = origin, nil // before 2.4
	}
	ev.Set(ecs.LogLogger, module)
	ev.Set(levelOf, level)
	leveled := ev.SetSeverity(level)
	for len(b) > 1 && b[0] == '[' {
		v, rest, ok := bracket(b)
		if !ok || !aside(v, ev) {
			break
		}
		b = rest
	}
	b = place(b)
	b = cause(b, ev)
	for len(b) > 1 && b[0] == '[' {
		v, rest, ok := bracket(b)
		if !ok || !aside(v, ev) {
			break
		}
		b = rest
	}
	said(b, level, ev)
	switch {
	case !timed:
		return errWhen
	case !leveled:
		return errLevel
	case len(b) == 0:
		return errText
	}
	return nil
}

// bracket reads [text] and the blank behind it.
func bracket(b []byte) (v, rest []byte, ok bool) {
	if len(b) == 0 || b[0] != '[' {
		return nil, b, false
	}
	i := bytes.IndexByte(b, ']')
	if i > 0 && i+1 < len(b) && b[i+1] == ':' { // [client [2001:db8::1]:443]
		if n := bytes.IndexByte(b[i+1:], ']'); n > 0 {
			i += 1 + n
		}
	}
	if i < 0 {
		return nil, b, false
	}
	rest = b[i+1:]
	if len(rest) > 0 && rest[0] == ' ' {
		rest = rest[1:]
	}
	return b[1:i:i], rest, true
}

// aside sets what stands in brackets behind the level. It is false if the text has begun.
func aside(v []byte, ev *sdk.Event) bool {
	key, v := word(v)
	switch string(key) {
	case "pid":
		pid, thread, _ := bytes.Cut(v, []byte(":tid "))
		ev.Set(ecs.ProcessPID, pid)
		ev.Set(threadID, thread)
	case "client":
		if netaddr.AddrLen(v) > 0 || len(v) > 0 && v[0] == '[' {
			ev.SetIPPort(ecs.SourceIP, ecs.SourcePort, v)
		} else {
			ev.Set(ecs.SourceAddress, v)
		}
	case "remote":
		ev.SetIPPort(ecs.DestinationIP, ecs.DestinationPort, v)
	default:
		return false
	}
	return true
}

// place takes off the file and line of Apache's source, "mod_ssl.c(1234): ", which debug and trace have.
func place(b []byte) []byte {
	i := bytes.Index(b[:min(len(b), 80)], []byte("): "))
	if i < 0 {
		return b
	}
	open := bytes.LastIndexByte(b[:i], '(')
	if open < 2 || bytes.IndexByte(b[:open], ' ') >= 0 || !bytes.HasSuffix(b[:open], []byte(".c")) {
		return b
	}
	return b[i+3:]
}

// cause reads "(13)Permission denied: ".
func cause(b []byte, ev *sdk.Event) []byte {
	if len(b) == 0 || b[0] != '(' {
		return b
	}
	i := bytes.IndexByte(b[:min(len(b), 16)], ')')
	if i < 0 {
		return b
	}
	n, ok := digits(bytes.TrimPrefix(b[1:i], []byte("OS ")), 9)
	end := bytes.Index(b, []byte(": "))
	if !ok || end < i {
		return b
	}
	ev.SetInt(errno, n)
	ev.Set(ecs.EventReason, b[i+1:end])
	return b[end+2:]
}

var referrerMark = []byte(", referer: ")

// said sets the code and the text, and what follows from them.
func said(b, level []byte, ev *sdk.Event) {
	if i := bytes.LastIndex(b, referrerMark); i >= 0 {
		ev.Set(ecs.HTTPRequestReferrer, b[i+len(referrerMark):])
		b = b[:i]
	}
	var code []byte
	if len(b) > 9 && b[0] == 'A' && b[1] == 'H' && b[7] == ':' && b[8] == ' ' {
		if _, ok := digits(b[2:7], 5); ok {
			code, b = b[:7:7], b[9:]
		}
	}
	ev.Set(ecs.EventCode, code)
	ev.Set(text, b)
	k, known := kinds[string(code)]
	if code == nil { // before 2.4
		k, known = old(b)
	}
	if !known {
		k.typ = "info"
		switch string(level) {
		case "error", "crit", "alert", "emerg":
			k.typ = "error"
		}
	}
	if k.category != "" {
		ev.SetString(ecs.EventCategory, k.category)
	}
	ev.SetString(ecs.EventType, k.typ)
	ev.SetString(ecs.EventAction, k.action)
	ev.SetString(ecs.EventOutcome, k.outcome)
	if k.detail != nil {
		k.detail(b, ev)
	}
}

// kind is what a code means. Without a category it is one of the web.
type kind struct {
	action, category, typ, outcome string
	detail                         func(b []byte, ev *sdk.Event) // sets what else the text says
}

// kinds are the messages that say more than that there is an error, by the numbers of Apache's sources.
var kinds = map[string]kind{
	// Access is refused.
	"AH00035": {"denied", "", "denied", "failure", nil},
	"AH00037": {"denied", "", "denied", "failure", file},
	"AH01276": {"denied", "", "denied", "failure", nil},
	"AH01630": {"denied", "", "denied", "failure", file},
	"AH01797": {"denied", "", "denied", "failure", file},
	"AH10244": {"invalid-path", "", "denied", "failure", nil},
	"AH00126": {"invalid-uri", "", "denied", "failure", nil},
	"AH00128": {"file-not-found", "", "error", "failure", file},
	// Users.
	"AH01614": {"login", "authentication", "start", "failure", nil},
	"AH01617": {"login", "authentication", "start", "failure", user},
	"AH01618": {"login", "authentication", "start", "failure", user},
	"AH01631": {"authorization", "", "denied", "failure", user},
	"AH02039": {"certificate-verification", "authentication", "start", "failure", nil},
	// Backends.
	"AH00957": {"backend-connect", "network", "connection", "failure", backendAddress},
	"AH00898": {"backend-read", "network", "error", "failure", nil},
	"AH00959": {"backend-disabled", "network", "change", "", nil},
	"AH01075": {"backend-request", "network", "error", "failure", nil},
	"AH01079": {"backend-connect", "network", "connection", "failure", backend},
	"AH01102": {"backend-read", "network", "error", "failure", nil},
	"AH01114": {"backend-connect", "network", "connection", "failure", backend},
	// The server itself.
	"AH00163": {"start", "process", "start", "success", nil},
	"AH00292": {"start", "process", "start", "success", nil},
	"AH00489": {"start", "process", "start", "success", nil},
	"AH00094": {"command-line", "process", "info", "", commandLine},
	"AH00171": {"restart", "process", "change", "", nil},
	"AH00297": {"restart", "process", "change", "", nil},
	"AH00493": {"restart", "process", "change", "", nil},
	"AH00169": {"stop", "process", "end", "", nil},
	"AH00295": {"stop", "process", "end", "", nil},
	"AH00491": {"stop", "process", "end", "", nil},
	"AH00492": {"stop", "process", "end", "", nil},
	"AH00052": {"child-exit", "process", "end", "", nil},
	"AH00161": {"workers-exhausted", "process", "error", "", nil},
	"AH00286": {"workers-exhausted", "process", "error", "", nil},
	"AH00484": {"workers-exhausted", "process", "error", "", nil},
}

// old is what a text without a code means.
func old(b []byte) (k kind, known bool) {
	switch {
	case bytes.HasPrefix(b, []byte("client denied by server configuration: ")):
		return kinds["AH01630"], true
	case bytes.HasPrefix(b, []byte("File does not exist: ")):
		return kinds["AH00128"], true
	}
	return k, false
}

// user reads "user NAME: …" and "user NAME not found: …".
func user(b []byte, ev *sdk.Event) {
	name, ok := bytes.CutPrefix(b, []byte("user "))
	if !ok {
		return
	}
	for _, end := range [...]string{" not found: ", ": auth"} {
		if i := bytes.Index(name, []byte(end)); i > 0 {
			ev.Set(ecs.UserName, name[:i])
			return
		}
	}
}

// file reads the path behind the last ": ".
func file(b []byte, ev *sdk.Event) {
	if i := bytes.Index(b, []byte(": /")); i >= 0 {
		ev.Set(ecs.FilePath, b[i+2:])
	}
}

// backendAddress reads "HTTP: attempt to connect to ADDRESS:PORT (NAME) failed".
func backendAddress(b []byte, ev *sdk.Event) {
	if _, rest, ok := bytes.Cut(b, []byte(" to connect to ")); ok {
		v, _ := word(rest)
		ev.SetIPPort(ecs.DestinationIP, ecs.DestinationPort, v)
	}
}

// backend reads "failed to make connection to backend: NAME".
func backend(b []byte, ev *sdk.Event) {
	if _, name, ok := bytes.Cut(b, []byte(" backend: ")); ok {
		ev.Set(ecs.DestinationAddress, name)
	}
}

// commandLine reads "Command line: '…'".
func commandLine(b []byte, ev *sdk.Event) {
	if _, v, ok := bytes.Cut(b, []byte("Command line: ")); ok {
		ev.Set(ecs.ProcessCommandLine, bytes.Trim(v, "'"))
	}
}
