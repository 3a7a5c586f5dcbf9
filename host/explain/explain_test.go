package explain_test

import (
	"context"
	"encoding/json"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/explain"
	"github.com/logcenter/logcenter/host/lineage"
	"github.com/logcenter/logcenter/host/plugin"
	"github.com/logcenter/logcenter/host/plugin/trial"
	"github.com/logcenter/logcenter/host/store"
)

// only is a store of one event.
type only store.Event

func (o only) Search(context.Context, store.Scope, store.SearchRequest) (*store.Page, error) {
	return &store.Page{Events: []store.Event{store.Event(o)}}, nil
}

// Devices write numbers that JSON does not have; an event with one can be explained all the same.
func TestNumbersThatAreNone(t *testing.T) {
	log, err := lineage.Open(t.TempDir())
	require.NoError(t, err)
	defer log.Close()
	plugins, err := trial.Open(t, t.TempDir(), plugin.Options{})
	require.NoError(t, err)
	const id = "abcdefghijklmnopqrstuv-0-7-1"
	x := &explain.Explainer{Lineage: log, Plugins: plugins, Store: only{
		"event.id": id, "message": "risk=NaN", "@timestamp": time.Unix(9, 0).UTC(), "event.ingested": time.Unix(9, 0).UTC(), "logcenter.input": "http",
		"event.risk_score": math.NaN(), "event.category": []any{"network"},
	}}
	out, err := x.Explain(t.Context(), store.Everything(), id)
	require.NoError(t, err)
	text, err := json.Marshal(out)
	require.NoError(t, err)
	assert.Contains(t, string(text), `{"name":"event.risk_score","value":"NaN","differs":true}`)
	assert.Contains(t, string(text), `{"name":"event.category","value":["network"],"differs":true}`)
}
