// Package selection makes of a panel's query, with the filters of its dashboard and the dashboard's time range, what the
// host understands: one query text and a range of time.
//
// The text is read first, whole; filters are nodes of the syntax tree beside it. So a parenthesis or OR in a text cannot
// take a filter in, and no value of a filter is ever read as a part of the language.
//
// Grafana's end of a range is inclusive, the host's exclusive. A range ends here where Grafana says, exclusive, so that
// two panels side by side show no event twice and a chart has no bucket of a millisecond at its right edge; only the ends
// that Grafana writes for a whole day, week or hour, 23:59:59.999, are taken as the whole one.
package selection

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"

	"github.com/logcenter/logcenter/grafana/pkg/model"
	"github.com/logcenter/logcenter/sdk/client"
	"github.com/logcenter/logcenter/sdk/query"
)

// Error is what is wrong with a query's text.
type Error struct {
	Text string // as it was read: with macros replaced
	Err  *query.Error
}

// Error shows the place in the text.
func (e *Error) Error() string { return strings.TrimRight(e.Err.Render(e.Text), "\n") }

// Unwrap returns the error of the text.
func (e *Error) Unwrap() error { return e.Err }

// Of says which events a query is about. The interval is the panel's, for macros. Errors are [*Error] for the text and
// [*model.Error] for the rest.
func Of(q model.Query, s model.Settings, r backend.TimeRange, interval time.Duration) (client.Selection, error) {
	n, err := tree(q, r, interval)
	if err != nil {
		return client.Selection{}, err
	}
	from, to := Range(r)
	sel := client.Selection{Query: query.Format(n), Stream: Stream(q.Stream, s), From: client.At(from), To: client.At(to)}
	if q.Chart != nil {
		sel.TimeZone = q.Chart.TimeZone
	}
	if _, err := query.Parse(sel.Query); err != nil { // each part is right
		var bad *query.Error
		errors.As(err, &bad)
		return client.Selection{}, &model.Error{Field: "filters", Msg: "with the filters of the dashboard " + bad.Msg, Hint: "use fewer filters or values, or a regular expression"}
	}
	return sel, nil
}

// Stream is the stream that one of a query means: empty is the datasource's, and [model.AllStreams] none.
func Stream(name string, s model.Settings) string {
	switch name {
	case "":
		return s.Stream
	case model.AllStreams:
		return ""
	default:
		return name
	}
}

// Range is the host's range for one of Grafana's: from inclusive, to exclusive, never empty.
func Range(r backend.TimeRange) (from, to time.Time) {
	from, to = r.From.UTC(), r.To.UTC()
	if end := to.Truncate(time.Millisecond); end.Nanosecond() == 999_000_000 {
		to = end.Add(time.Millisecond)
	}
	if !from.Before(to) {
		to = from.Add(time.Millisecond)
	}
	return from, to
}

func tree(q model.Query, r backend.TimeRange, interval time.Duration) (query.Node, error) {
	n, err := Parse(Expand(q.Text, r, interval))
	if err != nil {
		return nil, err
	}
	var nodes []query.Node
	if _, all := n.(*query.All); !all {
		nodes = append(nodes, n)
	}
	for i, f := range q.Filters {
		n, err := Condition(f)
		if err != nil {
			err.Field = fmt.Sprintf("filters[%d]", i)
			return nil, err
		}
		if n != nil {
			nodes = append(nodes, n)
		}
	}
	return And(nodes...), nil
}

// Parse reads a text; the error is of type [*Error].
func Parse(text string) (query.Node, error) {
	n, err := query.Parse(text)
	var bad *query.Error
	if errors.As(err, &bad) {
		return nil, &Error{text, bad}
	}
	return n, err
}

// And is what all nodes match; without any, everything.
func And(nodes ...query.Node) query.Node {
	switch len(nodes) {
	case 0:
		return &query.All{}
	case 1:
		return nodes[0]
	default:
		return &query.And{Nodes: nodes}
	}
}

// Narrow adds a condition to a selection. Its query is one that Of made, or was checked otherwise.
func Narrow(s client.Selection, by query.Node) (client.Selection, error) {
	n, err := Parse(s.Query)
	if err != nil {
		return s, err
	}
	if _, all := n.(*query.All); all {
		s.Query = query.Format(by)
	} else {
		s.Query = query.Format(And(n, by))
	}
	return s, nil
}
