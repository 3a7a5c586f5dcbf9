// Package timestamp reads and writes the times in device logs.
//
// Its one idea: a layout is compiled once, to a template of digits and separators that is compared with
// the text eight bytes at a time. Reading costs no allocation and a small part of what [time.Parse]
// costs; what the template does not match is read a second time by the rules of package time, so that a
// device that writes 9:05 for 09:05 is understood too.
//
//	var layout = timestamp.MustCompile("2006-01-02 15:04:05")
//
//	ns, ok := layout.Parse(b, zone) // nanoseconds since 1970 UTC
//
// # Layouts
//
// Layouts are those of package time (2006-01-02 15:04:05, Jan _2, 3:04:05 PM, Z07:00 …), or one of
// [Unix], [UnixMilli], [UnixMicro], [UnixNano] and [Any]. Differences, all but the last for the sake of what
// devices write:
//
//   - Behind the seconds any number of fractional digits is read, after '.' or ','. What the layout says
//     of them does not matter, except that .000 asks for at least one. Digits beyond nanoseconds are cut.
//   - ":000" behind the seconds means a fraction too: 15:04:05:000.
//   - Offsets are read with and without colon, and as Z, whichever the layout shows.
//   - PM also reads am, pm, 上午 and 下午. It may stand in front of the hour, and behind one of 24.
//   - Mon and Monday also read 星期六 and 周六.
//   - Abbreviations of zones (MST) are ambiguous. UTC, GMT, Z, these with an offset (GMT+8), and the
//     usual American, European and Japanese ones that mean one thing only are honoured; any other word,
//     such as CST, is passed over, and the zone given to Parse decides.
//   - Only instants from 1678 to 2262 can be said in nanoseconds; others are refused.
package timestamp

import (
	"fmt"
	"time"
)

// Layouts for numbers counted from 1970-01-01 00:00:00 UTC. A fraction may follow, after '.' or ','.
const (
	Unix      = "unix"    // seconds
	UnixMilli = "unix_ms" // milliseconds
	UnixMicro = "unix_us" // microseconds
	UnixNano  = "unix_ns" // nanoseconds
)

// Any is the layout of whatever [Detect] recognises, told anew for every text: for devices that mix layouts.
// It costs about twice what a layout does, and reads texts without a year, so that Parse refuses it and ParseAt
// is to be used. Cisco's '*' and '.' in front of a time are passed over, and so is a zone's abbreviation behind.
const Any = "any"

// Layout is a compiled layout. It is a small value, safe for concurrent use. The zero value reads
// nothing.
type Layout struct{ p *program }

type program struct {
	text  string
	unit  int64 // nanoseconds in 1, for the layouts that count; 0 for all others
	year  bool  // the layout has a year
	ops   []op
	plain template
	tail  tail

	// Of the layouts of Detect.
	more     *variants
	yearLast bool // the year is at the end
}

// tail is what follows the template.
type tail uint8

const (
	tailNone     tail = iota
	tailFraction      // what may follow seconds, and nothing else
	tailOps
)

// Compile makes a Layout of a layout of package time, or of one of the constants. It fails if the layout
// has no day, as nothing can be made of its text then, and when its parts are more than a line can use.
func Compile(layout string) (Layout, error) {
	p := &program{text: layout}
	switch layout {
	case Unix:
		p.unit = 1e9
	case UnixMilli:
		p.unit = 1e6
	case UnixMicro:
		p.unit = 1e3
	case UnixNano:
		p.unit = 1
	case Any:
	default:
		if err := p.compile(); err != nil {
			return Layout{}, err
		}
	}
	p.year = p.year || p.unit != 0
	return Layout{p}, nil
}

// MustCompile is Compile for layouts known when the program is written. It panics where Compile fails.
func MustCompile(layout string) Layout {
	l, err := Compile(layout)
	if err != nil {
		panic(err)
	}
	return l
}

// String is the text the layout was compiled from.
func (l Layout) String() string {
	if l.p == nil {
		return ""
	}
	return l.p.text
}

// HasYear reports whether the layout has a year, so that Parse can read it; others need ParseAt.
func (l Layout) HasYear() bool { return l.p != nil && l.p.year }

// Parse reads all of b, without allocating, and returns nanoseconds since 1970-01-01 00:00:00 UTC. Zone
// is where the device's clock stands if b does not say; nil means UTC. ok is false if b is not of the
// layout or is no date, and for layouts without a year.
//
// A local time that a clock shows twice, or never because it was put forward, is the one that
// [time.Date] makes of it.
func (l Layout) Parse(b []byte, zone *time.Location) (ns int64, ok bool) {
	if !l.HasYear() {
		return 0, false
	}
	ns, n, ok := l.p.parse(b, zone, 0)
	return ns, ok && n == len(b)
}

// ParseAt is Parse for layouts with and without a year. A missing year is the latest one in which the
// time is at most a day after ref, commonly the time of receipt: so a line from 31 December that comes
// in on 1 January is of last year, and a clock that runs ahead a little stays in this one.
func (l Layout) ParseAt(b []byte, zone *time.Location, ref time.Time) (ns int64, ok bool) {
	ns, n, ok := l.Prefix(b, zone, ref)
	return ns, ok && n == len(b)
}

// Prefix is ParseAt for a text that b only starts with. n is how many bytes of b it takes, 0 if not ok.
func (l Layout) Prefix(b []byte, zone *time.Location, ref time.Time) (ns int64, n int, ok bool) {
	if l.p == nil {
		return 0, 0, false
	}
	return l.p.parse(b, zone, ref.Unix())
}

func (p *program) errorf(format string, args ...any) error {
	return fmt.Errorf("timestamp layout %q: %s", p.text, fmt.Sprintf(format, args...))
}
