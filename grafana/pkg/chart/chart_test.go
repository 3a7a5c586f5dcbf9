package chart_test

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/grafana/pkg/chart"
	"github.com/logcenter/logcenter/grafana/pkg/model"
)

const (
	status = "http.response.status_code"
	size   = "http.response.body.bytes"
)

func metrics(c model.Chart) model.Query { return model.Query{Chart: &c} }

func ptr(v float64) *float64 { return &v }

// same compares numbers that are the same to the last bit.
func same(t *testing.T, want, got float64, what ...any) {
	t.Helper()
	assert.InDelta(t, want, got, 0, what...)
}

func or(s, without string) string {
	if s == "" {
		return without
	}
	return s
}

func TestEventCount(t *testing.T) {
	require.Greater(t, len(hits), 300)
	f := draw(t, metrics(model.Chart{Kind: model.EventCount, Interval: "10m"}))
	require.Len(t, f, 1)
	assert.Equal(t, data.FrameTypeTimeSeriesWide, f[0].Meta.Type)
	want := tally(func(h hit) time.Time { return h.at.Truncate(10 * time.Minute) })
	require.Equal(t, 6, f[0].Fields[0].Len())
	for i, n := range numbers(t, f[0].Fields[1]) {
		same(t, want[f[0].Fields[0].At(i).(time.Time)], n)
	}
	golden(t, "event_count", f)

	// How often a field occurs, beside another query.
	f = draw(t, metrics(model.Chart{
		Kind: model.EventCount, Field: status, As: "table", By: []model.Level{{Field: "http.request.method"}},
		Compare: []model.Compare{{Name: "errors", Text: accessLog + " AND " + status + ":>=400"}},
	}))
	methods := tally(func(h hit) string { return h.method })
	errors := tally(func(h hit) string {
		if h.status < 400 {
			return ""
		}
		return h.method
	})
	require.Equal(t, len(methods), f[0].Rows())
	assert.Equal(t, "errors", f[0].Fields[2].Name)
	for i, m := range texts(t, f[0].Fields[0]) {
		assert.Equal(t, []float64{methods[m], errors[m]}, []float64{numbers(t, f[0].Fields[1])[i], numbers(t, f[0].Fields[2])[i]}, m)
	}
	golden(t, "event_count_compared", f)
}

func TestTimeSegments(t *testing.T) {
	f := draw(t, metrics(model.Chart{Kind: model.TimeSegments, Field: size, Interval: "15m", Calcs: []string{"max", "min", "avg", "sum", "count", "distinct"}}))
	golden(t, "time_segments", f)
	for i := range 4 {
		from := begin.Add(time.Duration(i) * 15 * time.Minute)
		var in []float64
		for _, h := range hits {
			if !h.at.Before(from) && h.at.Before(from.Add(15*time.Minute)) {
				in = append(in, h.bytes)
			}
		}
		assert.Equal(t, from, f[0].Fields[0].At(i).(time.Time).UTC())
		slices.Sort(in)
		sum := 0.0
		for _, v := range in {
			sum += v
		}
		want := []float64{slices.Max(in), slices.Min(in), sum / float64(len(in)), sum, float64(len(in)), float64(len(slices.Compact(slices.Clone(in))))}
		for k, w := range want {
			assert.InDelta(t, w, numbers(t, f[0].Fields[k+1])[i], 1e-6*(1+w), f[0].Fields[k+1].Name)
		}
	}
	// Where there is nothing, a calculation is null and a count is zero.
	f = draw(t, metrics(model.Chart{Kind: model.TimeSegments, Field: size, Interval: "1h", Calcs: []string{"avg", "count"}}), func(o *chart.Options) {
		o.Range.From = begin.Add(-time.Hour)
	})
	assert.True(t, math.IsNaN(numbers(t, f[0].Fields[1])[0]))
	assert.Equal(t, []float64{0, float64(len(hits))}, numbers(t, f[0].Fields[2]))
}

