package wire

import (
	"encoding/binary"
	"math"
	"math/bits"
	"slices"
	"strings"
	"unicode/utf8"
	"unsafe"
)

// Builder makes one column, row by row in ascending order; setting a row again replaces its value. The
// zero value must be Reset. Buffers are reused, so a finished column is valid until the next Reset. Not
// safe for concurrent use.
type Builder struct {
	typ     Type
	list    bool
	quick   quick
	used    bool // since Reset
	enc     Encoding
	rows    int
	row     int // last row set, -1 for none
	count   int
	width   int
	present []byte
	values  []byte
	data    []byte
	origin  []byte
	lists   []byte
	marks   [4]int // lengths of values, data, origin and lists before the last row, to undo it, where fixed says 0
	dict    dictionary
	message *Column // to turn spans into copies when a field has both
	lines   func(row int) int
	col     Column
}

// Reset readies the builder for a batch of rows. message is the column that spans point into; it may be nil
// if Span is not called. line maps a row to its row of message, nil means the same.
func (c *Builder) Reset(t Type, list bool, rows int, message *Column, line func(row int) int) {
	c.typ, c.list, c.rows, c.message, c.lines = t, list, rows, message, line
	c.used, c.row, c.count, c.quick = false, -1, 0, 0
}

// Type is the type of the column's values.
func (c *Builder) Type() Type { return c.typ }

// quick is the kind of values of which one more in a new row is only a bit and some bytes behind the others: all but
// most lists, and texts that are copied. Such a column needs no marks, but for lists.
type quick uint8

const (
	quickSpan  quick = iota + 1 // of four bytes
	quickDict                   // codes of four bytes
	quickInt                    // of four bytes
	quickFixed                  // of as many bytes as the type has
	quickDicts                  // lists of codes
)

// next begins the value of a row behind all that have one, of a column that is quick.
func (c *Builder) next(row int) {
	c.row = row
	c.count++
	c.present[row>>3] |= 1 << (row & 7)
}

// fixed is how many bytes one value takes; 0 for texts that are copied.
func (c *Builder) fixed() int {
	switch {
	case c.enc == Encoding_DICT:
		return 4
	case c.enc == Encoding_SPAN, c.typ == Type_INT64:
		return c.width
	case c.typ == Type_STRING:
		return 0
	case c.typ == Type_BOOL:
		return 1
	case c.typ == Type_IP || c.typ == Type_GEO:
		return 16
	default:
		return 8
	}
}

// Grow raises the number of rows, for batches whose size shows only as they are made.
func (c *Builder) Grow(rows int) {
	c.rows = max(c.rows, rows)
	if n := (c.rows + 7) / 8; c.used {
		for len(c.present) < n {
			c.present = append(c.present, 0)
		}
	}
}

// Used says whether a value was set since Reset.
func (c *Builder) Used() bool { return c.used && c.count > 0 }

// first readies the buffers at the first value of a batch: most columns of most batches stay unused.
func (c *Builder) first(enc Encoding) {
	c.used, c.enc = true, enc
	n := (c.rows + 7) / 8
	if cap(c.present) < n {
		c.present = make([]byte, n)
	} else {
		c.present = c.present[:n]
		clear(c.present)
	}
	c.values, c.data, c.origin, c.lists = c.values[:0], c.data[:0], c.origin[:0], c.lists[:0]
	c.width = 0
	switch {
	case enc == Encoding_DICT:
		c.dict.reset()
	case c.typ == Type_STRING && enc == Encoding_PLAIN:
		c.values = binary.LittleEndian.AppendUint32(c.values, 0)
	case enc == Encoding_SPAN, c.typ == Type_INT64:
		c.width = 4
	}
	c.quick = 0
	switch {
	case c.list && enc == Encoding_DICT:
		c.quick = quickDicts
	case c.list:
	case enc == Encoding_SPAN:
		c.quick = quickSpan
	case enc == Encoding_DICT:
		c.quick = quickDict
	case c.typ == Type_INT64:
		c.quick = quickInt
	case c.typ != Type_STRING:
		c.quick = quickFixed
	}
}

