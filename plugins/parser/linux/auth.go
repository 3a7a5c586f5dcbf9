package main

import (
	"bytes"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
)

var (
	opened       = facts{dataset: auth, logType: security, action: "session-opened", category: session, types: start, outcome: succeeded}
	closed       = facts{dataset: auth, logType: security, action: "session-closed", category: session, types: end, outcome: succeeded}
	authFailed   = facts{dataset: auth, logType: security, action: "authentication", category: authentication, types: info, outcome: failed, level: ecs.Warn}
	authPassed   = facts{dataset: auth, logType: security, action: "authentication", category: authentication, types: info, outcome: succeeded}
	locked       = facts{dataset: auth, logType: security, action: "account-locked", category: authentication, types: info, outcome: failed, level: ecs.Warn}
	accessOK     = facts{dataset: auth, logType: security, action: "access-granted", category: authentication, types: info, outcome: succeeded}
	accessDenied = facts{dataset: auth, logType: security, action: "access-denied", category: authentication, types: info, outcome: failed, level: ecs.Warn}
	passwordSet  = facts{dataset: account, logType: security, action: "changed-password", category: iam, types: userChanged, outcome: succeeded}
	commandRun   = facts{dataset: auth, logType: security, action: "ran-command", category: process, types: start, outcome: succeeded}
	commandDeny  = facts{dataset: auth, logType: security, action: "command-denied", category: process, types: refusal, outcome: failed, level: ecs.Warn}
	switched     = facts{dataset: auth, logType: security, action: "switched-user", category: authSession, types: start, outcome: succeeded}
	switchFailed = facts{dataset: auth, logType: security, action: "switched-user", category: authentication, types: start, outcome: failed, level: ecs.Warn}
	switchedBack = facts{dataset: auth, logType: security, action: "switched-back", category: session, types: end}
)

var pamPhrases = newPhrases([]phrase{
	{"session opened for user ", sessionUser, opened},
	{"session closed for user ", sessionUser, closed},
	{"authentication failure; ", attempt, authFailed},
	{"authentication success; ", attempt, authPassed},
	{"check pass; ", reason, authFailed},
	{"bad username ", bracketedUser, authFailed},
	{"auth could not identify password for ", bracketedUser, authFailed},
	{"received for user ", receivedFor, authFailed},
	{"password changed for ", accountUser, passwordSet},
	{"expired password for user ", accountUser, accessDenied},
	{"account ", accountUser, accessDenied},
	{"Consecutive login failures for user ", accountUser, locked},
	{"access denied for user ", quotedUser, accessDenied},
	{"requirement ", requirement, accessDenied},
	{"Refused user ", accountUser, accessDenied},
	{"service(", retries, accessDenied},
	{"Accepted google_authenticator for ", accountUser, authPassed},
	{"Invalid verification code for ", accountUser, authFailed},
	{"user ", tally, locked},
})

// pam reads "pam_unix(sshd:session): TEXT", and what PAM itself says, "PAM 2 more authentication failures; …".
func pam(text []byte, ev *sdk.Event) *facts {
	if rest, ok := bytes.CutPrefix(text, []byte("PAM ")); ok {
		return pamText(rest, ev)
	}
	module, rest, ok := cut(text, "(")
	if !ok {
		return &otherAuth
	}
	ev.Set(pamModule, module)
	what, rest, ok := cut(rest, "): ")
	if !ok {
		return &otherAuth
	}
	name, _, _ := cut(what, ":")
	ev.Set(pamService, name)
	return pamText(rest, ev)
}

// oldPAM reads what PAM before 0.99 wrote under a name of its own, "sshd(pam_unix)[733]: TEXT".
func oldPAM(program, text []byte, ev *sdk.Event) (f *facts, ok bool) {
	name, module, ok := cut(program, "(pam_")
	if !ok || len(name) == 0 {
		return nil, false
	}
	ev.Set(ecs.ProcessName, name)
	ev.Set(pamService, name)
	ev.Set(pamModule, program[len(name)+1:len(name)+len("(pam_")+len(module)-1])
	return pamText(text, ev), true
}

// pamText reads what a module says.
func pamText(text []byte, ev *sdk.Event) *facts {
	if n := digitsLen(text); n > 0 { // "2 more authentication failures; …"
		if _, pairs, ok := cut(text[n:], " authentication failure"); ok {
			if _, pairs, ok = cut(pairs, "; "); ok {
				attempt(pairs, ev)
			}
			return &authFailed
		}
	}
	if rest, ok := bytes.CutPrefix(text, []byte("user '")); ok {
		return winbind(rest, ev)
	}
	return found(pamPhrases, text, ev, &otherAuth)
}

// retries reads "sshd) ignoring max retries; 6 > 3".
func retries(b []byte, ev *sdk.Event) {
	_, why, _ := cut(b, ") ")
	reason(why, ev)
}

