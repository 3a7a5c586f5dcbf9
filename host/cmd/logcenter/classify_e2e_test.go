package main_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/sdk/client"
)

const faultRules = `
classification:
  - name: switch-faults
    query: app_name=switch AND (Fail OR Bad OR Error)
    set: {device_type: server, log_type: error, category: [network], level: Error, priority: 2}
streams:
  - {name: faults, query: 'logcenter.log_type:error'}
`

// TestClassification: a rule of the configuration sets what its device's parser does not know, and everything behind it
// goes by that: streams, retention, explanations. Other rules come into effect while the host runs, and an event of
// before is explained by those of its time.
func TestClassification(t *testing.T) {
	t.Parallel()
	h := newHost(t, faultRules)
	h.start()
	ingest := func(lines string, events int64) {
		_, err := h.client().Ingest(t.Context(), "http", []byte(lines), client.IngestOptions{})
		require.NoError(t, err)
		h.waitFor("the events", time.Minute, func() bool { return h.count("*") == events })
	}
	ingest("device=sw-1 app_name=switch result=Fail at=first\ndevice=sw-1 app_name=switch result=ok\n", 2)
	require.EqualValues(t, 1, h.count("logcenter.classified_by:switch-faults AND event.category:network AND logcenter.priority:2 AND logcenter.stream:faults"))
	require.EqualValues(t, 1, h.count("observer.type:server AND logcenter.log_type:error AND log.level:Error"))
	require.Regexp(t, `(?m)^server\.error +90 +3 +\S+ +1 `, h.does("retention", "plan"))
	require.Contains(t, h.metrics(), "\nlogcenter_classification_hits_total{rule=\"switch-faults\"} 1\n")
	require.Contains(t, h.metrics(), "\nlogcenter_classification_decided_total{rule=\"switch-faults\"} 1\n")
	require.Regexp(t, `(?m)^switch-faults +1 +1 +observer.type=server logcenter.log_type=error event.category=network log.level=Error logcenter.priority=2 `, h.does("classify"))
	by := func(query, rule, level string) {
		t.Helper()
		_, fields := h.explained(query)
		for _, name := range []string{"observer.type", "logcenter.log_type", "event.category", "log.level", "logcenter.priority"} {
			assert.Equal(t, "rule "+rule, fields[name].By, name)
		}
		assert.EqualValues(t, level, fields["log.level"].Value)
		for name, f := range fields {
			assert.False(t, f.Differs, "%s: stored %v, now %v", name, f.Value, f.Now)
		}
	}
	by("first", "switch-faults", "Error")

	// Another rule is tried on what is stored, then put into effect.
	config, err := os.ReadFile(h.config)
	require.NoError(t, err)
	change := func(replace ...string) {
		require.NoError(t, os.WriteFile(h.config, []byte(strings.NewReplacer(replace...).Replace(string(config))), 0o600))
	}
	change("switch-faults", "switch-broken", "level: Error", "level: Fatal")
	require.Regexp(t, `(?m)^switch-broken +1 +1 +.*at=first`, h.does("classify", "test", "--config", h.config))
	require.NoError(t, h.cmd.Process.Signal(syscall.SIGHUP))
	h.waitFor("the other rule", time.Minute, func() bool { return strings.Contains(h.does("classify"), "switch-broken") })
	ingest("device=sw-1 app_name=switch result=Bad at=second\n", 3)
	require.EqualValues(t, 1, h.count("logcenter.classified_by:switch-broken AND log.level:Fatal"))
	by("first", "switch-faults", "Error")
	by("second", "switch-broken", "Fatal")

	// What is wrong is told with its place, and leaves the host as it is.
	change("log_type: error", "log_type: eror")
	out, err := h.program("validate", "--config", h.config)
	require.Error(t, err)
	require.Regexp(t, `logcenter\.yaml:\d+:\d+: classification\[0\]\.set\.log_type: "eror" is no log type of the device type server \(did you mean "error"\?`, out)
	require.NoError(t, h.cmd.Process.Signal(syscall.SIGHUP))
	h.kill(syscall.SIGTERM)
	change("switch-faults", "switch-broken", "level: Error", "level: Fatal")
	h.start()
	by("first", "switch-faults", "Error")
	by("second", "switch-broken", "Fatal")
	files, err := filepath.Glob(filepath.Join(h.data, "lineage", "rules", "*.json"))
	require.NoError(t, err)
	require.Len(t, files, 2, fmt.Sprint(files))
}
