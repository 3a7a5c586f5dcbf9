package loadgen

import "time"

// Heads of lines that occur often.
const (
	syslogTime = "{time:2006-01-02T15:04:05Z}"
	plainTime  = "{time:2006-01-02 15:04:05}"
	fortigate  = `date={time:2006-01-02} time={time:15:04:05} devname="FG-BR-01" devid="FGT60F0000000101" eventtime={unix}000000000 tz="+0000" `
	cloudtrail = `{"eventVersion":"1.11","userIdentity":{"type":"IAMUser","principalId":"AIDAEXAMPLE","arn":"arn:aws-cn:iam::111122223333:user/{user}","accountId":"111122223333","userName":"{user}"},"eventTime":"` + syslogTime + `",`
	cloudEnd   = `"awsRegion":"cn-north-1","sourceIPAddress":"203.0.113.99","userAgent":"Mozilla/5.0","requestParameters":null,"requestID":"r-{k}","eventID":"e-{k}","managementEvent":true,"recipientAccountId":"111122223333","eventCategory":"Management"`
	k8sEnd     = `"sourceIPs":["10.2.0.9"],"userAgent":"kubectl/v1.33.1","responseStatus":{"metadata":{},"code":200},"requestReceivedTimestamp":"{time:2006-01-02T15:04:05.000000Z}","stageTimestamp":"{time:2006-01-02T15:04:05.000000Z}","annotations":{"authorization.k8s.io/decision":"allow"}}`
)

func nxlog(event, severity, number, more string) string {
	return `{"EventTime":"` + plainTime + `","Hostname":"dc01.bank.example","Keywords":-9214364837600034816,"EventType":"` + event + `","SeverityValue":2,"Severity":"` + severity +
		`","EventID":` + number + `,"SourceName":"Microsoft-Windows-Security-Auditing","Version":1,"Task":12544,"RecordNumber":{k},"ProcessID":684,"ThreadID":900,"Channel":"Security","Message":"-",` + more + `}`
}

func one(line string) []act { return []act{{0, line, 0}} }

