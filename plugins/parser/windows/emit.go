package main

import (
	"bytes"
	"time"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/timestamp"
)

// emit sets the fields of an event and returns its id, -1 if it has none.
func (r *record) emit(ev *sdk.Event, zone *time.Location) int {
	id := -1
	if n, ok := number(bytes.TrimSpace(r.v[eventID])); ok && n < 1<<16 {
		id = int(n)
		ev.Set(ecs.EventCode, bytes.TrimSpace(r.v[eventID]))
	} else if r.v[eventID] != nil {
		ev.Bad(ecs.EventCode, "not an event id from 0 to 65535")
	}
	if id < 0 && r.v[eventID] == nil {
		id = r.numberBySentence()
	}
	for i, s := range inserts[id] {
		if i < r.n {
			r.put(s, r.inserts[i].v, r.inserts[i].escaped)
		}
	}
	r.head(ev, zone)
	if r.v[guid] != nil && r.v[processID] == nil {
		r.ownProcess()
	}
	from, known := sources[string(r.v[provider])]
	if !known && (string(r.v[channel]) == "Security" || r.v[channel] == nil && r.v[provider] == nil) {
		from = auditing
	}
	m := meanings[key{from, id}]
	if m == nil {
		m = r.unknown(from)
	}
	ev.SetString(ecs.EventAction, m.action)
	for _, c := range m.category {
		ev.SetString(ecs.EventCategory, c)
	}
	for _, t := range m.types {
		ev.SetString(ecs.EventType, t)
	}
	logType := m.logType
	if logType == "" {
		logType = security
	}
	ev.SetString(ecs.LogcenterLogType, logType)
	ev.SetString(ecs.EventDataset, dataset(r.v[channel]))
	r.outcome(ev, m)
	if r.v[subjectName] == nil && m.role == bySubject && (from == auditing || from == eventlog) {
		r.subject()
	}
	r.accounts(ev, m.role, id)
	r.logon(ev, id)
	r.processes(ev, id)
	r.objects(ev, id)
	switch {
	case from == sysmon:
		r.endpoint(ev, id)
		r.registry(ev, id)
	case id == 4657:
		r.registry(ev, id)
	case from == auditing && id >= 6272 && id <= 6280:
		r.network(ev)
	}
	return id
}

// Meanings of events that the table does not have.
var (
	securityEvent = meaning{types: info}
	failure       = meaning{types: errorType, logType: failing}
	state         = meaning{types: info, logType: runState}
	anything      = meaning{types: info, logType: other}
)

func (r *record) unknown(from source) *meaning {
	switch {
	case from == auditing, from == defender, from == powerShell, from == sysmon, from == federation, from == appLocker, string(r.v[channel]) == "Security":
		return &securityEvent
	case r.isError():
		return &failure
	case string(r.v[channel]) == "System":
		return &state
	}
	return &anything
}

// isError says whether the device's own level is critical or error.
func (r *record) isError() bool {
	switch string(r.v[level]) {
	case "1", "2", "Critical", "Error", "critical", "error", "ERROR", "CRITICAL", "错误", "关键":
		return true
	}
	return false
}

func dataset(channel []byte) string {
	switch string(channel) {
	case "Security":
		return "windows.security"
	case "System":
		return "windows.system"
	case "Application":
		return "windows.application"
	}
	return "windows.eventlog"
}

// set puts a value on the event without its escapes.
func (r *record) set(ev *sdk.Event, f ecs.Field, s slot) {
	if len(r.v[s]) > 0 { // most have none: this much is inlined
		r.setPart(ev, f, s, r.v[s])
	}
}

// setPart is set for a part of the value, which may be empty.
func (r *record) setPart(ev *sdk.Event, f ecs.Field, s slot, part []byte) {
	if r.escaped[s] {
		ev.SetDecoded(f, part, r.decode)
		return
	}
	ev.Set(f, part)
}

