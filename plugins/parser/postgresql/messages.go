package main

import (
	"bytes"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
)

// The log types that the log standard's retention table has for databases.
const (
	service = "service"
	audit   = "audit"
	other   = "other"
)

// Categories and types of ECS, by the combinations that occur.
var (
	authentication = []string{"authentication"}
	sessions       = []string{"session"}
	network        = []string{"network"}
	dbase          = []string{"database"}
	dbProcess      = []string{"database", "process"}
	configuration  = []string{"configuration"}

	start      = []string{"start"}
	end        = []string{"end"}
	info       = []string{"info"}
	access     = []string{"access"}
	change     = []string{"change"}
	creation   = []string{"creation"}
	deletion   = []string{"deletion"}
	connection = []string{"connection"}
	errorType  = []string{"error"}
)

// newFacts makes what messages of a kind say whatever their values are; empty texts are not set.
func newFacts(action, logType string, category, types []string, outcome string) *sdk.Facts {
	return sdk.NewFacts(map[ecs.Field][]string{
		ecs.EventAction: {action}, ecs.LogcenterLogType: {logType}, ecs.EventCategory: category, ecs.EventType: types, ecs.EventOutcome: {outcome},
	})
}

func executed(types []string) *sdk.Facts {
	return newFacts("executed-statement", audit, dbase, types, "")
}

// Statements by what their verb does; statements stands for the one that it chooses.
var (
	statements = executed(access)
	changing   = executed(change)
	creating   = executed(creation)
	deleting   = executed(deletion)
)

var (
	connected       = newFacts("connection-received", audit, network, connection, "")
	authenticated   = newFacts("authenticated", audit, authentication, info, "success")
	authorized      = newFacts("login", audit, []string{"authentication", "session"}, start, "success")
	disconnected    = newFacts("logout", audit, sessions, end, "")
	loginFailed     = newFacts("login", audit, authentication, start, "failure")
	denied          = newFacts("access-denied", audit, dbase, errorType, "failure")
	timed           = newFacts("measured-statement", audit, dbase, info, "")
	started         = newFacts("database-started", service, dbProcess, start, "success")
	starting        = newFacts("database-starting", service, dbProcess, start, "")
	stopped         = newFacts("database-stopped", service, dbProcess, end, "")
	crashed         = newFacts("process-crashed", service, dbProcess, errorType, "failure")
	reloaded        = newFacts("configuration-reloaded", service, configuration, change, "")
	parameter       = newFacts("parameter-changed", service, configuration, change, "")
	checkpoint      = newFacts("checkpoint", service, dbase, info, "")
	vacuum          = newFacts("automatic-vacuum", service, dbase, info, "")
	temporary       = newFacts("temporary-file", service, dbase, info, "")
	waiting         = newFacts("lock-wait", service, dbase, info, "")
	replication     = newFacts("replication", service, dbProcess, info, "")
	replicationLost = newFacts("replication", service, dbProcess, errorType, "failure")
	recovery        = newFacts("recovery", service, dbProcess, info, "")
	storageFault    = newFacts("storage-error", service, dbase, errorType, "failure")
	archiveFailed   = newFacts("archive-failed", service, dbProcess, errorType, "failure")
	clientLost      = newFacts("client-lost", service, network, errorType, "failure")
	listening       = newFacts("listening", service, network, start, "")
	full            = newFacts("connection-refused", service, network, errorType, "failure")
	failedQuery     = newFacts("statement-failed", service, dbase, errorType, "failure")
	cancelled       = newFacts("statement-cancelled", service, dbase, errorType, "failure")
	fault           = newFacts("error", service, dbase, errorType, "failure")
	running         = newFacts("", service, dbase, info, "")
	notice          = newFacts("", other, dbase, info, "")
	continuation    = newFacts("", other, dbase, info, "")
	furtherSQL      = newFacts("", audit, dbase, info, "")
)

// phrase is a kind of message, told by the text it begins with.
type phrase struct {
	text  string
	form  form // of what is behind text
	facts *sdk.Facts
}

// form is how what stands behind the text of a phrase is read. It is no function, so that an entry stays on the stack.
type form uint8

const (
	whole form = iota // nothing of it is wanted
	formReceived
	formIdentity
	formAuthorized
	formSession
	formDuration
	formSQL
	formNamedSQL
	formAudit
	formHBA
	formRole
	formDatabase
	formVersion
	formEndpoint
	formFile
	formFigures
	formVacuum
	formLock
	formParameter
	formObject
	formStorage
	formPrimary
)

