package main

import (
	"bytes"

	"github.com/logcenter/logcenter/sdk/delimited"
	"github.com/logcenter/logcenter/sdk/jsonscan"
	"github.com/logcenter/logcenter/sdk/keys"
)

// wordOf tells what a word in front of a message is, also in other languages of servers.
func wordOf(b []byte) slot {
	switch string(b) {
	case "LOG", "ERROR", "FATAL", "PANIC", "WARNING", "NOTICE", "INFO", "DEBUG", "DEBUG1", "DEBUG2", "DEBUG3", "DEBUG4", "DEBUG5",
		"日志", "错误", "致命错误", "警告", "注意", "信息", "调试",
		"FEHLER", "PANIK", "WARNUNG", "HINWEIS", // German
		"ERREUR", "ATTENTION", "PANIQUE", // French
		"ADVERTENCIA", "PÁNICO", "ERRO", "PÂNICO", "AVISO", // Spanish, Portuguese
		"СООБЩЕНИЕ", "ОШИБКА", "ВАЖНО", "ПАНИКА", "ПРЕДУПРЕЖДЕНИЕ", "ЗАМЕЧАНИЕ", "ИНФОРМАЦИЯ", "ОТЛАДКА", // Russian
		"ログ", "エラー", "致命的", "パニック": // Japanese
		return severity
	case "DETAIL", "详细信息", "DÉTAIL", "DÉTAILS", "DETALLE", "DETALHE", "ПОДРОБНОСТИ", "詳細":
		return detail
	case "HINT", "提示", "TIPP", "ASTUCE", "SUGERENCIA", "DICA", "ПОДСКАЗКА", "ヒント":
		return hint
	case "CONTEXT", "上下文", "ZUSAMMENHANG", "CONTEXTE", "CONTEXTO", "КОНТЕКСТ", "コンテキスト":
		return context
	case "STATEMENT", "QUERY", "语句", "ANWEISUNG", "INSTRUCTION", "SENTENCIA", "COMANDO", "ОПЕРАТОР", "ОПЕРАТОР SQL", "文":
		return statement
	case "LOCATION", "位置", "ORT", "EMPLACEMENT", "UBICACIÓN":
		return location
	}
	return nothing
}

// maxPrefix is how far behind the start of an entry its severity is looked for: names have 63 bytes each.
const maxPrefix = 512

// maxMarks is how many severities are tried: names in the prefix may hold what looks like one.
const maxMarks = 4

// text reads an entry of stderr or syslog: the prefix, "LOG:  " and the message. It begins with a time of clock bytes.
func (e *entry) text(b []byte, clock int, own prefix) error {
	first := mark(b, 0)
	if first.what == nothing {
		if e.goesOn { // a further line of a message that syslog parted
			e.further = true
			e.v[message] = bytes.TrimSuffix(b, []byte("\n"))
			return nil
		}
		e.v[logTime] = b[:clock]
		return errSeverity
	}
	if clock > first.at { // the severity was taken for a zone
		clock = timeLen(b[:first.at])
	}
	if own != nil {
		for m, k := first, 0; m.what != nothing && k < maxMarks; m, k = mark(b, m.end+1), k+1 {
			if e.match(own, b[:m.at:m.at], 0, clock) {
				e.message(b, m)
				return nil
			}
		}
	}
	process, line := e.v[pid], e.v[lineNumber] // by the header
	fit := e.guess(b[:first.at:first.at], clock)
	if fit == fits {
		e.message(b, first)
		return nil
	}
	m := first
	for range maxMarks - 1 {
		if m = mark(b, m.end+1); m.what == nothing {
			break
		}
		told := e.v
		e.v = [slots][]byte{pid: process, lineNumber: line}
		if e.within(b[:m.at:m.at], clock) {
			e.message(b, m)
			return nil
		}
		e.v = told
	}
	e.message(b, first)
	if fit == partial {
		return nil
	}
	return errPrefix
}

