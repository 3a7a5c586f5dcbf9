package rollout_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/pipeline"
	"github.com/logcenter/logcenter/host/plugin"
	"github.com/logcenter/logcenter/host/plugin/trial"
	"github.com/logcenter/logcenter/host/rollout"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/wire"
)

func TestMain(m *testing.M) {
	code := m.Run()
	trial.Clean()
	os.Exit(code)
}

// host is a pipeline over real plugins, as a host has it: a parser, an enricher and a masker that hides hunter2.
type host struct {
	t         testing.TB
	dir       string
	reg       *plugin.Registry
	versions  *rollout.Versions
	processor *pipeline.Processor
	m         *rollout.Manager
	mu        sync.Mutex
	by        map[string]int // events by who parsed them
	sent      atomic.Int64
}

func start(t testing.TB) *host {
	dir := t.TempDir()
	trial.Folder(t, dir, "words", trial.Manifest("words", "parser", "trusted: true", "accepts: [{prefix: [w]}]"), "parser")
	trial.Folder(t, dir, "names", trial.Manifest("names", "enricher"), "enricher")
	trial.Folder(t, dir, "hide", trial.Manifest("hide", "masker"), "masker")
	h := &host{t: t, dir: dir, by: map[string]int{}}
	h.open(filepath.Join(dir, "versions.json"))
	return h
}

// open starts the host's parts, as after a restart.
func (h *host) open(record string) {
	t := h.t
	var err error
	h.versions, err = rollout.OpenVersions(record)
	require.NoError(t, err)
	h.reg, err = trial.Open(t, h.dir, plugin.Options{Versions: h.versions.Folders()})
	require.NoError(t, err)
	h.processor = pipeline.NewProcessor(pipeline.NewPlan(pipeline.Plan{}), nil)
	plan := func() <-chan struct{} {
		in := func(k wire.Kind) (out []pipeline.Stage) {
			for _, p := range h.reg.InService(k) {
				out = append(out, h.m.Stage(p))
			}
			return out
		}
		p := pipeline.Plan{Parsers: in(wire.Kind_PARSER), Enrichers: in(wire.Kind_ENRICHER), Maskers: in(wire.Kind_MASKER)}
		if next, share := h.m.Canary(); next != nil {
			p.Canary, p.Share = pipeline.NewPlan(p.With(next)), share
		}
		return h.processor.SetPlan(pipeline.NewPlan(p))
	}
	h.m = rollout.NewManager(h.reg, h.versions, h.processor, plan, trial.Quiet())
	t.Cleanup(func() { require.NoError(t, h.m.Close()) })
	h.reg.OnChange(plan)
	require.NoError(t, h.reg.Start(t.Context()))
	plan()
}

// version is another version of a plugin, in a folder of its own.
func (h *host) version(id, behaviour string, lines ...string) string {
	kind := map[string]string{"words": "parser", "names": "enricher", "hide": "masker"}[id]
	lines = append([]string{"version: 2.0.0", "trusted: true"}, lines...)
	if id == "words" {
		lines = append(lines, "accepts: [{prefix: [w]}]")
	}
	return trial.Folder(h.t, h.t.TempDir(), id, trial.Manifest(id, kind, lines...), behaviour)
}

// batch sends a batch of lines through the pipeline and books what came out.
func (h *host) batch(lines ...string) {
	t := h.t
	c := &wire.Column{Field: uint32(ecs.Message), Name: "message", Type: wire.Type_STRING, Count: uint32(len(lines)), Separator: 1, Values: make([]byte, 4)}
	for _, l := range lines {
		c.Data = append(append(c.Data, l...), '\n')
		n := len(c.Data)
		c.Values = append(c.Values, byte(n), byte(n>>8), byte(n>>16), byte(n>>24))
	}
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	f, err := h.processor.Process(ctx, pipeline.RawOf("j", uint64(h.sent.Add(1)), &wire.Batch{Rows: uint32(len(lines)), Columns: []*wire.Column{c}}))
	require.NoError(t, err)
	defer f.Release()
	require.EqualValues(t, len(lines), f.Batch.Rows)
	h.mu.Lock()
	defer h.mu.Unlock()
	by := f.Batch.Column(uint32(ecs.LogcenterParser))
	by.Each(len(lines), func(row, k int) { h.by[string(by.Text(k, row, nil))]++ })
}