func TestNumericRanges(t *testing.T) {
	f := draw(t, metrics(model.Chart{Kind: model.NumericRanges, Field: status, Ranges: []model.Range{
		{Name: "good", To: ptr(400)}, {From: ptr(400), To: ptr(500)}, {From: ptr(500)}, {Name: "none", From: ptr(900), To: ptr(901)},
	}}))
	class := tally(func(h hit) int { return max(3, int(h.status)/100) })
	assert.Equal(t, []string{"good", "400-500", "500-*", "none"}, texts(t, f[0].Fields[0]))
	assert.Equal(t, []float64{class[3], class[4], class[5], 0}, numbers(t, f[0].Fields[1]))
	golden(t, "numeric_ranges", f)
}

// A time histogram of each unit, with the calendar of a zone.
func TestTimeHistogram(t *testing.T) {
	shanghai, err := time.LoadLocation("Asia/Shanghai")
	require.NoError(t, err)
	for interval, start := range map[string]func(time.Time) time.Time{
		"1s": func(t time.Time) time.Time { return t.Truncate(time.Second) },
		"1m": func(t time.Time) time.Time { return t.Truncate(time.Minute) },
		"1h": func(t time.Time) time.Time { return t.Truncate(time.Hour) },
		"1d": func(t time.Time) time.Time {
			l := t.In(shanghai)
			return time.Date(l.Year(), l.Month(), l.Day(), 0, 0, 0, 0, shanghai)
		},
		"1w": func(t time.Time) time.Time {
			l := t.In(shanghai)
			return time.Date(l.Year(), l.Month(), l.Day()-(int(l.Weekday())+6)%7, 0, 0, 0, 0, shanghai)
		},
	} {
		f := draw(t, metrics(model.Chart{Kind: model.TimeHistogram, Interval: interval, TimeZone: "Asia/Shanghai"}))
		want := tally(func(h hit) time.Time { return start(h.at).UTC() })
		total := 0.0
		for i, n := range numbers(t, f[0].Fields[1]) {
			same(t, want[f[0].Fields[0].At(i).(time.Time).UTC()], n, interval)
			total += n
		}
		same(t, float64(len(hits)), total, interval)
	}
	golden(t, "time_histogram", draw(t, metrics(model.Chart{Kind: model.TimeHistogram, Interval: "20m"})))
}

func TestHistogram(t *testing.T) {
	f := draw(t, metrics(model.Chart{Kind: model.Histogram, Field: size, Width: 2500}))
	want := tally(func(h hit) float64 { return math.Floor(h.bytes/2500)*2500 + 1 })
	assert.Equal(t, []string{"xMin", "xMax", "count"}, []string{f[0].Fields[0].Name, f[0].Fields[1].Name, f[0].Fields[2].Name})
	low, high, n := numbers(t, f[0].Fields[0]), numbers(t, f[0].Fields[1]), numbers(t, f[0].Fields[2])
	total := 0.0
	for i := range low {
		same(t, low[i]+2500, high[i])
		same(t, want[low[i]+1], n[i])
		total += n[i]
		if i > 0 {
			same(t, high[i-1], low[i])
		}
	}
	same(t, float64(len(hits)), total)
	golden(t, "histogram", f)

	f = draw(t, metrics(model.Chart{Kind: model.Histogram, Field: status}))
	same(t, 10.0, f[0].Fields[1].At(0).(float64)-f[0].Fields[0].At(0).(float64), "the width is chosen by the values")
}

