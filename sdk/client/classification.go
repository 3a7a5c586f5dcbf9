package client

import "context"

// ClassificationRule says what kind of event an event is, where its device's parser does not know. Counters count since
// the host started, or since the rule's query was changed.
type ClassificationRule struct {
	Name    string            `json:"name"` // in logcenter.classified_by of the events it decides something of
	Query   string            `json:"query"`
	Set     ClassificationSet `json:"set"`
	Matched int64             `json:"matched"` // events that the query matched
	Decided int64             `json:"decided"` // of these: events with a field that it set, no rule before it having done so
}

// ClassificationSet is what a rule sets. Zero values leave a field as it is.
type ClassificationSet struct {
	DeviceType string   `json:"device_type,omitempty"` // observer.type
	LogType    string   `json:"log_type,omitempty"`    // logcenter.log_type
	Dataset    string   `json:"dataset,omitempty"`     // event.dataset
	Category   []string `json:"category,omitempty"`    // event.category
	Level      string   `json:"level,omitempty"`       // log.level
	Priority   int      `json:"priority,omitempty"`    // logcenter.priority
}

// ClassificationRules lists the rules of the configuration in the order in which they are asked.
func (c *Client) ClassificationRules(ctx context.Context) ([]ClassificationRule, error) {
	a, err := call[struct {
		Rules []ClassificationRule `json:"rules"`
	}](ctx, c, get("classification"))
	if err != nil {
		return nil, err
	}
	return a.Rules, nil
}
