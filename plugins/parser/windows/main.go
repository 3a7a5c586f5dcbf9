// Command windows parses events of the Windows event log as the usual shippers send them: JSON of Winlogbeat, of NXLog
// (im_msvistalog with to_json), of Fluent Bit (winevtlog and winlog) and of others that keep the names of the event
// schema; and the events themselves in XML, as wevtutil, the subscriptions of Windows and NXLog's CaptureEventXML give them.
//
// Sources: "Event Schema" and "Windows security auditing events" of Microsoft Learn; "Appendix L: Events to Monitor" there;
// [MS-ERREF], section 2.3.1, for status codes, and RFC 4120, section 7.5.9, for those of Kerberos; "Exported fields" of
// Winlogbeat 8; the NXLog Reference Manual, im_msvistalog; the Fluent Bit Manual, "Windows Event logs".
//
// Clients that send the text of messages only are understood, too: Snare, NXLog by to_syslog_bsd and to_syslog_snare,
// Eventlog-to-Syslog, EventReporter, OSSEC and Wazuh. A syslog header may stand in front.
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
	// Timezone is the IANA zone of the hosts' clocks, e.g. Asia/Shanghai, for shippers that write local times without
	// one, as NXLog does. Empty means the zone of the input.
	Timezone string `yaml:"timezone"`
}

type parser struct{ zone *time.Location }

// New returns a parser that is safe for concurrent use.
func New(c Config) (sdk.Parser, error) {
	zone, err := sdk.LoadZone(c.Timezone)
	return parser{zone}, err
}

var (
	errForm = errors.New("windows: want an event as a JSON object, as <Event>…</Event>, or in one of the text forms of Snare, NXLog, Eventlog-to-Syslog, EventReporter and OSSEC")
	errJSON = errors.New("windows: want whole JSON; the object is cut or damaged")
	errXML  = errors.New("windows: want one whole <Event>…</Event>; the event is cut or damaged, or something stands behind it")
	errID   = errors.New("windows: want EventID, or winlog.event_id, and a number")
	errTime = errors.New("windows: want the time of the event: TimeCreated, EventTime or @timestamp")
)

// maxHeader is how far behind the start of a line a syslog header may reach.
const maxHeader = 384

// Parse reads one line. What is missing is an error, but what is there is set.
func (p parser) Parse(line []byte, ev *sdk.Event) error {
	var r record
	var err error
	switch at := bodyAt(line); {
	case at < 0 && r.text(line, ev, p):
	case at < 0:
		ev.SetString(ecs.EventDataset, "windows.eventlog")
		ev.SetString(ecs.LogcenterLogType, other)
		return errForm
	case line[at] == '{':
		err = r.json(header(line, at, ev))
	default:
		err = r.xml(header(line, at, ev))
	}
	id := r.emit(ev, p.zone)
	switch {
	case err != nil:
		return err
	case id < 0:
		return errID
	case r.v[created] == nil && !r.timed:
		return errTime
	}
	return nil
}

// bodyAt is where the object or element begins, -1 if there is none.
func bodyAt(line []byte) int {
	head := line[:min(len(line), maxHeader)]
	if i := bytes.IndexByte(head, '{'); i >= 0 && (i+1 == len(head) || head[i+1] == '"' || head[i+1] <= ' ') {
		if j := bytes.Index(head[:i], elementStart); j < 0 {
			return i
		}
	}
	return bytes.Index(head, elementStart)
}

var elementStart = []byte("<Event ")

// header reads the syslog header in front of the body, which begins at i, and returns the body.
func header(line []byte, i int, ev *sdk.Event) []byte {
	if i > 0 {
		if h, _, err := syslog.Parse(line[:i]); err == nil && h.Priority >= 0 {
			ev.SetInt(ecs.LogSyslogPriority, int64(h.Priority))
			ev.SetInt(ecs.LogSyslogFacilityCode, int64(h.Facility()))
			ev.SetInt(ecs.LogSyslogSeverityCode, int64(h.Severity()))
		}
	}
	return line[i:]
}

func main() { sdk.ServeParser(New) }
