package selection

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/logcenter/logcenter/grafana/pkg/model"
	"github.com/logcenter/logcenter/sdk/query"
)

// Condition is a filter as a node of the syntax tree; nil for one that says nothing yet, such as one of no values.
//
// A filter by an empty value asks whether the field is there: = "" is what lacks it; of an expression or a bound it says
// nothing yet. Regular expressions are those of the query language: on keywords they match anywhere unless anchored.
func Condition(f model.Filter) (query.Node, *model.Error) {
	field := query.Field{Name: f.Field}
	var n query.Node
	if f.Value == "" && strings.ContainsAny(f.Op, "~<>") {
		return nil, nil
	}
	switch f.Op {
	case "=", "!=":
		n = equalAll(field, f.Value)
	case "=~", "!~":
		n = &query.Regex{Field: field, Expr: f.Value}
	case "<", "<=":
		n = &query.Range{Field: field, Max: &f.Value, IncludeMax: f.Op == "<="}
	case ">", ">=":
		n = &query.Range{Field: field, Min: &f.Value, IncludeMin: f.Op == ">="}
	case "=|", "!=|":
		if n = oneOf(field, f); n == nil {
			return nil, nil
		}
	default:
		return nil, &model.Error{Msg: fmt.Sprintf("there is no operator %.20q", f.Op)}
	}
	if f.Op[0] == '!' {
		n = negate(n)
	}
	return n, checked(f, n)
}

func negate(n query.Node) query.Node {
	if not, ok := n.(*query.Not); ok {
		return not.Node
	}
	return &query.Not{Node: n}
}

func oneOf(field query.Field, f model.Filter) query.Node {
	values := f.Values
	if len(values) == 0 && f.Value != "" {
		values = []string{f.Value}
	}
	nodes := make([]query.Node, len(values))
	for i, v := range values {
		nodes[i] = equalAll(field, v)
	}
	switch len(nodes) {
	case 0:
		return nil
	case 1:
		return nodes[0]
	default:
		return &query.Or{Nodes: nodes}
	}
}

// equalAll compares with a value as frames show it: several values of an event are a list in JSON, which asks for events that
// have all of them.
func equalAll(field query.Field, value string) query.Node {
	list := elements(value)
	if len(list) == 0 {
		return equal(field, value)
	}
	nodes := make([]query.Node, len(list))
	for i, v := range list {
		nodes[i] = equal(field, v)
	}
	return &query.And{Nodes: nodes}
}

// elements are the texts of a list of two or more strings, numbers or booleans in JSON; nil for any other text.
func elements(value string) (out []string) {
	if !strings.HasPrefix(value, "[") {
		return nil
	}
	var list []any
	d := json.NewDecoder(strings.NewReader(value))
	d.UseNumber()
	if d.Decode(&list) != nil || d.More() || len(list) < 2 {
		return nil
	}
	for _, e := range list {
		switch e := e.(type) {
		case string:
			out = append(out, e)
		case json.Number, bool:
			out = append(out, fmt.Sprint(e))
		default:
			return nil
		}
	}
	return out
}

// equal compares with a value, whatever the field's type: a quoted value is read as the type of its field, and on text it is
// the phrase; an empty one asks for what lacks the field. Only a network is not, so it goes as such where the field is known to hold addresses.
func equal(field query.Field, value string) query.Node {
	if value == "" {
		return &query.Not{Node: &query.Exists{Field: field}}
	}
	if t, known := query.TypeOf(field, nil); known && t.String() == "ip" {
		if p, err := query.ParsePrefix(value); err == nil {
			return &query.CIDR{Field: field, Prefix: p}
		}
	}
	return &query.Term{Field: field, Value: value, Quoted: true}
}

// checked makes sure that the condition, printed, is read as itself: a name of a field or an expression that is none would
// be read as something else, which may select more.
func checked(f model.Filter, n query.Node) *model.Error {
	again, err := query.Parse(query.Format(n))
	if err == nil && f.Field != "" && query.Equal(n, again) {
		return nil
	}
	name := &query.Exists{Field: query.Field{Name: f.Field}}
	if is, err := query.Parse(query.Format(name)); err != nil || !query.Equal(is, name) || f.Field == "" || f.Field == "_exists_" || f.Field == "*" {
		return &model.Error{Msg: fmt.Sprintf("%.80q is not the name of a field", f.Field), Hint: "names have letters, digits and . _ - @"}
	}
	var bad *query.Error
	if errors.As(err, &bad) {
		return &model.Error{Msg: fmt.Sprintf("the filter on %s cannot be read: %s", f.Field, bad.Msg), Hint: bad.Hint}
	}
	return &model.Error{Msg: fmt.Sprintf("the filter %s %s %.80q cannot be written in the query language", f.Field, f.Op, f.Value)}
}
