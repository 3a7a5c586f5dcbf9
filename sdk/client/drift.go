package client

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// DriftFilter selects drifts and keys. The zero value is all drifts and the first 1,000 keys.
type DriftFilter struct {
	Device string // host.name, sender's address or input
	Plugin string
	Kind   string // unparsed, unrecognised or fields
	Limit  int    // of keys, 1 to 10000; 0 means 1000
}

// DriftList is what is known of how devices write their lines.
type DriftList struct {
	Drifts    []Drift    `json:"drifts"` // open ones first, then the newest
	Keys      []DriftKey `json:"keys"`   // by device
	TotalKeys int        `json:"total_keys"`
}

// Drift is a device whose lines have changed, as after new firmware. Its lines are masked.
type Drift struct {
	ID      string        `json:"id"`
	State   string        `json:"state"` // open, returned, accepted or superseded
	Kind    string        `json:"kind"`  // unparsed, unrecognised or fields
	Device  string        `json:"device"`
	Hosts   []string      `json:"hosts,omitempty"`
	Plugin  string        `json:"plugin,omitempty"`
	Version string        `json:"version,omitempty"`
	Dataset string        `json:"dataset,omitempty"`
	Input   string        `json:"input,omitempty"`
	Cause   string        `json:"cause,omitempty"` // what happened on the host; empty if it was the device
	Since   time.Time     `json:"since"`
	Raised  time.Time     `json:"raised"`
	Ended   time.Time     `json:"ended,omitzero"`
	Lines   int           `json:"lines"` // bad ones until it was raised
	Changes []DriftChange `json:"changes"`
	Before  []DriftLine   `json:"lines_before"`
	After   []DriftLine   `json:"lines_after"`
	Advice  string        `json:"advice"`
	Told    bool          `json:"told"`
	Owed    bool          `json:"end_owed,omitempty"` // it is over, and that was not told yet
}

// DriftChange is a rate that got worse: of lines that are not parsed or claimed, or of events that have the field.
type DriftChange struct {
	Field  string  `json:"field,omitempty"`
	Before float64 `json:"before"`
	After  float64 `json:"after"`
}

// DriftLine is a masked line of an event, cut at 512 bytes.
type DriftLine struct {
	EventID string `json:"event_id"`
	Line    string `json:"line"`
}

// DriftKey is what is usual for one device's lines of one kind, and how they are now.
type DriftKey struct {
	Kind    string      `json:"kind"`
	Device  string      `json:"device"`
	Hosts   []string    `json:"hosts,omitempty"`
	Plugin  string      `json:"plugin,omitempty"`
	Version string      `json:"version,omitempty"`
	Dataset string      `json:"dataset,omitempty"`
	Input   string      `json:"input,omitempty"`
	Seen    time.Time   `json:"seen"`
	Learned bool        `json:"learned"`
	Drift   string      `json:"drift,omitempty"` // id of an open one
	Rates   []DriftRate `json:"rates"`
}

// DriftRate is one rate of a key, see [DriftChange].
type DriftRate struct {
	Field    string  `json:"field,omitempty"`
	Baseline float64 `json:"baseline"`
	Current  float64 `json:"current"`
	Lines    int     `json:"lines"`  // that the baseline is made of
	Judged   bool    `json:"judged"` // a worse rate would be a drift
}

// Drift returns the drifts and what is usual.
func (c *Client) Drift(ctx context.Context, f DriftFilter) (*DriftList, error) {
	p := url.Values{}
	setText(p, "device", f.Device)
	setText(p, "plugin", f.Plugin)
	setText(p, "kind", f.Kind)
	setInt(p, "limit", f.Limit)
	return call[DriftList](ctx, c, get("drift").with(p))
}

// AcceptDrift takes an open drift for usual from now on.
func (c *Client) AcceptDrift(ctx context.Context, id string) (*Drift, error) {
	return call[Drift](ctx, c, request{method: http.MethodPost, path: []string{"drift", id, "accept"}})
}
