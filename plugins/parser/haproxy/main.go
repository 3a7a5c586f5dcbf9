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
	client, behind := word(rest)
	session := len(behind) > 0 && behind[0] == '[' && bytes.IndexByte(client, ':') >= 0
	if session {
		h.Timestamp = nil // the line has a better one
	}
	if err == nil {
		ev.SetSyslog(&h, p.zone)
	}
	if session {
		ev.SetFacts(cutFacts)
		return p.traffic(client, behind, ev)
	}
	if err == nil && h.Priority >= 0 {
		ev.SetSeverity(severities[h.Severity()])
	}
	return state(rest, len(h.AppName) > 0, ev)
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
