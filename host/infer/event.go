package infer

import (
	"strings"

	"github.com/logcenter/logcenter/sdk/cef"
	"github.com/logcenter/logcenter/sdk/leef"
)

// gather collects columns in order of appearance.
type gather struct {
	list []*column
	by   map[string]*column
}

func (g *gather) add(line int, key, value string) {
	if g.by == nil {
		g.by = map[string]*column{}
	}
	c := g.by[key]
	if c == nil {
		c = &column{key: key}
		g.by[key] = c
		g.list = append(g.list, c)
	}
	if n := len(c.lines); n > 0 && c.lines[n-1] == line { // the first of a line says what the key means
		c.more = append(c.more, value)
		return
	}
	c.add(line, value)
}

// most says whether n of the lines are nearly all.
func most(n int, bodies []string) bool { return n > 0 && n*10 >= len(bodies)*9 }

// inferCEF is true if nearly all lines are CEF messages.
func inferCEF(m *mapper, h *headers) bool {
	var head, body gather
	labels := map[string]string{}
	n := 0
	for i, b := range h.bodies {
		e, err := cef.Parse([]byte(b))
		if err != nil {
			m.spec.Unparsed++
			continue
		}
		n++
		head.add(i, "DeviceVersion", string(e.DeviceVersion))
		head.add(i, "Vendor", string(e.Vendor))
		head.add(i, "Product", string(e.Product))
		head.add(i, "ClassID", string(e.ClassID))
		head.add(i, "Name", string(e.Name))
		head.add(i, "Severity", string(e.Severity))
		for it := e.Scan(); it.Next(); {
			if base, ok := cef.LabelOf(it.Key()); ok {
				labels[string(base)] = join(labels[string(base)], string(it.Value()))
				continue
			}
			body.add(i, string(it.Key()), string(it.Value()))
		}
	}
	if !most(n, h.bodies) {
		m.spec.Unparsed = 0
		return false
	}
	m.spec.Format, m.flipped = CEF, true
	m.fixed(&head, map[string]string{
		"Vendor": "observer.vendor", "Product": "observer.product", "DeviceVersion": "observer.version", "ClassID": "event.code", "Name": "rule.name",
	})
	m.spec.Literal = eventLiteral("CEF:", &head, "Vendor", "Product")
	m.spec.Fields = m.columns(body.list, labels)
	return true
}

// join is a label, or nothing where a field has had two.
func join(have, label string) string {
	if have == "" || have == label {
		return label
	}
	return "\x00"
}

// inferLEEF is true if nearly all lines are LEEF messages.
func inferLEEF(m *mapper, h *headers) bool {
	var head, body gather
	n := 0
	for i, b := range h.bodies {
		e, err := leef.Parse([]byte(b))
		if err != nil {
			m.spec.Unparsed++
			continue
		}
		n++
		head.add(i, "Vendor", string(e.Vendor))
		head.add(i, "Product", string(e.Product))
		head.add(i, "DeviceVersion", string(e.DeviceVersion))
		head.add(i, "EventID", string(e.EventID))
		for it := e.Scan(); it.Next(); {
			if string(it.Key()) != "devTimeFormat" {
				body.add(i, string(it.Key()), string(it.Value()))
			}
		}
	}
	if !most(n, h.bodies) {
		m.spec.Unparsed = 0
		return false
	}
	m.spec.Format, m.flipped = LEEF, true
	m.fixed(&head, map[string]string{
		"Vendor": "observer.vendor", "Product": "observer.product", "DeviceVersion": "observer.version", "EventID": "event.code",
	})
	m.spec.Literal = eventLiteral("LEEF:", &head, "Vendor", "Product")
	m.spec.Fields = m.columns(body.list, nil)
	return true
}

// fixed maps what stands in the header of an event, whose meaning the format fixes.
func (m *mapper) fixed(g *gather, fields map[string]string) {
	for _, c := range g.list {
		c.settle()
		if c.kind == blank {
			continue
		}
		f, ok := Field{}, false
		if c.key == "Severity" {
			f, ok = m.severity(c)
		} else {
			f, ok = m.plain(c, fields[c.key])
		}
		if ok {
			f.Key = c.key
			m.spec.Head = append(m.spec.Head, f)
		}
	}
}

// eventLiteral is what all events of a device have in their header: |Vendor|Product|.
func eventLiteral(start string, g *gather, keys ...string) string {
	out := start
	for _, k := range keys {
		c := g.by[k]
		if c == nil || len(c.distinct()) != 1 {
			return out
		}
		if out == start {
			out = "|"
		}
		out += strings.ReplaceAll(c.distinct()[0], "|", `\|`) + "|"
	}
	return out
}
