package storetest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/sdk/query"
	"github.com/logcenter/logcenter/sdk/wire"
)

// SeedVariable names the environment variable that says which random events and questions come first. With
// LOGCENTER_LONG there are many more, of the seeds that follow.
const SeedVariable = "LOGCENTER_SEED"

// Of one seed.
const (
	randomEntries  = 6
	randomRows     = 60 // of an entry
	randomSearches = 150
	randomAggs     = 150
	randomStats    = 15
	randomLists    = 40
	longSeeds      = 40
	mostDifferent  = 5 // differences shown of a seed
)

// testRandom compares answers to random questions about random events with those of the matcher.
func testRandom(t *testing.T, g *Group, open func(t *testing.T) store.Store) {
	require.NoError(t, defineRandom())
	seed, seeds := uint64(1), uint64(1)
	if s := os.Getenv(SeedVariable); s != "" {
		var err error
		seed, err = strconv.ParseUint(s, 10, 64)
		require.NoError(t, err, SeedVariable)
	}
	if os.Getenv("LOGCENTER_LONG") != "" {
		seeds = longSeeds
	}
	for n := range seeds {
		t.Run(fmt.Sprintf("seed %d", seed+n), func(t *testing.T) { randomSeed(t, g, seed+n, open(t)) })
	}
}

// contest is one store beside the reference.
type contest struct {
	store     store.Store
	reference *reference
}

func randomSeed(t *testing.T, g *Group, seed uint64, s store.Store) {
	c := newChance(seed)
	x := &contest{s, newReference()}
	ctx := context.Background()
	for i := range uint64(randomEntries) {
		events := make([]Event, randomRows)
		for k := range events {
			events[k] = c.event(int(i)*randomRows + k)
		}
		b, err := Batch(i+1, events)
		require.NoError(t, err)
		require.NoError(t, x.reference.Append(ctx, i+1, []*wire.Batch{b}))
		require.NoError(t, s.Append(ctx, i+1, []*wire.Batch{b}))
		if i == randomEntries/2 {
			require.NoError(t, s.Flush(ctx))
		}
	}
	different := 0
	lists := newChance(seed ^ 1<<63) // apart, so that the other questions are always the same
	for i := range randomSearches + randomAggs + randomStats + randomLists {
		q := c.question(i)
		if i >= randomSearches+randomAggs+randomStats {
			q = lists.question(0)
			n, err := query.Parse(lists.listed())
			require.NoError(t, err)
			q.node, q.invalid = n, ""
		}
		diff := x.ask(q)
		g.add(diff == "")
		if diff == "" {
			continue
		}
		small := x.shrink(q)
		t.Errorf("%s=%d, question %d: %s\n%s\nasked at first: %s", SeedVariable, seed, i, small, x.ask(small), q)
		if different++; different >= mostDifferent {
			t.Fatalf("%s=%d: no more is asked", SeedVariable, seed)
		}
	}
}

// question is one random request.
type question struct {
	node     query.Node
	invalid  string // the text of a query that does not parse
	from, to time.Time
	scope    query.Node // nil: everything
	page     int        // a search, so many rows a page; 0 is none
	oldest   bool
	aggs     []store.Agg
	field    string // of which statistics are asked
}

func (c chance) question(i int) *question {
	q := &question{from: epoch.AddDate(-200, 0, 0), to: epoch.AddDate(200, 0, 0), node: &query.All{}}
	if c.in(1, 4) {
		q.from, q.to = c.date(), c.date()
		if q.to.Before(q.from) {
			q.from, q.to = q.to, q.from
		}
	}
	if i < randomSearches || c.in(1, 2) {
		text := c.query(3)
		n, err := query.Parse(text)
		if err != nil {
			n, q.invalid = &query.All{}, fmt.Sprintf("%s: %v", text, err)
		}
		q.node = n
	}
	if c.in(1, 6) {
		q.scope = &query.Term{Field: query.Field{Name: "observer.type"}, Value: "ips"}
	}
	switch {
	case i < randomSearches:
		q.page, q.oldest = pick(c, 40, 1000, 1000, 1000, 1000), c.in(1, 2)
	case i < randomSearches+randomAggs:
		q.aggs = c.aggs(3, 3)
	default:
		all := [][]string{keywordFields, longFields, doubleFields, boolFields, ipFields, dateFields, geoFields}
		q.field = pick(c, pick(c, all...)...)
	}
	return q
}

