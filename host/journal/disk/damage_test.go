package disk

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/journal"
)

// crashImage returns a copy of the directory as a kill would leave it.
func crashImage(t *testing.T, dir string) string {
	t.Helper()
	image := filepath.Join(t.TempDir(), "image")
	require.NoError(t, os.CopyFS(image, os.DirFS(dir)))
	return image
}

func put(t *testing.T, j *Journal, n int, format string) {
	t.Helper()
	for range n {
		_, err := j.Append(t.Context(), fmt.Appendf(nil, format, j.Last()+1))
		require.NoError(t, err)
	}
}

// lastSegment returns the path and content of the newest segment.
func lastSegment(t *testing.T, dir string) (string, []byte) {
	t.Helper()
	segments, err := listSegments(dir)
	require.NoError(t, err)
	path := filepath.Join(dir, segmentName(segments[len(segments)-1].first))
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	return path, data
}

// ends checks that the journal has entries 1 to last and takes the next one.
func ends(t *testing.T, dir string, last uint64, format string) {
	t.Helper()
	j := open(t, dir, Options{Logf: func(string, ...any) {}})
	require.Equal(t, last, j.Last())
	put(t, j, 1, format)
	for _, offset := range []uint64{1, last, last + 1} {
		e, err := j.Read(offset)
		require.NoError(t, err)
		require.Equal(t, fmt.Sprintf(format, offset), string(e.Body))
	}
	require.NoError(t, j.Close())
	j = open(t, dir, Options{})
	require.Equal(t, last+1, j.Last())
	require.NoError(t, j.Close())
}

func TestTornTail(t *testing.T) {
	const format = "entry %d of some length"
	dir := t.TempDir()
	j := open(t, dir, Options{})
	put(t, j, 9, format)
	path, before := lastSegment(t, dir)
	put(t, j, 1, format)
	_, all := lastSegment(t, dir)
	begin := len(before)
	image := crashImage(t, dir)
	path = filepath.Join(image, filepath.Base(path))
	require.NoError(t, j.Close())

	try := func(name string, content []byte) {
		t.Run(name, func(t *testing.T) {
			require.NoError(t, os.WriteFile(path, content, 0o600))
			require.NoError(t, os.RemoveAll(filepath.Join(image, "state.json")))
			ends(t, image, 9, format)
		})
	}
	for at := begin; at < len(all); at++ {
		try(fmt.Sprintf("cut at %d", at), all[:at])
		garbled := bytes.Clone(all)
		garbled[at] ^= 0x41
		try(fmt.Sprintf("garbled at %d", at), garbled)
		zero := append(bytes.Clone(all[:at]), make([]byte, len(all)-at+1000)...)
		try(fmt.Sprintf("zero from %d", at), zero)
	}
	try("garbage", append(bytes.Clone(before), bytes.Repeat([]byte{0xff, 0x01, 'L', 'J', 1, 0}, 100)...))
	try("an older entry again", append(bytes.Clone(before), before[len(before)-40:]...))
}

// TestTornBatch: of a write of several entries, any pages may be missing after a power cut.
func TestTornBatch(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir, Options{})
	put(t, j, 3, "entry %d")
	_, good := lastSegment(t, dir)
	seed := j.seed
	image := crashImage(t, dir)
	require.NoError(t, j.Close())
	path, _ := lastSegment(t, image)

	data := bytes.Clone(good)
	for offset := uint64(4); offset <= 6; offset++ {
		frame := append(make([]byte, headerLen), fmt.Sprintf("entry %d", offset)...)
		putHeader(frame, frame[headerLen:], seed, 0, offset, 3)
		data = append(append(data, byte(len(frame))), frame...)
	}
	data[len(good)+20] ^= 1 // in entry 4; 5 and 6 are whole
	require.NoError(t, os.WriteFile(path, data, 0o600))
	ends(t, image, 3, "entry %d")
}

