//go:build unix

package disk

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// InUse says whether a running process has the journal in dir open.
func InUse(dir string) bool {
	f, err := os.Open(filepath.Join(dir, "lock"))
	if err != nil {
		return false
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_SH|syscall.LOCK_NB)
	_ = f.Close() // read only, and the lock ends with it
	return errors.Is(err, syscall.EWOULDBLOCK)
}

const (
	lockTries = 5
	lockWait  = 20 * time.Millisecond
)

// lockDir takes the directory for this process. The lock ends with the file's closing, also when the
// process is killed; the file itself stays, for deleting it would let two processes in.
func lockDir(dir string) (*os.File, error) {
	path := filepath.Join(dir, "lock")
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("journal %s: %w", dir, err)
	}
	for range lockTries { // somebody may only be looking, see InUse
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			break
		}
		time.Sleep(lockWait)
	}
	if errors.Is(err, syscall.EWOULDBLOCK) {
		owner := "another process"
		if pid, err := os.ReadFile(path); err == nil {
			if n, err := strconv.Atoi(strings.TrimSpace(string(pid))); err == nil {
				owner = fmt.Sprintf("process %d", n)
			}
		}
		return nil, errors.Join(fmt.Errorf("%w: %s is open in %s; two hosts need two data directories", ErrInUse, dir, owner), f.Close())
	}
	if err == nil {
		err = f.Truncate(0)
	}
	if err == nil {
		_, err = f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	}
	if errors.Is(err, syscall.ENOSPC) {
		err = nil // the process id is a courtesy; a full disk must not keep a journal from being emptied
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("journal %s: lock: %w", dir, err), f.Close())
	}
	return f, nil
}
