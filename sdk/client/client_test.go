package client_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/sdk/client"
)

// serve answers requests with h, which is told how many there were before.
func serve(t *testing.T, h func(n int, w http.ResponseWriter, r *http.Request)) (*client.Client, *atomic.Int64) {
	t.Helper()
	var n atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h(int(n.Add(1))-1, w, r) }))
	t.Cleanup(s.Close)
	c, err := client.New(client.Options{URL: s.URL + "/", Token: "secret"})
	require.NoError(t, err)
	return c, &n
}

func fail(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, `{"error":{"code":%q,"message":"m","hint":"h","position":{"start":1,"end":2}}}`, code)
}

func TestOptions(t *testing.T) {
	for _, u := range []string{"", "localhost:8080", "ftp://x", "http://", "http://u:p@x", "http://x?token=1", "http://x#y", "::"} {
		_, err := client.New(client.Options{URL: u})
		require.Error(t, err, u)
		require.NotContains(t, err.Error(), "p@", "no password in the message")
	}
	_, err := client.New(client.Options{URL: "http://x", Token: "a\nb"})
	require.ErrorContains(t, err, "white space")
	dir := t.TempDir()
	_, err = client.New(client.Options{URL: "http://x", TokenFile: filepath.Join(dir, "none")})
	require.ErrorIs(t, err, os.ErrNotExist)
	empty := filepath.Join(dir, "empty")
	require.NoError(t, os.WriteFile(empty, []byte("\n"), 0o600))
	_, err = client.New(client.Options{URL: "http://x", TokenFile: empty})
	require.ErrorContains(t, err, empty)
}

func TestRequests(t *testing.T) {
	var got []string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		got = append(got, r.Method+" "+r.RequestURI+" "+string(b))
		assert.Equal(t, "Bearer from-file", r.Header.Get("Authorization"))
		assert.Equal(t, "test", r.Header.Get("User-Agent"))
		_, _ = io.WriteString(w, "{}")
	}))
	defer s.Close()
	file := filepath.Join(t.TempDir(), "token")
	require.NoError(t, os.WriteFile(file, []byte(" from-file\n"), 0o600))
	c, err := client.New(client.Options{URL: s.URL + "/logs/", TokenFile: file, UserAgent: "test"})
	require.NoError(t, err)
	ctx := t.Context()
	sel := client.Selection{Query: "a & b", Stream: "s", From: "-1h", To: "now", TimeZone: "Asia/Shanghai"}
	for _, call := range []func() error{
		func() error {
			_, err := c.Search(ctx, client.SearchRequest{Selection: sel, Limit: 5, OldestFirst: true, Fields: []string{"x"}, Count: true, Nested: true, Cursor: "c"})
			return err
		},
		func() error { _, err := c.Search(ctx, client.SearchRequest{}); return err },
		func() error { _, err := c.FieldValues(ctx, "@x", sel, 3); return err },
		func() error { _, err := c.Plugin(ctx, "a/b ?"); return err },
		func() error {
			_, err := c.Aggregate(ctx, client.AggregateRequest{Aggs: []client.Agg{{Kind: "terms", Field: "x"}}})
			return err
		},
		func() error { _, err := c.PutStream(ctx, "s", "q", ""); return err },
	} {
		require.NoError(t, call())
	}
	assert.Equal(t, []string{
		`POST /logs/api/v1/search {"query":"a \u0026 b","stream":"s","from":"-1h","to":"now","time_zone":"Asia/Shanghai","limit":5,"cursor":"c","fields":["x"],"count":true,"nested":true,"order":"oldest"}`,
		`POST /logs/api/v1/search {"order":"newest"}`,
		`GET /logs/api/v1/fields/@x/values?from=-1h&query=a+%26+b&size=3&stream=s&time_zone=Asia%2FShanghai&to=now `,
		`GET /logs/api/v1/plugins/a%2Fb%20%3F `,
		`POST /logs/api/v1/aggregate {"aggs":[{"kind":"terms","field":"x"}]}`,
		`PUT /logs/api/v1/streams/s {"description":"","query":"q"}`,
	}, got)
}

