package example_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/alert"
	"github.com/logcenter/logcenter/host/pipeline"
	"github.com/logcenter/logcenter/host/plugin"
	"github.com/logcenter/logcenter/host/rule"
	"github.com/logcenter/logcenter/host/rule/example"
)

// TestShippedRules runs the examples of every rule that comes with Logcenter, device lines through the real plugins.
func TestShippedRules(t *testing.T) {
	dir, err := filepath.Abs("../../../bin/plugins")
	require.NoError(t, err)
	if _, err := os.Stat(dir); err != nil {
		t.Fatalf("%v: run make build first", err)
	}
	log := logrus.New()
	log.SetLevel(logrus.ErrorLevel)
	run := filepath.Join(t.TempDir(), "run")
	registry, err := plugin.Open(plugin.Options{Dirs: []string{dir}, RunDir: run, Log: logrus.NewEntry(log)})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, registry.Close()) })
	detector, err := registry.Get(alert.RuleDetector)
	require.NoError(t, err)
	lists, err := example.OpenLists(filepath.Join(t.TempDir(), "lists"), "")
	require.NoError(t, err)
	rules, err := rule.ReadFolder("../../../plugins/alert/correlation/rules")
	require.NoError(t, err)
	done := 0
	require.NoError(t, example.Run(t.Context(), example.Options{
		Detector: detector.Manifest(), Lists: lists, Single: plugin.SingleOptions{RunDir: run, Log: logrus.NewEntry(log)},
		Pipeline: example.NewPipeline(registry, pipeline.Plan{}, func(string) bool { return false }),
	}, rules, func(r example.Result) {
		for _, f := range r.Faults {
			assert.Fail(t, r.Rule, "%s:%d: example %q: %s %v", r.File, f.Line, f.Example, f.Message, f.Details)
		}
		done++
	}))
	assert.Equal(t, len(rules), done)
	assert.GreaterOrEqual(t, done, 40)
}
