package wire

import (
	"encoding/binary"
	"math"
	"math/bits"
	"net/netip"
)

// The methods of this file read columns that [Batch.Validate] or [Result.Validate] has passed, or that a
// [Builder] of this process made. k counts the present rows of a column from 0; in a list column it counts
// elements.

// Has says whether the column has a value at row.
func (c *Column) Has(row int) bool {
	p := c.Present
	return len(p) == 0 || p[row>>3]&(1<<(row&7)) != 0
}

// Rank is the index k of the first present value at or after row: how many rows before it are present.
// It takes time proportional to row; walk with [Column.Each] or a [Cursor] instead where rows ascend.
func (c *Column) Rank(row int) int {
	if len(c.Present) == 0 {
		return row
	}
	return CountBits(c.Present, row)
}

// CountBits counts the set bits among the first n of a bitmap.
func CountBits(p []byte, n int) int {
	k, i := 0, 0
	for ; i+64 <= n; i += 64 {
		k += bits.OnesCount64(binary.LittleEndian.Uint64(p[i>>3:]))
	}
	for ; i+8 <= n; i += 8 {
		k += bits.OnesCount8(p[i>>3])
	}
	if i < n {
		k += bits.OnesCount8(p[i>>3] & (1<<(n-i) - 1))
	}
	return k
}

// Each calls f for every present row in order, with the row's k.
func (c *Column) Each(rows int, f func(row, k int)) {
	if len(c.Present) == 0 {
		for i := range rows {
			f(i, i)
		}
		return
	}
	k := 0
	for i, b := range c.Present {
		for b != 0 {
			f(i<<3+bits.TrailingZeros8(b), k)
			b &= b - 1
			k++
		}
	}
}

// List is the range of elements of the k-th present row of a list column.
func (c *Column) List(k int) (from, to int) {
	return int(binary.LittleEndian.Uint32(c.Lists[4*k:])), int(binary.LittleEndian.Uint32(c.Lists[4*k+4:]))
}

// Bytes is the k-th value of a PLAIN or DICT string column. It aliases the column.
// For SPAN columns see [Column.Span].
func (c *Column) Bytes(k int) []byte {
	if c.Encoding == Encoding_DICT {
		return c.Entry(c.Code(k))
	}
	o := binary.LittleEndian.Uint32(c.Values[4*k:])
	e := binary.LittleEndian.Uint32(c.Values[4*k+4:]) - c.Separator
	return c.Data[o:e:e]
}

// Offset is where the k-th value of a PLAIN string column starts in Data; k may be the number of values.
func (c *Column) Offset(k int) int { return int(binary.LittleEndian.Uint32(c.Values[4*k:])) }

// Span is the k-th range of a SPAN column: bytes [start, start+n) of the row's message.
func (c *Column) Span(k int) (start, n int) {
	if c.Width == 4 {
		v := binary.LittleEndian.Uint32(c.Values[4*k:])
		return int(v & 0xffff), int(v >> 16)
	}
	v := binary.LittleEndian.Uint64(c.Values[8*k:])
	return int(uint32(v)), int(v >> 32)
}

// Code is the dictionary code of the k-th value of a DICT column.
func (c *Column) Code(k int) int {
	switch c.Width {
	case 1:
		return int(c.Values[k])
	case 2:
		return int(binary.LittleEndian.Uint16(c.Values[2*k:]))
	default:
		return int(binary.LittleEndian.Uint32(c.Values[4*k:]))
	}
}

// Entries is the number of entries of a DICT column's dictionary.
func (c *Column) Entries() int { return len(c.Dict)/4 - 1 }

// Entry is one dictionary entry of a DICT column. It aliases the column.
func (c *Column) Entry(code int) []byte {
	o := binary.LittleEndian.Uint32(c.Dict[4*code:])
	e := binary.LittleEndian.Uint32(c.Dict[4*code+4:])
	return c.Data[o:e:e]
}

// Int is the k-th value of an INT64 column.
func (c *Column) Int(k int) int64 {
	if c.Width == 4 {
		return int64(int32(binary.LittleEndian.Uint32(c.Values[4*k:])))
	}
	return int64(binary.LittleEndian.Uint64(c.Values[8*k:]))
}

// Float is the k-th value of a DOUBLE column.
func (c *Column) Float(k int) float64 {
	return math.Float64frombits(binary.LittleEndian.Uint64(c.Values[8*k:]))
}

// Bool is the k-th value of a BOOL column.
func (c *Column) Bool(k int) bool { return c.Values[k] != 0 }

