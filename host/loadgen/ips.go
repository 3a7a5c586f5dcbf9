package loadgen

// signature is a rule of the intrusion prevention system.
type signature struct {
	id       uint32
	text     string // of the event; devices write Chinese or English, and punctuation of their own format
	port     uint32
	protocol string
	danger   uint32 // 1 low, 2 middle, 3 high
}

var signatures = [...]signature{
	{20001, "ICMP重定向报文", 0, "ICMP", 1},
	{20412, "TCP端口扫描", 22, "TCP", 1},
	{20877, "SSH暴力破解登录尝试", 22, "TCP", 2},
	{21033, "Telnet弱口令登录", 23, "TCP", 2},
	{21560, "FTP匿名登录", 21, "TCP", 1},
	{22104, "DNS隧道通信: 域名长度异常", 53, "UDP", 2},
	{22391, "NTP反射放大攻击", 123, "UDP", 2},
	{22718, "SNMP默认团体名public探测", 161, "UDP", 1},
	{23090, "Microsoft Windows SMB远程代码执行漏洞(MS17-010)", 445, "TCP", 3},
	{23317, "Redis未授权访问; 可写入计划任务", 6379, "TCP", 3},
	{23640, "Oracle TNS监听器信息泄露", 1521, "TCP", 2},
	{23988, "MySQL身份认证绕过尝试", 3306, "TCP", 2},
	{24125, "RDP蠕虫扫描", 3389, "TCP", 2},
	{24502, "Apache Log4j2远程代码执行: ${jndi:ldap://}", 8080, "TCP", 3},
	{24519, "Apache Struts2 S2-045远程命令执行", 8080, "TCP", 3},
	{24770, "Fastjson反序列化漏洞利用", 8080, "TCP", 3},
	{25011, "Webshell上传: 文件名含.jsp;.jpg", 80, "TCP", 3},
	{25102, "木马后门CobaltStrike心跳通信", 443, "TCP", 3},
	{25340, "挖矿程序连接矿池; stratum协议", 3333, "TCP", 2},
	{25577, "Suspicious User-Agent: sqlmap", 80, "TCP", 2},
	{25801, "HTTP Directory Listing; possible information leak", 80, "TCP", 1},
	{26034, "TLS certificate expired: weak signature", 443, "TCP", 1},
	{26219, "Executable download over HTTP", 80, "TCP", 2},
	{26455, "邮件附件含可执行文件: 发票.exe", 25, "TCP", 2},
}

// ipsLine makes one line of an intrusion prevention system.
func (g *Generator) ipsLine(dst []byte) []byte {
	if dst, ok := g.requests.next(g, dst); ok {
		return dst
	}
	g.line.Host = pick(&g.rnd, ipsHosts[:])
	s := &signatures[g.rnd.skewed(uint32(len(signatures)))]
	from, to := g.outside(), g.server()
	if g.rnd.bits(2) == 0 {
		from = g.client()
	}
	return g.intrusion(dst, s, from, to, g.rnd.percent(70))
}

func (g *Generator) intrusion(dst []byte, s *signature, from, to ip, blocked bool) []byte {
	dst = append(dst, "time:"...)
	dst = g.clock.appendISO(dst)
	dst = append(dst, ";danger_degree:"...)
	dst = appendUint(dst, s.danger)
	if blocked {
		dst = append(dst, ";breaking_sighn:1;event:'["...)
	} else {
		dst = append(dst, ";breaking_sighn:0;event:'["...)
	}
	dst = appendUint(dst, s.id)
	dst = append(dst, ']')
	dst = append(dst, s.text...)
	dst = append(dst, "';src_addr:"...)
	dst = appendIP(dst, from)
	dst = append(dst, ";src_port:"...)
	dst = appendUint(dst, g.ephemeral())
	dst = append(dst, ";dst_addr:"...)
	dst = appendIP(dst, to)
	dst = append(dst, ";dst_port:"...)
	dst = appendUint(dst, s.port)
	dst = append(dst, ";proto:'"...)
	dst = append(dst, s.protocol...)
	return append(dst, '\'')
}
