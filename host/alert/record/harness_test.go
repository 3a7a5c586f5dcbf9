package record_test

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/alert/record"
	"github.com/logcenter/logcenter/host/metadata"
	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/host/store/storetest"
	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/wire"
)

// outbox keeps deliveries in a table of its own, as one does that survives.
type outbox struct{}

var outboxSchema = metadata.Schema{Package: "outbox_test", Migrations: []string{
	"CREATE TABLE told (n INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL, channels TEXT NOT NULL, description TEXT NOT NULL) STRICT",
}}

func (outbox) Add(ctx context.Context, tx *sql.Tx, a *wire.Alert) error {
	_, err := tx.ExecContext(ctx, "INSERT INTO told (id, kind, name, channels, description) VALUES (?, ?, ?, ?, ?)", a.Id, a.Kind, a.Name, fmt.Sprint(a.Channels), a.Description)
	return err
}

// clock is the time as a test says it is.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

var noon = time.Date(2026, 10, 11, 12, 0, 0, 0, time.UTC)

// fixture is a ledger in a store of its own.
type fixture struct {
	*record.Ledger
	t     *testing.T
	db    *metadata.Store
	clock *clock
}

func newFixture(t *testing.T, change ...func(*record.Options)) *fixture {
	t.Helper()
	db, err := metadata.Open(t.Context(), filepath.Join(t.TempDir(), "m.db"), "test", outboxSchema, record.Schema)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	f := &fixture{t: t, db: db, clock: &clock{now: noon}}
	o := record.Options{Deliveries: outbox{}, Log: quiet(), Now: f.clock.Now}
	for _, c := range change {
		c(&o)
	}
	f.Ledger, err = record.New(db, o)
	require.NoError(t, err)
	return f
}

func quiet() *logrus.Entry {
	log := logrus.New()
	log.SetOutput(io.Discard)
	return logrus.NewEntry(log)
}

// raised is an alert as detectors raise them; n makes its id and its window.
func raised(rule, user string, n int) *wire.Alert {
	at := noon.Add(time.Duration(n) * time.Second)
	return sdk.AlertToWire(sdk.Alert{
		Rule: rule, RuleVersion: "3", Name: rule + " of " + user, Description: "暴力破解 of " + user, Severity: "Warn", Priority: 3, Type: "frequency",
		Keys: map[string]string{"user.name": user}, Fields: map[string]string{"rule.id": "942100", "observer.name": "waf01", "event.dataset": "acme.waf"},
		EventIDs: []string{eventID(n)}, Count: 5, First: at, Last: at.Add(time.Second), Tags: []string{"attack.t1110.001"},
	})
}

// eventID is that of the n-th event of a store's first entry.
func eventID(n int) string {
	return store.EventID{Journal: storetest.Journal, Position: store.Position(1, uint16(n), 0)}.String()
}

func (f *fixture) raise(as ...*wire.Alert) (fresh []string) {
	f.t.Helper()
	list, err := f.Raise(f.t.Context(), as)
	require.NoError(f.t, err)
	for _, a := range list {
		fresh = append(fresh, a.Id)
	}
	return fresh
}

type told struct{ id, kind, name, channels, description string }

func (f *fixture) told() (out []told) {
	f.t.Helper()
	require.NoError(f.t, f.db.View(f.t.Context(), func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(f.t.Context(), "SELECT id, kind, name, channels, description FROM told ORDER BY n")
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var one told
			if err := rows.Scan(&one.id, &one.kind, &one.name, &one.channels, &one.description); err != nil {
				return err
			}
			out = append(out, one)
		}
		return rows.Err()
	}))
	return out
}

func (f *fixture) toldIDs() (out []string) {
	f.t.Helper()
	for _, one := range f.told() {
		out = append(out, one.id)
	}
	return out
}

func (f *fixture) show(id string) *record.Detail {
	f.t.Helper()
	d, err := f.Show(f.t.Context(), store.Everything(), id)
	require.NoError(f.t, err)
	return d
}

func (f *fixture) act(a record.Action, change func(*record.Request), ids ...string) error {
	f.t.Helper()
	q := record.Request{Action: a, IDs: ids, By: "alice"}
	if change != nil {
		change(&q)
	}
	_, err := f.Act(f.t.Context(), store.Everything(), q)
	return err
}

func (f *fixture) list(filter record.Filter) []string {
	f.t.Helper()
	return f.pages(filter, record.MaxPage)
}

// pages lists what a filter selects, so many a page.
func (f *fixture) pages(filter record.Filter, limit int) (ids []string) {
	f.t.Helper()
	cursor := ""
	for {
		p, err := f.List(f.t.Context(), store.Everything(), filter, cursor, limit)
		require.NoError(f.t, err)
		for _, a := range p.Alerts {
			ids = append(ids, a.ID)
		}
		if cursor = p.Cursor; cursor == "" {
			return ids
		}
	}
}

// running runs the ledger until the test ends.
func (f *fixture) running() {
	ctx, cancel := context.WithCancel(f.t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = f.Run(ctx)
	}()
	f.t.Cleanup(func() { cancel(); <-done })
}
