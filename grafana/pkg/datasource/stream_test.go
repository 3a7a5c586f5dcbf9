package datasource_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/grafana/internal/hosttest"
)

// packets takes what a stream sends.
type packets struct {
	mu     sync.Mutex
	lines  []string // bodies in order
	ids    []string
	waited []time.Duration // of each line, from its receipt by the host to its frame
	notes  []string
	drops  uint64
	frames int
	fail   error
}

func (p *packets) Send(b *backend.StreamPacket) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.fail != nil {
		return p.fail
	}
	var f data.Frame
	if err := json.Unmarshal(b.Data, &f); err != nil {
		return err
	}
	p.frames++
	now := time.Now()
	for i := range f.Rows() {
		body, _ := f.Fields[1].ConcreteAt(i)
		id, _ := f.Fields[3].ConcreteAt(i)
		raw, _ := f.Fields[4].ConcreteAt(i)
		p.lines, p.ids = append(p.lines, fmt.Sprint(body)), append(p.ids, fmt.Sprint(id))
		var labels map[string]string
		if j, ok := raw.(json.RawMessage); ok && json.Unmarshal(j, &labels) == nil {
			if at, err := time.Parse(time.RFC3339Nano, labels["event.ingested"]); err == nil {
				p.waited = append(p.waited, now.Sub(at))
			}
		}
	}
	if f.Meta != nil {
		for _, n := range f.Meta.Notices {
			p.notes = append(p.notes, n.Text)
		}
		var c struct{ Dropped uint64 }
		j, _ := json.Marshal(f.Meta.Custom)
		_ = json.Unmarshal(j, &c)
		p.drops += c.Dropped
	}
	return nil
}

func (p *packets) got() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.lines)
}

// follow runs a tail until the test ends or stop is called, which returns what RunStream did. The host has it as its only one
// when follow returns: what is sent from then on is seen.
func (s source) follow(t *testing.T, h *hosttest.Host, query string) (p *packets, stop func() error) {
	t.Helper()
	p = &packets{}
	require.Eventually(t, func() bool { return tails(t, h, 0) }, time.Minute, 5*time.Millisecond, "those of tests before end a moment after these")
	ctx, cancel := context.WithCancel(t.Context())
	res, err := s.SubscribeStream(ctx, &backend.SubscribeStreamRequest{PluginContext: s.context, Path: "tail/x", Data: []byte(query)})
	require.NoError(t, err)
	require.Equal(t, backend.SubscribeStreamStatusOK, res.Status)
	ended := make(chan error, 1)
	go func() {
		ended <- s.RunStream(ctx, &backend.RunStreamRequest{PluginContext: s.context, Path: "tail/x", Data: []byte(query)}, backend.NewStreamSender(p))
	}()
	var once sync.Once
	stop = func() (err error) {
		once.Do(func() { cancel(); err = <-ended })
		return err
	}
	t.Cleanup(func() { _ = stop() })
	require.Eventually(t, func() bool { return tails(t, h, 1) }, time.Minute, 5*time.Millisecond)
	return p, stop
}

// tails says whether the host has n tails.
func tails(t testing.TB, h *hosttest.Host, n int) bool {
	t.Helper()
	return strings.Contains(metrics(t, h), fmt.Sprintf("\nlogcenter_api_tails %d\n", n))
}

var words atomic.Int64

// newWord is in no line but those of one test: what another has sent may still be under way.
func newWord() string { return fmt.Sprintf("tailtest%d", words.Add(1)) }

// numbered are lines with a word that can be told apart, from from to to.
func numbered(word string, from, to int) (text []byte, lines []string) {
	for i := from; i < to; i++ {
		line := fmt.Sprintf("<190>%s tailtest app: line %06d of %s", time.Now().UTC().Format("2006-01-02 15:04:05"), i, word)
		text = append(append(text, line...), '\n')
		lines = append(lines, fmt.Sprintf("line %06d", i))
	}
	return text, lines
}