// phrases are by the first byte of their text; of several that fit, the first of the list counts.
var phrases = newPhrases([]phrase{
	{"connection received: ", formReceived, connected},
	{"connection authenticated: ", formIdentity, authenticated},
	{"connection authorized: ", formAuthorized, authorized},
	{"replication connection authorized: ", formAuthorized, authorized},
	{"disconnection: session time: ", formSession, disconnected},
	{"duration: ", formDuration, timed},
	{"statement: ", formSQL, statements},
	{"execute ", formNamedSQL, statements},
	{"AUDIT: ", formAudit, statements},
	{"no pg_hba.conf entry for ", formHBA, loginFailed},
	{"pg_hba.conf rejects ", formHBA, loginFailed},
	{"role ", formRole, loginFailed},
	{"database ", formDatabase, nil},
	{"permission denied for ", formObject, denied},
	{"permission denied ", whole, denied},
	{"must be ", whole, denied},
	{"sorry, too many clients already", whole, full},
	{"remaining connection slots are reserved", whole, full},
	{"too many connections for ", whole, full},
	{"the database system is ", whole, full},
	{"starting PostgreSQL ", formVersion, starting},
	{"listening on ", formEndpoint, listening},
	{"received fast shutdown request", whole, stopped},
	{"received smart shutdown request", whole, stopped},
	{"received immediate shutdown request", whole, stopped},
	{"shutting down", whole, stopped},
	{"received SIGHUP", whole, reloaded},
	{"parameter ", formParameter, parameter},
	{"checkpoint ", formFigures, checkpoint},
	{"restartpoint ", formFigures, checkpoint},
	{"automatic ", formVacuum, vacuum},
	{"temporary file: path ", formFile, temporary},
	{"process ", formLock, waiting},
	{"deadlock detected", whole, failedQuery},
	{"terminating any other active server processes", whole, crashed},
	{"terminating connection ", whole, cancelled},
	{"canceling ", whole, cancelled},
	{"started streaming WAL ", whole, replication},
	{"starting logical decoding ", whole, replication},
	{"logical decoding found ", whole, replication},
	{"could not connect to the primary server", formPrimary, replicationLost},
	{"could not receive data from WAL stream", whole, replicationLost},
	{"streaming replication successfully connected", whole, replication},
	{"starting backup recovery ", whole, recovery},
	{"entering standby mode", whole, recovery},
	{"redo ", whole, recovery},
	{"consistent recovery state reached ", whole, recovery},
	{"archive recovery complete", whole, recovery},
	{"invalid record length ", whole, recovery},
	{"selected new timeline ID", whole, recovery},
	{"could not open ", formStorage, storageFault},
	{"could not write ", formStorage, storageFault},
	{"could not read ", formStorage, storageFault},
	{"could not extend ", formStorage, storageFault},
	{"could not create ", formStorage, storageFault},
	{"could not rename ", formStorage, storageFault},
	{"could not remove ", formStorage, storageFault},
	{"could not fsync ", formStorage, storageFault},
	{"archive command failed ", whole, archiveFailed},
	{"connection to client lost", whole, clientLost},
	{"SSL error: ", whole, clientLost},
	{"relation ", formObject, nil},
	{"table ", formObject, nil},
	{"replication terminated ", whole, replication},
	{"unexpected EOF on ", whole, clientLost},
	{"could not receive data from client", whole, clientLost},
	{"could not send data to client", whole, clientLost},
	{"could not accept SSL connection", whole, clientLost},
	{"unsupported frontend protocol ", whole, clientLost},
	{"invalid length of startup packet", whole, clientLost},
	{"incomplete startup packet", whole, clientLost},
})

func newPhrases(list []phrase) *[256][]phrase {
	t := new([256][]phrase)
	for _, p := range list {
		t[p.text[0]] = append(t[p.text[0]], p)
	}
	return t
}

var (
	authenticationFailed = []byte(" authentication failed for user ")
	terminated           = []byte(" was terminated by signal ")
)

