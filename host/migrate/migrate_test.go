package migrate_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/migrate"
	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/host/store/elastic"
	"github.com/logcenter/logcenter/host/store/elastic/estest"
	"github.com/logcenter/logcenter/host/store/embedded"
	"github.com/logcenter/logcenter/host/store/storetest"
	"github.com/logcenter/logcenter/sdk/query"
	"github.com/logcenter/logcenter/sdk/wire"
)

const ( // set in the child
	dirEnv = "LOGCENTER_MIGRATE_DIR"
	urlEnv = "LOGCENTER_MIGRATE_URL"
)

// TestMain lets the test binary be the process that is killed.
func TestMain(m *testing.M) {
	if dir := os.Getenv(dirEnv); dir != "" {
		if err := migrateSlowly(dir, os.Getenv(urlEnv)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	estest.Main(m)
}

var (
	manual = embedded.Options{FlushInterval: -1, MergeInterval: -1, MemoryLimit: 512 << 20, FlushBytes: 100 << 10}
	epoch  = time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
)

func cluster(url string) elastic.Options {
	return elastic.Options{Addresses: []string{url}, Prefix: fmt.Sprintf("lctest-migrate-%d", os.Getpid()), Owner: "one", Timeout: 30 * time.Second, BulkBytes: 100 << 10}
}

// migrateSlowly prints a line for every step and waits for one, so that it is killed where the test wants it.
func migrateSlowly(dir, url string) error {
	from, err := embedded.Open(filepath.Join(dir, "store"), manual)
	if err != nil {
		return err
	}
	o := cluster(url)
	o.Prefix = os.Getenv("LOGCENTER_MIGRATE_PREFIX")
	to, err := elastic.Open(o)
	if err != nil {
		return err
	}
	in := bufio.NewScanner(os.Stdin)
	_, err = migrate.Run(context.Background(), migrate.Options{
		From: from, To: to, FromName: "embedded", ToName: "elasticsearch", State: filepath.Join(dir, "migration.json"),
		Progress: func(p migrate.Progress) {
			fmt.Println(p.Partition)
			in.Scan()
		},
	})
	return err
}

// fill appends entries of several classes and days, with values of every type.
func fill(t *testing.T, s store.Store, first, last uint64, rows int) {
	t.Helper()
	for entry := first; entry <= last; entry++ {
		var events []storetest.Event
		for i := range rows {
			n := int64(entry)*1000 + int64(i)
			at := epoch.AddDate(0, 0, int(entry%3)).Add(time.Duration(n) * time.Microsecond)
			events = append(events, storetest.Event{
				"@timestamp": at.Add(time.Duration(n)), "event.ingested": at, "message": fmt.Sprintf("event %d says \"登录\" %s", n, strings.Repeat("x", i%50)),
				"event.sequence": n, "observer.type": []string{"firewall", "ips"}[entry%2], "logcenter.log_type": "attack",
				"source.ip": fmt.Sprintf("10.0.%d.%d", n%200, n%250), "tags": []any{"a", fmt.Sprint(n % 7)}, "acme.custom": fmt.Sprint(n % 11),
				"event.risk_score": float64(n) / 3, "source.geo.location": map[string]any{"lat": json.Number("31.25"), "lon": json.Number(fmt.Sprintf("%d.1", n%179))},
			})
		}
		b, err := storetest.Batch(entry, events)
		require.NoError(t, err)
		require.NoError(t, s.Append(context.Background(), entry, []*wire.Batch{b}))
	}
	require.NoError(t, s.Flush(context.Background()))
}

func counts(t *testing.T, s store.Store, q string) int64 {
	t.Helper()
	n, err := query.Parse(q)
	require.NoError(t, err)
	r, err := s.Aggregate(context.Background(), store.Everything(), store.AggregateRequest{
		Selection: store.Selection{Query: n, From: epoch.AddDate(-1, 0, 0), To: epoch.AddDate(1, 0, 0)},
	})
	require.NoError(t, err)
	return r.Total
}

// TestThereAndBack: a migration that is killed twice goes on, moves every event once, and leaves a store that goes on
// behind what it was brought; so does the way back.
func TestThereAndBack(t *testing.T) {
	ctx := context.Background()
	server := estest.Shared(t)
	t.Cleanup(func() {
		for _, path := range []string{"/lctest-migrate-*?expand_wildcards=all", "/_index_template/lctest-migrate-*"} {
			req, err := http.NewRequest(http.MethodDelete, server.URL+path, nil)
			if err == nil {
				if res, err := http.DefaultClient.Do(req); err == nil {
					_ = res.Body.Close()
				}
			}
		}
	})
	entries, rows := uint64(12), 300
	if os.Getenv("LOGCENTER_LONG") != "" {
		entries, rows = 120, 2000
	}
	dir := t.TempDir()
	from, err := embedded.Open(filepath.Join(dir, "store"), manual)
	require.NoError(t, err)
	fill(t, from, 1, entries, rows)
	im, err := from.Import(ctx, store.ImportRequest{Class: "firewall.attack", Day: "2026-11-01", Restored: "audit", Expires: epoch})
	require.NoError(t, err)
	b, err := storetest.Batch(900, []storetest.Event{{"@timestamp": epoch.AddDate(0, 0, -20), "message": "old"}})
	require.NoError(t, err)
	require.NoError(t, im.Add(ctx, b))
	_, err = im.Commit(ctx)
	require.NoError(t, err)
	require.NoError(t, from.Close())

	o := cluster(server.URL)
	for _, steps := range []int{2, 4} { // in the first partition; in a later one
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), dirEnv+"="+dir, urlEnv+"="+server.URL, "LOGCENTER_MIGRATE_PREFIX="+o.Prefix)
		cmd.Stderr = os.Stderr
		in, err := cmd.StdinPipe()
		require.NoError(t, err)
		out, err := cmd.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		lines := bufio.NewScanner(out)
		for range steps {
			require.True(t, lines.Scan())
			_, err := fmt.Fprintln(in)
			require.NoError(t, err)
		}
		require.NoError(t, cmd.Process.Kill())
		require.Error(t, cmd.Wait())
		to, err := migrate.Unfinished(filepath.Join(dir, "migration.json"))
		require.NoError(t, err)
		require.Equal(t, "elasticsearch", to)
	}

	from, err = embedded.Open(filepath.Join(dir, "store"), manual)
	require.NoError(t, err)
	to, err := elastic.Open(o)
	require.NoError(t, err)
	defer func() { assert.NoError(t, to.Close()) }()
	run := migrate.Options{From: from, To: to, FromName: "embedded", ToName: "elasticsearch", State: filepath.Join(dir, "migration.json")}
	report, err := migrate.Run(ctx, run)
	require.NoError(t, err)
	require.Len(t, report.Rows, 7)
	total := int64(0)
	for _, r := range report.Rows {
		require.True(t, r.Equal(), "%+v", r)
		total += r.To.Events
	}
	require.EqualValues(t, int(entries)*rows+1, total)
	require.Equal(t, entries, to.Durable())
	require.Equal(t, total, counts(t, to, ""))
	for _, q := range []string{"登录", "tags:3", "source.ip:10.0.7.0/24", "acme.custom:5", "event.sequence:4007"} {
		require.Equal(t, counts(t, from, q), counts(t, to, q), q)
	}
	again, err := migrate.Run(ctx, run)
	require.NoError(t, err, "and it may be asked again")
	require.Equal(t, report, again)
	require.NoError(t, from.Close())

	fill(t, to, entries-1, entries+2, rows) // the host: a replay and what is new
	total += int64(2 * rows)
	require.Equal(t, total, counts(t, to, ""))
	back, err := embedded.Open(filepath.Join(dir, "back"), manual)
	require.NoError(t, err)
	defer func() { assert.NoError(t, back.Close()) }()
	run = migrate.Options{From: to, To: back, FromName: "elasticsearch", ToName: "embedded", State: run.State}
	report, err = migrate.Run(ctx, run)
	require.NoError(t, err)
	require.Len(t, report.Rows, 7)
	require.Equal(t, entries+2, back.Durable())
	require.Equal(t, total, counts(t, back, ""))
	parts, err := back.Partitions(ctx)
	require.NoError(t, err)
	require.Equal(t, "audit", parts[0].Restored)
	require.True(t, epoch.Equal(parts[0].Expires))

	fill(t, to, entries+3, entries+3, 1)
	_, err = migrate.Run(ctx, run)
	require.ErrorContains(t, err, "--restart")
	run.Restart = true
	_, err = migrate.Run(ctx, run)
	require.NoError(t, err)
	require.Equal(t, total+1, counts(t, back, ""))
}

