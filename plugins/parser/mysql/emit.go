package main

import (
	"bytes"
	"time"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/netaddr"
	"github.com/logcenter/logcenter/sdk/timestamp"
)

// The log types that the log standard's retention table has for databases.
const (
	service = "service"
	audit   = "audit"
	other   = "other"
)

// facts are what a kind of entry says whatever its values are.
type facts struct {
	action, logType string
	category, types []string
	outcome         string
}

var (
	authentication = []string{"authentication"}
	authSession    = []string{"authentication", "session"}
	session        = []string{"session"}
	network        = []string{"network"}
	dbase          = []string{"database"}
	dbProcess      = []string{"database", "process"}
	configuration  = []string{"configuration"}

	start     = []string{"start"}
	end       = []string{"end"}
	info      = []string{"info"}
	access    = []string{"access"}
	change    = []string{"change"}
	creation  = []string{"creation"}
	deletion  = []string{"deletion"}
	errorType = []string{"error"}
)

var (
	login         = facts{"login", audit, authSession, start, ""}
	loggedIn      = facts{"login", audit, authSession, start, "success"}
	loginFailed   = facts{"login", audit, authentication, start, "failure"}
	logout        = facts{"logout", audit, session, end, ""}
	executed      = facts{"executed-statement", audit, dbase, nil, ""} // types by the verb
	tableRead     = facts{"read-table", audit, dbase, access, ""}
	tableChanged  = facts{"changed-table", audit, dbase, change, ""}
	schemaChanged = facts{"changed-schema", audit, dbase, change, ""}
	auditSwitched = facts{"audit-switched", audit, configuration, change, ""}
	auditOther    = facts{"", audit, dbase, info, ""}

	slowQuery = facts{"measured-statement", service, dbase, info, ""}

	started      = facts{"database-started", service, dbProcess, start, "success"}
	starting     = facts{"database-starting", service, dbProcess, start, ""}
	stopped      = facts{"database-stopped", service, dbProcess, end, ""}
	crashed      = facts{"database-crashed", service, dbProcess, errorType, "failure"}
	damaged      = facts{"table-damaged", service, dbase, errorType, "failure"}
	lost         = facts{"connection-aborted", service, network, end, "failure"}
	refused      = facts{"connection-refused", service, network, errorType, "failure"}
	fault        = facts{"error", service, dbase, errorType, "failure"}
	serviceOther = facts{"", service, dbase, info, ""}
	unknown      = facts{"", other, dbase, info, ""}
)

// emit sets the fields of an entry.
func (e *entry) emit(ev *sdk.Event) {
	f := e.facts
	if f == nil {
		f = &unknown
	}
	e.setTime(ev)
	e.set(ev, ecs.UserName, user)
	e.client(ev)
	e.set(ev, databaseName, database)
	ev.Set(threadID, e.v[thread])
	e.set(ev, commandName, command)
	e.set(ev, commandClass, class)
	e.set(ev, statementText, statement)
	if secret := password(e.v[statement]); len(secret) > 0 {
		ev.Set(ecs.UserPassword, secret)
	}
	e.set(ev, objectName, object)
	e.set(ev, ecs.HostName, server)
	ev.Set(queryNumber, e.v[queryID])
	e.set(ev, ecs.SourceUserName, osUser)
	e.set(ev, ecs.UserEffectiveName, proxyUser)
	e.set(ev, connectionType, transport)
	e.set(ev, ecs.ObserverVersion, version)
	e.set(ev, ecs.LogLogger, subsystem)
	e.set(ev, ecs.EventReason, message)
	e.set(ev, severityWord, severity)
	e.set(ev, ecs.EventCode, code)
	ev.Set(statusCode, e.v[status])
	ev.SetDuration(ecs.EventDuration, e.v[queryTime], time.Second)
	ev.SetDuration(lockDuration, e.v[lockTime], time.Second)
	ev.Set(sent, e.v[rowsSent])
	ev.Set(examined, e.v[rowsExamined])
	ev.Set(affected, e.v[rowsAffected])
	ev.Set(ecs.SourceBytes, e.v[bytesSent])
	e.state(ev, f)
}

// state sets what follows from the kind of an entry and its result.
func (e *entry) state(ev *sdk.Event, f *facts) {
	ev.SetString(ecs.EventDataset, e.dataset)
	ev.SetString(ecs.EventAction, f.action)
	ev.SetString(ecs.LogcenterLogType, f.logType)
	for _, c := range f.category {
		ev.SetString(ecs.EventCategory, c)
	}
	types := f.types
	if types == nil {
		types = verb(e.v[statement])
	}
	for _, t := range types {
		ev.SetString(ecs.EventType, t)
	}
	outcome := f.outcome
	if len(e.v[status]) > 0 {
		if outcome = "success"; e.failed() {
			outcome = "failure"
		}
	}
	ev.SetString(ecs.EventOutcome, outcome)
	switch {
	case ev.SetSeverity(e.v[severity]):
	case outcome == "failure":
		ev.SetLevel(ecs.Warn)
	default:
		ev.SetLevel(ecs.Informational)
	}
}