func TestErrors(t *testing.T) {
	c, n := serve(t, func(_ int, w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasSuffix(r.URL.Path, "/search"):
			fail(w, 400, "bad_query")
		case strings.HasSuffix(r.URL.Path, "/health"):
			w.WriteHeader(http.StatusTeapot)
			_, _ = io.WriteString(w, "<html>tea</html>")
		default:
			_, _ = io.WriteString(w, "<html>welcome</html>")
		}
	})
	_, err := c.Search(t.Context(), client.SearchRequest{})
	var e *client.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, &client.Error{Status: 400, Code: "bad_query", Message: "m", Hint: "h", Position: &client.Position{Start: 1, End: 2}}, e)
	assert.Equal(t, "m (h)", e.Error())
	assert.True(t, client.IsCode(fmt.Errorf("x: %w", err), client.CodeBadQuery))
	assert.False(t, client.IsCode(io.EOF, client.CodeBadQuery))
	assert.EqualValues(t, 1, n.Load())

	_, err = c.Health(t.Context())
	require.ErrorAs(t, err, &e)
	assert.Equal(t, 418, e.Status)
	assert.Contains(t, e.Message, "418 I'm a teapot, which is not Logcenter's")
	assert.Contains(t, e.Message, "tea</html>")

	_, err = c.Plugins(t.Context())
	require.ErrorContains(t, err, "the answer is not Logcenter's")
	assert.EqualValues(t, 3, n.Load(), "none is worth another try")
}

func TestTriesAgain(t *testing.T) {
	c, n := serve(t, func(n int, w http.ResponseWriter, _ *http.Request) {
		switch n {
		case 0:
			w.Header().Set("Retry-After", "1")
			fail(w, 503, "unavailable")
		case 1:
			panic(http.ErrAbortHandler)
		case 2: // half an answer
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, `{"events":[`)
		default:
			_, _ = io.WriteString(w, `{"events":[{"event.id":"x"}],"took_ms":1}`)
		}
	})
	start := time.Now()
	p, err := c.Search(t.Context(), client.SearchRequest{})
	require.NoError(t, err)
	assert.Equal(t, "x", p.Events[0].ID())
	assert.Len(t, p.Events, 1)
	assert.EqualValues(t, 4, n.Load())
	assert.GreaterOrEqual(t, time.Since(start), time.Second, "Retry-After")
}

func TestGivesUp(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fail(w, 429, "busy") }))
	defer s.Close()
	c, err := client.New(client.Options{URL: s.URL, Retries: 2})
	require.NoError(t, err)
	_, err = c.Health(t.Context())
	assert.True(t, client.IsCode(err, client.CodeBusy), "%v", err)

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = c.Health(ctx)
	require.ErrorIs(t, err, context.Canceled)

	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, l.Close())
	gone, err := client.New(client.Options{URL: "http://" + l.Addr().String(), Retries: 1})
	require.NoError(t, err)
	_, err = gone.Health(t.Context())
	require.ErrorContains(t, err, "connection refused")
}

// An export must not be made twice because an answer was lost, but may be asked for again if it was refused.
func TestMakesAnExportOnce(t *testing.T) {
	c, n := serve(t, func(n int, w http.ResponseWriter, _ *http.Request) {
		if n == 0 {
			fail(w, 429, "busy")
			return
		}
		panic(http.ErrAbortHandler)
	})
	_, err := c.CreateExport(t.Context(), client.ExportRequest{})
	require.Error(t, err)
	assert.EqualValues(t, 2, n.Load())
}

func TestIngestIsAnsweredInTheEnd(t *testing.T) {
	keys := map[string]bool{}
	c, n := serve(t, func(n int, w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		assert.Equal(t, "a\nb\n", string(b))
		keys[r.Header.Get("Idempotency-Key")] = true
		switch {
		case n == 6:
			_, _ = io.WriteString(w, `{"accepted":2,"duplicate":true}`)
		case n%2 == 0:
			panic(http.ErrAbortHandler)
		case n == 1:
			fail(w, 500, "internal")
		default:
			w.WriteHeader(http.StatusBadGateway)
		}
	})
	a, err := c.Ingest(t.Context(), "web", []byte("a\nb\n"), client.IngestOptions{})
	require.NoError(t, err)
	assert.Equal(t, &client.Ingested{Accepted: 2, Duplicate: true}, a)
	assert.EqualValues(t, 7, n.Load(), "more often than other requests")
	assert.Len(t, keys, 1, "the same key each time")
	for k := range keys {
		assert.GreaterOrEqual(t, len(k), 20)
	}
	_, err = c.Ingest(t.Context(), "web", nil, client.IngestOptions{})
	require.ErrorContains(t, err, "no lines")

	c, _ = serve(t, func(_ int, w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, "mine", r.Header.Get("Idempotency-Key"))
		assert.Equal(t, "application/x-ndjson", r.Header.Get("Content-Type"))
		fail(w, 413, "too_large")
	})
	_, err = c.Ingest(t.Context(), "web", []byte("{}\n"), client.IngestOptions{Key: "mine", ContentType: "application/x-ndjson"})
	assert.True(t, client.IsCode(err, client.CodeTooLarge), "%v", err)
}

