package model

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// Limits on queries.
const (
	MaxRows     = 100_000 // of logs and tables
	MaxGroups   = 10_000  // values of one field
	MaxLevels   = 5       // fields that events are split by
	maxFields   = 200
	maxFilters  = 100
	maxValues   = 500 // of one filter, and of the lists of an alert filter
	maxRanges   = 1000
	maxPercents = 100
	maxCompare  = 10
	maxName     = 256 // bytes of a field's name
)

// FilterOps are the operators of filters.
var FilterOps = []string{"=", "!=", "=~", "!~", "<", ">", "<=", ">=", "=|", "!=|"}

// Calcs are what can be computed of a field.
var Calcs = []string{"count", "distinct", "min", "max", "avg", "sum"}

// Validate says what is wrong with a query, by what its kind needs. The error is of type [*Error].
func (q *Query) Validate() error {
	if e := q.validate(); e != nil {
		return e
	}
	return nil
}

func (q *Query) validate() *Error {
	kinds := []Kind{"", Logs, Table, Metrics, Alerts, Explain, DeadLetters, Plugins, Inputs, Volume, Rates}
	switch {
	case !slices.Contains(kinds, q.Kind):
		return wrong("kind", "known are "+list(kinds[1:]), "there is no kind of query %.80q", q.Kind)
	case q.Limit < 0 || q.Limit > MaxRows:
		return wrong("limit", "narrow the query or the time range, or export the events", "%d rows are not possible: 1 to %d", q.Limit, MaxRows)
	case len(q.Fields) > maxFields:
		return wrong("fields", "leave them out for all fields", "%d fields are too many, the limit is %d", len(q.Fields), maxFields)
	case q.Kind == Explain && q.EventID == "":
		return wrong("eventId", "click a line and choose Explain, or paste its event.id", "say which event to explain")
	}
	if e := validFilters(q.Filters); e != nil {
		return e
	}
	if q.Around != nil && (q.Around.ID == "" || q.Around.Time.IsZero()) {
		return wrong("around", "", "the line whose neighbours are wanted needs its id and its time")
	}
	if a := q.Alerts; a != nil {
		if !slices.Contains([]string{"", "rule", "device", "device_rule"}, a.By) {
			return wrong("alerts.by", "rates are by rule, device or device_rule", "there are no rates by %.80q", a.By)
		}
		for _, l := range [][]string{a.States, a.Severities, a.Rules, a.Devices, a.Kinds} {
			if len(l) > maxValues {
				return wrong("alerts", "", "%d values in one list are too many, the limit is %d", len(l), maxValues)
			}
		}
	}
	if q.Kind == Metrics && q.Chart != nil {
		return q.Chart.validate()
	}
	return nil
}

func list[T ~string](of []T) string {
	names := make([]string, len(of))
	for i, v := range of {
		names[i] = string(v)
	}
	return strings.Join(names, ", ")
}

func validFilters(filters []Filter) *Error {
	if len(filters) > maxFilters {
		return wrong("filters", "", "%d filters are too many, the limit is %d", len(filters), maxFilters)
	}
	for i, f := range filters {
		at := fmt.Sprintf("filters[%d]", i)
		switch {
		case f.Field == "" || len(f.Field) > maxName:
			return wrong(at+".key", "choose one in the filter bar", "the filter needs the name of a field")
		case !slices.Contains(FilterOps, f.Op):
			return wrong(at+".operator", "known are "+list(FilterOps), "there is no operator %.20q", f.Op)
		case len(f.Values) > maxValues:
			return wrong(at+".values", "use a regular expression", "%d values of %s are too many, the limit is %d", len(f.Values), f.Field, maxValues)
		}
	}
	return nil
}

// ChartKinds are all of them.
var ChartKinds = []ChartKind{EventCount, TimeSegments, NumericRanges, TimeHistogram, Histogram, Terms, FieldStats, Percentiles, DrillDown, Geo}

func (c *Chart) validate() *Error {
	if !slices.Contains(ChartKinds, c.Kind) {
		return wrong("chart.kind", "known are "+list(ChartKinds), "there is no chart %.80q", c.Kind)
	}
	for _, check := range []func() *Error{c.validField, c.validLevels, c.validTime, c.validNumbers, c.validComparison} {
		if e := check(); e != nil {
			return e
		}
	}
	return nil
}

