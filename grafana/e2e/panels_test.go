package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/grafana/internal/pluginv2"
)

// board is a dashboard as it is provisioned.
type board struct {
	Title      string
	Time       struct{ From string }
	Templating struct {
		List []struct{ Name, AllValue, Type, Query string }
	}
	Panels []*shown
}

// shown is a panel and what it was shown.
type shown struct {
	Title, TimeFrom, Type string
	Interval              string
	Options               struct {
		ReduceOptions struct {
			Calcs  []string
			Fields string
		}
		Layers []struct {
			Location struct{ Lookup string }
			Config   struct {
				Style struct {
					Size struct{ Field string }
				}
			}
		}
	}
	Targets         []json.RawMessage
	Transformations []struct {
		ID      string
		Filter  struct{ Options string }
		Options struct {
			IncludeByName map[string]bool
			RenameByName  map[string]string
			ByField       string
		}
	}
}

func readBoard(t *testing.T, name string) board {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "dashboards", name))
	require.NoError(t, err)
	var d board
	// Queries of variables are objects, that of a list of words is a text.
	var raw map[string]any
	require.NoError(t, json.Unmarshal(b, &raw))
	for _, v := range raw["templating"].(map[string]any)["list"].([]any) {
		if one := v.(map[string]any); one["type"] == "query" {
			one["query"] = ""
		}
	}
	b, err = json.Marshal(raw)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(b, &d))
	return d
}

// replacer puts values in the place of variables, as Grafana's server of alert rules cannot and its browser does: what is
// chosen, or else what stands for all.
func (d board) replacer(chosen map[string]string) *strings.Replacer {
	var pairs []string
	for _, v := range d.Templating.List {
		value, ok := chosen[v.Name]
		switch {
		case ok:
		case v.AllValue != "":
			value = v.AllValue
		default:
			value, _, _ = strings.Cut(v.Query, ",")
		}
		quoted, err := json.Marshal(value)
		if err != nil {
			panic(err) // a text can be JSON
		}
		pairs = append(pairs, "$"+v.Name, string(quoted[1:len(quoted)-1]))
	}
	return strings.NewReplacer(pairs...)
}

// run asks for what a panel shows, as Grafana does: all its queries in one request.
func (w *world) run(t *testing.T, d board, p *shown, chosen map[string]string) answer {
	t.Helper()
	a := answer{from: w.from, to: w.to}
	if d.Time.From == "now-7d" {
		a.from = w.to.Add(-7 * 24 * time.Hour)
	}
	if p.TimeFrom != "" {
		require.Equal(t, "1m", p.TimeFrom)
		a.from = w.to.Add(-time.Minute)
	}
	with := d.replacer(chosen)
	var queries []backend.DataQuery
	for i, raw := range p.Targets {
		text := with.Replace(string(raw))
		var q struct{ Kind string }
		require.NoError(t, json.Unmarshal([]byte(text), &q))
		to := a.to
		if q.Kind == "alerts" || q.Kind == "rates" || q.Kind == "dead_letters" { // recorded after the lines were sent
			to = w.judged
		}
		queries = append(queries, pluginv2.Query(string(rune('A'+i)), json.RawMessage(text), a.from, to, 15*time.Second, 500))
	}
	res, err := w.plugin.Query(t.Context(), w.datasource().Context(), queries...)
	require.NoError(t, err)
	for _, q := range queries {
		r := res[q.RefID]
		require.NoError(t, r.Error, "%s: %s: %s", d.Title, p.Title, q.JSON)
		require.NotEmpty(t, r.Frames, "%s: %s", d.Title, p.Title)
		for _, f := range r.Frames {
			require.NotEmpty(t, f.Fields, "%s: %s: a frame without columns", d.Title, p.Title)
			if f.Meta != nil {
				for _, n := range f.Meta.Notices {
					assert.NotContains(t, n.Text, "does not occur", "%s: %s", d.Title, p.Title)
				}
			}
		}
		a.parts = append(a.parts, r)
	}
	a.namesAreThere(t, p, with)
	a.value = math.NaN()
	if p.Type == "stat" {
		require.Len(t, p.Options.ReduceOptions.Calcs, 1)
		a.value = a.reduce(p.Options.ReduceOptions.Calcs[0], p.Options.ReduceOptions.Fields)
	}
	return a
}

