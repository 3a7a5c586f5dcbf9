package main

import (
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"time"
)

// The references of what all types have in common: exceptions, schedules, recoveries. And that of deviation rules.

func allTrials() map[string]func(*rand.Rand) trial {
	all := trials()
	maps.Copy(all, map[string]func(*rand.Rand) trial{
		"exception": exceptionTrial, "schedule": scheduleTrial, "absence in a schedule": absenceTrial, "recovery of a frequency": calmTrial,
		"recovery of a silence": backTrial, "checked now and then": periodTrial, "deviation": deviationTrial,
		"keyword that ends": endedTrial, "silence of wrong clocks": clockTrial,
		"silence over starts": startTrial, "recovery of a silence over starts": startedTrial, "checked after starts": checkedTrial,
	})
	return all
}

// without passes on what is not left out.
type without struct {
	reference
	out func(e drawn) bool
}

func (w *without) event(e drawn, raise func(raised)) {
	if !w.out(e) {
		w.reference.event(e, raise)
	}
}

func countingRule(more map[string]any) map[string]any {
	r := map[string]any{"type": "frequency", "query": "event.action:a", "group_by": []string{"source.ip"}, "threshold": 2}
	maps.Copy(r, more)
	return r
}

func counted() *counting {
	return &counting{min10, min10, "count", 2, false, map[string]*watched{}}
}

// exceptionTrial leaves out what one user does, until an instant.
func exceptionTrial(rnd *rand.Rand) trial {
	until := time.Duration(rnd.IntN(60)) * m
	r := countingRule(map[string]any{"exceptions": []any{
		map[string]any{"query": "user.name:u1", "author": "x", "reason": "y", "until": start.Add(until).Format(time.RFC3339)},
		map[string]any{"query": "network.bytes:>70", "author": "x", "reason": "y"},
	}})
	out := func(e drawn) bool { return e.user == "u1" && e.at < until || e.size > 70 }
	return trial{r, &without{counted(), out}, []string{"source.ip"}, nil}
}

// hours is a schedule that is drawn, in UTC+3, and what it means.
func hours(rnd *rand.Rand) (map[string]any, func(at time.Duration) bool) {
	from, length := 14*60+40+rnd.IntN(60), 5+rnd.IntN(40) // start is 14:55 there
	clock := func(minute int) string { return time.Time{}.Add(time.Duration(minute%1440) * m).Format("15:04") }
	outside := rnd.IntN(2) == 0
	holiday := rnd.IntN(4) == 0
	s := map[string]any{
		"timezone": "Europe/Istanbul", "days": []string{"sun"}, "from": clock(from), "to": clock(from + length),
		"maintenance": []any{map[string]any{"from": "2026-10-11T15:10", "to": "2026-10-11T15:15", "reason": "x"}},
	}
	if outside {
		s["when"] = "outside"
	}
	if holiday {
		s["holidays"] = []string{"2026-10-10/2026-10-12"}
		if rnd.IntN(2) == 0 {
			s["workdays"], holiday = []string{"2026-10-11"}, false
		}
	}
	return s, func(at time.Duration) bool {
		there := start.Add(at).Add(3 * time.Hour)
		minute := there.Hour()*60 + there.Minute()
		in := minute >= from && minute < from+length && !holiday
		maintained := minute >= 15*60+10 && minute < 15*60+15
		return in != outside && !maintained
	}
}

func scheduleTrial(rnd *rand.Rand) trial {
	s, watches := hours(rnd)
	r := countingRule(map[string]any{"schedule": s, "threshold": 1})
	c := counted()
	c.threshold = 1
	return trial{r, &without{c, func(e drawn) bool { return !watches(e.at) }}, []string{"source.ip"}, nil}
}

