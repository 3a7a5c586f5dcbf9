package main_test

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/loadgen"
	"github.com/logcenter/logcenter/sdk/client"
)

// killRules are rules of all types, beside those that come with the detector.
const killRules = `
rules:
  - {id: refused, name: Refused by a web server, query: 'http.response.status_code:403 AND url.path:"/admin.php"', group_by: [source.ip], threshold: 20, window: 5m, severity: Error}
  - {id: k-keyword, name: A failed login, type: keyword, query: 'event.action:login AND event.outcome:failure', group_by: [user.name]}
  - {id: k-distinct, name: Denied at many ports, query: 'event.type:denied', group_by: [source.ip], window: 5m, aggregate: distinct, field: destination.port, threshold: 10}
  - {id: k-sum, name: Much is read, query: 'event.dataset:nginx.access', group_by: [source.ip], window: 2m, aggregate: sum, field: http.response.body.bytes, threshold: 5000}
  - {id: k-count, name: Many are refused, query: 'http.response.status_code:[400 TO 499]', threshold: 15, window: 20s, recovery: true}
  - {id: k-sequence, name: "Denied, then let through", type: sequence, group_by: [source.ip], steps: [{query: 'event.type:denied', count: 2}, {query: 'event.type:allowed'}]}
  - {id: k-devices, name: Seen by the IPS and then answered, type: sequence, group_by: [source.ip], window: 5m, steps: [{query: 'observer.type:ips'}, {query: 'event.dataset:nginx.access'}]}
  - {id: k-together, name: Seen by the IPS and answered, type: simultaneous, group_by: [source.ip], window: 1m, steps: [{query: 'observer.type:ips'}, {query: 'event.dataset:nginx.access'}]}
  - {id: k-absence, name: A login that nothing follows, type: absence, group_by: [user.name], window: 2m, steps: [{query: 'event.action:login AND event.outcome:success'}, {query: 'event.action:logout'}]}
  - {id: k-new, name: A host says something new, type: new_value, query: 'NOT closing', group_by: [host.name], values: [event.action], learn: 1m}
  - {id: k-deviation, name: More or less than usual, type: deviation, query: 'NOT closing', group_by: [event.dataset], window: 1m, learn: 0s, deviations: 1.5, minimum: 1, compare: both}
  - {id: closing, name: All has come, type: keyword, query: closing, group_by: [url.path], quiet: 1s}
  - {id: k-silence, name: Nothing for a second, type: silence, query: '*', group_by: [event.dataset], window: 1s, recovery: true}
`

const killConfig = `
drift: {enabled: false}
alerts: {rules: %s, records: {storm_all: 0}}
plugins:
  dirs: [%s]
  settings:
    file: {enabled: false}
`

// rulesIn is a folder with rules.
func rulesIn(t *testing.T, text string) string {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "rules.yaml"), []byte(text), 0o600))
	return dir
}

// attacks are many lines of several devices, in chunks of some: made-up traffic, and one address after the other that attacks
// a web server. They end two hours ago.
func attacks(addresses int) (chunks [][]byte, last time.Time) {
	began := time.Now().UTC().Add(-3 * time.Hour).Truncate(time.Second) // as the host reads times without a zone
	gen := loadgen.New(loadgen.Options{Seed: 7, Start: began, Rate: 10, Attacks: 0.15, Malformed: -1, OnLine: func(l *loadgen.Line) { last = l.Time }})
	for n := range addresses {
		for range 2 {
			var chunk []byte
			for i := range 100 {
				chunk = append(gen.Next(chunk), '\n')
				if i%8 == 0 {
					chunk = fmt.Appendf(chunk, `%s - - [%s] "GET /admin.php?id=%d HTTP/1.1" 403 512 "-" "sqlmap/1.8" 0.002`+"\n", attacker(n), last.Format("02/Jan/2006:15:04:05 -0700"), i)
				}
			}
			chunks = append(chunks, chunk)
		}
	}
	return chunks, last
}

func attacker(n int) string { return fmt.Sprintf("203.0.%d.%d", 113+n/250, n%250+1) }

// take has the host take a chunk, however long it is away.
func (h *hostProcess) take(key string, chunk []byte) {
	h.t.Helper()
	h.waitFor(key+" to be answered", time.Minute, func() bool {
		ctx, cancel := context.WithTimeout(h.t.Context(), 20*time.Second)
		defer cancel()
		_, err := h.client().Ingest(ctx, "http", chunk, client.IngestOptions{Key: key})
		return err == nil
	})
}

