package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/manifest"
	"github.com/logcenter/logcenter/sdk/plugintest"
	document "github.com/logcenter/logcenter/sdk/rule"
	"github.com/logcenter/logcenter/sdk/sample"
	"github.com/logcenter/logcenter/sdk/wire"
)

func TestGolden(t *testing.T)      { plugintest.Golden(t, sdk.DetectorStage(New)) }
func TestConformance(t *testing.T) { plugintest.Conformance(t, sdk.DetectorStage(New)) }
func BenchmarkDetect(b *testing.B) { plugintest.Bench(b, sdk.DetectorStage(New)) }

// login is a failed login in the tests below.
type login struct {
	at time.Duration // behind start
	ip string
}

var start = time.Date(2026, 10, 11, 11, 55, 0, 0, time.UTC)

// run is a detector with one rule, and what it has raised.
type run struct {
	t      testing.TB
	stage  *sdk.Stage
	config string
	n      int
	alerts []sdk.Alert
	rules  []*wire.RuleStat
}

func newRun(t testing.TB, config string) *run {
	r := &run{t: t, config: config}
	r.restart()
	return r
}

// restart is a fresh process.
func (r *run) restart() {
	r.t.Helper()
	r.stage = sdk.DetectorStage(New)
	plugintest.OpenWith(r.t, r.stage, setup(r.config))
}

// setup parts a config, in JSON, from the rules that stand in it under the key rules.
func setup(text string) sample.Setup {
	var all map[string]json.RawMessage
	if err := json.Unmarshal([]byte(text), &all); err != nil {
		panic(err)
	}
	s := sample.Setup{Rules: all["rules"]}
	delete(all, "rules")
	s.Config, _ = json.Marshal(all) // it was JSON
	return s
}

// send hands over logins as one batch.
func (r *run) send(logins ...login) {
	r.t.Helper()
	lines := make([][]byte, len(logins))
	var at, received, ip, outcome, place wire.Builder
	at.Reset(wire.Type_TIMESTAMP, false, len(logins), nil, nil)
	received.Reset(wire.Type_TIMESTAMP, false, len(logins), nil, nil)
	ip.Reset(wire.Type_IP, false, len(logins), nil, nil)
	outcome.Reset(wire.Type_STRING, false, len(logins), nil, nil)
	place.Reset(wire.Type_INT64, false, len(logins), nil, nil)
	for i, l := range logins {
		lines[i] = fmt.Appendf(nil, "login %d failed", r.n)
		at.Nanos(i, start.Add(l.at).UnixNano())
		received.Nanos(i, start.Add(24*time.Hour).UnixNano())
		if l.ip != "" {
			ip.IP(i, netip.MustParseAddr(l.ip).As16())
		}
		outcome.Text(i, "failure")
		place.Int(i, int64(r.n)<<8)
		r.n++
	}
	b := batchOf(lines, map[ecs.Field]*wire.Builder{
		ecs.Timestamp: &at, ecs.EventIngested: &received, ecs.SourceIP: &ip, ecs.EventOutcome: &outcome, ecs.LogcenterPosition: &place,
	})
	require.NoError(r.t, r.stage.Process(context.Background(), b, func(res *wire.Result) error {
		for _, a := range res.Alerts {
			r.alerts = append(r.alerts, sdk.AlertFromWire(a))
		}
		r.rules = append(r.rules, res.Rules...)
		require.Empty(r.t, res.Error)
		return nil
	}))
}

// batchOf is a batch of lines with columns, of which some may be empty.
func batchOf(lines [][]byte, columns map[ecs.Field]*wire.Builder) *wire.Batch {
	b := sample.Lines(lines)
	b.Journal, b.Partition = "journal", 3
	for f, w := range columns {
		if w.Used() {
			b.Columns = slices.DeleteFunc(b.Columns, func(c *wire.Column) bool { return c.Field == uint32(f) })
			b.Columns = append(b.Columns, w.Finish(uint32(f)))
		}
	}
	return b
}

// rule is a config with one rule of three events in ten minutes.
func config(more string) string {
	return `{"rules":[{"id":"r","name":"R","query":"event.outcome:failure","group_by":["source.ip"],"threshold":2` + more + `}]}`
}

const m = time.Minute

