package chart_test

import (
	"context"
	"flag"
	"fmt"
	"math"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/grafana/internal/hosttest"
	"github.com/logcenter/logcenter/grafana/pkg/chart"
	"github.com/logcenter/logcenter/grafana/pkg/model"
	"github.com/logcenter/logcenter/grafana/pkg/selection"
)

var update = flag.Bool("update", false, "write the golden files anew")

var (
	begin = time.Date(2026, 10, 11, 8, 0, 0, 0, time.UTC)
	end   = begin.Add(time.Hour)
	host  *hosttest.Host
	hits  []hit // what the access log says, read by this test alone
)

// hit is one line of the access log.
type hit struct {
	at       time.Time
	ip       string
	method   string
	status   float64
	bytes    float64
	duration float64 // nanoseconds
}

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(run(m))
}

// places puts addresses on the map.
const places = `
plugins:
  settings:
    geoip:
      config:
        zones:
          - {name: one, cidr: 0.0.0.0/2, country: DE, city: Berlin, location: "52.5,13.4"}
          - {name: two, cidr: 64.0.0.0/2, country: BR, city: Recife, location: "-8,-34.9"}
          - {name: three, cidr: 128.0.0.0/2, country: JP, city: Osaka, location: "34.7,135.5"}
          - {name: office, cidr: 10.0.0.0/8, country: CN, city: Beijing, location: "39.9,116.4"}
`

// city is where places has an address; empty: nowhere.
func city(ip string) string {
	a := netip.MustParseAddr(ip).As4()
	if a[0] == 10 {
		return "Beijing"
	}
	return []string{"Berlin", "Recife", "Osaka", ""}[a[0]>>6]
}

// run feeds an hour of lines to a host.
func run(m *testing.M) int {
	var err error
	if host, err = hosttest.Start(hosttest.Options{Config: places}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer host.Close()
	lines, err := hosttest.Sample{Lines: 3600, Start: begin, Span: time.Hour}.Make(context.Background())
	if err == nil {
		err = host.Feed(context.Background(), lines)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	hits = readHits(string(lines))
	return m.Run()
}

var access = regexp.MustCompile(`^(\S+) - \S+ \[([^\]]+)\] "([^"]*)" (\d+) (\d+) "(?:[^"\\]|\\.)*" "(?:[^"\\]|\\.)*" ([0-9.]+)$`)

func readHits(lines string) (hits []hit) {
	number := func(s string) float64 {
		v, err := strconv.ParseFloat(s, 64)
		if err != nil {
			panic(err)
		}
		return v
	}
	for line := range strings.Lines(lines) {
		g := access.FindStringSubmatch(strings.TrimRight(line, "\r\n"))
		if g == nil {
			continue
		}
		at, err := time.Parse("02/Jan/2006:15:04:05 -0700", g[2])
		if err != nil {
			panic(err)
		}
		method, _, _ := strings.Cut(g[3], " ")
		if !slices.Contains([]string{"GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "PROPFIND", "CONNECT", "TRACE", "PATCH"}, method) {
			method = "" // no HTTP
		}
		hits = append(hits, hit{at.UTC(), g[1], method, number(g[4]), number(g[5]), math.Round(number(g[6]) * 1e9)})
	}
	return hits
}

// draw runs a chart over the access log.
func draw(t *testing.T, q model.Query, change ...func(*chart.Options)) data.Frames {
	t.Helper()
	frames, err := drawn(t, q, change...)
	require.NoError(t, err)
	require.NotEmpty(t, frames)
	frames[0].Meta.Notices = slices.DeleteFunc(frames[0].Meta.Notices, func(n data.Notice) bool {
		return strings.Contains(n.Text, "past what is online") // as the year goes on
	})
	for _, f := range frames {
		require.NotNil(t, f.Meta)
		_, err := f.RowLen() // all fields are as long
		require.NoError(t, err)
		for _, field := range f.Fields {
			for i := range field.Len() {
				if v, err := field.NullableFloatAt(i); err == nil && v != nil {
					require.False(t, math.IsNaN(*v) || math.IsInf(*v, 0), "%s row %d", field.Name, i)
				}
			}
		}
	}
	return frames
}

const accessLog = "event.dataset:nginx.access"

func drawn(t *testing.T, q model.Query, change ...func(*chart.Options)) (data.Frames, error) {
	t.Helper()
	if q.Text == "" {
		q.Text = accessLog
	}
	q.Kind = model.Metrics
	require.NoError(t, q.Validate())
	o := chart.Options{RefID: "A", Range: backend.TimeRange{From: begin, To: end}, Interval: time.Minute, MaxDataPoints: 100}
	for _, c := range change {
		c(&o)
	}
	sel, err := selection.Of(q, o.Settings, o.Range, o.Interval)
	require.NoError(t, err)
	return chart.Run(t.Context(), host.Client, sel, q, o)
}

// numbers are a field's values; NaN for none.
func numbers(t *testing.T, f *data.Field) []float64 {
	t.Helper()
	out := make([]float64, f.Len())
	for i := range out {
		v, err := f.NullableFloatAt(i)
		require.NoError(t, err)
		if out[i] = math.NaN(); v != nil {
			out[i] = *v
		}
	}
	return out
}

func texts(t *testing.T, f *data.Field) []string {
	t.Helper()
	out := make([]string, f.Len())
	for i := range out {
		v, ok := f.At(i).(string)
		require.True(t, ok)
		out[i] = v
	}
	return out
}

// golden compares frames with a file, as tables that a person can read.
func golden(t *testing.T, name string, frames data.Frames) {
	t.Helper()
	var b strings.Builder
	for _, f := range frames {
		fmt.Fprintf(&b, "# %s %s %s\n", f.RefID, f.Meta.Type, f.Meta.TypeVersion)
		for _, n := range f.Meta.Notices {
			fmt.Fprintf(&b, "notice: %s\n", n.Text)
		}
		if f.Meta.ExecutedQueryString != "" {
			fmt.Fprintf(&b, "executed: %s\ncustom: %v\n", strings.ReplaceAll(f.Meta.ExecutedQueryString, "\n", "\n  "), f.Meta.Custom)
		}
		for _, field := range f.Fields {
			if c := field.Config; c != nil {
				fmt.Fprintf(&b, "%s: display %q unit %q interval %v custom %v\n", field.Name, c.DisplayNameFromDS, c.Unit, c.Interval, c.Custom)
			}
		}
		table, err := f.StringTable(12, 30)
		require.NoError(t, err)
		b.WriteString(table + "\n")
	}
	path := filepath.Join("testdata", name+".golden")
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(path, []byte(b.String()), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err, "go test ./grafana/pkg/chart -update writes it")
	assert.Equal(t, string(want), b.String())
}

// tally counts by key.
func tally[K comparable](of func(hit) K) map[K]float64 {
	n := map[K]float64{}
	var none K
	for _, h := range hits {
		if k := of(h); k != none {
			n[k]++
		}
	}
	return n
}

// of lists a value of all lines, in order.
func of(value func(hit) float64) []float64 {
	var out []float64
	for _, h := range hits {
		out = append(out, value(h))
	}
	slices.Sort(out)
	return out
}
