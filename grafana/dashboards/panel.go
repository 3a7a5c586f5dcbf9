package dashboards

import (
	"github.com/logcenter/logcenter/grafana/pkg/model"
)

// Panel is one panel.
type Panel struct {
	ID              int            `json:"id"`
	Type            string         `json:"type"`
	Title           string         `json:"title"`
	Description     string         `json:"description,omitempty"`
	GridPos         gridPos        `json:"gridPos"`
	Datasource      any            `json:"datasource"`
	Targets         []target       `json:"targets"`
	TimeFrom        string         `json:"timeFrom,omitempty"` // a range of its own, up to now
	HideTime        bool           `json:"hideTimeOverride,omitempty"`
	FieldConfig     fieldConfig    `json:"fieldConfig"`
	Options         map[string]any `json:"options"`
	Transformations []any          `json:"transformations,omitempty"`
}

type gridPos struct {
	H int `json:"h"`
	W int `json:"w"`
	X int `json:"x"`
	Y int `json:"y"`
}

// target is a query of a panel as it stands in a dashboard.
type target struct {
	Datasource any    `json:"datasource,omitempty"`
	RefID      string `json:"refId"`
	model.Query
}

type fieldConfig struct {
	Defaults  map[string]any `json:"defaults"`
	Overrides []override     `json:"overrides"`
}

type override struct {
	Matcher    matcher    `json:"matcher"`
	Properties []property `json:"properties"`
}

type matcher struct {
	ID      string `json:"id"`
	Options any    `json:"options"`
}

type property struct {
	ID    string `json:"id"`
	Value any    `json:"value"`
}

const columns = 24 // of Grafana's grid

// add puts a panel behind the one before, in the next row if there is no room.
func (d *Dashboard) add(kind, title string, wide, high int, queries []model.Query, options map[string]any, more ...func(*Dashboard, *Panel)) {
	if d.x+wide > columns {
		d.x, d.y, d.tall = 0, d.y+d.tall, 0
	}
	p := &Panel{
		ID: len(d.Panels) + 1, Type: kind, Title: d.say(title), GridPos: gridPos{high, wide, d.x, d.y}, Datasource: source(), Options: options,
		FieldConfig: fieldConfig{Defaults: map[string]any{}, Overrides: []override{}},
	}
	d.x, d.tall = d.x+wide, max(d.tall, high)
	for i, q := range queries {
		q.Version, q.Editor = model.Version, "code"
		if q.Kind != model.Alerts && q.Kind != model.Rates && q.Kind != model.Plugins && q.Kind != model.Inputs && q.Kind != model.DeadLetters {
			q.Stream, q.Text = "$stream", d.within(q.Text)
		}
		p.Targets = append(p.Targets, target{source(), string(rune('A' + i)), q})
	}
	for _, m := range more {
		m(d, p)
	}
	d.Panels = append(d.Panels, p)
}

// within joins what the dashboard's variables select.
func (d *Dashboard) within(query string) string {
	switch {
	case d.scope == "":
		return query
	case query == "":
		return d.scope
	default:
		return "(" + query + ") AND " + d.scope
	}
}

// Options of panels.

func describe(text string) func(*Dashboard, *Panel) {
	return func(d *Dashboard, p *Panel) { p.Description = d.say(text) }
}

func unit(name string) func(*Dashboard, *Panel) {
	return func(_ *Dashboard, p *Panel) { p.FieldConfig.Defaults["unit"] = name }
}

func lastMinute(_ *Dashboard, p *Panel) { p.TimeFrom = "1m" }

// red is the colour from a value on; below it is green.
func red(from float64) func(*Dashboard, *Panel) {
	return func(_ *Dashboard, p *Panel) {
		p.FieldConfig.Defaults["thresholds"] = map[string]any{"mode": "absolute", "steps": []any{
			map[string]any{"color": "green", "value": nil}, map[string]any{"color": "red", "value": from},
		}}
		p.FieldConfig.Defaults["color"] = map[string]any{"mode": "thresholds"}
	}
}

// transform adds a transformation that Grafana makes with the answer.
func transform(id string, options map[string]any) func(*Dashboard, *Panel) {
	return func(_ *Dashboard, p *Panel) {
		p.Transformations = append(p.Transformations, map[string]any{"id": id, "options": options})
	}
}

func set(field string, properties ...property) func(*Dashboard, *Panel) {
	return func(_ *Dashboard, p *Panel) {
		p.FieldConfig.Overrides = append(p.FieldConfig.Overrides, override{matcher{"byName", field}, properties})
	}
}

// name gives a column a name in the reader's language.
func name(field, title string) func(*Dashboard, *Panel) {
	return func(d *Dashboard, p *Panel) {
		p.FieldConfig.Overrides = append(p.FieldConfig.Overrides, override{matcher{"byName", field}, []property{{"displayName", d.say(title)}}})
	}
}

// explore lets a click on a column show in Explore the lines that have the row's value of a field.
func explore(field, column string) func(*Dashboard, *Panel) {
	return func(d *Dashboard, p *Panel) {
		p.FieldConfig.Overrides = append(p.FieldConfig.Overrides, override{matcher{"byName", column}, []property{
			{"links", []any{map[string]any{"title": d.say("Lines in Explore"), "url": exploreURL(field), "targetBlank": true}}},
		}})
	}
}

// rename gives columns of one query's answer names of their own before answers are joined; from, to, from, to, ….
func rename(refID string, names ...string) func(*Dashboard, *Panel) {
	return func(d *Dashboard, p *Panel) {
		to := map[string]string{}
		for i := 0; i+1 < len(names); i += 2 {
			to[names[i]] = d.say(names[i+1])
		}
		p.Transformations = append(p.Transformations, map[string]any{
			"id": "organize", "filter": matcher{"byRefId", refID}, "options": map[string]any{"renameByName": to},
		})
	}
}

// ratio adds a column: one divided by another.
func ratio(title, part, whole string) func(*Dashboard, *Panel) {
	return func(d *Dashboard, p *Panel) {
		transform("calculateField", map[string]any{
			"alias": d.say(title), "mode": "binary", "replaceFields": false,
			"binary": map[string]any{"left": d.say(part), "operator": "/", "right": d.say(whole)},
		})(d, p)
		setNamed(title, property{"unit", "percentunit"})(d, p)
	}
}

// setNamed sets properties of a column that a transformation has given a name.
func setNamed(title string, properties ...property) func(*Dashboard, *Panel) {
	return func(d *Dashboard, p *Panel) { set(d.say(title), properties...)(d, p) }
}

// levels give the series of log.level their usual colours.
func levels(_ *Dashboard, p *Panel) {
	for _, l := range [][2]string{{"Debug", "blue"}, {"Info", "green"}, {"Warn", "yellow"}, {"Error", "orange"}, {"Fatal", "red"}} {
		p.FieldConfig.Overrides = append(p.FieldConfig.Overrides, override{matcher{"byName", l[0]}, []property{
			{"color", map[string]any{"mode": "fixed", "fixedColor": l[1]}},
		}})
	}
}
