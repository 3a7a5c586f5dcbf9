package input

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/logcenter/logcenter/host/journal"
)

const (
	// flushAfter is how long a record waits for others at most.
	flushAfter = 50 * time.Millisecond
	// buffers of a Batcher: one fills while one is appended and one waits. So an input holds about 3 MiB
	// of records in flight, whatever the number of its senders.
	buffers = 3
	// sourceBytes is how much of one source may be in flight before its reader waits, so that one
	// fast sender leaves room for others.
	sourceBytes = 2 << 20
	// waitingAfter is how long an append takes before the input says that it waits.
	waitingAfter = time.Second
	// readersGrace and journalGrace are how long a stopping input waits for readers, and then for the journal.
	readersGrace = 2 * time.Second
	journalGrace = 3 * time.Second
)

// ErrClosed is returned for records that come after Batcher.Close.
var ErrClosed = errors.New("the input is shutting down")

// Batcher makes batches from the records of all sources of one input and appends them, in the order of
// arrival. A batch goes off at 512 KiB, 50 ms after its first record, or when somebody waits for it;
// while the journal is busy it grows to 1 MiB. Safe for concurrent use. Memory is reused; a record costs
// no allocation.
type Batcher struct {
	intake *Intake
	count  *Counters
	common *Common
	paths  bool
	log    func(format string, args ...any)

	wake     chan struct{} // to run: look again
	done     chan struct{} // closed when run has returned
	append   context.Context
	giveUp   context.CancelFunc // ends append
	spare    sync.Pool          // *rows, of Parts
	mu       sync.Mutex
	change   sync.Cond // a batch became durable or was lost, or the Batcher closed
	filling  *rows     // nil when all buffers are in flight
	since    time.Time // when filling got its first record
	hurry    bool      // somebody waits for filling
	full     []*rows   // closed, oldest first
	free     []*rows
	made     int // buffers
	closing  bool
	lost     error // set when append has ended: nothing will be durable any more
	inFlight int   // bytes
}

// NewBatcher starts a batcher for an input whose configuration has been checked. paths adds log.file.path
// from the sources. Counters of what is durable are kept in count. Close releases it.
func NewBatcher(env Env, c *Common, count *Counters, paths bool) *Batcher {
	b := &Batcher{
		intake: env.Intake, count: count, common: c, paths: paths, log: env.Log,
		wake: make(chan struct{}, 1), done: make(chan struct{}),
	}
	b.change.L = &b.mu
	b.spare.New = func() any { return newRows(c, paths) }
	b.append, b.giveUp = context.WithCancel(context.Background())
	go b.run()
	return b
}

// Source returns a new source of records. address becomes log.source.address, path log.file.path.
func (b *Batcher) Source(address, path string) *Source {
	return &Source{address: address, path: path, limit: sourceBytes}
}

// add appends a record, waiting for room if need be.
func (b *Batcher) add(s *Source, text []byte, mark Mark, at, pos int64) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	for {
		if b.closing || b.lost != nil {
			return ErrClosed
		}
		if s.err != nil {
			return s.err
		}
		if s.pending == 0 || s.pending+len(text) <= s.limit {
			if b.filling == nil {
				b.filling = b.bufferLocked()
			}
			if b.filling != nil && b.filling.fits(len(text)) {
				break
			}
			if b.filling != nil {
				b.full = append(b.full, b.filling)
				b.filling = nil
				b.signal()
				continue
			}
		}
		b.hurry = true
		b.signal()
		b.change.Wait()
	}
	if b.filling.n == 0 {
		b.since = time.Now()
		b.hurry = false
		b.signal()
	}
	s.pending += len(text)
	b.inFlight += len(text)
	was := len(b.filling.arena)
	b.filling.add(s, text, mark, at, pos)
	if was < FlushBytes && len(b.filling.arena) >= FlushBytes {
		b.signal()
	}
	return nil
}

// bufferLocked returns an empty buffer, nil if all are in flight.
func (b *Batcher) bufferLocked() *rows {
	if n := len(b.free); n > 0 {
		r := b.free[n-1]
		b.free = b.free[:n-1]
		return r
	}
	if b.made == buffers {
		return nil
	}
	b.made++
	return newRows(b.common, b.paths)
}

func (b *Batcher) signal() {
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

// run appends batches until the Batcher is closed and empty.
func (b *Batcher) run() {
	defer close(b.done)
	timer := time.NewTimer(flushAfter)
	defer timer.Stop()
	for {
		r, wait, end := b.next()
		switch {
		case r != nil:
			b.store(r)
		case end:
			return
		default:
			timer.Reset(wait)
			select {
			case <-b.wake:
			case <-timer.C:
			}
		}
	}
}

// next takes the batch to append, or says how long to wait for one, or that none will come.
func (b *Batcher) next() (r *rows, wait time.Duration, end bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.full) > 0 {
		r = b.full[0]
		b.full = append(b.full[:0], b.full[1:]...)
		return r, 0, false
	}
	if b.filling == nil || b.filling.n == 0 {
		return nil, time.Hour, b.closing
	}
	age := time.Since(b.since)
	if !b.hurry && !b.closing && age < flushAfter && len(b.filling.arena) < FlushBytes {
		return nil, flushAfter - age, false
	}
	r, b.filling = b.filling, nil
	return r, 0, false
}

