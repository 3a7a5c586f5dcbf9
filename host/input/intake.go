package input

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/logcenter/logcenter/host/journal"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/wire"
)

// What a zero in IntakeOptions means.
const (
	DefaultKeyWindow = 24 * time.Hour
	DefaultMaxKeys   = 1_000_000
)

// saveEvery bounds how often the key log is synced.
const saveEvery = 250 * time.Millisecond

// ErrUnavailable means that the raw journal cannot write at the moment, e.g. because the disk is full; the
// error's text has the journal's. Trying again later makes sense.
var ErrUnavailable = errors.New("the raw journal cannot write")

// IntakeOptions of NewIntake. The zero value is what hosts use.
type IntakeOptions struct {
	// KeyWindow is how long an idempotency key is remembered. 0 = 24 h; whole seconds.
	KeyWindow time.Duration
	// MaxKeys bounds how many are: beyond, the oldest is forgotten and counted. 0 = 1,000,000, about 80 MB.
	MaxKeys int
	// Logf is told what an admin should know. nil = nobody.
	Logf func(format string, args ...any)
}

// Intake is the one door to the raw journal. Safe for concurrent use.
//
// Keys of entries that are still in the journal are found there when the Intake is opened; those of
// entries that may be trimmed lie in the key log, which [Intake.Commit] writes before it lets them go.
type Intake struct {
	j     journal.Journal
	o     IntakeOptions
	clock func() time.Time

	entries, bytes, duplicates, logErrors atomic.Int64

	logMu sync.Mutex // guards log; taken before mu
	log   *keyLog

	mu      sync.Mutex
	keys    *keySet
	unsaved []uint64 // sequence numbers of keys that are not in the key log
	flights map[Key]*flight
	owed    map[journal.Consumer]uint64 // commits that wait for flights or for the timer
	timer   *time.Timer                 // that settles what is owed; nil when not set
	savedAt time.Time                   // when keys were last saved
	closed  bool
}

// flight is an append with a key that has not returned.
type flight struct {
	from uint64        // the entry will have a higher offset
	done chan struct{} // closed when it has returned
}

// Result says what became of a batch.
type Result struct {
	// Offset of the batch in the raw journal; of the first one if it is a duplicate.
	Offset uint64
	// Duplicate says that a batch with this key was stored before, and this one was not.
	Duplicate bool
}

// NewIntake opens the door to j. dir holds the key log; it is created if need be. Entries of j that the
// key log does not cover, usually what the last process left unparsed, are read for their keys.
func NewIntake(j journal.Journal, dir string, o IntakeOptions) (*Intake, error) {
	if o.KeyWindow == 0 {
		o.KeyWindow = DefaultKeyWindow
	}
	if o.MaxKeys == 0 {
		o.MaxKeys = DefaultMaxKeys
	}
	if o.KeyWindow < time.Second || o.MaxKeys < 1 {
		return nil, fmt.Errorf("intake: key window %s and %d keys: want at least 1 s and 1", o.KeyWindow, o.MaxKeys)
	}
	in := &Intake{
		j: j, o: o, clock: time.Now,
		keys: newKeySet(o.KeyWindow, o.MaxKeys), flights: map[Key]*flight{}, owed: map[journal.Consumer]uint64{},
	}
	if err := in.load(dir); err != nil {
		return nil, fmt.Errorf("intake: %w", err)
	}
	return in, nil
}

// load fills the key set from the key log and the journal.
func (in *Intake) load(dir string) error {
	log, err := openKeyLog(dir, in.j.ID(), func(e seen) { in.keys.add(e) })
	if err != nil {
		return err
	}
	in.log = log
	if log.skipped > 0 {
		in.logf("key log %s: %d damaged records are ignored; retries of those requests would be stored again", log.path, log.skipped)
	}
	s := in.j.Stats()
	if log.covered > s.Last { // not the journal that this log was written for, whatever its id says
		log.covered = 0
	}
	for n := max(s.First, log.covered+1); n <= s.Last; n++ {
		e, err := in.j.Read(n)
		if errors.Is(err, journal.ErrTrimmed) {
			continue
		}
		if err != nil {
			return errors.Join(fmt.Errorf("reading keys from the raw journal: %w", err), log.close())
		}
		if k, at, ok := entryKey(e.Body); ok {
			in.remember(seen{k, n, at})
		}
	}
	in.keys.expire(in.now())
	return nil
}

// entryKey is the key of a journal entry and when it was received, if it has one.
func entryKey(body []byte) (k Key, at uint32, ok bool) {
	var b wire.Batch
	if err := b.UnmarshalVTUnsafe(body); err != nil || b.IdempotencyKey == "" {
		return k, 0, false // what cannot be read is the pipeline's to report
	}
	if k, ok = parseKey(b.IdempotencyKey); !ok {
		return k, 0, false
	}
	at = uint32(time.Now().Unix())
	for _, c := range b.Columns {
		switch {
		case c.Name == ecs.LogcenterRedrivenFrom.Name(): // the record came days before its key
			return k, uint32(time.Now().Unix()), true
		case c.Name == ecs.EventIngested.Name() && len(c.Values) >= 8:
			at = uint32(c.Nanos(0) / int64(time.Second))
		}
	}
	return k, at, true
}

