package watchlist_test

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/metadata"
	"github.com/logcenter/logcenter/host/watchlist"
	"github.com/logcenter/logcenter/sdk/document"
	"github.com/logcenter/logcenter/sdk/query"
	files "github.com/logcenter/logcenter/sdk/watchlist"
)

// library is one that can be opened again.
type library struct {
	*watchlist.Library
	dir string
}

func open(t testing.TB, dir, csvs string) *library {
	t.Helper()
	store, err := metadata.Open(t.Context(), filepath.Join(dir, "meta.db"), "test", watchlist.Schema)
	require.NoError(t, err)
	t.Cleanup(func() { _ = store.Close() })
	log := logrus.New()
	log.SetOutput(t.Output())
	l, err := watchlist.Open(t.Context(), watchlist.Options{Store: store, Directory: csvs, Files: filepath.Join(dir, "lists"), Log: logrus.NewEntry(log)})
	require.NoError(t, err)
	return &library{l, dir}
}

func (l *library) put(t testing.TB, name, text string, i watchlist.Import) *watchlist.Outcome {
	t.Helper()
	i.File, i.By = "bad.csv", "admin"
	out, err := l.Import(t.Context(), name, strings.NewReader(text), i)
	require.NoError(t, err)
	return out
}

func has(list, addr string) bool {
	l := query.KnownLists().List(list)
	return l != nil && l.HasAddr(netip.MustParseAddr(addr), time.Now().UnixNano())
}

func TestImportAddRemoveDelete(t *testing.T) {
	l := open(t, t.TempDir(), "")
	out := l.put(t, "bad", "\ufeffvalue,note,expires\n192.0.2.7,one,\n# a comment\n198.51.100.9/24,\"two, three\",2020-01-01\n::ffff:192.0.2.7,again,\n", watchlist.Import{Type: query.ListIP, Source: "feed"})
	assert.True(t, out.Created)
	assert.Equal(t, []int{2, 0, 0, 1}, []int{out.Added, out.Updated, out.Removed, out.Duplicates})
	require.True(t, has("bad", "192.0.2.7"))
	require.False(t, has("bad", "198.51.100.9"), "it expired long ago")
	entries, more, err := l.Entries(t.Context(), "bad", "", "", 10)
	require.NoError(t, err)
	require.False(t, more)
	require.Len(t, entries, 2)
	assert.Equal(t, []string{"192.0.2.7", "again", "feed", "admin"}, []string{entries[0].Value, entries[0].Note, entries[0].Source, entries[0].Author})
	assert.Equal(t, "198.51.100.0/24", entries[1].Value)
	assert.Equal(t, time.Date(2020, 1, 2, 0, 0, 0, 0, time.UTC), entries[1].Expires, "a day counts to its end")
	assert.True(t, entries[1].Expired(time.Now()))

	out, err = l.Add(t.Context(), "bad", []watchlist.Entry{{Value: "203.0.113.0/24"}, {Value: "192.0.2.7", Note: "new"}}, "analyst")
	require.NoError(t, err)
	assert.Equal(t, []int{1, 1, 0}, []int{out.Added, out.Updated, out.Removed})
	require.True(t, has("bad", "203.0.113.200"))
	assert.Equal(t, []string{"bad"}, l.Lookup("203.0.113.1"))
	assert.Empty(t, l.Lookup("203.0.114.1"))

	before, err := l.Get("bad")
	require.NoError(t, err)
	l = open(t, l.dir, "")
	after, err := l.Get("bad")
	require.NoError(t, err)
	assert.Equal(t, before, after)
	require.True(t, has("bad", "203.0.113.200"), "after a restart, too")

	out, err = l.Remove(t.Context(), "bad", []string{"203.0.113.9/24", "10.0.0.1"}, "analyst")
	require.NoError(t, err)
	assert.Equal(t, 1, out.Removed)
	require.False(t, has("bad", "203.0.113.200"))
	_, err = l.Remove(t.Context(), "bad", []string{"10.0.0.1"}, "analyst")
	require.ErrorIs(t, err, watchlist.ErrNotFound)
	require.EqualError(t, err, "list bad has none of these values")

	out = l.put(t, "bad", "192.0.2.8\n", watchlist.Import{})
	assert.Equal(t, []int{1, 0, 2}, []int{out.Added, out.Updated, out.Removed})
	require.False(t, has("bad", "192.0.2.7"))
	out = l.put(t, "bad", "192.0.2.9\n", watchlist.Import{Add: true, Try: true})
	assert.Equal(t, 2, out.List.Entries)
	require.False(t, has("bad", "192.0.2.9"), "it was only tried")

	require.NoError(t, l.Delete(t.Context(), "bad"))
	require.False(t, has("bad", "192.0.2.8"))
	require.ErrorIs(t, l.Delete(t.Context(), "bad"), watchlist.ErrNotFound)
}

