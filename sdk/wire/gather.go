package wire

import "encoding/binary"

// Gather returns the column with the rows named by order, in that order; rows may be left out or stand
// twice. Dictionaries are shared with c. nil if none of the rows has a value.
func (c *Column) Gather(rows int, order []int32) *Column {
	o := &Column{Field: c.Field, Name: c.Name, Type: c.Type, Encoding: c.Encoding, Width: c.Width, Separator: c.Separator, Dict: c.Dict}
	picks := order // the k of every row that has a value, in the new order; then the elements
	if len(c.Present) > 0 {
		picks = c.pick(o, rows, order)
	}
	o.Count = uint32(len(picks))
	if o.Count == 0 {
		return nil
	}
	if len(c.Lists) > 0 {
		picks = c.pickElements(o, picks)
	}
	if len(c.Origin) > 0 {
		o.Origin = gatherFixed(c.Origin, 8, picks)
	}
	w := c.width()
	if w == 0 {
		o.Values, o.Data = c.gatherTexts(picks)
		return o
	}
	o.Values, o.Data = gatherFixed(c.Values, w, picks), c.Data
	return o
}

// pick sets o's presence and returns the k of the rows that have a value.
func (c *Column) pick(o *Column, rows int, order []int32) []int32 {
	ks := make([]int32, rows+len(order))
	ks, picks := ks[:rows], ks[rows:rows]
	k := int32(0)
	for row := range ks {
		if c.Present[row>>3]>>(row&7)&1 == 0 {
			ks[row] = -1
			continue
		}
		ks[row] = k
		k++
	}
	o.Present = make([]byte, (len(order)+7)/8)
	for i, row := range order {
		if k := ks[row]; k >= 0 {
			o.Present[i>>3] |= 1 << (i & 7)
			picks = append(picks, k)
		}
	}
	return picks
}

// pickElements sets o's lists and returns their elements.
func (c *Column) pickElements(o *Column, picks []int32) []int32 {
	elements := make([]int32, 0, len(picks))
	o.Lists = binary.LittleEndian.AppendUint32(make([]byte, 0, 4*len(picks)+4), 0)
	for _, k := range picks {
		from, to := c.List(int(k))
		for ; from < to; from++ {
			elements = append(elements, int32(from))
		}
		o.Lists = binary.LittleEndian.AppendUint32(o.Lists, uint32(len(elements)))
	}
	return elements
}

// gatherFixed brings values of w bytes into a new order.
func gatherFixed(values []byte, w int, picks []int32) []byte {
	out := make([]byte, w*len(picks))
	switch w {
	case 1:
		for i, k := range picks {
			out[i] = values[k]
		}
	case 4:
		for i, k := range picks {
			binary.LittleEndian.PutUint32(out[4*i:], binary.LittleEndian.Uint32(values[4*k:]))
		}
	case 8:
		for i, k := range picks {
			binary.LittleEndian.PutUint64(out[8*i:], binary.LittleEndian.Uint64(values[8*k:]))
		}
	default:
		for i, k := range picks {
			copy(out[w*i:w*i+w], values[w*int(k):])
		}
	}
	return out
}

// gatherTexts brings the strings of a PLAIN column into a new order, neighbours in one copy.
func (c *Column) gatherTexts(picks []int32) (values, data []byte) {
	size := 0
	for _, k := range picks {
		size += c.Offset(int(k)+1) - c.Offset(int(k))
	}
	values, data = make([]byte, 4, 4*len(picks)+4), make([]byte, 0, size)
	for i := 0; i < len(picks); {
		k := int(picks[i])
		from := c.Offset(k)
		shift := len(data) - from
		for {
			values = binary.LittleEndian.AppendUint32(values, uint32(c.Offset(k+1)+shift))
			i++
			k++
			if i == len(picks) || int(picks[i]) != k {
				break
			}
		}
		data = append(data, c.Data[from:c.Offset(k)]...)
	}
	return values, data
}
