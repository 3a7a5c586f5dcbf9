package infer

import (
	"slices"
	"strings"
	"unicode"

	"github.com/logcenter/logcenter/sdk/ecs"
)

// Meanings that are no field: what is made of such a value is more than a copy.
const (
	meansTime     = "@timestamp"
	meansDate     = "date of @timestamp"
	meansClock    = "time of day of @timestamp"
	meansSeverity = "severity"
	meansAction   = "event.action"
	meansOutcome  = "event.outcome"
	meansDuration = "event.duration"
	meansURL      = "url.original"
	meansRequest  = "request"
	meansSource   = "source" // address, endpoint or name decide
	meansTarget   = "destination"
	meansEvent    = "event"   // what happened, in words
	meansBlocked  = "blocked" // whether it was
	meansNothing  = "-"       // what only helps to read another value
)

// dictionary has the keys that devices use, without case and punctuation, by what they mean.
var dictionary = invert(map[string]string{
	meansTime: `timestamp time eventtime datetime logtime rt devtime occurtime happentime ts eventts eventdate
		generatedtime timegenerated timecreated systemtime utctime timelocal starttimestamp devicereceipttime
		时间 发生时间 日志时间 事件时间 产生时间 记录时间 告警时间 攻击时间
		requestreceivedtimestamp published creationtime createddatetime eventtimestamp edgestarttimestamp accesstime deviceeventtime devicetime occurredat generatedat timeiso8601 servertime 访问时间 操作时间 登录时间 创建时间 上报时间`,
	meansBlocked: `breakingsighn blocked isblocked 是否阻断 阻断`,
	meansNothing: `tz timezone timezoneoffset devtimeformat futureuse
		logstatus`,
	meansDate:  `date logdate eventday day 日期`,
	meansClock: `timeofday clock hour 时刻`,
	meansSeverity: `severity level pri priority risk risklevel severitylevel loglevel sev dangerdegree threatlevel eventseverity cefseverity syslogseverity
		eventlevel alertlevel crlevel errorseverity leveldisplayname levelname 级别 等级 严重级别 危险等级 风险等级 威胁等级 日志级别 危险程度 告警级别 事件级别
		威胁级别 风险级别 事件等级 告警等级 严重程度 危害等级 攻击级别 攻击等级`,
	meansAction: `action act eventaction disposition verdict policyaction ruleaction eventname operation op activity actiontaken utmaction actionname
		动作 操作 处理动作 处置动作 响应动作 策略动作
		accesscontrolruleaction methodname enforcement operationname 操作类型 执行动作 动作类型 防护动作 阻断动作`,
	meansOutcome: `outcome result status keywords authresult resultstatus loginresult success opresult returncode responsecode
		结果 操作结果 登录结果 状态
		authstatus loginstatus operationresult resulttype 处理结果 操作状态 登录状态 执行结果 认证结果`,
	meansDuration: `duration elapsed elapsedtime dur sessionduration durationms durationsec connduration requesttime requesttimeus requesttimems upstreamresponsetime timetaken responsetime
		processtime latency cost elapsedms durationus durationns elapsedsec 持续时间 时长 耗时 会话时长
		connectionduration sessiontime totaltime requestduration responsetimems latencyms 会话持续时间 响应时间 处理时间`,
	meansURL: `url uri request requesturl requesturi link csuri urloriginal httpurl fullurl 网址 链接 请求url 请求地址
		requestedurl originalurl httpuri 访问地址 访问url 请求uri`,
	meansRequest: `httprequest requestline`,
	meansSource:  `src source client remote attacker from initiator remotehost remoteaddr peer caller callers sourceaddr cip csip clienthost rhost 源 来源 客户端 攻击者 攻击源`,
	meansTarget:  `dst dest destination target victim to responder server backendaddr 目的 目标 服务端 受害者`,
	meansEvent:   `event eventtype alert signature sig attack attackname threat threatname threatid 事件 事件名称 攻击名称 威胁名称 告警名称 规则名称 漏洞名称`,

	"source.ip": `srcip sip srcaddr srcaddress sourceip sourceaddress clientip clientaddr clientaddress remoteip remoteaddress ipaddress cliip saddr ipsrc
		srcipv4 srcipv6 attackerip attackip sourceipaddress orgip loginip fromip userip ip 源ip 源地址 源ip地址 攻击ip 攻击源ip 来源ip 客户端ip 登录ip 登录地址
		sourceipaddr realip xrealip callerip trueclientip sourceips 客户端地址 攻击者ip 访问者ip 来源地址 用户ip 终端ip 访问ip`,
	"source.port":  `srcport sport sourceport clientport remoteport spt cport ipport portsrc sourcetransportport 源端口 客户端端口`,
	"source.mac":   `srcmac smac sourcemac clientmac macaddress mac srcmacaddr srchwaddr 源mac 源mac地址`,
	"source.bytes": `sentbyte sent sentbytes bytessent outbytes txbytes srcbytes sbytes bytesin in cbytes csbytes requestbytes upbytes 发送字节 上行流量 发送字节数 上行字节数`,
	"source.packets": `sentpkt sentpkts packetssent pktssent outpackets srcpackets srcpkts txpackets 发送包数 上行包数
		sentpackets`,
	"source.nat.ip":           `transip natsrcip natsourceip natsip srcnatip sourcetranslatedaddress xlatesrc sourcenatip mappedsrcip natip srctransip natsrc 转换后源ip 转换源ip nat后源地址`,
	"source.nat.port":         `natsrcport natsourceport natsport srcnatport sourcetranslatedport xlatesport natport srctransport 转换后源端口 转换源端口`,
	"source.user.name":        `suser srcuser sourceuser sourceusername subjectusername srcusername`,
	"source.domain":           `shost srchost identhostname sourcehostname clienthostname workstationname srcname srcdomain sourcehost`,
	"source.geo.country_name": `srccountry sourcecountry srcloc srclocation sourcelocation srcregion 源国家 来源国家 源区域`,
	"destination.ip": `dstip dip destip dstaddr dstaddress destaddr destaddress destinationip destinationaddress serverip serveraddr targetip daddr ipdst
		dstipv4 dstipv6 victimip sip2 localip 目的ip 目的地址 目的ip地址 目标ip 目标地址 受害ip 服务器ip
		destipaddr upstreamip 受害者ip 被攻击ip 服务器地址 被访问ip`,
	"destination.port":  `dstport dport destport destinationport serverport targetport dpt sport2 portdst destinationtransportport 目的端口 目标端口 服务端口`,
	"destination.mac":   `dstmac dmac destmac destinationmac dstmacaddr 目的mac 目的mac地址`,
	"destination.bytes": `bytesout rcvdbyte rcvd received rcvdbytes bytesreceived receivedbytes inbytes rxbytes dstbytes dbytes bytesrcvd out sbytesout downbytes scbytes 接收字节 下行流量 接收字节数 下行字节数`,
	"destination.packets": `rcvdpkt rcvdpkts packetsreceived pktsreceived inpackets dstpackets dstpkts rxpackets 接收包数 下行包数
		receivedpackets recvpackets`,
	"destination.nat.ip":           `natdstip natdestinationip natdip dstnatip destinationtranslatedaddress xlatedst destinationnatip mappeddstip dsttransip natdst 转换后目的ip 转换目的ip`,
	"destination.nat.port":         `natdstport natdestinationport natdport dstnatport destinationtranslatedport xlatedport dsttransport 转换后目的端口 转换目的端口`,
	"destination.user.name":        `duser dstuser destuser destinationuser destinationusername `,
	"destination.domain":           `dhost dsthost destinationhostname targethostname dstname dstdomain desthost remotehostname`,
	"destination.geo.country_name": `dstcountry destinationcountry dstloc dstlocation destinationlocation dstregion 目的国家 目标国家`,

	"network.transport": `proto protocol protocolid transport transportprotocol ipprotocol l4proto protoname ipproto 协议 协议类型 传输协议
		l4protocol iptransport`,
	"network.protocol": `app application service appproto applicationprotocol appname applayerprotocol l7protocol apptype appprotocol 应用 应用协议 应用名称 服务
		applicationname l7proto applayerproto`,
	"network.bytes":     `bytes totalbytes bytestotal traffic flowbytes 流量 总字节数 字节数`,
	"network.packets":   `packets totalpackets pkts packetstotal packetcount 总包数 包数`,
	"network.direction": `direction dir ifdir flowdirection devicedirection 方向`,
	"network.vlan.id":   `vlan vlanid 虚拟局域网`,
	"network.type":      `iptype networktype addressfamily`,

	"observer.ingress.interface.name": `interface ifname iniface inputinterface packetincominginterface iface srcintf inintf inif inboundif inboundinterface ininterface ingressinterface deviceinboundinterface srcinterface iif ifin srcif inface 入接口 入口
		indev inputdev inputint srcinterfacename physindev 流入接口 源接口`,
	"observer.egress.interface.name": `dstintf outiface outputinterface outintf outif outboundif outboundinterface outinterface egressinterface deviceoutboundinterface dstinterface oif ifout dstif outface 出接口 出口
		outdev outputdev outputint dstinterfacename physoutdev 流出接口 目的接口`,
	"observer.ingress.zone":  `srczone fromzone sourcezone inzone ingresszone szone zonefrom 源区域名 源安全域 源域`,
	"observer.egress.zone":   `dstzone tozone destinationzone outzone egresszone dzone zoneto destzone 目的安全域 目的域`,
	"observer.name":          `devname devicename dvchost firewall fw fwname sensor sensorname 设备名称 设备名`,
	"observer.hostname":      `devicehostname`,
	"observer.ip":            `dvc deviceip devip deviceaddress dvcip sensorip 设备ip 设备地址`,
	"observer.serial_number": `devid deviceid serial serialnumber serialno sn devsn deviceserial deviceexternalid 序列号 设备序列号`,
	"observer.vendor":        `vendor devicevendor 厂商`,
	"observer.product":       `product deviceproduct model devicemodel devicetype 产品 型号 设备型号`,
	"observer.version":       `deviceversion firmware osversion 设备版本`,

	"rule.id": `policyid ruleid sid sigid signatureid attackid aclid pluginid eventruleid patternid 规则id 策略id 规则号 特征id
		ruleuid ruleuuid rulenumber ruleno rulenum policyuid policyuuid`,
	"rule.name": `policyname policy rule rulename acl aclname securitypolicy accessgroup msgtitle 策略 策略名称 规则 安全策略`,
	"rule.category": `attacktype category cat rulecategory threattype attackcategory threatcategory thrcategory sigcategory catdesc 攻击类型 威胁类型 攻击分类 事件类型
		威胁分类 威胁类别 攻击类别 告警类型 事件分类 漏洞类型`,
	"rule.ruleset": `ruleset policyset rulebase policygroup
		acpolicy accesspolicy accesscontrolpolicy policypackage`,

	"user.name": `user username usr usrname targetusername account accountname login loginname uname userid2 operator admin principalname csusername authuser srcuserid remoteuser 用户 用户名 账号 用户名称 操作员 管理员 登录用户 操作用户
		callername actorname principal principalemail useremail userprincipalname upn userlogin alternateid 登录名 登录账号 帐号 用户账号 操作人 操作人员`,
	"user.id": `uid useruid sid2 subjectusersid usersid principalid targetusersid 用户id
		actorid userguid userobjectid`,
	"user.domain":         `userdomain domain ntdomain subjectdomainname targetdomainname sntdom dntdom`,
	"user.effective.name": `euser effectiveuser runas targetuser asuser`,
	"user.password":       `password passwd pwd pass newpassword oldpassword 密码 口令 新密码`,
	"user_agent.original": `useragent agent ua httpuseragent requestclientapplication csuseragent 用户代理
		rawuseragent`,

	"host.name": `host hostname computer computername machine machinename node server2 主机 主机名 主机名称
		endpoint endpointname clientcomputer 终端名称 计算机名`,
	"host.ip":              `hostip machineip 主机ip`,
	"host.id":              `hostid machineid instanceid agentid`,
	"host.os.name":         `os osname operatingsystem osfamily 操作系统`,
	"process.name":         `process processname proc program programname sproc imagename comm 进程 进程名`,
	"process.pid":          `pid processid procid spid executionprocessid 进程id 进程号`,
	"process.executable":   `exe executable image newprocessname processpath imagepath execpath 进程路径`,
	"process.command_line": `commandline cmdline command cmd processcommandline 命令 命令行`,
	"service.name":         `servicename svc svcname daemon`,
	"service.type":         `servicetype`,

	"http.request.method": `method httpmethod requestmethod csmethod verb 请求方法 方法
		请求方式`,
	"http.request.referrer": `referer referrer httpreferer httpreferrer csreferer requestcontext`,
	"http.request.bytes":    `requestlength requestsize csbytes2 reqbytes reqsize`,
	"http.response.status_code": `statuscode httpstatus httpstatuscode scstatus httpcode respcode retcode 状态码 响应码 返回码
		responsestatus httpresponsecode 响应状态码 http状态码 响应状态`,
	"http.response.body.bytes": `bodybytessent bodybytes httplength responsesize responsebody contentlength respsize 响应长度`,
	"http.response.bytes": `scbytes2 responsebytes bytesread
		edgeresponsebytes responsecontentsize contentsize`,
	"http.version": `httpversion csversion httpproto httpprotocol`,
	"url.domain": `urldomain httphostname cshost vhost httphost sitename virtualhost servername destinationdnsdomain fqdn domainname site 域名 站点
		请求域名 访问域名`,
	"url.path":  `urlpath uristem csuristem requestpath pathinfo`,
	"url.query": `urlquery uriquery csuriquery querystring urlparams args`,

	"dns.question.name": `qname rrname query dnsquery queryname questionname 查询域名`,
	"dns.question.type": `qtype rrtype querytype dnsquerytype questiontype 查询类型`,

	"file.name":        `filename fname file sfname 文件名 文件名称`,
	"file.path":        `filepath fullpath objectname targetfilename 文件路径`,
	"file.size":        `filesize fsize 文件大小`,
	"file.hash.md5":    `md5 filemd5 filehash2 hashmd5`,
	"file.hash.sha256": `sha256 filesha256 filehash hashsha256`,
	"file.mime_type":   `mimetype contenttype filetype2 mime`,

	"event.code": `logid eventid msgid messageid eventcode msgcode id2 signatureidcef eventclassid 事件id 事件编号 日志id 消息编号 日志编号`,
	"event.reason": `reason msg message error hint errormessage desc description detail details cause errmsg errormessage eventdescription text info content failurereason extrainfo failreason
		原因 描述 消息 内容 详情 详细信息 信息 失败原因 日志内容`,
	"event.provider": `provider providername sourcename eventsource`,
	"event.sequence": `seq sequence sequencenumber seqno recordid recordnumber eventrecordid serialnum logseq 序号 流水号
		sequencenum seqnum 日志序号`,
	"event.risk_score": `score riskscore crscore threatscore anomalyscore`,
	"event.start": `start starttime starttimestamp2 begintime sessionstart begin 开始时间
		sessionstarttime flowstart flowstarttime begintimee firstseen 起始时间`,
	"event.end": `end endtime endtimestamp stoptime sessionend 结束时间
		flowend flowendtime sessionendtime endtimee lastseen`,
	"event.created": `created receivedtime receivetime collecttime ingesttime`,
	"event.dataset": `dataset2`,

	"tls.version":              `tlsversion sslversion sslprotocol tlsprotocol`,
	"tls.cipher":               `cipher sslcipher tlscipher ciphersuite`,
	"trace.id":                 `traceid requestid xrequestid correlationid activityid`,
	"threat.technique.id":      `techniqueid mitretechnique attckid techniques`,
	"vulnerability.id":         `cve cveid vulnid vulnerabilityid 漏洞编号 漏洞id`,
	"log.logger":               `logger loggername channel`,
	"log.level":                `loglevelname`,
	"organization.name":        `org organization orgname tenant tenantname company dept department 部门 单位 组织`,
	"log.syslog.facility.code": `facility syslogfacility`,
	"log.file.path":            `logfile logpath`,
})

