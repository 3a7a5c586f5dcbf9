package input_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/input"
	"github.com/logcenter/logcenter/host/input/inputtest"
	"github.com/logcenter/logcenter/host/journal"
	"github.com/logcenter/logcenter/host/journal/disk"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/wire"
)

// batch is the smallest that tells itself apart.
func batch(text string) *wire.Batch {
	var m, at wire.Builder
	m.Reset(wire.Type_STRING, false, 1, nil, nil)
	m.Copy(0, []byte(text), 0, 0)
	at.Reset(wire.Type_TIMESTAMP, false, 1, nil, nil)
	at.Nanos(0, time.Now().UnixNano())
	return &wire.Batch{Rows: 1, Columns: []*wire.Column{m.Finish(uint32(ecs.Message)), at.Finish(uint32(ecs.EventIngested))}}
}

func key(t testing.TB, text string) input.Key {
	t.Helper()
	k, err := input.NewKey("token", text, 0)
	require.NoError(t, err)
	return k
}

func appendOne(t testing.TB, h *inputtest.Host, text, idempotency string) input.Result {
	t.Helper()
	r, err := h.Intake.Append(context.Background(), batch(text), key(t, idempotency))
	require.NoError(t, err)
	return r
}

func TestKeys(t *testing.T) {
	base := key(t, "a")
	same, err := input.NewKey("token", "a", 0)
	require.NoError(t, err)
	assert.Equal(t, base, same)
	other := map[input.Key]bool{base: true}
	for _, f := range []struct {
		scope, text string
		part        int
	}{{"token2", "a", 0}, {"token", "b", 0}, {"token", "a", 1}, {"toke", "na", 0}} {
		k, err := input.NewKey(f.scope, f.text, f.part)
		require.NoError(t, err)
		assert.False(t, other[k], "%v is another key", f)
		other[k] = true
	}
	none, err := input.NewKey("token", "", 0)
	require.NoError(t, err)
	assert.True(t, none.IsZero())
	_, err = input.NewKey("token", strings.Repeat("k", 257), 0)
	assert.ErrorContains(t, err, "257 bytes")
	_, err = input.NewKey("token", "a\nb", 0)
	assert.ErrorContains(t, err, "byte 1")
}

func TestAppendNamesColumnsAndLeavesTheBatch(t *testing.T) {
	h := inputtest.NewHost(t)
	b := batch("hello")
	r, err := h.Intake.Append(context.Background(), b, key(t, "k"))
	require.NoError(t, err)
	assert.Empty(t, b.IdempotencyKey)
	e, err := h.Journal.Read(r.Offset)
	require.NoError(t, err)
	var got wire.Batch
	require.NoError(t, got.UnmarshalVT(e.Body))
	assert.Equal(t, "message", got.Columns[0].Name)
	assert.Equal(t, key(t, "k").String(), got.IdempotencyKey)
}

func TestSameKeyIsStoredOnce(t *testing.T) {
	h := inputtest.NewHost(t)
	first := appendOne(t, h, "one", "k1")
	assert.False(t, first.Duplicate)
	assert.Equal(t, input.Result{Offset: first.Offset, Duplicate: true}, appendOne(t, h, "again", "k1"))
	assert.False(t, appendOne(t, h, "two", "k2").Duplicate)
	assert.False(t, appendOne(t, h, "three", "").Duplicate)
	assert.False(t, appendOne(t, h, "three", "").Duplicate)
	var stored []string
	for n := uint64(1); n <= h.Journal.Last(); n++ {
		e, err := h.Journal.Read(n)
		require.NoError(t, err)
		var b wire.Batch
		require.NoError(t, b.UnmarshalVT(e.Body))
		stored = append(stored, string(b.Columns[0].Bytes(0)))
	}
	assert.Equal(t, []string{"one", "two", "three", "three"}, stored)
	s := h.Intake.Stats()
	assert.EqualValues(t, 1, s.Duplicates)
	assert.EqualValues(t, 4, s.Entries)
	assert.Equal(t, 2, s.Keys)
}

func TestSameKeyAtOnceIsStoredOnce(t *testing.T) {
	h := inputtest.NewHost(t)
	for round := range 20 {
		var all sync.WaitGroup
		var mu sync.Mutex
		stored := 0
		for range 8 {
			all.Go(func() {
				r, err := h.Intake.Append(context.Background(), batch("x"), key(t, fmt.Sprint(round)))
				assert.NoError(t, err)
				mu.Lock()
				defer mu.Unlock()
				if !r.Duplicate {
					stored++
				}
			})
		}
		all.Wait()
		require.Equal(t, 1, stored)
	}
	assert.EqualValues(t, 20, h.Journal.Last())
}

