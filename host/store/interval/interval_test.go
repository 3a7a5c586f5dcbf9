package interval_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/host/store/interval"
)

// TestIntervals: every instant lies in the bucket that its number begins.
func TestIntervals(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 6))
	for _, zone := range []string{"", "Europe/Berlin", "Asia/Shanghai", "America/New_York", "Pacific/Apia", "Asia/Kathmandu"} {
		for _, text := range []string{"1s", "90s", "5m", "1h", "7h", "1d", "2d", "1w", "3w", "1M", "3M", "12M"} {
			iv, err := interval.Parse(text, zone)
			require.NoError(t, err)
			for range 200 {
				at := time.Unix(rnd.Int64N(4e9)-1e9, rnd.Int64N(1e9))
				k := iv.Bucket(at)
				require.False(t, at.Before(iv.Start(k)), "%s %s %s: bucket %d begins %s", text, zone, at, k, iv.Start(k))
				require.True(t, at.Before(iv.Start(k+1)), "%s %s %s: bucket %d ends %s", text, zone, at, k, iv.Start(k+1))
			}
		}
	}
	for _, bad := range []string{"", "5", "m", "0m", "-1m", "1y", "1.5h", "99999999999s"} {
		_, err := interval.Parse(bad, "")
		require.ErrorIs(t, err, store.ErrRequest, bad)
	}
}
