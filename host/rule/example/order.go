package example

import (
	"cmp"
	"slices"
	"time"

	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/wire"
)

// inOrder is a copy of a finished batch with its rows as they came in: those of one parser are together there.
func inOrder(b *wire.Batch) *wire.Batch {
	order := make([]int32, b.Rows)
	for i := range order {
		order[i] = int32(i)
	}
	if c := b.Column(uint32(ecs.LogcenterPosition)); c != nil && len(c.Present) == 0 {
		slices.SortStableFunc(order, func(x, y int32) int { return cmp.Compare(c.Int(int(x)), c.Int(int(y))) })
	}
	return gather(b, order)
}

func gather(b *wire.Batch, order []int32) *wire.Batch {
	out := &wire.Batch{Rows: uint32(len(order)), Journal: b.Journal, Partition: b.Partition}
	for _, c := range b.Columns {
		if o := c.Gather(int(b.Rows), order); o != nil {
			out.Columns = append(out.Columns, own(o))
		}
	}
	return out
}

// own is a column whose memory is nobody else's.
func own(c *wire.Column) *wire.Column {
	c.Values, c.Data, c.Dict = slices.Clone(c.Values), slices.Clone(c.Data), slices.Clone(c.Dict)
	c.Present, c.Lists, c.Origin = slices.Clone(c.Present), slices.Clone(c.Lists), slices.Clone(c.Origin)
	return c
}

// apart cuts a batch where the second changes, so that what time decides is decided between two events.
func apart(b *wire.Batch) (out []*wire.Batch) {
	for from := 0; from < int(b.Rows); {
		to := from + 1
		for to < int(b.Rows) && received(b, to).Unix() == received(b, from).Unix() {
			to++
		}
		order := make([]int32, 0, to-from)
		for row := from; row < to; row++ {
			order = append(order, int32(row))
		}
		out = append(out, gather(b, order))
		from = to
	}
	return out
}

// received is when a row came in; an example's events come when they happen.
func received(b *wire.Batch, row int) time.Time {
	c := b.Column(uint32(ecs.EventIngested))
	return time.Unix(0, c.Nanos(c.Rank(row))).UTC()
}

// timeOf is when the events of a batch came in, of which there is one at least.
func timeOf(b *wire.Batch) time.Time { return received(b, 0) }
