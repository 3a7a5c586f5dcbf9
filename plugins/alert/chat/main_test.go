package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/plugintest"
	"github.com/logcenter/logcenter/sdk/schema"
)

func TestConformance(t *testing.T) { plugintest.Conformance(t, sdk.NotifierStage(New)) }

var alert = sdk.Alert{
	ID: "5f2d", Rule: "login-failures", Name: "多次登录失败", Description: "Somebody guesses <@all> *passwords*.", Type: "frequency", Severity: "Error",
	Keys: map[string]string{"source.ip": "203.0.113.9"}, Count: 21, URL: "https://lc.example/alerts/5f2d?a=1&b=2",
}

const (
	token = "s3cretToken"
	key   = "SECs3cretKey"
)

func file(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

// request is one that came, with its body as JSON.
type request struct {
	*http.Request
	body map[string]any
}

// chat is a server that answers as a chat does.
func chat(t *testing.T, answer http.HandlerFunc) (*httptest.Server, <-chan request) {
	t.Helper()
	got := make(chan request, 200)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body map[string]any
		if assert.NoError(t, json.NewDecoder(r.Body).Decode(&body)) {
			got <- request{r, body}
		}
		answer(w, r)
	}))
	t.Cleanup(s.Close)
	return s, got
}

func says(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func start(t *testing.T, kind, url string, change func(*Target)) sdk.Notifier {
	t.Helper()
	var c Target
	schema.Defaults(&c)
	c.Name, c.Kind, c.URL, c.TokenFile, c.Retry = "ops", kind, url, file(t, token+"\n"), 100*time.Millisecond
	c.Message.Language = "zh"
	change(&c)
	require.NoError(t, c.Validate())
	n, err := New(Config{[]Target{c}})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, n.(sdk.Closer).Close()) })
	return n
}

// sum is base64 of HMAC-SHA256.
func sum(key, text string) string {
	h := hmac.New(sha256.New, []byte(key))
	_, _ = io.WriteString(h, text)
	return base64.StdEncoding.EncodeToString(h.Sum(nil))
}

func TestDingTalk(t *testing.T) {
	s, got := chat(t, says(200, `{"errcode":0,"errmsg":"ok"}`))
	n := start(t, "dingtalk", s.URL+"/robot/send", func(c *Target) { c.SecretFile = file(t, key) })
	require.NoError(t, n.Notify(t.Context(), alert))
	r := <-got
	assert.Equal(t, "/robot/send", r.URL.Path)
	q := r.URL.Query()
	assert.Equal(t, token, q.Get("access_token"))
	at, err := strconv.ParseInt(q.Get("timestamp"), 10, 64)
	require.NoError(t, err)
	assert.WithinDuration(t, time.Now(), time.UnixMilli(at), time.Minute)
	assert.Equal(t, sum(key, q.Get("timestamp")+"\n"+key), q.Get("sign"))
	assert.Equal(t, "text", r.body["msgtype"])
	text := r.body["text"].(map[string]any)["content"].(string)
	for _, want := range []string{"[告警] [错误] 多次登录失败\n", "告警方式: chat/ops\n", "告警编号: 5f2d\n", "链接: https://lc.example/alerts/5f2d?a=1&b=2\n"} {
		assert.Contains(t, text, want)
	}
	assert.NotContains(t, text, "<@")

	n = start(t, "dingtalk", s.URL, func(*Target) {})
	require.NoError(t, n.Notify(t.Context(), alert))
	assert.Empty(t, (<-got).URL.Query().Get("sign"))
}

func TestWeCom(t *testing.T) {
	s, got := chat(t, says(200, `{"errcode":0,"errmsg":"ok"}`))
	n := start(t, "wecom", s.URL+"/cgi-bin/webhook/send", func(*Target) {})
	long := alert
	long.Description, long.Remarks = strings.Repeat("长", 3000), strings.Repeat("<@all>", 3000)
	require.NoError(t, n.Notify(t.Context(), long))
	r := <-got
	assert.Equal(t, "/cgi-bin/webhook/send?key="+token, r.RequestURI)
	text := r.body["text"].(map[string]any)["content"].(string)
	assert.LessOrEqual(t, len(text), 2048)
	assert.Contains(t, text, "\n告警编号: 5f2d\n")
	assert.NotContains(t, text, "<@")
}