// namesAreThere finds columns that a panel speaks of and that no answer has: Grafana would show nothing, without a word.
func (a answer) namesAreThere(t *testing.T, p *shown, variables *strings.Replacer) {
	t.Helper()
	has := func(part int, name string) {
		t.Helper()
		name = variables.Replace(name)
		assert.NotNil(t, column(a.table(part), name), "%s: no answer has a column %s", p.Title, name)
	}
	for _, l := range p.Options.Layers {
		has(0, l.Location.Lookup)
		has(0, l.Config.Style.Size.Field)
	}
	for _, tr := range p.Transformations {
		part := 0
		if tr.Filter.Options != "" {
			part = int(tr.Filter.Options[0] - 'A')
		}
		for name := range tr.Options.IncludeByName {
			has(part, name)
		}
		for name := range tr.Options.RenameByName {
			has(part, name)
		}
		if tr.Options.ByField != "" {
			for i := range a.parts {
				has(i, tr.Options.ByField)
			}
		}
	}
}

// TestPanelsShowWhatWasCounted runs every query of every panel of every dashboard through the built backend, and compares
// with a count of its own. Independent of each other are: the events, which come from the export (a scan) and not from
// aggregations, and whose link to the lines that were sent [TestEventsAreTheLines] checks; the conditions, which are Go
// code in panelWants and not the queries' text; the arithmetic, which is maps and sorting.
func TestPanelsShowWhatWasCounted(t *testing.T) {
	w := theWorld(t)
	var out bytes.Buffer
	report := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(report, "dashboard\tpanel\tshown\tcounted")
	for _, name := range []string{"security-overview", "firewall-ips", "web", "service-state", "waf-quality", "log-sources"} {
		d := readBoard(t, "en/"+name+".json")
		wants := panelWants[name]
		require.Len(t, d.Panels, len(wants), "%s: each panel needs a count of its own in panelWants", name)
		for i, p := range d.Panels {
			require.Equal(t, wants[i].title, p.Title, name)
			got, want, fault := wants[i].check(w, w.run(t, d, p, nil))
			assert.Empty(t, fault, "%s: %s", d.Title, p.Title)
			if name == "web" || name == "waf-quality" { // judging the WAF is what the log center is for
				assert.NotContains(t, []string{"", "0", "0 lines", "0 alerts", "0 values", "0 groups", "NaN"}, got, "%s: %s is empty", d.Title, p.Title)
			}
			_, _ = fmt.Fprintf(report, "%s\t%s\t%s\t%s\n", d.Title, p.Title, got, want)
		}
	}
	require.NoError(t, report.Flush())
	t.Logf("\n%s", out.String())
}

// What is chosen in a dashboard's variables narrows its panels, and nothing else does.
func TestVariablesNarrowPanels(t *testing.T) {
	w := theWorld(t)
	d := readBoard(t, "en/firewall-ips.json")
	for _, tt := range []struct {
		name   string
		chosen map[string]string
		c      is
	}{
		{"one host", map[string]string{"host": `"fw-core-01"`}, has("host.name", "fw-core-01")},
		{"two hosts", map[string]string{"host": `("fw-core-01" OR "fw-vpn-01")`}, has("host.name", "fw-core-01", "fw-vpn-01")},
		{"an asset", map[string]string{"asset": `"VPN gateway"`}, has("asset.name", "VPN gateway")},
		{"a host that is no asset's", map[string]string{"host": `"fw-core-01"`, "asset": `"VPN gateway"`}, both(has("host.name", "fw-core-01"), has("asset.name", "VPN gateway"))},
	} {
		t.Run(tt.name, func(t *testing.T) {
			shown := w.run(t, d, d.Panels[0], tt.chosen)
			want := w.selected(w.from, w.to, both(tt.c, has("observer.type", "firewall")))
			assert.InDelta(t, len(want), shown.value, 0)
		})
	}
}

// The dashboards in Chinese ask the same.
func TestChineseDashboardsAskTheSame(t *testing.T) {
	for name := range panelWants {
		english, chinese := readBoard(t, "en/"+name+".json"), readBoard(t, "zh/"+name+".json")
		require.Len(t, chinese.Panels, len(english.Panels))
		for i, p := range english.Panels {
			require.Len(t, chinese.Panels[i].Targets, len(p.Targets))
			for k := range p.Targets {
				assert.JSONEq(t, string(p.Targets[k]), string(chinese.Panels[i].Targets[k]))
			}
		}
	}
}