func (q *question) String() string {
	s := query.Format(q.node)
	if q.scope != nil {
		s += "  within " + query.Format(q.scope)
	}
	s += fmt.Sprintf("  from %s to %s", q.from.Format(time.RFC3339Nano), q.to.Format(time.RFC3339Nano))
	switch {
	case q.page > 0:
		return s + fmt.Sprintf("  in pages of %d, oldest first: %t", q.page, q.oldest)
	case q.aggs != nil:
		return s + "  aggregated by " + describe(map[string]any{"aggs": q.aggs})
	default:
		return s + "  statistics of " + q.field
	}
}

// ask is how the answers differ, empty if they do not.
func (x *contest) ask(q *question) string {
	if q.invalid != "" {
		return "the query is not one: " + q.invalid
	}
	scope := store.Everything()
	if q.scope != nil {
		scope = store.Limited(q.scope)
	}
	sel := store.Selection{Query: q.node, From: q.from, To: q.to}
	switch {
	case q.page > 0:
		return x.search(scope, sel, q)
	case q.aggs != nil:
		req := store.AggregateRequest{Selection: sel, Aggs: q.aggs}
		want, wantErr := x.reference.Aggregate(context.Background(), scope, req)
		got, err := x.store.Aggregate(context.Background(), scope, req)
		switch {
		case wantErr != nil || err != nil:
			return errorsDiffer(wantErr, err)
		case want.Total != got.Total:
			return fmt.Sprintf("the matcher counts %d events, the store %d", want.Total, got.Total)
		}
		return x.aggsDiffer(want.Aggs, got.Aggs, "")
	default:
		req := store.FieldStatsRequest{Selection: sel, Field: q.field}
		want, wantErr := x.reference.FieldStats(context.Background(), scope, req)
		got, err := x.store.FieldStats(context.Background(), scope, req)
		if wantErr != nil || err != nil {
			return errorsDiffer(wantErr, err)
		}
		want.Distinct, got.Distinct = countedDistinct(want), countedDistinct(got)
		if w, g := describe(map[string]any{"stats": want}), describe(map[string]any{"stats": got}); w != g {
			return "the matcher: " + w + "\nthe store:   " + g
		}
		return ""
	}
}

// countedDistinct is the number of different values where all stores say it.
func countedDistinct(st *store.FieldStats) int64 {
	if st.Type == "text" || st.Type == "geo_point" {
		return 0
	}
	return st.Distinct
}

// errorsDiffer compares by kind: texts differ.
func errorsDiffer(want, got error) string {
	for _, kind := range []error{store.ErrRequest, store.ErrTooManyBuckets} {
		if errors.Is(want, kind) && errors.Is(got, kind) {
			return ""
		}
	}
	return fmt.Sprintf("the matcher's error: %v\nthe store's error:   %v", want, got)
}

func (x *contest) search(scope store.Scope, sel store.Selection, q *question) string {
	ask := func(s store.Store) (ids []string, total int64, err error) {
		req := store.SearchRequest{Selection: sel, Limit: q.page, OldestFirst: q.oldest, Count: true, Fields: []string{"@timestamp"}}
		for {
			p, err := s.Search(context.Background(), scope, req)
			if err != nil {
				return nil, 0, err
			}
			for _, ev := range p.Events {
				ids = append(ids, ev["event.id"].(string))
			}
			if req.Count {
				total = p.Total
			}
			if p.Cursor == "" || len(p.Events) == 0 {
				return ids, total, nil
			}
			req.Cursor, req.Count = p.Cursor, false
		}
	}
	want, wantTotal, wantErr := ask(x.reference)
	got, total, err := ask(x.store)
	if wantErr != nil || err != nil {
		return errorsDiffer(wantErr, err)
	}
	if strings.Join(want, " ") == strings.Join(got, " ") && wantTotal == total {
		return ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, "the matcher finds %d events (%d counted), the store %d (%d counted)", len(want), wantTotal, len(got), total)
	x.only(&b, "matcher", want, got)
	x.only(&b, "store", got, want)
	return b.String()
}

// only shows events that one has found and the other one has not.
func (x *contest) only(b *strings.Builder, who string, ids, others []string) {
	have := map[string]bool{}
	for _, id := range others {
		have[id] = true
	}
	shown := 0
	for _, rows := range x.reference.events {
		for _, ev := range rows {
			for _, id := range ids {
				if id == ev.id.String() && !have[id] && shown < 3 {
					shown++
					fmt.Fprintf(b, "\nonly the %s finds %s", who, describe(ev.Event))
				}
			}
		}
	}
}

