// Package alert runs detectors over the event journal and hands what they raise to a ledger.
//
// A [Runner] is one consumer group of the event journal. Detectors see every finished batch in journal
// order. Their state is snapshotted with the offset it includes; a fresh process gets the last snapshot and
// the batches since, so that a crash neither loses nor repeats an alert. Behind a batch they are told how far event
// time has come, which follows from the journal alone (watermark.go). What is raised is durable before the entry counts
// as seen, under an id that stays the same; who is told of it, and when, is not decided here (host/alert/record).
package alert

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/logcenter/logcenter/host/alert/health"
	"github.com/logcenter/logcenter/host/journal"
	"github.com/logcenter/logcenter/host/pipeline"
	"github.com/logcenter/logcenter/host/plugin"
	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/wire"
)

// Builtin is a detector that is part of the host and keeps its state by itself.
type Builtin interface {
	// Observe looks at an entry. It may get one that it has seen.
	Observe(now time.Time, offset uint64, e *pipeline.Entry)
	// Untold returns the alerts that were raised and not recorded yet.
	Untold() []*wire.Alert
	// Told notes that some are.
	Told(ids ...string)
}

// Ledger keeps what is raised.
type Ledger interface {
	// Raise makes alerts durable, all or none, each id once, and returns those that it did not have. It is called again
	// with the same alerts until it succeeds.
	Raise(ctx context.Context, alerts []*wire.Alert) (fresh []*wire.Alert, err error)
}

// Options say where state is kept.
type Options struct {
	Dir    string // snapshots, one file a detector; made if missing
	Ledger Ledger
	// OnError is told why alerts cannot be recorded, each time; events wait until they are. nil: the log is.
	OnError func(error)
	// Builtin detects, too; nil is nobody.
	Builtin Builtin
	// Health is told how rules fare; nil is nobody.
	Health *health.Tracker
	// SnapshotEvery is how often state is saved, and so how much is replayed after a crash. 0 = 10 s.
	SnapshotEvery time.Duration
	// Finish is how long an entry that was begun may take once Handle's context has ended. 0 = 10 s.
	Finish time.Duration
	Log    *logrus.Entry
}

// Runner is the alert consumer. Handle and Save have one caller, the rest is safe for concurrent use.
type Runner struct {
	o         Options
	registry  *plugin.Registry
	journal   journal.Journal
	detectors map[string]*detector
	between   chan struct{} // has room between two entries: while a detector may be swapped
	Skipped   atomic.Int64  // batches that a detector did not survive, or that could not be read again

	mu      sync.Mutex // guards what follows, the map of detectors, and which plugin each is
	handled uint64
}

const (
	snapshotEvery = 10 * time.Second
	finish        = 10 * time.Second
	detectTries   = 3
	// Between two tries of recording alerts.
	firstPause = 50 * time.Millisecond
	longPause  = 5 * time.Second
)

// detector is one detector plugin with its state on disk.
type detector struct {
	p          *plugin.Plugin
	path       string
	generation uint64 // of the process that has seen all up to offset
	offset     uint64 // the last entry it is done with
	sent       uint64 // the last entry that its process was told of; done once its alerts are recorded
	clock      clock  // event time up to offset
	saved      atomic.Uint64
	savedClock clock // at saved
	lastSave   time.Time
	seq        uint64
	failing    uint64          // the entry at which it last failed
	fails      int             // how often there
	poison     map[uint64]bool // entries it does not survive, or that cannot be read; replays leave them out
	gap        bool            // entries behind offset were gone before it saw them
}

// NewRunner makes the consumer of an event journal.
func NewRunner(r *plugin.Registry, j journal.Journal, o Options) (*Runner, error) {
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, err
	}
	runner := &Runner{o: o, registry: r, journal: j, detectors: map[string]*detector{}, between: make(chan struct{}, 1)}
	r.OnHandover(runner.handover)
	return runner, nil
}

// Durable is the offset that no detector needs to see again: the least that their snapshots include. The journal
// keeps what is behind it.
//
// One that is disabled or quarantined holds nothing back: what is gone when it returns, it does not see.
func (r *Runner) Durable() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	least := r.handled
	for _, d := range r.detectors {
		if st, _ := d.p.State(); st == plugin.Running || st == plugin.Starting {
			least = min(least, d.saved.Load())
		}
	}
	return least
}

