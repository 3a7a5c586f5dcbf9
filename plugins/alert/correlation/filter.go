package main

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/query"
	document "github.com/logcenter/logcenter/sdk/rule"
	"github.com/logcenter/logcenter/sdk/schema"
)

// filter is which of a rule's events count, and when it is asked.
type filter struct {
	exceptions []exception
	calendar   *document.Calendar
	period     int64    // between checks, 0 for none
	carries    []string // names of rule.fields
}

// exception is a query whose events do not count.
type exception struct {
	matcher *query.Matcher
	slot    int   // in the detector's set
	until   int64 // ns since 1970
}

func (f *filter) compile(r *document.Rule, now func() time.Time) error {
	for i := range r.Exceptions {
		e, path := &r.Exceptions[i], schema.Index("exceptions", i)
		m, err := matcher(path+".query", e.Query, now)
		if err != nil {
			return err
		}
		ends, err := e.Ends()
		if err != nil {
			return schema.Under(path, err)
		}
		one := exception{matcher: m, until: math.MaxInt64}
		if !ends.IsZero() {
			one.until = ends.UnixNano()
		}
		f.exceptions = append(f.exceptions, one)
	}
	f.period = int64(r.Period())
	if r.Schedule == nil {
		return nil
	}
	c, err := r.Schedule.Compile()
	f.calendar = c
	return schema.Under("schedule", err)
}

// carryOwner adds to the fields of a rule's alerts who owns the asset, by which alerts are routed.
func (r *rule) carryOwner() {
	r.carries = r.Fields
	if !slices.Contains(r.fields, ecs.AssetOwner) {
		r.fields = append(r.fields, ecs.AssetOwner)
		r.carries = append(r.carries[:len(r.carries):len(r.carries)], ecs.AssetOwner.Name())
	}
}

// selected is a query over the rule's stream.
func (r *rule) selected(text string) string {
	if r.Stream == "" {
		return text
	}
	of := ecs.LogcenterStream.Name() + ":" + strconv.Quote(r.Stream)
	if text == "" {
		return of
	}
	return fmt.Sprintf("%s AND (%s)", of, text)
}

// leftOut says whether an event of a row that matches does not count: an exception that is not over matches it, or the rule
// does not watch at its time. Silence and deviation rules hear all events, and only do not speak; what ends an absence
// is good at any time.
func (d *detector) leftOut(r *rule, row int, at int64) bool {
	for i := range r.exceptions {
		x := &r.exceptions[i]
		if d.matches[x.slot][row>>6]&(1<<(row&63)) == 0 {
			continue
		}
		if at < x.until {
			r.stats.excepted++
			return true
		}
		r.stats.expired++
	}
	if r.calendar == nil || r.kind == silence || r.kind == deviation {
		return false
	}
	if r.kind == absence && d.matches[r.parts[0].slot][row>>6]&(1<<(row&63)) == 0 {
		return false
	}
	if r.calendar.Watches(at) {
		return false
	}
	r.stats.excepted++
	return true
}

// round is the first check at or behind a time.
func (f *filter) round(at int64) int64 {
	if f.period == 0 {
		return at
	}
	if rest := at % f.period; rest > 0 {
		return at + f.period - rest
	}
	return at
}

// due is the first check at or behind a time at which the rule watches.
func (f *filter) due(at int64) int64 {
	at = f.round(at)
	if f.calendar == nil {
		return at
	}
	for {
		next, ok := f.calendar.Next(at)
		if !ok {
			return math.MaxInt64
		}
		if at = f.round(next); at == next || f.calendar.Watches(at) {
			return at
		}
	}
}
