package datasource_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/sdk/client"
)

// Lines have all that the contract asks for, and are those that the host finds, in its order.
func TestLogsAreTheHosts(t *testing.T) {
	s, h := opened(t), host(t)
	frames := s.frames(t, `{"v":1,"kind":"logs","limit":100000}`, wholeRange)
	require.Len(t, frames, 1)
	f := frames[0]
	assert.Equal(t, data.FrameTypeLogLines, f.Meta.Type)
	assert.Equal(t, "A", f.RefID)
	c := custom(t, f)
	assert.False(t, c.Limited)
	assert.Equal(t, []string{reachesBack}, notices(f))

	var want []client.Event
	for p, err := range h.Client.Pages(t.Context(), client.SearchRequest{Selection: client.Selection{From: client.At(wholeRange.From), To: client.At(wholeRange.To)}, Limit: 10000}) {
		require.NoError(t, err)
		want = append(want, p.Events...)
	}
	require.Equal(t, len(want), f.Rows())
	assert.EqualValues(t, len(want), c.Total)
	times, bodies, ids := column[time.Time](t, f, "timestamp"), column[string](t, f, "body"), column[string](t, f, "id")
	labels, types, severities := column[json.RawMessage](t, f, "labels"), column[json.RawMessage](t, f, "labelTypes"), column[string](t, f, "severity")
	words := map[string]string{"Debug": "debug", "Info": "info", "Warn": "warning", "Error": "error", "Fatal": "critical"}
	for i, e := range want {
		at, _ := e.Time("@timestamp")
		require.True(t, at.Equal(times[i]), i)
		require.Equal(t, e.ID(), ids[i])
		require.Equal(t, e.Message(), bodies[i])
		if word := e.Text("log.level"); word != "" {
			require.Equal(t, words[word], severities[i], word)
		} else {
			require.Equal(t, "unknown", severities[i])
		}
		var l, kinds map[string]string
		require.NoError(t, json.Unmarshal(labels[i], &l))
		require.NoError(t, json.Unmarshal(types[i], &kinds))
		require.Len(t, l, len(e)-3, "all fields but time, id and message")
		for name, v := range l {
			switch of := e[name].(type) {
			case map[string]any: // a point
			case []any:
				require.Equal(t, listed(t, of), v, name)
			default:
				require.Equal(t, e.Text(name), v, name)
			}
			require.Contains(t, []string{"I", "S", "P"}, kinds[name], name)
		}
	}
}

// listed is a list as a label: its one element, or its JSON.
func listed(t *testing.T, of []any) string {
	t.Helper()
	if len(of) == 1 {
		return fmt.Sprint(of[0])
	}
	b, err := json.Marshal(of)
	require.NoError(t, err)
	return string(b)
}

// A filter on a label as it is shown finds the lines that have it, also where it is a list of several values.
func TestFiltersOnLabelsFindTheirLines(t *testing.T) {
	s := opened(t)
	count := func(f map[string]string) map[string]int {
		q, err := json.Marshal(map[string]any{"kind": "logs", "limit": 100000, "filters": []any{f}})
		require.NoError(t, err)
		found := map[string]int{}
		for _, raw := range column[json.RawMessage](t, s.frames(t, string(q), wholeRange)[0], "labels") {
			var l map[string]string
			require.NoError(t, json.Unmarshal(raw, &l))
			found[l["event.category"]]++
		}
		return found
	}
	all := count(map[string]string{"key": "logcenter.input", "operator": "!=", "value": ""})
	const list = `["intrusion_detection","network"]`
	require.Positive(t, all[list], all)
	assert.Equal(t, map[string]int{list: all[list]}, count(map[string]string{"key": "event.category", "operator": "=", "value": list}))
	out := count(map[string]string{"key": "event.category", "operator": "!=", "value": list})
	delete(all, list)
	assert.Equal(t, all, out)
}

// olderThan is the range that Grafana asks for to load lines older than those it has: up to the time of the oldest one, in
// whole milliseconds.
func olderThan(oldest time.Time) backend.TimeRange {
	return backend.TimeRange{From: wholeRange.From, To: time.UnixMilli(oldest.UnixMilli()).UTC()}
}

// Loading older lines, as Grafana does, comes to the very end, with each line once, also where many lines have one time.
func TestLoadOlderComesToTheEnd(t *testing.T) {
	s := opened(t)
	for _, limit := range []int{1, 7, 100} {
		t.Run(fmt.Sprint(limit), func(t *testing.T) {
			var (
				got  []string
				seen = map[string]bool{}
				r    = wholeRange
			)
			if limit < 100 { // so that it does not take that many requests
				r.To = start.Add(time.Duration(limit) * 5 * time.Second)
			}
			want := column[string](t, s.frames(t, `{"limit":100000}`, r)[0], "id")
			require.NotEmpty(t, want)
			for range 3000 {
				f := s.frames(t, fmt.Sprintf(`{"limit":%d}`, limit), r)[0]
				added := 0
				for _, id := range column[string](t, f, "id") {
					if !seen[id] { // which is what Grafana does
						seen[id] = true
						got = append(got, id)
						added++
					}
				}
				c := custom(t, f)
				if !c.Limited {
					break
				}
				require.Positive(t, added, "a page without a new line would be the last one that Grafana shows")
				times := column[time.Time](t, f, "timestamp")
				r = olderThan(times[len(times)-1])
			}
			require.Equal(t, want, got)
		})
	}
}

