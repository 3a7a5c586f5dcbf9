// Command haproxy parses the logs of HAProxy.
//
// Formats, by the configuration manual of version 3.0, section 8.2 "Log formats":
//
//	httplog   CLIENT:PORT [TIME] FRONTEND BACKEND/SERVER TR/Tw/Tc/Tr/Ta STATUS BYTES COOKIE COOKIE STATE CONNS QUEUES {HEADERS} {HEADERS} "REQUEST"
//	httpslog  the same and ERRORS SNI/VERSION/CIPHER behind
//	tcplog    CLIENT:PORT [TIME] FRONTEND BACKEND/SERVER Tw/Tc/Tt BYTES STATE CONNS QUEUES
//	errors    CLIENT:PORT [TIME] FRONTEND/LISTENER: TEXT
//	default   Connect from CLIENT:PORT to ADDRESS:PORT (FRONTEND/MODE)
//
// and what HAProxy says of its servers and of itself. A syslog header stands in front, as HAProxy itself writes one.
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
	// Timezone is the IANA zone of the machine's clock, e.g. Asia/Shanghai: HAProxy's lines carry none. Empty means
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
	errForm   = errors.New("haproxy: want CLIENT:PORT [TIME] FRONTEND, or a message of HAProxy about itself")
	errTime   = errors.New("haproxy: want [TIME] such as [11/Oct/2026:12:00:01.710] behind the client")
	errServer = errors.New("haproxy: want BACKEND/SERVER behind the frontend")
	errTimers = errors.New("haproxy: want five timers (HTTP) or three (TCP), parted by /, behind the server")
	errStatus = errors.New("haproxy: want a status from 100 to 999, or -1, behind the timers")
	errState  = errors.New("haproxy: want BYTES, cookies and the state at the end behind the status")
	errConns  = errors.New("haproxy: want five counts of connections and two of queues, parted by /")
	errQuote  = errors.New(`haproxy: want "REQUEST" in closed quotes at the end: lines longer than the log's len are cut`)
)

// severities are the numbers that syslog's severities are, as texts.
var severities = [...][]byte{{'0'}, {'1'}, {'2'}, {'3'}, {'4'}, {'5'}, {'6'}, {'7'}}

// Parse reads one line. What stands in front of a fault is set.
func (p parser) Parse(line []byte, ev *sdk.Event) error {
	h, rest, err := syslog.Parse(line)
	if err != nil {
		rest = line
	}
	client, behind := session(rest)
	if client == nil {
		if client, behind = session(line); client != nil { // the header has no name: the client was taken for it
			h.AppName, h.ProcID = nil, nil
		}
	}
	if client != nil {
		h.Timestamp = nil // the line has a better one
	}
	if err == nil {
		ev.SetSyslog(&h, p.zone)
	}
	if client != nil {
		ev.SetFacts(cutFacts)
		return p.traffic(client, behind, ev)
	}
	name, text, named := bytes.Cut(rest, []byte("]: "))
	if process, ok := bytes.CutPrefix(name, []byte("haproxy[")); err != nil && named && ok { // of a container: no time
		ev.Set(ecs.ProcessPID, process)
		rest = text
	} else {
		named = len(h.AppName) > 0
	}
	rest, console := printed(rest, ev)
	switch {
	case err == nil && h.Priority >= 0:
		ev.SetSeverity(severities[h.Severity()])
	case !console:
		ev.SetLevel(ecs.Informational)
	}
	return state(rest, console || named, ev)
}

// session finds the client and what is behind it, from the time in brackets on: nil if b is not about a session. All that is in
// front of the client is a header.
func session(b []byte) (client, behind []byte) {
	if client, behind = word(b); len(behind) > 0 && behind[0] == '[' && bytes.IndexByte(client, ':') >= 0 {
		return client, behind
	}
	const stamp = "[11/Oct/2026:12:00:01"
	head := b[:min(len(b), maxHeader)]
	for at := 0; ; {
		i := bytes.IndexByte(head[at:], '[')
		if i < 0 {
			return nil, nil
		}
		at += i + 1
		if v := b[at-1:]; at < 3 || b[at-2] != ' ' || len(v) < len(stamp) || v[3] != '/' || v[7] != '/' || v[12] != ':' {
			continue
		}
		client = b[bytes.LastIndexByte(b[:at-2], ' ')+1 : at-2]
		if n := len(client); n == 0 || client[n-1]-'0' > 9 || bytes.IndexByte(client, ':') < 0 {
			return nil, nil
		}
		return client, b[at-1:]
	}
}

// maxHeader is how far behind the start of a line the time of a session may begin.
const maxHeader = 256

// printed reads what HAProxy prints while no logger is there, "[WARNING] 283/120001 (8) : TEXT", where the day of the year and the
// time are missing from version 2.4 on. It is false for other lines.
func printed(b []byte, ev *sdk.Event) ([]byte, bool) {
	if len(b) == 0 || b[0] != '[' {
		return b, false
	}
	level, rest, ok := bytes.Cut(b[1:], []byte("]"))
	head, text, more := bytes.Cut(rest, []byte(") : "))
	i := bytes.LastIndexByte(head, '(')
	if !ok || !more || i < 0 {
		return b, false
	}
	switch string(level) {
	case "ALERT":
		ev.SetLevel(ecs.Error)
	case "WARNING":
		ev.SetLevel(ecs.Warn)
	case "NOTICE", "INFO":
		ev.SetLevel(ecs.Informational)
	default:
		return b, false
	}
	ev.Set(ecs.ProcessPID, head[i+1:])
	return text, true
}

// word cuts b at the first blank.
func word(b []byte) (w, rest []byte) {
	if i := bytes.IndexByte(b, ' '); i >= 0 {
		return b[:i:i], b[i+1:]
	}
	return b, nil
}

// part cuts b at the first slash.
func part(b []byte) (w, rest []byte) {
	if i := bytes.IndexByte(b, '/'); i >= 0 {
		return b[:i:i], b[i+1:]
	}
	return b, nil
}

func main() { sdk.ServeParser(New) }
