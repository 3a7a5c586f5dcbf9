package sdk

import (
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"slices"

	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/wire"
)

// mask runs a masker over the lines and over every value that is not part of its line.
func (w *worker) mask(m Masker, b *wire.Batch) {
	clear(w.edits.out)
	if c, ok := m.(Chooser); ok && !w.choose(c, b) {
		return
	}
	if w.message != nil {
		w.maskLines(m)
	}
	for i, c := range b.Columns {
		if c != w.message && c.Type == wire.Type_STRING && c.Encoding == wire.Encoding_PLAIN && len(c.Lists) == 0 {
			w.edits.field, w.edits.host = ecs.Field(c.Field), w.hosts[i]
			clear(w.edits.index)
			c.Each(w.rows, func(row, k int) { w.maskOne(m, row, c.Bytes(k)) })
		}
	}
	for _, e := range w.edits.out {
		w.result.Edits = append(w.result.Edits, e)
	}
}

// choose has the masker say how each row is to be masked. It is false if that failed: then all rows have.
func (w *worker) choose(c Chooser, b *wire.Batch) (ok bool) {
	defer func() {
		if r := recover(); r != nil {
			w.panics++
			fmt.Fprintf(os.Stderr, "panic at choosing how to mask: %v\n%s", r, debug.Stack())
			for row := range w.rows {
				w.errs = append(w.errs, &wire.RowError{Row: uint32(row), Code: "mask", Message: "panic"})
			}
			ok = false
		}
	}()
	w.edits.choices = slices.Grow(w.edits.choices[:0], w.rows)[:w.rows]
	clear(w.edits.choices)
	c.Choose(b, w.edits.choices)
	return true
}

func (w *worker) maskLines(m Masker) {
	w.edits.field, w.edits.host = ecs.Message, w.s.toHost[ecs.Message]
	clear(w.edits.index)
	c := w.message
	base := c.Offset(0)
	if p, ok := m.(Prefilter); !ok || !w.prefilter(p, c.Data[base:c.Offset(w.rows)]) {
		for row := range w.rows {
			w.enter(row)
			w.maskOne(m, row, w.ev.line)
		}
		return
	}
	row := 0
	for i := 0; i < len(w.hits); {
		at := base + w.hits[i]
		row += seek(c, row, w.rows, at)
		if row >= w.rows {
			break
		}
		w.enter(row)
		w.maskOne(m, row, w.ev.line)
		next := c.Offset(row + 1)
		for i < len(w.hits) && base+w.hits[i] < next {
			i++
		}
		row++
	}
}

// prefilter sets hits. It is false if these cannot be relied on, so that every line has to be read: a secret that is
// passed over is stored.
func (w *worker) prefilter(p Prefilter, arena []byte) (ok bool) {
	defer func() {
		if r := recover(); r != nil {
			w.panics++
			fmt.Fprintf(os.Stderr, "panic at a prefilter, every line is read now: %v\n%s", r, debug.Stack())
			ok = false
		}
	}()
	w.hits = p.Prefilter(arena[:len(arena):len(arena)], w.hits[:0])
	return slices.IsSorted(w.hits)
}

// seek is how many rows behind row the one holding arena position at is, by galloping.
func seek(c *wire.Column, row, rows, at int) int {
	lo, step := row, 8
	for lo+step < rows && c.Offset(lo+step) <= at {
		lo += step
		step *= 2
	}
	hi := min(lo+step, rows)
	for hi-lo > 1 {
		mid := (lo + hi) / 2
		if c.Offset(mid) <= at {
			lo = mid
		} else {
			hi = mid
		}
	}
	return lo - row
}

func (w *worker) maskOne(m Masker, row int, text []byte) {
	e := &w.edits
	e.text, e.bad, e.row = text, false, row
	err := func() (err error) {
		defer func() {
			if p := recover(); p != nil {
				w.panics++
				fmt.Fprintf(os.Stderr, "panic at masking: %v\n%s", p, debug.Stack())
				err = errors.New("panic")
			}
		}()
		return m.Mask(text, e)
	}()
	if err == nil && e.bad {
		err = errors.New("an edit reaches outside the text")
	}
	if err != nil {
		e.list = e.list[:0]
		w.errs = append(w.errs, &wire.RowError{Row: uint32(row), Code: "mask", Message: clip(err.Error())})
		return
	}
	e.flush(row)
}
