package elastic

import (
	"fmt"
	"math"

	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/host/store/interval"
	"github.com/logcenter/logcenter/sdk/ecs"
)

// aggField is a field as an aggregation uses it.
type aggField struct {
	name string
	typ  ecs.Type
	info ecs.Info
}

func (f aggField) numeric() bool { return f.typ == ecs.Long || f.typ == ecs.Double }

// aggregated resolves a field for an aggregation.
func aggregated(kind store.AggKind, name string) (aggField, error) {
	i, err := store.AggregatedField(kind, name)
	if err != nil {
		return aggField{}, err
	}
	return aggField{name: i.Name, typ: i.Type, info: i}, nil
}

// level is an aggregation, checked, with what its answer is read by.
type level struct {
	store.Agg
	field aggField
	iv    interval.Interval
	below []*level
	inner bool // it stands in buckets
	// starts are the buckets of a date histogram whose bounds are given one by one.
	starts []int64
}

// checkAggs names aggregations and refuses what cannot be computed, before anything is asked.
func checkAggs(aggs []store.Agg, depth int) ([]*level, error) {
	if len(aggs) > 0 && depth > store.MaxDepth {
		return nil, fmt.Errorf("%w: aggregations are nested more than %d deep", store.ErrRequest, store.MaxDepth)
	}
	out := make([]*level, len(aggs))
	names := map[string]bool{}
	for i, a := range aggs {
		if a.Name == "" {
			a.Name = string(a.Kind)
			if a.Field != "" {
				a.Name += "(" + a.Field + ")"
			}
		}
		if names[a.Name] {
			return nil, fmt.Errorf("%w: two aggregations are named %s", store.ErrRequest, a.Name)
		}
		names[a.Name] = true
		l := &level{Agg: a, inner: depth > 1}
		out[i] = l
		err := l.check()
		if err == nil && l.Kind.Buckets() {
			l.below, err = checkAggs(a.Aggs, depth+1)
		}
		if err == nil && !l.Kind.Buckets() && len(a.Aggs) > 0 {
			err = fmt.Errorf("%w: %s makes no buckets, so nothing can be nested in it", store.ErrRequest, a.Name)
		}
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (l *level) check() (err error) {
	name := l.Field
	switch l.Kind {
	case store.DateHistogram:
		if name == "" {
			name = fieldTime
		}
	case store.Count:
		if name == "" {
			return nil
		}
	case store.Terms, store.GeoTile, store.Histogram, store.Ranges, store.Distinct, store.Min, store.Max, store.Avg, store.Sum, store.Percentiles:
	default:
		return fmt.Errorf("%w: there is no aggregation %q", store.ErrRequest, l.Kind)
	}
	if name == "" {
		return fmt.Errorf("%w: %s needs a field", store.ErrRequest, l.Kind)
	}
	if l.field, err = aggregated(l.Kind, name); err != nil {
		return err
	}
	switch l.Kind {
	case store.Terms, store.GeoTile:
		return l.CheckTop(l.field.info)
	case store.DateHistogram:
		if l.field.typ != ecs.Date {
			return fmt.Errorf("%w: date_histogram of %s: it is of type %s, want a date", store.ErrRequest, name, l.field.typ)
		}
		l.iv, err = interval.Parse(l.Interval, l.TimeZone)
		return err
	case store.Distinct:
		if l.field.typ == ecs.Text {
			return fmt.Errorf("%w: distinct of %s: it is text; use a keyword field", store.ErrRequest, name)
		}
		return nil
	case store.Count:
		return nil
	default:
		return l.checkNumbers()
	}
}

// checkNumbers is for those that compute with values.
func (l *level) checkNumbers() error {
	name := l.field.name
	dates := l.Kind == store.Min || l.Kind == store.Max || l.Kind == store.Avg
	if !l.field.numeric() && !(dates && l.field.typ == ecs.Date) {
		return fmt.Errorf("%w: %s of %s: it is of type %s, want a number", store.ErrRequest, l.Kind, name, l.field.typ)
	}
	switch l.Kind {
	case store.Histogram:
		if !(l.Width > 0) || math.IsInf(l.Width, 0) {
			return fmt.Errorf("%w: histogram of %s: width is %v, want more than 0", store.ErrRequest, name, l.Width)
		}
	case store.Ranges:
		if len(l.Ranges) == 0 {
			return fmt.Errorf("%w: ranges of %s: give at least one range", store.ErrRequest, name)
		}
	case store.Percentiles:
		if len(l.Percents) == 0 || len(l.Percents) > 100 {
			return fmt.Errorf("%w: percentiles of %s: give 1 to 100 percents, e.g. 50, 95, 99", store.ErrRequest, name)
		}
		for _, p := range l.Percents {
			if !(p >= 0 && p <= 100) {
				return fmt.Errorf("%w: percentiles of %s: %v is not between 0 and 100", store.ErrRequest, name, p)
			}
		}
	}
	return nil
}
