package query_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/sdk/query"
)

func TestTokenize(t *testing.T) {
	f := func(text, want string) {
		t.Helper()
		assert.Equal(t, want, strings.Join(query.Tokenize(text), "|"), text)
		assert.Equal(t, strings.ReplaceAll(want, "|", " "), string(query.AppendTokens(nil, []byte(text))), text)
	}
	f("", "")
	f(" ,;:'\"[]{}\x00\n", "")
	f("Login FAILED", "login|failed")
	f("event:'[123]SQL';danger_degree:high", "event|123|sql|danger|degree|high")
	f("10.0.0.1:8080", "10|0|0|1|8080")
	f("nginx.access app_name", "nginx|access|app|name")
	f("登录失败", "登|录|失|败")
	f("用户admin登录失败3次", "用|户|admin|登|录|失|败|3|次")
	f("ログインに失敗ー！", "ロ|グ|イ|ン|に|失|敗|ー")
	f("二〇二六年，第①号", "二|〇|二|六|年|第|号")
	f("서버 오류", "서버|오류")
	f("Ошибка ÉCOLE Straße ΣΊΣΥΦΟΣ", "ошибка|école|straße|σίσυφοσ")
	f("e\u0301cole", "e\u0301cole")
	f("\u212Aelvin İx ſ", "\u212Aelvin|İx|ſ")
	f("١٢٣ ½ Ⅷ", "١٢٣")
	f("a\xffb\xe7\x99c", "a|b|c")
	f("😀ok😀", "ok")
	f("𠀀x", "𠀀|x")
}

func TestNextTokenAllocatesNothing(t *testing.T) {
	text := []byte("2026-10-11 用户Admin登录失败 from 10.0.0.1 ÉCOLE")
	buf := make([]byte, 0, 256)
	assert.Zero(t, testing.AllocsPerRun(100, func() { buf = query.AppendTokens(buf[:0], text) }))
}

func FuzzTokenize(f *testing.F) {
	f.Add("Login 登录失败 é")
	f.Fuzz(func(t *testing.T, text string) {
		tokens := query.Tokenize(text)
		joined := string(query.AppendTokens(nil, []byte(text)))
		require.Equal(t, strings.Join(tokens, " "), joined)
		require.Equal(t, tokens, query.Tokenize(joined), "tokens are stable")
	})
}

func TestTextWords(t *testing.T) {
	f := func(text, want string) {
		t.Helper()
		n, err := query.Parse(text)
		require.NoError(t, err)
		words, err := query.TextWords(n)
		if err != nil {
			assert.Equal(t, want, "error: "+err.Error())
			return
		}
		var got []string
		for _, w := range words {
			s := w.Text
			switch w.Kind {
			case query.Starts:
				s += "…"
			case query.Like:
				s = "<" + s + ">"
				require.NotNil(t, w.Like)
			}
			got = append(got, s)
		}
		assert.Equal(t, want, strings.Join(got, "|"), text)
	}
	f("Fail", "fail")
	f(`"Login failed"`, "login|failed")
	f("登录失败", "登|录|失|败")
	f("10.0.0.1", "10|0|0|1")
	f("Fail*", "fail…")
	f("10.0.*", "10|0")
	f("10.0.1*", "10|0|1…")
	f("登录*", "登|录")
	f("*登录*", "登|录")
	f("*Fail*", "<*Fail*>")
	f("te?t", "<te?t>")
	f("*error.c?de*", "<*error>|<c?de*>")
	f("user登*", "user|登")
	f("登?", "登|<?>")
	f(`a\*b*`, "a|b…")
	f(`a\*b?`, "a|<b?>")
	const none = "error: there is no letter and no digit to search for (text is searched by words; signs between them do not count)"
	f(`"--"`, none)
	f("_*", none)
	f("*-*", none)
	f("10.*.1*", "error: on text a wildcard looks at one word, and this * stands between two (search for both parts with AND, or write a space for neighbouring words in quotes)")
}
