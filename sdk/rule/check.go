package rule

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/logcenter/logcenter/sdk/query"
	"github.com/logcenter/logcenter/sdk/schema"
)

// Validate refuses ids that are used twice.
func (l *List) Validate() error {
	var errs []error
	first := map[string]int{}
	for i := range l.Rules {
		id := l.Rules[i].ID
		if at, twice := first[id]; twice {
			errs = append(errs, wrong(schema.Index("rules", i)+".id", fmt.Sprintf("%q is used twice", id), "the first is "+schema.Index("rules", at)))
			continue
		}
		first[id] = i
	}
	return errors.Join(errs...)
}

func wrong(path, msg, hint string) error { return &schema.Error{Path: path, Msg: msg, Hint: hint} }

// Bounds of rules.
const (
	MostSteps   = 8      // steps of a rule
	MostChain   = 64     // events of a sequence, all counts together
	MostCounted = 100000 // threshold of a count
)

var (
	id        = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$`)
	technique = regexp.MustCompile(`^attack\.t[0-9]{4}(\.[0-9]{3})?$`)
	channel   = regexp.MustCompile(`^[a-z0-9][a-z0-9-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)?$`)
)

// Tactics of MITRE ATT&CK (Enterprise), as in tags behind "attack.".
var Tactics = []string{
	"reconnaissance", "resource-development", "initial-access", "execution", "persistence", "privilege-escalation", "defense-evasion",
	"credential-access", "discovery", "lateral-movement", "collection", "command-and-control", "exfiltration", "impact",
}

// steps says whether rules of a type have steps.
func steps(kind string) bool {
	return kind == "sequence" || kind == "simultaneous" || kind == "absence"
}

// timed says whether rules of a type are decided by time, and not by an event.
func timed(kind string) bool { return kind == "absence" || kind == "silence" || kind == "deviation" }

// Validate says everything that can be known to be wrong with a rule by itself: what does not go together, queries that
// cannot be read, windows that hold nothing. Whether the fields that it names are there is the detector's to say. It is
// called by package schema for whatever is decoded.
func (r *Rule) Validate() error {
	var errs []error
	for _, check := range []func(*Rule) error{
		(*Rule).checkNames, (*Rule).checkShape, (*Rule).checkCounts, (*Rule).checkTimes, (*Rule).checkQueries, (*Rule).checkExceptions,
	} {
		errs = append(errs, check(r))
	}
	if r.Schedule != nil {
		_, err := r.Schedule.Compile()
		errs = append(errs, schema.Under("schedule", err))
	}
	return errors.Join(errs...)
}

func (r *Rule) checkNames() error {
	if !id.MatchString(r.ID) {
		return wrong("id", fmt.Sprintf("%q is no id", r.ID), "letters, digits, '-', '_' and '.', at most 100")
	}
	for i, t := range r.Tags {
		rest, attack := strings.CutPrefix(t, "attack.")
		if !attack || technique.MatchString(t) || slices.Contains(Tactics, rest) {
			continue
		}
		hint := "a technique as attack.t1110.001, or a tactic as attack.credential-access"
		if near := schema.Nearest(strings.ReplaceAll(rest, "_", "-"), Tactics); near != "" {
			hint = fmt.Sprintf("did you mean %q?", "attack."+near)
		}
		return wrong(schema.Index("tags", i), fmt.Sprintf("%q is nothing of ATT&CK", t), hint)
	}
	for i, c := range r.Channels {
		if !channel.MatchString(c) {
			return wrong(schema.Index("channels", i), fmt.Sprintf("%q is no channel", c), "PLUGIN or PLUGIN/TARGET, such as smtp/soc")
		}
	}
	return nil
}

// checkShape refuses keys that a type does not have.
func (r *Rule) checkShape() error {
	k := r.Type
	switch {
	case steps(k) && r.Query != "":
		return wrong("query", k+" rules have a query in each of their steps", "")
	case !steps(k) && r.Query == "" && r.Stream == "":
		return wrong("query", "is required", "* with a stream, or by itself, is every event")
	case !steps(k) && len(r.Steps) > 0:
		return wrong("steps", k+" rules have none", "sequence, simultaneous and absence have")
	case k == "absence" && len(r.Steps) != 2:
		return wrong("steps", fmt.Sprintf("an absence rule has two: what happens, and what then does not; not %d", len(r.Steps)), "")
	case steps(k) && (len(r.Steps) < 2 || len(r.Steps) > MostSteps):
		return wrong("steps", fmt.Sprintf("a %s has 2 to %d, not %d", k, MostSteps, len(r.Steps)), "")
	case len(r.Values) > 0 != (k == "new_value"):
		return wrong("values", "a new_value rule has some, and no other rule has", "")
	case r.Ends != "" && (k != "keyword" || !r.Recovery):
		return wrong("ends", "says when a keyword rule with recovery: true is over, and no other", "")
	case r.Recovery && k == "keyword" && r.Ends == "":
		return wrong("recovery", "a keyword rule does not know when it is over", "ends is the query of the event that says so")
	case r.Recovery && !(k == "keyword" || k == "silence" || k == "deviation" || k == "frequency" && r.Aggregate == "count"):
		return wrong("recovery", fmt.Sprintf("what a %s alert was about is never over", k), "silence, deviation, frequency (count) and keyword rules have recoveries")
	}
	return nil
}

// checkCounts refuses thresholds that no window can pass.
func (r *Rule) checkCounts() error {
	k, countless := r.Type, r.Aggregate == "count" || r.Aggregate == "distinct" || r.Aggregate == "sum"
	whole := r.Threshold == float64(int(r.Threshold))
	switch {
	case k != "frequency" && r.Aggregate != "count":
		return wrong("aggregate", "is for frequency rules", "")
	case (r.Aggregate != "count") != (r.Field != ""):
		return wrong("field", "an aggregate other than count has one, and count has none", "")
	case k == "frequency" && r.Aggregate == "count" && (r.Threshold < 1 || r.Threshold > MostCounted || !whole):
		return wrong("threshold", fmt.Sprintf("a count has a whole number from 1 to %d, not %v", MostCounted, r.Threshold), "one event is a keyword rule")
	case k == "frequency" && r.Compare == "both":
		return wrong("compare", "both is for deviation rules", "")
	case k == "frequency" && r.Compare == "below" && countless:
		return wrong("compare", fmt.Sprintf("every window starts with a single event, so that below says nothing about a %s", r.Aggregate), "what stays away is an absence, a silence or a deviation")
	}
	return nil
}

// checkTimes refuses windows in which nothing can happen, and periods that do not fit.
func (r *Rule) checkTimes() error {
	switch {
	case r.Before > 0 && r.Type != "absence":
		return wrong("before", "is for absence rules", "")
	case r.Type == "deviation" && (r.Window < time.Minute || 24*time.Hour%r.Window != 0):
		return wrong("window", fmt.Sprintf("windows of %s do not make up a day", schema.FormatDuration(r.Window)), "such as 10m, 1h or 24h, a minute at least")
	}
	if r.Frequency == Continuous || r.Frequency == "" {
		return nil
	}
	period, err := schema.ParseDuration(r.Frequency)
	switch {
	case err != nil:
		return wrong("frequency", fmt.Sprintf("%q is neither %s nor a duration", r.Frequency, Continuous), "such as 5m")
	case !timed(r.Type):
		return wrong("frequency", fmt.Sprintf("%s rules fire on the event that completes them", r.Type), "leave it out, or say "+Continuous)
	case period < time.Second || period > 24*time.Hour || 24*time.Hour%period != 0 || period%time.Second != 0:
		return wrong("frequency", fmt.Sprintf("periods of %s do not make up a day", r.Frequency), "whole seconds that divide a day, such as 30s, 5m or 1h")
	case r.Type == "deviation" && period%r.Window != 0:
		return wrong("frequency", fmt.Sprintf("%s is no multiple of the window of %s", r.Frequency, schema.FormatDuration(r.Window)), "")
	}
	return nil
}

// Continuous is the frequency of rules that are checked all the time.
const Continuous = "continuous"

// Period is how often a rule is checked, 0 for all the time.
func (r *Rule) Period() time.Duration {
	d, err := schema.ParseDuration(r.Frequency)
	if err != nil {
		return 0
	}
	return d
}

// checkQueries reads every query of a rule, and sees that steps are tied alike.
func (r *Rule) checkQueries() error {
	var errs []error
	check := func(path, text string) {
		if _, err := query.Parse(text); err != nil {
			errs = append(errs, wrong(path, err.Error(), ""))
		}
	}
	if r.Query != "" {
		check("query", r.Query)
	}
	if r.Ends != "" {
		check("ends", r.Ends)
	}
	tied, chain := len(r.GroupBy), 0
	for i := range r.Steps {
		s, at := &r.Steps[i], schema.Index("steps", i)+"."
		check(at+"query", s.Query)
		if s.Without != "" {
			check(at+"without", s.Without)
		}
		by := cmp.Or(len(s.By), len(r.GroupBy))
		if i == 0 && tied == 0 {
			tied = by
		}
		chain += s.Count
		switch {
		case by != tied:
			errs = append(errs, wrong(at+"by", fmt.Sprintf("has %d fields where %d tie the steps together", by, tied), ""))
		case r.Type != "sequence" && (s.Count > 1 || s.Without != ""):
			errs = append(errs, wrong(at+"count", "count and without are for sequences", ""))
		case i == 0 && s.Without != "":
			errs = append(errs, wrong(at+"without", "nothing is before the first step", ""))
		case s.Without != "" && (s.Without == s.Query || s.Without == r.Steps[i-1].Query):
			errs = append(errs, wrong(at+"without", "is what a step beside it waits for, so that the sequence can never come to its end", ""))
		}
	}
	if chain > MostChain {
		errs = append(errs, wrong("steps", fmt.Sprintf("all counts together are %d; %d is the most", chain, MostChain), ""))
	}
	return errors.Join(errs...)
}

func (r *Rule) checkExceptions() error {
	var errs []error
	for i := range r.Exceptions {
		e, path := &r.Exceptions[i], schema.Index("exceptions", i)
		if _, err := query.Parse(e.Query); err != nil {
			errs = append(errs, wrong(path+".query", err.Error(), ""))
		}
		if _, err := e.Ends(); err != nil {
			errs = append(errs, schema.Under(path, err))
		}
	}
	return errors.Join(errs...)
}

// Ends is the first instant at which an exception counts no more; the zero time for one that never ends.
func (e *Exception) Ends() (time.Time, error) {
	if e.Until == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if t, err := time.Parse(layout, e.Until); err == nil {
			return t, nil
		}
	}
	return time.Time{}, wrong("until", fmt.Sprintf("%q is no time", e.Until), "such as 2027-01-31 or 2027-01-31T18:00:00+08:00")
}

func sortByTime(list []Occurrence) {
	slices.SortStableFunc(list, func(a, b Occurrence) int { return a.At.Compare(b.At) })
}
