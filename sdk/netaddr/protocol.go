package netaddr

// Protocol is the name of a protocol above IP by IANA's number of it (registry "Assigned Internet Protocol Numbers"), as
// ECS spells names of transports: 6 is tcp. It is "" for numbers that networks hardly have.
func Protocol(number int) string {
	if uint(number) >= uint(len(protocols)) {
		return ""
	}
	return protocols[number]
}

var protocols = [256]string{
	1: "icmp", 2: "igmp", 4: "ipv4", 6: "tcp", 8: "egp", 9: "igp", 17: "udp", 27: "rdp", 33: "dccp", 41: "ipv6", 46: "rsvp", 47: "gre", 50: "esp",
	51: "ah", 58: "ipv6-icmp", 88: "eigrp", 89: "ospf", 94: "ipip", 103: "pim", 112: "vrrp", 115: "l2tp", 132: "sctp", 136: "udplite", 137: "mpls-in-ip",
}
