// Package schema makes a Go struct the only source of a configuration: its fields, tags and doc comments
// say what may be set, with which defaults and bounds, and everything else follows from them: decoding
// with errors that an administrator understands, JSON Schema, examples.
//
//	type Config struct {
//		// Timezone is the IANA zone of the device clock; its lines carry none.
//		Timezone string `yaml:"timezone" default:"UTC"`
//		// Idle closes a connection that has been silent so long; 0 keeps it open.
//		Idle time.Duration `yaml:"idle" default:"10m" max:"24h"`
//	}
//
// Tags:
//
//	yaml:"name"      the key; without it the field's name in lower case. "-" leaves the field out,
//	                 ",inline" takes the fields of a struct as if they stood here, as embedding does
//	default:"…"      the value when the key is absent or null; of a list the elements, parted by commas
//	enum:"a,b"       the only values allowed
//	min:"…" max:"…"  inclusive bounds of numbers, durations and sizes, in the spelling of the value
//	required:"true"  the key must be there; a text, list or map must not be empty
//
// On lists and maps, enum, min and max hold for each element. A field may be a string, bool, integer,
// float, [time.Duration] ("10m", "30d"), [Bytes] ("512MiB"), anything with UnmarshalText, a struct, a
// list, a map with string keys, a pointer to one of these, or any. A struct is always there, with its
// defaults; a pointer to a struct is for a section that may be absent.
//
// A struct at any depth may have Validate() error; it is called when all below it was decoded without an
// error. What it returns as *Error gets the path of the struct in front. A struct taken inline is
// validated by the one around it.
package schema

import (
	"errors"
	"fmt"
	"reflect"
)

// Error is one thing that is wrong with a configuration.
type Error struct {
	Path string // the place, e.g. rules[2].query; empty for the whole
	Msg  string // what is wrong, without a final period
	Hint string // what would be right; may be empty
	// AtKey says that the key is wrong, not its value.
	AtKey bool
}

// Error is one line: path, message and hint.
func (e *Error) Error() string {
	s := e.Msg
	if e.Path != "" {
		s = e.Path + ": " + s
	}
	if e.Hint != "" {
		s += " (" + e.Hint + ")"
	}
	return s
}

// Errors takes a joined error apart, in order. What is no *Error comes as one without a path; nil is none.
func Errors(err error) []*Error {
	if err == nil {
		return nil
	}
	switch e := err.(type) { //nolint:errorlint // what is wrapped is not joined: its text would be lost
	case *Error:
		return []*Error{e}
	case interface{ Unwrap() []error }:
		var list []*Error
		for _, one := range e.Unwrap() {
			list = append(list, Errors(one)...)
		}
		return list
	default:
		return []*Error{{Msg: err.Error()}}
	}
}

// Key is the path of a key in the map at path: a.b, or a["b.c"] for a key that would not read well.
func Key(path, key string) string {
	if !plainKey(key) {
		return fmt.Sprintf("%s[%q]", path, key)
	}
	if path == "" {
		return key
	}
	return path + "." + key
}

func plainKey(key string) bool {
	for _, r := range key {
		if r == '.' || r == '[' || r == ']' || r == '"' || r <= ' ' {
			return false
		}
	}
	return key != ""
}

// Index is the path of an element of the list at path, counted from 0.
func Index(path string, i int) string { return fmt.Sprintf("%s[%d]", path, i) }

// Under puts path in front of the paths of all errors in err. A plain error becomes an *Error at path.
func Under(path string, err error) error {
	if err == nil || path == "" {
		return err
	}
	var list []error
	for _, e := range Errors(err) {
		moved := *e
		switch {
		case e.Path == "":
			moved.Path = path
		case e.Path[0] == '[':
			moved.Path = path + e.Path
		default:
			moved.Path = path + "." + e.Path
		}
		list = append(list, &moved)
	}
	return errors.Join(list...)
}

// Decode replaces what dst points to, a struct, by its defaults and data over them. Data is what
// encoding/json makes of an object (numbers as float64, json.Number or Go integers), or nil for an empty one.
// The error joins one *Error for everything that is wrong, see [Errors]; then dst holds what could be decoded.
func Decode(data, dst any) error {
	v, t, err := target(dst)
	if err != nil {
		return err
	}
	d := decoder{}
	d.object("", data, v, t)
	return errors.Join(d.errs...)
}

// Defaults replaces what dst points to, a struct, by its defaults. It panics where [Check] would fail.
func Defaults(dst any) {
	v, t, err := target(dst)
	if err != nil {
		panic(err)
	}
	v.SetZero()
	setDefaults(v, t)
}

// Check says what is wrong with the struct type of v or of what it points to: tags that contradict each
// other, types that a configuration cannot have. It is for tests; Decode returns the same error.
func Check(v any) error {
	_, err := describe(v)
	return err
}

func target(dst any) (reflect.Value, *Type, error) {
	v := reflect.ValueOf(dst)
	if v.Kind() != reflect.Pointer || v.IsNil() || v.Elem().Kind() != reflect.Struct {
		return v, nil, fmt.Errorf("schema: the target must be a pointer to a struct, not %T", dst)
	}
	t, err := describe(dst)
	return v.Elem(), t, err
}
