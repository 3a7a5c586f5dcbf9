package plugin

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"syscall"

	"github.com/logcenter/logcenter/host/plugin/pack"
)

// checkBinary refuses an executable that others than its owner could have changed.
func checkBinary(path string) error { return checkFile("binary", path, true) }

// checkFile refuses a file that others than its owner could have changed; what says what it is to the plugin.
func checkFile(what, path string, executable bool) error {
	st, err := os.Stat(path)
	switch {
	case err != nil:
		return fmt.Errorf("plugin %s: %w", what, err)
	case !st.Mode().IsRegular():
		return fmt.Errorf("plugin %s %s is not a regular file", what, path)
	case executable && st.Mode()&0o111 == 0:
		return fmt.Errorf("plugin %s %s is not executable: chmod +x it", what, path)
	}
	return checkOwner("plugin "+what, path, st)
}

// checkOwner refuses a file or folder that another user could have changed.
func checkOwner(what, path string, st fs.FileInfo) error {
	if st.Mode()&0o022 != 0 {
		return fmt.Errorf("%s %s can be written by others (%v): chmod go-w it", what, path, st.Mode().Perm())
	}
	if sys, ok := st.Sys().(*syscall.Stat_t); ok && sys.Uid != 0 && int(sys.Uid) != os.Geteuid() {
		return fmt.Errorf("%s %s belongs to user %d, want root or the user Logcenter runs as (%d): chown it", what, path, sys.Uid, os.Geteuid())
	}
	return nil
}

// maxFolderFiles bounds what is looked at in a plugin's folder.
const maxFolderFiles = 100_000

// checkFolder refuses a plugin's folder if others could have changed it, its manifest, its data or anything else in
// it: a plugin runs in it and reads from it. What symbolic links lead to is looked at, folders behind them are not
// entered, unless dir is a link itself. The folder but in it, which is looked at elsewhere, is not entered either.
func checkFolder(dir, but string) error {
	dir, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return fmt.Errorf("plugin folder: %w", err)
	}
	files := 0
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return fmt.Errorf("plugin folder: %w", err)
		case but != "" && path == filepath.Join(dir, but) && d.IsDir():
			return fs.SkipDir
		}
		if files++; files > maxFolderFiles {
			return fmt.Errorf("plugin folder %s has more than %d files: keep only what the plugin needs in it", dir, maxFolderFiles)
		}
		st, err := os.Stat(path)
		if errors.Is(err, fs.ErrNotExist) && path != dir {
			return nil // gone meanwhile, or a link that leads nowhere
		}
		if err != nil {
			return fmt.Errorf("plugin folder: %w", err)
		}
		what := "plugin file"
		if st.IsDir() {
			what = "plugin folder"
		}
		return checkOwner(what, path, st)
	})
}

// unchanged says whether a private copy is still what was checked.
func unchanged(path string, sum []byte) error {
	is, err := pack.SumFile(path)
	if err != nil {
		return err
	}
	if !bytes.Equal(is[:], sum) {
		return errors.New("the binary changed since it was verified; enable the plugin again")
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
	tmp, err := os.CreateTemp(dir, unfinished+"-")
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
	placing.Lock()
	defer placing.Unlock()
	if unchanged(copied, sum) == nil {
		return copied, sum, nil
	}
	return copied, sum, os.Rename(tmp.Name(), copied)
}

// placing keeps a copy that is there from being replaced by its like: a plugin that is about to start may run that very
// file and no other, even of the same name.
var placing sync.Mutex

// copyPath is where the private copy of an executable with a checksum lies.
func copyPath(dir, path string, sum []byte) string {
	return filepath.Join(dir, filepath.Base(path)+"-"+hex.EncodeToString(sum[:8]))
}
