package backtest

import (
	"context"
	"iter"
	"math"
	"time"

	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/wire"
)

// Bounds of a batch: as many events as live batches have at a high rate, over no more time than a quiet host lets pass
// without telling it, so that what ends with event time ends as it does there.
const (
	batchRows = 8192
	batchSpan = 10 * time.Second
	ahead     = 3 // batches that are made while others are looked at
)

// Source is the part of a store that a backtest reads.
type Source interface {
	Partitions(ctx context.Context) ([]store.Partition, error)
	Scan(ctx context.Context, s store.Scope, r store.ScanRequest) iter.Seq2[store.ScanBatch, error]
}

// piece is a batch of events in order.
type piece struct {
	batch       *wire.Batch
	first, last int64 // when events happened, as detectors see it: ns since 1970
	builders    []wire.Builder
}

// reader reads stored events in the order of their times, a day of receipt after the other.
type reader struct {
	store  Source
	scope  store.Scope
	sel    store.Selection
	fields []ecs.Field
	names  []string
	emit   func(*piece) error
	free   chan *piece
	open   []*tributary
	done   func(events int64) // of what was looked at
}

// tributary is the scan of one partition.
type tributary struct {
	next    func() (store.ScanBatch, error, bool)
	stop    func()
	b       *wire.Batch
	at      *wire.Column // times of b
	place   *wire.Column // positions of b
	row     int
	columns []*wire.Column // in the order of the reader's fields; nil where b has none
	cursors []wire.Cursor
	scanned int64
}

// days are the partitions that may have selected events, by day of receipt, oldest first.
func (r *reader) days(ctx context.Context) ([][]store.Partition, int64, error) {
	all, err := r.store.Partitions(ctx)
	if err != nil {
		return nil, 0, err
	}
	byDay := map[string][]store.Partition{}
	var order []string
	total := int64(0)
	for _, p := range all {
		if p.Events == 0 || p.To.Before(r.sel.From) || !p.From.Before(r.sel.To) {
			continue
		}
		if byDay[p.Day] == nil {
			order = append(order, p.Day)
		}
		byDay[p.Day] = append(byDay[p.Day], p)
		total += p.Events
	}
	sortDays(order)
	out := make([][]store.Partition, len(order))
	for i, day := range order {
		out[i] = byDay[day]
	}
	return out, total, nil
}

// day hands out the events of the partitions of one day.
func (r *reader) day(ctx context.Context, parts []store.Partition) error {
	defer func() {
		for _, t := range r.open {
			t.stop()
		}
		r.open = nil
	}()
	for _, p := range parts {
		t := &tributary{}
		t.next, t.stop = iter.Pull2(r.store.Scan(ctx, r.scope, store.ScanRequest{Selection: r.sel, Partition: p.ID, Fields: r.names, Settled: true}))
		r.open = append(r.open, t)
	}
	for {
		if err := r.refill(); err != nil || len(r.open) == 0 {
			return err
		}
		if err := r.piece(ctx); err != nil {
			return err
		}
	}
}

// refill gets the next batch of scans whose last one is used up, and forgets those that have no more.
func (r *reader) refill() error {
	kept := r.open[:0]
	for i, t := range r.open {
		for t.b == nil || t.row == int(t.b.Rows) {
			b, err, ok := t.next()
			if err != nil {
				r.open = append(kept, r.open[i:]...)
				return err
			}
			if !ok {
				t.stop()
				t.b = nil
				break
			}
			r.done(b.Done - t.scanned)
			t.scanned = b.Done
			t.use(b.Batch, r.fields)
		}
		if t.b != nil {
			kept = append(kept, t)
		}
	}
	r.open = kept
	return nil
}

func (t *tributary) use(b *wire.Batch, fields []ecs.Field) {
	t.b, t.row, t.at, t.place = b, 0, b.Column(uint32(ecs.Timestamp)), b.Column(uint32(ecs.LogcenterPosition))
	if t.columns == nil {
		t.columns, t.cursors = make([]*wire.Column, len(fields)), make([]wire.Cursor, len(fields))
	}
	clear(t.cursors)
	for i, f := range fields {
		t.columns[i] = b.Column(uint32(f))
	}
}

// time is when the next event happened. Every stored event has a time, and a position.
func (t *tributary) time() int64 { return t.at.Nanos(t.row) }

// moment is when an event happened, and, of several that happened then, which came in first.
type moment struct{ at, position int64 }

func (t *tributary) moment() moment { return moment{t.at.Nanos(t.row), t.place.Int(t.row)} }

func (m moment) before(o moment) bool { return m.at < o.at || m.at == o.at && m.position < o.position }

var never = moment{math.MaxInt64, math.MaxInt64}

// pick is an event of a piece.
type pick struct {
	from *tributary
	row  int
}

// piece makes the next batch. It ends where a scan is used up, since what that gave may be gone then.
func (r *reader) piece(ctx context.Context) error {
	picks := make([]pick, 0, batchRows)
	var end int64
	for len(picks) < batchRows {
		t, others := r.earliest()
		switch {
		case len(picks) == 0:
			end = t.time() + min(int64(batchSpan), math.MaxInt64-max(0, t.time()))
		case t.time() > end || t.b.Journal != picks[0].from.b.Journal || t.b.Partition != picks[0].from.b.Partition:
			return r.hand(ctx, picks)
		}
		for t.row < int(t.b.Rows) && len(picks) < batchRows && t.time() <= end && t.moment().before(others) {
			picks = append(picks, pick{t, t.row})
			t.row++
		}
		if t.row == int(t.b.Rows) {
			break
		}
	}
	return r.hand(ctx, picks)
}

// hand makes a batch of events and hands it on.
func (r *reader) hand(ctx context.Context, picks []pick) error {
	select {
	case p := <-r.free:
		p.build(picks, r.fields)
		return r.emit(p)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// earliest is the scan whose next event is the earliest, and when the next one of all others is.
func (r *reader) earliest() (t *tributary, others moment) {
	others = never
	var first moment
	for _, o := range r.open {
		switch m := o.moment(); {
		case t == nil:
			t, first = o, m
		case m.before(first):
			t, first, others = o, m, first
		case m.before(others):
			others = m
		}
	}
	return t, others
}

// build makes the batch of some events.
func (p *piece) build(picks []pick, fields []ecs.Field) {
	from := picks[0].from.b
	p.batch = &wire.Batch{Rows: uint32(len(picks)), Journal: from.Journal, Partition: from.Partition}
	if p.builders == nil {
		p.builders = make([]wire.Builder, len(fields))
	}
	for i, f := range fields {
		w := &p.builders[i]
		w.Reset(wireType(f), f.Info().List, len(picks), nil, nil)
		for row, e := range picks {
			if c := e.from.columns[i]; c != nil {
				if k := e.from.cursors[i].At(c, e.row); k >= 0 {
					put(w, row, c, k, f)
				}
			}
		}
		if w.Used() {
			p.batch.Columns = append(p.batch.Columns, w.Finish(uint32(f)))
		}
	}
	p.first, p.last = span(p.batch)
}
