package elastic

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/sdk/wire"
)

// importPatience is how long an import waits for a cluster that takes nothing.
const importPatience = 2 * time.Minute

// importing is an import on its way. Its documents go to an index of its own, outside the alias, by one sender.
type importing struct {
	store   *Store
	request store.ImportRequest
	into    *generation

	ctx  context.Context //nolint:containedctx // ends with the import
	stop context.CancelFunc

	mu     sync.Mutex // held before the store's locks
	open   *chunk
	flight chan error // of the chunk on its way; nil: none is
	added  store.Partition
	err    error // why it can only be aborted
	done   bool
	undone error // why what was written could not be removed
}

var _ store.Import = (*importing)(nil)

var errImportDone = errors.New("the import is committed or aborted")

// Import implements [store.Store]. An event that Elasticsearch refuses ends the import.
func (s *Store) Import(ctx context.Context, r store.ImportRequest) (store.Import, error) {
	if err := r.Check(); err != nil {
		return nil, err
	}
	if err := s.Flush(ctx); err != nil { // what is on its way may be of the partition
		return nil, err
	}
	day, err := time.Parse(time.DateOnly, r.Day)
	if err != nil {
		return nil, err
	}
	if err := s.undoImport(ctx, r.ID()); err != nil {
		return nil, err
	}
	s.prepare.Lock()
	defer s.prepare.Unlock()
	im, err := s.beginImport(r, partitionKey{r.Class, day.Unix() / 86400, r.Restored})
	if err != nil {
		return nil, err
	}
	g := im.into
	err = s.recordState(ctx)
	if err == nil {
		err = s.recordGeneration(ctx, g.meta())
	}
	if err == nil {
		err = s.createIndex(ctx, g)
	}
	if err != nil {
		im.mu.Lock()
		defer im.mu.Unlock()
		return nil, errors.Join(fmt.Errorf("import of %s: %w", r.ID(), err), im.undo(ctx))
	}
	return im, nil
}

// undoImport removes what an import that failed had to leave.
func (s *Store) undoImport(ctx context.Context, id string) error {
	s.mu.Lock()
	im := s.coming[id]
	s.mu.Unlock()
	if im == nil {
		return nil
	}
	im.mu.Lock()
	defer im.mu.Unlock()
	if im.undone == nil {
		return nil
	}
	return im.undo(ctx)
}

// beginImport gives an import its number and its place. s.prepare is held.
func (s *Store) beginImport(r store.ImportRequest, key partitionKey) (*importing, error) {
	id := r.ID()
	im := &importing{store: s, request: r, added: store.Partition{ID: id, Class: r.Class, Day: r.Day, Restored: r.Restored, Expires: r.Expires}}
	im.ctx, im.stop = context.WithCancel(s.ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	var err error
	switch {
	case s.closed:
		err = store.ErrClosed
	case len(s.series[key]) > 0:
		err = fmt.Errorf("%w: %s", store.ErrExists, id)
	case s.coming[id] != nil:
		err = fmt.Errorf("%w: %s is being imported", store.ErrExists, id)
	}
	if err != nil {
		im.stop()
		return nil, err
	}
	s.imports++
	kind := "import"
	if r.Restored != "" {
		kind = "restored-" + r.Restored
	}
	im.into = &generation{
		key: key, imported: s.imports, expires: r.Expires,
		index: fmt.Sprintf("%s-%s-%s-%s-%06d", s.opts.Prefix, kind, r.Class, r.Day, s.imports),
	}
	s.coming[id] = im
	return im, nil
}

// lastImport is the last number that an import was given.
func (s *Store) lastImport() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.imports
}

// Add implements [store.Import].
func (im *importing) Add(ctx context.Context, b *wire.Batch) error {
	im.mu.Lock()
	defer im.mu.Unlock()
	switch {
	case im.done:
		return errImportDone
	case im.err != nil:
		return im.err
	case b.Rows == 0:
		return nil
	}
	if err := im.add(ctx, b); err != nil {
		im.err = fmt.Errorf("import of %s: %w", im.request.ID(), err)
	}
	return im.err
}

