package main

import (
	"bytes"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
)

var (
	loggedIn     = facts{dataset: auth, logType: security, action: "login", category: authSession, types: start, outcome: succeeded}
	loginFailed  = facts{dataset: auth, logType: security, action: "login", category: authentication, types: start, outcome: failed, level: ecs.Warn}
	refused      = facts{dataset: auth, logType: security, action: "login-refused", category: authentication, types: info, outcome: failed, level: ecs.Warn}
	stepped      = facts{dataset: auth, logType: security, action: "authentication-step", category: authentication, types: info}
	noSuchUser   = facts{dataset: auth, logType: security, action: "invalid-user", category: authentication, types: info, outcome: failed, level: ecs.Warn}
	connected    = facts{dataset: auth, logType: security, action: "connected", category: network, types: connection}
	disconnected = facts{dataset: auth, logType: security, action: "disconnected", category: network, types: end}
	scanned      = facts{dataset: auth, logType: security, action: "protocol-error", category: network, types: info, outcome: failed, level: ecs.Warn}
	dropped      = facts{dataset: auth, logType: security, action: "connection-dropped", category: network, types: denied, outcome: failed, level: ecs.Warn}
	sshStarted   = facts{dataset: auth, logType: runState, action: "service-started", category: process, types: start}
	sshStopped   = facts{dataset: auth, logType: runState, action: "service-stopped", category: process, types: end}
	sshSession   = facts{dataset: auth, logType: security, action: "session-started", category: session, types: start}
	sshEnded     = facts{dataset: auth, logType: security, action: "session-ended", category: session, types: end}
	sshError     = facts{dataset: auth, logType: failing, action: "error", category: process, types: errorType, level: ecs.Error}
)

// Names of users come from whoever connects, and may look like the rest of a message, "root from 192.0.2.1 port 22".
// So the address is looked for from the end where a name stands in front of it, and from the start where the other
// side's words stand behind it.
var sshPhrases = newPhrases([]phrase{
	{"Accepted ", credentials, loggedIn},
	{"Failed ", credentials, loginFailed},
	{"Postponed ", credentials, stepped},
	{"Partial ", credentials, stepped},
	{"Invalid user ", invalidUser, noSuchUser},
	{"Illegal user ", invalidUser, noSuchUser},
	{"input_userauth_request: invalid user ", namedInvalid, noSuchUser},
	{"Connection from ", fromTo, connected},
	{"Connection closed by ", userEndpoint, disconnected},
	{"Connection reset by ", userEndpoint, disconnected},
	{"Disconnected from ", userEndpoint, disconnected},
	{"Received disconnect from ", endpointReason, disconnected},
	{"Disconnecting ", endpointReason, disconnected},
	{"Disconnecting: Too many authentication failures for ", tooMany, refused},
	{"Disconnecting: ", reason, disconnected},
	{"Transferred: sent ", transferred, disconnected},
	{"session opened for local user ", localUser, sshSession},
	{"session closed for local user ", localUser, sshEnded},
	{"Found matching ", matchingKey, stepped},
	{"User child is on pid ", childPID, connected},
	{"error: maximum authentication attempts exceeded for ", userEndpoint, refused},
	{"maximum authentication attempts exceeded for ", userEndpoint, refused},
	{"error: PAM: ", pamError, loginFailed},
	{"error: kex_exchange_identification: ", reason, scanned},
	{"error: Received disconnect from ", endpointReason, disconnected},
	{"Did not receive identification string from ", userEndpoint, scanned},
	{"Bad protocol version identification ", userEndpoint, scanned},
	{"banner exchange: Connection from ", endpointReason, scanned},
	{"Protocol major versions differ for ", endpointReason, scanned},
	{"Nasty PTR record ", nastyRecord, scanned},
	{"Bad packet length ", badLength, scanned},
	{"Corrupted MAC on input", corrupted, scanned},
	{"Read error from remote host ", endpointReason, disconnected},
	{"Unable to negotiate with ", negotiation, scanned},
	{"fatal: Unable to negotiate with ", negotiation, scanned},
	{"ssh_dispatch_run_fatal: Connection from ", endpointReason, scanned},
	{"refused connect from ", refusedConnect, dropped},
	{"User ", notAllowed, refused},
	{"ROOT LOGIN REFUSED FROM ", rootRefused, refused},
	{"Authentication refused: ", reason, refused},
	{"Certificate invalid: ", reason, refused},
	{"reverse mapping checking getaddrinfo for ", mapping, scanned},
	{"Address ", mapped, scanned},
	{"Timeout before authentication for connection from ", timeout, refused},
	{"Timeout before authentication for ", userEndpoint, refused},
	{"drop connection ", drop, dropped},
	{"Starting session: ", sessionStart, sshSession},
	{"Close session: user ", userEndpoint, sshEnded},
	{"subsystem request for ", subsystem, sshSession},
	{"Server listening on ", listening, sshStarted},
	{"Received signal ", nil, sshStopped},
	{"Exiting on signal ", nil, sshStopped},
	{"fatal: Timeout before authentication for ", userEndpoint, refused},
	{"fatal: ", reason, sshError},
	{"error: ", reason, sshError},
})

