// Package example runs the examples of rules: what must fire, and what must not.
//
// Its one idea: nothing is imitated. Lines go through the parsers, enrichers and maskers that a host would have, and
// rules are in a detector process as in service, all of them in one, which forgets everything between two examples.
package example

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/logcenter/logcenter/host/alert"
	"github.com/logcenter/logcenter/host/plugin"
	"github.com/logcenter/logcenter/host/rule"
	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/document"
	said "github.com/logcenter/logcenter/sdk/rule"
	"github.com/logcenter/logcenter/sdk/schema"
	"github.com/logcenter/logcenter/sdk/wire"
)

// Options say with what examples are run.
type Options struct {
	// Detector is the manifest of the detector, and Config its configuration in JSON; nil is its defaults.
	Detector *plugin.Manifest
	Config   []byte
	Single   plugin.SingleOptions
	// Lists are the watchlists that rules see.
	Lists *Lists
	// Pipeline makes events of lines.
	Pipeline *Pipeline
}

// line is where a key of a rule stands in its file.
func line(r *rule.Document, path string) int {
	var at *document.Error
	if errors.As(r.Fault(path, "", ""), &at) && at.Line > 0 {
		return at.Line
	}
	return r.Line
}

// Result is what came of the examples of a rule.
type Result struct {
	Rule     string    `json:"rule"`
	File     string    `json:"file"`
	Line     int       `json:"line"`
	OK       bool      `json:"ok"`
	Faults   []Fault   `json:"faults,omitempty"`
	Notes    []string  `json:"notes,omitempty"`
	Examples []Outcome `json:"examples"`
}

// Fault is something that is wrong, and where.
type Fault struct {
	Line    int      `json:"line"`
	Example string   `json:"example,omitempty"`
	Message string   `json:"message"`
	Details []string `json:"details,omitempty"` // which events match what
}

// Outcome is what came of one example.
type Outcome struct {
	Name       string              `json:"name"`
	Line       int                 `json:"line"`
	OK         bool                `json:"ok"`
	Events     int                 `json:"events"`
	Expected   int                 `json:"expected_alerts"`
	Alerts     int                 `json:"alerts"`
	Recoveries int                 `json:"recoveries"`
	Keys       []map[string]string `json:"keys,omitempty"`
}

func (r *Result) fault(f Fault) {
	r.OK = false
	r.Faults = append(r.Faults, f)
}

// Run runs the examples of rules, and calls each with every result, in order. An error means that nothing can be said: a
// program is missing, or a plugin does not start.
func Run(ctx context.Context, o Options, rules []*rule.Document, each func(Result)) error {
	results := make([]Result, len(rules))
	for i := range rules {
		results[i] = Result{Rule: rules[i].ID, File: rules[i].File, Line: rules[i].Line, OK: true, Examples: []Outcome{}}
	}
	run, err := start(ctx, o, rules, results)
	if err != nil {
		return err
	}
	if run != nil {
		defer func() { _ = run.detector.Close() }() // its folder is a temporary one
	}
	for i := range rules {
		if results[i].OK {
			if err := run.rule(ctx, rules[i], &results[i]); err != nil {
				return err
			}
		}
		each(results[i])
	}
	return nil
}

// runner is a detector with all rules that it takes.
type runner struct {
	o        Options
	detector *alert.Rehearsal
}

// start starts the detector with all rules but those that it refuses, whose results say why. It is nil if none is left.
func start(ctx context.Context, o Options, rules []*rule.Document, results []Result) (*runner, error) {
	o.Single.Config, o.Single.Lists = o.Config, o.Lists.Folder()
	for i := range rules {
		faults, err := o.Lists.declare(rules[i])
		if err != nil {
			return nil, err
		}
		for _, f := range faults {
			results[i].fault(f)
		}
	}
	for {
		var docs []map[string]any
		var of []int
		taken := map[string]int{}
		for i := range rules {
			if !results[i].OK {
				continue
			}
			if first, twice := taken[rules[i].ID]; twice {
				results[i].fault(Fault{Line: rules[i].Line, Message: fmt.Sprintf("id %q is used twice: the first stands at %s:%d", rules[i].ID, rules[first].File, rules[first].Line)})
				continue
			}
			taken[rules[i].ID] = i
			docs, of = append(docs, rules[i].Data()), append(of, i)
		}
		if len(docs) == 0 {
			return nil, nil //nolint:nilnil // no rules, no runner
		}
		d, err := alert.Rehearse(ctx, o.Detector, docs, o.Single)
		if err == nil {
			return &runner{o, d}, nil
		}
		var refused *plugin.ConfigError
		if !errors.As(err, &refused) || !blame(refused, rules, results, of) {
			return nil, err
		}
	}
}

// blame gives refusals to the rules they are about; false if none of them is.
func blame(refused *plugin.ConfigError, rules []*rule.Document, results []Result, of []int) (some bool) {
	for _, f := range refused.Rules() {
		if f.Rule >= len(of) {
			continue
		}
		i := of[f.Rule]
		fault := Fault{Line: rules[i].Line, Message: f.Msg}
		if f.Path != "" {
			fault.Line, fault.Message = line(rules[i], f.Path), f.Path+": "+f.Msg
		}
		results[i].fault(fault)
		some = true
	}
	return some
}

