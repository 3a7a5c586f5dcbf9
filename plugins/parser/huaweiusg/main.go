// Command huaweiusg parses the logs of Huawei USG and Eudemon firewalls, and of other devices with VRP.
//
// Format, by the HiSecEngine USG6000E Log Reference and the appendix "Meanings of Log Fields" of its Administrator
// Guide; older USG and Eudemon models write the same:
//
//	<PRI>TIME HOSTNAME %%01MODULE/SEVERITY/BRIEF(l)[SEQUENCE]:DESCRIPTION
//
// 01 is the version of the format, (l) a log, (s) a security log, (t) a trap, (D) a diagnostic log. DESCRIPTION is
// text, or pairs: Key=value with commas between them, behind the text in brackets or alone. "mtn" session logs are
// text.
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
	// Timezone is the IANA zone of the device's clock, e.g. Asia/Shanghai: its lines carry none unless the device is
	// told to write it. Empty means the zone of the input. Devices that write UTC need UTC here.
	Timezone string `yaml:"timezone"`
}

type parser struct{ zone *time.Location }

// New returns a parser that is safe for concurrent use.
func New(c Config) (sdk.Parser, error) {
	zone, err := sdk.LoadZone(c.Timezone)
	return parser{zone}, err
}

var (
	errHead     = errors.New("huaweiusg: want %%01MODULE/SEVERITY/BRIEF: behind the host's name")
	errSeverity = errors.New("huaweiusg: want a severity from 0 to 7 behind the module")
	errEnds     = errors.New("huaweiusg: want addresses of source and destination in a log of sessions, policies or signatures")
	errCut      = errors.New("huaweiusg: a quote or a bracket is never closed, the line is cut")
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

// head is %%01MODULE/SEVERITY/BRIEF(l)[SEQUENCE]:DESCRIPTION.
type head struct {
	module, brief, digit, text []byte
	severity                   int // -1: none from 0 to 7
}

// maxHeader is where the head begins at the latest.
const maxHeader = 400

var marker = []byte("%%01")

// readHead finds the head. "%%:" may stand in front of it, by "firewall log session syslog header host-name".
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
	// (l), [SEQUENCE] and (SLOT) are in front of the colon, which is never left out.
	i = bytes.IndexByte(rest[:min(len(rest), n+maxPart)], ':')
	if i < 0 {
		return h, false
	}
	h.text = bytes.TrimSpace(rest[i+1:])
	return h, true
}

// ownName is the word in front of the mark, unless that is part of the time. "%%:" may stand between, by "firewall log
// session syslog header host-name".
func ownName(line []byte, h *syslog.Header) []byte {
	i := bytes.Index(line[:min(len(line), maxHeader)], marker)
	if i < 0 {
		return nil
	}
	b := line[:i]
	b = bytes.TrimSuffix(bytes.TrimSpace(b), []byte("%%:"))
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
