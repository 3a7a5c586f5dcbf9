package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/api"
	"github.com/logcenter/logcenter/host/deadletter"
	"github.com/logcenter/logcenter/host/input"
	"github.com/logcenter/logcenter/host/journal"
	"github.com/logcenter/logcenter/host/rollout"
	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/host/store/storetest"
	"github.com/logcenter/logcenter/host/stream"
	"github.com/logcenter/logcenter/sdk/query"
	"github.com/logcenter/logcenter/sdk/wire"
)

// updating says whether the expected output is written anew: -update, a flag of package plugintest.
func updating() bool { return flag.Lookup("update").Value.(flag.Getter).Get().(bool) }

// golden compares with a file in testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if updating() {
		require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, string(want), got, "run `go test ./host/cmd/logcenter -update` and read the difference")
}

// run executes one command line.
func run(t *testing.T, args ...string) (code int, out, errs string) {
	t.Helper()
	return runWithin(t.Context(), args...)
}

func runWithin(ctx context.Context, args ...string) (code int, out, errs string) {
	var stdout, stderr syncBuffer
	code = execute(ctx, args, strings.NewReader(""), &stdout, &stderr)
	return code, stdout.String(), stderr.String()
}

// syncBuffer may be read while a command writes.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// runs executes a command line that must succeed.
func runs(t *testing.T, args ...string) (out, errs string) {
	t.Helper()
	code, out, errs := run(t, args...)
	require.Equal(t, exitOK, code, "%q: %s", args, errs)
	return out, errs
}

const adminToken = "admin-token-of-more-than-32-characters"

// testHost is the real API over parts that the test controls.
type testHost struct {
	mu       sync.Mutex
	events   []store.Event // newest first
	aggs     []store.AggResult
	asked    store.AggregateRequest
	search   store.SearchRequest
	plugin   api.PluginInfo
	status   string
	tail     chan []store.Event
	followed chan struct{} // one for each tail that begins
	failScan int           // Scan fails behind so many events, once
	ingested []string
	keys     []string
	refuse   int // so many requests with records are refused
	replicas int

	url string
}

func newHost(t *testing.T) *testHost {
	t.Helper()
	for _, name := range []string{"LOGCENTER_URL", "LOGCENTER_TOKEN", "LOGCENTER_TOKEN_FILE"} {
		t.Setenv(name, "")
	}
	t.Setenv("TZ", "Asia/Shanghai")
	h := &testHost{
		events: traffic(), replicas: 1, status: api.StatusOK, tail: make(chan []store.Event), followed: make(chan struct{}, 8),
		plugin: api.PluginInfo{
			ID: "geoip", Kind: "enricher", Version: "1.2.0", Description: "Adds countries to addresses.", State: "running", PID: 4711,
			Started: time.Date(2026, 10, 11, 4, 0, 0, 0, time.UTC), Restarts: 1, Calls: 120, Rows: 1234567, Errors: 3, Retries: 40, Undeclared: 1200, CPUSeconds: 4.5, MsPerMB: 2.125, MemoryBytes: 31_400_000,
			Accepts: json.RawMessage(`{"input": "*"}`), Reads: []string{"source.ip", "destination.ip"}, Writes: []string{"source.geo.country_iso_code"},
			ConfigSchema: json.RawMessage(`{"type":"object","properties":{"database":{"type":"string","description":"database is an mmdb file; 空 uses the built-in one.","default":""},
				"cache":{"type":"object","properties":{"size":{"type":["string","integer"],"default":"64MiB"}}},"mode":{"type":"string","enum":["city","country"]}}}`),
		},
	}
	streams, err := stream.Open(filepath.Join(t.TempDir(), "streams.json"), []stream.Stream{{Name: "errors", Query: "log.level:Error", Description: "夜班看这里"}})
	require.NoError(t, err)
	log := logrus.New()
	log.SetOutput(io.Discard)
	server, err := api.New(api.Options{
		Store: memStore{h}, Replicas: memStore{h}, Scoper: h, Plugins: plugins{h}, Streams: streams, Inputs: inputs{}, Consumers: consumers{}, DeadLetters: letters{}, Drift: drifts{},
		Tail: h, Health: h, Ingest: h, Metrics: prometheus.NewRegistry(), ExportDir: filepath.Join(t.TempDir(), "exports"),
		Log: logrus.NewEntry(log), Version: "1.2.3",
	})
	require.NoError(t, err)
	web := httptest.NewUnstartedServer(nil)
	web.Config = api.NewHTTPServer(server)
	web.Start()
	t.Cleanup(func() {
		web.CloseClientConnections()
		web.Close()
		server.Close()
	})
	h.url = web.URL
	t.Setenv("LOGCENTER_URL", web.URL)
	t.Setenv("LOGCENTER_TOKEN", adminToken)
	return h
}

