// Command paloalto parses the logs of Palo Alto Networks firewalls and Panorama.
//
// Format, by the PAN-OS Administrator's Guide, Syslog Field Descriptions (9.1 to 11.2, whose newer versions add
// columns at the end): fields with commas between them, behind a header of RFC 3164 or RFC 5424:
//
//	<PRI>TIME HOST 1,RECEIVE TIME,SERIAL,TYPE,SUBTYPE,…,GENERATED TIME,…
//
// Fields with commas in them stand in double quotes. Types are TRAFFIC, THREAT, DECRYPTION, SYSTEM, CONFIG, USERID,
// GLOBALPROTECT, AUTHENTICATION and HIPMATCH. CEF and LEEF are other parsers'.
package main

import (
	"bytes"
	"errors"
	"time"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/delimited"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/syslog"
)

// Config is what an admin may set for this plugin.
type Config struct {
	// Timezone is the IANA zone of the device's clock, e.g. Asia/Shanghai, for lines of PAN-OS before 10.0: later
	// ones carry a time with a zone. Empty means the zone of the input.
	Timezone string `yaml:"timezone"`
}

type parser struct{ zone *time.Location }

// New returns a parser that is safe for concurrent use.
func New(c Config) (sdk.Parser, error) {
	zone, err := sdk.LoadZone(c.Timezone)
	return parser{zone}, err
}

var (
	errType    = errors.New("paloalto: want a type such as TRAFFIC as the fourth field")
	errTime    = errors.New("paloalto: want the time of generation as the seventh field")
	errCut     = errors.New("paloalto: a quote is never closed, the line is cut")
	errShort   = errors.New("paloalto: the line ends before the sequence number of its type")
	errAddress = errors.New("paloalto: want addresses of source and destination as the eighth and ninth field")
	errConfig  = errors.New("paloalto: want the sequence number behind the path or behind the change")
)

var fields = delimited.Scanner{Quotes: `"`}

// record is what of a line is decided when all of it is read.
type record struct {
	kind       logType
	subtype    []byte
	precise    []byte // time of generation with zone and milliseconds
	kept       [slots][]byte
	from, to   bool
	sequence   bool
	isDetailed bool // a change with before and after
	zone       *time.Location
}

// The fields that all types have.
const (
	received = 1
	serial   = 2
	kind     = 3
	sub      = 4
	made     = 6
)

// Parse reads one line. What is missing is an error, but what is there is set.
func (p parser) Parse(line []byte, ev *sdk.Event) error {
	h, rest, _ := syslog.Parse(line)
	ev.SetSyslog(&h, p.zone)
	ev.Set(ecs.ObserverName, h.Hostname)
	var row delimited.Row
	err := row.Parse(&fields, rest)
	r := record{zone: p.zone, subtype: row.At(sub)}
	if k := logTypes.Get(row.At(kind)); k != nil {
		r.kind = *k
	}
	ev.Set(ecs.ObserverSerialNumber, row.At(serial))
	if string(r.subtype) != "0" {
		ev.Set(subtype, r.subtype)
	}
	t := &types[r.kind]
	for i := range t.columns {
		// What is empty sets nothing, but tells one form of a change from another.
		c := &t.columns[i]
		if v := row.At(c.index); len(v) > 0 || r.kind == config && c.index < row.Len() {
			r.take(ev, &row, c, v)
		}
	}
	for i := t.precise; i < row.Len(); i++ {
		if v := row.At(i); isPrecise(v) && (i >= maxColumns || !t.known[i]) {
			r.precise = v
		}
	}
	timed := p.time(ev, &r, row.At(made), row.At(received))
	r.conclude(ev)
	switch {
	case errors.Is(err, delimited.ErrQuote):
		return errCut
	case r.kind == unknown:
		return errType
	case !timed:
		return errTime
	case t.flow && (!r.from || !r.to):
		return errAddress
	case r.kind == config && !r.sequence:
		return errConfig
	case !r.sequence:
		return errShort
	}
	return nil
}

// isPrecise reports whether v is of the form 2026-10-11T12:00:01.123+08:00. PAN-OS 9.1 writes 1970 for unknown.
func isPrecise(v []byte) bool {
	return len(v) == len("2026-10-11T12:00:01.123+08:00") && v[4] == '-' && v[10] == 'T' && v[13] == ':' && v[19] == '.' && string(v[:4]) != "1970"
}

// time sets @timestamp: the time of generation, before that at which the management plane received the log.
func (p parser) time(ev *sdk.Event, r *record, made, received []byte) bool {
	t := made
	if len(t) == 0 {
		t = received
	}
	switch {
	case len(r.precise) > 0:
		ev.SetTime(time.RFC3339Nano, p.zone, r.precise)
	case len(t) == 0:
		return false
	case bytes.IndexByte(t, 'T') > 0: // Strata Logging Service
		ev.SetTime(time.RFC3339Nano, p.zone, t)
	default:
		ev.SetTime("2006/01/02 15:04:05", p.zone, t)
	}
	return true
}

func main() { sdk.ServeParser(New) }
