package main

import (
	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/kv"
)

// pair sets what a pair of any log says, the most frequent ones first. Keys that are not known stay in the line
// only.
func (r *record) pair(ev *sdk.Event, it *kv.Iter) {
	v := it.Value()
	if len(v) == len("N/A") && string(v) == "N/A" {
		return
	}
	switch string(it.Key()) {
	case "date":
		first(&r.date, v)
	case "time":
		first(&r.clock, v)
	case "eventtime":
		first(&r.epoch, v)
	case "tz":
		first(&r.zone, v)
	case "type":
		first(&r.kind, v)
	case "subtype":
		first(&r.subtype, v)
	case "level":
		first(&r.level, v)
	case "logid":
		ev.Set(ecs.EventCode, v)
	case "devname":
		ev.Set(ecs.HostName, v)
		ev.Set(ecs.ObserverName, v)
	case "devid":
		ev.Set(ecs.ObserverSerialNumber, v)
	case "vd":
		ev.Set(virtualDomain, v)
	case "eventtype":
		ev.Set(eventType, v)
	case "srcip", "src":
		if !r.from {
			ev.SetIP(ecs.SourceIP, v)
			r.from = len(v) > 0
		}
	case "srcport":
		ev.SetPort(ecs.SourcePort, v)
	case "dstip", "dst":
		if !r.to {
			ev.SetIP(ecs.DestinationIP, v)
			r.to = len(v) > 0
		}
	case "dstport":
		ev.SetPort(ecs.DestinationPort, v)
	case "srcintf":
		ev.Set(ecs.ObserverIngressInterfaceName, v)
	case "dstintf":
		ev.Set(ecs.ObserverEgressInterfaceName, v)
	case "proto":
		transport(ev, v)
	case "action":
		first(&r.action, v)
	case "service":
		service(ev, v)
	case "policyid":
		first(&r.policyID, v)
	case "policyname":
		first(&r.policyName, v)
	case "sessionid":
		ev.Set(sessionID, v)
	case "duration":
		seconds(ev, v)
	case "msg":
		text(ev, messageText, it)
	default:
		if !r.traffic(ev, it) && !r.security(ev, it) {
			r.event(ev, it)
		}
	}
}

// first keeps the first value of a key. What the device says of itself stands in front of texts that others chose,
// such as URLs: should one of them get out of its quotes, it changes none of that.
func first(kept *[]byte, v []byte) {
	if len(*kept) == 0 {
		*kept = v
	}
}

// traffic sets the pairs of logs of traffic. It is false for others.
func (r *record) traffic(ev *sdk.Event, it *kv.Iter) bool {
	switch v := it.Value(); string(it.Key()) {
	case "srccountry":
		country(ev, ecs.SourceGeoCountryName, v)
	case "dstcountry":
		country(ev, ecs.DestinationGeoCountryName, v)
	case "sentbyte":
		r.sent.set(ev, ecs.SourceBytes, v)
	case "rcvdbyte":
		r.received.set(ev, ecs.DestinationBytes, v)
	case "sentpkt":
		r.out.set(ev, ecs.SourcePackets, v)
	case "rcvdpkt":
		r.in.set(ev, ecs.DestinationPackets, v)
	case "trandisp":
		ev.Set(translation, v)
	case "transip":
		translated(ev, ecs.SourceNATIP, v)
	case "transport":
		translatedPort(ev, ecs.SourceNATPort, v)
	case "tranip":
		translated(ev, ecs.DestinationNATIP, v)
	case "tranport":
		translatedPort(ev, ecs.DestinationNATPort, v)
	case "srczone":
		ev.Set(ecs.ObserverIngressZone, v)
	case "dstzone":
		ev.Set(ecs.ObserverEgressZone, v)
	case "srcmac":
		ev.SetMAC(ecs.SourceMAC, v)
	case "dstmac":
		ev.SetMAC(ecs.DestinationMAC, v)
	case "srcname":
		ev.Set(ecs.SourceDomain, v)
	case "dstname":
		ev.Set(ecs.DestinationDomain, v)
	case "policytype":
		ev.Set(ecs.RuleRuleset, v)
	case "app":
		ev.Set(application, v)
	case "appid":
		ev.Set(appID, v)
	case "appcat":
		ev.Set(appCategory, v)
	case "apprisk":
		ev.Set(appRisk, v)
	case "utmaction":
		ev.Set(utmAction, v)
	case "crscore":
		ev.Set(ecs.EventRiskScore, v)
	case "crlevel":
		ev.Set(threatLevel, v)
	default:
		return false
	}
	return true
}

// tally is a number of bytes or packets in one direction.
type tally struct {
	n    int64
	have bool
}

func (t *tally) set(ev *sdk.Event, f ecs.Field, v []byte) {
	t.n, t.have = digits(v, 18)
	switch {
	case t.have:
		ev.SetInt(f, t.n)
	case len(v) > 0:
		ev.Bad(f, "not a whole number")
	}
}

func digits(v []byte, most int) (n int64, ok bool) {
	if len(v) == 0 || len(v) > most {
		return 0, false
	}
	for _, c := range v {
		if c-'0' > 9 {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	return n, true
}

// seconds sets event.duration, which is in nanoseconds.
func seconds(ev *sdk.Event, v []byte) {
	n, ok := digits(v, 9)
	switch {
	case ok:
		ev.SetInt(ecs.EventDuration, n*1e9)
	case len(v) > 0:
		ev.Bad(ecs.EventDuration, "not a number of seconds below 1,000,000,000")
	}
}

// country passes over what the device writes for private addresses.
func country(ev *sdk.Event, f ecs.Field, v []byte) {
	if string(v) != "Reserved" {
		ev.Set(f, v)
	}
}

// translated passes over the address that stands for none.
func translated(ev *sdk.Event, f ecs.Field, v []byte) {
	if string(v) != "0.0.0.0" && string(v) != "::" {
		ev.SetIP(f, v)
	}
}

func translatedPort(ev *sdk.Event, f ecs.Field, v []byte) {
	if string(v) != "0" {
		ev.SetPort(f, v)
	}
}

// transport sets the name of an IP protocol, or its number where few know the name.
func transport(ev *sdk.Event, v []byte) {
	switch string(v) {
	case "6":
		ev.SetString(ecs.NetworkTransport, "tcp")
	case "17":
		ev.SetString(ecs.NetworkTransport, "udp")
	case "1":
		ev.SetString(ecs.NetworkTransport, "icmp")
	case "58":
		ev.SetString(ecs.NetworkTransport, "ipv6-icmp")
	case "47":
		ev.SetString(ecs.NetworkTransport, "gre")
	case "50":
		ev.SetString(ecs.NetworkTransport, "esp")
	case "51":
		ev.SetString(ecs.NetworkTransport, "ah")
	case "132":
		ev.SetString(ecs.NetworkTransport, "sctp")
	default:
		ev.Set(ecs.NetworkTransport, v)
	}
}

// service sets the protocol of an application in lower case. Of a port without a name, "tcp/8443", the port and
// the transport say more.
func service(ev *sdk.Event, v []byte) {
	for _, c := range v {
		if c == '/' {
			return
		}
	}
	ev.SetDecoded(ecs.NetworkProtocol, v, appendLower)
}

func appendLower(dst, v []byte) []byte {
	for _, c := range v {
		if c-'A' <= 'Z'-'A' {
			c |= 0x20
		}
		dst = append(dst, c)
	}
	return dst
}