func TestFeishu(t *testing.T) {
	s, got := chat(t, says(200, `{"StatusCode":0,"StatusMessage":"success","code":0,"data":{},"msg":"success"}`))
	n := start(t, "feishu", s.URL+"/open-apis/bot/v2/hook/", func(c *Target) { c.SecretFile = file(t, key) })
	over := alert
	over.Kind = sdk.AlertRecovery
	require.NoError(t, n.Notify(t.Context(), over))
	r := <-got
	assert.Equal(t, "/open-apis/bot/v2/hook/"+token, r.URL.Path)
	at, err := strconv.ParseInt(r.body["timestamp"].(string), 10, 64)
	require.NoError(t, err)
	assert.WithinDuration(t, time.Now(), time.Unix(at, 0), time.Minute)
	assert.Equal(t, sum(r.body["timestamp"].(string)+"\n"+key, ""), r.body["sign"])
	assert.Equal(t, "post", r.body["msg_type"])
	post := r.body["content"].(map[string]any)["post"].(map[string]any)["zh_cn"].(map[string]any)
	assert.Equal(t, "[恢复] [错误] 多次登录失败", post["title"])
	lines := post["content"].([]any)
	assert.Equal(t, []any{map[string]any{"tag": "text", "text": "告警名称: 多次登录失败"}}, lines[0])
	for _, l := range lines {
		assert.Equal(t, "text", l.([]any)[0].(map[string]any)["tag"])
	}
}

func TestSlack(t *testing.T) {
	for _, answer := range []string{"ok", `{"success":true}`, ""} {
		s, got := chat(t, says(200, answer))
		n := start(t, "slack", s.URL+"/services", func(c *Target) {
			c.TokenFile, c.Message.Language = file(t, "T000/B000/"+token), "en"
		})
		require.NoError(t, n.Notify(t.Context(), alert))
		r := <-got
		assert.Equal(t, "/services/T000/B000/"+token, r.URL.Path)
		text := r.body["text"].(string)
		assert.Contains(t, text, "Description: Somebody guesses &lt;@\u200ball&gt; *\u200bpasswords*\u200b.\n")
		assert.Contains(t, text, "Link: https://lc.example/alerts/5f2d?a=1&amp;b=2\n")
		assert.Equal(t, false, r.body["mrkdwn"])
	}
}

func TestAnswers(t *testing.T) {
	const usual = 100 * time.Millisecond
	for _, tt := range []struct {
		kind   string
		status int
		body   string
		wait   time.Duration // 0: final
	}{
		{"dingtalk", 200, `{"errcode":130101,"errmsg":"send too fast, exceed 20 times per minute"}`, 10 * time.Minute},
		{"dingtalk", 200, `{"errcode":-1,"errmsg":"系统繁忙"}`, usual},
		{"dingtalk", 200, `{"errcode":310000,"errmsg":"sign not match, more: [https://ding-doc.dingtalk.com/doc]"}`, 0},
		{"dingtalk", 200, `{"errcode":300001,"errmsg":"token is not exist: ` + token + `"}`, 0},
		{"dingtalk", 200, `<html>Log in to the network first</html>`, usual},
		{"dingtalk", 502, `bad gateway`, usual},
		{"wecom", 200, `{"errcode":45009,"errmsg":"api freq out of limit"}`, time.Minute},
		{"wecom", 200, `{"errcode":93000,"errmsg":"invalid webhook url, hint: [1]"}`, 0},
		{"wecom", 200, `{}`, usual},
		{"wecom", 200, `{"errcode":null}`, usual},
		{"feishu", 200, `{"code":19021,"msg":"sign match fail or timestamp is not within one hour from current time"}`, 0},
		{"feishu", 200, `{"code":11232,"msg":"frequency limited"}`, time.Minute},
		{"feishu", 400, `{"code":99991400,"msg":"request trigger frequency limit"}`, time.Minute},
		{"feishu", 400, `{"code":9499,"msg":"Bad Request","data":{}}`, 0},
		{"feishu", 400, `nonsense`, 0},
		{"slack", 403, "invalid_token " + token, 0},
		{"slack", 404, "no_service", 0},
		{"slack", 400, "invalid_payload", 0},
		{"slack", 500, "rollup_error", usual},
		{"slack", 200, `{"success":false,"error":"no channel"}`, 0},
	} {
		s, _ := chat(t, says(tt.status, tt.body))
		n := start(t, tt.kind, s.URL, func(c *Target) {
			if kinds[tt.kind].signs {
				c.SecretFile = file(t, key)
			}
		})
		err := n.Notify(t.Context(), alert)
		require.ErrorContains(t, err, "chat/ops: "+tt.kind+" answers", tt.body)
		assert.NotContains(t, err.Error(), token)
		var again *sdk.RetryError
		if tt.wait == 0 {
			require.NotErrorAs(t, err, &again, tt.body)
			continue
		}
		require.ErrorAs(t, err, &again, tt.body)
		assert.Equal(t, tt.wait, again.After, tt.body)
	}
}