// winbind reads "DOMAIN\USER' granted access" and "USER' denied access (REASON)".
func winbind(b []byte, ev *sdk.Event) *facts {
	name, verdict, ok := cut(b, "' ")
	if !ok {
		return &otherAuth
	}
	ev.SetAccount(ecs.UserName, ecs.UserDomain, name)
	if string(verdict) == "granted access" {
		return &accessOK
	}
	reason(verdict, ev)
	if bytes.HasPrefix(verdict, []byte("denied access")) {
		return &accessDenied
	}
	return &otherAuth
}

// sessionUser reads "USER(uid=1001) by BY(uid=0)", where all but the name may be missing.
func sessionUser(b []byte, ev *sdk.Event) {
	who, by, _ := cut(b, " by ")
	name, id, ok := cut(who, "(uid=")
	ev.Set(ecs.UserName, name)
	if ok {
		ev.Set(ecs.UserID, bytes.TrimSuffix(id, []byte(")")))
	}
	name, id, ok = cut(by, "(uid=")
	if len(name) > 0 {
		ev.Set(ecs.SourceUserName, name)
	}
	if ok {
		ev.Set(openerID, bytes.TrimSuffix(id, []byte(")")))
	}
}

// attempt reads "logname=  uid=0 euid=0 tty=ssh ruser=  rhost=192.0.2.7  user=USER". A name may hold blanks and pairs
// of its own; it is the last. Without it the name that the other side gave is the one that was tried.
func attempt(b []byte, ev *sdk.Event) {
	pairs, name, ok := cut(b, " user=")
	if ok {
		ev.Set(ecs.UserName, name)
		b = pairs
	}
	for len(b) > 0 {
		var pair []byte
		pair, b = word(b)
		key, v, _ := cut(pair, "=")
		switch string(key) {
		case "rhost":
			source(v, ev)
		case "ruser":
			ev.Set(ecs.SourceUserName, v)
			if !ok {
				ev.Set(ecs.UserName, v)
			}
		case "tty":
			ev.Set(terminal, v)
		case "uid":
			ev.Set(processUserID, v)
		case "euid":
			ev.Set(effectiveID, v)
		case "logname":
			ev.Set(loginName, v)
		}
	}
}

// accountUser reads a name that ends in front of a blank, and the reason behind it.
func accountUser(b []byte, ev *sdk.Event) {
	name, why := word(b)
	ev.Set(ecs.UserName, name)
	reason(why, ev)
}

// bracketedUser reads "[USER]".
func bracketedUser(b []byte, ev *sdk.Event) {
	ev.Set(ecs.UserName, bytes.TrimSuffix(bytes.TrimPrefix(b, []byte("[")), []byte("]")))
}

// receivedFor reads "USER: 7 (Authentication failure)" of pam_sss.
func receivedFor(b []byte, ev *sdk.Event) {
	name, why, _ := cut(b, ": ")
	ev.Set(ecs.UserName, name)
	reason(why, ev)
}

// quotedUser reads "`USER' from `HOST'" of pam_access.
func quotedUser(b []byte, ev *sdk.Event) {
	name, rest, ok := cut(bytes.TrimPrefix(b, []byte("`")), "' from `")
	ev.Set(ecs.UserName, bytes.TrimSuffix(name, []byte("'")))
	if ok {
		source(bytes.TrimSuffix(rest, []byte("'")), ev)
	}
}

// requirement reads `"uid >= 1000" not met by user "root"` of pam_succeed_if.
func requirement(b []byte, ev *sdk.Event) {
	rule, name, ok := cut(b, " not met by user ")
	ev.Set(ecs.EventReason, rule)
	if ok {
		ev.Set(ecs.UserName, bytes.Trim(name, `"`))
	}
}

// tally reads "USER (1000) tally 6, deny 5" of pam_tally2.
func tally(b []byte, ev *sdk.Event) {
	name, rest, ok := cut(b, " (")
	ev.Set(ecs.UserName, name)
	if ok {
		id, why, _ := cut(rest, ") ")
		ev.Set(ecs.UserID, id)
		reason(why, ev)
	}
}

// sudo reads "USER : REASON ; TTY=pts/0 ; PWD=/home/anna ; USER=root ; COMMAND=/usr/bin/id", sudoers(5), section
// LOG FORMAT. Without a reason the command was run.
func sudo(text []byte, ev *sdk.Event) *facts {
	name, rest, ok := cut(text, " : ")
	if !ok {
		return &otherAuth
	}
	ev.Set(ecs.UserName, name)
	if more, ok := bytes.CutPrefix(rest, []byte("(command continued) ")); ok { // of a line that was too long
		ev.Set(ecs.ProcessCommandLine, more)
		return &commandRun
	}
	f := &commandRun
	for len(rest) > 0 {
		if command, ok := bytes.CutPrefix(rest, []byte("COMMAND=")); ok {
			ev.Set(ecs.ProcessCommandLine, command)
			program, _ := word(command)
			ev.Set(ecs.ProcessExecutable, program)
			break
		}
		var part []byte
		part, rest, _ = cut(rest, " ; ")
		switch key, v, pair := cut(part, "="); {
		case !pair:
			reason(part, ev)
			f = &commandDeny
			if bytes.Contains(part, []byte("password")) {
				f = &authFailed
			}
		case string(key) == "TTY":
			ev.Set(terminal, v)
		case string(key) == "PWD":
			ev.Set(workingDir, v)
		case string(key) == "USER":
			ev.Set(ecs.UserEffectiveName, v)
		case string(key) == "GROUP":
			ev.Set(groupName, v)
		}
	}
	return f
}

