package plugin

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/logcenter/logcenter/host/plugin/sandbox"
	"github.com/logcenter/logcenter/sdk/wire"
)

// State is where a plugin is in its life.
type State string

// The states.
const (
	Disabled    State = "disabled"
	Starting    State = "starting" // or waiting to be restarted
	Running     State = "running"
	Failed      State = "failed"      // did not start; an admin enables it again
	Quarantined State = "quarantined" // failed too often; an admin enables it again
)

// ErrUnavailable means that the plugin is disabled or quarantined: it will not answer until an admin acts.
var ErrUnavailable = errors.New("plugin is not in service")

// Plugin is one plugin under supervision. All methods are safe for concurrent use.
type Plugin struct {
	m      *Manifest
	launch launch
	log    hclog.Logger
	// A plugin that must not run says why, and find is asked whether it may by now; nil for all others.
	refusal error
	find    func() (dir string, err error)

	mu      sync.Mutex
	state   State
	reason  string        // of the last failure or of the state
	proc    *process      // nil unless running
	changed chan struct{} // closed and replaced when state or proc changes
	stop    context.CancelFunc
	stopped chan struct{}
	onStart func(context.Context, *process) error // restores the state of detectors

	change     Settings       // that it was prepared with
	leaving    atomic.Bool    // it is about to be disabled: nothing new goes to it
	owed       map[string]int // by target: alerts that were not answered, since one was
	crashes    []time.Time
	searches   atomic.Int32      // batches that are split now to find what kills it
	generation uint64            // counts processes put into service
	schema     []byte            // of the config
	targets    []string          // of the notifier's process, also of one that is gone
	refused    []sandbox.Refusal // to processes that are gone
	failure    Failure
	leftOut    string // why it runs in place of a package; guarded by mu
	Metrics
}

// Metrics counts what a plugin did since the host started.
type Metrics struct {
	Calls, Rows, Bytes  atomic.Int64 // answered calls, their rows and message bytes
	RowErrors, Poisoned atomic.Int64
	Retries             atomic.Int64 // events sent again because the plugin asked for it
	Restarts, Failures  atomic.Int64 // processes started after the first; calls that failed
	Crashes             atomic.Int64 // processes that ended and should not have
	Dropped             atomic.Int64 // rows dropped as the manifest permits
	DropsRefused        atomic.Int64 // rows that stayed because it does not
	BadValues           atomic.Int64 // values that did not fit their field
	Undeclared          atomic.Int64 // values of fields the manifest does not list; they are thrown away
	deadCPU             atomic.Int64 // nanoseconds of processes that are gone
}

func newPlugin(m *Manifest, l launch) *Plugin {
	return &Plugin{m: m, launch: l, log: l.log, state: Disabled, changed: make(chan struct{})}
}

// Manifest is what the plugin may do.
func (p *Plugin) Manifest() *Manifest { return p.m }

// State is the plugin's state and, where there is one, the reason in an admin's words.
func (p *Plugin) State() (State, string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.state, p.reason
}

// PID is the process, 0 when none runs.
func (p *Plugin) PID() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.proc == nil {
		return 0
	}
	return p.proc.pid
}

// CPU is the processor time of all its processes so far.
func (p *Plugin) CPU() time.Duration {
	return time.Duration(p.deadCPU.Load()) + sandbox.CPU(p.PID())
}

// Memory is what its process and those that it started have in memory at the moment, in bytes: what limits.memory bounds.
// 0 when none runs.
func (p *Plugin) Memory() int64 { return sandbox.Memory(p.PID()) }

// Failure is how a process of a plugin ended that should not have.
type Failure struct {
	Reason string
	At     time.Time
}

// LastFailure is the last one since the host started, also when another process runs by now; the zero value if there
// was none.
func (p *Plugin) LastFailure() Failure {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.failure
}

func (p *Plugin) remember(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.failure = Failure{err.Error(), time.Now()}
	p.Crashes.Add(1)
}

func (p *Plugin) set(s State, reason string, proc *process) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.setLocked(s, reason, proc)
}

// move is set for the supervisor: false if the plugin was quarantined meanwhile, which stays.
func (p *Plugin) move(s State, reason string, proc *process) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.state == Quarantined {
		return false
	}
	p.setLocked(s, reason, proc)
	return true
}

