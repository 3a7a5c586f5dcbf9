// Command h3c parses the logs of H3C SecPath firewalls, and of other devices with Comware.
//
// Format, by the H3C Security Products Comware 7 System Log Messages Reference:
//
//	<PRI>TIME HOSTNAME %%10MODULE/SEVERITY/BRIEF: DESCRIPTION
//
// 10 is the version of the format; (l), a log, or (t), a trap, may stand behind BRIEF. DESCRIPTION begins with
// -Key=value pairs that say where in the device it is from and ends in text; or it is Key(NUMBER)=value pairs with
// semicolons between them.
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
	errHead     = errors.New("h3c: want %%10MODULE/SEVERITY/BRIEF: behind the host's name")
	errSeverity = errors.New("h3c: want a severity from 0 to 7 behind the module")
	errEnds     = errors.New("h3c: want addresses of source and destination in a log of sessions, policies or signatures")
)

// Parse reads one line. What stands in front of a fault is set.
func (p parser) Parse(line []byte, ev *sdk.Event) error {
	h, _, _ := syslog.Parse(line)
	ev.SetSyslog(&h, p.zone)
	name := h.Hostname
	if own := ownName(line, &h); len(own) > 0 { // relays and zones may stand in front of it
		name = own
		ev.Set(ecs.HostName, own)
	}
	ev.Set(ecs.ObserverName, name)
	m, ok := readHead(line)
	if !ok {
		ev.SetString(ecs.LogcenterLogType, other)
		ev.SetString(ecs.EventKind, "event")
		return errHead
	}
	ev.Set(module, m.module)
	ev.Set(ecs.EventCode, m.brief)
	if m.severity < 0 {
		_ = p.describe(&m, ev) // this fault comes first
		return errSeverity
	}
	ev.SetInt(ecs.EventSeverity, int64(m.severity))
	ev.SetSeverity(m.digit)
	return p.describe(&m, ev)
}

// head is %%10MODULE/SEVERITY/BRIEF: DESCRIPTION.
type head struct {
	module, brief, digit, text []byte
	severity                   int // -1: none from 0 to 7
}

// maxHeader is where the head begins at the latest.
const maxHeader = 400

var marker = []byte("%%10")

// readHead finds the head.
func readHead(line []byte) (h head, ok bool) {
	i := bytes.Index(line[:min(len(line), maxHeader)], marker)
	if i < 0 {
		return h, false
	}
	rest := line[i+len(marker):]
	if h.module, rest, ok = part(rest, '/'); !ok {
		return h, false
	}
	if h.digit, rest, ok = part(rest, '/'); !ok {
		return h, false
	}
	h.severity = -1
	if len(h.digit) == 1 && h.digit[0]-'0' <= 7 {
		h.severity = int(h.digit[0] - '0')
	}
	n := 0
	for n < len(rest) && n < maxPart && isName(rest[n]) {
		n++
	}
	if h.brief = rest[:n:n]; n == 0 {
		return h, false
	}
	i = bytes.IndexByte(rest[:min(len(rest), n+maxPart)], ':')
	if i < 0 {
		return h, false
	}
	h.text = bytes.TrimSpace(rest[i+1:])
	return h, true
}

// ownName is the word in front of the mark, unless that is part of the time.
func ownName(line []byte, h *syslog.Header) []byte {
	i := bytes.Index(line[:min(len(line), maxHeader)], marker)
	if i < 0 {
		return nil
	}
	b := line[:i]
	b = bytes.TrimSpace(b)
	i = len(b)
	for i > 0 && b[i-1] != ' ' && b[i-1] != '>' {
		i--
	}
	b = b[i:]
	if bytes.HasSuffix(h.Timestamp, b) {
		return nil
	}
	return b
}

// maxPart is the longest part of a head.
const maxPart = 64

func isName(c byte) bool { return (c|0x20)-'a' < 26 || c-'0' <= 9 || c == '_' || c == '-' }

// part cuts b behind the first end byte.
func part(b []byte, end byte) (word, rest []byte, ok bool) {
	for i := 0; i < len(b) && i < maxPart; i++ {
		switch c := b[i]; {
		case c == end:
			return b[:i:i], b[i+1:], i > 0
		case !isName(c):
			return nil, nil, false
		}
	}
	return nil, nil, false
}

func main() { sdk.ServeParser(New) }
