package main

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/clienttls"
	"github.com/logcenter/logcenter/sdk/plugintest"
	"github.com/logcenter/logcenter/sdk/schema"
)

func TestConformance(t *testing.T) { plugintest.Conformance(t, sdk.NotifierStage(New)) }

var alert = sdk.Alert{
	ID: "5f2d", Rule: "login-failures", Name: `多次"登录"失败`, Description: "Somebody guesses\r\npasswords.", Type: "frequency", Severity: "Error",
	Priority: 2, Keys: map[string]string{"source.ip": "203.0.113.9"}, Count: 21,
}

// request is one that came.
type request struct {
	*http.Request
	body string
}

// server answers with answer, and hands on what comes.
func server(t *testing.T, answer http.HandlerFunc) (*httptest.Server, <-chan request) {
	t.Helper()
	got := make(chan request, 20)
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		if assert.NoError(t, err) {
			got <- request{r, string(b)}
		}
		answer(w, r)
	}))
	t.Cleanup(s.Close)
	return s, got
}

func file(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func start(t *testing.T, url string, change func(*Target)) sdk.Notifier {
	t.Helper()
	var c Target
	schema.Defaults(&c)
	c.Name, c.URL, c.Retry = "soar", url, 100*time.Millisecond
	change(&c)
	require.NoError(t, c.Validate())
	n, err := New(Config{[]Target{c}})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, n.(sdk.Closer).Close()) })
	return n
}

func ok(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusAccepted) }