func invert(by map[string]string) map[string]string {
	out := map[string]string{}
	for field, keys := range by {
		for _, k := range strings.Fields(keys) {
			out[k] = field
		}
	}
	return out
}

// w3c are the names of the W3C extended log format, whose prefixes are c for client and s for server
// (https://www.w3.org/TR/WD-logfile).
var w3c = map[string]string{
	"s-ip": "destination.ip", "s-port": "destination.port", "c-ip": "source.ip", "c-port": "source.port", "cs-bytes": "http.request.bytes",
	"sc-bytes": "http.response.bytes", "cs(User-Agent)": "user_agent.original", "cs(Referer)": "http.request.referrer", "cs-host": "url.domain",
	"cs(Host)": "url.domain", "s-computername": "host.name", "sc-status": "http.response.status_code", "cs-method": "http.request.method",
	"cs-uri-stem": "url.path", "cs-uri-query": "url.query", "cs-username": "user.name", "time-taken": meansDuration, "cs-version": "http.version",
	"cs(Cookie)": "", "s-sitename": "service.name",
}

// plainKey is a key without case and punctuation.
func plainKey(key string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, key)
}

// wordsOf cuts a key where its case, punctuation or digits say that a word begins: srcIP_v4 is src, ip, v, 4.
func wordsOf(key string) (out []string) {
	runes := []rune(key)
	start := 0
	flush := func(end int) {
		if end > start {
			out = append(out, strings.ToLower(string(runes[start:end])))
		}
	}
	for i, r := range runes {
		switch {
		case !unicode.IsLetter(r) && !unicode.IsDigit(r):
			flush(i)
			start = i + 1
		case i > start && unicode.IsUpper(r) && (unicode.IsLower(runes[i-1]) || i+1 < len(runes) && unicode.IsLower(runes[i+1]) && unicode.IsUpper(runes[i-1])):
			flush(i)
			start = i
		}
	}
	flush(len(runes))
	return out
}

