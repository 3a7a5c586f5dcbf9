// Package embedded keeps events in immutable Parquet segments that DuckDB queries in process.
//
// Its one idea: the event journal is the write-ahead log. Append only copies the columns of a batch into memory,
// the tail; a flush in the background sorts the tail into segments, and the manifest, replaced atomically, names
// them together with the journal offset they include. Queries read segments and tail as one.
//
// # Snapshots
//
// Every row carries the journal offset it came with, so a snapshot is an offset: a cursor or scan token stays
// valid across flushes, merges and restarts without holding anything. Imported rows have offset 0, and their segments
// the number of the import, which is the other half of a snapshot. A running query holds the segments it reads;
// their files go when the last one is done.
//
// # From batch to segment
//
// Append copies a batch as it is (spans stay spans, codes stay codes), which costs memory of about 1.5 times the
// raw log. A query makes Arrow arrays of just the columns it needs, a flush of all of them: strings as views into
// the batch's own bytes, so that sorting rows moves 16 bytes a value and no text. A flush cuts all partitions
// (retention class and day of event.ingested) at one offset. See manifest.go for the files and for what happens
// when the process is killed.
//
// # Text
//
// Each segment has a set of the words of its messages, see bloom.go; segments that cannot have a word are not
// read. In the others RE2 looks for the word, case-insensitively, behind a cheap test for its letters; see phrase.go.
//
// # Pages
//
// Newest first walks windows of time, whose sizes come from the stretches of time that indexes keep, see spans.go.
// It finds rows by the few columns a condition needs and reads the others of the page's rows only. A search that
// counts reads texts once: see few.
//
// # Aggregations
//
// Each level of buckets is a statement of its own. One that is asked again is answered by groups that are kept of each
// segment, see partials.go; grouped.go has the SQL of both ways.
//
// # Not obvious
//
//   - DuckDB 1.4 hands filters and projections down to an Arrow stream, which ignores both: see tableRow.
//   - IP addresses are UUIDs in segments: 16 bytes that compare like addresses, with row group statistics. A
//     network is a range.
//   - Segments have only the columns that have values. A query is planned for each set of columns; a condition on a
//     column that is not there folds to false and takes the segment with it.
//   - What all connections of an engine share is set by the first: see newEngine.
//   - A statement that names files is planned twice, one that has them as parameters once: see relation.
//   - Grouping costs by row and by how many groups there are, not by bytes: 15 million rows into 1.7 million groups
//     take two CPU seconds whatever is done around it.
//   - A busy store merges only the smallest segments: rewriting all would cost as much CPU as writing did.
//
// Measured on 2026-11-21 (2 vCPUs of an AMD EPYC, mixed firewall, IPS and web lines): Append 1–2 ms CPU a MB of raw
// log, flush 14–17, 0.21 stored bytes a raw byte. See the benchmarks for more.
package embedded

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/logcenter/logcenter/host/retention"
	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/wire"
)

// Options of a store. The zero value is usable.
type Options struct {
	// MemoryLimit is what queries may use, in bytes, a sixteenth of it for answers of segments that are kept; 0 means
	// 1 GiB. Flushes and merges have a quarter of it on top, as has the reading of pages' events, and the tail TailBytes.
	MemoryLimit int64
	// Threads of queries; 0 means one for each CPU.
	Threads int
	// FlushBytes of raw log start a flush; 0 means 32 MiB.
	FlushBytes int64
	// FlushInterval after its first event the tail is flushed however small; 0 means 60 s, negative never.
	FlushInterval time.Duration
	// TailBytes bounds the memory of events that are not in segments yet: Append waits. 0 means three times
	// FlushBytes.
	TailBytes int64
	// SegmentRows bounds a segment; 0 means 245,760, four row groups.
	SegmentRows int
	// MergeInterval is how often small segments are looked for; 0 means 30 s, negative never.
	MergeInterval time.Duration
	// QueryTimeout bounds each query; 0 means 2 minutes.
	QueryTimeout time.Duration
	// Classify gives rows their retention class; nil means the log standard's.
	Classify func(observerType, logType string) retention.Class
	// OldestOnline is the first day of a class that searches show: older partitions are hidden, and only scans of one
	// partition read them. It is asked at each query. nil shows everything.
	OldestOnline func(class string) string
	// Rejected is told of rows the store cannot keep, from within Append; nil only counts them.
	Rejected func(store.Rejection)
	// Failed is told of a flush or merge that failed and will be tried again; nil only shows it in Stats.
	Failed func(error)
}

