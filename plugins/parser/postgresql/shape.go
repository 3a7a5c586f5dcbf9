package main

import (
	"bytes"

	"github.com/logcenter/logcenter/sdk/keys"
	"github.com/logcenter/logcenter/sdk/netaddr"
)

// shape reads a prefix that nobody has described: each part of it is told by its shape, whatever stands between the parts.
//
//	2026-10-11 12:00:01.689 UTC:192.0.2.42(53150):app@crm:[2077]:1:00000:2026-10-11 11:59:58 UTC:3/12:0:671e2a01.814:psql:
//	2026-10-11 12:00:01 UTC [2077]: [3-1] user=app,db=crm,app=psql,client=192.0.2.42
type shape struct {
	b       []byte
	i       int
	numbers int       // that stood alone, the number of the process first
	words   [4][]byte // that nothing but their order tells
	count   int       // of words
	named   [slots]bool
	last    slot // of the last pair
}

// fit is how well a prefix is understood.
type fit uint8

const (
	unfit   fit = iota // parts of it are not
	partial            // all of it, but names that clients choose may reach further
	fits
)

// guess reads b, the text in front of a severity, of which the first clock bytes are a time.
func (e *entry) guess(b []byte, clock int) fit {
	if clock > 0 {
		e.v[logTime] = b[:clock:clock]
	}
	e.shape = shape{b: b, i: clock}
	for e.i < len(b) {
		switch c := b[e.i]; {
		case c == '[':
			e.bracket()
		case c == '@':
			e.database()
		case gap[c]:
			e.i++
		case c-'0' <= 9 && e.digit(), (c|0x20)-'a' < 6 && e.hex(), isKey[c] && e.pair():
		default:
			e.word()
		}
	}
	return e.finish()
}

// gap are the bytes that may stand between the parts of a prefix.
var gap = [256]bool{
	' ': true, '\t': true, ',': true, ';': true, '|': true, ':': true, '[': true, ']': true, '(': true, ')': true, '<': true, '>': true,
	'{': true, '}': true, '-': true, '#': true, '*': true, '=': true, '"': true, '\'': true, '/': true,
}

// ends are the bytes that no name goes beyond.
var ends = [256]bool{
	' ': true, '\t': true, ',': true, ';': true, '|': true, ':': true, '[': true, ']': true, '(': true, ')': true, '<': true, '>': true, '@': true,
	'/': true,
}

// isKey are the bytes of a key in front of "=".
var isKey = func() (t [256]bool) {
	for c := range t {
		t[c] = uint8(c|0x20)-'a' < 26 || c == '_'
	}
	return t
}()

// over says whether a part that is n bytes long ends there.
func (e *entry) over(n int) bool { return e.i+n >= len(e.b) || ends[e.b[e.i+n]] || e.b[e.i+n] == '-' }

// take is the next n bytes.
func (e *entry) take(n int) []byte {
	v := e.b[e.i : e.i+n : e.i+n]
	e.i += n
	return v
}

// put sets a value unless an earlier part had it.
func (e *entry) put(s slot, v []byte) {
	if len(e.v[s]) == 0 && !isNone(v) {
		e.v[s] = v
	}
}

// bracket reads "[2077]", "[2077-3]", "[3-1]", "[client backend]", "[unknown]" and the blank of others, whose content is told by
// its shape.
func (e *entry) bracket() {
	in := e.b[e.i+1:]
	n := digits(in)
	if n > 0 && n < len(in) && in[n] == ']' {
		e.i++
		e.number(e.take(n), true)
		e.i++
		return
	}
	if n > 0 && n+1 < len(in) && in[n] == '-' {
		if k := digits(in[n+1:]); k > 0 && n+1+k < len(in) && in[n+1+k] == ']' {
			if e.numbers > 0 || len(e.v[pid]) > 0 { // [%l-1]
				e.v[lineNumber] = in[:n:n]
				e.numbers = max(e.numbers, 2)
			} else { // [%p-%l]
				e.v[pid], e.v[lineNumber] = in[:n:n], in[n+1:n+1+k:n+1+k]
				e.numbers = 2
			}
			e.i += n + k + 3
			return
		}
	}
	end := bytes.IndexByte(in, ']')
	if end < 0 {
		e.i++
		return
	}
	switch v := in[:end:end]; {
	case string(v) == "unknown", string(v) == "local":
		e.i += end + 2
	case backends.Get(v) != nil:
		e.put(backend, v)
		e.i += end + 2
	default:
		e.i++
	}
}

// number sets a number that stands alone: of the process, of the line, of the transaction, in this order.
func (e *entry) number(v []byte, bracketed bool) {
	switch e.numbers++; {
	case e.numbers == 1:
		e.v[pid] = v
	case e.numbers == 2 && len(v) == sqlState && !bracketed && isState(v):
		e.put(state, v)
	case e.numbers == 2:
		e.v[lineNumber] = v
	case len(v) == sqlState && len(e.v[state]) == 0:
		e.put(state, v)
	default:
		e.put(transaction, v)
	}
}

