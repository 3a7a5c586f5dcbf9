package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/clienttls"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/message"
	"github.com/logcenter/logcenter/sdk/plugintest"
	"github.com/logcenter/logcenter/sdk/porttest"
	"github.com/logcenter/logcenter/sdk/schema"
	"github.com/logcenter/logcenter/sdk/syslog"
)

func TestConformance(t *testing.T) { plugintest.Conformance(t, sdk.NotifierStage(New)) }

var alert = sdk.Alert{
	ID: "5f2d", Rule: "login-failures", Name: "多次登录失败", Description: `Somebody guesses "passwords" [of fw\01].`,
	Topic: "logins", Type: "frequency", Method: "syslog", Frequency: "continuous", Remarks: "night shift:\ncall first",
	Severity: "Error", Priority: 2, Keys: map[string]string{"user.name": "zhang", "source.ip": "203.0.113.9"},
	Fields: map[string]string{"host.name": "fw-01"}, Count: 21, Tags: []string{"vpn", "login"}, URL: "https://lc.example/alerts/5f2d",
	First: time.Date(2026, 10, 11, 12, 0, 0, 0, time.UTC), Last: time.Date(2026, 10, 11, 12, 9, 0, 0, time.UTC),
}

// config has one target.
func config(change func(*Target)) Config {
	var c Target
	schema.Defaults(&c)
	c.Name, c.Hostname, c.Timeout, c.Retry = "soc", "lc-01", 2*time.Second, 100*time.Millisecond
	change(&c)
	return Config{[]Target{c}}
}

func start(t *testing.T, change func(*Target)) sdk.Notifier {
	t.Helper()
	n, err := New(config(change))
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, n.(sdk.Closer).Close()) })
	return n
}

func english(t *testing.T, a sdk.Alert) *message.Message {
	t.Helper()
	c, err := message.New(message.Config{Language: "en", Timezone: "UTC"})
	require.NoError(t, err)
	return c.Message(&a, "syslog/soc", time.Now())
}

func TestMessageReadsBackAsSent(t *testing.T) {
	h := header{facility: facilities["local0"], host: "lc-01", app: "logcenter", pid: 77}
	b := h.message(english(t, alert), time.Date(2026, 10, 11, 12, 9, 1, 5e6, time.UTC), 8192)
	p, rest, err := syslog.Parse(b)
	require.NoError(t, err)
	assert.Equal(t, syslog.RFC5424, p.Format)
	assert.Equal(t, 16, p.Facility())
	assert.Equal(t, 3, p.Severity())
	assert.Equal(t, "2026-10-11T12:09:01.005Z", string(p.Timestamp))
	assert.Equal(t, []string{"lc-01", "logcenter", "77", "alert"}, []string{string(p.Hostname), string(p.AppName), string(p.ProcID), string(p.MsgID)})
	assert.True(t, p.BOM)
	assert.Equal(t, `[ALERT] 多次登录失败: Somebody guesses "passwords" [of fw\01]. (source.ip=203.0.113.9 user.name=zhang)`, string(rest))
	assert.Equal(t, `[alert@32473 id="5f2d" kind="alert" name="多次登录失败" description="Somebody guesses \"passwords\" [of fw\\01\]." topic="logins" `+
		`type="frequency" method="syslog" fields="host.name=fw-01" frequency="continuous" remarks="night shift: call first" `+
		`rule="login-failures" severity="Error" priority="2" keys="source.ip=203.0.113.9 user.name=zhang" count="21" `+
		`first="2026-10-11T12:00:00Z" last="2026-10-11T12:09:00Z" url="https://lc.example/alerts/5f2d" tags="vpn,login"]`, string(p.Structured))
}

func TestSeverity(t *testing.T) {
	for s, want := range map[string]int{"Fatal": 2, "Error": 3, "Warn": 4, "Info": 6, "Debug": 7, "": 5, "high": 5} {
		assert.Equal(t, want, severity(s), s)
		if want != 5 {
			assert.Equal(t, ecs.Severity(s), ecs.SyslogSeverity(want))
		}
	}
}

