// Command nginx parses access and error logs of nginx and OpenResty.
//
// The format of access logs is combined, https://nginx.org/en/docs/http/ngx_http_log_module.html, and what is often
// added:
//
//	$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent"
//	… "$http_x_forwarded_for" $request_time
//
// or objects of JSON whose keys are nginx's variables, as log_format with escape=json makes them (see variables).
//
// nginx writes quotes and backslashes inside the quotes as \x22 and \x5C; \" is understood, too. Error logs
// (https://nginx.org/en/docs/ngx_core_module.html#error_log) are
//
//	YYYY/MM/DD HH:MM:SS [LEVEL] PID#TID: *CONNECTION TEXT, client: …, server: …, request: "…", upstream: "…", host: "…"
//
// where all from the connection on may be missing, and OpenResty begins TEXT with [lua] FILE:LINE:. A syslog header may
// stand in front of both.
package main

import (
	"time"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/accesslog"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/syslog"
)

// Config is what an admin may set for this plugin.
type Config struct {
	// Timezone is the IANA zone of the server's clock, e.g. Asia/Shanghai, for error logs: their times carry none.
	// Empty means the zone of the input.
	Timezone string `yaml:"timezone"`
}

type parser struct{ zone *time.Location }

// New returns a parser that is safe for concurrent use.
func New(c Config) (sdk.Parser, error) {
	zone, err := sdk.LoadZone(c.Timezone)
	return parser{zone}, err
}

var (
	forwardedFor = ecs.New("nginx.forwarded_for", ecs.Keyword, "Addresses of the clients that proxies in front say they serve.")
	badRequest   = ecs.New("nginx.request", ecs.Keyword, "What came instead of a request of HTTP, as nginx escaped it.")
)

// Parse reads one line. What stands in front of a fault is set.
func (p parser) Parse(line []byte, ev *sdk.Event) error {
	rest := line
	if len(line) > 0 && line[0] == '<' {
		rest = header(line, ev)
	}
	if len(rest) > 7 && rest[4] == '/' && rest[7] == '/' {
		return p.failure(rest, ev)
	}
	if len(rest) > 0 && rest[0] == '{' {
		return p.object(rest, ev)
	}
	return access(rest, ev)
}

// access reads a line of an access log.
func access(b []byte, ev *sdk.Event) error {
	e, err := accesslog.Parse(b)
	ev.SetAccess(&e)
	ev.Set(badRequest, e.Request)
	rest := e.Extra
	if len(rest) > 0 && rest[0] == '"' {
		v, behind, closed := accesslog.Next(rest)
		ev.Set(forwardedFor, v)
		if !closed {
			return accesslog.ErrTail
		}
		rest = behind
	}
	if seconds, _, _ := accesslog.Next(rest); len(seconds) > 0 && seconds[0]-'0' <= 9 { // else it is something of the site's own
		ev.SetDuration(ecs.EventDuration, seconds, time.Second)
	}
	return err
}

func header(line []byte, ev *sdk.Event) []byte {
	h, rest, err := syslog.Parse(line)
	if err != nil {
		return line
	}
	if h.Priority >= 0 {
		ev.SetInt(ecs.LogSyslogPriority, int64(h.Priority))
	}
	ev.Set(ecs.HostName, h.Hostname)
	ev.Set(ecs.LogSyslogAppname, h.AppName)
	return rest
}

// word cuts b at the first blank.
func word(b []byte) (w, rest []byte) {
	for i, c := range b {
		if c == ' ' {
			return b[:i:i], b[i+1:]
		}
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
