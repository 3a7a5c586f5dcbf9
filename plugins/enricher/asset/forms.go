package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Forms of lists.
const (
	formCSV  = ".csv"
	formYAML = ".yaml"
	formJSON = ".json"
)

// csv reads a file whose first line names the columns, in any order.
func (r *reader) csv(data []byte) {
	c := csv.NewReader(bytes.NewReader(data))
	c.TrimLeadingSpace, c.Comment, c.ReuseRecord = true, '#', true
	var head []int
	var w row
	for {
		record, err := c.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			if !r.broken(err, len(record), len(head)) {
				return
			}
			continue
		}
		at, _ := c.FieldPos(0)
		if head == nil {
			if head = r.head(at, record); head == nil {
				return
			}
			continue
		}
		w.clear(at)
		for i, v := range record {
			if head[i] >= 0 {
				w.set(head[i], v)
			}
		}
		r.take(&w)
	}
	if head == nil {
		r.refuse(1, "empty: want a first line that names the columns: %s", strings.Join(columns, ","))
	}
}

// broken notes an error of the CSV reader; it says whether to go on.
func (r *reader) broken(err error, values, names int) bool {
	var p *csv.ParseError
	switch {
	case !errors.As(err, &p):
		r.refuse(1, "%v", err)
	case errors.Is(err, csv.ErrFieldCount):
		r.fault(p.Line, "%d values, but the first line names %d columns: put a value with a comma in quotes", values, names)
		return true
	default:
		r.refuse(p.Line, "%v", p.Err)
	}
	return false
}

// head are the places of the columns that the first line names, nil if it is wrong.
func (r *reader) head(at int, record []string) []int {
	head := make([]int, len(record))
	for i, name := range record {
		name = strings.TrimSpace(name)
		if r.rename == nil {
			name = strings.ToLower(name)
		}
		head[i] = r.column(at, name, true)
		if head[i] >= 0 && slices.Contains(head[:i], head[i]) {
			r.refuse(at, "column %q stands twice", name)
		}
	}
	if !r.bad && !slices.Contains(head, colID) {
		r.refuse(at, "there is no column %s", r.said(colID))
	}
	if r.bad {
		return nil
	}
	return head
}

// maxYAML bounds files of which a tree is made in memory, some hundred bytes a value.
const maxYAML = 8 << 20

// yaml reads a list of assets, or one under the key assets.
func (r *reader) yaml(data []byte) {
	if len(data) > maxYAML {
		r.refuse(1, "larger than %d MiB, which is too large for YAML: use CSV", maxYAML>>20)
		return
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil {
		r.bad, r.faults = true, append(r.faults, fmt.Errorf("%s: %w", r.name, err))
		return
	}
	if len(doc.Content) == 0 {
		r.refuse(1, "empty: want a list of assets")
		return
	}
	list := doc.Content[0]
	if list.Kind == yaml.MappingNode && len(list.Content) == 2 && list.Content[0].Value == "assets" {
		list = list.Content[1]
	}
	if list.Kind != yaml.SequenceNode {
		r.refuse(list.Line, "want a list of assets, or one under the key assets")
		return
	}
	var w row
	for _, n := range list.Content {
		if n.Kind != yaml.MappingNode {
			r.fault(n.Line, "want an asset with %s", strings.Join(columns, ", "))
			continue
		}
		w.clear(n.Line)
		before := r.total
		var seen [all]bool
		for i := 0; i < len(n.Content); i += 2 {
			k := n.Content[i]
			column := r.column(k.Line, k.Value, true)
			if column < 0 {
				continue
			}
			if seen[column] {
				r.fault(k.Line, "%s stands twice", k.Value)
			}
			seen[column] = true
			r.node(&w, column, n.Content[i+1])
		}
		if r.total == before {
			r.take(&w)
		}
	}
}

func (r *reader) node(w *row, column int, v *yaml.Node) {
	switch {
	case v.Kind == yaml.ScalarNode && v.Tag == "!!null":
	case v.Kind == yaml.ScalarNode:
		w.set(column, v.Value)
	case column < single:
		r.fault(v.Line, "%s: want one text", r.said(column))
	case v.Kind != yaml.SequenceNode:
		r.fault(v.Line, "%s: want a text or a list of texts", r.said(column))
	default:
		for _, e := range v.Content {
			if e.Kind != yaml.ScalarNode {
				r.fault(e.Line, "%s: want texts", r.said(column))
				continue
			}
			w.add(column, e.Value)
		}
	}
}

// json reads a list of objects, or one that lies at a path of keys, an element at a time.
func (r *reader) json(data []byte, path string) {
	r.unit = "element"
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if err := descend(d, path); err != nil {
		r.bad, r.faults = true, append(r.faults, fmt.Errorf("%s: %w", r.name, err))
		return
	}
	var w row
	for at := 1; d.More(); at++ {
		var e any
		if err := d.Decode(&e); err != nil {
			r.refuse(at, "no JSON: %v", err)
			return
		}
		o, ok := e.(map[string]any)
		if !ok {
			r.fault(at, "want an object with %s", strings.Join(columns, ", "))
			continue
		}
		w.clear(at)
		before := r.total
		r.object(&w, "", o)
		if r.total == before {
			r.take(&w)
		}
	}
	if _, err := d.Token(); err != nil {
		r.refuse(len(r.b.assets), "the list does not end: %v", err)
	}
}

// descend goes to the first element of the list at path, names of keys with dots between them; empty is the whole.
func descend(d *json.Decoder, path string) error {
	missing := func(err error) error {
		what := "a list of objects"
		if path != "" {
			what = fmt.Sprintf("an object with a list of objects at %q", path)
		}
		if err != nil {
			return fmt.Errorf("want %s: %w", what, err)
		}
		return fmt.Errorf("want %s: set list to where the list lies", what)
	}
	open := func(delim json.Delim) error {
		t, err := d.Token()
		if err != nil || t != delim {
			return missing(err)
		}
		return nil
	}
	if path != "" {
		for name := range strings.SplitSeq(path, ".") {
			if err := open('{'); err != nil {
				return err
			}
			for found := false; !found; {
				t, err := d.Token()
				if err != nil || t == json.Delim('}') {
					return missing(err)
				}
				if found = t == name; !found {
					var skipped json.RawMessage
					if err := d.Decode(&skipped); err != nil {
						return missing(err)
					}
				}
			}
		}
	}
	return open('[')
}

// object gives the row what an object says. Keys within objects are named with dots.
func (r *reader) object(w *row, prefix string, o map[string]any) {
	for name, v := range o {
		name = prefix + name
		column := r.column(w.at, name, false)
		if column < 0 {
			if inner, ok := v.(map[string]any); ok && r.rename != nil {
				r.object(w, name+".", inner)
			}
			continue
		}
		switch v := v.(type) {
		case nil:
		case string:
			w.set(column, v)
		case json.Number:
			w.set(column, v.String())
		case []any:
			r.elements(w, column, v)
		default:
			r.fault(w.at, "%s: want a text", r.said(column))
		}
	}
}

func (r *reader) elements(w *row, column int, list []any) {
	if column < single {
		r.fault(w.at, "%s: want one text, not a list", r.said(column))
		return
	}
	for _, e := range list {
		switch e := e.(type) {
		case string:
			w.add(column, e)
		case json.Number:
			w.add(column, e.String())
		default:
			r.fault(w.at, "%s: want texts", r.said(column))
		}
	}
}
