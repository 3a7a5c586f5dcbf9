package main

import (
	"bytes"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/classify"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/flow"
	"github.com/logcenter/logcenter/sdk/infocenter"
	"github.com/logcenter/logcenter/sdk/kv"
)

// pairs are written Key(NUMBER)=value; with semicolons between them.
var pairs = kv.Scanner{Pair: ';'}

// record is what of a line is decided when all of it is read.
type record struct {
	message         *message
	mnemonic        []byte
	kept            [slots][]byte
	flow            flow.Flow
	command, failed bool
	session         infocenter.Session // by the text, where the brief says nothing of it
}

// describe reads the description.
func (p parser) describe(m *infocenter.Message, ev *sdk.Event) error {
	r := record{message: messages.Of(m.Name), mnemonic: m.Mnemonic}
	text := r.origin(ev, m.Text)
	if isPairs(text) {
		text = bytes.TrimSuffix(text, []byte(".")) // some versions end them as sentences
		for it := pairs.Scan(text); it.Next(); {
			r.pair(ev, p, it.Key(), it.Value())
		}
	} else {
		r.words(ev, text)
	}
	r.conclude(ev)
	if r.message.Ends && !r.flow.HasEnds() {
		return errEnds
	}
	return nil
}

// longestKey is where the first = of pairs is at the latest.
const longestKey = 64

// isPairs reports whether text begins with Key(NUMBER)=.
func isPairs(text []byte) bool {
	i := bytes.IndexByte(text[:min(len(text), longestKey)], '=')
	return i > 2 && text[i-1] == ')' && bytes.IndexByte(text[:i], ' ') < 0
}

// origin reads -Key=value-Key=value; in front of the text, as often as they come, and returns the text.
func (r *record) origin(ev *sdk.Event, b []byte) []byte {
	for len(b) > 1 && b[0] == '-' {
		i := bytes.IndexByte(b, ';')
		if i < 0 {
			r.dashes(ev, b)
			return nil
		}
		r.dashes(ev, b[:i])
		b = bytes.TrimLeft(b[i+1:], " ")
	}
	return b
}

// dashes reads -Key=value-Key=value. A value may hold hyphens: it ends before the next "-Key=".
func (r *record) dashes(ev *sdk.Event, b []byte) {
	for len(b) > 1 {
		eq := bytes.IndexByte(b, '=')
		if eq < 0 {
			return
		}
		key, rest := b[1:eq], b[eq+1:]
		end := nextDash(rest)
		r.where(ev, key, rest[:end:end])
		b = rest[end:]
	}
}

// nextDash is where "-Key=" begins, or the length of b.
func nextDash(b []byte) int {
	for i := 0; i < len(b); i++ {
		if b[i] != '-' {
			continue
		}
		k := i + 1
		for k < len(b) && ((b[k]|0x20)-'a' < 26 || b[k] == '_') {
			k++
		}
		if k > i+1 && k < len(b) && b[k] == '=' {
			return i
		}
	}
	return len(b)
}

// conclude sets what follows from several pairs.
func (r *record) conclude(ev *sdk.Event) {
	r.flow.Sum(ev)
	r.names(ev)
	r.verdict(ev)
}

// names sets the rule: the signature in logs of attacks, else the policy and its rule.
func (r *record) names(ev *sdk.Event) {
	switch signature := r.kept[theSignature]; {
	case len(signature) > 0:
		ev.Set(ecs.RuleName, signature)
		ev.Set(ecs.RuleID, r.kept[theSignID])
		ev.Set(policy, r.kept[thePolicy])
	case r.message.Dataset == "h3c.attack":
		ev.SetLower(ecs.RuleName, r.mnemonic)
	default:
		ev.Set(ecs.RuleName, r.kept[thePolicy])
		ev.Set(ecs.RuleID, r.kept[thePolicyID])
	}
}

// verdict says what was done: by Action, by Event, or by the brief.
func (r *record) verdict(ev *sdk.Event) {
	decided := r.kept[theAction]
	if len(decided) == 0 {
		decided = r.kept[theEvent]
	}
	if len(decided) > 0 {
		ev.SetLower(ecs.EventAction, decided)
	} else {
		ev.SetLower(ecs.EventAction, r.mnemonic)
	}
	decision := infocenter.DecisionOf(decided)
	switch {
	case r.message.Dataset == "h3c.session":
		r.connection(ev, decided)
	case r.command:
		ev.SetFacts(commands.Session(infocenter.NoSession, r.failed))
	case r.message.Dataset == "h3c.config":
		ev.SetFacts(r.message.Change)
	case decision != classify.Undecided:
		ev.SetFacts(r.message.Decided[decision])
	case r.message.session == infocenter.NoSession:
		ev.SetFacts(r.message.Session(r.session, r.message.failed || r.failed))
	default:
		ev.SetFacts(r.message.Session(r.message.session, r.message.failed || r.failed))
	}
}

// connection says whether a session or a translation begins or ends. Event is "(8)Session created" or why it ended.
func (r *record) connection(ev *sdk.Event, event []byte) {
	if bytes.Contains(event, []byte("created")) {
		ev.SetFacts(r.message.Connections[infocenter.Start])
		return
	}
	ev.SetFacts(r.message.Connections[infocenter.End])
	ev.Set(ecs.EventReason, event)
}
