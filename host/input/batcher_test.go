package input_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/input"
	"github.com/logcenter/logcenter/host/input/inputtest"
	"github.com/logcenter/logcenter/host/journal"
	"github.com/logcenter/logcenter/host/journal/disk"
)

type fixture struct {
	*inputtest.Host
	count   input.Counters
	common  input.Common
	batcher *input.Batcher
}

func newFixture(t testing.TB, c input.Common, paths bool, d disk.Options) *fixture {
	t.Helper()
	f := &fixture{Host: inputtest.NewHostWith(t, d, input.IntakeOptions{}), common: c}
	if f.common.Name == "" {
		f.common.Name = "test"
	}
	require.NoError(t, f.common.Check())
	f.batcher = input.NewBatcher(f.Env(), &f.common, &f.count, paths)
	t.Cleanup(func() { f.close(t) })
	return f
}

func (f *fixture) close(t testing.TB) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	require.NoError(t, f.batcher.Close(ctx))
}

// lines feeds lines of one source and returns what became durable.
func (f *fixture) lines(t testing.TB, lines ...string) []inputtest.Record {
	t.Helper()
	before := len(f.Records())
	s, feed := f.batcher.Source("192.0.2.1:514", "/var/log/a"), f.batcher.NewFeed(true)
	for i, l := range lines {
		require.NoError(t, feed.Line(s, []byte(l), false, time.Now().UnixNano(), int64(i+1)))
	}
	require.NoError(t, feed.Flush())
	require.NoError(t, f.batcher.Wait(s))
	return f.Records()[before:]
}

func texts(rs []inputtest.Record) []string {
	all := []string{}
	for _, r := range rs {
		all = append(all, r.Text)
	}
	return all
}

func TestReservedColumns(t *testing.T) {
	f := newFixture(t, input.Common{Name: "fw", Timezone: "Asia/Shanghai", Tags: []string{"dmz", "东区"}}, true, disk.Options{})
	before := time.Now()
	rs := f.lines(t, "one", "two")
	require.Len(t, rs, 2)
	for i, r := range rs {
		assert.Equal(t, "fw", r.Input)
		assert.Equal(t, "192.0.2.1:514", r.Address)
		assert.Equal(t, "/var/log/a", r.Path)
		assert.Equal(t, "Asia/Shanghai", r.Zone)
		assert.Equal(t, []string{"dmz", "东区"}, r.Tags)
		assert.Empty(t, r.Flags)
		assert.Equal(t, []string{"one", "two"}[i], r.Text)
		assert.WithinRange(t, r.Ingested, before, time.Now())
	}
	// memory is reused: a longer and a shorter batch come out right too
	assert.Len(t, f.lines(t, strings.Split(strings.Repeat("x,", 999)+"x", ",")...), 1000)
	rs = f.lines(t, "last")
	assert.Equal(t, []string{"last"}, texts(rs))
	assert.Equal(t, []string{"dmz", "东区"}, rs[0].Tags)

	plain := newFixture(t, input.Common{}, false, disk.Options{})
	rs = plain.lines(t, "one")
	assert.Equal(t, inputtest.Record{Offset: 1, Text: "one", Input: "test", Address: "192.0.2.1:514", Ingested: rs[0].Ingested}, rs[0])
}

func TestRecordsBecomeUTF8(t *testing.T) {
	f := newFixture(t, input.Common{MaxRecordBytes: 1 << 10}, false, disk.Options{})
	long := strings.Repeat("审计", 500)
	rs := f.lines(t, "plain", "\xc3\xdc\xc2\xeb", "", "nul\x00 and\nnewline", "half \xe5\x8f", long, strings.Repeat("\xff", 2000))
	require.Len(t, rs, 6)
	for _, r := range rs {
		assert.True(t, utf8.ValidString(r.Text))
	}
	assert.Equal(t, []string{"plain", "密码", "nul\x00 and\nnewline", "half \uFFFD\uFFFD", long[:1023], strings.Repeat("\uFFFD", 341)}, texts(rs))
	var flags [][]string
	for _, r := range rs {
		flags = append(flags, r.Flags)
	}
	assert.Equal(t, [][]string{nil, {"decoded"}, nil, {"decoded"}, {"truncated"}, {"truncated", "decoded"}}, flags)

	s := f.count.Snapshot("test", &f.common)
	assert.EqualValues(t, 6, s.Records)
	assert.EqualValues(t, 3, s.Decoded)
	assert.EqualValues(t, 2, s.Truncated)
	assert.Equal(t, map[string]int64{"empty": 1}, s.Dropped)
	assert.EqualValues(t, len("plain")+len("密码")+len("nul\x00 and\nnewline")+len("half ")+6+1023+1023, s.Bytes)
	assert.False(t, s.LastRecord.IsZero())
}