// rule runs the examples of one rule.
func (x *runner) rule(ctx context.Context, r *rule.Document, out *Result) error {
	fires, quiet := false, false
	for i := range r.Examples {
		e := &r.Examples[i]
		at := line(r, schema.Index("examples", i)+".name")
		got, faults, err := x.example(ctx, r, e)
		if err != nil {
			return fmt.Errorf("%s:%d: rule %s, example %q: %w", r.File, at, r.ID, e.Name, err)
		}
		got.Name, got.Line, got.OK = e.Name, at, len(faults) == 0
		for _, f := range faults {
			f.Line, f.Example = at, e.Name
			out.fault(f)
		}
		out.Examples = append(out.Examples, got)
		fires, quiet = fires || e.Alerts > 0, quiet || e.Alerts == 0
	}
	switch {
	case len(r.Examples) == 0:
		out.fault(Fault{Line: r.Line, Message: "there are no examples: under examples, say which events must fire (alerts: 1) and which must not (alerts: 0)"})
	case !fires:
		out.fault(Fault{Line: r.Line, Message: "no example must fire: add one with alerts: 1"})
	case !quiet:
		out.Notes = append(out.Notes, "no example must not fire: add one with alerts: 0")
	}
	return nil
}

// example runs one example. faults are what is not as it says; an error is one of the machinery.
func (x *runner) example(ctx context.Context, r *rule.Document, e *said.Example) (out Outcome, faults []Fault, err error) {
	occurrences := e.Occurrences(time.Time{})
	out.Events, out.Expected = len(occurrences), e.Alerts
	events, notes, err := x.o.Pipeline.events(ctx, occurrences, r)
	var bad *eventError
	if errors.As(err, &bad) {
		return out, []Fault{{Message: bad.Error()}}, nil
	}
	if err != nil {
		return out, nil, err
	}
	raised, err := x.feed(ctx, events, e)
	if err != nil {
		return out, nil, err
	}
	var alerts []*wire.Alert
	for _, a := range raised {
		switch {
		case a.Rule != r.ID:
		case a.Kind == string(sdk.AlertRecovery):
			out.Recoveries++
		case a.Kind == string(sdk.AlertRaised):
			alerts = append(alerts, a)
			out.Keys = append(out.Keys, a.Keys)
		}
	}
	out.Alerts = len(alerts)
	faults = judge(e, alerts, out.Recoveries)
	if len(notes) > 0 {
		faults = append(faults, Fault{Message: strings.Join(notes, "; ")})
	}
	if len(faults) > 0 {
		faults[0].Details = details(r, events)
	}
	return out, faults, nil
}

// feed gives the detector the events of an example and all time that is part of it.
func (x *runner) feed(ctx context.Context, events []*wire.Batch, e *said.Example) (raised []*wire.Alert, err error) {
	if err := x.o.Lists.use(e); err != nil {
		return nil, err
	}
	if err := x.detector.Reset(ctx); err != nil { // which also has it see the lists
		return nil, err
	}
	last := e.Begin()
	for _, b := range events {
		at := timeOf(b)
		if gap := at.Sub(last); gap > time.Second {
			res, err := x.detector.Wait(ctx, at.Add(-1))
			if err != nil {
				return nil, err
			}
			raised = append(raised, res.Alerts...)
		}
		res, err := x.detector.Take(ctx, b)
		if err != nil {
			return nil, err
		}
		raised = append(raised, res.Alerts...)
		if at.After(last) {
			last = at
		}
	}
	res, err := x.detector.Wait(ctx, last.Add(e.Until+alert.Lateness))
	if err != nil {
		return nil, err
	}
	return append(raised, res.Alerts...), nil
}

// judge compares what was raised with what an example says.
func judge(e *said.Example, alerts []*wire.Alert, recoveries int) (faults []Fault) {
	if len(alerts) != e.Alerts {
		msg := fmt.Sprintf("%s expected, %s", counted(e.Alerts, "alert"), came(len(alerts)))
		for i, a := range alerts {
			if i == 3 {
				msg += ", …"
				break
			}
			msg += fmt.Sprintf("; alert %d: %s of %s", i+1, counted(int(a.EventCount), "event"), keysOf(a.Keys))
		}
		faults = append(faults, Fault{Message: msg})
	}
	if recoveries != e.Recoveries {
		faults = append(faults, Fault{Message: fmt.Sprintf("%s expected, %s", counted(e.Recoveries, "recovery"), came(recoveries))})
	}
	for i, want := range e.Keys {
		if i >= len(alerts) {
			break
		}
		for name, v := range want {
			if got, ok := alerts[i].Keys[name]; !ok || got != v {
				faults = append(faults, Fault{Message: fmt.Sprintf("alert %d: key %s is %q, expected %q", i+1, name, got, v)})
			}
		}
	}
	return faults
}

func came(n int) string {
	if n == 0 {
		return "none came"
	}
	return fmt.Sprintf("%d came", n)
}

func counted(n int, noun string) string {
	switch {
	case n == 1:
		return "1 " + noun
	case strings.HasSuffix(noun, "y"):
		return fmt.Sprintf("%d %sies", n, strings.TrimSuffix(noun, "y"))
	default:
		return fmt.Sprintf("%d %ss", n, noun)
	}
}
