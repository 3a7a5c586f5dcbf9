package main_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/plugin/trial"
	"github.com/logcenter/logcenter/sdk/client"
)

// TestTheHostTellsOfItself: a plugin that crashes again and again is quarantined, and that is an event, an alert that is
// told once, and over when the plugin runs again. A host that was killed says so.
func TestTheHostTellsOfItself(t *testing.T) {
	plugins, err := filepath.Abs(filepath.Join(filepath.Dir(binary), "plugins"))
	require.NoError(t, err)
	dir := t.TempDir()
	trial.Folder(t, dir, "words", trial.Manifest("words", "parser"), "parser")
	file := filepath.Join(t.TempDir(), "alerts.jsonl")
	h := newHost(t, fmt.Sprintf(`
self: {check_every: 100ms}
drift: {enabled: false}
plugins:
  dirs: [%[3]s, %[1]s/logcenter, %[1]s/masking, %[1]s/correlation, %[1]s/file]
  settings:
    file: {config: {targets: [{name: local, path: %[2]s}]}}
`, plugins, file, dir))
	h.start()

	// It dies of each of these lines, and again of those that are left.
	_, err = h.client().Ingest(t.Context(), "http", []byte(strings.Repeat("words KILL\n", 12)), client.IngestOptions{})
	require.NoError(t, err)
	told := func() (out []string) {
		text, _ := os.ReadFile(file) // it is there once something was told
		for line := range strings.Lines(string(text)) {
			var a struct {
				Rule, Kind string
				Keys       map[string]string
			}
			require.NoError(t, json.Unmarshal([]byte(line), &a), line)
			out = append(out, strings.TrimSpace(a.Rule+" "+a.Kind+" "+a.Keys["logcenter.component.name"]))
		}
		return out
	}
	h.waitFor("the alert", 2*time.Minute, func() bool { return len(told()) > 0 })
	h.does("plugin", "enable", "words")
	h.waitFor("the recovery", 2*time.Minute, func() bool { return len(told()) > 1 })
	assert.Equal(t, []string{"plugin-quarantined alert words", "plugin-quarantined recovery words"}, told(), "each once")
	h.waitFor("the events", 2*time.Minute, func() bool {
		return h.count("event.action:plugin-quarantined AND log.level:Error AND logcenter.component.name:words") == 1 &&
			h.count("event.action:plugin-running AND event.type:end") == 1 && h.count("logcenter.input:self AND event.action:plugin-crashed AND logcenter.component.count:>0") == 1 &&
			h.count("event.action:host-started AND event.dataset:logcenter.self") == 1
	})

	h.kill(syscall.SIGKILL)
	h.start()
	h.waitFor("that the host was killed", 2*time.Minute, func() bool { return len(told()) > 2 })
	h.kill(syscall.SIGTERM)
	h.start()
	h.waitFor("the next start", 2*time.Minute, func() bool { return h.count("event.action:host-started") == 2 })
	assert.Equal(t, "host-restarted alert", told()[2])
	assert.Len(t, told(), 3)
	h.waitFor("the end of the one before", 2*time.Minute, func() bool { return h.count("event.action:host-stopped") == 1 })
}

// TestReadersThatAreBehindAreTold: alerts that come late because the detector, or a plugin before it, has more than it can do
// are seen in health and metrics, and in the log center's own events.
func TestReadersThatAreBehindAreTold(t *testing.T) {
	plugins, err := filepath.Abs(filepath.Join(filepath.Dir(binary), "plugins"))
	require.NoError(t, err)
	dir := t.TempDir()
	trial.Folder(t, dir, "words", trial.Manifest("words", "parser"), "parser")
	trial.Folder(t, dir, "counter", trial.Manifest("counter", "detector"), "detector")
	h := newHost(t, fmt.Sprintf(`
self: {check_every: 100ms, after: 0s, lag: 1s}
drift: {enabled: false}
plugins: {dirs: [%s, %s/logcenter, %[2]s/masking]}
`, dir, plugins))
	h.start()
	behind := func(group, journal, line string) {
		h.waitFor(group+" to be behind", 2*time.Minute, func() bool {
			_, err := h.client().Ingest(t.Context(), "http", []byte(line+"\n"), client.IngestOptions{})
			require.NoError(t, err)
			c := h.component("consumer " + group)
			return strings.Contains(c.Reason, "behind, which are")
		})
		assert.Regexp(t, fmt.Sprintf(`(?m)^logcenter_journal_lag_seconds\{group="%s",journal="%s"\} [1-9]`, group, journal), h.metrics())
	}
	behind("alert", "event", "no parser takes it: HANG")
	counter, err := h.client().Plugin(t.Context(), "counter")
	require.NoError(t, err)
	require.NotNil(t, counter.LagSeconds)
	assert.GreaterOrEqual(t, *counter.LagSeconds, 1.0, "the same figure")
	h.waitFor("the event of it", 2*time.Minute, func() bool {
		return h.count("event.action:consumer-lagging AND logcenter.component.name:alert") == 1
	})
	behind("pipeline", "raw", "words HANG")
}
