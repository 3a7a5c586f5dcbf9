package embedded

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	calendar "github.com/logcenter/logcenter/host/store/interval"
)

// interval is the calendar of a date_histogram in SQL.
type interval struct{ calendar.Interval }

// weekShift is how far the Monday before 1970-01-01, a Thursday, lies back.
const weekShift = 3 * dayNanos

// key is the SQL of the number of the bucket that ns, an SQL expression of nanoseconds in [from, to), falls into.
func (iv interval) key(ns string, from, to int64) string {
	if iv.Unit == 's' || iv.Unit == 'm' || iv.Unit == 'h' {
		return divide(ns, iv.Nanos(), from >= 0)
	}
	local := iv.local(ns, from, to)
	switch iv.Unit {
	case 'M':
		// Of nanoseconds the engine takes the year after rounding towards 1970.
		at := "make_timestamp(" + divide(local, 1000, from > 13*int64(time.Hour)) + ")"
		return divide("((year("+at+") - 1970) * 12 + month("+at+") - 1)", iv.N, from > 13*int64(time.Hour))
	case 'w':
		local = "(" + local + " + " + strconv.FormatInt(weekShift, 10) + ")"
	}
	// No zone is as far as 14 hours from UTC.
	return divide(local, iv.Nanos(), from > 14*int64(time.Hour))
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
	t := time.Unix(0, from).In(iv.Zone)
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
