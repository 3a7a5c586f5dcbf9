// Package journaltest is the suite that every implementation of [journal.Journal] passes.
package journaltest

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/journal"
)

// Need is what a test asks of the journal it is given. Zero fields are the implementation's choice.
type Need struct {
	MaxBytes      int64 // the bound
	MaxEntryBytes int
	TrimBytes     int64 // entries go away in pieces of about so many bytes
}

// Fixture is a new, empty journal. The implementation's test closes what the suite leaves open.
type Fixture struct {
	Journal journal.Journal
	// Reopen closes the journal and returns it opened again.
	Reopen func() journal.Journal
}

// patience is how long something that must happen may take.
const patience = time.Minute

// Run runs the suite on journals made by open.
func Run(t *testing.T, open func(t *testing.T, n Need) Fixture) {
	t.Helper()
	for _, c := range []struct {
		name string
		need Need
		test func(t *testing.T, f Fixture)
	}{
		{"identity", Need{}, testIdentity},
		{"empty", Need{}, testEmpty},
		{"order", Need{}, testOrder},
		{"sizes", Need{MaxEntryBytes: 3 << 20}, testSizes},
		{"concurrent appenders", Need{}, testConcurrent},
		{"bodies stay", Need{}, testBodiesStay},
		{"groups", Need{}, testGroups},
		{"waiting", Need{}, testWaiting},
		{"seek", Need{}, testSeek},
		{"commit", Need{}, testCommit},
		{"one consumer a group", Need{}, testOneConsumer},
		{"read", Need{TrimBytes: 16 << 10}, testRead},
		{"far behind", Need{TrimBytes: 256 << 10}, testFarBehind},
		{"required group blocks", tight, testRequired},
		{"detachable group detaches", tight, testDetach},
		{"detachable group never blocks", tight, testDetachWhenFull},
		{"trimming", tight, testTrim},
		{"no groups", tight, testNoGroups},
		{"remove group", tight, testRemoveGroup},
		{"closed", tight, testClosed},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, open(t, c.need)) })
	}
}

// tight is a journal that is full after some sixty entries of entryBytes.
var tight = Need{MaxBytes: 64 << 10, MaxEntryBytes: 16 << 10, TrimBytes: 8 << 10}

const entryBytes = 1000

// body makes the body of entry n: every byte depends on n and size.
func body(n uint64, size int) []byte {
	b := make([]byte, size)
	x := n*0x9e3779b97f4a7c15 + uint64(size)
	var word [8]byte
	for i := range b {
		if i%8 == 0 {
			x = x*6364136223846793005 + 1442695040888963407
			binary.LittleEndian.PutUint64(word[:], x)
		}
		b[i] = word[i%8]
	}
	return b
}

func appendN(t *testing.T, j journal.Journal, n, size int) {
	t.Helper()
	for range n {
		want := j.Last() + 1
		got, err := j.Append(t.Context(), body(want, size))
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
}

func join(t *testing.T, j journal.Journal, group string, o journal.GroupOptions) journal.Consumer {
	t.Helper()
	c, err := j.Consumer(group, o)
	require.NoError(t, err)
	return c
}

func next(t *testing.T, c journal.Consumer) journal.Entry {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	e, err := c.Next(ctx)
	require.NoError(t, err)
	return e
}

// readOn reads the entries from to to, written by appendN.
func readOn(t *testing.T, c journal.Consumer, from, to uint64, size int) {
	t.Helper()
	for offset := from; offset <= to; offset++ {
		e := next(t, c)
		require.Equal(t, offset, e.Offset)
		if !bytes.Equal(body(offset, size), e.Body) {
			require.Failf(t, "wrong body", "entry %d has %d bytes that are not what was appended", offset, len(e.Body))
		}
	}
}

// nothing checks that no entry is there to be read.
func nothing(t *testing.T, c journal.Consumer) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, err := c.Next(ctx)
	require.ErrorIs(t, err, context.DeadlineExceeded)
}

