// Package cef reads events in the Common Event Format that ArcSight made and many devices send.
//
//	CEF:Version|Vendor|Product|DeviceVersion|ClassID|Name|Severity|key=value key2=value with blanks
//
// Its one idea: [Parse] takes the header off, and what it leaves, the extension, is read by a cursor whose
// values end where the next key begins, since nothing else separates them. All they return are slices of
// the line, and nothing is allocated.
//
//	e, err := cef.Parse(line)
//	for it := e.Scan(); it.Next(); {
//		switch string(it.Key()) { // a switch on string(bytes) does not allocate
//		case "src":
//			ev.SetIP(ecs.SourceIP, it.Value())
//		case "msg":
//			ev.SetDecoded(ecs.EventReason, it.Value(), cef.AppendUnescaped)
//		}
//	}
//
// Where pairs are wanted by their keys there is [Event.Fields], which also knows which label belongs to which
// of the custom fields (cs1Label and cs1).
//
// The format is that of "Implementing ArcSight Common Event Format (CEF)", version 25. Where devices do
// otherwise, they are understood: values with '=' that is not escaped, as in URLs, keys with '.', '-', '_',
// '[' and ']' and in any script, blanks before the first key and behind the last value.
package cef

import (
	"bytes"
	"errors"
	"strconv"

	"github.com/logcenter/logcenter/sdk/fault"
	"github.com/logcenter/logcenter/sdk/internal/swar"
)

// Event is the header of an event. Its slices alias the line. Those of the header still have their escapes,
// \| and \\, see [AppendUnescaped].
type Event struct {
	Prefix        []byte // what stands before "CEF:", such as a syslog header; empty if nothing does
	Version       int    // of the format: 0 or 1
	Vendor        []byte
	Product       []byte
	DeviceVersion []byte
	ClassID       []byte // the device's id of this kind of event, also called signature id
	Name          []byte
	Severity      []byte // as sent, see SeverityNumber
	Extension     []byte // the rest of the line, for Scan and Fields
}

// What can be wrong with a line; match with errors.Is.
var (
	ErrNoCEF  = errors.New("CEF:, a version and | are expected")
	ErrHeader = errors.New("the header ends here, before its seven fields and the | behind each")
	ErrKey    = errors.New("a key and = are expected")
	ErrPairs  = errors.New("more pairs than " + strconv.Itoa(MaxFields) + ", the rest is left out")
)

// Error is a fault in a line.
type Error = fault.Error

const (
	faultNoCEF = iota + 1
	faultHeader
	faultKey
	faultPairs
)

var faults = fault.Cache{Scanner: "cef", Kinds: []error{nil, ErrNoCEF, ErrHeader, ErrKey, ErrPairs}}

// Parse reads the header of a line. The error is an [*Error], [ErrNoCEF] or [ErrHeader]: what could be read
// is there with an error too.
func Parse(line []byte) (Event, error) {
	var e Event
	i := e.start(line)
	if i < 0 {
		return e, faults.At(faultNoCEF, 0)
	}
	fields := [...]*[]byte{&e.Vendor, &e.Product, &e.DeviceVersion, &e.ClassID, &e.Name, &e.Severity}
	for n, field := range fields {
		end := headerEnd(line, i)
		*field = line[i:end:end]
		if i = end + 1; i <= len(line) {
			continue
		}
		i = len(line)
		if n < len(fields)-1 { // the bar behind the severity may be missing where there is no extension
			return e, faults.At(faultHeader, i)
		}
	}
	e.Severity = trim(e.Severity)
	e.Extension = line[i:len(line):len(line)]
	return e, nil
}

// start sets prefix and version, and returns where the vendor starts, -1 if there is no CEF in line.
func (e *Event) start(line []byte) int {
	for from := 0; ; {
		n := bytes.Index(line[from:], []byte("CEF:"))
		if n < 0 {
			return -1
		}
		at := from + n
		i, v := at+len("CEF:"), 0
		for ; i < len(line) && line[i] == ' '; i++ {
		}
		first := i
		for ; i < len(line) && i < first+4 && line[i]-'0' <= 9; i++ {
			v = v*10 + int(line[i]-'0')
		}
		if i > first && i+1 < len(line) && line[i] == '.' && line[i+1]-'0' <= 9 { // CEF:1.0
			i += 2
		}
		if i > first && i < len(line) && line[i] == '|' {
			e.Prefix, e.Version = line[:at:at], v
			return i + 1
		}
		from = max(i, at+len("CEF:"))
	}
}

// headerEnd returns where the header field at i ends: at a bar without backslash, or with the line.
func headerEnd(line []byte, i int) int {
	for {
		i = swar.Index2(line, i, '|', '\\')
		if i == len(line) || line[i] == '|' {
			return i
		}
		if i++; i < len(line) && (line[i] == '|' || line[i] == '\\') {
			i++
		}
	}
}

func trim(b []byte) []byte {
	b = bytes.TrimSpace(b)
	return b[:len(b):len(b)]
}

// SeverityNumber is the severity from 0 to 10. Of the words Low, Medium, High and Very-High, which stand for
// ranges, it is the highest: 3, 6, 8 and 10. ok is false for Unknown and for anything else.
func (e *Event) SeverityNumber() (n int, ok bool) {
	s := e.Severity
	switch {
	case len(s) == 1 && s[0]-'0' <= 9:
		return int(s[0] - '0'), true
	case string(s) == "10":
		return 10, true
	case len(s) == 0:
		return 0, false
	}
	switch {
	case bytes.EqualFold(s, []byte("low")):
		return 3, true
	case bytes.EqualFold(s, []byte("medium")):
		return 6, true
	case bytes.EqualFold(s, []byte("high")):
		return 8, true
	case bytes.EqualFold(s, []byte("very-high")), bytes.EqualFold(s, []byte("very high")):
		return 10, true
	}
	return 0, false
}

// AppendUnescaped appends v to dst with its escapes resolved and returns the extended slice: \n and \r
// become the control characters, a backslash before '|', '=' or '\' is left out, any other stays, as in the
// paths of devices that do not escape. dst and v must not overlap.
func AppendUnescaped(dst, v []byte) []byte {
	for {
		i := swar.Index(v, 0, '\\')
		dst = append(dst, v[:i]...)
		if i+1 >= len(v) {
			return append(dst, v[i:]...)
		}
		switch c := v[i+1]; c {
		case 'n':
			dst = append(dst, '\n')
		case 'r':
			dst = append(dst, '\r')
		case '|', '=', '\\':
			dst = append(dst, c)
		default:
			dst = append(dst, '\\', c)
		}
		v = v[i+2:]
	}
}
