package self_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/input"
	"github.com/logcenter/logcenter/host/journal"
	"github.com/logcenter/logcenter/host/journal/disk"
	"github.com/logcenter/logcenter/host/self"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/wire"
)

// host is parts that a test changes, and the journal in which the input tells of them.
type host struct {
	t   *testing.T
	dir string
	raw *disk.Journal
	o   self.Options

	mu      sync.Mutex
	report  self.Report
	looks   int
	changed *sync.Cond
}

func newHost(t *testing.T) *host {
	h := &host{t: t, dir: t.TempDir()}
	h.changed = sync.NewCond(&h.mu)
	raw, err := disk.Open(filepath.Join(h.dir, "raw"), disk.Options{MaxBytes: 8 << 20, NoSync: true})
	require.NoError(t, err)
	h.raw = raw
	t.Cleanup(func() { _ = raw.Close() })
	h.o = self.Options{Path: filepath.Join(h.dir, "self.json"), Host: "lc-01", Version: "1.2.3", Every: time.Millisecond, Log: logrus.NewEntry(logrus.New())}
	h.o.Look = func(context.Context, time.Time) self.Report {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.looks++
		h.changed.Broadcast()
		r := h.report
		h.report.Moments = nil
		return r
	}
	return h
}

// is has the input look at these parts, more than once.
func (h *host) is(parts ...self.Part) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.report.Parts = parts
	for until := h.looks + 3; h.looks < until; {
		h.changed.Wait()
	}
}

// run is one life of the input.
func (h *host) run(during func()) input.Stats {
	h.t.Helper()
	intake, err := input.NewIntake(h.raw, filepath.Join(h.dir, "keys"), input.IntakeOptions{})
	require.NoError(h.t, err)
	defer intake.Close()
	in, err := self.New(h.o, input.Env{Intake: intake})
	require.NoError(h.t, err)
	ctx, stop := context.WithCancel(h.t.Context())
	done := make(chan error, 1)
	go func() { done <- in.Run(ctx) }()
	during()
	stop()
	require.NoError(h.t, <-done)
	return in.Stats()
}

// told are the records so far: action, name, level and type.
func (h *host) told() (out []string) {
	h.t.Helper()
	st := h.raw.Stats()
	for n := st.First; n <= st.Last; n++ {
		e, err := h.raw.Read(n)
		require.NoError(h.t, err)
		var b wire.Batch
		require.NoError(h.t, b.UnmarshalVT(e.Body))
		for _, c := range b.Columns {
			if c.Field != uint32(ecs.Message) {
				continue
			}
			for row := range int(b.Rows) {
				var r map[string]any
				require.NoError(h.t, json.Unmarshal(c.Bytes(row), &r))
				assert.Equal(h.t, "logcenter", r["event.module"])
				assert.Equal(h.t, "lc-01", r["host.name"])
				out = append(out, strings.TrimSpace(fmt.Sprintf("%s %s %s %s", r["event.action"], r["event.type"], r["log.level"], r["logcenter.component.name"])))
			}
		}
	}
	return out
}

func plugin(state, status string) self.Part {
	return self.Part{Kind: "plugin", Name: "nginx", State: state, Status: status, Sudden: true}
}

func TestChangesAreToldOnce(t *testing.T) {
	h := newHost(t)
	h.report.Moments = []self.Moment{{Kind: "plugin", Name: "nginx", Action: "plugin-crashed", Level: ecs.Warn, Count: 2}}
	running := plugin("running", self.OK)
	quarantined := plugin("quarantined", self.Degraded)
	quarantined.Level = ecs.Error
	h.run(func() {
		h.is(running)
		h.is(quarantined)
		quarantined.Reason = "another reason is no news"
		h.is(quarantined)
		h.is(running, self.Part{Kind: "store", Status: self.Failed})
		h.is(running)
	})
	assert.Equal(t, []string{
		"host-started info Info lc-01", "plugin-crashed info Warn nginx", "plugin-quarantined error Error nginx",
		"plugin-running end Info nginx", "store-failed error Fatal %!s(<nil>)", "store-recovered end Info %!s(<nil>)", "host-stopped info Info lc-01",
	}, h.told())
}

func TestWhatIsOpenOutlivesTheHost(t *testing.T) {
	h := newHost(t)
	h.run(func() { h.is(plugin("quarantined", self.Degraded)) })
	before := len(h.told())
	h.run(func() { h.is(plugin("quarantined", self.Degraded)) })
	assert.Equal(t, []string{"host-started info Info lc-01", "host-stopped info Info lc-01"}, h.told()[before:], "it is told once")
	before = len(h.told())
	h.run(func() { h.is() })
	assert.Contains(t, h.told()[before:], "plugin-recovered end Info nginx", "a part that is gone is in trouble no more")
}

func TestBlinksAreNoNews(t *testing.T) {
	h := newHost(t)
	h.o.After, h.o.Over = time.Hour, time.Hour
	h.run(func() {
		h.is(self.Part{Kind: "input", Name: "syslog", Status: self.Failed})
		h.is(self.Part{Kind: "input", Name: "syslog", Status: self.OK})
	})
	assert.Equal(t, []string{"host-started info Info lc-01", "host-stopped info Info lc-01"}, h.told())
}

func TestWhatGoesToAndFroIsBounded(t *testing.T) {
	h := newHost(t)
	h.run(func() {
		for range 20 {
			h.is(plugin("quarantined", self.Degraded))
			h.is(plugin("running", self.OK))
		}
	})
	assert.Len(t, h.told(), 2+12, "twelve changes an hour, and the host's start and stop")
}

// TestFullJournal: the host is not held up by what it would say of itself, and what it does not say is counted.
func TestFullJournal(t *testing.T) {
	h := newHost(t)
	c, err := h.raw.Consumer("pipeline", journal.GroupOptions{})
	require.NoError(t, err)
	fill := make([]byte, 1<<20)
	for {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		_, err := h.raw.Append(ctx, fill)
		cancel()
		if err != nil {
			break
		}
	}
	many := make([]self.Moment, 4000)
	for i := range many {
		many[i] = self.Moment{Kind: "plugin", Name: "nginx", Action: "plugin-crashed", Level: ecs.Warn, Reason: strings.Repeat("x", 2000)}
	}
	h.report.Moments = many
	st := h.run(func() {
		h.is(plugin("running", self.OK))
		require.NoError(t, c.Commit(h.raw.Last()))
	})
	assert.Positive(t, st.Dropped["queue"])
	assert.EqualValues(t, 4002, st.Dropped["queue"]+st.Records, "each is written or counted")
}

func TestKilled(t *testing.T) {
	h := newHost(t)
	h.run(func() { h.is() })
	before := len(h.told())
	// A host that is killed leaves its file as it is while it runs.
	h.run(func() {
		h.is(plugin("quarantined", self.Degraded))
		require.NoError(t, copyFile(h.o.Path, h.o.Path+".killed"))
	})
	require.NoError(t, copyFile(h.o.Path+".killed", h.o.Path))
	h.run(func() { h.is(plugin("quarantined", self.Degraded)) })
	got := h.told()[before:]
	assert.Contains(t, got, "host-restarted info Error lc-01")
	assert.Equal(t, 1, strings.Count(strings.Join(got, "\n"), "plugin-quarantined"))
}

func copyFile(from, to string) error {
	b, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, b, 0o600)
}
