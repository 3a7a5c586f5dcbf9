package pipeline_test

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/journal"
	"github.com/logcenter/logcenter/host/journal/disk"
	"github.com/logcenter/logcenter/host/pipeline"
	"github.com/logcenter/logcenter/host/plugin"
	"github.com/logcenter/logcenter/host/plugin/trial"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/wire"
)

// planned keeps the plan of a processor that of the registry's plugins, as a host does.
func planned(reg *plugin.Registry) *pipeline.Processor {
	p := pipeline.NewProcessor(pipeline.NewPlan(pipeline.Plan{}), nil)
	plan := func() <-chan struct{} {
		in := func(k wire.Kind) (out []pipeline.Stage) {
			for _, p := range reg.InService(k) {
				out = append(out, p)
			}
			return out
		}
		return p.SetPlan(pipeline.NewPlan(pipeline.Plan{
			Parsers: in(wire.Kind_PARSER), Enrichers: in(wire.Kind_ENRICHER), Maskers: in(wire.Kind_MASKER),
		}))
	}
	reg.OnChange(plan)
	plan()
	return p
}

// watched is an event journal that knows when it was appended to, and what the entries say of every raw row. Nothing of
// the events is kept, so that a long flow needs no room.
type watched struct {
	journal.Journal
	mu   sync.Mutex
	at   []time.Time
	seen map[int64]int // events by position
	bad  []string
	by   map[string]int // entries by what handled them
}

