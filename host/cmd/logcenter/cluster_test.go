package main_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/store/elastic/estest"
	"github.com/logcenter/logcenter/sdk/client"
)

// forward passes connections to a server, once it is there.
func forward(t *testing.T, from, to string) {
	t.Helper()
	l, err := net.Listen("tcp", from)
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				s, err := net.Dial("tcp", to)
				if err != nil {
					return
				}
				defer s.Close()
				go func() { _, _ = io.Copy(s, c); _ = s.Close() }()
				_, _ = io.Copy(c, s)
			}()
		}
	}()
}

// clusterHost is a host whose store is a cluster at an address.
func clusterHost(t *testing.T, address, more string) *hostProcess {
	t.Helper()
	return newHost(t, fmt.Sprintf("store:\n  kind: elasticsearch\n  elasticsearch:\n    addresses: [%q]\n%s", address, more))
}

// unreachable checks what a host says while its cluster is not there.
func (h *hostProcess) unreachable() {
	h.t.Helper()
	_, err := h.client().Search(h.t.Context(), client.SearchRequest{Selection: everything})
	var e *client.Error
	require.ErrorAs(h.t, err, &e)
	require.Equal(h.t, http.StatusServiceUnavailable, e.Status)
	require.Equal(h.t, "unavailable", e.Code)
	require.Contains(h.t, e.Hint, "`logcenter health` says why")
	out, err := exec.Command(binary, "health", "--url", "http://"+h.http, "--token-file", filepath.Join(h.data, "admin.token")).CombinedOutput()
	require.Error(h.t, err, "%s", out)
	require.Contains(h.t, string(out), "cannot be reached")
	require.Contains(h.t, string(out), "check store.elasticsearch.addresses and that the cluster runs")
	require.Equal(h.t, http.StatusServiceUnavailable, h.get("/readyz"))
}

// TestClusterIsNotThere: a host without its cluster starts, takes logs, answers searches with 503 and says what to do.
func TestClusterIsNotThere(t *testing.T) {
	t.Parallel()
	h := clusterHost(t, "http://"+freePort(t), "")
	h.start()
	_, err := h.client().Ingest(t.Context(), "http", []byte("a line\n"), client.IngestOptions{})
	require.NoError(t, err)
	h.unreachable()
}

// TestSecuredClusterByConfig: by user, password and client certificate of the configuration, a host finds its cluster
// when it comes; what the cluster refuses is a dead letter.
func TestSecuredClusterByConfig(t *testing.T) {
	t.Parallel()
	server := estest.Secured(t)
	front := freePort(t)
	secret := filepath.Join(t.TempDir(), "password")
	require.NoError(t, os.WriteFile(secret, []byte(estest.Password+"\n"), 0o600))
	h := clusterHost(t, "https://"+front, fmt.Sprintf("    username: %s\n    password_file: %s\n    ca_file: %s\n    cert_file: %s\n    key_file: %s\n    replicas: 0\n",
		estest.User, secret, server.CAFile(), server.CertFile(), server.KeyFile()))
	h.start()
	h.unreachable()
	send := func(lines ...string) {
		t.Helper()
		_, err := h.client().Ingest(t.Context(), "http", []byte(strings.Join(lines, "\n")+"\n"), client.IngestOptions{})
		require.NoError(t, err)
	}
	send("one", "two")
	// Somebody's template of higher priority takes urls for addresses.
	server.Put(t, "/_index_template/logcenter-foreign", `{"index_patterns": ["logcenter-ev-*"], "priority": 501, "template": {
		"aliases": {"logcenter-events": {}}, "settings": {"number_of_replicas": 0},
		"mappings": {"dynamic": false, "subobjects": false, "properties": {"url.path": {"type": "ip"},
			"@timestamp#nanos": {"type": "long"}, "#offset": {"type": "long"}, "#source": {"type": "keyword"}, "logcenter.position": {"type": "long"},
			"message#tokens": {"type": "text", "analyzer": "whitespace"}}}}}`)
	send(`10.0.0.1 - - [25/Nov/2026:10:00:00 +0000] "GET /three HTTP/1.1" 200 5 "-" "curl"`)
	forward(t, front, strings.TrimPrefix(server.URL, "https://"))
	h.waitFor("events of before", time.Minute, func() bool { return h.count("one OR two") == 2 })
	health, err := h.client().Health(t.Context())
	require.NoError(t, err)
	for _, c := range health.Components {
		if c.Name == "store" { // the store's own; another one remembers the trouble for a while
			require.Equal(t, "ok", c.Status, "%+v", c)
			break
		}
	}
	h.waitFor("a dead letter", time.Minute, func() bool {
		out, err := exec.Command(binary, "deadletters", "-o", "json", "--url", "http://"+h.http, "--token-file", filepath.Join(h.data, "admin.token")).CombinedOutput()
		require.NoError(t, err, "%s", out)
		return strings.Contains(string(out), "failed to parse field [url.path] of type [ip]") && strings.Contains(string(out), `"held": true`)
	})
}
