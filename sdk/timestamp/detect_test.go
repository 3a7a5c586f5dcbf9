package timestamp

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestDetect(t *testing.T) {
	f := func(text, layout string, n int) {
		t.Helper()
		l, got, ok := Detect([]byte(text))
		assert.Equal(t, layout, l.String(), "%q", text)
		assert.Equal(t, n, got, "%q", text)
		assert.Equal(t, layout != "", ok)
		readsAsItsLayout(t, []byte(text))
	}
	f("2026-10-11T12:00:01.123456+08:00 host", "2006-01-02T15:04:05Z07:00", 32)
	f("2026-10-11T12:00:01Z", "2006-01-02T15:04:05Z07:00", 20)
	f("2026-10-11T12:00:01+0800|", "2006-01-02T15:04:05Z07:00", 24)
	f("2026-10-11T12:00:01 host", "2006-01-02T15:04:05", 19)
	f("2026-10-11 12:00:01,123 INFO", "2006-01-02 15:04:05", 23)
	f("2026-10-11 12:00:01 +0800 x", "2006-01-02 15:04:05 Z07:00", 25)
	f("2026-10-11 12:00:01+08:00", "2006-01-02 15:04:05Z07:00", 25)
	f("2026-10-11 12:00:01 Zhost", "2006-01-02 15:04:05", 19)
	f("2026-10-11 12:00:01;danger_degree:2", "2006-01-02 15:04:05", 19)
	f("2026-10-11 12:00:01x", "", 0)
	f("2026-13-11 12:00:01", "", 0)
	f("2026/10/11 12:00:01 [error]", "2006/01/02 15:04:05", 19)
	f("2026年10月11日 12时00分01秒 登录", "2006年01月02日 15时04分05秒", 33)
	f("2026年3月1日 12:00:01 登录", "2006年1月2日 15:04:05", 24)
	f("20261011T120001Z", "20060102T150405Z07:00", 16)
	f("20261011 12:00:01", "20060102 15:04:05", 17)
	f("20261011120001", "20060102150405", 14)
	f("Oct 11 12:00:01 host", "Jan _2 15:04:05", 15)
	f("Oct  1 12:00:01.5 host", "Jan _2 15:04:05", 17)
	f("Feb 29 12:00:01 host", "Jan _2 15:04:05", 15)
	f("Oct 11 2026 12:00:01: %ASA", "Jan _2 2006 15:04:05", 20)
	f("Oct 11 12:00:01 2026 H3C", "Jan _2 15:04:05 2006", 20)
	f("Oct 11 12:00:01:123 2026 H3C", "Jan _2 15:04:05:000 2006", 24)
	f("Oct 11 12:00:01 20260 H3C", "Jan _2 15:04:05", 15)
	f("2026 Oct 11 12:00:01 UTC: %ETHPORT", "2006 Jan _2 15:04:05 MST", 24)
	f("2026-1-1 12:00:01", "2006-1-2 15:04:05", 17)
	f("2026-10-11 9:00:01+0800", "2006-01-02 15:04:05Z07:00", 23)
	f("2026-10-11 12:00:01+8", "", 0)
	f("2026-10-11 9:00:01 +0800", "2006-01-02 15:04:05 Z07:00", 24)
	f("Oct 1 12:00:01 2026 H3C", "Jan _2 15:04:05 2006", 19)
	f("Oct 1 12:00:01 host", "Jan _2 15:04:05", 14)
	f("11/Oct/2026:12:00:01 +0800] GET", "02/Jan/2006:15:04:05 -0700", 26)
	f("11 Oct 2026 12:00:01", "02 Jan 2006 15:04:05", 20)
	f("Sun, 11 Oct 2026 12:00:01 GMT", "Mon, 02 Jan 2006 15:04:05 MST", 29)
	f("Sun Oct 11 12:00:01 2026", "Mon Jan _2 15:04:05 2006", 24)
	f("Sun Oct 11 12:00:01 CST 2026", "Mon Jan _2 15:04:05 MST 2006", 28)
	f("1791691201", Unix, 10)
	f("1791691201.123 x", Unix, 14)
	f("1791691201005", UnixMilli, 13)
	f("1791691201005006", UnixMicro, 16)
	f("1791691201005006007", UnixNano, 19)
	f("17916912010", "", 0)
	f("1791691201x", "", 0)
	f("10.1.2.3 user", "", 0)
	f("", "", 0)
	f("hello world", "", 0)
	f("2026-10-11", "", 0)
	f("2026\xc4\xea10\xd4\xc211\xc8\xd5 12:00:01", "", 0) // GBK
	f(strings.Repeat("1", 1<<20), "", 0)

	// What stands behind a time.
	f("2026-10-11 9:00:01 PM x", "2006-01-02 15:04:05 PM", 21)
	f("2026-10-11 09:00:01PM", "2006-01-02 15:04:05PM", 21)
	f("2026-10-11 09:00:01 pmx", "2006-01-02 15:04:05", 19)
	f("Oct 11 12:00:01.5 UTC: %SYS", "Jan _2 15:04:05 MST", 21)
	f("Oct 11 2026 12:00:01 GMT+8", "Jan _2 2006 15:04:05 MST", 26)
	f("Oct 11 12:00:01 UTCx", "Jan _2 15:04:05", 15)
	f("Oct 11 12:00:01 CST host", "Jan _2 15:04:05", 15)                       // China's, America's, or a host's name
	f("Oct 11 2026 12:00:01+08:00 FW1 %%01", "Jan _2 2006 15:04:05Z07:00", 26) // Huawei
	f("Oct 11 2026 12:00:01.123-0800 x", "Jan _2 2006 15:04:05Z07:00", 29)
	f("Oct 11 12:00:01 +08:00 x", "Jan _2 15:04:05 Z07:00", 22)
	f("Oct 11 12:00:01Z x", "Jan _2 15:04:05Z07:00", 16)
	f("Oct 11 12:00:01 -0800x", "Jan _2 15:04:05", 15)
	f("Oct 11 12:00:01 - x", "Jan _2 15:04:05", 15)
	f("Oct 11 12:00:01 2001:db8::1 x", "Jan _2 15:04:05", 15) // an address, not a year
	f("Oct 11 12:00:01 2026: x", "Jan _2 15:04:05 2006", 20)
	f("2026-10-11 12:00:01:123 x", "2006-01-02 15:04:05:000", 23)
	f("2026-10-11 12:00:01:12 x", "2006-01-02 15:04:05", 19)
	f("2026-10-11 12:00:01+08", "2006-01-02 15:04:05Z07", 22)
	f("2026-10-11T12:00:01.5-08 x", "2006-01-02T15:04:05Z07", 24)

	// Twelve hours.
	f("2026年10月11日 上午9:00:01 登录", "2006年1月2日 PM3:04:05", 31)
	f("2026年10月11日下午 9:00:01", "", 0)
	f("2026年10月11日下午09时00分01秒", "2006年1月2日PM3时04分05秒", 38)
	f("2026-10-11 下午 09:00:01", "2006-1-2 PM 3:04:05", 26)
	f("2026/10/11 下午9:00:01", "2006/1/2 PM3:04:05", 24)
	f("Oct 11, 2026 9:00:01 AM", "Jan _2, 2006 15:04:05 PM", 23)
	f("October 11, 2026 9:00:01 AM", "January _2, 2006 15:04:05 PM", 27)
	f("Sun 11 Oct 2026 09:00:01 AM CST", "Mon 2 Jan 2006 15:04:05 PM", 27)

	// Other separators, without seconds, other names.
	f("2026-10-11_12:00:01", "2006-01-02_15:04:05", 19)
	f("2026-10-11-12:00:01", "2006-01-02-15:04:05", 19)
	f("2026.10.11 12:00:01", "2006.01.02 15:04:05", 19)
	f("11.10.2026 12:00:01", "02.01.2006 15:04:05", 19)
	f("2026/1/1 12:00:01", "2006/1/2 15:04:05", 17)
	f("2026-10-11 12:00 x", "2006-01-02 15:04", 16)
	f("2026-10-11T12:00Z", "2006-01-02T15:04Z07:00", 17)
	f("2026-10-11 12:00:99", "", 0)
	f("2026年1月2日 8:05", "2006年1月2日 15:04", 20)
	f("11/Oct/2026 12:00:01", "2/Jan/2006 15:04:05", 20)
	f("1 Oct 2026 12:00:01", "2 Jan 2006 15:04:05", 19)
	f("11 October 2026 12:00:01", "2 January 2006 15:04:05", 24)
	f("Sun Oct 11 2026 12:00:01 GMT+0800 (CST)", "Mon Jan _2 2006 15:04:05 MST", 33)
	f("2026年 10月 11日 星期日 12:00:01 CST", "2006年 01月 02日 Mon 15:04:05", 38)
	f("2026年10月11日 周日 12:00:01", "2006年1月2日 Mon 15:04:05", 33)
	f("2026年10月11日 星期八 12:00:01", "", 0)
	f("03/04/2026 12:00:01", "", 0)
	f("192.168.10.1 x", "", 0)
	f("10.11.2026 x", "", 0)
}

