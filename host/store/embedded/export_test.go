package embedded

import "context"

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
