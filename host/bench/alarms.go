package bench

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"path/filepath"
	"slices"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/logcenter/logcenter/host/alert"
	"github.com/logcenter/logcenter/host/loadgen"
	"github.com/logcenter/logcenter/host/pipeline"
	"github.com/logcenter/logcenter/host/plugin"
	"github.com/logcenter/logcenter/host/rule"
	"github.com/logcenter/logcenter/host/rule/example"
	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
	saying "github.com/logcenter/logcenter/sdk/rule"
	"github.com/logcenter/logcenter/sdk/wire"
)

// AlarmOptions say which rules are tried.
type AlarmOptions struct {
	Dirs  []string // plugins; all parsers, enrichers that need no configuration and maskers of them run
	Dir   string   // working folder
	Rules []*rule.Document
	Seed  uint64
	// Days are how many ordinary days go before the one that counts, for rules that learn; 0 is none.
	Days int
	// Progress is told what is done; may be nil.
	Progress func(what string)

	lists string // folder of the lists that rules ask for
}

// Alarms is how one rule did.
type Alarms struct {
	Rule     string `json:"rule"`
	Type     string `json:"type"`
	Severity string `json:"severity"`
	Lines    int    `json:"script_lines"`            // of the attack script that are about it
	Fields   int    `json:"script_fields,omitempty"` // events of it that are given as fields, for a rule without lines
	Script   int    `json:"script_alerts"`
	False    int    `json:"false_alarms"`
	Learning bool   `json:"learning,omitempty"` // it learns longer than the days before
}

// officeStart is a Monday.
var officeStart = time.Date(2026, 10, 12, 0, 0, 0, 0, time.FixedZone("", 8*3600))

// TryRules runs rules over an attack script and over an ordinary day, each through the real plugins, with event times that
// are made up. events is how many there were on the ordinary day.
func TryRules(ctx context.Context, o AlarmOptions) (list []Alarms, events int, err error) {
	say := o.Progress
	if say == nil {
		say = func(string) {}
	}
	var said []*saying.Rule
	for _, r := range o.Rules {
		said = append(said, &r.Rule)
	}
	script, told := loadgen.Script(said, officeStart.Add(10*time.Hour))
	say(fmt.Sprintf("attack script: %d events", len(script)))
	lists, err := example.OpenLists(filepath.Join(o.Dir, "lists"), "")
	if err == nil {
		err = lists.All(o.Rules)
	}
	if err != nil {
		return nil, 0, err
	}
	o.lists = lists.Folder()
	fired, _, err := alarmsOf(ctx, o, slices.Values(script), time.Time{}, 2*time.Hour)
	if err != nil {
		return nil, 0, err
	}
	say(fmt.Sprintf("ordinary days: %d and the one that counts", o.Days))
	office := loadgen.Office(loadgen.OfficeOptions{Seed: o.Seed, Start: officeStart, Days: o.Days + 1})
	wrong, events, err := alarmsOf(ctx, o, office, officeStart.AddDate(0, 0, o.Days), 0)
	if err != nil {
		return nil, 0, err
	}
	for _, r := range o.Rules {
		learns := (r.Type == "new_value" || r.Type == "deviation") && r.Learn > time.Duration(o.Days)*24*time.Hour
		list = append(list, Alarms{r.ID, r.Type, r.Severity, told[r.ID].Lines, told[r.ID].Fields, fired[r.ID], wrong[r.ID], learns})
	}
	return list, events, nil
}

// batchSpan is how long lines of one batch may be apart. A rule sees events in the order in which they came in, whatever the
// batch; what time decides by itself is decided so much later at most.
const batchSpan = 5 * time.Minute

// trier is a run of lines through plugins and the detector.
type trier struct {
	registry *plugin.Registry
	process  *pipeline.Processor
	detector *alert.Rehearsal
	from     time.Time
	offset   uint64
	counts   map[string]int
	events   int
}

// alarmsOf counts the alerts by rule, and the events, that lines raise from an instant on. Event time goes on behind them.
func alarmsOf(ctx context.Context, o AlarmOptions, lines iter.Seq[loadgen.Written], from time.Time, behind time.Duration) (counts map[string]int, events int, err error) {
	t := &trier{from: from, counts: map[string]int{}}
	if err := t.open(ctx, o); err != nil {
		return nil, 0, err
	}
	defer func() { err = errors.Join(err, t.close()) }()
	var batch []loadgen.Written
	for w := range lines {
		if len(batch) > 0 && (w.At.Sub(batch[0].At) > batchSpan || len(batch) == 1000 || t.apart(batch[0], w)) {
			if err := t.run(ctx, batch); err != nil {
				return nil, 0, err
			}
			batch = batch[:0]
		}
		batch = append(batch, w)
	}
	if len(batch) == 0 {
		return t.counts, t.events, nil
	}
	if err := t.run(ctx, batch); err != nil {
		return nil, 0, err
	}
	res, err := t.detector.Wait(ctx, batch[len(batch)-1].At.Add(behind))
	if err != nil {
		return nil, 0, err
	}
	t.take(res)
	return t.counts, t.events, nil
}

