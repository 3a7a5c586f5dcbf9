//go:build duckdb_arrow

package record_test

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/alert/record"
	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/host/store/embedded"
	"github.com/logcenter/logcenter/host/store/storetest"
	"github.com/logcenter/logcenter/sdk/query"
	"github.com/logcenter/logcenter/sdk/wire"
)

// stored is a ledger beside a real store.
type stored struct {
	*fixture
	store *embedded.Store
}

func newStored(t *testing.T, change ...func(*record.Options)) *stored {
	t.Helper()
	db, err := embedded.Open(filepath.Join(t.TempDir(), "store"), embedded.Options{MemoryLimit: 256 << 20})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	s := &stored{store: db}
	s.fixture = newFixture(t, append(change, func(o *record.Options) { o.Events = db })...)
	s.running()
	return s
}

// keep stores n events as the first entry: those of even numbers come from web01, the others from db01.
func (s *stored) keep(n int) {
	s.t.Helper()
	var events []storetest.Event
	for i := range n {
		events = append(events, storetest.Event{
			"@timestamp": noon.Add(time.Duration(i) * time.Second), "message": fmt.Sprintf("登录失败 number %d, password ******", i),
			"host.name": []string{"web01", "db01"}[i%2], "event.dataset": "acme.auth", "rule.id": fmt.Sprint(900 + i), "user.name": "alice",
		})
	}
	b, err := storetest.Batch(1, events)
	require.NoError(s.t, err)
	require.NoError(s.t, s.store.Append(s.t.Context(), 1, []*wire.Batch{b}))
}

// of is an alert of some events, which says nothing of their device.
func of(rule string, numbers ...int) *wire.Alert {
	a := raised(rule, fmt.Sprint(numbers), numbers[0])
	a.Fields, a.EventIds = nil, nil
	for _, n := range numbers {
		a.EventIds = append(a.EventIds, eventID(n))
	}
	a.FirstNs, a.LastNs = noon.Add(time.Duration(numbers[0])*time.Second).UnixNano(), noon.Add(time.Duration(numbers[len(numbers)-1])*time.Second).UnixNano()
	return a
}

func (s *stored) settled() {
	s.t.Helper()
	require.Eventually(s.t, func() bool {
		st, err := s.Stats(s.t.Context())
		return err == nil && st.EvidenceWanted == 0
	}, time.Minute, 5*time.Millisecond)
}

func limited(t *testing.T, text string) store.Scope {
	t.Helper()
	n, err := query.Parse(text)
	require.NoError(t, err)
	return store.Limited(n)
}

// What a silence is about was received when it says, and may have any time of its own.
func TestEvidenceOfASilence(t *testing.T) {
	s := newStored(t)
	s.keep(3)
	a := of("device-silent", 2)
	a.Type = "silence"
	a.FirstNs = noon.AddDate(0, 0, 40).UnixNano()
	a.LastNs = a.FirstNs
	s.raise(a)
	s.settled()
	d := s.show(a.Id)
	require.Equal(t, "taken", d.Evidence)
	require.Len(t, d.Sample, 1)
	assert.Equal(t, eventID(2), d.Sample[0]["event.id"])
}

// Evidence is taken when the events are there, and outlives them.
func TestEvidence(t *testing.T) {
	s := newStored(t)
	numbers := make([]int, 40)
	for i := range numbers {
		numbers[i] = i
	}
	many, one := of("many", numbers...), of("one", 4)
	s.raise(many, one)
	assert.Equal(t, "wanted", s.show(one.Id).Evidence)
	s.keep(40) // the store is behind the detectors
	s.clock.pass(2 * time.Second)
	s.raise(of("again", 2))
	s.settled()
	parts, err := s.store.Partitions(t.Context())
	require.NoError(t, err)
	for _, p := range parts {
		require.NoError(t, s.store.DropPartition(t.Context(), p.ID))
	}
	d := s.show(many.Id)
	assert.Equal(t, "taken", d.Evidence)
	require.Len(t, d.Sample, 10)
	got := map[any]bool{}
	for _, ev := range d.Sample {
		got[ev["event.id"]] = true
	}
	assert.True(t, got[eventID(0)] && got[eventID(39)], "the first and the last are among them")
	d = s.show(one.Id)
	require.Len(t, d.Sample, 1)
	assert.Equal(t, "登录失败 number 4, password ******", d.Sample[0]["message"])
	assert.Equal(t, "web01", d.Device, "that the alert did not say")
	assert.Equal(t, "904", d.DeviceRule)
	assert.Equal(t, "acme.auth", d.Dataset)
	assert.Equal(t, record.ChangeEvidence, d.Log[1].What)
}

