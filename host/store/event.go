package store

import (
	"net/netip"
	"time"

	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/wire"
)

// EventAt is one row of a finished batch as an [Event]. It copies what it returns.
func EventAt(b *wire.Batch, row int) Event {
	ev := Event{}
	message := b.Column(uint32(ecs.Message))
	for _, c := range b.Columns {
		if !c.Has(row) {
			continue
		}
		name := c.Name
		if c.Field != 0 {
			name = ecs.Field(c.Field).Name()
		}
		k := c.Rank(row)
		if c.Field == uint32(ecs.LogcenterPosition) {
			ev["event.id"] = EventID{Journal: b.Journal, Partition: b.Partition, Position: c.Int(k)}.String()
			continue
		}
		if len(c.Lists) == 0 {
			ev[name] = ValueAt(c, k, row, message)
			continue
		}
		from, to := c.List(k)
		list := make([]any, 0, to-from)
		for ; from < to; from++ {
			list = append(list, ValueAt(c, from, row, message))
		}
		ev[name] = list
	}
	return ev
}

// ValueAt is the k-th value of a column as an [Event] has it; row and message are for spans.
func ValueAt(c *wire.Column, k, row int, message *wire.Column) any {
	switch c.Type {
	case wire.Type_INT64:
		return c.Int(k)
	case wire.Type_DOUBLE:
		return c.Float(k)
	case wire.Type_BOOL:
		return c.Bool(k)
	case wire.Type_IP:
		return c.Addr(k)
	case wire.Type_TIMESTAMP:
		return time.Unix(0, c.Nanos(k)).UTC()
	case wire.Type_GEO:
		lat, lon := c.Point(k)
		return GeoPoint{lat, lon}
	default:
		return string(c.Text(k, row, message))
	}
}

// SetValue sets a value of an event, or an element of a list, in a column that is being built: the reverse of [EventAt].
// Texts that recur become entries of a dictionary. It returns false for a type that [Event] does not have.
func SetValue(w *wire.Builder, row int, recurring bool, v any) bool {
	switch v := v.(type) {
	case string:
		if recurring {
			w.Text(row, v)
		} else {
			w.Copy(row, []byte(v), 0, 0)
		}
	case int64:
		w.Int(row, v)
	case float64:
		w.Float(row, v)
	case bool:
		w.Bool(row, v)
	case netip.Addr:
		w.IP(row, v.As16())
	case time.Time:
		w.Nanos(row, v.UnixNano())
	case GeoPoint:
		w.Point(row, v.Lat, v.Lon)
	default:
		return false
	}
	return true
}
