package api_test

import (
	"math"
	"net/netip"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/store"
)

func TestSearch(t *testing.T) {
	f := newFixture(t)
	f.store.fill(5)
	a := f.ok(f.do("POST", "/api/v1/search", `{"query":"event.dataset:nginx.access","from":"2026-10-11 21:00:00","to":"2026-10-11 22:00:00","time_zone":"Asia/Tokyo","count":true}`))
	assert.EqualValues(t, 0, a["total"], "21:00 in Tokyo is 12:00 UTC, and to is exclusive")
	a = f.ok(f.do("POST", "/api/v1/search", `{"query":"event.dataset:nginx.access","from":"2026-10-11 19:00:00","to":1791979200000,"time_zone":"Asia/Shanghai","count":true}`))
	assert.EqualValues(t, 3, a["total"])
	assert.Equal(t, "2026-10-11T11:00:00Z", a["from"])
	assert.Equal(t, time.UnixMilli(1791979200000).UTC().Format(time.RFC3339), a["to"])
	events := a["events"].([]any)
	require.Len(t, events, 3)
	assert.Equal(t, map[string]any{
		"@timestamp": "2026-10-11T11:59:59Z", "event.id": "journal-2-1-4",
		"message": "line 4 of \"5\", 登录失败\twith <134>", "event.dataset": "nginx.access", "source.ip": "192.0.2.4", "source.port": 1028.0,
	}, events[0])
	assert.NotContains(t, a, "cursor")
	a = f.ok(f.get("/api/v1/search?from=2026-10-11&to=2026-10-12&fields=logcenter.position"))
	assert.EqualValues(t, store.Position(1, 4, 0), a["events"].([]any)[0].(map[string]any)["logcenter.position"])
}

func TestSearchByURL(t *testing.T) {
	f := newFixture(t)
	f.store.fill(5)
	a := f.ok(f.get("/api/v1/search?query=" + url.QueryEscape("登录失败") + "&from=2026-10-11&to=2026-10-12&order=oldest&limit=2&fields=source.ip,source.port"))
	events := a["events"].([]any)
	require.Len(t, events, 2)
	assert.Equal(t, map[string]any{"@timestamp": "2026-10-11T11:59:55Z", "event.id": "journal-2-1-0", "source.ip": "192.0.2.0", "source.port": 1024.0}, events[0])
	assert.NotContains(t, a, "total")
	assert.NotEmpty(t, a["cursor"])
}

func TestEveryQueryHasARange(t *testing.T) {
	f := newFixture(t)
	before := time.Now()
	f.ok(f.get("/api/v1/search"))
	got := f.store.search
	assert.Equal(t, 15*time.Minute, got.To.Sub(got.From))
	assert.WithinRange(t, got.To, before.Truncate(0), time.Now())
	f.ok(f.get("/api/v1/search?to=2026-10-11T12:00:00%2B08:00"))
	assert.Equal(t, "2026-10-11 03:45:00", f.store.search.From.Format(time.DateTime))
	for from, want := range map[string]time.Duration{"-1h": time.Hour, "now-7d": 7 * 24 * time.Hour, "-90s": 90 * time.Second} {
		f.ok(f.get("/api/v1/search?from=" + from))
		assert.InDelta(t, want, f.store.search.To.Sub(f.store.search.From), float64(2*time.Hour), from) // summer time
	}
	f.ok(f.get("/api/v1/search?from=-1h&to=%2B1h"))
	assert.Equal(t, 2*time.Hour, f.store.search.To.Sub(f.store.search.From))
}

func TestPagesKeepTheirRange(t *testing.T) {
	f := newFixture(t)
	f.store.fill(25)
	for i := range f.store.events {
		f.store.events[i]["@timestamp"] = time.Now().Add(time.Duration(i-25) * time.Second)
	}
	var seen []string
	cursor, from := "", ""
	for {
		a := f.ok(f.get("/api/v1/search?from=-1h&limit=10&cursor=" + cursor))
		for _, ev := range a["events"].([]any) {
			seen = append(seen, ev.(map[string]any)["event.id"].(string))
		}
		if from == "" {
			from = a["from"].(string)
		}
		assert.Equal(t, from, a["from"], "the range of the first page")
		next, more := a["cursor"].(string)
		if !more {
			break
		}
		cursor = next
	}
	require.Len(t, seen, 25)
	assert.Equal(t, "journal-2-1-24", seen[0])
	assert.Equal(t, "journal-2-1-0", seen[24])
}

