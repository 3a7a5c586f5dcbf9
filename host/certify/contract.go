package certify

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"time"

	"github.com/logcenter/logcenter/host/plugin"
	"github.com/logcenter/logcenter/sdk/sample"
	"github.com/logcenter/logcenter/sdk/wire"
)

// batchBytes is about the size of the batches that the host makes.
const batchBytes = 768 << 10

// callers is how many calls are made at once where that may matter.
const callers = 4

// same checks that the answer to a sample depends on nothing but the sample: not on what came before, on calls at the
// same time, or on the process.
func (t *tester) same(ctx context.Context, c *check) {
	f := sample.Usual(t.files)
	setup, err := f.Setup()
	if err != nil {
		c.fault("%v", err)
		return
	}
	var first [][]byte
	t.with(ctx, c, setup, func(p *plugin.Single) {
		if first, _, err = answers(ctx, p, t.m.Kind, f); err != nil {
			c.fault("%v", err)
			return
		}
		if t.m.Kind == wire.Kind_DETECTOR { // it remembers what it has seen, and sees one batch at a time
			return
		}
		again, _, err := answers(ctx, p, t.m.Kind, f)
		if err != nil {
			c.fault("%v", err)
		} else if n := differs(first, again); n > 0 {
			c.fault("%s:%d: the same lines, sent again, give another answer", t.path(f.Path), n)
		}
		t.together(ctx, c, p, f, first)
	})
	if len(c.faults) > 0 {
		return
	}
	t.with(ctx, c, setup, func(p *plugin.Single) {
		other, _, err := answers(ctx, p, t.m.Kind, f)
		if err != nil {
			c.fault("%v", err)
		} else if n := differs(first, other); n > 0 {
			c.fault("%s:%d: another process gives another answer", t.path(f.Path), n)
		}
	})
	c.note("two processes answer the same")
	if t.m.Kind != wire.Kind_DETECTOR {
		c.note("so do %d calls at once", callers)
	}
}

