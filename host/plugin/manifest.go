package plugin

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/schema"
	"github.com/logcenter/logcenter/sdk/wire"
)

// ManifestName is the file that makes a folder a plugin.
const ManifestName = "plugin.yaml"

// Protocol is the protocol this host speaks.
const Protocol = 1

// Manifest says what the host must know of a plugin before it starts it. It is the grant: what it does not
// list, the plugin cannot read, write or do.
type Manifest struct {
	ID          string
	Kind        wire.Kind
	Version     string
	Description string
	Accepts     []Recogniser // parsers
	Reads       []ecs.Field
	Writes      []ecs.Field
	Constants   []Constant
	MayDrop     bool
	Hold        bool // enrichers: events wait while it is unavailable, instead of passing unenriched
	Trusted     bool // shared memory allowed
	Network     []string
	Files       []string
	Dir         string // folder of the manifest
	Binary      string // path of the executable, or of the script that Runtime runs
	Runtime     string // "" for executables, or [Python]
}

// Recogniser is one way to tell that a line is a parser's: all that is set must hold.
type Recogniser struct {
	Prefix   []string `yaml:"prefix"`   // the line starts with any of these
	Contains []string `yaml:"contains"` // any of these is in the line's first RecognisedBytes
	AppName  []string `yaml:"app_name"` // the syslog application name is any of these
	Input    []string `yaml:"input"`    // the input's name matches any of these globs
}

// Takes says whether it recognises line by its bytes alone: never if it asks for an application or an input.
func (r *Recogniser) Takes(line []byte) bool {
	if len(r.AppName)+len(r.Input) > 0 {
		return false
	}
	head := line[:min(len(line), RecognisedBytes)]
	prefix := len(r.Prefix) == 0 || slices.ContainsFunc(r.Prefix, func(p string) bool { return bytes.HasPrefix(line, []byte(p)) })
	return prefix && (len(r.Contains) == 0 || slices.ContainsFunc(r.Contains, func(p string) bool { return bytes.Contains(head, []byte(p)) }))
}

// RecognisedBytes is how much of a line recognisers look at.
const RecognisedBytes = 512