func TestWindow(t *testing.T) {
	a, b := "192.0.2.1", "192.0.2.2"
	for _, tt := range []struct {
		name  string
		given []login
		want  []time.Duration // when the last event of each alert happened
	}{
		{"one more than the threshold", []login{{0, a}, {m, a}, {2 * m, a}}, []time.Duration{2 * m}},
		{"as many as the threshold", []login{{0, a}, {m, a}}, nil},
		{"across the full hour", []login{{4 * m, a}, {6 * m, a}, {13 * m, a}}, []time.Duration{13 * m}},
		{"just within", []login{{0, a}, {0, a}, {10*m - 1, a}}, []time.Duration{10*m - 1}},
		{"just not", []login{{0, a}, {0, a}, {10 * m, a}}, nil},
		{"groups apart", []login{{0, a}, {m, b}, {2 * m, a}, {3 * m, b}}, nil},
		{"both groups", []login{{0, a}, {0, b}, {m, a}, {m, b}, {2 * m, a}, {3 * m, b}}, []time.Duration{2 * m, 3 * m}},
		{"quiet behind an alert", []login{{0, a}, {1, a}, {2, a}, {3, a}, {4, a}, {5, a}}, []time.Duration{2}},
		{"again when the quiet is over", []login{{0, a}, {1, a}, {2, a}, {5 * m, a}, {11 * m, a}, {12 * m, a}, {13 * m, a}}, []time.Duration{2, 13 * m}},
		{"events of the alert are spent", []login{{0, a}, {8 * m, a}, {9 * m, a}, {19 * m, a}, {20 * m, a}}, []time.Duration{9 * m}},
		{"late event completes", []login{{0, a}, {12 * m, a}, {6 * m, a}, {5 * m, a}}, []time.Duration{6 * m}},
		{"late by hours", []login{{0, a}, {300 * m, a}, {1, a}, {2, a}}, []time.Duration{2}},
		{"late event, old window", []login{{0, a}, {m, a}, {15 * m, a}, {26 * m, a}, {37 * m, a}, {2 * m, a}}, []time.Duration{2 * m}},
		{"a clock years ahead", []login{{0, a}, {876000 * time.Hour, a}, {m, a}, {2 * m, a}}, []time.Duration{2 * m}},
		{"without an address", []login{{0, ""}, {1, ""}, {2, ""}, {3, ""}}, nil},
		{"IPv6", []login{{0, "2001:db8::1"}, {1, "2001:db8::1"}, {2, "2001:db8::1"}}, []time.Duration{2}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, step := range []int{1, 2, len(tt.given)} { // batches of any size decide alike
				r := newRun(t, config(""))
				for i := 0; i < len(tt.given); i += step {
					r.send(tt.given[i:min(i+step, len(tt.given))]...)
				}
				var got []time.Duration
				for _, a := range r.alerts {
					assert.EqualValues(t, 3, a.Count)
					assert.Len(t, a.EventIDs, 3)
					got = append(got, a.Last.Sub(start))
				}
				assert.Equal(t, tt.want, got, "batches of %d", step)
			}
		})
	}
}

func TestTwentyOneAcrossAClockBoundary(t *testing.T) {
	r := newRun(t, `{"rules":[{"id":"r","name":"R","query":"event.outcome:failure"}]}`)
	for i := range 21 {
		assert.Empty(t, r.alerts, "after %d", i)
		r.send(login{time.Duration(i) * 29500 * time.Millisecond, "192.0.2.1"})
	}
	require.Len(t, r.alerts, 1)
	assert.EqualValues(t, 21, r.alerts[0].Count)
}

func TestAlert(t *testing.T) {
	r := newRun(t, config(`,"severity":"Error","priority":1,"description":"D","topic":"T","method":"M","frequency":"continuous","remarks":"X","tags":["t"],"fields":["event.outcome","user.name"]`))
	r.send(login{0, "192.0.2.1"}, login{1, "192.0.2.1"}, login{2, "192.0.2.1"})
	require.Len(t, r.alerts, 1)
	a := r.alerts[0]
	assert.Equal(t, sdk.AlertID("r", map[string]string{"source.ip": "192.0.2.1"}, start), a.ID)
	a.RuleVersion, a.ID = "", ""
	assert.Equal(t, sdk.Alert{
		Rule: "r", Name: "R", Description: "D", Topic: "T", Type: "frequency", Method: "M", Frequency: "continuous", Remarks: "X",
		Severity: "Error", Priority: 1, Keys: map[string]string{"source.ip": "192.0.2.1"},
		Fields: map[string]string{"event.outcome": "failure"}, EventIDs: []string{"journal-3-0-0", "journal-3-0-1", "journal-3-0-2"},
		Count: 3, First: start, Last: start.Add(2), Tags: []string{"t"},
	}, a)
}

