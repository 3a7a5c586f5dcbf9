package alert_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/alert"
	"github.com/logcenter/logcenter/host/journal"
	"github.com/logcenter/logcenter/host/journal/disk"
	"github.com/logcenter/logcenter/host/pipeline"
	"github.com/logcenter/logcenter/host/plugin"
	"github.com/logcenter/logcenter/host/plugin/trial"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/wire"
)

var begin = time.Date(2026, 10, 11, 4, 0, 0, 0, time.UTC)

// timed is a line, when its device says it was, and when it came, in seconds behind begin.
type timed struct {
	line         string
	at, received int
}

// timedBatch is a raw batch whose lines carry both times.
func timedBatch(lines []timed, from time.Time) *wire.Batch {
	var texts []string
	var at, received wire.Builder
	at.Reset(wire.Type_TIMESTAMP, false, len(lines), nil, nil)
	received.Reset(wire.Type_TIMESTAMP, false, len(lines), nil, nil)
	for row, l := range lines {
		texts = append(texts, l.line)
		at.Nanos(row, from.Add(time.Duration(l.at)*time.Second).UnixNano())
		received.Nanos(row, from.Add(time.Duration(l.received)*time.Second).UnixNano())
	}
	b := batch(texts)
	for f, o := range map[ecs.Field]*wire.Builder{ecs.Timestamp: &at, ecs.EventIngested: &received} {
		c := o.Finish(uint32(f))
		c.Name = f.Name()
		b.Columns = append(b.Columns, c)
	}
	return b
}

// timedEvents is an event journal with an entry for each run of lines.
func timedEvents(t *testing.T, entries ...[]timed) journal.Journal {
	j, err := disk.Open(t.TempDir(), disk.Options{NoSync: true})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, j.Close()) })
	p := pipeline.NewProcessor(pipeline.NewPlan(pipeline.Plan{}), nil)
	for i, lines := range entries {
		raw := pipeline.RawOf("j", uint64(i+1), timedBatch(lines, begin))
		f, err := p.Process(t.Context(), raw)
		require.NoError(t, err)
		body, err := pipeline.AppendEntry(nil, raw, f)
		require.NoError(t, err)
		f.Release()
		_, err = j.Append(t.Context(), body)
		require.NoError(t, err)
	}
	return j
}

func startTimed(t *testing.T) (*plugin.Registry, *plugin.Plugin) {
	return trial.Start(t, plugin.Options{}, "counter", "detector", "trusted: true", "reads: [message, '@timestamp']")
}

func TestWindowsCloseAsEventTimeMovesOn(t *testing.T) {
	const year = 365 * 24 * 3600
	j := timedEvents(t,
		[]timed{{"open a", 0, 1}},
		[]timed{{"x", 30, 31}, {"x", 5, 32}},
		[]timed{{"x", year, 69}},                   // a device from the future is as new as its receipt
		[]timed{{"open b", 60, 70}, {"x", 70, 70}}, // ten seconds and the minute for late ones: now
		[]timed{{"x", -year, 500}},                 // an old event does not turn time back, nor does its receipt move it
		[]timed{{"x", 129, 501}},                   // not yet
		[]timed{{"x", 130, 502}, {"x", 0, 1}},      // now
	)
	reg, _ := startTimed(t)
	r := newRunner(t, reg, j, alert.Options{Dir: t.TempDir()})
	var closed []string
	feed(t.Context(), t, r, j, 1, func(offset uint64) {
		for _, a := range r.all()[len(closed):] {
			closed = append(closed, fmt.Sprintf("%s behind entry %d: %s", a.Name, offset, a.Keys["n"]))
		}
	})
	assert.Equal(t, []string{
		"a behind entry 4: 2026-10-11T04:00:10Z",
		"b behind entry 7: 2026-10-11T04:01:10Z",
	}, closed)
}

// opened is a long journal of windows and of events whose clocks are off.
func opened(t *testing.T) journal.Journal {
	rnd := rand.New(rand.NewPCG(3, 4))
	var entries [][]timed
	for i := range 300 {
		var lines []timed
		for row := range rnd.IntN(4) {
			now := 5 * i
			l := timed{fmt.Sprintf("w%d", rnd.IntN(5)), now - rnd.IntN(200), now}
			if rnd.IntN(3) == 0 {
				l.line = fmt.Sprintf("open %d.%d", i, row)
			}
			if rnd.IntN(10) == 0 {
				l.at = now + rnd.IntN(10000)
			}
			lines = append(lines, l)
		}
		entries = append(entries, lines)
	}
	return timedEvents(t, entries...)
}