// remember adds a key that is not in the key log. mu is held.
func (in *Intake) remember(e seen) {
	if len(in.unsaved) > 2*in.o.MaxKeys { // nobody commits, and most of these are forgotten
		in.unsaved = slices.DeleteFunc(in.unsaved, func(n uint64) bool { return n < in.keys.head })
	}
	in.unsaved = append(in.unsaved, in.keys.add(e))
}

func (in *Intake) now() uint32 { return uint32(in.clock().Unix()) }

func (in *Intake) logf(format string, args ...any) {
	if in.o.Logf != nil {
		in.o.Logf(format, args...)
	}
}

// Append makes a batch durable. It waits while the journal is full, until ctx is done: the error then wraps
// [journal.ErrFull] or [ErrUnavailable], and the batch is not stored. A batch with a key that was stored
// before is not stored again; one whose key is just being stored waits for that. Append names b's columns
// for other processes; b is the caller's again when it returns.
func (in *Intake) Append(ctx context.Context, b *wire.Batch, key Key) (Result, error) {
	if key.IsZero() {
		offset, err := in.store(ctx, b, "")
		return Result{Offset: offset}, err
	}
	for {
		in.mu.Lock()
		if e, ok := in.keys.find(key, in.now()); ok {
			in.mu.Unlock()
			in.duplicates.Add(1)
			return Result{Offset: e.offset, Duplicate: true}, nil
		}
		first, busy := in.flights[key]
		if !busy {
			f := &flight{from: in.j.Last(), done: make(chan struct{})}
			in.flights[key] = f
			in.mu.Unlock()
			offset, err := in.store(ctx, b, key.String())
			in.land(key, f, offset, err)
			return Result{Offset: offset}, err
		}
		in.mu.Unlock()
		select {
		case <-first.done:
		case <-ctx.Done():
			return Result{}, in.why(ctx.Err())
		}
	}
}

// Stored says whether a batch with this key, as [Key.String] writes it, is durable; as far back as keys are remembered.
// known is false for what is no key.
func (in *Intake) Stored(key string) (stored, known bool) {
	k, ok := parseKey(key)
	if !ok {
		return false, false
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	_, stored = in.keys.find(k, in.now())
	return stored, true
}

// land ends a flight.
func (in *Intake) land(key Key, f *flight, offset uint64, err error) {
	in.mu.Lock()
	delete(in.flights, key)
	if err == nil {
		in.remember(seen{key, offset, in.now()})
	}
	close(f.done)
	if len(in.flights) == 0 && len(in.owed) > 0 && in.timer == nil && !in.closed {
		in.timer = time.AfterFunc(max(0, saveEvery-time.Since(in.savedAt)), in.settle)
	}
	in.mu.Unlock()
}

func (in *Intake) store(ctx context.Context, b *wire.Batch, key string) (uint64, error) {
	for _, c := range b.Columns {
		if c.Name == "" {
			c.Name = ecs.Field(c.Field).Name()
		}
	}
	was := b.IdempotencyKey
	b.IdempotencyKey = key
	defer func() { b.IdempotencyKey = was }()
	n := b.SizeVT()
	body := make([]byte, n) // the journal keeps it
	if _, err := b.MarshalToSizedBufferVT(body); err != nil {
		return 0, fmt.Errorf("raw journal: %w", err)
	}
	offset, err := in.j.Append(ctx, body)
	if err != nil {
		return 0, in.why(err)
	}
	in.entries.Add(1)
	in.bytes.Add(int64(n))
	return offset, nil
}

// why adds to a context's error what the journal was waiting for.
func (in *Intake) why(err error) error {
	if !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, context.Canceled) {
		return fmt.Errorf("raw journal: %w", err)
	}
	if block := in.Blocked(); block != nil {
		return fmt.Errorf("%w (%w)", block, err)
	}
	return fmt.Errorf("raw journal: %w", err) // says itself if it was full a moment ago
}

// Blocked says why Append would wait: an error that wraps [journal.ErrFull] or [ErrUnavailable], nil if it
// would not.
func (in *Intake) Blocked() error {
	s := in.j.Stats()
	switch {
	case s.Err != "":
		return fmt.Errorf("%w: %s", ErrUnavailable, s.Err)
	case s.Full:
		return fmt.Errorf("raw %w (%d bytes of %d): its records are not being parsed fast enough", journal.ErrFull, s.Bytes, s.MaxBytes)
	}
	return nil
}

// Commit commits a consumer of the raw journal, after it has saved the keys of the entries that may be
// trimmed then. Whoever consumes the raw journal commits through here, as often as it likes: where keys are
// to be saved, which syncs a file, that happens every 250 ms at most, and what comes in between is committed
// then. The same goes for commits behind entries with keys that are just being appended.
func (in *Intake) Commit(c journal.Consumer, offset uint64) error {
	in.logMu.Lock()
	defer in.logMu.Unlock()
	return in.commit(c, offset, false)
}

