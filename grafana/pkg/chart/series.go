package chart

import (
	"slices"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/logcenter/logcenter/grafana/pkg/model"
)

// series lays a chart out over time: one wide frame if all series have the same times, else a frame a series.
func (d drawing) series() data.Frames {
	type one struct {
		times []time.Time
		value *data.Field
	}
	var all []one
	same := true
	for _, r := range d.runs {
		for _, g := range r.groups {
			times := make([]time.Time, len(g.points))
			for i, p := range g.points {
				times[i] = p.at
			}
			for i, c := range r.shape.columns {
				values := make([]*float64, len(g.points))
				for k, p := range g.points {
					values[k] = filled(p.values[i], c)
				}
				all = append(all, one{times, d.value(r, g, c, values)})
				same = same && slices.EqualFunc(times, all[0].times, time.Time.Equal)
			}
		}
	}
	if len(all) == 0 {
		all = append(all, one{nil, d.value(d.runs[0], group{}, d.runs[0].shape.columns[0], nil)})
	}
	var frames data.Frames
	for i, s := range all {
		if same && i > 0 {
			frames[0].Fields = append(frames[0].Fields, s.value)
			continue
		}
		at := data.NewField("time", nil, slices.Clone(s.times))
		at.Config = &data.FieldConfig{Interval: d.milliseconds()}
		f := data.NewFrame("", at, s.value)
		f.Meta = &data.FrameMeta{Type: data.FrameTypeTimeSeriesWide, TypeVersion: data.FrameTypeVersion{0, 1}, PreferredVisualization: data.VisTypeGraph}
		if !same {
			f.Meta.Type = data.FrameTypeTimeSeriesMulti
		}
		frames = append(frames, f)
	}
	return frames
}

// value is the field of one series.
func (d drawing) value(r *run, g group, c column, values []*float64) *data.Field {
	f := data.NewField(c.name, d.labels(r, g), values)
	f.Config = &data.FieldConfig{DisplayNameFromDS: d.display(r, g, c), Unit: c.unit}
	if d.ch.Kind == model.TimeHistogram {
		f.Config.Custom = map[string]any{"drawStyle": "bars", "fillOpacity": 80}
	}
	return f
}

// milliseconds is the length of an interval.
func (d drawing) milliseconds() float64 {
	span, _ := model.ParseSpan(d.runs[0].shape.time.Interval)
	return float64(span.Duration().Milliseconds())
}

// filled is a value with zero for no events where that is what it means.
func filled(v *float64, c column) *float64 {
	if v == nil && c.count {
		v = new(float64)
	}
	return v
}
