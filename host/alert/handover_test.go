package alert_test

import (
	"math/rand/v2"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/alert"
	"github.com/logcenter/logcenter/host/plugin"
	"github.com/logcenter/logcenter/host/plugin/trial"
)

// A detector that is swapped again and again, at any point between and beside entries, raises what one raises that is
// left alone.
func TestSwapsNeitherLoseNorRepeatAlerts(t *testing.T) {
	j := opened(t)
	reg, _ := startTimed(t)
	r := newRunner(t, reg, j, alert.Options{Dir: t.TempDir()})
	feed(t.Context(), t, r, j, 1, nothing)
	want := ids(r)

	for name, kills := range map[string]bool{"swapped": false, "swapped and killed": true} {
		t.Run(name, func(t *testing.T) {
			reg, _ := startTimed(t)
			r := newRunner(t, reg, j, alert.Options{Dir: t.TempDir(), SnapshotEvery: time.Hour})
			next := trial.Folder(t, t.TempDir(), "counter", trial.Manifest("counter", "detector", "version: 2.0.0", "reads: [message, '@timestamp']"), "detector")
			swaps, rnd := make(chan struct{}, 1), rand.New(rand.NewPCG(7, 8))
			var wg sync.WaitGroup
			wg.Go(func() {
				for range swaps {
					p, err := reg.Get("counter")
					assert.NoError(t, err)
					if kills && rnd.IntN(2) == 0 {
						_ = syscall.Kill(p.PID(), syscall.SIGKILL) // may be gone
					}
					if rnd.IntN(2) == 0 {
						_, err = reg.Upgrade(t.Context(), "counter", next)
					} else {
						_, err = reg.Reconfigure(t.Context(), "counter", plugin.Settings{})
					}
					assert.NoError(t, err)
				}
			})
			asked := 0
			feed(t.Context(), t, r, j, 1, func(at uint64) {
				if at%25 == 0 {
					asked++
					swaps <- struct{}{}
				}
			})
			close(swaps)
			wg.Wait()
			assert.Positive(t, asked)
			assert.Equal(t, want, ids(r))
			assert.Zero(t, r.Skipped.Load())
		})
	}
}

// One that is replaced while it is out of service goes on at the last snapshot.
func TestADetectorIsReplacedWhileItIsDisabled(t *testing.T) {
	j := events(t, 40, 5)
	want := undisturbed(t, j)
	reg, _ := start(t, plugin.Settings{})
	r := newRunner(t, reg, j, alert.Options{Dir: t.TempDir(), SnapshotEvery: time.Nanosecond})
	feed(t.Context(), t, r, j, 1, func(at uint64) {
		if at == 17 {
			require.NoError(t, reg.Disable("counter"))
			_, err := reg.Upgrade(t.Context(), "counter", trial.Folder(t, t.TempDir(), "counter", trial.Manifest("counter", "detector", "version: 2.0.0"), "detector"))
			require.NoError(t, err)
			require.NoError(t, reg.Enable(t.Context(), "counter"))
		}
	})
	assert.Equal(t, want, ids(r))
	now, err := reg.Get("counter")
	require.NoError(t, err)
	assert.Positive(t, now.Calls.Load())
}

func TestAVersionThatDoesNotTakeOverTheStateIsRefused(t *testing.T) {
	j := events(t, 40, 5)
	want := undisturbed(t, j)
	reg, p := start(t, plugin.Settings{})
	r := newRunner(t, reg, j, alert.Options{Dir: t.TempDir()})
	feed(t.Context(), t, r, j, 1, func(at uint64) {
		if at == 17 {
			_, err := reg.Upgrade(t.Context(), "counter", trial.Folder(t, t.TempDir(), "counter", trial.Manifest("counter", "detector", "version: 2.0.0"), "choosy"))
			require.ErrorContains(t, err, "counter 2.0.0 does not take over what counter 1.2.3 remembers: restore: this is no state of mine")
		}
	})
	now, err := reg.Get("counter")
	require.NoError(t, err)
	assert.Same(t, p, now)
	assert.Equal(t, want, ids(r))
}
