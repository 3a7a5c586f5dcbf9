package embedded

import "context"

// Merge merges once; false if there was nothing to merge.
func (s *Store) Merge(ctx context.Context) (bool, error) { return s.merge(ctx) }

// Abandon closes the store without a flush, as a killed process leaves it.
func (s *Store) Abandon() error { return s.close(false) }
