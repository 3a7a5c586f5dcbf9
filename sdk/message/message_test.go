package message_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/message"
	"github.com/logcenter/logcenter/sdk/schema"
)

var alert = sdk.Alert{
	ID: "5f2d", Rule: "vpn-brute-force", RuleVersion: "3", Name: "多次登录失败", Description: "Somebody guesses passwords.",
	Topic: "vpn logins", Type: "frequency", Method: "notifiers", Frequency: "continuous", Severity: "Error", Priority: 2,
	Keys: map[string]string{"user.name": "zhang", "source.ip": "203.0.113.9"}, Fields: map[string]string{"host.name": "fw-01"},
	EventIDs: []string{"raw-0-1-2"}, Count: 21, Tags: []string{"vpn"}, URL: "https://lc.example/alerts/5f2d",
	First: time.Date(2026, 10, 11, 12, 0, 0, 0, time.UTC), Last: time.Date(2026, 10, 11, 12, 9, 0, 0, time.UTC),
}

var now = time.Date(2026, 10, 11, 12, 9, 1, 0, time.UTC)

func composer(t *testing.T, language, templates string) *message.Composer {
	t.Helper()
	c := message.Config{Language: language, Timezone: "Asia/Shanghai"}
	if templates != "" {
		c.TemplateFile = filepath.Join(t.TempDir(), "own.tmpl")
		require.NoError(t, os.WriteFile(c.TemplateFile, []byte(templates), 0o600))
	}
	m, err := message.New(c)
	require.NoError(t, err)
	return m
}

func TestTextHasAllFacts(t *testing.T) {
	assert.Equal(t, `[ALERT] [Error] 多次登录失败

Alert name: 多次登录失败
Description: Somebody guesses passwords.
Log topic: vpn logins
Alert type: frequency
Alert method: smtp/soc
Alert fields: host.name=fw-01
Check frequency: continuous
Remarks: -
Kind: ALERT
Severity: Error
Priority: 2
Keys: source.ip=203.0.113.9 user.name=zhang
Events: 21
First: 2026-10-11 20:00:00 +08:00
Last: 2026-10-11 20:09:00 +08:00
Time: 2026-10-11 20:09:01 +08:00
ID: 5f2d
Rule: vpn-brute-force 3
Tags: vpn
Event IDs: raw-0-1-2
Link: https://lc.example/alerts/5f2d
`, composer(t, "en", "").Message(&alert, "smtp/soc", now).Text(message.Plain))

	over := alert
	over.Kind, over.ID, over.Recovers, over.Channels = sdk.AlertRecovery, "5f2e", "5f2d", []string{"smtp/soc", "chat/ops"}
	assert.Equal(t, `[恢复] [错误] 多次登录失败

告警名称: 多次登录失败
告警描述: Somebody guesses passwords.
日志主题: vpn logins
告警类型: 频率告警
告警方式: smtp/soc, chat/ops
告警字段: host.name=fw-01
检查频率: 实时
备注: -
消息类别: 恢复
级别: 错误
优先级: 2
关联键: source.ip=203.0.113.9 user.name=zhang
事件数: 21
首次发生: 2026-10-11 20:00:00 +08:00
最近发生: 2026-10-11 20:09:00 +08:00
发送时间: 2026-10-11 20:09:01 +08:00
告警编号: 5f2e
已恢复的告警: 5f2d
规则: vpn-brute-force 3
标签: vpn
事件编号: raw-0-1-2
链接: https://lc.example/alerts/5f2d
`, composer(t, "zh", "").Message(&over, "smtp/soc", now).Text(message.Plain))
}

