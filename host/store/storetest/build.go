package storetest

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/query"
	"github.com/logcenter/logcenter/sdk/wire"
)

// Journal is the raw journal that the suite's events come from.
const Journal = "suite"

// Event is one event to load: values by field name, as JSON has them, or of the types that [store.Event] lists.
// It needs message and @timestamp; event.ingested is @timestamp if it is not there.
type Event map[string]any

// Batch makes a finished batch as the pipeline does, of events at rows 0, 1, … of a raw journal entry. Strings
// that stand in the message become spans of it, others a dictionary. Fields that nobody declared have a name only.
func Batch(entry uint64, events []Event) (*wire.Batch, error) {
	b := &wire.Batch{Rows: uint32(len(events)), Journal: Journal}
	message := &wire.Builder{}
	message.Reset(wire.Type_STRING, false, len(events), nil, nil)
	position := &wire.Builder{}
	position.Reset(wire.Type_INT64, false, len(events), nil, nil)
	names := map[string]bool{"event.ingested": true}
	for i, ev := range events {
		m, ok := ev["message"].(string)
		if !ok || ev["@timestamp"] == nil {
			return nil, fmt.Errorf("event %d has no message or no @timestamp", i)
		}
		message.Copy(i, []byte(m), 0, 0)
		position.Int(i, store.Position(entry, uint16(i), 0))
		for name := range ev {
			names[name] = true
		}
	}
	delete(names, "message")
	lines := message.Finish(uint32(ecs.Message))
	b.Columns = append(b.Columns, lines, position.Finish(uint32(ecs.LogcenterPosition)))
	sorted := make([]string, 0, len(names))
	for name := range names {
		sorted = append(sorted, name)
	}
	slices.Sort(sorted)
	for _, name := range sorted {
		c, err := fieldColumn(name, events, lines)
		if err != nil {
			return nil, err
		}
		if c != nil {
			b.Columns = append(b.Columns, c)
		}
	}
	return b, b.Validate(uint32(ecs.Message))
}

var wireTypes = map[ecs.Type]wire.Type{
	ecs.Keyword: wire.Type_STRING, ecs.Text: wire.Type_STRING, ecs.Long: wire.Type_INT64, ecs.Double: wire.Type_DOUBLE,
	ecs.Boolean: wire.Type_BOOL, ecs.IP: wire.Type_IP, ecs.Date: wire.Type_TIMESTAMP, ecs.GeoPoint: wire.Type_GEO,
}

// fieldColumn is nil if no event has a value.
func fieldColumn(name string, events []Event, lines *wire.Column) (*wire.Column, error) {
	f, declared := ecs.Lookup(name)
	info := f.Info()
	typ := wire.Type_STRING
	list := info.List
	if declared {
		typ = wireTypes[info.Type]
	} else {
		for _, ev := range events {
			_, isList := ev[name].([]any)
			list = list || isList
		}
	}
	w := &wire.Builder{}
	w.Reset(typ, list, len(events), lines, nil)
	for i, ev := range events {
		v, ok := ev[name]
		if !ok && name == "event.ingested" {
			v, ok = ev["@timestamp"], true
		}
		if !ok {
			continue
		}
		vals, isList := v.([]any)
		if !isList {
			vals = []any{v}
		}
		for _, e := range vals {
			if err := setValue(w, info.Type, i, e, lines); err != nil {
				return nil, fmt.Errorf("event %d, %s: %w", i, name, err)
			}
		}
	}
	if !w.Used() {
		return nil, nil //nolint:nilnil // no column
	}
	c := w.Finish(uint32(f))
	c.Name = name
	return c, nil
}

func setValue(w *wire.Builder, t ecs.Type, row int, v any, lines *wire.Column) error {
	switch v := v.(type) {
	case string:
		if t == ecs.Keyword || t == ecs.Text || t == 0 {
			line := string(lines.Bytes(row))
			if at := strings.Index(line, v); at >= 0 {
				w.Span(row, at, len(v))
			} else {
				w.Text(row, v)
			}
			return nil
		}
		parsed, err := query.ParseValue(t, v)
		if err != nil {
			return err
		}
		return setValue(w, t, row, parsed, lines)
	case json.Number:
		if t == ecs.Double {
			f, err := v.Float64()
			w.Float(row, f)
			return err
		}
		n, err := v.Int64()
		w.Int(row, n)
		return err
	case int64:
		w.Int(row, v)
	case float64:
		w.Float(row, v)
	case bool:
		w.Bool(row, v)
	case netip.Addr:
		w.IP(row, v.As16())
	case time.Time:
		w.Nanos(row, v.UnixNano())
	case map[string]any:
		lat, err1 := v["lat"].(json.Number).Float64()
		lon, err2 := v["lon"].(json.Number).Float64()
		if err1 != nil || err2 != nil {
			return fmt.Errorf("want lat and lon in %v", v)
		}
		w.Point(row, lat, lon)
	default:
		return fmt.Errorf("values of type %T are not known", v)
	}
	return nil
}
