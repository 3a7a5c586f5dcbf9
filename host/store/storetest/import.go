package storetest

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/sdk/wire"
)

const (
	importClass = "firewall.attack"
	importDay   = "2026-11-21"
)

// batchOf is a batch of a raw journal entry; its events have ids that no other entry's have.
func batchOf(t *testing.T, entry uint64, events []Event) *wire.Batch {
	t.Helper()
	b, err := Batch(entry, events)
	require.NoError(t, err)
	return b
}

// bring imports events as one partition and returns it.
func bring(t *testing.T, s store.Store, r store.ImportRequest, entry uint64, events []Event) store.Partition {
	t.Helper()
	im, err := s.Import(context.Background(), r)
	require.NoError(t, err)
	require.NoError(t, im.Add(context.Background(), batchOf(t, entry, events)))
	p, err := im.Commit(context.Background())
	require.NoError(t, err)
	require.NoError(t, im.Abort(), "after Commit it does nothing")
	return p
}

// testImport: nothing of an import is seen before its commit, all of it afterwards.
func testImport(t *testing.T, s store.Store) {
	ctx := context.Background()
	load(t, s, 7, numbered(0, 10, epoch))
	expires := epoch.AddDate(0, 1, 0)
	r := store.ImportRequest{Class: importClass, Day: importDay, Restored: "audit-7", Expires: expires}
	im, err := s.Import(ctx, r)
	require.NoError(t, err)
	_, err = s.Import(ctx, r)
	require.ErrorIs(t, err, store.ErrExists, "it is on its way")
	require.NoError(t, im.Add(ctx, batchOf(t, 100, numbered(100, 20, epoch.Add(time.Hour)))))
	require.NoError(t, im.Add(ctx, batchOf(t, 101, numbered(120, 5, epoch.Add(2*time.Hour)))))
	require.EqualValues(t, 10, count(t, s, ""))
	p, err := im.Commit(ctx)
	require.NoError(t, err)
	require.Equal(t, "restored.audit-7/firewall.attack/2026-11-21", p.ID)
	require.EqualValues(t, 25, p.Events)
	require.EqualValues(t, 35, count(t, s, ""))
	require.EqualValues(t, 1, count(t, s, "event.sequence:121 AND message:many"))

	require.NoError(t, s.Flush(ctx))
	parts, err := s.Partitions(ctx)
	require.NoError(t, err)
	require.Len(t, parts, 2)
	require.Equal(t, "firewall.attack/2026-11-21", parts[0].ID)
	require.Empty(t, parts[0].Restored)
	require.EqualValues(t, 10, parts[0].Events)
	got := parts[1]
	require.Positive(t, got.Bytes)
	got.Bytes, p.Bytes = 0, 0
	require.Equal(t, p, got)
	require.Equal(t, "audit-7", got.Restored)
	require.Equal(t, expires, got.Expires)
	require.Equal(t, epoch.Add(time.Hour), got.From)
	require.Equal(t, epoch.Add(2*time.Hour+4*time.Second), got.To)
	require.EqualValues(t, 7, s.Durable(), "an import is not of the journal")

	_, err = s.Import(ctx, r)
	require.ErrorIs(t, err, store.ErrExists)
	require.NoError(t, s.DropPartition(ctx, p.ID))
	require.EqualValues(t, 10, count(t, s, ""))
	bring(t, s, r, 100, numbered(100, 3, epoch))
	require.EqualValues(t, 13, count(t, s, ""))
}

// testImportAborted: what is not committed is gone, and may be imported again.
func testImportAborted(t *testing.T, s store.Store) {
	ctx := context.Background()
	r := store.ImportRequest{Class: importClass, Day: importDay}
	im, err := s.Import(ctx, r)
	require.NoError(t, err)
	require.NoError(t, im.Add(ctx, batchOf(t, 1, numbered(0, 20, epoch))))
	require.NoError(t, im.Abort())
	require.NoError(t, im.Abort())
	_, err = im.Commit(ctx)
	require.Error(t, err)
	require.Error(t, im.Add(ctx, batchOf(t, 1, numbered(0, 20, epoch))))
	require.Zero(t, count(t, s, ""))

	im, err = s.Import(ctx, r)
	require.NoError(t, err)
	require.Error(t, im.Add(ctx, &wire.Batch{Rows: 1, Journal: Journal}), "no event of the pipeline")
	require.Error(t, im.Add(ctx, batchOf(t, 1, numbered(0, 20, epoch))), "it can only be aborted")
	_, err = im.Commit(ctx)
	require.Error(t, err)
	require.Zero(t, count(t, s, ""))

	im, err = s.Import(ctx, r)
	require.NoError(t, err)
	p, err := im.Commit(ctx)
	require.NoError(t, err, "there may be nothing")
	require.Zero(t, p.Events)
	require.EqualValues(t, 20, bring(t, s, r, 1, numbered(0, 20, epoch)).Events)
	require.EqualValues(t, 20, count(t, s, ""))

	for _, bad := range []store.ImportRequest{
		{},
		{Class: importClass, Day: "21.11.2026"},
		{Class: "../x", Day: importDay},
		{Class: importClass, Day: importDay, Restored: "A/b"},
		{Class: importClass, Day: importDay, Expires: epoch},
	} {
		_, err := s.Import(ctx, bad)
		require.ErrorIs(t, err, store.ErrRequest, "%+v", bad)
	}
}

