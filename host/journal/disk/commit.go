package disk

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/logcenter/logcenter/host/durable"
	"github.com/logcenter/logcenter/host/journal"
)

const (
	// One write and sync takes at most so much of what waits: enough to make the sync cheap, little
	// enough that the first ones do not wait long and memory stays bounded.
	batchBytes   = 4 << 20
	batchEntries = 4096

	// Waits between attempts while the disk fails.
	leastBackoff = 50 * time.Millisecond
	mostBackoff  = 2 * time.Second

	probeBytes = 1 << 20
	probeName  = "probe"
)

// request is one body on its way to the disk. The caller waits for done, so body stays as it is.
type request struct {
	body   []byte
	cost   int64 // bytes on disk
	try    bool  // fail instead of waiting
	offset uint64
	err    error
	done   chan struct{}

	// Guarded by Journal.mu.
	writing bool  // taken off the queue
	gone    error // the caller gave up while it was being written
}

func (j *Journal) append(ctx context.Context, body []byte, try bool) (uint64, error) {
	if len(body) > j.o.MaxEntryBytes {
		return 0, fmt.Errorf("%w: %d bytes; journal %s takes at most %d", journal.ErrTooLarge, len(body), j.dir, j.o.MaxEntryBytes)
	}
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	stored := len(body)
	if j.box != nil {
		stored += boxOverhead
	}
	r := &request{body: body, cost: recordLen(headerLen + stored), try: try, done: make(chan struct{})}
	j.mu.Lock()
	if j.closing {
		j.mu.Unlock()
		return 0, journal.ErrClosed
	}
	if try {
		if err := j.refuseLocked(r.cost); err != nil {
			j.mu.Unlock()
			poke(j.wake)
			return 0, err
		}
	}
	j.queue = append(j.queue, r)
	j.queuedBytes += r.cost
	j.mu.Unlock()
	poke(j.wake)

	select {
	case <-r.done:
	case <-ctx.Done():
		j.withdraw(r, ctx.Err())
	}
	return r.offset, r.err
}

// refuseLocked says why an entry cannot be written at once, nil if it can.
func (j *Journal) refuseLocked(cost int64) error {
	if j.failing != nil {
		return fmt.Errorf("%w: %w", journal.ErrFull, j.failing)
	}
	if j.bytes+j.queuedBytes+cost <= j.o.MaxBytes {
		return nil
	}
	j.wantRoom = cost
	return fmt.Errorf("%w: %s", journal.ErrFull, j.fullTextLocked())
}

func (j *Journal) fullTextLocked() string {
	text := fmt.Sprintf("%s holds %d of at most %d bytes", j.dir, j.bytes, j.o.MaxBytes)
	var slowest *group
	for _, g := range j.groups {
		if !g.detached && (slowest == nil || g.committed < slowest.committed) {
			slowest = g
		}
	}
	if slowest == nil {
		return text + " and has no consumer group"
	}
	return fmt.Sprintf("%s; group %q has committed %d of %d entries", text, slowest.name, slowest.committed, j.last)
}

// withdraw ends the wait for r. What is being written at this moment is waited for, so that an error
// always means that the entry is not in the journal.
func (j *Journal) withdraw(r *request, why error) {
	j.mu.Lock()
	select {
	case <-r.done:
		j.mu.Unlock()
		return
	default:
	}
	switch {
	case j.failing != nil:
		why = fmt.Errorf("append to journal: %w (%w)", why, j.failing)
	case j.full:
		why = fmt.Errorf("append to journal: %w (%w: %s)", why, journal.ErrFull, j.fullTextLocked())
		j.wantRoom = r.cost // as full as before, though nobody waits any more
	}
	if r.writing {
		r.gone = why
		j.mu.Unlock()
		<-r.done
		return
	}
	j.queue = slices.DeleteFunc(j.queue, func(q *request) bool { return q == r })
	j.queuedBytes -= r.cost
	r.err = why
	close(r.done)
	j.mu.Unlock()
	poke(j.wake)
}

