package timestamp

import (
	"bytes"
	"strings"
	"time"
)

// The layouts that Detect knows, by what a text starts with; of several that fit, the first counts. What may
// stand behind a time is added by longer.
var (
	isoLayouts = layouts(
		"2006-01-02T15:04:05Z07:00",
		"2006-01-02 15:04:05Z07:00",
		"2006-01-02 15:04:05 Z07:00",
		"2006-01-02T15:04:05Z07",
		"2006-01-02 15:04:05Z07",
		"2006-01-02T15:04:05",
		"2006-01-02 15:04:05",
		"2006-01-02_15:04:05",
		"2006-01-02-15:04:05",
		"2006-01-02/15:04:05",
		"2006-1-2 15:04:05",
		"2006-1-2 PM3:04:05",
		"2006-1-2 PM 3:04:05",
	)
	isoLocalLayouts = isoLayouts[5:]
	slashLayouts    = layouts(
		"2006/01/02 15:04:05 Z07:00",
		"2006/01/02 15:04:05",
		"2006/1/2 15:04:05",
		"2006/1/2 PM3:04:05",
		"2006/1/2 PM 3:04:05",
		"2006/01/02-15:04:05",
	)
	dotLayouts     = layouts("2006.01.02 15:04:05", "2006.01.02-15:04:05")
	compactLayouts = layouts(
		"20060102T150405Z07:00",
		"20060102T150405",
		"20060102 15:04:05",
		"20060102150405",
	)
	chineseLayouts = layouts(
		"2006年01月02日 15时04分05秒",
		"2006年01月02日15时04分05秒",
		"2006年01月02日 15:04:05",
		"2006年1月2日 15时04分05秒",
		"2006年1月2日 15:04:05",
		"2006年1月2日15时04分05秒",
		"2006年1月2日15:04:05",
		"2006年 01月 02日 Mon 15:04:05",
		"2006年1月2日 Mon 15:04:05",
	)
	chineseHalfLayouts = layouts(
		"2006年1月2日 PM3:04:05",
		"2006年1月2日 PM 3:04:05",
		"2006年1月2日PM3:04:05",
		"2006年1月2日 PM3时04分05秒",
		"2006年1月2日PM3时04分05秒",
	)
	minuteLayouts = layouts(
		"2006-01-02T15:04Z07:00",
		"2006-01-02T15:04",
		"2006-01-02 15:04",
		"2006/01/02 15:04",
		"2006年1月2日 15时04分",
		"2006年1月2日 15:04",
	)
	monthLayouts = layouts(
		"Jan _2 2006 15:04:05",
		"Jan _2 15:04:05 2006",
		"Jan _2 15:04:05:000 2006",
		"Jan _2 15:04:05",
		"Jan _2, 2006 15:04:05",
		"Jan _2, 2006, 15:04:05",
	)
	stampLayouts     = monthLayouts[3:4]
	longMonthLayouts = layouts("January _2, 2006 15:04:05", "January _2 2006 15:04:05", "January _2 15:04:05")
	yearMonthLayouts = layouts("2006 Jan _2 15:04:05")
	dayLayouts       = layouts(
		"02/Jan/2006:15:04:05 -0700",
		"02/Jan/2006:15:04:05",
		"02 Jan 2006 15:04:05 -0700",
		"02 Jan 2006 15:04:05",
		"02-Jan-2006 15:04:05",
		"2/Jan/2006 15:04:05",
		"2 Jan 2006 15:04:05",
		"2-Jan-2006 15:04:05",
		"2 January 2006 15:04:05",
	)
	germanLayouts  = layouts("02.01.2006 15:04:05")
	weekdayLayouts = layouts(
		"Mon, 02 Jan 2006 15:04:05 -0700",
		"Mon, 02 Jan 2006 15:04:05 MST",
		"Mon, 02 Jan 2006 15:04:05",
		"Mon Jan _2 15:04:05 2006",
		"Mon Jan _2 15:04:05 MST 2006",
		"Mon Jan _2 2006 15:04:05",
		"Mon Jan _2 15:04:05",
		"Mon 2 Jan 2006 15:04:05",
	)
	unixLayout, milliLayout = MustCompile(Unix), MustCompile(UnixMilli)
	microLayout, nanoLayout = MustCompile(UnixMicro), MustCompile(UnixNano)
)