func (p *Plugin) setLocked(s State, reason string, proc *process) {
	p.state, p.reason, p.proc = s, reason, proc
	if proc != nil {
		p.generation++
		proc.generation = p.generation
		p.schema, p.targets = proc.schema, proc.targets
	}
	close(p.changed)
	p.changed = make(chan struct{})
}

// unfit says that a plugin that is wanted cannot run, unless it runs from an earlier Enable.
func (p *Plugin) unfit(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stop == nil {
		p.setLocked(Failed, oneLine(err), nil)
	}
}

// oneLine is an error as a reason, which is shown in tables.
func oneLine(err error) string { return strings.ReplaceAll(err.Error(), "\n", "; ") }

// Enable starts the plugin and keeps it running. It returns when the first process is ready, or with the
// reason why it is not; then the plugin has failed.
func (p *Plugin) Enable(ctx context.Context) error {
	p.mu.Lock()
	if p.stop != nil {
		p.mu.Unlock()
		if st, _ := p.State(); st != Quarantined {
			return nil
		}
		p.end()
		p.mu.Lock()
	}
	p.crashes = nil
	clear(p.owed)
	run, cancel := context.WithCancel(context.Background())
	p.stop, p.stopped = cancel, make(chan struct{})
	p.mu.Unlock()
	p.set(Starting, "", nil)
	proc, err := p.start(ctx)
	if err != nil {
		cancel()
		close(p.stopped)
		p.mu.Lock()
		p.stop = nil
		var refused *ConfigError
		if errors.As(err, &refused) {
			p.schema = refused.schema
		}
		p.mu.Unlock()
		p.unfit(err)
		return err
	}
	p.set(Running, "", proc)
	go p.supervise(run, proc)
	return nil
}

// Disable stops the plugin. Calls in flight fail and are not tried again.
func (p *Plugin) Disable() {
	p.end()
	p.set(Disabled, "", nil)
}

// end stops the process, if any, and its supervisor.
func (p *Plugin) end() {
	p.mu.Lock()
	stop, stopped := p.stop, p.stopped
	p.stop = nil
	p.mu.Unlock()
	if stop == nil {
		return
	}
	stop()
	<-stopped
}

func (p *Plugin) start(ctx context.Context) (*process, error) {
	p.mu.Lock()
	l, onStart := p.launch, p.onStart
	p.mu.Unlock()
	proc, err := start(ctx, l)
	if err != nil {
		return nil, err
	}
	if onStart != nil {
		if err := onStart(ctx, proc); err != nil {
			proc.kill()
			return nil, err
		}
	}
	return proc, nil
}

// supervise keeps a process running until stopped or quarantined.
func (p *Plugin) supervise(ctx context.Context, proc *process) {
	defer close(p.stopped)
	for {
		err := p.watch(ctx, proc)
		if err == nil { // stopped
			p.buried(proc, sandbox.CPU(proc.pid))
			proc.close()
			return
		}
		p.buried(proc, sandbox.CPU(proc.pid))
		proc.kill()
		err = proc.explain(err)
		p.remember(err)
		p.log.Warn("plugin process failed, starting it again", "error", err.Error())
		// Who looks for the event that kills it expects crashes, and counts one for each event found.
		if p.searches.Load() == 0 && p.crashed() {
			p.quarantine(fmt.Sprintf("crashed %d times within %v, last: %v", crashesMost, crashWindow, err))
			<-ctx.Done()
			return
		}
		if !p.move(Starting, err.Error(), nil) {
			<-ctx.Done()
			return
		}
		if proc = p.restart(ctx); proc == nil {
			<-ctx.Done()
			return
		}
		p.Restarts.Add(1)
		if !p.move(Running, "", proc) {
			proc.kill()
			<-ctx.Done()
			return
		}
	}
}