// readsAsItsLayout checks that Read gives what Detect and then the layout give, which read the text once more.
func readsAsItsLayout(t *testing.T, b []byte) {
	t.Helper()
	l, want, _ := Detect(b)
	r, n := Read(b)
	if n != want || r.Layout() != l {
		t.Errorf("%q: %d bytes of %q, Detect has %d of %q", b, n, r.Layout(), want, l)
	}
	for _, zone := range []*time.Location{nil, time.FixedZone("CST", 8*3600)} {
		for _, ref := range []time.Time{time.Unix(1735603200, 0), time.Unix(1792540800, 0)} {
			wantNS, wantOK := l.ParseAt(b[:n], zone, ref)
			if ns, ok := r.Nanos(zone, ref); ns != wantNS || ok != wantOK {
				t.Errorf("%q in %v at %v: %d %v, read again %d %v", b, zone, ref, ns, ok, wantNS, wantOK)
			}
		}
	}
}

func TestAny(t *testing.T) {
	l := MustCompile(Any)
	assert.False(t, l.HasYear())
	assert.Equal(t, Any, l.String())
	ref := time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
	for text, want := range map[string]string{
		"2026-11-21 08:56:23":               "2026-11-21T00:56:23Z",
		"*Nov 21 2026 08:56:23.123 UTC":     "2026-11-21T08:56:23.123Z",
		".Nov 21 08:56:23.123":              "2026-11-21T00:56:23.123Z",
		"Nov 21 08:56:23 CST":               "2026-11-21T00:56:23Z",
		"Nov 21 08:56:23 EST":               "2026-11-21T13:56:23Z",
		"2026年11月21日 下午8时56分23秒":            "2026-11-21T12:56:23Z",
		"2026年11月21日 上午12:05:00":            "2026-11-20T16:05:00Z",
		"2026-11-21 20:56:23 PM":            "2026-11-21T12:56:23Z",
		"1791691201512":                     "2026-10-11T04:00:01.512Z",
		"21/Nov/2026:08:56:23 +0000":        "2026-11-21T08:56:23Z",
		"Sat Nov 21 2026 08:56:23 GMT+0800": "2026-11-21T00:56:23Z",
		"":                                  "no", "*": "no", "yesterday": "no", "2026-11-21 08:56:23 and more": "no", "03/04/2026 08:56:23": "no",
	} {
		got := "no"
		if ns, ok := l.ParseAt([]byte(text), shanghai, ref); ok {
			got = time.Unix(0, ns).UTC().Format(time.RFC3339Nano)
		}
		assert.Equal(t, want, got, text)
	}
	_, n, ok := l.Prefix([]byte("2026-11-21 08:56:23 and more"), nil, ref)
	assert.True(t, ok)
	assert.Equal(t, 19, n)
	_, ok = l.Parse([]byte("2026-11-21 08:56:23"), nil)
	assert.False(t, ok, "a text may have no year")
}

