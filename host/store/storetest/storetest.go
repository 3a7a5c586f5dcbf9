// Package storetest proves that a store gives the answers that package store promises: every store passes the
// same scripts, as does the in-memory matcher, and gives the matcher's answers to random questions. Each leaves a
// [Report]; command table shows them side by side.
package storetest

import (
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/sdk/query"
	"github.com/logcenter/logcenter/sdk/wire"
)

// Run runs the suite on a store that is called executor in reports. open makes an empty store that is closed with the
// test.
func Run(t *testing.T, executor string, open func(t *testing.T) store.Store) {
	run(t, executor, []mode{inTail, inSegments, inBoth}, open)
}

// RunBriefly is [Run] for a store that has events in one place, flushed or not: without LOGCENTER_LONG its scripts run
// once, with half of the events flushed.
func RunBriefly(t *testing.T, executor string, open func(t *testing.T) store.Store) {
	if os.Getenv("LOGCENTER_LONG") != "" {
		Run(t, executor, open)
		return
	}
	run(t, executor, []mode{inBoth}, open)
}

func run(t *testing.T, executor string, modes []mode, open func(t *testing.T) store.Store) {
	useLists(t)
	rep := &Report{Executor: executor}
	rep.begin(t)
	groups := 0
	t.Run("Scripts", func(t *testing.T) {
		groups = runScripts(t, rep, modes, open)
	})
	parts := map[string]func(t *testing.T, s store.Store){
		"PagingUnderIngest":    testPagingUnderIngest,
		"ReplayIsIgnored":      testReplayIsIgnored,
		"Scan":                 testScan,
		"ScanResumes":          testScanResumes,
		"DropWhileScanning":    testDropWhileScanning,
		"Partitions":           testPartitions,
		"Requests":             testRequests,
		"Values":               testValues,
		"Zeros":                testZeros,
		"TilesNotWanted":       testTilesNotWanted,
		"FieldsOfPage":         testFieldsOfPage,
		"SourcesAndOrdinals":   testSourcesAndOrdinals,
		"ScopeZeroSeesNothing": testScopeZero,
		"Cancelled":            testCancelled,
		"Import":               testImport,
		"ImportAborted":        testImportAborted,
		"ImportSnapshots":      testImportSnapshots,
		"ScanPartition":        testScanPartition,
		"Adopt":                testAdopt,
	}
	for _, name := range slices.Sorted(maps.Keys(parts)) {
		t.Run(name, func(t *testing.T) {
			g := rep.group(name, "")
			defer func() {
				if g.Skipped = t.Skipped(); !g.Skipped {
					g.add(!t.Failed())
				}
			}()
			parts[name](t, open(t))
		})
	}
	for name, f := range map[string]func(t *testing.T, g *Group, open func(t *testing.T) store.Store){"Random": testRandom, "Charts": testCharts} {
		t.Run(name, func(t *testing.T) {
			g := rep.group(name, "")
			defer func() { g.Skipped = t.Skipped() }()
			f(t, g, open)
		})
	}
	rep.end(t, groups+len(parts)+2)
}

// RunMatcher runs the scripts on the in-memory matcher, with plain loops for all that is not a query. Under the name
// "matcher" it is what stores are compared with in random questions.
func RunMatcher(t *testing.T) {
	useLists(t)
	rep := &Report{Executor: "matcher"}
	rep.begin(t)
	rep.end(t, runScripts(t, rep, []mode{inTail}, func(*testing.T) store.Store { return newReference() }))
}

var epoch = time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)

// numbered makes n events of one class, a second apart from start.
func numbered(first, n int, start time.Time) []Event {
	out := make([]Event, n)
	for i := range out {
		out[i] = Event{
			"@timestamp": start.Add(time.Duration(i) * time.Second), "message": fmt.Sprintf("event number %d of many", first+i),
			"event.sequence": int64(first + i), "observer.type": "firewall", "logcenter.log_type": "attack",
		}
	}
	return out
}

func load(t *testing.T, s store.Store, offset uint64, events []Event) {
	t.Helper()
	b, err := Batch(offset, events)
	require.NoError(t, err)
	require.NoError(t, s.Append(context.Background(), offset, []*wire.Batch{b}))
}

