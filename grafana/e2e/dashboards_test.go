package e2e

import "github.com/logcenter/logcenter/sdk/client"

// Conditions of panels, written down once more: not as queries.
var (
	attack     = has("event.kind", "alert")
	fw         = has("observer.type", "firewall")
	ips        = has("observer.type", "ips")
	fwIPS      = has("observer.type", "firewall", "ips")
	waf        = has("observer.type", "waf")
	stopped    = has("event.type", "denied")
	failLogin  = both(has("event.category", "authentication"), has("event.outcome", "failure"))
	request    = both(has("event.category", "web"), there("http.response.status_code"))
	suspicious = both(request, either(
		contains("url.original", "union", "select", "sleep", "benchmark", "or%201=1", "'", "%27", "script", "onerror", "javascript:", "../", "%2e%2e", "etc/passwd"),
		contains("user_agent.original", "sqlmap", "nikto", "nmap", "masscan", "zgrab", "dirbuster", "gobuster", "wpscan", "acunetix", "nessus"),
	))
	bad      = has("log.level", "Error", "Fatal")
	server5  = within("http.response.status_code", 500, 599)
	unparsed = has("logcenter.flags", "unparsed")
)

const ports, status, size, duration, system = "destination.port", "http.response.status_code", "http.response.body.bytes", "event.duration", "service.type"