func TestEveryKindIsSaid(t *testing.T) {
	for kind, want := range map[sdk.AlertKind][2]string{
		sdk.AlertRaised: {"[ALERT]", "[告警]"}, sdk.AlertRecovery: {"[RECOVERY]", "[恢复]"}, sdk.AlertSummary: {"[SUMMARY]", "[汇总]"},
		sdk.AlertEscalation: {"[ESCALATION]", "[升级]"}, sdk.AlertTest: {"[TEST]", "[测试]"},
	} {
		a := alert
		a.Kind = kind
		for i, language := range []string{"en", "zh"} {
			m := composer(t, language, "").Message(&a, "file", now)
			for _, text := range []string{m.Title(message.Plain), m.Line(message.Plain), m.Text(message.Plain)} {
				assert.True(t, strings.HasPrefix(text, want[i]), text)
			}
			assert.Contains(t, m.HTML(), want[i])
		}
	}
}

// evil are values as an attacker would have devices log them.
var evil = []string{
	"line\r\nSeverity: Debug\nRemarks: harmless", "\x1b[2J\x1b]0;owned\x07", "<script>alert(1)</script>", `" onload="x`, "&amp;",
	"[click](http://evil.example)", "![](http://evil.example/x.png)", "<!channel> @here @all", "<@U123>", "<at user_id=\"all\">x</at>",
	"`code` *bold* ~gone~ __init__", "<http://evil.example|bank>", "a\u202eb\u2066c", "\u2028\u2029\u0085", "\xff\xfe", "{{.ID}}", "</td></tr>",
	"\x00\x7f\x9b31m", "@所有人",
}

func TestValuesAreHarmless(t *testing.T) {
	for _, value := range evil {
		a := sdk.Alert{
			ID: value, Rule: value, RuleVersion: value, Name: value, Description: value, Topic: value, Type: value, Method: value, Frequency: value,
			Remarks: value, Severity: value, Keys: map[string]string{value: value}, Fields: map[string]string{value: value}, EventIDs: []string{value},
			Tags: []string{value}, URL: "javascript:" + value, Recovers: value, Kind: sdk.AlertKind(value), Target: value, Channels: []string{value},
		}
		m := composer(t, "en", "").Message(&a, value, now)
		plain, chat, slack, page := m.Text(message.Plain), m.Text(message.Chat), m.Text(message.Mrkdwn), m.HTML()
		require.NoError(t, m.Err())
		for _, text := range []string{plain, chat, slack, page, m.Title(message.Plain), m.Line(message.Plain)} {
			assert.True(t, utf8.ValidString(text))
			for _, r := range text {
				assert.False(t, r < ' ' && r != '\n' || r >= 0x7f && r < 0xa0 || r >= 0x2028 && r <= 0x202e || r >= 0x2066 && r <= 0x2069, "%U in %q", r, text)
			}
			assert.NotContains(t, text, "javascript:")
		}
		assert.Equal(t, 1, strings.Count(plain, "\nRemarks: "), "no fact can be forged")
		for _, mark := range []string{"<!channel", "<@", "<at ", "@all", "@所有人"} {
			assert.NotContains(t, chat, mark)
			assert.NotContains(t, slack, mark)
		}
		for _, mark := range []string{"<", ">", "](", "![", "@here", "__", "`code`", "http://"} {
			assert.NotContains(t, slack, mark)
		}
		for _, tag := range []string{"<script", "onload=\"", "<at", "<@", "<!channel", "<http"} {
			assert.NotContains(t, page, tag)
		}
		assert.Equal(t, strings.Count(page, "<tr>"), strings.Count(page, "</tr>"))
	}
}

func TestValuesStandInJSONAndForms(t *testing.T) {
	m := composer(t, "en", `{{define "body"}}{"name": "{{.Name}}", "fields": "{{range .Fields}}{{.Name}}={{.Value}}{{end}}"}{{end}}`)
	for _, value := range evil {
		a := sdk.Alert{Name: value, Fields: map[string]string{"k": value}}
		text, err := m.Message(&a, "webhook", now).Own("body", message.JSON)
		require.NoError(t, err)
		var got map[string]string
		require.NoError(t, json.Unmarshal([]byte(text), &got), text)
		assert.Equal(t, map[string]string{"name": message.Clean(value), "fields": "k=" + message.Clean(value)}, got)
		form, err := m.Message(&a, "webhook", now).Own("body", message.Query)
		require.NoError(t, err)
		assert.NotRegexp(t, `&`, form)
	}
}

