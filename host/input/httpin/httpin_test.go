package httpin

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/input"
	"github.com/logcenter/logcenter/host/input/inputtest"
	"github.com/logcenter/logcenter/host/journal"
	"github.com/logcenter/logcenter/host/journal/disk"
)

// server is a running input behind a real HTTP server.
type server struct {
	*httptest.Server
	in   *Input
	stop func()
}

func start(t testing.TB, h *inputtest.Host, change func(*Config)) *server {
	t.Helper()
	cfg := Config{Common: input.Common{Name: "web"}, Path: "/api/v1/ingest/web"}
	if change != nil {
		change(&cfg)
	}
	in, err := New(cfg, h.Env())
	require.NoError(t, err)
	s := &server{in: in, Server: httptest.NewServer(in)}
	t.Cleanup(s.Close)
	s.stop = inputtest.Run(t, in)
	runs(t, in)
	return s
}

func runs(t testing.TB, in *Input) {
	t.Helper()
	inputtest.Until(t, "the input runs", func() bool {
		in.mu.Lock()
		defer in.mu.Unlock()
		return in.batcher != nil
	})
}

// post sends a body and returns status and answer; headers are pairs.
func (s *server) post(t testing.TB, query, body string, headers ...string) (int, map[string]any) {
	t.Helper()
	res, err := s.try(query, body, headers...)
	require.NoError(t, err)
	defer res.Body.Close()
	var answer map[string]any
	require.NoError(t, json.NewDecoder(res.Body).Decode(&answer))
	if res.StatusCode == http.StatusTooManyRequests || res.StatusCode == http.StatusServiceUnavailable {
		assert.NotEmpty(t, res.Header.Get("Retry-After"))
	}
	return res.StatusCode, answer
}

func (s *server) try(query, body string, headers ...string) (*http.Response, error) {
	req, err := http.NewRequest(http.MethodPost, s.URL+query, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "text/plain")
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	return s.Client().Do(req)
}

func (s *server) ok(t testing.TB, query, body string, accepted int, headers ...string) {
	t.Helper()
	status, answer := s.post(t, query, body, headers...)
	require.Equal(t, 200, status, "%v", answer)
	assert.Equal(t, map[string]any{"accepted": float64(accepted), "duplicate": false}, answer)
}

func (s *server) refused(t testing.TB, status int, code, query, body string, headers ...string) {
	t.Helper()
	got, answer := s.post(t, query, body, headers...)
	require.Equal(t, status, got, "%v", answer)
	e := answer["error"].(map[string]any)
	assert.Equal(t, code, e["code"])
	assert.NotEmpty(t, e["message"])
	assert.NotEmpty(t, e["hint"])
}

func gzipped(s string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = io.WriteString(z, s)
	_ = z.Close()
	return b.String()
}

const ndjson = "application/x-ndjson"

