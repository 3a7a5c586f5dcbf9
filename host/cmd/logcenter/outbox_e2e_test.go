package main_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/plugin/trial"
	"github.com/logcenter/logcenter/sdk/client"
)

// receiver takes syslog messages over TCP, each with its length in front, and notes the ids of alerts by the word that
// raised them. It can be down for a while.
type receiver struct {
	t       *testing.T
	address string

	mu       sync.Mutex
	listener net.Listener
	ids      map[string][]string
}

var inMessage = regexp.MustCompile(`\bid="([0-9a-f]+)".*\bword="?(w\d+)|\bword="?(w\d+).*\bid="([0-9a-f]+)"`)

func newReceiver(t *testing.T) *receiver {
	r := &receiver{t: t, address: freePort(t), ids: map[string][]string{}}
	t.Cleanup(r.down)
	return r
}

func (r *receiver) up() {
	l, err := net.Listen("tcp", r.address)
	require.NoError(r.t, err)
	r.mu.Lock()
	r.listener = l
	r.mu.Unlock()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go r.read(c)
		}
	}()
}

func (r *receiver) down() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.listener != nil {
		_ = r.listener.Close()
		r.listener = nil
	}
}

func (r *receiver) read(c net.Conn) {
	defer c.Close()
	in := bufio.NewReader(c)
	for {
		length, err := in.ReadString(' ')
		if err != nil {
			return
		}
		n, err := strconv.Atoi(strings.TrimSpace(length))
		if err != nil {
			return
		}
		b := make([]byte, n)
		if _, err := io.ReadFull(in, b); err != nil {
			return // of a notifier that was killed: it is sent again
		}
		if m := inMessage.FindStringSubmatch(string(b)); m != nil {
			r.mu.Lock()
			r.ids[m[2]+m[3]] = append(r.ids[m[2]+m[3]], m[1]+m[4])
			r.mu.Unlock()
		}
	}
}

func (r *receiver) got() map[string][]string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.ids)
}

// inFile are the ids of alerts in a file of the notifier, by the word that raised them.
func inFile(path string) map[string][]string {
	ids := map[string][]string{}
	text, _ := os.ReadFile(path) // it is there once something was told
	for line := range strings.Lines(string(text)) {
		var a struct {
			ID   string
			Keys map[string]string
		}
		if json.Unmarshal([]byte(line), &a) == nil && a.Keys["word"] != "" { // a line that a kill has cut is no alert
			ids[a.Keys["word"]] = append(ids[a.Keys["word"]], a.ID)
		}
	}
	return ids
}

// once are the words, sorted; each must have one id, however often it came.
func once(t *testing.T, ids map[string][]string) (words []string, again int) {
	t.Helper()
	for word, list := range ids {
		assert.Len(t, slices.Compact(slices.Clone(list)), 1, "ids of the alert that %s raised", word)
		again += len(list) - 1
	}
	return slices.Sorted(maps.Keys(ids)), again
}

// outboxHost is a host whose detector raises an alert for each line, and that has the notifiers file and syslog.
func outboxHost(t *testing.T, alerts string) (h *hostProcess, file string, syslog *receiver) {
	dir, file := t.TempDir(), filepath.Join(t.TempDir(), "alerts.jsonl")
	trial.Folder(t, dir, "counter", trial.Manifest("counter", "detector", "trusted: true"), "detector")
	plugins, err := filepath.Abs(filepath.Join(filepath.Dir(binary), "plugins"))
	require.NoError(t, err)
	syslog = newReceiver(t)
	h = newHost(t, fmt.Sprintf(`
store: {kind: none}
drift: {enabled: false}
plugins:
  dirs: [%s, %s/file, %s/syslog]
  settings:
    counter: {config: {every: 1}}
    file: {config: {targets: [{name: local, path: %s}]}}
    syslog: {config: {targets: [{name: soc, address: %q, protocol: tcp, retry: 200ms}]}}
alerts:
  records: {storm_rule: 0, storm_all: 0}
%s`, dir, plugins, plugins, file, syslog.address, alerts))
	return h, file, syslog
}

// raise sends lines, each of which raises an alert, until the host has them.
func (h *hostProcess) raise(from, to int) {
	h.t.Helper()
	var lines strings.Builder
	for i := from; i < to; i++ {
		fmt.Fprintf(&lines, "w%04d line\n", i)
	}
	key := fmt.Sprintf("lines-%d", from)
	h.waitFor("the lines are taken", time.Minute, func() bool {
		_, err := h.client().Ingest(h.t.Context(), "http", []byte(lines.String()), client.IngestOptions{Key: key})
		return err == nil
	})
}

