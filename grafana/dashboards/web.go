package dashboards

import "github.com/logcenter/logcenter/grafana/pkg/model"

const (
	requests = "event.category:web AND _exists_:http.response.status_code"
	// suspicious are the marks that attacks on web applications leave in a URL: SQL, scripts, ways out of a folder, programs.
	suspicious = `url.original:(/union|select|sleep|benchmark|or%201=1|'|%27/i OR /script|onerror|javascript:/i OR /\.\.\/|%2e%2e|etc\/passwd/i)`
	scanners   = `user_agent.original:/sqlmap|nikto|nmap|masscan|zgrab|dirbuster|gobuster|wpscan|acunetix|nessus/i`
)

// web is for those who run web servers.
func web(d *Dashboard) {
	d.begin("web", "Web access and intrusion", "Requests, answers and times of web servers, and what looks like an attack on them.", "30s", "now-1h")
	d.streams()
	d.values("host", "Host", "host.name", requests)
	d.values("asset", "Asset", "asset.name", requests)
	d.alertAnnotations("Error", "Fatal")

	d.number("Requests", 4, count(requests, "", 0), "sum", "", unit("short"))
	d.number("Errors of the server", 4, count(requests+" AND http.response.status_code:[500 TO 599]", "", 0), "sum", "", unit("short"), red(1))
	d.number("Refused", 4, count(requests+" AND http.response.status_code:[400 TO 499]", "", 0), "sum", "", unit("short"))
	d.number("Clients", 4, stats(requests, "source.ip", "", 0, "distinct"), "sum", "", unit("short"))
	d.number("Sent", 4, stats(requests, "http.response.body.bytes", "", 0, "sum"), "sum", "", unit("bytes"))
	d.number("Suspicious requests", 4, count(requests+" AND ("+suspicious+" OR "+scanners+")", "", 0), "sum", "", unit("short"), red(1),
		describe("URLs with SQL, scripts or ways out of a folder in them, and programs that look for weak spots."))

	d.bars("Requests by status", 12, count(requests, "http.response.status_code", 10), unit("short"))
	d.lines("Time of an answer", 12, segments(requests, "event.duration", "min", "avg", "max"), unit("ns"))

	d.columnsOf("Status by range", 6, chart(requests, model.Chart{Kind: model.NumericRanges, Field: "http.response.status_code", Ranges: []model.Range{
		{Name: "2xx", From: at(200), To: at(300)}, {Name: "3xx", From: at(300), To: at(400)}, {Name: "4xx", From: at(400), To: at(500)}, {Name: "5xx", From: at(500), To: at(600)},
	}}))
	d.top("Percentiles of the time", 6, chart(requests, model.Chart{Kind: model.Percentiles, Field: "event.duration", Percents: []float64{50, 90, 95, 99}}), unit("ns"))
	d.sizes("Sizes of answers", 6, chart(requests, model.Chart{Kind: model.Histogram, Field: "http.response.body.bytes", Width: 2048}),
		describe("Requests by the size of their answer, 2 KiB a bar."))
	d.share("Methods", 6, terms(requests, "http.request.method", 8))

	d.top("Pages", 8, terms(requests, "url.path", 10))
	d.top("Clients by requests", 8, terms(requests, "source.ip", 10))
	d.top("Programs", 8, terms(requests, "user_agent.original", 10))

	d.world("Where clients are", 12, 10, requests, "source.geo.country_iso_code")
	d.top("Who attacks", 6, terms(requests+" AND ("+suspicious+" OR "+scanners+")", "source.ip", 10), func(_ *Dashboard, p *Panel) { p.GridPos.H = 10 })
	d.top("Attacked pages", 6, terms(requests+" AND ("+suspicious+" OR "+scanners+")", "url.path", 10), func(_ *Dashboard, p *Panel) { p.GridPos.H = 10 })
	d.bars("Attacks on web servers that the IPS saw", 12, count(ips+" AND destination.port:(80 OR 443 OR 8080 OR 8443)", "rule.name", 8), unit("short"))
	d.logs("Suspicious lines", 12, 8, requests+" AND ("+suspicious+" OR "+scanners+")", 100)
}
