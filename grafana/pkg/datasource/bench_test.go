package datasource_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime"
	"runtime/debug"
	rtmetrics "runtime/metrics"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/grafana/internal/hosttest"
	"github.com/logcenter/logcenter/grafana/pkg/model"
	"github.com/logcenter/logcenter/sdk/client"
)

// benchRange has lines of its own on the shared host once benchLines was called.
var benchRange = backend.TimeRange{From: start.AddDate(0, 0, 7), To: start.AddDate(0, 0, 7).Add(time.Hour)}

var benchLines = sync.OnceValue(func() error {
	h, err := shared()
	if err != nil {
		return err
	}
	lines, err := hosttest.Sample{Lines: 12_000, Seed: 2, Start: benchRange.From, Span: 50 * time.Minute}.Make(context.Background())
	if err != nil {
		return err
	}
	return h.Feed(context.Background(), lines)
})

func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkLogLines is what 10,000 log lines cost the plugin, from the host's answer to the frame and on to the bytes that
// Grafana gets. The target is 150 CPU ms to the frame.
func BenchmarkLogLines(b *testing.B) {
	s := opened(b)
	require.NoError(b, benchLines())
	began := cpu()
	for b.Loop() {
		f := s.frames(b, `{"limit":10000}`, benchRange)[0]
		require.Equal(b, 10_000, f.Rows())
	}
	b.ReportMetric(float64((cpu()-began).Milliseconds())/float64(b.N), "cpu-ms/op")
	f := s.frames(b, `{"limit":10000}`, benchRange)[0]
	const times = 10 // of one, most is memory that the process takes for the first time
	began = cpu()
	for range times {
		_, err := f.MarshalArrow()
		require.NoError(b, err)
	}
	b.ReportMetric(float64((cpu()-began).Milliseconds())/times, "arrow-cpu-ms")
}

// BenchmarkOverhead compares 1,000 log lines through the plugin with the bare call of the REST API, in turns. The target is
// 10 ms or a fifth of the call, whichever is more.
func BenchmarkOverhead(b *testing.B) {
	s, h := opened(b), host(b)
	require.NoError(b, benchLines())
	body := fmt.Sprintf(`{"from":%q,"to":%q,"limit":1000,"count":true}`, client.At(benchRange.From), client.At(benchRange.To.Add(time.Millisecond)))
	var through, bare []time.Duration
	for b.Loop() {
		began := time.Now()
		require.Equal(b, 1000, s.frames(b, `{"limit":1000}`, benchRange)[0].Rows())
		through = append(through, time.Since(began))
		began = time.Now()
		rest(b, h, body)
		bare = append(bare, time.Since(began))
	}
	slices.Sort(through)
	slices.Sort(bare)
	b.ReportMetric(float64(through[len(through)/2].Microseconds())/1000, "plugin-ms")
	b.ReportMetric(float64(bare[len(bare)/2].Microseconds())/1000, "rest-ms")
}

func rest(b *testing.B, h *hosttest.Host, body string) {
	b.Helper()
	req, err := http.NewRequestWithContext(b.Context(), http.MethodPost, h.URL+"/api/v1/search", strings.NewReader(body))
	require.NoError(b, err)
	req.Header.Set("Authorization", "Bearer "+h.Token)
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	require.NoError(b, err)
	n, err := io.Copy(io.Discard, res.Body)
	require.NoError(b, err)
	require.NoError(b, res.Body.Close())
	require.Equal(b, http.StatusOK, res.StatusCode)
	require.Positive(b, n)
}

// An answer of 100,000 lines, the most there can be, is held once: while it comes in, the heap grows by little more than the
// frame. It takes a host some time to have that many, so it runs with LOGCENTER_LONG=1 only.
func TestHundredThousandLinesAreHeldOnce(t *testing.T) {
	if os.Getenv("LOGCENTER_LONG") == "" {
		t.Skip("LOGCENTER_LONG=1 runs it")
	}
	h, err := hosttest.Start(hosttest.Options{})
	require.NoError(t, err)
	t.Cleanup(h.Close)
	lines, err := hosttest.Sample{Lines: model.MaxRows + 1000, Start: start, Span: span}.Make(t.Context())
	require.NoError(t, err)
	require.NoError(t, h.Feed(t.Context(), lines))
	lines = nil //nolint:ineffassign,wastedassign // it must not count
	s := open(t, h.URL, h.Token, "")
	defer debug.SetGCPercent(debug.SetGCPercent(5)) // what is garbage does not count
	heap := func() uint64 {
		m := []rtmetrics.Sample{{Name: "/gc/heap/live:bytes"}}
		rtmetrics.Read(m)
		return m[0].Value.Uint64()
	}
	runtime.GC()
	before, peak := heap(), uint64(0)
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case <-stop:
				return
			case <-time.After(2 * time.Millisecond):
				peak = max(peak, heap())
			}
		}
	}()
	f := s.frames(t, `{"limit":100000}`, wholeRange)[0]
	close(stop)
	<-stopped
	require.Equal(t, model.MaxRows, f.Rows())
	runtime.GC()
	frame := heap() - before
	t.Logf("the frame has %d MB, the heap grew by up to %d MB while it was made", frame>>20, (peak-before)>>20)
	assert.Less(t, float64(peak-before), 1.3*float64(frame))
	runtime.KeepAlive(f)
}
