package e2e

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/sdk/client"
)

// TestEventsAreTheLines ties the events that panels are compared with to the lines that were sent: what can be read off a
// line with a regular expression is what the events say.
func TestEventsAreTheLines(t *testing.T) {
	w := theWorld(t)
	var events []client.Event
	for _, m := range w.events {
		events = append(events, m.ev)
	}
	n, err := w.host.Count(t.Context(), "logcenter.input:syslog")
	require.NoError(t, err)
	assert.EqualValues(t, len(w.lines), n, "a line is missing, or is there twice")
	// A line whose time is damaged is of the time when it came, which is after the hour.
	assert.InDelta(t, len(w.lines), len(events), 20)

	// A line that is damaged may have the mark of a kind and not be of it: some are let off.
	for _, tt := range []struct {
		what, line string // a regular expression, whose group is the value
		field      string
		where      is
		rename     map[string]string
		damaged    float64
	}{
		{"levels of the IPS", `;danger_degree:(\d);`, "log.level", has("observer.type", "ips"), map[string]string{"1": "Warn", "2": "Error", "3": "Fatal"}, 5},
		{"sources of the IPS", `;src_addr:([\d.]+);`, "source.ip", has("observer.type", "ips"), nil, 5},
		{"targets of the IPS", `;dst_addr:([\d.]+);`, "destination.ip", has("observer.type", "ips"), nil, 5},
		{"status of web servers", `HTTP/\d(?:\.\d)?" (\d{3}) \d+ "`, "http.response.status_code", has("event.dataset", "nginx.access"), nil, 5},
		{"methods of requests", `^\S+ - \S+ \[[^\]]+\] "([A-Z]+) /`, "http.request.method", has("event.dataset", "nginx.access"), nil, 5},
		{"names of firewalls", `^<\d+>\S+ \S+ (\S+)%%`, "host.name", has("observer.type", "firewall"), nil, 5},
		{"what the WAF did", `,request_status="(\w+)"`, "event.action", has("observer.type", "waf"), nil, 5},
		{"attackers of the WAF", `,ip_client="([\d.]+)"`, "source.ip", has("observer.type", "waf"), nil, 5},
		{"severities of firewalls", `%%[A-Z]+/[A-Z]+/(\d)/[A-Z]+: `, "event.severity", has("observer.type", "firewall"), nil, 5},
	} {
		mark := regexp.MustCompile(tt.line)
		read := map[string]float64{}
		for _, l := range w.lines {
			if m := mark.FindStringSubmatch(l); m != nil {
				v := m[1]
				if tt.rename != nil {
					v = tt.rename[v]
				}
				read[v]++
			}
		}
		var of []client.Event
		for _, ev := range events {
			if tt.where(ev) {
				of = append(of, ev)
			}
		}
		stored := byValue(of, tt.field)
		assert.NotEmpty(t, read, tt.what)
		off := 0.0
		for v := range merged(read, stored) {
			off += max(read[v]-stored[v], stored[v]-read[v])
		}
		assert.LessOrEqual(t, off, tt.damaged, "%s: the lines say %s, the events %s", tt.what, brief(read), brief(stored))
		t.Logf("%s: %s", tt.what, brief(stored))
	}

	secrets := regexp.MustCompile(`password=([^;*]+);`)
	for _, ev := range events {
		assert.False(t, secrets.MatchString(ev.Text("message")), "a password is in an event")
	}
	assert.Contains(t, strings.Join(w.lines, "\n"), "password=", "the lines have passwords, of which none is shown")
}

func merged(a, b map[string]float64) map[string]bool {
	out := map[string]bool{}
	for k := range a {
		out[k] = true
	}
	for k := range b {
		out[k] = true
	}
	return out
}
