package main

import "bytes"

// errors reads "TIME THREAD [SEVERITY] [CODE] [SUBSYSTEM] MESSAGE", whose time has n bytes; code and subsystem are of
// MySQL 8. By syslog there is no time. It is false if b is no such line.
func (e *entry) errors(b []byte, n int, bySyslog bool) bool {
	if n > 0 {
		e.v[logTime] = b[:n:n]
		b = bytes.TrimLeft(b[n:], " ")
	} else if !bySyslog {
		return false
	}
	if n := digitsLen(b); n > 0 {
		e.v[thread] = b[:n:n]
		b = bytes.TrimLeft(b[n:], " ")
	}
	word, rest, ok := bracketed(b)
	if !ok || !isSeverity(word) {
		e.v[message] = bytes.TrimSpace(b)
		if bySyslog = bySyslog || bytes.HasPrefix(b, []byte("InnoDB: ")); bySyslog { // MySQL 5.5 has no severity there
			e.classify()
		}
		return bySyslog
	}
	e.v[severity] = word
	if word, after, ok := bracketed(rest); ok && bytes.HasPrefix(word, []byte("MY-")) {
		e.v[code], rest = word, after
		if word, after, ok := bracketed(rest); ok {
			e.v[subsystem], rest = word, after
		}
	}
	e.v[message] = bytes.TrimSpace(rest)
	e.classify()
	return true
}

// bracketed reads "[WORD] ".
func bracketed(b []byte) (word, rest []byte, ok bool) {
	if len(b) == 0 || b[0] != '[' {
		return nil, b, false
	}
	i := bytes.IndexByte(b[:min(len(b), 32)], ']')
	if i < 0 {
		return nil, b, false
	}
	return b[1:i:i], bytes.TrimLeft(b[i+1:], " "), true
}

func isSeverity(b []byte) bool {
	switch string(b) {
	case "Note", "Warning", "ERROR", "Error", "System":
		return true
	}
	return false
}

// timeLen is the length of a time at the start of b: RFC 3339, the same with a blank, and that of MariaDB 10.0 and older,
// 261011 12:00:01, whose hour may have one digit; 0 if there is none.
func timeLen(b []byte) int {
	if len(b) >= 19 && b[4] == '-' && (b[10] == 'T' || b[10] == ' ') && (b[13] == ':' || b[12] == ':') {
		n := 11
		if b[13] == ':' && b[16] == ':' {
			n = 19
		}
		for n < len(b) && (b[n]-'0' <= 9 || b[n] == ':' || b[n] == '.' || b[n] == ' ' && n == 11) {
			n++
		}
		if n < len(b) && b[n] == 'Z' {
			return n + 1
		}
		if n+6 <= len(b) && (b[n] == '+' || b[n] == '-') && b[n+3] == ':' {
			return n + 6
		}
		return n
	}
	if len(b) >= 15 && b[6] == ' ' && b[9] == ':' && b[12] == ':' && digits(b[:6]) {
		return 15
	}
	return 0
}

func digits(b []byte) bool { return len(b) > 0 && digitsLen(b) == len(b) }

// digitsLen is how many digits b begins with.
func digitsLen(b []byte) (n int) {
	for n < len(b) && b[n]-'0' <= 9 {
		n++
	}
	return n
}

// phrase is a kind of message, told by the text it begins with and by one that follows, if that is not empty.
type phrase struct {
	text  string
	then  []byte
	form  form // of what is behind the texts
	facts *facts
}

// form is how what stands behind the texts of a phrase is read. It is no function, so that an entry stays on the stack.
type form uint8

const (
	whole form = iota // nothing of it is wanted
	formAccount
	formAborted
	formAddress
	formReady
	formShutdown
)

// phrases are by the first byte of their text. The name of the program, as in "mariadbd: ", is taken off a message first.
var phrases = newPhrases([]phrase{
	{"Access denied for user ", nil, formAccount, &loginFailed},
	{"Aborted connection ", nil, formAborted, &lost},
	{"Host '", []byte(" is blocked because of many connection errors"), whole, &refused},
	{"Too many connections", nil, whole, &refused},
	{"IP address '", []byte(" could not be resolved"), formAddress, &serviceOther},
	{"ready for connections", nil, formReady, &started},
	{"Received SHUTDOWN from user ", nil, formShutdown, &stopped},
	{"Shutdown complete", nil, whole, &stopped},
	{"Normal shutdown", nil, whole, &stopped},
	{"Plugin ", nil, whole, &serviceOther},
})

