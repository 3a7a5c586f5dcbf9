package record

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/logcenter/logcenter/host/store"
)

// Missed is an attack that no alert told of: a false negative.
type Missed struct {
	ID          int64     `json:"id"`
	Time        time.Time `json:"time"` // of the attack
	Device      string    `json:"device"`
	Dataset     string    `json:"dataset,omitempty"`
	Rule        string    `json:"rule,omitempty"`        // that should have found it; empty: there is none
	DeviceRule  string    `json:"device_rule,omitempty"` // of the device, that should have
	Description string    `json:"description"`
	EventIDs    []string  `json:"event_ids,omitempty"`
	By          string    `json:"by"`
	Recorded    time.Time `json:"recorded"`
}

const (
	maxMissedIDs  = 100
	maxMissedList = 10_000
)

func (m *Missed) check(now time.Time) error {
	m.Description = strings.TrimSpace(m.Description)
	switch {
	case m.Time.IsZero():
		return invalid("time is missing: when the attack was")
	case m.Time.After(now.Add(time.Minute)):
		return invalid("time %s has not come yet", m.Time.Format(time.RFC3339))
	case m.Device == "":
		return invalid("device is missing: the one that should have seen the attack")
	case m.Description == "":
		return invalid("description is missing: what the attack was")
	case len(m.Description) > maxNote:
		return invalid("description has %d bytes, %d are possible", len(m.Description), maxNote)
	case len(m.EventIDs) > maxMissedIDs:
		return invalid("event_ids: %d of them, %d are possible", len(m.EventIDs), maxMissedIDs)
	}
	for name, s := range map[string]string{"device": m.Device, "dataset": m.Dataset, "rule": m.Rule, "device_rule": m.DeviceRule} {
		if len(s) > maxIndexed {
			return invalid("%s has %d bytes, %d are possible", name, len(s), maxIndexed)
		}
	}
	for _, id := range m.EventIDs {
		if _, err := store.ParseEventID(id); err != nil {
			return invalid("event_ids: %v", err)
		}
	}
	return nil
}

// unlimited refuses what a limited scope may not see.
func unlimited(s store.Scope) error {
	v, err := newViewer(s)
	if err == nil && !v.all {
		err = missing("missed attacks are for those who may see all events")
	}
	return err
}

// Miss records a missed attack. ID, By and Recorded are set; by is who tells it.
func (l *Ledger) Miss(ctx context.Context, s store.Scope, m Missed, by string) (*Missed, error) {
	if err := unlimited(s); err != nil {
		return nil, err
	}
	if err := m.check(l.now()); err != nil {
		return nil, err
	}
	m.By, m.Recorded, m.Time = by, l.now().UTC(), m.Time.UTC()
	ids, err := json.Marshal(append([]string{}, m.EventIDs...))
	if err != nil {
		return nil, err
	}
	err = l.update(ctx, func(tx *sql.Tx) error {
		done, err := tx.ExecContext(ctx, `INSERT INTO record_missed (at, device, dataset, rule, device_rule, description, event_ids, by, recorded)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`, m.Time.UnixNano(), m.Device, m.Dataset, m.Rule, m.DeviceRule, m.Description, string(ids), by, m.Recorded.UnixNano())
		if err != nil {
			return err
		}
		m.ID, err = done.LastInsertId()
		return err
	})
	if err != nil {
		return nil, err
	}
	return &m, nil
}

// Forgive removes a missed attack that was recorded by mistake.
func (l *Ledger) Forgive(ctx context.Context, s store.Scope, id int64) error {
	if err := unlimited(s); err != nil {
		return err
	}
	return l.update(ctx, func(tx *sql.Tx) error {
		done, err := tx.ExecContext(ctx, "DELETE FROM record_missed WHERE id = ?", id)
		if err != nil {
			return err
		}
		if n, err := done.RowsAffected(); n == 0 || err != nil {
			return cmp.Or(err, missing("there is no missed attack %d", id))
		}
		return nil
	})
}

// Misses are the missed attacks of [from, to), the newest first, up to 10,000; zero times are open.
func (l *Ledger) Misses(ctx context.Context, s store.Scope, from, to time.Time) (out []Missed, err error) {
	if err := unlimited(s); err != nil {
		return nil, err
	}
	err = l.view(ctx, func(tx *sql.Tx) error {
		out, err = misses(ctx, tx, from, to)
		return err
	})
	return out, err
}

func misses(ctx context.Context, tx *sql.Tx, from, to time.Time) (out []Missed, err error) {
	out = []Missed{}
	err = each(ctx, tx, func(scan func(...any) error) error {
		var (
			m            Missed
			at, recorded int64
			ids          string
		)
		if err := scan(&m.ID, &at, &m.Device, &m.Dataset, &m.Rule, &m.DeviceRule, &m.Description, &ids, &m.By, &recorded); err != nil {
			return err
		}
		m.Time, m.Recorded = time.Unix(0, at).UTC(), time.Unix(0, recorded).UTC()
		out = append(out, m)
		return json.Unmarshal([]byte(ids), &out[len(out)-1].EventIDs)
	}, `SELECT id, at, device, dataset, rule, device_rule, description, event_ids, by, recorded FROM record_missed
		WHERE (?1 IS NULL OR at >= ?1) AND (?2 IS NULL OR at < ?2) ORDER BY at DESC, id DESC LIMIT ?3`, nanos(from), nanos(to), maxMissedList)
	return out, err
}

