package chart

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/logcenter/logcenter/grafana/pkg/model"
	"github.com/logcenter/logcenter/grafana/pkg/selection"
	"github.com/logcenter/logcenter/sdk/client"
	"github.com/logcenter/logcenter/sdk/query"
)

// shape is what one request is made of.
type shape struct {
	levels  []client.Agg // groups, the outermost first
	time    *client.Agg  // intervals in each group; nil: none
	metrics []client.Agg // what is computed in the innermost buckets; empty: events are counted
	columns []column     // what the values of a bucket are
	inside  []client.Agg // also asked in the innermost groups, beside the metrics
}

// column describes one value.
type column struct {
	name  string // e.g. count, avg or p95
	unit  string // of Grafana; empty: none
	count bool   // none means zero
}

// aggs is the request.
func (s shape) aggs() []client.Agg {
	aggs := slices.Concat(s.metrics, s.inside)
	if s.time != nil {
		t := *s.time
		t.Aggs = aggs
		aggs = []client.Agg{t}
	}
	for _, level := range slices.Backward(s.levels) {
		level.Aggs = aggs
		aggs = []client.Agg{level}
	}
	if len(aggs) == 0 {
		aggs = []client.Agg{{Name: "count", Kind: "count"}}
	}
	return aggs
}

// shapeOf is the shape of a chart over the events of a range.
func shapeOf(ch model.Chart, field string, o Options) (shape, error) {
	var s shape
	switch ch.Kind {
	case model.NumericRanges:
		s.levels = append(s.levels, client.Agg{Name: field, Kind: "ranges", Field: field, Ranges: ranges(ch.Ranges)})
	case model.Histogram:
		s.levels = append(s.levels, client.Agg{Name: field, Kind: "histogram", Field: field, Width: ch.Width, Empty: true})
	case model.Terms:
		s.levels = append(s.levels, client.Agg{Name: field, Kind: "terms", Field: field, Size: or(ch.Size, 10), Missing: ch.Missing})
	case model.Geo:
		s.levels = append(s.levels, client.Agg{Name: field, Kind: "geotile", Field: field, Size: or(ch.Size, 1000), Zoom: ch.Zoom})
		s.inside = places(field)
	}
	for _, l := range ch.By {
		if ch.Kind == model.Geo || ch.Kind == model.Histogram && ch.As == "" {
			break // their frames have no place for more
		}
		s.levels = append(s.levels, client.Agg{Name: l.Field, Kind: "terms", Field: l.Field, Size: or(l.Size, 10)})
	}
	s.compute(ch, field)
	if overTime(ch) {
		span, err := intervalOf(ch, s.groups(), o)
		if err != nil {
			return s, err
		}
		s.time = &client.Agg{Name: "time", Kind: "date_histogram", Interval: span.String(), TimeZone: ch.TimeZone, Empty: true}
	}
	return s, nil
}

// compute says what is computed in the innermost buckets.
func (s *shape) compute(ch model.Chart, field string) {
	unit := unitOf(field)
	switch ch.Kind {
	case model.TimeSegments, model.FieldStats:
		calcs := ch.Calcs
		if len(calcs) == 0 {
			calcs = []string{"max", "min", "avg"} // as the log standard has them
			if ch.Kind == model.FieldStats {
				calcs = append(calcs, "sum")
			}
		}
		for _, calc := range calcs {
			c := column{name: calc, unit: unit}
			if calc == "count" || calc == "distinct" {
				c = column{name: calc, count: true}
			}
			s.metrics = append(s.metrics, client.Agg{Name: calc, Kind: calc, Field: field})
			s.columns = append(s.columns, c)
		}
	case model.Percentiles:
		percents := ch.Percents
		if len(percents) == 0 {
			percents = []float64{50, 90, 95, 99}
		}
		s.metrics = []client.Agg{{Name: "percentiles", Kind: "percentiles", Field: field, Percents: percents}}
		for _, p := range percents {
			s.columns = append(s.columns, column{name: "p" + strconv.FormatFloat(p, 'f', -1, 64), unit: unit})
		}
	default:
		s.columns = []column{{name: "count", count: true}}
	}
}

// groups is how many groups there are at most.
func (s *shape) groups() int64 {
	n := int64(1)
	for _, l := range s.levels {
		switch l.Kind {
		case "ranges":
			n *= int64(len(l.Ranges))
		case "histogram":
			n *= 50
		default:
			n *= int64(l.Size)
		}
		n = min(n, maxBuckets)
	}
	return n
}

// overTime says whether a chart has intervals of time.
func overTime(ch model.Chart) bool {
	switch ch.Kind {
	case model.TimeSegments, model.TimeHistogram:
		return true
	case model.EventCount:
		return ch.As != "table"
	case model.Geo:
		return false
	default:
		return ch.As == "series"
	}
}

// intervalOf is the interval of a chart of so many groups.
func intervalOf(ch model.Chart, groups int64, o Options) (model.Span, error) {
	from, to := selection.Range(o.Range)
	length := to.Sub(from)
	points := o.MaxDataPoints
	if points <= 0 {
		points = defaultPoints
	}
	span, fixed := model.ParseSpan(ch.Interval)
	if !fixed {
		points = max(2, min(points, maxPoints, maxBuckets/groups))
		return model.IntervalOf(length, o.Interval, points), nil
	}
	if n := length / span.Duration(); n > maxPoints {
		longer := model.IntervalOf(length, 0, maxPoints)
		return span, &model.Error{
			Field: "chart.interval", Hint: fmt.Sprintf("choose %s or longer, auto, or a shorter time range", longer),
			Msg: fmt.Sprintf("%s cuts the time range into %d parts, the limit is %d", span, n, maxPoints),
		}
	}
	return span, nil
}

func ranges(in []model.Range) []client.Range {
	out := make([]client.Range, len(in))
	for i, r := range in {
		out[i] = client.Range{Key: r.Name, From: r.From, To: r.To}
	}
	return out
}

// places asks for what the place of a tile is called, if the field has such neighbours: source.geo.country_name of
// source.geo.location.
func places(field string) []client.Agg {
	var aggs []client.Agg
	parent, ok := strings.CutSuffix(field, ".location")
	if !ok {
		return nil
	}
	for _, name := range []string{"country_name", "city_name"} {
		f := parent + "." + name
		if _, known := query.TypeOf(query.Field{Name: f}, nil); known {
			aggs = append(aggs, client.Agg{Name: name, Kind: "terms", Field: f, Size: 1})
		}
	}
	return aggs
}

func or[T comparable](v, without T) T {
	var zero T
	if v == zero {
		return without
	}
	return v
}

// zone is the time zone of a chart.
func zone(ch model.Chart) *time.Location {
	z, err := time.LoadLocation(ch.TimeZone)
	if err != nil { // it was checked
		return time.UTC
	}
	return z
}
