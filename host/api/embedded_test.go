//go:build duckdb_arrow

package api_test

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/api"
	"github.com/logcenter/logcenter/host/store/embedded"
	"github.com/logcenter/logcenter/host/store/storetest"
	"github.com/logcenter/logcenter/sdk/client"
	"github.com/logcenter/logcenter/sdk/wire"
)

// stored is the API over a real store.
type stored struct {
	*fixture
	dir    string
	db     *embedded.Store
	offset uint64
	want   []string // event.ids, in no order
}

func newStored(t *testing.T) *stored {
	t.Helper()
	s := &stored{dir: filepath.Join(t.TempDir(), "store")}
	s.open(t)
	s.fixture = newFixture(t, func(o *api.Options) { o.Store = s.db })
	t.Cleanup(func() { assert.NoError(t, s.db.Close()) })
	return s
}

func (s *stored) open(t *testing.T) {
	t.Helper()
	var err error
	s.db, err = embedded.Open(s.dir, embedded.Options{MemoryLimit: 512 << 20})
	require.NoError(t, err)
}

// restart ends the host and starts it again.
func (s *stored) restart() {
	s.stop()
	require.NoError(s.t, s.db.Close())
	s.open(s.t)
	s.o.Store, s.o.Metrics = s.db, prometheus.NewRegistry()
	s.start()
}

// add stores n events a millisecond apart, the first at testDay less an hour.
func (s *stored) add(n int) {
	s.t.Helper()
	s.offset++
	var events []storetest.Event
	for i := range n {
		ip := fmt.Sprintf("192.0.2.%d", i%250)
		e := storetest.Event{
			"@timestamp": testDay.Add(-time.Hour + time.Duration(len(s.want))*time.Millisecond), "source.ip": ip, "source.port": int64(1024 + i%100),
			"message": fmt.Sprintf("登录失败 number %d from %s, \"quoted\"", len(s.want), ip), "event.dataset": "nginx.access", "log.level": []string{"Error", "Info"}[i%2],
		}
		if i%10 == 0 {
			e["tags"] = []any{"a,b", "c"}
			e["acme.note"] = "undeclared"
		}
		events = append(events, e)
		s.want = append(s.want, fmt.Sprintf("%s-0-%d-%d", storetest.Journal, s.offset, i))
	}
	b, err := storetest.Batch(s.offset, events)
	require.NoError(s.t, err)
	require.NoError(s.t, s.db.Append(s.t.Context(), s.offset, []*wire.Batch{b}))
}

func (s *stored) requireEach(got []string) {
	s.t.Helper()
	want := slices.Clone(s.want)
	slices.Sort(want)
	got = slices.Clone(got)
	slices.Sort(got)
	require.Equal(s.t, want, got, "each event once")
}

var hour = client.Selection{From: client.At(testDay.Add(-time.Hour)), To: client.At(testDay)}