// Constant is a field that the host sets on every event of a parser.
type Constant struct {
	Field  ecs.Field
	Values []string // several for lists
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

var idPattern = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,63}$`)

// ReadManifest reads and checks dir/plugin.yaml. The fields it declares become known to this process; a
// field that another manifest declared with another type is an error that names it. Errors name the file.
func ReadManifest(dir string) (*Manifest, error) {
	path := filepath.Join(dir, ManifestName)
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	m, err := parseManifest(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	m.Dir = dir
	if !filepath.IsAbs(m.Binary) {
		m.Binary = filepath.Join(dir, m.Binary)
	}
	return m, nil
}

func parseManifest(data []byte) (*Manifest, error) {
	var doc yaml.Node
	if err := yaml.NewDecoder(bytes.NewReader(data)).Decode(&doc); err != nil {
		return nil, err
	}
	var raw any
	if err := doc.Decode(&raw); err != nil {
		return nil, err
	}
	var f manifestFile
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
		Hold: f.OnFailure == "hold", Trusted: f.Trusted, Binary: f.Binary, Runtime: f.Runtime,
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
	for i, r := range m.Accepts {
		if len(r.Prefix)+len(r.Contains)+len(r.AppName)+len(r.Input) == 0 {
			return nil, fmt.Errorf("accepts[%d]: empty", i)
		}
	}
	var err error
	if m.Reads, err = readFields("reads", f.Reads); err != nil {
		return nil, err
	}
	if m.Writes, err = readFields("writes", f.Writes); err != nil {
		return nil, err
	}
	for _, w := range m.Writes {
		if hostOnly[w] {
			return nil, fmt.Errorf("writes: %s is set by the host alone", w.Name())
		}
	}
	return m, m.readConstants(f.Constants)
}

// hostOnly are fields that no plugin may write: the host answers for them.
var hostOnly = map[ecs.Field]bool{
	ecs.Message: true, ecs.EventID: true, ecs.EventIngested: true, ecs.ErrorMessage: true, ecs.ErrorType: true,
	ecs.ErrorCode: true, ecs.LogcenterPosition: true, ecs.LogcenterInput: true, ecs.LogcenterParser: true, ecs.LogcenterFlags: true,
	ecs.LogcenterRedrivenFrom: true,
}

func readFields(key string, list []any) ([]ecs.Field, error) {
	var out []ecs.Field
	for i, v := range list {
		var d fieldDecl
		if s, ok := v.(string); ok {
			d.Name = s
		} else if err := schema.Decode(v, &d); err != nil {
			return nil, schema.Under(fmt.Sprintf("%s[%d]", key, i), err)
		}
		f, err := d.define()
		if err != nil {
			return nil, fmt.Errorf("%s[%d]: %w", key, i, err)
		}
		out = append(out, f)
	}
	return out, nil
}

func (d *fieldDecl) define() (ecs.Field, error) {
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
	if known && d.List != f.Info().List && !d.List {
		d.List = f.Info().List
	}
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

// decls are the declarations of Open.
func decls(fields []ecs.Field) []*wire.FieldDecl {
	var out []*wire.FieldDecl
	for _, f := range fields {
		i := f.Info()
		out = append(out, &wire.FieldDecl{Id: uint32(f), Name: i.Name, Type: sdk.WireType(i.Type), List: i.List, Description: i.Description})
	}
	return out
}

// Label is how logs and errors name the plugin.
func (m *Manifest) Label() string { return strings.TrimSpace(m.ID + " " + m.Version) }

// Counters of an answer: what of it was beyond the grant.
const (
	undeclared   = "undeclared_fields" // the SDK counts, too
	dropsRefused = "drops_refused"
)

// restrict takes out of an answer what the manifest does not grant, counts it in the answer, and mends texts.
func (m *Manifest) restrict(r *wire.Result) {
	delete(r.Counters, dropsRefused) // ours alone
	beyond := func(counter string, n int) {
		if r.Counters == nil {
			r.Counters = map[string]int64{}
		}
		r.Counters[counter] = max(0, r.Counters[counter]) + int64(n)
	}
	strip := func(cs []*wire.Column) []*wire.Column {
		kept := cs[:0]
		for _, c := range cs {
			f := ecs.Field(c.Field)
			if c.Field <= ecs.MaxFields && m.writes(f) && sdk.WireType(f.Type()) == c.Type && (len(c.Lists) > 0) == f.Info().List {
				kept = append(kept, c)
				continue
			}
			beyond(undeclared, int(c.Count))
		}
		return kept
	}
	r.Columns = strip(r.Columns)
	if r.Fanout != nil {
		r.Fanout.Columns = strip(r.Fanout.Columns)
	}
	if !m.MayDrop && len(r.Drop) > 0 {
		beyond(dropsRefused, wire.CountBits(r.Drop, int(r.Rows)))
		r.Drop = nil
	}
	for _, e := range r.Errors {
		e.Code, e.Message, e.Field = mend(e.Code), mend(e.Message), mend(e.Field)
	}
}

// maxNote bounds what a plugin can say of one event.
const maxNote = 512

// mend makes a short text of what a plugin says: it becomes part of an event, which must stay UTF-8.
func mend(s string) string {
	if len(s) > maxNote {
		s = s[:maxNote]
		for i := 0; i < utf8.UTFMax && !utf8.ValidString(s[len(s)-min(len(s), utf8.UTFMax):]); i++ {
			s = s[:len(s)-1]
		}
	}
	return strings.Clone(strings.ToValidUTF8(s, "\uFFFD"))
}

// mendAlert makes the texts of an alert UTF-8, which protobuf insists on when a notifier is told of it, and its own:
// they alias the reply, and an alert outlives it.
func mendAlert(a *wire.Alert) {
	own := func(s string) string { return strings.Clone(strings.ToValidUTF8(s, "\uFFFD")) }
	for _, s := range [...]*string{
		&a.Id, &a.Rule, &a.RuleVersion, &a.Name, &a.Description, &a.Topic, &a.Type, &a.Method, &a.Frequency, &a.Remarks, &a.Severity,
	} {
		*s = own(*s)
	}
	for _, list := range [...][]string{a.EventIds, a.Tags} {
		for i, s := range list {
			list[i] = own(s)
		}
	}
	for _, m := range [...]*map[string]string{&a.Keys, &a.Fields} {
		clean := make(map[string]string, len(*m))
		for k, v := range *m {
			clean[own(k)] = own(v)
		}
		*m = clean
	}
}

func (m *Manifest) writes(f ecs.Field) bool {
	for _, w := range m.Writes {
		if w == f {
			return true
		}
	}
	return false
}