// Handle runs one entry through all detectors in service and records what they raise. An error means that
// nothing of the entry is settled. A detector that has begun with an entry when ctx ends still finishes it, within
// Options.Finish: else it would have seen an entry of which nobody knows what it raised, and its state would be of no use.
func (r *Runner) Handle(ctx context.Context, offset uint64, e *pipeline.Entry) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	select {
	case r.between <- struct{}{}:
		defer func() { <-r.between }()
	case <-ctx.Done():
		return ctx.Err()
	}
	for _, p := range r.registry.InService(wire.Kind_DETECTOR) {
		d := r.detector(p, offset)
		if offset <= d.offset {
			continue
		}
		if err := r.advance(ctx, d, offset, e); err != nil && !errors.Is(err, plugin.ErrUnavailable) {
			return err
		}
	}
	if err := r.builtin(ctx, offset, e); err != nil {
		return err
	}
	r.mu.Lock()
	r.handled = offset
	r.mu.Unlock()
	return nil
}

// builtin runs an entry through the host's own detector.
func (r *Runner) builtin(ctx context.Context, offset uint64, e *pipeline.Entry) error {
	if r.o.Builtin == nil {
		return nil
	}
	r.o.Builtin.Observe(time.Now(), offset, e)
	untold := r.o.Builtin.Untold()
	if err := r.record(ctx, untold); err != nil || len(untold) == 0 {
		return err
	}
	ids := make([]string, len(untold))
	for i, a := range untold {
		ids[i] = a.Id
	}
	r.o.Builtin.Told(ids...)
	return nil
}

// detector finds or makes the runner's view of a plugin. One seen for the first time starts at its snapshot,
// or, without one, at the entry at hand.
func (r *Runner) detector(p *plugin.Plugin, offset uint64) *detector {
	m := p.Manifest()
	if d := r.detectors[m.ID]; d != nil {
		// Else another plugin has taken the id over. What handover put in service is there before the registry knows.
		if st, _ := d.p.State(); d.p == p || st == plugin.Running || st == plugin.Starting {
			return d
		}
	}
	d := r.newDetector(p, offset-1)
	d.restoreOnStart(p)
	r.mu.Lock()
	r.detectors[m.ID] = d
	r.mu.Unlock()
	return d
}

// newDetector is a view of a plugin that starts at its snapshot, or, without one, behind an entry.
func (r *Runner) newDetector(p *plugin.Plugin, behind uint64) *detector {
	m := p.Manifest()
	d := &detector{p: p, path: filepath.Join(r.o.Dir, m.ID+".snapshot"), lastSave: time.Now(), poison: map[uint64]bool{}}
	_, saved, at, err := readSnapshot(d.path)
	if err != nil {
		saved = behind
		if !errors.Is(err, os.ErrNotExist) {
			r.o.Log.WithError(err).WithField("plugin", m.ID).Error("the detector's snapshot cannot be read; it starts without memory of the past")
		}
	}
	d.saved.Store(saved)
	d.offset, d.savedClock = saved, at
	return d
}

// restoreOnStart has every further process of a plugin begin with the last snapshot.
func (d *detector) restoreOnStart(p *plugin.Plugin) {
	p.OnRestart(func() (uint64, []byte, error) {
		state, offset, _, err := readSnapshot(d.path)
		if err != nil {
			return 0, nil, nil //nolint:nilerr // said when it was read first; without a snapshot it starts empty
		}
		return offset, state, nil
	})
}

// advance brings a detector to offset. Whenever its process turns out to be a fresh one, that has the state of
// the last snapshot, and the entries since are run again; alerts raised again have the same ids.
func (r *Runner) advance(ctx context.Context, d *detector, offset uint64, e *pipeline.Entry) error {
	for {
		err := r.tryAdvance(ctx, d, offset, e)
		if err == nil || ctx.Err() != nil || errors.Is(err, plugin.ErrUnavailable) {
			return err
		}
		if errors.Is(err, plugin.ErrRestarted) || errors.Is(err, errNotSaved) {
			continue
		}
		// Only failures at the same entry count: a process killed now and then during a long replay is no fault of
		// any entry.
		if at := d.offset + 1; d.failing != at {
			d.failing, d.fails = at, 0
		}
		if d.fails++; d.fails == detectTries {
			r.Skipped.Add(1)
			r.o.Log.WithError(err).WithFields(logrus.Fields{"plugin": d.p.Manifest().ID, "entry": d.failing}).Error("a batch cannot be read again, or the detector does not survive it; it goes on behind it")
			d.poison[d.failing] = true
		}
	}
}