func TestBodies(t *testing.T) {
	h := inputtest.NewHost(t)
	s := start(t, h, nil)
	f := func(query, body string, headers []string, want ...string) {
		t.Helper()
		had := len(h.Records())
		s.ok(t, query, body, len(want), headers...)
		var got []string
		for _, r := range h.Records()[had:] {
			assert.Equal(t, "web", r.Input)
			assert.Contains(t, r.Address, "127.0.0.1:")
			got = append(got, r.Text)
		}
		assert.Equal(t, want, got)
	}
	json := []string{"Content-Type", ndjson + "; charset=utf-8"}
	f("", "one\ntwo\r\n\nthree", nil, "one", "two", "three")
	f("", `{"message":"kept as it is"}`, nil, `{"message":"kept as it is"}`)
	f("", "", nil)
	f("", "\n\n", nil)
	f("", "\xc3\xdc\xc2\xeb\xb4\xed\xce\xf3\n策略\n", nil, "密码错误", "策略")
	f("", gzipped("one\ntwo\n"), []string{"Content-Encoding", "gzip"}, "one", "two")
	f("", strings.Repeat("x", 300<<10)+"\nend\n", nil, strings.Repeat("x", 256<<10), "end")
	f("", `{"message":"a\tb\u4e2d\n"}`+"\n"+`{"a":{"message":"no"},"message":"yes","b":[1,{"c":null}]}`+"\n", json, "a\tb中\n", "yes")
	f("", `{"host":"x"}`+"\nnot json\n{\"message\":1}\n[1]\n{\"message\":\"cut", json, `{"host":"x"}`, "not json", `{"message":1}`, "[1]", `{"message":"cut`)
	f("?format=raw", `{"message":"x"}`, json, `{"message":"x"}`)
	f("?format=ndjson", `{"message":"x"}`, nil, "x")
	f("", "{\"message\":\"\xc3\xdc\xc2\xeb\xb4\xed\xce\xf3\"}", json, "密码错误")
	// escapes in an early line must not spoil later ones
	f("", `{"message":"short"}`+"\n"+`{"message":"`+strings.Repeat(`\"`, 500)+`"}`+"\n"+`{"message":"last"}`, json,
		"short", strings.Repeat(`"`, 500), "last")
	for _, name := range []string{"binary.log", "gbk.log", "half-utf8.log"} {
		b, err := os.ReadFile("../../../testdata/samples/hostile/" + name)
		require.NoError(t, err)
		for _, headers := range [][]string{nil, json} {
			status, answer := s.post(t, "", string(b), headers...)
			assert.Equal(t, 200, status)
			assert.Positive(t, answer["accepted"])
		}
	}
	h.Records() // all of it is valid
}

func TestRefusals(t *testing.T) {
	h := inputtest.NewHost(t)
	s := start(t, h, func(c *Config) { c.MaxBodyBytes, c.MaxInFlightBytes = 100<<10, 150<<10 })
	big := strings.Repeat("x", 100<<10+1)
	s.refused(t, 413, "body_too_large", "", big)
	s.refused(t, 413, "body_too_large", "", gzipped(big), "Content-Encoding", "gzip")
	s.refused(t, 413, "body_too_large", "", gzipped(strings.Repeat("x", 4<<20)), "Content-Encoding", "gzip") // a bomb
	s.refused(t, 400, "bad_request", "", "not gzip", "Content-Encoding", "gzip")
	s.refused(t, 400, "bad_request", "", gzipped(big[:5000])[:30], "Content-Encoding", "gzip")
	s.refused(t, 415, "unsupported_encoding", "", "x", "Content-Encoding", "br")
	s.refused(t, 400, "bad_request", "?format=xml", "x")
	s.refused(t, 400, "bad_request", "", "x", "Idempotency-Key", strings.Repeat("k", 257))
	res, err := s.Client().Get(s.URL)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	assert.Equal(t, 405, res.StatusCode)
	assert.Equal(t, "POST", res.Header.Get("Allow"))
	assert.Empty(t, h.Records())
	assert.EqualValues(t, 9, s.in.Stats().Errors)

	// a chunked body says its length only as it comes
	res, err = s.Client().Post(s.URL, "text/plain", io.MultiReader(strings.NewReader(big), strings.NewReader(big)))
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	assert.Equal(t, 413, res.StatusCode)

	// bodies in flight are bounded: the first holds its bytes while it is being sent
	r, w := io.Pipe()
	first := make(chan error, 1)
	go func() {
		res, err := s.Client().Post(s.URL, "text/plain", r)
		if err == nil {
			err = res.Body.Close()
		}
		first <- err
	}()
	_, err = io.WriteString(w, big[:90<<10])
	require.NoError(t, err)
	inputtest.Until(t, "the body is read", func() bool { return s.in.inFlight.Load() >= 128<<10 })
	s.refused(t, 429, "busy", "", big[:90<<10])
	require.NoError(t, w.Close())
	require.NoError(t, <-first)
	s.ok(t, "", big[:90<<10], 1)
	assert.Zero(t, s.in.inFlight.Load())

	s.stop()
	s.refused(t, 503, "unavailable", "", "late")
}

