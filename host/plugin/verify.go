package plugin

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
)

// checkBinary refuses an executable that others than its owner could have changed.
func checkBinary(path string) error {
	st, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("plugin binary: %w", err)
	}
	switch {
	case !st.Mode().IsRegular():
		return fmt.Errorf("plugin binary %s is not a regular file", path)
	case st.Mode()&0o111 == 0:
		return fmt.Errorf("plugin binary %s is not executable: chmod +x it", path)
	case st.Mode()&0o022 != 0:
		return fmt.Errorf("plugin binary %s can be written by others (%v): chmod go-w it", path, st.Mode().Perm())
	}
	if sys, ok := st.Sys().(*syscall.Stat_t); ok && sys.Uid != 0 && int(sys.Uid) != os.Geteuid() {
		return fmt.Errorf("plugin binary %s belongs to user %d, want root or the user Logcenter runs as (%d)", path, sys.Uid, os.Geteuid())
	}
	return nil
}

// privateCopy copies an executable to where nobody else can change it, named by its checksum, so that what
// was checked is what runs.
func privateCopy(path, dir string) (copied string, sum []byte, err error) {
	if err := checkBinary(path); err != nil {
		return "", nil, err
	}
	in, err := os.Open(path)
	if err != nil {
		return "", nil, fmt.Errorf("plugin binary: %w", err)
	}
	defer func() { _ = in.Close() }()
	// A process that is forked while the copy is open for writing holds it until it has become another program, and
	// nobody can run a file that is open for writing.
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	tmp, err := os.CreateTemp(dir, ".copy-")
	if err != nil {
		return "", nil, err
	}
	defer func() { _ = os.Remove(tmp.Name()) }() // it is gone if it was renamed
	h := sha256.New()
	_, err = io.Copy(io.MultiWriter(tmp, h), in)
	if err = errors.Join(err, tmp.Chmod(0o500), tmp.Close()); err != nil {
		return "", nil, fmt.Errorf("copy plugin binary %s: %w", path, err)
	}
	sum = h.Sum(nil)
	copied = copyPath(dir, path, sum)
	return copied, sum, os.Rename(tmp.Name(), copied)
}

// copyPath is where the private copy of an executable with a checksum lies.
func copyPath(dir, path string, sum []byte) string {
	return filepath.Join(dir, filepath.Base(path)+"-"+hex.EncodeToString(sum[:8]))
}
