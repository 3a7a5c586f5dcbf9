package elastic_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/host/store/elastic"
	"github.com/logcenter/logcenter/host/store/elastic/estest"
)

// proxied is a cluster behind a proxy that refuses what refuse says.
func proxied(t *testing.T, to string, refuse func(http.ResponseWriter, *http.Request) bool) string {
	t.Helper()
	target, err := url.Parse(to)
	require.NoError(t, err)
	forward := httputil.NewSingleHostReverseProxy(target)
	p := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !refuse(w, r) {
			forward.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(p.Close)
	return p.URL
}

// TestDropFails: whatever fails of a drop, later events of the day are there when the store is opened again, and what
// was not dropped is, too.
func TestDropFails(t *testing.T) {
	server := estest.Shared(t)
	f := func(name string, refuse func(*http.Request) bool, fails, dropped bool) {
		t.Run(name, func(t *testing.T) {
			var on atomic.Bool
			at := proxied(t, server.URL, func(w http.ResponseWriter, r *http.Request) bool {
				if !on.Load() || !refuse(r) {
					return false
				}
				w.WriteHeader(http.StatusServiceUnavailable)
				return true
			})
			o := elastic.Options{Addresses: []string{at}, Prefix: newPrefix(t, server.URL), Linger: 10 * time.Millisecond, RollDocs: 10, Timeout: 20 * time.Second}
			s, err := elastic.Open(o)
			require.NoError(t, err)
			for n := uint64(1); n <= 3; n++ {
				require.NoError(t, s.Append(t.Context(), n, entry(t, n, 20)))
				require.NoError(t, s.Flush(t.Context()))
			}
			parts, err := s.Partitions(t.Context())
			require.NoError(t, err)
			require.Len(t, parts, 2)
			on.Store(true)
			err = s.DropPartition(t.Context(), parts[0].ID)
			require.Equal(t, fails, err != nil, "%v", err)
			on.Store(false)
			require.NoError(t, s.Append(t.Context(), 4, entry(t, 4, 20)))
			require.NoError(t, s.Flush(t.Context()))
			want := 80
			if dropped {
				want = 50
			}
			require.Len(t, numbers(t, s), want)
			require.NoError(t, s.Close())
			s = open(t, o)
			require.Len(t, numbers(t, s), want)
			made := 8
			if dropped {
				made = 5
			}
			require.Len(t, indices(t, server.URL, o.Prefix+"-ev-*"), made)
		})
	}
	puts := func(n int64) func(*http.Request) bool {
		var seen atomic.Int64
		return func(r *http.Request) bool {
			return r.Method == http.MethodPut && strings.Contains(r.URL.Path, "/_doc/") && strings.Contains(r.URL.Path, "-ev-") && seen.Add(1) >= n
		}
	}
	second := puts(2)
	var failed atomic.Bool
	f("second record", func(r *http.Request) bool { return second(r) && !failed.Swap(true) }, true, false)
	f("all records from the second on", puts(2), true, true)
	f("alias", func(r *http.Request) bool { return r.URL.Path == "/_aliases" }, false, true)
	f("deleting", func(r *http.Request) bool { return r.Method == http.MethodDelete }, true, true)
}

// TestDropIsNotCancelled: a caller that gives up in the middle of a drop leaves nothing half-done.
func TestDropIsNotCancelled(t *testing.T) {
	server := estest.Shared(t)
	ctx, cancel := context.WithCancel(t.Context())
	var on atomic.Bool
	at := proxied(t, server.URL, func(_ http.ResponseWriter, r *http.Request) bool {
		if on.Load() && strings.Contains(r.URL.Path, "/_doc/") && strings.Contains(r.URL.Path, "-ev-") {
			cancel()
		}
		return false
	})
	o := elastic.Options{Addresses: []string{at}, Prefix: newPrefix(t, server.URL), Linger: 10 * time.Millisecond}
	s := open(t, o)
	require.NoError(t, s.Append(t.Context(), 1, entry(t, 1, 20)))
	parts, err := s.Partitions(t.Context())
	require.NoError(t, err)
	on.Store(true)
	require.NoError(t, s.DropPartition(ctx, parts[0].ID))
	require.ErrorIs(t, ctx.Err(), context.Canceled)
	require.ErrorIs(t, s.DropPartition(t.Context(), parts[0].ID), store.ErrRequest)
	require.Len(t, numbers(t, s), 10)
}
