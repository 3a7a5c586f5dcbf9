package main

import (
	"bytes"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/syslog"
)

// Forms in which clients send the text of an event's message by syslog, without its data: Snare's, which NXLog has too
// (to_syslog_snare); that of Eventlog-to-Syslog; that of the agent of OSSEC and Wazuh; that of Adiscon's EventReporter; and what
// NXLog makes of an event by to_syslog_bsd and to_syslog_ietf.
//
//	MSWinEventLog	1	Security	4711	Sun Oct 11 12:00:01 2026	4624	Microsoft-Windows-Security-Auditing	…	Success Audit	dc01	Logon		An account …
//	Security-Auditing: 4624: AUDIT_SUCCESS An account was successfully logged on. Subject: Security ID: S-1-5-18 Account Name: …
//	WinEvtLog: Security: AUDIT_SUCCESS(4624): Microsoft-Windows-Security-Auditing: (no user): no domain: dc01: An account …
//	EvntSLog: [AUS] Sun Oct 11 12:00:01 2026: DC01/Security (4624) - "An account …"
//	Microsoft-Windows-Security-Auditing[684]: An account was successfully logged on. Subject: …
var (
	snareMark    = []byte("MSWinEventLog")
	ossecMark    = []byte("WinEvtLog: ")
	reporterMark = []byte("EvntSLog: ")
	windowsMark  = []byte("Microsoft-Windows-")
	eventIDMark  = []byte(` EventID="`)
	escapedTab   = []byte("#011")
)

// text reads an event that a client sent as text. It is false if the line has none of these forms.
func (r *record) text(line []byte, ev *sdk.Event, p parser) bool {
	h, rest, _ := syslog.Parse(line)
	switch {
	case bytes.Contains(line[:min(len(line), maxHeader)], snareMark):
		i := bytes.Index(line, snareMark)
		r.snare(line[i+len(snareMark):])
	case bytes.Contains(line[:min(len(line), maxHeader)], ossecMark):
		i := bytes.Index(line, ossecMark)
		r.ossec(line[i+len(ossecMark):])
	case bytes.Contains(line[:min(len(line), maxHeader)], reporterMark):
		i := bytes.Index(line, reporterMark)
		r.reporter(line[i+len(reporterMark):])
	case len(h.AppName) > 0 && sources[string(h.AppName)] != anyone, bytes.HasPrefix(h.AppName, windowsMark), bytes.Contains(h.Structured, eventIDMark):
		r.structured(&h)
		r.put(provider, h.AppName, false)
		r.numbered(rest)
	default:
		return false
	}
	if h.Priority >= 0 {
		ev.SetInt(ecs.LogSyslogPriority, int64(h.Priority))
		ev.SetInt(ecs.LogSyslogFacilityCode, int64(h.Facility()))
		ev.SetInt(ecs.LogSyslogSeverityCode, int64(h.Severity()))
	}
	r.put(computer, h.Hostname, false)
	r.put(execPID, h.ProcID, false)
	const stamp = len("2026 Oct 11 12:00:01")
	if len(line) > stamp && line[4] == ' ' && line[0] == '2' && line[stamp] == ' ' { // as OSSEC keeps it
		r.put(created, line[:stamp:stamp], false)
	}
	if len(r.v[created]) == 0 && len(h.Timestamp) > 0 {
		ev.SetSyslogTime(&h, p.zone)
		r.timed = true
	}
	r.labelled()
	r.serviceState()
	return true
}

// structured reads the data of an event that NXLog has in structured data: [NXLOG@14506 EventID="4688" SubjectUserName="…"].
func (r *record) structured(h *syslog.Header) {
	r.decode = appendParam
	for e := h.Elements(); e.Next(); {
		for p := e.Params(); p.Next(); {
			name, v := p.Name(), p.Value()
			s := datum(name)
			if known := heads.Get(name); known != nil {
				s = *known
			}
			if s == keywords {
				r.keyword(v)
			}
			r.put(s, v, bytes.IndexByte(v, '\\') >= 0)
		}
	}
}

