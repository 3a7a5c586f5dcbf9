package backtest_test

import (
	"context"
	"errors"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/alert"
	"github.com/logcenter/logcenter/host/plugin"
	"github.com/logcenter/logcenter/host/rule"
	"github.com/logcenter/logcenter/host/rule/backtest"
	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/host/store/storetest"
	"github.com/logcenter/logcenter/sdk/wire"
)

var begun = time.Date(2026, 11, 28, 23, 50, 0, 0, time.UTC)

// partitions are stored events by their partitions, each in the order of their times, and in batches of two.
type partitions struct {
	list   []store.Partition
	events map[string][]storetest.Event
	broken error // behind the first batch
}

func (p *partitions) Partitions(context.Context) ([]store.Partition, error) { return p.list, nil }

func (p *partitions) Scan(_ context.Context, _ store.Scope, r store.ScanRequest) iter.Seq2[store.ScanBatch, error] {
	return func(yield func(store.ScanBatch, error) bool) {
		done, entry := 0, uint64(1+slices.IndexFunc(p.list, func(x store.Partition) bool { return x.ID == r.Partition }))
		for events := range slices.Chunk(p.events[r.Partition], 2) {
			b, err := storetest.Batch(10*uint64(done)+entry, events)
			done += len(events)
			if !yield(store.ScanBatch{Batch: b, Done: int64(done)}, err) {
				return
			}
			if p.broken != nil {
				yield(store.ScanBatch{}, p.broken)
				return
			}
		}
	}
}

// keep adds an event, so many minutes behind begun, to a partition of its day of receipt.
func (p *partitions) keep(class string, minute int, action, ip string) {
	at := begun.Add(time.Duration(minute) * time.Minute)
	id := class + "/" + at.Format(time.DateOnly)
	i := slices.IndexFunc(p.list, func(x store.Partition) bool { return x.ID == id })
	if i < 0 {
		i = len(p.list)
		p.list = append(p.list, store.Partition{ID: id, Class: class, Day: at.Format(time.DateOnly), From: at, To: at})
	}
	p.list[i].Events++
	p.list[i].To = at.Add(time.Second)
	p.events[id] = append(p.events[id], storetest.Event{"@timestamp": at, "message": "an event", "event.action": action, "source.ip": ip})
}

// week is an address that is denied by one device and let in by another, in turn, over midnight.
func week() *partitions {
	p := &partitions{events: map[string][]storetest.Event{}}
	for i := range 10 {
		p.keep("firewall", 4*i, "deny", "192.0.2.7")
		p.keep("web", 4*i+1, "allow", "192.0.2.7")
		p.keep("web", 4*i+2, "other", "192.0.2.8")
	}
	slices.SortFunc(p.list, func(a, b store.Partition) int { return -a.From.Compare(b.From) }) // in no order that could help
	return p
}

const rules = `rules:
  - {id: let-in, name: "Denied, then let in", type: sequence, group_by: [source.ip], window: 2m, quiet: 1s, steps: [{query: 'event.action:deny'}, {query: 'event.action:allow'}]}
  - {id: back, name: "Let in, then denied", type: sequence, group_by: [source.ip], window: 2m, quiet: 1s, steps: [{query: 'event.action:allow'}, {query: 'event.action:deny'}]}
  - {id: alone, name: Nothing follows, type: absence, group_by: [source.ip], window: 3m, steps: [{query: 'event.action:other'}, {query: 'event.action:deny'}]}
`

