package client

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// Channel is where alerts can be told: a target of a notifier plugin, or one that has none. Figures count since the host
// started.
type Channel struct {
	Name        string    `json:"name"` // PLUGIN/TARGET or PLUGIN
	Plugin      string    `json:"plugin"`
	Target      string    `json:"target,omitempty"`
	State       string    `json:"state"` // ready, paused, quiet, starting, disabled, failed, quarantined or missing
	Reason      string    `json:"reason,omitempty"`
	Resume      time.Time `json:"resume,omitzero"` // until when it pauses
	Waiting     int64     `json:"waiting"`         // deliveries
	Oldest      time.Time `json:"oldest,omitzero"` // since when the oldest waits
	Dead        int64     `json:"dead"`            // deliveries that were given up and can be redriven
	Sent        int64     `json:"sent"`
	Retried     int64     `json:"retried"`    // tries that failed and are made again
	Unanswered  int64     `json:"unanswered"` // of these, those without an answer
	Refused     int64     `json:"refused"`    // deliveries that the notifier called undeliverable
	LastSuccess time.Time `json:"last_success,omitzero"`
	LastFailure time.Time `json:"last_failure,omitzero"`
	LastReason  string    `json:"last_reason,omitempty"` // of the last failure
	Rate        string    `json:"rate,omitempty"`
}

// Channels returns all channels, by name.
func (c *Client) Channels(ctx context.Context) ([]Channel, error) {
	l, err := call[struct {
		Channels []Channel `json:"channels"`
	}](ctx, c, get("channels"))
	if err != nil {
		return nil, err
	}
	return l.Channels, nil
}

// ChannelTest is what came of a message of kind test.
type ChannelTest struct {
	Channel   string  `json:"channel"`
	Alert     string  `json:"alert"` // id that the receiver sees
	Delivered bool    `json:"delivered"`
	Reason    string  `json:"reason,omitempty"` // why not
	Seconds   float64 `json:"seconds"`
}

// TestChannel sends a test by a channel, once, and waits for what comes of it; of a notifier with targets, to each.
func (c *Client) TestChannel(ctx context.Context, name string) ([]ChannelTest, error) {
	q, err := request{method: http.MethodPost, path: []string{"channels", "test"}, once: true}.json(map[string]string{"channel": name})
	if err != nil {
		return nil, err
	}
	l, err := call[struct {
		Tests []ChannelTest `json:"tests"`
	}](ctx, c, q)
	if err != nil {
		return nil, err
	}
	return l.Tests, nil
}

// RouteRequest is an alert as far as routes look at it.
type RouteRequest struct {
	Rule     string            `json:"rule,omitempty"`
	Severity string            `json:"severity,omitempty"`
	Priority int               `json:"priority,omitempty"`
	Topic    string            `json:"topic,omitempty"`
	Tags     []string          `json:"tags,omitempty"`
	Fields   map[string]string `json:"fields,omitempty"`
	Kind     string            `json:"kind,omitempty"`
	Channels []string          `json:"channels,omitempty"` // that its rule names
}

// RouteAnswer says where it would be told, and who when nobody acknowledges it.
type RouteAnswer struct {
	Stops       []RouteStop       `json:"stops"`
	Escalations []RouteEscalation `json:"escalations"`
}

// RouteStop is a channel on the way of an alert.
type RouteStop struct {
	Channel string `json:"channel"`
	By      string `json:"by"`                // rule, escalation, route NAME or default
	Unknown string `json:"unknown,omitempty"` // why there is no such channel
}

// RouteEscalation waits for an alert to be acknowledged.
type RouteEscalation struct {
	Name  string   `json:"name"`
	After string   `json:"after"`
	To    []string `json:"to"`
}

// TestRoute says where an alert would be told; nobody is.
func (c *Client) TestRoute(ctx context.Context, r RouteRequest) (*RouteAnswer, error) {
	q, err := request{method: http.MethodPost, path: []string{"routes", "test"}}.json(r)
	if err != nil {
		return nil, err
	}
	return call[RouteAnswer](ctx, c, q)
}

// Delivery is what is owed to one channel of an alert, or was.
type Delivery struct {
	ID       int64     `json:"id"`    // in the order of adding
	Alert    string    `json:"alert"` // its id
	Channel  string    `json:"channel"`
	Kind     string    `json:"kind,omitempty"` // recovery, summary or escalation; empty: the alert itself
	Rule     string    `json:"rule"`
	Name     string    `json:"name"`
	Severity string    `json:"severity"`
	Routed   string    `json:"routed"`           // what sent it here: rule, escalation, route NAME or default
	State    string    `json:"state"`            // waiting, delivered or dead
	Tries    int       `json:"tries"`            // since it was added or redriven
	Reason   string    `json:"reason,omitempty"` // of the last try that failed, or why it was given up
	Added    time.Time `json:"added"`
	Due      time.Time `json:"due,omitzero"`   // when it is tried at the earliest
	Ended    time.Time `json:"ended,omitzero"` // when it was delivered or given up
}

// DeliveryFilter selects deliveries. The zero value is the newest 100.
type DeliveryFilter struct {
	State, Channel, Alert, Rule string
	Limit                       int    // 1 to 1000; 0 means 100
	Cursor                      string // of the page before
}

// DeliveryPage is one page of deliveries, newest first.
type DeliveryPage struct {
	Deliveries []Delivery `json:"deliveries"`
	Cursor     string     `json:"cursor,omitempty"` // for the next page; empty: there is none
}

// Deliveries returns one page.
func (c *Client) Deliveries(ctx context.Context, f DeliveryFilter) (*DeliveryPage, error) {
	p := url.Values{}
	setText(p, "state", f.State)
	setText(p, "channel", f.Channel)
	setText(p, "alert", f.Alert)
	setText(p, "rule", f.Rule)
	setInt(p, "limit", f.Limit)
	setText(p, "cursor", f.Cursor)
	return call[DeliveryPage](ctx, c, get("outbox").with(p))
}

// Delivery returns one delivery.
func (c *Client) Delivery(ctx context.Context, id int64) (*Delivery, error) {
	return call[Delivery](ctx, c, get("outbox", strconv.FormatInt(id, 10)))
}

// DeliverySelection says which deliveries to change: those of IDs, or those that all of State, Channel, Alert and Rule
// select, or all.
type DeliverySelection struct {
	IDs     []int64 `json:"ids,omitempty"` // up to 1000
	All     bool    `json:"all,omitempty"`
	State   string  `json:"state,omitempty"`
	Channel string  `json:"channel,omitempty"`
	Alert   string  `json:"alert,omitempty"`
	Rule    string  `json:"rule,omitempty"`
	DryRun  bool    `json:"dry_run,omitempty"` // only count
}

// RedriveDeliveries has deliveries tried again that were given up, and returns how many.
func (c *Client) RedriveDeliveries(ctx context.Context, s DeliverySelection) (int64, error) {
	return c.changeDeliveries(ctx, "redrive", s)
}

// DropDeliveries forgets deliveries that wait or were given up, so that nobody is told, and returns how many.
func (c *Client) DropDeliveries(ctx context.Context, s DeliverySelection) (int64, error) {
	return c.changeDeliveries(ctx, "drop", s)
}

func (c *Client) changeDeliveries(ctx context.Context, what string, s DeliverySelection) (int64, error) {
	q, err := request{method: http.MethodPost, path: []string{"outbox", what}}.json(s)
	if err != nil {
		return 0, err
	}
	n, err := call[struct {
		Deliveries int64 `json:"deliveries"`
	}](ctx, c, q)
	if err != nil {
		return 0, err
	}
	return n.Deliveries, nil
}
