package pipeline

import (
	"context"
	"encoding/binary"
	"slices"

	"github.com/logcenter/logcenter/host/plugin"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/wire"
)

// constants sets what manifests fix for the events of a parser, and who parsed them. What the parser wrote
// itself stays.
func (w *work) constants() {
	var fields []ecs.Field
	for _, g := range w.groups {
		if g.parser == none {
			continue
		}
		for _, c := range w.parser(g.parser).Manifest().Constants {
			if !slices.Contains(fields, c.Field) {
				fields = append(fields, c.Field)
			}
		}
	}
	for _, f := range append(fields, ecs.LogcenterParser) {
		c := w.constant(f)
		if have := w.batch.Column(id(f)); have != nil && c != nil {
			c = wire.Overlay(c, have, w.rows, w.message())
		}
		w.set(c)
	}
}

func values(m *plugin.Manifest, f ecs.Field) []string {
	if f == ecs.LogcenterParser {
		return []string{m.Label()}
	}
	for _, c := range m.Constants {
		if c.Field == f {
			return c.Values
		}
	}
	return nil
}

// constant fills runs of rows with codes: no work per event but a byte a value.
func (w *work) constant(f ecs.Field) *wire.Column {
	o := &wire.Column{Field: id(f), Type: wire.Type_STRING, Encoding: wire.Encoding_DICT}
	o.Dict = append(o.Dict, 0, 0, 0, 0)
	runs := make([][]string, len(w.groups))
	rows, elements := 0, 0
	for i, g := range w.groups {
		if g.parser == none {
			continue
		}
		runs[i] = values(w.parser(g.parser).Manifest(), f)
		if n := len(runs[i]); n > 0 {
			rows += g.to - g.from
			elements += n * (g.to - g.from)
		}
		for _, v := range runs[i] {
			o.Data = append(o.Data, v...)
			o.Dict = binary.LittleEndian.AppendUint32(o.Dict, uint32(len(o.Data)))
		}
	}
	if rows == 0 {
		return nil
	}
	o.Count, o.Width = uint32(rows), wire.CodeWidth(o.Entries())
	o.Values = make([]byte, 0, int(o.Width)*elements)
	if rows < w.rows {
		o.Present = make([]byte, (w.rows+7)/8)
	}
	if f.Info().List {
		o.Lists = append(make([]byte, 0, 4*rows+4), 0, 0, 0, 0)
	}
	first, element := 0, uint32(0)
	for i, g := range w.groups {
		n := len(runs[i])
		if n == 0 {
			continue
		}
		for range g.to - g.from {
			for code := first; code < first+n; code++ {
				o.Values = wire.AppendCode(o.Values, uint32(code), o.Width)
			}
		}
		if o.Lists != nil {
			for range g.to - g.from {
				element += uint32(n)
				o.Lists = binary.LittleEndian.AppendUint32(o.Lists, element)
			}
		}
		if o.Present != nil {
			for row := g.from; row < g.to; row++ {
				o.Present[row>>3] |= 1 << (row & 7)
			}
		}
		first += n
	}
	return o
}

// fan is what a parser made of lines beside their first events.
type fan struct {
	base   int // row of the batch that the fan-out's parent 0 is
	f      *wire.FanOut
	parser int
}

// maxFanBytes bounds the copies of lines that the further events of a batch's lines carry, and with them what is
// appended to the event journal at once.
const maxFanBytes = 16 << 20

// boundFans leaves out the events that are too many for one batch. Their lines are marked.
func (w *work) boundFans(fans []fan) []fan {
	m := w.message()
	rows, size := w.rows, 0
	for k := range fans {
		f := fans[k].f
		for i := range int(f.Rows) {
			parent := fans[k].base + int(binary.LittleEndian.Uint32(f.Parents[4*i:]))
			rows++
			size += m.Offset(parent+1) - m.Offset(parent)
			if rows <= wire.MaxRows && size <= maxFanBytes {
				continue
			}
			w.lost(fans[k], i)
			for _, rest := range fans[k+1:] {
				w.lost(rest, 0)
			}
			cut := &wire.FanOut{Rows: uint32(i), Parents: f.Parents[:4*i]}
			for _, c := range f.Columns {
				if c = c.Slice(int(f.Rows), 0, i); c != nil {
					cut.Columns = append(cut.Columns, c)
				}
			}
			if i == 0 {
				return fans[:k]
			}
			fans[k].f = cut
			return fans[:k+1]
		}
	}
	return fans
}

// lost marks the lines of a fan's events from the i-th on, which are left out.
func (w *work) lost(f fan, i int) {
	m := w.parser(f.parser).Manifest()
	last := -1
	for ; i < int(f.f.Rows); i++ {
		parent := f.base + int(binary.LittleEndian.Uint32(f.f.Parents[4*i:]))
		w.r.FanOutLost.Add(1)
		if parent != last {
			w.failed = append(w.failed, failure{row: parent, code: "fan_out", message: "more events than one batch may hold; the rest is lost", kind: "parser", m: m})
			last = parent
		}
	}
}

