package selection

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"

	"github.com/logcenter/logcenter/grafana/pkg/model"
)

// macro finds $__name, ${__name}, ${__name:format} and $__name(field).
var macro = regexp.MustCompile(`\$(?:__([a-zA-Z_]+)(?:\(([^()\s]*)\))?|\{__([a-zA-Z_]+)(?::([a-zA-Z:]+))?\})`)

// Expand replaces Grafana's macros in a text, for queries that no browser has seen: those of alert rules. What is not known
// stays as it is.
//
//	$__interval     the panel's interval, e.g. 5m; $__interval_ms in milliseconds
//	$__range        the length of the time range, e.g. 3600s; $__range_s and $__range_ms as numbers
//	$__from $__to   its ends in milliseconds since 1970; ${__from:date}, ${__from:date:iso} and ${__from:date:seconds} as there
//	$__timeFilter   @timestamp within the range; $__timeFilter(event.ingested) of another date field
func Expand(text string, r backend.TimeRange, interval time.Duration) string {
	if !strings.Contains(text, "__") {
		return text
	}
	from, to := Range(r)
	return macro.ReplaceAllStringFunc(text, func(m string) string {
		g := macro.FindStringSubmatch(m)
		name, format := g[1]+g[3], g[4]
		if g[2] != "" && name != "timeFilter" {
			return m
		}
		switch name {
		case "interval":
			return model.Interval(interval).String()
		case "interval_ms":
			return strconv.FormatInt(max(1, interval.Milliseconds()), 10)
		case "range":
			return strconv.FormatInt(seconds(to.Sub(from)), 10) + "s"
		case "range_s":
			return strconv.FormatInt(seconds(to.Sub(from)), 10)
		case "range_ms":
			return strconv.FormatInt(to.Sub(from).Milliseconds(), 10)
		case "from":
			return moment(from, format)
		case "to":
			return moment(to, format)
		case "timeFilter":
			field := g[2]
			if field == "" {
				field = "@timestamp"
			}
			return field + ":[" + moment(from, "date:iso") + " TO " + moment(to, "date:iso") + "}"
		default:
			return m
		}
	})
}

// variable finds a variable of a dashboard; a backslash before it makes it text.
var variable = regexp.MustCompile(`(?:^|[^\\])(\$[A-Za-z_]\w*|\$\{[A-Za-z_][\w.]*(?::[\w:]+)?\}|\[\[[A-Za-z_]\w*(?::\w+)?\]\])`)

// NoVariables says which variable is still in the text of a query that no browser has put values into: it would be taken for
// text that no event has, and an alert rule would be silent for ever.
func NoVariables(text string, r backend.TimeRange, interval time.Duration) error {
	g := variable.FindStringSubmatch(Expand(text, r, interval))
	if g == nil {
		return nil
	}
	return &model.Error{
		Field: "query", Msg: fmt.Sprintf("the variable %.80s has no value here: alert rules belong to no dashboard", g[1]),
		Hint: `write the value itself; to look for text with a dollar sign, write \$`,
	}
}

func seconds(d time.Duration) int64 { return max(1, int64((d+time.Second-1)/time.Second)) }

func moment(t time.Time, format string) string {
	switch format {
	case "date", "date:iso":
		return t.UTC().Format("2006-01-02T15:04:05.000Z")
	case "date:seconds":
		return strconv.FormatInt(t.Unix(), 10)
	default:
		return strconv.FormatInt(t.UnixMilli(), 10)
	}
}
