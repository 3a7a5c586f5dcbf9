package datasource_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/grafana/internal/hosttest"
)

func readCloser(b []byte) io.ReadCloser { return io.NopCloser(bytes.NewReader(b)) }

// Each query of a request has its own answer, and what is wrong with one says where, under the text.
func TestErrorsAreOfTheirQueries(t *testing.T) {
	s := opened(t)
	asks := map[string]struct{ json, want string }{
		"good":    {`{"query":"*"}`, ""},
		"syntax":  {`{"query":"source.ip:(1.2.3.4 OR "}`, "\n  source.ip:(1.2.3.4 OR \n"},
		"caret":   {`{"query":"用户 AND \"张三"}`, "^"},
		"value":   {`{"query":"source.ip:nonsense"}`, "source.ip:nonsense\n"},
		"kind":    {`{"kind":"nonsense"}`, "there is no kind of query"},
		"limit":   {`{"limit":100001}`, "100001 rows are not possible"},
		"json":    {`[]`, "no JSON object"},
		"stream":  {`{"stream":"nonsense"}`, "nonsense"},
		"explain": {`{"kind":"explain","eventId":"AAAAAAAAAAAAAAAAAAAAAA-0-1-1"}`, "no event with this id"},
		"filter":  {`{"filters":[{"key":"source.ip","operator":"=~","value":"("}]}`, "source.ip"},
		"chart":   {`{"kind":"metrics","chart":{"kind":"terms"}}`, "needs a field"},
		"letters": {`{"kind":"dead_letters","query":"nonsense.field:1"}`, "nonsense.field"},
	}
	req := &backend.QueryDataRequest{PluginContext: s.context}
	for id, a := range asks {
		req.Queries = append(req.Queries, backend.DataQuery{RefID: id, JSON: []byte(a.json), TimeRange: wholeRange, Interval: time.Minute, MaxDataPoints: 100})
	}
	res, err := s.QueryData(t.Context(), req)
	require.NoError(t, err)
	require.Len(t, res.Responses, len(asks))
	for id, a := range asks {
		one := res.Responses[id]
		if a.want == "" {
			require.NoError(t, one.Error, id)
			continue
		}
		require.ErrorContains(t, one.Error, a.want, id)
		assert.Equal(t, backend.ErrorSourceDownstream, one.ErrorSource, id)
		assert.GreaterOrEqual(t, int(one.Status), 400, id)
		assert.Less(t, int(one.Status), 500, id)
	}
}

// Answers without events have all columns of their kind.
func TestEmptyAnswersAreTyped(t *testing.T) {
	s := opened(t)
	none := backend.TimeRange{From: start.AddDate(-1, 0, 0), To: start.AddDate(-1, 0, 1)}
	for kind, fields := range map[string]int{"logs": 6, "volume": 2, "alerts": 19, "dead_letters": 13} {
		frames := s.frames(t, fmt.Sprintf(`{"kind":%q}`, kind), none)
		require.Len(t, frames, 1, kind)
		assert.Len(t, frames[0].Fields, fields, kind)
		_, err := frames[0].MarshalArrow()
		require.NoError(t, err, kind)
	}
}

// The bars over the lines count each line once, under its level.
func TestVolume(t *testing.T) {
	s, h := opened(t), host(t)
	var sum int64
	for _, f := range s.frames(t, `{"kind":"volume","query":"observer.type:firewall"}`, wholeRange) {
		level := f.Fields[1].Labels["level"]
		assert.Equal(t, level, f.Name)
		var of int64
		for _, n := range column[int64](t, f, "Value") {
			of += n
		}
		word := map[string]string{"critical": "log.level:Fatal", "error": "log.level:Error", "warning": "log.level:Warn", "info": "log.level:Info", "debug": "log.level:Debug", "unknown": "NOT _exists_:log.level"}[level]
		want, err := h.Count(t.Context(), "observer.type:firewall AND "+word)
		require.NoError(t, err)
		assert.Equal(t, want, of, level)
		sum += of
	}
	want, err := h.Count(t.Context(), "observer.type:firewall")
	require.NoError(t, err)
	assert.Equal(t, want, sum)
}