// traffic is a batch as others: a hundred lines with a secret each.
func (h *host) traffic() {
	lines := make([]string, 100)
	for i := range lines {
		lines[i] = fmt.Sprintf("w%d port=%d pass hunter2 number %d", i%3, i, i%10)
	}
	h.batch(lines...)
}

// until sends traffic until a rollout is as wanted, and returns it.
func (h *host) until(id string, is func(rollout.Report) bool) rollout.Report {
	h.t.Helper()
	for deadline := time.Now().Add(60 * time.Second); ; {
		r, err := h.m.Status(id)
		require.NoError(h.t, err)
		if is(r) {
			return r
		}
		if time.Now().After(deadline) {
			require.Fail(h.t, "it does not come to that", "%+v", r)
		}
		h.traffic()
	}
}

func field(r rollout.Report, name string) rollout.Field {
	for _, f := range r.Fields {
		if f.Name == name {
			return f
		}
	}
	return rollout.Field{}
}

func TestShadowTellsTheDifferenceAndChangesNothing(t *testing.T) {
	h := start(t)
	r, err := h.m.Upgrade(t.Context(), "words", h.version("words", "loud"), rollout.Options{Mode: rollout.Shadow, Events: 3000})
	require.NoError(t, err)
	assert.Equal(t, rollout.Running, r.State)
	_, err = h.m.Upgrade(t.Context(), "words", h.version("words", "loud"), rollout.Options{})
	require.ErrorIs(t, err, rollout.ErrConflict)
	require.ErrorIs(t, h.m.Reconfigure(t.Context(), "words", plugin.Settings{}), rollout.ErrConflict)
	r = h.until("words", func(r rollout.Report) bool { return r.State == rollout.Finished })
	assert.GreaterOrEqual(t, r.Compared, int64(3000))
	action, port := field(r, "event.action"), field(r, "source.port")
	assert.Equal(t, [4]int64{0, 0, r.Compared, 0}, [4]int64{action.OnlyOld, action.OnlyNew, action.Changed, action.Equal})
	assert.Equal(t, [4]int64{0, 0, 0, r.Compared}, [4]int64{port.OnlyOld, port.OnlyNew, port.Changed, port.Equal})
	assert.Equal(t, "event.action", r.Fields[0].Name, "what differs comes first")
	require.Len(t, action.Samples, 3)
	for _, s := range action.Samples {
		assert.Equal(t, "changed", s.Way)
		assert.Contains(t, s.Line, "pass *** number")
		assert.Equal(t, strings.ToUpper(s.Old), s.New)
		assert.True(t, strings.HasPrefix(s.Line, s.Old))
	}
	assert.Len(t, h.by, 1, "only the old version's answers count: %v", h.by)
	text, err := json.Marshal(r)
	require.NoError(t, err)
	assert.NotContains(t, string(text), "hunter2")

	r, err = h.m.Promote(t.Context(), "words")
	require.NoError(t, err)
	assert.Equal(t, rollout.Promoted, r.State)
	h.by = map[string]int{}
	h.traffic()
	assert.Equal(t, map[string]int{"words 2.0.0": 100}, h.by)
}

func TestShadowOfAFieldThatIsLost(t *testing.T) {
	h := start(t)
	_, err := h.m.Upgrade(t.Context(), "words", h.version("words", "no ports"), rollout.Options{Mode: rollout.Shadow})
	require.NoError(t, err)
	r := h.until("words", func(r rollout.Report) bool { return r.Compared >= 1000 })
	port := field(r, "source.port")
	assert.Equal(t, r.Compared, port.OnlyOld)
	require.NotEmpty(t, port.Samples)
	assert.Regexp(t, `^\d+$`, port.Samples[0].Old)
	assert.Empty(t, port.Samples[0].New)
	assert.InDelta(t, 1, port.OldFill, 0.01)
	assert.Zero(t, port.NewFill)
	r, err = h.m.Abort(t.Context(), "words")
	require.NoError(t, err)
	assert.Equal(t, rollout.Aborted, r.State)
	_, err = h.m.Promote(t.Context(), "words")
	require.ErrorIs(t, err, rollout.ErrConflict)
	h.traffic()
	assert.Len(t, h.by, 1)
}

