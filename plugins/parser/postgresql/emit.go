package main

import (
	"bytes"
	"strconv"
	"time"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/delimited"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/netaddr"
	"github.com/logcenter/logcenter/sdk/timestamp"
)

// emit sets the fields of an entry.
func (e *entry) emit(ev *sdk.Event, zone *time.Location) {
	setTime(ecs.Timestamp, e.v[logTime], ev, zone)
	e.set(ev, ecs.UserName, user)
	e.set(ev, databaseName, database)
	if v := e.v[pid]; len(v) > 0 {
		ev.Set(ecs.ProcessPID, v)
	} else if _, process, ok := bytes.Cut(e.v[session], []byte(".")); ok { // %c: hexadecimal
		if n, err := strconv.ParseUint(string(process), 16, 31); err == nil {
			ev.SetInt(ecs.ProcessPID, int64(n))
		}
	}
	if v := e.v[from]; len(v) > 0 {
		h, p := netaddr.SplitHostPort(v)
		e.client(ev, from, h, p)
	}
	e.client(ev, host, e.v[host], e.v[port])
	e.set(ev, sessionID, session)
	ev.Set(ecs.EventSequence, e.v[lineNumber])
	e.set(ev, command, tag)
	ev.Set(ecs.EventCode, e.v[state])
	e.set(ev, applicationName, application)
	e.set(ev, backendType, backend)
	if string(e.v[queryID]) != "0" {
		ev.Set(queryNumber, e.v[queryID])
	}
	ev.Set(cursor, e.v[position])
	setTime(ecs.EventStart, e.v[begun], ev, zone)
	e.set(ev, virtualTransaction, virtual)
	if v := e.v[transaction]; len(v) > 1 || len(v) == 1 && v[0] != '0' {
		ev.Set(transactionID, v)
	}
	e.set(ev, detailText, detail)
	e.set(ev, hintText, hint)
	e.set(ev, contextText, context)
	e.set(ev, source, location)
	e.set(ev, source, function)
	if len(e.v[auditType]) > 0 {
		e.set(ev, auditKind, auditType)
		e.set(ev, class, auditClass)
		e.set(ev, objectType, objectKind)
		e.set(ev, object, objectName)
	}
	f := e.classify(ev)
	if e.v[statement] != nil {
		sql(statement, e.v[statement], e, ev)
	}
	if !e.further || e.goesOn {
		e.set(ev, ecs.EventReason, message)
	}
	e.set(ev, severityWord, severity)
	if !ev.SetSeverity(e.v[severity]) {
		ev.SetLevel(ecs.Informational)
	}
	if f == statements {
		f = e.byVerb()
	}
	ev.SetFacts(f)
}

// setTime reads a time and the abbreviation or the hours of a zone behind it, or seconds since 1970.
func setTime(f ecs.Field, v []byte, ev *sdk.Event, zone *time.Location) {
	i := bytes.LastIndexByte(v, ' ')
	switch {
	case len(v) == 0:
	case i < 0:
		ev.SetTimeField(f, timestamp.Unix, zone, v)
	case string(v[i:]) == " UTC": // what most servers write
		ev.SetTimeField(f, "2006-01-02 15:04:05", time.UTC, v[:i])
	case i+1 < len(v) && (v[i+1] == '+' || v[i+1] == '-'):
		ev.SetTimeField(f, "2006-01-02 15:04:05 Z07", zone, v)
	case i+1 < len(v) && v[i+1]-'A' < 26:
		ev.SetTimeField(f, "2006-01-02 15:04:05 MST", zone, v)
	default:
		ev.SetTimeField(f, "2006-01-02 15:04:05", zone, v)
	}
}

// audited are the columns of pgAudit in front of the statement; those without a field are numbers.
var audited = [...]ecs.Field{auditKind, 0, 0, class, command, objectType, object}