// raised are all alerts and recoveries once the chunks are through, by their ids, each with what must be equal.
func (h *hostProcess) raisedBy(chunks [][]byte, last time.Time, before func(chunk int)) map[string]string {
	h.t.Helper()
	for n, chunk := range chunks {
		before(n)
		if n == len(chunks)/2 {
			time.Sleep(1100 * time.Millisecond) // all devices are silent, as long as k-silence wants
		}
		h.take(fmt.Sprint("chunk-", n), chunk)
	}
	before(len(chunks))
	// What time decides is decided when the second of two lines from much later is: the first moves time.
	for n := range 2 {
		at := last.Add(30*time.Minute + time.Duration(n)*time.Minute)
		h.take(fmt.Sprint("closing-", n), fmt.Appendf(nil, `192.0.2.1 - - [%s] "GET /closing/%d HTTP/1.1" 200 512 "-" "-" 0.002`+"\n", at.Format("02/Jan/2006:15:04:05 -0700"), n))
		h.waitFor("the end", 10*time.Minute, func() bool { return len(h.alertIDs("closing")) == n+1 })
	}
	out := map[string]string{}
	for f := (client.AlertFilter{Kinds: []string{"all"}, Repeats: true, Limit: 1000}); ; {
		page, err := h.client().Alerts(h.t.Context(), f)
		require.NoError(h.t, err)
		for _, a := range page.Alerts {
			delete(a.Fields, "log.source.address") // the port that chunks were sent from
			switch {
			case a.Kind == "summary": // of alerts that were raised within five minutes of the clock
			case a.Rule == "k-silence": // by when events came in, see silences
			default:
				out[a.ID] = fmt.Sprint(a.Rule, " ", a.Kind, " ", a.Keys, " ", a.First.Format(time.RFC3339Nano), " to ", a.Last.Format(time.RFC3339Nano), ", ", len(a.EventIDs), " events, ", a.Fields)
			}
		}
		if f.Cursor = page.Cursor; f.Cursor == "" {
			return out
		}
	}
}

// begun is when the host began to take in, each time, as its log says.
func (h *hostProcess) begun() (list []time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, log := range h.logs {
		for line := range strings.Lines(log.String()) {
			if _, at, ok := strings.Cut(strings.TrimSpace(line), `msg="takes logs in" at="`); ok {
				t, err := time.Parse(time.RFC3339Nano, strings.TrimSuffix(at, `"`))
				require.NoError(h.t, err)
				list = append(list, t)
			}
		}
	}
	require.Len(h.t, list, len(h.logs))
	return list
}

