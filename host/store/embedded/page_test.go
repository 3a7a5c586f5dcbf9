package embedded_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/host/store/storetest"
	"github.com/logcenter/logcenter/sdk/query"
	"github.com/logcenter/logcenter/sdk/wire"
)

// pages reads all pages of a search that counts, and returns the sequence numbers in their order.
func pages(t *testing.T, s store.Store, q string, limit int, oldest bool) (numbers []int64, total int64) {
	t.Helper()
	n, err := query.Parse(q)
	require.NoError(t, err)
	r := store.SearchRequest{
		Selection: store.Selection{Query: n, From: epoch.AddDate(-1, 0, 0), To: epoch.AddDate(1, 0, 0)},
		Limit:     limit, OldestFirst: oldest, Count: true, Fields: []string{"event.sequence"},
	}
	for {
		p, err := s.Search(context.Background(), store.Everything(), r)
		require.NoError(t, err)
		for _, e := range p.Events {
			numbers = append(numbers, e["event.sequence"].(int64))
		}
		if p.Cursor == "" {
			return numbers, p.Total
		}
		r.Cursor = p.Cursor
	}
}

// TestCountedPages: a page with a count is the same whether its matches are few enough to be found at once or not,
// in segments, the tail, or both.
func TestCountedPages(t *testing.T) {
	const entries, rows = 6, 2000
	s := openIn(t, t.TempDir(), manual)
	for e := uint64(1); e <= entries; e++ {
		load(t, s, e, rows)
		if e == 2 || e == 4 {
			require.NoError(t, s.Flush(context.Background()))
		}
	}
	for _, c := range []struct {
		query string
		match func(n int64) bool
	}{
		{"*", func(int64) bool { return true }},
		{"message:event", func(int64) bool { return true }},
		{"logcenter.log_type:attack", func(n int64) bool { return n%2 == 0 }},
		{"event.sequence:<100 OR event.sequence:>=11900", func(n int64) bool { return n < 100 || n >= 11900 }},
		{"entry AND 登录 AND event.sequence:<3", func(n int64) bool { return n < 3 }},
		{"message:/[3]{1}/", func(n int64) bool { return n/rows == 2 || hasDigit(n, 3) }},
		{"absent", func(int64) bool { return false }},
	} {
		var want []int64
		for n := range int64(entries * rows) {
			if c.match(n) {
				want = append(want, n)
			}
		}
		got, total := pages(t, s, c.query, 5000, true)
		require.Equal(t, want, got, c.query)
		require.EqualValues(t, len(want), total, c.query)
		for i, j := 0, len(want)-1; i < j; i, j = i+1, j-1 {
			want[i], want[j] = want[j], want[i]
		}
		got, _ = pages(t, s, c.query, 5000, false)
		require.Equal(t, want, got, c.query)
	}
	got, total := pages(t, s, "event.sequence:[4 TO 13]", 3, false)
	require.Equal(t, []int64{13, 12, 11, 10, 9, 8, 7, 6, 5, 4}, got)
	require.EqualValues(t, 10, total)
}

func hasDigit(n, digit int64) bool {
	for ; n > 0; n /= 10 {
		if n%10 == digit {
			return true
		}
	}
	return false
}

// TestWrongClock: events far from all others do not hide what lies between, before or after a merge.
func TestWrongClock(t *testing.T) {
	s := openIn(t, t.TempDir(), manual)
	for e := uint64(1); e <= 8; e++ {
		evs := events(e, 30)
		evs[0]["@timestamp"] = epoch.AddDate(0, 9, 0).Add(time.Duration(e))
		evs[1]["@timestamp"] = epoch.AddDate(0, -9, 0).Add(time.Duration(e))
		for _, ev := range evs {
			ev["observer.type"], ev["message"] = "firewall", fmt.Sprint("line ", e)
		}
		b, err := storetest.Batch(e, evs)
		require.NoError(t, err)
		require.NoError(t, s.Append(context.Background(), e, []*wire.Batch{b}))
		require.NoError(t, s.Flush(context.Background()))
	}
	check := func() {
		t.Helper()
		got, total := pages(t, s, "line", 7, true)
		require.EqualValues(t, 240, total)
		require.Len(t, got, 240)
		require.Equal(t, []int64{1, 31, 61}, got[:3])
		require.Equal(t, []int64{150, 180, 210}, got[237:])
		for _, r := range []struct{ from, to time.Time }{{epoch, epoch.Add(time.Second)}, {epoch.AddDate(0, -1, 0), epoch.AddDate(0, 1, 0)}} {
			p, err := s.Search(context.Background(), store.Everything(), store.SearchRequest{Selection: store.Selection{From: r.from, To: r.to}, Limit: 500, Count: true})
			require.NoError(t, err)
			require.Len(t, p.Events, 8*28)
			require.EqualValues(t, 8*28, p.Total)
		}
		p, err := s.Search(context.Background(), store.Everything(), store.SearchRequest{Selection: store.Selection{From: epoch.AddDate(0, 2, 0), To: epoch.AddDate(0, 3, 0)}, Count: true})
		require.NoError(t, err)
		require.Empty(t, p.Events)
		require.Zero(t, p.Total)
	}
	check()
	for {
		merged, err := s.Merge(context.Background())
		require.NoError(t, err)
		if !merged {
			break
		}
	}
	require.Positive(t, s.Merges())
	check()
}

// TestQueriesAtOnce: a query that needs a new connection leaves those under way alone.
func TestQueriesAtOnce(t *testing.T) {
	for range 10 {
		s := openIn(t, t.TempDir(), manual)
		load(t, s, 1, 50)
		require.NoError(t, s.Flush(context.Background()))
		errs := make(chan error)
		for range 24 {
			go func() {
				sel := store.Selection{From: epoch, To: epoch.Add(time.Hour)}
				_, err := s.Search(context.Background(), store.Everything(), store.SearchRequest{Selection: sel, Count: true})
				errs <- err
			}()
		}
		for range 24 {
			require.NoError(t, <-errs)
		}
		require.NoError(t, s.Close())
	}
}