// TestNotEmpty: events that the migration did not bring are not mixed with others.
func TestNotEmpty(t *testing.T) {
	dir := t.TempDir()
	var stores []*embedded.Store
	for _, name := range []string{"a", "b"} {
		s, err := embedded.Open(filepath.Join(dir, name), manual)
		require.NoError(t, err)
		defer func() { assert.NoError(t, s.Close()) }()
		stores = append(stores, s)
	}
	fill(t, stores[0], 1, 3, 10)
	fill(t, stores[1], 1, 3, 10)
	_, err := migrate.Run(context.Background(), migrate.Options{From: stores[0], To: stores[1], FromName: "a", ToName: "b", State: filepath.Join(dir, "m.json")})
	require.ErrorContains(t, err, "the b store is not empty")
}

// mute is a store that hands out nothing of what it counts.
type mute struct{ store.Store }

func (mute) Scan(context.Context, store.Scope, store.ScanRequest) iter.Seq2[store.ScanBatch, error] {
	return func(func(store.ScanBatch, error) bool) {}
}

// TestNothingHandedOut: events that cannot be read are not taken for moved.
func TestNothingHandedOut(t *testing.T) {
	from, to, run := pair(t)
	fill(t, from, 1, 3, 10)
	run.From = mute{from}
	_, err := migrate.Run(t.Context(), run)
	require.ErrorContains(t, err, "hands out none")
	run.From = from
	_, err = migrate.Run(t.Context(), run)
	require.NoError(t, err)
	require.EqualValues(t, 30, counts(t, to, ""))
}

