// Package disk keeps a journal in one directory of the local disk.
//
// The one idea: everything that makes an acknowledgement trustworthy is in the entries themselves. Each entry carries its offset, the offset known to be
// synced when it was written, and a checksum, so that after a crash the last file alone tells what is
// an unfinished write (cut off) and what is damage to acknowledged data (an error that names the place).
//
//	meta.json   the journal's identity; written once
//	state.json  what the consumer groups have committed; replaced at most once a second
//	lock        held while open, with the owner's process id
//	00000000000000000001, …   segments, named by the offset of their first entry
//
// Appending is done here as well, a few dozen lines (appender.go): entries are megabytes, and what a library copies
// on the way costs more than all else that a journal does. Weighed against it: tidwall/wal (MIT), which this package
// was built on first and whose format of records it keeps, copies an entry three times, keeps its last segment in
// memory and costs three times as much (benchmark in bench_test.go); hashicorp/raft-wal brings raft, bbolt and etcd along, does
// not check what it reads, and takes a damaged batch for the end of the log; Prometheus' tsdb/wlog and Pebble's
// record log write in 32 KiB pages, do not address single entries and pull in their databases; etcd's wal knows raft
// entries only. None of them keeps consumer groups, bounds, encryption or damage apart from torn writes.
package disk

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"sync"
	"time"

	"github.com/logcenter/logcenter/host/durable"
	"github.com/logcenter/logcenter/host/journal"
)

// What a zero in Options means, and the limits of the entry format.
const (
	defaultMaxBytes      = 8 << 30
	defaultMaxEntryBytes = 64 << 20
	defaultSegmentBytes  = 2 << 20
	defaultMemoryBytes   = 32 << 20

	mostEntryBytes   = 1 << 30
	mostSegmentBytes = 1 << 30
	leastMaxBytes    = 64 << 10
)

var (
	// ErrDamaged means that acknowledged entries cannot be read back. The error's text names file, byte
	// and entry, and what to do.
	ErrDamaged = errors.New("journal is damaged")
	// ErrInUse means that another process has the directory open.
	ErrInUse = errors.New("journal directory is in use")
	// ErrKey means that the key file is unusable, missing, or not the one the journal was written with.
	ErrKey = errors.New("journal key")
)

// Options of Open. The zero value is a good journal without encryption.
type Options struct {
	// MaxBytes bounds what is held on disk. 0 = 8 GiB; at least 64 KiB.
	MaxBytes int64
	// MaxEntryBytes bounds one body. 0 = 64 MiB, or a quarter of MaxBytes where that is less; at most
	// half of MaxBytes and 1 GiB.
	MaxEntryBytes int
	// SegmentBytes is the size at which a file is closed and the next one begun, and so the grain in
	// which space is given back. 0 = 2 MiB; lowered to a quarter of MaxBytes; at most 1 GiB.
	SegmentBytes int64
	// MemoryBytes bounds the newest bodies that are kept in memory until every reader has them. 0 = 32 MiB.
	MemoryBytes int64
	// KeyFile names a file with 32 bytes, raw, in hexadecimal or in base64: bodies are then encrypted
	// with AES-256-GCM. Empty = not encrypted. It may be set later on a journal begun without; what was
	// written before stays as it is until it is trimmed. It cannot be changed for another key.
	KeyFile string
	// NoSync leaves it to the operating system when bytes reach the disk: a killed process loses
	// nothing, a power cut loses the newest acknowledged entries, and their offsets are given again.
	NoSync bool
	// Logf is told what an admin should know: repairs, failing and recovering disks, detached groups.
	// nil = nobody. It is called from several goroutines and must not call the journal.
	Logf func(format string, args ...any)
}

func (o Options) filled() (Options, error) {
	if o.MaxBytes == 0 {
		o.MaxBytes = defaultMaxBytes
	}
	if o.MaxBytes < leastMaxBytes {
		return o, fmt.Errorf("MaxBytes is %d; it must be at least %d", o.MaxBytes, leastMaxBytes)
	}
	if o.MaxEntryBytes == 0 {
		o.MaxEntryBytes = int(min(defaultMaxEntryBytes, o.MaxBytes/4))
	}
	if most := min(mostEntryBytes, o.MaxBytes/2); o.MaxEntryBytes < 1 || int64(o.MaxEntryBytes) > most {
		return o, fmt.Errorf("MaxEntryBytes is %d; it must be from 1 to %d (half of MaxBytes, at most 1 GiB)", o.MaxEntryBytes, most)
	}
	if o.SegmentBytes == 0 {
		o.SegmentBytes = defaultSegmentBytes
	}
	if o.SegmentBytes < 1 || o.SegmentBytes > mostSegmentBytes {
		return o, fmt.Errorf("SegmentBytes is %d; it must be from 1 to %d", o.SegmentBytes, mostSegmentBytes)
	}
	o.SegmentBytes = min(o.SegmentBytes, o.MaxBytes/4)
	if o.MemoryBytes == 0 {
		o.MemoryBytes = defaultMemoryBytes
	}
	if o.MemoryBytes < 0 {
		return o, fmt.Errorf("MemoryBytes is %d; it must not be negative", o.MemoryBytes)
	}
	if o.Logf == nil {
		o.Logf = func(string, ...any) {}
	}
	return o, nil
}

