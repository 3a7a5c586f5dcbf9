package api_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/api"
	"github.com/logcenter/logcenter/host/lifecycle"
	"github.com/logcenter/logcenter/host/retention"
	"github.com/logcenter/logcenter/host/store"
)

func TestErrorsOfTheStore(t *testing.T) {
	f := newFixture(t)
	for _, c := range []struct {
		err    error
		status int
		code   string
		text   string
	}{
		{fmt.Errorf("%w: declare the field a in a plugin", store.ErrRequest), 400, "bad_request", "declare the field a in a plugin"},
		{fmt.Errorf("%w: 70000", store.ErrTooManyBuckets), 400, "too_many_buckets", "too many buckets: 70000"},
		{store.ErrCursor, 410, "cursor_expired", "cursor is not valid any more"},
		{fmt.Errorf("x: %w", context.DeadlineExceeded), 504, "timeout", "the answer took too long"},
		{fmt.Errorf("write /data/exports/x: %w", syscall.ENOSPC), 507, "disk_full", "the host's disk is full"},
		{fmt.Errorf("%w: copy plugin binary: %w", api.ErrConflict, syscall.ENOSPC), 507, "disk_full", "the host's disk is full"},
		{store.ErrClosed, 503, "unavailable", "store is closed"},
		{errors.New("secret path /data/x"), 500, "internal", "the host failed to answer"},
	} {
		f.store.err = c.err
		for _, a := range []answer{
			f.get("/api/v1/search"), f.do("POST", "/api/v1/aggregate", `{"aggs":[{"kind":"count"}]}`), f.get("/api/v1/fields"),
			f.get("/api/v1/fields/source.ip/values"), f.get("/api/v1/export"), f.do("POST", "/api/v1/exports", `{}`),
		} {
			assert.Equal(t, c.status, a.status, c.code)
			assert.Equal(t, c.code, a.code(t))
			assert.Equal(t, c.text, a.json(t)["error"].(map[string]any)["message"])
		}
	}
	assert.Contains(t, f.log.String(), "secret path /data/x")
	a := f.get("/api/v1/search")
	_, id, _ := strings.Cut(a.hint(t), "request ")
	assert.Contains(t, f.log.String(), "request="+id)
}

func TestPanicIsAnAnswer(t *testing.T) {
	f := newFixture(t)
	f.store.panics = true
	a := f.get("/api/v1/search")
	assert.Equal(t, http.StatusInternalServerError, a.status)
	assert.Equal(t, "internal", a.code(t))
	assert.NotContains(t, string(a.body), "luck")
	assert.Contains(t, f.log.String(), "out of luck")
	f.store.panics = false
	f.ok(f.get("/api/v1/search"))
}

// unlucky is a store that panics where the work is not done by the request's goroutine.
type unlucky struct{ *memStore }

func (unlucky) Flush(context.Context) error { panic("out of luck") }

func TestPanicOfALongWorkIsAnAnswer(t *testing.T) {
	f := newFixture(t, func(o *api.Options) {
		k, err := lifecycle.New(lifecycle.Options{
			Store: unlucky{&memStore{}}, Policy: retention.Standard(), Work: t.TempDir(), Every: time.Hour, Log: o.Log,
		})
		require.NoError(t, err)
		o.Lifecycle = k
	})
	for range 2 {
		a := f.do("POST", "/api/v1/retention/run", `{}`)
		assert.Equal(t, http.StatusInternalServerError, a.status)
		assert.Equal(t, "internal", a.code(t))
		assert.NotContains(t, string(a.body), "luck")
	}
	assert.Contains(t, f.log.String(), "out of luck")
	f.ok(f.get("/api/v1/retention/status"))
}

