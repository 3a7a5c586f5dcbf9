package main

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v3"

	"github.com/logcenter/logcenter/sdk/schema"
)

const (
	maxFile   = 256 << 20 // bytes of a list
	maxFaults = 20        // told of at once
)

// columns are the names in the head of a CSV file and the keys of an asset in a YAML file.
var columns = []string{"id", "name", "ip", "hostname", "owner", "system", "tags"}

// row is an asset as it stands in the file.
type row struct {
	line   int
	values map[string][]string // by column; ip, hostname and tags may have several
}

// reader collects assets and what is wrong with them.
type reader struct {
	path   string
	t      *table
	ns     []network
	ids    map[string]int // line by id
	hosts  map[string]int // line by name
	nets   map[netip.Prefix]int
	faults []error
}

// readFile reads a list of assets. Its errors name file and line.
func readFile(path string) (*table, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxFile {
		return nil, fmt.Errorf("%s: larger than %d MiB", path, maxFile>>20)
	}
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")) // spreadsheets write a byte order mark
	r := &reader{
		path: path, t: &table{hosts: map[string]int{}},
		ids: map[string]int{}, hosts: map[string]int{}, nets: map[netip.Prefix]int{},
	}
	switch ext := strings.ToLower(filepath.Ext(path)); ext {
	case ".csv":
		r.csv(data)
	case ".yaml", ".yml":
		r.yaml(data)
	default:
		return nil, fmt.Errorf("%s: want a .csv, .yaml or .yml file", path)
	}
	if len(r.faults) > 0 {
		return nil, errors.Join(r.faults...)
	}
	r.t.index(r.ns)
	return r.t, nil
}

func (r *reader) fault(line int, format string, args ...any) {
	switch n := len(r.faults); {
	case n < maxFaults:
		r.faults = append(r.faults, fmt.Errorf("%s:%d: %s", r.path, line, fmt.Sprintf(format, args...)))
	case n == maxFaults:
		r.faults = append(r.faults, fmt.Errorf("%s: and more", r.path))
	}
}

func (r *reader) known(line int, name string) bool {
	if slices.Contains(columns, name) {
		return true
	}
	hint := "the columns are " + strings.Join(columns, ", ")
	if near := schema.Nearest(name, columns); near != "" {
		hint = "did you mean " + near + "?"
	}
	r.fault(line, "there is no column %q: %s", name, hint)
	return false
}

// csv reads a file whose first line names the columns, in any order.
func (r *reader) csv(data []byte) {
	c := csv.NewReader(bytes.NewReader(data))
	c.TrimLeadingSpace = true
	c.Comment = '#'
	var head []string
	for {
		record, err := c.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		line := 1
		if err != nil {
			var p *csv.ParseError
			if errors.As(err, &p) {
				line = p.Line
				if errors.Is(err, csv.ErrFieldCount) {
					r.fault(line, "%d values, but the first line names %d columns", len(record), len(head))
					continue
				}
				err = p.Err
			}
			r.fault(line, "%v", err)
			return
		}
		line, _ = c.FieldPos(0)
		if head == nil {
			if head = r.head(line, record); head == nil {
				return
			}
			continue
		}
		values := map[string][]string{}
		for i, v := range record {
			values[head[i]] = split(head[i], v)
		}
		r.add(row{line, values})
	}
	if head == nil {
		r.fault(1, "empty: want a first line that names the columns: %s", strings.Join(columns, ","))
	}
}

func (r *reader) head(line int, record []string) []string {
	head := make([]string, len(record))
	ok := true
	for i, name := range record {
		name = strings.ToLower(strings.TrimSpace(name))
		if slices.Contains(head[:i], name) {
			r.fault(line, "column %q stands twice", name)
			ok = false
		}
		ok = r.known(line, name) && ok
		head[i] = name
	}
	if ok && !slices.Contains(head, "id") {
		r.fault(line, "there is no column id")
		ok = false
	}
	if !ok {
		return nil
	}
	return head
}

// split parts the values of a column that may have several: blanks, commas and semicolons stand between them.
func split(column, v string) []string {
	switch column {
	case "ip", "hostname", "tags":
		return strings.FieldsFunc(v, func(c rune) bool { return c == ';' || c == ',' || unicode.IsSpace(c) })
	}
	if v = strings.TrimSpace(v); v == "" {
		return nil
	}
	return []string{v}
}

