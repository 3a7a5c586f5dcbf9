package main

import (
	"bytes"
	"errors"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/classify"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/flow"
	"github.com/logcenter/logcenter/sdk/infocenter"
	"github.com/logcenter/logcenter/sdk/kv"
)

// pairs are written Key=value with commas between them. Keys may have blanks.
var pairs = kv.Scanner{Pair: ',', Quotes: `"`}

// lists are those of user access, KEY:value with semicolons.
var lists = kv.Scanner{Pair: ';', Sep: ':'}

// record is what of a line is decided when all of it is read.
type record struct {
	message  *message
	mnemonic []byte
	sequence []byte
	kept     [slots][]byte
	flow     flow.Flow
	command  bool
}

// describe reads the description.
func (p parser) describe(m *infocenter.Message, ev *sdk.Event) error {
	r := record{message: messages.Of(m.Name), mnemonic: m.Mnemonic, sequence: m.Sequence}
	ev.Set(ecs.EventSequence, m.Sequence)
	b := withoutComponent(m.Text)
	text, list, whole := split(b)
	var err error
	switch {
	case list == nil && r.words(ev, b):
	case list == nil:
		ev.Set(description, text)
		r.chinese(ev, text)
	default:
		ev.Set(description, text)
		if r.message.sessions {
			r.quotedCommand(ev, text)
		}
		err = r.scan(ev, list)
	}
	r.conclude(ev, p)
	switch {
	case !whole || errors.Is(err, kv.ErrQuote):
		return errCut
	case r.message.Ends && !r.flow.HasEnds():
		return errEnds
	}
	return nil
}

// withoutComponent cuts CID=0x814f041e; off the front: newer versions say there which component speaks.
func withoutComponent(b []byte) []byte {
	if bytes.HasPrefix(b, []byte("CID=")) {
		if i := bytes.IndexByte(b, ';'); i > 0 {
			return bytes.TrimLeft(b[i+1:], " ")
		}
	}
	return b
}

// split parts the text from the pairs, which are in brackets behind it or all there is. list is nil if there are
// none; whole is false where the bracket is never closed.
func split(b []byte) (text, list []byte, whole bool) {
	n := len(b)
	for n > 0 && (b[n-1] == '.' || b[n-1] == ' ' || b[n-1] == 0) {
		n--
	}
	b = b[:n]
	first := bytes.IndexByte(b, '=')
	if first < 0 || bytes.HasSuffix(b, wideClose) {
		if i := bytes.IndexByte(b, ';'); i > 0 && bytes.IndexByte(b[:i], ':') > 0 {
			return nil, b, true
		}
		return b, nil, true
	}
	open := bytes.LastIndexByte(b[:first], '(')
	if open < 0 {
		return nil, b, true
	}
	text = bytes.TrimRight(b[:open], " .")
	if b[len(b)-1] != ')' {
		return text, b[open+1:], false
	}
	return text, b[open+1 : len(b)-1], true
}

func (r *record) scan(ev *sdk.Event, list []byte) error {
	scanner := &pairs
	if bytes.IndexByte(list, '=') < 0 {
		scanner = &lists
	}
	it := scanner.Scan(list)
	for it.Next() {
		t := targetOf(it.Key())
		if t == nil {
			continue
		}
		v := it.Value()
		if t.use == page && !it.Quoted() {
			v = withCommas(list, it.Pos(), it.Pos()+len(v))
		}
		r.pair(ev, t, v)
	}
	if r.message.interzone {
		interzone(ev, list)
	}
	return it.Err()
}

// withCommas is the value list[from:to], and what is behind it up to the next key that is known: URLs may have commas.
func withCommas(list []byte, from, to int) []byte {
	for to < len(list) && list[to] == ',' {
		next := list[to+1:]
		if i := bytes.IndexByte(next[:min(len(next), longestKey)], '='); i > 0 && targetOf(bytes.TrimSpace(next[:i])) != nil {
			break
		}
		if i := bytes.IndexByte(next, ','); i >= 0 {
			to += 1 + i
		} else {
			to = len(list)
		}
	}
	return list[from:to:to]
}

// interzone sets what "interzone-trust(public)-dmz(public) inbound" says, which USG5000 writes among the pairs.
func interzone(ev *sdk.Event, list []byte) {
	i := bytes.Index(list, []byte("interzone-"))
	if i < 0 {
		return
	}
	zones, way, _ := bytes.Cut(list[i+len("interzone-"):], []byte(" "))
	source, destination, ok := bytes.Cut(zones, []byte(")-"))
	if !ok {
		return
	}
	source, _, _ = bytes.Cut(source, []byte("("))
	destination, _, _ = bytes.Cut(destination, []byte("("))
	ev.Set(ecs.ObserverIngressZone, source)
	ev.Set(ecs.ObserverEgressZone, destination)
	switch way, _, _ = bytes.Cut(way, []byte(",")); string(way) {
	case "inbound":
		ev.SetString(ecs.NetworkDirection, "inbound")
	case "outbound":
		ev.SetString(ecs.NetworkDirection, "outbound")
	}
}

// conclude sets what follows from several pairs.
func (r *record) conclude(ev *sdk.Event, p parser) {
	r.flow.Sum(ev)
	r.times(ev, p)
	r.names(ev)
	r.verdict(ev)
}

// names sets the rule, the signature in logs of attacks, else the policy; and the parts of the URL.
func (r *record) names(ev *sdk.Event) {
	if signature := r.kept[theSignature]; len(signature) > 0 {
		ev.Set(ecs.RuleName, signature)
		ev.Set(ecs.RuleID, r.kept[theSignID])
		ev.Set(policy, r.kept[thePolicy])
	} else {
		ev.Set(ecs.RuleName, r.kept[thePolicy])
	}
	ev.Set(ecs.URLDomain, r.kept[theHost])
	path := r.kept[thePage]
	if len(path) == 0 {
		return
	}
	ev.Set(ecs.URLOriginal, path)
	if i := bytes.IndexByte(path, '?'); i >= 0 {
		ev.Set(ecs.URLQuery, path[i+1:])
		path = path[:i]
	}
	if len(path) > 0 && path[0] == '/' {
		ev.Set(ecs.URLPath, path)
	}
}

// verdict says what was done: by the pair for it, or by the brief.
func (r *record) verdict(ev *sdk.Event) {
	decision := r.message.decision
	if v := r.kept[theAction]; len(v) > 0 {
		decision = infocenter.DecisionOf(v)
		ev.SetLower(ecs.EventAction, v)
	} else {
		ev.SetLower(ecs.EventAction, r.mnemonic)
	}
	switch {
	case r.command:
		ev.SetFacts(commands.Session(infocenter.NoSession, false))
	case r.message.connection != infocenter.NoSession:
		ev.SetFacts(r.message.Connections[r.message.connection])
	case decision != classify.Undecided:
		ev.SetFacts(r.message.Decided[decision])
	default:
		failed := r.message.sessions && (r.message.failed || bytes.EqualFold(r.kept[theResult], []byte("fail")))
		ev.SetFacts(r.message.Session(r.message.session, failed))
	}
}
