package plugin_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/plugin"
	"github.com/logcenter/logcenter/host/plugin/trial"
	"github.com/logcenter/logcenter/sdk/wire"
)

func TestARefusedChangeChangesNothing(t *testing.T) {
	r, p := trial.Start(t, plugin.Options{}, "good", "parser")
	pid := p.PID()
	version := func(behaviour string, lines ...string) string {
		return trial.Folder(t, t.TempDir(), "good", trial.Manifest("good", "parser", lines...), behaviour)
	}
	upgrade := func(dir, want string) {
		t.Helper()
		_, err := r.Upgrade(t.Context(), "good", dir)
		require.ErrorContains(t, err, want)
	}
	upgrade(t.TempDir(), "plugin.yaml")
	upgrade(version("parser", "id: other"), "plugin.yaml: id: this is plugin other, not another version of good")
	upgrade(version("parser", "kind: enricher"), "kind: good is a parser, and a version of it cannot be a enricher")
	upgrade(version("parser", "writes: [{name: source.port, type: keyword, description: x}]"), "field source.port is long, cannot be keyword too; plugin good has it so")
	upgrade(version("other version", "version: 2.0.0"), "the manifest says good 2.0.0, the program says")
	upgrade(version("exit"), "exited before it said hello")
	_, err := r.Reconfigure(t.Context(), "good", plugin.Settings{Config: map[string]any{"refuse": "the moon is full"}})
	var refused *plugin.ConfigError
	require.ErrorAs(t, err, &refused)
	require.ErrorContains(t, err, "the moon is full")
	require.Error(t, r.CheckSettings(t.Context(), "good", plugin.Settings{Config: map[string]any{"refus": "x"}}))
	require.NoError(t, r.CheckSettings(t.Context(), "good", plugin.Settings{Config: map[string]any{"every": 3}}))
	now, err := r.Get("good")
	require.NoError(t, err)
	assert.Same(t, p, now)
	assert.Equal(t, pid, now.PID())
	assert.Equal(t, []string{"a 1"}, ask(t, now, "a port=1"))
	s, err := r.Settings("good")
	require.NoError(t, err)
	assert.Nil(t, s.Config)
	_, err = r.Upgrade(t.Context(), "goood", "x")
	require.ErrorContains(t, err, `is it "good"?`)
}

// The old process ends when the listeners say that nothing uses it any more, and not before.
func TestTheOldProcessFinishesItsBatches(t *testing.T) {
	r, old := trial.Start(t, plugin.Options{}, "good", "parser")
	settled, told := make(chan struct{}), make(chan *plugin.Plugin, 1)
	var once sync.Once
	r.OnChange(func() <-chan struct{} {
		once.Do(func() { told <- r.InService(wire.Kind_PARSER)[0] })
		return settled
	})
	done := make(chan plugin.Swap, 1)
	go func() {
		s, err := r.Upgrade(t.Context(), "good", trial.Folder(t, t.TempDir(), "good", trial.Manifest("good", "parser", "version: 2.0.0"), "loud"))
		assert.NoError(t, err)
		done <- s
	}()
	next := <-told
	assert.Equal(t, "2.0.0", next.Manifest().Version)
	assert.Equal(t, []string{"A 1"}, ask(t, next, "a port=1"))
	assert.Equal(t, []string{"a 1"}, ask(t, old, "a port=1"), "it still answers those that are on their way")
	assert.Empty(t, done)
	close(settled)
	s := <-done
	assert.Equal(t, [2]string{"1.2.3", "2.0.0"}, [2]string{s.From, s.To})
	state(t, old, plugin.Disabled)
	assert.Len(t, r.InService(wire.Kind_PARSER), 1)
}

func TestSwapOfAPluginThatDoesNotRun(t *testing.T) {
	dir := t.TempDir()
	trial.Folder(t, dir, "off", trial.Manifest("off", "parser"), "parser")
	trial.Folder(t, dir, "bad", trial.Manifest("bad", "parser"), "exit")
	r, err := trial.Open(t, dir, plugin.Options{Plugins: map[string]plugin.Settings{"off": {Disabled: true}}})
	require.NoError(t, err)
	require.Error(t, r.Start(t.Context()))
	for id, want := range map[string]plugin.State{"off": plugin.Disabled, "bad": plugin.Running} {
		begun := time.Now()
		_, err := r.Upgrade(t.Context(), id, trial.Folder(t, t.TempDir(), id, trial.Manifest(id, "parser", "version: 2.0.0"), "parser"))
		require.NoError(t, err)
		p, err := r.Get(id)
		require.NoError(t, err)
		state(t, p, want)
		assert.Equal(t, "2.0.0", p.Manifest().Version)
		assert.Less(t, time.Since(begun), time.Minute)
	}
	require.NoError(t, r.Enable(t.Context(), "off"))
	p, err := r.Get("off")
	require.NoError(t, err)
	assert.Equal(t, []string{"a"}, ask(t, p, "a"))
}

// Swaps, disabling and enabling of one plugin at the same time leave one process, of the last version put there.
func TestSwapsAtOnce(t *testing.T) {
	r, _ := trial.Start(t, plugin.Options{}, "good", "parser")
	dir := trial.Folder(t, t.TempDir(), "good", trial.Manifest("good", "parser", "version: 2.0.0"), "parser")
	var wg sync.WaitGroup
	var swaps atomic.Int32
	for range 4 {
		wg.Go(func() {
			if _, err := r.Upgrade(t.Context(), "good", dir); assert.NoError(t, err) {
				swaps.Add(1)
			}
		})
		wg.Go(func() { assert.NoError(t, r.Disable("good")) })
		wg.Go(func() { assert.NoError(t, r.Enable(t.Context(), "good")) })
	}
	wg.Wait()
	require.NoError(t, r.Enable(t.Context(), "good"))
	p, err := r.Get("good")
	require.NoError(t, err)
	assert.Equal(t, "2.0.0", p.Manifest().Version)
	assert.Equal(t, []string{"a"}, ask(t, p, "a"))
	assert.EqualValues(t, 4, swaps.Load())
}