// yaml reads a list of assets, or one under the key assets.
func (r *reader) yaml(data []byte) {
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil {
		r.faults = append(r.faults, fmt.Errorf("%s: %w", r.path, err))
		return
	}
	if len(doc.Content) == 0 {
		r.fault(1, "empty: want a list of assets")
		return
	}
	list := doc.Content[0]
	if list.Kind == yaml.MappingNode && len(list.Content) == 2 && list.Content[0].Value == "assets" {
		list = list.Content[1]
	}
	if list.Kind != yaml.SequenceNode {
		r.fault(list.Line, "want a list of assets, or one under the key assets")
		return
	}
	for _, n := range list.Content {
		if n.Kind != yaml.MappingNode {
			r.fault(n.Line, "want an asset with %s", strings.Join(columns, ", "))
			continue
		}
		e := row{n.Line, map[string][]string{}}
		ok := true
		for i := 0; i < len(n.Content); i += 2 {
			k, v := n.Content[i], n.Content[i+1]
			if !r.known(k.Line, k.Value) {
				ok = false
				continue
			}
			if _, twice := e.values[k.Value]; twice {
				r.fault(k.Line, "%s stands twice", k.Value)
			}
			e.values[k.Value] = r.node(k.Value, v)
		}
		if ok {
			r.add(e)
		}
	}
}

func (r *reader) node(column string, v *yaml.Node) []string {
	several := column == "ip" || column == "hostname" || column == "tags"
	switch {
	case v.Kind == yaml.ScalarNode && v.Tag == "!!null":
		return nil
	case v.Kind == yaml.ScalarNode:
		return split(column, v.Value)
	case v.Kind == yaml.SequenceNode && several:
		out := []string{}
		for _, e := range v.Content {
			if e.Kind != yaml.ScalarNode {
				r.fault(e.Line, "%s: want texts", column)
				continue
			}
			out = append(out, e.Value)
		}
		return out
	case several:
		r.fault(v.Line, "%s: want a text or a list of texts", column)
	default:
		r.fault(v.Line, "%s: want one text", column)
	}
	return nil
}

// add takes one asset.
func (r *reader) add(e row) {
	one := func(column string) string {
		if v := e.values[column]; len(v) > 0 {
			return v[0]
		}
		return ""
	}
	a := asset{id: one("id"), name: one("name"), owner: one("owner"), system: one("system"), tags: e.values["tags"]}
	if a.id == "" {
		r.fault(e.line, "id is missing")
		return
	}
	if a.name == "" {
		a.name = a.id
	}
	if line, twice := r.ids[a.id]; twice {
		r.fault(e.line, "id %q stands in line %d already", a.id, line)
		return
	}
	r.ids[a.id] = e.line
	at := len(r.t.assets)
	r.t.assets = append(r.t.assets, a)
	for _, name := range e.values["hostname"] {
		name = strings.ToLower(name)
		if line, twice := r.hosts[name]; twice {
			r.fault(e.line, "hostname %q stands in line %d already", name, line)
			continue
		}
		r.hosts[name] = e.line
		r.t.hosts[name] = at
	}
	for _, text := range e.values["ip"] {
		p, ok := parseNetwork(text)
		if !ok {
			r.fault(e.line, "ip %q: want an address or a network such as 10.2.0.0/24", text)
			continue
		}
		if p != p.Masked() {
			r.fault(e.line, "ip %q: a network starts at its first address, write %s", text, p.Masked())
			continue
		}
		if line, twice := r.nets[p]; twice {
			r.fault(e.line, "ip %q stands in line %d already", text, line)
			continue
		}
		r.nets[p] = e.line
		r.ns = append(r.ns, network{p, at})
	}
}

func parseNetwork(text string) (netip.Prefix, bool) {
	if strings.Contains(text, "/") {
		p, err := netip.ParsePrefix(text)
		if err != nil {
			return p, false
		}
		if a := p.Addr(); a.Is4In6() {
			return netip.PrefixFrom(a.Unmap(), p.Bits()-96), p.Bits() >= 96
		}
		return p, true
	}
	a, err := netip.ParseAddr(text)
	if err != nil || a.Zone() != "" {
		return netip.Prefix{}, false
	}
	a = a.Unmap()
	return netip.PrefixFrom(a, a.BitLen()), true
}