func TestInfer(t *testing.T) {
	f := func(want string, texts ...string) {
		t.Helper()
		var in [][]byte
		for _, s := range texts {
			in = append(in, []byte(s))
		}
		var got []string
		for _, l := range Infer(in...) {
			got = append(got, l.String())
		}
		assert.Equal(t, want, strings.Join(got, " | "), texts)
	}
	f("")
	f("2006-01-02 15:04:05", "2026-10-11 12:00:01", "2026-10-12 09:00:01.5")
	f("Jan _2 15:04:05", "Oct 11 12:00:01", "Oct  1 12:00:01")
	f("Jan _2 15:04:05 MST", "Oct 11 12:00:01 CST")
	f("unix_ms", "1791691201512")
	f("any", "1791691201512", "Oct 11 12:00:01")
	f("1/2/2006 15:04:05 | 2/1/2006 15:04:05", "03/04/2026 12:00:01")
	f("1/2/2006 15:04:05", "03/04/2026 12:00:01", "3/14/2026 12:00:01")
	f("2/1/2006 15:04:05", "03/04/2026 12:00:01", "13/4/2026 12:00:01")
	f("1/2/2006 15:04:05 PM", "11/21/2026 8:56:23 AM")
	f("1/2/2006, 15:04:05 PM", "11/21/2026, 8:56:23 AM")
	f("2006-01-02", "2026-10-11")
	f("1/2/2006", "10/13/2026", "1/2/2026")
	f("20060102", "20261011")
	f("02-Jan-06 03.04.05 PM", "21-NOV-26 08.56.23.123456 AM")
	f("Monday, 02-Jan-06 15:04:05 MST", "Saturday, 21-Nov-26 08:56:23 GMT")
	f("2006-002T15:04:05Z07:00", "2026-325T08:56:23Z")
	f("060102 15:04:05", "261121 08:56:23")
	f("", "2026-10-11 12:00:01", "never")
	f("", "10.1.2.3")
}

