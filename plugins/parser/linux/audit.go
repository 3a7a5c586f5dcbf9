package main

import (
	"bytes"
	"errors"
	"net/netip"
	"time"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/keys"
	"github.com/logcenter/logcenter/sdk/kv"
	"github.com/logcenter/logcenter/sdk/timestamp"
)

var errRecord = errors.New("linux: want type=TYPE msg=audit(SECONDS.MILLISECONDS:SERIAL): in front of the pairs of an audit record")

// isRecord says whether text is a record of auditd, or of the kernel where no auditd runs.
func isRecord(text []byte) bool {
	if len(text) < 20 || text[4] != '=' || string(text[:4]) != "type" && string(text[:4]) != "node" {
		return false
	}
	return bytes.Contains(text[:min(len(text), 384)], []byte("audit("))
}

// record reads "node=HOST type=TYPE msg=audit(TIME:SERIAL): key=value …".
func record(text []byte, ev *sdk.Event, zone *time.Location) (*facts, error) {
	if rest, ok := bytes.CutPrefix(text, []byte("node=")); ok {
		var name []byte
		name, text = word(rest)
		ev.Set(ecs.HostName, name)
	}
	rest, ok := bytes.CutPrefix(text, []byte("type="))
	if !ok {
		return &otherAudit, errRecord
	}
	code, rest := word(rest)
	k := recordType(code)
	if k.name != "" {
		ev.SetString(ecs.EventCode, k.name)
	} else {
		ev.Set(ecs.EventCode, code)
	}
	rest = bytes.TrimPrefix(rest, []byte("msg="))
	stamp, ok := bytes.CutPrefix(rest, []byte("audit("))
	if !ok {
		return &k.facts, errRecord
	}
	stamp, rest, ok = cut(stamp, ")")
	at := bytes.LastIndexByte(stamp, ':')
	when, serial := stamp[:max(at, 0)], stamp[at+1:]
	setStamp(when, zone, ev)
	if !ok || at < 0 || len(rest) == 0 {
		return &k.facts, errRecord
	}
	ev.Set(ecs.EventSequence, serial)
	return k.read(bytes.TrimLeft(rest, ": "), ev), nil // auditd before 2.8 leaves out the colon in records about itself
}

// setStamp sets the time of a record: seconds, or as ausearch -i prints it, 10/11/26 12:00:01.710, in the order of the day and the
// month that the numbers allow, the month first if both.
func setStamp(when []byte, zone *time.Location, ev *sdk.Event) {
	const short = "01/02/06 15:04:05.000"
	switch {
	case len(when) < len(short) || when[2] != '/' || when[5] != '/':
		ev.SetTime(timestamp.Unix, nil, when)
	case when[8] != ' ' && string(when[:2]) > "12":
		ev.SetTime("02/01/2006 15:04:05.000", zone, when)
	case when[8] != ' ':
		ev.SetTime("01/02/2006 15:04:05.000", zone, when)
	case string(when[:2]) > "12":
		ev.SetTime("02/01/06 15:04:05.000", zone, when)
	default:
		ev.SetTime(short, zone, when)
	}
}

// journalled reads "TYPE key=value …", as journald writes records of the kernel, without their time and serial.
func journalled(text []byte, ev *sdk.Event) *facts {
	code, rest := word(text)
	found := kindsByName.Get(code)
	if found == nil {
		return &otherAudit
	}
	k := *found
	ev.SetString(ecs.EventCode, k.name)
	return k.read(rest, ev)
}

// read reads the pairs of a record.
func (k *kind) read(b []byte, ev *sdk.Event) *facts {
	r := reader{ev: ev, byUID: k.byUID, target: k.target, access: k.number == accessDecided, path: k.number == touchedPath, group: k.number == addGroup || k.number == delGroup}
	if access, ok := bytes.CutPrefix(b, []byte("avc:")); ok { // "avc:  denied  { read } for  pid=…"
		b = r.selinux(access)
	}
	r.pairs(b)
	if i := bytes.Index(b, []byte(" a0=")); i >= 0 && k.number == executed {
		ev.SetDecoded(ecs.ProcessCommandLine, b[i+1:], appendCommandLine)
	}
	ev.SetString(ecs.EventOutcome, r.outcome)
	if r.outcome == failed {
		return &k.refused
	}
	return &k.facts
}

