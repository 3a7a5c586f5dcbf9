package plugin_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/plugin"
	"github.com/logcenter/logcenter/host/plugin/trial"
	"github.com/logcenter/logcenter/sdk/wire"
)

func TestWhatBecomesOfAnAlertIsTold(t *testing.T) {
	file := filepath.Join(t.TempDir(), "told")
	s := plugin.Settings{Config: map[string]any{"file": file, "targets": []any{"soc", "lead"}}, Grant: plugin.Grant{Write: []string{filepath.Dir(file)}}}
	r, p := trial.Start(t, plugin.Options{Plugins: map[string]plugin.Settings{"teller": s}}, "teller", "notifier", "permissions: {write: ['"+filepath.Dir(file)+"']}")
	targets, known := p.Targets()
	assert.True(t, known)
	assert.Equal(t, []string{"soc", "lead"}, targets)
	notify := func(name string, within time.Duration) *plugin.NotifyError {
		err := p.Notify(t.Context(), &wire.Alert{Id: "1", Name: name}, within)
		if err == nil {
			return nil
		}
		var failed *plugin.NotifyError
		require.ErrorAs(t, err, &failed, name)
		return failed
	}
	assert.Nil(t, notify("fine", time.Minute))
	refused := notify("REFUSE", time.Minute)
	assert.True(t, refused.Answered && refused.Final)
	assert.EqualError(t, refused, "never")
	later := notify("LATER", time.Minute)
	assert.True(t, later.Answered && !later.Final)
	assert.Equal(t, time.Minute, later.RetryAfter)
	for name, reason := range map[string]string{"KILL": "", "HANG": "no answer within 200ms"} {
		lost := notify(name, 200*time.Millisecond)
		assert.False(t, lost.Answered || lost.Final, name)
		assert.ErrorContains(t, lost, reason, name)
		require.Eventually(t, func() bool { return notify("fine", time.Minute) == nil }, time.Minute, time.Millisecond, "it is started again")
	}
	require.NoError(t, r.Disable("teller"))
	require.ErrorIs(t, p.Notify(t.Context(), &wire.Alert{Id: "1"}, time.Minute), plugin.ErrUnavailable)
	targets, _ = p.Targets()
	assert.Equal(t, []string{"soc", "lead"}, targets, "they are known further on")
}

// TestOneOfSeveralTargetsHangs: a target that hangs does not put a notifier out of service, two of them do.
func TestOneOfSeveralTargetsHangs(t *testing.T) {
	s := plugin.Settings{Config: map[string]any{"targets": []any{"soc", "lead"}}}
	_, p := trial.Start(t, plugin.Options{Plugins: map[string]plugin.Settings{"teller": s}}, "teller", "notifier")
	hang := func(target string, times int) plugin.State {
		for range times {
			require.Error(t, p.Notify(t.Context(), &wire.Alert{Id: "1", Name: "HANG", Target: target}, 10*time.Millisecond))
		}
		state, _ := p.State()
		return state
	}
	assert.NotEqual(t, plugin.Quarantined, hang("soc", 11))
	assert.NotEqual(t, plugin.Quarantined, hang("lead", 4))
	assert.Equal(t, plugin.Quarantined, hang("lead", 1))
}

func TestTargetsThatNobodyCanName(t *testing.T) {
	for _, c := range []struct {
		targets []any
		reason  string
	}{
		{[]any{"a", "a"}, "its target a is there twice"},
		{[]any{"with blank"}, `its target "with blank" needs a name`},
		{[]any{"*"}, `its target "*" needs a name`},
		{[]any{""}, `its target "" needs a name`},
	} {
		dir := t.TempDir()
		trial.Folder(t, dir, "teller", trial.Manifest("teller", "notifier"), "notifier")
		r, err := trial.Open(t, dir, plugin.Options{Plugins: map[string]plugin.Settings{"teller": {Config: map[string]any{"targets": c.targets}}}})
		require.NoError(t, err)
		assert.ErrorContains(t, r.Start(t.Context()), c.reason)
	}
}
