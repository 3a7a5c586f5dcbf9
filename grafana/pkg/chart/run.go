package chart

import (
	"context"
	"fmt"
	"math"
	"strings"
	"sync"
	"time"

	"github.com/logcenter/logcenter/grafana/pkg/model"
	"github.com/logcenter/logcenter/grafana/pkg/panics"
	"github.com/logcenter/logcenter/grafana/pkg/selection"
	"github.com/logcenter/logcenter/sdk/client"
	"github.com/logcenter/logcenter/sdk/query"
)

// run is one request of a chart: of the query itself, of another one to compare with, or of one of them for a time before.
type run struct {
	name  string            // what tells it from the others; empty: it is alone
	label map[string]string // the same for series: query and period
	sel   client.Selection
	shape shape
	later func(time.Time) time.Time // moves times of the time before onto the range; nil: they stay
	res   *client.Aggregation

	other  bool // what is beyond the groups is shown as one
	groups []group
	cut    int64    // events in groups that are not shown
	cutOf  []string // the fields of these groups
}

// asksAtOnce bounds the requests of one chart on their way.
const asksAtOnce = 4

// ask sends the requests of all runs; the first error ends them all.
func ask(ctx context.Context, c *client.Client, runs []*run, o Options) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var wait sync.WaitGroup
	free := make(chan struct{}, asksAtOnce)
	for _, r := range runs {
		wait.Go(func() {
			free <- struct{}{}
			defer func() { <-free }()
			if ctx.Err() != nil {
				return
			}
			if err := panics.Catch(func() error { return r.ask(ctx, c, o) }); err != nil {
				cancel(err)
			}
		})
	}
	wait.Wait()
	return context.Cause(ctx)
}

// ask sends a run's request, and reads the answer.
func (r *run) ask(ctx context.Context, c *client.Client, o Options) error {
	var err error
	if r.res, err = o.aggregate(ctx, c, client.AggregateRequest{Selection: r.sel, Aggs: r.shape.aggs()}); err != nil {
		return err
	}
	if err := r.read(); err != nil || !r.other {
		return err
	}
	return r.askOthers(ctx, c, o)
}

// mend makes an error of the host that the query's writer can mend theirs.
func mend(err error, ch model.Chart) error {
	if !client.IsCode(err, client.CodeTooManyBuckets) {
		return err
	}
	e := &model.Error{Field: "chart.by", Msg: "the chart would have more than 65,536 groups", Hint: "ask for fewer values on each level"}
	switch {
	case overTime(ch):
		e = &model.Error{
			Field: "chart.interval", Msg: "the chart would have more than 65,536 values, of all groups and intervals of time",
			Hint: "choose a longer interval, fewer groups, or a shorter time range",
		}
	case ch.Kind == model.Histogram:
		e = &model.Error{
			Field: "chart.width", Msg: fmt.Sprintf("the values of %s lie so far apart that the chart would have more than 65,536 intervals", ch.Field),
			Hint: "choose a larger width, or leave it out to have it chosen; a filter may leave the extremes out",
		}
	}
	return e
}

// plan lists the requests of a chart; the first is of the query itself.
func plan(sel client.Selection, q model.Query, ch model.Chart, o Options) ([]*run, error) {
	main := &run{sel: sel}
	runs := []*run{main}
	fields := []string{ch.Field}
	if len(ch.Compare) > 0 {
		main.name = or(strings.TrimSpace(q.Text), "all events")
		if q.Legend != "" && !strings.Contains(q.Legend, "{{") {
			main.name = q.Legend
		}
	}
	for i, other := range ch.Compare {
		r := &run{sel: sel, name: or(other.Name, or(strings.TrimSpace(other.Text), other.Field))}
		if strings.TrimSpace(other.Text) != "" {
			oq := q
			oq.Text = other.Text
			var err error
			if r.sel, err = selection.Of(oq, o.Settings, o.Range, o.Interval); err != nil {
				return nil, fmt.Errorf("query %d to compare with: %w", i+1, err)
			}
		}
		runs, fields = append(runs, r), append(fields, or(other.Field, ch.Field))
	}
	if main.name != "" && len(ch.Compare) > 0 && ch.Compare[0].Field != "" && ch.Compare[0].Text == "" && ch.Field != "" {
		main.name = ch.Field
	}
	for i, r := range runs {
		if r.name != "" {
			r.label = map[string]string{"query": r.name}
		}
		var err error
		if r.shape, err = shapeOf(ch, fields[i], o); err != nil {
			return nil, err
		}
		r.other = ch.Kind == model.Terms && ch.Other && len(ch.By) == 0
		if ch.Kind == model.EventCount && fields[i] != "" {
			if r.sel, err = selection.Narrow(r.sel, &query.Exists{Field: query.Field{Name: fields[i]}}); err != nil {
				return nil, err
			}
		}
	}
	if ch.Previous == "" {
		return runs, nil
	}
	for _, r := range runs[:len(runs):len(runs)] {
		runs = append(runs, before(r, ch, o))
	}
	return runs, nil
}

