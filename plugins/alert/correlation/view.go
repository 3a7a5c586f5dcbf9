package main

import (
	"cmp"
	"encoding/binary"
	"math"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/wire"
)

// view reads values of the batch at hand.
type view struct {
	b       *wire.Batch
	origin  uint16
	rows    []mark   // when and where each row happened
	receipt []int64  // when each was received, ns since 1970; else when it happened
	ahead   []uint64 // rows of clocks that are ahead, a bit each; none if no row is
	arrival arrival
	message *wire.Column
	columns []*wire.Column // by field
	ranks   []ranks        // by field
	value   []byte
	key     []byte
}

// ranks are those of a column that was asked for.
type ranks struct {
	wire.Ranks
	made bool
}

func (v *view) reset(b *wire.Batch, origin uint16) {
	v.b, v.origin = b, origin
	clear(v.columns)
	for i := range v.ranks {
		v.ranks[i].made = false
	}
	for _, c := range b.Columns {
		for len(v.columns) <= int(c.Field) {
			v.columns, v.ranks = append(v.columns, nil), append(v.ranks, ranks{})
		}
		v.columns[c.Field] = c
	}
	v.columns[0] = nil
	v.message = v.column(ecs.Message)
	v.marks()
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

func (v *view) column(f ecs.Field) *wire.Column {
	if int(f) < len(v.columns) {
		return v.columns[f]
	}
	return nil
}

// at is the column of a field and the index of row's value in it, -1 if it has none.
func (v *view) at(f ecs.Field, row int) (*wire.Column, int) {
	c := v.column(f)
	if c == nil {
		return nil, -1
	}
	r := &v.ranks[f]
	if !r.made {
		r.made = true
		r.Reset(c)
	}
	return c, r.At(row)
}

// clockSkew is how far ahead of the time of receipt a device's clock is believed.
const clockSkew = int64(5 * time.Minute)

// marks notes when and where the events of all rows happened. A time in the future is taken for the time of receipt: one wrong
// clock must not hold a window open for years.
func (v *view) marks() {
	received, at, position := v.typed(ecs.EventIngested, wire.Type_TIMESTAMP), v.typed(ecs.Timestamp, wire.Type_TIMESTAMP), v.typed(ecs.LogcenterPosition, wire.Type_INT64)
	v.rows, v.receipt, v.ahead = v.rows[:0], v.receipt[:0], v.ahead[:0]
	for row := range int(v.b.Rows) {
		m := mark{position: -1}
		if received != nil {
			if _, k := v.at(ecs.EventIngested, row); k >= 0 {
				m.at = received.Nanos(k)
			}
		}
		came := m.at
		if at != nil {
			if _, k := v.at(ecs.Timestamp, row); k >= 0 {
				if t := at.Nanos(k); m.at == 0 || t <= m.at+clockSkew {
					m.at = t
				} else {
					v.setAhead(row)
				}
			}
		}
		v.receipt = append(v.receipt, cmp.Or(came, m.at))
		if position != nil {
			if _, k := v.at(ecs.LogcenterPosition, row); k >= 0 {
				m.position = position.Int(k)
			}
		}
		v.rows = append(v.rows, m)
	}
	v.arrival.of(v.rows)
}

func (v *view) setAhead(row int) {
	if words := (int(v.b.Rows) + 63) / 64; len(v.ahead) < words {
		v.ahead = slices.Grow(v.ahead, words)[:words]
		clear(v.ahead)
	}
	v.ahead[row>>6] |= 1 << (row & 63)
}

// isAhead says whether the event of a row counts as of its receipt, because it says that it happened long behind that.
func (v *view) isAhead(row int) bool { return len(v.ahead) > 0 && v.ahead[row>>6]&(1<<(row&63)) != 0 }

// typed is the column of a field if it is of a type.
func (v *view) typed(f ecs.Field, t wire.Type) *wire.Column {
	if c := v.column(f); c != nil && c.Type == t {
		return c
	}
	return nil
}

// entry is the event of a row.
func (v *view) entry(row int) entry {
	return entry{mark: v.rows[row], tag: tag{origin: v.origin}}
}

// keys calls use with the key of a row in a part of a rule: the value of its field, or the values of its fields, each with
// its length. With a list among them there are several. It says false if a value is missing. The key is valid until use returns.
func (v *view) keys(p *part, row int, use func(key []byte)) bool {
	v.key = v.key[:0]
	for i, f := range p.by {
		c, k := v.at(f, row)
		if k < 0 {
			return false
		}
		from, to := k, k+1
		if len(c.Lists) > 0 {
			if from, to = c.List(k); to-from > mostElements {
				to = from + mostElements
			}
		}
		if from == to {
			return false
		}
		if to-from == 1 {
			v.key = v.component(v.key, c, from, row, p, i)
			continue
		}
		// The other fields are the same for each element.
		head := len(v.key)
		for e := from; e < to; e++ {
			v.key = v.component(v.key[:head], c, e, row, p, i)
			for j := i + 1; j < len(p.by); j++ {
				c, k := v.at(p.by[j], row)
				if k < 0 {
					return false
				}
				v.key = v.component(v.key, c, k, row, p, j)
			}
			use(v.key)
		}
		return true
	}
	use(v.key)
	return true
}

// mostElements of a list count.
const mostElements = 64

// component appends the i-th value of a key of a part, with its length if there are others. Addresses stay bytes: most keys are
// looked up and never shown.
func (v *view) component(dst []byte, c *wire.Column, k, row int, p *part, i int) []byte {
	one := len(p.by) == 1
	if c.Type == wire.Type_IP && !p.text[i] {
		if !one {
			dst = append(dst, addressBytes)
		}
		return append(dst, c.IP16(k)...)
	}
	if one {
		return v.appendOne(dst, c, k, row)
	}
	v.value = v.appendOne(v.value[:0], c, k, row)
	dst = binary.AppendUvarint(dst, uint64(len(v.value)))
	return append(dst, v.value...)
}

const addressBytes = 16

// number is what an aggregate looks at: the bits of a float, or the hash of a value whose different ones are counted.
func (v *view) number(r *rule, row int) (bits uint64, ok bool) {
	c, k := v.at(r.value, row)
	if k < 0 {
		return 0, false
	}
	switch {
	case r.aggregate == distinct:
		if v.value, ok = v.append(v.value[:0], r.value, row); !ok {
			return 0, false
		}
		return hash(v.value), true
	case len(c.Lists) > 0:
		return 0, false
	case c.Type == wire.Type_INT64:
		return math.Float64bits(float64(c.Int(k))), true
	case c.Type == wire.Type_DOUBLE:
		return math.Float64bits(c.Float(k)), !math.IsNaN(c.Float(k))
	default:
		return 0, false
	}
}

// hash is FNV-1a with its bits mixed once more (the finalizer of MurmurHash3). It is part of the snapshot.
func hash(b []byte) uint64 {
	h := uint64(0xcbf29ce484222325)
	for _, c := range b {
		h = (h ^ uint64(c)) * 0x100000001b3
	}
	h = (h ^ h>>33) * 0xff51afd7ed558ccd
	return h ^ h>>33
}

// shown is the i-th value of a key of a part as text, and the rest of the key.
func shown(key []byte, p *part, i int) (text string, rest []byte) {
	v := key
	if len(p.by) > 1 {
		n, k := binary.Uvarint(key)
		v, rest = key[k:k+int(n)], key[k+int(n):]
	}
	if a, ok := netip.AddrFromSlice(v); ok && p.by[i].Type() == ecs.IP && !p.text[i] {
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

// origins numbers the raw journals and partitions that events come from, of which there are few.
type origins []origin

type origin struct {
	journal   string
	partition uint32
}

func (o *origins) number(journal string, partition uint32) uint16 {
	x := origin{journal, partition}
	if i := slices.Index(*o, x); i >= 0 {
		return uint16(i)
	}
	if len(*o) == math.MaxUint16 { // each journal is a host that was set up anew
		*o = (*o)[:math.MaxUint16-1]
	}
	x.journal = strings.Clone(journal) // the batch's memory is used again
	*o = append(*o, x)
	return uint16(len(*o) - 1)
}

// eventID is the event.id of an event: journal, partition, entry offset, row, and its ordinal among the events
// of its line if that is not the first.
func (o origins) eventID(number uint16, position int64) string {
	b := append([]byte(o[number].journal), '-')
	b = append(strconv.AppendUint(b, uint64(o[number].partition), 10), '-')
	b = append(strconv.AppendInt(b, position>>24, 10), '-')
	b = strconv.AppendInt(b, position>>8&0xffff, 10)
	if o := position & 0xff; o != 0 {
		b = strconv.AppendInt(append(b, '-'), o, 10)
	}
	return string(b)
}
