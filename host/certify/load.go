package certify

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/logcenter/logcenter/host/plugin"
	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/sample"
	"github.com/logcenter/logcenter/sdk/wire"
)

// How much is measured, and how many lines are sent in search of leaks.
const (
	measured      = 2 * time.Second // of processor time
	measuredQuick = 500 * time.Millisecond
	leakLines     = 1_000_000
	leakLinesFew  = 100_000
	// grown is what a process may have grown by, for all lines: caches, and what a collector has not yet come to.
	grown      = 16 << 20
	grownFiles = 2
	grownTasks = 4
)

// feed sends a sample again and again, in batches as the host makes them.
type feed struct {
	p      *plugin.Single
	b      *wire.Batch
	lines  int
	bytes  int
	offset uint64
	// allocated counts the objects that answers tell of, if they do.
	allocated int64
	told      bool
}

func (t *tester) feed(p *plugin.Single) (*feed, error) { return feedOf(p, sample.Usual(t.files)) }

func feedOf(p *plugin.Single, f *sample.File) (*feed, error) {
	f = f.Repeat(batchBytes)
	b, err := f.Batch(0, len(f.Lines))
	if err != nil {
		return nil, err
	}
	return &feed{p: p, b: b, lines: len(f.Lines), bytes: f.Bytes()}, nil
}

func (d *feed) send(ctx context.Context) error {
	d.offset++
	r, err := d.p.Process(ctx, &wire.Batch{Seq: d.offset, Rows: d.b.Rows, Columns: d.b.Columns, Offset: d.offset})
	if err == nil {
		n, told := r.Counters[sdk.AllocationsCounter]
		d.allocated, d.told = d.allocated+n, told
		r.Release()
	}
	return err
}

// speed measures the processor time of the plugin's process.
func (t *tester) speed(ctx context.Context, c *check) {
	profile, err := os.Create(filepath.Join(t.work, "profile"))
	if err != nil {
		c.fault("%v", err)
		return
	}
	defer func() { _ = profile.Close() }() // it was only read
	setup, err := sample.Usual(t.files).Setup()
	if err != nil {
		c.fault("%v", err)
		return
	}
	p, err := t.profiled(ctx, setup, profile)
	if err != nil {
		c.fault("%v", err)
		return
	}
	allocated := t.measure(ctx, c, p)
	if err := p.Close(); err != nil {
		c.fault("%v", err)
	}
	if len(c.faults) > 0 {
		return
	}
	if allocated >= 0 {
		c.note("%.1f allocations a line", allocated)
	}
	if share, ok := shareOf(profile, "regexp"); ok {
		c.note("regexp takes %.0f%% of it, %.2f ms a MB", 100*share, share*t.cert.MsPerMB)
	}
}

// measure sends batches for a while. It returns what was allocated a line, -1 if the plugin's SDK does not tell.
func (t *tester) measure(ctx context.Context, c *check, p *plugin.Single) (allocated float64) {
	enough := measured
	if t.o.Quick {
		enough = measuredQuick
	}
	d, err := t.feed(p)
	if err == nil {
		err = d.send(ctx) // buffers grow, caches fill
	}
	if err != nil {
		c.fault("%v", err)
		return -1
	}
	d.allocated = 0
	begin, spent, sent := p.CPU(), time.Duration(0), 0
	for spent < enough && sent*d.bytes < 1<<30 {
		if err := d.send(ctx); err != nil {
			c.fault("%v", err)
			return -1
		}
		sent++
		spent = p.CPU() - begin
		t.tell("speed", int(min(spent, enough)/time.Millisecond), int(enough/time.Millisecond))
	}
	t.cert.MsPerMB = float64(spent.Microseconds()) / 1e3 / (float64(sent*d.bytes) / 1e6)
	t.cert.NsPerLine = float64(spent.Nanoseconds()) / float64(sent*d.lines)
	c.note("%.2f ms of CPU a MB (%.0f MB/s of a core), %.0f ns a line on %s, batches of %d lines", t.cert.MsPerMB, 1e3/t.cert.MsPerMB, t.cert.NsPerLine, t.path(sample.Usual(t.files).Path), d.lines)
	if !d.told {
		return -1
	}
	return float64(d.allocated) / float64(sent*d.lines)
}

// leak sends many lines and looks at what the process has grown by.
func (t *tester) leak(ctx context.Context, c *check) {
	setup, err := sample.Usual(t.files).Setup()
	if err != nil {
		c.fault("%v", err)
		return
	}
	total := leakLines
	if t.o.Quick {
		total = leakLinesFew
	}
	t.with(ctx, c, setup, func(p *plugin.Single) {
		d, err := t.feed(p)
		if err != nil {
			c.fault("%v", err)
			return
		}
		var memory []int64
		var before, after held
		rounds := max(10, (total+d.lines-1)/d.lines)
		for i := range rounds {
			if err := d.send(ctx); err != nil {
				c.fault("%v", err)
				return
			}
			after = holdings(p.PID())
			memory = append(memory, after.memory)
			if i == rounds/5 {
				before = after
			}
			t.tell("leak", i*d.lines, rounds*d.lines)
		}
		sent := rounds * d.lines
		t.compare(c, before, after, memory, sent)
		c.note("after %d lines %d files (%d sockets), %d threads, %d MB of memory", sent, after.files, after.sockets, after.tasks, after.memory>>20)
	})
}

// compare looks at what a process held after a fifth of the lines and at the end. Of memory, which a collector lets go
// up and down, the least of the second fifth and the least of the last one count.
func (t *tester) compare(c *check, before, after held, memory []int64, lines int) {
	grew(c, before, after, fmt.Sprintf("a fifth of %d lines", lines), "a line")
	fifth := max(1, len(memory)/5)
	from, to := slices.Min(memory[fifth:2*fifth]), slices.Min(memory[len(memory)-fifth:])
	if n := to - from; n > grown {
		c.fault("memory grew by %d MB over %d lines, %d bytes a line: bound what is kept", n>>20, lines*3/5, int(n)/max(1, lines*3/5))
	}
}

// grew complains of files and threads that came since.
func grew(c *check, before, after held, since, each string) {
	if n := after.files - before.files; n > grownFiles {
		c.fault("%d files or sockets more are open than after %s: close what %s opens", n, since, each)
	}
	if n := after.tasks - before.tasks; n > grownTasks {
		c.fault("%d threads more than after %s", n, since)
	}
}