func (o *Options) defaults() {
	setDefault(&o.MemoryLimit, 1<<30)
	setDefault(&o.Threads, runtime.NumCPU())
	setDefault(&o.FlushBytes, 32<<20)
	setDefault(&o.FlushInterval, 60*time.Second)
	setDefault(&o.TailBytes, 3*o.FlushBytes)
	setDefault(&o.SegmentRows, 4*rowGroup)
	setDefault(&o.MergeInterval, 30*time.Second)
	setDefault(&o.QueryTimeout, 2*time.Minute)
	if o.Classify == nil {
		o.Classify = retention.Standard().Classify
	}
}

func setDefault[T int | int64 | time.Duration](v *T, to T) {
	if *v == 0 {
		*v = to
	}
}

// rowGroup is the number of rows that Parquet keeps together.
const rowGroup = 61440

// Store is the embedded store. Its methods are as [store.Store] says.
type Store struct {
	dir      string
	opts     Options
	lock     *os.File // nil if readOnly
	readOnly bool     // see OpenSegments

	writer   *engine // flushes and merges, one thread
	fetchers *engine // events of a page by their rows, one thread a connection: see Store.fetch
	partials *partials

	mu       sync.Mutex
	readers  *engine    // queries
	dropped  int        // segments dropped since it started
	space    *sync.Cond // tail shrank, failed or closed
	segments []*segment
	tail     []*entry
	flushing int    // leading entries of tail that a flush is writing
	appended uint64 // last offset appended
	durable  uint64
	tailSize int64 // bytes held
	tailRaw  int64 // raw bytes behind flushing
	since    time.Time
	imports  uint64                // last number of a committed import
	coming   map[string]*importing // imports on their way, by the ID of their partition
	closed   bool
	err      error // of the last flush, nil when it succeeded

	write  sync.Mutex // held by flush, merge and drop: one writer of the manifest at a time
	nextID uint64     // under write

	wake      chan struct{}
	stop      context.CancelFunc
	done      sync.WaitGroup
	ctx       context.Context //nolint:containedctx // ends with the store
	rejected  atomic.Int64
	flushTime atomic.Int64 // nanoseconds of the last flush
	flushed   atomic.Int64 // when, unix nanoseconds
	merges    atomic.Int64
	tableID   atomic.Uint64
}

var _ store.Store = (*Store)(nil)

// Open opens or creates the store in a directory, which belongs to one process at a time.
func Open(dir string, o Options) (*Store, error) {
	o.defaults()
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Join(dir, segmentsDir), 0o700); err != nil {
		return nil, err
	}
	lock, err := lockDir(dir)
	if err != nil {
		return nil, err
	}
	s := &Store{dir: dir, opts: o, lock: lock, wake: make(chan struct{}, 1), coming: map[string]*importing{}}
	s.space = sync.NewCond(&s.mu)
	if err := s.open(); err != nil {
		return nil, errors.Join(fmt.Errorf("open store %s: %w", dir, err), s.free())
	}
	s.ctx, s.stop = newContext()
	s.done.Add(2)
	go s.flusher()
	go s.merger()
	return s, nil
}

func newContext() (context.Context, context.CancelFunc) {
	return context.WithCancel(context.Background())
}

func (s *Store) open() error {
	m, segs, err := loadManifest(s.dir)
	if err != nil {
		return err
	}
	if err := sweep(s.dir, segs); err != nil {
		return err
	}
	for _, g := range segs {
		g.acquire() // by the store
	}
	s.segments, s.nextID = segs, m.NextID
	s.durable, s.appended, s.imports = m.Durable, m.Durable, m.Imports
	return s.openEngines()
}

func (s *Store) openEngines() (err error) {
	if err := os.RemoveAll(s.spill()); err != nil {
		return err
	}
	s.partials = newPartials(s.opts.MemoryLimit / partialsShare)
	if s.readers, err = s.newReaders(); err != nil {
		return err
	}
	small := engineOptions{threads: 1, memory: max(s.opts.MemoryLimit/4, 256<<20), spill: s.spill()}
	if s.fetchers, err = newEngine(small); err != nil {
		return err
	}
	small.ordered = true
	s.writer, err = newEngine(small)
	return err
}

// spill is where DuckDB puts what does not fit into memory.
func (s *Store) spill() string { return filepath.Join(s.dir, "spill") }

func (s *Store) newReaders() (*engine, error) {
	return newEngine(engineOptions{threads: s.opts.Threads, memory: s.opts.MemoryLimit - s.partials.limit, spill: s.spill(), footers: true})
}

func (s *Store) free() error {
	var errs []error
	for _, e := range []*engine{s.readers, s.fetchers, s.writer} {
		if e != nil {
			errs = append(errs, e.close())
		}
	}
	if s.readOnly {
		return errors.Join(append(errs, os.RemoveAll(s.dir))...)
	}
	return errors.Join(append(errs, s.lock.Close())...)
}

var errReadOnly = errors.New("these segments are only read")

