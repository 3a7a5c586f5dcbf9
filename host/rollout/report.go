package rollout

import (
	"slices"
	"strings"
	"time"
)

// Report tells of a rollout.
type Report struct {
	Plugin string `json:"plugin"`
	Mode   Mode   `json:"mode"`
	State  State  `json:"state"`
	Reason string `json:"reason,omitempty"` // why it ended so
	From   string `json:"from"`             // version in service when it began
	To     string `json:"to"`
	Folder string `json:"folder"` // of the new version
	// More and Fewer are what the new version may do beyond the old one, and what only the old one may.
	More    []string  `json:"more,omitempty"`
	Fewer   []string  `json:"fewer,omitempty"`
	Started time.Time `json:"started"`
	Ended   time.Time `json:"ended,omitzero"`
	Until   time.Time `json:"until,omitzero"` // when it ends by itself
	Share   float64   `json:"share,omitempty"`
	// PauseMs is for how long a detector stood still while it was swapped; other kinds do not.
	PauseMs  float64 `json:"pause_ms"`
	Compared int64   `json:"compared"` // events of a shadow
	Skipped  int64   `json:"skipped"`  // batches of a shadow that were not compared, as it could not keep up or had no whole answer
	FanOut   *Pair   `json:"fan_out,omitempty"`
	Old      Side    `json:"old"`
	New      Side    `json:"new"`
	Fields   []Field `json:"fields"` // those that differ most first
}

// Pair is a number of either version.
type Pair struct {
	Old int64 `json:"old"`
	New int64 `json:"new"`
}

// Field compares one field. Of a shadow the counts are of the same events; fill rates are of all events that each
// version handled, from 0 to 1: how many have the field, or of a masker, in how many it was masked.
type Field struct {
	Name    string   `json:"name"`
	OnlyOld int64    `json:"only_old"`
	OnlyNew int64    `json:"only_new"`
	Changed int64    `json:"changed"`
	Equal   int64    `json:"equal"`
	OldFill float64  `json:"old_fill"`
	NewFill float64  `json:"new_fill"`
	Samples []Sample `json:"samples,omitempty"`
}

// Sample is a line on which the versions differ, as it is after masking.
type Sample struct {
	Way  string `json:"way"` // only_old, only_new or changed
	Line string `json:"line"`
	Old  string `json:"old,omitempty"`
	New  string `json:"new,omitempty"`
}

// report tells of the rollout as it is now.
func (r *rollout) report() Report {
	costs := [2]Side{r.oldTally.cost(), r.newTally.cost()}
	r.m.mu.Lock()
	o := Report{
		Plugin: r.id, Mode: r.o.Mode, State: r.state, Reason: r.reason, From: r.from, To: r.to, Folder: r.folder,
		Started: r.started, Ended: r.ended, PauseMs: float64(r.swap.Handover.Microseconds()) / 1e3,
	}
	o.More, o.Fewer = r.more, r.fewer
	if r.state != Running {
		costs = r.costs
	}
	r.m.mu.Unlock()
	o.Old, o.New = costs[0], costs[1]
	if r.o.Mode != Direct && r.o.For > 0 {
		o.Until = r.started.Add(r.o.For)
	}
	if r.o.Mode == Canary {
		o.Share = r.o.Share
	}
	fields := map[string]*Field{}
	get := func(f uint32) *Field {
		n := name(f)
		if fields[n] == nil {
			fields[n] = &Field{Name: n}
		}
		return fields[n]
	}
	for i, t := range [2]*tally{r.oldTally, r.newTally} {
		t.mu.Lock()
		for f, s := range t.filled {
			if i == 0 {
				get(f).OldFill = s.mean()
			} else {
				get(f).NewFill = s.mean()
			}
		}
		t.mu.Unlock()
	}
	if s := r.shadow; s != nil {
		o.Skipped = s.skipped.Load()
		s.mu.Lock()
		o.Compared = s.rows
		if s.fanOut != [2]int64{} {
			o.FanOut = &Pair{s.fanOut[0], s.fanOut[1]}
		}
		for f, d := range s.fields {
			g := get(f)
			g.OnlyOld, g.OnlyNew, g.Changed, g.Equal = d.n[onlyOld], d.n[onlyNew], d.n[changed], d.n[equal]
			g.Samples = slices.Clone(d.samples)
		}
		s.mu.Unlock()
	}
	o.Fields = make([]Field, 0, len(fields))
	for _, f := range fields {
		o.Fields = append(o.Fields, *f)
	}
	differing := func(f Field) int64 { return f.OnlyOld + f.OnlyNew + f.Changed }
	slices.SortFunc(o.Fields, func(a, b Field) int {
		if d := differing(b) - differing(a); d != 0 {
			return int(d)
		}
		return strings.Compare(a.Name, b.Name)
	})
	return o
}
