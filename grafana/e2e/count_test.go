package e2e

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/logcenter/logcenter/sdk/client"
)

// Counting by hand: nothing here knows the query language or aggregations. Events are what the export wrote; a condition is
// Go code, a count is a map.

// is says which events are meant.
type is func(client.Event) bool

func anything(client.Event) bool { return true }

// has: one of the field's values is one of these.
func has(field string, values ...string) is {
	return func(ev client.Event) bool {
		for _, v := range valuesOf(ev, field) {
			if slices.Contains(values, v) {
				return true
			}
		}
		return false
	}
}

func there(field string) is { return func(ev client.Event) bool { return ev[field] != nil } }

func within(field string, low, high float64) is {
	return func(ev client.Event) bool {
		v, ok := ev.Float(field)
		return ok && v >= low && v <= high
	}
}

func both(conditions ...is) is {
	return func(ev client.Event) bool {
		for _, c := range conditions {
			if !c(ev) {
				return false
			}
		}
		return true
	}
}

func either(conditions ...is) is {
	return func(ev client.Event) bool {
		for _, c := range conditions {
			if c(ev) {
				return true
			}
		}
		return false
	}
}

func not(c is) is { return func(ev client.Event) bool { return !c(ev) } }

// contains: the field has one of these words in it, in any case.
func contains(field string, words ...string) is {
	return func(ev client.Event) bool {
		v := strings.ToLower(ev.Text(field))
		for _, w := range words {
			if strings.Contains(v, w) {
				return true
			}
		}
		return false
	}
}

func valuesOf(ev client.Event, field string) []string {
	switch v := ev[field].(type) {
	case nil:
		return nil
	case []any:
		var out []string
		for _, one := range v {
			out = append(out, fmt.Sprint(one))
		}
		return out
	default:
		return []string{fmt.Sprint(v)}
	}
}

// moment is an event with its time read.
type moment struct {
	at time.Time
	ev client.Event
}

// moments are the events of a time that a condition is for, by time.
func (w *world) moments(from, to time.Time, c is) (out []moment) {
	for _, m := range w.events {
		if !m.at.Before(from) && m.at.Before(to) && c(m.ev) {
			out = append(out, m)
		}
	}
	return out
}

func (w *world) selected(from, to time.Time, c is) (out []client.Event) {
	for _, m := range w.moments(from, to, c) {
		out = append(out, m.ev)
	}
	return out
}

// inBuckets parts events by the intervals of a series; those outside of all are in none.
func (l line) inBuckets(all []moment) [][]client.Event {
	out := make([][]client.Event, len(l.times))
	for _, m := range all {
		i, found := slices.BinarySearchFunc(l.times, m.at, time.Time.Compare)
		if !found {
			i--
		}
		if i >= 0 && m.at.Before(l.times[i].Add(l.interval())) {
			out[i] = append(out[i], m.ev)
		}
	}
	return out
}

// byValue counts events by the values of fields, joined by a slash; those without one do not count.
func byValue(events []client.Event, fields ...string) map[string]float64 {
	out := map[string]float64{}
	for _, ev := range events {
		paths := []string{""}
		for i, f := range fields {
			var longer []string
			for _, p := range paths {
				for _, v := range valuesOf(ev, f) {
					if i > 0 {
						v = p + "/" + v
					}
					longer = append(longer, v)
				}
			}
			paths = longer
		}
		for _, p := range paths {
			out[p]++
		}
	}
	return out
}

// numbers are the values of a number, in order.
func numbers(events []client.Event, field string) (out []float64) {
	for _, ev := range events {
		if v, ok := ev.Float(field); ok {
			out = append(out, v)
		}
	}
	slices.Sort(out)
	return out
}

func sum(of []float64) (n float64) {
	for _, v := range of {
		n += v
	}
	return n
}

// calculate is one calculation of sorted numbers; NaN of none.
func calculate(calc string, of []float64) float64 {
	if len(of) == 0 {
		return math.NaN()
	}
	switch calc {
	case "min":
		return of[0]
	case "max":
		return of[len(of)-1]
	case "avg":
		return sum(of) / float64(len(of))
	default:
		return sum(of)
	}
}

// largest are the n largest counts, in order.
func largest(counts map[string]float64, n int) []float64 {
	all := slices.Sorted(maps.Values(counts))
	slices.Reverse(all)
	return all[:min(n, len(all))]
}

// topFault says why shown is not the n most frequent of all; empty if it is. At equal counts either may be shown.
func topFault(shown, all map[string]float64, n int) string {
	for k, v := range shown {
		if all[k] != v {
			return fmt.Sprintf("%q is shown as %v, counted are %v", k, v, all[k])
		}
	}
	if got, want := largest(shown, n), largest(all, n); !slices.Equal(got, want) || len(shown) > n {
		return fmt.Sprintf("the most frequent are shown as %v, counted are %v", got, want)
	}
	return ""
}

// near says whether two numbers are the same but for rounding; two NaN are.
func near(a, b float64) bool {
	if math.IsNaN(a) || math.IsNaN(b) {
		return math.IsNaN(a) && math.IsNaN(b)
	}
	return math.Abs(a-b) <= 1e-9*max(1, math.Abs(a), math.Abs(b))
}

// brief is a map for a table.
func brief(counts map[string]float64) string {
	keys := slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b))
	})
	var parts []string
	for _, k := range keys[:min(3, len(keys))] {
		name := k
		if r := []rune(k); len(r) > 24 {
			name = string(r[:23]) + "…"
		}
		parts = append(parts, fmt.Sprintf("%s %.6g", name, counts[k]))
	}
	if len(keys) > 3 {
		parts = append(parts, fmt.Sprintf("and %d more", len(keys)-3))
	}
	return strings.Join(parts, ", ")
}
