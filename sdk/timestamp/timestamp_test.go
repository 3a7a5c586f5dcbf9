package timestamp

import (
	"math"
	"strconv"
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // the tests need real zones on any machine

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func zone(name string) *time.Location {
	z, err := time.LoadLocation(name)
	if err != nil {
		panic(err)
	}
	return z
}

var (
	shanghai = zone("Asia/Shanghai")
	newYork  = zone("America/New_York")
	lordHowe = zone("Australia/Lord_Howe")
	zones    = []*time.Location{
		nil, time.UTC, shanghai, newYork, lordHowe, zone("Europe/London"), zone("Asia/Kathmandu"),
		zone("Pacific/Apia"), zone("America/St_Johns"), time.FixedZone("", -3*3600-7), time.FixedZone("far", 26*3600),
	}
)

func TestParse(t *testing.T) {
	f := func(layout, text string, z *time.Location, want string) {
		t.Helper()
		l, err := Compile(layout)
		require.NoError(t, err)
		ns, ok := l.Parse([]byte(text), z)
		got := "no"
		if ok {
			got = time.Unix(0, ns).UTC().Format("2006-01-02T15:04:05.999999999")
		}
		assert.Equal(t, want, got, "%q as %q", text, layout)
	}
	const plain = "2006-01-02 15:04:05"
	f(plain, "2026-10-11 12:00:01", nil, "2026-10-11T12:00:01")
	f(plain, "2026-10-11 12:00:01", shanghai, "2026-10-11T04:00:01")
	f(plain, "2026-10-11 12:00:01.5", nil, "2026-10-11T12:00:01.5")
	f(plain, "2026-10-11 12:00:01,123456789987", nil, "2026-10-11T12:00:01.123456789")
	f(plain, "2026-10-11  9:00:01", nil, "2026-10-11T09:00:01")
	f(plain, "2026-10-11 12:00:1", nil, "no")
	f(plain, "2026-10-11 12:00:01 ", nil, "no")
	f(plain, "2026-10-11 12:00:01.", nil, "no")
	f(plain, "2026-10-11 24:00:00", nil, "no")
	f(plain, "2026-10-11 12:60:00", nil, "no")
	f(plain, "2026-10-11 12:00:60", nil, "no")
	f(plain, "2026-00-11 12:00:00", nil, "no")
	f(plain, "2026-13-11 12:00:00", nil, "no")
	f(plain, "2026-10-00 12:00:00", nil, "no")
	f(plain, "2026-10-32 12:00:00", nil, "no")
	f(plain, "2026-02-29 12:00:00", nil, "no")
	f(plain, "2024-02-29 12:00:00", nil, "2024-02-29T12:00:00")
	f(plain, "2100-02-29 12:00:00", nil, "no")
	f(plain, "2000-02-29 12:00:00", nil, "2000-02-29T12:00:00")
	f(plain, "2026/10/11 12:00:01", nil, "no")
	f(plain, "2026-1o-11 12:00:01", nil, "no")
	f(plain, "2026-10-11 12:00:0:", nil, "no")
	f(plain, "2026-10-11\xa012:00:01", nil, "no")
	f(plain, "\xb2026-10-11 12:00:01", nil, "no")
	f(plain, "", nil, "no")
	f(plain, "张三", nil, "no")
	f(plain, strings.Repeat("9", 1<<20), nil, "no")
	f(plain, "2026-10-11 12:00:01."+strings.Repeat("9", 1<<20), nil, "2026-10-11T12:00:01.999999999")
	f(plain, "1678-01-01 00:00:00", nil, "1678-01-01T00:00:00")
	f(plain, "1677-01-01 00:00:00", nil, "no")
	f(plain, "2262-04-11 00:00:00", nil, "2262-04-11T00:00:00")
	f(plain, "2263-01-01 00:00:00", nil, "no")
	f(plain, "9999-01-01 00:00:00", shanghai, "no")
	f(plain, "0000-01-01 00:00:00", nil, "no")

	f(time.RFC3339, "2026-10-11T12:00:01Z", shanghai, "2026-10-11T12:00:01")
	f(time.RFC3339, "2026-10-11T12:00:01.003+08:00", nil, "2026-10-11T04:00:01.003")
	f(time.RFC3339, "2026-10-11T12:00:01,3+0800", nil, "2026-10-11T04:00:01.3")
	f(time.RFC3339, "2026-10-11T12:00:01-05:30", nil, "2026-10-11T17:30:01")
	f(time.RFC3339, "2026-10-11T12:00:01+8", nil, "no")
	f(time.RFC3339, "2026-10-11T12:00:01+99:00", nil, "no")
	f(time.RFC3339, "2026-10-11T12:00:01", nil, "no")
	f(time.RFC3339Nano, "2026-10-11T12:00:01.000000001Z", nil, "2026-10-11T12:00:01.000000001")
	f("2006-01-02T15:04:05.000Z07:00", "2026-10-11T12:00:01.1234Z", nil, "2026-10-11T12:00:01.1234")
	f("2006-01-02T15:04:05.000Z07:00", "2026-10-11T12:00:01Z", nil, "no")
	f("2006-01-02 15:04:05:000", "2026-10-11 12:00:01:250", nil, "2026-10-11T12:00:01.25")
	f("2006-01-02 15:04:05 -07:00:00", "2026-10-11 12:00:01 +00:00:30", nil, "2026-10-11T11:59:31")
	f("2006-01-02 15:04:05-07", "2026-10-11 12:00:01+08", nil, "2026-10-11T04:00:01")

	f("02/Jan/2006:15:04:05 -0700", "11/Oct/2026:12:00:01 +0800", nil, "2026-10-11T04:00:01")
	f("02/Jan/2006:15:04:05 -0700", "11/OCT/2026:12:00:01 -0100", nil, "2026-10-11T13:00:01")
	f("02/Jan/2006:15:04:05 -0700", "11/Okt/2026:12:00:01 -0100", nil, "no")
	f("Jan _2 2006 15:04:05", "Oct  1 2026 12:00:01", nil, "2026-10-01T12:00:01")
	f("Jan _2 2006 15:04:05", "Oct 1 2026 12:00:01", nil, "2026-10-01T12:00:01")
	f("Jan _2 2006 15:04:05", "Oct 11 2026 12:00:01.5", nil, "2026-10-11T12:00:01.5")
	f("Jan _2 2006 15:04:05", "Oct !1 2026 12:00:01", nil, "no")
	f(time.ANSIC, "Sun Oct 11 12:00:01 2026", nil, "2026-10-11T12:00:01")
	f(time.RFC1123Z, "Sun, 11 Oct 2026 12:00:01 +0800", nil, "2026-10-11T04:00:01")
	f("January 2, 2006 3:04:05 PM", "October 1, 2026 12:00:01 am", nil, "2026-10-01T00:00:01")
	f("January 2, 2006 3:04:05 PM", "May 1, 2026 12:00:01 PM", nil, "2026-05-01T12:00:01")
	f("2006/1/2 PM 3:04:05", "2026/10/1 下午 3:04:05", nil, "2026-10-01T15:04:05")
	f("2006/1/2 PM 3:04:05", "2026/10/1 上午 3:04:05", nil, "2026-10-01T03:04:05")
	f("2006/1/2 PM 3:04:05", "2026/10/1 PM 13:04:05", nil, "no")
	f("2006年01月02日 15时04分05秒", "2026年10月11日 12时00分01秒", shanghai, "2026-10-11T04:00:01")
	f("2006年01月02日 15时04分05秒", "2026年10月11日 12時00分01秒", shanghai, "no")
	f("2006年1月2日 15时04分", "2026年3月1日 12时59分", nil, "2026-03-01T12:59:00")
	f("06-01-02 15:04:05", "69-01-02 00:00:00", nil, "1969-01-02T00:00:00")
	f("06-01-02 15:04:05", "68-01-02 00:00:00", nil, "2068-01-02T00:00:00")
	f("2006002 15:04:05", "2026366 00:00:00", nil, "no")
	f("2006002 15:04:05", "2024366 00:00:00", nil, "2024-12-31T00:00:00")
	f("2006 __2 15:04:05", "2026   1 00:00:00", nil, "2026-01-01T00:00:00")
	f("2006 __2 15:04:05", "2026 365 00:00:00", nil, "2026-12-31T00:00:00")
	f("2006 __2 15:04:05", "2026 000 00:00:00", nil, "no")
	f("2006-__2", "2026-  1", nil, "2026-01-01T00:00:00")
	f("2006-__2", "2026- 41", nil, "2026-02-10T00:00:00")
	f("2006-1-_2", "2026-3- 2", nil, "2026-03-02T00:00:00")
	f("2006-01 002", "2026-02 032", nil, "2026-02-01T00:00:00")
	f("2006-01 002", "2026-03 032", nil, "no")
	f("January and Jan 2006 at 02, Mondays", "May and May 2026 at 01, Mondays", nil, "2026-05-01T00:00:00")
	f("2006-01-02 15:04:05.000000000000000000000000000000000000000000 PM", "2026-10-11 12:00:01.5 PM", nil, "2026-10-11T12:00:01.5")
	f("2006-01-02", "2026-10-11", nil, "2026-10-11T00:00:00")
	f("20060102150405", "20261011120001", nil, "2026-10-11T12:00:01")
	f("log_2006-01-02", "log_2026-10-11", nil, "2026-10-11T00:00:00")

	const abbr = "Mon Jan _2 15:04:05 MST 2006"
	f(abbr, "Sun Oct 11 12:00:01 UTC 2026", shanghai, "2026-10-11T12:00:01")
	f(abbr, "Sun Oct 11 12:00:01 EST 2026", shanghai, "2026-10-11T17:00:01")
	f(abbr, "Sun Oct 11 12:00:01 CST 2026", shanghai, "2026-10-11T04:00:01")
	f(abbr, "Sun Oct 11 12:00:01 GMT+8 2026", nil, "2026-10-11T04:00:01")
	f(abbr, "Sun Oct 11 12:00:01 GMT+08:00 2026", nil, "2026-10-11T04:00:01")
	f(abbr, "Sun Oct 11 12:00:01 UTC-9:30 2026", nil, "2026-10-11T21:30:01")
	f(abbr, "Sun Oct 11 12:00:01 +08 2026", nil, "2026-10-11T04:00:01")
	f(abbr, "Sun Oct 11 12:00:01 +0830 2026", nil, "2026-10-11T03:30:01")
	f(abbr, "Sun Oct 11 12:00:01 2026", nil, "no")

	f(Unix, "1791691201", shanghai, "2026-10-11T04:00:01")
	f(Unix, "1791691201.5", nil, "2026-10-11T04:00:01.5")
	f(Unix, "1791691201,000000001", nil, "2026-10-11T04:00:01.000000001")
	f(Unix, "-1", nil, "1969-12-31T23:59:59")
	f(Unix, "-0.5", nil, "1969-12-31T23:59:59.5")
	f(Unix, "0", nil, "1970-01-01T00:00:00")
	f(Unix, "9223372036", nil, "2262-04-11T23:47:16")
	f(Unix, "9223372036.9", nil, "no")
	f(Unix, "9223372037", nil, "no")
	f(Unix, "99999999999999999999", nil, "no")
	f(Unix, "", nil, "no")
	f(Unix, "-", nil, "no")
	f(Unix, "17e8", nil, "no")
	f(UnixMilli, "1791691201005", nil, "2026-10-11T04:00:01.005")
	f(UnixMilli, "1791691201005.25", nil, "2026-10-11T04:00:01.00525")
	f(UnixMicro, "1791691201005006", nil, "2026-10-11T04:00:01.005006")
	f(UnixNano, "1791691201005006007", nil, "2026-10-11T04:00:01.005006007")
	f(UnixNano, "9223372036854775807", nil, "2262-04-11T23:47:16.854775807")
	f(UnixNano, "9223372036854775808", nil, "no")
}

// Names of months and zones, each of them.
func TestNames(t *testing.T) {
	short, long := MustCompile("2006 Jan 02 15:04:05"), MustCompile("Monday, January 2, 2006")
	for m := time.January; m <= time.December; m++ {
		want := time.Date(2026, m, 9, 0, 0, 0, 0, time.UTC)
		for _, text := range []string{want.Format(short.String()), strings.ToUpper(want.Format(short.String()))} {
			ns, ok := short.Parse([]byte(text), nil)
			assert.True(t, ok && ns == want.UnixNano(), text)
		}
		text := want.Format(long.String())
		ns, ok := long.Parse([]byte(text), nil)
		assert.True(t, ok && ns == want.UnixNano(), text)
		_, ok = short.Parse([]byte("2026 "+text[:3]+"x 02 15:04:05"), nil)
		assert.False(t, ok)
	}

	l := MustCompile("2006-01-02 15:04:05 MST")
	at := func(hours int) int64 { return time.Date(2026, 10, 11, 12-hours, 0, 0, 0, time.UTC).UnixNano() }
	for name, hours := range map[string]int{
		"UTC": 0, "GMT": 0, "Z": 0, "WET": 0, "CET": 1, "WEST": 1, "CEST": 2, "EET": 2, "EEST": 3, "MSK": 3, "HKT": 8, "SGT": 8,
		"AWST": 8, "JST": 9, "KST": 9, "AEST": 10, "AEDT": 11, "EDT": -4, "EST": -5, "CDT": -5, "MDT": -6, "MST": -7,
		"PDT": -7, "PST": -8, "AKDT": -8, "AKST": -9, "HST": -10, "UTC+8": 8, "GMT-10": -10, "+03": 3, "-0300": -3,
		"CST": 8, "IST": 8, "XYZ": 8, // the zone's
	} {
		ns, ok := l.Parse([]byte("2026-10-11 12:00:00 "+name), shanghai)
		assert.True(t, ok && ns == at(hours), "%s: %v %d", name, ok, ns)
	}
	for _, name := range []string{"", "+", "UTC+", "UTC+99", "8", "+99"} {
		_, ok := l.Parse([]byte("2026-10-11 12:00:00 "+name), shanghai)
		assert.False(t, ok, name)
	}
}

func TestCompile(t *testing.T) {
	f := func(layout, want string) {
		t.Helper()
		_, err := Compile(layout)
		assert.EqualError(t, err, want)
	}
	f("", `timestamp layout "": a month is expected: 01, 1, Jan or January`)
	f("15:04:05", `timestamp layout "15:04:05": a month is expected: 01, 1, Jan or January`)
	f("2006-01", `timestamp layout "2006-01": a day is expected: 02, 2 or _2`)
	f("002 15:04", `timestamp layout "002 15:04": a day of the year (002) needs a year (2006)`)
	f("Jander 02 2006", `timestamp layout "Jander 02 2006": a month is expected: 01, 1, Jan or January`)
	f("yyyy-MM-dd", `timestamp layout "yyyy-MM-dd": a month is expected: 01, 1, Jan or January`)
	_, err := Compile(strings.Repeat("2006-01-02", 20))
	require.ErrorContains(t, err, "longer than 128 bytes")
	_, err = Compile(strings.Repeat("1 ", 64))
	require.ErrorContains(t, err, "more than 64 parts")
	assert.Panics(t, func() { MustCompile("x") })

	l := MustCompile(time.DateTime)
	assert.Equal(t, time.DateTime, l.String())
	assert.True(t, l.HasYear())
	assert.False(t, MustCompile(time.Stamp).HasYear())
	assert.True(t, MustCompile(Unix).HasYear())

	var zero Layout
	assert.Empty(t, zero.String())
	_, ok := zero.Parse([]byte("2026"), nil)
	assert.False(t, ok)
	_, _, ok = zero.Prefix([]byte("2026"), nil, time.Now())
	assert.False(t, ok)
}

func TestMissingYear(t *testing.T) {
	l := MustCompile("Jan _2 15:04:05")
	f := func(text string, z *time.Location, ref, want string) {
		t.Helper()
		r, err := time.Parse(time.RFC3339, ref)
		require.NoError(t, err)
		ns, ok := l.ParseAt([]byte(text), z, r)
		got := "no"
		if ok {
			got = time.Unix(0, ns).UTC().Format(time.RFC3339)
		}
		assert.Equal(t, want, got, "%s seen at %s", text, ref)
	}
	f("Oct 11 12:00:01", nil, "2026-10-11T12:00:02Z", "2026-10-11T12:00:01Z")
	f("Oct 11 12:00:01", shanghai, "2026-10-11T12:00:02Z", "2026-10-11T04:00:01Z")
	f("Oct 12 12:00:01", nil, "2026-10-11T12:00:01Z", "2026-10-12T12:00:01Z") // a day ahead, just
	f("Oct 12 12:00:02", nil, "2026-10-11T12:00:01Z", "2025-10-12T12:00:02Z")
	f("Dec 31 23:59:59", nil, "2027-01-01T00:00:01Z", "2026-12-31T23:59:59Z")
	f("Jan  1 00:00:01", nil, "2026-12-31T23:59:59Z", "2027-01-01T00:00:01Z")
	f("Jan  1 07:59:59", shanghai, "2026-12-31T23:59:59Z", "2026-12-31T23:59:59Z")
	f("Dec 31 23:00:00", nil, "2026-12-30T12:00:00Z", "2025-12-31T23:00:00Z")
	f("Feb 29 12:00:00", nil, "2024-03-01T00:00:00Z", "2024-02-29T12:00:00Z")
	f("Feb 29 12:00:00", nil, "2027-03-01T00:00:00Z", "2024-02-29T12:00:00Z")
	f("Feb 29 12:00:00", nil, "2103-03-01T00:00:00Z", "2096-02-29T12:00:00Z")
	f("Feb 30 12:00:00", nil, "2026-03-01T00:00:00Z", "no")
	f("Apr 31 12:00:00", nil, "2026-03-01T00:00:00Z", "no")
	f("Xxx  1 12:00:00", nil, "2026-03-01T00:00:00Z", "no")
	f("Oct 11 12:00:01 ", nil, "2026-10-11T12:00:02Z", "no")

	_, ok := l.Parse([]byte("Oct 11 12:00:01"), nil)
	assert.False(t, ok, "Parse has no year to give it")
	_, ok = l.ParseAt([]byte("Oct 11 12:00:01"), nil, time.Time{})
	assert.False(t, ok, "year 1 cannot be said in nanoseconds")

	ns, n, ok := l.Prefix([]byte("Oct 11 12:00:01.25 host: text"), nil, time.Unix(1791720002, 0))
	assert.True(t, ok)
	assert.Equal(t, 18, n)
	assert.Equal(t, int64(1791720001_250000000), ns)
}

// All offsets of all zones, at every transition and around it, are those of package time.
func TestZones(t *testing.T) {
	l := MustCompile("2006-01-02 15:04:05")
	check := func(local time.Time, z *time.Location) {
		text := local.Format(time.DateTime)
		want, err := time.ParseInLocation(time.DateTime, text, locOr(z))
		require.NoError(t, err)
		got, ok := l.Parse([]byte(text), z)
		require.True(t, ok, "%s %v", text, z)
		require.Equal(t, want.UnixNano(), got, "%s %v", text, z)
		require.Equal(t, time.Unix(0, got).In(locOr(z)).Format(time.DateTime), string(Append(nil, got, z)))
	}
	for _, z := range zones {
		at := time.Date(1900, 1, 1, 0, 0, 0, 0, locOr(z))
		for at.Year() < 2040 {
			_, end := at.ZoneBounds()
			if end.IsZero() {
				break
			}
			for m := -27 * 60; m <= 27*60; m += 30 {
				check(end.Add(time.Duration(m)*time.Minute-time.Second), z)
				check(end.Add(time.Duration(m)*time.Minute), z)
			}
			at = end
		}
		for at = time.Date(1700, 1, 1, 3, 4, 5, 0, time.UTC); at.Year() < 2200; at = at.Add(1777777 * time.Second) {
			check(at, z)
		}
	}
}

func locOr(z *time.Location) *time.Location {
	if z == nil {
		return time.UTC
	}
	return z
}

// The kept offsets serve several goroutines and zones at once.
func TestZonesConcurrently(t *testing.T) {
	l := MustCompile("2006-01-02 15:04:05")
	done := make(chan string)
	for g := range 4 {
		go func() {
			bad := ""
			for i := range 20000 {
				z := zones[(g+i)%len(zones)]
				want := time.Date(1990+i%50, time.Month(1+i%12), 1+i%28, i%24, i%60, 0, 0, locOr(z))
				// Through UTC, as a time that no clock showed is moved by Date.
				text := time.Date(1990+i%50, time.Month(1+i%12), 1+i%28, i%24, i%60, 0, 0, time.UTC).Format(time.DateTime)
				if ns, ok := l.Parse([]byte(text), z); !ok || ns != want.UnixNano() {
					bad = text
				}
			}
			done <- bad
		}()
	}
	for range 4 {
		assert.Empty(t, <-done)
	}
}

func TestAppend(t *testing.T) {
	f := func(ns int64, z *time.Location, want string) {
		t.Helper()
		assert.Equal(t, "x"+want, string(Append([]byte("x"), ns, z)))
	}
	f(0, nil, "1970-01-01 00:00:00")
	f(-1, nil, "1969-12-31 23:59:59")
	f(1791691201_999999999, shanghai, "2026-10-11 12:00:01")
	f(math.MaxInt64, nil, "2262-04-11 23:47:16")
	f(math.MinInt64, nil, "1677-09-21 00:12:43")
	f(951782400_000000000, time.UTC, "2000-02-29 00:00:00")
}

func TestCivil(t *testing.T) {
	at := time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC)
	for at.Year() < 2500 {
		d := floorDiv(at.Unix(), 86400)
		y, m, day := civil(d)
		if y != yearOf(d) || y != at.Year() || m != int(at.Month()) || day != at.Day() || days(y, m, day) != d {
			t.Fatalf("%v is %d-%d-%d, day %d", at, y, m, day, days(y, m, day))
		}
		at = at.AddDate(0, 0, 1)
	}
}