func (h *hostProcess) deliveries(f client.DeliveryFilter) (all []client.Delivery) {
	for {
		f.Limit = 1000
		page, err := h.client().Deliveries(h.t.Context(), f)
		if err != nil {
			return nil // the host may be away
		}
		all = append(all, page.Deliveries...)
		if f.Cursor = page.Cursor; f.Cursor == "" {
			return all
		}
	}
}

// TestAlertsUnderKills: whatever is killed while alerts are on their way, the receivers get all of them, each under one id.
func TestAlertsUnderKills(t *testing.T) {
	n, every := 200, 50
	if long() {
		n, every = 1000, 25
	}
	h, file, syslog := outboxHost(t, "")
	syslog.up()
	h.start()
	seed := uint64(time.Now().UnixNano())
	rnd := rand.New(rand.NewPCG(seed, 1))
	t.Logf("seed %d", seed)
	kills := 0
	for from := 0; from < n; from += every {
		h.raise(from, from+every)
		time.Sleep(time.Duration(rnd.IntN(150)) * time.Millisecond) // so that kills meet all stages
		if from/every%2 == 1 {
			h.kill(syscall.SIGKILL)
			h.start()
			continue
		}
		if pids := h.children(); len(pids) > 0 {
			_ = syscall.Kill(pids[rnd.IntN(len(pids))], syscall.SIGKILL) // may be gone
			kills++
		}
	}
	h.waitFor("all deliveries", 2*time.Minute, func() bool { return len(h.deliveries(client.DeliveryFilter{State: "delivered"})) == 2*n })
	h.waitFor("what was written to the receiver", time.Minute, func() bool { return len(syslog.got()) == n })
	var want []string
	for i := range n {
		want = append(want, fmt.Sprintf("w%04d", i))
	}
	words, again := once(t, inFile(file))
	assert.Equal(t, want, words, "in the file")
	told, more := once(t, syslog.got())
	assert.Equal(t, want, told, "at the receiver")
	raised := map[string]bool{}
	for _, d := range h.deliveries(client.DeliveryFilter{}) {
		raised[d.Alert] = true
	}
	assert.Len(t, raised, n, "raised ids")
	for word, ids := range inFile(file) {
		assert.True(t, raised[ids[0]], word)
		assert.Equal(t, ids[0], syslog.got()[word][0], "%s has one id", word)
	}
	t.Logf("%d alerts, %d hosts and %d plugins killed; %d told again to the file, %d to syslog", n, h.starts-1, kills, again, more)
}

