package schema

import (
	"bytes"
	"encoding/json"
	"strings"
)

// Setting is one key of a configuration, as its JSON Schema has it.
type Setting struct {
	// Path is its name; of keys in others the path with dots, a [] stands behind the name of a list.
	Path        string
	Type        string // or the values it may have, parted by commas
	Default     string // as JSON; empty: there is none
	Description string
}

// Settings are the keys that a JSON Schema explains, in its order. What is not such a schema has none.
func Settings(jsonSchema []byte) []Setting { return settings("", jsonSchema, nil) }

func settings(prefix string, raw []byte, list []Setting) []Setting {
	var s struct {
		Properties json.RawMessage `json:"properties"`
	}
	if json.Unmarshal(raw, &s) != nil {
		return list
	}
	d := json.NewDecoder(bytes.NewReader(s.Properties))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return list
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return list
		}
		var raw json.RawMessage
		if d.Decode(&raw) != nil {
			return list
		}
		var p struct {
			Type        any             `json:"type"`
			Default     json.RawMessage `json:"default"`
			Description string          `json:"description"`
			Enum        []any           `json:"enum"`
			Items       json.RawMessage `json:"items"`
		}
		if json.Unmarshal(raw, &p) != nil {
			continue
		}
		k := Setting{Path: prefix + name.(string), Type: words(p.Type), Description: p.Description} // keys are strings
		if p.Enum != nil {
			k.Type = words(p.Enum)
		}
		var compact bytes.Buffer
		if json.Compact(&compact, p.Default) == nil {
			k.Default = compact.String()
		}
		list = append(list, k)
		list = settings(k.Path+".", raw, list)
		list = settings(k.Path+"[].", p.Items, list)
	}
	return list
}

func words(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case []any:
		all := make([]string, len(v))
		for i, e := range v {
			all[i] = words(e)
		}
		return strings.Join(all, ",")
	default:
		b, err := json.Marshal(v)
		if err != nil {
			return ""
		}
		return string(b)
	}
}
