package reason

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/logcenter/logcenter/sdk/rule"
	"github.com/logcenter/logcenter/sdk/schema"
)

// wanted is what a rule wants, in words.
func wanted(r *rule.Rule) (out []string) {
	say := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	of := ""
	if len(r.GroupBy) > 0 {
		of = " of the same " + strings.Join(r.GroupBy, ", ")
	}
	switch r.Type {
	case "keyword":
		say("an event that the query selects")
	case "frequency":
		what := "events"
		if r.Aggregate != "count" {
			what = fmt.Sprintf("the %s of %s over events", aggregates[r.Aggregate], r.Field)
		}
		say("%s%s within %s: %s %v", what, of, schema.FormatDuration(r.Window), compared(r.Compare), r.Threshold)
	case "sequence", "simultaneous":
		order := "in this order"
		if r.Type == "simultaneous" {
			order = "in any order"
		}
		say("events of all %d steps%s within %s, %s", len(r.Steps), of, schema.FormatDuration(r.Window), order)
		for i, s := range r.Steps {
			if s.Count > 1 {
				say("steps[%d]: %d events", i, s.Count)
			}
			if s.Without != "" {
				say("steps[%d]: without an event of %s before it", i, s.Without)
			}
		}
	case "absence":
		before := ""
		if r.Before > 0 {
			before = fmt.Sprintf(", or up to %s before it", schema.FormatDuration(r.Before))
		}
		say("an event of steps[0]%s, and none of steps[1] within %s behind it%s", of, schema.FormatDuration(r.Window), before)
	case "silence":
		say("no event%s for %s, after there were some", of, schema.FormatDuration(r.Window))
	case "new_value":
		say("an event with values of %s%s that were not seen before, once it has learnt for %s", strings.Join(r.Values, ", "), of, schema.FormatDuration(r.Learn))
	case "deviation":
		say("a count%s within %s that is %v standard deviations or more %s what is usual for the hour of the week", of, schema.FormatDuration(r.Window), r.Deviations, directions[r.Compare])
	}
	if r.Schedule != nil {
		say("only at the times of its schedule")
	}
	if n := len(r.Exceptions); n > 0 {
		say("without events of its exceptions, of which it has %d", n)
	}
	if r.Ends != "" {
		say("over with an event that ends selects")
	}
	if r.Quiet > 0 {
		say("no other alert%s for %s", of, schema.FormatDuration(r.Quiet))
	}
	return out
}

var (
	aggregates = map[string]string{"distinct": "number of different values", "sum": "sum", "avg": "average", "min": "least", "max": "greatest"}
	directions = map[string]string{"above": "above", "below": "below", "both": "off"}
)

func compared(how string) string {
	if how == "below" {
		return "less than"
	}
	return "more than"
}

// events is a number of events.
func events(n int64) string {
	if n == 1 {
		return "1 event"
	}
	return fmt.Sprintf("%d events", n)
}

// found is what there was of it.
func found(r *rule.Rule, a Alert, o *Reason) (out []string) {
	say := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	span := a.Last.Sub(a.First)
	switch r.Type {
	case "frequency":
		if name := r.Aggregate + " of " + r.Field; r.Aggregate != "count" && a.Fields[name] != "" {
			say("%s is %s", name, a.Fields[name])
		}
		say("%s within %s", events(o.Count), schema.FormatDuration(span))
		if r.Aggregate == "count" && r.Compare == "above" && float64(o.Count) > r.Threshold {
			say("without %d of them it would not have been raised", o.Count-int64(r.Threshold))
		}
	case "sequence", "simultaneous":
		say("all steps within %s", schema.FormatDuration(span))
		for _, p := range o.Parts {
			if !p.Without && p.Matched > 0 {
				say("%s: %s", p.Name, events(int64(p.Matched)))
			}
		}
	case "absence":
		say("the event of steps[0] was at %s; until %s an event of steps[1] would have been needed", stamp(a.First), stamp(a.First.Add(r.Window)))
	case "silence":
		say("the last event was at %s; until %s another one would have been needed", stamp(a.Last), stamp(a.Last.Add(r.Window)))
	case "new_value":
		for _, name := range r.Values {
			say("%s is %q", name, a.Keys[name])
		}
	default:
		for _, name := range slices.Sorted(maps.Keys(a.Fields)) {
			if strings.HasPrefix(name, "usual") || strings.HasPrefix(name, "deviation") {
				say("%s: %s", name, a.Fields[name])
			}
		}
	}
	return out
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