func TestDamageInLastSegment(t *testing.T) {
	const format = "entry %d of some length"
	dir := t.TempDir()
	j := open(t, dir, Options{})
	put(t, j, 4, format)
	_, before := lastSegment(t, dir)
	put(t, j, 1, format)
	_, upTo5 := lastSegment(t, dir)
	put(t, j, 2, format)
	image := crashImage(t, dir)
	require.NoError(t, j.Close())
	path, all := lastSegment(t, image)
	for at := len(before); at < len(upTo5); at++ {
		garbled := bytes.Clone(all)
		garbled[at] ^= 0x10
		require.NoError(t, os.WriteFile(path, garbled, 0o600))
		_, err := Open(image, Options{})
		require.ErrorIs(t, err, ErrDamaged)
		require.Contains(t, err.Error(), fmt.Sprintf("%s, byte %d, entry 5:", path, len(before)))
		require.Contains(t, err.Error(), "Restore this file from a copy")
		_, now := lastSegment(t, image)
		require.True(t, bytes.Equal(garbled, now), "nothing was cut")
	}
	require.NoError(t, os.WriteFile(path, all, 0o600))
	ends(t, image, 7, format)
}

// TestDamageAfterClose: a closed journal has no unfinished write.
func TestDamageAfterClose(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir, Options{})
	put(t, j, 5, "entry %d")
	require.NoError(t, j.Close())
	path, all := lastSegment(t, dir)
	require.NoError(t, os.Truncate(path, int64(len(all)-1)))
	_, err := Open(dir, Options{})
	require.ErrorIs(t, err, ErrDamaged)
	require.ErrorContains(t, err, "entry 5")
	_, now := lastSegment(t, dir)
	require.True(t, bytes.Equal(all[:len(all)-1], now), "nothing was cut")
	require.NoError(t, os.Remove(path))
	_, err = Open(dir, Options{})
	require.ErrorIs(t, err, ErrDamaged)
}

func TestDamageInOlderSegment(t *testing.T) {
	const format = "entry %d: ....................................................................................................."
	dir := t.TempDir()
	j := open(t, dir, Options{SegmentBytes: 1000})
	put(t, j, 40, format)
	require.NoError(t, j.Close())
	segments, err := listSegments(dir)
	require.NoError(t, err)
	require.Greater(t, len(segments), 4)
	second, third := segments[1], segments[2]
	path := filepath.Join(dir, segmentName(second.first))
	whole, err := os.ReadFile(path)
	require.NoError(t, err)
	_, n, err := splitRecord(whole)
	require.NoError(t, err)

	garbled := bytes.Clone(whole)
	garbled[n+60] ^= 1
	for name, c := range map[string]struct {
		content []byte
		bad     uint64
		at      int
	}{
		"flipped": {garbled, second.first + 1, n},
		"cut":     {whole[:n+60], second.first + 1, n},
		"shorter": {whole[:n], second.first + 1, n},
		"empty":   {nil, second.first, 0},
	} {
		t.Run(name, func(t *testing.T) {
			require.NoError(t, os.WriteFile(path, c.content, 0o600))
			j := open(t, dir, Options{SegmentBytes: 1000})
			defer func() { require.NoError(t, j.Close()) }()
			require.NoError(t, j.RemoveGroup("g"))
			consumer, err := j.Consumer("g", journal.GroupOptions{})
			require.NoError(t, err)
			for offset := uint64(1); offset < c.bad; offset++ {
				e, err := consumer.Next(t.Context())
				require.NoError(t, err)
				require.Equal(t, offset, e.Offset)
			}
			place := fmt.Sprintf("%s, byte %d, entry %d:", path, c.at, c.bad)
			for range 2 { // it is not skipped by trying again
				_, err = consumer.Next(t.Context())
				require.ErrorIs(t, err, ErrDamaged)
				require.ErrorContains(t, err, place)
			}
			_, err = j.Read(c.bad)
			require.ErrorIs(t, err, ErrDamaged)
			require.ErrorContains(t, err, place)
			require.NoError(t, os.Rename(path, path+"-away"))
			_, err = j.Read(c.bad)
			require.ErrorIs(t, err, ErrDamaged)
			require.ErrorContains(t, err, "no such file")
			require.NoError(t, os.Rename(path+"-away", path))
			e, err := j.Read(third.first)
			require.NoError(t, err, "entries in other segments are not affected")
			require.Equal(t, fmt.Sprintf(format, third.first), string(e.Body))
		})
	}
}

func TestOpenRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(t *testing.T, dir string)
		want  string
	}{
		"meta missing": {func(t *testing.T, dir string) {
			require.NoError(t, os.Remove(filepath.Join(dir, "meta.json")))
		}, "meta.json is missing"},
		"meta garbled": {func(t *testing.T, dir string) {
			require.NoError(t, os.WriteFile(filepath.Join(dir, "meta.json"), []byte("{"), 0o600))
		}, "meta.json is not readable"},
		"version": {func(t *testing.T, dir string) {
			require.NoError(t, os.WriteFile(filepath.Join(dir, "meta.json"), []byte(`{"version":2,"id":"0123456789012345678901"}`), 0o600))
		}, "has version 2; this program knows version 1"},
		"state garbled": {func(t *testing.T, dir string) {
			require.NoError(t, os.WriteFile(filepath.Join(dir, "state.json"), []byte("x"), 0o600))
		}, "state.json"},
		"other file": {func(t *testing.T, dir string) {
			require.NoError(t, os.WriteFile(filepath.Join(dir, segmentName(2)+".END"), nil, 0o600))
		}, ".END is not a journal's file"},
		"another journal's segment": {func(t *testing.T, dir string) {
			other := open(t, t.TempDir(), Options{})
			put(t, other, 2, "not ours %d")
			path, data := lastSegment(t, other.dir)
			require.NoError(t, os.WriteFile(filepath.Join(dir, filepath.Base(path)), data, 0o600))
		}, "entries up to 3 were acknowledged"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			j := open(t, dir, Options{})
			put(t, j, 3, "entry %d")
			require.NoError(t, j.Close())
			c.spoil(t, dir)
			_, err := Open(dir, Options{})
			require.ErrorContains(t, err, c.want)
			require.ErrorContains(t, err, dir)
			lock, err := lockDir(dir)
			require.NoError(t, err, "a failed Open leaves no lock behind")
			require.NoError(t, lock.Close())
		})
	}
}

// FuzzSegment feeds the decoder of segments: whatever the bytes, it ends, stays within them, and what it
// accepts is what was written.
func FuzzSegment(f *testing.F) {
	const seed = 7
	record := func(offset, durable uint64, body string) []byte {
		frame := append(make([]byte, headerLen), body...)
		putHeader(frame, frame[headerLen:], seed, 0, offset, durable)
		return append([]byte{byte(len(frame))}, frame...)
	}
	one, two := record(1, 0, "one"), record(2, 1, "")
	f.Add([]byte{})
	f.Add(one)
	f.Add(append(bytes.Clone(one), two...))
	f.Add(append(bytes.Clone(one[:20]), two...))
	f.Add(append(bytes.Clone(one), make([]byte, 50)...))
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1})
	f.Add(append(bytes.Clone(one), record(3, 2, "a gap")...))
	f.Fuzz(func(t *testing.T, data []byte) {
		end, next, err := scanSegment(data, seed, 1)
		if end < 0 || end > len(data) || next < 1 || (err == nil) != (end == len(data)) {
			t.Fatalf("end %d of %d, next %d, %v", end, len(data), next, err)
		}
		acknowledgedBehind(data[end:], seed, next)
		rest := data[:end]
		for offset := uint64(1); offset < next; offset++ {
			n, err := recordAt(rest, seed, offset)
			if err != nil {
				t.Fatalf("entry %d: %v", offset, err)
			}
			rest = rest[n:]
		}
		if len(rest) != 0 {
			t.Fatalf("%d bytes are left", len(rest))
		}
		// Any single flipped bit is noticed.
		if end > 0 {
			flipped := bytes.Clone(data[:end])
			flipped[len(data)%end] ^= 1 << (len(data) % 8)
			if at, _, err := scanSegment(flipped, seed, 1); err == nil && at == end {
				t.Fatalf("flip of bit %d of byte %d is not noticed", len(data)%8, len(data)%end)
			}
		}
	})
}
