package bench

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/sdk/query"
)

// QueryResult is how long one kind of question takes on a filled store.
type QueryResult struct {
	Name  string  `json:"name"`
	Store string  `json:"store"` // kind
	Query string  `json:"query"`
	First float64 `json:"first_s"` // wall time of the first time: a cluster keeps the answers of aggregations
	WallS float64 `json:"wall_s"`  // of the times after it, median
	MostS float64 `json:"limit_s"` // that it may take on ten million events
	CPUS  float64 `json:"cpu_s"`   // of this process, median
	Total int64   `json:"total"`   // events it selects; -1 where they are not counted
}

// Seconds that a question may take on ten million events: charts that people look at while they work, and all others.
const (
	mostChart = 5
	mostOther = 10
)

// question is one search or aggregation.
type question struct {
	name, query string
	aggs        []store.Agg
	limit       int
	count       bool
	most        float64 // seconds; 0 means mostOther
}

// rareWord stands for a word that few of the store's events have.
const rareWord = "?"

var questions = []question{
	{name: "event count by dataset", query: "*", aggs: []store.Agg{{Kind: store.Terms, Field: "event.dataset"}}, most: mostChart},
	{name: "top sources", query: "*", aggs: []store.Agg{{Kind: store.Terms, Field: "source.ip"}}, most: mostChart},
	{name: "minute histogram", query: "*", aggs: []store.Agg{{Kind: store.DateHistogram, Interval: "1m"}}, most: mostChart},
	{name: "numeric histogram", query: "event.dataset:nginx.access", aggs: []store.Agg{{Kind: store.Histogram, Field: "http.response.status_code", Width: 100}}, most: mostChart},
	{name: "drill-down, three levels", query: "*", aggs: []store.Agg{{Kind: store.Terms, Field: "event.dataset", Aggs: []store.Agg{{Kind: store.Terms, Field: "log.level", Aggs: []store.Agg{{Kind: store.Terms, Field: "source.ip", Size: 5}}}}}}, most: mostChart},
	{name: "events by country", query: "*", aggs: []store.Agg{{Kind: store.Terms, Field: "source.geo.country_iso_code", Size: 250}}, most: mostChart},
	{name: "average per minute", query: "event.dataset:nginx.access", aggs: []store.Agg{{Kind: store.DateHistogram, Interval: "1m", Aggs: []store.Agg{{Kind: store.Avg, Field: "event.duration"}}}}},
	{name: "percentiles", query: "*", aggs: []store.Agg{{Kind: store.Percentiles, Field: "event.duration", Percents: []float64{50, 95, 99}}}},
	{name: "distinct addresses", query: "*", aggs: []store.Agg{{Kind: store.Distinct, Field: "source.ip"}}},
	{name: "CIDR", query: "source.ip:10.16.0.0/16", aggs: []store.Agg{{Kind: store.Terms, Field: "log.level"}}},
	{name: "range", query: "http.response.status_code:>=500", aggs: []store.Agg{{Kind: store.Terms, Field: "url.path"}}},
	{name: "rare word", query: rareWord, count: true, limit: 100},
	{name: "selective word", query: "seldomxyz OR 25102", count: true, limit: 100},
	{name: "word that is nowhere", query: "zzzabsent", count: true, limit: 100},
	{name: "word over everything", query: "tcp", count: true, limit: 1},
	{name: "Chinese phrase over everything", query: "登录失败", count: true, limit: 1},
	{name: "regex with a literal", query: "message:/cobalt[a-z]+/", count: true, limit: 1},
	{name: "regex without a literal", query: "message:/[a-f]{9}/", count: true, limit: 1},
	{name: "regex for hosts with numbers", query: `message:/^[a-z]{2,3}[0-9]{2}$/`, count: true, limit: 1},
	{name: "newest 100 with a filter", query: "log.level:Error", limit: 100},
	{name: "newest 100 with a rare filter", query: "rule.id:25102 AND destination.port:443", limit: 100},
}

// QueryOptions of [Queries]. The zero value asks every question once, and then three times.
type QueryOptions struct {
	Only   string // questions whose names contain it
	Repeat int    // times each is asked after the first; 0 means 3
	JSON   bool   // a line of JSON each
}

