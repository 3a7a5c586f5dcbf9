// Package manifest reads plugin.yaml: what the host, the tests of a plugin and the tools that package one must know of a
// plugin before its program runs.
package manifest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/schema"
	"github.com/logcenter/logcenter/sdk/wire"
)

// Name is the file that makes a folder a plugin.
const Name = "plugin.yaml"

// Protocol is the protocol that this SDK and its host speak.
const Protocol = 1

// Python is the runtime of plugins in Python.
const Python = "python3"

// Manifest is a plugin.yaml. It is the grant: what it does not list, the plugin cannot read, write or do.
type Manifest struct {
	ID          string
	Kind        wire.Kind
	Version     string
	Description string
	Accepts     []Recogniser // parsers
	Reads       []ecs.Field
	// ReadsAll says that the plugin reads whatever field there is: a detector whose rules name the fields. Reads is empty then.
	ReadsAll  bool
	Writes    []ecs.Field
	Constants []Constant
	Severity  Severities
	MayDrop   bool
	Hold      bool // enrichers: events wait while it is unavailable, instead of passing unenriched
	Trusted   bool // shared memory allowed
	// TakesRules says that the host hands the detector its rules, see [sdk.RuleTaker].
	TakesRules bool
	Network    []string
	Files      []string
	Write      []string
	Limits     Limits
	Dir        string // folder of the manifest
	Binary     string // path of the executable, or of the script that Runtime runs
	Runtime    string // "" for executables, or [Python]
	Source     []byte // plugin.yaml as it is
	Declared   []Declaration
}

// Declaration is a field that the manifest itself describes.
type Declaration struct {
	Name        string `yaml:"name" required:"true"`
	Type        string `yaml:"type"`
	List        bool   `yaml:"list"`
	Description string `yaml:"description"`
}

// Recogniser is one way to tell that a line is a parser's: all that is set must hold. Of several parsers the one with the
// most specific recogniser has the line, see DESIGN.md.
type Recogniser struct {
	Prefix   []string `yaml:"prefix" json:"prefix,omitempty"`     // the line starts with any of these
	Contains []string `yaml:"contains" json:"contains,omitempty"` // any of these is in the line's first RecognisedBytes
	// ContainsAll are texts of which each is in the line's first RecognisedBytes.
	ContainsAll []string `yaml:"contains_all" json:"contains_all,omitempty"`
	AppName     []string `yaml:"app_name" json:"app_name,omitempty"` // the syslog application name is any of these
	Input       []string `yaml:"input" json:"input,omitempty"`       // the input's name matches any of these globs
	Fallback    bool     `yaml:"fallback" json:"fallback,omitempty"` // only lines that no recogniser without it takes: for parsers of whole families of devices
}

// RecognisedBytes is how much of a line recognisers look at.
const RecognisedBytes = 512

// Constant is a field that the host sets on every event of a parser.
type Constant struct {
	Field  ecs.Field
	Values []string // several for lists
}

// file is the form of plugin.yaml.
type file struct {
	ID          string            `yaml:"id" required:"true"`
	Kind        string            `yaml:"kind" required:"true" enum:"parser,enricher,masker,detector,notifier"`
	Version     string            `yaml:"version" required:"true"`
	Protocol    int               `yaml:"protocol" required:"true"`
	Description string            `yaml:"description"`
	Binary      string            `yaml:"binary"`
	Runtime     string            `yaml:"runtime" enum:"python3"`
	Accepts     []Recogniser      `yaml:"accepts"`
	Reads       []any             `yaml:"reads"`
	Writes      []any             `yaml:"writes"`
	Constants   map[string]any    `yaml:"constants"`
	Severity    map[string]string `yaml:"severity" enum:"Debug,Info,Warn,Error,Fatal"`
	Permissions struct {
		Network []string `yaml:"network"`
		Files   []string `yaml:"files"`
		Write   []string `yaml:"write"`
		Drop    bool     `yaml:"drop"`
	} `yaml:"permissions"`
	Limits    Limits `yaml:"limits"`
	OnFailure string `yaml:"on_failure" enum:"pass,hold" default:"pass"`
	// TakesRules is for detectors that are an [sdk.RuleTaker].
	TakesRules bool `yaml:"takes_rules"`
	Trusted    bool `yaml:"trusted"`
}

var kinds = map[string]wire.Kind{
	"parser": wire.Kind_PARSER, "enricher": wire.Kind_ENRICHER, "masker": wire.Kind_MASKER,
	"detector": wire.Kind_DETECTOR, "notifier": wire.Kind_NOTIFIER,
}

// KindName is the manifest's word for a kind.
func KindName(k wire.Kind) string {
	for n, v := range kinds {
		if v == k {
			return n
		}
	}
	return "unknown"
}

// KindOf is the kind that [KindName] has a word for; unspecified for others.
func KindOf(name string) wire.Kind { return kinds[name] }