func TestOwnTemplates(t *testing.T) {
	m := composer(t, "en", `{{define "title"}}{{.SeverityLevel}} on {{range .Fields}}{{.Value}}{{end}}{{end}}`).Message(&alert, "smtp/soc", now)
	assert.Equal(t, "Error on fw-01", m.Title(message.Plain))
	assert.Contains(t, m.Line(message.Plain), "[ALERT] 多次登录失败", "what the file does not have is built in")
	require.NoError(t, m.Err())
	_, err := m.Own("body", message.JSON)
	require.ErrorIs(t, err, message.ErrNoTemplate)
}

func TestATemplateThatFailsLosesNothing(t *testing.T) {
	for name, text := range map[string]string{
		"no such field": `{{.Nonsense}}`, "index": `{{index .Tags 7}}`, "endless": strings.Repeat(`{{range $.Facts}}{{range $.Facts}}{{range $.Facts}}xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx{{end}}{{end}}{{end}}`, 2),
	} {
		c := composer(t, "zh", `{{define "title"}}mine{{end}}{{define "text"}}`+text+`{{end}}`)
		m := c.Message(&alert, "smtp/soc", now)
		got := m.Text(message.Plain)
		assert.Contains(t, got, "\n告警名称: 多次登录失败\n", name)
		assert.Contains(t, got, "自定义模板出错", name)
		assert.Contains(t, got, `template "text" of `, name)
		require.ErrorContains(t, m.Err(), "own.tmpl", name)
		assert.Equal(t, "mine", m.Title(message.Plain), "the others still stand")
	}
}

func TestConfigSaysWhatIsWrong(t *testing.T) {
	bad := filepath.Join(t.TempDir(), "bad.tmpl")
	require.NoError(t, os.WriteFile(bad, []byte("one\n{{define \"text\"}}{{.ID}\n{{end}}"), 0o600))
	large := filepath.Join(t.TempDir(), "large.tmpl")
	require.NoError(t, os.WriteFile(large, make([]byte, 300<<10), 0o600))
	for _, tt := range []struct {
		c          message.Config
		path, says string
	}{
		{message.Config{Language: "fr", Timezone: "UTC"}, "language", `"fr"`},
		{message.Config{Language: "en", Timezone: "Beijing"}, "timezone", `"Beijing"`},
		{message.Config{Language: "en", TemplateFile: "/none.tmpl"}, "template_file", "/none.tmpl"},
		{message.Config{Language: "en", TemplateFile: bad}, "template_file", "bad.tmpl:2"},
		{message.Config{Language: "en", TemplateFile: large}, "template_file", "larger than"},
	} {
		_, err := message.New(tt.c)
		var e *schema.Error
		require.ErrorAs(t, err, &e)
		assert.Equal(t, tt.path, e.Path)
		assert.Contains(t, e.Msg, tt.says)
	}
}

func TestNothingGrowsWithoutBound(t *testing.T) {
	a := alert
	a.Description, a.Name = strings.Repeat(`"`, 1<<20), strings.Repeat("名", 1<<20)
	for _, s := range []*string{&a.ID, &a.Rule, &a.RuleVersion, &a.Topic, &a.Type, &a.Method, &a.Frequency, &a.Remarks, &a.Severity, &a.Recovers} {
		*s = a.Description
	}
	a.URL, a.Keys = "https://"+strings.Repeat("x", 240), map[string]string{}
	a.Fields = map[string]string{}
	for i := range 10000 {
		a.Fields[fmt.Sprint(i, a.Description[:500])], a.Keys[fmt.Sprint(i, a.Description[:500])] = a.Description, a.Description
		a.EventIDs = append(a.EventIDs, a.Description)
		a.Tags = append(a.Tags, a.Description)
	}
	m := composer(t, "zh", "").Message(&a, "smtp/soc", now)
	assert.LessOrEqual(t, len(m.Title(message.HTML)), 250)
	for _, text := range []string{m.Line(message.Mrkdwn), m.Text(message.Mrkdwn), m.Text(message.Plain), m.HTML()} {
		assert.LessOrEqual(t, len(text), message.MaxText)
		assert.True(t, utf8.ValidString(text))
	}
}

