package rollout

import (
	"fmt"
	"math"
	"math/bits"
	"slices"
	"sync"
	"time"

	"github.com/logcenter/logcenter/host/plugin"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/wire"
)

// tally is what one version did since a rollout began. Safe for concurrent use.
type tally struct {
	p      *plugin.Plugin
	before time.Duration // CPU time when it began

	mu        sync.Mutex
	batches   int64
	rows      int64
	bytes     int64 // of their lines
	errors    int64
	badValues int64
	dropped   int64
	took      time.Duration
	failing   series             // parts of batches
	latency   series             // ms per MB
	filled    map[uint32]*series // parts of batches that have a field; of a masker, in which it was masked
}

func newTally(p *plugin.Plugin) *tally {
	return &tally{p: p, before: p.CPU(), filled: map[uint32]*series{}}
}

// series are numbers of which the mean and its error are asked.
type series struct {
	n       int64
	sum, sq float64
}

func (s *series) add(v float64) { s.n++; s.sum += v; s.sq += v * v }

func (s *series) mean() float64 {
	if s.n == 0 {
		return 0
	}
	return s.sum / float64(s.n)
}

// variance is that of the mean.
func (s *series) variance() float64 {
	if s.n < 2 {
		return 0
	}
	m := s.mean()
	return max(0, s.sq/float64(s.n)-m*m) / float64(s.n-1)
}

// more says whether b's mean is larger than a's by more than limit, which chance does not explain: batches are what
// varies, as lines of one batch are alike. Four standard errors, since it is asked again and again.
func more(a, b *series, limit float64) bool {
	d := b.mean() - a.mean()
	return d > limit && d > 4*math.Sqrt(a.variance()+b.variance())
}