// reader goes over the pairs of a record.
type reader struct {
	ev      *sdk.Event
	byUID   bool   // uid= is the user who acted
	target  bool   // acct= and id= are the account that was changed
	group   bool   // acct= and id= are those of a group
	access  bool   // of SELinux or AppArmor: src= and dest= are ports
	path    bool   // of a file that a system call touched: dev= is a disk
	named   bool   // acct= was there
	remote  []byte // hostname=, which without addr= is the host itself
	outcome string
}

// quotedPairs are a="b c" and msg='op=… acct="anna"'.
var quotedPairs = kv.Scanner{Quotes: `"'`}

func (r *reader) pairs(b []byte) {
	for it := quotedPairs.Scan(b); it.Next(); {
		v := it.Value()
		switch string(v) {
		case "", "?", "(null)", "(none)", "4294967295", "unset":
			continue
		}
		if it.Quoted() {
			if i := bytes.IndexByte(v, '"'); i >= 0 && i+1 < len(v) && v[i+1]-'A' < 26 {
				r.pairs(v[i+1:]) // key="fs"ARCH=x86_64: what parts the kernel's pairs from auditd's was lost on the way
				v = v[:i:i]
			}
		}
		switch key := it.Key(); string(key) {
		case "msg":
			if it.Quoted() {
				r.inner(v)
			}
		default:
			r.pair(key, v, it.Quoted())
		}
	}
}

// inner reads the pairs of msg='…'. Programs write no msg in it.
func (r *reader) inner(b []byte) {
	for it := quotedPairs.Scan(b); it.Next(); {
		switch v := it.Value(); string(v) {
		case "", "?", "(null)", "(none)":
		default:
			r.pair(it.Key(), v, it.Quoted())
		}
	}
}

// meaning is what a key of a record stands for: a field, and how its value is set.
type meaning struct {
	field ecs.Field
	as    meaningKind
}

type meaningKind uint8

const (
	asIs   meaningKind = iota
	onDisk             // dev= of a file that was touched or refused
	gid
	text // in quotes or hexadecimal
	actor
	effective
	login  // auid=
	object // id= of a user, or of a group
	accountName
	actingName
	recordName
	port
	remoteName
	remoteAddress
	remotePort
	socketAddress
	result
	decision
)

