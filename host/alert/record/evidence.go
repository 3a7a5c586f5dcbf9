package record

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/klauspost/compress/zstd"
	"google.golang.org/protobuf/proto"

	"github.com/logcenter/logcenter/host/rule/reason"
	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/query"
	"github.com/logcenter/logcenter/sdk/wire"
)

// Evidence is some of an alert's events, copied from the store once they are there. They are kept as the store hands
// them out, as batches, so that a query can be asked of them: a reader's scope. A body is zstd of one batch behind the
// other, each behind its length in 4 bytes (little endian).

// Events is the part of a store that evidence is taken from.
type Events interface {
	Scan(ctx context.Context, s store.Scope, r store.ScanRequest) iter.Seq2[store.ScanBatch, error]
}

const (
	evidenceWanted = "wanted"
	evidenceTaken  = "taken"
	evidenceNone   = "none"

	alertsAtOnce  = 200 // whose events one scan looks for
	idsAtOnce     = 2000
	evidenceBytes = 256 << 10 // of one alert, before compression
	// Events come to the store within seconds; after these tries they will not.
	evidenceSpan = 10 * time.Minute
)

// wanted is an alert whose events are looked for.
type wanted struct {
	seq      int64
	ids      []string
	from     time.Time // the earliest @timestamp of the events
	recorded int64
	found    []*wire.Batch // one event each
	bytes    int
}