// begin starts the value of row: false if it goes on a list begun before.
func (c *Builder) begin(row int, enc Encoding) {
	if !c.used {
		c.first(enc)
	}
	if row == c.row {
		if c.list {
			return
		}
		c.Undo(row)
	}
	c.next(row)
	if c.list || enc == Encoding_PLAIN { // the others have nothing but values
		c.marks = [4]int{len(c.values), len(c.data), len(c.origin), len(c.lists)}
	}
	if c.list {
		c.lists = binary.LittleEndian.AppendUint32(c.lists, uint32(c.elements()))
	}
}

// elements counts the values appended so far.
func (c *Builder) elements() int {
	if n := c.fixed(); n > 0 {
		return len(c.values) / n
	}
	return len(c.values)/4 - 1
}

// Undo removes the value of row if it was the last one set.
func (c *Builder) Undo(row int) {
	if !c.used || c.row != row || row < 0 {
		return
	}
	if n := c.fixed(); n > 0 && !c.list {
		c.values = c.values[:len(c.values)-n]
	} else {
		c.values = c.values[:c.marks[0]]
		c.data, c.origin, c.lists = c.data[:min(c.marks[1], len(c.data))], c.origin[:min(c.marks[2], len(c.origin))], c.lists[:c.marks[3]]
	}
	c.present[row>>3] &^= 1 << (row & 7)
	c.count--
	c.row = -1
}

// Span sets row to bytes [start, start+n) of its line. Not for lists.
func (c *Builder) Span(row, start, n int) {
	if c.quick == quickSpan && row > c.row && start|n <= 0xffff {
		c.next(row)
		c.values = binary.LittleEndian.AppendUint32(c.values, uint32(start)|uint32(n)<<16)
		return
	}
	if c.list || c.used && c.enc != Encoding_SPAN {
		c.copySpan(row, start, n)
		return
	}
	c.begin(row, Encoding_SPAN)
	if c.width == 4 {
		if start|n <= 0xffff {
			c.values = binary.LittleEndian.AppendUint32(c.values, uint32(start)|uint32(n)<<16)
			return
		}
		c.widenSpans()
	}
	c.values = binary.LittleEndian.AppendUint64(c.values, uint64(uint32(start))|uint64(n)<<32)
}

func (c *Builder) widenSpans() {
	old := append([]byte(nil), c.values...)
	c.values = c.values[:0]
	for i := 0; i < len(old); i += 4 {
		v := binary.LittleEndian.Uint32(old[i:])
		c.values = binary.LittleEndian.AppendUint64(c.values, uint64(v&0xffff)|uint64(v>>16)<<32)
	}
	c.width, c.quick = 8, 0
}

func (c *Builder) line(row int) []byte {
	if c.lines != nil {
		row = c.lines(row)
	}
	m := c.message
	return m.Data[m.Offset(row) : m.Offset(row+1)-int(m.Separator)]
}

func (c *Builder) copySpan(row, start, n int) {
	c.Copy(row, c.line(row)[start:start+n], start, start+n)
}

// Copy sets row to a copy of v (lists: appends it). [from, to) is the range of the line that v was made
// from, or 0, 0 where it was not; masking needs to know.
func (c *Builder) Copy(row int, v []byte, from, to int) {
	if c.used && c.enc != Encoding_PLAIN {
		c.toPlain()
	}
	c.begin(row, Encoding_PLAIN)
	c.data = append(c.data, v...)
	c.values = binary.LittleEndian.AppendUint32(c.values, uint32(len(c.data)))
	if to > 0 || len(c.origin) > 0 {
		for want := 8 * (len(c.values)/4 - 2); len(c.origin) < want; {
			c.origin = binary.LittleEndian.AppendUint64(c.origin, 0)
		}
		c.origin = binary.LittleEndian.AppendUint64(c.origin, uint64(uint32(from))|uint64(to)<<32)
	}
}

// toPlain turns spans or codes into copies: the rare field that has both in one batch.
func (c *Builder) toPlain() {
	old := c.clone()
	last := c.row
	c.used, c.count, c.row, c.quick = false, 0, -1, 0
	old.Each(c.rows, func(row, k int) {
		switch {
		case old.Encoding == Encoding_SPAN:
			start, n := old.Span(k)
			c.copySpan(row, start, n)
		case len(old.Lists) > 0:
			for from, to := old.List(k); from < to; from++ {
				c.Copy(row, old.Bytes(from), 0, 0)
			}
		default:
			c.Copy(row, old.Bytes(k), 0, 0)
		}
	})
	if c.row != last {
		c.row = -1
	}
	if !c.used {
		c.first(Encoding_PLAIN)
	}
}