func TestSignedOverTLS(t *testing.T) {
	s, got := server(t, ok)
	s.StartTLS()
	ca := plugintest.NewAuthority(t)
	cert, key := ca.Issue(t, "soar", "soar.test")
	pair, err := (clienttls.Config{CAFile: ca.File, CertFile: cert, KeyFile: key}).Load("")
	require.NoError(t, err)
	c, err := pair.GetClientCertificate(nil)
	require.NoError(t, err)
	s.TLS.Certificates = append(s.TLS.Certificates[:0], *c)

	secret := []byte("0123456789abcdef0123456789abcdef")
	n := start(t, s.URL+"/hook?x=1", func(c *Target) {
		c.TLS = clienttls.Config{CAFile: ca.File, ServerName: "soar.test"}
		c.SecretFile = file(t, "whsec_"+base64.StdEncoding.EncodeToString(secret)+"\n")
		c.TokenFile = file(t, "t0ken\n")
	})
	for i, kind := range []sdk.AlertKind{sdk.AlertRaised, sdk.AlertRecovery} {
		a := alert
		a.Kind = kind
		require.NoError(t, n.Notify(t.Context(), a))
		r := <-got
		assert.Equal(t, "POST /hook?x=1", r.Method+" "+r.RequestURI)
		assert.Equal(t, "application/json", r.Header.Get("Content-Type"))
		assert.Equal(t, "Bearer t0ken", r.Header.Get("Authorization"))
		assert.Equal(t, []string{"5f2d", "5f2d-recovery"}[i], r.Header.Get("webhook-id"))
		at, err := strconv.ParseInt(r.Header.Get("webhook-timestamp"), 10, 64)
		require.NoError(t, err)
		assert.WithinDuration(t, time.Now(), time.Unix(at, 0), time.Minute)
		mac := hmac.New(sha256.New, secret)
		_, _ = fmt.Fprintf(mac, "%s.%d.%s", r.Header.Get("webhook-id"), at, r.body)
		assert.Equal(t, "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)), r.Header.Get("webhook-signature"))
		var d map[string]any
		require.NoError(t, json.Unmarshal([]byte(r.body), &d))
		for key, want := range map[string]any{"id": "5f2d", "name": `多次"登录"失败`, "method": "webhook/soar", "count": 21.0} {
			assert.Equal(t, want, d[key])
		}
	}
	n = start(t, s.URL, func(c *Target) { c.TLS.ServerName = "soar.test" })
	err = n.Notify(t.Context(), alert)
	var again *sdk.RetryError
	require.ErrorAs(t, err, &again)
	require.ErrorContains(t, err, "unknown authority")
}

func TestTheSignatureOfTheSpecification(t *testing.T) {
	// The example of the specification's reference libraries.
	key, err := signingKey(file(t, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"))
	require.NoError(t, err)
	h := http.Header{}
	sign(h, key, "msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 0), []byte(`{"test": 2432232314}`))
	assert.Equal(t, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", h.Get("webhook-signature"))
}

func TestTemplates(t *testing.T) {
	s, got := server(t, ok)
	s.Start()
	for _, tt := range []struct {
		contentType, template, header string
		body, sent                    string
	}{
		{
			"application/json", `{{define "body"}}{"text": "{{.Name}}: {{.Description}}"}{{end}}`, "{{.Severity}}\r\nX-Evil: {{.Description}}",
			`{"text": "多次\"登录\"失败: Somebody guesses  passwords."}`, "Error  X-Evil: Somebody guesses  passwords.",
		},
		{"text/plain", `{{define "body"}}{{.ID}} {{.Name}}{{end}}`, "{{.ID}}", `5f2d 多次"登录"失败`, "5f2d"},
		{"application/x-www-form-urlencoded", `{{define "body"}}who={{range .Keys}}{{.Name}}{{end}}&what={{.Name}}{{end}}`, "", "who=source.ip&what=" + url.QueryEscape(`多次"登录"失败`), ""},
		{"text/html", `{{define "body"}}<p>{{.Name}}</p>{{end}}`, "", `<p>多次&#34;登录&#34;失败</p>`, ""},
	} {
		n := start(t, s.URL, func(c *Target) {
			c.ContentType, c.Headers, c.Message.TemplateFile = tt.contentType, map[string]string{"X-Sent": tt.header}, file(t, tt.template)
		})
		require.NoError(t, n.Notify(t.Context(), alert))
		r := <-got
		assert.Equal(t, tt.body, r.body)
		assert.Equal(t, tt.sent, r.Header.Get("X-Sent"))
		assert.Empty(t, r.Header.Get("X-Evil"))
		assert.True(t, strings.HasPrefix(r.Header.Get("Content-Type"), tt.contentType))
	}
}

func TestATemplateThatFailsLosesNothing(t *testing.T) {
	s, got := server(t, ok)
	s.Start()
	for _, tt := range []struct{ contentType, template, says string }{
		{"application/json", `{{define "body"}}{"text": {{.Name}}}{{end}}`, "not JSON"},
		{"application/json", `{{define "body"}}{{.Nonsense}}{{end}}`, "Nonsense"},
		{"application/json", `{{define "body"}}"{{range .Facts}}{{range $.Facts}}{{range $.Facts}}{{.Value}}` + strings.Repeat("x", 1000) + `{{end}}{{end}}{{end}}"{{end}}`, "more than"},
		{"text/plain", `{{define "body"}}{{.Nonsense}}{{end}}`, "Nonsense"},
		{"text/html", `{{define "body"}}{{.Nonsense}}{{end}}`, "Nonsense"},
		{"application/x-www-form-urlencoded", `{{define "body"}}{{.Nonsense}}{{end}}`, "Nonsense"},
	} {
		n := start(t, s.URL, func(c *Target) { c.ContentType, c.Message.TemplateFile = tt.contentType, file(t, tt.template) })
		require.NoError(t, n.Notify(t.Context(), alert))
		body := (<-got).body
		if tt.contentType == "application/x-www-form-urlencoded" {
			form, err := url.ParseQuery(body)
			require.NoError(t, err)
			body = form.Get("alert")
		}
		assert.Contains(t, body[:min(len(body), 5000)], "5f2d")
		assert.Contains(t, body[:min(len(body), 5000)], tt.says)
	}
}

func TestAnswers(t *testing.T) {
	for _, tt := range []struct {
		status int
		after  string
		wait   time.Duration // 0: final
	}{
		{500, "", 100 * time.Millisecond},
		{502, "", 100 * time.Millisecond},
		{503, "7", 7 * time.Second},
		{429, "0", 100 * time.Millisecond},
		{429, "999999", time.Hour},
		{429, "soon", 100 * time.Millisecond},
		{408, "", 100 * time.Millisecond},
		{501, "", 0},
		{400, "9", 0},
		{401, "", 0},
		{404, "", 0},
		{413, "", 0},
	} {
		s, _ := server(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Retry-After", tt.after)
			w.WriteHeader(tt.status)
			_, _ = fmt.Fprintf(w, "no: %s\x1b[2J", r.Header.Get("Authorization"))
		})
		s.Start()
		n := start(t, s.URL+"/path-with-secret", func(c *Target) { c.Username, c.PasswordFile = "logcenter", file(t, "pa55word") })
		err := n.Notify(t.Context(), alert)
		require.ErrorContains(t, err, fmt.Sprint("answers ", tt.status))
		for _, hidden := range []string{"pa55word", base64.StdEncoding.EncodeToString([]byte("logcenter:pa55word")), "path-with-secret", "\x1b"} {
			assert.NotContains(t, err.Error(), hidden)
		}
		var again *sdk.RetryError
		if tt.wait == 0 {
			require.NotErrorAs(t, err, &again)
			continue
		}
		require.ErrorAs(t, err, &again, tt.status)
		assert.Equal(t, tt.wait, again.After)
	}
	now := time.Now()
	s, _ := server(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", now.Add(90*time.Second).UTC().Format(http.TimeFormat))
		w.WriteHeader(http.StatusServiceUnavailable)
	})
	s.Start()
	var again *sdk.RetryError
	require.ErrorAs(t, start(t, s.URL, func(*Target) {}).Notify(t.Context(), alert), &again)
	assert.InDelta(t, 90, again.After.Seconds(), 20)
}

func TestRedirectsStayOnTheHost(t *testing.T) {
	elsewhere, stolen := server(t, ok)
	elsewhere.Start()
	for _, tt := range []struct {
		status    int
		to        string
		delivered bool
	}{
		{307, "/there", true},
		{308, "/there", true},
		{302, "/there", false},
		{303, "/there", false},
		{307, elsewhere.URL + "/there?token=s3cret", false},
		{308, "/", false}, // without end
	} {
		s, got := server(t, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/there" {
				w.Header().Set("Location", tt.to)
				w.WriteHeader(tt.status)
			}
		})
		s.Start()
		n := start(t, s.URL, func(c *Target) { c.TokenFile = file(t, "t0ken") })
		err := n.Notify(t.Context(), alert)
		first := <-got
		if tt.delivered {
			require.NoError(t, err)
			second := <-got
			assert.Equal(t, first.body, second.body)
			assert.Equal(t, "Bearer t0ken", second.Header.Get("Authorization"))
			continue
		}
		require.ErrorContains(t, err, "redirects are not followed")
		assert.NotContains(t, err.Error(), "s3cret")
		var again *sdk.RetryError
		assert.NotErrorAs(t, err, &again)
	}
	assert.Empty(t, stolen)
}

func TestProxy(t *testing.T) {
	proxy, got := server(t, ok)
	proxy.Start()
	n := start(t, "http://soar.test/hook", func(c *Target) { c.Proxy = proxy.URL })
	require.NoError(t, n.Notify(t.Context(), alert))
	assert.Equal(t, "http://soar.test/hook", (<-got).RequestURI)
}

func TestTimeIsBounded(t *testing.T) {
	hang := make(chan struct{})
	s, _ := server(t, func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-hang:
		case <-r.Context().Done():
		}
	})
	s.Start()
	defer close(hang)
	var again *sdk.RetryError
	require.ErrorAs(t, start(t, s.URL, func(c *Target) { c.Timeout = 50 * time.Millisecond }).Notify(t.Context(), alert), &again)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	require.ErrorAs(t, start(t, s.URL, func(c *Target) { c.Timeout = time.Minute }).Notify(ctx, alert), &again)
}