// Queries asks a filled store every kind of question and prints how long each takes.
func Queries(ctx context.Context, s store.Store, w io.Writer, o QueryOptions) error {
	if o.Repeat == 0 {
		o.Repeat = 3
	}
	asked := 0
	for _, q := range questions {
		if !strings.Contains(q.name, o.Only) {
			continue
		}
		asked++
		r, err := q.ask(ctx, s, o.Repeat)
		if err != nil {
			return fmt.Errorf("%s: %w", q.name, err)
		}
		if o.JSON {
			err = json.NewEncoder(w).Encode(r)
		} else {
			_, err = fmt.Fprintf(w, "  %-13s  %-32s first %7.3f s  again %7.3f s  cpu %7.3f s  %9d events  %s\n", r.Store, r.Name, r.First, r.WallS, r.CPUS, r.Total, r.Query)
		}
		if err != nil {
			return err
		}
	}
	if asked == 0 {
		return fmt.Errorf("no question has %q in its name", o.Only)
	}
	return nil
}

// ask puts the question once, and then several times.
func (q question) ask(ctx context.Context, s store.Store, times int) (QueryResult, error) {
	r := QueryResult{Name: q.name, Store: s.Stats().Kind, Query: q.query, MostS: cmp.Or(q.most, mostOther)}
	if q.query == rareWord {
		var err error
		if r.Query, err = findRareWord(ctx, s); err != nil {
			return r, err
		}
	}
	n, err := query.Parse(r.Query)
	if err != nil {
		return r, err
	}
	sel := selection(n)
	var walls, cpus []float64
	for i := range times + 1 {
		begun, before := time.Now(), ownCPU()
		if q.aggs != nil {
			a, err := s.Aggregate(ctx, store.Everything(), store.AggregateRequest{Selection: sel, Aggs: q.aggs})
			if err != nil {
				return r, err
			}
			r.Total = a.Total
		} else {
			p, err := s.Search(ctx, store.Everything(), store.SearchRequest{Selection: sel, Limit: q.limit, Count: q.count})
			if err != nil {
				return r, err
			}
			r.Total = p.Total
		}
		took := time.Since(begun).Seconds()
		if i == 0 {
			r.First = round(took)
			continue
		}
		walls = append(walls, took)
		cpus = append(cpus, (ownCPU() - before).Seconds())
	}
	r.WallS, r.CPUS = median(walls), median(cpus)
	return r, nil
}

// selection is n at all times.
func selection(n query.Node) store.Selection {
	return store.Selection{Query: n, From: time.Unix(0, 0), To: time.Now().AddDate(10, 0, 0)}
}

func median(v []float64) float64 {
	slices.Sort(v)
	return round(v[len(v)/2])
}

const (
	rareMost  = 300 // events that may have a rare word
	rareTries = 40  // words that are counted to find one
)

// findRareWord finds a word that the store has in few events, such as a user, a session or a number. It takes the
// words of some events, the likeliest first: long ones, with digits before those without.
func findRareWord(ctx context.Context, s store.Store) (string, error) {
	p, err := s.Search(ctx, store.Everything(), store.SearchRequest{Selection: selection(&query.All{}), Limit: 100, OldestFirst: true, Fields: []string{"message"}})
	if err != nil {
		return "", err
	}
	seen := map[string]int{}
	for _, e := range p.Events {
		m, _ := e["message"].(string)
		for _, w := range query.Tokenize(m) {
			seen[w]++
		}
	}
	var words []string
	for w, n := range seen {
		if n == 1 && len(w) >= 6 && len(w) <= 24 {
			words = append(words, w)
		}
	}
	digits := func(w string) int {
		if strings.ContainsAny(w, "0123456789") {
			return 0
		}
		return 1
	}
	slices.SortFunc(words, func(a, b string) int {
		return cmp.Or(cmp.Compare(digits(a), digits(b)), cmp.Compare(len(b), len(a)), strings.Compare(a, b))
	})
	for _, w := range words[:min(len(words), rareTries)] {
		n := &query.Term{Field: query.Field{Name: "message"}, Value: w}
		p, err := s.Search(ctx, store.Everything(), store.SearchRequest{Selection: selection(n), Limit: 1, Count: true})
		if err != nil {
			return "", err
		}
		if p.Total > 0 && p.Total <= rareMost {
			return query.Format(n), nil
		}
	}
	return "", errors.New("the store's oldest events have no word that is in few events")
}
