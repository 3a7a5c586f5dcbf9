package message_test

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/message"
)

// FuzzValues puts anything where devices may put it, and looks at what no channel may see.
func FuzzValues(f *testing.F) {
	for _, value := range evil {
		f.Add(value)
	}
	m, err := message.New(message.Config{Language: "zh", Timezone: "Asia/Shanghai"})
	if err != nil {
		f.Fatal(err)
	}
	own, err := message.New(message.Config{Language: "en", Timezone: "UTC"})
	if err != nil {
		f.Fatal(err)
	}
	if err := own.Define("json", `{"a": "{{.Name}}", "b": ["{{range .Fields}}{{.Name}}{{.Value}}{{end}}"], "c": "{{.URL}}"}`); err != nil {
		f.Fatal(err)
	}
	if err := own.Define("form", `a={{.Name}}&b={{.URL}}`); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, value string) {
		a := sdk.Alert{
			ID: value, Rule: value, Name: value, Description: value, Type: value, Severity: value, Remarks: value, Kind: sdk.AlertKind(value), URL: "https://" + value,
			Keys: map[string]string{value: value}, Fields: map[string]string{value: value}, Tags: []string{value}, EventIDs: []string{value}, Last: time.Unix(0, 1),
		}
		msg := m.Message(&a, "chat/ops", now)
		texts := map[string]string{
			"title": msg.Title(message.Plain), "line": msg.Line(message.Plain), "plain": msg.Text(message.Plain), "chat": msg.TextWithin(message.Chat, 2048),
			"slack": msg.Text(message.Mrkdwn), "html": msg.HTML(),
		}
		for name, text := range texts {
			if !utf8.ValidString(text) {
				t.Errorf("%s is not UTF-8: %q", name, text)
			}
			if strings.ContainsFunc(text, func(r rune) bool {
				return r < ' ' && r != '\n' || r >= 0x7f && r < 0xa0 || r >= 0x2028 && r <= 0x202e || r >= 0x2066 && r <= 0x2069
			}) {
				t.Errorf("%s has what changes how others are shown: %q", name, text)
			}
		}
		if strings.Contains(texts["title"]+texts["line"], "\n") || len(texts["chat"]) > 2048 {
			t.Errorf("too much: %q", texts)
		}
		if strings.ContainsAny(texts["slack"], "<>") || strings.Contains(texts["chat"], "<@") || strings.Contains(texts["chat"], "@all") {
			t.Errorf("a mention: %q", texts)
		}
		if strings.Count(texts["html"], "<td>") != strings.Count(texts["html"], "<tr>") || strings.Contains(texts["html"], "<script") {
			t.Errorf("a tag: %q", texts["html"])
		}
		msg = own.Message(&a, "webhook/soar", now)
		body, err := msg.Own("json", message.JSON)
		if err != nil || !json.Valid([]byte(body)) {
			t.Errorf("not JSON: %q, %v", body, err)
		}
		form, err := msg.Own("form", message.Query)
		if q, parse := url.ParseQuery(form); err != nil || parse != nil || len(q) != 2 {
			t.Errorf("not a form: %q, %v, %v", form, err, parse)
		}
		if b, err := msg.Document().JSON(message.MinJSON); err != nil || len(b) > message.MinJSON || !json.Valid(b) {
			t.Errorf("%d bytes of JSON, %v", len(b), err)
		}
	})
}