func TestIdempotencyKeys(t *testing.T) {
	h := inputtest.NewHost(t)
	s := start(t, h, nil)
	send := func(body, key, token string) any {
		status, answer := s.post(t, "", body, "Idempotency-Key", key, "Authorization", "Bearer "+token)
		require.Equal(t, 200, status)
		assert.EqualValues(t, 2, answer["accepted"])
		return answer["duplicate"]
	}
	assert.Equal(t, false, send("a\nb\n", "k1", "t1"))
	assert.Equal(t, true, send("a\nb\n", "k1", "t1"))
	assert.Equal(t, false, send("c\nd\n", "k2", "t1"))
	assert.Equal(t, false, send("e\nf\n", "k1", "t2"), "another sender's key")
	assert.Equal(t, []string{"a", "b", "c", "d", "e", "f"}, h.Texts())
	assert.EqualValues(t, 6, s.in.Stats().Records)
}

// A host that is killed at any moment, between the parts of a request too, stores each record once when the
// sender sends everything again until it is answered.
func TestKillAndSendAgain(t *testing.T) {
	var h *inputtest.Host
	const perRequest = 3000
	requests := make([]string, 3)
	var want []string
	for i := range requests {
		var b strings.Builder
		for n := range perRequest {
			line := fmt.Sprintf("%d-%d %s", i, n, strings.Repeat("x", 700))
			want = append(want, line)
			b.WriteString(line + "\n")
		}
		requests[i] = b.String() // about 2.1 MB, three batches
	}
	halves := 0
	for try := 0; halves == 0; try++ { // where a kill falls is chance
		require.Less(t, try, 20, "no kill left a request half stored, so this proves little")
		h = inputtest.NewHost(t)
		for _, after := range []uint64{1, 2, 4, 5} {
			s := start(t, h, nil)
			var senders sync.WaitGroup
			for i, body := range requests {
				senders.Go(func() {
					res, err := s.try("", body, "Idempotency-Key", fmt.Sprint("k", i))
					if err == nil {
						_ = res.Body.Close()
					}
				})
			}
			inputtest.Until(t, "some batches are durable", func() bool { return h.Journal.Last() >= after })
			dir := h.Snapshot()
			senders.Wait()
			s.stop()
			s.Close()
			h.Stop()
			h.Dir = dir
			h.Start(input.IntakeOptions{})
			stored := map[string]int{}
			for _, text := range h.Texts() {
				stored[text[:1]]++
			}
			for _, n := range stored {
				if n != perRequest {
					halves++
				}
			}
		}
	}
	s := start(t, h, nil)
	for i, body := range requests {
		status, answer := s.post(t, "", body, "Idempotency-Key", fmt.Sprint("k", i))
		require.Equal(t, 200, status, "%v", answer)
	}
	assert.ElementsMatch(t, want, h.Texts())
}

func TestFullJournal(t *testing.T) {
	h := inputtest.NewHostWith(t, disk.Options{MaxBytes: 2 << 20}, input.IntakeOptions{})
	c, err := h.Journal.Consumer("pipeline", journal.GroupOptions{})
	require.NoError(t, err)
	s := start(t, h, func(c *Config) { c.MaxWait = 300 * time.Millisecond })
	line := strings.Repeat("x", 100<<10)
	n := 0
	for ; h.Intake.Blocked() == nil; n++ {
		res, err := s.try("", line, "Idempotency-Key", fmt.Sprint(n))
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		if res.StatusCode != 200 {
			break
		}
	}
	s.refused(t, 429, "journal_full", "", line, "Idempotency-Key", "more")
	s.refused(t, 429, "journal_full", "", line)
	assert.Len(t, h.Records(), n, "what was refused with a key is not stored")
	require.NoError(t, h.Intake.Commit(c, h.Journal.Last()))
	inputtest.Until(t, "there is room", func() bool { return h.Intake.Blocked() == nil })
	s.ok(t, "", line, 1, "Idempotency-Key", "more")
}

// broken is a journal whose disk fails.
type broken struct{ journal.Journal }

func (broken) Append(ctx context.Context, _ []byte) (uint64, error) {
	<-ctx.Done()
	return 0, ctx.Err()
}

