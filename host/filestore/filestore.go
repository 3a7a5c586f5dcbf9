// Package filestore keeps files and videos by their content: what an event tells of (name, source, time) is
// the event's, the bytes are here, under the SHA-256 of them.
//
// The one idea: a blob is there before its event is, and as long as anything may refer to it. So an upload is
// written, synced and renamed into place, then its event is made durable, and only then it is answered; a crash
// leaves at most a blob whose event nobody was promised, which the next Open finds by its mark and removes.
//
//	DIR/ab/cd/SHA256      a blob; its time of modification is that of its last upload
//	DIR/ab/cd/SHA256.sum  SHA-256 of each of its chunks, so that any part is checked before it is handed out
//	DIR/pending/SHA256    the mark of a new blob whose event is being made durable; holds that event's key
//	DIR/tmp/*.tmp         uploads on their way, removed by Open
//
// Equal content is stored once: a further upload replaces the blob by its own copy, which makes it younger and
// mends it if the disk has damaged it. There is no count of references that could be wrong after a crash;
// [Store.Collect] asks whoever knows the events.
package filestore

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Errors that callers tell apart with errors.Is.
var (
	ErrNotFound = errors.New("there is no such file")
	// ErrDamaged means that a blob on the disk is not what was uploaded.
	ErrDamaged = errors.New("the file is damaged on the host's disk")
	// ErrTooLarge means that a file exceeds Options.MaxBytes.
	ErrTooLarge = errors.New("the file is too large")
	// ErrFull means that Options.TotalBytes or Options.KeepFree leave no room.
	ErrFull = errors.New("there is no room for more files")
)

// Options of Open. All sizes are bytes.
type Options struct {
	// MaxBytes bounds a file. 0 means no bound.
	MaxBytes int64
	// TotalBytes bounds all files together, those on their way included. 0 means no bound.
	TotalBytes int64
	// KeepFree is how much of the disk is left to others: with less free, nothing is taken. 0 means nothing is left.
	KeepFree int64
	// Journalled says whether the event of an upload that was cut off is durable, by the key given to
	// [Upload.Commit]; at is when that was. If it is not known, say true: the blob is kept then. Called by Open only.
	Journalled func(key string, at time.Time) bool
	// Logf is told what an admin should know. nil = nobody.
	Logf func(format string, args ...any)
}

// chunkBytes is what is checked as a whole. A constant of the format.
const chunkBytes = 256 << 10

const (
	tmpDir     = "tmp"
	pendingDir = "pending"
	sumsSuffix = ".sum"
)

// Store keeps blobs. Made by Open; safe for concurrent use. One process uses a folder at a time.
type Store struct {
	dir string
	o   Options

	mu     sync.Mutex
	blobs  int64
	bytes  int64            // on disk, with chunk sums
	coming int64            // of uploads on their way
	locks  map[string]*lock // by SHA-256

	received, duplicates, damaged, collected, collectedBytes, orphans atomic.Int64
	lastDamaged                                                       atomic.Pointer[string]
}

// lock is held by who changes a blob.
type lock struct {
	held  chan struct{} // has one element while it is held
	users int
}

