// Package rollout brings in new versions of plugins while their effect is watched.
//
// A shadow runs beside the version in service on the same live batches; only what the old version answers counts, and
// the two are compared field by field (shadow.go, compare.go). A canary answers a share of the batches for real, and is
// taken back by itself when it is worse (run.go, tally.go). [Manager] keeps what is under way, and which version was
// there before.
//
// A rollout ends with the host: after a restart the old version is in service. What was promoted stays.
package rollout

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/logcenter/logcenter/host/pipeline"
	"github.com/logcenter/logcenter/host/plugin"
	"github.com/logcenter/logcenter/sdk/wire"
)

// Mode is how a version is brought in.
type Mode string

// The modes.
const (
	Direct Mode = "direct" // at once
	Shadow Mode = "shadow"
	Canary Mode = "canary"
)

// State is how far a rollout is.
type State string

// The states.
const (
	Running    State = "running"
	Finished   State = "finished" // a shadow that has seen enough; it can be promoted
	Promoted   State = "promoted"
	Aborted    State = "aborted"
	RolledBack State = "rolled_back" // by itself, because it was worse
	Failed     State = "failed"      // it could not go on
	Checked    State = "checked"     // it could begin; nothing was changed
)

// Options say how a version is brought in. Zero values mean the defaults of [Defaults].
type Options struct {
	Mode  Mode
	Share float64       // of batches that a canary gets, above 0, at most 0.5
	For   time.Duration // how long it is watched; 0 of a shadow: until Events, or until somebody ends it
	// Events ends a shadow when so many were compared; 0: For does.
	Events  int64
	Samples int // lines to show for each way in which a field differs, at most 20
	Limits  Limits
	// Check only has the version started and asked whether it takes its config; nothing changes.
	Check bool
}

// Limits are what a canary may be worse by before it is taken back. Each needs to be seen in MinBatches batches and
// MinEvents events of either version, and by more than four standard errors of the difference.
type Limits struct {
	Errors    float64 // of all events, more than before: 0.01 is one in a hundred
	Fill      float64 // of all events, in which a field is missing that was there before; of a masker, of those in which it was masked
	Cost      float64 // CPU time for a MB, as a part of what it was: 0.5 is half as much again
	Latency   float64 // time of a call for a MB, as a part of what it was
	MinEvents int64
}

// MinBatches is how many batches of either version a canary is judged by at least.
const MinBatches = 20

// Defaults are the options that are taken for what is not given.
var Defaults = Options{
	Mode: Direct, Share: 0.05, For: 10 * time.Minute, Samples: 3,
	Limits: Limits{Errors: 0.01, Fill: 0.05, Cost: 0.5, Latency: 1, MinEvents: 1000},
}

// ErrConflict means that a request makes no sense in the present state.
var ErrConflict = errors.New("conflict")

// refusal is an [ErrConflict] with its reason.
type refusal struct{ msg string }

func (e *refusal) Error() string { return e.msg }

func (e *refusal) Is(target error) bool { return target == ErrConflict }

func refusef(format string, args ...any) error { return &refusal{fmt.Sprintf(format, args...)} }

// Valid says what is wrong with options.
func (o Options) Valid() error {
	_, err := o.complete()
	return err
}

// complete fills in defaults and checks.
func (o Options) complete() (Options, error) {
	d := Defaults
	for _, f := range [...]struct{ v, with *float64 }{
		{&o.Share, &d.Share}, {&o.Limits.Errors, &d.Limits.Errors}, {&o.Limits.Fill, &d.Limits.Fill}, {&o.Limits.Cost, &d.Limits.Cost}, {&o.Limits.Latency, &d.Limits.Latency},
	} {
		if *f.v == 0 {
			*f.v = *f.with
		}
		if *f.v < 0 {
			return o, fmt.Errorf("%g: shares and limits are not negative", *f.v)
		}
	}
	if o.Mode == "" {
		o.Mode = d.Mode
	}
	if o.For == 0 && (o.Mode == Canary || o.Events == 0) {
		o.For = d.For
	}
	if o.Samples == 0 {
		o.Samples = d.Samples
	}
	if o.Limits.MinEvents == 0 {
		o.Limits.MinEvents = d.Limits.MinEvents
	}
	switch {
	case o.Mode != Direct && o.Mode != Shadow && o.Mode != Canary:
		return o, fmt.Errorf("mode %q: want direct, shadow or canary", o.Mode)
	case o.Share > 0.5:
		return o, fmt.Errorf("a canary's share of %g: want 0.5 at most, the old version is what it is compared with", o.Share)
	case o.For < 0 || o.For > 30*24*time.Hour:
		return o, fmt.Errorf("%v: want up to 30 days", o.For)
	case o.Events < 0 || o.Samples < 0 || o.Samples > 20 || o.Limits.MinEvents < 0:
		return o, errors.New("events and samples: want numbers from 0 on, 20 samples at most")
	}
	return o, nil
}

