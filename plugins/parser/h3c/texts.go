package main

import (
	"bytes"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/flow"
	"github.com/logcenter/logcenter/sdk/infocenter"
	"github.com/logcenter/logcenter/sdk/template"
)

// texts are descriptions without pairs.
var texts = template.MustSet(
	"Command is %{command}",
	"SSH user %{user:word} (IP: %{ip:ip}) %{}",
	"SSH user %{user:word}(IP: %{ip:ip}) %{}",
	"SSH user %{user:word} from %{ip:ip} port %{sport:int}%{}",
	"SSH user %{user:word} failed to log in from %{ip:ip} on %{line:word}",
	"SSH user %{user:word} failed to log in from %{ip:ip}%{}",
	"SSH client %{ip:ip} failed to log in%{}",
	"The SSH Connection %{ip:ip}(%{}) request was denied%{}",
	"The Telnet Connection %{ip:ip}(%{}) request was denied%{}",
	"Authentication timed out for %{ip:ip}%{}",
	"Invalid username or password from %{ip:ip}%{}",
	"User %{user:word} logged in from %{ip:ip} port %{sport:int}%{}",
	"User %{user:word} logged out from %{ip:ip} port %{sport:int}%{}",
	"Command %{command} in view %{view:word} failed to be matched%{}",
	"Physical state on the interface %{port:word} changed to %{state:word}",
	"Line protocol state on the interface %{port:word} changed to %{state:word}",
	"Authentication failed for user %{user:word} from %{ip:ip} port %{sport:int}%{}",
	"Accepted %{:word} for %{user:word} from %{ip:ip} port %{sport:int}%{}",
	"%{user:word} logged in from %{ip:ip}%{}",
	"%{user:word} logged out from %{ip:ip}%{}",
	"%{user:word} failed to log in from %{ip:ip}%{}",
	"%{user:word} failed to login from %{ip:ip}%{}",
	"%{user:word} logged in from %{line:word}",
	"%{user:word} logged out from %{line:word}",
	"%{port:word} link status is %{state:word}",
)

// words reads a description that is text.
func (r *record) words(ev *sdk.Event, b []byte) {
	m, err := texts.Match(b)
	if v := m.Get("command"); err == nil && v != nil {
		r.command = true
		ev.Set(command, bytes.TrimSpace(v))
		if v := m.Get("view"); v != nil {
			r.failed = true
			ev.Set(view, v)
		}
		return
	}
	r.failed = r.message.sessions && bytes.Contains(b[:min(len(b), 128)], []byte("ailed")) // failed, Failed
	ev.Set(description, b)
	if err != nil {
		return
	}
	switch {
	case !r.message.sessions || r.message.session != infocenter.NoSession:
	case bytes.HasPrefix(b, []byte("Accepted ")), bytes.Contains(b, []byte("logged in")):
		r.session = infocenter.Start
	case bytes.Contains(b, []byte("logged out")):
		r.session = infocenter.End
	}
	setAccount(ev, m.Get("user"))
	r.flow.Set(ev, flow.SourceIP, m.Get("ip"))
	r.flow.Set(ev, flow.SourcePort, m.Get("sport"))
	ev.Set(line, bytes.TrimRight(m.Get("line"), "."))
	ev.Set(ecs.ObserverIngressInterfaceName, m.Get("port"))
	ev.SetLower(ifState, bytes.TrimRight(m.Get("state"), "."))
}
