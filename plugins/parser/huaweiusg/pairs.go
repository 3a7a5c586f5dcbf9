package main

import (
	"bytes"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/template"
	"github.com/logcenter/logcenter/sdk/timestamp"
)

var (
	application = ecs.NetworkApplication
	command     = ecs.New("huaweiusg.command", ecs.Keyword, "Command that an administrator gave.")
	count       = ecs.New("huaweiusg.count", ecs.Long, "Packets or events that one line stands for.")
	description = ecs.New("huaweiusg.description", ecs.Keyword, "Words of the description that are not pairs.")
	ifState     = ecs.New("huaweiusg.state", ecs.Keyword, "What an interface changed to: UP or DOWN.")
	module      = ecs.New("huaweiusg.module", ecs.Keyword, "Part of the device that speaks, e.g. SECLOG, IPS, SHELL.")
	policy      = ecs.New("huaweiusg.policy", ecs.Keyword, "Security policy that the traffic matched; rule.name is of the signature in logs of attacks.")
	profile     = ecs.New("huaweiusg.profile", ecs.Keyword, "Security profile that decided, e.g. of intrusion prevention.")
	risk        = ecs.New("huaweiusg.severity", ecs.Keyword, "Severity of a signature, from information to high.")
	urlCategory = ecs.New("huaweiusg.url_category", ecs.Keyword, "Class of web site by the device's own list.")
	vsys        = ecs.New("huaweiusg.vsys", ecs.Keyword, "Virtual firewall inside the device, public if there is only one.")
)

// pair sets what a pair says. Modules spell keys in their own ways, which are all told by their lower-case letters.
func (r *record) pair(ev *sdk.Event, key, v []byte) {
	if string(v) == "--" || len(v) == 0 {
		return
	}
	var buf [24]byte
	if len(key) > len(buf) { // a sentence stands in front
		key = key[bytes.LastIndex(key, []byte(". "))+1:]
	}
	key = fold(buf[:0], key)
	switch string(key) {
	case "sourceip", "srcip", "sip", "sourceaddress":
		if !r.from { // a text that others chose may hold a second one
			r.from = true
			ev.SetIP(ecs.SourceIP, v)
		}
	case "destinationip", "dstip", "dip", "destinationaddress":
		if !r.to {
			r.to = true
			ev.SetIP(ecs.DestinationIP, v)
		}
	case "sourceport", "srcport", "sport":
		ev.SetPort(ecs.SourcePort, v)
	case "destinationport", "dstport", "dport":
		ev.SetPort(ecs.DestinationPort, v)
	case "sourcenatip", "srcnatip":
		translated(ev, ecs.SourceNATIP, v)
	case "sourcenatport", "srcnatport":
		translatedPort(ev, ecs.SourceNATPort, v)
	case "destinationnatip", "dstnatip":
		translated(ev, ecs.DestinationNATIP, v)
	case "destinationnatport", "dstnatport":
		translatedPort(ev, ecs.DestinationNATPort, v)
	case "protocol", "proto":
		transport(ev, v)
	case "sourcezone", "srczone":
		ev.Set(ecs.ObserverIngressZone, v)
	case "destinationzone", "dstzone":
		ev.Set(ecs.ObserverEgressZone, v)
	case "begintime":
		r.begin = v
	case "endtime":
		r.finish = v
	case "sendbytes":
		r.sent.set(ev, ecs.SourceBytes, v)
	case "rcvbytes":
		r.received.set(ev, ecs.DestinationBytes, v)
	case "sendpkts":
		r.outPackets.set(ev, ecs.SourcePackets, v)
	case "rcvpkts":
		r.inPacket.set(ev, ecs.DestinationPackets, v)
	case "policyname", "rulename", "policy":
		r.policy = v
	case "action":
		r.action = v
	case "vsys", "vsysname":
		ev.Set(vsys, v)
	case "application", "applicationname", "appname":
		ev.Set(application, v)
	case "user", "username":
		account(ev, v)
	default:
		r.inspected(ev, key, v)
	}
}

