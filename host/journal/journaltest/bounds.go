package journaltest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/journal"
)

// fill appends until the journal is full and returns the newest offset.
func fill(t *testing.T, j journal.Journal) uint64 {
	t.Helper()
	for range 10_000 {
		offset := j.Last() + 1
		_, err := j.TryAppend(body(offset, entryBytes))
		if err != nil {
			require.ErrorIs(t, err, journal.ErrFull)
			return offset - 1
		}
	}
	require.Fail(t, "the journal is never full")
	return 0
}

// flow appends n entries while c reads and commits them.
func flow(t *testing.T, j journal.Journal, c journal.Consumer, n int) {
	t.Helper()
	for range n {
		appendN(t, j, 1, entryBytes)
		last := j.Last()
		readOn(t, c, last, last, entryBytes)
		require.NoError(t, c.Commit(last))
	}
}

func testRequired(t *testing.T, f Fixture) {
	j := f.Journal
	c := join(t, j, "g", journal.GroupOptions{})
	last := fill(t, j)
	require.LessOrEqual(t, j.Stats().Bytes, j.Stats().MaxBytes)

	eventually(t, "Append says why it waited", func() bool { // unless its time is over before it is looked at
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
		defer cancel()
		_, err := j.Append(ctx, body(last+1, entryBytes))
		assert.ErrorIs(t, err, context.DeadlineExceeded)
		return errors.Is(err, journal.ErrFull)
	})
	require.Equal(t, last, j.Last(), "what failed is not there")

	done := make(chan error, 1)
	go func() {
		_, err := j.Append(t.Context(), body(last+1, entryBytes))
		done <- err
	}()
	eventually(t, "Full while Append waits", func() bool { return j.Stats().Full })
	readOn(t, c, 1, last, entryBytes)
	select {
	case err := <-done:
		require.Failf(t, "Append did not wait for the required group", "%v", err)
	default:
	}
	require.NoError(t, c.Commit(last))
	select {
	case err := <-done:
		require.NoError(t, err)
	case <-time.After(patience):
		require.Fail(t, "Append still waits though everything is committed")
	}
	eventually(t, "not full any more", func() bool { return !j.Stats().Full })
	readOn(t, c, last+1, last+1, entryBytes)
	require.NoError(t, c.Commit(last+1))

	// Many times the bound flows through.
	for range 5 {
		flow(t, j, c, 40)
		require.LessOrEqual(t, j.Stats().Bytes, j.Stats().MaxBytes)
	}
	eventually(t, "TryAppend has room again", func() bool {
		_, err := j.TryAppend(body(j.Last()+1, 16<<10))
		return err == nil
	})
	testGivenUp(t, j)
}

// testGivenUp fills the journal with appends that wait, and the last of them in vain. An append may also be late because the
// machine is busy, and what was committed before may go, and make room, only after one has given up: then more follow.
func testGivenUp(t *testing.T, j journal.Journal) {
	t.Helper()
	eventually(t, "as full as while an append waited", func() bool {
		for err := error(nil); !errors.Is(err, journal.ErrFull); {
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
			_, err = j.Append(ctx, body(j.Last()+1, entryBytes))
			cancel()
			if err != nil && !assert.ErrorIs(t, err, context.DeadlineExceeded) {
				return true
			}
		}
		for range 30 {
			if !j.Stats().Full {
				return false
			}
			<-time.After(time.Millisecond)
		}
		return true
	})
}

func testDetach(t *testing.T, f Fixture) {
	j := f.Journal
	slow := join(t, j, "slow", journal.GroupOptions{DetachAfterBytes: 20_000})
	c := join(t, j, "store", journal.GroupOptions{})
	flow(t, j, c, 5)
	readOn(t, slow, 1, 3, entryBytes)
	require.NoError(t, slow.Commit(2))
	require.False(t, groupStats(t, j, "slow").Detached)

	flow(t, j, c, 200) // does not stop
	g := groupStats(t, j, "slow")
	require.True(t, g.Detached)
	require.False(t, g.Required)
	require.Equal(t, uint64(2), g.Committed, "the gap begins here")
	_, err := slow.Next(t.Context())
	require.ErrorIs(t, err, journal.ErrDetached)
	eventually(t, "what only the detached group held is trimmed", func() bool { return j.Stats().First > 4 })

	j = f.Reopen()
	require.True(t, groupStats(t, j, "slow").Detached, "the gap is not forgotten")
	slow = join(t, j, "slow", journal.GroupOptions{DetachAfterBytes: 20_000})
	_, err = slow.Next(t.Context())
	require.ErrorIs(t, err, journal.ErrDetached)
	require.NoError(t, slow.Seek(0))
	require.False(t, groupStats(t, j, "slow").Detached)
	e := next(t, slow)
	require.Equal(t, j.Stats().First, e.Offset)
	readOn(t, slow, e.Offset+1, 205, entryBytes)
	require.NoError(t, slow.Commit(205))
	require.Zero(t, groupStats(t, j, "slow").Lag)
}