func TestAllFactsHaveRoom(t *testing.T) {
	a := alert
	a.Description, a.Remarks, a.Name = strings.Repeat("密<", 5000), strings.Repeat("&", 5000), strings.Repeat("名", 5000)
	a.Fields = map[string]string{"a": a.Description, "b": a.Description, "c": a.Description}
	m := composer(t, "zh", "").Message(&a, "chat/ops", now)
	for _, most := range []int{1024, 2048, 4096, 20000} {
		for _, e := range []message.Escape{message.Plain, message.Chat, message.Mrkdwn} {
			text := m.TextWithin(e, most)
			assert.LessOrEqual(t, len(text), most)
			for _, want := range []string{"\n告警名称: 名", "\n备注: &", "\n告警编号: 5f2d\n", "\n链接: https://lc.example/alerts/5f2d\n"} {
				if most > 1024 {
					assert.Contains(t, text, want)
				}
			}
			assert.Contains(t, text, "5f2d")
		}
	}
	failing := composer(t, "zh", `{{define "text"}}{{.Nonsense}}{{end}}`).Message(&a, "chat/ops", now).TextWithin(message.Chat, 2048)
	assert.LessOrEqual(t, len(failing), 2048)
	assert.Contains(t, failing, "5f2d")
	assert.Contains(t, failing, "自定义模板出错")
	long := composer(t, "zh", `{{define "text"}}{{.ID}}{{.Description}}{{.Description}}{{end}}`).Message(&a, "chat/ops", now).TextWithin(message.Chat, 2048)
	assert.LessOrEqual(t, len(long), 2048)
	assert.True(t, strings.HasPrefix(long, "5f2d密"))
}

func TestDocumentKeepsItsBound(t *testing.T) {
	full := alert
	full.Kind, full.Recovers, full.Target = sdk.AlertRecovery, "5f2c", "soc"
	b, err := message.Bounded(&full, "tcp/soc", now, 1<<20)
	require.NoError(t, err)
	assert.JSONEq(t, `{"time": "2026-10-11T12:09:01Z", "id": "5f2d", "kind": "recovery", "recovers": "5f2c", "rule": "vpn-brute-force", "rule_version": "3",
		"name": "多次登录失败", "description": "Somebody guesses passwords.", "topic": "vpn logins", "type": "frequency", "method": "tcp/soc",
		"frequency": "continuous", "remarks": "", "severity": "Error", "priority": 2, "keys": {"user.name": "zhang", "source.ip": "203.0.113.9"},
		"fields": {"host.name": "fw-01"}, "count": 21, "first": "2026-10-11T12:00:00Z", "last": "2026-10-11T12:09:00Z", "events": ["raw-0-1-2"],
		"tags": ["vpn"], "url": "https://lc.example/alerts/5f2d", "target": "soc"}`, string(b))

	for _, long := range []string{strings.Repeat("密", 100<<10), strings.Repeat("\x01", 100<<10), strings.Repeat(`"`, 100<<10)} {
		a := alert
		a.Description, a.Name, a.Remarks, a.Tags = long, long, long, []string{long}
		a.Fields = map[string]string{long: long, "host.name": "fw-01"}
		for i := range 1000 {
			a.EventIDs = append(a.EventIDs, fmt.Sprint("raw-0-1-", i))
		}
		for _, most := range []int{message.MinJSON, 8192, 200 << 10} {
			b, err := message.Bounded(&a, "tcp/soc", now, most)
			require.NoError(t, err)
			assert.LessOrEqual(t, len(b), most)
			var got message.Document
			require.NoError(t, json.Unmarshal(b, &got))
			assert.Equal(t, "5f2d", got.ID)
			assert.True(t, got.Cut)
			assert.NotContains(t, string(b), "\n")
		}
	}
}
