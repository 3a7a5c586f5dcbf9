// Package durable writes files that survive a crash of the host or its machine: behind every call that succeeded the
// content and its name are on the disk, and a file that is replaced has the old content or the new one, whole.
package durable

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// Suffix is behind the name of a file that is not whole yet. What a crash leaves under such a name is worth nothing.
const Suffix = ".tmp"

// Replace gives the file this content; a new one is made, with mode 0600. One caller a path at a time.
func Replace(path string, b []byte) error {
	if err := Write(path+Suffix, b); err != nil {
		return errors.Join(err, os.Remove(path+Suffix))
	}
	return Commit(path)
}

// Commit gives what was written and synced under path with the [Suffix] its name.
func Commit(path string) error {
	dir, err := os.Open(filepath.Dir(path)) // first: an error behind the renaming would look as if nothing was done
	if err != nil {
		return err
	}
	if err = os.Rename(path+Suffix, path); err == nil {
		err = dir.Sync()
	}
	return errors.Join(err, dir.Close())
}

// Write writes a file in its place, which after a crash may have any part of the content. Its name is durable only when
// its folder is, too.
func Write(path string, b []byte) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// Sync puts a file's content on the disk, or the names in a folder.
func Sync(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// MakeDir makes a folder (0700) and those it lies in, as far as they are missing.
func MakeDir(dir string) error {
	if _, err := os.Stat(dir); err == nil {
		return nil
	}
	parent := filepath.Dir(dir)
	if parent != dir {
		if err := MakeDir(parent); err != nil {
			return err
		}
	}
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return Sync(parent)
}