// ssh reads a message of sshd(8).
func ssh(text []byte, ev *sdk.Event) (*facts, error) {
	ev.SetString(ecs.NetworkProtocol, "ssh")
	f := found(sshPhrases, bytes.TrimSuffix(text, []byte(" [preauth]")), ev, &otherAuth)
	if f.action == "login" && !bytes.Contains(text, []byte(" from ")) {
		return f, errLogin
	}
	return f, nil
}

// credentials reads "METHOD for USER from IP port PORT ssh2: KEY".
func credentials(b []byte, ev *sdk.Event) {
	method, rest, ok := cut(b, " for ")
	if !ok {
		return
	}
	ev.Set(sshMethod, method)
	if i := keyAt(rest, string(method) == "publickey"); i >= 0 {
		ev.Set(sshKey, rest[i+len(protocol):])
		rest = rest[:i]
	}
	userEndpoint(rest, ev)
}

const protocol = " ssh2: "

// keyAt is where " ssh2: KIND FINGERPRINT" begins, -1 if there is none. A name in front may hold the like, and so may the
// id of a certificate behind it: "RSA-CERT FINGERPRINT ID … (serial 0) CA …".
func keyAt(b []byte, public bool) int {
	if !bytes.Contains(b, []byte(protocol)) { // which is looked for faster from the start than from the end
		return -1
	}
	i := bytes.LastIndex(b, []byte(protocol))
	if bytes.Count(b[i+len(protocol):], []byte(" ")) == 1 {
		return i
	}
	i = bytes.Index(b, []byte(protocol))
	if kind, _ := word(b[i+len(protocol):]); !public || !bytes.HasSuffix(kind, []byte("-CERT")) {
		return -1
	}
	return i
}

func invalidUser(b []byte, ev *sdk.Event) {
	ev.SetBool(sshInvalid, true)
	user(b, ev)
}

func namedInvalid(b []byte, ev *sdk.Event) {
	ev.SetBool(sshInvalid, true)
	ev.Set(ecs.UserName, b)
}

// refusedConnect reads "NAME (IP)" of TCP wrappers.
func refusedConnect(b []byte, ev *sdk.Event) {
	name, addr, ok := cut(b, " (")
	source(name, ev)
	if ok {
		ev.SetIP(ecs.SourceIP, bytes.TrimSuffix(addr, []byte(")")))
	}
}

// userEndpoint reads "invalid user USER from IP port PORT", of which all but the address may be missing.
func userEndpoint(b []byte, ev *sdk.Event) {
	for _, state := range [...]string{"invalid user ", "illegal user ", "authenticating user ", "user "} {
		if rest, ok := bytes.CutPrefix(b, []byte(state)); ok {
			b = rest
			if state[0] == 'i' {
				ev.SetBool(sshInvalid, true)
			}
			break
		}
	}
	user(b, ev)
}

// user reads "USER from IP port PORT" or "USER IP port PORT".
func user(b []byte, ev *sdk.Event) {
	i := bytes.LastIndex(b, []byte(" port "))
	if i >= 0 && digitsLen(b[i+len(" port "):]) > 0 {
		port := b[i+len(" port "):]
		ev.SetPort(ecs.SourcePort, port[:digitsLen(port)])
		b = b[:i:i]
	}
	j := bytes.LastIndexByte(b, ' ')
	source(b[j+1:], ev)
	if j <= 0 {
		return
	}
	name := bytes.TrimSuffix(b[:j], []byte(" from"))
	if len(name) > 0 && name[0] == '\'' { // what came instead of a protocol version
		ev.Set(ecs.EventReason, name)
		return
	}
	if string(name) != "from" { // the name is empty
		ev.Set(ecs.UserName, name)
	}
}

