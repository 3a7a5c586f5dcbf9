package client

import (
	"context"
	"time"
)

// AlertReason is why an alert was raised.
type AlertReason struct {
	Alert  string             `json:"alert"`
	Rule   string             `json:"rule"`
	Name   string             `json:"name,omitempty"` // empty: the host does not have the rule
	Type   string             `json:"type,omitempty"`
	Keys   map[string]string  `json:"keys"`
	First  time.Time          `json:"first"`
	Last   time.Time          `json:"last"`
	Count  int64              `json:"count"`  // events behind it
	Wanted []string           `json:"wanted"` // what the rule wants, with its thresholds and windows
	Found  []string           `json:"found"`  // what there was of it
	Parts  []AlertReasonPart  `json:"parts"`  // the rule's queries
	Events []AlertReasonEvent `json:"events"` // in the order of their times; only the newest of many
	Notes  []string           `json:"notes"`
}

// AlertReasonPart is a query of the rule.
type AlertReasonPart struct {
	Name    string   `json:"name"` // e.g. steps[1].query
	Query   string   `json:"query"`
	By      []string `json:"by"`      // fields that tie its events to others
	Without bool     `json:"without"` // it is what must not happen before its step
	Matched int      `json:"matched"` // of the events
}

// AlertReasonEvent is an event behind the alert.
type AlertReasonEvent struct {
	ID       string            `json:"event_id"`
	Time     time.Time         `json:"time"`
	Received time.Time         `json:"received,omitzero"`
	Parts    []string          `json:"parts"` // that it matches
	Keys     map[string]string `json:"keys"`  // values of the fields that tie it to others
	Message  string            `json:"message,omitempty"`
}

// ExplainAlert says why an alert was raised.
func (c *Client) ExplainAlert(ctx context.Context, alertID string) (*AlertReason, error) {
	return call[AlertReason](ctx, c, get("alerts", alertID, "explain"))
}