func absenceTrial(rnd *rand.Rand) trial {
	s, watches := hours(rnd)
	r := map[string]any{"type": "absence", "window": "5m", "group_by": []string{"user.name"}, "schedule": s, "steps": []any{
		map[string]any{"query": "event.action:a"}, map[string]any{"query": "event.action:b"},
	}}
	ref := &missing{5 * m, 0, 5 * m, map[string][]drawn{}, map[string][]drawn{}, map[string]time.Duration{}}
	return trial{r, &without{ref, func(e drawn) bool { return e.action == "a" && !watches(e.at) }}, []string{"user.name"}, nil}
}

// periodTrial checks silence every three minutes of the clock.
func periodTrial(*rand.Rand) trial {
	r := map[string]any{"type": "silence", "window": "4m", "frequency": "3m", "query": "*", "group_by": []string{"source.ip"}}
	checked := func(at time.Duration) time.Duration { return start.Add(at).Truncate(3 * m).Sub(start) } // start is at a minute that three divides not
	return trial{r, &quietness{window: 4 * m, last: map[string]time.Duration{}, checked: checked}, []string{"source.ip"}, nil}
}

// calm tells when counting is over: in the first window behind the alert that has few events, unless there was another alert
// by then.
type calm struct {
	*counting
	open map[string][]*noisy
}

// noisy is an alert, and the events that came behind it.
type noisy struct {
	raised
	since []time.Duration
}

func calmTrial(*rand.Rand) trial {
	c := counted()
	c.window, c.quiet = 5*m, 5*m
	r := countingRule(map[string]any{"recovery": true, "window": "5m"})
	return trial{r, &calm{c, map[string][]*noisy{}}, []string{"source.ip"}, nil}
}

func (c *calm) event(e drawn, raise func(raised)) {
	if e.action == "a" {
		for _, a := range c.open[e.source] {
			a.since = append(a.since, e.at)
		}
	}
	c.counting.event(e, func(r raised) {
		raise(r)
		c.open[r.key] = append(c.open[r.key], &noisy{raised: r})
	})
}

func (c *calm) tick(watermark time.Duration, raise func(raised)) {
	for key, all := range c.open {
		var left []*noisy
		for i, a := range all {
			if over, known := c.over(a, all[i+1:], watermark); !known {
				left = append(left, a)
			} else if over != never {
				raise(raised{"over " + key, a.first, over, 0})
			}
		}
		c.open[key] = left
	}
}

// over is when an alert was over, never if it was not before one of those behind it, and whether that is known.
func (c *calm) over(a *noisy, behind []*noisy, watermark time.Duration) (time.Duration, bool) {
	for from := a.last; from+c.window <= watermark; from += c.window {
		if len(behind) > 0 && behind[0].last <= from+c.window {
			return never, true
		}
		n := 0
		for _, at := range a.since {
			if at > from && at <= from+c.window {
				n++
			}
		}
		if n <= int(c.threshold) {
			return from + c.window, true
		}
	}
	return 0, false
}

// back tells when who was silent is heard again.
type back struct {
	*quietness
	open map[string]time.Duration
}

func backTrial(*rand.Rand) trial {
	r := map[string]any{"type": "silence", "window": "3m", "query": "*", "group_by": []string{"source.ip"}, "recovery": true}
	return trial{r, &back{&quietness{window: 3 * m, last: map[string]time.Duration{}}, map[string]time.Duration{}}, []string{"source.ip"}, nil}
}

// clockTrial has devices whose clocks are hours behind and ahead: it is known by their lines that they are there.
func clockTrial(rnd *rand.Rand) trial {
	tr := backTrial(rnd)
	tr.draw = func(rnd *rand.Rand) stream {
		s := sparse(rnd)
		for i := range s.events {
			s.events[i].ahead = time.Duration(rnd.IntN(11)-5) * time.Hour
		}
		return s
	}
	return tr
}

func (b *back) event(e drawn, raise func(raised)) {
	b.quietness.event(e, b.opening(raise))
	if last, silent := b.open[e.source]; silent && e.at > last {
		raise(raised{"over " + e.source, last, e.at, 0})
		delete(b.open, e.source)
	}
}

