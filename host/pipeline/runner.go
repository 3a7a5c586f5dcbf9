package pipeline

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/logcenter/logcenter/host/journal"
	"github.com/logcenter/logcenter/host/lineage"
)

// Acknowledger commits the raw journal up to an entry, once what became of it is durable. The intake does,
// as it keeps the idempotency keys of what goes away.
type Acknowledger interface {
	Commit(c journal.Consumer, offset uint64) error
}

// RunnerOptions size the runner. Zero values mean the defaults.
type RunnerOptions struct {
	Workers    int // batches on their way at once; default 3
	BatchBytes int // of raw entries gathered into one batch, while more are there at once; default 768 KiB
	// ClockEvery is how long nothing comes in until the event journal is told the time; default 10 s. From then on
	// it is told whenever the silence has grown by a tenth, so that silence costs little.
	ClockEvery time.Duration
	// Lineage remembers which plan handled which entries; nil: nobody does.
	Lineage *lineage.Log
	// OnError is told of what stops work for a while: a journal that cannot be written. It may be nil.
	OnError func(error)
}

const (
	defaultWorkers    = 3
	defaultBatchBytes = 768 << 10
	maxEntriesPerRun  = 256
	retryAppend       = time.Second
	defaultClockEvery = 10 * time.Second
	clockPart         = 10 // of the silence so far
)

// Runner moves the raw journal through a processor into the event journal.
type Runner struct {
	p        *Processor
	raw      journal.Journal
	events   journal.Journal
	consumer journal.Consumer
	ack      Acknowledger
	o        RunnerOptions
	next     uint64 // first raw entry to take
}

// NewRunner joins the raw journal where the event journal's last entry ends: whatever was acknowledged but
// not finished is done again, and nothing twice.
func NewRunner(p *Processor, raw, events journal.Journal, ack Acknowledger, o RunnerOptions) (*Runner, error) {
	if o.Workers <= 0 {
		o.Workers = defaultWorkers
	}
	if o.BatchBytes <= 0 {
		o.BatchBytes = defaultBatchBytes
	}
	if o.ClockEvery <= 0 {
		o.ClockEvery = defaultClockEvery
	}
	if o.OnError == nil {
		o.OnError = func(error) {}
	}
	c, err := raw.Consumer("pipeline", journal.GroupOptions{})
	if err != nil {
		return nil, err
	}
	r := &Runner{p: p, raw: raw, events: events, consumer: c, ack: ack, o: o, next: c.Committed() + 1}
	if last := events.Last(); last > 0 {
		e, err := events.Read(last)
		switch {
		case errors.Is(err, journal.ErrTrimmed): // given up when idle, long after its raw entries were committed
		case err != nil:
			return nil, fmt.Errorf("event journal: last entry: %w", err)
		default:
			entry, err := DecodeEntry(e.Body)
			if err != nil {
				return nil, err
			}
			if entry.Journal == raw.ID() {
				r.next = max(r.next, entry.To+1)
			}
		}
	}
	return r, c.Seek(r.next)
}

// unit is one batch, a start, or the time, between reader and committer.
type unit struct {
	raw   *Raw   // nil for a start and the time
	upTo  uint64 // the last raw entry that it is of; 0 for the time
	plan  *Plan
	entry []byte
	err   error
	done  chan struct{}
}

// Run works until ctx is done. It returns an error only for what no restart would mend: an entry that cannot
// be read.
func (r *Runner) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	work := make(chan *unit)
	// The reorder window: units are committed in the order they were read, and at most so many are between.
	order := make(chan *unit, r.o.Workers+1)
	var wg sync.WaitGroup
	for range r.o.Workers {
		wg.Go(func() {
			for u := range work {
				u.err = r.process(ctx, u)
				close(u.done)
			}
		})
	}
	wg.Go(func() {
		cancel(r.commit(ctx, order)) // also without an error: nobody takes what is read from here on
	})
	err := r.read(ctx, work, order)
	close(work)
	close(order)
	wg.Wait()
	if cause := context.Cause(ctx); cause != nil && !errors.Is(cause, context.Canceled) {
		return cause
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, journal.ErrClosed) {
		return nil
	}
	return err
}

