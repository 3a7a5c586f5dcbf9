package disk

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/journal"
)

// TestPinAndLink: a copy has every entry that was not done when the journal was pinned, whatever is committed and
// appended since, and its groups stand where they stood.
func TestPinAndLink(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "journal")
	j := open(t, dir, Options{SegmentBytes: 1000, MaxBytes: 1 << 20})
	body := func(n uint64) []byte { return bytes.Repeat([]byte{byte(n)}, 300) }
	grow := func(to uint64) {
		for n := j.Last() + 1; n <= to; n++ {
			_, err := j.Append(t.Context(), body(n))
			require.NoError(t, err)
		}
	}
	c, err := j.Consumer("store", journal.GroupOptions{})
	require.NoError(t, err)
	grow(20)
	require.NoError(t, c.Commit(5))
	p, err := j.Pin()
	require.NoError(t, err)
	defer p.Release()
	require.NoError(t, c.Commit(20))
	grow(30)
	require.NoError(t, c.Commit(30))
	require.NoError(t, j.saveState())
	j.trim()
	require.LessOrEqual(t, j.Stats().First, uint64(6), "nothing is trimmed")

	links := filepath.Join(t.TempDir(), "links")
	parts, first, last, err := p.Link(links)
	require.NoError(t, err)
	require.LessOrEqual(t, first, uint64(6))
	require.EqualValues(t, 30, last)
	grow(35) // into a file that the copy shares
	copied := filepath.Join(t.TempDir(), "copy")
	require.NoError(t, os.Mkdir(copied, 0o700))
	for _, part := range parts {
		src, err := os.Open(filepath.Join(links, part.Name))
		require.NoError(t, err)
		b, err := io.ReadAll(io.LimitReader(src, part.Size))
		require.NoError(t, err)
		require.NoError(t, src.Close())
		require.Len(t, b, int(part.Size))
		require.NoError(t, os.WriteFile(filepath.Join(copied, part.Name), b, 0o600))
	}
	k := open(t, copied, Options{SegmentBytes: 1000, MaxBytes: 1 << 20})
	require.Equal(t, j.ID(), k.ID())
	require.EqualValues(t, 30, k.Last())
	d, err := k.Consumer("store", journal.GroupOptions{})
	require.NoError(t, err)
	require.EqualValues(t, 5, d.Committed())
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for n := uint64(6); n <= 30; n++ {
		e, err := d.Next(ctx)
		require.NoError(t, err)
		require.Equal(t, n, e.Offset)
		require.Equal(t, body(n), e.Body)
	}

	p.Release()
	p.Release()
	require.Eventually(t, func() bool { return j.Stats().First > 6 }, time.Minute, 10*time.Millisecond, "it is trimmed again")
}
