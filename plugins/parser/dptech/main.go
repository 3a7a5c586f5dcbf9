// Command dptech parses the logs of DPtech firewalls.
//
// Format, by the log standard:
//
//	<PRI>TIMESTAMP HOSTNAME%%AAA/BBB/C/DDD: YYYY
//
// AAA is the device type and BBB the module, in capitals, C the severity 0 to 7, DDD one of SYSLOG, OPERLOG
// and DATALOG. YYYY is free text or pairs key=value; or both.
package main

import (
	"bytes"
	"errors"
	"time"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/syslog"
)

// Config is what an admin may set for this plugin.
type Config struct {
	// Timezone is the IANA zone of the device's clock, e.g. Asia/Shanghai: its lines carry none. Empty means
	// the zone of the input.
	Timezone string `yaml:"timezone"`
}

type parser struct{ zone *time.Location }

// New returns a parser that is safe for concurrent use.
func New(c Config) (sdk.Parser, error) {
	zone, err := sdk.LoadZone(c.Timezone)
	return parser{zone}, err
}

var (
	errHead     = errors.New("dptech: want HOSTNAME%%TYPE/MODULE/SEVERITY/KIND: behind the time")
	errOrigin   = errors.New("dptech: want <PRI>TIMESTAMP HOSTNAME in front of %%")
	errSeverity = errors.New("dptech: want a severity from 0 to 7 as the third part of the head")
	errKind     = errors.New("dptech: want SYSLOG, OPERLOG or DATALOG as the fourth part of the head")
)

var (
	marker  = []byte("%%")
	headEnd = []byte("LOG: ") // of all three kinds
)

// maxHead bounds where the head may end: a name of 255 bytes, the time and the four parts.
const maxHead = 384

// Parse reads one line. What stands in front of a damaged head, and pairs behind it, are still set.
func (p parser) Parse(line []byte, ev *sdk.Event) error {
	at := bytes.Index(line[:min(len(line), maxHead)], marker)
	if at < 0 {
		salvage(line, ev)
		return errHead
	}
	known := p.origin(line[:at], ev)
	h, ok := readHead(line[at+len(marker):])
	if !ok {
		salvage(line[at:], ev)
		return errHead
	}
	ev.SetFacts(moduleOf(h.module, h.kind))
	ev.Set(deviceType, h.device)
	ev.Set(module, h.module)
	ev.Set(kind, h.kind)
	pairs(h.content, ev)
	if h.severity < 0 {
		return errSeverity
	}
	ev.SetInt(ecs.EventSeverity, int64(h.severity))
	ev.SetSeverity(h.level)
	switch {
	case !known:
		return errOrigin
	case !isKind(h.kind):
		return errKind
	}
	return nil
}

// salvage sets the pairs behind a damaged head.
func salvage(line []byte, ev *sdk.Event) {
	if i := bytes.Index(line, headEnd); i >= 0 {
		pairs(line[i+len(headEnd):], ev)
	}
}

func isKind(b []byte) bool {
	switch string(b) {
	case "SYSLOG", "OPERLOG", "DATALOG":
		return true
	}
	return false
}

const isoLayout = "2006-01-02 15:04:05"

// origin reads <PRI>TIMESTAMP HOSTNAME. It is false if there is no time or no name.
func (p parser) origin(b []byte, ev *sdk.Event) bool {
	pri, n := priority(b)
	if n > 0 {
		ev.SetInt(ecs.LogSyslogPriority, int64(pri))
		ev.SetInt(ecs.LogSyslogFacilityCode, int64(pri/8))
		ev.SetInt(ecs.LogSyslogSeverityCode, int64(pri%8))
	}
	rest := b[n:]
	if len(rest) > 20 && rest[4] == '-' && rest[10] == ' ' && rest[19] == ' ' {
		ev.SetTime(isoLayout, p.zone, rest[:19])
		name(rest[20:], ev)
		return true
	}
	h, _, _ := syslog.Parse(b)
	switch t := h.Timestamp; {
	case len(t) == 0:
	case t[0] >= 'A' && len(t) > 9 && t[9] == ':':
		ev.SetTime("Jan _2 15:04:05", p.zone, t)
	case t[0] >= 'A':
		ev.SetTime("Jan _2 2006 15:04:05", p.zone, t)
	case len(t) > 10 && t[10] == 'T':
		ev.SetTime(time.RFC3339Nano, p.zone, t)
	default:
		ev.SetTime(isoLayout, p.zone, t)
	}
	name(h.Hostname, ev)
	return len(h.Timestamp) > 0 && len(h.Hostname) > 0
}

func name(host []byte, ev *sdk.Event) {
	ev.Set(ecs.HostName, host)
	ev.Set(ecs.ObserverName, host)
}

// priority reads <PRI> (RFC 3164, section 4.1.1) and returns its length, 0 if there is none.
func priority(b []byte) (pri, n int) {
	if len(b) < 3 || b[0] != '<' {
		return 0, 0
	}
	for n = 1; n < len(b) && n < 4 && b[n]-'0' <= 9; n++ {
		pri = pri*10 + int(b[n]-'0')
	}
	if n == 1 || n >= len(b) || b[n] != '>' || pri > 191 {
		return 0, 0
	}
	return pri, n + 1
}

// head is AAA/BBB/C/DDD: with what follows it.
type head struct {
	device, module, level, kind, content []byte
	severity                             int // level; -1: not from 0 to 7
}

func readHead(b []byte) (h head, ok bool) {
	var rest []byte
	if h.device, rest, ok = part(b, '/'); !ok || !isUpper(h.device) {
		return h, false
	}
	if h.module, rest, ok = part(rest, '/'); !ok || !isUpper(h.module) {
		return h, false
	}
	if h.level, rest, ok = part(rest, '/'); !ok {
		return h, false
	}
	if h.kind, rest, ok = part(rest, ':'); !ok {
		return h, false
	}
	if len(rest) > 0 && rest[0] == ' ' {
		rest = rest[1:]
	}
	h.content, h.severity = rest, -1
	if len(h.level) == 1 && h.level[0]-'0' <= 7 {
		h.severity = int(h.level[0] - '0')
	}
	return h, true
}

// isUpper says that b is in capitals, and starts with one.
func isUpper(b []byte) bool {
	for _, c := range b {
		if c-'a' <= 'z'-'a' {
			return false
		}
	}
	return b[0]-'A' <= 'Z'-'A'
}

// maxPart is the longest part of a head; real ones have up to 12 bytes.
const maxPart = 32

// part cuts b behind the first end byte.
func part(b []byte, end byte) (word, rest []byte, ok bool) {
	for i := 0; i < len(b) && i < maxPart; i++ {
		switch c := b[i]; {
		case c == end:
			return b[:i:i], b[i+1:], i > 0
		case c <= ' ' || c >= 0x80:
			return nil, nil, false
		}
	}
	return nil, nil, false
}

func main() { sdk.ServeParser(New) }
