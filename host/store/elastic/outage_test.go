package elastic_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"reflect"
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
	}, 10*time.Minute, 100*time.Millisecond, "entry %d", offset)
}

func TestKilledOnElasticsearch(t *testing.T) { runKilled(t, estest.Shared(t)) }

// runKilled kills the server between and under bulks, and the store before its offset is recorded: every event is
// there once afterwards, across indices that roll over.
func runKilled(t *testing.T, server *estest.Server) {
	if !server.Own() {
		t.Skipf("%s is not to be killed", server.URL)
	}
	entries, rows, down := uint64(40), 100, time.Duration(0)
	o := elastic.Options{
		Addresses: []string{server.URL}, Prefix: newPrefix(t, server.URL), Timeout: 10 * time.Second,
		BulkBytes: 64 << 10, Linger: 20 * time.Millisecond, RollDocs: 500, Owner: "journal",
	}
	if os.Getenv("LOGCENTER_LONG") != "" {
		entries, rows, down = 2000, 1000, time.Minute
		o.BulkBytes, o.RollDocs, o.Timeout = 4<<20, 300_000, time.Minute
	}
	began := time.Now()
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
			go func() {
				time.Sleep(down) // it is the outage itself
				restarted <- server.Run()
			}()
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
	assert.EqualValues(t, int(entries)*rows, s.Stats().Events)
	same(t, s, entries, rows)
	t.Logf("%d events in %d indices after %s, %s of outage and the restart included", s.Stats().Events, s.Stats().Segments, time.Since(began).Round(time.Second), down)
}

// same checks that the store has every event of the entries from 1 on once, as it was appended.
func same(t *testing.T, s store.Store, entries uint64, rows int) {
	t.Helper()
	seen := make([]bool, int(entries)*rows)
	var have uint64 // the entry in want
	var want *wire.Batch
	for b, err := range s.Scan(context.Background(), store.Everything(), store.ScanRequest{Selection: everything()}) {
		require.NoError(t, err)
		for row := range int(b.Batch.Rows) {
			got := store.EventAt(b.Batch, row)
			n, ok := got["event.sequence"].(int64)
			require.True(t, ok)
			require.False(t, seen[n], "event %d is there twice", n)
			seen[n] = true
			if offset := uint64(n)/uint64(rows) + 1; offset != have {
				have, want = offset, entry(t, offset, rows)[0]
			}
			if appended := store.EventAt(want, int(n)%rows); !reflect.DeepEqual(appended, got) {
				require.Equal(t, appended, got)
			}
		}
	}
	require.NotContains(t, seen, false)
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

// TestClosedIndex: events wait for an index that somebody closed.
func TestClosedIndex(t *testing.T) {
	server := estest.Shared(t)
	o := elastic.Options{Addresses: []string{server.URL}, Prefix: newPrefix(t, server.URL), Linger: 10 * time.Millisecond}
	s := open(t, o)
	require.NoError(t, s.Append(t.Context(), 1, entry(t, 1, 20)))
	require.NoError(t, s.Flush(t.Context()))
	made := indices(t, server.URL, o.Prefix+"-ev-*")
	for _, name := range made {
		request(t, http.MethodPost, server.URL+"/"+name+"/_close", nil)
	}
	require.NoError(t, s.Append(t.Context(), 2, entry(t, 2, 20)))
	require.ErrorContains(t, s.Flush(t.Context()), "_open")
	for _, name := range made {
		request(t, http.MethodPost, server.URL+"/"+name+"/_open", nil)
	}
	require.Eventually(t, func() bool { return s.Flush(t.Context()) == nil }, time.Minute, 50*time.Millisecond)
	require.Zero(t, s.Stats().Rejected)
	require.Len(t, numbers(t, s), 40)
}