// pgAudit reads "SESSION,1,1,READ,SELECT,TABLE,public.accounts,"select …",<not logged>". The quotes of the statement are
// escaped by csvlog and jsonlog.
func pgAudit(rest []byte, e *entry, ev *sdk.Event) {
	for i, f := range audited {
		v, behind, ok := bytes.Cut(rest, []byte(","))
		if !ok {
			return
		}
		if f != 0 {
			e.setPart(ev, f, message, v)
		}
		if f == command {
			e.v[tag] = v
		}
		if rest = behind; i == len(audited)-1 {
			escapes, decode := e.escapes, e.decode
			if escapes&(1<<message) == 0 {
				e.escaped(message, delimited.AppendUndoubled) // pgAudit's own
			}
			sql(message, e.unquote(rest), e, ev)
			e.escapes, e.decode = escapes, decode
		}
	}
}

// unquote takes the quotes off the value at the start of b, in which a quote is written twice.
func (e *entry) unquote(b []byte) []byte {
	q := []byte(e.quote)
	if len(q) == 0 {
		q = []byte{'"'}
	}
	v, ok := bytes.CutPrefix(b, q)
	if !ok {
		v, _, _ = bytes.Cut(b, []byte(","))
		return v
	}
	for at := 0; ; {
		i := bytes.Index(v[at:], q)
		if i < 0 {
			return v
		}
		n := 0
		for at += i; bytes.HasPrefix(v[at:], q); at += len(q) {
			n++
		}
		if n%2 == 1 {
			return v[: at-len(q) : at-len(q)]
		}
	}
}

// Fields of the plugin's own.
var (
	severityWord       = ecs.New("postgresql.severity", ecs.Keyword, "Severity in the server's words, which may be of another language; what a further line of a message is, e.g. DETAIL.")
	databaseName       = ecs.New("postgresql.database", ecs.Keyword, "Database that the session is in or asked for.")
	applicationName    = ecs.New("postgresql.application", ecs.Keyword, "What the client calls itself by application_name.")
	backendType        = ecs.New("postgresql.backend_type", ecs.Keyword, "Kind of process that speaks, e.g. client backend, checkpointer, walsender.")
	sessionID          = ecs.New("postgresql.session_id", ecs.Keyword, "Start of the session and its process, hexadecimal: the same for all its lines.")
	command            = ecs.New("postgresql.command", ecs.Keyword, "Kind of statement, e.g. SELECT or ALTER ROLE; of a line without one the first word of its statement.")
	statementText      = ecs.New("postgresql.statement", ecs.Keyword, "SQL that was run, or that the message is about.")
	queryNumber        = ecs.New("postgresql.query_id", ecs.Keyword, "Number by which statistics have the statement without its constants.")
	virtualTransaction = ecs.New("postgresql.virtual_transaction", ecs.Keyword, "Virtual transaction: process and its running number.")
	transactionID      = ecs.New("postgresql.transaction_id", ecs.Keyword, "Number of the transaction; missing while it has written nothing.")
	cursor             = ecs.New("postgresql.position", ecs.Long, "Where in the statement an error is, in characters from 1.")
	detailText         = ecs.New("postgresql.detail", ecs.Keyword, "What the server adds to a message.")
	hintText           = ecs.New("postgresql.hint", ecs.Keyword, "What the server proposes to do about it.")
	contextText        = ecs.New("postgresql.context", ecs.Keyword, "Where in functions or files the message arose.")
	source             = ecs.New("postgresql.location", ecs.Keyword, "Function of the server's sources that spoke, with file and line in csvlog.")
	method             = ecs.New("postgresql.auth_method", ecs.Keyword, "How the user was authenticated, e.g. scram-sha-256.")
	auditKind          = ecs.New("postgresql.audit.type", ecs.Keyword, "Why pgAudit logged a statement: SESSION or OBJECT.")
	class              = ecs.New("postgresql.audit.class", ecs.Keyword, "Class of pgAudit: READ, WRITE, FUNCTION, ROLE, DDL, MISC.")
	objectType         = ecs.New("postgresql.object.type", ecs.Keyword, "What kind of object a statement touched, e.g. TABLE.")
	object             = ecs.New("postgresql.object.name", ecs.Keyword, "Object that a statement touched, with its schema.")
)
