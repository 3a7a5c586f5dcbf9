package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/clienttls"
	"github.com/logcenter/logcenter/sdk/plugintest"
	"github.com/logcenter/logcenter/sdk/porttest"
	"github.com/logcenter/logcenter/sdk/schema"
)

func TestConformance(t *testing.T) { plugintest.Conformance(t, sdk.NotifierStage(New)) }

var alert = sdk.Alert{
	ID: "5f2d", Rule: "login-failures", Name: "多次登录失败", Description: "Somebody guesses passwords.", Type: "frequency", Severity: "Error", Priority: 1,
	Keys: map[string]string{"source.ip": "203.0.113.9"}, Count: 21, URL: "https://lc.example/alerts/5f2d",
}

// server is a real mail server.
type server struct {
	address, folder string
	ca              *plugintest.Authority
}

// serve starts testdata/server.py, which needs aiosmtpd.
func serve(t *testing.T, mode string) *server {
	t.Helper()
	var python string
	for _, p := range []string{"/usr/bin/python3", "python3"} {
		if exec.CommandContext(t.Context(), p, "-c", "import aiosmtpd").Run() == nil { //nolint:gosec // one of two
			python = p
			break
		}
	}
	require.NotEmpty(t, python, "this test needs aiosmtpd: apt-get install python3-aiosmtpd")
	address, err := porttest.Address()
	require.NoError(t, err)
	s := &server{address: address, folder: t.TempDir(), ca: plugintest.NewAuthority(t)}
	_, port, err := net.SplitHostPort(s.address)
	require.NoError(t, err)
	cert, key := s.ca.Issue(t, "mail", "mail.test")
	var log bytes.Buffer
	cmd := exec.Command(python, "-W", "ignore", "testdata/server.py", port, mode, cert, key, s.folder) //nolint:gosec // see above
	cmd.Stdout, cmd.Stderr = &log, &log
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("the mail server says: %s", &log)
		}
	})
	require.Eventually(t, func() bool {
		c, err := net.Dial("tcp", s.address)
		if err == nil {
			_ = c.Close()
		}
		return err == nil
	}, time.Minute, 20*time.Millisecond, "the mail server does not listen")
	return s
}

// received is a mail as the server has it.
type received struct {
	*mail.Message
	to         string // recipients that were named to the server
	text, html string
}

// mails are all that the server has, oldest first.
func (s *server) mails(t *testing.T) (list []received) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(s.folder, "*.eml"))
	require.NoError(t, err)
	slices.Sort(names)
	for _, name := range names {
		b, err := os.ReadFile(name)
		require.NoError(t, err)
		to, content, _ := bytes.Cut(b, []byte("\n"))
		m, err := mail.ReadMessage(bytes.NewReader(content))
		require.NoError(t, err)
		r := received{Message: m, to: string(to)}
		kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
		require.NoError(t, err)
		require.Equal(t, "multipart/alternative", kind)
		for parts := multipart.NewReader(m.Body, params["boundary"]); ; {
			p, err := parts.NextRawPart()
			if errors.Is(err, io.EOF) {
				break
			}
			require.NoError(t, err)
			require.Equal(t, "quoted-printable", p.Header.Get("Content-Transfer-Encoding"))
			text, err := io.ReadAll(quotedprintable.NewReader(p))
			require.NoError(t, err)
			if strings.HasPrefix(p.Header.Get("Content-Type"), "text/html") {
				r.html = string(text)
			} else {
				r.text = strings.ReplaceAll(string(text), "\r\n", "\n")
			}
		}
		list = append(list, r)
	}
	return list
}

func (s *server) start(t *testing.T, change func(*Target)) sdk.Notifier {
	t.Helper()
	password := filepath.Join(t.TempDir(), "password")
	require.NoError(t, os.WriteFile(password, []byte("pa55word\n"), 0o600))
	var c Target
	schema.Defaults(&c)
	c.Name, c.Address, c.From, c.To, c.Retry = "soc", s.address, "日志中心 <logcenter@example.com>", []string{"SOC <soc@example.com>", "noc@example.com"}, time.Second
	c.Username, c.PasswordFile, c.TLS = "logcenter", password, clienttls.Config{CAFile: s.ca.File, ServerName: "mail.test"}
	change(&c)
	require.NoError(t, c.Validate())
	n, err := New(Config{[]Target{c}})
	require.NoError(t, err)
	return n
}

