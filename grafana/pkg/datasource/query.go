package datasource

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/logcenter/logcenter/grafana/pkg/chart"
	"github.com/logcenter/logcenter/grafana/pkg/frame"
	"github.com/logcenter/logcenter/grafana/pkg/model"
	"github.com/logcenter/logcenter/grafana/pkg/panics"
	"github.com/logcenter/logcenter/grafana/pkg/selection"
	"github.com/logcenter/logcenter/sdk/client"
)

// asking is one query of a panel on its way.
type asking struct {
	*Datasource
	user  *backend.User
	alert bool // an alert rule asks, which no browser has seen
	in    backend.DataQuery
	q     model.Query
	sel   client.Selection // empty for kinds that are not about events
}

// QueryData answers all queries of a request side by side, each with frames or an error of its own. When Grafana gives up,
// so do the requests to the host, and with them the host's searches.
func (d *Datasource) QueryData(ctx context.Context, req *backend.QueryDataRequest) (*backend.QueryDataResponse, error) {
	res := backend.NewQueryDataResponse()
	var (
		mu   sync.Mutex
		wait sync.WaitGroup
	)
	for _, q := range req.Queries {
		wait.Go(func() {
			one := d.answer(ctx, &asking{Datasource: d, user: req.PluginContext.User, alert: req.Headers[backend.FromAlertHeaderName] == "true", in: q})
			mu.Lock()
			defer mu.Unlock()
			res.Responses[q.RefID] = one
		})
	}
	wait.Wait()
	return res, nil
}

// answer answers one query. A panic of ours is an error of this query and does not end the plugin.
func (d *Datasource) answer(ctx context.Context, a *asking) backend.DataResponse {
	var frames data.Frames
	err := panics.Catch(func() (err error) {
		frames, err = a.run(ctx)
		return err
	})
	if err != nil {
		return fail(err, a.sel.Query)
	}
	for _, f := range frames {
		f.RefID = a.in.RefID
	}
	return backend.DataResponse{Frames: frames, Status: backend.StatusOK}
}

func (a *asking) run(ctx context.Context) (data.Frames, error) {
	if a.broken != nil {
		return nil, a.broken
	}
	q, notices, err := model.Decode(a.in.JSON)
	if err != nil {
		return nil, err
	}
	a.q = q
	if err := a.aim(); err != nil {
		return nil, err
	}
	frames, err := a.ask(ctx)
	if err != nil {
		return nil, err
	}
	if len(frames) > 0 {
		for _, n := range notices {
			frames[0].AppendNotices(frame.Warn("%s", n))
		}
	}
	return frames, nil
}

// turn waits until the datasource may ask the host for one thing more, and gives it the time that it may take: to wait is
// not a part of that. done ends the turn.
func (a *asking) turn(ctx context.Context) (within context.Context, done func(), err error) {
	select {
	case a.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, nil, ctx.Err()
	}
	ctx, cancel := context.WithTimeout(ctx, a.timeout)
	done = func() { cancel(); <-a.slots }
	if err := a.ready(ctx); err != nil {
		done()
		return nil, nil, err
	}
	return ctx, done, nil
}

// aim finds what the query is about.
func (a *asking) aim() error {
	switch a.q.Kind {
	case model.Explain, model.Plugins, model.Inputs:
		return nil
	}
	if a.alert {
		if err := a.noVariables(); err != nil {
			return err
		}
	}
	sel, err := selection.Of(a.q, a.settings, a.in.TimeRange, a.in.Interval)
	if err != nil {
		return err
	}
	a.sel = narrowed(a.user, sel)
	return nil
}

func (a *asking) noVariables() error {
	texts := []string{a.q.Text}
	if a.q.Chart != nil {
		for _, c := range a.q.Chart.Compare {
			texts = append(texts, c.Text)
		}
	}
	for _, text := range texts {
		if err := selection.NoVariables(text, a.in.TimeRange, a.in.Interval); err != nil {
			return err
		}
	}
	return nil
}

