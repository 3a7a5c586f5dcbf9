package embedded

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/wire"
)

// importing is an import on its way. Its segments are written like those of a flush, and a manifest names them all at
// once when it is committed.
type importing struct {
	store   *Store
	request store.ImportRequest

	mu       sync.Mutex // held before the store's locks
	entries  []*entry
	raw      int64 // bytes of message of entries
	segments []*segment
	err      error // why it can only be aborted
	done     bool
}

var _ store.Import = (*importing)(nil)

var errImportDone = errors.New("the import is committed or aborted")

// Import implements [store.Store].
func (s *Store) Import(ctx context.Context, r store.ImportRequest) (store.Import, error) {
	if s.readOnly {
		return nil, errReadOnly
	}
	if err := r.Check(); err != nil {
		return nil, err
	}
	if err := s.Flush(ctx); err != nil { // what is in the tail may be of the partition
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	id := r.ID()
	switch {
	case s.closed:
		return nil, store.ErrClosed
	case s.coming[id] != nil:
		return nil, fmt.Errorf("%w: %s is being imported", store.ErrExists, id)
	case s.has(id):
		return nil, fmt.Errorf("%w: %s", store.ErrExists, id)
	}
	im := &importing{store: s, request: r}
	s.coming[id] = im
	return im, nil
}

// has says whether there are segments of a partition. s.mu is held.
func (s *Store) has(id string) bool {
	return slices.ContainsFunc(s.segments, func(g *segment) bool { return g.partition() == id })
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
	err := b.Validate(uint32(ecs.Message))
	var e *entry
	if err == nil {
		e, err = newEntry(0, b)
	}
	if err == nil {
		im.entries = append(im.entries, e)
		im.raw += e.raw
		if im.raw >= im.store.opts.FlushBytes {
			err = im.write(ctx)
		}
	}
	if err != nil {
		im.err = fmt.Errorf("import of %s: %w", im.request.ID(), err)
	}
	return im.err
}

// write makes segments of what was added.
func (im *importing) write(ctx context.Context) error {
	s := im.store
	s.write.Lock()
	defer s.write.Unlock()
	if err := s.writable(); err != nil {
		return err
	}
	if len(im.entries) == 0 {
		return nil
	}
	segs, err := s.writeRows(ctx, &flushRows{entries: im.entries, into: &im.request})
	im.segments = append(im.segments, segs...)
	im.entries, im.raw = nil, 0
	return err
}

// writable says whether the engines still run. s.write is held.
func (s *Store) writable() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return store.ErrClosed
	}
	return nil
}

// Commit implements [store.Import].
func (im *importing) Commit(ctx context.Context) (store.Partition, error) {
	im.mu.Lock()
	defer im.mu.Unlock()
	switch {
	case im.done:
		return store.Partition{}, errImportDone
	case im.err != nil:
		im.forget()
		return store.Partition{}, im.err
	}
	err := im.write(ctx)
	if err == nil {
		err = im.commit()
	}
	if err != nil {
		im.forget()
		return store.Partition{}, fmt.Errorf("import of %s: %w", im.request.ID(), err)
	}
	return im.partition(), nil
}

// commit has the manifest name the segments.
func (im *importing) commit() error {
	s := im.store
	s.write.Lock()
	defer s.write.Unlock()
	if err := s.writable(); err != nil {
		return err
	}
	s.mu.Lock()
	old, durable, number := s.segments, s.durable, s.imports+1
	there := s.has(im.request.ID())
	s.mu.Unlock()
	if there { // events of the day came in meanwhile
		return fmt.Errorf("%w: %s", store.ErrExists, im.request.ID())
	}
	for _, g := range im.segments {
		g.Import = number
	}
	all := append(old[:len(old):len(old)], im.segments...)
	if err := s.commitImport(all, durable, number); err != nil {
		return err
	}
	s.mu.Lock()
	s.segments, s.imports = all, number
	delete(s.coming, im.request.ID())
	s.mu.Unlock()
	im.done = true
	return nil
}

// partition describes what was imported.
func (im *importing) partition() store.Partition {
	r := im.request
	p := store.Partition{ID: r.ID(), Class: r.Class, Day: r.Day, Restored: r.Restored, Expires: r.Expires}
	for i, g := range im.segments {
		p.Events += g.Rows
		p.Bytes += g.Bytes
		p.RawBytes += g.Raw
		from, to := time.Unix(0, g.MinTime).UTC(), time.Unix(0, g.MaxTime).UTC()
		if i == 0 || from.Before(p.From) {
			p.From = from
		}
		if i == 0 || to.After(p.To) {
			p.To = to
		}
	}
	return p
}

// Abort implements [store.Import].
func (im *importing) Abort() error {
	im.mu.Lock()
	defer im.mu.Unlock()
	im.forget()
	return nil
}

// forget removes what was written. im.mu is held.
func (im *importing) forget() {
	if im.done {
		return
	}
	im.done = true
	for _, g := range im.segments {
		g.drop.Store(true)
		g.release()
	}
	im.segments, im.entries = nil, nil
	s := im.store
	s.mu.Lock()
	delete(s.coming, im.request.ID())
	s.mu.Unlock()
}

// abortImports gives up all imports on their way.
func (s *Store) abortImports() {
	s.mu.Lock()
	list := slices.Collect(maps.Values(s.coming))
	s.mu.Unlock()
	for _, im := range list {
		_ = im.Abort() // cannot fail
	}
}

// Adopt implements [store.Store].
func (s *Store) Adopt(ctx context.Context, offset uint64) error {
	if err := s.Flush(ctx); err != nil {
		return err
	}
	s.mu.Lock()
	s.appended = max(s.appended, offset)
	s.mu.Unlock()
	return s.flush(ctx) // which makes it durable
}
