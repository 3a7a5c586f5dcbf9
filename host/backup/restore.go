package backup

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/logcenter/logcenter/host/durable"
)

// Marker is the file that a data directory has while it is being restored.
const Marker = "RESTORE_UNFINISHED"

// Verify reads everything a copy has. The error names every file that is not as it was.
func (c *Copy) Verify(ctx context.Context, dir string, progress func(Progress)) error {
	at := Progress{TotalFiles: len(c.Files), TotalBytes: c.Bytes}
	var errs []error
	for _, f := range c.Files {
		err := f.copyTo(ctx, dir, io.Discard)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			errs = append(errs, err)
		}
		at.Files++
		at.Bytes += f.Size
		progress(at)
	}
	return errors.Join(errs...)
}

// copyTo writes the content of a file and checks it.
func (f *File) copyTo(ctx context.Context, dir string, w io.Writer) error {
	path := object(dir, f.SHA256)
	src, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: %s is missing, the content of %s", ErrDamaged, path, f.Path)
	}
	if err != nil {
		return err
	}
	defer src.Close() //nolint:errcheck // it is only read
	h := sha256.New()
	n, err := io.Copy(io.MultiWriter(w, h), &interruptible{ctx, src})
	if err != nil {
		return err
	}
	if n != f.Size || hex.EncodeToString(h.Sum(nil)) != f.SHA256 {
		return fmt.Errorf("%w: %s, the content of %s, is not what was written", ErrDamaged, path, f.Path)
	}
	return nil
}

// CheckEmpty says whether a copy may be restored into a directory: it must be missing, empty, or have been left by a
// restore that did not finish.
func CheckEmpty(data string) error {
	list, err := os.ReadDir(data)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, e := range list {
		if e.Name() == Marker {
			return nil
		}
	}
	for _, e := range list {
		if e.Name() != "lost+found" {
			return fmt.Errorf("%s is not empty, it holds %s: nothing is overwritten; move it away, or name another folder with --data", data, e.Name())
		}
	}
	return nil
}

// Restore brings a copy into an empty data directory. It writes nothing before the whole copy was read and found good.
// A host does not start on the directory before done was called, which ends the restore.
func (c *Copy) Restore(ctx context.Context, dir, data string, progress func(Progress)) (done func() error, err error) {
	if err := CheckEmpty(data); err != nil {
		return nil, err
	}
	if err := c.Verify(ctx, dir, progress); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(data, 0o700); err != nil {
		return nil, err
	}
	marker := filepath.Join(data, Marker)
	if err := durable.Replace(marker, []byte("the restore of "+c.Name+" did not finish: run it again\n")); err != nil {
		return nil, err
	}
	list, err := os.ReadDir(data)
	if err != nil {
		return nil, err
	}
	for _, e := range list { // of a restore before
		if n := e.Name(); n != Marker && n != "lost+found" {
			if err := os.RemoveAll(filepath.Join(data, n)); err != nil {
				return nil, err
			}
		}
	}
	at := Progress{TotalFiles: len(c.Files), TotalBytes: c.Bytes}
	dirs := map[string]bool{}
	for _, f := range c.Files {
		path := filepath.Join(data, filepath.FromSlash(f.Path))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return nil, err
		}
		if err := f.restore(ctx, dir, path); err != nil {
			return nil, err
		}
		for d := filepath.Dir(path); len(d) >= len(data); d = filepath.Dir(d) {
			dirs[d] = true
		}
		at.Files++
		at.Bytes += f.Size
		progress(at)
	}
	for d := range dirs {
		if err := durable.Sync(d); err != nil {
			return nil, err
		}
	}
	return func() error {
		if err := os.Remove(marker); err != nil {
			return err
		}
		return durable.Sync(data)
	}, nil
}

func (f *File) restore(ctx context.Context, dir, path string) error {
	dst, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	err = f.copyTo(ctx, dir, dst)
	if err == nil {
		err = dst.Sync()
	}
	return errors.Join(err, dst.Close())
}
