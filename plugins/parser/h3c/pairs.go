package main

import (
	"bytes"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/template"
)

var (
	application   = ecs.NetworkApplication
	command       = ecs.New("h3c.command", ecs.Keyword, "Command that an administrator gave.")
	commandSource = ecs.New("h3c.command_source", ecs.Keyword, "What changed the configuration: cli, snmp or other.")
	context       = ecs.New("h3c.context", ecs.Keyword, "Number of the virtual device that speaks.")
	count         = ecs.New("h3c.count", ecs.Long, "Packets or attempts that one line stands for.")
	description   = ecs.New("h3c.description", ecs.Keyword, "Text of a description that is not pairs.")
	icmp          = ecs.New("h3c.icmp_type", ecs.Keyword, "Type of an ICMP packet, e.g. ECHO(8).")
	ifState       = ecs.New("h3c.state", ecs.Keyword, "What an interface changed to: up or down.")
	line          = ecs.New("h3c.line", ecs.Keyword, "Line by which an administrator came in, e.g. vty0.")
	module        = ecs.New("h3c.module", ecs.Keyword, "Part of the device that speaks, e.g. FILTER, IPS, SHELL.")
	policy        = ecs.New("h3c.policy", ecs.Keyword, "Policy that decided; rule.name is of the signature in logs of attacks.")
	realSource    = ecs.New("h3c.real_source", ecs.Keyword, "Addresses of the clients that a proxy in front says it serves.")
	risk          = ecs.New("h3c.severity", ecs.Keyword, "Severity of a signature, from low to critical.")
	slot          = ecs.New("h3c.slot", ecs.Keyword, "Card of the device that speaks.")
	urlCategory   = ecs.New("h3c.url_category", ecs.Keyword, "Class of web site by the device's own list.")
)

// pair sets what a pair says. -- is none.
func (r *record) pair(ev *sdk.Event, p parser, key, v []byte) {
	if len(v) == 0 || string(v) == "--" {
		return
	}
	switch string(key) {
	case "protocol", "prottype":
		if i := bytes.IndexByte(v, '('); i > 0 { // TCP(6)
			v = v[:i]
		}
		ev.SetDecoded(ecs.NetworkTransport, v, appendLower)
	case "application":
		ev.Set(application, v)
	case "srcipaddr", "srcipv6addr":
		if !r.from { // a text that others chose may hold a second one
			r.from = true
			ev.SetIP(ecs.SourceIP, v)
		}
	case "srcport", "srcportnum":
		ev.SetPort(ecs.SourcePort, v)
	case "dstipaddr", "dstipv6addr", "destipaddr":
		if !r.to {
			r.to = true
			ev.SetIP(ecs.DestinationIP, v)
		}
	case "dstport", "destportnum":
		ev.SetPort(ecs.DestinationPort, v)
	case "natsrcipaddr", "natsrcipv6addr":
		ev.SetIP(ecs.SourceNATIP, v)
	case "natsrcport":
		ev.SetPort(ecs.SourceNATPort, v)
	case "natdstipaddr", "natdstipv6addr":
		ev.SetIP(ecs.DestinationNATIP, v)
	case "natdstport":
		ev.SetPort(ecs.DestinationNATPort, v)
	case "initbytecount":
		r.sent.set(ev, ecs.SourceBytes, v)
	case "rplybytecount":
		r.received.set(ev, ecs.DestinationBytes, v)
	case "initpktcount":
		r.outPackets.set(ev, ecs.SourcePackets, v)
	case "rplypktcount":
		r.inPackets.set(ev, ecs.DestinationPackets, v)
	case "srczonename":
		ev.Set(ecs.ObserverIngressZone, v)
	case "dstzonename", "destzonename":
		ev.Set(ecs.ObserverEgressZone, v)
	case "rcvifname":
		ev.Set(ecs.ObserverIngressInterfaceName, v)
	case "sndifname":
		ev.Set(ecs.ObserverEgressInterfaceName, v)
	case "begintime_c", "atcktime_cn":
		ev.SetTimeField(ecs.EventStart, "20060102150405", p.zone, v)
	case "endtime_c":
		ev.SetTimeField(ecs.EventEnd, "20060102150405", p.zone, v)
	case "begintime_e":
		ev.SetTimeField(ecs.EventStart, "01022006150405", p.zone, v)
	case "endtime_e":
		ev.SetTimeField(ecs.EventEnd, "01022006150405", p.zone, v)
	case "action", "policyacttype":
		r.action = v
	case "event":
		r.event = v
	default:
		r.inspected(ev, key, v)
	}
}

