// Package jsonscan reads lines that are JSON objects, without decoding them into maps.
//
// Its one idea: a cursor goes over the values of a line and says each one's path, so that a parser is a switch
// over paths. Values are slices of the line: they hold as long as the line does, and nothing is allocated.
//
//	for it := jsonscan.Scan(line); it.Next(); {
//		switch string(it.Path()) { // a switch on string(bytes) does not allocate
//		case "src_ip":
//			ev.SetIP(ecs.SourceIP, it.Value())
//		case "alert.signature":
//			ev.SetDecoded(ecs.RuleName, it.Value(), jsonscan.AppendUnescaped)
//		case "tags":
//			ev.Set(ecs.Tags, it.Value()) // once for each element
//		}
//	}
//
// # Paths
//
//	{"a":1}                    a
//	{"a":{"b":1}}              a.b
//	{"a":[1,2]}                a, a         Index is 0, 1
//	{"a":[{"b":1},{"b":2}]}    a.b, a.b     the same
//	{"a.b":1}                  a.b
//	[1,{"a":2}]                (empty), a
//
// Empty objects and arrays have no values.
//
// # Malformed lines
//
// Devices cut lines, so what stands in front of a fault is handed out, a string that is cut included, and the
// first fault is kept for [Iter.Err]. Control characters in strings, unknown escapes, commas too many or
// missing and words such as NaN are faults that the cursor goes on behind; at others it ends. A line without
// a fault is valid JSON by RFC 8259. Time is linear in the line whatever is in it.
package jsonscan

import (
	"errors"
	"strconv"

	"github.com/logcenter/logcenter/sdk/fault"
)

// Kind is what a value is.
type Kind uint8

// The kinds of values.
const (
	None   Kind = iota // in front of the first value, and behind the last
	String             // its text, without the quotes
	Number
	Bool // true or false
	Null
	Object // whole, from { to }, see [Scanner.Depth]
	Array  // whole, from [ to ]
	Bare   // a word that is no JSON, such as NaN or 10.1.2.3: a fault, but there
)

var kindNames = [...]string{"none", "string", "number", "bool", "null", "object", "array", "bare"}

// String is the kind's name in small letters.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "Kind(" + strconv.Itoa(int(k)) + ")"
}

// Limits of a line. What is beyond is handed out whole (depth) or left out with a fault (path).
const (
	MaxDepth = 32  // levels of objects and arrays, the line itself included
	MaxPath  = 256 // bytes
)

// Scanner says how far a line is opened. The zero value opens [MaxDepth] levels. A Scanner is not changed by
// scanning: one may serve any number of goroutines.
type Scanner struct {
	// Depth is how many levels of objects and arrays are opened, the line itself included. Those below are
	// handed out whole, as Object and Array; of these only the end is looked for. Zero, and more than
	// MaxDepth, mean MaxDepth.
	Depth int
}

// What can be wrong with a line; match with errors.Is.
var (
	ErrNoObject = errors.New("{ or [ is expected")
	ErrCut      = errors.New("the line ends here, before its last bracket is closed")
	ErrString   = errors.New("the string opened here is never closed")
	ErrEscape   = errors.New(`one of \" \\ \/ \b \f \n \r \t and \u with four hexadecimal digits is expected`)
	ErrControl  = errors.New(`control characters must be escaped, as in \n`)
	ErrKey      = errors.New("a key in double quotes is expected")
	ErrColon    = errors.New("a colon is expected behind the key")
	ErrValue    = errors.New("a string in double quotes, a number, true, false, null, { or [ is expected")
	ErrComma    = errors.New("a comma or the closing bracket is expected")
	ErrTrailing = errors.New("nothing is expected behind the last bracket")
	ErrPath     = errors.New("a path of more than " + strconv.Itoa(MaxPath) + " bytes, left out")
)

// Error is a fault in a line.
type Error = fault.Error

const (
	faultNoObject = iota + 1
	faultCut
	faultString
	faultEscape
	faultControl
	faultKey
	faultColon
	faultValue
	faultComma
	faultTrailing
	faultPath
)

var faults = fault.Cache{Scanner: "jsonscan", Kinds: []error{
	nil, ErrNoObject, ErrCut, ErrString, ErrEscape, ErrControl, ErrKey, ErrColon, ErrValue, ErrComma, ErrTrailing, ErrPath,
}}

// Scan returns a cursor in front of the first value of line, which may be nil. The line must not change while
// the cursor or what it gave is in use.
//
// Scan is small enough to be inlined, so the cursor lives on the stack of a caller that keeps it to itself.
// It is about 600 bytes, and a pointer because a loop variable that is one is not copied for every turn.
func Scan(line []byte) *Iter {
	it := new(Iter)
	it.init(line, 0)
	return it
}

// Scan is [Scan] for a scanner.
func (s *Scanner) Scan(line []byte) *Iter {
	it := new(Iter)
	it.init(line, s.Depth)
	return it
}

// Path is the place of the current value: keys joined by dots. It may alias the line, is overwritten by the
// next call of Next, and is empty for the elements of a line that is an array. Keys are decoded.
func (it *Iter) Path() []byte {
	if it.inLine {
		return it.line[it.k0:it.k1:it.k1]
	}
	return it.path[:it.pathLen:it.pathLen]
}

// Index is the place of the current value in the innermost array around it, from 0; -1 if there is none. It is
// the same for all values of an object that is an element.
func (it *Iter) Index() int {
	if it.depth == 0 || it.kind == None {
		return -1
	}
	return int(it.levels[it.depth-1].index)
}

// Kind is what the current value is.
func (it *Iter) Kind() Kind { return it.kind }

// Value is the current value as it stands in the line: strings without quotes, with their escapes, see
// [Iter.Escaped]. It aliases the line.
func (it *Iter) Value() []byte { return it.line[it.v0:it.v1:it.v1] }

// Pos is the byte position of the value in the line.
func (it *Iter) Pos() int { return it.v0 }

// Escaped reports whether the value is a string with escapes, so that [Iter.AppendValue] would change it.
func (it *Iter) Escaped() bool { return it.escaped }

// AppendValue appends the value to dst, strings with their escapes resolved, and returns the extended slice.
func (it *Iter) AppendValue(dst []byte) []byte {
	if !it.escaped {
		return append(dst, it.Value()...)
	}
	return AppendUnescaped(dst, it.Value())
}

// Err is the first fault in what has been scanned so far, an [*Error], or nil. Once Next was false it speaks
// of the whole line.
func (it *Iter) Err() error { return faults.At(it.errKind, it.errPos) }
