package main

import (
	"bytes"
	"errors"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/netaddr"
)

var (
	badRequest   = ecs.New("apache.request", ecs.Keyword, "What came instead of a request of HTTP, with Apache's escapes.")
	forwardedFor = ecs.New("apache.forwarded_for", ecs.Keyword, "Clients that a proxy in front says it serves, the header X-Forwarded-For.")
	identity     = ecs.New("apache.identity", ecs.Keyword, "Name that the client's ident service gave for the user, rarely asked for.")
	serverPort   = ecs.New("server.port", ecs.Long, "Port on which the server took the request.")
	serverDomain = ecs.New("server.domain", ecs.Keyword, "Name of the virtual host that answered, as the configuration spells it.")
)

var (
	errTime    = errors.New("apache: want ADDRESS IDENTITY USER [TIME] at the start")
	errRequest = errors.New(`apache: want "REQUEST" in closed quotes behind the time`)
	errStatus  = errors.New("apache: want a status from 100 to 999 behind the request")
	errSize    = errors.New("apache: want the bytes sent, or -, behind the status")
	errTail    = errors.New(`apache: want "REFERRER" "AGENT" in closed quotes behind the bytes`)
)

// maxTime is where a time ends at the latest.
const maxTime = 64

// access reads a line of an access log.
func (p parser) access(b []byte, ev *sdk.Event) error {
	open := bytes.Index(b, []byte(" ["))
	if open < 0 {
		return errForm
	}
	ev.SetString(ecs.NetworkProtocol, "http")
	client(b[:open], ev)
	rest := b[open+2:]
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
	if !p.tail(rest, ev) {
		return errTail
	}
	return nil
}

// client reads "[HOST[:PORT] ]ADDRESS IDENTITY USER". A user may hold blanks. What is in front of the client is
// known by its port, or by an address that follows: an identity is none.
func client(b []byte, ev *sdk.Event) {
	first, rest := word(b)
	host, port := first, []byte(nil)
	if bytes.IndexByte(first, ':') >= 0 {
		host, port = netaddr.SplitHostPort(first)
	}
	if second, behind := word(rest); port != nil || isAddress(second) {
		ev.Set(serverDomain, host)
		ev.Set(ecs.URLDomain, host)
		ev.SetPort(serverPort, port)
		first, rest = second, behind
	}
	if isAddress(first) {
		ev.SetIP(ecs.SourceIP, first)
	} else {
		ev.Set(ecs.SourceAddress, first)
	}
	ident, user := word(rest)
	if string(ident) != "-" {
		ev.Set(identity, ident)
	}
	if s := string(user); s != "-" && s != `""` {
		ev.Set(ecs.UserName, user)
	}
}

// isAddress says that b is meant as an address, and not as a name, whose last part is no number.
func isAddress(b []byte) bool {
	if len(b) < 2 {
		return false
	}
	return b[0]-'0' <= 9 && b[len(b)-1]-'0' <= 9 && bytes.IndexByte(b, '.') > 0 || bytes.IndexByte(b, ':') >= 0
}

// request reads METHOD URL HTTP/VERSION. What is none of HTTP, such as a TLS handshake on a plain port, is
// set as it is.
func request(b []byte, ev *sdk.Event) {
	if len(b) == 0 || string(b) == "-" {
		return
	}
	method, url := word(b)
	if !isMethod(method) || len(url) == 0 {
		ev.Set(badRequest, b)
		return
	}
	ev.Set(ecs.HTTPRequestMethod, method)
	// The URL may hold blanks, as broken clients send them; the version is behind the last one.
	if i := bytes.LastIndexByte(url, ' '); i >= 0 && bytes.HasPrefix(url[i+1:], []byte("HTTP/")) {
		ev.Set(ecs.HTTPVersion, url[i+1+len("HTTP/"):])
		url = url[:i]
	}
	switch {
	case url[0] == '/':
		ev.Set(ecs.URLOriginal, url)
		if i := bytes.IndexByte(url, '?'); i >= 0 {
			ev.Set(ecs.URLQuery, url[i+1:])
			url = url[:i]
		}
		ev.Set(ecs.URLPath, url)
	case string(url) == "*": // of OPTIONS: the server as a whole
		ev.Set(ecs.URLOriginal, url)
	default:
		ev.SetURL(url)
	}
}

func isMethod(b []byte) bool {
	if len(b) < 2 || len(b) > 20 {
		return false
	}
	for _, c := range b {
		if (c < 'A' || c > 'Z') && c != '-' && c != '_' {
			return false
		}
	}
	return true
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
func (p parser) tail(b []byte, ev *sdk.Event) bool {
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
	p.duration(b, ev)
	return true
}

// duration sets event.duration, in nanoseconds, from a number that may have a fraction. "-" is nothing.
func (p parser) duration(b []byte, ev *sdk.Event) {
	v, _ := word(b)
	if len(v) == 0 || string(v) == "-" {
		return
	}
	whole, fraction, _ := bytes.Cut(v, []byte("."))
	n, ok := digits(whole, 9+6)
	part, scale := int64(0), p.unit
	if ok && len(fraction) > 0 {
		part, ok = digits(fraction, 9)
		for range fraction {
			scale /= 10
		}
	}
	if !ok || n > (1<<62)/p.unit {
		ev.Bad(ecs.EventDuration, "not the time that a request took")
		return
	}
	ev.SetInt(ecs.EventDuration, n*p.unit+part*scale)
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
