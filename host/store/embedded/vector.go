package embedded

import (
	"encoding/binary"
	"unsafe"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/logcenter/logcenter/sdk/wire"
)

// view is Arrow's string view: length, then up to 12 bytes of text, or 4 bytes of it, buffer and offset
// (https://arrow.apache.org/docs/format/Columnar.html#variable-size-binary-view-layout).
type view [2]uint64

func viewOf(data []byte, off, n int, buf uint32) view {
	if n > 12 {
		return view{uint64(uint32(n)) | uint64(binary.LittleEndian.Uint32(data[off:]))<<32, uint64(buf) | uint64(off)<<32}
	}
	if off+12 <= len(data) {
		lo, hi := uint64(binary.LittleEndian.Uint32(data[off:])), binary.LittleEndian.Uint64(data[off+4:])
		switch {
		case n < 4:
			lo &= 1<<(8*n) - 1
			hi = 0
		case n < 12:
			hi &= 1<<(8*(n-4)) - 1
		}
		return view{uint64(uint32(n)) | lo<<32, hi}
	}
	var v [16]byte
	copy(v[4:], data[off:off+n])
	binary.LittleEndian.PutUint32(v[:], uint32(n))
	return view{binary.LittleEndian.Uint64(v[:]), binary.LittleEndian.Uint64(v[8:])}
}

// vector gathers one column over the rows of several tail entries, then hands it to Arrow. Strings are never
// copied: they stay where the entries hold them, and views point there.
type vector struct {
	col   column
	rows  int
	valid []uint64 // bitmap over rows
	count int      // valid rows
	views []view
	bufs  [][]byte
	fixed []byte // values of fixed width; booleans a byte each

	// Lists: row i has elements [from[i], from[i]+size[i]) of elems.
	from, size []uint32
	elems      *vector
}

func newVector(c column, rows int) *vector {
	v := &vector{col: c, rows: rows, valid: make([]uint64, (rows+63)/64)}
	switch {
	case c.List:
		v.from, v.size = make([]uint32, rows), make([]uint32, rows)
		v.elems = newVector(column{Name: "l", Kind: c.Kind}, 0)
	case c.Kind == kindString:
		v.views = make([]view, rows)
	default:
		v.fixed = make([]byte, rows*kinds[c.Kind].width)
	}
	return v
}

func (v *vector) set(row int) {
	v.valid[row>>6] |= 1 << (row & 63)
	v.count++
}

func (v *vector) setAll(at, n int) {
	for i := at; i < at+n; {
		if i&63 == 0 && at+n-i >= 64 {
			v.valid[i>>6] = ^uint64(0)
			i += 64
			continue
		}
		v.valid[i>>6] |= 1 << (i & 63)
		i++
	}
	v.count += n
}

func (v *vector) addBuffer(b []byte) uint32 {
	v.bufs = append(v.bufs, b)
	return uint32(len(v.bufs) - 1)
}

// fillText sets rows [at, at+n) to one text.
func (v *vector) fillText(s string, at, n int) {
	b := []byte(s)
	w := viewOf(b, 0, len(b), v.addBuffer(b))
	for i := range n {
		v.views[at+i] = w
	}
	v.setAll(at, n)
}

// fillInts sets rows from at on; an int column or a time column.
func (v *vector) fillInts(vals []int64, at int) {
	copy(v.fixed[8*at:], unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(vals))), 8*len(vals)))
	v.setAll(at, len(vals))
}

func (v *vector) fillInt(val int64, at, n int) {
	for i := at; i < at+n; i++ {
		binary.LittleEndian.PutUint64(v.fixed[8*i:], uint64(val))
	}
	v.setAll(at, n)
}

// fill copies a column of a batch with rows rows to rows [at, at+rows).
func (v *vector) fill(c, message *wire.Column, rows, at int) {
	if v.col.List {
		v.fillList(c, message, rows, at)
		return
	}
	if v.col.Kind == kindString {
		v.fillStrings(c, message, rows, at)
	} else {
		v.fillFixed(c, rows, at)
	}
	if len(c.Present) == 0 {
		v.setAll(at, rows)
		return
	}
	c.Each(rows, func(row, _ int) { v.set(at + row) })
}