var noon = time.Date(2026, 10, 11, 4, 0, 0, 0, time.UTC) // 12:00 in Shanghai

// traffic is a few events, newest first.
func traffic() []store.Event {
	lines := []struct{ level, dataset, host, user, message string }{
		{"Error", "dptech.system", "fw01", "张三", "<187>Oct 11 12:00:03 fw01%%FW/USER/3/SYSLOG: 用户张三登录失败，原因：密码错误"},
		{"Info", "nginx.access", "web01", "", `198.51.100.7 - - "GET /index.html HTTP/1.1" 200 512`},
		{"Warn", "nsfocus.ips", "ips01", "", "danger_degree:2;event:'[1] \x1b[31mred\x07 alert'\ttail"},
		{"Info", "nginx.access", "web02", "admin", `203.0.113.9 - admin "GET /a,b HTTP/1.1" 404 "-"`},
	}
	var events []store.Event
	for i, l := range lines {
		pos := store.Position(1, uint16(len(lines)-i), 0)
		ev := store.Event{
			"@timestamp": noon.Add(time.Duration(len(lines)-i) * time.Second), "event.id": store.EventID{Journal: "j", Position: pos}.String(),
			"message": l.message, "log.level": l.level, "event.dataset": l.dataset, "host.name": l.host, "logcenter.position": pos,
			"source.ip": netip.AddrFrom4([4]byte{192, 0, 2, byte(i)}), "event.category": []any{"network", "session"},
		}
		if l.user != "" {
			ev["user.name"] = l.user
		}
		events = append(events, ev)
	}
	return events
}

func (h *testHost) Caller(_ context.Context, token string) (api.Caller, error) {
	switch token {
	case adminToken:
		return api.Caller{Name: "admin", Admin: true, Scope: store.Everything()}, nil
	case "reader":
		return api.Caller{Name: "reader", Scope: store.Everything()}, nil
	default:
		return api.Caller{}, api.ErrToken
	}
}

func (h *testHost) Subscribe(context.Context, query.Node, store.Scope) (<-chan []store.Event, func() uint64, error) {
	h.followed <- struct{}{}
	return h.tail, func() uint64 { return 7 }, nil
}

func (h *testHost) Components(context.Context) ([]api.Component, error) {
	return []api.Component{
		{Name: "store", Status: api.StatusOK},
		{Name: "journal raw", Status: h.status, Reason: "disk is 97% full", Advice: "free space on /var"},
	}, nil
}

func (h *testHost) Authorized(string, string) bool { return true }

func (h *testHost) Sender(string) (string, bool) { return "", false }

func (h *testHost) Handler(in string) http.Handler {
	if in != "web" {
		return nil
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.mu.Lock()
		defer h.mu.Unlock()
		if h.refuse > 0 {
			h.refuse--
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		b, _ := io.ReadAll(r.Body)
		h.ingested = append(h.ingested, string(b))
		h.keys = append(h.keys, r.Header.Get("Idempotency-Key"))
		_, _ = w.Write([]byte(`{}`))
	})
}

type plugins struct{ *testHost }

func (p plugins) List(context.Context) ([]api.PluginInfo, error) {
	broken := api.PluginInfo{ID: "acmefw", Kind: "parser", Version: "0.1", State: "quarantined", Reason: "it crashed 5 times in 2m: exit status 2"}
	return []api.PluginInfo{broken, p.plugin}, nil
}

func (p plugins) Info(_ context.Context, id string) (api.PluginInfo, error) { return p.set(id, "") }

func (p plugins) Enable(_ context.Context, id, _ string) (api.PluginInfo, error) {
	return p.set(id, "running")
}

func (p plugins) Disable(_ context.Context, id, _ string, _ bool) (api.PluginInfo, error) {
	return p.set(id, "disabled")
}

func (p plugins) Reconfigure(_ context.Context, id string, check bool) (api.Reconfigured, error) {
	one, err := p.set(id, "")
	return api.Reconfigured{Changed: true, Checked: check, Plugin: one}, err
}

func (p plugins) Upgrade(ctx context.Context, id string, to api.NewVersion, o rollout.Options) (rollout.Report, error) {
	r, err := p.Rollout(ctx, id)
	r.Mode = cmp.Or(o.Mode, rollout.Direct)
	if o.Check {
		r.State = rollout.Checked
	}
	if to.Folder != "" {
		r.Folder = to.Folder
	}
	return r, err
}

