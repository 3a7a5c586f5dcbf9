package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/manifest"
	"github.com/logcenter/logcenter/sdk/wire"
)

const many = 100_000

// address is that of an asset of manyAssets.
func address(i int) netip.Addr {
	return netip.AddrFrom4([4]byte{10, byte(i >> 11), byte(i >> 3), byte(i<<5 | 7)})
}

// manyAssets is a list of 100,000 assets, each with an address and a name, and 1,000 networks around them.
func manyAssets() string {
	var b strings.Builder
	b.WriteString("id,name,type,ip,hostname,owner,department,system,criticality,zone,tags\n")
	for i := range many {
		fmt.Fprintf(&b, "CI-%06d,Server %d of the bank,%s,%s,srv-%06d.dc%d.bank.example,owner-%d@bank.example,Department %d,System %d,%s,zone-%d,t%d;u%d\n",
			i, i, []string{"server", "firewall", "client", "database"}[i%4], address(i), i, i%3, i%500, i%40, i%300, []string{"low", "medium", "high", "critical"}[i%4], i%12, i%20, i%7)
	}
	for i := range 1000 {
		fmt.Fprintf(&b, "NET-%d,Network %d,network,10.%d.%d.0/22,,,,,,zone-%d,\n", i, i, 200+i/50, i%50*4, i%12)
	}
	return b.String()
}

// traffic is a batch of firewall lines of 768 KiB, with as many clients and servers as loadgen has: 200 devices,
// connections of 6,000 clients, some of which have many, to 120 servers, and a quarter of them from outside.
func traffic(tb testing.TB) *wire.Batch {
	r := rand.New(rand.NewPCG(1, 2))
	often := func(n int) int { f := r.Float64(); return int(f * f * float64(n)) }
	var message, host, src, dst, peer wire.Builder
	type row struct {
		line, host, peer string
		src, dst         netip.Addr
	}
	var rows []row
	for size := 0; size < 768<<10; {
		device := r.IntN(200) * 499
		w := row{
			host: fmt.Sprintf("srv-%06d", device), peer: fmt.Sprintf("%s:514", address(device)),
			src: address(often(6000) * 7919 % many), dst: address(often(120) * 104729 % many),
		}
		if r.IntN(4) == 0 { // from outside
			w.src = netip.AddrFrom4([4]byte{byte(1 + r.IntN(9)), byte(r.Uint32()), byte(r.Uint32()), byte(r.Uint32())})
		}
		w.line = fmt.Sprintf("<190>2026-10-11 12:00:00 %s%%%%FW/SESSION/6/SYSLOG: Session created srcip(source)=%s;dstip(dest)=%s;srcport=%d;dstport=443;protocol=TCP;action=permit;policy=branch-to-core;bytes=%d;",
			w.host, w.src, w.dst, r.IntN(60000), r.IntN(1e6))
		size += len(w.line)
		rows = append(rows, w)
	}
	n := len(rows)
	message.Reset(wire.Type_STRING, false, n, nil, nil)
	for i, w := range rows {
		message.Copy(i, []byte(w.line), 0, 0)
	}
	m := message.Finish(uint32(ecs.Message))
	host.Reset(wire.Type_STRING, false, n, m, nil)
	peer.Reset(wire.Type_STRING, false, n, m, nil)
	src.Reset(wire.Type_IP, false, n, m, nil)
	dst.Reset(wire.Type_IP, false, n, m, nil)
	for i, w := range rows {
		host.Span(i, strings.Index(w.line, w.host), len(w.host))
		peer.Text(i, w.peer)
		src.IP(i, w.src.As16())
		dst.IP(i, w.dst.As16())
	}
	b := &wire.Batch{Rows: uint32(n), Columns: []*wire.Column{
		m, host.Finish(uint32(ecs.HostName)), peer.Finish(uint32(ecs.LogSourceAddress)), src.Finish(uint32(ecs.SourceIP)), dst.Finish(uint32(ecs.DestinationIP)),
	}}
	require.NoError(tb, b.Validate(uint32(ecs.Message)))
	return b
}

func openMany(tb testing.TB) *sdk.Stage {
	m, err := manifest.Read(".")
	require.NoError(tb, err)
	s := sdk.EnricherStage(New)
	require.NoError(tb, s.Open(m.OpenRequest(fmt.Appendf(nil, `{"sources": [{"path": %q}]}`, writeTo(tb, manyAssets())))))
	return s
}

func cpu() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkManyAssets is what 100,000 assets cost a megabyte of firewall lines.
func BenchmarkManyAssets(b *testing.B) {
	s, batch := openMany(b), traffic(b)
	defer func() { _ = s.Close() }()
	size := len(batch.Column(uint32(ecs.Message)).Data)
	run := func() {
		batch.Offset++
		if err := s.Process(context.Background(), batch, func(*wire.Result) error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
	run()
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	spent := cpu()
	for b.Loop() {
		run()
	}
	spent = cpu() - spent
	runtime.ReadMemStats(&after)
	b.SetBytes(int64(size))
	b.ReportMetric(spent.Seconds()*1e3/(float64(size)*float64(b.N)/1e6), "cpu-ms/MB")
	b.ReportMetric(float64(after.Mallocs-before.Mallocs)/float64(batch.Rows)/float64(b.N), "allocs/event")
}

// TestManyAssets asserts what the table of 100,000 assets takes of memory, and that no event allocates.
func TestManyAssets(t *testing.T) {
	list := writeTo(t, manyAssets())
	heap := func() uint64 {
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	s, err := New(from(list))
	require.NoError(t, err)
	e := s.(*enricher)
	defer func() { require.NoError(t, e.Close()) }()
	took := heap() - before
	t.Logf("%d assets take %.1f MB", e.table.Load().size(), float64(took)/1e6)
	require.Equal(t, many+1000, e.table.Load().size())
	require.Less(t, took, uint64(60e6))
	runtime.KeepAlive(e)

	stage, batch := openMany(t), traffic(t)
	defer func() { require.NoError(t, stage.Close()) }()
	run := func() {
		require.NoError(t, stage.Process(context.Background(), batch, func(r *wire.Result) error {
			require.NoError(t, r.Validate(batch, uint32(ecs.Message)))
			require.Equal(t, batch.Rows, r.Column(uint32(ecs.AssetID)).Count, "all devices are known")
			require.NotNil(t, r.Column(uint32(ecs.SourceAssetOwner)))
			return nil
		}))
	}
	run()
	require.Less(t, testing.AllocsPerRun(5, run), float64(batch.Rows)/10, "of %d events", batch.Rows)
}
