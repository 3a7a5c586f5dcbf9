package main

import (
	"bytes"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
)

// pairs are the values of "key=value", with blanks, commas and brackets between them, that messages about connections have.
// Of several under one key the first counts: what comes later may stand in a name that the client chose.
type pairs struct {
	user, database, application, host, port, identity, method, protocol, cipher []byte
}

func (p *pairs) of(key []byte) *[]byte {
	switch string(key) {
	case "user":
		return &p.user
	case "database":
		return &p.database
	case "application_name":
		return &p.application
	case "host":
		return &p.host
	case "port":
		return &p.port
	case "identity":
		return &p.identity
	case "method":
		return &p.method
	case "protocol":
		return &p.protocol
	case "cipher":
		return &p.cipher
	}
	return nil
}

func (p *pairs) read(text []byte) {
	for len(text) > 0 {
		if text[0] == '(' {
			text = text[1:]
		}
		n, eq := 0, -1
		for n < len(text) && text[n] != ' ' {
			if text[n] == '=' && eq < 0 {
				eq = n
			}
			n++
		}
		if eq > 0 {
			if to := p.of(text[:eq]); to != nil && *to == nil {
				v := text[eq+1 : n : n]
				if i := bytes.IndexAny(v, ",)"); i >= 0 {
					v = v[:i:i]
				}
				*to = v
			}
		}
		text = text[min(n+1, len(text)):]
	}
}

// received reads "host=192.0.2.42 port=53149".
func received(rest []byte, e *entry, ev *sdk.Event) {
	var p pairs
	p.read(rest)
	e.client(ev, message, p.host, p.port)
}

// client sets where a session comes from, by parts of the value of s: an address, a name, or a socket of the host itself.
func (e *entry) client(ev *sdk.Event, s slot, host, port []byte) {
	switch {
	case len(host) == 0, string(host) == "[local]":
		return
	case host[0]-'0' <= 9, bytes.IndexByte(host, ':') >= 0:
		ev.SetIP(ecs.SourceIP, host)
	default:
		e.setPart(ev, ecs.SourceDomain, s, host)
	}
	ev.SetPort(ecs.SourcePort, port)
}

// identity reads `identity="anna" method=scram-sha-256 (…)`.
func identity(rest []byte, e *entry, ev *sdk.Event) {
	var p pairs
	p.read(rest)
	e.setPart(ev, method, message, p.method)
	if len(e.v[user]) == 0 {
		e.setPart(ev, ecs.UserName, message, unquoted(p.identity))
	}
}

// authorizedPairs reads "user=app database=crm application_name=psql SSL enabled (protocol=TLSv1.3, cipher=…, bits=256)".
func authorizedPairs(rest []byte, e *entry, ev *sdk.Event) {
	var p pairs
	p.read(rest)
	e.setPart(ev, ecs.UserName, message, p.user)
	e.setPart(ev, databaseName, message, p.database)
	if len(e.v[application]) == 0 {
		_, name, _ := bytes.Cut(rest, []byte(" application_name=")) // it may have blanks
		for _, end := range [...]string{" SSL enabled (", " GSS ("} {
			if i := bytes.LastIndex(name, []byte(end)); i >= 0 {
				name = name[:i:i]
			}
		}
		e.setPart(ev, applicationName, message, name)
	}
	ev.Set(ecs.TLSVersion, bytes.TrimPrefix(p.protocol, []byte("TLSv")))
	ev.Set(ecs.TLSCipher, p.cipher)
}

// sessionTime reads "0:00:01.234 user=app database=crm host=192.0.2.42 port=53149".
func sessionTime(rest []byte, e *entry, ev *sdk.Event) {
	text, rest, _ := bytes.Cut(rest, []byte(" "))
	total, unit, ok := int64(0), int64(0), true
	for len(text) > 0 && ok {
		var part []byte
		part, text, _ = bytes.Cut(text, []byte(":"))
		unit, ok = decimal(part, 1e9)
		total = total*60 + unit
	}
	if ok {
		ev.SetInt(ecs.EventDuration, total)
	}
	var p pairs
	p.read(rest)
	e.setPart(ev, ecs.UserName, message, p.user)
	e.setPart(ev, databaseName, message, p.database)
	e.client(ev, message, p.host, p.port)
}