// inTurn is Detect in the plain way: layouts are tried one after the other, each from the start of b.
func inTurn(b []byte) (Layout, int, bool) {
	if len(b) < 10 {
		return Layout{}, 0, false
	}
	digits := 0
	for digits < len(b) && digits < 20 && b[digits]-'0' <= 9 {
		digits++
	}
	reads := func(p *program) (int, bool) {
		_, n, ok := p.parse(b, nil, detectRef)
		return n, ok
	}
	g := candidates(b, digits)
	if g == nil {
		p, n := detectCount(b, digits, new(fields))
		return Layout{p}, n, p != nil
	}
	for _, plain := range []bool{true, false} {
		for _, l := range g.layouts {
			if plain && !l.p.plain.match(b, new(fields)) {
				continue
			}
			n, ok := reads(l.p)
			if !ok {
				continue
			}
			if v := l.p.more.behind(b, n); v != nil {
				if m, ok := reads(v); ok && ends(b, m) {
					l, n = Layout{v}, m
				}
			}
			if l.p.endsAt(b, n) {
				return l, n, true
			}
		}
	}
	if g.minutes {
		for _, l := range minuteLayouts {
			if n, ok := reads(l.p); ok && ends(b, n) && (n >= len(b) || b[n] != ':') {
				return l, n, true
			}
		}
	}
	return Layout{}, 0, false
}

// anyInTurn is parseAny by it: the layout is told first, and the text then read by it.
func anyInTurn(b []byte, zone *time.Location, ref time.Time) (int64, int, bool) {
	mark := 0
	if len(b) > 0 && (b[0] == '*' || b[0] == '.') {
		mark = 1
	}
	b = b[mark:]
	l, n, ok := inTurn(b)
	if !ok {
		return 0, 0, false
	}
	if zoned := l.zoned(); zoned != nil && n < len(b) && len(b)-n <= 7 {
		if _, m, ok := zoned.parse(b, nil, detectRef); ok && m == len(b) {
			l = Layout{zoned}
		}
	}
	ns, n, ok := l.p.parse(b, zone, ref.Unix())
	if !ok {
		return 0, 0, false
	}
	return ns, n + mark, true
}

func FuzzDetect(f *testing.F) {
	for text := range samples {
		f.Add([]byte(text))
	}
	for _, text := range []string{
		"Sun Oct 11 12:00:01 GMT+08:00 2026", "2026-10-11 12:00:01:123 x", "2026-10-11 12:00:01.5:123", "2026-10-11 9:00:01 PM", "Feb 29 12:00:01 CST",
		"Oct 11 12:00:01.5 UTC+8", "2262-04-11 23:47:16 +08:00", "1677-09-21 00:12:44-0100", "2026年1月2日 8:05", "*Dec 31 23:59:59.1 EST",
		"11 Oct 2026 12:00:01 AM", "2026 Oct 11 12:00:01Z",
	} {
		f.Add([]byte(text))
	}
	layout := MustCompile(Any)
	f.Fuzz(func(t *testing.T, b []byte) {
		l, n, ok := Detect(b)
		if wantL, wantN, want := inTurn(b); l != wantL || n != wantN || ok != want {
			t.Fatalf("%q: %q, %d bytes, %v; in turn %q, %d, %v", b, l, n, ok, wantL, wantN, want)
		}
		for _, ref := range []time.Time{time.Unix(1735603200, 0), time.Date(2261, 1, 1, 0, 0, 0, 0, time.UTC), {}} {
			for _, zone := range []*time.Location{nil, newYork} {
				ns, n, ok := layout.Prefix(b, zone, ref)
				if wantNS, wantN, want := anyInTurn(b, zone, ref); ns != wantNS || n != wantN || ok != want {
					t.Fatalf("%q in %v: %d, %d bytes, %v; in turn %d, %d, %v", b, zone, ns, n, ok, wantNS, wantN, want)
				}
			}
		}
		if !ok {
			if n != 0 || l != (Layout{}) {
				t.Fatal("something without ok")
			}
			return
		}
		if n < 8 || n > len(b) {
			t.Fatalf("%d of %d bytes", n, len(b))
		}
		readsAsItsLayout(t, b)
		if _, ok := l.ParseAt(b[:n], nil, time.Unix(1735603200, 0)); !ok {
			t.Fatalf("%q is not %q", b[:n], l)
		}
		if _, m, ok := l.Prefix(bytes.Clone(b), shanghai, time.Unix(1735603200, 0)); ok && m != n {
			t.Fatalf("%d bytes, then %d", n, m)
		}
	})
}