func (b *back) tick(watermark time.Duration, raise func(raised)) {
	b.quietness.tick(watermark, b.opening(raise))
}

func (b *back) start(at time.Duration, raise func(raised)) {
	b.quietness.start(at, b.opening(raise))
}

// down has the host away for a while, a few times: what is in the stream then comes so much later, and where nothing does,
// that is because nobody was there.
func down(rnd *rand.Rand) stream {
	s := sparse(rnd)
	s.starts = map[int]time.Duration{}
	for range 1 + rnd.IntN(3) {
		n, gone, newest := 1+rnd.IntN(len(s.events)-1), time.Duration(rnd.IntN(20))*half, time.Duration(0)
		for i := range s.events {
			if i < n {
				newest = max(newest, s.events[i].at)
			} else {
				s.events[i].at += gone
			}
		}
		for _, told := range []map[int]time.Duration{s.ticks, s.starts} {
			for i := range told {
				if i > n {
					told[i] += gone
				}
			}
		}
		s.starts[n] = newest + gone
	}
	return s
}

func startTrial(rnd *rand.Rand) trial {
	tr := trials()["silence"](rnd)
	tr.draw = down
	return tr
}

func startedTrial(rnd *rand.Rand) trial {
	tr := backTrial(rnd)
	tr.draw = down
	return tr
}

func checkedTrial(rnd *rand.Rand) trial {
	tr := periodTrial(rnd)
	tr.draw = down
	return tr
}

func (b *back) opening(raise func(raised)) func(raised) {
	return func(r raised) {
		raise(r)
		b.open[r.key] = r.last
	}
}

// ended tells when an event says that it is over, and is quiet no more.
type ended struct {
	*counting
	open map[string]raised
}

func endedTrial(*rand.Rand) trial {
	r := map[string]any{
		"type": "keyword", "query": "event.action:a", "ends": "event.action:b", "group_by": []string{"source.ip"}, "quiet": "5m", "recovery": true,
	}
	return trial{r, &ended{&counting{min10, 5 * m, "count", 0, false, map[string]*watched{}}, map[string]raised{}}, []string{"source.ip"}, nil}
}

func (c *ended) event(e drawn, raise func(raised)) {
	if a, open := c.open[e.source]; open && e.action == "b" && e.at >= a.last {
		raise(raised{"over " + e.source, a.first, e.at, 0})
		delete(c.open, e.source)
		w := c.keys[e.source]
		w.until = min(w.until, e.at)
	}
	c.counting.event(e, func(r raised) {
		raise(r)
		c.open[r.key] = r
	})
}

// rates is the reference of deviation rules: windows of six hours from midnight on, in UTC.
type rates struct {
	direction string
	minimum   int
	learn     time.Duration
	began     bool
	next      time.Duration // the window to be decided next, behind midnight
	events    []drawn
	first     map[string]time.Duration
	until     map[string]time.Duration
	learnt    map[string][]float64 // by user and hour of the week
	open      map[string]raised
}

const (
	quarterDay = 6 * time.Hour
	toStart    = 11*time.Hour + 55*m // from midnight
)

func deviationTrial(rnd *rand.Rand) trial {
	c := &rates{
		direction: []string{"above", "below", "both"}[rnd.IntN(3)], minimum: 2 + rnd.IntN(3), learn: time.Duration(rnd.IntN(20)) * 24 * time.Hour,
		first: map[string]time.Duration{}, until: map[string]time.Duration{}, learnt: map[string][]float64{}, open: map[string]raised{},
	}
	r := map[string]any{
		"type": "deviation", "query": "event.action:a", "group_by": []string{"user.name"}, "window": "6h", "deviations": 2, "minimum": c.minimum,
		"compare": c.direction, "learn": c.learn.String(), "recovery": true,
	}
	return trial{r, c, []string{"user.name"}, drawWeeks}
}

