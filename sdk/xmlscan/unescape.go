package xmlscan

import (
	"bytes"
	"unicode/utf8"
)

// entities are those that XML has of its own (XML 1.0, section 4.6).
var entities = [...]struct {
	name string
	c    byte
}{{"lt;", '<'}, {"gt;", '>'}, {"amp;", '&'}, {"quot;", '"'}, {"apos;", '\''}}

// AppendUnescaped appends v, a text or the value of an attribute, to dst with its references to characters and to the five
// entities of XML resolved (XML 1.0, sections 4.1 and 4.6), and returns the extended slice. What is none of these stays
// as it is. dst and v must not overlap.
func AppendUnescaped(dst, v []byte) []byte {
	for {
		i := bytes.IndexByte(v, '&')
		if i < 0 {
			return append(dst, v...)
		}
		dst = append(dst, v[:i]...)
		v = v[i+1:]
		c, n := reference(v)
		if n == 0 {
			c = '&'
		}
		dst = utf8.AppendRune(dst, c)
		v = v[n:]
	}
}

// reference reads what stands behind the & of a reference; n is 0 if b does not start with the like.
func reference(b []byte) (c rune, n int) {
	if len(b) > 0 && b[0] == '#' {
		return character(b)
	}
	for _, e := range entities {
		if len(b) >= len(e.name) && string(b[:len(e.name)]) == e.name {
			return rune(e.c), len(e.name)
		}
	}
	return 0, 0
}

// mostDigits bounds the digits of a reference to a character, leading zeros included.
const mostDigits = 8

// character reads "#13;" or "#xD;", n is 0 if b does not start with the like.
func character(b []byte) (c rune, n int) {
	base := rune(10)
	if n = 1; n < len(b) && b[n]|0x20 == 'x' {
		base, n = 16, 2
	}
	for first := n; n < len(b) && n <= first+mostDigits; n++ {
		d := rune(0)
		switch x := b[n]; {
		case x-'0' <= 9:
			d = rune(x - '0')
		case base == 16 && (x|0x20)-'a' < 6:
			d = rune((x|0x20)-'a') + 10
		case x == ';' && n > first && c > 0 && utf8.ValidRune(c):
			return c, n + 1
		default:
			return 0, 0
		}
		if c = c*base + d; c > utf8.MaxRune {
			return 0, 0
		}
	}
	return 0, 0
}
