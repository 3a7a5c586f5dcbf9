package wire

import (
	"encoding/binary"
	"math"
	"slices"
	"unsafe"
)

// Fill gives rows texts: row i those of texts[pick[i]], of which there may be none, and of a column that is no list one at
// most. A row that has a value keeps it; of a list it has the texts in front of its own. Nothing can be set behind it until
// Reset. All that Fill needs it does in one pass; rows of a batch have few different texts.
func (c *Builder) Fill(pick []uint16, texts [][]string) {
	if !c.used || c.count == 0 {
		c.first(Encoding_DICT)
	}
	switch {
	case c.quick == quickDict:
		c.fillCodes(pick, texts)
	case c.count == 0:
		c.fillLists(pick, texts)
	default:
		c.fillUp(pick, texts)
	}
	c.row = c.rows
}

// noCode is what no code of a dictionary is.
const noCode = math.MaxUint32

// single are the codes of texts of which there is one at most; of none it is noCode.
func (d *dictionary) single(texts [][]string) []uint32 {
	codes := make([]uint32, len(texts))
	for i, t := range texts {
		if codes[i] = noCode; len(t) > 0 {
			codes[i] = d.code(t[0])
		}
	}
	return codes
}

// fillCodes is Fill for a column of codes that is no list.
func (c *Builder) fillCodes(pick []uint16, texts [][]string) {
	codes := c.dict.single(texts)
	var own, have []byte
	if c.count > 0 {
		own, have = slices.Clone(c.values), slices.Clone(c.present)
		clear(c.present)
	}
	values := slices.Grow(c.values[:0], 4*len(pick))[:4*len(pick)]
	n := 0
	for row, p := range pick {
		code := codes[p]
		if own != nil && have[row>>3]&(1<<(row&7)) != 0 {
			code, own = binary.LittleEndian.Uint32(own), own[4:]
		}
		binary.LittleEndian.PutUint32(values[4*n:], code) // written over by the next one if it is none
		if code != noCode {
			c.present[row>>3] |= 1 << (row & 7)
			n++
		}
	}
	c.values, c.count = values[:4*n], n
}

// fillLists is Fill for a list column that has no value.
func (c *Builder) fillLists(pick []uint16, texts [][]string) {
	codes := make([][]byte, len(texts))
	for row, p := range pick {
		if len(texts[p]) == 0 {
			continue
		}
		if codes[p] == nil {
			for _, s := range texts[p] {
				codes[p] = binary.LittleEndian.AppendUint32(codes[p], c.dict.code(s))
			}
		}
		c.next(row)
		c.lists = binary.LittleEndian.AppendUint32(c.lists, uint32(len(c.values)/4))
		c.values = append(c.values, codes[p]...)
	}
}

// fillUp is Fill for any column that has values: it is made anew.
func (c *Builder) fillUp(pick []uint16, texts [][]string) {
	old := c.clone()
	c.used, c.count, c.row, c.quick = false, 0, -1, 0
	var u Cursor
	for row, p := range pick {
		k := u.At(old, row)
		if k < 0 || c.list {
			for _, s := range texts[p] {
				c.Text(row, s)
			}
		}
		switch {
		case k < 0:
		case c.list:
			for from, to := old.List(k); from < to; from++ {
				c.again(row, old, from)
			}
		default:
			c.again(row, old, k)
		}
	}
}

// again sets row to the k-th value of old, which must not be changed from here on.
func (c *Builder) again(row int, old *Column, k int) {
	switch old.Encoding {
	case Encoding_SPAN:
		start, n := old.Span(k)
		c.Span(row, start, n)
	case Encoding_DICT:
		v := old.Bytes(k)
		c.Text(row, unsafe.String(unsafe.SliceData(v), len(v)))
	default:
		from, to := old.OriginOf(k)
		c.Copy(row, old.Bytes(k), from, to)
	}
}

// clone is the column as it is, in memory of its own.
func (c *Builder) clone() *Column {
	was := c.Finish(0)
	return &Column{
		Encoding: was.Encoding, Count: was.Count, Width: was.Width, Type: was.Type,
		Present: slices.Clone(was.Present), Values: slices.Clone(was.Values), Data: slices.Clone(was.Data), Dict: slices.Clone(was.Dict),
		Lists: slices.Clone(was.Lists), Origin: slices.Clone(was.Origin),
	}
}
