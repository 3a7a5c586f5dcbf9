package pipeline

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/logcenter/logcenter/host/plugin"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/wire"
)

// Withheld is the message of an event on which masking failed.
const Withheld = "[withheld]"

// maskedValue replaces a decoded copy whose source was masked: where in it the secret is, nobody can say.
const maskedValue = "******"

// mask fails closed: while a masker is out of service the batch waits, and an event it fails on is withheld.
func (w *work) mask(ctx context.Context) error {
	if w.rows == 0 {
		return nil
	}
	for _, stage := range w.plan.Maskers {
		a, stage, err := w.ask(ctx, stage, w.maskerBatch, &w.r.WaitingForMasker)
		if errors.Is(err, plugin.ErrUnavailable) { // as ask says only then
			continue // an admin disabled it while the batch waited
		}
		if err != nil {
			return err
		}
		w.answers = append(w.answers, a)
		w.apply(a, stage.Manifest())
	}
	for i, c := range w.batch.Columns {
		c.Origin = nil // where values came from is of no more use, and not for journals
		w.batch.Columns[i] = c.Compact()
	}
	return nil
}

// maskerBatch is what a masker is sent: all texts, and what else it reads to decide how to mask them.
func (w *work) maskerBatch(m *plugin.Manifest) *wire.Batch {
	b := &wire.Batch{Rows: uint32(w.rows), Partition: w.raw.Partition, Offset: w.raw.From}
	for _, c := range w.batch.Columns {
		if plugin.Maskable(c) || slices.Contains(m.Reads, ecs.Field(c.Field)) {
			b.Columns = append(b.Columns, c)
		}
	}
	return b
}

// rowEdit is an edit of one row's line.
type rowEdit struct {
	start, end int
	with       string
}

// edited is what a masker said of one row's line, in order and not overlapping.
type edited struct {
	row      int
	edits    []rowEdit
	withheld bool
}

// apply carries out the edits of an answer: on the line, and on all that shows a masked part of it. Then the
// batch holds no byte of what was masked.
func (w *work) apply(a *plugin.Answer, m *plugin.Manifest) {
	var lines []edited
	type copyEdit struct {
		field uint32
		row   int
		rowEdit
	}
	var copies []copyEdit
	for _, p := range a.Parts {
		if p.Reply == nil {
			lines = append(lines, edited{row: p.From, withheld: true})
			continue
		}
		lines = appendLineEdits(lines, p)
		for _, e := range p.Reply.Edits {
			if e.Field == id(ecs.Message) {
				continue
			}
			for i := range e.Len() {
				row, start, end, r := e.EditAt(i)
				copies = append(copies, copyEdit{e.Field, p.From + row, rowEdit{start, end, e.Replacements[r]}})
			}
		}
	}
	if len(copies) > 0 {
		fields := map[uint32]map[int][]rowEdit{}
		for _, c := range copies {
			if fields[c.field] == nil {
				fields[c.field] = map[int][]rowEdit{}
			}
			fields[c.field][c.row] = append(fields[c.field][c.row], c.rowEdit)
		}
		for f, rows := range fields {
			w.set(editCopies(w.batch.Column(f), w.rows, rows))
		}
	}
	if len(lines) == 0 {
		return
	}
	w.r.Masked.Add(int64(len(lines)))
	w.applyLines(lines, m)
}

// appendLineEdits gathers edits of lines and rows that failed, ascending by row.
func appendLineEdits(lines []edited, p plugin.Part) []edited {
	first := len(lines)
	for _, e := range p.Reply.Edits {
		if e.Field != id(ecs.Message) {
			continue
		}
		for i := range e.Len() {
			row, start, end, r := e.EditAt(i)
			row += p.From
			if n := len(lines); n == first || lines[n-1].row != row {
				lines = append(lines, edited{row: row})
			}
			l := &lines[len(lines)-1]
			l.edits = append(l.edits, rowEdit{start, end, e.Replacements[r]})
		}
	}
	for _, e := range p.Reply.Errors {
		row := p.From + int(e.Row)
		i, found := slices.BinarySearchFunc(lines[first:], row, func(l edited, row int) int { return l.row - row })
		if !found {
			lines = slices.Insert(lines, first+i, edited{row: row})
		}
		lines[first+i].withheld = true
	}
	return lines
}

