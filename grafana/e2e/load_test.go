package e2e

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/grafana/internal/hosttest"
	"github.com/logcenter/logcenter/grafana/internal/pluginv2"
)

const (
	loadEvents     = 5_000_000 // with LOGCENTER_LONG
	loadDashboards = 10
	loadMemory     = 300 << 20 // bytes that the backend may take
)

// loadPanel is a panel of the dashboards, with the limit of the log standard.
type loadPanel struct {
	kind  string
	limit time.Duration
	query object
}

// loadPanels are twenty: two of each kind of chart.
func loadPanels() []loadPanel {
	charts := func(kind string, limit time.Duration, queries [2]string, c ...object) []loadPanel {
		var out []loadPanel
		for i, one := range c {
			one["kind"] = kind
			out = append(out, loadPanel{kind, limit, object{"v": 1, "kind": "metrics", "query": queries[i], "chart": one}})
		}
		return out
	}
	field := func(name string) object { return object{"field": name} }
	fast, slow := 5*time.Second, 10*time.Second
	web, both := "event.dataset:nginx.access", [2]string{"", "observer.type:firewall"}
	return slices.Concat(
		charts("event_count", fast, both, object{"by": []object{field("log.level")}}, object{"by": []object{field("event.action")}}),
		charts("time_segments", slow, [2]string{web, "observer.type:firewall"},
			object{"field": "event.duration", "calcs": []string{"min", "max", "avg"}}, object{"field": "network.bytes", "calcs": []string{"avg", "max"}}),
		charts("numeric_ranges", slow, [2]string{web, ""},
			object{"field": "http.response.status_code", "ranges": []object{{"from": 200, "to": 300}, {"from": 300, "to": 400}, {"from": 400, "to": 500}, {"from": 500, "to": 600}}},
			object{"field": "destination.port", "ranges": []object{{"to": 1024}, {"from": 1024, "to": 49152}, {"from": 49152}}}),
		charts("time_histogram", fast, both, object{"interval": "1m"}, object{"interval": "5m"}),
		charts("histogram", fast, [2]string{web, web}, object{"field": "http.response.body.bytes", "width": 1024}, object{"field": "event.duration", "width": 100_000_000}),
		charts("terms", fast, [2]string{"", "event.kind:alert"}, object{"field": "source.ip", "size": 10}, object{"field": "rule.name", "size": 10}),
		charts("field_stats", slow, [2]string{web, "observer.type:firewall"},
			object{"field": "event.duration", "calcs": []string{"min", "max", "avg", "sum"}}, object{"field": "network.bytes", "calcs": []string{"sum", "distinct"}}),
		charts("percentiles", slow, [2]string{web, "observer.type:firewall"}, object{"field": "event.duration"}, object{"field": "event.duration"}),
		charts("drill_down", fast, [2]string{"", "observer.type:ips"},
			object{"by": []object{field("observer.type"), field("event.dataset"), field("log.level")}}, object{"by": []object{field("log.level"), field("rule.name"), field("source.ip")}}),
		// With the bundled table a place is a country; with a database of cities it is a point.
		charts("geo", fast, [2]string{"event.kind:alert", ""}, object{"field": "source.geo.location"}, object{"field": "source.geo.location", "zoom": 4}),
	)
}

// TestTenDashboardsAtOnce opens ten dashboards of twenty panels at the same moment, and says how long each kind of chart
// took. A browser sends each panel as a request of its own, so that there are two hundred. Each dashboard is over a time of
// its own, so that no answer serves two.
//
// The limits are for dashboards over the last hour, as they are when they are opened. All of the day is then shown without
// a limit, and shown again: two hundred questions about all events at the same moment need many processors.
func TestTenDashboardsAtOnce(t *testing.T) {
	var w *world
	if n := manyEvents(); n > 0 {
		w = heavyWorld(t, n)
	} else {
		w = theWorld(t)
	}
	w.openTen(t, "the last hour", w.to.Add(-time.Hour), long()) // other tests share the machine with the short form
	if w.more > 0 {
		w.openTen(t, "all of the day", w.from, false)
		w.openTen(t, "all of the day, a minute later,", w.from.Add(time.Minute), false)
	}
}

