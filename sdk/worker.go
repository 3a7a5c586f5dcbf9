package sdk

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/wire"
)

// worker is what handling one batch needs; the stage keeps a pool of them.
type worker struct {
	s       *Stage
	types   []ecs.Type
	layouts []cachedLayout
	scratch []byte
	zones   map[string]*time.Location
	// What rows mostly have in common with the one before.
	zoneName []byte
	lastZone *time.Location
	lastNs   int64
	lastTime time.Time

	// the batch at hand
	ctx     context.Context
	rows    int
	message *wire.Column
	in      []*wire.Column // by our field
	hosts   []uint32       // the host's ids of the batch's columns, whose own are ours from begin on
	cursors []wire.Cursor

	ev, fan    Event
	out        []*wire.Builder // by our field
	fanOut     []*wire.Builder // made when a line first fans out
	fanParents []byte
	fanRows    int
	facts      factRows
	fanFacts   factRows
	factCount  []int64 // by id; what spread needs
	factTexts  [][]string
	factFields map[ecs.Field]bool
	fanGone    []int // rows of lines at which the plugin panicked
	events     int   // of the line at hand, as ParseMany asks for them
	next       func() *Event

	result     wire.Result
	errs       []*wire.RowError
	drop       []byte
	undeclared int64
	badValues  int64
	panics     int64
	lost       int64 // events over MaxFanOut
	edits      Edits
	hits       []int
	emit       func(Alert)
}

func newWorker(s *Stage) *worker {
	w := &worker{s: s, types: s.types, zones: map[string]*time.Location{}, lastTime: time.Unix(0, 0)}
	w.out = make([]*wire.Builder, len(s.types))
	for f, t := range s.types {
		if t != 0 {
			w.out[f] = new(wire.Builder)
		}
	}
	w.ev = Event{w: w, out: w.out, facts: &w.facts}
	w.factFields = map[ecs.Field]bool{}
	w.emit = func(a Alert) {
		raised := AlertToWire(a)
		raised.DecidedNs = time.Now().UnixNano()
		w.result.Alerts = append(w.result.Alerts, raised)
	}
	w.next = func() *Event {
		w.events++
		return w.nth(w.events)
	}
	w.edits = Edits{out: map[uint32]*wire.Edits{}, index: map[string]uint32{}}
	return w
}

func (w *worker) begin(b *wire.Batch) {
	w.rows = int(b.Rows)
	clear(w.in)
	w.message = nil
	w.hosts = w.hosts[:0]
	for _, c := range b.Columns {
		w.hosts = append(w.hosts, c.Field)
		f, ok := w.s.reads[c.Field]
		if !ok {
			f, ok = ecs.Lookup(c.Name)
		}
		if !ok {
			c.Field = 0
			continue
		}
		c.Field = uint32(f) // ours from here on
		for len(w.in) <= int(f) {
			w.in, w.cursors = append(w.in, nil), append(w.cursors, wire.Cursor{})
		}
		w.in[f] = c
		if f == ecs.Message {
			w.message = c
		}
	}
	w.panics = 0
	w.ev.line = nil
	w.reset()
	w.result = wire.Result{Seq: b.Seq, Rows: b.Rows, Columns: w.result.Columns[:0], Errors: w.result.Errors[:0]}
}

// reset forgets what was said of the batch, and where in its columns the reader is.
func (w *worker) reset() {
	w.errs, w.drop = w.errs[:0], w.drop[:0]
	w.fanRows, w.fanParents, w.fanGone = 0, w.fanParents[:0], w.fanGone[:0]
	w.undeclared, w.badValues, w.lost = 0, 0, 0
	w.facts.reset(w.rows)
	w.fanFacts.reset(0)
	clear(w.cursors)
	for f, o := range w.out {
		if o != nil {
			o.Reset(WireType(w.types[f]), w.s.lists[f], w.rows, w.message, nil)
		}
	}
}

