package lifecycle_test

import (
	"context"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/archive"
	"github.com/logcenter/logcenter/host/archive/s3test"
	"github.com/logcenter/logcenter/host/lifecycle"
	"github.com/logcenter/logcenter/host/retention"
	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/host/store/embedded"
	"github.com/logcenter/logcenter/host/store/storetest"
	"github.com/logcenter/logcenter/sdk/wire"
)

// fixture is a keeper over a real store, whose clock the test sets.
type fixture struct {
	*lifecycle.Keeper
	t      testing.TB
	dir    string
	dest   archive.Destination
	base   store.Store
	store  store.Store // as the rest of the host has it
	now    time.Time
	offset uint64
}

var came = time.Date(2026, 8, 11, 12, 0, 0, 0, time.UTC)

func newFixture(t testing.TB, d archive.Destination) *fixture {
	t.Helper()
	f := &fixture{t: t, dir: t.TempDir(), dest: d, now: came}
	base, err := embedded.Open(filepath.Join(f.dir, "store"), embedded.Options{
		Threads: 1, OldestOnline: func(class string) string { return retention.Standard().OldestOnline(class, f.now) },
	})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, base.Close()) })
	f.base = base
	f.keep(base)
	return f
}

// keep starts a keeper over a store, as a host that starts does.
func (f *fixture) keep(s store.Store) {
	f.t.Helper()
	log := logrus.New()
	log.SetOutput(io.Discard)
	k, err := lifecycle.New(lifecycle.Options{
		Store: s, Policy: retention.Standard(), Destination: f.dest, Chain: filepath.Join(f.dir, "archive.chain"), Format: archive.Parquet,
		Work: filepath.Join(f.dir, "work"), Program: "test", Every: time.Hour, Log: logrus.NewEntry(log), Now: func() time.Time { return f.now },
	})
	require.NoError(f.t, err)
	f.Keeper, f.store = k, k.Store()
}

// add appends n events of a firewall that came in at came, or so many hours later.
func (f *fixture) add(n int, hours time.Duration) {
	f.t.Helper()
	f.offset++
	rows := make([]storetest.Event, n)
	for i := range rows {
		rows[i] = storetest.Event{
			"@timestamp": came.Add(hours*time.Hour + time.Duration(i)*time.Second), "event.ingested": came.Add(hours * time.Hour),
			"observer.type": "firewall", "logcenter.log_type": "attack", "event.dataset": "dptech.attack", "message": fmt.Sprintf("line %d", i),
		}
	}
	b, err := storetest.Batch(f.offset, rows)
	require.NoError(f.t, err)
	require.NoError(f.t, f.store.Append(f.t.Context(), f.offset, []*wire.Batch{b}))
}

func (f *fixture) round() error {
	return f.Round(f.t.Context(), lifecycle.RoundRequest{})
}

// after moves the clock to so many days after the events came.
func (f *fixture) after(days int) { f.now = came.AddDate(0, 0, days) }

var always = store.Selection{From: time.Unix(0, 0), To: came.AddDate(100, 0, 0)}

func (f *fixture) search() (events int64, notices []string) {
	f.t.Helper()
	p, err := f.store.Search(f.t.Context(), store.Everything(), store.SearchRequest{Selection: always, Count: true})
	require.NoError(f.t, err)
	a, err := f.store.Aggregate(f.t.Context(), store.Everything(), store.AggregateRequest{Selection: always})
	require.NoError(f.t, err)
	assert.Equal(f.t, p.Total, a.Total)
	assert.Equal(f.t, p.Notices, a.Notices)
	fields, err := f.store.Fields(f.t.Context(), store.Everything(), always)
	require.NoError(f.t, err)
	assert.Equal(f.t, p.Total == 0, len(fields) == 0)
	var scanned int64
	for b, err := range f.store.Scan(f.t.Context(), store.Everything(), store.ScanRequest{Selection: always}) {
		require.NoError(f.t, err)
		scanned += int64(b.Batch.Rows)
	}
	assert.Equal(f.t, p.Total, scanned)
	return p.Total, p.Notices
}