func (r *record) head(ev *sdk.Event, zone *time.Location) {
	if r.v[created] == nil {
		r.v[created] = r.v[received]
	}
	if t := r.v[created]; len(t) > 10 && t[10] == 'T' && t[len(t)-1] == 'Z' {
		ev.SetTime(time.RFC3339Nano, zone, t)
	} else if utc := r.v[utcTime]; utc != nil { // Sysmon's own, where the shipper writes a local one
		ev.SetTime("2006-01-02 15:04:05", time.UTC, utc)
	} else if n, ok := number(t); ok && n > 1e15 {
		ev.SetTime(timestamp.UnixMicro, zone, t) // NXLog, where to_json was told to
	} else {
		ev.SetTime(timestamp.Any, zone, t)
	}
	r.set(ev, ecs.EventProvider, provider)
	if n, ok := number(r.v[threadID]); ok && n < 1<<32 {
		ev.SetInt(ecs.ProcessThreadID, int64(n))
	}
	r.set(ev, category, taskCategory)
	ev.Set(activity, r.v[activityID])
	r.set(ev, ecs.LogLogger, channel)
	r.set(ev, ecs.HostName, computer)
	ev.Set(ecs.EventSequence, r.v[recordID])
	if v := r.v[level]; len(v) == 1 && v[0]-'0' <= 9 {
		ev.Set(ecs.EventSeverity, v)
	} else {
		r.set(ev, levelWord, level)
	}
	if !ev.SetSeverity(r.v[level]) {
		ev.SetLevel(ecs.Informational)
	}
	r.setPart(ev, ecs.EventReason, message, firstLine(r.v[message]))
}

// firstLine is a message up to its first line end, which stands in it as \r\n, \n, as a reference or as it is.
func firstLine(v []byte) []byte {
	for i, c := range v {
		switch {
		case c == '\n', c == '\r', c == '\\' && i+1 < len(v) && (v[i+1] == 'n' || v[i+1] == 'r') && (i == 0 || v[i-1] != '\\'),
			c == '&' && (bytes.HasPrefix(v[i:], []byte("&#13;")) || bytes.HasPrefix(v[i:], []byte("&#xD;")) || bytes.HasPrefix(v[i:], []byte("&#10;"))):
			return v[:i:i]
		}
	}
	return v
}

// outcome is what the keywords of an audit event say, else its status, else its id.
func (r *record) outcome(ev *sdk.Event, m *meaning) {
	switch string(r.v[eventType]) {
	case "AUDIT_SUCCESS", "SuccessAudit", "success":
		r.marks = auditSuccess
	case "AUDIT_FAILURE", "FailureAudit", "failure":
		r.marks = auditFailure
	}
	switch r.marks {
	case auditSuccess:
		ev.SetString(ecs.EventOutcome, "success")
	case auditFailure:
		ev.SetString(ecs.EventOutcome, "failure")
	default:
		ev.SetString(ecs.EventOutcome, m.outcome)
	}
}

func (r *record) accounts(ev *sdk.Event, who role, id int) {
	switch who {
	case byTarget:
		if id == 4769 || id == 4770 { // li.si@CORP.EXAMPLE
			ev.SetAccount(ecs.UserName, ecs.UserDomain, r.v[targetName])
		} else {
			r.set(ev, ecs.UserName, targetName)
		}
		if r.v[targetDomain] != nil {
			r.set(ev, ecs.UserDomain, targetDomain)
		}
		ev.Set(ecs.UserID, r.v[targetSID])
		ev.Set(logonID, r.v[targetLogon])
		r.set(ev, ecs.SourceUserName, subjectName)
		return
	case bySession:
		r.set(ev, ecs.UserName, accountName)
		r.set(ev, ecs.UserDomain, accountDomain)
		return
	case onUser:
		r.set(ev, ecs.UserTargetName, targetName)
		ev.Set(targetUserID, r.v[targetSID])
		if id == 4740 { // where its name would be is the machine that the attempts came from
			r.set(ev, ecs.SourceDomain, targetDomain)
		} else {
			r.set(ev, targetUserDomain, targetDomain)
		}
	case onGroup:
		r.set(ev, ecs.GroupName, targetName)
		r.set(ev, groupDomain, targetDomain)
		ev.Set(ecs.GroupID, r.v[targetSID])
		r.set(ev, ecs.UserTargetName, memberName)
		ev.Set(targetUserID, r.v[memberSID])
	case withTarget:
		r.set(ev, ecs.UserEffectiveName, targetName)
	case withService:
		r.set(ev, ecs.UserEffectiveName, accountName)
	case bySubject:
		if r.domainAccount(ev) {
			return
		}
		if r.v[subjectName] == nil && r.v[actorName] != nil {
			r.set(ev, ecs.UserName, actorName)
			r.set(ev, ecs.UserDomain, actorDomain)
		} else if r.v[subjectName] == nil && r.v[accountName] != nil { // NXLog: the account that wrote the event
			r.set(ev, ecs.UserName, accountName)
			r.set(ev, ecs.UserDomain, accountDomain)
		}
	}
	r.set(ev, ecs.UserName, subjectName)
	r.set(ev, ecs.UserDomain, subjectDomain)
	if ev.Set(ecs.UserID, r.v[subjectSID]); r.v[subjectSID] == nil && r.v[guid] == nil { // else it is Sysmon's
		ev.Set(ecs.UserID, r.v[userSID])
	}
	ev.Set(logonID, r.v[subjectLogon])
}

