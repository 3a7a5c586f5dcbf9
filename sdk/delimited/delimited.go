// Package delimited reads lines of fields with a separator between them: CSV, TSV, pipes, W3C logs.
//
// Its one idea: a [Scanner] is a small description of how a device separates its fields, and
// [Scanner.Scan] hands out a cursor over one line. Fields are slices of the line: they hold as long as the
// line does, and nothing is allocated.
//
//	var traffic = delimited.Scanner{Quotes: `"`, Header: delimited.MustHeader("time", "src", "dst", "action")}
//
//	for it := traffic.Scan(line); it.Next(); {
//		switch it.Index() {
//		case 1:
//			ev.SetIP(ecs.SourceIP, it.Value())
//		}
//	}
//
// Where fields are wanted by their names, or out of order, [Scanner.Parse] makes a [Row].
//
// # Shapes
//
//	a,"b,c",d            delimited.Scanner{Quotes: `"`}
//	a<TAB>b<TAB>c        delimited.Scanner{Sep: '\t'}
//	a|b\|c|d             delimited.Scanner{Sep: '|', Escape: '\\'}
//	a||b||c              delimited.Scanner{SepSeq: "||"}
//	a , 'b' , c          delimited.Scanner{Quotes: "'", Trim: true}
//	a  b  c              delimited.Scanner{Sep: ' ', Merge: true}
//	a b "c d" -          delimited.Scanner{Sep: ' ', Quotes: `"`, Empty: "-"}
//
// The last is the W3C extended log format (https://www.w3.org/TR/WD-logfile), which IIS and many proxies
// write; its #Fields line is a header as [Scanner.ParseHeader] reads it.
//
// # Malformed lines
//
// Devices cut lines and forget quotes, so a cursor never stops at a fault: it gives every field it can
// make sense of and keeps the first fault for [Iter.Err]. Time is linear in the line whatever is in it.
package delimited

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/bits"
	"strconv"

	"github.com/logcenter/logcenter/sdk/fault"
	"github.com/logcenter/logcenter/sdk/internal/swar"
)

// Scanner says how a device separates its fields. The zero value reads a,b,c without quotes. A Scanner is
// not changed by scanning: one may serve any number of goroutines.
//
// Blanks are the space and the tab. A line end at the end of a line is not part of its last field.
type Scanner struct {
	// Sep is the byte between two fields. Zero means ','.
	Sep byte
	// SepSeq is a separator of several bytes, e.g. "||". When set Sep does not count.
	SepSeq string
	// Merge says that several separators in a row are one, and that those at the ends of the line are none,
	// so that no field is empty, as in columns aligned by spaces.
	Merge bool
	// Quotes are the bytes a field may be enclosed in, at most three of them. Separators do not count inside,
	// and a quote is written there twice (RFC 4180). Empty means that quotes are ordinary bytes.
	//
	// A quote only ends its field before a separator or the end of the line; any other one is an ordinary
	// byte, and a fault. A field whose quote is never closed runs to the end of the line, and is a fault.
	Quotes string
	// Escape makes the byte after it ordinary, inside quotes and outside. Fields are handed out as they are
	// in the line, see [Iter.Escaped]. Zero means none.
	Escape byte
	// Trim says that blanks around fields, outside of quotes, are not part of them.
	Trim bool
	// Empty is the text that stands for no value outside of quotes, e.g. "-". The field is then empty.
	Empty string
	// Header has the names of the fields, for [Iter.Name] and [Row.Get]. Nil means none.
	Header *Header
}

// What can be wrong with a line; match with errors.Is.
var (
	ErrQuote  = errors.New("the quote opened here is never closed")
	ErrStray  = errors.New("a separator is expected behind the quote")
	ErrFields = errors.New("more fields than " + strconv.Itoa(MaxFields) + ", the rest is left out")
	ErrFewer  = errors.New("fewer fields than the header has")
	ErrMore   = errors.New("more fields than the header has")
)

// Error is a fault in a line.
type Error = fault.Error

