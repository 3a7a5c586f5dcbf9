package main

import (
	"bytes"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/keys"
)

// maxPrefix is how far behind the start of a message the packet begins: nf_log takes prefixes of 127 bytes.
const maxPrefix = 160

// packetAt returns where "IN=eth0 OUT= …" begins behind the prefix of a rule, -1 if text is no packet.
func packetAt(text []byte) int {
	head := text[:min(len(text), maxPrefix+64)]
	for from := 0; ; {
		i := bytes.Index(head[from:], []byte("IN="))
		if i < 0 {
			return -1
		}
		i += from
		if out := bytes.Index(head[i:], []byte(" OUT=")); (i == 0 || head[i-1] != '_') && out > 0 && bytes.IndexByte(head[i:i+out], ' ') < 0 {
			return i
		}
		from = i + 1
	}
}

// netfilter reads the prefix of a rule and the pairs of a packet.
func netfilter(prefix, b []byte, ev *sdk.Event) (*facts, error) {
	prefix = bytes.Trim(prefix, " :-[]")
	ev.Set(ecs.RuleName, prefix)
	behind, v6 := false, false
	for len(b) > 0 {
		var pair []byte
		pair, b = word(b)
		if len(pair) == 0 {
			continue
		}
		if pair[0] == '[' {
			break // the packet that an ICMP error is about
		}
		i := bytes.IndexByte(pair, '=')
		if i < 0 {
			ev.Set(packetFlags, pair)
			continue
		}
		v := pair[i+1:]
		switch string(pair[:i]) {
		case "IN":
			ev.Set(ecs.ObserverIngressInterfaceName, v)
		case "OUT":
			ev.Set(ecs.ObserverEgressInterfaceName, v)
		case "MAC":
			cards(v, ev)
		case "SRC":
			v6 = bytes.IndexByte(v, ':') >= 0
			ev.SetIP(ecs.SourceIP, v)
		case "DST":
			ev.SetIP(ecs.DestinationIP, v)
		case "LEN":
			if !behind { // UDP has a second one, of its own head
				ev.Set(ecs.NetworkBytes, v)
			}
		case "TTL", "HOPLIMIT":
			ev.Set(packetTTL, v)
		case "PROTO":
			behind = true
			ev.SetLower(ecs.NetworkTransport, v)
		case "SPT":
			ev.SetPort(ecs.SourcePort, v)
		case "DPT":
			ev.SetPort(ecs.DestinationPort, v)
		case "TYPE":
			ev.Set(icmpType, v)
		case "MARK":
			ev.Set(packetMark, v)
		case "UID":
			ev.Set(ecs.UserID, v)
		}
	}
	if v6 {
		ev.SetString(ecs.NetworkType, "ipv6")
	} else {
		ev.SetString(ecs.NetworkType, "ipv4")
	}
	if !behind {
		return verdict(prefix), errPacket
	}
	return verdict(prefix), nil
}

// cards reads the heads of an Ethernet frame: destination, source and type in one.
func cards(v []byte, ev *sdk.Event) {
	const one = len("00:00:5e:00:53:23")
	if len(v) < 2*one+1 {
		return
	}
	ev.SetMAC(ecs.DestinationMAC, v[:one:one])
	ev.SetMAC(ecs.SourceMAC, v[one+1:2*one+1:2*one+1])
}

// verdict is what a rule does, by the word that its prefix has for it as in "[UFW BLOCK]" or "FINAL_REJECT: "; the
// kernel itself does not say.
func verdict(prefix []byte) *facts {
	for from := 0; from < len(prefix); {
		to := from
		for to < len(prefix) && (prefix[to]|0x20)-'a' < 26 {
			to++
		}
		if f := verdicts.Get(prefix[from:to]); f != nil {
			return *f
		}
		from = to + 1
	}
	return &packetSeen
}

var verdicts = keys.NewFold(map[string]*facts{
	"drop": &packetDenied, "dropped": &packetDenied, "reject": &packetDenied, "rejected": &packetDenied, "deny": &packetDenied, "denied": &packetDenied,
	"block": &packetDenied, "blocked": &packetDenied,
	"accept": &packetAllowed, "accepted": &packetAllowed, "allow": &packetAllowed, "allowed": &packetAllowed, "pass": &packetAllowed,
})
