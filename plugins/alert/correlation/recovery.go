package main

import (
	"slices"
	"time"

	"github.com/logcenter/logcenter/sdk"
)

// open is an alert that is waited for to be over.
type open struct {
	id      string
	first   int64   // of the alert, ns since 1970
	from    int64   // its last event
	next    int64   // of a frequency rule: the window to be looked at next
	tallies tallies // of a frequency rule: its events since, in windows side by side from there on
	newer   *open   // of a frequency rule: the next alert of the key, raised before it was known whether this one is over
}

// tally is how many events were in a window, by its number.
type tally struct {
	window int64
	events uint64
}

// tallies are in the order of their windows. Windows without an event are not among them.
type tallies []tally

// mostTallies bounds windows that event time has not passed yet; they are a minute long together, at most times.
const mostTallies = 256

// add counts an event; false if there are too many windows.
func (t *tallies) add(window int64) bool {
	i := len(*t)
	for i > 0 && (*t)[i-1].window > window {
		i--
	}
	if i > 0 && (*t)[i-1].window == window {
		(*t)[i-1].events++
		return true
	}
	if len(*t) >= mostTallies {
		return false
	}
	*t = slices.Insert(*t, i, tally{window, 1})
	return true
}

// of is how many events were in a window.
func (t tallies) of(window int64) uint64 {
	for _, x := range t {
		if x.window == window {
			return x.events
		}
	}
	return 0
}

// drop forgets windows up to one.
func (t *tallies) drop(upTo int64) {
	i := 0
	for i < len(*t) && (*t)[i].window <= upTo {
		i++
	}
	*t = append((*t)[:0], (*t)[i:]...)
}

// mostOpen bounds what is waited for, of one rule.
const mostOpen = 10000

// opened notes an alert whose end is told, too.
func (d *detector) opened(r *rule, key string, a *sdk.Alert) {
	if !r.wait(key, &open{id: a.ID, first: a.First.UnixNano(), from: a.Last.UnixNano()}) {
		r.held.evicted++
	}
}

// wait has an alert waited for. It stands for one that was raised before; but whether that was over by then, time decides
// for a frequency rule, and later. It says false if there are too many.
func (r *rule) wait(key string, o *open) bool {
	if r.open == nil {
		r.open = map[string]*open{}
	}
	last := r.open[key]
	if last != nil && r.kind != frequency {
		r.open[key] = o
		return true
	}
	if r.waiting >= mostOpen {
		return false
	}
	r.waiting++
	if last == nil {
		r.open[key] = o
		return true
	}
	for last.newer != nil {
		last = last.newer
	}
	last.newer = o
	return true
}

// forget waits no more for the oldest alert of a key, and returns it.
func (r *rule) forget(key string) *open {
	o := r.open[key]
	if r.waiting--; o.newer != nil {
		r.open[key] = o.newer
	} else {
		delete(r.open, key)
	}
	return o
}

// heardAgain looks whether an event says that an alert is over, or that it is not yet.
func (d *detector) heardAgain(r *rule, key []byte, at int64, emit func(sdk.Alert)) {
	for o := r.open[string(key)]; o != nil && at > o.from; o = o.newer {
		switch r.kind {
		case silence:
			d.over(r, string(key), at, emit)
		case frequency:
			// A window is open at its beginning: the alert's last event is before it.
			if window := (at - o.from - 1) / r.window; window >= o.next {
				o.tallies.add(window)
			}
		}
	}
}

// ended tells that the alerts of an event's groups are over. What comes behind it is news: the groups are not quiet.
func (d *detector) ended(r *rule, row int, at int64, emit func(sdk.Alert)) {
	if len(r.open) == 0 {
		return
	}
	d.batch.keys(r.ends, row, func(key []byte) {
		o := r.open[string(key)]
		if o == nil || at < o.from {
			return
		}
		d.over(r, string(key), at, emit)
		if id, _ := d.groups.find(r, key); id != 0 {
			g := d.groups.at(id)
			g.until = min(g.until, at)
		}
	})
}

