package infocenter

import (
	"bytes"

	"github.com/logcenter/logcenter/sdk/classify"
)

// Session is what a message says of the session of a user or of a tunnel.
type Session uint8

// What messages say of sessions.
const (
	NoSession Session = iota // nothing
	Start                    // somebody comes in, or tries to
	End
)

// SessionOf tells by words of a mnemonic, e.g. LOGIN_FAILED, what its message says of a session, and whether something
// failed. As devices have some hundred mnemonics, [github.com/logcenter/logcenter/sdk/memo] spares doing so line by line.
func SessionOf(mnemonic []byte) (s Session, failed bool) {
	upper := bytes.ToUpper(mnemonic)
	switch {
	case has(upper, "LOGOUT", "LOGOFF", "OFFLINE", "QUIT", "DISCONNECT"):
		s = End
	case has(upper, "LOGIN", "LOGON", "ONLINE", "ACCESS", "CONNECT", "AUTH", "AAA"):
		s = Start
	}
	return s, has(upper, "FAIL", "REJECT", "INVALID", "ERR", "BLOCK", "DENY")
}

// actions are those of the two vendors besides the ones that all have.
var actions = classify.NewWords(
	classify.Means(classify.Denied, "redirect"),
	classify.Means(classify.Allowed, "pass", "logging", "alert", "declare", "none"),
)

// DecisionOf tells what a device did by the word that it has for it, in any case, e.g. Permit, drop, logging, block-source, or by
// the mnemonic POLICYDENY.
func DecisionOf(action []byte) classify.Decision {
	action = bytes.TrimPrefix(action, []byte("POLICY"))
	if d := classify.DecisionOf(action); d != classify.Undecided {
		return d
	}
	d, _ := actions.Find(action)
	return d
}

func has(text []byte, words ...string) bool {
	for _, w := range words {
		if bytes.Contains(text, []byte(w)) {
			return true
		}
	}
	return false
}
