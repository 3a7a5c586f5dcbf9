package main

import "unicode/utf8"

// word stands for what a text with it is about. English ones are lower-case and begin a word of the text.
type word[T any] struct {
	text string
	is   T
}

// words find the first of a list of words in a text by one pass over it.
type words[T any] struct {
	list   []word[T]
	starts [256][]int // by first byte
}

func newWords[T any](list ...word[T]) *words[T] {
	w := &words[T]{list: list}
	for i, e := range list {
		w.starts[e.text[0]] = append(w.starts[e.text[0]], i)
	}
	return w
}

func (w *words[T]) find(text []byte) (is T, ok bool) {
	inWord := false
	for i, c := range text {
		c = lower(c)
		letter := c-'a' <= 'z'-'a'
		if !letter || !inWord {
			for _, k := range w.starts[c] {
				if e := &w.list[k]; hasFold(text[i:], e.text) {
					return e.is, true
				}
			}
		}
		inWord = letter
	}
	return is, false
}

func lower(c byte) byte {
	if c-'A' <= 'Z'-'A' {
		c |= 0x20
	}
	return c
}

// hasFold reports whether text begins with word, whose ASCII letters are lower-case. One of up to three letters must be
// a whole word of the text: "fw" is not in "fwd".
func hasFold(text []byte, word string) bool {
	if len(text) < len(word) {
		return false
	}
	for i := range len(word) {
		if lower(text[i]) != word[i] {
			return false
		}
	}
	return len(word) > 3 || len(text) == len(word) || word[0] >= utf8.RuneSelf || lower(text[len(word)])-'a' > 'z'-'a'
}

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

var products = newWords(
	word[string]{"web application", waf}, word[string]{"waf", waf}, word[string]{"webshield", waf}, word[string]{"securesphere", waf},
	word[string]{"fortiweb", waf}, word[string]{"asm", waf}, word[string]{"incapsula", waf}, word[string]{"imperva", waf},
	word[string]{"firewall", firewall}, word[string]{"ngfw", firewall}, word[string]{"utm", firewall}, word[string]{"fw", firewall},
	word[string]{"防火墙", firewall}, word[string]{"fortigate", firewall}, word[string]{"pan-os", firewall}, word[string]{"asa", firewall},
	word[string]{"ngaf", firewall}, word[string]{"sonicwall", firewall},
	word[string]{"ips", ips}, word[string]{"ids", ips}, word[string]{"nips", ips}, word[string]{"hips", ips}, word[string]{"idp", ips},
	word[string]{"intrusion", ips}, word[string]{"edr", ips}, word[string]{"xdr", ips}, word[string]{"antivirus", ips},
	word[string]{"anti-virus", ips}, word[string]{"endpoint", ips}, word[string]{"malware", ips}, word[string]{"sandbox", ips},
	word[string]{"threat", ips}, word[string]{"deep security", ips}, word[string]{"fireeye", ips}, word[string]{"kaspersky", ips}, word[string]{"apt", ips}, word[string]{"入侵", ips}, word[string]{"病毒", ips}, word[string]{"威胁", ips},
	word[string]{"database", database}, word[string]{"sql", database}, word[string]{"oracle", database}, word[string]{"mysql", database},
	word[string]{"postgres", database}, word[string]{"db", database}, word[string]{"数据库", database},
	word[string]{"proxy", middleware}, word[string]{"web server", middleware}, word[string]{"iis", middleware},
	word[string]{"apache", middleware}, word[string]{"load balancer", middleware}, word[string]{"adc", middleware},
	word[string]{"netflow", traffic}, word[string]{"traffic", traffic}, word[string]{"ndr", traffic}, word[string]{"流量", traffic}, word[string]{"stealthwatch", traffic},
	word[string]{"vault", business}, word[string]{"identity", business}, word[string]{"iam", business}, word[string]{"sso", business},
	word[string]{"erp", business}, word[string]{"crm", business}, word[string]{"mail", business}, word[string]{"msexchange", business}, word[string]{"exchange", business},
)

// deviceOf tells the device type by words of product and vendor.
func deviceOf(vendor, product []byte) string {
	if t, ok := products.find(product); ok {
		return t
	}
	if t, ok := products.find(vendor); ok {
		return t
	}
	return server
}

// class is what an event is about.
type class uint8

const (
	unclassified class = iota
	malware
	webAttack
	attack
	authentication
	configuration
	system
	connection
)

