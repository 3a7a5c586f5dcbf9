package main

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"github.com/logcenter/logcenter/sdk/client"
)

// Kinds of aggregations that need more than their name.
const (
	terms         = "terms"
	dateHistogram = "date_histogram"
	histogram     = "histogram"
	ranges        = "ranges"
	geotile       = "geotile"
	percentiles   = "percentiles"
)

// aggFlags gathers the aggregations of a command line in the order they were given, which decides how
// they nest.
type aggFlags struct {
	buckets []client.Agg // outermost first
	values  []client.Agg
}

// aggFlag is one flag of aggFlags; pflag calls Set in the order of the command line.
type aggFlag struct {
	to    *aggFlags
	form  string
	parse func(to *aggFlags, s string) error
}

func (f *aggFlag) String() string     { return "" }
func (f *aggFlag) Type() string       { return f.form }
func (f *aggFlag) Set(s string) error { return f.parse(f.to, s) }

func (a *aggFlags) flags(f *pflag.FlagSet) {
	add := func(name, form, usage string, parse func(*aggFlags, string) error) {
		f.Var(&aggFlag{to: a, form: form, parse: parse}, name, usage)
	}
	add("hist", "FIELD:STEP", "histogram: of a time by 10s, 5m, 1h, 1d, 1w or 1M, of numbers by a width", parseHist)
	add("terms", "FIELD[:N]", "the N values that occur most (10)", parseTerms)
	add("ranges", "FIELD:A..B,...", "numeric ranges from A to before B; either may be left out", parseRanges)
	add("geo", "FIELD:ZOOM[:N]", "the N tiles of a map with the most events (1,000), and their centers; ZOOM is 0, the world, to 29", parseGeo)
	add("count", "FIELD", "how many values", parseValues("count"))
	add("distinct", "FIELD", "how many different values, exact", parseValues("distinct"))
	add("stats", "FIELD", "smallest, largest and average value, and the sum", parseValues("min", "max", "avg", "sum"))
	add("min", "FIELD", "smallest value", parseValues("min"))
	add("max", "FIELD", "largest value", parseValues("max"))
	add("avg", "FIELD", "average", parseValues("avg"))
	add("sum", "FIELD", "sum", parseValues("sum"))
	add("percentiles", "FIELD[:P,...]", "percentiles (50,90,95,99)", parsePercentiles)
}

// request is the tree that the API wants: the values stand in the innermost buckets.
func (a *aggFlags) request(empty bool, missing string) []client.Agg {
	inner := append([]client.Agg(nil), a.values...)
	for i := len(a.buckets) - 1; i >= 0; i-- {
		b := a.buckets[i]
		b.Aggs = inner
		switch b.Kind {
		case terms:
			b.Missing = missing
		case dateHistogram, histogram:
			b.Empty = empty
		}
		inner = []client.Agg{b}
	}
	return inner
}

var (
	calendar = regexp.MustCompile(`^[1-9][0-9]*[smhdwM]$`)
	size     = regexp.MustCompile(`^[1-9][0-9]*$`)
)

// cutLast parts FIELD:REST at the last colon.
func cutLast(s string) (field, rest string, found bool) {
	i := strings.LastIndexByte(s, ':')
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+1:], true
}

func parseHist(a *aggFlags, s string) error {
	field, step, ok := cutLast(s)
	if !ok || field == "" {
		return fmt.Errorf("want FIELD:STEP, e.g. @timestamp:1m or http.response.body.bytes:1000")
	}
	agg := client.Agg{Name: field, Kind: dateHistogram, Field: field, Interval: step}
	if !calendar.MatchString(step) {
		width, err := strconv.ParseFloat(step, 64)
		if err != nil || !(width > 0) {
			return fmt.Errorf("the step %q is neither a time such as 10s, 5m, 1h, 1d, 1w, 1M nor a width such as 100", step)
		}
		agg = client.Agg{Name: field, Kind: histogram, Field: field, Width: width}
	}
	return a.bucket(agg)
}

