package record

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/logcenter/logcenter/host/store"
)

// Case groups alerts that belong together, such as those of one attack.
type Case struct {
	ID      int64     `json:"id"`
	Title   string    `json:"title"`
	Owner   string    `json:"owner,omitempty"`
	State   State     `json:"state"` // open or closed
	Created time.Time `json:"created"`
	By      string    `json:"by"` // who made it
	Closed  time.Time `json:"closed,omitzero"`
	Alerts  int64     `json:"alerts"`
}

// CaseDetail is a case with what is in it.
type CaseDetail struct {
	*Case
	Members []*Record `json:"members"` // its alerts, by the time of their first event
	// Timeline is what happened to the case and to its alerts, in its order.
	Timeline []Change `json:"timeline"`
}

// maxCaseAlerts bounds a case, so that it can be shown as a whole.
const (
	maxCaseAlerts = 1000
	maxCases      = 1000 // a list of them
)

// CaseRequest asks for a change of a case.
type CaseRequest struct {
	Action Action // Add, Remove, Assign, Close, Reopen or Note
	IDs    []string
	Owner  string
	Note   string
	By     string
}

// Actions on cases, beside Assign, Close, Reopen and Note.
const (
	Add    Action = "add"
	Remove Action = "remove"
)

// CreateCase makes a case of alerts, if any, that may be seen.
func (l *Ledger) CreateCase(ctx context.Context, s store.Scope, title, owner, note string, ids []string, by string) (out *CaseDetail, err error) {
	title, owner, note = strings.TrimSpace(title), strings.TrimSpace(owner), strings.TrimSpace(note)
	switch {
	case title == "", len(title) > maxSentence:
		return nil, invalid("a case has a title of 1 to %d bytes", maxSentence)
	case len(owner) > maxPerson, len(note) > maxNote:
		return nil, invalid("owner may have %d bytes, note %d", maxPerson, maxNote)
	}
	v, err := newViewer(s)
	if err != nil {
		return nil, err
	}
	if !v.all && len(ids) == 0 {
		return nil, invalid("name one alert at least: with a limited scope you would not see a case without any")
	}
	err = l.update(ctx, func(tx *sql.Tx) error {
		now := l.now()
		done, err := tx.ExecContext(ctx, "INSERT INTO record_case (title, owner, state, created, by) VALUES (?, ?, ?, ?, ?)", title, owner, Open, now.UnixNano(), by)
		if err != nil {
			return err
		}
		id, err := done.LastInsertId()
		if err != nil {
			return err
		}
		if err := l.change(ctx, tx, Change{At: now, Case: id, By: by, What: ChangeCreated, Value: title, Note: note}); err != nil {
			return err
		}
		if err := l.addTo(ctx, tx, v, id, ids, by); err != nil {
			return err
		}
		out, err = l.caseDetail(ctx, tx, v, id)
		return err
	})
	return out, err
}

func (l *Ledger) addTo(ctx context.Context, tx *sql.Tx, v *viewer, id int64, alerts []string, by string) error {
	now := l.now()
	for _, a := range alerts {
		seq, err := v.find(ctx, tx, a)
		if err != nil {
			return err
		}
		done, err := tx.ExecContext(ctx, "INSERT OR IGNORE INTO record_case_alert VALUES (?, ?, ?)", id, seq, now.UnixNano())
		if err != nil {
			return err
		}
		if n, err := done.RowsAffected(); n == 0 || err != nil { // it is in it already
			if err != nil {
				return err
			}
			continue
		}
		if err := l.change(ctx, tx, Change{At: now, record: seq, Case: id, By: by, What: ChangeAdded, Value: a}); err != nil {
			return err
		}
	}
	var n int
	if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM record_case_alert WHERE incident = ?", id).Scan(&n); err != nil {
		return err
	}
	if n > maxCaseAlerts {
		return invalid("case %d would have %d alerts, %d are possible: repeats and storms need not be added one by one", id, n, maxCaseAlerts)
	}
	return nil
}

// ActOnCase changes a case that may be seen, and returns how it is then.
func (l *Ledger) ActOnCase(ctx context.Context, s store.Scope, id int64, q CaseRequest) (out *CaseDetail, err error) {
	q.Owner, q.Note = strings.TrimSpace(q.Owner), strings.TrimSpace(q.Note)
	switch {
	case !slices.Contains([]Action{Add, Remove, Assign, Close, Reopen, Note}, q.Action):
		return nil, invalid("there is no action %.40q: write add, remove, assign, close, reopen or note", q.Action)
	case (q.Action == Add || q.Action == Remove) != (len(q.IDs) > 0):
		return nil, invalid("add and remove name alerts, other actions none")
	case q.Action != Assign && q.Owner != "":
		return nil, invalid("an owner belongs to the action assign")
	case q.Action == Note && q.Note == "":
		return nil, invalid("the note is empty")
	case len(q.Owner) > maxPerson, len(q.Note) > maxNote:
		return nil, invalid("owner may have %d bytes, note %d", maxPerson, maxNote)
	}
	v, err := newViewer(s)
	if err != nil {
		return nil, err
	}
	err = l.update(ctx, func(tx *sql.Tx) error {
		c, err := l.caseOf(ctx, tx, v, id)
		if err != nil {
			return err
		}
		if err := l.actOnCase(ctx, tx, v, c, q); err != nil {
			return err
		}
		out, err = l.caseDetail(ctx, tx, v, id)
		return err
	})
	return out, err
}