func whole() store.Selection {
	return store.Selection{From: epoch.AddDate(0, 0, -30), To: epoch.AddDate(0, 0, 30)}
}

func where(t *testing.T, q string) store.Selection {
	t.Helper()
	n, err := query.Parse(q)
	require.NoError(t, err)
	sel := whole()
	sel.Query = n
	return sel
}

func count(t *testing.T, s store.Store, q string) int64 {
	t.Helper()
	r, err := s.Aggregate(context.Background(), store.Everything(), store.AggregateRequest{Selection: where(t, q)})
	require.NoError(t, err)
	return r.Total
}

// sequences are the numbers of events, in their order.
func sequences(events []store.Event) []int64 {
	var out []int64
	for _, ev := range events {
		n, _ := ev["event.sequence"].(int64)
		out = append(out, n)
	}
	return out
}

// testPagingUnderIngest: pages show the snapshot of the first one, whatever is appended, flushed or comes late.
func testPagingUnderIngest(t *testing.T, s store.Store) {
	ctx := context.Background()
	load(t, s, 1, numbered(0, 30, epoch))
	require.NoError(t, s.Flush(ctx))
	load(t, s, 2, numbered(30, 30, epoch.Add(30*time.Second)))
	for _, oldest := range []bool{false, true} {
		var got []int64
		req := store.SearchRequest{Selection: where(t, "event.sequence:<1000"), Limit: 7, OldestFirst: oldest, Count: true}
		next := uint64(10)
		if oldest {
			next = 100
			req.Selection = where(t, "event.sequence:<60")
		}
		for {
			p, err := s.Search(ctx, store.Everything(), req)
			require.NoError(t, err)
			assert.EqualValues(t, 60, p.Total)
			got = append(got, sequences(p.Events)...)
			if p.Cursor == "" {
				break
			}
			req.Cursor = p.Cursor
			load(t, s, next, numbered(100, 5, epoch.Add(17*time.Second+500*time.Millisecond))) // between the others
			next++
			if next%2 == 0 {
				require.NoError(t, s.Flush(ctx))
			}
		}
		require.Len(t, got, 60)
		for i, n := range got {
			want := int64(59 - i)
			if oldest {
				want = int64(i)
			}
			require.Equal(t, want, n, "place %d", i)
		}
		require.Positive(t, count(t, s, "event.sequence:>=100"))
	}
}

func testReplayIsIgnored(t *testing.T, s store.Store) {
	load(t, s, 1, numbered(0, 5, epoch))
	load(t, s, 2, numbered(5, 5, epoch))
	load(t, s, 2, numbered(5, 5, epoch))
	load(t, s, 1, numbered(0, 5, epoch))
	require.EqualValues(t, 10, count(t, s, ""))
	require.NoError(t, s.Flush(context.Background()))
	require.EqualValues(t, 2, s.Durable())
	load(t, s, 2, numbered(5, 5, epoch))
	require.EqualValues(t, 10, count(t, s, ""))
	require.NoError(t, s.Append(context.Background(), 3, nil), "an entry may have no rows")
	require.NoError(t, s.Flush(context.Background()))
	require.EqualValues(t, 3, s.Durable())
	load(t, s, 4, numbered(10, 1, epoch))
	require.EqualValues(t, 11, count(t, s, ""))
}

// scanAll returns the sequences a scan hands out, and the tokens behind each batch.
func scanAll(t *testing.T, s store.Store, r store.ScanRequest) (seqs []int64, tokens []string, batches [][]int64) {
	t.Helper()
	for b, err := range s.Scan(context.Background(), store.Everything(), r) {
		require.NoError(t, err)
		c := columnNamed(t, b.Batch, "event.sequence")
		var part []int64
		c.Each(int(b.Batch.Rows), func(_, k int) { part = append(part, c.Int(k)) })
		require.Len(t, part, int(b.Batch.Rows))
		require.NoError(t, b.Batch.Validate(messageField))
		seqs = append(seqs, part...)
		batches = append(batches, part)
		tokens = append(tokens, b.Token)
		require.EqualValues(t, len(seqs), b.Done-doneBefore(r, b, len(seqs)))
	}
	return seqs, tokens, batches
}

