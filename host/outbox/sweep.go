package outbox

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/logcenter/logcenter/sdk/schema"
)

// sweepBatch bounds the rows that one transaction changes; the next sweep goes on.
const sweepBatch = 5000

// sweep gives up what is too old or too much, and forgets what is done. It asks first whether there is anything, as each
// change waits for the disk.
func (b *Outbox) sweep(ctx context.Context) error {
	now := b.o.Now()
	if now.Sub(b.lastSweep).Abs() < sweepEvery && b.added.Load() < sweepAdded {
		return nil
	}
	b.lastSweep = now
	b.added.Store(0)
	l := b.settings.Load().Limits
	var changes []change
	err := b.o.Store.View(ctx, func(tx *sql.Tx) (err error) {
		changes, err = surplus(ctx, tx, l, now)
		return err
	})
	if err != nil || len(changes) == 0 {
		return err
	}
	counts := make([]int64, len(changes))
	err = b.o.Store.Update(ctx, func(tx *sql.Tx) error {
		for i, c := range changes {
			done, err := tx.ExecContext(ctx, c.text, c.args...)
			if err == nil {
				counts[i], err = done.RowsAffected()
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for i, c := range changes {
		if c.givesUp {
			b.counters.expired.Add(counts[i])
			b.o.Log.Errorf("%d deliveries of alerts are given up: %s; `logcenter outbox list --state dead` has them", counts[i], c.why)
		} else if c.why != "" {
			b.counters.forgotten.Add(counts[i])
			b.o.Log.Warnf("%d deliveries of alerts that were given up are forgotten: %s", counts[i], c.why)
		}
	}
	return nil
}

// change is a statement of a sweep.
type change struct {
	givesUp bool
	why     string // for the log; "" is not told
	text    string
	args    []any
}

// surplus are the changes that it takes to keep the limits.
func surplus(ctx context.Context, tx *sql.Tx, l Limits, now time.Time) (changes []change, err error) {
	var old, dead, delivered, done int64
	err = tx.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM outbox_delivery WHERE state = 'waiting' AND since < ?),
		(SELECT count(*) FROM outbox_delivery WHERE state = 'dead'), (SELECT count(*) FROM outbox_delivery WHERE state = 'delivered'),
		EXISTS (SELECT 1 FROM outbox_delivery WHERE state = 'delivered' AND ended < ?)`,
		now.Add(-l.GiveUp).UnixNano(), now.Add(-l.Keep).UnixNano()).Scan(&old, &dead, &delivered, &done)
	if err != nil {
		return nil, err
	}
	const kill = `UPDATE outbox_delivery SET state = 'dead', ended = ?, reason = ? || CASE reason WHEN '' THEN '' ELSE '; last: ' || reason END WHERE id IN (`
	if old > 0 {
		why := "not delivered within " + schema.FormatDuration(l.GiveUp)
		changes = append(changes, change{true, why, kill + "SELECT id FROM outbox_delivery WHERE state = 'waiting' AND since < ? LIMIT ?)", []any{now.UnixNano(), why, now.Add(-l.GiveUp).UnixNano(), sweepBatch}})
	}
	full, err := counts(ctx, tx, "SELECT channel, count(*) FROM outbox_delivery WHERE state = 'waiting' GROUP BY channel HAVING count(*) > ?", l.MaxWaiting)
	if err != nil {
		return nil, err
	}
	for channel, n := range full {
		why := fmt.Sprintf("more than %d wait for the channel", l.MaxWaiting)
		changes = append(changes, change{true, channel + ": " + why, kill + "SELECT id FROM outbox_delivery WHERE channel = ? AND state = 'waiting' ORDER BY id LIMIT ?)", []any{now.UnixNano(), why, channel, min(n-int64(l.MaxWaiting), sweepBatch)}})
	}
	const remove = "DELETE FROM outbox_delivery WHERE id IN (SELECT id FROM outbox_delivery WHERE state = ? ORDER BY ended LIMIT ?)"
	if more := dead - int64(l.MaxDead); more > 0 {
		changes = append(changes, change{false, fmt.Sprintf("more than %d are kept", l.MaxDead), remove, []any{Dead, min(more, sweepBatch)}})
	}
	if more := delivered - maxDelivered; more > 0 {
		changes = append(changes, change{text: remove, args: []any{Delivered, min(more, sweepBatch)}})
	}
	if done > 0 {
		changes = append(changes, change{text: "DELETE FROM outbox_delivery WHERE id IN (SELECT id FROM outbox_delivery WHERE state = 'delivered' AND ended < ? LIMIT ?)", args: []any{now.Add(-l.Keep).UnixNano(), sweepBatch}})
	}
	return changes, nil
}

// counts are the rows of a query of two columns, a name and a number.
func counts(ctx context.Context, tx *sql.Tx, query string, args ...any) (map[string]int64, error) {
	rows, err := tx.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	out := map[string]int64{}
	for rows.Next() {
		var name string
		var n int64
		if err := rows.Scan(&name, &n); err != nil {
			return nil, err
		}
		out[name] = n
	}
	return out, rows.Err()
}