// again says whether another try is asked for.
func again(t *testing.T, err error) bool {
	t.Helper()
	require.Error(t, err)
	var r *sdk.RetryError
	return errors.As(err, &r)
}

func TestMailsByARealServer(t *testing.T) {
	s := serve(t, "starttls")
	n := s.start(t, func(*Target) {})
	over := alert
	over.ID, over.Kind, over.Recovers, over.Priority = "5f2e", sdk.AlertRecovery, alert.ID, 3
	louder := alert
	louder.ID, louder.Kind, louder.Fields = "5f30", sdk.AlertEscalation, map[string]string{"logcenter.alert": alert.ID}
	other := alert
	other.ID, other.Keys = "5f2f", map[string]string{"source.ip": "203.0.113.10"}
	for _, a := range []sdk.Alert{alert, alert, over, louder, other} {
		require.NoError(t, n.Notify(t.Context(), a))
	}
	got := s.mails(t)
	require.Len(t, got, 5)
	first := got[0]
	assert.Equal(t, "soc@example.com,noc@example.com", first.to)
	subject, err := (&mime.WordDecoder{}).DecodeHeader(first.Header.Get("Subject"))
	require.NoError(t, err)
	assert.Equal(t, "[ALERT] [Error] 多次登录失败", subject)
	from, err := mail.ParseAddress(first.Header.Get("From"))
	require.NoError(t, err)
	assert.Equal(t, mail.Address{Name: "日志中心", Address: "logcenter@example.com"}, *from)
	assert.Equal(t, "auto-generated", first.Header.Get("Auto-Submitted"))
	assert.Equal(t, "5f2d", first.Header.Get("X-Logcenter-Alert"))
	assert.Equal(t, "high", first.Header.Get("Importance"))
	assert.Contains(t, first.text, "Alert method: smtp/soc\n")
	assert.Contains(t, first.text, "ID: 5f2d\n")
	assert.Contains(t, first.html, `<a href="https://lc.example/alerts/5f2d">`)
	at, err := first.Header.Date()
	require.NoError(t, err)
	assert.WithinDuration(t, time.Now(), at, time.Minute)

	id := func(i int) string { return got[i].Header.Get("Message-Id") }
	thread := strings.Fields(first.Header.Get("References"))
	require.Len(t, thread, 1)
	assert.Equal(t, id(0), id(1), "a repeat is the same mail")
	assert.Regexp(t, `^<[0-9a-f]{32}@example\.com>$`, id(0))
	for _, i := range []int{2, 3} {
		assert.NotEqual(t, id(0), id(i))
		assert.Equal(t, id(0), got[i].Header.Get("In-Reply-To"))
		assert.Equal(t, []string{thread[0], id(0)}, strings.Fields(got[i].Header.Get("References")))
	}
	assert.NotEqual(t, first.Header.Get("References"), got[4].Header.Get("References"))
	assert.Empty(t, got[4].Header.Get("In-Reply-To"))
}

func TestNothingIsInjected(t *testing.T) {
	s := serve(t, "none")
	n := s.start(t, func(c *Target) { c.Security, c.Username, c.PasswordFile, c.TLS = "none", "", "", clienttls.Config{} })
	evil := "x\r\nBcc: victim@example.com\r\n\r\n.\r\nMAIL FROM:<a@b>\r\n"
	a := sdk.Alert{
		ID: evil, Rule: evil, Name: evil, Description: evil + "<script>", Severity: evil, Kind: sdk.AlertKind(evil), Recovers: evil,
		Keys: map[string]string{evil: evil}, Remarks: ".\r\n.",
	}
	require.NoError(t, n.Notify(t.Context(), a))
	long := alert
	long.Name, long.ID, long.Rule = strings.Repeat("名", 5000), strings.Repeat("密", 5000), strings.Repeat(`"<a@b>,`, 5000)
	require.NoError(t, n.Notify(t.Context(), long))
	got := s.mails(t)
	require.Len(t, got, 2)
	for _, m := range got {
		assert.Equal(t, "soc@example.com,noc@example.com", m.to)
		assert.Empty(t, m.Header.Get("Bcc"))
		for name, values := range m.Header {
			assert.Len(t, values, 1, name)
			assert.Contains(t, []string{
				"Auto-Submitted", "Content-Type", "Date", "From", "Importance", "In-Reply-To", "Message-Id", "Mime-Version", "Priority", "References",
				"Subject", "To", "X-Auto-Response-Suppress", "X-Logcenter-Alert", "X-Logcenter-Kind", "X-Logcenter-Rule", "X-Logcenter-Severity",
				"X-Msmail-Priority", "X-Priority",
			}, name)
		}
		assert.NotContains(t, m.html, "<script>")
	}
}

