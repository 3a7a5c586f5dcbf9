package schema

import (
	"encoding"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"
)

// Kind is what a value is to who writes a configuration.
type Kind uint8

// The kinds of values.
const (
	Any      Kind = iota // not looked at
	Text                 // also what has UnmarshalText
	Boolean              //
	Integer              //
	Number               // with or without a fraction
	Duration             // 10m, 1h30m, 30d
	Size                 // Bytes: 512MiB or a number of bytes
	Object               // Fields
	List                 // of Elem
	Map                  // string keys, values of Elem
)

// Type describes a value.
type Type struct {
	Kind   Kind
	Fields []Field // of an Object, in the order of the struct
	Elem   *Type   // of a List or Map
	Name   string  // of an Object: package.Type, empty for an anonymous struct
	Doc    string  // of an Object, if docs were given
	// Optional says that the Go type is a pointer: what is absent is nil.
	Optional bool

	text bool // has UnmarshalText
	goes reflect.Type
}

// Field is a key of an Object.
type Field struct {
	Name     string // the key
	GoName   string
	Doc      string // if docs were given, with the key in place of the Go name
	Default  string // as in the tag
	Defaults bool   // there is a default
	Enum     []string
	Min, Max string // as in the tags, empty for none
	Required bool
	Type     *Type

	owner string // package.Type of the struct that has the field
	index []int  // for reflect
	min   *scalar
	max   *scalar
}

// Key is under what docs, from [Docs], have the field's comment.
func (f *Field) Key() string { return f.owner + "." + f.GoName }

// Describe returns the type of the struct v or the struct v points to. Docs, from [Docs], may be nil.
func Describe(v any, docs map[string]string) (*Type, error) {
	t, err := describe(v)
	if err != nil {
		return nil, err
	}
	return t.with(docs), nil
}

// with copies t with descriptions.
func (t *Type) with(docs map[string]string) *Type {
	if t == nil {
		return nil
	}
	c := *t
	c.Elem = t.Elem.with(docs)
	c.Doc = clean(docs[t.Name], "", "")
	c.Fields = slices.Clone(t.Fields)
	for i := range c.Fields {
		f := &c.Fields[i]
		f.Doc = clean(docs[f.Key()], f.GoName, f.Name)
		f.Type = f.Type.with(docs)
	}
	return &c
}

// clean makes a doc comment a description: one line a paragraph, the Go name in front replaced by the key,
// links of doc comments without their brackets.
func clean(doc, goName, key string) string {
	doc = strings.TrimSpace(doc)
	if rest, ok := strings.CutPrefix(doc, goName); ok && goName != "" && strings.IndexAny(rest, " ,") == 0 {
		doc = key + rest
	}
	var paragraphs []string
	for p := range strings.SplitSeq(doc, "\n\n") {
		paragraphs = append(paragraphs, strings.Join(strings.Fields(p), " "))
	}
	doc = strings.Join(paragraphs, "\n\n")
	return docLink.ReplaceAllString(doc, "$1")
}

var (
	durationType = reflect.TypeFor[time.Duration]()
	bytesType    = reflect.TypeFor[Bytes]()
	textType     = reflect.TypeFor[encoding.TextUnmarshaler]()

	described sync.Map // reflect.Type → *Type or error
)

func describe(v any) (*Type, error) {
	goes := reflect.TypeOf(v)
	for goes != nil && goes.Kind() == reflect.Pointer {
		goes = goes.Elem()
	}
	if goes == nil || goes.Kind() != reflect.Struct {
		return nil, fmt.Errorf("schema: a configuration is a struct, not %T", v)
	}
	if known, ok := described.Load(goes); ok {
		return known.(*Type), nil
	}
	b := builder{}
	t := b.typ(goes)
	if err := errors.Join(b.errs...); err != nil {
		return nil, err
	}
	described.Store(goes, t)
	return t, nil
}

// builder reads Go types.
type builder struct {
	within []reflect.Type // structs being read, to notice one that contains itself
	errs   []error
}

func (b *builder) fail(format string, args ...any) {
	b.errs = append(b.errs, fmt.Errorf("schema: "+format, args...))
}

