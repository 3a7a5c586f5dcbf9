package embedded

import (
	"database/sql/driver"
	"fmt"
	"math/big"
	"strconv"
	"strings"

	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/sdk/ecs"
)

// metric is a single value in SQL.
type metric struct {
	sql    string
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
		m.sql = "count(*)"
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
			m.sql = "coalesce(sum(len(list_distinct(" + x + "))), 0)::BIGINT"
			return m, nil
		}
		x = "e"
	}
	return m, m.build(a, f, x)
}

func (m *metric) build(a *store.Agg, f aggField, x string) error {
	switch a.Kind {
	case store.Count:
		m.sql = "count(" + x + ")"
		return nil
	case store.Distinct:
		m.sql, m.dear = "count(DISTINCT "+x+")", true
		return nil
	}
	if !f.numeric() && (f.typ != ecs.Date || a.Kind == store.Sum || a.Kind == store.Percentiles) {
		return fmt.Errorf("%w: %s of %s: it is a %s field, want a number", store.ErrRequest, a.Kind, f.name, f.typ)
	}
	if a.Kind == store.Percentiles {
		return m.percentiles(a, f, x)
	}
	m.sql = "CAST(" + string(a.Kind) + "(" + x + ") AS DOUBLE)"
	if f.typ == ecs.Date {
		m.sql = "(" + m.sql + " / 1e6)"
	}
	return nil
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
		ps[i] = strconv.FormatFloat(p/100, 'f', -1, 64)
	}
	m.sql, m.dear = "quantile_cont("+x+"::DOUBLE, ["+strings.Join(ps, ", ")+"])", true
	return nil
}

// setValue puts what SQL computed into a result; NULL leaves the result of no events.
func setValue(r *store.AggResult, v driver.Value) {
	switch v := v.(type) {
	case int64:
		f := float64(v)
		r.Value = &f
	case float64:
		r.Value = &v
	case []any:
		for i, e := range v {
			if f, ok := e.(float64); ok && i < len(r.Values) {
				r.Values[i] = f
			}
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