// Journal implements [journal.Journal] on one directory.
//
// Two goroutines work for it: the committer alone appends to the files and moves last; the keeper alone
// writes state.json on its own account and deletes segments. Everything else happens in the callers.
type Journal struct {
	dir  string
	o    Options
	meta meta
	seed uint32 // of checksums; ties entries to this journal
	box  *box   // nil = not encrypted
	lock *os.File

	// The committer's.
	log    *appender // nil while the disk fails
	sealed []byte    // one encrypted entry

	wake      chan struct{} // to the committer: look again
	kick      chan struct{} // to the keeper: do not wait for the next second
	freed     chan struct{} // to the committer while the disk fails: a segment was deleted
	stop      chan struct{} // closed by Close
	committed chan struct{} // closed when the committer has returned
	kept      chan struct{} // closed when the keeper has returned

	stateMu sync.Mutex // serializes writers of state.json; taken before mu

	index index // positions of entries in the segment read last

	mu           sync.Mutex
	closing      bool
	queue        []*request // waiting to be written, oldest first
	queuedBytes  int64      // of the queue and of what is being written
	segments     []segment  // never empty; the last one is written to
	last         uint64     // newest entry that is durable and so visible
	bytes        int64      // of all segments
	ring         ring
	groups       map[string]*group
	dirty        bool  // state.json is behind
	full         bool  // somebody waits for space
	wantRoom     int64 // an entry of so many bytes was refused, or waited until its time was over
	rotateWanted bool
	pins         int       // nothing is trimmed while there are any
	appended     time.Time // of the newest entry, for noticing idleness
	failing      error     // why appends fail at the moment
	failingSince time.Time
	stateErr     error // why state.json cannot be written at the moment
	trimErr      error // why a segment cannot be deleted at the moment
}

var _ journal.Journal = (*Journal)(nil)

// Open opens the journal in dir, creating both if need be. It reads the last segment only, cuts an
// unfinished write off its end, and fails with ErrDamaged rather than go on without acknowledged entries.
func Open(dir string, o Options) (*Journal, error) {
	o, err := o.filled()
	if err != nil {
		return nil, fmt.Errorf("journal %s: %w", dir, err)
	}
	dir, err = filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("journal %s: %w", dir, err)
	}
	if err := makeDir(dir); err != nil {
		return nil, fmt.Errorf("journal %s: %w", dir, err)
	}
	lock, err := lockDir(dir)
	if err != nil {
		return nil, err
	}
	j := &Journal{
		dir: dir, o: o, lock: lock,
		wake: make(chan struct{}, 1), kick: make(chan struct{}, 1), freed: make(chan struct{}, 1), stop: make(chan struct{}),
		committed: make(chan struct{}), kept: make(chan struct{}),
		groups: map[string]*group{}, appended: time.Now(),
	}
	if err := j.load(); err != nil {
		return nil, errors.Join(fmt.Errorf("journal %s: %w", dir, err), lock.Close())
	}
	go j.commitLoop()
	go j.keepLoop()
	return j, nil
}

// load fills j from the directory.
func (j *Journal) load() error {
	if err := os.Remove(filepath.Join(j.dir, probeName)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	key, err := readKey(j.o.KeyFile, j.o.Logf)
	if err != nil {
		return err
	}
	if j.meta, err = loadMeta(j.dir, key); err != nil {
		return err
	}
	j.seed = seedOf(j.meta.ID)
	if key != nil {
		if j.box, err = newBox(key, j.meta.ID); err != nil {
			return err
		}
	}
	s, err := j.readState()
	if err != nil {
		return err
	}
	if err := j.loadSegments(s.Last); err != nil {
		return err
	}
	if err := j.takeState(s); err != nil {
		return err
	}
	j.ring.limit = j.o.MemoryBytes
	if err := j.openLog(); err != nil {
		return err
	}
	return durable.Sync(j.dir)
}

// ID implements [journal.Journal].
func (j *Journal) ID() string { return j.meta.ID }

// Append implements [journal.Journal]. While the disk fails it tries again and again until ctx is done.
// When it returns an error, the entry is not in the journal.
func (j *Journal) Append(ctx context.Context, body []byte) (uint64, error) {
	return j.append(ctx, body, false)
}

// TryAppend implements [journal.Journal]. A failing disk is ErrFull too, with the disk's error behind it.
func (j *Journal) TryAppend(body []byte) (uint64, error) {
	return j.append(context.Background(), body, true)
}

// Last implements [journal.Journal].
func (j *Journal) Last() uint64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.last
}

