package elastic

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"github.com/logcenter/logcenter/host/store"
)

// DropPartition implements [store.Store]. It flushes first, so that events on their way go too; from then on it cannot
// be cancelled. With an error about deleting, the partition is dropped and deleted later.
func (s *Store) DropPartition(ctx context.Context, id string) error {
	if err := s.Flush(ctx); err != nil {
		return err
	}
	s.prepare.Lock()
	defer s.prepare.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	var gone []*generation
	s.mu.Lock()
	for key, gens := range s.series {
		if key.id() == id {
			gone = gens
		}
	}
	s.mu.Unlock()
	if len(gone) == 0 {
		return fmt.Errorf("%w: there is no partition %q", store.ErrRequest, id)
	}
	ctx, cancel := s.own(ctx)
	defer cancel()
	if err := s.recordDropped(ctx, gone); err != nil {
		return fmt.Errorf("partition %s: %w", id, err)
	}
	s.doom(gone) // whatever follows: what is recorded as dropped takes no event any more
	hidden := s.hide(ctx, gone)
	err := s.bury(ctx)
	if hidden != nil && slices.ContainsFunc(gone, func(g *generation) bool { return s.isDoomed(g.index) }) {
		return fmt.Errorf("partition %s is still found until it is deleted: %w", id, errors.Join(hidden, err))
	}
	return err
}

// own is a context that ends with the store's timeout, not with the caller's patience.
func (s *Store) own(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), s.opts.Timeout)
}

// recordDropped writes down that generations of a partition are dropped: with an error, that none is. If the cluster
// does not even take that, they are dropped as far as this store can see: the next one might delete them, so nothing
// may be added to them. s.prepare is held.
func (s *Store) recordDropped(ctx context.Context, gone []*generation) error {
	for i, g := range gone {
		m := g.meta()
		m.Dropped = true
		err := s.recordGeneration(ctx, m)
		if err == nil {
			continue
		}
		ctx, cancel := s.own(ctx)
		defer cancel()
		for _, g := range gone[:i+1] { // the last may have arrived in spite of the error
			if again := s.recordGeneration(ctx, g.living()); again != nil {
				s.doom(gone)
				return errors.Join(err, again)
			}
		}
		return err
	}
	return nil
}

// doom takes all generations of a partition out of what is written and searched, to be deleted.
func (s *Store) doom(gone []*generation) {
	s.mu.Lock()
	delete(s.series, gone[0].key)
	s.mu.Unlock()
	s.scans.Lock()
	s.doomed = append(s.doomed, gone...)
	s.scans.Unlock()
}

func (s *Store) isDoomed(index string) bool {
	s.scans.Lock()
	defer s.scans.Unlock()
	return slices.ContainsFunc(s.doomed, func(g *generation) bool { return g.index == index })
}

// hide takes indices out of the alias, all at once if all are there.
func (s *Store) hide(ctx context.Context, gone []*generation) error {
	remove := func(gone ...*generation) error {
		var actions []any
		for _, g := range gone {
			actions = append(actions, map[string]any{"remove": map[string]any{"index": g.index, "alias": s.alias(), "must_exist": false}})
		}
		return s.client.do(ctx, http.MethodPost, "/_aliases", map[string]any{"actions": actions}, nil)
	}
	absent := func(err error) bool {
		var e *Error
		return isMissing(err) || errors.As(err, &e) && e.Type == "aliases_not_found_exception"
	}
	err := remove(gone...)
	if !absent(err) {
		return err
	}
	for _, g := range gone {
		if err := remove(g); err != nil && !absent(err) {
			return err
		}
	}
	return nil
}

// resumeDrops goes on with drops that were cut short. What cannot be deleted yet, as an index of which a snapshot is
// being made, is tried again later.
func (s *Store) resumeDrops(ctx context.Context, doomed []*generation) error {
	s.scans.Lock()
	s.doomed = doomed
	s.scans.Unlock()
	if len(doomed) == 0 {
		return nil
	}
	if err := s.hide(ctx, doomed); err != nil {
		return err
	}
	if err := s.bury(ctx); err != nil && (ctx.Err() != nil || errors.Is(err, store.ErrUnavailable)) {
		return err
	}
	return nil
}

// bury deletes what is dropped, unless a scan may read it. What it cannot delete is kept for the next time.
func (s *Store) bury(ctx context.Context) error {
	s.scans.Lock()
	var list []*generation
	if s.scanning == 0 {
		list = slices.Clone(s.doomed)
	}
	s.scans.Unlock()
	var errs []error
	for _, g := range list {
		if err := s.delete(ctx, g); err != nil {
			errs = append(errs, err)
			if ctx.Err() != nil || errors.Is(err, store.ErrUnavailable) {
				break
			}
			continue
		}
		s.scans.Lock()
		s.doomed = slices.DeleteFunc(s.doomed, func(d *generation) bool { return d == g })
		s.scans.Unlock()
	}
	return errors.Join(errs...)
}

func (s *Store) delete(ctx context.Context, g *generation) error {
	err := s.client.do(ctx, http.MethodDelete, "/"+g.index, nil, nil)
	if err != nil && !isMissing(err) {
		return fmt.Errorf("deleting index %s: %w", g.index, err)
	}
	err = s.client.do(ctx, http.MethodDelete, "/"+s.metaIndex()+"/_doc/"+url.PathEscape(g.index), nil, nil)
	if err != nil && !isStatus(err, http.StatusNotFound) {
		return fmt.Errorf("forgetting index %s: %w", g.index, err)
	}
	return nil
}
