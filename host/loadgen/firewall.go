package loadgen

// firewallHead appends <PRI>TIMESTAMP HOSTNAME%%. The facility is local7, as the devices are delivered.
func (g *Generator) firewallHead(dst []byte, severity uint32, host string) []byte {
	dst = append(dst, '<')
	dst = appendUint(dst, 184+severity)
	dst = append(dst, '>')
	dst = g.clock.appendISO(dst)
	dst = append(dst, ' ')
	dst = append(dst, host...)
	g.line.Host = host
	return append(dst, '%', '%')
}

// firewallLine makes one line in shares as a firewall at the border of a bank writes them.
func (g *Generator) firewallLine(dst []byte) []byte {
	if dst, ok := g.network.next(g, dst); ok {
		return dst
	}
	switch n := g.rnd.below(100); {
	case n < 62:
		return g.session(dst)
	case n < 82:
		return g.traffic(dst)
	case n < 85:
		return g.address(dst)
	case n < 88:
		return g.attackLog(dst)
	case n < 91:
		return g.browsing(dst)
	case n < 94:
		return g.login(dst)
	case n < 97:
		return g.operation(dst)
	default:
		return g.system(dst)
	}
}

// firewall draws the machine that writes a line: an appliance, or the agent of an application machine.
func (g *Generator) firewall() string {
	if g.rnd.percent(12) {
		return pick(&g.rnd, appHosts[:])
	}
	return pick(&g.rnd, firewalls[:])
}

var (
	policies = [...]string{
		"trust-to-dmz", "trust-to-untrust", "dmz-to-core", "branch-to-core", "office-to-internet",
		"untrust-to-dmz", "核心区访问策略", "网银区到数据库区", "办公区上网策略", "vpn-to-office",
	}
	denials = [...]string{"deny-all", "untrust-to-trust-deny", "默认拒绝策略", "geo-block"}
)

// service is what listens on a port.
type service struct {
	port          uint32
	protocol, app string
}

var listening = [...]service{
	{443, "TCP", "HTTPS"},
	{443, "TCP", "HTTPS"},
	{443, "TCP", "网上银行"},
	{443, "TCP", "企业邮箱"},
	{80, "TCP", "HTTP"},
	{80, "TCP", "HTTP"},
	{53, "UDP", "DNS"},
	{53, "UDP", "DNS"},
	{8080, "TCP", "HTTP"},
	{8443, "TCP", "手机银行"},
	{22, "TCP", "SSH"},
	{3306, "TCP", "MySQL"},
	{1521, "TCP", "Oracle"},
	{25, "TCP", "SMTP"},
	{445, "TCP", "SMB"},
	{3389, "TCP", "RDP"},
	{6379, "TCP", "Redis"},
	{9092, "TCP", "Kafka"},
}

// flow appends the two ends of a connection in the keys of the device.
func (g *Generator) flow(dst []byte, from, to ip, s service) []byte {
	dst = append(dst, "srcip(source)="...)
	dst = appendIP(dst, from)
	dst = append(dst, ";dstip(dest)="...)
	dst = appendIP(dst, to)
	dst = append(dst, ";srcport="...)
	dst = appendUint(dst, g.ephemeral())
	dst = append(dst, ";dstport="...)
	dst = appendUint(dst, s.port)
	dst = append(dst, ";protocol="...)
	dst = append(dst, s.protocol...)
	return append(dst, ';')
}

// ends draws the two ends of an ordinary connection.
func (g *Generator) ends() (from, to ip) {
	switch g.rnd.bits(2) {
	case 0:
		return g.client(), g.outside()
	case 1:
		return g.outside(), g.server()
	default:
		return g.client(), g.server()
	}
}

