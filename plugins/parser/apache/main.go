// Command apache parses the logs of Apache HTTP Server.
//
// Formats, by the manual of version 2.4, "Log Files", mod_log_config and the directive ErrorLogFormat:
//
//	common          %h %l %u %t "%r" %>s %b
//	combined        … "%{Referer}i" "%{User-Agent}i"
//	vhost_combined  %v:%p in front of combined
//	error log       [%t] [%-m:%l] [pid %P:tid %T] %7F: %E: [client %a] %M ,referer %{Referer}i
//
// Behind combined there may be the client of a proxy in quotes and the time a request took. Apache writes quotes,
// backslashes and control characters inside texts as \", \\ and \xhh. A syslog header may stand in front.
package main

import (
	"bytes"
	"errors"
	"time"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/syslog"
)

// Config is what an admin may set for this plugin.
type Config struct {
	// Timezone is the IANA zone of the server's clock, e.g. Asia/Shanghai, for error logs: their times carry none.
	// Empty means the zone of the input.
	Timezone string `yaml:"timezone"`
	// DurationUnit is what the number behind the user agent counts: us is microseconds (%D), ms milliseconds
	// (%{ms}T), s seconds (%T).
	DurationUnit string `yaml:"duration_unit" default:"us" enum:"us,ms,s"`
}

type parser struct {
	zone *time.Location
	unit time.Duration
}

// New returns a parser that is safe for concurrent use.
func New(c Config) (sdk.Parser, error) {
	p := parser{unit: time.Microsecond}
	switch c.DurationUnit {
	case "ms":
		p.unit = time.Millisecond
	case "s":
		p.unit = time.Second
	}
	zone, err := sdk.LoadZone(c.Timezone)
	p.zone = zone
	return p, err
}

// errForm is of lines that are of neither log.
var errForm = errors.New("apache: want ADDRESS IDENTITY USER [TIME] \"REQUEST\" or [TIME] [MODULE:LEVEL] at the start")

// Parse reads one line. What stands in front of a fault is set.
func (p parser) Parse(line []byte, ev *sdk.Event) error {
	if len(line) == 0 {
		return errForm
	}
	if line[0] == '[' {
		return p.failure(line, false, ev)
	}
	rest := line
	if c := line[0]; c == '<' || c >= 'A' && c <= 'Z' || len(line) > 10 && line[10] == 'T' && line[4] == '-' {
		h, content, err := syslog.Parse(line)
		if err == nil {
			ev.SetSyslog(&h, p.zone)
			rest = content
		}
	}
	if len(rest) > 0 && rest[0] == '[' {
		return p.failure(rest, len(rest) < len(line), ev)
	}
	return p.access(rest, ev)
}

// word cuts b at the first blank.
func word(b []byte) (w, rest []byte) {
	if i := bytes.IndexByte(b, ' '); i >= 0 {
		return b[:i:i], b[i+1:]
	}
	return b, nil
}

func digits(v []byte, most int) (n int64, ok bool) {
	if len(v) == 0 || len(v) > most {
		return 0, false
	}
	for _, c := range v {
		if c-'0' > 9 {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	return n, true
}

func main() { sdk.ServeParser(New) }