func TestSearchInAStream(t *testing.T) {
	f := newFixture(t)
	f.store.fill(6)
	a := f.ok(f.get("/api/v1/search?from=2026-10-11&to=2026-10-12&stream=errors&count=true"))
	assert.EqualValues(t, 2, a["total"])
}

func TestLikelyMistakesAreTold(t *testing.T) {
	f := newFixture(t)
	a := f.ok(f.get("/api/v1/search?query=soruce.ip:x"))
	notices := a["notices"].([]any)
	require.Len(t, notices, 1)
	assert.Contains(t, notices[0], "soruce.ip")
	assert.Contains(t, notices[0], "source.ip")
}

func TestNestedEvents(t *testing.T) {
	f := newFixture(t)
	f.store.events = []store.Event{{
		"@timestamp": testDay.Add(-time.Second + 5*time.Nanosecond), "event.id": "x", "source.ip": netip.MustParseAddr("2001:db8::1"),
		"source.geo.location": store.GeoPoint{Lat: 1.5, Lon: -2}, "tags": []any{"<a>", "\xff"}, "a": int64(math.MaxInt64), "a.b": true,
		"a.b.c": math.NaN(), "list": []any{int64(1)}, "list.0": "x", "empty": []any{},
	}}
	a := f.get("/api/v1/search?from=2026-10-11&to=2026-10-12&nested=true")
	f.ok(a)
	assert.Contains(t, string(a.body), `"events":[{"@timestamp":"2026-10-11T11:59:59.000000005Z","a":9223372036854775807,"a.b":true,"a.b.c":null,`+
		`"empty":[],"event":{"id":"x"},"list":[1],"list.0":"x","source":{"geo":{"location":{"lat":1.5,"lon":-2}},"ip":"2001:db8::1"},"tags":["<a>","`+"\ufffd"+`"]}]`)
	a = f.get("/api/v1/search?from=2026-10-11&to=2026-10-12")
	assert.Contains(t, string(a.body), `"source.geo.location":{"lat":1.5,"lon":-2},"source.ip":"2001:db8::1"`)
}

func TestAggregate(t *testing.T) {
	f := newFixture(t)
	f.store.fill(6)
	v := 12.5
	f.store.aggs = []store.AggResult{
		{Name: "by hour", Kind: store.DateHistogram, Buckets: []store.Bucket{{Key: testDay, Text: "2026-10-11 20:00:00", Count: 3, Aggs: []store.AggResult{
			{Name: "level", Kind: store.Terms, Buckets: []store.Bucket{{Key: "Error", Text: "Error", Count: 2}}, Other: 1},
		}}}},
		{Name: "avg", Kind: store.Avg, Value: &v},
		{Name: "none", Kind: store.Max},
		{Name: "p", Kind: store.Percentiles, Values: []float64{1, math.NaN()}},
		{Name: "no buckets", Kind: store.Ranges},
		{Name: "map", Kind: store.GeoTile, Buckets: []store.Bucket{{Key: "1/1/0", Text: "1/1/0", Count: 2, Center: &store.GeoPoint{Lat: 31.25, Lon: 121.5}}}, Other: 3},
	}
	body := `{"from":"2026-10-11","to":"2026-10-12","time_zone":"Asia/Shanghai","aggs":[
		{"name":"by hour","kind":"date_histogram","interval":"1h","empty":true,"aggs":[{"name":"level","kind":"terms","field":"log.level","size":1,"missing":"-"}]},
		{"name":"avg","kind":"avg","field":"source.port"},{"name":"none","kind":"max","field":"x"},
		{"name":"p","kind":"percentiles","field":"source.port","percents":[50,99]},
		{"name":"no buckets","kind":"ranges","field":"source.port","ranges":[{"to":10},{"key":"high","from":10}]},
		{"name":"map","kind":"geotile","field":"source.geo.location","zoom":1,"size":1}]}`
	a := f.ok(f.do("POST", "/api/v1/aggregate", body))
	assert.EqualValues(t, 6, a["total"])
	assert.Equal(t, []any{
		map[string]any{"name": "by hour", "kind": "date_histogram", "buckets": []any{
			map[string]any{"key": "2026-10-11T12:00:00Z", "text": "2026-10-11 20:00:00", "count": 3.0, "aggs": []any{
				map[string]any{"name": "level", "kind": "terms", "other": 1.0, "buckets": []any{map[string]any{"key": "Error", "text": "Error", "count": 2.0}}},
			}},
		}},
		map[string]any{"name": "avg", "kind": "avg", "value": 12.5},
		map[string]any{"name": "none", "kind": "max", "value": nil},
		map[string]any{"name": "p", "kind": "percentiles", "values": []any{1.0, nil}},
		map[string]any{"name": "no buckets", "kind": "ranges", "buckets": []any{}},
		map[string]any{"name": "map", "kind": "geotile", "other": 3.0, "buckets": []any{
			map[string]any{"key": "1/1/0", "text": "1/1/0", "count": 2.0, "center": map[string]any{"lat": 31.25, "lon": 121.5}},
		}},
	}, a["aggs"])

	ten := 10.0
	assert.Equal(t, []store.Agg{
		{Name: "by hour", Kind: store.DateHistogram, Interval: "1h", TimeZone: "Asia/Shanghai", Empty: true, Aggs: []store.Agg{
			{Name: "level", Kind: store.Terms, Field: "log.level", Size: 1, Missing: "-"},
		}},
		{Name: "avg", Kind: store.Avg, Field: "source.port"},
		{Name: "none", Kind: store.Max, Field: "x"},
		{Name: "p", Kind: store.Percentiles, Field: "source.port", Percents: []float64{50, 99}},
		{Name: "no buckets", Kind: store.Ranges, Field: "source.port", Ranges: []store.Range{{To: &ten}, {Key: "high", From: &ten}}},
		{Name: "map", Kind: store.GeoTile, Field: "source.geo.location", Zoom: 1, Size: 1},
	}, f.store.agg.Aggs)
}