// Append implements [store.Store]. A batch that lacks what every event has is rejected as a whole.
func (s *Store) Append(ctx context.Context, offset uint64, batches []*wire.Batch) error {
	entries := make([]*entry, 0, len(batches))
	s.mu.Lock()
	old := offset <= s.appended
	closed := s.closed
	s.mu.Unlock()
	switch {
	case closed:
		return store.ErrClosed
	case s.readOnly:
		return errReadOnly
	case old:
		return nil
	}
	var size, raw int64
	for _, b := range batches {
		if b.Rows == 0 {
			continue
		}
		// A text that is not UTF-8 would make its whole segment unreadable.
		err := b.Validate(uint32(ecs.Message))
		var e *entry
		if err == nil {
			e, err = newEntry(offset, b)
		}
		if err != nil {
			s.reject(offset, b, err)
			continue
		}
		entries = append(entries, e)
		size += e.size
		raw += e.raw
	}

	s.mu.Lock()
	defer s.mu.Unlock()
	defer context.AfterFunc(ctx, func() { s.mu.Lock(); s.space.Broadcast(); s.mu.Unlock() })()
	for s.tailSize > 0 && s.tailSize+size > s.opts.TailBytes {
		switch {
		case s.closed:
			return store.ErrClosed
		case ctx.Err() != nil:
			if s.err != nil {
				return fmt.Errorf("%w while the tail is full because flushing fails: %w", ctx.Err(), s.err)
			}
			return ctx.Err()
		}
		s.kick()
		s.space.Wait()
	}
	if s.closed {
		return store.ErrClosed
	}
	if len(s.tail) == s.flushing && (len(entries) > 0 || s.appended == s.durable) {
		s.since = time.Now()
		s.kick() // there is a deadline now
	}
	s.tail = append(s.tail, entries...)
	s.tailSize += size
	s.tailRaw += raw
	s.appended = offset
	if s.tailRaw >= s.opts.FlushBytes {
		s.kick()
	}
	return nil
}

func (s *Store) reject(offset uint64, b *wire.Batch, err error) {
	s.rejected.Add(int64(b.Rows))
	if s.opts.Rejected == nil {
		return
	}
	for _, r := range store.Rejections(offset, b, err) {
		s.opts.Rejected(r)
	}
}

// kick wakes the flusher.
func (s *Store) kick() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Durable implements [store.Store].
func (s *Store) Durable() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.durable
}

// Flush implements [store.Store].
func (s *Store) Flush(ctx context.Context) error {
	s.mu.Lock()
	closed := s.closed
	s.mu.Unlock()
	if closed {
		return store.ErrClosed
	}
	return s.flush(ctx)
}

// Close flushes and releases everything. Queries under way end with an error.
func (s *Store) Close() error { return s.close(true) }

func (s *Store) close(flush bool) error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	s.space.Broadcast()
	s.mu.Unlock()
	s.stop()
	s.done.Wait()
	var err error
	if flush {
		err = s.flush(context.Background())
	}
	s.abortImports()
	s.write.Lock()
	defer s.write.Unlock()
	return errors.Join(err, s.free())
}

// Stats implements [store.Store].
func (s *Store) Stats() store.Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := store.Stats{
		Kind: "embedded", Appended: s.appended, Durable: s.durable, TailBytes: s.tailSize, Segments: len(s.segments),
		Rejected: s.rejected.Load(), FlushSeconds: time.Duration(s.flushTime.Load()).Seconds(),
	}
	s.partials.stats(&st)
	if t := s.flushed.Load(); t != 0 {
		st.LastFlush = time.Unix(0, t)
	}
	for _, g := range s.segments {
		st.Events += g.Rows
		st.Bytes += g.Bytes
		st.RawBytes += g.Raw
	}
	for _, e := range s.tail {
		st.TailEvents += int64(e.rows)
		st.RawBytes += e.raw
	}
	st.Events += st.TailEvents
	if s.err != nil {
		st.Err = s.err.Error()
	}
	return st
}

// snapshot is what a query sees. It must be released.
type snapshot struct {
	segments []*segment
	tail     []*entry
	offset   uint64 // last event journal offset in it
	imports  uint64 // last import in it
}

func (s *Store) snapshot() (*snapshot, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, store.ErrClosed
	}
	p := &snapshot{segments: append([]*segment(nil), s.segments...), tail: s.tail[:len(s.tail):len(s.tail)], offset: s.appended, imports: s.imports}
	for _, g := range p.segments {
		g.acquire()
	}
	return p, nil
}

// upTo leaves out the imports behind one.
func (p *snapshot) upTo(imports uint64) {
	p.imports = min(p.imports, imports)
	p.segments = slices.DeleteFunc(p.segments, func(g *segment) bool {
		late := g.Import > p.imports
		if late {
			g.release()
		}
		return late
	})
}

func (p *snapshot) release() {
	for _, g := range p.segments {
		g.release()
	}
	p.segments, p.tail = nil, nil
}
