//go:build duckdb_arrow

package api_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/alert/record"
	"github.com/logcenter/logcenter/host/api"
	"github.com/logcenter/logcenter/host/metadata"
	"github.com/logcenter/logcenter/host/store/storetest"
	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/client"
	"github.com/logcenter/logcenter/sdk/wire"
)

// alerting is the API over a real ledger and a real store, with the events that its alerts are of.
type alerting struct {
	*stored
	ledger *record.Ledger
}

func newAlerting(t *testing.T) *alerting {
	t.Helper()
	a := &alerting{stored: &stored{dir: filepath.Join(t.TempDir(), "store")}}
	a.open(t)
	t.Cleanup(func() { assert.NoError(t, a.db.Close()) })
	meta, err := metadata.Open(t.Context(), filepath.Join(t.TempDir(), "m.db"), "test", record.Schema)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, meta.Close()) })
	log := logrus.New()
	log.SetOutput(&syncBuffer{})
	a.ledger, err = record.New(meta, record.Options{Events: a.db, Log: logrus.NewEntry(log)})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); _ = a.ledger.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
	a.fixture = newFixture(t, func(o *api.Options) { o.Store, o.Alerts = a.db, a.ledger })
	a.add(20) // of nginx.access
	b, err := storetest.Batch(2, []storetest.Event{{"@timestamp": testDay.Add(-time.Hour), "message": "root 登录失败", "event.dataset": "linux.auth"}})
	require.NoError(t, err)
	require.NoError(t, a.db.Append(t.Context(), 2, []*wire.Batch{b}))
	return a
}

// raise raises an alert of some events of an entry.
func (a *alerting) raise(rule, user string, entry int, rows ...int) string {
	a.t.Helper()
	at := testDay.Add(-time.Hour)
	al := sdk.AlertToWire(sdk.Alert{Rule: rule, RuleVersion: "1", Name: rule + " of " + user, Severity: "Error", Keys: map[string]string{"user.name": user}, Count: uint64(len(rows)), First: at, Last: at.Add(time.Second)})
	for _, row := range rows {
		al.EventIds = append(al.EventIds, fmt.Sprintf("%s-0-%d-%d", storetest.Journal, entry, row))
	}
	_, err := a.ledger.Raise(a.t.Context(), []*wire.Alert{al})
	require.NoError(a.t, err)
	return al.Id
}

func (a *alerting) settled() {
	a.t.Helper()
	require.Eventually(a.t, func() bool {
		st, err := a.ledger.Stats(a.t.Context())
		return err == nil && st.EvidenceWanted == 0
	}, time.Minute, 10*time.Millisecond)
}

