package embedded

import (
	"context"

	"github.com/logcenter/logcenter/host/store"
)

// Merge merges once; false if there was nothing to merge.
func (s *Store) Merge(ctx context.Context) (bool, error) { return s.merge(ctx) }

// Abandon closes the store without a flush, as a killed process leaves it.
func (s *Store) Abandon() error { return s.close(false) }

// Renew starts a new engine for queries.
func (s *Store) Renew() error {
	s.write.Lock()
	defer s.write.Unlock()
	s.mu.Lock()
	s.dropped = maxDropped + 1
	s.mu.Unlock()
	return s.renew()
}

// Merges counts the merges so far.
func (s *Store) Merges() int64 { return s.merges.Load() }

// AggregateRows is Aggregate from the events alone.
func (s *Store) AggregateRows(ctx context.Context, scope store.Scope, r store.AggregateRequest) (*store.AggregateResult, error) {
	return s.aggregated(ctx, scope, r, true)
}

// LimitPartials bounds partials, for a store that nobody asks yet.
func (s *Store) LimitPartials(bytes int64) { s.partials.limit = bytes }

// Partials are how many were used and made so far.
func (s *Store) Partials() (used, made int64) {
	st := s.Stats()
	return st.PartialsUsed, st.PartialsMade
}

// OnlyTops has the store keep so many groups of each segment, where only the largest are asked for, and nothing else. It is
// for a store that nobody asks yet.
func (s *Store) OnlyTops(groups int) { s.partials.tops, s.partials.strict = groups, true }
