// Command json parses JSON logs of applications that no other parser takes, one object a line.
//
// It knows the keys that logging libraries write: zap, logrus, zerolog and slog (Go), log4j2's JsonLayout and
// JsonTemplateLayout, logstash-logback-encoder (Java), Serilog's compact and full forms, NLog (.NET), pino, bunyan and
// winston (Node), python-json-logger and structlog (Python), Monolog (PHP), GELF, ECS logging and the log data model of
// OpenTelemetry. A syslog header may stand in front.
package main

import (
	"bytes"
	"errors"
	"time"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/jsonscan"
	"github.com/logcenter/logcenter/sdk/syslog"
)

// Config is what an admin may set for this plugin.
type Config struct {
	// Timezone is the IANA zone of the application's clock, e.g. Asia/Shanghai, for times that carry none. Empty means
	// the zone of the input.
	Timezone string `yaml:"timezone"`
	// DeviceType is the device type of the log standard that all lines get as observer.type.
	DeviceType string `yaml:"device_type" default:"business_system" enum:"server,middleware,firewall,ips,waf,business_system,database,network_traffic"`
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
	errObject = errors.New(`json: want an object, {"key": value}, at the start of the line or behind a syslog header`)
	errKeys   = errors.New("json: want at least one of the keys that logging libraries and applications write, such as a time, a level, a message or a user")
)

// Parse reads one line. What stands in front of a fault is set.
func (p parser) Parse(line []byte, ev *sdk.Event) error {
	ev.SetString(ecs.ObserverType, p.device)
	object := line
	if len(line) > 0 && line[0] != '{' {
		object = p.header(line, ev)
	}
	if len(object) == 0 || object[0] != '{' {
		ev.SetString(ecs.LogcenterLogType, other)
		return errObject
	}
	r := record{ev: ev, zone: p.zone}
	it := jsonscan.Scan(object)
	for it.Next() {
		r.value(it.Path(), it.Value(), it.Kind())
	}
	r.finish(p.device)
	if err := it.Err(); err != nil {
		return err
	}
	if !r.known {
		return errKeys
	}
	return nil
}

// header sets what a syslog header says and returns the object behind it.
func (p parser) header(line []byte, ev *sdk.Event) []byte {
	i := bytes.IndexByte(line, '{')
	if i < 0 {
		i = len(line)
	}
	if h, _, err := syslog.Parse(line[:i]); err == nil {
		ev.SetSyslog(&h, p.zone)
	}
	return line[i:]
}

func main() { sdk.ServeParser(New) }