// Nanos is the k-th value of a TIMESTAMP column, nanoseconds since 1970 UTC.
func (c *Column) Nanos(k int) int64 { return int64(binary.LittleEndian.Uint64(c.Values[8*k:])) }

// IP16 is the k-th value of an IP column: 16 bytes, IPv4 mapped. It aliases the column.
func (c *Column) IP16(k int) []byte { return c.Values[16*k : 16*k+16 : 16*k+16] }

// Addr is the k-th value of an IP column; IPv4 comes as such.
func (c *Column) Addr(k int) netip.Addr {
	return netip.AddrFrom16([16]byte(c.Values[16*k:])).Unmap()
}

// IPv4 is the k-th value of an IP column as a number, the first byte highest, if it is an IPv4 address.
func (c *Column) IPv4(k int) (a uint32, ok bool) {
	v := c.Values[16*k : 16*k+16]
	if binary.LittleEndian.Uint64(v) != 0 || binary.LittleEndian.Uint32(v[8:]) != 0xffff0000 {
		return 0, false
	}
	return binary.BigEndian.Uint32(v[12:]), true
}

// Point is the k-th value of a GEO column, in degrees.
func (c *Column) Point(k int) (lat, lon float64) {
	return math.Float64frombits(binary.LittleEndian.Uint64(c.Values[16*k:])),
		math.Float64frombits(binary.LittleEndian.Uint64(c.Values[16*k+8:]))
}

// Elements is the number of values: Count, or in list columns the number of all elements.
func (c *Column) Elements() int {
	if len(c.Lists) > 0 {
		return int(binary.LittleEndian.Uint32(c.Lists[len(c.Lists)-4:]))
	}
	return int(c.Count)
}

// Column returns the column of a field, nil if there is none. Later columns win.
func (b *Batch) Column(field uint32) *Column { return find(b.Columns, field) }

// Column returns the column of a field, nil if there is none.
func (r *Result) Column(field uint32) *Column { return find(r.Columns, field) }

func find(cs []*Column, field uint32) *Column {
	for i := len(cs) - 1; i >= 0; i-- {
		if cs[i].Field == field {
			return cs[i]
		}
	}
	return nil
}

// Text is the k-th value of any string column, given the row it belongs to and the batch's message
// column, into which spans point. It aliases the batch.
func (c *Column) Text(k, row int, message *Column) []byte {
	if c.Encoding != Encoding_SPAN {
		return c.Bytes(k)
	}
	start, n := c.Span(k)
	from := message.Offset(row) + start
	return message.Data[from : from+n : from+n]
}

// Cursor finds the k of ascending rows in constant time each. The zero Cursor is at the start.
type Cursor struct{ row, k int }

// At returns the k of row, or -1 if the column has no value there. row must not be smaller than in the call before.
func (u *Cursor) At(c *Column, row int) int {
	p := c.Present
	if len(p) == 0 {
		return row
	}
	for u.row < row {
		if u.row&7 == 0 && row-u.row >= 8 {
			u.k += bits.OnesCount8(p[u.row>>3])
			u.row += 8
			continue
		}
		u.k += int(p[u.row>>3] >> (u.row & 7) & 1)
		u.row++
	}
	if p[row>>3]&(1<<(row&7)) == 0 {
		return -1
	}
	return u.k
}

// Ranks finds the k of rows in any order in constant time each, once Reset has counted the column's rows. The zero Ranks is
// of no column.
type Ranks struct {
	present []byte
	before  []uint32 // present rows before each 64
}

// Reset has u be about another column, which must stay as it is while u is used.
func (u *Ranks) Reset(c *Column) {
	u.present, u.before = c.Present, u.before[:0]
	n, k := uint32(0), 0
	for ; k+8 <= len(u.present); k += 8 {
		u.before = append(u.before, n)
		n += uint32(bits.OnesCount64(binary.LittleEndian.Uint64(u.present[k:])))
	}
	if k < len(u.present) {
		u.before = append(u.before, n)
	}
}

// At returns the k of row, or -1 if the column has no value there.
func (u *Ranks) At(row int) int {
	p := u.present
	if len(p) == 0 {
		return row
	}
	if p[row>>3]&(1<<(row&7)) == 0 {
		return -1
	}
	k := int(u.before[row>>6])
	from := row >> 6 << 3
	if from+8 <= len(p) {
		return k + bits.OnesCount64(binary.LittleEndian.Uint64(p[from:])&(1<<(row&63)-1))
	}
	for ; from < row>>3; from++ {
		k += bits.OnesCount8(p[from])
	}
	return k + bits.OnesCount8(p[from]&(1<<(row&7)-1))
}
