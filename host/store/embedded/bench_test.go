package embedded_test

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/host/store/embedded"
	"github.com/logcenter/logcenter/sdk/query"
	"github.com/logcenter/logcenter/sdk/wire"
)

// cpu is the CPU time of this process, in milliseconds.
func cpu() float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e6
}

// rss is the greatest memory this process has had, in MB.
func rss() float64 {
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for _, l := range strings.Split(string(b), "\n") {
		var kb float64
		if n, _ := fmt.Sscanf(l, "VmHWM: %f kB", &kb); n == 1 {
			return kb / 1024
		}
	}
	return 0
}

const batchSize = 512 << 10

// BenchmarkIngest reports what appending and flushing cost: CPU ms per MB of raw log, stored bytes per raw byte.
// Iterations are batches of 512 KiB; -benchtime=200x makes 100 MB.
func BenchmarkIngest(b *testing.B) {
	c := newCorpus(1, 5000)
	batches := make([]*wire.Batch, b.N)
	raw := 0
	for i := range batches {
		var n int
		batches[i], n = c.batch(batchSize)
		raw += n
	}
	s, err := embedded.Open(b.TempDir(), embedded.Options{FlushInterval: -1, MergeInterval: -1, FlushBytes: 1 << 40, TailBytes: 1 << 40})
	require.NoError(b, err)
	defer s.Close()
	runtime.GC()
	b.ResetTimer()
	mb := float64(raw) / 1e6
	t0 := cpu()
	for i, batch := range batches {
		require.NoError(b, s.Append(context.Background(), uint64(i+1), []*wire.Batch{batch}))
		if i%128 == 127 || i == len(batches)-1 {
			t1 := cpu()
			b.ReportMetric(0, "ns/op")
			appendMS += t1 - t0
			require.NoError(b, s.Flush(context.Background()))
			t0 = cpu()
			flushMS += t0 - t1
		}
	}
	st := s.Stats()
	b.ReportMetric(appendMS/mb, "append-ms/MB")
	b.ReportMetric(flushMS/mb, "flush-ms/MB")
	b.ReportMetric(float64(st.Bytes)/float64(st.RawBytes), "bytes/raw")
	b.ReportMetric(rss(), "peak-MB")
	b.ReportMetric(float64(st.Segments), "segments")
	appendMS, flushMS = 0, 0
}

var appendMS, flushMS float64

