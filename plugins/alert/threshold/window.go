package main

import (
	"fmt"
	"math/bits"
	"os"
	"slices"
	"time"

	"github.com/logcenter/logcenter/sdk"
)

// seen is one event that counts.
type seen struct {
	at        int64 // ns since 1970
	position  int64 // in its raw journal, -1 if it has none
	partition uint32
	journal   uint32 // see journals
}

// group is what is remembered of one group of one rule. seen is in the order of time.
type group struct {
	rule       *rule
	key        string
	seen       []seen
	until      int64  // no alert before, ns since 1970
	suppressed uint64 // events since the last alert that were not counted
	next, prev *group // in groups, by when they were last touched
}

// groups are the groups of all rules, from the one that has been silent longest.
type groups struct {
	limit       int
	limitEvents int
	n           int
	events      int
	ends        group // next is the newest, prev the oldest
}

func (g *groups) touch(e *group) {
	if g.ends.next == nil {
		g.ends.next, g.ends.prev = &g.ends, &g.ends
	}
	if e.next != nil {
		e.next.prev, e.prev.next = e.prev, e.next
	} else {
		g.n++
	}
	e.next, e.prev = g.ends.next, &g.ends
	e.next.prev, e.prev.next = e, e
}

// trim forgets what is too much and says how many groups that were.
func (g *groups) trim() (forgotten int) {
	for ; g.n > 1 && (g.n > g.limit || g.events > g.limitEvents); g.n-- {
		e := g.ends.prev
		g.events -= len(e.seen)
		e.prev.next, g.ends.prev = &g.ends, e.prev
		delete(e.rule.groups, e.key)
		forgotten++
	}
	return forgotten
}

// count counts the matching rows of a batch.
func (d *detector) count(r *rule, rows []uint64, emit func(sdk.Alert)) {
	d.batch.rewind()
	for i, w := range rows {
		for ; w != 0; w &= w - 1 {
			row := i*64 + bits.TrailingZeros64(w)
			key, ok := d.batch.key(d.key[:0], r.groupBy, row)
			d.key = key
			if !ok {
				d.notes.ungrouped++
				continue
			}
			g := r.groups[string(key)]
			if g == nil {
				g = &group{rule: r, key: string(key)}
				r.groups[g.key] = g
			}
			d.groups.touch(g)
			before, quiet := len(g.seen), g.suppressed
			if g.add(d.batch.seen(row)) {
				emit(d.alert(g, row))
			} else if g.suppressed > quiet {
				d.notes.suppressed++
			}
			d.groups.events += len(g.seen) - before
			d.notes.forgotten += d.groups.trim()
		}
	}
}

// add counts one event and says whether it raises an alert; then seen holds the events behind it.
//
// Events may come late. The window is open at one end: events of which the last is exactly a window behind
// the first are not within it.
func (g *group) add(e seen) bool {
	r := g.rule
	if e.at < g.until {
		g.suppressed++
		return false
	}
	if g.until != 0 && len(g.seen) >= r.need { // the events of the last alert
		g.seen = g.seen[:0]
		g.until = 0
	}
	i := len(g.seen)
	for i > 0 && g.seen[i-1].at > e.at {
		i--
	}
	g.seen = slices.Insert(g.seen, i, e)
	for from := max(0, i-r.need+1); from <= i && from+r.need <= len(g.seen); from++ {
		if g.seen[from+r.need-1].at-g.seen[from].at < r.window || r.need == 1 {
			g.seen = append(g.seen[:0], g.seen[from:from+r.need]...)
			g.until = g.seen[r.need-1].at + r.quiet
			return true
		}
	}
	// Late events need some of the past: that many events without an alert are two windows at least.
	if len(g.seen) >= 3*r.need {
		g.seen = append(g.seen[:0], g.seen[r.need:]...)
	}
	return false
}

// maxEventIDs bounds the evidence in an alert.
const maxEventIDs = 100

func (d *detector) alert(g *group, row int) sdk.Alert {
	r := g.rule
	first, last := g.seen[0].at, g.seen[len(g.seen)-1].at
	a := sdk.Alert{
		Rule: r.ID, RuleVersion: r.version, Name: r.Name, Description: r.Description, Topic: r.Topic, Type: r.Type,
		Method: r.Method, Frequency: r.Frequency, Remarks: r.Remarks, Severity: r.Severity, Priority: r.Priority,
		Keys: map[string]string{}, Fields: map[string]string{}, Count: uint64(len(g.seen)), Tags: r.Tags,
		First: time.Unix(0, first).UTC(), Last: time.Unix(0, last).UTC(),
	}
	rest := []byte(g.key)
	for _, f := range r.groupBy {
		a.Keys[f.Name()], rest = shown(rest, f)
	}
	for _, f := range r.fields {
		if v, ok := d.batch.append(nil, f, row); ok {
			a.Fields[f.Name()] = string(v)
		}
	}
	if g.suppressed > 0 {
		a.Fields["suppressed"] = fmt.Sprint(g.suppressed)
		g.suppressed = 0
	}
	for _, s := range g.seen[max(0, len(g.seen)-maxEventIDs):] {
		if s.position >= 0 {
			a.EventIDs = append(a.EventIDs, d.journals.eventID(s))
		}
	}
	a.ID = sdk.AlertID(r.ID, a.Keys, a.First)
	return a
}

// notes count what an admin should know, and tell it in the plugin's log once a minute at most.
type notes struct {
	ungrouped, forgotten, suppressed int
	told                             time.Time
}

// every is how often an admin is told.
const every = time.Minute

func (n *notes) tell() {
	if n.told.IsZero() { // the first batch
		n.told = time.Now()
	}
	if time.Since(n.told) >= every {
		n.flush()
	}
}

func (n *notes) flush() {
	if n.ungrouped+n.forgotten+n.suppressed > 0 {
		fmt.Fprintf(os.Stderr, "not counted: %d events without the fields of group_by, %d in the quiet time behind an alert; %d groups forgotten because there were too many\n",
			n.ungrouped, n.suppressed, n.forgotten)
	}
	*n = notes{told: time.Now()}
}

// Close tells what was not told yet.
func (d *detector) Close() error {
	d.notes.flush()
	return nil
}
