package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/grafana/internal/hosttest"
	"github.com/logcenter/logcenter/grafana/internal/pluginv2"
	"github.com/logcenter/logcenter/sdk/client"
)

// pluginPath is where Grafana serves a plugin's files.
const pluginPath = "/public/plugins/" + pluginv2.ID + "/"

// The built frontend, on Grafana's own packages in a real browser, with the built backend behind it: browser/operate.mjs does
// what an admin and an analyst do. Needs what `make grafana-frontend` leaves, and Chromium.
func TestEditorsInABrowser(t *testing.T) {
	root, err := hosttest.Root()
	require.NoError(t, err)
	dir := filepath.Join(root, "grafana")
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("SKIPPED: there is no node")
	}
	browser := chromium()
	if browser == "" {
		t.Skip("SKIPPED: there is no Chromium; apt-get install chromium")
	}
	for _, needed := range []string{"dist/module.js", "node_modules/playwright-core"} {
		if _, err := os.Stat(filepath.Join(dir, needed)); err != nil {
			t.Skipf("SKIPPED: grafana/%s is missing; make grafana-frontend", needed)
		}
	}
	w := theWorld(t)
	for _, name := range []string{"seen-before", "other"} {
		open := func() (io.ReadCloser, int64, error) {
			const entries = "value\n10.16.0.1\n"
			return io.NopCloser(strings.NewReader(entries)), int64(len(entries)), nil
		}
		_, err := w.host.Client.ImportWatchlist(t.Context(), name, open, client.WatchlistImport{Type: "ip"})
		require.NoError(t, err)
	}
	page := filepath.Join(t.TempDir(), "page.js")
	bundle := exec.CommandContext(t.Context(), node, filepath.Join(dir, "e2e/browser/bundle.mjs"), page)
	out, err := bundle.CombinedOutput()
	require.NoError(t, err, "%s", out)

	server := httptest.NewServer(newBridge(w, dir, page))
	defer server.Close()
	pictures := os.Getenv("LOGCENTER_PICTURES")
	if pictures == "" {
		pictures = t.TempDir()
	}
	operate := exec.CommandContext(t.Context(), node, filepath.Join(dir, "e2e/browser/operate.mjs"))
	operate.Env = append(os.Environ(), "PAGE="+server.URL, "CHROMIUM="+browser, "PICTURES="+pictures, "HOST="+w.host.URL, "TOKEN="+w.host.Token,
		"FROM="+strconv.FormatInt(w.from.UnixMilli(), 10), "TO="+strconv.FormatInt(w.to.UnixMilli(), 10))
	out, err = operate.CombinedOutput()
	require.NoError(t, err, "%s", out)
	t.Logf("%s", out)
}

