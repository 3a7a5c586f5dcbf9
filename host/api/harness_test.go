package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/api"
	"github.com/logcenter/logcenter/host/deadletter"
	"github.com/logcenter/logcenter/host/input"
	"github.com/logcenter/logcenter/host/plugin/pack"
	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/host/stream"
	"github.com/logcenter/logcenter/sdk/query"
)

const (
	adminToken  = "admin-token-of-more-than-32-characters"
	readerToken = "reader-token-of-more-than-32-characters"
)

// fixture is an API over parts that the test controls, behind a real connection.
type fixture struct {
	t      *testing.T
	o      api.Options
	store  *memStore
	parts  *parts
	log    *syncBuffer
	server *api.Server
	http   *httptest.Server
	token  string // of the admin

	backups backups
	doc     *openapi3.T
}

// parts are the other parts of the host as far as the API knows them.
type parts struct {
	mu       sync.Mutex
	plugins  map[string]api.PluginInfo
	packages []api.PackageInfo
	sent     []string // packages, behind who sent them
	inputs   []input.Stats
	journals []api.JournalInfo
	letters  api.DeadLetterPage
	counts   []api.DeadLetterCount
	asked    asked // of the letters
	health   []api.Component
	err      error // answers everything
	tail     chan []store.Event
	dropped  uint64
	tailNode query.Node
	ingested []string
}

func newFixture(t *testing.T, change ...func(*api.Options)) *fixture {
	t.Helper()
	f := &fixture{t: t, token: adminToken, store: &memStore{}, parts: &parts{tail: make(chan []store.Event)}, log: &syncBuffer{}}
	streams, err := stream.Open(filepath.Join(t.TempDir(), "streams.json"), []stream.Stream{{Name: "errors", Query: "log.level:Error"}})
	require.NoError(t, err)
	log := logrus.New()
	log.SetOutput(f.log)
	f.o = api.Options{
		Store: f.store, Scoper: tokens{}, Plugins: plugins{parts: f.parts}, Packages: installed{f.parts}, Streams: streams, Inputs: inputs{f.parts},
		Consumers: consumers{f.parts}, DeadLetters: letters{f.parts}, Tail: tail{f.parts}, Health: health{f.parts}, Backups: &f.backups,
		Ingest: ingest{f.parts}, Metrics: prometheus.NewRegistry(), ExportDir: filepath.Join(t.TempDir(), "exports"),
		Log: logrus.NewEntry(log), Version: "1.2.3",
	}
	for _, c := range change {
		c(&f.o)
	}
	f.start()
	t.Cleanup(f.stop)
	return f
}

func (f *fixture) start() {
	var err error
	f.server, err = api.New(f.o)
	require.NoError(f.t, err)
	f.http = httptest.NewUnstartedServer(nil)
	f.http.Config = api.NewHTTPServer(f.server)
	f.http.Start()
	f.doc = loadDoc(f.t)
}

func (f *fixture) stop() {
	f.http.CloseClientConnections()
	f.http.Close()
	f.server.Close()
}

// answer is one answer of the API.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// json is a value of the body by its path, e.g. error.code.
func (a answer) json(t *testing.T) map[string]any {
	t.Helper()
	var v map[string]any
	require.NoError(t, json.Unmarshal(a.body, &v), "%s", a.body)
	return v
}

func (a answer) code(t *testing.T) string {
	t.Helper()
	e, ok := a.json(t)["error"].(map[string]any)
	require.True(t, ok, "no error in %s", a.body)
	code, _ := e["code"].(string)
	return code
}

func (a answer) hint(t *testing.T) string {
	t.Helper()
	e, _ := a.json(t)["error"].(map[string]any)
	h, _ := e["hint"].(string)
	return h
}

// do sends a request as the admin and checks that the answer is as documented.
func (f *fixture) do(method, path, body string, header ...string) answer {
	f.t.Helper()
	var r io.Reader
	if body != "" {
		r = strings.NewReader(body)
	}
	req, err := http.NewRequestWithContext(f.t.Context(), method, f.http.URL+path, r)
	require.NoError(f.t, err)
	req.Header.Set("Authorization", "Bearer "+f.token)
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
		if header[i+1] == "" {
			req.Header.Del(header[i])
		}
	}
	res, err := http.DefaultClient.Do(req)
	require.NoError(f.t, err)
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	require.NoError(f.t, err)
	a := answer{res.StatusCode, res.Header, b}
	checkDocumented(f.t, f.doc, method, req.URL.Path, a)
	return a
}