// phrasesWithin may stand anywhere in a message.
var phrasesWithin = [...]phrase{
	{"", []byte(" starting as process "), whole, &starting},
	{"", []byte(" is marked as crashed"), whole, &damaged},
	{"", []byte("got signal "), whole, &crashed},
}

func newPhrases(list []phrase) *[256][]phrase {
	t := new([256][]phrase)
	for _, p := range list {
		t[p.text[0]] = append(t[p.text[0]], p)
	}
	return t
}

// classify tells what a message of the error log is about.
func (e *entry) classify() {
	m := e.v[message]
	said := m[programLen(m):]
	if len(said) > 0 {
		list := phrases[said[0]]
		for i := range list {
			if e.is(&list[i], said) {
				return
			}
		}
	}
	for i := range phrasesWithin {
		if e.is(&phrasesWithin[i], m) {
			return
		}
	}
	switch string(e.v[severity]) {
	case "ERROR", "Error":
		e.facts = &fault
	default:
		e.facts = &serviceOther
	}
}

// is reads a message if it is of a kind.
func (e *entry) is(p *phrase, m []byte) bool {
	if len(m) < len(p.text) || string(m[:len(p.text)]) != p.text {
		return false
	}
	rest := m[len(p.text):]
	if len(p.then) > 0 {
		i := bytes.Index(rest[:min(len(rest), maxHead)], p.then)
		if i < 0 {
			return false
		}
		rest = rest[i+len(p.then):]
	}
	e.facts = p.facts
	e.readForm(p.form, rest)
	return true
}

// programLen is the length of a program's name or path and ": " at the start of a message, 0 if there is none.
func programLen(m []byte) int {
	i := bytes.IndexByte(m[:min(len(m), maxProgram)], ':')
	if i < 1 || i+1 >= len(m) || m[i+1] != ' ' || bytes.IndexByte(m[:i], ' ') >= 0 {
		return 0
	}
	return i + 2
}

// maxProgram bounds the path of a program.
const maxProgram = 96

func (e *entry) readForm(f form, rest []byte) {
	switch f {
	case whole:
	case formAccount:
		account(rest, e)
	case formAborted:
		aborted(rest, e)
	case formAddress:
		quotedAddress(rest, e)
	case formReady:
		ready(rest, e)
	case formShutdown:
		shutdown(rest, e)
	}
}

// maxHead is how much of a message is looked at to tell its kind.
const maxHead = 256

// account reads "'app'@'192.0.2.42' (using password: YES)" and "'app'@'%' to database 'crm'". A name may hold quotes: the
// last "'@'" counts.
func account(rest []byte, e *entry) {
	i := bytes.LastIndex(rest, []byte("'@'"))
	if i < 1 || rest[0] != '\'' {
		return
	}
	e.v[user] = rest[1:i:i]
	from := rest[i+3:]
	if i := bytes.IndexByte(from, '\''); i >= 0 {
		e.v[database] = quotedBehind(from[i:], "to database '")
		from = from[:i:i]
	}
	e.v[host] = from
}

// aborted reads "12 to db: 'crm' user: 'app' host: '192.0.2.42' (Got an error reading communication packets)".
func aborted(rest []byte, e *entry) {
	number, _, _ := bytes.Cut(rest, []byte(" "))
	e.v[thread] = number
	e.v[database] = notUnconnected(quotedBehind(rest, "db: '"))
	e.v[user] = quotedBehind(rest, "user: '")
	e.v[host] = quotedBehind(rest, "host: '")
}

func notUnconnected(b []byte) []byte {
	if string(b) == "unconnected" {
		return nil
	}
	return b
}

// quotedBehind is what stands between the quote that mark ends in and the next one.
func quotedBehind(b []byte, mark string) []byte {
	i := bytes.Index(b, []byte(mark))
	if i < 0 {
		return nil
	}
	v := b[i+len(mark):]
	if i := bytes.IndexByte(v, '\''); i >= 0 {
		v = v[:i:i]
	}
	return v
}

// quotedAddress reads "IP address '192.0.2.42' could not be resolved: …".
func quotedAddress(_ []byte, e *entry) { e.v[host] = quotedBehind(e.v[message], "IP address '") }

// ready reads ". Version: '8.0.36'  socket: '/run/mysqld/mysqld.sock'  port: 3306".
func ready(rest []byte, e *entry) { e.v[version] = quotedBehind(rest, "Version: '") }

// shutdown reads "root. Shutting down mysqld (Version: 8.0.36).".
func shutdown(rest []byte, e *entry) {
	name, _, _ := bytes.Cut(rest, []byte(". "))
	if string(name) != "<via user signal>" {
		e.v[user] = name
	}
}
