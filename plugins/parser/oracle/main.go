// Command oracle parses audit records and the listener's log of Oracle Database: unified and traditional audit records by
// syslog, records of audit files as text and as XML, one a line or joined by the input, and listener.log.
//
// Sources: Oracle Database Security Guide 19c and 21c, "Administering the Audit Trail" (unified audit records by syslog) and
// 11g Release 2, "Verifying Security Access with Auditing" (AUDIT_TRAIL, AUDIT_SYSLOG_LEVEL); Database Reference,
// UNIFIED_AUDIT_TRAIL, DBA_AUDIT_TRAIL, V$XML_AUDIT_TRAIL and AUDIT_ACTIONS; Net Services Administrator's Guide 19c, "Analyzing
// Listener Log Files".
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
	// Timezone is the IANA zone of the servers' clocks, e.g. Asia/Shanghai: the listener and old audit files write none.
	// Empty means the zone of the input.
	Timezone string `yaml:"timezone"`
}

type parser struct{ zone *time.Location }

// New returns a parser that is safe for concurrent use.
func New(c Config) (sdk.Parser, error) {
	zone, err := sdk.LoadZone(c.Timezone)
	return parser{zone}, err
}

var (
	errForm     = errors.New("oracle: want an audit record (LENGTH: and KEY:VALUE, or <AuditRecord>) or a line of the listener (TIME * …)")
	errRecord   = errors.New("oracle: want an ACTION in the audit record")
	errCut      = errors.New("oracle: the audit record ends inside a value")
	errXML      = errors.New("oracle: want one whole <AuditRecord>…</AuditRecord>; the record is cut or damaged")
	errListener = errors.New("oracle: want TIME * CONNECT DATA * ADDRESS * EVENT * SERVICE * RETURN CODE")
)

// Parse reads one line. What is missing is an error, but what is there is set.
func (p parser) Parse(line []byte, ev *sdk.Event) error {
	body := line
	if hasHeader(line) {
		if h, rest, err := syslog.Parse(line); err == nil {
			ev.SetSyslog(&h, p.zone)
			body = rest
		}
	}
	if isListener(body) {
		return p.listener(body, ev)
	}
	var r record
	var err error
	head := body[:min(len(body), maxHeader)]
	switch i := bytes.Index(head, []byte("<AuditRecord>")); {
	case i >= 0:
		err = r.xml(body[i:])
	case bytes.Contains(head, []byte("LENGTH")):
		err = r.text(program(body, ev))
	default:
		unknown.set(ev)
		return errForm
	}
	r.emit(ev, p.zone)
	if err == nil && r.v[action] == nil {
		return errRecord
	}
	return err
}

// hasHeader says whether a syslog header stands in front: <PRI>, or a time and what an audit record has by syslog.
func hasHeader(line []byte) bool {
	if len(line) > 1 && line[0] == '<' {
		return line[1]-'0' <= 9
	}
	return !isListener(line) && bytes.Contains(line[:min(len(line), maxHeader)], []byte("Audit["))
}

// maxHeader is how far behind the start of a line a record begins at the latest.
const maxHeader = 256

// program takes "Oracle Unified Audit[3217]: " off, which is no TAG of syslog as it has blanks.
func program(b []byte, ev *sdk.Event) []byte {
	i := bytes.Index(b[:min(len(b), maxHeader)], []byte("Audit["))
	if i < 0 {
		return b
	}
	number, rest, ok := bytes.Cut(b[i+len("Audit["):], []byte("]:"))
	if !ok || len(number) > maxDigits {
		return b
	}
	ev.Set(ecs.ProcessPID, number)
	return rest
}

// maxDigits is the length of the longest process id.
const maxDigits = 10

func main() { sdk.ServeParser(New) }

// facts are what a kind of record says whatever its values are.
type facts struct {
	name            string // of the action, in Oracle's words
	category, types []string
}

// The log types that the log standard's retention table has for databases.
const (
	service = "service"
	audit   = "audit"
	other   = "other"
)

var (
	authentication = []string{"authentication", "database"}
	session        = []string{"session", "database"}
	dbase          = []string{"database"}
	iam            = []string{"iam", "database"}
	configuration  = []string{"configuration", "database"}
	network        = []string{"network"}
	process        = []string{"process"}

	start        = []string{"start"}
	end          = []string{"end"}
	info         = []string{"info"}
	access       = []string{"access"}
	change       = []string{"change"}
	creation     = []string{"creation"}
	deletion     = []string{"deletion"}
	connection   = []string{"connection"}
	admin        = []string{"admin"}
	errorType    = []string{"error"}
	userCreated  = []string{"user", "creation"}
	userDeleted  = []string{"user", "deletion"}
	userChanged  = []string{"user", "change"}
	groupCreated = []string{"group", "creation"}
	groupDeleted = []string{"group", "deletion"}
	groupChanged = []string{"group", "change"}
)

type kind struct {
	dataset, logType string
	level            ecs.Severity
}

var unknown = kind{"oracle.audit", other, ecs.Informational}

func (k *kind) set(ev *sdk.Event) {
	ev.SetString(ecs.EventDataset, k.dataset)
	ev.SetString(ecs.LogcenterLogType, k.logType)
	ev.SetLevel(k.level)
}