// habits are what happens on an ordinary day.
var habits = [...]habit{
	// Hosts.
	{300, byDay, "192.0.2.10:514", []act{
		{0, `<38>1 ` + syslogTime + ` {app} sshd 2190 - - Failed password for {user} from {client} port {port} ssh2`, 8},
		{4 * time.Second, `<86>1 ` + syslogTime + ` {app} sshd 2190 - - Accepted password for {user} from {client} port {port} ssh2`, 0},
		{time.Second, `<86>1 ` + syslogTime + ` {app} sshd 2190 - - pam_unix(sshd:session): session opened for user {user}(uid=1001) by (uid=0)`, 0},
		{20 * time.Minute, `<86>1 ` + syslogTime + ` {app} sshd 2190 - - pam_unix(sshd:session): session closed for user {user}`, 0},
	}},
	{120, byDay, "192.0.2.10:514", []act{
		{0, `<85>1 ` + syslogTime + ` {app} sudo - - -     {admin} : TTY=pts/0 ; PWD=/home/{admin} ; USER=root ; COMMAND=/usr/bin/systemctl reload nginx`, 0},
		{0, `<85>1 ` + syslogTime + ` {app} sudo - - - pam_unix(sudo:session): session opened for user root(uid=0) by {admin}(uid=1001)`, 0},
	}},
	{2400, always, "192.0.2.10:514", one(`<78>1 ` + syslogTime + ` {app} CRON 1300 - - (root) CMD (run-parts /etc/cron.hourly)`)},
	{900, always, "192.0.2.10:514", one(`<30>1 ` + syslogTime + ` {app} systemd 1 - - Started logrotate.service - Rotate log files.`)},
	{6, byDay, "192.0.2.10:514", []act{
		{0, `<28>1 ` + syslogTime + ` {app} systemd 1 - - billing.service: Failed with result 'exit-code'.`, 0},
		{5 * time.Second, `<30>1 ` + syslogTime + ` {app} systemd 1 - - Started billing.service - Billing of the shop.`, 0},
	}},
	{400, always, "192.0.2.10:514", one(`<27>1 ` + syslogTime + ` {app} billing 733 - - error: rate of the European Central Bank is not there yet, tried again`)},
	{1500, always, "192.0.2.10:514", one(`type=USER_LOGIN msg=audit({unix}.512:{k}): pid=733 uid=0 auid=1001 ses=4 msg='op=login id=1001 exe="/usr/sbin/sshd" hostname={client} addr={client} terminal=/dev/pts/0 res=success'UID="root" AUID="{user}" ID="{user}"`)},
	// Windows.
	{2000, byDay, "192.0.2.11:514", []act{
		{0, nxlog("AUDIT_FAILURE", "ERROR", "4625", `"TargetUserName":"{user}","TargetDomainName":"BANK","Status":"0xc000006d","SubStatus":"0xc000006a","LogonType":"3","WorkstationName":"PC-042","IpAddress":"{client}","IpPort":"{port}"`), 4},
		{5 * time.Second, nxlog("AUDIT_SUCCESS", "INFO", "4624", `"TargetUserName":"{user}","TargetDomainName":"BANK","TargetLogonId":"0x{k}","LogonType":"3","LogonProcessName":"NtLmSsp ","AuthenticationPackageName":"NTLM","WorkstationName":"PC-042","IpAddress":"{client}","IpPort":"{port}"`), 0},
	}},
	{3, byDay, "192.0.2.11:514", one(nxlog("AUDIT_SUCCESS", "INFO", "4740", `"TargetUserName":"{user}","TargetDomainName":"PC-042","SubjectUserName":"DC01$","SubjectDomainName":"BANK"`))},
	{2, byDay, "192.0.2.11:514", one(nxlog("AUDIT_SUCCESS", "INFO", "4724", `"TargetUserName":"{user}","TargetDomainName":"BANK","SubjectUserName":"anna.admin","SubjectDomainName":"BANK"`))},
	// Firewalls and VPN. They are never silent for long.
	{2000, always, "192.0.2.1:514", one(`<190>` + plainTime + ` fw-core-01%%FW/SESSION/6/SYSLOG: Session created srcip(source)={client};dstip(dest)={server};srcport={port};dstport=443;protocol=TCP;action=permit;policy=office;zone=office;desc=会话创建;`)},
	{2000, always, "192.0.2.1:514", one(`<190>` + plainTime + ` fw-vpn-01%%FW/SESSION/6/SYSLOG: Session created srcip(source)=10.60.0.17;dstip(dest)={server};srcport={port};dstport=443;protocol=TCP;action=permit;policy=vpn;zone=vpn;desc=会话创建;`)},
	{400, byDay, "192.0.2.1:514", []act{
		{0, `<188>` + plainTime + ` fw-vpn-01%%FW/VPN/4/OPERLOG: user={user};passwd=cK38JqKKhBb6ARyW;srcip(source)={home};service=sslvpn;action=login;result=failed;reason=密码错误;desc=登录失败;`, 10},
		{8 * time.Second, `<189>` + plainTime + ` fw-vpn-01%%FW/VPN/5/OPERLOG: user={user};passwd=fk7w35b8Nz6cXgL;srcip(source)={home};service=sslvpn;action=login;result=success;desc=登录成功;`, 0},
	}},
	{20, byDay, "192.0.2.1:514", []act{
		{0, `<189>` + plainTime + ` fw-core-01%%FW/LOGIN/5/OPERLOG: user={admin};password=kY2i_tTinMb;srcip(source)={client};service=https;action=login;result=success;desc=登录成功;`, 0},
		{5 * time.Minute, `<189>` + plainTime + ` fw-core-01%%FW/CONFIG/5/OPERLOG: user={admin};srcip(source)={client};service=https;command=set policy 12 permit {server};result=success;desc=配置成功;`, 50},
	}},
	{4000, always, "192.0.2.2:514", one(`<189>` + fortigate + `logid="0000000013" type="traffic" subtype="forward" level="notice" vd="root" srcip={client} srcport={port} srcintf="internal" srcintfrole="lan" dstip={outside} dstport=443 dstintf="wan1" dstintfrole="wan" sessionid={k} proto=6 action="close" policyid=17 user="CORP\{user}" service="HTTPS" duration=549 sentbyte=67533 rcvdbyte=598312 sentpkt=254 rcvdpkt=358`)},
	{1500, always, "192.0.2.2:514", one(`<189>` + fortigate + `logid="0000000013" type="traffic" subtype="forward" level="notice" vd="root" srcip={outside} srcport={port} srcintf="wan1" srcintfrole="wan" dstip=192.0.2.5 dstport=445 dstintf="internal" dstintfrole="lan" sessionid={k} proto=6 action="deny" policyid=0 service="SMB" duration=0 sentbyte=0 rcvdbyte=0 sentpkt=0 rcvdpkt=0`)},
	{2, atNight, "192.0.2.2:514", one(`<189>` + fortigate + `logid="0000000013" type="traffic" subtype="forward" level="notice" vd="root" srcip=10.2.0.11 srcport={port} srcintf="dmz" srcintfrole="lan" dstip=10.2.0.99 dstport=443 dstintf="internal" dstintfrole="lan" sessionid={k} proto=6 action="close" policyid=17 service="HTTPS" duration=5490 sentbyte=20000000000 rcvdbyte=598312 sentpkt=254000 rcvdpkt=358`)},
	{1, byDay, "192.0.2.2:514", one(`<188>` + fortigate + `logid="0211008192" type="utm" subtype="virus" eventtype="infected" level="warning" vd="root" policyid=1 msg="File is infected." action="blocked" service="HTTP" sessionid={k} srcip={client} dstip={outside} srcport={port} dstport=80 srcintf="internal" dstintf="wan1" proto=6 direction="incoming" filename="report.exe" virus="W32/Agent.A!tr" url="http://files.example.com/report.exe"`)},
	{2000, always, "192.0.2.3:514", one(`<190>{time:Jan 02 15:04:05 2006} SecPath-BR-01 %%10FILTER/6/FILTER_ZONE_IPV4_EXECUTION: -Context=1; SrcZoneName(1025)=Trust;DstZoneName(1035)=Untrust;Type(1067)=ACL;SecurityPolicy(1072)=out;RuleID(1078)=5;Protocol(1001)=UDP;Application(1002)=dns;SrcIPAddr(1003)=10.2.0.53;SrcPort(1004)={port};DstIPAddr(1007)=198.51.100.53;DstPort(1008)=53;MatchCount(1069)=1;Event(1048)=permit;`)},
	{30, byDay, "192.0.2.3:514", one(`<189>{time:Jan 02 15:04:05 2006} SecPath-BR-01 %%10SHELL/5/SHELL_LOGIN: -MDC=1; {admin} logged in from 10.1.1.5.`)},
	{2000, always, "192.0.2.4:514", one(`<166>{time:Jan 02 2006 15:04:05} asa-br-01 : %ASA-6-305011: Built dynamic TCP translation from inside:{client}/{port} to outside:203.0.113.3/24018`)},
	// Intrusion prevention and WAF: what the internet does all day.
	{300, always, "192.0.2.5:514", one(`time:` + plainTime + `;danger_degree:1;breaking_sighn:1;event:'[20412]TCP端口扫描';src_addr:{outside};src_port:{port};dst_addr:{server};dst_port:22;proto:'TCP'`)},
	{60, always, "192.0.2.5:514", one(`time:` + plainTime + `;danger_degree:3;breaking_sighn:1;event:'[24519]Apache Struts2 S2-045远程命令执行';src_addr:203.0.113.{n:200};src_port:{port};dst_addr:{server};dst_port:8080;proto:'TCP'`)},
	{100, always, "192.0.2.6:514", one(`[{time:Mon Jan 02 15:04:05.000000 2006}] [security2:error] [pid 2210:tid 139872] [client {outside}:51044] [client {outside}] ModSecurity: Warning. Pattern match "^[\\d.:]+$" at REQUEST_HEADERS:Host. [file "/etc/modsecurity/crs/rules/REQUEST-920-PROTOCOL-ENFORCEMENT.conf"] [line "718"] [id "920350"] [msg "Host header is a numeric IP address"] [data "10.2.0.12"] [severity "WARNING"] [ver "OWASP_CRS/4.18.0"] [tag "attack-protocol"] [hostname "10.2.0.12"] [uri "/"] [unique_id "aOnVh3Y9cQABAAAAAAC"]`)},
	// Web servers and load balancers.
	{6000, always, "192.0.2.7:514", one(`{outside} - - [{time:02/Jan/2006:15:04:05 -0700}] "GET /api/v1/rates?k={k} HTTP/1.1" 200 2400 "-" "Mozilla/5.0"`)},
	{200, always, "192.0.2.7:514", one(`{outside} - - [{time:02/Jan/2006:15:04:05 -0700}] "GET /favicon-{k}.ico HTTP/1.1" 404 24 "-" "Mozilla/5.0"`)},
	{60, always, "192.0.2.7:514", one(`{outside} - - [{time:02/Jan/2006:15:04:05 -0700}] "GET /api/v1/rates HTTP/1.1" 502 157 "-" "Mozilla/5.0"`)},
	{4, byDay, "192.0.2.8:514", []act{
		{0, `<129>{time:Jan _2 15:04:05} lb-01 haproxy[2210]: Server app/app1 is DOWN, reason: Layer4 connection problem, info: "Connection refused", check duration: 0ms. 1 active and 0 backup servers left. 0 sessions active, 0 requeued, 0 remaining in queue.`, 0},
		{time.Minute, `<133>{time:Jan _2 15:04:05} lb-01 haproxy[2210]: Server app/app1 is UP, reason: Layer7 check passed, code: 200, check duration: 3ms. 2 active and 0 backup servers online. 0 sessions requeued, 0 total in queue.`, 0},
	}},
	// Databases.
	{800, always, "192.0.2.12:514", one(`{time:2006-01-02 15:04:05.000} UTC [{port}] app@crm LOG:  connection authorized: user=app database=crm application_name=pool`)},
	{10, byDay, "192.0.2.12:514", []act{
		{0, `{time:2006-01-02 15:04:05.000} UTC [{port}] {user}@crm FATAL:  password authentication failed for user "{user}"`, 0},
		{6 * time.Second, `{time:2006-01-02 15:04:05.000} UTC [{port}] {user}@crm LOG:  connection authorized: user={user} database=crm application_name=psql`, 0},
	}},
	{900, always, "192.0.2.13:514", one(`{time:20060102 15:04:05},db-03,app,192.0.2.42,12,{k},QUERY,crm,'SELECT name FROM accounts WHERE id = {k}',0`)},
	{1, atNight, "192.0.2.13:514", one(`{time:20060102 15:04:05},db-03,app,192.0.2.42,12,{k},QUERY,crm,'DROP TABLE tmp_{k}',0`)},
	{500, always, "192.0.2.14:514", one(`<134>{time:Jan _2 15:04:05} ora-01 Oracle Unified Audit[3219]: LENGTH: '190' TYPE:"4" DBID:"1616497123" SESID:"{k}" CLIENTID:"teller 7" ENTRYID:"2" STMTID:"9" DBUSER:"APP" CURUSER:"APP" ACTION:"3" RETCODE:"0" SCHEMA:"CRM" OBJNAME:"ACCOUNTS" PDB_GUID:""`)},
	// Mail.
	{1500, byDay, "192.0.2.15:514", one(`{time:2006-01-02T15:04:05.000Z},10.1.0.5,MBX01,198.51.100.25,mx.partner.example,08DC5A3B17A2C0D1;{time:2006-01-02T15:04:05.000Z};0,To Internet,SMTP,SEND,{k},<{k}.17@bank.example>,2f6a1c00-1b2c-4d5e-8f90-08dc5a3b0003,anna{k}@partner.example,250 2.1.5 Recipient OK,48211,1,,,Offer,{user}@bank.example,{user}@bank.example,,Originating,,192.0.2.17,10.1.0.5,S:FirstForestHop=MBX01,Email,c0ffee03-0000-4000-8000-000000000000,15.02.1544.004`)},
	{40, always, "192.0.2.15:514", one(`{time:2006-01-02T15:04:05.000Z},MBX01\Default Frontend MBX01,08DC5A3B17A2C0D2,{n},10.1.0.5:25,{outside}:51234,>,550 5.1.10 RESOLVER.ADR.RecipientNotFound,`)},
	{600, byDay, "192.0.2.15:514", []act{
		{0, plainTime + ` 10.1.0.5 POST /owa/auth.owa - 443 BANK\{user} {home} Mozilla/5.0 https://mail.bank.example/owa/ 401 1 2148074254 46`, 10},
		{3 * time.Second, plainTime + ` 10.1.0.5 POST /owa/auth.owa - 443 BANK\{user} {home} Mozilla/5.0 https://mail.bank.example/owa/ 302 0 0 46`, 0},
	}},
	// Clouds and clusters.
	{30, byDay, "192.0.2.16:514", one(cloudtrail + `"eventSource":"signin.amazonaws.com","eventName":"ConsoleLogin","readOnly":false,"eventType":"AwsConsoleSignIn","responseElements":{"ConsoleLogin":"Success"},"additionalEventData":{"MFAUsed":"Yes"},` + cloudEnd + `}`)},
	{500, always, "192.0.2.16:514", one(cloudtrail + `"eventSource":"ec2.amazonaws.com","eventName":"DescribeInstances","readOnly":true,"eventType":"AwsApiCall","responseElements":null,` + cloudEnd + `}`)},
	{5, byDay, "192.0.2.16:514", one(cloudtrail + `"eventSource":"ec2.amazonaws.com","eventName":"TerminateInstances","errorCode":"Client.UnauthorizedOperation","errorMessage":"You are not authorized to perform this operation.","readOnly":false,"eventType":"AwsApiCall","responseElements":null,` + cloudEnd + `}`)},
	{800, always, "192.0.2.17:514", one(`{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata","auditID":"a-{k}","stage":"ResponseComplete","requestURI":"/api/v1/namespaces/core-bank/pods","verb":"list","user":{"username":"system:kube-controller-manager","uid":"u-9","groups":["system:authenticated"]},"objectRef":{"resource":"pods","namespace":"core-bank","apiVersion":"v1"},` + k8sEnd)},
	{40, byDay, "192.0.2.17:514", one(`{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata","auditID":"a-{k}","stage":"ResponseComplete","requestURI":"/apis/apps/v1/namespaces/core-bank/deployments/transfer","verb":"patch","user":{"username":"{user}","uid":"u-1","groups":["ops"]},"objectRef":{"resource":"deployments","namespace":"core-bank","name":"transfer","apiGroup":"apps","apiVersion":"v1"},` + k8sEnd)},
	// Doors and desks.
	{200, byDay, "192.0.2.18:514", []act{
		{0, `{"time":"` + syslogTime + `","level":"info","msg":"door opened","user":"{user}","action":"door_opened","outcome":"success"}`, 0},
		{6 * time.Minute, nxlog("AUDIT_SUCCESS", "INFO", "4624", `"TargetUserName":"{user}","TargetDomainName":"BANK","TargetLogonId":"0x{k}","LogonType":"2","LogonProcessName":"User32 ","AuthenticationPackageName":"Negotiate","WorkstationName":"PC-042","IpAddress":"{client}","IpPort":"0"`), 0},
	}},
}
