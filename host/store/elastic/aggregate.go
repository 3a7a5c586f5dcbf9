package elastic

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/logcenter/logcenter/host/store"
)

// Names of an aggregation's parts in requests: the n-th is called by its number, what it needs besides by a letter
// before it.
const (
	besideMark = "b" // of terms, the events without the field; of tiles, all places
	centerMark = "c" // the mean of a tile's places
	numberMark = "n" // how many values percentiles are of
	allMark    = "a" // how many values there are in all terms, where not all are asked for
)

// Up to how many different values the cluster counts without error worth a notice. It reserves 256 KiB for a count of
// so many, 16 KiB for the fewer that are counted in each of many buckets.
const (
	exactDistinct      = 40000
	exactInnerDistinct = 3000
)

// exactDistinct is what a distinct count is exact up to.
func (l *level) exactDistinct() int {
	if l.inner {
		return exactInnerDistinct
	}
	return exactDistinct
}

// Aggregate implements [store.Store]. It is one search, unless a date histogram's range must be found first or the
// counts of terms were not exact over several shards; see [effort].
func (s *Store) Aggregate(ctx context.Context, scope store.Scope, r store.AggregateRequest) (*store.AggregateResult, error) {
	q, err := s.check(scope, r.Selection)
	if err != nil {
		return nil, err
	}
	return s.aggregate(ctx, q, r.Aggs)
}

func (s *Store) aggregate(ctx context.Context, q *selection, aggs []store.Agg) (*store.AggregateResult, error) {
	levels, err := checkAggs(aggs, 1)
	if err != nil {
		return nil, err
	}
	if !q.nothing {
		if err = s.settle(ctx, q); err != nil {
			return nil, err
		}
	}
	if err := q.undisputed(levels); err != nil {
		return nil, err
	}
	if err := s.bounds(ctx, q, levels, false); err != nil {
		return nil, err
	}
	out := &store.AggregateResult{}
	rd := &reader{}
	e := firstEffort(q.product, levels)
	for answered := false; ; answered = true {
		b := &builder{effort: *e, sel: q}
		a, err := s.aggregations(ctx, q, levels, b)
		if errors.Is(err, store.ErrTooManyBuckets) && !answered && e.shard > 0 {
			e.spare, e.shard = 1, 0 // the cluster allows fewer than most do, or has little memory
			a, err = s.aggregations(ctx, q, levels, &builder{effort: *e, sel: q})
		}
		if errors.Is(err, store.ErrTooManyBuckets) && answered {
			break // more than the cluster can do: what it answered before is the best there is
		}
		if err != nil {
			return nil, err
		}
		rd = newReader(q, a.Shards.Total)
		out.Total = a.Hits.Total.Value
		if out.Aggs, err = rd.results(levels, a.Aggregations, out.Total); err != nil {
			return nil, err
		}
		if !e.next(rd, b) {
			break
		}
	}
	if q.notice != "" {
		out.Notices = append(out.Notices, q.notice)
	}
	if rd.unproven || rd.uncertain || rd.tilesCut {
		out.Notices = append(out.Notices, "there are more different values than can be counted exactly over several shards: counts of terms and tiles may be too low")
	}
	if rd.manyValues {
		out.Notices = append(out.Notices, fmt.Sprintf("distinct counts over %d, and over %d inside buckets, are estimates, within about 2%%", exactDistinct, exactInnerDistinct))
	}
	return out, nil
}

// aggregations asks once.
func (s *Store) aggregations(ctx context.Context, q *selection, levels []*level, b *builder) (*searchAnswer, error) {
	body := map[string]any{"size": 0, "track_total_hits": true, "query": q.within()}
	if len(levels) > 0 {
		body["aggs"] = b.aggs(levels)
	}
	if q.nothing {
		return &searchAnswer{}, nil
	}
	a, err := s.ask(ctx, s.alias(), body)
	if e := (*Error)(nil); errors.As(err, &e) && e.Type == "circuit_breaking_exception" {
		return nil, fmt.Errorf("%w: %s has not the memory for them: use a larger interval, a smaller size or fewer levels, or wait (%s)", store.ErrTooManyBuckets, e.Product, e.Reason)
	}
	return a, err
}

// bounds finds where date histograms begin and end whose buckets Elasticsearch cannot make by itself.
func (s *Store) bounds(ctx context.Context, q *selection, levels []*level, inBuckets bool) error {
	for _, l := range levels {
		if l.Kind == store.DateHistogram && l.bounded() {
			if err := s.starts(ctx, q, l, inBuckets); err != nil {
				return err
			}
		}
		if err := s.bounds(ctx, q, l.below, true); err != nil {
			return err
		}
	}
	return nil
}

// bounded says that buckets are given to the cluster one by one: it has none of several months, nor of several weeks in
// a zone that changes its clock.
func (l *level) bounded() bool {
	return l.iv.N > 1 && (l.iv.Unit == 'M' || l.iv.Unit == 'w' && l.iv.Zone != time.UTC)
}

// mostBounds is how many buckets are given one by one inside other buckets: the cluster makes them all in each.
const mostBounds = 1000

