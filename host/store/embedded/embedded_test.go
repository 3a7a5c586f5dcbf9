package embedded_test

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/host/store/embedded"
	"github.com/logcenter/logcenter/host/store/storetest"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/query"
	"github.com/logcenter/logcenter/sdk/wire"
)

// manual is a store that flushes and merges when told.
var manual = embedded.Options{FlushInterval: -1, MergeInterval: -1, MemoryLimit: 512 << 20, QueryTimeout: time.Minute}

func openIn(t *testing.T, dir string, o embedded.Options) *embedded.Store {
	t.Helper()
	s, err := embedded.Open(dir, o)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.Close()) })
	return s
}

func TestSuite(t *testing.T) {
	storetest.Run(t, "embedded", func(t *testing.T) store.Store {
		s := openIn(t, t.TempDir(), manual)
		t.Cleanup(func() { assert.Zero(t, s.Stats().Rejected) })
		return asking{s, t, &atomic.Int64{}}
	})
}

// asking asks for each aggregation of all rows, then makes partials, of segments and of their ends, then asks of those. Every
// other answer is the last one.
type asking struct {
	*embedded.Store
	t     *testing.T
	asked *atomic.Int64
}

func (s asking) Aggregate(ctx context.Context, scope store.Scope, r store.AggregateRequest) (*store.AggregateResult, error) {
	s.t.Helper()
	first, err := s.AggregateRows(ctx, scope, r)
	last := first
	for range 3 {
		if err != nil || s.Stats().Segments == 0 {
			return first, err
		}
		if last, err = s.Store.Aggregate(ctx, scope, r); err == nil {
			assert.Equal(s.t, first.Total, last.Total)
			assert.Equal(s.t, outline(first.Aggs), outline(last.Aggs))
		}
	}
	if s.asked.Add(1)%2 == 0 {
		return last, err
	}
	return first, err
}

// outline is all of an answer but numbers that are up to the order of summing.
func outline(aggs []store.AggResult) (lines []string) {
	for _, a := range aggs {
		lines = append(lines, fmt.Sprint(a.Name, a.Kind, a.Value != nil, a.Other, len(a.Values), len(a.Buckets)))
		for _, b := range a.Buckets {
			lines = append(append(lines, fmt.Sprint(b.Key, b.Text, b.Count, b.Center != nil)), outline(b.Aggs)...)
		}
	}
	return lines
}

var epoch = time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)

// events makes rows events of an entry, numbered so that every event of all entries has its own number.
func events(entry uint64, rows int) []storetest.Event {
	out := make([]storetest.Event, rows)
	for i := range out {
		n := int64(entry-1)*int64(rows) + int64(i)
		out[i] = storetest.Event{
			"@timestamp": epoch.Add(time.Duration(n) * time.Millisecond), "message": fmt.Sprintf("event %d of entry %d 登录", n, entry),
			"event.sequence": n, "observer.type": "firewall", "logcenter.log_type": []string{"attack", "run_state"}[n%2],
		}
	}
	return out
}

func load(t *testing.T, s *embedded.Store, entry uint64, rows int) {
	t.Helper()
	b, err := storetest.Batch(entry, events(entry, rows))
	require.NoError(t, err)
	require.NoError(t, s.Append(context.Background(), entry, []*wire.Batch{b}))
}

// tally counts events and their different numbers.
func tally(t *testing.T, s *embedded.Store, q string) (total, distinct int64) {
	t.Helper()
	n, err := query.Parse(q)
	require.NoError(t, err)
	r, err := s.Aggregate(context.Background(), store.Everything(), store.AggregateRequest{
		Selection: store.Selection{Query: n, From: epoch.AddDate(-1, 0, 0), To: epoch.AddDate(1, 0, 0)},
		Aggs:      []store.Agg{{Kind: store.Distinct, Field: "event.sequence"}},
	})
	require.NoError(t, err)
	return r.Total, int64(*r.Aggs[0].Value)
}

func files(t *testing.T, dir string) (out []string) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(filepath.Join(dir, "segments"), func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			out = append(out, path)
		}
		return err
	}))
	return out
}

// TestReopen: what was not flushed is replayed from behind Durable.
func TestReopen(t *testing.T) {
	dir := t.TempDir()
	s := openIn(t, dir, manual)
	load(t, s, 1, 10)
	load(t, s, 2, 10)
	require.NoError(t, s.Flush(context.Background()))
	load(t, s, 3, 10)
	require.EqualValues(t, 2, s.Durable())
	require.NoError(t, s.Abandon())
	require.ErrorIs(t, s.Flush(context.Background()), store.ErrClosed)
	require.ErrorIs(t, s.Append(context.Background(), 9, nil), store.ErrClosed)
	_, err := s.Search(context.Background(), store.Everything(), store.SearchRequest{})
	require.ErrorIs(t, err, store.ErrClosed)

	s = openIn(t, dir, manual)
	require.EqualValues(t, 2, s.Durable())
	total, _ := tally(t, s, "")
	require.EqualValues(t, 20, total)
	for e := uint64(1); e <= 4; e++ {
		load(t, s, e, 10)
	}
	total, distinct := tally(t, s, "")
	require.EqualValues(t, 40, total)
	require.EqualValues(t, 40, distinct)
	require.NoError(t, s.Close())
	s = openIn(t, dir, manual)
	require.EqualValues(t, 4, s.Durable(), "Close flushes")
}

