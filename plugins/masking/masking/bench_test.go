package main

import (
	"context"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/plugintest"
	"github.com/logcenter/logcenter/sdk/sample"
	"github.com/logcenter/logcenter/sdk/wire"
)

// everything has all rules on.
const everything = `{"categories": {"secrets": "on", "customer": "on", "business": "on", "parameters": "on", "technical": "on"}}`

// BenchmarkCorpora is what a megabyte of several formats costs: the catalogue as it comes, and with all of it on.
func BenchmarkCorpora(b *testing.B) {
	for _, corpus := range []string{"../masking/masking/testdata/mixed.log", "dptech/testdata/traffic.log", "nginx/testdata/access.log", "json/testdata/events.log", "linux/testdata/events.log"} {
		for _, tt := range []struct{ name, config string }{{"default", ""}, {"everything", everything}} {
			b.Run(filepath.Base(filepath.Dir(filepath.Dir(corpus)))+"/"+tt.name, func(b *testing.B) {
				s := sdk.MaskerStage(New)
				plugintest.Open(b, s, []byte(tt.config))
				file, err := sample.Read(filepath.Join("../../parser", corpus))
				require.NoError(b, err)
				file = file.Repeat(768 << 10)
				batch, err := file.Batch(0, len(file.Lines))
				require.NoError(b, err)
				b.SetBytes(int64(file.Bytes()))
				b.ReportAllocs()
				cpu := cpuTime()
				for b.Loop() {
					if err := s.Process(context.Background(), batch, func(*wire.Result) error { return nil }); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric((cpuTime()-cpu).Seconds()*1e9/float64(b.N)/float64(file.Bytes()), "cpu-ms/MB")
			})
		}
	}
}

// cpuTime is the processor time of this process.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