func TestMultiline(t *testing.T) {
	f := func(m input.Multiline, lines string, want ...string) {
		t.Helper()
		x := newFixture(t, input.Common{Multiline: m, MaxRecordBytes: 1 << 10}, false, disk.Options{NoSync: true})
		assert.Equal(t, want, texts(x.lines(t, strings.Split(lines, "|")...)))
	}
	start := input.Multiline{Start: `^\d`}
	f(input.Multiline{}, "1|  a|2", "1", "  a", "2")
	f(start, "1 x|at a|at b|2 y|3 z", "1 x\nat a\nat b", "2 y", "3 z")
	f(start, "orphan|of before|1 x", "orphan\nof before", "1 x")
	f(start, "1||2", "1\n", "2") // an empty line within a record belongs to it
	f(start, "||1", "1")
	f(input.Multiline{Indent: true}, "a| b|\tc|d| e", "a\n b\n\tc", "d\n e")
	f(input.Multiline{Indent: true}, " b|c", " b", "c")
	f(input.Multiline{Start: "^密码"}, "\xc3\xdc\xc2\xeb\xc3\xdc\xc2\xeb|x|\xc3\xdc\xc2\xeb\xc3\xdc\xc2\xeb", "密码密码\nx", "密码密码")
	f(input.Multiline{Indent: true, MaxLines: 2}, "a| b| c| d", "a\n b", " c\n d")
	long := strings.Repeat("x", 600)
	f(input.Multiline{Indent: true}, "a| "+long+"| "+long, "a\n "+long, " "+long)

	for _, m := range []input.Multiline{{Start: "(", MaxLines: 1}, {Start: "a", Indent: true}, {Indent: true, MaxLines: -1}} {
		c := input.Common{Name: "x", Multiline: m}
		assert.ErrorContains(t, c.Check(), "input x: multiline: ")
	}
}

func TestCommonIsChecked(t *testing.T) {
	f := func(c input.Common, want string) {
		t.Helper()
		assert.ErrorContains(t, c.Check(), want)
	}
	f(input.Common{}, `input name ""`)
	f(input.Common{Name: "a b"}, `input name "a b"`)
	f(input.Common{Name: "a", Timezone: "Beijing"}, "Asia/Shanghai")
	f(input.Common{Name: "a", Encoding: "klingon"}, "klingon")
	f(input.Common{Name: "a", MaxRecordBytes: 10}, "from 1024 to")
	f(input.Common{Name: "a", Tags: make([]string, 65)}, "65 tags")
}

// Batches are bounded in rows and bytes, and the order of a source is kept across them.
func TestBatchBounds(t *testing.T) {
	f := newFixture(t, input.Common{MaxRecordBytes: 1 << 20}, false, disk.Options{NoSync: true})
	lines := make([]string, 0, 150_010)
	for i := range 150_000 {
		lines = append(lines, fmt.Sprint(i%10))
	}
	for i := range 5 {
		lines = append(lines, strings.Repeat(fmt.Sprint(i), 1<<20))
	}
	rs := f.lines(t, lines...)
	require.Len(t, rs, len(lines))
	for i, r := range rs {
		if r.Text != lines[i] {
			t.Fatalf("record %d is %.20q, sent %.20q", i, r.Text, lines[i])
		}
	}
	for n := uint64(1); n <= f.Journal.Last(); n++ {
		e, err := f.Journal.Read(n)
		require.NoError(t, err)
		part, err := inputtest.Decode(e)
		require.NoError(t, err)
		bytes := 0
		for _, r := range part {
			bytes += len(r.Text)
		}
		assert.LessOrEqual(t, len(part), input.MaxBatchRows)
		assert.LessOrEqual(t, bytes, input.MaxBatchBytes)
	}
}

// More than 256 peers in one batch need wider codes.
func TestManySources(t *testing.T) {
	f := newFixture(t, input.Common{}, false, disk.Options{NoSync: true})
	feed := f.batcher.NewFeed(false)
	var last *input.Source
	for i := range 2000 {
		last = f.batcher.Source(fmt.Sprint("peer", i), "")
		for range 2 {
			require.NoError(t, feed.Line(last, []byte(fmt.Sprint(i)), false, 1, 0))
		}
	}
	require.NoError(t, f.batcher.Wait(last))
	rs := f.Records()
	require.Len(t, rs, 4000)
	for i, r := range rs {
		require.Equal(t, fmt.Sprint(i/2), r.Text)
		require.Equal(t, "peer"+r.Text, r.Address)
	}
}

