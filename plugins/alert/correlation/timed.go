package main

import (
	"container/heap"
	"time"

	"github.com/logcenter/logcenter/sdk"
)

// timer is when something is decided that no event decides.
type timer struct {
	at int64 // ns since 1970
	g  *group
	seen
}

// timers are in the order of time, those of equal times in that of their events.
type timers []timer

func (t timers) Len() int { return len(t) }
func (t timers) Less(i, k int) bool {
	return t[i].at < t[k].at || t[i].at == t[k].at && t[i].position < t[k].position
}
func (t timers) Swap(i, k int) { t[i], t[k] = t[k], t[i] }
func (t *timers) Push(x any)   { *t = append(*t, x.(timer)) }
func (t *timers) Pop() any {
	last := len(*t) - 1
	x := (*t)[last]
	(*t)[last] = timer{}
	*t = (*t)[:last]
	return x
}

func (t *timers) add(x timer) { heap.Push(t, x) }

// Tick decides what stayed away, and who is silent.
func (d *detector) Tick(watermark time.Time, emit func(sdk.Alert)) error {
	now := watermark.UnixNano()
	for len(d.timers) > 0 && d.timers[0].at <= now {
		t := heap.Pop(&d.timers).(timer)
		switch {
		case t.g.gone:
		case t.g.rule.kind == silence:
			d.silent(t.g, now, emit)
		default:
			d.absent(t.g, t.seen, emit)
		}
	}
	d.recoverAll(now, emit)
	for _, r := range d.rules {
		if r.kind == deviation {
			d.judge(r, now, emit)
		}
	}
	return nil
}

// heard notes that a group is not silent.
func (d *detector) heard(g *group, e seen, row int) {
	if e.at >= g.last || len(g.seen) == 0 {
		g.fields = d.carried(g.rule, row)
		d.groups.events += 1 - len(g.seen)
		g.last, g.seen = e.at, append(g.seen[:0], e)
	}
	if !g.timer {
		g.timer = true
		d.timers.add(timer{at: g.rule.due(g.last + g.rule.window), g: g, seen: e})
	}
}

// silent raises an alert if a group has been silent for long enough, and forgets it until it is heard again.
func (d *detector) silent(g *group, now int64, emit func(sdk.Alert)) {
	if due := g.rule.due(g.last + g.rule.window); due > now {
		d.timers.add(timer{at: due, g: g, seen: g.seen[0]})
		return
	}
	a := d.raise(g, []int{0}, g.fields)
	emit(a)
	d.opened(g.rule, g.key, &a)
	d.groups.drop(g)
}

// absent raises an alert if the second step did not come around an event of the first.
func (d *detector) absent(g *group, first seen, emit func(sdk.Alert)) {
	r, at := g.rule, -1
	for i := range g.seen {
		s := &g.seen[i]
		if s.mask&1 != 0 && s.same(&first) {
			at = i
			break
		}
	}
	if at < 0 {
		return // it was in the quiet time behind another alert
	}
	came := false
	for i := range g.seen {
		s := &g.seen[i]
		if behind := s.at - first.at; s.mask&2 != 0 && i != at && behind < r.window && -behind <= r.before {
			came = true
			break
		}
	}
	before := len(g.seen)
	if came {
		g.seen[at].mask &^= 1
		d.notes.forgotten += g.settle()
	} else {
		emit(d.raise(g, []int{at}, g.fields))
		g.seen[at].mask &^= 1
		g.quieten(first.at + r.quiet)
	}
	d.groups.events += len(g.seen) - before
}

// quieten has a group raise no alert before a time, and takes back what waits for it.
func (g *group) quieten(until int64) {
	g.until = until
	for i := range g.seen {
		if s := &g.seen[i]; s.at < until && s.mask&1 != 0 {
			s.mask &^= 1
			g.suppressed++
		}
	}
}

// known notes a value, and raises an alert if it is new and the rule has learnt long enough.
func (d *detector) known(r *rule, g *group, key []byte, e seen, row int, emit func(sdk.Alert)) {
	if r.began == 0 {
		r.began = e.at
	}
	isNew := g == nil
	if isNew {
		g = &group{rule: r, key: string(key), fresh: -1}
		r.groups[g.key] = g
	}
	d.groups.touch(g)
	g.last = max(g.last, e.at)
	if !isNew || e.at < r.began+r.learn {
		return
	}
	g.seen = append(g.seen, e)
	emit(d.raise(g, []int{0}, d.carried(r, row)))
	g.seen = nil
}
