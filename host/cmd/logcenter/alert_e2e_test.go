package main_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/sdk/client"
)

// TestAlertsSurviveKills kills the host and the detector while addresses attack a web server, one after the other: in the
// end each has one record, with its evidence, and can be taken up, judged and closed.
func TestAlertsSurviveKills(t *testing.T) {
	h := newHost(t, `
drift: {enabled: false}
plugins:
  settings:
    file: {enabled: false}
    correlation:
      config:
        rules:
          - {id: refused, name: Refused by a web server, query: 'http.response.status_code:403', group_by: [source.ip], threshold: 20, window: 5m, severity: Error}
`)
	h.start()
	kills, addresses := 4, 40
	if long() {
		kills, addresses = 50, 400
	}
	rnd := rand.New(rand.NewPCG(5, 6))
	began := time.Now().Add(-time.Hour)
	address := func(n int) string { return fmt.Sprintf("203.0.%d.%d", 113+n/250, n%250+1) }
	send := func(n int) error {
		var lines strings.Builder
		for i := range 25 {
			at := began.Add(time.Duration(n*25+i) * 100 * time.Millisecond)
			fmt.Fprintf(&lines, `%s - - [%s] "GET /admin.php?id=%d HTTP/1.1" 403 512 "-" "sqlmap/1.8" 0.002`+"\n", address(n), at.Format("02/Jan/2006:15:04:05 -0700"), i)
		}
		_, err := h.client().Ingest(t.Context(), "http", []byte(lines.String()), client.IngestOptions{Key: fmt.Sprint("attack-", n)})
		return err
	}
	killed := 0
	for n := range addresses {
		require.NoError(t, send(n))
		if n%(addresses/kills) != addresses/kills-1 {
			continue
		}
		time.Sleep(time.Duration(rnd.IntN(200)) * time.Millisecond) // a moment of the work that is under way
		killed++
		if pids := h.children(); killed%2 == 0 && len(pids) > 0 {
			_ = syscall.Kill(pids[rnd.IntN(len(pids))], syscall.SIGKILL)
		} else {
			h.kill(syscall.SIGKILL)
			h.start()
		}
	}
	// by says how many records there are of each rule and address.
	by := func() map[string]map[string]int {
		out := map[string]map[string]int{}
		f := client.AlertFilter{Repeats: true, Limit: 1000}
		for {
			page, err := h.client().Alerts(t.Context(), f)
			require.NoError(t, err)
			for _, a := range page.Alerts {
				if ip := a.Keys["source.ip"]; ip != "" {
					if out[a.Rule] == nil {
						out[a.Rule] = map[string]int{}
					}
					out[a.Rule][ip]++
				}
			}
			if f.Cursor = page.Cursor; f.Cursor == "" {
				return out
			}
		}
	}
	h.waitFor("an alert of each address", 2*time.Minute, func() bool { return len(by()["refused"]) == addresses })
	h.waitFor("their evidence", time.Minute, func() bool { return strings.Contains(h.metrics(), "\nlogcenter_alerts_evidence_wanted 0\n") })
	for ip, n := range by()["refused"] {
		require.Equal(t, 1, n, "%s has one record", ip)
	}

	cli := func(args ...string) string {
		t.Helper()
		out, err := h.cli(args...)
		require.NoError(t, err, "%q: %s", args, out)
		return out
	}
	page, err := h.client().Alerts(t.Context(), client.AlertFilter{Rules: []string{"refused"}, Keys: []string{"source.ip=" + address(7)}})
	require.NoError(t, err)
	require.Len(t, page.Alerts, 1)
	id := page.Alerts[0].ID
	require.Contains(t, cli("alert", "list", "--state", "open", "--key", "source.ip="+address(7)), id)
	show := cli("alert", "show", id)
	require.Contains(t, show, "sqlmap/1.8")
	require.Contains(t, show, "raised")
	require.Contains(t, cli("alert", "ack", id, "--note", "looking at it"), id+" is acknowledged")
	require.Contains(t, cli("alert", "assign", id, "--to", "alice"), "assigned to alice")
	require.Contains(t, cli("case", "create", "scan of the web server", "--alert", id), "case 1 has 1 alert")
	require.Contains(t, cli("alert", "close", id, "--verdict", "true-positive"), "closed (true positive)")
	require.Contains(t, cli("alert", "note", id, "blocked at the firewall"), id)
	_, err = h.cli("alert", "ack", id)
	require.Error(t, err)
	require.Contains(t, cli("case", "show", "1"), "closed true_positive by admin")
	require.Contains(t, cli("alert", "missed", "add", "SQL injection in a cookie", "--time", "-1h", "--device", "web01", "--rule", "refused"), "missed attack 1")
	require.Regexp(t, fmt.Sprintf(`refused +%d +0 +1 +0 +0 +%d +1 +0.0%% +50.0%%`, addresses, addresses-1), cli("alert", "rates"))

	h.kill(syscall.SIGKILL)
	h.start()
	require.Contains(t, cli("alert", "show", id), "blocked at the firewall")
	require.Contains(t, cli("alert", "list", "--kind", "summary"), "rule refused raised more than 20 alerts in 5m0s")
}
