package bench_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/bench"
	"github.com/logcenter/logcenter/host/rule"
)

// TestShippedRulesFire: every rule that comes with Logcenter is fired by the attack script, all rules and all attacks at once;
// none is fired more than once by an ordinary day.
func TestShippedRulesFire(t *testing.T) {
	if os.Getenv("LOGCENTER_LONG") == "" {
		t.Skip("three weeks through thirty plugins; set LOGCENTER_LONG=1")
	}
	dir, err := filepath.Abs("../../bin/plugins")
	require.NoError(t, err)
	if _, err := os.Stat(dir); err != nil {
		t.Fatalf("%v: run make build first", err)
	}
	rules, err := rule.ReadFolder("../../plugins/alert/correlation/rules")
	require.NoError(t, err)
	o := bench.AlarmOptions{Dirs: []string{dir}, Dir: t.TempDir(), Rules: rules, Days: 22}
	list, _, err := bench.TryRules(t.Context(), o)
	require.NoError(t, err)
	lines := 0
	for _, a := range list {
		assert.Positive(t, a.Script, "%s does not fire", a.Rule)
		assert.LessOrEqual(t, a.False, 1, "%s raises false alarms", a.Rule)
		assert.False(t, a.Learning, "%s learns longer than the days before", a.Rule)
		if a.Lines > 0 {
			lines++
		}
	}
	assert.GreaterOrEqual(t, lines, len(list)-1, "only privileges behind a download need a registry of assets")
}
