package outbox

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/logcenter/logcenter/host/route"
	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/wire"
)

// What an escalation says of the alert that it is about, in its fields.
const (
	FieldAlert      = "logcenter.alert"      // its id
	FieldEscalation = "logcenter.escalation" // name in the configuration, and for the how manieth time
)

// wait has an escalation wait for an alert, unless nobody has to take it up.
func (b *Outbox) wait(ctx context.Context, tx *sql.Tx, a *wire.Alert, e *route.Escalation, body []byte, now time.Time) error {
	if open, err := b.open(ctx, tx, a.Id); err != nil || !open {
		return err
	}
	_, err := tx.ExecContext(ctx, "INSERT INTO outbox_escalation (alert, name, told, due, body) VALUES (?, ?, 0, ?, ?) ON CONFLICT DO NOTHING",
		a.Id, e.Name, now.Add(e.After).UnixNano(), body)
	return err
}

func (b *Outbox) open(ctx context.Context, tx *sql.Tx, alert string) (bool, error) {
	if b.o.Open == nil {
		return true, nil
	}
	return b.o.Open(ctx, tx, alert)
}

// escalate tells of alerts that nobody has acknowledged in time. Whether somebody has is asked in the transaction that
// writes the deliveries down, so that none is added behind an acknowledgement.
func (b *Outbox) escalate(ctx context.Context) error {
	now := b.o.Now().UnixNano()
	for {
		var due int
		err := b.o.Store.View(ctx, func(tx *sql.Tx) error {
			return tx.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM outbox_escalation WHERE due <= ?)", now).Scan(&due)
		})
		if err != nil || due == 0 {
			return err
		}
		if err := b.o.Store.Update(ctx, func(tx *sql.Tx) error { return b.escalateSome(ctx, tx, now) }); err != nil {
			return err
		}
	}
}

// waiting is an escalation that waits for an alert.
type waiting struct {
	alert, name string
	told        int
	body        []byte
}

func (b *Outbox) escalateSome(ctx context.Context, tx *sql.Tx, now int64) error {
	list, err := dueEscalations(ctx, tx, now)
	for i := range list {
		err = errors.Join(err, b.escalateOne(ctx, tx, &list[i], time.Unix(0, now)))
	}
	return err
}

func dueEscalations(ctx context.Context, tx *sql.Tx, now int64) (list []waiting, err error) {
	rows, err := tx.QueryContext(ctx, "SELECT alert, name, told, body FROM outbox_escalation WHERE due <= ? ORDER BY due LIMIT ?", now, escalateMost)
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	for rows.Next() {
		var w waiting
		if err := rows.Scan(&w.alert, &w.name, &w.told, &w.body); err != nil {
			return nil, err
		}
		list = append(list, w)
	}
	return list, rows.Err()
}

func (b *Outbox) escalateOne(ctx context.Context, tx *sql.Tx, w *waiting, now time.Time) error {
	e := b.settings.Load().Table.Escalation(w.name)
	over := e == nil || e.Times > 0 && w.told >= e.Times
	if !over {
		open, err := b.open(ctx, tx, w.alert)
		if err != nil {
			return err
		}
		over = !open
	}
	a := &wire.Alert{}
	if !over && proto.Unmarshal(w.body, a) != nil { // its delivery says so
		over = true
	}
	if over {
		return forget(ctx, tx, w)
	}
	w.told++
	escalation(a, e, w.told)
	b.counters.escalated.Add(1)
	if err := b.Add(ctx, tx, a); err != nil {
		return err
	}
	if b.o.Escalated != nil {
		if err := b.o.Escalated(ctx, tx, w.alert, strings.Join(e.To, ", "), now); err != nil {
			return err
		}
	}
	if e.Repeat == 0 || w.told == e.Times {
		return forget(ctx, tx, w)
	}
	_, err := tx.ExecContext(ctx, "UPDATE outbox_escalation SET told = ?, due = ? WHERE alert = ? AND name = ?", w.told, now.Add(e.Repeat).UnixNano(), w.alert, w.name)
	return err
}

func forget(ctx context.Context, tx *sql.Tx, w *waiting) error {
	_, err := tx.ExecContext(ctx, "DELETE FROM outbox_escalation WHERE alert = ? AND name = ?", w.alert, w.name)
	return err
}

// escalation makes of an alert the message that nobody has acknowledged it. It has an id of its own, which follows from
// those of the alert and the escalation.
func escalation(a *wire.Alert, e *route.Escalation, times int) {
	fields := map[string]string{FieldAlert: a.Id, FieldEscalation: fmt.Sprintf("%s %d", e.Name, times)}
	for name, value := range a.Fields {
		fields[name] = value
	}
	a.Id = sdk.AlertID("escalation", map[string]string{"alert": a.Id, "escalation": e.Name}, time.Unix(0, int64(times)))
	a.Kind, a.Fields, a.Channels = string(sdk.AlertEscalation), fields, e.To
	a.DecidedNs = 0 // by no detector
}
