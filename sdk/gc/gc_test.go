package gc_test

import (
	"runtime"
	"runtime/metrics"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/sdk/gc"
)

var kept, garbage []byte

// goal is the heap at which the collector begins its next cycle.
func goal() uint64 {
	s := []metrics.Sample{{Name: "/gc/heap/goal:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}

func TestGarbageIsBoundedInBytes(t *testing.T) {
	const mb = 1 << 20
	gc.Tune(16 * mb)
	for _, tt := range []struct{ live, least, most int }{
		{0, 0, 40 * mb},                // four times next to nothing
		{16 * mb, 30 * mb, 36 * mb},    // 16 and 16
		{200 * mb, 260 * mb, 300 * mb}, // a third
		{16 * mb, 30 * mb, 36 * mb},
	} {
		kept = make([]byte, tt.live)
		assert.Eventually(t, func() bool {
			runtime.GC()
			garbage = make([]byte, 1)
			g := int(goal())
			return tt.least <= g && g <= tt.most
		}, time.Minute, time.Millisecond, "live %d MB: goal %d MB", tt.live/mb, goal()/mb)
	}
	require.NotNil(t, kept)
}
