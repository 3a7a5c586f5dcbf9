// Command nginx parses access and error logs of nginx and OpenResty.
//
// The format of access logs is combined, https://nginx.org/en/docs/http/ngx_http_log_module.html, and what is often
// added:
//
//	$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent"
//	… "$http_x_forwarded_for" $request_time
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
	"bytes"
	"errors"
	"time"

	"github.com/logcenter/logcenter/sdk"
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

var (
	errTime    = errors.New("nginx: want ADDRESS - USER [TIME] at the start")
	errRequest = errors.New(`nginx: want "REQUEST" behind the time`)
	errStatus  = errors.New(`nginx: want a status from 100 to 999 behind the request`)
	errSize    = errors.New(`nginx: want the bytes sent, or -, behind the status`)
	errTail    = errors.New(`nginx: want "REFERRER" "AGENT" in closed quotes behind the bytes`)
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
	open := bytes.Index(rest, []byte(" ["))
	if open < 0 {
		return errTime
	}
	ev.SetString(ecs.NetworkProtocol, "http")
	client(rest[:open], ev)
	rest = rest[open+2:]
	end := bytes.IndexByte(rest[:min(len(rest), maxTime)], ']')
	if end <= 0 {
		return errTime
	}
	ev.SetTime("02/Jan/2006:15:04:05 -0700", nil, rest[:end])
	rest = rest[end+1:]
	if len(rest) < 2 || rest[0] != ' ' || rest[1] != '"' {
		return errRequest
	}
	text, rest, ok := quoted(rest[1:])
	request(text, ev)
	if !ok {
		return errRequest
	}
	status, rest := word(rest)
	code, ok := digits(status, 3)
	if !ok || code < 100 {
		return errStatus
	}
	answer(code, ev)
	size, rest := word(rest)
	if n, ok := digits(size, 18); ok {
		ev.SetInt(ecs.HTTPResponseBodyBytes, n)
	} else if string(size) != "-" {
		return errSize
	}
	if !tail(rest, ev) {
		return errTail
	}
	return nil
}

// maxTime is where a time ends at the latest.
const maxTime = 64

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

// client reads "ADDRESS - USER". A user may hold blanks.
func client(b []byte, ev *sdk.Event) {
	addr, rest := word(b)
	switch {
	case bytes.HasPrefix(addr, []byte("unix:")):
		ev.Set(ecs.SourceAddress, addr)
	default:
		ev.SetIP(ecs.SourceIP, addr)
	}
	_, user := word(rest)
	if string(user) != "-" {
		ev.Set(ecs.UserName, user)
	}
}

// answer sets what follows from the status.
func answer(code int64, ev *sdk.Event) {
	ev.SetInt(ecs.HTTPResponseStatusCode, code)
	switch {
	case code >= 500:
		ev.SetLevel(ecs.Error)
		ev.SetString(ecs.EventOutcome, "failure")
	case code >= 400:
		ev.SetLevel(ecs.Warn)
		ev.SetString(ecs.EventOutcome, "failure")
	default:
		ev.SetLevel(ecs.Informational)
		ev.SetString(ecs.EventOutcome, "success")
	}
}

// tail reads "REFERRER" "AGENT" "FORWARDED FOR" TIME, of which any may be missing from the right. It is false
// if a quote is never closed.
func tail(b []byte, ev *sdk.Event) bool {
	fields := [...]ecs.Field{ecs.HTTPRequestReferrer, ecs.UserAgentOriginal, forwardedFor}
	for i := 0; i < len(fields) && len(b) > 0 && b[0] == '"'; i++ {
		v, rest, ok := quoted(b)
		if string(v) != "-" {
			ev.Set(fields[i], v)
		}
		if !ok {
			return false
		}
		b = rest
	}
	seconds, _ := word(b)
	duration(seconds, ev)
	return true
}

// quoted reads text in quotes and the blank behind it. Without a closing quote the text is all there is.
func quoted(b []byte) (text, rest []byte, ok bool) {
	b = b[1:]
	for from := 0; ; {
		i := bytes.IndexByte(b[from:], '"')
		if i < 0 {
			return b, nil, false
		}
		i += from
		slashes := 0
		for i-slashes > 0 && b[i-slashes-1] == '\\' {
			slashes++
		}
		if slashes%2 == 1 {
			from = i + 1
			continue
		}
		rest = b[i+1:]
		if len(rest) > 0 && rest[0] == ' ' {
			rest = rest[1:]
		}
		return b[:i:i], rest, true
	}
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

// duration sets event.duration, in nanoseconds, from seconds with a fraction. "-" is nothing.
func duration(v []byte, ev *sdk.Event) {
	if len(v) == 0 || string(v) == "-" {
		return
	}
	whole, fraction, _ := bytes.Cut(v, []byte("."))
	n, ok := digits(whole, 9)
	part, scale := int64(0), int64(1e9)
	if ok && len(fraction) > 0 {
		part, ok = digits(fraction, 9)
		for range fraction {
			scale /= 10
		}
	}
	if !ok {
		ev.Bad(ecs.EventDuration, "not a number of seconds")
		return
	}
	ev.SetInt(ecs.EventDuration, n*1e9+part*scale)
}

func main() { sdk.ServeParser(New) }