// testImportSnapshots: pages and scans that began before an import do not see it.
func testImportSnapshots(t *testing.T, s store.Store) {
	ctx := context.Background()
	load(t, s, 1, numbered(0, 20, epoch))
	req := store.SearchRequest{Selection: whole(), Limit: 5, OldestFirst: true, Count: true}
	slow, err := s.Import(ctx, store.ImportRequest{Class: importClass, Day: importDay, Restored: "slow"})
	require.NoError(t, err)
	require.NoError(t, slow.Add(ctx, batchOf(t, 50, numbered(500, 30, epoch.Add(500*time.Millisecond)))))
	var got []int64
	for n := 0; ; n++ {
		p, err := s.Search(ctx, store.Everything(), req)
		require.NoError(t, err)
		require.EqualValues(t, 20, p.Total)
		got = append(got, sequences(p.Events)...)
		if p.Cursor == "" {
			break
		}
		req.Cursor = p.Cursor
		switch n {
		case 0: // began later, is done first
			bring(t, s, store.ImportRequest{Class: importClass, Day: importDay, Restored: "quick"}, 60, numbered(600, 30, epoch.Add(250*time.Millisecond)))
		case 1:
			_, err := slow.Commit(ctx)
			require.NoError(t, err)
		}
	}
	require.Len(t, got, 20)
	require.EqualValues(t, 80, count(t, s, ""))

	_, tokens, _ := scanAll(t, s, store.ScanRequest{Selection: whole()})
	bring(t, s, store.ImportRequest{Class: importClass, Day: "2026-11-22", Restored: "late"}, 70, numbered(700, 30, epoch.AddDate(0, 0, 1)))
	rest, _, _ := scanAll(t, s, store.ScanRequest{Selection: whole(), Resume: tokens[0]})
	require.NotContains(t, rest, int64(700))
}

// testScanPartition: a scan of one partition hands out all it has and nothing else, and its batches can be imported.
func testScanPartition(t *testing.T, s store.Store) {
	ctx := context.Background()
	load(t, s, 1, numbered(0, 30, epoch))
	load(t, s, 2, numbered(30, 30, epoch.AddDate(0, 0, 1)))
	old := numbered(60, 10, time.Date(1969, 1, 1, 0, 0, 0, 0, time.UTC)) // a device without a clock
	for i := range old {
		old[i]["event.ingested"] = epoch
	}
	load(t, s, 3, old)
	bring(t, s, store.ImportRequest{Class: importClass, Day: importDay, Restored: "again"}, 80, numbered(80, 10, epoch))
	seqs, tokens, batches := scanAll(t, s, store.ScanRequest{Partition: "firewall.attack/2026-11-21"})
	require.Len(t, seqs, 40)
	require.EqualValues(t, 60, seqs[0])
	require.NotContains(t, seqs, int64(30))
	require.NotContains(t, seqs, int64(80))
	rest, _, _ := scanAll(t, s, store.ScanRequest{Partition: "firewall.attack/2026-11-21", Resume: tokens[0]})
	require.Equal(t, seqs[len(batches[0]):], append([]int64{}, rest...))
	seqs, _, _ = scanAll(t, s, store.ScanRequest{Partition: "restored.again/firewall.attack/2026-11-21"})
	require.Len(t, seqs, 10)
	seqs, _, _ = scanAll(t, s, store.ScanRequest{Partition: "no/such"})
	require.Empty(t, seqs)
	for _, err := range s.Scan(ctx, store.Everything(), store.ScanRequest{Partition: "firewall.attack/2026-11-21", Resume: tokens[0], Selection: whole()}) {
		require.ErrorIs(t, err, store.ErrCursor)
	}

	im, err := s.Import(ctx, store.ImportRequest{Class: importClass, Day: importDay, Restored: "copy"})
	require.NoError(t, err)
	for b, err := range s.Scan(ctx, store.Everything(), store.ScanRequest{Partition: "firewall.attack/2026-11-21"}) {
		require.NoError(t, err)
		require.NoError(t, im.Add(ctx, b.Batch))
	}
	p, err := im.Commit(ctx)
	require.NoError(t, err)
	require.EqualValues(t, 40, p.Events)
	require.EqualValues(t, 80+40, count(t, s, "")+20, "twice ten are older than the range")
	require.EqualValues(t, 2, count(t, s, "event.sequence:5"))
	require.EqualValues(t, 2, count(t, s, "event.id:"+ids(t, s, "event.sequence:5")[0]))
}

func ids(t *testing.T, s store.Store, q string) (out []string) {
	t.Helper()
	p, err := s.Search(context.Background(), store.Everything(), store.SearchRequest{Selection: where(t, q)})
	require.NoError(t, err)
	for _, ev := range p.Events {
		id, _ := ev["event.id"].(string)
		out = append(out, id)
	}
	return out
}

// testAdopt: what the journal has up to an adopted offset is not taken again.
func testAdopt(t *testing.T, s store.Store) {
	ctx := context.Background()
	bring(t, s, store.ImportRequest{Class: importClass, Day: importDay}, 1, numbered(0, 20, epoch))
	require.NoError(t, s.Adopt(ctx, 5000))
	require.EqualValues(t, 5000, s.Durable())
	load(t, s, 5000, numbered(0, 20, epoch))
	require.EqualValues(t, 20, count(t, s, ""))
	load(t, s, 5001, numbered(20, 5, epoch))
	require.EqualValues(t, 25, count(t, s, ""), "of the day that was imported")
	require.NoError(t, s.Flush(ctx))
	require.EqualValues(t, 5001, s.Durable())
	require.NoError(t, s.Adopt(ctx, 3))
	require.EqualValues(t, 5001, s.Durable())
	parts, err := s.Partitions(ctx)
	require.NoError(t, err)
	require.Len(t, parts, 1)
	require.EqualValues(t, 25, parts[0].Events)
	_, err = s.Import(ctx, store.ImportRequest{Class: importClass, Day: importDay})
	require.ErrorIs(t, err, store.ErrExists)
	require.NoError(t, s.DropPartition(ctx, parts[0].ID))
	require.Zero(t, count(t, s, ""))
}
