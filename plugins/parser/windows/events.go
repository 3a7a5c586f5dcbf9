package main

// The log types that the log standard's retention table has for servers.
const (
	failing  = "error"
	security = "security"
	runState = "run_state"
	other    = "other"
)

// source is the provider, or a group of them, that gives event ids their meaning.
type source uint8

const (
	anyone source = iota
	auditing
	eventlog
	controlManager
	user32
	kernelPower
	kernelGeneral
	powerShell
	defender
	terminal
	sysmon
	federation
	appLocker
)

// sources by the names of providers.
var sources = map[string]source{
	"Microsoft-Windows-Security-Auditing": auditing, "Security-Auditing": auditing, "Microsoft-Windows-Eventlog": eventlog, "EventLog": eventlog, "Eventlog": eventlog,
	"Service Control Manager": controlManager, "Service_Control_Manager": controlManager, "User32": user32, "USER32": user32, "Microsoft-Windows-Kernel-Power": kernelPower,
	"Microsoft-Windows-Kernel-General": kernelGeneral, "Microsoft-Windows-PowerShell": powerShell, "PowerShell": powerShell,
	"Microsoft-Windows-Windows Defender": defender, "Microsoft-Windows-TerminalServices-RemoteConnectionManager": terminal,
	"Microsoft-Windows-Sysmon": sysmon, "AD FS Auditing": federation, "Microsoft-Windows-AppLocker": appLocker,
}

// role says whose accounts are in an event.
type role uint8

const (
	bySubject   role = iota // the subject acts
	byTarget                // the target is the one who logs on or off; the subject only asked for it
	onUser                  // the subject acts on the account that is the target
	onGroup                 // the subject acts on the group that is the target, and on its member
	withTarget              // the subject acts with the rights of the target
	bySession               // the account of a terminal session
	withService             // the service has an account
)

// meaning is what an event id says whatever its data are.
type meaning struct {
	action          string
	category, types []string
	role            role
	logType         string // empty means security
	outcome         string // where the keywords say nothing
}

var (
	authentication = []string{"authentication"}
	authSession    = []string{"authentication", "session"}
	session        = []string{"session"}
	iam            = []string{"iam"}
	process        = []string{"process"}
	configuration  = []string{"configuration"}
	file           = []string{"file"}
	registry       = []string{"registry"}
	network        = []string{"network"}
	host           = []string{"host"}
	malware        = []string{"malware"}
	driver         = []string{"driver"}

	start        = []string{"start"}
	end          = []string{"end"}
	info         = []string{"info"}
	change       = []string{"change"}
	access       = []string{"access"}
	creation     = []string{"creation"}
	deletion     = []string{"deletion"}
	errorType    = []string{"error"}
	allowed      = []string{"connection", "allowed"}
	denied       = []string{"connection", "denied"}
	started      = []string{"start", "allowed"}
	refused      = []string{"start", "denied"}
	opened       = []string{"connection", "start"}
	admin        = []string{"admin"}
	userCreated  = []string{"user", "creation"}
	userDeleted  = []string{"user", "deletion"}
	userChanged  = []string{"user", "change"}
	groupCreated = []string{"group", "creation"}
	groupDeleted = []string{"group", "deletion"}
	groupChanged = []string{"group", "change"}
)

type key struct {
	from source
	id   int
}