func has(got, want []string) bool {
	for _, w := range want {
		if !slices.ContainsFunc(got, func(s string) bool { return strings.Contains(s, w) }) {
			return false
		}
	}
	return true
}

// A tail shows what its query selects, once, soon, and ends when nobody looks any more. How soon is bounded for a machine that
// does other things, too; on a quiet one, with LOGCENTER_LONG, it is what is promised.
func TestTail(t *testing.T) {
	s, h, word := opened(t), host(t), newWord()
	p, stop := s.follow(t, h, `{"query":"\"of `+word+`\" AND NOT \"line 000003\""}`)
	for i := range 20 {
		text, _ := numbered(word, i*10, i*10+10)
		require.NoError(t, h.Send(text))
	}
	_, want := numbered(word, 0, 200)
	want = slices.DeleteFunc(want, func(s string) bool { return s == "line 000003" })
	require.Eventually(t, func() bool { return has(p.got(), want) }, time.Minute, 10*time.Millisecond)
	assert.Len(t, p.got(), len(want))
	slices.Sort(p.waited)
	p95 := p.waited[len(p.waited)*95/100]
	t.Logf("from receipt to frame: p50 %v, p95 %v, %d frames", p.waited[len(p.waited)/2], p95, p.frames)
	most := 10 * time.Second
	if os.Getenv("LOGCENTER_LONG") != "" {
		most = time.Second
	}
	assert.Less(t, p95, most)

	require.ErrorIs(t, stop(), context.Canceled)
	require.Eventually(t, func() bool { return tails(t, h, 0) }, time.Minute, 5*time.Millisecond, "the host's end is closed, too")
	require.NoError(t, h.Wait(t.Context(), word, 200), "the one that is not shown comes, too")
}

// wire passes connections on, and can be cut.
type wire struct {
	net.Listener
	to    string
	mu    sync.Mutex
	cut   bool
	conns map[net.Conn]bool
}

func newWire(t *testing.T, to string) *wire {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	w := &wire{Listener: l, to: to, conns: map[net.Conn]bool{}}
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			w.pass(in)
		}
	}()
	t.Cleanup(func() { _ = l.Close(); w.set(true) })
	return w
}

func (w *wire) pass(in net.Conn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	out, err := net.Dial("tcp", w.to)
	if w.cut || err != nil {
		_ = in.Close()
		if err == nil {
			_ = out.Close()
		}
		return
	}
	w.conns[in], w.conns[out] = true, true
	for _, way := range [][2]net.Conn{{in, out}, {out, in}} {
		go func() {
			_, _ = io.Copy(way[0], way[1])
			_, _ = way[0].Close(), way[1].Close()
		}()
	}
}

// set cuts the wire or mends it.
func (w *wire) set(cut bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cut = cut
	if cut {
		for c := range w.conns {
			_ = c.Close()
		}
		clear(w.conns)
	}
}

// A tail whose connection is lost shows what came meanwhile, and no line twice. With LOGCENTER_LONG=1 the host is restarted, too.
func TestTailFillsItsGaps(t *testing.T) {
	long := os.Getenv("LOGCENTER_LONG") != ""
	h := host(t)
	if long {
		var err error
		h, err = hosttest.Start(hosttest.Options{})
		require.NoError(t, err)
		t.Cleanup(h.Close)
	}
	w := newWire(t, strings.TrimPrefix(h.URL, "http://"))
	s := open(t, "http://"+w.Addr().String(), h.Token, "")
	word := newWord()
	before, _ := numbered(word, 900000, 900010) // those from before the tail are not shown
	require.NoError(t, h.Feed(t.Context(), before))
	p, _ := s.follow(t, h, `{"query":"`+word+`","fields":["event.ingested"]}`)
	n := 0
	send := func() {
		text, _ := numbered(word, n, n+50)
		n += 50
		require.NoError(t, h.Feed(t.Context(), text)) // they can be found now
	}
	for range 3 {
		send()
		w.set(true)
		send()
		w.set(false)
	}
	if long { // also the host itself may be gone for a while, with lines that it has and the tail has not
		for range 3 {
			send()
			h.Stop()
			require.NoError(t, h.Run())
			send()
		}
	}
	_, want := numbered(word, 0, n)
	require.Eventually(t, func() bool { return has(p.got(), want) }, time.Minute, 20*time.Millisecond)
	p.mu.Lock()
	defer p.mu.Unlock()
	assert.Len(t, p.ids, n, "nothing else")
	slices.Sort(p.ids)
	assert.Len(t, slices.Compact(p.ids), n, "each line once")
	assert.Empty(t, p.notes)
}