func TestTerms(t *testing.T) {
	f := draw(t, metrics(model.Chart{Kind: model.Terms, Field: "source.ip", Size: 5, Other: true}))
	byIP := tally(func(h hit) string { return h.ip })
	ips := slices.SortedFunc(maps.Keys(byIP), func(a, b string) int { return cmp.Compare(byIP[b], byIP[a]) })
	got, n := texts(t, f[0].Fields[0]), numbers(t, f[0].Fields[1])
	require.Len(t, got, 6)
	rest := float64(len(hits))
	for i := range 5 {
		same(t, byIP[got[i]], n[i], got[i])
		same(t, byIP[ips[i]], n[i], "one of the most frequent")
		rest -= n[i]
	}
	assert.Equal(t, "other", got[5])
	same(t, rest, n[5])
	assert.Empty(t, f[0].Meta.Notices)

	f = draw(t, metrics(model.Chart{Kind: model.Terms, Field: "source.ip", Size: 5}))
	assert.Equal(t, 5, f[0].Rows())
	require.Len(t, f[0].Meta.Notices, 1)
	assert.Equal(t, fmt.Sprintf("Not shown: %v more events, of less frequent values of source.ip. Ask for more to see them.", rest), f[0].Meta.Notices[0].Text)

	f = draw(t, metrics(model.Chart{Kind: model.Terms, Field: "http.request.method", Missing: "no request"}))
	methods := tally(func(h hit) string { return or(h.method, "no request") })
	require.Contains(t, methods, "no request")
	for i, m := range texts(t, f[0].Fields[0]) {
		same(t, methods[m], numbers(t, f[0].Fields[1])[i], m)
	}
	golden(t, "terms", f)

	f = draw(t, metrics(model.Chart{Kind: model.Terms, Field: status, As: "series", Interval: "30m", Size: 3}))
	assert.Len(t, f[0].Fields, 4)
	assert.Equal(t, data.Labels{status: "200"}, f[0].Fields[1].Labels)
	golden(t, "terms_series", f)
	f = draw(t, metrics(model.Chart{Kind: model.Terms, Field: status, As: "series", Interval: "30m", Size: 3, Other: true}))
	require.Len(t, f[0].Fields, 5)
	assert.Equal(t, "other", f[0].Fields[4].Config.DisplayNameFromDS)
	assert.Empty(t, f[0].Meta.Notices)
	for i := range 2 {
		sum := 0.0
		for _, series := range f[0].Fields[1:] {
			sum += numbers(t, series)[i]
		}
		same(t, tally(func(h hit) time.Time { return h.at.Truncate(30 * time.Minute) })[f[0].Fields[0].At(i).(time.Time)], sum)
	}
}

func TestFieldStats(t *testing.T) {
	f := draw(t, metrics(model.Chart{Kind: model.FieldStats, Field: size, Calcs: []string{"max", "min", "avg", "sum", "count", "distinct"}}))
	all := of(func(h hit) float64 { return h.bytes })
	sum := 0.0
	for _, v := range all {
		sum += v
	}
	want := []float64{slices.Max(all), slices.Min(all), sum / float64(len(all)), sum, float64(len(all)), float64(len(slices.Compact(slices.Clone(all))))}
	assert.Equal(t, data.FrameTypeNumericWide, f[0].Meta.Type)
	require.Equal(t, 1, f[0].Rows())
	for i, w := range want {
		assert.InDelta(t, w, numbers(t, f[0].Fields[i])[0], 1e-9*(1+w), f[0].Fields[i].Name)
	}
	golden(t, "field_stats", f)
	golden(t, "field_stats_compared", draw(t, metrics(model.Chart{
		Kind: model.FieldStats, Field: size, Calcs: []string{"max", "sum"},
		Compare: []model.Compare{{Field: "event.duration"}, {Name: "errors", Text: status + ":>=500"}},
	})))
}

func TestPercentiles(t *testing.T) {
	f := draw(t, metrics(model.Chart{Kind: model.Percentiles, Field: "event.duration", Percents: []float64{0, 25, 50, 99.9, 100}}))
	all := of(func(h hit) float64 { return h.duration })
	assert.Equal(t, []string{"p0", "p25", "p50", "p99.9", "p100"}, texts(t, f[0].Fields[0]))
	for i, p := range []float64{0, 25, 50, 99.9, 100} {
		at := p / 100 * float64(len(all)-1)
		low, high := all[int(math.Floor(at))], all[int(math.Ceil(at))]
		assert.InDelta(t, low+(high-low)*(at-math.Floor(at)), numbers(t, f[0].Fields[1])[i], 1, "p%v", p)
	}
	golden(t, "percentiles", f)
	golden(t, "percentiles_series", draw(t, metrics(model.Chart{Kind: model.Percentiles, Field: "event.duration", Percents: []float64{50, 95}, As: "series", Interval: "30m"})))
}