func (f *fixture) archived() (events int64) {
	f.t.Helper()
	a, err := f.Archive(f.t.Context())
	require.NoError(f.t, err)
	for _, p := range a.List() {
		ids := map[string]bool{}
		for b, err := range a.Events(f.t.Context(), p.Name(), filepath.Join(f.dir, "read"), nil) {
			require.NoError(f.t, err)
			for row := range int(b.Rows) {
				id := store.EventAt(b, row)["event.id"].(string)
				require.False(f.t, ids[id], "twice")
				ids[id] = true
			}
		}
		events += int64(len(ids))
	}
	return events
}

func (f *fixture) partitions() int {
	f.t.Helper()
	ps, err := f.base.Partitions(f.t.Context())
	require.NoError(f.t, err)
	return len(ps)
}

func TestPartitionsGoTheirWay(t *testing.T) {
	f := newFixture(t, archive.Directory(t.TempDir()))
	f.add(100, 0)
	f.add(10, 24)
	f.after(90)
	require.NoError(t, f.round())
	n, _ := f.search()
	assert.EqualValues(t, 110, n, "90 days later all are online")

	f.after(91)
	n, notices := f.search()
	assert.EqualValues(t, 10, n, "hidden at once, though nothing was dropped yet")
	require.Len(t, notices, 1)
	assert.Equal(t, "the time range reaches past what is online: events are searched for 30 to 90 days, by their type; older ones are in the archive (an admin finds them there)", notices[0])
	assert.Equal(t, 2, f.partitions())
	require.NoError(t, f.round())
	assert.Equal(t, 1, f.partitions())
	assert.EqualValues(t, 100, f.archived())
	st := f.Status()
	assert.EqualValues(t, 1, st.Archived)
	assert.EqualValues(t, 1, st.Dropped)
	assert.Zero(t, st.Overdue)

	f.add(1, 24*720)
	f.now = came.AddDate(2, 0, 0)
	require.NoError(t, f.round())
	assert.EqualValues(t, 110, f.archived())
	f.now = came.AddDate(2, 0, 1)
	require.NoError(t, f.round())
	assert.EqualValues(t, 10, f.archived(), "two years after it came, a firewall's attack is deleted from the archive")
	assert.EqualValues(t, 1, f.Status().Deleted)
	r, err := archive.Verify(t.Context(), f.dest, filepath.Join(f.dir, "archive.chain"), nil)
	require.NoError(t, err)
	assert.Empty(t, r.Problems)
	assert.Equal(t, 3, r.Records)
}

func TestHeldPartitionsStay(t *testing.T) {
	f := newFixture(t, archive.Directory(t.TempDir()))
	f.add(10, 0)
	f.after(91)
	require.NoError(t, f.round())
	a, err := f.Archive(t.Context())
	require.NoError(t, err)
	name := a.List()[0].Name()
	require.ErrorIs(t, f.Delete(t.Context(), name, false), archive.ErrRefused)
	held, err := f.Hold(t.Context(), name, "case 7")
	require.NoError(t, err)
	assert.Equal(t, "case 7", held.Held)
	f.now = came.AddDate(10, 0, 0)
	require.NoError(t, f.round())
	assert.Len(t, a.List(), 1)
	require.ErrorIs(t, f.Delete(t.Context(), name, true), archive.ErrRefused)
	_, err = f.Release(t.Context(), name, "closed")
	require.NoError(t, err)
	f.add(1, 24*3640)
	require.NoError(t, f.round())
	assert.Empty(t, a.List())
}

// A clock that jumps ahead deletes nothing, though what comes then is stored and archived under its time.
func TestWrongClockDeletesNothing(t *testing.T) {
	f := newFixture(t, archive.Directory(t.TempDir()))
	f.add(10, 0)
	f.add(10, 24*90)
	f.after(91)
	require.NoError(t, f.round())
	f.after(3000)
	for range 2 {
		f.add(10, 24*3000)
		err := f.round()
		require.ErrorContains(t, err, "nothing is deleted from the archive: the clock says 2034-10-28")
		assert.Contains(t, f.Status().Error, "`logcenter archive delete NAME`")
	}
	assert.EqualValues(t, 20, f.archived())
	f.after(3008) // the host was off in between: it is the right time
	require.NoError(t, f.round())
	assert.EqualValues(t, 10, f.archived(), "what was archived days ago is kept for 30 days, whatever its day")
	f.after(3031)
	require.NoError(t, f.round())
	assert.Zero(t, f.archived())
}