func (p plugins) Promote(ctx context.Context, id string) (rollout.Report, error) {
	r, err := p.Rollout(ctx, id)
	r.State = rollout.Promoted
	return r, err
}

func (p plugins) Abort(ctx context.Context, id string) (rollout.Report, error) {
	r, err := p.Rollout(ctx, id)
	r.State = rollout.Aborted
	return r, err
}

func (p plugins) Rollback(ctx context.Context, id string) (rollout.Report, error) {
	return p.Promote(ctx, id)
}

func (p plugins) Rollout(_ context.Context, id string) (rollout.Report, error) {
	one, err := p.set(id, "")
	return rolled(id, one.Version), err
}

// rolled is a canary that is under way.
func rolled(id, from string) rollout.Report {
	return rollout.Report{
		Plugin: id, Mode: rollout.Canary, State: rollout.Running, From: from, To: "2.0.0", Folder: "/opt/" + id, Share: 0.05,
		Started: time.Date(2026, 10, 11, 4, 0, 0, 0, time.UTC), Until: time.Date(2026, 10, 11, 4, 10, 0, 0, time.UTC), More: []string{"connect to 192.0.2.1:53"},
		Compared: 4000, Skipped: 2,
		Old: rollout.Side{Batches: 95, Events: 9500, Errors: 3, MsPerMB: 2.125, Latency: 3.5}, New: rollout.Side{Batches: 5, Events: 500, MsPerMB: 2.5, Latency: 4},
		Fields: []rollout.Field{
			{Name: "source.geo.country_iso_code", OnlyOld: 12, Changed: 3, Equal: 485, OldFill: 0.98, NewFill: 0.95, Samples: []rollout.Sample{{Way: "changed", Line: "user 张三 from 203.0.113.9 password=***", Old: "CN", New: "HK"}}},
			{Name: "source.ip", Equal: 500, OldFill: 1, NewFill: 1},
		},
	}
}

func (p plugins) set(id, state string) (api.PluginInfo, error) {
	if id != p.plugin.ID {
		return api.PluginInfo{}, fmt.Errorf("plugin %s %w", id, api.ErrNotFound)
	}
	p.plugin.State = cmp.Or(state, p.plugin.State)
	return p.plugin, nil
}

type inputs struct{}

func (inputs) List(context.Context) ([]input.Stats, error) {
	return []input.Stats{{
		Name: "syslog", Kind: "syslog", State: "running", Address: []string{"udp://127.0.0.1:5514", "tcp://127.0.0.1:5514"},
		Records: 1234, Bytes: 567890, Truncated: 2, Dropped: map[string]int64{"kernel_buffer": 12, "empty": 3}, LastRecord: noon,
	}, {Name: "web", Kind: "file", State: "failed", LastError: "open /var/log/nginx/access.log: permission denied"}}, nil
}

type consumers struct{}

func (consumers) List(context.Context) ([]api.JournalInfo, error) {
	return []api.JournalInfo{
		{Name: "raw", ID: "j", Stats: journal.Stats{First: 1, Last: 9, Bytes: 8 << 20, MaxBytes: 8 << 30, Groups: []journal.GroupStats{{Name: "pipeline", Lag: 2, LagBytes: 4096, Required: true}}}},
		{Name: "events", ID: "e", Stats: journal.Stats{Full: true, Bytes: 1 << 30, MaxBytes: 1 << 30, Groups: []journal.GroupStats{{Name: "feed:soc", Detached: true, Lag: 70}}}},
	}, nil
}

type letters struct{}

// List has three pages; each letter says what was asked for.
func (letters) List(_ context.Context, f deadletter.Filter, cursor string, limit int) (api.DeadLetterPage, error) {
	n, _ := strconv.Atoi(cursor)
	p := api.DeadLetterPage{Letters: []api.DeadLetter{{
		ID: strconv.Itoa(n + 1), Time: noon, Stage: "parser", Plugin: "nginx", Version: "1.2.0", Reason: "poison",
		Message: fmt.Sprintf("%s, at most %d", f.Query, limit), Text: "GET /\x1b[0m", Address: "192.0.2.1:514", Held: true,
	}}}
	if n < 2 {
		p.Cursor = strconv.Itoa(n + 1)
	}
	return p, nil
}