func TestDrillDown(t *testing.T) {
	c := model.Chart{Kind: model.DrillDown, By: []model.Level{{Field: "http.request.method"}, {Field: status, Size: 20}}}
	f := draw(t, metrics(c))
	type path struct{ method, status string }
	want := tally(func(h hit) path {
		if h.method == "" {
			return path{}
		}
		return path{h.method, fmt.Sprint(h.status)}
	})
	require.Equal(t, len(want), f[0].Rows())
	methods, codes, n, share := texts(t, f[0].Fields[0]), texts(t, f[0].Fields[1]), numbers(t, f[0].Fields[2]), numbers(t, f[0].Fields[3])
	for i := range methods {
		w := want[path{methods[i], codes[i]}]
		same(t, w, n[i])
		assert.InDelta(t, w/float64(len(hits)), share[i], 1e-12)
	}
	golden(t, "drill_down", f)
	c.As, c.Interval = "series", "30m"
	c.By[0].Size, c.By[1].Size = 1, 2
	golden(t, "drill_down_series", draw(t, model.Query{Chart: &c, Legend: "{{http.request.method}} → {{" + status + "}} ({{calc}})"}))
}

func TestGeo(t *testing.T) {
	f := draw(t, metrics(model.Chart{Kind: model.Geo}))
	names := make([]string, len(f[0].Fields))
	for i, field := range f[0].Fields {
		names[i] = field.Name
	}
	assert.Equal(t, []string{"latitude", "longitude", "country", "place", "count"}, names)
	got := map[string]float64{}
	for i, n := range numbers(t, f[0].Fields[4]) {
		got[texts(t, f[0].Fields[3])[i]] += n
	}
	assert.Equal(t, tally(func(h hit) string { return city(h.ip) }), got)
	assert.InDelta(t, 52.5, f[0].Fields[0].At(slices.Index(texts(t, f[0].Fields[3]), "Berlin")).(float64), 1e-6)
	golden(t, "geo", f)

	f = draw(t, metrics(model.Chart{Kind: model.Geo, Size: 2, Zoom: 3, Previous: "30m"}))
	require.Len(t, f[0].Meta.Notices, 2, "of the time before as well")
	assert.Contains(t, f[0].Meta.Notices[0].Text, "less frequent places")
}

// The time before lies over the range, under its own name.
func TestPrevious(t *testing.T) {
	late := func(o *chart.Options) { o.Range = backend.TimeRange{From: begin.Add(30 * time.Minute), To: end} }
	f := draw(t, metrics(model.Chart{Kind: model.EventCount, Interval: "10m", Previous: "range"}), late)
	require.Len(t, f, 1, "both series have the same times")
	want := tally(func(h hit) time.Time { return h.at.Truncate(10 * time.Minute) })
	for i := range 3 {
		at := f[0].Fields[0].At(i).(time.Time)
		same(t, want[at], numbers(t, f[0].Fields[1])[i])
		same(t, want[at.Add(-30*time.Minute)], numbers(t, f[0].Fields[2])[i])
	}
	golden(t, "previous", f)

	// Intervals that do not lie over each other are frames of their own.
	f = draw(t, metrics(model.Chart{Kind: model.EventCount, Interval: "10m", Previous: "15m"}), late)
	require.Len(t, f, 2)
	assert.Equal(t, data.FrameTypeTimeSeriesMulti, f[1].Meta.Type)
	assert.Equal(t, data.Labels{"period": "15m before"}, f[1].Fields[1].Labels)

	golden(t, "previous_terms", draw(t, metrics(model.Chart{Kind: model.Terms, Field: status, Previous: "30m", Size: 20}), late))
	f = draw(t, metrics(model.Chart{Kind: model.FieldStats, Field: size, Previous: "1d", Calcs: []string{"avg", "count"}}))
	same(t, 0.0, numbers(t, f[0].Fields[3])[0])
	assert.True(t, math.IsNaN(numbers(t, f[0].Fields[2])[0]))
}