func (g *Generator) session(dst []byte) []byte {
	host := g.firewall()
	kind := g.rnd.below(100)
	if kind < 8 {
		return g.denied(dst, host, g.outside(), g.server(), pick(&g.rnd, listening[:]))
	}
	dst = g.firewallHead(dst, 6, host)
	closed := kind < 55
	if closed {
		dst = append(dst, "FW/SESSION/6/SYSLOG: Session closed "...)
	} else {
		dst = append(dst, "FW/SESSION/6/SYSLOG: Session created "...)
	}
	from, to := g.ends()
	dst = g.flow(dst, from, to, pick(&g.rnd, listening[:]))
	dst = append(dst, "action=permit;policy="...)
	dst = append(dst, pick(&g.rnd, policies[:])...)
	dst = append(dst, ";bytes="...)
	dst = appendUint(dst, g.rnd.magnitude(7, 26))
	if closed {
		dst = append(dst, ";duration="...)
		dst = appendUint(dst, g.rnd.magnitude(1, 12))
	}
	return append(dst, ';')
}

func (g *Generator) denied(dst []byte, host string, from, to ip, s service) []byte {
	dst = g.firewallHead(dst, 4, host)
	dst = append(dst, "FW/SESSION/4/SYSLOG: Session denied "...)
	dst = g.flow(dst, from, to, s)
	dst = append(dst, "action=deny;policy="...)
	dst = append(dst, pick(&g.rnd, denials[:])...)
	return append(dst, ";bytes=0;"...)
}

var zones = [...]string{"trust", "untrust", "dmz", "core", "branch", "office"}

// traffic is the account of a finished connection.
func (g *Generator) traffic(dst []byte) []byte {
	dst = g.firewallHead(dst, 6, g.firewall())
	dst = append(dst, "FW/TRAFFIC/6/DATALOG: "...)
	from, to := g.ends()
	s := pick(&g.rnd, listening[:])
	dst = g.flow(dst, from, to, s)
	dst = append(dst, "app="...)
	dst = append(dst, s.app...)
	dst = append(dst, ";zone="...)
	dst = append(dst, pick(&g.rnd, zones[:])...)
	dst = append(dst, ";inbytes="...)
	dst = appendUint(dst, g.rnd.magnitude(6, 24))
	dst = append(dst, ";outbytes="...)
	dst = appendUint(dst, g.rnd.magnitude(6, 28))
	dst = append(dst, ";duration="...)
	dst = appendUint(dst, g.rnd.magnitude(1, 12))
	return append(dst, ';')
}

// address is a source address translation.
func (g *Generator) address(dst []byte) []byte {
	dst = g.firewallHead(dst, 6, g.firewall())
	dst = append(dst, "FW/NAT/6/DATALOG: "...)
	dst = g.flow(dst, g.client(), g.outside(), pick(&g.rnd, listening[:]))
	dst = append(dst, "nattype=SNAT;natip=192.0.2."...)
	dst = appendUint(dst, g.rnd.between(1, 14))
	dst = append(dst, ";natport="...)
	dst = appendUint(dst, g.rnd.between(1024, 65535))
	return append(dst, ';')
}

// networkAttack is a kind of attack that a firewall recognises by itself.
type networkAttack struct {
	name        string
	target      service
	description string
	severity    uint32
}

var attackLogs = [...]networkAttack{
	{"SYN Flood", service{port: 443, protocol: "TCP"}, "检测到SYN洪水攻击", 2},
	{"UDP Flood", service{port: 53, protocol: "UDP"}, "检测到UDP洪水攻击", 3},
	{"ICMP Flood", service{protocol: "ICMP"}, "ICMP报文速率超过阈值", 4},
	{"Land Attack", service{port: 80, protocol: "TCP"}, "源地址与目的地址相同", 3},
	{"IP Spoofing", service{port: 22, protocol: "TCP"}, "源地址欺骗，报文已丢弃", 3},
	{"Ping of Death", service{protocol: "ICMP"}, "超大ICMP报文", 4},
	{"DNS Amplification", service{port: 53, protocol: "UDP"}, "DNS放大攻击，来源已加入黑名单", 2},
	{"Web Attack", service{port: 80, protocol: "TCP"}, "检测到Web攻击特征", 3},
}

func (g *Generator) attackLog(dst []byte) []byte {
	return g.detected(dst, g.firewall(), g.outside(), g.server(), pick(&g.rnd, attackLogs[:]), g.rnd.magnitude(4, 16))
}

