package loadgen

import "time"

const daySeconds = 24 * 60 * 60

// clock writes one instant in the ways of the devices; it keeps the date's text while the day lasts.
type clock struct {
	unix   int64 // seconds
	offset int64 // of the zone, seconds east of UTC
	zone   string
	loc    *time.Location
	day    int64 // local days since 1970 that iso, http and syslog are about
	iso    string
	http   string
	syslog string
}

func newClock(offset int) clock {
	sign, abs := byte('+'), offset
	if offset < 0 {
		sign, abs = '-', -offset
	}
	zone := append([]byte{' ', sign}, pair(uint32(abs/3600))...)
	zone = append(zone, pair(uint32(abs/60%60))...)
	return clock{offset: int64(offset), zone: string(zone), loc: time.FixedZone("", offset), day: -1 << 62}
}

// set moves the clock to nano nanoseconds since 1970.
func (c *clock) set(nano int64) {
	c.unix = floorDiv(nano, int64(time.Second))
	if day := floorDiv(c.unix+c.offset, daySeconds); day != c.day {
		date := time.Unix(day*daySeconds, 0).UTC()
		c.day, c.iso, c.http, c.syslog = day, date.Format("2006-01-02 "), date.Format("02/Jan/2006:"), date.Format("Jan _2 ")
	}
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

func (c *clock) time() time.Time {
	return time.Unix(c.unix, 0).In(c.loc)
}

// appendISO writes 2026-10-11 12:00:01.
func (c *clock) appendISO(dst []byte) []byte {
	return c.appendDaytime(append(dst, c.iso...))
}

// appendHTTP writes 11/Oct/2026:12:00:01 +0800.
func (c *clock) appendHTTP(dst []byte) []byte {
	return append(c.appendDaytime(append(dst, c.http...)), c.zone...)
}

// appendSyslog writes Oct 11 12:00:01 (RFC 3164).
func (c *clock) appendSyslog(dst []byte) []byte {
	return c.appendDaytime(append(dst, c.syslog...))
}

func (c *clock) appendDaytime(dst []byte) []byte {
	s := uint32(c.unix + c.offset - c.day*daySeconds)
	dst = append(append(dst, pair(s/3600)...), ':')
	dst = append(append(dst, pair(s/60%60)...), ':')
	return append(dst, pair(s%60)...)
}

// pairs is 00 01 … 99.
const pairs = "00010203040506070809" +
	"10111213141516171819" +
	"20212223242526272829" +
	"30313233343536373839" +
	"40414243444546474849" +
	"50515253545556575859" +
	"60616263646566676869" +
	"70717273747576777879" +
	"80818283848586878889" +
	"90919293949596979899"

// pair is n, under 100, as two digits.
func pair(n uint32) string {
	return pairs[2*n : 2*n+2]
}

// appendUint writes n in decimal.
func appendUint(dst []byte, n uint32) []byte {
	var buf [10]byte
	i := len(buf)
	for n >= 100 {
		i -= 2
		copy(buf[i:], pair(n%100))
		n /= 100
	}
	if n >= 10 {
		i -= 2
		copy(buf[i:], pair(n))
	} else {
		i--
		buf[i] = byte('0' + n)
	}
	return append(dst, buf[i:]...)
}

// appendPadded writes n with zeros in front, width digits wide.
func appendPadded(dst []byte, n uint32, width int) []byte {
	at := len(dst)
	for range width {
		dst = append(dst, '0')
	}
	for i := len(dst) - 1; i >= at && n > 0; i-- {
		dst[i] = byte('0' + n%10)
		n /= 10
	}
	return dst
}