func (w *work) applyLines(lines []edited, m *plugin.Manifest) {
	old := w.message()
	for i := range lines {
		l := &lines[i]
		if !l.withheld {
			continue
		}
		w.r.Withheld.Add(1)
		w.keep(l.row, m, withheld)
		w.failed = append(w.failed, failure{row: l.row, code: "mask", message: "masking failed on this event; its text is withheld", kind: "masker", m: m, letter: withheld})
		w.flags = append(w.flags, flag{l.row, "withheld"})
		n := old.Offset(l.row+1) - int(old.Separator) - old.Offset(l.row)
		l.edits = []rowEdit{{0, n, Withheld}}
	}
	w.hideNotes(lines, old)
	fresh := rewrite(old, w.rows, lines)
	for i, c := range w.batch.Columns {
		switch {
		case c == old:
			w.batch.Columns[i] = fresh
		case c.Field == id(ecs.LogcenterPosition) || c.Field == id(ecs.EventIngested):
		case c.Encoding == wire.Encoding_SPAN:
			w.batch.Columns[i] = moveSpans(c, lines)
		case c.Type == wire.Type_INT64 || c.Type == wire.Type_DOUBLE:
			w.batch.Columns[i] = hideNumbers(c, w.rows, lines, old)
		case c.Type == wire.Type_IP && !w.reserved(c):
			w.batch.Columns[i] = hideNumbers(c, w.rows, lines, old)
		case c.Type == wire.Type_STRING && !w.reserved(c):
			w.batch.Columns[i] = hideTexts(c, w.rows, lines, old)
		}
	}
	w.batch.Columns = slices.DeleteFunc(w.batch.Columns, func(c *wire.Column) bool { return c == nil })
}

// reserved says whether a column came from the input or from manifests alone: it shows nothing of the line.
func (w *work) reserved(c *wire.Column) bool {
	if c.Field == id(ecs.LogcenterParser) || w.raw.Batch.Column(c.Field) != nil {
		return true
	}
	return !slices.Contains(w.written, c.Field) && slices.ContainsFunc(w.groups, func(g group) bool {
		return g.parser != none && values(w.parser(g.parser).Manifest(), ecs.Field(c.Field)) != nil
	})
}

// hideNotes takes masked text out of what plugins said of events: authors are told not to quote the line, but
// errors of libraries do.
func (w *work) hideNotes(lines []edited, old *wire.Column) {
	for i := range w.failed {
		f := &w.failed[i]
		k, ok := slices.BinarySearchFunc(lines, f.row, func(l edited, row int) int { return l.row - row })
		if !ok || f.code == "mask" {
			continue
		}
		l := &lines[k]
		line := old.Data[old.Offset(f.row):old.Offset(f.row+1)]
		if l.withheld {
			f.message = Withheld
			continue
		}
		for _, e := range l.edits {
			if secret := string(line[e.start:e.end]); len(secret) >= leastSecret {
				f.message = strings.ReplaceAll(f.message, secret, maskedValue)
			}
		}
		if l.hinted(line, f.message) {
			f.message = Withheld
		}
	}
}

// hinted says whether a message holds a piece of something that was masked: messages are cut to a length, and some quote
// what they tell of in a writing of their own.
func (l *edited) hinted(line []byte, message string) bool {
	for _, e := range l.edits {
		for i := e.start; i+leastSecret <= e.end; i++ {
			if strings.Contains(message, string(line[i:i+leastSecret])) {
				return true
			}
		}
	}
	return false
}

// shown says whether a text holds the whole of something that was masked in the line.
func (l *edited) shown(line, text []byte) bool {
	return slices.ContainsFunc(l.edits, func(e rowEdit) bool {
		return e.end-e.start >= leastSecret && bytes.Contains(text, line[e.start:e.end])
	})
}

