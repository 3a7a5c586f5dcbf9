package datasource_test

import (
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// However many panels ask and however many requests each of them is made of, no more than six are at the host at once: it
// runs eight searches and refuses more, and others search, too.
func TestRequestsTakeTurns(t *testing.T) {
	s := opened(t)
	var now, most, all atomic.Int64
	ctx := through(t.Context(), func(next http.RoundTripper, r *http.Request) (*http.Response, error) {
		n := now.Add(1)
		defer now.Add(-1)
		for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
		}
		all.Add(1)
		return next.RoundTrip(r)
	})
	req := &backend.QueryDataRequest{PluginContext: s.context}
	add := func(q string) {
		req.Queries = append(req.Queries, backend.DataQuery{RefID: fmt.Sprint(len(req.Queries)), JSON: []byte(q), TimeRange: wholeRange, Interval: time.Minute, MaxDataPoints: 100})
	}
	for range 8 {
		add(`{"kind":"metrics","chart":{"kind":"event_count","previous":"1d","compare":[{"query":"a"},{"query":"b"},{"query":"c"},{"query":"d"}]}}`)
		add(`{"kind":"metrics","chart":{"kind":"terms","field":"source.ip","size":3,"other":true,"as":"series"}}`)
		add(`{"kind":"metrics","chart":{"kind":"histogram","field":"destination.port"}}`)
		add(`{"limit":5}`)
	}
	res, err := s.QueryData(ctx, req)
	require.NoError(t, err)
	for _, r := range res.Responses {
		require.NoError(t, r.Error)
	}
	assert.GreaterOrEqual(t, all.Load(), int64(8*(10+2+2+1)), "each chart is of several requests")
	assert.LessOrEqual(t, most.Load(), int64(6))
}
