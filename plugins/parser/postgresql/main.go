// Command postgresql parses the server log of PostgreSQL: stderr with a log_line_prefix, csvlog, jsonlog and syslog.
//
// Sources: PostgreSQL 17 documentation, sections 19.8 "Error Reporting and Logging", 19.8.4 "Using CSV-Format Log Output",
// 19.8.5 "Using JSON-Format Log Output" and appendix A "PostgreSQL Error Codes"; the README of pgAudit 16, "Format".
//
//	2026-10-11 12:00:01.689 UTC [2068] app@crm LOG:  connection authorized: user=app database=crm
//	2026-10-11 12:00:01.689 UTC,"app","crm",2068,"192.0.2.42:53149",671e….814,2,"SELECT",2026-10-11 11:59:58 UTC,3/12,0,ERROR,42P01,"…",…
//	{"timestamp":"2026-10-11 12:00:01.689 UTC","user":"app","dbname":"crm","pid":2068,"error_severity":"ERROR","message":"…"}
//
// A record of several lines, joined by the input, is read as one.
package main

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/syslog"
)

// Config is what an admin may set for this plugin.
type Config struct {
	// Timezone is the IANA zone of the servers' clocks, e.g. Asia/Shanghai, for times whose abbreviation means several
	// zones, such as CST, and those without one. Empty means the zone of the input.
	Timezone string `yaml:"timezone"`
	// LogLinePrefix is log_line_prefix of postgresql.conf, e.g. '%m [%p] %q%u@%d '. Empty means that the parts of the prefix
	// are told by their shapes, which is right for the usual ones; but a client that chooses a name with blanks, such as
	// "192.0.2.9 anna", may then pass for another.
	LogLinePrefix string `yaml:"log_line_prefix"`
}

type parser struct {
	zone *time.Location
	own  prefix // what the admin has set; nil: told by shape
}

// New returns a parser that is safe for concurrent use.
func New(c Config) (sdk.Parser, error) {
	var p parser
	var err error
	if p.own, err = compile(c.LogLinePrefix); err != nil {
		return nil, fmt.Errorf("log_line_prefix: %w", err)
	}
	p.zone, err = sdk.LoadZone(c.Timezone)
	return p, err
}

var (
	errSeverity = errors.New("postgresql: want a severity such as LOG or ERROR, a colon and blanks behind the prefix")
	errPrefix   = errors.New("postgresql: want a prefix whose parts are told by their shape in front of the severity: set log_line_prefix as in postgresql.conf")
	errCSV      = errors.New("postgresql: want 23 to 26 columns of csvlog, with quotes closed")
	errJSON     = errors.New("postgresql: want whole JSON; the object is cut or damaged")
	errMessage  = errors.New("postgresql: want a message behind the severity")
)

// Parse reads one line. What is missing is an error, but what is there is set.
func (p parser) Parse(line []byte, ev *sdk.Event) error {
	var e entry
	var err error
	body := line
	if hasHeader(line) {
		body = e.header(line, ev, p.zone)
	}
	switch n := timeLen(body); {
	case len(body) > 0 && body[0] == '{':
		err = e.json(body)
	case n >= 19 && n+1 < len(body) && body[n] == ',' && body[n+1] != ' ', len(body) > 20 && body[0] == '"' && timeLen(body[1:]) >= 19:
		err = e.csv(body)
	default:
		err = e.text(body, n, p.own)
	}
	e.emit(ev, p.zone)
	if err == nil && len(e.v[message]) == 0 && len(e.v[auditType]) == 0 {
		return errMessage
	}
	return err
}

// hasHeader says whether a syslog header stands in front: <PRI>, the name of a month, or a time with a 'T' and the tag.
func hasHeader(line []byte) bool {
	switch {
	case len(line) < 20:
		return false
	case line[0] == '<':
		return line[1]-'0' <= 9
	case line[10] == 'T':
		return bytes.Contains(line[:min(len(line), maxHeader)], []byte(" postgres"))
	}
	return line[0]-'A' < 26 && line[3] == ' '
}

// maxHeader is how far behind the start of a line the tag of a syslog header may begin.
const maxHeader = 128

// header reads a syslog header and the numbers that PostgreSQL puts behind, "[3-1] ": of the message, and of its line.
func (e *entry) header(line []byte, ev *sdk.Event, zone *time.Location) []byte {
	h, rest, err := syslog.Parse(line)
	if err != nil {
		return line
	}
	ev.SetSyslog(&h, zone)
	if n := digits(h.ProcID); n > 0 && n == len(h.ProcID) {
		e.v[pid] = h.ProcID
	}
	if len(rest) == 0 || rest[0] != '[' {
		return rest
	}
	n := digits(rest[1:]) + 1
	if n == 1 || n == len(rest) || rest[n] != '-' {
		return rest
	}
	k := digits(rest[n+1:])
	end := n + 1 + k
	if k == 0 || end == len(rest) || rest[end] != ']' {
		return rest
	}
	e.v[lineNumber] = rest[1:n:n]
	e.goesOn = k > 1 || rest[n+1] != '1'
	return bytes.TrimLeft(rest[end+1:], " ")
}

func main() { sdk.ServeParser(New) }

// slot is a part of an entry, whatever form it came in.
type slot uint8

const (
	nothing slot = iota
	logTime
	user
	database
	pid
	host
	port
	from // host:port or host(port)
	session
	lineNumber
	tag
	state
	severity
	message
	detail
	hint
	context
	statement
	location
	function
	application
	backend
	queryID
	position
	begun // when the session began
	virtual
	transaction
	auditType // of pgAudit, where it stands in columns of its own
	auditClass
	objectKind
	objectName
	slots
)

// entry is what stands in a record of the log. Values are slices of the line, with the escapes of their form.
type entry struct {
	v       [slots][]byte
	escapes uint32                     // bits of the slots whose values have escapes
	decode  func(dst, v []byte) []byte // takes them out
	quote   string                     // a double quote of a message, with its escape; empty: as it is
	further bool                       // a line that goes on an earlier one: DETAIL, STATEMENT, ...
	shape
	goesOn bool // behind a syslog header, a later line of a message: its number is not 1
}

// escaped notes that a value has escapes, and what takes them out.
func (e *entry) escaped(s slot, decode func(dst, v []byte) []byte) {
	e.escapes |= 1 << s
	e.decode = decode
}

// set puts a value on the event without its escapes.
func (e *entry) set(ev *sdk.Event, f ecs.Field, s slot) {
	if len(e.v[s]) > 0 { // most have none: this much is inlined
		e.setPart(ev, f, s, e.v[s])
	}
}

// setPart is set for a part of the value, which may be empty.
func (e *entry) setPart(ev *sdk.Event, f ecs.Field, s slot, part []byte) {
	if e.escapes&(1<<s) == 0 {
		ev.Set(f, part)
		return
	}
	ev.SetDecoded(f, part, e.decode)
}
