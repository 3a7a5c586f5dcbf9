package main_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/loadgen"
	"github.com/logcenter/logcenter/sdk/client"
	"github.com/logcenter/logcenter/sdk/porttest"
)

// These tests run the built programs as a user would: `make build` first.

func long() bool { return os.Getenv("LOGCENTER_LONG") != "" }

// hostProcess is a running bin/logcenter that can be killed and started again on the same data and ports.
type hostProcess struct {
	t       *testing.T
	data    string
	config  string
	args    []string // of run, beside its config
	http    string
	syslog  string
	mu      sync.Mutex
	cmd     *exec.Cmd
	log     *bytes.Buffer
	logs    []*bytes.Buffer // of all starts
	starts  int
	clients *client.Client
}

func freePort(t *testing.T) string {
	t.Helper()
	address, err := porttest.Address()
	require.NoError(t, err)
	return address
}

func newHost(t *testing.T, extra string) *hostProcess {
	t.Helper()
	if _, err := os.Stat(binary); err != nil {
		t.Fatalf("%v: run make build first", err)
	}
	h := &hostProcess{t: t, data: filepath.Join(t.TempDir(), "data"), http: freePort(t), syslog: freePort(t)}
	if !strings.Contains(extra, "self:") { // tests count events
		extra = "self: {enabled: false}\n" + extra
	}
	h.config = filepath.Join(t.TempDir(), "logcenter.yaml")
	require.NoError(t, os.WriteFile(h.config, fmt.Appendf(nil, `
data_dir: %s
http: {listen: %s}
inputs:
  - {name: syslog, syslog: {udp: %s, tcp: %s}}
  - {name: http, http: {}}
%s`, h.data, h.http, h.syslog, h.syslog, extra), 0o600))
	t.Cleanup(func() { h.kill(syscall.SIGKILL) })
	return h
}

// pluginDirs are the folders of built plugins: fewer of them start faster.
func pluginDirs(t *testing.T, ids ...string) (dirs []string) {
	t.Helper()
	for _, id := range ids {
		dir, err := filepath.Abs(filepath.Join(filepath.Dir(binary), "plugins", id))
		require.NoError(t, err)
		dirs = append(dirs, dir)
	}
	return dirs
}

// onlyPlugins is a configuration with these plugins, for hosts that start often.
func onlyPlugins(t *testing.T, ids ...string) string {
	t.Helper()
	return "plugins: {dirs: [" + strings.Join(pluginDirs(t, ids...), ", ") + "]}\n"
}

// start starts the host and waits until it says that it runs.
func (h *hostProcess) start() {
	h.t.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	h.log = &bytes.Buffer{}
	h.logs = append(h.logs, h.log)
	cmd := exec.Command(binary, append([]string{"run", "--config", h.config}, h.args...)...)
	out, err := cmd.StdoutPipe()
	require.NoError(h.t, err)
	cmd.Stderr = h.log
	require.NoError(h.t, cmd.Start())
	ready := make(chan error, 1)
	go func() {
		line, err := bufio.NewReader(out).ReadString('\n')
		if err == nil && !strings.Contains(line, "runs") {
			err = fmt.Errorf("said %q", line)
		}
		ready <- err
		_, _ = io.Copy(io.Discard, out)
	}()
	select {
	case err := <-ready:
		if err != nil {
			h.t.Fatalf("host did not start: %v\n%s", err, h.log)
		}
	case <-time.After(3 * time.Minute):
		_ = cmd.Process.Signal(syscall.SIGQUIT) // its goroutines say where it stands
		_ = cmd.Wait()
		h.t.Fatalf("host did not start within three minutes\n%s", h.log)
	}
	h.cmd = cmd
	h.starts++
}

// kill ends the host with a signal and waits until it is gone.
func (h *hostProcess) kill(sig syscall.Signal) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.cmd == nil {
		return
	}
	_ = h.cmd.Process.Signal(sig)
	_ = h.cmd.Wait()
	h.cmd = nil
}

// children are the plugins' processes.
func (h *hostProcess) children() []int {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.cmd == nil {
		return nil
	}
	out, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", h.cmd.Process.Pid, h.cmd.Process.Pid))
	var pids []int
	if err == nil {
		for _, f := range strings.Fields(string(out)) {
			pid, _ := strconv.Atoi(f)
			pids = append(pids, pid)
		}
	}
	if len(pids) > 0 {
		return pids
	}
	// Children belong to the thread that started them.
	tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", h.cmd.Process.Pid))
	for _, task := range tasks {
		out, _ := os.ReadFile(task)
		for _, f := range strings.Fields(string(out)) {
			pid, _ := strconv.Atoi(f)
			pids = append(pids, pid)
		}
	}
	return pids
}

