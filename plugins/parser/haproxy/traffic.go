package main

import (
	"bytes"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
)

var (
	frontend       = ecs.New("haproxy.frontend", ecs.Keyword, "Section of the configuration that took the connection.")
	listener       = ecs.New("haproxy.listener", ecs.Keyword, "Name or number of the bind line that took a connection that failed.")
	backendOf      = ecs.New("haproxy.backend", ecs.Keyword, "Section of the configuration that the request was passed on to.")
	serverOf       = ecs.New("haproxy.server", ecs.Keyword, "Server of the backend, or <NOSRV> if the request reached none.")
	termination    = ecs.New("haproxy.termination_state", ecs.Keyword, "How the session ended, two letters, and two more on cookies for HTTP.")
	requestCookie  = ecs.New("haproxy.request_cookie", ecs.Keyword, "Captured cookie of the client.")
	responseCookie = ecs.New("haproxy.response_cookie", ecs.Keyword, "Captured cookie that the server set.")
	requestHeaders = ecs.New("haproxy.request_headers", ecs.Keyword, "Captured headers of the request, parted by |, with HAProxy's escapes.")
	replyHeaders   = ecs.New("haproxy.response_headers", ecs.Keyword, "Captured headers of the response, parted by |, with HAProxy's escapes.")
	badRequest     = ecs.New("haproxy.request", ecs.Keyword, "What came instead of a request of HTTP, e.g. <BADREQ>.")
	timeRequest    = ecs.New("haproxy.time_request_ms", ecs.Long, "Milliseconds until the client had sent its whole request, TR.")
	timeQueue      = ecs.New("haproxy.time_queue_ms", ecs.Long, "Milliseconds spent in queues, Tw.")
	timeConnect    = ecs.New("haproxy.time_connect_ms", ecs.Long, "Milliseconds until the server took the connection, Tc.")
	timeResponse   = ecs.New("haproxy.time_response_ms", ecs.Long, "Milliseconds until the server had sent the headers of its response, Tr.")
	retries        = ecs.New("haproxy.retries", ecs.Long, "How often the connection to a server was tried again.")
	serverName     = ecs.TLSClientServerName
)

// traffic reads the lines about connections and requests.
func (p parser) traffic(client, b []byte, ev *sdk.Event) error {
	source(client, ev)
	end := bytes.IndexByte(b[:min(len(b), 64)], ']')
	if end < 0 {
		return errTime
	}
	ev.SetTime("02/Jan/2006:15:04:05.000", p.zone, b[1:end])
	if end+2 > len(b) {
		return errServer
	}
	front, b := word(b[min(end+2, len(b)):])
	if n := len(front) - 1; n > 0 && front[n] == ':' {
		broken(front[:n], b, ev)
		return nil
	}
	ev.Set(frontend, bytes.TrimSuffix(front, []byte{'~'}))
	where, b := word(b)
	back, server := part(where)
	if len(server) == 0 {
		return errServer
	}
	ev.Set(backendOf, back)
	ev.Set(serverOf, server)
	timers, b := word(b)
	switch bytes.Count(timers, []byte{'/'}) {
	case 4:
		return http(timers, b, ev)
	case 2:
		return tcp(timers, b, ev)
	}
	return errTimers
}

// source reads ADDRESS:PORT, without brackets around IPv6, or unix:NUMBER.
func source(b []byte, ev *sdk.Event) {
	i := bytes.LastIndexByte(b, ':')
	if string(b[:i]) == "unix" {
		ev.Set(ecs.SourceAddress, b)
		return
	}
	ev.SetIP(ecs.SourceIP, b[:i])
	ev.SetPort(ecs.SourcePort, b[i+1:])
}

// broken is for connections that no request came by.
func broken(where, said []byte, ev *sdk.Event) {
	front, bind := part(where)
	ev.Set(frontend, front)
	ev.Set(listener, bind)
	ev.Set(ecs.EventReason, said)
	ev.SetString(ecs.EventDataset, "haproxy.error")
	ev.SetString(ecs.EventCategory, "network")
	ev.SetString(ecs.EventType, "connection")
	ev.SetString(ecs.EventType, "error")
	ev.SetString(ecs.EventOutcome, "failure")
	ev.SetLevel(ecs.Warn)
}