// firstEndpoint reads "IP port PORT", in front of which a user may stand, and returns what is behind it.
func firstEndpoint(b []byte, ev *sdk.Event) (rest []byte) {
	i := bytes.Index(b, []byte(" port "))
	if i < 0 || digitsLen(b[i+len(" port "):]) == 0 {
		addr, rest, _ := cut(b, ": ") // OpenSSH 7 and older
		source(addr, ev)
		return rest
	}
	front, rest := b[:i:i], b[i+len(" port "):]
	n := digitsLen(rest)
	ev.SetPort(ecs.SourcePort, rest[:n:n])
	j := bytes.LastIndexByte(front, ' ')
	source(front[j+1:], ev)
	if j > 0 {
		userName(front[:j:j], ev)
	}
	return rest[n:]
}

// userName sets the user of "authenticating user USER".
func userName(b []byte, ev *sdk.Event) {
	_, name, ok := cut(b, "user ")
	if !ok {
		return
	}
	if b[0] == 'i' {
		ev.SetBool(sshInvalid, true)
	}
	ev.Set(ecs.UserName, name)
}

// endpointReason reads "IP port PORT:11: REASON", where the number is the code of the SSH protocol.
func endpointReason(b []byte, ev *sdk.Event) {
	rest := bytes.TrimLeft(firstEndpoint(b, ev), ": ")
	if n := digitsLen(rest); n > 0 && n < len(rest) && rest[n] == ':' {
		ev.Set(ecs.EventCode, rest[:n:n])
		rest = rest[n+1:]
	}
	reason(rest, ev)
}

// negotiation reads "IP port PORT: REASON. Their offer: ALGORITHM,ALGORITHM".
func negotiation(b []byte, ev *sdk.Event) {
	front, offer, ok := cut(b, " Their offer: ") // from the start: the offer is the other side's text
	if ok {
		ev.Set(sshOffer, offer)
		b = bytes.TrimSuffix(front, []byte("."))
	}
	endpointReason(b, ev)
}

// fromTo reads "IP port PORT on IP port PORT".
func fromTo(b []byte, ev *sdk.Event) {
	rest, ok := bytes.CutPrefix(firstEndpoint(b, ev), []byte(" on "))
	if !ok {
		return
	}
	listening(rest, ev)
}

// listening reads "IP port PORT." of the server's own side.
func listening(b []byte, ev *sdk.Event) {
	addr, rest, ok := cut(b, " port ")
	if !ok {
		return
	}
	ev.SetIP(ecs.DestinationIP, addr)
	ev.SetPort(ecs.DestinationPort, rest[:digitsLen(rest)])
}

// pamError reads "Authentication failure for illegal user USER from HOST".
func pamError(b []byte, ev *sdk.Event) {
	why, rest, ok := cut(b, " for ")
	ev.Set(ecs.EventReason, why)
	if ok {
		userEndpoint(rest, ev)
	}
}

// notAllowed reads "USER from HOST not allowed because REASON".
func notAllowed(b []byte, ev *sdk.Event) {
	const mark = " not allowed because "
	i := bytes.LastIndex(b, []byte(mark))
	if i < 0 {
		return
	}
	reason(b[i+len(mark):], ev)
	if b = b[:i:i]; bytes.Contains(b, []byte(" from ")) {
		user(b, ev)
		return
	}
	ev.Set(ecs.UserName, b)
}

// mapping reads "NAME [IP] failed - POSSIBLE BREAK-IN ATTEMPT!".
func mapping(b []byte, ev *sdk.Event) {
	name, rest, ok := cut(b, " [")
	if !ok {
		return
	}
	ev.Set(ecs.SourceDomain, name)
	addr, rest, _ := cut(rest, "]")
	ev.SetIP(ecs.SourceIP, addr)
	reason(rest, ev)
}

// mapped reads "IP maps to NAME, but this does not map back to the address."
func mapped(b []byte, ev *sdk.Event) {
	addr, rest, ok := cut(b, " maps to ")
	if !ok {
		return
	}
	ev.SetIP(ecs.SourceIP, addr)
	name, why, _ := cut(rest, ", but ")
	ev.Set(ecs.SourceDomain, name)
	reason(why, ev)
}

