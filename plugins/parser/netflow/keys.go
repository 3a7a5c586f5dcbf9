package main

import (
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/keys"
)

// how says by which setter a value becomes a field.
type how uint8

const (
	text how = iota
	whole
	system // of BGP
	addr   // unspecified ones are none
	port
	mac
	source
	destination
	protocol
	bytesOut // from the source
	bytesBack
	packetsOut
	packetsBack
	began
	finished
	received
	collected // when the collector wrote the record
	flags
	exporter
	direction
	etherType
	firewallEvent
	forwarding
	endReason
	milliseconds
	location
	domain
	status
)

// target is what becomes of a key.
type target struct {
	how   how
	field ecs.Field
}

// elements are keys, so that IPV4_SRC_ADDR, ipv4_src_addr and ipv4SrcAddr are one; numbers are IANA's of the information elements.
var elements = keys.NewLoose(map[string]target{
	"srcaddr": {source, 0}, "ipv4srcaddr": {source, 0}, "ipv6srcaddr": {source, 0}, "ipsrc": {source, 0}, "sourceipv4address": {source, 0},
	"sourceipv6address": {source, 0}, "8": {source, 0}, "27": {source, 0},
	"dstaddr": {destination, 0}, "ipv4dstaddr": {destination, 0}, "ipv6dstaddr": {destination, 0}, "ipdst": {destination, 0},
	"destinationipv4address": {destination, 0}, "destinationipv6address": {destination, 0}, "12": {destination, 0}, "28": {destination, 0},
	"srcport": {port, ecs.SourcePort}, "l4srcport": {port, ecs.SourcePort}, "portsrc": {port, ecs.SourcePort}, "sourcetransportport": {port, ecs.SourcePort},
	"7": {port, ecs.SourcePort}, "dstport": {port, ecs.DestinationPort}, "l4dstport": {port, ecs.DestinationPort}, "portdst": {port, ecs.DestinationPort},
	"destinationtransportport": {port, ecs.DestinationPort}, "11": {port, ecs.DestinationPort},
	"proto": {protocol, 0}, "protocol": {protocol, 0}, "ipproto": {protocol, 0}, "protocolidentifier": {protocol, 0}, "4": {protocol, 0},
	"bytes": {bytesOut, 0}, "inbytes": {bytesOut, 0}, "octetdeltacount": {bytesOut, 0}, "octettotalcount": {bytesOut, 0}, "initiatoroctets": {bytesOut, 0}, "1": {bytesOut, 0},
	"fwdflowdeltabytes": {bytesOut, 0}, "outbytes": {bytesBack, 0}, "responderoctets": {bytesBack, 0}, "23": {bytesBack, 0}, "revflowdeltabytes": {bytesBack, 0},
	"packets": {packetsOut, 0}, "inpkts": {packetsOut, 0}, "packetdeltacount": {packetsOut, 0}, "packettotalcount": {packetsOut, 0}, "initiatorpackets": {packetsOut, 0},
	"2": {packetsOut, 0}, "outpkts": {packetsBack, 0}, "responderpackets": {packetsBack, 0}, "24": {packetsBack, 0},
	"timeflowstartns": {began, 0}, "timeflowstart": {began, 0}, "timeflowstartms": {began, 0}, "timestampstart": {began, 0}, "firstswitched": {began, 0},
	"flowstartmilliseconds": {began, 0}, "flowstartseconds": {began, 0}, "flowstartnanoseconds": {began, 0}, "flowstartmicroseconds": {began, 0},
	"flowstartsysuptime": {began, 0}, "22": {began, 0}, "150": {began, 0}, "152": {began, 0},
	"timeflowendns": {finished, 0}, "timeflowend": {finished, 0}, "timeflowendms": {finished, 0}, "timestampend": {finished, 0}, "lastswitched": {finished, 0},
	"flowendmilliseconds": {finished, 0}, "flowendseconds": {finished, 0}, "flowendnanoseconds": {finished, 0}, "flowendmicroseconds": {finished, 0},
	"flowendsysuptime": {finished, 0}, "21": {finished, 0}, "151": {finished, 0}, "153": {finished, 0},
	"timereceivedns": {received, 0}, "timereceived": {received, 0}, "timestamparrival": {received, 0}, "timestampexport": {received, 0},
	"@timestamp": {collected, 0}, "stampupdated": {collected, 0}, "stampinserted": {collected, 0}, "flowdurationmilliseconds": {milliseconds, 0},

	"sampleraddress": {exporter, 0}, "peeripsrc": {exporter, 0}, "exporteripv4address": {exporter, 0}, "exporteripv6address": {exporter, 0}, "130": {exporter, 0},
	"host": {exporter, 0}, "hostname": {exporter, 0}, "hostip": {exporter, 0}, "nprobeipv4address": {addr, collector}, "exporteraddress": {exporter, 0},
	"inif": {text, ingressID}, "inputsnmp": {text, ingressID}, "ifacein": {text, ingressID}, "ingressinterface": {text, ingressID}, "10": {text, ingressID},
	"outif": {text, egressID}, "outputsnmp": {text, egressID}, "ifaceout": {text, egressID}, "egressinterface": {text, egressID}, "14": {text, egressID},
	"interfacename": {text, ecs.ObserverIngressInterfaceName}, "ifname": {text, ecs.ObserverIngressInterfaceName}, "82": {text, ecs.ObserverIngressInterfaceName},
	"srcmac": {mac, ecs.SourceMAC}, "insrcmac": {mac, ecs.SourceMAC}, "macsrc": {mac, ecs.SourceMAC}, "sourcemacaddress": {mac, ecs.SourceMAC}, "56": {mac, ecs.SourceMAC},
	"dstmac": {mac, ecs.DestinationMAC}, "outdstmac": {mac, ecs.DestinationMAC}, "indstmac": {mac, ecs.DestinationMAC}, "macdst": {mac, ecs.DestinationMAC},
	"destinationmacaddress": {mac, ecs.DestinationMAC}, "postdestinationmacaddress": {mac, ecs.DestinationMAC}, "57": {mac, ecs.DestinationMAC},
	"srcvlan": {text, ecs.NetworkVLANID}, "vlanid": {text, ecs.NetworkVLANID}, "vlan": {text, ecs.NetworkVLANID}, "58": {text, ecs.NetworkVLANID},
	"dstvlan": {text, vlanOut}, "postvlanid": {text, vlanOut}, "59": {text, vlanOut},
	"tcpflags": {flags, 0}, "tcpcontrolbits": {flags, 0}, "6": {flags, 0}, "iptos": {whole, tos}, "tos": {whole, tos}, "srctos": {whole, tos},
	"ipclassofservice": {whole, tos}, "5": {whole, tos}, "icmptype": {whole, icmpType}, "icmptypeipv4": {whole, icmpType}, "icmpcode": {whole, icmpCode},
	"icmpcodeipv4": {whole, icmpCode}, "ipttl": {whole, ttl}, "minttl": {whole, ttl}, "minimumttl": {whole, ttl}, "52": {whole, ttl},
	"srcas": {system, ecs.SourceASNumber}, "assrc": {system, ecs.SourceASNumber}, "bgpsourceasnumber": {system, ecs.SourceASNumber}, "16": {system, ecs.SourceASNumber},
	"dstas": {system, ecs.DestinationASNumber}, "asdst": {system, ecs.DestinationASNumber}, "bgpdestinationasnumber": {system, ecs.DestinationASNumber}, "17": {system, ecs.DestinationASNumber},
	"srcnet": {text, sourceNet}, "netsrc": {text, sourceNet}, "srcmask": {text, sourceNet}, "ipv4srcmask": {text, sourceNet}, "masksrc": {text, sourceNet},
	"sourceipv4prefixlength": {text, sourceNet}, "9": {text, sourceNet}, "dstnet": {text, destinationNet}, "netdst": {text, destinationNet}, "dstmask": {text, destinationNet},
	"ipv4dstmask": {text, destinationNet}, "maskdst": {text, destinationNet}, "destinationipv4prefixlength": {text, destinationNet}, "13": {text, destinationNet},
	"nexthop": {addr, nextHop}, "ipv4nexthop": {addr, nextHop}, "ipv6nexthop": {addr, nextHop}, "peeripdst": {addr, nextHop}, "ipnexthopipv4address": {addr, nextHop},
	"ipnexthopipv6address": {addr, nextHop}, "15": {addr, nextHop}, "62": {addr, nextHop}, "bgpnexthop": {addr, bgpNextHop}, "bgpipv4nexthop": {addr, bgpNextHop},
	"bgpnexthopipv4address": {addr, bgpNextHop}, "18": {addr, bgpNextHop},
	"xlatesrcaddripv4": {addr, ecs.SourceNATIP}, "postnatsourceipv4address": {addr, ecs.SourceNATIP}, "postnatsrcipv4addr": {addr, ecs.SourceNATIP},
	"postnatipsrc": {addr, ecs.SourceNATIP}, "225": {addr, ecs.SourceNATIP}, "xlatedstaddripv4": {addr, ecs.DestinationNATIP},
	"postnatdestinationipv4address": {addr, ecs.DestinationNATIP}, "postnatdstipv4addr": {addr, ecs.DestinationNATIP}, "postnatipdst": {addr, ecs.DestinationNATIP},
	"226": {addr, ecs.DestinationNATIP}, "xlatesrcport": {port, ecs.SourceNATPort}, "postnaptsourcetransportport": {port, ecs.SourceNATPort},
	"postnaptsrctransportport": {port, ecs.SourceNATPort}, "postnatportsrc": {port, ecs.SourceNATPort}, "227": {port, ecs.SourceNATPort},
	"xlatedstport": {port, ecs.DestinationNATPort}, "postnaptdestinationtransportport": {port, ecs.DestinationNATPort},
	"postnaptdsttransportport": {port, ecs.DestinationNATPort}, "postnatportdst": {port, ecs.DestinationNATPort}, "228": {port, ecs.DestinationNATPort},

	"type": {text, recordType}, "version": {whole, version}, "exportprotoversion": {whole, version}, "sequencenum": {whole, ecs.EventSequence},
	"flowseqnum": {whole, ecs.EventSequence}, "exportprotoseqno": {whole, ecs.EventSequence}, "samplingrate": {whole, sampling}, "samplinginterval": {whole, sampling},
	"34": {whole, sampling}, "flowsetid": {whole, templateID}, "observationdomainid": {whole, domainID}, "sourceid": {whole, domainID}, "flows": {whole, flows},
	"flowid": {text, flowID}, "148": {text, flowID}, "direction": {direction, 0}, "flowdirection": {direction, 0}, "61": {direction, 0}, "etype": {etherType, 0},
	"ethertype": {etherType, 0}, "ipprotocolversion": {etherType, 0}, "firewallevent": {firewallEvent, 0}, "fwevent": {firewallEvent, 0}, "233": {firewallEvent, 0},
	"forwardingstatus": {forwarding, 0}, "89": {forwarding, 0}, "flowendreason": {endReason, 0}, "136": {endReason, 0},
	"l7protoname": {text, ecs.NetworkApplication}, "applicationname": {text, ecs.NetworkApplication}, "class": {text, ecs.NetworkApplication}, "96": {text, ecs.NetworkApplication},
	"srcipcountry": {text, ecs.SourceGeoCountryISOCode}, "countryipsrc": {text, ecs.SourceGeoCountryISOCode}, "dstipcountry": {text, ecs.DestinationGeoCountryISOCode},
	"countryipdst": {text, ecs.DestinationGeoCountryISOCode}, "username": {text, ecs.UserName}, "371": {text, ecs.UserName}, "httpurl": {location, 0}, "httphost": {domain, 0},
	"httpsite": {domain, 0}, "httpmethod": {text, ecs.HTTPRequestMethod}, "httpretcode": {status, 0}, "dnsquery": {text, ecs.DNSQuestionName},
	"dnsquerytype": {text, ecs.DNSQuestionType}, "tlsservername": {text, ecs.TLSClientServerName}, "sslservername": {text, ecs.TLSClientServerName}, "flowverdict": {text, verdict}, "label": {text, ecs.Tags},
}, "_.")

