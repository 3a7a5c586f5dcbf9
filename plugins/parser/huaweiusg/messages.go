package main

import (
	"bytes"

	"github.com/logcenter/logcenter/sdk/infocenter"
	"github.com/logcenter/logcenter/sdk/memo"
)

// ruleOf is the library of rules, by the modules of the Log Reference.
func ruleOf(module string) infocenter.Rule {
	switch module {
	case "SECLOG", "SESSION", "NAT", "NATLOG":
		return infocenter.Rule{Dataset: "huaweiusg.session", Category: "network", LogType: infocenter.Other, Ends: true}
	case "POLICY", "SEC", "PACKETFILTER", "ACLLOG":
		return infocenter.Rule{Dataset: "huaweiusg.policy", Category: "network", LogType: infocenter.Other, Ends: true}
	case "IPS", "CNC", "DDOS", "APT":
		return infocenter.Rule{Dataset: "huaweiusg.ips", Category: "intrusion_detection", LogType: infocenter.Attack, Ends: true}
	case "ATK", "ANTIATTACK", "BLACKLIST", "DEFEND", "SECE", "SOCKET":
		return infocenter.Rule{Dataset: "huaweiusg.attack", Category: "intrusion_detection", LogType: infocenter.Attack}
	case "AV":
		return infocenter.Rule{Dataset: "huaweiusg.av", Category: "malware", LogType: infocenter.Attack, Ends: true}
	case "URL", "DNSFILTER":
		return infocenter.Rule{Dataset: "huaweiusg.url", Category: "web", LogType: infocenter.Other, Ends: true}
	case "APPCTL", "FILEBLOCK", "DATAFILTER", "MAILFILTER", "FBLOCK", "DLP", "AUDIT", "UM-AUDIT":
		return infocenter.Rule{Dataset: "huaweiusg.content", Category: "network", LogType: infocenter.Other, Ends: true}
	case "SHELL", "LINE", "SSH", "SSHS", "TELNETD", "FTPS", "WEB", "HTTPD", "WWW", "AAA", "CM", "UM", "LOGIN", "CLI", "RDS", "USERLOG":
		return infocenter.Rule{Dataset: "huaweiusg.login", Category: "authentication", LogType: infocenter.Other}
	case "CFM", "CONFIGURATION", "CFG", "CFGMGR":
		return infocenter.Rule{Dataset: "huaweiusg.config", Category: "configuration", LogType: infocenter.Other}
	case "SSLVPN", "IKE", "IPSEC", "L2TP", "VPN":
		return infocenter.Rule{Dataset: "huaweiusg.vpn", Category: "network", LogType: infocenter.Other}
	}
	return infocenter.Rule{Dataset: "huaweiusg.system", Category: "host", LogType: infocenter.RunState}
}

// message is what the name of a message says.
type message struct {
	infocenter.Rule
	flow      string // start or end of a connection, if it is about one
	decision  infocenter.Decision
	interzone bool // of USG5000
	sessions  bool // is about users or tunnels
	session   infocenter.Session
	failed    bool
}

// messages are by name, MODULE/SEVERITY/BRIEF.
var messages = memo.New(func(name []byte) *message {
	module, rest, _ := bytes.Cut(name, []byte("/"))
	_, brief, _ := bytes.Cut(rest, []byte("/"))
	m := &message{Rule: ruleOf(string(module)), interzone: string(module) == "SEC"}
	switch {
	case hasSuffix(brief, "BUILT", "CREATE", "CREATED"):
		m.flow = "start"
	case hasSuffix(brief, "TEARDOWN", "DELETE", "DELETED"):
		m.flow = "end"
	}
	if m.Ends { // POLICYPERMIT
		m.decision = infocenter.DecisionOf(brief)
	}
	if m.sessions = m.Dataset == "huaweiusg.login" || m.Dataset == "huaweiusg.vpn"; m.sessions {
		m.session, m.failed = infocenter.SessionOf(brief)
	}
	return m
})

func hasSuffix(b []byte, suffixes ...string) bool {
	for _, s := range suffixes {
		if bytes.HasSuffix(b, []byte(s)) {
			return true
		}
	}
	return false
}

// decisions are by the words for actions.
var decisions = memo.New(infocenter.DecisionOf)