func (e *entry) setTime(ev *sdk.Event) {
	zone := e.zone
	if e.utc {
		zone = time.UTC
	}
	v := e.v[logTime]
	switch {
	case e.v[instant] != nil && (len(v) <= 10 || v[10] != 'T'):
		ev.SetTime(timestamp.Unix, zone, e.v[instant])
	case len(v) == 0:
	case len(v) > 10 && v[10] == 'T':
		if last := v[len(v)-1]; last == 'Z' || v[len(v)-3] == ':' && len(v) > 19 && (v[len(v)-6] == '+' || v[len(v)-6] == '-') {
			ev.SetTime(time.RFC3339Nano, zone, v)
		} else {
			ev.SetTime("2006-01-02T15:04:05 MST", zone, v)
		}
	case len(v) > 10 && v[4] == '-':
		ev.SetTime("2006-01-02 15:04:05", zone, v)
	case len(v) == 17 && v[8] == ' ':
		ev.SetTime("20060102 15:04:05", zone, v)
	case len(v) > 6 && v[6] == ' ':
		ev.SetTime("060102 15:04:05", zone, v)
	default:
		ev.Bad(ecs.Timestamp, "not a time of the logs of MySQL")
	}
}

// client sets where a session comes from. A host is a name or an address, since MariaDB 12 with a port.
func (e *entry) client(ev *sdk.Event) {
	if v := e.v[address]; len(v) > 0 {
		ev.SetIP(ecs.SourceIP, v)
	}
	name, number := netaddr.SplitHostPort(e.v[host])
	ev.SetPort(ecs.SourcePort, number)
	switch {
	case len(name) == 0:
	case name[0]-'0' <= 9, bytes.IndexByte(name, ':') >= 0:
		ev.SetIP(ecs.SourceIP, name)
	default:
		e.v[host] = name
		e.set(ev, ecs.SourceDomain, host)
	}
}

// maxVerb bounds the first word of a statement.
const maxVerb = 16

// verb is what a statement does, by its first word.
func verb(query []byte) []string {
	var upper [maxVerb]byte
	n := 0
	for n < min(len(query), maxVerb) && (query[n]|0x20)-'a' < 26 {
		upper[n] = query[n] &^ 0x20
		n++
	}
	switch string(upper[:n]) {
	case "INSERT", "UPDATE", "DELETE", "REPLACE", "MERGE", "LOAD", "TRUNCATE", "ALTER", "RENAME", "GRANT", "REVOKE", "SET":
		return change
	case "CREATE":
		return creation
	case "DROP":
		return deletion
	}
	return access
}

// password is what stands in quotes behind IDENTIFIED BY, with or without the name of a plugin, or PASSWORD; nil if nothing
// does. What the server has hidden, <secret>, has no quotes.
func password(query []byte) []byte {
	for at := 0; ; {
		i := bytes.IndexByte(query[at:], '\'')
		if i < 0 {
			return nil
		}
		i += at
		n := i
		for n > 0 && (query[n-1] == ' ' || query[n-1] == '=' || query[n-1] == '(' || query[n-1] == '\\') {
			n--
		}
		before := query[:n]
		if n == 0 || query[n-1]|0x20 != 'y' && query[n-1]|0x20 != 'd' && query[n-1]|0x20 != 's' { // by, password, as
			at = i + 1
			continue
		}
		for _, word := range [...]string{" by", "password", " as"} {
			n := len(before) - len(word)
			if n < 0 || !bytes.EqualFold(before[n:], []byte(word)) {
				continue
			}
			if head := before[max(0, n-64):n]; word[0] == ' ' && !containsFold(head, "identified") {
				continue
			}
			end := bytes.IndexAny(query[i+1:], `'\`)
			if end < 0 {
				return query[i+1:]
			}
			return query[i+1 : i+1+end : i+1+end]
		}
		at = i + 1
	}
}

// containsFold reports whether b holds word, which is in small letters, in any case.
func containsFold(b []byte, word string) bool {
	for i := 0; i+len(word) <= len(b); i++ {
		if bytes.EqualFold(b[i:i+len(word)], []byte(word)) {
			return true
		}
	}
	return false
}

// Fields of the plugin's own.
var (
	severityWord   = ecs.New("mysql.severity", ecs.Keyword, "Label of a line of the error log: System, Error, Warning or Note.")
	databaseName   = ecs.New("mysql.database", ecs.Keyword, "Schema that the session is in or asked for.")
	threadID       = ecs.New("mysql.thread_id", ecs.Long, "Connection, by its number in the process list.")
	commandName    = ecs.New("mysql.command", ecs.Keyword, "What came from the client or what the audit recorded: Connect, Query, Quit, ...")
	commandClass   = ecs.New("mysql.command_class", ecs.Keyword, "Kind of statement, e.g. select or create_table.")
	statementText  = ecs.New("mysql.statement", ecs.Keyword, "SQL that was run.")
	objectName     = ecs.New("mysql.object", ecs.Keyword, "Table that was read or changed.")
	queryNumber    = ecs.New("mysql.query_id", ecs.Keyword, "Number by which rows of one statement belong together.")
	connectionType = ecs.New("mysql.connection_type", ecs.Keyword, "How the client came: tcp/ip, ssl, socket, ...")
	statusCode     = ecs.New("mysql.status", ecs.Keyword, "Error number of what was done, 0 for none.")
	lockDuration   = ecs.New("mysql.lock_duration", ecs.Long, "How long a statement waited for locks, nanoseconds.")
	sent           = ecs.New("mysql.rows.sent", ecs.Long, "Rows that a statement gave to the client.")
	examined       = ecs.New("mysql.rows.examined", ecs.Long, "Rows that the server looked at for a statement.")
	affected       = ecs.New("mysql.rows.affected", ecs.Long, "Rows that a statement changed.")
)