// A cut answer says so, with the exact total.
func TestCutLinesSaySo(t *testing.T) {
	s := opened(t)
	f := s.frames(t, `{"limit":10}`, wholeRange)[0]
	c := custom(t, f)
	assert.Equal(t, 10, f.Rows())
	assert.True(t, c.Limited)
	assert.NotEmpty(t, c.Cursor)
	assert.Equal(t, []string{reachesBack, fmt.Sprintf("The newest 10 of %d lines are shown.", sampleLines)}, notices(f))
	assert.EqualValues(t, sampleLines, c.Total)

	f = s.frames(t, `{"limit":10,"oldest":true,"fields":["source.ip"]}`, wholeRange)[0]
	assert.Contains(t, notices(f), fmt.Sprintf("The oldest 10 of %d lines are shown.", sampleLines))
	times := column[time.Time](t, f, "timestamp")
	assert.True(t, slices.IsSortedFunc(times, time.Time.Compare))
	assert.Equal(t, "log.level, source.ip", names(t, f), "no other field comes")
}

// names lists all labels of a frame.
func names(t *testing.T, f *data.Frame) string {
	t.Helper()
	var list []string
	for _, raw := range column[json.RawMessage](t, f, "labels") {
		var l map[string]string
		require.NoError(t, json.Unmarshal(raw, &l))
		for name := range l {
			list = append(list, name)
		}
	}
	slices.Sort(list)
	return strings.Join(slices.Compact(list), ", ")
}

// The lines around one are exactly those before and after it, in the order of all lines, also at its own time.
func TestAround(t *testing.T) {
	s := opened(t)
	all := s.frames(t, `{"limit":100000}`, wholeRange)[0]
	ids, times := column[string](t, all, "id"), column[time.Time](t, all, "timestamp")
	slices.Reverse(ids) // oldest first from here on
	slices.Reverse(times)
	last := len(ids) - 1
	for _, i := range []int{0, 1, last / 3, last/3 + 1, last/3 + 2, last / 2, last - 1, last} {
		at := times[i].Format(time.RFC3339Nano)
		after := column[string](t, s.frames(t, fmt.Sprintf(`{"limit":5,"around":{"id":%q,"time":%q}}`, ids[i], at), backend.TimeRange{})[0], "id")
		assert.Equal(t, ids[i+1:min(i+6, last+1)], after, i)
		before := column[string](t, s.frames(t, fmt.Sprintf(`{"limit":5,"around":{"id":%q,"time":%q,"before":true}}`, ids[i], at), backend.TimeRange{})[0], "id")
		slices.Reverse(before)
		assert.Equal(t, ids[max(0, i-5):i], before, i)
	}
}

// Columns of a table have the types of their values, and are those asked for, in that order.
func TestTable(t *testing.T) {
	s, h := opened(t), host(t)
	f := s.frames(t, `{"kind":"table","query":"event.dataset:nginx.access","limit":50,"fields":["@timestamp","source.ip","http.response.status_code","never.there"]}`, wholeRange)[0]
	assert.Equal(t, data.FrameTypeTable, f.Meta.Type)
	require.Len(t, f.Fields, 4)
	assert.Equal(t, 50, f.Rows())
	for i, kind := range []data.FieldType{data.FieldTypeNullableTime, data.FieldTypeNullableString, data.FieldTypeNullableInt64, data.FieldTypeNullableString} {
		assert.Equal(t, kind, f.Fields[i].Type(), f.Fields[i].Name)
	}
	page, err := h.Client.Search(t.Context(), client.SearchRequest{
		Selection: client.Selection{Query: "event.dataset:nginx.access", From: client.At(wholeRange.From), To: client.At(wholeRange.To)}, Limit: 50,
	})
	require.NoError(t, err)
	for i, status := range column[int64](t, f, "http.response.status_code") {
		want, _ := page.Events[i].Int("http.response.status_code")
		assert.Equal(t, want, status)
	}

	empty := s.frames(t, `{"kind":"table","query":"host.name:nobody","fields":["@timestamp","source.ip"]}`, wholeRange)[0]
	require.Len(t, empty.Fields, 2)
	assert.Zero(t, empty.Rows())
	assert.Equal(t, data.FieldTypeNullableTime, empty.Fields[0].Type())
}
