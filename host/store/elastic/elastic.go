// Package elastic keeps events in Elasticsearch or OpenSearch, with the answers of package store.
//
// Its one idea: where an event goes follows from its place in the event journal alone, so that a replay can only
// overwrite itself. Its _id is event.id, and its index is the last generation of its partition (retention class and
// day of event.ingested) whose recorded first offset is not behind the event's. A generation is recorded before
// anything is sent to it.
//
// # Writing
//
// Append renders rows into chunks; two senders keep two of them on their way, for ever: a cluster that is not there
// or refuses is asked again with growing pauses, and what it says is Stats().Err. Documents that are refused one by
// one are given to Options.Rejected with the cluster's reason. The last offset whose predecessors all are
// acknowledged is recorded in the cluster too, in the index PREFIX-meta; that is Durable.
//
// # Snapshots
//
// Every document carries the journal offset it came with. A snapshot is an offset, so a cursor or scan token stays
// valid without holding anything in the cluster, and after a restart of either side. Imported documents have offset 0
// and the number of their import, which is the other half of a snapshot.
//
// # Imports
//
// An import has an index of its own, which no query sees until it is put under the alias as a whole: that is the
// commit. What is recorded as an import and is neither committed nor under the alias is removed when the store opens.
//
// # Documents
//
// Dotted names are names, not paths (subobjects: false), so source and source.ip can live side by side; in OpenSearch
// they have slashes instead, see product. A date is two fields: a date of milliseconds for charts and other readers,
// and its nanoseconds as a number for everything exact. What nobody declares is in one list of name=value, with a list
// of the names. The words of message come from
// query.AppendTokens, the same as everywhere; _source does not have them.
//
// # Not obvious
//
//   - date_nanos has no instants before 1970, and events may.
//   - The whitespace analyser cuts tokens over 255 characters into pieces; see pieces.
//   - A search waits for what was appended and refreshes only if something was written since, see settle.
//   - DropPartition takes the index out of the alias at once, but deletes it when no scan reads it any more.
//
// What rendering costs is measured by BenchmarkEncode, the whole by `logcenter bench store`.
package elastic

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/logcenter/logcenter/host/retention"
	"github.com/logcenter/logcenter/host/store"
)

// Options of a store. Addresses is required.
type Options struct {
	Addresses []string // e.g. http://127.0.0.1:9200; any node answers
	Username  string
	Password  string
	APIKey    string // encoded; instead of user and password
	CAFile    string // PEM; empty means the system's authorities
	CertFile  string // PEM, of a client certificate
	KeyFile   string
	Gzip      bool          // compress what is sent
	Timeout   time.Duration // of one request; 0 means 1 minute

	Prefix   string // of all names in the cluster; empty means logcenter
	Owner    string // id of the event journal; a store of another journal is refused
	Shards   int    // of an index; 0 means 1, which makes all counts exact at once
	Replicas int    // of each shard, those of indices there are already included; see [Store.SetReplicas]

	// BulkBytes are sent at once; 0 means 8 MiB.
	BulkBytes int
	// Linger is how long rows wait for a bulk to fill up if nobody asks for them; 0 means 1 s.
	Linger time.Duration
	// Freshness is how old events may be before a search must find them. 0 makes every search wait for all that was
	// appended.
	Freshness time.Duration
	// RollBytes of an index on disk, or RollDocs, start the next generation; 0 means 40 GiB and 200 million.
	RollBytes, RollDocs int64
	// Classify gives rows their retention class; nil means the log standard's.
	Classify func(observerType, logType string) retention.Class
	// OldestOnline is the first day of a class that searches show: older partitions are hidden, and only scans of one
	// partition read them. It is asked at each query. nil shows everything.
	OldestOnline func(class string) string
	// Rejected is told of rows that Elasticsearch cannot keep; nil only counts them.
	Rejected func(store.Rejection)
	// Failed is told of what failed and is tried again; nil only shows it in Stats.
	Failed func(error)
}

func (o *Options) defaults() {
	setDefault(&o.Timeout, time.Minute)
	setDefault(&o.Shards, 1)
	setDefault(&o.BulkBytes, 8<<20)
	setDefault(&o.Linger, time.Second)
	setDefault(&o.RollBytes, 40<<30)
	setDefault(&o.RollDocs, 200_000_000)
	setDefault(&o.Prefix, "logcenter")
	if o.Classify == nil {
		o.Classify = retention.Standard().Classify
	}
}

func setDefault[T int | int64 | time.Duration | string](v *T, to T) {
	var zero T
	if *v == zero {
		*v = to
	}
}