// TestCursorSurvivesRestart: a cursor holds nothing in the store.
func TestCursorSurvivesRestart(t *testing.T) {
	dir := t.TempDir()
	s := openIn(t, dir, manual)
	load(t, s, 1, 10)
	r := store.SearchRequest{Selection: store.Selection{From: epoch, To: epoch.Add(time.Hour)}, Limit: 4}
	p, err := s.Search(context.Background(), store.Everything(), r)
	require.NoError(t, err)
	require.NoError(t, s.Close())
	s = openIn(t, dir, manual)
	load(t, s, 2, 10)
	r.Cursor, r.Limit = p.Cursor, 100
	p, err = s.Search(context.Background(), store.Everything(), r)
	require.NoError(t, err)
	require.Len(t, p.Events, 6)
	require.EqualValues(t, 5, p.Events[0]["event.sequence"])
}

func TestOneProcess(t *testing.T) {
	dir := t.TempDir()
	openIn(t, dir, manual)
	_, err := embedded.Open(dir, manual)
	require.ErrorContains(t, err, "in use by another process")
	require.ErrorContains(t, err, dir)
}

// TestSweep: files of an unfinished flush go when the store opens; a missing segment is an error that names it.
func TestSweep(t *testing.T) {
	dir := t.TempDir()
	s := openIn(t, dir, manual)
	load(t, s, 1, 10)
	require.NoError(t, s.Close())
	want := files(t, dir)
	require.Len(t, want, 4, "two classes, rows and index each")
	left := filepath.Join(filepath.Dir(want[0]), "0000000099.parquet")
	require.NoError(t, os.WriteFile(left, []byte("torn"), 0o600))
	require.NoError(t, os.WriteFile(left+".tmp", []byte("torn"), 0o600))
	s = openIn(t, dir, manual)
	require.Equal(t, want, files(t, dir))
	require.NoError(t, s.Close())

	b, err := os.ReadFile(want[0])
	require.NoError(t, err)
	index := strings.HasSuffix(want[0], ".index")
	require.True(t, index)
	b[20] ^= 1
	require.NoError(t, os.WriteFile(want[0], b, 0o600))
	_, err = embedded.Open(dir, manual)
	require.ErrorContains(t, err, "checksum")
	require.ErrorContains(t, err, want[0])
	require.NoError(t, os.Remove(want[1]))
	_, err = embedded.Open(dir, manual)
	require.ErrorContains(t, err, filepath.Base(want[1]))
}

func TestMerge(t *testing.T) {
	dir := t.TempDir()
	s := openIn(t, dir, manual)
	for e := uint64(1); e <= 20; e++ {
		load(t, s, e, 50)
		require.NoError(t, s.Flush(context.Background()))
	}
	before := s.Stats()
	require.Equal(t, 40, before.Segments)
	for {
		merged, err := s.Merge(context.Background())
		require.NoError(t, err)
		if !merged {
			break
		}
	}
	st := s.Stats()
	require.Equal(t, 2, st.Segments)
	require.Equal(t, before.Events, st.Events)
	require.Equal(t, before.RawBytes, st.RawBytes)
	require.Len(t, files(t, dir), 4, "the merged ones are removed")
	for range 2 {
		total, distinct := tally(t, s, "")
		require.EqualValues(t, 1000, total)
		require.EqualValues(t, 1000, distinct)
		total, _ = tally(t, s, "登录 AND 17")
		require.EqualValues(t, 51, total, "event 17 and the 50 of entry 17")
		total, _ = tally(t, s, "event.id:(suite-0-1-0 OR suite-0-20-49 OR suite-0-21-0 OR suite-1-3-0)")
		require.EqualValues(t, 2, total, "the first and the last")
		fs, err := s.Fields(context.Background(), store.Everything(), store.Selection{From: epoch, To: epoch.Add(time.Hour)})
		require.NoError(t, err)
		for _, f := range fs {
			require.EqualValues(t, 1000, f.Count, f.Name)
		}
		require.NoError(t, s.Close())
		s = openIn(t, dir, manual)
	}
}

