// Package ecs holds the names and types of event fields.
//
// Names are those of the Elastic Common Schema where it has one
// (https://www.elastic.co/guide/en/ecs/current/ecs-field-reference.html); what it does
// not have of assets and network zones stands beside what it belongs to ("asset.owner", "source.asset.owner",
// "source.zone"); what is Logcenter's own starts with "logcenter.", what is a vendor's own with the vendor's name.
//
// A [Field] is a small handle, so that setting a field costs no map lookup. Handles are valid in one
// process only; names travel between processes.
package ecs

import (
	"fmt"
	"sort"
	"strings"
	"sync"
	"sync/atomic"
)

// Type is the type of a field's values in queries and in stores.
type Type uint8

// The types a field can have.
const (
	Keyword Type = iota + 1 // exact strings, up to 8 KiB
	Text                    // analysed strings, see package query
	Long                    // 64-bit signed integers
	Double                  // 64-bit floating point numbers
	Boolean
	IP       // IPv4 or IPv6 addresses
	Date     // instants, nanoseconds
	GeoPoint // latitude, longitude in degrees
)

var typeNames = [...]string{"", "keyword", "text", "long", "double", "boolean", "ip", "date", "geo_point"}

// String is the name used in plugin.yaml and in the API, e.g. "keyword"; "" for the zero value.
func (t Type) String() string {
	if int(t) < len(typeNames) {
		return typeNames[t]
	}
	return fmt.Sprintf("Type(%d)", uint8(t))
}

// ParseType is the reverse of [Type.String]. It also takes "integer", "float" and "bool".
func ParseType(s string) (Type, error) {
	switch s {
	case "integer":
		return Long, nil
	case "float":
		return Double, nil
	case "bool":
		return Boolean, nil
	}
	for i, n := range typeNames {
		if i > 0 && n == s {
			return Type(i), nil
		}
	}
	return 0, fmt.Errorf("unknown field type %q: use one of %s", s, strings.Join(typeNames[1:], ", "))
}

// Field is a handle of a field name. The zero value is no field.
type Field uint16

// MaxFields bounds the number of fields a process can know.
const MaxFields = 4096

// Info is what is known of a field.
type Info struct {
	Name        string
	Type        Type
	List        bool // several values an event
	Description string
}

type registry struct {
	infos  []Info // by Field; index 0 unused
	byName map[string]Field
}

var (
	mu  sync.Mutex // writers
	reg atomic.Pointer[registry]
)

func init() {
	r := &registry{infos: make([]Info, 1, len(known)+1), byName: make(map[string]Field, len(known))}
	for i, k := range known {
		r.infos = append(r.infos, k)
		r.byName[k.Name] = Field(i + 1)
	}
	reg.Store(r)
}

// Define adds a field, or returns the handle of the one that is there already under this name.
// It is an error to define one name with two types. Safe for concurrent use.
func Define(i Info) (Field, error) {
	mu.Lock()
	defer mu.Unlock()
	r := reg.Load()
	if f, ok := r.byName[i.Name]; ok {
		have := r.infos[f]
		if have.Type != i.Type || have.List != i.List {
			return 0, &ConflictError{Name: i.Name, Have: have, Want: i}
		}
		return f, nil
	}
	if err := CheckName(i.Name); err != nil {
		return 0, err
	}
	if i.Type == 0 || int(i.Type) >= len(typeNames) {
		return 0, fmt.Errorf("field %s has no type", i.Name)
	}
	if len(r.infos) >= MaxFields {
		return 0, fmt.Errorf("field %s: more than %d fields", i.Name, MaxFields)
	}
	n := &registry{infos: append(r.infos[:len(r.infos):len(r.infos)], i), byName: make(map[string]Field, len(r.byName)+1)}
	for k, v := range r.byName {
		n.byName[k] = v
	}
	f := Field(len(r.infos))
	n.byName[i.Name] = f
	reg.Store(n)
	return f, nil
}

// New defines a vendor's field; it panics where [Define] fails. For package variables:
//
//	var policyID = ecs.New("acme.policy.id", ecs.Keyword, "Identifier of the policy that decided.")
func New(name string, t Type, description string) Field {
	return mustDefine(Info{Name: name, Type: t, Description: description})
}

// NewList is New for a field that has several values in one event: setting it again adds one.
func NewList(name string, t Type, description string) Field {
	return mustDefine(Info{Name: name, Type: t, List: true, Description: description})
}

func mustDefine(i Info) Field {
	f, err := Define(i)
	if err != nil {
		panic("ecs: " + err.Error())
	}
	return f
}

// ConflictError says that one name was defined with two types.
type ConflictError struct {
	Name       string
	Have, Want Info
}

func (e *ConflictError) Error() string {
	return fmt.Sprintf("field %s is %s, cannot be %s too", e.Name, e.Have.kind(), e.Want.kind())
}

func (i Info) kind() string {
	if i.List {
		return "list of " + i.Type.String()
	}
	return i.Type.String()
}

// CheckName says what is wrong with a field name: names are dotted, at most 256 bytes, each part
// non-empty and of letters, digits, '_', '-' or (first part only) a leading '@'.
func CheckName(s string) error {
	if s == "" || len(s) > 256 {
		return fmt.Errorf("field name %.40q: want 1 to 256 bytes", s)
	}
	for i, part := range strings.Split(s, ".") {
		p := part
		if i == 0 {
			p = strings.TrimPrefix(p, "@")
		}
		if p == "" {
			return fmt.Errorf("field name %q has an empty part", s)
		}
		for _, c := range p {
			if c != '_' && c != '-' && (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') {
				return fmt.Errorf("field name %q: %q is not a letter, a digit, '_' or '-'", s, c)
			}
		}
	}
	return nil
}

// Lookup finds a field by name. "event.original" is an alias of "message".
func Lookup(name string) (Field, bool) {
	if name == "event.original" {
		return Message, true
	}
	f, ok := reg.Load().byName[name]
	return f, ok
}

// Info returns what is known of f; the zero Info for no field.
func (f Field) Info() Info {
	if r := reg.Load(); int(f) < len(r.infos) {
		return r.infos[f]
	}
	return Info{}
}

// Name is the field's dotted name, "" for no field.
func (f Field) Name() string { return f.Info().Name }

// Type is the field's type, 0 for no field.
func (f Field) Type() Type { return f.Info().Type }

// All returns every field known to this process, sorted by name.
func All() []Field {
	r := reg.Load()
	fs := make([]Field, 0, len(r.infos)-1)
	for i := 1; i < len(r.infos); i++ {
		fs = append(fs, Field(i))
	}
	sort.Slice(fs, func(a, b int) bool { return r.infos[fs[a]].Name < r.infos[fs[b]].Name })
	return fs
}

// Severity is the unified severity of an event, the value of [LogLevel].
type Severity string

// The five severities.
const (
	Debug         Severity = "Debug"
	Informational Severity = "Info"
	Warn          Severity = "Warn"
	Error         Severity = "Error"
	Fatal         Severity = "Fatal"
)

// Severities lists them from least to most severe.
var Severities = [...]Severity{Debug, Informational, Warn, Error, Fatal}

// SyslogSeverity unifies a severity of RFC 5424 section 6.2.1, 0 (emergency) to 7 (debug).
// Numbers above 7 count as 7.
func SyslogSeverity(n int) Severity {
	switch {
	case n <= 2:
		return Fatal
	case n == 3:
		return Error
	case n == 4:
		return Warn
	case n <= 6:
		return Informational
	default:
		return Debug
	}
}
