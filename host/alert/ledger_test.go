package alert_test

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/alert"
	"github.com/logcenter/logcenter/host/alert/record"
	"github.com/logcenter/logcenter/host/journal"
	"github.com/logcenter/logcenter/host/metadata"
	"github.com/logcenter/logcenter/host/plugin"
	"github.com/logcenter/logcenter/host/plugin/trial"
	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/sdk/wire"
)

// recording is a runner with the ledger that it records in, which lies beside its snapshots.
type recording struct {
	*alert.Runner
	t      *testing.T
	ledger *record.Ledger
}

func newRunner(t *testing.T, reg *plugin.Registry, j journal.Journal, o alert.Options) *recording {
	t.Helper()
	db, err := metadata.Open(t.Context(), filepath.Join(o.Dir, "m.db"), "test", record.Schema)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	r := &recording{t: t}
	r.ledger, err = record.New(db, record.Options{Log: trial.Quiet()})
	require.NoError(t, err)
	if o.Ledger == nil {
		o.Ledger = r.ledger
	}
	o.Log = trial.Quiet()
	r.Runner, err = alert.NewRunner(reg, j, o)
	require.NoError(t, err)
	return r
}

// all are the alerts that were recorded, oldest first.
func (r *recording) all() (out []*record.Record) {
	r.t.Helper()
	for cursor := ""; ; {
		p, err := r.ledger.List(context.WithoutCancel(r.t.Context()), store.Everything(), record.Filter{Repeats: true}, cursor, record.MaxPage)
		require.NoError(r.t, err)
		out = append(out, p.Alerts...)
		if cursor = p.Cursor; cursor == "" {
			slices.Reverse(out)
			return out
		}
	}
}

func ids(r *recording) (out []string) {
	for _, a := range r.all() {
		out = append(out, a.ID+" "+a.Keys["word"]+a.Keys["n"])
	}
	slices.Sort(out)
	return out
}

// failing is a ledger whose disk is full now and then.
type failing struct {
	alert.Ledger
	calls atomic.Int64
}

var errFull = errors.New("no room on the disk")

func (f *failing) Raise(ctx context.Context, alerts []*wire.Alert) ([]*wire.Alert, error) {
	if f.calls.Add(1)%3 != 0 {
		return nil, errFull
	}
	return f.Ledger.Raise(ctx, alerts)
}

// Alerts that cannot be recorded wait, and the detector sees nothing twice meanwhile.
func TestAlertsWaitForTheLedger(t *testing.T) {
	j := events(t, 20, 5)
	want := undisturbed(t, j)
	reg, p := start(t, plugin.Settings{})
	var told atomic.Int64
	r := newRunner(t, reg, j, alert.Options{Dir: t.TempDir()})
	f := &failing{Ledger: r.ledger}
	var err error
	r.Runner, err = alert.NewRunner(reg, j, alert.Options{Dir: t.TempDir(), Log: trial.Quiet(), Ledger: f, OnError: func(err error) {
		assert.ErrorIs(t, err, errFull)
		told.Add(1)
	}})
	require.NoError(t, err)
	feed(t.Context(), t, r, j, 1, nothing)
	assert.Equal(t, want, ids(r))
	assert.Positive(t, told.Load())
	assert.Zero(t, r.Skipped.Load(), "no entry is to blame")
	assert.Zero(t, p.Restarts.Load())
}
