package main

import (
	"bytes"

	"github.com/logcenter/logcenter/sdk/jsonscan"
	"github.com/logcenter/logcenter/sdk/keys"
)

// slot is a value of an event that is wanted.
type slot uint8

// Values of the event's head, then of its data by their names in the event schema.
const (
	none slot = iota
	created
	eventID
	provider
	channel
	computer
	level
	keywords
	eventType
	recordID
	execPID
	userSID
	message
	received // by the shipper
	utcTime

	subjectSID
	subjectName
	subjectDomain
	subjectLogon
	targetSID
	targetName
	targetDomain
	targetLogon
	newTargetName
	memberName
	memberSID
	logonType
	logonProcess
	authPackage
	workstation
	ipAddress
	ipPort
	processID
	processName
	newProcessID
	newProcessName
	parentProcessName
	commandLine
	status
	subStatus
	serviceName
	serviceFile
	serviceStart
	serviceAccount
	taskName
	objectName
	objectType
	objectValue
	accessMask
	shareName
	sharePath
	privileges
	ticketEncryption
	policyChanges
	accountName
	accountDomain
	clientName
	targetServer
	destAddress
	destPort
	protocol
	direction
	threatName
	threatPath
	threatSeverity
	script
	serviceType
	objectServer
	operation
	displayName
	principalName
	reason

	actor
	guid
	parentProcessGUID
	parentProcessID
	parentCommandLine
	currentDirectory
	targetFile
	imageLoaded
	targetImage
	pipeName
	details
	queryName
	queryResults
	destPortName
	initiated
	fileHashes

	callingStation
	accessServerIP
	proxyPolicy
	authServer

	actorName // of who wrote the event, by its client
	actorDomain
	ticketOptions
	preAuth
	handle
	accesses
	impersonation
	elevated
	keyLength
	logonGUID
	lmPackage
	tokenType
	integrity
	threadID
	taskCategory
	activityID
	originalName
	company
	productName
	fileDescription
	fileVersion
	signed
	signature
	signatureStatus
	callTrace
	startAddress
	startModule
	startFunction
	terminalSession
	targetProcessID
	targetGUID
	sysmonType
	oldValue
	failureReason

	param1
	param2
	param3
	slots
)

// heads are the paths by which shippers name what is in the head of an event.
var heads = keys.New(map[string]slot{
	"@timestamp": created, "EventTime": created, "TimeCreated": created, "TimeGenerated": created, "TimeCreated.SystemTime": created,
	"winlog.event_id": eventID, "EventID": eventID, "EventId": eventID, "event_id": eventID, "winlog.event_id.value": eventID, "event.code": eventID,
	"winlog.provider_name": provider, "event.provider": provider, "SourceName": provider, "ProviderName": provider, "Provider": provider, "provider_name": provider, "source_name": provider,
	"Event.System.Provider.Name": provider, "Event.System.Provider.#attributes.Name": provider, "Event.System.EventID": eventID,
	"Event.System.TimeCreated.SystemTime": created, "Event.System.TimeCreated.#attributes.SystemTime": created,
	"Event.System.Channel": channel, "Event.System.Computer": computer, "Event.System.EventRecordID": recordID, "Event.System.Level": level,
	"Event.System.Keywords": keywords, "log_name": channel, "record_number": recordID, "Description": message,
	"winlog.channel": channel, "Channel": channel, "channel": channel,
	"winlog.computer_name": computer, "Hostname": computer, "Computer": computer, "ComputerName": computer, "computer_name": computer,
	"log.level": level, "Severity": level, "Level": level, "level": level,
	"winlog.keywords": keywords, "Keywords": keywords, "keywords": keywords,
	"EventType": eventType, "event.outcome": eventType,
	"winlog.record_id": recordID, "RecordNumber": recordID, "EventRecordID": recordID, "RecordID": recordID, "record_id": recordID,
	"winlog.process.pid": execPID, "ExecutionProcessID": execPID, "ProcessID": execPID, "process_id": execPID,
	"winlog.user.identifier": userSID, "UserID": userSID, "Sid": userSID,
	"winlog.process.thread.id": threadID, "ThreadID": threadID, "ExecutionThreadID": threadID, "thread_id": threadID,
	"winlog.task": taskCategory, "Category": taskCategory, "task": taskCategory, "TaskCategory": taskCategory,
	"winlog.activity_id": activityID, "ActivityID": activityID, "activity_id": activityID,
	"message": message, "Message": message, "EventReceivedTime": received,
	// Diagnostics of Azure.
	"time": created, "properties.EventId": eventID, "properties.ProviderName": provider, "properties.Channel": channel, "properties.Level": level,
	"properties.Pid": execPID, "properties.RoleInstance": computer, "properties.Description": message,
})

