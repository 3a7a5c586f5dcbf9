package plugin

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/logcenter/logcenter/sdk/wire"
)

// maxState bounds what a detector may keep.
const maxState = 256 << 20

// Snapshot returns a detector's state as it is after the last batch that its process of this generation
// answered, and that batch's offset. ErrRestarted if another process runs now.
func (p *Plugin) Snapshot(ctx context.Context, generation uint64) (offset uint64, state []byte, err error) {
	proc, err := p.running(ctx)
	if err != nil {
		return 0, nil, err
	}
	if proc.generation != generation {
		return 0, nil, ErrRestarted
	}
	if offset, state, err = proc.snapshot(ctx); err != nil && ctx.Err() == nil {
		p.Failures.Add(1)
		proc.fail(fmt.Errorf("snapshot: %w", err))
	}
	return offset, state, err
}

func (p *process) snapshot(ctx context.Context) (offset uint64, state []byte, err error) {
	ctx, cancel := context.WithTimeout(ctx, p.deadline)
	defer cancel()
	st, err := p.stage.Snapshot(ctx, &wire.SnapshotRequest{})
	if err != nil {
		return 0, nil, err
	}
	var all bytes.Buffer
	for {
		c, err := st.Recv()
		if errors.Is(err, io.EOF) {
			return offset, all.Bytes(), nil
		}
		if err != nil {
			return 0, nil, err
		}
		if all.Len()+len(c.Data) > maxState {
			return 0, nil, fmt.Errorf("state of more than %d bytes", maxState)
		}
		all.Write(c.Data)
		offset = c.Offset // the last chunk says it
	}
}

// RefusedState is the error of a detector that cannot use a snapshot, of another version of it for one. It goes on with what
// it had, or without any.
type RefusedState struct{ Reason string }

// Error implements error.
func (e *RefusedState) Error() string { return "restore: " + e.Reason }

// Restore replaces a detector's state by a snapshot that includes everything up to offset. A *RefusedState says that it
// cannot use it.
func (p *Plugin) Restore(ctx context.Context, offset uint64, state []byte) error {
	proc, err := p.running(ctx)
	if err != nil {
		return err
	}
	return proc.restore(ctx, offset, state)
}

const restoreChunk = 1 << 20

func (p *process) restore(ctx context.Context, offset uint64, state []byte) error {
	ctx, cancel := context.WithTimeout(ctx, p.deadline)
	defer cancel()
	st, err := p.stage.Restore(ctx)
	if err != nil {
		return err
	}
	for first := true; first || len(state) > 0; first = false {
		n := min(len(state), restoreChunk)
		if err := st.Send(&wire.StateChunk{Offset: offset, Data: state[:n]}); err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		state = state[n:]
	}
	r, err := st.CloseAndRecv()
	if err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	if r.Error != "" {
		return &RefusedState{r.Error}
	}
	return nil
}

// OnRestart says which state every fresh process of a detector starts with; nil state is none.
func (p *Plugin) OnRestart(state func() (offset uint64, state []byte, err error)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.onStart = func(ctx context.Context, proc *process) error {
		offset, s, err := state()
		if err != nil || s == nil {
			return err
		}
		return proc.restore(ctx, offset, s)
	}
}

// ErrRestarted means that the process is another than the one asked for: its state is the last snapshot's.
var ErrRestarted = errors.New("plugin was restarted")

// Generation waits for a running process and returns its number, which changes with every restart.
func (p *Plugin) Generation(ctx context.Context) (uint64, error) {
	proc, err := p.running(ctx)
	if err != nil {
		return 0, err
	}
	return proc.generation, nil
}

// Detect is one try on the process of one generation: a stateful plugin that was restarted must first be
// brought to where it was. ErrRestarted if it is another.
func (p *Plugin) Detect(ctx context.Context, generation uint64, b *wire.Batch) (*Reply, error) {
	proc, err := p.running(ctx)
	if err != nil {
		return nil, err
	}
	if proc.generation != generation {
		return nil, ErrRestarted
	}
	r, err := proc.process(ctx, b)
	if err != nil {
		if ctx.Err() == nil {
			p.Failures.Add(1)
		}
		return nil, err
	}
	for _, a := range r.Alerts {
		mendAlert(a)
	}
	p.count(b, r)
	return r, nil
}

// Tick tells the process of one generation how far event time has come, behind the batch of t's offset; what it
// answers is alerts. A plugin that does not care is not asked. ErrRestarted as for Detect.
func (p *Plugin) Tick(ctx context.Context, generation uint64, t *wire.TickRequest) (*wire.Result, error) {
	proc, err := p.running(ctx)
	if err != nil {
		return nil, err
	}
	if proc.generation != generation {
		return nil, ErrRestarted
	}
	r, err := proc.tick(ctx, t)
	if err != nil && ctx.Err() == nil {
		p.Failures.Add(1)
	}
	return r, err
}

// tick tells the process how far event time has come. Any error but ctx's means that it is of no more use.
func (p *process) tick(ctx context.Context, t *wire.TickRequest) (*wire.Result, error) {
	if !p.ticks {
		return &wire.Result{}, nil
	}
	bounded, cancel := context.WithTimeout(ctx, p.deadline)
	defer cancel()
	r, err := p.stage.Tick(bounded, t)
	if err != nil {
		if ctx.Err() == nil {
			p.fail(fmt.Errorf("tick: %w", err))
		}
		return nil, err
	}
	for _, a := range r.Alerts {
		mendAlert(a)
	}
	return r, nil
}
