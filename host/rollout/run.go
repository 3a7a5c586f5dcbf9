package rollout

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/logcenter/logcenter/host/pipeline"
	"github.com/logcenter/logcenter/host/plugin"
)

// rollout is one version on its way in. What is not fixed is guarded by the manager's lock.
type rollout struct {
	m         *Manager
	id        string
	from, to  string   // versions
	folder    string   // of the new one
	more      []string // permissions that only the new one has
	fewer     []string // that only the old one has
	o         Options
	old, next *plugin.Plugin
	oldStage  *pipeline.Observed
	nextStage *pipeline.Observed // of a canary
	oldTally  *tally
	newTally  *tally
	shadow    *shadow // of a shadow
	started   time.Time
	stopLoop  context.CancelFunc
	looped    chan struct{} // closed when nobody looks at it any more

	state  State
	reason string
	ended  time.Time
	swap   plugin.Swap
	costs  [2]Side // of the old and of the new version, once it has ended
}

func newRollout(m *Manager, old, next *plugin.Plugin, o Options) *rollout {
	r := &rollout{
		m: m, id: old.Manifest().ID, from: old.Manifest().Version, to: next.Manifest().Version, folder: next.Manifest().Dir, o: o, old: old, next: next,
		oldTally: newTally(old), newTally: newTally(next), started: time.Now(), state: Running, looped: make(chan struct{}),
	}
	r.more, r.fewer = plugin.ComparePermissions(plugin.Permissions(old.Manifest()), plugin.Permissions(next.Manifest()))
	r.stopLoop = func() {}
	switch o.Mode {
	case Shadow:
		r.shadow = newShadow(r)
		r.oldStage = &pipeline.Observed{Plugin: old, Observe: r.shadow.offer}
	case Canary:
		r.oldStage = &pipeline.Observed{Plugin: old, Observe: r.oldTally.observe}
		r.nextStage = &pipeline.Observed{Plugin: next, Observe: r.newTally.observe}
	default:
		close(r.looped)
	}
	return r
}

// State is how far it is.
func (r *rollout) State() State {
	r.m.mu.Lock()
	defer r.m.mu.Unlock()
	return r.state
}

func (r *rollout) end(s State, reason string) {
	r.m.mu.Lock()
	defer r.m.mu.Unlock()
	r.state, r.reason, r.ended = s, reason, time.Now()
}

// measure keeps what the versions cost, before a process goes.
func (r *rollout) measure() {
	costs := [2]Side{r.oldTally.cost(), r.newTally.cost()}
	r.m.mu.Lock()
	defer r.m.mu.Unlock()
	r.costs = costs
}

// decision is what follows from looking at a rollout.
type decision struct {
	state  State // Running: nothing
	reason string
}

// lookEvery is how often it is looked at whether a rollout is over.
const lookEvery = 200 * time.Millisecond

// start looks at it until it is over or stopped.
func (r *rollout) start() {
	ctx, cancel := context.WithCancel(context.Background())
	r.m.mu.Lock()
	r.stopLoop = cancel
	r.m.mu.Unlock()
	var workers sync.WaitGroup
	if r.shadow != nil {
		workers.Go(func() { r.shadow.run(ctx) })
	}
	go func() {
		d, done := r.loop(ctx)
		cancel()
		workers.Wait()
		close(r.looped)
		if done == nil {
			return
		}
		defer done()
		r.act(d)
	}()
}

// loop returns what is to be done, with the claim on the plugin, or no claim when it was stopped.
func (r *rollout) loop(ctx context.Context) (d decision, done func()) {
	t := time.NewTicker(lookEvery)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return d, nil
		case <-t.C:
		}
		if d = r.look(); d.state == Running {
			continue
		}
		if done, _, _ := r.m.tryClaim(r.id); done != nil { // else somebody promotes or aborts it just now
			return d, done
		}
	}
}

// act does what was decided.
func (r *rollout) act(d decision) {
	log := r.m.log.WithField("plugin", r.id)
	switch d.state {
	case Promoted:
		if _, err := r.m.promote(context.Background(), r); err != nil {
			log.WithError(err).Error("the canary was well, but could not be promoted")
		}
		return
	case RolledBack:
		log.WithField("reason", d.reason).Errorf("the canary of version %s is taken back; version %s goes on alone", r.to, r.from)
	case Failed:
		log.WithField("reason", d.reason).Errorf("the %s of version %s ends", r.o.Mode, r.to)
	default:
		log.Infof("the %s of version %s has ended", r.o.Mode, r.to)
	}
	r.m.retire(r, d.state, d.reason)
}

// stop ends looking at it; nobody decides anything any more.
func (r *rollout) stop() {
	r.m.mu.Lock()
	stop, loops := r.stopLoop, r.o.Mode != Direct
	r.m.mu.Unlock()
	stop()
	if loops {
		<-r.looped
	}
}

// look says whether it is over.
func (r *rollout) look() decision {
	if st, _ := r.old.State(); st == plugin.Disabled {
		return decision{Aborted, "the plugin was disabled"}
	}
	if now, err := r.m.registry.Get(r.id); err != nil || now != r.old {
		return decision{Aborted, "another version was put in service"}
	}
	st, why := r.next.State()
	down := st == plugin.Quarantined || st == plugin.Failed
	if r.o.Mode == Shadow {
		switch {
		case down:
			return decision{Failed, fmt.Sprintf("version %s is %s: %s", r.to, st, why)}
		case r.o.Events > 0 && r.shadow.compared() >= r.o.Events, r.o.For > 0 && time.Since(r.started) >= r.o.For:
			return decision{state: Finished}
		}
		return decision{state: Running}
	}
	if n := r.next.Restarts.Load(); n > 0 || down {
		return decision{RolledBack, fmt.Sprintf("its process died %d times; it is %s %s", max(n, 1), st, why)}
	}
	bad, enough := r.verdict()
	switch {
	case bad != "":
		return decision{RolledBack, bad}
	case enough && time.Since(r.started) >= r.o.For:
		return decision{state: Promoted}
	}
	return decision{state: Running}
}

// swapTotals count swaps since the host started.
type swapTotals struct{ n, longest atomic.Int64 }

func (t *swapTotals) add(s plugin.Swap) {
	t.n.Add(1)
	for {
		have := t.longest.Load()
		if int64(s.Handover) <= have || t.longest.CompareAndSwap(have, int64(s.Handover)) {
			return
		}
	}
}

// Swaps is how many times a plugin was replaced since the host started, and the longest time that a detector stood
// still for it.
func (m *Manager) Swaps() (n int64, longest time.Duration) {
	return m.swaps.n.Load(), time.Duration(m.swaps.longest.Load())
}