// appendParam takes the backslashes off that protect '"', '\\' and ']' (RFC 5424, section 6.3.3).
func appendParam(dst, v []byte) []byte {
	for i := 0; i < len(v); i++ {
		if v[i] == '\\' && i+1 < len(v) && (v[i+1] == '"' || v[i+1] == '\\' || v[i+1] == ']') {
			i++
		}
		dst = append(dst, v[i])
	}
	return dst
}

// serviceState reads "The NAME service entered the running state.", event 7036.
func (r *record) serviceState() {
	rest, ok := bytes.CutPrefix(r.v[message], []byte("The "))
	name, rest, entered := bytes.Cut(rest, []byte(" service entered the "))
	if !ok || !entered {
		return
	}
	r.put(param1, name, false)
	to, _, _ := bytes.Cut(rest, []byte(" state"))
	r.put(param2, to, false)
}

// snareFields are the fields behind the mark; the text of the message is the last but the number of the line.
var snareFields = [...]slot{none, channel, recordID, created, eventID, provider, none, none, eventType, computer, none, none, message}

func (r *record) snare(b []byte) {
	tab := []byte{'\t'}
	if bytes.HasPrefix(b, escapedTab) {
		tab = escapedTab
	}
	b = bytes.TrimPrefix(b, tab)
	for _, s := range snareFields {
		v, rest, more := bytes.Cut(b, tab)
		if s == message && !more {
			v = b
		}
		r.put(s, bytes.TrimSpace(v), false)
		if !more {
			break
		}
		b = rest
	}
	r.kindOfEvent(r.v[eventType])
	if len(r.v[message]) == 0 { // one field less
		r.put(message, b, false)
	}
}

// ossec reads "Security: AUDIT_SUCCESS(4624): PROVIDER: USER: DOMAIN: COMPUTER: MESSAGE".
func (r *record) ossec(b []byte) {
	log, b, _ := bytes.Cut(b, []byte(": "))
	kind, b, _ := bytes.Cut(b, []byte(": "))
	word, id, _ := bytes.Cut(kind, []byte("("))
	r.put(channel, log, false)
	r.kindOfEvent(word)
	r.put(eventID, bytes.TrimSuffix(id, []byte(")")), false)
	for _, s := range [...]slot{provider, actorName, actorDomain, computer} {
		v, rest, ok := bytes.Cut(b, []byte(": "))
		if !ok {
			break
		}
		switch string(v) {
		case "(no user)", "no domain":
		default:
			r.put(s, v, false)
		}
		b = rest
	}
	r.put(message, b, false)
}

// reporter reads `[AUS] Sun Oct 11 12:00:01 2026: DC01/Security (4624) - "MESSAGE"`.
func (r *record) reporter(b []byte) {
	kind, b, _ := bytes.Cut(bytes.TrimPrefix(b, []byte("[")), []byte("] "))
	r.kindOfEvent(kind)
	const day = len("Sun Oct 11 12:00:01 2026")
	if len(b) > day && b[day] == ':' {
		r.put(created, b[:day:day], false)
		b = bytes.TrimLeft(b[day+1:], " ")
	}
	head, text, _ := bytes.Cut(b, []byte(" - "))
	where, id, _ := bytes.Cut(head, []byte(" ("))
	r.put(eventID, bytes.TrimSuffix(id, []byte(")")), false)
	if host, log, ok := bytes.Cut(where, []byte("/")); ok {
		r.put(computer, host, false)
		where = log
	}
	r.put(channel, where, false)
	r.put(message, bytes.Trim(text, `"`), false)
}

// numbered reads "4624: AUDIT_SUCCESS An account …", and the message alone.
func (r *record) numbered(b []byte) {
	n := 0
	for n < len(b) && b[n]-'0' <= 9 {
		n++
	}
	if n > 0 && n+1 < len(b) && b[n] == ':' {
		r.put(eventID, b[:n:n], false)
		b = b[n+2:]
		if word, rest, ok := bytes.Cut(b, []byte(" ")); ok && r.kindOfEvent(word) {
			b = rest
		}
	}
	r.put(message, b, false)
}

