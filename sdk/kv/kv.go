// Package kv reads key-value pairs out of device log lines without copying anything.
//
// Its one idea: a [Scanner] is a small description of how a device writes its pairs, and [Scanner.Scan]
// hands out a cursor over one line. Keys and values are slices of the line: they hold as long as the
// line does, and nothing is allocated.
//
//	var device = kv.Scanner{Pair: ';', Sep: '='}
//
//	for it := device.Scan(line); it.Next(); {
//		switch string(it.Key()) { // a switch on string(bytes) does not allocate
//		case "srcip":
//			ev.SetIP(ecs.SourceIP, it.Value())
//		}
//	}
//
// For the common shape key=value key2="v 2" there is [Parse].
//
// # Shapes
//
// These cover most devices:
//
//	a=1;b=2;                kv.Scanner{Pair: ';'}
//	closed a=1;b=2          kv.Scanner{Pair: ';', FreeText: true}
//	a:1;b:'2;3'             kv.Scanner{Pair: ';', Sep: ':', Quotes: "'"}
//	a="1" b=2               kv.Scanner{Quotes: `"`, Escape: '\\'}
//	a=1, b=2                kv.Scanner{Pair: ','}
//	a=some words b=2        kv.Scanner{LongValues: true}
//	a: 1 b: 2               kv.Scanner{Sep: ':', SepBlanks: true}
//	a=1||b=2                kv.Scanner{PairSeq: "||"}
//	a={x=1;y=2};b=3         kv.Scanner{Pair: ';', Brackets: true}
//
// # Malformed lines
//
// Devices cut lines and forget quotes, so a cursor never stops at a fault: it gives every pair it can
// make sense of and keeps the first fault for [Iter.Err]. Time is linear in the line whatever is in it.
package kv

import (
	"encoding/binary"
	"math/bits"

	"github.com/logcenter/logcenter/sdk/internal/swar"
)

// Scanner says how a device writes its pairs. The zero value reads key=value pairs with blanks between
// them, without quotes. A Scanner is not changed by scanning: one may serve any number of goroutines.
//
// Blanks are all bytes up to and including the space, so tabs and line ends too.
type Scanner struct {
	// Pair is the byte between two pairs. Zero and ' ' both mean runs of blanks. With any other byte
	// blanks are part of keys and values, but cut off around them; and empty pairs, such as a separator
	// at the end of the line makes, are passed over.
	Pair byte
	// PairAny holds further bytes that each end a pair; with a zero Pair they are the only ones, e.g.
	// ",;" or " ,". Empty means none.
	PairAny string
	// PairSeq is a separator of several bytes, e.g. "||". When set it is the only one.
	PairSeq string
	// Sep is the byte between a key and its value: its first occurrence in the pair counts. Zero means '='.
	Sep byte
	// SepBlanks says that blanks around Sep belong to it: "user: root". They always do unless Pair means
	// blanks, where "user= ip=1" is an empty value otherwise.
	SepBlanks bool
	// Quotes are the bytes a value may be enclosed in, at most three of them. Pair and Sep do not count
	// inside. They are stripped off keys, too, but protect nothing there. Empty means that quotes are
	// ordinary bytes.
	//
	// A quote only ends its value where a value can end, so the apostrophe in 'it's' does not: before a
	// separator or the end of the line, or, where Pair means blanks, before anything but a letter or
	// digit. Where no quote of the line qualifies, the first one does. A value whose quote is never
	// closed runs to the end of the line, and is a fault.
	Quotes string
	// SplitInQuotes says that Pair ends a value even inside quotes; quotes are still stripped.
	SplitInQuotes bool
	// Escape makes the byte after it ordinary, inside quotes. A byte of Quotes here means that a quote
	// is written twice. Values are handed out as they are in the line, see [Iter.Escaped]. Zero means none.
	Escape byte
	// EscapeBare says that Escape works outside quotes too.
	EscapeBare bool
	// Brackets says that separators between (), [] or {} in a bare value do not count. Brackets nest. One
	// that is never closed is a fault, and its kind protects nothing in the rest of the line. LongValues
	// does not look at brackets.
	Brackets bool
	// FreeText says that words may stand before a key: the key is then the last word before Sep, see
	// [Iter.Text]. Where Pair means blanks that is so in any case.
	FreeText bool
	// LongValues says that a bare value runs to the blank before the next key, where Pair means blanks:
	// "msg=login failed user=a". It should not be set for devices that write empty values.
	LongValues bool
}

