package main

import (
	"bytes"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
)

// The log types that the log standard's retention table has for servers.
const (
	failing  = "error"
	security = "security"
	runState = "run_state"
	other    = "other"
)

// Datasets say which part of the system speaks.
const (
	auth      = "linux.auth"
	account   = "linux.account"
	jobs      = "linux.cron"
	service   = "linux.systemd"
	core      = "linux.kernel"
	packets   = "linux.netfilter"
	audit     = "linux.audit"
	unsorted  = "linux.syslog"
	succeeded = "success"
	failed    = "failure"
)

// facts are what a kind of message says whatever its values are. Empty ones are not set.
type facts struct {
	dataset, logType string
	action           string
	category, types  []string
	outcome          string
	byUID            bool         // an audit record in which uid= is the user who acted
	target           bool         // an audit record in which acct= and id= are the account that was changed
	level            ecs.Severity // for lines without a PRI; empty means Info
	made             *sdk.Facts   // the same, of those in tables
}

// ready makes facts ready to be set at once.
func (f *facts) ready() {
	level := f.level
	if level == "" {
		level = ecs.Informational
	}
	f.made = sdk.NewFacts(map[ecs.Field][]string{
		ecs.EventDataset: {f.dataset}, ecs.LogcenterLogType: {f.logType}, ecs.EventAction: {f.action}, ecs.EventCategory: f.category,
		ecs.EventType: f.types, ecs.EventOutcome: {f.outcome}, ecs.LogLevel: {string(level)},
	})
}

// set puts the facts on an event. rated says that the device's own severity is on it already, which counts more.
func (f *facts) set(ev *sdk.Event, rated bool) {
	if f.made != nil {
		ev.SetFacts(f.made)
		return
	}
	ev.SetString(ecs.EventDataset, f.dataset)
	ev.SetString(ecs.LogcenterLogType, f.logType)
	ev.SetString(ecs.EventAction, f.action)
	ev.SetString(ecs.EventOutcome, f.outcome)
	for _, c := range f.category {
		ev.SetString(ecs.EventCategory, c)
	}
	for _, t := range f.types {
		ev.SetString(ecs.EventType, t)
	}
	switch {
	case rated:
	case f.level == "":
		ev.SetLevel(ecs.Informational)
	default:
		ev.SetLevel(f.level)
	}
}

// Categories and types of ECS, by the combinations that occur.
var (
	authentication = []string{"authentication"}
	session        = []string{"session"}
	authSession    = []string{"authentication", "session"}
	iam            = []string{"iam"}
	process        = []string{"process"}
	network        = []string{"network"}
	host           = []string{"host"}
	file           = []string{"file"}
	configuration  = []string{"configuration"}
	packaging      = []string{"package"}
	driver         = []string{"driver"}
	intrusion      = []string{"intrusion_detection"}

	start        = []string{"start"}
	end          = []string{"end"}
	info         = []string{"info"}
	change       = []string{"change"}
	errorType    = []string{"error"}
	allowed      = []string{"connection", "allowed"}
	denied       = []string{"connection", "denied"}
	refusal      = []string{"denied"}
	connection   = []string{"connection"}
	userCreated  = []string{"user", "creation"}
	userDeleted  = []string{"user", "deletion"}
	userChanged  = []string{"user", "change"}
	groupCreated = []string{"group", "creation"}
	groupDeleted = []string{"group", "deletion"}
	groupChanged = []string{"group", "change"}
)

// What is said of messages that the tables do not have.
var (
	unknown      = facts{dataset: unsorted, logType: other}
	otherAuth    = facts{dataset: auth, logType: security, category: authentication, types: info}
	otherAccount = facts{dataset: account, logType: security, category: iam, types: info}
	otherCron    = facts{dataset: jobs, logType: runState, category: process, types: info}
	otherSystem  = facts{dataset: service, logType: runState, category: host, types: info}
	otherKernel  = facts{dataset: core, logType: runState, category: host, types: info}
	otherAudit   = facts{dataset: audit, logType: security, types: info}
)

// phrase is a kind of message, told by the text it begins with.
type phrase struct {
	head string
	read func(rest []byte, ev *sdk.Event) // of what stands behind head; nil if nothing of it is wanted
	facts
}

// phrases are those of a program by their first byte; of several that fit, the first of the list counts.
type phrases [256][]phrase

func newPhrases(list []phrase) *phrases {
	t := new(phrases)
	for _, p := range list {
		p.ready()
		t[p.head[0]] = append(t[p.head[0]], p)
	}
	return t
}

// find returns the phrase that text begins with and what stands behind it, nil if there is none.
func (t *phrases) find(text []byte) (*phrase, []byte) {
	if len(text) == 0 {
		return nil, nil
	}
	list := t[text[0]]
	for i := range list {
		if p := &list[i]; len(text) >= len(p.head) && string(text[:len(p.head)]) == p.head {
			return p, text[len(p.head):]
		}
	}
	return nil, nil
}

// found reads text by a table; what the table does not have gets otherwise.
func found(t *phrases, text []byte, ev *sdk.Event, otherwise *facts) *facts {
	p, rest := t.find(text)
	if p == nil {
		return otherwise
	}
	if p.read != nil {
		p.read(rest, ev)
	}
	return &p.facts
}