func restartFrom(t *testing.T, dir string, d disk.Options, o input.IntakeOptions) *inputtest.Host {
	t.Helper()
	h := inputtest.NewHostWith(t, d, o)
	h.Stop()
	h.Dir = dir
	h.Start(o)
	return h
}

func TestKeysSurviveKillAndTrimming(t *testing.T) {
	small := disk.Options{MaxBytes: 1 << 20, SegmentBytes: 4 << 10}
	h := inputtest.NewHostWith(t, small, input.IntakeOptions{})
	c, err := h.Journal.Consumer("pipeline", journal.GroupOptions{})
	require.NoError(t, err)
	const n = 300
	for i := range n {
		appendOne(t, h, strings.Repeat("x", 100), fmt.Sprint("k", i))
	}
	for i := range n - 50 { // as a pipeline does
		require.NoError(t, h.Intake.Commit(c, uint64(i+1)))
	}
	inputtest.Until(t, "all is committed", func() bool { return c.Committed() == n-50 })
	inputtest.Until(t, "old entries are trimmed", func() bool { return h.Journal.Stats().First > 100 })
	assert.EqualValues(t, n-50, c.Committed())

	for name, h := range map[string]*inputtest.Host{
		"killed":          restartFrom(t, h.Snapshot(), small, input.IntakeOptions{}),
		"and once more":   restartFrom(t, h.Snapshot(), small, input.IntakeOptions{}),
		"properly closed": func() *inputtest.Host { h.Stop(); h.Start(input.IntakeOptions{}); return h }(),
	} {
		assert.Equal(t, n, h.Intake.Stats().Keys, name)
		for i := range n {
			require.True(t, appendOne(t, h, "again", fmt.Sprint("k", i)).Duplicate, "%s: key %d", name, i)
		}
		assert.False(t, appendOne(t, h, "new", "new").Duplicate)
	}
}

// A torn or damaged key log costs the keys that are damaged, and no more.
func TestDamagedKeyLog(t *testing.T) {
	h := inputtest.NewHost(t)
	c, err := h.Journal.Consumer("pipeline", journal.GroupOptions{})
	require.NoError(t, err)
	for i := range 10 {
		appendOne(t, h, "x", fmt.Sprint("k", i))
	}
	require.NoError(t, h.Intake.Commit(c, 10))
	f := func(change func(b []byte) []byte, keys int) {
		t.Helper()
		dir := h.Snapshot()
		path := filepath.Join(dir, "intake", "keys")
		b, err := os.ReadFile(path)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(path, change(bytes.Clone(b)), 0o600))
		require.NoError(t, os.RemoveAll(filepath.Join(dir, "raw"))) // only the log counts
		h := restartFrom(t, dir, disk.Options{}, input.IntakeOptions{})
		assert.Equal(t, keys, h.Intake.Stats().Keys)
	}
	f(func(b []byte) []byte { return b }, 10)
	f(func(b []byte) []byte { return append(b, 1, 2, 3) }, 10)
	f(func(b []byte) []byte { b[32+5*32] ^= 1; return b }, 9)
	f(func(b []byte) []byte { return b[:32+3*32+7] }, 3)
	f(func(b []byte) []byte { return b[:20] }, 0)
	f(func([]byte) []byte { return nil }, 0)

	require.NoError(t, os.WriteFile(filepath.Join(h.Dir, "intake2"), nil, 0o600))
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "keys"), bytes.Repeat([]byte("not a log "), 10), 0o600))
	_, err = input.NewIntake(h.Journal, dir, input.IntakeOptions{})
	assert.ErrorContains(t, err, "is not a key log")
}

func TestKeysAreForgottenAfterTheWindow(t *testing.T) {
	h := inputtest.NewHostWith(t, disk.Options{}, input.IntakeOptions{KeyWindow: time.Second})
	appendOne(t, h, "x", "k")
	assert.True(t, appendOne(t, h, "x", "k").Duplicate)
	inputtest.Until(t, "the key is forgotten", func() bool { return !appendOne(t, h, "x", "k").Duplicate })
}