func testDetachWhenFull(t *testing.T, f Fixture) {
	j := f.Journal
	slow := join(t, j, "slow", journal.GroupOptions{DetachAfterBytes: 1 << 40})
	c := join(t, j, "store", journal.GroupOptions{})
	flow(t, j, c, 200)
	require.True(t, groupStats(t, j, "slow").Detached)
	_, err := slow.Next(t.Context())
	require.ErrorIs(t, err, journal.ErrDetached)
}

func testTrim(t *testing.T, f Fixture) {
	j := f.Journal
	a, b := join(t, j, "a", journal.GroupOptions{}), join(t, j, "b", journal.GroupOptions{})
	appendN(t, j, 50, entryBytes)
	full := j.Stats().Bytes
	readOn(t, a, 1, 50, entryBytes)
	require.NoError(t, a.Commit(50))
	require.NoError(t, b.Commit(25))
	eventually(t, "entries that both have committed go", func() bool { return j.Stats().First > 10 })
	s := j.Stats()
	require.LessOrEqual(t, s.First, uint64(26), "b still needs entry 26")
	require.Less(t, s.Bytes, full)

	_, err := j.Read(s.First - 1)
	require.ErrorIs(t, err, journal.ErrTrimmed)
	require.Contains(t, err.Error(), fmt.Sprint(s.First), "the error says which entry is the first left")
	require.ErrorIs(t, a.Seek(s.First-1), journal.ErrTrimmed)
	require.NoError(t, a.Seek(s.First))
	readOn(t, a, s.First, 50, entryBytes)
	require.NoError(t, b.Seek(26))
	readOn(t, b, 26, 50, entryBytes)

	late := join(t, j, "late", journal.GroupOptions{})
	readOn(t, late, j.Stats().First, 50, entryBytes)

	j = f.Reopen()
	require.GreaterOrEqual(t, j.Stats().First, s.First)
	require.Equal(t, uint64(50), j.Last())
	appendN(t, j, 1, entryBytes)
}

func testNoGroups(t *testing.T, f Fixture) {
	last := fill(t, f.Journal)
	j := f.Reopen()
	require.Equal(t, uint64(1), j.Stats().First)
	readOn(t, join(t, j, "g", journal.GroupOptions{}), 1, last, entryBytes)
}

func testRemoveGroup(t *testing.T, f Fixture) {
	j := f.Journal
	c := join(t, j, "old", journal.GroupOptions{})
	other := join(t, j, "other", journal.GroupOptions{})
	last := fill(t, j)
	require.NoError(t, other.Commit(last))
	done := make(chan error, 1)
	go func() {
		_, err := j.Append(t.Context(), body(last+1, entryBytes))
		done <- err
	}()
	require.NoError(t, j.RemoveGroup("old"))
	select {
	case err := <-done:
		require.NoError(t, err)
	case <-time.After(patience):
		require.Fail(t, "a removed group still holds entries")
	}
	_, err := c.Next(t.Context())
	require.ErrorIs(t, err, journal.ErrClosed)
	require.NoError(t, j.RemoveGroup("never was"))
	groups := f.Reopen().Stats().Groups
	require.Len(t, groups, 1)
	require.Equal(t, "other", groups[0].Name)
}

func testClosed(t *testing.T, f Fixture) {
	j := f.Journal
	c := join(t, j, "g", journal.GroupOptions{})
	waiting := join(t, j, "waiting", journal.GroupOptions{})
	last := fill(t, j)
	require.NoError(t, waiting.Seek(last+1))
	results := make(chan error, 2)
	go func() {
		_, err := j.Append(t.Context(), body(last+1, entryBytes))
		results <- err
	}()
	go func() {
		_, err := waiting.Next(t.Context())
		results <- err
	}()
	eventually(t, "Append waits", func() bool { return j.Stats().Full })
	require.NoError(t, j.Close())
	for range 2 {
		select {
		case err := <-results:
			require.ErrorIs(t, err, journal.ErrClosed)
		case <-time.After(patience):
			require.Fail(t, "a call still waits after Close")
		}
	}
	for name, call := range map[string]func() error{
		"Append":        func() error { _, err := j.Append(t.Context(), nil); return err },
		"TryAppend":     func() error { _, err := j.TryAppend(nil); return err },
		"Consumer":      func() error { _, err := j.Consumer("x", journal.GroupOptions{}); return err },
		"RemoveGroup":   func() error { return j.RemoveGroup("g") },
		"Read":          func() error { _, err := j.Read(1); return err },
		"Close":         j.Close,
		"consumer.Next": func() error { _, err := c.Next(t.Context()); return err },
		"Seek":          func() error { return c.Seek(1) },
		"Commit":        func() error { return c.Commit(1) },
	} {
		require.ErrorIsf(t, call(), journal.ErrClosed, "%s", name)
	}
}
