package rollout_test

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/pipeline"
	"github.com/logcenter/logcenter/host/rollout"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/wire"
)

// BenchmarkShadow has a parser at work, alone and with a shadow that sees every batch. What a shadow costs is the
// difference of the sums, which is to be what the parser costs.
func BenchmarkShadow(b *testing.B) {
	for _, shadow := range []bool{false, true} {
		b.Run(fmt.Sprintf("shadow %v", shadow), func(b *testing.B) {
			h := start(b)
			require.NoError(b, h.reg.Disable("names"))
			require.NoError(b, h.reg.Disable("hide"))
			old, err := h.reg.Get("words")
			require.NoError(b, err)
			if shadow {
				_, err := h.m.Upgrade(b.Context(), "words", h.version("words", "parser"), rollout.Options{Mode: rollout.Shadow})
				require.NoError(b, err)
			}
			c := &wire.Column{Field: uint32(ecs.Message), Name: "message", Type: wire.Type_STRING, Count: 4000, Separator: 1, Values: make([]byte, 4)}
			for i := range 4000 {
				c.Data = fmt.Appendf(c.Data, "w%d port=%d some more of a line, which is about as long as those of firewalls are, with src=192.0.2.1 dst=198.51.100.7\n", i%9, i)
				n := len(c.Data)
				c.Values = append(c.Values, byte(n), byte(n>>8), byte(n>>16), byte(n>>24))
			}
			raw := &wire.Batch{Rows: 4000, Columns: []*wire.Column{c}}
			report := func() rollout.Report {
				if !shadow {
					return rollout.Report{}
				}
				r, err := h.m.Status("words")
				require.NoError(b, err)
				return r
			}
			own := func() time.Duration {
				var u syscall.Rusage
				require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
				return time.Duration(u.Utime.Nano() + u.Stime.Nano())
			}
			b.SetBytes(int64(len(c.Data)))
			before, first, begun := own(), old.CPU(), report()
			n := int64(0)
			for b.Loop() {
				f, err := h.processor.Process(b.Context(), pipeline.RawOf("j", 1, raw))
				require.NoError(b, err)
				f.Release()
				n++
				for shadow && n%3 == 0 { // each batch is compared, so that the figures are of the same work
					if r := report(); (r.Compared-begun.Compared)/4000+r.Skipped-begun.Skipped >= n {
						break
					}
					time.Sleep(2 * time.Millisecond)
				}
			}
			mb := float64(n) * float64(len(c.Data)) / 1e6
			per := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1e3 / mb }
			b.ReportMetric(per(own()-before), "host-ms/MB")
			b.ReportMetric(per(old.CPU()-first), "parser-ms/MB")
			if r := report(); shadow {
				b.ReportMetric(r.New.MsPerMB, "shadow-ms/MB")
				b.ReportMetric(float64(r.Skipped), "skipped")
			}
		})
	}
}
