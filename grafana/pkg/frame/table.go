package frame

import (
	"slices"
	"strconv"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/logcenter/logcenter/sdk/jsonscan"
)

// maxColumns bounds the columns of a table that no list of fields does.
const maxColumns = 500

// Table makes a table of events, one a row, event by event. A column has the type that all values of its field have: whole
// numbers, numbers, booleans, times, else text. Not for concurrent use.
type Table struct {
	fixed   bool // only the fields asked for
	columns []*column
	byName  map[string]*column
	rows    int
	left    map[string]bool // fields that there was no place for
}

// NewTable makes a table with the fields as columns, in their order; without any, of all fields.
func NewTable(fields []string) *Table {
	t := &Table{byName: map[string]*column{}, fixed: len(fields) > 0, left: map[string]bool{}}
	for _, name := range fields {
		t.column(name)
	}
	if !t.fixed {
		t.column(timeField)
	}
	return t
}

func (t *Table) column(name string) *column {
	c, ok := t.byName[name]
	if !ok {
		c = &column{name: name}
		if name == timeField {
			c.field = data.NewFieldFromFieldType(data.FieldTypeNullableTime, 0)
		}
		t.byName[name], t.columns = c, append(t.columns, c)
	}
	return c
}

// Len is how many rows there are.
func (t *Table) Len() int { return t.rows }

// Add adds an event as the host sends it. It keeps nothing of raw.
func (t *Table) Add(raw []byte) error {
	it := members.Scan(raw)
	for it.Next() {
		name := it.Path()
		c, ok := t.byName[string(name)]
		if !ok {
			if t.fixed {
				continue
			}
			if len(t.columns) >= maxColumns {
				if len(t.left) < maxColumns {
					t.left[string(name)] = true
				}
				continue
			}
			c = t.column(string(name))
		}
		c.put(t.rows, it)
	}
	if err := whole(raw, it); err != nil {
		return err
	}
	t.rows++
	return nil
}

// Frame returns the frame. The builder must not be used afterwards.
func (t *Table) Frame(c Custom, executed string, notices ...data.Notice) *data.Frame {
	if !t.fixed {
		slices.SortStableFunc(t.columns, func(a, b *column) int { return order(a.name) - order(b.name) })
	}
	f := data.NewFrame("")
	for _, c := range t.columns {
		if c.field == nil {
			c.field = data.NewFieldFromFieldType(data.FieldTypeNullableString, 0)
		}
		c.pad(t.rows)
		c.field.Name = c.name
		f.Fields = append(f.Fields, c.field)
	}
	if len(t.left) > 0 {
		notices = append(notices, Warn("%d fields are not shown: a table has up to %d columns. Name the fields that you want.", len(t.left), maxColumns))
	}
	f.Meta = &data.FrameMeta{
		Type: data.FrameTypeTable, PreferredVisualization: data.VisTypeTable, Custom: c, Notices: notices, ExecutedQueryString: executed,
	}
	return f
}

// order brings what a reader looks at first to the left, and ids to the right.
func order(name string) int {
	switch name {
	case timeField:
		return 0
	case "log.level":
		return 1
	case messageField:
		return 2
	case idField:
		return 4
	default:
		return 3
	}
}

// column is one field of a table. Its values are pointers, nil where there is none.
type column struct {
	name  string
	field *data.Field // nil: no value has come
}

// pad fills up to n rows with nothing.
func (c *column) pad(n int) {
	if n > c.field.Len() {
		c.field.Extend(n - c.field.Len())
	}
}

// put sets the value of a row behind all others.
func (c *column) put(row int, it *jsonscan.Iter) {
	v, kind := read(it)
	if v == nil || c.field != nil && c.field.Len() > row { // a name that is there twice counts once
		return
	}
	if c.field == nil {
		c.field = data.NewFieldFromFieldType(kind, 0)
	}
	if kind != c.field.Type() {
		v = c.meet(v, kind, it)
	}
	c.pad(row)
	c.field.Append(v)
}

// meet makes a column and a value of another type have the same one.
func (c *column) meet(v any, kind data.FieldType, it *jsonscan.Iter) any {
	have := c.field.Type()
	switch {
	case have == data.FieldTypeNullableFloat64 && kind == data.FieldTypeNullableInt64:
		n := float64(*v.(*int64)) //nolint:forcetypeassert // read makes it so
		return &n
	case have == data.FieldTypeNullableInt64 && kind == data.FieldTypeNullableFloat64:
		c.convert(data.FieldTypeNullableFloat64, func(v any) any {
			n := float64(*v.(*int64)) //nolint:forcetypeassert // the column's type
			return &n
		})
		return v
	case have != data.FieldTypeNullableString:
		c.convert(data.FieldTypeNullableString, func(v any) any { s := written(v); return &s })
	}
	s := text(it)
	return &s
}

func (c *column) convert(to data.FieldType, f func(any) any) {
	next := data.NewFieldFromFieldType(to, c.field.Len())
	for i := range c.field.Len() {
		if v := c.field.At(i); !c.field.NilAt(i) {
			next.Set(i, f(v))
		}
	}
	c.field = next
}

// written is a value as its JSON has it, without quotes.
func written(v any) string {
	switch v := v.(type) {
	case *int64:
		return strconv.FormatInt(*v, 10)
	case *float64:
		return strconv.FormatFloat(*v, 'f', -1, 64)
	case *bool:
		return strconv.FormatBool(*v)
	case *time.Time:
		return v.UTC().Format(time.RFC3339Nano)
	case *string:
		return *v
	default:
		return ""
	}
}

// read is a JSON value as a pointer, and the type of a column of such; nil for null.
func read(it *jsonscan.Iter) (any, data.FieldType) {
	switch it.Kind() {
	case jsonscan.Null:
		return nil, 0
	case jsonscan.Bool:
		v := it.Value()[0] == 't'
		return &v, data.FieldTypeNullableBool
	case jsonscan.String:
		s := text(it)
		if len(s) >= len("2006-01-02T15:04:05Z") && s[4] == '-' && s[10] == 'T' && s[len(s)-1] == 'Z' {
			if at, err := time.Parse(time.RFC3339Nano, s); err == nil {
				return &at, data.FieldTypeNullableTime
			}
		}
		return &s, data.FieldTypeNullableString
	case jsonscan.Number:
		if n, err := strconv.ParseInt(string(it.Value()), 10, 64); err == nil {
			return &n, data.FieldTypeNullableInt64
		}
		if n, err := strconv.ParseFloat(string(it.Value()), 64); err == nil {
			return &n, data.FieldTypeNullableFloat64
		}
	}
	s := text(it)
	return &s, data.FieldTypeNullableString
}
