package main

import (
	"maps"

	"github.com/logcenter/logcenter/sdk/ecs"
)

// detail is a key whose value says more of an event than who, what and how it ended: a field of the plugin's own.
type detail struct {
	key         string
	use         use
	name        string // behind "fortigate."
	kind        ecs.Type
	description string // empty: the field is that of an earlier key
}

// withDetails adds details to a table of keys.
func withDetails(all map[string]target) map[string]target {
	all = maps.Clone(all)
	fields := map[string]ecs.Field{}
	for _, d := range details {
		if d.description != "" {
			fields[d.name] = ecs.New("fortigate."+d.name, d.kind, d.description)
		}
		all[d.key] = target{use: d.use, field: fields[d.name]}
	}
	return all
}

var details = []detail{
	{"srcintfrole", set, "srcintfrole", ecs.Keyword, "Role of the interface that the traffic came in by: lan, wan, dmz or undefined."},
	{"dstintfrole", set, "dstintfrole", ecs.Keyword, "Role of the interface that the traffic left by: lan, wan, dmz or undefined."},
	{"srcuuid", set, "srcuuid", ecs.Keyword, "Address object of the configuration that the source is in."},
	{"dstuuid", set, "dstuuid", ecs.Keyword, "Address object of the configuration that the destination is in."},
	{"srcinetsvc", set, "srcinetsvc", ecs.Keyword, "Internet service that has the source address by FortiGuard."},
	{"dstinetsvc", set, "dstinetsvc", ecs.Keyword, "Internet service that has the destination address by FortiGuard, e.g. Google-Web."},
	{"srcserver", set, "srcserver", ecs.Keyword, "1 where the source was seen to serve others."},
	{"dstserver", set, "dstserver", ecs.Keyword, "1 where the destination was seen to serve others."},
	{"mastersrcmac", setMAC, "mastersrcmac", ecs.Keyword, "First hardware address of a source that has several."},
	{"masterdstmac", setMAC, "masterdstmac", ecs.Keyword, "First hardware address of a destination that has several."},
	{"wanin", set, "wanin", ecs.Long, "Bytes that came from the internet side, by the WAN optimisation."},
	{"wanout", set, "wanout", ecs.Long, "Bytes that went to the internet side, by the WAN optimisation."},
	{"lanin", set, "lanin", ecs.Long, "Bytes that came from the inner side, by the WAN optimisation."},
	{"lanout", set, "lanout", ecs.Long, "Bytes that went to the inner side, by the WAN optimisation."},
	{"sentdelta", set, "sentdelta", ecs.Long, "Bytes that the source sent since the last log of the session."},
	{"rcvddelta", set, "rcvddelta", ecs.Long, "Bytes that the source received since the last log of the session."},
	{"utmref", set, "utmref", ecs.Keyword, "Place of the log of a security profile that belongs to the session."},
	{"countapp", set, "countapp", ecs.Long, "Logs of application control that the session has."},
	{"countav", set, "countav", ecs.Long, "Logs of the virus scanner that the session has."},
	{"countips", set, "countips", ecs.Long, "Logs of intrusion prevention that the session has."},
	{"countweb", set, "countweb", ecs.Long, "Logs of the web filter that the session has."},
	{"countdns", set, "countdns", ecs.Long, "Logs of the DNS filter that the session has."},
	{"countdlp", set, "countdlp", ecs.Long, "Logs of data leak prevention that the session has."},
	{"countemail", set, "countemail", ecs.Long, "Logs of the mail filter that the session has."},
	{"countssl", set, "countssl", ecs.Long, "Logs of the inspection of TLS that the session has."},
	{"countwaf", set, "countwaf", ecs.Long, "Logs of the web application firewall that the session has."},
	{"countssh", set, "countssh", ecs.Long, "Logs of the inspection of SSH that the session has."},
	{"countff", set, "countff", ecs.Long, "Logs of the file filter that the session has."},
	{"shapersentname", set, "shaper.sent", ecs.Keyword, "Traffic shaper of what the source sends."},
	{"shaperrcvdname", set, "shaper.received", ecs.Keyword, "Traffic shaper of what the source receives."},
	{"shaperdropsentbyte", set, "shaper.sent_dropped", ecs.Long, "Bytes from the source that a traffic shaper dropped."},
	{"shaperdroprcvdbyte", set, "shaper.received_dropped", ecs.Long, "Bytes to the source that a traffic shaper dropped."},
	{"shapingpolicyid", set, "shaper.policy.id", ecs.Keyword, "Policy that chose the traffic shaper."},
	{"shapingpolicyname", set, "shaper.policy.name", ecs.Keyword, "Name of the policy that chose the traffic shaper."},
	{"vwlid", set, "sdwan.rule.id", ecs.Keyword, "Rule of SD-WAN that chose the line."},
	{"vwlname", set, "sdwan.rule.name", ecs.Keyword, "Name of the rule of SD-WAN that chose the line."},
	{"vwlservice", set, "sdwan.rule.name", ecs.Keyword, ""},
	{"vwlquality", set, "sdwan.quality", ecs.Keyword, "Quality of the lines by which SD-WAN chose, in the device's words."},
	{"vwpvlanid", set, "vwpvlanid", ecs.Keyword, "VLAN of a virtual wire pair."},
	{"healthcheck", set, "sdwan.health_check", ecs.Keyword, "Check by which SD-WAN measures its lines."},
	{"slatargetid", set, "sdwan.sla_target", ecs.Keyword, "Target of service that a line of SD-WAN was measured against."},
	{"slamap", set, "sdwan.sla_map", ecs.Keyword, "Bits of the targets of service that a line of SD-WAN meets, hexadecimal."},
	{"member", set, "sdwan.member", ecs.Keyword, "Line of SD-WAN, by its number in the configuration."},
	{"latency", set, "sdwan.latency", ecs.Double, "Time there and back over a line of SD-WAN, milliseconds."},
	{"jitter", set, "sdwan.jitter", ecs.Double, "How much the latency of a line of SD-WAN varies, milliseconds."},
	{"mosvalue", set, "sdwan.mos", ecs.Double, "Quality of speech over a line of SD-WAN, from 1 to 5."},
	{"metric", set, "sdwan.metric", ecs.Keyword, "What of a line of SD-WAN is compared, e.g. latency, packetloss."},
	{"serviceid", set, "sdwan.service.id", ecs.Keyword, "Number of a rule of SD-WAN whose lines changed."},
	{"probeproto", set, "sdwan.probe", ecs.Keyword, "Protocol by which SD-WAN measures its lines, e.g. ping."},
	{"oldvalue", set, "old_value", ecs.Keyword, "What a value was before an event."},
	{"newvalue", set, "new_value", ecs.Keyword, "What a value is since an event."},
	{"old_status", set, "old_status", ecs.Keyword, "State before an event."},
	{"new_status", set, "new_status", ecs.Keyword, "State since an event."},
	{"authserver", set, "authserver", ecs.Keyword, "Server that authenticated the user."},
	{"dstauthserver", set, "dstauthserver", ecs.Keyword, "Server that authenticated the user at the destination."},
	{"unauthusersource", set, "unauthusersource", ecs.Keyword, "By what the device knows a user who did not log in, e.g. kerberos."},
	{"authproto", set, "authproto", ecs.Keyword, "Protocol of a login and the client's address, e.g. HTTPS(10.1.1.5)."},
	{"server", set, "server", ecs.Keyword, "Server that an event is about, by address or name."},
	{"reqtype", set, "reqtype", ecs.Keyword, "How a web page was asked for: direct or by referral."},
	{"cat", set, "cat", ecs.Keyword, "Number of FortiGuard's class of a web site or domain."},
	{"urlsource", set, "urlsource", ecs.Keyword, "List that an address of the web was found in."},
	{"eventid", set, "eventid", ecs.Keyword, "Finer number of a log within its kind."},
	{"incidentserialno", set, "incidentserialno", ecs.Keyword, "Number that logs of one attack share."},
	{"craction", set, "craction", ecs.Keyword, "What client reputation counted the traffic for, as bits."},
	{"viruscat", set, "viruscat", ecs.Keyword, "Kind of malicious file, e.g. Virus."},
	{"dtype", set, "dtype", ecs.Keyword, "What found a malicious file, e.g. av-engine."},
	{"quarskip", set, "quarskip", ecs.Keyword, "Why a malicious file was not put into quarantine."},
	{"filetype", set, "filetype", ecs.Keyword, "Kind of a file by its content, e.g. exe."},
	{"filtername", set, "filter.name", ecs.Keyword, "Filter of data leak prevention, mail or files that decided."},
	{"filtertype", set, "filter.type", ecs.Keyword, "Kind of the filter that decided."},
	{"filtercat", set, "filter.category", ecs.Keyword, "What the filter that decided looks at, e.g. file."},
	{"vpn", set, "vpn", ecs.Keyword, "Tunnel that the traffic went through."},
	{"vpntype", set, "vpntype", ecs.Keyword, "Kind of the tunnel that the traffic went through, e.g. ipsec-static."},
	{"dst_host", set, "dst_host", ecs.Keyword, "What a user of the VPN asked for behind it."},
	{"cookies", set, "ike.cookies", ecs.Keyword, "Numbers of both sides that a negotiation of IPsec has."},
	{"exch", set, "ike.exchange", ecs.Keyword, "Exchange of IKE, e.g. CREATE_CHILD."},
	{"stage", set, "ike.stage", ecs.Keyword, "Step within an exchange of IKE."},
	{"xauthuser", set, "ike.xauth_user", ecs.Keyword, "User of the further login of IPsec."},
	{"xauthgroup", set, "ike.xauth_group", ecs.Keyword, "Group of the user of the further login of IPsec."},
	{"peer_notif", set, "ike.peer_notification", ecs.Keyword, "What the peer said of a failed negotiation."},
	{"spi", set, "ipsec.spi", ecs.Keyword, "Number of a security association."},
	{"in_spi", set, "ipsec.in_spi", ecs.Keyword, "Number of the security association of what comes in."},
	{"out_spi", set, "ipsec.out_spi", ecs.Keyword, "Number of the security association of what goes out."},
	{"espauth", set, "ipsec.authentication", ecs.Keyword, "Algorithm by which packets of IPsec are checked."},
	{"esptransform", set, "ipsec.encryption", ecs.Keyword, "Cipher of packets of IPsec."},
	{"nextstat", set, "nextstat", ecs.Long, "Seconds to the next log of statistics of a tunnel."},
	{"ha_role", set, "ha.role", ecs.Keyword, "Part of the device in its cluster, e.g. primary."},
	{"ha_group", set, "ha.group", ecs.Keyword, "Number of the cluster."},
	{"vcluster", set, "ha.vcluster", ecs.Keyword, "Number of the virtual cluster."},
	{"vcluster_member", set, "ha.member", ecs.Keyword, "Number of the device in its virtual cluster."},
	{"devintfname", set, "ha.interface", ecs.Keyword, "Interface of the cluster's heartbeat."},
	{"sync_status", set, "ha.sync_status", ecs.Keyword, "Whether members of a cluster have the same configuration."},
	{"disk", set, "disk", ecs.Long, "Use of the disk at the time of the line, percent."},
	{"setuprate", set, "session.rate", ecs.Long, "New sessions each second at the time of the line."},
	{"bandwidth", set, "bandwidth", ecs.Keyword, "Kilobits each second that the device sent and received."},
	{"sysuptime", set, "uptime", ecs.Long, "Seconds since the device started."},
	{"osversion", set, "device.os_version", ecs.Keyword, "Version of the client's operating system, by what the device sees of its traffic."},
	{"devcategory", set, "device.category", ecs.Keyword, "Class of the client, e.g. Windows PC."},
	{"srcfamily", set, "device.family", ecs.Keyword, "Family of devices that the client is of, e.g. iPhone."},
	{"srchwversion", set, "device.model", ecs.Keyword, "Model of the client."},
	{"srcswversion", set, "device.software", ecs.Keyword, "Version of the client's software."},
	{"srcssid", set, "ssid", ecs.Keyword, "Wireless network of the client."},
	{"ssid", set, "ssid", ecs.Keyword, ""},
	{"ap", set, "wireless.ap", ecs.Keyword, "Access point of the client."},
	{"channel", set, "wireless.channel", ecs.Long, "Channel of a wireless network."},
	{"radioband", set, "wireless.band", ecs.Keyword, "Band of a wireless network, e.g. 802.11ac."},
	{"signal", set, "wireless.signal", ecs.Long, "Strength of a wireless client, dBm."},
	{"noise", set, "wireless.noise", ecs.Long, "Noise of a wireless channel, dBm."},
	{"stamac", setMAC, "wireless.client", ecs.Keyword, "Hardware address of a wireless client."},
	{"banned_src", set, "banned_by", ecs.Keyword, "What banned an address, e.g. ips."},
	{"field", set, "field", ecs.Keyword, "Part of the configuration or of a database that an event is about."},
	{"name", set, "object", ecs.Keyword, "Object or certificate that an event is about."},
	{"alert", set, "tls.alert", ecs.Keyword, "Alert of TLS by its number."},
	{"desc", set, "desc", ecs.Keyword, "Description of an alert of TLS."},
	{"packetloss", percent, "sdwan.packet_loss", ecs.Double, "Share of packets that a line of SD-WAN loses, percent."},
	{"sender", setText, "mail.from", ecs.Keyword, "Who sent a mail."},
	{"from", setText, "mail.from", ecs.Keyword, ""},
	{"recipient", setText, "mail.to", ecs.Keyword, "Whom a mail was sent to."},
	{"to", setText, "mail.to", ecs.Keyword, ""},
	{"subject", setText, "mail.subject", ecs.Keyword, "What a mail is about, by its sender."},
	{"scertcname", set, "certificate.name", ecs.Keyword, "Name that the certificate of the server is for."},
	{"scertissuer", set, "certificate.issuer", ecs.Keyword, "Who signed the certificate of the server."},
	{"size", set, "mail.size", ecs.Long, "Bytes that a mail has."},
	{"useralt", set, "user_alt", ecs.Keyword, "Further name of a user, e.g. from a certificate."},
	{"sslaction", set, "tls.action", ecs.Keyword, "What the inspection of TLS did with a session."},
}