// Manager knows what is under way. Safe for concurrent use.
type Manager struct {
	registry *plugin.Registry
	show     Shower
	replan   func() (settled <-chan struct{})
	record   Record
	log      *logrus.Entry
	swaps    swapTotals

	mu       sync.Mutex
	rollouts map[string]*rollout      // by plugin: the one under way, else the last one
	busy     map[string]chan struct{} // plugins that are being changed now; closed at the end
	closed   bool
}

// Shower makes of rows what people may see: see [pipeline.Processor.Show].
type Shower interface {
	Show(ctx context.Context, b *wire.Batch, stage pipeline.Stage) (*pipeline.Finished, error)
}

// Record remembers durably which folders upgraded plugins run from; [Versions] is one.
type Record interface {
	Put(id, folder, previous string) error
	Previous(id string) string
}

// NewManager makes a manager. replan makes a plan of the host's plugins, with [Manager.Stage] and [Manager.Canary].
func NewManager(r *plugin.Registry, v Record, show Shower, replan func() <-chan struct{}, log *logrus.Entry) *Manager {
	return &Manager{registry: r, record: v, show: show, replan: replan, log: log, rollouts: map[string]*rollout{}, busy: map[string]chan struct{}{}}
}

// claim keeps others from changing a plugin meanwhile; it waits for those who do.
func (m *Manager) claim(ctx context.Context, id string) (done func(), err error) {
	for {
		done, busy, err := m.tryClaim(id)
		if busy == nil {
			return done, err
		}
		select {
		case <-busy:
		case <-ctx.Done():
			return nil, refusef("plugin %s is being changed: %v", id, ctx.Err())
		}
	}
}

// tryClaim does not wait: busy, if not nil, is closed when who has the claim is done.
func (m *Manager) tryClaim(id string) (done func(), busy <-chan struct{}, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return nil, nil, refusef("the host stops")
	}
	if c := m.busy[id]; c != nil {
		return nil, c, nil
	}
	c := make(chan struct{})
	m.busy[id] = c
	return func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		delete(m.busy, id)
		close(c)
	}, nil, nil
}

// running is the rollout of a plugin that is under way, nil if there is none.
func (m *Manager) running(id string) *rollout {
	m.mu.Lock()
	defer m.mu.Unlock()
	if r := m.rollouts[id]; r != nil && r.state == Running {
		return r
	}
	return nil
}

// free says why a plugin cannot be changed because of a rollout, nil if it can.
func (m *Manager) free(id string) error {
	if r := m.running(id); r != nil {
		return refusef("a %s of %s %s is under way: promote or abort it first (`logcenter plugin upgrade %s --promote` or --abort)", r.o.Mode, id, r.to, id)
	}
	return nil
}

// Upgrade brings in the version of a plugin in a folder. With Direct it is in service when Upgrade returns; else it is
// under way, and Status tells more. With an error nothing has changed.
func (m *Manager) Upgrade(ctx context.Context, id, dir string, o Options) (Report, error) {
	o, err := o.complete()
	if err != nil {
		return Report{}, err
	}
	done, err := m.claim(ctx, id)
	if err != nil {
		return Report{}, err
	}
	defer done()
	if err := m.free(id); err != nil {
		return Report{}, err
	}
	old, err := m.registry.Get(id)
	if err != nil {
		return Report{}, err
	}
	if o.Mode != Direct {
		if err := m.fits(old, o.Mode); err != nil {
			return Report{}, err
		}
	}
	next, err := m.registry.Prepare(ctx, id, plugin.Change{Dir: dir})
	if err != nil {
		return Report{}, err
	}
	r := newRollout(m, old, next, o)
	if o.Check {
		next.Disable()
		r.state = Checked
		return r.report(), nil
	}
	if o.Mode == Direct {
		if err := m.swap(ctx, r); err != nil {
			return Report{}, err
		}
		m.mu.Lock()
		m.rollouts[id] = r
		m.mu.Unlock()
		return r.report(), nil
	}
	if err := m.begin(r); err != nil {
		next.Disable()
		return Report{}, err
	}
	m.log.Infof("plugin %s: a %s of version %s begins beside %s", id, o.Mode, r.to, r.from)
	m.replan()
	r.start()
	return r.report(), nil
}

