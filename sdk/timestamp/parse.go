package timestamp

import (
	"math"
	"sync/atomic"
	"time"
)

// fields are what the parts of a text say. They are small, as they are made for every layout that is tried.
type fields struct {
	nano      int64
	offset    int32 // seconds east of UTC, if hasOffset
	year      int16
	yearDay   int16        // 0: not said
	part      [parts]uint8 // the numbers of two digits
	half      uint8        // of the day: 1 AM, 2 PM, 0 not said
	hasOffset bool
}

// Indexes of fields.part.
const (
	partMonth = iota
	partDay
	partHour
	partMinute
	partSecond
	parts
)

// parse reads the beginning of b; ref is in seconds.
func (p *program) parse(b []byte, zone *time.Location, ref int64) (ns int64, n int, ok bool) {
	if p.unit != 0 {
		return parseCount(b, p.unit)
	}
	if p.text == Any {
		return parseAny(b, zone, ref)
	}
	var f fields
	if n, ok = p.read(b, &f, true); !ok {
		return 0, 0, false
	}
	if !p.year {
		ns, ok = f.latest(zone, ref)
	} else if ok = f.valid(); ok {
		ns, ok = f.at(zone)
	}
	if !ok {
		return 0, 0, false
	}
	return ns, n, true
}

// read reads the beginning of b into f and returns its length. Unless it is loose only what the template matches.
func (p *program) read(b []byte, f *fields, loose bool) (n int, ok bool) {
	if !p.plain.match(b, f) {
		if !loose {
			return 0, false
		}
		*f = fields{}
		return p.run(b, 0, 0, f)
	}
	n = p.plain.width
	switch p.tail {
	case tailFraction:
		if n < len(b) && (b[n] == '.' || b[n] == ',') {
			nano, m := fractionAt(b, n)
			f.nano = nano
			n += m
		}
	case tailOps:
		return p.run(b, n, p.plain.rest, f)
	}
	return n, true
}

// daysIn holds the days of months 1 to 12; February has one more in leap years.
var daysIn = [13]uint8{0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}

func leap(year int) bool { return year&3 == 0 && (year%100 != 0 || year%400 == 0) }

// at makes nanoseconds since 1970 of f, which is valid. It is false for years that nanoseconds cannot say.
func (f *fields) at(zone *time.Location) (int64, bool) {
	hour := int(f.part[partHour])
	if f.half == 2 && hour < 12 {
		hour += 12
	} else if f.half == 1 && hour == 12 {
		hour = 0
	}
	sec := days(int(f.year), int(f.part[partMonth]), int(f.part[partDay]))*86400 +
		int64(hour*3600+int(f.part[partMinute])*60+int(f.part[partSecond]))
	if f.hasOffset {
		sec -= int64(f.offset)
	} else if zone != nil && zone != time.UTC {
		sec -= localOffset(sec, zone)
	}
	const most = math.MaxInt64 / 1_000_000_000
	if sec >= most || sec <= -most {
		return 0, false
	}
	return sec*1_000_000_000 + f.nano, true
}

// valid reports whether f is a date and a time of day, whatever the year. It sets month and day from yearDay.
func (f *fields) valid() bool {
	if f.yearDay > 0 && !f.setYearDay() {
		return false
	}
	month, day := f.part[partMonth], f.part[partDay]
	if month-1 > 11 || day < 1 || f.part[partHour] > 23 || f.part[partMinute] > 59 || f.part[partSecond] > 59 {
		return false
	}
	return day <= daysIn[month] || day == 29 && month == 2 && leap(int(f.year))
}

// latest is at in the latest year in which f is valid and no further than a day behind ref.
func (f *fields) latest(zone *time.Location, ref int64) (int64, bool) {
	const day = 86400
	if ref > math.MaxInt64/1_000_000_000-2*day || ref < math.MinInt64/1_000_000_000+2*day {
		return 0, false
	}
	most := (ref + day) * 1_000_000_000
	// Two days ahead, so that no zone is left behind; nine years back is the furthest 29 February.
	newest := int16(yearOf(floorDiv(ref+2*day, day)))
	for f.year = newest; f.year > newest-10; f.year-- {
		if f.valid() {
			if ns, ok := f.at(zone); ok && ns <= most {
				return ns, true
			}
		}
		if f.part[partMonth] != 2 && f.year < newest-1 {
			break // it is no date in any year
		}
	}
	return 0, false
}