// message sets what stands behind a severity, and behind DETAIL and the like.
func (e *entry) message(b []byte, m marked) {
	rest := b[m.end+1:]
	for len(rest) > 0 && rest[0] == ' ' {
		rest = rest[1:]
	}
	for len(rest) > 0 && (rest[len(rest)-1] == ' ' || rest[len(rest)-1] == '\n') {
		rest = rest[:len(rest)-1]
	}
	e.v[severity] = b[m.at:m.end:m.end]
	if e.further = m.what != severity; e.further {
		e.v[m.what], e.v[message] = rest, rest
		return
	}
	if len(rest) > sqlState && rest[sqlState] == ':' && isState(rest[:sqlState]) { // log_error_verbosity=verbose
		e.v[state] = rest[:sqlState:sqlState]
		rest = bytes.TrimLeft(rest[sqlState+1:], " ")
	}
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

// twoBlanks part a severity from its message; what collectors made of them is one.
const twoBlanks = ":  "

// mark looks for a severity behind from: one with two blanks first.
func mark(b []byte, from int) marked {
	if m := markWith(b, from, twoBlanks); m.what != nothing {
		return m
	}
	return markWith(b, from, twoBlanks[:2])
}

func markWith(b []byte, from int, colon string) marked {
	head := b[:min(len(b), maxPrefix)]
	for from < len(head) {
		i := bytes.Index(head[from:], []byte(colon))
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
		if m := markWith(b[next:next+length], 0, twoBlanks); m.what != nothing && m.what != severity {
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
	logTime, user, database, pid, from, session, lineNumber, tag, begun, virtual, transaction, severity, state, message, detail, hint, nothing, nothing,
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

// paths are those of jsonlog, and those of the objects in which operators of Kubernetes, such as CloudNativePG, put the columns
// of csvlog.
var paths = func() *keys.Table[slot] {
	all := map[string]slot{
		"timestamp": logTime, "user": user, "dbname": database, "pid": pid, "remote_host": host, "remote_port": port, "session_id": session,
		"line_num": lineNumber, "ps": tag, "error_severity": severity, "state_code": state, "message": message, "detail": detail, "hint": hint,
		"context": context, "statement": statement, "func_name": function, "application_name": application, "backend_type": backend,
		"query_id": queryID, "cursor_position": position, "session_start": begun, "vxid": virtual, "txid": transaction,
	}
	columns := map[string]slot{
		"log_time": logTime, "user_name": user, "database_name": database, "process_id": pid, "connection_from": from, "session_id": session,
		"session_line_num": lineNumber, "command_tag": tag, "session_start_time": begun, "virtual_transaction_id": virtual,
		"transaction_id": transaction, "error_severity": severity, "sql_state_code": state, "message": message, "detail": detail, "hint": hint,
		"context": context, "query": statement, "query_pos": position, "location": location, "application_name": application,
		"backend_type": backend, "query_id": queryID,
	}
	for name, s := range map[string]slot{
		"audit_type": auditType, "class": auditClass, "command": tag, "object_type": objectKind, "object_name": objectName, "statement": statement,
	} {
		all["record.audit."+name] = s
	}
	for name, s := range columns {
		all[name], all["record."+name] = s, s
	}
	return keys.New(all)
}()

func (e *entry) json(b []byte) error {
	e.quote = `\"`
	it := jsonscan.Scan(b)
	for it.Next() {
		s := paths.Get(it.Path())
		if s == nil || it.Kind() == jsonscan.Null {
			continue
		}
		if len(it.Value()) == 0 {
			continue
		}
		e.v[*s] = it.Value()
		if it.Escaped() {
			e.escaped(*s, jsonscan.AppendUnescaped)
		}
	}
	for _, s := range [...]slot{host, from} {
		if string(e.v[s]) == "[local]" {
			e.v[s] = nil
		}
	}
	if it.Err() != nil {
		return errJSON
	}
	return nil
}
