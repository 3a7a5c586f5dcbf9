package dashboards

import (
	"encoding/json"
	"net/url"
	"strings"

	"github.com/logcenter/logcenter/grafana/pkg/model"
)

// Queries.

func chart(query string, c model.Chart) model.Query {
	return model.Query{Kind: model.Metrics, Text: query, Chart: &c}
}

// count is events over time, beside each other by the values of a field; empty: alone.
func count(query, by string, size int) model.Query {
	q := chart(query, model.Chart{Kind: model.EventCount})
	if by != "" {
		q.Chart.By = []model.Level{{Field: by, Size: size}}
	}
	return q
}

func terms(query, field string, size int) model.Query {
	return chart(query, model.Chart{Kind: model.Terms, Field: field, Size: size})
}

// stats are single values of a field, for each value of by; empty: for all events.
func stats(query, field, by string, size int, calcs ...string) model.Query {
	q := chart(query, model.Chart{Kind: model.FieldStats, Field: field, Calcs: calcs})
	if by != "" {
		q.Chart.By = []model.Level{{Field: by, Size: size}}
	}
	return q
}

// segments are calculations of a field over time.
func segments(query, field string, calcs ...string) model.Query {
	return chart(query, model.Chart{Kind: model.TimeSegments, Field: field, Calcs: calcs})
}

func alerts(f model.AlertFilter) model.Query {
	return model.Query{Kind: model.Alerts, Limit: 1000, Alerts: &f}
}

func rates(by string) model.Query {
	return model.Query{Kind: model.Rates, Alerts: &model.AlertFilter{By: by}}
}

func one(q ...model.Query) []model.Query { return q }

// Panels.

// number is a single value: calc is how the values of the answer become one, as Grafana names it.
func (d *Dashboard) number(title string, wide int, q model.Query, calc, fields string, more ...func(*Dashboard, *Panel)) {
	mode := "area"
	if q.Kind != model.Metrics || q.Chart.Kind != model.EventCount {
		mode = "none"
	}
	d.add("stat", title, wide, 4, one(q), map[string]any{
		"reduceOptions": map[string]any{"values": false, "calcs": []string{calc}, "fields": fields},
		"colorMode":     "value", "graphMode": mode, "justifyMode": "auto", "orientation": "auto", "textMode": "value", "wideLayout": true,
		"showPercentChange": false, "percentChangeColorMode": "standard",
	}, more...)
}

// bars are counts over time, stacked.
func (d *Dashboard) bars(title string, wide int, q model.Query, more ...func(*Dashboard, *Panel)) {
	stacked := func(_ *Dashboard, p *Panel) {
		p.FieldConfig.Defaults["custom"] = map[string]any{
			"drawStyle": "bars", "fillOpacity": 80, "lineWidth": 0, "stacking": map[string]any{"mode": "normal", "group": "A"},
		}
	}
	d.add("timeseries", title, wide, 8, one(q), overTime(), append([]func(*Dashboard, *Panel){stacked}, more...)...)
}

// lines are values over time.
func (d *Dashboard) lines(title string, wide int, q model.Query, more ...func(*Dashboard, *Panel)) {
	drawn := func(_ *Dashboard, p *Panel) {
		p.FieldConfig.Defaults["custom"] = map[string]any{"drawStyle": "line", "fillOpacity": 10, "lineWidth": 1, "showPoints": "auto", "spanNulls": false}
	}
	d.add("timeseries", title, wide, 8, one(q), overTime(), append([]func(*Dashboard, *Panel){drawn}, more...)...)
}

func overTime() map[string]any {
	return map[string]any{
		"legend":  map[string]any{"displayMode": "list", "placement": "bottom", "showLegend": true, "calcs": []string{}},
		"tooltip": map[string]any{"mode": "multi", "sort": "desc"},
	}
}

// top are the most frequent values of a field, as bars.
func (d *Dashboard) top(title string, wide int, q model.Query, more ...func(*Dashboard, *Panel)) {
	links := func(*Dashboard, *Panel) {}
	if q.Chart.Kind == model.Terms {
		links = explore(q.Chart.Field, "count")
	}
	d.add("bargauge", title, wide, 8, one(q), map[string]any{
		"reduceOptions": map[string]any{"values": true, "calcs": []string{}, "fields": "", "limit": 25},
		"orientation":   "horizontal", "displayMode": "gradient", "valueMode": "text", "showUnfilled": true, "namePlacement": "left", "sizing": "auto",
		"minVizWidth": 8, "minVizHeight": 10, "maxVizHeight": 40,
		"legend": map[string]any{"displayMode": "list", "placement": "bottom", "showLegend": false, "calcs": []string{}},
	}, append([]func(*Dashboard, *Panel){links}, more...)...)
}

// share is a ring of the values of a field.
func (d *Dashboard) share(title string, wide int, q model.Query, more ...func(*Dashboard, *Panel)) {
	d.add("piechart", title, wide, 8, one(q), map[string]any{
		"reduceOptions": map[string]any{"values": true, "calcs": []string{}, "fields": ""}, "pieType": "donut", "orientation": "auto", "displayLabels": []string{"percent"},
		"legend":  map[string]any{"displayMode": "table", "placement": "right", "showLegend": true, "values": []string{"value", "percent"}, "calcs": []string{}},
		"tooltip": map[string]any{"mode": "single", "sort": "none"},
	}, more...)
}