// Store is the store in a cluster. Its methods are as [store.Store] says.
type Store struct {
	opts   Options
	client *client

	prepare   sync.Mutex // held while the cluster is prepared, and while generations are made or dropped
	replicas  int        // under prepare
	connected atomic.Bool
	mapped    atomic.Int64 // fields the mappings have
	conflicts atomic.Pointer[conflicts]
	horizon   uint64 // under prepare; recorded: nothing at a greater offset was ever sent
	free      uint64 // under prepare; from here on generations may begin, 0 before the first reservation

	mu        sync.Mutex
	changed   *sync.Cond // chunks, errors, closing
	series    map[partitionKey][]*generation
	open      *chunk
	queue     []*chunk
	flying    []*chunk
	spare     *chunk                // empty, for its memory
	bytes     int64                 // of chunks
	docs      int64                 // of chunks
	appended  uint64                // last offset appended
	urgent    bool                  // somebody waits for the open chunk
	imports   uint64                // last number that an import was given
	coming    map[string]*importing // imports on their way, by the ID of their partition
	closed    bool
	err       error // why connecting or recording fails, nil when it does not
	appendErr error // why the last entry was not taken, nil when it was

	recorded  atomic.Uint64 // offset in the cluster
	resent    atomic.Uint64 // up to here, documents may have been sent before this store was opened
	refresh   sync.Mutex
	refreshed uint64    // under refresh: acknowledged before the last refresh
	freshAt   time.Time // under refresh

	scans    sync.Mutex
	scanning int
	doomed   []*generation // dropped, not deleted; under scans

	writing   Writing // under mu
	rejected  atomic.Int64
	flushTime atomic.Int64 // nanoseconds of the last bulk
	flushed   atomic.Int64 // when, unix nanoseconds

	ctx  context.Context //nolint:containedctx // ends with the store
	stop context.CancelFunc
	done sync.WaitGroup
}

var _ store.Store = (*Store)(nil)

// Senders keep the cluster busy while one answer is on its way.
const senders = 2

// Times of the background.
const (
	recordEvery  = time.Second
	statsEvery   = 30 * time.Second
	connectEvery = 5 * time.Second
	closeWait    = 15 * time.Second
)

// Open makes a store. It does not need the cluster: what is appended before it is there waits in the journal. An
// error means that the options cannot work.
func Open(o Options) (*Store, error) {
	o.defaults()
	c, err := newClient(&o)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	s := &Store{
		opts: o, client: c, replicas: o.Replicas, series: map[partitionKey][]*generation{}, coming: map[string]*importing{},
	}
	s.changed = sync.NewCond(&s.mu)
	s.ctx, s.stop = context.WithCancel(context.Background())
	ctx, cancel := context.WithTimeout(s.ctx, closeWait)
	defer cancel()
	if err := s.connect(ctx); errors.Is(err, errOwner) {
		s.stop()
		return nil, fmt.Errorf("store: %w", err)
	}
	s.done.Add(senders + 1)
	for range senders {
		go s.sender()
	}
	go s.background()
	return s, nil
}

// fail notes why connecting or recording does not work; nil that it does again.
func (s *Store) fail(err error) { s.note(&s.err, err) }

// note keeps an error where Stats finds it, until it is over. One that is new is told.
func (s *Store) note(at *error, err error) {
	s.mu.Lock()
	same := err == nil || *at != nil && (*at).Error() == err.Error()
	*at = err
	s.changed.Broadcast()
	s.mu.Unlock()
	if !same {
		s.tell(err)
	}
}

func (s *Store) tell(err error) {
	if s.opts.Failed != nil {
		s.opts.Failed(err)
	}
}

// background connects when that is needed, records the offset and looks at sizes.
func (s *Store) background() {
	defer s.done.Done()
	t := time.NewTicker(recordEvery)
	defer t.Stop()
	var looked, tried time.Time
	for {
		select {
		case <-s.ctx.Done():
			return
		case <-t.C:
		}
		if !s.connected.Load() {
			if time.Since(tried) > connectEvery {
				_ = s.connect(s.ctx) // is in Stats
				tried = time.Now()
			}
			continue
		}
		if s.acknowledged() > s.recorded.Load() || s.failure() != nil {
			if err := s.record(s.ctx); err == nil {
				s.works()
			} else if s.ctx.Err() == nil {
				s.fail(err)
			}
		}
		if time.Since(looked) > statsEvery {
			_ = s.sizes(s.ctx) // they are not worth an alarm
			_ = s.bury(s.ctx)  // whoever dropped it was told
			looked = time.Now()
		}
	}
}

// Durable implements [store.Store]. It is 0 as long as the cluster was not reached.
func (s *Store) Durable() uint64 { return s.recorded.Load() }

// Flush implements [store.Store].
func (s *Store) Flush(ctx context.Context) error {
	if err := s.ready(ctx); err != nil {
		return err
	}
	if err := s.drain(ctx); err != nil {
		return err
	}
	return s.record(ctx)
}

// ready connects if the store is not connected yet.
func (s *Store) ready(ctx context.Context) error {
	s.mu.Lock()
	closed := s.closed
	s.mu.Unlock()
	switch {
	case closed:
		return store.ErrClosed
	case ctx.Err() != nil:
		return ctx.Err()
	case s.connected.Load():
		return nil
	default:
		return s.connect(ctx)
	}
}