// meanings are the events of "Appendix L: Events to Monitor" and what else is asked for in practice.
var meanings = map[key]*meaning{
	{auditing, 4608}: {action: "system-started", category: host, types: start, logType: runState},
	{auditing, 4609}: {action: "system-stopped", category: host, types: end, logType: runState},
	{auditing, 4616}: {action: "changed-system-time", category: host, types: change},
	{auditing, 4624}: {action: "logged-in", category: authSession, types: start, role: byTarget, outcome: "success"},
	{auditing, 4625}: {action: "logon-failed", category: authentication, types: start, role: byTarget, outcome: "failure"},
	{auditing, 4634}: {action: "logged-out", category: session, types: end, role: byTarget},
	{auditing, 4647}: {action: "logged-out", category: session, types: end, role: byTarget},
	{auditing, 4648}: {action: "logged-in-explicit", category: authentication, types: start, role: withTarget},
	{auditing, 4657}: {action: "modified-registry-value", category: registry, types: change},
	{auditing, 4656}: {action: "requested-handle", category: file, types: access},
	{auditing, 4660}: {action: "deleted-object", category: file, types: deletion},
	{auditing, 4658}: {action: "closed-handle", category: file, types: info},
	{auditing, 4662}: {action: "accessed-directory-object", category: iam, types: access},
	{auditing, 4663}: {action: "accessed-object", category: file, types: access},
	{auditing, 4670}: {action: "changed-permissions", category: file, types: change},
	{auditing, 4672}: {action: "assigned-special-privileges", category: iam, types: admin},
	{auditing, 4673}: {action: "called-privileged-service", category: iam, types: info},
	{auditing, 4674}: {action: "used-privileged-object", category: iam, types: info},
	{auditing, 4688}: {action: "created-process", category: process, types: start},
	{auditing, 4689}: {action: "exited-process", category: process, types: end},
	{auditing, 4697}: {action: "installed-service", category: configuration, types: creation},
	{auditing, 4698}: {action: "created-scheduled-task", category: configuration, types: creation},
	{auditing, 4699}: {action: "deleted-scheduled-task", category: configuration, types: deletion},
	{auditing, 4700}: {action: "enabled-scheduled-task", category: configuration, types: change},
	{auditing, 4701}: {action: "disabled-scheduled-task", category: configuration, types: change},
	{auditing, 4702}: {action: "updated-scheduled-task", category: configuration, types: change},
	{auditing, 4719}: {action: "changed-audit-policy", category: configuration, types: change},
	{auditing, 4720}: {action: "added-user-account", category: iam, types: userCreated, role: onUser},
	{auditing, 4722}: {action: "enabled-user-account", category: iam, types: userChanged, role: onUser},
	{auditing, 4723}: {action: "changed-password", category: iam, types: userChanged, role: onUser},
	{auditing, 4724}: {action: "reset-password", category: iam, types: userChanged, role: onUser},
	{auditing, 4725}: {action: "disabled-user-account", category: iam, types: userChanged, role: onUser},
	{auditing, 4726}: {action: "deleted-user-account", category: iam, types: userDeleted, role: onUser},
	{auditing, 4727}: {action: "added-group", category: iam, types: groupCreated, role: onGroup},
	{auditing, 4728}: {action: "added-member-to-group", category: iam, types: groupChanged, role: onGroup},
	{auditing, 4729}: {action: "removed-member-from-group", category: iam, types: groupChanged, role: onGroup},
	{auditing, 4730}: {action: "deleted-group", category: iam, types: groupDeleted, role: onGroup},
	{auditing, 4731}: {action: "added-group", category: iam, types: groupCreated, role: onGroup},
	{auditing, 4732}: {action: "added-member-to-group", category: iam, types: groupChanged, role: onGroup},
	{auditing, 4733}: {action: "removed-member-from-group", category: iam, types: groupChanged, role: onGroup},
	{auditing, 4734}: {action: "deleted-group", category: iam, types: groupDeleted, role: onGroup},
	{auditing, 4735}: {action: "modified-group", category: iam, types: groupChanged, role: onGroup},
	{auditing, 4737}: {action: "modified-group", category: iam, types: groupChanged, role: onGroup},
	{auditing, 4738}: {action: "modified-user-account", category: iam, types: userChanged, role: onUser},
	{auditing, 4740}: {action: "locked-out-user-account", category: iam, types: userChanged, role: onUser},
	{auditing, 4741}: {action: "added-computer-account", category: iam, types: userCreated, role: onUser},
	{auditing, 4742}: {action: "changed-computer-account", category: iam, types: userChanged, role: onUser},
	{auditing, 4743}: {action: "deleted-computer-account", category: iam, types: userDeleted, role: onUser},
	{auditing, 4744}: {action: "added-group", category: iam, types: groupCreated, role: onGroup},
	{auditing, 4745}: {action: "modified-group", category: iam, types: groupChanged, role: onGroup},
	{auditing, 4746}: {action: "added-member-to-group", category: iam, types: groupChanged, role: onGroup},
	{auditing, 4747}: {action: "removed-member-from-group", category: iam, types: groupChanged, role: onGroup},
	{auditing, 4748}: {action: "deleted-group", category: iam, types: groupDeleted, role: onGroup},
	{auditing, 4749}: {action: "added-group", category: iam, types: groupCreated, role: onGroup},
	{auditing, 4750}: {action: "modified-group", category: iam, types: groupChanged, role: onGroup},
	{auditing, 4751}: {action: "added-member-to-group", category: iam, types: groupChanged, role: onGroup},
	{auditing, 4752}: {action: "removed-member-from-group", category: iam, types: groupChanged, role: onGroup},
	{auditing, 4753}: {action: "deleted-group", category: iam, types: groupDeleted, role: onGroup},
	{auditing, 4754}: {action: "added-group", category: iam, types: groupCreated, role: onGroup},
	{auditing, 4755}: {action: "modified-group", category: iam, types: groupChanged, role: onGroup},
	{auditing, 4756}: {action: "added-member-to-group", category: iam, types: groupChanged, role: onGroup},
	{auditing, 4757}: {action: "removed-member-from-group", category: iam, types: groupChanged, role: onGroup},
	{auditing, 4758}: {action: "deleted-group", category: iam, types: groupDeleted, role: onGroup},
	{auditing, 4767}: {action: "unlocked-user-account", category: iam, types: userChanged, role: onUser},
	{auditing, 4768}: {action: "kerberos-ticket-requested", category: authentication, types: start, role: byTarget},
	{auditing, 4769}: {action: "kerberos-service-ticket-requested", category: authentication, types: start, role: byTarget},
	{auditing, 4770}: {action: "kerberos-service-ticket-renewed", category: authentication, types: start, role: byTarget},
	{auditing, 4771}: {action: "kerberos-preauth-failed", category: authentication, types: start, role: byTarget, outcome: "failure"},
	{auditing, 4776}: {action: "credential-validated", category: authentication, types: start, role: byTarget},
	{auditing, 4778}: {action: "session-reconnected", category: authSession, types: start, role: bySession},
	{auditing, 4779}: {action: "session-disconnected", category: session, types: end, role: bySession},
	{auditing, 4781}: {action: "renamed-user-account", category: iam, types: userChanged, role: onUser},
	{auditing, 4798}: {action: "enumerated-groups-of-user", category: iam, types: info, role: onUser},
	{auditing, 4799}: {action: "enumerated-members-of-group", category: iam, types: info, role: onGroup},
	{auditing, 4800}: {action: "workstation-locked", category: session, types: info, role: byTarget},
	{auditing, 4801}: {action: "workstation-unlocked", category: session, types: info, role: byTarget},
	{auditing, 4886}: {action: "requested-certificate", category: iam, types: info},
	{auditing, 4887}: {action: "issued-certificate", category: iam, types: creation, outcome: "success"},
	{auditing, 4888}: {action: "denied-certificate", category: iam, types: info, outcome: "failure"},
	{auditing, 4932}: {action: "directory-replication-started", category: iam, types: info},
	{auditing, 4933}: {action: "directory-replication-ended", category: iam, types: info},
	{auditing, 4964}: {action: "logged-in-special-group", category: iam, types: admin, role: byTarget},
	{auditing, 4946}: {action: "added-firewall-rule", category: configuration, types: creation},
	{auditing, 4947}: {action: "modified-firewall-rule", category: configuration, types: change},
	{auditing, 4948}: {action: "deleted-firewall-rule", category: configuration, types: deletion},
	{auditing, 4950}: {action: "changed-firewall-setting", category: configuration, types: change},
	{auditing, 5025}: {action: "firewall-stopped", category: configuration, types: change},
	{auditing, 5136}: {action: "modified-directory-object", category: iam, types: change},
	{auditing, 5137}: {action: "created-directory-object", category: iam, types: creation},
	{auditing, 5141}: {action: "deleted-directory-object", category: iam, types: deletion},
	{auditing, 5140}: {action: "accessed-network-share", category: file, types: access},
	{auditing, 5145}: {action: "checked-network-share-access", category: file, types: access},
	{auditing, 5152}: {action: "blocked-packet", category: network, types: denied, outcome: "failure"},
	{auditing, 5154}: {action: "allowed-listener", category: network, types: allowed, outcome: "success"},
	{auditing, 5156}: {action: "allowed-connection", category: network, types: allowed, outcome: "success"},
	{auditing, 5157}: {action: "blocked-connection", category: network, types: denied, outcome: "failure"},
	{auditing, 5379}: {action: "read-stored-credentials", category: iam, types: access},
	{auditing, 5381}: {action: "read-stored-credentials", category: iam, types: access},
	{auditing, 4825}: {action: "remote-desktop-denied", category: authentication, types: start, outcome: "failure"},
	{auditing, 6272}: {action: "network-access-granted", category: authentication, types: start, outcome: "success"},
	{auditing, 6273}: {action: "network-access-denied", category: authentication, types: start, outcome: "failure"},
	{auditing, 6274}: {action: "network-access-discarded", category: authentication, types: start, outcome: "failure"},
	{auditing, 6278}: {action: "network-access-granted", category: authentication, types: start, outcome: "success"},
	{auditing, 6416}: {action: "recognised-device", category: host, types: info},

	{eventlog, 104}:  {action: "cleared-event-log", category: configuration, types: deletion},
	{eventlog, 1100}: {action: "event-logging-stopped", category: process, types: end},
	{eventlog, 1102}: {action: "cleared-audit-log", category: configuration, types: deletion, outcome: "success"},
	{eventlog, 1104}: {action: "security-log-full", category: configuration, types: errorType},
	{eventlog, 6005}: {action: "system-started", category: host, types: start, logType: runState},
	{eventlog, 6006}: {action: "system-stopped", category: host, types: end, logType: runState},
	{eventlog, 6008}: {action: "unexpected-shutdown", category: host, types: end, logType: failing},

	{controlManager, 7000}: {action: "service-start-failed", category: process, types: start, logType: failing, outcome: "failure"},
	{controlManager, 7031}: {action: "service-crashed", category: process, types: end, logType: failing, outcome: "failure"},
	{controlManager, 7034}: {action: "service-crashed", category: process, types: end, logType: failing, outcome: "failure"},
	{controlManager, 7036}: {action: "service-state-changed", category: process, types: change, logType: runState},
	{controlManager, 7040}: {action: "service-start-type-changed", category: configuration, types: change},
	{controlManager, 7045}: {action: "installed-service", category: configuration, types: creation, role: withService},

	{user32, 1074}:        {action: "shutdown-requested", category: host, types: end, logType: runState},
	{kernelPower, 41}:     {action: "unexpected-restart", category: host, types: start, logType: failing},
	{kernelGeneral, 12}:   {action: "system-started", category: host, types: start, logType: runState},
	{kernelGeneral, 13}:   {action: "system-stopped", category: host, types: end, logType: runState},
	{powerShell, 4103}:    {action: "ran-powershell-command", category: process, types: info},
	{powerShell, 4104}:    {action: "ran-powershell-script", category: process, types: info},
	{powerShell, 4105}:    {action: "started-powershell-script", category: process, types: start},
	{powerShell, 4106}:    {action: "ended-powershell-script", category: process, types: end},
	{powerShell, 400}:     {action: "started-powershell", category: process, types: start},
	{powerShell, 403}:     {action: "ended-powershell", category: process, types: end},
	{powerShell, 600}:     {action: "started-powershell-provider", category: process, types: info},
	{powerShell, 800}:     {action: "ran-powershell-command", category: process, types: info},
	{defender, 1116}:      {action: "malware-detected", category: malware, types: info},
	{defender, 1117}:      {action: "malware-handled", category: malware, types: info},
	{defender, 5007}:      {action: "changed-malware-protection", category: configuration, types: change},
	{defender, 5001}:      {action: "malware-protection-disabled", category: configuration, types: change},
	{kernelGeneral, 1}:    {action: "changed-system-time", category: host, types: change},
	{controlManager, 219}: {action: "driver-failed", category: driver, types: errorType, logType: failing},
	{terminal, 1149}:      {action: "remote-desktop-connected", category: authentication, types: start, role: bySession},

	{federation, 1200}: {action: "issued-token", category: authentication, types: start, outcome: "success"},
	{federation, 1201}: {action: "refused-token", category: authentication, types: start, outcome: "failure"},
	{federation, 1202}: {action: "credential-validated", category: authentication, types: start, outcome: "success"},
	{federation, 1203}: {action: "credential-validated", category: authentication, types: start, outcome: "failure"},
	{appLocker, 8002}:  {action: "allowed-program", category: process, types: started},
	{appLocker, 8003}:  {action: "would-block-program", category: process, types: started},
	{appLocker, 8004}:  {action: "blocked-program", category: process, types: refused, outcome: "failure"},
	{appLocker, 8005}:  {action: "allowed-script", category: process, types: started},
	{appLocker, 8006}:  {action: "would-block-script", category: process, types: started},
	{appLocker, 8007}:  {action: "blocked-script", category: process, types: refused, outcome: "failure"},

	{sysmon, 1}:   {action: "created-process", category: process, types: start},
	{sysmon, 2}:   {action: "changed-file-creation-time", category: file, types: change},
	{sysmon, 3}:   {action: "connected", category: network, types: opened},
	{sysmon, 4}:   {action: "monitoring-state-changed", category: configuration, types: change},
	{sysmon, 5}:   {action: "exited-process", category: process, types: end},
	{sysmon, 6}:   {action: "loaded-driver", category: driver, types: start},
	{sysmon, 7}:   {action: "loaded-library", category: process, types: info},
	{sysmon, 8}:   {action: "created-remote-thread", category: process, types: change},
	{sysmon, 9}:   {action: "read-disk-directly", category: file, types: access},
	{sysmon, 10}:  {action: "accessed-process", category: process, types: access},
	{sysmon, 11}:  {action: "created-file", category: file, types: creation},
	{sysmon, 12}:  {action: "created-or-deleted-registry-object", category: registry, types: change},
	{sysmon, 13}:  {action: "modified-registry-value", category: registry, types: change},
	{sysmon, 14}:  {action: "renamed-registry-object", category: registry, types: change},
	{sysmon, 15}:  {action: "created-file-stream", category: file, types: creation},
	{sysmon, 16}:  {action: "changed-monitoring-configuration", category: configuration, types: change},
	{sysmon, 17}:  {action: "created-pipe", category: process, types: info},
	{sysmon, 18}:  {action: "connected-pipe", category: process, types: info},
	{sysmon, 19}:  {action: "registered-wmi-filter", category: configuration, types: creation},
	{sysmon, 20}:  {action: "registered-wmi-consumer", category: configuration, types: creation},
	{sysmon, 21}:  {action: "bound-wmi-consumer-to-filter", category: configuration, types: change},
	{sysmon, 22}:  {action: "resolved-name", category: network, types: info},
	{sysmon, 23}:  {action: "deleted-file", category: file, types: deletion},
	{sysmon, 25}:  {action: "tampered-with-process", category: process, types: change},
	{sysmon, 26}:  {action: "deleted-file", category: file, types: deletion},
	{sysmon, 27}:  {action: "blocked-executable", category: file, types: creation, outcome: "failure"},
	{sysmon, 29}:  {action: "created-executable", category: file, types: creation},
	{sysmon, 255}: {action: "monitoring-failed", category: process, types: errorType, logType: failing},
}