// data are the names of an event's own data, from the event schemas of the providers.
var data = keys.New(map[string]slot{
	"SubjectUserSid": subjectSID, "SubjectUserName": subjectName, "SubjectDomainName": subjectDomain, "SubjectLogonId": subjectLogon,
	"TargetUserSid": targetSID, "TargetSid": targetSID, "TargetUserName": targetName, "TargetDomainName": targetDomain, "TargetLogonId": targetLogon,
	"OldTargetUserName": targetName, "NewTargetUserName": newTargetName, "MemberName": memberName, "MemberSid": memberSID,
	"LogonType": logonType, "LogonProcessName": logonProcess, "AuthenticationPackageName": authPackage, "PackageName": authPackage,
	"WorkstationName": workstation, "Workstation": workstation, "IpAddress": ipAddress, "IpPort": ipPort, "SourceAddress": ipAddress,
	"SourcePort": ipPort, "ClientAddress": ipAddress, "ProcessId": processID, "ProcessID": processID, "ProcessName": processName, "Application": processName,
	"CallerProcessId": processID, "CallerProcessName": processName,
	"NewProcessId": newProcessID, "NewProcessName": newProcessName, "ParentProcessName": parentProcessName, "CommandLine": commandLine,
	"Status": status, "ErrorCode": status, "SubStatus": subStatus, "ServiceName": serviceName, "ServiceFileName": serviceFile, "ImagePath": serviceFile,
	"ServiceStartType": serviceStart, "StartType": serviceStart, "ServiceAccount": serviceAccount, "TaskName": taskName,
	"ObjectName": objectName, "ObjectDN": objectName, "ObjectType": objectType, "ObjectClass": objectType, "ObjectValueName": objectValue,
	"AttributeLDAPDisplayName": objectValue, "AccessMask": accessMask, "ShareName": shareName,
	"RelativeTargetName": sharePath, "PrivilegeList": privileges, "TicketEncryptionType": ticketEncryption, "AuditPolicyChanges": policyChanges,
	"AccountName": accountName, "AccountDomain": accountDomain, "ClientName": clientName, "TargetServerName": targetServer,
	"DestAddress": destAddress, "DestPort": destPort, "Protocol": protocol, "Direction": direction, "Threat Name": threatName, "Path": threatPath,
	"Severity Name": threatSeverity, "ScriptBlockText": script, "param1": param1, "param2": param2, "param3": param3,
	"Param1": accountName, "Param2": accountDomain, "Param3": ipAddress,
	"Domain": accountDomain, "Service File Name": serviceFile, "ServiceType": serviceType, "ObjectServer": objectServer, "OperationType": operation,
	"DisplayName": displayName, "UserPrincipalName": principalName, "Payload": script, "Reason": reason,

	"User": actor, "SourceUser": actor, "Image": processName, "SourceImage": processName, "ProcessGuid": guid, "SourceProcessGUID": guid, "SourceProcessId": processID,
	"ParentImage": parentProcessName, "ParentProcessGuid": parentProcessGUID, "ParentProcessId": parentProcessID,
	"ParentCommandLine": parentCommandLine, "CurrentDirectory": currentDirectory, "TargetFilename": targetFile, "ImageLoaded": imageLoaded,
	"TargetImage": targetImage, "GrantedAccess": accessMask, "PipeName": pipeName, "TargetObject": objectName, "NewName": newTargetName,
	"Details": details, "QueryName": queryName, "QueryResults": queryResults, "SourceIp": ipAddress, "SourceHostname": workstation,
	"DestinationIp": destAddress, "DestinationPort": destPort, "DestinationHostname": targetServer, "DestinationPortName": destPortName,
	"Initiated": initiated, "Hashes": fileHashes, "RuleName": threatName, "UtcTime": utcTime,

	"ClientIPAddress": ipAddress, "CallingStationID": callingStation, "NASIPv4Address": accessServerIP, "NetworkPolicyName": threatName,
	"Requester": actor, "Detection User": actor, "Process Name": processName, "FilePath": targetFile,
	"TicketOptions": ticketOptions, "PreAuthType": preAuth, "HandleId": handle, "AccessList": accesses, "ImpersonationLevel": impersonation,
	"ElevatedToken": elevated, "KeyLength": keyLength, "LogonGuid": logonGUID, "LmPackageName": lmPackage, "TokenElevationType": tokenType,
	"MandatoryLabel": integrity, "IntegrityLevel": integrity, "OriginalFileName": originalName, "Company": company, "Product": productName,
	"Description": fileDescription, "FileVersion": fileVersion, "Signed": signed, "Signature": signature, "SignatureStatus": signatureStatus,
	"CallTrace": callTrace, "StartAddress": startAddress, "StartModule": startModule, "StartFunction": startFunction,
	"TerminalSessionId": terminalSession, "LogonId": subjectLogon, "TargetProcessId": targetProcessID, "TargetProcessGuid": targetGUID, "TargetProcessGUID": targetGUID,
	"EventType": sysmonType, "OldValue": oldValue, "NewValue": details, "FailureReason": failureReason,
	"ProxyPolicyName": proxyPolicy, "AuthenticationServer": authServer,
})

