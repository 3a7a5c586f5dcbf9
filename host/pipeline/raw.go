package pipeline

import (
	"encoding/binary"
	"fmt"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/wire"
)

// Position is where an event comes from: bits of the raw entry's offset, the row in it, and the ordinal
// among the events of one line.
func Position(offset uint64, row, ordinal int) int64 {
	return int64(offset<<24 | uint64(row)<<8 | uint64(ordinal))
}

// Raw is a run of raw journal entries taken as one batch.
type Raw struct {
	Journal   string
	Partition uint32
	From, To  uint64      // offsets of the entries
	Batch     *wire.Batch // the records of all of them, in order
	rows      []int       // of each entry
}

// NewRaw makes a batch of the bodies of consecutive entries from offset from on. It aliases bodies. An
// entry that cannot be read is an error that says which: the journal's checksums passed, so it was written
// by another version or a defect.
func NewRaw(journal string, partition uint32, from uint64, bodies [][]byte) (*Raw, error) {
	r := &Raw{Journal: journal, Partition: partition, From: from, To: from + uint64(len(bodies)) - 1}
	batches := make([]*wire.Batch, len(bodies))
	for i, body := range bodies {
		b := &wire.Batch{}
		if err := decodeBatch(b, body); err != nil {
			return nil, fmt.Errorf("raw journal %s, entry %d: %w", journal, from+uint64(i), err)
		}
		if b.Column(id(ecs.Message)) == nil && b.Rows > 0 {
			return nil, fmt.Errorf("raw journal %s, entry %d has no lines", journal, from+uint64(i))
		}
		batches[i] = b
		r.rows = append(r.rows, int(b.Rows))
	}
	r.Batch = concatBatches(batches)
	return r, nil
}

// decodeBatch decodes a batch from a journal and puts this process's field handles into it. The journal's checksum
// says that it is what a host wrote, whose texts were checked when they came in.
func decodeBatch(b *wire.Batch, body []byte) error {
	if err := b.UnmarshalVTUnsafe(body); err != nil {
		return err
	}
	for _, c := range b.Columns {
		f, ok := ecs.Lookup(c.Name)
		if !ok || sdk.WireType(f.Type()) != c.Type || c.Count > 0 && f.Info().List != (len(c.Lists) > 0) {
			f = 0 // a field nobody declares any more, or as another type; it keeps its name
		}
		c.Field = id(f)
	}
	return b.ValidateBounds(id(ecs.Message))
}

// concatBatches puts batches one behind the other.
func concatBatches(bs []*wire.Batch) *wire.Batch {
	if len(bs) == 1 {
		return bs[0]
	}
	out := &wire.Batch{}
	for _, b := range bs {
		out.Rows += b.Rows
	}
	var message *wire.Column
	for _, b := range bs {
		if m := b.Column(id(ecs.Message)); m != nil { // an entry without rows may lack it
			message = concatColumn(bs, m, nil)
			break
		}
	}
	seen := map[string]bool{}
	for _, b := range bs {
		for _, c := range b.Columns {
			key := c.Name
			if c.Field != 0 {
				key = ecs.Field(c.Field).Name()
			}
			if seen[key] {
				continue
			}
			seen[key] = true
			if c.Field == id(ecs.Message) {
				out.Columns = append(out.Columns, message)
				continue
			}
			if c = concatColumn(bs, c, message); c != nil {
				out.Columns = append(out.Columns, c)
			}
		}
	}
	return out
}

func concatColumn(bs []*wire.Batch, like, message *wire.Column) *wire.Column {
	parts := make([]wire.Part, len(bs))
	for i, b := range bs {
		parts[i].Rows = int(b.Rows)
		for _, c := range b.Columns {
			// Nobody checked the type of fields that are not declared.
			if c.Field == like.Field && (c.Field != 0 || c.Name == like.Name && c.Type == like.Type && (len(c.Lists) > 0) == (len(like.Lists) > 0)) {
				parts[i].Column = c
			}
		}
	}
	if like.Field == id(ecs.Message) {
		return joinLines(parts)
	}
	return wire.Concat(parts, message)
}

// joinLines is Concat for lines, whose separators stay.
func joinLines(parts []wire.Part) *wire.Column {
	rows, size := 0, 0
	for _, p := range parts {
		rows += p.Rows
		if p.Rows > 0 {
			size += p.Column.Offset(p.Rows) - p.Column.Offset(0)
		}
	}
	o := &wire.Column{Field: id(ecs.Message), Type: wire.Type_STRING, Count: uint32(rows), Separator: 1}
	o.Values = binary.LittleEndian.AppendUint32(make([]byte, 0, 4*rows+4), 0)
	o.Data = make([]byte, 0, size)
	for _, p := range parts {
		if p.Rows == 0 {
			continue
		}
		c := p.Column
		first := c.Offset(0)
		shift := len(o.Data) - first
		for k := 1; k <= p.Rows; k++ {
			o.Values = binary.LittleEndian.AppendUint32(o.Values, uint32(c.Offset(k)+shift))
		}
		o.Data = append(o.Data, c.Data[first:c.Offset(p.Rows)]...)
	}
	return o
}

// RawOf is a run of one entry that was never in a journal, for benchmarks.
func RawOf(journal string, offset uint64, b *wire.Batch) *Raw {
	return &Raw{Journal: journal, From: offset, To: offset, Batch: b, rows: []int{int(b.Rows)}}
}
