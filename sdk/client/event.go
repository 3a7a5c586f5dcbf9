package client

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// Event is an event as the API sends it: values by dotted field name, or nested if that was asked for. Numbers
// are json.Number, which keeps all digits; times and IP addresses are strings.
type Event map[string]any

// Text is the value of a field for people: lists joined by ", ", "" if there is none.
func (e Event) Text(field string) string { return text(e[field]) }

func text(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case []any:
		all := make([]string, len(v))
		for i := range v {
			all[i] = text(v[i])
		}
		return strings.Join(all, ", ")
	case map[string]any:
		b, err := json.Marshal(v)
		if err != nil {
			return fmt.Sprint(v)
		}
		return string(b)
	default:
		return fmt.Sprint(v)
	}
}

// Int is the value of a whole number; false if there is none.
func (e Event) Int(field string) (int64, bool) {
	n, ok := e[field].(json.Number)
	if !ok {
		return 0, false
	}
	v, err := n.Int64()
	return v, err == nil
}

// Float is the value of a number; false if there is none.
func (e Event) Float(field string) (float64, bool) {
	n, ok := e[field].(json.Number)
	if !ok {
		return 0, false
	}
	v, err := n.Float64()
	return v, err == nil
}

// Time is the value of a time; false if there is none.
func (e Event) Time(field string) (time.Time, bool) {
	s, ok := e[field].(string)
	if !ok {
		return time.Time{}, false
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	return t, err == nil
}

// ID is the event's identity.
func (e Event) ID() string { return e.Text("event.id") }

// Message is the event's raw line, masked.
func (e Event) Message() string { return e.Text("message") }