// errNotSaved means that the process was replaced before its state was saved: it has to be brought here again.
var errNotSaved = errors.New("snapshot was not made")

func (r *Runner) tryAdvance(ctx context.Context, d *detector, offset uint64, e *pipeline.Entry) error {
	g, err := d.p.Generation(ctx)
	if err != nil {
		return err
	}
	if g != d.generation {
		if d.generation == 0 { // the first process started before OnRestart was set
			if err := r.restoreFirst(ctx, d); err != nil {
				return err
			}
		}
		d.begin(g)
	}
	for at := d.offset + 1; at < offset; at++ {
		entry, err := r.entry(at)
		if errors.Is(err, journal.ErrTrimmed) || err != nil && d.poison[at] {
			d.gap = d.gap || errors.Is(err, journal.ErrTrimmed)
			d.offset = at
			continue
		}
		if err != nil {
			return err
		}
		if err := r.take(ctx, d, at, entry); err != nil {
			return err
		}
	}
	if err := r.take(ctx, d, offset, e); err != nil {
		return err
	}
	if ctx.Err() != nil || time.Since(d.lastSave) < cmp.Or(r.o.SnapshotEvery, snapshotEvery) {
		return nil // whoever ends a run saves
	}
	if err := r.save(ctx, d); err != nil && ctx.Err() == nil {
		r.o.Log.WithError(err).WithField("plugin", d.p.Manifest().ID).Warn("the detector's state is not saved; it is tried again")
		d.lastSave = time.Now()
		if g, err := d.p.Generation(ctx); err != nil || g != d.generation {
			return errNotSaved
		}
	}
	return nil
}

// entry reads an entry of the journal once more.
func (r *Runner) entry(at uint64) (*pipeline.Entry, error) {
	e, err := r.journal.Read(at)
	if err != nil {
		return nil, err
	}
	return pipeline.DecodeEntry(e.Body)
}

// restoreFirst gives a detector the last snapshot. One that cannot use it, as after an upgrade, would never begin: it does
// so without memory of the past, and the snapshot is put aside.
func (r *Runner) restoreFirst(ctx context.Context, d *detector) error {
	state, at, _, err := readSnapshot(d.path)
	if err != nil {
		return nil //nolint:nilerr // said when it was read first; without a snapshot it starts empty
	}
	err = d.p.Restore(ctx, at, state)
	var refused *plugin.RefusedState
	if !errors.As(err, &refused) {
		return err
	}
	aside := d.path + ".refused"
	r.o.Log.WithError(err).WithFields(logrus.Fields{"plugin": d.p.Manifest().ID, "kept_as": aside}).
		Error("the detector cannot use its snapshot; it starts without memory of the past")
	return os.Rename(d.path, aside)
}

// begin says that the process of a generation has the state of the last snapshot.
func (d *detector) begin(generation uint64) {
	d.generation, d.offset, d.clock = generation, d.saved.Load(), d.savedClock
	d.sent, d.gap = d.offset, false
	for at := range d.poison {
		if at <= d.offset {
			delete(d.poison, at)
		}
	}
}

// take gives a detector one entry: its events, then how far event time has come with them. What is begun is finished.
func (r *Runner) take(ctx context.Context, d *detector, offset uint64, e *pipeline.Entry) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	ctx, end := outlast(ctx, cmp.Or(r.o.Finish, finish))
	defer end()
	at := d.clock.after(e)
	if !d.poison[offset] {
		d.sent = offset
		if e.Batch.Rows > 0 {
			if err := r.detect(ctx, d, offset, e.Batch); err != nil {
				return err
			}
		}
		if err := r.tick(ctx, d, offset, at, d.resumed(e)); err != nil {
			return err
		}
	}
	d.offset, d.clock = offset, at
	return nil
}

// outlast is a context that ends so long after ctx does. The caller ends it.
func outlast(ctx context.Context, by time.Duration) (context.Context, context.CancelFunc) {
	longer, end := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		select {
		case <-time.After(by):
			end()
		case <-longer.Done():
		}
	})
	return longer, func() { stop(); end() }
}

func (r *Runner) detect(ctx context.Context, d *detector, offset uint64, b *wire.Batch) error {
	d.seq++
	req := &wire.Batch{Seq: d.seq, Rows: b.Rows, Journal: b.Journal, Partition: b.Partition, Offset: offset}
	req.Columns = d.p.Manifest().Columns(nil, b)
	reply, err := d.p.Detect(ctx, d.generation, req)
	if err != nil {
		return err
	}
	defer reply.Release()
	return r.raise(ctx, d, reply.Result)
}

