package chart

import (
	"regexp"
	"strings"

	"github.com/grafana/grafana-plugin-sdk-go/data"
)

// unitOf is Grafana's unit of a field of ECS; empty: it has none that is known.
func unitOf(field string) string {
	last := field[strings.LastIndexByte(field, '.')+1:]
	switch {
	case last == "bytes" || field == "file.size":
		return "bytes"
	case field == "event.duration":
		return "ns"
	case strings.HasSuffix(last, "_ms") || strings.HasSuffix(last, "_millis"):
		return "ms"
	case strings.HasSuffix(last, "_seconds"):
		return "s"
	default:
		return ""
	}
}

// placeholder is {{field}} in a legend.
var placeholder = regexp.MustCompile(`\{\{\s*([^{}]+?)\s*\}\}`)

// display names a series: as the legend says, or by what it is of.
func (d drawing) display(r *run, g group, c column) string {
	if d.legend != "" {
		return placeholder.ReplaceAllStringFunc(d.legend, func(m string) string {
			switch name := placeholder.FindStringSubmatch(m)[1]; name {
			case "calc":
				return c.name
			case "name":
				return r.name
			case "field":
				return strings.Join(g.texts(), ", ")
			default:
				for i, l := range r.shape.levels {
					if l.Field == name && i < len(g.path) {
						return g.path[i].Text
					}
				}
				return r.label[name]
			}
		})
	}
	parts := g.texts()
	if r.name != "" {
		parts = append(parts, r.name)
	}
	if len(r.shape.columns) > 1 || len(parts) == 0 {
		parts = append(parts, c.name)
	}
	return strings.Join(parts, ", ")
}

func (g group) texts() []string {
	out := make([]string, 0, len(g.path)+2)
	for _, b := range g.path {
		out = append(out, b.Text)
	}
	return out
}

// labels are what a series is told by in alert rules.
func (d drawing) labels(r *run, g group) data.Labels {
	if len(g.path) == 0 && len(r.label) == 0 {
		return nil
	}
	out := data.Labels{}
	for i, b := range g.path {
		out[r.shape.levels[i].Field] = b.Text
	}
	for k, v := range r.label {
		out[k] = v
	}
	return out
}