// setYearDay sets month and day from yearDay. It is false if they are there and say another day.
func (f *fields) setYearDay() bool {
	d, m := f.yearDay, uint8(1)
	for ; m <= 12; m++ {
		n := int16(daysIn[m])
		if m == 2 && leap(int(f.year)) {
			n++
		}
		if d <= n {
			break
		}
		d -= n
	}
	if m > 12 || f.part[partMonth] != 0 && f.part[partMonth] != m {
		return false
	}
	f.part[partMonth], f.part[partDay] = m, uint8(d)
	return true
}

// days is the number of days from 1970-01-01 to a date of years 0 to 9999 of the Gregorian calendar. The
// year is taken to start in March, so that the leap day is its last.
func days(year, month, day int) int64 {
	m := month - 3
	if month < 3 {
		year--
		m = month + 9
	}
	y := uint(year + 400) // not below 0
	return int64(365*y+y/4-y/100+y/400+uint(153*m+2)/5+uint(day)) - (719469 + 146097)
}

// thisYear is the year that yearOf was last asked for, less 1970, above its first day in 32 bits: times of receipt
// are all of one.
var thisYear atomic.Uint64

// yearOf is the year of a number of days since 1970-01-01: the first result of civil.
func yearOf(n int64) int {
	if v := thisYear.Load(); uint64(n-int64(int32(v))) < 365 {
		return 1970 + int(int64(v)>>32)
	}
	year := 1970 + int(floorDiv(n*400, 146097)) // off by one at most, in the days around a new year
	switch {
	case n < days(year, 1, 1):
		year--
	case n >= days(year+1, 1, 1):
		year++
	}
	thisYear.Store(uint64(year-1970)<<32 | uint64(uint32(days(year, 1, 1))))
	return year
}

// civil is the reverse of days.
func civil(days int64) (year, month, day int) {
	z := days + 719468
	era := floorDiv(z, 146097)
	doe := int(z - era*146097) // day of 400 years
	yoe := (doe - doe/1460 + doe/36524 - doe/146096) / 365
	doy := doe - (365*yoe + yoe/4 - yoe/100)
	mp := (5*doy + 2) / 153
	year, month, day = yoe+int(era)*400, mp+3, doy-(153*mp+2)/5+1
	if month > 12 {
		month -= 12
		year++
	}
	return year, month, day
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// parseCount reads a decimal number of units since 1970.
func parseCount(b []byte, unit int64) (ns int64, n int, ok bool) {
	neg := len(b) > 0 && b[0] == '-'
	if neg {
		n = 1
	}
	start := n
	var v uint64
	for ; n < len(b) && b[n]-'0' <= 9; n++ {
		if n-start == 19 {
			return 0, 0, false
		}
		v = v*10 + uint64(b[n]-'0')
	}
	if n == start || v > math.MaxInt64/uint64(unit) {
		return 0, 0, false
	}
	ns = int64(v) * unit
	if frac, m := fractionAt(b, n); m > 0 {
		n += m
		if ns > math.MaxInt64-1_000_000_000 {
			return 0, 0, false
		}
		ns += frac / (1_000_000_000 / unit)
	}
	if neg {
		ns = -ns
	}
	return ns, n, true
}

// fractionAt reads '.' or ',' and digits at b[i:], as nanoseconds. n is its length, 0 if there is none.
func fractionAt(b []byte, i int) (nano int64, n int) {
	if len(b)-i < 2 || b[i] != '.' && b[i] != ',' || b[i+1]-'0' > 9 {
		return 0, 0
	}
	return digitsAt(b, i)
}

// pow10 scales a fraction of as many digits to nanoseconds.
var pow10 = [10]int64{1e9, 1e8, 1e7, 1e6, 1e5, 1e4, 1e3, 1e2, 10, 1}

// digitsAt reads the fraction behind the separator at b[i].
func digitsAt(b []byte, i int) (nano int64, n int) {
	j := i + 1
	for ; j < len(b) && j < i+10 && b[j]-'0' <= 9; j++ {
		nano = nano*10 + int64(b[j]-'0')
	}
	nano *= pow10[j-i-1]
	for ; j < len(b) && b[j]-'0' <= 9; j++ {
	}
	return nano, j - i
}
