package main

import (
	"fmt"
	"math"
	"time"

	"github.com/logcenter/logcenter/sdk"
)

// usual is what a deviation rule knows of all its groups.
//
// Windows stand side by side. When event time has passed one, the count of each group is compared with what the hour of the
// week in which the window began has usually had, and then becomes part of that. A window in which no group had an event
// says nothing: the log center itself may have been away.
type usual struct {
	series map[string]*series
	all    tallies // of all groups
	next   int64   // the window to be looked at next, its number; windows before it are decided
	began  bool
	zone   *time.Location
}

// series is the counts of one group.
type series struct {
	began   int64 // its first window
	until   int64 // no alert of windows that begin before, ns since 1970
	pending tallies
	fields  []string // that an alert carries, of the first event of the newest window
	slots   [slots]slot
}

// slot is the usual count of an hour of the week, by exponential smoothing: the newest week counts a quarter.
type slot struct {
	n        uint32
	mean     float64
	variance float64
}

const (
	slots       = 7 * 24
	smoothing   = 4
	fewestWeeks = 2    // windows that a slot must have seen to say what is usual
	mostSeries  = 5000 // of all rules
	seriesBytes = 4096 // about what one takes
	mostOverdue = 35 * 24 * time.Hour
)

// learn makes a window's count part of what is usual.
func (s *slot) learn(x float64) {
	s.n++
	weight := 1 / float64(min(s.n, smoothing))
	off := x - s.mean
	s.mean += weight * off
	s.variance = (1 - weight) * (s.variance + weight*off*off)
}

// spread is the standard deviation, at least that of events that come independently of each other.
func (s *slot) spread() float64 { return math.Sqrt(max(s.variance, s.mean, 1)) }

// count counts an event of a group.
func (d *detector) count(r *rule, key []byte, at int64, row int) {
	u := &r.usual
	window := floor(at, r.window)
	if !u.began {
		u.began, u.series, u.zone = true, map[string]*series{}, r.zone()
		u.next = window
		if window*r.window < at {
			u.next++ // the first window is not a whole one
		}
	}
	if window < u.next {
		r.stats.late++
		return
	}
	s := u.series[string(key)]
	if s == nil {
		if d.series >= mostSeries {
			r.held.evicted++
			return
		}
		d.series++
		d.groups.account(r, seriesBytes)
		s = &series{began: window, until: never}
		u.series[string(key)] = s
	}
	if n := len(s.pending); n == 0 || s.pending[n-1].window < window {
		s.fields = d.carried(r, row)
	}
	if !s.pending.add(window) || !u.all.add(window) {
		r.held.evicted++
	}
}

// floor is a number of whole windows.
func floor(at, window int64) int64 {
	n := at / window
	if at%window < 0 {
		n--
	}
	return n
}

// judge looks at the windows that event time has passed.
func (d *detector) judge(r *rule, now int64, emit func(sdk.Alert)) {
	u := &r.usual
	if !u.began {
		return
	}
	step := max(r.period, r.window)
	checked := floor(now, step) * step // the newest check
	if behind := floor(checked-int64(mostOverdue), r.window); u.next < behind {
		u.next = behind
	}
	for ; (u.next+1)*r.window <= checked; u.next++ {
		if u.all.of(u.next) > 0 {
			for _, key := range sortedKeys(u.series) {
				d.compare(r, key, u.next, emit)
			}
		}
		u.all.drop(u.next)
		for _, s := range u.series {
			s.pending.drop(u.next)
		}
	}
}

// compare looks at one window of one group.
func (d *detector) compare(r *rule, key string, window int64, emit func(sdk.Alert)) {
	s := r.usual.series[key]
	if window < s.began {
		return
	}
	from := window * r.window
	x := float64(s.pending.of(window))
	slot := &s.slots[hourOfWeek(from, r.usual.zone)]
	off := (x - slot.mean) / slot.spread()
	far := off > r.Deviations && r.Compare != "below" || off < -r.Deviations && r.Compare != "above"
	if slot.n < fewestWeeks || from < s.began*r.window+r.learn || !r.calendar.Watches(from) {
		slot.learn(x)
		return
	}
	far = far && max(x, slot.mean) >= float64(r.Minimum)
	switch {
	case far && from >= s.until:
		a := r.alert([]byte(key))
		a.Count, a.First, a.Last = uint64(x), time.Unix(0, from).UTC(), time.Unix(0, from+r.window).UTC()
		for i, v := range s.fields {
			if v != "" {
				a.Fields[r.carries[i]] = v
			}
		}
		a.Fields["usual"] = fmt.Sprintf("%.1f", slot.mean)
		a.Fields["deviations"] = fmt.Sprintf("%.1f", off)
		a.ID = sdk.AlertID(r.ID, a.Keys, a.First)
		s.until = from + r.window + r.quiet
		r.stats.raised++
		emit(a)
		if r.Recovery {
			d.opened(r, key, &a)
		}
	case far:
		r.stats.suppressed++
	case r.open[key] != nil:
		d.over(r, key, from+r.window, emit)
	}
	if far { // one odd window must not become what is usual
		x = slot.mean + math.Copysign(r.Deviations, off)*slot.spread()
	}
	slot.learn(x)
}

func hourOfWeek(ns int64, zone *time.Location) int {
	t := time.Unix(0, ns).In(zone)
	return int(t.Weekday())*24 + t.Hour()
}

// zone is where a rule's hours and weekdays are.
func (r *rule) zone() *time.Location {
	if r.Schedule != nil {
		if z, err := time.LoadLocation(r.Schedule.Timezone); err == nil {
			return z
		}
	}
	return time.UTC
}

// The part of a snapshot about deviation rules: for each rule whether it began, the next window, the pending windows of
// all, and the groups.
func (e *encoder) usual(u *usual) {
	if !u.began {
		e.number(0)
		return
	}
	e.number(1)
	e.signed(u.next)
	e.tallies(u.all)
	e.number(uint64(len(u.series)))
	for _, key := range sortedKeys(u.series) {
		s := u.series[key]
		e.text(key)
		e.signed(s.began)
		e.signed(s.until)
		e.tallies(s.pending)
		e.texts(s.fields)
		for i := range s.slots {
			x := &s.slots[i]
			if e.number(uint64(x.n)); x.n > 0 {
				e.number(math.Float64bits(x.mean))
				e.number(math.Float64bits(x.variance))
			}
		}
	}
}

func (d *decoder) usual(p past) {
	r := p.rule
	if d.number(1) == 0 || d.err != nil {
		return
	}
	u := usual{began: true, series: map[string]*series{}, next: d.signed(), all: d.tallies()}
	for range d.number(mostSeries) {
		key := d.text()
		s := &series{began: d.signed(), until: d.signed(), pending: d.tallies()}
		kept := d.texts()
		for i := range s.slots {
			x := &s.slots[i]
			if x.n = uint32(d.number(math.MaxUint32)); x.n > 0 {
				x.mean, x.variance = math.Float64frombits(d.number(math.MaxUint64)), math.Float64frombits(d.number(math.MaxUint64))
				if !(x.mean >= 0 && x.variance >= 0) || math.IsInf(x.mean+x.variance, 0) {
					d.fail()
				}
			}
			if d.err != nil {
				return
			}
		}
		var ok bool
		if s.fields, ok = p.carried(kept); !ok || r != nil && !r.keyed([]byte(key)) {
			d.fail()
			return
		}
		u.series[key] = s
	}
	if r == nil || r.kind != deviation {
		return
	}
	u.zone = r.zone()
	r.usual = u
}
