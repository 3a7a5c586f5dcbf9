package plugintest

import (
	"context"
	"runtime"
	"testing"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/sample"
	"github.com/logcenter/logcenter/sdk/wire"
)

// benchBytes is about the size of the batches that the host makes.
const benchBytes = 768 << 10

// Bench measures the plugin on batches of its samples, repeated to the size the host uses. Beside the time it
// reports cpu-ms/MB, the processor time that a megabyte of lines takes, and allocs/event, which should be 0.
// The lines count as they stand: a sample full of broken lines measures broken lines, so one that [sample.Usual] takes
// for ordinary is measured.
func Bench(b *testing.B, s *sdk.Stage) {
	usual := sample.Usual(samples(b))
	setup, err := usual.Setup()
	if err != nil {
		b.Fatal(err)
	}
	OpenWith(b, s, setup)
	big := usual.Repeat(benchBytes)
	in, err := big.Batch(0, len(big.Lines))
	if err != nil {
		b.Fatal(err)
	}
	size, events := big.Bytes(), len(big.Lines)
	run := func() {
		in.Offset++
		if err := s.Process(context.Background(), in, keep); err != nil {
			b.Fatal(err)
		}
	}
	if err := process(s, in, nil); err != nil { // as a check; what the host checks is not the plugin's time
		b.Fatal(err)
	}
	run() // buffers grow, caches fill
	b.SetBytes(int64(size))
	b.ResetTimer()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	cpu := cpuTime()
	for b.Loop() {
		run()
	}
	cpu = cpuTime() - cpu
	runtime.ReadMemStats(&after)
	megabytes := float64(size) * float64(b.N) / 1e6
	b.ReportMetric(cpu.Seconds()*1e3/megabytes, "cpu-ms/MB")
	b.ReportMetric(float64(after.Mallocs-before.Mallocs)/float64(events)/float64(b.N), "allocs/event")
}

func keep(*wire.Result) error { return nil }
