package client

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// AlertFilter selects alerts. Lists are "any of", but for Tags and Keys, which must all be there; empty fields select
// everything.
type AlertFilter struct {
	From, To   string // recorded in [From, To); as in Selection
	States     []string
	Severities []string
	Verdicts   []string
	Kinds      []string // none: alerts; "all"; or recovery, summary, escalation, test
	Rules      []string
	Devices    []string
	DeviceRule string
	Assignee   string // "-" is nobody
	Tags       []string
	Keys       []string // NAME=VALUE
	Text       string
	Held       string // silent, repeat, storm or original
	Storm      int64
	Case       int64
	Repeats    bool // also those that repeat others
	TimeZone   string

	Limit  int    // of a page; 0 means 100
	Cursor string // of the page before
}

func (f AlertFilter) params() url.Values {
	p := url.Values{}
	setText(p, "from", f.From)
	setText(p, "to", f.To)
	setText(p, "time_zone", f.TimeZone)
	for name, list := range map[string][]string{
		"state": f.States, "severity": f.Severities, "verdict": f.Verdicts, "kind": f.Kinds, "rule": f.Rules, "device": f.Devices, "tag": f.Tags, "key": f.Keys,
	} {
		setList(p, name, list)
	}
	setText(p, "device_rule", f.DeviceRule)
	setText(p, "assignee", f.Assignee)
	setText(p, "text", f.Text)
	setText(p, "held", f.Held)
	setInt(p, "storm", int(f.Storm))
	setInt(p, "case", int(f.Case))
	setFlag(p, "repeats", f.Repeats)
	return p
}

// AlertPage is a page of alerts, the newest first.
type AlertPage struct {
	Alerts []Alert `json:"alerts"`
	Cursor string  `json:"cursor,omitempty"` // for the next page; empty: there is none
}

// Alert is what a detector raised, and what became of it.
type Alert struct {
	Seq         int64             `json:"seq"`
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
	Channels    []string          `json:"channels,omitempty"`
	Recovers    string            `json:"recovers,omitempty"`
	EventIDs    []string          `json:"event_ids,omitempty"`
	First       time.Time         `json:"first,omitzero"` // of its events
	Last        time.Time         `json:"last,omitzero"`
	Recorded    time.Time         `json:"recorded"`

	Device     string `json:"device,omitempty"`
	Dataset    string `json:"dataset,omitempty"`
	DeviceRule string `json:"device_rule,omitempty"` // rule.id of its events

	State        string    `json:"state,omitempty"`   // open, acknowledged or closed; empty: it has no life of its own
	Verdict      string    `json:"verdict,omitempty"` // true_positive, false_positive or benign
	Assignee     string    `json:"assignee,omitempty"`
	Acknowledged time.Time `json:"acknowledged,omitzero"`
	Closed       time.Time `json:"closed,omitzero"`
	Recovered    time.Time `json:"recovered,omitzero"`
	RecoveredBy  string    `json:"recovered_by,omitempty"`

	RepeatOf string    `json:"repeat_of,omitempty"`
	Repeats  int64     `json:"repeats"`
	Events   int64     `json:"events"` // behind it and its repeats
	Latest   time.Time `json:"latest,omitzero"`
	Held     string    `json:"held,omitempty"` // why nobody was told of it by itself
	Told     time.Time `json:"told,omitzero"`
	Storm    int64     `json:"storm,omitempty"`
	Evidence string    `json:"evidence"` // wanted, taken or none
	Cases    []int64   `json:"cases,omitempty"`
}

// AlertDetail is an alert with its history.
type AlertDetail struct {
	Alert
	Log    []AlertChange `json:"log"`
	Sample []Event       `json:"sample"` // evidence
	Again  []string      `json:"again"`  // ids of repeats, the newest first
}

// AlertChange is one line of the log of what became of alerts and cases.
type AlertChange struct {
	ID    int64     `json:"id"`
	Time  time.Time `json:"time"`
	Alert string    `json:"alert,omitempty"`
	Case  int64     `json:"case,omitempty"`
	By    string    `json:"by,omitempty"` // empty: the host
	What  string    `json:"what"`
	Value string    `json:"value,omitempty"`
	Note  string    `json:"note,omitempty"`
}

// AlertAction is something to be done to alerts.
type AlertAction struct {
	Action   string   `json:"action"` // acknowledge, assign, close, reopen or note
	IDs      []string `json:"ids"`    // 1 to 1000
	Assignee string   `json:"assignee,omitempty"`
	Verdict  string   `json:"verdict,omitempty"`
	Note     string   `json:"note,omitempty"`
}