// fillList appends the elements; a single-valued column makes lists of one.
func (v *vector) fillList(c, message *wire.Column, rows, at int) {
	e := v.elems
	base, n := e.rows, int(c.Count)
	if len(c.Lists) > 0 {
		n = c.Elements()
	}
	e.grow(n)
	if n > 0 {
		flat := wire.Column{
			Type: c.Type, Encoding: c.Encoding, Count: uint32(n), Values: c.Values, Data: c.Data, Width: c.Width,
			Separator: c.Separator, Dict: c.Dict,
		}
		if c.Encoding == wire.Encoding_SPAN { // never in lists, so k-th value, k-th present row
			buf := e.addBuffer(message.Data)
			c.Each(rows, func(row, k int) {
				start, size := c.Span(k)
				e.views[base+k] = viewOf(message.Data, message.Offset(row)+start, size, buf)
			})
			e.setAll(base, n)
		} else {
			e.fill(&flat, message, n, base)
		}
	}
	c.Each(rows, func(row, k int) {
		from, to := k, k+1
		if len(c.Lists) > 0 {
			from, to = c.List(k)
		}
		v.from[at+row], v.size[at+row] = uint32(base+from), uint32(to-from)
		if to > from { // an empty list is no value
			v.set(at + row)
		}
	})
}

func (v *vector) grow(n int) {
	v.rows += n
	v.valid = append(v.valid, make([]uint64, (v.rows+63)/64-len(v.valid))...)
	if v.col.Kind == kindString {
		v.views = append(v.views, make([]view, n)...)
	} else {
		v.fixed = append(v.fixed, make([]byte, n*kinds[v.col.Kind].width)...)
	}
}

func (v *vector) fillStrings(c, message *wire.Column, rows, at int) {
	dst := v.views[at : at+rows]
	switch c.Encoding {
	case wire.Encoding_SPAN:
		data, buf := message.Data, v.addBuffer(message.Data)
		c.Each(rows, func(row, k int) {
			start, n := c.Span(k)
			dst[row] = viewOf(data, message.Offset(row)+start, n, buf)
		})
	case wire.Encoding_DICT:
		buf := v.addBuffer(c.Data)
		entries := make([]view, c.Entries())
		for i := range entries {
			o := int(binary.LittleEndian.Uint32(c.Dict[4*i:]))
			entries[i] = viewOf(c.Data, o, int(binary.LittleEndian.Uint32(c.Dict[4*i+4:]))-o, buf)
		}
		if c.Width == 1 {
			c.Each(rows, func(row, k int) { dst[row] = entries[c.Values[k]] })
			return
		}
		c.Each(rows, func(row, k int) { dst[row] = entries[c.Code(k)] })
	default:
		data, buf, sep := c.Data, v.addBuffer(c.Data), int(c.Separator)
		c.Each(rows, func(row, k int) {
			o := c.Offset(k)
			dst[row] = viewOf(data, o, c.Offset(k+1)-sep-o, buf)
		})
	}
}

func (v *vector) fillFixed(c *wire.Column, rows, at int) {
	w := kinds[v.col.Kind].width
	dst := v.fixed[at*w:]
	if c.Type == wire.Type_INT64 && c.Width == 4 {
		c.Each(rows, func(row, k int) { binary.LittleEndian.PutUint64(dst[8*row:], uint64(c.Int(k))) })
		return
	}
	switch {
	case len(c.Present) == 0:
		copy(dst, c.Values[:rows*w])
	case w == 8:
		c.Each(rows, func(row, k int) {
			binary.LittleEndian.PutUint64(dst[8*row:], binary.LittleEndian.Uint64(c.Values[8*k:]))
		})
	default:
		c.Each(rows, func(row, k int) { copy(dst[w*row:w*row+w], c.Values[w*k:]) })
	}
}

// fillHalf copies latitudes (half 0) or longitudes (half 1) of a GEO column.
func (v *vector) fillHalf(c *wire.Column, half, rows, at int) {
	flat := wire.Column{Type: wire.Type_DOUBLE, Count: c.Count, Present: c.Present, Lists: c.Lists}
	n := len(c.Values) / 16
	flat.Values = make([]byte, 8*n)
	for k := range n {
		copy(flat.Values[8*k:8*k+8], c.Values[16*k+8*half:])
	}
	v.fill(&flat, nil, rows, at)
}

