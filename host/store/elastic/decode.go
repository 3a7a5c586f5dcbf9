package elastic

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/sdk/ecs"
)

// hit is a document as a search answers it.
type hit struct {
	Index  string         `json:"_index"`
	ID     string         `json:"_id"`
	Source map[string]any `json:"_source"`
	Sort   []any          `json:"sort"`
}

// event makes an event of a hit. keep says which fields; nil means all.
func (h *hit) event(p product, keep func(string) bool) store.Event {
	ev := make(store.Event, len(h.Source)+1)
	for field, v := range h.Source {
		if field == colUndeclared {
			undeclared(ev, v, keep)
			continue
		}
		name := p.eventField(field)
		if keep != nil && !keep(name) {
			continue
		}
		ev[name] = decodeField(name, v)
	}
	ev[fieldID] = h.ID
	return ev
}

func undeclared(ev store.Event, v any, keep func(string) bool) {
	pairs, _ := v.([]any)
	for len(pairs) > 0 {
		name, value := pair(pairs[0])
		n, list := 1, []any{value}
		for ; n < len(pairs); n++ { // the values of a field stand together
			next, value := pair(pairs[n])
			if next != name {
				break
			}
			list = append(list, value)
		}
		pairs = pairs[n:]
		switch {
		case keep != nil && !keep(name):
		case len(list) == 1:
			ev[name] = list[0]
		default:
			ev[name] = list
		}
	}
}

func pair(v any) (name, value string) {
	text, _ := v.(string)
	name, value, _ = strings.Cut(text, "=")
	return name, value
}

func decodeField(name string, v any) any {
	f, ok := ecs.Lookup(name)
	if !ok {
		return plain(v) // declared when it was stored
	}
	i := f.Info()
	list, isList := v.([]any)
	if !isList {
		d, err := decodeValue(i.Type, v)
		switch {
		case err != nil:
			return plain(v) // had another type when it was stored
		case i.List:
			return []any{d}
		default:
			return d
		}
	}
	out := make([]any, 0, len(list))
	for _, e := range list {
		d, err := decodeValue(i.Type, e)
		if err != nil {
			return plain(v)
		}
		out = append(out, d)
	}
	return out
}

// plain turns numbers of JSON into those of events.
func plain(v any) any {
	switch v := v.(type) {
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return n
		}
		f, err := v.Float64()
		if err != nil {
			return v.String()
		}
		return f
	case []any:
		for i := range v {
			v[i] = plain(v[i])
		}
	}
	return v
}

func decodeValue(t ecs.Type, v any) (any, error) {
	switch v := v.(type) {
	case string:
		switch t {
		case ecs.Keyword, ecs.Text:
			return v, nil
		case ecs.IP:
			a, err := netip.ParseAddr(v)
			return a.Unmap(), err
		case ecs.Date:
			at, err := time.Parse(time.RFC3339Nano, v)
			return at.UTC(), err
		}
	case json.Number:
		switch t {
		case ecs.Long:
			return v.Int64()
		case ecs.Double:
			return v.Float64()
		}
	case bool:
		if t == ecs.Boolean {
			return v, nil
		}
	case map[string]any:
		lat, ok1 := v["lat"].(json.Number)
		lon, ok2 := v["lon"].(json.Number)
		if t == ecs.GeoPoint && ok1 && ok2 {
			p := store.GeoPoint{}
			var err error
			if p.Lat, err = lat.Float64(); err != nil {
				return nil, err
			}
			p.Lon, err = lon.Float64()
			return p, err
		}
	}
	return nil, fmt.Errorf("a %T where a %s was expected", v, t)
}