func TestEventsThatNeverCome(t *testing.T) {
	s := newStored(t)
	lost, half := of("lost", 50), of("half", 1, 50)
	s.keep(10)
	s.raise(lost, half)
	require.Eventually(t, func() bool {
		s.clock.pass(time.Minute)
		s.raise(of("tick", int(s.clock.Now().Sub(noon).Minutes())+100)) // wakes it, as the clock is the test's
		st, err := s.Stats(t.Context())
		return err == nil && st.EvidenceNone > 0 && st.EvidencePartial == 1
	}, time.Minute, 20*time.Millisecond)
	assert.Equal(t, "none", s.show(lost.Id).Evidence)
	assert.Len(t, s.show(half.Id).Sample, 1)
}

// A reader with a scope sees what all evidence of is within it, and nothing else anywhere.
func TestScope(t *testing.T) {
	s := newStored(t)
	s.keep(20)
	web, db, both, none := of("web", 0, 2, 4), of("db", 1, 3), of("both", 2, 3), of("none", 6)
	none.EventIds = nil
	s.raise(web, db, both, none)
	s.settled()
	ctx, scope := t.Context(), limited(t, "host.name:web01")
	visible := func(sc store.Scope) (out []string) {
		for cursor := ""; ; {
			p, err := s.List(ctx, sc, record.Filter{}, cursor, 1)
			require.NoError(t, err)
			for _, a := range p.Alerts {
				out = append(out, a.Rule)
			}
			if cursor = p.Cursor; cursor == "" {
				return out
			}
		}
	}
	assert.Equal(t, []string{"web"}, visible(scope))
	assert.Equal(t, []string{"none", "both", "db", "web"}, visible(store.Everything()))
	assert.Empty(t, visible(store.Scope{}), "fails closed")
	assert.Empty(t, visible(limited(t, "host.name:nowhere")))

	for _, hidden := range []*wire.Alert{db, both, none} {
		_, err := s.Show(ctx, scope, hidden.Id)
		require.ErrorIs(t, err, record.ErrNotFound)
		_, err = s.Act(ctx, scope, record.Request{Action: record.Acknowledge, IDs: []string{web.Id, hidden.Id}, By: "reader"})
		require.ErrorIs(t, err, record.ErrNotFound)
	}
	d, err := s.Show(ctx, scope, web.Id)
	require.NoError(t, err)
	assert.Len(t, d.Sample, 3)
	assert.Equal(t, record.Open, d.State)
	_, err = s.Act(ctx, scope, record.Request{Action: record.Acknowledge, IDs: []string{web.Id}, By: "reader"})
	require.NoError(t, err)

	rates, err := s.Rates(ctx, scope, record.ByRule, time.Time{}, time.Time{})
	require.NoError(t, err)
	require.Len(t, rates, 1)
	_, err = s.Misses(ctx, scope, time.Time{}, time.Time{})
	require.ErrorIs(t, err, record.ErrNotFound)

	mixed, err := s.CreateCase(ctx, store.Everything(), "mixed", "", "", []string{web.Id, db.Id}, "admin")
	require.NoError(t, err)
	_, err = s.Case(ctx, scope, mixed.ID)
	require.ErrorIs(t, err, record.ErrNotFound)
	_, err = s.CreateCase(ctx, scope, "theirs", "", "", []string{db.Id}, "reader")
	require.ErrorIs(t, err, record.ErrNotFound)
	own, err := s.CreateCase(ctx, scope, "own", "", "", []string{web.Id}, "reader")
	require.NoError(t, err)
	cases, err := s.Cases(ctx, scope, "", "", 0)
	require.NoError(t, err)
	require.Len(t, cases, 1)
	assert.Equal(t, own.ID, cases[0].ID)

	var followed []string
	stop := fmt.Errorf("that is all")
	err = s.Follow(ctx, scope, record.Filter{}, 1, func() error { return nil }, func(c *record.Followed, _ int64) error {
		if c == nil {
			return stop
		}
		if c.Alert != nil {
			followed = append(followed, c.Alert.Rule+" "+c.Change.What)
		}
		return nil
	})
	require.ErrorIs(t, err, stop)
	assert.Equal(t, []string{"web evidence", "web acknowledged", "web added", "web added"}, followed)
}