// A crash between archiving and dropping leaves a partition in both; events that came late are in the store only.
func TestWhatIsInBothIsArchivedOnce(t *testing.T) {
	f := newFixture(t, archive.Directory(t.TempDir()))
	f.add(100, 0)
	f.after(91)
	f.keep(undroppable{f.base})
	require.ErrorContains(t, f.round(), "no drop today")
	assert.EqualValues(t, 100, f.archived())
	assert.Equal(t, 1, f.partitions())
	f.keep(f.base)
	require.NoError(t, f.round())
	assert.EqualValues(t, 100, f.archived())
	assert.Zero(t, f.partitions())

	f.add(7, 0)
	f.keep(undroppable{f.base})
	require.Error(t, f.round())
	f.keep(f.base)
	f.add(5, 1)
	require.NoError(t, f.round())
	assert.Zero(t, f.partitions())
	a, err := f.Archive(t.Context())
	require.NoError(t, err)
	var parts []int64
	for _, p := range a.List() {
		parts = append(parts, p.Events)
	}
	assert.Equal(t, []int64{100, 7, 5}, parts)
	assert.EqualValues(t, 112, f.archived())
}

type undroppable struct{ store.Store }

func (undroppable) DropPartition(context.Context, string) error { return fmt.Errorf("no drop today") }

// Events that come while a partition is archived are not dropped with it.
func TestEventsThatComeMeanwhileStay(t *testing.T) {
	f := newFixture(t, archive.Directory(t.TempDir()))
	f.add(100, 0)
	f.after(91)
	late := false
	err := f.Round(t.Context(), lifecycle.RoundRequest{Progress: func(lifecycle.Status) {
		if !late {
			late = true
			f.add(3, 0)
		}
	}})
	require.ErrorContains(t, err, "events came while it was archived")
	assert.Equal(t, 1, f.partitions())
	require.NoError(t, f.round())
	assert.EqualValues(t, 103, f.archived())
	assert.Zero(t, f.partitions())
}

func TestNothingIsDroppedWhileTheArchiveFails(t *testing.T) {
	t.Run("directory", func(t *testing.T) {
		blocked := filepath.Join(t.TempDir(), "file")
		require.NoError(t, os.WriteFile(blocked, nil, 0o600))
		failing(t, archive.Directory(filepath.Join(blocked, "archive")), "not a directory", func() { require.NoError(t, os.Remove(blocked)) })
	})
	t.Run("bucket", func(t *testing.T) {
		s := s3test.Start(t, "archive")
		d, err := archive.NewBucket(archive.Bucket{Endpoint: s.URL, Name: "archive", AccessKey: s3test.AccessKey, SecretKey: s3test.SecretKey})
		require.NoError(t, err)
		s.Stop()
		failing(t, d, "cannot be reached", s.Run)
	})
}

func failing(t *testing.T, d archive.Destination, want string, mend func()) {
	t.Helper()
	f := newFixture(t, d)
	f.add(100, 0)
	f.after(91)
	require.ErrorContains(t, f.round(), want)
	assert.Equal(t, 1, f.partitions())
	st := f.Status()
	assert.Contains(t, st.Error, want)
	assert.Equal(t, 1, st.Overdue)
	assert.Equal(t, "2026-08-11", st.OldestOverdue)
	assert.EqualValues(t, 1, st.Failures)
	mend()
	require.NoError(t, f.round())
	assert.EqualValues(t, 100, f.archived())
	assert.Zero(t, f.partitions())
	assert.Empty(t, f.Status().Error)
}

func TestRestoredPartitionsExpire(t *testing.T) {
	f := newFixture(t, archive.Directory(t.TempDir()))
	f.add(100, 0)
	f.add(10, 24*90)
	f.after(91)
	require.NoError(t, f.round())
	a, err := f.Archive(t.Context())
	require.NoError(t, err)
	name := a.List()[0].Name()
	p, err := f.Restore(t.Context(), lifecycle.RestoreRequest{Name: name, For: 24 * time.Hour})
	require.NoError(t, err)
	assert.EqualValues(t, 100, p.Events)
	n, _ := f.search()
	assert.EqualValues(t, 110, n, "what is restored is shown whatever its age")
	_, err = f.Restore(t.Context(), lifecycle.RestoreRequest{Name: name, For: 24 * time.Hour})
	require.ErrorContains(t, err, "is restored already, until 2026-11-11 12:00:00")
	require.NoError(t, f.round())
	n, _ = f.search()
	assert.EqualValues(t, 110, n)
	f.after(92)
	require.NoError(t, f.round())
	n, _ = f.search()
	assert.EqualValues(t, 10, n)
	assert.EqualValues(t, 1, f.Status().Expired)
	assert.EqualValues(t, 100, f.archived(), "it stays in the archive")
}

