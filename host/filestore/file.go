package filestore

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"time"
)

// File reads a blob and checks what it reads: each chunk against its sum before any of it is handed out, and a blob
// that is read from its beginning to its end against its name before its last chunk is. What is damaged is
// [ErrDamaged], never data. For one goroutine.
type File struct {
	// Size in bytes, as uploaded.
	Size int64
	// Stored is when it was last uploaded.
	Stored time.Time

	s     *Store
	sha   string
	blob  *os.File
	sums  []byte
	at    int64  // position of the reader
	chunk []byte // the chunk last read, checked
	first int64  // its position; -1: none
	whole hash.Hash
	next  int64 // the chunk that whole expects next; -1: it was not read in order
	err   error // the first damage met
}

// Open opens a blob for reading; [ErrNotFound] if there is none of that name.
func (s *Store) Open(sha string) (*File, error) {
	if !IsSHA256(sha) {
		return nil, ErrNotFound
	}
	f, err := os.Open(s.blob(sha))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	sums, err := os.ReadFile(s.blob(sha) + sumsSuffix)
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Stat(s.blob(sha)); errors.Is(err, fs.ErrNotExist) { // it has just been collected
			return nil, errors.Join(ErrNotFound, f.Close())
		}
	} else if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	o := &File{Size: info.Size(), Stored: info.ModTime(), s: s, sha: sha, blob: f, sums: sums, first: -1, whole: sha256.New()}
	if chunks := (o.Size + chunkBytes - 1) / chunkBytes; int64(len(sums)) != chunks*sha256.Size {
		return nil, errors.Join(o.damaged("%d bytes of sums for %d bytes", len(sums), o.Size), f.Close())
	}
	return o, nil
}

func (f *File) damaged(format string, args ...any) error {
	f.s.damaged.Add(1)
	f.s.lastDamaged.Store(&f.sha)
	f.err = fmt.Errorf("%w: %s: %s", ErrDamaged, f.sha, fmt.Sprintf(format, args...))
	return f.err
}

// Err is the damage that reading has met, nil for none.
func (f *File) Err() error { return f.err }

// Read implements [io.Reader].
func (f *File) Read(p []byte) (int, error) {
	if f.err != nil {
		return 0, f.err
	}
	if f.at >= f.Size {
		return 0, io.EOF
	}
	if f.first < 0 || f.at < f.first || f.at >= f.first+int64(len(f.chunk)) {
		if err := f.load(f.at - f.at%chunkBytes); err != nil {
			return 0, err
		}
	}
	n := copy(p, f.chunk[f.at-f.first:])
	f.at += int64(n)
	return n, nil
}

// load reads and checks the chunk that begins at first.
func (f *File) load(first int64) error {
	n := min(chunkBytes, f.Size-first)
	if f.chunk == nil {
		f.chunk = make([]byte, min(chunkBytes, f.Size))
	}
	f.chunk, f.first = f.chunk[:n], -1
	if _, err := f.blob.ReadAt(f.chunk, first); errors.Is(err, io.EOF) {
		return f.damaged("it ends before byte %d", first+n)
	} else if err != nil {
		return f.damaged("bytes %d to %d cannot be read: %s", first, first+n, err)
	}
	sum := sha256.Sum256(f.chunk)
	i := first / chunkBytes * sha256.Size
	if !bytes.Equal(sum[:], f.sums[i:i+sha256.Size]) {
		return f.damaged("bytes %d to %d are not what was uploaded", first, first+n)
	}
	switch {
	case first != f.next:
		f.next = -1
	default:
		_, _ = f.whole.Write(f.chunk) // a hash never fails
		if f.next += n; f.next == f.Size && hex.EncodeToString(f.whole.Sum(nil)) != f.sha {
			return f.damaged("as a whole it is not what was uploaded")
		}
	}
	f.first = first
	return nil
}

// Seek implements [io.Seeker].
func (f *File) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += f.at
	case io.SeekEnd:
		offset += f.Size
	}
	if offset < 0 {
		return 0, errors.New("seek before the beginning")
	}
	f.at = offset
	return offset, nil
}

// Close implements [io.Closer].
func (f *File) Close() error { return f.blob.Close() }
