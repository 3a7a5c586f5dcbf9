// Package netaddr reads what device logs say of places in a network: IP addresses, ports, prefixes, MAC
// addresses, URLs and accounts.
//
// Its one idea: each function takes the text as devices write it and answers with slices of it, or with a
// value; nothing is allocated and nothing is looked up. Functions that end in Len tell how much of a text is
// what they are named for, so that a line can be read from left to right.
package netaddr

import (
	"net/netip"

	"github.com/logcenter/logcenter/sdk/internal/swar"
)

// IPv4 reads an IPv4 address as a number, its first byte the highest: the fast way for tables. Zeros in
// front of a number are refused, as some programs take it to be octal then.
func IPv4(b []byte) (a uint32, ok bool) {
	if len(b) < 7 || len(b) > 15 {
		return 0, false
	}
	a, n := ipv4(b)
	return a, n == len(b) && n > 0
}

// ipv4 reads the IPv4 address that b starts with; n is its length, 0 if there is none.
func ipv4(b []byte) (a uint32, n int) {
	v, digits, dots := uint32(0), 0, 0
	for ; n < len(b); n++ {
		c := b[n]
		if c-'0' <= 9 {
			if digits == 3 || digits > 0 && v == 0 {
				return 0, 0
			}
			v = v*10 + uint32(c-'0')
			digits++
			continue
		}
		if c != '.' || digits == 0 || dots == 3 {
			break
		}
		if v > 255 {
			return 0, 0
		}
		a, v, digits = a<<8|v, 0, 0
		dots++
	}
	if dots < 3 || digits == 0 || v > 255 {
		return 0, 0
	}
	return a<<8 | v, n
}

// ParseAddr reads an IPv4 or IPv6 address, also in brackets. A zone, as in fe80::1%eth0, is not kept.
func ParseAddr(b []byte) (a netip.Addr, ok bool) {
	if n := len(b); n > 2 && b[0] == '[' && b[n-1] == ']' {
		b = b[1 : n-1]
	}
	if v, ok := IPv4(b); ok {
		return netip.AddrFrom4([4]byte{byte(v >> 24), byte(v >> 16), byte(v >> 8), byte(v)}), true
	}
	bytes, n := ipv6(b)
	if n == 0 || n < len(b) && (b[n] != '%' || n+1 == len(b)) {
		return netip.Addr{}, false
	}
	return netip.AddrFrom16(bytes), true
}

// ipv6 reads the IPv6 address that b starts with (RFC 4291, section 2.2), as far as it goes; n is its length,
// 0 if there is none.
func ipv6(b []byte) (a [16]byte, n int) {
	g, gap, i := 0, -1, 0 // groups read, how many of them in front of "::"
	if len(b) >= 2 && b[0] == ':' && b[1] == ':' {
		gap, i = 0, 2
	}
	for g < 8 {
		start, v := i, 0
		for i < len(b) && i < start+5 {
			d := hexDigit[b[i]]
			if d > 15 {
				break
			}
			v = v<<4 | int(d)
			i++
		}
		if i == start {
			break
		}
		if i-start > 4 {
			return a, 0
		}
		if i < len(b) && b[i] == '.' && g <= 6 {
			if v4, m := ipv4(b[start:]); m > 0 {
				a[g*2], a[g*2+1], a[g*2+2], a[g*2+3] = byte(v4>>24), byte(v4>>16), byte(v4>>8), byte(v4)
				g += 2
				i = start + m
				break
			}
		}
		a[g*2], a[g*2+1] = byte(v>>8), byte(v)
		g++
		if i+1 >= len(b) || b[i] != ':' {
			break
		}
		if b[i+1] == ':' && gap < 0 {
			gap = g
			i += 2
			continue
		}
		if g == 8 || hexDigit[b[i+1]] > 15 {
			break
		}
		i++
	}
	if gap < 0 {
		if g == 8 {
			return a, i
		}
		return a, 0
	}
	if g == 8 {
		return a, 0
	}
	tail := 2 * (g - gap)
	copy(a[16-tail:], a[2*gap:2*g])
	clear(a[2*gap : 16-tail])
	return a, i
}

// hexDigit holds the values of hexadecimal digits, 255 for other bytes.
var hexDigit = func() (v [256]uint8) {
	for c := range v {
		switch {
		case c >= '0' && c <= '9':
			v[c] = uint8(c - '0')
		case c|0x20 >= 'a' && c|0x20 <= 'f' && c < 0x80:
			v[c] = uint8(c | 0x20 - 'a' + 10)
		default:
			v[c] = 255
		}
	}
	return v
}()

