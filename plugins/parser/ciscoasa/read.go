package main

import (
	"bytes"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/netaddr"
	"github.com/logcenter/logcenter/sdk/template"
)

var (
	assignedIP   = ecs.New("ciscoasa.assigned_ip", ecs.IP, "Address that a user of the VPN was given.")
	client       = ecs.New("ciscoasa.client", ecs.Keyword, "What an administrator used: CLI, ASDM, N/A.")
	commandLine  = ecs.New("ciscoasa.command", ecs.Keyword, "Command that an administrator gave.")
	connectionID = ecs.New("ciscoasa.connection.id", ecs.Keyword, "Number of the connection, which its first and last message share.")
	hitCount     = ecs.New("ciscoasa.count", ecs.Long, "Packets or hits that one message stands for.")
	flags        = ecs.New("ciscoasa.tcp_flags", ecs.Keyword, "Flags of the TCP packet that was refused, e.g. SYN ACK.")
	existingMAC  = ecs.New("ciscoasa.existing_mac", ecs.Keyword, "MAC address that the device had for the address before.")
	icmpCode     = ecs.New("ciscoasa.icmp_code", ecs.Long, "Code of an ICMP packet, which refines its type.")
	icmpType     = ecs.New("ciscoasa.icmp_type", ecs.Long, "Kind of an ICMP packet, e.g. 8 for an echo request.")
	listName     = ecs.New("ciscoasa.list", ecs.Keyword, "List of the Dynamic Filter that an address is on: blacklisted, greylisted, whitelisted.")
	spi          = ecs.New("ciscoasa.spi", ecs.Keyword, "Security parameter index of an IPsec association, hexadecimal.")
	threatLevel  = ecs.New("ciscoasa.threat_level", ecs.Keyword, "How dangerous the Dynamic Filter holds an address to be: very-low to very-high.")
	icmp         = ecs.New("ciscoasa.icmp", ecs.Keyword, "Type and code of an ICMP packet, as the message has them.")
	lineState    = ecs.New("ciscoasa.state", ecs.Keyword, "What a line changed to: up or down.")
	privilegeTo  = ecs.New("ciscoasa.privilege.new", ecs.Long, "Privilege level that a user has now, 0 to 15.")
	privilegeWas = ecs.New("ciscoasa.privilege.old", ecs.Long, "Privilege level that a user had before, 0 to 15.")
	server       = ecs.New("ciscoasa.server", ecs.Keyword, "Server of users that was asked, e.g. of RADIUS.")
	sessionType  = ecs.New("ciscoasa.session_type", ecs.Keyword, "Kind of VPN session, e.g. AnyConnect-Parent, LAN-to-LAN.")
	text         = ecs.New("ciscoasa.text", ecs.Keyword, "Text of a message that is not taken to pieces.")
	translation  = ecs.New("ciscoasa.translation", ecs.Keyword, "Whether a translation is static or dynamic.")
)

// kind is what a gap of a pattern holds.
type kind uint8

const (
	kNone kind = iota
	kAEnd
	kAgent
	kCipher
	kAIface
	kAIP
	kAMAC
	kANAT
	kAPort
	kAUser
	kBEnd
	kBIface
	kBMAC
	kCategory
	kICMPCode
	kICMPType
	kListed
	kSPI
	kThreat
	kBIP
	kBNAT
	kBPort
	kBUser
	kACL
	kAssigned
	kBytes
	kClient
	kCommand
	kConnection
	kCount
	kDirection
	kDuration
	kEnd
	kFile
	kFlags
	kFrom
	kGIP
	kGroup
	kICMP
	kICMP6
	kNATIP
	kNATPort
	kProto
	kRcv
	kReason
	kRule
	kRuleID
	kServer
	kSession
	kState
	kText
	kTLS
	kTo
	kTranslation
	kURL
	kUser
	kXmt
)

var names = map[string]kind{
	"aend": kAEnd, "agent": kAgent, "cipher": kCipher, "aif": kAIface, "aip": kAIP, "amac": kAMAC, "anat": kANAT, "aport": kAPort, "auser": kAUser,
	"bend": kBEnd, "bmac": kBMAC, "category": kCategory, "icode": kICMPCode, "itype": kICMPType, "listed": kListed, "spi": kSPI, "threat": kThreat,
	"bif": kBIface, "bip": kBIP, "bnat": kBNAT, "bport": kBPort, "buser": kBUser,
	"acl": kACL, "assigned": kAssigned, "bytes": kBytes, "client": kClient, "command": kCommand,
	"connection": kConnection, "count": kCount, "direction": kDirection, "duration": kDuration, "end": kEnd,
	"file": kFile, "flags": kFlags, "from": kFrom, "gip": kGIP, "group": kGroup, "icmp": kICMP, "icmp6": kICMP6, "natip": kNATIP,
	"natport": kNATPort, "proto": kProto, "rcv": kRcv, "reason": kReason, "rule": kRule, "ruleid": kRuleID,
	"server": kServer, "session": kSession, "state": kState, "text": kText, "tls": kTLS, "to": kTo,
	"translation": kTranslation, "url": kURL, "user": kUser, "xmt": kXmt,
}

var anyKinds = kindsOf(anyID)

// kindsOf are what the gaps of each pattern hold.
func kindsOf(s *template.Set) [][]kind {
	out := make([][]kind, s.Len())
	for i := range out {
		for _, name := range s.Template(i).Names() {
			k, ok := names[name]
			if !ok {
				panic("ciscoasa: no kind is named " + name)
			}
			out[i] = append(out[i], k)
		}
	}
	return out
}

