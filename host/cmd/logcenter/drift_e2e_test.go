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

	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/sdk/client"
)

// TestDrift: a web server that is brought to another log format is found: an alert with masked lines from before and
// since goes to the notifiers, once, also when the host is killed, and health names the device until it is accepted.
func TestDrift(t *testing.T) {
	t.Parallel()
	told := filepath.Join(t.TempDir(), "alerts.jsonl")
	h := newHost(t, fmt.Sprintf("drift: {persist: 0s}\nplugins: {settings: {file: {config: {targets: [{name: all, path: %s}]}}, correlation: {enabled: false}}}\n", told))
	h.start()
	send := func(n int, format string) {
		t.Helper()
		for i := 0; i < n; i += 500 {
			var lines strings.Builder
			for j := i; j < min(n, i+500); j++ {
				fmt.Fprintf(&lines, format+"\n", j%250)
			}
			_, err := h.client().Ingest(t.Context(), "http", []byte(lines.String()), client.IngestOptions{})
			require.NoError(t, err)
		}
	}
	const good = `203.0.113.%d - - [11/Oct/2026:12:00:00 +0800] "GET /login?password=Secret4711 HTTP/1.1" 200 512 "-" "curl/8.14.1" 0.026`
	send(3000, good)
	h.waitFor("the good lines", time.Minute, func() bool { return h.count("event.dataset:nginx.access") == 3000 })
	send(300, strings.Replace(good, "[11/Oct/2026", "(11-Oct-2026", 1))

	cli := func(args ...string) string {
		t.Helper()
		out, err := h.cli(args...)
		require.NoError(t, err, "%q", args)
		return out
	}
	type alert struct {
		ID, Kind, Rule, Name, Severity, Remarks, Recovers string
		Keys, Fields                                      map[string]string
		Events                                            []string
	}
	alerts := func() (out []alert) {
		text, _ := os.ReadFile(told)
		seen := map[string]bool{} // whose delivery was not written down when the host was killed is told again
		for line := range strings.Lines(string(text)) {
			var a alert
			require.NoError(t, json.Unmarshal([]byte(line), &a), line)
			if !seen[a.ID] {
				out = append(out, a)
			}
			seen[a.ID] = true
		}
		return out
	}
	h.waitFor("the alert", time.Minute, func() bool { return len(alerts()) > 0 })
	a := alerts()[0]
	require.Equal(t, "logcenter.drift.unparsed", a.Rule)
	require.Equal(t, "nginx", a.Keys["plugin"])
	require.Equal(t, "127.0.0.1", a.Keys["device"])
	require.Equal(t, "0%", a.Fields["rate.before"])
	require.Contains(t, a.Fields["line.before.1"], "[11/Oct/2026:12:00:00 +0800] \"GET /login?password=****** HTTP/1.1")
	require.Contains(t, a.Fields["line.after.5"], "(11-Oct-2026:12:00:00 +0800] \"GET /login?password=****** HTTP/1.1")
	require.Contains(t, a.Remarks, "logcenter plugin new NAME --kind parser --from FILE")
	require.NotEmpty(t, a.Events)
	h.waitFor("the events of the alert", time.Minute, func() bool { return h.count("event.id:"+a.Events[0]) == 1 })

	h.kill(syscall.SIGKILL)
	h.start()
	send(500, strings.Replace(good, "[11/Oct/2026", "(11-Oct-2026", 1))
	h.waitFor("all lines", time.Minute, func() bool { return h.count("*") == 3800 })
	list := cli("drift", "list", "--plugin", "nginx")
	require.Contains(t, list, a.ID)
	show := cli("drift", "show", a.ID)
	require.Contains(t, show, "unparsed: ")
	require.Contains(t, show, "(11-Oct-2026:12:00:00 +0800]")
	require.Contains(t, cli("health"), "127.0.0.1: nginx does not parse ")
	require.Contains(t, h.metrics(), "\nlogcenter_drift_open 1\n")

	require.Contains(t, cli("drift", "accept", a.ID), "as they should be")
	send(1000, strings.Replace(good, "[11/Oct/2026", "(11-Oct-2026", 1))
	h.waitFor("all lines", time.Minute, func() bool { return h.count("*") == 4800 })
	require.Contains(t, h.metrics(), "\nlogcenter_drift_open 0\n")
	h.waitFor("that it is over", time.Minute, func() bool { return len(alerts()) == 2 })
	over := alerts()[1]
	require.Equal(t, "recovery", over.Kind, "one change is one alert")
	require.Equal(t, a.ID, over.Recovers)
	text, err := os.ReadFile(told)
	require.NoError(t, err)
	state, err := os.ReadFile(filepath.Join(h.data, "drift.json"))
	require.NoError(t, err)
	for _, shown := range []string{list, show, string(text), string(state), cli("drift", "list", "-o", "json")} {
		require.NotContains(t, shown, "Secret4711")
	}
}