// A shadow that dies or cannot keep up costs the events nothing.
func TestShadowThatDies(t *testing.T) {
	h := start(t)
	dir := h.version("words", "dying")
	require.NoError(t, h.reg.Disable("words"))
	_, err := h.m.Upgrade(t.Context(), "words", dir, rollout.Options{Mode: rollout.Shadow})
	require.ErrorContains(t, err, "words is disabled, so that there is nothing to compare with")
	require.NoError(t, h.reg.Enable(t.Context(), "words"))
	_, err = h.m.Upgrade(t.Context(), "words", dir, rollout.Options{Mode: rollout.Shadow})
	require.NoError(t, err)
	bad := make([]string, 20)
	for i := range bad {
		bad[i] = "wx"
	}
	for range 10 {
		h.batch(bad...)
	}
	r := h.until("words", func(r rollout.Report) bool { return r.State == rollout.Failed })
	assert.Contains(t, r.Reason, "quarantined")
	assert.Positive(t, r.Skipped)
	assert.Zero(t, h.processor.Unparsed.Load())
}

// What a new version of a masker does not hide is not shown either.
func TestShadowOfAMaskerThatHidesLess(t *testing.T) {
	h := start(t)
	dir := h.version("hide", "parser")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "behaviour"), []byte("blind"), 0o600))
	_, err := h.m.Upgrade(t.Context(), "hide", dir, rollout.Options{Mode: rollout.Shadow})
	require.NoError(t, err)
	r := h.until("hide", func(r rollout.Report) bool { return r.Compared >= 500 && len(field(r, "message").Samples) == 3 })
	assert.Positive(t, field(r, "message").OnlyOld)
	text, err := json.Marshal(r)
	require.NoError(t, err)
	assert.NotContains(t, string(text), "hunter2")
	assert.Contains(t, string(text), "pass *** number")
}

// A masker is worse when it hides less, which few lines show.
func TestCanaryOfAMaskerThatHidesLess(t *testing.T) {
	h := start(t)
	dir := h.version("hide", "parser")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "behaviour"), []byte("blind"), 0o600))
	_, err := h.m.Upgrade(t.Context(), "hide", dir, rollout.Options{Mode: rollout.Canary, Share: 0.5, Limits: rollout.Limits{Latency: 1000, Cost: 1000}})
	require.NoError(t, err)
	lines := make([]string, 100)
	for i := range lines {
		lines[i] = "w nothing to hide"
	}
	lines[50] = "w pass hunter2"
	var r rollout.Report
	for deadline := time.Now().Add(60 * time.Second); ; {
		r, err = h.m.Status("hide")
		require.NoError(t, err)
		if r.State != rollout.Running {
			break
		}
		require.True(t, time.Now().Before(deadline), "it is not taken back: %+v", r)
		h.batch(lines...)
	}
	assert.Equal(t, rollout.RolledBack, r.State)
	assert.Equal(t, "field message: masked in 0.0 % of its events, in 1.0 % before (limit: 5.0 % of these less)", r.Reason)
}

func TestShadowOfAnEnricher(t *testing.T) {
	h := start(t)
	_, err := h.m.Upgrade(t.Context(), "names", h.version("names", "enricher"), rollout.Options{Mode: rollout.Shadow})
	require.NoError(t, err)
	r := h.until("names", func(r rollout.Report) bool { return r.Compared >= 500 })
	assert.Equal(t, r.Compared, field(r, "user.name").Equal)
	assert.Positive(t, r.New.Events)
}

func TestCanaryThatIsWellIsPromoted(t *testing.T) {
	h := start(t)
	_, err := h.m.Upgrade(t.Context(), "words", h.version("words", "loud"), rollout.Options{
		Mode: rollout.Canary, Share: 0.25, For: time.Millisecond, Limits: rollout.Limits{Latency: 1000, Cost: 1000},
	})
	require.NoError(t, err)
	_, err = h.m.Upgrade(t.Context(), "names", h.version("names", "enricher"), rollout.Options{Mode: rollout.Canary})
	require.ErrorContains(t, err, "there is a canary of words already")
	r := h.until("words", func(r rollout.Report) bool { return r.State != rollout.Running })
	assert.Equal(t, rollout.Promoted, r.State, r.Reason)
	assert.GreaterOrEqual(t, r.New.Batches, int64(rollout.MinBatches))
	assert.InDelta(t, 0.25, float64(r.New.Batches)/float64(r.New.Batches+r.Old.Batches), 0.02)
	assert.EqualValues(t, h.sent.Load()*100, h.by["words 1.2.3"]+h.by["words 2.0.0"], "each event by one version")
	// It is in service some milliseconds behind its state.
	for deadline := time.Now().Add(60 * time.Second); ; {
		h.by = map[string]int{}
		if h.traffic(); h.by["words 2.0.0"] == 100 || time.Now().After(deadline) {
			break
		}
	}
	assert.Equal(t, map[string]int{"words 2.0.0": 100}, h.by)
}