// rewrite makes the lines anew with the edits carried out: rows between two edited ones are one copy.
func rewrite(old *wire.Column, rows int, lines []edited) *wire.Column {
	o := &wire.Column{Field: old.Field, Name: old.Name, Type: old.Type, Count: old.Count, Separator: old.Separator}
	base, end := old.Offset(0), old.Offset(rows)
	o.Data = make([]byte, 0, end-base+64*len(lines))
	o.Values = make([]byte, 0, 4*rows+4)
	done := 0 // rows written
	copyRows := func(to int) {
		if to <= done {
			return
		}
		from := old.Offset(done)
		shift := len(o.Data) - from
		for r := done; r < to; r++ {
			o.Values = binary.LittleEndian.AppendUint32(o.Values, uint32(old.Offset(r)+shift))
		}
		o.Data = append(o.Data, old.Data[from:old.Offset(to)]...)
		done = to
	}
	for _, l := range lines {
		copyRows(l.row)
		o.Values = binary.LittleEndian.AppendUint32(o.Values, uint32(len(o.Data)))
		line := old.Data[old.Offset(l.row):old.Offset(l.row+1)]
		at := 0
		for _, e := range l.edits {
			o.Data = append(append(o.Data, line[at:e.start]...), e.with...)
			at = e.end
		}
		o.Data = append(o.Data, line[at:]...)
		done = l.row + 1
	}
	copyRows(rows)
	o.Values = binary.LittleEndian.AppendUint32(o.Values, uint32(len(o.Data)))
	return o
}

// moved is the span of the new line that shows what [start, end) of the old one showed: with the whole
// replacement where it touched one.
func (l *edited) moved(start, end int) (from, to int) {
	shift := 0
	from, to = -1, -1
	for _, e := range l.edits {
		if from < 0 && start < e.end { // starts before the end of this edit
			from = start + shift
			if start > e.start || start == e.start && end > start {
				from = min(from, e.start+shift)
			}
		}
		if to < 0 && end <= e.start {
			to = end + shift
		}
		if from >= 0 && to < 0 && end <= e.end { // ends inside: show the whole replacement
			to = e.start + shift + len(e.with)
		}
		shift += len(e.with) - (e.end - e.start)
	}
	if from < 0 {
		from = start + shift
	}
	if to < 0 {
		to = end + shift
	}
	return from, to
}

// moveSpans lets spans of edited rows point to the same text in the new lines. The column is ours alone, so
// spans are changed in place unless one gets too wide.
func moveSpans(c *wire.Column, lines []edited) *wire.Column {
	var u wire.Cursor
	for i := range lines {
		l := &lines[i]
		k := u.At(c, l.row)
		if k < 0 {
			continue
		}
		start, n := c.Span(k)
		from, to := l.moved(start, start+n)
		if c.Width == 4 && (from|(to-from)) > math.MaxUint16 {
			c = widen(c)
		}
		if c.Width == 4 {
			binary.LittleEndian.PutUint32(c.Values[4*k:], uint32(from)|uint32(to-from)<<16)
		} else {
			binary.LittleEndian.PutUint64(c.Values[8*k:], uint64(uint32(from))|uint64(to-from)<<32)
		}
	}
	return c
}

func widen(c *wire.Column) *wire.Column {
	o := &wire.Column{Field: c.Field, Name: c.Name, Type: c.Type, Encoding: c.Encoding, Count: c.Count, Present: c.Present, Width: 8}
	for k := range int(c.Count) {
		start, n := c.Span(k)
		o.Values = binary.LittleEndian.AppendUint64(o.Values, uint64(uint32(start))|uint64(n)<<32)
	}
	return o
}

// hideTexts replaces copies whose source in the line was masked, and those that show what was masked in it without
// saying where they have it from. Of withheld events and in dictionaries the value goes.
func hideTexts(c *wire.Column, rows int, lines []edited, old *wire.Column) *wire.Column {
	hidden, gone := map[int]bool{}, map[int]bool{} // elements, rows
	if len(c.Origin) > 0 {                         // the next masker's edits count in the new lines
		c.Origin = slices.Clone(c.Origin)
	}
	var u wire.Cursor
	for i := range lines {
		l := &lines[i]
		k := u.At(c, l.row)
		if k < 0 {
			continue
		}
		from, to := k, k+1
		if len(c.Lists) > 0 {
			from, to = c.List(k)
		}
		line := old.Data[old.Offset(l.row):old.Offset(l.row+1)]
		for ; from < to; from++ {
			start, end := 0, 0
			if c.Encoding == wire.Encoding_PLAIN {
				start, end = c.OriginOf(from)
			}
			if end > 0 {
				movedFrom, movedTo := l.moved(start, end)
				binary.LittleEndian.PutUint32(c.Origin[8*from:], uint32(movedFrom))
				binary.LittleEndian.PutUint32(c.Origin[8*from+4:], uint32(movedTo))
			}
			switch {
			case l.withheld && end == 0:
				gone[l.row] = true
			case !l.withheld && !l.touches(start, end) && !l.shown(line, c.Bytes(from)):
			case c.Encoding == wire.Encoding_PLAIN:
				hidden[from] = true
			default:
				gone[l.row] = true
			}
		}
	}
	if len(hidden) > 0 {
		c = mapStrings(c, func(k int, v []byte) []byte {
			if hidden[k] {
				return []byte(maskedValue)
			}
			return v
		})
	}
	if len(gone) > 0 {
		c = clearRows(c, rows, gone)
	}
	return c
}