func doneBefore(r store.ScanRequest, b store.ScanBatch, have int) int64 {
	if r.Resume == "" {
		return 0
	}
	return b.Done - int64(have)
}

func testScan(t *testing.T, s store.Store) {
	load(t, s, 1, numbered(0, 50, epoch))
	require.NoError(t, s.Flush(context.Background()))
	load(t, s, 2, numbered(50, 50, epoch.Add(50*time.Second)))
	seqs, tokens, _ := scanAll(t, s, store.ScanRequest{Selection: where(t, "")})
	require.Len(t, seqs, 100)
	for i, n := range seqs {
		require.EqualValues(t, i, n)
	}
	require.NotEmpty(t, tokens)
	seqs, _, _ = scanAll(t, s, store.ScanRequest{Selection: where(t, "event.sequence:[10 TO 12]"), Fields: []string{"event.sequence"}})
	require.Equal(t, []int64{10, 11, 12}, seqs)
	seqs, _, _ = scanAll(t, s, store.ScanRequest{Selection: where(t, "nothinglikethis")})
	require.Empty(t, seqs)
}

// testScanResumes: a scan goes on behind any token, without what came later.
func testScanResumes(t *testing.T, s store.Store) {
	const rows, entries = 180, 5
	var late []Event
	for i := range uint64(entries) {
		// Large messages make small batches; many events of one instant make the hard case.
		events := numbered(int(i)*rows, rows, epoch)
		for k := range events {
			events[k]["message"] = fmt.Sprintf("%d %0*d", k, 40<<10, k)
			if i%2 == 1 {
				events[k]["@timestamp"] = epoch.Add(time.Minute)
			}
		}
		load(t, s, i+1, events)
		late = numbered(100000, 10, epoch)
	}
	sel := store.ScanRequest{Selection: where(t, "")}
	all, tokens, batches := scanAll(t, s, sel)
	require.Len(t, all, entries*rows)
	require.Greater(t, len(batches), 2)
	seen := map[int64]bool{}
	for _, n := range all {
		require.False(t, seen[n], "%d twice", n)
		seen[n] = true
	}
	load(t, s, 100, late)
	require.NoError(t, s.Flush(context.Background()))
	n := 0
	for i, token := range tokens {
		n += len(batches[i])
		sel.Resume = token
		rest, _, _ := scanAll(t, s, sel)
		require.Equal(t, all[n:], append([]int64{}, rest...), "behind batch %d", i)
	}
	sel.Resume = "nonsense"
	for _, err := range s.Scan(context.Background(), store.Everything(), sel) {
		require.ErrorIs(t, err, store.ErrCursor)
	}
}

func testDropWhileScanning(t *testing.T, s store.Store) {
	ctx := context.Background()
	for i := range 2 {
		events := numbered(i*300, 300, epoch.AddDate(0, 0, i-2))
		for k := range events {
			events[k]["message"] = fmt.Sprintf("%d %0*d", k, 60<<10, k) // so that a partition is several batches
		}
		load(t, s, uint64(i+1), events)
	}
	var seqs int
	dropped := false
	for b, err := range s.Scan(ctx, store.Everything(), store.ScanRequest{Selection: where(t, "")}) {
		require.NoError(t, err)
		seqs += int(b.Batch.Rows)
		if !dropped {
			dropped = true
			parts, err := s.Partitions(ctx)
			require.NoError(t, err)
			require.Len(t, parts, 2)
			for _, p := range parts {
				require.NoError(t, s.DropPartition(ctx, p.ID))
			}
			require.Zero(t, count(t, s, ""))
		}
	}
	require.Equal(t, 600, seqs, "the scan keeps its snapshot")
}

