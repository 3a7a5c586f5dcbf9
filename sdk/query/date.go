package query

import (
	"fmt"
	"strings"
	"time"
)

func valueError(hint, format string, args ...any) *Error {
	return &Error{Msg: fmt.Sprintf(format, args...), Hint: hint}
}

const dateHint = "write 2026-10-11, 2026-10-11 12:00:00, 2026-10-11T12:00:00Z, epoch milliseconds, or now-1h"

// dateLayouts are read with and without a zone; unit is what they are exact to. A fraction may follow seconds.
var dateLayouts = []struct {
	layout string
	unit   time.Duration
}{
	{"2006-01-02T15:04:05", time.Second},
	{"2006-01-02 15:04:05", time.Second},
	{"2006-01-02T15:04", time.Minute},
	{"2006-01-02 15:04", time.Minute},
}

// ParseDate reads a date: RFC 3339, "2006-01-02 15:04:05" and shorter forms down to the day, milliseconds
// since 1970 (12 to 14 digits), or "now", with steps such as -1h or +2d and a final /d that rounds down. Units
// are s, m, h, d, w (to Monday), M and y. What names no zone is in zone, nil meaning UTC.
//
// A date stands for the time its form leaves open: from inclusive, to exclusive. 2026-10-11 is a day, now-1h
// one nanosecond, now/d the current day. Errors are of type [*Error] without a place.
func ParseDate(s string, now time.Time, zone *time.Location) (from, to time.Time, err error) {
	if zone == nil {
		zone = time.UTC
	}
	var perr *Error
	switch {
	case strings.HasPrefix(s, "now"):
		from, to, perr = relativeDate(s, now.In(zone))
	case len(s) > 0 && strings.Trim(s, "0123456789") == "":
		from, to, perr = epochDate(s)
	default:
		from, to, perr = calendarDate(s, zone)
	}
	if perr == nil && (from.Year() < 1678 || to.Year() > 2261) {
		perr = valueError("dates lie between the years 1678 and 2261", "%q is out of range", clip(s))
	}
	if perr != nil {
		return time.Time{}, time.Time{}, perr
	}
	return from, to, nil
}

func calendarDate(s string, zone *time.Location) (from, to time.Time, err *Error) {
	if t, err := time.ParseInLocation("2006-01-02", s, zone); err == nil {
		return t, t.AddDate(0, 0, 1), nil
	}
	for _, l := range dateLayouts {
		t, err := time.ParseInLocation(l.layout, s, zone)
		if err != nil {
			t, err = time.Parse(l.layout+"Z07:00", s)
		}
		if err != nil {
			continue
		}
		unit := l.unit
		if i := strings.LastIndexAny(s, ".,"); i >= 0 {
			for _, c := range s[i+1:] {
				if c < '0' || c > '9' || unit == 1 {
					break
				}
				unit /= 10
			}
		}
		return t, t.Add(unit), nil
	}
	return from, to, valueError(dateHint, "%q is not a date", clip(s))
}

func epochDate(s string) (from, to time.Time, err *Error) {
	if len(s) < 12 || len(s) > 14 {
		hint := dateHint
		if len(s) == 10 {
			hint = "epoch times are in milliseconds: " + s + "000"
		}
		return from, to, valueError(hint, "%q is not a date", clip(s))
	}
	var ms int64
	for _, c := range s {
		ms = ms*10 + int64(c-'0')
	}
	t := time.UnixMilli(ms).UTC()
	return t, t.Add(time.Millisecond), nil
}

func relativeDate(s string, t time.Time) (from, to time.Time, err *Error) {
	bad := func() (time.Time, time.Time, *Error) {
		return from, to, valueError("write now, now-15m, now-1d or now-1d/d with the units s, m, h, d, w, M, y", "%q is not a time relative to now", clip(s))
	}
	for rest := s[len("now"):]; ; {
		if rest == "" {
			return t, t.Add(1), nil
		}
		sign := rest[0]
		rest = rest[1:]
		n, digits := 0, 0
		for digits < len(rest) && rest[digits] >= '0' && rest[digits] <= '9' {
			if digits == 6 {
				return bad()
			}
			n = n*10 + int(rest[digits]-'0')
			digits++
		}
		rest = rest[digits:]
		if rest == "" || strings.IndexByte("smhdwMy", rest[0]) < 0 {
			return bad()
		}
		unit := rest[0]
		rest = rest[1:]
		switch {
		case sign == '/' && digits == 0 && rest == "":
			from = roundDate(t, unit)
			return from, stepDate(from, 1, unit), nil
		case sign == '-' && digits > 0:
			t = stepDate(t, -n, unit)
		case sign == '+' && digits > 0:
			t = stepDate(t, n, unit)
		default:
			return bad()
		}
		if t.Year() < 1678 || t.Year() > 2261 {
			return bad()
		}
	}
}

func stepDate(t time.Time, n int, unit byte) time.Time {
	switch unit {
	case 's':
		return t.Add(time.Duration(n) * time.Second)
	case 'm':
		return t.Add(time.Duration(n) * time.Minute)
	case 'h':
		return t.Add(time.Duration(n) * time.Hour)
	case 'd':
		return t.AddDate(0, 0, n)
	case 'w':
		return t.AddDate(0, 0, 7*n)
	case 'M':
		return t.AddDate(0, n, 0)
	default:
		return t.AddDate(n, 0, 0)
	}
}

func roundDate(t time.Time, unit byte) time.Time {
	y, mon, d := t.Date()
	h, m, s := t.Clock()
	switch unit {
	case 's':
	case 'm':
		s = 0
	case 'h':
		m, s = 0, 0
	case 'w':
		d -= (int(t.Weekday()) + 6) % 7
		h, m, s = 0, 0, 0
	case 'd':
		h, m, s = 0, 0, 0
	case 'M':
		d, h, m, s = 1, 0, 0, 0
	default:
		mon, d, h, m, s = 1, 1, 0, 0, 0
	}
	return time.Date(y, mon, d, h, m, s, 0, t.Location())
}
