package main

import "net/netip"

// special4 says whether a is in a block of RFC 6890 that is not part of the public Internet, or in one for
// documentation (RFC 5737), multicast or class E.
func special4(a uint32) bool {
	switch a >> 24 {
	case 0, 10, 127:
		return true
	case 100:
		return a>>22 == 100<<2|1
	case 169:
		return a>>16 == 169<<8|254
	case 172:
		return a>>20 == 172<<4|1
	case 192:
		return a>>16 == 192<<8|168 || a>>8 == 192<<16|2 || a>>8 == 192<<16
	case 198:
		return a>>17 == 198<<7|9 || a>>8 == 198<<16|51<<8|100
	case 203:
		return a>>8 == 203<<16|0<<8|113
	}
	return a>>28 >= 14
}

var documentation6 = netip.MustParsePrefix("2001:db8::/32") // RFC 3849

// special6 says whether a is not global unicast (2000::/3, RFC 4291), or for documentation.
func special6(a netip.Addr) bool {
	b := a.As16()
	return b[0]>>5 != 1 || documentation6.Contains(a)
}
