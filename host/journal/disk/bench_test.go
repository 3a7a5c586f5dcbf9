package disk

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/wal"

	"github.com/logcenter/logcenter/host/journal"
)

// measure reports MB/s and CPU ms per MB (10^6 bytes) of what run appends, n bytes at a time.
func measure(b *testing.B, size int, run func()) {
	b.Helper()
	cpu := func() time.Duration {
		var u syscall.Rusage
		require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	b.SetBytes(int64(size))
	b.ResetTimer()
	before := cpu()
	run()
	b.StopTimer()
	runtime.KeepAlive(heap)
	used := cpu() - before
	mb := float64(size) * float64(b.N) / 1e6
	b.ReportMetric(float64(used.Microseconds())/1e3/mb, "cpu-ms/MB")
}

// heap stands for what the host has on its heap: with an empty one, the collector would run every few
// entries and be all that is measured.
var heap = make([]byte, 64<<20)

// BenchmarkAppend compares the journal with the bare log library, every append synced by itself but
// for the appenders=8 lines. Run it with -benchtime=400x or so: it writes for real.
func BenchmarkAppend(b *testing.B) {
	for _, size := range []int{64 << 10, 1 << 20} {
		text := make([]byte, size)
		for i := range text {
			text[i] = byte(i * 31)
		}
		for _, segment := range []int{defaultSegmentBytes, wal.DefaultOptions.SegmentSize, 64 << 20} {
			b.Run(fmt.Sprintf("%dKiB/tidwall-wal,segment=%dMB", size>>10, segment/1e6), func(b *testing.B) {
				o := *wal.DefaultOptions
				o.SegmentSize = segment
				log, err := wal.Open(b.TempDir(), &o)
				require.NoError(b, err)
				measure(b, size, func() {
					for i := range b.N {
						require.NoError(b, log.Write(uint64(i+1), text))
					}
				})
				require.NoError(b, log.Close())
			})
		}
		for _, c := range []struct {
			name               string
			appenders, readers int
			encrypted          bool
		}{
			{"journal", 1, 0, false},
			{"journal,reader", 1, 1, false},
			{"journal,appenders=8,reader", 8, 1, false},
			{"journal,encrypted,reader", 1, 1, true},
		} {
			b.Run(fmt.Sprintf("%dKiB/%s", size>>10, c.name), func(b *testing.B) {
				o := Options{MaxBytes: 512 << 20}
				if c.encrypted {
					o.KeyFile = writeKey(b)
				}
				benchJournal(b, text, o, c.appenders, c.readers)
			})
		}
	}
}

func benchJournal(b *testing.B, text []byte, o Options, appenders, readers int) {
	b.Helper()
	j, err := Open(b.TempDir(), o)
	require.NoError(b, err)
	var wg sync.WaitGroup
	measure(b, len(text), func() {
		for r := range max(readers, 1) {
			c, err := j.Consumer(fmt.Sprint(r), journal.GroupOptions{DetachAfterBytes: 256 << 20})
			require.NoError(b, err)
			if readers == 0 {
				break
			}
			wg.Go(func() {
				for range b.N {
					e, err := c.Next(context.Background())
					if err != nil || c.Commit(e.Offset) != nil {
						b.Error(err)
						return
					}
				}
			})
		}
		for a := range appenders {
			wg.Go(func() {
				for i := a; i < b.N; i += appenders {
					if _, err := j.Append(context.Background(), text); err != nil {
						b.Error(err)
						return
					}
				}
			})
		}
		wg.Wait()
	})
	require.NoError(b, j.Close())
}

// BenchmarkRead reads entries that are no longer in memory, with their checksums checked.
func BenchmarkRead(b *testing.B) {
	for _, size := range []int{1 << 10, 64 << 10, 1 << 20} {
		b.Run(fmt.Sprintf("%dKiB", size>>10), func(b *testing.B) {
			j, err := Open(b.TempDir(), Options{MemoryBytes: 1, NoSync: true})
			require.NoError(b, err)
			c, err := j.Consumer("g", journal.GroupOptions{})
			require.NoError(b, err)
			n := (64 << 20) / size
			for range n {
				_, err := j.Append(context.Background(), make([]byte, size))
				require.NoError(b, err)
			}
			measure(b, size, func() {
				for i := range b.N {
					if i%n == 0 {
						require.NoError(b, c.Seek(1))
					}
					if i%n == n-1 {
						continue // the newest one is in memory
					}
					_, err := c.Next(context.Background())
					require.NoError(b, err)
				}
			})
			require.NoError(b, j.Close())
		})
	}
}
