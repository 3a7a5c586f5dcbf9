package model_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/grafana/pkg/model"
)

func TestDecode(t *testing.T) {
	f := func(text string, want model.Query, notices ...string) {
		t.Helper()
		want.Version = max(want.Version, model.Version)
		got, told, err := model.Decode([]byte(text))
		require.NoError(t, err)
		assert.Equal(t, want, got)
		assert.Equal(t, notices, told)
	}
	f(`{}`, model.Query{})
	f(`{"v":1,"kind":"metrics","query":"a","chart":{"kind":"terms","field":"source.ip"},"refId":"A","datasource":{"uid":"x","type":"y"},"intervalMs":15000,"maxDataPoints":100}`,
		model.Query{Kind: model.Metrics, Text: "a", Chart: &model.Chart{Kind: model.Terms, Field: "source.ip"}})
	// Version 0 let the kind be left out.
	f(`{"chart":{"kind":"event_count"}}`, model.Query{Kind: model.Metrics, Chart: &model.Chart{Kind: model.EventCount}})
	f(`{"alerts":{"states":["open"]}}`, model.Query{Kind: model.Alerts, Alerts: &model.AlertFilter{States: []string{"open"}}})
	f(`{"eventId":"e1","alerts":null}`, model.Query{Kind: model.Explain, EventID: "e1"})
	f(`{"v":1,"chart":{"kind":"event_count"}}`, model.Query{Chart: &model.Chart{Kind: model.EventCount}})
	// What is not known is told.
	f(`{"v":1,"querry":"a","chart":{"kind":"geo","by":[{"field":"a","colour":"red"}]}}`,
		model.Query{Chart: &model.Chart{Kind: model.Geo, By: []model.Level{{Field: "a"}}}},
		`ignored of the query: "chart.by[0].colour", "querry" (it has no meaning in queries of Logcenter)`)
	f(`{"v":9,"glow":true}`, model.Query{Version: 9},
		`ignored of the query: "glow" (the query was made with a newer version of the plugin: update it)`)
	f(`{"a1":1,"a2":1,"a3":1,"a4":1,"a5":1,"a6":1,"a7":1}`, model.Query{},
		`ignored of the query: "a1", "a2", "a3", "a4", "a5" and 2 more (it has no meaning in queries of Logcenter)`)
}

func TestDecodeRefuses(t *testing.T) {
	f := func(text, want string) {
		t.Helper()
		_, _, err := model.Decode([]byte(text))
		var e *model.Error
		require.ErrorAs(t, err, &e)
		assert.Equal(t, want, err.Error())
	}
	f(``, "the query is no JSON object: unexpected end of JSON input (it is written by the query editor)")
	f(`[]`, "the query is no JSON object: cannot unmarshal array into Go value of type map[string]json.RawMessage (it is written by the query editor)")
	f(`{"v":"1"}`, "v: a string does not belong here, want a whole number")
	f(`{"v":-1}`, "v: there is no version -1 (queries of today have 1)")
	f(`{"query":5}`, "query: a number does not belong here, want a string")
	f(`{"chart":{"by":["x"]}}`, "chart.by: a string does not belong here, want an object")
	f(`{"chart":{"width":"wide"}}`, "chart.width: a string does not belong here, want a number")
	f(`{"kind":"pie"}`, `kind: there is no kind of query "pie" (known are logs, table, metrics, alerts, explain, dead_letters, plugins, inputs, volume, rates)`)
	f(`{"limit":100001}`, "limit: 100001 rows are not possible: 1 to 100000 (narrow the query or the time range, or export the events)")
	f(`{"kind":"explain"}`, "eventId: say which event to explain (click a line and choose Explain, or paste its event.id)")
	f(`{"filters":[{"key":"a","operator":"~","value":"b"}]}`, `filters[0].operator: there is no operator "~" (known are =, !=, =~, !~, <, >, <=, >=, =|, !=|)`)
	f(`{"filters":[{"operator":"=","value":"b"}]}`, "filters[0].key: the filter needs the name of a field (choose one in the filter bar)")
	chart := func(chart, want string) { t.Helper(); f(`{"kind":"metrics","chart":`+chart+`}`, want) }
	chart(`{"kind":"pie"}`, `chart.kind: there is no chart "pie" (known are event_count, time_segments, numeric_ranges, time_histogram, histogram, terms, field_stats, percentiles, drill_down, geo)`)
	chart(`{"kind":"time_segments"}`, "chart.field: the chart time segments needs a field (choose a field with numbers, e.g. http.response.body.bytes)")
	chart(`{"kind":"drill_down"}`, "chart.by: the chart drill down needs 1 to 5 levels (choose the field of the first level, e.g. observer.type)")
	chart(`{"kind":"drill_down","by":[{"field":"a"},{"field":"b"},{"field":"c"},{"field":"d"},{"field":"e"},{"field":"f"}]}`, "chart.by: 6 levels are too many, the limit is 5")
	chart(`{"kind":"drill_down","by":[{"field":"a","size":1000},{"field":"b","size":1000}]}`, "chart.by[1].size: the levels make up to 1000000 groups, the limit is 100000 (ask for fewer values on each level)")
	chart(`{"kind":"terms","field":"a","size":10001}`, "chart.size: 10001 groups are not possible: 1 to 10000 (ask for the most frequent ones, and let the rest count together as other)")
	chart(`{"kind":"numeric_ranges","field":"a"}`, "chart.ranges: the chart needs ranges (e.g. 200-300, 300-400, 400-500, 500-600)")
	chart(`{"kind":"numeric_ranges","field":"a","ranges":[{"from":5,"to":5}]}`, "chart.ranges[0]: the range is empty (from is inclusive, to is exclusive; one of them may be open)")
	chart(`{"kind":"event_count","interval":"5 min"}`, `chart.interval: "5 min" is not an interval (write e.g. 30s, 5m, 1h, 1d, 1w or auto)`)
	chart(`{"kind":"event_count","timeZone":"Mars"}`, `chart.timeZone: "Mars" is not a time zone (write a name of the IANA database, e.g. Asia/Shanghai)`)
	chart(`{"kind":"event_count","previous":"yesterday"}`, `chart.previous: "yesterday" is not a time before (write e.g. 1d, 1w or range)`)
	chart(`{"kind":"event_count","compare":[{"query":" "}]}`, "chart.compare[0].query: there is nothing to compare with (write a query, or * for all events)")
	chart(`{"kind":"percentiles","field":"a","percents":[101]}`, "chart.percents[0]: 101 is not a percentage from 0 to 100 (write e.g. 95 or 99.9)")
	chart(`{"kind":"field_stats","field":"a","calcs":["avg","median"]}`, `chart.calcs[1]: there is no calculation "median" (known are count, distinct, min, max, avg, sum)`)
	chart(`{"kind":"histogram","field":"a","width":-1}`, "chart.width: an interval of -1 is not possible (leave it out to have it chosen)")
	chart(`{"kind":"geo","zoom":30}`, "chart.zoom: 30 is not possible: 0 to 29 (each step halves the sides of a tile)")
}