// domainAccount sets CORP\li.si, in which JSON has escaped the backslash. It is false if there is no such account.
func (r *record) domainAccount(ev *sdk.Event) bool {
	v := r.v[actor]
	i, n := bytes.Index(v, []byte(`\\`)), 2
	if i < 0 && !r.escaped[actor] {
		i, n = bytes.IndexByte(v, '\\'), 1
	}
	if i <= 0 {
		return false
	}
	r.setPart(ev, ecs.UserDomain, actor, v[:i])
	r.setPart(ev, ecs.UserName, actor, v[i+n:])
	return true
}

// logon sets how and from where somebody logged on, and why that failed.
func (r *record) logon(ev *sdk.Event, id int) {
	if n, ok := number(r.v[logonType]); ok {
		ev.SetInt(logonCode, int64(n))
		if n < uint64(len(logonTypes)) {
			ev.SetString(logonKind, logonTypes[n])
		}
	}
	r.setPart(ev, logonProc, logonProcess, bytes.TrimSpace(r.v[logonProcess]))
	r.set(ev, authentic, authPackage)
	if ip := r.v[ipAddress]; ip != nil && string(ip) != "LOCAL" {
		ev.SetIP(ecs.SourceIP, ip)
	}
	if port := r.v[ipPort]; string(port) != "0" {
		ev.SetPort(ecs.SourcePort, port)
	}
	r.set(ev, ecs.SourceDomain, workstation)
	r.set(ev, ecs.SourceDomain, clientName)
	r.set(ev, ecs.DestinationDomain, targetServer)
	r.set(ev, statusCode, status)
	r.set(ev, subStatusCode, subStatus)
	ev.Set(encryption, r.v[ticketEncryption])
	for i := range further {
		r.set(ev, further[i].field, further[i].slot)
	}
	names := statuses
	switch id {
	case 4768, 4769, 4771:
		names = kerberos
	}
	for _, s := range [...]slot{subStatus, status} {
		if n, ok := number(r.v[s]); ok {
			if text := names[n]; text != "" {
				ev.SetString(why, text)
				return
			}
		}
	}
}

// processes sets the process that acts, or for event 4688 the one that was made.
func (r *record) processes(ev *sdk.Event, id int) {
	if id == 4688 {
		r.executable(ev, newProcessName)
		pid(ev, ecs.ProcessPID, r.v[newProcessID])
		pid(ev, ecs.ProcessParentPID, r.v[processID])
		r.parent(ev)
		r.set(ev, ecs.ProcessCommandLine, commandLine)
		return
	}
	r.executable(ev, processName)
	if n, ok := number(r.v[processID]); ok && n > 0 {
		pid(ev, ecs.ProcessPID, r.v[processID])
		return
	}
	if r.v[guid] == nil { // else the one that writes is Sysmon
		pid(ev, ecs.ProcessPID, r.v[execPID])
	}
}