func parseTerms(a *aggFlags, s string) error {
	field, n, ok := cutLast(s)
	agg := client.Agg{Name: field, Kind: terms, Field: field}
	if ok {
		if !size.MatchString(n) {
			return fmt.Errorf("want FIELD or FIELD:N, N being how many values, e.g. source.ip:20")
		}
		count, err := strconv.Atoi(n)
		if err != nil {
			return fmt.Errorf("%s values are too many", n)
		}
		agg.Size = count
	}
	if field == "" {
		return fmt.Errorf("want a field, e.g. source.ip or source.ip:20")
	}
	return a.bucket(agg)
}

func parseRanges(a *aggFlags, s string) error {
	field, list, ok := cutLast(s)
	if !ok || field == "" {
		return fmt.Errorf("want FIELD:A..B,..., e.g. http.response.status_code:..300,300..400,400..999")
	}
	agg := client.Agg{Name: field, Kind: ranges, Field: field}
	for part := range strings.SplitSeq(list, ",") {
		from, to, ok := strings.Cut(part, "..")
		low, lowErr := bound(from)
		high, highErr := bound(to)
		if !ok || lowErr != nil || highErr != nil || low == nil && high == nil || low != nil && high != nil && *low >= *high {
			return fmt.Errorf("%q is no range: want A..B, A.. or ..B, A being less than B", part)
		}
		agg.Ranges = append(agg.Ranges, client.Range{Key: part, From: low, To: high})
	}
	return a.bucket(agg)
}

func parseGeo(a *aggFlags, s string) error {
	field, rest, _ := strings.Cut(s, ":")
	text, n, limited := strings.Cut(rest, ":")
	zoom, err := strconv.Atoi(text)
	agg := client.Agg{Name: field, Kind: geotile, Field: field, Zoom: zoom}
	if err != nil || field == "" || zoom < 0 || zoom > 29 || limited && !size.MatchString(n) {
		return fmt.Errorf("want FIELD:ZOOM or FIELD:ZOOM:N, ZOOM from 0 to 29 and N being how many tiles, e.g. source.geo.location:4:100")
	}
	if limited {
		if agg.Size, err = strconv.Atoi(n); err != nil {
			return fmt.Errorf("%s tiles are too many", n)
		}
	}
	return a.bucket(agg)
}

// bound is one end of a range; nil if it is open.
func bound(s string) (*float64, error) {
	if s == "" {
		return nil, nil
	}
	f, err := strconv.ParseFloat(s, 64)
	return &f, err
}

func parseValues(kinds ...string) func(*aggFlags, string) error {
	return func(a *aggFlags, field string) error {
		if field == "" {
			return fmt.Errorf("want a field")
		}
		for _, kind := range kinds {
			a.value(client.Agg{Name: kind + "(" + field + ")", Kind: kind, Field: field})
		}
		return nil
	}
}

func parsePercentiles(a *aggFlags, s string) error {
	field, list, ok := cutLast(s)
	if !ok {
		list = "50,90,95,99"
	}
	agg := client.Agg{Name: "percentiles(" + s + ")", Kind: percentiles, Field: field}
	for part := range strings.SplitSeq(list, ",") {
		p, err := strconv.ParseFloat(part, 64)
		if err != nil || field == "" || !(p >= 0 && p <= 100) {
			return fmt.Errorf("want FIELD or FIELD:P,..., each P from 0 to 100, e.g. event.duration:50,99.9")
		}
		agg.Percents = append(agg.Percents, p)
	}
	a.value(agg)
	return nil
}

// bucket adds the next inner level.
func (a *aggFlags) bucket(agg client.Agg) error {
	for _, b := range a.buckets {
		if b.Name == agg.Name {
			return fmt.Errorf("there is a level for %s already", agg.Field)
		}
	}
	a.buckets = append(a.buckets, agg)
	return nil
}

// value adds a value unless it is there already, as with --stats F --avg F.
func (a *aggFlags) value(agg client.Agg) {
	for _, v := range a.values {
		if v.Name == agg.Name {
			return
		}
	}
	a.values = append(a.values, agg)
}