// begin takes a rollout in, if it is not the second canary: another may have begun while this one's process was started.
func (m *Manager) begin(r *rollout) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.alone(r.o.Mode); err != nil {
		return err
	}
	m.rollouts[r.id] = r
	return nil
}

// alone says why there cannot be a canary now, nil for other modes. m.mu is held.
func (m *Manager) alone(mode Mode) error {
	for other, r := range m.rollouts {
		if mode == Canary && r.state == Running && r.o.Mode == Canary {
			return refusef("there is a canary of %s already, and with two nobody could tell which is worse", other)
		}
	}
	return nil
}

// fits says why a plugin cannot have a rollout of a mode.
func (m *Manager) fits(p *plugin.Plugin, mode Mode) error {
	id := p.Manifest().ID
	switch k := p.Manifest().Kind; {
	case k == wire.Kind_DETECTOR:
		return refusef("%s is a detector, which cannot have a %s: what it remembers follows from all events in one order, and cannot be in two versions; "+
			"upgrade it directly (without --shadow and --canary, mode direct), and what it remembers goes along", id, mode)
	case k == wire.Kind_NOTIFIER:
		return refusef("%s is a notifier, which cannot have a %s: two versions would tell people everything twice; "+
			"upgrade it directly (without --shadow and --canary, mode direct), and `logcenter plugin rollback %s` takes it back", id, mode, id)
	}
	if st, _ := p.State(); st != plugin.Running {
		return refusef("%s is %s, so that there is nothing to compare with: upgrade it directly (without --shadow and --canary, mode direct)", id, st)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.alone(mode)
}

// swap puts the new version in service and remembers it. The rollout's state says so, or what went wrong.
func (m *Manager) swap(ctx context.Context, r *rollout) error {
	now, err := m.registry.Get(r.id)
	if err != nil {
		return err
	}
	before := now.Manifest().Dir
	r.measure()
	r.end(Promoted, "") // first, so that the next plan has no part of the rollout
	s, err := m.registry.Swap(ctx, r.next)
	if err != nil {
		r.end(Failed, err.Error())
		m.replan()
		return err
	}
	m.swaps.add(s)
	m.mu.Lock()
	r.swap = s
	m.mu.Unlock()
	m.log.Infof("plugin %s: version %s is in service, %s is stopped; nothing waited longer than %v", r.id, r.to, r.from, s.Handover.Round(time.Millisecond))
	if err := m.record.Put(r.id, r.folder, before); err != nil {
		return fmt.Errorf("version %s is in service, but will not be after a restart of the host: %w", r.to, err)
	}
	return nil
}

// Promote puts what is under way, or a shadow that has finished, into service.
func (m *Manager) Promote(ctx context.Context, id string) (Report, error) {
	done, err := m.claim(ctx, id)
	if err != nil {
		return Report{}, err
	}
	defer done()
	m.mu.Lock()
	r := m.rollouts[id]
	m.mu.Unlock()
	if r == nil || r.State() != Running && r.State() != Finished {
		return Report{}, m.nothing(id)
	}
	return m.promote(ctx, r)
}

func (m *Manager) promote(ctx context.Context, r *rollout) (Report, error) {
	finished := r.State() == Finished
	r.stop()
	if finished { // its process was stopped
		next, err := m.registry.Prepare(ctx, r.id, plugin.Change{Dir: r.folder})
		if err != nil {
			return Report{}, err
		}
		r.next = next
	}
	if err := m.swap(ctx, r); err != nil {
		return Report{}, err
	}
	return r.report(), nil
}

// Abort ends what is under way; the version in service stays.
func (m *Manager) Abort(ctx context.Context, id string) (Report, error) {
	done, err := m.claim(ctx, id)
	if err != nil {
		return Report{}, err
	}
	defer done()
	r := m.running(id)
	if r == nil {
		return Report{}, m.nothing(id)
	}
	r.stop()
	m.retire(r, Aborted, "")
	return r.report(), nil
}

// retire takes a new version out again.
func (m *Manager) retire(r *rollout, s State, reason string) {
	r.measure()
	r.end(s, reason)
	select {
	case <-m.replan():
	case <-time.After(settleMost): // a batch waits for some other plugin; it will find that this one has gone
	}
	r.next.Disable()
}

// settleMost is how long batches may go on with a version that is taken out.
const settleMost = 15 * time.Second

func (m *Manager) nothing(id string) error {
	if _, err := m.registry.Get(id); err != nil {
		return err
	}
	return refusef("no upgrade of %s is under way", id)
}

// Rollback puts the version back that was there before the last upgrade.
func (m *Manager) Rollback(ctx context.Context, id string) (Report, error) {
	if _, err := m.registry.Get(id); err != nil {
		return Report{}, err
	}
	dir := m.record.Previous(id)
	if dir == "" {
		return Report{}, refusef("%s was not upgraded, so that there is no version before", id)
	}
	return m.Upgrade(ctx, id, dir, Options{Mode: Direct})
}

// Reconfigure gives a plugin other settings, of which the plugin says first whether it takes them. It may not while a
// rollout is under way, in which two versions are compared under the same settings.
func (m *Manager) Reconfigure(ctx context.Context, id string, s plugin.Settings) error {
	return m.replace(ctx, id, func() (plugin.Swap, error) { return m.registry.Reconfigure(ctx, id, s) })
}

// GiveRules has a detector look for other rules, see [plugin.Registry.GiveRules]. It may not while a rollout is under way,
// either.
func (m *Manager) GiveRules(ctx context.Context, id string, rules []byte) error {
	return m.replace(ctx, id, func() (plugin.Swap, error) { return m.registry.GiveRules(ctx, id, rules) })
}

// replace swaps a plugin for one of the same version, unless a rollout is under way.
func (m *Manager) replace(ctx context.Context, id string, by func() (plugin.Swap, error)) error {
	done, err := m.claim(ctx, id)
	if err != nil {
		return err
	}
	defer done()
	if err := m.free(id); err != nil {
		return err
	}
	swap, err := by()
	if err == nil {
		m.swaps.add(swap)
	}
	return err
}

// Status tells of the rollout of a plugin that is under way, or else of the last one since the host started.
func (m *Manager) Status(id string) (Report, error) {
	m.mu.Lock()
	r := m.rollouts[id]
	m.mu.Unlock()
	if r == nil {
		if _, err := m.registry.Get(id); err != nil {
			return Report{}, err
		}
		return Report{}, refusef("%s was not upgraded since the host started", id)
	}
	return r.report(), nil
}

// All tells of all rollouts, under way or the last of their plugins, by id.
func (m *Manager) All() (all []Report) {
	m.mu.Lock()
	rs := maps.Clone(m.rollouts)
	m.mu.Unlock()
	for _, id := range slices.Sorted(maps.Keys(rs)) {
		all = append(all, rs[id].report())
	}
	return all
}

// Stage is a plugin as it is part of the plan: with who looks at it, while a rollout is under way.
func (m *Manager) Stage(p *plugin.Plugin) pipeline.Stage {
	if r := m.running(p.Manifest().ID); r != nil && r.old == p {
		return r.oldStage
	}
	return p
}

// Canary is the stage that a share of batches goes to in place of the stage of its plugin; nil if there is none.
func (m *Manager) Canary() (next pipeline.Stage, share float64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, r := range m.rollouts {
		if r.state == Running && r.o.Mode == Canary {
			return r.nextStage, r.o.Share
		}
	}
	return nil, 0
}

// Close ends what is under way and stops its processes. It waits for who changes a plugin just now.
func (m *Manager) Close() error {
	m.mu.Lock()
	m.closed = true
	busy := slices.Collect(maps.Values(m.busy))
	m.mu.Unlock()
	for _, c := range busy {
		<-c
	}
	m.mu.Lock()
	rs := slices.Collect(maps.Values(m.rollouts))
	m.mu.Unlock()
	for _, r := range rs {
		if r.State() == Running {
			r.stop()
			r.end(Aborted, "the host stopped")
			r.next.Disable()
		}
	}
	return nil
}
