package watchlist_test

import (
	"errors"
	"iter"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/sdk/query"
	"github.com/logcenter/logcenter/sdk/watchlist"
)

func entries(list ...watchlist.Entry) iter.Seq2[watchlist.Entry, error] {
	return func(yield func(watchlist.Entry, error) bool) {
		for _, e := range list {
			if !yield(e, nil) {
				return
			}
		}
	}
}

func TestFolder(t *testing.T) {
	dir := t.TempDir()
	write := func(version int64, values ...string) {
		t.Helper()
		h := watchlist.Head{Type: query.ListIP, Version: version, Entries: len(values)}
		var list []watchlist.Entry
		for i, v := range values {
			h.Bytes += len(v)
			list = append(list, watchlist.Entry{Value: v, Expires: int64(i) * int64(time.Hour)})
		}
		require.NoError(t, watchlist.Write(dir, "bad", h, entries(list...)))
	}
	has := func(f *watchlist.Folder, addr string, now time.Duration) bool {
		l := f.List("bad")
		return l != nil && l.HasAddr(netip.MustParseAddr(addr), int64(now))
	}
	f, err := watchlist.Open(dir)
	require.NoError(t, err)
	require.Nil(t, f.List("bad"))
	write(1, "192.0.2.7", "198.51.100.0/24")
	require.NoError(t, f.Look())
	assert.Equal(t, []string{"bad"}, f.Names())
	n, _ := f.Loaded()
	assert.Zero(t, n, "nobody has asked for it")
	assert.True(t, has(f, "192.0.2.7", 5*time.Hour))
	assert.True(t, has(f, "198.51.100.9", time.Hour-time.Second))
	assert.False(t, has(f, "198.51.100.9", time.Hour))
	n, size := f.Loaded()
	assert.Equal(t, 2, n)
	assert.Positive(t, size)
	h, err := watchlist.ReadHead(dir, "bad")
	require.NoError(t, err)
	assert.EqualValues(t, 1, h.Version)

	write(2, "192.0.2.8")
	require.NoError(t, f.Look())
	assert.False(t, has(f, "192.0.2.7", 0))
	assert.True(t, has(f, "192.0.2.8", 0))

	// What is damaged is told once, and leaves the list as it was.
	path := filepath.Join(dir, "bad"+watchlist.Extension)
	whole, err := os.ReadFile(path)
	require.NoError(t, err)
	for i := range whole {
		broken := append([]byte{}, whole...)
		broken[i] ^= 1
		fresh := filepath.Join(dir, "fresh")
		require.NoError(t, os.WriteFile(fresh, broken, 0o600))
		require.NoError(t, os.Rename(fresh, path))
		require.Error(t, f.Look(), "byte %d of %q", i, broken)
		require.NoError(t, f.Look())
		require.True(t, has(f, "192.0.2.8", 0))
	}
	require.NoError(t, watchlist.Remove(dir, "bad"))
	require.NoError(t, f.Look())
	require.Nil(t, f.List("bad"))
}

// A list whose entries cannot all be had is not written.
func TestWriteIsWholeOrNot(t *testing.T) {
	dir := t.TempDir()
	gone := errors.New("gone")
	h := watchlist.Head{Type: query.ListUser, Version: 1, Entries: 2, Bytes: 2}
	require.ErrorIs(t, watchlist.Write(dir, "a", h, func(yield func(watchlist.Entry, error) bool) {
		_ = yield(watchlist.Entry{Value: "a"}, nil) && yield(watchlist.Entry{}, gone)
	}), gone)
	require.ErrorContains(t, watchlist.Write(dir, "a", h, entries(watchlist.Entry{Value: "a"})), "1 entries of 1 bytes")
	require.Error(t, watchlist.Write(dir, "../a", h, entries()))
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, left)
}