func TestKeyword(t *testing.T) {
	r := newRun(t, config(`,"type":"keyword"`))
	for i := range 10 { // one every 20 seconds; quiet for a minute
		r.send(login{time.Duration(i) * 20 * time.Second, "192.0.2.1"})
	}
	var at []time.Duration
	for _, a := range r.alerts {
		at = append(at, a.Last.Sub(start))
	}
	assert.Equal(t, []time.Duration{0, m, 2 * m, 3 * m}, at)
	assert.Empty(t, r.alerts[0].Fields["suppressed"])
	assert.Equal(t, "2", r.alerts[1].Fields["suppressed"])
}

func TestGroupsAreBounded(t *testing.T) {
	r := newRun(t, `{"max_state":400,`+config("")[1:])
	a, b, c := "192.0.2.1", "192.0.2.2", "192.0.2.3"
	r.send(login{0, a}, login{1, a}, login{2, b}, login{3, b}, login{4, c}, login{5, a})
	assert.Empty(t, r.alerts, "a was silent longest when c came")
	r.send(login{6, c}, login{7, c})
	assert.Len(t, r.alerts, 1)

	r = newRun(t, `{"max_rule_state":3000,`+strings.Replace(config(""), `"threshold":2`, `"threshold":90`, 1)[1:])
	for i := range 90 {
		r.send(login{time.Duration(i), a})
	}
	for i := range 20 {
		r.send(login{time.Duration(i), b})
	}
	r.send(login{100, a})
	assert.Empty(t, r.alerts, "a was forgotten when both had more than the rule may have")
}

func TestFiguresOfRules(t *testing.T) {
	r := newRun(t, `{"max_rule_state":3000,`+config("")[1:])
	a, b := "192.0.2.1", "192.0.2.2"
	r.send(login{0, a}, login{1, a}, login{2, a}, login{3, a}, login{4, ""}, login{100 * m, b}, login{70 * m, b})
	require.Len(t, r.rules, 1, "at the first batch")
	s := r.rules[0]
	assert.Positive(t, s.CostNs)
	assert.Equal(t, start.Add(100*m).UnixNano(), s.LastMatchNs)
	assert.EqualValues(t, 2*groupBytes+4*markBytes, s.Bytes)
	assert.Equal(t, []uint64{7, 1, 1, 1, 1, 2, 0}, []uint64{s.Matched, s.Raised, s.Suppressed, s.Ungrouped, s.Late, s.Groups, s.Evicted})
	r.send(login{0, a})
	assert.Len(t, r.rules, 1, "the next after some seconds")

	r.send(login{24*time.Hour + 4*m, b}, login{48 * time.Hour, b}, login{49 * time.Hour, b}) // received after a day
	require.NoError(t, r.stage.Tick(&wire.TickRequest{Report: true}, func(res *wire.Result) error {
		require.Len(t, res.Rules, 1, "at once when asked")
		assert.EqualValues(t, 2, res.Rules[0].Ahead)
		return nil
	}))
}

func TestSnapshot(t *testing.T) {
	var given []login
	for i := range 300 {
		given = append(given, login{time.Duration(i) * 13 * time.Second, fmt.Sprintf("192.0.2.%d", i%7*i%5)})
	}
	whole := newRun(t, config(""))
	for _, l := range given {
		whole.send(l)
	}
	require.Greater(t, len(whole.alerts), 5)
	cut := newRun(t, config(""))
	for i, l := range given {
		cut.send(l)
		if i%17 == 0 { // the process dies; what it remembers moves on
			var state bytes.Buffer
			offset, err := cut.stage.Snapshot(&state)
			require.NoError(t, err)
			cut.restart()
			require.NoError(t, cut.stage.Restore(&state, offset))
		}
	}
	assert.Equal(t, whole.alerts, cut.alerts)
}

func TestSnapshotOfAnotherRule(t *testing.T) {
	r := newRun(t, config(""))
	r.send(login{0, "192.0.2.1"}, login{1, "192.0.2.1"})
	var state bytes.Buffer
	_, err := r.stage.Snapshot(&state)
	require.NoError(t, err)
	r.config = config(`,"window":"5m"`)
	r.restart()
	require.NoError(t, r.stage.Restore(bytes.NewReader(state.Bytes()), 0))
	r.send(login{2, "192.0.2.1"})
	assert.Empty(t, r.alerts, "what was counted for another window must not count")
}

