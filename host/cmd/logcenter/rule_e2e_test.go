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
	dir, err := filepath.Abs(filepath.Dir(rulesFile))
	require.NoError(t, err)
	h := newHost(t, fmt.Sprintf("drift: {enabled: false}\nalerts: {rules: %s}\n", dir))
	h.start()
	const lines = 12000
	start := time.Now().UTC().Add(-time.Hour).Truncate(time.Second)
	// Lines of several parsers, which stand in a live batch side by side, not in the order in which they came in.
	var last time.Time
	gen := loadgen.New(loadgen.Options{
		Seed: 7, Start: start, Rate: 10, Attacks: 0.1, Malformed: -1,
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
		for f := (client.AlertFilter{Repeats: true, Limit: 1000}); ; {
			page, err := h.client().Alerts(t.Context(), f)
			require.NoError(t, err)
			for _, a := range page.Alerts {
				if !strings.HasPrefix(a.Rule, "bt-") { // of a rule that comes with the plugin
					continue
				}
				ids[a.ID], evidence[a.ID] = a.Rule, a.EventIDs
			}
			if f.Cursor = page.Cursor; f.Cursor == "" {
				return ids
			}
		}
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
	now, differ := live(), map[string]int{}
	counts := byRule(now)
	for id, rule := range again {
		if now[id] != rule {
			differ[rule]++
		}
	}
	require.Empty(t, differ, "alerts that have other ids")
	expected := byRule(again)
	// While nothing comes in, time goes on in the host, and more that should come stays away.
	require.GreaterOrEqual(t, counts["bt-login-without-logout"], expected["bt-login-without-logout"])
	counts["bt-login-without-logout"] = expected["bt-login-without-logout"]
	require.Equal(t, expected, counts)
	for _, r := range answer.Report.Rules {
		require.NotZero(t, r.Alerts, "%s raises nothing, so that it proves nothing", r.Rule)
	}
	require.EqualValues(t, len(again), answer.Report.Alerts)
	for i, a := range answer.Alerts {
		require.Equal(t, evidence[a.ID], a.EventIDs, "%s %s", a.Rule, a.ID)
		if i%50 == 0 {
			require.EqualValues(t, 1, h.count(fmt.Sprintf("event.id:%q", a.EventIDs[0])))
		}
	}

	table, err := h.cli("rule", "backtest", rulesFile, "--rule", "bt-failures", "--from", start.Format(time.RFC3339))
	require.NoError(t, err, table)
	require.Contains(t, table, "bt-failures")
	require.Contains(t, table, "12,000 events in ")
	require.Equal(t, counts["bt-failures"], byRule(live())["bt-failures"], "a backtest records nothing")

	byID, err := h.cli("rule", "backtest", "bt-failures", "--from", start.Format(time.RFC3339), "--to", last.Add(time.Millisecond).UTC().Format(time.RFC3339Nano))
	require.NoError(t, err, byID)
	require.Contains(t, byID, "12,000 events in ")
	h.reasoned(live())
	h.healthy()

	refused, err := h.cli("rule", "backtest", "no-such-rule")
	require.Error(t, err)
	require.Contains(t, refused, `there is no such rule: "no-such-rule"`)
}

// reasoned asks why one alert of each rule was raised.
func (h *hostProcess) reasoned(ids map[string]string) {
	h.t.Helper()
	of := map[string]string{}
	for id, rule := range ids {
		of[rule] = id
	}
	reason := func(rule string) *client.AlertReason {
		h.t.Helper()
		r, err := h.client().ExplainAlert(h.t.Context(), of[rule])
		require.NoError(h.t, err)
		require.Equal(h.t, rule, r.Rule)
		require.Empty(h.t, r.Notes)
		require.Len(h.t, r.Events, int(r.Count))
		return r
	}
	r := reason("bt-failures")
	require.EqualValues(h.t, 5, r.Count)
	require.Contains(h.t, r.Wanted, "events of the same source.ip within 2m: more than 4")
	require.Contains(h.t, r.Found, "without 1 of them it would not have been raised")
	alert, err := h.client().Alert(h.t.Context(), of["bt-failures"])
	require.NoError(h.t, err)
	var behind []string
	for _, e := range r.Events {
		behind = append(behind, e.ID)
		require.Equal(h.t, []string{"query"}, e.Parts)
		require.Equal(h.t, r.Keys, e.Keys)
	}
	require.ElementsMatch(h.t, alert.EventIDs, behind)
	r = reason("bt-denied-then-permitted")
	require.Equal(h.t, []string{"steps[0].query", "steps[1].query"}, []string{r.Parts[0].Name, r.Parts[1].Name})
	require.Equal(h.t, []int{2, 1}, []int{r.Parts[0].Matched, r.Parts[1].Matched})
	require.Equal(h.t, []string{"steps[1].query"}, r.Events[2].Parts)
	r = reason("bt-login-without-logout")
	require.Equal(h.t, []string{"steps[0].query"}, r.Events[0].Parts)

	shown, err := h.cli("rule", "explain", of["bt-denied"])
	require.NoError(h.t, err, shown)
	require.Contains(h.t, shown, "the number of different values of destination.port over events of the same source.ip within 5m: more than 20")
	unknown, err := h.cli("rule", "explain", "0123456789abcdef")
	require.Error(h.t, err)
	require.Contains(h.t, unknown, "0123456789abcdef")
}

// healthy looks at how the rules fare, and what they can see.
func (h *hostProcess) healthy() {
	h.t.Helper()
	var f client.RuleHealth
	h.waitFor("figures of the rule", time.Minute, func() bool {
		// A detector tells with the next entry, once some seconds have passed.
		_, err := h.client().Ingest(h.t.Context(), "http", []byte("one more line\n"), client.IngestOptions{})
		require.NoError(h.t, err)
		l, err := h.client().RuleHealth(h.t.Context(), "bt-failures")
		require.NoError(h.t, err)
		f = l.Rules[0]
		return f.Matched > 0
	})
	require.Equal(h.t, "correlation", f.Detector)
	require.NotZero(h.t, f.Raised)
	require.NotZero(h.t, f.PerDay)
	require.Contains(h.t, h.metrics(), `logcenter_rule_matched_total{plugin="correlation",rule="bt-failures"}`)
	out, err := h.cli("rule", "health")
	require.NoError(h.t, err, out)
	require.Contains(h.t, out, "bt-denied ")

	c, err := h.client().RuleCoverage(h.t.Context(), "", "2026-10-11", "UTC")
	require.NoError(h.t, err)
	require.Equal(h.t, [2]string{"2026-10-10T00:00:00Z", "2026-10-11T00:00:00Z"}, [2]string{c.From.Format(time.RFC3339), c.To.Format(time.RFC3339)}, "a day, unless it is said")
	c, err = h.client().RuleCoverage(h.t.Context(), "-2h", "", "")
	require.NoError(h.t, err)
	verdicts := map[string]client.CoveredRule{}
	for _, r := range c.Rules {
		verdicts[r.Rule] = r
	}
	require.Equal(h.t, "ok", verdicts["bt-failures"].Verdict)
	require.Contains(h.t, verdicts["bt-failures"].Plugins, "dptech")
	require.Equal(h.t, "dead", verdicts["cloud-root-login"].Verdict, "no parser of a cloud is here")
	require.Contains(h.t, verdicts["cloud-root-login"].Missing, "event.module:cloudtrail")
	require.Equal(h.t, "refused", verdicts["mass-export"].Verdict, "it takes over a field that nobody declares")
	require.Contains(h.t, verdicts["mass-export"].Problem, "mysql.rows.sent")
	out, err = h.cli("rule", "coverage")
	require.NoError(h.t, err, out)
	require.Contains(h.t, out, "T1110 ")
	out, err = h.cli("rule", "coverage", "--navigator")
	require.NoError(h.t, err, out)
	require.Contains(h.t, out, `"techniqueID": "T1110"`)
}

func byRule(ids map[string]string) map[string]int {
	n := map[string]int{}
	for _, rule := range ids {
		n[rule]++
	}
	return n
}

// ruleTest runs `rule test` and wants an exit code.
func ruleTest(t *testing.T, want int, args ...string) string {
	t.Helper()
	out, err := exec.Command(binary, append([]string{"rule", "test"}, args...)...).CombinedOutput()
	code := 0
	if err != nil {
		code = err.(*exec.ExitError).ExitCode() //nolint:errorlint,forcetypeassert // or the test ends here
	}
	require.Equal(t, want, code, "%s", out)
	return string(out)
}

// TestRuleTest: the examples of rules run through the real programs, without a host.
func TestRuleTest(t *testing.T) {
	runs := func(want int, args ...string) string { t.Helper(); return ruleTest(t, want, args...) }
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
FAILED unreadable  bad.yaml:19: query: there is no field acme.thing, or no enabled plugin has it
FAILED untested  bad.yaml:21: there are no examples: under examples, say which events must fire (alerts: 1) and which must not (alerts: 0)
3 of 3 rules failed
`, got)
	require.Contains(t, runs(5, filepath.Join(t.TempDir(), "none.yaml")), "no such file")
}

// TestRuleTestLists: a rule that asks for lists sees those of each of its examples, else those of a folder; one that is
// nowhere is told.
func TestRuleTestLists(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	rules := file("rules.yaml", `rules:
  - id: not-an-admin
    name: Somebody else logs in
    type: keyword
    query: event.action:login AND NOT user.name:list(admins)
    group_by: [user.name]
    examples:
      - name: nobody of the list, and one who is
        lists: [{name: admins, type: user, values: [Alice, bob]}]
        events:
          - {fields: {event.action: login, user.name: carol}}
          - {fields: {event.action: login, user.name: ALICE}}
        alerts: 1
        keys: [{user.name: carol}]
      - name: another list
        lists: [{name: admins, type: user, values: [carol]}]
        events: [{fields: {event.action: login, user.name: carol}}]
        alerts: 0
      - name: an empty list
        lists: [{name: admins, type: user}]
        events: [{fields: {event.action: login, user.name: carol}}]
        alerts: 1
  - id: bad-network
    name: A bad address
    type: keyword
    query: source.ip:list(bad)
    examples:
      - name: within it
        events: [{fields: {source.ip: 192.0.2.7}}]
        alerts: 1
      - name: outside
        events: [{fields: {source.ip: 198.51.100.7}}]
        alerts: 0
      - name: in a list of its own
        lists: [{name: bad, type: ip, values: [198.51.100.0/24]}]
        events: [{fields: {source.ip: 198.51.100.7}}]
        alerts: 1
      - name: which the others do not see
        events: [{fields: {source.ip: 198.51.100.7}}]
        alerts: 0
`)
	nowhere := "query: list bad is nowhere given: put it under lists of the example, as {name: bad, type: TYPE, values: [...]}, or bad.TYPE.csv into the folder of --watchlists; TYPE is one of ip, domain, hash, user, keyword\n"
	require.Equal(t, `ok not-an-admin
FAILED bad-network  rules.yaml:28: example "within it": `+nowhere+`FAILED bad-network  rules.yaml:31: example "outside": `+nowhere+
		`FAILED bad-network  rules.yaml:38: example "which the others do not see": `+nowhere+"1 of 2 rules failed\n",
		strings.ReplaceAll(ruleTest(t, 1, rules), rules, "rules.yaml"))
	lists := filepath.Dir(file("lists/bad.ip.csv", "value,note\n192.0.2.0/24,scanners\n"))
	require.Equal(t, "ok not-an-admin\nok bad-network\n", ruleTest(t, 0, rules, "--watchlists", lists))
	config := file("logcenter.yaml", "data_dir: data\nwatchlists: {directory: lists}\n")
	require.Equal(t, "ok not-an-admin\nok bad-network\n", ruleTest(t, 0, rules, "--config", config))

	other := file("lists/admins.keyword.csv", "dave\n")
	require.Contains(t, ruleTest(t, 1, rules, "--watchlists", lists), "list admins is of type user here, and of type keyword in "+other+": a host has one list of a name")
	file("lists/admins.keyword.csv", "value,expires\ndave,soon\n")
	require.Contains(t, ruleTest(t, 5, rules, "--watchlists", lists), other+":2:6: expires: ")
	wrong := file("wrong.yaml", "id: a\nname: a\ntype: keyword\nquery: source.ip:list(bad)\nexamples:\n  - {name: a, alerts: 1, lists: [{name: bad, type: ip, values: [nope]}], events: [{fields: {source.ip: 192.0.2.7}}]}\n")
	require.Contains(t, ruleTest(t, 5, wrong), wrong+`:6:65: examples[0].lists[0].values[0]: "nope" is no IP address`)
}

// TestRuleSigmaLists: a placeholder of Sigma becomes a list, which the report tells of.
func TestRuleSigmaLists(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	rule := file("admin.yml", "title: A\nid: a\nlogsource: {product: windows, service: security}\ndetection: {s: {TargetUserName|expand: '%Administrators%'}, condition: s}\n")
	names := file("names.yaml", "lists: {Administrators: admins}\n")
	out, err := exec.Command(binary, "rule", "sigma", rule, "--map", names, "--out", filepath.Join(dir, "out")).CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Contains(t, string(out), "  logcenter watchlist import admins FILE --type user  # 1 rule\n")
	made, err := os.ReadFile(filepath.Join(dir, "out", "admin.yaml"))
	require.NoError(t, err)
	require.Contains(t, string(made), "user.target.name:list(admins)")
	require.Contains(t, string(made), "# list admins of type user must be there")
}