// What ECS has, but the SDK does not yet name.
var (
	egressID   = ecs.New("observer.egress.interface.id", ecs.Keyword, "Number of the interface the traffic left by, SNMP's ifIndex.")
	ianaNumber = ecs.New("network.iana_number", ecs.Keyword, "IANA's number of the transport protocol, e.g. 6 for TCP.")
	ingressID  = ecs.New("observer.ingress.interface.id", ecs.Keyword, "Number of the interface the traffic came by, SNMP's ifIndex.")
)

// What has no name in ECS.
var (
	bgpNextHop     = ecs.New("netflow.bgp_next_hop", ecs.IP, "Router that BGP has the traffic go to.")
	collector      = ecs.New("netflow.collector_ip", ecs.IP, "Address of the collector or probe that wrote the record.")
	destinationNet = ecs.New("netflow.destination_network", ecs.Keyword, "Prefix that the destination was routed by, or its length.")
	domainID       = ecs.New("netflow.domain_id", ecs.Long, "Part of the device that observed the flow: source id of v9, observation domain of IPFIX.")
	flowID         = ecs.New("netflow.flow_id", ecs.Keyword, "Number that the device gave the flow.")
	flows          = ecs.New("netflow.flows", ecs.Long, "How many flows the record stands for.")
	forwardStatus  = ecs.New("netflow.forwarding_status", ecs.Long, "What became of the packets: 64 to 127 passed on, 128 to 191 dropped, 192 and above consumed.")
	icmpCode       = ecs.New("netflow.icmp_code", ecs.Long, "Code of ICMP messages, which refines their type.")
	icmpType       = ecs.New("netflow.icmp_type", ecs.Long, "Kind of ICMP messages, e.g. 8 for an echo request.")
	nextHop        = ecs.New("netflow.next_hop", ecs.IP, "Router that the traffic was passed on to.")
	recordType     = ecs.New("netflow.type", ecs.Keyword, "Protocol by which the device exported, e.g. NETFLOW_V9, as the collector writes it.")
	sampling       = ecs.New("netflow.sampling_rate", ecs.Long, "One of how many packets was looked at; counts are not multiplied by it.")
	sourceNet      = ecs.New("netflow.source_network", ecs.Keyword, "Prefix that the source was routed by, or its length.")
	tcpFlags       = ecs.New("netflow.tcp_flags", ecs.Long, "All TCP flags seen: 1 FIN, 2 SYN, 4 RST, 8 PSH, 16 ACK, 32 URG.")
	templateID     = ecs.New("netflow.template_id", ecs.Long, "Template that the device described the record by.")
	tos            = ecs.New("netflow.tos", ecs.Long, "Byte of IP that asks for a class of service.")
	ttl            = ecs.New("netflow.ttl", ecs.Long, "Least time to live of the flow's packets.")
	verdict        = ecs.New("netflow.verdict", ecs.Keyword, "What the probe decided on the flow, where it sits in its way.")
	version        = ecs.New("netflow.version", ecs.Long, "Edition of the protocol: 5, 9, or 10 for IPFIX.")
	vlanOut        = ecs.New("netflow.vlan_out", ecs.Keyword, "VLAN that the traffic left by.")
)