func (w *worker) process(ctx context.Context, b *wire.Batch) *wire.Result {
	w.begin(b)
	if b.BudgetNs > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Duration(b.BudgetNs))
		defer cancel()
	}
	w.ctx = ctx
	switch impl := w.s.impl.(type) {
	case Masker:
		w.mask(impl, b)
	case BatchDetector:
		if err := w.detectBatch(impl, b); err != nil {
			w.result.Error = clip(err.Error())
		}
	case BatchEnricher:
		if !w.enrichBatch(impl, b) {
			w.reset()
			w.all()
		}
	default:
		w.all()
	}
	w.reportRules(false)
	for i, c := range b.Columns {
		c.Field = w.hosts[i] // a batch that came without a process in between is still its owner's
	}
	return w.finish()
}

func (w *worker) all() {
	for row := 0; row < w.rows; {
		row = w.each(row)
	}
}

// enrichBatch says whether the plugin did the whole batch.
func (w *worker) enrichBatch(e BatchEnricher, b *wire.Batch) (done bool) {
	defer func() {
		if p := recover(); p != nil {
			w.panics++
			fmt.Fprintf(os.Stderr, "panic at a batch, whose events come one by one now: %v\n%s", p, debug.Stack())
		}
	}()
	return e.EnrichBatch(w.ctx, b, (*Rows)(w)) == nil
}

// each calls the plugin for the rows from from on and returns where to go on: behind the last row, or
// behind one at which the plugin panicked. One recover thus serves many rows.
func (w *worker) each(from int) (next int) {
	next = from
	defer func() {
		if p := recover(); p != nil {
			w.panicked(next, p)
			next++
		}
	}()
	e := &w.ev
	switch impl := w.s.impl.(type) {
	case ManyParser:
		for ; next < w.rows; next++ {
			w.enter(next)
			w.events = 0
			w.failed(next, impl.ParseMany(e.line, w.next))
		}
	case Parser:
		for ; next < w.rows; next++ {
			w.enter(next)
			if err := impl.Parse(e.line, e); err != nil {
				w.failed(next, err)
			}
		}
	case Enricher:
		for ; next < w.rows; next++ {
			w.enter(next)
			if err := impl.Enrich(w.ctx, e); err != nil {
				w.failed(next, err)
			}
		}
	case Detector:
		for ; next < w.rows; next++ {
			w.enter(next)
			if err := impl.Detect(e, w.emit); err != nil {
				w.failed(next, err)
			}
		}
	}
	return w.rows
}

func (w *worker) enter(row int) {
	w.ev.row = row
	if m := w.message; m != nil {
		end := m.Offset(row+1) - int(m.Separator)
		w.ev.line = m.Data[m.Offset(row):end:end]
	}
}

// nth is the cursor of the n-th event of the line at hand, from 1.
func (w *worker) nth(n int) *Event {
	if n == 1 {
		return &w.ev
	}
	if w.fanOut == nil {
		w.fanOut = make([]*wire.Builder, len(w.out))
	}
	if n > MaxFanOut { // one too many: what is set on it is lost, and the line says so
		w.lost++
		if n == MaxFanOut+1 {
			w.fail(w.ev.row, &wire.RowError{Code: "fan_out", Message: fmt.Sprintf("more than %d events in one line; the rest is lost", MaxFanOut)})
		}
		w.fan = Event{w: w, line: w.ev.line, row: w.ev.row}
		return &w.fan
	}
	for f, o := range w.out {
		if o == nil {
			continue
		}
		if w.fanOut[f] == nil {
			w.fanOut[f] = new(wire.Builder)
		}
		if w.fanRows == 0 {
			w.fanOut[f].Reset(WireType(w.types[f]), w.s.lists[f], 0, w.message, w.parent)
		}
		w.fanOut[f].Grow(w.fanRows + 1)
	}
	w.fan = Event{w: w, out: w.fanOut, row: w.fanRows, line: w.ev.line, facts: &w.fanFacts, fan: true}
	w.fanFacts.grow()
	w.fanParents = binary.LittleEndian.AppendUint32(w.fanParents, uint32(w.ev.row))
	w.fanRows++
	return &w.fan
}