// A quiet sender's record is durable soon without being waited for, and neighbours share a batch.
func TestQuietSendersShareABatch(t *testing.T) {
	f := newFixture(t, input.Common{}, false, disk.Options{})
	feed := f.batcher.NewFeed(false)
	for i := range 5 {
		require.NoError(t, feed.Line(f.batcher.Source(fmt.Sprint(i), ""), []byte("x"), false, 1, 0))
	}
	inputtest.Until(t, "the records are durable", func() bool { return f.count.Records.Load() == 5 })
	assert.LessOrEqual(t, f.count.Batches.Load(), int64(2))
}

// Several goroutines: nothing lost, nothing twice, each source in order, positions right.
func TestConcurrentFeeds(t *testing.T) {
	f := newFixture(t, input.Common{}, true, disk.Options{NoSync: true})
	const n, feeds = 5000, 8
	var all sync.WaitGroup
	for w := range feeds {
		all.Go(func() {
			feed, s := f.batcher.NewFeed(true), f.batcher.Source(fmt.Sprint("a", w), fmt.Sprint("p", w))
			for i := range n {
				assert.NoError(t, feed.Line(s, []byte(fmt.Sprint(i)), false, 1, int64(i)))
			}
			assert.NoError(t, f.batcher.Wait(s))
			pos, err := f.batcher.Durable(s)
			assert.NoError(t, err)
			assert.EqualValues(t, n-1, pos)
		})
	}
	all.Wait()
	next := map[string]int{}
	for _, r := range f.Records() {
		require.Equal(t, fmt.Sprint(next[r.Address]), r.Text)
		require.Equal(t, "p"+r.Address[1:], r.Path)
		next[r.Address]++
	}
	for w := range feeds {
		assert.Equal(t, n, next[fmt.Sprint("a", w)])
	}
	assert.Zero(t, f.batcher.InFlight())
}

// small is a journal that is soon full.
var small = disk.Options{MaxBytes: 2 << 20, MaxEntryBytes: 1 << 20}

// While the journal is full a feed waits with a bounded number of bytes; afterwards everything is there.
func TestBackPressure(t *testing.T) {
	f := newFixture(t, input.Common{}, false, small)
	c, err := f.Journal.Consumer("pipeline", journal.GroupOptions{})
	require.NoError(t, err)
	line := strings.Repeat("x", 64<<10)
	const n = 200
	done := make(chan error, 1)
	go func() {
		feed, s := f.batcher.NewFeed(false), f.batcher.Source("a", "")
		for range n {
			if err := feed.Line(s, []byte(line), false, 1, 0); err != nil {
				done <- err
				return
			}
		}
		done <- f.batcher.Wait(s)
	}()
	inputtest.Until(t, "the journal is full", func() bool { return errors.Is(f.Intake.Blocked(), journal.ErrFull) })
	inputtest.Until(t, "the feed's share is used up", func() bool { return f.batcher.InFlight() >= 2<<20-64<<10 })
	assert.LessOrEqual(t, f.batcher.InFlight(), 3*input.MaxBatchBytes)
	select {
	case err := <-done:
		t.Fatalf("the feed did not wait: %v", err)
	default:
	}
	got := 0
	for got < n {
		e, err := c.Next(t.Context())
		require.NoError(t, err)
		rs, err := inputtest.Decode(e)
		require.NoError(t, err)
		got += len(rs)
		require.NoError(t, f.Intake.Commit(c, e.Offset))
	}
	require.NoError(t, <-done)
	assert.Equal(t, n, got)
}

// A host that stops while the journal is full says how much it had to drop.
func TestCloseWhileFull(t *testing.T) {
	h := inputtest.NewHostWith(t, small, input.IntakeOptions{})
	_, err := h.Journal.Consumer("pipeline", journal.GroupOptions{})
	require.NoError(t, err)
	common := input.Common{Name: "x"}
	require.NoError(t, common.Check())
	var count input.Counters
	b := input.NewBatcher(h.Env(), &common, &count, false)
	feed, s := b.NewFeed(false), b.Source("a", "")
	sent := int64(0)
	for h.Intake.Blocked() == nil {
		inputtest.Until(t, "there is room", func() bool { return b.InFlight() < 1<<20 || h.Intake.Blocked() != nil })
		require.NoError(t, feed.Line(s, []byte(strings.Repeat("x", 64<<10)), false, 1, sent+1))
		sent++
	}
	ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, b.Close(ctx), journal.ErrFull)
	st := count.Snapshot("x", &common)
	assert.Equal(t, sent, st.Records+st.Dropped["shutdown"])
	assert.Positive(t, st.Dropped["shutdown"])
	assert.Len(t, h.Records(), int(st.Records))
	pos, err := b.Durable(s)
	assert.Error(t, err)
	assert.Equal(t, st.Records, pos)
	assert.ErrorIs(t, feed.Line(s, []byte("late"), false, 1, 0), input.ErrClosed)
}

