package loadgen

import (
	"slices"
	"time"

	"github.com/logcenter/logcenter/sdk/rule"
)

// Script is an attack on everything that rules watch: the lines of all their examples that must fire, each at the hour and day
// of the week that the example is about, in the order of time. start is the time of examples without one of their own; a
// Monday at 10:00 of the bank keeps schedules true. Rules whose examples are fields, not lines, have no part in it; how many
// lines each rule has says told.
func Script(rules []*rule.Rule, start time.Time) (list []Written, told map[string]int) {
	told = map[string]int{}
	plain := rule.Example{}
	for _, r := range rules {
		for k := range r.Examples {
			e := &r.Examples[k]
			if e.Alerts == 0 {
				continue
			}
			for _, o := range e.Occurrences(start.Add(e.Begin().Sub(plain.Begin()))) {
				if o.Line != nil {
					list = append(list, Written{At: o.At, Sender: scriptSender, Input: o.Input, Line: o.Line})
					told[r.ID]++
				}
			}
		}
	}
	slices.SortStableFunc(list, func(a, b Written) int { return a.At.Compare(b.At) })
	return list, told
}

// scriptSender is whom lines of a script come from.
const scriptSender = "198.51.100.254:514"
