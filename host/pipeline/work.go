package pipeline

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"time"

	"github.com/logcenter/logcenter/host/deadletter"
	"github.com/logcenter/logcenter/host/hold"
	"github.com/logcenter/logcenter/host/plugin"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/wire"
)

// work is one batch on its way. Its columns are whole: one per field, over all rows.
type work struct {
	r       *Processor
	plan    *Plan
	swapped map[int]Stage // parsers that were swapped while this batch was on its way
	moved   bool          // who answered last is not who was asked first
	raw     *Raw

	rows    int
	batch   wire.Batch
	groups  []group
	answers []*plugin.Answer // whose memory the columns alias
	dead    []deadletter.Letter
	held    []hold.Record
	heldAt  map[string]int // event id → index in held
	gone    []bool         // rows to take out: dropped or dead
	goneAny bool
	failed  []failure // rows kept with an error, ascending within a stage
	flags   []flag
	written []uint32 // fields that plugins set

	chosen []int16
	order  []int32
	marks  wire.Builder
	texts  [3]wire.Builder // error.code, error.message, error.type
	seq    uint64
}

// failure is what a stage said of a row.
type failure struct {
	row           int
	code, message string
	kind          string // of the stage
	m             *plugin.Manifest
	letter        string // why it is a dead letter; empty: it is none
	dead          bool   // the event is taken out
}

type flag struct {
	row  int
	mark string
}

func (w *work) begin(r *Processor, plan *Plan, raw *Raw) {
	w.r, w.plan, w.swapped, w.raw = r, plan, nil, raw
	w.rows = int(raw.Batch.Rows)
	w.batch.Reset()
	w.batch.Rows, w.batch.Journal, w.batch.Partition, w.batch.Offset = raw.Batch.Rows, raw.Journal, raw.Partition, raw.From
	w.batch.Columns = append(w.batch.Columns, raw.Batch.Columns...)
	w.dead, w.held, w.heldAt, w.failed, w.flags, w.groups, w.written = nil, nil, nil, w.failed[:0], w.flags[:0], nil, w.written[:0]
	w.gone, w.goneAny = slices.Grow(w.gone[:0], w.rows)[:w.rows], false
	clear(w.gone)
	if w.rows > 0 {
		w.batch.Columns = append(w.batch.Columns, w.positions())
	}
}

// positions is where each record came from, one number a row.
func (w *work) positions() *wire.Column {
	c := &wire.Column{Field: id(ecs.LogcenterPosition), Type: wire.Type_INT64, Width: 8, Count: uint32(w.rows)}
	c.Values = make([]byte, 0, 8*w.rows)
	for i, n := range w.raw.rows {
		for row := range n {
			c.Values = appendInt64(c.Values, Position(w.raw.From+uint64(i), row, 0))
		}
	}
	return c
}

func appendInt64(b []byte, v int64) []byte {
	return append(b, byte(v), byte(v>>8), byte(v>>16), byte(v>>24), byte(v>>32), byte(v>>40), byte(v>>48), byte(v>>56))
}

func (w *work) release() {
	for _, a := range w.answers {
		a.Release()
	}
	w.answers = w.answers[:0]
	clear(w.batch.Columns)
	w.batch.Columns = w.batch.Columns[:0]
	w.raw = nil
}

func (w *work) message() *wire.Column { return w.batch.Column(id(ecs.Message)) }

// set puts a column into the batch, in place of the one of its field.
func (w *work) set(c *wire.Column) {
	if c == nil {
		return
	}
	for i, have := range w.batch.Columns {
		if have.Field == c.Field {
			w.batch.Columns[i] = c
			return
		}
	}
	w.batch.Columns = append(w.batch.Columns, c)
}

// recognise groups the rows by parser, so that each parser gets its lines as one run.
func (w *work) recognise(context.Context) error {
	if w.rows == 0 {
		return nil
	}
	var order []int32
	w.chosen, order, w.groups = w.plan.dispatch.assign(&w.batch, w.chosen, w.order)
	if order != nil {
		w.order = order
		w.gather(order)
	}
	return nil
}

// gather brings all columns to the rows named by order.
func (w *work) gather(order []int32) {
	kept := w.batch.Columns[:0]
	for _, c := range w.batch.Columns {
		if g := c.Gather(w.rows, order); g != nil {
			kept = append(kept, g)
		}
	}
	w.batch.Columns = kept
	w.rows = len(order)
	w.batch.Rows = uint32(len(order))
}

// project is the batch a plugin is sent: rows [from, to) of the fields it reads.
func (w *work) project(fields []ecs.Field, from, to int) *wire.Batch {
	w.seq++
	b := &wire.Batch{Seq: w.seq, Rows: uint32(to - from), Partition: w.raw.Partition, Offset: w.raw.From}
	for _, f := range fields {
		if c := w.batch.Column(id(f)); c != nil {
			if s := c.Slice(w.rows, from, to); s != nil {
				b.Columns = append(b.Columns, s)
			}
		}
	}
	return b
}