func (f *fixture) get(path string, header ...string) answer {
	f.t.Helper()
	return f.do(http.MethodGet, path, "", header...)
}

func (f *fixture) ok(a answer) map[string]any {
	f.t.Helper()
	require.Equal(f.t, http.StatusOK, a.status, "%s", a.body)
	return a.json(f.t)
}

func loadDoc(t *testing.T) *openapi3.T {
	t.Helper()
	loader := openapi3.NewLoader()
	doc, err := loader.LoadFromFile("openapi.yaml")
	require.NoError(t, err)
	return doc
}

var pathParameter = regexp.MustCompile(`\{[^}]+\}`)

// checkDocumented fails if an answer is not what the document promises.
func checkDocumented(t *testing.T, doc *openapi3.T, method, path string, a answer) {
	t.Helper()
	for template, item := range doc.Paths.Map() {
		if exact := doc.Paths.Value(path); exact != nil {
			template, item = path, exact
		}
		if !regexp.MustCompile("^" + pathParameter.ReplaceAllString(template, "[^/]+") + "$").MatchString(path) {
			continue
		}
		op := item.GetOperation(method)
		if op == nil {
			assert.Equal(t, http.StatusMethodNotAllowed, a.status, "%s %s is not documented", method, path)
			return
		}
		res := op.Responses.Status(a.status)
		if res == nil {
			res = op.Responses.Default()
			assert.GreaterOrEqual(t, a.status, 400, "%s %s: status %d is not documented", method, path, a.status)
		}
		checkContent(t, res.Value, method+" "+path, a)
		return
	}
	assert.Equal(t, http.StatusNotFound, a.status, "%s is not documented", path)
}

func checkContent(t *testing.T, res *openapi3.Response, what string, a answer) {
	t.Helper()
	if len(res.Content) == 0 {
		assert.Empty(t, a.body, what)
		return
	}
	mediaType, _, _ := strings.Cut(a.header.Get("Content-Type"), ";")
	content := res.Content.Get(mediaType)
	if !assert.NotNil(t, content, "%s: content type %q is not documented", what, mediaType) {
		return
	}
	if mediaType != "application/json" {
		return
	}
	var v any
	require.NoError(t, json.Unmarshal(a.body, &v), "%s: %s", what, a.body)
	assert.NoError(t, content.Schema.Value.VisitJSON(v, openapi3.VisitAsResponse(), openapi3.MultiErrors()), "%s: %s", what, a.body)
}

// tokens knows an admin and a reader who sees only web servers.
type tokens struct{}

func (tokens) Caller(_ context.Context, token string) (api.Caller, error) {
	switch token {
	case adminToken:
		return api.Caller{Name: "admin", Admin: true, Scope: store.Everything()}, nil
	case readerToken:
		n, err := query.Parse("event.dataset:nginx.access")
		return api.Caller{Name: "reader", Scope: store.Limited(n)}, err
	default:
		return api.Caller{}, api.ErrToken
	}
}

// plugins are told and switched; what else can be done to them is asked of a real host, in rollout_test.go.
type plugins struct {
	*parts
	api.Plugins
}

func (p plugins) List(context.Context) ([]api.PluginInfo, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var all []api.PluginInfo
	for _, one := range p.plugins {
		all = append(all, one)
	}
	return all, p.err
}

func (p plugins) Info(_ context.Context, id string) (api.PluginInfo, error) { return p.set(id, "") }

func (p plugins) Enable(_ context.Context, id, _ string) (api.PluginInfo, error) {
	return p.set(id, "running")
}

func (p plugins) Disable(_ context.Context, id, _ string, _ bool) (api.PluginInfo, error) {
	return p.set(id, "disabled")
}

