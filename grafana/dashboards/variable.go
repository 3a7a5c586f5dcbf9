package dashboards

import (
	"fmt"

	"github.com/logcenter/logcenter/grafana/pkg/model"
)

// variable is a variable of a dashboard.
type variable struct {
	Name        string         `json:"name"`
	Label       string         `json:"label"`
	Description string         `json:"description,omitempty"`
	Type        string         `json:"type"` // datasource, query or custom
	Datasource  any            `json:"datasource,omitempty"`
	Query       any            `json:"query"`
	Definition  string         `json:"definition,omitempty"`
	Refresh     int            `json:"refresh,omitempty"` // 1: when the dashboard is loaded, 2: when the time range changes
	Sort        int            `json:"sort,omitempty"`    // 5: by text in any case
	Multi       bool           `json:"multi,omitempty"`
	IncludeAll  bool           `json:"includeAll,omitempty"`
	AllValue    string         `json:"allValue,omitempty"`
	Options     []any          `json:"options"`
	Current     map[string]any `json:"current"`
	Hide        int            `json:"hide"`
}

// variableQuery is what the datasource's editor of variables writes.
type variableQuery struct {
	RefID  string `json:"refId"`
	Kind   string `json:"kind"` // streams or values
	Field  string `json:"field,omitempty"`
	Query  string `json:"query,omitempty"`
	Stream string `json:"stream,omitempty"`
}

func all() map[string]any { return map[string]any{"text": "All", "value": "$__all"} }

// streams lets the analyst choose a stream; all is every event that the token may see.
func (d *Dashboard) streams() {
	d.Templating.List = append(d.Templating.List, variable{
		Name: "stream", Label: d.say("Stream"), Type: "query", Datasource: source(), Query: variableQuery{RefID: "stream", Kind: "streams"}, Definition: "streams",
		Refresh: 1, Sort: 5, IncludeAll: true, AllValue: model.AllStreams, Options: []any{}, Current: all(),
	})
}

// values lets the analyst choose values of a field. All must not leave out events that lack the field, so it is no list
// of the values: Grafana puts it as it is where the variable stands.
func (d *Dashboard) values(name, label, field, query string) {
	d.Templating.List = append(d.Templating.List, variable{
		Name: name, Label: d.say(label), Type: "query", Datasource: source(),
		Query: variableQuery{RefID: name, Kind: "values", Field: field, Query: query, Stream: "$stream"}, Definition: "values of " + field,
		Refresh: 2, Sort: 5, Multi: true, IncludeAll: true, AllValue: fmt.Sprintf("* OR NOT _exists_:%s", field), Options: []any{}, Current: all(),
	})
	clause := fmt.Sprintf("(%s:$%s)", field, name)
	if d.scope != "" {
		clause = d.scope + " AND " + clause
	}
	d.scope = clause
}

// choice lets the analyst choose one of several words, which are the names of fields. The first is chosen at first.
func (d *Dashboard) choice(name, label string, words ...string) {
	v := variable{Name: name, Label: d.say(label), Type: "custom", Options: []any{}}
	text := ""
	for i, w := range words {
		if i > 0 {
			text += ","
		}
		text += w
		v.Options = append(v.Options, map[string]any{"text": w, "value": w, "selected": i == 0})
	}
	v.Query, v.Current = text, map[string]any{"text": words[0], "value": words[0]}
	d.Templating.List = append(d.Templating.List, v)
}