func (w *worker) parent(row int) int { return int(binary.LittleEndian.Uint32(w.fanParents[4*row:])) }

func (w *worker) panicked(row int, p any) {
	w.panics++
	fmt.Fprintf(os.Stderr, "panic at an event: %v\n%s", p, debug.Stack())
	for _, o := range w.out {
		if o != nil {
			o.Undo(row)
		}
	}
	w.facts.set(row, 0)
	// The line is one unparsed event: what else was made of it goes when all rows are done.
	for i := w.fanRows; i > 0 && w.parent(i-1) == row; i-- {
		w.fanGone = append(w.fanGone, i-1)
	}
	w.fail(row, &wire.RowError{Code: "panic", Message: "the plugin panicked; its log has the stack"})
}

// failed turns an author's error into data. Its text must not quote the line, and authors are told so.
func (w *worker) failed(row int, err error) {
	if err == nil {
		return
	}
	if errors.Is(err, ErrSkip) {
		if len(w.drop) == 0 {
			w.drop = append(w.drop, make([]byte, (w.rows+7)/8)...)
		}
		w.drop[row>>3] |= 1 << (row & 7)
		return
	}
	e := &wire.RowError{Code: "error", Message: err.Error()}
	var retry *RetryError
	switch {
	case errors.Is(err, ErrPermanent):
		e.Disposition = wire.Disposition_DEAD_LETTER
	case errors.As(err, &retry):
		e.Disposition = wire.Disposition_RETRY
		e.RetryAfterMs = retry.milliseconds()
	}
	w.fail(row, e)
}

const maxErrorText = 512

func (w *worker) fail(row int, e *wire.RowError) {
	e.Row, e.Message = uint32(row), clip(e.Message)
	// The row's error replaces a note of a bad value: it says more.
	if n := len(w.errs); n > 0 && int(w.errs[n-1].Row) == row {
		w.errs[n-1] = e
		return
	}
	w.errs = append(w.errs, e)
}

// clip bounds the text of an error and makes it UTF-8, as protocol buffers refuse anything else.
func clip(s string) string {
	if len(s) > maxErrorText {
		end := maxErrorText
		for end > 0 && !utf8.RuneStart(s[end]) {
			end--
		}
		s = s[:end]
	}
	return strings.ToValidUTF8(s, "?")
}

func (w *worker) bad(e *Event, f ecs.Field, reason string) {
	w.badValues++
	row := e.source()
	if n := len(w.errs); n > 0 && int(w.errs[n-1].Row) == row {
		return
	}
	w.errs = append(w.errs, &wire.RowError{Row: uint32(row), Code: "bad_value", Field: f.Name(), Message: clip(f.Name() + ": " + reason)})
}

func (w *worker) read(f ecs.Field, row int) (*wire.Column, int) {
	if int(f) >= len(w.in) || w.in[f] == nil || row >= w.rows {
		return nil, -1
	}
	return w.in[f], w.cursors[f].At(w.in[f], row)
}

func (w *worker) received(row int) time.Time {
	c, k := w.read(ecs.EventIngested, row)
	if k < 0 {
		return time.Now()
	}
	if ns := c.Nanos(k); ns != w.lastNs {
		w.lastNs, w.lastTime = ns, time.Unix(0, ns)
	}
	return w.lastTime
}

func (w *worker) zone(row int) *time.Location {
	c, k := w.read(ecs.EventTimezone, row)
	if k < 0 {
		return time.UTC
	}
	name := c.Text(k, row, w.message)
	if w.lastZone != nil && bytes.Equal(name, w.zoneName) {
		return w.lastZone
	}
	z, ok := w.zones[view(name)]
	if !ok {
		var err error
		if z, err = time.LoadLocation(string(name)); err != nil {
			z = time.UTC
		}
		w.zones[string(name)] = z
	}
	w.zoneName, w.lastZone = append(w.zoneName[:0], name...), z
	return z
}

