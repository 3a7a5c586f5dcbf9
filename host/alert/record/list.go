package record

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/wire"
)

// Record is an alert and what became of it. Times are UTC, zero ones are not known.
type Record struct {
	Seq         int64             `json:"seq"` // in the order of recording
	ID          string            `json:"id"`
	Kind        string            `json:"kind,omitempty"` // empty: an alert; or recovery, summary, escalation, test
	Rule        string            `json:"rule"`
	RuleVersion string            `json:"rule_version,omitempty"`
	Name        string            `json:"name"`
	Description string            `json:"description,omitempty"`
	Topic       string            `json:"topic,omitempty"`
	Type        string            `json:"type,omitempty"`
	Method      string            `json:"method,omitempty"`
	Frequency   string            `json:"frequency,omitempty"`
	Remarks     string            `json:"remarks,omitempty"`
	Severity    string            `json:"severity"`
	Priority    int               `json:"priority,omitempty"`
	Keys        map[string]string `json:"keys,omitempty"`
	Fields      map[string]string `json:"fields,omitempty"`
	Tags        []string          `json:"tags,omitempty"`
	Channels    []string          `json:"channels,omitempty"` // that the rule names
	Recovers    string            `json:"recovers,omitempty"` // of a recovery: the alert that is over
	EventIDs    []string          `json:"event_ids,omitempty"`
	First       time.Time         `json:"first,omitzero"` // of its events
	Last        time.Time         `json:"last,omitzero"`
	Recorded    time.Time         `json:"recorded"`

	Device     string `json:"device,omitempty"`
	Dataset    string `json:"dataset,omitempty"`
	DeviceRule string `json:"device_rule,omitempty"` // rule.id of its events: the rule of the device, e.g. the WAF

	State        State     `json:"state,omitempty"` // empty: it has no life of its own
	Verdict      Verdict   `json:"verdict,omitempty"`
	Assignee     string    `json:"assignee,omitempty"`
	Acknowledged time.Time `json:"acknowledged,omitzero"` // when somebody first took it up
	Closed       time.Time `json:"closed,omitzero"`
	Recovered    time.Time `json:"recovered,omitzero"`
	RecoveredBy  string    `json:"recovered_by,omitempty"`

	RepeatOf string    `json:"repeat_of,omitempty"`
	Repeats  int64     `json:"repeats"`         // of it
	Events   int64     `json:"events"`          // behind it and its repeats
	Latest   time.Time `json:"latest,omitzero"` // of these
	Held     string    `json:"held,omitempty"`  // why nobody was told of it by itself: silent, repeat, storm or original
	Told     time.Time `json:"told,omitzero"`   // when somebody was, last
	Storm    int64     `json:"storm,omitempty"` // that held it
	Evidence string    `json:"evidence"`        // wanted, taken or none
	Cases    []int64   `json:"cases,omitempty"` // that it is in
}

// Detail is a record with its history.
type Detail struct {
	*Record
	Log    []Change      `json:"log"`
	Sample []store.Event `json:"sample"` // evidence, masked as all events are
	// Again are ids of its repeats, the newest first, up to 1000.
	Again []string `json:"again"`
}

const selectRecord = `SELECT a.seq, a.device, a.dataset, a.device_rule, a.recorded, coalesce(h.id, ''), a.held, coalesce(a.storm, 0), a.told, a.state,
	a.verdict, a.assignee, a.acknowledged, a.closed, a.recovered, a.recovered_by, a.repeats, a.events, a.latest, a.evidence,
	(SELECT coalesce(group_concat(incident), '') FROM record_case_alert WHERE record = a.seq), a.body
	FROM record a LEFT JOIN record h ON h.seq = a.head `

func scanRecord(scan func(...any) error) (*Record, error) {
	var (
		r                                     Record
		body                                  []byte
		recorded, latest                      sql.NullInt64
		told, acknowledged, closed, recovered sql.NullInt64
		cases                                 string
		a                                     wire.Alert
	)
	err := scan(&r.Seq, &r.Device, &r.Dataset, &r.DeviceRule, &recorded, &r.RepeatOf, &r.Held, &r.Storm, &told, &r.State, &r.Verdict, &r.Assignee,
		&acknowledged, &closed, &recovered, &r.RecoveredBy, &r.Repeats, &r.Events, &latest, &r.Evidence, &cases, &body)
	if err != nil {
		return nil, err
	}
	if err := proto.Unmarshal(body, &a); err != nil {
		return nil, fmt.Errorf("alert %d: %w", r.Seq, err)
	}
	r.Recorded, r.Latest, r.Told = instant(recorded), instant(latest), instant(told)
	r.Acknowledged, r.Closed, r.Recovered = instant(acknowledged), instant(closed), instant(recovered)
	r.ID, r.Kind, r.Rule, r.RuleVersion, r.Name, r.Description = a.Id, a.Kind, a.Rule, a.RuleVersion, a.Name, a.Description
	r.Topic, r.Type, r.Method, r.Frequency, r.Remarks = a.Topic, a.Type, a.Method, a.Frequency, a.Remarks
	r.Severity, r.Priority = string(ecs.Severities[severityOf(&a)]), int(a.Priority)
	r.Keys, r.Fields, r.Tags, r.Channels, r.Recovers, r.EventIDs = a.Keys, a.Fields, a.Tags, a.Channels, a.Recovers, a.EventIds
	r.First, r.Last = instant(sql.NullInt64{Int64: a.FirstNs, Valid: true}), instant(sql.NullInt64{Int64: a.LastNs, Valid: true})
	for _, c := range strings.Split(cases, ",") {
		if n, err := strconv.ParseInt(c, 10, 64); err == nil {
			r.Cases = append(r.Cases, n)
		}
	}
	return &r, nil
}

