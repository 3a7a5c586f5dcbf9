package timestamp

import "strings"

// op is one part of a layout.
type op struct {
	kind   opKind
	part   uint8  // of fields.part, for numbers of two digits at most
	least  uint8  // digits of such a number
	limit  uint8  // its value at most
	lit    string // for opLiteral
	single bool   // lit has no two spaces in a row
}

// number is the op of a kind, with what is to be known of it if it is a number of two digits at most.
func number(k opKind) op {
	o := op{kind: k, least: 1, limit: 99}
	switch k {
	case opMonth2, opDay2, opHour12Two, opMinute2, opSecond2:
		o.least = 2
	}
	switch k {
	case opMonth, opMonth2:
		o.part = partMonth
	case opDay, opDay2, opDayBlank:
		o.part = partDay
	case opHour:
		o.part = partHour
	case opHour12, opHour12Two:
		o.part, o.limit = partHour, 12
	case opMinute, opMinute2:
		o.part = partMinute
	case opSecond, opSecond2:
		o.part = partSecond
	}
	return o
}

type opKind uint8

const (
	opLiteral   opKind = iota
	opYear             // 2006
	opYear2            // 06
	opMonth            // 1
	opMonth2           // 01
	opMonthName        // Jan
	opMonthLong        // January
	opDay              // 2
	opDay2             // 02
	opDayBlank         // _2
	opYearDay          // 002
	opYearDayBlank
	opWeekday     // Mon
	opWeekdayLong // Monday
	opHour        // 15
	opHour12      // 3
	opHour12Two   // 03
	opMinute      // 4
	opMinute2     // 04
	opSecond      // 5
	opSecond2     // 05
	opFraction    // .000
	opFractionOpt // .999, and what may follow any seconds
	opFractionCol // :000
	opPM
	opOffset        // -0700, Z07:00 …
	opOffsetHour    // -07, Z07
	opOffsetSeconds // -07:00:00 …
	opAbbreviation  // MST
)

// elements are what a layout can be made of, longer ones before their beginnings.
var elements = []struct {
	text string
	kind opKind
}{
	{"January", opMonthLong},
	{"Jan", opMonthName},
	{"Monday", opWeekdayLong},
	{"Mon", opWeekday},
	{"MST", opAbbreviation},
	{"2006", opYear},
	{"002", opYearDay},
	{"__2", opYearDayBlank},
	{"_2006", opLiteral}, // an underscore and a year
	{"_2", opDayBlank},
	{"01", opMonth2},
	{"02", opDay2},
	{"03", opHour12Two},
	{"04", opMinute2},
	{"05", opSecond2},
	{"06", opYear2},
	{"15", opHour},
	{"1", opMonth},
	{"2", opDay},
	{"3", opHour12},
	{"4", opMinute},
	{"5", opSecond},
	{"PM", opPM},
	{"pm", opPM},
	{"-07:00:00", opOffsetSeconds},
	{"-070000", opOffsetSeconds},
	{"-07:00", opOffset},
	{"-0700", opOffset},
	{"-07", opOffsetHour},
	{"Z07:00:00", opOffsetSeconds},
	{"Z070000", opOffsetSeconds},
	{"Z07:00", opOffset},
	{"Z0700", opOffset},
	{"Z07", opOffsetHour},
}

const (
	maxLayout = 128 // bytes
	maxOps    = 64
)

func (p *program) compile() error {
	if len(p.text) > maxLayout {
		return p.errorf("longer than %d bytes", maxLayout)
	}
	var lit strings.Builder
	flush := func() {
		if lit.Len() > 0 {
			p.ops = append(p.ops, op{kind: opLiteral, lit: lit.String(), single: !strings.Contains(lit.String(), "  ")})
			lit.Reset()
		}
	}
	for rest := p.text; rest != ""; {
		kind, n := element(rest, lit.Len() == 0 && p.endsInSeconds())
		switch {
		case n == 0:
			lit.WriteByte(rest[0])
			rest = rest[1:]
			continue
		case kind == opLiteral: // "_2006"
			lit.WriteByte('_')
			kind, n, rest = opYear, 4, rest[1:]
		}
		flush()
		if (kind == opFraction || kind == opFractionCol || kind == opFractionOpt) && p.endsInSeconds() {
			p.ops = p.ops[:len(p.ops)-1]
		}
		p.ops = append(p.ops, number(kind))
		if kind == opSecond || kind == opSecond2 {
			p.ops = append(p.ops, op{kind: opFractionOpt})
		}
		rest = rest[n:]
	}
	flush()
	if len(p.ops) > maxOps {
		return p.errorf("more than %d parts", maxOps)
	}
	if err := p.check(); err != nil {
		return err
	}
	p.plain.build(p)
	if rest := p.ops[p.plain.rest:]; len(rest) == 1 && rest[0].kind == opFractionOpt {
		p.tail = tailFraction
	} else if len(rest) > 0 {
		p.tail = tailOps
	}
	return nil
}

// endsInSeconds reports whether what has been compiled ends in seconds and the fraction added to them.
func (p *program) endsInSeconds() bool {
	n := len(p.ops)
	return n > 1 && p.ops[n-1].kind == opFractionOpt && (p.ops[n-2].kind == opSecond || p.ops[n-2].kind == opSecond2)
}

// element returns the element that layout starts with and its length, 0 if there is none.
func element(layout string, afterSeconds bool) (opKind, int) {
	if n := fraction(layout); n > 0 {
		switch {
		case layout[0] == ':' && (!afterSeconds || layout[1] != '0'):
		case layout[0] == ':':
			return opFractionCol, n
		case layout[1] == '0':
			return opFraction, n
		default:
			return opFractionOpt, n
		}
	}
	for _, e := range elements {
		if strings.HasPrefix(layout, e.text) {
			n := len(e.text)
			if (e.text == "Jan" || e.text == "Mon") && n < len(layout) && 'a' <= layout[n] && layout[n] <= 'z' {
				continue // part of a word
			}
			return e.kind, n
		}
	}
	return 0, 0
}

// fraction returns the length of ".000", ",999", ":000" and the like at the start of layout, or 0.
func fraction(layout string) int {
	if len(layout) < 2 || strings.IndexByte(".,:", layout[0]) < 0 || layout[1] != '0' && layout[1] != '9' {
		return 0
	}
	n := 1
	for n < len(layout) && layout[n] == layout[1] {
		n++
	}
	if n < len(layout) && '0' <= layout[n] && layout[n] <= '9' {
		return 0
	}
	return n
}

// check refuses layouts that say no day.
func (p *program) check() error {
	var month, day, yearDay bool
	for _, o := range p.ops {
		switch o.kind {
		case opYear, opYear2:
			p.year = true
		case opMonth, opMonth2, opMonthName, opMonthLong:
			month = true
		case opDay, opDay2, opDayBlank:
			day = true
		case opYearDay, opYearDayBlank:
			yearDay = true
		}
	}
	switch {
	case yearDay && !p.year:
		return p.errorf("a day of the year (002) needs a year (2006)")
	case !yearDay && !month:
		return p.errorf("a month is expected: 01, 1, Jan or January")
	case !yearDay && !day:
		return p.errorf("a day is expected: 02, 2 or _2")
	}
	return nil
}