func TestPartsComeWhole(t *testing.T) {
	c, n := serve(t, func(n int, w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, "before", r.Header.Get("Logcenter-Resume"))
		h := w.Header()
		h.Set("Logcenter-Resume", "next")
		h.Set("Logcenter-Done", "false")
		h.Set("Logcenter-Rows", "2")
		h.Set("Logcenter-Rows-Done", "7")
		h.Set("Logcenter-Total", "-1")
		h.Set("Logcenter-Skipped-Values", "3")
		h.Set("Content-Length", "4")
		_, _ = io.WriteString(w, "a\nb\n"[:2+2*min(n, 1)])
	})
	p, err := c.ExportPart(t.Context(), "id", "before", 0)
	require.NoError(t, err)
	assert.EqualValues(t, 2, n.Load())
	assert.Equal(t, &client.ExportPart{Data: []byte("a\nb\n"), Resume: "next", Rows: 2, RowsDone: 7, Total: -1, Skipped: 3}, p)

	c, _ = serve(t, func(_ int, w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") })
	_, err = c.ExportPart(t.Context(), "id", "", 0)
	require.ErrorContains(t, err, "not Logcenter's")
}

// stream answers a tail with text, then blocks.
func stream(t *testing.T, text string) *client.Client {
	t.Helper()
	c, _ := serve(t, func(_ int, w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = io.WriteString(w, text)
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	return c
}

func TestTailReadsStreams(t *testing.T) {
	long := strings.Repeat("x", 300_000)
	c := stream(t, ": comment\n\nevent: heartbeat\ndata: {}\n\nid: 1\nevent:event\ndata:{\"a\":\ndata: 1}\n\nevent: other\ndata: {}\n\n"+
		"event: event\r\ndata: {\"event.id\":\"crlf\"}\r\n\r\nevent: dropped\ndata: {\"dropped\":3,\"total\":3}\n\n\n\nevent: event\n\ndata: {}\n\nevent: event\ndata: {\"event.id\":\""+long+"\"}\n\n")
	var got []client.Event
	var dropped uint64
	stop := fmt.Errorf("enough")
	err := c.Tail(t.Context(), client.TailRequest{OnDropped: func(n uint64) { dropped += n }}, func(ev client.Event) error {
		got = append(got, ev)
		if ev.ID() == long {
			return stop
		}
		return nil
	})
	require.ErrorIs(t, err, stop)
	assert.EqualValues(t, 3, dropped)
	assert.Equal(t, []client.Event{{"a": json.Number("1")}, {"event.id": "crlf"}, {"event.id": long}}, got)
}

func TestTailOfNonsense(t *testing.T) {
	for _, text := range []string{"event: event\ndata: {\n\n", "event: dropped\ndata: x\n\n"} {
		err := stream(t, text).Tail(t.Context(), client.TailRequest{}, func(client.Event) error { return nil })
		require.ErrorContains(t, err, "not Logcenter's", text)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	err := stream(t, "").Tail(ctx, client.TailRequest{}, nil)
	require.ErrorIs(t, err, context.DeadlineExceeded)
}

func TestOnlineExport(t *testing.T) {
	c, n := serve(t, func(n int, w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, "content=raw&fields=a%2Cb&format=csv&limit=5&query=q&sheet=true", r.URL.RawQuery)
		w.Header().Set("Logcenter-Total", "9")
		w.Header().Set("Logcenter-Notice", "more")
		_, _ = io.WriteString(w, "a,b\n")
		if n == 1 {
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		}
	})
	r := client.OnlineRequest{Limit: 5, Sheet: true, ExportRequest: client.ExportRequest{
		Selection: client.Selection{Query: "q"}, Format: "csv", Content: "raw", Fields: []string{"a", "b"},
	}}
	var file bytes.Buffer
	o, err := c.ExportOnline(t.Context(), r, &file)
	require.NoError(t, err)
	assert.Equal(t, client.Online{Total: 9, Notice: "more"}, o)
	assert.Equal(t, "a,b\n", file.String())
	_, err = c.ExportOnline(t.Context(), r, &file)
	require.ErrorContains(t, err, "broke off")
	assert.EqualValues(t, 2, n.Load(), "what was written cannot be taken back")
}

// Who is not answered is told so, once, and waits on.
func TestUnanswered(t *testing.T) {
	client.SetUnanswered(t, 50*time.Millisecond)
	release := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/api/v1/streams" {
			<-release
		}
		_, _ = io.WriteString(w, "{}")
	}))
	t.Cleanup(s.Close)
	told := make(chan struct{}, 10)
	c, err := client.New(client.Options{URL: s.URL, Unanswered: func() { told <- struct{}{} }})
	require.NoError(t, err)
	answered := make(chan error)
	go func() {
		_, err := c.Streams(t.Context())
		answered <- err
	}()
	<-told
	close(release)
	require.NoError(t, <-answered)
	require.Empty(t, told)
}
