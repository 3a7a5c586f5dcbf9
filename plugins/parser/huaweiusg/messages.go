package main

import (
	"bytes"

	"github.com/logcenter/logcenter/sdk/classify"
	"github.com/logcenter/logcenter/sdk/infocenter"
	"github.com/logcenter/logcenter/sdk/memo"
)

// classes are the library of rules, by the modules of the Log Reference.
var classes = infocenter.NewClasses(
	infocenter.Rule{Dataset: "huaweiusg.system", Category: "host", LogType: infocenter.RunState},
	infocenter.Rule{
		Modules: "SECLOG SESSION NAT NATLOG",
		Dataset: "huaweiusg.session", Category: "network", LogType: infocenter.Other, Ends: true,
	},
	infocenter.Rule{
		Modules: "POLICY SEC PACKETFILTER ACLLOG",
		Dataset: "huaweiusg.policy", Category: "network", LogType: infocenter.Other, Ends: true,
	},
	infocenter.Rule{
		Modules: "IPS CNC DDOS APT",
		Dataset: "huaweiusg.ips", Category: "intrusion_detection", LogType: infocenter.Attack, Ends: true,
	},
	infocenter.Rule{
		Modules: "ATK ANTIATTACK BLACKLIST DEFEND SECE SOCKET",
		Dataset: "huaweiusg.attack", Category: "intrusion_detection", LogType: infocenter.Attack,
	},
	infocenter.Rule{
		Modules: "AV",
		Dataset: "huaweiusg.av", Category: "malware", LogType: infocenter.Attack, Ends: true,
	},
	infocenter.Rule{
		Modules: "URL DNSFILTER",
		Dataset: "huaweiusg.url", Category: "web", LogType: infocenter.Other, Ends: true,
	},
	infocenter.Rule{
		Modules: "APPCTL FILEBLOCK DATAFILTER MAILFILTER FBLOCK DLP AUDIT UM-AUDIT",
		Dataset: "huaweiusg.content", Category: "network", LogType: infocenter.Other, Ends: true,
	},
	infocenter.Rule{
		Modules: "SHELL LINE SSH SSHS TELNETD FTPS WEB HTTPD WWW AAA CM UM LOGIN CLI RDS USERLOG",
		Dataset: "huaweiusg.login", Category: "authentication", LogType: infocenter.Other,
	},
	infocenter.Rule{
		Modules: "CFM CONFIGURATION CFG CFGMGR",
		Dataset: "huaweiusg.config", Category: "configuration", LogType: infocenter.Other,
	},
	infocenter.Rule{
		Modules: "SSLVPN IKE IPSEC L2TP VPN",
		Dataset: "huaweiusg.vpn", Category: "network", LogType: infocenter.Other,
	},
)

// commands are of administrators, whatever module notes them.
var commands = infocenter.NewClass(infocenter.Rule{Dataset: "huaweiusg.command", Category: "configuration", LogType: infocenter.Other})

// message is what the name of a message says.
type message struct {
	*infocenter.Class
	connection infocenter.Session // if it is about one
	decision   classify.Decision
	interzone  bool // of USG5000
	sessions   bool // is about users or tunnels
	session    infocenter.Session
	failed     bool
}

// messages are by name, MODULE/SEVERITY/BRIEF.
var messages = memo.New(func(name []byte) *message {
	module, rest, _ := bytes.Cut(name, []byte("/"))
	_, brief, _ := bytes.Cut(rest, []byte("/"))
	m := &message{Class: classes.Of(module), interzone: string(module) == "SEC"}
	switch {
	case hasSuffix(brief, "BUILT", "CREATE", "CREATED"):
		m.connection = infocenter.Start
	case hasSuffix(brief, "TEARDOWN", "DELETE", "DELETED"):
		m.connection = infocenter.End
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