func TestSearchInTheStore(t *testing.T) {
	s := newStored(t)
	s.add(3000)
	require.NoError(t, s.db.Flush(t.Context()))
	s.add(500)
	c, ctx := s.client(), t.Context()
	var got []string
	for p, err := range c.Pages(ctx, client.SearchRequest{Selection: hour, Limit: 900, Count: len(got) == 0}) {
		require.NoError(t, err)
		for _, ev := range p.Events {
			got = append(got, ev.ID())
		}
		if len(got) == 900 {
			s.add(10) // what comes later is not in the snapshot
			s.want = s.want[:3500]
		}
	}
	s.requireEach(got)

	a := s.ok(s.get("/api/v1/search?from=2026-10-11&to=2026-10-12&count=true&limit=1&order=oldest&query=source.ip:192.0.2.0/31+AND+log.level:Error+AND+登录失败"))
	assert.InDelta(t, 15, a["total"], 0)
	ev := a["events"].([]any)[0].(map[string]any)
	assert.Equal(t, "2026-10-11T11:00:00Z", ev["@timestamp"])
	assert.Equal(t, []any{"a,b", "c"}, ev["tags"])
	assert.Equal(t, "undeclared", ev["acme.note"])
	a = s.ok(s.get("/api/v1/search?from=2026-10-11&to=2026-10-12&limit=1&nested=true"))
	assert.Contains(t, a["events"].([]any)[0].(map[string]any)["source"], "ip")

	agg, err := c.Aggregate(ctx, client.AggregateRequest{Selection: hour, Aggs: []client.Agg{
		{Kind: "date_histogram", Interval: "1s", Aggs: []client.Agg{{Kind: "terms", Field: "log.level"}}},
		{Kind: "percentiles", Field: "source.port", Percents: []float64{50}},
		{Kind: "distinct", Field: "source.ip"},
		{Kind: "max", Field: "source.bytes"},
	}})
	require.NoError(t, err)
	assert.Len(t, agg.Aggs[0].Buckets, 4)
	assert.Len(t, agg.Aggs[0].Buckets[0].Aggs[0].Buckets, 2)
	assert.InDelta(t, 250, *agg.Aggs[2].Value, 0)
	assert.Nil(t, agg.Aggs[3].Value)
	s.do("POST", "/api/v1/aggregate", `{"from":"2026-10-11","to":"2026-10-12","aggs":[{"kind":"ranges","field":"source.port","ranges":[{"to":1100},{"from":1100}]},{"kind":"histogram","field":"source.port","width":10}]}`)

	fields, err := c.Fields(ctx, hour)
	require.NoError(t, err)
	assert.True(t, slices.ContainsFunc(fields, func(f client.Field) bool { return f.Name == "source.ip" && f.Type == "ip" && f.Declared }))
	for _, f := range fields {
		values := s.get("/api/v1/fields/" + f.Name + "/values?from=2026-10-11&to=2026-10-12")
		if f.Declared {
			s.ok(values)
		} else {
			assert.Contains(t, string(values.body), "declare this field", f.Name)
		}
	}
	for q, code := range map[string]string{
		`{"aggs":[{"kind":"max","field":"acme.note"}]}`: "bad_request", `{"aggs":[{"kind":"most"}]}`: "bad_request",
		`{"from":"now-1y","aggs":[{"kind":"date_histogram","interval":"1s","empty":true}]}`: "too_many_buckets",
	} {
		bad := s.do("POST", "/api/v1/aggregate", q)
		assert.Equal(t, 400, bad.status, q)
		assert.Equal(t, code, bad.code(t), "%s", bad.body)
	}
	other := s.do("POST", "/api/v1/search", `{"query":"another","cursor":"`+pageCursor(s)+`"}`)
	assert.Equal(t, http.StatusGone, other.status, "%s", other.body)
}

func pageCursor(s *stored) string {
	return s.ok(s.get("/api/v1/search?from=2026-10-11&to=2026-10-12&limit=1"))["cursor"].(string)
}

// While the export goes on, events arrive, segments merge and the host is restarted.
func TestExportFromTheStore(t *testing.T) {
	s := newStored(t)
	for range 3 {
		s.add(20000)
		require.NoError(t, s.db.Flush(t.Context()))
	}
	e, err := s.client().CreateExport(t.Context(), client.ExportRequest{Selection: hour})
	require.NoError(t, err)
	assert.EqualValues(t, 60000, e.Total)
	var file bytes.Buffer
	p := client.Progress{ID: e.ID}
	for round := 0; !p.Done; round++ {
		part, err := s.client().ExportPart(t.Context(), e.ID, p.Resume, 1)
		require.NoError(t, err)
		if round%3 == 1 {
			again, err := s.client().ExportPart(t.Context(), e.ID, p.Resume, 1)
			require.NoError(t, err)
			require.True(t, bytes.Equal(part.Data, again.Data), "the same token, the same rows")
			part = again
		}
		file.Write(part.Data)
		p.Resume, p.Done, p.Rows = part.Resume, part.Done, part.RowsDone
		if round == 4 {
			s.add(1000) // behind the snapshot, though within the range
			s.want = s.want[:60000]
			require.NoError(t, s.db.Flush(t.Context()))
			s.restart()
		}
	}
	assert.EqualValues(t, 60000, p.Rows)
	s.requireEach(ids(t, file.String()))

	file.Reset()
	sel := hour
	sel.Query = "source.ip:192.0.2.7 AND log.level:Info"
	_, err = s.client().Export(t.Context(), client.ExportRequest{Selection: sel, Format: "csv", Content: "parsed"}, &file, nil)
	require.NoError(t, err)
	rows, err := csv.NewReader(&file).ReadAll()
	require.NoError(t, err)
	assert.Equal(t, []string{"@timestamp", "event.id"}, rows[0][:2])
	assert.NotContains(t, rows[0], "message")
	assert.NotContains(t, rows[0], "logcenter.position")
	at := slices.Index(rows[0], "source.ip")
	for _, r := range rows[1:] {
		assert.Equal(t, "192.0.2.7", r[at])
	}
	assert.InDelta(t, 244, len(rows)-1, 2)

	online := s.get("/api/v1/export?from=2026-10-11&to=2026-10-12&format=ndjson&content=raw")
	assert.Equal(t, 10000, strings.Count(string(online.body), "\n"))
	assert.Equal(t, "61000", online.header.Get("Logcenter-Total"))
}
