package alert_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
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

func TestMain(m *testing.M) {
	code := m.Run()
	trial.Clean()
	os.Exit(code)
}

// events is an event journal with entries of lines that cycle through some words.
func events(t *testing.T, entries, rows int, poison ...int) journal.Journal {
	j, err := disk.Open(t.TempDir(), disk.Options{NoSync: true})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, j.Close()) })
	n := 0
	for i := 1; i <= entries; i++ {
		var lines []string
		for range rows {
			lines = append(lines, fmt.Sprintf("w%d line", n%7))
			n++
		}
		if slices.Contains(poison, i) {
			lines[0] = "KILL"
		}
		appendEntry(t, j, lines)
	}
	return j
}

// appendEntry makes lines the next entry of an event journal.
func appendEntry(t *testing.T, j journal.Journal, lines []string) {
	raw := pipeline.RawOf("j", j.Last()+1, batch(lines))
	f, err := pipeline.NewProcessor(pipeline.NewPlan(pipeline.Plan{}), nil).Process(t.Context(), raw)
	require.NoError(t, err)
	body, err := pipeline.AppendEntry(nil, raw, f)
	require.NoError(t, err)
	f.Release()
	_, err = j.Append(t.Context(), body)
	require.NoError(t, err)
}

func batch(lines []string) *wire.Batch {
	c := &wire.Column{Field: uint32(ecs.Message), Name: "message", Type: wire.Type_STRING, Count: uint32(len(lines)), Separator: 1, Values: make([]byte, 4)}
	for _, l := range lines {
		c.Data = append(append(c.Data, l...), '\n')
		n := len(c.Data)
		c.Values = append(c.Values, byte(n), byte(n>>8), byte(n>>16), byte(n>>24))
	}
	return &wire.Batch{Rows: uint32(len(lines)), Columns: []*wire.Column{c}}
}

// feed hands the entries of a journal to a runner from where its state is on; after is called behind each.
func feed(ctx context.Context, t *testing.T, r *recording, j journal.Journal, from uint64, after func(offset uint64)) {
	for at := from; at <= j.Last(); at++ {
		e, err := j.Read(at)
		require.NoError(t, err)
		entry, err := pipeline.DecodeEntry(e.Body)
		require.NoError(t, err)
		for {
			if err = r.Handle(ctx, at, entry); err == nil || ctx.Err() != nil {
				break
			}
		}
		after(at)
	}
}

func nothing(uint64) {}

func start(t *testing.T, settings plugin.Settings) (*plugin.Registry, *plugin.Plugin) {
	return trial.Start(t, plugin.Options{Plugins: map[string]plugin.Settings{"counter": settings}}, "counter", "detector", "trusted: true")
}

func undisturbed(t *testing.T, j journal.Journal) []string {
	reg, _ := start(t, plugin.Settings{})
	r := newRunner(t, reg, j, alert.Options{Dir: t.TempDir()})
	feed(t.Context(), t, r, j, 1, nothing)
	require.NotEmpty(t, ids(r))
	return ids(r)
}

func TestKillsNeitherLoseNorRepeatAlerts(t *testing.T) {
	j := events(t, 300, 5)
	want := undisturbed(t, j)
	for name, every := range map[string]time.Duration{"snapshots all the time": time.Nanosecond, "now and then": 20 * time.Millisecond, "none": time.Hour} {
		t.Run(name, func(t *testing.T) {
			reg, p := start(t, plugin.Settings{})
			r := newRunner(t, reg, j, alert.Options{Dir: t.TempDir(), SnapshotEvery: every})
			rnd := rand.New(rand.NewPCG(1, 2))
			// Kills come from beside, at any point of a call or a snapshot.
			killer, done := make(chan struct{}, 1), make(chan struct{})
			var wg sync.WaitGroup
			wg.Go(func() {
				for range killer {
					if pid := p.PID(); pid != 0 {
						_ = syscall.Kill(pid, syscall.SIGKILL) // may be gone
					}
				}
				close(done)
			})
			kills := 0
			feed(t.Context(), t, r, j, 1, func(uint64) {
				if rnd.IntN(30) == 0 {
					kills++
					killer <- struct{}{}
				}
			})
			close(killer)
			wg.Wait()
			<-done
			assert.Positive(t, kills)
			assert.Equal(t, want, ids(r))
			assert.Zero(t, r.Skipped.Load())
		})
	}
}

func TestHostRestarts(t *testing.T) {
	j := events(t, 120, 5)
	want := undisturbed(t, j)
	dir := t.TempDir()
	var got []string
	from := uint64(1)
	for run := 0; from <= j.Last(); run++ {
		reg, _ := start(t, plugin.Settings{})
		r := newRunner(t, reg, j, alert.Options{Dir: dir, SnapshotEvery: time.Nanosecond})
		ctx, cancel := context.WithCancel(t.Context())
		feed(ctx, t, r, j, from, func(at uint64) {
			if at == from+uint64(17*(run+1)) {
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
}

// An entry that kills the detector is left out for good, also when the entries before it are replayed.
func TestPoisonEntryIsSkippedOnce(t *testing.T) {
	j := events(t, 60, 5, 20)
	reg, p := start(t, plugin.Settings{})
	r := newRunner(t, reg, j, alert.Options{Dir: t.TempDir()})
	feed(t.Context(), t, r, j, 1, nothing)
	assert.EqualValues(t, 1, r.Skipped.Load())
	assert.EqualValues(t, 3, p.Restarts.Load())
	assert.Contains(t, strings.Join(ids(r), " "), "w040", "alerts go on behind it")
}

func TestADisabledDetectorHoldsNothingBack(t *testing.T) {
	j := events(t, 10, 5)
	reg, _ := start(t, plugin.Settings{})
	r := newRunner(t, reg, j, alert.Options{Dir: t.TempDir()})
	feed(t.Context(), t, r, j, 1, nothing)
	assert.Zero(t, r.Durable(), "no snapshot yet")
	require.NoError(t, reg.Disable("counter"))
	assert.EqualValues(t, 10, r.Durable())
}