var meanings = keys.New(map[string]meaning{
	"OGID":           {fileGroup, asIs},
	"OUID":           {fileOwner, asIs},
	"arch":           {auditArch, asIs},
	"dev":            {fileDevice, onDisk},
	"direction":      {auditDirection, asIs},
	"fp":             {sshKey, asIs},
	"gid":            {as: gid},
	"grantors":       {pamGrantors, asIs},
	"ino":            {fileInode, asIs},
	"inode":          {fileInode, asIs},
	"ksize":          {keyBits, asIs},
	"mac":            {auditMAC, asIs},
	"mode":           {fileMode, asIs},
	"nametype":       {pathType, asIs},
	"ogid":           {fileGID, asIs},
	"old-auid":       {oldLoginID, asIs},
	"ouid":           {fileUID, asIs},
	"reason":         {ecs.EventReason, text},
	"sig":            {auditSignal, asIs},
	"sw_type":        {softwareType, asIs},
	"AUID":           {loginName, asIs},
	"ID":             {as: recordName},
	"EUID":           {ecs.UserEffectiveName, asIs},
	"SYSCALL":        {auditCall, asIs},
	"UID":            {as: actingName},
	"acct":           {as: accountName},
	"addr":           {as: remoteAddress},
	"apparmor":       {as: decision},
	"argc":           {argumentsLen, asIs},
	"auid":           {as: login},
	"cipher":         {cipher, asIs},
	"cmd":            {ecs.ProcessCommandLine, text},
	"comm":           {ecs.ProcessName, text},
	"cwd":            {workingDir, text},
	"dest":           {ecs.DestinationPort, port},
	"euid":           {as: effective},
	"exe":            {ecs.ProcessExecutable, text},
	"exit":           {auditExit, asIs},
	"grp":            {groupName, text},
	"hostname":       {as: remoteName},
	"id":             {as: object},
	"key":            {ecs.RuleName, text},
	"laddr":          {ecs.DestinationIP, asIs},
	"lport":          {ecs.DestinationPort, asIs},
	"name":           {ecs.FilePath, text},
	"obj":            {auditObject, asIs},
	"op":             {auditOp, asIs},
	"operation":      {auditOp, asIs},
	"path":           {ecs.FilePath, text},
	"permissive":     {permissive, asIs},
	"pfs":            {keyExchange, asIs},
	"pid":            {ecs.ProcessPID, asIs},
	"ppid":           {parentPID, asIs},
	"proctitle":      {ecs.ProcessCommandLine, text},
	"profile":        {auditSubject, asIs},
	"requested_mask": {auditAccess, asIs},
	"res":            {as: result},
	"rport":          {as: remotePort},
	"saddr":          {as: socketAddress},
	"scontext":       {auditSubject, asIs},
	"ses":            {sessionID, asIs},
	"src":            {ecs.SourcePort, port},
	"subj":           {auditSubject, asIs},
	"success":        {as: result},
	"sw":             {software, asIs},
	"syscall":        {auditCall, asIs},
	"tclass":         {auditClass, asIs},
	"tcontext":       {auditObject, asIs},
	"terminal":       {terminal, asIs},
	"tty":            {terminal, asIs},
	"uid":            {as: actor},
	"unit":           {unit, asIs},
})

// appendCommandLine appends the words of `argc=2 a0="cat" a1=2F6574632F61`; of a long one auditd writes pieces, a1[0]= and so on.
func appendCommandLine(dst, argv []byte) []byte {
	start := len(dst)
	for it := quotedPairs.Scan(argv); it.Next(); {
		key, v := it.Key(), it.Value()
		n := 1
		for n < len(key) && key[n]-'0' <= 9 {
			n++
		}
		piece := n < len(key) && key[n] == '['
		if key[0] != 'a' || n == 1 || n < len(key) && !piece {
			continue
		}
		if len(dst) > start && (!piece || bytes.HasSuffix(key, []byte("[0]"))) {
			dst = append(dst, ' ')
		}
		if it.Quoted() || !isHex(v) {
			dst = append(dst, v...)
		} else {
			dst = appendUnhexed(dst, v)
		}
	}
	return dst
}

func (r *reader) pair(key, v []byte, quoted bool) {
	m := meanings.Get(key)
	if m == nil {
		if key[0] == 'a' && digitsLen(key[1:]) == len(key)-1 && !r.byUID { // a0= of EXECVE; those of SYSCALL are numbers
			r.text(arguments, v, quoted)
		}
		return
	}
	ev := r.ev
	switch m.as {
	case asIs:
		ev.Set(m.field, v)
	case onDisk:
		if r.path || r.access {
			ev.Set(m.field, v)
		}
	case gid:
		if r.byUID {
			idOrName(ev, userGroupID, ecs.UserGroupName, v)
		}
	case text:
		r.text(m.field, v, quoted)
	case actor:
		if r.byUID {
			idOrName(ev, ecs.UserID, ecs.UserName, v)
		} else if v[0]-'0' <= 9 {
			ev.Set(processUserID, v)
		}
	case login:
		idOrName(ev, auditLoginID, loginName, v)
	case effective:
		idOrName(ev, effectiveID, ecs.UserEffectiveName, v)
	case object:
		switch {
		case r.group:
			ev.Set(groupID, v)
		case r.target:
			ev.Set(accountID, v)
		default:
			ev.Set(ecs.UserID, v)
		}
	case accountName:
		r.named = true
		r.text(r.account(), v, quoted)
	case actingName:
		if r.byUID {
			ev.Set(ecs.UserName, v)
		}
	case recordName:
		if !r.named {
			ev.Set(r.account(), v)
		}
	case port:
		if r.access {
			ev.SetPort(m.field, v)
		}
	case remoteName:
		r.remote = v
	case remoteAddress:
		source(v, ev)
		if r.remote != nil && r.remote[0]-'0' > 9 && bytes.IndexByte(r.remote, ':') < 0 {
			ev.Set(ecs.SourceDomain, r.remote)
		}
	case remotePort:
		ev.SetPort(ecs.SourcePort, v)
	case socketAddress:
		r.socket(v)
	case result:
		r.result(v)
	case decision:
		ev.Set(ecs.EventReason, v)
		if r.outcome = succeeded; string(v) == "DENIED" {
			r.outcome = failed
		}
	}
}

