package storetest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/logcenter/logcenter/host/store"
)

func (r *runner) aggregate(s string) ([]string, error) {
	q, spec, ok := strings.Cut(s, "::")
	if !ok {
		return nil, errors.New("want QUERY :: KIND FIELD …")
	}
	sel, err := r.selection(strings.TrimSpace(q))
	if err != nil {
		return nil, err
	}
	aggs, err := parseAggs(strings.Split(spec, " > "))
	if err != nil {
		return nil, err
	}
	res, err := r.store.Aggregate(context.Background(), r.scope, store.AggregateRequest{Selection: sel, Aggs: aggs})
	if err != nil {
		return nil, err
	}
	return append([]string{fmt.Sprintf("total %d", res.Total)}, showAggs(res.Aggs, "")...), nil
}

// parseAggs reads levels; what is nested belongs to the first of the level above.
func parseAggs(levels []string) ([]store.Agg, error) {
	var out []store.Agg
	for _, text := range strings.Split(levels[0], " & ") {
		a, err := parseAgg(strings.Fields(text))
		if err != nil {
			return nil, err
		}
		out = append(out, a)
	}
	if len(levels) > 1 {
		nested, err := parseAggs(levels[1:])
		if err != nil {
			return nil, err
		}
		out[0].Aggs = nested
	}
	return out, nil
}

func parseAgg(words []string) (a store.Agg, err error) {
	if len(words) == 0 {
		return a, errors.New("an aggregation without a kind")
	}
	a.Kind = store.AggKind(words[0])
	for _, w := range words[1:] {
		key, val, isOption := strings.Cut(w, "=")
		if !isOption {
			a.Field = w
			continue
		}
		switch key {
		case "name":
			a.Name = val
		case "size":
			a.Size, err = strconv.Atoi(val)
		case "missing":
			a.Missing = val
		case "interval":
			a.Interval = val
		case "zone":
			a.TimeZone = val
		case "width":
			a.Width, err = strconv.ParseFloat(val, 64)
		case "zoom":
			a.Zoom, err = strconv.Atoi(val)
		case "percents":
			for _, p := range strings.Split(val, ",") {
				f, perr := strconv.ParseFloat(p, 64)
				a.Percents, err = append(a.Percents, f), errors.Join(err, perr)
			}
		case "ranges":
			err = parseRanges(&a, val)
		case "empty":
			a.Empty = val == "true"
		default:
			err = fmt.Errorf("there is no option %s", key)
		}
		if err != nil {
			return a, err
		}
	}
	return a, nil
}

// parseRanges reads from-to,from-to with * for an open end.
func parseRanges(a *store.Agg, s string) error {
	for _, part := range strings.Split(s, ",") {
		lo, hi, _ := strings.Cut(part, "..")
		var r store.Range
		for text, dst := range map[string]**float64{"from" + lo: &r.From, "to" + hi: &r.To} {
			text = strings.TrimPrefix(strings.TrimPrefix(text, "from"), "to")
			if text == "*" {
				continue
			}
			f, err := strconv.ParseFloat(text, 64)
			if err != nil {
				return err
			}
			*dst = &f
		}
		a.Ranges = append(a.Ranges, r)
	}
	return nil
}

func showAggs(rs []store.AggResult, indent string) []string {
	var out []string
	for _, r := range rs {
		switch {
		case r.Kind.Buckets():
			for _, b := range r.Buckets {
				line := fmt.Sprintf("%s%s %d", indent, b.Text, b.Count)
				if b.Center != nil {
					line += " at " + showFloat(b.Center.Lat) + "," + showFloat(b.Center.Lon)
				}
				out = append(out, line)
				out = append(out, showAggs(b.Aggs, indent+"  ")...)
			}
			if r.Other > 0 {
				out = append(out, fmt.Sprintf("%sother %d", indent, r.Other))
			}
		case r.Kind == store.Percentiles:
			var vals []string
			for _, v := range r.Values {
				vals = append(vals, showFloat(v))
			}
			out = append(out, indent+r.Name+" = "+strings.Join(vals, " "))
		default:
			val := "none"
			if r.Value != nil {
				val = showFloat(*r.Value)
			}
			out = append(out, indent+r.Name+" = "+val)
		}
	}
	return out
}

func showFloat(f float64) string {
	if math.IsNaN(f) {
		return "none"
	}
	return strconv.FormatFloat(math.Round(f*1e6)/1e6+0, 'f', -1, 64) // + 0: no -0
}
