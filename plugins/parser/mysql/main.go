// Command mysql parses the logs of MySQL, MariaDB and Percona Server: the error log as text and JSON, the slow query log, the
// general query log, and audit logs: JSON of the audit plugins of MySQL Enterprise and Percona, rows of MariaDB's
// server_audit.
//
// Sources: MySQL 8.0 Reference Manual, 5.4.2 "The Error Log", 5.4.3 "The General Query Log", 5.4.5 "The Slow Query Log", 6.4.5.4
// "Audit Log File Formats"; Percona Server for MySQL 8.0, "Audit Log Plugin" and "Audit Log Filter format - JSON"; MariaDB
// documentation, "Error Log", "Slow Query Log" and "MariaDB Audit Plugin - Log Format".
package main

import (
	"bytes"
	"errors"
	"time"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/syslog"
)

// Config is what an admin may set for this plugin.
type Config struct {
	// Timezone is the IANA zone of the servers' clocks, e.g. Asia/Shanghai, for lines without one: those of MariaDB and
	// of log_timestamps=SYSTEM. Empty means the zone of the input.
	Timezone string `yaml:"timezone"`
}

type parser struct{ zone *time.Location }

// New returns a parser that is safe for concurrent use.
func New(c Config) (sdk.Parser, error) {
	zone, err := sdk.LoadZone(c.Timezone)
	return parser{zone}, err
}

var (
	errForm    = errors.New("mysql: want a line of the error log (TIME THREAD [SEVERITY] …), of the slow or general query log, or of an audit log")
	errMessage = errors.New("mysql: want a message behind [SEVERITY]; the line is cut")
	errJSON    = errors.New("mysql: want whole JSON; the object is cut or damaged")
	errAudit   = errors.New("mysql: want SERVER,USER,HOST,CONNECTION,QUERY,OPERATION,DATABASE,OBJECT,RETURN CODE of server_audit, with quotes closed")
	errSlow    = errors.New("mysql: want Query_time and a statement behind # Time or # User@Host: join the lines of an entry")
)

// Parse reads one line. What is missing is an error, but what is there is set.
func (p parser) Parse(line []byte, ev *sdk.Event) error {
	e := entry{zone: p.zone, dataset: errorLog}
	body := line
	var program []byte
	if hasHeader(line) {
		if h, rest, err := syslog.Parse(line); err == nil && h.AppName != nil {
			ev.SetSyslog(&h, p.zone)
			body, program = rest, h.AppName
		}
	}
	err := e.read(body, program)
	e.emit(ev)
	return err
}

// hasHeader says whether a syslog header may stand in front: <PRI>, the name of a month, or a time with a 'T' and no thread
// of the server behind it.
func hasHeader(line []byte) bool {
	switch {
	case len(line) < 20:
		return false
	case line[0] == '<', line[0]-'A' < 26:
		return true
	case line[10] != 'T':
		return false
	}
	n := timeLen(line)
	if n+1 >= len(line) || line[n] != ' ' {
		return false
	}
	if k := n + 1 + digitsLen(line[n+1:]); k > n+1 && k < len(line) && line[k] == ' ' {
		return false
	}
	return bytes.Contains(line[n:min(len(line), maxHeader)], []byte(": "))
}

// maxHeader is how far behind the start of a line a syslog header may reach.
const maxHeader = 128

// read tells the form of a line and reads it.
func (e *entry) read(b, program []byte) error {
	switch {
	case len(b) == 0:
		return errForm
	case b[0] == '{':
		return e.json(bytes.TrimRight(b, ", "))
	case b[0] == '#':
		return e.slow(b)
	case string(program) == "mysql-server_auditing":
		return e.rowOf(b, 1)
	case len(b) > 17 && b[8] == ' ' && b[11] == ':' && b[17] == ',':
		return e.rowOf(b, 0)
	}
	switch n := timeLen(b); {
	case e.general(b, n):
		return nil
	case !e.errors(b, n, program != nil):
		return errForm
	case len(e.v[message]) == 0:
		return errMessage
	}
	return nil
}

func main() { sdk.ServeParser(New) }

// slot is a part of an entry, whatever form it came in.
type slot uint8

const (
	nothing slot = iota
	logTime
	instant // seconds since 1970, where the time has no zone
	kind    // class of a record of MySQL Enterprise
	user
	host
	address
	port
	database
	thread
	command
	class
	statement
	status
	code
	subsystem
	severity
	message
	object
	server
	queryID
	osUser
	proxyUser
	transport
	version
	queryTime
	lockTime
	rowsSent
	rowsExamined
	rowsAffected
	bytesSent
	slots
)

// Datasets, one a log.
const (
	errorLog   = "mysql.error"
	slowLog    = "mysql.slowlog"
	generalLog = "mysql.general"
	auditLog   = "mysql.audit"
)

// entry is what stands in a record of a log. Values are slices of the line, with the escapes of their form.
type entry struct {
	v       [slots][]byte
	dataset string                     // which log the entry is of
	decode  func(dst, v []byte) []byte // nil: there are no escapes in any value
	zone    *time.Location
	facts   *facts
	utc     bool // the time has no zone, and is UTC
}

// set puts a value on the event without its escapes.
func (e *entry) set(ev *sdk.Event, f ecs.Field, s slot) {
	if len(e.v[s]) > 0 { // most have none: this much is inlined
		e.put(ev, f, e.v[s])
	}
}

func (e *entry) put(ev *sdk.Event, f ecs.Field, v []byte) {
	if e.decode == nil {
		ev.Set(f, v)
		return
	}
	ev.SetDecoded(f, v, e.decode)
}