// together compares the answers of calls that run side by side.
func (t *tester) together(ctx context.Context, c *check, p *plugin.Single, f *sample.File, want [][]byte) {
	var mu sync.Mutex
	var wg sync.WaitGroup
	for range callers {
		wg.Go(func() {
			for range 4 {
				got, _, err := answers(ctx, p, t.m.Kind, f)
				mu.Lock()
				if err != nil {
					c.fault("calls at the same time: %v", err)
				} else if n := differs(want, got); n > 0 {
					c.fault("%s:%d: calls at the same time give another answer than one alone", t.path(f.Path), n)
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
}

// oversized is a line longer than any input lets through; tooLarge is a message that no peer may take.
const (
	oversized = 2 << 20
	tooLarge  = wire.MaxMessageBytes + 1<<20
)

// contract checks what every plugin owes the host, whatever it does.
func (t *tester) contract(ctx context.Context, c *check) {
	t.with(ctx, c, t.setup, func(p *plugin.Single) {
		if err := p.OpenAgain(ctx); err == nil {
			c.fault("it lets itself be opened twice")
		}
		t.badBatches(ctx, c, p)
		t.oddBatches(ctx, c, p)
		t.deadline(ctx, c, p)
		if err := p.Failure(); err != nil {
			c.fault("afterwards the process was of no more use: %v", err)
		}
	})
	c.note("bad and oversized batches are refused")
	c.note("odd ones, a cancelled call and a tight deadline are survived")
}

// badBatches sends what no host would send.
func (t *tester) badBatches(ctx context.Context, c *check, p *plugin.Single) {
	lines := [][]byte{[]byte("a line"), []byte("另一行")}
	for _, bad := range []struct {
		name  string
		spoil func(*wire.Batch)
	}{
		{"more rows than lines", func(b *wire.Batch) { b.Rows++ }},
		{"offsets outside the lines", func(b *wire.Batch) { b.Columns[0].Values[4] = 0xff }},
		{"no offsets", func(b *wire.Batch) { b.Columns[0].Values = nil }},
		{"lines cut short", func(b *wire.Batch) { b.Columns[0].Data = b.Columns[0].Data[:3] }},
		{"a column cut short", func(b *wire.Batch) { b.Columns[1].Values = b.Columns[1].Values[:7] }},
		{"a column of another type", func(b *wire.Batch) { b.Columns[1].Type = wire.Type_IP }},
		{"a presence bitmap that is too long", func(b *wire.Batch) { b.Columns[1].Present = []byte{3, 3} }},
		{"two million rows", func(b *wire.Batch) { b.Rows = 2 << 20 }},
	} {
		b := sample.Lines(lines)
		bad.spoil(b)
		if _, err := p.Call(ctx, b); err == nil {
			c.fault("a bad batch was taken: %s", bad.name)
		}
		if err := p.Failure(); err != nil {
			c.fault("a bad batch (%s) ended the process: %v", bad.name, err)
			return
		}
	}
	big := sample.Lines([][]byte{bytes.Repeat([]byte("a"), tooLarge)})
	if _, err := p.Call(ctx, big); err == nil {
		c.fault("a message of %d MiB was taken, over the limit of %d", tooLarge>>20, wire.MaxMessageBytes>>20)
	}
	if err := p.Failure(); err != nil {
		c.fault("an oversized message ended the process: %v", err)
	}
}

// oddBatches sends what a host may send, if rarely.
func (t *tester) oddBatches(ctx context.Context, c *check, p *plugin.Single) {
	for _, odd := range []struct {
		name  string
		lines [][]byte
	}{
		{"no lines", nil},
		{"empty lines", [][]byte{{}, {}, {}}},
		{"control characters", [][]byte{[]byte("\x00\x00\x00"), []byte("\r"), []byte("\u202e\u0000\u0301"), []byte("\uFFFD")}},
		{"a line of 2 MiB", [][]byte{bytes.Repeat([]byte("a"), oversized)}},
		{"a line of 2 MiB of separators", [][]byte{bytes.Repeat([]byte("=;:'\"[% "), oversized/8)}},
		{"a line of 2 MiB in Chinese", [][]byte{bytes.Repeat([]byte("密"), oversized/3)}},
	} {
		b := sample.Lines(odd.lines)
		r, err := p.Process(ctx, b)
		if err != nil {
			c.fault("%s: %v", odd.name, err)
			return
		}
		if n := r.Counters["panics"]; n > 0 {
			c.fault("%s: the plugin panicked %d times", odd.name, n)
		}
		r.Release()
	}
}

// deadline checks that a batch of the usual size is answered in time, that a call can be cancelled, and that the
// process goes on when there was hardly any time.
func (t *tester) deadline(ctx context.Context, c *check, p *plugin.Single) {
	big := sample.Usual(t.files).Repeat(batchBytes)
	b, err := big.Batch(0, len(big.Lines))
	if err != nil {
		c.fault("%v", err)
		return
	}
	begin := time.Now()
	r, err := p.Process(ctx, b)
	if err != nil {
		c.fault("a batch of %d lines: %v", len(big.Lines), err)
		return
	}
	r.Release()
	c.note("%d lines answered in %d ms", len(big.Lines), time.Since(begin).Milliseconds())
	for range 3 {
		short, cancel := context.WithTimeout(ctx, 2*time.Millisecond)
		if r, err := p.Process(short, b); err == nil {
			r.Release()
		} else if !errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
			c.fault("a call that was cancelled: %v", err)
		}
		cancel()
	}
	hasty := &wire.Batch{Rows: b.Rows, Columns: b.Columns, BudgetNs: 1}
	if _, err := p.Call(ctx, hasty); err != nil && p.Failure() != nil {
		c.fault("a batch with hardly any time ended the process: %v", err)
	}
	one, err := sample.Usual(t.files).Batch(0, 1)
	if err != nil {
		c.fault("%v", err)
		return
	}
	if r, err = p.Process(ctx, one); err != nil {
		c.fault("the call after a cancelled one: %v", err)
		return
	}
	if r.Rows != one.Rows {
		c.fault("the call after a cancelled one was answered for %d rows, not %d", r.Rows, one.Rows)
	}
	r.Release()
}
