package schema

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Bytes is a size in bytes, written as 512MiB, 10GB or a number of bytes. KiB, MiB, GiB and TiB are powers of
// 1024, kB, KB, MB, GB and TB powers of 1000.
type Bytes int64

var units = []struct {
	name string
	size int64
}{
	{"TiB", 1 << 40},
	{"GiB", 1 << 30},
	{"MiB", 1 << 20},
	{"KiB", 1 << 10},
	{"TB", 1e12},
	{"GB", 1e9},
	{"MB", 1e6},
	{"kB", 1e3},
	{"KB", 1e3},
	{"B", 1},
}

// ParseBytes reads a size, which is not negative.
func ParseBytes(s string) (Bytes, error) {
	number, unit := s, int64(1)
	for _, u := range units {
		if rest, ok := strings.CutSuffix(s, u.name); ok {
			number, unit = strings.TrimRight(rest, " "), u.size
			break
		}
	}
	if i, err := strconv.ParseInt(number, 10, 64); err == nil && i >= 0 && i <= math.MaxInt64/unit {
		return Bytes(i * unit), nil
	}
	f, err := strconv.ParseFloat(number, 64)
	if err != nil || !(f >= 0) || f*float64(unit) >= math.MaxInt64 {
		return 0, fmt.Errorf("%s is not a size such as 512MiB", quoted(s))
	}
	return Bytes(math.Round(f * float64(unit))), nil
}

// String is the shortest exact form: 512MiB, 10GB, 1500B.
func (b Bytes) String() string {
	best := strconv.FormatInt(int64(b), 10) + "B"
	for _, u := range units {
		if b == 0 || int64(b)%u.size != 0 {
			continue
		}
		if s := strconv.FormatInt(int64(b)/u.size, 10) + u.name; len(s) < len(best) {
			best = s
		}
	}
	return best
}

// MarshalText is String.
func (b Bytes) MarshalText() ([]byte, error) { return []byte(b.String()), nil }

// UnmarshalText is ParseBytes.
func (b *Bytes) UnmarshalText(text []byte) (err error) {
	*b, err = ParseBytes(string(text))
	return err
}

// ParseDuration is time.ParseDuration with days (d) in front: 30d, 1d12h. It is not negative.
func ParseDuration(s string) (time.Duration, error) {
	wrong := fmt.Errorf("%s is not a duration such as 500ms, 10m, 1h30m or 30d", quoted(s))
	var total time.Duration
	rest := s
	if days, after, ok := strings.Cut(s, "d"); ok {
		n, err := strconv.ParseUint(days, 10, 32)
		if err != nil || time.Duration(n) > math.MaxInt64/(24*time.Hour) {
			return 0, wrong
		}
		total, rest = time.Duration(n)*24*time.Hour, after
		if rest == "" {
			return total, nil
		}
	}
	d, err := time.ParseDuration(rest)
	if err != nil || d < 0 || d > math.MaxInt64-total || strings.HasPrefix(rest, "+") {
		return 0, wrong
	}
	return total + d, nil
}

// FormatDuration is the shortest form that ParseDuration reads: 10m, 1h30m, 2d.
func FormatDuration(d time.Duration) string {
	const day = 24 * time.Hour
	if d > 0 && d%day == 0 {
		return strconv.FormatInt(int64(d/day), 10) + "d"
	}
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// scalar is a number of any kind: f for Number, i for the others.
type scalar struct {
	i int64
	f float64
}

// less orders scalars of one kind.
func (s scalar) less(o scalar) bool { return s.i < o.i || s.f < o.f }

// parseScalar reads the text of a tag.
func parseScalar(k Kind, text string) (scalar, error) {
	switch k {
	case Integer, Number:
		return toScalar(k, json.Number(text))
	case Duration, Size:
		return toScalar(k, text)
	default:
		return scalar{}, fmt.Errorf("bounds are for numbers, durations and sizes, not %q", text)
	}
}

// toScalar reads data; its errors are *Error without a path.
func toScalar(k Kind, data any) (scalar, error) {
	switch k {
	case Number:
		f, ok := toFloat(data)
		if !ok {
			return scalar{}, &Error{Msg: "must be a number, not " + shown(data), Hint: unquote(data)}
		}
		return scalar{f: f}, nil
	case Integer:
		i, ok := toInt(data)
		if !ok {
			return scalar{}, &Error{Msg: "must be a whole number, not " + shown(data), Hint: unquote(data)}
		}
		return scalar{i: i}, nil
	case Duration:
		if s, ok := data.(string); ok {
			d, err := ParseDuration(s)
			if err != nil {
				return scalar{}, &Error{Msg: err.Error()}
			}
			return scalar{i: int64(d)}, nil
		}
		if i, ok := toInt(data); ok && i == 0 {
			return scalar{}, nil
		}
		return scalar{}, &Error{Msg: "must be a duration, not " + shown(data), Hint: "a number and a unit, e.g. 500ms, 10m, 30d"}
	default:
		if s, ok := data.(string); ok {
			b, err := ParseBytes(s)
			if err != nil {
				return scalar{}, &Error{Msg: err.Error()}
			}
			return scalar{i: int64(b)}, nil
		}
		if i, ok := toInt(data); ok && i >= 0 {
			return scalar{i: i}, nil
		}
		return scalar{}, &Error{Msg: "must be a size, not " + shown(data), Hint: "a number and a unit, e.g. 64KiB, 512MiB"}
	}
}

// unquote is the hint for a number in quotes.
func unquote(data any) string {
	s, ok := data.(string)
	if _, err := strconv.ParseFloat(s, 64); !ok || err != nil {
		return ""
	}
	return "write it without quotes"
}

func toFloat(data any) (float64, bool) {
	switch d := data.(type) {
	case json.Number:
		f, err := d.Float64()
		return f, err == nil
	case float64:
		return d, !math.IsNaN(d) && !math.IsInf(d, 0)
	case int:
		return float64(d), true
	case int64:
		return float64(d), true
	case uint64:
		return float64(d), true
	default:
		return 0, false
	}
}

func toInt(data any) (int64, bool) {
	switch d := data.(type) {
	case int:
		return int64(d), true
	case int64:
		return d, true
	case uint64:
		return int64(d), d <= math.MaxInt64
	case json.Number:
		if i, err := d.Int64(); err == nil {
			return i, true
		}
	}
	f, ok := toFloat(data) // 3.0 and 1e6 are whole, too
	if !ok || f != math.Trunc(f) || f < -1<<53 || f > 1<<53 {
		return 0, false
	}
	return int64(f), true
}