// sqlState is the length of an SQLSTATE (appendix A).
const sqlState = 5

// isState says whether v is an SQLSTATE: capitals and digits, of which two at least.
func isState(v []byte) bool {
	if len(v) != sqlState {
		return false
	}
	n := 0
	for _, c := range v {
		switch {
		case c-'0' <= 9:
			n++
		case c-'A' >= 26:
			return false
		}
	}
	return n >= 2 && (n < sqlState || v[0] == '0') // numbers that begin otherwise may be of processes
}

// digit reads what begins with a digit: a time, an address, the id of a session or of a transaction, a number.
func (e *entry) digit() bool {
	rest := e.b[e.i:]
	n := digits(rest)
	if n == 4 && len(rest) >= 19 && rest[4] == '-' && rest[10] == ' ' && rest[13] == ':' {
		e.time(timeLen(rest))
		return true
	}
	if e.hex() {
		return true
	}
	switch {
	case n < len(rest) && rest[n] == '/' && digits(rest[n+1:]) > 0 && e.over(n+1+digits(rest[n+1:])):
		e.put(virtual, e.take(n+1+digits(rest[n+1:])))
		if e.i < len(e.b) && e.b[e.i] == ':' { // %v:%x
			e.i++
			e.put(transaction, e.take(digits(e.b[e.i:])))
		}
	case len(rest) >= sqlState && n < sqlState && isState(rest[:sqlState]) && e.over(sqlState):
		e.put(state, e.take(sqlState))
	case e.over(n) && (n == len(rest) || rest[n] != '@'):
		e.number(e.take(n), false)
	case n >= 10 && n < len(rest) && rest[n] == '.' && e.over(timeLen(rest)):
		e.time(timeLen(rest))
	default:
		return false
	}
	return true
}

// time sets the time of the line, or the later one of the session's begin.
func (e *entry) time(n int) {
	s := logTime
	if len(e.v[logTime]) > 0 {
		s = begun
	}
	e.put(s, e.take(n))
}

// hex reads the id of a session, "671e2a01.814", and addresses, with their ports or without.
func (e *entry) hex() bool {
	rest := e.b[e.i:]
	if n := sessionLen(rest); n > 9 && rest[8] == '.' && e.over(n) {
		e.put(session, e.take(n))
		return true
	}
	if n := netaddr.AddrLen(rest); n > 0 {
		e.peer(n)
		return true
	}
	return false
}

// client takes an address or a name of n bytes, and the port behind it.
func (e *entry) peer(n int) {
	rest := e.b[e.i:]
	if n+1 < len(rest) && (rest[n] == '(' || rest[n] == ':') {
		k := digits(rest[n+1:])
		switch end := n + 1 + k; {
		case k == 0 || k > 5:
		case rest[n] == '(' && end < len(rest) && rest[end] == ')':
			n = end + 1
		case rest[n] == ':' && (end == len(rest) || ends[rest[end]]):
			n = end
		}
	}
	e.put(from, e.take(n))
}

// database reads what stands behind "@".
func (e *entry) database() {
	e.i++
	e.named[user], e.named[database] = true, true
	n := e.nameLen()
	if n > 0 {
		e.put(database, e.take(n))
	} else if e.i < len(e.b) && e.b[e.i] == '[' { // [unknown]
		if end := bytes.IndexByte(e.b[e.i:], ']'); end >= 0 {
			e.i += end + 1
		}
	}
	if e.i < len(e.b) && e.b[e.i] == '/' && len(e.v[application]) == 0 { // %u@%d/%a
		e.i++
		rest := e.b[e.i:]
		if end := bytes.Index(rest, []byte(" [")); end >= 0 {
			rest = rest[:end]
		}
		e.put(application, e.take(e.beforePair(rest)))
	}
}

// nameLen is the length of a name, which may be in quotes.
func (e *entry) nameLen() (n int) {
	for n = e.i; n < len(e.b) && !ends[e.b[n]]; n++ {
	}
	return n - e.i
}

// word reads a name: of a user if "@" follows, of a host if a port does, else one that its place tells.
func (e *entry) word() {
	rest := e.b[e.i:]
	n := e.nameLen()
	if n == 0 {
		e.i++
		return
	}
	switch {
	case n < len(rest) && rest[n] == '@':
		e.put(user, unquoted(e.take(n)))
		return
	case n+2 < len(rest) && rest[n] == '(' && rest[n+1]-'0' <= 9:
		e.peer(n)
		return
	case n == sqlState && e.numbers > 0 && isState(rest[:n]):
		e.put(state, e.take(n))
		return
	}
	if k := phraseLen(rest); k > 0 && e.over(k) {
		s := backend
		if *backends.Get(rest[:k]) {
			s = tag
		}
		e.put(s, e.take(k))
		return
	}
	if e.numbers+e.count > 0 && e.named[user] && (bytes.IndexByte(rest[:n], '.') < 0 || len(e.v[from]) > 0) && len(e.v[application]) == 0 {
		if end := bytes.Index(rest, []byte(" [")); end >= 0 {
			rest = rest[:end]
		}
		e.put(application, e.take(max(n, e.beforePair(rest))))
		return
	}
	v := e.take(n)
	if e.count < len(e.words) {
		e.words[e.count] = v
	}
	e.count++
}

