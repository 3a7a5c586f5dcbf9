package main

import (
	"fmt"
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

// keep notes the values that an alert of a tick will carry. A group mostly has those that it had.
func (d *detector) keep(g *group, r *rule, row int) {
	if len(r.fields) == 0 {
		return
	}
	have := d.groups.extras[g.extra].fields
	for i, f := range r.fields {
		v, _ := d.batch.append(d.batch.value[:0], f, row)
		had := ""
		if len(have) > 0 {
			had = have[i]
		}
		if d.batch.value = v; had != string(v) {
			d.groups.setExtra(g, extra{fields: d.carried(r, row)})
			return
		}
	}
}

// emit raises the alert of the marks of a group that were found.
func (d *detector) emit(g *group, found []int, fields []string, emit func(sdk.Alert)) {
	r := d.rules[g.rule]
	r.stats.raised++
	a := d.alert(r, g, found, fields)
	emit(a)
	g.suppressed = 0
	if r.Recovery {
		d.opened(r, string(d.groups.key(g)), &a)
	}
}

func (d *detector) alert(r *rule, g *group, found []int, fields []string) sdk.Alert {
	b := d.groups.block(g)
	first, last := found[0], found[len(found)-1]
	a := r.alert(d.groups.key(g))
	a.Count, a.First, a.Last = uint64(len(found)), time.Unix(0, b.marks[first].at).UTC(), time.Unix(0, b.marks[last].at).UTC()
	for i, v := range fields {
		if v != "" {
			a.Fields[r.carries[i]] = v
		}
	}
	if r.Field != "" {
		a.Fields[r.Aggregate+" of "+r.Field] = strconv.FormatFloat(r.aggregate.of(b.values[first:last+1]), 'g', -1, 64)
	}
	if g.suppressed > 0 {
		a.Fields["suppressed"] = fmt.Sprint(g.suppressed)
	}
	for _, i := range found[max(0, len(found)-maxEventIDs):] {
		if b.marks[i].position >= 0 {
			a.EventIDs = append(a.EventIDs, d.origins.eventID(b.tags[i].origin, b.marks[i].position))
		}
	}
	a.ID = sdk.AlertID(r.ID, a.Keys, a.First)
	return a
}