// An alert's evidence query finds the events behind it.
func TestAlertsLeadToTheirEvents(t *testing.T) {
	s, h := opened(t), host(t)
	var f *data.Frame
	require.Eventually(t, func() bool {
		f = s.frames(t, `{"kind":"alerts"}`, backend.TimeRange{From: time.Now().Add(-time.Hour), To: time.Now().Add(time.Hour)})[0]
		return f.Rows() > 0
	}, 30*time.Second, 100*time.Millisecond, "the sample lines have attacks")
	queries, from, to := column[string](t, f, "evidence"), column[int64](t, f, "evidenceFrom"), column[int64](t, f, "evidenceTo")
	for i, q := range queries {
		n, err := h.Count(t.Context(), q)
		require.NoError(t, err)
		require.Positive(t, n, q)
		frames := s.frames(t, fmt.Sprintf(`{"query":%q,"limit":1000}`, q), backend.TimeRange{From: time.UnixMilli(from[i]), To: time.UnixMilli(to[i])})
		assert.EqualValues(t, n, frames[0].Rows(), "all lie in the range")
	}
}

// An alert rule has no dashboard that gives its variables values: it says so, for it would never fire.
func TestAlertRulesHaveNoVariables(t *testing.T) {
	s := opened(t)
	ask := func(alert bool, query, compared string) error {
		chart := ""
		if compared != "" {
			chart = fmt.Sprintf(`,"compare":[{"query":%q}]`, compared)
		}
		req := &backend.QueryDataRequest{PluginContext: s.context, Headers: map[string]string{}, Queries: []backend.DataQuery{{
			RefID: "A", JSON: fmt.Appendf(nil, `{"kind":"metrics","query":%q,"chart":{"kind":"event_count"%s},"intervalMs":1000,"maxDataPoints":43200}`, query, chart),
			TimeRange: wholeRange, Interval: time.Second, MaxDataPoints: 43200,
		}}}
		if alert {
			req.Headers[backend.FromAlertHeaderName] = "true"
		}
		res, err := s.QueryData(t.Context(), req)
		require.NoError(t, err)
		return res.Responses["A"].Error
	}
	for query, name := range map[string]string{
		"host.name:$host": "$host", `host.name:"$host"`: "$host", "host.name:${host}": "${host}", "a OR url.path:/x${path:regex}y/": "${path:regex}", "user.name:[[user]]": "[[user]]",
	} {
		require.EqualError(t, ask(true, query, ""), "query: the variable "+name+` has no value here: alert rules belong to no dashboard (write the value itself; to look for text with a dollar sign, write \$)`)
	}
	require.ErrorContains(t, ask(true, "*", "a OR $b"), "the variable $b has no value here")
	for _, query := range []string{"*", "$__timeFilter AND event.duration:>=$__interval_ms", `user.name:\$host`, `url.path:/a$/`, `"costs $100"`} {
		require.NoError(t, ask(true, query, ""), query)
	}
	require.NoError(t, ask(false, "host.name:$host", ""), "in a dashboard it is text")
}

// How the host's plugins and inputs are: those that it has, and rates from the second look on.
func TestPluginsAndInputs(t *testing.T) {
	s, h := opened(t), host(t)
	plugins, err := h.Client.Plugins(t.Context())
	require.NoError(t, err)
	f := s.frames(t, `{"kind":"plugins"}`, wholeRange)[0]
	require.Equal(t, len(plugins), f.Rows())
	for i, p := range plugins {
		assert.Equal(t, p.ID, field(t, f, "plugin").At(i))
		assert.Equal(t, p.Version, field(t, f, "version").At(i))
		assert.Equal(t, true, field(t, f, "healthy").At(i), p.ID)
		waits := p.State == "running" && (p.Kind == "detector" || p.Kind == "notifier")
		assert.Equal(t, !waits, field(t, f, "lag").NilAt(i), p.ID)
		memory, ok := field(t, f, "memory").At(i).(int64)
		require.True(t, ok)
		if p.State == "running" {
			assert.Greater(t, memory, int64(1<<20), "%s: it is a process", p.ID)
		}
	}

	f = s.frames(t, `{"kind":"inputs"}`, wholeRange)[0]
	assert.Equal(t, []string{"syslog", "http"}, column[string](t, f, "input")[:2])
	assert.True(t, field(t, f, "record rate").NilAt(0))
	assert.Len(t, f.Meta.Notices, 1)
	records := column[int64](t, f, "records")[0]
	assert.GreaterOrEqual(t, records, int64(sampleLines))
	text, _ := numbered(newWord(), 700000, 700100)
	require.NoError(t, h.Feed(t.Context(), text))
	require.Eventually(t, func() bool {
		f = s.frames(t, `{"kind":"inputs"}`, wholeRange)[0]
		return !field(t, f, "record rate").NilAt(0)
	}, time.Minute, 50*time.Millisecond)
	assert.Positive(t, column[float64](t, f, "record rate")[0])
	assert.Equal(t, records+100, column[int64](t, f, "records")[0])
	assert.Empty(t, f.Meta.Notices)
}

