package main

import (
	"bytes"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/netaddr"
)

// connection is what a message says of both ends of a connection: a is the one that the text has first.
type connection struct {
	a, b     end
	outbound bool // a is the responder: the text has the end at the interface of lower security first
	portless bool // of a protocol without ports: they are type and code
	// unordered says that the text has the ends in the order of their interfaces, whoever opened the connection.
	unordered bool
	named     bool // the user is set: of two ends the first that has one
}

type end struct{ iface, ip, port, natIP, natPort []byte }

// set sets source, which opened the connection, and destination.
func (c *connection) set(ev *sdk.Event) {
	from, to := &c.a, &c.b
	if c.outbound || c.unordered && c.reversed() {
		from, to = to, from
	}
	ev.Set(ecs.ObserverIngressInterfaceName, from.iface)
	ev.Set(ecs.ObserverEgressInterfaceName, to.iface)
	c.address(ev, ecs.SourceIP, ecs.SourceAddress, ecs.SourceDomain, from.ip)
	c.address(ev, ecs.DestinationIP, ecs.DestinationAddress, ecs.DestinationDomain, to.ip)
	if !c.portless {
		c.port(ev, ecs.SourcePort, ecs.SourceDomain, from.port)
		c.port(ev, ecs.DestinationPort, ecs.DestinationDomain, to.port)
	}
	if !bytes.Equal(from.ip, from.natIP) || !bytes.Equal(from.port, from.natPort) {
		ev.SetIP(ecs.SourceNATIP, from.natIP)
		ev.SetPort(ecs.SourceNATPort, from.natPort)
	}
	if !bytes.Equal(to.ip, to.natIP) || !bytes.Equal(to.port, to.natPort) {
		ev.SetIP(ecs.DestinationNATIP, to.natIP)
		ev.SetPort(ecs.DestinationNATPort, to.natPort)
	}
}

// reversed guesses that b opened the connection: services have ports below 1024, and who pings has an identifier in
// the place of the port.
func (c *connection) reversed() bool {
	if c.portless {
		return string(c.a.port) == "0" && string(c.b.port) != "0"
	}
	return wellKnown(c.a.port) && !wellKnown(c.b.port)
}

func wellKnown(port []byte) bool {
	number, _ := bracketed(port)
	n, ok := netaddr.Port(number)
	return ok && n < 1024
}

// address sets an IP address, or the name that the device was told to write for it.
func (c *connection) address(ev *sdk.Event, ip, name, domain ecs.Field, v []byte) {
	if a, ok := netaddr.ParseAddr(v); ok {
		ev.SetAddr(ip, a)
		return
	}
	v, user := bracketed(v)
	if i := bytes.IndexByte(v, '@'); i > 0 {
		v, user = v[i+1:], v[:i:i]
		c.account(ev, user)
	} else {
		c.identity(ev, domain, user)
	}
	if a, ok := netaddr.ParseAddr(v); ok {
		ev.SetAddr(ip, a)
		return
	}
	ev.Set(name, v)
}

// port sets a port, or the protocol where the device writes its name: 192.0.2.1/ssh. A user may stand behind:
// 51514(CORP\li).
func (c *connection) port(ev *sdk.Event, f, domain ecs.Field, v []byte) {
	if n, ok := netaddr.Port(v); ok {
		ev.SetInt(f, int64(n))
		return
	}
	v, user := bracketed(v)
	c.identity(ev, domain, user)
	if len(v) > 0 && (v[0]|0x20)-'a' < 26 {
		ev.Set(ecs.NetworkProtocol, v)
		return
	}
	ev.SetPort(f, v)
}

// bracketed splits 51514(CORP\li) into what stands in front of the bracket and what is in it; before 8.4 the user
// stood behind a blank.
func bracketed(v []byte) (front, user []byte) {
	if n := len(v); n > 0 && v[n-1] == ')' {
		if i := bytes.IndexByte(v, '('); i > 0 {
			return v[:i:i], v[i+1 : n-1 : n-1]
		}
	}
	if i := bytes.IndexByte(v, ' '); i > 0 {
		return v[:i:i], v[i+1:]
	}
	return v, nil
}