// parent sets the program of the process that made the process.
func (r *record) parent(ev *sdk.Event) {
	r.set(ev, parentExecutable, parentProcessName)
	v := r.v[parentProcessName]
	r.setPart(ev, parentName, parentProcessName, v[bytes.LastIndexByte(v, '\\')+1:])
}

func (r *record) executable(ev *sdk.Event, s slot) {
	r.set(ev, ecs.ProcessExecutable, s)
	v := r.v[s]
	r.setPart(ev, ecs.ProcessName, s, v[bytes.LastIndexByte(v, '\\')+1:])
}

func pid(ev *sdk.Event, f ecs.Field, v []byte) {
	switch n, ok := number(v); {
	case ok && n <= 1<<32:
		ev.SetInt(f, int64(n))
	case v != nil:
		ev.Bad(f, "not a process id, in decimal or behind 0x")
	}
}

// objects sets what was touched: services, tasks, files, keys, shares, connections, malware.
func (r *record) objects(ev *sdk.Event, id int) {
	switch id {
	case 7040:
		r.set(ev, ecs.ServiceName, param1)
		r.set(ev, startType, param3)
	case 7036, 7000, 7031, 7034:
		r.set(ev, ecs.ServiceName, param1)
		r.set(ev, serviceState, param2)
	default:
		r.set(ev, ecs.ServiceName, serviceName)
	}
	r.set(ev, imagePath, serviceFile)
	r.set(ev, startType, serviceStart)
	r.set(ev, serviceKind, serviceType)
	r.set(ev, ecs.UserEffectiveName, serviceAccount)
	r.set(ev, task, taskName)
	r.set(ev, object, objectName)
	r.set(ev, objectKind, objectType)
	r.set(ev, objectPart, objectValue)
	r.set(ev, objectOwner, objectServer)
	r.set(ev, operationKind, operation)
	r.set(ev, fullName, displayName)
	r.set(ev, principal, principalName)
	if string(r.v[objectType]) == "File" {
		r.set(ev, ecs.FilePath, objectName)
	}
	ev.Set(mask, r.v[accessMask])
	r.set(ev, share, shareName)
	if r.v[shareName] != nil {
		r.set(ev, ecs.FilePath, sharePath)
	}
	r.setPart(ev, rights, privileges, bytes.TrimSpace(r.v[privileges]))
	r.set(ev, policy, policyChanges)
	r.set(ev, renamed, newTargetName)
	if r.v[destAddress] != nil {
		ev.SetIP(ecs.DestinationIP, r.v[destAddress])
		ev.SetPort(ecs.DestinationPort, r.v[destPort])
		ev.SetString(ecs.NetworkTransport, transport(r.v[protocol]))
		switch string(r.v[direction]) {
		case "%%14592":
			ev.SetString(ecs.NetworkDirection, "inbound")
		case "%%14593":
			ev.SetString(ecs.NetworkDirection, "outbound")
		}
	}
	r.set(ev, ecs.RuleName, threatName)
	r.set(ev, ecs.FilePath, targetFile)
	r.fileName(ev, targetFile)
	r.setPart(ev, ecs.FilePath, threatPath, bytes.TrimPrefix(r.v[threatPath], []byte("file:_")))
	r.set(ev, scriptText, script)
}

// fileName sets the last part of the path in s.
func (r *record) fileName(ev *sdk.Event, s slot) {
	v := r.v[s]
	r.setPart(ev, ecs.FileName, s, v[bytes.LastIndexByte(v, '\\')+1:])
}

// further are values that are set as they are.
var further = [...]struct {
	slot  slot
	field ecs.Field
}{
	{ticketOptions, kerberosOptions},
	{preAuth, preAuthentication},
	{handle, handleID},
	{accesses, accessList},
	{impersonation, impersonationLevel},
	{elevated, elevatedToken},
	{keyLength, sessionKeyBits},
	{logonGUID, logonIdentity},
	{lmPackage, lmVersion},
	{tokenType, tokenElevation},
	{integrity, integrityLevel},
	{failureReason, failureCode},
}