// closedWindows counts the alerts that a tick raised: they name its watermark.
func closedWindows(all []string) (n int) {
	for _, id := range all {
		if strings.Contains(id, "2026-") {
			n++
		}
	}
	return n
}

func TestTicksAreTheSameInAReplay(t *testing.T) {
	j := opened(t)
	reg, _ := startTimed(t)
	r := newRunner(t, reg, j, alert.Options{Dir: t.TempDir()})
	feed(t.Context(), t, r, j, 1, nothing)
	want := ids(r)
	require.Greater(t, closedWindows(want), 50)

	for name, every := range map[string]time.Duration{"snapshots all the time": time.Nanosecond, "now and then": 20 * time.Millisecond, "none": time.Hour} {
		t.Run("killed, "+name, func(t *testing.T) {
			reg, p := startTimed(t)
			r := newRunner(t, reg, j, alert.Options{Dir: t.TempDir(), SnapshotEvery: every})
			rnd := rand.New(rand.NewPCG(1, 2))
			killer := make(chan struct{}, 1)
			var wg sync.WaitGroup
			wg.Go(func() {
				for range killer {
					if pid := p.PID(); pid != 0 {
						_ = syscall.Kill(pid, syscall.SIGKILL) // may be gone
					}
				}
			})
			feed(t.Context(), t, r, j, 1, func(uint64) {
				if rnd.IntN(30) == 0 {
					killer <- struct{}{}
				}
			})
			close(killer)
			wg.Wait()
			assert.Positive(t, p.Restarts.Load())
			assert.Equal(t, want, ids(r))
		})
	}
	t.Run("host restarts", func(t *testing.T) {
		var got []string
		dir := t.TempDir()
		for from, run := uint64(1), uint64(0); from <= j.Last(); run++ {
			reg, _ := startTimed(t)
			r := newRunner(t, reg, j, alert.Options{Dir: dir, SnapshotEvery: time.Nanosecond})
			ctx, cancel := context.WithCancel(t.Context())
			feed(ctx, t, r, j, from, func(at uint64) {
				if at == from+41*(run+1) {
					cancel()
				}
			})
			got = ids(r)
			if ctx.Err() == nil {
				from = j.Last() + 1
			} else {
				require.NoError(t, r.Save(context.WithoutCancel(ctx)))
				from = r.Durable() + 1
			}
			cancel()
		}
		assert.Equal(t, want, got)
	})
}

type plain struct{}

func (plain) Commit(c journal.Consumer, offset uint64) error { return c.Commit(offset) }

// Windows of a host to which nothing comes any more close as well, and they do so at the same moment when the
// journal is read again.
func TestWindowsOfASilentHostClose(t *testing.T) {
	raw, err := disk.Open(t.TempDir(), disk.Options{NoSync: true})
	require.NoError(t, err)
	events, err := disk.Open(t.TempDir(), disk.Options{NoSync: true})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, raw.Close()); require.NoError(t, events.Close()) })
	moves, err := pipeline.NewRunner(pipeline.NewProcessor(pipeline.NewPlan(pipeline.Plan{}), nil), raw, events, plain{}, pipeline.RunnerOptions{ClockEvery: 5 * time.Millisecond})
	require.NoError(t, err)
	body, err := timedBatch([]timed{{"open a", -300, 0}}, time.Now()).MarshalVT()
	require.NoError(t, err)
	_, err = raw.Append(t.Context(), body)
	require.NoError(t, err)

	reg, _ := startTimed(t)
	dir := t.TempDir()
	r := newRunner(t, reg, events, alert.Options{Dir: dir})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	f := &pipeline.Feed{Group: "alert", Journal: events, Durable: r.Durable, Handle: r.Handle, OnError: func(err error) { t.Error(err) }}
	var wg sync.WaitGroup
	wg.Go(func() { assert.NoError(t, moves.Run(ctx)) })
	wg.Go(func() { assert.NoError(t, f.Run(ctx)) })
	require.Eventually(t, func() bool { return len(r.all()) == 1 }, time.Minute, time.Millisecond)
	last := events.Last()
	require.Eventually(t, func() bool { return events.Last() > last+3 }, time.Minute, time.Millisecond, "time goes on")
	cancel()
	wg.Wait()
	assert.EqualValues(t, 1, raw.Last())

	again, _ := startTimed(t)
	replay := newRunner(t, again, events, alert.Options{Dir: t.TempDir()})
	feed(t.Context(), t, replay, events, 1, nothing)
	assert.Equal(t, ids(r), ids(replay))

	// Work goes on where it was: the time is no raw entry.
	next, err := pipeline.NewRunner(pipeline.NewProcessor(pipeline.NewPlan(pipeline.Plan{}), nil), raw, events, plain{}, pipeline.RunnerOptions{})
	require.NoError(t, err)
	_, err = raw.Append(t.Context(), body)
	require.NoError(t, err)
	ctx, cancel = context.WithCancel(t.Context())
	defer cancel()
	wg.Go(func() { assert.NoError(t, next.Run(ctx)) })
	last = events.Last()
	require.Eventually(t, func() bool { return events.Last() == last+1 }, time.Minute, time.Millisecond)
	e, err := events.Read(events.Last())
	require.NoError(t, err)
	entry, err := pipeline.DecodeEntry(e.Body)
	require.NoError(t, err)
	assert.EqualValues(t, 2, entry.From)
	assert.EqualValues(t, 1, entry.Batch.Rows)
	cancel()
	wg.Wait()
}

