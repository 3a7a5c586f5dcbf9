package archive

import (
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/logcenter/logcenter/host/durable"
)

// Directory is an archive in a folder of this machine, or one that is mounted.
type Directory string

// Local implements [Destination].
func (d Directory) Local(name string) string {
	return filepath.Join(string(d), filepath.FromSlash(name))
}

func (d Directory) String() string { return string(d) }

// Put implements [Destination]. The file appears under its name when it is whole and on the disk.
func (d Directory) Put(ctx context.Context, name string, r io.Reader, _ int64, _ [sha256.Size]byte) error {
	path := d.Local(name)
	if err := durable.MakeDir(filepath.Dir(path)); err != nil {
		return err
	}
	f, err := os.OpenFile(path+durable.Suffix, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, r)
	if err == nil {
		err = f.Sync()
	}
	if err == nil {
		err = ctx.Err()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return errors.Join(err, os.Remove(path+durable.Suffix))
	}
	return durable.Commit(path)
}

// Get implements [Destination].
func (d Directory) Get(_ context.Context, name string) (io.ReadCloser, error) {
	return os.Open(d.Local(name))
}

// List implements [Destination].
func (d Directory) List(_ context.Context, folder string) (out []Object, err error) {
	err = filepath.WalkDir(d.Local(folder), func(path string, e fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil
		case err != nil:
			return err
		case e.IsDir():
			return nil
		}
		st, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		name, err := filepath.Rel(string(d), path)
		if err != nil {
			return err
		}
		out = append(out, Object{filepath.ToSlash(name), st.Size()})
		return nil
	})
	slices.SortFunc(out, func(a, b Object) int { return strings.Compare(a.Name, b.Name) })
	return out, err
}

// Remove implements [Destination]. Folders that become empty go, too.
func (d Directory) Remove(_ context.Context, name string) error {
	path := d.Local(name)
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for dir := filepath.Dir(path); dir != filepath.Clean(string(d)) && os.Remove(dir) == nil; {
		dir = filepath.Dir(dir)
	}
	return nil
}
