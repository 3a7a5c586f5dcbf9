// Package record keeps alerts: what was raised, once for each id and before the detector's place in the journal moves on,
// who has taken it up, how it was judged, and the events that prove it.
//
// A [Ledger] lies in the metadata store. [Ledger.Raise] writes down what a detector answered, with the deliveries of what
// is to be told, in one transaction; so after a crash there is a record if and only if there are its deliveries, and what
// is raised again under its id changes nothing. Nothing is left out of the records. What people are told is less:
//
//   - What repeats an alert that is open or acknowledged (same rule, same keys) is counted there. It is told only if that
//     one was not told for Remind, has become more severe, or had recovered (raise.go).
//   - When a rule, or all together, raise more than a number in a time, a summary is told at once and then once in that
//     time, as long as it goes on (storm.go).
//   - A rule may be silent, and a recovery is told to those who were told of the alert.
//
// An alert is open, acknowledged or closed; who closes it says how it was judged, from which [Ledger.Rates] tells how
// good rules and devices are. Every change is a row of one log, which is the history of an alert, the timeline of a case
// and the stream that clients follow (change.go). Some of its events are copied from the store, so that they outlive it
// (evidence.go); they also decide who may see the alert (visible.go).
package record

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/sirupsen/logrus"

	"github.com/logcenter/logcenter/host/metadata"
)

// Errors that callers tell apart with errors.Is; their texts are for people.
var (
	// ErrNotFound means that there is no such alert, case or page, or that the caller may not see it.
	ErrNotFound = errors.New("not found")
	// ErrState means that something cannot be done in the state that an alert or case is in.
	ErrState = errors.New("not in this state")
	// ErrInvalid means that a request cannot be right.
	ErrInvalid = errors.New("not possible")
)

// fault is an error whose text is for who made the request.
type fault struct {
	is   error
	text string
}

func (f *fault) Error() string        { return f.text }
func (f *fault) Is(target error) bool { return target == f.is }

func missing(format string, args ...any) error {
	return &fault{ErrNotFound, fmt.Sprintf(format, args...)}
}

func misplaced(format string, args ...any) error {
	return &fault{ErrState, fmt.Sprintf(format, args...)}
}

func invalid(format string, args ...any) error {
	return &fault{ErrInvalid, fmt.Sprintf(format, args...)}
}

// Defaults of Options.
const (
	DefaultRemind    = 24 * time.Hour
	DefaultPerRule   = 20
	DefaultTogether  = 200
	DefaultWindow    = 5 * time.Minute
	DefaultKeep      = 3 * 365 * 24 * time.Hour
	DefaultMaxAlerts = 500_000
	DefaultSample    = 10
)

// Options say how alerts are kept and told. Zero values are the defaults above.
type Options struct {
	Deliveries Deliveries // nil: nobody is told
	Events     Events     // where evidence is taken from; nil: none is
	// Remind is how long a repeat of an alert that nobody has closed is not told again. Negative is for ever.
	Remind time.Duration
	// PerRule and Together are how many alerts of one rule, and of all, are told within Window; what is more is a storm.
	// Negative is without bound.
	PerRule, Together int
	Window            time.Duration
	// OnRecovery closes an alert that is over under this verdict. Empty leaves it as it is.
	OnRecovery Verdict
	Keep       time.Duration // of closed alerts and cases, since they were recorded
	MaxAlerts  int           // rows; what is more goes, closed ones first, then the oldest
	Sample     int           // events of an alert that are kept as evidence, up to 100
	Log        *logrus.Entry
	Now        func() time.Time // nil: time.Now
}

// Ledger keeps alerts. It is safe for concurrent use.
type Ledger struct {
	o  Options
	db *metadata.Store

	mu      sync.Mutex
	waiting chan struct{} // closed when something has changed

	ended    chan struct{} // closed by EndFollows
	end      sync.Once
	wake     chan struct{} // for Run: evidence is wanted, or a storm began
	counters counters
	commits  prometheus.Histogram
	answered *prometheus.HistogramVec
}

// counters count since the start.
type counters struct {
	raised, again, told, repeats, silent, stormed, recovered, summaries, removed atomic.Int64
	taken, partial, none                                                         atomic.Int64 // evidence
}

// New returns the ledger in a store, which must have been opened with [Schema].
func New(db *metadata.Store, o Options) (*Ledger, error) {
	for _, d := range []struct{ v, or *int }{{&o.PerRule, ptr(DefaultPerRule)}, {&o.Together, ptr(DefaultTogether)}, {&o.MaxAlerts, ptr(DefaultMaxAlerts)}, {&o.Sample, ptr(DefaultSample)}} {
		if *d.v == 0 {
			*d.v = *d.or
		}
	}
	for _, d := range []struct{ v, or *time.Duration }{{&o.Remind, ptr(DefaultRemind)}, {&o.Window, ptr(DefaultWindow)}, {&o.Keep, ptr(time.Duration(DefaultKeep))}} {
		if *d.v == 0 {
			*d.v = *d.or
		}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = logrus.NewEntry(logrus.StandardLogger())
	}
	if o.OnRecovery != "" && !o.OnRecovery.valid() {
		return nil, invalid("%q is no verdict: %s", o.OnRecovery, verdictList)
	}
	l := &Ledger{o: o, db: db, waiting: make(chan struct{}), ended: make(chan struct{}), wake: make(chan struct{}, 1)}
	l.commits = prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: "logcenter_alert_record_seconds", Help: "From a detector's answer to the committed record of its alerts.",
		Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 5},
	})
	l.answered = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "logcenter_alert_acknowledge_seconds", Help: "From the record of an alert to who first acknowledged or closed it.",
		Buckets: []float64{60, 300, 900, 1800, 3600, 4 * 3600, 24 * 3600, 7 * 24 * 3600},
	}, []string{"severity"})
	return l, nil
}

func ptr[T any](v T) *T { return &v }

// view reads in one state of the store.
func (l *Ledger) view(ctx context.Context, f func(tx *sql.Tx) error) error { return l.db.View(ctx, f) }

// update changes something, and tells those who wait for changes.
func (l *Ledger) update(ctx context.Context, f func(tx *sql.Tx) error) error {
	if err := l.db.Update(ctx, f); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	close(l.waiting)
	l.waiting = make(chan struct{})
	return nil
}

// changed is closed when something is changed from now on.
func (l *Ledger) changed() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.waiting
}

func (l *Ledger) soon() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

func (l *Ledger) now() time.Time { return l.o.Now() }

// nanos is an instant as a column has it; nil for the zero time.
func nanos(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixNano()
}

func instant(ns sql.NullInt64) time.Time {
	if !ns.Valid || ns.Int64 == 0 {
		return time.Time{}
	}
	return time.Unix(0, ns.Int64).UTC()
}

// each calls f for the rows of a query.
func each(ctx context.Context, tx *sql.Tx, f func(scan func(...any) error) error, text string, args ...any) (err error) {
	rows, err := tx.QueryContext(ctx, text, args...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		if err := f(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}
