package frame

import (
	"bytes"
	"errors"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// Events are taken apart where they lie, in the bytes that the host sent: encoding/json makes a map of each, which costs
// five times as much as all the rest of a frame.

var errEvent = errors.New("the answer is not Logcenter's: an event is no JSON object")

// object goes over the members of one JSON object.
type object struct {
	b    []byte
	i    int
	some bool
}

// next returns a member's name, as it stands between the quotes, and its value as JSON. Both alias the object. A nil name is
// the end.
func (o *object) next() (name, value []byte, err error) {
	o.space()
	if !o.some {
		if !o.is('{') {
			return nil, nil, errEvent
		}
		o.some = true
		o.space()
	} else if o.is(',') {
		o.space()
	}
	if o.is('}') {
		return nil, nil, nil
	}
	if name = o.value(); len(name) < 2 || name[0] != '"' {
		return nil, nil, errEvent
	}
	o.space()
	if !o.is(':') {
		return nil, nil, errEvent
	}
	o.space()
	if value = o.value(); len(value) == 0 {
		return nil, nil, errEvent
	}
	return name[1 : len(name)-1], value, nil
}

func (o *object) is(c byte) bool {
	if o.i < len(o.b) && o.b[o.i] == c {
		o.i++
		return true
	}
	return false
}

func (o *object) space() {
	for o.i < len(o.b) && (o.b[o.i] == ' ' || o.b[o.i] == '\t' || o.b[o.i] == '\r' || o.b[o.i] == '\n') {
		o.i++
	}
}

// value takes the next value; nil if there is none that ends.
func (o *object) value() []byte {
	start, depth := o.i, 0
	for o.i < len(o.b) {
		switch o.b[o.i] {
		case '"':
			if o.i = textEnd(o.b, o.i); o.i < 0 {
				o.i = len(o.b)
				return nil
			}
			if depth == 0 {
				return o.b[start:o.i]
			}
			continue
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 {
				return o.b[start:o.i]
			}
			if depth--; depth == 0 {
				o.i++
				return o.b[start:o.i]
			}
		case ',', ':', ' ', '\t', '\r', '\n':
			if depth == 0 {
				return o.b[start:o.i]
			}
		}
		o.i++
	}
	return nil
}

// textEnd is the place behind the string that begins at i; -1 if it does not end.
func textEnd(b []byte, i int) int {
	for i++; i < len(b); {
		n := bytes.IndexByte(b[i:], '"')
		if n < 0 {
			return -1
		}
		esc := bytes.IndexByte(b[i:i+n], '\\')
		if esc < 0 {
			return i + n + 1
		}
		i += esc + 2
	}
	return -1
}

// appendText appends the text of a JSON string, given with its quotes, as UTF-8.
func appendText(dst, raw []byte) []byte {
	raw = raw[1 : len(raw)-1]
	for {
		esc := bytes.IndexByte(raw, '\\')
		if esc < 0 || esc+1 >= len(raw) {
			return append(dst, raw...)
		}
		dst = append(dst, raw[:esc]...)
		c := raw[esc+1]
		raw = raw[esc+2:]
		switch c {
		case 'n':
			dst = append(dst, '\n')
		case 't':
			dst = append(dst, '\t')
		case 'r':
			dst = append(dst, '\r')
		case 'b':
			dst = append(dst, '\b')
		case 'f':
			dst = append(dst, '\f')
		case 'u':
			var r rune
			r, raw = codePoint(raw)
			dst = utf8.AppendRune(dst, r)
		default:
			dst = append(dst, c)
		}
	}
}

// codePoint reads what comes behind \u, of a pair of surrogates both (RFC 8259 section 7).
func codePoint(raw []byte) (rune, []byte) {
	r, ok := unit(raw)
	if !ok {
		return utf8.RuneError, raw
	}
	raw = raw[4:]
	if utf16.IsSurrogate(r) && len(raw) >= 6 && raw[0] == '\\' && raw[1] == 'u' {
		if low, ok := unit(raw[2:]); ok {
			if both := utf16.DecodeRune(r, low); both != utf8.RuneError {
				return both, raw[6:]
			}
		}
	}
	if utf16.IsSurrogate(r) {
		r = utf8.RuneError
	}
	return r, raw
}

func unit(raw []byte) (rune, bool) {
	if len(raw) < 4 {
		return 0, false
	}
	n, err := strconv.ParseUint(string(raw[:4]), 16, 16)
	return rune(n), err == nil
}

// plainText is a value for people: a string's text, the one element of a list, else its JSON. A list of several keeps its
// brackets and quotes, so that a click on it can ask for its elements: ["a","b"] is not the text a, b. buf is reused.
func plainText(buf, value []byte) []byte {
	switch value[0] {
	case '"':
		return appendText(buf, value)
	case '[':
		list, start := object{b: value, i: 1}, len(buf)
		var only []byte
		for n := 0; ; n++ {
			list.space()
			if list.is(',') {
				list.space()
			}
			e := list.value()
			switch {
			case len(e) == 0 && n == 0:
				return buf
			case len(e) == 0 && n == 1:
				return plainText(buf[:start], only)
			case len(e) == 0:
				return append(buf, ']')
			case n == 0:
				only = e
				buf = append(append(buf, '['), e...)
			default:
				buf = append(append(buf, ','), e...)
			}
		}
	default:
		return append(buf, value...)
	}
}

const hexDigits = "0123456789abcdef"

// appendQuoted appends text as a JSON string. What lies in a JSON string already is UTF-8.
func appendQuoted(b, text []byte) []byte {
	b = append(b, '"')
	for _, c := range text {
		switch {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c < ' ':
			b = append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		default:
			b = append(b, c)
		}
	}
	return append(b, '"')
}
