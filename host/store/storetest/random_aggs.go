package storetest

import (
	"strconv"

	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/sdk/query"
)

func quoted(v string) string { return query.Format(&query.Term{Value: v, Quoted: true}) }

var (
	randomZones     = []string{"", "UTC", "Asia/Shanghai", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia"}
	randomIntervals = []string{"1s", "30s", "1m", "5m", "1h", "7h", "1d", "1w", "1M", "2d", "3w", "6M"}
)

// aggs makes up to n aggregations side by side, with others in them down to a depth.
func (c chance) aggs(n, depth int) []store.Agg {
	var out []store.Agg
	for i := range 1 + c.IntN(n) {
		var a store.Agg
		if depth > 0 && c.in(2, 3) {
			a = c.bucketAgg()
			if depth > 1 && c.in(2, 3) {
				a.Aggs = c.aggs(2, depth-1)
			}
		} else {
			a = c.valueAgg()
		}
		a.Name = "a" + strconv.Itoa(i)
		out = append(out, a)
	}
	return out
}

func (c chance) bucketAgg() store.Agg {
	switch c.IntN(5) {
	case 0:
		a := store.Agg{Kind: store.DateHistogram, Field: pick(c, append(dateFields, "")...), Interval: pick(c, randomIntervals...), TimeZone: pick(c, randomZones...)}
		if a.Interval == "3w" {
			a.TimeZone = "" // in others Elasticsearch takes a shorter time
		}
		a.Empty = c.in(1, 4) && a.Interval[len(a.Interval)-1] == 'M' // else there are too many
		return a
	case 1:
		return store.Agg{Kind: store.Histogram, Field: pick(c, append(longFields, doubleFields...)...), Width: pick(c, 0.5, 1, 2.5, 10, 1000), Empty: c.in(1, 10)}
	case 2:
		a := store.Agg{Kind: store.Ranges, Field: pick(c, append(longFields, doubleFields...)...)}
		for i := range 1 + c.IntN(3) {
			r := store.Range{Key: "r" + strconv.Itoa(i)}
			if c.in(4, 5) {
				r.From = number(float64(c.IntN(12) - 3))
			}
			if c.in(4, 5) {
				r.To = number(float64(c.IntN(12) - 3))
			}
			if r.From != nil && r.To != nil && *r.From > *r.To {
				r.From, r.To = r.To, r.From
			}
			a.Ranges = append(a.Ranges, r)
		}
		return a
	case 3:
		return store.Agg{Kind: store.GeoTile, Field: pick(c, geoFields...), Zoom: pick(c, 0, 1, 2, 3, 5, 8, 12, 20, 29), Size: pick(c, 0, 1, 2, 5, 50)}
	default:
		all := [][]string{keywordFields, keywordFields, longFields, doubleFields, boolFields, ipFields, dateFields}
		return store.Agg{Kind: store.Terms, Field: pick(c, pick(c, all...)...), Size: pick(c, 0, 1, 2, 3, 100), Missing: pick(c, "", "", "none", "firewall")}
	}
}

func (c chance) valueAgg() store.Agg {
	nums := append(longFields, doubleFields...)
	switch kind := pick(c, store.Count, store.Distinct, store.Min, store.Max, store.Avg, store.Sum, store.Percentiles); kind {
	case store.Count:
		all := [][]string{{""}, keywordFields, longFields, doubleFields, boolFields, ipFields, dateFields, geoFields, {"message"}}
		return store.Agg{Kind: kind, Field: pick(c, pick(c, all...)...)}
	case store.Distinct:
		all := [][]string{keywordFields, longFields, doubleFields, boolFields, ipFields, dateFields}
		return store.Agg{Kind: kind, Field: pick(c, pick(c, all...)...)}
	case store.Sum:
		return store.Agg{Kind: kind, Field: pick(c, nums...)}
	case store.Percentiles:
		return store.Agg{Kind: kind, Field: pick(c, nums...), Percents: pick(c, []float64{50}, []float64{0, 25, 50, 75, 100}, []float64{1, 99.9})}
	default:
		return store.Agg{Kind: kind, Field: pick(c, append(nums, dateFields...)...)}
	}
}
