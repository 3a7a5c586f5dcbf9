package api

import (
	"encoding/json"
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/Jeffail/gabs/v2"

	"github.com/logcenter/logcenter/host/store"
)

// Events become JSON by appending: encoding/json over maps allocates for every value and refuses NaN.

// plain says which bytes stand for themselves in a JSON string.
var plain = func() (t [256]bool) {
	for c := ' '; c < utf8.RuneSelf; c++ {
		t[c] = c != '"' && c != '\\'
	}
	return t
}()

const hexDigits = "0123456789abcdef"

// appendString appends s as a JSON string (RFC 8259 section 7). What is not UTF-8 becomes U+FFFD.
func appendString[S string | []byte](b []byte, s S) []byte {
	b = append(b, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if plain[c] {
			i++
			continue
		}
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(string(s[i:min(i+utf8.UTFMax, len(s))]))
			if r == utf8.RuneError && size == 1 {
				b = append(append(b, s[start:i]...), "\ufffd"...)
				start = i + 1
			}
			i += size
			continue
		}
		b = append(b, s[start:i]...)
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, '\\', 'n')
		case '\r':
			b = append(b, '\\', 'r')
		case '\t':
			b = append(b, '\\', 't')
		default:
			b = append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
		i++
		start = i
	}
	return append(append(b, s[start:]...), '"')
}

func appendFloat(b []byte, f float64) []byte {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return append(b, "null"...)
	}
	format := byte('f')
	if a := math.Abs(f); a != 0 && (a < 1e-6 || a >= 1e21) {
		format = 'e'
	}
	return strconv.AppendFloat(b, f, format, -1, 64)
}

// appendTime appends RFC 3339 in UTC with as many digits as needed, without quotes.
func appendTime(b []byte, t time.Time) []byte { return t.UTC().AppendFormat(b, time.RFC3339Nano) }

// appendValue appends a value of a store.Event as JSON.
func appendValue(b []byte, v any) []byte {
	switch v := v.(type) {
	case nil:
		return append(b, "null"...)
	case string:
		return appendString(b, v)
	case int64:
		return strconv.AppendInt(b, v, 10)
	case int:
		return strconv.AppendInt(b, int64(v), 10)
	case uint64:
		return strconv.AppendUint(b, v, 10)
	case float64:
		return appendFloat(b, v)
	case bool:
		return strconv.AppendBool(b, v)
	case time.Time:
		return append(appendTime(append(b, '"'), v), '"')
	case netip.Addr:
		return append(v.AppendTo(append(b, '"')), '"')
	case store.GeoPoint:
		return appendPoint(b, v.Lat, v.Lon)
	case []any:
		b = append(b, '[')
		for i, e := range v {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendValue(b, e)
		}
		return append(b, ']')
	default:
		return appendString(b, fmt.Sprint(v))
	}
}

func appendPoint(b []byte, lat, lon float64) []byte {
	b = appendFloat(append(b, `{"lat":`...), lat)
	return append(appendFloat(append(b, `,"lon":`...), lon), '}')
}

// encoder makes JSON of events. The zero value is ready; not for concurrent use.
type encoder struct {
	nested bool
	only   map[string]bool // nil: all fields
	names  []string        // reused
}

func newEncoder(nested bool, fields []string) *encoder {
	e := &encoder{nested: nested}
	if len(fields) > 0 {
		e.only = map[string]bool{"event.id": true, "@timestamp": true}
		for _, f := range fields {
			e.only[f] = true
		}
	}
	return e
}

// append appends ev as a JSON object, fields sorted by name. What event.id is made of comes only if it is
// asked for: as a number it is more than JavaScript can hold.
func (e *encoder) append(b []byte, ev store.Event) []byte {
	e.names = e.names[:0]
	for name := range ev {
		if e.only == nil && name != positionField || e.only[name] {
			e.names = append(e.names, name)
		}
	}
	slices.Sort(e.names)
	if e.nested {
		return appendNested(b, ev, e.names)
	}
	b = append(b, '{')
	for i, name := range e.names {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendString(b, name), ':')
		b = appendValue(b, ev[name])
	}
	return append(b, '}')
}

// appendNested appends ev with an object for each part of its dotted names. A name below one that has a
// value itself stays dotted.
func appendNested(b []byte, ev store.Event, names []string) []byte {
	root := gabs.New()
	for _, name := range names {
		v := json.RawMessage(appendValue(nil, ev[name]))
		if belowValue(ev, name) {
			_, _ = root.Set(v, name) // root is an object, in which every name can be set
			continue
		}
		if _, err := root.Set(v, strings.Split(name, ".")...); err != nil {
			_, _ = root.Set(v, name)
		}
	}
	if len(names) == 0 {
		return append(b, "{}"...)
	}
	return append(b, strings.TrimSuffix(string(root.EncodeJSON(gabs.EncodeOptHTMLEscape(false))), "\n")...)
}

func belowValue(ev store.Event, name string) bool {
	for i, c := range name {
		if c == '.' {
			if _, ok := ev[name[:i]]; ok {
				return true
			}
		}
	}
	return false
}