// before is r for the time before.
func before(r *run, ch model.Chart, o Options) *run {
	from, to := selection.Range(o.Range)
	z := zone(ch)
	name := "range before"
	span, ok := model.ParseSpan(ch.Previous)
	if ok {
		name = span.String() + " before"
	} else if days := to.Sub(from) / (24 * time.Hour); days > 0 && to.Sub(from)%(24*time.Hour) == 0 {
		span, ok = model.Span{N: int(days), Unit: 'd'}, true
	}
	move := func(t time.Time, times int) time.Time {
		if !ok {
			return t.Add(time.Duration(times) * to.Sub(from))
		}
		return span.Add(t, times, z)
	}
	p := *r
	begin, end := move(from, -1), move(to, -1)
	p.later = func(t time.Time) time.Time { return move(t, 1) }
	if r.shape.time != nil && hours(r.shape.time.Interval) {
		// By the calendar, two times become one or change places where clocks are changed.
		by := from.Sub(begin)
		end = to.Add(-by)
		p.later = func(t time.Time) time.Time { return t.Add(by) }
	}
	p.sel.From, p.sel.To = client.At(begin), client.At(end)
	p.label = map[string]string{"period": name}
	p.name = name
	if r.name != "" {
		p.name = r.name + ", " + name
		p.label["query"] = r.name
	}
	return &p
}

// hours says whether an interval is one of hours or less, which are as long everywhere.
func hours(interval string) bool {
	span, ok := model.ParseSpan(interval)
	return ok && span.Duration() < 24*time.Hour
}

// zooms are how fine the tiles of a map are, if nobody says: the finest of which all that have a place are shown.
var zooms = []int{8, 6, 4}

// settle chooses what a chart leaves open and only the events can say, but for the zoom of a map.
func settle(ctx context.Context, c *client.Client, sel client.Selection, ch model.Chart, o Options) (model.Chart, error) {
	if ch.Kind == model.Geo && ch.Field == "" {
		ch.Field = "source.geo.location"
	}
	if ch.Kind == model.Histogram && ch.Width == 0 {
		res, err := o.aggregate(ctx, c, client.AggregateRequest{Selection: sel, Aggs: []client.Agg{
			{Kind: "min", Field: ch.Field}, {Kind: "max", Field: ch.Field},
		}})
		if err != nil {
			return ch, err
		}
		if len(res.Aggs) < 2 {
			return ch, fmt.Errorf("the answer is not Logcenter's: it has %d of 2 calculations", len(res.Aggs))
		}
		ch.Width = 1
		if low, high := res.Aggs[0].Value, res.Aggs[1].Value; low != nil && high != nil {
			ch.Width = niceWidth(*high - *low)
		}
	}
	return ch, nil
}

// niceWidth cuts numbers over a length into 15 to 40 intervals of 1, 2 or 5 times a power of ten.
func niceWidth(length float64) float64 {
	if !(length > 0) || math.IsInf(length, 0) {
		return 1
	}
	power := math.Pow(10, math.Floor(math.Log10(length/40)))
	for _, m := range []float64{1, 2, 5} {
		if length/(m*power) <= 40 {
			return m * power
		}
	}
	return 10 * power
}
