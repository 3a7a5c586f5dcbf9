// Package pipeline takes raw batches through the plugins and commits what became of them.
//
// [Processor.Process] is the path of a batch, in one readable function: choose parsers, parse, enrich,
// mask, mark, classify, route. [Runner] reads the raw journal, keeps several batches on their way at once, and
// appends the finished ones to the event journal in raw order.
package pipeline

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/logcenter/logcenter/host/classification"
	"github.com/logcenter/logcenter/host/deadletter"
	"github.com/logcenter/logcenter/host/hold"
	"github.com/logcenter/logcenter/host/lineage"
	"github.com/logcenter/logcenter/host/plugin"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/wire"
)

// Stage is a plugin in the pipeline, in a process of its own (package plugin) or, in benchmarks, in this
// one. Stages are compared, so they are pointers or the like.
type Stage interface {
	Manifest() *plugin.Manifest
	// Process handles a batch; see [plugin.Plugin.Process] for retries, splits and errors.
	Process(ctx context.Context, b *wire.Batch) (*plugin.Answer, error)
}

// Plan is which plugins a batch goes through. It does not change; a new one replaces it.
type Plan struct {
	Parsers   []Stage
	Enrichers []Stage
	Maskers   []Stage
	Overrides map[string]string          // input name → parser id, for lines that need no recognising
	Rules     *classification.Classifier // may be nil
	Streams   *Router                    // may be nil
	Lineage   *lineage.Plan              // what of it is remembered; may be nil
	// Canary, if set, is the way of every so many batches; it is readied by NewPlan, and has none itself.
	Canary *Plan
	// Share is the part of batches that Canary gets, 0 to 1.
	Share    float64
	dispatch *dispatcher
	users    *sync.WaitGroup // batches that are on this way or its canary's
	taken    *atomic.Uint64  // batches so far
}

// NewPlan readies a plan. An override that names no parser of the plan is ignored: its lines are recognised.
func NewPlan(p Plan) *Plan {
	p.dispatch, p.users, p.taken = newDispatcher(p.Parsers, p.Overrides), new(sync.WaitGroup), new(atomic.Uint64)
	return &p
}

// With is the plan with a stage in the place of that of the same plugin.
func (p Plan) With(s Stage) Plan {
	m := s.Manifest()
	in := func(list []Stage) []Stage {
		out := slices.Clone(list)
		for i, have := range out {
			if h := have.Manifest(); h.ID == m.ID && h.Kind == m.Kind {
				out[i] = s
			}
		}
		return out
	}
	p.Parsers, p.Enrichers, p.Maskers = in(p.Parsers), in(p.Enrichers), in(p.Maskers)
	return p
}

// way is the plan of the next batch: evenly spread, as many as Share says are the canary's.
func (p *Plan) way() *Plan {
	if p.Canary == nil {
		return p
	}
	n := p.taken.Add(1)
	if uint64(float64(n)*p.Share) > uint64(float64(n-1)*p.Share) {
		return p.Canary
	}
	return p
}

// stage is the plan's stage of a plugin, nil if the plugin is not part of it.
func (p *Plan) stage(m *plugin.Manifest) Stage {
	for _, list := range [...][]Stage{p.Parsers, p.Enrichers, p.Maskers} {
		for _, s := range list {
			if have := s.Manifest(); have.ID == m.ID && have.Kind == m.Kind {
				return s
			}
		}
	}
	return nil
}

// Counters count events since the host started.
type Counters struct {
	Events, Bytes    atomic.Int64 // finished, and bytes of their masked messages
	Unparsed         atomic.Int64 // kept without their parser's fields
	Unrecognised     atomic.Int64 // of these: no parser claimed them
	Unenriched       atomic.Int64
	Masked           atomic.Int64 // events with at least one edit
	Withheld         atomic.Int64 // events whose text was withheld because masking failed on them
	Cut              atomic.Int64 // values of keyword fields that were too long
	DeadLetters      atomic.Int64
	Dropped          atomic.Int64 // by parsers that may
	FanOutLost       atomic.Int64 // further events of lines, beyond what one batch may hold
	Batches          atomic.Int64
	WaitingForMasker atomic.Int64 // batches held now because a masker is down
	// WaitingForEnricher counts batches held now because an enricher with on_failure: hold is down.
	WaitingForEnricher atomic.Int64
}

// Processor runs batches through the current plan. Safe for concurrent use.
type Processor struct {
	mu      sync.RWMutex
	plan    *Plan
	settled <-chan struct{} // of all plans before
	Counters
	scratch sync.Pool // *work
	hold    Hold
}

// Hold keeps the records of events that could not be handled, which are not masked, away from everybody.
type Hold interface {
	// Keep stores records durably and sets Time of those that it keeps; the error says why others are not.
	Keep(rs []hold.Record) error
}

// NewProcessor makes a processor. hold may be nil where nothing unmasked may be kept (benchmarks).
func NewProcessor(p *Plan, hold Hold) *Processor {
	r := &Processor{plan: p, hold: hold}
	r.scratch.New = func() any { return new(work) }
	return r
}

// SetPlan replaces the plan; batches on their way finish with the old one. settled is closed when no batch is on the way
// of a plan of before any more.
func (r *Processor) SetPlan(p *Plan) (settled <-chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	old, before, done := r.plan, r.settled, make(chan struct{})
	r.plan, r.settled = p, done
	go func() {
		old.users.Wait()
		if before != nil {
			<-before
		}
		close(done)
	}()
	return done
}

// current is the stage that a plugin is in the plan as it is now, nil if it is not part of it. It is another one than
// s if the plugin was swapped meanwhile.
func (r *Processor) current(s Stage) Stage {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.plan.stage(s.Manifest())
}

// Finished is what became of a raw batch. It aliases the processor's memory until Release.
type Finished struct {
	Batch *wire.Batch // may have no rows
	Dead  []deadletter.Letter
	w     *work
	r     *Processor
}

// Release gives the memory back.
func (f *Finished) Release() {
	f.w.release()
	f.r.scratch.Put(f.w)
}

// Process takes one raw batch through the plugins. raw is not changed and must stay until Release. The only
// errors are ctx's: whatever plugins do, the events go on, marked.
func (r *Processor) Process(ctx context.Context, raw *Raw) (*Finished, error) {
	r.mu.RLock()
	plan := r.plan
	plan.users.Add(1) // under the lock, so that no plan of before gets another user
	r.mu.RUnlock()
	defer plan.users.Done()
	plan = plan.way()
	w := r.scratch.Get().(*work)
	w.begin(r, plan, raw)
	for _, step := range [...]struct {
		name string
		do   func(context.Context) error
	}{
		{"recognise", w.recognise}, // rows grouped by parser
		{"parse", w.parse},
		{"enrich", w.enrich},
		{"mask", w.mask}, // from here on nobody can reach the bytes that were masked
		{"complete", w.complete},
		{"classify", w.classify},
		{"route", w.route},
	} {
		if err := step.do(ctx); err != nil {
			w.release()
			r.scratch.Put(w)
			return nil, fmt.Errorf("%s: %w", step.name, err)
		}
	}
	r.Batches.Add(1)
	r.Events.Add(int64(w.rows))
	if m := w.message(); m != nil && w.rows > 0 {
		r.Bytes.Add(int64(m.Offset(w.rows) - m.Offset(0)))
	}
	return &Finished{Batch: &w.batch, Dead: w.dead, w: w, r: r}, nil
}

func id(f ecs.Field) uint32 { return uint32(f) }
