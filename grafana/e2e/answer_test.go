package e2e

import (
	"fmt"
	"math"
	"regexp"
	"strings"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"
)

// answer is what a panel was shown, one response for each of its queries.
type answer struct {
	from, to time.Time
	parts    []backend.DataResponse
	value    float64 // of a panel that shows one number; NaN for none
}

// reduce makes one number of an answer as Grafana's stat panel does: of the fields whose name matches, or of all numbers
// if fields is empty. More than one is none.
func (a answer) reduce(calc, fields string) float64 {
	var found []float64
	for _, f := range a.parts[0].Frames {
		for _, field := range f.Fields {
			if fields == "" && !field.Type().Numeric() || fields != "" && !regexp.MustCompile(strings.Trim(fields, "/")).MatchString(field.Name) {
				continue
			}
			total, n := 0.0, 0.0
			for i := range field.Len() {
				if v := numberAt(field, i); !math.IsNaN(v) {
					total, n = total+v, n+1
				}
			}
			switch {
			case calc == "count":
				found = append(found, float64(field.Len()))
			case calc == "mean":
				found = append(found, total/n)
			case calc == "sum" && n > 0:
				found = append(found, total)
			default:
				found = append(found, math.NaN())
			}
		}
	}
	if len(found) != 1 {
		return math.NaN()
	}
	return found[0]
}

// line is one series over time.
type line struct {
	name   string
	times  []time.Time
	values []float64 // NaN for none
}

// lines are all series of a part, of frames wide or multi.
func (a answer) lines(part int) (out []line) {
	for _, f := range a.parts[part].Frames {
		var times []time.Time
		for _, field := range f.Fields {
			if field.Type().Time() {
				for i := range field.Len() {
					if v, ok := field.ConcreteAt(i); ok {
						times = append(times, v.(time.Time))
					}
				}
			}
		}
		for _, field := range f.Fields {
			if !field.Type().Numeric() {
				continue
			}
			l := line{name: field.Name, times: times}
			if field.Config != nil && field.Config.DisplayNameFromDS != "" {
				l.name = field.Config.DisplayNameFromDS
			}
			for i := range field.Len() {
				l.values = append(l.values, numberAt(field, i))
			}
			out = append(out, l)
		}
	}
	return out
}

// interval is that of the buckets.
func (l line) interval() time.Duration {
	if len(l.times) < 2 {
		return time.Hour
	}
	return l.times[1].Sub(l.times[0])
}

func (l line) sum() (n float64) {
	for _, v := range l.values {
		if !math.IsNaN(v) {
			n += v
		}
	}
	return n
}

// numberAt is a value as a number; NaN for none.
func numberAt(f *data.Field, i int) float64 {
	v, err := f.NullableFloatAt(i)
	if err != nil || v == nil {
		return math.NaN()
	}
	return *v
}

// table is the one frame of a part.
func (a answer) table(part int) *data.Frame {
	if len(a.parts[part].Frames) != 1 {
		return data.NewFrame("") // what is looked for is not in it
	}
	return a.parts[part].Frames[0]
}

// column is one column of a frame; nil if there is none.
func column(f *data.Frame, name string) *data.Field {
	field, _ := f.FieldByName(name)
	return field
}

// textAt is a value for people.
func textAt(f *data.Field, i int) string {
	v, ok := f.ConcreteAt(i)
	if !ok {
		return ""
	}
	return fmt.Sprint(v)
}

// texts are the values of a column; nil if there is none.
func texts(f *data.Frame, name string) []string {
	field := column(f, name)
	if field == nil {
		return nil
	}
	out := make([]string, field.Len())
	for i := range out {
		out[i] = textAt(field, i)
	}
	return out
}

// counts are rows of a frame: the texts of the columns joined by a slash, to the number in the column value.
func counts(f *data.Frame, value string, keys ...string) map[string]float64 {
	out := map[string]float64{}
	numbers := column(f, value)
	if numbers == nil {
		return nil
	}
	for i := range numbers.Len() {
		var path []string
		for _, k := range keys {
			if c := column(f, k); c != nil {
				path = append(path, textAt(c, i))
			}
		}
		out[strings.Join(path, "/")] = numberAt(numbers, i)
	}
	return out
}