// A journal that takes small entries only gets small ones, and just the record that is too large is lost.
func TestBatchLargerThanEntries(t *testing.T) {
	f := newFixture(t, input.Common{Tags: []string{"a"}}, true, disk.Options{MaxBytes: 1 << 20, MaxEntryBytes: 16 << 10})
	feed := f.batcher.NewFeed(false)
	a, b := f.batcher.Source("a", "pa"), f.batcher.Source("b", "pb")
	var want []inputtest.Record
	for i := range 101 {
		s, r := a, inputtest.Record{Text: fmt.Sprint(i, strings.Repeat("x", 1000)), Input: "test", Address: "a", Path: "pa", Tags: []string{"a"}}
		if i%3 == 0 {
			s, r.Address, r.Path = b, "b", "pb"
		}
		line := r.Text
		if i%5 == 0 {
			line, r.Text, r.Flags = line+"\xff", line+"\uFFFD", []string{"decoded"}
		}
		if i == 40 {
			line = strings.Repeat("y", 20<<10)
		} else {
			r.Ingested = time.Unix(0, int64(i)).UTC()
			want = append(want, r)
		}
		require.NoError(t, feed.Line(s, []byte(line), false, int64(i), int64(i+1)))
	}
	require.NoError(t, f.batcher.Wait(a))
	require.NoError(t, f.batcher.Wait(b))
	got := f.Records()
	for i := range got {
		got[i].Offset = 0
	}
	assert.Equal(t, want, got)
	st := f.count.Snapshot("test", &f.common)
	assert.Equal(t, map[string]int64{"journal": 1}, st.Dropped)
	assert.EqualValues(t, 100, st.Records)
	assert.Contains(t, st.LastError, "too large")
	pos, err := f.batcher.Durable(a)
	assert.NoError(t, err)
	assert.EqualValues(t, 101, pos)
}

func TestAbandonEndsWaiting(t *testing.T) {
	f := newFixture(t, input.Common{}, false, small)
	c, err := f.Journal.Consumer("pipeline", journal.GroupOptions{})
	require.NoError(t, err)
	feed, s := f.batcher.NewFeed(false), f.batcher.Source("a", "")
	gone := errors.New("gone")
	done := make(chan error, 1)
	go func() {
		for range 1000 {
			if err := feed.Line(s, []byte(strings.Repeat("x", 16<<10)), false, 1, 0); err != nil {
				done <- err
				return
			}
		}
		done <- nil
	}()
	inputtest.Until(t, "the journal is full", func() bool { return f.Intake.Blocked() != nil })
	f.batcher.Abandon(s, gone)
	require.ErrorIs(t, <-done, gone)
	require.ErrorIs(t, f.batcher.Wait(s), gone)
	inputtest.Until(t, "the records added before are durable", func() bool {
		require.NoError(t, f.Intake.Commit(c, f.Journal.Last()))
		return f.batcher.InFlight() == 0
	})
}

func TestPartsAreDeterministic(t *testing.T) {
	f := newFixture(t, input.Common{}, false, disk.Options{NoSync: true})
	lines := make([]string, 20_000)
	for i := range lines {
		lines[i] = fmt.Sprintf("%d %s", i, strings.Repeat("x", i%300))
	}
	send := func(ctx context.Context) (int, bool, error) {
		p, feed := f.batcher.NewParts(ctx, "token", "key")
		defer p.Close()
		s := f.batcher.Source("a", "")
		for _, l := range lines {
			if err := feed.Line(s, []byte(l), false, 1, 0); err != nil {
				return 0, false, err
			}
		}
		if err := feed.Flush(); err != nil {
			return 0, false, err
		}
		return p.Finish()
	}
	n, duplicate, err := send(t.Context())
	require.NoError(t, err)
	assert.Equal(t, len(lines), n)
	assert.False(t, duplicate)
	require.Greater(t, f.Journal.Last(), uint64(2), "the request fell into several batches")
	n, duplicate, err = send(t.Context())
	require.NoError(t, err)
	assert.Equal(t, len(lines), n)
	assert.True(t, duplicate)
	assert.Equal(t, lines, f.Texts())
}

func TestRecordsCostNoAllocation(t *testing.T) {
	f := newFixture(t, input.Common{}, false, disk.Options{NoSync: true})
	feed, s := f.batcher.NewFeed(false), f.batcher.Source("a", "")
	line := []byte(strings.Repeat("user=张三;", 20))
	const n = 20_000
	some := func() {
		for range n {
			if err := feed.Line(s, line, false, 1, 0); err != nil {
				t.Fatal(err)
			}
		}
		if err := f.batcher.Wait(s); err != nil {
			t.Fatal(err)
		}
	}
	some()
	assert.Less(t, testing.AllocsPerRun(5, some)/n, 0.02)
}
