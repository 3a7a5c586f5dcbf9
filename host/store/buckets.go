package store

import (
	"fmt"
	"strconv"
	"time"

	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/query"
)

// Buckets says whether aggregations of the kind make buckets, in which others can be nested.
func (k AggKind) Buckets() bool {
	switch k {
	case Terms, DateHistogram, Histogram, Ranges, GeoTile:
		return true
	default:
		return false
	}
}

// Top says whether the kind's buckets are those with the most events, of which Size are wanted.
func (k AggKind) Top() bool { return k == Terms || k == GeoTile }

// CheckTop checks a kind of which that is so, and sets the Size that 0 means.
func (a *Agg) CheckTop(i ecs.Info) error {
	if a.Kind == GeoTile {
		if err := checkTiles(a, i); err != nil {
			return err
		}
	} else if i.Type == ecs.Text {
		return fmt.Errorf("%w: terms of %s: it is text; use a keyword field", ErrRequest, i.Name)
	}
	if a.Size < 0 || a.Size > MaxBuckets {
		return fmt.Errorf("%w: %s of %s: size is %d, want 1 to %d", ErrRequest, a.Kind, i.Name, a.Size, MaxBuckets)
	}
	switch {
	case a.Size > 0:
	case a.Kind == GeoTile:
		a.Size = DefaultTiles
	default:
		a.Size = 10
	}
	return nil
}

// AggregatedField resolves the name of a field for an aggregation of a kind. Errors wrap [ErrRequest]: the same
// aggregations are refused by every store, with the same words.
func AggregatedField(kind AggKind, name string) (ecs.Info, error) {
	name = query.FieldName(query.Field{Name: name})
	f, ok := ecs.Lookup(name)
	if !ok {
		hint := "declare this field in a plugin"
		if w := query.Warnings(&query.Exists{Field: query.Field{Name: name}}, nil); len(w) > 0 && w[0].Hint != "" {
			hint += ", or " + w[0].Hint
		}
		return ecs.Info{}, fmt.Errorf("%w: %s of %s: the field is not declared, so it has no statistics (%s)", ErrRequest, kind, name, hint)
	}
	if f == ecs.EventID && kind != Count && kind != Distinct {
		return ecs.Info{}, fmt.Errorf("%w: %s of event.id: it is different in every event", ErrRequest, kind)
	}
	if f.Type() == ecs.GeoPoint && kind != Count && kind != GeoTile {
		return ecs.Info{}, fmt.Errorf("%w: %s of %s: places can only be counted, or put on a map (%s)", ErrRequest, kind, name, GeoTile)
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
