package elastic_test

import (
	"io"
	"path/filepath"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/archive"
	"github.com/logcenter/logcenter/host/lifecycle"
	"github.com/logcenter/logcenter/host/retention"
	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/host/store/elastic"
	"github.com/logcenter/logcenter/host/store/elastic/estest"
	"github.com/logcenter/logcenter/host/store/storetest"
	"github.com/logcenter/logcenter/sdk/wire"
)

// Partitions of a cluster go the same way as those of the embedded store: hidden, archived, dropped, brought back.
func TestPartitionsGoIntoTheArchive(t *testing.T) {
	url := estest.Shared(t).URL
	came := time.Date(2026, 8, 11, 12, 0, 0, 0, time.UTC)
	now := came.AddDate(0, 0, 90)
	s := open(t, elastic.Options{
		Addresses: []string{url}, Prefix: newPrefix(t, url), Linger: 10 * time.Millisecond, RollDocs: 60,
		OldestOnline: func(class string) string { return retention.Standard().OldestOnline(class, now) },
	})
	log := logrus.New()
	log.SetOutput(io.Discard)
	dir := t.TempDir()
	k, err := lifecycle.New(lifecycle.Options{
		Store: s, Policy: retention.Standard(), Destination: archive.Directory(filepath.Join(dir, "archive")), Chain: filepath.Join(dir, "chain"),
		Format: archive.Parquet, Work: filepath.Join(dir, "work"), Program: "test", Every: time.Hour, Log: logrus.NewEntry(log), Now: func() time.Time { return now },
	})
	require.NoError(t, err)
	events := k.Store()
	offset := uint64(0)
	add := func(n, day int) {
		t.Helper()
		rows := make([]storetest.Event, n)
		for i := range rows {
			at := came.AddDate(0, 0, day).Add(time.Duration(i) * time.Millisecond)
			rows[i] = storetest.Event{"@timestamp": at, "message": "登录失败 of many", "observer.type": "firewall", "logcenter.log_type": "attack", "source.ip": "192.0.2.7", "odd.field": "x"}
		}
		offset++
		b, err := storetest.Batch(offset, rows)
		require.NoError(t, err)
		require.NoError(t, events.Append(t.Context(), offset, []*wire.Batch{b}))
	}
	always := store.Selection{From: time.Unix(0, 0), To: came.AddDate(10, 0, 0)}
	counted := func() int64 {
		t.Helper()
		p, err := events.Search(t.Context(), store.Everything(), store.SearchRequest{Selection: always, Count: true, Limit: 1})
		require.NoError(t, err)
		a, err := events.Aggregate(t.Context(), store.Everything(), store.AggregateRequest{Selection: always})
		require.NoError(t, err)
		assert.Equal(t, p.Total, a.Total)
		var scanned int64
		for b, err := range events.Scan(t.Context(), store.Everything(), store.ScanRequest{Selection: always}) {
			require.NoError(t, err)
			scanned += int64(b.Batch.Rows)
		}
		assert.Equal(t, p.Total, scanned)
		return p.Total
	}
	for range 3 {
		add(100, 0)
	}
	add(10, 1)
	require.EqualValues(t, 310, counted())
	now = came.AddDate(0, 0, 91)
	require.EqualValues(t, 10, counted(), "hidden at once")
	require.NoError(t, k.Round(t.Context(), lifecycle.RoundRequest{}))
	parts, err := s.Partitions(t.Context())
	require.NoError(t, err)
	require.Len(t, parts, 1)
	a, err := k.Archive(t.Context())
	require.NoError(t, err)
	require.Len(t, a.List(), 1)
	name := a.List()[0].Name()
	assert.EqualValues(t, 300, a.List()[0].Events)

	add(5, 0) // late
	require.EqualValues(t, 10, counted())
	require.NoError(t, k.Round(t.Context(), lifecycle.RoundRequest{}))
	require.Len(t, a.List(), 2)
	assert.EqualValues(t, 5, a.List()[1].Events)

	_, err = k.Restore(t.Context(), lifecycle.RestoreRequest{Name: name, For: time.Hour})
	require.NoError(t, err)
	require.EqualValues(t, 310, counted())
	now = now.Add(2 * time.Hour)
	require.NoError(t, k.Round(t.Context(), lifecycle.RoundRequest{}))
	require.EqualValues(t, 10, counted())
	r, err := archive.Verify(t.Context(), archive.Directory(filepath.Join(dir, "archive")), filepath.Join(dir, "chain"), nil)
	require.NoError(t, err)
	assert.Empty(t, r.Problems)
}
