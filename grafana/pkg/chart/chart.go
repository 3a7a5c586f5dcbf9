// Package chart draws the charts of the log standard: it asks the host for the aggregation that a chart is, and lays the
// answer out as Grafana's panels and alert rules take it.
//
// All ten kinds are one shape: levels of groups (values of a field, ranges, intervals of numbers, tiles of a map), in each
// of them perhaps intervals of time, in each of those the events counted or calculations of a field. [shape] makes the
// request of it, [groups] takes the answer apart, and a layout of the data-plane contract puts it together: time series
// (wide if all series have the same times, else multi), numeric-long (a row a group), numeric-wide (one row), the frame of
// Grafana's histogram panel (xMin, xMax, count) and that of its geomap (latitude, longitude, count).
//
// Where there are no events, counts are zero and calculations are null. A frame without rows still has its columns.
package chart

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/logcenter/logcenter/grafana/pkg/model"
	"github.com/logcenter/logcenter/sdk/client"
)

const (
	maxPoints     = 11_000 // of one series; more than any screen shows
	maxBuckets    = 65_536 // of one answer, which is the host's limit
	defaultPoints = 1000
)

// Options say for whom a chart is drawn.
type Options struct {
	RefID         string
	Settings      model.Settings
	Range         backend.TimeRange
	Interval      time.Duration // the panel's: auto intervals are at least as long; 0: as MaxDataPoints says
	MaxDataPoints int64         // buckets of time that auto makes at most; 0: 1,000
	// Turn is called before each request of the host: it waits until there may be one more, says in which context, and done
	// tells it that the answer is there. nil: requests do not wait.
	Turn func(ctx context.Context) (within context.Context, done func(), err error)
}

// aggregate asks the host, when it is its turn.
func (o *Options) aggregate(ctx context.Context, c *client.Client, r client.AggregateRequest) (*client.Aggregation, error) {
	if o.Turn != nil {
		within, done, err := o.Turn(ctx)
		if err != nil {
			return nil, err
		}
		defer done()
		ctx = within
	}
	return c.Aggregate(ctx, r)
}

// Run draws the chart of q, over the events of sel. Errors are of the host, or [*model.Error] for what the query's writer can
// mend.
func Run(ctx context.Context, c *client.Client, sel client.Selection, q model.Query, o Options) (data.Frames, error) {
	ch := model.Chart{Kind: model.EventCount}
	if q.Chart != nil {
		ch = *q.Chart
	}
	ch, err := settle(ctx, c, sel, ch, o)
	if err != nil {
		return nil, mend(err, ch)
	}
	tries := []int{ch.Zoom}
	if ch.Kind == model.Geo && ch.Zoom == 0 {
		tries = zooms
	}
	var runs []*run
	for _, ch.Zoom = range tries {
		if runs, err = plan(sel, q, ch, o); err != nil {
			return nil, err
		}
		if err := ask(ctx, c, runs, o); err != nil {
			return nil, mend(err, ch)
		}
		if runs[0].cut == 0 {
			break
		}
	}
	d := drawing{ch: ch, runs: runs, legend: q.Legend}
	frames := d.frames()
	describe(frames, d, o)
	return frames, nil
}

// describe says on each frame whose it is, and on the first what was asked and what is missing.
func describe(frames data.Frames, d drawing, o Options) {
	for _, f := range frames {
		f.RefID = o.RefID
	}
	first := frames[0].Meta
	first.ExecutedQueryString = executed(d.runs)
	custom := map[string]any{"total": d.runs[0].res.Total}
	if t := d.runs[0].shape.time; t != nil {
		custom["interval"] = t.Interval
	}
	first.Custom = custom
	seen := map[string]bool{}
	for _, r := range d.runs {
		for _, n := range r.notices() {
			if r.name != "" {
				n.Text = r.name + ": " + n.Text
			}
			if !seen[n.Text] {
				seen[n.Text] = true
				first.Notices = append(first.Notices, n)
			}
		}
	}
}

// notices are what a reader of a run's answer must know.
func (r *run) notices() []data.Notice {
	var out []data.Notice
	for _, n := range r.res.Notices {
		out = append(out, data.Notice{Severity: data.NoticeSeverityWarning, Text: n})
	}
	if r.cut > 0 {
		what := "values of " + strings.Join(r.cutOf, ", ")
		if r.shape.levels[0].Kind == "geotile" {
			what = "places"
		}
		out = append(out, data.Notice{Severity: data.NoticeSeverityInfo, Text: fmt.Sprintf(
			"Not shown: %d more events, of less frequent %s. Ask for more to see them.", r.cut, what)})
	}
	return out
}

// executed is what the host was asked, for the query inspector.
func executed(runs []*run) string {
	var parts []string
	for _, r := range runs {
		aggs, err := json.Marshal(r.shape.aggs())
		if err != nil { // it was sent
			continue
		}
		text := r.sel.Query
		if r.sel.Stream != "" {
			text += "\nstream " + r.sel.Stream
		}
		parts = append(parts, fmt.Sprintf("%s\nfrom %s to %s\n%s", text, r.sel.From, r.sel.To, aggs))
	}
	return strings.Join(parts, "\n\n")
}
