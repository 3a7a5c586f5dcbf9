package loadgen

import (
	"slices"
	"time"

	"github.com/logcenter/logcenter/sdk/rule"
)

// Told is how many events of a script are about a rule.
type Told struct {
	Lines  int
	Fields int // events without a line; a rule has these only if it has no lines
}

// Script is an attack on everything that rules watch: the events of all their examples that must fire, each at the hour and day
// of the week that the example is about, in the order of time. start is the time of examples without one of their own; a
// Monday at 10:00 of the bank keeps schedules true. Events that examples give as fields are told only for rules that have no
// lines: what these are about is in no line by itself, such as names of a registry.
func Script(rules []*rule.Rule, start time.Time) (list []Written, told map[string]Told) {
	told = map[string]Told{}
	for _, r := range rules {
		events := occurrences(r, start)
		lines := slices.ContainsFunc(events, func(o rule.Occurrence) bool { return o.Line != nil })
		n := Told{}
		for _, o := range events {
			switch {
			case o.Line != nil:
				n.Lines++
			case lines:
				continue
			default:
				n.Fields++
			}
			list = append(list, Written{At: o.At, Sender: rule.Sender, Input: o.Input, Line: o.Line, Fields: o.Fields})
		}
		told[r.ID] = n
	}
	slices.SortStableFunc(list, func(a, b Written) int { return a.At.Compare(b.At) })
	return list, told
}

// occurrences are the events of a rule's examples that must fire.
func occurrences(r *rule.Rule, start time.Time) (events []rule.Occurrence) {
	plain := rule.Example{}
	for k := range r.Examples {
		if e := &r.Examples[k]; e.Alerts > 0 {
			events = append(events, e.Occurrences(start.Add(e.Begin().Sub(plain.Begin())))...)
		}
	}
	return events
}
