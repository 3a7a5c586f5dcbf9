package backtest

import (
	"slices"
	"unsafe"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/wire"
)

func wireType(f ecs.Field) wire.Type { return sdk.WireType(f.Type()) }

func sortDays(days []string) { slices.Sort(days) } // yyyy-MM-dd

// put appends a value of a column to another one. Keywords go through a dictionary, as those of live batches do: a
// detector then looks at each value once a batch.
func put(w *wire.Builder, row int, c *wire.Column, k int, f ecs.Field) {
	if c.Type != w.Type() || f.Info().List != (len(c.Lists) > 0) {
		return // it was stored while the field was declared otherwise
	}
	if len(c.Lists) == 0 {
		putOne(w, row, c, k, f)
		return
	}
	for from, to := c.List(k); from < to; from++ {
		putOne(w, row, c, from, f)
	}
}

func putOne(w *wire.Builder, row int, c *wire.Column, k int, f ecs.Field) {
	switch c.Type {
	case wire.Type_STRING:
		v := c.Bytes(k)
		if f.Type() == ecs.Text {
			w.Copy(row, v, 0, 0)
			return
		}
		w.Text(row, unsafe.String(unsafe.SliceData(v), len(v))) // the builder copies it
	case wire.Type_INT64:
		w.Int(row, c.Int(k))
	case wire.Type_DOUBLE:
		w.Float(row, c.Float(k))
	case wire.Type_BOOL:
		w.Bool(row, c.Bool(k))
	case wire.Type_IP:
		w.IP(row, [16]byte(c.IP16(k)))
	case wire.Type_TIMESTAMP:
		w.Nanos(row, c.Nanos(k))
	case wire.Type_GEO:
		lat, lon := c.Point(k)
		w.Point(row, lat, lon)
	}
}

// span is the time of the earliest and of the latest event of a batch, none later than its receipt.
func span(b *wire.Batch) (first, last int64) {
	at, received := b.Column(uint32(ecs.Timestamp)), b.Column(uint32(ecs.EventIngested))
	if at == nil {
		return 0, 0
	}
	first, last = 1<<63-1, -1<<63
	var cursor wire.Cursor
	at.Each(int(b.Rows), func(row, k int) {
		t := at.Nanos(k)
		if received != nil {
			if r := cursor.At(received, row); r >= 0 {
				t = min(t, received.Nanos(r))
			}
		}
		first, last = min(first, t), max(last, t)
	})
	return first, last
}
