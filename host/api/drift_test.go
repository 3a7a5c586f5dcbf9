package api_test

import (
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/api"
	"github.com/logcenter/logcenter/host/drift"
	"github.com/logcenter/logcenter/host/pipeline"
	"github.com/logcenter/logcenter/host/store/storetest"
	"github.com/logcenter/logcenter/sdk/client"
	"github.com/logcenter/logcenter/sdk/ecs"
)

// drifted is a tracker that saw a firewall change its lines.
func drifted(t *testing.T) *drift.Tracker {
	t.Helper()
	log := logrus.New()
	log.SetOutput(io.Discard)
	tr := drift.Open(drift.Options{Persist: time.Second, Log: logrus.NewEntry(log)})
	tr.Plugins([]drift.Plugin{{ID: "acmefw", Version: "1.0", Label: "acmefw 1.0", Fields: []ecs.Field{ecs.SourceIP}}})
	for i := range 70 {
		var batch []storetest.Event
		at := testDay.Add(time.Duration(i) * time.Second)
		for j := range 10 {
			ev := storetest.Event{
				"message": fmt.Sprintf("acme user=u%d password=******", j), "@timestamp": at, "log.source.address": "192.0.2.1:514", "logcenter.input": "syslog",
				"logcenter.parser": "acmefw 1.0", "host.name": "fw01", "event.dataset": "acme.login", "source.ip": "198.51.100.1",
			}
			if i >= 60 {
				delete(ev, "source.ip")
			}
			batch = append(batch, ev)
		}
		b, err := storetest.Batch(uint64(i+1), batch)
		require.NoError(t, err)
		tr.Observe(at, uint64(i+1), &pipeline.Entry{Batch: b})
	}
	return tr
}

func TestDrift(t *testing.T) {
	f := newFixture(t, func(o *api.Options) { o.Drift = drifted(t) })
	l := f.ok(f.get("/api/v1/drift?device=fw01&plugin=acmefw&kind=fields"))
	require.Len(t, l["drifts"], 1)
	require.Len(t, l["keys"], 1)
	d := l["drifts"].([]any)[0].(map[string]any)
	assert.Equal(t, []any{map[string]any{"field": "source.ip", "before": 1.0, "after": 0.0}}, d["changes"])
	assert.Equal(t, "acme user=u0 password=******", d["lines_after"].([]any)[0].(map[string]any)["line"])
	l = f.ok(f.get("/api/v1/drift?limit=1"))
	require.Len(t, l["keys"], 1)
	assert.InDelta(t, 3, l["total_keys"], 0)
	l = f.ok(f.get("/api/v1/drift?device=nobody"))
	assert.Equal(t, []any{}, l["drifts"])
	assert.Equal(t, []any{}, l["keys"])

	c := f.client()
	known, err := c.Drift(t.Context(), client.DriftFilter{Kind: "fields"})
	require.NoError(t, err)
	require.Equal(t, known.Drifts[0].ID, known.Keys[0].Drift)
	assert.InDelta(t, 1, known.Keys[0].Rates[0].Baseline, 0)
	assert.Less(t, known.Keys[0].Rates[0].Current, 0.2)
	over, err := c.AcceptDrift(t.Context(), known.Drifts[0].ID)
	require.NoError(t, err)
	assert.Equal(t, "accepted", over.State)
	_, err = c.AcceptDrift(t.Context(), known.Drifts[0].ID)
	assert.True(t, client.IsCode(err, client.CodeNotFound), "%v", err)
}

func TestDriftWhereNobodyWatches(t *testing.T) {
	f := newFixture(t)
	for _, a := range []answer{f.get("/api/v1/drift"), f.do("POST", "/api/v1/drift/x/accept", "")} {
		assert.Equal(t, 409, a.status)
		assert.Contains(t, string(a.body), "drift.enabled")
	}
}
