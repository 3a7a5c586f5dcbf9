// Package backtest runs rules over stored events: what they would have raised, had they been there.
//
// The engine is the real one: a detector process of its own gets the events as the one in service would have, with ticks,
// and nobody is told what it raises. Events come in the order of their own times, one day of receipt after the other, so
// that what came late is in its place; where nothing came, time passes as in a silent host. So a rule finds the same
// events as it did, or would have done, live, and an alert has the same id.
//
// It runs beside a live host: the detector works when nobody else wants the processor, few batches are on their way, and
// whoever asked can have it wait.
package backtest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/logcenter/logcenter/host/alert"
	"github.com/logcenter/logcenter/host/plugin"
	"github.com/logcenter/logcenter/host/rule"
	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/wire"
)

// MostAlerts bounds how many alerts of one backtest are handed out; all are counted.
const MostAlerts = 10000

// Options say what is run over what.
type Options struct {
	Store Source
	Scope store.Scope
	// Selection are the events. Its query leaves events out before any rule sees them; nil is all.
	Selection store.Selection
	Rules     []*rule.Document
	// Detector is the manifest of the one that runs, and Config its configuration in JSON; nil is its defaults.
	Detector *plugin.Manifest
	Config   []byte
	// Single says where private copies of its program go, and who gets what it prints.
	Single plugin.SingleOptions
	// Alert is called with every alert, in order, up to MostAlerts; nil needs none. An error ends the run.
	Alert func(*wire.Alert) error
	// Progress is called about once a second; nil needs none. An error ends the run.
	Progress func(Progress) error
	// Pause is called before each batch, and holds the run up as long as it does not return; nil never does.
	Pause func(context.Context) error
}

// Progress is how far a run has come.
type Progress struct {
	Events  int64     `json:"events"`  // that the rules have seen
	Scanned int64     `json:"scanned"` // of Total, whether the selection takes them or not
	Total   int64     `json:"total"`   // in the partitions of the time range: an upper bound
	At      time.Time `json:"at,omitzero"`
	Alerts  int64     `json:"alerts"`
	Seconds float64   `json:"seconds"`
	// PerSecond is how many events the rules have seen a second since the beginning.
	PerSecond float64 `json:"events_per_second"`
}

// run is one backtest.
type run struct {
	o       Options
	r       *alert.Rehearsal
	begun   time.Time
	scanned atomic.Int64
	told    time.Time
	p       Progress
	report  reporter
	until   time.Time
}

// Run runs a backtest. A *plugin.ConfigError says that the detector refuses the rules.
func Run(ctx context.Context, o Options) (report *Report, err error) {
	o.Single.Config = o.Config
	x := &run{o: o, begun: time.Now(), report: newReporter(o.Rules)}
	rules := make([]map[string]any, len(o.Rules))
	for i, d := range o.Rules {
		rules[i] = d.Data()
	}
	if x.r, err = alert.Rehearse(ctx, o.Detector, rules, o.Single); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, x.r.Close()) }()
	if err := x.r.Process().Yield(); err != nil {
		return nil, fmt.Errorf("the detector does not yield to the host: %w", err)
	}
	if err := x.events(ctx); err != nil {
		return nil, err
	}
	end := o.Selection.To
	if now := time.Now(); end.After(now) {
		end = now
	}
	if err := x.wait(ctx, end); err != nil {
		return nil, err
	}
	if err := x.progress(true); err != nil {
		return nil, err
	}
	figures, err := x.r.Figures(ctx)
	if err != nil {
		return nil, err
	}
	return x.report.finish(x.p, o.Selection, figures, x.r.Process().CPU()), nil
}

// events takes all events through the detector while others are read.
func (x *run) events(ctx context.Context) error {
	in, cancel := context.WithCancel(ctx)
	defer cancel()
	pieces, free := make(chan *piece), make(chan *piece, ahead)
	for range ahead {
		free <- &piece{}
	}
	r := &reader{
		store: x.o.Store, scope: x.o.Scope, sel: x.o.Selection, free: free, done: func(n int64) { x.scanned.Add(n) },
		emit: func(p *piece) error {
			select {
			case pieces <- p:
				return nil
			case <-in.Done():
				return in.Err()
			}
		},
	}
	r.read(x.r.Process().Reads())
	days, total, err := r.days(ctx)
	if err != nil {
		return err
	}
	x.p.Total = total
	var reading sync.WaitGroup
	var failed error
	reading.Go(func() {
		defer close(pieces)
		for _, parts := range days {
			if failed = r.day(in, parts); failed != nil {
				return
			}
		}
	})
	for p := range pieces {
		if err == nil {
			if err = x.take(ctx, p); err != nil {
				cancel()
			}
		}
		free <- p
	}
	reading.Wait()
	if err == nil {
		err = failed
	}
	return err
}

// read says which fields are read: those that the detector wants, and when and where an event happened.
func (r *reader) read(wanted []ecs.Field) {
	seen := map[ecs.Field]bool{}
	for _, f := range append([]ecs.Field{ecs.Timestamp, ecs.EventIngested, ecs.LogcenterPosition}, wanted...) {
		if !seen[f] {
			seen[f] = true
			r.fields, r.names = append(r.fields, f), append(r.names, f.Name())
		}
	}
}

// take gives the detector a batch.
func (x *run) take(ctx context.Context, p *piece) error {
	if x.o.Pause != nil {
		if err := x.o.Pause(ctx); err != nil {
			return err
		}
	}
	if first := time.Unix(0, p.first).UTC(); !x.until.IsZero() && first.Sub(x.until) > batchSpan {
		if err := x.wait(ctx, first.Add(-1)); err != nil {
			return err
		}
	}
	res, err := x.r.Take(ctx, p.batch)
	if err != nil {
		return fmt.Errorf("the detector fails on events of %s: %w", time.Unix(0, p.first).UTC().Format(time.RFC3339), err)
	}
	x.p.Events += int64(p.batch.Rows)
	if last := time.Unix(0, p.last).UTC(); last.After(x.until) {
		x.until = last
	}
	if err := x.raised(res); err != nil {
		return err
	}
	return x.progress(false)
}

// wait lets time pass without an event.
func (x *run) wait(ctx context.Context, until time.Time) error {
	res, err := x.r.Wait(ctx, until)
	if err != nil {
		return err
	}
	return x.raised(res)
}

func (x *run) raised(res *wire.Result) error {
	for _, a := range res.Alerts {
		if !x.report.count(a) {
			continue // of a rule that the detector brings along
		}
		x.p.Alerts++
		if x.o.Alert != nil && x.p.Alerts <= MostAlerts {
			if err := x.o.Alert(a); err != nil {
				return err
			}
		}
	}
	return nil
}

// progress tells how far the run has come, if that is due.
func (x *run) progress(end bool) error {
	now := time.Now()
	if !end && now.Sub(x.told) < time.Second {
		return nil
	}
	x.told = now
	x.p.Scanned, x.p.At, x.p.Seconds = x.scanned.Load(), x.until, now.Sub(x.begun).Seconds()
	x.p.PerSecond = float64(x.p.Events) / max(x.p.Seconds, 1e-3)
	if x.o.Progress == nil {
		return nil
	}
	return x.o.Progress(x.p)
}