// A partition of a class that the policy does not have any more is kept as unclassified events are, under its name.
func TestPartitionsOutliveTheirClass(t *testing.T) {
	f := newFixture(t, archive.Directory(t.TempDir()))
	im, err := f.store.Import(t.Context(), store.ImportRequest{Class: "door.badge", Day: "2026-08-11"})
	require.NoError(t, err)
	b, err := storetest.Batch(1, []storetest.Event{{"@timestamp": came, "message": "a badge", "observer.type": "door"}})
	require.NoError(t, err)
	require.NoError(t, im.Add(t.Context(), b))
	_, err = im.Commit(t.Context())
	require.NoError(t, err)
	f.after(90)
	n, _ := f.search()
	assert.EqualValues(t, 1, n)
	require.NoError(t, f.round())
	assert.Equal(t, 1, f.partitions())
	f.after(91)
	n, _ = f.search()
	assert.Zero(t, n)
	require.NoError(t, f.round())
	assert.Zero(t, f.partitions())
	a, err := f.Archive(t.Context())
	require.NoError(t, err)
	require.Len(t, a.List(), 1)
	p := a.List()[0]
	assert.Equal(t, "door.badge.2026-08-11", p.Name())
	assert.Equal(t, 3, p.ArchiveYears)
}

func TestPlan(t *testing.T) {
	f := newFixture(t, archive.Directory(t.TempDir()))
	f.add(1000, 0)
	f.add(1000, 24)
	f.after(2)
	p, err := f.Plan(t.Context(), f.dir, true)
	require.NoError(t, err)
	require.Len(t, p.Classes, 1)
	c := p.Classes[0]
	assert.Equal(t, "firewall.attack", c.Class)
	assert.Equal(t, 2, p.Days)
	assert.Equal(t, "2026-08-11", c.Oldest)
	assert.Equal(t, c.Bytes/2, c.DayBytes)
	assert.Equal(t, c.DayBytes*91, c.OnlineNeed)
	assert.Equal(t, c.DayBytes*730, c.ArchiveNeed)
	assert.Equal(t, []lifecycle.DatasetPlan{{Dataset: "dptech.attack", Class: "firewall.attack", DayEvents: 1000, DayBytes: c.DayBytes}}, p.Datasets)
	assert.Equal(t, -1, p.DaysLeft)
	assert.Empty(t, p.Gaps)
	assert.Empty(t, p.Notes)

	f.add(10, 24*400) // by a clock that ran ahead
	p, err = f.Plan(t.Context(), f.dir, true)
	require.NoError(t, err)
	require.Len(t, p.Notes, 1)
	assert.Contains(t, p.Notes[0], "10 events are of days to come, up to 2027-09-15: they came in while the host's clock ran ahead")
	assert.Equal(t, c.DayBytes, p.Classes[0].DayBytes)
}

// Without an archive a clock that jumps ahead drops nothing either, but what an admin names.
func TestWrongClockDropsNothing(t *testing.T) {
	f := newFixture(t, nil)
	f.add(10, 0)
	f.add(10, 24)
	f.after(400)
	for range 2 {
		f.add(10, 24*400)
		err := f.round()
		require.ErrorContains(t, err, "nothing is dropped from the store: the clock says 2027-09-15, but nothing was stored or archived from 2026-08-12")
		assert.Contains(t, f.Status().Error, "`logcenter retention run --before DAY`")
		require.Error(t, f.Clock(t.Context()))
	}
	assert.Equal(t, 3, f.partitions())
	require.Error(t, f.Round(t.Context(), lifecycle.RoundRequest{Before: "2026-08-12"}))
	assert.Equal(t, 2, f.partitions(), "the day that was named")
	f.now = came.AddDate(0, 0, 2)
	n, _ := f.search()
	assert.EqualValues(t, 30, n, "the clock was set right")
	f.after(408) // the clock was right, the host was off
	require.NoError(t, f.round())
	assert.Equal(t, 1, f.partitions())
	require.NoError(t, f.Clock(t.Context()))
}

