package disk

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/journal"
	"github.com/logcenter/logcenter/host/journal/journaltest"
)

// open opens a journal that the test's end closes, if nothing did before.
func open(t *testing.T, dir string, o Options) *Journal {
	t.Helper()
	if o.Logf == nil {
		o.Logf = t.Logf
	}
	j, err := Open(dir, o)
	require.NoError(t, err)
	t.Cleanup(func() {
		if err := j.Close(); !errors.Is(err, journal.ErrClosed) {
			require.NoError(t, err)
		}
	})
	return j
}

func writeKey(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "key")
	require.NoError(t, os.WriteFile(path, []byte(strings.Repeat("0123456789abcdef", 4)+"\n"), 0o600))
	return path
}

func TestSuite(t *testing.T) {
	for name, o := range map[string]Options{
		"plain":     {},
		"encrypted": {KeyFile: writeKey(t)},
		"no memory": {MemoryBytes: 1, NoSync: true},
	} {
		t.Run(name, func(t *testing.T) {
			journaltest.Run(t, func(t *testing.T, n journaltest.Need) journaltest.Fixture {
				o := o
				o.MaxBytes, o.MaxEntryBytes, o.SegmentBytes = n.MaxBytes, n.MaxEntryBytes, n.TrimBytes
				dir := filepath.Join(t.TempDir(), "a", "journal")
				j := open(t, dir, o)
				return journaltest.Fixture{Journal: j, Reopen: func() journal.Journal {
					require.NoError(t, j.Close())
					j = open(t, dir, o)
					return j
				}}
			})
		})
	}
}

func TestKeyFile(t *testing.T) {
	raw := []byte("0123456789abcdefghijklmnopqrstuv")
	keyFile := func(content string) string {
		path := filepath.Join(t.TempDir(), "key")
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
		return path
	}
	good := keyFile(string(raw))
	dir := t.TempDir()
	secret := []byte("password=correct horse battery staple")
	j := open(t, dir, Options{})
	put(t, j, 1, "plain text %d")
	require.NoError(t, j.Close())
	j = open(t, dir, Options{KeyFile: good}) // encryption begins later
	_, err := j.Append(t.Context(), secret)
	require.NoError(t, err)
	require.NoError(t, j.Close())

	_, data := lastSegment(t, dir)
	require.Contains(t, string(data), "plain text 1")
	require.NotContains(t, string(data), "horse")

	for name, content := range map[string]string{
		"raw":         string(raw),
		"hexadecimal": hex.EncodeToString(raw) + "\n",
		"HEXADECIMAL": strings.ToUpper(hex.EncodeToString(raw)),
		"base64":      " " + base64.StdEncoding.EncodeToString(raw) + "\r\n",
		"URL base64":  base64.RawURLEncoding.EncodeToString(raw),
	} {
		t.Run(name, func(t *testing.T) {
			j := open(t, dir, Options{KeyFile: keyFile(content)})
			for offset, want := range []string{"", "plain text 1", string(secret)} {
				if offset > 0 {
					e, err := j.Read(uint64(offset))
					require.NoError(t, err)
					require.Equal(t, want, string(e.Body))
				}
			}
			require.NoError(t, j.Close())
		})
	}
	for name, c := range map[string]struct{ path, want string }{
		"none":      {"", "this journal is encrypted"},
		"other":     {keyFile(strings.Repeat("x", 32)), "another key"},
		"short":     {keyFile("0123456789abcdef"), "has 16 bytes that are no key: it must hold 32 bytes"},
		"empty":     {keyFile(""), "it must hold 32 bytes"},
		"not there": {filepath.Join(t.TempDir(), "missing"), "no such file"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Open(dir, Options{KeyFile: c.path})
			require.ErrorIs(t, err, ErrKey)
			require.ErrorContains(t, err, c.want)
			require.ErrorContains(t, err, dir)
		})
	}
}