func TestFaults(t *testing.T) {
	l := open(t, t.TempDir(), "")
	faults := func(text string, i watchlist.Import) (out []string) {
		t.Helper()
		i.File = "bad.csv"
		_, err := l.Import(t.Context(), "bad", strings.NewReader(text), i)
		require.ErrorIs(t, err, watchlist.ErrInvalid)
		for _, e := range document.Errors(err) {
			out = append(out, e.Error())
		}
		return out
	}
	got := faults("value,expires\n192.0.2.7,tomorrow\nexample.com,\n10.0.0.1,,more\n10.0.0.2,\n\"10.0.0.3\n", watchlist.Import{Type: query.ListIP})
	require.Len(t, got, 4, got)
	assert.Contains(t, got[0], "bad.csv:2:11: expires:")
	assert.Contains(t, got[1], `bad.csv:3:1: "example.com" is no IP address and no network: write e.g. 192.0.2.7`)
	assert.Contains(t, got[2], "bad.csv:4:11: there are 3 columns, and 2 are known: value, expires")
	assert.Contains(t, got[3], "bad.csv:6")
	got = faults("value,note\n192.0.2.7,\xb7\xc0\xbb\xf0\xc7\xbd\n", watchlist.Import{Type: query.ListIP})
	require.Len(t, got, 1, got)
	assert.Contains(t, got[0], `bad.csv:2:11: note: not UTF-8 (save the file in UTF-8, of a spreadsheet as CSV UTF-8`)
	got = faults(strings.Repeat("x\n", 100), watchlist.Import{Type: query.ListHash})
	require.Len(t, got, 21)
	assert.Contains(t, got[20], "and more")
	_, err := l.Get("bad")
	require.ErrorIs(t, err, watchlist.ErrNotFound, "all of a file counts, or nothing")

	for name, want := range map[string]string{"new": "say its type", "no name": "cannot be the name of a list"} {
		_, err := l.Import(t.Context(), name, strings.NewReader("a\n"), watchlist.Import{})
		require.ErrorContains(t, err, want)
	}
	l.put(t, "bad", "alice\n", watchlist.Import{Type: query.ListUser})
	_, err = l.Import(t.Context(), "bad", strings.NewReader("192.0.2.1\n"), watchlist.Import{Type: query.ListIP, Add: true})
	require.ErrorContains(t, err, "of type user, not ip")
	_, err = l.Add(t.Context(), "bad", []watchlist.Entry{{Value: "a\x00"}}, "x")
	require.ErrorContains(t, err, "entries[0]: ")
}

