package main_test

import (
	"bufio"
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/sdk/plugintest"
)

// receiver is a system that alerts are told to: a real one, or a listener that does what the protocol asks of it.
type alertReceiver struct {
	channel string
	start   func() // again after stop, at the same address
	stop    func()
	read    func() map[string]string // what came, by the alerts' ids
}

// receivers are one of each kind, running, and the configuration of a host that tells all of them.
func receivers(t *testing.T) (list []*alertReceiver, config string) {
	ca := plugintest.NewAuthority(t)
	dir := t.TempDir()
	var settings strings.Builder
	for _, r := range []func(*testing.T, *plugintest.Authority, string) (*alertReceiver, string){rsyslogd, snmptrapd, mailServer, lineReceiver, httpsReceiver} {
		one, plugin := r(t, ca, dir)
		one.start()
		t.Cleanup(one.stop)
		list = append(list, one)
		settings.WriteString(plugin)
	}
	return list, fmt.Sprintf("plugins:\n  dirs: [%q, %q]\n  settings:\n%s", absolute(t, programs+"/plugins"),
		besides(t, "exchange", "json", "linux", "smtp", "snmp", "tcp", "webhook"), settings.String())
}

// besides is a folder with further plugins, of what is built.
func besides(t *testing.T, ids ...string) string {
	dir := absolute(t, programs+"-"+t.Name())
	require.NoError(t, os.RemoveAll(dir))
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	for _, id := range ids {
		require.NoError(t, linkTree("../../../bin/plugins", dir, id))
	}
	return dir
}

func absolute(t *testing.T, path string) string {
	abs, err := filepath.Abs(path)
	require.NoError(t, err)
	return abs
}

// daemon is a program that runs until it is stopped. Its output shows when a test fails.
func daemon(t *testing.T, up func() bool, name string, args ...string) (start, stop func()) {
	path, err := exec.LookPath(name)
	if err != nil {
		path = "/usr/sbin/" + name
	}
	var cmd *exec.Cmd
	start = func() {
		var log bytes.Buffer
		cmd = exec.Command(path, args...) //nolint:gosec // a tool of the test
		cmd.Stdout, cmd.Stderr = &log, &log
		require.NoError(t, cmd.Start(), "this test needs %s; .ci/run installs it", name)
		require.Eventually(t, up, time.Minute, 20*time.Millisecond, "%s does not start: %s", name, &log)
	}
	return start, func() {
		if cmd != nil {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
			cmd = nil
		}
	}
}

func listens(network, address string) func() bool {
	return func() bool {
		c, err := net.Dial(network, address)
		if err == nil {
			_ = c.Close()
		}
		return err == nil
	}
}

func rsyslogd(t *testing.T, _ *plugintest.Authority, dir string) (*alertReceiver, string) {
	address, out, conf := freePort(t), filepath.Join(dir, "rsyslog.out"), filepath.Join(dir, "rsyslog.conf")
	_, port, err := net.SplitHostPort(address)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(conf, fmt.Appendf(nil, `
global(workDirectory=%q maxMessageSize="64k")
module(load="imtcp")
input(type="imtcp" address="127.0.0.1" port="%s")
template(name="all" type="string" string="%%structured-data%%|%%msg%%\n")
action(type="omfile" file=%q template="all")
`, dir, port, out), 0o600))
	r := &alertReceiver{channel: "syslog/soc"}
	r.start, r.stop = daemon(t, listens("tcp", address), "rsyslogd", "-n", "-f", conf, "-i", filepath.Join(dir, "rsyslog.pid"))
	id := regexp.MustCompile(` id="([^"]+)"`)
	r.read = func() map[string]string { return linesByID(out, "\n", id) }
	return r, fmt.Sprintf("    syslog: {config: {targets: [{name: soc, address: %q, protocol: tcp}]}}\n", address)
}

// linesByID are the parts of a file by the id in them.
func linesByID(file, end string, id *regexp.Regexp) map[string]string {
	got := map[string]string{}
	b, _ := os.ReadFile(file)
	for part := range strings.SplitSeq(string(b), end) {
		if m := id.FindStringSubmatch(part); m != nil {
			got[m[1]] = part
		}
	}
	return got
}

func snmptrapd(t *testing.T, _ *plugintest.Authority, dir string) (*alertReceiver, string) {
	address := freePort(t)
	out, conf, community := filepath.Join(dir, "trapd.out"), filepath.Join(dir, "snmptrapd.conf"), filepath.Join(dir, "community")
	require.NoError(t, os.WriteFile(conf, []byte("disableAuthorization no\nauthCommunity log c0mmunity\n"), 0o600))
	require.NoError(t, os.WriteFile(community, []byte("c0mmunity\n"), 0o600))
	t.Setenv("SNMP_PERSISTENT_DIR", dir)
	r := &alertReceiver{channel: "snmp/nms"}
	starts := 0
	up := func() bool {
		b, _ := os.ReadFile(out)
		return bytes.Count(b, []byte("NET-SNMP version")) >= starts
	}
	start, stop := daemon(t, up, "snmptrapd", "-f", "-A", "-Lf", out, "-C", "-c", conf, "-m", "", "-On", "-F", "%v END\n", "udp:"+address)
	r.start, r.stop = func() { starts++; start() }, stop
	id := regexp.MustCompile(`\.1\.3\.6\.1\.4\.1\.32473\.1\.1\.1\.0 = STRING: "?([0-9a-f-]+)`)
	r.read = func() map[string]string { return linesByID(out, " END\n", id) }
	return r, fmt.Sprintf("    snmp: {config: {targets: [{name: nms, address: %q, version: 2c, inform: true, community_file: %q}]}}\n", address, community)
}