func (w *watched) Append(ctx context.Context, body []byte) (uint64, error) {
	e, err := pipeline.DecodeEntry(slices.Clone(body))
	if err != nil {
		return 0, err
	}
	rows := int(e.Batch.Rows)
	column := func(f ecs.Field) (texts map[string]int) {
		texts = map[string]int{}
		c, m := e.Batch.Column(uint32(f)), e.Batch.Column(uint32(ecs.Message))
		if c == nil {
			texts[""] = rows
			return texts
		}
		n := 0
		c.Each(rows, func(row, k int) { n++; texts[string(c.Text(k, row, m))]++ })
		if n < rows {
			texts[""] = rows - n
		}
		return texts
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	at := e.Batch.Column(uint32(ecs.LogcenterPosition))
	at.Each(rows, func(_, k int) { w.seen[at.Int(k)]++ })
	parsers, flags := column(ecs.LogcenterParser), column(ecs.LogcenterFlags)
	if len(parsers) != 1 || len(flags) != 1 {
		w.bad = append(w.bad, fmt.Sprintf("entry of %d rows by %v, flags %v", rows, parsers, flags))
	}
	if m := e.Batch.Column(uint32(ecs.Message)); strings.Contains(string(m.Data), "hunter2") {
		w.bad = append(w.bad, "a secret is not masked")
	}
	for p := range parsers {
		w.by[p]++
	}
	w.at = append(w.at, time.Now())
	return w.Journal.Append(ctx, body)
}

// gap is the longest time between two appends since from.
func (w *watched) gap(from time.Time) (longest time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	last := from
	for _, at := range w.at {
		if at.After(from) {
			longest, last = max(longest, at.Sub(last)), at
		}
	}
	return max(longest, time.Since(last))
}

const flowRate = 20e6 // bytes a second

// flow appends entries to a raw journal until stopped, at flowRate, and returns how many rows each has and how many
// there are.
func flow(ctx context.Context, t *testing.T, raw journal.Journal) (rows int, entries uint64, rate float64) {
	var lines []string
	for i := range 500 {
		lines = append(lines, fmt.Sprintf("p%d port=%d password=hunter2 %s", i%7, i, strings.Repeat("some more of a line ", 8)))
	}
	b := body(t, lines)
	begun := time.Now()
	for ctx.Err() == nil {
		if due := time.Duration(float64(entries) * float64(len(b)) / flowRate * 1e9); due > time.Since(begun) {
			select {
			case <-time.After(due - time.Since(begun)):
			case <-ctx.Done():
			}
			continue
		}
		if _, err := raw.Append(context.WithoutCancel(ctx), b); !assert.NoError(t, err) {
			break
		}
		entries++
	}
	return len(lines), entries, float64(entries) * float64(len(b)) / time.Since(begun).Seconds()
}

// longestPause bounds what tests accept on a machine that does other things, too; the figures are printed. On a quiet
// one, with LOGCENTER_LONG, it is what is promised.
func longestPause() time.Duration {
	if os.Getenv("LOGCENTER_LONG") != "" {
		return 50 * time.Millisecond
	}
	return 5 * time.Second
}

// While events flow, plugins are upgraded, reconfigured, disabled and enabled. Every event comes out once, each by one
// version, masked, and the flow does not stop.
func TestPluginsAreSwappedWhileEventsFlow(t *testing.T) {
	dir := t.TempDir()
	parser, enricher := []string{"trusted: true", "accepts: [{prefix: [p]}]"}, []string{"trusted: true"}
	trial.Folder(t, dir, "words", trial.Manifest("words", "parser", parser...), "parser")
	trial.Folder(t, dir, "names", trial.Manifest("names", "enricher", enricher...), "enricher")
	trial.Folder(t, dir, "hide", trial.Manifest("hide", "masker", "trusted: true"), "masker")
	next := t.TempDir()
	trial.Folder(t, next, "words", trial.Manifest("words", "parser", append(parser, "version: 2.0.0")...), "parser")
	trial.Folder(t, next, "names", trial.Manifest("names", "enricher", append(enricher, "version: 2.0.0", "writes: [user.name, user.domain]")...), "enricher")
	trial.Folder(t, next, "hide", trial.Manifest("hide", "masker", "version: 2.0.0"), "masker")
	reg, err := trial.Open(t, dir, plugin.Options{})
	require.NoError(t, err)
	require.NoError(t, reg.Start(t.Context()))

	raw, err := disk.Open(t.TempDir(), disk.Options{NoSync: true, MaxBytes: 1 << 30})
	require.NoError(t, err)
	kept, err := disk.Open(t.TempDir(), disk.Options{NoSync: true})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, raw.Close()); require.NoError(t, kept.Close()) })
	events := &watched{Journal: kept, seen: map[int64]int{}, by: map[string]int{}}
	processor := planned(reg)
	r, err := pipeline.NewRunner(processor, raw, events, plain{}, pipeline.RunnerOptions{ClockEvery: time.Hour})
	require.NoError(t, err)
	run, stop := context.WithCancel(t.Context())
	flowing, dry := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { assert.NoError(t, r.Run(run)) })
	var rows int
	var sent uint64
	var rate float64
	poured := make(chan struct{})
	wg.Go(func() {
		defer close(poured)
		rows, sent, rate = flow(flowing, t, raw)
	})

	swap := func(_ plugin.Swap, err error) error { return err }
	for _, op := range []struct {
		name string
		do   func() error
	}{
		{"nothing", func() error { return nil }},
		{"upgrade of the parser", func() error { return swap(reg.Upgrade(t.Context(), "words", next+"/words")) }},
		{"reconfiguring the parser", func() error {
			return swap(reg.Reconfigure(t.Context(), "words", plugin.Settings{Config: map[string]any{"every": 3}}))
		}},
		{"upgrade of the enricher", func() error { return swap(reg.Upgrade(t.Context(), "names", next+"/names")) }},
		{"upgrade of the masker", func() error { return swap(reg.Upgrade(t.Context(), "hide", next+"/hide")) }},
		{"reconfiguring the masker", func() error {
			return swap(reg.Reconfigure(t.Context(), "hide", plugin.Settings{Config: map[string]any{"secret": "hunter"}}))
		}},
		{"disabling the enricher", func() error { return reg.Disable("names") }},
		{"enabling the enricher", func() error { return reg.Enable(t.Context(), "names") }},
		{"upgrade back", func() error { return swap(reg.Upgrade(t.Context(), "words", dir+"/words")) }},
	} {
		begun := time.Now()
		require.NoError(t, op.do(), op.name)
		took := time.Since(begun)
		entries := func() int { events.mu.Lock(); defer events.mu.Unlock(); return len(events.at) }
		before := entries()
		require.Eventually(t, func() bool { return entries() > before+10 }, 2*time.Minute, time.Millisecond, op.name)
		gap := events.gap(begun)
		t.Logf("%-26s took %6v, longest time between two batches %v", op.name, took.Round(time.Millisecond), gap.Round(time.Millisecond/10))
		if op.name != "nothing" {
			assert.Less(t, gap, longestPause(), op.name)
		}
	}
	dry()
	<-poured
	require.Eventually(t, func() bool { return covers(t, kept) == sent }, 60*time.Second, 5*time.Millisecond)
	stop()
	wg.Wait()

	t.Logf("%.1f MB/s, %d events", rate/1e6, len(events.seen))
	assert.Empty(t, events.bad)
	assert.Len(t, events.seen, int(sent)*rows)
	for at, n := range events.seen {
		if n != 1 {
			t.Fatalf("event %d is there %d times", at, n)
		}
	}
	assert.Positive(t, cmp.Or(events.by["words 1.2.3"], -1))
	assert.Positive(t, cmp.Or(events.by["words 2.0.0"], -1))
	assert.Len(t, events.by, 2, "%v", events.by)
	assert.Zero(t, processor.Unparsed.Load())
	assert.Zero(t, processor.Withheld.Load())
}

// A masker that is out of service is swapped for one that works: batches that waited go on, masked.
func TestBatchesThatWaitGoOnWithTheMaskerThatReplacesIt(t *testing.T) {
	dir := t.TempDir()
	trial.Folder(t, dir, "hide", trial.Manifest("hide", "masker"), "exit")
	reg, err := trial.Open(t, dir, plugin.Options{})
	require.NoError(t, err)
	require.Error(t, reg.Start(t.Context()))
	processor := planned(reg)
	next := trial.Folder(t, t.TempDir(), "hide", trial.Manifest("hide", "masker", "version: 2.0.0"), "masker")
	var wg sync.WaitGroup
	wg.Go(func() {
		assert.Eventually(t, func() bool { return processor.WaitingForMasker.Load() == 1 }, time.Minute, time.Millisecond)
		_, err := reg.Upgrade(t.Context(), "hide", next)
		assert.NoError(t, err)
	})
	all, _ := finish(t, processor, records([]string{"a hunter2"}, nil))
	wg.Wait()
	assert.Equal(t, "a ***", all[0]["message"])
	assert.Zero(t, processor.WaitingForMasker.Load())
}