// message reads the text behind an id.
func message(ev *sdk.Event, h *head) error {
	known := byID.Get(h.id)
	if known != nil {
		if m, err := known.set.Match(h.text); err == nil {
			meaning := known.meanings[m.Pattern()]
			meaning.set(ev)
			c := connection{unordered: meaning == &closed}
			for i, k := range known.kinds[m.Pattern()] {
				c.take(ev, k, m.At(i))
			}
			c.outbound = c.outbound && meaning == &opened // of a tunnel it is something else
			c.set(ev)
			return nil
		}
	}
	class(h.id).set(ev)
	if m, err := anyID.Match(h.text); err == nil {
		var c connection
		for i, k := range anyKinds[m.Pattern()] {
			c.take(ev, k, m.At(i))
		}
		c.set(ev)
		return nil
	}
	ev.Set(text, bytes.TrimSpace(h.text))
	ev.Set(ecs.EventReason, bytes.TrimSpace(h.text))
	if known != nil {
		return errText
	}
	return nil
}

// take sets what a gap holds, or keeps it until both ends are known.
func (c *connection) take(ev *sdk.Event, k kind, v []byte) {
	if n := len(v); n > 0 && (v[0] <= ' ' || v[n-1] <= ' ') {
		v = bytes.TrimSpace(v)
	}
	switch k {
	case kAIface:
		c.a.iface = v
	case kAIP:
		c.a.ip = v
	case kAPort:
		c.a.port = v
	case kAEnd:
		c.a.ip, c.a.port = split(v)
	case kANAT:
		c.a.natIP, c.a.natPort = netaddr.SplitHostPort(v)
	case kAUser, kBUser:
		if len(v) > 0 && v[0] == '(' { // else it is what a relay put behind
			c.account(ev, v)
		}
	case kBIface:
		c.b.iface = v
	case kBIP:
		c.b.ip = v
	case kBPort:
		c.b.port = v
	case kBEnd:
		c.b.ip, c.b.port = split(v)
	case kBNAT:
		c.b.natIP, c.b.natPort = netaddr.SplitHostPort(v)
	case kGIP:
		c.b.natIP = v
	case kNATIP:
		c.a.natIP = v
	case kNATPort:
		c.a.natPort = v
	case kDirection:
		c.outbound = string(v) == "outbound"
		ev.SetLower(ecs.NetworkDirection, v)
	case kProto:
		c.portless = len(v) >= 4 && bytes.EqualFold(v[:4], []byte("icmp"))
		transport(ev, v)
	case kConnection:
		ev.Set(connectionID, v)
	case kDuration:
		duration(ev, v)
	case kBytes:
		ev.Set(ecs.NetworkBytes, v)
	case kEnd:
		c.ending(ev, v)
	default:
		rest(ev, k, v)
	}
}

// plain are the gaps that are a field as they stand.
var plain = [...]ecs.Field{
	kACL:         ecs.RuleName,
	kAgent:       ecs.UserAgentOriginal,
	kCipher:      ecs.TLSCipher,
	kCategory:    ecs.RuleCategory,
	kICMPCode:    icmpCode,
	kICMPType:    icmpType,
	kListed:      listName,
	kSPI:         spi,
	kThreat:      threatLevel,
	kClient:      client,
	kCommand:     commandLine,
	kCount:       hitCount,
	kFile:        ecs.FileName,
	kFlags:       flags,
	kFrom:        privilegeWas,
	kGroup:       ecs.UserGroupName,
	kRcv:         ecs.SourceBytes,
	kXmt:         ecs.DestinationBytes,
	kReason:      ecs.EventReason,
	kRule:        ecs.RuleName,
	kRuleID:      ecs.RuleID,
	kServer:      server,
	kSession:     sessionType,
	kState:       lineState,
	kTo:          privilegeTo,
	kTranslation: translation,
}

// rest sets what does not depend on anything else.
func rest(ev *sdk.Event, k kind, v []byte) {
	if int(k) < len(plain) && plain[k] != 0 {
		ev.Set(plain[k], v)
		return
	}
	switch k {
	case kText:
		ev.Set(text, v)
		ev.Set(ecs.EventReason, v)
	case kBMAC:
		ev.SetMAC(existingMAC, v)
	case kAMAC:
		if netaddr.MACLen(v) == len(v) { // else it is the identity that a client of DHCP chose
			ev.SetMAC(ecs.SourceMAC, v)
		}
	case kAssigned:
		ev.SetIP(assignedIP, v)
	case kICMP:
		ev.Set(icmp, v)
		icmpNumbers(ev, v)
		ev.SetString(ecs.NetworkTransport, "icmp")
	case kICMP6:
		ev.Set(icmp, v)
		icmpNumbers(ev, v)
		ev.SetString(ecs.NetworkTransport, "ipv6-icmp")
	case kTLS:
		tlsVersion(ev, v)
	case kURL:
		ev.SetURL(v)
	case kUser:
		account(ev, v)
	}
}

// tlsVersion sets the version of TLS; what is SSL has none.
func tlsVersion(ev *sdk.Event, v []byte) {
	if version, ok := bytes.CutPrefix(v, []byte("TLSv")); ok {
		ev.Set(ecs.TLSVersion, version)
	}
}
