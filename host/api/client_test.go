package api_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/api"
	"github.com/logcenter/logcenter/host/input"
	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/sdk/client"
)

// The client and the API are two halves of one promise; here they meet.

func (f *fixture) client() *client.Client {
	f.t.Helper()
	c, err := client.New(client.Options{URL: f.http.URL, Token: adminToken})
	require.NoError(f.t, err)
	return c
}

var wholeDay = client.Selection{From: client.At(testDay.Add(-12 * time.Hour)), To: client.At(testDay)}

func TestClientSearches(t *testing.T) {
	f := newFixture(t)
	f.store.fill(25)
	c, ctx := f.client(), t.Context()
	n := 0
	for p, err := range c.Pages(ctx, client.SearchRequest{Selection: wholeDay, Limit: 10, Count: true, OldestFirst: true}) {
		require.NoError(t, err)
		if n == 0 {
			require.NotNil(t, p.Total)
			assert.EqualValues(t, 25, *p.Total)
			ev := p.Events[0]
			port, ok := ev.Int("source.port")
			assert.True(t, ok)
			assert.EqualValues(t, 1024, port)
			at, ok := ev.Time("@timestamp")
			assert.True(t, ok)
			assert.Equal(t, testDay.Add(-25*time.Second), at)
			assert.Equal(t, "a,b, c", ev.Text("tags"))
			assert.Equal(t, "journal-2-1-0", ev.ID())
			assert.Contains(t, ev.Message(), "登录失败")
			score, ok := ev.Float("event.risk_score")
			assert.True(t, ok)
			assert.InDelta(t, 0.5, score, 0)
			assert.JSONEq(t, `{"lat":31.25,"lon":121.5}`, ev.Text("source.geo.location"))
		}
		n += len(p.Events)
	}
	assert.Equal(t, 25, n)

	sel := wholeDay
	sel.Query = "log.level:Error"
	v := 2.5
	f.store.aggs = []store.AggResult{{Name: "a", Kind: store.Avg, Value: &v}}
	a, err := c.Aggregate(ctx, client.AggregateRequest{Selection: sel, Aggs: []client.Agg{{Kind: "avg", Field: "source.port"}}})
	require.NoError(t, err)
	assert.EqualValues(t, 9, a.Total)
	assert.InDelta(t, 2.5, *a.Aggs[0].Value, 0)
	fields, err := c.Fields(ctx, sel)
	require.NoError(t, err)
	assert.Equal(t, "@timestamp", fields[0].Name)
	values, err := c.FieldValues(ctx, "source.ip", sel, 3)
	require.NoError(t, err)
	assert.EqualValues(t, 9, values.Count)
	good, err := c.Validate(ctx, "a b")
	require.NoError(t, err)
	assert.True(t, good.Valid)
	bad, err := c.Validate(ctx, "(")
	require.NoError(t, err)
	assert.Equal(t, client.CodeBadQuery, bad.Error.Code)

	_, err = c.Search(ctx, client.SearchRequest{Selection: client.Selection{Query: `x "y`}})
	var e *client.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, 400, e.Status)
	assert.Equal(t, client.CodeBadQuery, e.Code)
	assert.Equal(t, &client.Position{Start: 2, End: 4}, e.Position)
	assert.Contains(t, e.Error(), "("+e.Hint+")")
}

var testFour = time.Date(2026, 10, 11, 4, 0, 0, 0, time.UTC)

