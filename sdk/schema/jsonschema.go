package schema

import (
	"bytes"
	"encoding/json"
	"strings"
)

// JSONSchema is the schema (draft 2020-12) of the struct v or of what it points to, indented, its properties
// in the order of the struct. Docs, from [Docs], may be nil. It panics where [Check] would fail.
//
// JSON Schema cannot bound durations and sizes, so their bounds stand in the descriptions.
func JSONSchema(v any, docs map[string]string) []byte {
	t, err := Describe(v, docs)
	if err != nil {
		panic(err)
	}
	root := append(members{{"$schema", "https://json-schema.org/draft/2020-12/schema"}}, t.schema(nil)...)
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(root); err != nil {
		panic(err) // strings, numbers and maps of them
	}
	return out.Bytes()
}

// members is a JSON object in the order in which it was written.
type members []struct {
	name  string
	value any
}

// MarshalJSON keeps the order.
func (m members) MarshalJSON() ([]byte, error) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	out.WriteByte('{')
	for i, e := range m {
		if i > 0 {
			out.WriteByte(',')
		}
		if err := enc.Encode(e.name); err != nil {
			return nil, err
		}
		out.WriteByte(':')
		if err := enc.Encode(e.value); err != nil {
			return nil, err
		}
	}
	out.WriteByte('}')
	return out.Bytes(), nil
}

func (m *members) add(name string, value any) {
	*m = append(*m, struct {
		name  string
		value any
	}{name, value})
}

const (
	durationPattern = `^(0|[0-9]+d|([0-9]+d)?([0-9.]+(ns|us|µs|ms|s|m|h))+)$`
	sizePattern     = `^[0-9.]+ *([KMGT]iB|[kKMGT]?B)?$`
)

// schema describes t; f, which may be nil, holds what is said of its scalars.
func (t *Type) schema(f *Field) members {
	var m members
	if t.Doc != "" && f == nil {
		m.add("description", t.Doc)
	}
	switch t.Kind {
	case Any:
	case Text:
		m.add("type", "string")
		if f != nil && f.Enum != nil {
			m.add("enum", f.Enum)
		}
	case Boolean:
		m.add("type", "boolean")
	case Integer, Number:
		m.add("type", [...]string{Integer: "integer", Number: "number"}[t.Kind])
		if f != nil && f.Min != "" {
			m.add("minimum", json.Number(f.Min))
		}
		if f != nil && f.Max != "" {
			m.add("maximum", json.Number(f.Max))
		}
	case Duration:
		m.add("type", "string")
		m.add("pattern", durationPattern)
	case Size:
		m.add("type", []string{"string", "integer"})
		m.add("pattern", sizePattern)
	case List:
		m.add("type", "array")
		m.add("items", t.Elem.schema(f.scalarOnly()))
	case Map:
		m.add("type", "object")
		m.add("additionalProperties", t.Elem.schema(f.scalarOnly()))
	case Object:
		m.add("type", "object")
		m.object(t)
	}
	return m
}

// scalarOnly is f for the elements of a list or map.
func (f *Field) scalarOnly() *Field {
	if f == nil {
		return nil
	}
	return &Field{Enum: f.Enum, Min: f.Min, Max: f.Max}
}

func (m *members) object(t *Type) {
	properties, required := members{}, []string{}
	for i := range t.Fields {
		f := &t.Fields[i]
		p := members{}
		if doc := f.description(); doc != "" {
			p.add("description", doc)
		}
		p = append(p, f.Type.schema(f)...)
		if f.Defaults {
			p.add("default", defaultData(f))
		}
		properties.add(f.Name, p)
		if f.Required {
			required = append(required, f.Name)
		}
	}
	m.add("properties", properties)
	if len(required) > 0 {
		m.add("required", required)
	}
	m.add("additionalProperties", false)
}

// description is the doc of f and the bounds that JSON Schema cannot say.
func (f *Field) description() string {
	element := f.Type
	for element.Elem != nil {
		element = element.Elem
	}
	if element.Kind != Duration && element.Kind != Size || f.Min == "" && f.Max == "" {
		return f.Doc
	}
	said := bounds(f)
	return strings.TrimSpace(f.Doc + " " + strings.ToUpper(said[:1]) + said[1:] + ".")
}