const (
	noFault = iota
	faultQuote
	faultStray
	faultFields
	faultFewer
	faultMore
)

var faults = fault.Cache{Scanner: "delimited", Kinds: []error{nil, ErrQuote, ErrStray, ErrFields, ErrFewer, ErrMore}}

// Iter is a cursor over the fields of one line, see [Scanner.Scan]. It is for one goroutine.
type Iter struct {
	line []byte
	sc   *Scanner

	sep    uint64 // the first byte of the separator, eight times
	esc    uint64 // Escape, eight times; sep if there is none
	pos    int    // where the next field starts; beyond the line if there is none
	v0, v1 int
	index  int

	errPos, errKind int

	q0, q1, q2 byte // quotes; as many as there are, then copies of the first; 0 if none
	sepByte    byte
	slow       bool // finding ends takes more than the separator
	multi      bool // the separator has several bytes
	quoted     bool
}

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// Scan returns a cursor in front of the first field of line, which may be nil: an empty line has no
// fields. The line must not change while the cursor or what it gave is in use.
//
// Scan is small enough to be inlined, so the cursor lives on the stack of a caller that keeps it to
// itself. It is a pointer because a loop variable that is one is not copied for every turn of the loop.
func (s *Scanner) Scan(line []byte) *Iter {
	it := new(Iter)
	it.init(s, line)
	return it
}

func (it *Iter) init(s *Scanner, line []byte) {
	if n := len(line); n > 0 && line[n-1] == '\n' {
		line = line[:n-1]
	}
	if n := len(line); n > 0 && line[n-1] == '\r' {
		line = line[:n-1]
	}
	it.line, it.sc, it.index, it.sepByte = line, s, -1, s.Sep
	if s.SepSeq != "" {
		it.sepByte = s.SepSeq[0]
	} else if it.sepByte == 0 {
		it.sepByte = ','
	}
	it.sep = uint64(it.sepByte) * ones
	it.esc = it.sep
	if s.Escape != 0 {
		it.esc = uint64(s.Escape) * ones
	}
	it.slow, it.multi = s.Merge || s.Trim, len(s.SepSeq) > 1
	if q := s.Quotes; q != "" {
		it.q0, it.q1, it.q2 = q[0], q[0], q[0]
		if len(q) > 1 {
			it.q1, it.q2 = q[1], q[1]
		}
		if len(q) > 2 {
			it.q2 = q[2]
		}
	}
	if s.Merge {
		for n := it.sepLen(it.pos); n > 0; n = it.sepLen(it.pos) {
			it.pos += n
		}
	}
	if it.pos == len(line) {
		it.pos++
	}
}

// Next moves to the next field and reports whether there is one.
func (it *Iter) Next() bool {
	// The common case in one piece, eight bytes a step: a bare field up to the separator. Whatever is not
	// as plain as that starts again in next.
	line, i := it.line, it.pos
	if it.slow || len(line) < 8 || i >= len(line) || it.q0 != 0 && it.isQuote(line[i]) {
		return it.next()
	}
	v0, n := i, 1
	sep, esc := it.sep, it.esc
	for i < len(line) {
		w := load(line, i)
		x, y := w^sep, w^esc
		if m := ((x-ones)&^x | (y-ones)&^y) & highs; m != 0 {
			if i += bits.TrailingZeros64(m) >> 3; i < len(line) && (esc != sep && line[i] == byte(esc) || it.multi) {
				if n = it.sepLen(i); n == 0 || line[i] == it.sc.Escape {
					return it.next()
				}
			}
			break
		}
		i += 8
	}
	i = min(i, len(line))
	it.v0, it.v1, it.pos, it.quoted = v0, i, i+n, false
	if i == len(line) {
		it.pos = i + 1
	}
	if k := len(it.sc.Empty); k > 0 && i-v0 == k && string(line[v0:i]) == it.sc.Empty {
		it.v1 = v0
	}
	it.index++
	return true
}

