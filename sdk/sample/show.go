package sample

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/wire"
)

// Show writes what a plugin answered to a batch, one JSON object an event: the fields that it set, what became of the
// event in parentheses, and at the first event the alerts that were raised.
func Show(b *wire.Batch, r *wire.Result) ([][]byte, error) {
	es := events(b, r)
	if a := alerts(r); len(a) > 0 && len(es) > 0 {
		es[0]["(alerts)"] = a
	}
	out := make([][]byte, 0, len(es))
	for _, e := range es {
		line, err := encode(e)
		if err != nil {
			return nil, err
		}
		out = append(out, line)
	}
	return out, nil
}

func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimSpace(b.Bytes()), err
}

// events shows an answer as one JSON object an event, ready to marshal.
func events(b *wire.Batch, r *wire.Result) []map[string]any {
	rows := int(b.Rows)
	out := make([]map[string]any, rows)
	for i := range out {
		out[i] = map[string]any{}
	}
	message := b.Column(uint32(ecs.Message))
	show(r.Columns, rows, message, func(row int) int { return row }, func(row int) map[string]any { return out[row] })
	if f := r.Fanout; f != nil {
		parent := func(row int) int { return int(binary.LittleEndian.Uint32(f.Parents[4*row:])) }
		more := make([]map[string]any, f.Rows)
		for i := range more {
			more[i] = map[string]any{}
			p := out[parent(i)]
			list, _ := p["(more)"].([]any)
			p["(more)"] = append(list, more[i])
		}
		show(f.Columns, int(f.Rows), message, parent, func(row int) map[string]any { return more[row] })
	}
	for _, e := range r.Errors {
		text := e.Message
		switch {
		case e.Disposition == wire.Disposition_DEAD_LETTER:
			text = "dead letter: " + text
		case e.Disposition == wire.Disposition_RETRY:
			text = fmt.Sprintf("retry after %s: %s", time.Duration(e.RetryAfterMs)*time.Millisecond, text)
		}
		out[e.Row]["(error)"] = text
	}
	for row := range rows {
		if len(r.Drop) > 0 && r.Drop[row>>3]&(1<<(row&7)) != 0 {
			out[row]["(drop)"] = true
		}
	}
	for _, e := range r.Edits {
		edited(b, e, out)
	}
	return out
}

func show(cs []*wire.Column, rows int, message *wire.Column, line func(int) int, event func(int) map[string]any) {
	for _, c := range cs {
		name := ecs.Field(c.Field).Name()
		c.Each(rows, func(row, k int) {
			if len(c.Lists) == 0 {
				event(row)[name] = value(c, k, line(row), message)
				return
			}
			list := []any{}
			for from, to := c.List(k); from < to; from++ {
				list = append(list, value(c, from, line(row), message))
			}
			event(row)[name] = list
		})
	}
}

func value(c *wire.Column, k, row int, message *wire.Column) any {
	switch c.Type {
	case wire.Type_STRING:
		return string(c.Text(k, row, message))
	case wire.Type_INT64:
		return c.Int(k)
	case wire.Type_DOUBLE:
		return c.Float(k)
	case wire.Type_BOOL:
		return c.Bool(k)
	case wire.Type_IP:
		return c.Addr(k).Unmap().String()
	case wire.Type_TIMESTAMP:
		return time.Unix(0, c.Nanos(k)).UTC().Format(time.RFC3339Nano)
	default:
		lat, lon := c.Point(k)
		return map[string]any{"lat": lat, "lon": lon}
	}
}

// edited shows what a masker left of the values it edited.
func edited(b *wire.Batch, e *wire.Edits, out []map[string]any) {
	c := b.Column(e.Field)
	message := b.Column(uint32(ecs.Message))
	name := ecs.Field(e.Field).Name()
	var at wire.Cursor
	for i := 0; i < e.Len(); {
		row, _, _, _ := e.EditAt(i)
		text := c.Text(at.At(c, row), row, message)
		var masked []byte
		end := 0
		for ; i < e.Len(); i++ {
			r, from, to, with := e.EditAt(i)
			if r != row {
				break
			}
			masked = append(append(masked, text[end:from]...), e.Replacements[with]...)
			end = to
		}
		out[row][name] = string(append(masked, text[end:]...))
	}
}

// alerts shows the alerts that a batch raised.
func alerts(r *wire.Result) []any {
	var out []any
	for _, a := range r.Alerts {
		m := map[string]any{}
		set := func(k string, v any, empty bool) {
			if !empty {
				m[k] = v
			}
		}
		set("id", a.Id, a.Id == "")
		set("rule", a.Rule, a.Rule == "")
		set("name", a.Name, a.Name == "")
		set("description", a.Description, a.Description == "")
		set("topic", a.Topic, a.Topic == "")
		set("type", a.Type, a.Type == "")
		set("method", a.Method, a.Method == "")
		set("frequency", a.Frequency, a.Frequency == "")
		set("remarks", a.Remarks, a.Remarks == "")
		set("severity", a.Severity, a.Severity == "")
		set("priority", a.Priority, a.Priority == 0)
		set("keys", a.Keys, len(a.Keys) == 0)
		set("fields", a.Fields, len(a.Fields) == 0)
		set("events", a.EventIds, len(a.EventIds) == 0)
		set("count", a.EventCount, a.EventCount == 0)
		set("first", time.Unix(0, a.FirstNs).UTC().Format(time.RFC3339Nano), a.FirstNs == 0)
		set("last", time.Unix(0, a.LastNs).UTC().Format(time.RFC3339Nano), a.LastNs == 0)
		set("tags", a.Tags, len(a.Tags) == 0)
		out = append(out, m)
	}
	slices.SortStableFunc(out, func(a, b any) int {
		return strings.Compare(fmt.Sprint(a.(map[string]any)["id"]), fmt.Sprint(b.(map[string]any)["id"]))
	})
	return out
}
