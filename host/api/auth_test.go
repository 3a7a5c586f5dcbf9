package api_test

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/api"
)

func TestEverythingNeedsAToken(t *testing.T) {
	f := newFixture(t)
	open := map[string]bool{"/healthz": true, "/readyz": true}
	for _, r := range f.server.Routes() {
		path := strings.NewReplacer(":id", "x", ":name", "x", ":input", "web").Replace(r.Path)
		for name, header := range map[string]string{"none": "", "wrong": "Bearer no", "other": "Basic " + adminToken, "long": "Bearer " + strings.Repeat("x", 600)} {
			a := f.do(r.Method, path, "", "Authorization", header)
			if open[r.Path] {
				assert.Equal(t, http.StatusOK, a.status, r.Path)
				continue
			}
			assert.Equal(t, http.StatusUnauthorized, a.status, "%s %s with %s", r.Method, r.Path, name)
			assert.Equal(t, "unauthorized", a.code(t))
			assert.Contains(t, a.header.Get("WWW-Authenticate"), "Bearer")
		}
	}
}

// forReaders are the routes for everybody who has a token, or needs none. A new route is for admins unless it is added.
var forReaders = map[string]bool{
	"GET /healthz": true, "GET /readyz": true, "GET /api/v1/openapi.json": true,
	"GET /api/v1/search": true, "POST /api/v1/search": true, "POST /api/v1/aggregate": true, "GET /api/v1/tail": true,
	"GET /api/v1/fields": true, "GET /api/v1/fields/:name/values": true, "GET /api/v1/query/validate": true, "GET /api/v1/events/:id/explain": true,
	"GET /api/v1/export": true, "GET /api/v1/exports": true, "POST /api/v1/exports": true, "GET /api/v1/exports/:id": true,
	"DELETE /api/v1/exports/:id": true, "GET /api/v1/exports/:id/data": true, "GET /api/v1/files/:sha256": true,
	"GET /api/v1/streams": true, "GET /api/v1/streams/:name": true,
	// Analysts take alerts up and judge them; what they may see of them is TestAlertsObeyTheScope.
	"GET /api/v1/alerts": true, "GET /api/v1/alerts/:id": true, "POST /api/v1/alerts/actions": true, "GET /api/v1/alerts/changes": true,
	"GET /api/v1/alerts/rates": true, "GET /api/v1/alerts/missed": true, "POST /api/v1/alerts/missed": true, "DELETE /api/v1/alerts/missed/:id": true,
	// They look at rules, why one fired, how it fares, and what it would have raised of the events that they may see.
	"GET /api/v1/watchlists": true, "GET /api/v1/watchlists/:name": true,
	"GET /api/v1/rules": true, "GET /api/v1/rules/:id": true, "GET /api/v1/rules/:id/history": true, "GET /api/v1/rules/:id/diff": true,
	"GET /api/v1/rule-health": true, "GET /api/v1/rule-coverage": true, "GET /api/v1/alerts/:id/explain": true, "POST /api/v1/backtest": true,
	"GET /api/v1/cases": true, "POST /api/v1/cases": true, "GET /api/v1/cases/:id": true, "POST /api/v1/cases/:id/actions": true,
}

func TestOnlyAdminsChangeThings(t *testing.T) {
	f := newFixture(t)
	reader := []string{"Authorization", "Bearer " + readerToken}
	for _, r := range f.server.Routes() {
		if forReaders[r.Method+" "+r.Path] {
			continue
		}
		path := strings.NewReplacer(":id", "x", ":name", "x", ":input", "web", ":digest", "x").Replace(r.Path)
		a := f.do(r.Method, path, "", reader...)
		assert.Equal(t, http.StatusForbidden, a.status, "%s %s", r.Method, r.Path)
		assert.Equal(t, "forbidden", a.code(t), "%s %s", r.Method, r.Path)
	}
	assert.Equal(t, http.StatusOK, f.get("/api/v1/streams", reader...).status)
}

func TestReadersSeeTheirScope(t *testing.T) {
	f := newFixture(t)
	f.store.fill(9)
	reader := []string{"Authorization", "Bearer " + readerToken}
	q := "?count=true&from=2026-10-11T11:00:00Z&to=2026-10-11T12:00:00Z"
	assert.EqualValues(t, 9, f.ok(f.get("/api/v1/search" + q))["total"])
	assert.EqualValues(t, 6, f.ok(f.get("/api/v1/search"+q, reader...))["total"])
	a := f.get("/api/v1/export?format=ndjson&from=2026-10-11T11:00:00Z&to=2026-10-11T12:00:00Z", reader...)
	assert.Equal(t, 6, strings.Count(string(a.body), "\n"))
}

func TestMetricsCanBeOpened(t *testing.T) {
	f := newFixture(t, func(o *api.Options) { o.OpenMetrics = true })
	f.get("/api/v1/search", "Authorization", "Bearer wrong")
	a := f.get("/metrics", "Authorization", "")
	assert.Equal(t, http.StatusOK, a.status)
	assert.Contains(t, string(a.body), "logcenter_api_refused_total 1\n")
	assert.Contains(t, string(a.body), `logcenter_api_request_seconds_count{method="GET",route="/api/v1/search",status="401"} 1`)
}

func TestEnsureAdminToken(t *testing.T) {
	path := filepath.Join(t.TempDir(), "data", "admin.token")
	token, err := api.EnsureAdminToken(path)
	require.NoError(t, err)
	assert.Len(t, token, 43)
	info, err := os.Stat(path)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())

	again, err := api.EnsureAdminToken(path)
	require.NoError(t, err)
	assert.Equal(t, token, again)

	other, err := api.EnsureAdminToken(filepath.Join(t.TempDir(), "admin.token"))
	require.NoError(t, err)
	assert.NotEqual(t, token, other)

	require.NoError(t, os.Chmod(path, 0o640))
	_, err = api.EnsureAdminToken(path)
	require.ErrorContains(t, err, "others can read "+path+" (mode 0640): run chmod 600")
	require.NoError(t, os.Chmod(path, 0o600))
	for _, bad := range []string{"", "short", strings.Repeat("x", 600), "two words that are long enough for a token"} {
		require.NoError(t, os.WriteFile(path, []byte(bad), 0o600))
		_, err = api.EnsureAdminToken(path)
		require.ErrorContains(t, err, path+" must hold one word of 32 to 512 characters", bad)
	}
	_, err = api.EnsureAdminToken(t.TempDir())
	require.ErrorContains(t, err, "admin token")
}

func TestAdminToken(t *testing.T) {
	_, err := api.NewAdminToken("short")
	require.ErrorContains(t, err, "5 characters")
	a, err := api.NewAdminToken(adminToken)
	require.NoError(t, err)
	who, err := a.Caller(context.Background(), adminToken)
	require.NoError(t, err)
	assert.True(t, who.Admin)
	assert.NotNil(t, who.Scope.Narrow(nil), "sees everything")
	for _, wrong := range []string{"", adminToken[:len(adminToken)-1], adminToken + "x"} {
		_, err = a.Caller(context.Background(), wrong)
		require.ErrorIs(t, err, api.ErrToken)
	}
}