func chromium() string {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

// bridge is Grafana's server as far as the page needs it.
type bridge struct {
	w   *world
	mux *http.ServeMux

	mu sync.Mutex
	ds pluginv2.Datasource // as it was saved last
}

func newBridge(w *world, dir, page string) http.Handler {
	b := &bridge{w: w, mux: http.NewServeMux(), ds: w.datasource()}
	file := func(name string) http.HandlerFunc {
		return func(rw http.ResponseWriter, r *http.Request) { http.ServeFile(rw, r, name) }
	}
	b.mux.HandleFunc("GET /{$}", file(filepath.Join(dir, "e2e/browser/index.html")))
	b.mux.HandleFunc("GET /page.js", file(page))
	b.mux.Handle("GET "+pluginPath, http.StripPrefix(pluginPath, http.FileServer(http.Dir(filepath.Join(dir, "dist")))))
	icons := filepath.Join(dir, "node_modules/@grafana/ui/dist/public/img")
	b.mux.Handle("GET /public/build/img/", http.StripPrefix("/public/build/img/", http.FileServer(http.Dir(icons))))
	b.mux.HandleFunc("POST /save", b.save)
	b.mux.HandleFunc("POST /feed", b.feed)
	b.mux.HandleFunc("POST /api/ds/query", b.query)
	b.mux.HandleFunc("GET /api/datasources/uid/logcenter/health", b.health)
	b.mux.HandleFunc("/api/datasources/uid/logcenter/resources/{path...}", b.resource)
	b.mux.HandleFunc("GET /live/{path...}", b.live)
	return b.mux
}

func (b *bridge) datasource() pluginv2.Datasource {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.ds
}

// save keeps a datasource as the config page has it; secrets that it does not send again stay.
func (b *bridge) save(rw http.ResponseWriter, r *http.Request) {
	var o struct {
		URL    string            `json:"url"`
		JSON   map[string]any    `json:"jsonData"`
		Secure map[string]string `json:"secureJsonData"`
	}
	if !decode(rw, r, &o) {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	secure := map[string]string{}
	for _, from := range []map[string]string{b.ds.Secure, o.Secure} {
		for k, v := range from {
			secure[k] = v
		}
	}
	b.ds = pluginv2.Datasource{URL: o.URL, JSON: o.JSON, Secure: secure}
	reply(rw, http.StatusOK, struct{}{})
}

// feed sends lines to the host, by another input than that of the lines which are counted.
func (b *bridge) feed(rw http.ResponseWriter, r *http.Request) {
	lines, err := io.ReadAll(r.Body)
	if err == nil {
		_, err = b.w.host.Client.Ingest(r.Context(), "http", lines, client.IngestOptions{})
	}
	if err != nil {
		reply(rw, http.StatusInternalServerError, map[string]string{"message": err.Error()})
		return
	}
	reply(rw, http.StatusOK, struct{}{})
}

func (b *bridge) query(rw http.ResponseWriter, r *http.Request) {
	var body struct {
		From    string            `json:"from"`
		To      string            `json:"to"`
		Queries []json.RawMessage `json:"queries"`
	}
	if !decode(rw, r, &body) {
		return
	}
	from, to := millis(body.From), millis(body.To)
	queries := make([]backend.DataQuery, len(body.Queries))
	for i, q := range body.Queries {
		var head struct {
			RefID      string `json:"refId"`
			IntervalMS int64  `json:"intervalMs"`
			Points     int64  `json:"maxDataPoints"`
		}
		if err := json.Unmarshal(q, &head); err != nil {
			reply(rw, http.StatusBadRequest, map[string]string{"message": err.Error()})
			return
		}
		queries[i] = pluginv2.Query(head.RefID, q, from, to, time.Duration(head.IntervalMS)*time.Millisecond, head.Points)
	}
	res, err := b.w.plugin.Query(r.Context(), b.datasource().Context(), queries...)
	if err != nil {
		reply(rw, http.StatusInternalServerError, map[string]string{"message": err.Error()})
		return
	}
	status := http.StatusOK
	for _, one := range res {
		if one.Error != nil { // as Grafana: the answers are there all the same
			status = http.StatusBadRequest
		}
	}
	reply(rw, status, &backend.QueryDataResponse{Responses: res})
}

func millis(s string) time.Time {
	n, _ := strconv.ParseInt(s, 10, 64)
	return time.UnixMilli(n).UTC()
}

func (b *bridge) health(rw http.ResponseWriter, r *http.Request) {
	res, err := b.w.plugin.Health(r.Context(), b.datasource().Context())
	if err != nil {
		reply(rw, http.StatusInternalServerError, map[string]string{"message": err.Error()})
		return
	}
	status := http.StatusOK
	if res.Status != backend.HealthStatusOk {
		status = http.StatusBadRequest
	}
	reply(rw, status, map[string]any{"status": res.Status.String(), "message": res.Message, "details": json.RawMessage(res.JSONDetails)})
}

func (b *bridge) resource(rw http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	path := r.PathValue("path")
	if r.URL.RawQuery != "" {
		path += "?" + r.URL.RawQuery
	}
	var res *backend.CallResourceResponse
	if err == nil {
		res, err = b.w.plugin.Resource(r.Context(), b.datasource().Context(), r.Method, path, body)
	}
	if err != nil {
		reply(rw, http.StatusInternalServerError, map[string]string{"message": err.Error()})
		return
	}
	rw.Header().Set("Content-Type", "application/json")
	rw.WriteHeader(res.Status)
	_, _ = rw.Write(res.Body)
}

// live follows a stream, with server-sent events in the place of Grafana's websocket.
func (b *bridge) live(rw http.ResponseWriter, r *http.Request) {
	path, query, ds := r.PathValue("path"), []byte(r.URL.Query().Get("query")), b.datasource().Context()
	if _, err := b.w.plugin.Subscribe(r.Context(), ds, path, query); err != nil {
		reply(rw, http.StatusBadRequest, map[string]string{"message": err.Error()})
		return
	}
	rw.Header().Set("Content-Type", "text/event-stream")
	flush := http.NewResponseController(rw)
	_ = flush.Flush()
	err := b.w.plugin.Follow(r.Context(), ds, path, query, func(frame []byte) error {
		if _, err := fmt.Fprintf(rw, "data: %s\n\n", strings.ReplaceAll(string(frame), "\n", " ")); err != nil {
			return err
		}
		return flush.Flush()
	})
	if err != nil && !errors.Is(err, r.Context().Err()) {
		_, _ = fmt.Fprintf(rw, ": %s\n\n", err)
	}
}

func decode(rw http.ResponseWriter, r *http.Request, into any) bool {
	if err := json.NewDecoder(r.Body).Decode(into); err != nil {
		reply(rw, http.StatusBadRequest, map[string]string{"message": err.Error()})
		return false
	}
	return true
}

func reply(rw http.ResponseWriter, status int, v any) {
	rw.Header().Set("Content-Type", "application/json")
	rw.WriteHeader(status)
	_ = json.NewEncoder(rw).Encode(v)
}
