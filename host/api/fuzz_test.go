package api_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/api"
	"github.com/logcenter/logcenter/host/stream"
)

// fuzzed is an API without a connection.
func fuzzed(f *testing.F) (*api.Server, *memStore) {
	f.Helper()
	dir := f.TempDir()
	streams, err := stream.Open(filepath.Join(dir, "streams.json"), []stream.Stream{{Name: "errors", Query: "log.level:Error"}})
	require.NoError(f, err)
	log := logrus.New()
	log.SetLevel(logrus.PanicLevel)
	m, p := &memStore{}, &parts{}
	m.fill(3)
	s, err := api.New(api.Options{
		Store: m, Scoper: tokens{}, Plugins: plugins{parts: p}, Streams: streams, Inputs: inputs{p}, Consumers: consumers{p},
		DeadLetters: letters{p}, Tail: tail{p}, Health: health{p}, Metrics: prometheus.NewRegistry(),
		ExportDir: filepath.Join(dir, "exports"), Log: logrus.NewEntry(log),
	})
	require.NoError(f, err)
	f.Cleanup(s.Close)
	return s, m
}

// checkAnswer fails unless the answer is a result or an error in the one shape, and the fault is the client's.
func checkAnswer(t *testing.T, s *api.Server, method, path, body string) {
	t.Helper()
	r := httptest.NewRequest(method, "/", strings.NewReader(body))
	var err error
	if r.URL, err = url.Parse(path); err != nil {
		return
	}
	r.Header.Set("Authorization", "Bearer "+adminToken)
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	require.Less(t, w.Code, 500, "%s", w.Body)
	if w.Code < 400 {
		return
	}
	var e struct {
		Error struct{ Code, Message string }
	}
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &e), "%s", w.Body)
	require.NotEmpty(t, e.Error.Code)
	require.NotEmpty(t, e.Error.Message)
}

func FuzzBodies(f *testing.F) {
	s, _ := fuzzed(f)
	for _, seed := range []string{
		`{}`, ``, `[]`, `nul`, `{"query":"a","from":-1}`, `{"from":"now-1h","to":1791979200000,"limit":1e999}`, `{"cursor":"AQ","order":"oldest"}`,
		`{"aggs":[{"kind":"terms","field":"a","aggs":[{"kind":"ranges","ranges":[{"from":1}]}]}]}`, `{"format":"csv","content":"raw","fields":["a"]}`,
		`{"query":"登录 AND source.ip:10.0.0.0/8","time_zone":"Asia/Shanghai","stream":"errors","nested":true}`, "{\"query\":\"\xff\"}", `{"aggs":[` + strings.Repeat(`{"aggs":[`, 50),
	} {
		f.Add(seed)
	}
	targets := []string{"POST /api/v1/search", "POST /api/v1/aggregate", "PUT /api/v1/streams/x"}
	f.Fuzz(func(t *testing.T, body string) {
		for _, target := range targets {
			method, path, _ := strings.Cut(target, " ")
			checkAnswer(t, s, method, path, body)
		}
	})
}

func FuzzParameters(f *testing.F) {
	s, _ := fuzzed(f)
	for _, seed := range []string{
		"query=a&from=-1h&to=now", "cursor=AQAAAAAAAAAAAAAAAAAAAAA", "limit=99999999999999999999", "fields=a,,b", "%zz", "from=2026-10-11+12:00:00&time_zone=../x",
		"query=%ff", "nested=1&count=true&order=oldest&stream=errors", "resume=AgAAAAA&part_mb=1", "format=csv&sheet=true&content=parsed", "size=5", "a;b",
	} {
		f.Add(seed)
	}
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodPost, "/api/v1/exports", strings.NewReader(`{"from":"2026-10-11","to":"2026-10-12"}`))
	r.Header.Set("Authorization", "Bearer "+adminToken)
	s.ServeHTTP(w, r)
	var export struct{ ID string }
	require.NoError(f, json.Unmarshal(w.Body.Bytes(), &export))
	f.Fuzz(func(t *testing.T, params string) {
		for _, path := range []string{"search", "export", "fields", "fields/source.ip/values", "query/validate", "exports/" + export.ID + "/data", "dead-letters"} {
			checkAnswer(t, s, http.MethodGet, "/api/v1/"+path+"?"+strings.ReplaceAll(params, "#", "%23"), "")
		}
	})
}