// Open opens the store in a folder, which it makes if need be, and removes what a crash left there: uploads
// that were never whole, and blobs whose event was never durable.
func Open(dir string, o Options) (*Store, error) {
	s := &Store{dir: dir, o: o, locks: map[string]*lock{}}
	for _, d := range []string{dir, s.path(tmpDir), s.path(pendingDir)} {
		if err := os.MkdirAll(d, 0o700); err != nil {
			return nil, fmt.Errorf("files: %w", err)
		}
	}
	if err := s.sweep(); err != nil {
		return nil, fmt.Errorf("files: %w", err)
	}
	if err := s.recover(); err != nil {
		return nil, fmt.Errorf("files: %w", err)
	}
	err := s.walk(context.Background(), func(_ string, size int64, _ time.Time) error {
		s.blobs++
		s.bytes += size
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("files: %w", err)
	}
	return s, nil
}

func (s *Store) path(names ...string) string {
	return filepath.Join(append([]string{s.dir}, names...)...)
}

// blob is the path of a blob.
func (s *Store) blob(sha string) string { return s.path(sha[:2], sha[2:4], sha) }

func (s *Store) logf(format string, args ...any) {
	if s.o.Logf != nil {
		s.o.Logf(format, args...)
	}
}

// IsSHA256 says whether text is a SHA-256 as files are named by: 64 lower-case hexadecimal digits.
func IsSHA256(text string) bool {
	if len(text) != 2*sha256.Size || strings.ToLower(text) != text {
		return false
	}
	_, err := hex.DecodeString(text)
	return err == nil
}

// sweep removes uploads that were on their way when the last process ended.
func (s *Store) sweep() error {
	left, err := os.ReadDir(s.path(tmpDir))
	if err != nil {
		return err
	}
	for _, e := range left {
		if err := os.Remove(s.path(tmpDir, e.Name())); err != nil {
			return err
		}
	}
	return nil
}

// recover decides about blobs whose event was being made durable when the last process ended.
func (s *Store) recover() error {
	marks, err := os.ReadDir(s.path(pendingDir))
	if err != nil {
		return err
	}
	for _, e := range marks {
		mark := s.path(pendingDir, e.Name())
		if !IsSHA256(e.Name()) { // not ours
			continue
		}
		key, err := os.ReadFile(mark)
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		if s.o.Journalled != nil && !s.o.Journalled(string(key), info.ModTime()) {
			s.logf("file %s was not wholly taken when the host ended, and is removed: its sender was not answered", e.Name())
			s.orphans.Add(1)
			if err := s.unlink(e.Name()); err != nil {
				return err
			}
		}
		if err := os.Remove(mark); err != nil {
			return err
		}
	}
	return nil
}

// unlink removes a blob's files, the blob first: without it, its sums are nothing.
func (s *Store) unlink(sha string) error {
	path := s.blob(sha)
	for _, p := range []string{path, path + sumsSuffix} {
		if err := os.Remove(p); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// walk calls f for each blob with its size on disk and the time of its last upload, until f returns an error.
func (s *Store) walk(ctx context.Context, f func(sha string, size int64, at time.Time) error) error {
	for a := range 256 {
		outer := fmt.Sprintf("%02x", a)
		inner, err := os.ReadDir(s.path(outer))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		for _, d := range inner {
			if err := ctx.Err(); err != nil {
				return err
			}
			names, err := os.ReadDir(s.path(outer, d.Name()))
			if err != nil {
				return err
			}
			last := "" // names are sorted: a blob comes right before its sums
			for _, e := range names {
				sha := strings.TrimSuffix(e.Name(), sumsSuffix)
				if !IsSHA256(sha) || !strings.HasPrefix(sha, outer+d.Name()) {
					continue // not ours
				}
				if sha != e.Name() {
					if sha != last {
						if err := s.sweepSums(sha); err != nil {
							return err
						}
					}
					continue
				}
				last = sha
				info, err := e.Info()
				if errors.Is(err, fs.ErrNotExist) { // just removed
					continue
				}
				if err != nil {
					return err
				}
				if err := f(sha, onDisk(info.Size()), info.ModTime()); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// sweepSums removes sums whose blob a crash has removed alone.
func (s *Store) sweepSums(sha string) error {
	unlock, err := s.lock(context.Background(), sha)
	if err != nil {
		return err
	}
	defer unlock()
	if _, err := os.Stat(s.blob(sha)); !errors.Is(err, fs.ErrNotExist) {
		return err // it has just been uploaded
	}
	err = os.Remove(s.blob(sha) + sumsSuffix)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// onDisk is the size of a blob of so many bytes with its sums.
func onDisk(size int64) int64 { return size + (size+chunkBytes-1)/chunkBytes*sha256.Size }

// lock makes the caller the only one that changes a blob, until it calls unlock.
func (s *Store) lock(ctx context.Context, sha string) (unlock func(), err error) {
	s.mu.Lock()
	l := s.locks[sha]
	if l == nil {
		l = &lock{held: make(chan struct{}, 1)}
		s.locks[sha] = l
	}
	l.users++
	s.mu.Unlock()
	leave := func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if l.users--; l.users == 0 {
			delete(s.locks, sha)
		}
	}
	select {
	case l.held <- struct{}{}:
		return func() { <-l.held; leave() }, nil
	case <-ctx.Done():
		leave()
		return nil, ctx.Err()
	}
}

// Stats describes a store at one moment. Counters count since Open.
type Stats struct {
	Files          int64
	Bytes          int64 // on disk
	TotalBytes     int64 // the bound; 0: none
	Coming         int64 // bytes of uploads on their way
	Received       int64 // uploads committed
	Duplicates     int64 // of these: the content was there already
	Collected      int64 // files removed because nothing refers to them any more
	CollectedBytes int64
	Orphans        int64  // files removed by Open because their upload was cut off
	Damaged        int64  // reads that met a damaged file
	LastDamaged    string // SHA-256 of the last of these; empty: none, or it was mended since
}

// Stats is a snapshot.
func (s *Store) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := Stats{
		Files: s.blobs, Bytes: s.bytes, TotalBytes: s.o.TotalBytes, Coming: s.coming,
		Received: s.received.Load(), Duplicates: s.duplicates.Load(), Collected: s.collected.Load(),
		CollectedBytes: s.collectedBytes.Load(), Orphans: s.orphans.Load(), Damaged: s.damaged.Load(),
	}
	if sha := s.lastDamaged.Load(); sha != nil {
		st.LastDamaged = *sha
	}
	return st
}
