package pipeline

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/logcenter/logcenter/host/plugin"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/wire"
)

// Observed is a plugin in a plan whose answers somebody looks at, as live events go through it.
type Observed struct {
	*plugin.Plugin
	// Observe is told of every batch that the plugin answered, from several goroutines, while the batch waits. message
	// are the lines of b's rows, nil where those are not at hand; took is how long the answer took. All that is given
	// is used again when it returns, so it copies what it keeps.
	Observe func(b *wire.Batch, message *wire.Column, a *plugin.Answer, took time.Duration)
}

// observed asks a stage, and tells who looks at it.
func (w *work) observed(ctx context.Context, stage Stage, b *wire.Batch) (*plugin.Answer, error) {
	o, ok := stage.(*Observed)
	if !ok {
		return stage.Process(ctx, b)
	}
	begun := time.Now()
	a, err := o.Process(ctx, b)
	if err != nil {
		return a, err
	}
	message := b.Column(id(ecs.Message))
	if message == nil && int(b.Rows) == w.rows {
		message = w.message()
	}
	o.Observe(b, message, a, time.Since(begun))
	return a, nil
}

// inputs are fields that say nothing of a line.
var inputs = []ecs.Field{ecs.EventIngested, ecs.EventTimezone, ecs.LogcenterInput}

// errNoLines means that rows cannot be masked, as their lines are not there.
var errNoLines = errors.New("there are no lines, so that nothing can be masked")

// Show makes of rows that a stage is sent what people may see: the stage's fields on masked events, in the order of the
// rows; a line may have made more events, which are behind them. Nothing of it is counted, held or looked at by those
// who observe stages. It must be released. b has the lines. Errors are ctx's; without time it may wait for a masker for long.
func (r *Processor) Show(ctx context.Context, b *wire.Batch, stage Stage) (*Finished, error) {
	if b.Column(id(ecs.Message)) == nil {
		return nil, errNoLines
	}
	r.mu.RLock()
	plan := &Plan{Maskers: slices.Clone(r.plan.Maskers)}
	r.mu.RUnlock()
	steps := []func(*work, context.Context) error{(*work).mask}
	switch stage.Manifest().Kind {
	case wire.Kind_PARSER:
		plan.Parsers, steps = []Stage{stage}, append([]func(*work, context.Context) error{(*work).parse}, steps...)
	case wire.Kind_ENRICHER:
		plan.Enrichers, steps = []Stage{stage}, append([]func(*work, context.Context) error{(*work).enrich}, steps...)
	default:
		plan.Maskers = append(plan.Maskers, stage)
	}
	for _, list := range [...][]Stage{plan.Parsers, plan.Enrichers, plan.Maskers} {
		for i, s := range list {
			if o, ok := s.(*Observed); ok {
				list[i] = o.Plugin
			}
		}
	}
	own := NewProcessor(NewPlan(*plan), nil)
	w := new(work)
	// What is not the input's own may show the line, so that it is masked as what plugins wrote.
	raw := &wire.Batch{Rows: b.Rows}
	for _, c := range b.Columns {
		if f := ecs.Field(c.Field); f == ecs.Message || slices.Contains(inputs, f) {
			raw.Columns = append(raw.Columns, c)
		}
	}
	w.begin(own, own.plan, RawOf("", 1, raw))
	for _, c := range b.Columns {
		if raw.Column(c.Field) == nil {
			w.set(c)
			w.written = append(w.written, c.Field)
		}
	}
	w.groups = []group{{0, 0, w.rows}}
	if len(plan.Parsers) == 0 {
		w.groups = nil
	}
	for _, do := range steps {
		if err := do(w, ctx); err != nil {
			w.release()
			return nil, err
		}
	}
	return &Finished{Batch: &w.batch, w: w, r: own}, nil
}
