package main

import (
	"bytes"

	"github.com/logcenter/logcenter/sdk/infocenter"
	"github.com/logcenter/logcenter/sdk/memo"
)

// classes are the library of rules, by the modules of the System Log Messages Reference.
var classes = infocenter.NewClasses(
	infocenter.Rule{Dataset: "h3c.system", Category: "host", LogType: infocenter.RunState},
	infocenter.Rule{
		Modules: "SESSION NAT AFT",
		Dataset: "h3c.session", Category: "network", LogType: infocenter.Other, Ends: true,
	},
	infocenter.Rule{
		Modules: "FILTER ASPF SECP PFILTER",
		Dataset: "h3c.policy", Category: "network", LogType: infocenter.Other, Ends: true,
	},
	infocenter.Rule{
		Modules: "IPS WAF IPREP IPREPUTATION DOMAINREP",
		Dataset: "h3c.ips", Category: "intrusion_detection", LogType: infocenter.Attack, Ends: true,
	},
	infocenter.Rule{
		Modules: "ATK ATTACK DPATTACK BLS SCD DDOS",
		Dataset: "h3c.attack", Category: "intrusion_detection", LogType: infocenter.Attack,
	},
	infocenter.Rule{
		Modules: "ANTI-VIR ANTIVIRUS AV",
		Dataset: "h3c.av", Category: "malware", LogType: infocenter.Attack, Ends: true,
	},
	infocenter.Rule{
		Modules: "UFLT URL",
		Dataset: "h3c.url", Category: "web", LogType: infocenter.Other, Ends: true,
	},
	infocenter.Rule{
		Modules: "AUDIT DFILTER FFILTER DLP APR",
		Dataset: "h3c.content", Category: "network", LogType: infocenter.Other, Ends: true,
	},
	infocenter.Rule{
		Modules: "SHELL LOGIN WEB HTTPD SSHS TELNETD FTPD AAA PORTAL RADIUS HWTACACS LS UIDENTITY PWDCTL",
		Dataset: "h3c.login", Category: "authentication", LogType: infocenter.Other,
	},
	infocenter.Rule{
		Modules: "CFGMAN CFGLOG RBAC NETCONF XMLSOAP",
		Dataset: "h3c.config", Category: "configuration", LogType: infocenter.Other,
	},
	infocenter.Rule{
		Modules: "IKE IPSEC SSLVPN SSLVPNK L2TPV2 ADVPN",
		Dataset: "h3c.vpn", Category: "network", LogType: infocenter.Other,
	},
)

// commands are of administrators, whatever module notes them.
var commands = infocenter.NewClass(infocenter.Rule{Dataset: "h3c.command", Category: "configuration", LogType: infocenter.Other})

// message is what the name of a message says.
type message struct {
	*infocenter.Class
	sessions bool // is about users or tunnels
	session  infocenter.Session
	failed   bool
}

// messages are by name, MODULE/SEVERITY/BRIEF.
var messages = memo.New(func(name []byte) *message {
	module, rest, _ := bytes.Cut(name, []byte("/"))
	_, brief, _ := bytes.Cut(rest, []byte("/"))
	m := &message{Class: classes.Of(module)}
	if m.sessions = m.Dataset == "h3c.login" || m.Dataset == "h3c.vpn"; m.sessions {
		m.session, m.failed = infocenter.SessionOf(brief)
	}
	return m
})