func mailServer(t *testing.T, ca *plugintest.Authority, dir string) (*alertReceiver, string) {
	python := "/usr/bin/python3"
	if exec.CommandContext(t.Context(), python, "-c", "import aiosmtpd").Run() != nil {
		python = "python3"
	}
	address, password := freePort(t), filepath.Join(dir, "mail.password")
	_, port, err := net.SplitHostPort(address)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(password, []byte("pa55word\n"), 0o600))
	cert, key := ca.Issue(t, "mail", "mail.test")
	r := &alertReceiver{channel: "smtp/soc"}
	starts, stop := 0, func() {}
	folder := func(n int) string { return filepath.Join(dir, "mails"+strconv.Itoa(n)) }
	r.start = func() {
		starts++
		require.NoError(t, os.Mkdir(folder(starts), 0o700))
		var start func()
		start, stop = daemon(t, listens("tcp", address), python, "-W", "ignore", "../../../plugins/alert/smtp/testdata/server.py", port, "starttls", cert, key, folder(starts))
		start()
	}
	r.stop = func() { stop() }
	id := regexp.MustCompile(`(?m)^X-Logcenter-Alert: (\S+)`)
	r.read = func() map[string]string {
		got := map[string]string{}
		for n := range starts {
			mails, _ := filepath.Glob(filepath.Join(folder(n+1), "*.eml"))
			for _, m := range mails {
				maps.Copy(got, linesByID(m, "\x00", id))
			}
		}
		return got
	}
	return r, fmt.Sprintf("    smtp: {config: {targets: [{name: soc, address: %q, server_name: mail.test, ca_file: %q, username: logcenter, password_file: %q, from: logcenter@bank.example, to: [soc@bank.example], retry: 1s}]}}\n",
		address, ca.File, password)
}

// inbox is what a listener of the test got.
type inbox struct {
	mu  sync.Mutex
	got map[string]string
}

func (i *inbox) put(body []byte) (id string) {
	var a struct {
		ID string `json:"id"`
	}
	if json.Unmarshal(body, &a) == nil && a.ID != "" {
		i.mu.Lock()
		defer i.mu.Unlock()
		if i.got == nil {
			i.got = map[string]string{}
		}
		i.got[a.ID] = string(body)
	}
	return a.ID
}

func (i *inbox) read() map[string]string {
	i.mu.Lock()
	defer i.mu.Unlock()
	return maps.Clone(i.got)
}

// lineReceiver takes JSON lines by TCP and acknowledges each.
func lineReceiver(t *testing.T, _ *plugintest.Authority, _ string) (*alertReceiver, string) {
	address, box := freePort(t), &inbox{}
	var l net.Listener
	var conns sync.Map
	r := &alertReceiver{channel: "tcp/siem", read: box.read}
	r.start = func() {
		var err error
		l, err = net.Listen("tcp", address)
		require.NoError(t, err)
		go func(l net.Listener) {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				conns.Store(c, true)
				go func() {
					defer c.Close()
					lines := bufio.NewScanner(c)
					lines.Buffer(nil, 1<<20)
					for lines.Scan() {
						if _, err := fmt.Fprintln(c, box.put(lines.Bytes())); err != nil {
							return
						}
					}
				}()
			}
		}(l)
	}
	r.stop = func() {
		_ = l.Close()
		conns.Range(func(c, _ any) bool { _ = c.(net.Conn).Close(); return true })
	}
	return r, fmt.Sprintf("    tcp: {config: {targets: [{name: siem, address: %q, acknowledge: true, retry: 1s}]}}\n", address)
}

// httpsReceiver takes what is signed.
func httpsReceiver(t *testing.T, ca *plugintest.Authority, dir string) (*alertReceiver, string) {
	address, box, secret := freePort(t), &inbox{}, filepath.Join(dir, "hook.secret")
	require.NoError(t, os.WriteFile(secret, []byte("a secret of the test, 32 bytes.."), 0o600))
	key, err := os.ReadFile(secret)
	require.NoError(t, err)
	certFile, keyFile := ca.Issue(t, "hooks", "hooks.test")
	cert, err := tls.LoadX509KeyPair(certFile, keyFile)
	require.NoError(t, err)
	var server *http.Server
	r := &alertReceiver{channel: "webhook/soar", read: box.read}
	r.start = func() {
		l, err := tls.Listen("tcp", address, &tls.Config{Certificates: []tls.Certificate{cert}})
		require.NoError(t, err)
		server = &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			body, err := io.ReadAll(req.Body)
			mac := hmac.New(sha256.New, key)
			_, _ = mac.Write([]byte(req.Header.Get("webhook-id") + "." + req.Header.Get("webhook-timestamp") + "."))
			_, _ = mac.Write(body)
			if err != nil || req.Header.Get("webhook-signature") != "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)) {
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			box.put(body)
		})}
		go func(s *http.Server) { _ = s.Serve(l) }(server)
	}
	r.stop = func() { _ = server.Close() }
	return r, fmt.Sprintf("    webhook: {config: {targets: [{name: soar, url: %q, server_name: hooks.test, ca_file: %q, secret_file: %q, retry: 1s}]}}\n", "https://"+address+"/alerts", ca.File, secret)
}