// silences compares the alerts of k-silence with what was received when, and when the host was there: which there are
// follows from that alone, whatever was killed when. It returns how many there are.
func (h *hostProcess) silences() (n int) {
	t := h.t
	t.Helper()
	type event struct {
		position int64
		dataset  string
		received time.Time
	}
	var events []event
	for r := (client.SearchRequest{Selection: client.Selection{Query: "event.dataset:*", From: "-6h"}, Limit: 10000, Fields: []string{"logcenter.position", "event.dataset", "event.ingested"}}); ; {
		page, err := h.client().Search(t.Context(), r)
		require.NoError(t, err)
		for _, e := range page.Events {
			var x struct {
				Position int64     `json:"logcenter.position"`
				Dataset  string    `json:"event.dataset"`
				Received time.Time `json:"event.ingested"`
			}
			text, err := json.Marshal(e)
			require.NoError(t, err)
			require.NoError(t, json.Unmarshal(text, &x), "%s", text)
			require.False(t, x.Received.IsZero(), "%s", text)
			events = append(events, event{x.Position, x.Dataset, x.Received})
		}
		if r.Cursor = page.Cursor; r.Cursor == "" {
			break
		}
	}
	slices.SortFunc(events, func(a, b event) int { return cmp.Compare(a.position, b.position) })
	var want, got []string
	last, open := map[string]time.Time{}, map[string]bool{}
	starts, since, known := h.begun(), time.Time{}, time.Time{}
	silent := func(dataset string, until time.Time) {
		if at, heard := last[dataset]; heard && !open[dataset] && until.Sub(at) >= time.Second && until.Sub(since) >= time.Second {
			want = append(want, fmt.Sprint(dataset, " alert ", at))
			open[dataset] = true
			n++
		}
	}
	for _, e := range events {
		for len(starts) > 0 && !starts[0].After(e.received) {
			for dataset := range last {
				silent(dataset, known)
			}
			since, starts = starts[0], starts[1:]
		}
		silent(e.dataset, e.received)
		if open[e.dataset] {
			want = append(want, fmt.Sprint(e.dataset, " recovery ", last[e.dataset], e.received))
			open[e.dataset] = false
		}
		if e.received.After(known) {
			known = e.received
		}
		if e.received.After(last[e.dataset]) {
			last[e.dataset] = e.received
		}
	}
	for f := (client.AlertFilter{Kinds: []string{"all"}, Rules: []string{"k-silence"}, Repeats: true, Limit: 1000}); ; {
		page, err := h.client().Alerts(t.Context(), f)
		require.NoError(t, err)
		for _, a := range page.Alerts {
			switch dataset := a.Keys["event.dataset"]; {
			case a.Kind == "summary" || a.Kind == "" && a.First.Equal(last[dataset]): // nothing since: if time was told
			case a.Kind == "":
				got = append(got, fmt.Sprint(dataset, " alert ", a.First))
			default:
				got = append(got, fmt.Sprint(dataset, " ", a.Kind, " ", a.First, a.Last))
			}
		}
		if f.Cursor = page.Cursor; f.Cursor == "" {
			break
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	assert.Equal(t, want, got)
	return n
}

// TestAlertsAreTheSameUnderKills kills the host and its plugins while devices are attacked: in the end there are the same
// alerts, with the same ids, as on a host that is left in peace. They can be taken up, judged and closed. With
// LOGCENTER_LONG there are 100 kills.
func TestAlertsAreTheSameUnderKills(t *testing.T) {
	kills, addresses := 6, 30
	if long() {
		kills, addresses = 100, 300
	}
	chunks, last := attacks(addresses)
	config := fmt.Sprintf(killConfig, rulesIn(t, killRules), strings.Join(pluginDirs(t, "dptech", "nsfocus", "nginx", "masking", "correlation"), ", "))
	peace := newHost(t, config)
	peace.start()
	want := peace.raisedBy(chunks, last, func(int) {})
	peace.silences()
	peace.kill(syscall.SIGKILL)

	h := newHost(t, config)
	h.start()
	h.client() // made once
	seed := uint64(time.Now().UnixNano())
	rnd := rand.New(rand.NewPCG(seed, 1))
	var killing sync.WaitGroup
	killed := 0
	got := h.raisedBy(chunks, last, func(chunk int) {
		if chunk*kills/len(chunks) == killed {
			return
		}
		killing.Wait()
		killed++
		host, after, which := killed%2 == 0, time.Duration(rnd.IntN(200))*time.Millisecond, rnd.IntN(1000)
		killing.Go(func() {
			time.Sleep(after) // so that kills meet all stages
			if pids := h.children(); !host && len(pids) > 0 {
				_ = syscall.Kill(pids[which%len(pids)], syscall.SIGKILL)
				return
			}
			h.kill(syscall.SIGKILL)
			h.start()
		})
	})
	killing.Wait()
	require.Equal(t, kills, killed)
	rules := map[string]int{}
	for _, a := range want {
		rules[strings.Fields(a)[0]]++
	}
	rules["k-silence"] = h.silences()
	t.Logf("%d alerts of %d rules; %d kills, seed %d: %v", len(want), len(rules), killed, seed, rules)
	for line := range strings.Lines(killRules) {
		if _, rest, ok := strings.Cut(line, "- {id: "); ok {
			id, _, _ := strings.Cut(rest, ",")
			assert.NotZero(t, rules[id], "%s raises nothing, so that it proves nothing", id)
		}
	}
	for id, a := range want {
		assert.Equal(t, a, got[id], "alert %s", id)
	}
	for id, a := range got {
		assert.Contains(t, want, id, a)
	}
	require.Equal(t, addresses, rules["refused"])
	h.lives(addresses)
}

// lives takes up, judges and closes an alert of the rule refused.
func (h *hostProcess) lives(addresses int) {
	t := h.t
	t.Helper()
	h.waitFor("evidence of all", 10*time.Minute, func() bool { return strings.Contains(h.metrics(), "\nlogcenter_alerts_evidence_wanted 0\n") })
	cli := func(args ...string) string {
		t.Helper()
		out, err := h.cli(args...)
		require.NoError(t, err, "%q: %s", args, out)
		return out
	}
	page, err := h.client().Alerts(t.Context(), client.AlertFilter{Rules: []string{"refused"}, Keys: []string{"source.ip=" + attacker(7)}})
	require.NoError(t, err)
	require.Len(t, page.Alerts, 1)
	id := page.Alerts[0].ID
	require.Contains(t, cli("alert", "list", "--state", "open", "--key", "source.ip="+attacker(7)), id)
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
	require.Contains(t, cli("case", "show", "1"), "closed (true positive) by admin")
	require.Contains(t, cli("alert", "missed", "add", "SQL injection in a cookie", "--time", "-1h", "--device", "web01", "--rule", "refused"), "missed attack 1")
	require.Regexp(t, fmt.Sprintf(`refused +%d +0 +1 +0 +0 +%d +1 +0.0%% +50.0%%`, addresses, addresses-1), cli("alert", "rates"))

	h.kill(syscall.SIGKILL)
	h.start()
	require.Contains(t, cli("alert", "show", id), "blocked at the firewall")
	require.Contains(t, cli("alert", "list", "--kind", "summary"), "rule refused raised more than 20 alerts in 5m")
}