func (l *Ledger) actOnCase(ctx context.Context, tx *sql.Tx, v *viewer, c *Case, q CaseRequest) error {
	now := l.now()
	log := Change{At: now, Case: c.ID, By: q.By, Note: q.Note}
	set := func(what, value, text string, args ...any) error {
		if _, err := tx.ExecContext(ctx, "UPDATE record_case SET "+text+" WHERE id = ?", append(args, c.ID)...); err != nil {
			return err
		}
		log.What, log.Value = what, value
		return l.change(ctx, tx, log)
	}
	switch {
	case q.Action == Note:
		log.What = ChangeNoted
		return l.change(ctx, tx, log)
	case q.Action == Reopen && c.State == Closed:
		return set(ChangeReopened, "", "state = ?, closed = NULL", Open)
	case q.Action == Reopen, q.Action == Close && c.State == Closed, q.Action == Assign && c.Owner == q.Owner:
		return nil
	case c.State == Closed:
		return misplaced("case %d is closed: reopen it first", c.ID)
	case q.Action == Close:
		return set(ChangeClosed, "", "state = ?, closed = ?", Closed, now.UnixNano())
	case q.Action == Assign:
		return set(ChangeAssigned, q.Owner, "owner = ?", q.Owner)
	case q.Action == Add:
		return l.addTo(ctx, tx, v, c.ID, q.IDs, q.By)
	}
	for _, a := range q.IDs {
		seq, err := v.find(ctx, tx, a)
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "DELETE FROM record_case_alert WHERE incident = ? AND record = ?", c.ID, seq); err != nil {
			return err
		}
		if err := l.change(ctx, tx, Change{At: now, record: seq, Case: c.ID, By: q.By, What: ChangeTaken, Value: a, Note: q.Note}); err != nil {
			return err
		}
	}
	return nil
}

const selectCase = `SELECT id, title, owner, state, created, by, closed, (SELECT count(*) FROM record_case_alert WHERE incident = record_case.id)
	FROM record_case `

func scanCase(scan func(...any) error) (*Case, error) {
	var (
		c       Case
		created int64
		closed  sql.NullInt64
	)
	if err := scan(&c.ID, &c.Title, &c.Owner, &c.State, &created, &c.By, &closed, &c.Alerts); err != nil {
		return nil, err
	}
	c.Created, c.Closed = time.Unix(0, created).UTC(), instant(closed)
	return &c, nil
}

// caseOf is a case that may be seen.
func (l *Ledger) caseOf(ctx context.Context, tx *sql.Tx, v *viewer, id int64) (*Case, error) {
	none := missing("there is no case %d", id)
	c, err := scanCase(tx.QueryRowContext(ctx, selectCase+"WHERE id = ?", id).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, none
	}
	if err != nil || v.all {
		return c, err
	}
	seen := c.Alerts > 0
	err = each(ctx, tx, func(scan func(...any) error) error {
		var seq int64
		if err := scan(&seq); err != nil || !seen {
			return err
		}
		seen, err = v.sees(ctx, tx, seq)
		return err
	}, "SELECT record FROM record_case_alert WHERE incident = ?", id)
	if err == nil && !seen {
		err = none
	}
	return c, err
}

func (l *Ledger) caseDetail(ctx context.Context, tx *sql.Tx, v *viewer, id int64) (*CaseDetail, error) {
	c, err := l.caseOf(ctx, tx, v, id)
	if err != nil {
		return nil, err
	}
	d := &CaseDetail{Case: c, Members: []*Record{}, Timeline: []Change{}}
	err = each(ctx, tx, func(scan func(...any) error) error {
		r, err := scanRecord(scan)
		d.Members = append(d.Members, r)
		return err
	}, selectRecord+"WHERE a.seq IN (SELECT record FROM record_case_alert WHERE incident = ?)", id)
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(d.Members, func(a, b *Record) int { return a.First.Compare(b.First) })
	list, err := changes(ctx, tx, "WHERE c.incident = ?1 OR c.record IN (SELECT record FROM record_case_alert WHERE incident = ?1) ORDER BY c.at, c.id", id)
	d.Timeline = append(d.Timeline, list...)
	return d, err
}

// Case returns a case with its alerts and its timeline.
func (l *Ledger) Case(ctx context.Context, s store.Scope, id int64) (out *CaseDetail, err error) {
	v, err := newViewer(s)
	if err != nil {
		return nil, err
	}
	err = l.view(ctx, func(tx *sql.Tx) error {
		out, err = l.caseDetail(ctx, tx, v, id)
		return err
	})
	return out, err
}

// Cases lists cases that may be seen, the newest first, up to 1000 behind the one with the id before (0: from the
// newest); of one state, unless that is empty.
func (l *Ledger) Cases(ctx context.Context, s store.Scope, state State, owner string, before int64) (out []*Case, err error) {
	if state != "" && state != Open && state != Closed {
		return nil, invalid("state %.40q of a case: write open or closed", state)
	}
	v, err := newViewer(s)
	if err != nil {
		return nil, err
	}
	out = []*Case{}
	err = l.view(ctx, func(tx *sql.Tx) error {
		return each(ctx, tx, func(scan func(...any) error) error {
			c, err := scanCase(scan)
			if err != nil {
				return err
			}
			if !v.all {
				if _, err := l.caseOf(ctx, tx, v, c.ID); errors.Is(err, ErrNotFound) {
					return nil
				} else if err != nil {
					return err
				}
			}
			out = append(out, c)
			return nil
		}, selectCase+"WHERE (?1 = '' OR state = ?1) AND (?2 = '' OR owner = ?2) AND (?3 = 0 OR id < ?3) ORDER BY id DESC LIMIT ?4", state, owner, before, maxCases)
	})
	return out, err
}
