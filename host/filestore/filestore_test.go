package filestore_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/filestore"
)

func open(t *testing.T, dir string, o filestore.Options) *filestore.Store {
	t.Helper()
	s, err := filestore.Open(dir, o)
	require.NoError(t, err)
	return s
}

// content is made up, the same for the same seed.
func content(seed uint64, size int) []byte {
	b := make([]byte, size)
	r := rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8)})
	_, _ = r.Read(b)
	return b
}

func sum(b []byte) string {
	s := sha256.Sum256(b)
	return hex.EncodeToString(s[:])
}

func put(s *filestore.Store, b []byte, event func() error) (existed bool, err error) {
	u, err := s.Receive(context.Background(), bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return false, err
	}
	defer u.Close()
	return u.Commit(context.Background(), "key of "+u.SHA256, event)
}

func stored() error { return nil }

func get(s *filestore.Store, sha string) ([]byte, error) {
	f, err := s.Open(sha)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(f)
}

// listed are the files below a folder, by their paths.
func listed(t *testing.T, dir string) (paths []string) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			rel, _ := filepath.Rel(dir, path)
			paths = append(paths, rel)
		}
		return err
	}))
	return paths
}

func TestRoundTrip(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, filestore.Options{})
	for seed, size := range []int{0, 1, 262143, 262144, 262145, 3 << 20} {
		b := content(uint64(seed), size)
		existed, err := put(s, b, stored)
		require.NoError(t, err)
		require.False(t, existed)
		got, err := get(s, sum(b))
		require.NoError(t, err)
		require.True(t, bytes.Equal(b, got), size)
		plain, err := os.ReadFile(filepath.Join(dir, sum(b)[:2], sum(b)[2:4], sum(b)))
		require.NoError(t, err)
		require.True(t, bytes.Equal(b, plain), "what is on the disk is the file itself")
	}
	f, err := s.Open(sum(content(5, 3<<20)))
	require.NoError(t, err)
	defer f.Close()
	for _, at := range []int64{2 << 20, 5, 262143, 3<<20 - 1} {
		_, err := f.Seek(at, io.SeekStart)
		require.NoError(t, err)
		part := make([]byte, min(400000, 3<<20-at))
		_, err = io.ReadFull(f, part)
		require.NoError(t, err)
		assert.True(t, bytes.Equal(content(5, 3<<20)[at:at+int64(len(part))], part), at)
	}
	_, err = s.Open(strings.Repeat("0", 64))
	require.ErrorIs(t, err, filestore.ErrNotFound)
	_, err = s.Open("../../etc/passwd")
	require.ErrorIs(t, err, filestore.ErrNotFound)

	before := s.Stats()
	assert.Equal(t, int64(6), before.Files)
	after := open(t, dir, filestore.Options{}).Stats()
	assert.Equal(t, before.Files, after.Files)
	assert.Equal(t, before.Bytes, after.Bytes)
}

func TestSameContentIsStoredOnce(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, filestore.Options{})
	b := content(1, 700000)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			_, err := put(s, b, stored)
			assert.NoError(t, err)
		})
	}
	wg.Wait()
	st := s.Stats()
	assert.Equal(t, int64(1), st.Files)
	assert.Equal(t, int64(700000+3*32), st.Bytes)
	assert.Equal(t, int64(8), st.Received)
	assert.Equal(t, int64(7), st.Duplicates)
	assert.Zero(t, st.Coming)
	assert.Len(t, listed(t, dir), 2, "the blob and its sums")
}