// inspected sets what logs of policies, security profiles and attacks have.
func (r *record) inspected(ev *sdk.Event, key, v []byte) {
	switch string(key) {
	case "policyname", "securitypolicy", "rulename", "acl":
		r.policy = v
	case "ruleid", "rule_id":
		r.policyID = v
	case "attackname", "virusname", "atcktype":
		r.signature = withoutNumber(v)
	case "attackid", "virusid":
		r.signID = v
	case "severity":
		ev.Set(risk, v)
		ev.SetSeverity(v)
	case "category":
		if r.rule.logType == attack {
			ev.Set(ecs.RuleCategory, v)
		} else {
			ev.Set(urlCategory, v)
		}
	case "cve":
		identifiers(ev, v)
	case "matchcount", "atktimes":
		ev.Set(count, v)
	case "icmptype", "icmpv6type":
		ev.Set(icmp, v)
	case "username":
		account(ev, v)
	case "srcmacaddr":
		ev.SetMAC(ecs.SourceMAC, v)
	case "dstmacaddr", "destmacaddr":
		ev.SetMAC(ecs.DestinationMAC, v)
	case "realsrcip":
		ev.Set(realSource, v)
	case "httphost":
		ev.Set(ecs.URLDomain, v)
	case "httpfirstline":
		request(ev, v)
	case "url":
		ev.SetURL(v)
	case "filename":
		ev.Set(ecs.FileName, v)
	case "md5":
		if len(v) == 32 {
			ev.Set(ecs.FileHashMD5, v)
		}
	case "reason":
		ev.Set(ecs.EventReason, v)
	}
}

// identifiers sets each of "CVE-2014-6277 | CVE-2014-6278".
func identifiers(ev *sdk.Event, v []byte) {
	for len(v) > 0 {
		var id []byte
		id, v, _ = bytes.Cut(v, []byte("|"))
		ev.Set(ecs.VulnerabilityID, bytes.TrimSpace(id))
	}
}

// request reads "GET /path?query HTTP/1.1".
func request(ev *sdk.Event, v []byte) {
	method, rest, ok := bytes.Cut(v, []byte(" "))
	if !ok {
		return
	}
	ev.Set(ecs.HTTPRequestMethod, method)
	target, _, _ := bytes.Cut(rest, []byte(" HTTP/"))
	ev.Set(ecs.URLOriginal, target)
	path, query, _ := bytes.Cut(target, []byte("?"))
	ev.Set(ecs.URLPath, path)
	ev.Set(ecs.URLQuery, query)
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

// account sets a user. The device writes stars for whom it does not know.
func account(ev *sdk.Event, v []byte) {
	if len(v) > 0 && v[0] != '*' {
		ev.SetAccount(ecs.UserName, ecs.UserDomain, v)
	}
}

// texts are descriptions without pairs.
var texts = template.MustSet(
	"Command is %{command}",
	"SSH user %{user:word} (IP: %{ip:ip}) %{}",
	"SSH user %{user:word}(IP: %{ip:ip}) %{}",
	"Physical state on the interface %{port:word} changed to %{state:word}",
	"Line protocol state on the interface %{port:word} changed to %{state:word}",
	"Authentication failed for user %{user:word} from %{ip:ip} port %{sport:int}%{}",
	"Accepted %{:word} for %{user:word} from %{ip:ip} port %{sport:int}%{}",
	"%{user:word} logged in from %{ip:ip}%{}",
	"%{user:word} logged out from %{ip:ip}%{}",
	"%{user:word} failed to log in from %{ip:ip}%{}",
	"%{user:word} failed to login from %{ip:ip}%{}",
	"%{port:word} link status is %{state:word}",
)

// words reads a description that is text.
func (r *record) words(ev *sdk.Event, b []byte) {
	m, err := texts.Match(b)
	if err != nil {
		r.failed = containsFold(b[:min(len(b), 128)], "failed")
		ev.Set(description, b)
		return
	}
	if v := m.Get("command"); v != nil {
		r.command = true
		ev.Set(command, v)
		return
	}
	r.failed = containsFold(b[:min(len(b), 128)], "failed")
	r.accepted = bytes.HasPrefix(b, []byte("Accepted "))
	ev.Set(description, b)
	account(ev, m.Get("user"))
	ev.SetIP(ecs.SourceIP, m.Get("ip"))
	ev.SetPort(ecs.SourcePort, m.Get("sport"))
	ev.Set(ecs.ObserverIngressInterfaceName, m.Get("port"))
	ev.SetDecoded(ifState, bytes.TrimRight(m.Get("state"), "."), appendLower)
}
