package main

import (
	"bytes"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/kv"
)

// The log types that the log standard's retention table has for firewalls.
const (
	attack   = "attack"
	runState = "run_state"
	other    = "other"
)

// rule says what the logs of a module are.
type rule struct {
	dataset, category, logType string
	ends                       bool // has a source and a destination
}

// ruleOf is the library of rules, by the modules of the System Log Messages Reference.
func ruleOf(module []byte) rule {
	var upper [16]byte // some versions write modules in lower case
	switch string(appendUpper(upper[:0], module)) {
	case "SESSION", "NAT", "AFT":
		return rule{"h3c.session", "network", other, true}
	case "FILTER", "ASPF", "SECP", "PFILTER":
		return rule{"h3c.policy", "network", other, true}
	case "IPS", "WAF", "IPREP", "IPREPUTATION", "DOMAINREP":
		return rule{"h3c.ips", "intrusion_detection", attack, true}
	case "ATK", "ATTACK", "DPATTACK", "BLS", "SCD", "DDOS":
		return rule{"h3c.attack", "intrusion_detection", attack, false}
	case "ANTI-VIR", "ANTIVIRUS", "AV":
		return rule{"h3c.av", "malware", attack, true}
	case "UFLT", "URL":
		return rule{"h3c.url", "web", other, true}
	case "AUDIT", "DFILTER", "FFILTER", "DLP", "APR":
		return rule{"h3c.content", "network", other, true}
	case "SHELL", "LOGIN", "WEB", "HTTPD", "SSHS", "TELNETD", "FTPD", "AAA", "PORTAL", "RADIUS", "HWTACACS", "LS", "UIDENTITY", "PWDCTL":
		return rule{"h3c.login", "authentication", other, false}
	case "CFGMAN", "CFGLOG", "RBAC", "NETCONF", "XMLSOAP":
		return rule{"h3c.config", "configuration", other, false}
	case "IKE", "IPSEC", "SSLVPN", "SSLVPNK", "L2TPV2", "ADVPN":
		return rule{"h3c.vpn", "network", other, false}
	}
	return rule{"h3c.system", "host", runState, false}
}

// pairs are written Key(NUMBER)=value; with semicolons between them.
var pairs = kv.Scanner{Pair: ';'}

// record is what of a line is decided when all of it is read.
type record struct {
	rule                  rule
	action, event, brief  []byte
	policy, policyID      []byte
	signature, signID     []byte
	command, failed       bool
	accepted              bool // the text says that a user was let in, which the brief does not
	from, to              bool
	sent, received        tally
	outPackets, inPackets tally
}

// describe reads the description.
func (p parser) describe(h *head, ev *sdk.Event) error {
	r := record{rule: ruleOf(h.module), brief: h.brief}
	text := r.origin(ev, h.text)
	if isPairs(text) {
		for it := pairs.Scan(text); it.Next(); {
			var buf [24]byte
			r.pair(ev, p, bareKey(buf[:0], it.Key()), it.Value())
		}
	} else {
		r.words(ev, text)
	}
	r.conclude(ev)
	if r.rule.ends && (!r.from || !r.to) {
		return errEnds
	}
	return nil
}

// isPairs reports whether text begins with Key(NUMBER)=.
func isPairs(text []byte) bool {
	i := bytes.IndexByte(text[:min(len(text), maxPart)], '=')
	return i > 2 && text[i-1] == ')' && bytes.IndexByte(text[:i], ' ') < 0
}

// bareKey appends a key in lower case, as versions differ in that, and without its number.
func bareKey(dst, key []byte) []byte {
	for _, c := range key {
		if c == '(' || len(dst) == cap(dst) {
			break
		}
		if c-'A' <= 'Z'-'A' {
			c |= 0x20
		}
		dst = append(dst, c)
	}
	return dst
}