func TestBox(t *testing.T) {
	a, err := newBox(bytes.Repeat([]byte{1}, keyLen), "journal a")
	require.NoError(t, err)
	b, err := newBox(bytes.Repeat([]byte{1}, keyLen), "journal b")
	require.NoError(t, err)
	again, err := newBox(bytes.Repeat([]byte{1}, keyLen), "journal a")
	require.NoError(t, err)
	sealed := a.appendSealed(nil, []byte("body"), 5)
	require.Len(t, sealed, len("body")+boxOverhead)
	require.NotEqual(t, sealed, a.appendSealed(nil, []byte("body"), 5), "an offset may be written twice")

	body, err := again.open(bytes.Clone(sealed), 5)
	require.NoError(t, err)
	require.Equal(t, "body", string(body))
	for name, open := range map[string]func() ([]byte, error){
		"other offset":  func() ([]byte, error) { return a.open(bytes.Clone(sealed), 6) },
		"other journal": func() ([]byte, error) { return b.open(bytes.Clone(sealed), 5) },
		"too short":     func() ([]byte, error) { return a.open(sealed[:boxOverhead-1], 5) },
	} {
		_, err := open()
		require.Errorf(t, err, "%s", name)
	}
	for i := range sealed {
		changed := bytes.Clone(sealed)
		changed[i] ^= 4
		_, err := a.open(changed, 5)
		require.ErrorIsf(t, err, ErrKey, "byte %d", i)
	}
}

func TestTwoOpeners(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir, Options{})
	_, err := Open(dir, Options{})
	require.ErrorIs(t, err, ErrInUse)
	require.ErrorContains(t, err, dir)
	require.ErrorContains(t, err, fmt.Sprintf("process %d", os.Getpid()))
	put(t, j, 1, "entry %d")
	require.NoError(t, j.Close())
	require.NoError(t, open(t, dir, Options{}).Close())
}

// Ids of events begin with their journal's, and are given to commands.
func TestIDsAreNoFlags(t *testing.T) {
	for range 1000 {
		id, err := newID()
		require.NoError(t, err)
		require.Len(t, id, 22)
		require.NotEqual(t, byte('-'), id[0], id)
	}
}

func TestPermissions(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "journal")
	require.NoError(t, os.Mkdir(dir, 0o755))
	j := open(t, dir, Options{SegmentBytes: 100})
	put(t, j, 5, "entry %d: .............................................................................")
	require.NoError(t, j.Close())
	info, err := os.Stat(dir)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o700), info.Mode().Perm())
	files, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Greater(t, len(files), 7)
	for _, f := range files {
		info, err := f.Info()
		require.NoError(t, err)
		require.Equalf(t, os.FileMode(0o600), info.Mode().Perm(), "%s", f.Name())
	}
}

func TestOptions(t *testing.T) {
	for want, o := range map[string]Options{
		"MaxBytes is 5;":                            {MaxBytes: 5},
		"MaxBytes is -1;":                           {MaxBytes: -1},
		"MaxEntryBytes is 600000;":                  {MaxBytes: 1 << 20, MaxEntryBytes: 600_000},
		"MaxEntryBytes is -1;":                      {MaxEntryBytes: -1},
		"SegmentBytes is -1;":                       {SegmentBytes: -1},
		"it must be from 1 to 1073741824":           {SegmentBytes: 2 << 30},
		"MemoryBytes is -1; it must not be negativ": {MemoryBytes: -1},
	} {
		_, err := Open(filepath.Join(t.TempDir(), "journal"), o)
		require.ErrorContains(t, err, want)
	}
	o, err := Options{}.filled()
	require.NoError(t, err)
	require.Equal(t, int64(8<<30), o.MaxBytes)
	require.Equal(t, 64<<20, o.MaxEntryBytes)
	require.Equal(t, int64(2<<20), o.SegmentBytes)
	j := open(t, t.TempDir(), Options{})
	for _, name := range []string{"", strings.Repeat("x", 256), "\xff"} {
		_, err := j.Consumer(name, journal.GroupOptions{})
		require.ErrorContains(t, err, "a name has 1 to 255 bytes of UTF-8")
	}
	_, err = j.Consumer("g", journal.GroupOptions{DetachAfterBytes: -1})
	require.ErrorContains(t, err, "DetachAfterBytes is -1")
}

// TestGroupCommit: what gathers while a large entry is written shares the next sync. Entries of one sync
// name the same newest durable entry.
func TestGroupCommit(t *testing.T) {
	const appenders = 32
	dir := t.TempDir()
	j := open(t, dir, Options{})
	var wg sync.WaitGroup
	add := func(body []byte) {
		_, err := j.Append(t.Context(), body)
		assert.NoError(t, err)
	}
	wg.Go(func() { add(make([]byte, 48<<20)) })
	require.Eventually(t, func() bool {
		j.mu.Lock()
		defer j.mu.Unlock()
		return j.queuedBytes > 0 && len(j.queue) == 0
	}, time.Minute, time.Millisecond)
	for range appenders {
		wg.Go(func() { add([]byte("x")) })
	}
	wg.Wait()
	_, data := lastSegment(t, dir)
	syncs, previous := 0, uint64(0)
	for offset := uint64(2); offset <= appenders+1; offset++ {
		frame, n, err := splitRecord(data)
		require.NoError(t, err)
		h, err := parseEntry(frame, j.seed, offset)
		require.NoError(t, err)
		if h.durable != previous {
			require.Equal(t, offset-1, h.durable)
			syncs, previous = syncs+1, h.durable
		}
		data = data[n:]
	}
	require.Empty(t, data)
	t.Logf("%d entries, %d syncs", appenders, syncs)
	require.Less(t, syncs, appenders/2)
}