// countIn counts the valid rows among perm.
func (v *vector) countIn(perm []int32) int {
	n := 0
	for _, p := range perm {
		n += int(v.valid[p>>6] >> (p & 63) & 1)
	}
	return n
}

// array makes the Arrow array of the rows of perm in that order; of all rows if perm is nil. It aliases the
// vector and the entries. The number of nulls among the rows must be known.
func (v *vector) array(perm []int32, nulls int) arrow.Array {
	n := v.rows
	if perm != nil {
		n = len(perm)
	}
	var valid *memory.Buffer
	if nulls > 0 {
		valid = memory.NewBufferBytes(v.bitmap(perm, n))
	}
	var d *array.Data
	switch {
	case v.col.List:
		d = v.listData(perm, n, nulls, valid)
	case v.col.Kind == kindString:
		views := v.views
		if perm != nil {
			views = make([]view, n)
			for i, p := range perm {
				views[i] = v.views[p]
			}
		}
		d = array.NewData(kinds[kindString].arrow, n, v.viewBuffers(valid, views), nil, nulls, 0)
	case v.col.Kind == kindBool:
		d = array.NewData(kinds[kindBool].arrow, n, []*memory.Buffer{valid, memory.NewBufferBytes(v.packed(perm, n))}, nil, nulls, 0)
	default:
		d = array.NewData(kinds[v.col.Kind].arrow, n, []*memory.Buffer{valid, memory.NewBufferBytes(v.gather(perm))}, nil, nulls, 0)
	}
	defer d.Release()
	return array.MakeFromData(d)
}

func (v *vector) viewBuffers(valid *memory.Buffer, views []view) []*memory.Buffer {
	var raw []byte
	if len(views) > 0 {
		raw = unsafe.Slice((*byte)(unsafe.Pointer(&views[0])), 16*len(views))
	}
	bufs := []*memory.Buffer{valid, memory.NewBufferBytes(raw)}
	for _, b := range v.bufs {
		bufs = append(bufs, memory.NewBufferBytes(b))
	}
	if len(v.bufs) == 0 { // an importer may look for the sizes of no buffers
		bufs = append(bufs, memory.NewBufferBytes([]byte{0}))
	}
	return bufs
}

func (v *vector) bitmap(perm []int32, n int) []byte {
	out := make([]byte, (n+63)/64*8)
	if perm == nil {
		for i, w := range v.valid {
			binary.LittleEndian.PutUint64(out[8*i:], w)
		}
		return out
	}
	for i, p := range perm {
		out[i>>3] |= byte(v.valid[p>>6]>>(p&63)&1) << (i & 7)
	}
	return out
}

func (v *vector) packed(perm []int32, n int) []byte {
	out := make([]byte, (n+7)/8)
	for i := range n {
		p := i
		if perm != nil {
			p = int(perm[i])
		}
		if v.fixed[p] != 0 {
			out[i>>3] |= 1 << (i & 7)
		}
	}
	return out
}

func (v *vector) gather(perm []int32) []byte {
	if perm == nil {
		return v.fixed
	}
	w := kinds[v.col.Kind].width
	out := make([]byte, w*len(perm))
	if w == 8 {
		for i, p := range perm {
			binary.LittleEndian.PutUint64(out[8*i:], binary.LittleEndian.Uint64(v.fixed[8*p:]))
		}
		return out
	}
	for i, p := range perm {
		copy(out[w*i:w*i+w], v.fixed[w*int(p):])
	}
	return out
}

func (v *vector) listData(perm []int32, n, nulls int, valid *memory.Buffer) *array.Data {
	offsets := make([]byte, 4*n+4)
	var elems []int32
	for i := range n {
		row := i
		if perm != nil {
			row = int(perm[i])
		}
		for k := range v.size[row] {
			elems = append(elems, int32(v.from[row]+k))
		}
		binary.LittleEndian.PutUint32(offsets[4*i+4:], uint32(len(elems)))
	}
	if elems == nil {
		elems = []int32{}
	}
	child := v.elems.array(elems, 0)
	defer child.Release()
	t := v.col.arrowField().Type
	return array.NewData(t, n, []*memory.Buffer{valid, memory.NewBufferBytes(offsets)}, []arrow.ArrayData{child.Data()}, nulls, 0)
}
