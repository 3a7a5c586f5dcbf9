package main

import (
	"bytes"

	"github.com/logcenter/logcenter/sdk/delimited"
	"github.com/logcenter/logcenter/sdk/jsonscan"
	"github.com/logcenter/logcenter/sdk/keys"
	"github.com/logcenter/logcenter/sdk/kv"
)

// paths are those of the JSON forms: the error log's, of Percona's audit_log below audit_record, and of MySQL Enterprise and
// Percona's audit_log_filter.
var paths = keys.New(map[string]slot{
	"time": logTime, "msg": message, "label": severity, "subsystem": subsystem, "thread": thread, "err_code": code,

	"audit_record.timestamp": logTime, "audit_record.name": command, "audit_record.command_class": class, "audit_record.connection_id": thread,
	"audit_record.status": status, "audit_record.sqltext": statement, "audit_record.user": user, "audit_record.host": host,
	"audit_record.ip": address, "audit_record.db": database, "audit_record.os_login": osUser, "audit_record.os_user": osUser,
	"audit_record.proxy_user": proxyUser, "audit_record.mysql_version": version,

	"timestamp": logTime, "class": kind, "event": command, "connection_id": thread, "account.user": user, "account.host": host,
	"login.ip": address, "login.os": osUser, "login.proxy": proxyUser, "connection_data.status": status, "connection_data.db": database,
	"connection_data.connection_type": transport, "general_data.command": command, "general_data.sql_command": class,
	"general_data.query": statement, "general_data.status": status, "table_access_data.db": database, "table_access_data.table": object,
	"table_access_data.query": statement, "table_access_data.sql_command": class, "query_data.query": statement,
	"query_data.sql_command": class, "query_data.status": status, "startup_data.mysql_version": version,
})

// json reads the object of a JSON form.
func (e *entry) json(b []byte) error {
	percona := false
	it := jsonscan.Scan(b)
	for it.Next() {
		path := it.Path()
		s := paths.Get(path)
		if s == nil || it.Kind() == jsonscan.Null {
			continue
		}
		e.v[*s] = it.Value()
		if it.Escaped() {
			e.decode = jsonscan.AppendUnescaped
		}
		percona = percona || bytes.HasPrefix(path, []byte("audit_record."))
		e.utc = e.utc || string(path) == "timestamp" // of MySQL Enterprise
	}
	switch {
	case percona:
		e.percona()
	case e.v[kind] != nil:
		e.enterprise()
	case e.v[severity] != nil:
		e.classify()
	default:
		e.facts = &unknown
	}
	if it.Err() != nil {
		return errJSON
	}
	return nil
}

func (e *entry) failed() bool {
	v := e.v[status]
	return len(v) > 0 && string(v) != "0"
}

// percona tells records by their name.
func (e *entry) percona() {
	e.dataset = auditLog
	switch string(e.v[command]) {
	case "Connect", "Change user":
		e.facts = &login
	case "Quit":
		e.facts = &logout
	case "Audit", "NoAudit":
		e.facts = &auditSwitched
		return
	case "Query", "Prepare", "Execute", "Long Data":
		e.facts = &executed
	default:
		e.facts = &auditOther
	}
	if bytes.Contains(e.v[user], []byte(" @ ")) { // "app[app] @ web-01 [192.0.2.42]", as records of statements have it
		name, _, _ := bytes.Cut(e.v[user], []byte("["))
		e.v[user] = name
	}
}

// enterprise tells records by their class and event.
func (e *entry) enterprise() {
	e.dataset = auditLog
	switch string(e.v[kind]) {
	case "connection":
		switch e.facts = &login; string(e.v[command]) {
		case "disconnect":
			e.facts = &logout
		}
	case "table_access":
		e.facts = &tableRead
		if string(e.v[command]) != "read" {
			e.facts = &tableChanged
		}
	case "general", "query":
		e.facts = &executed
	case "audit":
		e.facts = &auditSwitched
	default:
		e.facts = &auditOther
	}
	if bytes.Contains(e.v[user], []byte(" @ ")) {
		name, _, _ := bytes.Cut(e.v[user], []byte("["))
		e.v[user] = name
	}
}

// rows are those of server_audit.
var rows = delimited.Scanner{Quotes: "'", Escape: '\\'}

// columns are those of server_audit in a file; by syslog there is no time.
var columns = [...]slot{logTime, server, user, host, thread, queryID, command, database, object, status}

// rowOf reads a row that lacks the first columns.
func (e *entry) rowOf(b []byte, lacking int) error {
	e.facts, e.dataset = &auditOther, auditLog
	last := -1
	it := rows.Scan(b)
	for it.Next() {
		if last = it.Index() + lacking; last >= len(columns) {
			continue
		}
		e.v[columns[last]] = bytes.TrimSpace(it.Value())
		if it.Escaped() {
			e.decode = kv.AppendUnquoted
		}
	}
	switch string(e.v[command]) {
	case "CONNECT":
		e.facts = &login
	case "FAILED_CONNECT":
		e.facts = &loginFailed
	case "DISCONNECT":
		e.facts = &logout
	case "READ":
		e.facts = &tableRead
	case "WRITE":
		e.facts = &tableChanged
	case "CREATE", "ALTER", "RENAME", "DROP":
		e.facts = &schemaChanged
	case "QUERY", "QUERY_DDL", "QUERY_DML", "QUERY_DML_NO_SELECT", "QUERY_DCL":
		e.facts = &executed
		e.v[statement], e.v[object] = e.v[object], nil
	}
	if last != len(columns)-1 || it.Err() != nil {
		return errAudit
	}
	return nil
}