// TestMergeUnderQueries: a scan keeps the files it reads.
func TestMergeUnderScan(t *testing.T) {
	s := openIn(t, t.TempDir(), manual)
	for e := uint64(1); e <= 10; e++ {
		load(t, s, e, 10)
		require.NoError(t, s.Flush(context.Background()))
	}
	rows, merged := 0, false
	for b, err := range s.Scan(context.Background(), store.Everything(), store.ScanRequest{Selection: store.Selection{From: epoch, To: epoch.Add(time.Hour)}}) {
		require.NoError(t, err)
		rows += int(b.Batch.Rows)
		if !merged {
			merged, err = s.Merge(context.Background())
			require.NoError(t, err)
			require.True(t, merged)
		}
	}
	require.Equal(t, 100, rows)
}

// TestFlushByItself: by age, and by size.
func TestFlushByItself(t *testing.T) {
	o := manual
	o.FlushInterval = 20 * time.Millisecond
	s := openIn(t, t.TempDir(), o)
	load(t, s, 1, 10)
	require.Eventually(t, func() bool { return s.Durable() == 1 }, 20*time.Second, time.Millisecond)
	load(t, s, 2, 10)
	require.Eventually(t, func() bool { return s.Durable() == 2 }, 20*time.Second, time.Millisecond)
	for e := uint64(3); e <= 5; e++ { // nothing in them to keep, but the journal waits for the offset
		require.NoError(t, s.Append(context.Background(), e, nil))
	}
	require.Eventually(t, func() bool { return s.Durable() == 5 }, 20*time.Second, time.Millisecond)

	o.FlushInterval, o.FlushBytes = -1, 1000
	s = openIn(t, t.TempDir(), o)
	load(t, s, 1, 3)
	require.EqualValues(t, 3, s.Stats().TailEvents)
	load(t, s, 2, 100)
	require.Eventually(t, func() bool { return s.Durable() == 2 }, 20*time.Second, time.Millisecond)
}

// TestFullTail: while flushing fails, Append takes what fits and then waits; it goes on by itself afterwards.
func TestFullTail(t *testing.T) {
	dir := t.TempDir()
	var failures atomic.Int64
	o := manual
	o.FlushBytes, o.TailBytes = 1000, 100<<10
	o.Failed = func(error) { failures.Add(1) }
	s := openIn(t, dir, o)
	segments := filepath.Join(dir, "segments")
	require.NoError(t, os.Remove(segments))
	require.NoError(t, os.WriteFile(segments, nil, 0o600)) // in the way
	var err error
	entry := uint64(0)
	for err == nil && entry < 1000 {
		entry++
		b, berr := storetest.Batch(entry, events(entry, 20))
		require.NoError(t, berr)
		ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
		err = s.Append(ctx, entry, []*wire.Batch{b})
		cancel()
	}
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.ErrorContains(t, err, "flushing fails")
	require.LessOrEqual(t, s.Stats().TailBytes, o.TailBytes)
	require.NotEmpty(t, s.Stats().Err)
	require.Positive(t, failures.Load())
	total, _ := tally(t, s, "")
	require.EqualValues(t, 20*(entry-1), total, "all that was taken can be searched")

	require.NoError(t, os.Remove(segments))
	require.NoError(t, os.Mkdir(segments, 0o700))
	load(t, s, entry, 20)
	require.Eventually(t, func() bool { return s.Stats().Err == "" && s.Durable() >= entry-1 }, 60*time.Second, time.Millisecond)
	total, distinct := tally(t, s, "")
	require.EqualValues(t, 20*entry, total)
	require.EqualValues(t, 20*entry, distinct)
}

// TestRejected: a batch that is not an event batch is told of, the others are kept.
func TestRejected(t *testing.T) {
	o := manual
	var got []store.Rejection
	o.Rejected = func(r store.Rejection) { got = append(got, r) }
	s := openIn(t, t.TempDir(), o)
	good, err := storetest.Batch(1, events(1, 3))
	require.NoError(t, err)
	require.NoError(t, s.Append(context.Background(), 1, []*wire.Batch{{Rows: 2, Journal: "x"}, good}))
	require.Len(t, got, 2)
	require.Equal(t, "x-0", got[0].Source)
	require.Contains(t, got[0].Reason, "message")
	untimed, err := storetest.Batch(2, events(4, 1))
	require.NoError(t, err)
	untimed.Columns = slices.DeleteFunc(untimed.Columns, func(c *wire.Column) bool { return c.Type == wire.Type_TIMESTAMP })
	require.NoError(t, s.Append(context.Background(), 2, []*wire.Batch{untimed}))
	require.Len(t, got, 3)
	require.Equal(t, store.EventAt(untimed, 0), got[2].Event)
	require.NotEmpty(t, got[2].Event["message"])
	require.EqualValues(t, 3, s.Stats().Rejected)
	total, _ := tally(t, s, "")
	require.EqualValues(t, 3, total)
}