// backends are the kinds of processes (%b), and, true, what %i has of those that run no statement, or of those that do.
var backends = keys.New(map[string]bool{
	"client backend": false, "autovacuum launcher": false, "autovacuum worker": false, "background worker": false, "background writer": false,
	"checkpointer": false, "startup": false, "walreceiver": false, "walsender": false, "walwriter": false, "archiver": false, "postmaster": false,
	"logger": false, "parallel worker": false, "logical replication launcher": false, "logical replication worker": false,
	"logical replication apply worker": false, "logical replication tablesync worker": false, "logical replication parallel worker": false,
	"not initialized": false, "standalone backend": false, "slotsync worker": false, "walsummarizer": false, "io worker": false,
	"dead-end client backend": false, "stats collector": false, "syslogger": false,
	"idle": true, "idle in transaction": true, "authentication": true, "SELECT": true, "INSERT": true, "UPDATE": true, "DELETE": true,
	"MERGE": true, "COPY": true, "BEGIN": true, "COMMIT": true, "ROLLBACK": true, "PARSE": true, "BIND": true, "EXECUTE": true, "TRUNCATE": true,
	"TRUNCATE TABLE": true, "VACUUM": true, "ANALYZE": true, "SET": true, "SHOW": true, "GRANT": true, "REVOKE": true, "CREATE TABLE": true,
	"ALTER TABLE": true, "DROP TABLE": true, "CREATE INDEX": true, "DROP INDEX": true, "CREATE DATABASE": true, "DROP DATABASE": true,
	"CREATE ROLE": true, "ALTER ROLE": true, "DROP ROLE": true, "REFRESH MATERIALIZED VIEW": true, "CALL": true, "DO": true,
})

// phraseLen is the length of the longest of backends that b begins with, 0 if it is none.
func phraseLen(b []byte) (longest int) {
	for n := 0; n <= len(b) && n < 40; n++ {
		if (n == len(b) || ends[b[n]]) && n > 0 && backends.Get(b[:n]) != nil {
			longest = n
		}
	}
	return longest
}

// finish sets the words by their order, and says how well all fits.
func (e *entry) finish() fit {
	switch {
	case e.count > len(e.words):
		return unfit
	case e.count > 0 && e.count <= 2 && e.named[user] && e.numbers > 0:
		for _, w := range e.words[:e.count] {
			if bytes.IndexByte(w, '.') > 0 && len(e.v[from]) == 0 {
				e.v[from] = w
				continue
			}
			if len(e.v[application]) > 0 {
				return unfit
			}
			e.v[application] = w
		}
	case e.count == 2 && e.numbers > 0, e.count == 3 && e.numbers > 0:
		e.v[user], e.v[database] = unquoted(e.words[0]), unquoted(e.words[1])
		if e.count == 3 {
			e.put(application, e.words[2])
		}
	case e.count > 0:
		return unfit
	}
	if e.named[user] && !e.named[database] || e.last == application && !e.named[from] && len(e.v[from]) == 0 {
		return partial
	}
	return fits
}

// within reads a prefix in which something that looks like the severity stands: a client chose such a name. Names reach as far
// as what follows them does.
func (e *entry) within(b []byte, clock int) bool {
	k := clock
	for k < len(b) && (gap[b[k]] || b[k]-'0' <= 9) {
		k++
	}
	if k == clock || k == len(b) {
		return false
	}
	if rest, ok := bytes.CutPrefix(b[k:], []byte("user=")); ok {
		if !e.withinPairs(rest) {
			return false
		}
		e.guess(b[:k:k], clock)
		return true
	}
	at := bytes.LastIndexByte(b, '@')
	if at <= k {
		return false
	}
	name := bytes.TrimRight(b[at+1:], " :")
	for _, c := range name {
		if ends[c] {
			return false
		}
	}
	e.guess(b[:k:k], clock)
	e.v[user], e.v[database] = b[k:at:at], name
	return true
}

// chosen are the keys behind user= in their usual order, as pgBadger proposes it.
var chosen = [...]struct {
	slot slot
	keys []string
}{
	{database, []string{",db=", ",database="}},
	{application, []string{",app=", ",application="}},
	{from, []string{",client=", ",host=", ",remote="}},
}

// withinPairs reads what stands behind "user=". It is false if no other key follows.
func (e *entry) withinPairs(b []byte) bool {
	s, found := user, 0
	for i := range chosen {
		for _, key := range chosen[i].keys {
			n := bytes.LastIndex(b, []byte(key))
			if n < 0 {
				continue
			}
			if v := b[:n:n]; !isNone(v) {
				e.v[s] = v
			}
			s, b, found = chosen[i].slot, b[n+len(key):], found+1
			break
		}
	}
	if v := bytes.TrimRight(b, " :"); !isNone(v) {
		e.v[s] = v[:len(v):len(v)]
	}
	return found > 0
}
