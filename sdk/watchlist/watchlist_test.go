package watchlist_test

import (
	"errors"
	"iter"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
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

func has(f *watchlist.Folder, addr string, now time.Duration) bool {
	l := f.List("bad")
	return l != nil && l.HasAddr(netip.MustParseAddr(addr), int64(now))
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
	h, _, err := watchlist.ReadHead(dir, "bad")
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

func mustRead(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	return b
}

// What is added to a list counts with the version of its file that it was added to, and costs no reading of that.
func TestMore(t *testing.T) {
	dir := t.TempDir()
	write := func(version int64, values ...string) {
		t.Helper()
		h := watchlist.Head{Type: query.ListIP, Version: version, Entries: len(values)}
		var list []watchlist.Entry
		for _, v := range values {
			h.Bytes += len(v)
			list = append(list, watchlist.Entry{Value: v})
		}
		require.NoError(t, watchlist.Write(dir, "bad", h, entries(list...)))
	}
	more := func(base, version int64, total int, values ...string) {
		t.Helper()
		m := watchlist.More{Base: base, Version: version, Total: total}
		for _, v := range values {
			m.Entries = append(m.Entries, watchlist.Entry{Value: v})
		}
		require.NoError(t, watchlist.WriteMore(dir, "bad", query.ListIP, m))
		back, err := watchlist.ReadMore(dir, "bad")
		require.NoError(t, err)
		require.Equal(t, m, back)
	}
	head := func(version int64, n int) {
		t.Helper()
		h, _, err := watchlist.ReadHead(dir, "bad")
		require.NoError(t, err)
		require.Equal(t, []any{version, n}, []any{h.Version, h.Entries})
	}
	write(5, "192.0.2.7")
	f, err := watchlist.Open(dir)
	require.NoError(t, err)
	require.True(t, has(f, "192.0.2.7", 0))
	more(5, 6, 2, "192.0.2.8")
	head(6, 2)
	require.False(t, has(f, "192.0.2.8", 0), "nobody has looked")
	require.NoError(t, f.Look())
	require.True(t, has(f, "192.0.2.7", 0))
	require.True(t, has(f, "192.0.2.8", 0))
	require.Equal(t, 2, f.List("bad").Len())
	more(5, 7, 3, "192.0.2.8", "198.51.100.0/24")
	require.NoError(t, f.Look())
	require.True(t, has(f, "198.51.100.1", 0))
	fresh, err := watchlist.Open(dir)
	require.NoError(t, err)
	require.True(t, has(fresh, "198.51.100.1", 0), "also for who reads both at once")

	// What is damaged, or of a file that is not there, is told, and leaves the list as it was.
	path := filepath.Join(dir, "bad.more")
	whole, err := os.ReadFile(path)
	require.NoError(t, err)
	for i := range whole {
		broken := append([]byte{}, whole...)
		broken[i] ^= 1
		require.NoError(t, os.WriteFile(path+".new", broken, 0o600))
		require.NoError(t, os.Rename(path+".new", path))
		require.Error(t, f.Look(), "byte %d of %q", i, broken)
		require.True(t, has(f, "198.51.100.1", 0))
	}
	more(9, 10, 2, "203.0.113.1")
	require.Error(t, f.Look())
	require.True(t, has(f, "198.51.100.1", 0))
	head(5, 1)

	// What is removed counts in the same way.
	require.NoError(t, watchlist.WriteMore(dir, "bad", query.ListIP, watchlist.More{Base: 5, Version: 11, Total: 1, Entries: []watchlist.Entry{{Value: "192.0.2.7", Expires: watchlist.Removed}, {Value: "192.0.2.8"}}}))
	back, err := watchlist.ReadMore(dir, "bad")
	require.NoError(t, err)
	require.Equal(t, []watchlist.Entry{{Value: "192.0.2.7", Expires: watchlist.Removed}, {Value: "192.0.2.8"}}, back.Entries)
	require.NoError(t, f.Look())
	require.False(t, has(f, "192.0.2.7", 0))
	require.True(t, has(f, "192.0.2.8", 0))
	require.False(t, has(f, "198.51.100.1", 0))
	require.Equal(t, 1, f.List("bad").Len())
	require.NoError(t, os.WriteFile(path+".new", []byte(strings.Replace(string(mustRead(t, path)), "\t-\n", "\n", 1)), 0o600))
	require.NoError(t, os.Rename(path+".new", path))
	require.Error(t, f.Look(), "its checksum tells")
	more(5, 7, 3, "192.0.2.8", "198.51.100.0/24")
	require.NoError(t, f.Look())

	// What was added is in the next file; what is left of it does not count.
	write(8, "192.0.2.7", "192.0.2.8")
	require.NoFileExists(t, path)
	more(5, 7, 3, "198.51.100.0/24")
	head(8, 2)
	require.NoError(t, f.Look())
	require.False(t, has(f, "198.51.100.1", 0))
	require.True(t, has(f, "192.0.2.8", 0))
	more(8, 9, 3, "203.0.113.1")
	require.NoError(t, f.Look())
	require.True(t, has(f, "203.0.113.1", 0))
	require.NoError(t, os.Remove(path))
	require.NoError(t, f.Look())
	require.False(t, has(f, "203.0.113.1", 0))
	more(8, 9, 3, "203.0.113.1")
	require.NoError(t, watchlist.Remove(dir, "bad"))
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, left)
}