// classify sets what the message says and returns its facts.
func (e *entry) classify(ev *sdk.Event) *sdk.Facts {
	m := e.v[message]
	switch {
	case e.further && e.v[statement] != nil:
		return furtherSQL
	case e.further:
		return continuation
	case len(e.v[auditType]) > 0:
		return statements
	}
	if len(m) > 0 {
		list := phrases[m[0]]
		for i := range list {
			p := &list[i]
			if len(m) < len(p.text) || string(m[:len(p.text)]) != p.text {
				continue
			}
			f, rest := p.facts, m[len(p.text):]
			switch {
			case p.form == formObject && f == nil:
				relation(rest, e, ev)
			case f == nil:
				f = stateOf(rest)
			}
			if f != nil {
				e.read(p.form, rest, ev)
				return f
			}
		}
	}
	head := m[:min(len(m), maxMethod)]
	if at := bytes.Index(head, authenticationFailed); at >= 0 {
		quotedUser(m[at+len(authenticationFailed):], e, ev)
		return loginFailed
	}
	if bytes.Contains(head, terminated) {
		return crashed
	}
	switch string(e.v[state]) {
	case "28000", "28P01":
		return loginFailed
	case "42501":
		return denied
	}
	switch string(e.v[severity]) {
	case "ERROR", "错误", "FEHLER", "ERREUR", "ERRO", "ОШИБКА", "エラー":
		return failedQuery
	case "FATAL", "PANIC", "致命错误", "PANIK", "PANIQUE", "PÁNICO", "PÂNICO", "ВАЖНО", "ПАНИКА", "致命的", "パニック":
		return fault
	case "LOG", "日志", "СООБЩЕНИЕ", "ログ":
		return running
	}
	return notice
}

func (e *entry) read(f form, rest []byte, ev *sdk.Event) {
	switch f {
	case whole:
	case formReceived:
		received(rest, e, ev)
	case formIdentity:
		identity(rest, e, ev)
	case formAuthorized:
		authorizedPairs(rest, e, ev)
	case formSession:
		sessionTime(rest, e, ev)
	case formDuration:
		duration(rest, e, ev)
	case formSQL:
		sql(message, rest, e, ev)
	case formNamedSQL:
		namedSQL(rest, e, ev)
	case formAudit:
		pgAudit(rest, e, ev)
	case formHBA:
		hba(rest, e, ev)
	case formRole:
		roleMissing(rest, e, ev)
	case formDatabase:
		databaseState(rest, e, ev)
	case formVersion:
		version(rest, e, ev)
	case formEndpoint:
		endpoint(rest, e, ev)
	case formFile:
		temporaryFile(rest, e, ev)
	case formFigures:
		figures(rest, e, ev)
	case formVacuum:
		vacuumed(rest, e, ev)
	case formLock:
		lockWait(rest, e, ev)
	case formParameter:
		changedParameter(rest, e, ev)
	case formObject:
		refused(rest, e, ev)
	case formStorage:
		storage(rest, e, ev)
	case formPrimary:
		if addr := unquoted(behind(rest, "server at ")); len(addr) > 0 {
			ev.SetIP(ecs.DestinationIP, addr)
		}
	}
}

// maxMethod bounds the name of the method in front of "authentication failed".
const maxMethod = 64

// stateOf tells messages that begin with "database " apart; nil if they are of no kind.
func stateOf(rest []byte) *sdk.Facts {
	switch {
	case bytes.HasPrefix(rest, []byte("system is ready to accept")):
		return started
	case bytes.HasPrefix(rest, []byte("system is shut down")):
		return stopped
	case bytes.HasPrefix(rest, []byte("system was interrupted")), bytes.HasPrefix(rest, []byte("system was not properly shut down")):
		return crashed
	case bytes.HasPrefix(rest, []byte("system was shut down")):
		return starting
	case bytes.HasSuffix(rest, []byte(" does not exist")), bytes.HasSuffix(rest, []byte(" is not currently accepting connections")):
		return loginFailed
	}
	return nil
}