// Fields of the plugin's own, and those of ECS that the SDK has no constant for.
var (
	levelWord        = ecs.New("windows.level", ecs.Keyword, "Severity in words, from shippers that write no number.")
	targetUserDomain = ecs.New("user.target.domain", ecs.Keyword, "Domain of the user whom the action was done to.")
	targetUserID     = ecs.New("user.target.id", ecs.Keyword, "SID of the user whom the action was done to.")
	groupDomain      = ecs.New("group.domain", ecs.Keyword, "Domain, or Builtin, that the group belongs to.")
	parentExecutable = ecs.New("process.parent.executable", ecs.Keyword, "Program of the process that started the process.")
	logonID          = ecs.New("windows.logon.id", ecs.Keyword, "Number of the logon session, which ties its events together until the host restarts.")
	logonKind        = ecs.New("windows.logon.type", ecs.Keyword, "How somebody logged on: Interactive, Network, RemoteInteractive, ...")
	logonCode        = ecs.New("windows.logon.type_code", ecs.Long, "How somebody logged on, by the number that Windows has for it.")
	logonProc        = ecs.New("windows.logon.process", ecs.Keyword, "Trusted process that took the credentials, e.g. User32 or NtLmSsp.")
	authentic        = ecs.New("windows.logon.package", ecs.Keyword, "Package that checked the credentials: Kerberos, NTLM, Negotiate, ...")
	statusCode       = ecs.New("windows.status", ecs.Keyword, "Result as a code of NTSTATUS or Kerberos, hexadecimal.")
	subStatusCode    = ecs.New("windows.sub_status", ecs.Keyword, "Closer reason of a failed logon as a code of NTSTATUS.")
	why              = ecs.New("windows.failure_reason", ecs.Keyword, "Why a logon or a ticket was refused, in words for the code.")
	encryption       = ecs.New("windows.ticket_encryption", ecs.Keyword, "Encryption of a Kerberos ticket by its number: 0x17 is RC4, 0x12 AES256.")
	serviceState     = ecs.New("windows.service.state", ecs.Keyword, "State that a service came into, or what became of its start.")
	serviceKind      = ecs.New("windows.service.type", ecs.Keyword, "Kind of a service: own process, driver, ..., by name or number.")
	objectOwner      = ecs.New("windows.object.server", ecs.Keyword, "Part of Windows that the object belongs to: Security, DS, SC Manager, ...")
	operationKind    = ecs.New("windows.operation", ecs.Keyword, "What was done with an object of the directory.")
	fullName         = ecs.New("user.target.full_name", ecs.Keyword, "Name in full of the user whom the action was done to.")
	principal        = ecs.New("windows.user_principal_name", ecs.Keyword, "Name by which an account logs on everywhere, as in li.si@corp.example.")
	imagePath        = ecs.New("windows.service.image_path", ecs.Keyword, "Command by which a service is started.")
	startType        = ecs.New("windows.service.start_type", ecs.Keyword, "When a service starts: by itself, on demand or never.")
	task             = ecs.New("windows.task", ecs.Keyword, "Scheduled task that was made, changed or removed.")
	object           = ecs.New("windows.object.name", ecs.Keyword, "File, registry key or entry of the directory that was touched.")
	objectKind       = ecs.New("windows.object.type", ecs.Keyword, "What kind of object was touched: File, Key, user, ...")
	objectPart       = ecs.New("windows.object.value", ecs.Keyword, "Registry value or attribute of the object that was touched.")
	mask             = ecs.New("windows.access_mask", ecs.Keyword, "Rights that were asked for, as bits in hexadecimal.")
	share            = ecs.New("windows.share", ecs.Keyword, "Network share that was opened.")
	rights           = ecs.New("windows.privileges", ecs.Keyword, "Privileges that a session got or used, by their constants.")
	policy           = ecs.New("windows.policy_changes", ecs.Keyword, "What became of the audit policy, as numbers of messages of Windows.")
	renamed          = ecs.New("windows.new_name", ecs.Keyword, "What an account is called from now on.")
	scriptText       = ecs.New("windows.script", ecs.Keyword, "Text of a script that PowerShell ran.")
)
