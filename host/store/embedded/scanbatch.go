package embedded

import (
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/wire"
)

// batchBuilder makes a batch out of the Arrow records of a query, column by column.
type batchBuilder struct {
	cols  []*columnBuilder
	keep  func(string) bool
	limit int // rows at most
	n     int
	extra map[string]*wire.Builder // undeclared fields

	lastTime, lastPosition int64
}

// columnBuilder gathers one column; see wire.Column for what its parts are.
type columnBuilder struct {
	column
	count, elems                 int
	present, values, data, lists []byte
}

func newBatchBuilder(cols []column, limit int, keep func(string) bool) *batchBuilder {
	b := &batchBuilder{keep: keep, limit: limit, extra: map[string]*wire.Builder{}}
	for _, c := range cols {
		cb := &columnBuilder{column: c, present: make([]byte, (limit+7)/8)}
		if c.Kind == kindString {
			cb.values = make([]byte, 4)
		}
		b.cols = append(b.cols, cb)
	}
	return b
}

// add appends the rows of a record whose columns are those of the builder.
func (b *batchBuilder) add(rec arrow.RecordBatch) error {
	rows := int(rec.NumRows())
	if rows == 0 {
		return nil
	}
	for i, c := range b.cols {
		var err error
		arr := rec.Column(i)
		switch c.Name {
		case colSource, colOffset:
			continue
		case colFlattened:
			err = b.undeclared(arr)
		default:
			err = c.add(arr, b.n)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", c.Name, err)
		}
		if ints, ok := arr.(*array.Int64); ok {
			switch c.Name {
			case fieldTime:
				b.lastTime = ints.Value(rows - 1)
			case fieldPosition:
				b.lastPosition = ints.Value(rows - 1)
			}
		}
	}
	b.n += rows
	return nil
}

func (c *columnBuilder) add(arr arrow.Array, at int) error {
	list, isList := arr.(*array.List)
	for i := range arr.Len() {
		if arr.IsNull(i) {
			continue
		}
		row := at + i
		if isList {
			from, to := list.ValueOffsets(i)
			if from == to {
				continue
			}
			c.lists = binary.LittleEndian.AppendUint32(c.lists, uint32(c.elems))
			c.elems += int(to - from)
		}
		c.present[row>>3] |= 1 << (row & 7)
		c.count++
	}
	if isList {
		for i := range list.Len() {
			if list.IsNull(i) {
				continue
			}
			from, to := list.ValueOffsets(i)
			if err := c.addValues(list.ListValues(), int(from), int(to)); err != nil {
				return err
			}
		}
		return nil
	}
	return c.addValues(arr, 0, arr.Len())
}

// addValues appends the values that are there among [from, to).
func (c *columnBuilder) addValues(arr arrow.Array, from, to int) error {
	switch arr := arr.(type) {
	case *array.String:
		if c.Kind == kindIP {
			return c.addIPs(arr, from, to)
		}
		for i := from; i < to; i++ {
			if arr.IsValid(i) {
				c.data = append(c.data, arr.Value(i)...)
				c.values = binary.LittleEndian.AppendUint32(c.values, uint32(len(c.data)))
			}
		}
	case *array.Int64:
		for i := from; i < to; i++ {
			if arr.IsValid(i) {
				c.values = binary.LittleEndian.AppendUint64(c.values, uint64(arr.Value(i)))
			}
		}
	case *array.Float64:
		for i := from; i < to; i++ {
			if arr.IsValid(i) {
				c.values = binary.LittleEndian.AppendUint64(c.values, math.Float64bits(arr.Value(i)))
			}
		}
	case *array.Boolean:
		for i := from; i < to; i++ {
			if arr.IsValid(i) {
				c.values = append(c.values, 0)
				if arr.Value(i) {
					c.values[len(c.values)-1] = 1
				}
			}
		}
	default:
		return fmt.Errorf("values of Arrow type %s were not expected", arr.DataType())
	}
	return nil
}

// addIPs reads the text of UUIDs, which is how DuckDB hands them out in Arrow.
func (c *columnBuilder) addIPs(arr *array.String, from, to int) error {
	var digits [32]byte
	for i := from; i < to; i++ {
		if !arr.IsValid(i) {
			continue
		}
		n := 0
		for _, d := range []byte(arr.Value(i)) {
			if d != '-' && n < len(digits) {
				digits[n] = d
				n++
			}
		}
		var err error
		if c.values, err = hex.AppendDecode(c.values, digits[:n]); err != nil || n != len(digits) {
			return fmt.Errorf("%q is not 16 bytes", arr.Value(i))
		}
	}
	return nil
}

func (b *batchBuilder) undeclared(arr arrow.Array) error {
	texts, ok := arr.(*array.String)
	if !ok {
		return fmt.Errorf("values of Arrow type %s were not expected", arr.DataType())
	}
	for i := range texts.Len() {
		if texts.IsNull(i) {
			continue
		}
		var m map[string][]string
		if err := json.Unmarshal([]byte(texts.Value(i)), &m); err != nil {
			return err
		}
		for name, vals := range m {
			if b.keep != nil && !b.keep(name) {
				continue
			}
			w := b.extra[name]
			if w == nil {
				w = &wire.Builder{}
				w.Reset(wire.Type_STRING, true, b.limit, nil, nil)
				b.extra[name] = w
			}
			for _, v := range vals {
				w.Copy(b.n+i, []byte(v), 0, 0)
			}
		}
	}
	return nil
}

// finish is the batch; the builder is used up.
func (b *batchBuilder) finish() (*wire.Batch, error) {
	out := &wire.Batch{Rows: uint32(b.n)}
	for i, c := range b.cols {
		if c.count == 0 || strings.HasSuffix(c.Name, suffixLat) {
			continue
		}
		col := &wire.Column{
			Name: baseName(c.Name), Type: kinds[c.Kind].wire, Count: uint32(c.count), Values: c.values, Data: c.data,
			Present: c.present[:(b.n+7)/8],
		}
		if c.count == b.n {
			col.Present = nil
		}
		if c.Kind == kindInt {
			col.Width = 8
		}
		if c.List {
			col.Lists = binary.LittleEndian.AppendUint32(c.lists, uint32(c.elems))
		}
		if strings.HasSuffix(c.Name, suffixLon) { // its latitudes come before it: columns are sorted
			lat := b.cols[i-1]
			if lat.count != c.count {
				return nil, fmt.Errorf("%s: %d latitudes and %d longitudes", col.Name, lat.count, c.count)
			}
			col.Type, col.Values = wire.Type_GEO, nil
			for k := 0; k < len(c.values); k += 8 {
				col.Values = append(append(col.Values, lat.values[k:k+8]...), c.values[k:k+8]...)
			}
		}
		if f, ok := ecs.Lookup(col.Name); ok {
			col.Field = uint32(f)
		}
		out.Columns = append(out.Columns, col)
	}
	names := make([]string, 0, len(b.extra))
	for name := range b.extra {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		c := b.extra[name].Finish(0)
		c.Name = name
		if c.Present = c.Present[:min(len(c.Present), (b.n+7)/8)]; int(c.Count) == b.n {
			c.Present = nil
		}
		out.Columns = append(out.Columns, c)
	}
	return out, nil
}
