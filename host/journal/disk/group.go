package disk

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/logcenter/logcenter/host/journal"
)

// group is a consumer group. All fields are guarded by Journal.mu.
type group struct {
	name        string
	committed   uint64
	saved       uint64 // committed as state.json has it
	detachAfter int64
	detached    bool
	lastRead    time.Time
	consumer    *consumer // nil = nobody reads
}

// endLocked closes the group's consumer and returns it for release.
func (g *group) endLocked() *consumer {
	c := g.consumer
	if c != nil {
		g.consumer = nil
		poke(c.wake)
	}
	return c
}

// Consumer implements [journal.Journal]. A name has 1 to 255 bytes of UTF-8.
func (j *Journal) Consumer(name string, o journal.GroupOptions) (journal.Consumer, error) {
	if name == "" || len(name) > 255 || !utf8.ValidString(name) {
		return nil, fmt.Errorf("consumer group %q: a name has 1 to 255 bytes of UTF-8", name)
	}
	if o.DetachAfterBytes < 0 {
		return nil, fmt.Errorf("consumer group %q: DetachAfterBytes is %d; it must not be negative", name, o.DetachAfterBytes)
	}
	j.mu.Lock()
	if j.closing {
		j.mu.Unlock()
		return nil, journal.ErrClosed
	}
	g := j.groups[name]
	if g == nil {
		oldest := j.segments[0].first - 1
		g = &group{name: name, committed: oldest, saved: oldest}
		j.groups[name] = g
		j.dirty = true
	}
	if g.detachAfter != o.DetachAfterBytes {
		g.detachAfter = o.DetachAfterBytes
		j.dirty = true
	}
	before := g.endLocked()
	c := &consumer{j: j, g: g, next: g.committed + 1, wake: make(chan struct{}, 1), cursor: cursor{j: j}}
	g.consumer = c
	j.mu.Unlock()
	poke(j.wake) // a group that became detachable may make room
	if before != nil {
		before.release()
	}
	return c, nil
}

// RemoveGroup implements [journal.Journal]. Removing a group that is not there is no error.
func (j *Journal) RemoveGroup(name string) error {
	j.mu.Lock()
	if j.closing {
		j.mu.Unlock()
		return journal.ErrClosed
	}
	g := j.groups[name]
	if g == nil {
		j.mu.Unlock()
		return nil
	}
	c := g.endLocked()
	delete(j.groups, name)
	j.dirty = true
	j.mu.Unlock()
	if c != nil {
		c.release()
	}
	err := j.saveState()
	poke(j.kick)
	poke(j.wake)
	return err
}

// holdLocked is the oldest offset that some group still needs: last+1 if none does, the first one held
// if there are no groups at all.
func (j *Journal) holdLocked(need func(*group) (committed uint64, counts bool)) uint64 {
	if len(j.groups) == 0 {
		return j.segments[0].first
	}
	hold := j.last + 1
	for _, g := range j.groups {
		if committed, counts := need(g); counts {
			hold = min(hold, committed+1)
		}
	}
	return hold
}

func needNow(g *group) (uint64, bool)      { return g.committed, !g.detached }
func needSaved(g *group) (uint64, bool)    { return g.saved, !g.detached }
func needRequired(g *group) (uint64, bool) { return g.committed, !g.detached && g.detachAfter == 0 }

// makeRoomLocked does what can be done about a full journal: detachable groups must not stop the others,
// and what all have committed can be deleted before its time.
func (j *Journal) makeRoomLocked() {
	end := j.placeLocked(0).end // of the oldest segment
	if j.holdLocked(needRequired) >= end {
		for _, g := range j.groups {
			if g.detachAfter > 0 && !g.detached && g.committed+1 < end {
				j.detachLocked(g, "the journal is full")
			}
		}
	}
	switch {
	case j.trimmableLocked():
		poke(j.kick)
	case len(j.segments) == 1 && j.holdLocked(needNow) >= end:
		j.rotateWanted = true
	}
}

// trimmableLocked says whether no group needs the oldest segment any more.
func (j *Journal) trimmableLocked() bool {
	return len(j.segments) > 1 && j.segments[1].first <= j.holdLocked(needNow)
}

func (j *Journal) detachIfFarLocked(g *group) {
	if g.detachAfter == 0 || g.detached {
		return
	}
	if lag := j.lagBytesLocked(max(g.committed, j.segments[0].first-1)); lag > g.detachAfter {
		j.detachLocked(g, fmt.Sprintf("it is %d bytes behind and may be %d", lag, g.detachAfter))
	}
}

func (j *Journal) detachLocked(g *group, why string) {
	g.detached = true
	j.dirty = true
	j.o.Logf("journal %s: consumer group %q is detached at entry %d of %d: %s", j.dir, g.name, g.committed, j.last, why)
	if g.consumer != nil {
		poke(g.consumer.wake)
	}
}

