// Command netflow parses records of NetFlow v5 and v9, IPFIX and sFlow that a collector writes as JSON, one a line.
//
// Known are the keys of GoFlow and GoFlow2 ("Protocols"), nProbe ("Flow Information Elements", by name and, as it does by
// default, by number), pmacct ("CONFIG-KEYS", output JSON), Logstash's codec netflow, and those of IANA's registry of IPFIX
// Information Elements. A syslog header may stand in front.
package main

import (
	"bytes"
	"errors"
	"time"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/jsonscan"
	"github.com/logcenter/logcenter/sdk/syslog"
)

// Config is what an admin may set for this plugin.
type Config struct {
	// Timezone is the IANA zone of the collector's clock, e.g. Asia/Shanghai, for times that carry none, as those of
	// pmacct. Empty means the zone of the input.
	Timezone string `yaml:"timezone"`
}

type parser struct{ zone *time.Location }

// New returns a parser that is safe for concurrent use.
func New(c Config) (sdk.Parser, error) {
	zone, err := sdk.LoadZone(c.Timezone)
	return parser{zone}, err
}

var (
	errObject = errors.New(`netflow: want an object, {"key": value}, at the start of the line or behind a syslog header`)
	errEnds   = errors.New("netflow: want the addresses of source and destination")
	errTime   = errors.New("netflow: want when the flow began, ended or was received")
)

// Parse reads one line. What stands in front of a fault is set.
func (p parser) Parse(line []byte, ev *sdk.Event) error {
	object := line
	if len(line) > 0 && line[0] != '{' {
		i := bytes.IndexByte(line, '{')
		if i < 0 {
			return errObject
		}
		if h, _, err := syslog.Parse(line[:i]); err == nil {
			ev.SetSyslog(&h, p.zone)
		}
		object = line[i:]
	}
	if len(object) == 0 {
		return errObject
	}
	r := record{ev: ev, zone: p.zone}
	it := jsonscan.Scan(object)
	for it.Next() {
		if v := it.Value(); len(v) > 0 && it.Kind() != jsonscan.Null {
			r.value(it.Path(), v)
		}
	}
	r.finish()
	switch {
	case it.Err() != nil:
		return it.Err()
	case !r.from || !r.to:
		return errEnds
	case !r.timed:
		return errTime
	}
	return nil
}

func main() { sdk.ServeParser(New) }