func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	require.Eventually(t, condition, patience, 5*time.Millisecond, what)
}

func groupStats(t *testing.T, j journal.Journal, name string) journal.GroupStats {
	t.Helper()
	for _, g := range j.Stats().Groups {
		if g.Name == name {
			return g
		}
	}
	require.Failf(t, "group is missing in Stats", name)
	return journal.GroupStats{}
}

func testIdentity(t *testing.T, f Fixture) {
	id := f.Journal.ID()
	assert.Regexp(t, `^[A-Za-z0-9_-]{22}$`, id)
	assert.Equal(t, id, f.Journal.ID())
	assert.Equal(t, id, f.Reopen().ID())
}

func testEmpty(t *testing.T, f Fixture) {
	check := func(j journal.Journal) {
		assert.Zero(t, j.Last())
		s := j.Stats()
		assert.Greater(t, s.First, s.Last)
		assert.Zero(t, s.Bytes)
		assert.False(t, s.Full)
		assert.Empty(t, s.Err)
		_, err := j.Read(1)
		require.Error(t, err)
		require.NotErrorIs(t, err, journal.ErrTrimmed, "it is not gone, it was never there")
	}
	check(f.Journal)
	check(f.Reopen())
}

func testOrder(t *testing.T, f Fixture) {
	for i := range uint64(50) {
		offset, err := f.Journal.Append(t.Context(), body(i+1, 100))
		require.NoError(t, err)
		require.Equal(t, i+1, offset)
		require.Equal(t, offset, f.Journal.Last())
	}
	offset, err := f.Journal.TryAppend(body(51, 100))
	require.NoError(t, err)
	require.Equal(t, uint64(51), offset)
	readOn(t, join(t, f.Journal, "g", journal.GroupOptions{}), 1, 51, 100)
	j := f.Reopen()
	require.Equal(t, uint64(51), j.Last())
	appendN(t, j, 9, 100)
	readOn(t, join(t, j, "g", journal.GroupOptions{}), 1, 60, 100)
}

func testSizes(t *testing.T, f Fixture) {
	sizes := []int{0, 1, 31, 128, 65_535, 1 << 20, 3 << 20, 0, 5}
	check := func(j journal.Journal) {
		c := join(t, j, "g", journal.GroupOptions{})
		for i, size := range sizes {
			e := next(t, c)
			require.Equal(t, uint64(i+1), e.Offset)
			require.Truef(t, bytes.Equal(body(e.Offset, size), e.Body), "body of %d bytes", size)
			e, err := j.Read(uint64(i + 1))
			require.NoError(t, err)
			require.Truef(t, bytes.Equal(body(e.Offset, size), e.Body), "body of %d bytes", size)
		}
	}
	for i, size := range sizes {
		_, err := f.Journal.Append(t.Context(), body(uint64(i+1), size))
		require.NoError(t, err)
	}
	for _, try := range []func([]byte) (uint64, error){
		f.Journal.TryAppend,
		func(b []byte) (uint64, error) { return f.Journal.Append(t.Context(), b) },
	} {
		_, err := try(make([]byte, 3<<20+1))
		require.ErrorIs(t, err, journal.ErrTooLarge)
	}
	check(f.Journal)
	check(f.Reopen())
}

func testConcurrent(t *testing.T, f Fixture) {
	const writers, each = 8, 60
	offsets := make([][]uint64, writers)
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				offset, err := f.Journal.Append(t.Context(), fmt.Appendf(nil, "%d/%d", w, i))
				if !assert.NoError(t, err) {
					return
				}
				offsets[w] = append(offsets[w], offset)
			}
		})
	}
	c := join(t, f.Journal, "g", journal.GroupOptions{})
	var written [writers]int
	for want := uint64(1); want <= writers*each; want++ {
		e := next(t, c) // while the others still write
		require.Equal(t, want, e.Offset)
		var w, i int
		_, err := fmt.Sscanf(string(e.Body), "%d/%d", &w, &i)
		require.NoError(t, err)
		require.Equal(t, written[w], i, "each writer's entries are in its order")
		written[w]++
	}
	wg.Wait()
	nothing(t, c)
	for w, list := range offsets {
		for i, offset := range list {
			e, err := f.Journal.Read(offset)
			require.NoError(t, err)
			require.Equal(t, fmt.Sprintf("%d/%d", w, i), string(e.Body))
		}
	}
}

