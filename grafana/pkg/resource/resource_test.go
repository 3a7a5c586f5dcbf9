package resource_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/grafana/internal/hosttest"
	"github.com/logcenter/logcenter/grafana/pkg/model"
	"github.com/logcenter/logcenter/grafana/pkg/resource"
	"github.com/logcenter/logcenter/sdk/client"
)

var (
	begin = time.Date(2026, 10, 11, 8, 0, 0, 0, time.UTC)
	host  *hosttest.Host
)

// makeList makes a list without entries.
func makeList(name, kind string) error {
	about := "of " + name
	open := func() (io.ReadCloser, int64, error) { return io.NopCloser(strings.NewReader("value\n")), 6, nil }
	_, err := host.Client.ImportWatchlist(context.Background(), name, open, client.WatchlistImport{Type: kind, Description: &about})
	return err
}

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "logcenter-assets-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir) //nolint:errcheck // it is in the temporary folder
	list := filepath.Join(dir, "assets.csv")
	if err := os.WriteFile(list, []byte("id,name,type,hostname,system,criticality\nA-1,核心防火墙,firewall,fw-core-02,Core,high\nA-2,VPN,firewall,fw-vpn-01,,\n"), 0o600); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if host, err = hosttest.Start(hosttest.Options{
		Config: fmt.Sprintf("plugins: {settings: {asset: {config: {sources: [{path: %s}]}}}}\n", list) + "streams:\n  - {name: web, query: 'event.dataset:nginx.access', description: Web servers}\n  - {name: ips, query: 'event.dataset:nsfocus.ips'}\n",
	}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer host.Close()
	for name, kind := range map[string]string{"scanners": "ip", "staff": "user"} {
		if err := makeList(name, kind); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
	}
	lines, err := hosttest.Sample{Lines: 600, Start: begin, Span: time.Hour}.Make(context.Background())
	if err == nil {
		err = host.Feed(context.Background(), lines)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// ask sends a request to the resources, as Grafana does.
func ask(t *testing.T, c *client.Client, s model.Settings, method, path, body string) (int, map[string]any) {
	t.Helper()
	w := httptest.NewRecorder()
	r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
	resource.New(c, s).ServeHTTP(w, r)
	var v map[string]any
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &v), "%s", w.Body)
	assert.Equal(t, "application/json", w.Header().Get("Content-Type"))
	return w.Code, v
}

func get(t *testing.T, path string, params ...string) map[string]any {
	t.Helper()
	v := url.Values{"from": {fmt.Sprint(begin.UnixMilli())}, "to": {fmt.Sprint(begin.Add(time.Hour).UnixMilli())}}
	for i := 0; i < len(params); i += 2 {
		v.Set(params[i], params[i+1])
	}
	code, a := ask(t, host.Client, model.Settings{}, http.MethodGet, path+"?"+v.Encode(), "")
	require.Equal(t, http.StatusOK, code, a)
	return a
}

func post(t *testing.T, path string, body map[string]any) map[string]any {
	t.Helper()
	for k, v := range map[string]any{"from": begin.UnixMilli(), "to": begin.Add(time.Hour).UnixMilli()} {
		if _, ok := body[k]; !ok {
			body[k] = v
		}
	}
	b, err := json.Marshal(body)
	require.NoError(t, err)
	code, a := ask(t, host.Client, model.Settings{}, http.MethodPost, path, string(b))
	require.Equal(t, http.StatusOK, code, a)
	return a
}

// column lists a value of each element of a list.
func column(t *testing.T, a map[string]any, list, name string) []string {
	t.Helper()
	all, ok := a[list].([]any)
	require.True(t, ok, "%v", a)
	out := []string{}
	for _, e := range all {
		out = append(out, fmt.Sprint(e.(map[string]any)[name]))
	}
	return out
}

func TestFieldsAndValues(t *testing.T) {
	names := column(t, get(t, "/fields"), "fields", "name")
	assert.Contains(t, names, "source.ip")
	assert.Contains(t, names, "http.response.status_code")
	names = column(t, get(t, "/fields", "query", "event.dataset:nsfocus.ips"), "fields", "name")
	assert.NotContains(t, names, "http.response.status_code")

	assert.ElementsMatch(t, []string{"GET", "POST"}, column(t, get(t, "/field-values", "field", "http.request.method", "query", "http.request.method:(GET OR POST)"), "values", "text"))
	assert.Equal(t, []string{"POST"}, column(t, get(t, "/field-values", "field", "http.request.method", "prefix", "pos"), "values", "text"))
	assert.Equal(t, []string{"200"}, column(t, get(t, "/field-values", "field", "http.response.status_code", "prefix", "200"), "values", "text"))
	for _, ip := range column(t, get(t, "/field-values", "field", "source.ip", "prefix", "10.16.", "size", "5"), "values", "text") {
		assert.True(t, strings.HasPrefix(ip, "10.16."), ip)
	}
	a := get(t, "/field-values", "field", "nobody.has.it")
	assert.Empty(t, a["values"])
	values := get(t, "/field-values", "field", "log.level", "size", "1")
	assert.Len(t, values["values"], 1)
	assert.Greater(t, values["distinct"], 1.0)
}

