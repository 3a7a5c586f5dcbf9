package sdk

import (
	"bytes"

	"github.com/logcenter/logcenter/sdk/accesslog"
	"github.com/logcenter/logcenter/sdk/ecs"
)

// SetAccess sets what a line of an access log says, of the fields that the manifest lists under writes: @timestamp,
// source.ip or source.address, user.name, http.request.method, http.version, url.* (see [Event.SetURL]; url.domain is the
// virtual host if the URL has none), http.response.status_code, http.response.body.bytes, http.request.referrer,
// user_agent.original, and network.protocol. The status also decides event.outcome and log.level: Error from 500 on,
// Warn from 400 on, else Info. What the manifest does not list is passed over without being counted; Host, Port,
// Identity, Request and Extra are left to the caller.
func (e *Event) SetAccess(a *accesslog.Entry) {
	if a.Client == nil && a.Time == nil {
		return
	}
	e.name(ecs.NetworkProtocol, "http")
	if accesslog.IsAddress(a.Client) {
		if b := e.listed(ecs.SourceIP); b != nil {
			e.setIP(b, ecs.SourceIP, a.Client)
		}
	} else {
		e.part(ecs.SourceAddress, a.Client)
	}
	e.part(ecs.UserName, a.User)
	if len(a.Time) > 0 && e.declared(ecs.Timestamp) {
		e.SetTime(accesslog.Layout, nil, a.Time)
	}
	e.part(ecs.URLDomain, a.Host)
	e.request(a.Method, a.URL, a.Version)
	e.part(ecs.HTTPRequestReferrer, a.Referrer)
	e.part(ecs.UserAgentOriginal, a.Agent)
	if a.Status == 0 {
		return
	}
	e.number(ecs.HTTPResponseStatusCode, int64(a.Status))
	switch {
	case a.Status >= 500:
		e.name(ecs.LogLevel, string(ecs.Error))
		e.name(ecs.EventOutcome, "failure")
	case a.Status >= 400:
		e.name(ecs.LogLevel, string(ecs.Warn))
		e.name(ecs.EventOutcome, "failure")
	default:
		e.name(ecs.LogLevel, string(ecs.Informational))
		e.name(ecs.EventOutcome, "success")
	}
	if a.Size >= 0 {
		e.number(ecs.HTTPResponseBodyBytes, a.Size)
	}
}

// SetRequest sets what the first line of a request of HTTP says, METHOD URL HTTP/VERSION: http.request.method, http.version
// and url.*, of the fields that the manifest lists under writes. It is false, and nothing is set, if v is no request. What
// the manifest does not list is passed over without being counted.
func (e *Event) SetRequest(v []byte) bool {
	method, url, version := accesslog.SplitRequest(v)
	e.request(method, url, version)
	return method != nil
}

func (e *Event) request(method, url, version []byte) {
	e.part(ecs.HTTPRequestMethod, method)
	e.part(ecs.HTTPVersion, version)
	e.target(url)
}

// target sets what a request of HTTP is for (RFC 9112, section 3.2): mostly a path, of a proxy a whole URL.
func (e *Event) target(v []byte) {
	switch {
	case len(v) == 0:
	case v[0] == '/':
		e.part(ecs.URLOriginal, v)
		if i := bytes.IndexByte(v, '?'); i >= 0 {
			e.part(ecs.URLQuery, v[i+1:])
			v = v[:i]
		}
		e.part(ecs.URLPath, v)
	case string(v) == "*": // of OPTIONS: the server as a whole
		e.part(ecs.URLOriginal, v)
	default:
		e.SetURL(v)
	}
}

// name sets a keyword that the manifest lists to a text of the SDK's own; others are passed over.
func (e *Event) name(f ecs.Field, s string) {
	if b := e.listed(f); b != nil {
		b.Text(e.row, s)
	}
}