func testBodiesStay(t *testing.T, f Fixture) {
	const n = 300
	a, b := join(t, f.Journal, "a", journal.GroupOptions{}), join(t, f.Journal, "b", journal.GroupOptions{})
	kept := make([]journal.Entry, 0, 2*n)
	for range n {
		appendN(t, f.Journal, 1, 5000)
		kept = append(kept, next(t, a))
	}
	for range n {
		kept = append(kept, next(t, b))
	}
	for _, e := range kept {
		require.True(t, bytes.Equal(body(e.Offset, 5000), e.Body), "a body changed after it was handed out")
	}
}

func testGroups(t *testing.T, f Fixture) {
	appendN(t, f.Journal, 10, 100)
	a, b := join(t, f.Journal, "a", journal.GroupOptions{}), join(t, f.Journal, "b", journal.GroupOptions{DetachAfterBytes: 1 << 30})
	readOn(t, a, 1, 7, 100)
	readOn(t, b, 1, 10, 100)
	require.NoError(t, a.Commit(5))
	require.NoError(t, b.Commit(10))
	late := join(t, f.Journal, "late", journal.GroupOptions{})

	s := f.Journal.Stats()
	require.Len(t, s.Groups, 3)
	for i, want := range []journal.GroupStats{
		{Name: "a", Committed: 5, Lag: 5, Required: true, Read: 7},
		{Name: "b", Committed: 10, Lag: 0, Required: false, Read: 10},
		{Name: "late", Committed: 0, Lag: 10, Required: true},
	} {
		got := s.Groups[i]
		assert.Equal(t, want.Name != "late", !got.LastRead.IsZero())
		assert.Equal(t, want.Lag > 0, got.LagBytes > 0, "lag of %d bytes", got.LagBytes)
		assert.LessOrEqual(t, got.LagBytes, s.Bytes)
		got.LastRead, got.LagBytes = time.Time{}, 0
		assert.Equal(t, want, got)
	}
	readOn(t, a, 8, 10, 100)
	readOn(t, late, 1, 10, 100)
}

func testWaiting(t *testing.T, f Fixture) {
	c := join(t, f.Journal, "g", journal.GroupOptions{})
	ctx, cancel := context.WithCancel(t.Context())
	failed := make(chan error, 1)
	go func() {
		_, err := c.Next(ctx)
		failed <- err
	}()
	cancel()
	require.ErrorIs(t, <-failed, context.Canceled)
	got := make(chan journal.Entry, 1)
	go func() {
		e, err := c.Next(t.Context())
		assert.NoError(t, err)
		got <- e
	}()
	appendN(t, f.Journal, 1, 10)
	select {
	case e := <-got:
		require.Equal(t, uint64(1), e.Offset)
	case <-time.After(patience):
		require.Fail(t, "Next does not notice an append")
	}
	_, err := f.Journal.Append(ctx, []byte("x"))
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, uint64(1), f.Journal.Last())
}

func testSeek(t *testing.T, f Fixture) {
	appendN(t, f.Journal, 20, 3000)
	c := join(t, f.Journal, "g", journal.GroupOptions{})
	for _, offset := range []uint64{20, 1, 11, 11, 2, 19} {
		require.NoError(t, c.Seek(offset))
		readOn(t, c, offset, min(offset+2, 20), 3000)
	}
	require.NoError(t, c.Seek(0))
	readOn(t, c, 1, 20, 3000)
	require.NoError(t, c.Seek(21))
	nothing(t, c)
	appendN(t, f.Journal, 1, 3000)
	readOn(t, c, 21, 21, 3000)
	require.Error(t, c.Seek(23))
	require.Zero(t, c.Committed(), "seeking commits nothing")
}

