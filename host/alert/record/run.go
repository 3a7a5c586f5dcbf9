package record

import (
	"context"
	"database/sql"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/logcenter/logcenter/sdk/ecs"
)

const (
	idle         = time.Minute // between two looks when nothing happens
	soonest      = 100 * time.Millisecond
	failedPause  = 5 * time.Second // behind an error
	expireEvery  = time.Hour
	expireAtOnce = 500 // alerts in one transaction, so that those that are raised need not wait
)

// Run takes evidence, tells summaries of storms and removes what is too old, until ctx is done. What fails is told to the
// log and tried again.
func (l *Ledger) Run(ctx context.Context) error {
	expire := time.Time{} // at once
	for {
		wait := idle
		next := func(at time.Time) {
			if !at.IsZero() {
				wait = min(wait, max(at.Sub(l.now()), soonest))
			}
		}
		failed := func(what string, err error) {
			if err != nil && ctx.Err() == nil {
				l.o.Log.WithError(err).Errorf("alerts: %s; it is tried again", what)
				wait = failedPause
			}
		}
		at, err := l.calm(ctx)
		next(at)
		failed("summaries of storms are not told", err)
		if l.o.Events != nil {
			more, at, err := l.collect(ctx)
			if next(at); more {
				wait = 0
			}
			failed("evidence is not taken", err)
		}
		if now := time.Now(); now.Sub(expire) >= expireEvery {
			_, err := l.Expire(ctx)
			failed("old alerts are not removed", err)
			expire = now
		}
		t := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			t.Stop()
			return nil
		case <-t.C:
		case <-l.wake:
			t.Stop()
		}
	}
}

// Expire removes closed alerts, cases, missed attacks and what has no life of its own once they are older than Keep, and
// what is more than MaxAlerts, closed ones first, then the oldest. Alerts in a case stay for as long as the case. It
// returns how many alerts it removed.
func (l *Ledger) Expire(ctx context.Context) (removed int64, err error) {
	before := l.now().Add(-l.o.Keep).UnixNano()
	err = l.update(ctx, func(tx *sql.Tx) error {
		for _, text := range []string{
			"DELETE FROM record_missed WHERE recorded < ?",
			"DELETE FROM record_case_alert WHERE incident IN (SELECT id FROM record_case WHERE state = 'closed' AND closed < ?)",
			"UPDATE record_removed SET change = max(change, (SELECT coalesce(max(id), 0) FROM record_change WHERE incident IN (SELECT id FROM record_case WHERE state = 'closed' AND closed < ?)))",
			"DELETE FROM record_case WHERE state = 'closed' AND closed < ?",
			"DELETE FROM record_storm WHERE ended < ?",
		} {
			if _, err := tx.ExecContext(ctx, text, before); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	free := "NOT EXISTS (SELECT 1 FROM record_case_alert WHERE record = r.seq)"
	for {
		n, err := l.remove(ctx, `SELECT seq FROM record r WHERE coalesce(closed, recorded) < ? AND state NOT IN ('open', 'acknowledged') AND `+free+`
			AND NOT EXISTS (SELECT 1 FROM record h WHERE h.seq = r.head AND h.state IN ('open', 'acknowledged')) ORDER BY seq LIMIT ?`, before, expireAtOnce)
		if removed += n; err != nil || n < expireAtOnce {
			if err != nil {
				return removed, err
			}
			break
		}
	}
	for _, which := range []string{"state = 'closed' AND " + free, "state = '' AND " + free, free} {
		for {
			var have int64
			err := l.view(ctx, func(tx *sql.Tx) error { return tx.QueryRowContext(ctx, "SELECT count(*) FROM record").Scan(&have) })
			over := min(have-int64(l.o.MaxAlerts), expireAtOnce)
			if err != nil || over <= 0 {
				return removed, err
			}
			n, err := l.remove(ctx, "SELECT seq FROM record r WHERE "+which+" ORDER BY seq LIMIT ?", over)
			if removed += n; err != nil {
				return removed, err
			}
			if n == 0 {
				break
			}
		}
	}
	return removed, nil
}

// remove deletes the alerts that a query selects.
func (l *Ledger) remove(ctx context.Context, selected string, args ...any) (n int64, err error) {
	err = l.update(ctx, func(tx *sql.Tx) error {
		n = 0
		if _, err := tx.ExecContext(ctx, "UPDATE record_removed SET change = max(change, (SELECT coalesce(max(id), 0) FROM record_change WHERE record IN ("+selected+")))", args...); err != nil {
			return err
		}
		done, err := tx.ExecContext(ctx, "DELETE FROM record WHERE seq IN ("+selected+")", args...)
		if err != nil {
			return err
		}
		n, err = done.RowsAffected()
		return err
	})
	l.counters.removed.Add(n)
	return n, err
}

// Stats are figures for metrics and health. Counters count since the start.
type Stats struct {
	Raised, Again                                int64 // recorded; known already
	Told, Repeats, Silent, Stormed, Summaries    int64
	Recovered, Removed                           int64
	EvidenceTaken, EvidencePartial, EvidenceNone int64
	Open, Acknowledged                           map[string]int64 // now, by severity
	Storms, EvidenceWanted                       int64            // now
}

// Stats reads them.
func (l *Ledger) Stats(ctx context.Context) (s Stats, err error) {
	c := &l.counters
	s = Stats{
		Raised: c.raised.Load(), Again: c.again.Load(), Told: c.told.Load(), Repeats: c.repeats.Load(), Silent: c.silent.Load(), Stormed: c.stormed.Load(),
		Summaries: c.summaries.Load(), Recovered: c.recovered.Load(), Removed: c.removed.Load(),
		EvidenceTaken: c.taken.Load(), EvidencePartial: c.partial.Load(), EvidenceNone: c.none.Load(),
		Open: map[string]int64{}, Acknowledged: map[string]int64{},
	}
	for _, severity := range ecs.Severities {
		s.Open[string(severity)], s.Acknowledged[string(severity)] = 0, 0
	}
	err = l.view(ctx, func(tx *sql.Tx) error {
		err := each(ctx, tx, func(scan func(...any) error) error {
			var (
				state    State
				severity int
				n        int64
			)
			if err := scan(&state, &severity, &n); err != nil {
				return err
			}
			m := s.Open
			if state == Acknowledged {
				m = s.Acknowledged
			}
			m[string(ecs.Severities[severity])] = n
			return nil
		}, "SELECT state, severity, count(*) FROM record WHERE state IN ('open', 'acknowledged') GROUP BY state, severity")
		if err != nil {
			return err
		}
		return tx.QueryRowContext(ctx, `SELECT (SELECT count(*) FROM record_storm WHERE ended IS NULL),
			(SELECT count(*) FROM record WHERE evidence = 'wanted')`).Scan(&s.Storms, &s.EvidenceWanted)
	})
	return s, err
}

// Describe implements [prometheus.Collector] for the histograms; the other figures are those of Stats.
func (l *Ledger) Describe(out chan<- *prometheus.Desc) {
	l.commits.Describe(out)
	l.answered.Describe(out)
}

// Collect implements [prometheus.Collector].
func (l *Ledger) Collect(out chan<- prometheus.Metric) {
	l.commits.Collect(out)
	l.answered.Collect(out)
}
