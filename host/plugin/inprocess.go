package plugin

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"google.golang.org/protobuf/proto"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/manifest"
	"github.com/logcenter/logcenter/sdk/wire"
)

// InProcess runs a plugin's stage in this process, with the same checks of its answers: the baseline that
// benchmarks compare the isolation with. It is not for production: a fault in the plugin is the host's.
type InProcess struct {
	m     *Manifest
	stage *sdk.Stage
}

// NewInProcess opens a stage under a manifest.
func NewInProcess(m *Manifest, s *sdk.Stage, config []byte) (*InProcess, error) {
	if s.Kind() != m.Kind {
		return nil, errors.New("the manifest says " + manifest.KindName(m.Kind) + ", the stage is a " + manifest.KindName(s.Kind()))
	}
	return &InProcess{m: m, stage: s}, s.Open(m.OpenRequest(config))
}

// Manifest is what the plugin may do.
func (p *InProcess) Manifest() *Manifest { return p.m }

// Process handles a batch.
func (p *InProcess) Process(ctx context.Context, b *wire.Batch) (*Answer, error) {
	b = narrow(b, p.stage.Reads(), p.m.Kind)
	if p.m.Kind == wire.Kind_DETECTOR { // it sees one batch at a time, and what it answers is small
		var r *wire.Result
		err := p.stage.Process(ctx, b, func(out *wire.Result) error {
			r = proto.Clone(out).(*wire.Result)
			return nil
		})
		if err != nil {
			return nil, err
		}
		return &Answer{Parts: []Part{{0, int(b.Rows), &Reply{Result: r}, nil}}}, nil
	}
	// The stage reuses its memory when its callback returns, so the answer must be held there until Release:
	// a goroutine does, which costs far less than a copy of all columns.
	h := &held{release: make(chan struct{})}
	ready := make(chan *wire.Result, 1)
	failed := make(chan error, 1)
	go func() {
		err := p.stage.Process(ctx, b, func(r *wire.Result) error {
			ready <- r
			<-h.release
			return nil
		})
		if err != nil {
			failed <- err
		}
	}()
	select {
	case err := <-failed:
		return nil, err
	case r := <-ready:
		reply := &Reply{Result: r, held: h}
		if err := r.Validate(b, uint32(ecs.Message)); err != nil {
			reply.Release()
			return nil, err
		}
		if r.Error != "" && p.m.Kind != wire.Kind_DETECTOR {
			defer reply.Release()
			return nil, fmt.Errorf("it failed on the batch: %s", r.Error)
		}
		restrict(p.m, r)
		return &Answer{Parts: []Part{{0, int(b.Rows), reply, nil}}}, nil
	}
}

// held keeps a stage's memory until released once.
type held struct {
	once    sync.Once
	release chan struct{}
}

func (h *held) done() { h.once.Do(func() { close(h.release) }) }