// unquoted is a name without the quotes around it, which are doubled in csvlog and escaped in jsonlog.
func unquoted(b []byte) []byte { return bytes.Trim(b, `"\`) }

func databaseState(rest []byte, e *entry, ev *sdk.Event) {
	if name, ok := bytes.CutSuffix(rest, []byte(" does not exist")); ok && len(e.v[database]) == 0 {
		e.setPart(ev, databaseName, message, unquoted(name))
	}
}

func roleMissing(rest []byte, e *entry, ev *sdk.Event) {
	if name, ok := bytes.CutSuffix(rest, []byte(" does not exist")); ok && len(e.v[user]) == 0 {
		e.setPart(ev, ecs.UserName, message, unquoted(name))
	}
}

// decimal reads digits with a fraction, times unit, which is a power of ten.
func decimal(v []byte, unit int64) (n int64, ok bool) {
	whole, fraction, _ := bytes.Cut(v, []byte("."))
	if len(whole) == 0 || len(whole) > 9 || len(fraction) > 9 {
		return 0, false
	}
	for _, c := range whole {
		if c-'0' > 9 {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	n *= unit
	for _, c := range fraction {
		if c-'0' > 9 {
			return 0, false
		}
		unit /= 10
		n += int64(c-'0') * unit
	}
	return n, true
}

// duration reads "53.204 ms  statement: SQL", "… parse <unnamed>: SQL" and "… plan: …".
func duration(rest []byte, e *entry, ev *sdk.Event) {
	text, rest, ok := bytes.Cut(rest, []byte(" ms"))
	if n, fits := decimal(text, 1e6); ok && fits {
		ev.SetInt(ecs.EventDuration, n)
	}
	_, query, ok := bytes.Cut(rest, []byte(": "))
	if ok {
		sql(message, query, e, ev)
	}
}

// namedSQL reads "<unnamed>: SQL".
func namedSQL(rest []byte, e *entry, ev *sdk.Event) {
	if _, query, ok := bytes.Cut(rest, []byte(": ")); ok {
		sql(message, query, e, ev)
	}
}

// sql sets a statement, which is a part of the value of s, and the password in it, which is masked before anything is stored.
func sql(s slot, query []byte, e *entry, ev *sdk.Event) {
	e.setPart(ev, statementText, s, query)
	if len(e.v[tag]) == 0 {
		word, _, _ := bytes.Cut(query[:min(len(query), maxWord)], []byte(" "))
		e.setPart(ev, command, s, word)
		e.v[tag] = word
	}
	if secret := password(query); len(secret) > 0 {
		e.setPart(ev, ecs.UserPassword, s, secret)
	}
}

// byVerb are the facts of a statement by its kind or its first word.
func (e *entry) byVerb() *sdk.Facts {
	w, _, _ := bytes.Cut(e.v[tag], []byte(" "))
	var upper [maxWord]byte
	n := copy(upper[:], w)
	for i := range upper[:n] {
		if c := upper[i]; c-'a' < 26 {
			upper[i] = c - 'a' + 'A'
		}
	}
	switch string(upper[:n]) {
	case "INSERT", "UPDATE", "DELETE", "MERGE", "COPY", "TRUNCATE", "ALTER", "GRANT", "REVOKE", "SET":
		return changing
	case "CREATE":
		return creating
	case "DROP":
		return deleting
	}
	return statements
}

// maxWord bounds the first word of a statement.
const maxWord = 24

// password is what stands in quotes behind the word PASSWORD, in any case; nil if nothing does.
func password(query []byte) []byte {
	const word = "password"
	for at := 0; ; {
		i := bytes.IndexByte(query[at:], '\'')
		if i < 0 {
			return nil
		}
		i += at
		before := bytes.TrimRight(query[:i], " =")
		n := len(before) - len(word)
		if n >= 0 && bytes.EqualFold(before[n:], []byte(word)) {
			end := bytes.IndexByte(query[i+1:], '\'')
			if end < 0 {
				return query[i+1:]
			}
			return query[i+1 : i+1+end : i+1+end]
		}
		at = i + 1
	}
}

func quotedUser(rest []byte, e *entry, ev *sdk.Event) {
	if len(e.v[user]) == 0 {
		e.setPart(ev, ecs.UserName, message, unquoted(rest))
	}
}

// hba reads `host "192.0.2.42", user "x", database "y", SSL off`, in front of which "connection for " may stand.
func hba(rest []byte, e *entry, ev *sdk.Event) {
	e.client(ev, message, unquoted(behind(rest, "host ")), nil)
	if len(e.v[user]) == 0 {
		e.setPart(ev, ecs.UserName, message, unquoted(behind(rest, "user ")))
	}
	if len(e.v[database]) == 0 {
		e.setPart(ev, databaseName, message, unquoted(behind(rest, "database ")))
	}
}

// behind is what stands behind a word, up to a comma.
func behind(text []byte, word string) []byte {
	i := bytes.Index(text, []byte(word))
	if i < 0 {
		return nil
	}
	v := text[i+len(word):]
	if i := bytes.IndexByte(v, ','); i >= 0 {
		v = v[:i:i]
	}
	return v
}
