package main_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/sdk/client"
)

// TestAlertsReachReceivers has the log standard's four examples go from the lines of devices to a syslog receiver, a
// network management system, a mailbox, a TCP and an HTTPS receiver, by the rules that come with Logcenter.
func TestAlertsReachReceivers(t *testing.T) {
	list, config := receivers(t)
	assets := filepath.Join(t.TempDir(), "assets.csv")
	require.NoError(t, os.WriteFile(assets, []byte("id,name,hostname,ip,owner\nA-45,app-45,app-45,10.2.0.45,payments@bank.example\n"), 0o600))
	h := newHost(t, config+fmt.Sprintf("    asset: {config: {sources: [{path: %q}]}}\n", assets))
	h.start()

	now := time.Now().UTC()
	at := func(ago time.Duration, layout string) string { return now.Add(-ago).Format(layout) }
	vpn := func(ago time.Duration, user, ip string) string {
		return fmt.Sprintf("<188>%s fw-vpn-01%%%%FW/VPN/4/OPERLOG: user=%s;passwd=cK38JqKKhBb6ARyW;srcip(source)=%s;service=sslvpn;action=login;result=failed;reason=密码错误;desc=登录失败;",
			at(ago, "2006-01-02 15:04:05"), user, ip)
	}
	sent := map[string]time.Time{}
	send := func(rule string, lines ...string) {
		sent[rule] = time.Now()
		_, err := h.client().Ingest(t.Context(), "http", []byte(strings.Join(lines, "\n")+"\n"), client.IngestOptions{})
		require.NoError(t, err)
	}
	// Door badge without a host login within 30 minutes.
	send("badge-without-login", fmt.Sprintf(`{"time":%q,"level":"info","msg":"door opened","user":"li.na","action":"door_opened","outcome":"success"}`, at(40*time.Minute, time.RFC3339)))
	// More than 20 of an event within 10 minutes, across a boundary of the clock.
	var failures []string
	for i := range 21 {
		failures = append(failures, vpn(9*time.Minute-time.Duration(i)*20*time.Second, "yangrui44", "198.51.100.206"))
	}
	send("login-failures", failures...)
	// The IPS sees an address download a program, then on that host privileges change.
	send("download-then-privilege",
		fmt.Sprintf("<12>time:%s;danger_degree:2;breaking_sighn:0;event:'[41103]HTTP协议下载可执行文件';src_addr:203.0.113.9;src_port:80;dst_addr:10.2.0.45;dst_port:51230;proto:'HTTP'", at(4*time.Minute, "2006-01-02 15:04:05")),
		fmt.Sprintf("<86>%s app-45 sudo: li.na : TTY=pts/0 ; PWD=/home/li.na ; USER=root ; COMMAND=/bin/bash", at(time.Minute, "2006-01-02T15:04:05Z")))
	// Login failures of one user at VPN and mail within 5 minutes.
	send("vpn-and-mail-failures", vpn(3*time.Minute, "wang.fang", "198.51.100.77"),
		at(time.Minute, "2006-01-02 15:04:05")+` 10.1.0.5 POST /owa/auth.owa - 443 BANK\wang.fang 198.51.100.77 Mozilla/5.0 https://mail.bank.example/owa/ 401 1 2148074254 46`)

	var ids map[string]string // by rule
	h.waitFor("the four alerts", time.Minute, func() bool {
		page, err := h.client().Alerts(t.Context(), client.AlertFilter{Rules: slices.Sorted(maps.Keys(sent))})
		require.NoError(t, err)
		ids = map[string]string{}
		for _, a := range page.Alerts {
			ids[a.Rule] = a.ID
		}
		return len(ids) == len(sent)
	})
	for _, r := range list {
		for rule, id := range ids {
			var text string
			h.waitFor(rule+" at "+r.channel, time.Minute, func() bool { text = r.read()[id]; return text != "" })
			t.Logf("%-24s at %-13s %5d ms behind its last line", rule, r.channel, time.Since(sent[rule]).Milliseconds())
			if r.channel == "smtp/soc" || r.channel == "snmp/nms" { // encoded
				continue
			}
			for _, fact := range []string{"name", "description", "topic", "type", "method", "fields", "frequency", "remarks"} {
				assert.Contains(t, text, fact+map[bool]string{true: "=", false: `":`}[r.channel == "syslog/soc"], "%s at %s", rule, r.channel)
			}
		}
	}
}

const probeRule = `
rules:
  - id: probe
    name: A probe
    type: keyword
    query: event.action:probe
    group_by: [user.name]
    topic: probes
`

// TestReceiversDown raises alerts while all receivers are down: when they are back, each gets the alerts that were raised, and
// no others. With LOGCENTER_LONG they are 1,000, and a minute.
func TestReceiversDown(t *testing.T) {
	alerts, down := 50, 2*time.Second
	if long() {
		alerts, down = 1000, time.Minute
	}
	list, config := receivers(t)
	rules := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(rules, "probe.yaml"), []byte(probeRule), 0o600))
	h := newHost(t, config+fmt.Sprintf("alerts:\n  rules: %q\n  records: {storm_rule: 0, storm_all: 0}\n", rules))
	h.start()
	raise := func(from, to int) {
		var lines strings.Builder
		for i := from; i < to; i++ {
			fmt.Fprintf(&lines, "{\"time\":%q,\"user\":\"u%04d\",\"action\":\"probe\"}\n", time.Now().UTC().Format(time.RFC3339Nano), i)
		}
		_, err := h.client().Ingest(t.Context(), "http", []byte(lines.String()), client.IngestOptions{})
		require.NoError(t, err)
	}
	arrived := func(n int) {
		for _, r := range list {
			h.waitFor(fmt.Sprintf("%d alerts at %s", n, r.channel), 3*time.Minute, func() bool { return len(r.read()) == n })
		}
	}
	raise(0, 1)
	arrived(1) // connections are there that will break
	for _, r := range list {
		r.stop()
	}
	began := time.Now()
	raise(1, alerts)
	h.waitFor("the alerts to be recorded", time.Minute, func() bool { return len(h.alertIDs("probe")) == alerts })
	time.Sleep(time.Until(began.Add(down))) // how long they are down, not what is waited for
	for _, r := range list {
		r.start()
	}
	arrived(alerts)
	want := h.alertIDs("probe")
	for _, r := range list {
		assert.Equal(t, want, slices.Sorted(maps.Keys(r.read())), r.channel)
	}
	t.Logf("%d alerts raised within %v in which all receivers were down, all there %v behind", alerts, down, time.Since(began.Add(down)).Round(time.Millisecond))
}

// alertIDs are the ids of all alerts of a rule.
func (h *hostProcess) alertIDs(rule string) (ids []string) {
	f := client.AlertFilter{Rules: []string{rule}, Limit: 1000, Repeats: true}
	for {
		page, err := h.client().Alerts(h.t.Context(), f)
		require.NoError(h.t, err)
		for _, a := range page.Alerts {
			ids = append(ids, a.ID)
		}
		if f.Cursor = page.Cursor; f.Cursor == "" {
			slices.Sort(ids)
			return ids
		}
	}
}