func recordOf(ctx context.Context, tx *sql.Tx, seq int64) (*Record, error) {
	return scanRecord(tx.QueryRowContext(ctx, selectRecord+"WHERE a.seq = ?", seq).Scan)
}

// Filter selects alerts. Each list is "any of"; empty fields select everything.
type Filter struct {
	From, To   time.Time // recorded in [From, To)
	States     []State
	Severities []string
	Verdicts   []Verdict
	Kinds      []string // none: alerts; "all": every kind; or recovery, summary, escalation, test
	Rules      []string
	Devices    []string
	DeviceRule string
	Assignee   string // "-": nobody
	Tags       []string
	Keys       map[string]string // all of them
	Text       string            // in name, rule, keys, fields, description; letters in either case
	Held       string
	Storm      int64
	Case       int64
	Repeats    bool // also those that repeat others; else their heads stand for them
}

// Page is a page of alerts, the newest first.
type Page struct {
	Alerts []*Record `json:"alerts"`
	Cursor string    `json:"cursor,omitempty"` // for the next page; empty: there is none
}

const (
	// MaxPage is the most that a page has.
	MaxPage = 1000
	// looked bounds how many alerts are looked at for a page of a scope that may not see them; a page with fewer than
	// asked for has a cursor then.
	looked       = 5000
	maxRepeatIDs = 1000
)

func (f *Filter) check() error {
	for _, s := range f.Severities {
		if !slices.Contains(ecs.Severities[:], ecs.Severity(s)) {
			return invalid("severity %.40q: write Debug, Info, Warn, Error or Fatal", s)
		}
	}
	for _, s := range f.States {
		if !slices.Contains([]State{Open, Acknowledged, Closed}, s) {
			return invalid("state %.40q: write open, acknowledged or closed", s)
		}
	}
	for _, v := range f.Verdicts {
		if !v.valid() {
			return invalid("verdict %.40q: %s", v, verdictList)
		}
	}
	if !f.From.IsZero() && !f.To.IsZero() && !f.From.Before(f.To) {
		return invalid("from %s is not before to %s", f.From.Format(time.RFC3339), f.To.Format(time.RFC3339))
	}
	return nil
}

// condition is the filter in SQL, about the row a.
func (f *Filter) condition() (string, []any) {
	c := &condition{}
	switch {
	case len(f.Kinds) == 0:
		c.and("a.kind = ''")
	case !slices.Contains(f.Kinds, "all"):
		anyOf(c, "a.kind", f.Kinds)
	}
	if !f.Repeats {
		c.and("(a.head IS NULL OR a.kind <> '')")
	}
	if !f.From.IsZero() {
		c.and("a.recorded >= ?", f.From.UnixNano())
	}
	if !f.To.IsZero() {
		c.and("a.recorded < ?", f.To.UnixNano())
	}
	anyOf(c, "a.state", f.States)
	var places []int
	for _, s := range f.Severities {
		places = append(places, slices.Index(ecs.Severities[:], ecs.Severity(s)))
	}
	anyOf(c, "a.severity", places)
	anyOf(c, "a.verdict", f.Verdicts)
	anyOf(c, "a.rule", f.Rules)
	anyOf(c, "a.device", f.Devices)
	for _, one := range [...]struct{ column, value string }{{"a.device_rule", f.DeviceRule}, {"a.held", f.Held}} {
		if one.value != "" {
			c.and(one.column+" = ?", one.value)
		}
	}
	switch f.Assignee {
	case "":
	case "-":
		c.and("a.assignee = ''")
	default:
		c.and("a.assignee = ?", f.Assignee)
	}
	for _, tag := range f.Tags {
		c.and("EXISTS (SELECT 1 FROM record_tag WHERE tag = ? AND record = a.seq)", tag)
	}
	for name, value := range f.Keys {
		c.and("EXISTS (SELECT 1 FROM record_key WHERE name = ? AND value = ? AND record = a.seq)", name, cut(value, maxIndexed))
	}
	if f.Text != "" {
		c.and("instr(a.words, ?) > 0", strings.ToLower(f.Text))
	}
	if f.Storm != 0 {
		c.and("a.storm = ?", f.Storm)
	}
	if f.Case != 0 {
		c.and("EXISTS (SELECT 1 FROM record_case_alert WHERE incident = ? AND record = a.seq)", f.Case)
	}
	return strings.Join(c.parts, " AND "), c.args
}