func TestNoAllocation(t *testing.T) {
	buf := make([]byte, 0, 64)
	ref := time.Unix(1791691201, 0)
	for text, layout := range samples {
		l, b := MustCompile(layout), []byte(text)
		assert.Zero(t, testing.AllocsPerRun(100, func() {
			ns, ok := l.ParseAt(b, newYork, ref)
			if !ok {
				t.Error(text)
			}
			buf = Append(buf[:0], ns, shanghai)
		}), text)
		assert.Zero(t, testing.AllocsPerRun(100, func() { Detect(b) }), text)
	}
}

var samples = map[string]string{
	"2026-10-11 12:00:01":           "2006-01-02 15:04:05",
	"2026-10-11T12:00:01.123+08:00": time.RFC3339,
	"11/Oct/2026:12:00:01 +0800":    "02/Jan/2006:15:04:05 -0700",
	"Oct 11 12:00:01":               time.Stamp,
	"2026年10月11日 12时00分01秒":         "2006年01月02日 15时04分05秒",
	"10/11/2026 9:05:01 PM":         "1/2/2006 3:04:05 PM",
	"1791691201005":                 UnixMilli,
	"*Oct 11 2026 12:00:01.123 UTC": Any,
	"2026年10月11日 下午9:05:01":         Any,
}

