package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"path/filepath"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/logcenter/logcenter/host/archive"
	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/wire"
)

// errCame means that events came while a partition was archived: they are not in the archive yet.
var errCame = errors.New("events came while it was archived; the next round archives them")

// dropTimeout bounds how long appending waits for a drop.
const dropTimeout = time.Minute

// move archives a partition and drops it from the store.
func (k *Keeper) move(ctx context.Context, p store.Partition, progress func(Status)) error {
	k.note(func(s *Status) { s.Doing, s.Done, s.Of = "archiving "+p.ID, 0, p.Events })
	if k.o.Destination == nil {
		if err := k.drop(ctx, p, -1); err != nil {
			return err
		}
		k.o.Log.WithFields(logrus.Fields{"partition": p.ID, "events": p.Events}).Info("dropped: its online time is over, and there is no archive")
		return nil
	}
	a, err := k.Archive(ctx)
	if err != nil {
		return err
	}
	var seen int64
	events := k.scan(ctx, p, &seen)
	if parts := a.Of(p.Class, p.Day); len(parts) > 0 {
		events = k.missing(ctx, a, parts, events)
	}
	begun := time.Now()
	m, err := a.Add(ctx, archive.AddRequest{
		Class: p.Class, Day: p.Day, Years: k.o.Policy.Class(p.Class).ArchiveYears, Format: k.o.Format, Program: k.o.Program,
		Events: events, Staging: k.staging(),
		Progress: func(done, _ int64) {
			k.note(func(s *Status) { s.Done = done })
			if progress != nil {
				progress(k.Status())
			}
		},
	})
	if err != nil {
		return err
	}
	if m != nil {
		k.o.Log.WithFields(logrus.Fields{
			"partition": m.Name(), "events": m.Events, "raw_bytes": m.RawBytes, "bytes": m.Bytes(), "took": time.Since(begun).Round(time.Millisecond),
		}).Info("archived and read back")
		k.note(func(s *Status) { s.Archived++; s.ArchivedBytes += m.Bytes() })
		if progress != nil {
			progress(k.Status())
		}
	}
	return k.drop(ctx, p, seen)
}

// scan hands out a partition's events and counts them.
func (k *Keeper) scan(ctx context.Context, p store.Partition, seen *int64) iter.Seq2[*wire.Batch, error] {
	return func(yield func(*wire.Batch, error) bool) {
		*seen = 0
		for b, err := range k.o.Store.Scan(ctx, store.Everything(), store.ScanRequest{Partition: p.ID}) {
			if err != nil {
				yield(nil, err)
				return
			}
			*seen += int64(b.Batch.Rows)
			if !yield(b.Batch, nil) {
				return
			}
		}
	}
}

// drop removes a partition that has as many events as are in the archive; -1: whatever it has. Nothing is appended
// meanwhile, and events never leave a partition one by one: the same number is the same events.
func (k *Keeper) drop(ctx context.Context, p store.Partition, archived int64) error {
	ctx, cancel := context.WithTimeout(ctx, dropTimeout)
	defer cancel()
	k.still.Lock()
	defer k.still.Unlock()
	parts, err := k.partitions(ctx)
	if err != nil {
		return err
	}
	for _, now := range parts {
		if now.ID != p.ID {
			continue
		}
		if archived >= 0 && now.Events != archived {
			return fmt.Errorf("%w: %d of %d", errCame, now.Events-archived, now.Events)
		}
		if err := k.o.Store.DropPartition(ctx, p.ID); err != nil {
			return err
		}
		k.note(func(s *Status) { s.Dropped++ })
	}
	return nil
}

// place orders events of a partition as scans do.
type place struct {
	source   string
	time     int64
	position int64
}

func (p place) less(o place) bool {
	switch {
	case p.source != o.source:
		return p.source < o.source
	case p.time != o.time:
		return p.time < o.time
	default:
		return p.position < o.position
	}
}

// places are those of a batch's rows.
func places(b *wire.Batch) []place {
	out := make([]place, b.Rows)
	source := store.EventID{Journal: b.Journal, Partition: b.Partition}.Source()
	for i := range out {
		out[i].source = source
	}
	for _, c := range b.Columns {
		switch columnName(c) {
		case "@timestamp":
			c.Each(len(out), func(row, n int) { out[row].time = c.Nanos(n) })
		case "logcenter.position":
			c.Each(len(out), func(row, n int) { out[row].position = c.Int(n) })
		}
	}
	return out
}

// archived walks the events of one part.
type archived struct {
	next   func() (*wire.Batch, error, bool)
	places []place
	ended  bool
}

// has says whether an event is in the part; asked for in order.
func (a *archived) has(p place) (bool, error) {
	for {
		for len(a.places) > 0 && a.places[0].less(p) {
			a.places = a.places[1:]
		}
		if len(a.places) > 0 {
			return a.places[0] == p, nil
		}
		if a.ended {
			return false, nil
		}
		b, err, ok := a.next()
		if err != nil {
			return false, err
		}
		if !ok {
			a.ended = true
			return false, nil
		}
		a.places = places(b)
	}
}

// missing leaves the events that no part has: a drop that did not happen, or events that came late. Stores and archives
// scan in the same order, so that both are walked side by side.
func (k *Keeper) missing(ctx context.Context, a *archive.Archive, parts []archive.Partition, events iter.Seq2[*wire.Batch, error]) iter.Seq2[*wire.Batch, error] {
	return func(yield func(*wire.Batch, error) bool) {
		walks := make([]*archived, len(parts))
		for i, p := range parts {
			next, stop := iter.Pull2(a.Events(ctx, p.Name(), filepath.Join(k.o.Work, fmt.Sprintf("part-%d", p.Part)), nil))
			defer stop()
			walks[i] = &archived{next: next}
		}
		for b, err := range events {
			if err != nil {
				yield(nil, err)
				return
			}
			if !yieldMissing(b, walks, yield) {
				return
			}
		}
	}
}

func yieldMissing(b *wire.Batch, walks []*archived, yield func(*wire.Batch, error) bool) bool {
	from := 0 // of the run of rows that are missing
	for row, p := range places(b) {
		there := false
		for _, w := range walks {
			has, err := w.has(p)
			if err != nil {
				yield(nil, err)
				return false
			}
			there = there || has
		}
		if there {
			if from < row && !yield(b.Slice(from, row), nil) {
				return false
			}
			from = row + 1
		}
	}
	return from >= int(b.Rows) || yield(b.Slice(from, int(b.Rows)), nil)
}

func columnName(c *wire.Column) string {
	if c.Field != 0 {
		return ecs.Field(c.Field).Name()
	}
	return c.Name
}