func (p plugins) set(id, state string) (api.PluginInfo, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	one, ok := p.plugins[id]
	if !ok {
		return one, api.ErrNotFound
	}
	if state != "" {
		if p.err != nil {
			return one, p.err
		}
		one.State = state
		p.plugins[id] = one
	}
	return one, nil
}

// installed takes every package that does not begin with "bad".
type installed struct{ *parts }

func (p installed) List(context.Context) ([]api.PackageInfo, error) { return p.packages, p.err }

func (p installed) Info(_ context.Context, digest string) (api.PackageInfo, error) {
	for _, one := range p.packages {
		if strings.HasPrefix(one.Digest, digest) {
			return one, nil
		}
	}
	return api.PackageInfo{}, api.ErrNotFound
}

func (p installed) Install(_ context.Context, body io.Reader, by string, dry bool) (api.PackageInfo, error) {
	b, err := io.ReadAll(body)
	if err != nil {
		return api.PackageInfo{}, err
	}
	if bytes.HasPrefix(b, []byte("bad")) {
		return api.PackageInfo{}, &pack.Error{Place: "data/x", Msg: "its SHA-256 is another", Hint: "get it again"}
	}
	p.sent = append(p.sent, fmt.Sprintf("%s %s dry=%v", by, b, dry))
	return api.PackageInfo{ID: "acmefw", Kind: "parser", Version: "1.0.0", Digest: strings.Repeat("a", 64), Size: int64(len(b)), Compared: "0.9", More: []string{"drop events"}}, nil
}

func (p installed) Remove(_ context.Context, digest string) error {
	if p.err != nil {
		return p.err
	}
	_, err := p.Info(context.Background(), digest)
	return err
}

type inputs struct{ *parts }

func (p inputs) List(context.Context) ([]input.Stats, error) { return p.inputs, p.err }

type consumers struct{ *parts }

func (p consumers) List(context.Context) ([]api.JournalInfo, error) { return p.journals, p.err }

type letters struct{ *parts }

// asked is what the letters were asked for last.
type asked struct {
	query    string
	from, to time.Time
	cursor   string
	limit    int
	by, ids  []string
	dryRun   bool
}

func (p letters) Redrive(_ context.Context, r api.RedriveRequest) (api.RedriveResult, error) {
	p.asked = asked{query: r.Filter.Query.String(), from: r.Filter.From, to: r.Filter.To, ids: r.IDs, dryRun: r.DryRun}
	return api.RedriveResult{Selected: 3, Redriven: 1, Already: 1, NotHeld: 1}, p.err
}

func (p letters) List(_ context.Context, f deadletter.Filter, cursor string, limit int) (api.DeadLetterPage, error) {
	p.asked = asked{query: f.Query.String(), from: f.From, to: f.To, cursor: cursor, limit: limit}
	return p.letters, p.err
}

func (p letters) Count(_ context.Context, f deadletter.Filter, by []string) ([]api.DeadLetterCount, error) {
	p.asked = asked{query: f.Query.String(), from: f.From, to: f.To, by: by}
	return p.counts, p.err
}

type health struct{ *parts }

func (p health) Components(context.Context) ([]api.Component, error) { return p.health, p.err }

type tail struct{ *parts }

func (p tail) Subscribe(_ context.Context, n query.Node, _ store.Scope) (<-chan []store.Event, func() uint64, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tailNode = n
	return p.parts.tail, func() uint64 {
		p.mu.Lock()
		defer p.mu.Unlock()
		return p.parts.dropped
	}, p.err
}

type ingest struct{ *parts }

func (p ingest) Authorized(in, token string) bool { return in == "web" && token == "sender" }

func (p ingest) Sender(token string) (string, bool) { return "web", token == "sender" }

func (p ingest) Handler(in string) http.Handler {
	if in != "web" {
		return nil
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		p.ingested = append(p.ingested, string(b))
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"accepted":1,"duplicate":false}`))
	})
}

// syncBuffer is a log that tests read.
type syncBuffer struct {
	mu sync.Mutex
	b  strings.Builder
}

func (s *syncBuffer) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(b)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

var testDay = time.Date(2026, 10, 11, 12, 0, 0, 0, time.UTC)
