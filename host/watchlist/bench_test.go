package watchlist_test

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/watchlist"
	"github.com/logcenter/logcenter/sdk/query"
)

// cpu is the processor time of the process.
func cpu() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0 // it knows no other process
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkChange is how long one address more, and then less, takes until it is in effect, in a list that has a million.
func BenchmarkChange(b *testing.B) {
	l := open(b, b.TempDir(), "")
	r := rand.New(rand.NewPCG(1, 1)) //nolint:gosec // the same each time
	addr := func() string {
		return netip.AddrFrom4([4]byte{byte(1 + r.Uint32N(200)), byte(r.Uint32()), byte(r.Uint32()), byte(r.Uint32())}).String()
	}
	var csv strings.Builder
	for range query.MaxListEntries - 10_000 {
		fmt.Fprintf(&csv, "%s,seen in a feed\n", addr())
	}
	begun := cpu()
	l.put(b, "big", csv.String(), watchlist.Import{Type: query.ListIP})
	has("big", "192.0.2.1") // from here on it is in use
	imported := cpu() - begun
	used := cpu()
	for b.Loop() {
		value := addr()
		_, err := l.Add(b.Context(), "big", []watchlist.Entry{{Value: value}}, "admin")
		require.NoError(b, err)
		_, err = l.Remove(b.Context(), "big", []string{value}, "admin")
		require.NoError(b, err)
	}
	b.ReportMetric(float64((cpu()-used).Microseconds())/1e3/float64(b.N), "cpu-ms/op")
	b.ReportMetric(imported.Seconds(), "cpu-s/import")
}