func TestRecipientsThatAreRefusedOrComeLater(t *testing.T) {
	s := serve(t, "tls")
	some := s.start(t, func(c *Target) {
		c.Security, c.To = "tls", []string{"soc@example.com", "refused@example.com", "later@example.com"}
	})
	err := some.Notify(t.Context(), alert)
	require.True(t, again(t, err), err)
	require.ErrorContains(t, err, "later@example.com: 451")
	require.NoError(t, some.Notify(t.Context(), alert), "others have it though one is refused")
	got := s.mails(t)
	require.Len(t, got, 2)
	assert.Equal(t, "soc@example.com", got[0].to)
	assert.Equal(t, "later@example.com", got[1].to, "nobody gets it twice")

	none := s.start(t, func(c *Target) { c.Security, c.To = "tls", []string{"refused@example.com"} })
	err = none.Notify(t.Context(), alert)
	require.False(t, again(t, err), err)
	require.ErrorContains(t, err, "no such user")
}

func TestWhatIsWrongWithTheServerIsSaid(t *testing.T) {
	s := serve(t, "starttls")
	wrong := filepath.Join(t.TempDir(), "wrong")
	require.NoError(t, os.WriteFile(wrong, []byte("wr0ng"), 0o600))
	for says, change := range map[string]func(*Target){
		"see to username and pass": func(c *Target) { c.PasswordFile = wrong },
		"certificate":              func(c *Target) { c.TLS.CAFile = "" },
		"mail.example":             func(c *Target) { c.TLS.ServerName = "mail.example" },
		"first record does not":    func(c *Target) { c.Security = "tls" },
		"connection refused":       func(c *Target) { c.Address = "127.0.0.1:9" },
		"not done within":          func(c *Target) { c.Address, c.Timeout = silent(t), 100*time.Millisecond },
		"Must issue a STARTTLS":    func(c *Target) { c.Security, c.Username, c.PasswordFile, c.TLS = "none", "", "", clienttls.Config{} },
	} {
		err := s.start(t, change).Notify(t.Context(), alert)
		assert.ErrorContains(t, err, says)
		assert.Equal(t, says != "Must issue a STARTTLS", again(t, err), err)
		assert.NotContains(t, fmt.Sprint(err), "wr0ng")
	}
	plain := serve(t, "none")
	err := plain.start(t, func(*Target) {}).Notify(t.Context(), alert)
	require.ErrorContains(t, err, "has no STARTTLS")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	assert.True(t, again(t, s.start(t, func(*Target) {}).Notify(ctx, alert)))
	assert.Empty(t, append(s.mails(t), plain.mails(t)...))
}

// silent accepts and says nothing.
func silent(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	return l.Addr().String()
}

func TestConfigSaysWhatIsWrong(t *testing.T) {
	target := func(more map[string]any) map[string]any {
		m := map[string]any{"name": "soc", "address": "mail.example.com:587", "from": "a@example.com", "to": []any{"b@example.com"}}
		for k, v := range more {
			m[k] = v
		}
		return map[string]any{"targets": []any{m}}
	}
	for _, tt := range []struct {
		data map[string]any
		path string
	}{
		{target(map[string]any{"address": "mail.example.com"}), "targets[0].address"},
		{target(map[string]any{"from": "nobody"}), "targets[0].from"},
		{target(map[string]any{"to": []any{}}), "targets[0].to"},
		{target(map[string]any{"to": []any{"b@example.com", "密@example.com"}}), "targets[0].to[1]"},
		{target(map[string]any{"to": []any{"b@example.com\r\nRCPT TO:<c@d>"}}), "targets[0].to[0]"},
		{target(map[string]any{"username": "x"}), "targets[0].username"},
		{target(map[string]any{"username": "x", "password_file": "/p", "security": "none"}), "targets[0].security"},
		{target(map[string]any{"hello": "two words"}), "targets[0].hello"},
	} {
		var c Config
		list := schema.Errors(schema.Decode(tt.data, &c))
		require.NotEmpty(t, list, tt.path)
		assert.Equal(t, tt.path, list[0].Path)
	}
	_, err := New(Config{[]Target{{Name: "soc", From: "a@b", To: []string{"a@b"}, PasswordFile: "/none"}}})
	require.Error(t, err)
}
