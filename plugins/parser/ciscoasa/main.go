// Command ciscoasa parses the system log of Cisco ASA and of Firepower Threat Defense.
//
// Format, by the Cisco Secure Firewall ASA Series Syslog Messages guide (9.x) and, of ids 430001 to 430005, the
// Threat Defense Syslog Messages guide:
//
//	<PRI>TIME HOSTNAME : %ASA-SEVERITY-ID: TEXT
//
// TIME, HOSTNAME and the blanks around the colon are there or not as the device is configured; FTD, NGIPS, PIX and
// FWSM stand for ASA on other devices. What a text means follows from ID, which has six digits.
package main

import (
	"bytes"
	"errors"
	"time"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/keys"
	"github.com/logcenter/logcenter/sdk/syslog"
)

// Config is what an admin may set for this plugin.
type Config struct {
	// Timezone is the IANA zone of the device's clock, e.g. Asia/Shanghai, for times without a zone. Empty means the
	// zone of the input.
	Timezone string `yaml:"timezone"`
}

type parser struct{ zone *time.Location }

// New returns a parser that is safe for concurrent use.
func New(c Config) (sdk.Parser, error) {
	zone, err := sdk.LoadZone(c.Timezone)
	return parser{zone}, err
}

var (
	errHead = errors.New("ciscoasa: want %ASA-SEVERITY-ID: with a severity from 0 to 7 and an id of six digits")
	errText = errors.New("ciscoasa: the text is none that the manual has for this message id")
	errEnds = errors.New("ciscoasa: want SrcIP: and DstIP: in an event of connections, files or intrusions")
)

// Parse reads one line. What stands in front of a fault is set. A message id that the table does not have is no
// fault: what kind of message it is follows from its class.
func (p parser) Parse(line []byte, ev *sdk.Event) error {
	h, _, _ := syslog.Parse(line)
	clock := zoneOf(&h, line)
	ev.SetSyslog(&h, p.zone)
	if clock != nil {
		setTime(ev, &h, clock, p.zone)
	}
	ev.Set(ecs.ObserverName, h.Hostname)
	m, ok := readHead(line)
	if !ok {
		unclassified.set(ev)
		return errHead
	}
	ev.Set(ecs.EventCode, m.id)
	ev.SetInt(ecs.EventSeverity, int64(m.severity[0]-'0'))
	ev.SetSeverity(m.severity)
	if string(m.id) >= "430001" && string(m.id) <= "430005" {
		return event(ev, m.id, m.text)
	}
	return message(ev, &m)
}

// zones are abbreviations of time zones that stand behind the time: "logging timestamp" of a device whose clock has a zone.
var zones = keys.New(map[string]bool{
	"UTC": true, "GMT": true, "MSK": true, "MSD": true, "CET": true, "CEST": true, "CEDT": true, "EET": true, "EEST": true, "WET": true, "WEST": true,
	"BST": true, "IST": true, "EST": true, "EDT": true, "CST": true, "CDT": true, "MST": true, "MDT": true, "PST": true, "PDT": true, "AST": true,
	"ADT": true, "AKST": true, "AKDT": true, "HST": true, "JST": true, "KST": true, "HKT": true, "SGT": true, "ICT": true, "WIB": true, "PHT": true,
	"MYT": true, "PKT": true, "GST": true, "TRT": true, "IDT": true, "SAST": true, "CAT": true, "EAT": true, "WAT": true, "AEST": true, "AEDT": true,
	"ACST": true, "ACDT": true, "AWST": true, "NZST": true, "NZDT": true, "BRT": true, "BRST": true, "ART": true, "CLT": true, "COT": true, "PET": true,
	"YEKT": true, "OMST": true, "KRAT": true, "IRKT": true, "YAKT": true, "VLAT": true, "SAMT": true, "ALMT": true, "UZT": true,
})

// zoneOf is the abbreviation of a zone that was taken for the name of the device; what stands behind it is that, then.
func zoneOf(h *syslog.Header, line []byte) []byte {
	zone := bytes.TrimSuffix(h.Hostname, []byte(":"))
	if len(zone) < 3 || len(zone) > 4 || zones.Get(zone) == nil {
		return nil
	}
	h.Hostname = nil
	i := bytes.Index(line[:min(len(line), maxHeader)], zone) + len(zone)
	rest := bytes.TrimLeft(line[i:], " ")
	if end := bytes.IndexAny(rest, " :"); end > 0 && rest[0] != '%' {
		h.Hostname = rest[:end:end]
	}
	return zone
}

// setTime sets the time of the header with its zone.
func setTime(ev *sdk.Event, h *syslog.Header, clock []byte, zone *time.Location) {
	layout := "Jan _2 15:04:05 MST"
	if len(h.Timestamp) > len("Oct 11 12:00:01.123") {
		layout = "Jan _2 2006 15:04:05 MST"
	}
	ev.SetTime(layout, zone, h.Timestamp, clock)
}

// head is %ASA-SEVERITY-ID: TEXT.
type head struct {
	severity, id []byte
	text         []byte
}

// maxHeader is where the head begins at the latest.
const maxHeader = 400

var products = [...][]byte{[]byte("%ASA-"), []byte("%FTD-"), []byte("%PIX-"), []byte("%FWSM-"), []byte("%NGIPS-")}

func readHead(line []byte) (h head, ok bool) {
	for from := 0; ; {
		i := bytes.IndexByte(line[from:min(len(line), maxHeader)], '%')
		if i < 0 {
			return h, false
		}
		from += i
		for _, p := range products {
			if bytes.HasPrefix(line[from:], p) {
				return h, h.read(line[from+len(p):])
			}
		}
		if from++; from >= min(len(line), maxHeader) {
			return h, false
		}
	}
}

// read reads SEVERITY-ID: TEXT, of which some collectors cut the colon. A class of messages, such as session-, may stand in front.
func (h *head) read(b []byte) bool {
	if len(b) > 0 && (b[0]|0x20)-'a' < 26 {
		i := bytes.IndexByte(b[:min(len(b), 24)], '-')
		if i < 0 {
			return false
		}
		b = b[i+1:]
	}
	if len(b) < len("6-302013:") || b[0]-'0' > 7 || b[1] != '-' || b[8] != ':' && b[8] != ' ' {
		return false
	}
	for _, c := range b[2:8] {
		if c-'0' > 9 {
			return false
		}
	}
	h.severity, h.id, h.text = b[:1:1], b[2:8:8], b[9:]
	return true
}

func main() { sdk.ServeParser(New) }
