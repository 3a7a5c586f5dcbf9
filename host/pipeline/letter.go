package pipeline

import (
	"time"

	"github.com/logcenter/logcenter/host/deadletter"
	"github.com/logcenter/logcenter/host/hold"
	"github.com/logcenter/logcenter/host/plugin"
	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/wire"
)

// Why an event is a dead letter.
const (
	deadLetter = "dead_letter" // a plugin says that nothing can be made of it
	poison     = "poison"      // a plugin does not survive it; it is stored without what the plugin would have done
	withheld   = "withheld"    // masking failed; it is stored without its text
)

func (w *work) eventID(row int) string {
	return store.EventID{Journal: w.raw.Journal, Partition: w.raw.Partition, Position: w.position(row)}.String()
}

func (w *work) position(row int) int64 { return w.batch.Column(id(ecs.LogcenterPosition)).Int(row) }

// keep remembers the record of a row for the hold, as it came.
func (w *work) keep(row int, m *plugin.Manifest, reason string) {
	if w.r.hold == nil {
		return
	}
	eventID := w.eventID(row)
	if _, ok := w.heldAt[eventID]; ok {
		return
	}
	if record, err := w.raw.record(w.position(row)); err == nil {
		if w.heldAt == nil {
			w.heldAt = map[string]int{}
		}
		w.heldAt[eventID] = len(w.held)
		w.held = append(w.held, hold.Record{EventID: eventID, Reason: m.Label() + ": " + reason, Batch: record})
	}
}

// record is the record of a position as a batch of its own, encoded.
func (r *Raw) record(position int64) ([]byte, error) {
	row := int(position >> 8 & 0xffff)
	for i := range int(uint64(position>>24) - r.From) {
		row += r.rows[i]
	}
	b := &wire.Batch{Rows: 1}
	for _, c := range r.Batch.Columns {
		one := c.Slice(int(r.Batch.Rows), row, row+1)
		if one == nil {
			continue
		}
		g := one.Gather(1, []int32{0}).Compact()
		if g.Name == "" {
			g.Name = ecs.Field(g.Field).Name()
		}
		b.Columns = append(b.Columns, g)
	}
	return b.MarshalVT()
}

// holdBack puts what keep remembered into the hold. A hold that fails costs no event: the letter says so.
func (w *work) holdBack() error {
	if len(w.held) == 0 {
		return nil
	}
	return w.r.hold.Keep(w.held)
}

// bury makes the dead letter of a row; its text is masked by now. refused is why records could not be held.
func (w *work) bury(f failure, refused error) {
	w.r.DeadLetters.Add(1)
	m := w.message()
	d := deadletter.Letter{EventID: w.eventID(f.row), Reason: f.letter, Message: f.message, Text: string(m.Text(f.row, f.row, m))}
	d.Stage, d.Plugin, d.Version = f.kind, f.m.ID, f.m.Version
	if c := w.batch.Column(id(ecs.EventIngested)); c != nil && c.Has(f.row) {
		d.Time = time.Unix(0, c.Nanos(c.Rank(f.row))).UTC()
	}
	for _, v := range []struct {
		f  ecs.Field
		to *string
	}{{ecs.LogcenterInput, &d.Input}, {ecs.LogSourceAddress, &d.Address}, {ecs.HostName, &d.Host}} {
		if c := w.batch.Column(id(v.f)); c != nil && c.Has(f.row) {
			*v.to = string(c.Text(c.Rank(f.row), f.row, m))
		}
	}
	if i, ok := w.heldAt[d.EventID]; ok {
		d.Held = w.held[i].Time
	}
	if d.Held.IsZero() && refused != nil {
		d.Message += "; it cannot be redriven, as it could not be held: " + refused.Error()
	}
	w.dead = append(w.dead, d)
}