// openTen opens the dashboards over times that begin at from, a second after each other.
func (w *world) openTen(t *testing.T, name string, from time.Time, strict bool) {
	t.Helper()
	panels := loadPanels()
	require.Len(t, panels, 20)
	ask := func(p loadPanel, from time.Time) (time.Duration, error) {
		began := time.Now()
		res, err := w.plugin.Query(context.Background(), w.datasource().Context(), pluginv2.Query("A", p.query, from, w.to, 15*time.Second, 500))
		if err == nil {
			err = res["A"].Error
		}
		return time.Since(began), err
	}
	// One dashboard alone, a panel after the other, is what the others are compared with.
	alone := make([]time.Duration, len(panels))
	for i, p := range panels {
		var err error
		alone[i], err = ask(p, from)
		require.NoError(t, err, "%v", p.query)
	}

	type took struct {
		panel int
		time  time.Duration
		err   error
	}
	hostCPU, pluginCPU, began := cpuTime(t, w.host.PID()), cpuTime(t, w.plugin.PID()), time.Now()
	results := make(chan took, loadDashboards*len(panels))
	start := make(chan struct{})
	var wait sync.WaitGroup
	for d := range loadDashboards {
		for i, p := range panels {
			wait.Go(func() {
				<-start
				d, err := ask(p, from.Add(time.Duration(d)*time.Second))
				results <- took{i, d, err}
			})
		}
	}
	close(start)
	wait.Wait()
	close(results)
	whole := time.Since(began)
	hostCPU, pluginCPU = cpuTime(t, w.host.PID())-hostCPU, cpuTime(t, w.plugin.PID())-pluginCPU
	times := map[string][]time.Duration{}
	for r := range results {
		require.NoError(t, r.err, "%v", panels[r.panel].query)
		times[panels[r.panel].kind] = append(times[panels[r.panel].kind], r.time)
	}

	var out bytes.Buffer
	report := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(report, "chart\tqueries\talone\tp50\tp95\tp95 to alone\tlimit\tof the limit")
	for i := 0; i < len(panels); i += 2 {
		p, all, one := panels[i], times[panels[i].kind], max(alone[i], alone[i+1])
		slices.Sort(all)
		p95 := all[len(all)*95/100]
		_, _ = fmt.Fprintf(report, "%s\t%d\t%v\t%v\t%v\t%.1f\t%v\t%.0f %%\n", p.kind, len(all), one.Round(time.Millisecond), all[len(all)/2].Round(time.Millisecond),
			p95.Round(time.Millisecond), p95.Seconds()/one.Seconds(), p.limit, 100*p95.Seconds()/p.limit.Seconds())
		if strict {
			assert.LessOrEqual(t, p95, p.limit, p.kind)
		}
	}
	require.NoError(t, report.Flush())
	memory := peakMemory(t, w.plugin.PID())
	t.Logf("%d dashboards of %d panels at once over %s of %d events: %v, of which the host took %v of CPU and the backend %v (%.0f %% more); its memory peaked at %d MB, %.0f %% of its limit\n%s",
		loadDashboards, len(panels), name, len(w.lines)+w.more, whole.Round(time.Millisecond), hostCPU, pluginCPU, 100*pluginCPU.Seconds()/hostCPU.Seconds(),
		memory>>20, 100*float64(memory)/loadMemory, out.String())
	assert.LessOrEqual(t, memory, int64(loadMemory))
	assert.False(t, w.plugin.Exited())
}

// manyEvents is how many events the test is to be over; 0: those that are there. LOGCENTER_EVENTS is for trying.
func manyEvents() int {
	if n, err := strconv.Atoi(os.Getenv("LOGCENTER_EVENTS")); err == nil {
		return n
	}
	if !long() {
		return 0
	}
	return loadEvents
}

// heavyWorld is a host and a backend of their own, with n events of the last day.
func heavyWorld(t *testing.T, n int) *world {
	t.Helper()
	root, err := hosttest.Root()
	require.NoError(t, err)
	program, err := pluginv2.Build(t.Context(), root)
	require.NoError(t, err)
	w := &world{log: &lockedBuffer{}, to: time.Now().UTC().Truncate(time.Second), more: n}
	w.from = w.to.Add(-24 * time.Hour)
	t.Cleanup(w.close)
	w.host, err = hosttest.Start(hosttest.Options{})
	require.NoError(t, err)
	const batch = 250_000
	for done := 0; done < n; done += batch {
		lines := min(batch, n-done)
		part := 24 * time.Hour * time.Duration(lines) / time.Duration(n)
		made, err := hosttest.Sample{Lines: lines, Seed: uint64(done + 1), Start: w.from.Add(24 * time.Hour * time.Duration(done) / time.Duration(n)), Span: part}.Make(t.Context())
		require.NoError(t, err)
		require.NoError(t, w.host.Feed(t.Context(), made))
	}
	w.plugin, err = pluginv2.Start(program, w.log)
	require.NoError(t, err)
	return w
}

// cpuTime is what a process has taken so far, without its children.
func cpuTime(t *testing.T, pid int) time.Duration {
	t.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	require.NoError(t, err)
	_, rest, _ := strings.Cut(string(stat), ") ") // the program's name may have spaces
	fields := strings.Fields(rest)
	require.Greater(t, len(fields), 12)
	ticks := 0
	for _, f := range fields[11:13] { // utime and stime, in hundredths of a second
		n, err := strconv.Atoi(f)
		require.NoError(t, err)
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond
}

// peakMemory is the most that a process has had in memory, in bytes.
func peakMemory(t *testing.T, pid int) int64 {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	require.NoError(t, err)
	for _, l := range strings.Split(string(status), "\n") {
		if v, ok := strings.CutPrefix(l, "VmHWM:"); ok {
			kb, err := strconv.ParseInt(strings.Fields(v)[0], 10, 64)
			require.NoError(t, err)
			return kb << 10
		}
	}
	t.Fatal("the kernel does not tell the peak of a process's memory")
	return 0
}