func TestCanaryThatIsWorseIsTakenBack(t *testing.T) {
	for behaviour, want := range map[string]string{
		"no ports": `field source\.port: in 0\.0 % of its events, in 100\.0 % before \(limit: 5\.0 % less\)`,
		"failing":  `errors: 10\.0 % of its events, 0\.0 % before \(limit: 1\.0 % more\)`,
		"slow":     `(cost|latency): .* \(limit: (50|100)\.0 % more\)`,
	} {
		t.Run(behaviour, func(t *testing.T) {
			h := start(t)
			_, err := h.m.Upgrade(t.Context(), "words", h.version("words", behaviour), rollout.Options{
				Mode: rollout.Canary, Share: 0.5, Limits: rollout.Limits{Latency: map[bool]float64{true: 1, false: 1000}[behaviour == "slow"]},
			})
			require.NoError(t, err)
			r := h.until("words", func(r rollout.Report) bool { return r.State != rollout.Running })
			assert.Equal(t, rollout.RolledBack, r.State)
			assert.Regexp(t, want, r.Reason)
			h.by = map[string]int{}
			h.traffic()
			assert.Equal(t, map[string]int{"words 1.2.3": 100}, h.by)
			_, err = h.m.Rollback(t.Context(), "words")
			require.ErrorIs(t, err, rollout.ErrConflict, "it was never promoted")
		})
	}
}

// A canary that dies is taken back at once, and its batch is not lost.
func TestCanaryThatDiesIsTakenBack(t *testing.T) {
	h := start(t)
	_, err := h.m.Upgrade(t.Context(), "words", h.version("words", "dying"), rollout.Options{Mode: rollout.Canary, Share: 0.5})
	require.NoError(t, err)
	for range 2 { // one of two is the canary's
		h.batch("wx", "w a")
	}
	require.Eventually(t, func() bool {
		r, err := h.m.Status("words")
		return err == nil && r.State == rollout.RolledBack && strings.Contains(r.Reason, "its process died")
	}, 30*time.Second, 5*time.Millisecond)
}

func TestRollbackAndRestart(t *testing.T) {
	h := start(t)
	_, err := h.m.Rollback(t.Context(), "words")
	require.ErrorContains(t, err, "words was not upgraded")
	two := h.version("words", "loud")
	_, err = h.m.Upgrade(t.Context(), "words", two, rollout.Options{})
	require.NoError(t, err)
	by := func(want string) {
		t.Helper()
		h.by = map[string]int{}
		h.traffic()
		assert.Equal(t, map[string]int{want: 100}, h.by)
	}
	by("words 2.0.0")
	restart := func() {
		require.NoError(t, h.m.Close())
		require.NoError(t, h.reg.Close())
		h.open(filepath.Join(h.dir, "versions.json"))
	}
	restart()
	by("words 2.0.0")
	_, err = h.m.Rollback(t.Context(), "words")
	require.NoError(t, err)
	by("words 1.2.3")
	restart()
	by("words 1.2.3")
	_, err = h.m.Rollback(t.Context(), "words")
	require.NoError(t, err)
	by("words 2.0.0")
	// What is under way does not outlive the host.
	_, err = h.m.Upgrade(t.Context(), "words", filepath.Join(h.dir, "words"), rollout.Options{Mode: rollout.Canary, Share: 0.5})
	require.NoError(t, err)
	restart()
	by("words 2.0.0")
	// A version whose folder has gone is left aside.
	require.NoError(t, os.RemoveAll(two))
	require.NoError(t, h.m.Close())
	require.NoError(t, h.reg.Close())
	_, err = trial.Open(t, h.dir, plugin.Options{Versions: h.versions.Folders()})
	require.ErrorContains(t, err, "the upgrade of plugin words is left aside, version 1.2.3 runs")
}