func TestFields(t *testing.T) {
	f := newFixture(t)
	f.store.fill(3)
	a := f.ok(f.get("/api/v1/fields?from=2026-10-11&to=2026-10-12"))
	fields := a["fields"].([]any)
	assert.Equal(t, map[string]any{
		"name": "@timestamp", "type": "keyword", "list": false, "declared": true, "count": 3.0,
		"description": "When the event happened, by the device's clock; the time of receipt where the line carries none.",
	}, fields[0])
	assert.Equal(t, []any{}, f.ok(f.get("/api/v1/fields"))["fields"])

	a = f.ok(f.get("/api/v1/fields/source.ip/values?from=2026-10-11&to=2026-10-12&size=5"))
	assert.Equal(t, map[string]any{
		"field": "source.ip", "type": "ip", "count": 3.0, "missing": 0.0, "distinct": 0.0, "min": "192.0.2.1", "max": "2001:db8::1",
		"top": []any{map[string]any{"key": "192.0.2.1", "text": "192.0.2.1", "count": 3.0}},
	}, a)
	assert.Equal(t, "@timestamp", f.ok(f.get("/api/v1/fields/@timestamp/values"))["field"])
}

func TestValidate(t *testing.T) {
	f := newFixture(t)
	a := f.ok(f.get("/api/v1/query/validate?query=" + url.QueryEscape("a  OR (soruce.ip:b)")))
	assert.Equal(t, true, a["valid"])
	assert.Equal(t, "a OR soruce.ip:b", a["query"])
	assert.Equal(t, []any{"message", "soruce.ip"}, a["fields"])
	assert.Len(t, a["notices"], 1)
	assert.Equal(t, []any{map[string]any{
		"code": "bad_query", "message": "no plugin declares a field soruce.ip", "hint": "did you mean source.ip?",
		"position": map[string]any{"start": 7.0, "end": 16.0},
	}}, a["warnings"])
	a = f.ok(f.get("/api/v1/query/validate?query=" + url.QueryEscape(`用户 "张三`)))
	assert.Equal(t, false, a["valid"])
	e := a["error"].(map[string]any)
	assert.Equal(t, "bad_query", e["code"])
	assert.Equal(t, map[string]any{"start": 7.0, "end": 14.0}, e["position"])
	assert.Contains(t, a["rendered"], "^^^^^")
}