// inserts are the names of values that Fluent Bit sends without, in the order of the event schema.
var inserts = map[int][]slot{
	4624: {
		subjectSID, subjectName, subjectDomain, subjectLogon, targetSID, targetName, targetDomain, targetLogon, logonType, logonProcess,
		authPackage, workstation, none, none, none, none, processID, processName, ipAddress, ipPort,
	},
	4625: {
		subjectSID, subjectName, subjectDomain, subjectLogon, targetSID, targetName, targetDomain, status, none, subStatus, logonType,
		logonProcess, authPackage, workstation, none, none, none, processID, processName, ipAddress, ipPort,
	},
	4634: {targetSID, targetName, targetDomain, targetLogon, logonType},
	4647: {targetSID, targetName, targetDomain, targetLogon},
	4648: {subjectSID, subjectName, subjectDomain, subjectLogon, none, targetName, targetDomain, none, targetServer, none, processID, processName, ipAddress, ipPort},
	4672: {subjectSID, subjectName, subjectDomain, subjectLogon, privileges},
	4688: {
		subjectSID, subjectName, subjectDomain, subjectLogon, newProcessID, newProcessName, none, processID, commandLine, targetSID, targetName,
		targetDomain, targetLogon, parentProcessName,
	},
	4720: {targetName, targetDomain, targetSID, subjectSID, subjectName, subjectDomain, subjectLogon},
	4722: {targetName, targetDomain, targetSID, subjectSID, subjectName, subjectDomain, subjectLogon},
	4724: {targetName, targetDomain, targetSID, subjectSID, subjectName, subjectDomain, subjectLogon},
	4725: {targetName, targetDomain, targetSID, subjectSID, subjectName, subjectDomain, subjectLogon},
	4726: {targetName, targetDomain, targetSID, subjectSID, subjectName, subjectDomain, subjectLogon},
	4728: {memberName, memberSID, targetName, targetDomain, targetSID, subjectSID, subjectName, subjectDomain, subjectLogon},
	4732: {memberName, memberSID, targetName, targetDomain, targetSID, subjectSID, subjectName, subjectDomain, subjectLogon},
	4740: {targetName, targetDomain, targetSID, subjectSID, subjectName, subjectDomain, subjectLogon},
	4756: {memberName, memberSID, targetName, targetDomain, targetSID, subjectSID, subjectName, subjectDomain, subjectLogon},
	4768: {targetName, targetDomain, targetSID, serviceName, none, none, status, ticketEncryption, none, ipAddress, ipPort},
	4769: {targetName, targetDomain, serviceName, none, none, ticketEncryption, ipAddress, ipPort, status},
	4771: {targetName, targetSID, serviceName, none, status, none, ipAddress, ipPort},
	4776: {authPackage, targetName, workstation, status},
	7036: {param1, param2},
	7045: {serviceName, serviceFile, none, serviceStart, accountName},
}
