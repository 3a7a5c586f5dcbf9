package complete

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/logcenter/logcenter/grafana/pkg/selection"
	"github.com/logcenter/logcenter/sdk/client"
	"github.com/logcenter/logcenter/sdk/query"
)

// maxSearched is how many values of a field are looked through for those that begin with a prefix, where the host cannot.
const maxSearched = 1000

// Value is one value of a field.
type Value struct {
	Value any    `json:"value"` // as the field's type has it
	Text  string `json:"text"`
	Count int64  `json:"count"` // events
}

// Values lists the most frequent values of a field that begin with prefix, in any case, at most size of them, 1 to 1,000; and
// how many different values the field has in all. A field that is not declared has no statistics, and so no values.
func Values(ctx context.Context, c *client.Client, sel client.Selection, field, prefix string, size int) ([]Value, int64, error) {
	t, known := query.TypeOf(query.Field{Name: field}, nil)
	ask := size
	if prefix != "" {
		ask = maxSearched
		if known && t.String() == "keyword" {
			starts := &query.Regex{Field: query.Field{Name: field}, Expr: "^" + literal(prefix), Fold: true}
			narrowed, err := selection.Narrow(sel, starts)
			if err != nil {
				return nil, 0, err
			}
			if len(narrowed.Query) <= query.MaxText {
				sel, ask = narrowed, min(maxSearched, 4*size) // of lists, there are other values beside those that match
			}
		}
	}
	found, err := c.FieldValues(ctx, field, sel, ask)
	if err != nil {
		var host *client.Error
		if errors.As(err, &host) && host.Code == client.CodeBadRequest && strings.Contains(host.Message, "not declared") {
			return []Value{}, 0, nil
		}
		return nil, 0, fmt.Errorf("values of %s: %w", field, err)
	}
	values := make([]Value, 0, min(len(found.Top), size))
	for _, b := range found.Top {
		if hasPrefixFold(b.Text, prefix) {
			values = append(values, Value{b.Key, b.Text, b.Count})
		}
	}
	return values[:min(len(values), size)], found.Distinct, nil
}

// literal frees the characters of an expression from their meaning.
func literal(s string) string {
	var b strings.Builder
	for _, r := range s {
		if strings.ContainsRune(`\.+*?()|[]{}^$/"#@&<>~`, r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

func hasPrefixFold(s, prefix string) bool {
	rs, ps := []rune(s), []rune(prefix)
	return len(rs) >= len(ps) && strings.EqualFold(string(rs[:len(ps)]), prefix)
}

// Fields lists the fields that occur, those with the most events first.
func Fields(ctx context.Context, c *client.Client, sel client.Selection) ([]client.Field, error) {
	fields, err := c.Fields(ctx, sel)
	if err != nil {
		return nil, fmt.Errorf("fields: %w", err)
	}
	slices.SortStableFunc(fields, func(a, b client.Field) int { return strings.Compare(a.Name, b.Name) })
	return fields, nil
}
