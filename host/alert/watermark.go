package alert

import (
	"time"

	"github.com/logcenter/logcenter/host/pipeline"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/wire"
)

// allowedLateness is how much later than others an event may come without being late for detectors.
const allowedLateness = time.Minute

// clock is how far event time has come with an entry of the event journal, in nanoseconds; 0 is nowhere. It follows
// from the entries up to there and nothing else, so that a replay comes to the same.
type clock int64

// after is event time behind one more entry: the newest @timestamp so far. An event counts as no newer than its
// receipt, so that a device whose clock is ahead does not close everybody's windows. A silent host tells the time
// itself; a start does not, as lines from before may be sent behind it.
func (c clock) after(e *pipeline.Entry) clock {
	if !e.Clock.IsZero() {
		return max(c, clock(e.Clock.UnixNano()))
	}
	rows := int(e.Batch.Rows)
	at, received := e.Batch.Column(uint32(ecs.Timestamp)), e.Batch.Column(uint32(ecs.EventIngested))
	if rows == 0 || at == nil || received == nil {
		return c
	}
	var cursor wire.Cursor
	at.Each(rows, func(row, k int) {
		if r := cursor.At(received, row); r >= 0 {
			c = max(c, clock(min(at.Nanos(k), received.Nanos(r))))
		}
	})
	return c
}

// resumed is until when something may have been missed, in nanoseconds, if an entry is the first behind that; else 0. A host
// was down until it said that it has started. Of entries that were gone before the detector came to see them, the first
// one that it sees behind them tells.
func (d *detector) resumed(e *pipeline.Entry) (at int64) {
	switch {
	case !e.Start.IsZero():
		return e.Start.UnixNano()
	case !d.gap:
		return 0
	case !e.Clock.IsZero():
		return e.Clock.UnixNano()
	}
	if received := e.Batch.Column(uint32(ecs.EventIngested)); received != nil {
		received.Each(int(e.Batch.Rows), func(_, k int) { at = max(at, received.Nanos(k)) })
	}
	return at
}

// watermark is what detectors are told.
func (c clock) watermark() time.Time { return time.Unix(0, int64(c)).Add(-allowedLateness) }
