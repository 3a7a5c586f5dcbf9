// Package interval is the calendar of date histograms, the same for every store.
package interval

import (
	"fmt"
	"strconv"
	"time"

	"github.com/logcenter/logcenter/host/store"
)

// Interval is a date_histogram's: N units. Seconds, minutes and hours are lengths of time counted from 1970 UTC;
// days, weeks (from Monday) and months are those of a time zone's calendar, counted from 1970.
type Interval struct {
	N    int64
	Unit byte // s m h d w M
	Zone *time.Location
}

const day = int64(24 * time.Hour)

// maxUnits allow about 30 years.
var maxUnits = map[byte]int64{'s': 1e9, 'm': 16e6, 'h': 266000, 'd': 11000, 'w': 1600, 'M': 360}

var unitNanos = map[byte]int64{'s': int64(time.Second), 'm': int64(time.Minute), 'h': int64(time.Hour), 'd': day, 'w': 7 * day}

// Parse reads an interval such as 5m, and the name of a zone, empty for UTC. Errors are [store.ErrRequest].
func Parse(s, zone string) (Interval, error) {
	iv := Interval{Zone: time.UTC}
	if len(s) >= 2 {
		iv.Unit = s[len(s)-1]
		if n, err := strconv.ParseInt(s[:len(s)-1], 10, 32); err == nil && n <= maxUnits[iv.Unit] {
			iv.N = n
		}
	}
	if iv.N <= 0 {
		return iv, fmt.Errorf("%w: interval %q: want a number and s, m, h, d, w or M, e.g. 5m", store.ErrRequest, s)
	}
	if zone != "" {
		z, err := time.LoadLocation(zone)
		if err != nil || zone == "Local" {
			return iv, fmt.Errorf("%w: time zone %q is not known: want an IANA name such as Asia/Shanghai", store.ErrRequest, zone)
		}
		iv.Zone = z
	}
	return iv, nil
}

// Fixed says that all buckets are equally long.
func (iv Interval) Fixed() bool { return iv.Unit == 's' || iv.Unit == 'm' || iv.Unit == 'h' }

// Nanos is how long a bucket is; of days and weeks without changes of the clock, of months 0.
func (iv Interval) Nanos() int64 { return iv.N * unitNanos[iv.Unit] }

// Start is when bucket k begins.
func (iv Interval) Start(k int64) time.Time {
	switch iv.Unit {
	case 'M':
		return time.Date(1970, time.Month(1+k*iv.N), 1, 0, 0, 0, 0, iv.Zone)
	case 'w':
		return time.Date(1970, 1, int(1-3+7*k*iv.N), 0, 0, 0, 0, iv.Zone)
	case 'd':
		return time.Date(1970, 1, int(1+k*iv.N), 0, 0, 0, 0, iv.Zone)
	default:
		return time.Unix(0, k*iv.Nanos()).In(iv.Zone)
	}
}

// Bucket is the number of the bucket that t falls into.
func (iv Interval) Bucket(t time.Time) int64 {
	l := t.In(iv.Zone)
	switch iv.Unit {
	case 'M':
		return floorDiv(int64(l.Year()-1970)*12+int64(l.Month()-1), iv.N)
	case 's', 'm', 'h':
		return floorDiv(t.UnixNano(), iv.Nanos())
	}
	days := floorDiv(time.Date(l.Year(), l.Month(), l.Day(), 0, 0, 0, 0, time.UTC).Unix(), 86400)
	if iv.Unit == 'w' {
		return floorDiv(floorDiv(days+3, 7), iv.N)
	}
	return floorDiv(days, iv.N)
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b != 0 && (a < 0) != (b < 0) {
		q--
	}
	return q
}
