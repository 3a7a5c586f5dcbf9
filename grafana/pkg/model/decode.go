package model

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// maxJSON bounds the JSON of one query, in bytes.
const maxJSON = 1 << 20

// grafanas are the fields of a query that are Grafana's own, and those that its editors leave behind.
var grafanas = []string{
	"refId", "hide", "key", "queryType", "datasource", "datasourceId", "datasourceUid", "intervalMs", "maxDataPoints", "resultAssertions",
	"timeRange", "$$hashKey", "adhocFilters", "scopedVars", "supportingQueryType", "requestId", "utcOffsetSec", "timezone", "range",
}

// migrations[v] makes a query of version v one of version v+1.
var migrations = [Version]func(fields map[string]json.RawMessage) error{0: fromUnversioned}

// fromUnversioned names the kind of a query that has none by what it has: version 0 let it be left out. From version 1 on
// no kind is logs.
func fromUnversioned(fields map[string]json.RawMessage) error {
	if _, ok := fields["kind"]; ok {
		return nil
	}
	for _, implied := range []struct {
		field string
		kind  Kind
	}{{"chart", Metrics}, {"alerts", Alerts}, {"eventId", Explain}} {
		if v, ok := fields[implied.field]; ok && string(v) != "null" && string(v) != `""` {
			fields["kind"] = json.RawMessage(`"` + string(implied.kind) + `"`)
			return nil
		}
	}
	return nil
}

// Decode reads the JSON of a query, brings it to [Version] and checks it. Errors are of type [*Error].
//
// Fields that nobody knows are passed over and told in notices, for a dashboard may have been made with a newer version of
// the plugin; a value that does not belong into its field is an error.
func Decode(b []byte) (q Query, notices []string, err error) {
	if len(b) > maxJSON {
		return q, nil, wrong("", "", "the query is %d bytes of JSON, the limit is %d", len(b), maxJSON)
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(b, &fields); err != nil {
		return q, nil, wrong("", "it is written by the query editor", "the query is no JSON object: %s", plain(err))
	}
	var head struct {
		Version int `json:"v"`
	}
	if err := json.Unmarshal(b, &head); err != nil {
		return q, nil, badField(err)
	}
	if head.Version < 0 {
		return q, nil, wrong("v", fmt.Sprintf("queries of today have %d", Version), "there is no version %d", head.Version)
	}
	for v := head.Version; v < Version; v++ {
		if err := migrations[v](fields); err != nil {
			return q, nil, wrong("", "", "the query of version %d cannot be read: %s", v, err)
		}
	}
	migrated, err := json.Marshal(fields)
	if err != nil {
		return q, nil, wrong("", "", "the query is no JSON: %s", plain(err))
	}
	if err := json.Unmarshal(migrated, &q); err != nil {
		return Query{}, nil, badField(err)
	}
	q.Version = max(Version, head.Version)
	notices = unknownNotices(migrated, head.Version)
	if err := q.Validate(); err != nil {
		return Query{}, nil, err
	}
	return q, notices, nil
}

// plain is the text of an error of encoding/json without the package's name.
func plain(err error) string { return strings.TrimPrefix(err.Error(), "json: ") }

func badField(err error) *Error {
	var kind *json.UnmarshalTypeError
	if !errors.As(err, &kind) {
		return wrong("", "", "the query cannot be read: %s", plain(err))
	}
	return wrong(kind.Field, "", "a %s does not belong here, want %s", kind.Value, typeName(kind.Type))
}

func typeName(t reflect.Type) string {
	switch t.Kind() {
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "true or false"
	case reflect.Slice:
		return "a list"
	case reflect.Struct:
		if t.PkgPath() == "time" {
			return "a time such as 2026-10-11T12:00:00Z"
		}
		return "an object"
	case reflect.Int:
		return "a whole number"
	default:
		return "a number"
	}
}

// unknownNotices tells of the fields that no version of this plugin has, at most five of them.
func unknownNotices(b []byte, version int) []string {
	d := json.NewDecoder(bytes.NewReader(b))
	var v any
	if d.Decode(&v) != nil {
		return nil
	}
	names := unknown("", v, reflect.TypeFor[Query](), grafanas)
	if len(names) == 0 {
		return nil
	}
	slices.Sort(names)
	more := ""
	if n := len(names) - 5; n > 0 {
		names, more = names[:5], fmt.Sprintf(" and %d more", n)
	}
	why := "it has no meaning in queries of Logcenter"
	if version > Version {
		why = "the query was made with a newer version of the plugin: update it"
	}
	return []string{fmt.Sprintf("ignored of the query: %s%s (%s)", strings.Join(names, ", "), more, why)}
}

// unknown lists the fields of v that t does not have.
func unknown(path string, v any, t reflect.Type, also []string) (names []string) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch v := v.(type) {
	case []any:
		for i, e := range v {
			if t.Kind() == reflect.Slice {
				names = append(names, unknown(fmt.Sprintf("%s[%d]", path, i), e, t.Elem(), nil)...)
			}
		}
	case map[string]any:
		if t.Kind() != reflect.Struct || t.PkgPath() == "time" {
			return nil
		}
		known := map[string]reflect.Type{}
		for i := range t.NumField() {
			name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
			known[strings.ToLower(name)] = t.Field(i).Type // as encoding/json takes any case
		}
		for name, e := range v {
			at := strings.TrimPrefix(path+"."+name, ".")
			if sub, ok := known[strings.ToLower(name)]; ok {
				names = append(names, unknown(at, e, sub, nil)...)
			} else if !slices.Contains(also, name) {
				names = append(names, fmt.Sprintf("%.80q", at))
			}
		}
	}
	return names
}
