package main

import (
	"bytes"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
)

// endpoint sets what events of Sysmon have beside those of the Security log: "Sysmon" of Microsoft's Sysinternals,
// section "Events".
func (r *record) endpoint(ev *sdk.Event, id int) {
	ev.Set(processGUID, r.v[guid])
	ev.Set(parentGUID, r.v[parentProcessGUID])
	pid(ev, ecs.ProcessParentPID, r.v[parentProcessID])
	r.parent(ev)
	r.set(ev, parentCommand, parentCommandLine)
	r.set(ev, ecs.ProcessCommandLine, commandLine)
	r.set(ev, workingDirectory, currentDirectory)
	r.set(ev, ecs.FilePath, imageLoaded)
	r.fileName(ev, imageLoaded)
	ev.Set(targetGUIDField, r.v[targetGUID])
	pid(ev, targetPID, r.v[targetProcessID])
	for i := range image {
		r.set(ev, image[i].field, image[i].slot)
	}
	r.set(ev, targetExecutable, targetImage)
	r.set(ev, pipe, pipeName)
	r.set(ev, newData, details)
	r.set(ev, ecs.DNSQuestionName, queryName)
	r.set(ev, answers, queryResults)
	ev.Set(ecs.NetworkProtocol, r.v[destPortName])
	switch string(r.v[initiated]) {
	case "true":
		ev.SetString(ecs.NetworkDirection, "outbound")
	case "false":
		ev.SetString(ecs.NetworkDirection, "inbound")
	}
	if id == 1 {
		r.hashes(ev, processMD5, processSHA1, processSHA256)
	} else {
		r.hashes(ev, ecs.FileHashMD5, ecs.FileHashSHA1, ecs.FileHashSHA256)
	}
}