// http reads what stands behind the server in httplog and httpslog.
func http(timers, b []byte, ev *sdk.Event) error {
	ev.SetString(ecs.EventDataset, "haproxy.http")
	ev.SetString(ecs.EventCategory, "web")
	ev.SetString(ecs.EventType, "access")
	ev.SetString(ecs.NetworkProtocol, "http")
	n, timers := number(timers, '/')
	if n >= 0 {
		ev.SetInt(timeRequest, n)
	}
	if n == noNumber || !waits(timers, ev) {
		return errTimers
	}
	v, b := word(b)
	if code, ok := digits(v, 3); ok && code >= 100 {
		ev.SetInt(ecs.HTTPResponseStatusCode, code)
		answer(code, ev)
	} else if string(v) != "-1" && string(v) != "0" {
		return errStatus
	} else {
		ev.SetString(ecs.EventOutcome, "failure")
		ev.SetLevel(ecs.Warn)
	}
	v, b = word(b)
	if n, _ = number(v, ' '); n < 0 {
		return errState
	}
	ev.SetInt(ecs.HTTPResponseBytes, n)
	v, b = word(b)
	if string(v) != "-" {
		ev.Set(requestCookie, v)
	}
	v, b = word(b)
	if string(v) != "-" {
		ev.Set(responseCookie, v)
	}
	v, b = word(b)
	if len(v) != 4 {
		return errState
	}
	ended(v, ev)
	b, ok := counts(b, ev)
	if !ok {
		return errConns
	}
	if len(b) > 0 && b[0] == '{' {
		first, rest := headers(b)
		if len(rest) > 0 && rest[0] == '{' {
			ev.Set(requestHeaders, first)
			first, rest = headers(rest)
			ev.Set(replyHeaders, first)
		} else {
			ev.Set(requestHeaders, first)
		}
		b = rest
	}
	if len(b) == 0 || b[0] != '"' {
		return errQuote
	}
	// HAProxy writes quotes inside as #22.
	text, rest, ok := bytes.Cut(b[1:], []byte{'"'})
	request(text, ok, ev)
	if !ok {
		return errQuote
	}
	if len(rest) > 1 {
		tls(rest[1:], ev)
	}
	return nil
}

// headers reads {a|b} and the blank behind it. Braces inside are escaped.
func headers(b []byte) (v, rest []byte) {
	i := bytes.IndexByte(b, '}')
	if i < 0 {
		return b[1:], nil
	}
	rest = b[i+1:]
	if len(rest) > 0 && rest[0] == ' ' {
		rest = rest[1:]
	}
	return b[1:i:i], rest
}

// request reads METHOD URL HTTP/VERSION. Of one that was cut the URL is what arrived.
func request(b []byte, whole bool, ev *sdk.Event) {
	method, url := word(b)
	if len(url) == 0 || len(method) == 0 || method[0] < 'A' || method[0] > 'Z' {
		ev.Set(badRequest, b)
		return
	}
	ev.Set(ecs.HTTPRequestMethod, method)
	if i := bytes.LastIndexByte(url, ' '); whole && i >= 0 && bytes.HasPrefix(url[i+1:], []byte("HTTP/")) {
		ev.Set(ecs.HTTPVersion, url[i+1+len("HTTP/"):])
		url = url[:i]
	}
	if len(url) == 0 || url[0] != '/' {
		ev.SetURL(url)
		return
	}
	ev.Set(ecs.URLOriginal, url)
	if i := bytes.IndexByte(url, '?'); i >= 0 {
		ev.Set(ecs.URLQuery, url[i+1:])
		url = url[:i]
	}
	ev.Set(ecs.URLPath, url)
}

// tls reads ERRORS SNI/VERSION/CIPHER.
func tls(b []byte, ev *sdk.Event) {
	_, b = word(b)
	if i := bytes.LastIndexByte(b, '/'); i >= 0 {
		text(ecs.TLSCipher, b[i+1:], ev)
		if j := bytes.LastIndexByte(b[:i], '/'); j >= 0 {
			text(ecs.TLSVersion, b[j+1:i], ev)
			text(serverName, b[:j], ev)
		}
	}
}

func text(f ecs.Field, v []byte, ev *sdk.Event) {
	if string(v) != "-" {
		ev.Set(f, v)
	}
}