var subjects = newWords(
	word[class]{"virus", malware}, word[class]{"trojan", malware}, word[class]{"malware", malware}, word[class]{"worm", malware},
	word[class]{"ransom", malware}, word[class]{"botnet", malware}, word[class]{"spyware", malware}, word[class]{"miner", malware},
	word[class]{"病毒", malware}, word[class]{"木马", malware}, word[class]{"蠕虫", malware}, word[class]{"勒索", malware}, word[class]{"挖矿", malware},
	word[class]{"sql", webAttack}, word[class]{"xss", webAttack}, word[class]{"cross site", webAttack}, word[class]{"cross-site", webAttack},
	word[class]{"csrf", webAttack}, word[class]{"webshell", webAttack}, word[class]{"path traversal", webAttack},
	word[class]{"directory traversal", webAttack}, word[class]{"injection", webAttack}, word[class]{"注入", webAttack}, word[class]{"跨站", webAttack},
	word[class]{"attack", attack}, word[class]{"scan", attack}, word[class]{"exploit", attack}, word[class]{"intrusion", attack},
	word[class]{"flood", attack}, word[class]{"ddos", attack}, word[class]{"dos", attack}, word[class]{"overflow", attack}, word[class]{"brute", attack},
	word[class]{"bot", attack}, word[class]{"bad robot", attack}, word[class]{"threat", attack}, word[class]{"recon", attack}, word[class]{"spoof", attack},
	word[class]{"攻击", attack}, word[class]{"扫描", attack}, word[class]{"入侵", attack}, word[class]{"漏洞", attack}, word[class]{"爆破", attack},
	word[class]{"login", authentication}, word[class]{"logon", authentication}, word[class]{"logoff", authentication},
	word[class]{"logout", authentication}, word[class]{"logged", authentication}, word[class]{"authentication", authentication},
	word[class]{"sign-in", authentication}, word[class]{"signed in", authentication}, word[class]{"signed out", authentication}, word[class]{"sign in", authentication}, word[class]{"signin", authentication}, word[class]{"password", authentication},
	word[class]{"登录", authentication}, word[class]{"登陆", authentication}, word[class]{"认证", authentication},
	word[class]{"config", configuration}, word[class]{"policy change", configuration}, word[class]{"policy modified", configuration},
	word[class]{"配置", configuration}, word[class]{"策略变更", configuration}, word[class]{"策略修改", configuration},
	word[class]{"system", system}, word[class]{"cpu", system}, word[class]{"memory", system}, word[class]{"disk", system},
	word[class]{"interface", system}, word[class]{"link", system}, word[class]{"license", system}, word[class]{"update", system},
	word[class]{"started", system}, word[class]{"stopped", system}, word[class]{"service", system}, word[class]{"health", system},
	word[class]{"系统", system}, word[class]{"状态", system},
	word[class]{"traffic", connection}, word[class]{"session", connection}, word[class]{"connection", connection}, word[class]{"flow", connection},
	word[class]{"nat", connection}, word[class]{"permit", connection}, word[class]{"deny", connection}, word[class]{"会话", connection},
)

// classOf tells by its name, else by its category, what an event is about.
func classOf(name, category []byte) class {
	c, ok := subjects.find(name)
	if !ok {
		c, _ = subjects.find(category)
	}
	return c
}

// categories are those of ECS.
var categories = [...][]string{
	malware:        {"malware"},
	webAttack:      {"intrusion_detection", "web"},
	attack:         {"intrusion_detection"},
	authentication: {"authentication"},
	configuration:  {"configuration"},
	system:         {"host"},
	connection:     {"network"},
}

// eventKind is alert for what the device holds to be hostile, and for what was correlated of other events.
func (c class) eventKind(correlated bool) string {
	if correlated || c == malware || c == webAttack || c == attack {
		return "alert"
	}
	return "event"
}

// logType is the library of rules by which events get one of their device's log types in the log standard's retention
// table. request says that the event has one of HTTP, denied that it was stopped.
func (c class) logType(device string, request, denied bool) string {
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
		case system, configuration, authentication:
			return "system_event"
		}
		return "intrusion_protection"
	case waf:
		switch {
		case hostile || denied:
			return "web_security"
		case c == system || c == configuration || c == authentication:
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

var failures = newWords(
	word[bool]{"fail", true}, word[bool]{"invalid", true}, word[bool]{"denied", true}, word[bool]{"reject", true}, word[bool]{"bad", true},
	word[bool]{"失败", true}, word[bool]{"拒绝", true},
)

func fails(name []byte) bool {
	_, ok := failures.find(name)
	return ok
}
