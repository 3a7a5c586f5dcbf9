package timestamp

import (
	"slices"
	"time"
)

// inferLayouts are those that a text alone does not tell, but many may: with a month in figures behind a day or
// in front of it, with a year of two digits, with a day and no time.
var inferLayouts = layouts(
	"1/2/2006 15:04:05", "2/1/2006 15:04:05", "1/2/2006 15:04", "2/1/2006 15:04",
	"1/2/2006, 15:04:05", "2/1/2006, 15:04:05",
	"2-1-2006 15:04:05", "1-2-2006 15:04:05",
	"1/2/06 15:04:05", "2/1/06 15:04:05", "06/01/02 15:04:05", "06-01-02 15:04:05", "060102 15:04:05",
	"02-Jan-06 15:04:05", "02-Jan-06 03.04.05 PM", "02 Jan 06 15:04:05", "Monday, 02-Jan-06 15:04:05 MST", "Monday, January 2, 2006 15:04:05",
	"2006-002T15:04:05Z07:00", "2006-002T15:04:05", "15:04:05 02/01/2006", "15:04:05 01/02/2006", "15:04:05 2006-01-02",
	"2006-01-02", "2006/01/02", "2006.01.02", "20060102", "2006年1月2日", "1/2/2006", "2/1/2006", "02.01.2006", "2-1-2006",
	"Jan _2, 2006", "Jan _2 2006", "2 Jan 2006", "02/Jan/2006", "02-Jan-2006",
)

// Infer returns the layouts that read every one of the texts, whole, the likeliest first. There are several
// where the texts do not tell: 03/04/2026 is in March or in April until some text has a day behind the 12th.
// Texts of several layouts that [Detect] tells apart have [Any]. Nil means that there is none.
//
// It is for tools that look at samples: it takes some microseconds for each text, and may allocate.
func Infer(texts ...[]byte) []Layout {
	var found []Layout
	add := func(l Layout) bool {
		if l.p == nil || !readsAll(l, texts) {
			return false
		}
		if !slices.Contains(found, l) {
			found = append(found, l)
		}
		return true
	}
	detected := len(texts) > 0
	for _, b := range texts {
		var f fields
		if p, n := detectWhole(b, &f); n > 0 && n == len(b) {
			add(Layout{p})
			continue
		}
		detected = false
		for _, l := range inferLayouts {
			_ = add(l) || add(Layout{l.half()}) || add(Layout{l.zoned()}) // AM is no zone
		}
	}
	if found == nil && detected {
		found = []Layout{MustCompile(Any)}
	}
	return found
}

// detectWhole is detect for a text that is nothing but a time, so that a word behind it is a zone. If it is more
// than that, what is returned is what it starts with.
func detectWhole(b []byte, f *fields) (p *program, n int) {
	p, n = detect(b, f)
	if p == nil || n == len(b) || p.more == nil || len(b)-n > len(" ABCDEF") {
		return p, n
	}
	if m, ok := p.goOn(p.more.zoned, b, n, f); ok && m == len(b) {
		return p.more.zoned, m
	}
	f.unsay()
	return p, n
}

// parseAny reads a text by the layout that it has itself. Cisco's marks in front, of clocks that are not set or
// have lost their source, are passed over.
func parseAny(b []byte, zone *time.Location, ref int64) (ns int64, n int, ok bool) {
	mark := 0
	if len(b) > 0 && (b[0] == '*' || b[0] == '.') {
		mark = 1
	}
	var f fields
	p, n := detectWhole(b[mark:], &f)
	switch {
	case p == nil:
		return 0, 0, false
	case p.unit != 0:
		ns, ok = f.nano, true
	case p.year:
		ns, ok = f.at(zone)
	default:
		ns, ok = f.latest(zone, ref)
	}
	if !ok {
		return 0, 0, false
	}
	return ns, n + mark, true
}

// detectRef is the end of a leap year, so that every date without a year is one.
var detectRef = time.Date(2024, 12, 31, 0, 0, 0, 0, time.UTC).Unix()

func readsAll(l Layout, texts [][]byte) bool {
	for _, b := range texts {
		if _, n, ok := l.p.parse(b, nil, detectRef); !ok || n != len(b) {
			return false
		}
	}
	return true
}

func (l Layout) half() *program {
	if l.p.more == nil {
		return nil
	}
	return l.p.more.half
}

func (l Layout) zoned() *program {
	if l.p.more == nil {
		return nil
	}
	return l.p.more.zoned
}
