package embedded

import (
	"database/sql/driver"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"

	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/sdk/ecs"
)

// measure is a value of a group in SQL.
type measure struct {
	rows   string   // over the group's rows
	parts  []string // over some of its rows, to be put together
	whole  string   // over such parts, %[1]s, %[2]s and so on; "" if that cannot be
	each   string   // parts are of the rows alike in this, too, which whole knows as x; "" if that does not matter
	kind   kind     // of each
	listed bool     // whole is a list of all there is
}

var countMeasure = counted("count(*)")

// metric is a single value in SQL.
type metric struct {
	measure
	dear   bool // costs much more than counting
	unnest bool // needs the elements of a list field as e
	field  struct {
		cols []column
		expr string
	}
}

func newMetric(a *store.Agg) (*metric, error) {
	m := &metric{}
	if a.Kind == store.Count && a.Field == "" {
		m.measure = countMeasure
		return m, nil
	}
	switch a.Kind {
	case store.Count, store.Distinct, store.Min, store.Max, store.Avg, store.Sum, store.Percentiles:
	default:
		return nil, fmt.Errorf("%w: there is no aggregation %q", store.ErrRequest, a.Kind)
	}
	if a.Field == "" {
		return nil, fmt.Errorf("%w: %s needs a field", store.ErrRequest, a.Kind)
	}
	f, err := aggregated(a.Kind, a.Field)
	if err != nil {
		return nil, err
	}
	m.field.cols, m.field.expr = f.columns(), f.expr()
	x := m.field.expr
	if f.List {
		if m.unnest = true; a.Kind == store.Count {
			m.unnest = false
			m.measure = counted("coalesce(sum(len(list_distinct(" + x + "))), 0)::BIGINT")
			return m, nil
		}
		x = "e"
	}
	return m, m.build(a, f, x)
}

func (m *metric) build(a *store.Agg, f aggField, x string) error {
	switch a.Kind {
	case store.Count:
		m.measure = counted("count(" + x + ")")
		return nil
	case store.Distinct:
		m.measure, m.dear = measure{rows: "count(DISTINCT " + x + ")", whole: "count(DISTINCT x)", each: x, kind: f.Kind}, true
		return nil
	}
	if !f.numeric() && (f.typ != ecs.Date || a.Kind == store.Sum || a.Kind == store.Percentiles) {
		return fmt.Errorf("%w: %s of %s: it is of type %s, want a number", store.ErrRequest, a.Kind, f.name, f.typ)
	}
	if a.Kind == store.Percentiles {
		return m.percentiles(a, f, x)
	}
	m.measure = calculated(string(a.Kind), x, f.Kind == kindFloat)
	if f.typ == ecs.Date {
		m.rows, m.whole = "("+m.rows+" / 1e6)", "("+m.whole+" / 1e6)"
	}
	return nil
}

// counted is a number of things, which is 0 for no rows.
func counted(rows string) measure {
	return measure{rows: rows, parts: []string{rows}, whole: "coalesce(sum(%[1]s), 0)::BIGINT"}
}

// calculated is min, max, sum or avg of numbers.
func calculated(f, x string, float bool) measure {
	m := measure{rows: "CAST(" + f + "(" + x + ") AS DOUBLE)"}
	sum := "sum(" + x + ")"
	if !float { // the engine's own type for sums of whole numbers is none of Arrow's
		sum += "::DECIMAL(38, 0)"
	}
	switch f {
	case "sum":
		m.parts, m.whole = []string{sum}, "CAST(sum(%[1]s) AS DOUBLE)"
	case "avg":
		m.parts, m.whole = []string{sum, "count(" + x + ")"}, "(CAST(sum(%[1]s) AS DOUBLE) / CAST(sum(%[2]s) AS DOUBLE))"
	default:
		m.parts, m.whole = []string{f + "(" + x + ")"}, "CAST("+f+"(%[1]s) AS DOUBLE)"
	}
	return m
}

func (m *metric) percentiles(a *store.Agg, f aggField, x string) error {
	if len(a.Percents) == 0 || len(a.Percents) > 100 {
		return fmt.Errorf("%w: percentiles of %s: give 1 to 100 percents, e.g. 50, 95, 99", store.ErrRequest, f.name)
	}
	ps := make([]string, len(a.Percents))
	for i, p := range a.Percents {
		if !(p >= 0 && p <= 100) {
			return fmt.Errorf("%w: percentiles of %s: %v is not between 0 and 100", store.ErrRequest, f.name, p)
		}
		ps[i] = quoteFloat(fraction(p))
	}
	m.each, m.kind, m.parts = x+"::DOUBLE", kindFloat, []string{"count(*)"}
	m.whole = "[list(x ORDER BY x) FILTER (x IS NOT NULL), list(%[1]s::DOUBLE ORDER BY x) FILTER (x IS NOT NULL)]"
	m.listed = true
	m.rows, m.dear = "quantile_cont("+x+"::DOUBLE, ["+strings.Join(ps, ", ")+"])", true
	return nil
}

// fraction is a percentage as a fraction: 99.9 is 0.999, where a division makes it 0.9990000000000001.
func fraction(percent float64) float64 {
	f, err := strconv.ParseFloat(strconv.FormatFloat(percent, 'f', -1, 64)+"e-2", 64)
	if err != nil { // it is written by the line above
		panic(err)
	}
	return f
}

// setValue puts what SQL computed into the result of an aggregation; NULL leaves the result of no events.
func setValue(r *store.AggResult, a *store.Agg, v driver.Value) {
	switch v := v.(type) {
	case int64:
		f := float64(v)
		r.Value = &f
	case float64:
		r.Value = &v
	case []any:
		if len(v) == 2 {
			if values, ok := v[0].([]any); ok { // see percentiles: how often each is there stands beside them
				weightedPercentiles(r.Values, a.Percents, values, v[1].([]any))
				return
			}
		}
		for i, e := range v {
			if f, ok := e.(float64); ok && i < len(r.Values) {
				r.Values[i] = f
			}
		}
	}
}

// weightedPercentiles are those of values in order, each of which is there so many times, as the engine computes them:
// between two neighbours in proportion.
func weightedPercentiles(out, percents []float64, values, times []any) {
	total := 0.0
	for _, n := range times {
		total += n.(float64)
	}
	at := func(rank float64) float64 {
		for i, n := range times {
			if rank -= n.(float64); rank < 0 {
				return values[i].(float64)
			}
		}
		return math.NaN()
	}
	for i, p := range percents {
		rank := fraction(p) * (total - 1)
		low, part := math.Modf(rank)
		out[i] = at(low)
		if part > 0 {
			out[i] = out[i]*(1-part) + at(low+1)*part
		}
	}
}

func toInt(v driver.Value) int64 {
	switch v := v.(type) {
	case int64:
		return v
	case *big.Int:
		return v.Int64()
	default:
		return 0
	}
}
