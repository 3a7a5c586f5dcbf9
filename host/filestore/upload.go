package filestore

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/logcenter/logcenter/host/durable"
)

// freeEvery is how many bytes of an upload pass between two looks at the disk's free space.
const freeEvery = 16 << 20

var buffers = sync.Pool{New: func() any { return new([chunkBytes]byte) }}

// Upload is a file that has arrived as a whole and is on the disk, but not yet in the store. For one
// goroutine; Close releases it.
type Upload struct {
	SHA256 string
	Size   int64
	Type   string // sniffed from its beginning, see net/http.DetectContentType

	s    *Store
	path string // of the temporary file, in sync with the disk; empty: renamed
	sums []byte
	held int64 // of the store's bytes on their way
}

// Receive reads r to its end into a temporary file. size is what the sender says, -1 if it does not: a file that is
// too large for the options is refused before it is read. An error of r is returned as it is.
func (s *Store) Receive(ctx context.Context, r io.Reader, size int64) (*Upload, error) {
	if err := s.fits(size); err != nil {
		return nil, err
	}
	u := &Upload{s: s, path: s.path(tmpDir, rand.Text()+".tmp")}
	f, err := os.OpenFile(u.path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	err = u.receive(ctx, r, f)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		u.Close()
		return nil, err
	}
	return u, nil
}

// fits refuses a file of that size, -1 if it is not known, when there is no room.
func (s *Store) fits(size int64) error {
	if s.o.MaxBytes > 0 && size > s.o.MaxBytes {
		return fmt.Errorf("%w: %d bytes, files have %d at most", ErrTooLarge, size, s.o.MaxBytes)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.o.TotalBytes > 0 && s.bytes+s.coming+max(size, 0) > s.o.TotalBytes {
		return s.fullLocked()
	}
	return s.diskFits(max(size, 0))
}

func (s *Store) fullLocked() error {
	return fmt.Errorf("%w: they have %d bytes of %d", ErrFull, s.bytes+s.coming, s.o.TotalBytes)
}

// diskFits refuses size more bytes if less than KeepFree would be left on the disk.
func (s *Store) diskFits(size int64) error {
	if s.o.KeepFree <= 0 {
		return nil
	}
	var st unix.Statfs_t
	if err := unix.Statfs(s.dir, &st); err != nil {
		return err
	}
	if free := int64(st.Bavail) * st.Bsize; free-size < s.o.KeepFree { //nolint:unconvert // the types differ between systems
		return fmt.Errorf("%w: the disk has %d bytes free, %d are kept for logs", ErrFull, free, s.o.KeepFree)
	}
	return nil
}

func (u *Upload) receive(ctx context.Context, r io.Reader, f *os.File) error {
	buf := buffers.Get().(*[chunkBytes]byte)
	defer buffers.Put(buf)
	whole := sha256.New()
	for end := false; !end; {
		n, err := fill(r, buf[:])
		if end = errors.Is(err, io.EOF); err != nil && !end {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if u.Size == 0 {
			u.Type = http.DetectContentType(buf[:n])
		}
		if n == 0 {
			break
		}
		if err := u.reserve(int64(n)); err != nil {
			return err
		}
		if _, err := f.Write(buf[:n]); err != nil {
			return err
		}
		_, _ = whole.Write(buf[:n]) // a hash never fails
		sum := sha256.Sum256(buf[:n])
		u.sums = append(u.sums, sum[:]...)
		u.Size += int64(n)
	}
	u.SHA256 = hex.EncodeToString(whole.Sum(nil))
	return nil
}

// fill reads until buf is full or r ends. Unlike io.ReadFull it leaves the reader's errors as they are: a body that
// was cut off must not look like one that has ended.
func fill(r io.Reader, buf []byte) (n int, err error) {
	for n < len(buf) && err == nil {
		var m int
		m, err = r.Read(buf[n:])
		n += m
	}
	return n, err
}

// reserve takes room for n more bytes.
func (u *Upload) reserve(n int64) error {
	s := u.s
	if s.o.MaxBytes > 0 && u.Size+n > s.o.MaxBytes {
		return fmt.Errorf("%w: files have %d bytes at most", ErrTooLarge, s.o.MaxBytes)
	}
	if u.Size/freeEvery != (u.Size+n)/freeEvery {
		if err := s.diskFits(0); err != nil {
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	n += sha256.Size
	if s.o.TotalBytes > 0 && s.bytes+s.coming+n > s.o.TotalBytes {
		return s.fullLocked()
	}
	s.coming += n
	u.held += n
	return nil
}

// Commit puts the file into the store and then calls event, which makes its event durable under key; it says no
// more than 256 bytes. When Commit returns nil both survive a crash. When event fails, which must mean that the event
// is not durable, a blob that was not there before is removed again. Uploads of the same content wait for each other.
// existed says that the content was there already.
func (u *Upload) Commit(ctx context.Context, key string, event func() error) (existed bool, err error) {
	s := u.s
	unlock, err := s.lock(ctx, u.SHA256)
	if err != nil {
		return false, err
	}
	defer unlock()
	path, mark := s.blob(u.SHA256), s.path(pendingDir, u.SHA256)
	if _, err := os.Stat(path); err == nil {
		existed = true
	} else if !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	if !existed {
		if err := s.write(mark, []byte(key)); err != nil {
			return false, err
		}
	}
	err = u.place(path)
	if err == nil {
		err = event()
	}
	if err != nil {
		if !existed {
			gone := s.unlink(u.SHA256)
			if gone == nil {
				gone = os.Remove(mark)
			}
			err = errors.Join(err, gone)
		}
		return existed, err
	}
	// The mark need not go durably: whoever finds it finds the event, too.
	if err := os.Remove(mark); err != nil && !errors.Is(err, fs.ErrNotExist) {
		s.logf("file %s is stored, but the mark of its upload stays until the next start: %v", u.SHA256, err)
	}
	s.account(u, existed)
	return existed, nil
}

// account counts a committed upload. A blob that was there before has the size that it was counted with.
func (s *Store) account(u *Upload, existed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.received.Add(1)
	if existed {
		s.duplicates.Add(1)
	} else {
		s.blobs++
		s.bytes += onDisk(u.Size)
	}
	if last := s.lastDamaged.Load(); last != nil && *last == u.SHA256 {
		s.lastDamaged.Store(nil) // it has been replaced
	}
}

// place renames the temporary file and the sums into place, durably.
func (u *Upload) place(path string) error {
	dir := filepath.Dir(path)
	if err := durable.MakeDir(dir); err != nil {
		return err
	}
	if err := u.s.write(path+sumsSuffix, u.sums); err != nil {
		return err
	}
	if err := os.Rename(u.path, path); err != nil {
		return err
	}
	u.path = ""
	return durable.Sync(dir)
}

// write makes a file with b in it, durably, or replaces it.
func (s *Store) write(path string, b []byte) error {
	tmp := s.path(tmpDir, rand.Text()+".tmp")
	f, err := os.OpenFile(tmp, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(tmp, path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(tmp))
	}
	return durable.Sync(filepath.Dir(path))
}

// Close removes what was not committed. It may be called again.
func (u *Upload) Close() {
	if u.path != "" {
		if err := os.Remove(u.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			u.s.logf("an upload that was given up stays on the disk until the next start: %v", err)
		}
		u.path = ""
	}
	u.s.mu.Lock()
	defer u.s.mu.Unlock()
	u.s.coming -= u.held
	u.held = 0
}
