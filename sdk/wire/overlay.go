package wire

import (
	"encoding/binary"
	"math/bits"
	"slices"
)

// Overlay returns a column with over's values at the rows that over has and base's elsewhere; both are of one
// field and type and over so many rows. message is as for [Concat].
func Overlay(base, over *Column, rows int, message *Column) *Column {
	if len(over.Present) == 0 || int(over.Count) == rows {
		return over
	}
	if over.Count == 0 {
		return base
	}
	if base.Count == 0 {
		return over
	}
	if base.Encoding == over.Encoding && base.width() > 0 && len(base.Lists)+len(over.Lists) == 0 {
		return overlayFixed(base, over, rows)
	}
	both := concat([]Part{{rows, base}, {rows, over}}, message, func(row int) int { return row % rows })
	if both == nil { // lists without elements
		return base
	}
	order := make([]int32, rows)
	for row := range order {
		order[row] = int32(row)
		if over.Has(row) {
			order[row] += int32(rows)
		}
	}
	return both.Gather(2*rows, order)
}

// overlayFixed is Overlay of single values of fixed width: numbers, spans, codes.
func overlayFixed(base, over *Column, rows int) *Column {
	o := &Column{Field: base.Field, Name: base.Name, Type: base.Type, Encoding: base.Encoding, Separator: base.Separator, Count: uint32(rows)}
	lower, upper := base.Values, over.Values
	switch {
	case o.Encoding == Encoding_DICT:
		lower, upper = o.unite(base, over)
	case o.Encoding == Encoding_SPAN || o.Type == Type_INT64: // the width of other types says nothing
		o.Width = max(base.Width, over.Width)
		lower, upper = widened(base, o), widened(over, o)
	}
	w := o.width()
	if len(base.Present) == 0 {
		o.Values = append(make([]byte, 0, len(lower)), lower...)
		over.Each(rows, func(row, k int) { copyFixed(o.Values, row, upper, k, w) })
		return o
	}
	o.Present = make([]byte, len(base.Present))
	o.Count = 0
	for i := range o.Present {
		o.Present[i] = base.Present[i] | over.Present[i]
		o.Count += uint32(bits.OnesCount8(o.Present[i]))
	}
	o.Values = make([]byte, w*int(o.Count))
	n, kb, ko := 0, 0, 0
	for i, have := range o.Present {
		for ; have != 0; have &= have - 1 {
			bit := have & -have
			if over.Present[i]&bit != 0 {
				copyFixed(o.Values, n, upper, ko, w)
				ko++
			} else {
				copyFixed(o.Values, n, lower, kb, w)
			}
			if base.Present[i]&bit != 0 {
				kb++
			}
			n++
		}
	}
	if int(o.Count) == rows {
		o.Present = nil
	}
	return o
}

func widened(c, to *Column) []byte {
	if c.Width == to.Width {
		return c.Values
	}
	return appendWide(nil, c.Values, c, to)
}

func copyFixed(dst []byte, i int, src []byte, k, w int) {
	switch w {
	case 1:
		dst[i] = src[k]
	case 4:
		binary.LittleEndian.PutUint32(dst[4*i:], binary.LittleEndian.Uint32(src[4*k:]))
	case 8:
		binary.LittleEndian.PutUint64(dst[8*i:], binary.LittleEndian.Uint64(src[8*k:]))
	default:
		copy(dst[w*i:w*i+w], src[w*k:])
	}
}

// unite sets o's dictionary to the entries of both and returns their values in its codes.
func (c *Column) unite(base, over *Column) (lower, upper []byte) {
	codes := make(map[string]uint32, base.Entries()+over.Entries())
	c.Dict = append(c.Dict, 0, 0, 0, 0)
	lowerCodes, upperCodes := c.addEntries(base, codes), c.addEntries(over, codes)
	c.Width = CodeWidth(len(codes))
	return appendRecoded(nil, base, lowerCodes, c.Width), appendRecoded(nil, over, upperCodes, c.Width)
}

// CodeWidth is the least number of bytes for codes of so many entries.
func CodeWidth(entries int) uint32 {
	switch {
	case entries <= 1<<8:
		return 1
	case entries <= 1<<16:
		return 2
	default:
		return 4
	}
}

// appendRecoded appends the values of a DICT column in other codes, each of width bytes.
func appendRecoded(out []byte, c *Column, codes []uint32, width uint32) []byte {
	out = slices.Grow(out, int(width)*c.Elements())
	if width == 1 && c.Width == 1 {
		for _, v := range c.Values {
			out = append(out, byte(codes[v]))
		}
		return out
	}
	for k := range c.Elements() {
		out = AppendCode(out, codes[c.Code(k)], width)
	}
	return out
}

// AppendCode appends a dictionary code of width bytes.
func AppendCode(out []byte, code, width uint32) []byte {
	switch width {
	case 1:
		return append(out, byte(code))
	case 2:
		return binary.LittleEndian.AppendUint16(out, uint16(code))
	default:
		return binary.LittleEndian.AppendUint32(out, code)
	}
}