func (g *Generator) detected(dst []byte, host string, from, to ip, kind networkAttack, count uint32) []byte {
	dst = g.firewallHead(dst, kind.severity, host)
	dst = append(dst, "FW/ATTACK/"...)
	dst = appendUint(dst, kind.severity)
	dst = append(dst, "/SYSLOG: Attack detected "...)
	dst = g.flow(dst, from, to, kind.target)
	dst = append(dst, "attacktype="...)
	dst = append(dst, kind.name...)
	dst = append(dst, ";count="...)
	dst = appendUint(dst, count)
	dst = append(dst, ";action=drop;desc="...)
	dst = append(dst, kind.description...)
	return append(dst, ';')
}

var sites = [...]string{
	"http://mail.bank.example/inbox", "http://portal.bank.example/oa/list", "http://news.example.com/finance",
	"http://www.example.org/search", "http://download.example.net/tools", "http://pay.bank.example/order",
}

// browsing is the web audit; what employees type into unencrypted forms shows in it.
func (g *Generator) browsing(dst []byte) []byte {
	dst = g.firewallHead(dst, 6, g.firewall())
	dst = append(dst, "FW/URL/6/DATALOG: user="...)
	dst = g.person(dst)
	dst = append(dst, ";srcip(source)="...)
	dst = appendIP(dst, g.client())
	dst = append(dst, ";dstip(dest)="...)
	dst = appendIP(dst, g.outside())
	dst = append(dst, ";dstport=80;method=GET;url="...)
	dst = append(dst, pick(&g.rnd, sites[:])...)
	switch g.rnd.bits(3) {
	case 0:
		dst = g.card(append(dst, "?cardNo="...))
	case 1:
		dst = g.identity(append(dst, "?idcard="...))
	default:
		dst = appendUint(append(dst, "?id="...), g.rnd.magnitude(10, 20))
	}
	dst = append(dst, ";category="...)
	dst = append(dst, pick(&g.rnd, siteCategories[:])...)
	return append(dst, ";action=permit;"...)
}

var siteCategories = [...]string{"办公", "新闻资讯", "搜索引擎", "软件下载", "金融理财"}

var loginFailures = [...]string{"密码错误", "用户不存在", "账号已锁定", "密码错误", "验证码错误"}

// login is an administrator's login to the firewall or a person's to the VPN.
func (g *Generator) login(dst []byte) []byte {
	failed := g.rnd.percent(12)
	if g.rnd.bits(1) == 0 {
		return g.vpnLogin(dst, g.outside(), failed, nil)
	}
	return g.adminLogin(dst, g.firewall(), g.client(), failed, nil)
}

// adminLogin writes the login of user, or of anyone when user is nil.
func (g *Generator) adminLogin(dst []byte, host string, from ip, failed bool, user []byte) []byte {
	severity := loginSeverity(failed)
	dst = g.firewallHead(dst, severity, host)
	dst = append(dst, "FW/LOGIN/"...)
	dst = appendUint(dst, severity)
	dst = append(dst, "/OPERLOG: user="...)
	if user == nil {
		dst = g.admin(dst)
	} else {
		dst = append(dst, user...)
	}
	dst = append(dst, ";password="...)
	dst = g.password(dst)
	dst = append(dst, ";srcip(source)="...)
	dst = appendIP(dst, from)
	dst = append(dst, ";service="...)
	dst = append(dst, pick(&g.rnd, entrances[:])...)
	return g.outcome(append(dst, ";action=login;"...), failed)
}

// entrances are the ways to administrate a firewall.
var entrances = [...]string{"ssh", "https", "https", "console"}

// vpnLogin writes the VPN login of user, or of anyone when user is nil.
func (g *Generator) vpnLogin(dst []byte, from ip, failed bool, user []byte) []byte {
	severity := loginSeverity(failed)
	dst = g.firewallHead(dst, severity, "fw-vpn-01")
	dst = append(dst, "FW/VPN/"...)
	dst = appendUint(dst, severity)
	dst = append(dst, "/OPERLOG: user="...)
	if user == nil {
		dst = g.person(dst)
	} else {
		dst = append(dst, user...)
	}
	dst = append(dst, ";passwd="...)
	dst = g.password(dst)
	dst = append(dst, ";srcip(source)="...)
	dst = appendIP(dst, from)
	return g.outcome(append(dst, ";service=sslvpn;action=login;"...), failed)
}