// restart tries until a process runs; nil when stopped or quarantined. The wait grows with failed starts only: of
// processes that start and crash, crashesMost is the bound, and a batch that waits should not wait for long.
func (p *Plugin) restart(ctx context.Context) *process {
	backoff := backoffFirst
	for failed := 1; ; failed++ {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(backoff + rand.N(backoff/4+1)):
		}
		backoff = min(2*backoff, backoffMost)
		proc, err := p.start(ctx)
		if err == nil {
			return proc
		}
		if ctx.Err() != nil {
			return nil
		}
		p.log.Warn("plugin did not start", "error", err.Error(), "failed", failed)
		if !p.move(Starting, err.Error(), nil) {
			return nil
		}
		var refused *ConfigError
		if failed == startsFailed || errors.As(err, &refused) {
			p.quarantine(fmt.Sprintf("did not start %d times in a row, last: %v", failed, err))
			return nil
		}
	}
}

func (p *Plugin) crashed() (tooOften bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	p.crashes = append(p.crashes, now)
	for len(p.crashes) > 0 && now.Sub(p.crashes[0]) > crashWindow {
		p.crashes = p.crashes[1:]
	}
	return len(p.crashes) >= crashesMost
}

func (p *Plugin) quarantine(reason string) {
	p.mu.Lock()
	proc, out := p.proc, p.stop == nil || p.state == Quarantined
	if !out {
		p.setLocked(Quarantined, reason, nil)
	}
	p.mu.Unlock()
	if out { // disabled or quarantined meanwhile
		return
	}
	p.log.Error("plugin is quarantined; `logcenter plugin enable` puts it back into service", "reason", reason)
	if proc != nil {
		proc.kill()
	}
}

// watch waits until the process fails or ctx is done (nil), with a ping now and then. A ping costs two processes
// something, and many plugins have nothing to do for long; that a process is gone is seen without.
func (p *Plugin) watch(ctx context.Context, proc *process) error {
	t := time.NewTicker(lookInterval)
	defer t.Stop()
	for n := 1; ; n++ {
		select {
		case <-ctx.Done():
			return nil
		case <-proc.failed:
			if st, _ := p.State(); st == Quarantined {
				<-ctx.Done()
				return nil
			}
			return proc.failure
		case <-t.C:
			if proc.client.Exited() {
				proc.fail(errors.New("its process ended"))
			} else if n%pingEvery != 0 {
				continue
			} else if err := proc.ping(); err != nil {
				proc.fail(fmt.Errorf("ping: %w", err))
			}
		}
	}
}

// running waits for a process. It fails with ErrUnavailable when the plugin is out of service.
func (p *Plugin) running(ctx context.Context) (*process, error) {
	for {
		p.mu.Lock()
		state, proc, changed := p.state, p.proc, p.changed
		p.mu.Unlock()
		switch state {
		case Running:
			select {
			case <-proc.failed: // the supervisor will notice in a moment
			default:
				return proc, nil
			}
		case Disabled, Failed, Quarantined:
			return nil, fmt.Errorf("%s is %s: %w", p.m.ID, state, ErrUnavailable)
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// call is one try on the process at hand.
func (p *Plugin) call(ctx context.Context, b *wire.Batch) (*Reply, error) {
	proc, err := p.running(ctx)
	if err != nil {
		return nil, err
	}
	r, err := proc.process(ctx, b)
	if err == nil && r.Error != "" {
		err = fmt.Errorf("it failed on the batch: %s", proc.words.hide(r.Error))
		r.Release()
	}
	if err != nil && ctx.Err() == nil {
		p.Failures.Add(1)
		return nil, fmt.Errorf("plugin %s: %w", p.m.ID, err)
	}
	return r, err
}

// Wait returns when the plugin is running again, with [ErrUnavailable] when it is disabled, or with ctx's error.
func (p *Plugin) Wait(ctx context.Context) error {
	for {
		p.mu.Lock()
		state, changed := p.state, p.changed
		p.mu.Unlock()
		switch state {
		case Running:
			return nil
		case Disabled:
			return fmt.Errorf("%s is %s: %w", p.m.ID, state, ErrUnavailable)
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Started is when the running process was started, zero when none runs.
func (p *Plugin) Started() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.proc == nil {
		return time.Time{}
	}
	return p.proc.started
}

// ConfigSchema is the JSON Schema of the plugin's config, nil until it was started once, if in vain.
func (p *Plugin) ConfigSchema() []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.schema
}