type condition struct {
	parts []string
	args  []any
}

func (c *condition) and(text string, args ...any) {
	c.parts, c.args = append(c.parts, text), append(c.args, args...)
}

func anyOf[T any](c *condition, column string, values []T) {
	if len(values) == 0 {
		return
	}
	c.and(column + " IN (?" + strings.Repeat(", ?", len(values)-1) + ")")
	for _, v := range values {
		c.args = append(c.args, v)
	}
}

// selects says whether a filter selects an alert.
func (l *Ledger) selects(ctx context.Context, tx *sql.Tx, f Filter, seq int64) (ok bool, err error) {
	where, args := f.condition()
	if where == "" {
		return true, nil
	}
	err = tx.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM record a WHERE a.seq = ? AND "+where+")", append([]any{seq}, args...)...).Scan(&ok)
	return ok, err
}

// List returns a page of at most limit alerts, behind the cursor of the page before. What is recorded meanwhile is not
// in later pages; what is changed may be.
func (l *Ledger) List(ctx context.Context, s store.Scope, f Filter, cursor string, limit int) (*Page, error) {
	if err := f.check(); err != nil {
		return nil, err
	}
	v, err := newViewer(s)
	if err != nil {
		return nil, err
	}
	where, args := f.condition()
	if where == "" {
		where = "true"
	}
	if cursor != "" {
		before, err := strconv.ParseInt(cursor, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("%w: %.40q is none of this host's", store.ErrCursor, cursor)
		}
		where, args = where+" AND a.seq < ?", append(args, before)
	}
	limit = max(1, min(limit, MaxPage))
	rows := limit + 1
	if !v.all {
		rows = looked + 1
	}
	page := &Page{Alerts: []*Record{}}
	err = l.view(ctx, func(tx *sql.Tx) error {
		n, last := 0, int64(0)
		return each(ctx, tx, func(scan func(...any) error) error {
			if n++; page.Cursor != "" {
				return nil
			}
			if len(page.Alerts) == limit || n == rows {
				page.Cursor = strconv.FormatInt(last, 10)
				return nil
			}
			r, err := scanRecord(scan)
			if err != nil {
				return err
			}
			last = r.Seq
			if ok, err := v.sees(ctx, tx, r.Seq); !ok || err != nil {
				return err
			}
			page.Alerts = append(page.Alerts, r)
			return nil
		}, selectRecord+"WHERE "+where+" ORDER BY a.seq DESC LIMIT ?", append(args, rows)...)
	})
	return page, err
}

// Show returns one alert with its history.
func (l *Ledger) Show(ctx context.Context, s store.Scope, id string) (d *Detail, err error) {
	v, err := newViewer(s)
	if err != nil {
		return nil, err
	}
	err = l.view(ctx, func(tx *sql.Tx) error {
		if _, err := v.find(ctx, tx, id); err != nil {
			return err
		}
		var seq int64
		if err := tx.QueryRowContext(ctx, "SELECT seq FROM record WHERE id = ?", id).Scan(&seq); err != nil {
			return err
		}
		d = &Detail{Log: []Change{}, Sample: []store.Event{}, Again: []string{}}
		if d.Record, err = recordOf(ctx, tx, seq); err != nil {
			return err
		}
		list, err := changes(ctx, tx, "WHERE c.record = ? ORDER BY c.id", seq)
		if err != nil {
			return err
		}
		d.Log = append(d.Log, list...)
		batches, err := evidenceOf(ctx, tx, seq)
		if err != nil {
			return err
		}
		for _, b := range batches {
			for row := range int(b.Rows) {
				d.Sample = append(d.Sample, store.EventAt(b, row))
			}
		}
		return each(ctx, tx, func(scan func(...any) error) error {
			var again string
			if err := scan(&again); err != nil {
				return err
			}
			d.Again = append(d.Again, again)
			return nil
		}, "SELECT id FROM record WHERE head = ? AND kind = '' ORDER BY seq DESC LIMIT ?", seq, maxRepeatIDs)
	})
	if err != nil {
		return nil, err
	}
	return d, nil
}
