package embedded

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/wire"
)

// entry is one batch in the tail: the store's own copy of its columns, as they came. They become Arrow arrays
// when a query or a flush needs them, and then only those needed.
type entry struct {
	offset  uint64
	source  string
	rows    int
	raw     int64 // bytes of message
	size    int64 // bytes held
	message *wire.Column
	times   []int64 // @timestamp
	minTime int64
	maxTime int64
	// minIngested is the oldest event.ingested.
	minIngested int64

	fields map[string]*wire.Column // declared fields by name
	extra  []*wire.Column          // undeclared ones
}

var wireTypes = map[ecs.Type]wire.Type{
	ecs.Keyword: wire.Type_STRING, ecs.Text: wire.Type_STRING, ecs.Long: wire.Type_INT64, ecs.Double: wire.Type_DOUBLE,
	ecs.Boolean: wire.Type_BOOL, ecs.IP: wire.Type_IP, ecs.Date: wire.Type_TIMESTAMP, ecs.GeoPoint: wire.Type_GEO,
}

// newEntry copies a batch. A column whose type is not the declared one is kept as an undeclared field.
func newEntry(offset uint64, b *wire.Batch) (*entry, error) {
	e := &entry{
		offset: offset, rows: int(b.Rows), fields: make(map[string]*wire.Column, len(b.Columns)),
		source: store.EventID{Journal: b.Journal, Partition: b.Partition}.Source(),
	}
	if b.Journal == "" {
		return nil, fmt.Errorf("batch of entry %d names no journal", offset)
	}
	n := 0
	for _, c := range b.Columns {
		n += len(c.Present) + len(c.Values) + len(c.Data) + len(c.Lists) + len(c.Dict)
	}
	arena := make([]byte, 0, n)
	keep := func(p []byte) []byte {
		if len(p) == 0 {
			return nil
		}
		at := len(arena)
		arena = append(arena, p...)
		return arena[at:len(arena):len(arena)]
	}
	for _, c := range b.Columns {
		info := ecs.Field(c.Field).Info()
		if c.Field == 0 {
			if f, ok := ecs.Lookup(c.Name); ok {
				info = f.Info()
			}
		}
		own := &wire.Column{
			Field: c.Field, Name: c.Name, Type: c.Type, Encoding: c.Encoding, Count: c.Count, Width: c.Width, Separator: c.Separator,
			Present: keep(c.Present), Values: keep(c.Values), Data: keep(c.Data), Lists: keep(c.Lists), Dict: keep(c.Dict),
		}
		switch {
		case c.Count == 0 && b.Rows > 0:
		case info.Name != "" && wireTypes[info.Type] == c.Type && (info.List || len(c.Lists) == 0):
			e.fields[info.Name] = own
		default:
			if info.Name != "" {
				own.Name = info.Name
			}
			e.extra = append(e.extra, own)
		}
	}
	e.size = int64(n) + int64(8*e.rows) + 4096
	return e, e.check()
}

// check finds the columns that every event has.
func (e *entry) check() error {
	e.message = e.fields[fieldMessage]
	if e.message == nil || e.message.Encoding != wire.Encoding_PLAIN || int(e.message.Count) != e.rows {
		return fmt.Errorf("batch of entry %d has no message for every row", e.offset)
	}
	e.raw = int64(len(e.message.Data))
	if c := e.fields[fieldPosition]; c == nil || int(c.Count) != e.rows {
		return fmt.Errorf("batch of entry %d has no %s for every row", e.offset, fieldPosition)
	}
	delete(e.fields, fieldID)
	return e.clock()
}

// clock reads @timestamp; a row without one happened when it was received.
func (e *entry) clock() error {
	t, in := e.fields[fieldTime], e.fields[fieldIngested]
	if (t == nil || int(t.Count) != e.rows) && (in == nil || int(in.Count) != e.rows) {
		return fmt.Errorf("batch of entry %d has neither %s nor %s for every row", e.offset, fieldTime, fieldIngested)
	}
	e.times = make([]int64, e.rows)
	for _, c := range []*wire.Column{in, t} {
		if c != nil {
			c.Each(e.rows, func(row, k int) { e.times[row] = c.Nanos(k) })
		}
	}
	delete(e.fields, fieldTime)
	e.minTime, e.maxTime = math.MaxInt64, math.MinInt64
	for _, t := range e.times {
		e.minTime, e.maxTime = min(e.minTime, t), max(e.maxTime, t)
	}
	e.minIngested = slices.Min(e.ingested())
	return nil
}

// ingested is when a row was received: the day of its partition.
func (e *entry) ingested() []int64 {
	out := slices.Clone(e.times)
	if c := e.fields[fieldIngested]; c != nil {
		c.Each(e.rows, func(row, k int) { out[row] = c.Nanos(k) })
	}
	return out
}

// has says whether the entry may have values in a column.
func (e *entry) has(c column) bool {
	switch c.Name {
	case fieldTime, colSource, colOffset, colRow:
		return true
	case colFlattened:
		return len(e.extra) > 0
	}
	_, ok := e.fields[baseName(c.Name)]
	return ok
}

// baseName is the name of the field a column belongs to.
func baseName(col string) string {
	if n := len(col) - len(suffixLat); n > 0 && (col[n:] == suffixLat || col[n:] == suffixLon) {
		return col[:n]
	}
	return col
}