func TestKeysAreBounded(t *testing.T) {
	h := inputtest.NewHostWith(t, disk.Options{}, input.IntakeOptions{MaxKeys: 10})
	for i := range 25 {
		appendOne(t, h, "x", fmt.Sprint(i))
	}
	s := h.Intake.Stats()
	assert.Equal(t, 10, s.Keys)
	assert.EqualValues(t, 15, s.KeysForgotten)
	assert.True(t, appendOne(t, h, "x", "15").Duplicate)
	assert.False(t, appendOne(t, h, "x", "14").Duplicate)
}

// The key log shrinks to what is remembered.
func TestKeyLogIsCompacted(t *testing.T) {
	h := inputtest.NewHostWith(t, disk.Options{NoSync: true}, input.IntakeOptions{MaxKeys: 100})
	c, err := h.Journal.Consumer("pipeline", journal.GroupOptions{})
	require.NoError(t, err)
	most, path := int64(0), filepath.Join(h.Dir, "intake", "keys")
	for i := range 3 * 4096 {
		r := appendOne(t, h, "x", fmt.Sprint(i))
		if i%100 != 99 {
			continue
		}
		require.NoError(t, h.Intake.Close()) // which saves
		s, err := os.Stat(path)
		require.NoError(t, err)
		most = max(most, s.Size())
		h.Intake, err = input.NewIntake(h.Journal, filepath.Dir(path), input.IntakeOptions{MaxKeys: 100})
		require.NoError(t, err)
		require.NoError(t, h.Intake.Commit(c, r.Offset))
	}
	assert.Less(t, most, int64(32*(4096+400)))
	assert.Greater(t, most, int64(32*4096), "the log never reached its bound, so this proves nothing")
	again := restartFrom(t, h.Snapshot(), disk.Options{}, input.IntakeOptions{MaxKeys: 100})
	assert.Equal(t, 100, again.Intake.Stats().Keys)
	assert.True(t, appendOne(t, again, "x", fmt.Sprint(3*4096-1)).Duplicate)
}

// A commit never passes an entry whose key is not saved, however appends and commits interleave.
func TestCommitWhileAppending(t *testing.T) {
	h := inputtest.NewHostWith(t, disk.Options{NoSync: true, SegmentBytes: 8 << 10}, input.IntakeOptions{})
	c, err := h.Journal.Consumer("pipeline", journal.GroupOptions{})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	const n, writers = 400, 6
	var committing, writing sync.WaitGroup
	committing.Go(func() { // as close behind the writers as can be
		for {
			e, err := c.Next(ctx)
			if err != nil {
				return
			}
			assert.NoError(t, h.Intake.Commit(c, e.Offset))
		}
	})
	for w := range writers {
		writing.Go(func() {
			for i := range n {
				_, err := h.Intake.Append(ctx, batch("x"), key(t, fmt.Sprint(w, "-", i)))
				assert.NoError(t, err)
			}
		})
	}
	writing.Wait()
	inputtest.Until(t, "all is committed", func() bool { return c.Committed() == n*writers })
	cancel()
	committing.Wait()
	again := restartFrom(t, h.Snapshot(), disk.Options{}, input.IntakeOptions{})
	assert.Equal(t, n*writers, again.Intake.Stats().Keys)
}

func TestFullJournalSaysSo(t *testing.T) {
	h := inputtest.NewHostWith(t, disk.Options{MaxBytes: 64 << 10}, input.IntakeOptions{})
	c, err := h.Journal.Consumer("pipeline", journal.GroupOptions{})
	require.NoError(t, err)
	big := strings.Repeat("x", 8<<10)
	for i := 0; !errors.Is(err, journal.ErrFull); i++ { // a slow disk may take as long, too
		require.Less(t, i, 1000, "it is never full: %v", err)
		ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
		_, err = h.Intake.Append(ctx, batch(big), key(t, fmt.Sprint(i)))
		cancel()
	}
	require.ErrorIs(t, err, context.DeadlineExceeded)
	last := h.Journal.Last()

	// the pipeline catches up while a sender waits: nobody blocks anybody
	done, waits := make(chan error, 1), key(t, "waits")
	go func() {
		_, err := h.Intake.Append(context.Background(), batch(big), waits)
		done <- err
	}()
	inputtest.Until(t, "the journal is full", func() bool { return errors.Is(h.Intake.Blocked(), journal.ErrFull) })
	require.NoError(t, h.Intake.Commit(c, last))
	require.NoError(t, <-done)
	assert.NoError(t, h.Intake.Blocked())
}
