package pipeline

import (
	"encoding/binary"
	"slices"
	"unicode/utf8"

	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/wire"
)

// maxKeywordBytes bounds the values of keyword fields. What is longer is cut before any store or detector sees it,
// so that all of them have the same. Text fields, message first of all, are as long as they are.
const maxKeywordBytes = 8 << 10

// cut shortens what is too long in keyword fields, and marks the events. Columns whose bytes cannot hold such a
// value, nearly all, are not looked into.
func (w *work) cut() {
	spans := 0 // 1: lines are long enough for such a span, -1: none is, 0: nobody has looked
	for i, c := range w.batch.Columns {
		if c.Type != wire.Type_STRING || c.Field != 0 && ecs.Field(c.Field).Type() == ecs.Text {
			continue
		}
		if c.Encoding == wire.Encoding_SPAN {
			if spans == 0 {
				spans = w.longLines()
			}
			if spans < 0 {
				continue
			}
		} else if len(c.Data) <= maxKeywordBytes {
			continue
		}
		o, long := shortened(c, w.message(), w.rows)
		if o == nil {
			continue
		}
		w.batch.Columns[i] = o
		c.Each(w.rows, func(row, k int) {
			from, to := k, k+1
			if len(c.Lists) > 0 {
				from, to = c.List(k)
			}
			n := int64(0)
			for ; from < to; from++ {
				if long(from) {
					n++
				}
			}
			if n > 0 {
				w.r.Cut.Add(n)
				w.flags = append(w.flags, flag{row, "cut"})
			}
		})
	}
}

func (w *work) longLines() int {
	m := w.message()
	for row := range w.rows {
		if m.Offset(row+1)-m.Offset(row) > maxKeywordBytes {
			return 1
		}
	}
	return -1
}

// shortened is a column without what its values have too much, and says which those were; nil if it is as it should
// be. It shares what it can with c, which others may hold.
func shortened(c, message *wire.Column, rows int) (o *wire.Column, long func(k int) bool) {
	o = &wire.Column{
		Field: c.Field, Name: c.Name, Type: c.Type, Encoding: c.Encoding, Count: c.Count, Present: c.Present, Values: c.Values,
		Data: c.Data, Width: c.Width, Separator: c.Separator, Lists: c.Lists, Dict: c.Dict,
	}
	found := false
	switch c.Encoding {
	case wire.Encoding_SPAN:
		long = func(k int) bool { _, n := c.Span(k); return n > maxKeywordBytes }
		c.Each(rows, func(row, k int) {
			if !long(k) {
				return
			}
			if !found {
				found, o.Values = true, slices.Clone(c.Values)
			}
			n := len(clip(c.Text(k, row, message)))
			if c.Width == 4 { // (u16 start, u16 length)
				binary.LittleEndian.PutUint16(o.Values[4*k+2:], uint16(n))
			} else {
				binary.LittleEndian.PutUint32(o.Values[8*k+4:], uint32(n))
			}
		})
	case wire.Encoding_DICT:
		long = func(k int) bool { return len(c.Entry(c.Code(k))) > maxKeywordBytes }
		o.Dict, o.Data, found = clipAll(c.Dict, c.Data, 0)
	default:
		long = func(k int) bool { return len(c.Bytes(k)) > maxKeywordBytes }
		o.Values, o.Data, found = clipAll(c.Values, c.Data, int(c.Separator))
		o.Separator = 0
	}
	if !found {
		return nil, nil
	}
	return o, long
}

// clipAll clips the strings between u32 offsets into data; found is false if none is too long.
func clipAll(offsets, data []byte, separator int) (newOffsets, newData []byte, found bool) {
	at := func(i int) int { return int(binary.LittleEndian.Uint32(offsets[4*i:])) }
	n := len(offsets)/4 - 1
	for i := range n {
		if at(i+1)-at(i)-separator > maxKeywordBytes {
			found = true
			break
		}
	}
	if !found {
		return nil, nil, false
	}
	newOffsets = append(make([]byte, 0, len(offsets)), 0, 0, 0, 0)
	for i := range n {
		newData = append(newData, clip(data[at(i):at(i+1)-separator])...)
		newOffsets = binary.LittleEndian.AppendUint32(newOffsets, uint32(len(newData)))
	}
	return newOffsets, newData, true
}

// clip is the longest beginning of v that fits and cuts no character.
func clip(v []byte) []byte {
	if len(v) <= maxKeywordBytes {
		return v
	}
	end := maxKeywordBytes
	for end > 0 && !utf8.RuneStart(v[end]) {
		end--
	}
	return v[:end:end]
}