func options(t *testing.T, p *partitions, text string) backtest.Options {
	t.Helper()
	dir, err := filepath.Abs("../../../bin/plugins")
	require.NoError(t, err)
	if _, err := os.Stat(dir); err != nil {
		t.Fatalf("%v: run make build first", err)
	}
	log := logrus.New()
	log.SetLevel(logrus.ErrorLevel)
	run := filepath.Join(t.TempDir(), "run")
	registry, err := plugin.Open(plugin.Options{Dirs: []string{filepath.Join(dir, alert.RuleDetector)}, RunDir: run, Log: logrus.NewEntry(log)})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, registry.Close()) })
	detector, err := registry.Get(alert.RuleDetector)
	require.NoError(t, err)
	docs, err := rule.Read("r.yaml", []byte(text))
	require.NoError(t, err)
	return backtest.Options{
		Store: p, Scope: store.Everything(), Selection: store.Selection{From: begun, To: begun.Add(24 * time.Hour)}, Rules: docs,
		Detector: detector.Manifest(), Single: plugin.SingleOptions{RunDir: run, Log: logrus.NewEntry(log)},
	}
}

// Events of all partitions come in the order of their times, and time passes where none is.
func TestOrderAndFigures(t *testing.T) {
	o := options(t, week(), rules)
	var raised []string
	o.Alert = func(a *wire.Alert) error {
		raised = append(raised, a.Rule+" "+time.Unix(0, a.LastNs).UTC().Format("15:04"))
		return nil
	}
	var told []backtest.Progress
	o.Progress = func(p backtest.Progress) error { told = append(told, p); return nil }
	r, err := backtest.Run(t.Context(), o)
	require.NoError(t, err)
	var want []string
	for i := range 10 {
		want = append(want, "let-in "+begun.Add(time.Duration(4*i+1)*time.Minute).Format("15:04"))
	}
	for i := range 10 { // nothing of 192.0.2.8 is denied
		want = append(want, "alone "+begun.Add(time.Duration(4*i+2)*time.Minute).Format("15:04"))
	}
	assert.ElementsMatch(t, want, raised)
	assert.EqualValues(t, 30, r.Events)
	assert.EqualValues(t, 30, r.Total)
	assert.EqualValues(t, 30, r.Scanned)
	assert.EqualValues(t, 20, r.Alerts)
	figures := map[string]backtest.Figures{}
	for _, f := range r.Rules {
		figures[f.Rule] = f
	}
	assert.EqualValues(t, 10, figures["let-in"].Alerts)
	assert.EqualValues(t, 20, figures["let-in"].Matched, "the detector is asked in the end")
	assert.Equal(t, []backtest.Key{{Key: "source.ip=192.0.2.7", Alerts: 10}}, figures["let-in"].Top)
	assert.Equal(t, begun.Add(time.Minute), figures["let-in"].First)
	assert.Equal(t, begun.Add(37*time.Minute), figures["let-in"].Last)
	assert.InDelta(t, 10, figures["let-in"].PerDay, 0.01)
	assert.Equal(t, "back", r.Rules[2].Rule, "those with the most alerts first")
	assert.Zero(t, r.Rules[2].Alerts)
	assert.EqualValues(t, 20, r.Rules[2].Matched)
	require.NotEmpty(t, told)
	assert.Equal(t, begun.Add(38*time.Minute), told[len(told)-1].At)
}

func TestWhatEndsABacktest(t *testing.T) {
	failed := errors.New("no more")
	for name, tt := range map[string]func(o *backtest.Options, p *partitions){
		"whoever takes alerts":  func(o *backtest.Options, _ *partitions) { o.Alert = func(*wire.Alert) error { return failed } },
		"whoever is told":       func(o *backtest.Options, _ *partitions) { o.Progress = func(backtest.Progress) error { return failed } },
		"whoever has it paused": func(o *backtest.Options, _ *partitions) { o.Pause = func(context.Context) error { return failed } },
		"the store":             func(_ *backtest.Options, p *partitions) { p.broken = failed },
	} {
		t.Run(name, func(t *testing.T) {
			p := week()
			o := options(t, p, rules)
			tt(&o, p)
			_, err := backtest.Run(t.Context(), o)
			require.ErrorIs(t, err, failed)
		})
	}
	_, err := backtest.Run(t.Context(), options(t, week(), "{id: r, name: R, query: 'no.such.field:1'}"))
	var refused *plugin.ConfigError
	require.ErrorAs(t, err, &refused)
	assert.Contains(t, refused.Error(), "there is no field no.such.field")
}