// open starts the plugins, with the rules as the detector's configuration.
func (t *trier) open(ctx context.Context, o AlarmOptions) (err error) {
	log := logrus.New()
	log.SetLevel(logrus.ErrorLevel)
	run := filepath.Join(o.Dir, "run")
	t.registry, err = plugin.Open(plugin.Options{Dirs: o.Dirs, RunDir: run, Log: logrus.NewEntry(log)})
	if err != nil {
		return err
	}
	p, err := t.registry.Get("correlation")
	if err != nil {
		return errors.Join(err, t.registry.Close())
	}
	rules := make([]map[string]any, len(o.Rules))
	for i, r := range o.Rules {
		rules[i] = r.Data()
	}
	t.detector, err = alert.Rehearse(ctx, p.Manifest(), rules, plugin.SingleOptions{RunDir: run, Lists: o.lists, Log: logrus.NewEntry(log)})
	if err != nil {
		return errors.Join(err, t.registry.Close())
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, t.close())
		}
	}()
	var plan pipeline.Plan
	for _, p := range t.registry.All() {
		m := p.Manifest()
		if m.Kind == wire.Kind_NOTIFIER || m.Kind == wire.Kind_DETECTOR {
			continue
		}
		err := t.registry.Enable(ctx, m.ID)
		var unconfigured *plugin.ConfigError
		if errors.As(err, &unconfigured) && m.Kind == wire.Kind_ENRICHER {
			continue // a host would run without it
		}
		if err != nil {
			return err
		}
		switch m.Kind {
		case wire.Kind_PARSER:
			plan.Parsers = append(plan.Parsers, p)
		case wire.Kind_ENRICHER:
			plan.Enrichers = append(plan.Enrichers, p)
		case wire.Kind_MASKER:
			plan.Maskers = append(plan.Maskers, p)
		}
	}
	t.process = pipeline.NewProcessor(pipeline.NewPlan(plan), nil)
	return nil
}

func (t *trier) close() error { return errors.Join(t.detector.Close(), t.registry.Close()) }

// apart says whether two events are not of one batch: lines and fields are not, and what counts is apart from what does not.
func (t *trier) apart(a, b loadgen.Written) bool {
	return (a.Line == nil) != (b.Line == nil) || a.At.Before(t.from) != b.At.Before(t.from)
}

// run has a batch parsed and looked at.
func (t *trier) run(ctx context.Context, list []loadgen.Written) error {
	t.offset++
	var events *wire.Batch
	if list[0].Line == nil {
		var err error
		if events, err = example.Given(fieldsOf(list), benchJournal, t.offset); err != nil {
			return err
		}
	} else {
		f, err := t.process.Process(ctx, pipeline.RawOf(benchJournal, t.offset, rawOf(list)))
		if err != nil {
			return err
		}
		defer f.Release()
		events = f.Batch
	}
	if !list[0].At.Before(t.from) {
		t.events += int(events.Rows)
	}
	res, err := t.detector.Take(ctx, events)
	if err != nil {
		return err
	}
	t.take(res)
	return nil
}

// fieldsOf is events that are given as fields.
func fieldsOf(list []loadgen.Written) []saying.Occurrence {
	out := make([]saying.Occurrence, len(list))
	for i, w := range list {
		out[i] = saying.Occurrence{At: w.At, Fields: w.Fields}
	}
	return out
}

func (t *trier) take(res *wire.Result) {
	for _, a := range res.Alerts {
		if sdk.AlertFromWire(a).Kind == sdk.AlertRaised && a.LastNs >= t.from.UnixNano() {
			t.counts[a.Rule]++
		}
	}
}

// rawOf is lines as an input hands them over, received when they were written.
func rawOf(lines []loadgen.Written) *wire.Batch {
	n := uint32(len(lines))
	m := &wire.Column{Field: uint32(ecs.Message), Name: "message", Type: wire.Type_STRING, Separator: 1, Count: n, Values: make([]byte, 4)}
	received := &wire.Column{Field: uint32(ecs.EventIngested), Name: "event.ingested", Type: wire.Type_TIMESTAMP, Count: n}
	in, from := newNames(ecs.LogcenterInput), newNames(ecs.LogSourceAddress)
	for _, w := range lines {
		m.Data = append(append(m.Data, w.Line...), '\n')
		m.Values = binary.LittleEndian.AppendUint32(m.Values, uint32(len(m.Data)))
		received.Values = binary.LittleEndian.AppendUint64(received.Values, uint64(w.At.UnixNano()))
		in.add(cmp.Or(w.Input, "syslog"))
		from.add(w.Sender)
	}
	return &wire.Batch{Rows: n, Columns: []*wire.Column{m, received, in.column, from.column}}
}

// names is a column of few values.
type names struct {
	column *wire.Column
	codes  map[string]byte
}

func newNames(f ecs.Field) *names {
	c := &wire.Column{Field: uint32(f), Name: f.Name(), Type: wire.Type_STRING, Encoding: wire.Encoding_DICT, Width: 1, Dict: make([]byte, 4)}
	return &names{c, map[string]byte{}}
}

func (n *names) add(name string) {
	c := n.column
	code, known := n.codes[name]
	if !known {
		code = byte(len(n.codes))
		n.codes[name] = code
		c.Data = append(c.Data, name...)
		c.Dict = binary.LittleEndian.AppendUint32(c.Dict, uint32(len(c.Data)))
	}
	c.Values = append(c.Values, code)
	c.Count++
}