// Files of the admin's folder are lists, come and go with them, and are not changed by others.
func TestDirectory(t *testing.T) {
	csvs := t.TempDir()
	write := func(name, text string) {
		require.NoError(t, os.WriteFile(filepath.Join(csvs, name), []byte(text), 0o600))
	}
	write("scanners.ip.csv", "192.0.2.7,seen\n192.0.2.7,again\n")
	write("wrong.csv", "a\n")
	write("faulty.ip.csv", "192.0.2.300\n")
	l := open(t, t.TempDir(), csvs)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- l.Run(ctx) }()
	t.Cleanup(func() { cancel(); require.NoError(t, <-done) })
	require.True(t, has("scanners", "192.0.2.7"))
	list, err := l.Get("scanners")
	require.NoError(t, err)
	assert.Equal(t, 1, list.Duplicates)
	problems := fmt.Sprint(l.Problems())
	assert.Contains(t, problems, "wrong.csv: the name says no type: write NAME.TYPE.csv, e.g. wrong.ip.csv")
	assert.Contains(t, problems, `faulty.ip.csv:1:1: "192.0.2.300" is no IP address`)
	_, err = l.Add(t.Context(), "scanners", []watchlist.Entry{{Value: "192.0.2.8"}}, "x")
	require.ErrorIs(t, err, watchlist.ErrConflict)
	entries, _, err := l.Entries(t.Context(), "scanners", "192.", "", 10)
	require.NoError(t, err)
	require.Len(t, entries, 1)

	write("scanners.ip.csv", "192.0.2.7\n192.0.2.9\n")
	write("faulty.ip.csv", "192.0.2.30\n")
	require.Eventually(t, func() bool { return has("scanners", "192.0.2.9") && has("faulty", "192.0.2.30") }, time.Minute, 10*time.Millisecond)
	write("scanners.ip.csv", "nonsense here\n")
	require.NoError(t, os.Remove(filepath.Join(csvs, "faulty.ip.csv")))
	require.Eventually(t, func() bool {
		return query.KnownLists().List("faulty") == nil && strings.Contains(fmt.Sprint(l.Problems()), "nonsense here")
	}, time.Minute, 10*time.Millisecond)
	require.True(t, has("scanners", "192.0.2.9"), "a file with faults leaves its list as it was")
}