// registry sets the key and the value that were changed: events 12 to 14 of Sysmon and 4657.
func (r *record) registry(ev *sdk.Event, id int) {
	if id != 4657 && (id < 12 || id > 14) {
		return
	}
	path := r.v[objectName]
	r.setPart(ev, registryPath, objectName, path)
	hive, key, ok := bytes.Cut(path, []byte(`\`))
	if id == 4657 { // \REGISTRY\MACHINE\SOFTWARE\…
		r.set(ev, registryValue, objectValue)
		r.setPart(ev, registryKey, objectName, path)
	} else if ok {
		r.setPart(ev, registryHive, objectName, hive)
		key = bytes.TrimPrefix(key, []byte(`\`)) // JSON has two
		if i := bytes.LastIndexByte(key, '\\'); id == 13 && i >= 0 {
			r.setPart(ev, registryValue, objectName, key[i+1:])
			key = bytes.TrimRight(key[:i], `\`)
		}
		r.setPart(ev, registryKey, objectName, key)
	}
	r.set(ev, registryData, details)
	r.set(ev, registryOld, oldValue)
	r.set(ev, registryAction, sysmonType)
}

// image are what Sysmon says of a program, of a library, and of a thread that was started in another process.
var image = [...]struct {
	slot  slot
	field ecs.Field
}{
	{originalName, originalFileName},
	{company, imageCompany},
	{productName, imageProduct},
	{fileDescription, imageDescription},
	{fileVersion, imageVersion},
	{signed, imageSigned},
	{signature, imageSigner},
	{signatureStatus, imageSignature},
	{callTrace, calls},
	{startAddress, threadAddress},
	{startModule, threadModule},
	{startFunction, threadFunction},
	{terminalSession, terminalNumber},
}

// hashes reads "SHA1=…,MD5=…,SHA256=…,IMPHASH=…".
func (r *record) hashes(ev *sdk.Event, md5, sha1, sha256 ecs.Field) {
	for b := r.v[fileHashes]; len(b) > 0; {
		pair, rest, _ := bytes.Cut(b, []byte(","))
		pair = bytes.TrimSpace(pair)
		name, v, _ := bytes.Cut(pair, []byte("="))
		switch string(name) {
		case "MD5":
			ev.Set(md5, v)
		case "SHA1":
			ev.Set(sha1, v)
		case "SHA256":
			ev.Set(sha256, v)
		case "IMPHASH":
			if len(bytes.Trim(v, "0")) > 0 {
				ev.Set(importHash, v)
			}
		}
		b = rest
	}
}

// Fields of what Sysmon tells, and of network policy servers.
var (
	parentName         = ecs.New("process.parent.name", ecs.Keyword, "File name of the program that started the process.")
	importHash         = ecs.New("process.pe.imphash", ecs.Keyword, "Digest of the list of functions that a program imports.")
	originalFileName   = ecs.New("process.pe.original_file_name", ecs.Keyword, "File name that the maker gave a program.")
	imageCompany       = ecs.New("process.pe.company", ecs.Keyword, "Maker of a program, by itself.")
	imageProduct       = ecs.New("process.pe.product", ecs.Keyword, "Software that a program is a part of, by itself.")
	imageDescription   = ecs.New("process.pe.description", ecs.Keyword, "What a program is for, by itself.")
	imageVersion       = ecs.New("process.pe.file_version", ecs.Keyword, "Version of a program, by itself.")
	imageSigned        = ecs.New("file.code_signature.exists", ecs.Boolean, "True where a library or driver is signed.")
	imageSigner        = ecs.New("file.code_signature.subject_name", ecs.Keyword, "Who signed a library or driver.")
	imageSignature     = ecs.New("file.code_signature.status", ecs.Keyword, "Whether a signature holds, e.g. Valid, Expired.")
	calls              = ecs.New("windows.call_trace", ecs.Keyword, "Where in its code a process opened another one.")
	threadAddress      = ecs.New("windows.thread.start_address", ecs.Keyword, "Where a thread begins that was started in another process.")
	threadModule       = ecs.New("windows.thread.start_module", ecs.Keyword, "Library that a thread in another process begins in.")
	threadFunction     = ecs.New("windows.thread.start_function", ecs.Keyword, "Function that a thread in another process begins with.")
	terminalNumber     = ecs.New("windows.terminal_session", ecs.Keyword, "Number of the session of the desktop that a process runs in.")
	targetPID          = ecs.New("windows.target_pid", ecs.Long, "Process that another one read, changed or ran a thread in.")
	targetGUIDField    = ecs.New("windows.target_entity_id", ecs.Keyword, "Identity of the process that another one read, changed or ran a thread in.")
	registryPath       = ecs.New("registry.path", ecs.Keyword, "Key of the registry with its hive, and its value where one was set.")
	registryHive       = ecs.New("registry.hive", ecs.Keyword, "Root of the registry, e.g. HKLM.")
	registryKey        = ecs.New("registry.key", ecs.Keyword, "Key of the registry below its hive.")
	registryValue      = ecs.New("registry.value", ecs.Keyword, "Name of the value of a registry key.")
	registryData       = list("registry.data.strings", "What a value of the registry is now.")
	registryOld        = ecs.New("windows.registry.old_data", ecs.Keyword, "What a value of the registry was before.")
	registryAction     = ecs.New("windows.registry.action", ecs.Keyword, "What was done with a key of the registry, e.g. SetValue, CreateKey.")
	category           = ecs.New("windows.task_category", ecs.Keyword, "Kind of the event within its provider, e.g. Logon.")
	activity           = ecs.New("windows.activity_id", ecs.Keyword, "Number that the events of one activity share.")
	kerberosOptions    = ecs.New("windows.ticket_options", ecs.Keyword, "Options of a Kerberos ticket as bits in hexadecimal.")
	preAuthentication  = ecs.New("windows.pre_auth_type", ecs.Keyword, "Way by which a ticket of Kerberos was asked for, e.g. 2 for a password.")
	handleID           = ecs.New("windows.handle_id", ecs.Keyword, "Handle of the object that was opened.")
	accessList         = ecs.New("windows.accesses", ecs.Keyword, "Rights that were asked for, in words or numbers of messages of Windows.")
	impersonationLevel = ecs.New("windows.logon.impersonation_level", ecs.Keyword, "How far a server may act as who logged on.")
	elevatedToken      = ecs.New("windows.logon.elevated", ecs.Keyword, "Whether the session has the rights of an administrator.")
	sessionKeyBits     = ecs.New("windows.logon.key_length", ecs.Keyword, "Length of the key of an NTLM session, bits.")
	logonIdentity      = ecs.New("windows.logon.guid", ecs.Keyword, "Identity of a logon, by which the domain controller has it, too.")
	lmVersion          = ecs.New("windows.logon.lm_package", ecs.Keyword, "Version of NTLM by which somebody logged on.")
	tokenElevation     = ecs.New("windows.token_elevation", ecs.Keyword, "Whether a process got the full rights of its user.")
	integrityLevel     = ecs.New("windows.integrity_level", ecs.Keyword, "How far a process is trusted, e.g. High or S-1-16-12288.")
	failureCode        = ecs.New("windows.failure_code", ecs.Keyword, "Why a logon failed, as a number of a message of Windows.")
	processGUID        = ecs.New("process.entity_id", ecs.Keyword, "Identity of the process that no other ever has, not even on another host.")
	parentGUID         = ecs.New("process.parent.entity_id", ecs.Keyword, "Identity of the process that started the process, which no other ever has.")
	parentCommand      = ecs.New("process.parent.command_line", ecs.Keyword, "Command line of the process that started the process.")
	workingDirectory   = ecs.New("process.working_directory", ecs.Keyword, "Folder in which the process ran.")
	processMD5         = ecs.New("process.hash.md5", ecs.Keyword, "MD5 of the program of the process.")
	processSHA1        = ecs.New("process.hash.sha1", ecs.Keyword, "SHA-1 of the program of the process.")
	processSHA256      = ecs.New("process.hash.sha256", ecs.Keyword, "SHA-256 of the program of the process.")
	targetExecutable   = ecs.New("windows.target_executable", ecs.Keyword, "Program of the process that another one read, changed or ran a thread in.")
	pipe               = ecs.New("windows.pipe", ecs.Keyword, "Named pipe that was made or opened.")
	newData            = ecs.New("windows.object.data", ecs.Keyword, "What a registry value was set to.")
	answers            = ecs.New("windows.dns_answers", ecs.Keyword, "What a name was resolved to, as Windows writes it.")
	station            = ecs.New("windows.nps.calling_station", ecs.Keyword, "Device that asks for access to the network: its address or telephone number.")
	accessServer       = ecs.New("windows.nps.access_server", ecs.IP, "Switch, access point or VPN gateway that the device is at.")
	requestPolicy      = ecs.New("windows.nps.request_policy", ecs.Keyword, "Policy by which the server handled the request for access.")
	policyServer       = ecs.New("windows.nps.server", ecs.Keyword, "Server that decided on the access.")
)

// network sets what network policy servers, RADIUS, say.
func (r *record) network(ev *sdk.Event) {
	r.set(ev, station, callingStation)
	ev.SetIP(accessServer, r.v[accessServerIP])
	r.set(ev, requestPolicy, proxyPolicy)
	r.set(ev, policyServer, authServer)
	r.set(ev, why, reason)
}

// list is ecs.New for keywords of which an event has several.
func list(name, description string) ecs.Field {
	f, err := ecs.Define(ecs.Info{Name: name, Type: ecs.Keyword, List: true, Description: description})
	if err != nil {
		panic("ecs: " + err.Error())
	}
	return f
}