// Two versions may lie side by side, once an upgrade has said which of them runs.
func TestVersionsSideBySide(t *testing.T) {
	h := start(t)
	beside := filepath.Join(h.dir, "words-2")
	require.NoError(t, os.Rename(h.version("words", "loud"), beside))
	_, err := h.m.Upgrade(t.Context(), "words", beside, rollout.Options{})
	require.NoError(t, err)
	for _, want := range []string{"words 2.0.0", "words 1.2.3"} {
		require.NoError(t, h.m.Close())
		require.NoError(t, h.reg.Close())
		h.open(filepath.Join(h.dir, "versions.json"))
		h.by = map[string]int{}
		h.traffic()
		assert.Equal(t, map[string]int{want: 100}, h.by)
		_, err = h.m.Rollback(t.Context(), "words")
		require.NoError(t, err)
	}
}

func TestACheckChangesNothing(t *testing.T) {
	h := start(t)
	r, err := h.m.Upgrade(t.Context(), "words", h.version("words", "loud", "permissions: {network: ['192.0.2.1:53']}"), rollout.Options{Mode: rollout.Canary, Check: true})
	require.NoError(t, err)
	assert.Equal(t, rollout.Checked, r.State)
	assert.Equal(t, []string{"connect to 192.0.2.1:53"}, r.More)
	_, err = h.m.Status("words")
	require.ErrorIs(t, err, rollout.ErrConflict)
	h.traffic()
	assert.Equal(t, map[string]int{"words 1.2.3": 100}, h.by)
}

func TestOptionsAreChecked(t *testing.T) {
	f := func(o rollout.Options, want string) {
		t.Helper()
		assert.ErrorContains(t, o.Valid(), want)
	}
	f(rollout.Options{Mode: "blue"}, `mode "blue"`)
	f(rollout.Options{Mode: rollout.Canary, Share: 0.6}, "0.5 at most")
	f(rollout.Options{Mode: rollout.Canary, Share: -1}, "not negative")
	f(rollout.Options{Mode: rollout.Shadow, For: -1}, "30 days")
	f(rollout.Options{Mode: rollout.Shadow, Samples: 21}, "20 samples at most")
	assert.NoError(t, rollout.Options{}.Valid())
}

func TestDetectorsAndNotifiersAreUpgradedDirectly(t *testing.T) {
	dir := t.TempDir()
	trial.Folder(t, dir, "counter", trial.Manifest("counter", "detector"), "detector")
	trial.Folder(t, dir, "mail", trial.Manifest("mail", "notifier"), "notifier")
	reg, err := trial.Open(t, dir, plugin.Options{})
	require.NoError(t, err)
	require.NoError(t, reg.Start(t.Context()))
	v, err := rollout.OpenVersions(filepath.Join(dir, "versions.json"))
	require.NoError(t, err)
	m := rollout.NewManager(reg, v, nil, func() <-chan struct{} { return nil }, trial.Quiet())
	for _, mode := range []rollout.Mode{rollout.Shadow, rollout.Canary} {
		for id, kind := range map[string]string{"counter": "detector", "mail": "notifier"} {
			_, err = m.Upgrade(t.Context(), id, filepath.Join(dir, id), rollout.Options{Mode: mode})
			require.ErrorIs(t, err, rollout.ErrConflict)
			require.ErrorContains(t, err, fmt.Sprintf("%s is a %s, which cannot have a %s: ", id, kind, mode))
			require.ErrorContains(t, err, "upgrade it directly (without --shadow and --canary, mode direct)")
		}
	}
}

// A host that stops while a rollout begins ends it as well.
func TestARolloutThatBeginsAsTheHostStops(t *testing.T) {
	h := start(t)
	closed := make(chan error, 1)
	var m *rollout.Manager
	m = rollout.NewManager(h.reg, h.versions, h.processor, func() <-chan struct{} {
		go func() { closed <- m.Close() }()
		require.Eventually(t, func() bool {
			_, err := m.Abort(t.Context(), "names")
			return err != nil && strings.Contains(err.Error(), "the host stops")
		}, 30*time.Second, time.Millisecond)
		return nil
	}, trial.Quiet())
	_, err := m.Upgrade(t.Context(), "words", h.version("words", "loud"), rollout.Options{Mode: rollout.Shadow})
	require.NoError(t, err)
	select {
	case err := <-closed:
		require.NoError(t, err)
	case <-time.After(30 * time.Second):
		require.Fail(t, "closing waits for the rollout")
	}
	r, err := m.Status("words")
	require.NoError(t, err)
	assert.Equal(t, rollout.Aborted, r.State)
}
