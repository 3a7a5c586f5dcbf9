package netaddr

// MACLen returns the length of the MAC address that b starts with, 0 if there is none: six bytes or eight
// (EUI-64), written as 00:00:5e:00:53:23, 00-00-5E-00-53-23, 0000.5e00.5323 (Cisco), 0000-5e00-5323 (Huawei,
// H3C), 00005e-005323 (Aruba, HP), 0:0:5e:0:53:23 (Solaris), "00 00 5e 00 53 23" or 00005e005323. No letter,
// digit, '_' or further group follows.
func MACLen(b []byte) int {
	_, _, n := mac(b)
	return n
}

// AppendMAC appends the MAC address b, in any of the spellings of [MACLen], to dst in the one of ECS,
// 00-00-5E-00-53-23 (RFC 7042, section 2.1), and returns the extended slice. If b is none it is false and dst
// as it was.
func AppendMAC(dst, b []byte) ([]byte, bool) {
	v, size, n := mac(b)
	if n == 0 || n != len(b) {
		return dst, false
	}
	const digits = "0123456789ABCDEF"
	var text [24]byte
	for i := range size {
		text[3*i], text[3*i+1], text[3*i+2] = digits[v[i]>>4], digits[v[i]&15], '-'
	}
	return append(dst, text[:3*size-1]...), true
}

// mac reads the MAC address that b starts with: size bytes of v.
func mac(b []byte) (v [8]byte, size, n int) {
	if v, ok := mac6(b); ok {
		return v, 6, 17
	}
	if v, ok := mac3(b); ok {
		return v, 6, 14
	}
	return macAny(b)
}

// mac6 is mac for what nearly all devices write: six bytes of two digits, with one of ':' and '-' between them.
func mac6(b []byte) (v [8]byte, ok bool) {
	if len(b) < 17 || len(b) > 17 && (isWord(b[17]) || isMACSep(b[17])) {
		return v, false
	}
	sep := b[2]
	if sep != ':' && sep != '-' || b[5] != sep || b[8] != sep || b[11] != sep || b[14] != sep {
		return v, false
	}
	bad := byte(0)
	for k := range 6 {
		hi, lo := hexDigit[b[3*k]], hexDigit[b[3*k+1]]
		bad |= hi | lo
		v[k] = hi<<4 | lo&15
	}
	return v, bad < 16
}

// mac3 is mac for three groups of four digits, with one of '.' and '-' between them, as switches write it.
func mac3(b []byte) (v [8]byte, ok bool) {
	if len(b) < 14 || len(b) > 14 && (isWord(b[14]) || isMACSep(b[14])) {
		return v, false
	}
	sep := b[4]
	if sep != '.' && sep != '-' || b[9] != sep {
		return v, false
	}
	bad := byte(0)
	for k := range 3 {
		g := b[5*k : 5*k+4]
		h0, h1, h2, h3 := hexDigit[g[0]], hexDigit[g[1]], hexDigit[g[2]], hexDigit[g[3]]
		bad |= h0 | h1 | h2 | h3
		v[2*k], v[2*k+1] = h0<<4|h1&15, h2<<4|h3&15
	}
	return v, bad < 16
}

// macAny is mac for all spellings.
func macAny(b []byte) (v [8]byte, size, n int) {
	groups, width, nibbles := 0, 0, 0
	sep := byte(0)
	for i := 0; ; {
		start, x := i, uint64(0)
		for i < len(b) && i-start < 17 && hexDigit[b[i]] < 16 {
			x = x<<4 | uint64(hexDigit[b[i]])
			i++
		}
		w := i - start
		if groups == 0 {
			width = w
		}
		short := sep == ':' && width <= 2 && w <= 2 // Solaris leaves zeros out
		if w == 0 || w != width && !short {
			return v, 0, 0
		}
		if short || width == 1 {
			w = 2
		}
		if nibbles+w > 16 {
			return v, 0, 0
		}
		for k := w - 1; k >= 0; k-- {
			v[nibbles>>1] |= byte(x>>(4*k)&15) << (4 * uint(1-nibbles&1))
			nibbles++
		}
		groups++
		if sep == 0 && i < len(b) && isMACSep(b[i]) && i+1 < len(b) && hexDigit[b[i+1]] < 16 {
			sep = b[i]
		}
		if i+1 >= len(b) || sep == 0 || b[i] != sep || hexDigit[b[i+1]] > 15 || nibbles == 16 || sep == ' ' && nibbles == 12 {
			n = i
			break
		}
		i++
	}
	if nibbles != 12 && nibbles != 16 || !macShape(groups, width, sep, nibbles) || n < len(b) && isWord(b[n]) ||
		n+1 < len(b) && b[n] == sep && sep != ' ' && isWord(b[n+1]) {
		return v, 0, 0
	}
	return v, nibbles / 2, n
}

func isMACSep(c byte) bool { return c == ':' || c == '-' || c == '.' || c == ' ' }

// macShape reports whether groups of a width are how addresses are written.
func macShape(groups, width int, sep byte, nibbles int) bool {
	switch width {
	case 1:
		return sep == ':'
	case 2:
		return sep == ':' || sep == '-' || sep == ' ' || sep == '.'
	case 4:
		return sep == '.' || sep == '-' || sep == ':'
	case 6:
		return sep == '-' && groups == 2
	}
	return groups == 1 && width == nibbles
}
