package main

import (
	"encoding/binary"
	"io"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
	document "github.com/logcenter/logcenter/sdk/rule"
	"github.com/logcenter/logcenter/sdk/wire"
)

// fault is a mistake that the engine could have, made from outside of it: in what a rule was compiled to, in what the engine is
// told, or in what it remembers. So the engine has no switch for it.
type fault struct {
	name  string
	types []string // each must catch it

	compiled   func(*rule)                        // what was made of the rule
	unplaced   bool                               // nobody knows in which order events came in
	told       func(newest int64, at int64) int64 // the time of an event
	remembered func(*detector)                    // behind each batch
	restored   func(*detector)                    // behind a restore
	watermark  time.Duration                      // added to ticks
}

var (
	allCounting  = []string{"count", "distinct", "sum", "avg", "min", "max"}
	allStepped   = []string{"sequence", "sequence of the same", "simultaneous", "two at once"}
	allWindowed  = slices.Concat(allCounting, allStepped)
	allQuietened = slices.Concat(allWindowed, []string{"absence"})
)

// faults are what the oracle must catch.
var faults = []fault{
	{name: "the window takes in an event a window behind", types: slices.Concat([]string{"count", "distinct", "sum", "avg", "max", "absence"}, allStepped), compiled: func(r *rule) { r.window++ }},
	{name: "the window is half a minute short", types: slices.Concat(allWindowed, []string{"absence", "silence"}), compiled: func(r *rule) { r.window -= int64(half) }},
	{name: "an alert on the threshold", types: []string{"count"}, compiled: func(r *rule) { r.need-- }},
	{name: "an alert one behind the threshold", types: []string{"count"}, compiled: func(r *rule) { r.need++ }},
	{name: "at the threshold counts as above", types: []string{"distinct", "sum", "avg", "min", "max"}, compiled: func(r *rule) { r.Threshold -= 1e-9 }},
	{name: "above and below mixed up", types: []string{"avg below", "min below", "max below"}, compiled: func(r *rule) { r.Compare = "above" }},
	{name: "what ends an alert is not heard", types: []string{"keyword that ends"}, compiled: func(r *rule) { r.ends = nil }},
	{name: "no quiet time", types: allQuietened, compiled: func(r *rule) { r.quiet = 0 }},
	{name: "the quiet time takes in its end", types: slices.Concat(allCounting, []string{"sequence", "simultaneous", "two at once", "absence"}), compiled: func(r *rule) { r.quiet++ }},
	{name: "steps tied by the wrong field", types: []string{"sequence", "simultaneous"}, compiled: func(r *rule) { r.parts[len(r.parts)-1].by = []ecs.Field{ecs.DestinationIP} }},
	{name: "steps not tied at all", types: allStepped, compiled: func(r *rule) {
		for i := range r.parts {
			r.parts[i].by, r.parts[i].text = nil, nil
		}
		r.names = nil
	}},
	{name: "a step is asked for once too often", types: []string{"sequence of the same"}, compiled: func(r *rule) { r.states = append([]state{r.states[0]}, r.states...) }},
	{name: "without does not matter", types: []string{"sequence", "sequence of the same"}, compiled: func(r *rule) {
		for i := range r.states {
			r.states[i].without = 0
		}
	}},
	{name: "the order does not matter", types: []string{"sequence"}, compiled: func(r *rule) {
		if r.kind == sequence && len(r.parts) == len(r.states) {
			r.kind = simultaneous
		}
	}},
	{name: "events come in by their parsers", types: slices.Concat(allWindowed, []string{"new_value"}), unplaced: true},
	{name: "before does not matter", types: []string{"absence"}, compiled: func(r *rule) { r.before = 0 }},
	{name: "learning does not end in time", types: []string{"new_value"}, compiled: func(r *rule) { r.learn++ }},
	{name: "nothing is learnt", types: []string{"new_value"}, compiled: func(r *rule) { r.learn = 0 }},
	{name: "late events count as of now", types: slices.Concat(allWindowed, []string{"absence"}), told: func(newest, at int64) int64 { return max(newest, at) }},
	{name: "times in whole minutes", types: slices.Concat(allWindowed, []string{"absence", "silence"}), told: func(_, at int64) int64 { return at - at%int64(m) }},
	{name: "time runs ahead", types: []string{"absence", "silence"}, watermark: half},
	{name: "time lags behind", types: []string{"absence", "silence"}, watermark: -half},
	{name: "groups forgotten too early", types: slices.Concat(allQuietened, []string{"silence", "new_value"}), remembered: func(d *detector) {
		if r := d.rules[0]; r.held.groups > 1 {
			d.groups.evict(r)
		}
	}},
	{name: "marks forgotten too early", types: slices.Concat([]string{"count", "distinct", "sum"}, allStepped), remembered: func(d *detector) {
		d.each(func(g *group) {
			if g.n > 1 {
				d.groups.cut(g, 1)
			}
		})
	}},
	{name: "a window keeps what fell out", types: []string{"distinct", "sum", "avg"}, remembered: func(d *detector) {
		d.each(func(g *group) {
			if w := d.groups.window(g); w != nil && w.hi > 0 {
				if d.rules[g.rule].aggregate == distinct {
					w.counts.add(d.groups.block(g).values[0]^1, 1)
				}
				w.sum += 40
			}
		})
	}},
	{name: "a window forgets what is in it", types: []string{"distinct", "sum", "min"}, remembered: func(d *detector) {
		d.each(func(g *group) {
			if w := d.groups.window(g); w != nil {
				lo, hi := w.lo, w.hi
				w.reset(0)
				w.lo, w.hi = lo, hi
			}
		})
	}},
	{name: "timers are lost", types: []string{"absence", "silence"}, remembered: func(d *detector) {
		if len(d.timers) > 1 {
			d.timers.pop()
		}
	}},
	{name: "a snapshot has no quiet times", types: []string{"count", "two at once", "absence"}, restored: func(d *detector) { d.each(func(g *group) { g.until = never }) }},
	{name: "a snapshot has no timers", types: []string{"absence", "silence"}, restored: func(d *detector) { d.timers = nil }},
	{name: "a snapshot mixes up the steps", types: allStepped, restored: func(d *detector) {
		d.each(func(g *group) {
			b := d.groups.block(g)
			for i := range b.tags {
				b.tags[i].mask = b.tags[i].mask&^3 | b.tags[i].mask&1<<1 | b.tags[i].mask&2>>1
			}
		})
	}},
	{name: "a start is forgotten", types: []string{"silence over starts", "recovery of a silence over starts", "checked after starts"}, remembered: func(d *detector) { d.presence.since = 0 }},
	{name: "a snapshot has no starts", types: []string{"silence over starts"}, restored: func(d *detector) { d.presence.since = 0 }},
	{name: "a start tells nobody", types: []string{"silence over starts"}, remembered: func(d *detector) { d.presence.known = 0 }},
	{name: "a snapshot does not know what has come", types: []string{"silence over starts"}, restored: func(d *detector) { d.presence.known = 0 }},
	{name: "a snapshot learns anew", types: []string{"new_value"}, restored: func(d *detector) { d.rules[0].began = 0 }},
}

