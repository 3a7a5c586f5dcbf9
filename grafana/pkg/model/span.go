package model

import (
	"strconv"
	"time"
)

// Span is a length of time as intervals are written: a number of units. Days and more are those of a calendar.
type Span struct {
	N    int
	Unit byte // s m h d w M
}

// maxSpans allow about 30 years, as the host does.
var maxSpans = map[byte]int{'s': 1e9, 'm': 16e6, 'h': 266000, 'd': 11000, 'w': 1600, 'M': 360}

// ParseSpan reads e.g. 30s, 5m, 1h, 1d, 1w or 1M.
func ParseSpan(s string) (Span, bool) {
	if len(s) < 2 {
		return Span{}, false
	}
	unit := s[len(s)-1]
	n, err := strconv.Atoi(s[:len(s)-1])
	if err != nil || n <= 0 || n > maxSpans[unit] {
		return Span{}, false
	}
	return Span{n, unit}, true
}

// String writes the span as ParseSpan reads it.
func (s Span) String() string { return strconv.Itoa(s.N) + string(s.Unit) }

// Duration is how long the span is; of months, 30 days each.
func (s Span) Duration() time.Duration {
	units := map[byte]time.Duration{
		's': time.Second, 'm': time.Minute, 'h': time.Hour, 'd': 24 * time.Hour, 'w': 7 * 24 * time.Hour, 'M': 30 * 24 * time.Hour,
	}
	return time.Duration(s.N) * units[s.Unit]
}

// Add moves t by times spans, by the calendar of zone.
func (s Span) Add(t time.Time, times int, zone *time.Location) time.Time {
	n := s.N * times
	switch s.Unit {
	case 'd':
		return t.In(zone).AddDate(0, 0, n)
	case 'w':
		return t.In(zone).AddDate(0, 0, 7*n)
	case 'M':
		return t.In(zone).AddDate(0, n, 0)
	default:
		return t.Add(time.Duration(times) * s.Duration())
	}
}
