package timestamp

import "strings"

// run reads b[i:] by the ops from number o on, by the rules of package time. It returns where it stopped.
func (p *program) run(b []byte, i, o int, f *fields) (int, bool) {
	ok := true
	for ; o < len(p.ops) && ok; o++ {
		switch op := &p.ops[o]; op.kind {
		case opLiteral:
			if lit := op.lit; len(lit) == 1 && lit[0] != ' ' && i < len(b) && b[i] == lit[0] {
				i++
				continue
			}
			i, ok = literal(b, i, op.lit)
		case opFraction, opFractionOpt, opFractionCol:
			i, ok = f.readFraction(b, i, op.kind)
		case opOffset, opOffsetHour, opOffsetSeconds:
			i, ok = f.readOffset(b, i, op.kind)
		case opAbbreviation:
			i, ok = f.readAbbreviation(b, i)
		case opPM:
			i, ok = f.readHalf(b, i)
		case opMonthName, opMonthLong, opWeekday, opWeekdayLong:
			i, ok = f.readName(b, i, op.kind)
		default:
			i, ok = f.readNumber(b, i, op)
		}
	}
	return i, ok
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

func (f *fields) readNumber(b []byte, i int, o *op) (int, bool) {
	if i < len(b) && b[i] == ' ' && (o.kind == opDayBlank || o.kind == opYearDayBlank) {
		i++
		if o.kind == opYearDayBlank && i < len(b) && b[i] == ' ' {
			i++
		}
	}
	start, v := i, 0
	for end := min(len(b), i+int(o.most)); i < end && b[i]-'0' <= 9; i++ {
		v = v*10 + int(b[i]-'0')
	}
	if i-start < int(o.least) {
		return i, false
	}
	switch o.kind {
	case opYear:
		f.year = v
	case opYear2:
		if f.year = 2000 + v; v >= 69 {
			f.year = 1900 + v
		}
	case opMonth, opMonth2:
		f.month = v
	case opDay, opDay2, opDayBlank:
		f.day = v
	case opYearDay, opYearDayBlank:
		f.yearDay = v
		return i, v > 0
	case opHour:
		f.hour = v
	case opHour12, opHour12Two:
		f.hour = v
		return i, v <= 12
	case opMinute, opMinute2:
		f.minute = v
	case opSecond, opSecond2:
		f.second = v
	}
	return i, true
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
	for _, part := range [...]int{60, 1} {
		if kind == opOffsetHour || part == 1 && kind != opOffsetSeconds {
			break
		}
		j := i
		if j < len(b) && b[j] == ':' {
			j++
		}
		v, ok := twoAt(b, j)
		if !ok || v > 60 {
			return i, false
		}
		seconds += v * part
		i = j + 2
	}
	if neg {
		seconds = -seconds
	}
	f.offset, f.hasOffset = seconds, true
	return i, true
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
	f.offset, f.hasOffset = h*3600, true
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
	f.offset = h * 3600
	neg := b[i] == '-'
	if i += n; i < len(b) && b[i] == ':' {
		if m, ok := twoAt(b, i+1); ok && m < 60 {
			f.offset += m * 60
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

func (f *fields) readName(b []byte, i int, kind opKind) (int, bool) {
	names := weekdayNames[:]
	if kind == opMonthName || kind == opMonthLong {
		names = monthNames[:]
	}
	for m, name := range names {
		if kind == opMonthName || kind == opWeekday {
			name = name[:3]
		}
		if !hasPrefixFold(b[i:], name) {
			continue
		}
		if kind == opMonthName || kind == opMonthLong {
			f.month = m + 1
		}
		return i + len(name), true
	}
	if kind == opWeekday || kind == opWeekdayLong {
		return chineseWeekday(b, i)
	}
	return i, false
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
