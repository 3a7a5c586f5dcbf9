package elastic_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/host/store/elastic"
	"github.com/logcenter/logcenter/host/store/elastic/estest"
)

func TestClusterInTroubleOnElasticsearch(t *testing.T) { runTrouble(t, estest.Shared(t)) }

// trouble is something that keeps a cluster from taking events.
type trouble struct {
	name     string
	broken   func(t *testing.T, server *estest.Server, prefix string)
	mended   func(t *testing.T, server *estest.Server, prefix string)
	want     string // in Stats().Err
	newIndex bool   // it shows only where an index must be made
	written  bool   // events are written all the same, and found
}

func settings(path, broken, mended string) (b, m func(*testing.T, *estest.Server, string)) {
	set := func(body string) func(*testing.T, *estest.Server, string) {
		return func(t *testing.T, server *estest.Server, prefix string) {
			t.Helper()
			server.Put(t, strings.ReplaceAll(path, "PREFIX", prefix), body)
		}
	}
	return set(broken), set(mended)
}

func troubles() []trouble {
	list := []trouble{
		{name: "one index takes no writes", want: "set index.blocks.write and index.blocks.read_only to null"},
		{name: "what is recorded takes no writes", want: "set index.blocks.write and index.blocks.read_only to null", written: true},
		{name: "disk over its flood-stage watermark", want: "make space, then the cluster lifts the block by itself"},
		{name: "cluster is read-only", want: "set cluster.blocks.read_only to null"},
		{name: "disk over its high watermark", want: "high watermark", newIndex: true},
	}
	list[0].broken, list[0].mended = settings("/PREFIX-ev-*attack*/_settings", `{"index.blocks.write": true}`, `{"index.blocks.write": null}`)
	list[1].broken, list[1].mended = settings("/PREFIX-meta/_settings", `{"index.blocks.write": true}`, `{"index.blocks.write": null}`)
	list[2].broken, list[2].mended = settings("/PREFIX-ev-*/_settings", `{"index.blocks.read_only_allow_delete": true}`, `{"index.blocks.read_only_allow_delete": null}`)
	list[3].broken, list[3].mended = settings("/_cluster/settings", `{"persistent": {"cluster.blocks.read_only": true}}`, `{"persistent": {"cluster.blocks.read_only": null}}`)
	const watermarks = `{"persistent": {"cluster.routing.allocation.disk.threshold_enabled": true,
		"cluster.routing.allocation.disk.watermark.low": "0.1%", "cluster.routing.allocation.disk.watermark.high": "0.2%",
		"cluster.routing.allocation.disk.watermark.flood_stage": "100%"}}`
	// With the threshold still on, so that what follows from it ends by itself.
	roomy := strings.NewReplacer("0.1%", "99.7%", "0.2%", "99.8%").Replace(watermarks)
	set, mended := settings("/_cluster/settings", watermarks, roomy)
	list[4].mended = mended
	list[4].broken = func(t *testing.T, server *estest.Server, prefix string) {
		t.Helper()
		set(t, server, prefix)
		probes := 0
		require.Eventually(t, func() bool { // it looks at its disks every ten seconds
			probes++
			status, _ := server.TryPut(t, fmt.Sprintf("/%s-probe-%d?timeout=500ms", prefix, probes), `{"settings": {"number_of_replicas": 0}}`)
			if status == http.StatusForbidden {
				return true
			}
			var explained any
			request(t, http.MethodGet, server.URL+"/_cluster/allocation/explain", &explained)
			return strings.Contains(fmt.Sprint(explained), "disk_threshold")
		}, 2*time.Minute, 100*time.Millisecond)
	}
	return list
}