// aggsDiffer is the first difference of two answers. Sums of floating point may differ by what their order makes.
func (x *contest) aggsDiffer(want, got []store.AggResult, at string) string {
	if len(want) != len(got) {
		return fmt.Sprintf("%s: %d answers, want %d", at, len(got), len(want))
	}
	for i, w := range want {
		g := got[i]
		at := at + "/" + w.Name
		switch {
		case w.Name != g.Name || w.Kind != g.Kind:
			return fmt.Sprintf("%s: got %s of kind %s", at, g.Name, g.Kind)
		case (w.Value == nil) != (g.Value == nil):
			return fmt.Sprintf("%s: want %s, got %s", at, showNumber(w.Value), showNumber(g.Value))
		case w.Value != nil && !(math.Abs(*w.Value-*g.Value) <= x.reference.slack[w.Value]) && *w.Value != *g.Value:
			return fmt.Sprintf("%s: want %s, got %s", at, showNumber(w.Value), showNumber(g.Value))
		case w.Other != g.Other:
			return fmt.Sprintf("%s: want other %d, got %d", at, w.Other, g.Other)
		case len(w.Buckets) != len(g.Buckets) || len(w.Values) != len(g.Values):
			return fmt.Sprintf("%s: want\n%s\ngot\n%s", at, strings.Join(showAggs(want[i:i+1], "  "), "\n"), strings.Join(showAggs(got[i:i+1], "  "), "\n"))
		}
		if len(w.Values) > 0 {
			if d := percentilesDiffer(w.Values, g.Values, x.reference.sorted[&w.Values[0]]); d != "" {
				return at + ": " + d
			}
		}
		for k, b := range w.Buckets {
			if d := x.bucketsDiffer(b, g.Buckets[k], at); d != "" {
				return d
			}
		}
	}
	return ""
}

func (x *contest) bucketsDiffer(w, g store.Bucket, at string) string {
	at += "/" + w.Text
	if w.Text != g.Text || w.Count != g.Count || fmt.Sprint(w.Key) != fmt.Sprint(g.Key) {
		return fmt.Sprintf("%s: want %v %d, got %s %v %d", at, w.Key, w.Count, g.Text, g.Key, g.Count)
	}
	if (w.Center == nil) != (g.Center == nil) {
		return at + ": center"
	}
	if w.Center != nil && !(math.Abs(w.Center.Lat-g.Center.Lat) <= centerError && math.Abs(w.Center.Lon-g.Center.Lon) <= centerError) {
		return fmt.Sprintf("%s: want %v, got %v", at, *w.Center, *g.Center)
	}
	return x.aggsDiffer(w.Aggs, g.Aggs, at)
}

// centerError is how far, in degrees, means of the same places may lie apart: a hundredth of a millimetre.
const centerError = 1e-10

// Up to exactPercentiles values percentiles are exact; of more they may be those of a rank that is rankError off.
const (
	exactPercentiles = 400
	rankError        = 0.005
)

func percentilesDiffer(want, got, sorted []float64) string {
	for i, w := range want {
		if math.IsNaN(w) && math.IsNaN(got[i]) {
			continue
		}
		slack := 0.0
		if n := len(sorted); n > 0 {
			slack = 1e-9 * max(math.Abs(sorted[0]), math.Abs(sorted[n-1]))
		}
		if math.Abs(w-got[i]) <= slack || len(sorted) > exactPercentiles && rankNear(sorted, w, got[i]) {
			continue
		}
		return fmt.Sprintf("of %d values want %v, got %v", len(sorted), want, got)
	}
	return ""
}

// rankNear says whether got lies between the values at rankError below and above the rank of want.
func rankNear(sorted []float64, want, got float64) bool {
	n := len(sorted)
	at, off := 0, int(float64(n)*rankError)+1
	for at < n && sorted[at] < want {
		at++
	}
	end := at
	for end < n && sorted[end] <= want {
		end++
	}
	return got >= sorted[max(0, at-off)] && got <= sorted[min(n-1, end+off)]
}

func showNumber(f *float64) string {
	if f == nil {
		return "none"
	}
	return strconv.FormatFloat(*f, 'g', -1, 64)
}
