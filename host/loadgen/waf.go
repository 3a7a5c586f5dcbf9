package loadgen

import "strings"

// violation is why a web application firewall looked at a request.
type violation struct {
	names        string // of what the request broke, parted by commas; empty: nothing
	attack       string // kind of attack
	ids, reasons string // numbers and names of signatures, parted by commas
	severity     string
	rating       uint32 // 0 none, 5 surely an attack
}

// habitual is what a WAF sees all day: programs that look around, and customers whose input looks odd.
var habitual = [...]struct {
	violation
	paths []string
	agent string
	stops bool
}{
	{violation{"Illegal file type", "Forceful Browsing", "", "", "Error", 2}, []string{"/wp-login.php", "/admin/config.bak", "/backup.zip", "/.git/config", "/phpmyadmin/index.php"}, "Mozilla/5.0 zgrab/0.x", true},
	{violation{"Illegal URL", "Predictable Resource Location", "", "", "Warning", 2}, []string{"/actuator/env", "/console/login", "/solr/admin", "/cgi-bin/test"}, "python-requests/2.32.5", true},
	{violation{"Illegal meta character in value", "Abuse of Functionality", "", "", "Warning", 1}, []string{"/search?q=%E8%B4%B7%E6%AC%BE%26%E5%88%A9%E7%8E%87", "/branch/query?city=Xi%27an", "/search?q=O%27Brien"}, "", false},
	{violation{"Illegal parameter", "Parameter Tampering", "", "", "Warning", 1}, []string{"/product/list?page=2&size=20&utm_source=mail", "/api/v1/notices?page=1&v=6.2.1"}, "", false},
	{violation{"HTTP protocol compliance failed", "HTTP Parser Attack", "", "", "Error", 3}, []string{"/", "/index.html"}, "masscan/1.3", true},
	{violation{"Illegal method", "Information Leakage", "", "", "Error", 2}, []string{"/api/v1/rates", "/"}, "curl/8.14.1", true},
}

// harmless is what a request without a violation has.
var harmless = violation{severity: "Informational"}

// wafLine makes one line of a web application firewall.
func (g *Generator) wafLine(dst []byte) []byte {
	if dst, ok := g.requests.next(g, dst); ok {
		return dst
	}
	from, to, agent := g.outside(), g.server(), pick(&g.rnd, agents[:])
	if g.rnd.percent(40) {
		return g.decision(dst, &harmless, from, to, "GET", pages[g.rnd.skewed(uint32(len(pages)))].path, agent, "passed")
	}
	h := &habitual[g.rnd.skewed(uint32(len(habitual)))]
	method, action := "GET", "alerted"
	if h.stops {
		agent, action = h.agent, "blocked"
	}
	if h.names == "Illegal method" {
		method = "TRACE"
	}
	return g.decision(dst, &h.violation, from, to, method, pick(&g.rnd, h.paths), agent, action)
}

// decision is what a WAF writes of a request: blocked, alerted or passed.
func (g *Generator) decision(dst []byte, v *violation, from, to ip, method, target, agent, action string) []byte {
	path, query, _ := strings.Cut(target, "?")
	status := "0" // it has no answer of the server
	if action != "blocked" {
		status = "200"
	}
	priority := uint32(134)
	if v.names != "" {
		priority = 131
	}
	g.line.Host = wafHost
	dst = append(appendUint(append(dst, '<'), priority), '>')
	dst = g.clock.appendSyslog(dst)
	dst = append(append(append(dst, ' '), wafHost...), ` ASM:unit_hostname="`...)
	dst = append(append(dst, wafHost...), `",management_ip_address="10.1.0.5",management_ip_address_2="N/A",http_class_name="/Common/www",`+
		`web_application_name="/Common/www",policy_name="/Common/www_policy",policy_apply_date="2026-09-01 10:00:00"`...)
	dst = quoted(dst, "violations", v.names)
	dst = appendPadded(append(dst, `,support_id="1820586`...), g.rnd.bits(26), 12)
	dst = quoted(append(dst, '"'), "request_status", action)
	dst = quoted(dst, "response_code", status)
	dst = append(appendIP(append(dst, `,ip_client="`...), from), `",route_domain="0"`...)
	dst = quoted(dst, "method", method)
	dst = quoted(dst, "protocol", "HTTPS")
	dst = quoted(dst, "query_string", query)
	dst = quoted(dst, "x_forwarded_for_header_value", "N/A")
	dst = quoted(dst, "sig_ids", v.ids)
	dst = quoted(dst, "sig_names", v.reasons)
	dst = append(g.clock.appendISO(append(dst, `,date_time="`...)), '"')
	dst = quoted(dst, "severity", v.severity)
	dst = quoted(dst, "attack_type", v.attack)
	dst = append(dst, `,geo_location="N/A",ip_address_intelligence="N/A",username="N/A",session_id="`...)
	dst = appendPadded(dst, g.rnd.bits(26), 9)
	dst = appendUint(append(dst, `",src_port="`...), g.ephemeral())
	dst = append(appendIP(append(dst, `",dest_port="443",dest_ip="`...), to), `",sub_violations="",virus_name="N/A"`...)
	dst = append(appendUint(append(dst, `,violation_rating="`...), v.rating), `",websocket_direction="N/A"`...)
	dst = quoted(dst, "uri", path)
	dst = append(append(dst, `,fragment="",request="`...), method...)
	dst = append(append(append(dst, ' '), target...), ` HTTP/1.1\r\nHost: www.bank.example\r\nUser-Agent: `...)
	return append(append(dst, agent...), `\r\n\r\n"`...)
}

// quoted appends ,key="value".
func quoted(dst []byte, key, value string) []byte {
	dst = append(append(append(dst, ','), key...), `="`...)
	return append(append(dst, value...), '"')
}
