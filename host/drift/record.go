package drift

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/logcenter/logcenter/sdk"
)

// The states of a drift.
const (
	StateOpen       = "open"
	StateReturned   = "returned"   // the shares are as they were
	StateAccepted   = "accepted"   // by an admin, or because it lasted: they are the usual ones now
	StateSuperseded = "superseded" // by another version or configuration of the plugin, which is learned anew
)

// Sample is a masked line of an event, cut at 512 bytes.
type Sample struct {
	EventID string `json:"event_id"`
	Text    string `json:"line"`
}

// Change is a rate that got worse: the share of lines that are unparsed or unrecognised, or of events that have a field.
type Change struct {
	Field  string  `json:"field,omitempty"` // empty where the rate is not one of fields
	Before float64 `json:"before"`
	After  float64 `json:"after"`
}

// Drift is a change of one device's lines.
type Drift struct {
	ID      string    `json:"id"`
	State   string    `json:"state"`
	Kind    string    `json:"kind"`             // unparsed, unrecognised or fields
	Device  string    `json:"device"`           // host.name or sender's address or input
	Hosts   []string  `json:"hosts,omitempty"`  // names of hosts behind a sender's address, a few
	Plugin  string    `json:"plugin,omitempty"` // the parser; none for unrecognised
	Version string    `json:"version,omitempty"`
	Dataset string    `json:"dataset,omitempty"`
	Input   string    `json:"input,omitempty"` // of unrecognised
	Cause   string    `json:"cause,omitempty"` // what happened on this host; empty: the device's lines changed
	Since   time.Time `json:"since"`           // about when it began
	Raised  time.Time `json:"raised"`
	Ended   time.Time `json:"ended,omitzero"`
	Lines   int       `json:"lines"` // bad ones until it was raised
	Changes []Change  `json:"changes"`
	Before  []Sample  `json:"lines_before"`
	After   []Sample  `json:"lines_after"`
	Advice  string    `json:"advice"`

	Told bool `json:"told"`               // its alert was delivered
	Owed bool `json:"end_owed,omitempty"` // it is over, and that was not told yet
	key  *key
	at   []int // the rates of Changes
}

// raise makes a drift of what a key shows.
func (t *Tracker) raise(k *key) {
	l := &t.limits[k.kind]
	k.epoch++
	d := &Drift{
		State: StateOpen, Kind: kindNames[k.kind], Device: k.device, Hosts: slices.Clone(k.hosts), Dataset: k.dataset, Input: k.input, Cause: k.cause,
		Raised: instant(t.at), Before: k.before.list(), After: k.after.list(), key: k,
	}
	if k.parser != nil {
		d.Plugin, d.Version = k.parser.ID, k.parser.Version
	}
	keys := map[string]string{"device": d.Device, "plugin": d.Plugin, "dataset": d.Dataset, "input": d.Input, "drift": strconv.Itoa(k.epoch)}
	d.ID = sdk.AlertID(rule(d.Kind), keys, instant(k.first))
	since := t.at
	for i, name := range k.names() {
		r := &k.rates[i]
		before, expected, after, bad := r.usual(), r.expected(), r.since(), 0.0
		if k.prior != nil {
			before, expected, after, bad = k.prior[i], k.prior[i], r.usual(), float64(r.Bad)
			since = k.first
		} else if r.suspect() {
			bad, since = r.Doubt.X, min(since, r.Doubt.Since)
		}
		if expected > l.worst || after < expected+l.effect {
			continue
		}
		d.Lines = max(d.Lines, int(bad+0.5))
		c := Change{Field: name, Before: before, After: after}
		if k.kind == fields {
			c.Before, c.After = 1-before, 1-after
		}
		d.Changes, d.at = append(d.Changes, c), append(d.at, i)
	}
	d.Since = instant(since)
	d.Advice = advice(d)
	k.open, k.back, k.prior, k.cause = d, backlog{}, nil, ""
	t.drifts = append(t.drifts, d)
	t.stats.Raised++
	t.changed = true
	t.trim()
}

// trim drops the oldest drifts over the bound, those that have ended first.
func (t *Tracker) trim() {
	for len(t.drifts) > keepDrifts {
		i := max(0, slices.IndexFunc(t.drifts, func(d *Drift) bool { return d.State != StateOpen }))
		if k := t.drifts[i].key; k != nil && k.open == t.drifts[i] {
			k.open = nil
			k.relearn(t.at)
		}
		t.drifts = slices.Delete(t.drifts, i, i+1)
	}
}