// What is lost is counted where it is looked for.
func TestTailCountsWhatIsDropped(t *testing.T) {
	s, h, word := opened(t), host(t), newWord()
	p, _ := s.follow(t, h, `{"query":"`+word+`"}`)
	p.mu.Lock() // nobody takes frames
	const lines = 30_000
	text, _ := numbered(word, 0, lines)
	require.NoError(t, h.Send(text))
	require.NoError(t, h.Wait(t.Context(), word, lines))
	p.mu.Unlock()
	require.Eventually(t, func() bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		return uint64(len(p.ids))+p.drops >= lines
	}, time.Minute, 20*time.Millisecond)
	p.mu.Lock()
	defer p.mu.Unlock()
	assert.EqualValues(t, lines, uint64(len(p.ids))+p.drops, "each line is shown or counted")
	if p.drops > 0 {
		assert.Contains(t, p.notes[0], "left out")
	}
}

// What cannot be followed is refused before anybody waits.
func TestSubscribeRefuses(t *testing.T) {
	s := opened(t)
	for query, want := range map[string]string{
		`{"query":"source.ip:("}`: "\n  source.ip:(\n", `{"kind":"table"}`: "cannot be followed", `{"stream":"nonsense"}`: "nonsense", `x`: "no JSON object",
	} {
		_, err := s.SubscribeStream(t.Context(), &backend.SubscribeStreamRequest{PluginContext: s.context, Path: "tail/x", Data: []byte(query)})
		require.ErrorContains(t, err, want)
		p := &packets{}
		err = s.RunStream(t.Context(), &backend.RunStreamRequest{PluginContext: s.context, Path: "tail/x", Data: []byte(query)}, backend.NewStreamSender(p))
		require.ErrorContains(t, err, want)
		require.Len(t, p.notes, 1, "who looks at the tail is told, too")
		require.Contains(t, p.notes[0], want)
	}
	for _, path := range []string{"", "tail", "tail/", "other/x"} {
		res, err := s.SubscribeStream(t.Context(), &backend.SubscribeStreamRequest{PluginContext: s.context, Path: path, Data: []byte(`{}`)})
		require.NoError(t, err)
		assert.Equal(t, backend.SubscribeStreamStatusNotFound, res.Status)
	}
	res, err := s.PublishStream(t.Context(), &backend.PublishStreamRequest{PluginContext: s.context, Path: "tail/x"})
	require.NoError(t, err)
	assert.Equal(t, backend.PublishStreamStatusPermissionDenied, res.Status)

	p := &packets{fail: errors.New("gone")}
	done := make(chan error, 1)
	h, word := host(t), newWord()
	go func() {
		done <- s.RunStream(t.Context(), &backend.RunStreamRequest{PluginContext: s.context, Path: "tail/x", Data: []byte(`{"query":"` + word + `"}`)}, backend.NewStreamSender(p))
	}()
	require.Eventually(t, func() bool {
		text, _ := numbered(word, 1, 2)
		require.NoError(t, h.Feed(t.Context(), text)) // none is under way when the next test counts
		select {
		case err := <-done:
			return assert.ErrorContains(t, err, "gone")
		default:
			return false
		}
	}, time.Minute, 20*time.Millisecond, "a tail ends when its frames are not taken")
}
