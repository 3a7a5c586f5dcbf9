package timestamp

import "strings"

// run reads b[i:] by the ops from number o on, by the rules of package time. It returns where it stopped.
func (p *program) run(b []byte, i, o int, f *fields) (n int, ok bool) {
	ops := p.ops[o:]
	for k := range ops {
		switch op := &ops[k]; op.kind {
		case opLiteral:
			// Where a space is one space, and no other follows, lit is compared as it is.
			switch end := i + len(op.lit); {
			case len(op.lit) == 1 && end < len(b) && b[i] == op.lit[0] && (b[i] != ' ' || b[end] != ' '),
				op.single && end < len(b) && string(b[i:end]) == op.lit && (b[end-1] != ' ' || b[end] != ' '):
				i = end
				continue
			}
			i, ok = literal(b, i, op.lit)
		case opDayBlank:
			if i < len(b) && b[i] == ' ' {
				i++
			}
			fallthrough
		case opMonth, opMonth2, opDay, opDay2, opHour, opHour12, opHour12Two, opMinute, opMinute2, opSecond, opSecond2:
			if i >= len(b) {
				return i, false
			}
			v := b[i] - '0'
			if v > 9 {
				return i, false
			}
			i++
			if i < len(b) && b[i]-'0' <= 9 {
				v = v*10 + b[i] - '0'
				i++
			} else if op.least == 2 {
				return i, false
			}
			if v > op.limit {
				return i, false
			}
			f.part[op.part] = v
			continue
		case opFractionOpt:
			if i >= len(b) || b[i] != '.' && b[i] != ',' {
				continue
			}
			i, ok = f.readFraction(b, i, op.kind)
		case opFraction, opFractionCol:
			i, ok = f.readFraction(b, i, op.kind)
		case opOffset, opOffsetHour, opOffsetSeconds:
			i, ok = f.readOffset(b, i, op.kind)
		case opAbbreviation:
			i, ok = f.readAbbreviation(b, i)
		case opPM:
			i, ok = f.readHalf(b, i)
		case opMonthName, opMonthLong:
			i, ok = f.readMonth(b, i, op.kind == opMonthLong)
		case opWeekday, opWeekdayLong:
			i, ok = readWeekday(b, i, op.kind == opWeekdayLong)
		case opYear:
			i, ok = f.readYear(b, i)
		case opYear2:
			i, ok = f.readYear2(b, i)
		case opYearDay, opYearDayBlank:
			i, ok = f.readYearDay(b, i, op.kind)
		}
		if !ok {
			return i, false
		}
	}
	return i, true
}

// literal passes over lit. Runs of spaces are one space, and none at the end of b.
func literal(b []byte, i int, lit string) (int, bool) {
	for k := 0; k < len(lit); {
		if lit[k] != ' ' {
			if i >= len(b) || b[i] != lit[k] {
				return i, false
			}
			i++
			k++
			continue
		}
		if i < len(b) && b[i] != ' ' {
			return i, false
		}
		for k < len(lit) && lit[k] == ' ' {
			k++
		}
		for i < len(b) && b[i] == ' ' {
			i++
		}
	}
	return i, true
}

func (f *fields) readYear(b []byte, i int) (int, bool) {
	if len(b)-i < 4 {
		return i, false
	}
	d := b[i : i+4 : i+4]
	m, c, x, y := d[0]-'0', d[1]-'0', d[2]-'0', d[3]-'0'
	if m > 9 || c > 9 || x > 9 || y > 9 {
		return i, false
	}
	f.year = (int16(m)*10+int16(c))*100 + int16(x*10+y)
	return i + 4, true
}

func (f *fields) readYear2(b []byte, i int) (int, bool) {
	v, ok := twoAt(b, i)
	if f.year = int16(2000 + v); v >= 69 {
		f.year -= 100
	}
	return i + 2, ok
}

// readYearDay reads three digits; where blanks may stand for some of them one is enough.
func (f *fields) readYearDay(b []byte, i int, kind opKind) (int, bool) {
	least := 3
	if kind == opYearDayBlank {
		least = 1
		for n := 0; n < 2 && i < len(b) && b[i] == ' '; n++ {
			i++
		}
	}
	start, v := i, int16(0)
	for ; i < len(b) && i < start+3 && b[i]-'0' <= 9; i++ {
		v = v*10 + int16(b[i]-'0')
	}
	f.yearDay = v
	return i, i-start >= least && v > 0
}

