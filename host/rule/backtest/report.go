package backtest

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/logcenter/logcenter/host/rule"
	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/sdk/wire"
)

// Report is what came of a backtest.
type Report struct {
	From     time.Time `json:"from"`
	To       time.Time `json:"to"`
	Progress           // at the end
	// CPUSeconds are those of the detector.
	CPUSeconds float64 `json:"detector_cpu_seconds"`
	// Rules are all that were run, those with the most alerts first.
	Rules []Figures `json:"rules"`
}

// Figures are what a rule would have done.
type Figures struct {
	Rule     string    `json:"rule"`
	Name     string    `json:"name"`
	Severity string    `json:"severity"`
	Alerts   int64     `json:"alerts"`
	PerDay   float64   `json:"alerts_per_day"`
	Keys     int       `json:"keys"` // different groups that alerts are of, up to 10,000
	Top      []Key     `json:"top_keys"`
	First    time.Time `json:"first_alert,omitzero"`
	Last     time.Time `json:"last_alert,omitzero"`
	// What follows the detector says; it is 0 if that does not.
	Matched    uint64  `json:"matched"`    // events
	Suppressed uint64  `json:"suppressed"` // of these, in the quiet time behind an alert
	Evicted    uint64  `json:"evicted"`    // groups or events forgotten because there were too many
	Ungrouped  uint64  `json:"ungrouped"`  // matching events without a field that ties them to others
	Excepted   uint64  `json:"excepted"`   // matching events that an exception or the schedule leaves out
	CostMS     float64 `json:"cost_ms"`    // processor time
	Error      string  `json:"error,omitempty"`
}

// Key is a group with how many alerts it had.
type Key struct {
	Key    string `json:"key"` // field=value, by field
	Alerts int64  `json:"alerts"`
}

const (
	mostKeys = 10000 // of a rule that are told apart
	topKeys  = 5
)

// reporter gathers a report. by is the rules that are run.
type reporter struct {
	order []string
	by    map[string]*counted
}

type counted struct {
	Figures
	keys map[string]int64
}

func newReporter(rules []*rule.Document) reporter {
	r := reporter{by: map[string]*counted{}}
	for _, d := range rules {
		r.order = append(r.order, d.ID)
		r.by[d.ID] = &counted{Figures: Figures{Rule: d.ID, Name: d.Name, Severity: d.Severity}, keys: map[string]int64{}}
	}
	return r
}

// count counts an alert; false if it is of another rule.
func (r *reporter) count(a *wire.Alert) bool {
	c := r.by[a.Rule]
	if c == nil {
		return false
	}
	at := time.Unix(0, a.LastNs).UTC()
	if c.Alerts == 0 {
		c.First = at
	}
	c.Alerts++
	c.First, c.Last = earlier(c.First, at), later(c.Last, at)
	key := KeyOf(a.Keys)
	if _, known := c.keys[key]; known || len(c.keys) < mostKeys {
		c.keys[key]++
	}
	return true
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// KeyOf is the keys of an alert in one line, by field.
func KeyOf(keys map[string]string) string {
	parts := make([]string, 0, len(keys))
	for _, name := range slices.Sorted(maps.Keys(keys)) {
		parts = append(parts, name+"="+keys[name])
	}
	return strings.Join(parts, " ")
}

func (r *reporter) finish(p Progress, sel store.Selection, figures []*wire.RuleStat, cpu time.Duration) *Report {
	out := &Report{From: sel.From, To: sel.To, Progress: p, CPUSeconds: cpu.Seconds(), Rules: []Figures{}}
	for _, f := range figures {
		if c := r.by[f.Rule]; c != nil {
			c.Matched, c.Suppressed, c.Evicted = f.Matched, f.Suppressed, f.Evicted
			c.Ungrouped, c.Excepted, c.CostMS, c.Error = f.Ungrouped, f.Excepted, float64(f.CostNs)/1e6, f.Error
		}
	}
	days := max(sel.To.Sub(sel.From).Hours()/24, 1.0/24)
	for _, id := range r.order {
		c := r.by[id]
		c.PerDay, c.Keys, c.Top = float64(c.Alerts)/days, len(c.keys), []Key{}
		for k, n := range c.keys {
			c.Top = append(c.Top, Key{k, n})
		}
		slices.SortFunc(c.Top, func(a, b Key) int { return cmp.Or(cmp.Compare(b.Alerts, a.Alerts), cmp.Compare(a.Key, b.Key)) })
		c.Top = c.Top[:min(len(c.Top), topKeys)]
		out.Rules = append(out.Rules, c.Figures)
	}
	slices.SortStableFunc(out.Rules, func(a, b Figures) int { return cmp.Compare(b.Alerts, a.Alerts) })
	return out
}
