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
	"bytes"
	"errors"
	"time"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/accesslog"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/netaddr"
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
	upstreamName = ecs.New("nginx.upstream_name", ecs.Keyword, "Service that a request was passed on to, as the ingress controller of Kubernetes calls it.")
	badRequest   = ecs.New("nginx.request", ecs.Keyword, "What came instead of a request of HTTP, as nginx escaped it.")
)

// Parse reads one line. What stands in front of a fault is set.
func (p parser) Parse(line []byte, ev *sdk.Event) error {
	rest := line
	var h syslog.Header
	if hasHeader(line) {
		rest = header(line, &h, ev)
	}
	rest = bytes.TrimPrefix(rest, []byte("nginx: ")) // of a server that does not start
	switch {
	case len(rest) > 7 && rest[4] == '/' && rest[7] == '/':
		return p.failure(rest, ev)
	case len(rest) > 2 && rest[0] == '[' && rest[1]-'a' < 26: // the header has the time
		ev.SetSyslogTime(&h, p.zone)
		return p.undated(rest, ev)
	case len(rest) > 0 && rest[0] == '{':
		return p.object(rest, ev)
	case len(rest) > 0 && rest[0] == '[':
		return managed(rest, ev)
	case len(rest) > 0 && rest[0]-'0' > 9: // no address: perhaps one more header
		if at, dated := errorAt(rest); dated {
			return p.failure(rest[at:], ev)
		} else if at >= 0 {
			ev.SetSyslogTime(&h, p.zone)
			return p.undated(rest[at:], ev)
		}
	}
	return access(rest, ev)
}

// errorAt is where a line of an error log begins behind a header that is none of syslog's, -1 if nowhere: at its date, or at
// [LEVEL] PROCESS#THREAD:.
func errorAt(b []byte) (at int, dated bool) {
	const date = len("2026/10/11 12:00:01 ")
	for at < min(len(b), maxHeader) {
		i := bytes.IndexByte(b[at:], '[')
		if i < 0 {
			break
		}
		at += i
		level, behind, ok := bytes.Cut(b[at+1:], []byte("] "))
		process, rest, hash := bytes.Cut(behind[:min(len(behind), 24)], []byte("#"))
		if _, number := digits(process, 10); ok && hash && number && len(level) < 8 && bytes.Contains(rest, []byte(": ")) {
			if at >= date && b[at-date+4] == '/' && b[at-date+7] == '/' {
				return at - date, true
			}
			return at, false
		}
		at++
	}
	return -1, false
}

// maxHeader is how far behind the start of a line its level is looked for.
const maxHeader = 256

// hasHeader says whether a syslog header stands in front: <PRI>, the name of a month, or a time with a 'T'.
func hasHeader(line []byte) bool {
	switch {
	case len(line) < 20:
		return false
	case line[0] == '<':
		return true
	case line[10] == 'T':
		return line[4] == '-' && line[13] == ':'
	}
	return line[0]-'A' < 26 && line[3] == ' ' && line[6] == ' ' && line[9] == ':'
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
	further(rest, ev)
	return err
}

// further reads what formats have behind the agent: the request time, alone or as rt=0.012; or what the ingress controller of
// Kubernetes writes, `441 0.012 [shop-web-80] [] 10.3.0.21:8080 512 0.011 200 4f1c…`. All else is of the site's own.
func further(b []byte, ev *sdk.Event) {
	first, rest, _ := accesslog.Next(b)
	for len(first) > 0 && first[0]-'0' > 9 {
		if v, ok := bytes.CutPrefix(first, []byte("rt=")); ok {
			first, rest = bytes.Trim(v, `"`), nil
			break
		}
		if len(rest) == 0 {
			return
		}
		if first[0]-'a' >= 26 { // pairs alone may stand in front
			return
		}
		first, rest, _ = accesslog.Next(rest)
	}
	if len(first) == 0 {
		return
	}
	if time, behind := word(rest); len(behind) > 0 && behind[0] == '[' {
		ev.Set(ecs.HTTPRequestBytes, first)
		first = time
		ingress(behind, ev)
	}
	if first[0]-'0' <= 9 {
		ev.SetDuration(ecs.EventDuration, first, time.Second)
	}
}

