package filestore

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"
)

// Collected is what a pass of Collect did.
type Collected struct {
	Files int64 // removed
	Bytes int64 // of these, on disk
	Kept  int64 // old enough, but referred to
}

// Collect removes the blobs that were last uploaded before a time and that referenced says no event refers to any
// more. An error of referenced keeps its blob and ends the pass. One pass at a time; uploads go on beside it, and a
// blob that is uploaded again meanwhile stays.
func (s *Store) Collect(ctx context.Context, before time.Time, referenced func(ctx context.Context, sha string) (bool, error)) (c Collected, err error) {
	err = s.walk(ctx, func(sha string, _ int64, at time.Time) error {
		if !at.Before(before) {
			return nil
		}
		used, err := referenced(ctx, sha)
		if err != nil {
			return fmt.Errorf("who refers to file %s: %w", sha, err)
		}
		if used {
			c.Kept++
			return nil
		}
		size, err := s.remove(ctx, sha, before)
		if err == nil && size >= 0 {
			c.Files++
			c.Bytes += size
		}
		return err
	})
	return c, err
}

// remove removes a blob that is still older than before, and returns its size on disk, -1 if it is not.
func (s *Store) remove(ctx context.Context, sha string, before time.Time) (int64, error) {
	unlock, err := s.lock(ctx, sha)
	if err != nil {
		return -1, err
	}
	defer unlock()
	info, err := os.Stat(s.blob(sha))
	if errors.Is(err, os.ErrNotExist) || err == nil && !info.ModTime().Before(before) {
		return -1, nil
	}
	if err != nil {
		return -1, err
	}
	size := onDisk(info.Size())
	if err := s.unlink(sha); err != nil {
		return -1, err
	}
	s.collected.Add(1)
	s.collectedBytes.Add(size)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.blobs--
	s.bytes -= size
	return size, nil
}