// layouts compiles layouts and what longer makes of them.
func layouts(texts ...string) []Layout {
	all := make([]Layout, len(texts))
	for i, t := range texts {
		all[i] = MustCompile(t)
		all[i].p.yearLast = strings.HasSuffix(t, " 2006")
		if strings.HasSuffix(t, "15:04:05") {
			all[i].p.more = &variants{
				half: MustCompile(t + " PM").p, halfTight: MustCompile(t + "PM").p, zoned: MustCompile(t + " MST").p,
				offset: MustCompile(t + " Z07:00").p, offsetTight: MustCompile(t + "Z07:00").p, colon: MustCompile(t + ":000").p,
			}
		}
	}
	return all
}

// variants of a layout are what longer finds behind its text.
type variants struct{ half, halfTight, zoned, offset, offsetTight, colon *program }

// longer returns the layout, and its length, of a time that goes on behind the n bytes of l: with a half of the
// day, milliseconds behind a colon, an offset such as +08:00, or UTC or GMT. Other zones are left: they mean different things, and a word
// behind a time may be anything.
func (l Layout) longer(b []byte, n int) (Layout, int) {
	more := l.p.more
	if more == nil || n+1 >= len(b) {
		return l, n
	}
	p, i := (*program)(nil), n
	if b[i] == ' ' {
		i++
	}
	switch c := b[i] | 0x20; {
	case (c == 'a' || c == 'p') && i+1 < len(b) && b[i+1]|0x20 == 'm' && ends(b, i+2):
		if p = more.half; i == n {
			p = more.halfTight
		}
	case i > n && i+2 < len(b) && (string(b[i:i+3]) == "UTC" || string(b[i:i+3]) == "GMT") && (i+3 == len(b) || (b[i+3]|0x20)-'a' >= 26):
		p = more.zoned
	case (c == '+' || c == '-') && offsetFollows(b[i:]), i == n && c == 'z' && ends(b, i+1):
		if p = more.offset; i == n {
			p = more.offsetTight
		}
	case i == n && c == ':' && i+3 < len(b) && b[i+1]-'0' <= 9 && b[i+2]-'0' <= 9 && b[i+3]-'0' <= 9 && ends(b, i+4):
		p = more.colon
	default:
		return l, n
	}
	if _, m, ok := p.parse(b, nil, detectRef); ok && ends(b, m) {
		return Layout{p}, m
	}
	return l, n
}

// yearFollows reports whether a year may stand behind the 15 bytes of a time without one and its fraction, which
// may be milliseconds behind a colon.
func yearFollows(b []byte) bool {
	i := 15
	if i < len(b) && b[i] == ':' {
		return true
	}
	_, n := fractionAt(b, i)
	i += n
	return i+1 < len(b) && b[i] == ' ' && b[i+1]-'0' <= 9
}

// offsetFollows reports whether b is +hhmm or +hh:mm, and nothing that goes on with it.
func offsetFollows(b []byte) bool {
	_, ok := twoAt(b, 1)
	n := 3
	if n < len(b) && b[n] == ':' {
		n++
	}
	_, minutes := twoAt(b, n)
	return ok && minutes && ends(b, n+2)
}

