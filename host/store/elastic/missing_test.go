package elastic_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/host/store/elastic"
	"github.com/logcenter/logcenter/host/store/elastic/estest"
)

// scanned is how many events a scan hands out, or its error.
func scanned(t *testing.T, s store.Store) (n int, err error) {
	t.Helper()
	for b, err := range s.Scan(t.Context(), store.Everything(), store.ScanRequest{Selection: everything()}) {
		if err != nil {
			return n, err
		}
		n += int(b.Batch.Rows)
	}
	return n, nil
}

// TestMissing: what is not there is nothing only where there never was anything.
func TestMissing(t *testing.T) {
	server := estest.Shared(t)
	var refuse atomic.Value // what the path of a request ends with or holds
	refuse.Store("")
	at := proxied(t, server.URL, func(w http.ResponseWriter, r *http.Request) bool {
		text, _ := refuse.Load().(string)
		if text == "" || !strings.Contains(r.Method+" "+r.URL.Path, text) {
			return false
		}
		w.WriteHeader(http.StatusNotFound)
		_, _ = fmt.Fprintln(w, "<html>no such site</html>")
		return true
	})
	o := elastic.Options{Addresses: []string{at}, Prefix: newPrefix(t, server.URL), Linger: 10 * time.Millisecond, RollDocs: 1000}
	s, err := elastic.Open(o)
	require.NoError(t, err)
	search := func() (*store.Page, error) {
		return s.Search(t.Context(), store.Everything(), store.SearchRequest{Selection: everything(), Count: true})
	}
	p, err := search()
	require.NoError(t, err, "nothing was ever stored")
	require.Zero(t, p.Total)
	require.NoError(t, s.Append(t.Context(), 1, entry(t, 1, 20)))
	require.NoError(t, s.Flush(t.Context()))
	for _, path := range []string{"/_refresh", "/_search"} {
		refuse.Store(path)
		_, err = search()
		require.ErrorContains(t, err, "404", path)
		refuse.Store("")
	}
	for _, path := range []string{"/_doc/state", "/_alias"} {
		refuse.Store(path)
		other := open(t, o)
		require.NotEmpty(t, other.Stats().Err, path)
		refuse.Store("")
	}
	im, err := s.Import(t.Context(), store.ImportRequest{Class: "firewall.attack", Day: "2026-11-01", Restored: "audit"})
	require.NoError(t, err)
	require.NoError(t, im.Add(t.Context(), entry(t, 100, 20)[0]))
	_, err = im.Commit(t.Context())
	require.NoError(t, err)
	n, err := scanned(t, s)
	require.NoError(t, err)
	require.Equal(t, 40, n)
	for _, name := range indices(t, server.URL, o.Prefix+"-restored-*") {
		request(t, http.MethodDelete, server.URL+"/"+name, nil)
	}
	_, err = scanned(t, s)
	require.ErrorContains(t, err, "index_not_found_exception")
	require.NoError(t, s.Close())

	var told []string
	o.Failed = func(err error) { told = append(told, err.Error()) }
	s = open(t, o)
	require.Empty(t, s.Stats().Err)
	require.Len(t, told, 1)
	require.Contains(t, told[0], "has lost the events of an import")
	n, err = scanned(t, s)
	require.NoError(t, err)
	require.Equal(t, 20, n)
}

// TestNotMade: an index that is recorded and could not be made has no events, and takes nothing from the others.
func TestNotMade(t *testing.T) {
	server := estest.Shared(t)
	var on atomic.Bool
	at := proxied(t, server.URL, func(w http.ResponseWriter, r *http.Request) bool {
		if !on.Load() || r.Method != http.MethodPut || !strings.Contains(r.URL.Path, "-ev-") || strings.Contains(r.URL.Path, "/_") {
			return false
		}
		w.WriteHeader(http.StatusServiceUnavailable)
		return true
	})
	o := elastic.Options{Addresses: []string{at}, Prefix: newPrefix(t, server.URL), Linger: 10 * time.Millisecond, RollDocs: 10}
	s, err := elastic.Open(o)
	require.NoError(t, err)
	require.NoError(t, s.Append(t.Context(), 1, entry(t, 1, 20)))
	require.NoError(t, s.Flush(t.Context()))
	on.Store(true)
	require.Error(t, s.Append(t.Context(), 2, entry(t, 2, 20)))
	require.NoError(t, s.Close())
	s = open(t, o)
	n, err := scanned(t, s)
	require.NoError(t, err)
	require.Equal(t, 20, n)
	on.Store(false)
	require.NoError(t, s.Append(t.Context(), 2, entry(t, 2, 20)))
	require.Len(t, numbers(t, s), 40)
}
