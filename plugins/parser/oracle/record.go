package main

import (
	"bytes"
	"time"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/keys"
	"github.com/logcenter/logcenter/sdk/timestamp"
	"github.com/logcenter/logcenter/sdk/xmlscan"
)

// slot is a value of an audit record that is wanted.
type slot uint8

const (
	nothing slot = iota
	written
	auditType
	dbid
	sessionID
	entryID
	statementID
	dbUser
	currentUser
	osUser
	clientID
	userHost
	terminal
	action
	returnCode
	schema
	object
	pdb
	privilege
	comment
	sqlText
	osProcess
	policy
	clientAddress
	actionNumber
	slots
)

// names are the names of values: of unified records by syslog, of traditional ones, of records of SYS, and of XML.
var names = keys.New(map[string]slot{
	"TYPE": auditType, "DBID": dbid, "SESID": sessionID, "CLIENTID": clientID, "ENTRYID": entryID, "STMTID": statementID, "DBUSER": dbUser,
	"CURUSER": currentUser, "ACTION": action, "RETCODE": returnCode, "SCHEMA": schema, "OBJNAME": object, "PDB_GUID": pdb, "OSUSER": osUser,
	"USERHOST": userHost, "TERMINAL": terminal,

	"SESSIONID": sessionID, "STATEMENT": statementID, "USERID": dbUser, "RETURNCODE": returnCode, "COMMENT$TEXT": comment, "OS$USERID": osUser,
	"OBJ$CREATOR": schema, "OBJ$NAME": object, "PRIV$USED": privilege,

	"DATABASE USER": dbUser, "PRIVILEGE": privilege, "CLIENT USER": osUser, "CLIENT TERMINAL": terminal, "STATUS": returnCode,
	"CLIENT ADDRESS": clientAddress, "ACTION NUMBER": actionNumber, "CURRENT_USER": currentUser,

	"Audit_Type": auditType, "Session_Id": sessionID, "EntryId": entryID, "StatementId": statementID, "Extended_Timestamp": written,
	"DB_User": dbUser, "OS_User": osUser, "Userhost": userHost, "OS_Process": osProcess, "Terminal": terminal, "Object_Schema": schema,
	"Object_Name": object, "Policy_Name": policy, "Action": action, "Returncode": returnCode, "Comment_Text": comment, "Current_User": currentUser,
	"Sql_Text": sqlText, "Client_Id": clientID, "Priv_Used": privilege,
})

// record is what is wanted of an audit record. Values are slices of the line with its escapes.
type record struct {
	v      [slots][]byte
	decode func(dst, v []byte) []byte // nil: there are no escapes in any value
}

// text reads KEY:"VALUE", KEY:[LENGTH] "VALUE" and KEY :[LENGTH] 'VALUE', behind a time if the record is of a file.
func (r *record) text(b []byte) error {
	i := bytes.Index(b, []byte("LENGTH"))
	if i < 0 {
		return errRecord
	}
	r.v[written] = bytes.TrimSpace(b[:i])
	b = b[i:]
	for {
		colon := bytes.IndexByte(b, ':')
		if colon < 0 {
			return nil
		}
		from, to := blanks(b), colon
		for to > from && b[to-1] == ' ' {
			to--
		}
		v, rest, whole := value(b[colon+1:])
		if s := names.Get(b[min(from, to):to]); s != nil {
			r.v[*s] = v
		}
		if !whole {
			return errCut
		}
		b = rest
	}
}

// blanks is how many blanks and line ends b begins with.
func blanks(b []byte) (n int) {
	for n < len(b) && (b[n] == ' ' || b[n] == '\n' || b[n] == '\r') {
		n++
	}
	return n
}

// value reads a quoted value; its length may be in brackets in front, so that quotes may stand in it.
func value(b []byte) (v, rest []byte, whole bool) {
	b = b[blanks(b):]
	length := -1
	if len(b) > 0 && b[0] == '[' {
		i := bytes.IndexByte(b[:min(len(b), maxDigits+2)], ']')
		if i < 0 {
			return nil, nil, false
		}
		length = 0
		for _, c := range b[1:i] {
			if c-'0' > 9 {
				return nil, nil, false
			}
			length = length*10 + int(c-'0')
		}
		b = b[i+1:]
		b = b[blanks(b):]
	}
	if len(b) == 0 || b[0] != '"' && b[0] != '\'' {
		return nil, nil, false
	}
	quote := b[0]
	b = b[1:]
	if length >= 0 && length < len(b) && b[length] == quote {
		return b[:length:length], b[length+1:], true
	}
	for at := 0; ; at++ { // the length is in another character set, or there is none
		i := bytes.IndexByte(b[at:], quote)
		if i < 0 {
			return b, nil, false
		}
		if at += i; keyFollows(b[at+1:]) {
			return b[:at:at], b[at+1:], true
		}
	}
}

