package timestamp

import (
	"strings"
	"time"
)

// group is layouts for texts that start alike; of several that fit, the first counts.
type group struct {
	layouts []Layout
	plain   bool // some of them have templates
	minutes bool // a time without seconds is possible, too
}

// The layouts that Detect knows. What may stand behind a time is added by longer.
var (
	isoLayouts = groupOf(
		"2006-01-02T15:04:05Z07:00",
		"2006-01-02 15:04:05Z07:00",
		"2006-01-02 15:04:05 Z07:00",
		"2006-01-02T15:04:05Z07",
		"2006-01-02 15:04:05Z07",
		"2006-01-02 15:04:05",
		"2006-01-02T15:04:05",
		"2006-01-02_15:04:05",
		"2006-01-02-15:04:05",
		"2006-01-02/15:04:05",
		"2006-01-02 15: 04:05", // Huawei USG5000
		"2006-1-2 15:04:05",
		"2006-1-2 PM3:04:05",
		"2006-1-2 PM 3:04:05",
	).orMinutes()
	isoLocalLayouts = &group{layouts: isoLayouts.layouts[5:], plain: true}
	slashLayouts    = groupOf(
		"2006/01/02 15:04:05 Z07:00",
		"2006/01/02 15:04:05",
		"2006/1/2 15:04:05",
		"2006/1/2 PM3:04:05",
		"2006/1/2 PM 3:04:05",
		"2006/01/02-15:04:05",
	).orMinutes()
	dotLayouts     = groupOf("2006.01.02 15:04:05", "2006.01.02-15:04:05")
	compactLayouts = groupOf(
		"20060102T150405Z07:00",
		"20060102T150405",
		"20060102 15:04:05",
		"20060102150405",
	)
	chineseLayouts = groupOf(
		"2006年01月02日 15时04分05秒",
		"2006年01月02日15时04分05秒",
		"2006年01月02日 15:04:05",
		"2006年1月2日 15时04分05秒",
		"2006年1月2日 15:04:05",
		"2006年1月2日15时04分05秒",
		"2006年1月2日15:04:05",
		"2006年 01月 02日 Mon 15:04:05",
		"2006年1月2日 Mon 15:04:05",
	).orMinutes()
	chineseHalfLayouts = groupOf(
		"2006年1月2日 PM3:04:05",
		"2006年1月2日 PM 3:04:05",
		"2006年1月2日PM3:04:05",
		"2006年1月2日 PM3时04分05秒",
		"2006年1月2日PM3时04分05秒",
	).orMinutes()
	minuteLayouts = layouts(
		"2006-01-02T15:04Z07:00",
		"2006-01-02T15:04",
		"2006-01-02 15:04",
		"2006/01/02 15:04",
		"2006年1月2日 15时04分",
		"2006年1月2日 15:04",
	)
	monthLayouts = groupOf(
		"Jan _2 2006 15:04:05",
		"Jan _2 15:04:05 2006",
		"Jan _2 15:04:05:000 2006",
		"Jan _2 15:04:05",
		"Jan _2, 2006 15:04:05",
		"Jan _2, 2006, 15:04:05",
	)
	stampLayouts     = &group{layouts: monthLayouts.layouts[3:4], plain: true}
	longMonthLayouts = groupOf("January _2, 2006 15:04:05", "January _2 2006 15:04:05", "January _2 15:04:05")
	yearMonthLayouts = groupOf("2006 Jan _2 15:04:05")
	dayLayouts       = groupOf(
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
	germanLayouts  = groupOf("02.01.2006 15:04:05")
	weekdayLayouts = groupOf(
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

// groupOf is the group of layouts, without times without seconds.
func groupOf(texts ...string) *group {
	g := &group{layouts: layouts(texts...)}
	for _, l := range g.layouts {
		g.plain = g.plain || l.p.plain.width > 0
	}
	return g
}

func (g *group) orMinutes() *group {
	g.minutes = true
	return g
}

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

// variants of a layout are what behind finds behind its text.
type variants struct{ half, halfTight, zoned, offset, offsetTight, colon *program }

// behind returns the layout of a time that seems to go on behind the n bytes of p: with a half of the day, milliseconds
// behind a colon, an offset such as +08:00, or UTC or GMT. Other zones are left: they mean different things, and a
// word behind a time may be anything. It is nil if there is nothing of the kind.
func (v *variants) behind(b []byte, n int) *program {
	if v == nil || n+1 >= len(b) {
		return nil
	}
	i := n
	if b[i] == ' ' {
		i++
	}
	switch c := b[i] | 0x20; {
	case (c == 'a' || c == 'p') && i+1 < len(b) && b[i+1]|0x20 == 'm' && ends(b, i+2):
		if i == n {
			return v.halfTight
		}
		return v.half
	case i > n && i+2 < len(b) && (string(b[i:i+3]) == "UTC" || string(b[i:i+3]) == "GMT") && (i+3 == len(b) || (b[i+3]|0x20)-'a' >= 26):
		return v.zoned
	case (c == '+' || c == '-') && offsetFollows(b[i:]), i == n && c == 'z' && ends(b, i+1):
		if i == n {
			return v.offsetTight
		}
		return v.offset
	case i == n && c == ':' && i+3 < len(b) && b[i+1]-'0' <= 9 && b[i+2]-'0' <= 9 && b[i+3]-'0' <= 9 && ends(b, i+4):
		return v.colon
	}
	return nil
}

// longer returns the layout, and its length, of a time that goes on behind the n bytes of p. f is what p read; what
// is behind is added to it.
func (p *program) longer(b []byte, n int, f *fields) (*program, int) {
	v := p.more.behind(b, n)
	if v == nil {
		return p, n
	}
	if v == p.more.colon { // stands in place of the fraction, which p may have read
		var g fields
		if m, ok := v.read(b, &g, true); ok && ends(b, m) && v.isDate(&g) {
			*f = g
			return v, m
		}
		return p, n
	}
	if m, ok := p.goOn(v, b, n, f); ok && ends(b, m) {
		return v, m
	}
	f.unsay()
	return p, n
}

// goOn reads, behind the n bytes that p has read into f, what its variant v has more: what unsay takes back.
func (p *program) goOn(v *program, b []byte, n int, f *fields) (int, bool) {
	n, ok := v.run(b, n, len(p.ops), f)
	return n, ok && f.sayable()
}

// unsay takes back what goOn may have read: layouts that have variants say neither half of the day nor offset.
func (f *fields) unsay() { f.half, f.offset, f.hasOffset = 0, 0, false }

// isDate reports whether f, which p has read, is a date: one of some year if p has none.
func (p *program) isDate(f *fields) bool {
	if !p.year {
		f.year = 2024 // has a leap day
	}
	return f.valid() && f.sayable()
}

// sayable reports whether nanoseconds can say f, which is valid.
func (f *fields) sayable() bool {
	if f.year > 1678 && f.year < 2261 {
		return true
	}
	_, ok := f.at(nil)
	return ok
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
	var f fields
	p, n := detect(b, &f)
	return Layout{p}, n, p != nil
}

// Reading is a time as a text says it: no instant yet, as the year or the zone may be missing. [Read] makes it. It is a
// small value; the zero Reading is none.
type Reading struct {
	p *program
	f fields
}

// Read is [Detect] that keeps what it reads on the way, so that the text need not be read again. n is how many bytes
// of b the time takes, 0 if there is none; the Reading is the zero one then.
func Read(b []byte) (r Reading, n int) {
	if r.p, n = detect(b, &r.f); r.p == nil {
		return Reading{}, 0
	}
	return r, n
}

// Layout is the layout of the text.
func (r *Reading) Layout() Layout { return Layout{r.p} }

// Nanos is the instant, in nanoseconds since 1970-01-01 00:00:00 UTC, as [Layout.ParseAt] makes it of the text: zone is
// where the device's clock stands if the text does not say, nil means UTC; ref decides on a missing year. ok is
// false for the zero Reading, and for instants that nanoseconds cannot say.
func (r *Reading) Nanos(zone *time.Location, ref time.Time) (ns int64, ok bool) {
	switch {
	case r.p == nil:
		return 0, false
	case r.p.unit != 0:
		return r.f.nano, true
	case r.p.year:
		return r.f.at(zone)
	default:
		f := r.f
		return f.latest(zone, ref.Unix())
	}
}

// detect is Detect that leaves in f what the program read; of one that counts, the instant is f.nano. It is nil if
// there is none.
func detect(b []byte, f *fields) (p *program, n int) {
	if len(b) < 10 {
		return nil, 0
	}
	if p, n = detectStamp(b, f); p != nil {
		return p, n
	}
	digits := 0
	for digits < 20 && digits < len(b) && b[digits]-'0' <= 9 {
		digits++
	}
	g := candidates(b, digits)
	if g == nil {
		return detectCount(b, digits, f)
	}
	if g.plain { // most lines need only the templates
		if p, n = g.first(b, f, false); p != nil {
			return p, n
		}
	}
	if p, n = g.first(b, f, true); p != nil || !g.minutes {
		return p, n
	}
	for _, l := range minuteLayouts {
		if n, ok := l.p.read(b, f, true); ok && l.p.isDate(f) && ends(b, n) && (n >= len(b) || b[n] != ':') {
			return l.p, n
		}
	}
	return nil, 0
}

// stamp is the layout of RFC 3164.
var stamp = stampLayouts.layouts[0].p

// detectStamp is detect for the times that most lines have: those of RFC 3164, with a blank behind and no half of a day, zone
// or year behind that. It is nil for others, and for what only detect can tell.
func detectStamp(b []byte, f *fields) (*program, int) {
	if len(b) < 20 || b[3] != ' ' || b[9] != ':' || b[15] != ' ' {
		return nil, 0
	}
	switch c := b[16] | 0x20; {
	case (c == 'a' || c == 'p') && b[17]|0x20 == 'm', c == 'u' && b[17] == 'T', c == 'g' && b[17] == 'M':
		return nil, 0
	case c-'a' < 26:
	case b[16]-'0' > 9, b[17]-'0' <= 9 && b[18]-'0' <= 9 && b[19]-'0' <= 9:
		return nil, 0
	}
	if !stamp.plain.match(b, f) || !stamp.isDate(f) {
		return nil, 0
	}
	return stamp, stamp.plain.width
}

// first is the first layout that fits, with what may stand behind it, and the length of its text; nil if there is
// none. Unless it is loose only what the templates match.
func (g *group) first(b []byte, f *fields, loose bool) (*program, int) {
	for _, l := range g.layouts {
		if n, ok := l.p.read(b, f, loose); ok && l.p.isDate(f) {
			if p, n := l.p.longer(b, n, f); p.endsAt(b, n) {
				return p, n
			}
		}
	}
	return nil, 0
}

// candidates are the layouts that b, which starts with so many digits, may have, by its shape; nil if it can only be
// a count.
func candidates(b []byte, digits int) *group {
	switch {
	case digits == 0 && b[3] == ' ' && month(b) > 0:
		if len(b) < 17 || b[9] == ':' && !yearFollows(b) {
			return stampLayouts
		}
		return monthLayouts
	case digits == 4 && b[4] == '-':
		if len(b) > 16 && b[13] == ':' && b[16] == ':' && !zoneFollows(b) {
			return isoLocalLayouts
		}
		return isoLayouts
	case digits == 4 && b[4] == '/':
		return slashLayouts
	case digits == 4 && b[4] == '.':
		return dotLayouts
	case digits == 4 && b[4] == ' ':
		return yearMonthLayouts
	case digits == 4 && b[4] == "年"[0]:
		// Behind the date, of one or two digits each, and a blank or none.
		for i := len("2006年1月2日上"); i <= len("2006年01月02日 上") && i+len("午") <= len(b); i++ {
			if string(b[i:i+len("午")]) == "午" {
				return chineseHalfLayouts
			}
		}
		return chineseLayouts
	case digits == 8 || digits == 14:
		return compactLayouts
	case (digits == 2 || digits == 1) && (b[digits] == '/' || b[digits] == ' ' || b[digits] == '-') && month(b[digits+1:]) > 0:
		return dayLayouts
	case digits == 2 && b[2] == '.' && b[5] == '.':
		return germanLayouts
	case digits > 0:
		return nil
	case (b[3] == ' ' || b[3] == ',') && weekday(b) > 0:
		return weekdayLayouts
	case month(b) > 0:
		return longMonthLayouts
	}
	return nil
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

// endsAt reports whether a time of p's layout can end before b[n].
func (p *program) endsAt(b []byte, n int) bool { return ends(b, n) && !(p.yearLast && isGroup(b, n)) }

// ends reports whether a time can end before b[n]: not before what may be an odd offset.
func ends(b []byte, n int) bool {
	return n >= len(b) || b[n]-'0' > 9 && (b[n]|0x20)-'a' >= 26 && b[n] != '+'
}

// detectCount tells the unit of a Unix time by its number of digits, which is the same from 2001 to 2286.
func detectCount(b []byte, digits int, f *fields) (*program, int) {
	var p *program
	switch digits {
	case 10:
		p = unixLayout.p
	case 13:
		p = milliLayout.p
	case 16:
		p = microLayout.p
	case 19:
		p = nanoLayout.p
	default:
		return nil, 0
	}
	ns, n, ok := parseCount(b, p.unit)
	if !ok || !ends(b, n) {
		return nil, 0
	}
	f.nano = ns
	return p, n
}
