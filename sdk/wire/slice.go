package wire

import (
	"bytes"
	"encoding/binary"
	"slices"
)

// Slice returns rows [from, to) of a batch as a batch of its own. Data is shared with b; offsets and
// bitmaps are shared where they can be and made new where not. The journal position is kept.
func (b *Batch) Slice(from, to int) *Batch {
	o := &Batch{Seq: b.Seq, Rows: uint32(to - from), Partition: b.Partition, Offset: b.Offset, BudgetNs: b.BudgetNs, Journal: b.Journal}
	for _, c := range b.Columns {
		if s := c.Slice(int(b.Rows), from, to); s != nil {
			o.Columns = append(o.Columns, s)
		}
	}
	return o
}

// Slice returns rows [from, to) of a column of so many rows, nil if none of them has a value.
func (c *Column) Slice(rows, from, to int) *Column {
	if from == 0 && to == rows {
		return c
	}
	k0, k1 := c.Rank(from), c.Rank(to)
	if k0 == k1 {
		return nil
	}
	o := &Column{
		Field: c.Field, Name: c.Name, Type: c.Type, Encoding: c.Encoding, Count: uint32(k1 - k0),
		Width: c.Width, Separator: c.Separator, Data: c.Data, Dict: c.Dict,
	}
	if len(c.Present) > 0 && k1-k0 < to-from {
		o.Present = appendBits(nil, 0, c.Present, from, to)
	}
	e0, e1 := k0, k1
	if len(c.Lists) > 0 {
		e0, _ = c.List(k0)
		_, e1 = c.List(k1 - 1)
		o.Lists = appendOffsets(nil, c.Lists[4*k0:4*k1+4], -e0)
	}
	switch w := c.width(); {
	case w == 0: // PLAIN strings
		o.Values = c.Values[4*e0 : 4*e1+4]
	default:
		o.Values = c.Values[w*e0 : w*e1]
	}
	if len(c.Origin) > 0 {
		o.Origin = c.Origin[8*e0 : 8*e1]
	}
	return o
}

// width is the bytes a value takes in Values, 0 for PLAIN strings.
func (c *Column) width() int {
	switch c.Type {
	case Type_STRING:
		if c.Encoding == Encoding_PLAIN {
			return 0
		}
		return int(c.Width)
	case Type_INT64:
		return int(c.Width)
	case Type_BOOL:
		return 1
	case Type_IP, Type_GEO:
		return 16
	default:
		return 8
	}
}

func appendOffsets(dst, offsets []byte, shift int) []byte {
	for i := 0; i < len(offsets); i += 4 {
		dst = binary.LittleEndian.AppendUint32(dst, uint32(int(binary.LittleEndian.Uint32(offsets[i:]))+shift))
	}
	return dst
}

// appendBits appends bits [from, to) of src behind the first n bits of dst and returns dst with bits behind
// the last one clear.
func appendBits(dst []byte, n int, src []byte, from, to int) []byte {
	if n&7 == 0 && from&7 == 0 {
		dst = append(dst[:n>>3], src[from>>3:(to+7)>>3]...)
		if end := (n + to - from) & 7; end != 0 {
			dst[len(dst)-1] &= 1<<end - 1
		}
		return dst
	}
	for i := from; i < to; i++ {
		if n>>3 >= len(dst) {
			dst = append(dst, 0)
		}
		dst[n>>3] |= src[i>>3] >> (i & 7) & 1 << (n & 7)
		n++
	}
	return dst
}

// appendSet appends n set bits behind the first at bits of dst.
func appendSet(dst []byte, at, n int, set bool) []byte {
	for i := at; i < at+n; {
		if i>>3 >= len(dst) {
			dst = append(dst, 0)
		}
		if i&7 == 0 && at+n-i >= 8 {
			if set {
				dst[i>>3] = 0xff
			}
			i += 8
			continue
		}
		if set {
			dst[i>>3] |= 1 << (i & 7)
		}
		i++
	}
	return dst
}

// Part is a run of rows of a column to be made of several; Column nil means that none of the rows has a value.
type Part struct {
	Rows   int
	Column *Column
}