// Read implements [journal.Journal].
func (j *Journal) Read(offset uint64) (journal.Entry, error) {
	for {
		j.mu.Lock()
		if j.closing {
			j.mu.Unlock()
			return journal.Entry{}, journal.ErrClosed
		}
		if err := j.heldLocked(offset); err != nil {
			j.mu.Unlock()
			return journal.Entry{}, err
		}
		body, ok := j.ring.get(offset)
		at := j.locateLocked(offset)
		j.mu.Unlock()
		if ok {
			return journal.Entry{Offset: offset, Body: append([]byte(nil), body...)}, nil
		}
		c := cursor{j: j}
		body, err := c.read(offset, at)
		c.close()
		if errors.Is(err, os.ErrNotExist) {
			if j.trimmed(offset) {
				continue // deleted between the look and the read: the next look says so
			}
			err = j.damage(at.first, 0, offset, err)
		}
		return journal.Entry{Offset: offset, Body: body}, err
	}
}

// heldLocked says why the entry at offset cannot be read, nil if it can.
func (j *Journal) heldLocked(offset uint64) error {
	if first := j.segments[0].first; offset < first {
		return fmt.Errorf("%w: entry %d of %s; the first one left is %d", journal.ErrTrimmed, offset, j.dir, first)
	}
	if offset > j.last {
		return fmt.Errorf("journal %s has no entry %d yet; the newest is %d", j.dir, offset, j.last)
	}
	return nil
}

// Stats implements [journal.Journal]. LagBytes is exact to the segment and interpolated within it.
func (j *Journal) Stats() journal.Stats {
	j.mu.Lock()
	defer j.mu.Unlock()
	s := journal.Stats{
		First: j.segments[0].first, Last: j.last, Bytes: j.bytes, MaxBytes: j.o.MaxBytes,
		Full: j.full, Err: j.errTextLocked(), Groups: make([]journal.GroupStats, 0, len(j.groups)),
	}
	for _, g := range j.groups {
		done := max(g.committed, s.First-1)
		read := g.committed
		if g.consumer != nil {
			read = g.consumer.next - 1
		}
		s.Groups = append(s.Groups, journal.GroupStats{
			Name: g.name, Committed: g.committed, Lag: j.last - done, LagBytes: j.lagBytesLocked(done),
			Required: g.detachAfter == 0, Detached: g.detached, LastRead: g.lastRead, Read: read,
		})
	}
	sort.Slice(s.Groups, func(a, b int) bool { return s.Groups[a].Name < s.Groups[b].Name })
	return s
}

func (j *Journal) errTextLocked() string {
	switch {
	case j.failing != nil:
		return fmt.Sprintf("appending to %s fails since %s: %v; trying again until it works",
			j.dir, j.failingSince.UTC().Format(time.RFC3339), j.failing)
	case j.stateErr != nil:
		return fmt.Sprintf("the commits of consumer groups cannot be saved: %v; trying again every second", j.stateErr)
	case j.trimErr != nil:
		return fmt.Sprintf("old entries cannot be deleted: %v; trying again every second", j.trimErr)
	}
	return ""
}

// Close implements [journal.Journal]. Appends that wait return ErrClosed.
func (j *Journal) Close() error {
	j.mu.Lock()
	if j.closing {
		j.mu.Unlock()
		return journal.ErrClosed
	}
	j.closing = true
	ended := make([]*consumer, 0, len(j.groups))
	for _, g := range j.groups {
		if c := g.endLocked(); c != nil {
			ended = append(ended, c)
		}
	}
	j.mu.Unlock()
	for _, c := range ended {
		c.release()
	}
	close(j.stop)
	<-j.committed
	<-j.kept
	err := j.saveState()
	if j.log != nil {
		if e := j.log.close(); e != nil {
			err = errors.Join(err, fmt.Errorf("journal %s: %w", j.dir, e))
		}
	}
	return errors.Join(err, j.lock.Close())
}

// poke makes the goroutine behind c look again, now or after what it is doing.
func poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
