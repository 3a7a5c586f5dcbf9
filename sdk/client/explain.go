package client

import "context"

// Explanation is the history of an event.
type Explanation struct {
	EventID string            `json:"event_id"`
	Line    string            `json:"line"`    // as it is stored, masked
	Plugins []ExplainedPlugin `json:"plugins"` // those that handled it, in their order
	Fields  []ExplainedField  `json:"fields"`  // sorted by name
	Notes   []string          `json:"notes,omitempty"`
}

// ExplainedPlugin is a plugin that handled an event.
type ExplainedPlugin struct {
	ID      string `json:"id"`
	Kind    string `json:"kind"`              // parser, enricher or masker
	Version string `json:"version,omitempty"` // empty: not known
	Sum     string `json:"sha256,omitempty"`  // of its program
	Ran     string `json:"ran,omitempty"`     // version that ran for the explanation; empty: none could
	Note    string `json:"note,omitempty"`    // why another version ran, or none
}

// ExplainedField is a field of an event and where its value is from.
type ExplainedField struct {
	Name    string          `json:"name"`
	Value   any             `json:"value,omitempty"` // as it is stored; nil: it is not
	By      string          `json:"by,omitempty"`    // id of a plugin, "rule NAME", "host", or "input NAME"; empty: nobody wrote it this time
	How     string          `json:"how,omitempty"`   // of a plugin's: line, made or constant
	Bytes   *ExplainedBytes `json:"bytes,omitempty"` // of the line; nil: not known
	Now     any             `json:"now,omitempty"`   // what came out this time, where it Differs
	Differs bool            `json:"differs,omitempty"`
}

// ExplainedBytes is a part of a line, [Start, End).
type ExplainedBytes struct {
	Start int    `json:"start"`
	End   int    `json:"end"`
	Text  string `json:"text"`
	Found bool   `json:"found,omitempty"` // the plugin does not say so, but the value stands in the line once, here
}

// Explain tells the history of an event.
func (c *Client) Explain(ctx context.Context, eventID string) (*Explanation, error) {
	return call[Explanation](ctx, c, get("events", eventID, "explain"))
}
