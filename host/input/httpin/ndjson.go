package httpin

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"unicode/utf16"
	"unicode/utf8"
)

// message returns the string under the top-level key "message" of a JSON object (RFC 8259): a part of line,
// or, if it has escapes, built in *buf, which grows. ok is false if line is no complete object or has no such string. Of several the
// last counts, as in encoding/json. Bytes that are not UTF-8 are passed on as they are: some senders put
// GBK into JSON, and decoding comes later.
func message(buf *[]byte, line []byte) (m []byte, ok bool) {
	s := scanner{b: line}
	var at [2]int
	s.space()
	if !s.eat('{') {
		return nil, false
	}
	s.space()
	for first := true; !s.eat('}'); first = false {
		if !first && !s.eat(',') {
			return nil, false
		}
		s.space()
		from, to, valid := s.str()
		s.space()
		if !valid || !s.eat(':') {
			return nil, false
		}
		isMessage := string(line[from:to]) == "message"
		s.space()
		if isMessage && s.i < len(line) && line[s.i] == '"' {
			from, to, valid = s.str()
			if !valid {
				return nil, false
			}
			at, ok = [2]int{from, to}, true
		} else {
			if !s.value(0) {
				return nil, false
			}
			ok = ok && !isMessage
		}
		s.space()
	}
	s.space()
	if s.i != len(line) || !ok {
		return nil, false
	}
	m = line[at[0]:at[1]]
	if bytes.IndexByte(m, '\\') >= 0 {
		*buf = unescape((*buf)[:0], m)
		m = *buf
	}
	return m, true
}

// scanner walks over JSON.
type scanner struct {
	b []byte
	i int
}

// deepest is how deep values may be nested.
const deepest = 200

func (s *scanner) space() {
	for s.i < len(s.b) && (s.b[s.i] == ' ' || s.b[s.i] == '\t' || s.b[s.i] == '\r' || s.b[s.i] == '\n') {
		s.i++
	}
}

func (s *scanner) eat(c byte) bool {
	if s.i < len(s.b) && s.b[s.i] == c {
		s.i++
		return true
	}
	return false
}

// str walks over a string and returns what is between its quotes, escapes checked.
func (s *scanner) str() (from, to int, ok bool) {
	if !s.eat('"') {
		return 0, 0, false
	}
	from = s.i
	for s.i < len(s.b) {
		switch c := s.b[s.i]; {
		case c == '"':
			s.i++
			return from, s.i - 1, true
		case c < 0x20:
			return 0, 0, false
		case c == '\\':
			if !s.escape() {
				return 0, 0, false
			}
		default:
			s.i++
		}
	}
	return 0, 0, false
}

func (s *scanner) escape() bool {
	if s.i+1 >= len(s.b) {
		return false
	}
	switch s.b[s.i+1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		s.i += 2
		return true
	case 'u':
		if s.i+6 > len(s.b) {
			return false
		}
		var x [2]byte
		if _, err := hex.Decode(x[:], s.b[s.i+2:s.i+6]); err != nil {
			return false
		}
		s.i += 6
		return true
	}
	return false
}

// value walks over any value. Numbers and literals are looked at loosely: nobody uses them.
func (s *scanner) value(depth int) bool {
	s.space()
	if s.i >= len(s.b) || depth > deepest {
		return false
	}
	switch s.b[s.i] {
	case '"':
		_, _, ok := s.str()
		return ok
	case '{', '[':
		return s.nested(depth)
	}
	from := s.i
	for s.i < len(s.b) && plain(s.b[s.i]) {
		s.i++
	}
	return s.i > from
}

// plain says whether c may be part of a number or of true, false and null.
func plain(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c == 'E' || c == '-' || c == '+' || c == '.'
}

func (s *scanner) nested(depth int) bool {
	object := s.b[s.i] == '{'
	end := s.b[s.i] + 2 // } is two behind {, ] behind [
	s.i++
	s.space()
	for first := true; !s.eat(end); first = false {
		if !first && !s.eat(',') {
			return false
		}
		s.space()
		if object {
			_, _, ok := s.str()
			s.space()
			if !ok || !s.eat(':') {
				return false
			}
		}
		if !s.value(depth + 1) {
			return false
		}
		s.space()
	}
	return true
}

// unescape appends the string that is written as b, whose escapes are good.
func unescape(buf, b []byte) []byte {
	i := 0
	for i < len(b) {
		if b[i] != '\\' {
			buf = append(buf, b[i])
			i++
			continue
		}
		switch c := b[i+1]; c {
		case 'u':
			r := unit(b[i:])
			i += 6
			if utf16.IsSurrogate(r) {
				pair := utf8.RuneError
				if i+6 <= len(b) && b[i] == '\\' && b[i+1] == 'u' {
					pair = utf16.DecodeRune(r, unit(b[i:]))
				}
				if r = pair; pair != utf8.RuneError {
					i += 6
				}
			}
			buf = utf8.AppendRune(buf, r)
			continue
		case 'b':
			buf = append(buf, '\b')
		case 'f':
			buf = append(buf, '\f')
		case 'n':
			buf = append(buf, '\n')
		case 'r':
			buf = append(buf, '\r')
		case 't':
			buf = append(buf, '\t')
		default:
			buf = append(buf, c)
		}
		i += 2
	}
	return buf
}

// unit is the code unit written as \uXXXX at the start of b.
func unit(b []byte) rune {
	var x [2]byte
	_, _ = hex.Decode(x[:], b[2:6]) // checked by escape
	return rune(binary.BigEndian.Uint16(x[:]))
}
