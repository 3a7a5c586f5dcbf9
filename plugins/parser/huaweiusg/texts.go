package main

import (
	"bytes"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/flow"
	"github.com/logcenter/logcenter/sdk/template"
)

// texts are descriptions without pairs: the "mtn" form of session logs, and logins.
var texts = template.MustSet(
	"Built an %{proto:word} session, %{from:word} (%{zone}) to %{to:word} (%{zone2})%{}",
	"Built a %{proto:word} session, %{from:word} (%{zone}) to %{to:word} (%{zone2})%{}",
	"Teardown an %{proto:word} session, %{from:word} (%{zone}) to %{to:word} (%{zone2})%{}",
	"Teardown a %{proto:word} session, %{from:word} (%{zone}) to %{to:word} (%{zone2})%{}",
	"%{line:word} login from %{ip:ip}%{}",
	"User %{user:word} login from %{ip:ip}%{}",
	"User %{user:word} logout from %{ip:ip}%{}",
	"The user %{user:word} succeeded in logging in from %{ip:ip}%{}",
	"%{user:word} login from VTY%{}: %{ip:ip}%{}",
	"Interface %{port:word} has turned into %{state:word} state%{}",
	"The line protocol %{:word} on the interface %{port:word} has entered the %{state:word} state%{}",
	"The state of interface %{port:word} changed to %{state:word}",
)

// words reads a description that is text. It is false if the text is none of texts.
func (r *record) words(ev *sdk.Event, b []byte) bool {
	m, err := texts.Match(b)
	if err != nil {
		return false
	}
	if v := m.Get("proto"); v != nil {
		r.flow.Set(ev, flow.Transport, v)
		r.flow.SetEnd(ev, flow.SourceIP, m.Get("from"))
		r.flow.SetEnd(ev, flow.DestinationIP, m.Get("to"))
		ev.Set(ecs.ObserverIngressZone, m.Get("zone"))
		ev.Set(ecs.ObserverEgressZone, m.Get("zone2"))
	}
	if v := m.Get("user"); len(v) > 0 {
		setAccount(ev, v)
	}
	r.flow.Set(ev, flow.SourceIP, m.Get("ip"))
	ev.Set(ecs.ObserverIngressInterfaceName, m.Get("port"))
	ev.Set(ifState, bytes.TrimRight(m.Get("state"), "."))
	ev.Set(description, b)
	return true
}

// quotedCommand sets the command that a sentence in front of pairs quotes: When being asked whether to execute the command
// "undo telnet server enable", the user chose Y.
func (r *record) quotedCommand(ev *sdk.Event, b []byte) {
	_, rest, ok := bytes.Cut(b, []byte(`command "`))
	if v, _, closed := bytes.Cut(rest, []byte(`"`)); ok && closed {
		r.command = true
		ev.Set(commandLine, v)
	}
}

var (
	wideOpen  = []byte("（")
	wideClose = []byte("）")
	wideComma = []byte("，")
	wideEqual = []byte("＝")
)

// chinese reads the pairs behind a text of firmware that speaks Chinese: 记录命令信息。（任务＝VT0，用户＝admin，命令＝"display this"）.
func (r *record) chinese(ev *sdk.Event, b []byte) {
	b, ok := bytes.CutSuffix(b, wideClose)
	if !ok {
		return
	}
	for _, list, _ := bytes.Cut(b, wideOpen); len(list) > 0; {
		n := widePair(list)
		key, v, ok := bytes.Cut(list[:n], wideEqual)
		if !ok {
			key, v, _ = bytes.Cut(list[:n], []byte("="))
		}
		if k := len(v) - 1; k > 0 && v[0] == '"' && v[k] == '"' {
			v = v[1:k]
		}
		if t := targetOf(bytes.TrimSpace(key)); t != nil {
			r.pair(ev, t, v[:len(v):len(v)])
		}
		list = list[min(len(list), n+len(wideComma)):]
	}
}

// widePair is the length of the pair that list begins with: up to a comma outside of quotes.
func widePair(list []byte) int {
	quotes := 0
	for i := 0; ; i += len(wideComma) {
		n := bytes.Index(list[i:], wideComma)
		if n < 0 {
			return len(list)
		}
		quotes += bytes.Count(list[i:i+n], []byte(`"`))
		if i += n; quotes%2 == 0 {
			return i
		}
	}
}
