// Package model is what a panel asks for: the JSON of a query as Grafana keeps it in dashboards and alert rules, and the
// settings of a datasource. src/types.ts has the same for the editor.
//
// The one idea: Text, in Logcenter's query language, is all that says which events are meant. The builder shows Text and
// writes Text; it has no state of its own. Filters of a dashboard stand beside it and are added as conditions of the
// syntax tree, never as text.
package model

import "time"

// Version is that of queries written today. Queries of older versions are migrated by [Decode].
const Version = 1

// Kind says what a query returns.
type Kind string

// The kinds.
const (
	Logs        Kind = "logs"         // log lines, as Explore shows them
	Table       Kind = "table"        // events with the fields asked for as columns
	Metrics     Kind = "metrics"      // one of the charts
	Alerts      Kind = "alerts"       // alerts, also as annotations
	Explain     Kind = "explain"      // who wrote which field of one event, from which bytes
	DeadLetters Kind = "dead_letters" // what could not be handled
	Plugins     Kind = "plugins"      // how the plugins of the host are
	Inputs      Kind = "inputs"       // how its inputs are
	Volume      Kind = "volume"       // events by time and level: the bars over the lines in Explore
	Rates       Kind = "rates"        // how good rules or devices are, by the verdicts of analysts on their alerts
)

// AllStreams as the stream of a query is all events, whatever the datasource's is.
const AllStreams = "*"

// Query is one query of a panel. The zero value asks for the log lines of the datasource's stream.
type Query struct {
	Version int      `json:"v,omitempty"`       // 0: the oldest
	Kind    Kind     `json:"kind,omitempty"`    // empty: logs
	Text    string   `json:"query,omitempty"`   // empty: all events
	Editor  string   `json:"editor,omitempty"`  // builder or code: how it is shown; says nothing about the answer
	Stream  string   `json:"stream,omitempty"`  // empty: the datasource's; * is AllStreams
	Filters []Filter `json:"filters,omitempty"` // of the dashboard; all must hold

	Limit   int      `json:"limit,omitempty"`  // rows; 0: the datasource's
	Oldest  bool     `json:"oldest,omitempty"` // the oldest first; else the newest
	Fields  []string `json:"fields,omitempty"` // logs and table: only these; empty: all
	Around  *Around  `json:"around,omitempty"` // logs: the lines before or after one
	EventID string   `json:"eventId,omitempty"`

	Chart  *Chart       `json:"chart,omitempty"`  // metrics; nil: an event count over time
	Alerts *AlertFilter `json:"alerts,omitempty"` // alerts and rates; nil: all in the range

	// Legend names series: text with {{field}} for what a series is of, {{calc}} and {{name}}. Empty: names are made.
	Legend string `json:"legend,omitempty"`
}

// Filter is a condition on one field, as Grafana's ad-hoc filters say it.
type Filter struct {
	Field  string   `json:"key"`
	Op     string   `json:"operator"` // =, !=, =~, !~, <, >, <=, >=, =| (one of Values), !=| (none of Values)
	Value  string   `json:"value"`
	Values []string `json:"values,omitempty"` // of =| and !=|
}

// Around asks for the lines before or after one.
type Around struct {
	ID     string    `json:"id"` // event.id; the line itself is not in the answer
	Time   time.Time `json:"time"`
	Before bool      `json:"before,omitempty"` // else after
}

// ChartKind is a kind of chart of the log standard.
type ChartKind string

// The kinds of charts.
const (
	EventCount    ChartKind = "event_count"    // events over time, alone or by By, beside each other
	TimeSegments  ChartKind = "time_segments"  // Calcs of Field in each Interval
	NumericRanges ChartKind = "numeric_ranges" // events in each of Ranges of Field
	TimeHistogram ChartKind = "time_histogram" // events in each second, minute, hour, day or week
	Histogram     ChartKind = "histogram"      // events in each Width of Field
	Terms         ChartKind = "terms"          // the Size most frequent values of Field
	FieldStats    ChartKind = "field_stats"    // Calcs of Field as single values
	Percentiles   ChartKind = "percentiles"    // the values of Field under which Percents of the events lie
	DrillDown     ChartKind = "drill_down"     // terms of By[0], in each those of By[1], …
	Geo           ChartKind = "geo"            // events by place, for a Geomap
)

