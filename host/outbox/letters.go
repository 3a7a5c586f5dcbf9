package outbox

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"
)

// ErrUnknown means that there is no such delivery, or not any more.
var ErrUnknown = errors.New("there is no such delivery")

// ErrNoChannel means that there is no such channel.
var ErrNoChannel = errors.New("there is no such channel")

// Delivery is what is owed to one channel, or was.
type Delivery struct {
	ID       int64     `json:"id"`    // in the order of adding
	Alert    string    `json:"alert"` // id
	Channel  string    `json:"channel"`
	Kind     string    `json:"kind,omitempty"` // empty: the alert itself
	Rule     string    `json:"rule"`
	Name     string    `json:"name"`
	Severity string    `json:"severity"`
	Routed   string    `json:"routed"` // what sent it here
	State    string    `json:"state"`
	Tries    int       `json:"tries"`            // since it was added or redriven
	Reason   string    `json:"reason,omitempty"` // of the last try that failed, or why it is dead
	Added    time.Time `json:"added"`
	Due      time.Time `json:"due,omitzero"`   // next try of one that waits; the channel may pause for longer
	Ended    time.Time `json:"ended,omitzero"` // when it was delivered or given up
}

// Filter selects deliveries; the zero value is all.
type Filter struct {
	State, Channel, Alert, Rule string
	Kind                        string
}

// where is the filter as SQL.
func (f *Filter) where() (text string, args []any) {
	text = "1"
	for _, c := range [...]struct{ name, value string }{{"state", f.State}, {"channel", f.Channel}, {"alert", f.Alert}, {"rule", f.Rule}, {"kind", f.Kind}} {
		if c.value != "" {
			text += " AND " + c.name + " = ?"
			args = append(args, c.value)
		}
	}
	return text, args
}

const columns = "id, alert, channel, kind, rule, name, severity, routed, state, tries, reason, added, due, ended"

func scan(row interface{ Scan(...any) error }) (d Delivery, err error) {
	var added, due int64
	var ended sql.NullInt64
	err = row.Scan(&d.ID, &d.Alert, &d.Channel, &d.Kind, &d.Rule, &d.Name, &d.Severity, &d.Routed, &d.State, &d.Tries, &d.Reason, &added, &due, &ended)
	d.Added = time.Unix(0, added).UTC()
	if d.State == Waiting {
		d.Due = time.Unix(0, due).UTC()
	}
	if ended.Valid {
		d.Ended = time.Unix(0, ended.Int64).UTC()
	}
	return d, err
}

// List returns deliveries, the newest first: those older than before, unless it is 0.
func (b *Outbox) List(ctx context.Context, f Filter, before int64, limit int) (list []Delivery, err error) {
	where, args := f.where()
	if before > 0 {
		where += " AND id < ?"
		args = append(args, before)
	}
	err = b.o.Store.View(ctx, func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, "SELECT "+columns+" FROM outbox_delivery WHERE "+where+" ORDER BY id DESC LIMIT ?", append(args, limit)...)
		if err != nil {
			return err
		}
		defer rows.Close() //nolint:errcheck // rows.Err tells
		for rows.Next() {
			d, err := scan(rows)
			if err != nil {
				return err
			}
			list = append(list, d)
		}
		return rows.Err()
	})
	return list, err
}

// Get returns a delivery; [ErrUnknown].
func (b *Outbox) Get(ctx context.Context, id int64) (d Delivery, err error) {
	err = b.o.Store.View(ctx, func(tx *sql.Tx) (err error) {
		d, err = scan(tx.QueryRowContext(ctx, "SELECT "+columns+" FROM outbox_delivery WHERE id = ?", id))
		return err
	})
	if errors.Is(err, sql.ErrNoRows) {
		return d, fmt.Errorf("%w: %d", ErrUnknown, id)
	}
	return d, err
}

// Selection says which deliveries are meant: those of IDs, or else those that Filter selects.
type Selection struct {
	IDs    []int64
	Filter Filter
	DryRun bool // only count
}

func (s *Selection) where() (string, []any) {
	if len(s.IDs) == 0 {
		return s.Filter.where()
	}
	args := make([]any, len(s.IDs))
	for i, id := range s.IDs {
		args[i] = id
	}
	return "id IN (" + strings.TrimSuffix(strings.Repeat("?,", len(args)), ",") + ")", args
}

// Redrive has given-up deliveries tried again, from the first try on, in the place that they had. It returns how many.
func (b *Outbox) Redrive(ctx context.Context, s Selection, by string) (n int64, err error) {
	where, args := s.where()
	where += " AND state = 'dead' AND body IS NOT NULL"
	now := b.o.Now().UnixNano()
	n, err = b.change(ctx, s.DryRun, where, args, "UPDATE outbox_delivery SET state = 'waiting', tries = 0, since = ?, due = ?, ended = NULL WHERE "+where, now, now)
	if err == nil && !s.DryRun {
		b.counters.redriven.Add(n)
		b.o.Log.WithField("by", by).Infof("%d deliveries of alerts are tried again", n)
		b.soon()
	}
	return n, err
}

// Drop forgets deliveries that wait or were given up: nobody will be told. What is under way may be told all the same. It
// returns how many.
func (b *Outbox) Drop(ctx context.Context, s Selection, by string) (n int64, err error) {
	where, args := s.where()
	where += " AND state <> 'delivered'"
	n, err = b.change(ctx, s.DryRun, where, args, "DELETE FROM outbox_delivery WHERE "+where)
	if err == nil && !s.DryRun {
		b.counters.dropped.Add(n)
		b.o.Log.WithField("by", by).Warnf("%d deliveries of alerts are dropped: nobody is told of them", n)
	}
	return n, err
}

// change changes rows, or only counts them. before are the statement's arguments in front of those of where.
func (b *Outbox) change(ctx context.Context, dry bool, where string, args []any, text string, before ...any) (n int64, err error) {
	if dry {
		err = b.o.Store.View(ctx, func(tx *sql.Tx) error {
			return tx.QueryRowContext(ctx, "SELECT count(*) FROM outbox_delivery WHERE "+where, args...).Scan(&n)
		})
		return n, err
	}
	err = b.o.Store.Update(ctx, func(tx *sql.Tx) error {
		done, err := tx.ExecContext(ctx, text, append(before, args...)...)
		if err != nil {
			return err
		}
		n, err = done.RowsAffected()
		return err
	})
	return n, err
}
