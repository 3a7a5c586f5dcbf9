package embedded

import (
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	duckdb "github.com/duckdb/duckdb-go/v2"

	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/sdk/ecs"
)

// rowDecoder turns rows of a segment into events.
type rowDecoder struct {
	list []string // what to select; first the row number
	cols []column
	keep func(string) bool
}

func newRowDecoder(g *segment, keep func(string) bool) *rowDecoder {
	d := &rowDecoder{list: []string{"file_row_number"}, keep: keep}
	names := make([]string, 0, len(g.Columns))
	for name := range g.Columns {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		info := g.Columns[name]
		switch name {
		case fieldTime, colSource, colOffset:
			continue
		case colFlattened:
		default:
			if keep != nil && !keep(baseName(name)) {
				continue
			}
		}
		c := column{name, info.Kind, info.List}
		d.cols = append(d.cols, c)
		d.list = append(d.list, selectValue(c))
	}
	return d
}

// selectValue selects a column in a form that decodeValue reads: times as nanoseconds, for the driver's own
// conversion of lists of them knows only microseconds.
func selectValue(c column) string {
	name := quoteName(c.Name)
	switch {
	case c.Kind == kindTime && c.List:
		return "list_transform(" + name + ", lambda x: epoch_ns(x))"
	case c.Kind == kindTime:
		return "epoch_ns(" + name + ")"
	default:
		return name
	}
}

func (d *rowDecoder) event(v []driver.Value) (store.Event, error) {
	ev := store.Event{}
	for i, c := range d.cols {
		val := v[i+1]
		if val == nil {
			continue
		}
		if c.Name == colFlattened {
			if err := d.undeclared(ev, val.(string)); err != nil {
				return nil, err
			}
			continue
		}
		if base := baseName(c.Name); base != c.Name {
			d.point(ev, base, strings.HasSuffix(c.Name, suffixLat), val)
			continue
		}
		decoded, err := decodeList(c, val)
		if err != nil {
			return nil, err
		}
		if f, ok := ecs.Lookup(c.Name); ok && f.Info().List && !c.List {
			decoded = []any{decoded}
		}
		ev[c.Name] = decoded
	}
	return ev, nil
}

func (d *rowDecoder) point(ev store.Event, name string, lat bool, val any) {
	f, ok := val.(float64)
	if !ok {
		return
	}
	p, _ := ev[name].(store.GeoPoint)
	if lat {
		p.Lat = f
	} else {
		p.Lon = f
	}
	ev[name] = p
}

func (d *rowDecoder) undeclared(ev store.Event, text string) error {
	var m map[string][]string
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		return fmt.Errorf("undeclared fields of an event: %w", err)
	}
	for name, vals := range m {
		if d.keep != nil && !d.keep(name) {
			continue
		}
		if len(vals) == 1 {
			ev[name] = vals[0]
			continue
		}
		list := make([]any, len(vals))
		for i, v := range vals {
			list[i] = v
		}
		if len(list) > 0 {
			ev[name] = list
		}
	}
	return nil
}

func decodeList(c column, val any) (any, error) {
	if !c.List {
		return decodeValue(c.Kind, val)
	}
	vals, ok := val.([]any)
	if !ok {
		return nil, fmt.Errorf("%s: %T where a list was expected", c.Name, val)
	}
	out := make([]any, 0, len(vals))
	for _, v := range vals {
		d, err := decodeValue(c.Kind, v)
		if err != nil {
			return nil, err
		}
		out = append(out, d)
	}
	return out, nil
}

// decodeValue turns a value as the driver hands it out into that of an event.
func decodeValue(k kind, val any) (any, error) {
	switch v := val.(type) {
	case int64:
		if k == kindTime {
			return time.Unix(0, v).UTC(), nil
		}
		return v, nil
	case string, float64, bool:
		return v, nil
	case []byte:
		if len(v) == 16 {
			return netip.AddrFrom16([16]byte(v)).Unmap(), nil
		}
	case duckdb.UUID:
		return netip.AddrFrom16(v).Unmap(), nil
	}
	return nil, fmt.Errorf("value of type %T", val)
}