// inspected sets what logs of security profiles, of attacks and of administrators have.
func (r *record) inspected(ev *sdk.Event, key, v []byte) {
	switch string(key) {
	case "signname", "virusname", "attacktype", "domainname":
		r.signature = v
	case "signid", "virusid":
		r.signID = v
	case "category", "threattype":
		if r.rule.logType == attack {
			ev.Set(ecs.RuleCategory, v)
		} else {
			ev.Set(urlCategory, v)
		}
	case "severity":
		ev.Set(risk, v)
		ev.SetSeverity(v)
	case "profile":
		ev.Set(profile, v)
	case "eventnum", "totalpackets":
		ev.Set(count, v)
	case "src":
		r.from = true
		ev.SetIPPort(ecs.SourceIP, ecs.SourcePort, firstOf(v))
	case "dst":
		r.to = true
		ev.SetIPPort(ecs.DestinationIP, ecs.DestinationPort, firstOf(v))
	case "receiveinterface", "ininterface":
		ev.Set(ecs.ObserverIngressInterfaceName, v)
	case "outinterface":
		ev.Set(ecs.ObserverEgressInterfaceName, v)
	case "filename":
		ev.Set(ecs.FileName, v)
	case "hash", "filehash":
		if len(v) == 64 {
			ev.Set(ecs.FileHashSHA256, v)
		} else if len(v) == 32 {
			ev.Set(ecs.FileHashMD5, v)
		}
	case "host":
		r.host = v
	case "page", "url", "path":
		r.page = v
	case "referer":
		ev.Set(ecs.HTTPRequestReferrer, v)
	case "reference":
		cve(ev, v)
	case "ip", "ipaddress", "userip", "remoteip":
		ev.SetIP(ecs.SourceIP, v)
	case "mac":
		ev.SetMAC(ecs.SourceMAC, v)
	case "command":
		r.command = true
		ev.Set(command, v)
	case "reason", "closereason", "failedreason", "failurecause":
		ev.Set(ecs.EventReason, v)
	case "result":
		r.result = v
	}
}

// firstOf is the first of addresses with blanks between them.
func firstOf(v []byte) []byte {
	if i := bytes.IndexByte(v, ' '); i > 0 {
		return v[:i:i]
	}
	return v
}

// cve sets the first CVE of a list of references.
func cve(ev *sdk.Event, v []byte) {
	if i := bytes.Index(v, []byte("CVE-")); i >= 0 {
		n := i + 4
		for n < len(v) && (v[n]-'0' <= 9 || v[n] == '-') {
			n++
		}
		ev.Set(ecs.VulnerabilityID, v[i:n])
	}
}

// fold appends the letters of a key in lower case: source-ip, SourceIP and "source IP" are one.
func fold(dst, key []byte) []byte {
	for _, c := range key {
		switch {
		case c-'A' <= 'Z'-'A':
			c |= 0x20
		case c == '-' || c == '_' || c == ' ':
			continue
		}
		if len(dst) == cap(dst) {
			return dst
		}
		dst = append(dst, c)
	}
	return dst
}

// times sets start, end and duration of a session; seconds since 1970 in session logs, a date in logs of attacks.
func (r *record) times(ev *sdk.Event, p parser) {
	r.time(ev, p, ecs.EventStart, r.begin)
	r.time(ev, p, ecs.EventEnd, r.finish)
	from, ok := digits(r.begin)
	to, too := digits(r.finish)
	if ok && too && to >= from {
		ev.SetInt(ecs.EventDuration, (to-from)*1e9)
	}
}

func (r *record) time(ev *sdk.Event, p parser, f ecs.Field, v []byte) {
	switch {
	case len(v) == 10 && v[4] != '-':
		ev.SetTimeField(f, timestamp.Unix, nil, v)
	case len(v) > 4 && v[4] == '/':
		ev.SetTimeField(f, "2006/1/2 15:04:05", p.zone, v)
	case len(v) > 0:
		ev.SetTimeField(f, "2006-1-2 15:04:05", p.zone, v)
	}
}

// digits reads seconds since 1970.
func digits(v []byte) (n int64, ok bool) {
	for _, c := range v {
		if c-'0' > 9 {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	return n, len(v) == 10
}

// tally is a number of bytes or packets in one direction.
type tally struct {
	n    int64
	have bool
}

func (t *tally) set(ev *sdk.Event, f ecs.Field, v []byte) {
	t.n, t.have = 0, len(v) <= 18
	for _, c := range v {
		t.have = t.have && c-'0' <= 9
		t.n = t.n*10 + int64(c&15)
	}
	if !t.have {
		ev.Bad(f, "not a whole number")
		return
	}
	ev.SetInt(f, t.n)
}

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

// transport sets the name of an IP protocol in lower case; policies write its number.
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
	default:
		ev.SetDecoded(ecs.NetworkTransport, v, appendLower)
	}
}

// account sets a user. The device writes unknown and stars for whom it does not know or show.
func account(ev *sdk.Event, v []byte) {
	switch {
	case string(v) == "unknown", string(v) == "N/A", v[0] == '*':
	default:
		ev.SetAccount(ecs.UserName, ecs.UserDomain, v)
	}
}

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
		r.from, r.to = true, true
		transport(ev, v)
		ev.SetIPPort(ecs.SourceIP, ecs.SourcePort, m.Get("from"))
		ev.SetIPPort(ecs.DestinationIP, ecs.DestinationPort, m.Get("to"))
		ev.Set(ecs.ObserverIngressZone, m.Get("zone"))
		ev.Set(ecs.ObserverEgressZone, m.Get("zone2"))
	}
	if v := m.Get("user"); len(v) > 0 {
		account(ev, v)
	}
	ev.SetIP(ecs.SourceIP, m.Get("ip"))
	ev.Set(ecs.ObserverIngressInterfaceName, m.Get("port"))
	ev.Set(ifState, bytes.TrimRight(m.Get("state"), "."))
	ev.Set(description, b)
	return true
}
