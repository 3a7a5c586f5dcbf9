package elastic_test

import (
	"context"
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/host/store/elastic"
	"github.com/logcenter/logcenter/host/store/elastic/estest"
	"github.com/logcenter/logcenter/host/store/storetest"
	"github.com/logcenter/logcenter/sdk/wire"
)

var epoch = time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)

// entry makes the numbered events of one journal entry.
func entry(t *testing.T, offset uint64, rows int) []*wire.Batch {
	t.Helper()
	events := make([]storetest.Event, rows)
	for i := range events {
		n := int64(offset-1)*int64(rows) + int64(i)
		events[i] = storetest.Event{
			"@timestamp": epoch.Add(time.Duration(n) * time.Millisecond), "message": fmt.Sprintf("event %d 登录", n),
			"event.sequence": n, "observer.type": "firewall", "logcenter.log_type": []string{"attack", "run_state"}[n%2],
		}
	}
	b, err := storetest.Batch(offset, events)
	require.NoError(t, err)
	return []*wire.Batch{b}
}

func everything() store.Selection {
	return store.Selection{From: epoch.AddDate(0, 0, -1), To: epoch.AddDate(0, 0, 1)}
}

// numbers scans all events' numbers, in order.
func numbers(t *testing.T, s store.Store) (out []int64) {
	t.Helper()
	for b, err := range s.Scan(context.Background(), store.Everything(), store.ScanRequest{Selection: everything(), Fields: []string{"event.sequence"}}) {
		require.NoError(t, err)
		for row := range int(b.Batch.Rows) {
			n, ok := store.EventAt(b.Batch, row)["event.sequence"].(int64)
			require.True(t, ok)
			out = append(out, n)
		}
	}
	slices.Sort(out)
	return out
}

// appendUntil appends as a feed does: again and again until the store takes it.
func appendUntil(t *testing.T, s store.Store, offset uint64, rows int) {
	t.Helper()
	batches := entry(t, offset, rows)
	require.Eventually(t, func() bool {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		return s.Append(ctx, offset, batches) == nil
	}, 3*time.Minute, 100*time.Millisecond, "entry %d", offset)
}

func TestKilledOnElasticsearch(t *testing.T) { runKilled(t, estest.Shared(t)) }

// runKilled kills the server between and under bulks, and the store before its offset is recorded: every event is
// there once afterwards, across indices that roll over.
func runKilled(t *testing.T, server *estest.Server) {
	if !server.Own() {
		t.Skipf("%s is not to be killed", server.URL)
	}
	entries, rows := uint64(40), 100
	if os.Getenv("LOGCENTER_LONG") != "" {
		entries, rows = 2000, 1000
	}
	o := elastic.Options{
		Addresses: []string{server.URL}, Prefix: newPrefix(t, server.URL), Timeout: 10 * time.Second,
		BulkBytes: 64 << 10, Linger: 20 * time.Millisecond, RollDocs: 500, Owner: "journal",
	}
	s, err := elastic.Open(o)
	require.NoError(t, err)
	restarted := make(chan error, 1)
	for n := uint64(1); n <= entries; n++ {
		if n == entries/2 {
			require.NoError(t, server.Kill())
			require.Eventually(t, func() bool { // by itself, when it tries to write
				_ = takeIfYouCan(s, n, entry(t, n, rows))
				return s.Stats().Err != ""
			}, 30*time.Second, 50*time.Millisecond)
			assert.Contains(t, s.Stats().Err, " at ["+server.URL+"] cannot be reached")
			go func() { restarted <- server.Run() }()
		}
		appendUntil(t, s, n, rows)
	}
	require.NoError(t, <-restarted)
	require.Eventually(t, func() bool { return s.Flush(context.Background()) == nil }, 3*time.Minute, 200*time.Millisecond)
	require.Equal(t, entries, s.Durable())
	require.Empty(t, s.Stats().Err)
	assert.Greater(t, s.Stats().Segments, 2, "indices rolled over")
	require.NoError(t, s.Close())

	// A journal that is behind plays everything again.
	s = open(t, o)
	require.Equal(t, entries, s.Durable())
	got := numbers(t, s)
	require.Len(t, got, int(entries)*rows)
	for i, n := range got {
		require.EqualValues(t, i, n)
	}
	assert.EqualValues(t, len(got), s.Stats().Events)
}

// takeIfYouCan gives the store an entry that it may or may not take.
func takeIfYouCan(s store.Store, offset uint64, batches []*wire.Batch) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	return s.Append(ctx, offset, batches)
}

// TestReplayMeetsTheSameIndex: what was sent before a crash and is sent again does not go to another index, though
// the first one is full by now.
func TestReplayMeetsTheSameIndex(t *testing.T) {
	server := estest.Shared(t)
	o := elastic.Options{Addresses: []string{server.URL}, Prefix: newPrefix(t, server.URL), RollDocs: 50}
	crashed, err := elastic.Open(o)
	require.NoError(t, err)
	require.NoError(t, crashed.Append(context.Background(), 1, entry(t, 1, 10)))
	require.NoError(t, crashed.Flush(context.Background())) // records offset 1
	for n := uint64(2); n <= 30; n++ {
		require.NoError(t, crashed.Append(context.Background(), n, entry(t, n, 10)))
		_, err := crashed.Search(context.Background(), store.Everything(), store.SearchRequest{Selection: everything(), Limit: 1})
		require.NoError(t, err) // waits for the bulk
	}
	t.Cleanup(func() { assert.NoError(t, crashed.Close()) }) // after the other one, which must not see its offset
	require.Greater(t, crashed.Stats().Segments, 4)

	s := open(t, o)
	require.LessOrEqual(t, s.Durable(), uint64(30))
	for n := s.Durable() + 1; n <= 40; n++ {
		require.NoError(t, s.Append(context.Background(), n, entry(t, n, 10)))
	}
	got := numbers(t, s)
	require.Len(t, got, 400)
	for i, n := range got {
		require.EqualValues(t, i, n)
	}
}

// TestNotThereYet: a store opens without its cluster, says so, and works when the cluster comes.
func TestNotThereYet(t *testing.T) {
	s, err := elastic.Open(elastic.Options{Addresses: []string{"http://127.0.0.1:1"}, Timeout: time.Second})
	require.NoError(t, err)
	require.Contains(t, s.Stats().Err, "cannot be reached")
	require.ErrorContains(t, s.Append(context.Background(), 1, entry(t, 1, 1)), "cannot be reached")
	_, err = s.Search(context.Background(), store.Everything(), store.SearchRequest{Selection: everything()})
	require.ErrorContains(t, err, "cannot be reached")
	require.Zero(t, s.Durable())
	require.NoError(t, s.Close())
	require.ErrorIs(t, s.Append(context.Background(), 1, nil), store.ErrClosed)
}

func TestOtherOwner(t *testing.T) {
	server := estest.Shared(t)
	o := elastic.Options{Addresses: []string{server.URL}, Prefix: newPrefix(t, server.URL), Owner: "one"}
	s := open(t, o)
	require.NoError(t, s.Append(context.Background(), 1, entry(t, 1, 1)))
	require.NoError(t, s.Flush(context.Background()))
	o.Owner = "two"
	_, err := elastic.Open(o)
	require.ErrorContains(t, err, "choose another store.elasticsearch.prefix")
}
