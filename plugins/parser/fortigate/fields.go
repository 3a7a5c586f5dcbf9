package main

import "github.com/logcenter/logcenter/sdk/ecs"

// What ECS has no name for. Keys are those of the line where no better word is known.
var (
	appCategory   = ecs.New("fortigate.app.category", ecs.Keyword, "Class of the application by application control, e.g. Web.Client.")
	appID         = ecs.New("fortigate.app.id", ecs.Keyword, "Number of the application in FortiGuard's list.")
	application   = ecs.NetworkApplication
	appRisk       = ecs.New("fortigate.app.risk", ecs.Keyword, "How risky application control takes the application to be, from low to critical.")
	attackCount   = ecs.New("fortigate.count", ecs.Long, "Packets or attempts that one line stands for.")
	configChange  = ecs.New("fortigate.config.change", ecs.Keyword, "What an administrator set, with the values before and after where the device says them.")
	configObject  = ecs.New("fortigate.config.object", ecs.Keyword, "Entry of the configuration that was changed.")
	configPath    = ecs.New("fortigate.config.path", ecs.Keyword, "Branch of the configuration that was changed, e.g. firewall.policy.")
	cpuPercent    = ecs.New("fortigate.cpu", ecs.Long, "Load of the processors at the time of the line, percent.")
	eventType     = ecs.New("fortigate.eventtype", ecs.Keyword, "Finer kind of a log within its subtype, e.g. signature, ftgd_blk.")
	logDesc       = ecs.New("fortigate.logdesc", ecs.Keyword, "Name of the message, the same for all lines with this event.code.")
	level         = ecs.New("fortigate.level", ecs.Keyword, "Severity of the log by the device, from debug to emergency.")
	memoryPercent = ecs.New("fortigate.mem", ecs.Long, "Use of main memory at the time of the line, percent.")
	messageText   = ecs.New("fortigate.msg", ecs.Keyword, "What happened, as a sentence of the device.")
	method        = ecs.New("fortigate.method", ecs.Keyword, "Way by which an administrator came in, e.g. https, ssh, jsconsole.")
	policyID      = ecs.New("fortigate.policy.id", ecs.Keyword, "Firewall policy that the traffic matched; rule.id is of the signature in logs of attacks.")
	policyName    = ecs.New("fortigate.policy.name", ecs.Keyword, "Name of the firewall policy that the traffic matched.")
	profile       = ecs.New("fortigate.profile", ecs.Keyword, "Security profile that decided, or access profile of an administrator.")
	sessionID     = ecs.New("fortigate.session.id", ecs.Keyword, "Number of the session, which all logs of a connection share.")
	sessionCount  = ecs.New("fortigate.session.count", ecs.Long, "Open sessions at the time of the line.")
	severityWord  = ecs.New("fortigate.severity", ecs.Keyword, "Severity of a signature, from info to critical.")
	status        = ecs.New("fortigate.status", ecs.Keyword, "How an action of the device or an administrator went, e.g. success.")
	subtypeName   = ecs.New("fortigate.subtype", ecs.Keyword, "Second part of the kind of a log, e.g. forward, ips, system.")
	threatLevel   = ecs.New("fortigate.crlevel", ecs.Keyword, "Threat weight of the client by client reputation, from low to critical.")
	translation   = ecs.New("fortigate.trandisp", ecs.Keyword, "Which address was translated: snat, dnat, snat+dnat or noop.")
	tunnelIP      = ecs.New("fortigate.tunnel.ip", ecs.IP, "Address that a user of the VPN was given.")
	tunnelType    = ecs.New("fortigate.tunnel.type", ecs.Keyword, "Kind of VPN tunnel, e.g. ssl-web, ssl-tunnel, ipsec.")
	urlCategory   = ecs.New("fortigate.url_category", ecs.Keyword, "Class of web site by FortiGuard, or of domain in logs of DNS.")
	userInterface = ecs.New("fortigate.ui", ecs.Keyword, "Way and address of an administrator, e.g. ssh(10.1.1.5).")
	utmAction     = ecs.New("fortigate.utmaction", ecs.Keyword, "What the security profiles did with the session, e.g. block.")
	virtualDomain = ecs.New("fortigate.vd", ecs.Keyword, "Virtual firewall inside the device, root if there is only one.")
	vpnTunnel     = ecs.New("fortigate.vpntunnel", ecs.Keyword, "Configured name of an IPsec tunnel.")
	userGroup     = ecs.UserGroupName
)