// keyFollows says whether b is blank, or begins with blanks, capitals and a colon: the next key.
func keyFollows(b []byte) bool {
	n := blanks(b)
	if n == 0 || n == len(b) {
		return n == len(b)
	}
	for i, c := range b[n:min(len(b), n+maxKey)] {
		switch {
		case c-'A' < 26, c == ' ', c == '$', c == '_':
		case c == ':':
			return i > 0
		default:
			return false
		}
	}
	return false
}

// maxKey is longer than any key.
const maxKey = 32

// xml reads <AuditRecord><NAME>VALUE</NAME>…</AuditRecord>.
func (r *record) xml(b []byte) error {
	it := xmlscan.Scan(b)
	for it.Next() {
		s := names.Get(it.Name())
		if s == nil {
			continue
		}
		r.v[*s] = it.Text()
		if it.Escaped() {
			r.decode = xmlscan.AppendUnescaped
		}
	}
	if it.Err() != nil {
		return errXML
	}
	return nil
}

// set puts a value on the event without its escapes.
func (r *record) set(ev *sdk.Event, f ecs.Field, s slot) {
	if len(r.v[s]) > 0 { // most have none: this much is inlined
		r.put(ev, f, r.v[s])
	}
}

func (r *record) put(ev *sdk.Event, f ecs.Field, v []byte) {
	if r.decode == nil {
		ev.Set(f, v)
		return
	}
	ev.SetDecoded(f, v, r.decode)
}

// setTime reads the times of XML, 2026-10-11T12:00:01.123456Z, and of text files, Sun Oct 11 12:00:01 2026 +08:00.
func setTime(t []byte, ev *sdk.Event, zone *time.Location) {
	switch n := len("Sun Oct 11 12:00:01 2026"); {
	case len(t) == 0:
	case len(t) > n && t[0] >= 'A':
		ev.SetTime("Mon Jan _2 15:04:05 2006 Z07:00", zone, t)
	case t[0] >= 'A':
		ev.SetTime(time.ANSIC, zone, t)
	default:
		ev.SetTime(timestamp.Any, zone, t)
	}
}

var (
	audited = kind{"oracle.audit", audit, ecs.Informational}
	refused = kind{"oracle.audit", audit, ecs.Warn}
)

// emit sets the fields of a record.
func (r *record) emit(ev *sdk.Event, zone *time.Location) {
	setTime(r.v[written], ev, zone)
	r.set(ev, ecs.UserName, dbUser)
	r.set(ev, ecs.UserEffectiveName, currentUser)
	r.set(ev, ecs.SourceUserName, osUser)
	r.set(ev, ecs.SourceDomain, userHost)
	r.address(ev)
	r.set(ev, terminalName, terminal)
	r.set(ev, recordType, auditType)
	r.set(ev, databaseID, dbid)
	r.set(ev, sessionNumber, sessionID)
	r.set(ev, entryNumber, entryID)
	r.set(ev, statementNumber, statementID)
	r.set(ev, clientIdentifier, clientID)
	r.set(ev, schemaName, schema)
	r.set(ev, objectName, object)
	r.set(ev, pdbID, pdb)
	r.set(ev, privilegeUsed, privilege)
	r.set(ev, commentText, comment)
	r.set(ev, policyName, policy)
	ev.Set(ecs.ProcessPID, r.v[osProcess])
	r.statement(ev, sqlText)
	r.result(ev)
}

// result sets what was done and how it ended.
func (r *record) result(ev *sdk.Event) {
	a := r.v[action]
	f := byNumber(a)
	switch {
	case f != nil:
		ev.Set(actionCode, a)
		ev.SetString(ecs.EventAction, f.name)
	case named[string(a)] != nil:
		f = named[string(a)]
		ev.SetString(ecs.EventAction, f.name)
	case len(a) > 0 && a[0]-'0' <= 9 && len(a) <= maxDigits:
		f = &someAction
		ev.Set(actionCode, a)
	default: // records of SYS have the statement itself
		f = byWords(a)
		if numbered := byNumber(r.v[actionNumber]); numbered != nil {
			f = numbered
		}
		ev.Set(actionCode, r.v[actionNumber])
		r.statement(ev, action)
		ev.SetString(ecs.EventAction, f.name)
	}
	for _, c := range f.category {
		ev.SetString(ecs.EventCategory, c)
	}
	for _, t := range f.types {
		ev.SetString(ecs.EventType, t)
	}
	switch code := bytes.TrimSpace(r.v[returnCode]); {
	case len(code) == 0:
		audited.set(ev)
	case string(code) == "0":
		ev.SetString(ecs.EventOutcome, "success")
		audited.set(ev)
	default:
		ev.Set(ecs.EventCode, code)
		ev.SetString(ecs.EventReason, failures[string(code)])
		ev.SetString(ecs.EventOutcome, "failure")
		refused.set(ev)
	}
}