// Iter is a cursor over the pairs of one line, see [Scanner.Scan]. It is for one goroutine.
type Iter struct {
	line []byte
	sc   *Scanner

	sep         uint64 // Sep in all eight bytes
	pair, below uint64 // a byte b ends a pair if b^pair < below, in all eight bytes
	words       uint64 // bytes below end a word in front of the key; 0: keys may have blanks

	pos    int // where the next pair may start
	from   int // where the text before the key starts
	k0, k1 int
	v0, v1 int

	// stops are, as a set, the bytes that the thorough look of slow.go must not pass over in values.
	stops [4]uint64

	errPos  int
	errKind errKind

	sepByte, pairByte byte
	q0, q1, q2        byte // quotes; as many as there are, then copies of the first, 0 if none
	noClose           byte // bit n: quote n does not qualify as closing one in the rest of the line
	blanks            bool // Pair means blanks
	slow              bool // finding ends takes more than Sep and Pair, see stops
	trim              bool // blanks before a value are not part of it
	quoted            bool
	clean             bool // the value is quoted and known to have no escapes
	noBrackets        byte // bit n: a bracket of kind n is not closed in the rest of the line
}

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// Scan returns a cursor in front of the first pair of line, which may be nil. The line must not change
// while the cursor or what it gave is in use.
//
// Scan is small enough to be inlined, so the cursor lives on the stack of a caller that keeps it to
// itself. It is a pointer because a loop variable that is one is not copied for every turn of the loop.
func (s *Scanner) Scan(line []byte) *Iter {
	it := new(Iter)
	it.init(s, line)
	return it
}

func (it *Iter) init(s *Scanner, line []byte) {
	for len(line) > 0 && line[len(line)-1] <= ' ' && line[len(line)-1] != s.Pair {
		line = line[:len(line)-1]
	}
	it.line, it.sc, it.sepByte, it.pairByte, it.below = line, s, s.Sep, s.Pair, ones
	if it.sepByte == 0 {
		it.sepByte = '='
	}
	it.sep = uint64(it.sepByte) * ones
	if s.PairSeq != "" {
		it.pairByte = s.PairSeq[0]
	}
	if it.pairByte == 0 && s.PairAny != "" {
		it.pairByte = s.PairAny[0]
	}
	if it.pairByte == 0 || it.pairByte == ' ' {
		it.blanks, it.pairByte, it.below = true, ' ', (' '+1)*ones
	} else {
		it.pair = uint64(it.pairByte) * ones
	}
	it.trim = !it.blanks || s.SepBlanks
	if s.FreeText && !it.blanks {
		it.words = (' ' + 1) * ones
	}
	if s.PairAny != "" || s.PairSeq != "" || s.EscapeBare || s.Brackets || s.LongValues {
		it.slow = true
		it.setStops()
	}
	if q := s.Quotes; q != "" {
		it.q0, it.q1, it.q2 = q[0], q[0], q[0]
		if len(q) > 1 {
			it.q1, it.q2 = q[1], q[1]
		}
		if len(q) > 2 {
			it.q2 = q[2]
		}
	}
}

// Next moves to the next pair and reports whether there is one.
func (it *Iter) Next() bool {
	// The common case in one piece, eight bytes a step: a bare key up to Sep, then its value. Whatever is
	// not as plain as that starts again in next.
	line, i := it.line, it.pos
	if it.slow || len(line) < 8 {
		return it.next()
	}
	for i < len(line) && (line[i] <= ' ' || line[i] == it.pairByte) {
		i++
	}
	k0 := i
	sep, pair, below := it.sep, it.pair, it.below
	words := it.words
	for {
		if i >= len(line) {
			return it.next()
		}
		w := load(line, i)
		x, y := w^sep, w^pair
		// A subtraction borrows only above a true match, so the lowest set bit is always right.
		ms := (x - ones) &^ x & highs
		m := ms | (y-below)&^y&highs
		low := m & -m
		if words != 0 && (w-words)&^w&highs&(low-1) != 0 {
			return it.next() // a blank in the key
		}
		if m == 0 {
			i += 8
			continue
		}
		if low&ms == 0 {
			return it.next() // words without a value
		}
		i += bits.TrailingZeros64(low) >> 3
		break
	}
	if i == k0 || line[i-1] <= ' ' || it.q0 != 0 && it.isQuote(line[k0]) {
		return it.next()
	}
	k1 := i
	i++
	if i < len(line) {
		if c := line[i]; c <= ' ' && it.trim {
			return it.next()
		} else if it.q0 != 0 && it.isQuote(c) {
			if it.sc.SplitInQuotes {
				return it.next()
			}
			it.from, it.k0, it.k1 = it.pos, k0, k1
			it.pos = it.quotedValue(i)
			return true
		}
	}
	v0 := i
	for i < len(line) {
		y := load(line, i) ^ pair
		if m := (y - below) &^ y & highs; m != 0 {
			i += bits.TrailingZeros64(m) >> 3
			break
		}
		i += 8
	}
	i = min(i, len(line))
	it.from, it.pos, it.k0, it.k1, it.v0, it.quoted, it.clean = it.pos, i, k0, k1, v0, false, false
	for i > v0 && line[i-1] <= ' ' {
		i--
	}
	it.v1 = i
	return true
}

