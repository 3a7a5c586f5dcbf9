package record

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/sdk/ecs"
)

// State is how far people are with an alert. What has no life (recoveries, summaries, repeats) has none.
type State string

// The states.
const (
	Open         State = "open"
	Acknowledged State = "acknowledged" // somebody has taken it up
	Closed       State = "closed"
)

// Verdict is how an alert that was closed was judged.
type Verdict string

// The verdicts.
const (
	TruePositive  Verdict = "true_positive"  // an attack or fault, as the alert says
	FalsePositive Verdict = "false_positive" // nothing of the kind: the rule, or the device, is wrong
	Benign        Verdict = "benign"         // as the alert says, and permitted, such as a test
)

const verdictList = "write true_positive, false_positive or benign"

func (v Verdict) valid() bool { return v == TruePositive || v == FalsePositive || v == Benign }

// Action is what somebody does to alerts.
type Action string

// The actions. Doing what is done already changes nothing and is no error, so that it may be sent again.
const (
	Acknowledge Action = "acknowledge"
	Assign      Action = "assign"
	Close       Action = "close" // of one that is closed: judges it anew
	Reopen      Action = "reopen"
	Note        Action = "note"
)

// Bounds of what people write.
const (
	maxActed    = 1000 // alerts at once
	maxPerson   = 128
	maxNote     = 8 << 10
	maxSentence = 512
)

// Request asks for an action. Ids of repeats stand for the alert that they repeat.
type Request struct {
	Action   Action
	IDs      []string
	By       string // who asks
	Assignee string // of Assign; empty takes it from whoever has it
	Verdict  Verdict
	Note     string // required of Note
}

func (q *Request) check() error {
	q.Note, q.Assignee = strings.TrimSpace(q.Note), strings.TrimSpace(q.Assignee)
	switch {
	case len(q.IDs) == 0, len(q.IDs) > maxActed:
		return invalid("name 1 to %d alerts, not %d", maxActed, len(q.IDs))
	case len(q.Note) > maxNote:
		return invalid("the note has %d bytes, %d are possible", len(q.Note), maxNote)
	case len(q.Assignee) > maxPerson:
		return invalid("the name of the assignee has %d bytes, %d are possible", len(q.Assignee), maxPerson)
	case q.Action == Close && !q.Verdict.valid():
		return invalid("who closes an alert says how it was judged: verdict %q: %s", q.Verdict, verdictList)
	case q.Action != Close && q.Verdict != "":
		return invalid("a verdict belongs to the action close")
	case q.Action != Assign && q.Assignee != "":
		return invalid("an assignee belongs to the action assign")
	case q.Action == Note && q.Note == "":
		return invalid("the note is empty")
	case !slices.Contains([]Action{Acknowledge, Assign, Close, Reopen, Note}, q.Action):
		return invalid("there is no action %.40q: write acknowledge, assign, close, reopen or note", q.Action)
	}
	return nil
}

// Act does something to alerts that may be seen, to all or none of them, and returns how they are then, each once.
func (l *Ledger) Act(ctx context.Context, s store.Scope, q Request) (out []*Record, err error) {
	if err := q.check(); err != nil {
		return nil, err
	}
	v, err := newViewer(s)
	if err != nil {
		return nil, err
	}
	err = l.update(ctx, func(tx *sql.Tx) error {
		out = out[:0]
		var done []int64
		for _, id := range q.IDs {
			seq, err := v.find(ctx, tx, id)
			if err != nil {
				return err
			}
			if slices.Contains(done, seq) {
				continue
			}
			done = append(done, seq)
			if err := l.act(ctx, tx, seq, id, q); err != nil {
				return err
			}
			one, err := recordOf(ctx, tx, seq)
			if err != nil {
				return err
			}
			out = append(out, one)
		}
		return nil
	})
	return out, err
}

// life is what an action looks at.
type life struct {
	state    State
	kind     string
	verdict  Verdict
	assignee string
}