// tick tells a detector how far event time has come, and whether something may be missing before an entry.
func (r *Runner) tick(ctx context.Context, d *detector, offset uint64, at clock, resumed int64) error {
	if at == d.clock && resumed == 0 {
		return nil
	}
	reply, err := d.p.Tick(ctx, d.generation, &wire.TickRequest{WatermarkNs: at.watermark().UnixNano(), Offset: offset, ResumedNs: resumed})
	if err != nil {
		return err
	}
	if resumed != 0 {
		d.gap = false
	}
	return r.raise(ctx, d, reply)
}

// raise records what a detector answered.
func (r *Runner) raise(ctx context.Context, d *detector, reply *wire.Result) error {
	if reply.Error != "" {
		r.o.Log.WithField("plugin", d.p.Manifest().ID).Error("detector: " + reply.Error)
	}
	r.o.Health.Report(d.p.Manifest().ID, d.generation, reply.Rules)
	return r.record(ctx, reply.Alerts) // with an error the entry is not done: a snapshot must not include it
}

// errAhead means that a detector has seen an entry that is not done. Its state would lose what it raised then.
var errAhead = errors.New("the alerts of an entry are not recorded")

func (r *Runner) save(ctx context.Context, d *detector) error {
	if d.sent > d.offset {
		return fmt.Errorf("snapshot of %s: entry %d is not done: %w", d.p.Manifest().ID, d.sent, errAhead)
	}
	seen, state, err := d.p.Snapshot(ctx, d.generation)
	if err != nil {
		return fmt.Errorf("snapshot of %s: %w", d.p.Manifest().ID, err)
	}
	if seen > d.offset {
		return fmt.Errorf("snapshot of %s: it has seen entry %d, done is %d: %w", d.p.Manifest().ID, seen, d.offset, errAhead)
	}
	// Entries behind the last one it was sent hold nothing for it.
	if err := writeSnapshot(d.path, d.offset, d.clock, state); err != nil {
		return err
	}
	d.savedClock = d.clock
	d.saved.Store(d.offset)
	d.lastSave = time.Now()
	return nil
}

// Save snapshots all detectors, at the end of a run; Handle must have returned. One that did not finish an entry in time,
// or whose process has just ended, is left at its last snapshot, which is no error: at the next start it sees the entries
// since again and raises the same alerts, under the same ids.
func (r *Runner) Save(ctx context.Context) error {
	var errs []error
	for _, d := range r.detectors {
		if d.offset <= d.saved.Load() {
			continue
		}
		err := r.save(ctx, d)
		if errors.Is(err, errAhead) || errors.Is(err, plugin.ErrRestarted) || errors.Is(err, plugin.ErrUnavailable) {
			r.o.Log.WithError(err).WithFields(logrus.Fields{"plugin": d.p.Manifest().ID, "from_entry": d.saved.Load() + 1}).
				Info("the detector goes on at its last snapshot, and sees the entries since once more")
			continue
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// record makes alerts durable, however long it takes: a detector must not see an entry twice, so that a failure cannot
// be left to who called. It returns only when they are, or with ctx's error.
func (r *Runner) record(ctx context.Context, alerts []*wire.Alert) error {
	if len(alerts) == 0 {
		return ctx.Err()
	}
	for pause := firstPause; ; pause = min(2*pause, longPause) {
		fresh, err := r.o.Ledger.Raise(ctx, alerts)
		if err == nil {
			for _, a := range fresh {
				about := logrus.Fields{"kind": a.Kind, "rule": a.Rule, "id": a.Id, "severity": a.Severity}
				switch sdk.AlertKind(a.Kind) {
				case sdk.AlertRaised:
					r.o.Health.Raised(a.Rule)
					about["kind"], about["events"] = "alert", a.EventCount
				case sdk.AlertRecovery:
					about["recovers"] = a.Recovers
				}
				r.o.Log.WithFields(about).Info(fmt.Sprintf("%s: %s", about["kind"], a.Name))
			}
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if r.o.OnError != nil {
			r.o.OnError(fmt.Errorf("alerts are not recorded: %w", err))
		} else {
			r.o.Log.WithError(err).Error("alerts are not recorded; it is tried again")
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
