package sigma

import (
	_ "embed"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/logcenter/logcenter/sdk/query"
)

//go:embed mapping.yaml
var builtin []byte

// Source is what a Sigma rule says of the logs it is for.
type Source struct {
	Product  string `yaml:"product"`
	Category string `yaml:"category"`
	Service  string `yaml:"service"`
}

// String is the source as it is written in one line.
func (s Source) String() string {
	var parts []string
	for _, p := range [][2]string{{"product", s.Product}, {"category", s.Category}, {"service", s.Service}} {
		if p[1] != "" {
			parts = append(parts, p[0]+": "+p[1])
		}
	}
	return strings.Join(parts, ", ")
}

// Mapping translates log sources and fields, and names the lists of placeholders.
type Mapping struct {
	sources map[Source]*logSource
	fields  map[string]map[string]target
	lists   map[string]listName // of placeholders
}

// logSource is where the events of a source are.
type logSource struct {
	Source `yaml:",inline"`
	Query  string   `yaml:"query"`
	Tables []string `yaml:"fields"`

	node    query.Node
	mapping *Mapping
}

// target is what a name of Sigma is here.
type target struct {
	Fields []string
	Values map[string]string   // what a value is called here
	Parts  map[string][]string // fields of values such as MD5=…
}

// UnmarshalYAML reads a name, a list of names, or a map with the keys field, values and parts.
func (t *target) UnmarshalYAML(n *yaml.Node) error {
	switch n.Kind {
	case yaml.ScalarNode:
		t.Fields = []string{n.Value}
		return nil
	case yaml.SequenceNode:
		return n.Decode(&t.Fields)
	default:
		var m struct {
			Field  string              `yaml:"field"`
			Values map[string]string   `yaml:"values"`
			Parts  map[string][]string `yaml:"parts"`
		}
		if err := n.Decode(&m); err != nil {
			return err
		}
		if (m.Field == "") == (len(m.Parts) == 0) {
			return fmt.Errorf("line %d: want field, or parts", n.Line)
		}
		t.Values, t.Parts = m.Values, m.Parts
		if m.Field != "" {
			t.Fields = []string{m.Field}
		}
		return nil
	}
}

// Builtin is the mapping that comes with the program: of the shipped parsers.
func Builtin() *Mapping {
	m := &Mapping{sources: map[Source]*logSource{}, fields: map[string]map[string]target{}, lists: map[string]listName{}}
	if err := m.Add("mapping.yaml", builtin); err != nil {
		panic(err)
	}
	return m
}

// Add takes a file of the form of mapping.yaml: what it has goes before what is there. The error names the file and the line.
func (m *Mapping) Add(file string, text []byte) error {
	var f struct {
		Sources []*logSource                 `yaml:"logsources"`
		Fields  map[string]map[string]target `yaml:"fields"`
		Lists   map[string]listName          `yaml:"lists"`
	}
	dec := yaml.NewDecoder(strings.NewReader(string(text)))
	dec.KnownFields(true)
	if err := dec.Decode(&f); err != nil && !errors.Is(err, io.EOF) {
		return mappingError(file, err)
	}
	maps.Copy(m.lists, f.Lists)
	for name, table := range f.Fields {
		if m.fields[name] == nil {
			m.fields[name] = map[string]target{}
		}
		maps.Copy(m.fields[name], table)
	}
	for i, s := range f.Sources {
		n, err := query.Parse(s.Query)
		if err != nil {
			return fmt.Errorf("%s: logsources[%d].query (%s): %w", file, i, s.Source, err)
		}
		for _, t := range s.Tables {
			if m.fields[t] == nil {
				return fmt.Errorf("%s: logsources[%d].fields (%s): there is no table %q (there are %s)", file, i, s.Source, t,
					strings.Join(slices.Sorted(maps.Keys(m.fields)), ", "))
			}
		}
		s.node, s.mapping = n, m
		m.sources[s.Source] = s
	}
	return nil
}

// unknownKey is what the YAML library says of a key that nobody knows: line, key and Go type.
var unknownKey = regexp.MustCompile(`^line (\d+): field (\S+) not found in type (\S+)`)

// mappingError says what is wrong with a mapping in the words of whoever wrote it.
func mappingError(file string, err error) error {
	var wrong *yaml.TypeError
	if !errors.As(err, &wrong) {
		return fmt.Errorf("%s: %w", file, err)
	}
	var errs []error
	for _, text := range wrong.Errors {
		found := unknownKey.FindStringSubmatch(text)
		if found == nil {
			errs = append(errs, fmt.Errorf("%s: %s", file, text))
			continue
		}
		keys := "logsources, fields, lists"
		if found[3] == "sigma.logSource" {
			keys = "product, category, service, query, fields"
		}
		errs = append(errs, fmt.Errorf("%s:%s: %s: unknown key (known keys: %s)", file, found[1], found[2], keys))
	}
	return errors.Join(errs...)
}

func (m *Mapping) find(s Source) *logSource { return m.sources[s] }

// field is what a name is in events of the source.
func (s *logSource) field(name string) (target, bool) {
	for _, t := range s.Tables {
		if f, ok := s.mapping.fields[t][name]; ok {
			return f, true
		}
	}
	return target{}, false
}