// TestRestartSparesWhatCameLater: a store in use is not emptied.
func TestRestartSparesWhatCameLater(t *testing.T) {
	from, to, run := pair(t)
	fill(t, from, 1, 3, 10)
	_, err := migrate.Run(t.Context(), run)
	require.NoError(t, err)
	run.Restart = true
	_, err = migrate.Run(t.Context(), run)
	require.NoError(t, err, "nothing came later")
	im, err := to.Import(t.Context(), store.ImportRequest{Class: "firewall.attack", Day: "2026-11-01", Restored: "audit"})
	require.NoError(t, err)
	b, err := storetest.Batch(900, []storetest.Event{{"@timestamp": epoch, "message": "foreign"}})
	require.NoError(t, err)
	require.NoError(t, im.Add(t.Context(), b))
	_, err = im.Commit(t.Context())
	require.NoError(t, err)
	_, err = migrate.Run(t.Context(), run)
	require.ErrorContains(t, err, "did not bring")
	require.EqualValues(t, 31, counts(t, to, ""))
	fill(t, to, 4, 4, 10)
	_, err = migrate.Run(t.Context(), run)
	require.ErrorContains(t, err, "a host has run on it since")
	require.EqualValues(t, 41, counts(t, to, ""))
}

// pair is a migration between two new stores.
func pair(t *testing.T) (from, to *embedded.Store, run migrate.Options) {
	t.Helper()
	dir := t.TempDir()
	var stores []*embedded.Store
	for _, name := range []string{"a", "b"} {
		s, err := embedded.Open(filepath.Join(dir, name), manual)
		require.NoError(t, err)
		t.Cleanup(func() { assert.NoError(t, s.Close()) })
		stores = append(stores, s)
	}
	from, to = stores[0], stores[1]
	return from, to, migrate.Options{From: from, To: to, FromName: "a", ToName: "b", State: filepath.Join(dir, "m.json")}
}
