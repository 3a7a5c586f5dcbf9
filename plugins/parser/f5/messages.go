package main

import (
	"bytes"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/template"
)

var (
	command   = ecs.New("f5.command", ecs.Keyword, "What an administrator or a program had the device do.")
	irule     = ecs.New("f5.irule", ecs.Keyword, "Rule of the traffic, a script, that wrote the line or failed.")
	member    = ecs.New("f5.member", ecs.Keyword, "Server of a pool, or node, whose state changed.")
	pool      = ecs.New("f5.pool", ecs.Keyword, "Group of servers that traffic is spread over.")
	sessionID = ecs.New("f5.session_id", ecs.Keyword, "Identity of a user's session, by which its lines are put together.")
	stateOf   = ecs.New("f5.state", ecs.Keyword, "What a server, a virtual server or the device itself has become.")
	virtual   = ecs.New("f5.virtual_server", ecs.Keyword, "Address and port that clients connect to, by the name it was given.")
	profile   = ecs.New("f5.access_profile", ecs.Keyword, "Access profile by whose policy the session was decided.")
)

// message is what a line says. Names of values in the pattern are those of values below.
type message struct {
	pattern, action, category, typ, outcome, logType string
}

// The log types that the retention table has for middleware.
const (
	access = "access"
	server = "web_server"
	other  = "other"
)

var messages = []message{
	{`Pool %{pool:word} member %{member:word} monitor status %{state}.%{}`, "member-status", "host", "change", "", server},
	{`Pool %{pool:word} member %{member:word} session status %{state}.%{}`, "member-status", "host", "change", "", server},
	{`Pool member %{member:word} monitor status %{state}.%{}`, "member-status", "host", "change", "", server},
	{`Node %{member:word} address %{} monitor status %{state}.%{}`, "node-status", "host", "change", "", server},
	{`Node %{member:word} monitor status %{state}.%{}`, "node-status", "host", "change", "", server},
	{`No members available for pool %{pool:word}`, "pool-down", "host", "change", "failure", server},
	{`Pool %{pool:word} now has available members`, "pool-up", "host", "change", "success", server},
	{`SNMP_TRAP: Virtual %{virtual:word} has become %{state}`, "virtual-server-status", "host", "change", "", server},
	{`SSL Handshake failed for %{} %{client:word} -> %{address:word}`, "ssl-handshake", "network", "connection", "failure", access},
	{`Connection error: %{reason}`, "connection-error", "network", "connection", "failure", access},
	{`Inet port exhaustion on %{reason}`, "port-exhaustion", "network", "error", "failure", server},
	{`TCL error: %{irule:word} <%{}> - %{reason}`, "irule-error", "web", "error", "failure", server},
	{`Rule %{irule:word} <%{}>: %{reason}`, "irule-log", "web", "info", "", other},
	{`Active for traffic group %{}`, "failover-active", "host", "change", "", server},
	{`Standby for traffic group %{}`, "failover-standby", "host", "change", "", server},
	{`Active`, "failover-active", "host", "change", "", server},
	{`Standby`, "failover-standby", "host", "change", "", server},
	{`AUDIT - pid=%{} user=%{user:word} folder=%{} module=(%{})# status=[%{status}] cmd_data=%{command}`, "command", "configuration", "change", "", server},
	{`AUDIT - client %{}, user %{user} - transaction #%{} - object %{} - %{command}`, "command", "configuration", "change", "", server},
	{`AUDIT - user %{user} - RAW: %{}(pam_audit): %{login}`, "login", "authentication", "", "success", server},
}

var sessions = []message{
	{`New session from client IP %{client:word} (%{}) at VIP %{address:word} Listener %{virtual} (%{}`, "session-start", "session", "start", "", access},
	{`New session from client IP %{client:word} (%{}) at VIP %{address:word} Listener %{virtual:word}`, "session-start", "session", "start", "", access},
	{`Username '%{user}'`, "username", "authentication", "info", "", access},
	{`Received User-Agent header: %{agent}`, "user-agent", "session", "info", "", access},
	{`Access policy result: %{state}`, "policy-result", "authentication", "info", "", access},
	{`Following rule '%{}' from item '%{}' to ending '%{state}'`, "policy-ending", "authentication", "info", "", access},
	{`AD agent: Auth (logon attempt:%{}): authenticate with '%{user}' successful%{}`, "login", "authentication", "start", "success", access},
	{`AD agent: Auth (logon attempt:%{}): authenticate with '%{user}' failed%{reason}`, "login", "authentication", "start", "failure", access},
	{`%{:word} module: authentication with '%{user}' failed: %{reason}`, "login", "authentication", "start", "failure", access},
	{`Assigned PPP Dynamic IPv4: %{tunnel:word} Tunnel Type: %{}`, "tunnel-start", "session", "start", "success", access},
	{`Session statistics - bytes in: %{in:int}, bytes out: %{out:int}%{}`, "session-statistics", "session", "info", "", access},
	{`Session deleted due to %{reason}`, "session-end", "session", "end", "", access},
	{`Session deleted (%{reason})%{}`, "session-end", "session", "end", "", access},
}

// shapes are messages, and what each says whatever its values are.
type shapes struct {
	set  *template.Set
	said []*sdk.Facts
}

var (
	messageShapes = compile(messages, "f5.ltm")
	sessionShapes = compile(sessions, "f5.apm")

	// What lines of other shapes say.
	otherLine    = sdk.NewFacts(map[ecs.Field][]string{ecs.LogcenterLogType: {other}})
	otherMessage = message{category: "host", typ: "info", logType: other}.facts("f5.system")
	otherSession = message{category: "host", typ: "info", logType: access}.facts("f5.apm")
)

