package wire

import "encoding/binary"

// Compact returns a DICT column whose dictionary has the entries that its values use and no others; c itself if that
// is so already, or if it is no DICT column. Dictionaries are shared when rows are taken out or replaced, so an entry
// may outlive its last value, and what it says must not.
func (c *Column) Compact() *Column {
	if c.Encoding != Encoding_DICT || c.Type != Type_STRING {
		return c
	}
	n := c.Entries()
	used := c.used(n)
	if used == nil {
		return c
	}
	o := &Column{
		Field: c.Field, Name: c.Name, Type: c.Type, Encoding: c.Encoding, Count: c.Count, Present: c.Present, Lists: c.Lists,
		Dict: []byte{0, 0, 0, 0},
	}
	codes := make([]uint32, n)
	kept := uint32(0)
	for i := range n {
		if used[i] {
			codes[i] = kept
			kept++
			o.Data = append(o.Data, c.Entry(i)...)
			o.Dict = binary.LittleEndian.AppendUint32(o.Dict, uint32(len(o.Data)))
		}
	}
	o.Width = CodeWidth(int(kept))
	o.Values = appendRecoded(nil, c, codes, o.Width)
	return o
}

// used says which of n entries have a value, nil if all have.
func (c *Column) used(n int) []bool {
	used, left := make([]bool, n), n
	if left == 0 {
		return nil
	}
	if c.Width == 1 { // nearly all
		for _, code := range c.Values {
			if !used[code] {
				used[code] = true
				if left--; left == 0 {
					return nil
				}
			}
		}
		return used
	}
	for k := range c.Elements() {
		if code := c.Code(k); !used[code] {
			used[code] = true
			if left--; left == 0 {
				return nil
			}
		}
	}
	return used
}
