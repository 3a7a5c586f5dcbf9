package rollout

import (
	"bytes"
	"encoding/binary"

	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/wire"
)

// way is how the two versions relate in one value.
type way int

const (
	equal way = iota
	onlyOld
	onlyNew
	changed
	ways
)

var wayNames = [ways]string{"equal", "only_old", "only_new", "changed"}

// diff counts values of one field.
type diff struct {
	n       [ways]int64
	samples []Sample
	shown   [ways]int
}

// outcome is what one batch made of the comparison: ways by field, and rows to show.
type outcome struct {
	counts map[uint32]*[ways]int64
	show   []candidate
}

// candidate is a row that may be shown.
type candidate struct {
	row   int
	field uint32
	way   way
}

// compare looks at what two versions answered to the same rows. wanted says whether another row of a field and way
// would be shown; at most a few of a batch are.
func compare(rows int, message *wire.Column, a, b *wire.Result, masker bool, wanted func(field uint32, w way) bool) *outcome {
	o := &outcome{counts: map[uint32]*[ways]int64{}}
	if masker {
		o.edits(a, b, wanted)
		return o
	}
	for _, list := range [...][]*wire.Column{a.Columns, b.Columns} {
		for _, c := range list {
			if o.counts[c.Field] == nil {
				o.counts[c.Field] = &[ways]int64{}
				o.field(c.Field, rows, message, a.Column(c.Field), b.Column(c.Field), wanted)
			}
		}
	}
	return o
}

// perBatch bounds the rows of one field and way that are shown of one batch.
const perBatch = 2

func (o *outcome) field(f uint32, rows int, message *wire.Column, a, b *wire.Column, wanted func(uint32, way) bool) {
	n := o.counts[f]
	if a != nil && b != nil && same(a, b) { // nearly always
		n[equal] = int64(a.Count)
		return
	}
	var ua, ub wire.Cursor
	var va, vb []byte
	shown := [ways]int{}
	for row := range rows {
		ka, kb := -1, -1
		if a != nil {
			ka = ua.At(a, row)
		}
		if b != nil {
			kb = ub.At(b, row)
		}
		w := equal
		switch {
		case ka < 0 && kb < 0:
			continue
		case kb < 0:
			w = onlyOld
		case ka < 0:
			w = onlyNew
		default:
			va, vb = value(va[:0], a, ka, row, message), value(vb[:0], b, kb, row, message)
			if !bytes.Equal(va, vb) {
				w = changed
			}
		}
		n[w]++
		if w != equal && shown[w] < perBatch && wanted(f, w) {
			shown[w]++
			o.show = append(o.show, candidate{row, f, w})
		}
	}
}

// same says whether columns are alike to the byte.
func same(a, b *wire.Column) bool {
	return a.Type == b.Type && a.Encoding == b.Encoding && a.Count == b.Count && a.Width == b.Width && a.Separator == b.Separator &&
		bytes.Equal(a.Present, b.Present) && bytes.Equal(a.Values, b.Values) && bytes.Equal(a.Data, b.Data) &&
		bytes.Equal(a.Lists, b.Lists) && bytes.Equal(a.Dict, b.Dict)
}

// value appends the k-th value of a column in a form that is the same for equal values, however they are encoded.
func value(to []byte, c *wire.Column, k, row int, message *wire.Column) []byte {
	from, end := k, k+1
	if len(c.Lists) > 0 {
		from, end = c.List(k)
	}
	to = append(to, byte(c.Type))
	for ; from < end; from++ {
		switch c.Type {
		case wire.Type_STRING:
			t := c.Text(from, row, message)
			to = append(binary.LittleEndian.AppendUint32(to, uint32(len(t))), t...)
		case wire.Type_INT64:
			to = binary.LittleEndian.AppendUint64(to, uint64(c.Int(from)))
		case wire.Type_BOOL:
			to = append(to, c.Values[from])
		case wire.Type_IP, wire.Type_GEO:
			to = append(to, c.Values[16*from:16*from+16]...)
		default:
			to = append(to, c.Values[8*from:8*from+8]...)
		}
	}
	return to
}

// edits compares what two maskers hide, by field: a row counts once.
func (o *outcome) edits(a, b *wire.Result, wanted func(uint32, way) bool) {
	ea, eb := editsOf(a), editsOf(b)
	for f := range ea {
		if eb[f] == nil {
			eb[f] = map[int][]byte{}
		}
	}
	for f, now := range eb {
		n, shown := &[ways]int64{}, [ways]int{}
		o.counts[f] = n
		see := func(row int, w way) {
			n[w]++
			if w != equal && shown[w] < perBatch && wanted(f, w) {
				shown[w]++
				o.show = append(o.show, candidate{row, f, w})
			}
		}
		for row, was := range ea[f] {
			switch is, ok := now[row]; {
			case !ok:
				see(row, onlyOld)
			case bytes.Equal(was, is):
				see(row, equal)
			default:
				see(row, changed)
			}
		}
		for row := range now {
			if _, ok := ea[f][row]; !ok {
				see(row, onlyNew)
			}
		}
	}
}

// editsOf are the edits of a result by field and row, each row's as bytes that are the same for equal ones.
func editsOf(r *wire.Result) map[uint32]map[int][]byte {
	fields := map[uint32]map[int][]byte{}
	for _, e := range r.Edits {
		rows := fields[e.Field]
		if rows == nil {
			rows = map[int][]byte{}
			fields[e.Field] = rows
		}
		for i := range e.Len() {
			row, start, end, with := e.EditAt(i)
			b := binary.LittleEndian.AppendUint32(rows[row], uint32(start))
			b = binary.LittleEndian.AppendUint32(b, uint32(end))
			rows[row] = append(append(b, e.Replacements[with]...), 0)
		}
	}
	return fields
}

// name is how reports call a field.
func name(f uint32) string { return ecs.Field(f).Name() }
