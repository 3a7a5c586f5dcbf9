package elastic_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/host/store/elastic"
	"github.com/logcenter/logcenter/host/store/elastic/estest"
	"github.com/logcenter/logcenter/host/store/storetest"
)

// TestMain lets the test binary be the process that is killed.
func TestMain(m *testing.M) {
	if prefix := os.Getenv(importPrefixEnv); prefix != "" {
		if err := importForever(os.Getenv(importURLEnv), prefix); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	estest.Main(m)
}

var prefixes atomic.Int64

// newPrefix is one that no other test has. Its indices are removed with the test.
func newPrefix(t *testing.T, url string) string {
	t.Helper()
	prefix := fmt.Sprintf("lctest-%d-%d", os.Getpid(), prefixes.Add(1))
	t.Cleanup(func() {
		var indices map[string]any
		request(t, http.MethodGet, url+"/"+prefix+"-*/_settings?filter_path=*.settings.index.uuid", &indices)
		if len(indices) > 0 {
			request(t, http.MethodDelete, url+"/"+strings.Join(slices.Collect(maps.Keys(indices)), ","), nil)
		}
		for _, name := range []string{prefix, prefix + "-import"} {
			request(t, http.MethodDelete, url+"/_index_template/"+name, nil)
		}
	})
	return prefix
}

func request(t *testing.T, method, url string, out any) {
	t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), method, url, strings.NewReader(""))
	require.NoError(t, err)
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	if method != http.MethodGet && res.StatusCode != http.StatusNotFound {
		require.Less(t, res.StatusCode, 300, "%s %s: %s", method, url, body)
	}
	if out != nil {
		require.NoError(t, json.Unmarshal(body, out))
	}
}

func open(t *testing.T, o elastic.Options) *elastic.Store {
	t.Helper()
	s, err := elastic.Open(o)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.Close()) })
	return s
}

func TestSuiteOnElasticsearch(t *testing.T) { runSuite(t, "elasticsearch", estest.Shared) }

func runSuite(t *testing.T, executor string, shared func(testing.TB) *estest.Server) {
	storetest.RunBriefly(t, executor, func(t *testing.T) store.Store {
		server := shared(t)
		s := open(t, elastic.Options{Addresses: []string{server.URL}, Prefix: newPrefix(t, server.URL), Timeout: 30 * time.Second})
		t.Cleanup(func() { assert.Zero(t, s.Stats().Rejected) })
		return s
	})
}
