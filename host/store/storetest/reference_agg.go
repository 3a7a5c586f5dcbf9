package storetest

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/host/store/interval"
	"github.com/logcenter/logcenter/sdk/ecs"
)

// Aggregate implements [store.Store].
func (r *reference) Aggregate(_ context.Context, scope store.Scope, req store.AggregateRequest) (*store.AggregateResult, error) {
	all, err := r.selected(scope, req.Selection)
	if err != nil {
		return nil, err
	}
	out := &store.AggregateResult{Total: int64(len(all))}
	r.made = 0
	out.Aggs, err = r.aggs(all, req.Aggs, req.Selection)
	return out, err
}

func (r *reference) aggs(evs []*referenceEvent, aggs []store.Agg, sel store.Selection) ([]store.AggResult, error) {
	var out []store.AggResult
	for _, a := range aggs {
		res := store.AggResult{Name: a.Name, Kind: a.Kind}
		if a.Name == "" {
			res.Name = string(a.Kind)
			if a.Field != "" {
				res.Name += "(" + a.Field + ")"
			}
		}
		var err error
		if a.Kind.Buckets() {
			err = r.buckets(&res, evs, &a, sel)
		} else {
			err = r.value(&res, evs, &a)
		}
		if err != nil {
			return nil, err
		}
		out = append(out, res)
	}
	return out, nil
}

// value computes a single value or percentiles.
func (r *reference) value(out *store.AggResult, evs []*referenceEvent, a *store.Agg) error {
	if a.Kind == store.Count && a.Field == "" {
		out.Value = number(float64(len(evs)))
		return nil
	}
	i, err := store.AggregatedField(a.Kind, a.Field)
	if err != nil {
		return err
	}
	distinct := map[any]bool{}
	var nums []float64
	n, sum, size := 0, 0.0, 0.0
	for _, ev := range evs {
		for _, v := range ev.values(i.Name) {
			n++
			if a.Kind == store.Distinct {
				distinct[v] = true
			}
			var f float64
			switch v := v.(type) {
			case int64:
				f = float64(v)
			case float64:
				f = v
			case time.Time:
				f = float64(v.UnixNano()) / 1e6
			}
			nums = append(nums, f)
			sum += f
			size += math.Abs(f)
		}
	}
	slices.Sort(nums)
	switch a.Kind {
	case store.Count:
		out.Value = number(float64(n))
	case store.Distinct:
		out.Value = number(float64(len(distinct)))
	case store.Sum:
		out.Value = number(sum)
		r.slack[out.Value] = size * 1e-12
	case store.Percentiles:
		for _, p := range a.Percents {
			out.Values = append(out.Values, percentile(nums, p))
		}
		if len(out.Values) > 0 {
			r.sorted[&out.Values[0]] = nums
		}
	default:
		if n == 0 {
			return nil
		}
		out.Value = number(map[store.AggKind]float64{store.Min: nums[0], store.Max: nums[n-1], store.Avg: sum / float64(n)}[a.Kind])
		if a.Kind == store.Avg {
			r.slack[out.Value] = size / float64(n) * 1e-12
		}
	}
	return nil
}

func number(f float64) *float64 { return &f }

// percentile interpolates between the two nearest of sorted values.
func percentile(sorted []float64, p float64) float64 {
	if len(sorted) == 0 {
		return math.NaN()
	}
	at := p / 100 * float64(len(sorted)-1)
	k := int(at)
	if k+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	return sorted[k] + (sorted[k+1]-sorted[k])*(at-float64(k))
}

// group is a bucket while events are put into it.
type group struct {
	store.Bucket
	order   any // what buckets of equal counts, or all of a histogram, are ordered by
	last    bool
	members []*referenceEvent
}

// grouper says to which buckets an event belongs; order of the group is its identity.
type grouper func(ev *referenceEvent) []group

func (r *reference) buckets(out *store.AggResult, evs []*referenceEvent, a *store.Agg, sel store.Selection) error {
	name := a.Field
	if name == "" && a.Kind == store.DateHistogram {
		name = "@timestamp"
	}
	i, err := store.AggregatedField(a.Kind, name)
	if err != nil {
		return err
	}
	of, fill, err := groupsOf(a, i)
	if err != nil {
		return err
	}
	groups := map[any]*group{}
	for _, ev := range evs {
		for _, g := range of(ev) {
			have := groups[g.order]
			if have == nil {
				have = &g
				groups[g.order] = have
			}
			have.members = append(have.members, ev)
		}
	}
	if err := addGaps(groups, a, i, sel, fill); err != nil {
		return err
	}
	list := make([]*group, 0, len(groups))
	for _, g := range groups {
		g.Count = int64(len(g.members))
		list = append(list, g)
	}
	slices.SortFunc(list, func(x, y *group) int {
		if a.Kind.Top() && x.Count != y.Count {
			return cmp.Compare(y.Count, x.Count)
		}
		if x.last != y.last {
			if x.last {
				return 1
			}
			return -1
		}
		return compareValues(x.order, y.order)
	})
	for k, g := range list {
		if a.Kind.Top() && k >= a.Size {
			out.Other += g.Count
			continue
		}
		if r.made++; r.made > store.MaxBuckets {
			return store.ErrTooManyBuckets
		}
		if g.Aggs, err = r.aggs(g.members, a.Aggs, sel); err != nil {
			return err
		}
		if a.Kind == store.GeoTile {
			g.Center = centerOf(g.members, i.Name)
		}
		out.Buckets = append(out.Buckets, g.Bucket)
	}
	return nil
}

