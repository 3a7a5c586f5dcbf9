package main

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/wire"
)

// view reads values of the batch at hand.
type view struct {
	b       *wire.Batch
	journal uint32
	message *wire.Column
	columns []*wire.Column // by field
	cursors []wire.Cursor
	value   []byte
}

func (v *view) reset(b *wire.Batch, journal uint32) {
	v.b, v.journal = b, journal
	clear(v.columns)
	for _, c := range b.Columns {
		for len(v.columns) <= int(c.Field) {
			v.columns, v.cursors = append(v.columns, nil), append(v.cursors, wire.Cursor{})
		}
		v.columns[c.Field] = c
	}
	v.columns[0] = nil
	v.message = v.column(ecs.Message)
}

// newest is when the last event of the batch was received, or the time of the last event of a batch that does
// not say.
func (v *view) newest() time.Time {
	for _, f := range []ecs.Field{ecs.EventIngested, ecs.Timestamp} {
		if c := v.column(f); c != nil && c.Type == wire.Type_TIMESTAMP && c.Count > 0 {
			at := c.Nanos(0)
			for k := range int(c.Count) {
				at = max(at, c.Nanos(k))
			}
			return time.Unix(0, at).UTC()
		}
	}
	return time.Unix(0, 0).UTC()
}

// rewind lets rows be read from the first one again.
func (v *view) rewind() { clear(v.cursors) }

func (v *view) column(f ecs.Field) *wire.Column {
	if int(f) < len(v.columns) {
		return v.columns[f]
	}
	return nil
}

// at is the column of a field and the index of row's value in it, -1 if it has none. Rows ascend.
func (v *view) at(f ecs.Field, row int) (*wire.Column, int) {
	c := v.column(f)
	if c == nil {
		return nil, -1
	}
	return c, v.cursors[f].At(c, row)
}

// clockSkew is how far ahead of the time of receipt a device's clock is believed.
const clockSkew = int64(5 * time.Minute)

// seen is when and where the event of a row happened. A time in the future is taken for the time of receipt:
// one wrong clock must not hold a window open for years.
func (v *view) seen(row int) seen {
	s := seen{position: -1, partition: v.b.Partition, journal: v.journal}
	received := int64(0)
	if c, k := v.at(ecs.EventIngested, row); k >= 0 && c.Type == wire.Type_TIMESTAMP {
		received = c.Nanos(k)
	}
	s.at = received
	if c, k := v.at(ecs.Timestamp, row); k >= 0 && c.Type == wire.Type_TIMESTAMP {
		if at := c.Nanos(k); received == 0 || at <= received+clockSkew {
			s.at = at
		}
	}
	if c, k := v.at(ecs.LogcenterPosition, row); k >= 0 && c.Type == wire.Type_INT64 {
		s.position = c.Int(k)
	}
	return s
}

// key appends the values of fields, each with its length; ok is false if one is missing. Addresses stay bytes:
// most keys are looked up and never shown.
func (v *view) key(dst []byte, fields []ecs.Field, row int) (key []byte, ok bool) {
	for _, f := range fields {
		if f.Type() == ecs.IP {
			c, k := v.at(f, row)
			if k < 0 || c.Type != wire.Type_IP || len(c.Lists) > 0 {
				return dst, false
			}
			dst = append(append(dst, addressBytes), c.IP16(k)...)
			continue
		}
		if v.value, ok = v.append(v.value[:0], f, row); !ok {
			return dst, false
		}
		dst = binary.AppendUvarint(dst, uint64(len(v.value)))
		dst = append(dst, v.value...)
	}
	return dst, true
}

const addressBytes = 16

// shown is a value of a key as text, and the rest of the key.
func shown(key []byte, f ecs.Field) (text string, rest []byte) {
	n, k := binary.Uvarint(key)
	v, rest := key[k:k+int(n)], key[k+int(n):]
	if a, ok := netip.AddrFromSlice(v); ok && f.Type() == ecs.IP {
		return a.Unmap().String(), rest
	}
	return string(v), rest
}

// maxValue bounds values in keys and alerts, in bytes.
const maxValue = 1024

// append appends the text of a value; of lists all elements.
func (v *view) append(dst []byte, f ecs.Field, row int) ([]byte, bool) {
	c, k := v.at(f, row)
	if k < 0 {
		return dst, false
	}
	if len(c.Lists) == 0 {
		return v.appendOne(dst, c, k, row), true
	}
	from, to := c.List(k)
	for i := from; i < to; i++ {
		if i > from {
			dst = append(dst, ", "...)
		}
		dst = v.appendOne(dst, c, i, row)
	}
	return dst, to > from
}

func (v *view) appendOne(dst []byte, c *wire.Column, k, row int) []byte {
	switch c.Type {
	case wire.Type_STRING:
		t := c.Text(k, row, v.message)
		if len(t) > maxValue {
			t = t[:maxValue]
			for len(t) > 0 && t[len(t)-1]&0xc0 == 0x80 { // no half characters
				t = t[:len(t)-1]
			}
			t = t[:max(0, len(t)-1)]
		}
		return append(dst, t...)
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
	}
	return dst
}

// journals numbers the ids of raw journals, of which there are few.
type journals []string

func (j *journals) number(id string) uint32 {
	if i := slices.Index(*j, id); i >= 0 {
		return uint32(i)
	}
	*j = append(*j, id)
	return uint32(len(*j) - 1)
}

// eventID is the event.id of an event: journal, partition, entry offset, row, and its ordinal among the events
// of its line if that is not the first.
func (j journals) eventID(s seen) string {
	b := append([]byte(j[s.journal]), '-')
	b = append(strconv.AppendUint(b, uint64(s.partition), 10), '-')
	b = append(strconv.AppendInt(b, s.position>>24, 10), '-')
	b = strconv.AppendInt(b, s.position>>8&0xffff, 10)
	if o := s.position & 0xff; o != 0 {
		b = strconv.AppendInt(append(b, '-'), o, 10)
	}
	return string(b)
}