// load returns the eight bytes at i; behind the end they are 0, which a NUL that separates cannot be told
// from, but then the end does. The line has eight bytes at least.
func load(line []byte, i int) uint64 {
	if i+8 <= len(line) {
		return binary.LittleEndian.Uint64(line[i:])
	}
	return binary.LittleEndian.Uint64(line[len(line)-8:]) >> (uint(i+8-len(line)) * 8)
}

// next is Next for all cases.
func (it *Iter) next() bool {
	line, i := it.line, it.pos
	it.quoted = false
	if i > len(line) {
		it.pos, it.v0, it.v1 = len(line)+1, len(line), len(line)
		return false
	}
	it.index++
	if it.sc.Trim {
		for i < len(line) && isBlank(line[i]) && it.sepLen(i) == 0 {
			i++
		}
	}
	var end int
	if i < len(line) && it.q0 != 0 && it.isQuote(line[i]) {
		end = it.quotedField(i)
	} else {
		end = it.bareEnd(i)
		it.v0, it.v1 = i, end
		if it.sc.Trim {
			for it.v1 > i && isBlank(line[it.v1-1]) && (it.sc.Escape == 0 || it.v1 < i+2 || line[it.v1-2] != it.sc.Escape) {
				it.v1--
			}
		}
		if n := len(it.sc.Empty); n > 0 && it.v1-it.v0 == n && string(line[it.v0:it.v1]) == it.sc.Empty {
			it.v1 = it.v0
		}
	}
	if end == len(line) {
		it.pos = end + 1
		return true
	}
	end += it.sepLen(end)
	if it.sc.Merge {
		for n := it.sepLen(end); n > 0; n = it.sepLen(end) {
			end += n
		}
		if end == len(line) {
			end++
		}
	}
	it.pos = end
	return true
}

// bareEnd returns where the field at i, which is not in quotes, ends: at a separator, or with the line.
func (it *Iter) bareEnd(i int) int {
	esc := it.sc.Escape
	if esc == 0 {
		esc = it.sepByte
	}
	for {
		i = swar.Index2(it.line, i, it.sepByte, esc)
		switch {
		case i == len(it.line):
			return i
		case it.sc.Escape != 0 && it.line[i] == esc:
			i = min(i+2, len(it.line))
		case it.sepLen(i) > 0:
			return i
		default:
			i++
		}
	}
}

// quotedField sets the field whose opening quote is at i, and returns where its separator is, or the length
// of the line.
func (it *Iter) quotedField(i int) int {
	line, q, esc := it.line, it.line[i], it.sc.Escape
	if esc == 0 {
		esc = q
	}
	it.quoted, it.v0 = true, i+1
	for e := i + 1; ; e++ {
		e = swar.Index2(line, e, q, esc)
		if e >= len(line) {
			it.fault(faultQuote, i)
			it.v1 = len(line)
			return len(line)
		}
		if line[e] == it.sc.Escape && it.sc.Escape != 0 && (line[e] != q || e+1 < len(line) && line[e+1] == q) {
			e = min(e+1, len(line)-1)
			continue
		}
		if line[e] != q {
			continue
		}
		if e+1 < len(line) && line[e+1] == q && (it.sepByte != q || len(it.sc.SepSeq) > 1) {
			e++ // written twice
			continue
		}
		if end := it.fieldEnd(e + 1); end >= 0 {
			it.v1 = e
			return end
		}
		it.fault(faultStray, e)
	}
}

// maxGap bounds the blanks between a closing quote and the separator, so that time stays linear.
const maxGap = 64

// fieldEnd returns where the separator behind a quote is, or the length of the line; -1 if there is something
// else at i.
func (it *Iter) fieldEnd(i int) int {
	for n := 0; ; n++ {
		switch {
		case i >= len(it.line) || it.sepLen(i) > 0:
			return i
		case !it.sc.Trim || !isBlank(it.line[i]) || n == maxGap:
			return -1
		}
		i++
	}
}

