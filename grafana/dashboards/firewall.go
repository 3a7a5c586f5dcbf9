package dashboards

import "github.com/logcenter/logcenter/grafana/pkg/model"

const (
	firewalls   = "observer.type:firewall"
	ips         = "observer.type:ips"
	denied      = "event.type:denied"
	badLogin    = "event.category:authentication AND event.outcome:failure"
	onBoth      = "observer.type:(firewall OR ips)"
	deniedFlows = onBoth + " AND " + denied
)

// firewall is for those who run firewalls and intrusion prevention.
func firewall(d *Dashboard) {
	d.begin("firewall-ips", "Firewall and IPS",
		"What firewalls and intrusion prevention let through and stop, who tries what, and who fails to log in.", "30s", "now-1h")
	d.streams()
	d.values("host", "Host", "host.name", onBoth)
	d.values("asset", "Asset", "asset.name", onBoth)
	d.alertAnnotations("Error", "Fatal")

	d.number("Firewall events", 4, count(firewalls, "", 0), "sum", "", unit("short"))
	d.number("IPS events", 4, count(ips, "", 0), "sum", "", unit("short"))
	d.number("Stopped", 4, count(deniedFlows, "", 0), "sum", "", unit("short"))
	d.number("Failed logins", 4, count(firewalls+" AND "+badLogin, "", 0), "sum", "", unit("short"), red(1))
	d.number("Traffic", 4, stats(firewalls, "network.bytes", "", 0, "sum"), "sum", "", unit("bytes"))
	d.number("Sources", 4, stats(onBoth, "source.ip", "", 0, "distinct"), "sum", "", unit("short"), describe("Different addresses that something came from."))

	d.bars("What firewalls did", 12, count(firewalls, "event.action", 10), unit("short"))
	d.bars("Intrusion prevention by level", 12, count(ips, "log.level", 5), levels, unit("short"))

	d.top("Stopped sources", 6, terms(deniedFlows, "source.ip", 10))
	d.top("Targets of attacks", 6, terms(onBoth+" AND "+attacks, "destination.ip", 10))
	d.top("Ports that were stopped", 6, terms(deniedFlows, "destination.port", 10))
	d.columnsOf("Ports by range", 6, chart(onBoth, model.Chart{Kind: model.NumericRanges, Field: "destination.port", Ranges: []model.Range{
		{Name: "0-1023", From: at(0), To: at(1024)}, {Name: "1024-49151", From: at(1024), To: at(49152)}, {Name: "49152-65535", From: at(49152), To: at(65536)},
	}}), describe("System, user and dynamic ports of RFC 6335."))

	d.table("From level to rule to source", 12, 10, one(chart(ips, model.Chart{
		Kind: model.DrillDown, By: []model.Level{{Field: "log.level", Size: 5}, {Field: "rule.name", Size: 5}, {Field: "source.ip", Size: 3}},
	})), name("log.level", "Level"), name("rule.name", "Rule"), name("source.ip", "Source"), name("share", "Share"), explore("source.ip", "source.ip"),
		describe("The most frequent rules of each level, and who set them off."))
	d.top("Rules", 12, terms(ips, "rule.name", 10), func(_ *Dashboard, p *Panel) { p.GridPos.H = 10 })

	d.lines("Bytes of a connection", 8, segments(firewalls, "network.bytes", "avg", "max"), unit("bytes"))
	d.top("How long connections last", 8, chart(firewalls, model.Chart{Kind: model.Percentiles, Field: "event.duration", Percents: []float64{50, 90, 95, 99}}), unit("ns"))
	d.top("Who fails to log in", 8, terms(firewalls+" AND "+badLogin, "user.name", 10))
	d.logs("Severe attacks", 24, 10, onBoth+" AND "+attacks+" AND log.level:Fatal", 100)
}

func at(v float64) *float64 { return &v }
