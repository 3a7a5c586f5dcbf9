// Package dashboards describes the dashboards that come with the datasource, once for all languages. The files in en and zh
// are made of it: `go test ./grafana/dashboards -update`.
//
// No dashboard names a datasource: each has the variable datasource, so that it works wherever one of Logcenter is. All
// that is drawn comes from Grafana and from the plugin itself; nothing is fetched from the internet.
package dashboards

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/logcenter/logcenter/grafana/pkg/model"
)

// Datasource is the type of the datasource, the plugin's id.
const Datasource = "logcenter-logcenter-datasource"

// schemaVersion is the last one of Grafana's first dashboard API, which Grafana 12 writes and older ones read.
const schemaVersion = 42

// Dashboard is one of Grafana's, as far as it is used here.
type Dashboard struct {
	UID           string         `json:"uid"`
	Title         string         `json:"title"`
	Description   string         `json:"description"`
	Tags          []string       `json:"tags"`
	Timezone      string         `json:"timezone"`
	Editable      bool           `json:"editable"`
	GraphTooltip  int            `json:"graphTooltip"` // 1: the crosshair is that of all panels
	Refresh       string         `json:"refresh"`
	SchemaVersion int            `json:"schemaVersion"`
	Time          timeRange      `json:"time"`
	TimePicker    map[string]any `json:"timepicker"`
	Templating    list[variable] `json:"templating"`
	Annotations   list[any]      `json:"annotations"`
	Links         []any          `json:"links"`
	Panels        []*Panel       `json:"panels"`

	lang  Language
	slug  string
	bad   []string // texts without a translation
	said  []string // texts that were translated
	scope string   // what the variables select, joined to every query
	x, y  int      // where the next panel goes
	tall  int      // of the row that is being filled
}

type timeRange struct {
	From string `json:"from"`
	To   string `json:"to"`
}

type list[T any] struct {
	List []T `json:"list"`
}

// All makes the dashboards of one language. The error says what has no translation.
func All(lang Language) ([]*Dashboard, error) {
	var all []*Dashboard
	for _, describe := range []func(*Dashboard){security, firewall, web, services, waf, sources} {
		d := &Dashboard{
			Timezone: "browser", Editable: true, GraphTooltip: 1, SchemaVersion: schemaVersion, lang: lang,
			TimePicker: map[string]any{"refresh_intervals": []string{"5s", "10s", "30s", "1m", "5m", "15m", "1h"}},
		}
		describe(d)
		if d.bad != nil {
			return nil, fmt.Errorf("%s: these have no translation into %s, write it into words.go: %q", d.slug, lang, d.bad)
		}
		all = append(all, d)
	}
	return all, nil
}

// File is the dashboard's file below this folder.
func (d *Dashboard) File() string { return string(d.lang) + "/" + d.slug + ".json" }

// JSON is the file's content.
func (d *Dashboard) JSON() ([]byte, error) {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(d)
	return out.Bytes(), err
}

// begin names a dashboard. from is e.g. now-1h, the time range at first.
func (d *Dashboard) begin(slug, title, description, refresh, from string) {
	d.slug, d.UID = slug, "logcenter-"+slug+"-"+string(d.lang)
	d.Title, d.Description = d.say(title), d.say(description)
	d.Tags = []string{"logcenter", "logcenter-" + string(d.lang)}
	d.Refresh, d.Time = refresh, timeRange{from, "now"}
	d.Links = []any{
		map[string]any{
			"title": d.say("Dashboards"), "type": "dashboards", "icon": "external link", "tags": []string{"logcenter-" + string(d.lang)},
			"asDropdown": true, "includeVars": true, "keepTime": true, "targetBlank": false, "tooltip": "", "url": "",
		},
		map[string]any{
			"title": d.say("Big screen"), "type": "link", "icon": "dashboard", "tags": []string{}, "url": "/d/" + d.UID + "?kiosk&refresh=5s",
			"asDropdown": false, "includeVars": true, "keepTime": true, "targetBlank": true, "tooltip": d.say("without menus, refreshed every 5 seconds"),
		},
	}
	d.Annotations.List = []any{}
	d.Templating.List = []variable{{
		Name: "datasource", Label: d.say("Data source"), Type: "datasource", Query: Datasource, Refresh: 1,
		Options: []any{}, Current: map[string]any{"text": "", "value": ""},
	}}
}

// alertAnnotations marks alerts of these severities in all charts over time.
func (d *Dashboard) alertAnnotations(severities ...string) {
	d.Annotations.List = append(d.Annotations.List, map[string]any{
		"name": d.say("Alerts"), "datasource": source(), "enable": true, "hide": false, "iconColor": "red",
		"target": target{RefID: "Anno", Query: model.Query{Version: model.Version, Kind: model.Alerts, Alerts: &model.AlertFilter{Severities: severities}}},
	})
}

// say translates a text.
func (d *Dashboard) say(english string) string {
	d.said = append(d.said, english)
	if d.lang == English {
		return english
	}
	translated, ok := chinese[english]
	if !ok {
		d.bad = append(d.bad, english)
	}
	return translated
}

func source() map[string]string {
	return map[string]string{"type": Datasource, "uid": "${datasource}"}
}