// Without events there are no rows, but the columns are there, and of the right type.
func TestNothingFound(t *testing.T) {
	for _, c := range []model.Chart{
		{Kind: model.EventCount},
		{Kind: model.EventCount, By: []model.Level{{Field: status}}},
		{Kind: model.TimeSegments, Field: size},
		{Kind: model.NumericRanges, Field: status, Ranges: []model.Range{{From: ptr(1)}}},
		{Kind: model.TimeHistogram},
		{Kind: model.Histogram, Field: size},
		{Kind: model.Terms, Field: "source.ip"},
		{Kind: model.Terms, Field: "source.ip", As: "series"},
		{Kind: model.FieldStats, Field: size},
		{Kind: model.Percentiles, Field: size},
		{Kind: model.DrillDown, By: []model.Level{{Field: "source.ip"}, {Field: status}}},
		{Kind: model.Geo},
	} {
		name := string(c.Kind) + c.As
		f := draw(t, model.Query{Text: "user.name:nobody", Chart: &c})
		require.Len(t, f, 1, name)
		last := f[0].Fields[len(f[0].Fields)-1]
		assert.Equal(t, data.FieldTypeNullableFloat64, last.Type(), name)
		for _, v := range numbers(t, last) {
			assert.True(t, v == 0 || math.IsNaN(v), name)
		}
		if f[0].Meta.Type == data.FrameTypeTimeSeriesWide {
			assert.Equal(t, data.FieldTypeTime, f[0].Fields[0].Type(), name)
		}
	}
}

// Where clocks are changed, within the range or the time before, the times of each series go on ascending.
func TestPreviousWhereClocksChange(t *testing.T) {
	z, err := time.LoadLocation("Europe/Berlin")
	require.NoError(t, err)
	for _, day := range []string{"2026-03-29", "2026-03-30", "2026-10-25", "2026-10-26"} {
		from, err := time.ParseInLocation(time.DateOnly, day, z)
		require.NoError(t, err)
		for _, interval := range []string{"30m", "1h", "1d"} {
			frames := draw(t, metrics(model.Chart{Kind: model.EventCount, Interval: interval, TimeZone: "Europe/Berlin", Previous: "1d"}), func(o *chart.Options) {
				o.Range.From, o.Range.To = from, from.AddDate(0, 0, 1)
			})
			require.Len(t, frames, 1, "%s by %s: both have the same times", day, interval)
			require.Len(t, frames[0].Fields, 3)
			last := time.Time{}
			for i := range frames[0].Rows() {
				at, ok := frames[0].Fields[0].At(i).(time.Time)
				require.True(t, ok)
				require.True(t, at.After(last), "%s by %s: %v comes behind %v", day, interval, at, last)
				last = at
			}
			assert.True(t, from.Equal(frames[0].Fields[0].At(0).(time.Time))) //nolint:forcetypeassert // it was one
		}
	}
}

func TestRefused(t *testing.T) {
	f := func(q model.Query, want string, change ...func(*chart.Options)) {
		t.Helper()
		_, err := drawn(t, q, change...)
		require.Error(t, err)
		assert.Contains(t, err.Error(), want)
	}
	f(metrics(model.Chart{Kind: model.EventCount, Interval: "1s"}),
		"chart.interval: 1s cuts the time range into 86400 parts, the limit is 11000 (choose 10s or longer, auto, or a shorter time range)",
		func(o *chart.Options) { o.Range.From = end.Add(-24 * time.Hour) })
	f(metrics(model.Chart{Kind: model.Histogram, Field: size, Width: 0.001}), "more than 65,536 intervals (choose a larger width")
	f(metrics(model.Chart{Kind: model.Terms, Field: "soruce.ip"}), "did you mean source.ip?")
	f(metrics(model.Chart{Kind: model.FieldStats, Field: "source.ip"}), "source.ip")
	f(metrics(model.Chart{Kind: model.EventCount, Compare: []model.Compare{{Text: "a AND"}}}), "query 1 to compare with: AND has nothing on its right")
}

// An auto interval makes no more buckets than the panel has points, also of many groups.
func TestAutoInterval(t *testing.T) {
	f := draw(t, metrics(model.Chart{Kind: model.EventCount}), func(o *chart.Options) { o.Interval, o.MaxDataPoints = 0, 50 })
	assert.Equal(t, 30, f[0].Rows())
	f = draw(t, metrics(model.Chart{Kind: model.Terms, Field: "source.ip", Size: 3000, As: "series"}), func(o *chart.Options) { o.Interval, o.MaxDataPoints = 0, 2000 })
	assert.LessOrEqual(t, f[0].Rows(), 65536/3000)
	assert.True(t, strings.HasSuffix(fmt.Sprint(f[0].Meta.Custom), "]"))
}
