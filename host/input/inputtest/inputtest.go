// Package inputtest lets tests of inputs look at what has become durable.
package inputtest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/input"
	"github.com/logcenter/logcenter/host/journal"
	"github.com/logcenter/logcenter/host/journal/disk"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/wire"
)

// Record is one row of the raw journal.
type Record struct {
	Offset   uint64 // of its entry
	Text     string
	Input    string
	Address  string
	Path     string
	Zone     string
	Tags     []string
	Flags    []string
	Ingested time.Time
}

// Host is a raw journal on disk with its intake, under Dir. Stop and start again to play a restart.
type Host struct {
	Dir     string
	Options disk.Options
	Journal journal.Journal
	Intake  *input.Intake
	t       testing.TB
}

// NewHost starts one in a new directory. It is stopped at the end of the test.
func NewHost(t testing.TB) *Host { return NewHostWith(t, disk.Options{}, input.IntakeOptions{}) }

// NewHostWith is NewHost with options.
func NewHostWith(t testing.TB, d disk.Options, o input.IntakeOptions) *Host {
	h := &Host{Dir: t.TempDir(), Options: d, t: t}
	h.Start(o)
	t.Cleanup(func() {
		if h.Journal != nil {
			h.Stop()
		}
	})
	return h
}

// Start opens journal and intake.
func (h *Host) Start(o input.IntakeOptions) {
	h.t.Helper()
	j, err := disk.Open(filepath.Join(h.Dir, "raw"), h.Options)
	require.NoError(h.t, err)
	in, err := input.NewIntake(j, filepath.Join(h.Dir, "intake"), o)
	require.NoError(h.t, err)
	h.Journal, h.Intake = j, in
}

// Stop closes both.
func (h *Host) Stop() {
	h.t.Helper()
	require.NoError(h.t, h.Intake.Close())
	require.NoError(h.t, h.Journal.Close())
	h.Journal, h.Intake = nil, nil
}

// Env is what inputs of this host get; what they log goes to the test's log.
func (h *Host) Env() input.Env {
	return input.Env{Intake: h.Intake, Dir: filepath.Join(h.Dir, "inputs"), Logf: h.t.Logf}
}

// Records are all that the journal holds. Each batch is checked as plugins' answers are.
func (h *Host) Records() []Record {
	h.t.Helper()
	var all []Record
	s := h.Journal.Stats()
	for n := s.First; n <= s.Last; n++ {
		e, err := h.Journal.Read(n)
		require.NoError(h.t, err)
		rs, err := Decode(e)
		require.NoError(h.t, err, "entry %d", n)
		all = append(all, rs...)
	}
	return all
}

// Texts are the messages of Records.
func (h *Host) Texts() []string {
	h.t.Helper()
	var all []string
	for _, r := range h.Records() {
		all = append(all, r.Text)
	}
	return all
}

// Decode takes a journal entry apart.
func Decode(e journal.Entry) ([]Record, error) {
	var b wire.Batch
	if err := b.UnmarshalVT(e.Body); err != nil {
		return nil, err
	}
	columns := map[string]*wire.Column{}
	for _, c := range b.Columns {
		f, ok := ecs.Lookup(c.Name)
		if !ok {
			return nil, fmt.Errorf("column %q is no field", c.Name)
		}
		c.Field = uint32(f)
		columns[c.Name] = c
	}
	if err := b.Validate(uint32(ecs.Message)); err != nil {
		return nil, err
	}
	all := make([]Record, b.Rows)
	texts := func(name string, set func(r *Record, values []string)) {
		c := columns[name]
		if c == nil {
			return
		}
		c.Each(int(b.Rows), func(row, k int) {
			from, to := k, k+1
			if len(c.Lists) > 0 {
				from, to = c.List(k)
			}
			var values []string
			for ; from < to; from++ {
				values = append(values, string(c.Bytes(from)))
			}
			set(&all[row], values)
		})
	}
	texts("message", func(r *Record, v []string) { r.Text = v[0] })
	texts("logcenter.input", func(r *Record, v []string) { r.Input = v[0] })
	texts("log.source.address", func(r *Record, v []string) { r.Address = v[0] })
	texts("log.file.path", func(r *Record, v []string) { r.Path = v[0] })
	texts("event.timezone", func(r *Record, v []string) { r.Zone = v[0] })
	texts("tags", func(r *Record, v []string) { r.Tags = v })
	texts("logcenter.flags", func(r *Record, v []string) { r.Flags = v })
	for i := range all {
		all[i].Offset = e.Offset
		all[i].Ingested = time.Unix(0, columns["event.ingested"].Nanos(i)).UTC()
	}
	return all, nil
}

// Snapshot copies Dir to a new directory: what a process killed at this moment would leave behind. Files
// are copied in the order of their names while they may be written, so what is missing is the end.
func (h *Host) Snapshot() string {
	h.t.Helper()
	to := h.t.TempDir()
	err := filepath.WalkDir(h.Dir, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // replaced by another file meanwhile
		}
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(h.Dir, path)
		if err != nil {
			return err
		}
		if d.IsDir() {
			return os.MkdirAll(filepath.Join(to, rel), 0o700)
		}
		b, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, rel), b, 0o600)
	})
	require.NoError(h.t, err)
	return to
}

// Run runs an input until the test ends or stop is called, which waits for it.
func Run(t testing.TB, in input.Input) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- in.Run(ctx) }()
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		select {
		case err := <-done:
			require.NoError(t, err)
		case <-time.After(30 * time.Second):
			t.Fatalf("input %s does not stop", in.Name())
		}
	}
	t.Cleanup(stop)
	return stop
}

// Until waits until ok, at most 20 seconds.
func Until(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("does not come true: %s", what)
		}
	}
}
