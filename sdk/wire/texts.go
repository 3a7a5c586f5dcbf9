package wire

import (
	"bytes"
	"encoding/binary"
	"slices"
	"unicode/utf8"
)

// Texts sets every row to the text that its code names, through the column's dictionary; a negative code and an empty
// text set nothing. There are as many codes as rows. It is [Builder.Text] for a whole column at once, and not to be
// mixed with other setters: what is known of a code is looked up once a batch instead of once a row. Texts should be
// different ones: those that are equal are sent several times.
func (c *Builder) Texts(codes []int32, texts []string) {
	if c.used || c.list {
		for row, k := range codes {
			if k >= 0 && texts[k] != "" {
				c.Text(row, texts[k])
			}
		}
		return
	}
	c.first(Encoding_DICT)
	c.quick, c.width = 0, int(CodeWidth(len(texts))) // it is narrow already
	known := c.dict.begin(len(texts))
	c.values = slices.Grow(c.values, c.width*len(codes))
	values, count := c.values[:c.width*len(codes)], 0
	present := byte(0) // of eight rows
	for row, k := range codes {
		if k >= 0 {
			code := known[k]
			if code == 0 {
				code = c.dict.enter(texts[k])
				known[k] = code
			}
			if code != nothing {
				present |= 1 << (row & 7)
				switch c.width {
				case 1:
					values[count] = byte(code - 1)
				case 2:
					binary.LittleEndian.PutUint16(values[2*count:], uint16(code-1))
				default:
					binary.LittleEndian.PutUint32(values[4*count:], code-1)
				}
				count++
			}
		}
		if row&7 == 7 {
			c.present[row>>3], present = present, 0
		}
	}
	if n := len(codes); n&7 != 0 {
		c.present[n>>3] = present
	}
	c.values, c.count = values[:c.width*count], count
	c.dict.repair()
}

// widen makes the codes of Texts as wide as those of Text.
func (c *Builder) widen() {
	f := c.Finish(0)
	var wide []byte
	for k := range c.count {
		wide = binary.LittleEndian.AppendUint32(wide, uint32(f.Code(k)))
	}
	c.values, c.width = wide, 0
}

// nothing is known of an empty text.
const nothing = ^uint32(0)

// begin readies d for Texts of so many texts.
func (d *dictionary) begin(texts int) (known []uint32) {
	d.known = slices.Grow(d.known[:0], texts)[:texts]
	clear(d.known)
	return d.known
}

// enter is one more than the code of s, a text that is not there yet.
func (d *dictionary) enter(s string) uint32 {
	if s == "" {
		return nothing
	}
	d.data = append(d.data, s...)
	d.offsets = binary.LittleEndian.AppendUint32(d.offsets, uint32(len(d.data)))
	return uint32(d.entries())
}

// repair makes every text of the dictionary UTF-8, as [Builder.Text] does.
func (d *dictionary) repair() {
	whole := utf8.Valid(d.data)
	for i := 0; i < len(d.offsets)-4 && whole; i += 4 { // all together are: each is, if none begins within a character
		whole = utf8.RuneStart(d.data[binary.LittleEndian.Uint32(d.offsets[i:])])
	}
	if whole {
		return
	}
	var data []byte
	from := uint32(0)
	for i := 4; i < len(d.offsets); i += 4 {
		to := binary.LittleEndian.Uint32(d.offsets[i:])
		data = append(data, bytes.ToValidUTF8(d.data[from:to], []byte("\uFFFD"))...)
		from = to
		binary.LittleEndian.PutUint32(d.offsets[i:], uint32(len(data)))
	}
	d.data = data
}
