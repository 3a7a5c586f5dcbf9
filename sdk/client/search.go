package client

import (
	"context"
	"encoding/json"
	"iter"
	"net/http"
	"net/url"
	"time"
)

// Selection says which events a request is about. The zero value is all events of the last 15 minutes.
type Selection struct {
	Query  string `json:"query,omitempty"`
	Stream string `json:"stream,omitempty"` // only events of this stream
	// From (inclusive) and To (exclusive) are RFC 3339, 2026-10-11 12:00:00, epoch milliseconds, -1h, now-7d or
	// now; see [At]. Empty means 15 minutes before To, and now.
	From     string `json:"from,omitempty"`
	To       string `json:"to,omitempty"`
	TimeZone string `json:"time_zone,omitempty"` // IANA name of the zone of times without one; empty means UTC
}

// At writes a time for From and To.
func At(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

func (s Selection) params() url.Values {
	p := url.Values{}
	setText(p, "query", s.Query)
	setText(p, "stream", s.Stream)
	setText(p, "from", s.From)
	setText(p, "to", s.To)
	setText(p, "time_zone", s.TimeZone)
	return p
}

// SearchRequest asks for one page of events.
type SearchRequest struct {
	Selection
	Limit       int      `json:"limit,omitempty"` // 1 to 10,000; 0 means 100
	OldestFirst bool     `json:"-"`
	Cursor      string   `json:"cursor,omitempty"` // of the page before; all else must be the same
	Fields      []string `json:"fields,omitempty"` // only these; empty means all
	Count       bool     `json:"count,omitempty"`  // also count all matches
	Nested      bool     `json:"nested,omitempty"` // objects instead of dotted names
}

// MarshalJSON writes the order as the API spells it.
func (r SearchRequest) MarshalJSON() ([]byte, error) {
	type plain SearchRequest
	order := "newest"
	if r.OldestFirst {
		order = "oldest"
	}
	return json.Marshal(struct {
		plain
		Order string `json:"order"`
	}{plain(r), order})
}

// Page is one page of events.
type Page struct {
	From    time.Time `json:"from"` // the range that was searched
	To      time.Time `json:"to"`
	Total   *int64    `json:"total"`  // all matches; nil unless Count was asked for
	Cursor  string    `json:"cursor"` // for the next page; empty: there is none
	Notices []string  `json:"notices"`
	TookMs  int64     `json:"took_ms"`
	Events  []Event   `json:"events"`
}

// Search returns one page.
func (c *Client) Search(ctx context.Context, r SearchRequest) (*Page, error) {
	q, err := request{method: http.MethodPost, path: []string{"search"}}.json(r)
	if err != nil {
		return nil, err
	}
	return call[Page](ctx, c, q)
}

// Pages returns the pages of a search until the last one or an error.
func (c *Client) Pages(ctx context.Context, r SearchRequest) iter.Seq2[*Page, error] {
	return func(yield func(*Page, error) bool) {
		for {
			p, err := c.Search(ctx, r)
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(p, nil) || p.Cursor == "" {
				return
			}
			r.Cursor, r.Count = p.Cursor, false
		}
	}
}

// AggregateRequest asks for aggregations side by side.
type AggregateRequest struct {
	Selection
	Aggs []Agg `json:"aggs"`
}

// Agg is one aggregation.
type Agg struct {
	Name string `json:"name,omitempty"` // in the answer; empty means kind or kind(field)
	// Kind is terms, date_histogram, histogram, ranges or geotile, which make buckets, or count, distinct, min, max,
	// avg, sum or percentiles.
	Kind     string    `json:"kind"`
	Field    string    `json:"field,omitempty"`
	Size     int       `json:"size,omitempty"`      // terms: 0 means 10; geotile: 0 means 1,000
	Missing  string    `json:"missing,omitempty"`   // terms: events without the field count under this key
	Interval string    `json:"interval,omitempty"`  // date_histogram: e.g. 5m, 1d, 1w
	TimeZone string    `json:"time_zone,omitempty"` // date_histogram: empty means the request's
	Width    float64   `json:"width,omitempty"`     // histogram
	Zoom     int       `json:"zoom,omitempty"`      // geotile: 0, one tile, to 29; each zoom halves a tile's sides
	Ranges   []Range   `json:"ranges,omitempty"`
	Percents []float64 `json:"percents,omitempty"`
	Empty    bool      `json:"empty,omitempty"` // histograms: also buckets without events
	Aggs     []Agg     `json:"aggs,omitempty"`  // in each bucket
}

// Range is from inclusive, to exclusive; a nil bound is open.
type Range struct {
	Key  string   `json:"key,omitempty"` // empty means from-to
	From *float64 `json:"from,omitempty"`
	To   *float64 `json:"to,omitempty"`
}

// Aggregation is the answer to an AggregateRequest.
type Aggregation struct {
	From    time.Time   `json:"from"`
	To      time.Time   `json:"to"`
	Total   int64       `json:"total"` // events selected
	Aggs    []AggResult `json:"aggs"`
	Notices []string    `json:"notices"`
	TookMs  int64       `json:"took_ms"`
}

// AggResult is the answer to one Agg.
type AggResult struct {
	Name    string     `json:"name"`
	Kind    string     `json:"kind"`
	Value   *float64   `json:"value"`   // of single values; nil when there was nothing to compute from
	Values  []*float64 `json:"values"`  // of percentiles, in the order asked for
	Buckets []Bucket   `json:"buckets"` // of the kinds that make buckets
	Other   int64      `json:"other"`   // of terms and geotile: events in values beyond Size
}

// Bucket is one group of events.
type Bucket struct {
	Key    any         `json:"key"`  // string, json.Number or bool; a time is a string, a tile zoom/x/y
	Text   string      `json:"text"` // the key for people
	Count  int64       `json:"count"`
	Center *Point      `json:"center"` // of geotile: the mean of the places in the tile; nil otherwise
	Aggs   []AggResult `json:"aggs"`
}

// Point is a place in degrees.
type Point struct {
	Lat float64 `json:"lat"`
	Lon float64 `json:"lon"`
}

// Aggregate computes aggregations.
func (c *Client) Aggregate(ctx context.Context, r AggregateRequest) (*Aggregation, error) {
	q, err := request{method: http.MethodPost, path: []string{"aggregate"}}.json(r)
	if err != nil {
		return nil, err
	}
	return call[Aggregation](ctx, c, q)
}

// Field is a field that occurs.
type Field struct {
	Name        string `json:"name"`
	Type        string `json:"type"`
	List        bool   `json:"list"` // several values an event
	Declared    bool   `json:"declared"`
	Count       int64  `json:"count"` // events that have it
	Description string `json:"description"`
}

// Fields lists the fields that occur in the selected events, by name.
func (c *Client) Fields(ctx context.Context, s Selection) ([]Field, error) {
	a, err := call[struct {
		Fields []Field `json:"fields"`
	}](ctx, c, get("fields").with(s.params()))
	if err != nil {
		return nil, err
	}
	return a.Fields, nil
}

// FieldValues describes the values of one field.
type FieldValues struct {
	Field    string   `json:"field"`
	Type     string   `json:"type"`
	Count    int64    `json:"count"`   // events that have it
	Missing  int64    `json:"missing"` // events that do not
	Distinct int64    `json:"distinct"`
	Top      []Bucket `json:"top"`
	Min      any      `json:"min"` // of numbers, times and addresses; nil otherwise
	Max      any      `json:"max"`
}

// FieldValues returns what a field holds in the selected events, with its size most frequent values; 0 means 10.
func (c *Client) FieldValues(ctx context.Context, field string, s Selection, size int) (*FieldValues, error) {
	p := s.params()
	setInt(p, "size", size)
	return call[FieldValues](ctx, c, get("fields", field, "values").with(p))
}

// Validation is what the host thinks of a query.
type Validation struct {
	Valid    bool      `json:"valid"`
	Query    string    `json:"query"`    // in canonical form
	Fields   []string  `json:"fields"`   // that it reads
	Notices  []string  `json:"notices"`  // what is likely a mistake
	Warnings []Problem `json:"warnings"` // the same, each with its place
	Error    *Problem  `json:"error"`    // why it is not valid
	Rendered string    `json:"rendered"`
}

// Problem is what is wrong with a query.
type Problem struct {
	Code     string    `json:"code"`
	Message  string    `json:"message"`
	Hint     string    `json:"hint"`
	Position *Position `json:"position"`
}

// Validate asks whether a query is valid. One that is not is an answer, not an error.
func (c *Client) Validate(ctx context.Context, query string) (*Validation, error) {
	return call[Validation](ctx, c, get("query", "validate").with(url.Values{"query": {query}}))
}