// runTrouble: whatever keeps the cluster from taking events is told with what to do; nothing is lost, old events can be
// searched, and writing goes on by itself when it is mended.
func runTrouble(t *testing.T, server *estest.Server) {
	if !server.Own() {
		t.Skipf("%s is not to be broken", server.URL)
	}
	for _, tr := range troubles() {
		t.Run(tr.name, func(t *testing.T) {
			ctx := context.Background()
			prefix := newPrefix(t, server.URL)
			s := open(t, elastic.Options{Addresses: []string{server.URL}, Prefix: prefix, Timeout: 10 * time.Second, Linger: time.Millisecond})
			if !tr.newIndex {
				appendUntil(t, s, 1, 10)
				require.NoError(t, s.Flush(ctx))
			}
			before := s.Durable()
			tr.broken(t, server, prefix)
			t.Cleanup(func() {
				if t.Failed() {
					tr.mended(t, server, prefix)
				}
			})
			next := before + 1
			defer func() {
				if t.Failed() {
					t.Log("the store says: ", s.Stats().Err)
				}
			}()
			require.Eventually(t, func() bool {
				_ = takeIfYouCan(s, next, entry(t, next, 10))
				return strings.Contains(s.Stats().Err, tr.want)
			}, 3*time.Minute, 20*time.Millisecond, "never said: %s", tr.want)
			assert.Equal(t, before, s.Durable())
			if !tr.newIndex {
				p, err := s.Search(ctx, store.Everything(), store.SearchRequest{Selection: everything(), Count: true, Limit: 1})
				require.NoError(t, err)
				assert.GreaterOrEqual(t, p.Total, int64(10))
				if !tr.written {
					require.Len(t, p.Notices, 1)
					assert.Contains(t, p.Notices[0], "wait in the journal")
				}
			}
			tr.mended(t, server, prefix)
			appendUntil(t, s, next, 10)
			require.Eventually(t, func() bool { return s.Flush(ctx) == nil }, time.Minute, 50*time.Millisecond)
			require.Eventually(t, func() bool { return s.Stats().Err == "" }, time.Minute, 50*time.Millisecond)
			require.Equal(t, next, s.Durable())
			require.Len(t, numbers(t, s), int(next)*10)
			require.Zero(t, s.Stats().Rejected)
		})
	}
}

// TestSomethingElse: addresses that lead to something else are told, and found right when they are.
func TestSomethingElse(t *testing.T) {
	server := estest.Shared(t)
	target, err := url.Parse(server.URL)
	require.NoError(t, err)
	answers := func(contentType, body string, header ...string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", contentType)
			for i := 0; i < len(header); i += 2 {
				w.Header().Set(header[i], header[i+1])
			}
			_, _ = io.WriteString(w, body)
		})
	}
	cases := []struct {
		name, want string
		wrong      http.Handler
		later      bool // it may come when the store is open, too
	}{
		{"web server", "is neither Elasticsearch nor OpenSearch: nginx/1.26 answers 200 OK with text/html (check store.elasticsearch.addresses", answers("text/html", "<html><h1>Welcome to nginx!</h1></html>", "Server", "nginx/1.26"), true},
		{"Elasticsearch 7", "is of version 7.17.28, but 8.3 or later is needed", answers("application/json", `{"version":{"number":"7.17.28"},"tagline":"You Know, for Search"}`, "X-Elastic-Product", "Elasticsearch"), false},
		{"Elasticsearch 7.10", "Elasticsearch at [", answers("application/json", `{"version":{"number":"7.10.2"},"tagline":"You Know, for Search"}`), false},
		{"OpenSearch 1", "is of version 1.3.20, but 2.0 or later is needed", answers("application/json", `{"version":{"distribution":"opensearch","number":"1.3.20"},"tagline":"The OpenSearch Project: https://opensearch.org/"}`), false},
		{"proxy without a cluster", "answers 502 Bad Gateway", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusBadGateway) }), true},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var now atomic.Pointer[http.Handler]
			now.Store(&c.wrong)
			front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { (*now.Load()).ServeHTTP(w, r) }))
			t.Cleanup(front.Close)
			prefix := newPrefix(t, server.URL)
			s := open(t, elastic.Options{Addresses: []string{front.URL}, Prefix: prefix})
			require.Contains(t, s.Stats().Err, c.want)
			require.ErrorIs(t, s.Append(context.Background(), 1, entry(t, 1, 1)), store.ErrUnavailable)
			_, err := s.Search(context.Background(), store.Everything(), store.SearchRequest{Selection: everything()})
			require.ErrorIs(t, err, store.ErrUnavailable)

			var right http.Handler = httputil.NewSingleHostReverseProxy(target)
			now.Store(&right)
			appendUntil(t, s, 1, 1)
			require.NoError(t, s.Flush(context.Background()))
			require.Empty(t, s.Stats().Err)
			require.Len(t, numbers(t, s), 1)

			if !c.later {
				return
			}
			now.Store(&c.wrong)
			_, err = s.Search(context.Background(), store.Everything(), store.SearchRequest{Selection: everything()})
			require.ErrorIs(t, err, store.ErrUnavailable)
			now.Store(&right)
		})
	}
}