func compile(list []message, dataset string) (s shapes) {
	patterns := make([]string, len(list))
	for i, m := range list {
		patterns[i] = m.pattern
		s.said = append(s.said, m.facts(dataset))
	}
	s.set = template.MustSet(patterns...)
	return s
}

func (m message) facts(dataset string) *sdk.Facts {
	return sdk.NewFacts(map[ecs.Field][]string{
		ecs.EventDataset: {dataset}, ecs.LogcenterLogType: {m.logType}, ecs.EventAction: {m.action}, ecs.EventCategory: {m.category},
		ecs.EventType: {m.typ}, ecs.EventOutcome: {m.outcome},
	})
}

// said reads the text of a line of the system.
func said(b []byte, ev *sdk.Event) {
	ev.Set(text, b)
	m, err := messageShapes.set.Match(b)
	if err != nil {
		ev.SetFacts(otherMessage)
		return
	}
	ev.SetFacts(messageShapes.said[m.Pattern()])
	values(&m, ev)
	switch messages[m.Pattern()].action {
	case "command":
		done(m.Get("command"), m.Get("status"), ev)
	case "login":
		login(m.Get("login"), ev)
	case "member-status", "node-status", "virtual-server-status":
		switch s := m.Get("state"); {
		case string(s) == "up" || string(s) == "available":
			ev.SetString(ecs.EventOutcome, "success")
		case bytes.Contains(s, []byte("down")) || string(s) == "unavailable":
			ev.SetString(ecs.EventOutcome, "failure")
		}
	}
}

// session reads PROFILE:PARTITION:SESSION: TEXT of APM; older versions write SESSION: TEXT.
func session(b []byte, ev *sdk.Event) {
	where, rest, ok := bytes.Cut(b, []byte(": "))
	if ok && bytes.IndexByte(where, ' ') < 0 {
		if i := bytes.LastIndexByte(where, ':'); i >= 0 {
			ev.Set(sessionID, where[i+1:])
			name, _, _ := bytes.Cut(where[:i], []byte{':'})
			ev.Set(profile, name)
		} else {
			ev.Set(sessionID, where)
		}
		b = rest
	}
	ev.Set(text, b)
	m, err := sessionShapes.set.Match(b)
	if err != nil {
		ev.SetFacts(otherSession)
		return
	}
	ev.SetFacts(sessionShapes.said[m.Pattern()])
	values(&m, ev)
	ev.Set(ecs.UserAgentOriginal, m.Get("agent"))
	ev.Set(ecs.SourceBytes, m.Get("in"))
	ev.Set(ecs.DestinationBytes, m.Get("out"))
	if ip := m.Get("tunnel"); ip != nil {
		ev.SetIP(ecs.SourceNATIP, ip)
	}
	if state := m.Get("state"); state != nil {
		if bytes.Contains(state, []byte("Deny")) || bytes.Contains(state, []byte("deny")) || bytes.Contains(state, []byte("denied")) {
			ev.SetString(ecs.EventOutcome, "failure")
			ev.SetString(ecs.EventType, "denied")
		} else {
			ev.SetString(ecs.EventOutcome, "success")
			ev.SetString(ecs.EventType, "allowed")
		}
	}
}

// values sets the values that several messages have.
func values(m *template.Match, ev *sdk.Event) {
	for i := range m.Len() {
		v := m.At(i)
		switch m.Name(i) {
		case "pool":
			ev.Set(pool, v)
		case "member":
			ev.Set(member, v)
		case "state":
			ev.Set(stateOf, v)
		case "virtual":
			ev.Set(virtual, v)
		case "irule":
			ev.Set(irule, v)
		case "user":
			ev.Set(ecs.UserName, v)
		case "reason":
			ev.Set(ecs.EventReason, bytes.Trim(v, ":,. "))
		case "client":
			ev.SetIPPort(ecs.SourceIP, ecs.SourcePort, v)
		case "address":
			ev.SetIPPort(ecs.DestinationIP, ecs.DestinationPort, v)
		}
	}
}

// done sets a command and whether it was carried out.
func done(v, status []byte, ev *sdk.Event) {
	if status == nil {
		if i := bytes.LastIndex(v, []byte(" [Status=")); i >= 0 {
			status = bytes.TrimSuffix(v[i+len(" [Status="):], []byte{']'})
			v = v[:i]
		}
	}
	ev.Set(command, v)
	switch {
	case string(status) == "Command OK":
		ev.SetString(ecs.EventOutcome, "success")
	case status != nil:
		ev.SetString(ecs.EventOutcome, "failure")
		ev.Set(ecs.EventReason, status)
	}
}

// login reads what the module for audits of logins says: user=NAME(NAME) … host=ADDRESS attempts=N start="…" [end="…"],
// or User=NAME … host=ADDRESS failed to login after N attempts.
func login(b []byte, ev *sdk.Event) {
	if _, rest, ok := bytes.Cut(b, []byte(" host=")); ok {
		host, _ := cut(rest)
		ev.SetIP(ecs.SourceIP, host)
	}
	switch {
	case bytes.Contains(b, []byte(" failed to login")):
		ev.SetString(ecs.EventOutcome, "failure")
		ev.SetString(ecs.EventType, "start")
	case bytes.Contains(b, []byte(` end="`)):
		ev.SetString(ecs.EventAction, "logout")
		ev.SetString(ecs.EventType, "end")
	default:
		ev.SetString(ecs.EventType, "start")
	}
}