// What a proxy before the host has compressed is read as it was.
func TestGzip(t *testing.T) {
	h := host(t)
	var compressed atomic.Int64
	u := front(t, h.URL, func(r *http.Response) error {
		if r.Request.URL.Path != "/api/v1/search" || !strings.Contains(r.Request.Header.Get("Accept-Encoding"), "gzip") {
			return nil
		}
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		if _, err := io.Copy(w, r.Body); err != nil {
			return err
		}
		if err := w.Close(); err != nil {
			return err
		}
		compressed.Add(1)
		r.Body, r.ContentLength = readCloser(b.Bytes()), int64(b.Len())
		r.Header.Set("Content-Encoding", "gzip")
		r.Header.Del("Content-Length")
		return nil
	})
	want := opened(t).frames(t, `{"limit":100}`, wholeRange)[0]
	got := open(t, u, h.Token, "").frames(t, `{"limit":100}`, wholeRange)[0]
	assert.Equal(t, column[string](t, want, "id"), column[string](t, got, "id"))
	assert.EqualValues(t, 1, compressed.Load())
}

// The default stream is what queries are about that name none, and no query has to keep to it.
func TestDefaultStream(t *testing.T) {
	h := host(t)
	firewalls, err := h.Count(t.Context(), "observer.type:firewall")
	require.NoError(t, err)
	s := open(t, h.URL, h.Token, `{"stream":"firewalls"}`)
	assert.Equal(t, firewalls, custom(t, s.frames(t, `{}`, wholeRange)[0]).Total)
	for _, q := range []string{`* OR *`, `a) OR (*`, `NOT nothing.here`} {
		res := s.query(t.Context(), fmt.Sprintf(`{"query":%q}`, q), wholeRange)
		if res.Error == nil {
			assert.LessOrEqual(t, custom(t, res.Frames[0]).Total, firewalls, "no text leaves the stream: %s", q)
		}
	}
}

// scrubbed takes out of a snapshot what differs from run to run.
func scrubbed(b []byte) []byte {
	for _, r := range []struct{ what, with string }{
		{`[A-Za-z0-9_-]{22}-0-\d+-\d+`, "EVENT"},
		{`(event\.ingested\\?"\s*:\s*\\?")[^"\\]+`, "${1}TIME"},
		{`20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7,9}Z`, "TIME"},
		{`(127\.0\.0\.1):\d+`, "${1}:PORT"},
		{`("took_ms"\s*:\s*)\d+`, "${1}0"},
		{`("cursor"\s*:\s*)"[^"]+"`, `${1}"CURSOR"`},
		{`("sha256"\s*:\s*)"[^"]+"`, `${1}"SUM"`},
	} {
		b = regexp.MustCompile(r.what).ReplaceAll(b, []byte(r.with))
	}
	return b
}