func TestASecretIsReadAnew(t *testing.T) {
	s, got := server(t, ok)
	s.Start()
	path := file(t, "one")
	n := start(t, s.URL, func(c *Target) { c.TokenFile = path })
	require.NoError(t, n.Notify(t.Context(), alert))
	assert.Equal(t, "Bearer one", (<-got).Header.Get("Authorization"))
	require.NoError(t, os.WriteFile(path, []byte("two"), 0o600))
	require.NoError(t, n.Notify(t.Context(), alert))
	assert.Equal(t, "Bearer two", (<-got).Header.Get("Authorization"))
	require.NoError(t, os.Remove(path))
	var again *sdk.RetryError
	require.ErrorAs(t, n.Notify(t.Context(), alert), &again)
}

func TestConfigSaysWhatIsWrong(t *testing.T) {
	target := func(more map[string]any) map[string]any {
		m := map[string]any{"name": "soar", "url": "https://soar.example.com/hook"}
		for k, v := range more {
			m[k] = v
		}
		return map[string]any{"targets": []any{m}}
	}
	for _, tt := range []struct {
		data map[string]any
		path string
	}{
		{target(map[string]any{"url": "soar.example.com"}), "targets[0].url"},
		{target(map[string]any{"url": "https://user:s3cret@soar.example.com"}), "targets[0].url"},
		{target(map[string]any{"proxy": "socks5://10.0.0.1"}), "targets[0].proxy"},
		{target(map[string]any{"username": "x"}), "targets[0].username"},
		{target(map[string]any{"username": "x", "password_file": "/p", "token_file": "/t"}), "targets[0].token_file"},
		{target(map[string]any{"headers": map[string]any{"authorization": "x"}}), "targets[0].headers.authorization"},
		{target(map[string]any{"headers": map[string]any{"a:b": "x"}}), "targets[0].headers.a:b"},
		{target(map[string]any{"content_type": "text/xml"}), "targets[0].content_type"},
	} {
		var c Config
		err := schema.Decode(tt.data, &c)
		list := schema.Errors(err)
		require.NotEmpty(t, list, tt.path)
		assert.Equal(t, tt.path, list[0].Path)
		assert.NotContains(t, err.Error(), "s3cret")
	}
	for _, tt := range []struct {
		change func(*Target)
		path   string
	}{
		{func(c *Target) { c.SecretFile = file(t, "short") }, "targets[0].secret_file"},
		{func(c *Target) { c.SecretFile = file(t, "whsec_nonsense!") }, "targets[0].secret_file"},
		{func(c *Target) { c.TokenFile = "/none" }, "targets[0].token_file"},
		{func(c *Target) { c.Headers = map[string]string{"X-A": "{{"} }, "targets[0].headers.X-A"},
	} {
		var c Target
		schema.Defaults(&c)
		c.Name, c.URL = "soar", "https://soar.example.com"
		tt.change(&c)
		_, err := New(Config{[]Target{c}})
		var e *schema.Error
		require.ErrorAs(t, err, &e)
		assert.Equal(t, tt.path, e.Path)
	}
}