// columnsOf are bars beside each other, one for each row.
func (d *Dashboard) columnsOf(title string, wide int, q model.Query, more ...func(*Dashboard, *Panel)) {
	d.add("barchart", title, wide, 8, one(q), map[string]any{
		"orientation": "auto", "stacking": "none", "showValue": "auto", "barWidth": 0.97, "groupWidth": 0.7, "barRadius": 0, "fullHighlight": false,
		"xTickLabelRotation": 0, "xTickLabelSpacing": 100, "xTickLabelMaxLength": 0,
		"legend":  map[string]any{"displayMode": "list", "placement": "bottom", "showLegend": false, "calcs": []string{}},
		"tooltip": map[string]any{"mode": "single", "sort": "none"},
	}, more...)
}

// sizes are counts of events by the size of a number.
func (d *Dashboard) sizes(title string, wide int, q model.Query, more ...func(*Dashboard, *Panel)) {
	d.add("histogram", title, wide, 8, one(q), map[string]any{
		"combine": false, "legend": map[string]any{"displayMode": "list", "placement": "bottom", "showLegend": false, "calcs": []string{}},
		"tooltip": map[string]any{"mode": "single", "sort": "none"},
	}, more...)
}

func (d *Dashboard) table(title string, wide, high int, queries []model.Query, more ...func(*Dashboard, *Panel)) {
	d.add("table", title, wide, high, queries, map[string]any{"showHeader": true, "cellHeight": "sm", "frameIndex": 0}, more...)
}

// logs are lines as they came.
func (d *Dashboard) logs(title string, wide, high int, query string, limit int, more ...func(*Dashboard, *Panel)) {
	d.add("logs", title, wide, high, one(model.Query{Kind: model.Logs, Text: query, Limit: limit}), map[string]any{
		"showTime": true, "showLabels": false, "showCommonLabels": false, "wrapLogMessage": true, "prettifyLogMessage": false,
		"enableLogDetails": true, "showLogContextToggle": true, "dedupStrategy": "none", "sortOrder": "Descending",
	}, more...)
}

// land is a map of the land without borders and names, which nobody disputes; it is in the plugin's folder.
const land = "public/plugins/" + Datasource + "/img/land.geojson"

// world shows how many events come from which country, at the country's place in Grafana's own list.
func (d *Dashboard) world(title string, wide, high int, query, field string, more ...func(*Dashboard, *Panel)) {
	q := chart(query, model.Chart{Kind: model.Terms, Field: field, Size: 250})
	size := map[string]any{"field": "count", "fixed": 5, "min": 4, "max": 30}
	d.add("geomap", title, wide, high, one(q), map[string]any{
		"basemap": map[string]any{
			"name": d.say("Land"), "type": "geojson", "config": map[string]any{
				"src": land, "rules": []any{}, "style": map[string]any{"color": map[string]any{"fixed": "rgb(87, 94, 110)"}, "opacity": 0.4},
			},
		},
		"view":     map[string]any{"id": "zero", "allLayers": true, "lat": 20, "lon": 10, "zoom": 1},
		"controls": map[string]any{"showZoom": true, "mouseWheelZoom": false, "showAttribution": false, "showScale": false, "showMeasure": false, "showDebug": false},
		"tooltip":  map[string]any{"mode": "details"},
		"layers": []any{map[string]any{
			"name": d.say("Events"), "type": "markers", "tooltip": true,
			"location": map[string]any{"mode": "lookup", "lookup": field, "gazetteer": "public/gazetteer/countries.json"},
			"config": map[string]any{"showLegend": false, "style": map[string]any{
				"size": size, "color": map[string]any{"fixed": "red"}, "opacity": 0.5, "symbol": map[string]any{"mode": "fixed", "fixed": "img/icons/marker/circle.svg"},
			}},
		}},
	}, more...)
}

// exploreURL shows the lines that have the value of a field in the row that is clicked.
func exploreURL(field string) string {
	panes, err := json.Marshal(map[string]any{"logcenter": map[string]any{
		"datasource": "DATASOURCE",
		"queries": []any{map[string]any{
			"refId": "A", "datasource": map[string]any{"type": Datasource, "uid": "DATASOURCE"},
			"v": model.Version, "kind": model.Logs, "editor": "code", "query": field + `:"VALUE"`,
		}},
		"range": map[string]any{"from": "FROM", "to": "UNTIL"},
	}})
	if err != nil {
		panic(err) // all of it is written above
	}
	return "/explore?schemaVersion=1&orgId=${__org.id}&panes=" + strings.NewReplacer(
		"DATASOURCE", "${datasource}", "VALUE", `${__data.fields["`+field+`"]:percentencode}`, "FROM", "${__from}", "UNTIL", "${__to}",
	).Replace(url.QueryEscape(string(panes)))
}
