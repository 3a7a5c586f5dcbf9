package dashboards

import "github.com/logcenter/logcenter/grafana/pkg/model"

// sources is for those who run the log center.
func sources(d *Dashboard) {
	d.begin("log-sources", "Log source health",
		"Whether every device still sends, how much, how late, and whether its lines are understood; what inputs and plugins do and cost.", "10s", "now-1h")
	d.streams()
	d.values("host", "Host", "host.name", "")
	d.values("asset", "Asset", "asset.name", "")

	unparsed := "logcenter.flags:unparsed"
	d.number("Events", 4, count("", "", 0), "sum", "", unit("short"))
	d.number("Devices", 4, stats("", "host.name", "", 0, "distinct"), "sum", "", unit("short"))
	d.number("Senders", 4, stats("", "log.source.address", "", 0, "distinct"), "sum", "", unit("short"))
	d.number("Not understood", 4, count(unparsed, "", 0), "sum", "", unit("short"), red(1), describe("Lines that no parser could read. They are stored as they came."))
	d.number("Late", 4, count("logcenter.flags:late", "", 0), "sum", "", unit("short"), red(1))
	d.number("Silent devices", 4, alerts(model.AlertFilter{States: []string{"open"}, Rules: []string{silent}}), "count", alertID, red(1))

	d.bars("Events by device", 12, count("", "host.name", 10), unit("short"))
	d.bars("Events by input", 12, count("", "logcenter.input", 10), unit("short"))
	d.bars("Lines not understood, by sender", 12, count(unparsed, "log.source.address", 10), unit("short"))
	d.bars("Events by parser", 12, count("", "logcenter.parser", 10), unit("short"))
	d.table("Devices by the last event", 12, 10, []model.Query{
		terms("", "host.name", 200), stats("", "@timestamp", "host.name", 200, "max"), stats("", "event.ingested", "host.name", 200, "max"),
	}, rename("A", "count", "Events"), rename("B", "max", "Last event"), rename("C", "max", "Last received"),
		transform("joinByField", map[string]any{"byField": "host.name", "mode": "outer"}), name("host.name", "Device"), explore("host.name", "host.name"),
		setNamed("Last event", property{"unit", "dateTimeAsIso"}), setNamed("Last received", property{"unit", "dateTimeFromNow"}),
		describe("The last event by the device's clock, and when Logcenter received one last: the difference is how late or wrong the clock is."))
	d.alertTable("Devices that fell silent", 12, 10, model.AlertFilter{States: []string{"open"}, Rules: []string{silent}})
	d.table("Inputs", 24, 6, one(model.Query{Kind: model.Inputs}), hostColumns...)
	d.table("Plugins", 24, 10, one(model.Query{Kind: model.Plugins}), append(hostColumns, describe("CPU is that of the plugin's processes since the host started; per MB means of raw log."))...)
	d.table("Dead letters", 24, 8, one(model.Query{Kind: model.DeadLetters, Limit: 100}), append(hostColumns, describe("What could not be handled, with the reason."))...)
}

// hostColumns name the columns of what the host tells of itself.
var hostColumns = []func(*Dashboard, *Panel){
	name("input", "Input"), name("plugin", "Plugin"), name("kind", "Kind"), name("version", "Version"), name("state", "State"), name("reason", "Reason"), name("address", "Address"),
	name("records", "Records"), name("record rate", "Records per second"), name("bytes", "Bytes"), name("byte rate", "Bytes per second"), name("events", "Events"), name("errors", "Errors"), name("dropped", "Dropped"),
	name("cpu", "CPU"), name("cpu per MB", "CPU per MB"), name("restarts", "Restarts"), name("last record", "Last record"), name("last error", "Last error"), name("last failure", "Last failure"),
	name("time", "Time"), name("stage", "Stage"), name("message", "Message"), name("host", "Host"), name("line", "Line"),
}
