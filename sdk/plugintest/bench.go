package plugintest

import (
	"bytes"
	"context"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/wire"
)

// benchBytes is about the size of the batches the host makes.
const benchBytes = 512 << 10

// Bench measures the plugin on batches of its samples, repeated to the size the host uses. Beside the time it
// reports cpu-ms/MB, the processor time that a megabyte of lines takes, and allocs/event, which should be 0.
// The samples count as they stand: a sample full of broken lines measures broken lines, so files whose name
// starts with "bad" are left out.
func Bench(b *testing.B, s *sdk.Stage) {
	var config []byte
	var in *wire.Batch
	size, events := 0, 0
	m, err := ReadManifest("plugin.yaml")
	if err != nil {
		b.Fatal(err)
	}
	for _, f := range samples(b) {
		if bytes.HasPrefix([]byte(filepath.ToSlash(f.Path)), []byte("testdata/bad")) {
			continue
		}
		if config, err = f.Config(); err != nil {
			b.Fatal(err)
		}
		open(b, s, m, config)
		big := f.Repeat(benchBytes)
		if in, err = big.Batch(0, len(big.Lines)); err != nil {
			b.Fatal(err)
		}
		for _, l := range big.Lines {
			size += len(l) + 1
		}
		events = len(big.Lines)
		break
	}
	if in == nil {
		b.Fatal("all samples are named bad: one should show ordinary lines")
	}
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
