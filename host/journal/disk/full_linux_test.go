package disk

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/journal"
)

func init() {
	children["tmpfs"] = fullTmpfs
	children["rlimit"] = fullRlimit
}

// TestDiskFull fills a file system of 4 MiB, mounted in a namespace of the child's own, and does the
// same with a limit on the size of files, which leaves half-written entries behind.
func TestDiskFull(t *testing.T) {
	for _, child := range []string{"tmpfs", "rlimit"} {
		t.Run(child, func(t *testing.T) {
			cmd := childCommand(t, child, t.TempDir())
			if child == "tmpfs" {
				cmd.SysProcAttr = &syscall.SysProcAttr{
					Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
					UidMappings: []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}},
					GidMappings: []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}},
				}
			}
			out, err := cmd.CombinedOutput()
			if errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EINVAL) {
				t.Logf("no user namespaces here (%v): only the limit on the size of files is tested", err)
				return
			}
			require.NoErrorf(t, err, "%s", out)
			t.Logf("%s", out)
		})
	}
}

func fullTmpfs(dir string) error {
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=4m"); err != nil {
		return fmt.Errorf("mount tmpfs: %w", err)
	}
	ballast := filepath.Join(dir, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 2<<20), 0o600); err != nil {
		return err
	}
	return fillAndRecover(filepath.Join(dir, "journal"), "the disk is full: ", syscall.ENOSPC, func() error { return os.Remove(ballast) })
}

func fullRlimit(dir string) error {
	signal.Ignore(syscall.SIGXFSZ)
	limit := func(size uint64) error {
		var l syscall.Rlimit
		if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &l); err != nil {
			return err
		}
		l.Cur = min(size, l.Max)
		return syscall.Setrlimit(syscall.RLIMIT_FSIZE, &l)
	}
	if err := limit(300_000); err != nil {
		return err
	}
	return fillAndRecover(filepath.Join(dir, "journal"), "", syscall.EFBIG, func() error { return limit(1 << 62) })
}

// fullBody is not a multiple of a page, so that the last write before the disk is full is a partial one.
func fullBody(offset uint64) []byte {
	return bytes.Repeat([]byte{byte(offset)}, 50_001)
}

// fillAndRecover appends until the disk takes no more, checks what callers are told, and that everything
// goes on by itself after free.
func fillAndRecover(dir, words string, cause error, free func() error) error {
	o := Options{SegmentBytes: 400_000, Logf: func(format string, args ...any) { fmt.Printf(format+"\n", args...) }}
	j, err := Open(dir, o)
	if err != nil {
		return err
	}
	last, err := fillDisk(j, 0)
	if err != nil {
		return err
	}

	ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
	_, err = j.Append(ctx, fullBody(last+1))
	cancel()
	if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, cause) || !strings.Contains(err.Error(), words) {
		return fmt.Errorf("append to a full disk (nil is wrong too): %w", err)
	}
	_, err = j.TryAppend(fullBody(last + 1))
	if !errors.Is(err, journal.ErrFull) || !errors.Is(err, cause) {
		return fmt.Errorf("TryAppend to a full disk (nil is wrong too): %w", err)
	}
	if s := j.Stats(); s.Last != last || !strings.Contains(s.Err, words+"write ") || !strings.Contains(s.Err, "trying again") {
		return fmt.Errorf("full disk, %d entries appended: %+v", last, s)
	}
	fmt.Printf("Err: %s\n", j.Stats().Err)

	// What is there can be read, and one who waits goes on when there is space.
	waiting := make(chan error, 1)
	go func() {
		offset, err := j.Append(context.Background(), fullBody(last+1))
		if err == nil && offset != last+1 {
			err = fmt.Errorf("offset %d behind %d", offset, last)
		}
		waiting <- err
	}()
	if err := allThere(j, last); err != nil {
		return err
	}
	if err := free(); err != nil {
		return err
	}
	select {
	case err := <-waiting:
		if err != nil {
			return fmt.Errorf("after space returned: %w", err)
		}
	case <-time.After(20 * time.Second):
		return fmt.Errorf("still waits though there is space: %+v", j.Stats())
	}
	last++
	if s := j.Stats(); s.Err != "" || s.Last != last {
		return fmt.Errorf("recovered: %+v", s)
	}
	if err := allThere(j, last); err != nil {
		return err
	}
	if words != "" {
		if last, err = commitsFreeTheDisk(j); err != nil {
			return err
		}
	}
	if err := j.Close(); err != nil {
		return err
	}
	if j, err = Open(dir, o); err != nil {
		return err
	}
	if j.Last() != last {
		return fmt.Errorf("opened again: %d entries of %d", j.Last(), last)
	}
	if err := allThere(j, last); err != nil {
		return err
	}
	return j.Close()
}

func fillDisk(j *Journal, last uint64) (uint64, error) {
	for range 1000 {
		if _, err := j.TryAppend(fullBody(last + 1)); errors.Is(err, journal.ErrFull) {
			return last, nil
		} else if err != nil {
			return last, err
		}
		last++
	}
	return last, errors.New("the disk is never full")
}

// commitsFreeTheDisk: the journal itself has filled the disk, so that not even commits can be saved, and
// gets free when its groups commit. Nobody appends meanwhile.
func commitsFreeTheDisk(j *Journal) (uint64, error) {
	c, err := j.Consumer("g", journal.GroupOptions{})
	if err != nil {
		return 0, err
	}
	last, err := fillDisk(j, j.Last())
	if err != nil {
		return 0, err
	}
	if err := takeTheRest(filepath.Join(filepath.Dir(j.dir), "rest")); err != nil {
		return 0, err
	}
	if err := c.Commit(last); err != nil {
		return 0, err
	}
	for deadline := time.Now().Add(20 * time.Second); j.Stats().Err != ""; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			return 0, fmt.Errorf("everything is committed and yet: %+v", j.Stats())
		}
	}
	for range 100 { // more than the disk holds
		last++
		if _, err := j.Append(context.Background(), fullBody(last)); err != nil {
			return 0, err
		}
		if err := c.Commit(last); err != nil {
			return 0, err
		}
	}
	return last, nil
}

// takeTheRest writes until nothing fits any more, also when the journal cleans up behind an attempt.
func takeTheRest(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	for full := 0; full < 300; time.Sleep(time.Millisecond) {
		if _, err := f.Write(make([]byte, 4096)); errors.Is(err, syscall.ENOSPC) {
			full++
		} else if full = 0; err != nil {
			return err
		}
	}
	return f.Close()
}

func allThere(j *Journal, last uint64) error {
	for offset := j.Stats().First; offset <= last; offset++ {
		e, err := j.Read(offset)
		if err != nil {
			return err
		}
		if !bytes.Equal(e.Body, fullBody(offset)) {
			return fmt.Errorf("entry %d is not what was appended", offset)
		}
	}
	return nil
}