// centerOf is the mean of places as they are counted.
func centerOf(evs []*referenceEvent, field string) *store.GeoPoint {
	var c store.GeoPoint
	for _, ev := range evs {
		p := ev.Event[field].(store.GeoPoint).Rounded()
		c.Lat += p.Lat / float64(len(evs))
		c.Lon += p.Lon / float64(len(evs))
	}
	return &c
}

// groupsOf makes the grouper of an aggregation, and what makes the n-th bucket where those without events are shown.
func groupsOf(a *store.Agg, i ecs.Info) (of grouper, fill func(n float64) group, err error) {
	switch a.Kind {
	case store.Terms, store.GeoTile:
		if err := a.CheckTop(i); err != nil {
			return nil, nil, err
		}
		return topGroups(a, i), nil, nil
	case store.DateHistogram:
		iv, err := interval.Parse(a.Interval, a.TimeZone)
		fill = func(n float64) group {
			t := iv.Start(int64(n))
			return group{order: n, Bucket: store.Bucket{Key: t, Text: t.Format("2006-01-02 15:04:05")}}
		}
		return numberedGroups(i, func(v any) []int64 { return []int64{iv.Bucket(v.(time.Time))} }, fill), fill, err
	case store.Histogram:
		fill = func(n float64) group {
			f := n * a.Width
			return group{order: f, Bucket: store.Bucket{Key: f, Text: strconv.FormatFloat(f, 'f', -1, 64)}}
		}
		return func(ev *referenceEvent) (out []group) {
			seen := map[float64]bool{}
			for _, v := range ev.values(i.Name) {
				n := math.Floor(asFloat(v) / a.Width)
				if !math.IsInf(n, 0) && !seen[n] {
					seen[n] = true
					out = append(out, fill(n))
				}
			}
			return out
		}, fill, nil
	case store.Ranges:
		fill = func(n float64) group {
			text := a.Ranges[int(n)].Text()
			return group{order: n, Bucket: store.Bucket{Key: text, Text: text}}
		}
		return numberedGroups(i, func(v any) (in []int64) {
			for n, x := range a.Ranges {
				f := asFloat(v)
				if (x.From == nil || f >= *x.From) && (x.To == nil || f < *x.To) {
					in = append(in, int64(n))
				}
			}
			return in
		}, fill), fill, nil
	default:
		return nil, nil, fmt.Errorf("%w: there is no aggregation %q", store.ErrRequest, a.Kind)
	}
}

func asFloat(v any) float64 {
	if n, ok := v.(int64); ok {
		return float64(n)
	}
	return v.(float64)
}

// topGroups are those of terms and tiles.
func topGroups(a *store.Agg, i ecs.Info) grouper {
	return func(ev *referenceEvent) (out []group) {
		for _, v := range ev.values(i.Name) {
			g := group{order: v, Bucket: store.Bucket{Key: v, Text: store.ValueText(v)}}
			if p, ok := v.(store.GeoPoint); ok {
				t := store.TileOf(p, a.Zoom)
				g.order, g.Key, g.Text = t.Number(), t.String(), t.String()
			}
			out = append(out, g)
		}
		if len(out) == 0 && a.Missing != "" {
			// Among strings it is one of them.
			out = append(out, group{order: a.Missing, last: i.Type != ecs.Keyword, Bucket: store.Bucket{Key: a.Missing, Text: a.Missing}})
		}
		return out
	}
}

// numberedGroups puts events into numbered buckets by each of their values, into each once.
func numberedGroups(i ecs.Info, numbers func(v any) []int64, fill func(n float64) group) grouper {
	return func(ev *referenceEvent) (out []group) {
		seen := map[int64]bool{}
		for _, v := range ev.values(i.Name) {
			for _, n := range numbers(v) {
				if !seen[n] {
					seen[n] = true
					out = append(out, fill(float64(n)))
				}
			}
		}
		return out
	}
}

// addGaps adds buckets without events where they are shown.
func addGaps(groups map[any]*group, a *store.Agg, i ecs.Info, sel store.Selection, fill func(n float64) group) error {
	if a.Kind != store.Ranges && !a.Empty || a.Kind.Top() {
		return nil
	}
	first, last := math.Inf(1), math.Inf(-1)
	have := map[float64]bool{}
	for order := range groups {
		n := order.(float64)
		if a.Kind == store.Histogram {
			n = math.Round(n / a.Width)
		}
		have[n] = true
		first, last = min(first, n), max(last, n)
	}
	switch {
	case a.Kind == store.Ranges:
		first, last = 0, float64(len(a.Ranges)-1)
	case a.Kind == store.DateHistogram && i.Name == "@timestamp" && sel.To.After(sel.From):
		iv, err := interval.Parse(a.Interval, a.TimeZone)
		if err != nil {
			return err
		}
		first, last = float64(iv.Bucket(sel.From)), float64(iv.Bucket(sel.To.Add(-1)))
	}
	if last-first >= store.MaxBuckets {
		return store.ErrTooManyBuckets
	}
	for k := 0.0; k <= last-first; k++ { // large numbers have no next one
		n := first + k
		if !have[n] {
			g := fill(n)
			groups[g.order] = &g
		}
	}
	return nil
}
