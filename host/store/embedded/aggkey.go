package embedded

import (
	"database/sql/driver"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/logcenter/logcenter/host/store"
	calendar "github.com/logcenter/logcenter/host/store/interval"
	"github.com/logcenter/logcenter/sdk/ecs"
)

// aggField is a field as an aggregation uses it.
type aggField struct {
	name string
	typ  ecs.Type
	info ecs.Info
	column
}

// aggregated resolves a field for an aggregation.
func aggregated(kind store.AggKind, name string) (aggField, error) {
	i, err := store.AggregatedField(kind, name)
	if err != nil {
		return aggField{}, err
	}
	return aggField{name: i.Name, typ: i.Type, info: i, column: columnOf(i)}, nil
}

func (f aggField) numeric() bool { return f.typ == ecs.Long || f.typ == ecs.Double }

// columns are what the field needs from a relation.
func (f aggField) columns() []column {
	if f.name == fieldID {
		return []column{{colSource, kindString, false}, {fieldPosition, kindInt, false}}
	}
	return columnsOf(f.info)
}

// expr is the field's SQL; times are nanoseconds.
func (f aggField) expr() string {
	switch {
	case f.name == fieldID:
		return idText
	case f.Kind == kindTime && !f.List:
		return "epoch_ns(" + quoteName(f.Name) + ")"
	case f.Kind == kindTime:
		return "list_transform(" + quoteName(f.Name) + ", lambda x: epoch_ns(x))"
	default:
		return quoteName(f.Name)
	}
}

// aggKey is a level of buckets: how its key is computed in SQL and shown.
type aggKey struct {
	agg    *store.Agg
	field  aggField
	expr   string // the key; with unnest, a list of keys
	unnest bool
	nulls  bool // NULL is a bucket: events without the field
	iv     interval

	values map[string]bool // terms that are strings: the buckets there are, so far as they are few
	many   bool
}

// fewValues is up to how many strings are replaced by their numbers below them. In columns with a dictionary that
// is done once a dictionary; in others it is as many comparisons a row.
const fewValues = 32

// found notes a bucket of the level.
func (k *aggKey) found(v driver.Value) {
	s, ok := v.(string)
	if k.many = k.many || !ok; k.many {
		return
	}
	if k.values == nil {
		k.values = map[string]bool{}
	}
	k.values[s] = true
	k.many = len(k.values) > fewValues
}

// few are the level's buckets as an SQL list, "" unless they are few strings: numbers are much cheaper to group by.
func (k *aggKey) few() string {
	if k.many || len(k.values) == 0 {
		return ""
	}
	list := make([]string, 0, len(k.values))
	for v := range k.values {
		list = append(list, quote(v))
	}
	slices.Sort(list)
	return "[" + strings.Join(list, ", ") + "]"
}

func newAggKey(a *store.Agg, q *selection) (*aggKey, error) {
	name := a.Field
	if a.Kind == store.DateHistogram && name == "" {
		name = fieldTime
	}
	if name == "" {
		return nil, fmt.Errorf("%w: %s needs a field", store.ErrRequest, a.Kind)
	}
	f, err := aggregated(a.Kind, name)
	if err != nil {
		return nil, err
	}
	k := &aggKey{agg: a, field: f}
	switch a.Kind {
	case store.Terms:
		return k, k.terms()
	case store.GeoTile:
		return k, k.tiles()
	case store.DateHistogram:
		return k, k.dates(q)
	case store.Histogram:
		return k, k.numbers()
	default:
		return k, k.ranges()
	}
}

func (k *aggKey) terms() error {
	if err := k.agg.CheckTop(k.field.info); err != nil {
		return err
	}
	k.expr, k.unnest, k.nulls = k.field.expr(), k.field.List, k.agg.Missing != ""
	switch {
	case k.unnest:
		k.expr = "list_distinct(" + k.expr + ")"
	case k.field.Kind == kindFloat: // the Bloom filters of segments know zero with one sign only, see equals
		k.expr = "(" + k.expr + " + 0)"
	}
	if !k.nulls {
		return nil
	}
	null := "NULL"
	if k.field.Kind == kindString { // so that it is one with the same value
		null = quote(k.agg.Missing)
	}
	if k.unnest {
		k.expr = "CASE WHEN len(" + k.expr + ") > 0 THEN " + k.expr + " ELSE [" + null + "] END"
	} else if null != "NULL" {
		k.expr = "coalesce(" + k.expr + ", " + null + ")"
	}
	return nil
}

func (k *aggKey) dates(q *selection) (err error) {
	if k.field.typ != ecs.Date {
		return fmt.Errorf("%w: date_histogram of %s: it is of type %s, want a date", store.ErrRequest, k.field.name, k.field.typ)
	}
	if k.iv.Interval, err = calendar.Parse(k.agg.Interval, k.agg.TimeZone); err != nil {
		return err
	}
	from, to := q.from, q.to
	if k.field.name != fieldTime { // other dates may lie anywhere
		from, to = math.MinInt64, math.MaxInt64
	}
	k.unnest = k.field.List
	if k.unnest {
		k.expr = "list_distinct(list_transform(" + k.field.expr() + ", lambda y: " + k.iv.key("y", from, to) + "))"
	} else {
		k.expr = k.iv.key(k.field.expr(), from, to)
	}
	return nil
}