func TestBadRequests(t *testing.T) {
	f := newFixture(t)
	for _, c := range []struct{ path, message, hint string }{
		{"search?from=yesterday", `from: "yesterday" is not a date`, "-1h"},
		{"search?from=now&to=-1h", "is empty", "from is inclusive"},
		{"search?time_zone=Mars", `"Mars" is not a time zone`, "Asia/Shanghai"},
		{"search?time_zone=Local", `"Local" is not a time zone`, "IANA"},
		{"search?limit=0", `limit: "0" is not possible`, "1 to 10000"},
		{"search?limit=10001", `"10001"`, "1 to 10000"},
		{"search?limit=1e3", `"1e3"`, "1 to 10000"},
		{"search?order=up", `order: "up"`, "newest, oldest"},
		{"search?count=maybe", `"maybe"`, "true or false"},
		{"search?limit=1&limit=2", "limit is given 2 times", "once"},
		{"search?q=x", `no parameter "q"`, "query"},
		{"search?a=%zz", "cannot be read", "data-urlencode"},
		{"search?fields=a..b", "empty part", "/api/v1/fields"},
		{"fields/a%20b/values", "is not a letter", "/api/v1/fields"},
		{"fields/a/values?size=1001", `"1001"`, "1 to 1000"},
		{"export?format=xml", `"xml"`, "csv, ndjson"},
		{"export?limit=10001", `"10001"`, "1 to 10000"},
		{"export?content=all", `"all"`, "both, raw, parsed"},
		{"tail?from=-1h", `no parameter "from"`, "query, stream"},
		{"dead-letters?limit=2000", `"2000"`, "1 to 1000"},
	} {
		a := f.get("/api/v1/" + c.path)
		assert.Equal(t, 400, a.status, c.path)
		assert.Equal(t, "bad_request", a.code(t), c.path)
		assert.Contains(t, a.json(t)["error"].(map[string]any)["message"], c.message, c.path)
		assert.Contains(t, a.hint(t), c.hint, c.path)
	}
	a := f.get("/api/v1/search?cursor=xyz")
	assert.Equal(t, 410, a.status)
	a = f.get("/api/v1/search?stream=nope")
	assert.Equal(t, 404, a.status)
}

func TestBadBodies(t *testing.T) {
	f := newFixture(t)
	for _, c := range []struct{ body, message, hint string }{
		{"", "no body", "{}"},
		{"{", "unexpected EOF", ""},
		{`{"query":"a"} x`, "not JSON", ""},
		{`{} {}`, "more behind", "one JSON object"},
		{`[]`, "the body: an array does not belong here, want an object", ""},
		{`{"qurey":"a"}`, `no "qurey"`, "query"},
		{`{"limit":"5"}`, "limit: a string", ""},
		{`{"limit":1e30}`, "limit: a number", ""},
		{`{"limit":-1}`, "limit: -1", "cursor"},
		{`{"from":{}}`, "{} is not a time", "now-7d"},
		{`{"from":true}`, "true is not a time", "now-7d"},
		{`{"order":"up"}`, `order: "up"`, "newest or oldest"},
	} {
		a := f.do("POST", "/api/v1/search", c.body)
		assert.Equal(t, 400, a.status, c.body)
		assert.Contains(t, a.json(t)["error"].(map[string]any)["message"], c.message, c.body)
		assert.Contains(t, a.hint(t), c.hint, c.body)
	}
	a := f.do("POST", "/api/v1/search", `{"query":"`+strings.Repeat("x", 2<<20)+`"}`)
	assert.Equal(t, http.StatusRequestEntityTooLarge, a.status)
	assert.Equal(t, "too_large", a.code(t))
	for body, message := range map[string]string{
		`{}`:                                     "aggs: there is none",
		`{"aggs":[{"kind":"terms","feld":"x"}]}`: `no "feld"`,
		`{"aggs":[` + strings.Repeat(`{"kind":"terms","aggs":[`, 20) + `{}` + strings.Repeat("]}", 20) + `]}`: "8 levels",
	} {
		a := f.do("POST", "/api/v1/aggregate", body)
		assert.Equal(t, 400, a.status, body)
		assert.Contains(t, a.json(t)["error"].(map[string]any)["message"], message)
	}
}