func (b *builder) typ(goes reflect.Type) *Type {
	t := &Type{goes: goes}
	if goes.Kind() == reflect.Pointer {
		inner := *b.typ(goes.Elem())
		inner.Optional, inner.goes = true, goes
		return &inner
	}
	switch {
	case goes == durationType:
		t.Kind = Duration
		return t
	case goes == bytesType:
		t.Kind = Size
		return t
	case reflect.PointerTo(goes).Implements(textType):
		t.Kind, t.text = Text, true
		return t
	}
	switch goes.Kind() {
	case reflect.Interface:
		if goes.NumMethod() > 0 {
			b.fail("%s cannot be configured: it has methods", goes)
		}
	case reflect.String:
		t.Kind = Text
	case reflect.Bool:
		t.Kind = Boolean
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		t.Kind = Integer
	case reflect.Float32, reflect.Float64:
		t.Kind = Number
	case reflect.Slice:
		t.Kind, t.Elem = List, b.typ(goes.Elem())
	case reflect.Map:
		if goes.Key().Kind() != reflect.String {
			b.fail("%s cannot be configured: keys are strings", goes)
		}
		t.Kind, t.Elem = Map, b.typ(goes.Elem())
	case reflect.Struct:
		b.object(t)
	default:
		b.fail("%s cannot be configured", goes)
	}
	return t
}

func (b *builder) object(t *Type) {
	t.Kind = Object
	if t.goes.Name() != "" {
		t.Name = t.goes.String()
	}
	if slices.Contains(b.within, t.goes) {
		b.fail("%s contains itself", t.goes)
		return
	}
	b.within = append(b.within, t.goes)
	b.fields(t, t.goes, nil)
	b.within = b.within[:len(b.within)-1]

	seen := map[string]string{}
	for _, f := range t.Fields {
		if other, ok := seen[f.Name]; ok {
			b.fail("%s: %s and %s are both called %q", t.goes, other, f.GoName, f.Name)
		}
		seen[f.Name] = f.GoName
	}
}

// fields adds those of the struct goes, which lies at index within t.
func (b *builder) fields(t *Type, goes reflect.Type, index []int) {
	for i := range goes.NumField() {
		sf := goes.Field(i)
		at := append(slices.Clone(index), i)
		name, options, _ := strings.Cut(sf.Tag.Get("yaml"), ",")
		inline := options == "inline" || sf.Anonymous && name == ""
		switch {
		case name == "-", !sf.IsExported() && !inline:
			continue
		case inline && sf.Type.Kind() == reflect.Struct:
			b.fields(t, sf.Type, at)
			continue
		case inline || !sf.IsExported():
			b.fail("%s.%s: only a struct can be inline, and %s is none", goes, sf.Name, sf.Type)
			continue
		case name == "":
			name = strings.ToLower(sf.Name)
		}
		f := Field{
			Name: name, GoName: sf.Name, owner: goes.String(), index: at,
			Min: sf.Tag.Get("min"), Max: sf.Tag.Get("max"), Required: sf.Tag.Get("required") == "true",
			Type: b.typ(sf.Type),
		}
		f.Default, f.Defaults = sf.Tag.Lookup("default")
		if enum := sf.Tag.Get("enum"); enum != "" {
			f.Enum = strings.Split(enum, ",")
		}
		b.check(&f)
		t.Fields = append(t.Fields, f)
	}
}

// check reads the bounds and proves that the default can be had.
func (b *builder) check(f *Field) {
	element := f.Type
	for element.Elem != nil {
		element = element.Elem
	}
	for _, bound := range []struct {
		text string
		to   **scalar
	}{{f.Min, &f.min}, {f.Max, &f.max}} {
		if bound.text == "" {
			continue
		}
		s, err := parseScalar(element.Kind, bound.text)
		if err != nil {
			b.fail("%s.%s: %v", f.owner, f.GoName, err)
			continue
		}
		*bound.to = &s
	}
	if f.Enum != nil && element.Kind != Text {
		b.fail("%s.%s: enum is for texts", f.owner, f.GoName)
	}
	if f.Required && f.Defaults {
		b.fail("%s.%s: what has a default is never missing, so it cannot be required", f.owner, f.GoName)
	}
	if !f.Defaults || len(b.errs) > 0 {
		return
	}
	d := decoder{}
	d.value("default", defaultData(f), reflect.New(f.Type.goes).Elem(), f.Type, f)
	for _, err := range d.errs {
		b.fail("%s.%s: %v", f.owner, f.GoName, err)
	}
}
