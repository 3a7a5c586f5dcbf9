package main

import (
	"cmp"
	"slices"
	"time"

	"github.com/logcenter/logcenter/sdk"
)

// timer is when something is decided that no event decides.
type timer struct {
	due    int64 // ns since 1970
	mark         // of the event that it was set by
	group  uint32
	serial uint32 // of the group: of another one it is of a group that is gone
}

func (t timer) before(o timer) bool {
	return t.due < o.due || t.due == o.due && t.position < o.position
}

// timers are a heap in the order of time, those of equal times in that of their events.
type timers []timer

func (t *timers) add(x timer) {
	*t = append(*t, x)
	h := *t
	for i := len(h) - 1; i > 0; {
		up := (i - 1) / 2
		if !h[i].before(h[up]) {
			return
		}
		h[i], h[up] = h[up], h[i]
		i = up
	}
}

// pop removes the first timer, of which there is one.
func (t *timers) pop() timer {
	h := *t
	first, last := h[0], len(h)-1
	h[0] = h[last]
	h = h[:last]
	*t = h
	for i := 0; ; {
		down := 2*i + 1
		if down >= last {
			return first
		}
		if down+1 < last && h[down+1].before(h[down]) {
			down++
		}
		if !h[down].before(h[i]) {
			return first
		}
		h[i], h[down] = h[down], h[i]
		i = down
	}
}

// timerBytes is what a timer takes.
const timerBytes = 32

// setTimer has a group looked at when event time has come to due, because of an event.
func (d *detector) setTimer(id uint32, due int64, m mark) {
	if len(d.timers) >= d.mostTimers {
		d.timers.keep(d.waits)
		d.mostTimers = max(firstTimers, 2*len(d.timers))
	}
	d.timers.add(timer{due: due, mark: m, group: id, serial: d.groups.at(id).serial})
}

// firstTimers is how many there are before any is looked at for being of no use any more.
const firstTimers = 4096

// waits says whether there is something left for a timer to decide.
func (d *detector) waits(t timer) bool {
	g := d.groups.at(t.group)
	if g.serial != t.serial {
		return false
	}
	r := d.rules[g.rule]
	return r.kind == silence || first(d.groups.block(g), t.mark) >= 0
}

// first is where the undecided mark of a first step is, -1 if there is none.
func first(b block, of mark) int {
	i, _ := slices.BinarySearchFunc(b.marks, of.at, func(m mark, at int64) int { return cmp.Compare(m.at, at) })
	for ; i < len(b.marks) && b.marks[i].at == of.at; i++ {
		if b.marks[i] == of && b.tags[i].mask&1 != 0 {
			return i
		}
	}
	return -1
}

// keep leaves out timers.
func (t *timers) keep(keep func(timer) bool) {
	all := *t
	*t = all[:0]
	for _, x := range all {
		if keep(x) {
			t.add(x)
		}
	}
}

// Tick decides what stayed away, and who is silent.
func (d *detector) Tick(watermark time.Time, emit func(sdk.Alert)) error {
	now := watermark.UnixNano()
	d.presence.known = max(d.presence.known, now)
	for len(d.timers) > 0 && d.timers[0].due <= now {
		t := d.timers.pop()
		g := d.groups.at(t.group)
		if g.serial != t.serial {
			continue
		}
		if d.rules[g.rule].kind == silence {
			d.silent(t.group, now, emit)
		} else {
			d.absent(t, emit)
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
func (d *detector) heard(id uint32, e entry, row int) {
	g := d.groups.at(id)
	r := d.rules[g.rule]
	if e.at >= g.last || g.n == 0 {
		d.keep(g, r, row)
		if g.n == 0 {
			d.groups.insert(g, 0, e)
		} else {
			b := d.groups.block(g)
			b.set(0, e)
		}
		g.last = e.at
	}
	if !g.timer {
		g.timer = true
		d.setTimer(id, d.silentAt(g), e.mark)
	}
}

// silent raises an alert if a group has been silent for long enough.
func (d *detector) silent(id uint32, now int64, emit func(sdk.Alert)) {
	g := d.groups.at(id)
	if due := d.silentAt(g); due > now {
		d.setTimer(id, due, d.groups.block(g).marks[0])
		return
	}
	d.tellSilence(id, emit)
}

// endedSilence says whether a group was silent for long enough when an event of it came at a time. Whether it was must not
// depend on how far event time had come by then, which goes by batches.
func (d *detector) endedSilence(id uint32, at int64) bool {
	g := d.groups.at(id)
	return d.presence.from(g.last)+d.rules[g.rule].window <= at && d.silentAt(g) <= at
}

// tellSilence raises the alert of a group that is silent, and forgets it until it is heard again.
func (d *detector) tellSilence(id uint32, emit func(sdk.Alert)) {
	g := d.groups.at(id)
	d.emit(g, []int{0}, d.groups.extras[g.extra].fields, emit)
	d.groups.drop(id)
}

// absent raises an alert if the second step did not come around an event of the first.
func (d *detector) absent(t timer, emit func(sdk.Alert)) {
	g := d.groups.at(t.group)
	r, b := d.rules[g.rule], d.groups.block(g)
	begun, at := t.at, first(b, t.mark)
	if at < 0 {
		return // it was in the quiet time behind another alert
	}
	came := false
	for i, m := range b.marks {
		if behind := m.at - begun; b.tags[i].mask&2 != 0 && i != at && behind < r.window && -behind <= r.before {
			came = true
			break
		}
	}
	b.tags[at].mask &^= 1
	if came {
		d.groups.settle(g)
		return
	}
	d.emit(g, []int{at}, d.groups.extras[g.extra].fields, emit)
	g.quieten(b, begun+r.quiet)
}

// quieten has a group raise no alert before a time, and takes back what waits for it.
func (g *group) quieten(b block, until int64) {
	g.until = until
	for i, m := range b.marks {
		if m.at < until && b.tags[i].mask&1 != 0 {
			b.tags[i].mask &^= 1
			g.suppressed++
		}
	}
}

// known notes a value, and raises an alert if it is new and the rule has learnt long enough.
func (d *detector) known(r *rule, id uint32, key []byte, hash uint32, e entry, row int, emit func(sdk.Alert)) {
	if r.began == 0 {
		r.began = e.at
	}
	isNew := id == 0
	if isNew {
		id = d.groups.add(r, key, hash)
	}
	d.groups.touch(id)
	g := d.groups.at(id)
	g.last = max(g.last, e.at)
	if !isNew || e.at < r.began+r.learn {
		return
	}
	d.groups.insert(g, 0, e)
	d.emit(g, []int{0}, d.carried(r, row), emit)
	d.groups.cut(g, 1)
}