func TestLists(t *testing.T) {
	assert.Equal(t, []string{"ips", "web"}, column(t, get(t, "/streams"), "streams", "name"))
	rules := get(t, "/rules")
	assert.Greater(t, len(column(t, rules, "rules", "id")), 50)
	assert.NotContains(t, column(t, rules, "rules", "severity"), "")
	assets := get(t, "/assets")
	assert.ElementsMatch(t, []string{"A-1", "A-2"}, column(t, assets, "assets", "id"))
	one := assets["assets"].([]any)[slices.Index(column(t, assets, "assets", "id"), "A-1")].(map[string]any)
	delete(one, "count")
	assert.Equal(t, map[string]any{"id": "A-1", "name": "核心防火墙", "type": "firewall", "system": "Core", "criticality": "high"}, one)
}

func TestVariables(t *testing.T) {
	f := func(body map[string]any) []string {
		t.Helper()
		return column(t, post(t, "/variable", body), "values", "value")
	}
	assert.Equal(t, []string{"ips", "web"}, f(map[string]any{"kind": "streams"}))
	assert.Contains(t, f(map[string]any{"kind": "fields"}), "source.ip")
	assert.Equal(t, []string{"nsfocus.ips"}, f(map[string]any{"kind": "values", "field": "event.dataset", "stream": "ips"}))
	assert.Equal(t, []string{"nginx.access"}, f(map[string]any{"kind": "values", "field": "event.dataset", "query": "event.dataset:ng*"}))
	assert.Greater(t, len(f(map[string]any{"kind": "rules"})), 50)
	assert.ElementsMatch(t, []string{"A-1", "A-2"}, f(map[string]any{"kind": "assets"}))
	assert.ElementsMatch(t, []string{"核心防火墙", "VPN"}, column(t, post(t, "/variable", map[string]any{"kind": "assets"}), "values", "text"))
}

func TestValidate(t *testing.T) {
	f := func(text string, want map[string]any) {
		t.Helper()
		assert.Equal(t, want, post(t, "/query/validate", map[string]any{"query": text}))
	}
	none := []any{}
	f("source.ip:10.0.0.0/8", map[string]any{"valid": true, "warnings": none})
	f("", map[string]any{"valid": true, "warnings": none})
	f(`😀 "张三`, map[string]any{"valid": false, "warnings": none, "error": map[string]any{
		"message": "unclosed quote", "hint": `close it with ", or write \" to search for the sign`, "start": 3.0, "end": 6.0,
	}})
	f("张 http.response.status_code:ok", map[string]any{"valid": false, "warnings": none, "error": map[string]any{
		"message": `"ok" is not a whole number, and http.response.status_code is a long field`, "hint": "write digits with an optional -, e.g. 443 or -5, within 64 bits",
		"start": 2.0, "end": 30.0,
	}})
	f("张 soruce.ip:x", map[string]any{"valid": true, "warnings": []any{map[string]any{
		"message": "no plugin declares a field soruce.ip", "hint": "did you mean source.ip?", "start": 2.0, "end": 11.0,
	}}})
	// What a variable will be is not known yet.
	f("http.response.status_code:$code", map[string]any{"valid": true, "warnings": none})
	f("http.response.status_code:(${codes:lucene} OR 5)", map[string]any{"valid": true, "warnings": none})
}

func TestComplete(t *testing.T) {
	f := func(marked string, want ...string) map[string]any {
		t.Helper()
		before, after, ok := strings.Cut(marked, "|")
		require.True(t, ok)
		a := post(t, "/query/complete", map[string]any{"query": before + after, "caret": len([]rune(before))})
		inserts := column(t, a, "items", "insert")
		require.GreaterOrEqual(t, len(inserts), len(want), "%s: %v", marked, inserts)
		if len(want) == 0 {
			assert.Empty(t, inserts, marked)
			return a
		}
		assert.Equal(t, want, inserts[:len(want)], marked)
		return a
	}
	a := f("用户 source.i|", "source.ip:")
	assert.Equal(t, []any{3.0, 11.0}, []any{a["start"], a["end"]})
	assert.Equal(t, "field", a["items"].([]any)[0].(map[string]any)["kind"])
	f("status_c|", "http.response.status_code:")
	f("sour|ce.ip:10.0.0.1", "source.ip")
	f("a |", "AND ", "OR ", "NOT ")
	f("a AND |", "NOT ")
	f("a O|", "OR ")
	f("http.request.method:P|", "POST")
	f("http.request.method:(GET OR p|", "POST")
	f(`http.request.method:"p|"`, `"POST"`)
	// Values are those under the rest of the query.
	f("event.dataset:nsfocus.ips AND http.request.method:|", "*")
	f("NOT event.dataset:nginx.access AND event.dataset:ng|")
	f("(http.request.method:GET AND (event.dataset:|", "nginx.access")
	f("logcenter.stream:w|", "web")
	f("source.ip:li|", "list(")
	a = f("用户 source.ip:list(|", "scanners)")
	assert.Equal(t, []any{18.0, 18.0}, []any{a["start"], a["end"]})
	f("source.ip:list(s|can)", "scanners")
	f("user.name:(a OR list(st|", "staff)")
	f("source.ip:list(st|")
	f("http.response.status_code:li|")
	f("@timestamp:>now-1|", "now-1h", "now-1d/d")
	f("message:/a|/")
}