// observe is an observer of [pipeline.Observed].
func (t *tally) observe(b *wire.Batch, message *wire.Column, a *plugin.Answer, took time.Duration) {
	rows := int(b.Rows)
	if rows == 0 {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.batches++
	t.rows += int64(rows)
	t.took += took
	if message != nil {
		n := message.Offset(rows) - message.Offset(0)
		t.bytes += int64(n)
		t.latency.add(float64(took.Microseconds()) / 1e3 / (float64(max(n, 1)) / 1e6))
	}
	failed := int64(0)
	present := map[uint32]int64{}
	for _, p := range a.Parts {
		if p.Reply == nil {
			failed += int64(p.To - p.From)
			continue
		}
		for _, e := range p.Reply.Errors {
			if e.Code == "bad_value" {
				t.badValues++
			} else {
				failed++
			}
		}
		t.dropped += int64(ones(p.Reply.Drop))
		for _, c := range p.Reply.Columns {
			present[c.Field] += int64(c.Count)
		}
		for _, e := range p.Reply.Edits {
			present[e.Field] += edited(e)
		}
	}
	t.errors += failed
	t.failing.add(float64(failed) / float64(rows))
	for f, n := range present {
		s := t.filled[f]
		if s == nil {
			s = &series{n: t.batches - 1} // batches without it
			t.filled[f] = s
		}
		s.add(float64(n) / float64(rows))
	}
	for _, s := range t.filled {
		s.n = t.batches
	}
}

// edited is how many rows a masker changed; edits are in the order of rows.
func edited(e *wire.Edits) (rows int64) {
	last := -1
	for i := range e.Len() {
		if row, _, _, _ := e.EditAt(i); row != last {
			last = row
			rows++
		}
	}
	return rows
}

func ones(bitmap []byte) (n int) {
	for _, b := range bitmap {
		n += bits.OnesCount8(b)
	}
	return n
}

// Side is what one version did and cost since the rollout began.
type Side struct {
	Batches   int64   `json:"batches"`
	Events    int64   `json:"events"`
	Errors    int64   `json:"errors"`            // events that it reported an error for, or does not survive
	BadValues int64   `json:"bad_values"`        // values that did not fit their field
	Dropped   int64   `json:"dropped"`           // events
	Restarts  int64   `json:"restarts"`          // of its process
	MsPerMB   float64 `json:"ms_per_mb"`         // CPU milliseconds per MB of lines; counted in steps of 10 ms
	Latency   float64 `json:"latency_ms_per_mb"` // how long calls took
}

func (t *tally) cost() Side {
	cpu := t.p.CPU() - t.before
	t.mu.Lock()
	defer t.mu.Unlock()
	c := Side{Batches: t.batches, Events: t.rows, Errors: t.errors, BadValues: t.badValues, Dropped: t.dropped, Restarts: t.p.Restarts.Load()}
	if t.bytes > 0 {
		mb := float64(t.bytes) / 1e6
		c.MsPerMB, c.Latency = float64(cpu.Microseconds())/1e3/mb, float64(t.took.Microseconds())/1e3/mb
	}
	return c
}

// What a comparison of processor time needs: it is counted in steps of 10 ms.
const (
	leastCPU  = 200 * time.Millisecond
	leastMore = 0.2 // ms per MB
)

// verdict says in what the new version is worse than its limits allow, and whether enough was seen to say so.
func (r *rollout) verdict() (bad string, enough bool) {
	a, b := r.oldTally, r.newTally
	cpuA, cpuB := a.p.CPU()-a.before, b.p.CPU()-b.before
	a.mu.Lock()
	defer a.mu.Unlock()
	b.mu.Lock()
	defer b.mu.Unlock()
	if min(a.batches, b.batches) < MinBatches || min(a.rows, b.rows) < r.o.Limits.MinEvents {
		return "", false
	}
	l := r.o.Limits
	percent := func(v float64) string { return fmt.Sprintf("%.1f %%", 100*v) }
	if more(&a.failing, &b.failing, l.Errors) {
		return fmt.Sprintf("errors: %s of its events, %s before (limit: %s more)", percent(b.failing.mean()), percent(a.failing.mean()), percent(l.Errors)), true
	}
	for _, f := range sortedFields(a.filled) {
		now := b.filled[f]
		if now == nil {
			now = &series{n: b.batches}
		}
		was := a.filled[f]
		if r.old.Manifest().Kind == wire.Kind_MASKER { // few lines have secrets, so that the limit is a part of these
			if more(now, was, was.mean()*l.Fill) {
				return fmt.Sprintf("field %s: masked in %s of its events, in %s before (limit: %s of these less)", ecs.Field(f).Name(), percent(now.mean()), percent(was.mean()), percent(l.Fill)), true
			}
			continue
		}
		if more(now, was, l.Fill) {
			return fmt.Sprintf("field %s: in %s of its events, in %s before (limit: %s less)", ecs.Field(f).Name(), percent(now.mean()), percent(was.mean()), percent(l.Fill)), true
		}
	}
	if cpuA >= leastCPU && cpuB >= leastCPU && a.bytes > 0 && b.bytes > 0 {
		was, is := float64(cpuA.Microseconds())/1e3/(float64(a.bytes)/1e6), float64(cpuB.Microseconds())/1e3/(float64(b.bytes)/1e6)
		if is > was*(1+l.Cost) && is > was+leastMore {
			return fmt.Sprintf("cost: %.2f ms of CPU a MB, %.2f before (limit: %s more)", is, was, percent(l.Cost)), true
		}
	}
	if was := a.latency.mean(); more(&a.latency, &b.latency, was*l.Latency) {
		return fmt.Sprintf("latency: %.2f ms a MB, %.2f before (limit: %s more)", b.latency.mean(), was, percent(l.Latency)), true
	}
	return "", true
}

// sortedFields are the fields of a map by name.
func sortedFields[T any](m map[uint32]T) []uint32 {
	fields := make([]uint32, 0, len(m))
	for f := range m {
		fields = append(fields, f)
	}
	slices.SortFunc(fields, func(a, b uint32) int {
		if ecs.Field(a).Name() < ecs.Field(b).Name() {
			return -1
		}
		return 1
	})
	return fields
}
