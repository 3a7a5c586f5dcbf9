package sdk

import (
	"encoding/binary"
	"slices"

	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/wire"
)

// Edits collects what to replace in one text. It is valid during the call it was handed to.
type Edits struct {
	field   ecs.Field
	host    uint32 // the host's id of the field: a masker edits fields, too, that its process does not know
	text    []byte
	list    []edit
	out     map[uint32]*wire.Edits // by the host's id
	index   map[string]uint32      // replacements of the column at hand
	bad     bool
	row     int
	choices []int // of each row, from a Chooser; empty: all are 0
}

type edit struct {
	start, end int
	with       string
}

// Field is the field whose value the text is; ecs.Message for the line, 0 for a field that this process does
// not know.
func (e *Edits) Field() ecs.Field { return e.field }

// Choice is what the masker's Choose has said of the event whose text this is; 0 without one.
func (e *Edits) Choice() int {
	if e.row < len(e.choices) {
		return e.choices[e.row]
	}
	return 0
}

// Replace has bytes [start, end) of the text replaced by with. Ranges may come in any order and overlap:
// overlapping ones become one, replaced by what the first of them said. A range that is not inside the
// text withholds the whole text.
func (e *Edits) Replace(start, end int, with string) {
	if start < 0 || end < start || end > len(e.text) {
		e.bad = true
		return
	}
	// Never leave half a character behind.
	for start > 0 && start < len(e.text) && e.text[start]&0xc0 == 0x80 {
		start--
	}
	for end < len(e.text) && e.text[end]&0xc0 == 0x80 {
		end++
	}
	e.list = append(e.list, edit{start, end, with})
}

// flush writes the edits of one row, merged and in order.
func (e *Edits) flush(row int) {
	if len(e.list) == 0 {
		return
	}
	if len(e.list) > 1 {
		slices.SortStableFunc(e.list, func(a, b edit) int { return a.start - b.start })
	}
	o := e.out[e.host]
	if o == nil {
		o = &wire.Edits{Field: e.host}
		e.out[e.host] = o
		clear(e.index)
	}
	for i := 0; i < len(e.list); {
		m := e.list[i]
		for i++; i < len(e.list) && e.list[i].start < m.end; i++ {
			m.end = max(m.end, e.list[i].end)
		}
		r, ok := e.index[m.with]
		if !ok {
			r = uint32(len(o.Replacements))
			o.Replacements = append(o.Replacements, m.with)
			e.index[m.with] = r
		}
		o.Edits = binary.LittleEndian.AppendUint32(o.Edits, uint32(row))
		o.Edits = binary.LittleEndian.AppendUint32(o.Edits, uint32(m.start))
		o.Edits = binary.LittleEndian.AppendUint32(o.Edits, uint32(m.end))
		o.Edits = binary.LittleEndian.AppendUint32(o.Edits, r)
	}
	e.list = e.list[:0]
}