func (b broken) Stats() journal.Stats {
	s := b.Journal.Stats()
	s.Err = "appending fails: no space left on device"
	return s
}

func TestFailingDisk(t *testing.T) {
	h := inputtest.NewHost(t)
	intake, err := input.NewIntake(broken{h.Journal}, t.TempDir(), input.IntakeOptions{})
	require.NoError(t, err)
	in, err := New(Config{Common: input.Common{Name: "web"}, MaxWait: 50 * time.Millisecond}, input.Env{Intake: intake})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- in.Run(ctx) }()
	runs(t, in)
	s := &server{in: in, Server: httptest.NewServer(in)}
	defer s.Close()
	for _, headers := range [][]string{nil, {"Idempotency-Key", "k"}} {
		status, answer := s.post(t, "", "x", headers...)
		assert.Equal(t, 503, status)
		assert.Contains(t, fmt.Sprint(answer), "no space left on device")
	}
	cancel()
	require.ErrorIs(t, <-ended, input.ErrUnavailable)
	assert.EqualValues(t, 1, in.Stats().Dropped["shutdown"])
}

func TestSenderThatGoesAway(t *testing.T) {
	h := inputtest.NewHost(t)
	s := start(t, h, nil)
	c, err := net.Dial("tcp", s.Listener.Addr().String())
	require.NoError(t, err)
	_, err = io.WriteString(c, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf a requ")
	require.NoError(t, err)
	inputtest.Until(t, "the request is there", func() bool { return s.in.Stats().Connections == 1 })
	require.NoError(t, c.Close())
	inputtest.Until(t, "it is given up", func() bool { return s.in.Stats().Connections == 0 })
	assert.Empty(t, h.Records())
	assert.EqualValues(t, 1, s.in.Stats().Errors)
}

func FuzzMessage(f *testing.F) {
	for _, s := range []string{
		`{"message":"x"}`, `{"a":[1,{"b":"c"}],"message":"\u4e2d\ud83d\ude00\ud800\n"}`, `{}`, `{"message":1}`, `[]`, ``,
		`{"message":"a","message":"b"}`, `{"message":"a","message":null}`, ` { "message" : "x" } `, `{"message":"x"`, `{"message":"\x"}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		was := bytes.Clone(line)
		var buf []byte
		m, ok := message(&buf, line)
		if !bytes.Equal(was, line) {
			t.Fatalf("%q was changed to %q", was, line)
		}
		var want map[string]any
		if err := json.Unmarshal(line, &want); err != nil || want == nil {
			return // message is more tolerant: it does not look at numbers
		}
		text, isText := want["message"].(string)
		if bytes.Contains(line, []byte(`\u`)) && !ok {
			return
		}
		if ok != isText {
			t.Fatalf("%q: message is %q, %v; encoding/json has %q, %v", line, m, ok, text, isText)
		}
		if ok && strings.ToValidUTF8(string(m), "\uFFFD") != strings.ToValidUTF8(text, "\uFFFD") && bytes.Equal(bytes.ToValidUTF8(line, nil), line) {
			t.Fatalf("%q: message is %q; encoding/json has %q", line, m, text)
		}
	})
}

// A host says that it runs when its inputs are open: who sends then is served, though Run comes a moment later.
func TestOpenTakesRequests(t *testing.T) {
	h := inputtest.NewHost(t)
	in, err := New(Config{Common: input.Common{Name: "web"}, Path: "/api/v1/ingest/web"}, h.Env())
	require.NoError(t, err)
	s := &server{in: in, Server: httptest.NewServer(in)}
	t.Cleanup(s.Close)
	status, _ := s.post(t, "", "one")
	require.Equal(t, http.StatusServiceUnavailable, status)
	require.NoError(t, in.Open())
	s.ok(t, "", "one\ntwo", 2)
	stop := inputtest.Run(t, in)
	inputtest.Until(t, "the input runs", func() bool { return in.Stats().State == "running" })
	s.ok(t, "", "three", 1)
	stop()
	status, _ = s.post(t, "", "four")
	require.Equal(t, http.StatusServiceUnavailable, status)
}