func TestClientSeesTheHost(t *testing.T) {
	f := newFixture(t)
	f.parts.plugins = map[string]api.PluginInfo{"geoip": {ID: "geoip", State: "running", CPUSeconds: 1.5}}
	f.parts.inputs = []input.Stats{{Name: "syslog", Records: 3, Address: []string{"udp x"}, Dropped: map[string]int64{"kernel_buffer": 1}}}
	f.parts.journals = []api.JournalInfo{{Name: "raw"}}
	f.parts.letters = api.DeadLetterPage{Letters: []api.DeadLetter{{ID: "1", Reason: "x"}}}
	f.parts.counts = []api.DeadLetterCount{{Values: map[string]string{"plugin": "p", "version": "1.2"}, Letters: 3, Held: 2, First: testFour, Last: testFour}}
	f.parts.health = []api.Component{{Name: "store", Status: "degraded", Reason: "slow"}}
	c, ctx := f.client(), t.Context()

	plugins, err := c.Plugins(ctx)
	require.NoError(t, err)
	assert.InDelta(t, 1.5, plugins[0].CPUSeconds, 0)
	p, err := c.DisablePlugin(ctx, "geoip", false)
	require.NoError(t, err)
	assert.Equal(t, "disabled", p.State)
	p, err = c.EnablePlugin(ctx, "geoip")
	require.NoError(t, err)
	assert.Equal(t, "running", p.State)
	_, err = c.Plugin(ctx, "no such/plugin")
	assert.True(t, client.IsCode(err, client.CodeNotFound), "%v", err)
	inputs, err := c.Inputs(ctx)
	require.NoError(t, err)
	assert.EqualValues(t, 1, inputs[0].Dropped["kernel_buffer"])
	journals, err := c.Consumers(ctx)
	require.NoError(t, err)
	assert.Equal(t, "raw", journals[0].Name)
	letters, err := c.DeadLetters(ctx, client.DeadLetterFilter{Query: "plugin:p AND timeout", From: "2026-10-11 12:00:00", TimeZone: "Asia/Shanghai", Limit: 5, Cursor: "c"})
	require.NoError(t, err)
	assert.Equal(t, "x", letters.Letters[0].Reason)
	assert.Equal(t, asked{query: "plugin:p AND timeout", from: testFour, limit: 5, cursor: "c"}, f.parts.asked)
	counts, err := c.CountDeadLetters(ctx, client.DeadLetterFilter{Query: "state:held"}, "plugin", "version")
	require.NoError(t, err)
	assert.Equal(t, map[string]string{"plugin": "p", "version": "1.2"}, counts.Counts[0].Values)
	assert.Equal(t, asked{query: "state:held", by: []string{"plugin", "version"}}, f.parts.asked)
	redriven, err := c.Redrive(ctx, client.RedriveRequest{Query: "stage:store", From: "2026-10-11T04:00:00Z"})
	require.NoError(t, err)
	assert.Equal(t, client.RedriveResult{Selected: 3, Redriven: 1, Already: 1, NotHeld: 1}, *redriven)
	assert.Equal(t, asked{query: "stage:store", from: testFour}, f.parts.asked)
	h, err := c.Health(ctx)
	require.NoError(t, err)
	assert.Equal(t, "degraded", h.Status)

	s, err := c.PutStream(ctx, "web", "event.dataset:nginx.access", "网站")
	require.NoError(t, err)
	assert.Equal(t, "网站", s.Description)
	all, err := c.Streams(ctx)
	require.NoError(t, err)
	assert.Len(t, all, 2)
	require.NoError(t, c.DeleteStream(ctx, "web"))
	_, err = c.Stream(ctx, "web")
	assert.True(t, client.IsCode(err, client.CodeNotFound), "%v", err)

	in, err := c.Ingest(ctx, "web", []byte("line\n"), client.IngestOptions{})
	require.NoError(t, err)
	assert.Equal(t, &client.Ingested{Accepted: 1}, in)
	assert.Equal(t, []string{"line\n"}, f.parts.ingested)
}