func testPartitions(t *testing.T, s store.Store) {
	ctx := context.Background()
	a, b := numbered(0, 10, epoch), numbered(10, 5, epoch.AddDate(0, 0, -1))
	for i := range b {
		b[i]["event.ingested"] = epoch // a wrong device clock
		b[i]["logcenter.log_type"] = "what is this"
	}
	load(t, s, 1, append(a, b...))
	require.NoError(t, s.Flush(ctx))
	parts, err := s.Partitions(ctx)
	require.NoError(t, err)
	require.Len(t, parts, 2)
	require.Equal(t, "firewall.attack/2026-11-21", parts[0].ID)
	require.Equal(t, "unclassified/2026-11-21", parts[1].ID)
	require.EqualValues(t, 10, parts[0].Events)
	require.EqualValues(t, 5, parts[1].Events)
	require.Positive(t, parts[0].Bytes)
	require.Equal(t, epoch, parts[0].From)
	require.Equal(t, epoch.Add(9*time.Second), parts[0].To)
	load(t, s, 2, numbered(20, 1, epoch)) // in the tail, to be dropped too
	require.NoError(t, s.DropPartition(ctx, parts[0].ID))
	require.EqualValues(t, 5, count(t, s, ""))
	require.ErrorIs(t, s.DropPartition(ctx, "no/such"), store.ErrRequest)
	require.EqualValues(t, 5, s.Stats().Events)
}

func testRequests(t *testing.T, s store.Store) {
	ctx := context.Background()
	load(t, s, 1, numbered(0, 3, epoch))
	search := func(r store.SearchRequest) error {
		_, err := s.Search(ctx, store.Everything(), r)
		return err
	}
	require.ErrorIs(t, search(store.SearchRequest{}), store.ErrRequest, "no range")
	require.ErrorIs(t, search(store.SearchRequest{Selection: whole(), Limit: store.MaxPage + 1}), store.ErrRequest)
	require.ErrorIs(t, search(store.SearchRequest{Selection: whole(), Limit: -1}), store.ErrRequest)
	require.ErrorIs(t, search(store.SearchRequest{Selection: whole(), Cursor: "%%%"}), store.ErrCursor)
	backwards := whole()
	backwards.From, backwards.To = backwards.To, backwards.From
	require.ErrorIs(t, search(store.SearchRequest{Selection: backwards}), store.ErrRequest)
	p, err := s.Search(ctx, store.Everything(), store.SearchRequest{Selection: whole(), Limit: 1})
	require.NoError(t, err)
	require.EqualValues(t, -1, p.Total)
	require.ErrorIs(t, search(store.SearchRequest{Selection: where(t, "many"), Limit: 1, Cursor: p.Cursor}), store.ErrCursor, "another query")
	require.NoError(t, search(store.SearchRequest{Selection: whole(), Limit: 2, Cursor: p.Cursor}))
	// What is quoted stays quoted.
	for _, q := range []string{`"'); DROP TABLE x; --"`, `user.name:"' OR '1'='1"`, `user.name:/'|"|\\/`, `acme.x:"\" OR 1"`, "user.name:'a\\*'"} {
		require.NoError(t, search(store.SearchRequest{Selection: where(t, q)}), q)
	}
	require.EqualValues(t, 3, count(t, s, ""))
}

func testScopeZero(t *testing.T, s store.Store) {
	ctx := context.Background()
	load(t, s, 1, numbered(0, 3, epoch))
	var nobody store.Scope
	p, err := s.Search(ctx, nobody, store.SearchRequest{Selection: whole(), Count: true})
	require.NoError(t, err)
	require.Empty(t, p.Events)
	require.Zero(t, p.Total)
	a, err := s.Aggregate(ctx, nobody, store.AggregateRequest{Selection: whole(), Aggs: []store.Agg{{Kind: store.Terms, Field: "observer.type"}, {Kind: store.Count}}})
	require.NoError(t, err)
	require.Zero(t, a.Total)
	require.Empty(t, a.Aggs[0].Buckets)
	fs, err := s.Fields(ctx, nobody, whole())
	require.NoError(t, err)
	require.Empty(t, fs)
	st, err := s.FieldStats(ctx, nobody, store.FieldStatsRequest{Selection: whole(), Field: "observer.type"})
	require.NoError(t, err)
	require.Zero(t, st.Count)
	for _, err := range s.Scan(ctx, nobody, store.ScanRequest{Selection: whole()}) {
		require.NoError(t, err)
		require.Fail(t, "nothing is to be seen")
	}
}

func testCancelled(t *testing.T, s store.Store) {
	load(t, s, 1, numbered(0, 3, epoch))
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := s.Search(ctx, store.Everything(), store.SearchRequest{Selection: whole()})
	require.ErrorIs(t, err, context.Canceled)
	require.EqualValues(t, 3, count(t, s, ""), "and the store goes on")
}