// store appends a batch and tells the sources.
func (b *Batcher) store(r *rows) {
	lost, err := b.put(r)
	b.mu.Lock()
	defer b.mu.Unlock()
	if err != nil {
		b.loseLocked(r, lost, err)
	}
	for i := range r.uses {
		u := &r.uses[i]
		u.source.pending -= u.bytes
		b.inFlight -= u.bytes
		if err == nil {
			u.source.durable = max(u.source.durable, u.pos)
		}
	}
	r.reset()
	b.free = append(b.free, r)
	b.change.Broadcast()
}

// put appends a batch and counts it, waiting as long as it takes. A batch that is larger than the journal's
// entries may be goes in two halves; a single record that is, is dropped and counted. lost is the number of
// records that an error is about.
func (b *Batcher) put(r *rows) (lost int, err error) {
	ctx, stop := context.WithTimeout(b.append, waitingAfter)
	_, err = b.intake.Append(ctx, r.finish(), Key{})
	stop()
	if errors.Is(err, context.DeadlineExceeded) && b.append.Err() == nil { // say that we wait, and go on waiting
		if b.count.state.CompareAndSwap(Running, Waiting) {
			b.log("input %s: waiting: %v", b.common.Name, err)
		}
		_, err = b.intake.Append(b.append, r.finish(), Key{})
	}
	switch {
	case errors.Is(err, journal.ErrTooLarge) && r.n > 1:
		first, second := newRows(b.common, b.paths), newRows(b.common, b.paths)
		r.halve(first, second)
		if lost, err := b.put(first); err != nil {
			return lost + second.n, err
		}
		return b.put(second)
	case errors.Is(err, journal.ErrTooLarge):
		b.count.Drop(DropJournal, 1)
		b.count.Fail(err)
		b.log("input %s: a record of %d bytes is lost: %v", b.common.Name, len(r.arena), err)
		return 0, nil
	case err != nil:
		return r.n, err
	}
	if b.count.state.CompareAndSwap(Waiting, Running) {
		b.log("input %s: goes on", b.common.Name)
	}
	b.count.durable(r)
	return 0, nil
}

// loseLocked counts n records of a batch that will never be durable. Its sources stop, so that a file is read again
// from where it was durable and a connection is not silently robbed of its middle.
func (b *Batcher) loseLocked(r *rows, n int, err error) {
	reason := DropJournal
	if b.append.Err() != nil || errors.Is(err, journal.ErrClosed) {
		reason = DropShutdown
		b.lost = err
	}
	if b.paths { // files can be read again
		b.log("input %s: %d records are not durable and will be read again: %v", b.common.Name, n, err)
	} else {
		b.count.Drop(reason, int64(n))
		b.count.Fail(err)
		b.log("input %s: %d records are lost: %v", b.common.Name, n, err)
	}
	for _, u := range r.uses {
		u.source.err = err
	}
}

// Durable is the highest position of the source up to which all records are durable. It is an error if
// records behind it were lost.
func (b *Batcher) Durable(s *Source) (int64, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return s.durable, s.err
}

// Wait makes all records of s durable that were added before. [Batcher.Abandon] ends the waiting.
func (b *Batcher) Wait(s *Source) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	for s.pending > 0 && s.err == nil {
		if b.lost != nil {
			return ErrClosed
		}
		b.hurry = true
		b.signal()
		b.change.Wait()
	}
	return s.err
}

// InFlight is how many bytes of records are not yet durable.
func (b *Batcher) InFlight() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.inFlight
}

// Abandon makes the feed of s, which may be waiting, return err: its records that are not in a batch yet
// are the caller's again, the others become durable.
func (b *Batcher) Abandon(s *Source, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if s.err == nil {
		s.err = err
	}
	b.change.Broadcast()
}

// Close takes no more records and makes those it has durable. When ctx is done before that, the rest is
// dropped and counted, and the error says why.
func (b *Batcher) Close(ctx context.Context) error {
	b.mu.Lock()
	b.closing = true
	b.change.Broadcast()
	b.mu.Unlock()
	b.signal()
	select {
	case <-b.done:
		b.giveUp()
		return nil
	case <-ctx.Done():
	}
	err := b.intake.why(ctx.Err())
	b.giveUp()
	<-b.done
	return fmt.Errorf("input %s: what was received last is not durable: %w", b.common.Name, err)
}

// Shutdown ends an input whose readers have been told to stop: it waits for them, closes the Batcher and
// waits again for those that it held up. It takes 5 seconds at most if the journal is full.
func (b *Batcher) Shutdown(readers *sync.WaitGroup) error {
	gone := make(chan struct{})
	go func() {
		readers.Wait()
		close(gone)
	}()
	select {
	case <-gone:
	case <-time.After(readersGrace):
	}
	ctx, cancel := context.WithTimeout(context.Background(), journalGrace)
	defer cancel()
	err := b.Close(ctx)
	<-gone
	return err
}