// tcp reads what stands behind the server in tcplog.
func tcp(timers, b []byte, ev *sdk.Event) error {
	ev.SetString(ecs.EventDataset, "haproxy.tcp")
	ev.SetString(ecs.EventCategory, "network")
	ev.SetString(ecs.EventType, "connection")
	ev.SetString(ecs.EventType, "end")
	ev.SetString(ecs.NetworkTransport, "tcp")
	if !waits(timers, ev) {
		return errTimers
	}
	v, b := word(b)
	n, _ := number(v, ' ')
	if n < 0 {
		return errState
	}
	ev.SetInt(ecs.DestinationBytes, n)
	v, b = word(b)
	if len(v) != 2 {
		return errState
	}
	ended(v, ev)
	switch v[0] {
	case '-', 'L':
		ev.SetString(ecs.EventOutcome, "success")
		ev.SetLevel(ecs.Informational)
	case 'C', 'c': // clients just go away, and often that is their way to end
		ev.SetString(ecs.EventOutcome, "unknown")
		ev.SetLevel(ecs.Informational)
	default:
		ev.SetString(ecs.EventOutcome, "failure")
		ev.SetLevel(ecs.Warn)
	}
	if _, ok := counts(b, ev); !ok {
		return errConns
	}
	return nil
}

// waits reads Tw/Tc/Tr/Ta, or Tw/Tc/Tt.
func waits(b []byte, ev *sdk.Event) bool {
	ok := true
	for i := range timers {
		n, rest := number(b, '/')
		if len(rest) == 0 { // the last one is the total
			break
		}
		if n >= 0 {
			ev.SetInt(timers[i], n)
		}
		ok = ok && n >= -1
		b = rest
	}
	n, rest := number(b, '/')
	if n >= 0 {
		ev.SetInt(ecs.EventDuration, n*1e6)
	}
	return ok && n >= -1 && len(rest) == 0
}

// timers are those in front of the total.
var timers = [...]ecs.Field{timeQueue, timeConnect, timeResponse}

// none is what HAProxy writes where a session did not get that far, noNumber what number returns for anything else.
const (
	none     = -1
	noNumber = -2
)

// number reads a number of up to twelve digits, behind a + too, and the rest behind the end byte.
func number(b []byte, end byte) (n int64, rest []byte) {
	i := 0
	if len(b) > 1 && b[0] == '-' && b[1] == '1' {
		i, n = 2, none
	} else {
		if len(b) > 0 && b[0] == '+' {
			i = 1
		}
		start := i
		for ; i < len(b) && b[i]-'0' <= 9; i++ {
			n = n*10 + int64(b[i]-'0')
			if i-start > 11 {
				return noNumber, nil
			}
		}
		if i == start {
			n = noNumber
		}
	}
	switch {
	case i >= len(b):
		return n, nil
	case b[i] == end:
		return n, b[i+1:]
	}
	return noNumber, nil
}

// counts reads "active/frontend/backend/server/retries server/backend", the numbers of connections and of requests in
// queues, of which only the retries say something of this session. +1 retries mean another server.
func counts(b []byte, ev *sdk.Event) (rest []byte, ok bool) {
	for i := range 7 {
		end := byte('/')
		if i == 4 || i == 6 {
			end = ' '
		}
		var n int64
		if n, b = number(b, end); n < 0 {
			return nil, false
		}
		if i == 4 {
			ev.SetInt(retries, n)
		}
	}
	return b, true
}

// answer sets what follows from the status.
func answer(code int64, ev *sdk.Event) {
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

// ended sets the state and what its first letter says of the cause (manual, section 8.5).
func ended(v []byte, ev *sdk.Event) {
	ev.Set(termination, v)
	why := ""
	switch v[0] {
	case 'C':
		why = "aborted by the client"
	case 'S':
		why = "aborted or refused by the server"
	case 'P':
		why = "aborted by the proxy"
	case 'L':
		why = "answered by the proxy"
	case 'R':
		why = "a resource of the proxy was exhausted"
	case 'I':
		why = "internal error of the proxy"
	case 'D':
		why = "killed because the server went down"
	case 'U':
		why = "killed because the active server came up"
	case 'K':
		why = "killed by an administrator"
	case 'c':
		why = "the client took too long"
	case 's':
		why = "the server took too long"
	}
	ev.SetString(ecs.EventReason, why)
}