func (letters) Count(_ context.Context, _ deadletter.Filter, by []string) ([]api.DeadLetterCount, error) {
	c := api.DeadLetterCount{Values: map[string]string{}, Letters: 7, Held: 3, First: noon, Last: noon.Add(time.Hour)}
	for _, name := range by {
		c.Values[name] = "some " + name
	}
	return []api.DeadLetterCount{c}, nil
}

func (letters) Redrive(_ context.Context, r api.RedriveRequest) (api.RedriveResult, error) {
	if r.DryRun {
		return api.RedriveResult{Selected: 9, Redriven: 3, Already: 4, NotHeld: 2, Unknown: 1}, nil
	}
	return api.RedriveResult{Selected: 9, Redriven: 2, Already: 4, NotHeld: 2, Unknown: 1, Failed: 1, Error: "disk is full"}, nil
}

// memStore answers with the host's events, whatever is asked for; that stores select right is proved elsewhere.
type memStore struct{ *testHost }

func (m memStore) Replicas(context.Context) (store.Replicas, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return store.Replicas{Wanted: m.replicas, Missing: 3 * (m.replicas - 1)}, nil
}

func (m memStore) SetReplicas(_ context.Context, n int) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.replicas = n
	return nil
}

func (m memStore) Search(_ context.Context, _ store.Scope, r store.SearchRequest) (*store.Page, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.search = r
	from, _ := strconv.Atoi(r.Cursor)
	to := min(from+r.Limit, len(m.events))
	p := &store.Page{Total: int64(len(m.events)), Events: m.events[from:to]}
	if to < len(m.events) {
		p.Cursor = strconv.Itoa(to)
	}
	return p, nil
}

func (m memStore) Aggregate(_ context.Context, _ store.Scope, r store.AggregateRequest) (*store.AggregateResult, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.asked = r
	return &store.AggregateResult{Total: int64(len(m.events)), Aggs: m.aggs}, nil
}

func (m memStore) Fields(context.Context, store.Scope, store.Selection) ([]store.FieldInfo, error) {
	return []store.FieldInfo{
		{Name: "@timestamp", Type: "date", Declared: true, Count: 4},
		{Name: "event.category", Type: "keyword", List: true, Declared: true, Count: 4},
		{Name: "vendor.odd", Type: "flattened", Count: 1},
	}, nil
}

func (m memStore) FieldStats(_ context.Context, _ store.Scope, r store.FieldStatsRequest) (*store.FieldStats, error) {
	return &store.FieldStats{
		Field: r.Field, Type: "keyword", Count: 2, Missing: 2, Distinct: 2,
		Top: []store.Bucket{{Key: "张三", Text: "张三", Count: 1}, {Key: "admin", Text: "admin", Count: 1}},
	}, nil
}

func (m memStore) Scan(ctx context.Context, _ store.Scope, r store.ScanRequest) iter.Seq2[store.ScanBatch, error] {
	return func(yield func(store.ScanBatch, error) bool) {
		all := slices.Clone(m.events)
		slices.Reverse(all)
		from, _ := strconv.Atoi(r.Resume)
		for from < len(all) && ctx.Err() == nil {
			m.mu.Lock()
			broken := m.failScan > 0 && from >= m.failScan
			if broken {
				m.failScan = 0
			}
			m.mu.Unlock()
			if broken {
				yield(store.ScanBatch{}, fmt.Errorf("disk is broken"))
				return
			}
			to := min(from+100, len(all))
			rows := make([]storetest.Event, 0, to-from)
			for _, ev := range all[from:to] {
				rows = append(rows, storetest.Event{"@timestamp": ev["@timestamp"], "message": ev["message"], "log.level": ev["log.level"]})
			}
			b, err := storetest.Batch(uint64(from), rows)
			if !yield(store.ScanBatch{Batch: b, Token: strconv.Itoa(to), Done: int64(to), Total: int64(len(all))}, err) {
				return
			}
			from = to
		}
	}
}

func (memStore) Append(context.Context, uint64, []*wire.Batch) error { return nil }
func (memStore) Durable() uint64                                     { return 0 }
func (memStore) Flush(context.Context) error                         { return nil }
func (memStore) Import(context.Context, store.ImportRequest) (store.Import, error) {
	return nil, store.ErrRequest
}
func (memStore) Adopt(context.Context, uint64) error                   { return nil }
func (memStore) Stats() store.Stats                                    { return store.Stats{} }
func (memStore) Close() error                                          { return nil }
func (memStore) Partitions(context.Context) ([]store.Partition, error) { return nil, nil }
func (memStore) DropPartition(context.Context, string) error           { return nil }
