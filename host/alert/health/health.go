// Package health keeps how rules fare: whether they are run, when they last matched and raised an alert, what they cost,
// and which make the most noise.
//
// Its one idea: detectors count since their process began, the host adds up over processes, and forgets when it is
// stopped itself. What lasts is in the records of alerts.
package health

import (
	"cmp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/logcenter/logcenter/sdk/wire"
)

// MostRules bounds how many rules are told apart. Of detectors that invent names the rest is not kept.
const MostRules = 20000

// hours is how far back alerts are counted by the hour: a week.
const hours = 7 * 24

// Counts are what a detector counts of a rule.
type Counts struct {
	Matched    uint64 `json:"matched"` // events
	Raised     uint64 `json:"raised"`
	Suppressed uint64 `json:"suppressed"` // events in the quiet time behind an alert
	Evicted    uint64 `json:"evicted"`    // groups or events forgotten because there were too many
	Ungrouped  uint64 `json:"ungrouped"`  // matching events without a field that ties them to others
	Late       uint64 `json:"late"`       // matching events that came too late to count
	Ahead      uint64 `json:"ahead"`      // matching events of clocks that are ahead, which count as of their receipt
	Excepted   uint64 `json:"excepted"`   // matching events that an exception or the schedule leaves out
	CostNS     uint64 `json:"cost_ns"`    // processor time, an estimate
}

func (c *Counts) add(o Counts) {
	c.Matched, c.Raised, c.Suppressed, c.Evicted = c.Matched+o.Matched, c.Raised+o.Raised, c.Suppressed+o.Suppressed, c.Evicted+o.Evicted
	c.Ungrouped, c.Late, c.Ahead, c.Excepted, c.CostNS = c.Ungrouped+o.Ungrouped, c.Late+o.Late, c.Ahead+o.Ahead, c.Excepted+o.Excepted, c.CostNS+o.CostNS
}

// Rule is how a rule fares since the host began.
type Rule struct {
	ID       string `json:"rule"`
	Detector string `json:"detector,omitempty"` // empty: none has said anything of it
	Counts
	Groups    uint64    `json:"groups"` // that are remembered now
	Bytes     uint64    `json:"bytes"`  // that these take
	LastRun   time.Time `json:"last_run,omitzero"`
	LastMatch time.Time `json:"last_match,omitzero"` // time of the event
	LastAlert time.Time `json:"last_alert,omitzero"` // when it was raised
	PerDay    float64   `json:"alerts_per_day"`      // over the last week, or since the host began
	Share     float64   `json:"cost_share"`          // of what all rules cost, 0 to 1
	Error     string    `json:"error,omitempty"`     // why it does not work
}

// Tracker keeps how rules fare. It is safe for concurrent use; a nil one keeps nothing.
type Tracker struct {
	mu    sync.Mutex
	now   func() time.Time
	since time.Time
	rules map[key]*state
	// alerts are those of rules, whichever detector raised them.
	alerts map[string]*alerts
}

type key struct{ detector, rule string }

type state struct {
	Rule
	before     Counts // of processes that are gone
	current    Counts // of the one there is
	generation uint64
}

// alerts are those of one rule.
type alerts struct {
	last   time.Time
	byHour [hours]uint32
	hour   int64 // the newest of byHour, in hours since 1970
}

// New makes a tracker; now is the clock, nil is the machine's.
func New(now func() time.Time) *Tracker {
	if now == nil {
		now = time.Now
	}
	return &Tracker{now: now, since: now(), rules: map[key]*state{}, alerts: map[string]*alerts{}}
}

// Since is when counting began.
func (t *Tracker) Since() time.Time { return t.since }

func (t *Tracker) rule(detector, id string) *state {
	s := t.rules[key{detector, id}]
	if s == nil && len(t.rules) < MostRules {
		id = strings.Clone(id) // the caller's may be memory of a message
		s = &state{Rule: Rule{ID: id, Detector: detector}}
		t.rules[key{detector, id}] = s
	}
	return s
}

// Report takes what a process of a detector, told by its generation, says of its rules. stats stay the caller's.
func (t *Tracker) Report(detector string, generation uint64, stats []*wire.RuleStat) {
	if t == nil || len(stats) == 0 {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	for _, r := range stats {
		s := t.rule(detector, r.Rule)
		if s == nil {
			continue
		}
		c := Counts{
			Matched: r.Matched, Raised: r.Raised, Suppressed: r.Suppressed, Evicted: r.Evicted,
			Ungrouped: r.Ungrouped, Late: r.Late, Ahead: r.Ahead, Excepted: r.Excepted, CostNS: r.CostNs,
		}
		if s.generation != generation || c.Matched < s.current.Matched {
			s.before.add(s.current)
			s.generation = generation
		}
		s.current = c
		s.Groups, s.Bytes, s.LastRun, s.Error = r.Groups, r.Bytes, now, string([]byte(r.Error))
		if r.LastMatchNs != 0 {
			s.LastMatch = time.Unix(0, r.LastMatchNs).UTC()
		}
	}
}

// Raised notes that an alert of a rule was raised just now. Alerts that are raised again by a replay must be left out.
func (t *Tracker) Raised(rule string) {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	a := t.alerts[rule]
	if a == nil {
		if len(t.alerts) == MostRules {
			return
		}
		a = &alerts{}
		t.alerts[strings.Clone(rule)] = a
	}
	a.last = t.now().UTC()
	a.turn(a.last)
	a.byHour[a.hour%hours]++
}

// turn forgets the hours that are a week ago.
func (a *alerts) turn(now time.Time) {
	hour := now.Unix() / 3600
	for h := max(a.hour+1, hour-hours+1); h <= hour; h++ {
		a.byHour[h%hours] = 0
	}
	a.hour = max(a.hour, hour)
}

// Rules are all that were heard of, by id.
func (t *Tracker) Rules() []Rule {
	if t == nil {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	days := min(max(now.Sub(t.since).Hours(), 1), hours) / 24
	out := make([]Rule, 0, len(t.rules))
	total, reported := 0.0, map[string]bool{}
	add := func(r Rule) {
		if a := t.alerts[r.ID]; a != nil {
			a.turn(now)
			n := 0.0
			for _, k := range a.byHour {
				n += float64(k)
			}
			r.PerDay, r.LastAlert = n/days, a.last
		}
		total += float64(r.CostNS)
		out = append(out, r)
	}
	for k, s := range t.rules {
		r := s.Rule
		r.Counts = s.before
		r.add(s.current)
		reported[k.rule] = true
		add(r)
	}
	for id := range t.alerts {
		if !reported[id] {
			add(Rule{ID: id})
		}
	}
	for i := range out {
		if total > 0 {
			out[i].Share = float64(out[i].CostNS) / total
		}
	}
	slices.SortFunc(out, func(a, b Rule) int { return cmp.Or(cmp.Compare(a.ID, b.ID), cmp.Compare(a.Detector, b.Detector)) })
	return out
}