// commitLoop is the committer: it writes what has gathered while it wrote the last time.
func (j *Journal) commitLoop() {
	defer close(j.committed)
	backoff := leastBackoff
	for {
		j.mu.Lock()
		closing, failing := j.closing, j.failing != nil
		var batch []*request
		var rotate bool
		if closing {
			for _, r := range j.queue {
				r.err = journal.ErrClosed
				close(r.done)
			}
			j.queue, j.queuedBytes = nil, 0
		} else {
			batch = j.takeLocked()
			rotate, j.rotateWanted = j.rotateWanted && len(batch) == 0, false
		}
		j.mu.Unlock()

		var err error
		switch {
		case closing:
			return
		case rotate:
			err = j.rotate()
		case len(batch) > 0:
			err = j.write(batch)
		case failing:
			err = j.probe()
		default:
			select {
			case <-j.wake:
			case <-j.stop:
			}
			continue
		}
		if err == nil {
			backoff = leastBackoff
			continue
		}
		j.failed(batch, err)
		select {
		case <-j.stop:
		case <-j.freed:
		case <-time.After(backoff):
		}
		backoff = min(2*backoff, mostBackoff)
	}
}

// takeLocked takes the next batch off the queue, empty if nothing waits or nothing fits.
func (j *Journal) takeLocked() []*request {
	n, size, want := 0, int64(0), j.wantRoom
	for n < len(j.queue) && n < batchEntries {
		cost := j.queue[n].cost
		if n > 0 && size+cost > batchBytes {
			break
		}
		if j.bytes+size+cost > j.o.MaxBytes {
			want = cost
			break
		}
		size += cost
		n++
	}
	if n == 0 {
		j.full = want > 0 && j.bytes+want > j.o.MaxBytes
		if j.full {
			j.makeRoomLocked()
		} else {
			j.wantRoom = 0
		}
		return nil
	}
	j.full = false
	batch := make([]*request, n)
	copy(batch, j.queue)
	for _, r := range batch {
		r.writing = true
	}
	rest := copy(j.queue, j.queue[n:])
	clear(j.queue[rest:])
	j.queue = j.queue[:rest]
	return batch
}

// write makes a batch durable and visible. On error nothing of it is either.
func (j *Journal) write(batch []*request) error {
	if j.log == nil {
		if err := j.reopen(); err != nil {
			return err
		}
	}
	select {
	case <-j.freed: // of before this attempt
	default:
	}
	j.mu.Lock()
	tail := j.segments[len(j.segments)-1]
	j.mu.Unlock()
	full, tail, err := j.put(batch, tail)
	if err != nil {
		// Whatever reached the files is cut off at once: it takes the space others need, and what a failed
		// sync leaves in memory is not to be trusted.
		j.closeLog()
		return errors.Join(err, j.reopen())
	}
	j.publish(batch, full, tail)
	return nil
}

// put writes a batch to the files and syncs them. It returns the segments that it filled, and the one that the next
// entry goes to.
func (j *Journal) put(batch []*request, tail segment) (full []segment, _ segment, err error) {
	durable := j.last // only this goroutine changes it
	if j.o.NoSync {
		durable = 0
	}
	var head [headerLen]byte
	for i, r := range batch {
		offset := j.last + 1 + uint64(i)
		stored, flags := r.body, byte(0)
		if j.box != nil {
			j.sealed = j.box.appendSealed(j.sealed[:0], r.body, offset)
			stored, flags = j.sealed, flagEncrypted
		}
		putHeader(head[:], stored, j.seed, flags, offset, durable)
		if err := j.log.add(head[:], stored); err != nil {
			return nil, tail, err
		}
		tail.size += recordLen(headerLen + len(stored))
		if tail.size < j.o.SegmentBytes {
			continue
		}
		full = append(full, tail)
		tail = segment{first: offset + 1}
		if err := j.begin(tail); err != nil {
			return nil, tail, err
		}
	}
	if cap(j.sealed) > batchBytes { // do not keep the memory of a rare giant
		j.sealed = nil
	}
	return full, tail, j.log.sync()
}

// begin goes on in a new segment, when the one before is safe.
func (j *Journal) begin(s segment) error {
	if err := j.log.sync(); err != nil {
		return err
	}
	if err := createFile(j.segmentPath(s.first)); err != nil {
		return err
	}
	if !j.o.NoSync {
		if err := durable.Sync(j.dir); err != nil {
			return err
		}
	}
	next, err := openAppender(j.segmentPath(s.first), j.o.NoSync)
	if err != nil {
		return err
	}
	old := j.log
	j.log = next
	return old.close()
}