// lossy is a proxy that breaks every third connection in the middle of the answer.
func lossy(t *testing.T, to string) *httptest.Server {
	t.Helper()
	u, err := url.Parse(to)
	require.NoError(t, err)
	proxy := httputil.NewSingleHostReverseProxy(u)
	var n atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if i := n.Add(1); i%3 == 0 && r.Method == http.MethodGet {
			rec := httptest.NewRecorder()
			proxy.ServeHTTP(rec, r)
			for k, v := range rec.Header() {
				w.Header()[k] = v
			}
			_, _ = w.Write(rec.Body.Bytes()[:rec.Body.Len()/2])
			panic(http.ErrAbortHandler)
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

func TestClientExportsOverABadLine(t *testing.T) {
	f := newFixture(t)
	f.big(1500)
	c, err := client.New(client.Options{URL: lossy(t, f.http.URL).URL, Token: adminToken})
	require.NoError(t, err)
	var file bytes.Buffer
	var last client.Progress
	steps := 0
	p, err := c.Export(t.Context(), client.ExportRequest{Selection: wholeDay}, &file, func(p client.Progress) error {
		steps++
		assert.Equal(t, int64(file.Len()), p.Bytes)
		assert.Greater(t, p.Rows, last.Rows)
		last = p
		return nil
	})
	require.NoError(t, err)
	assert.Equal(t, last, p)
	assert.True(t, p.Done)
	assert.EqualValues(t, 1500, p.Rows)
	assert.EqualValues(t, 1500, p.Total)
	assert.Greater(t, steps, 2)
	f.requireAll(file.String())
	all, err := f.client().Exports(t.Context())
	require.NoError(t, err)
	assert.Empty(t, all, "it was deleted")
}

// A client that is killed goes on from what it wrote down.
func TestClientGoesOnWithAnExport(t *testing.T) {
	f := newFixture(t)
	f.big(1500)
	c := f.client()
	path := filepath.Join(t.TempDir(), "export.ndjson")
	file, err := os.Create(path)
	require.NoError(t, err)
	killed := errors.New("killed")
	p, err := c.Export(t.Context(), client.ExportRequest{Selection: wholeDay}, file, func(client.Progress) error { return killed })
	require.ErrorIs(t, err, killed)
	assert.False(t, p.Done)
	_, err = file.WriteString("half a row that was not noted")
	require.NoError(t, err)
	require.NoError(t, file.Truncate(p.Bytes))
	_, err = file.Seek(p.Bytes, 0)
	require.NoError(t, err)
	p, err = f.client().Download(t.Context(), p, file, nil)
	require.NoError(t, err)
	assert.True(t, p.Done)
	require.NoError(t, file.Close())
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.EqualValues(t, len(b), p.Bytes)
	f.requireAll(string(b))
}

func TestClientExportsOnline(t *testing.T) {
	f := newFixture(t)
	f.store.fill(10001)
	var file bytes.Buffer
	o, err := f.client().ExportOnline(t.Context(), client.OnlineRequest{ExportRequest: client.ExportRequest{Selection: wholeDay, Format: "ndjson", Fields: []string{"event.id"}}}, &file)
	require.NoError(t, err)
	assert.EqualValues(t, 10001, o.Total)
	assert.Contains(t, o.Notice, "newest 10000 of 10001")
	assert.Equal(t, 10000, strings.Count(file.String(), "\n"))
	f.store.failSearch = 2
	file.Reset()
	_, err = f.client().ExportOnline(t.Context(), client.OnlineRequest{ExportRequest: client.ExportRequest{Selection: wholeDay}}, &file)
	require.ErrorContains(t, err, "the export broke off")
}

func TestClientTailReconnects(t *testing.T) {
	f := newFixture(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var (
		mu      sync.Mutex
		got     []string
		lost    []uint64
		reasons []error
	)
	c := f.client()
	done := make(chan error)
	stop := errors.New("enough")
	go func() {
		done <- c.Tail(ctx, client.TailRequest{
			Query: "log.level:Error", Fields: []string{"event.id"},
			OnDropped:   func(n uint64) { mu.Lock(); lost = append(lost, n); mu.Unlock() },
			OnReconnect: func(_ time.Time, err error) { mu.Lock(); reasons = append(reasons, err); mu.Unlock() },
		}, func(ev client.Event) error {
			mu.Lock()
			defer mu.Unlock()
			got = append(got, ev.ID())
			if ev.ID() == "last" {
				return stop
			}
			return nil
		})
	}()
	send := func(id string) { f.parts.tail <- []store.Event{{"@timestamp": testDay, "event.id": id}} }
	send("a")
	f.parts.mu.Lock()
	f.parts.dropped = 5
	f.parts.mu.Unlock()
	send("b")
	require.Eventually(t, func() bool { mu.Lock(); defer mu.Unlock(); return len(lost) == 1 }, time.Minute, time.Millisecond)
	f.parts.mu.Lock()
	f.parts.dropped = 0
	f.parts.mu.Unlock()
	f.http.CloseClientConnections()
	require.Eventually(t, func() bool { mu.Lock(); defer mu.Unlock(); return len(reasons) == 1 }, time.Minute, time.Millisecond)
	// The end that was left behind must be gone, or it would take the next events.
	require.Eventually(t, func() bool { return strings.Contains(string(f.get("/metrics").body), "logcenter_api_tails 1\n") }, time.Minute, time.Millisecond)
	send("c")
	send("last")
	require.ErrorIs(t, <-done, stop)
	assert.Equal(t, []string{"a", "b", "c", "last"}, got)
	assert.Equal(t, []uint64{5}, lost)
	assert.Error(t, reasons[0])

	err := c.Tail(ctx, client.TailRequest{Query: "("}, nil)
	assert.True(t, client.IsCode(err, client.CodeBadQuery), "%v", err)
	f.parts.err = fmt.Errorf("%w: not now", api.ErrBusy)
	impatient, err := client.New(client.Options{URL: f.http.URL, Token: adminToken, Retries: -1})
	require.NoError(t, err)
	err = impatient.Tail(ctx, client.TailRequest{}, nil)
	assert.True(t, client.IsCode(err, client.CodeBusy), "%v", err)
}
