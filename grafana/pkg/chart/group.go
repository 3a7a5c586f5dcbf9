package chart

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/logcenter/logcenter/sdk/client"
)

// group is what was found of one path through the levels.
type group struct {
	path   []client.Bucket // one of each level
	points []point         // over time; else one
	count  int64           // events
	inside []client.AggResult
}

// point is the values of one bucket, as shape.columns has them; nil is none.
type point struct {
	at     time.Time // when the bucket begins, moved onto the range; zero without time
	values []*float64
}

// key tells groups apart.
func (g group) key() string { return strings.Join(g.texts(), "\x00") }

// read takes a run's answer apart.
func (r *run) read() error { return r.walk(r.res.Aggs, nil, r.res.Total) }

func (r *run) walk(aggs []client.AggResult, path []client.Bucket, count int64) error {
	if len(path) == len(r.shape.levels) {
		return r.leaf(aggs, path, count)
	}
	if len(aggs) == 0 {
		return fmt.Errorf("the answer is not Logcenter's: it lacks the groups of %s", r.shape.levels[len(path)].Field)
	}
	level := r.shape.levels[len(path)]
	if n := aggs[0].Other; n > 0 {
		r.cut += n
		if !slices.Contains(r.cutOf, level.Field) {
			r.cutOf = append(r.cutOf, level.Field)
		}
	}
	for _, b := range aggs[0].Buckets {
		if err := r.walk(b.Aggs, append(path[:len(path):len(path)], b), b.Count); err != nil {
			return err
		}
	}
	return nil
}

// leaf adds the group at the end of a path.
func (r *run) leaf(aggs []client.AggResult, path []client.Bucket, count int64) error {
	g := group{path: path, count: count}
	if r.shape.time == nil {
		values, err := r.values(aggs, count)
		if err != nil {
			return err
		}
		g.points = []point{{values: values}}
		g.inside = aggs[min(len(r.shape.metrics), len(aggs)):]
		r.groups = append(r.groups, g)
		return nil
	}
	if len(aggs) == 0 {
		return fmt.Errorf("the answer is not Logcenter's: it lacks its intervals")
	}
	for _, b := range aggs[0].Buckets {
		at, err := time.Parse(time.RFC3339Nano, fmt.Sprint(b.Key))
		if err != nil {
			return fmt.Errorf("the answer is not Logcenter's: it has an interval that begins at %v", b.Key)
		}
		values, err := r.values(b.Aggs, b.Count)
		if err != nil {
			return err
		}
		if r.later != nil {
			at = r.later(at)
		}
		g.points = append(g.points, point{at.UTC(), values})
	}
	r.groups = append(r.groups, g)
	return nil
}

// values are those of one bucket.
func (r *run) values(aggs []client.AggResult, count int64) ([]*float64, error) {
	if len(r.shape.metrics) == 0 {
		n := float64(count)
		return []*float64{&n}, nil
	}
	if len(aggs) < len(r.shape.metrics) {
		return nil, fmt.Errorf("the answer is not Logcenter's: it has %d of %d calculations", len(aggs), len(r.shape.metrics))
	}
	var out []*float64
	for i, m := range r.shape.metrics {
		if m.Kind == "percentiles" {
			out = append(out, aggs[i].Values...)
		} else {
			out = append(out, aggs[i].Value)
		}
	}
	if len(out) != len(r.shape.columns) {
		return nil, fmt.Errorf("the answer is not Logcenter's: it has %d values where %d were asked for", len(out), len(r.shape.columns))
	}
	return out, nil
}