// reason is a phrase's rest as event.reason.
func reason(rest []byte, ev *sdk.Event) { ev.Set(ecs.EventReason, bytes.TrimSpace(rest)) }

// word cuts b at the first blank.
func word(b []byte) (w, rest []byte) {
	i := bytes.IndexByte(b, ' ')
	if i < 0 {
		return b, nil
	}
	return b[:i:i], b[i+1:]
}

// cut is bytes.Cut with a separator that is a constant.
func cut(b []byte, sep string) (before, after []byte, ok bool) {
	i := bytes.Index(b, []byte(sep))
	if i < 0 {
		return b, nil, false
	}
	return b[:i:i], b[i+len(sep):], true
}

// digitsLen is how many digits b begins with.
func digitsLen(b []byte) int {
	n := 0
	for n < len(b) && b[n]-'0' <= 9 {
		n++
	}
	return n
}

// source sets where a user came from: an address or a name.
func source(addr []byte, ev *sdk.Event) {
	switch {
	case len(addr) == 0, string(addr) == "?", string(addr) == "UNKNOWN":
	case addr[0] == '[', bytes.IndexByte(addr, ':') >= 0, dotted(addr):
		ev.SetIP(ecs.SourceIP, addr)
	default:
		ev.Set(ecs.SourceDomain, addr)
	}
}

// dotted says whether b can only be an address of IPv4; names of hosts may begin with digits, too.
func dotted(b []byte) bool {
	for _, c := range b {
		if c != '.' && c-'0' > 9 {
			return false
		}
	}
	return true
}

