package wire

import "encoding/binary"

// Gather returns the column with the rows named by order, in that order; rows may be left out or stand
// twice. Dictionaries are shared with c. nil if none of the rows has a value.
func (c *Column) Gather(rows int, order []int32) *Column {
	o := &Column{Field: c.Field, Name: c.Name, Type: c.Type, Encoding: c.Encoding, Width: c.Width, Separator: c.Separator, Dict: c.Dict}
	var ks []int32 // k of every row, -1 for none; nil when all rows have one
	if len(c.Present) > 0 {
		ks = make([]int32, rows)
		for i := range ks {
			ks[i] = -1
		}
		c.Each(rows, func(row, k int) { ks[row] = int32(k) })
		o.Present = make([]byte, (len(order)+7)/8)
		for i, row := range order {
			if ks[row] >= 0 {
				o.Present[i>>3] |= 1 << (i & 7)
				o.Count++
			}
		}
		if o.Count == 0 {
			return nil
		}
	} else {
		o.Count = uint32(len(order))
	}
	each := func(f func(k int)) {
		for _, row := range order {
			if ks == nil {
				f(int(row))
			} else if k := ks[row]; k >= 0 {
				f(int(k))
			}
		}
	}
	if len(c.Lists) > 0 {
		inner := each
		elements := uint32(0)
		o.Lists = binary.LittleEndian.AppendUint32(o.Lists, 0)
		each(func(k int) {
			from, to := c.List(k)
			elements += uint32(to - from)
			o.Lists = binary.LittleEndian.AppendUint32(o.Lists, elements)
		})
		each = func(f func(int)) {
			inner(func(k int) {
				for from, to := c.List(k); from < to; from++ {
					f(from)
				}
			})
		}
	}
	c.gatherValues(o, len(order), each)
	return o
}

func (c *Column) gatherValues(o *Column, n int, each func(func(int))) {
	if len(c.Origin) > 0 {
		each(func(k int) { o.Origin = append(o.Origin, c.Origin[8*k:8*k+8]...) })
	}
	switch w := c.width(); w {
	case 0:
		o.Values = binary.LittleEndian.AppendUint32(make([]byte, 0, 4*n+4), 0)
		o.Data = make([]byte, 0, len(c.Data))
		each(func(k int) {
			o.Data = append(o.Data, c.Data[c.Offset(k):c.Offset(k+1)]...)
			o.Values = binary.LittleEndian.AppendUint32(o.Values, uint32(len(o.Data)))
		})
	case 1:
		o.Values, o.Data = make([]byte, 0, n), c.Data
		each(func(k int) { o.Values = append(o.Values, c.Values[k]) })
	case 4:
		o.Values, o.Data = make([]byte, 0, 4*n), c.Data
		each(func(k int) {
			o.Values = binary.LittleEndian.AppendUint32(o.Values, binary.LittleEndian.Uint32(c.Values[4*k:]))
		})
	default:
		o.Values, o.Data = make([]byte, 0, w*n), c.Data
		each(func(k int) { o.Values = append(o.Values, c.Values[w*k:w*k+w]...) })
	}
}