func (w *worker) detectBatch(d BatchDetector, b *wire.Batch) (err error) {
	defer func() {
		if p := recover(); p != nil {
			w.panics++
			fmt.Fprintf(os.Stderr, "panic: %v\n%s", p, debug.Stack())
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return d.DetectBatch(b, w.emit)
}

func (w *worker) tick(t Ticker, r *wire.TickRequest) *wire.Result {
	w.result = wire.Result{}
	defer func() {
		if p := recover(); p != nil {
			fmt.Fprintf(os.Stderr, "panic at a tick: %v\n%s", p, debug.Stack())
			w.result.Error = clip(fmt.Sprintf("panic: %v", p))
		}
	}()
	var err error
	if again, ok := t.(Resumer); ok && r.ResumedNs != 0 {
		err = again.Resumed(time.Unix(0, r.ResumedNs).UTC(), w.emit)
	}
	if err = errors.Join(err, t.Tick(time.Unix(0, r.WatermarkNs).UTC(), w.emit)); err != nil {
		w.result.Error = clip(err.Error())
	}
	w.reportRules(r.Report)
	return &w.result
}

// reportEvery is how often a host is told how rules fare, unless it asks.
const reportEvery = 5 * time.Second

// reportRules adds how the rules of a detector fare, if that is due or asked for. The stage's order is held.
func (w *worker) reportRules(asked bool) {
	r, ok := w.s.impl.(RuleReporter)
	if !ok || !asked && time.Since(w.s.reported) < reportEvery {
		return
	}
	w.s.reported = time.Now()
	w.result.Rules = r.RuleStats(w.result.Rules)
}

// finish gathers what the rows left in builders.
func (w *worker) finish() *wire.Result {
	r := &w.result
	w.undeclared += w.spread(&w.facts, w.out) + w.spread(&w.fanFacts, w.fanOut)
	for f, o := range w.out {
		if o != nil && o.Used() {
			r.Columns = append(r.Columns, o.Finish(w.s.toHost[f]))
		}
	}
	// Columns are gone through one after the other by maskers, and by enrichers that take whole batches.
	slices.SortStableFunc(w.errs, func(a, b *wire.RowError) int { return cmp.Compare(a.Row, b.Row) })
	r.Errors = append(r.Errors, w.errs...)
	r.Drop = w.drop
	if w.fanRows > len(w.fanGone) {
		r.Fanout = w.finishFan()
	}
	r.Counters = nil
	for _, c := range [...]struct {
		name string
		n    int64
	}{{"undeclared_fields", w.undeclared}, {"bad_values", w.badValues}, {"panics", w.panics}, {"fan_out_lost", w.lost}} {
		if c.n > 0 {
			if r.Counters == nil {
				r.Counters = map[string]int64{}
			}
			r.Counters[c.name] = c.n
		}
	}
	return r
}

// finishFan gathers the events beside the first of their lines.
func (w *worker) finishFan() *wire.FanOut {
	fan := &wire.FanOut{Rows: uint32(w.fanRows), Parents: w.fanParents}
	for f, o := range w.fanOut {
		if o != nil && o.Used() {
			fan.Columns = append(fan.Columns, o.Finish(w.s.toHost[f]))
		}
	}
	if len(w.fanGone) == 0 {
		return fan
	}
	slices.Sort(w.fanGone)
	var order []int32
	gone := w.fanGone
	kept := &wire.FanOut{}
	for row := range w.fanRows {
		if len(gone) > 0 && gone[0] == row {
			gone = gone[1:]
			continue
		}
		order = append(order, int32(row))
		kept.Parents = binary.LittleEndian.AppendUint32(kept.Parents, uint32(w.parent(row)))
	}
	kept.Rows = uint32(len(order))
	for _, c := range fan.Columns {
		if c = c.Gather(w.fanRows, order); c != nil {
			kept.Columns = append(kept.Columns, c)
		}
	}
	return kept
}