func TestWithoutAnArchiveEventsAreGone(t *testing.T) {
	f := newFixture(t, nil)
	f.add(10, 0)
	f.add(1, 24*80)
	f.after(91)
	_, notices := f.search()
	assert.Contains(t, notices[0], "older ones are gone")
	require.NoError(t, f.round())
	assert.Equal(t, 1, f.partitions())
	_, err := f.Archive(t.Context())
	require.ErrorIs(t, err, lifecycle.ErrNoArchive)
}

// unreadable is a store that cannot scan some of its partitions.
type unreadable struct {
	store.Store
	bad   map[string]bool
	tried *int
}

func (u unreadable) Scan(ctx context.Context, s store.Scope, r store.ScanRequest) iter.Seq2[store.ScanBatch, error] {
	if !u.bad[r.Partition] {
		return u.Store.Scan(ctx, s, r)
	}
	*u.tried++
	return func(yield func(store.ScanBatch, error) bool) {
		yield(store.ScanBatch{}, fmt.Errorf("%s cannot be read", r.Partition))
	}
}

// One partition that cannot be moved does not keep the others; when all fail, a round ends soon.
func TestOneBadPartitionDoesNotStopTheOthers(t *testing.T) {
	f := newFixture(t, archive.Directory(t.TempDir()))
	bad := map[string]bool{}
	for i := range 5 {
		f.add(10, time.Duration(24*i))
		bad[store.PartitionID("", "firewall.attack", came.AddDate(0, 0, i).Format(time.DateOnly))] = i == 0
	}
	f.after(100)
	tried := 0
	f.keep(unreadable{f.base, bad, &tried})
	require.ErrorContains(t, f.round(), "firewall.attack/2026-08-11 cannot be read")
	assert.Equal(t, 1, f.partitions())
	assert.EqualValues(t, 40, f.archived())

	for i := range 5 {
		f.add(10, time.Duration(24*i))
		bad[store.PartitionID("", "firewall.attack", came.AddDate(0, 0, i).Format(time.DateOnly))] = true
	}
	tried = 0
	require.ErrorContains(t, f.round(), "2 more partitions were not tried after 3 failures in a row")
	assert.Equal(t, 3, tried)
	assert.Equal(t, 5, f.partitions())
}

// silent is a destination that does not answer until it is told to.
type silent struct {
	archive.Destination
	asked, answer chan struct{}
}

func (s silent) Get(ctx context.Context, name string) (io.ReadCloser, error) {
	select {
	case s.asked <- struct{}{}:
	default:
	}
	<-s.answer
	return s.Destination.Get(ctx, name)
}

// What the keeper does can be asked while it waits for its archive.
func TestStatusWhileTheArchiveOpens(t *testing.T) {
	d := silent{archive.Directory(t.TempDir()), make(chan struct{}, 1), make(chan struct{})}
	f := newFixture(t, d)
	done := make(chan error, 1)
	go func() { done <- f.round() }()
	<-d.asked
	assert.True(t, f.Status().Working)
	close(d.answer)
	require.NoError(t, <-done)
}

// forgetful is a store that says of an import that fewer events came than did.
type forgetful struct{ store.Store }

func (f forgetful) Import(ctx context.Context, r store.ImportRequest) (store.Import, error) {
	im, err := f.Store.Import(ctx, r)
	return forgetfulImport{im}, err
}

type forgetfulImport struct{ store.Import }

func (f forgetfulImport) Commit(ctx context.Context) (store.Partition, error) {
	p, err := f.Import.Commit(ctx)
	p.Events--
	return p, err
}

// What is not restored whole is not restored.
func TestHalfARestoreIsDropped(t *testing.T) {
	f := newFixture(t, archive.Directory(t.TempDir()))
	f.add(10, 0)
	f.after(91)
	require.NoError(t, f.round())
	f.keep(forgetful{f.base})
	_, err := f.Restore(t.Context(), lifecycle.RestoreRequest{Name: "firewall.attack.2026-08-11", For: time.Hour})
	require.ErrorContains(t, err, "has 10 events, the store took 9 of them: nothing is restored")
	assert.Zero(t, f.partitions())
}