// origin reads -Key=value-Key=value; in front of the text, as often as they come, and returns the text.
func (r *record) origin(ev *sdk.Event, b []byte) []byte {
	for len(b) > 1 && b[0] == '-' {
		i := bytes.IndexByte(b, ';')
		if i < 0 {
			r.dashes(ev, b)
			return nil
		}
		r.dashes(ev, b[:i])
		b = bytes.TrimLeft(b[i+1:], " ")
	}
	return b
}

// dashes reads -Key=value-Key=value. A value may hold hyphens: it ends before the next "-Key=".
func (r *record) dashes(ev *sdk.Event, b []byte) {
	for len(b) > 1 {
		eq := bytes.IndexByte(b, '=')
		if eq < 0 {
			return
		}
		key, rest := b[1:eq], b[eq+1:]
		end := nextDash(rest)
		r.where(ev, key, rest[:end:end])
		b = rest[end:]
	}
}

// nextDash is where "-Key=" begins, or the length of b.
func nextDash(b []byte) int {
	for i := 0; i < len(b); i++ {
		if b[i] != '-' {
			continue
		}
		k := i + 1
		for k < len(b) && ((b[k]|0x20)-'a' < 26 || b[k] == '_') {
			k++
		}
		if k > i+1 && k < len(b) && b[k] == '=' {
			return i
		}
	}
	return len(b)
}

// where sets what a pair in front of the text says.
func (r *record) where(ev *sdk.Event, key, v []byte) {
	switch string(key) {
	case "IPAddr", "UserIP", "SrcIP":
		if string(v) != "**" {
			ev.SetIP(ecs.SourceIP, v)
		}
	case "User", "UserName":
		account(ev, v)
	case "Line":
		ev.Set(line, v)
	case "DevIP":
		ev.SetIP(ecs.ObserverIP, v)
	case "Context", "MDC":
		ev.Set(context, v)
	case "Slot", "Chassis":
		ev.Set(slot, v)
	case "AAADomain":
		ev.Set(ecs.UserDomain, v)
	case "CommandSource":
		ev.Set(commandSource, v)
	case "IfName", "Ifname":
		ev.Set(ecs.ObserverIngressInterfaceName, v)
	case "MACAddr", "UserMAC":
		ev.SetMAC(ecs.SourceMAC, v)
	}
}

// conclude sets what follows from several pairs, and what kind of a log it is.
func (r *record) conclude(ev *sdk.Event) {
	if r.command {
		r.rule = rule{"h3c.command", "configuration", other, false}
	}
	ev.SetString(ecs.EventDataset, r.rule.dataset)
	ev.SetString(ecs.EventCategory, r.rule.category)
	if r.rule.logType == attack {
		ev.SetString(ecs.EventCategory, "network")
	}
	ev.SetString(ecs.LogcenterLogType, r.rule.logType)
	switch r.rule.logType {
	case attack:
		ev.SetString(ecs.EventKind, "alert")
	case runState:
		ev.SetString(ecs.EventKind, "state")
	default:
		ev.SetString(ecs.EventKind, "event")
	}
	if r.sent.have && r.received.have {
		ev.SetInt(ecs.NetworkBytes, r.sent.n+r.received.n)
	}
	if r.outPackets.have && r.inPackets.have {
		ev.SetInt(ecs.NetworkPackets, r.outPackets.n+r.inPackets.n)
	}
	r.names(ev)
	r.verdict(ev)
}

// names sets the rule: the signature in logs of attacks, else the policy and its rule.
func (r *record) names(ev *sdk.Event) {
	switch {
	case len(r.signature) > 0:
		ev.Set(ecs.RuleName, r.signature)
		ev.Set(ecs.RuleID, r.signID)
		ev.Set(policy, r.policy)
	case string(r.rule.dataset) == "h3c.attack":
		ev.SetDecoded(ecs.RuleName, r.brief, appendLower)
	default:
		ev.Set(ecs.RuleName, r.policy)
		ev.Set(ecs.RuleID, r.policyID)
	}
}
