// Package classify tells what an event of an unknown product is about, by words of its name: for parsers of whole families
// of devices, whose lines say nothing else of it. It has the rules by which such events get one of the log types of the
// log standard, and tells what a device decided, and how something ended, by the words that devices have for it. Words
// are English and Chinese; the case of ASCII letters does not matter. Nothing is allocated, and all is safe for
// concurrent use.
package classify

// The device types of the log standard.
const (
	server     = "server"
	middleware = "middleware"
	firewall   = "firewall"
	ips        = "ips"
	waf        = "waf"
	business   = "business_system"
	database   = "database"
	traffic    = "network_traffic"
)

var products = NewWords(
	Means(waf, "web application", "waf", "webshield", "securesphere", "fortiweb", "asm", "incapsula", "imperva"),
	Means(firewall, "firewall", "ngfw", "utm", "fw", "防火墙", "fortigate", "pan-os", "asa", "ngaf", "sonicwall", "palo alto", "fortinet"),
	Means(ips, "ips", "ids", "nips", "hips", "idp", "intrusion", "edr", "xdr", "antivirus", "anti-virus", "endpoint",
		"malware", "sandbox", "threat", "deep security", "fireeye", "kaspersky", "apt", "入侵", "病毒", "威胁"),
	Means(database, "database", "sql", "oracle", "mysql", "postgres", "db", "数据库"),
	Means(middleware, "proxy", "web server", "iis", "apache", "load balancer", "adc", "web gateway", "zscaler"),
	Means(traffic, "netflow", "traffic", "ndr", "流量", "stealthwatch"),
	Means(business, "vault", "identity", "iam", "sso", "erp", "crm", "mail", "email", "msexchange", "exchange"),
)

// DeviceOf tells the device type by words of product and vendor.
func DeviceOf(vendor, product []byte) string {
	if t, ok := products.Find(product); ok {
		return t
	}
	if t, ok := products.Find(vendor); ok {
		return t
	}
	return server
}

// Class is what an event is about.
type Class uint8

// The classes. The zero value is one of which nothing is known.
const (
	unclassified Class = iota
	malware
	webAttack
	attack
	Authentication // logins, logouts and what belongs to them
	configuration
	system
	connection
)

var subjects = NewWords(
	Means(malware, "virus", "trojan", "malware", "worm", "ransom", "botnet", "spyware", "miner", "malicious", "病毒", "木马", "蠕虫", "勒索",
		"挖矿"),
	Means(webAttack, "sql", "xss", "cross site", "cross-site", "csrf", "webshell", "path traversal",
		"directory traversal", "injection", "注入", "跨站"),
	Means(attack, "attack", "scan", "exploit", "intrusion", "flood", "ddos", "dos", "overflow", "brute", "bot",
		"bad robot", "threat", "recon", "spoof", "攻击", "扫描", "入侵", "漏洞", "爆破"),
	Means(Authentication, "login", "logon", "logoff", "logout", "logged", "authentication", "sign-in", "signed in",
		"signed out", "sign in", "signin", "password", "登录", "登陆", "认证"),
	Means(configuration, "config", "policy change", "policy modified", "配置", "策略变更", "策略修改"),
	Means(system, "system", "cpu", "memory", "disk", "interface", "link", "license", "update", "started", "stopped",
		"service", "health", "系统", "状态"),
	Means(connection, "traffic", "session", "connection", "flow", "nat", "permit", "deny", "会话"),
)

// Of tells by its name, else by its category, what an event is about.
func Of(name, category []byte) Class {
	c, ok := subjects.Find(name)
	if !ok {
		c, _ = subjects.Find(category)
	}
	return c
}

// categories are those of ECS.
var categories = [...][]string{
	malware:        {"malware"},
	webAttack:      {"intrusion_detection", "web"},
	attack:         {"intrusion_detection"},
	Authentication: {"authentication"},
	configuration:  {"configuration"},
	system:         {"host"},
	connection:     {"network"},
}

// Known says whether anything is known of what the event is about.
func (c Class) Known() bool { return c != unclassified }

// Categories are what event.category has; nil for an event of which nothing is known.
func (c Class) Categories() []string { return categories[c] }

// EventKind is event.kind: alert for what the device holds to be hostile, and for what was correlated of other events.
func (c Class) EventKind(correlated bool) string {
	if correlated || c == malware || c == webAttack || c == attack {
		return "alert"
	}
	return "event"
}

// LogType is the library of rules by which events get one of their device's log types in the log standard's retention
// table. request says that the event has one of HTTP, denied that it was stopped.
func (c Class) LogType(device string, request, denied bool) string {
	hostile := c == malware || c == webAttack || c == attack
	switch device {
	case firewall:
		switch {
		case hostile:
			return "attack"
		case c == system:
			return "run_state"
		}
	case ips:
		switch c {
		case malware:
			return "antivirus_event"
		case webAttack:
			return "web_security_event"
		case system, configuration, Authentication:
			return "system_event"
		}
		return "intrusion_protection"
	case waf:
		switch {
		case hostile || denied:
			return "web_security"
		case c == system || c == configuration || c == Authentication:
			return "system"
		case request:
			return "web_access"
		}
	case database:
		if c == system {
			return "service"
		}
		return "audit"
	case middleware:
		switch {
		case request:
			return "access"
		case c == system:
			return "web_server"
		}
	case business:
		if c == system {
			return "run_state"
		}
		return "audit_operation"
	case server:
		if c == system {
			return "run_state"
		}
		return "security"
	}
	return "other"
}