func TestWatchlists(t *testing.T) {
	a := get(t, "/watchlists")
	assert.Equal(t, []any{
		map[string]any{"name": "scanners", "type": "ip", "entries": 0.0, "description": "of scanners"},
		map[string]any{"name": "staff", "type": "user", "entries": 0.0, "description": "of staff"},
	}, a["watchlists"])
}

func TestCompleteOfWhatIsNoText(t *testing.T) {
	for _, body := range []string{`{"query":"a","caret":-5}`, `{"query":"a","caret":99}`, `{"query":"` + strings.Repeat("x", 20000) + `","caret":3}`} {
		code, a := ask(t, host.Client, model.Settings{}, http.MethodPost, "/query/complete", body)
		assert.Equal(t, http.StatusOK, code, a)
		assert.NotNil(t, a["items"])
	}
}

func TestBuilder(t *testing.T) {
	a := post(t, "/query/parse", map[string]any{"query": `log.level:(Error OR Fatal) NOT "a b"`})
	assert.Equal(t, map[string]any{"join": "AND", "clauses": []any{
		map[string]any{"field": "log.level", "op": "any_of", "values": []any{"Error", "Fatal"}, "quoted": false},
		map[string]any{"op": "is", "values": []any{"a b"}, "quoted": true, "negated": true},
	}}, a)
	a = post(t, "/query/print", a)
	assert.Equal(t, map[string]any{"query": `(log.level:Error OR log.level:Fatal) AND NOT "a b"`}, a)
}

func TestRefused(t *testing.T) {
	f := func(method, path, body string, code int, want string) {
		t.Helper()
		got, a := ask(t, host.Client, model.Settings{}, method, path, body)
		assert.Equal(t, code, got, a)
		e, ok := a["error"].(map[string]any)
		require.True(t, ok, a)
		assert.Contains(t, e["message"], want)
	}
	f("GET", "/nothing", "", 404, "there is no resource")
	f("POST", "/fields", "", 405, "POST is not possible here")
	f("GET", "/query/parse", "", 405, "GET is not possible here")
	f("POST", "/query/parse", "{", 400, "the request is not as it should be: unexpected end of JSON input")
	f("POST", "/query/parse", `{"query":"a AND"}`, 400, "AND has nothing on its right")
	f("POST", "/query/parse", `{"query":"`+strings.Repeat("x", 300<<10)+`"}`, 413, "the request has more than 262144 bytes")
	f("POST", "/query/print", `{"clauses":[{"op":"is","values":["a"]}],"join":"XOR"}`, 400, "is not possible")
	f("GET", "/field-values?field=a%3Ab", "", 400, "is not the name of a field")
	f("GET", "/field-values?field=log.level&size=1001", "", 400, "1001 values are not possible: 1 to 1000")
	f("GET", "/field-values?field=log.level&size=x", "", 400, "is not a number")
	f("GET", "/fields?from=yesterday", "", 400, "from")
	f("GET", "/fields?stream=nowhere", "", 404, "nowhere")
	f("POST", "/variable", `{"kind":"cats"}`, 400, "there is no kind of variable cats")
	f("POST", "/variable", `{"kind":"values","field":"log.level","from":true}`, 400, "true is not a time")
}

// A token that is not enough is not the user's to mend, and no browser is told 401: Grafana would ask for its own password.
func TestWrongToken(t *testing.T) {
	c, err := client.New(client.Options{URL: host.URL, Token: "not-a-token-of-this-host-at-all-12345"})
	require.NoError(t, err)
	code, a := ask(t, c, model.Settings{}, http.MethodGet, "/fields", "")
	assert.Equal(t, http.StatusBadGateway, code)
	assert.Contains(t, fmt.Sprint(a), "the token in the datasource's settings is not enough")
	assert.NotContains(t, fmt.Sprint(a), "not-a-token")
}

// The datasource's stream counts where none is named; * is all events.
func TestStreamOfTheDatasource(t *testing.T) {
	f := func(stream string, want ...string) {
		t.Helper()
		code, a := ask(t, host.Client, model.Settings{Stream: "ips"}, http.MethodPost, "/variable",
			fmt.Sprintf(`{"kind":"values","field":"event.dataset","query":"event.dataset:(nsfocus.ips OR nginx.access)","stream":%q,"from":"%d","to":%d}`,
				stream, begin.UnixMilli(), begin.Add(time.Hour).UnixMilli()))
		require.Equal(t, http.StatusOK, code, a)
		assert.ElementsMatch(t, want, column(t, a, "values", "value"))
	}
	f("", "nsfocus.ips")
	f("web", "nginx.access")
	f("*", "nginx.access", "nsfocus.ips")
}
