// Command cef parses events in the Common Event Format of ArcSight that no parser of their own device takes.
//
//	CEF:0|Vendor|Product|DeviceVersion|ClassID|Name|Severity|key=value key2=value with blanks
//
// The keys are those of the extension dictionary of "Implementing ArcSight Common Event Format (CEF)", versions 25
// (CEF 0.1) and 26 (CEF 1.x), by their short names and by the full names that some products write. A syslog header may
// stand in front.
package main

import (
	"bytes"
	"errors"
	"time"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/cef"
	"github.com/logcenter/logcenter/sdk/classify"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/number"
	"github.com/logcenter/logcenter/sdk/syslog"
)

// Config is what an admin may set for this plugin.
type Config struct {
	// Timezone is the IANA zone of the device's clock, e.g. Asia/Shanghai, for times that carry none. Empty means the
	// zone of the input.
	Timezone string `yaml:"timezone"`
	// DeviceType is the device type of the log standard that all lines get as observer.type. auto tells it by words of
	// vendor and product, such as firewall or WAF, and takes server where there are none.
	DeviceType string `yaml:"device_type" default:"auto" enum:"auto,server,middleware,firewall,ips,waf,business_system,database,network_traffic"`
}

type parser struct {
	zone   *time.Location
	device string // "" tells it line by line
}

// New returns a parser that is safe for concurrent use.
func New(c Config) (sdk.Parser, error) {
	var p parser
	if c.DeviceType != "auto" {
		p.device = c.DeviceType
	}
	var err error
	p.zone, err = sdk.LoadZone(c.Timezone)
	return p, err
}

var (
	errHead     = errors.New("cef: want CEF:VERSION|VENDOR|PRODUCT|VERSION|CLASS|NAME|SEVERITY|")
	errSeverity = errors.New("cef: want 0 to 10, Unknown, Low, Medium, High or Very-High as the seventh part of the header")
)

// Parse reads one line. What could be read in front of a fault, and behind it, is set.
func (p parser) Parse(line []byte, ev *sdk.Event) error {
	e, err := cef.Parse(line)
	if e.Vendor == nil {
		return errHead
	}
	r := record{ev: ev, zone: p.zone, in: -1, out: -1, escapes: bytes.IndexByte(line, '\\') >= 0}
	var h syslog.Header
	if len(e.Prefix) > 0 {
		h, _, _ = syslog.Parse(e.Prefix)
		stamp := h.Timestamp
		h.Timestamp = nil // see times
		ev.SetSyslog(&h, p.zone)
		h.Timestamp = stamp
	}
	r.text(ecs.ObserverVendor, e.Vendor)
	r.text(ecs.ObserverProduct, e.Product)
	r.text(ecs.ObserverVersion, e.DeviceVersion)
	r.text(ecs.EventCode, e.ClassID)
	r.text(ecs.RuleName, e.Name)
	ev.SetInt(formatVersion, int64(e.Version))

	r.extension = e.Extension
	it := e.Scan()
	for it.Next() {
		r.pair(it)
	}
	r.times(&h)
	r.finish()
	known := severity(ev, e.Severity)

	device := p.device
	if device == "" {
		device = classify.DeviceOf(e.Vendor, e.Product)
	}
	c := classify.Of(e.Name, r.category)
	if !c.Known() {
		c = classify.Of(e.ClassID, nil)
	}
	ev.SetString(ecs.ObserverType, device)
	ev.SetString(ecs.LogcenterLogType, c.LogType(device, r.request, r.denied))
	for _, name := range c.Categories() {
		ev.SetString(ecs.EventCategory, name)
	}
	ev.SetString(ecs.EventKind, c.EventKind(r.correlated))
	if !r.decided && c == classify.Authentication {
		ev.SetString(ecs.EventOutcome, classify.OutcomeIn(e.Name))
	}
	switch {
	case err != nil:
		return errHead
	case !known:
		return errSeverity
	}
	return it.Err()
}

// severity sets the device's severity, a word in a field of its own, and the unified one, if it is known. It is false for
// none, and for a number beyond those of the format.
func severity(ev *sdk.Event, v []byte) bool {
	n, ok := number.Uint(v, 2)
	switch {
	case len(v) == 0:
		return false
	case !ok && v[0] == '-': // as number, for one that is not known
		v = unknownSeverity
	case !ok:
		ev.Set(severityWord, v)
	case n > 10:
		ev.Bad(ecs.EventSeverity, "not a number from 0 to 10")
		return false
	default:
		ev.SetInt(ecs.EventSeverity, n)
	}
	ev.SetSeverity(v)
	return true
}

var unknownSeverity = []byte("unknown")

func main() { sdk.ServeParser(New) }
