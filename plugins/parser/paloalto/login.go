package main

import (
	"bytes"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/netaddr"
)

// sentences are what SYSTEM logs say of logins, e.g. failed authentication for user 'li.na'. Reason: Invalid
// username/password. auth profile 'AD', vsys 'shared', server profile 'AD', server address '10.1.1.20', From: 10.3.0.47.
var sentences = []struct{ part, typ, outcome string }{
	{"failed authentication for user ", "start", "failure"},
	{"authenticated for user ", "start", "success"},
	{"hen authenticating user ", "start", "success"},
	{" logged in via ", "start", "success"},
	{" logged out via ", "end", "success"},
}

// login sets what a sentence says of a login. It is false if b says nothing of one.
func login(ev *sdk.Event, b []byte) bool {
	for _, s := range sentences {
		if !bytes.Contains(b, []byte(s.part)) {
			continue
		}
		ev.SetString(ecs.EventType, s.typ)
		ev.SetString(ecs.EventOutcome, s.outcome)
		ev.SetAccount(ecs.UserName, ecs.UserDomain, behind(b, "ser "))
		address := behind(b, "rom: ")
		if address == nil {
			address = behind(b, " from ")
		}
		if _, ok := netaddr.ParseAddr(address); ok {
			ev.SetIP(ecs.SourceIP, address)
		}
		server := behind(b, "server address ")
		if server == nil {
			server = behind(b, "Server Address ")
		}
		ev.Set(serverAddress, server)
		ev.Set(ecs.EventReason, reasonOf(b))
		return true
	}
	return false
}

// behind is the word behind the first mark, or what stands in quotes there; nil if there is none.
func behind(b []byte, mark string) []byte {
	_, b, ok := bytes.Cut(b, []byte(mark))
	if !ok || len(b) == 0 {
		return nil
	}
	if b[0] == '\'' {
		if i := bytes.IndexByte(b[1:], '\''); i >= 0 {
			return b[1 : 1+i : 1+i]
		}
	}
	if i := bytes.IndexByte(b, ' '); i >= 0 {
		b = b[:i]
	}
	return bytes.TrimRight(b, ".,'")
}

// reasonOf is the sentence behind "Reason: ", which may have full stops in it.
func reasonOf(b []byte) []byte {
	_, b, ok := bytes.Cut(b, []byte("Reason: "))
	if !ok {
		return nil
	}
	for _, next := range [...]string{". auth profile", ". From:"} {
		if i := bytes.Index(b, []byte(next)); i >= 0 {
			return b[:i:i]
		}
	}
	if i := bytes.Index(b, []byte(". ")); i >= 0 {
		return b[:i:i]
	}
	return bytes.TrimRight(b, ". ")
}
