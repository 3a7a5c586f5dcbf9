package lifecycle_test

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/archive"
	"github.com/logcenter/logcenter/host/lifecycle"
	"github.com/logcenter/logcenter/host/store/storetest"
	"github.com/logcenter/logcenter/sdk/wire"
)

// BenchmarkArchive archives one partition and drops it: the CPU of all of it, a MB of raw log.
func BenchmarkArchive(b *testing.B) {
	for range b.N {
		b.StopTimer()
		f := newFixture(b, archive.Directory(b.TempDir()))
		var raw int64
		for raw < 100e6 {
			f.offset++
			rows := make([]storetest.Event, 4096)
			for i := range rows {
				n := int(f.offset)*4096 + i
				line := fmt.Sprintf("<190>2026-11-25 23:04:51 fw-vpn-01%%%%FW/TRAFFIC/6/DATALOG: srcip(source)=10.16.%d.%d;dstip(dest)=10.2.0.12;srcport=%d;dstport=53;protocol=UDP;app=DNS;zone=branch;inbytes=%d;outbytes=45913;duration=%d;", n>>8&255, n&255, n%60000, n*7919%100000, n%977)
				raw += int64(len(line))
				rows[i] = storetest.Event{
					"@timestamp": came.Add(time.Duration(n) * time.Millisecond), "event.ingested": came, "message": line,
					"observer.type": "firewall", "logcenter.log_type": "attack", "event.dataset": "dptech.traffic", "log.level": "Info", "host.name": "fw-vpn-01",
					"source.ip": fmt.Sprintf("10.16.%d.%d", n>>8&255, n&255), "destination.ip": "10.2.0.12", "source.port": int64(n % 60000), "destination.port": int64(53),
				}
			}
			batch, err := storetest.Batch(f.offset, rows)
			require.NoError(b, err)
			require.NoError(b, f.store.Append(b.Context(), f.offset, []*wire.Batch{batch}))
		}
		require.NoError(b, f.base.Flush(b.Context()))
		f.after(91)
		before := cpu()
		b.StartTimer()
		require.NoError(b, f.Round(b.Context(), lifecycle.RoundRequest{}))
		b.StopTimer()
		require.Zero(b, f.partitions())
		b.ReportMetric((cpu()-before).Seconds()*1000/(float64(raw)/1e6), "cpu-ms/MB")
		b.SetBytes(raw)
	}
}

func cpu() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u) // cannot fail
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