// Fields of the plugin's own, and those of ECS that the SDK has no constant for.
var (
	repeated = ecs.New("linux.repeated", ecs.Long, "How many times the message came; the log has it once.")

	targetUser     = ecs.UserTargetName
	openerID       = ecs.New("source.user.id", ecs.Keyword, "Unique identity of the user at the source.")
	effectiveID    = ecs.New("user.effective.id", ecs.Keyword, "Id of the user whose rights the process had.")
	groupName      = ecs.GroupName
	groupID        = ecs.GroupID
	parentPID      = ecs.ProcessParentPID
	workingDir     = ecs.New("process.working_directory", ecs.Keyword, "Folder in which the process ran.")
	argumentsLen   = ecs.New("process.args_count", ecs.Long, "How many words the command line has.")
	arguments      = list("process.args", "Words of the command line, the program first.")
	software       = ecs.New("package.name", ecs.Keyword, "Package that was installed, updated or removed, as its manager calls it.")
	exitCode       = ecs.New("process.exit_code", ecs.Long, "Status with which the process ended.")
	sessionID      = ecs.New("linux.session.id", ecs.Keyword, "Login session, by the number of logind or auditd.")
	terminal       = ecs.New("linux.terminal", ecs.Keyword, "Terminal the user sat at, e.g. pts/0 or ssh.")
	changed        = ecs.New("linux.account.change", ecs.Keyword, "What of an account became what, in the tool's words.")
	accountID      = ecs.New("linux.account.id", ecs.Keyword, "Id of the account that was changed, where a record has no name of it.")
	shell          = ecs.New("linux.account.shell", ecs.Keyword, "Program that an account is given at login.")
	home           = ecs.New("linux.account.home", ecs.Keyword, "Folder that belongs to an account.")
	cronVerb       = ecs.New("linux.cron.operation", ecs.Keyword, "Verb of a line of cron: CMD, RELOAD, LIST, REPLACE, ...")
	unit           = ecs.New("linux.unit", ecs.Keyword, "Unit of systemd, by its id or, where the line has none, by its description.")
	pamModule      = ecs.New("linux.pam.module", ecs.Keyword, "PAM module that speaks, e.g. pam_unix.")
	pamService     = ecs.New("linux.pam.service", ecs.Keyword, "Program for which PAM was asked, e.g. sshd.")
	sshChild       = ecs.New("linux.ssh.child_pid", ecs.Long, "Process that serves a session with the user's rights.")
	sshMethod      = ecs.New("linux.ssh.method", ecs.Keyword, "Way a user proved who it is: password, publickey, keyboard-interactive/pam, ...")
	sshKey         = ecs.New("linux.ssh.key", ecs.Keyword, "Kind and fingerprint of the key that was used.")
	sshOffer       = ecs.New("linux.ssh.offer", ecs.Keyword, "Algorithms the other side offered where none was agreed on, by its preference.")
	sshInvalid     = ecs.New("linux.ssh.invalid_user", ecs.Boolean, "True where the server has no such account.")
	hardware       = ecs.New("linux.kernel.device", ecs.Keyword, "Disk, network card or USB device a kernel message is about.")
	oomMemory      = ecs.New("linux.kernel.memory", ecs.Keyword, "Sizes of a process that was killed for want of memory, as the kernel wrote them.")
	packetTTL      = ecs.New("linux.netfilter.ttl", ecs.Long, "Hops that the logged packet had left.")
	packetFlags    = list("linux.netfilter.flags", "Bits set in the heads of IP and TCP: DF, SYN, ACK, FIN, RST, ...")
	icmpType       = ecs.New("linux.netfilter.icmp_type", ecs.Long, "Kind of an ICMP packet, e.g. 8 for an echo request.")
	packetMark     = ecs.New("linux.netfilter.mark", ecs.Keyword, "Mark that rules put on the packet, hexadecimal.")
	auditOp        = ecs.New("linux.audit.operation", ecs.Keyword, "What the program that wrote a record says it did, its op=.")
	auditCall      = ecs.New("linux.audit.syscall", ecs.Keyword, "System call, by its number or, if auditd resolved it, its name.")
	auditExit      = ecs.New("linux.audit.exit", ecs.Keyword, "What the system call returned.")
	auditLoginID   = ecs.New("linux.audit.login_id", ecs.Keyword, "User who logged in first in the session, whoever it became since; auid= of a record.")
	loginName      = ecs.New("linux.audit.login_name", ecs.Keyword, "Name of the user who logged in first in the session; AUID= of a record.")
	auditSubject   = ecs.New("linux.audit.subject", ecs.Keyword, "Security label of the process: subj=, scontext= or an AppArmor profile.")
	auditObject    = ecs.New("linux.audit.object", ecs.Keyword, "Security label of what was accessed: obj= or tcontext=.")
	auditClass     = ecs.New("linux.audit.class", ecs.Keyword, "Kind of what was accessed, e.g. file or tcp_socket; tclass= of a record.")
	permissive     = ecs.New("linux.audit.permissive", ecs.Boolean, "True where the policy only reports what it would refuse.")
	cipher         = ecs.New("linux.audit.cipher", ecs.Keyword, "Cipher of a session, e.g. aes256-gcm@openssh.com.")
	keyExchange    = ecs.New("linux.audit.key_exchange", ecs.Keyword, "How the key of a session was agreed on, its pfs=.")
	auditArch      = ecs.New("linux.audit.arch", ecs.Keyword, "Architecture whose system calls a process used, by its number in the kernel, e.g. c000003e, or its name.")
	auditDirection = ecs.New("linux.audit.direction", ecs.Keyword, "Which way a negotiated key is for, e.g. from-server.")
	auditMAC       = ecs.New("linux.audit.mac", ecs.Keyword, "Algorithm by which the parts of a session are checked.")
	auditSignal    = ecs.New("linux.audit.signal", ecs.Long, "Signal by which a process ended.")
	keyBits        = ecs.New("linux.audit.key_bits", ecs.Long, "Length of the key of a session, bits.")
	oldLoginID     = ecs.New("linux.audit.old_login_id", ecs.Keyword, "User of the session before the login; old-auid= of a record.")
	pathType       = ecs.New("linux.audit.path_type", ecs.Keyword, "What a system call did to a path: NORMAL, CREATE, DELETE or PARENT.")
	pamGrantors    = ecs.New("linux.pam.grantors", ecs.Keyword, "PAM modules that granted a request, separated by commas.")
	cronJob        = ecs.New("linux.cron.job", ecs.Keyword, "Job of anacron, e.g. cron.daily.")
	oomTotal       = ecs.New("linux.kernel.oom.total_vm", ecs.Long, "Memory that a killed process had asked for, kilobytes.")
	oomAnon        = ecs.New("linux.kernel.oom.anon_rss", ecs.Long, "Memory of its own that a killed process had, kilobytes.")
	oomFile        = ecs.New("linux.kernel.oom.file_rss", ecs.Long, "Memory mapped from files that a killed process had, kilobytes.")
	fileInode      = ecs.New("file.inode", ecs.Keyword, "Number by which the file system knows the file.")
	fileMode       = ecs.New("file.mode", ecs.Keyword, "Permissions of the file, e.g. 0640.")
	fileUID        = ecs.New("file.uid", ecs.Keyword, "Id of the user who owns the file.")
	fileGID        = ecs.New("file.gid", ecs.Keyword, "Id of the group that owns the file.")
	fileOwner      = ecs.New("file.owner", ecs.Keyword, "Name of the user who owns the file.")
	fileGroup      = ecs.New("file.group", ecs.Keyword, "Name of the group that owns the file.")
	fileDevice     = ecs.New("file.device", ecs.Keyword, "Device that the file is on.")
	processUserID  = ecs.New("process.user.id", ecs.Keyword, "Id of the user as whom the process that speaks ran.")
	userGroupID    = ecs.New("user.group.id", ecs.Keyword, "Id of the user's group.")
	softwareType   = ecs.New("package.type", ecs.Keyword, "Kind of package, e.g. rpm.")
	auditAccess    = ecs.New("linux.audit.access", ecs.Keyword, "Rights that were asked for, e.g. read write.")
)

// list is ecs.New for keywords of which an event has several.
func list(name, description string) ecs.Field {
	f, err := ecs.Define(ecs.Info{Name: name, Type: ecs.Keyword, List: true, Description: description})
	if err != nil {
		panic("ecs: " + err.Error())
	}
	return f
}