var suPhrases = newPhrases([]phrase{
	{"(to ", suTo, switched},
	{"FAILED SU (to ", suTo, switchFailed},
	{"Successful su for ", suFor, switched},
	{"FAILED su for ", suFor, switchFailed},
	{"+ ", suPair, switched},
	{"- ", suPair, switchedBack},
	{"BAD SU ", func(b []byte, ev *sdk.Event) { suPlain(b, ev) }, switchFailed},
})

func su(text []byte, ev *sdk.Event) *facts {
	f := found(suPhrases, text, ev, &otherAuth)
	if f == &otherAuth && suPlain(text, ev) {
		return &switched
	}
	return f
}

// suPlain reads "anna to root on /dev/ttyp1" of the BSDs' su, which old distributions have too.
func suPlain(b []byte, ev *sdk.Event) bool {
	name, rest, ok := cut(b, " to ")
	to, tty, on := cut(rest, " on ")
	if !ok || !on || bytes.IndexByte(name, ' ') >= 0 || bytes.IndexByte(to, ' ') >= 0 {
		return false
	}
	ev.Set(ecs.UserName, name)
	ev.Set(ecs.UserEffectiveName, to)
	ev.Set(terminal, tty)
	return true
}

// suTo reads "root) anna on pts/0" of util-linux.
func suTo(b []byte, ev *sdk.Event) {
	to, rest, _ := cut(b, ") ")
	ev.Set(ecs.UserEffectiveName, to)
	name, tty, _ := cut(rest, " on ")
	ev.Set(ecs.UserName, name)
	ev.Set(terminal, tty)
}

// suFor reads "root by anna" of shadow.
func suFor(b []byte, ev *sdk.Event) {
	to, name, _ := cut(b, " by ")
	ev.Set(ecs.UserEffectiveName, to)
	ev.Set(ecs.UserName, name)
}

// suPair reads "pts/0 anna:root" of shadow and busybox.
func suPair(b []byte, ev *sdk.Event) {
	tty, who := word(b)
	ev.Set(terminal, tty)
	name, to, _ := cut(who, ":")
	ev.Set(ecs.UserName, name)
	ev.Set(ecs.UserEffectiveName, to)
}

// checks are what the helper of pam_unix says, which looks passwords up for programs that may not.
var checks = newPhrases([]phrase{
	{"password check failed for user (", helperUser, authFailed},
	{"check pass; user unknown", nil, authFailed},
	{"could not obtain user info (", helperUser, authFailed},
})

// helperUser reads "USER)".
func helperUser(b []byte, ev *sdk.Event) { ev.Set(ecs.UserName, bytes.TrimSuffix(b, []byte(")"))) }

var logins = newPhrases([]phrase{
	{"LOGIN ON ", loginOn, loggedIn},
	{"ROOT LOGIN ON ", rootLogin, loggedIn},
	{"DIALUP AT ", loginOn, loggedIn},
	{"FAILED LOGIN ", loginFor, loginFailed},
	{"TOO MANY LOGIN TRIES ", loginFor, refused},
})

// loginOn reads "tty1 BY anna FROM host".
func loginOn(b []byte, ev *sdk.Event) {
	tty, rest, ok := cut(b, " BY ")
	ev.Set(terminal, tty)
	if !ok {
		return
	}
	name, from, ok := cut(rest, " FROM ")
	ev.Set(ecs.UserName, name)
	if ok {
		source(from, ev)
	}
}

// rootLogin reads "tty1 FROM host".
func rootLogin(b []byte, ev *sdk.Event) {
	ev.SetString(ecs.UserName, "root")
	tty, from, ok := cut(b, " FROM ")
	ev.Set(terminal, tty)
	if ok {
		source(bytes.Trim(from, "'"), ev)
	}
}

// loginFor reads "1 FROM tty1 FOR anna, Authentication failure" and "(2) on '/dev/tty1' FOR 'anna', REASON".
func loginFor(b []byte, ev *sdk.Event) {
	where, rest, ok := cut(b, " FOR ")
	if !ok {
		return
	}
	if _, tty, ok := cut(where, " on "); ok {
		ev.Set(terminal, bytes.Trim(tty, "'"))
	} else if i := bytes.Index(where, []byte("FROM ")); i >= 0 {
		from := where[i+len("FROM "):]
		if bytes.HasPrefix(from, []byte("tty")) || bytes.HasPrefix(from, []byte("pts/")) {
			ev.Set(terminal, from)
		} else {
			source(from, ev)
		}
	}
	i := bytes.LastIndex(rest, []byte(", "))
	if i < 0 {
		i = len(rest)
	} else {
		reason(rest[i+2:], ev)
	}
	ev.Set(ecs.UserName, bytes.Trim(rest[:i], "'"))
}
