// Command fortigate parses the logs of Fortinet FortiGate firewalls.
//
// Format, by the FortiOS Log Message Reference, versions 6.0 to 7.6: pairs key=value, numbers and addresses bare,
// texts in double quotes:
//
//	<PRI>date=2026-10-11 time=12:00:01 devname="FW" devid="FG…" eventtime=… tz="+0800" logid="0000000013" type="traffic" subtype="forward" level="notice" …
//
// "set format csv" at the device puts commas between the pairs, "set format rfc5424" a header of RFC 5424 in front
// and leaves out date and time. FortiOS before 6.0 writes most texts without quotes. CEF is another parser's.
package main

import (
	"errors"
	"time"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/kv"
	"github.com/logcenter/logcenter/sdk/number"
	"github.com/logcenter/logcenter/sdk/syslog"
	"github.com/logcenter/logcenter/sdk/timestamp"
)

// Config is what an admin may set for this plugin.
type Config struct {
	// Timezone is the IANA zone of the device's clock, e.g. Asia/Shanghai, for lines without eventtime and tz, as
	// FortiOS before 6.2 writes them. Empty means the zone of the input.
	Timezone string `yaml:"timezone"`
}

type parser struct{ zone *time.Location }

// New returns a parser that is safe for concurrent use.
func New(c Config) (sdk.Parser, error) {
	zone, err := sdk.LoadZone(c.Timezone)
	return parser{zone}, err
}

var (
	errPairs   = errors.New("fortigate: want pairs key=value behind the header")
	errType    = errors.New("fortigate: want type= and subtype=")
	errTime    = errors.New("fortigate: want eventtime=, or date= and time=")
	errCut     = errors.New("fortigate: a quote is never closed, the line is cut")
	errAddress = errors.New("fortigate: want srcip= and dstip= in logs of traffic and of security profiles")
	errAction  = errors.New("fortigate: want action= in logs of traffic")
)

var (
	spaced = kv.Scanner{Quotes: `"`, Escape: '\\'}
	commas = kv.Scanner{Quotes: `"`, Escape: '\\', Pair: ','}
)

// Parse reads one line. What is missing is an error, but what is there is set.
func (p parser) Parse(line []byte, ev *sdk.Event) error {
	h, rest, _ := syslog.Parse(line)
	ev.SetSyslog(&h, p.zone)
	ev.Set(ecs.ObserverName, h.Hostname)
	scanner := &spaced
	if len(rest) > len("date=2026-10-11") && rest[len("date=2026-10-11")] == ',' {
		scanner = &commas
	}
	var r record
	if scanner == &spaced {
		r.line = rest
	}
	pairs := 0
	it := scanner.Scan(rest)
	for it.Next() {
		pairs++
		r.pair(ev, it)
	}
	if pairs == 0 {
		return errPairs
	}
	timed := p.time(ev, &r) || len(h.Timestamp) > 0
	r.conclude(ev)
	switch {
	case errors.Is(it.Err(), kv.ErrQuote):
		return errCut
	case len(r.kept[theKind]) == 0 || len(r.kept[theSubtype]) == 0:
		return errType
	case !timed:
		return errTime
	}
	return r.missing()
}

// missing says what a log of traffic or of a security profile lacks.
func (r *record) missing() error {
	traffic := string(r.kept[theKind]) == "traffic"
	switch {
	case (traffic || string(r.kept[theKind]) == "utm") && !r.flow.HasEnds():
		return errAddress
	case traffic && len(r.kept[theAction]) == 0:
		return errAction
	}
	return nil
}

// time sets @timestamp: of eventtime, which has no zone and parts of seconds, before date, time and tz, before the time at
// which the line was passed on.
func (p parser) time(ev *sdk.Event, r *record) bool {
	if layout := epochLayout(r.kept[theEpoch]); layout != "" {
		ev.SetTime(layout, nil, r.kept[theEpoch])
		return true
	}
	switch {
	case len(r.kept[theDate]) == 0 || len(r.kept[theClock]) == 0:
		layout := epochLayout(r.kept[theReceipt])
		if layout == "" {
			return false
		}
		ev.SetTime(layout, nil, r.kept[theReceipt])
	case len(r.kept[theZone]) > 0:
		ev.SetTime("2006-01-02 15:04:05 -0700", p.zone, r.kept[theDate], r.kept[theClock], r.kept[theZone])
	default:
		ev.SetTime("2006-01-02 15:04:05", p.zone, r.kept[theDate], r.kept[theClock])
	}
	return true
}

// epochLayout tells the unit of eventtime by its length: seconds in FortiOS 6.0, nanoseconds later.
func epochLayout(v []byte) string {
	if !number.IsDigits(v) {
		return ""
	}
	switch len(v) {
	case 10:
		return timestamp.Unix
	case 13:
		return timestamp.UnixMilli
	case 16:
		return timestamp.UnixMicro
	case 19:
		return timestamp.UnixNano
	}
	return ""
}

func main() { sdk.ServeParser(New) }