// One flipped bit anywhere in a file is an error before any byte of its chunk is handed out, and whoever gives the file
// again mends it.
func TestDamageIsAnErrorNotData(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, filestore.Options{})
	b := content(1, 600000)
	sha := sum(b)
	_, err := put(s, b, stored)
	require.NoError(t, err)
	path := filepath.Join(dir, sha[:2], sha[2:4], sha)
	for _, at := range []int{0, 262143, 262144, 599999} {
		flip(t, path, at)
		got, err := get(s, sha)
		require.ErrorIs(t, err, filestore.ErrDamaged, at)
		assert.True(t, bytes.Equal(b[:at/262144*262144], got), "what is before it is given")
		assert.Equal(t, sha, s.Stats().LastDamaged)
		existed, err := put(s, b, stored)
		require.NoError(t, err)
		assert.True(t, existed)
		got, err = get(s, sha)
		require.NoError(t, err)
		assert.True(t, bytes.Equal(b, got))
		assert.Empty(t, s.Stats().LastDamaged)
	}

	f, err := s.Open(sha)
	require.NoError(t, err)
	flip(t, path, 300000)
	part := make([]byte, 262144)
	_, err = io.ReadFull(f, part)
	require.NoError(t, err)
	_, err = f.Read(part)
	require.ErrorIs(t, err, filestore.ErrDamaged)
	require.ErrorIs(t, f.Err(), filestore.ErrDamaged)
	require.NoError(t, f.Close())

	// Sums that fit the damage do not help: the whole does not fit the name.
	flip(t, path, 300000)
	flip(t, path, 599999)
	other := append([]byte(nil), b[524288:]...)
	other[599999-524288] ^= 1
	fake := sha256.Sum256(other)
	sums, err := os.ReadFile(path + ".sum")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path+".sum", append(sums[:64], fake[:]...), 0o600))
	_, err = get(s, sha)
	require.ErrorIs(t, err, filestore.ErrDamaged)

	require.NoError(t, os.Truncate(path, 1000))
	_, err = get(s, sha)
	require.ErrorIs(t, err, filestore.ErrDamaged)
	require.NoError(t, os.Remove(path+".sum"))
	_, err = get(s, sha)
	require.ErrorIs(t, err, filestore.ErrDamaged)
	_, err = put(s, b, stored)
	require.NoError(t, err)
	assert.Equal(t, int64(600000+96), s.Stats().Bytes, "the account is right again, too")
}

func flip(t *testing.T, path string, at int) {
	t.Helper()
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	b[at] ^= 1
	require.NoError(t, os.WriteFile(path, b, 0o600))
}

func TestLimits(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, filestore.Options{MaxBytes: 300000, TotalBytes: 500000})
	refused := func(r io.Reader, size int64, want error) {
		t.Helper()
		_, err := s.Receive(t.Context(), r, size)
		require.ErrorIs(t, err, want)
		assert.Empty(t, listed(t, filepath.Join(dir, "tmp")))
		assert.Zero(t, s.Stats().Coming)
	}
	refused(iotest.ErrReader(errors.New("is not read")), 300001, filestore.ErrTooLarge)
	refused(bytes.NewReader(content(1, 300001)), -1, filestore.ErrTooLarge)
	_, err := put(s, content(1, 300000), stored)
	require.NoError(t, err)
	refused(iotest.ErrReader(errors.New("is not read")), 250000, filestore.ErrFull)
	refused(bytes.NewReader(content(2, 250000)), -1, filestore.ErrFull)
	_, err = put(s, content(3, 100000), stored)
	require.NoError(t, err, "what fits is taken")

	// A body that was cut off is no file.
	refused(io.MultiReader(bytes.NewReader(content(4, 1000)), iotest.ErrReader(io.ErrUnexpectedEOF)), -1, io.ErrUnexpectedEOF)

	s = open(t, t.TempDir(), filestore.Options{KeepFree: 1 << 60})
	_, err = s.Receive(t.Context(), bytes.NewReader(nil), 0)
	require.ErrorIs(t, err, filestore.ErrFull)
	assert.ErrorContains(t, err, "are kept for logs")
}

// A file whose event cannot be made durable is not there, unless it was before.
func TestFailedEvent(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, filestore.Options{})
	failed := errors.New("the journal is full")
	b := content(1, 1000)
	_, err := put(s, b, func() error { return failed })
	require.ErrorIs(t, err, failed)
	assert.Empty(t, listed(t, dir))
	assert.Zero(t, s.Stats().Bytes)
	_, err = put(s, b, stored)
	require.NoError(t, err)
	_, err = put(s, b, func() error { return failed })
	require.ErrorIs(t, err, failed)
	got, err := get(s, sum(b))
	require.NoError(t, err)
	assert.True(t, bytes.Equal(b, got))
	assert.Equal(t, int64(1), s.Stats().Files)
}

