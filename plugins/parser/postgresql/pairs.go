package main

import (
	"bytes"

	"github.com/logcenter/logcenter/sdk/keys"
)

// names are keys of pairs, as many prefixes have them.
var names = keys.New(map[string]slot{
	"user": user, "usr": user, "username": user, "u": user, "db": database, "database": database, "dbname": database, "d": database,
	"app": application, "application": application, "application_name": application, "appname": application, "a": application,
	"client": from, "host": from, "remote": from, "remote_host": from, "connection_source": from, "rhost": from, "h": from, "r": from,
	"pid": pid, "p": pid, "session": session, "session_id": session, "sid": session, "sess": session, "line": lineNumber, "log_line": lineNumber,
	"line_num": lineNumber, "l": lineNumber, "queryid": queryID, "query_id": queryID, "qid": queryID, "state": state, "sqlstate": state,
	"sql_error_code": state, "error": state, "err": state, "e": state, "time": logTime, "time_ms": logTime, "ts": logTime,
	"proc_start_time": begun, "session_start": begun, "start": begun, "vtid": virtual, "vxid": virtual, "vtx": virtual, "tid": transaction,
	"xid": transaction, "txid": transaction, "tx": transaction, "trx": transaction, "xact": transaction, "cmd": tag, "tag": tag, "ps": tag,
	"command": tag, "backend": backend, "backend_type": backend, "type": backend,
})

// pair reads "key=value", "key = value" and "key="value"". It is false if no known key stands there.
func (e *entry) pair() bool {
	i := e.i
	for i < len(e.b) && isKey[e.b[i]] {
		i++
	}
	key := e.b[e.i:i]
	for i < len(e.b) && e.b[i] == ' ' {
		i++
	}
	if i == len(e.b) || e.b[i] != '=' {
		return false
	}
	s := names.Get(key)
	if s == nil {
		return false
	}
	for i++; i < len(e.b) && e.b[i] == ' ' && e.b[i-1] != ','; i++ {
		if i+1 < len(e.b) && isKey[e.b[i+1]] && key[len(key)-1] != e.b[i-2] && e.b[i-1] == '=' { // "app= client=…": no value
			break
		}
	}
	e.i = i
	v := e.value(*s)
	if *s == queryID || *s == logTime || *s == begun || len(e.v[*s]) == 0 || *s == pid || *s == lineNumber {
		if !isNone(v) {
			e.v[*s] = v
		}
	}
	e.named[*s], e.last = true, *s
	return true
}

// value takes the value of a pair: in quotes, or up to a blank, a comma and the like. What clients call themselves may have
// blanks, so that it ends in front of the next pair.
func (e *entry) value(s slot) []byte {
	rest := e.b[e.i:]
	if len(rest) > 0 && (rest[0] == '"' || rest[0] == '\'') {
		if n := bytes.IndexByte(rest[1:], rest[0]); n >= 0 {
			e.i++
			v := e.take(n)
			e.i++
			return v
		}
	}
	n := 0
	switch s {
	case application:
		n = e.beforePair(rest)
	case logTime, begun:
		n = timeLen(rest)
	default:
		if len(rest) > 0 && rest[0] == '[' {
			n = bytes.IndexByte(rest, ']') + 1
		}
		for n < len(rest) && (!ends[rest[n]] || rest[n] == ':' || rest[n] == '(' || rest[n] == '/' || rest[n] == '@' || rest[n] == ')' && bytes.IndexByte(rest[:n], '(') >= 0) {
			n++
		}
		for n > 0 && rest[n-1] == ':' {
			n--
		}
	}
	return e.take(n)
}

// beforePair is how much of b stands in front of the next known key with "=", without what parts them.
func (e *entry) beforePair(b []byte) int {
	n := len(b)
	for at := 0; at < len(b); {
		eq := bytes.IndexByte(b[at:], '=')
		if eq < 0 {
			break
		}
		eq += at
		k := eq
		for k > at && isKey[b[k-1]] {
			k--
		}
		if k < eq && (k == 0 || ends[b[k-1]]) && names.Get(b[k:eq]) != nil {
			n = k
			break
		}
		at = eq + 1
	}
	for n > 0 && gap[b[n-1]] && b[n-1] != ')' && b[n-1] != '>' && (b[n-1] != ']' || b[0] != '[') {
		n--
	}
	return n
}