// Close sends what was appended if the cluster takes it; the journal has the rest.
func (s *Store) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	failing := s.failing() != nil
	s.mu.Unlock()
	s.abortImports()
	var err error
	if !failing && s.connected.Load() {
		ctx, cancel := context.WithTimeout(context.Background(), closeWait)
		defer cancel()
		err = s.Flush(ctx)
		if s.failure() != nil {
			err = nil // is told already, and the journal has the events
		}
	}
	s.mu.Lock()
	s.closed = true
	s.changed.Broadcast()
	s.mu.Unlock()
	s.stop()
	s.done.Wait()
	return err
}

// works notes that the cluster took what was recorded. If nothing waits to be sent, no other answer can tell so.
func (s *Store) works() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = nil
	if s.open == nil && len(s.queue) == 0 && len(s.flying) == 0 {
		s.appendErr = nil
	}
	s.changed.Broadcast()
}

func (s *Store) failure() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failing()
}

// failing is failure with s.mu held.
func (s *Store) failing() error {
	for _, c := range s.flying {
		if c.err != nil {
			return c.err
		}
	}
	if s.appendErr != nil {
		return s.appendErr
	}
	return s.err
}

// patience is how long the cluster may wait for a shard before it answers: less than the host waits for the answer.
func (s *Store) patience() string {
	return fmt.Sprintf("%dms", min(s.opts.Timeout/2, 30*time.Second).Milliseconds())
}

// Stats implements [store.Store].
func (s *Store) Stats() store.Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := store.Stats{
		Kind: "elasticsearch", Appended: s.appended, Durable: s.recorded.Load(), TailBytes: s.bytes, TailEvents: s.docs,
		Rejected: s.rejected.Load(), FlushSeconds: time.Duration(s.flushTime.Load()).Seconds(), Events: s.docs,
	}
	if t := s.flushed.Load(); t != 0 {
		st.LastFlush = time.Unix(0, t)
	}
	for _, gens := range s.series {
		for _, g := range gens {
			st.Segments++
			st.Events += g.docs
			st.RawBytes += g.raw
			st.Bytes += g.bytes
		}
	}
	if err := s.failing(); err != nil {
		st.Err = err.Error()
	}
	return st
}

// settle gives a selection its snapshot, and the names of fields in the cluster that there is.
func (s *Store) settle(ctx context.Context, q *selection) (err error) {
	if q.snapshot, q.notice, err = s.findable(ctx); err != nil {
		return err
	}
	if err = s.inLists(ctx, q); err != nil {
		return err
	}
	return q.translate(s.product(), s.known())
}

// findable makes events findable and returns the snapshot of all that are. A cluster that does not take new events
// may still be searched: notice then says what is missing.
func (s *Store) findable(ctx context.Context) (p snapshot, notice string, err error) {
	if err := s.ready(ctx); err != nil {
		return p, "", err
	}
	if s.opts.Freshness == 0 {
		if err := s.drain(ctx); err != nil {
			if ctx.Err() != nil || errors.Is(err, store.ErrClosed) {
				return p, "", err
			}
			notice = "the newest events are missing, they wait in the journal: " + err.Error()
		}
	} else if err := s.failure(); err != nil {
		notice = "the newest events may be missing, they wait in the journal: " + err.Error()
	}
	s.refresh.Lock()
	defer s.refresh.Unlock()
	acked := s.acknowledged()
	if acked > s.refreshed && (s.opts.Freshness == 0 || time.Since(s.freshAt) >= s.opts.Freshness) {
		if err := s.refreshAll(ctx, s.alias()); err != nil && !isMissing(err) {
			return p, "", err
		}
		s.refreshed, s.freshAt = acked, time.Now()
	}
	p.Offset = s.refreshed
	s.mu.Lock()
	defer s.mu.Unlock()
	p.Imports = s.imports
	for _, im := range s.coming {
		p.Coming = append(p.Coming, im.into.imported)
	}
	return p, notice, nil
}

// refreshAll makes what an index or alias has findable. It is an error if a copy of a shard did not take part, as one on
// a node that has just died: a search might ask it.
func (s *Store) refreshAll(ctx context.Context, name string) error {
	var a struct {
		Shards struct {
			Failed   int          `json:"failed"`
			Failures []errorCause `json:"failures"`
		} `json:"_shards"`
	}
	if err := s.client.do(ctx, http.MethodPost, "/"+name+"/_refresh", nil, &a); err != nil {
		return err
	}
	if a.Shards.Failed == 0 {
		return nil
	}
	reason := "no reason given"
	if len(a.Shards.Failures) > 0 {
		reason = a.Shards.Failures[0].deepest().Reason
	}
	return fmt.Errorf("%w: %d shards of Elasticsearch cannot show their newest events: %s", store.ErrUnavailable, a.Shards.Failed, reason)
}
