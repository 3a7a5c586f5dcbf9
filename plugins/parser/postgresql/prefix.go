package main

import (
	"bytes"
	"errors"
	"fmt"
)

// op is a part of a log_line_prefix: a text, or an escape.
type op struct {
	text []byte // literal; empty for escapes
	slot slot   // of the escape's value; nothing for those that no field is made of
	kind byte   // the letter of the escape
}

// prefix is a compiled log_line_prefix.
type prefix []op

// escapes are those of section 19.8.3 "What to Log".
var escapes = map[byte]slot{
	'a': application, 'u': user, 'd': database, 'r': from, 'h': host, 'L': nothing, 'b': backend, 'p': pid, 'P': nothing, 't': logTime,
	'm': logTime, 'n': logTime, 'i': tag, 'e': state, 'c': session, 'l': lineNumber, 's': begun, 'v': virtual, 'x': transaction, 'Q': queryID, 'q': nothing,
}

// compile reads a log_line_prefix. The padding that may stand in an escape, as in %-8u, is not needed to read it.
func compile(text string) (p prefix, err error) {
	var lit []byte
	flush := func() {
		if len(lit) > 0 {
			p, lit = append(p, op{text: lit}), nil
		}
	}
	for i := 0; i < len(text); i++ {
		if text[i] != '%' {
			lit = append(lit, text[i])
			continue
		}
		for i++; i < len(text) && (text[i] == '-' || text[i]-'0' <= 9); i++ {
		}
		switch {
		case i == len(text):
			return nil, errors.New("want a letter behind the last %, or %% for a percent sign")
		case text[i] == '%':
			lit = append(lit, '%')
			continue
		}
		s, ok := escapes[text[i]]
		if !ok {
			return nil, fmt.Errorf("%%%c is no escape of PostgreSQL: want one of a u d r h L b p P t m n i e c l s v x Q q", text[i])
		}
		flush()
		p = append(p, op{slot: s, kind: text[i]})
	}
	flush()
	return p, nil
}

// match reads b[i:], the text in front of the severity, by the prefix that the admin has set; the first clock bytes of b are a
// time. It is false, and no value was set, if that has another form.
func (e *entry) match(p prefix, b []byte, i, clock int) bool {
	if len(p) == 0 {
		return i == len(b)
	}
	o := &p[0]
	if o.kind == 'q' && i == len(b) { // a process without a session writes no more
		return true
	}
	length := p.length(b, i, clock)
	if length < 0 {
		return false
	}
	if v := b[i : i+length : i+length]; o.slot != nothing && !isNone(v) {
		e.v[o.slot] = v
	}
	if e.match(p[1:], b, i+length, clock) {
		return true
	}
	e.v[o.slot] = nil
	return false
}

// length is how much of b[i:] is the first part of p, -1 if b has another there.
func (p prefix) length(b []byte, i, clock int) int {
	n := 0
	o := &p[0]
	switch o.kind {
	case 0:
		if !bytes.HasPrefix(b[i:], o.text) {
			return -1
		}
		return len(o.text)
	case 'q':
		return 0
	case 'm', 't', 'n', 's':
		if n = clock; i > 0 {
			n = timeLen(b[i:])
		}
	case 'p', 'l', 'P':
		n = digits(b[i:])
	case 'c':
		n = sessionLen(b[i:])
	default:
		return p.valueLen(b[i:])
	}
	if n == 0 && (o.slot == logTime || o.slot == pid || o.slot == session) {
		return -1
	}
	return n
}

// isNone tells what the server writes where it knows nothing, and for a client on the same host.
func isNone(v []byte) bool {
	return len(v) == 0 || v[0] == '[' && (string(v) == "[unknown]" || string(v) == "[local]")
}

func digits(b []byte) (n int) {
	for n < len(b) && b[n]-'0' <= 9 {
		n++
	}
	return n
}

// sessionLen is the length of a session's id, "671e2a01.814", 0 if b does not start with one.
func sessionLen(b []byte) (n int) {
	dot := false
	for ; n < len(b); n++ {
		switch c := b[n]; {
		case c-'0' <= 9, c-'a' < 6:
		case c == '.' && !dot && n > 0:
			dot = true
		default:
			if !dot {
				return 0
			}
			return n
		}
	}
	return n
}

// valueLen is the length of a value at the start of b, which reaches up to the text behind it; -1 if that is not there. Names
// may hold what follows them: the last one ends where the prefix does.
func (p prefix) valueLen(b []byte) int {
	if len(p) == 1 || p[1].kind != 0 {
		return len(b)
	}
	then := p[1].text
	if len(p) == 2 {
		if n := len(b) - len(then); n >= 0 && string(b[n:]) == string(then) {
			return n
		}
		return -1
	}
	from := 0
	if p[0].kind == 'r' { // "2001:db8::1(5432)"
		from = max(0, bytes.IndexByte(b[:min(len(b), maxHost)], '('))
	}
	n := bytes.Index(b[from:], then)
	if n < 0 {
		return -1
	}
	return from + n
}

// maxHost is the length of the longest name of a host.
const maxHost = 256

// timeLen is the length of "2026-10-11 12:00:01.689 UTC", where the fraction and the zone may be missing, or of the
// seconds since 1970; 0 if b does not start with one.
func timeLen(b []byte) int {
	n := 0
	if len(b) < 19 || b[4] != '-' || b[10] != ' ' || b[13] != ':' {
		if n = digits(b); n < 10 {
			return 0
		}
		if n < len(b) && b[n] == '.' {
			n += 1 + digits(b[n+1:])
		}
		return n
	}
	n = 19
	if n < len(b) && b[n] == '.' {
		for n++; n < len(b) && b[n]-'0' <= 9; n++ {
		}
	}
	if n+1 < len(b) && b[n] == ' ' && (b[n+1]-'A' < 26 || b[n+1] == '+' || b[n+1] == '-') {
		for n += 2; n < len(b) && (b[n]-'A' < 26 || b[n]-'0' <= 9); n++ {
		}
	}
	return n
}
