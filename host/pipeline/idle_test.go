package pipeline_test

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/pipeline"
	"github.com/logcenter/logcenter/host/plugin"
	"github.com/logcenter/logcenter/host/plugin/trial"
	"github.com/logcenter/logcenter/sdk/wire"
)

func spent(b *testing.B, ps []*plugin.Plugin) (all time.Duration) {
	var u syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	all = time.Duration(u.Utime.Nano() + u.Stime.Nano())
	for _, p := range ps {
		all += p.CPU()
	}
	return all
}

// BenchmarkIdlePlugins has four parsers at work, alone and beside 36 that run and get nothing. CPU is that of all
// processes.
func BenchmarkIdlePlugins(b *testing.B) {
	for _, n := range []int{4, 40} {
		b.Run(fmt.Sprintf("4 of %d", n), func(b *testing.B) {
			dir := b.TempDir()
			for i := range n {
				id := fmt.Sprintf("p%02d", i)
				trial.Folder(b, dir, id, trial.Manifest(id, "parser", "trusted: true", fmt.Sprintf("accepts: [{contains: ['dev%02d=']}]", i)), "parser")
			}
			reg, err := trial.Open(b, dir, plugin.Options{})
			require.NoError(b, err)
			require.NoError(b, reg.Start(b.Context()))
			ps := reg.InService(wire.Kind_PARSER)
			require.Len(b, ps, n)
			processor := planned(reg)
			var lines []string
			for i := range 4000 {
				lines = append(lines, fmt.Sprintf("allow port=%d dev%02d=fw1 some more of a line, which is about as long as those of firewalls are, with src=192.0.2.1 dst=198.51.100.7", i, i%4))
			}
			raw := records(lines, nil)
			size := len(raw.Columns[0].Data)
			b.SetBytes(int64(size))
			once := func() {
				f, err := processor.Process(b.Context(), pipeline.RawOf(journalID, 7, raw))
				require.NoError(b, err)
				f.Release()
			}
			for range 20 {
				once()
			}
			before := spent(b, ps)
			for b.Loop() {
				once()
			}
			b.ReportMetric(float64(spent(b, ps)-before)/1e6/(float64(b.N)*float64(size)/1e6), "ms-CPU/MB")
			require.Zero(b, processor.Unparsed.Load())
		})
	}
}