// What each kind of query answers is written down in pairs of request and response.
func TestSnapshots(t *testing.T) {
	s := opened(t)
	requests, err := filepath.Glob("../../testdata/*.request.json")
	require.NoError(t, err)
	require.NotEmpty(t, requests)
	id := column[string](t, s.frames(t, `{"query":"event.dataset:nginx.access","limit":1,"oldest":true}`, wholeRange)[0], "id")[0]
	for _, path := range requests {
		name := strings.TrimSuffix(filepath.Base(path), ".request.json")
		t.Run(name, func(t *testing.T) {
			ask, err := os.ReadFile(path)
			require.NoError(t, err)
			ask = bytes.ReplaceAll(ask, []byte("EVENT"), []byte(id))
			frames := s.frames(t, string(ask), wholeRange)
			got, err := json.MarshalIndent(frames, "", " ")
			require.NoError(t, err)
			got = append(scrubbed(got), '\n')
			golden := strings.TrimSuffix(path, ".request.json") + ".response.json"
			if *update {
				require.NoError(t, os.WriteFile(golden, got, 0o600))
				return
			}
			want, err := os.ReadFile(golden)
			require.NoError(t, err)
			assert.Equal(t, string(want), string(got), "run `go test ./grafana/pkg/datasource -update` and read the difference")
		})
	}
}

// A query that Grafana gives up ends in the host's store, too.
func TestCancelReachesTheStore(t *testing.T) {
	s, h := opened(t), host(t)
	of := func(expr string) string {
		if m := regexp.MustCompile(`(?m)^` + expr + ` (\d+)`).FindStringSubmatch(metrics(t, h)); m != nil {
			return m[1]
		}
		return "0"
	}
	running := func() string { return of("logcenter_api_searches") }
	// The host answers a search whose store gave up with 503, though nobody is there to read it.
	gaveUp := func() string {
		return of(`logcenter_api_request_seconds_count\{method="POST",route="/api/v1/search",status="503"\}`)
	}
	for try := 0; gaveUp() == "0"; try++ {
		require.Less(t, try, 200, "no search was ever cancelled")
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan backend.DataResponse, 1)
		go func() { done <- s.query(ctx, `{"limit":100000,"query":"message:/a.*b.*c.*d.*e/ OR *"}`, wholeRange) }()
		for running() == "0" && len(done) == 0 { // until the host searches
		}
		cancel()
		if res := <-done; res.Error != nil {
			assert.Equal(t, backend.Status(499), res.Status)
			assert.Contains(t, res.Error.Error(), "cancelled")
		}
		require.Eventually(t, func() bool { return running() == "0" }, time.Minute, time.Millisecond)
	}
}

func metrics(t testing.TB, h *hosttest.Host) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, h.URL+"/metrics", nil)
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer "+h.Token)
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return string(b)
}

// A request that is sent again carries all that the first one did, and connections are kept.
func TestRetriesKeepHeaders(t *testing.T) {
	h := host(t)
	var asked, refused atomic.Int64
	u := front(t, h.URL, func(r *http.Response) error {
		if r.Request.URL.Path != "/api/v1/search" {
			return nil
		}
		asked.Add(1)
		if r.Request.Header.Get("X-Custom") != "canary" || r.Request.Header.Get("Authorization") != "Bearer "+h.Token {
			refused.Add(1)
		}
		if asked.Load() < 3 {
			r.StatusCode = http.StatusServiceUnavailable
			r.Body, r.ContentLength = readCloser(nil), 0
			r.Header.Del("Content-Length")
		}
		return nil
	})
	s := openWith(t, backend.DataSourceInstanceSettings{
		URL: u, JSONData: []byte(`{"httpHeaderName1":"X-Custom"}`), DecryptedSecureJSONData: map[string]string{"apiToken": h.Token, "httpHeaderValue1": "canary"},
	})
	assert.Equal(t, 5, s.frames(t, `{"limit":5}`, wholeRange)[0].Rows())
	assert.EqualValues(t, 3, asked.Load())
	assert.Zero(t, refused.Load())
}

// A host that does not answer in time is told as such.
func TestSlowHost(t *testing.T) {
	h := host(t)
	stop := make(chan struct{})
	u := front(t, h.URL, func(r *http.Response) error {
		if r.Request.URL.Path == "/api/v1/search" {
			select {
			case <-r.Request.Context().Done():
			case <-stop:
			}
		}
		return nil
	})
	t.Cleanup(func() { close(stop) })
	s := open(t, u, h.Token, `{"timeoutSec":1}`)
	res := s.query(t.Context(), `{}`, wholeRange)
	require.ErrorContains(t, res.Error, "did not answer in time")
	assert.Equal(t, backend.StatusTimeout, res.Status)
}