// Concat makes one column of parts that follow each other, all of one field and type. SPAN and PLAIN or
// DICT may meet: then message, over the rows of all parts, is needed to make copies. nil if no part has a
// value. A single part that covers all rows is returned as it is.
func Concat(parts []Part, message *Column) *Column { return concat(parts, message, nil) }

// concat is Concat; line maps a row to its row of message, nil means the same.
func concat(parts []Part, message *Column, line func(int) int) *Column {
	var first *Column
	rows, mixed := 0, false
	for _, p := range parts {
		rows += p.Rows
		if p.Column == nil || p.Column.Count == 0 {
			continue
		}
		if first == nil {
			first = p.Column
		} else if p.Column.Encoding != first.Encoding {
			mixed = true
		}
	}
	if first == nil {
		return nil
	}
	if len(parts) == 1 {
		return first
	}
	if mixed {
		return concatCopies(parts, first, rows, message, line)
	}
	parts = withValues(parts)
	o := &Column{Field: first.Field, Name: first.Name, Type: first.Type, Encoding: first.Encoding, Separator: first.Separator}
	o.concatPresence(parts, rows)
	for _, p := range parts {
		if p.Column != nil && (o.Type == Type_INT64 || o.Encoding == Encoding_SPAN) {
			o.Width = max(o.Width, p.Column.Width)
		}
	}
	switch {
	case o.Encoding == Encoding_DICT:
		o.concatDict(parts)
	case o.Type == Type_STRING && o.Encoding == Encoding_PLAIN:
		o.concatStrings(parts)
	default:
		for _, p := range parts {
			if p.Column != nil {
				o.Values = appendWide(o.Values, p.Column.Values, p.Column, o)
			}
		}
	}
	return o
}

// withValues leaves out columns without a value: they may say nothing of their encoding's arrays.
func withValues(parts []Part) []Part {
	if !slices.ContainsFunc(parts, func(p Part) bool { return p.Column != nil && p.Column.Count == 0 }) {
		return parts
	}
	parts = slices.Clone(parts)
	for i, p := range parts {
		if p.Column != nil && p.Column.Count == 0 {
			parts[i].Column = nil
		}
	}
	return parts
}

func (c *Column) concatPresence(parts []Part, rows int) {
	full, at := true, 0
	for _, p := range parts {
		if p.Column == nil || len(p.Column.Present) > 0 {
			full = false
		}
		if p.Column != nil {
			c.Count += p.Column.Count
		}
	}
	isList := false
	for _, p := range parts {
		isList = isList || p.Column != nil && len(p.Column.Lists) > 0
	}
	if !full {
		c.Present = make([]byte, 0, (rows+7)/8)
		for _, p := range parts {
			switch {
			case p.Column == nil:
				c.Present = appendSet(c.Present, at, p.Rows, false)
			case len(p.Column.Present) == 0:
				c.Present = appendSet(c.Present, at, p.Rows, true)
			default:
				c.Present = appendBits(c.Present, at, p.Column.Present, 0, p.Rows)
			}
			at += p.Rows
		}
	}
	if isList {
		base := 0
		c.Lists = append(c.Lists, 0, 0, 0, 0)
		for _, p := range parts {
			if p.Column != nil && p.Column.Count > 0 {
				c.Lists = appendOffsets(c.Lists, p.Column.Lists[4:], base)
				base += p.Column.Elements()
			}
		}
	}
}

func appendWide(dst, src []byte, from, to *Column) []byte {
	if to.Width == 0 || from.Width == to.Width {
		return append(dst, src...)
	}
	for k := range len(src) / int(from.Width) { // 4 to 8 bytes
		if to.Encoding == Encoding_SPAN {
			start, n := from.Span(k)
			dst = binary.LittleEndian.AppendUint64(dst, uint64(uint32(start))|uint64(n)<<32)
			continue
		}
		dst = binary.LittleEndian.AppendUint64(dst, uint64(from.Int(k)))
	}
	return dst
}

func (c *Column) concatStrings(parts []Part) {
	c.Values = append(c.Values, 0, 0, 0, 0)
	origins := false
	for _, p := range parts {
		origins = origins || p.Column != nil && len(p.Column.Origin) > 0
	}
	for _, p := range parts {
		s := p.Column
		if s == nil {
			continue
		}
		n := s.Elements()
		first := s.Offset(0)
		c.Values = appendOffsets(c.Values, s.Values[4:4*n+4], len(c.Data)-first)
		c.Data = append(c.Data, s.Data[first:s.Offset(n)]...)
		switch {
		case !origins:
		case len(s.Origin) > 0:
			c.Origin = append(c.Origin, s.Origin...)
		default:
			c.Origin = append(c.Origin, make([]byte, 8*n)...)
		}
	}
}

