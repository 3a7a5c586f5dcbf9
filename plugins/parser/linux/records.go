package main

import (
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/keys"
)

// kind is an audit record type: its number in the kernel's protocol, its name and what it says.
type kind struct {
	number int
	name   string
	facts
	refused facts // the same of what did not succeed
}

func of(action, logType string, category, types []string) facts {
	return facts{dataset: audit, logType: logType, action: action, category: category, types: types}
}

// byUID is of records in which uid= is the user who acted, as in all of the kernel's.
func byUID(action, logType string, category, types []string) facts {
	f := of(action, logType, category, types)
	f.byUID = true
	return f
}

// onAccount is of records of accounts: uid= is who changed one, acct= or id= which.
func onAccount(action string, types []string) facts {
	f := byUID(action, security, iam, types)
	f.target = true
	return f
}

func suspicious(action string, category, types []string) facts {
	f := byUID(action, security, category, types)
	f.level = ecs.Warn
	return f
}

// Numbers that more is made of than a name.
const (
	touchedPath   = 1302
	executed      = 1309
	addGroup      = 1116
	delGroup      = 1117
	accessDecided = 1400
)

// kinds are the record types of linux/audit.h and of libaudit that occur most; others keep their name or number.
var kinds = []kind{
	{number: 1006, name: "LOGIN", facts: byUID("changed-login-id", security, session, start)},
	{number: 1100, name: "USER_AUTH", facts: of("authenticated", security, authentication, info)},
	{number: 1101, name: "USER_ACCT", facts: of("was-authorized", security, authentication, info)},
	{number: 1102, name: "USER_MGMT", facts: onAccount("modified-user-account", userChanged)},
	{number: 1103, name: "CRED_ACQ", facts: of("acquired-credentials", security, authentication, info)},
	{number: 1104, name: "CRED_DISP", facts: of("disposed-credentials", security, authentication, info)},
	{number: 1105, name: "USER_START", facts: of("started-session", security, session, start)},
	{number: 1106, name: "USER_END", facts: of("ended-session", security, session, end)},
	{number: 1107, name: "USER_AVC", facts: of("access-decided", security, authentication, info)},
	{number: 1108, name: "USER_CHAUTHTOK", facts: onAccount("changed-password", userChanged)},
	{number: 1109, name: "USER_ERR", facts: of("error", security, authentication, info)},
	{number: 1110, name: "CRED_REFR", facts: of("refreshed-credentials", security, authentication, info)},
	{number: 1112, name: "USER_LOGIN", facts: of("login", security, authSession, start)},
	{number: 1113, name: "USER_LOGOUT", facts: of("logout", security, session, end)},
	{number: 1114, name: "ADD_USER", facts: onAccount("added-user", userCreated)},
	{number: 1115, name: "DEL_USER", facts: onAccount("deleted-user", userDeleted)},
	{number: addGroup, name: "ADD_GROUP", facts: onAccount("added-group", groupCreated)},
	{number: delGroup, name: "DEL_GROUP", facts: onAccount("deleted-group", groupDeleted)},
	{number: 1123, name: "USER_CMD", facts: byUID("ran-command", security, process, start)},
	{number: 1127, name: "SYSTEM_BOOT", facts: of("system-started", runState, host, start)},
	{number: 1128, name: "SYSTEM_SHUTDOWN", facts: of("system-stopped", runState, host, end)},
	{number: 1129, name: "SYSTEM_RUNLEVEL", facts: of("changed-runlevel", runState, host, change)},
	{number: 1130, name: "SERVICE_START", facts: of("service-started", runState, process, start)},
	{number: 1131, name: "SERVICE_STOP", facts: of("service-stopped", runState, process, end)},
	{number: 1132, name: "GRP_MGMT", facts: onAccount("modified-group-account", groupChanged)},
	{number: 1133, name: "GRP_CHAUTHTOK", facts: onAccount("changed-group-password", groupChanged)},
	{number: 1135, name: "ACCT_LOCK", facts: onAccount("locked-user", userChanged)},
	{number: 1136, name: "ACCT_UNLOCK", facts: onAccount("unlocked-user", userChanged)},
	{number: 1138, name: "SOFTWARE_UPDATE", facts: of("updated-software", security, packaging, change)},
	{number: 1200, name: "DAEMON_START", facts: of("audit-started", security, process, start)},
	{number: 1201, name: "DAEMON_END", facts: of("audit-stopped", security, process, end)},
	{number: 1202, name: "DAEMON_ABORT", facts: of("audit-aborted", security, process, end)},
	{number: 1203, name: "DAEMON_CONFIG", facts: of("audit-configured", security, configuration, change)},
	{number: 1205, name: "DAEMON_ROTATE", facts: of("audit-rotated", runState, process, info)},
	{number: 1300, name: "SYSCALL", facts: byUID("called-system", security, process, info)},
	{number: touchedPath, name: "PATH", facts: byUID("touched-path", security, file, info)},
	{number: 1305, name: "CONFIG_CHANGE", facts: of("changed-audit-configuration", security, configuration, change)},
	{number: 1306, name: "SOCKADDR", facts: byUID("addressed-socket", security, network, connection)},
	{number: 1307, name: "CWD", facts: byUID("noted-folder", security, process, info)},
	{number: executed, name: "EXECVE", facts: of("executed", security, process, start)},
	{number: 1319, name: "TTY", facts: byUID("typed", security, process, info)},
	{number: 1325, name: "NETFILTER_CFG", facts: byUID("changed-packet-filter", security, configuration, change)},
	{number: 1326, name: "SECCOMP", facts: suspicious("violated-seccomp-policy", process, refusal)},
	{number: 1327, name: "PROCTITLE", facts: byUID("noted-command-line", security, process, info)},
	{number: 1330, name: "KERN_MODULE", facts: byUID("loaded-kernel-module", security, driver, start)},
	{number: 1334, name: "BPF", facts: byUID("used-bpf", security, process, info)},
	{number: accessDecided, name: "AVC", facts: suspicious("access-decided", file, info)},
	{number: 1403, name: "MAC_POLICY_LOAD", facts: byUID("loaded-policy", security, configuration, change)},
	{number: 1404, name: "MAC_STATUS", facts: byUID("changed-enforcement", security, configuration, change)},
	{number: 1405, name: "MAC_CONFIG_CHANGE", facts: byUID("changed-policy", security, configuration, change)},
	{number: 1700, name: "ANOM_PROMISCUOUS", facts: suspicious("changed-promiscuous-mode", host, change)},
	{number: 1701, name: "ANOM_ABEND", facts: suspicious("crashed-process", process, end)},
	{number: 1702, name: "ANOM_LINK", facts: suspicious("followed-link", file, info)},
	{number: 2100, name: "ANOM_LOGIN_FAILURES", facts: suspicious("too-many-login-failures", authentication, info)},
	{number: 2101, name: "ANOM_LOGIN_TIME", facts: suspicious("login-at-forbidden-time", authentication, info)},
	{number: 2102, name: "ANOM_LOGIN_SESSIONS", facts: suspicious("too-many-sessions", authentication, info)},
	{number: 2104, name: "ANOM_LOGIN_LOCATION", facts: suspicious("login-from-forbidden-place", authentication, info)},
	{number: 2404, name: "CRYPTO_KEY_USER", facts: of("used-key", security, authentication, info)},
	{number: 2407, name: "CRYPTO_SESSION", facts: of("negotiated-session-key", security, network, connection)},
}

var kindsByName, kindsByNumber = func() (*keys.Table[*kind], map[int]*kind) {
	names, numbers := map[string]*kind{}, map[int]*kind{}
	for i := range kinds {
		k := &kinds[i]
		if k.refused = k.facts; k.level == "" {
			k.refused.level = ecs.Warn
		}
		k.ready()
		k.refused.ready()
		names[k.name], numbers[k.number] = k, k
	}
	return keys.New(names), numbers
}()

// otherRecord is any type that kinds does not have.
var otherRecord = kind{facts: otherAudit, refused: otherAudit}

// recordType looks a type up by its name or, as the kernel writes it, its number.
func recordType(b []byte) *kind {
	if k := kindsByName.Get(b); k != nil {
		return *k
	}
	n := 0
	if len(b) == 4 && digitsLen(b) == 4 {
		for _, c := range b {
			n = n*10 + int(c-'0')
		}
	}
	if k := kindsByNumber[n]; k != nil {
		return k
	}
	return &otherRecord
}
