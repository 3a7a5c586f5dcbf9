package jsonscan

import (
	"unicode/utf16"
	"unicode/utf8"

	"github.com/logcenter/logcenter/sdk/internal/swar"
)

// AppendUnescaped appends v, the text of a string, to dst with its escapes resolved (RFC 8259, section 7), and
// returns the extended slice. Halves of a pair that stand alone become U+FFFD; what is no escape stays as
// it is. dst and v must not overlap.
func AppendUnescaped(dst, v []byte) []byte {
	for {
		i := swar.Index(v, 0, '\\')
		dst = append(dst, v[:i]...)
		if i == len(v) {
			return dst
		}
		v = v[i:]
		n := escapeLen(v)
		switch {
		case n == 0:
			dst = append(dst, '\\')
			n = 1
		case n == 2:
			dst = append(dst, unescape(v[1]))
		default:
			r, _ := hex4(v, 2)
			if utf16.IsSurrogate(r) {
				low := rune(utf8.RuneError)
				if len(v) >= 12 && v[6] == '\\' && v[7] == 'u' {
					low, _ = hex4(v, 8)
				}
				if r = utf16.DecodeRune(r, low); r != utf8.RuneError {
					n = 12
				}
			}
			dst = utf8.AppendRune(dst, r)
		}
		v = v[n:]
	}
}

// unescape is what c behind a backslash means.
func unescape(c byte) byte {
	switch c {
	case 'b':
		return '\b'
	case 'f':
		return '\f'
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	}
	return c
}

// hex4 reads four hexadecimal digits at b[i].
func hex4(b []byte, i int) (r rune, ok bool) {
	if len(b) < i+4 {
		return 0, false
	}
	for _, c := range b[i : i+4] {
		switch {
		case c-'0' <= 9:
			r = r<<4 | rune(c-'0')
		case (c|0x20)-'a' < 6:
			r = r<<4 | rune((c|0x20)-'a'+10)
		default:
			return 0, false
		}
	}
	return r, true
}
