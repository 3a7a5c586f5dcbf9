// Package redrive has events handled again that could not be handled, once the cause is mended.
//
// The one idea: a redrive is an input like any other. The record that the hold kept is appended to the raw journal as
// it came, under the input that it came by, and goes the way of all records: parsed, masked, stored. What becomes of it
// is a new event that names the old one in logcenter.redriven_from; if it cannot be handled again, there is a new dead
// letter.
//
// Nothing is redriven twice: a letter that was is marked, durably, and what a crash cut off between the journal and the
// mark is recognised by the idempotency key of its append when it is asked for again. A line of several events is
// handled again as a whole, and so for the letters of all of them.
package redrive

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/logcenter/logcenter/host/deadletter"
	"github.com/logcenter/logcenter/host/hold"
	"github.com/logcenter/logcenter/host/input"
	"github.com/logcenter/logcenter/host/pipeline"
	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/wire"
)

const (
	// together is how many records are appended at once and then marked: the journal syncs them as one group.
	together = 64
	// maxWait is how long a record waits for a journal that is full or cannot write.
	maxWait = 10 * time.Second
	// keyScope is who the idempotency keys belong to. No token has this name.
	keyScope = "\x00redrive"
)

// ErrNotReady means that a plugin could not handle the events now.
var ErrNotReady = errors.New("it is too early to redrive")

// Redriver redrives the letters of one host. Safe for concurrent use; redrives run one after the other.
type Redriver struct {
	Letters *deadletter.List
	Hold    *hold.Hold
	Intake  *input.Intake
	// Ready says why the plugin of a letter could not handle its event now; nil is always.
	Ready func(plugin string) error

	turn sync.Mutex
}

// Request says what to redrive.
type Request struct {
	EventIDs []string          // of letters; empty: those that Filter selects
	Filter   deadletter.Filter // the zero value selects all
	DryRun   bool              // only count
}

// Result counts letters.
type Result struct {
	Selected int
	Redriven int      // given to the pipeline again; of a dry run: that would be
	Already  int      // redriven before: left alone
	NotHeld  int      // whose record is not in the hold, or not any more
	Failed   int      // whose record could not be written; they can be redriven again
	Unknown  []string // asked for by event id, and in no letter
	Err      error    // why some failed; nil if none did
}

// Redrive redrives what is selected, oldest letter first. An error means that nothing was done.
func (r *Redriver) Redrive(ctx context.Context, q Request) (*Result, error) {
	r.turn.Lock()
	defer r.turn.Unlock()
	res := &Result{}
	var letters []deadletter.Letter
	if len(q.EventIDs) > 0 {
		letters, res.Unknown = r.Letters.Get(q.EventIDs)
	} else {
		letters = r.Letters.Select(q.Filter)
	}
	res.Selected = len(letters)
	wanted, plugins := map[string]bool{}, map[string]bool{}
	for i := range letters {
		switch l := &letters[i]; {
		case !l.Redriven.IsZero():
			res.Already++
		case !r.Hold.Has(l.Held):
			res.NotHeld++
		default:
			wanted[l.EventID] = true
			plugins[l.Plugin] = true
		}
	}
	for _, id := range slices.Sorted(maps.Keys(plugins)) {
		if r.Ready == nil || id == "" {
			continue
		}
		if err := r.Ready(id); err != nil { // else its events would pass it by, for good
			return nil, fmt.Errorf("%w: %w", ErrNotReady, err)
		}
	}
	if q.DryRun || len(wanted) == 0 {
		res.Redriven = len(wanted)
		return res, nil
	}
	return res, r.redrive(ctx, wanted, res)
}

func (r *Redriver) redrive(ctx context.Context, wanted map[string]bool, res *Result) error {
	var group []record
	lines := r.lines()
	err := r.Hold.Each(func(h hold.Record) error {
		if !wanted[h.EventID] { // a batch that was handled again after a crash kept its records again
			return nil
		}
		delete(wanted, h.EventID)
		rec, err := decode(h)
		if err != nil {
			res.Failed, res.Err = res.Failed+1, err
			return nil
		}
		group = append(group, rec)
		if len(group) < together {
			return nil
		}
		err = r.give(ctx, group, lines, res)
		group = group[:0]
		return err
	})
	if err == nil {
		err = r.give(ctx, group, lines, res)
		group = nil
	}
	switch {
	case err == nil:
		res.NotHeld += len(wanted)
		return nil
	case res.Redriven == 0:
		return err
	default:
		res.Err = err
		res.Failed += len(wanted) + len(group)
		return nil
	}
}