func (im *importing) add(ctx context.Context, b *wire.Batch) error {
	e, err := newBatchEncoder(0, im.into.imported, b, im.store.product(), im.store.known())
	if err != nil {
		return err
	}
	at, _ := e.times()
	for row := range int(b.Rows) {
		if im.open == nil {
			im.open = &chunk{buf: make([]byte, 0, im.store.opts.BulkBytes+slack)}
		}
		c := im.open
		begin, raw := len(c.buf), len(e.message.Bytes(row))
		c.buf = e.document(c.buf, row, at[row], im.into.line())
		c.docs = append(c.docs, document{index: im.into, from: e.from, row: row, raw: raw, begin: begin, end: len(c.buf)})
		im.count(at[row], int64(raw))
		if len(c.buf) >= im.store.opts.BulkBytes {
			if err := im.send(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

func (im *importing) count(at, raw int64) {
	p, t := &im.added, time.Unix(0, at).UTC()
	if p.Events == 0 || t.Before(p.From) {
		p.From = t
	}
	if p.Events == 0 || t.After(p.To) {
		p.To = t
	}
	p.Events++
	p.RawBytes += raw
}

// send waits for the chunk on its way and sends the next.
func (im *importing) send(ctx context.Context) error {
	if err := im.wait(ctx); err != nil {
		return err
	}
	c := im.open
	im.open = nil
	if c == nil {
		return nil
	}
	flight := make(chan error, 1)
	im.flight = flight
	go func() { flight <- im.deliver(c) }()
	return nil
}

func (im *importing) wait(ctx context.Context) error {
	if im.flight == nil {
		return nil
	}
	select {
	case err := <-im.flight:
		im.flight = nil
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// deliver sends a chunk until every document is kept.
func (im *importing) deliver(c *chunk) error {
	todo := []*chunk{c}
	pause, since := firstPause, time.Now()
	for len(todo) > 0 {
		again, err := im.bulk(todo[0])
		switch {
		case err == nil:
			todo, pause, since = todo[1:], firstPause, time.Now()
			continue
		case isStatus(err, http.StatusRequestEntityTooLarge) && len(todo[0].docs) > 1:
			whole, half := todo[0], len(todo[0].docs)/2
			todo = append([]*chunk{{buf: whole.buf, docs: whole.docs[:half]}, {buf: whole.buf, docs: whole.docs[half:]}}, todo[1:]...)
			continue
		case im.ctx.Err() != nil, !errors.Is(err, store.ErrUnavailable), time.Since(since) > importPatience:
			return err
		}
		if again != nil {
			todo[0] = again
		}
		select {
		case <-im.ctx.Done():
			return im.ctx.Err()
		case <-time.After(pause/2 + rand.N(pause/2)):
		}
		pause = min(2*pause, mostPause)
	}
	return nil
}

// bulk sends a chunk once. With an error of a cluster that is not well, the chunk returned holds what is to be sent
// again; nil means all.
func (im *importing) bulk(c *chunk) (again *chunk, err error) {
	body := c.buf[c.docs[0].begin:c.docs[len(c.docs)-1].end]
	answer, err := im.store.client.call(im.ctx, http.MethodPost, bulkPath+"&timeout="+im.store.patience(), "application/x-ndjson", body)
	if err != nil || bytes.HasPrefix(answer, allKept) {
		return nil, err
	}
	a, err := im.store.readBulk(answer, c)
	if err != nil {
		return nil, err
	}
	again = &chunk{}
	for i, d := range c.docs {
		item := a.Items[i]["index"]
		if item.Status < 300 {
			continue
		}
		e := im.store.itemError(item.Status, item.Error)
		if !errors.Is(e, store.ErrUnavailable) {
			return nil, fmt.Errorf("row %d of %s: %w", d.row, d.from.source, e)
		}
		again.add(c.buf, d)
		err = e
	}
	return again, err
}

// Commit implements [store.Import].
func (im *importing) Commit(ctx context.Context) (store.Partition, error) {
	im.mu.Lock()
	defer im.mu.Unlock()
	if im.done {
		return store.Partition{}, errImportDone
	}
	err := im.err
	if err == nil {
		if err = im.commit(ctx); err != nil {
			err = fmt.Errorf("import of %s: %w", im.request.ID(), err)
		}
	}
	if err != nil || im.added.Events == 0 {
		return im.added, errors.Join(err, im.undo(ctx))
	}
	im.done = true
	im.stop()
	_ = im.store.sizes(ctx) // they are not worth an error
	im.store.mu.Lock()
	defer im.store.mu.Unlock()
	im.added.Bytes = im.into.bytes
	return im.added, nil
}

func (im *importing) commit(ctx context.Context) error {
	if err := im.send(ctx); err != nil {
		return err
	}
	if err := im.wait(ctx); err != nil {
		return err
	}
	if im.added.Events == 0 {
		return nil
	}
	s, g := im.store, im.into
	if err := s.client.do(ctx, http.MethodPost, "/"+g.index+"/_refresh", nil, nil); err != nil {
		return err
	}
	var n struct {
		Count int64 `json:"count"`
	}
	if err := s.client.do(ctx, http.MethodGet, "/"+g.index+"/_count", nil, &n); err != nil {
		return err
	}
	if n.Count != im.added.Events {
		return fmt.Errorf("%d events were added, and index %s has %d: some have the same event.id, or somebody else writes there", im.added.Events, g.index, n.Count)
	}
	s.prepare.Lock()
	defer s.prepare.Unlock()
	if err := s.putTemplate(ctx); err != nil {
		return err
	}
	// Fields may have been declared since the index was made.
	if err := s.client.do(ctx, http.MethodPut, "/"+g.index+"/_mapping", map[string]any{"properties": s.product().properties()}, nil); err != nil {
		return fmt.Errorf("mapping of declared fields: %w", err)
	}
	s.mu.Lock()
	there := len(s.series[g.key]) > 0
	s.mu.Unlock()
	if there { // events of the day came in meanwhile
		return fmt.Errorf("%w: %s", store.ErrExists, im.request.ID())
	}
	if err := s.publish(ctx, g); err != nil {
		return err
	}
	m := g.meta()
	m.Committed = true
	if err := s.recordGeneration(ctx, m); err != nil {
		s.fail(err) // the alias tells, too
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	g.docs, g.raw = im.added.Events, im.added.RawBytes
	s.series[g.key] = append(s.series[g.key], g)
	delete(s.coming, im.request.ID())
	return nil
}

// publish puts an import's index under the alias.
func (s *Store) publish(ctx context.Context, g *generation) error {
	action := map[string]any{"add": map[string]any{"index": g.index, "alias": s.alias()}}
	if err := s.client.do(ctx, http.MethodPost, "/_aliases", map[string]any{"actions": []any{action}}, nil); err != nil {
		return fmt.Errorf("index %s under the alias %s: %w", g.index, s.alias(), err)
	}
	return nil
}

// underAlias are the indices that queries see.
func (s *Store) underAlias(ctx context.Context) (map[string]bool, error) {
	var a map[string]any
	err := s.client.do(ctx, http.MethodGet, "/"+s.alias()+"/_alias", nil, &a)
	if err != nil && !isMissing(err) {
		return nil, fmt.Errorf("alias %s: %w", s.alias(), err)
	}
	out := map[string]bool{}
	for name := range a {
		out[name] = true
	}
	return out, nil
}

// Abort implements [store.Import]. What could not be removed is removed by the next import of the partition, or when
// the store is opened again.
func (im *importing) Abort() error {
	im.stop() // a chunk on its way may wait for long
	im.mu.Lock()
	defer im.mu.Unlock()
	if im.done {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), closeWait)
	defer cancel()
	return im.undo(ctx)
}

// undo removes what was written. im.mu is held.
func (im *importing) undo(ctx context.Context) error {
	im.done, im.open = true, nil
	im.stop()
	if im.flight != nil {
		<-im.flight //nolint:errcheck // what it says does not matter any more
		im.flight = nil
	}
	ctx = context.WithoutCancel(ctx)
	m := im.into.meta()
	m.Dropped = true
	im.undone = im.store.recordGeneration(ctx, m)
	if im.undone == nil {
		im.undone = im.store.delete(ctx, im.into)
	}
	if im.undone != nil {
		im.undone = fmt.Errorf("undoing the import of %s: %w", im.request.ID(), im.undone)
		return im.undone
	}
	im.store.mu.Lock()
	defer im.store.mu.Unlock()
	delete(im.store.coming, im.request.ID())
	return nil
}

// abortImports gives up all imports on their way.
func (s *Store) abortImports() {
	s.mu.Lock()
	list := slices.Collect(maps.Values(s.coming))
	s.mu.Unlock()
	for _, im := range list {
		_ = im.Abort() // what is left is removed when the store is opened again
	}
}

// Adopt implements [store.Store].
func (s *Store) Adopt(ctx context.Context, offset uint64) error {
	if offset > math.MaxInt64 {
		return fmt.Errorf("%w: offset %d", store.ErrRequest, offset)
	}
	if err := s.ready(ctx); err != nil {
		return err
	}
	if err := s.drain(ctx); err != nil {
		return err
	}
	s.mu.Lock()
	s.appended = max(s.appended, offset)
	s.mu.Unlock()
	return s.record(ctx)
}