func TestWhoHasHadTooManyIsLeftInPeace(t *testing.T) {
	s, got := chat(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "30")
		w.WriteHeader(http.StatusTooManyRequests)
	})
	n := start(t, "slack", s.URL, func(*Target) {})
	var again *sdk.RetryError
	for range 3 {
		require.ErrorAs(t, n.Notify(t.Context(), alert), &again)
		assert.InDelta(t, 30, again.After.Seconds(), 5)
	}
	assert.Len(t, got, 1)
}

func TestNoMoreIsSentThanAChatTakes(t *testing.T) {
	for kind, most := range map[string]int{"dingtalk": 20, "wecom": 20, "feishu": 100} {
		s, got := chat(t, says(200, `{"errcode":0,"code":0}`))
		n := start(t, kind, s.URL, func(*Target) {})
		var again *sdk.RetryError
		sent := 0
		for range most + 3 {
			if err := n.Notify(t.Context(), alert); err == nil {
				sent++
			} else {
				require.ErrorAs(t, err, &again)
				assert.InDelta(t, 60, again.After.Seconds(), 30)
			}
		}
		assert.Equal(t, most, sent)
		assert.Len(t, got, most)
	}
	var r room
	r.c.PerMinute = 2
	at := time.Date(2026, 10, 11, 12, 0, 0, 0, time.UTC)
	for _, tt := range []struct{ after, wait time.Duration }{
		{0, 0}, {10 * time.Second, 0}, {20 * time.Second, 40 * time.Second}, {60 * time.Second, 0}, {61 * time.Second, 9 * time.Second}, {70 * time.Second, 0},
	} {
		assert.Equal(t, tt.wait, r.turn(at.Add(tt.after)), tt.after)
	}
}

func TestErrorsShowNoSecret(t *testing.T) {
	for kind := range kinds {
		n := start(t, kind, "http://127.0.0.1:9/hook", func(*Target) {})
		err := n.Notify(t.Context(), alert)
		var again *sdk.RetryError
		require.ErrorAs(t, err, &again)
		assert.NotContains(t, fmt.Sprintf("%v %+v", err, again), token)
		assert.Contains(t, err.Error(), "http://127.0.0.1:9")
	}
}

func TestConfigSaysWhatIsWrong(t *testing.T) {
	target := func(more map[string]any) map[string]any {
		m := map[string]any{"name": "ops", "kind": "wecom", "url": "https://qyapi.weixin.qq.com/cgi-bin/webhook/send", "token_file": "/t"}
		for k, v := range more {
			m[k] = v
		}
		return map[string]any{"targets": []any{m}}
	}
	for _, tt := range []struct {
		data map[string]any
		path string
	}{
		{target(map[string]any{"kind": "icq"}), "targets[0].kind"},
		{target(map[string]any{"url": "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=s3cretToken"}), "targets[0].url"},
		{target(map[string]any{"url": "qyapi.weixin.qq.com"}), "targets[0].url"},
		{target(map[string]any{"secret_file": "/s"}), "targets[0].secret_file"},
		{target(map[string]any{"token_file": ""}), "targets[0].token_file"},
	} {
		var c Config
		err := schema.Decode(tt.data, &c)
		list := schema.Errors(err)
		require.NotEmpty(t, list, tt.path)
		assert.Equal(t, tt.path, list[0].Path)
		assert.NotContains(t, err.Error(), token)
	}
	for _, text := range []string{"", "two words", "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=" + token} {
		_, err := New(Config{[]Target{{Name: "ops", Kind: "wecom", URL: "https://example.com", TokenFile: file(t, text)}}})
		require.Error(t, err)
		assert.NotContains(t, err.Error(), token)
	}
}
