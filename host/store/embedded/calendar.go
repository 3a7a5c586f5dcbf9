package embedded

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/logcenter/logcenter/host/store"
)

// interval is a date_histogram's: n units. Seconds, minutes and hours are lengths of time counted from 1970 UTC;
// days, weeks (from Monday) and months are those of a time zone's calendar, counted from 1970.
type interval struct {
	n    int64
	unit byte // s m h d w M
	zone *time.Location
}

func parseInterval(s, zone string) (interval, error) {
	iv := interval{zone: time.UTC}
	if len(s) >= 2 {
		iv.unit = s[len(s)-1]
		if n, err := strconv.ParseInt(s[:len(s)-1], 10, 32); err == nil && n <= maxUnits[iv.unit] {
			iv.n = n
		}
	}
	if iv.n <= 0 {
		return iv, fmt.Errorf("%w: interval %q: want a number and s, m, h, d, w or M, e.g. 5m", store.ErrRequest, s)
	}
	if zone != "" {
		z, err := time.LoadLocation(zone)
		if err != nil || zone == "Local" {
			return iv, fmt.Errorf("%w: time zone %q is not known: want an IANA name such as Asia/Shanghai", store.ErrRequest, zone)
		}
		iv.zone = z
	}
	return iv, nil
}

// maxUnits allow about 30 years.
var maxUnits = map[byte]int64{'s': 1e9, 'm': 16e6, 'h': 266000, 'd': 11000, 'w': 1600, 'M': 360}

var unitNanos = map[byte]int64{'s': int64(time.Second), 'm': int64(time.Minute), 'h': int64(time.Hour), 'd': dayNanos, 'w': 7 * dayNanos}

// weekShift is how far the Monday before 1970-01-01, a Thursday, lies back.
const weekShift = 3 * dayNanos

// key is the SQL of the number of the bucket that ns, an SQL expression of nanoseconds in [from, to), falls into.
func (iv interval) key(ns string, from, to int64) string {
	if iv.unit == 's' || iv.unit == 'm' || iv.unit == 'h' {
		return divide(ns, iv.n*unitNanos[iv.unit], from >= 0)
	}
	local := iv.local(ns, from, to)
	switch iv.unit {
	case 'M':
		at := "make_timestamp_ns(" + local + ")"
		return divide("((year("+at+") - 1970) * 12 + month("+at+") - 1)", iv.n, from > 13*int64(time.Hour))
	case 'w':
		local = "(" + local + " + " + strconv.FormatInt(weekShift, 10) + ")"
	}
	// No zone is as far as 14 hours from UTC.
	return divide(local, iv.n*unitNanos[iv.unit], from > 14*int64(time.Hour))
}

// divide rounds down; SQL's integer division rounds towards zero.
func divide(x string, by int64, positive bool) string {
	d := strconv.FormatInt(by, 10)
	if by == 1 {
		return x
	}
	if positive {
		return "(" + x + " // " + d + ")"
	}
	return "((" + x + " - ((" + x + " % " + d + ") + " + d + ") % " + d + ") // " + d + ")"
}

// maxTransitions bounds the changes of a zone's offset inside a range: two a year.
const maxTransitions = 600

// local is the SQL of the zone's wall clock as if it were UTC.
func (iv interval) local(ns string, from, to int64) string {
	t := time.Unix(0, from).In(iv.zone)
	offset := func(t time.Time) int64 { _, o := t.Zone(); return int64(o) * int64(time.Second) }
	var b strings.Builder
	cases := 0
	for cases < maxTransitions {
		_, end := t.ZoneBounds()
		if end.IsZero() || end.Year() > 2261 || end.UnixNano() >= to {
			break
		}
		fmt.Fprintf(&b, " WHEN %s < %d THEN %d", ns, end.UnixNano(), offset(t))
		cases++
		t = end
	}
	switch last := offset(t); {
	case cases > 0:
		return fmt.Sprintf("(%s + CASE%s ELSE %d END)", ns, b.String(), last)
	case last == 0:
		return ns
	default:
		return fmt.Sprintf("(%s + %d)", ns, last)
	}
}

// start is when bucket k begins.
func (iv interval) start(k int64) time.Time {
	switch iv.unit {
	case 'M':
		return time.Date(1970, time.Month(1+k*iv.n), 1, 0, 0, 0, 0, iv.zone)
	case 'w':
		return time.Date(1970, 1, int(1-3+7*k*iv.n), 0, 0, 0, 0, iv.zone)
	case 'd':
		return time.Date(1970, 1, int(1+k*iv.n), 0, 0, 0, 0, iv.zone)
	default:
		return time.Unix(0, k*iv.n*unitNanos[iv.unit]).In(iv.zone)
	}
}

// bucket is the number of the bucket that t falls into.
func (iv interval) bucket(t time.Time) int64 {
	l := t.In(iv.zone)
	switch iv.unit {
	case 'M':
		return floorDiv(int64(l.Year()-1970)*12+int64(l.Month()-1), iv.n)
	case 's', 'm', 'h':
		return floorDiv(nanos(t), iv.n*unitNanos[iv.unit])
	}
	days := floorDiv(time.Date(l.Year(), l.Month(), l.Day(), 0, 0, 0, 0, time.UTC).Unix(), 86400)
	if iv.unit == 'w' {
		return floorDiv(floorDiv(days+3, 7), iv.n)
	}
	return floorDiv(days, iv.n)
}
