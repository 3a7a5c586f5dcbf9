package main

import (
	"bytes"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/number"
)

var (
	frontend            = ecs.New("haproxy.frontend", ecs.Keyword, "Section of the configuration that took the connection.")
	listener            = ecs.New("haproxy.listener", ecs.Keyword, "Name or number of the bind line that took a connection that failed.")
	backendOf           = ecs.New("haproxy.backend", ecs.Keyword, "Section of the configuration that the request was passed on to.")
	serverOf            = ecs.New("haproxy.server", ecs.Keyword, "Server of the backend, or <NOSRV> if the request reached none.")
	termination         = ecs.New("haproxy.termination_state", ecs.Keyword, "How the session ended, two letters, and two more on cookies for HTTP.")
	requestCookie       = ecs.New("haproxy.request_cookie", ecs.Keyword, "Captured cookie of the client.")
	responseCookie      = ecs.New("haproxy.response_cookie", ecs.Keyword, "Captured cookie that the server set.")
	requestHeaders      = ecs.New("haproxy.request_headers", ecs.Keyword, "Captured headers of the request, parted by |, with HAProxy's escapes.")
	replyHeaders        = ecs.New("haproxy.response_headers", ecs.Keyword, "Captured headers of the response, parted by |, with HAProxy's escapes.")
	badRequest          = ecs.New("haproxy.request", ecs.Keyword, "What came instead of a request of HTTP, e.g. <BADREQ>.")
	timeRequest         = ecs.New("haproxy.time_request_ms", ecs.Long, "Milliseconds until the client had sent its whole request, TR.")
	timeQueue           = ecs.New("haproxy.time_queue_ms", ecs.Long, "Milliseconds spent in queues, Tw.")
	timeConnect         = ecs.New("haproxy.time_connect_ms", ecs.Long, "Milliseconds until the server took the connection, Tc.")
	timeResponse        = ecs.New("haproxy.time_response_ms", ecs.Long, "Milliseconds until the server had sent the headers of its response, Tr.")
	activeConnections   = ecs.New("haproxy.connections.active", ecs.Long, "Connections that the process had open when the session ended.")
	backendConnections  = ecs.New("haproxy.connections.backend", ecs.Long, "Connections that the backend had open when the session ended.")
	frontendConnections = ecs.New("haproxy.connections.frontend", ecs.Long, "Connections that the frontend had open when the session ended.")
	serverConnections   = ecs.New("haproxy.connections.server", ecs.Long, "Connections that the server had open when the session ended.")
	backendQueue        = ecs.New("haproxy.queue.backend", ecs.Long, "Requests that waited in front of this one for any server of the backend.")
	serverQueue         = ecs.New("haproxy.queue.server", ecs.Long, "Requests that waited in front of this one for the server.")
	retries             = ecs.New("haproxy.retries", ecs.Long, "How often the connection to a server was tried again.")
	serverName          = ecs.TLSClientServerName
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
	slash := bytes.IndexByte(where, '/')
	if slash < 0 {
		return errServer
	}
	ev.Set(backendOf, where[:slash])
	ev.Set(serverOf, where[slash+1:]) // empty where none was chosen
	var timers numbers
	if rest := timers.read(b); timers.bad && timers.n == 1 { // formats of one's own have a word here, often the Host asked for
		_, rest = word(b)
		timers = numbers{}
		b = timers.read(rest)
	} else {
		b = rest
	}
	switch timers.n {
	case 5:
		return http(&timers, b, ev)
	case 3:
		return tcp(&timers, b, ev)
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
	ev.SetFacts(errorFacts)
}

// http reads what stands behind the server in httplog and httpslog.
func http(timers *numbers, b []byte, ev *sdk.Event) error {
	said := httpFacts[noStatus]
	ev.SetFacts(said[normal])
	timeSet(timeRequest, timers.at[0], ev)
	timeSet(timeQueue, timers.at[1], ev)
	timeSet(timeConnect, timers.at[2], ev)
	timeSet(timeResponse, timers.at[3], ev)
	if !elapsed(timers, ev) {
		return errTimers
	}
	v, b := word(b)
	if code, ok := number.Uint(v, 3); ok && code >= 100 {
		ev.SetInt(ecs.HTTPResponseStatusCode, code)
		said = httpFacts[resultOf(code)]
	} else if string(v) != "-1" && string(v) != "0" {
		return errStatus
	} else {
		said = httpFacts[unanswered]
	}
	ev.SetFacts(said[normal])
	n, b := amount(b)
	if n < 0 {
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
	ev.Set(termination, v)
	ev.SetFacts(said[endings[v[0]]])
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
	b = b[1:]
	end := bytes.IndexByte(b, '"') // HAProxy writes those inside as #22
	if end < 0 {
		request(b, ev)
		return errQuote
	}
	request(b[:end:end], ev)
	if end+2 < len(b) {
		tls(b[end+2:], ev)
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
func request(b []byte, ev *sdk.Event) {
	if !ev.SetRequest(b) {
		ev.Set(badRequest, b)
	}
}

// tls reads what httpslog has behind the request, ERRORS SNI/VERSION/CIPHER, and versions and ciphers that formats of one's
// own put there.
func tls(b []byte, ev *sdk.Event) {
	for len(b) > 0 {
		var w []byte
		w, b = word(b)
		i := bytes.LastIndexByte(w, '/')
		switch {
		case bytes.HasPrefix(w, []byte("TLSv")) && i < 0:
			ev.SetTLSVersion(w)
		case bytes.HasPrefix(w, []byte("TLS_")) && i < 0:
			ev.Set(ecs.TLSCipher, w)
		case i > 0:
			j := bytes.LastIndexByte(w[:i], '/')
			if j < 0 || !bytes.HasPrefix(w[j+1:], []byte("TLSv")) && !bytes.HasPrefix(w[j+1:], []byte("SSLv")) {
				continue // the errors
			}
			ev.SetTLSVersion(w[j+1 : i])
			text(ecs.TLSCipher, w[i+1:], ev)
			text(serverName, w[:j], ev)
		}
	}
}

func text(f ecs.Field, v []byte, ev *sdk.Event) {
	if string(v) != "-" {
		ev.Set(f, v)
	}
}

// tcp reads what stands behind the server in tcplog.
func tcp(timers *numbers, b []byte, ev *sdk.Event) error {
	ev.SetFacts(tcpCut)
	timeSet(timeQueue, timers.at[0], ev)
	timeSet(timeConnect, timers.at[1], ev)
	if !elapsed(timers, ev) {
		return errTimers
	}
	n, b := amount(b)
	if n < 0 {
		return errState
	}
	ev.SetInt(ecs.DestinationBytes, n)
	v, b := word(b)
	if len(v) != 2 {
		return errState
	}
	ev.Set(termination, v)
	ev.SetFacts(tcpFacts[endings[v[0]]])
	if _, ok := counts(b, ev); !ok {
		return errConns
	}
	return nil
}

// timeSet sets a timer, of which none is what a session did not get to.
func timeSet(f ecs.Field, n int64, ev *sdk.Event) {
	if n >= 0 {
		ev.SetInt(f, n)
	}
}

// elapsed sets the last timer, the total. It is false if one of them is no number.
func elapsed(timers *numbers, ev *sdk.Event) bool {
	timeSet(ecs.EventDuration, timers.at[timers.n-1]*1e6, ev)
	return !timers.bad
}

// counts reads "active/frontend/backend/server/retries server/backend", the numbers of connections and of requests in
// queues. +1 retries mean another server.
func counts(b []byte, ev *sdk.Event) (rest []byte, ok bool) {
	var open, waiting numbers
	b = open.read(b)
	rest = waiting.read(b)
	if open.bad || waiting.bad || open.n != 5 || waiting.n != 2 {
		return nil, false
	}
	for i, f := range connections {
		if n := open.at[i]; n >= 0 {
			ev.SetInt(f, n)
		}
	}
	ev.SetInt(serverQueue, waiting.at[0])
	ev.SetInt(backendQueue, waiting.at[1])
	return rest, true
}

var connections = [...]ecs.Field{activeConnections, frontendConnections, backendConnections, serverConnections, retries}
