package plugintest

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/schema"
	"github.com/logcenter/logcenter/sdk/wire"
)

// Manifest is what tests need of plugin.yaml.
type Manifest struct {
	ID          string
	Kind        wire.Kind
	Description string
	Accepts     []Recogniser
	Reads       []ecs.Field
	Writes      []ecs.Field
	Constants   map[string]any
	MayDrop     bool

	declared []fieldDecl // fields with a description of their own
}

// Recogniser is one entry of accepts: a line is the parser's if all that the entry says holds.
type Recogniser struct {
	Prefix   []string `yaml:"prefix"`
	Contains []string `yaml:"contains"`
	AppName  []string `yaml:"app_name"`
	Input    []string `yaml:"input"`
}

// recognisedBytes is how much of a line recognisers look at.
const recognisedBytes = 512

// takes says whether the entry recognises line by its bytes alone.
func (r *Recogniser) takes(line []byte) bool {
	if len(r.AppName)+len(r.Input) > 0 {
		return false
	}
	head := line[:min(len(line), recognisedBytes)]
	prefix := len(r.Prefix) == 0 || slices.ContainsFunc(r.Prefix, func(p string) bool { return bytes.HasPrefix(line, []byte(p)) })
	return prefix && (len(r.Contains) == 0 || slices.ContainsFunc(r.Contains, func(p string) bool { return bytes.Contains(head, []byte(p)) }))
}

type manifestFile struct {
	ID          string         `yaml:"id" required:"true"`
	Kind        string         `yaml:"kind" required:"true" enum:"parser,enricher,masker,detector,notifier"`
	Version     string         `yaml:"version" required:"true"`
	Protocol    int            `yaml:"protocol" required:"true"`
	Description string         `yaml:"description"`
	Binary      string         `yaml:"binary"`
	Runtime     string         `yaml:"runtime" enum:"python3"`
	Accepts     []Recogniser   `yaml:"accepts"`
	Reads       []any          `yaml:"reads"`
	Writes      []any          `yaml:"writes"`
	Constants   map[string]any `yaml:"constants"`
	Permissions struct {
		Network []string `yaml:"network"`
		Files   []string `yaml:"files"`
		Drop    bool     `yaml:"drop"`
	} `yaml:"permissions"`
	OnFailure string `yaml:"on_failure" enum:"pass,hold" default:"pass"`
	Trusted   bool   `yaml:"trusted"`
}

type fieldDecl struct {
	Name        string `yaml:"name" required:"true"`
	Type        string `yaml:"type"`
	List        bool   `yaml:"list"`
	Description string `yaml:"description"`
}

// ReadManifest reads a plugin.yaml. Fields it declares become known to this process. Errors name the file.
func ReadManifest(path string) (*Manifest, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	m, err := parseManifest(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return m, nil
}

func parseManifest(data []byte) (*Manifest, error) {
	raw, err := decodeYAML(data)
	if err != nil {
		return nil, err
	}
	var f manifestFile
	if err := schema.Decode(raw, &f); err != nil {
		return nil, err
	}
	m := &Manifest{
		ID: f.ID, Kind: wire.Kind(wire.Kind_value[strings.ToUpper(f.Kind)]), Description: f.Description,
		Accepts: f.Accepts, Constants: f.Constants, MayDrop: f.Permissions.Drop,
	}
	if m.Reads, err = m.fields("reads", f.Reads); err != nil {
		return nil, err
	}
	if m.Writes, err = m.fields("writes", f.Writes); err != nil {
		return nil, err
	}
	for name := range f.Constants {
		if _, ok := ecs.Lookup(name); !ok {
			return nil, fmt.Errorf("constants.%s: Logcenter knows no such field", name)
		}
	}
	return m, nil
}

func (m *Manifest) fields(key string, list []any) (out []ecs.Field, err error) {
	for i, v := range list {
		var d fieldDecl
		if s, ok := v.(string); ok {
			d.Name = s
		} else if err := schema.Decode(v, &d); err != nil {
			return nil, schema.Under(fmt.Sprintf("%s[%d]", key, i), err)
		}
		f, err := m.define(d)
		if err != nil {
			return nil, fmt.Errorf("%s[%d]: %w", key, i, err)
		}
		if slices.Contains(out, f) {
			return nil, fmt.Errorf("%s[%d]: %s stands twice", key, i, d.Name)
		}
		out = append(out, f)
	}
	return out, nil
}

func (m *Manifest) define(d fieldDecl) (ecs.Field, error) {
	f, known := ecs.Lookup(d.Name)
	if d.Type == "" {
		if !known {
			return 0, fmt.Errorf("field %s is not one Logcenter knows: give its type and description", d.Name)
		}
		return f, nil
	}
	t, err := ecs.ParseType(d.Type)
	if err != nil {
		return 0, fmt.Errorf("field %s: %w", d.Name, err)
	}
	m.declared = append(m.declared, d)
	return ecs.Define(ecs.Info{Name: d.Name, Type: t, List: d.List, Description: d.Description})
}

func decodeYAML(data []byte) (v any, err error) {
	err = yaml.Unmarshal(data, &v)
	return v, err
}