// split splits 192.0.2.1/443(CORP\li), 192.0.2.1:500 and 192.0.2.1 into address and port, which keeps the user.
func split(v []byte) (ip, port []byte) {
	if i := bytes.IndexByte(v, '/'); i >= 0 && bytes.IndexByte(v[:i], '(') < 0 {
		return v[:i:i], v[i+1:]
	}
	return netaddr.SplitHostPort(v)
}

// account sets a user, without the brackets and blanks around. The device writes stars for what it hides.
func account(ev *sdk.Event, v []byte) (ok bool) {
	v = bytes.TrimSpace(v)
	if n := len(v); n > 1 && v[0] == '(' && v[n-1] == ')' {
		v = v[1 : n-1]
	}
	switch {
	case len(v) == 0, v[0] == '*', string(v) == "N/A", string(v) == "Unknown":
		return false
	}
	ev.SetAccount(ecs.UserName, ecs.UserDomain, v)
	return true
}

// account sets the user of an end, unless the other end has set one.
func (c *connection) account(ev *sdk.Event, v []byte) {
	if !c.named && len(v) > 0 {
		c.named = account(ev, v)
	}
}

// identity sets what stands in brackets behind an end: a user with a domain in front, or the full name of the host; the tag of
// TrustSec may follow (message 106023).
func (c *connection) identity(ev *sdk.Event, domain ecs.Field, v []byte) {
	v, _, _ = bytes.Cut(v, []byte(", "))
	if bytes.IndexByte(v, '.') > 0 && bytes.IndexByte(v, '\\') < 0 && bytes.IndexByte(v, '@') < 0 {
		ev.Set(domain, v)
		return
	}
	c.account(ev, v)
}

// icmpNumbers sets type and code from "type 3, code 0", "type=8, code=0" or "8".
func icmpNumbers(ev *sdk.Event, v []byte) {
	fields := [...]ecs.Field{icmpType, icmpCode}
	n := 0
	for i := 0; i < len(v) && n < len(fields); i++ {
		end := i
		for end < len(v) && v[end]-'0' <= 9 {
			end++
		}
		if end > i {
			ev.Set(fields[n], v[i:end])
			n++
			i = end
		}
	}
}

// transport sets the protocol below the application's. "protocol 50" is one without a name.
func transport(ev *sdk.Event, v []byte) {
	v = bytes.TrimPrefix(v, []byte("protocol "))
	if string(v) == "FTP" {
		ev.SetString(ecs.NetworkProtocol, "ftp")
		v = []byte("tcp")
	}
	ev.SetTransport(v)
}

// ending sets why a connection was torn down, and the user behind: "TCP FINs (li)". "from" and an interface may
// follow the reason.
func (c *connection) ending(ev *sdk.Event, v []byte) {
	v = bytes.TrimSpace(v)
	if n := len(v); n > 0 && v[n-1] == ')' {
		if i := bytes.LastIndexByte(v, '('); i >= 0 {
			c.account(ev, v[i+1:n-1])
			v = bytes.TrimSpace(v[:i])
		}
	}
	ev.Set(ecs.EventReason, v)
}

// duration sets event.duration from 0:01:13, 1h:02m:03s, 2d 3h:04m:05s or seconds.
func duration(ev *sdk.Event, v []byte) {
	total, n, digits, parts := int64(0), int64(0), 0, 0
	for _, c := range v {
		unit := int64(0)
		switch {
		case c-'0' <= 9 && digits < 9:
			n, digits = n*10+int64(c-'0'), digits+1
			continue
		case c == 'd':
			unit = 24 * 3600
		case c == 'h':
			unit = 3600
		case c == 'm':
			unit = 60
		case c == 's':
			unit = 1
		case c == ':' && digits > 0: // hours or minutes, as minutes or seconds follow
			total, n, digits, parts = total*60+n, 0, 0, parts+1
			continue
		case c == ':' || c == ' ':
			continue
		default:
			ev.Bad(ecs.EventDuration, "not a duration such as 0:01:13")
			return
		}
		total, n, digits = total+n*unit, 0, 0
	}
	switch {
	case digits == 0:
	case parts > 0:
		total = total*60 + n
	default:
		total += n
	}
	if len(v) > 0 {
		ev.SetInt(ecs.EventDuration, total*1e9)
	}
}