// TestOutbox: a receiver that is down keeps its alerts waiting, through a restart, and gets them when it is back; routes,
// channels and deliveries are shown and changed by the CLI.
func TestOutbox(t *testing.T) {
	h, file, syslog := outboxHost(t, `
  routes:
    - {name: odd, match: {fields: {word: "w0*"}}, to: [file/local, syslog/soc]}
    - {name: nobody, match: {fields: {word: "w9*"}}, to: []}
    - {name: slip, to: [sislog]}
  escalations:
    - {name: lead, match: {fields: {word: "w000*"}}, after: 5s, to: [file/local]}
`)
	h.start()
	h.raise(0, 20)
	h.waitFor("the file", time.Minute, func() bool { return len(inFile(file)) == 20 })
	// Nine of ten are taken up in time.
	ack := []string{"alert", "ack"}
	for i := range 9 {
		ack = append(ack, inFile(file)[fmt.Sprintf("w%04d", i)][0])
	}
	out, ok := h.run(ack...)
	require.True(t, ok, out)
	waiting := func() int { return len(h.deliveries(client.DeliveryFilter{State: "waiting", Channel: "syslog/soc"})) }
	require.Equal(t, 20, waiting())
	cli := func(args ...string) string {
		t.Helper()
		out, ok := h.run(args...)
		require.True(t, ok, "%q: %s", args, out)
		return out
	}
	list := cli("channel", "list")
	assert.Regexp(t, `(?m)^file/local +ready +0 `, list)
	assert.Regexp(t, `(?m)^syslog/soc +paused +20 .*connection refused`, list)
	var plugins []client.Plugin
	require.NoError(t, json.Unmarshal([]byte(cli("plugin", "list", "-o", "json")), &plugins))
	for _, p := range plugins {
		assert.Positive(t, p.MemoryBytes, p.ID)
		switch {
		case p.ID == "syslog":
			require.NotNil(t, p.LagSeconds)
			assert.Positive(t, *p.LagSeconds, "of the oldest alert that waits")
		case p.ID == "file":
			require.NotNil(t, p.LagSeconds)
			assert.Zero(t, *p.LagSeconds, "nothing waits for it")
		case p.Kind != "detector":
			assert.Nil(t, p.LagSeconds, p.ID)
		}
	}
	out, ok = h.run("channel", "test", "syslog/soc")
	assert.False(t, ok)
	assert.Regexp(t, `syslog/soc +failed .*connection refused`, out)
	assert.Regexp(t, `file/local +delivered `, cli("channel", "test", "file"))
	assert.Contains(t, cli("__complete", "channel", "test", ""), "file/local\tready\n")
	out, ok = h.run("channel", "test", "sislog")
	assert.False(t, ok)
	assert.Contains(t, out, "there is no such channel: there is no notifier sislog; is it syslog? (`logcenter channel list` lists all)")
	assert.Contains(t, string(must(os.ReadFile(file))), `Test of channel file/local`)
	out = cli("route", "test", "--field", "word=w0000")
	assert.Regexp(t, `file/local +route odd +at once`, out)
	assert.Regexp(t, `file/local +escalation lead +after 5s, if nobody acknowledges it`, out)
	assert.Contains(t, cli("route", "test", "--field", "word=w9000"), "nobody is told at once")
	assert.Contains(t, cli("health"), "alerts.routes[2].to[0]: there is no notifier sislog; is it syslog?")

	out, ok = h.run("validate", "--config", h.config)
	assert.False(t, ok)
	assert.Regexp(t, `logcenter.yaml:\d+:\d+: alerts.routes\[2\].to\[0\]: there is no notifier sislog \(did you mean "syslog"\? there are file, syslog\)`, out)

	h.kill(syscall.SIGKILL)
	h.start()
	require.Equal(t, 20, waiting(), "a full queue outlives the host")
	h.waitFor("the escalation", time.Minute, func() bool { return len(inFile(file)["w0009"]) == 2 })
	escalated := slices.DeleteFunc(h.deliveries(client.DeliveryFilter{}), func(d client.Delivery) bool { return d.Kind != "escalation" })
	require.Len(t, escalated, 1)
	assert.Equal(t, "escalation", escalated[0].Routed)
	first := h.deliveries(client.DeliveryFilter{Channel: "syslog/soc"})[19]
	id := strconv.FormatInt(first.ID, 10)
	assert.Contains(t, cli("outbox", "show", id), "connection refused")
	assert.Equal(t, "1 delivery forgotten\n", cli("outbox", "drop", id))
	syslog.up()
	h.waitFor("the receiver", time.Minute, func() bool { return len(syslog.got()) == 19 })
	h.waitFor("nothing waits", time.Minute, func() bool { return waiting() == 0 })
	got, _ := once(t, syslog.got())
	assert.NotContains(t, got, "w0000")

	h.raise(1000, 1001) // goes to a channel that there is not
	h.waitFor("a dead delivery", time.Minute, func() bool { return len(h.deliveries(client.DeliveryFilter{State: "dead"})) == 1 })
	assert.Regexp(t, `sislog +dead .*there is no notifier sislog; is it syslog\?`, cli("outbox", "list", "--state", "dead"))
	assert.Equal(t, "1 delivery tried again\n", cli("outbox", "redrive", "--channel", "sislog", "--yes"))
	assert.Regexp(t, `(?m)^sislog +missing +1 `, cli("channel", "list"))
	assert.Equal(t, "1 delivery forgotten\n", cli("outbox", "drop", "--channel", "sislog", "--yes"))
	m := h.metrics()
	assert.Regexp(t, `logcenter_plugin_memory_bytes\{kind="notifier",plugin="syslog"\} [1-9]`, m)
	assert.Contains(t, m, `logcenter_alert_deliveries_total{channel="syslog/soc"} 19`)
	assert.Contains(t, m, `logcenter_alert_delivery_seconds_count{channel="syslog/soc"} 19`)
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
