package main

import (
	"bytes"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
)

// descriptor is what is wanted of a connect descriptor, such as
// (CONNECT_DATA=(SERVICE_NAME=crm)(CID=(PROGRAM=sqlplus)(HOST=web-01)(USER=anna))) and
// (ADDRESS=(PROTOCOL=tcp)(HOST=192.0.2.42)(PORT=53149)). Clients write the first: of several values of a key the first counts.
type descriptor struct {
	serviceName, sid, program, host, user, command, protocol, port []byte
}

// maxKeyword bounds the keys of a descriptor.
const maxKeyword = 16

// of is where the value of a key belongs, which is written in either case; nil if it is not wanted.
func (d *descriptor) of(key []byte) *[]byte {
	if len(key) > maxKeyword {
		return nil
	}
	var upper [maxKeyword]byte
	for i, c := range key {
		if c-'a' < 26 {
			c -= 'a' - 'A'
		}
		upper[i] = c
	}
	switch string(upper[:len(key)]) {
	case "SERVICE_NAME":
		return &d.serviceName
	case "SID":
		return &d.sid
	case "PROGRAM":
		return &d.program
	case "HOST":
		return &d.host
	case "USER":
		return &d.user
	case "COMMAND":
		return &d.command
	case "PROTOCOL":
		return &d.protocol
	case "PORT":
		return &d.port
	}
	return nil
}

// read takes the pairs (KEY=value) of b, whatever they are nested in.
func (d *descriptor) read(b []byte) {
	for i := 0; i < len(b); i++ {
		if b[i] != '(' {
			continue
		}
		from, eq := i+1, -1
		for i+1 < len(b) && b[i+1] != '(' && b[i+1] != ')' {
			if i++; b[i] == '=' && eq < 0 {
				eq = i
			}
		}
		if eq < 0 {
			continue
		}
		if to := d.of(b[from:eq]); to != nil && *to == nil {
			*to = b[eq+1 : i+1 : i+1]
		}
	}
}

// connection sets what a client asks for, and what it says of itself.
func (d *descriptor) connection(ev *sdk.Event) {
	if d.serviceName == nil {
		d.serviceName = d.sid
	}
	ev.Set(ecs.ServiceName, d.serviceName)
	ev.Set(clientProgram, d.program)
	ev.Set(ecs.SourceDomain, d.host)
	ev.Set(ecs.SourceUserName, d.user)
	ev.Set(command, d.command)
}

// client sets where a connection comes from.
func (d *descriptor) client(ev *sdk.Event) {
	ev.Set(ecs.NetworkTransport, d.protocol)
	switch h := d.host; {
	case len(h) == 0:
	case h[0]-'0' <= 9, bytes.IndexByte(h, ':') >= 0:
		ev.SetIP(ecs.SourceIP, h)
	default:
		ev.Set(ecs.SourceDomain, h)
	}
	ev.SetPort(ecs.SourcePort, d.port)
}

// hasFold reports whether b begins with key in any case.
func hasFold(b []byte, key string) bool {
	return len(b) >= len(key) && bytes.EqualFold(b[:len(key)], []byte(key))
}

var (
	clientProgram = ecs.New("oracle.client_program", ecs.Keyword, "Program that connects, as it says itself.")
	command       = ecs.New("oracle.listener.command", ecs.Keyword, "What an administrator had the listener do: status, stop, reload, ...")
)