// sepLen returns the length of the separator at i, 0 if there is none.
func (it *Iter) sepLen(i int) int {
	if i >= len(it.line) || it.line[i] != it.sepByte {
		return 0
	}
	seq := it.sc.SepSeq
	if len(seq) < 2 {
		return 1
	}
	if len(it.line)-i >= len(seq) && string(it.line[i:i+len(seq)]) == seq {
		return len(seq)
	}
	return 0
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' }

func (it *Iter) isQuote(c byte) bool { return c == it.q0 || c == it.q1 || c == it.q2 }

// Index is the number of the current field, from 0; -1 before the first call of Next.
func (it *Iter) Index() int { return it.index }

// Name is the current field's name in the scanner's header, "" if it has none.
func (it *Iter) Name() string {
	if it.sc.Header == nil {
		return ""
	}
	return it.sc.Header.Name(it.index)
}

// Value is the current field, without quotes. It aliases the line; it is empty, not nil, where the device
// wrote nothing. Escapes and doubled quotes are still in it, see [Iter.Escaped].
func (it *Iter) Value() []byte { return it.line[it.v0:it.v1:it.v1] }

// Quoted reports whether the field stood in quotes.
func (it *Iter) Quoted() bool { return it.quoted }

// Pos is the byte position of the field in the line.
func (it *Iter) Pos() int { return it.v0 }

// Escaped reports whether the field holds escapes or doubled quotes, so that [Iter.AppendValue] would
// change it.
func (it *Iter) Escaped() bool {
	v := it.Value()
	return it.sc.escaped(v, it.quote())
}

// AppendValue appends the field to dst with its escapes and doubled quotes resolved, and returns the
// extended slice: a backslash as Escape makes \n, \r and \t the control characters, any other escape is
// left out. dst must not overlap the line.
func (it *Iter) AppendValue(dst []byte) []byte { return it.sc.appendValue(dst, it.Value(), it.quote()) }

// AppendUndoubled appends v to dst with every doubled '"' written once, and returns the extended slice: what
// [Iter.AppendValue] does for fields in double quotes without an Escape. dst and v must not overlap.
func AppendUndoubled(dst, v []byte) []byte {
	var s Scanner
	return s.appendValue(dst, v, '"')
}

// quote is the quote the current field stands in, 0 for none.
func (it *Iter) quote() byte {
	if !it.quoted {
		return 0
	}
	return it.line[it.v0-1]
}

func (s *Scanner) escaped(v []byte, quote byte) bool {
	if s.Escape != 0 && bytes.IndexByte(v, s.Escape) >= 0 {
		return true
	}
	if quote == 0 {
		return false
	}
	for i := swar.Index(v, 0, quote); i+1 < len(v); i = swar.Index(v, i+1, quote) {
		if v[i+1] == quote {
			return true
		}
	}
	return false
}

func (s *Scanner) appendValue(dst, v []byte, quote byte) []byte {
	if s.Escape == 0 && quote == 0 {
		return append(dst, v...)
	}
	a, b := s.Escape, quote
	if a == 0 {
		a = b
	} else if b == 0 {
		b = a
	}
	for {
		i := swar.Index2(v, 0, a, b)
		dst = append(dst, v[:i]...)
		if i+1 >= len(v) {
			return append(dst, v[i:]...)
		}
		c := v[i+1]
		switch {
		case v[i] == quote && c == quote:
			v = v[i+2:]
		case v[i] == s.Escape && s.Escape != 0 && v[i] != quote:
			if s.Escape == '\\' {
				c = control(c)
			}
			v = v[i+2:]
		default: // a quote written once
			c = v[i]
			v = v[i+1:]
		}
		dst = append(dst, c)
	}
}

// control is what c behind a backslash means.
func control(c byte) byte {
	switch c {
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	}
	return c
}

// Err is the first fault in what has been scanned so far, an [*Error], or nil. A fault takes no field away
// that could be read.
func (it *Iter) Err() error { return faults.At(it.errKind, it.errPos) }

func (it *Iter) fault(kind, pos int) {
	if it.errKind == noFault {
		it.errKind, it.errPos = kind, pos
	}
}
