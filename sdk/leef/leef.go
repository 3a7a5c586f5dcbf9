// Package leef reads events in the Log Event Extended Format that IBM QRadar takes and many devices send.
//
//	LEEF:1.0|Vendor|Product|DeviceVersion|EventID|key=value<TAB>key=value
//	LEEF:2.0|Vendor|Product|DeviceVersion|EventID|^|key=value^key=value
//
// Its one idea: [Parse] takes the header off and says what separates the attributes, and these are then
// pairs as package kv reads them. All it returns are slices of the line, and nothing is allocated, except for a
// delimiter that is not ASCII.
//
//	e, err := leef.Parse(line)
//	for it := e.Scan(); it.Next(); {
//		switch string(it.Key()) {
//		case "src":
//			ev.SetIP(ecs.SourceIP, it.Value())
//		}
//	}
//
// The format is that of IBM's "QRadar Log Event Extended Format (LEEF)". Where devices do otherwise, they are
// understood: a 2.0 header without its delimiter, a bar missing in front of no attributes, x09 without 0.
package leef

import (
	"bytes"
	"errors"

	"github.com/logcenter/logcenter/sdk/fault"
	"github.com/logcenter/logcenter/sdk/internal/swar"
	"github.com/logcenter/logcenter/sdk/kv"
)

// Event is the header of an event, as [Parse] makes it. Its slices alias the line.
type Event struct {
	Prefix        []byte // what stands before "LEEF:", such as a syslog header; empty if nothing does
	Version       int    // of the format: 1 or 2
	Vendor        []byte
	Product       []byte
	DeviceVersion []byte
	EventID       []byte // the device's id of this kind of event
	Delimiter     []byte // between attributes, as sent: "^", "x09"; empty means a tab
	Attributes    []byte // the rest of the line, for Scan and Fields

	pairs *kv.Scanner // set by Parse
}

// scanners are those of the delimiters of one byte, which are shared so that an event can stay on the stack.
var scanners = func() (all [256]kv.Scanner) {
	for c := range all {
		all[c].Pair = byte(c)
	}
	return all
}()

// What can be wrong with a line; match with errors.Is. What is wrong with the attributes is told by kv's errors.
var (
	ErrNoLEEF    = errors.New("LEEF:1.0| or LEEF:2.0| is expected")
	ErrHeader    = errors.New("the header ends here, before its five fields and the | behind each")
	ErrDelimiter = errors.New("the delimiter of LEEF 2.0 is expected: one character, its number as x09 or 0x5E, or nothing")
)

// Error is a fault in a line.
type Error = fault.Error

const (
	faultNoLEEF = iota + 1
	faultHeader
	faultDelimiter
)

var faults = fault.Cache{Scanner: "leef", Kinds: []error{nil, ErrNoLEEF, ErrHeader, ErrDelimiter}}

// Parse reads the header of a line. The error is an [*Error] of this package: what could be read is there
// with an error too; with [ErrDelimiter] attributes are separated by tabs.
func Parse(line []byte) (Event, error) {
	e := Event{pairs: &scanners['\t']}
	i := e.start(line)
	if i < 0 {
		return e, faults.At(faultNoLEEF, 0)
	}
	fields := [...]*[]byte{&e.Vendor, &e.Product, &e.DeviceVersion, &e.EventID}
	for n, field := range fields {
		end := swar.Index(line, i, '|')
		*field = line[i:end:end]
		if i = end + 1; i <= len(line) {
			continue
		}
		i = len(line)
		if n < len(fields)-1 { // the bar behind the id may be missing where there are no attributes
			return e, faults.At(faultHeader, i)
		}
	}
	e.Attributes = line[i:len(line):len(line)]
	if e.Version < 2 {
		return e, nil
	}
	end := swar.Index(line, i, '|')
	if end == len(line) || bytes.IndexByte(line[i:end], '=') > 0 {
		return e, nil // attributes already, with a bar in one of them
	}
	e.Delimiter, e.Attributes = line[i:end:end], line[end+1:len(line):len(line)]
	if !e.setDelimiter() {
		return e, faults.At(faultDelimiter, i)
	}
	return e, nil
}

// start sets prefix and version, and returns where the vendor starts, -1 if there is no LEEF in line.
func (e *Event) start(line []byte) int {
	for from := 0; ; {
		n := bytes.Index(line[from:], []byte("LEEF:"))
		if n < 0 {
			return -1
		}
		at := from + n
		i := at + len("LEEF:")
		if i < len(line) && line[i] == ' ' {
			i++
		}
		if i < len(line) && (line[i] == '1' || line[i] == '2') {
			v := int(line[i] - '0')
			if i++; i+1 < len(line) && line[i] == '.' && line[i+1]-'0' <= 9 {
				i += 2
			}
			if i < len(line) && line[i] == '|' {
				e.Prefix, e.Version = line[:at:at], v
				return i + 1
			}
		}
		from = i
	}
}

// setDelimiter sets the separator that Delimiter says. It is false if it says none.
func (e *Event) setDelimiter() bool {
	d := e.Delimiter
	hex, isHex := bytes.CutPrefix(d, []byte("0x"))
	if !isHex {
		hex, isHex = bytes.CutPrefix(d, []byte("x"))
	}
	switch {
	case len(d) == 0: // a tab
	case len(d) == 1:
		e.pairs = &scanners[d[0]]
	case d[0] >= 0x80 && isRune(d): // one character of several bytes
		e.pairs = &kv.Scanner{PairSeq: string(d)}
	case isHex && len(hex) >= 1 && len(hex) <= 4:
		n := 0
		for _, c := range hex {
			switch {
			case c-'0' <= 9:
				n = n<<4 | int(c-'0')
			case (c|0x20)-'a' < 6:
				n = n<<4 | int((c|0x20)-'a'+10)
			default:
				return false
			}
		}
		switch {
		case n == 0:
			return false
		case n < 0x80:
			e.pairs = &scanners[n]
		default:
			e.pairs = &kv.Scanner{PairSeq: string(rune(n))}
		}
	default:
		return false
	}
	return true
}

// isRune reports whether b is one character of UTF-8 by its length.
func isRune(b []byte) bool {
	for _, c := range b[1:] {
		if c&0xc0 != 0x80 {
			return false
		}
	}
	return len(b) <= 4
}

// Scan returns a cursor in front of the event's first attribute. The event must not change while the cursor
// is in use.
func (e *Event) Scan() *kv.Iter { return e.pairs.Scan(e.Attributes) }

// Fields reads all attributes, for finding them by their keys. The error is one of package kv; the fields
// are usable with an error too.
func (e *Event) Fields() (f kv.Fields, err error) {
	err = f.Parse(e.pairs, e.Attributes)
	return f, err
}