// Chart says what is counted or computed.
type Chart struct {
	Kind     ChartKind `json:"kind"`
	Field    string    `json:"field,omitempty"`
	By       []Level   `json:"by,omitempty"`       // split by the values of these; drill-down: its levels, 1 to 5
	Calcs    []string  `json:"calcs,omitempty"`    // count, distinct, min, max, avg, sum
	Interval string    `json:"interval,omitempty"` // e.g. 5m, 1d, 1w; empty or auto: the panel's
	TimeZone string    `json:"timeZone,omitempty"` // IANA name, of days and weeks; empty: UTC
	Width    float64   `json:"width,omitempty"`    // of histogram
	Ranges   []Range   `json:"ranges,omitempty"`   // of numeric_ranges
	Percents []float64 `json:"percents,omitempty"` // of percentiles; empty: 50, 90, 95, 99
	Size     int       `json:"size,omitempty"`     // of terms and geo; 0: 10 and 1,000
	Other    bool      `json:"other,omitempty"`    // terms: also what is beyond Size
	Missing  string    `json:"missing,omitempty"`  // terms: events without the field count under this name
	Zoom     int       `json:"zoom,omitempty"`     // geo: 0: by how many places there are
	// As says how the answer is laid out: series (over time, wide or multi) or table. Empty: as the kind is usually shown.
	As string `json:"as,omitempty"`
	// Previous compares with the time before: e.g. 1d, 1w, or range for the range before this one. Empty: no comparison.
	Previous string `json:"previous,omitempty"`
	// Compare compares other queries with Text in the same chart, each with a name.
	Compare []Compare `json:"compare,omitempty"`
}

// Level is a field by whose values events are split.
type Level struct {
	Field string `json:"field"`
	Size  int    `json:"size,omitempty"` // 0: 10
}

// Range is from inclusive, to exclusive; nil is open.
type Range struct {
	Name string   `json:"name,omitempty"` // empty: from-to
	From *float64 `json:"from,omitempty"`
	To   *float64 `json:"to,omitempty"`
}

// Compare is another query, or another field, in the same chart.
type Compare struct {
	Name  string `json:"name,omitempty"`  // empty: the query, or the field
	Text  string `json:"query"`           // empty: the panel's query
	Field string `json:"field,omitempty"` // empty: the chart's
}

// AlertFilter selects alerts; empty lists select all.
type AlertFilter struct {
	States     []string `json:"states,omitempty"`
	Severities []string `json:"severities,omitempty"`
	Rules      []string `json:"rules,omitempty"`
	Devices    []string `json:"devices,omitempty"`
	Kinds      []string `json:"kinds,omitempty"` // none: alerts
	Text       string   `json:"text,omitempty"`
	Repeats    bool     `json:"repeats,omitempty"`
	By         string   `json:"by,omitempty"` // rates alone: rule, device or device_rule; empty: rule
}

// Settings is the jsonData of a datasource. Its secureJsonData has apiToken, basicAuthPassword, tlsCACert, tlsClientCert and
// tlsClientKey, which are read where connections are made, and nowhere else.
type Settings struct {
	Stream     string `json:"stream,omitempty"`     // of queries that name none; empty: all events
	MaxLines   int    `json:"maxLines,omitempty"`   // rows of logs and tables; 0: 1,000; up to 100,000
	TimeoutSec int    `json:"timeoutSec,omitempty"` // of one request of the host; 0: 60
	Level      string `json:"levelField,omitempty"` // field of the level; empty: log.level
}