func testCommit(t *testing.T, f Fixture) {
	appendN(t, f.Journal, 10, 100)
	c := join(t, f.Journal, "g", journal.GroupOptions{})
	require.Zero(t, c.Committed())
	readOn(t, c, 1, 8, 100)
	require.NoError(t, c.Commit(4))
	require.NoError(t, c.Commit(6))
	require.NoError(t, c.Commit(5), "an older commit is no error")
	require.Equal(t, uint64(6), c.Committed(), "and changes nothing")
	require.Error(t, c.Commit(11), "nothing is there yet")

	require.NoError(t, c.Close())
	require.ErrorIs(t, c.Commit(7), journal.ErrClosed)
	c = join(t, f.Journal, "g", journal.GroupOptions{})
	readOn(t, c, 7, 10, 100)

	j := f.Reopen()
	require.Equal(t, uint64(6), groupStats(t, j, "g").Committed, "known before anybody joins")
	c = join(t, j, "g", journal.GroupOptions{})
	require.Equal(t, uint64(6), c.Committed())
	readOn(t, c, 7, 10, 100)
	require.NoError(t, c.Commit(10))
	nothing(t, c)
}

func testOneConsumer(t *testing.T, f Fixture) {
	appendN(t, f.Journal, 3, 100)
	a := join(t, f.Journal, "g", journal.GroupOptions{})
	readOn(t, a, 1, 3, 100)
	require.NoError(t, a.Commit(1))
	ended := make(chan error, 1)
	go func() {
		_, err := a.Next(t.Context())
		ended <- err
	}()
	b := join(t, f.Journal, "g", journal.GroupOptions{})
	select {
	case err := <-ended:
		require.ErrorIs(t, err, journal.ErrClosed)
	case <-time.After(patience):
		require.Fail(t, "the older consumer still waits")
	}
	require.ErrorIs(t, a.Commit(3), journal.ErrClosed)
	require.ErrorIs(t, a.Seek(1), journal.ErrClosed)
	readOn(t, b, 2, 3, 100)
}

func testRead(t *testing.T, f Fixture) {
	const n = 200
	appendN(t, f.Journal, n, entryBytes)
	for _, open := range []func() journal.Journal{func() journal.Journal { return f.Journal }, f.Reopen} {
		j := open()
		for i := range uint64(n) {
			offset := i*71%n + 1 // all of them, in no order
			e, err := j.Read(offset)
			require.NoError(t, err)
			require.Equal(t, offset, e.Offset)
			require.True(t, bytes.Equal(body(offset, entryBytes), e.Body))
			clear(e.Body) // the caller's
		}
		e, err := j.Read(1)
		require.NoError(t, err)
		require.True(t, bytes.Equal(body(1, entryBytes), e.Body))
		for _, offset := range []uint64{0, n + 1} {
			_, err := j.Read(offset)
			require.Errorf(t, err, "entry %d", offset)
		}
	}
}

// testFarBehind lets a reader that is no longer close behind the writer catch up with it.
func testFarBehind(t *testing.T, f Fixture) {
	const n = 400
	appendN(t, f.Journal, n, 10_000)
	j := f.Reopen() // nothing is in memory
	slow := join(t, j, "slow", journal.GroupOptions{})
	fast := join(t, j, "fast", journal.GroupOptions{})
	readOn(t, slow, 1, 10, 10_000)
	require.NoError(t, fast.Seek(n+1))
	for i := range uint64(100) {
		appendN(t, j, 1, 10_000)
		readOn(t, fast, n+1+i, n+1+i, 10_000)
	}
	readOn(t, slow, 11, n+100, 10_000)
	nothing(t, slow)
	appendN(t, j, 1, 10_000)
	readOn(t, slow, n+101, n+101, 10_000)
}