// datum is where a value of that name belongs.
func datum(name []byte) slot {
	if s := data.Get(name); s != nil {
		return *s
	}
	return none
}

// maxInserts is how many values without a name are kept of an event.
const maxInserts = 32

// record is what is wanted of an event. Values are slices of the line with its escapes.
type record struct {
	v       [slots][]byte
	escaped [slots]bool                // the value has escapes
	decode  func(dst, v []byte) []byte // takes them out
	timed   bool                       // the header's time is that of the event
	marks   byte                       // of the keywords: audit success or failure

	inserts [maxInserts]struct { // values without names, in their order
		v       []byte
		escaped bool
	}
	n int
}

// put keeps the first value of a slot, as what is a part of the event comes before what shippers add.
func (r *record) put(s slot, v []byte, escaped bool) {
	if s != none && r.v[s] == nil && len(v) > 0 && string(v) != "-" {
		r.v[s], r.escaped[s] = v, escaped
	}
}

func (r *record) insert(v []byte, escaped bool) {
	if r.n < maxInserts {
		r.inserts[r.n].v, r.inserts[r.n].escaped = v, escaped
		r.n++
	}
}

// json reads an event of a shipper.
func (r *record) json(body []byte) error {
	r.decode = jsonscan.AppendUnescaped
	it := jsonscan.Scan(body)
	for it.Next() {
		if it.Kind() == jsonscan.Null {
			continue
		}
		path, v := it.Path(), it.Value()
		if s := heads.Get(path); s != nil {
			if *s == keywords {
				r.keyword(v)
			}
			r.put(*s, v, it.Escaped())
			continue
		}
		switch string(path) {
		case "StringInserts", "EventData": // an array of values
			r.insert(v, it.Escaped())
		default:
			r.put(datum(own(path)), v, it.Escaped())
		}
	}
	if it.Err() != nil {
		return errJSON
	}
	return nil
}

// own is the name of a value of the event's data: at the top, as NXLog writes it, or below event_data, EventData and the
// like; empty for all that shippers have elsewhere.
func own(path []byte) []byte {
	i := bytes.LastIndexByte(path, '.')
	if i < 0 {
		return path
	}
	front := path[:i]
	j := bytes.LastIndexByte(front, '.')
	if j > 0 && bytes.HasSuffix(front[:j], []byte("UserData")) { // UserData.LogFileCleared.SubjectUserName
		return path[i+1:]
	}
	switch string(front[j+1:]) {
	case "event_data", "EventData", "user_data", "UserData":
		return path[i+1:]
	}
	return nil
}

const (
	auditSuccess = 1
	auditFailure = 2
)

// keyword looks for the marks of audit events, which shippers write as a number in decimal or hexadecimal or in words.
func (r *record) keyword(v []byte) {
	switch {
	case bytes.HasPrefix(v, []byte("0x802")), string(v) == "-9214364837600034816", string(v) == "Audit Success", string(v) == "审核成功":
		r.marks = auditSuccess
	case bytes.HasPrefix(v, []byte("0x801")), string(v) == "-9218868437227405312", string(v) == "Audit Failure", string(v) == "审核失败":
		r.marks = auditFailure
	}
}