// commit is Commit with logMu held; now means not to wait for other commits.
func (in *Intake) commit(c journal.Consumer, offset uint64, now bool) error {
	in.mu.Lock()
	safe := offset
	for _, f := range in.flights {
		safe = min(safe, f.from)
	}
	wait := saveEvery - time.Since(in.savedAt)
	later := !now && wait > 0 && len(in.unsaved) > 0
	if later || safe < offset {
		in.owed[c] = offset
	} else {
		delete(in.owed, c)
	}
	if later && in.timer == nil {
		in.timer = time.AfterFunc(wait, in.settle)
	}
	in.mu.Unlock()
	if later {
		return nil
	}
	if err := in.save(safe); err != nil {
		in.logErrors.Add(1)
		return err
	}
	if safe == 0 || safe < offset && safe <= c.Committed() {
		return nil
	}
	return c.Commit(safe)
}

// settle makes good on commits that had to wait.
func (in *Intake) settle() {
	in.logMu.Lock()
	defer in.logMu.Unlock()
	in.mu.Lock()
	owed := in.owed
	in.owed, in.timer = map[journal.Consumer]uint64{}, nil
	closed := in.closed
	in.mu.Unlock()
	if closed {
		return
	}
	for c, offset := range owed {
		if err := in.commit(c, offset, true); err != nil && !errors.Is(err, journal.ErrClosed) {
			in.logf("committing entry %d of the raw journal: %v", offset, err)
		}
	}
}

// save writes the unsaved keys of entries up to offset to the key log. logMu is held, and no flight can
// land at or before offset.
func (in *Intake) save(offset uint64) error {
	in.mu.Lock()
	var b []byte
	for _, n := range in.unsaved {
		if n >= in.keys.head && in.keys.at(n).offset <= offset {
			b = appendKeyRecord(b, *in.keys.at(n))
		}
	}
	live := in.keys.len()
	in.mu.Unlock()
	if len(b) == 0 {
		return nil
	}
	if in.log.records+len(b)/keyRecord > 2*live+4096 {
		return in.compact(offset)
	}
	if err := in.log.append(appendKeyRecord(b, seen{offset: offset}), offset); err != nil {
		return err
	}
	in.saved(offset)
	return nil
}

func (in *Intake) saved(offset uint64) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.savedAt = time.Now()
	in.unsaved = slices.DeleteFunc(in.unsaved, func(n uint64) bool {
		return n < in.keys.head || in.keys.at(n).offset <= offset
	})
}

// compact writes the key log anew with the keys that are remembered. logMu is held.
func (in *Intake) compact(covered uint64) error {
	in.mu.Lock()
	in.keys.expire(in.now())
	b := make([]byte, 0, (in.keys.len()+1)*keyRecord)
	for n := in.keys.head; n < in.keys.tail; n++ {
		if e := in.keys.at(n); e.offset <= covered {
			b = appendKeyRecord(b, *e)
		}
	}
	in.mu.Unlock()
	if err := in.log.replace(appendKeyRecord(b, seen{offset: covered}), covered); err != nil {
		return err
	}
	in.saved(covered)
	return nil
}

// Close makes commits that wait, saves all keys and closes the key log; the journal stays open. No other
// call may follow.
func (in *Intake) Close() error {
	in.settle()
	in.logMu.Lock()
	defer in.logMu.Unlock()
	in.mu.Lock()
	in.closed = true
	if in.timer != nil {
		in.timer.Stop()
	}
	in.mu.Unlock()
	last := in.j.Last()
	err := in.save(last)
	if err == nil && in.log.covered < last { // nothing to save: still spare the next open the reading
		err = in.log.append(appendKeyRecord(nil, seen{offset: last}), last)
	}
	return errors.Join(err, in.log.close())
}

// IntakeStats describes an Intake at one moment. Counters count since it was opened.
type IntakeStats struct {
	Entries       int64 `json:"entries"`        // appended
	Bytes         int64 `json:"bytes"`          // of those
	Duplicates    int64 `json:"duplicates"`     // batches not stored again
	Keys          int   `json:"keys"`           // remembered
	MaxKeys       int   `json:"max_keys"`       // the bound
	KeysForgotten int64 `json:"keys_forgotten"` // before their time, because of the bound
	KeyLogErrors  int64 `json:"key_log_errors"`
}

// Stats is a snapshot.
func (in *Intake) Stats() IntakeStats {
	in.mu.Lock()
	defer in.mu.Unlock()
	return IntakeStats{
		Entries: in.entries.Load(), Bytes: in.bytes.Load(), Duplicates: in.duplicates.Load(),
		Keys: in.keys.len(), MaxKeys: in.o.MaxKeys, KeysForgotten: in.keys.forgotten, KeyLogErrors: in.logErrors.Load(),
	}
}