func TestLongAlertsAreCutWithinTheBound(t *testing.T) {
	h := header{facility: 1, host: strings.Repeat("h", 60), app: "logcenter", pid: 77}
	for _, tt := range []struct{ name, description string }{
		{"short", strings.Repeat("长", 5000)},
		{strings.Repeat("名", 3000), ""},
		{strings.Repeat(`"]\`, 3000), strings.Repeat("\x00\n", 3000)},
	} {
		a := alert
		a.Name, a.Description, a.Remarks = tt.name, tt.description, tt.description
		for _, most := range []int{480, 500, 1024, 2048, 8192} {
			b := h.message(english(t, a), time.Now(), most)
			assert.LessOrEqual(t, len(b), most)
			assert.True(t, utf8.Valid(b))
			assert.NotContains(t, string(b), "\n")
			if most >= 1024 {
				p, _, err := syslog.Parse(b)
				require.NoError(t, err, "%s", b)
				assert.Contains(t, string(p.Structured), `id="5f2d"`)
			}
		}
	}
}

func TestConfigSaysWhatIsWrong(t *testing.T) {
	one := func(target map[string]any) map[string]any {
		if target["name"] == nil {
			target["name"] = "soc"
		}
		return map[string]any{"targets": []any{target}}
	}
	for _, tt := range []struct {
		data map[string]any
		path string
	}{
		{map[string]any{}, "targets"},
		{one(map[string]any{}), "targets[0].address"},
		{one(map[string]any{"address": "10.2.0.9"}), "targets[0].address"},
		{one(map[string]any{"address": "10.2.0.9:514", "name": ""}), "targets[0].name"},
		{one(map[string]any{"address": "10.2.0.9:514", "protocol": "dtls"}), "targets[0].protocol"},
		{one(map[string]any{"address": "10.2.0.9:514", "ca_file": "/ca.pem"}), "targets[0].protocol"},
		{one(map[string]any{"address": "10.2.0.9:514", "protocol": "tls", "framing": "newline"}), "targets[0].framing"},
		{one(map[string]any{"address": "10.2.0.9:514", "app_name": "log center"}), "targets[0].app_name"},
		{one(map[string]any{"address": "10.2.0.9:514", "hostname": "日志"}), "targets[0].hostname"},
		{one(map[string]any{"address": "10.2.0.9:514", "facility": "local8"}), "targets[0].facility"},
		{one(map[string]any{"address": "10.2.0.9:514", "language": "fr"}), "targets[0].language"},
	} {
		var c Config
		list := schema.Errors(schema.Decode(tt.data, &c))
		require.NotEmpty(t, list, "%v", tt.data)
		assert.Equal(t, tt.path, list[0].Path)
	}
	for _, tt := range []struct {
		change func(*Target)
		path   string
	}{
		{func(c *Target) { c.Protocol, c.TLS.CAFile = "tls", filepath.Join(t.TempDir(), "none.pem") }, "targets[0].ca_file"},
		{func(c *Target) { c.Protocol, c.TLS.KeyFile = "tls", "key.pem" }, "targets[0].cert_file"},
		{func(c *Target) { c.Message.TemplateFile = filepath.Join(t.TempDir(), "none.tmpl") }, "targets[0].template_file"},
	} {
		_, err := New(config(tt.change))
		var e *schema.Error
		require.ErrorAs(t, err, &e)
		assert.Equal(t, tt.path, e.Path)
	}
}

func TestTargetsAreToldApart(t *testing.T) {
	var ports []net.PacketConn
	c := Config{}
	for _, name := range []string{"soc", "noc"} {
		l, err := net.ListenPacket("udp", "127.0.0.1:0")
		require.NoError(t, err)
		defer l.Close()
		ports = append(ports, l)
		c.Targets = append(c.Targets, config(func(c *Target) { c.Name, c.Address = name, l.LocalAddr().String() }).Targets...)
	}
	n, err := New(c)
	require.NoError(t, err)
	defer n.(sdk.Closer).Close()
	assert.Equal(t, []string{"soc", "noc"}, n.(sdk.Targeter).Targets())
	a := alert
	a.Target, a.Kind, a.Recovers, a.Method = "noc", sdk.AlertRecovery, "5f2c", ""
	require.NoError(t, n.Notify(context.Background(), a))
	b := make([]byte, 9000)
	require.NoError(t, ports[1].SetReadDeadline(time.Now().Add(10*time.Second)))
	size, _, err := ports[1].ReadFrom(b)
	require.NoError(t, err)
	for _, want := range []string{`kind="recovery"`, `recovers="5f2c"`, `method="syslog/noc"`, "[RECOVERY] 多次登录失败"} {
		assert.Contains(t, string(b[:size]), want)
	}
	a.Target = ""
	err = n.Notify(context.Background(), a)
	require.ErrorContains(t, err, `no target ""`)
	var again *sdk.RetryError
	assert.NotErrorAs(t, err, &again)
}

func TestNobodyThereIsTriedAgain(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := l.Addr().String()
	require.NoError(t, l.Close())
	n := start(t, func(c *Target) { c.Address, c.Protocol = address, "tcp" })
	err = n.Notify(context.Background(), alert)
	var again *sdk.RetryError
	require.ErrorAs(t, err, &again)
	assert.Equal(t, 100*time.Millisecond, again.After)
	assert.Contains(t, err.Error(), address)
}

func TestAReceiverThatDoesNotReadIsGivenUp(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	held := make(chan net.Conn, 1)
	go func() {
		c, err := l.Accept()
		if err == nil {
			held <- c
		}
	}()
	n := start(t, func(c *Target) {
		c.Address, c.Protocol, c.Timeout, c.MaxBytes = l.Addr().String(), "tcp", 200*time.Millisecond, 65000
	})
	long := alert
	long.Description = strings.Repeat("x", 60000)
	began := time.Now()
	for err = nil; err == nil && time.Since(began) < 20*time.Second; {
		err = n.Notify(context.Background(), long)
	}
	var again *sdk.RetryError
	require.ErrorAs(t, err, &again)
	defer func() { _ = (<-held).Close() }()

	// The next message must not follow the half of one that is on its way.
	got := make(chan string, 1)
	go receive(l, got)
	require.NoError(t, n.Notify(context.Background(), alert))
	assert.Contains(t, <-got, `id="`+alert.ID+`"`)
}

// receive takes TCP messages framed by their length.
func receive(l net.Listener, got chan<- string) {
	c, err := l.Accept()
	if err != nil {
		return
	}
	defer c.Close()
	r := bufio.NewReader(c)
	var size int
	if _, err := fmt.Fscanf(r, "%d ", &size); err != nil {
		return
	}
	b := make([]byte, size)
	if _, err := io.ReadFull(r, b); err == nil {
		got <- string(b)
	}
}

func TestAConnectionThatWasClosedIsMadeAnew(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	got := make(chan string, 2)
	n := start(t, func(c *Target) { c.Address, c.Protocol = l.Addr().String(), "tcp" })
	for i := range 2 {
		go receive(l, got) // takes one message and closes
		a := alert
		a.ID = fmt.Sprint("id-", i)
		require.NoError(t, n.Notify(context.Background(), a))
		assert.Contains(t, <-got, fmt.Sprintf(`id="id-%d"`, i))
		n.(*notifier).Each(func(r *receiver) {
			require.Eventually(t, func() bool { return r.link.Gone() }, time.Minute, time.Millisecond)
		})
	}
}

// TestRsyslog sends alerts to a real rsyslogd and reads what it has understood.
func TestRsyslog(t *testing.T) {
	path, err := exec.LookPath("rsyslogd")
	if err != nil {
		path = "/usr/sbin/rsyslogd"
	}
	_, err = os.Stat(path)
	require.NoError(t, err, "this test needs rsyslogd: apt-get install rsyslog rsyslog-gnutls")
	dir, port, secure := t.TempDir(), freePort(t), freePort(t)
	ca := plugintest.NewAuthority(t)
	cert, key := ca.Issue(t, "rsyslog", "rsyslog.test")
	clientCert, clientKey := ca.Issue(t, "lc-01")
	out := filepath.Join(dir, "out.log")
	conf := filepath.Join(dir, "rsyslog.conf")
	require.NoError(t, os.WriteFile(conf, fmt.Appendf(nil, `
global(workDirectory=%q maxMessageSize="64k" defaultNetstreamDriverCAFile=%q defaultNetstreamDriverCertFile=%q defaultNetstreamDriverKeyFile=%q)
module(load="imudp")
module(load="imtcp" maxSessions="10")
input(type="imudp" address="127.0.0.1" port="%d")
input(type="imtcp" address="127.0.0.1" port="%d")
input(type="imtcp" address="127.0.0.1" port="%d" streamDriver.name="gtls" streamDriver.mode="1" streamDriver.authMode="x509/certvalid")
template(name="all" type="string" string="%%syslogfacility-text%%|%%syslogseverity%%|%%hostname%%|%%app-name%%|%%msgid%%|%%structured-data%%|%%msg%%\n")
action(type="omfile" file=%q template="all")
`, dir, ca.File, cert, key, port, port, secure, out), 0o600))
	var log bytes.Buffer
	cmd := exec.Command(path, "-n", "-f", conf, "-i", filepath.Join(dir, "pid"))
	cmd.Stdout, cmd.Stderr = &log, &log
	require.NoError(t, cmd.Start())
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}()

	for _, p := range []int{port, secure} {
		require.Eventually(t, func() bool {
			c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", p))
			if err == nil {
				_ = c.Close()
			}
			return err == nil
		}, time.Minute, 20*time.Millisecond, "rsyslogd does not listen: %s", &log)
	}
	var ids []string
	for _, tt := range []struct {
		id, protocol, framing string
		port                  int
	}{
		{"over-udp", "udp", "octet", port},
		{"over-tcp-octet", "tcp", "octet", port},
		{"over-tcp-newline", "tcp", "newline", port},
		{"over-tls", "tls", "octet", secure},
	} {
		n := start(t, func(c *Target) {
			c.Address, c.Protocol, c.Framing, c.Facility = fmt.Sprintf("127.0.0.1:%d", tt.port), tt.protocol, tt.framing, "local3"
			if tt.protocol == "tls" {
				c.TLS = clienttls.Config{CAFile: ca.File, CertFile: clientCert, KeyFile: clientKey, ServerName: "rsyslog.test"}
			}
		})
		for _, id := range []string{tt.id, tt.id + "-again"} {
			a := alert
			a.ID = id
			require.NoError(t, n.Notify(context.Background(), a))
			ids = append(ids, id)
		}
	}
	// Whom rsyslogd does not know, and who does not know rsyslogd, is told so.
	for _, refused := range []clienttls.Config{{CAFile: ca.File, ServerName: "rsyslog.test"}, {CAFile: ca.File}, {ServerName: "rsyslog.test"}} {
		n := start(t, func(c *Target) {
			c.Address, c.Protocol, c.TLS = fmt.Sprintf("127.0.0.1:%d", secure), "tls", refused
		})
		err := n.Notify(context.Background(), alert)
		var again *sdk.RetryError
		require.ErrorAs(t, err, &again)
		assert.Regexp(t, "certificate", err.Error())
	}
	for _, id := range ids {
		var line string
		require.Eventually(t, func() bool {
			data, _ := os.ReadFile(out)
			for l := range strings.SplitSeq(string(data), "\n") {
				if strings.Contains(l, fmt.Sprintf("id=%q", id)) {
					line = l
				}
			}
			return line != ""
		}, time.Minute, 20*time.Millisecond, "%s did not arrive; rsyslogd says: %s", id, &log)
		f := strings.SplitN(line, "|", 7)
		require.Len(t, f, 7, line)
		assert.Equal(t, []string{"local3", "3", "lc-01", "logcenter", "alert"}, f[:5])
		assert.Contains(t, f[5], `remarks="night shift: call first"`)
		assert.Contains(t, f[6], `[ALERT] 多次登录失败: Somebody guesses "passwords"`)
	}
}

func freePort(t *testing.T) int {
	t.Helper()
	port, err := porttest.Free()
	require.NoError(t, err)
	return port
}
