package main

import (
	"bytes"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/template"
)

// message is what HAProxy says of its servers and of itself. Names in the pattern are those of values.
type message struct {
	pattern, action, category, typ, outcome string
}

var messages = []message{
	{`Connect from %{client:word} to %{address:word} (%{frontend}/%{mode:word})`, "connect", "network", "connection", "success"},
	{`Server %{backend}/%{server} ('%{}') is UP%{reason}`, "server-up", "host", "change", "success"},
	{`Server %{backend}/%{server} ('%{}') is DOWN%{reason}`, "server-down", "host", "change", "failure"},
	{`Server %{backend}/%{server} is DOWN, reason: %{reason}, check duration: %{}`, "server-down", "host", "change", "failure"},
	{`Server %{backend}/%{server} is DOWN via %{reason}. %{}`, "server-down", "host", "change", "failure"},
	{`Server %{backend}/%{server} is DOWN for maintenance%{reason}`, "server-maintenance", "host", "change", ""},
	{`Server %{backend}/%{server} is DOWN%{reason}`, "server-down", "host", "change", "failure"},
	{`Server %{backend}/%{server} is UP, reason: %{reason}, check duration: %{}`, "server-up", "host", "change", "success"},
	{`Server %{backend}/%{server} is UP%{reason}`, "server-up", "host", "change", "success"},
	{`Server %{backend}/%{server} is going DOWN for maintenance%{reason}. %{}`, "server-maintenance", "host", "change", ""},
	{`Server %{backend}/%{server} is stopping%{reason}`, "server-stopping", "host", "change", ""},
	{`Server %{backend}/%{server} remains in %{reason}`, "server-maintenance", "host", "change", ""},
	{`Server %{backend}/%{server} was DOWN and now enters maintenance%{reason}`, "server-maintenance", "host", "change", ""},
	{`Server %{backend}/%{server} enters drain state%{reason}`, "server-drain", "host", "change", ""},
	{`Server %{backend}/%{server} administratively READY %{reason}`, "server-up", "host", "change", "success"},
	{`Backup Server %{backend}/%{server} is DOWN, reason: %{reason}, check duration: %{}`, "server-down", "host", "change", "failure"},
	{`Backup Server %{backend}/%{server} is UP, reason: %{reason}, check duration: %{}`, "server-up", "host", "change", "success"},
	{`Backup Server %{backend}/%{server} is DOWN%{reason}`, "server-down", "host", "change", "failure"},
	{`Backup Server %{backend}/%{server} is UP%{reason}`, "server-up", "host", "change", "success"},
	{`%{backend:word} changed its IP from %{reason}`, "server-address", "host", "change", ""},
	{`%{backend}/%{server}: IP changed from '%{}' to '%{to}' by '%{by}'%{}`, "server-address", "host", "change", ""},
	{`Health check for backup server %{backend}/%{server} failed, reason: %{reason}, check duration: %{}`, "health-check", "host", "info", "failure"},
	{`Health check for backup server %{backend}/%{server} failed, reason: %{reason}, status: %{}`, "health-check", "host", "info", "failure"},
	{`Health check for server %{backend}/%{server} failed, reason: %{reason}, check duration: %{}`, "health-check", "host", "info", "failure"},
	{`Health check for server %{backend}/%{server} failed, reason: %{reason}, status: %{}`, "health-check", "host", "info", "failure"},
	{`Health check for server %{backend}/%{server} succeeded, reason: %{reason}, check duration: %{}`, "health-check", "host", "info", "success"},
	{`backend '%{backend}' has no server available!`, "backend-down", "host", "change", "failure"},
	{`backend %{backend:word} has no server available!`, "backend-down", "host", "change", "failure"},
	{`Proxy %{frontend:word} started.`, "proxy-start", "process", "start", ""},
	{`Proxy %{frontend:word} stopped %{reason}`, "proxy-stop", "process", "end", ""},
	{`Stopping frontend %{frontend:word} in %{}`, "proxy-stop", "process", "end", ""},
	{`Stopping backend %{backend:word} in %{}`, "proxy-stop", "process", "end", ""},
	{`Stopping proxy %{frontend:word} in %{}`, "proxy-stop", "process", "end", ""},
	{`Pausing %{:word} %{frontend:word}.`, "proxy-pause", "process", "change", ""},
	{`Loading success.`, "start", "process", "start", "success"},
	{`New worker %{reason}`, "worker-start", "process", "start", ""},
}

var set = func() *template.Set {
	patterns := make([]string, len(messages))
	for i := range messages {
		patterns[i] = messages[i].pattern
	}
	return template.MustSet(patterns...)
}()

// messageFacts are what messages say whatever their values are.
var messageFacts = func() []*sdk.Facts {
	of := make([]*sdk.Facts, len(messages))
	for i, k := range messages {
		logType, transport := "web_server", ""
		if i == 0 {
			logType, transport = access, "tcp"
		}
		of[i] = sdk.NewFacts(map[ecs.Field][]string{
			ecs.EventDataset: {"haproxy.state"}, ecs.LogcenterLogType: {logType}, ecs.EventAction: {k.action}, ecs.EventCategory: {k.category},
			ecs.EventType: {k.typ}, ecs.EventOutcome: {k.outcome}, ecs.NetworkTransport: {transport},
		})
	}
	return of
}()

var otherMessage = sdk.NewFacts(map[ecs.Field][]string{
	ecs.EventDataset: {"haproxy.state"}, ecs.LogcenterLogType: {"web_server"}, ecs.EventCategory: {"process"}, ecs.EventType: {"info"},
})

// state reads a message that is not about a session. One that is not known is kept as a text, if the header named
// HAProxy.
func state(b []byte, named bool, ev *sdk.Event) error {
	m, err := set.Match(b)
	if err != nil {
		ev.SetFacts(otherMessage)
		ev.Set(ecs.EventReason, b)
		if named && len(b) > 0 {
			return nil
		}
		return errForm
	}
	ev.SetFacts(messageFacts[m.Pattern()])
	ev.SetIPPort(ecs.SourceIP, ecs.SourcePort, m.Get("client"))
	ev.SetIPPort(ecs.DestinationIP, ecs.DestinationPort, m.Get("address"))
	if to := m.Get("to"); len(to) > 0 {
		ev.SetIP(ecs.DestinationIP, to)
		ev.Set(ecs.EventReason, b) // all of the text: the old address and who said so are in it
	}
	if string(m.Get("mode")) == "HTTP" {
		ev.SetString(ecs.NetworkProtocol, "http")
	}
	ev.Set(frontend, m.Get("frontend"))
	name := m.Get("backend")
	if front, server := part(name); len(server) > 0 {
		ev.Set(serverOf, server)
		name = front
	}
	ev.Set(backendOf, name)
	ev.Set(serverOf, m.Get("server"))
	if reason := bytes.Trim(m.Get("reason"), " ,"); len(reason) > 0 {
		ev.Set(ecs.EventReason, reason)
	}
	return nil
}