// Words of keys that name a side of a connection, and what of it.
var (
	sides = map[string]string{
		"src": "source", "source": "source", "client": "source", "attacker": "source", "remote": "source", "initiator": "source", "from": "source",
		"cli": "source", "c": "source", "orig": "source", "peer": "source", "init": "source", "requester": "source", "caller": "source",
		"dst": "destination", "dest": "destination", "destination": "destination", "server": "destination", "target": "destination",
		"victim": "destination", "responder": "destination", "to": "destination", "srv": "destination", "s": "destination", "resp": "destination",
		"rply": "destination", "reply": "destination",
	}
	attributes = map[string]string{
		"ip": "ip", "addr": "ip", "address": "ip", "ipv4": "ip", "ipv6": "ip", "ipaddr": "ip", "port": "port", "mac": "mac",
		"macaddr": "mac", "bytes": "bytes", "byte": "bytes", "octets": "bytes", "packets": "packets", "pkts": "packets", "pkt": "packets",
		"packet": "packets", "city": "geo.city_name", "user": "user.name", "username": "user.name", "host": "domain", "hostname": "domain",
		"domain": "domain", "country": "geo.country_name", "h": "ip", "p": "port", "zone": "zone", "interface": "interface", "intf": "interface", "if": "interface",
	}
)