// panelWants is what each panel of each dashboard must show, in the order of the panels.
var panelWants = map[string][]want{
	"security-overview": {
		{"Events per second", perSecond},
		{"Events", total(anything)},
		{"Attacks", total(attack)},
		{"Attacks not stopped", total(both(attack, not(stopped)))},
		{"Open alerts", alertCount(open)},
		{"Silent devices", alertCount(openAnd("device-silent"))},
		{"Events by level", overTime(anything, "log.level", 5)},
		{"Events by type of device", overTime(anything, "observer.type", 10)},
		{"Where attacks come from", top(attack, "source.geo.country_iso_code", 250)},
		{"Top attackers", top(attack, "source.ip", 10)},
		{"Top targets", top(attack, "destination.ip", 10)},
		{"Levels", top(anything, "log.level", 5)},
		{"Top attacks", top(attack, "rule.name", 10)},
		{"Countries", top(attack, "source.geo.country_name", 10)},
		{"Alerts", alertsOf(pending("Error", "Fatal"))},
	},
	"firewall-ips": {
		{"Firewall events", total(fw)},
		{"IPS events", total(ips)},
		{"Stopped", total(both(fwIPS, stopped))},
		{"Failed logins", total(both(fw, failLogin))},
		{"Traffic", statistic(fw, "network.bytes", "sum")},
		{"Sources", statistic(fwIPS, "source.ip", "distinct")},
		{"What firewalls did", overTime(fw, "event.action", 10)},
		{"Intrusion prevention by level", overTime(ips, "log.level", 5)},
		{"Stopped sources", top(both(fwIPS, stopped), "source.ip", 10)},
		{"Targets of attacks", top(both(fwIPS, attack), "destination.ip", 10)},
		{"Ports that were stopped", top(both(fwIPS, stopped), ports, 10)},
		{"Ports by range", rangesOf(fwIPS, ports, []string{"0-1023", "1024-49151", "49152-65535"}, 0, 1024, 49152, 65536)},
		{"From level to rule to source", drill(ips, "log.level", "rule.name", "source.ip")},
		{"Rules", top(ips, "rule.name", 10)},
		{"Bytes of a connection", segmentsOf(fw, "network.bytes", "avg", "max")},
		{"How long connections last", percentilesOf(fw, duration, 50, 90, 95, 99)},
		{"Who fails to log in", top(both(fw, failLogin), "user.name", 10)},
		{"Severe attacks", newest(both(fwIPS, attack, has("log.level", "Fatal")), 100)},
	},
	"web": {
		{"Requests", total(request)},
		{"Errors of the server", total(both(request, server5))},
		{"Refused", total(both(request, within(status, 400, 499)))},
		{"Clients", statistic(request, "source.ip", "distinct")},
		{"Sent", statistic(request, size, "sum")},
		{"Suspicious requests", total(suspicious)},
		{"Requests by status", overTime(request, status, 10)},
		{"Time of an answer", segmentsOf(request, duration, "min", "avg", "max")},
		{"Status by range", rangesOf(request, status, []string{"2xx", "3xx", "4xx", "5xx"}, 200, 300, 400, 500, 600)},
		{"Percentiles of the time", percentilesOf(request, duration, 50, 90, 95, 99)},
		{"Sizes of answers", histogramOf(request, size, 2048)},
		{"Methods", top(request, "http.request.method", 8)},
		{"Pages", top(request, "url.path", 10)},
		{"Clients by requests", top(request, "source.ip", 10)},
		{"Programs", top(request, "user_agent.original", 10)},
		{"Where clients are", top(request, "source.geo.country_iso_code", 250)},
		{"Who attacks", top(suspicious, "source.ip", 10)},
		{"Attacked pages", top(suspicious, "url.path", 10)},
		{"Attacks on web servers that the IPS saw", overTime(both(ips, has(ports, "80", "443", "8080", "8443")), "rule.name", 8)},
		{"Suspicious lines", newest(suspicious, 100)},
	},
	"service-state": {
		{"Systems", several(
			top(anything, system, 100), top(bad, system, 100), top(server5, system, 100),
			byGroup(there(duration), system, duration, "avg", "max"), byGroup(anything, system, "@timestamp", "max"),
		)},
		{"Events", overTime(anything, system, 10)},
		{"Errors", overTime(bad, system, 10)},
		{"Answers 5xx", overTime(server5, system, 10)},
		{"Time taken", segmentsOf(anything, duration, "avg", "max")},
		{"Percentiles of the time", percentilesOf(anything, duration, 50, 90, 95, 99)},
		{"Events by system", top(anything, system, 10)},
		{"Results", top(anything, "event.outcome", 3)},
		{"Alerts", alertsOf(pending())},
	},
	"waf-quality": {
		{"Alerts", verdictCount("")},
		{"True positives", verdictCount("true_positive")},
		{"False positives", verdictCount("false_positive")},
		{"Benign", verdictCount("benign")},
		{"Not judged yet", verdictCount("open")},
		{"Missed attacks", missedCount},
		{"By rule", verdictsByRule},
		{"By device", verdicts("device", func(a client.Alert) string { return a.Device }, func(m client.MissedAttack) string { return m.Device })},
		{"By rule of a device", verdicts("device_rule", func(a client.Alert) string {
			if a.DeviceRule == "" {
				return ""
			}
			return a.Dataset + "/" + a.DeviceRule
		}, func(m client.MissedAttack) string { return m.Dataset + "/" + m.DeviceRule })},
		{"WAF events", total(waf)},
		{"WAF stopped", total(both(waf, stopped))},
		{"WAF let through", total(both(waf, has("event.type", "allowed")))},
		{"WAF sources", statistic(waf, "source.ip", "distinct")},
		{"What the WAF did", overTime(waf, "event.action", 10)},
		{"WAF by level", overTime(waf, "log.level", 5)},
		{"WAF rules", top(waf, "rule.name", 10)},
		{"WAF attackers", top(waf, "source.ip", 10)},
		{"Attacked pages", top(waf, "url.path", 10)},
		{"Alerts to judge", alertsOf(pending())},
	},
	"log-sources": {
		{"Events", total(anything)},
		{"Devices", statistic(anything, "host.name", "distinct")},
		{"Senders", statistic(anything, "log.source.address", "distinct")},
		{"Not understood", total(unparsed)},
		{"Late", total(has("logcenter.flags", "late"))},
		{"Silent devices", alertCount(openAnd("device-silent"))},
		{"Events by device", overTime(anything, "host.name", 10)},
		{"Events by input", overTime(anything, "logcenter.input", 10)},
		{"Lines not understood, by sender", overTime(unparsed, "log.source.address", 10)},
		{"Events by parser", overTime(anything, "logcenter.parser", 10)},
		{"Devices by the last event", several(
			top(anything, "host.name", 200), byGroup(anything, "host.name", "@timestamp", "max"), byGroup(anything, "host.name", "event.ingested", "max"),
		)},
		{"Devices that fell silent", alertsOf(openAnd("device-silent"))},
		{"Inputs", inputTable},
		{"Plugins", pluginTable},
		{"Dead letters", letterTable},
	},
}
