package dashboards

import "github.com/logcenter/logcenter/grafana/pkg/model"

// What devices for security say they saw or stopped: event.kind of ECS.
const attacks = "event.kind:alert"

// silent is the rule that alerts when a device stops to send.
const silent = "device-silent"

// security is the big screen of a control room.
func security(d *Dashboard) {
	d.begin("security-overview", "Security overview",
		"The state of security at a glance, for a big screen: how much comes in, where attacks come from and whom they meet, what is alerted on, who has fallen silent.",
		"5s", "now-1h")
	d.streams()
	d.values("host", "Host", "host.name", "")
	d.values("asset", "Asset", "asset.name", "")
	d.alertAnnotations("Fatal")

	perSecond := count("", "", 0)
	perSecond.Chart.Interval = "1s"
	d.number("Events per second", 4, perSecond, "mean", "", unit("eps"), lastMinute, describe("The mean of the last minute."))
	d.number("Events", 4, count("", "", 0), "sum", "", unit("short"))
	d.number("Attacks", 4, count(attacks, "", 0), "sum", "", unit("short"), red(1),
		describe("Events in which a device for security reports an attack, stopped or not."))
	d.number("Attacks not stopped", 4, count(attacks+" AND NOT event.type:denied", "", 0), "sum", "", unit("short"), red(1))
	d.number("Open alerts", 4, alerts(model.AlertFilter{States: []string{"open"}}), "count", alertID, red(1))
	d.number("Silent devices", 4, alerts(model.AlertFilter{States: []string{"open"}, Rules: []string{silent}}), "count", alertID, red(1),
		describe("Devices that used to send and have stopped, by the rule device-silent."))

	d.bars("Events by level", 12, count("", "log.level", 5), levels, unit("short"))
	d.bars("Events by type of device", 12, count("", "observer.type", 10), unit("short"))

	d.world("Where attacks come from", 12, 13, attacks, "source.geo.country_iso_code",
		describe("By the country of the source's address. The map is part of the plugin: nothing is fetched from the internet."))
	d.top("Top attackers", 6, terms(attacks, "source.ip", 10))
	d.top("Top targets", 6, terms(attacks, "destination.ip", 10))
	d.y, d.x, d.tall = d.y+8, 12, 5
	d.share("Levels", 12, terms("", "log.level", 5), func(_ *Dashboard, p *Panel) { p.GridPos.H = 5 })

	d.top("Top attacks", 8, terms(attacks, "rule.name", 10))
	d.top("Countries", 4, terms(attacks, "source.geo.country_name", 10))
	d.alertTable("Alerts", 12, 8, model.AlertFilter{States: []string{"open", "acknowledged"}, Severities: []string{"Error", "Fatal"}})
}

// alertID is the column of an answer with alerts that each row has.
const alertID = "/^id$/"

// alertTable lists alerts, the newest first.
func (d *Dashboard) alertTable(title string, wide, high int, f model.AlertFilter) {
	d.table(title, wide, high, one(alerts(f)),
		transform("organize", map[string]any{
			"includeByName": map[string]any{"time": true, "severity": true, "title": true, "state": true, "device": true, "events": true},
			"indexByName":   map[string]any{"time": 0, "severity": 1, "title": 2, "device": 3, "state": 4, "events": 5},
		}),
		name("time", "Time"), name("severity", "Level"), name("title", "Alert"), name("device", "Device"), name("state", "State"), name("events", "Events"))
}
