package alert_test

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
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
			require.Eventually(t, func() bool { _, err := os.Stat(filepath.Join(gate, "reached")); return err == nil }, time.Minute, time.Millisecond)
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

// A detector that does not take its snapshot when the host starts, as one of a version that writes others, starts without
// memory of the past; what it had is kept beside.
func TestASnapshotThatIsRefusedAtTheStart(t *testing.T) {
	j := events(t, 40, 5)
	dir := t.TempDir()
	reg, _ := start(t, plugin.Settings{})
	r := newRunner(t, reg, j, alert.Options{Dir: dir})
	for at := uint64(1); at <= 17; at++ {
		require.NoError(t, r.Handle(t.Context(), at, entryOf(t, j, at)))
	}
	require.NoError(t, r.Save(t.Context()))
	require.EqualValues(t, 17, r.Durable())

	var log bytes.Buffer
	plugins := t.TempDir()
	trial.Folder(t, plugins, "counter", trial.Manifest("counter", "detector", "trusted: true"), "choosy")
	next, err := trial.Open(t, plugins, plugin.Options{})
	require.NoError(t, err)
	require.NoError(t, next.Start(t.Context()))
	p, err := next.Get("counter")
	require.NoError(t, err)
	logger := logrus.New()
	logger.SetOutput(&log)
	runner, err := alert.NewRunner(next, j, alert.Options{Dir: dir, Ledger: r.ledger, Log: logrus.NewEntry(logger)})
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	for at := uint64(18); at <= 40; at++ {
		require.NoError(t, runner.Handle(ctx, at, entryOf(t, j, at)))
	}
	assert.Zero(t, p.Restarts.Load())
	assert.EqualValues(t, 23*5, p.Rows.Load(), "it has seen all since")
	assert.Contains(t, log.String(), "this is no state of mine")
	assert.FileExists(t, filepath.Join(dir, "counter.snapshot.refused"))
	require.NoError(t, runner.Save(ctx))
	assert.EqualValues(t, 40, runner.Durable())
}

// damaged is a journal of which an entry cannot be read.
type damaged struct {
	journal.Journal
	at uint64
}

var errDamaged = errors.New("its checksum does not fit")

func (d *damaged) Read(at uint64) (journal.Entry, error) {
	if at == d.at {
		return journal.Entry{}, errDamaged
	}
	return d.Journal.Read(at)
}

// A replay leaves out an entry that cannot be read any more, and tells it.
func TestAReplayGoesOnBehindAnEntryThatCannotBeRead(t *testing.T) {
	j := events(t, 20, 5)
	reg, p := start(t, plugin.Settings{})
	r := newRunner(t, reg, &damaged{j, 5}, alert.Options{Dir: t.TempDir(), SnapshotEvery: time.Hour})
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	for at := uint64(1); at <= 20; at++ {
		if at == 11 { // all before has to be seen again
			require.NoError(t, syscall.Kill(p.PID(), syscall.SIGKILL))
		}
		require.NoError(t, r.Handle(ctx, at, entryOf(t, j, at)))
	}
	assert.EqualValues(t, 1, r.Skipped.Load())
	assert.EqualValues(t, (10+19)*5, p.Rows.Load(), "all others")
}