// Alerts returns a page of alerts.
func (c *Client) Alerts(ctx context.Context, f AlertFilter) (*AlertPage, error) {
	p := f.params()
	setInt(p, "limit", f.Limit)
	setText(p, "cursor", f.Cursor)
	return call[AlertPage](ctx, c, get("alerts").with(p))
}

// Alert returns one alert with its history.
func (c *Client) Alert(ctx context.Context, id string) (*AlertDetail, error) {
	return call[AlertDetail](ctx, c, get("alerts", id))
}

// ActOnAlerts does something to alerts, to all or none of them, and returns how they are then. Notes are not sent again
// when the connection breaks.
func (c *Client) ActOnAlerts(ctx context.Context, a AlertAction) ([]Alert, error) {
	r, err := request{method: http.MethodPost, path: []string{"alerts", "actions"}, once: a.Action == "note"}.json(a)
	if err != nil {
		return nil, err
	}
	answer, err := call[AlertPage](ctx, c, r)
	if err != nil {
		return nil, err
	}
	return answer.Alerts, nil
}

// MissedAttack is an attack that no alert told of.
type MissedAttack struct {
	ID          int64     `json:"id,omitempty"`
	Time        time.Time `json:"time"`
	Device      string    `json:"device"`
	Dataset     string    `json:"dataset,omitempty"`
	Rule        string    `json:"rule,omitempty"` // that should have found it; empty: there is none
	DeviceRule  string    `json:"device_rule,omitempty"`
	Description string    `json:"description"`
	EventIDs    []string  `json:"event_ids,omitempty"`
	By          string    `json:"by,omitempty"`
	Recorded    time.Time `json:"recorded,omitzero"`
}

// NewMissedAttack is a missed attack to be recorded.
type NewMissedAttack struct {
	Time        string   `json:"time"`                // as in Selection
	TimeZone    string   `json:"time_zone,omitempty"` // of a time without one
	Device      string   `json:"device"`
	Dataset     string   `json:"dataset,omitempty"`
	Rule        string   `json:"rule,omitempty"`
	DeviceRule  string   `json:"device_rule,omitempty"`
	Description string   `json:"description"`
	EventIDs    []string `json:"event_ids,omitempty"`
}

// AddMissed records a missed attack.
func (c *Client) AddMissed(ctx context.Context, m NewMissedAttack) (*MissedAttack, error) {
	r, err := request{method: http.MethodPost, path: []string{"alerts", "missed"}, once: true}.json(m)
	if err != nil {
		return nil, err
	}
	return call[MissedAttack](ctx, c, r)
}

// Missed returns the missed attacks of [from, to), the newest first.
func (c *Client) Missed(ctx context.Context, from, to string) ([]MissedAttack, error) {
	p := url.Values{}
	setText(p, "from", from)
	setText(p, "to", to)
	answer, err := call[struct {
		Missed []MissedAttack `json:"missed"`
	}](ctx, c, get("alerts", "missed").with(p))
	if err != nil {
		return nil, err
	}
	return answer.Missed, nil
}

// DeleteMissed takes back a missed attack.
func (c *Client) DeleteMissed(ctx context.Context, id int64) error {
	return c.nothing(ctx, request{method: http.MethodDelete, path: []string{"alerts", "missed", strconv.FormatInt(id, 10)}})
}

// AlertRate is how good a rule or a device is, as far as alerts were judged.
type AlertRate struct {
	Rule              string   `json:"rule,omitempty"`
	Device            string   `json:"device,omitempty"`
	Dataset           string   `json:"dataset,omitempty"`
	DeviceRule        string   `json:"device_rule,omitempty"`
	Alerts            int64    `json:"alerts"`
	Repeats           int64    `json:"repeats"`
	TruePositives     int64    `json:"true_positives"`
	FalsePositives    int64    `json:"false_positives"`
	Benign            int64    `json:"benign"`
	Unjudged          int64    `json:"unjudged"`
	Missed            int64    `json:"missed"`
	FalsePositiveRate *float64 `json:"false_positive_rate"` // of those judged; nil: none was
	FalseNegativeRate *float64 `json:"false_negative_rate"` // of the known attacks; nil: none is
}

// AlertRates returns rates by rule, device or device_rule, of the alerts and attacks of [from, to).
func (c *Client) AlertRates(ctx context.Context, by string, from, to string) ([]AlertRate, error) {
	p := url.Values{}
	setText(p, "by", by)
	setText(p, "from", from)
	setText(p, "to", to)
	answer, err := call[struct {
		Rates []AlertRate `json:"rates"`
	}](ctx, c, get("alerts", "rates").with(p))
	if err != nil {
		return nil, err
	}
	return answer.Rates, nil
}