func (s *Store) starts(ctx context.Context, q *selection, l *level, inBuckets bool) error {
	if q.nothing {
		return nil
	}
	field := q.product.field(l.field.name) + suffixNanos
	a, err := s.ask(ctx, s.alias(), map[string]any{"size": 0, "query": q.within(), "aggs": map[string]any{
		"0": clause{"min": clause{"field": field}}, "1": clause{"max": clause{"field": field}},
	}})
	if err != nil || a.Aggregations == nil {
		return err
	}
	var ends [2]int64
	for i := range ends {
		var v valueAnswer
		if err := json.Unmarshal(a.Aggregations[strconv.Itoa(i)], &v); err != nil {
			return err
		}
		if v.Value == nil {
			return nil
		}
		ends[i] = l.iv.Bucket(time.Unix(0, int64(*v.Value)))
	}
	first, last := ends[0]-1, ends[1]+1 // min and max are rounded
	if last-first >= store.MaxBuckets {
		return fmt.Errorf("%w: %d: use a larger interval", store.ErrTooManyBuckets, last-first+1)
	}
	if inBuckets && last-first >= mostBounds {
		return fmt.Errorf("%w: %d times %s inside other buckets, want at most %d: use a larger interval or a shorter time range", store.ErrTooManyBuckets, last-first+1, l.Interval, mostBounds)
	}
	for k := first; k <= last; k++ {
		l.starts = append(l.starts, k)
	}
	return nil
}

// builder turns aggregations into a request.
type builder struct {
	effort
	sel          *selection
	tilesLargest int // of the numbers of tiles that shards look at
}

func (b *builder) aggs(levels []*level) clause {
	out := clause{}
	for i, l := range levels {
		name := strconv.Itoa(i)
		c := b.agg(l)
		if c == nil {
			continue
		}
		var below clause
		if len(l.below) > 0 {
			if below = b.aggs(l.below); len(below) > 0 {
				c["aggs"] = below
			}
		}
		out[name] = c
		if l.Kind == store.Percentiles && b.sel.product == openSearchProduct {
			out[numberMark+name] = clause{"value_count": clause{"field": b.sel.product.counted(l.field.info)}}
		}
		if len(b.only[l]) > 0 {
			out[allMark+name] = b.allTerms(l, b.sel.product.counted(l.field.info))
		}
		if l.missingBeside() {
			m := clause{"missing": clause{"field": b.sel.product.counted(l.field.info)}}
			if len(below) > 0 {
				m["aggs"] = below
			}
			out[besideMark+name] = m
		}
		if l.Kind == store.GeoTile {
			out[besideMark+name] = clause{"value_count": clause{"field": b.sel.product.field(l.field.name)}}
			if below == nil {
				below = clause{}
			}
			below[centerMark] = clause{"geo_centroid": clause{"field": b.sel.product.field(l.field.name)}}
			c["aggs"] = below
		}
	}
	return out
}

// agg is nil for what is known from the number of events.
func (b *builder) agg(l *level) clause {
	field := b.sel.product.counted(l.field.info)
	switch l.Kind {
	case store.Terms:
		return b.terms(l, field)
	case store.GeoTile:
		return b.tiles(l, field)
	case store.DateHistogram:
		return l.dates(b.sel.product.field(l.field.name))
	case store.Histogram:
		return clause{"histogram": clause{"field": field, "interval": l.Width, "min_doc_count": 1}}
	case store.Ranges:
		return clause{"range": clause{"field": field, "ranges": ranges(l.Ranges)}}
	case store.Percentiles:
		percents := append(slices.Clone(l.Percents), slices.Collect(maps.Keys(b.finer[l]))...)
		return clause{"percentiles": clause{"field": field, "percents": percents, "keyed": false, "tdigest": clause{"compression": compression}}}
	case store.Distinct:
		if l.field.name == fieldID {
			return nil
		}
		return clause{"cardinality": clause{"field": field, "precision_threshold": l.exactDistinct()}}
	case store.Count:
		if l.everyEvent() {
			return nil
		}
		return clause{"value_count": clause{"field": field}}
	default:
		return clause{string(l.Kind): clause{"field": field}}
	}
}

// everyEvent says that each event has exactly one value.
func (l *level) everyEvent() bool {
	return l.field.name == "" || l.field.name == fieldID || l.field.name == fieldMessage
}

func ranges(rs []store.Range) []clause {
	out := make([]clause, len(rs))
	for i, r := range rs {
		c := clause{"key": strconv.Itoa(i)}
		if r.From != nil {
			c["from"] = *r.From
		}
		if r.To != nil {
			c["to"] = *r.To
		}
		out[i] = c
	}
	return out
}

// dates groups by milliseconds, which no interval cuts.
func (l *level) dates(field string) clause {
	units := map[byte]string{'s': "s", 'm': "m", 'h': "h", 'd': "day", 'w': "week", 'M': "month"}
	switch {
	case l.iv.Fixed():
		return clause{"date_histogram": clause{"field": field, "fixed_interval": strconv.FormatInt(l.iv.N, 10) + units[l.iv.Unit], "min_doc_count": 1}}
	case l.iv.N > 1 && !l.bounded(): // by the zone's days
		c := clause{"field": field, "fixed_interval": strconv.FormatInt(l.iv.N, 10) + "d", "time_zone": l.iv.Zone.String(), "min_doc_count": 1}
		if l.iv.Unit == 'w' { // from a Monday
			c["fixed_interval"], c["offset"] = strconv.FormatInt(7*l.iv.N, 10)+"d", "-3d"
		}
		return clause{"date_histogram": c}
	case l.iv.N == 1:
		return clause{"date_histogram": clause{"field": field, "calendar_interval": units[l.iv.Unit], "time_zone": l.iv.Zone.String(), "min_doc_count": 1}}
	}
	rs := make([]clause, 0, len(l.starts)+1)
	for _, k := range l.starts {
		rs = append(rs, clause{"key": strconv.FormatInt(k, 10), "from": l.iv.Start(k).UnixMilli(), "to": l.iv.Start(k + 1).UnixMilli()})
	}
	if len(rs) == 0 { // there must be one
		rs = append(rs, clause{"key": "0", "from": 0, "to": 0})
	}
	return clause{"date_range": clause{"field": field, "format": "epoch_millis", "ranges": rs}}
}