func (j *Journal) publish(batch []*request, full []segment, tail segment) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.bytes -= j.segments[len(j.segments)-1].size
	j.segments = append(append(j.segments[:len(j.segments)-1], full...), tail)
	for _, s := range full {
		j.bytes += s.size
	}
	j.bytes += tail.size
	for _, r := range batch {
		j.last++
		j.ring.push(j.last, r.body)
		r.offset = j.last
		j.queuedBytes -= r.cost
		close(r.done)
	}
	j.appended = time.Now()
	j.workedLocked()
	for _, g := range j.groups {
		j.detachIfFarLocked(g)
		if g.consumer != nil {
			poke(g.consumer.wake)
		}
	}
}

func (j *Journal) workedLocked() {
	if j.failing == nil {
		return
	}
	j.o.Logf("journal %s: appending works again after %s", j.dir, time.Since(j.failingSince).Round(time.Millisecond))
	j.failing = nil
}

// failed puts a batch back to the front of the queue, but for those who do not wait.
func (j *Journal) failed(batch []*request, err error) {
	if errors.Is(err, syscall.ENOSPC) {
		err = fmt.Errorf("the disk is full: %w", err)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.failing == nil {
		j.failingSince = time.Now()
		j.o.Logf("journal %s: appending fails, nothing is acknowledged until it works again: %v", j.dir, err)
	}
	j.failing = err
	again := make([]*request, 0, len(batch)+len(j.queue))
	for _, r := range batch {
		r.writing = false
		switch {
		case r.gone != nil:
			r.err = r.gone
		case r.try:
			r.err = fmt.Errorf("%w: %w", journal.ErrFull, err)
		default:
			again = append(again, r)
			continue
		}
		j.queuedBytes -= r.cost
		close(r.done)
	}
	j.queue = append(again, j.queue...)
}

func (j *Journal) closeLog() {
	_ = j.log.close() // whatever it says, the file is cut to what is known to be durable
	j.log = nil
}

// reopen cuts everything that is not durable off the files and opens the last one again.
func (j *Journal) reopen() error {
	j.mu.Lock()
	tail := j.segments[len(j.segments)-1]
	j.mu.Unlock()
	found, err := listSegments(j.dir)
	if err != nil {
		return err
	}
	size := int64(-1)
	for _, s := range found {
		switch {
		case s.first == tail.first:
			size = s.size
		case s.first > tail.first:
			if err := os.Remove(j.segmentPath(s.first)); err != nil {
				return err
			}
		}
	}
	switch path := j.segmentPath(tail.first); {
	case size < tail.size && tail.size > 0:
		return j.damage(tail.first, max(size, 0), j.last, fmt.Errorf("the file had %d bytes and was cut or deleted by someone else", tail.size))
	case size < 0:
		err = createFile(path)
	case size > tail.size:
		err = cutFile(path, tail.size)
	}
	if err == nil {
		err = durable.Sync(j.dir) // a power cut must not bring back a segment that was removed
	}
	if err != nil {
		return err
	}
	return j.openLog()
}

// rotate begins a new segment though the last one is not full, so that it can be deleted.
func (j *Journal) rotate() error {
	if j.log == nil {
		if err := j.reopen(); err != nil {
			return err
		}
	}
	j.closeLog()
	next := j.last + 1
	err := createFile(j.segmentPath(next))
	if err == nil {
		err = durable.Sync(j.dir)
	}
	if err != nil {
		return errors.Join(err, j.reopen())
	}
	j.mu.Lock()
	j.segments = append(j.segments, segment{first: next})
	j.mu.Unlock()
	poke(j.kick)
	return j.openLog()
}

// probe finds out whether the disk works again when nobody waits with an entry to try it with.
func (j *Journal) probe() error {
	if j.log == nil {
		if err := j.reopen(); err != nil {
			return err
		}
	}
	path := filepath.Join(j.dir, probeName)
	err := durable.Write(path, make([]byte, probeBytes))
	if err = errors.Join(err, os.Remove(path)); err != nil {
		return err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.workedLocked()
	return nil
}

func createFile(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}