// account is the field of the account that a record is about.
func (r *reader) account() ecs.Field {
	switch {
	case r.group:
		return groupName
	case r.target:
		return targetUser
	default:
		return ecs.UserName
	}
}

// idOrName sets a user by its number, or by the name that ausearch and auditd put in its place.
func idOrName(ev *sdk.Event, id, name ecs.Field, v []byte) {
	if v[0]-'0' <= 9 {
		ev.Set(id, v)
		return
	}
	ev.Set(name, v)
}

func (r *reader) result(v []byte) {
	switch string(v) {
	case "success", "yes", "1":
		r.outcome = succeeded
	case "failed", "no", "0":
		r.outcome = failed
	}
}

// selinux reads "  denied  { read write } for  " and returns what stands behind it.
func (r *reader) selinux(b []byte) []byte {
	verdict, rest, ok := cut(b, "{")
	if !ok {
		return b
	}
	r.outcome = succeeded
	if verdict = bytes.TrimSpace(verdict); string(verdict) == "denied" {
		r.outcome = failed
	}
	r.ev.Set(ecs.EventReason, verdict)
	rights, rest, _ := cut(rest, "}")
	r.ev.Set(auditAccess, bytes.TrimSpace(rights))
	return rest
}

// text sets a value that stands in quotes, or in hexadecimal where it has blanks, quotes or bytes beyond ASCII.
func (r *reader) text(f ecs.Field, v []byte, quoted bool) {
	if quoted || !isHex(v) {
		r.ev.Set(f, v)
		return
	}
	r.ev.SetDecoded(f, v, appendUnhexed)
}

func isHex(v []byte) bool {
	if len(v) == 0 || len(v)%2 != 0 {
		return false
	}
	for _, c := range v {
		if c-'0' > 9 && c-'A' > 5 {
			return false
		}
	}
	return true
}

func nibble(c byte) byte {
	if c > '9' {
		return c - 'A' + 10
	}
	return c - '0'
}

// appendUnhexed appends what v, which isHex, stands for. NUL parts the words of a command line.
func appendUnhexed(dst, v []byte) []byte {
	for i := 0; i+1 < len(v); i += 2 {
		c := nibble(v[i])<<4 | nibble(v[i+1])
		if c == 0 {
			c = ' '
		}
		dst = append(dst, c)
	}
	return dst
}

// socket reads a struct sockaddr in hexadecimal: the family in the order of the machine, the port in that of the
// network, the address; of IPv6 behind four bytes more.
func (r *reader) socket(v []byte) {
	if !isHex(v) || len(v) < 16 {
		return
	}
	var raw [28]byte
	b := raw[:0]
	for i := 0; i+1 < len(v) && len(b) < len(raw); i += 2 {
		b = append(b, nibble(v[i])<<4|nibble(v[i+1]))
	}
	port := int64(b[2])<<8 | int64(b[3])
	switch {
	case b[0] == 2 && b[1] == 0:
		r.ev.SetAddr(ecs.DestinationIP, netip.AddrFrom4([4]byte(b[4:8])))
		r.ev.SetInt(ecs.DestinationPort, port)
	case b[0] == 10 && b[1] == 0 && len(b) >= 24:
		r.ev.SetAddr(ecs.DestinationIP, netip.AddrFrom16([16]byte(b[8:24])))
		r.ev.SetInt(ecs.DestinationPort, port)
	}
}