// Which fields alerts carry is no matter of what a rule decides: others carry what is known of them.
func TestSnapshotOfARuleThatCarriesOtherFields(t *testing.T) {
	rule := func(fields string) string {
		return `{"rules":[{"id":"r","name":"R","type":"silence","query":"*","group_by":["source.ip"],"window":"10m","fields":` + fields + `},
			{"id":"d","name":"D","type":"deviation","query":"*","group_by":["source.ip"],"window":"1h","learn":"0s","minimum":1,"fields":` + fields + `}]}`
	}
	for fields, want := range map[string]map[string]string{
		`["event.outcome"]`:             {"event.outcome": "failure"},
		`["user.name","event.outcome"]`: {"event.outcome": "failure"},
		`["host.name"]`:                 {},
		`[]`:                            {},
		`["event.outcome","user.name","event.dataset"]`: {"event.outcome": "failure"},
	} {
		r := newRun(t, rule(`["event.outcome","user.name"]`))
		r.send(login{0, "192.0.2.1"})
		var state bytes.Buffer
		_, err := r.stage.Snapshot(&state)
		require.NoError(t, err)
		r.config = rule(fields)
		r.restart()
		require.NoError(t, r.stage.Restore(bytes.NewReader(state.Bytes()), 0), fields)
		require.NoError(t, r.stage.Tick(&wire.TickRequest{WatermarkNs: start.Add(25 * time.Hour).UnixNano()}, func(res *wire.Result) error {
			for _, a := range res.Alerts {
				r.alerts = append(r.alerts, sdk.AlertFromWire(a))
			}
			return nil
		}))
		require.Len(t, r.alerts, 1, fields)
		assert.Equal(t, want, r.alerts[0].Fields, fields)
	}
}

func TestRestoreRefuses(t *testing.T) {
	r := newRun(t, config(""))
	r.send(login{0, "192.0.2.1"}, login{1, "192.0.2.1"})
	var state bytes.Buffer
	_, err := r.stage.Snapshot(&state)
	require.NoError(t, err)
	for n := range state.Len() {
		require.Error(t, r.stage.Restore(bytes.NewReader(state.Bytes()[:n]), 0), "cut at %d", n)
	}
	r.send(login{2, "192.0.2.1"})
	assert.Empty(t, r.alerts, "a refused snapshot leaves nothing behind")
}

func FuzzRestore(f *testing.F) {
	f.Add([]byte(stateMagic))
	r := newRun(f, config(""))
	r.send(login{0, "192.0.2.1"}, login{1, "192.0.2.2"})
	var state bytes.Buffer
	_, err := r.stage.Snapshot(&state)
	require.NoError(f, err)
	f.Add(state.Bytes())
	f.Fuzz(func(t *testing.T, state []byte) {
		d, err := New(Config{MaxState: 1000, MaxRuleState: 500})
		require.NoError(t, err)
		require.NoError(t, d.(*detector).SetRules([]document.Rule{{ID: "r", Name: "R", Type: "frequency", Query: "event.outcome:failure", GroupBy: []string{"source.ip"}, Aggregate: "count", Threshold: 2, Window: 10 * m}}))
		if d.(*detector).Restore(bytes.NewReader(state)) == nil {
			require.NoError(t, d.(*detector).Snapshot(&bytes.Buffer{}))
		}
	})
}

func TestWrongRules(t *testing.T) {
	for _, tt := range []struct{ config, want string }{
		{`{"rules":[{"id":"r","name":"R","query":"a AND"}]}`, `rules[0].query: column`},
		{`{"rules":[{"id":"r","name":"R"}]}`, `rules[0].query: is required`},
		{`{"rules":[{"id":"r","name":"R","query":"x","window":"10"}]}`, `rules[0].window`},
		{`{"rules":[{"id":"r","name":"R","query":"x","severity":"error"}]}`, `did you mean "Error"?`},
		{`{"rules":[{"id":"r","name":"R","query":"x","group_by":["source.ipp"]}]}`, `rules[0].group_by[0]: there is no field source.ipp`},
		{`{"rules":[{"id":"r","name":"R","query":"x","group_by":["tags"]}]}`, `rules[0].group_by[0]: tags cannot part groups`},
		{`{"rules":[{"id":"r","name":"R","query":"proces.executable:sh"}]}`, `rules[0].query: there is no field proces.executable, or no enabled plugin has it (did you mean "process.executable"?)`},
		{`{"rules":[{"id":"r","name":"R","query":"source.ip:x"}]}`, `rules[0].query`},
		{`{"rules":[{"id":"r","name":"R","query":"x"},{"id":"r","name":"R","query":"x"}]}`, `rules[1].id: "r" is used twice`},
	} {
		m, err := manifest.Read(".")
		require.NoError(t, err)
		r := m.OpenRequest(nil)
		r.RulesJson = setup(tt.config).Rules
		err = sdk.DetectorStage(New).Open(r)
		assert.ErrorContains(t, err, tt.want, "%s", tt.config)
	}
}