// into writes the entry's rows of v's column to v from row at on. index is the entry's place in the tail.
func (e *entry) into(v *vector, at, index int) {
	switch v.col.Name {
	case fieldTime:
		v.fillInts(e.times, at)
	case colSource:
		v.fillText(e.source, at, e.rows)
	case colOffset:
		v.fillInt(int64(e.offset), at, e.rows)
	case colRow:
		for i := range e.rows {
			binary.LittleEndian.PutUint64(v.fixed[8*(at+i):], uint64(index)<<32|uint64(i))
		}
		v.setAll(at, e.rows)
	case colFlattened:
		if len(e.extra) > 0 {
			v.fill(e.flattened(), nil, e.rows, at)
		}
	default:
		c := e.fields[baseName(v.col.Name)]
		switch {
		case c == nil:
		case c.Type == wire.Type_GEO:
			half := 0
			if v.col.Name[len(v.col.Name)-len(suffixLon):] == suffixLon {
				half = 1
			}
			v.fillHalf(c, half, e.rows, at)
		default:
			v.fill(c, e.message, e.rows, at)
		}
	}
}

// flattened renders the undeclared fields as a column of JSON objects.
func (e *entry) flattened() *wire.Column {
	out := &wire.Column{Type: wire.Type_STRING, Present: make([]byte, (e.rows+7)/8), Values: make([]byte, 4)}
	cursors := make([]wire.Cursor, len(e.extra))
	keys := make([][]byte, len(e.extra))
	for i, c := range e.extra {
		keys[i] = append(appendJSON(nil, []byte(c.Name)), ':', '[')
	}
	for row := range e.rows {
		open := false
		for i, c := range e.extra {
			k := cursors[i].At(c, row)
			if k < 0 {
				continue
			}
			if open {
				out.Data = append(out.Data, ',')
			} else {
				out.Data = append(out.Data, '{')
				open = true
			}
			out.Data = append(out.Data, keys[i]...)
			from, to := k, k+1
			if len(c.Lists) > 0 {
				from, to = c.List(k)
			}
			for ; from < to; from++ {
				out.Data = appendJSON(out.Data, appendValue(nil, c, from, row, e.message))
				out.Data = append(out.Data, ',')
			}
			if out.Data[len(out.Data)-1] == ',' {
				out.Data = out.Data[:len(out.Data)-1]
			}
			out.Data = append(out.Data, ']')
		}
		if open {
			out.Data = append(out.Data, '}')
			out.Present[row>>3] |= 1 << (row & 7)
			out.Count++
			out.Values = binary.LittleEndian.AppendUint32(out.Values, uint32(len(out.Data)))
		}
	}
	return out
}

func appendJSON(dst, s []byte) []byte {
	for _, c := range s {
		if c < 0x20 || c == '"' || c == '\\' || c == 0x7f {
			q, err := json.Marshal(string(s))
			if err != nil { // strings always marshal
				panic(err)
			}
			return append(dst, q...)
		}
	}
	dst = append(dst, '"')
	dst = append(dst, s...)
	return append(dst, '"')
}

// appendValue renders the k-th value of any column as text.
func appendValue(dst []byte, c *wire.Column, k, row int, message *wire.Column) []byte {
	switch c.Type {
	case wire.Type_STRING:
		return append(dst, c.Text(k, row, message)...)
	case wire.Type_INT64:
		return strconv.AppendInt(dst, c.Int(k), 10)
	case wire.Type_DOUBLE:
		return strconv.AppendFloat(dst, c.Float(k), 'g', -1, 64)
	case wire.Type_BOOL:
		return strconv.AppendBool(dst, c.Bool(k))
	case wire.Type_IP:
		return c.Addr(k).AppendTo(dst)
	case wire.Type_TIMESTAMP:
		return time.Unix(0, c.Nanos(k)).UTC().AppendFormat(dst, time.RFC3339Nano)
	default:
		lat, lon := c.Point(k)
		dst = strconv.AppendFloat(dst, lat, 'g', -1, 64)
		return strconv.AppendFloat(append(dst, ','), lon, 'g', -1, 64)
	}
}

// event is one row for people. keep says which fields; nil means all.
func (e *entry) event(row int, keep func(string) bool) store.Event {
	ev := store.Event{}
	for name, c := range e.fields {
		if keep != nil && !keep(name) || !c.Has(row) {
			continue
		}
		if v := goValue(c, row, e.message, ecsList(name)); v != nil {
			ev[name] = v
		}
	}
	for _, c := range e.extra {
		if keep != nil && !keep(c.Name) || !c.Has(row) {
			continue
		}
		k := c.Rank(row)
		from, to := k, k+1
		if len(c.Lists) > 0 {
			from, to = c.List(k)
		}
		var vals []any
		for ; from < to; from++ {
			vals = append(vals, string(appendValue(nil, c, from, row, e.message)))
		}
		if len(vals) == 1 {
			ev[c.Name] = vals[0]
		} else if len(vals) > 1 {
			ev[c.Name] = vals
		}
	}
	ev[fieldTime] = time.Unix(0, e.times[row]).UTC()
	ev[fieldID] = store.FormatEventID(e.source, e.position(row))
	return ev
}

func (e *entry) position(row int) int64 { return e.fields[fieldPosition].Int(row) }

func ecsList(name string) bool {
	f, ok := ecs.Lookup(name)
	return ok && f.Info().List
}

func goValue(c *wire.Column, row int, message *wire.Column, list bool) any {
	k := c.Rank(row)
	if !list {
		return store.ValueAt(c, k, row, message)
	}
	from, to := k, k+1
	if len(c.Lists) > 0 {
		from, to = c.List(k)
	}
	var out []any
	for ; from < to; from++ {
		out = append(out, store.ValueAt(c, from, row, message))
	}
	if out == nil {
		return nil
	}
	return out
}