func TestInterval(t *testing.T) {
	f := func(d time.Duration, want string) {
		t.Helper()
		assert.Equal(t, want, model.Interval(d).String())
	}
	f(0, "1s")
	f(time.Millisecond, "1s")
	f(time.Second, "1s")
	f(1100*time.Millisecond, "2s")
	f(45*time.Second, "1m")
	f(20*time.Minute, "30m")
	f(25*time.Hour, "2d")
	f(5*24*time.Hour, "1w")
	f(500*7*24*time.Hour, "520w")

	of := func(length, least time.Duration, points int64, want string) {
		t.Helper()
		got := model.IntervalOf(length, least, points)
		assert.Equal(t, want, got.String())
		assert.LessOrEqual(t, int64(length/got.Duration())+1, max(2, points))
	}
	of(time.Hour, 0, 1000, "5s")
	of(time.Hour, time.Minute, 1000, "1m")
	of(time.Hour, 0, 60, "2m")
	of(24*time.Hour, 0, 100, "15m")
	of(365*24*time.Hour, 0, 100, "1w")
	of(time.Hour, 0, 1, "1h")
	of(10*365*24*time.Hour, 0, 5, "156w")
}

// Whatever JSON comes, Decode answers with a query that is valid and is read again as itself, or with an error.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"v":1,"kind":"metrics","query":"a","chart":{"kind":"terms","field":"source.ip","ranges":[{"from":1,"to":null}],"by":[{"field":"a","size":3}]}}`))
	f.Add([]byte(`{"kind":"logs","around":{"id":"x","time":"2026-10-11T12:00:00Z","before":true},"filters":[{"key":"a","operator":"=|","values":["b"]}]}`))
	f.Add([]byte(`{"alerts":{"states":["open"]},"v":0,"x":[[[]]],"chart":null}`))
	f.Add([]byte(`{"v":1e99,"limit":-0,"KIND":"logs"}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		q, notices, err := model.Decode(b)
		if err != nil {
			var e *model.Error
			require.ErrorAs(t, err, &e)
			require.NotEmpty(t, e.Msg)
			return
		}
		require.LessOrEqual(t, len(notices), 1)
		require.NoError(t, q.Validate())
		again, err := json.Marshal(q)
		require.NoError(t, err)
		twice, _, err := model.Decode(again)
		require.NoError(t, err)
		more, err := json.Marshal(twice)
		require.NoError(t, err)
		require.Equal(t, string(again), string(more))
	})
}
