package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/sdk/query"
)

// QueryResult is how long one kind of question takes on a filled store.
type QueryResult struct {
	Name  string  `json:"name"`
	WallS float64 `json:"wall_s"` // median of three, warm
	Total int64   `json:"total"`  // events it selects; -1 where they are not counted
}

// question is one search or aggregation.
type question struct {
	name, query string
	aggs        []store.Agg
	limit       int
	count       bool
}

var questions = []question{
	{name: "event count by dataset", query: "*", aggs: []store.Agg{{Kind: store.Terms, Field: "event.dataset"}}},
	{name: "top sources", query: "*", aggs: []store.Agg{{Kind: store.Terms, Field: "source.ip"}}},
	{name: "minute histogram", query: "*", aggs: []store.Agg{{Kind: store.DateHistogram, Interval: "1m"}}},
	{name: "numeric histogram", query: "event.dataset:nginx.access", aggs: []store.Agg{{Kind: store.Histogram, Field: "http.response.status_code", Width: 100}}},
	{name: "drill-down, three levels", query: "*", aggs: []store.Agg{{Kind: store.Terms, Field: "event.dataset", Aggs: []store.Agg{{Kind: store.Terms, Field: "log.level", Aggs: []store.Agg{{Kind: store.Terms, Field: "source.ip", Size: 5}}}}}}},
	{name: "average per minute", query: "event.dataset:nginx.access", aggs: []store.Agg{{Kind: store.DateHistogram, Interval: "1m", Aggs: []store.Agg{{Kind: store.Avg, Field: "event.duration"}}}}},
	{name: "percentiles", query: "*", aggs: []store.Agg{{Kind: store.Percentiles, Field: "event.duration", Percents: []float64{50, 95, 99}}}},
	{name: "distinct addresses", query: "*", aggs: []store.Agg{{Kind: store.Distinct, Field: "source.ip"}}},
	{name: "CIDR", query: "source.ip:10.16.0.0/16", aggs: []store.Agg{{Kind: store.Terms, Field: "log.level"}}},
	{name: "range", query: "http.response.status_code:>=500", aggs: []store.Agg{{Kind: store.Terms, Field: "url.path"}}},
	{name: "selective word", query: "seldomxyz OR 25102", count: true, limit: 100},
	{name: "word that is nowhere", query: "zzzabsent", count: true, limit: 100},
	{name: "word over everything", query: "tcp", count: true, limit: 1},
	{name: "Chinese phrase over everything", query: "登录失败", count: true, limit: 1},
	{name: "regex with a literal", query: "message:/cobalt[a-z]+/", count: true, limit: 1},
	{name: "regex without a literal", query: "message:/[a-f]{9}/", count: true, limit: 1},
	{name: "newest 100 with a filter", query: "log.level:Error", limit: 100},
	{name: "newest 100 with a rare filter", query: "rule.id:25102 AND destination.port:443", limit: 100},
}

// Queries asks a filled store every kind of question and prints how long each takes.
func Queries(ctx context.Context, s store.Store, w io.Writer, asJSON bool) error {
	for _, q := range questions {
		n, err := query.Parse(q.query)
		if err != nil {
			return err
		}
		sel := store.Selection{Query: n, From: time.Unix(0, 0), To: time.Now().AddDate(10, 0, 0)}
		var times []time.Duration
		total := int64(-1)
		for range 3 {
			begun := time.Now()
			if q.aggs != nil {
				a, err := s.Aggregate(ctx, store.Everything(), store.AggregateRequest{Selection: sel, Aggs: q.aggs})
				if err != nil {
					return fmt.Errorf("%s: %w", q.name, err)
				}
				total = a.Total
			} else {
				p, err := s.Search(ctx, store.Everything(), store.SearchRequest{Selection: sel, Limit: q.limit, Count: q.count})
				if err != nil {
					return fmt.Errorf("%s: %w", q.name, err)
				}
				total = p.Total
			}
			times = append(times, time.Since(begun))
		}
		slices.Sort(times)
		r := QueryResult{q.name, round(times[1].Seconds()), total}
		if asJSON {
			if err := json.NewEncoder(w).Encode(r); err != nil {
				return err
			}
			continue
		}
		if _, err := fmt.Fprintf(w, "  %-32s %8.3f s  %d events\n", r.Name, r.WallS, r.Total); err != nil {
			return err
		}
	}
	return nil
}