// read gathers entries into batches: as many as are there at once, but never waits for more.
func (r *Runner) read(ctx context.Context, work, order chan<- *unit) error {
	entries := make(chan journal.Entry, 8)
	failed := make(chan error, 1)
	go func() {
		defer close(entries)
		for {
			e, err := r.consumer.Next(ctx)
			if err != nil {
				failed <- err
				return
			}
			select {
			case entries <- e:
			case <-ctx.Done():
				failed <- ctx.Err()
				return
			}
		}
	}()
	last, silent := r.next-1, time.Now()
	clock := time.NewTimer(r.o.ClockEvery)
	defer clock.Stop()
	tell := func(entry []byte, upTo uint64) error {
		u := &unit{entry: entry, upTo: upTo, done: make(chan struct{})}
		close(u.done)
		return give(ctx, order, u)
	}
	var e journal.Entry // to be taken, unless its offset is 0
	for {
		if e.Offset == 0 {
			select {
			case next, ok := <-entries:
				if !ok {
					return <-failed
				}
				e = next
			case now := <-clock.C:
				if err := tell(appendClock(nil, r.raw.ID(), last, now), 0); err != nil {
					return err
				}
				clock.Reset(max(r.o.ClockEvery, time.Since(silent)/clockPart))
				continue
			}
		}
		if at, ok := startIn(e.Body); ok {
			if err := tell(appendTold(nil, startMagic, r.raw.ID(), e.Offset, e.Offset, at), e.Offset); err != nil {
				return err
			}
			last, e = e.Offset, journal.Entry{}
			continue
		}
		bodies, next := r.gather(e, entries)
		raw, err := NewRaw(r.raw.ID(), 0, e.Offset, bodies)
		if err != nil {
			return err
		}
		e = next
		last, silent = raw.To, time.Now()
		clock.Reset(r.o.ClockEvery)
		u := &unit{raw: raw, upTo: raw.To, done: make(chan struct{})}
		if err := give(ctx, order, u); err != nil {
			return err
		}
		if err := give(ctx, work, u); err != nil {
			return err
		}
	}
}

// give hands a unit over, or returns ctx's error.
func give(ctx context.Context, to chan<- *unit, u *unit) error {
	select {
	case to <- u:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// gather is the bodies of an entry and of those behind it that are there by now, as many as make a batch. next is one that is
// read and not among them, if its offset is not 0: a start, since a batch is of one run of the host.
func (r *Runner) gather(e journal.Entry, entries <-chan journal.Entry) (bodies [][]byte, next journal.Entry) {
	bodies = [][]byte{e.Body}
	for size := len(e.Body); size < r.o.BatchBytes && len(bodies) < maxEntriesPerRun; {
		select {
		case more, ok := <-entries:
			if !ok {
				return bodies, next
			}
			if _, start := startIn(more.Body); start {
				return bodies, more
			}
			bodies, size = append(bodies, more.Body), size+len(more.Body)
		default:
			return bodies, next
		}
	}
	return bodies, next
}

func (r *Runner) process(ctx context.Context, u *unit) error {
	f, err := r.p.Process(ctx, u.raw)
	if err != nil {
		return err
	}
	defer f.Release()
	u.plan = f.w.plan
	u.entry, err = AppendEntry(nil, u.raw, f)
	return err
}

// commit appends finished batches in raw order. A journal that cannot be written holds everything back until
// it can.
func (r *Runner) commit(ctx context.Context, order <-chan *unit) error {
	var recorded *Plan
	for u := range order {
		select {
		case <-u.done:
		case <-ctx.Done():
			return nil
		}
		if u.err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return fmt.Errorf("raw entries %d to %d: %w", u.raw.From, u.raw.To, u.err)
		}
		for {
			err := r.record(u, &recorded)
			if err == nil {
				_, err = r.events.Append(ctx, u.entry)
			}
			if err == nil {
				break
			}
			if ctx.Err() != nil || errors.Is(err, journal.ErrClosed) {
				return nil
			}
			r.o.OnError(fmt.Errorf("event journal: %w", err))
			select {
			case <-time.After(retryAppend):
			case <-ctx.Done():
				return nil
			}
		}
		if u.upTo == 0 {
			continue
		}
		if err := r.ack.Commit(r.consumer, u.upTo); err != nil {
			r.o.OnError(fmt.Errorf("raw journal: %w", err))
		}
	}
	return nil
}

// record has the lineage remember a unit's plan if it is another than that of the unit before, which is recorded.
func (r *Runner) record(u *unit, recorded **Plan) error {
	if r.o.Lineage == nil || u.plan == nil || u.plan == *recorded || u.plan.Lineage == nil {
		return nil
	}
	if err := r.o.Lineage.Record(u.raw.Journal, u.raw.Partition, u.raw.From, u.plan.Lineage, time.Now()); err != nil {
		return fmt.Errorf("lineage: %w", err)
	}
	*recorded = u.plan
	return nil
}
