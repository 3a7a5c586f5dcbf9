package record

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/logcenter/logcenter/host/store"
)

// What a Change is.
const (
	ChangeRaised       = "raised"   // Value: why nobody was told of it by itself
	ChangeRepeated     = "repeated" // Value: the id of the repeat
	ChangeRecovered    = "recovered"
	ChangeEscalated    = "escalated" // Value: to whom
	ChangeAcknowledged = "acknowledged"
	ChangeAssigned     = "assigned" // Value: to whom; empty: nobody any more
	ChangeClosed       = "closed"   // Value: the verdict
	ChangeReopened     = "reopened"
	ChangeNoted        = "noted"
	ChangeEvidence     = "evidence" // Value: taken or none
	ChangeCreated      = "created"  // a case; Value: its title
	ChangeAdded        = "added"    // to a case; Value: the alert's id
	ChangeTaken        = "removed"  // out of a case
)

// Change is one line of the log of what became of alerts and cases.
type Change struct {
	ID    int64     `json:"id"` // ascends in the order of changes
	At    time.Time `json:"time"`
	Alert string    `json:"alert,omitempty"` // id
	Case  int64     `json:"case,omitempty"`
	By    string    `json:"by,omitempty"` // empty: the host
	What  string    `json:"what"`
	Value string    `json:"value,omitempty"`
	Note  string    `json:"note,omitempty"`

	record int64
}

func (l *Ledger) change(ctx context.Context, tx *sql.Tx, c Change) error {
	_, err := tx.ExecContext(ctx, "INSERT INTO record_change (at, record, incident, by, what, value, note) VALUES (?, ?, ?, ?, ?, ?, ?)",
		c.At.UnixNano(), orNull(c.record), orNull(c.Case), c.By, c.What, c.Value, c.Note)
	return err
}

const selectChange = `SELECT c.id, c.at, coalesce(c.record, 0), coalesce(a.id, ''), coalesce(c.incident, 0), c.by, c.what, c.value, c.note
	FROM record_change c LEFT JOIN record a ON a.seq = c.record `

func changes(ctx context.Context, tx *sql.Tx, where string, args ...any) (out []Change, err error) {
	err = each(ctx, tx, func(scan func(...any) error) error {
		var (
			c  Change
			at int64
		)
		if err := scan(&c.ID, &at, &c.record, &c.Alert, &c.Case, &c.By, &c.What, &c.Value, &c.Note); err != nil {
			return err
		}
		c.At = time.Unix(0, at).UTC()
		out = append(out, c)
		return nil
	}, selectChange+where, args...)
	return out, err
}

// Followed is a change with what it was made to, as that is now.
type Followed struct {
	Change Change  `json:"change"`
	Alert  *Record `json:"alert,omitempty"`
	Case   *Case   `json:"case,omitempty"`
}

const (
	followedAtOnce = 500
	// What others write into the log, within transactions of their own, is seen so much later.
	followEvery = 5 * time.Second
)

// Follow hands out changes in their order, those behind the change after that the filter selects and that may be seen,
// until EndFollows, or until ctx is done or f returns an error, which it returns. after 0 is behind the newest there is. gap is called first
// if changes behind after were removed with the alerts they were made to. f is called with a nil change each time that
// all was handed out, with the id of the last change looked at.
func (l *Ledger) Follow(ctx context.Context, s store.Scope, filter Filter, after int64, gap func() error, f func(c *Followed, at int64) error) error {
	v, err := newViewer(s)
	if err != nil {
		return err
	}
	if err := filter.check(); err != nil {
		return err
	}
	first, resumed := true, after > 0
	for {
		changed := l.changed() // before it is read: what comes between is not missed
		var (
			list    []*Followed
			last    int64
			removed int64
			done    bool
		)
		err := l.view(ctx, func(tx *sql.Tx) error {
			if first {
				if err := tx.QueryRowContext(ctx, "SELECT change, (SELECT coalesce(max(id), 0) FROM record_change) FROM record_removed").Scan(&removed, &last); err != nil {
					return err
				}
				if after == 0 || after > last { // such as one of a store that was restored
					after = last
				}
			}
			list, last, done, err = l.followed(ctx, tx, v, filter, after)
			return err
		})
		if err != nil {
			return err
		}
		if first && resumed && after < removed {
			if err := gap(); err != nil {
				return err
			}
		}
		first = false
		for _, c := range list {
			if err := f(c, c.Change.ID); err != nil {
				return err
			}
		}
		after = last
		if !done {
			continue
		}
		if err := f(nil, after); err != nil {
			return err
		}
		select {
		case <-changed:
		case <-time.After(followEvery):
		case <-l.ended:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// EndFollows ends all calls of Follow, of now and of later.
func (l *Ledger) EndFollows() { l.end.Do(func() { close(l.ended) }) }

// followed reads the changes behind one.
func (l *Ledger) followed(ctx context.Context, tx *sql.Tx, v *viewer, f Filter, after int64) (out []*Followed, last int64, done bool, err error) {
	list, err := changes(ctx, tx, "WHERE c.id > ? ORDER BY c.id LIMIT ?", after, followedAtOnce)
	if err != nil {
		return nil, after, false, err
	}
	last = after
	for _, c := range list {
		last = c.ID
		one := &Followed{Change: c}
		if c.record != 0 {
			ok, err := l.selects(ctx, tx, f, c.record)
			if err != nil {
				return nil, after, false, err
			}
			if !ok {
				continue
			}
			if ok, err = v.sees(ctx, tx, c.record); err != nil {
				return nil, after, false, err
			}
			if !ok {
				continue
			}
			if one.Alert, err = recordOf(ctx, tx, c.record); err != nil {
				return nil, after, false, err
			}
		}
		if c.Case != 0 {
			if one.Case, err = l.caseOf(ctx, tx, v, c.Case); errors.Is(err, ErrNotFound) {
				if c.record == 0 {
					continue
				}
				one.Change.Case = 0
			} else if err != nil {
				return nil, after, false, err
			}
		}
		out = append(out, one)
	}
	return out, last, len(list) < followedAtOnce, nil
}