// answered is the outcome of a plugin over consecutive rows: one part per reply.
type answered struct {
	parts []answeredPart
}

type answeredPart struct {
	rows   int
	result *wire.Result // nil: nothing came
}

// merge makes the columns that the parts wrote into columns over all rows and puts them into the batch.
// A row that the plugin wrote replaces the old value.
func (w *work) merge(a answered) {
	var fields []uint32
	for _, p := range a.parts {
		if p.result == nil {
			continue
		}
		for _, c := range p.result.Columns {
			if !slices.Contains(fields, c.Field) {
				fields = append(fields, c.Field)
			}
		}
	}
	w.written = append(w.written, fields...)
	parts := make([]wire.Part, len(a.parts))
	for _, f := range fields {
		for i, p := range a.parts {
			parts[i] = wire.Part{Rows: p.rows}
			if p.result != nil {
				parts[i].Column = p.result.Column(f)
			}
		}
		c := wire.Concat(parts, w.message())
		if c == nil {
			continue
		}
		if have := w.batch.Column(f); have != nil {
			c = wire.Overlay(have, c, w.rows, w.message())
		}
		w.set(c)
	}
}

// parse sends every group to its parser.
func (w *work) parse(ctx context.Context) error {
	var all answered
	fans := []fan(nil)
	for _, g := range w.groups {
		if g.parser == none {
			all.parts = append(all.parts, answeredPart{rows: g.to - g.from})
			w.unrecognised(g)
			continue
		}
		a, stage, err := w.ask(ctx, w.parser(g.parser), w.parserBatch(g), nil)
		m := stage.Manifest()
		if errors.Is(err, plugin.ErrUnavailable) {
			all.parts = append(all.parts, answeredPart{rows: g.to - g.from})
			w.unparsed(g.from, g.to, m, "unavailable", "the parser is out of service")
			continue
		}
		if err != nil {
			return err
		}
		if w.moved {
			w.swap(g.parser, stage)
		}
		w.answers = append(w.answers, a)
		for _, p := range a.Parts {
			part := answeredPart{rows: p.To - p.From}
			base := g.from + p.From
			if p.Reply == nil {
				w.unparsed(base, g.from+p.To, m, poison, "the parser does not survive this line")
				w.failed[len(w.failed)-1].letter = poison
				w.keep(base, m, poison)
			} else {
				part.result = p.Reply.Result
				w.outcome(base, p.Reply.Result, m, "parser")
				if f := p.Reply.Fanout; f != nil && f.Rows > 0 {
					fans = append(fans, fan{base, f, g.parser})
				}
			}
			all.parts = append(all.parts, part)
		}
	}
	w.merge(all)
	w.constants()
	return w.fanOut(fans)
}

// parser is a parser of the plan, or what took its place.
func (w *work) parser(i int) Stage {
	if s := w.swapped[i]; s != nil {
		return s
	}
	return w.plan.Parsers[i]
}

func (w *work) swap(i int, now Stage) {
	if w.swapped == nil {
		w.swapped = map[int]Stage{}
	}
	w.swapped[i] = now
}

// parserBatch is what the parser of a group is sent.
func (w *work) parserBatch(g group) func(*plugin.Manifest) *wire.Batch {
	return func(m *plugin.Manifest) *wire.Batch {
		return unique(w.project(append([]ecs.Field{ecs.Message, ecs.EventIngested, ecs.EventTimezone}, m.Reads...), g.from, g.to))
	}
}

// unique drops columns listed twice (a manifest that reads message names it again).
func unique(b *wire.Batch) *wire.Batch {
	kept := b.Columns[:0]
	for i, c := range b.Columns {
		if !slices.ContainsFunc(b.Columns[:i], func(d *wire.Column) bool { return d.Field == c.Field }) {
			kept = append(kept, c)
		}
	}
	b.Columns = kept
	return b
}

func (w *work) unrecognised(g group) {
	n := int64(g.to - g.from)
	w.r.Unrecognised.Add(n)
	w.r.Unparsed.Add(n)
	for row := g.from; row < g.to; row++ {
		w.flags = append(w.flags, flag{row, "unparsed"})
	}
}

func (w *work) unparsed(from, to int, m *plugin.Manifest, code, message string) {
	w.r.Unparsed.Add(int64(to - from))
	for row := from; row < to; row++ {
		w.failed = append(w.failed, failure{row: row, code: code, message: message, kind: "parser", m: m})
		w.flags = append(w.flags, flag{row, "unparsed"})
	}
}

