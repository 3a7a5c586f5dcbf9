package decode

import "unicode/utf8"

// plausible says whether bytes that are not UTF-8 look like GB18030 text; the rule is in the package
// comment. cut allows an unfinished character at the end.
func plausible(line []byte, cut bool) bool {
	common, other, lead := 0, 0, false
	for i := 0; i < len(line); {
		c := line[i]
		if c < utf8.RuneSelf {
			i++
			continue
		}
		n := gbLen(line[i:])
		switch {
		case n == 0 && cut && len(line)-i < 4 && gbUnfinished(line[i:]):
			n = len(line) - i
		case n == 0:
			return false
		case n == 2 && line[i+1] >= 0xA1 && (c >= 0xA1 && c <= 0xA3 || c >= 0xB0 && c <= 0xD7):
			common++
		default:
			other++
		}
		for _, b := range line[i : i+n] {
			lead = lead || b >= 0xC0
		}
		i += n
	}
	if !lead || common == 0 || other > common {
		return false
	}
	valid, invalid := utf8Weight(line)
	if other == 0 {
		invalid *= 2
	}
	return valid <= invalid
}

// gbLen is the length of the GB18030 character at the start of b, whose first byte is not ASCII; 0 if it
// is not well-formed. GB 18030-2005: two bytes 81–FE, 40–FE without 7F; four bytes 81–FE, 30–39, 81–FE, 30–39.
func gbLen(b []byte) int {
	switch {
	case len(b) < 2 || b[0] < 0x81 || b[0] == 0xFF:
		return 0
	case b[1] >= 0x40 && b[1] != 0x7F && b[1] != 0xFF:
		return 2
	case len(b) >= 4 && digit(b[1]) && b[2] >= 0x81 && b[2] != 0xFF && digit(b[3]):
		return 4
	}
	return 0
}

// gbUnfinished says whether b, too short for a character, may be the beginning of one.
func gbUnfinished(b []byte) bool {
	return b[0] >= 0x81 && b[0] != 0xFF && (len(b) == 1 || digit(b[1]))
}

// loneLead says whether line ends within a two-byte character.
func loneLead(line []byte) bool {
	i := 0
	for i < len(line) {
		if line[i] < utf8.RuneSelf {
			i++
			continue
		}
		n := gbLen(line[i:])
		if n == 0 {
			return i == len(line)-1
		}
		i += n
	}
	return false
}

func digit(c byte) bool { return c >= '0' && c <= '9' }

// utf8Weight weighs what speaks for UTF-8, valid sequences, against bytes that are in none. Sequences weigh
// by how seldom GB2312 text contains them by chance: as many as they have bytes, but pairs one, and Hangul
// nothing (办公 in GBK contains one).
func utf8Weight(line []byte) (valid, invalid int) {
	for i := 0; i < len(line); {
		if line[i] < utf8.RuneSelf {
			i++
			continue
		}
		r, n := utf8.DecodeRune(line[i:])
		switch {
		case n == 1:
			invalid++
		case n == 2:
			valid++
		case r < 0xA000 || r > 0xDFFF:
			valid += n
		}
		i += n
	}
	return valid, invalid
}