// trimmed is a journal whose first entries are gone.
type trimmed struct {
	journal.Journal
	upTo uint64
}

func (j *trimmed) Read(at uint64) (journal.Entry, error) {
	if at <= j.upTo {
		return journal.Entry{}, journal.ErrTrimmed
	}
	return j.Journal.Read(at)
}

// resumptions are until when a detector was told that something may be missing.
func resumptions(r *recording) (list []string) {
	for _, a := range r.all() {
		if a.Rule == "resumed" {
			list = append(list, a.Keys["n"])
		}
	}
	return list
}

// Detectors are told of a start of the host, in its place, also in a replay; and that entries were gone before they came to
// see them.
func TestDetectorsAreToldWhatTheyMayHaveMissed(t *testing.T) {
	raw, err := disk.Open(t.TempDir(), disk.Options{NoSync: true})
	require.NoError(t, err)
	events, err := disk.Open(t.TempDir(), disk.Options{NoSync: true})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, raw.Close()); require.NoError(t, events.Close()) })
	line := func(received int) []byte {
		b, err := timedBatch([]timed{{"x", received, received}}, begin).MarshalVT()
		require.NoError(t, err)
		return b
	}
	for _, body := range [][]byte{line(1), pipeline.StartOf(begin.Add(time.Hour)), line(3601), line(3602), line(3603), line(3604)} {
		_, err = raw.Append(t.Context(), body)
		require.NoError(t, err)
	}
	moves, err := pipeline.NewRunner(pipeline.NewProcessor(pipeline.NewPlan(pipeline.Plan{}), nil), raw, events, plain{}, pipeline.RunnerOptions{BatchBytes: 1})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { assert.NoError(t, moves.Run(ctx)) })
	require.Eventually(t, func() bool { return events.Last() == 6 }, 20*time.Second, time.Millisecond)
	cancel()
	wg.Wait()

	reg, p := startTimed(t)
	r := newRunner(t, reg, events, alert.Options{Dir: t.TempDir()})
	feed(t.Context(), t, r, events, 1, func(offset uint64) {
		if offset == 4 { // all is seen again
			require.NoError(t, syscall.Kill(p.PID(), syscall.SIGKILL))
		}
	})
	assert.Equal(t, []string{"2026-10-11T05:00:00Z"}, resumptions(r))

	// One that is back when its entries are gone.
	reg, _ = startTimed(t)
	dir := t.TempDir()
	before := newRunner(t, reg, events, alert.Options{Dir: dir})
	require.NoError(t, before.Handle(t.Context(), 1, entryOf(t, events, 1)))
	require.NoError(t, before.Save(t.Context()))
	reg, _ = startTimed(t)
	after := newRunner(t, reg, &trimmed{events, 3}, alert.Options{Dir: dir})
	for at := uint64(5); at <= 6; at++ {
		require.NoError(t, after.Handle(t.Context(), at, entryOf(t, events, at)))
	}
	assert.Equal(t, []string{"2026-10-11T05:00:02Z"}, resumptions(after), "entry 4 is the first that it sees again")
}