func (f *fields) readFraction(b []byte, i int, kind opKind) (int, bool) {
	nano, n := int64(0), 0
	if kind == opFractionCol && len(b)-i >= 2 && b[i] == ':' && b[i+1]-'0' <= 9 {
		nano, n = digitsAt(b, i)
	} else {
		nano, n = fractionAt(b, i)
	}
	if n == 0 {
		return i, kind == opFractionOpt
	}
	f.nano = nano
	return i + n, true
}

// readOffset reads Z, +hh, +hhmm, +hh:mm, and with seconds if kind has them.
func (f *fields) readOffset(b []byte, i int, kind opKind) (int, bool) {
	if i < len(b) && b[i] == 'Z' {
		f.offset, f.hasOffset = 0, true
		return i + 1, true
	}
	if i >= len(b) || b[i] != '+' && b[i] != '-' {
		return i, false
	}
	neg := b[i] == '-'
	h, ok := twoAt(b, i+1)
	if !ok || h > 24 {
		return i, false
	}
	i += 3
	seconds := h * 3600
	if kind != opOffsetHour {
		m, j, ok := sixtieth(b, i)
		if !ok {
			return i, false
		}
		seconds += m * 60
		i = j
	}
	if kind == opOffsetSeconds {
		s, j, ok := sixtieth(b, i)
		if !ok {
			return i, false
		}
		seconds += s
		i = j
	}
	if neg {
		seconds = -seconds
	}
	f.offset, f.hasOffset = int32(seconds), true
	return i, true
}

// sixtieth reads mm or :mm at b[i:], and returns where it ends.
func sixtieth(b []byte, i int) (v, end int, ok bool) {
	if i < len(b) && b[i] == ':' {
		i++
	}
	v, ok = twoAt(b, i)
	return v, i + 2, ok && v <= 60
}

func twoAt(b []byte, i int) (v int, ok bool) {
	if len(b)-i < 2 || b[i]-'0' > 9 || b[i+1]-'0' > 9 {
		return 0, false
	}
	return int(b[i]-'0')*10 + int(b[i+1]-'0'), true
}

// abbreviations are those that mean one offset only, in hours. CST, IST, BST and AST do not.
func abbreviation(name string) (hours int, ok bool) {
	switch name {
	case "UTC", "GMT", "Z", "UCT", "WET":
		return 0, true
	case "CET", "WEST":
		return 1, true
	case "CEST", "EET":
		return 2, true
	case "EEST", "MSK":
		return 3, true
	case "HKT", "SGT", "AWST":
		return 8, true
	case "JST", "KST":
		return 9, true
	case "AEST":
		return 10, true
	case "AEDT":
		return 11, true
	case "EDT":
		return -4, true
	case "EST", "CDT":
		return -5, true
	case "MDT":
		return -6, true
	case "MST", "PDT":
		return -7, true
	case "PST", "AKDT":
		return -8, true
	case "AKST":
		return -9, true
	case "HST":
		return -10, true
	}
	return 0, false
}

// readAbbreviation reads up to six letters, or a bare offset such as +08, as zones without a name have.
func (f *fields) readAbbreviation(b []byte, i int) (int, bool) {
	start := i
	for i < len(b) && i-start < 6 && (b[i]|0x20)-'a' < 26 {
		i++
	}
	if i == start {
		if h, ok := twoAt(b, i+1); ok && h <= 24 && (b[i] == '+' || b[i] == '-') {
			if _, ok := twoAt(b, i+3); ok {
				return f.readOffset(b, i, opOffset)
			}
			return f.readOffset(b, i, opOffsetHour)
		}
		return i, false
	}
	name := b[start:i]
	h, known := abbreviation(string(name))
	if !known {
		return i, true
	}
	f.offset, f.hasOffset = int32(h)*3600, true
	if h == 0 && i < len(b) && (b[i] == '+' || b[i] == '-') { // GMT+8, UTC+08:00
		return f.readHours(b, i)
	}
	return i, true
}

// readHours reads +8, +08, +0800, +8:00, +08:00 behind GMT or UTC. It takes nothing that is none of these.
func (f *fields) readHours(b []byte, i int) (int, bool) {
	if j, ok := f.readOffset(b, i, opOffset); ok {
		return j, true
	}
	h, n := 0, 1
	for n < 3 && i+n < len(b) && b[i+n]-'0' <= 9 {
		h = h*10 + int(b[i+n]-'0')
		n++
	}
	if n == 1 || h > 24 {
		return i, true
	}
	f.offset = int32(h) * 3600
	neg := b[i] == '-'
	if i += n; i < len(b) && b[i] == ':' {
		if m, ok := twoAt(b, i+1); ok && m < 60 {
			f.offset += int32(m) * 60
			i += 3
		}
	}
	if neg {
		f.offset = -f.offset
	}
	return i, true
}