func (c *Column) concatDict(parts []Part) {
	codes := make(map[string]uint32)
	c.Dict = append(c.Dict, 0, 0, 0, 0)
	remaps := make([][]uint32, len(parts))
	elements := 0
	for i, p := range parts {
		if p.Column == nil {
			continue
		}
		elements += p.Column.Elements()
		remaps[i] = c.addEntries(p.Column, codes)
	}
	c.Width = CodeWidth(len(codes))
	c.Values = make([]byte, 0, int(c.Width)*elements)
	for i, p := range parts {
		if p.Column != nil {
			c.Values = appendRecoded(c.Values, p.Column, remaps[i], c.Width)
		}
	}
}

// addEntries adds the entries of from to the dictionary, of which codes holds what there is, and returns their codes.
func (c *Column) addEntries(from *Column, codes map[string]uint32) []uint32 {
	remap := make([]uint32, from.Entries())
	for i := range remap {
		e := from.Entry(i)
		code, ok := codes[string(e)]
		if !ok {
			code = uint32(len(codes))
			codes[string(e)] = code
			c.Data = append(c.Data, e...)
			c.Dict = binary.LittleEndian.AppendUint32(c.Dict, uint32(len(c.Data)))
		}
		remap[i] = code
	}
	return remap
}

// concatCopies is for a field that one plugin sets as spans, or copies, and another as words of a dictionary: all
// become copies.
func concatCopies(parts []Part, first *Column, rows int, message *Column, line func(int) int) *Column {
	o := &Column{Field: first.Field, Name: first.Name, Type: first.Type}
	parts = withValues(parts)
	o.concatPresence(parts, rows)
	elements := int(o.Count)
	if len(o.Lists) > 0 {
		elements = o.Elements()
	}
	if elements == 0 { // lists without elements
		return nil
	}
	o.Values = append(make([]byte, 0, 4*elements+4), 0, 0, 0, 0)
	o.Origin = make([]byte, 0, 8*elements)
	add := func(v []byte, from, to int) {
		o.Data = append(o.Data, v...)
		o.Values = binary.LittleEndian.AppendUint32(o.Values, uint32(len(o.Data)))
		o.Origin = binary.LittleEndian.AppendUint64(o.Origin, uint64(uint32(from))|uint64(to)<<32)
	}
	at := 0
	for _, p := range parts {
		switch c := p.Column; {
		case c == nil:
		case c.Encoding == Encoding_SPAN:
			c.Each(p.Rows, func(row, k int) {
				row += at
				if line != nil {
					row = line(row)
				}
				start, n := c.Span(k)
				from := message.Offset(row) + start
				add(message.Data[from:from+n], start, start+n)
			})
		default:
			for k := range c.Elements() {
				from, to := 0, 0
				if c.Encoding == Encoding_PLAIN {
					from, to = c.OriginOf(k)
				}
				add(c.Bytes(k), from, to)
			}
		}
		at += p.Rows
	}
	if len(bytes.TrimLeft(o.Origin, "\x00")) == 0 {
		o.Origin = nil
	}
	return o
}

// WithoutOrigin is the column without what OriginOf says. It shares the rest with c.
func (c *Column) WithoutOrigin() *Column {
	return &Column{
		Field: c.Field, Name: c.Name, Type: c.Type, Encoding: c.Encoding, Count: c.Count, Width: c.Width, Separator: c.Separator,
		Present: c.Present, Values: c.Values, Data: c.Data, Dict: c.Dict, Lists: c.Lists,
	}
}

// OriginOf is the range of the line that the k-th value was made from; 0, 0 if it was not or nobody said.
func (c *Column) OriginOf(k int) (from, to int) {
	if len(c.Origin) == 0 {
		return 0, 0
	}
	return int(binary.LittleEndian.Uint32(c.Origin[8*k:])), int(binary.LittleEndian.Uint32(c.Origin[8*k+4:]))
}
