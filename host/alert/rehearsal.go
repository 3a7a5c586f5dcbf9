package alert

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/logcenter/logcenter/host/pipeline"
	"github.com/logcenter/logcenter/host/plugin"
	"github.com/logcenter/logcenter/sdk/wire"
)

// Rehearsal has a detector of its own look at events that are given to it, with the batches and ticks that the one in
// service would get, and tells nobody what it raises. It is a process that begins without a memory of the past. Not safe
// for concurrent use.
type Rehearsal struct {
	p     *plugin.Single
	m     *plugin.Manifest
	clock clock
	seq   uint64
	empty []byte // its state before any event
}

// Rehearse starts the detector of a manifest with rules, also those that are disabled, each as its document has it. The caller closes it. A
// *plugin.ConfigError says that it refuses them.
func Rehearse(ctx context.Context, m *plugin.Manifest, rules []map[string]any, o plugin.SingleOptions) (_ *Rehearsal, err error) {
	r := &Rehearsal{m: m}
	if m.Kind != wire.Kind_DETECTOR {
		return nil, fmt.Errorf("plugin %s is no detector", m.ID)
	}
	if o.Rules, err = rehearsed(rules); err != nil {
		return nil, err
	}
	if r.p, err = plugin.StartSingle(ctx, m, o); err != nil {
		return nil, err
	}
	if _, r.empty, err = r.p.Snapshot(ctx); err != nil {
		return nil, errors.Join(err, r.p.Close())
	}
	return r, nil
}

// rehearsed is rules as a detector gets them.
func rehearsed(rules []map[string]any) ([]byte, error) {
	list := make([]map[string]any, len(rules))
	for i, d := range rules {
		list[i] = maps.Clone(d)
		delete(list[i], "disabled")
		delete(list[i], "examples") // which are for people and tests
	}
	return json.Marshal(list)
}

// Reset has the detector forget all that it has seen.
func (r *Rehearsal) Reset(ctx context.Context) error {
	r.clock = 0
	return r.p.Restore(ctx, 0, r.empty)
}

// Process is the detector's process.
func (r *Rehearsal) Process() *plugin.Single { return r.p }

// Take gives the detector the events of a batch, and then how far event time has come with them. It returns what is
// raised, in order, which is the caller's. Without an error the batch may be used again.
func (r *Rehearsal) Take(ctx context.Context, b *wire.Batch) (*wire.Result, error) {
	out := &wire.Result{}
	r.seq++
	if b.Rows > 0 {
		req := &wire.Batch{Seq: r.seq, Rows: b.Rows, Journal: b.Journal, Partition: b.Partition, Offset: r.seq}
		req.Columns = r.m.Columns(nil, b)
		reply, err := r.p.Detect(ctx, req)
		if err != nil {
			return nil, err
		}
		if reply.Error != "" {
			return nil, errors.New(reply.Error)
		}
		out = reply
	}
	return r.tick(ctx, out, r.clock.after(&pipeline.Entry{Batch: b}))
}

// Wait lets event time pass without an event, as in a silent host, until a moment; one that is past already changes
// nothing. It returns what is raised, in order.
func (r *Rehearsal) Wait(ctx context.Context, until time.Time) (*wire.Result, error) {
	r.seq++
	return r.tick(ctx, &wire.Result{}, r.clock.after(&pipeline.Entry{Clock: until}))
}

func (r *Rehearsal) tick(ctx context.Context, out *wire.Result, at clock) (*wire.Result, error) {
	if at <= r.clock {
		return out, nil
	}
	r.clock = at
	reply, err := r.p.Tick(ctx, at.watermark(), r.seq)
	if err != nil {
		return nil, err
	}
	if reply.Error != "" {
		return nil, errors.New(reply.Error)
	}
	out.Alerts = append(out.Alerts, reply.Alerts...)
	return out, nil
}

// Figures are how the rules have fared so far; none if the detector does not say.
func (r *Rehearsal) Figures(ctx context.Context) ([]*wire.RuleStat, error) {
	r.seq++
	reply, err := r.p.Report(ctx, r.clock.watermark(), r.seq) // which it has been told already
	return reply.GetRules(), err
}

// Lateness is how much later than others an event may come: what closes at a moment is known so long behind it.
const Lateness = allowedLateness

// Close ends the detector.
func (r *Rehearsal) Close() error { return r.p.Close() }

// RuleDetector is the id of the detector that rules are rehearsed with.
const RuleDetector = "correlation"
