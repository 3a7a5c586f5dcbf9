package watchlist_test

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/sdk/query"
	"github.com/logcenter/logcenter/sdk/watchlist"
)

// million are values of a list of the most entries, in the order in which the host writes them.
func million(t query.ListType) []string {
	r := rand.New(rand.NewPCG(1, 1)) //nolint:gosec // the same each time
	values := make([]string, query.MaxListEntries)
	for i := range values {
		switch t {
		case query.ListIP:
			values[i] = netip.AddrFrom4([4]byte{byte(1 + r.Uint32N(200)), byte(r.Uint32()), byte(r.Uint32()), byte(r.Uint32())}).String()
		case query.ListDomain:
			values[i] = fmt.Sprintf("h%x.example%d.com", r.Uint32(), i%1000)
		case query.ListHash:
			values[i] = fmt.Sprintf("%016x%016x%016x%016x", r.Uint64(), r.Uint64(), r.Uint64(), r.Uint64())
		default:
			values[i] = fmt.Sprintf("user%d", i)
		}
	}
	slices.Sort(values)
	return slices.Compact(values)
}

// cpu is the processor time of the process.
func cpu() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0 // it knows no other process
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkLoad is a list of a million entries from its file into memory.
func BenchmarkLoad(b *testing.B) {
	for _, typ := range []query.ListType{query.ListIP, query.ListDomain, query.ListHash, query.ListUser} {
		b.Run(typ.String(), func(b *testing.B) {
			dir := b.TempDir()
			values := million(typ)
			h := watchlist.Head{Type: typ, Version: 1, Entries: len(values)}
			for _, v := range values {
				h.Bytes += len(v)
			}
			require.NoError(b, watchlist.Write(dir, "big", h, func(yield func(watchlist.Entry, error) bool) {
				for _, v := range values {
					if !yield(watchlist.Entry{Value: v}, nil) {
						return
					}
				}
			}))
			used := cpu()
			for b.Loop() {
				f, err := watchlist.Open(dir)
				require.NoError(b, err)
				require.Equal(b, len(values), f.List("big").Len())
			}
			b.ReportMetric(float64((cpu()-used).Milliseconds())/float64(b.N), "cpu-ms/op")
		})
	}
}