func loginSeverity(failed bool) uint32 {
	if failed {
		return 4
	}
	return 5
}

// outcome closes a login line.
func (g *Generator) outcome(dst []byte, failed bool) []byte {
	if failed {
		dst = append(dst, "result=failed;reason="...)
		dst = append(dst, pick(&g.rnd, loginFailures[:])...)
		return append(dst, ";desc=登录失败;"...)
	}
	return append(dst, "result=success;desc=登录成功;"...)
}

// operations are commands of administrators with what the device says about them.
var operations = [...][2]string{
	{"set policy trust-to-dmz action permit", "修改安全策略"},
	{"set policy untrust-to-dmz log enable", "开启策略日志"},
	{"delete policy 办公区上网策略", "删除安全策略"},
	{"set interface gige0_3 shutdown", "关闭接口"},
	{"set nat source pool 2", "修改地址转换"},
	{"save config", "保存配置"},
	{"show session statistics", "查看会话统计"},
	{"set ntp server 10.2.0.11", "修改时钟服务器"},
}

func (g *Generator) operation(dst []byte) []byte {
	dst = g.firewallHead(dst, 5, g.firewall())
	dst = append(dst, "FW/CONFIG/5/OPERLOG: user="...)
	dst = g.admin(dst)
	if g.rnd.percent(35) {
		dst = append(dst, ";password="...)
		dst = g.password(dst)
	}
	dst = append(dst, ";srcip(source)="...)
	dst = appendIP(dst, g.client())
	dst = append(dst, ";service="...)
	dst = append(dst, pick(&g.rnd, entrances[:])...)
	dst = append(dst, ";command="...)
	if g.rnd.percent(15) {
		dst = append(dst, "set user "...)
		dst = g.admin(dst)
		dst = append(dst, ";新密码="...)
		dst = g.password(dst)
		return append(dst, ";result=success;desc=修改管理员密码;"...)
	}
	op := pick(&g.rnd, operations[:])
	dst = append(dst, op[0]...)
	dst = append(dst, ";result=success;desc="...)
	dst = append(dst, op[1]...)
	return append(dst, ';')
}

// system is what the device says about itself.
func (g *Generator) system(dst []byte) []byte {
	host := g.firewall()
	switch g.rnd.bits(3) {
	case 0:
		dst = g.firewallHead(dst, 1, host)
		dst = append(dst, "FW/HA/1/SYSLOG: HA state changed;from=backup;to=master;peer=10.2.0."...)
		dst = appendUint(dst, g.rnd.between(11, 70))
		return append(dst, ";reason=心跳超时;desc=双机状态切换;"...)
	case 1:
		dst = g.firewallHead(dst, 3, host)
		dst = append(dst, "FW/IFNET/3/SYSLOG: Interface gige0_"...)
		dst = appendUint(dst, g.rnd.below(24))
		return append(dst, " state=down;speed=1000;desc=接口状态变为DOWN;"...)
	case 2:
		dst = g.firewallHead(dst, 7, host)
		dst = append(dst, "FW/NTP/7/SYSLOG: Clock synchronised;server=10.2.0.11;offset="...)
		dst = appendUint(dst, g.rnd.below(40))
		return append(dst, "ms;stratum=3;desc=时钟同步成功;"...)
	case 3:
		dst = g.firewallHead(dst, 0, host)
		dst = append(dst, "FW/ENV/0/SYSLOG: Power supply failed;slot="...)
		dst = appendUint(dst, g.rnd.between(1, 2))
		return append(dst, ";desc=电源模块故障，请立即更换;"...)
	default:
		dst = g.firewallHead(dst, 4, host)
		dst = append(dst, "FW/SYSTEM/4/SYSLOG: cpu="...)
		dst = appendUint(dst, g.rnd.between(80, 99))
		dst = append(dst, "%;memory="...)
		dst = appendUint(dst, g.rnd.between(40, 95))
		dst = append(dst, "%;sessions="...)
		dst = appendUint(dst, g.rnd.magnitude(12, 20))
		return append(dst, ";temperature=54;desc=CPU使用率超过阈值，请检查业务流量;"...)
	}
}