// flows are words for the ways of bytes and packets, as the source sees them.
var flows = map[string]string{
	"sent": "source", "send": "source", "tx": "source", "up": "source", "upload": "source",
	"recv": "destination", "rcvd": "destination", "received": "destination", "receive": "destination", "rx": "destination", "down": "destination", "download": "destination",
}

// bare are attributes that say nothing without what they are of.
var bare = []string{"ip", "port", "mac", "bytes", "packets", "zone", "interface"}

// meaning says what a key means, empty if it is not known. The longest tail of its words that the dictionary has
// decides, so that additional.src_ip is src_ip.
func meaning(key string) string {
	if f, ok := ecs.Lookup(key); ok && strings.Contains(key, ".") && !reserved(key) {
		return f.Name() // the device writes ECS
	}
	if m, ok := w3c[key]; ok {
		return m
	}
	if i := strings.IndexAny(key, "([（"); i > 0 {
		key = key[:i] // srcip(source)
	}
	if m, ok := dictionary[plainKey(key)]; ok {
		return m
	}
	if m, ok := dictionary[strings.TrimSuffix(plainKey(key), "s")]; ok {
		return m // sourceIPs
	}
	if strings.HasPrefix(key, "column_") {
		return meansNothing // a column without a name
	}
	for rest := key; ; { // the end of a path, if that is more than an attribute of what stands in front
		_, after, ok := strings.Cut(rest, ".")
		if !ok {
			break
		}
		rest = after
		if m, ok := dictionary[plainKey(rest)]; ok && attributes[plainKey(rest)] == "" {
			return m
		}
	}
	words := wordsOf(key)
	if m := composed(words); m != "" {
		return m
	}
	for i := 1; i < len(words); i++ {
		tail := strings.Join(words[i:], "")
		if m, ok := dictionary[tail]; ok && len(tail) > 2 && !slices.Contains(bare, attributes[tail]) {
			return m
		}
	}
	return ""
}