// maxWords bounds the words of a statement that are its action.
const maxWords = 32

// byWords is the action of a statement, by its first two words or its first.
func byWords(statement []byte) *facts {
	var upper [maxWords]byte
	n, first := 0, 0
	for _, c := range statement[:min(len(statement), maxWords)] {
		if c <= ' ' {
			if first > 0 {
				break
			}
			first, c = n, ' '
		}
		if c-'a' < 26 {
			c -= 'a' - 'A'
		}
		upper[n] = c
		n++
	}
	if f := byName[string(upper[:n])]; f != nil {
		return f
	}
	if first > 0 {
		n = first
	}
	if f := byName[string(upper[:n])]; f != nil {
		return f
	}
	return &someAction
}

// statement sets SQL and the password in it, which is masked before anything is stored.
func (r *record) statement(ev *sdk.Event, s slot) {
	r.set(ev, statementText, s)
	if secret := password(r.v[s]); len(secret) > 0 {
		ev.Set(ecs.UserPassword, secret)
	}
}

// password is what stands behind IDENTIFIED BY, in any case, in quotes or not; nil if nothing does.
func password(query []byte) []byte {
	const mark = "identified by "
	for at := 0; at+len(mark) < len(query); at++ {
		if query[at]|0x20 != 'i' || !bytes.EqualFold(query[at:at+len(mark)], []byte(mark)) {
			continue
		}
		v := bytes.TrimLeft(query[at+len(mark):], " ")
		if v = bytes.TrimPrefix(v, []byte("values ")); len(v) > 0 && (v[0] == '"' || v[0] == '\'') {
			quote := v[0]
			v = v[1:]
			if i := bytes.IndexByte(v, quote); i >= 0 {
				v = v[:i:i]
			}
			return v
		}
		if i := bytes.IndexAny(v, " \n;'"); i >= 0 {
			v = v[:i:i]
		}
		return v
	}
	return nil
}

// address reads where the client is from the comment: "Client address: (ADDRESS=(PROTOCOL=tcp)(HOST=192.0.2.42)(PORT=53149))".
func (r *record) address(ev *sdk.Event) {
	for _, s := range [...]slot{comment, clientAddress} {
		if i := bytes.Index(r.v[s], []byte("(ADDRESS=")); i >= 0 {
			var d descriptor
			d.read(r.v[s][i:])
			d.client(ev)
			return
		}
	}
	switch a := r.v[clientAddress]; {
	case len(a) == 0:
	case a[0]-'0' <= 9, bytes.IndexByte(a, ':') >= 0:
		ev.SetIP(ecs.SourceIP, a)
	default:
		ev.Set(ecs.SourceDomain, a)
	}
}

// Fields of the plugin's own.
var (
	terminalName     = ecs.New("oracle.terminal", ecs.Keyword, "Terminal or machine that the client sat at.")
	recordType       = ecs.New("oracle.audit.type", ecs.Keyword, "Kind of audit, by Oracle's number: 1 standard, 2 fine-grained, 4 unified or SYS, ...")
	databaseID       = ecs.New("oracle.dbid", ecs.Keyword, "Number that identifies the database.")
	sessionNumber    = ecs.New("oracle.session_id", ecs.Keyword, "Audit session, which ties the records of one login together.")
	entryNumber      = ecs.New("oracle.audit.entry_id", ecs.Keyword, "Place of the record in its session.")
	statementNumber  = ecs.New("oracle.audit.statement_id", ecs.Keyword, "Place of the statement in its session.")
	clientIdentifier = ecs.New("oracle.client_id", ecs.Keyword, "What an application says of whom it acts for.")
	schemaName       = ecs.New("oracle.object.schema", ecs.Keyword, "Owner of the object that was touched.")
	objectName       = ecs.New("oracle.object.name", ecs.Keyword, "Table, view, role or other object that was touched.")
	pdbID            = ecs.New("oracle.pdb_guid", ecs.Keyword, "Pluggable database, by its GUID.")
	privilegeUsed    = ecs.New("oracle.privilege", ecs.Keyword, "Privilege by which the action was allowed, by name or number.")
	commentText      = ecs.New("oracle.comment", ecs.Keyword, "How the user was authenticated and from which address, in Oracle's words.")
	policyName       = ecs.New("oracle.policy", ecs.Keyword, "Policy of fine-grained auditing that asked for the record.")
	statementText    = ecs.New("oracle.statement", ecs.Keyword, "SQL that was run.")
	actionCode       = ecs.New("oracle.action_code", ecs.Keyword, "Action by its number in AUDIT_ACTIONS.")
)