// collect takes the evidence of some alerts. more says that others are waiting; next is when to try again, zero: when
// something is raised.
func (l *Ledger) collect(ctx context.Context) (more bool, next time.Time, err error) {
	var list []*wanted
	err = l.view(ctx, func(tx *sql.Tx) error {
		list, next, err = l.wanted(ctx, tx)
		return err
	})
	if err != nil || len(list) == 0 {
		return false, next, err
	}
	if err := l.search(ctx, list); err != nil {
		return false, next, err
	}
	type finished struct{ taken, partial, none int64 }
	var n finished
	err = l.update(ctx, func(tx *sql.Tx) error {
		n = finished{}
		for _, w := range list {
			now := l.now()
			late := now.Sub(time.Unix(0, w.recorded)) > evidenceSpan
			switch {
			case len(w.found) == len(w.ids), late && len(w.found) > 0, w.bytes >= evidenceBytes:
				if n.taken++; len(w.found) < len(w.ids) {
					n.partial++
				}
				err = l.keep(ctx, tx, w)
			case late:
				n.none++
				err = l.settle(ctx, tx, w.seq, evidenceNone)
			default: // later and later
				again := now.Add(max(time.Second, now.Sub(time.Unix(0, w.recorded))/2))
				if next.IsZero() || again.Before(next) {
					next = again
				}
				_, err = tx.ExecContext(ctx, "UPDATE record SET evidence_due = ? WHERE seq = ?", again.UnixNano(), w.seq)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		l.counters.taken.Add(n.taken)
		l.counters.partial.Add(n.partial)
		l.counters.none.Add(n.none)
	}
	return len(list) == alertsAtOnce, next, err
}

func (l *Ledger) wanted(ctx context.Context, tx *sql.Tx) (list []*wanted, next time.Time, err error) {
	now := l.now().UnixNano()
	ids := 0
	err = each(ctx, tx, func(scan func(...any) error) error {
		w := &wanted{}
		var (
			due  int64
			body []byte
			a    wire.Alert
		)
		if err := scan(&w.seq, &w.recorded, &due, &body); err != nil {
			return err
		}
		if due > now {
			if at := time.Unix(0, due); next.IsZero() || at.Before(next) {
				next = at
			}
			return nil
		}
		if err := proto.Unmarshal(body, &a); err != nil {
			return err
		}
		w.ids = sample(a.EventIds, l.o.Sample)
		w.from = reason.EventsFrom(a.Type, time.Unix(0, a.FirstNs))
		if ids += len(w.ids); len(list) == 0 || ids <= idsAtOnce {
			list = append(list, w)
		}
		return nil
	}, "SELECT seq, recorded, evidence_due, body FROM record WHERE evidence = 'wanted' ORDER BY evidence_due LIMIT ?", alertsAtOnce)
	return list, next, err
}

// sample is most of the ids, the first and the last among them, the others evenly between.
func sample(ids []string, most int) []string {
	most = max(2, min(most, 100))
	if len(ids) <= most {
		return unique(ids)
	}
	out := make([]string, most)
	for i := range out {
		out[i] = ids[i*(len(ids)-1)/(most-1)]
	}
	return unique(out)
}

func unique(ids []string) []string {
	out := make([]string, 0, len(ids))
	for _, id := range ids {
		if !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	return out
}

// search looks for the events of all alerts in one scan.
func (l *Ledger) search(ctx context.Context, list []*wanted) error {
	by := map[string][]*wanted{}
	var nodes []query.Node
	from := list[0].from
	for _, w := range list {
		if w.from.Before(from) {
			from = w.from
		}
		for _, id := range w.ids {
			if by[id] == nil {
				nodes = append(nodes, &query.Term{Field: query.Field{Name: ecs.EventID.Name()}, Value: id, Quoted: true})
			}
			by[id] = append(by[id], w)
		}
	}
	n := nodes[0]
	if len(nodes) > 1 {
		n = &query.Or{Nodes: nodes}
	}
	sel := store.Selection{Query: n, From: from, To: reason.EventsUntil()}
	left := len(by)
	for b, err := range l.o.Events.Scan(ctx, store.Everything(), store.ScanRequest{Selection: sel}) {
		if err != nil {
			return fmt.Errorf("evidence: %w", err)
		}
		position := b.Batch.Column(uint32(ecs.LogcenterPosition))
		if position == nil {
			continue
		}
		for row := range int(b.Batch.Rows) {
			if !position.Has(row) {
				continue
			}
			id := store.EventID{Journal: b.Batch.Journal, Partition: b.Batch.Partition, Position: position.Int(position.Rank(row))}.String()
			if by[id] == nil {
				continue
			}
			one := single(b.Batch, row)
			for _, w := range by[id] {
				if size := one.SizeVT(); w.bytes+size <= evidenceBytes || len(w.found) == 0 {
					w.found, w.bytes = append(w.found, one), w.bytes+size
				} else {
					w.bytes = evidenceBytes // no room for more
				}
			}
			delete(by, id)
			left--
		}
		if left == 0 {
			break
		}
	}
	return nil
}

// single is a batch of one row, with memory of its own.
func single(b *wire.Batch, row int) *wire.Batch {
	out := &wire.Batch{Rows: 1, Journal: b.Journal, Partition: b.Partition}
	for _, c := range b.Columns {
		if c = c.Gather(int(b.Rows), []int32{int32(row)}); c != nil {
			out.Columns = append(out.Columns, c.Compact()) // else values of other events would come with it
		}
	}
	return proto.Clone(out).(*wire.Batch)
}

var (
	encoder, _ = zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	decoder, _ = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(64<<20))
)

// keep writes the evidence of an alert, with what it tells of the alert's device.
func (l *Ledger) keep(ctx context.Context, tx *sql.Tx, w *wanted) error {
	var raw []byte
	var first store.Event
	for _, b := range w.found {
		text, err := b.MarshalVT()
		if err != nil {
			return err
		}
		raw = append(binary.LittleEndian.AppendUint32(raw, uint32(len(text))), text...)
		if first == nil {
			first = store.EventAt(b, 0)
		}
	}
	if _, err := tx.ExecContext(ctx, "INSERT OR REPLACE INTO record_evidence VALUES (?, ?, ?)", w.seq, len(w.found), encoder.EncodeAll(raw, nil)); err != nil {
		return err
	}
	device := ""
	for _, name := range deviceFields {
		if v := text(first[name]); v != "" && device == "" {
			device = v
		}
	}
	_, err := tx.ExecContext(ctx, `UPDATE record SET device = coalesce(nullif(device, ''), ?), dataset = coalesce(nullif(dataset, ''), ?),
		device_rule = coalesce(nullif(device_rule, ''), ?) WHERE seq = ?`, device, text(first["event.dataset"]), text(first["rule.id"]), w.seq)
	if err != nil {
		return err
	}
	return l.settle(ctx, tx, w.seq, evidenceTaken)
}

func text(v any) string {
	if list, ok := v.([]any); ok && len(list) > 0 {
		v = list[0]
	}
	if v == nil {
		return ""
	}
	return cut(fmt.Sprint(v), maxIndexed)
}

func (l *Ledger) settle(ctx context.Context, tx *sql.Tx, seq int64, state string) error {
	done, err := tx.ExecContext(ctx, "UPDATE record SET evidence = ?, evidence_due = NULL WHERE seq = ?", state, seq)
	if err != nil {
		return err
	}
	if n, err := done.RowsAffected(); n == 0 || err != nil { // retention has removed it
		return err
	}
	return l.change(ctx, tx, Change{At: l.now(), record: seq, What: ChangeEvidence, Value: state})
}

// evidenceOf reads the evidence of an alert; none if there is none.
func evidenceOf(ctx context.Context, tx *sql.Tx, seq int64) (out []*wire.Batch, err error) {
	var body []byte
	err = tx.QueryRowContext(ctx, "SELECT body FROM record_evidence WHERE record = ?", seq).Scan(&body)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	raw, err := decoder.DecodeAll(body, nil)
	if err != nil {
		return nil, fmt.Errorf("evidence of alert %d: %w", seq, err)
	}
	for len(raw) > 0 {
		if len(raw) < 4 || len(raw)-4 < int(binary.LittleEndian.Uint32(raw)) {
			return nil, fmt.Errorf("evidence of alert %d ends in the middle of an event", seq)
		}
		n := int(binary.LittleEndian.Uint32(raw))
		b := &wire.Batch{}
		if err := b.UnmarshalVT(raw[4 : 4+n]); err != nil {
			return nil, fmt.Errorf("evidence of alert %d: %w", seq, err)
		}
		if err := b.Validate(uint32(ecs.Message)); err != nil {
			return nil, fmt.Errorf("evidence of alert %d: %w", seq, err)
		}
		out, raw = append(out, b), raw[4+n:]
	}
	return out, nil
}
