package main

import (
	"bytes"
	"errors"

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

// ruleOf is the library of rules, by the modules of the Log Reference.
func ruleOf(module []byte) rule {
	switch string(module) {
	case "SECLOG", "SESSION", "NAT", "NATLOG":
		return rule{"huaweiusg.session", "network", other, true}
	case "POLICY", "SEC", "PACKETFILTER", "ACLLOG":
		return rule{"huaweiusg.policy", "network", other, true}
	case "IPS", "CNC", "DDOS", "APT":
		return rule{"huaweiusg.ips", "intrusion_detection", attack, true}
	case "ATK", "ANTIATTACK", "BLACKLIST", "DEFEND", "SECE", "SOCKET":
		return rule{"huaweiusg.attack", "intrusion_detection", attack, false}
	case "AV":
		return rule{"huaweiusg.av", "malware", attack, true}
	case "URL", "DNSFILTER":
		return rule{"huaweiusg.url", "web", other, true}
	case "APPCTL", "FILEBLOCK", "DATAFILTER", "MAILFILTER", "FBLOCK", "DLP", "AUDIT", "UM-AUDIT":
		return rule{"huaweiusg.content", "network", other, true}
	case "SHELL", "LINE", "SSH", "SSHS", "TELNETD", "FTPS", "WEB", "HTTPD", "WWW", "AAA", "CM", "UM", "LOGIN", "CLI", "RDS", "USERLOG":
		return rule{"huaweiusg.login", "authentication", other, false}
	case "CFM", "CONFIGURATION", "CFG", "CFGMGR":
		return rule{"huaweiusg.config", "configuration", other, false}
	case "SSLVPN", "IKE", "IPSEC", "L2TP", "VPN":
		return rule{"huaweiusg.vpn", "network", other, false}
	}
	return rule{"huaweiusg.system", "host", runState, false}
}

// pairs are written Key=value with commas between them. Keys may have blanks.
var pairs = kv.Scanner{Pair: ',', Quotes: `"`}

// lists are those of user access, KEY:value with semicolons.
var lists = kv.Scanner{Pair: ';', Sep: ':'}

// record is what of a line is decided when all of it is read.
type record struct {
	rule                 rule
	action, brief        []byte
	policy               []byte
	signature, signID    []byte
	host, page           []byte
	begin, finish        []byte
	result               []byte
	command              bool
	from, to             bool
	sent, received       tally
	outPackets, inPacket tally
}

// describe reads the description.
func (p parser) describe(h *head, ev *sdk.Event) error {
	r := record{rule: ruleOf(h.module), brief: h.brief}
	h.text = withoutComponent(h.text)
	text, list, whole := split(h.text)
	var err error
	switch {
	case list == nil && r.words(ev, h.text):
	case list == nil:
		ev.Set(description, text)
	default:
		ev.Set(description, text)
		err = r.scan(ev, list)
	}
	r.conclude(ev, p)
	switch {
	case !whole || errors.Is(err, kv.ErrQuote):
		return errCut
	case r.rule.ends && (!r.from || !r.to):
		return errEnds
	}
	return nil
}

// withoutComponent cuts CID=0x814f041e; off the front: newer versions say there which component speaks.
func withoutComponent(b []byte) []byte {
	if bytes.HasPrefix(b, []byte("CID=")) {
		if i := bytes.IndexByte(b, ';'); i > 0 {
			return bytes.TrimLeft(b[i+1:], " ")
		}
	}
	return b
}

// split parts the text from the pairs, which are in brackets behind it or all there is. list is nil if there are
// none; whole is false where the bracket is never closed.
func split(b []byte) (text, list []byte, whole bool) {
	b = bytes.TrimRight(b, " .\x00")
	first := bytes.IndexByte(b, '=')
	if first < 0 {
		if i := bytes.IndexByte(b, ';'); i > 0 && bytes.IndexByte(b[:i], ':') > 0 {
			return nil, b, true
		}
		return b, nil, true
	}
	open := bytes.LastIndexByte(b[:first], '(')
	if open < 0 {
		return nil, b, true
	}
	text = bytes.TrimRight(b[:open], " .")
	if b[len(b)-1] != ')' {
		return text, b[open+1:], false
	}
	return text, b[open+1 : len(b)-1], true
}

func (r *record) scan(ev *sdk.Event, list []byte) error {
	scanner := &pairs
	if bytes.IndexByte(list, '=') < 0 {
		scanner = &lists
	}
	it := scanner.Scan(list)
	for it.Next() {
		r.pair(ev, it.Key(), bytes.TrimSpace(it.Value()))
	}
	return it.Err()
}

// conclude sets what follows from several pairs, and what kind of a log it is.
func (r *record) conclude(ev *sdk.Event, p parser) {
	if r.command {
		r.rule = rule{"huaweiusg.command", "configuration", other, false}
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
	if r.outPackets.have && r.inPacket.have {
		ev.SetInt(ecs.NetworkPackets, r.outPackets.n+r.inPacket.n)
	}
	r.times(ev, p)
	r.names(ev)
	r.verdict(ev)
}

// names sets the rule: the signature in logs of attacks, else the policy.
func (r *record) names(ev *sdk.Event) {
	if len(r.signature) > 0 {
		ev.Set(ecs.RuleName, r.signature)
		ev.Set(ecs.RuleID, r.signID)
		ev.Set(policy, r.policy)
	} else {
		ev.Set(ecs.RuleName, r.policy)
	}
	ev.Set(ecs.URLDomain, r.host)
	ev.Set(ecs.URLOriginal, r.page)
	path := r.page
	if i := bytes.IndexByte(path, '?'); i >= 0 {
		ev.Set(ecs.URLQuery, path[i+1:])
		path = path[:i]
	}
	if len(path) > 0 && path[0] == '/' {
		ev.Set(ecs.URLPath, path)
	}
}

// verdict says what was done: by the pair for it, or by the brief.
func (r *record) verdict(ev *sdk.Event) {
	if len(r.action) > 0 {
		ev.SetDecoded(ecs.EventAction, r.action, appendLower)
	} else {
		ev.SetDecoded(ecs.EventAction, r.brief, appendLower)
	}
	switch {
	case r.command:
		ev.SetString(ecs.EventType, "info")
		return
	case hasSuffix(r.brief, "BUILT"), hasSuffix(r.brief, "CREATE"), hasSuffix(r.brief, "CREATED"):
		ev.SetString(ecs.EventType, "connection")
		ev.SetString(ecs.EventType, "start")
		ev.SetString(ecs.EventOutcome, "success")
		return
	case hasSuffix(r.brief, "TEARDOWN"), hasSuffix(r.brief, "DELETE"), hasSuffix(r.brief, "DELETED"):
		ev.SetString(ecs.EventType, "connection")
		ev.SetString(ecs.EventType, "end")
		ev.SetString(ecs.EventOutcome, "success")
		return
	}
	decided := r.action
	if len(decided) == 0 && r.rule.ends {
		decided = r.brief // POLICYPERMIT
	}
	switch blocks(decided) {
	case yes:
		ev.SetString(ecs.EventType, "denied")
		ev.SetString(ecs.EventOutcome, "failure")
	case no:
		ev.SetString(ecs.EventType, "allowed")
		if r.rule.logType == attack { // whether an attack that was let pass succeeded is not known
			ev.SetString(ecs.EventOutcome, "unknown")
		} else {
			ev.SetString(ecs.EventOutcome, "success")
		}
	default:
		r.session(ev)
	}
}

// session says how a login went, or that there is nothing to say.
func (r *record) session(ev *sdk.Event) {
	b := r.brief
	if r.rule.dataset != "huaweiusg.login" && r.rule.dataset != "huaweiusg.vpn" {
		ev.SetString(ecs.EventType, "info")
		return
	}
	failed := containsFold(b, "FAIL") || containsFold(b, "REJECT") || containsFold(b, "ERR") || bytes.EqualFold(r.result, []byte("fail"))
	switch {
	case containsFold(b, "LOGOUT"), containsFold(b, "OFFLINE"), containsFold(b, "QUIT"), containsFold(b, "DISCONNECT"):
		ev.SetString(ecs.EventType, "end")
	case containsFold(b, "LOGIN"), containsFold(b, "ONLINE"), containsFold(b, "ACCESS"), containsFold(b, "AUTH"):
		ev.SetString(ecs.EventType, "start")
	default:
		ev.SetString(ecs.EventType, "info")
		if !failed {
			return
		}
	}
	if failed {
		ev.SetString(ecs.EventOutcome, "failure")
	} else {
		ev.SetString(ecs.EventOutcome, "success")
	}
}

type answer uint8

const (
	unsaid answer = iota
	yes
	no
)

// blocks reports whether an action or a brief kept traffic from its destination.
func blocks(v []byte) answer {
	switch {
	case containsFold(v, "deny"), containsFold(v, "block"), containsFold(v, "discard"), containsFold(v, "drop"), containsFold(v, "reset"), containsFold(v, "reject"):
		return yes
	case containsFold(v, "permit"), containsFold(v, "alert"), containsFold(v, "allow"), containsFold(v, "declare"), containsFold(v, "pass"):
		return no
	}
	return unsaid
}

func hasSuffix(b []byte, suffix string) bool {
	return len(b) >= len(suffix) && string(b[len(b)-len(suffix):]) == suffix
}

// containsFold reports whether word, of ASCII letters, is in b. b is short.
func containsFold(b []byte, word string) bool {
	for i := 0; i+len(word) <= len(b); i++ {
		k := 0
		for k < len(word) && (b[i+k]|0x20) == (word[k]|0x20) {
			k++
		}
		if k == len(word) {
			return true
		}
	}
	return false
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