var idPattern = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,63}$`)

// Read reads and checks dir/plugin.yaml. The fields it declares become known to this process; a field that another
// manifest declared with another type is an error that names it. Errors name the file.
func Read(dir string) (*Manifest, error) {
	path := filepath.Join(dir, Name)
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // it was only read
	data, err := io.ReadAll(io.LimitReader(f, MaxBytes+1))
	if err != nil {
		return nil, err
	}
	m, err := Parse(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	m.Dir = dir
	if !filepath.IsAbs(m.Binary) {
		m.Binary = locate(dir, m.Binary)
	}
	return m, nil
}

// MaxBytes bounds a plugin.yaml. One that lists some hundred fields has a tenth of it.
const MaxBytes = 1 << 20

// Parse is Read of a text. The manifest has no Dir and keeps data.
func Parse(data []byte) (*Manifest, error) {
	if len(data) > MaxBytes {
		return nil, fmt.Errorf("it has more than %d bytes", MaxBytes)
	}
	var raw any
	if err := yaml.Unmarshal(data, &raw); err != nil {
		return nil, err
	}
	var f file
	if err := schema.Decode(raw, &f); err != nil {
		return nil, err
	}
	if !idPattern.MatchString(f.ID) {
		return nil, fmt.Errorf("id %q: want lower-case letters, digits, '-' and '_', at most 64", f.ID)
	}
	if f.Protocol != Protocol {
		return nil, fmt.Errorf("protocol %d: this host speaks %d", f.Protocol, Protocol)
	}
	m := &Manifest{
		ID: f.ID, Kind: kinds[f.Kind], Version: f.Version, Description: f.Description, Accepts: f.Accepts,
		MayDrop: f.Permissions.Drop, Network: f.Permissions.Network, Files: f.Permissions.Files,
		Write: f.Permissions.Write, Limits: f.Limits,
		Hold: f.OnFailure == "hold", Trusted: f.Trusted, TakesRules: f.TakesRules, Binary: f.Binary, Runtime: f.Runtime, Source: data,
	}
	switch {
	case m.Binary != "":
	case m.Runtime == Python:
		m.Binary = "main.py"
	default:
		m.Binary = m.ID
	}
	if m.Kind == wire.Kind_PARSER && len(m.Accepts) == 0 {
		return nil, errors.New("accepts: a parser says which lines are its own")
	}
	if m.TakesRules && m.Kind != wire.Kind_DETECTOR {
		return nil, fmt.Errorf("takes_rules: a %s looks for nothing; detectors do", f.Kind)
	}
	for i := range m.Accepts {
		if err := m.Accepts[i].check(); err != nil {
			return nil, fmt.Errorf("accepts[%d]%w", i, err)
		}
	}
	if err := m.checkPermissions(); err != nil {
		return nil, err
	}
	var err error
	if m.ReadsAll = slices.Contains(f.Reads, any("*")); m.ReadsAll {
		if m.Kind != wire.Kind_DETECTOR || len(f.Reads) > 1 {
			return nil, errors.New("reads: '*' is every field, stands alone, and is for detectors, whose rules say which: list the fields that the plugin reads")
		}
	} else if m.Reads, err = m.fields("reads", f.Reads); err != nil {
		return nil, err
	}
	if m.Writes, err = m.fields("writes", f.Writes); err != nil {
		return nil, err
	}
	for _, w := range m.Writes {
		if hostOnly[w] {
			return nil, fmt.Errorf("writes: %s is set by the host alone", w.Name())
		}
	}
	if err := m.readSeverity(f.Severity); err != nil {
		return nil, err
	}
	return m, m.readConstants(f.Constants)
}

// hostOnly are fields that no plugin may write: the host answers for them.
var hostOnly = map[ecs.Field]bool{
	ecs.Message: true, ecs.EventID: true, ecs.EventIngested: true, ecs.ErrorMessage: true, ecs.ErrorType: true,
	ecs.ErrorCode: true, ecs.LogcenterPosition: true, ecs.LogcenterInput: true, ecs.LogcenterParser: true, ecs.LogcenterFlags: true,
	ecs.LogcenterRedrivenFrom: true, ecs.LogcenterClassifiedBy: true,
}

func (m *Manifest) fields(key string, list []any) ([]ecs.Field, error) {
	var out []ecs.Field
	for i, v := range list {
		var d Declaration
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

func (m *Manifest) define(d Declaration) (ecs.Field, error) {
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
	d.List = d.List || known && f.Info().List
	m.Declared = append(m.Declared, d)
	return ecs.Define(ecs.Info{Name: d.Name, Type: t, List: d.List, Description: d.Description})
}

func (m *Manifest) readConstants(values map[string]any) error {
	for _, name := range slices.Sorted(maps.Keys(values)) {
		f, ok := ecs.Lookup(name)
		if !ok {
			return fmt.Errorf("constants.%s: unknown field; nearest is %s", name, nearestField(name))
		}
		if hostOnly[f] {
			return fmt.Errorf("constants.%s: set by the host alone", name)
		}
		if f.Type() != ecs.Keyword {
			return fmt.Errorf("constants.%s: only keyword fields can be constant, this is %s", name, f.Type())
		}
		c := Constant{Field: f}
		switch v := values[name].(type) {
		case []any:
			for _, e := range v {
				c.Values = append(c.Values, fmt.Sprint(e))
			}
		default:
			c.Values = []string{fmt.Sprint(v)}
		}
		if len(c.Values) != 1 && !f.Info().List {
			return fmt.Errorf("constants.%s: one value, not a list", name)
		}
		m.Constants = append(m.Constants, c)
	}
	return nil
}

func nearestField(name string) string {
	var names []string
	for _, f := range ecs.All() {
		names = append(names, f.Name())
	}
	return schema.Nearest(name, names)
}

// lineReads are the reserved columns that every parser may use, for times without year or zone.
var lineReads = []ecs.Field{ecs.EventIngested, ecs.EventTimezone}

// OpenRequest is what opens the plugin with a config, which is JSON; nil means defaults. Field ids are the handles of
// this process.
func (m *Manifest) OpenRequest(config []byte) *wire.OpenRequest {
	reads := m.Reads
	if m.ReadsAll {
		reads = ecs.All()
	}
	if m.Kind == wire.Kind_PARSER {
		reads = append(slices.Clip(reads), lineReads...)
	}
	return &wire.OpenRequest{
		ConfigJson: config, Reads: decls(reads), Writes: decls(m.Writes), MessageField: uint32(ecs.Message), Severity: m.Severity.Wire(),
	}
}

func decls(fields []ecs.Field) []*wire.FieldDecl {
	var out []*wire.FieldDecl
	for _, f := range fields {
		i := f.Info()
		out = append(out, &wire.FieldDecl{Id: uint32(f), Name: i.Name, Type: sdk.WireType(i.Type), List: i.List, Description: i.Description})
	}
	return out
}

// Label is how logs and errors name the plugin: id and version.
func (m *Manifest) Label() string { return strings.TrimSpace(m.ID + " " + m.Version) }

// Columns appends to list the columns of an event batch that the plugin may read, message and logcenter.position included.
func (m *Manifest) Columns(list []*wire.Column, b *wire.Batch) []*wire.Column {
	if m.ReadsAll {
		return append(list, b.Columns...)
	}
	for _, c := range b.Columns {
		if f := ecs.Field(c.Field); f == ecs.Message || f == ecs.LogcenterPosition || slices.Contains(m.Reads, f) {
			list = append(list, c)
		}
	}
	return list
}

// Grants says whether the plugin may write a field.
func (m *Manifest) Grants(f ecs.Field) bool { return slices.Contains(m.Writes, f) }

// check says what of a recogniser would take no line, or every one. The error goes on where a path ends.
func (r *Recogniser) check() error {
	if len(r.Prefix)+len(r.Contains)+len(r.ContainsAll)+len(r.AppName)+len(r.Input) == 0 {
		return errors.New(": empty")
	}
	for _, k := range [...]struct {
		name  string
		texts []string
	}{{"prefix", r.Prefix}, {"contains", r.Contains}, {"contains_all", r.ContainsAll}, {"app_name", r.AppName}, {"input", r.Input}} {
		if i := slices.Index(k.texts, ""); i >= 0 {
			return fmt.Errorf(".%s[%d]: an empty text stands in every line: say what tells the plugin's lines", k.name, i)
		}
		for i, t := range k.texts {
			if len(t) > RecognisedBytes && strings.HasPrefix(k.name, "contains") {
				return fmt.Errorf(".%s[%d]: has %d bytes, of a line only the first %d are looked at", k.name, i, len(t), RecognisedBytes)
			}
		}
	}
	for i, glob := range r.Input {
		if _, err := path.Match(glob, ""); err != nil {
			return fmt.Errorf(".input[%d]: %q is no pattern such as dmz-*: %w", i, glob, err)
		}
	}
	return nil
}

// Takes says whether the recogniser knows line by its bytes alone. Those that look at the application's or the input's
// name do not.
func (r *Recogniser) Takes(line []byte) bool {
	if len(r.AppName)+len(r.Input) > 0 {
		return false
	}
	head := line[:min(len(line), RecognisedBytes)]
	prefix := len(r.Prefix) == 0 || slices.ContainsFunc(r.Prefix, func(p string) bool { return bytes.HasPrefix(line, []byte(p)) })
	there := func(text string) bool { return bytes.Contains(head, []byte(text)) }
	lacks := func(text string) bool { return !there(text) }
	return prefix && (len(r.Contains) == 0 || slices.ContainsFunc(r.Contains, there)) && !slices.ContainsFunc(r.ContainsAll, lacks)
}