// load returns the eight bytes at i, zeros behind the end. The line has eight bytes at least.
func load(line []byte, i int) uint64 {
	if i+8 <= len(line) {
		return binary.LittleEndian.Uint64(line[i:])
	}
	return binary.LittleEndian.Uint64(line[len(line)-8:]) >> (uint(i+8-len(line)) * 8)
}

// next is Next for all cases.
func (it *Iter) next() bool {
	line, i := it.line, it.pos
	it.from, it.quoted, it.clean = i, false, false
	for {
		for i < len(line) && (line[i] <= ' ' || line[i] == it.pairByte) {
			i++
		}
		if i >= len(line) {
			it.pos, it.k0, it.k1, it.v0, it.v1 = len(line), len(line), len(line), len(line), len(line)
			return false
		}
		j := it.keyEnd(i)
		if it.sc.SepBlanks && it.blanks {
			for k := j; k < len(line) && line[k] <= ' '; {
				if k++; k < len(line) && line[k] == it.sepByte {
					j = k
				}
			}
		}
		if j == len(line) || line[j] != it.sepByte { // words without a value
			i = j + it.pairAt(j)
			continue
		}
		if i == j || !it.setKey(i, j) {
			it.fault(errKey, j)
			i = it.value(j + 1)
			it.quoted, it.clean = false, false
			continue
		}
		it.pos = it.value(j + 1)
		return true
	}
}

// setKey takes line[i:j], which is not empty, as the key. It is false if nothing remains of it.
func (it *Iter) setKey(i, j int) bool {
	line := it.line
	for j > i && line[j-1] <= ' ' {
		j--
	}
	if c := line[i]; it.q0 != 0 && it.isQuote(c) && j-i >= 2 && line[j-1] == c {
		it.k0, it.k1 = i+1, j-1
		return it.k0 < it.k1
	}
	if it.sc.FreeText {
		for k := j - 1; k >= i; k-- {
			if line[k] <= ' ' {
				i = k + 1
				break
			}
		}
	}
	it.k0, it.k1 = i, j
	return i < j
}

// value sets the value that starts at v, right behind Sep, and returns where the next pair may start.
func (it *Iter) value(v int) int {
	line := it.line
	if it.trim {
		for v < len(line) && line[v] <= ' ' && (it.blanks || line[v] != it.pairByte) {
			v++
		}
	}
	if it.q0 != 0 && v < len(line) && it.isQuote(line[v]) && !it.sc.SplitInQuotes {
		return it.quotedValue(v)
	}
	e := it.bareEnd(v)
	next := e + it.pairAt(e)
	for e > v && line[e-1] <= ' ' {
		e--
	}
	it.v0, it.v1 = v, e
	if it.sc.SplitInQuotes && e-v >= 2 && it.q0 != 0 && it.isQuote(line[v]) && line[e-1] == line[v] {
		it.v0, it.v1, it.quoted = v+1, e-1, true
	}
	return next
}

// quotedValue sets the value whose opening quote is at v.
func (it *Iter) quotedValue(v int) int {
	it.quoted, it.clean = true, false
	it.v0 = v + 1
	line := it.line
	q, esc := line[v], it.sc.Escape
	if esc == 0 {
		esc = q
	}
	// Nearly all values have nothing to escape, and the separator right behind the quote.
	if e := swar.Index2(line, v+1, q, esc); e+1 < len(line) && line[e] == q && line[e+1] == it.pairByte && it.sc.PairSeq == "" {
		it.v1, it.clean = e, true
		return e + 1
	}
	e := it.closing(v)
	if e < 0 {
		it.fault(errQuote, v)
		it.v1 = len(line)
		return it.v1
	}
	it.v1 = e
	if e++; e < len(line) && it.blanks && (line[e] == ',' || line[e] == ';') {
		e++ // key="v", key2="v": the comma is not part of the next key
	}
	return e
}

