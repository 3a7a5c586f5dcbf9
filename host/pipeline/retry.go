package pipeline

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/logcenter/logcenter/host/plugin"
	"github.com/logcenter/logcenter/sdk/wire"
)

// How long a batch has patience with an enricher that asks for another try of some events. The events behind
// them in the journal wait as well, so it is short.
const (
	enrichRetries  = 3
	enrichPatience = 2 * time.Second       // from the first answer to the last try's begin
	enrichWait     = 10 * time.Millisecond // at least, before each try
)

// retrier is a stage that counts what was sent to it again, and what of it was given up.
type retrier interface{ Retried(again, givenUp int) }

// wanting takes out of a result the errors of rows that ask for another try.
func wanting(r *wire.Result) (asked []*wire.RowError) {
	r.Errors = slices.DeleteFunc(r.Errors, func(e *wire.RowError) bool {
		if e.Disposition != wire.Disposition_RETRY {
			return false
		}
		if n := len(asked); n == 0 || asked[n-1].Row != e.Row { // a row may say so twice
			asked = append(asked, e)
		}
		return true
	})
	return asked
}

// again sends the rows that ask for it to an enricher again, and only those, while patience lasts; then they go
// on unenriched. b is what the enricher was sent, asked are rows of b.
func (w *work) again(ctx context.Context, stage Stage, b *wire.Batch, asked []*wire.RowError) error {
	m := stage.Manifest()
	until := time.Now().Add(enrichPatience)
	for try := 1; len(asked) > 0; try++ {
		wait, givenUp := enrichWait, []*wire.RowError(nil)
		asked = slices.DeleteFunc(asked, func(e *wire.RowError) bool {
			after := max(enrichWait, time.Duration(e.RetryAfterMs)*time.Millisecond)
			if try > enrichRetries || after > time.Until(until) {
				givenUp = append(givenUp, e)
				return true
			}
			wait = max(wait, after)
			return false
		})
		if c, ok := stage.(retrier); ok {
			c.Retried(len(asked), len(givenUp))
		}
		w.outcome(0, &wire.Result{Errors: givenUp}, m, "enricher")
		if len(asked) == 0 {
			return nil
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return ctx.Err()
		}
		rows := make([]int32, len(asked))
		for i, e := range asked {
			rows[i] = int32(e.Row)
		}
		a, stage, err := w.ask(ctx, stage, func(*plugin.Manifest) *wire.Batch { return w.pick(b, rows) }, &w.r.WaitingForEnricher)
		if errors.Is(err, plugin.ErrUnavailable) {
			if c, ok := stage.(retrier); ok {
				c.Retried(0, len(asked))
			}
			w.outcome(0, &wire.Result{Errors: asked}, m, "enricher")
			return nil
		}
		if err != nil {
			return err
		}
		w.answers = append(w.answers, a)
		asked = nil
		for _, p := range a.Parts {
			if p.Reply == nil {
				w.poisoned(int(rows[p.From]), m)
				continue
			}
			r := p.Reply.Result
			spread(r, rows[p.From:p.To], w.rows)
			asked = append(asked, wanting(r)...)
			w.outcome(0, r, m, "enricher")
			w.merge(answered{[]answeredPart{{w.rows, r}}})
		}
	}
	return nil
}

// poisoned books an event that an enricher does not survive.
func (w *work) poisoned(row int, m *plugin.Manifest) {
	w.r.Unenriched.Add(1)
	w.flags = append(w.flags, flag{row, "unenriched"})
	w.failed = append(w.failed, failure{row: row, message: "the enricher does not survive this event", kind: "enricher", m: m, letter: poison})
	w.keep(row, m, poison)
}

// pick is some rows of a batch as a batch of its own.
func (w *work) pick(b *wire.Batch, rows []int32) *wire.Batch {
	w.seq++
	o := &wire.Batch{Seq: w.seq, Rows: uint32(len(rows)), Partition: b.Partition, Offset: b.Offset}
	for _, c := range b.Columns {
		if g := c.Gather(int(b.Rows), rows); g != nil {
			o.Columns = append(o.Columns, g)
		}
	}
	return o
}

// spread makes the result of some rows one of the whole batch: what it says of its i-th row is said of rows[i],
// which ascend. Spans count from their row's first byte and stay what they are.
func spread(r *wire.Result, rows []int32, all int) {
	for i, c := range r.Columns {
		present := make([]byte, (all+7)/8)
		for k, row := range rows {
			if c.Has(k) {
				present[row>>3] |= 1 << (row & 7)
			}
		}
		r.Columns[i] = &wire.Column{
			Field: c.Field, Name: c.Name, Type: c.Type, Encoding: c.Encoding, Count: c.Count, Present: present, Values: c.Values,
			Data: c.Data, Width: c.Width, Separator: c.Separator, Lists: c.Lists, Origin: c.Origin, Dict: c.Dict,
		}
	}
	for _, e := range r.Errors {
		e.Row = uint32(rows[e.Row])
	}
	if len(r.Drop) > 0 {
		drop := make([]byte, (all+7)/8)
		for k, row := range rows {
			if r.Drop[k>>3]&(1<<(k&7)) != 0 {
				drop[row>>3] |= 1 << (row & 7)
			}
		}
		r.Drop = drop
	}
	r.Rows = uint32(all)
}