func TestAlerts(t *testing.T) {
	a := newAlerting(t)
	web, auth := a.raise("scan", "alice", 1, 0, 3), a.raise("brute", "root", 2, 0)
	a.settled()
	l := a.ok(a.get("/api/v1/alerts"))
	require.Len(t, l["alerts"], 2)
	l = a.ok(a.get("/api/v1/alerts?limit=1"))
	require.Len(t, l["alerts"], 1)
	l = a.ok(a.get("/api/v1/alerts?limit=1&cursor=" + l["cursor"].(string)))
	assert.Equal(t, web, l["alerts"].([]any)[0].(map[string]any)["id"])
	assert.NotContains(t, l, "cursor")
	for query, want := range map[string]int{
		"state=open&severity=Error": 2, "rule=brute": 1, "key=user.name=alice": 1, "text=OF%20ROOT": 1, "from=-1h": 2, "to=-1h": 0, "state=closed,acknowledged": 0, "kind=all&repeats=true": 2,
	} {
		assert.Len(t, a.ok(a.get("/api/v1/alerts?" + query))["alerts"], want, query)
	}
	for query, want := range map[string]string{
		"state=new": "state \"new\"", "key=alice": "key: \"alice\" is not possible", "storm=x": "storm:", "limit=0": "limit:", "from=soon": "from:", "severity=High": "severity \"High\"",
	} {
		got := a.get("/api/v1/alerts?" + query)
		assert.Equal(t, http.StatusBadRequest, got.status, query)
		assert.Contains(t, string(got.body), want[:5])
	}
	assert.Equal(t, http.StatusGone, a.get("/api/v1/alerts?cursor=x").status)

	d := a.ok(a.get("/api/v1/alerts/" + auth))
	assert.Equal(t, "root 登录失败", d["sample"].([]any)[0].(map[string]any)["message"])
	assert.Equal(t, "linux.auth", d["dataset"])
	assert.Equal(t, http.StatusNotFound, a.get("/api/v1/alerts/nobody").status)

	act := func(body string, want int) answer {
		got := a.do(http.MethodPost, "/api/v1/alerts/actions", body)
		require.Equal(t, want, got.status, "%s", got.body)
		return got
	}
	act(`{"action":"acknowledge","ids":["`+web+`"]}`, 200)
	act(`{"action":"close","ids":["`+web+`"]}`, 400)
	closed := act(`{"action":"close","ids":["`+web+`"],"verdict":"false_positive","note":"扫描器"}`, 200).json(t)["alerts"].([]any)[0].(map[string]any)
	assert.Equal(t, "false_positive", closed["verdict"])
	act(`{"action":"acknowledge","ids":["`+web+`"]}`, 409)
	act(`{"action":"acknowledge","ids":["nobody"]}`, 404)
	act(`{"action":"acknowledge","ids":[]}`, 400)
	act(`{"action":"acknowledge","id":"x"}`, 400)
	log := a.ok(a.get("/api/v1/alerts/" + web))["log"].([]any)
	assert.Equal(t, "admin", log[len(log)-1].(map[string]any)["by"])
	assert.Equal(t, "扫描器", log[len(log)-1].(map[string]any)["note"])

	missed := a.do(http.MethodPost, "/api/v1/alerts/missed", `{"time":"-1h","device":"waf01","rule":"scan","description":"SQL injection"}`)
	require.Equal(t, http.StatusCreated, missed.status, "%s", missed.body)
	assert.Equal(t, http.StatusBadRequest, a.do(http.MethodPost, "/api/v1/alerts/missed", `{"time":"-1h","description":"x"}`).status)
	rates := a.ok(a.get("/api/v1/alerts/rates?by=rule"))["rates"].([]any)
	require.Len(t, rates, 2)
	for _, r := range rates {
		if r := r.(map[string]any); r["rule"] == "scan" {
			assert.InDelta(t, 1, r["false_positive_rate"], 0)
			assert.InDelta(t, 1, r["false_negative_rate"], 0)
		}
	}
	assert.Equal(t, http.StatusBadRequest, a.get("/api/v1/alerts/rates?by=moon").status)
	require.Len(t, a.ok(a.get("/api/v1/alerts/missed?from=-2h"))["missed"], 1)
	assert.Equal(t, http.StatusNoContent, a.do(http.MethodDelete, "/api/v1/alerts/missed/1", "").status)
	assert.Equal(t, http.StatusNotFound, a.do(http.MethodDelete, "/api/v1/alerts/missed/1", "").status)
	assert.Equal(t, http.StatusNotFound, a.do(http.MethodDelete, "/api/v1/alerts/missed/one", "").status)
}

func TestAlertsObeyTheScope(t *testing.T) {
	a := newAlerting(t)
	web, auth := a.raise("scan", "alice", 1, 0, 3), a.raise("brute", "root", 2, 0)
	a.settled()
	reader := []string{"Authorization", "Bearer " + readerToken}
	l := a.ok(a.get("/api/v1/alerts", reader...))
	require.Len(t, l["alerts"], 1)
	assert.Equal(t, web, l["alerts"].([]any)[0].(map[string]any)["id"])
	assert.Equal(t, 404, a.get("/api/v1/alerts/"+auth, reader...).status)
	assert.Equal(t, 200, a.get("/api/v1/alerts/"+web, reader...).status)
	assert.Equal(t, 404, a.do("POST", "/api/v1/alerts/actions", `{"action":"acknowledge","ids":["`+auth+`"]}`, reader...).status)
	assert.Equal(t, 200, a.do("POST", "/api/v1/alerts/actions", `{"action":"acknowledge","ids":["`+web+`"]}`, reader...).status, "who may see it may take it up")
	assert.Len(t, a.ok(a.get("/api/v1/alerts/rates", reader...))["rates"], 1)
	assert.Equal(t, 404, a.get("/api/v1/alerts/missed", reader...).status)
	made := a.do("POST", "/api/v1/cases", `{"title":"all","ids":["`+web+`","`+auth+`"]}`)
	require.Equal(t, 201, made.status, "%s", made.body)
	assert.Equal(t, 404, a.get("/api/v1/cases/1", reader...).status)
	assert.Empty(t, a.ok(a.get("/api/v1/cases", reader...))["cases"])
}