func (h *hostProcess) client() *client.Client {
	h.t.Helper()
	if h.clients == nil {
		c, err := client.New(client.Options{URL: "http://" + h.http, TokenFile: filepath.Join(h.data, "admin.token")})
		require.NoError(h.t, err)
		h.clients = c
	}
	return h.clients
}

var everything = client.Selection{Query: "*", From: "2000-01-01T00:00:00Z", To: "2100-01-01T00:00:00Z"}

func (h *hostProcess) count(query string) int64 {
	sel := everything
	sel.Query = query
	a, err := h.client().Aggregate(h.t.Context(), client.AggregateRequest{Selection: sel, Aggs: []client.Agg{{Kind: "count"}}})
	if err != nil {
		return -1
	}
	return a.Total
}

// get is the status that a path answers with, without a token.
func (h *hostProcess) get(path string) int {
	h.t.Helper()
	a, err := http.Get("http://" + h.http + path)
	require.NoError(h.t, err)
	require.NoError(h.t, a.Body.Close())
	return a.StatusCode
}

func (h *hostProcess) metrics() string {
	h.t.Helper()
	return string(h.body("/metrics"))
}

// waitFor polls a condition; it fails the test with the host's log.
func (h *hostProcess) waitFor(what string, within time.Duration, ok func() bool) {
	h.t.Helper()
	deadline := time.Now().Add(within)
	for !ok() {
		if time.Now().After(deadline) {
			h.t.Fatalf("%s: not within %v\n%s", what, within, h.log)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// What an admin is told of a plugin's settings is what its author wrote beside them.
func TestPluginInfoExplainsSettings(t *testing.T) {
	h := newHost(t, "")
	h.start()
	plugins, err := h.client().Plugins(t.Context())
	require.NoError(t, err)
	require.NotEmpty(t, plugins)
	for _, p := range plugins {
		var s struct {
			Properties map[string]struct{ Description string }
		}
		require.NoError(t, json.Unmarshal(p.ConfigSchema, &s), p.ID)
		for key, of := range s.Properties {
			require.NotEmpty(t, of.Description, "%s: %s", p.ID, key)
		}
	}
	out, err := exec.Command(binary, "plugin", "info", "correlation", "--url", "http://"+h.http, "--token-file", filepath.Join(h.data, "admin.token")).CombinedOutput()
	require.NoError(t, err, string(out))
	require.Contains(t, string(out), "max_state is how much all groups of all rules together may take in memory.")
	require.Contains(t, string(out), "max_rule_state")
	require.Regexp(t, `\nsandbox +\S.*memory 1 GiB`, string(out))

	// Nobody stores secrets by mistake.
	refused, err := h.cli("plugin", "disable", "masking")
	require.Error(t, err)
	require.Contains(t, refused, "the only masking plugin")
	require.Contains(t, refused, "--unmasked")
	p, err := h.client().Plugin(t.Context(), "masking")
	require.NoError(t, err)
	require.Equal(t, "running", p.State)
	refused, err = h.cli("plugin", "disable", "masking", "--unmasked")
	require.NoError(t, err, refused)
	require.Equal(t, "masking is disabled\n", refused)
	refused, err = h.cli("plugin", "disable", "geoip")
	require.NoError(t, err, refused)
}

// traffic makes lines that say their number, and knows the secrets in each.
type traffic struct {
	gen     *loadgen.Generator
	next    int
	secrets map[int][]string
	at      *loadgen.Line
}

func newTraffic(seed uint64) *traffic {
	tr := &traffic{secrets: map[int][]string{}}
	tr.gen = loadgen.New(loadgen.Options{Seed: seed, Malformed: -1, Mix: loadgen.Mix{Firewall: 1}, OnLine: func(l *loadgen.Line) { tr.at = l }})
	return tr
}

func (tr *traffic) line(dst []byte) []byte {
	dst = tr.gen.Next(dst)
	for _, s := range tr.at.Secrets {
		tr.secrets[tr.next] = append(tr.secrets[tr.next], string(s.Value))
	}
	dst = fmt.Appendf(dst, "seq=n%d;\n", tr.next)
	tr.next++
	return dst
}

var sequence = regexp.MustCompile(`seq=n(\d+);`)

// checkOnce exports all and checks that every line is there once, with no secret in any field.
func (h *hostProcess) checkOnce(tr *traffic, missingAllowed bool) (missing int) {
	h.t.Helper()
	var out bytes.Buffer
	_, err := h.client().Export(h.t.Context(), client.ExportRequest{Selection: everything}, &out, nil)
	require.NoError(h.t, err)
	seen := map[int]int{}
	s := bufio.NewScanner(&out)
	s.Buffer(nil, 4<<20)
	for s.Scan() {
		var ev map[string]any
		require.NoError(h.t, json.Unmarshal(s.Bytes(), &ev))
		m := sequence.FindStringSubmatch(fmt.Sprint(ev["message"]))
		require.NotNil(h.t, m, "%s", s.Text())
		n, err := strconv.Atoi(m[1])
		require.NoError(h.t, err)
		seen[n]++
		for _, secret := range tr.secrets[n] {
			for field, v := range ev {
				require.NotContains(h.t, fmt.Sprint(v), secret, "secret of line %d in %s", n, field)
			}
		}
	}
	require.NoError(h.t, s.Err())
	for n := range tr.next {
		switch seen[n] {
		case 1:
		case 0:
			missing++
		default:
			h.t.Errorf("line %d is there %d times", n, seen[n])
		}
	}
	if !missingAllowed {
		require.Zero(h.t, missing, "lines are missing")
	}
	return missing
}

// killer kills plugins and the host at random until enough were killed and work is done.
func (h *hostProcess) killer(done <-chan struct{}, kills, hosts int, rnd *rand.Rand) (plugins, hostKills int) {
	for plugins+hostKills < kills || hostKills < hosts {
		select {
		case <-done:
			return plugins, hostKills
		case <-time.After(time.Duration(200+rnd.IntN(600)) * time.Millisecond):
		}
		left := kills - plugins - hostKills
		if rnd.IntN(max(left, 1)) < hosts-hostKills {
			h.kill(syscall.SIGKILL)
			h.start()
			hostKills++
			continue
		}
		if pids := h.children(); len(pids) > 0 {
			if syscall.Kill(pids[rnd.IntN(len(pids))], syscall.SIGKILL) == nil {
				plugins++
			}
		}
	}
	return plugins, hostKills
}

func TestNothingLostNothingTwiceUnderKills(t *testing.T) {
	t.Parallel()
	lines, kills, hosts := 15000, 6, 3
	if long() {
		lines, kills, hosts = 200000, 24, 10
	}
	h := newHost(t, "")
	h.start()
	tr := newTraffic(7)
	rnd := rand.New(rand.NewPCG(7, 7))
	done := make(chan struct{})
	var plugins, hostKills int
	var wg sync.WaitGroup
	wg.Go(func() { plugins, hostKills = h.killer(done, kills, hosts, rnd) })
	const batch = 250
	pause := time.Duration(kills) * 450 * time.Millisecond / time.Duration(lines/batch) // the kills fall among the requests
	for tr.next < lines {
		var body []byte
		first := tr.next
		for range batch {
			body = tr.line(body)
		}
		h.waitFor("a batch to be answered", time.Minute, func() bool { // a killed host may take longer than the client tries
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			_, err := h.client().Ingest(ctx, "http", body, client.IngestOptions{Key: fmt.Sprint("batch-", first)})
			return err == nil
		})
		time.Sleep(pause)
	}
	if !long() {
		wg.Wait() // all kills, then count
	}
	close(done)
	wg.Wait()
	t.Logf("%d lines by HTTP, %d plugins and %d hosts killed", lines, plugins, hostKills)
	require.GreaterOrEqual(t, hostKills, hosts)
	h.waitFor("all lines stored", 2*time.Minute, func() bool { return h.count("*") >= int64(lines) })
	h.checkOnce(tr, false)
}

func TestSyslogUnderKillsStoresNothingTwice(t *testing.T) {
	t.Parallel()
	lines, hosts := 10000, 2
	if long() {
		lines, hosts = 200000, 8
	}
	h := newHost(t, "")
	h.start()
	tr := newTraffic(8)
	rnd := rand.New(rand.NewPCG(8, 8))
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() { h.killer(done, hosts, hosts, rnd) })
	var conn net.Conn
	for tr.next < lines {
		var body []byte
		for range 100 {
			body = tr.line(body)
		}
		for conn == nil {
			c, err := (&net.Dialer{Timeout: time.Second}).DialContext(context.Background(), "tcp", h.syslog)
			if err == nil {
				conn = c
			}
		}
		if _, err := conn.Write(body); err != nil { // what the host had not journalled is gone: syslog has no answers
			_ = conn.Close()
			conn = nil
		}
		time.Sleep(time.Duration(hosts) * 500 * time.Millisecond / time.Duration(lines/100))
	}
	wg.Wait()
	close(done)
	require.NoError(t, conn.Close())
	last := int64(-1)
	h.waitFor("counts at rest", 2*time.Minute, func() bool {
		n := h.count("*")
		rest := n == last && n > 0
		last = n
		if !rest {
			time.Sleep(2 * time.Second)
		}
		return rest
	})
	missing := h.checkOnce(tr, true)
	t.Logf("%d lines by TCP syslog, %d hosts killed: %d lines received by the kernel or the host were not yet journalled", lines, hosts, missing)
}

// found waits until a word is found and says how long it took.
func (h *hostProcess) found(word string) time.Duration {
	h.t.Helper()
	begun := time.Now()
	h.waitFor(word+" found", time.Minute, func() bool { return h.count(word) == 1 })
	return time.Since(begun)
}

func TestSendersOfEveryKindAreFoundWithinASecond(t *testing.T) {
	h := newHost(t, "")
	h.start()
	host, port, err := net.SplitHostPort(h.syslog)
	require.NoError(t, err)
	h.waitFor("ready", time.Minute, func() bool { return h.count("*") == 0 })

	send := map[string]func(word string) error{
		"logger": func(word string) error {
			return exec.Command("logger", "--server", host, "--port", port, "--tcp", "--rfc5424", "sent by logger "+word).Run()
		},
		"netcat": func(word string) error {
			c := exec.Command("nc", "-q", "1", host, port)
			c.Stdin = strings.NewReader("<13>Oct 11 22:14:15 box app: sent by netcat " + word + "\n")
			return c.Run()
		},
		"rsyslog": func(word string) error { return sendByRsyslog(t, host, port, "sent by rsyslog "+word) },
	}
	for name, f := range send {
		if _, err := exec.LookPath(map[string]string{"netcat": "nc", "rsyslog": "rsyslogd", "logger": "logger"}[name]); err != nil {
			t.Errorf("%s is not installed: apt-get install rsyslog netcat-openbsd bsdutils", name)
			continue
		}
		took := time.Hour
		for try := 0; try < 3 && took >= time.Second; try++ { // a machine that does other things, too, may keep one waiting
			word := "marker" + name + strconv.FormatInt(time.Now().UnixNano(), 36)
			require.NoError(t, f(word), name)
			took = h.found(word)
			t.Logf("%s: found %v after it was sent", name, took.Round(time.Millisecond))
		}
		require.Less(t, took, time.Second, name)
	}
}

// sendByRsyslog runs a real rsyslogd that reads one line from a pipe-fed socket and forwards it by TCP.
func sendByRsyslog(t *testing.T, host, port, text string) error {
	t.Helper()
	dir := t.TempDir()
	socket := filepath.Join(dir, "log.sock")
	conf := filepath.Join(dir, "rsyslog.conf")
	err := os.WriteFile(conf, fmt.Appendf(nil, `
module(load="imuxsock" SysSock.Use="off")
input(type="imuxsock" Socket="%s")
global(workDirectory="%s")
*.* action(type="omfwd" target="%s" port="%s" protocol="tcp")
`, socket, dir, host, port), 0o600)
	if err != nil {
		return err
	}
	cmd := exec.Command("rsyslogd", "-n", "-f", conf, "-i", filepath.Join(dir, "pid"))
	if err := cmd.Start(); err != nil {
		return err
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	deadline := time.Now().Add(10 * time.Second)
	for {
		c, err := net.Dial("unixgram", socket)
		if err == nil {
			_, err = fmt.Fprintf(c, "<14>%s", text)
			return err
		}
		if time.Now().After(deadline) {
			return err
		}
		time.Sleep(20 * time.Millisecond)
	}
}