func (k *aggKey) numeric() error {
	if !k.field.numeric() {
		return fmt.Errorf("%w: %s of %s: it is of type %s, want a number", store.ErrRequest, k.agg.Kind, k.field.name, k.field.typ)
	}
	return nil
}

func (k *aggKey) numbers() error {
	if err := k.numeric(); err != nil {
		return err
	}
	if !(k.agg.Width > 0) || math.IsInf(k.agg.Width, 0) {
		return fmt.Errorf("%w: histogram of %s: width is %v, want more than 0", store.ErrRequest, k.field.name, k.agg.Width)
	}
	f := func(x string) string {
		n := "floor(" + x + "::DOUBLE / " + quoteFloat(k.agg.Width) + ")"
		return "CASE WHEN isfinite(" + n + ") THEN " + n + " * " + quoteFloat(k.agg.Width) + " END"
	}
	k.unnest = k.field.List
	if k.unnest {
		k.expr = "list_distinct(list_transform(" + k.field.expr() + ", lambda y: " + f("y") + "))"
	} else {
		k.expr = f(k.field.expr())
	}
	return nil
}

// ranges may overlap, so each event gets the list of those it is in.
func (k *aggKey) ranges() error {
	if err := k.numeric(); err != nil {
		return err
	}
	if len(k.agg.Ranges) == 0 {
		return fmt.Errorf("%w: ranges of %s: give at least one range", store.ErrRequest, k.field.name)
	}
	parts := make([]string, len(k.agg.Ranges))
	for i, r := range k.agg.Ranges {
		cond := func(x string) string {
			c := []string{x + " IS NOT NULL"}
			if r.From != nil {
				c = append(c, x+" >= "+quoteFloat(*r.From))
			}
			if r.To != nil {
				c = append(c, x+" < "+quoteFloat(*r.To))
			}
			return strings.Join(c, " AND ")
		}
		test := cond(k.field.expr())
		if k.field.List {
			test = "len(list_filter(" + k.field.expr() + ", lambda y: " + cond("y") + ")) > 0"
		}
		parts[i] = "CASE WHEN " + test + " THEN " + strconv.Itoa(i) + "::BIGINT END"
	}
	if k.disjoint() {
		k.expr = "coalesce(" + strings.Join(parts, ", ") + ")"
		return nil
	}
	k.unnest = true
	k.expr = "list_filter([" + strings.Join(parts, ", ") + "], lambda y: y IS NOT NULL)"
	return nil
}

func (k *aggKey) disjoint() bool {
	if k.field.List {
		return false
	}
	type bounds struct{ lo, hi float64 }
	var bs []bounds
	for _, r := range k.agg.Ranges {
		b := bounds{math.Inf(-1), math.Inf(1)}
		if r.From != nil {
			b.lo = *r.From
		}
		if r.To != nil {
			b.hi = *r.To
		}
		bs = append(bs, b)
	}
	slices.SortFunc(bs, func(a, b bounds) int {
		if a.lo < b.lo {
			return -1
		}
		return 1
	})
	for i := 1; i < len(bs); i++ {
		if bs[i].lo < bs[i-1].hi {
			return false
		}
	}
	return true
}

// number is a key's place among those of a histogram or of ranges.
func (k *aggKey) number(v driver.Value) float64 {
	switch v := v.(type) {
	case int64:
		return float64(v)
	case float64:
		return math.Round(v / k.agg.Width)
	default:
		return 0
	}
}

// numbered is the key of a place.
func (k *aggKey) numbered(n float64) driver.Value {
	if k.agg.Kind == store.Histogram {
		return n * k.agg.Width
	}
	return int64(n)
}

// literal is a key as SQL, to ask for its bucket again.
func (k *aggKey) literal(v driver.Value) string {
	if v == nil {
		return "NULL"
	}
	if f, ok := v.(float64); ok {
		return literal(f + 0) // zero has no sign: the engine groups both as one, under either
	}
	if k.agg.Kind == store.Terms && k.field.Kind == kindIP {
		if a, err := decodeValue(kindIP, v); err == nil {
			return literal(a)
		}
	}
	return literal(v)
}

// bucket makes the bucket of a key.
func (k *aggKey) bucket(v driver.Value) (store.Bucket, error) {
	if v == nil {
		return store.Bucket{Key: k.agg.Missing, Text: k.agg.Missing}, nil
	}
	n, _ := v.(int64)
	switch k.agg.Kind {
	case store.DateHistogram:
		t := k.iv.Start(n)
		return store.Bucket{Key: t, Text: t.Format("2006-01-02 15:04:05")}, nil
	case store.Histogram:
		f, _ := v.(float64)
		f += 0 // zero has no sign
		return store.Bucket{Key: f, Text: strconv.FormatFloat(f, 'f', -1, 64)}, nil
	case store.Ranges:
		text := k.agg.Ranges[n].Text()
		return store.Bucket{Key: text, Text: text}, nil
	case store.GeoTile:
		text := store.TileNumber(k.agg.Zoom, n).String()
		return store.Bucket{Key: text, Text: text}, nil
	default:
		key, err := decodeValue(k.field.Kind, v)
		if f, ok := key.(float64); ok {
			key = f + 0 // zero has no sign
		}
		return store.Bucket{Key: key, Text: store.ValueText(key)}, err
	}
}