func (a *asking) ask(ctx context.Context) (data.Frames, error) {
	if a.q.Kind == model.Metrics { // a chart is of several requests, which take turns each
		return chart.Run(ctx, a.client, a.sel, a.q, chart.Options{
			RefID: a.in.RefID, Settings: a.settings, Range: a.in.TimeRange, Interval: a.in.Interval, MaxDataPoints: a.in.MaxDataPoints, Turn: a.turn,
		})
	}
	ctx, done, err := a.turn(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	switch a.q.Kind {
	case "", model.Logs:
		if a.q.Around != nil {
			return a.around(ctx)
		}
		return a.lines(ctx)
	case model.Table:
		return a.table(ctx)
	case model.Volume:
		return a.volume(ctx)
	case model.Alerts:
		return a.alerts(ctx)
	case model.Rates:
		return a.rates(ctx)
	case model.Explain:
		return a.explanation(ctx)
	case model.DeadLetters:
		return a.deadLetters(ctx)
	case model.Plugins:
		plugins, err := a.client.Plugins(ctx)
		if err != nil {
			return nil, err
		}
		return data.Frames{frame.Plugins(plugins)}, nil
	case model.Inputs:
		return a.inputTable(ctx)
	default:
		return nil, &internalError{fmt.Errorf("the kind %q has no answer", a.q.Kind)} // Decode knows more than this
	}
}

// executed is what was asked of the host, for the query inspector.
func (a *asking) executed() string {
	if a.sel.Stream == "" {
		return a.sel.Query
	}
	return a.sel.Query + "\n# in the stream " + a.sel.Stream
}

// volume counts events by time and level.
func (a *asking) volume(ctx context.Context) (data.Frames, error) {
	from, to := selection.Range(a.in.TimeRange)
	points := a.in.MaxDataPoints
	if points <= 0 || points > maxBars {
		points = maxBars
	}
	step := model.IntervalOf(to.Sub(from), a.in.Interval, points)
	res, err := a.client.Aggregate(ctx, client.AggregateRequest{Selection: a.sel, Aggs: []client.Agg{{
		Kind: "date_histogram", Interval: step.String(), Empty: true, Aggs: []client.Agg{{Kind: "terms", Field: a.level(), Size: 20}},
	}}})
	if err != nil {
		return nil, err
	}
	return frame.Volume(res, step.Duration(), a.executed()), nil
}

// maxBars is how many bars are over the lines at most.
const maxBars = 500

func (d *Datasource) level() string {
	if d.settings.Level != "" {
		return d.settings.Level
	}
	return "log.level"
}

// inputSamples are what the counters of inputs were, to tell rates.
type inputSamples struct {
	mu   sync.Mutex
	at   time.Time
	last map[string]client.Input
	told frame.InputRates
}

// rateOver is the least time between two samples that make a rate; until it is over the last rates stay.
const rateOver = 2 * time.Second

// sample returns the rates of inputs since the sample before.
func (s *inputSamples) sample(inputs []client.Input, now time.Time) frame.InputRates {
	s.mu.Lock()
	defer s.mu.Unlock()
	past := now.Sub(s.at)
	if s.last != nil && past < rateOver {
		return s.told
	}
	rates := frame.InputRates{}
	next := make(map[string]client.Input, len(inputs))
	for _, in := range inputs {
		next[in.Name] = in
		if before, ok := s.last[in.Name]; ok && in.Records >= before.Records && in.Bytes >= before.Bytes {
			rates[in.Name] = struct{ Records, Bytes float64 }{float64(in.Records-before.Records) / past.Seconds(), float64(in.Bytes-before.Bytes) / past.Seconds()}
		}
	}
	s.at, s.last, s.told = now, next, rates
	return rates
}

func (a *asking) inputTable(ctx context.Context) (data.Frames, error) {
	inputs, err := a.client.Inputs(ctx)
	if err != nil {
		return nil, err
	}
	rates := a.inputs.sample(inputs, time.Now())
	var notices []data.Notice
	if len(rates) == 0 && len(inputs) > 0 {
		notices = append(notices, frame.Info("Rates are those since this table was asked for before; they come with the next refresh."))
	}
	return data.Frames{frame.Inputs(inputs, rates, notices...)}, nil
}