// What rates are by.
const (
	ByRule       = "rule"
	ByDevice     = "device"
	ByDeviceRule = "device_rule" // rule.id of a WAF, an IPS, …, with the dataset, as ids are its vendor's
)

// Rate is how good a rule or a device is, as far as alerts were judged. An alert counts once, however often it repeated.
type Rate struct {
	Rule       string `json:"rule,omitempty"`
	Device     string `json:"device,omitempty"`
	Dataset    string `json:"dataset,omitempty"`
	DeviceRule string `json:"device_rule,omitempty"`

	Alerts         int64 `json:"alerts"`
	Repeats        int64 `json:"repeats"`
	TruePositives  int64 `json:"true_positives"`
	FalsePositives int64 `json:"false_positives"`
	Benign         int64 `json:"benign"`
	Unjudged       int64 `json:"unjudged"` // not closed yet
	Missed         int64 `json:"missed"`
	// FalsePositiveRate is FalsePositives of all that were judged; nil: none was.
	FalsePositiveRate *float64 `json:"false_positive_rate"`
	// FalseNegativeRate is Missed of all attacks that are known: Missed and TruePositives; nil: none is.
	FalseNegativeRate *float64 `json:"false_negative_rate"`
}

// Rates counts verdicts of the alerts that were recorded in [from, to), and the attacks of that time that were missed,
// most alerts first. Zero times are open. A limited scope has the alerts that it sees, and no missed attacks.
func (l *Ledger) Rates(ctx context.Context, s store.Scope, by string, from, to time.Time) (out []Rate, err error) {
	if by != ByRule && by != ByDevice && by != ByDeviceRule {
		return nil, invalid("by %.40q: write rule, device or device_rule", by)
	}
	v, err := newViewer(s)
	if err != nil {
		return nil, err
	}
	t := &tally{by: by, rates: map[Rate]*Rate{}}
	err = l.view(ctx, func(tx *sql.Tx) error {
		if err := t.alerts(ctx, tx, v, from, to); err != nil || !v.all {
			return err
		}
		missed, err := misses(ctx, tx, from, to)
		for _, m := range missed {
			if r := t.of(m.Rule, m.Device, m.Dataset, m.DeviceRule); r != nil {
				r.Missed++
			}
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return t.sorted(), nil
}

// tally counts by something.
type tally struct {
	by    string
	rates map[Rate]*Rate
}

func (t *tally) of(rule, device, dataset, deviceRule string) *Rate {
	var key Rate
	switch t.by {
	case ByRule:
		key.Rule = rule
	case ByDevice:
		key.Device = device
	default:
		key.Dataset, key.DeviceRule = dataset, deviceRule
		if deviceRule == "" {
			return nil // it is not a device's rule that is judged
		}
	}
	if t.rates[key] == nil {
		r := key
		t.rates[key] = &r
	}
	return t.rates[key]
}

func (t *tally) alerts(ctx context.Context, tx *sql.Tx, v *viewer, from, to time.Time) error {
	// One row a group where all is seen; else one an alert, as each must be looked at.
	columns, group := "0, rule, device, dataset, device_rule, verdict, count(*), sum(repeats)", "GROUP BY rule, device, dataset, device_rule, verdict"
	if !v.all {
		columns, group = "seq, rule, device, dataset, device_rule, verdict, 1, repeats", ""
	}
	return each(ctx, tx, func(scan func(...any) error) error {
		var (
			seq, n, repeats                   int64
			rule, device, dataset, deviceRule string
			verdict                           Verdict
		)
		if err := scan(&seq, &rule, &device, &dataset, &deviceRule, &verdict, &n, &repeats); err != nil {
			return err
		}
		if seq != 0 {
			if ok, err := v.sees(ctx, tx, seq); !ok || err != nil {
				return err
			}
		}
		r := t.of(rule, device, dataset, deviceRule)
		if r == nil {
			return nil
		}
		r.Alerts += n
		r.Repeats += repeats
		switch verdict {
		case TruePositive:
			r.TruePositives += n
		case FalsePositive:
			r.FalsePositives += n
		case Benign:
			r.Benign += n
		default:
			r.Unjudged += n
		}
		return nil
	}, "SELECT "+columns+" FROM record WHERE kind = '' AND head IS NULL AND (?1 IS NULL OR recorded >= ?1) AND (?2 IS NULL OR recorded < ?2) "+group,
		nanos(from), nanos(to))
}

func (t *tally) sorted() []Rate {
	out := make([]Rate, 0, len(t.rates))
	for _, r := range t.rates {
		if judged := r.TruePositives + r.FalsePositives + r.Benign; judged > 0 {
			r.FalsePositiveRate = ptr(float64(r.FalsePositives) / float64(judged))
		}
		if attacks := r.TruePositives + r.Missed; attacks > 0 {
			r.FalseNegativeRate = ptr(float64(r.Missed) / float64(attacks))
		}
		out = append(out, *r)
	}
	slices.SortFunc(out, func(a, b Rate) int {
		return cmp.Or(cmp.Compare(b.Alerts, a.Alerts), cmp.Compare(b.Missed, a.Missed), cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Device, b.Device),
			cmp.Compare(a.Dataset, b.Dataset), cmp.Compare(a.DeviceRule, b.DeviceRule))
	})
	return out
}
