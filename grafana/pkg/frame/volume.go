package frame

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/logcenter/logcenter/sdk/client"
)

// levels is the order of the bars, from what a reader must see to what may be hidden.
var levels = []string{"critical", "error", "warning", "info", "debug", "trace", "unknown"}

// Volume makes a series of counts for each level (timeseries-multi), named and labelled by it. a is the answer to a
// date_histogram of the interval step, with empty buckets, and the terms of the level in each; events without a level are
// unknown. A level that never occurs has no series; without any event there is one of zeros.
func Volume(a *client.Aggregation, step time.Duration, executed string) data.Frames {
	if len(a.Aggs) == 0 {
		return data.Frames{}
	}
	buckets := a.Aggs[0].Buckets
	times := make([]time.Time, len(buckets))
	counts := map[string][]int64{}
	add := func(word string, i int, n int64) {
		if n == 0 {
			return
		}
		name := level(word)
		if counts[name] == nil {
			counts[name] = make([]int64, len(buckets))
		}
		counts[name][i] += n
	}
	for i, b := range buckets {
		times[i] = bucketTime(b.Key)
		rest := b.Count
		if len(b.Aggs) > 0 {
			for _, l := range b.Aggs[0].Buckets {
				add(l.Text, i, l.Count)
				rest -= l.Count
			}
		}
		add("", i, rest)
	}
	if len(counts) == 0 {
		counts["unknown"] = make([]int64, len(buckets))
	}
	var frames data.Frames
	for _, name := range levels {
		n, ok := counts[name]
		if !ok {
			continue
		}
		value := data.NewField("Value", data.Labels{"level": name}, n)
		value.Config = &data.FieldConfig{DisplayNameFromDS: name, Interval: float64(step.Milliseconds()), Unit: "short"}
		at := data.NewField("Time", nil, slices.Clone(times))
		at.Config = &data.FieldConfig{Interval: float64(step.Milliseconds())}
		f := data.NewFrame(name, at, value)
		f.Meta = &data.FrameMeta{
			Type: data.FrameTypeTimeSeriesMulti, TypeVersion: data.FrameTypeVersion{0, 1}, PreferredVisualization: data.VisTypeGraph,
			ExecutedQueryString: executed, Custom: Custom{Total: &a.Total, TookMs: a.TookMs},
		}
		frames = append(frames, f)
	}
	for _, n := range a.Notices {
		frames[0].Meta.Notices = append(frames[0].Meta.Notices, Warn("%s", n))
	}
	return frames
}

// bucketTime is the beginning of an interval.
func bucketTime(key any) time.Time {
	switch k := key.(type) {
	case string:
		t, _ := time.Parse(time.RFC3339Nano, k) // the host wrote it
		return t.UTC()
	case json.Number:
		n, _ := k.Int64()
		return time.UnixMilli(n).UTC()
	default:
		return time.Time{}
	}
}
