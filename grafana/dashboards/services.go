package dashboards

import "github.com/logcenter/logcenter/grafana/pkg/model"

// services is for those who answer for business systems.
func services(d *Dashboard) {
	d.begin("service-state", "Service state",
		"How each business system is: how much it does, the share of errors and of answers 5xx, how long it takes, when it was last heard of. What a system is, the variable says: the list of assets (asset.system), or what the lines themselves say.",
		"30s", "now-1h")
	d.streams()
	d.values("host", "Host", "host.name", "")
	d.values("asset", "Asset", "asset.name", "")
	d.choice("by", "System by", "service.type", "asset.system", "asset.name", "host.name", "event.module")
	d.alertAnnotations("Error", "Fatal")

	failed := "log.level:(Error OR Fatal)"
	server := "http.response.status_code:[500 TO 599]"
	by := "$by"
	d.table("Systems", 24, 9, []model.Query{
		terms("", by, 100), terms(failed, by, 100), terms(server, by, 100), stats("_exists_:event.duration", "event.duration", by, 100, "avg", "max"), stats("", "@timestamp", by, 100, "max"),
	},
		rename("A", "count", "Events"), rename("B", "count", "Errors"), rename("C", "count", "Answers 5xx"),
		rename("D", "avg", "Mean time", "max", "Longest time"), rename("E", "max", "Last event"),
		transform("joinByField", map[string]any{"byField": by, "mode": "outer"}),
		ratio("Share of errors", "Errors", "Events"), ratio("Share of 5xx", "Answers 5xx", "Events"),
		setNamed("Mean time", property{"unit", "ns"}), setNamed("Longest time", property{"unit", "ns"}), setNamed("Last event", property{"unit", "dateTimeFromNow"}),
		describe("Errors are events of the levels Error and Fatal; times are event.duration; the last event is by the clock of the device."))
	d.bars("Events", 12, count("", by, 10), unit("short"))
	d.bars("Errors", 12, count(failed, by, 10), unit("short"))
	d.bars("Answers 5xx", 12, count(server, by, 10), unit("short"))
	d.lines("Time taken", 12, segments("", "event.duration", "avg", "max"), unit("ns"))
	d.top("Percentiles of the time", 8, chart("", model.Chart{Kind: model.Percentiles, Field: "event.duration", Percents: []float64{50, 90, 95, 99}}), unit("ns"))
	d.share("Events by system", 8, terms("", by, 10))
	d.share("Results", 8, terms("", "event.outcome", 3))
	d.alertTable("Alerts", 24, 8, model.AlertFilter{States: []string{"open", "acknowledged"}})
}