// each calls f for all groups.
func (d *detector) each(f func(g *group)) {
	for _, r := range d.rules {
		for id := r.held.oldest; id != 0; id = d.groups.at(id).newer {
			f(d.groups.at(id))
		}
	}
}

// faulty is a detector with a fault.
type faulty struct {
	*detector
	fault  *fault
	newest int64
}

func (f *fault) create(c Config) (sdk.Detector, error) {
	made, err := New(c)
	if err != nil {
		return nil, err
	}
	return &faulty{detector: made.(*detector), fault: f, newest: never}, nil
}

func (f *faulty) SetRules(rules []document.Rule) error {
	err := f.detector.SetRules(rules)
	if f.fault.compiled != nil {
		f.fault.compiled(f.rules[0])
	}
	return err
}

func (f *faulty) DetectBatch(b *wire.Batch, emit func(sdk.Alert)) error {
	if f.fault.told != nil {
		for _, of := range []ecs.Field{ecs.Timestamp, ecs.EventIngested} { // silence goes by the latter
			c := b.Column(uint32(of))
			for k := range int(c.Count) {
				at := c.Nanos(k)
				f.newest = max(f.newest, at)
				binary.LittleEndian.PutUint64(c.Values[8*k:], uint64(f.fault.told(f.newest, at)))
			}
		}
	}
	if f.fault.unplaced {
		clear(b.Column(uint32(ecs.LogcenterPosition)).Values)
	}
	err := f.detector.DetectBatch(b, emit)
	if f.fault.remembered != nil {
		f.fault.remembered(f.detector)
	}
	return err
}

func (f *faulty) Tick(watermark time.Time, emit func(sdk.Alert)) error {
	return f.detector.Tick(watermark.Add(f.fault.watermark), emit)
}

func (f *faulty) Restore(r io.Reader) error {
	err := f.detector.Restore(r)
	if f.fault.restored != nil {
		f.fault.restored(f.detector)
	}
	return err
}

// TestTheReferenceCatchesFaults: an engine with any of the faults is told from the reference within some hundred streams.
func TestTheReferenceCatchesFaults(t *testing.T) {
	all := allTrials()
	for _, f := range faults {
		for _, name := range f.types {
			t.Run(f.name+"/"+name, func(t *testing.T) {
				rnd := rand.New(rand.NewPCG(1, hash([]byte(name))))
				for range 400 {
					tr, s := draw(rnd, all[name])
					if !slices.Equal(sorted(watch(t, f.create, tr, s, rnd)), sorted(s.expected(tr.ref))) {
						return
					}
				}
				assert.Fail(t, "not caught")
			})
		}
	}
}
