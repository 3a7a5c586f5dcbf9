package main

import (
	"bytes"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/flow"
	"github.com/logcenter/logcenter/sdk/infocenter"
)

var (
	chassis       = ecs.New("h3c.chassis", ecs.Keyword, "Member of the stack of devices that speaks.")
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
	protection    = ecs.New("h3c.protection", ecs.Keyword, "Kind of target that a signature protects, e.g. WebServer.")
	realSource    = ecs.New("h3c.real_source", ecs.Keyword, "Addresses of the clients that a proxy in front says it serves.")
	risk          = ecs.New("h3c.severity", ecs.Keyword, "Severity of a signature, from low to critical.")
	slotName      = ecs.New("h3c.slot", ecs.Keyword, "Card of the device that speaks.")
	subCategory   = ecs.New("h3c.sub_category", ecs.Keyword, "Finer class of a signature within rule.category.")
	subModule     = ecs.New("h3c.sub_module", ecs.Keyword, "Part of the module that speaks, e.g. SINGLE.")
	upperLimit    = ecs.New("h3c.upper_limit", ecs.Long, "Packets per second beyond which traffic counts as a flood.")
	urlCategory   = ecs.New("h3c.url_category", ecs.Keyword, "Class of web site by the device's own list.")
	view          = ecs.New("h3c.view", ecs.Keyword, "View of the command line in which a command was given.")
	vpnInstance   = ecs.New("h3c.vpn_instance", ecs.Keyword, "VPN instance in which a packet came in.")
)

// pair sets what a pair says. -- is none.
func (r *record) pair(ev *sdk.Event, p parser, key, v []byte) {
	if len(v) == 0 || string(v) == "--" {
		return
	}
	t := targetOf(key)
	if t == nil {
		return
	}
	if t.part != flow.None {
		r.flow.Set(ev, t.part, v)
		return
	}
	switch t.use {
	case set:
		ev.Set(t.field, v)
	case keep:
		r.kept[t.slot] = v
	case numbered:
		r.kept[t.slot] = withoutNumber(v)
	case transport:
		if i := bytes.IndexByte(v, '('); i > 0 { // TCP(6)
			v = v[:i]
		}
		r.flow.Set(ev, flow.Transport, v)
	case chineseTime:
		ev.SetTimeField(t.field, "20060102150405", p.zone, v)
	case englishTime:
		ev.SetTimeField(t.field, "01022006150405", p.zone, v)
	default:
		r.rare(ev, t, v)
	}
}

// withoutNumber cuts (8) off "(8)Session created".
func withoutNumber(v []byte) []byte {
	if v[0] == '(' {
		if i := bytes.IndexByte(v, ')'); i > 0 {
			return v[i+1:]
		}
	}
	return v
}

// rare sets what logs of security profiles and attacks have.
func (r *record) rare(ev *sdk.Event, t *target, v []byte) {
	switch t.use {
	case account:
		setAccount(ev, v)
	case category:
		if r.message.LogType == infocenter.Attack {
			ev.Set(ecs.RuleCategory, v)
		} else {
			ev.Set(urlCategory, v)
		}
	case cves:
		setCVEs(ev, v)
	case mac:
		ev.SetMAC(t.field, v)
	case md5:
		if len(v) == 32 {
			ev.Set(t.field, v)
		}
	case request:
		setRequest(ev, v)
	case severity:
		ev.Set(t.field, v)
		ev.SetSeverity(v)
	case url:
		ev.SetURL(v)
	}
}

// where sets what a pair in front of the text says.
func (r *record) where(ev *sdk.Event, key, v []byte) {
	switch string(key) {
	case "IPAddr", "UserIP", "SrcIP":
		if string(v) != "**" {
			r.flow.Set(ev, flow.SourceIP, v)
		}
	case "User", "UserName":
		setAccount(ev, v)
	case "Line":
		ev.Set(line, v)
	case "DevIP":
		ev.SetIP(ecs.ObserverIP, v)
	case "Context", "MDC":
		ev.Set(context, v)
	case "Slot":
		ev.Set(slotName, v)
	case "Chassis":
		ev.Set(chassis, v)
	case "PN":
		ev.Set(ecs.ObserverSerialNumber, v)
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

// setCVEs sets each of "CVE-2014-6277 | CVE-2014-6278".
func setCVEs(ev *sdk.Event, v []byte) {
	for len(v) > 0 {
		var id []byte
		id, v, _ = bytes.Cut(v, []byte("|"))
		ev.Set(ecs.VulnerabilityID, bytes.TrimSpace(id))
	}
}

// setRequest reads "GET /path?query HTTP/1.1".
func setRequest(ev *sdk.Event, v []byte) {
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

// setAccount sets a user, without the virtual device behind it: netadmin@system(@context5). The device writes stars for
// whom it does not know.
func setAccount(ev *sdk.Event, v []byte) {
	if i := bytes.IndexByte(v, '('); i > 0 {
		v = v[:i:i]
	}
	if len(v) > 0 && v[0] != '*' {
		ev.SetAccount(ecs.UserName, ecs.UserDomain, v)
	}
}