// reserved says that a field is the host's to set.
func reserved(field string) bool {
	return strings.HasPrefix(field, "error.") || strings.HasPrefix(field, "logcenter.") || field == "event.id" || field == "event.ingested"
}

// composed reads keys that name a side and an attribute in any order: addr_client, nat_src_port.
func composed(words []string) string {
	side, attribute, nat := "", "", ""
	weak := false // the side is told by a word that can mean other things: bytes-from-server
	for _, w := range words {
		switch {
		case w == "nat" || w == "translated" || w == "xlate" || w == "mapped" || w == "trans" || w == "tran":
			nat = "nat."
		case sides[w] != "" && (side == "" || weak):
			side, weak = sides[w], len(w) <= len("from") && w != "src" && w != "dst" && w != "dest"
		case attributes[w] != "" && attribute == "":
			attribute = attributes[w]
		}
	}
	if attribute == "bytes" || attribute == "packets" {
		for _, w := range words {
			if side == "" {
				side = flows[w]
			}
		}
	}
	switch {
	case side == "" || attribute == "":
		return ""
	case attribute == "zone" || attribute == "interface":
		way := map[string]string{"source": "observer.ingress.", "destination": "observer.egress."}[side]
		if attribute == "interface" {
			return way + "interface.name"
		}
		return way + "zone"
	case nat != "" && (attribute == "ip" || attribute == "port"):
		return side + "." + nat + attribute
	}
	return side + "." + attribute
}