// TestChangesOfLargeLists: what is added to a large list or removed from it is in effect without the list being written again,
// also after a restart. Who removes networks, or has entries expire earlier, has it written.
func TestChangesOfLargeLists(t *testing.T) {
	l := open(t, t.TempDir(), "")
	var csv strings.Builder
	for i := range 12_000 {
		fmt.Fprintf(&csv, "10.0.%d.%d\n", i>>8, i&0xff)
	}
	l.put(t, "bad", csv.String(), watchlist.Import{Type: query.ListIP, Expires: time.Now().Add(time.Hour)})
	require.True(t, has("bad", "10.0.0.7"))
	path := filepath.Join(l.dir, "lists", "bad.list")
	stat := func() os.FileInfo {
		info, err := os.Stat(path)
		require.NoError(t, err)
		return info
	}
	written := stat()
	add := func(entries ...watchlist.Entry) *watchlist.Outcome {
		t.Helper()
		out, err := l.Add(t.Context(), "bad", entries, "analyst")
		require.NoError(t, err)
		return out
	}
	n := 12_000
	is := func(again bool) {
		t.Helper()
		now := stat() // of two new files the second may have the number of the one before them
		require.Equal(t, !again, os.SameFile(written, now) && written.ModTime().Equal(now.ModTime()), "the list's file is written again")
		list, err := l.Get("bad")
		require.NoError(t, err)
		require.Equal(t, n, list.Entries)
		require.Equal(t, n, query.KnownLists().List("bad").Len())
	}
	out := add(watchlist.Entry{Value: "192.0.2.7"}, watchlist.Entry{Value: "198.51.100.0/24"}, watchlist.Entry{Value: "10.0.0.7"})
	require.Equal(t, []int{2, 1, 0}, []int{out.Added, out.Updated, out.Removed})
	n += 2
	is(false)
	require.True(t, has("bad", "198.51.100.9"))
	later := query.KnownLists().List("bad")
	require.True(t, later.HasAddr(netip.MustParseAddr("10.0.0.7"), time.Now().Add(2*time.Hour).UnixNano()), "it does not expire any more")
	require.False(t, later.HasAddr(netip.MustParseAddr("10.0.0.8"), time.Now().Add(2*time.Hour).UnixNano()))
	out = add(watchlist.Entry{Value: "192.0.2.7", Note: "again"}, watchlist.Entry{Value: "192.0.2.9"}, watchlist.Entry{Value: "192.0.2.9"})
	require.Equal(t, []int{1, 1, 1}, []int{out.Added, out.Updated, out.Duplicates})
	n++
	is(false)

	before, err := l.Get("bad")
	require.NoError(t, err)
	l = open(t, l.dir, "")
	after, err := l.Get("bad")
	require.NoError(t, err)
	require.Equal(t, before, after)
	require.True(t, has("bad", "192.0.2.9"), "after a restart, too")
	is(false)

	add(watchlist.Entry{Value: "192.0.2.9", Expires: time.Now().Add(-time.Hour)})
	require.False(t, has("bad", "192.0.2.9"))
	require.True(t, has("bad", "192.0.2.7"))
	is(true)
	written = stat()
	add(watchlist.Entry{Value: "192.0.2.10"})
	n++
	is(false)
	removed, err := l.Remove(t.Context(), "bad", []string{"192.0.2.10", "10.0.0.8", "10.9.9.9"}, "analyst")
	require.NoError(t, err)
	require.Equal(t, 2, removed.Removed)
	n -= 2
	require.False(t, has("bad", "192.0.2.10"))
	require.False(t, has("bad", "10.0.0.8"), "also of what is in the list's file")
	require.True(t, has("bad", "192.0.2.7"))
	is(false)
	remove := func(value string) {
		t.Helper()
		_, err := l.Remove(t.Context(), "bad", []string{value}, "analyst")
		require.NoError(t, err)
		n--
	}
	add(watchlist.Entry{Value: "10.0.0.8"}, watchlist.Entry{Value: "198.51.100.9"}, watchlist.Entry{Value: "::/8", Expires: time.Now().Add(time.Hour)})
	n += 3
	require.True(t, has("bad", "10.0.0.8"), "added again")
	remove("198.51.100.9")
	require.True(t, has("bad", "198.51.100.9"), "by the network 198.51.100.0/24")
	remove("10.0.0.9")
	require.True(t, has("bad", "10.0.0.9"), "by ::/8, as long as that counts")
	require.False(t, query.KnownLists().List("bad").HasAddr(netip.MustParseAddr("10.0.0.9"), time.Now().Add(2*time.Hour).UnixNano()))
	require.True(t, query.KnownLists().List("bad").HasAddr(netip.MustParseAddr("198.51.100.9"), time.Now().Add(2*time.Hour).UnixNano()))
	is(false)

	// A host that is killed before a change is committed has not made it.
	m, err := files.ReadMore(filepath.Join(l.dir, "lists"), "bad")
	require.NoError(t, err)
	m.Version, m.Total = m.Version+1, m.Total-1
	m.Entries = append(m.Entries, files.Entry{Value: "192.0.2.7", Expires: files.Removed})
	require.NoError(t, files.WriteMore(filepath.Join(l.dir, "lists"), "bad", query.ListIP, m))
	l = open(t, l.dir, "")
	require.True(t, has("bad", "192.0.2.7"))
	is(true)
	written = stat()
	remove("10.0.0.10")
	is(false)
	l = open(t, l.dir, "")
	is(false)
	require.True(t, has("bad", "10.0.0.10"), "by ::/8")

	// Of a network others may be parts.
	remove("::/8")
	require.False(t, has("bad", "10.0.0.10"))
	remove("198.51.100.0/24")
	require.False(t, has("bad", "198.51.100.9"))
	is(true)
	written = stat()

	many := make([]watchlist.Entry, 9_999)
	for i := range many {
		many[i].Value = fmt.Sprintf("172.16.%d.%d", i>>8, i&0xff)
	}
	add(many...)
	n += len(many)
	is(false)
	add(watchlist.Entry{Value: "192.0.2.11"}, watchlist.Entry{Value: "192.0.2.12"})
	n += 2
	require.True(t, has("bad", "172.16.0.1"))
	is(true)
	require.NoFileExists(t, filepath.Join(l.dir, "lists", "bad.more"), "all is in the list's file now")

	// A file that is lost is written again at the next start.
	add(watchlist.Entry{Value: "192.0.2.13"})
	n++
	require.NoError(t, os.WriteFile(filepath.Join(l.dir, "lists", "bad.more"), nil, 0o600))
	written = stat()
	l = open(t, l.dir, "")
	require.True(t, has("bad", "192.0.2.13"))
	is(true)
}