func (l *edited) touches(start, end int) bool {
	for _, e := range l.edits {
		if start < e.end && e.start < end {
			return true
		}
	}
	return false
}

// editCopies carries out edits on values that are not part of their lines.
func editCopies(c *wire.Column, rows int, edits map[int][]rowEdit) *wire.Column {
	byK := map[int][]rowEdit{}
	c.Each(rows, func(row, k int) {
		if e := edits[row]; e != nil {
			byK[k] = e
		}
	})
	var buf []byte
	return mapStrings(c, func(k int, v []byte) []byte {
		es := byK[k]
		if es == nil {
			return v
		}
		buf = buf[:0]
		at := 0
		for _, e := range es {
			buf = append(append(buf, v[at:e.start]...), e.with...)
			at = e.end
		}
		return append(buf, v[at:]...)
	})
}

// mapStrings makes a PLAIN column with every value put through f.
func mapStrings(c *wire.Column, f func(k int, v []byte) []byte) *wire.Column {
	o := &wire.Column{Field: c.Field, Name: c.Name, Type: c.Type, Count: c.Count, Present: c.Present, Lists: c.Lists, Origin: c.Origin}
	o.Values = append(o.Values, 0, 0, 0, 0)
	for k := range c.Elements() {
		o.Data = append(o.Data, f(k, c.Bytes(k))...)
		o.Values = binary.LittleEndian.AppendUint32(o.Values, uint32(len(o.Data)))
	}
	return o
}

// hideNumbers takes out numbers that spell digits which were masked, as an account number read into a long, and addresses
// that were masked.
func hideNumbers(c *wire.Column, rows int, lines []edited, old *wire.Column) *wire.Column {
	hidden := map[int]bool{}
	var u wire.Cursor
	var text []byte
	for i := range lines {
		l := &lines[i]
		k := u.At(c, l.row)
		if k < 0 {
			continue
		}
		from, to := k, k+1
		if len(c.Lists) > 0 {
			from, to = c.List(k)
		}
		line := old.Data[old.Offset(l.row):old.Offset(l.row+1)]
		for ; from < to; from++ {
			spells := l.spells
			switch c.Type {
			case wire.Type_INT64:
				text = strconv.AppendInt(text[:0], c.Int(from), 10)
			case wire.Type_IP:
				text = c.Addr(from).AppendTo(text[:0])
				spells = l.is
			default:
				text = strconv.AppendFloat(text[:0], c.Float(from), 'f', -1, 64)
			}
			if l.withheld || spells(line, text) {
				hidden[l.row] = true
			}
		}
	}
	if len(hidden) == 0 {
		return c
	}
	return clearRows(c, rows, hidden)
}

// leastSecret is the length from which a number equal to masked text is taken for the secret itself; shorter
// ones are everywhere.
const leastSecret = 4

func (l *edited) spells(line, text []byte) bool {
	for _, e := range l.edits {
		secret := line[e.start:e.end]
		if len(secret) >= leastSecret && bytes.Contains(text, secret) || len(text) >= leastSecret && bytes.Contains(secret, text) {
			return true
		}
	}
	return false
}

// is says whether a text is all of something that was masked in the line.
func (l *edited) is(line, text []byte) bool {
	return slices.ContainsFunc(l.edits, func(e rowEdit) bool { return bytes.Equal(line[e.start:e.end], text) })
}

// clearRows takes the values of some rows out of a column; nil if none is left.
func clearRows(c *wire.Column, rows int, gone map[int]bool) *wire.Column {
	parts := make([]wire.Part, 0, 2*len(gone)+1)
	for from := 0; from < rows; {
		if gone[from] {
			parts = append(parts, wire.Part{Rows: 1})
			from++
			continue
		}
		to := from + 1
		for to < rows && !gone[to] {
			to++
		}
		parts = append(parts, wire.Part{Rows: to - from, Column: c.Slice(rows, from, to)})
		from = to
	}
	return wire.Concat(parts, nil)
}