// What a crash leaves at each step: Open keeps what an event tells of, and nothing else.
func TestOpenAfterACrash(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, filestore.Options{})
	// The process dies while the event is being made durable: in the journal, or not.
	crash := func(b []byte) {
		t.Helper()
		u, err := s.Receive(t.Context(), bytes.NewReader(b), -1)
		require.NoError(t, err)
		assert.Panics(t, func() { _, _ = u.Commit(t.Context(), "key of "+sum(b), func() error { panic("killed") }) })
	}
	kept, lost, old := content(1, 1000), content(2, 1000), content(3, 1000)
	_, err := put(s, old, stored)
	require.NoError(t, err)
	crash(kept)
	crash(lost)
	crash(old) // was there before
	require.NoError(t, os.WriteFile(filepath.Join(dir, "tmp", "upload.tmp"), kept, 0o600))
	sums := filepath.Join(dir, "ab", "cd", "abcd"+strings.Repeat("0", 60)+".sum") // Collect was interrupted
	require.NoError(t, os.MkdirAll(filepath.Dir(sums), 0o700))
	require.NoError(t, os.WriteFile(sums, nil, 0o600))

	asked := map[string]bool{}
	s = open(t, dir, filestore.Options{Journalled: func(key string, at time.Time) bool {
		asked[key] = true
		assert.WithinDuration(t, time.Now(), at, time.Hour)
		return key == "key of "+sum(kept)
	}})
	assert.Equal(t, map[string]bool{"key of " + sum(kept): true, "key of " + sum(lost): true}, asked)
	assert.Len(t, listed(t, dir), 4, "two blobs with their sums, and nothing else")
	assert.Equal(t, int64(2), s.Stats().Files)
	assert.Equal(t, int64(1), s.Stats().Orphans)
	for _, b := range [][]byte{kept, old} {
		got, err := get(s, sum(b))
		require.NoError(t, err)
		assert.True(t, bytes.Equal(b, got))
	}
	_, err = get(s, sum(lost))
	require.ErrorIs(t, err, filestore.ErrNotFound)
}

func TestCollect(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, filestore.Options{})
	now := time.Now()
	files := map[string][]byte{}
	for i, name := range []string{"young", "old and used", "old", "again"} {
		files[name] = content(uint64(i), 1000)
		_, err := put(s, files[name], stored)
		require.NoError(t, err)
		if name != "young" {
			sha := sum(files[name])
			require.NoError(t, os.Chtimes(filepath.Join(dir, sha[:2], sha[2:4], sha), time.Time{}, now.AddDate(-2, 0, 0)))
		}
	}
	before := now.AddDate(-1, 0, 0)
	done, err := s.Collect(t.Context(), before, func(_ context.Context, sha string) (bool, error) {
		switch sha {
		case sum(files["old and used"]):
			return true, nil
		case sum(files["again"]): // somebody gives it again just now
			_, err := put(s, files["again"], stored)
			return false, err
		case sum(files["old"]):
			return false, nil
		}
		return false, fmt.Errorf("%s is asked for", sha)
	})
	require.NoError(t, err)
	assert.Equal(t, filestore.Collected{Files: 1, Bytes: 1032, Kept: 1}, done)
	st := s.Stats()
	assert.Equal(t, int64(3), st.Files)
	assert.Equal(t, int64(3*1032), st.Bytes)
	assert.Equal(t, int64(1), st.Collected)
	assert.Len(t, listed(t, dir), 6)
	_, err = get(s, sum(files["old"]))
	require.ErrorIs(t, err, filestore.ErrNotFound)

	// Who does not know who refers to a file must not lose it.
	down := errors.New("the store does not answer")
	_, err = s.Collect(t.Context(), time.Now().AddDate(1, 0, 0), func(context.Context, string) (bool, error) { return false, down })
	require.ErrorIs(t, err, down)
	assert.Equal(t, int64(3), s.Stats().Files)
}