// AddrLen returns the length of the IPv4 or IPv6 address that b starts with, without a zone, 0 if there is
// none. What follows may be a port, a mask or the end of a sentence, but no letter, digit or '_'.
func AddrLen(b []byte) int {
	_, n := ipv4(b)
	if n == 0 {
		if _, n = ipv6(b); n == 0 {
			return 0
		}
	}
	if n < len(b) && (isWord(b[n]) || b[n] == '.' && n+1 < len(b) && b[n+1]-'0' <= 9) {
		return 0
	}
	return n
}

// FindAddr returns where the first IPv4 or IPv6 address is in b from i on: b[start:end]. start is -1 if there
// is none. The unspecified address "::" alone does not count, nor does what is part of a longer word.
func FindAddr(b []byte, i int) (start, end int) {
	for i < len(b) {
		c := b[i]
		if hexDigit[c] > 15 && c != ':' {
			i++
			continue
		}
		if i > 0 && (isWord(b[i-1]) || b[i-1] == '.' && c != ':') { // within a word or a number
			i = wordEnd(b, i)
			continue
		}
		if n := AddrLen(b[i:]); n > 2 {
			return i, i + n
		}
		i = wordEnd(b, i)
	}
	return -1, -1
}

// wordEnd passes over what cannot start an address any more: at least one byte.
func wordEnd(b []byte, i int) int {
	if i++; b[i-1] == ':' {
		return i
	}
	for i < len(b) && isWord(b[i]) {
		i++
	}
	return i
}

func isWord(c byte) bool { return c-'0' <= 9 || (c|0x20)-'a' < 26 || c == '_' }

// ParsePrefix reads an address and the length of its prefix, 10.0.0.0/8 or 2001:db8::/32, or an IPv4 address
// and a mask, 10.0.0.0/255.0.0.0 or 10.0.0.0 255.0.0.0. Bits behind the prefix are kept, see
// [netip.Prefix.Masked]. An address alone is a prefix of all its bits.
func ParsePrefix(b []byte) (p netip.Prefix, ok bool) {
	i := swar.Index2(b, 0, '/', ' ')
	a, ok := ParseAddr(b[:i])
	if !ok {
		return netip.Prefix{}, false
	}
	bits := a.BitLen()
	if i < len(b) {
		if m, isMask := IPv4(b[i+1:]); isMask && bits == 32 {
			if bits = 0; ^m&(^m+1) != 0 {
				return netip.Prefix{}, false // ones behind a zero
			}
			for ; m != 0; m <<= 1 {
				bits++
			}
		} else {
			n, ok := number(b[i+1:], bits)
			if !ok || b[i] == ' ' {
				return netip.Prefix{}, false
			}
			bits = n
		}
	}
	return netip.PrefixFrom(a, bits), true
}

// number reads up to five digits, without zeros in front, that make at most most.
func number(b []byte, most int) (n int, ok bool) {
	if len(b) == 0 || len(b) > 5 || b[0] == '0' && len(b) > 1 {
		return 0, false
	}
	for _, c := range b {
		if c-'0' > 9 {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return n, n <= most
}

// Port reads a port, 0 to 65535.
func Port(b []byte) (n int, ok bool) { return number(b, 65535) }

// SplitHostPort splits a host, which is a name or an address, from its port: 10.1.2.3:443, [2001:db8::1]:443,
// shop.example:443, and as firewalls write it, 10.1.2.3(443), 10.1.2.3/443 and 10.1.2.3.443. host is without
// brackets. port is nil, and host all of b, if there is no port behind, as in an IPv6 address without brackets.
func SplitHostPort(b []byte) (host, port []byte) {
	n := len(b)
	if n > 0 && b[0] == '[' {
		end := swar.Index(b, 0, ']')
		if end == n {
			return b, nil
		}
		host = b[1:end:end]
		if end+1 < n && b[end+1] == ':' {
			if _, ok := Port(b[end+2:]); ok {
				return host, b[end+2 : n : n]
			}
		}
		if end+1 == n {
			return host, nil
		}
		return b, nil
	}
	end := n
	if n > 0 && b[n-1] == ')' {
		end--
	}
	i := end
	for i > 0 && end-i < 6 && b[i-1]-'0' <= 9 {
		i--
	}
	if _, ok := Port(b[i:end]); !ok || i < 2 {
		return b, nil
	}
	before := b[: i-1 : i-1]
	switch sep := b[i-1]; {
	case (sep == '(') != (end < n):
		return b, nil
	case sep == ':':
		if j := swar.Index(before, 0, ':'); j < len(before) {
			return b, nil // IPv6
		}
	case sep == '(':
	case sep == '/', sep == '.', sep == '#':
		if AddrLen(before) != len(before) {
			return b, nil
		}
	default:
		return b, nil
	}
	return before, b[i:end:end]
}
