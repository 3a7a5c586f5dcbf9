package datasource_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/backend/httpclient"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// through makes the requests of a datasource go through a function, which may answer them itself.
func through(ctx context.Context, f func(next http.RoundTripper, r *http.Request) (*http.Response, error)) context.Context {
	return httpclient.WithContextualMiddleware(ctx, httpclient.MiddlewareFunc(func(_ httpclient.Options, next http.RoundTripper) http.RoundTripper {
		return httpclient.RoundTripperFunc(func(r *http.Request) (*http.Response, error) { return f(next, r) })
	}))
}

// A panic is an error of the query in which it happened, also where a chart's requests are on their way side by side; other
// queries of the same request are answered.
func TestAPanicIsAnErrorOfItsQuery(t *testing.T) {
	s := opened(t)
	ctx := through(t.Context(), func(next http.RoundTripper, r *http.Request) (*http.Response, error) {
		if r.URL.Path == "/api/v1/aggregate" {
			panic("made by a test")
		}
		return next.RoundTrip(r)
	})
	queries := map[string]string{
		"lines": `{"limit":10}`, "volume": `{"kind":"volume"}`, "chart": `{"kind":"metrics","chart":{"kind":"terms","field":"source.ip"}}`,
		"compared": `{"kind":"metrics","chart":{"kind":"event_count","previous":"1d","compare":[{"query":"a"},{"query":"b"}]}}`,
	}
	req := &backend.QueryDataRequest{PluginContext: s.context}
	for id, q := range queries {
		req.Queries = append(req.Queries, backend.DataQuery{RefID: id, JSON: []byte(q), TimeRange: wholeRange, Interval: time.Minute, MaxDataPoints: 100})
	}
	res, err := s.QueryData(ctx, req)
	require.NoError(t, err)
	for id := range queries {
		r := res.Responses[id]
		if id == "lines" {
			require.NoError(t, r.Error)
			assert.Equal(t, 10, r.Frames[0].Rows())
			continue
		}
		require.EqualError(t, r.Error, "A fault of Logcenter's plugin: made by a test. Its log has more.", id)
		assert.Equal(t, backend.ErrorSourcePlugin, r.ErrorSource, id)
		assert.Equal(t, backend.StatusInternal, r.Status, id)
	}
}

// What editors ask in vain is answered too, also where it is asked for beside the call.
func TestAPanicIsAnErrorOfItsResource(t *testing.T) {
	s := opened(t)
	ctx := through(t.Context(), func(http.RoundTripper, *http.Request) (*http.Response, error) { panic("made by a test") })
	for _, url := range []string{"fields", "field-values?field=source.ip", "assets"} {
		path, _, _ := strings.Cut(url, "?")
		var got []*backend.CallResourceResponse
		err := s.CallResource(ctx, &backend.CallResourceRequest{PluginContext: s.context, Path: path, URL: url, Method: http.MethodGet},
			backend.CallResourceResponseSenderFunc(func(r *backend.CallResourceResponse) error { got = append(got, r); return nil }))
		require.NoError(t, err)
		require.NotEmpty(t, got, path)
		assert.Equal(t, http.StatusInternalServerError, got[0].Status, path)
		assert.JSONEq(t, `{"error":{"message":"A fault of Logcenter's plugin: made by a test","hint":"its log has more"}}`, string(got[0].Body), path)
	}
}

// panicky panics when lines are sent to it, the first times.
type panicky struct {
	packets
	times int
}

func (p *panicky) Send(b *backend.StreamPacket) error {
	if p.times--; p.times >= 0 {
		panic("made by a test")
	}
	return p.packets.Send(b)
}

// A panic ends the tail in which it happened, with a last frame that says so; nothing else.
func TestAPanicEndsItsTail(t *testing.T) {
	s, h, word := opened(t), host(t), newWord()
	for _, times := range []int{1, 100} { // the second panics with the frame that tells, too
		p := &panicky{times: times}
		done := make(chan error, 1)
		go func() {
			done <- s.RunStream(t.Context(), &backend.RunStreamRequest{PluginContext: s.context, Path: "tail/x", Data: []byte(`{"query":"` + word + `"}`)}, backend.NewStreamSender(p))
		}()
		require.Eventually(t, func() bool {
			text, _ := numbered(word, 1, 2)
			require.NoError(t, h.Feed(t.Context(), text)) // none is under way when the next test counts
			select {
			case err := <-done:
				return assert.EqualError(t, err, "A fault of Logcenter's plugin: made by a test. Its log has more.")
			default:
				return false
			}
		}, time.Minute, 20*time.Millisecond)
		if times == 1 {
			assert.Equal(t, []string{"A fault of Logcenter's plugin: made by a test. Its log has more."}, p.notes)
		}
	}
}
