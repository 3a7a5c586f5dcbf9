package schema

import (
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// decoder puts plain data into structs and collects what is wrong.
type decoder struct{ errs []error }

func (d *decoder) fail(e Error) { d.errs = append(d.errs, &e) }

func (d *decoder) object(path string, data any, v reflect.Value, t *Type) {
	before := len(d.errs)
	v.SetZero()
	m, ok := data.(map[string]any)
	if !ok && data != nil {
		d.fail(Error{Path: path, Msg: "must have keys, not be " + shown(data), Hint: knownKeys(t)})
		setDefaults(v, t)
		return
	}
	d.unknown(path, m, t)
	for i := range t.Fields {
		f := &t.Fields[i]
		fv, at := v.FieldByIndex(f.index), Key(path, f.Name)
		given := m[f.Name]
		switch {
		case given == nil && f.Required:
			d.fail(Error{Path: at, Msg: "is required"})
		case given == nil && f.Type.Kind == Object && !f.Type.Optional:
			d.object(at, nil, fv, f.Type)
		case given == nil:
			setDefault(fv, f)
		default:
			failed := len(d.errs)
			d.value(at, given, fv, f.Type, f)
			if f.Required && isEmpty(fv) && len(d.errs) == failed {
				d.fail(Error{Path: at, Msg: "must not be empty"})
			}
		}
	}
	if len(d.errs) == before {
		d.validate(path, v)
	}
}

// unknown reports the keys that t does not have, in the order of their names.
func (d *decoder) unknown(path string, m map[string]any, t *Type) {
	var keys []string
	for key := range m {
		if !slices.ContainsFunc(t.Fields, func(f Field) bool { return f.Name == key }) {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	for _, key := range keys {
		names := make([]string, 0, len(t.Fields))
		for _, f := range t.Fields {
			names = append(names, f.Name)
		}
		hint := knownKeys(t)
		if near := Nearest(key, names); near != "" {
			hint = fmt.Sprintf("did you mean %q?", near)
		}
		d.fail(Error{Path: Key(path, key), Msg: "unknown key", Hint: hint, AtKey: true})
	}
}

func knownKeys(t *Type) string {
	if len(t.Fields) == 0 {
		return "there is nothing to set here"
	}
	names := make([]string, 0, len(t.Fields))
	for _, f := range t.Fields {
		names = append(names, f.Name)
	}
	return "known keys: " + strings.Join(names, ", ")
}

func (d *decoder) validate(path string, v reflect.Value) {
	validator, ok := v.Addr().Interface().(interface{ Validate() error })
	if !ok {
		return
	}
	for _, e := range Errors(Under(path, validator.Validate())) {
		d.errs = append(d.errs, e)
	}
}

// value decodes data, which is not nil, into v. The field holds enum and bounds.
func (d *decoder) value(path string, data any, v reflect.Value, t *Type, f *Field) {
	if t.Optional {
		p := reflect.New(t.goes.Elem())
		inner := *t
		inner.Optional, inner.goes = p.Elem().Kind() == reflect.Pointer, t.goes.Elem()
		d.value(path, data, p.Elem(), &inner, f)
		v.Set(p)
		return
	}
	switch t.Kind {
	case Any:
		v.Set(reflect.ValueOf(data))
	case Object:
		d.object(path, data, v, t)
	case List:
		d.list(path, data, v, t, f)
	case Map:
		d.mapping(path, data, v, t, f)
	case Text:
		d.text(path, data, v, t, f)
	case Boolean:
		on, ok := data.(bool)
		if !ok {
			d.fail(Error{Path: path, Msg: "must be true or false, not " + shown(data)})
			return
		}
		v.SetBool(on)
	default:
		d.scalar(path, data, v, t, f)
	}
}

func (d *decoder) list(path string, data any, v reflect.Value, t *Type, f *Field) {
	given, ok := data.([]any)
	if !ok {
		d.fail(Error{Path: path, Msg: "must be a list, not " + shown(data), Hint: `one element a line, each behind "- "`})
		return
	}
	list := reflect.MakeSlice(t.goes, len(given), len(given))
	for i, e := range given {
		if e == nil && t.Elem.Kind != Any {
			d.fail(Error{Path: Index(path, i), Msg: "is empty"})
			continue
		}
		if e != nil {
			d.value(Index(path, i), e, list.Index(i), t.Elem, f)
		}
	}
	v.Set(list)
}

func (d *decoder) mapping(path string, data any, v reflect.Value, t *Type, f *Field) {
	given, ok := textKeys(data)
	if !ok {
		d.fail(Error{Path: path, Msg: "must have keys, not be " + shown(data)})
		return
	}
	m := reflect.MakeMapWithSize(t.goes, len(given))
	keys := make([]string, 0, len(given))
	for key := range given {
		keys = append(keys, key)
	}
	slices.Sort(keys) // errors in an order that does not change
	for _, key := range keys {
		e := reflect.New(t.goes.Elem()).Elem()
		data := given[key]
		if data == nil && t.Elem.Kind == Object { // a key and no more: all defaults
			data = map[string]any{}
		}
		switch {
		case data != nil:
			d.value(Key(path, key), data, e, t.Elem, f)
		case t.Elem.Kind != Any:
			d.fail(Error{Path: Key(path, key), Msg: "is empty"})
			continue
		}
		m.SetMapIndex(reflect.ValueOf(key).Convert(t.goes.Key()), e)
	}
	v.Set(m)
}

// textKeys is a map whose keys are texts; whole numbers, which YAML does not read as texts, become theirs.
func textKeys(data any) (map[string]any, bool) {
	given, ok := data.(map[any]any)
	if !ok {
		m, ok := data.(map[string]any)
		return m, ok
	}
	m := make(map[string]any, len(given))
	for k, v := range given {
		switch k := k.(type) {
		case string:
			m[k] = v
		case int:
			m[strconv.Itoa(k)] = v
		default:
			return nil, false
		}
	}
	return m, len(m) == len(given)
}

func (d *decoder) text(path string, data any, v reflect.Value, t *Type, f *Field) {
	s, ok := data.(string)
	if !ok {
		hint := ""
		switch data.(type) {
		case []any, map[string]any:
		default:
			hint = "put it in quotes"
		}
		d.fail(Error{Path: path, Msg: "must be a text, not " + shown(data), Hint: hint})
		return
	}
	if f != nil && f.Enum != nil && !slices.Contains(f.Enum, s) {
		hint := "one of " + strings.Join(f.Enum, ", ")
		if near := Nearest(s, f.Enum); near != "" {
			hint = fmt.Sprintf("did you mean %q? %s", near, hint)
		}
		d.fail(Error{Path: path, Msg: fmt.Sprintf("%s is not allowed", quoted(s)), Hint: hint})
		return
	}
	if !t.text {
		v.SetString(s)
		return
	}
	if err := v.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(s)); err != nil {
		d.fail(Error{Path: path, Msg: fmt.Sprintf("cannot use %s: %v", quoted(s), err)})
	}
}

// scalar decodes integers, numbers, durations and sizes.
func (d *decoder) scalar(path string, data any, v reflect.Value, t *Type, f *Field) {
	s, err := toScalar(t.Kind, data)
	if err != nil {
		var wrong *Error
		if errors.As(err, &wrong) {
			d.fail(Error{Path: path, Msg: wrong.Msg, Hint: wrong.Hint})
		}
		return
	}
	if f != nil {
		if f.min != nil && s.less(*f.min) || f.max != nil && f.max.less(s) {
			d.fail(Error{Path: path, Msg: fmt.Sprintf("%s is out of bounds", shown(data)), Hint: bounds(f)})
			return
		}
	}
	switch {
	case v.CanFloat():
		v.SetFloat(s.f)
	case v.CanInt() && !v.OverflowInt(s.i):
		v.SetInt(s.i)
	case v.CanUint() && s.i >= 0 && !v.OverflowUint(uint64(s.i)):
		v.SetUint(uint64(s.i))
	default:
		least, most := int64(math.MinInt64)>>(64-v.Type().Bits()), int64(math.MaxInt64)>>(64-v.Type().Bits())
		if v.CanUint() {
			least = 0
			if v.Type().Bits() < 64 {
				most = 1<<v.Type().Bits() - 1
			}
		}
		d.fail(Error{Path: path, Msg: shown(data) + " is out of bounds", Hint: fmt.Sprintf("%d to %d", least, most)})
	}
}

func bounds(f *Field) string {
	switch {
	case f.Max == "":
		return "at least " + f.Min
	case f.Min == "":
		return "at most " + f.Max
	default:
		return f.Min + " to " + f.Max
	}
}

// setDefaults sets all fields of v, which is zero.
func setDefaults(v reflect.Value, t *Type) {
	for i := range t.Fields {
		f := &t.Fields[i]
		fv := v.FieldByIndex(f.index)
		if f.Type.Kind == Object && !f.Type.Optional {
			setDefaults(fv, f.Type)
			continue
		}
		setDefault(fv, f)
	}
}

func setDefault(v reflect.Value, f *Field) {
	if !f.Defaults {
		return
	}
	d := decoder{} // describe has proved that it cannot fail
	d.value("", defaultData(f), v, f.Type, f)
}

// defaultData is the default as it would come from a file.
func defaultData(f *Field) any {
	if f.Type.Kind != List {
		return tagData(f.Type.Kind, f.Default)
	}
	list := []any{}
	if f.Default != "" {
		for s := range strings.SplitSeq(f.Default, ",") {
			list = append(list, tagData(f.Type.Elem.Kind, s))
		}
	}
	return list
}

func tagData(k Kind, s string) any {
	switch k {
	case Boolean:
		if on, err := strconv.ParseBool(s); err == nil {
			return on
		}
	case Integer, Number:
		return json.Number(s)
	case Map, Object:
		if s == "" {
			return map[string]any{}
		}
	}
	return s
}

func isEmpty(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.String, reflect.Slice, reflect.Map:
		return v.Len() == 0
	default:
		return false
	}
}

// shown names a piece of data in a message.
func shown(data any) string {
	switch d := data.(type) {
	case nil:
		return "nothing"
	case string:
		return quoted(d)
	case map[string]any:
		return "a map"
	case []any:
		return "a list"
	default:
		return fmt.Sprint(d)
	}
}

func quoted(s string) string {
	const most = 60
	if runes := []rune(s); len(runes) > most {
		s = string(runes[:most]) + "…"
	}
	return strconv.Quote(s)
}