// validField checks what a chart is of.
func (c *Chart) validField() *Error {
	name := strings.ReplaceAll(string(c.Kind), "_", " ")
	switch c.Kind {
	case TimeSegments, NumericRanges, Histogram, FieldStats, Percentiles:
		if c.Field == "" {
			return wrong("chart.field", "choose a field with numbers, e.g. http.response.body.bytes", "the chart %s needs a field", name)
		}
	case Terms:
		if c.Field == "" {
			return wrong("chart.field", "choose one, e.g. source.ip", "the chart %s needs a field", name)
		}
	case DrillDown:
		if len(c.By) == 0 {
			return wrong("chart.by", "choose the field of the first level, e.g. observer.type", "the chart %s needs 1 to %d levels", name, MaxLevels)
		}
	}
	if len(c.Field) > maxName {
		return wrong("chart.field", "", "the name has %d bytes, the limit is %d", len(c.Field), maxName)
	}
	if c.Size < 0 || c.Size > MaxGroups {
		return wrong("chart.size", "ask for the most frequent ones, and let the rest count together as other", "%d groups are not possible: 1 to %d", c.Size, MaxGroups)
	}
	for i, calc := range c.Calcs {
		if !slices.Contains(Calcs, calc) {
			return wrong(fmt.Sprintf("chart.calcs[%d]", i), "known are "+list(Calcs), "there is no calculation %.40q", calc)
		}
		if slices.Contains(c.Calcs[:i], calc) {
			return wrong(fmt.Sprintf("chart.calcs[%d]", i), "", "%s is there twice", calc)
		}
	}
	if c.As != "" && c.As != "series" && c.As != "table" {
		return wrong("chart.as", "write series or table", "there is no layout %.40q", c.As)
	}
	return nil
}

func (c *Chart) validLevels() *Error {
	if len(c.By) > MaxLevels {
		return wrong("chart.by", "", "%d levels are too many, the limit is %d", len(c.By), MaxLevels)
	}
	groups := 1
	for i, l := range c.By {
		at := fmt.Sprintf("chart.by[%d]", i)
		switch {
		case l.Field == "" || len(l.Field) > maxName:
			return wrong(at+".field", "choose one, or remove the level", "level %d needs a field", i+1)
		case l.Size < 0 || l.Size > MaxGroups:
			return wrong(at+".size", "ask for the most frequent ones", "%d groups of %s are not possible: 1 to %d", l.Size, l.Field, MaxGroups)
		}
		size := l.Size
		if size == 0 {
			size = 10
		}
		if groups = min(groups*size, math.MaxInt32); groups > 10*MaxGroups {
			return wrong(at+".size", "ask for fewer values on each level", "the levels make up to %d groups, the limit is %d", groups, 10*MaxGroups)
		}
	}
	return nil
}

func (c *Chart) validTime() *Error {
	if c.Interval != "" && c.Interval != "auto" {
		if _, ok := ParseSpan(c.Interval); !ok && !strings.HasPrefix(c.Interval, "$") {
			return wrong("chart.interval", "write e.g. 30s, 5m, 1h, 1d, 1w or auto", "%.40q is not an interval", c.Interval)
		}
	}
	if c.TimeZone != "" {
		if _, err := time.LoadLocation(c.TimeZone); err != nil || c.TimeZone == "Local" {
			return wrong("chart.timeZone", "write a name of the IANA database, e.g. Asia/Shanghai", "%.80q is not a time zone", c.TimeZone)
		}
	}
	if c.Previous != "" && c.Previous != "range" {
		if _, ok := ParseSpan(c.Previous); !ok {
			return wrong("chart.previous", "write e.g. 1d, 1w or range", "%.40q is not a time before", c.Previous)
		}
	}
	return nil
}

func (c *Chart) validNumbers() *Error {
	if c.Width < 0 || math.IsNaN(c.Width) || math.IsInf(c.Width, 0) {
		return wrong("chart.width", "leave it out to have it chosen", "an interval of %v is not possible", c.Width)
	}
	if c.Zoom < 0 || c.Zoom > 29 {
		return wrong("chart.zoom", "each step halves the sides of a tile", "%d is not possible: 0 to 29", c.Zoom)
	}
	if c.Kind == NumericRanges && len(c.Ranges) == 0 {
		return wrong("chart.ranges", "e.g. 200-300, 300-400, 400-500, 500-600", "the chart needs ranges")
	}
	if len(c.Ranges) > maxRanges {
		return wrong("chart.ranges", "use a histogram", "%d ranges are too many, the limit is %d", len(c.Ranges), maxRanges)
	}
	for i, r := range c.Ranges {
		if r.From == nil && r.To == nil || r.From != nil && r.To != nil && *r.From >= *r.To {
			return wrong(fmt.Sprintf("chart.ranges[%d]", i), "from is inclusive, to is exclusive; one of them may be open", "the range is empty")
		}
	}
	if len(c.Percents) > maxPercents {
		return wrong("chart.percents", "", "%d are too many, the limit is %d", len(c.Percents), maxPercents)
	}
	for i, p := range c.Percents {
		if p < 0 || p > 100 {
			return wrong(fmt.Sprintf("chart.percents[%d]", i), "write e.g. 95 or 99.9", "%v is not a percentage from 0 to 100", p)
		}
	}
	return nil
}

func (c *Chart) validComparison() *Error {
	if len(c.Compare) > maxCompare {
		return wrong("chart.compare", "", "%d queries to compare with are too many, the limit is %d", len(c.Compare), maxCompare)
	}
	for i, o := range c.Compare {
		at := fmt.Sprintf("chart.compare[%d]", i)
		if strings.TrimSpace(o.Text) == "" && o.Field == "" {
			return wrong(at+".query", "write a query, or * for all events", "there is nothing to compare with")
		}
		if len(o.Name) > maxName || len(o.Field) > maxName {
			return wrong(at, "", "a name may have %d bytes", maxName)
		}
	}
	return nil
}