// fanOut appends the events of fan-outs as rows of their own: their lines are copies of their parents'.
func (w *work) fanOut(fans []fan) error {
	if len(fans) == 0 {
		return nil
	}
	fans = w.boundFans(fans)
	ordinals := map[int]int{}
	var order []int32 // parents in the batch
	var ords []int
	for _, f := range fans {
		for i := range int(f.f.Rows) {
			parent := f.base + int(binary.LittleEndian.Uint32(f.f.Parents[4*i:]))
			ordinals[parent]++
			order = append(order, int32(parent))
			ords = append(ords, ordinals[parent])
		}
	}
	// Reserved columns and constants come from the parent, fields only from the fan-out itself.
	inherited := map[uint32]bool{id(ecs.Message): true}
	for _, c := range w.raw.Batch.Columns {
		inherited[c.Field] = true
	}
	for _, f := range fans {
		for _, c := range w.parser(f.parser).Manifest().Constants {
			inherited[id(c.Field)] = true
		}
	}
	inherited[id(ecs.LogcenterParser)] = true
	extra := &work{r: w.r, plan: w.plan, swapped: w.swapped, raw: w.raw, rows: w.rows}
	for _, c := range w.batch.Columns {
		switch {
		case c.Field == id(ecs.LogcenterPosition):
			g := c.Gather(w.rows, order)
			for i, n := range ords {
				binary.LittleEndian.PutUint64(g.Values[8*i:], binary.LittleEndian.Uint64(g.Values[8*i:])|uint64(n))
			}
			extra.batch.Columns = append(extra.batch.Columns, g)
		case inherited[c.Field]:
			if g := c.Gather(w.rows, order); g != nil {
				extra.batch.Columns = append(extra.batch.Columns, g)
			}
		}
	}
	extra.rows = len(order)
	extra.batch.Rows = uint32(len(order))
	var all answered
	for _, f := range fans {
		all.parts = append(all.parts, answeredPart{int(f.f.Rows), &wire.Result{Columns: f.f.Columns}})
	}
	extra.merge(all)
	w.written = append(w.written, extra.written...)
	joined := concatBatches([]*wire.Batch{{Rows: uint32(w.rows), Columns: w.batch.Columns}, &extra.batch})
	w.batch.Columns, w.batch.Rows, w.rows = joined.Columns, joined.Rows, int(joined.Rows)
	w.gone = append(w.gone, make([]bool, len(order))...)
	return nil
}

// complete sets what the host answers for: @timestamp where the line has none, errors, marks; and takes out
// the rows that are dropped or dead.
func (w *work) complete(context.Context) error {
	if w.rows == 0 {
		return nil
	}
	w.defaultTime()
	w.cut()
	w.errors()
	if !w.goneAny {
		return nil
	}
	order := make([]int32, 0, w.rows)
	for row, gone := range w.gone {
		if !gone {
			order = append(order, int32(row))
		}
	}
	w.gather(order)
	return nil
}

// defaultTime is the time of receipt for events that carry none.
func (w *work) defaultTime() {
	received := w.batch.Column(id(ecs.EventIngested))
	if received == nil {
		return
	}
	c := &wire.Column{Field: id(ecs.Timestamp), Type: received.Type, Count: received.Count, Present: received.Present, Values: received.Values}
	if have := w.batch.Column(id(ecs.Timestamp)); have != nil {
		c = wire.Overlay(c, have, w.rows, nil)
	}
	w.set(c)
}

// errors turns failures into error.* fields and dead letters, and flags into logcenter.flags.
func (w *work) errors() {
	if len(w.failed)+len(w.flags) == 0 {
		return
	}
	slices.SortStableFunc(w.failed, func(a, b failure) int { return a.row - b.row })
	refused := w.holdBack()
	message := w.message()
	for i := range w.texts {
		w.texts[i].Reset(wire.Type_STRING, false, w.rows, message, nil)
	}
	last, buried := -1, -1
	for _, f := range w.failed {
		if f.letter != "" && f.row != buried {
			buried = f.row
			w.bury(f, refused)
		}
		if f.dead || f.code == "" && f.letter != "" || f.row == last { // the first stage's words stay
			continue
		}
		last = f.row
		w.texts[0].Text(f.row, f.code)
		w.texts[1].Text(f.row, f.message)
		w.texts[2].Text(f.row, f.kind+" "+f.m.ID)
	}
	for i, f := range [...]ecs.Field{ecs.ErrorCode, ecs.ErrorMessage, ecs.ErrorType} {
		if w.texts[i].Used() {
			w.set(w.texts[i].Finish(id(f)))
		}
	}
	w.setFlags()
}

func (w *work) setFlags() {
	have := w.batch.Column(id(ecs.LogcenterFlags))
	if have != nil {
		have.Each(w.rows, func(row, k int) {
			for from, to := have.List(k); from < to; from++ {
				w.flags = append(w.flags, flag{row, string(have.Bytes(from))})
			}
		})
	}
	slices.SortStableFunc(w.flags, func(a, b flag) int { return a.row - b.row })
	w.marks.Reset(wire.Type_STRING, true, w.rows, nil, nil)
	for i, f := range w.flags {
		if i == 0 || w.flags[i-1] != f {
			w.marks.Text(f.row, f.mark)
		}
	}
	if w.marks.Used() {
		w.set(w.marks.Finish(id(ecs.LogcenterFlags)))
	}
}