// readHalf reads AM or PM in any case, 上午 or 下午.
func (f *fields) readHalf(b []byte, i int) (int, bool) {
	if len(b)-i >= 2 && b[i+1]|0x20 == 'm' {
		switch b[i] | 0x20 {
		case 'a':
			f.half = 1
			return i + 2, true
		case 'p':
			f.half = 2
			return i + 2, true
		}
	}
	const half = len("上午")
	if len(b)-i >= half {
		switch string(b[i : i+half]) {
		case "上午":
			f.half = 1
			return i + half, true
		case "下午":
			f.half = 2
			return i + half, true
		}
	}
	return i, false
}

var (
	monthNames = [...]string{
		"january", "february", "march", "april", "may", "june", "july", "august", "september", "october",
		"november", "december",
	}
	weekdayNames = [...]string{"sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"}
)

func readWeekday(b []byte, i int, long bool) (int, bool) {
	d := 0
	if len(b)-i >= 3 {
		d = weekday(b[i:])
	}
	switch {
	case d == 0:
		return chineseWeekday(b, i)
	case !long:
		return i + 3, true
	}
	name := weekdayNames[d-1]
	return i + len(name), hasPrefixFold(b[i:], name)
}

func (f *fields) readMonth(b []byte, i int, long bool) (int, bool) {
	m := 0
	if len(b)-i >= 3 {
		m = month(b[i:])
	}
	if m == 0 {
		return i, false
	}
	n := 3
	if long {
		name := monthNames[m-1]
		if n = len(name); !hasPrefixFold(b[i:], name) {
			return i, false
		}
	}
	f.part[partMonth] = uint8(m)
	return i + n, true
}

// chineseWeekday passes over 星期六 and 周六.
func chineseWeekday(b []byte, i int) (int, bool) {
	for _, prefix := range [...]string{"星期", "周"} {
		end := i + len(prefix) + len("六")
		if len(b) < end || string(b[i:i+len(prefix)]) != prefix {
			continue
		}
		if strings.Contains("一二三四五六日天", string(b[end-len("六"):end])) {
			return end, true
		}
	}
	return i, false
}

// hasPrefixFold reports whether b starts with lower, a word of small letters, in any case.
func hasPrefixFold(b []byte, lower string) bool {
	if len(b) < len(lower) {
		return false
	}
	for i := range len(lower) {
		if b[i]|0x20 != lower[i] {
			return false
		}
	}
	return true
}

// month is the number of the month whose name b starts with, at least three bytes, in any case; else 0.
func month(b []byte) int {
	switch uint32(b[0]|0x20)<<16 | uint32(b[1]|0x20)<<8 | uint32(b[2]|0x20) {
	case 'j'<<16 | 'a'<<8 | 'n':
		return 1
	case 'f'<<16 | 'e'<<8 | 'b':
		return 2
	case 'm'<<16 | 'a'<<8 | 'r':
		return 3
	case 'a'<<16 | 'p'<<8 | 'r':
		return 4
	case 'm'<<16 | 'a'<<8 | 'y':
		return 5
	case 'j'<<16 | 'u'<<8 | 'n':
		return 6
	case 'j'<<16 | 'u'<<8 | 'l':
		return 7
	case 'a'<<16 | 'u'<<8 | 'g':
		return 8
	case 's'<<16 | 'e'<<8 | 'p':
		return 9
	case 'o'<<16 | 'c'<<8 | 't':
		return 10
	case 'n'<<16 | 'o'<<8 | 'v':
		return 11
	case 'd'<<16 | 'e'<<8 | 'c':
		return 12
	}
	return 0
}

// weekday is the number of the day, from 1 for Sunday, whose name b starts with, at least three bytes, in any case;
// else 0.
func weekday(b []byte) int {
	switch uint32(b[0]|0x20)<<16 | uint32(b[1]|0x20)<<8 | uint32(b[2]|0x20) {
	case 's'<<16 | 'u'<<8 | 'n':
		return 1
	case 'm'<<16 | 'o'<<8 | 'n':
		return 2
	case 't'<<16 | 'u'<<8 | 'e':
		return 3
	case 'w'<<16 | 'e'<<8 | 'd':
		return 4
	case 't'<<16 | 'h'<<8 | 'u':
		return 5
	case 'f'<<16 | 'r'<<8 | 'i':
		return 6
	case 's'<<16 | 'a'<<8 | 't':
		return 7
	}
	return 0
}
