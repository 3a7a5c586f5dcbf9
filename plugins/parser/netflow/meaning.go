package main

import (
	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/netaddr"
	"github.com/logcenter/logcenter/sdk/number"
)

// transport sets the protocol from its number or name.
func transport(ev *sdk.Event, v []byte) {
	n, ok := number.Uint(v, 3)
	if !ok {
		ev.SetTransport(v)
		return
	}
	ev.Set(ianaNumber, v)
	ev.SetString(ecs.NetworkTransport, netaddr.Protocol(int(n)))
}

// tcp sets the flags, which may be hexadecimal.
func tcp(ev *sdk.Event, v []byte) {
	if len(v) < 3 || v[0] != '0' || v[1]|0x20 != 'x' {
		ev.Set(tcpFlags, v)
		return
	}
	n := int64(0)
	for _, c := range v[2:] {
		switch {
		case n > 0xffff:
			n = -1
		case c-'0' <= 9:
			n = n<<4 | int64(c-'0')
		case (c|0x20)-'a' <= 'f'-'a':
			n = n<<4 | int64((c|0x20)-'a'+10)
		default:
			n = -1
		}
		if n < 0 {
			ev.Bad(tcpFlags, "not a number")
			return
		}
	}
	ev.SetInt(tcpFlags, n)
}

func way(ev *sdk.Event, v []byte) {
	switch string(v) {
	case "0", "ingress":
		ev.SetString(ecs.NetworkDirection, "inbound")
	case "1", "egress":
		ev.SetString(ecs.NetworkDirection, "outbound")
	default:
		ev.SetString(ecs.NetworkDirection, "unknown")
	}
}

// network sets the network layer from the type of Ethernet or the version of IP.
func (r *record) network(v []byte) {
	kind := ""
	switch string(v) {
	case "IPv4", "2048", "0x800", "0x0800", "800", "4":
		kind = "ipv4"
	case "IPv6", "34525", "0x86dd", "86dd", "6":
		kind = "ipv6"
	case "ARP", "2054", "0x806":
		kind = "arp"
	case "MPLS", "34887", "0x8847":
		kind = "mpls"
	default:
		return
	}
	r.typed = true
	r.ev.SetString(ecs.NetworkType, kind)
}

// firewall takes IANA's firewallEvent.
func (r *record) firewall(v []byte) {
	switch string(v) {
	case "1":
		r.action = "flow-created"
		r.passed = true
	case "2":
		r.action = "flow-deleted"
	case "3":
		r.action = "flow-denied"
		r.denied = true
	case "4":
		r.action = "flow-alert"
	case "5":
		r.action = "flow-update"
	}
}

// forwarded takes IANA's forwardingStatus, whose upper two bits say whether packets were passed on. Small numbers are
// the two bits alone.
func (r *record) forwarded(v []byte) {
	n, ok := number.Uint(v, 3)
	if !ok || n > 255 {
		r.ev.Bad(forwardStatus, "not a number from 0 to 255")
		return
	}
	r.ev.SetInt(forwardStatus, n)
	if n > 3 {
		n >>= 6
	}
	switch n {
	case 1:
		r.passed = true
	case 2:
		r.denied = true
	}
}

// reasons are those of IANA's flowEndReason.
var reasons = [...]string{
	1: "idle timeout", 2: "active timeout", 3: "end of flow detected", 4: "forced end", 5: "lack of resources",
}
