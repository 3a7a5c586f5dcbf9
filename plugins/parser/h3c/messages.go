package main

import (
	"bytes"

	"github.com/logcenter/logcenter/sdk/infocenter"
	"github.com/logcenter/logcenter/sdk/memo"
)

// ruleOf is the library of rules, by the modules of the System Log Messages Reference in upper case.
func ruleOf(module string) infocenter.Rule {
	switch module {
	case "SESSION", "NAT", "AFT":
		return infocenter.Rule{Dataset: "h3c.session", Category: "network", LogType: infocenter.Other, Ends: true}
	case "FILTER", "ASPF", "SECP", "PFILTER":
		return infocenter.Rule{Dataset: "h3c.policy", Category: "network", LogType: infocenter.Other, Ends: true}
	case "IPS", "WAF", "IPREP", "IPREPUTATION", "DOMAINREP":
		return infocenter.Rule{Dataset: "h3c.ips", Category: "intrusion_detection", LogType: infocenter.Attack, Ends: true}
	case "ATK", "ATTACK", "DPATTACK", "BLS", "SCD", "DDOS":
		return infocenter.Rule{Dataset: "h3c.attack", Category: "intrusion_detection", LogType: infocenter.Attack}
	case "ANTI-VIR", "ANTIVIRUS", "AV":
		return infocenter.Rule{Dataset: "h3c.av", Category: "malware", LogType: infocenter.Attack, Ends: true}
	case "UFLT", "URL":
		return infocenter.Rule{Dataset: "h3c.url", Category: "web", LogType: infocenter.Other, Ends: true}
	case "AUDIT", "DFILTER", "FFILTER", "DLP", "APR":
		return infocenter.Rule{Dataset: "h3c.content", Category: "network", LogType: infocenter.Other, Ends: true}
	case "SHELL", "LOGIN", "WEB", "HTTPD", "SSHS", "TELNETD", "FTPD", "AAA", "PORTAL", "RADIUS", "HWTACACS", "LS", "UIDENTITY", "PWDCTL":
		return infocenter.Rule{Dataset: "h3c.login", Category: "authentication", LogType: infocenter.Other}
	case "CFGMAN", "CFGLOG", "RBAC", "NETCONF", "XMLSOAP":
		return infocenter.Rule{Dataset: "h3c.config", Category: "configuration", LogType: infocenter.Other}
	case "IKE", "IPSEC", "SSLVPN", "SSLVPNK", "L2TPV2", "ADVPN":
		return infocenter.Rule{Dataset: "h3c.vpn", Category: "network", LogType: infocenter.Other}
	}
	return infocenter.Rule{Dataset: "h3c.system", Category: "host", LogType: infocenter.RunState}
}

// message is what the name of a message says.
type message struct {
	infocenter.Rule
	sessions bool // is about users or tunnels
	session  infocenter.Session
	failed   bool
}

// messages are by name, MODULE/SEVERITY/BRIEF.
var messages = memo.New(func(name []byte) *message {
	module, rest, _ := bytes.Cut(name, []byte("/"))
	_, brief, _ := bytes.Cut(rest, []byte("/"))
	m := &message{Rule: ruleOf(string(bytes.ToUpper(module)))}
	if m.sessions = m.Dataset == "h3c.login" || m.Dataset == "h3c.vpn"; m.sessions {
		m.session, m.failed = infocenter.SessionOf(brief)
	}
	return m
})

// decisions are by the words for actions.
var decisions = memo.New(infocenter.DecisionOf)