// follow looks whether an open drift is over.
func (t *Tracker) follow(k *key) {
	l := &t.limits[k.kind]
	for j, i := range k.open.at {
		before := k.open.Changes[j].Before
		if k.kind == fields {
			before = 1 - before
		}
		if float64(k.rates[i].Recent) > before+l.effect/2 {
			k.back = backlog{}
			return
		}
	}
	if k.back.Since == 0 {
		k.back.Since = t.at
	}
	k.back.Lines += k.n
	if float64(k.back.Lines) >= l.lines && t.at-k.back.Since >= l.persist {
		t.end(k.open, StateReturned)
	}
}

// end ends a drift. What returned keeps its baseline, else it is learned again.
func (t *Tracker) end(d *Drift, state string) {
	d.over(state, t.at)
	t.changed = true
	t.o.Log.WithField("id", d.ID).Infof("drift of %s is over: %s", d.Device, state)
	k := d.key
	if k == nil || k.open != d {
		return
	}
	k.open, k.after = nil, lines{}
	if state != StateReturned {
		k.relearn(t.at)
		return
	}
	for i := range k.rates {
		k.rates[i].trust()
	}
}

// over notes that a drift has ended, and that this is to be told.
func (d *Drift) over(state string, at int64) { d.State, d.Ended, d.Owed = state, instant(at), true }

func instant(ns int64) time.Time { return time.Unix(0, ns).UTC() }

// Key is what is known of one device's lines of one kind.
type Key struct {
	Kind    string    `json:"kind"`
	Device  string    `json:"device"`
	Hosts   []string  `json:"hosts,omitempty"`
	Plugin  string    `json:"plugin,omitempty"`
	Version string    `json:"version,omitempty"`
	Dataset string    `json:"dataset,omitempty"`
	Input   string    `json:"input,omitempty"`
	Seen    time.Time `json:"seen"` // its last line
	Learned bool      `json:"learned"`
	Drift   string    `json:"drift,omitempty"` // id of an open one
	Rates   []Rate    `json:"rates"`
}

// Rate is one of a key's rates. For kind fields it is the share of events that have the field, else that of lines that
// are not parsed or claimed.
type Rate struct {
	Field    string  `json:"field,omitempty"`
	Baseline float64 `json:"baseline"`
	Current  float64 `json:"current"`
	Lines    int     `json:"lines"`  // of the baseline
	Judged   bool    `json:"judged"` // a change would be a drift
}

// Filter selects keys and drifts. Empty fields select all.
type Filter struct {
	Device string // or one of the hosts behind it
	Plugin string
	Kind   string
}

func (f *Filter) match(kind, device string, hosts []string, plugin string) bool {
	return (f.Kind == "" || f.Kind == kind) && (f.Plugin == "" || f.Plugin == plugin) &&
		(f.Device == "" || f.Device == device || slices.Contains(hosts, f.Device))
}

// Drifts returns the drifts that are known, newest first, open ones before the others.
func (t *Tracker) Drifts(f Filter) (out []Drift) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, d := range slices.Backward(t.drifts) {
		if f.match(d.Kind, d.Device, d.Hosts, d.Plugin) {
			out = append(out, *d)
		}
	}
	slices.SortStableFunc(out, func(a, b Drift) int { return -cmp.Compare(open(a), open(b)) })
	return out
}

func open(d Drift) int {
	if d.State == StateOpen {
		return 1
	}
	return 0
}

// Keys returns what is known of the devices, by device, plugin, dataset and kind.
func (t *Tracker) Keys(f Filter) []Key {
	t.mu.Lock()
	defer t.mu.Unlock()
	out := []Key{}
	for _, k := range t.keys {
		v := Key{Kind: kindNames[k.kind], Device: k.device, Hosts: slices.Clone(k.hosts), Dataset: k.dataset, Input: k.input, Seen: instant(k.seen), Rates: []Rate{}}
		if k.parser != nil {
			v.Plugin, v.Version = k.parser.ID, k.parser.Version
		}
		if !f.match(v.Kind, v.Device, v.Hosts, v.Plugin) {
			continue
		}
		if k.open != nil {
			v.Drift = k.open.ID
		}
		l := &t.limits[k.kind]
		for i, name := range k.names() {
			r := &k.rates[i]
			one := Rate{Field: name, Baseline: r.usual(), Current: float64(r.Recent), Lines: int(r.Lines), Judged: r.judged(l)}
			if k.kind == fields {
				one.Baseline, one.Current = 1-one.Baseline, 1-one.Current
			}
			v.Learned = v.Learned || r.learned(l)
			v.Rates = append(v.Rates, one)
		}
		out = append(out, v)
	}
	slices.SortFunc(out, func(a, b Key) int {
		return cmp.Or(strings.Compare(a.Device, b.Device), strings.Compare(a.Plugin, b.Plugin), strings.Compare(a.Dataset, b.Dataset),
			strings.Compare(a.Kind, b.Kind), strings.Compare(a.Input, b.Input))
	})
	return out
}