// outcome books what a reply says of rows: errors, drops, dead letters.
func (w *work) outcome(base int, r *wire.Result, m *plugin.Manifest, kind string) {
	for _, e := range r.Errors {
		row := base + int(e.Row)
		switch {
		case e.Disposition == wire.Disposition_DEAD_LETTER:
			w.take(row)
			w.failed = append(w.failed, failure{row: row, message: e.Message, kind: kind, m: m, letter: deadLetter, dead: true})
			w.keep(row, m, deadLetter)
			continue
		case e.Code == "bad_value":
		case kind == "parser":
			w.r.Unparsed.Add(1)
			w.flags = append(w.flags, flag{row, "unparsed"})
		case kind == "enricher":
			w.r.Unenriched.Add(1)
			w.flags = append(w.flags, flag{row, "unenriched"})
		}
		w.failed = append(w.failed, failure{row: row, code: e.Code, message: e.Message, kind: kind, m: m})
	}
	for i, bits := range r.Drop {
		for k := range 8 {
			if bits&(1<<k) != 0 && base+8*i+k < len(w.gone) {
				w.take(base + 8*i + k)
				w.r.Dropped.Add(1)
			}
		}
	}
}

func (w *work) take(row int) { w.gone[row], w.goneAny = true, true }

// enricherBatch is what an enricher is sent; without columns if none of the events has what it looks at.
func (w *work) enricherBatch(m *plugin.Manifest) *wire.Batch {
	b := w.project(m.Reads, 0, w.rows)
	if b.Column(id(ecs.Message)) == nil { // spans need the lines they point into
		if m := w.message(); m != nil && slices.ContainsFunc(b.Columns, func(c *wire.Column) bool { return c.Encoding == wire.Encoding_SPAN }) {
			b.Columns = append(b.Columns, m)
		}
	}
	return b
}

// enrich sends the fields each enricher reads.
func (w *work) enrich(ctx context.Context) error {
	for _, stage := range w.plan.Enrichers {
		b := w.enricherBatch(stage.Manifest())
		if len(b.Columns) == 0 || w.rows == 0 {
			continue
		}
		a, stage, err := w.ask(ctx, stage, w.enricherBatch, &w.r.WaitingForEnricher)
		m := stage.Manifest()
		if errors.Is(err, plugin.ErrUnavailable) {
			w.r.Unenriched.Add(int64(w.rows))
			for row := range w.rows {
				w.flags = append(w.flags, flag{row, "unenriched"})
			}
			continue
		}
		if err != nil {
			return err
		}
		w.answers = append(w.answers, a)
		var all answered
		var asked []*wire.RowError
		for _, p := range a.Parts {
			part := answeredPart{rows: p.To - p.From}
			if p.Reply == nil {
				w.poisoned(p.From, m)
			} else {
				part.result = p.Reply.Result
				for _, e := range wanting(p.Reply.Result) {
					e.Row += uint32(p.From)
					asked = append(asked, e)
				}
				w.outcome(p.From, p.Reply.Result, m, "enricher")
			}
			all.parts = append(all.parts, part)
		}
		w.merge(all)
		if err := w.again(ctx, stage, b, asked); err != nil {
			return err
		}
	}
	return nil
}

// waiter is a stage that can say when it is back in service.
type waiter interface {
	// Wait returns plugin.ErrUnavailable when the plugin is disabled.
	Wait(ctx context.Context) error
}

// planPoll is how often a batch that waits for a disabled plugin looks whether it was taken out of the plan.
const planPoll = 20 * time.Millisecond

// ask has a stage handle what batch makes for it. One that was swapped meanwhile is not asked any more: the one in its
// place is, which is returned as who answered. Where events must not pass a stage by, they wait while it is out of
// service, and waiting counts them; then the error is plugin.ErrUnavailable only when an admin took it out of the plan.
func (w *work) ask(ctx context.Context, stage Stage, batch func(*plugin.Manifest) *wire.Batch, waiting *atomic.Int64) (*plugin.Answer, Stage, error) {
	held := false
	w.moved = false
	defer func() {
		if held {
			waiting.Add(-1)
		}
	}()
	b := batch(stage.Manifest())
	for {
		w.seq++
		b.Seq = w.seq
		a, err := w.observed(ctx, stage, b)
		if !errors.Is(err, plugin.ErrUnavailable) {
			return a, stage, err
		}
		switch now := w.r.current(stage); {
		case now == nil:
			return nil, stage, err
		case now != stage:
			stage, w.moved = now, true
			b = batch(stage.Manifest())
			continue
		case !plugin.Holds(stage.Manifest()):
			return nil, stage, err
		}
		if !held {
			held = true
			waiting.Add(1)
		}
		if s, ok := stage.(waiter); ok {
			if err := s.Wait(ctx); err == nil {
				continue
			} else if !errors.Is(err, plugin.ErrUnavailable) {
				return nil, stage, err
			}
		}
		select { // it is disabled, and the plan does not know yet; or it is on its way back
		case <-time.After(planPoll):
		case <-ctx.Done():
			return nil, stage, ctx.Err()
		}
	}
}
