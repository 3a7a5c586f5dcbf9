package main

import (
	"bytes"

	"github.com/logcenter/logcenter/sdk/keys"
)

// slow reads an entry of the slow query log: lines that begin with '#', "use DB;", "SET timestamp=…;" and the statement.
func (e *entry) slow(b []byte) error {
	e.facts, e.dataset = &slowQuery, slowLog
	for len(b) > 0 {
		line, rest, _ := bytes.Cut(b, []byte("\n"))
		line = bytes.TrimRight(line, "\r ")
		switch {
		case bytes.HasPrefix(line, []byte("# Time: ")):
			e.v[logTime] = bytes.TrimSpace(line[len("# Time: "):])
		case bytes.HasPrefix(line, []byte("# User@Host: ")):
			e.userAtHost(line[len("# User@Host: "):])
		case bytes.HasPrefix(line, []byte("# administrator command: ")):
			e.v[command] = bytes.TrimRight(line[len("# administrator command: "):], ";")
		case len(line) > 0 && line[0] == '#':
			e.measures(line[1:])
		case bytes.HasPrefix(line, []byte("SET timestamp=")):
			e.v[instant] = bytes.TrimRight(line[len("SET timestamp="):], ";")
		case bytes.HasPrefix(line, []byte("use ")) && e.v[statement] == nil:
			e.v[database] = bytes.TrimRight(line[len("use "):], ";")
		default:
			e.v[statement] = bytes.TrimSpace(b)
			rest = nil
		}
		b = rest
	}
	if e.v[queryTime] == nil || e.v[statement] == nil && e.v[command] == nil {
		return errSlow
	}
	return nil
}

// userAtHost reads "app[app] @ web-01 [192.0.2.42]  Id:    12".
func (e *entry) userAtHost(b []byte) {
	if i := bytes.Index(b, []byte("  Id:")); i >= 0 {
		e.v[thread] = bytes.TrimSpace(b[i+len("  Id:"):])
		b = b[:i:i]
	}
	who, from, ok := bytes.Cut(b, []byte(" @ "))
	name, _, _ := bytes.Cut(who, []byte("["))
	e.v[user] = name
	if !ok {
		return
	}
	if i := bytes.IndexByte(from, '['); i >= 0 {
		e.v[host] = bytes.TrimSpace(from[:i:i])
		e.v[address] = bytes.TrimRight(from[i+1:], "] ")
		return
	}
	e.v[host] = bytes.TrimSpace(from)
}

// figures are the pairs "Name: value" of the lines that begin with '#'.
var figures = keys.New(map[string]slot{
	"Query_time": queryTime, "Lock_time": lockTime, "Rows_sent": rowsSent, "Rows_examined": rowsExamined, "Rows_affected": rowsAffected,
	"Bytes_sent": bytesSent, "Thread_id": thread, "Schema": database, "Last_errno": status, "Errno": status,
})

func (e *entry) measures(b []byte) {
	for len(b) > 0 {
		i := bytes.IndexByte(b, ':')
		if i < 0 {
			return
		}
		key := b[bytes.LastIndexByte(b[:i], ' ')+1 : i]
		b = bytes.TrimLeft(b[i+1:], " ")
		n := bytes.IndexByte(b, ' ')
		if n < 0 {
			n = len(b)
		}
		v := b[:n:n]
		if n > 0 && v[n-1] == ':' { // no value: the next key follows
			continue
		}
		b = b[n:]
		if s := figures.Get(key); s != nil {
			e.v[*s] = v
		}
	}
}

// general reads "TIME<TAB>   12 Query<TAB>select 1", whose time has n bytes. It is false if b is no such line.
func (e *entry) general(b []byte, n int) bool {
	if n == 0 || n >= len(b) || b[n] != '\t' && b[n] != ' ' {
		return false
	}
	tab := bytes.IndexByte(b[n+1:min(len(b), n+64)], '\t')
	if tab < 0 {
		return false
	}
	tab += n + 1
	head := bytes.TrimLeft(b[n:tab], "\t ")
	id, word, ok := bytes.Cut(head, []byte(" "))
	if !ok || !digits(id) {
		return false
	}
	e.v[logTime], e.v[thread], e.v[command] = b[:n:n], id, word
	e.dataset = generalLog
	argument := bytes.TrimSpace(b[tab+1:])
	switch string(word) {
	case "Connect", "Change user":
		if denied, ok := bytes.CutPrefix(argument, []byte("Access denied for user ")); ok {
			e.v[message] = argument
			account(denied, e)
			e.facts = &loginFailed
			return true
		}
		e.connect(argument)
		e.facts = &loggedIn
	case "Quit":
		e.facts = &logout
	case "Query", "Execute", "Prepare":
		e.v[statement] = argument
		e.facts = &executed
	case "Init DB":
		e.v[database] = argument
		e.facts = &auditOther
	default:
		e.v[message] = argument
		e.facts = &auditOther
	}
	return true
}

// connect reads "app@192.0.2.42 on crm using SSL/TLS".
func (e *entry) connect(b []byte) {
	if i := bytes.LastIndex(b, []byte(" using ")); i >= 0 {
		e.v[transport] = b[i+len(" using "):]
		b = b[:i:i]
	}
	if i := bytes.LastIndex(b, []byte(" on")); i >= 0 {
		e.v[database] = bytes.TrimSpace(b[i+len(" on"):])
		b = b[:i:i]
	}
	i := bytes.LastIndexByte(b, '@')
	if i < 0 {
		return
	}
	e.v[user], e.v[host] = b[:i:i], b[i+1:]
}
