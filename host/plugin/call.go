package plugin

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/wire"
)

// Answer is what became of a batch: replies to consecutive runs of its rows, nearly always one. Rows whose
// event the plugin cannot survive have no reply. It must be released.
type Answer struct {
	Parts []Part
}

// Part is a run of rows [From, To) of the batch; Reply is nil for poison: rows that killed the plugin every
// time.
type Part struct {
	From, To int
	Reply    *Reply
	Err      error // why there is no reply
}

// Release gives the memory of all replies back.
func (a *Answer) Release() {
	for _, p := range a.Parts {
		p.Reply.Release()
	}
}

// Process has the plugin handle a batch. A process that crashes, hangs or answers nonsense is replaced and
// the batch sent again; after triesPerBatch tries the batch is split until the events that kill it stand
// alone. While the plugin restarts, Process waits. ErrUnavailable means that the plugin is out of service;
// other errors are ctx's.
func (p *Plugin) Process(ctx context.Context, b *wire.Batch) (*Answer, error) {
	var err error
	for range triesPerBatch {
		var r *Reply
		if r, err = p.call(ctx, b); err == nil {
			p.count(b, r)
			return &Answer{Parts: []Part{{0, int(b.Rows), r, nil}}}, nil
		}
		if ctx.Err() != nil || errors.Is(err, ErrUnavailable) {
			return nil, err
		}
	}
	p.searches.Add(1)
	defer p.searches.Add(-1)
	s := search{p: p, b: b}
	if err := s.split(ctx, 0, int(b.Rows), err); err != nil {
		s.answer.Release()
		return nil, err
	}
	return &s.answer, nil
}

// search looks for the events of a batch that kill the plugin.
type search struct {
	p      *Plugin
	b      *wire.Batch
	answer Answer
	poison int
}

func (s *search) split(ctx context.Context, from, to int, cause error) error {
	if to-from == 1 {
		s.poison++
		s.p.Poisoned.Add(1)
		s.p.log.Warn("one event kills the plugin every time; it goes on without", "error", cause.Error())
		s.answer.Parts = append(s.answer.Parts, Part{from, to, nil, cause})
		switch tooOften := s.p.crashed(); {
		case s.poison >= poisonPerCall:
			s.p.quarantine(fmt.Sprintf("%d events of one batch killed it, last: %v", s.poison, cause))
		case tooOften:
			s.p.quarantine(fmt.Sprintf("crashed %d times within %v, last: %v", crashesMost, crashWindow, cause))
		}
		return nil
	}
	for _, half := range [2][2]int{{from, (from + to) / 2}, {(from + to) / 2, to}} {
		part := s.b.Slice(half[0], half[1])
		r, err := s.p.call(ctx, part)
		switch {
		case err == nil:
			s.p.count(part, r)
			s.answer.Parts = append(s.answer.Parts, Part{half[0], half[1], r, nil})
		case ctx.Err() != nil || errors.Is(err, ErrUnavailable):
			return err
		default:
			if err := s.split(ctx, half[0], half[1], err); err != nil {
				return err
			}
		}
	}
	return nil
}

func (p *Plugin) count(b *wire.Batch, r *Reply) {
	p.Calls.Add(1)
	p.Rows.Add(int64(b.Rows))
	if m := b.Column(uint32(ecs.Message)); m != nil && b.Rows > 0 {
		p.Bytes.Add(int64(m.Offset(int(b.Rows)) - m.Offset(0)))
	}
	for _, e := range r.Errors {
		// Whether an event that an enricher wants again has failed shows later: see Retried.
		again := p.m.Kind == wire.Kind_ENRICHER && e.Disposition == wire.Disposition_RETRY
		if e.Code != "bad_value" && !again {
			p.RowErrors.Add(1)
		}
	}
	p.Dropped.Add(int64(wire.CountBits(r.Drop, 8*len(r.Drop))))
	for name, total := range map[string]*atomic.Int64{"bad_values": &p.BadValues, undeclared: &p.Undeclared, dropsRefused: &p.DropsRefused} {
		total.Add(max(0, r.Counters[name])) // a counter never goes back, whatever a plugin says
	}
}

// Retried counts events that are sent to the plugin again because it asked for it, and those that asked in vain.
func (p *Plugin) Retried(again, givenUp int) {
	p.Retries.Add(int64(again))
	p.RowErrors.Add(int64(givenUp))
}
