package store

import (
	"fmt"
	"strconv"
	"time"

	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/query"
)

// AggregatedField resolves the name of a field for an aggregation of a kind. Errors wrap [ErrRequest]: the same
// aggregations are refused by every store, with the same words.
func AggregatedField(kind AggKind, name string) (ecs.Info, error) {
	name = query.FieldName(query.Field{Name: name})
	f, ok := ecs.Lookup(name)
	if !ok {
		hint := "declare this field in a plugin or in config"
		if w := query.Warnings(&query.Exists{Field: query.Field{Name: name}}, nil); len(w) > 0 && w[0].Hint != "" {
			hint += ", or " + w[0].Hint
		}
		return ecs.Info{}, fmt.Errorf("%w: %s of %s: the field is not declared, so it has no statistics (%s)", ErrRequest, kind, name, hint)
	}
	if f == ecs.EventID && kind != Count && kind != Distinct {
		return ecs.Info{}, fmt.Errorf("%w: %s of event.id: it is different in every event", ErrRequest, kind)
	}
	if f.Type() == ecs.GeoPoint && kind != Count {
		return ecs.Info{}, fmt.Errorf("%w: %s of %s: places can only be counted", ErrRequest, kind, name)
	}
	return f.Info(), nil
}

// Text names the range's bucket.
func (r Range) Text() string {
	if r.Key != "" {
		return r.Key
	}
	bound := func(f *float64) string {
		if f == nil {
			return "*"
		}
		return strconv.FormatFloat(*f, 'f', -1, 64)
	}
	return bound(r.From) + "-" + bound(r.To)
}

// ValueText is a bucket's key as text.
func ValueText(v any) string {
	switch v := v.(type) {
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case time.Time:
		return v.Format(time.RFC3339Nano)
	default:
		return fmt.Sprint(v)
	}
}