// kindOfEvent takes the type of an event in the words of clients. It is false for other words.
func (r *record) kindOfEvent(v []byte) bool {
	switch string(v) {
	case "AUDIT_SUCCESS", "Success Audit", "Audit Success", "SuccessAudit", "AUS":
		r.marks = auditSuccess
	case "AUDIT_FAILURE", "Failure Audit", "Audit Failure", "FailureAudit", "AUF":
		r.marks = auditFailure
	case "ERROR", "Error", "ERR", "WARNING", "Warning", "WRN":
		r.put(level, v, false)
	case "INFORMATION", "Information", "INFO", "INF":
	default:
		return false
	}
	return true
}

// sentences are the first sentences of messages, by which events without a number are known.
var sentences = map[string]int{
	"An account was successfully logged on": 4624, "An account failed to log on": 4625, "An account was logged off": 4634,
	"User initiated logoff": 4647, "A logon was attempted using explicit credentials": 4648, "Special privileges assigned to new logon": 4672,
	"A privileged service was called": 4673, "A new process has been created": 4688, "A process has exited": 4689,
	"A service was installed in the system": 4697, "A scheduled task was created": 4698, "A scheduled task was deleted": 4699,
	"System audit policy was changed": 4719, "A user account was created": 4720, "A user account was enabled": 4722,
	"An attempt was made to change an account's password": 4723, "An attempt was made to reset an account's password": 4724,
	"A user account was disabled": 4725, "A user account was deleted": 4726, "A member was added to a security-enabled global group": 4728,
	"A member was removed from a security-enabled global group": 4729, "A member was added to a security-enabled local group": 4732,
	"A member was removed from a security-enabled local group": 4733, "A user account was changed": 4738, "A user account was locked out": 4740,
	"A computer account was created": 4741, "A computer account was changed": 4742, "A member was added to a security-enabled universal group": 4756,
	"A user account was unlocked": 4767, "A Kerberos authentication ticket (TGT) was requested": 4768, "A Kerberos service ticket was requested": 4769,
	"A Kerberos service ticket was renewed": 4770, "Kerberos pre-authentication failed": 4771,
	"The computer attempted to validate the credentials for an account": 4776, "The domain controller attempted to validate the credentials for an account": 4776,
	"A session was reconnected to a Window Station": 4778, "A session was disconnected from a Window Station": 4779,
	"A network share object was accessed": 5140, "A network share object was checked to see whether client can be granted desired access": 5145,
	"A directory service object was modified": 5136, "The Windows Filtering Platform has permitted a connection": 5156,
	"The Windows Filtering Platform has blocked a connection": 5157, "The audit log was cleared": 1102, "A registry value was modified": 4657,
	"An attempt was made to access an object": 4663, "A handle to an object was requested": 4656, "The handle to an object was closed": 4658,
	"A security-enabled local group membership was enumerated": 4799, "A user's local group membership was enumerated": 4798,
}

// sysmonSentences are those of Sysmon's messages.
var sysmonSentences = map[string]int{
	"Process Create": 1, "File creation time changed": 2, "Network connection detected": 3, "Sysmon service state changed": 4,
	"Process terminated": 5, "Driver loaded": 6, "Image loaded": 7, "CreateRemoteThread detected": 8, "RawAccessRead detected": 9,
	"Process accessed": 10, "File created": 11, "Registry object added or deleted": 12, "Registry value set": 13, "Registry object renamed": 14,
	"File stream created": 15, "Pipe Created": 17, "Pipe Connected": 18, "Dns query": 22, "File Delete archived": 23, "Clipboard changed": 24,
	"Process Tampering": 25, "File Delete logged": 26,
}

// maxSentence bounds the first sentence of a message.
const maxSentence = 128

// numberBySentence is the id of an event whose message begins with a known sentence, -1 for others.
func (r *record) numberBySentence() int {
	m := r.v[message]
	m = m[:min(len(m), maxSentence)]
	known, end := sentences, byte('.')
	if sources[string(r.v[provider])] == sysmon {
		known, end = sysmonSentences, ':'
	}
	if i := bytes.IndexByte(m, end); i >= 0 {
		if id, ok := known[string(m[:i])]; ok {
			return id
		}
	}
	return -1
}