func TestCases(t *testing.T) {
	a := newAlerting(t)
	id := a.raise("scan", "alice", 1, 0)
	made := a.do("POST", "/api/v1/cases", `{"title":"扫描","owner":"alice","ids":["`+id+`"]}`)
	require.Equal(t, 201, made.status, "%s", made.body)
	assert.Equal(t, 400, a.do("POST", "/api/v1/cases", `{"title":" "}`).status)
	assert.Equal(t, 404, a.do("POST", "/api/v1/cases", `{"title":"x","ids":["nobody"]}`).status)
	for body, want := range map[string]int{
		`{"action":"note","note":"n"}`: 200, `{"action":"assign","owner":"bob"}`: 200, `{"action":"remove","ids":["` + id + `"]}`: 200, `{"action":"note"}`: 400, `{"action":"add","ids":["nobody"]}`: 404,
	} {
		got := a.do("POST", "/api/v1/cases/1/actions", body)
		assert.Equal(t, want, got.status, "%s: %s", body, got.body)
	}
	assert.Equal(t, 200, a.do("POST", "/api/v1/cases/1/actions", `{"action":"close"}`).status)
	assert.Equal(t, 409, a.do("POST", "/api/v1/cases/1/actions", `{"action":"add","ids":["`+id+`"]}`).status)
	one := a.ok(a.get("/api/v1/cases/1"))
	assert.Equal(t, "bob", one["owner"])
	assert.Equal(t, "closed", one["state"])
	assert.Len(t, a.ok(a.get("/api/v1/cases?state=closed&owner=bob"))["cases"], 1)
	assert.Equal(t, 404, a.get("/api/v1/cases/7").status)
	assert.Equal(t, 404, a.get("/api/v1/cases/seven").status)
	assert.Equal(t, 400, a.get("/api/v1/cases?state=new").status)
}

// A client whose connection breaks again and again gets every change once, in order.
func TestAlertChangesAreResumed(t *testing.T) {
	a := newAlerting(t)
	const changes = 60
	stop := errors.New("that is all")
	var got []string
	reconnected, last := 0, int64(0)
	started, done := make(chan struct{}), make(chan error, 1)
	go func() {
		begun := false
		done <- a.client().FollowAlerts(t.Context(), client.FollowRequest{
			Filter: client.AlertFilter{Rules: []string{"scan"}}, OnReconnect: func(time.Time, error) { reconnected++ },
			OnPosition: func(int64) {
				if !begun {
					begun = true
					close(started)
				}
			},
		}, func(c client.FollowedChange) error {
			assert.Greater(t, c.Change.ID, last)
			if last = c.Change.ID; c.Change.What == "raised" {
				got = append(got, c.Alert.Keys["user.name"])
			}
			if len(got) == changes {
				return stop
			}
			return nil
		})
	}()
	<-started
	var want []string
	for n := range changes {
		user := fmt.Sprint("user", n)
		want = append(want, user)
		a.raise("scan", user, 1)
		a.raise("other", user, 1)
		if n%20 == 10 {
			a.http.CloseClientConnections()
		}
	}
	require.ErrorIs(t, <-done, stop)
	assert.Equal(t, want, got)
	assert.Positive(t, reconnected)

	assert.Equal(t, 400, a.get("/api/v1/alerts/changes", "Last-Event-ID", "x").status)
	assert.Equal(t, 400, a.get("/api/v1/alerts/changes?state=new").status)
	var before []string
	err := a.client().FollowAlerts(t.Context(), client.FollowRequest{After: 1}, func(c client.FollowedChange) error {
		before = append(before, c.Alert.Rule)
		if len(before) == 2*changes-1 {
			return stop
		}
		return nil
	})
	require.ErrorIs(t, err, stop, "from any change on")
}

// A host without a ledger says so.
func TestNoAlerts(t *testing.T) {
	f := newFixture(t)
	for _, path := range []string{"/api/v1/alerts", "/api/v1/alerts/x", "/api/v1/alerts/rates", "/api/v1/alerts/missed", "/api/v1/alerts/changes", "/api/v1/cases", "/api/v1/cases/1"} {
		assert.Equal(t, 409, f.get(path).status, path)
	}
}
