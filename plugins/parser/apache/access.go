package main

import (
	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/accesslog"
	"github.com/logcenter/logcenter/sdk/ecs"
)

var (
	badRequest   = ecs.New("apache.request", ecs.Keyword, "What came instead of a request of HTTP, with Apache's escapes.")
	forwardedFor = ecs.New("apache.forwarded_for", ecs.Keyword, "Clients that a proxy in front says it serves, the header X-Forwarded-For.")
	identity     = ecs.New("apache.identity", ecs.Keyword, "Name that the client's ident service gave for the user, rarely asked for.")
	serverPort   = ecs.New("server.port", ecs.Long, "Port on which the server took the request.")
	serverDomain = ecs.New("server.domain", ecs.Keyword, "Name of the virtual host that answered, as the configuration spells it.")
)

// access reads a line of an access log. Behind the agent the client that a proxy serves and the time that the request took
// may stand, or one of them.
func (p parser) access(b []byte, ev *sdk.Event) error {
	e, err := accesslog.Parse(b)
	if e.Client == nil && e.Time == nil {
		return errForm
	}
	ev.SetAccess(&e)
	ev.Set(serverDomain, e.Host)
	ev.SetPort(serverPort, e.Port)
	ev.Set(identity, e.Identity)
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
	if took, _, _ := accesslog.Next(rest); len(took) > 0 && took[0]-'0' <= 9 { // else it is something of the site's own
		ev.SetDuration(ecs.EventDuration, took, p.unit)
	}
	return err
}
