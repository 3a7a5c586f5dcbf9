package storetest

import (
	"context"
	"fmt"
	"math"
	"net/netip"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/sdk/wire"
)

// How many events the charts are of; the longer form with LOGCENTER_LONG.
const (
	chartEvents     = 8_000
	chartEventsLong = 200_000
	chartEntries    = 5 // at least, the fourth of which is flushed
)

// chart is one chart kind of the log standard.
type chart struct {
	name string
	aggs []store.Agg
}

func charts() []chart {
	bounds := func(f ...float64) (rs []store.Range) {
		for i := 1; i < len(f); i++ {
			rs = append(rs, store.Range{From: &f[i-1], To: &f[i]})
		}
		return append(rs, store.Range{From: &f[len(f)-1]})
	}
	hist := func(every string, aggs ...store.Agg) store.Agg {
		return store.Agg{Name: every, Kind: store.DateHistogram, Interval: every, TimeZone: "Asia/Shanghai", Aggs: aggs}
	}
	value := func(kind store.AggKind, field string) store.Agg { return store.Agg{Kind: kind, Field: field} }
	stats := []store.Agg{value(store.Max, "source.bytes"), value(store.Min, "source.bytes"), value(store.Avg, "source.bytes")}
	top := func(field string, n int, aggs ...store.Agg) store.Agg {
		return store.Agg{Name: field, Kind: store.Terms, Field: field, Size: n, Aggs: aggs}
	}
	return []chart{
		{"event count", []store.Agg{value(store.Count, "user.name"), value(store.Count, "rule.id"), hist("1d", value(store.Count, "user.name"), value(store.Count, "rule.id"))}},
		{"time segments", []store.Agg{hist("5m", stats...), hist("1h", stats...)}},
		{"numeric ranges", []store.Agg{{Kind: store.Ranges, Field: "http.response.status_code", Ranges: bounds(0, 200, 300, 400, 500)}}},
		{"time histogram", []store.Agg{hist("1s"), hist("1m"), hist("1h"), hist("1d"), hist("1w")}},
		{"numeric histogram", []store.Agg{{Kind: store.Histogram, Field: "source.bytes", Width: 500}, {Kind: store.Histogram, Field: "event.risk_score", Width: 0.25}}},
		{"field terms", []store.Agg{top("source.ip", 20), top("user.name", 5), top("http.response.status_code", 10), value(store.Distinct, "source.ip")}},
		{"field statistics", append(stats, value(store.Sum, "source.bytes"), value(store.Avg, "event.risk_score"), value(store.Sum, "event.risk_score"))},
		{"cumulative percentages", []store.Agg{
			{Kind: store.Percentiles, Field: "source.bytes", Percents: []float64{1, 5, 25, 50, 75, 95, 99, 99.9}},
			hist("6h", store.Agg{Kind: store.Percentiles, Field: "event.risk_score", Percents: []float64{50, 90, 99}}),
		}},
		{"multi-level", []store.Agg{top("observer.type", 5, top("user.name", 3, top("source.ip", 3, stats...), hist("1d"))), hist("6h", top("source.ip", 2, value(store.Distinct, "user.name")))}},
		{"geography", []store.Agg{
			{Name: "far", Kind: store.GeoTile, Field: "source.geo.location", Zoom: 3},
			{Name: "near", Kind: store.GeoTile, Field: "source.geo.location", Zoom: 12, Size: 50},
			top("source.geo.country_iso_code", 10, store.Agg{Kind: store.GeoTile, Field: "source.geo.location", Zoom: 5, Size: 3, Aggs: []store.Agg{top("source.ip", 1)}}),
		}},
	}
}

// chartEvent makes one event of a busy day or two.
func (c chance) chartEvent(i int) Event {
	skewed := func(n int) int { return int(float64(n) * math.Pow(c.Float64(), 3)) }
	ip := skewed(3000)
	ev := Event{
		"@timestamp": epoch.Add(time.Duration(i)*800*time.Millisecond + time.Duration(c.IntN(1e9))), "event.ingested": epoch.Add(time.Duration(i/100_000) * 24 * time.Hour),
		"message": fmt.Sprintf("event %d of 登录 %d", i, ip), "observer.type": pick(c, "firewall", "firewall", "ips", "waf"), "logcenter.log_type": "attack",
		"source.ip": netip.AddrFrom4([4]byte{203, 0, byte(ip >> 8), byte(ip)}), "source.bytes": int64(skewed(20000)), "event.risk_score": float64(skewed(1000)) / 8,
	}
	if c.in(1, 2) {
		ev["user.name"] = fmt.Sprintf("用户%d", skewed(50))
	}
	if c.in(1, 3) {
		ev["http.response.status_code"] = pick(c, int64(200), 200, 200, 301, 404, 404, 500, 503)
	}
	if c.in(1, 5) {
		ev["rule.id"] = fmt.Sprint(24500 + c.IntN(20))
	}
	if c.in(4, 5) { // the place belongs to the address
		of := newChance(uint64(ip))
		ev["source.geo.location"] = of.point()
		ev["source.geo.country_iso_code"] = pick(of, "CN", "CN", "DE", "US", "AU", "BR", "IN")
	}
	return ev
}

// testCharts compares the ten chart kinds of the log standard over many events.
func testCharts(t *testing.T, g *Group, open func(t *testing.T) store.Store) {
	ctx, n := context.Background(), chartEvents
	if os.Getenv("LOGCENTER_LONG") != "" {
		n = chartEventsLong
	}
	rows := min(n/chartEntries, 4000)
	x := &contest{open(t), newReference()}
	c := newChance(10)
	for entry := range uint64(n / rows) {
		events := make([]Event, rows)
		for k := range events {
			events[k] = c.chartEvent(int(entry)*rows + k)
		}
		b, err := Batch(entry+1, events)
		require.NoError(t, err)
		require.NoError(t, x.reference.Append(ctx, entry+1, []*wire.Batch{b}))
		require.NoError(t, x.store.Append(ctx, entry+1, []*wire.Batch{b}))
		if entry%8 == 3 {
			require.NoError(t, x.store.Flush(ctx))
		}
	}
	for _, kind := range charts() {
		for _, text := range []string{"", "observer.type:firewall AND 登录"} {
			q := &question{node: where(t, text).Query, from: epoch, to: epoch.AddDate(0, 0, 7), aggs: kind.aggs}
			diff := x.ask(q)
			g.add(diff == "")
			if diff != "" {
				t.Errorf("%s of %d events, %s: %s", kind.name, n, q, diff)
			}
		}
	}
}