func TestQueryTimeout(t *testing.T) {
	o := manual
	o.QueryTimeout = time.Nanosecond
	s := openIn(t, t.TempDir(), o)
	load(t, s, 1, 1000)
	_, err := s.Search(context.Background(), store.Everything(), store.SearchRequest{Selection: store.Selection{From: epoch, To: epoch.Add(time.Hour)}})
	require.ErrorIs(t, err, store.ErrRequest)
	require.ErrorContains(t, err, "narrow the time range")
}

// TestDeclaredLater: values stored while a field was undeclared, or had another type, are found under its name.
func TestDeclaredLater(t *testing.T) {
	dir := t.TempDir()
	s := openIn(t, dir, manual)
	add := func(entry uint64, fields storetest.Event) {
		ev := storetest.Event{"@timestamp": epoch, "message": "one line"}
		for k, v := range fields {
			ev[k] = v
		}
		b, err := storetest.Batch(entry, []storetest.Event{ev})
		require.NoError(t, err)
		require.NoError(t, s.Append(context.Background(), entry, []*wire.Batch{b}))
		require.NoError(t, s.Flush(context.Background()))
	}
	add(1, storetest.Event{"later.word": "red", "later.number": "42", "later.list": []any{"a", "b"}})
	total, _ := tally(t, s, "later.word:red AND later.number:42 AND later.list:b")
	require.EqualValues(t, 1, total)

	for _, i := range []ecs.Info{{Name: "later.word", Type: ecs.Keyword}, {Name: "later.number", Type: ecs.Long}, {Name: "later.list", Type: ecs.Keyword, List: true}} {
		i.Description = "Declared by a plugin that came later."
		_, err := ecs.Define(i)
		require.NoError(t, err)
	}
	add(2, storetest.Event{"later.word": "red", "later.number": int64(42), "later.list": []any{"b", "c"}})
	for range 2 {
		total, _ = tally(t, s, "later.word:red AND later.number:42 AND later.list:b AND _exists_:later.word")
		require.EqualValues(t, 2, total)
		r, err := s.Aggregate(context.Background(), store.Everything(), store.AggregateRequest{
			Selection: store.Selection{From: epoch, To: epoch.Add(time.Hour)},
			Aggs:      []store.Agg{{Kind: store.Sum, Field: "later.number"}, {Kind: store.Terms, Field: "later.list"}},
		})
		require.NoError(t, err)
		require.InDelta(t, 84, *r.Aggs[0].Value, 0)
		require.Len(t, r.Aggs[1].Buckets, 3)
		require.Equal(t, "b", r.Aggs[1].Buckets[0].Text)
		require.EqualValues(t, 2, r.Aggs[1].Buckets[0].Count)
		require.NoError(t, s.Close())
		s = openIn(t, dir, manual)
	}
}

// TestRenewUnderScan: a new engine takes over between two queries of a scan.
func TestRenewUnderScan(t *testing.T) {
	s := openIn(t, t.TempDir(), manual)
	for e := uint64(1); e <= 3; e++ {
		evs := events(e, 300)
		for i := range evs {
			evs[i]["message"] = strings.Repeat("x", 100<<10)
		}
		b, err := storetest.Batch(e, evs)
		require.NoError(t, err)
		require.NoError(t, s.Append(context.Background(), e, []*wire.Batch{b}))
	}
	rows, steps := 0, 0
	for b, err := range s.Scan(context.Background(), store.Everything(), store.ScanRequest{Selection: store.Selection{From: epoch, To: epoch.Add(time.Hour)}}) {
		require.NoError(t, err)
		rows += int(b.Batch.Rows)
		steps++
		require.NoError(t, s.Renew())
	}
	require.Equal(t, 900, rows)
	require.Greater(t, steps, 1)
	total, _ := tally(t, s, "")
	require.EqualValues(t, 900, total)
}

// TestDirectoryName: signs that mean something in SQL or in patterns of file names are only signs.
func TestDirectoryName(t *testing.T) {
	s := openIn(t, filepath.Join(t.TempDir(), "o'ne [tw]o *th?ree* \"四\""), manual)
	for e := uint64(1); e <= 8; e++ {
		load(t, s, e, 10)
		require.NoError(t, s.Flush(context.Background()))
	}
	total, _ := tally(t, s, "")
	require.EqualValues(t, 80, total)
	p, err := s.Search(context.Background(), store.Everything(), store.SearchRequest{Selection: store.Selection{From: epoch, To: epoch.Add(time.Hour)}})
	require.NoError(t, err)
	require.Len(t, p.Events, 80)
	merged, err := s.Merge(context.Background())
	require.NoError(t, err)
	require.True(t, merged)
	total, _ = tally(t, s, "")
	require.EqualValues(t, 80, total)
}