// drawWeeks makes six weeks of events: few by night, more by day, and now and then very many or none.
func drawWeeks(rnd *rand.Rand) stream {
	s := stream{ticks: map[int]time.Duration{}}
	newest := time.Duration(0)
	if rnd.IntN(2) == 0 { // exactly when a window begins
		s.events = append(s.events, drawn{at: quarterDay*2 - toStart, action: "a", user: "u0", source: "192.0.2.0", target: "192.0.2.0"})
	}
	for window := range 6 * 28 {
		for _, user := range []string{"u0", "u1"} {
			n := 1 + window%4 + rnd.IntN(2)
			switch rnd.IntN(30) {
			case 0:
				n = 25
			case 1:
				n = 0
			}
			for range n {
				at := time.Duration(window)*quarterDay + time.Duration(rnd.IntN(720))*half
				if rnd.IntN(20) == 0 {
					at -= quarterDay // perhaps too late
				}
				newest = max(newest, at)
				s.events = append(s.events, drawn{at: at, number: len(s.events), action: "a", user: user, source: "192.0.2.0", target: "192.0.2.0"})
			}
		}
		if rnd.IntN(3) > 0 {
			s.ticks[len(s.events)] = newest - time.Duration(rnd.IntN(5))*time.Hour
		}
	}
	s.ticks[len(s.events)] = newest + 7*time.Hour
	return s
}

func (c *rates) event(e drawn, _ func(raised)) {
	at := e.at + toStart
	if at < 0 {
		return // before the first window, which begins at midnight
	}
	window := at / quarterDay * quarterDay
	if !c.began {
		c.began = true
		if c.next = window; window < at {
			c.next += quarterDay
		}
	}
	if window < c.next {
		return
	}
	if _, known := c.first[e.user]; !known {
		c.first[e.user] = window
	}
	e.at = window
	c.events = append(c.events, e)
}

func (c *rates) tick(watermark time.Duration, raise func(raised)) {
	for ; c.began && c.next+quarterDay <= watermark+toStart; c.next += quarterDay {
		some := slices.ContainsFunc(c.events, func(e drawn) bool { return e.at == c.next })
		for user, first := range c.first {
			if some && first <= c.next {
				c.window(user, c.next, raise)
			}
		}
	}
}

func (c *rates) window(user string, from time.Duration, raise func(raised)) {
	x := 0.0
	for _, e := range c.events {
		if e.user == user && e.at == from {
			x++
		}
	}
	hour := user + start.Add(from-toStart).Format(" Mon 15")
	mean, variance := 0.0, 0.0
	for i, y := range c.learnt[hour] {
		weight := max(1/float64(i+1), 0.25)
		variance = (1 - weight) * (variance + weight*(y-mean)*(y-mean))
		mean += weight * (y - mean)
	}
	deviation := math.Sqrt(max(variance, mean, 1))
	above, below := x > mean+2*deviation && c.direction != "below", x < mean-2*deviation && c.direction != "above"
	if int(max(x, mean)) < c.minimum {
		above, below = false, false
	}
	if len(c.learnt[hour]) < 2 || from < c.first[user]+c.learn {
		c.learnt[hour] = append(c.learnt[hour], x)
		return
	}
	until, was := c.until[user]
	switch at := from - toStart; {
	case (above || below) && (!was || from >= until):
		r := raised{user, at, at + quarterDay, int(x)}
		raise(r)
		c.open[user], c.until[user] = r, from+2*quarterDay
	case above || below:
	default:
		if a, open := c.open[user]; open {
			raise(raised{"over " + user, a.first, at + quarterDay, 0})
			delete(c.open, user)
		}
	}
	if above {
		x = mean + 2*deviation
	} else if below {
		x = mean - 2*deviation
	}
	c.learnt[hour] = append(c.learnt[hour], x)
}