func TestBadQueryHasItsPlace(t *testing.T) {
	f := newFixture(t)
	for _, q := range []string{`用户:"张三`, `source.port:abc`} {
		a := f.get("/api/v1/search?query=" + url.QueryEscape(q))
		assert.Equal(t, 400, a.status)
		assert.Equal(t, "bad_query", a.code(t))
		pos, ok := a.json(t)["error"].(map[string]any)["position"].(map[string]any)
		require.True(t, ok, "%s", a.body)
		assert.Positive(t, pos["end"].(float64))
	}
}

func TestNoSuchPlace(t *testing.T) {
	f := newFixture(t)
	for _, path := range []string{"/", "/api", "/api/v1/nothing", "/api/v1/search/", "/healthz/x"} {
		a := f.get(path)
		assert.Equal(t, 404, a.status, path)
		assert.Equal(t, "not_found", a.code(t))
	}
	a := f.do("DELETE", "/api/v1/search", "")
	assert.Equal(t, 405, a.status)
	assert.Equal(t, "method_not_allowed", a.code(t))
	assert.Equal(t, "GET, POST", a.header.Get("Allow"))
}

func TestSearchesAreBounded(t *testing.T) {
	f := newFixture(t, func(o *api.Options) { o.Searches, o.SearchTimeout = 1, 300*time.Millisecond })
	f.store.block = make(chan struct{})
	a := f.get("/api/v1/search")
	assert.Equal(t, http.StatusGatewayTimeout, a.status)
	assert.Equal(t, "timeout", a.code(t))
	close(f.store.block)
	f.ok(f.get("/api/v1/search"))
}

func TestTooManySearchesAtOnce(t *testing.T) {
	f := newFixture(t, func(o *api.Options) { o.Searches = 1 })
	f.store.block = make(chan struct{})
	done := make(chan answer)
	go func() { done <- f.get("/api/v1/search") }()
	require.Eventually(t, func() bool { return strings.Contains(string(f.get("/metrics").body), "logcenter_api_searches 1\n") }, time.Minute, time.Millisecond)
	a := f.get("/api/v1/search")
	assert.Equal(t, http.StatusTooManyRequests, a.status)
	assert.Equal(t, "busy", a.code(t))
	assert.Equal(t, "1", a.header.Get("Retry-After"))
	close(f.store.block)
	assert.Equal(t, 200, (<-done).status)
}

// Headers that never end must not hold the server.
func TestSlowHeadersAreCutOff(t *testing.T) {
	f := newFixture(t)
	hs := api.NewHTTPServer(f.server)
	assert.NotZero(t, hs.ReadHeaderTimeout)
	assert.NotZero(t, hs.IdleTimeout)
	hs.ReadHeaderTimeout = 100 * time.Millisecond // as before, but a test does not wait that long
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	served := make(chan error)
	go func() { served <- hs.Serve(l) }()
	c, err := net.Dial("tcp", l.Addr().String())
	require.NoError(t, err)
	defer c.Close()
	_, err = c.Write([]byte("GET /healthz HTTP/1.1\r\nHost: x\r\n"))
	require.NoError(t, err)
	require.NoError(t, c.SetReadDeadline(time.Now().Add(10*time.Second)))
	_, err = bufio.NewReader(c).ReadString('\n')
	require.ErrorIs(t, err, io.EOF)
	require.NoError(t, hs.Close())
	require.ErrorIs(t, <-served, http.ErrServerClosed)
}

func TestOptionsAreChecked(t *testing.T) {
	f := newFixture(t)
	o := f.o
	o.Store, o.Metrics = nil, prometheus.NewRegistry()
	_, err := api.New(o)
	require.ErrorContains(t, err, "Options.Store is not set")
	_, err = api.New(f.o)
	require.ErrorContains(t, err, "duplicate metrics", "one registry, one API")
}