// ingress reads "[NAME] [ALTERNATIVE] ADDRESS LENGTH TIME STATUS ID", in which each part of the upstream's may have several
// values.
func ingress(b []byte, ev *sdk.Event) {
	name, b := word(b)
	ev.Set(upstreamName, bytes.Trim(name, "[]"))
	b = bytes.TrimPrefix(b, []byte("[] "))
	if addr, _ := word(b); len(addr) > 1 {
		addr = bytes.TrimSuffix(addr, []byte(","))
		ev.Set(upstream, addr)
		ev.SetIPPort(ecs.DestinationIP, ecs.DestinationPort, addr)
	}
	if i := bytes.LastIndexByte(b, ' '); i >= 0 && len(b)-i > 16 {
		ev.Set(ecs.HTTPRequestID, b[i+1:])
	}
}

// errManaged is of lines that begin with a time in brackets.
var errManaged = errors.New(`nginx: want [TIME] STATUS - METHOD SCHEME HOST "URL" [Client ADDRESS] [Length BYTES] behind a time in brackets`)

// managed reads the format of Nginx Proxy Manager:
//
//	[TIME] CACHE UPSTREAM-STATUS STATUS - METHOD SCHEME HOST "URL" [Client ADDRESS] [Length BYTES] [Gzip RATIO] [Sent-to SERVER] "AGENT" "REFERRER"
//
// of which CACHE, UPSTREAM-STATUS and Sent-to may be missing.
func managed(b []byte, ev *sdk.Event) error {
	e := accesslog.Entry{Size: -1}
	stamp, b, ok := bytes.Cut(b[1:], []byte("] "))
	front, b, isRequest := bytes.Cut(b, []byte(" - "))
	if rest, again := bytes.CutPrefix(b, []byte("- ")); again { // no cache: "- 200 200 - GET"
		b = rest
	}
	for isRequest && len(b) > 0 && b[0]-'A' >= 26 { // " - " of the cache's place
		var more []byte
		if more, b, isRequest = bytes.Cut(b, []byte(" - ")); isRequest {
			front = more
		}
	}
	if !ok || !isRequest {
		return errManaged
	}
	e.Time = stamp
	if n, ok := digits(front[bytes.LastIndexByte(front, ' ')+1:], 3); ok && n >= 100 {
		e.Status = int(n)
	}
	e.Method, b = word(b)
	_, b = word(b) // the scheme
	e.Host, b = word(b)
	var closed bool
	if e.URL, b, closed = accesslog.Next(b); !closed {
		return errManaged
	}
	for len(b) > 0 && b[0] == '[' {
		pair, rest, _ := bytes.Cut(b[1:], []byte("]"))
		b = bytes.TrimLeft(rest, " ")
		switch key, v := word(pair); string(key) {
		case "Client":
			e.Client = v
		case "Length":
			if n, ok := digits(v, 18); ok {
				e.Size = n
			}
		case "Sent-to":
			ev.Set(upstream, v)
			if netaddr.AddrLen(v) == len(v) && len(v) > 0 {
				ev.SetIP(ecs.DestinationIP, v)
			}
		}
	}
	e.Agent, b, _ = accesslog.Next(b)
	e.Referrer, _, _ = accesslog.Next(b)
	ev.SetAccess(&e)
	if e.Client == nil || e.Status == 0 {
		return errManaged
	}
	return nil
}

func header(line []byte, h *syslog.Header, ev *sdk.Event) []byte {
	var rest []byte
	var err error
	if *h, rest, err = syslog.Parse(line); err != nil {
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