// fuzzLayouts are read by the same rules as in package time, or by wider ones.
var fuzzLayouts = []string{
	time.DateTime, time.DateOnly, time.RFC3339, time.RFC3339Nano, time.ANSIC, time.RFC1123Z, time.RFC850[:len(time.RFC850)-4],
	"02/Jan/2006:15:04:05 -0700", "2006年01月02日 15时04分05秒", "2006/1/2 3:04:05 PM", "Jan _2 2006 15:04:05",
	"2006-01-02T15:04:05.000Z0700", "2006002 15:4:5", "06 January _2", "2006-01-02 15:04:05,999 -07:00:00",
	"20060102150405", "Monday, 2006-Jan-02 15.04.05 Z07", "  2006 01  02 ", "15:04:05 02.01.2006",
}

func FuzzParse(f *testing.F) {
	at := time.Date(2026, 10, 11, 12, 0, 1, 123456789, shanghai)
	for i, layout := range fuzzLayouts {
		f.Add([]byte(at.Format(layout)), byte(i), byte(i))
		f.Add([]byte(time.Date(2024, 2, 29, 23, 59, 59, 0, time.UTC).Format(layout)), byte(i), byte(2))
	}
	var compiled []Layout
	for _, l := range fuzzLayouts {
		compiled = append(compiled, MustCompile(l))
	}
	f.Fuzz(func(t *testing.T, text []byte, which, where byte) {
		l, z := compiled[int(which)%len(compiled)], zones[int(where)%len(zones)]
		before := string(text)
		ns, ok := l.Parse(text, z)
		want, err := time.ParseInLocation(l.String(), before, locOr(z))
		if signForDigit(l.String(), before) {
			err = strconv.ErrSyntax
		}
		if err == nil && want.Year() > 1677 && want.Year() < 2262 {
			if !ok || ns != want.UnixNano() {
				t.Fatalf("%q as %q in %v: %v %d, want %d", before, l, z, ok, ns, want.UnixNano())
			}
		}
		if ok {
			out := time.Unix(0, ns).In(locOr(z))
			if got := string(Append(nil, ns, z)); got != out.Format(time.DateTime) {
				t.Fatalf("Append(%d, %v) = %q, want %q", ns, z, got, out.Format(time.DateTime))
			}
			// What it wrote, it reads.
			back := out.Format(l.String())
			if want, err := time.ParseInLocation(l.String(), back, locOr(z)); err == nil && want.Year() > 1677 {
				if again, ok := l.Parse([]byte(back), z); !ok || again != want.UnixNano() {
					t.Fatalf("%q as %q in %v: %v %d, want %d", back, l, z, ok, again, want.UnixNano())
				}
			}
		}
		if string(text) != before {
			t.Fatal("the text was changed")
		}
	})
}

// signForDigit is where package time takes a sign for a digit: in years of two digits and in .000.
func signForDigit(layout, text string) bool {
	for _, sep := range []string{".", ","} {
		if strings.Contains(text, sep+"+") || strings.Contains(text, sep+"-") {
			return true
		}
	}
	return strings.Contains(strings.ReplaceAll(layout, "2006", ""), "06") &&
		(strings.Contains(text, "+") || strings.Contains(text, "--") || strings.HasPrefix(text, "-"))
}
