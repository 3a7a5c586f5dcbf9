package plugin

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

const (
	// socketsPrefix begins the names of folders for sockets. It is short, as all of a path is.
	socketsPrefix = "lc-plugins-"
	// socketPathMost is how long the path of a socket may be (unix(7)), and socketPathRest what go-plugin and the SDKs
	// put behind the folder: a folder for each process, and the socket.
	socketPathMost = 107
	socketPathRest = len("/plugin-dir4294967295/plugin4294967295")
	socketsTries   = 10
)

// sockets is a folder for the sockets of plugins. It lies in the temporary directory, since a data directory's path may
// be too long for a socket's. The lock on it tells other hosts, and systemd-tmpfiles, that it is in use; it goes with
// this process, however that ends.
type sockets struct {
	dir  string
	lock *os.File
}

// openSockets makes a folder, and removes those whose process was killed.
func openSockets() (*sockets, error) {
	in := os.TempDir()
	if dir := filepath.Join(in, socketsPrefix+"4294967295"); len(dir)+socketPathRest > socketPathMost {
		return nil, fmt.Errorf("the path of the temporary directory, %s, is too long for sockets in it: set TMPDIR to one of at most %d bytes, e.g. /tmp",
			in, len(in)-(len(dir)+socketPathRest-socketPathMost))
	}
	sweepSockets(in)
	for range socketsTries {
		dir, err := os.MkdirTemp(in, socketsPrefix)
		if err != nil {
			return nil, err
		}
		lock, err := lockFolder(dir)
		switch {
		case errors.Is(err, syscall.EWOULDBLOCK), errors.Is(err, fs.ErrNotExist): // another host sweeps, and saw it without its lock
			continue
		case err != nil:
			return nil, errors.Join(err, os.Remove(dir))
		}
		return &sockets{dir, lock}, nil
	}
	return nil, fmt.Errorf("no folder for sockets can be had in %s: something removes them", in)
}

// Close removes the folder. Once more is no harm.
func (s *sockets) Close() error {
	err := errors.Join(os.RemoveAll(s.dir), s.lock.Close())
	if errors.Is(err, fs.ErrClosed) {
		return nil
	}
	return err
}

// sweepSockets removes folders that nobody uses any more. What cannot be removed is left to the next one.
func sweepSockets(in string) {
	entries, err := os.ReadDir(in)
	if err != nil {
		return
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), socketsPrefix) || !e.IsDir() {
			continue
		}
		dir := filepath.Join(in, e.Name())
		lock, err := lockFolder(dir)
		if err != nil { // in use, or another user's
			continue
		}
		_ = os.RemoveAll(dir)
		_ = lock.Close()
	}
}

// lockFolder locks a folder of this user's. The error is EWOULDBLOCK if it is in use, and fs.ErrNotExist if it is not
// there any more.
func lockFolder(dir string) (*os.File, error) {
	f, err := os.OpenFile(dir, os.O_RDONLY|syscall.O_DIRECTORY|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return nil, err
	}
	if err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err == nil {
		err = ownFolder(f, dir)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// ownFolder says whether an open folder is this user's, and still what a path leads to.
func ownFolder(f *os.File, path string) error {
	open, err := f.Stat()
	if err != nil {
		return err
	}
	there, err := os.Lstat(path)
	if err != nil {
		return err
	}
	if sys, ok := open.Sys().(*syscall.Stat_t); !ok || int(sys.Uid) != os.Geteuid() || !os.SameFile(open, there) {
		return fs.ErrPermission
	}
	return nil
}
