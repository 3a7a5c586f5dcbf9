// Package reason says why an alert was raised: the events behind it in order, which query of its rule each matches, and
// what the rule wanted of them.
//
// Nothing of that is stored with alerts but the ids of their events. The rule's queries are asked again of the events as
// the store has them, by the rule's text of that time; what has gone since is said.
package reason

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/logcenter/logcenter/host/rule/dissect"
	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/query"
	"github.com/logcenter/logcenter/sdk/rule"
	"github.com/logcenter/logcenter/sdk/wire"
)

// Alert is what of an alert its reason follows from.
type Alert struct {
	ID       string
	Kind     string // empty: an alert
	Rule     string
	Recovers string // of a recovery: the alert that is over
	Keys     map[string]string
	Fields   map[string]string
	EventIDs []string // of the newest events behind it
	Events   int64    // behind it
	First    time.Time
	Last     time.Time
	Raised   time.Time // when it was recorded
}

// Scanner is the part of a store that finds events.
type Scanner interface {
	Scan(ctx context.Context, s store.Scope, r store.ScanRequest) iter.Seq2[store.ScanBatch, error]
}

// Reason is why an alert was raised.
type Reason struct {
	Alert  string            `json:"alert"`
	Rule   string            `json:"rule"`
	Name   string            `json:"name,omitempty"`
	Type   string            `json:"type,omitempty"`
	Keys   map[string]string `json:"keys"`
	First  time.Time         `json:"first"`
	Last   time.Time         `json:"last"`
	Count  int64             `json:"count"`  // events behind it
	Wanted []string          `json:"wanted"` // what the rule wants, with its thresholds and windows
	Found  []string          `json:"found"`  // what there was of it
	Parts  []Part            `json:"parts"`  // the rule's queries
	Events []Event           `json:"events"` // in the order of their times; only the newest of many
	Notes  []string          `json:"notes"`
}

// Part is a query of the rule.
type Part struct {
	Name    string   `json:"name"` // its place, e.g. steps[1].query
	Query   string   `json:"query"`
	By      []string `json:"by"`      // fields that tie its events to others
	Without bool     `json:"without"` // it is what must not happen before its step
	Matched int      `json:"matched"` // of the events below
}

// Event is an event behind the alert.
type Event struct {
	ID       string            `json:"event_id"`
	Time     time.Time         `json:"time"`
	Received time.Time         `json:"received,omitzero"`
	Parts    []string          `json:"parts"` // that it matches
	Keys     map[string]string `json:"keys"`  // values of the fields that tie it to others
	Message  string            `json:"message,omitempty"`
	position int64
}

// Of says why an alert was raised. r is the rule as it was then; nil: it is not known. The events are those that the scope
// lets the caller see.
func Of(ctx context.Context, st Scanner, scope store.Scope, a Alert, r *rule.Rule) (*Reason, error) {
	out := &Reason{
		Alert: a.ID, Rule: a.Rule, Keys: a.Keys, First: a.First, Last: a.Last, Count: max(a.Events, int64(len(a.EventIDs))),
		Wanted: []string{}, Found: []string{}, Parts: []Part{}, Events: []Event{}, Notes: []string{},
	}
	var parts []*dissect.Part
	if r != nil {
		var err error
		if parts, err = dissect.Parts(r); err != nil {
			out.note("the rule's queries cannot be asked any more: %v", err)
		}
		out.Name, out.Type = r.Name, r.Type
		out.Wanted = wanted(r)
	} else {
		out.note("rule %s is not one of the host's, so that nothing is known of what it wants", a.Rule)
	}
	for _, p := range parts {
		out.Parts = append(out.Parts, Part{Name: p.Name, Query: p.Query, By: append([]string{}, p.By...), Without: p.Without})
	}
	if a.Kind == "recovery" {
		out.note("this says that alert %s is over", a.Recovers)
	}
	if err := out.events(ctx, st, scope, a, parts); err != nil {
		return nil, err
	}
	if r != nil {
		out.Found = found(r, a, out)
	}
	return out, nil
}

func (o *Reason) note(format string, args ...any) {
	o.Notes = append(o.Notes, fmt.Sprintf(format, args...))
}

// clocks is how far the time of an event may lie before that of the alert.
const clocks = time.Hour

// EventsFrom is the earliest @timestamp that the events of an alert may have, of a rule of a type. A silence says when events
// were received, whatever they say.
func EventsFrom(ruleType string, first time.Time) time.Time {
	if ruleType == "silence" {
		return time.Unix(0, 0).UTC()
	}
	return first.Add(-clocks).UTC()
}

// EventsUntil is behind the latest one: a clock that is ahead counts as the time of receipt, so that its event may be anywhere
// later.
func EventsUntil() time.Time { return time.Unix(0, math.MaxInt64).UTC() }

// events finds the events behind the alert.
func (o *Reason) events(ctx context.Context, st Scanner, scope store.Scope, a Alert, parts []*dissect.Part) error {
	if len(a.EventIDs) == 0 {
		o.note("no event is behind it")
		return nil
	}
	var behind query.Or
	for _, id := range a.EventIDs {
		if _, err := store.ParseEventID(id); err != nil {
			o.note("%q is no id of an event", id)
			continue
		}
		n, err := query.Parse(ecs.EventID.Name() + ":" + strconv.Quote(id))
		if err != nil {
			return err
		}
		behind.Nodes = append(behind.Nodes, n)
	}
	var n query.Node = &behind
	switch len(behind.Nodes) {
	case 0:
		return nil
	case 1:
		n = behind.Nodes[0]
	}
	sel := store.Selection{Query: n, From: EventsFrom(o.Type, a.First), To: EventsUntil()}
	for b, err := range st.Scan(ctx, scope, store.ScanRequest{Selection: sel}) {
		if err != nil {
			return err
		}
		o.take(b.Batch, parts)
	}
	slices.SortFunc(o.Events, func(a, b Event) int {
		return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.position, b.position))
	})
	if gone := len(behind.Nodes) - len(o.Events); gone > 0 {
		o.note("%d of %d events are not in the store any more, or you may not see them", gone, len(behind.Nodes))
	}
	if rest := o.Count - int64(len(a.EventIDs)); rest > 0 {
		o.note("of %d events behind it the newest %d are remembered", o.Count, len(a.EventIDs))
	}
	return nil
}

// take adds the events of a batch.
func (o *Reason) take(b *wire.Batch, parts []*dissect.Part) {
	matched := make([][]bool, len(parts))
	for i, p := range parts {
		matched[i] = p.Match(b)
	}
	for row := range int(b.Rows) {
		ev := store.EventAt(b, row)
		e := Event{Parts: []string{}, Keys: map[string]string{}}
		e.ID, _ = ev[ecs.EventID.Name()].(string)
		if id, err := store.ParseEventID(e.ID); err == nil {
			e.position = id.Position
		}
		e.Time, _ = ev[ecs.Timestamp.Name()].(time.Time)
		e.Received, _ = ev[ecs.EventIngested.Name()].(time.Time)
		e.Message, _ = ev[ecs.Message.Name()].(string)
		for i, p := range parts {
			if !matched[i][row] {
				continue
			}
			o.Parts[i].Matched++
			e.Parts = append(e.Parts, p.Name)
			for _, name := range p.By {
				if v, ok := ev[name]; ok {
					e.Keys[name] = fmt.Sprint(v)
				}
			}
		}
		o.Events = append(o.Events, e)
	}
}
