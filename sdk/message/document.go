package message

import (
	"encoding/json"
	"time"

	"github.com/logcenter/logcenter/sdk"
)

// Document is an alert for programs. Names are the log standard's, times RFC 3339. The eight facts that it demands of each
// alert are always there, and id, kind and rule; what else is empty is left out.
type Document struct {
	Time        time.Time         `json:"time"` // of telling
	ID          string            `json:"id"`
	Kind        string            `json:"kind"` // alert, recovery, summary, escalation or test
	Recovers    string            `json:"recovers,omitempty"`
	Rule        string            `json:"rule"`
	RuleVersion string            `json:"rule_version,omitempty"`
	Name        string            `json:"name"`
	Description string            `json:"description"`
	Topic       string            `json:"topic"`
	Type        string            `json:"type"`
	Method      string            `json:"method"`
	Frequency   string            `json:"frequency"`
	Remarks     string            `json:"remarks"`
	Severity    string            `json:"severity,omitempty"`
	Priority    int               `json:"priority,omitempty"`
	Keys        map[string]string `json:"keys,omitempty"`
	Fields      map[string]string `json:"fields"`
	Count       uint64            `json:"count,omitempty"`
	First       time.Time         `json:"first,omitzero"`
	Last        time.Time         `json:"last,omitzero"`
	EventIDs    []string          `json:"events,omitempty"`
	Tags        []string          `json:"tags,omitempty"`
	URL         string            `json:"url,omitempty"`
	Target      string            `json:"target,omitempty"`
	// Text is the alert in a line of the target's language, empty where nobody asked for it.
	Text string `json:"text,omitempty"`
	// Note is what went wrong with templates of the admin's, empty if nothing.
	Note string `json:"note,omitempty"`
	// Cut says that values or entries are missing, because the alert was larger than may be sent.
	Cut bool `json:"cut,omitempty"`
}

// Document is the alert for programs, values as they are, and what went wrong with templates so far.
func (m *Message) Document() *Document {
	a, note := m.alert, ""
	if err := m.Err(); err != nil {
		note = Cut(err.Error(), maxNote)
	}
	fields := a.Fields
	if fields == nil {
		fields = map[string]string{} // {} in JSON
	}
	return &Document{
		Time: m.now.UTC(), ID: a.ID, Kind: Kind(a), Recovers: a.Recovers, Rule: a.Rule, RuleVersion: a.RuleVersion, Name: a.Name,
		Description: a.Description, Topic: a.Topic, Type: a.Type, Method: m.method(), Frequency: a.Frequency, Remarks: a.Remarks,
		Severity: a.Severity, Priority: a.Priority, Keys: a.Keys, Fields: fields, Count: a.Count, First: a.First, Last: a.Last,
		EventIDs: a.EventIDs, Tags: a.Tags, URL: a.URL, Target: a.Target, Note: note,
	}
}

// MinJSON is the least bound that JSON meets: an alert of nothing but its id, which may be MaxID bytes.
const (
	MinJSON = 4096
	MaxID   = 256
)

// JSON is the document in one line of at most most bytes, which is MinJSON at least. What is too large loses event ids
// first and then the ends of long values, its id last.
func (d *Document) JSON(most int) ([]byte, error) {
	b, err := json.Marshal(d)
	if err != nil || len(b) <= most {
		return b, err
	}
	for limit := most / 4; ; limit /= 4 {
		if b, err = json.Marshal(d.shortened(limit)); err != nil || len(b) <= most || limit == 0 {
			return b, err
		}
	}
}

// shortened is the document with values of at most limit bytes.
func (d *Document) shortened(limit int) *Document {
	c := *d
	c.Cut, c.EventIDs = true, d.EventIDs[:min(len(d.EventIDs), maxEntries)]
	c.ID, c.Recovers = Cut(d.ID, MaxID), Cut(d.Recovers, MaxID)
	for _, s := range [...]*string{
		&c.Rule, &c.RuleVersion, &c.Name, &c.Description, &c.Topic, &c.Type, &c.Method, &c.Frequency, &c.Remarks, &c.Severity, &c.URL, &c.Target, &c.Text, &c.Note,
	} {
		*s = Cut(*s, limit)
	}
	few := func(of map[string]string) map[string]string {
		list := pairs(of, func(s string) string { return Cut(s, min(limit, maxValue)) })
		out := make(map[string]string, len(list))
		if limit > 0 {
			for _, p := range list {
				out[p.Name] = p.Value
			}
		}
		return out
	}
	c.Keys, c.Fields = few(d.Keys), few(d.Fields)
	if limit < maxValue {
		c.EventIDs, c.Tags = nil, nil
	}
	return &c
}

// Bounded is JSON of an alert without a message around it, for those who tell programs only.
func Bounded(a *sdk.Alert, channel string, now time.Time, most int) ([]byte, error) {
	return (&Message{alert: a, channel: channel, now: now}).Document().JSON(most)
}
