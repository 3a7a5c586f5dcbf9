package alert_test

import (
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
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
)

// gated are events with one among them, of the entry before the last, at which the detector waits for a gate to open.
func gated(t *testing.T) (j journal.Journal, at uint64) {
	j, err := disk.Open(t.TempDir(), disk.Options{NoSync: true})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, j.Close()) })
	for _, lines := range [][]string{{"a 1", "a 2", "b 3", "a 4"}, {"a 5", "b 6"}, {"a 7", "a GATE", "b 8", "a 9", "a 10"}, {"a 11", "b 12", "b 13"}} {
		appendEntry(t, j, lines)
	}
	return j, 3
}

// A host that is stopped while a detector looks at an entry lets it finish, and saves what it remembers then. If that takes
// too long, the next start has it see the entries since its last snapshot again. Nothing is lost or raised twice, and
// the admin is told of no error.
func TestStoppedInTheMiddleOfAnEntry(t *testing.T) {
	j, at := gated(t)
	open := func(gate string) { require.NoError(t, os.WriteFile(filepath.Join(gate, "open"), nil, 0o600)) }
	start := func(t *testing.T, gate string) *plugin.Registry {
		settings := plugin.Settings{Config: map[string]any{"gate": gate, "every": 2}}
		reg, _ := trial.Start(t, plugin.Options{Plugins: map[string]plugin.Settings{"counter": settings}}, "counter", "detector", "permissions: {write: ['${config.gate}']}")
		return reg
	}
	opened := t.TempDir()
	open(opened)
	reg := start(t, opened)
	peace := newRunner(t, reg, j, alert.Options{Dir: t.TempDir()})
	feed(t.Context(), t, peace, j, 1, nothing)
	want := ids(peace)
	require.Len(t, want, 6)

	for name, finish := range map[string]time.Duration{"finishes": time.Minute, "takes too long": time.Nanosecond} {
		t.Run(name, func(t *testing.T) {
			dir, gate := t.TempDir(), t.TempDir()
			reg := start(t, gate)
			r := newRunner(t, reg, j, alert.Options{Dir: dir, Finish: finish})
			for before := uint64(1); before < at; before++ {
				require.NoError(t, r.Handle(t.Context(), before, entryOf(t, j, before)))
			}
			require.NoError(t, r.Save(t.Context()))

			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			entry := entryOf(t, j, at)
			handled := make(chan error)
			go func() { handled <- r.Handle(ctx, at, entry) }()
			require.Eventually(t, func() bool { _, err := os.Stat(filepath.Join(gate, "reached")); return err == nil }, 20*time.Second, time.Millisecond)
			stop()
			durable := at
			if finish == time.Minute {
				open(gate)
				require.NoError(t, <-handled)
			} else {
				require.ErrorIs(t, <-handled, context.Canceled)
				open(gate)
				durable--
			}
			require.NoError(t, r.Save(t.Context()))
			require.Equal(t, durable, r.Durable())

			again := start(t, opened)
			next := newRunner(t, again, j, alert.Options{Dir: dir})
			feed(t.Context(), t, next, j, r.Durable()+1, nothing)
			assert.Equal(t, want, ids(next))
		})
	}
}

// A host that is stopped at any moment, again and again, saves each time where it was, and raises what one raises that is
// left alone.
func TestStoppedAtAnyMoment(t *testing.T) {
	j := events(t, 150, 5)
	want := undisturbed(t, j)
	dir, rnd := t.TempDir(), rand.New(rand.NewPCG(5, 6))
	var got []string
	for from := uint64(1); from <= j.Last(); {
		reg, _ := start(t, plugin.Settings{})
		r := newRunner(t, reg, j, alert.Options{Dir: dir, SnapshotEvery: time.Duration(rnd.IntN(3)) * time.Millisecond})
		ctx, stop := context.WithCancel(t.Context())
		done := from - 1
		for last := from + uint64(rnd.IntN(60)); done < j.Last() && ctx.Err() == nil; {
			if done+1 == last {
				go stop() // somewhere in one of the next entries
			}
			if r.Handle(ctx, done+1, entryOf(t, j, done+1)) == nil {
				done++
			}
		}
		stop()
		require.NoError(t, r.Save(t.Context()))
		require.Equal(t, done, r.Durable(), "nothing has to be seen again")
		got, from = ids(r), done+1
	}
	assert.Equal(t, want, got)
}

func entryOf(t *testing.T, j journal.Journal, at uint64) *pipeline.Entry {
	e, err := j.Read(at)
	require.NoError(t, err)
	entry, err := pipeline.DecodeEntry(e.Body)
	require.NoError(t, err)
	return entry
}
