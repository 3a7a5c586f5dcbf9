package dashboards

import "github.com/logcenter/logcenter/grafana/pkg/model"

const wafs = "observer.type:waf"

// waf is for those who tune a web application firewall.
func waf(d *Dashboard) {
	d.begin("waf-quality", "WAF quality",
		"How good the rules are: what analysts found alerts to be, which were false, which attacks nobody alerted on, for each rule, device and rule of a device; and what the WAF itself did.",
		"1m", "now-7d")
	d.streams()
	d.values("host", "Host", "host.name", wafs)
	d.alertAnnotations("Error", "Fatal")

	byRule := rates("")
	d.number("Alerts", 4, byRule, "sum", "/^alerts$/")
	d.number("True positives", 4, byRule, "sum", "/^true_positives$/")
	d.number("False positives", 4, byRule, "sum", "/^false_positives$/", red(1))
	d.number("Benign", 4, byRule, "sum", "/^benign$/", describe("What the rule is meant to find happened, but was no attack."))
	d.number("Not judged yet", 4, byRule, "sum", "/^unjudged$/")
	d.number("Missed attacks", 4, byRule, "sum", "/^missed$/", red(1), describe("Attacks that analysts recorded and nothing alerted on: false negatives."))

	d.table("By rule", 24, 9, one(byRule), rateColumns...)
	d.table("By device", 12, 9, one(rates("device")), rateColumns...)
	d.table("By rule of a device", 12, 9, one(rates("device_rule")), rateColumns...)

	d.number("WAF events", 6, count(wafs, "", 0), "sum", "", unit("short"))
	d.number("WAF stopped", 6, count(wafs+" AND "+denied, "", 0), "sum", "", unit("short"))
	d.number("WAF let through", 6, count(wafs+" AND event.type:allowed", "", 0), "sum", "", unit("short"))
	d.number("WAF sources", 6, stats(wafs, "source.ip", "", 0, "distinct"), "sum", "", unit("short"))
	d.bars("What the WAF did", 12, count(wafs, "event.action", 10), unit("short"))
	d.bars("WAF by level", 12, count(wafs, "log.level", 5), levels, unit("short"))
	d.top("WAF rules", 8, terms(wafs, "rule.name", 10))
	d.top("WAF attackers", 8, terms(wafs, "source.ip", 10))
	d.top("Attacked pages", 8, terms(wafs, "url.path", 10))
	d.alertTable("Alerts to judge", 24, 9, model.AlertFilter{States: []string{"open", "acknowledged"}})
}

var rateColumns = []func(*Dashboard, *Panel){
	name("rule", "Rule"), name("device", "Device"), name("dataset", "Data set"), name("device_rule", "Rule of the device"),
	name("alerts", "Alerts"), name("repeats", "Repeats"), name("true_positives", "True positives"), name("false_positives", "False positives"), name("benign", "Benign"),
	name("unjudged", "Not judged yet"), name("missed", "Missed attacks"),
	set("false_positive_rate", property{"unit", "percentunit"}), name("false_positive_rate", "False positive rate"),
	set("false_negative_rate", property{"unit", "percentunit"}), name("false_negative_rate", "False negative rate"),
}
