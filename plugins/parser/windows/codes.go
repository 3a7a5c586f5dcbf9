package main

// logonTypes are the ways to log on, event 4624 of "Windows security auditing events".
var logonTypes = [...]string{
	0: "System", 2: "Interactive", 3: "Network", 4: "Batch", 5: "Service", 7: "Unlock", 8: "NetworkCleartext", 9: "NewCredentials",
	10: "RemoteInteractive", 11: "CachedInteractive", 12: "CachedRemoteInteractive", 13: "CachedUnlock",
}

// statuses say why a logon failed, [MS-ERREF], section 2.3.1, by what events 4625 and 4776 have.
var statuses = map[uint64]string{
	0xC000005E: "no logon server is there",
	0xC0000064: "no such account",
	0xC000006A: "wrong password",
	0xC000006D: "wrong account or password",
	0xC000006E: "account restriction",
	0xC000006F: "outside the allowed hours",
	0xC0000070: "from a workstation that is not allowed",
	0xC0000071: "password expired",
	0xC0000072: "account disabled",
	0xC00000DC: "security database in the wrong state",
	0xC0000133: "clocks differ too much",
	0xC000015B: "logon type not granted",
	0xC000018C: "trust between the domains failed",
	0xC0000192: "logon service not started",
	0xC0000193: "account expired",
	0xC0000224: "password must be changed",
	0xC0000234: "account locked",
	0xC0000371: "password not stored",
	0xC0000413: "machine is protected by an authentication firewall",
}

// kerberos says why a ticket was refused, RFC 4120, section 7.5.9, by what events 4768, 4769 and 4771 have.
var kerberos = map[uint64]string{
	0x6:  "no such account",
	0x7:  "no such service",
	0x9:  "no key for the account",
	0xC:  "policy or hours do not allow it",
	0xE:  "encryption type not supported",
	0x12: "account disabled, expired or locked",
	0x17: "password expired",
	0x18: "wrong password",
	0x19: "pre-authentication is needed",
	0x1B: "user-to-user is needed",
	0x1F: "integrity check failed",
	0x20: "ticket expired",
	0x22: "replayed request",
	0x25: "clocks differ too much",
	0x29: "message was changed on the way",
	0x3C: "error without a code",
}

// transport is the name of a protocol that the filtering platform writes as a number of the list of IANA, and Sysmon by its
// name.
func transport(protocol []byte) string {
	switch string(protocol) {
	case "tcp":
		return "tcp"
	case "udp":
		return "udp"
	case "1":
		return "icmp"
	case "6":
		return "tcp"
	case "17":
		return "udp"
	case "58":
		return "ipv6-icmp"
	}
	return ""
}

// number reads decimal digits, or hexadecimal ones behind 0x.
func number(v []byte) (n uint64, ok bool) {
	if len(v) > 2 && v[0] == '0' && v[1]|0x20 == 'x' {
		if len(v) > 18 {
			return 0, false
		}
		for _, c := range v[2:] {
			switch {
			case c-'0' <= 9:
				n = n<<4 | uint64(c-'0')
			case (c|0x20)-'a' < 6:
				n = n<<4 | uint64((c|0x20)-'a'+10)
			default:
				return 0, false
			}
		}
		return n, true
	}
	if len(v) == 0 || len(v) > 18 {
		return 0, false
	}
	for _, c := range v {
		if c-'0' > 9 {
			return 0, false
		}
		n = n*10 + uint64(c-'0')
	}
	return n, true
}