// Text sets row to s through the column's dictionary (lists: appends it): right for values that recur. What is
// not UTF-8 in s becomes U+FFFD: s may come from anywhere, and one bad text would have the whole batch refused.
func (c *Builder) Text(row int, s string) {
	switch {
	case c.quick == quickDict && row > c.row:
		code := uint32(0)
		if e := c.dict.slot(unsafe.StringData(s)); e.ptr == unsafe.StringData(s) && e.n == len(s) && s != "" {
			code = e.code
		} else {
			code = c.dict.code(s)
		}
		c.next(row)
		c.values = binary.LittleEndian.AppendUint32(c.values, code)
		return
	case c.quick == quickDicts:
		if row != c.row {
			c.next(row)
			c.marks[0], c.marks[3] = len(c.values), len(c.lists)
			c.lists = binary.LittleEndian.AppendUint32(c.lists, uint32(len(c.values)/4))
		}
		c.values = binary.LittleEndian.AppendUint32(c.values, c.dict.code(s))
		return
	}
	if c.used && c.enc != Encoding_DICT {
		s = strings.ToValidUTF8(s, "\uFFFD")
		c.Copy(row, unsafe.Slice(unsafe.StringData(s), len(s)), 0, 0)
		return
	}
	if c.used && c.width > 0 {
		c.widen()
	}
	c.begin(row, Encoding_DICT)
	c.values = binary.LittleEndian.AppendUint32(c.values, c.dict.code(s))
}

// Int sets an INT64.
func (c *Builder) Int(row int, v int64) {
	if c.quick == quickInt && row > c.row && int64(int32(v)) == v {
		c.next(row)
		c.values = binary.LittleEndian.AppendUint32(c.values, uint32(v))
		return
	}
	c.begin(row, Encoding_PLAIN)
	if c.width == 4 {
		if int64(int32(v)) == v {
			c.values = binary.LittleEndian.AppendUint32(c.values, uint32(v))
			return
		}
		c.widenInts()
	}
	c.values = binary.LittleEndian.AppendUint64(c.values, uint64(v))
}

func (c *Builder) widenInts() {
	old := append([]byte(nil), c.values...)
	c.values = c.values[:0]
	for i := 0; i < len(old); i += 4 {
		c.values = binary.LittleEndian.AppendUint64(c.values, uint64(int64(int32(binary.LittleEndian.Uint32(old[i:])))))
	}
	c.width, c.quick = 8, 0
	c.marks[0] *= 2
}

// plain begins a value of a type that is no text.
func (c *Builder) plain(row int) {
	if c.quick == quickFixed && row > c.row {
		c.next(row)
		return
	}
	c.begin(row, Encoding_PLAIN)
}

// Float sets a DOUBLE.
func (c *Builder) Float(row int, v float64) {
	c.plain(row)
	c.values = binary.LittleEndian.AppendUint64(c.values, math.Float64bits(v))
}

// Nanos sets a TIMESTAMP.
func (c *Builder) Nanos(row int, ns int64) {
	c.plain(row)
	c.values = binary.LittleEndian.AppendUint64(c.values, uint64(ns))
}

// Bool sets a BOOL.
func (c *Builder) Bool(row int, v bool) {
	c.plain(row)
	b := byte(0)
	if v {
		b = 1
	}
	c.values = append(c.values, b)
}

// IP sets an IP of 16 bytes.
func (c *Builder) IP(row int, v [16]byte) {
	c.plain(row)
	c.values = append(c.values, v[:]...)
}

// IPv4 sets an IP from the four bytes of an IPv4 address, the first in the highest byte of v.
func (c *Builder) IPv4(row int, v uint32) {
	c.plain(row)
	c.values = binary.LittleEndian.AppendUint64(c.values, 0)
	c.values = append(c.values, 0, 0, 0xff, 0xff, byte(v>>24), byte(v>>16), byte(v>>8), byte(v))
}

// Point sets a GEO.
func (c *Builder) Point(row int, lat, lon float64) {
	c.plain(row)
	c.values = binary.LittleEndian.AppendUint64(c.values, math.Float64bits(lat))
	c.values = binary.LittleEndian.AppendUint64(c.values, math.Float64bits(lon))
}