// lines are the ids of the letters that were not redriven, by the line of their events.
func (r *Redriver) lines() map[string][]string {
	of := map[string][]string{}
	letters := r.Letters.Select(deadletter.Filter{})
	for i := range letters {
		if l := &letters[i]; l.Redriven.IsZero() {
			of[line(l.EventID)] = append(of[line(l.EventID)], l.EventID)
		}
	}
	return of
}

// give appends records to the raw journal side by side and marks the letters of those lines that are durable there.
func (r *Redriver) give(ctx context.Context, rs []record, lines map[string][]string, res *Result) error {
	errs := make([]error, len(rs))
	var all sync.WaitGroup
	for i := range rs {
		all.Go(func() { errs[i] = r.append(ctx, &rs[i]) })
	}
	all.Wait()
	var done []string
	appended := 0
	var failed error // the first; they fail alike
	for i, err := range errs {
		if err == nil {
			appended++
			done = append(done, lines[line(rs[i].eventID)]...)
		} else if failed == nil {
			failed = err
		}
	}
	slices.Sort(done) // two events of one line are in it twice
	if err := r.Letters.MarkRedriven(slices.Compact(done), time.Now().UTC()); err != nil {
		res.Failed += len(rs)
		return fmt.Errorf("dead letters: %w", err)
	}
	res.Redriven += appended
	res.Failed += len(rs) - appended
	return failed
}

func (r *Redriver) append(ctx context.Context, rec *record) error {
	ctx, cancel := context.WithTimeout(ctx, maxWait)
	defer cancel()
	_, err := r.Intake.Append(ctx, rec.batch, rec.key)
	return err
}

// record is what goes into the raw journal of an event.
type record struct {
	eventID string
	batch   *wire.Batch
	key     input.Key
}

// decode checks what was held as the pipeline will, which stops at what it cannot read.
func decode(h hold.Record) (rec record, err error) {
	raw, err := pipeline.NewRaw("hold", 0, 0, [][]byte{h.Batch})
	if err != nil {
		return rec, fmt.Errorf("the record of %s: %w", h.EventID, err)
	}
	if raw.Batch.Rows != 1 {
		return rec, fmt.Errorf("the record of %s has %d lines", h.EventID, raw.Batch.Rows)
	}
	key, err := input.NewKey(keyScope, line(h.EventID), 0)
	from(raw.Batch, h.EventID)
	return record{h.EventID, raw.Batch, key}, err
}

// from has a record say which event it was.
func from(b *wire.Batch, eventID string) {
	field := ecs.LogcenterRedrivenFrom
	kept := b.Columns[:0]
	for _, c := range b.Columns {
		if c.Name != field.Name() {
			kept = append(kept, c)
		}
	}
	c := &wire.Column{Field: uint32(field), Name: field.Name(), Type: wire.Type_STRING, Encoding: wire.Encoding_DICT, Count: 1, Width: 1}
	c.Values, c.Data = []byte{0}, []byte(eventID)
	c.Dict = binary.LittleEndian.AppendUint32([]byte{0, 0, 0, 0}, uint32(len(eventID)))
	b.Columns = append(kept, c)
}

// line is the id of the first event of an event's line: a line is handled again as a whole.
func line(eventID string) string {
	id, err := store.ParseEventID(eventID)
	if err != nil {
		return eventID
	}
	id.Position &^= 0xff
	return id.String()
}

// Record makes what the hold needs of an event that was finished, and so is masked already. ok is false for an event
// without a line.
func Record(ev store.Event) (batch []byte, ok bool) {
	text := func(f ecs.Field) string { s, _ := ev[f.Name()].(string); return s }
	r := input.Record{
		Input: text(ecs.LogcenterInput), Timezone: text(ecs.EventTimezone), Address: text(ecs.LogSourceAddress),
		Path: text(ecs.LogFilePath), Text: text(ecs.Message),
	}
	r.Received, ok = ev[ecs.EventIngested.Name()].(time.Time)
	if !ok || strings.TrimSpace(r.Text) == "" {
		return nil, false
	}
	r.Tags = texts(ev[ecs.Tags.Name()])
	for _, mark := range texts(ev[ecs.LogcenterFlags.Name()]) {
		r.Mark |= input.MarkOf(mark)
	}
	batch, err := r.Batch().MarshalVT()
	return batch, err == nil
}

func texts(v any) (out []string) {
	list, _ := v.([]any)
	for _, e := range list {
		if s, ok := e.(string); ok {
			out = append(out, s)
		}
	}
	return out
}
