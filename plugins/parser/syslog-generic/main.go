// Command syslog-generic parses lines with a syslog header that no other parser takes: the last resort.
//
//	<PRI>Oct 11 12:00:01 HOST TAG[PID]: content                                     RFC 3164
//	<PRI>1 2026-10-11T12:00:01+08:00 HOST APP PROCID MSGID [id name="value"] text   RFC 5424
//
// The header is read as package sdk/syslog says. Structured data are those of RFC 5424, section 7, and, like pairs
// key=value in the content, those whose names mean the same on all devices.
package main

import (
	"errors"
	"time"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/syslog"
)

// Config is what an admin may set for this plugin.
type Config struct {
	// Timezone is the IANA zone of the device's clock, e.g. Asia/Shanghai, for times that carry none. Empty means the
	// zone of the input.
	Timezone string `yaml:"timezone"`
	// DeviceType is the device type of the log standard that all lines get as observer.type. Of all but servers the log
	// type is then other.
	DeviceType string `yaml:"device_type" default:"server" enum:"server,middleware,firewall,ips,waf,business_system,database,network_traffic"`
}

type parser struct {
	zone   *time.Location
	device string
}

// New returns a parser that is safe for concurrent use.
func New(c Config) (sdk.Parser, error) {
	p := parser{device: c.DeviceType}
	var err error
	p.zone, err = sdk.LoadZone(c.Timezone)
	return p, err
}

var (
	content       = ecs.New("syslog.content", ecs.Keyword, "What stands behind the header.")
	elements      = ecs.New("syslog.structured_data", ecs.Keyword, "Elements of RFC 5424 with their brackets, as sent.")
	enterpriseID  = ecs.New("syslog.enterprise_id", ecs.Keyword, "Number that IANA gave the maker of the sending software.")
	language      = ecs.New("syslog.language", ecs.Keyword, "Language of the text, BCP 47.")
	software      = ecs.New("syslog.software", ecs.Keyword, "Program that sent the message, from the element origin.")
	softwareVer   = ecs.New("syslog.software_version", ecs.Keyword, "Release of the program that sent the message.")
	synced        = ecs.New("syslog.clock_synced", ecs.Boolean, "Whether the sender's clock follows a source of time.")
	syncAccuracy  = ecs.New("syslog.clock_accuracy", ecs.Long, "Microseconds by which the sender's clock may be wrong.")
	uptime        = ecs.New("syslog.uptime", ecs.Long, "Hundredths of a second since the sender started.")
	zoneKnown     = ecs.New("syslog.zone_known", ecs.Boolean, "Whether the sender knows which zone its clock is in.")
	serviceResult = ecs.New("syslog.result", ecs.Keyword, "How it ended in the sender's words.")
)

// errHeader stands for all that the header can lack, as the scanner's own errors do.
var errHeader = errors.New("syslog: want <PRI> and a time, or a time as syslog daemons write it, at the start of the line")

// numbers are the severities of RFC 5424, section 6.2.1, as they stand in the manifest's table.
var numbers = [...][]byte{{'0'}, {'1'}, {'2'}, {'3'}, {'4'}, {'5'}, {'6'}, {'7'}}

// Parse reads one line. What could be read of a damaged header is set.
func (p parser) Parse(line []byte, ev *sdk.Event) error {
	h, rest, err := syslog.Parse(line)
	ev.SetString(ecs.ObserverType, p.device)
	ev.Set(content, rest)
	if h.Format == syslog.None {
		ev.SetString(ecs.LogcenterLogType, other)
		return errHeader
	}
	ev.SetSyslog(&h, p.zone)
	if h.Sequence != nil {
		ev.Set(ecs.EventSequence, h.Sequence)
	}
	r := record{ev: ev, facility: -1, severity: -1}
	if h.Priority >= 0 {
		r.facility, r.severity = h.Facility(), h.Severity()
		ev.SetSeverity(numbers[r.severity])
		urgency(ev, r.severity)
	}
	structured(&h, &r)
	pairs(rest, &r)
	r.finish(&h, rest, p.device)
	switch {
	case err != nil:
		return err
	case len(h.Timestamp) == 0 && h.Format == syslog.RFC3164:
		return errHeader
	}
	return nil
}

// urgency is how soon RFC 5424 asks for somebody to act: emergency and alert at once.
func urgency(ev *sdk.Event, severity int) {
	if severity <= 3 {
		ev.SetInt(ecs.LogcenterPriority, int64(max(severity, 1)))
	}
}

// structured sets the elements that RFC 5424 names, and of others the parameters that are known as pairs.
func structured(h *syslog.Header, r *record) {
	if h.Structured == nil {
		return
	}
	r.ev.Set(elements, h.Structured)
	for e := h.Elements(); e.Next(); {
		for q := e.Params(); q.Next(); {
			switch string(e.ID()) {
			case "origin":
				origin(r.ev, q.Name(), q.Value())
			case "meta":
				meta(r.ev, q.Name(), q.Value())
			case "timeQuality":
				quality(r.ev, q.Name(), q.Value())
			default:
				r.pair(q.Name(), q.Value(), true)
			}
		}
	}
}

func origin(ev *sdk.Event, name, v []byte) {
	switch string(name) {
	case "ip":
		ev.SetIP(ecs.HostIP, v)
	case "enterpriseId":
		ev.Set(enterpriseID, v)
	case "software":
		ev.SetDecoded(software, v, appendUnescaped)
	case "swVersion":
		ev.SetDecoded(softwareVer, v, appendUnescaped)
	}
}

func meta(ev *sdk.Event, name, v []byte) {
	switch string(name) {
	case "sequenceId":
		ev.Set(ecs.EventSequence, v)
	case "sysUpTime":
		ev.Set(uptime, v)
	case "language":
		ev.Set(language, v)
	}
}

func quality(ev *sdk.Event, name, v []byte) {
	switch string(name) {
	case "tzKnown":
		ev.Set(zoneKnown, v)
	case "isSynced":
		ev.Set(synced, v)
	case "syncAccuracy":
		ev.Set(syncAccuracy, v)
	}
}

func main() { sdk.ServeParser(New) }
