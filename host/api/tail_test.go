package api_test

import (
	"bufio"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/api"
	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/sdk/query"
)

// follow opens a tail and returns a function for its next message.
func follow(f *fixture, params string) (next func() string, closeBody func()) {
	f.t.Helper()
	req, err := http.NewRequestWithContext(f.t.Context(), http.MethodGet, f.http.URL+"/api/v1/tail"+params, nil)
	require.NoError(f.t, err)
	req.Header.Set("Authorization", "Bearer "+adminToken)
	res, err := http.DefaultClient.Do(req)
	require.NoError(f.t, err)
	require.Equal(f.t, 200, res.StatusCode)
	assert.Equal(f.t, "text/event-stream; charset=utf-8", res.Header.Get("Content-Type"))
	r := bufio.NewReader(res.Body)
	return func() string {
		var b strings.Builder
		for {
			line, err := r.ReadString('\n')
			if err != nil || line == "\n" {
				return b.String()
			}
			b.WriteString(line)
		}
	}, func() { assert.NoError(f.t, res.Body.Close()) }
}

func TestTail(t *testing.T) {
	f := newFixture(t)
	next, leave := follow(f, "?query=log.level:Error&fields=source.ip")
	assert.True(t, strings.HasPrefix(next(), "event: heartbeat\ndata: {\"time\":\"20"), "at once")
	assert.Equal(t, "log.level:Error", query.Format(f.parts.tailNode))
	f.store.fill(2)
	f.parts.tail <- f.store.events
	assert.Equal(t, "event: event\ndata: {\"@timestamp\":\"2026-10-11T11:59:58Z\",\"event.id\":\"journal-2-1-0\",\"source.ip\":\"192.0.2.0\"}\n", next())
	assert.Contains(t, next(), "journal-2-1-1")
	f.parts.mu.Lock()
	f.parts.dropped = 7
	f.parts.mu.Unlock()
	f.parts.tail <- nil
	assert.Equal(t, "event: dropped\ndata: {\"dropped\":7,\"total\":7}\n", next())
	f.parts.mu.Lock()
	f.parts.dropped = 9
	f.parts.mu.Unlock()
	f.parts.tail <- nil
	assert.Equal(t, "event: dropped\ndata: {\"dropped\":2,\"total\":9}\n", next())
	metrics := string(f.get("/metrics").body)
	assert.Contains(t, metrics, "logcenter_api_tails 1\n")
	assert.Contains(t, metrics, "logcenter_api_tail_dropped_total 9\n")
	leave()
	assert.Eventually(t, func() bool { return strings.Contains(string(f.get("/metrics").body), "logcenter_api_tails 0\n") }, time.Minute, 5*time.Millisecond)
}

func TestTailEndsWithTheHost(t *testing.T) {
	f := newFixture(t)
	next, leave := follow(f, "?nested=true")
	defer leave()
	next()
	f.parts.tail <- []store.Event{{"@timestamp": testDay, "event.id": "x", "message": "two\nlines"}}
	assert.Equal(t, "event: event\ndata: {\"@timestamp\":\"2026-10-11T12:00:00Z\",\"event\":{\"id\":\"x\"},\"message\":\"two\\nlines\"}\n", next())
	close(f.parts.tail)
	assert.Empty(t, next())
}

func TestTailIsRefused(t *testing.T) {
	f := newFixture(t)
	assert.Equal(t, 400, f.get("/api/v1/tail?query=(").status)
	assert.Equal(t, 404, f.get("/api/v1/tail?stream=nope").status)
	f.parts.err = api.ErrBusy
	assert.Equal(t, 429, f.get("/api/v1/tail").status)
	f.parts.err = nil
	var all []func()
	for range 64 {
		_, leave := follow(f, "")
		all = append(all, leave)
	}
	a := f.get("/api/v1/tail")
	assert.Equal(t, 429, a.status)
	assert.Contains(t, string(a.body), "64 clients follow already")
	for _, leave := range all {
		leave()
	}
}