// BenchmarkQuery reports query times over events made with the given number of batches, e.g.
// go test -bench Query -benchtime 3x; LOGCENTER_BENCH_MB sets the size of the store, 200 at first.
func BenchmarkQuery(b *testing.B) {
	mb := 200
	if v := os.Getenv("LOGCENTER_BENCH_MB"); v != "" {
		_, err := fmt.Sscan(v, &mb)
		require.NoError(b, err)
	}
	flushMB := 48
	if os.Getenv("LOGCENTER_BENCH_TAIL") != "" { // all of it stays in the tail
		flushMB = 2 * mb
	}
	c := newCorpus(2, 500)
	s, err := embedded.Open(b.TempDir(), embedded.Options{FlushInterval: -1, MergeInterval: -1, FlushBytes: int64(flushMB) << 20})
	require.NoError(b, err)
	defer s.Close()
	raw := 0
	for off := uint64(1); raw < mb<<20; off++ {
		batch, n := c.batch(batchSize)
		raw += n
		require.NoError(b, s.Append(context.Background(), off, []*wire.Batch{batch}))
	}
	if os.Getenv("LOGCENTER_BENCH_TAIL") == "" {
		require.NoError(b, s.Flush(context.Background()))
	}
	b.Logf("%d events, %d MB raw, %d segments, peak %.0f MB of memory", s.Stats().Events, raw>>20, s.Stats().Segments, rss())
	from, to := time.Date(2026, 11, 19, 0, 0, 0, 0, time.UTC), time.Date(2026, 12, 30, 0, 0, 0, 0, time.UTC)
	search := func(q string) func() error {
		n, err := query.Parse(q)
		require.NoError(b, err)
		return func() error {
			_, err := s.Search(context.Background(), store.Everything(), store.SearchRequest{Selection: store.Selection{Query: n, From: from, To: to}})
			return err
		}
	}
	agg := func(q string, a ...store.Agg) func() error {
		n, err := query.Parse(q)
		require.NoError(b, err)
		return func() error {
			_, err := s.Aggregate(context.Background(), store.Everything(), store.AggregateRequest{Selection: store.Selection{Query: n, From: from, To: to}, Aggs: a})
			return err
		}
	}
	for _, q := range []struct {
		name string
		run  func() error
	}{
		{"count", agg("")},
		{"terms source.ip", agg("", store.Agg{Kind: store.Terms, Field: "source.ip"})},
		{"minute histogram", agg("", store.Agg{Kind: store.DateHistogram, Interval: "1h", Aggs: []store.Agg{{Kind: store.Terms, Field: "observer.type"}}})},
		{"percentiles", agg("", store.Agg{Kind: store.Percentiles, Field: "network.bytes", Percents: []float64{50, 95, 99}})},
		{"drill-down", agg("", store.Agg{Kind: store.Terms, Field: "event.dataset", Aggs: []store.Agg{{Kind: store.Terms, Field: "source.geo.country_iso_code", Aggs: []store.Agg{{Kind: store.Terms, Field: "destination.port"}}}}})},
		{"cidr", agg("source.ip:10.16.0.0/16")},
		{"distinct ip", agg("", store.Agg{Kind: store.Distinct, Field: "source.ip"})},
		{"token everywhere", agg("firefox")},
		{"rare token", agg("1337")},
		{"absent token", agg("zzyzx42")},
		{"chinese", agg("心跳超时")},
		{"regex", agg("/ssess.*n/")},
		{"newest 10000", func() error {
			_, err := s.Search(context.Background(), store.Everything(), store.SearchRequest{Selection: store.Selection{From: from, To: to}, Limit: store.MaxPage})
			return err
		}},
		{"scattered 10000", func() error {
			n, err := query.Parse("source.geo.country_iso_code:BR AND destination.port:443")
			if err == nil {
				_, err = s.Search(context.Background(), store.Everything(), store.SearchRequest{Selection: store.Selection{Query: n, From: from, To: to}, Limit: store.MaxPage})
			}
			return err
		}},
		{"newest 100", search("")},
		{"newest 100 filtered", search("observer.type:ips AND event.severity:3")},
		{"newest 100 rare", search("destination.port:9092 AND source.ip:10.16.3.18")},
	} {
		b.Run(q.name, func(b *testing.B) {
			t0 := cpu()
			for b.Loop() {
				require.NoError(b, q.run())
			}
			b.ReportMetric((cpu()-t0)/float64(b.N), "cpu-ms/op")
		})
	}
}

// BenchmarkScan reports what a scan of everything costs.
func BenchmarkScan(b *testing.B) {
	c := newCorpus(3, 500)
	s, err := embedded.Open(b.TempDir(), embedded.Options{FlushInterval: -1, MergeInterval: -1})
	require.NoError(b, err)
	defer s.Close()
	raw := 0
	for off := uint64(1); raw < 100<<20; off++ {
		batch, n := c.batch(batchSize)
		raw += n
		require.NoError(b, s.Append(context.Background(), off, []*wire.Batch{batch}))
	}
	require.NoError(b, s.Flush(context.Background()))
	sel := store.Selection{From: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC), To: time.Date(2026, 12, 30, 0, 0, 0, 0, time.UTC)}
	runtime.GC()
	t0 := cpu()
	for b.Loop() {
		rows := int64(0)
		for batch, err := range s.Scan(context.Background(), store.Everything(), store.ScanRequest{Selection: sel}) {
			require.NoError(b, err)
			rows += int64(batch.Batch.Rows)
		}
		require.Equal(b, s.Stats().Events, rows)
	}
	b.ReportMetric((cpu()-t0)/float64(b.N)/(float64(raw)/1e6), "cpu-ms/MB")
}