// closing returns where the quote that opens at v is closed, or -1.
func (it *Iter) closing(v int) int {
	line := it.line
	q := line[v]
	esc := it.sc.Escape
	if esc == 0 {
		esc = q
	}
	bit := byte(1)
	if q == it.q1 {
		bit = 2
	} else if q == it.q2 {
		bit = 4
	}
	first := -1
	for e := v + 1; ; {
		e = swar.Index2(line, e, q, esc)
		if e >= len(line) {
			it.noClose |= bit
			return first
		}
		if line[e] == it.sc.Escape && e+1 < len(line) && (line[e] != q || line[e+1] == q) {
			e += 2
			continue
		}
		if line[e] == q {
			if it.noClose&bit != 0 || it.closes(e+1) {
				return e
			}
			if first < 0 {
				first = e
			}
		}
		e++
	}
}

// closes reports whether a quoted value can end before position e.
func (it *Iter) closes(e int) bool {
	line := it.line
	if e >= len(line) {
		return true
	}
	if it.blanks {
		c := line[e] | 0x20
		return (c < 'a' || c > 'z') && (line[e] < '0' || line[e] > '9') && line[e] < 0x80
	}
	for n := 0; e < len(line) && n < maxGap; n++ {
		if it.pairAt(e) > 0 {
			return true
		}
		if line[e] > ' ' {
			return false
		}
		e++
	}
	return e >= len(line)
}

// maxGap bounds the blanks between a closing quote and the separator, so that time stays linear.
const maxGap = 64

// Key is the key of the current pair, without quotes and blanks around it; never empty. It aliases the
// line.
func (it *Iter) Key() []byte { return it.line[it.k0:it.k1:it.k1] }

// Value is the value of the current pair, without quotes and blanks around it. It aliases the line; it
// is empty, not nil, where the device wrote nothing. Escapes are still in it, see [Iter.Escaped].
func (it *Iter) Value() []byte { return it.line[it.v0:it.v1:it.v1] }

// Pair is the current pair as it stands, from its key to the end of its value, quotes around that included. It aliases
// the line.
func (it *Iter) Pair() []byte {
	end := it.v1
	if it.quoted && end < len(it.line) {
		end++
	}
	return it.line[it.k0:end:end]
}

// Quoted reports whether the value stood in quotes.
func (it *Iter) Quoted() bool { return it.quoted }

// Pos is the byte position of the value in the line.
func (it *Iter) Pos() int { return it.v0 }

// Text is what stands between the pair before and the key: words without a value, with blanks and
// separators cut off at both ends. It aliases the line. After the last pair it is the rest of the line.
func (it *Iter) Text() []byte {
	a, e := it.from, it.k0
	if a < e && it.q0 != 0 && it.isQuote(it.line[e-1]) && e < it.k1 {
		e-- // the quote of a quoted key
	}
	for a < e && (it.line[a] <= ' ' || it.line[a] == it.pairByte || it.pairAt(a) > 0) {
		a++
	}
	for a < e && (it.line[e-1] <= ' ' || it.line[e-1] == it.pairByte || it.pairAt(e-1) > 0) {
		e--
	}
	return it.line[a:e:e]
}

// Escaped reports whether the value holds escapes, so that [Iter.AppendValue] would change it.
func (it *Iter) Escaped() bool {
	esc := it.sc.Escape
	if esc == 0 || it.clean || !it.quoted && !it.sc.EscapeBare {
		return false
	}
	return swar.Index(it.Value(), 0, esc) < it.v1-it.v0
}

// AppendValue appends the value to dst with its escapes resolved, as [AppendUnquoted] does, and returns
// the extended slice.
func (it *Iter) AppendValue(dst []byte) []byte {
	if !it.Escaped() {
		return append(dst, it.Value()...)
	}
	return appendUnescaped(dst, it.Value(), it.sc.Escape)
}

// Err is the first fault in what has been scanned so far, an [*Error], or nil. A fault takes no pair
// away that could be read.
func (it *Iter) Err() error {
	return faults.At(int(it.errKind), it.errPos)
}

func (it *Iter) fault(k errKind, pos int) {
	if it.errKind == 0 {
		it.errKind, it.errPos = k, pos
	}
}

func (it *Iter) isQuote(c byte) bool { return c == it.q0 || c == it.q1 || c == it.q2 }