// Detect recognises the usual layouts at the start of b: ISO 8601 and RFC 3339 with and without T,
// fraction and offset, the same with slashes, dots, in Chinese (also with 上午 and 下午) or without separators,
// those of RFC 3164, RFC 1123, ctime, JavaScript, Cisco and Huawei devices and web servers, 12 hours with AM or
// PM behind, offsets, UTC and GMT with and without hours behind, and Unix times of 10, 13, 16 and 19 digits. n is how many bytes
// of b the time takes; no letter, digit or '+' follows. Dates with a month in figures and no year in front
// (03/04/2026) are not recognised, as nobody can tell the month from the day, see [Infer]; but 21.11.2026 is,
// as who writes dots writes the day first.
//
// The text is checked to be a date in any year.
func Detect(b []byte) (l Layout, n int, ok bool) {
	if len(b) < 10 {
		return Layout{}, 0, false
	}
	var candidates []Layout
	digits := 0
	for digits < len(b) && digits < 20 && b[digits]-'0' <= 9 {
		digits++
	}
	minutes := false // a time without seconds is possible
	switch {
	case digits == 4 && b[4] == '-':
		candidates, minutes = isoLayouts, true
		if len(b) > 16 && b[13] == ':' && b[16] == ':' && !zoneFollows(b) {
			candidates, minutes = isoLocalLayouts, false
		}
	case digits == 4 && b[4] == '/':
		candidates, minutes = slashLayouts, true
	case digits == 4 && b[4] == '.':
		candidates = dotLayouts
	case digits == 4 && b[4] == ' ':
		candidates = yearMonthLayouts
	case digits == 4 && b[4] == "年"[0]:
		candidates, minutes = chineseLayouts, true
		if bytes.Contains(b[:min(len(b), len("2006年01月02日 上午"))], []byte("午")) {
			candidates = chineseHalfLayouts
		}
	case digits == 8 || digits == 14:
		candidates = compactLayouts
	case (digits == 2 || digits == 1) && (b[digits] == '/' || b[digits] == ' ' || b[digits] == '-') && month(b[digits+1:]) > 0:
		candidates = dayLayouts
	case digits == 2 && b[2] == '.' && b[5] == '.':
		candidates = germanLayouts
	case digits > 0:
		return detectCount(b, digits)
	case b[3] == ' ' && month(b) > 0:
		candidates = monthLayouts
		if len(b) < 17 || b[9] == ':' && !yearFollows(b) {
			candidates = stampLayouts
		}
	case isWeekday(b):
		candidates = weekdayLayouts
	case month(b) > 0:
		candidates = longMonthLayouts
	}
	for _, strict := range [...]bool{true, false} { // most lines need only the templates
		for _, l := range candidates {
			if strict && !l.p.plain.matches(b) {
				continue
			}
			if _, n, ok := l.p.parse(b, nil, detectRef); ok {
				if l, n = l.longer(b, n); ends(b, n) && !(l.p.yearLast && isGroup(b, n)) {
					return l, n, true
				}
			}
		}
	}
	if minutes {
		for _, l := range minuteLayouts {
			if _, n, ok := l.p.parse(b, nil, detectRef); ok && ends(b, n) && (n >= len(b) || b[n] != ':') {
				return l, n, true
			}
		}
	}
	return Layout{}, 0, false
}

// isWeekday reports whether b starts with the name of a weekday and what follows it.
func isWeekday(b []byte) bool {
	if b[3] != ' ' && b[3] != ',' {
		return false
	}
	for _, name := range weekdayNames {
		if hasPrefixFold(b, name[:3]) {
			return true
		}
	}
	return false
}

// zoneFollows reports whether an offset may stand behind the 19 bytes of an ISO time and its fraction.
func zoneFollows(b []byte) bool {
	i := 19
	_, n := fractionAt(b, i)
	if i += n; i < len(b) && b[i] == ' ' {
		i++
	}
	return i < len(b) && (b[i] == 'Z' || b[i] == '+' || b[i] == '-')
}

// isGroup reports whether the four digits in front of b[n] are the beginning of an IPv6 address rather than a
// year: a colon follows, and no blank behind it.
func isGroup(b []byte, n int) bool { return n+1 < len(b) && b[n] == ':' && b[n+1] > ' ' }

// detectRef is the end of a leap year, so that every date without a year is one.
var detectRef = time.Date(2024, 12, 31, 0, 0, 0, 0, time.UTC).Unix()

// ends reports whether a time can end before b[n]: not before what may be an odd offset.
func ends(b []byte, n int) bool {
	return n >= len(b) || b[n]-'0' > 9 && (b[n]|0x20)-'a' >= 26 && b[n] != '+'
}

// detectCount tells the unit of a Unix time by its number of digits, which is the same from 2001 to 2286.
func detectCount(b []byte, digits int) (Layout, int, bool) {
	var l Layout
	switch digits {
	case 10:
		l = unixLayout
	case 13:
		l = milliLayout
	case 16:
		l = microLayout
	case 19:
		l = nanoLayout
	default:
		return Layout{}, 0, false
	}
	_, n, ok := l.p.parse(b, nil, 0)
	if !ok || !ends(b, n) {
		return Layout{}, 0, false
	}
	return l, n, true
}
