package main

import (
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/logcenter/logcenter/sdk"
)

// maxEventIDs bounds the evidence in an alert.
const maxEventIDs = 100

// carried are the values of a row that go into an alert, empty where there is none.
func (d *detector) carried(r *rule, row int) []string {
	if len(r.fields) == 0 {
		return nil
	}
	values := make([]string, len(r.fields))
	for i, f := range r.fields {
		if v, ok := d.batch.append(nil, f, row); ok {
			values[i] = string(v)
		}
	}
	return values
}

// raise is the alert of the marks of a group that were found.
func (d *detector) raise(g *group, found []int, fields []string) sdk.Alert {
	r := g.rule
	first, last := g.seen[found[0]].at, g.seen[found[len(found)-1]].at
	a := r.alert(g.key)
	a.Count, a.First, a.Last = uint64(len(found)), time.Unix(0, first).UTC(), time.Unix(0, last).UTC()
	for i, v := range fields {
		if v != "" {
			a.Fields[r.carries[i]] = v
		}
	}
	if r.Field != "" {
		v := d.pattern.of(r.Aggregate, g.seen[found[0]:found[len(found)-1]+1])
		a.Fields[r.Aggregate+" of "+r.Field] = strconv.FormatFloat(v, 'g', -1, 64)
	}
	if g.suppressed > 0 {
		a.Fields["suppressed"] = fmt.Sprint(g.suppressed)
		g.suppressed = 0
	}
	for _, i := range found[max(0, len(found)-maxEventIDs):] {
		if s := g.seen[i]; s.position >= 0 {
			a.EventIDs = append(a.EventIDs, d.journals.eventID(s))
		}
	}
	a.ID = sdk.AlertID(r.ID, a.Keys, a.First)
	return a
}

// notes count what an admin should know, and tell it in the plugin's log once a minute at most.
type notes struct {
	ungrouped, forgotten, suppressed, excepted, expired, late int
	told                                                      time.Time
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
	if n.ungrouped+n.forgotten+n.suppressed+n.excepted+n.expired+n.late > 0 {
		fmt.Fprintf(os.Stderr, "not counted: %d events without the fields that tie them to others, %d in the quiet time behind an alert, %d left out by exceptions and schedules, %d too late for their window; counted: %d of exceptions that are over; %d groups or events forgotten because there were too many\n",
			n.ungrouped, n.suppressed, n.excepted, n.late, n.expired, n.forgotten)
	}
	*n = notes{told: time.Now()}
}

// Close tells what was not told yet.
func (d *detector) Close() error {
	d.notes.flush()
	return nil
}
