package frame

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/logcenter/logcenter/sdk/client"
)

// maxEvidence is how many events a link asks for, as many as a query has place for: an id has up to 60 bytes.
const maxEvidence = 200

// Evidence is the query that finds the events behind an alert; empty if it names none.
func Evidence(a client.Alert) string {
	ids := a.EventIDs[:min(len(a.EventIDs), maxEvidence)]
	if len(ids) == 0 {
		return ""
	}
	quoted := make([]string, len(ids))
	for i, id := range ids {
		quoted[i] = `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(id) + `"`
	}
	return "event.id:(" + strings.Join(quoted, " OR ") + ")"
}

// Alerts makes a table of alerts, the newest first. Its columns time, timeEnd, title, text, tags and id are those that make
// annotations of it. evidence has the query of the events behind each, and evidenceFrom and evidenceTo, epoch milliseconds,
// the range to look in; its link opens them in the datasource uid.
func Alerts(alerts []client.Alert, uid, name string, c Custom, executed string, notices ...data.Notice) *data.Frame {
	n := len(alerts)
	times, ends := make([]time.Time, n), make([]*time.Time, n)
	from, to, events, repeats := make([]int64, n), make([]int64, n), make([]int64, n), make([]int64, n)
	cols := map[string][]string{}
	for _, col := range []string{"title", "text", "tags", "id", "severity", "rule", "device", "state", "kind", "keys", "assignee", "verdict", "evidence"} {
		cols[col] = make([]string, n)
	}
	for i, a := range alerts {
		times[i] = a.Recorded.UTC()
		if end := endOf(a); !end.IsZero() {
			end = end.UTC()
			ends[i] = &end
		}
		events[i], repeats[i] = a.Events, a.Repeats
		from[i], to[i] = around(a)
		for col, v := range map[string]string{
			"title": a.Name, "text": annotation(a), "tags": strings.Join(append([]string{a.Severity}, a.Tags...), ","), "id": a.ID,
			"severity": a.Severity, "rule": a.Rule, "device": a.Device, "state": a.State, "kind": kindOf(a), "keys": pairs(a.Keys),
			"assignee": a.Assignee, "verdict": a.Verdict, "evidence": Evidence(a),
		} {
			cols[col][i] = v
		}
	}
	evidence := data.NewField("evidence", nil, cols["evidence"])
	evidence.Config = &data.FieldConfig{Description: "The query that finds the events behind the alert.", Links: []data.DataLink{{
		Title: "Events behind this alert",
		Internal: &data.InternalDataLink{
			DatasourceUID: uid, DatasourceName: name,
			Query: map[string]any{"v": 1, "kind": "logs", "query": "${__data.fields.evidence}", "editor": "code"},
		},
	}}}
	text := func(name string) *data.Field { return data.NewField(name, nil, cols[name]) }
	f := data.NewFrame("alerts", data.NewField("time", nil, times), text("severity"), text("title"), text("rule"), text("device"), text("state"), text("kind"),
		text("keys"), data.NewField("events", nil, events), data.NewField("repeats", nil, repeats), text("assignee"), text("verdict"), evidence,
		data.NewField("evidenceFrom", nil, from), data.NewField("evidenceTo", nil, to),
		data.NewField("timeEnd", nil, ends), text("text"), text("tags"), text("id"))
	f.Meta = table(c, executed, notices)
	return f
}

func table(c Custom, executed string, notices []data.Notice) *data.FrameMeta {
	return &data.FrameMeta{Type: data.FrameTypeTable, PreferredVisualization: data.VisTypeTable, Custom: c, ExecutedQueryString: executed, Notices: notices}
}

// endOf is when an alert was over: recovered, closed, or the last event of those behind it; zero if that is its beginning.
func endOf(a client.Alert) time.Time {
	for _, t := range []time.Time{a.Recovered, a.Closed, a.Latest, a.Last} {
		if t.After(a.Recorded) {
			return t
		}
	}
	return time.Time{}
}

// around is the range of time, in epoch milliseconds, in which the events behind an alert lie; a second more on each side.
func around(a client.Alert) (from, to int64) {
	first, last := a.First, a.Last
	if first.IsZero() {
		first = a.Recorded
	}
	if last.Before(first) {
		last = first
	}
	return first.Add(-time.Second).UnixMilli(), last.Add(time.Second).UnixMilli()
}

func kindOf(a client.Alert) string {
	if a.Kind == "" {
		return "alert"
	}
	return a.Kind
}

func pairs(keys map[string]string) string {
	list := make([]string, 0, len(keys))
	for _, k := range slices.Sorted(maps.Keys(keys)) {
		list = append(list, k+"="+keys[k])
	}
	return strings.Join(list, ", ")
}

// annotation is the text under a mark in a panel. Grafana shows it as HTML that it cleans; here nothing of it is HTML.
func annotation(a client.Alert) string {
	lines := []string{a.Description, pairs(a.Keys)}
	if a.Device != "" {
		lines = append(lines, "device "+a.Device)
	}
	if a.Events > 0 {
		lines = append(lines, fmt.Sprintf("%d events", a.Events))
	}
	lines = slices.DeleteFunc(lines, func(s string) bool { return s == "" })
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(strings.Join(lines, "\n"))
}
