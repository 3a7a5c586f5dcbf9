package main

import (
	"bytes"

	"github.com/logcenter/logcenter/sdk/delimited"
	"github.com/logcenter/logcenter/sdk/jsonscan"
	"github.com/logcenter/logcenter/sdk/keys"
)

// wordOf tells what a word in front of a message is, also in the language of servers that speak Chinese.
func wordOf(b []byte) slot {
	switch string(b) {
	case "LOG", "ERROR", "FATAL", "PANIC", "WARNING", "NOTICE", "INFO", "DEBUG", "DEBUG1", "DEBUG2", "DEBUG3", "DEBUG4", "DEBUG5",
		"日志", "错误", "致命错误", "警告", "注意", "信息", "调试":
		return severity
	case "DETAIL", "详细信息":
		return detail
	case "HINT", "提示":
		return hint
	case "CONTEXT", "上下文":
		return context
	case "STATEMENT", "QUERY", "语句":
		return statement
	case "LOCATION", "位置":
		return location
	}
	return nothing
}

// maxPrefix is how far behind the start of an entry its severity is looked for: names have 63 bytes each.
const maxPrefix = 512

// maxMarks is how many severities are tried: names in the prefix may hold what looks like one.
const maxMarks = 4

// text reads an entry of stderr or syslog: the prefix, "LOG:  " and the message. It begins with a time of clock bytes.
func (e *entry) text(b []byte, clock int, prefixes *tree) error {
	first := mark(b, 0)
	if first.what == nothing {
		e.v[logTime] = b[:clock]
		return errSeverity
	}
	if clock > first.at { // the severity was taken for a zone
		clock = timeLen(b[:first.at])
	}
	m := first
	for range maxMarks {
		if e.match(prefixes, b[:m.at:m.at], 0, clock) {
			e.message(b, m)
			return nil
		}
		if m = mark(b, m.end+1); m.what == nothing {
			break
		}
	}
	if e.pairs(b[:first.at:first.at], clock) {
		e.message(b, first)
		return nil
	}
	e.v[logTime] = b[:clock]
	e.message(b, first)
	return errPrefix
}

// message sets what stands behind a severity, and behind DETAIL and the like.
func (e *entry) message(b []byte, m marked) {
	rest := b[m.end+len(twoBlanks):]
	for len(rest) > 0 && (rest[len(rest)-1] == ' ' || rest[len(rest)-1] == '\n') {
		rest = rest[:len(rest)-1]
	}
	if e.further = m.what != severity; e.further {
		e.v[m.what], e.v[message] = rest, rest
		return
	}
	e.v[severity] = b[m.at:m.end:m.end]
	e.lines(rest)
	const at = " at character "
	if v := e.v[message]; len(v) > len(at) {
		n := len(v)
		for n > 0 && v[n-1]-'0' <= 9 {
			n--
		}
		if n < len(v) && n >= len(at) && string(v[n-len(at):n]) == at {
			e.v[position] = v[n:]
		}
	}
}

// marked is where a severity begins and ends, and what it is: nothing if there is none.
type marked struct {
	at, end int
	what    slot
}

// twoBlanks part a severity from its message.
const twoBlanks = ":  "

// mark looks for a severity behind from.
func mark(b []byte, from int) marked {
	head := b[:min(len(b), maxPrefix)]
	for from < len(head) {
		i := bytes.Index(head[from:], []byte(twoBlanks))
		if i < 0 {
			break
		}
		i += from
		j := i
		for j > 0 && (b[j-1]-'A' < 26 || b[j-1] >= 0x80 || b[j-1]-'0' <= 9) {
			j--
		}
		if s := wordOf(b[j:i]); s != nothing {
			return marked{j, i, s}
		}
		from = i + 1
	}
	return marked{}
}

// lines parts a record that the input joined: behind the message come lines of DETAIL, HINT, CONTEXT and STATEMENT, each with
// the prefix again, and each of these may have several lines.
func (e *entry) lines(b []byte) {
	last, start := message, 0
	for at := 0; ; {
		n := bytes.IndexByte(b[at:], '\n')
		if n < 0 {
			break
		}
		next := at + n + 1
		length := bytes.IndexByte(b[next:], '\n')
		if length < 0 {
			length = len(b) - next
		}
		if m := mark(b[next:next+length], 0); m.what != nothing && m.what != severity {
			e.v[last] = b[start : next-1 : next-1]
			last, start = m.what, min(next+m.end+len(twoBlanks), len(b))
		}
		at = next
	}
	e.v[last] = b[start:]
}

var rows = delimited.Scanner{Quotes: `"`}

// columns are those of csvlog.
var columns = [...]slot{
	logTime, user, database, pid, from, session, lineNumber, tag, nothing, nothing, nothing, severity, state, message, detail, hint, nothing, nothing,
	context, statement, position, location, application, backend, nothing, queryID,
}

// The number of columns of csvlog until version 12, and from version 14 on.
const (
	fewestColumns = 23
	mostColumns   = 26
)

func (e *entry) csv(b []byte) error {
	e.quote = `""`
	n := 0
	it := rows.Scan(b)
	for it.Next() {
		if n = it.Index(); n >= len(columns) || columns[n] == nothing {
			continue
		}
		e.v[columns[n]] = it.Value()
		if it.Quoted() && it.Escaped() {
			e.escaped(columns[n], delimited.AppendUndoubled)
		}
	}
	if string(e.v[from]) == "[local]" {
		e.v[from] = nil
	}
	if n++; n < fewestColumns || n > mostColumns || it.Err() != nil {
		return errCSV
	}
	return nil
}

// paths are those of jsonlog.
var paths = keys.New(map[string]slot{
	"timestamp": logTime, "user": user, "dbname": database, "pid": pid, "remote_host": host, "remote_port": port, "session_id": session,
	"line_num": lineNumber, "ps": tag, "error_severity": severity, "state_code": state, "message": message, "detail": detail, "hint": hint,
	"context": context, "statement": statement, "func_name": function, "application_name": application, "backend_type": backend,
	"query_id": queryID, "cursor_position": position,
})

func (e *entry) json(b []byte) error {
	e.quote = `\"`
	it := jsonscan.Scan(b)
	for it.Next() {
		s := paths.Get(it.Path())
		if s == nil || it.Kind() == jsonscan.Null {
			continue
		}
		e.v[*s] = it.Value()
		if it.Escaped() {
			e.escaped(*s, jsonscan.AppendUnescaped)
		}
	}
	if string(e.v[host]) == "[local]" {
		e.v[host] = nil
	}
	if it.Err() != nil {
		return errJSON
	}
	return nil
}
