package main_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/loadgen"
	"github.com/logcenter/logcenter/sdk/client"
)

const rulesFile = "testdata/rules/backtest.yaml"

// TestBacktestRaisesWhatLiveRaised: rules that were live while events came in have raised the same alerts, by their ids,
// as they raise over the same events in the store.
func TestBacktestRaisesWhatLiveRaised(t *testing.T) {
	text, err := os.ReadFile(rulesFile)
	require.NoError(t, err)
	told := filepath.Join(t.TempDir(), "alerts.jsonl")
	var indented strings.Builder
	for line := range strings.Lines(string(text)) {
		indented.WriteString("        " + line)
	}
	h := newHost(t, fmt.Sprintf(`
drift: {enabled: false}
plugins:
  settings:
    file: {config: {path: %s}}
    correlation:
      config:
%s`, told, &indented))
	h.start()
	const lines = 12000
	start := time.Now().UTC().Add(-time.Hour).Truncate(time.Second)
	// Lines of one parser: those of several stand in a live batch side by side, not in the order in which they came in.
	var last time.Time
	gen := loadgen.New(loadgen.Options{
		Seed: 7, Start: start, Rate: 10, Attacks: 0.1, Malformed: -1, Mix: loadgen.Mix{Firewall: 1},
		OnLine: func(l *loadgen.Line) { last = l.Time },
	})
	var buf []byte
	for range lines / 500 {
		buf = buf[:0]
		for range 500 {
			buf = append(gen.Next(buf), '\n')
		}
		_, err := h.client().Ingest(t.Context(), "http", buf, client.IngestOptions{})
		require.NoError(t, err)
	}
	h.waitFor("the events", time.Minute, func() bool { return h.count("*") == lines })

	evidence := map[string][]string{} // of alerts, by their ids
	live := func() map[string]string {
		ids := map[string]string{}
		text, _ := os.ReadFile(told)
		for line := range strings.Lines(string(text)) {
			var a struct {
				ID, Rule string
				Events   []string
			}
			require.NoError(t, json.Unmarshal([]byte(line), &a), line)
			ids[a.ID], evidence[a.ID] = a.Rule, a.Events
		}
		return ids
	}
	out, err := h.cli("rule", "backtest", rulesFile, "--from", start.Add(-time.Hour).Format(time.RFC3339),
		"--to", last.Add(time.Millisecond).UTC().Format(time.RFC3339Nano), "-o", "json")
	require.NoError(t, err, "%s\n%s", out, h.log)
	var answer struct {
		Alerts []struct {
			ID, Rule string
			EventIDs []string `json:"event_ids"`
		}
		Report struct {
			Events int64
			Alerts int64
			Rules  []struct {
				Rule   string
				Alerts int
			}
		}
	}
	require.NoError(t, json.Unmarshal([]byte(out), &answer), out)
	require.EqualValues(t, lines, answer.Report.Events)
	again := map[string]string{}
	for _, a := range answer.Alerts {
		again[a.ID] = a.Rule
	}
	for end := time.Now().Add(20 * time.Second); len(live()) < len(again) && time.Now().Before(end); {
		time.Sleep(50 * time.Millisecond)
	}
	require.Equal(t, byRule(live()), byRule(again))
	for id, rule := range live() {
		require.Contains(t, again, id, "%s is raised with another id", rule)
	}
	for _, r := range answer.Report.Rules {
		require.NotZero(t, r.Alerts, "%s raises nothing, so that it proves nothing", r.Rule)
	}
	require.EqualValues(t, len(again), answer.Report.Alerts)
	for _, a := range answer.Alerts {
		require.Equal(t, evidence[a.ID], a.EventIDs, "%s %s", a.Rule, a.ID)
		require.EqualValues(t, 1, h.count(fmt.Sprintf("event.id:%q", a.EventIDs[0])))
	}

	table, err := h.cli("rule", "backtest", rulesFile, "--rule", "bt-failures", "--from", start.Format(time.RFC3339))
	require.NoError(t, err, table)
	require.Contains(t, table, "bt-failures")
	require.Contains(t, table, "12,000 events in ")
	require.Len(t, live(), len(again), "a backtest tells nobody")

	refused, err := h.cli("rule", "backtest", "no-such-rule")
	require.Error(t, err)
	require.Contains(t, refused, `there is no rule "no-such-rule"`)
}

func byRule(ids map[string]string) map[string]int {
	n := map[string]int{}
	for _, rule := range ids {
		n[rule]++
	}
	return n
}

// TestRuleTest: the examples of rules run through the real programs, without a host.
func TestRuleTest(t *testing.T) {
	runs := func(want int, args ...string) string {
		t.Helper()
		out, err := exec.Command(binary, append([]string{"rule", "test"}, args...)...).CombinedOutput()
		code := 0
		if err != nil {
			code = err.(*exec.ExitError).ExitCode() //nolint:errorlint,forcetypeassert // or the test ends here
		}
		require.Equal(t, want, code, "%s", out)
		return string(out)
	}
	require.Equal(t, "ok bt-failures\nok bt-denied\nok bt-denied-then-permitted\nok bt-login-without-logout\nok bt-new-dataset\n", runs(0, rulesFile))
	require.Equal(t, "ok bt-denied\n", runs(0, "testdata/rules", "--rule", "bt-denied"))
	require.Contains(t, runs(5, rulesFile, "--rule", "bt-denid"), `did you mean "bt-denied"?`)

	bad := filepath.Join(t.TempDir(), "bad.yaml")
	require.NoError(t, os.WriteFile(bad, []byte(`rules:
  - id: guessed
    name: Logins guessed
    query: event.action:login AND event.outcome:failure
    group_by: [source.ip]
    threshold: 2
    examples:
      - name: two of three have an address
        events:
          - {fields: {event.action: login, event.outcome: failure, source.ip: 192.0.2.7}, times: 2}
          - {fields: {event.action: login, event.outcome: failure}}
        alerts: 1
      - name: an nginx line is nobody's login
        events: [{line: '203.0.113.9 - - [{time:02/Jan/2006:15:04:05 -0700}] "GET / HTTP/1.1" 200 5 "-" "curl/8.0"'}]
      - name: a line of nobody
        events: [{line: 'neither this nor that'}]
  - id: unreadable
    name: Fields that nobody sends
    query: acme.thing:3
    examples: [{name: any, events: [{fields: {host.name: a}}], alerts: 1}]
  - id: untested
    name: Nothing says what it is for
    query: event.action:login
`), 0o600))
	got := strings.ReplaceAll(runs(1, bad), bad, "bad.yaml")
	require.Equal(t, `FAILED guessed  bad.yaml:8: example "two of three have an address": 1 alert expected, none came
    query selects 3 of 3 events; 1 of them have no source.ip
FAILED guessed  bad.yaml:15: example "a line of nobody": 1 line is not parsed by any plugin here: is the line as the device writes it, and its plugin beside this program or in --plugins?
    query selects 0 of 1 events
FAILED unreadable  bad.yaml:17: field acme.thing is not one that this plugin reads (add it under reads in plugin.yaml)
FAILED untested  bad.yaml:21: there are no examples: under examples, say which events must fire (alerts: 1) and which must not (alerts: 0)
3 of 3 rules failed
`, got)
	require.Contains(t, runs(5, filepath.Join(t.TempDir(), "none.yaml")), "no such file")
}
