// Command leef parses events in IBM QRadar's Log Event Extended Format that no parser of their own device takes.
//
//	LEEF:1.0|Vendor|Product|DeviceVersion|EventID|key=value<TAB>key=value
//	LEEF:2.0|Vendor|Product|DeviceVersion|EventID|^|key=value^key=value
//
// The keys are the predefined attributes of IBM's "QRadar Log Event Extended Format (LEEF)", version 2, and further ones
// that many products send. A syslog header may stand in front.
package main

import (
	"errors"
	"time"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/classify"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/leef"
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

var errHead = errors.New("leef: want LEEF:VERSION|VENDOR|PRODUCT|VERSION|EVENT|")

// Parse reads one line. What could be read in front of a fault, and behind it, is set.
func (p parser) Parse(line []byte, ev *sdk.Event) error {
	e, err := leef.Parse(line)
	if e.Vendor == nil {
		return errHead
	}
	if len(e.Prefix) > 0 {
		if h, _, err := syslog.Parse(e.Prefix); err == nil {
			ev.SetSyslog(&h, p.zone)
		}
	}
	ev.Set(ecs.ObserverVendor, e.Vendor)
	ev.Set(ecs.ObserverProduct, e.Product)
	ev.Set(ecs.ObserverVersion, e.DeviceVersion)
	ev.Set(ecs.EventCode, e.EventID)
	ev.SetInt(formatVersion, int64(e.Version))

	r := record{ev: ev, zone: p.zone}
	it := e.Scan()
	for it.Next() {
		r.pair(it)
	}
	r.finish()

	device := p.device
	if device == "" {
		device = classify.DeviceOf(e.Vendor, e.Product)
	}
	about := r.name
	if about == nil {
		about = e.EventID
	}
	c := classify.Of(about, r.category)
	if !c.Known() {
		c = classify.Of(e.EventID, nil)
	}
	if r.login {
		c = classify.Authentication
	}
	ev.SetString(ecs.ObserverType, device)
	ev.SetString(ecs.LogcenterLogType, c.LogType(device, r.request, r.denied))
	for _, name := range c.Categories() {
		ev.SetString(ecs.EventCategory, name)
	}
	ev.SetString(ecs.EventKind, c.EventKind(false))
	if !r.decided && c == classify.Authentication {
		outcome := classify.OutcomeIn(about)
		if outcome == "" {
			outcome = classify.OutcomeIn(r.category)
		}
		ev.SetString(ecs.EventOutcome, outcome)
	}
	if err != nil {
		return headError(err)
	}
	return it.Err()
}

// headError tells of a header that is cut, but names the delimiter where only that is wrong.
func headError(err error) error {
	if errors.Is(err, leef.ErrDelimiter) {
		return err
	}
	return errHead
}

func main() { sdk.ServeParser(New) }