func (l *Ledger) act(ctx context.Context, tx *sql.Tx, seq int64, id string, q Request) error {
	var a life
	err := tx.QueryRowContext(ctx, "SELECT state, kind, verdict, assignee FROM record WHERE seq = ?", seq).Scan(&a.state, &a.kind, &a.verdict, &a.assignee)
	if err != nil {
		return err
	}
	now := l.now()
	log := Change{At: now, record: seq, By: q.By, Note: q.Note}
	if q.Action == Note {
		log.What = ChangeNoted
		return l.change(ctx, tx, log)
	}
	if a.state == "" {
		return misplaced("%s is a %s: only alerts are acknowledged, assigned and closed; a note is possible", id, a.kind)
	}
	switch q.Action {
	case Acknowledge:
		return l.acknowledge(ctx, tx, id, a, log)
	case Assign:
		if a.state == Closed {
			return misplaced("alert %s is closed: reopen it first", id)
		}
		if a.assignee == q.Assignee {
			return nil
		}
		log.What, log.Value = ChangeAssigned, q.Assignee
		if _, err := tx.ExecContext(ctx, "UPDATE record SET assignee = ? WHERE seq = ?", q.Assignee, seq); err != nil {
			return err
		}
		return l.change(ctx, tx, log)
	case Reopen:
		return l.reopen(ctx, tx, id, a, log)
	default:
		if a.state == Closed && a.verdict == q.Verdict {
			return nil
		}
		log.Value = string(q.Verdict)
		return l.closed(ctx, tx, seq, now, log)
	}
}

func (l *Ledger) acknowledge(ctx context.Context, tx *sql.Tx, id string, a life, log Change) error {
	switch a.state {
	case Closed:
		return misplaced("alert %s is closed: reopen it first", id)
	case Acknowledged:
		return nil
	}
	if err := l.answer(ctx, tx, log.record, log.At); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, "UPDATE record SET state = ? WHERE seq = ?", Acknowledged, log.record); err != nil {
		return err
	}
	log.What = ChangeAcknowledged
	return l.change(ctx, tx, log)
}

// answer notes when somebody first took an alert up.
func (l *Ledger) answer(ctx context.Context, tx *sql.Tx, seq int64, now time.Time) error {
	var recorded, severity int64
	err := tx.QueryRowContext(ctx, "UPDATE record SET acknowledged = ? WHERE seq = ? AND acknowledged IS NULL RETURNING recorded, severity",
		now.UnixNano(), seq).Scan(&recorded, &severity)
	if errors.Is(err, sql.ErrNoRows) {
		return nil // it was reopened
	}
	if err == nil {
		l.answered.WithLabelValues(string(ecs.Severities[severity])).Observe(time.Duration(now.UnixNano() - recorded).Seconds())
	}
	return err
}

// closed closes an alert under the verdict that log has as its value, or judges it anew.
func (l *Ledger) closed(ctx context.Context, tx *sql.Tx, seq int64, now time.Time, log Change) error {
	if log.By != "" {
		if err := l.answer(ctx, tx, seq, now); err != nil {
			return err
		}
	}
	if _, err := tx.ExecContext(ctx, "UPDATE record SET state = ?, verdict = ?, closed = ? WHERE seq = ?", Closed, log.Value, now.UnixNano(), seq); err != nil {
		return err
	}
	log.At, log.record, log.What = now, seq, ChangeClosed
	return l.change(ctx, tx, log)
}

func (l *Ledger) reopen(ctx context.Context, tx *sql.Tx, id string, a life, log Change) error {
	if a.state != Closed {
		return nil
	}
	var other string
	err := tx.QueryRowContext(ctx, `SELECT o.id FROM record a JOIN record o ON o.grouping = a.grouping AND o.state IN ('open', 'acknowledged')
		WHERE a.seq = ?`, log.record).Scan(&other)
	if err == nil {
		return misplaced("alert %s cannot be reopened: alert %s of the same rule and keys is open", id, other)
	}
	if !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	if _, err := tx.ExecContext(ctx, "UPDATE record SET state = ?, verdict = '', closed = NULL WHERE seq = ?", Open, log.record); err != nil {
		return err
	}
	log.What = ChangeReopened
	return l.change(ctx, tx, log)
}

// Unacknowledged says, as tx sees it, whether an alert is one that people are to take up and nobody has: it is open and not
// over. It is not for repeats, whose first one is, nor for recoveries and summaries, which have no state.
func Unacknowledged(ctx context.Context, tx *sql.Tx, id string) (is bool, err error) {
	err = tx.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM record WHERE id = ? AND state = 'open' AND recovered IS NULL)", idOf(id)).Scan(&is)
	return is, err
}

// Escalated notes in the history of an alert that somebody was told because nobody has taken it up.
func Escalated(ctx context.Context, tx *sql.Tx, id, to string, at time.Time) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO record_change (at, record, by, what, value, note)
		SELECT ?, seq, '', ?, ?, '' FROM record WHERE id = ?`, at.UnixNano(), ChangeEscalated, to, idOf(id))
	return err
}
