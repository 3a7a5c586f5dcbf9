package main

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/logcenter/logcenter/sdk/keys"
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
	'm': logTime, 'n': logTime, 'i': tag, 'e': state, 'c': session, 'l': lineNumber, 's': nothing, 'v': nothing, 'x': nothing, 'Q': queryID, 'q': nothing,
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

// tree is prefixes, those that begin alike joined.
type tree struct {
	op
	then []byte // the text behind an escape, up to which its value reaches; nil: to the end
	last bool   // nothing stands behind then
	ends bool   // a prefix ends here
	next []*tree
}

// join makes a tree of prefixes.
func join(prefixes ...prefix) *tree {
	root := new(tree)
	for _, p := range prefixes {
		t := root
		for k, o := range p {
			n := &tree{op: o}
			if o.kind != 0 && k+1 < len(p) && p[k+1].kind == 0 {
				n.then, n.last = p[k+1].text, k+2 == len(p)
			}
			t = t.child(n)
		}
		t.ends = true
	}
	return root
}

// child is n, or what of t is the same.
func (t *tree) child(n *tree) *tree {
	for _, c := range t.next {
		if c.slot == n.slot && (c.kind == n.kind || c.slot == logTime) && bytes.Equal(c.text, n.text) && bytes.Equal(c.then, n.then) && c.last == n.last {
			return c
		}
	}
	t.next = append(t.next, n)
	return n
}

// usual are the prefixes that PostgreSQL, distributions, clouds and pgBadger propose. Of several that fit the first counts.
var usual = func() *tree {
	var all []prefix
	for _, text := range []string{
		"%m [%p] %q%u@%d/%a ", // EDB
		"%m [%p] %q%u@%d ",    // PostgreSQL without %q, Debian
		"%m [%p] [queryid=%Q] %q%u@%d ",
		"%m [%c] %q%u@%d %p: ",
		"%t [%p]: [%l-1] user=%u,db=%d,app=%a,client=%h ", // pgBadger
		"%t [%p]: user=%u,db=%d,app=%a,client=%h ",        // pgBadger
		"%t [%p-%l] %q%u@%d ",
		"%t [%p]: [%l-1] %quser=%u,db=%d ",                 // pgBadger, old
		"%t [%p] %quser=%u,db=%d,app=%a,client=%h ",        //
		"%m [%p] [%l-1] %quser=%u,db=%d,app=%a,client=%r ", //
		"user=%u,db=%d,app=%a,client=%h ",                  // by syslog
		"user=%u,db=%d ",                                   // by syslog
		"%t:%r:%u@%d:[%p]:",                                // Amazon RDS
		"%t-%c-",                                           // Azure
		"[%p]: [%l-1] db=%d,user=%u ",                      // Google Cloud SQL
		"< %m > ",                                          // Red Hat
		"%m %p %u@%d ",                                     //
		"%m ",                                              //
		"%m [%p] [%u@%d] ",                                 //
		"",
	} {
		p, err := compile(text)
		if err != nil {
			panic(err)
		}
		all = append(all, p)
	}
	return join(all...)
}()

// match reads b[i:], the text in front of the severity, by what t has behind it; the first clock bytes of b are a time. It is
// false, and no value was set, if that has another form.
func (e *entry) match(t *tree, b []byte, i, clock int) bool {
	if t.ends && i == len(b) {
		return true
	}
	for _, n := range t.next {
		if n.kind == 'q' && i == len(b) { // a process without a session writes no more
			return true
		}
		length := n.length(b, i, clock)
		if length < 0 {
			continue
		}
		if v := b[i : i+length : i+length]; n.slot != nothing && !isNone(v) {
			if n.slot == user && v[0] == '[' { // of a prefix in which something else stands in front
				continue
			}
			e.v[n.slot] = v
		}
		if e.match(n, b, i+length, clock) {
			return true
		}
		e.v[n.slot] = nil
	}
	return false
}

// length is how much of b[i:] is the text or value of t, -1 if b has another there.
func (t *tree) length(b []byte, i, clock int) int {
	n := 0
	switch t.kind {
	case 0:
		if len(b)-i < len(t.text) {
			return -1
		}
		for k, c := range t.text { // two or three
			if b[i+k] != c {
				return -1
			}
		}
		return len(t.text)
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
		return t.valueLen(b[i:])
	}
	if n == 0 && (t.slot == logTime || t.slot == pid || t.slot == session) {
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

// valueLen is the length of a value at the start of b; -1 if what is to follow is not there. Names may hold what follows
// them: the last one ends where the prefix does.
func (t *tree) valueLen(b []byte) int {
	if t.then == nil {
		return len(b)
	}
	if t.last {
		if n := len(b) - len(t.then); n >= 0 && string(b[n:]) == string(t.then) {
			return n
		}
		return -1
	}
	from := 0
	if t.kind == 'r' { // "2001:db8::1(5432)"
		from = max(0, bytes.IndexByte(b[:min(len(b), maxHost)], '('))
	}
	n := bytes.Index(b[from:], t.then)
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
		for n < len(b) && (b[n]-'0' <= 9 || b[n] == '.') {
			n++
		}
		if n < 10 {
			return 0
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

// named are values that stand in the text in front of the severity as "key=value", as many prefixes have them.
var named = keys.New(map[string]slot{
	"user": user, "db": database, "database": database, "app": application, "application": application, "client": from, "host": from,
	"remote": from, "pid": pid, "session": session, "line": lineNumber, "queryid": queryID, "query_id": queryID, "state": state,
})

// pairs reads a prefix that is none of the others but has "key=value", with blanks, commas, brackets or bars between. It is
// false if no key is known.
func (e *entry) pairs(b []byte, clock int) bool {
	found := false
	for at := clock; at < len(b); {
		eq := bytes.IndexByte(b[at:], '=')
		if eq < 0 {
			break
		}
		eq += at
		from := eq
		for from > at && !endsPair[b[from-1]] {
			from--
		}
		end := eq + 1
		if end < len(b) && b[end] == '[' { // [unknown], [local]
			end++
			for end < len(b) && b[end-1] != ']' {
				end++
			}
		}
		for end < len(b) && !endsPair[b[end]] {
			end++
		}
		if end < len(b) && b[end] == '(' { // 192.0.2.42(53149)
			if n := digits(b[end+1:]); n > 0 && end+1+n < len(b) && b[end+1+n] == ')' {
				end += n + 2
			}
		}
		if s := named.Get(b[from:eq]); s != nil {
			found = true
			if v := b[eq+1 : end : end]; !isNone(v) && e.v[*s] == nil {
				e.v[*s] = v
			}
		}
		at = end
	}
	if !found {
		return false
	}
	e.v[logTime] = b[:clock:clock]
	if i := bytes.IndexByte(b, '['); i >= 0 && e.v[pid] == nil {
		if n := digits(b[i+1:]); n > 0 && i+1+n < len(b) && b[i+1+n] == ']' {
			e.v[pid] = b[i+1 : i+1+n : i+1+n]
		}
	}
	return true
}

// endsPair are the bytes that part pairs of a prefix.
var endsPair = [256]bool{' ': true, ',': true, ';': true, '|': true, '[': true, ']': true, '(': true, ')': true, '<': true, '>': true}