// timeout reads "IP to IP, pid = PID".
func timeout(b []byte, ev *sdk.Event) {
	from, rest, ok := cut(b, " to ")
	source(from, ev)
	if ok {
		to, _, _ := cut(rest, ",")
		ev.SetIP(ecs.DestinationIP, to)
	}
}

// drop reads "#10 from [IP]:PORT on [IP]:PORT past MaxStartups".
func drop(b []byte, ev *sdk.Event) {
	_, rest, ok := cut(b, " from ")
	if !ok {
		return
	}
	from, rest := word(rest)
	ev.SetIPPort(ecs.SourceIP, ecs.SourcePort, from)
	if rest, ok = bytes.CutPrefix(rest, []byte("on ")); ok {
		to, rest := word(rest)
		ev.SetIPPort(ecs.DestinationIP, ecs.DestinationPort, to)
		reason(rest, ev)
	}
}

// sessionStart reads "shell on pts/0 for USER from IP port PORT id 0".
func sessionStart(b []byte, ev *sdk.Event) {
	what, rest, ok := cut(b, " for ")
	if !ok {
		return
	}
	if _, tty, ok := cut(what, " on "); ok {
		ev.Set(terminal, tty)
	}
	userEndpoint(rest, ev)
}

// subsystem reads "sftp by user USER", and "netconf by user USER failed, subsystem not found".
func subsystem(b []byte, ev *sdk.Event) {
	name, who, ok := cut(b, " by user ")
	ev.Set(ecs.ServiceName, name)
	if !ok {
		return
	}
	if user, missing := bytes.CutSuffix(who, []byte(" failed, subsystem not found")); missing {
		who = user
		ev.SetString(ecs.EventOutcome, failed)
		ev.SetString(ecs.EventReason, "subsystem not found")
	}
	ev.Set(ecs.UserName, who)
}

// badLength is of what does not speak SSH; b is the length it would have.
func badLength(_ []byte, ev *sdk.Event) { ev.SetString(ecs.EventReason, "bad packet length") }

func corrupted(_ []byte, ev *sdk.Event) { ev.SetString(ecs.EventReason, "corrupted MAC on input") }

// rootRefused reads "192.0.2.7 port 45586".
func rootRefused(b []byte, ev *sdk.Event) {
	ev.SetString(ecs.UserName, "root")
	user(b, ev)
}

// tooMany reads "USER from IP port PORT ssh2", of which older versions have the name alone.
func tooMany(b []byte, ev *sdk.Event) {
	ev.SetString(ecs.EventReason, "Too many authentication failures")
	if bytes.Contains(b, []byte(" from ")) {
		userEndpoint(b, ev)
		return
	}
	ev.Set(ecs.UserName, b)
}

// transferred reads "2048, received 1024 bytes", as the server counts them.
func transferred(b []byte, ev *sdk.Event) {
	sent, rest, ok := cut(b, ", received ")
	if !ok {
		return
	}
	received, _ := word(rest)
	ev.Set(ecs.DestinationBytes, sent)
	ev.Set(ecs.SourceBytes, received)
}

// localUser reads "USER from [IP]" of internal-sftp.
func localUser(b []byte, ev *sdk.Event) {
	name, from, ok := cut(b, " from [")
	ev.Set(ecs.UserName, name)
	if ok {
		ev.SetIP(ecs.SourceIP, bytes.TrimSuffix(from, []byte("]")))
	}
}

// matchingKey reads "RSA key: FINGERPRINT".
func matchingKey(b []byte, ev *sdk.Event) {
	if _, key, ok := cut(b, " key: "); ok {
		ev.Set(sshKey, key)
	}
}

// childPID reads the process that has the user's rights.
func childPID(b []byte, ev *sdk.Event) { ev.Set(sshChild, b[:digitsLen(b)]) }

// nastyRecord reads `"203.0.113.66" is set up for 203.0.113.66, ignoring`.
func nastyRecord(b []byte, ev *sdk.Event) {
	if _, addr, ok := cut(b, " is set up for "); ok {
		addr, _, _ = cut(addr, ",")
		source(addr, ev)
	}
}