// Finish returns the column under a field id; it aliases the builder until Reset.
func (c *Builder) Finish(field uint32) *Column {
	o := &c.col
	o.Field, o.Type, o.Encoding, o.Count, o.Width = field, c.typ, c.enc, uint32(c.count), 0
	o.Present, o.Values, o.Data, o.Origin, o.Lists, o.Dict = c.present, c.values, nil, nil, nil, nil
	if c.count == c.rows {
		o.Present = nil
	}
	if c.list {
		o.Lists = binary.LittleEndian.AppendUint32(c.lists, uint32(c.elements()))
	}
	switch {
	case c.enc == Encoding_DICT:
		if o.Width = uint32(c.width); c.width == 0 {
			o.Values, o.Width = c.dict.narrow(c.values)
		}
		o.Dict, o.Data = c.dict.offsets, c.dict.data
	case c.enc == Encoding_SPAN || c.typ == Type_INT64:
		o.Width = uint32(c.width)
	case c.typ == Type_STRING:
		o.Data = c.data
		if n := len(c.origin); n > 0 {
			for n < 8*(len(c.values)/4-1) {
				c.origin = binary.LittleEndian.AppendUint64(c.origin, 0)
				n += 8
			}
			o.Origin = c.origin
		}
	}
	return o
}

// dictionary numbers strings. Enrichers hand out the same interned strings again and again, so that one look at
// the pointer usually decides; equal strings at other places meet in the map.
type dictionary struct {
	cache   []cached // a power of two, see slot
	shift   uint8
	codes   map[string]uint32
	offsets []byte
	data    []byte
	out     []byte
	known   []uint32 // of Texts: by code of the caller, one more than the dictionary's
}

func (d *dictionary) entries() int { return len(d.offsets)/4 - 1 }

type cached struct {
	ptr  *byte
	n    int
	code uint32
}

// A cache begins with as many slots as most columns need, and may have as many as there are recurring texts.
const (
	leastCached = 64
	mostCached  = 1024
)

// slot is where the cache has a text: by its address, of which all bits count.
func (d *dictionary) slot(p *byte) *cached {
	h := uint64(uintptr(unsafe.Pointer(p))) * 0x9e3779b97f4a7c15
	return &d.cache[h>>(d.shift&63)]
}

// grow makes the cache one of n slots, a power of two, all empty.
func (d *dictionary) grow(n int) {
	d.cache, d.shift = make([]cached, n), uint8(65-bits.Len(uint(n)))
}

func (d *dictionary) reset() {
	if d.cache == nil {
		d.grow(leastCached)
	}
	clear(d.cache)
	clear(d.codes)
	d.offsets = append(d.offsets[:0], 0, 0, 0, 0)
	d.data = d.data[:0]
}

func (d *dictionary) code(s string) uint32 {
	p := unsafe.StringData(s)
	e := d.slot(p)
	if e.ptr == p && e.n == len(s) && p != nil {
		return e.code
	}
	c, ok := d.codes[s]
	if !ok && !utf8.ValidString(s) {
		return d.code(strings.ToValidUTF8(s, "\uFFFD"))
	}
	if !ok {
		if d.codes == nil {
			d.codes = make(map[string]uint32)
		}
		c = uint32(d.entries())
		d.data = append(d.data, s...)
		d.offsets = binary.LittleEndian.AppendUint32(d.offsets, uint32(len(d.data)))
		d.codes[string(append([]byte(nil), s...))] = c // s may alias memory that its owner reuses
		if n := len(d.cache); len(d.codes) > n/2 && n < mostCached {
			d.grow(4 * n)
			e = d.slot(p)
		}
	}
	*e = cached{p, len(s), c}
	return c
}

// narrow brings u32 codes to the smallest width that holds them.
func (d *dictionary) narrow(codes []byte) ([]byte, uint32) {
	width := CodeWidth(d.entries())
	switch width {
	case 1:
		d.out = slices.Grow(d.out[:0], len(codes)/4)[:len(codes)/4]
		for i := range d.out {
			d.out[i] = codes[4*i]
		}
	case 2:
		d.out = slices.Grow(d.out[:0], len(codes)/2)[:len(codes)/2]
		for i := 0; i < len(d.out); i += 2 {
			binary.LittleEndian.PutUint16(d.out[i:], binary.LittleEndian.Uint16(codes[2*i:]))
		}
	default:
		return codes, width
	}
	return d.out, width
}
