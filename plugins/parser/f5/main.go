// Command f5 parses the logs of F5 BIG-IP: Local Traffic Manager, Access Policy Manager and Application Security Manager.
//
// Formats, by F5's manuals of version 16.1 ("BIG-IP Log Message Reference", "External Monitoring of BIG-IP Systems",
// "Configuring Application Security Event Logging"):
//
//	LEVEL DAEMON[PID]: CODE:SEVERITY: TEXT          of the system, of audits, of LTM and APM
//	LEVEL DAEMON[PID]: Rule /Common/NAME <EVENT>: TEXT     of iRules
//	ASM:key="value",key="value",…                   of ASM to a remote server in key-value pairs
//
// each behind a syslog header.
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
	// Timezone is the IANA zone of the device's clock, e.g. Asia/Shanghai: its lines carry none. Empty means the zone
	// of the input.
	Timezone string `yaml:"timezone"`
}

type parser struct{ zone *time.Location }

// New returns a parser that is safe for concurrent use.
func New(c Config) (sdk.Parser, error) {
	zone, err := sdk.LoadZone(c.Timezone)
	return parser{zone}, err
}

var (
	levelOf = ecs.New("f5.level", ecs.Keyword, "Severity in BIG-IP's words, e.g. warning, of ASM e.g. Critical.")
	text    = ecs.New("f5.text", ecs.Keyword, "What a line of the system says, without its code.")
)

var (
	errHeader = errors.New("f5: want a syslog header with time and host in front")
	errDaemon = errors.New("f5: want LEVEL DAEMON[PID]: behind the header, or ASM: and pairs")
	errLevel  = errors.New("f5: want one of emerg, alert, crit, err, warning, notice, info, debug in front of the daemon")
	errText   = errors.New("f5: want DAEMON[PID]: and a text")
)

var asmMark = []byte("ASM:")

// Parse reads one line. What stands in front of a fault is set.
func (p parser) Parse(line []byte, ev *sdk.Event) error {
	h, rest, err := syslog.Parse(line)
	if err == nil {
		if i := bytes.IndexByte(h.Hostname, '/'); i >= 0 { // of a chassis: slot1/bigip1
			h.Hostname = h.Hostname[i+1:]
		}
		ev.SetSyslog(&h, p.zone)
		ev.Set(ecs.ObserverName, h.Hostname)
	} else {
		rest = line
	}
	if i := bytes.Index(rest[:min(len(rest), 128)], asmMark); i >= 0 {
		return p.asm(rest[i+len(asmMark):], ev)
	}
	if e := system(rest, ev); e != nil {
		return e
	}
	if err != nil {
		return errHeader
	}
	return nil
}

// system reads LEVEL DAEMON[PID]: and what follows.
func system(b []byte, ev *sdk.Event) error {
	ev.SetFacts(otherLine) // unless the text says more
	word, rest := cut(b)
	known := isLevel(word)
	if known {
		ev.Set(levelOf, word)
		ev.SetSeverity(word)
	} else {
		rest = b
	}
	end := bytes.Index(rest[:min(len(rest), 96)], []byte(": "))
	if end < 0 {
		if n := len(rest) - 1; n > 0 && rest[n] == ':' && known {
			daemon(rest[:n], ev)
			return errText
		}
		return errDaemon
	}
	if known {
		daemon(rest[:end], ev)
		rest = rest[end+2:]
	}
	code, severity, rest := number(rest)
	ev.Set(ecs.EventCode, code)
	if code != nil {
		ev.Set(ecs.EventSeverity, severity)
		if !known {
			ev.SetSeverity(severity)
		}
	}
	if bytes.HasPrefix(code, []byte("0149")) {
		session(rest, ev)
	} else {
		said(rest, ev)
	}
	switch {
	case !known && code == nil:
		return errLevel
	case len(rest) == 0:
		return errText
	}
	return nil
}

func isLevel(w []byte) bool {
	switch string(w) {
	case "emerg", "alert", "crit", "err", "warning", "notice", "info", "debug":
		return true
	}
	return false
}

// daemon reads NAME[PID].
func daemon(b []byte, ev *sdk.Event) {
	if i := bytes.IndexByte(b, '['); i > 0 && b[len(b)-1] == ']' {
		ev.Set(ecs.ProcessPID, b[i+1:len(b)-1])
		b = b[:i]
	}
	ev.Set(ecs.ProcessName, b)
}

// number reads CODE:SEVERITY:, eight hexadecimal digits and one.
func number(b []byte) (code, severity, rest []byte) {
	if len(b) < 11 || b[8] != ':' || b[10] != ':' || b[9]-'0' > 7 {
		return nil, nil, b
	}
	for _, c := range b[:8] {
		if c-'0' > 9 && (c|0x20)-'a' > 5 {
			return nil, nil, b
		}
	}
	return b[:8:8], b[9:10:10], bytes.TrimLeft(b[11:], " ")
}

// cut cuts b at the first blank.
func cut(b []byte) (w, rest []byte) {
	if i := bytes.IndexByte(b, ' '); i >= 0 {
		return b[:i:i], b[i+1:]
	}
	return b, nil
}

func main() { sdk.ServeParser(New) }