// recoverAll tells which frequency alerts are over.
func (d *detector) recoverAll(now int64, emit func(sdk.Alert)) {
	for _, r := range d.rules {
		if r.kind != frequency || len(r.open) == 0 {
			continue
		}
		for _, key := range sortedKeys(r.open) {
			for r.open[key] != nil && d.calmed(r, key, now, emit) {
			}
		}
	}
}

// calmed says whether the oldest alert of a key is waited for no more: because a whole window behind it had no more than the
// threshold, or because there was another alert by the end of one that had.
func (d *detector) calmed(r *rule, key string, now int64, emit func(sdk.Alert)) bool {
	o := r.open[key]
	for ; o.from+(o.next+1)*r.window <= now; o.next++ {
		end := o.from + (o.next+1)*r.window
		if o.newer != nil && o.newer.from <= end {
			r.forget(key)
			return true
		}
		if o.tallies.of(o.next) < uint64(r.need) {
			d.over(r, key, end, emit)
			return true
		}
		o.tallies.drop(o.next)
	}
	return false
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// over tells that an alert is over, and waits for it no more.
func (d *detector) over(r *rule, key string, at int64, emit func(sdk.Alert)) {
	o := r.forget(key)
	a := r.alert([]byte(key))
	a.Kind, a.Recovers = sdk.AlertRecovery, o.id
	a.First, a.Last = time.Unix(0, o.first).UTC(), time.Unix(0, at).UTC()
	a.Fields = map[string]string{"lasted": a.Last.Sub(a.First).Round(time.Second).String()}
	a.ID = sdk.AlertID(r.ID+" over", a.Keys, a.First)
	emit(a)
}

// alert has what all alerts of a rule and a key have.
func (r *rule) alert(key []byte) sdk.Alert {
	a := sdk.Alert{
		Rule: r.ID, RuleVersion: r.version, Name: r.Name, Description: r.Description, Topic: r.Topic, Type: r.Type,
		Method: r.Method, Frequency: r.Frequency, Remarks: r.Remarks, Severity: r.Severity, Priority: r.Priority,
		Keys: map[string]string{}, Fields: map[string]string{}, Tags: r.Tags, Channels: r.Channels, Silent: r.Silent,
	}
	for i, name := range r.names {
		a.Keys[name], key = shown(key, &r.parts[0], i)
	}
	return a
}

// The part of a snapshot about open alerts: for each rule their number, and each with its key, those of a key one behind the
// other.
func (e *encoder) open(r *rule) {
	e.number(uint64(r.waiting))
	for _, key := range sortedKeys(r.open) {
		for o := r.open[key]; o != nil; o = o.newer {
			e.text(key)
			e.text(o.id)
			e.signed(o.first)
			e.signed(o.from)
			e.signed(o.next)
			e.tallies(o.tallies)
		}
	}
}

func (d *decoder) open(r *rule) {
	for range d.number(mostOpen) {
		key := d.text()
		o := &open{id: d.text(), first: d.signed(), from: d.signed(), next: d.signed(), tallies: d.tallies()}
		if o.next < 0 {
			d.fail()
		}
		if d.err != nil {
			return
		}
		if r == nil || !r.Recovery {
			continue
		}
		if !r.keyed([]byte(key)) {
			d.fail()
			return
		}
		r.wait(key, o)
	}
}

func (e *encoder) tallies(t tallies) {
	e.number(uint64(len(t)))
	for _, x := range t {
		e.signed(x.window)
		e.number(x.events)
	}
}

func (d *decoder) tallies() (t tallies) {
	for range d.number(mostTallies) {
		x := tally{d.signed(), d.number(1 << 62)}
		if d.err != nil {
			return nil
		}
		if n := len(t); n > 0 && t[n-1].window >= x.window {
			d.fail()
			return nil
		}
		t = append(t, x)
	}
	return t
}