// TestSegmentsAreBookedAsWritten: the journal's books are what is on disk, also when the size of segments is
// changed.
func TestSegmentsAreBookedAsWritten(t *testing.T) {
	dir := t.TempDir()
	random := rand.New(rand.NewPCG(1, 2))
	const exact = 3 // segments are filled to the byte
	size := recordLen(headerLen + 200)
	for i, segment := range []int64{3000, 500, 20_000, 3 * size, 1, 8 << 20, 700} {
		j := open(t, dir, Options{SegmentBytes: segment})
		for range 15 {
			var wg sync.WaitGroup
			for range 1 + random.IntN(5) {
				body := make([]byte, random.IntN(1500))
				if i == exact {
					body = make([]byte, 200)
				}
				wg.Go(func() {
					_, err := j.Append(t.Context(), body)
					assert.NoError(t, err)
				})
			}
			wg.Wait()
			found, err := listSegments(dir)
			require.NoError(t, err)
			j.mu.Lock()
			booked := slices.Clone(j.segments)
			j.mu.Unlock()
			require.Equal(t, found, booked)
		}
		require.NoError(t, j.Close())
	}
}

// TestIdleKeepsNothing: what every group has committed is deleted, even if the segment is not full.
func TestIdleKeepsNothing(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir, Options{})
	c, err := j.Consumer("g", journal.GroupOptions{})
	require.NoError(t, err)
	put(t, j, 3, "secret %d")
	require.NoError(t, c.Commit(3))
	j.mu.Lock()
	j.appended = j.appended.Add(-2 * idleAfter)
	j.mu.Unlock()
	require.Eventually(t, func() bool { return j.Stats().Bytes == 0 }, time.Minute, 5*time.Millisecond)
	_, data := lastSegment(t, dir)
	require.Empty(t, data)
	require.Equal(t, uint64(3), j.Last())
	require.Equal(t, uint64(4), j.Stats().First)
	require.NoError(t, j.Close())
	j = open(t, dir, Options{})
	require.Equal(t, uint64(3), j.Last())
	put(t, j, 1, "entry %d")
	e, err := j.Read(4)
	require.NoError(t, err)
	require.Equal(t, "entry 4", string(e.Body))
}

func TestCommitsAreSavedWithinASecondOrSo(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir, Options{})
	c, err := j.Consumer("g", journal.GroupOptions{})
	require.NoError(t, err)
	put(t, j, 2, "entry %d")
	require.NoError(t, c.Commit(2))
	require.Eventually(t, func() bool {
		image := filepath.Join(t.TempDir(), "image")
		if err := os.CopyFS(image, os.DirFS(dir)); err != nil {
			return false // state.json was replaced while it was copied
		}
		crashed, err := Open(image, Options{})
		if !assert.NoError(t, err) {
			return true
		}
		groups := crashed.Stats().Groups
		assert.NoError(t, crashed.Close())
		return len(groups) == 1 && groups[0].Committed == 2
	}, time.Minute, 50*time.Millisecond)
}

func TestRing(t *testing.T) {
	r := ring{limit: 10}
	holds := func(first, last uint64) {
		t.Helper()
		for offset := uint64(0); offset < 20; offset++ {
			body, ok := r.get(offset)
			require.Equalf(t, offset >= first && offset <= last, ok, "entry %d", offset)
			if ok {
				require.Equal(t, byte(offset), body[0])
			}
		}
	}
	holds(1, 0)
	for offset := uint64(3); offset < 6; offset++ {
		r.push(offset, []byte{byte(offset), 0, 0})
	}
	holds(3, 5)
	r.push(6, []byte{6, 0, 0, 0})
	holds(4, 6)
	r.push(7, append([]byte{7}, make([]byte, 100)...))
	holds(7, 7)
	r.push(8, []byte{8})
	holds(8, 8)
	r.dropBefore(5)
	holds(8, 8)
	r.dropBefore(9)
	holds(1, 0)
	require.Zero(t, r.bytes)
	r.push(9, []byte{9})
	holds(9, 9)
}