// consumer implements [journal.Consumer].
type consumer struct {
	j    *Journal
	g    *group
	wake chan struct{}
	next uint64 // guarded by Journal.mu

	reading sync.Mutex // held while cursor is used; never together with Journal.mu
	cursor  cursor
}

// Next implements [journal.Consumer].
func (c *consumer) Next(ctx context.Context) (journal.Entry, error) {
	for {
		if err := ctx.Err(); err != nil {
			return journal.Entry{}, err
		}
		e, at, err := c.look()
		if err != nil || e.Body != nil {
			return e, err
		}
		if e.Offset == 0 {
			select {
			case <-ctx.Done():
			case <-c.wake:
			}
			continue
		}
		e.Body, err = c.readDisk(e.Offset, at)
		if errors.Is(err, os.ErrNotExist) {
			if c.j.trimmed(e.Offset) {
				continue // deleted between the look and the read: the next look says so
			}
			err = c.j.damage(at.first, 0, e.Offset, err)
		}
		if err != nil {
			return journal.Entry{}, err
		}
		if c.took(e.Offset) {
			return e, nil
		}
	}
}

// look returns the next entry if it is in memory, its offset and place if it is on disk, and nothing if
// it has not been appended yet.
func (c *consumer) look() (e journal.Entry, at place, err error) {
	j := c.j
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := c.aliveLocked(); err != nil {
		return e, at, err
	}
	if c.g.detached {
		return e, at, fmt.Errorf("%w: group %q of %s, behind entry %d; the first one left is %d",
			journal.ErrDetached, c.g.name, j.dir, c.g.committed, j.segments[0].first)
	}
	if c.next > j.last {
		return e, at, nil
	}
	if err := j.heldLocked(c.next); err != nil {
		return e, at, err
	}
	e.Offset = c.next
	if body, ok := j.ring.get(c.next); ok {
		e.Body = body
		c.tookLocked()
		return e, at, nil
	}
	return e, j.locateLocked(c.next), nil
}

func (c *consumer) readDisk(offset uint64, at place) ([]byte, error) {
	c.reading.Lock()
	defer c.reading.Unlock()
	return c.cursor.read(offset, at)
}

// took moves on behind an entry read from disk; false if the consumer was moved or closed meanwhile.
func (c *consumer) took(offset uint64) bool {
	c.j.mu.Lock()
	defer c.j.mu.Unlock()
	if c.aliveLocked() != nil || c.next != offset {
		return false
	}
	c.tookLocked()
	return true
}

func (c *consumer) tookLocked() {
	j := c.j
	c.next++
	c.g.lastRead = time.Now()
	oldest := c.next
	for _, g := range j.groups {
		if g.consumer != nil {
			oldest = min(oldest, g.consumer.next)
		}
	}
	j.ring.dropBefore(oldest)
}

func (c *consumer) aliveLocked() error {
	if c.g.consumer != c {
		return fmt.Errorf("consumer of group %q: %w", c.g.name, journal.ErrClosed)
	}
	return nil
}

// Seek implements [journal.Consumer].
func (c *consumer) Seek(offset uint64) error {
	j := c.j
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := c.aliveLocked(); err != nil {
		return err
	}
	if offset == 0 {
		offset = j.segments[0].first
	}
	if offset != j.last+1 {
		if err := j.heldLocked(offset); err != nil {
			return err
		}
	}
	c.next = offset
	if c.g.detached || c.g.committed+1 < j.segments[0].first {
		// What was before is lost to this group; from here on it counts again.
		c.g.detached = false
		c.g.committed = max(c.g.committed, offset-1)
		j.dirty = true
	}
	return nil
}

// Commit implements [journal.Consumer]. Committing less than before changes nothing.
func (c *consumer) Commit(offset uint64) error {
	j := c.j
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := c.aliveLocked(); err != nil {
		return err
	}
	if offset > j.last {
		return fmt.Errorf("group %q commits entry %d of %s; the newest is %d", c.g.name, offset, j.dir, j.last)
	}
	if offset <= c.g.committed {
		return nil
	}
	c.g.committed = offset
	j.dirty = true
	if j.full {
		poke(j.wake)
	}
	if scarce := j.failing != nil || j.bytes > j.o.MaxBytes/2; scarce && j.trimmableLocked() {
		poke(j.kick)
	}
	return nil
}

// Committed implements [journal.Consumer].
func (c *consumer) Committed() uint64 {
	c.j.mu.Lock()
	defer c.j.mu.Unlock()
	return c.g.committed
}

// Close implements [journal.Consumer]. The group stays, with what it has committed.
func (c *consumer) Close() error {
	c.j.mu.Lock()
	err := c.aliveLocked()
	if err == nil {
		c.g.endLocked()
	}
	c.j.mu.Unlock()
	c.release()
	return err
}

// release closes the file that is read from.
func (c *consumer) release() {
	c.reading.Lock()
	defer c.reading.Unlock()
	c.cursor.close()
}
