package main

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/plugintest"
	"github.com/logcenter/logcenter/sdk/sample"
	"github.com/logcenter/logcenter/sdk/wire"
)

// maskAll runs lines through the plugin as one batch and returns what the host would store of them.
func maskAll(t testing.TB, config string, lines ...string) []string {
	t.Helper()
	s := sdk.MaskerStage(New)
	plugintest.Open(t, s, []byte(config))
	in := make([][]byte, len(lines))
	for i, l := range lines {
		in[i] = []byte(l)
	}
	b := sample.Lines(in)
	out := append([]string(nil), lines...)
	err := s.Process(context.Background(), b, func(r *wire.Result) error {
		require.NoError(t, r.Validate(b, b.Columns[0].Field))
		require.Empty(t, r.Errors)
		for _, e := range r.Edits {
			for i := e.Len() - 1; i >= 0; i-- { // from behind, so that positions stay right
				row, start, end, with := e.EditAt(i)
				out[row] = out[row][:start] + e.Replacements[with] + out[row][end:]
			}
		}
		return nil
	})
	require.NoError(t, err)
	return out
}

// TestForms are the spellings in which secrets stand in logs, and what only looks like one.
func TestForms(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		// Passwords.
		{`password=abc123`, `password=******`},
		{`user=li;password=a=b,c;ip=1`, `user=li;password=******;ip=1`},
		{`Password : S3cret! next`, `Password : ****** next`},
		{`PASSWD=x`, `PASSWD=******`},
		{`pwd='it''s' a`, `pwd='******''s' a`},
		{`db_pwd:x1 y`, `db_pwd:****** y`},
		{`pass: hunter2`, `pass: ******`},
		{`{"user":"li","password":"a\"b c","x":1}`, `{"user":"li","password":"******","x":1}`},
		{`{"password": null, "pwd": ""}`, `{"password": null, "pwd": ""}`},
		{`{\"password\":\"abc\"}`, `{\"password\":\"******\"}`},
		{`GET /login?user=a&password=a%26b%3D&x=1 HTTP/1.1`, `GET /login?user=a&password=******&x=1 HTTP/1.1`},
		{`body=user%3Dli%26password%3Dabc%26x%3D1`, `body=user%3Dli%26password%3D******%26x%3D1`},
		{`用户=张三;密码=秘密123;结果=成功`, `用户=张三;密码=******;结果=成功`},
		{`密码：秘密123，登录`, `密码：******，登录`},
		{`新密码=abc;`, `新密码=******;`},
		{`%E5%AF%86%E7%A0%81=abc&b=1`, `%E5%AF%86%E7%A0%81=******&b=1`},
		{`<password>abc</password>`, `<password>******</password>`},
		{`mysql --password abc -h x`, `mysql --password ****** -h x`},
		{`Authorization: Basic bGk6YWJj rest`, `Authorization: Basic ****** rest`},
		{`"Authorization": "Bearer eyJhbGciOi.J9.abc_-"`, `"Authorization": "Bearer ******"`},
		{`ftp://li:s3cret@10.2.0.9/x`, `ftp://li:******@10.2.0.9/x`},
		{`api_key=0123456789abcdef&x=1`, `api_key=******&x=1`},
		{`password=abc password=def`, `password=****** password=******`},

		// What is no password.
		{`desc=密码错误;`, `desc=密码错误;`},
		{`reason=wrong password`, `reason=wrong password`},
		{`bypass=1 compass=2`, `bypass=1 compass=2`},
		{`mail li@bank.example`, `mail li@bank.example`},
		{`Path traversal: ../../etc/passwd`, `Path traversal: ../../etc/passwd`},
		{`password=******`, `password=******`},

		// ID cards: made-up people of a county that does not exist.
		{`身份证 110199199003070033 张三`, `身份证 110199********0033 张三`},
		{`n=110199199003070034&x=1`, `n=110199199003070034&x=1`}, // the check digit is wrong
		{`id=44019919851231005X.`, `id=440199********005X.`},
		{`id=44019919851231005x`, `id=440199********005x`},
		{`old 110199850307003 new`, `old 1101********003 new`},

		// Cards: numbers that payment providers publish for tests.
		{`card 4000000000000002`, `card 4000********0002`},
		{`card 5555555555554444 and 4000000000000002`, `card 5555********4444 and 4000********0002`},
		{`cardNo=6200000000000000003`, `cardNo=62000********000003`},
		{`6200 0000 0000 0005`, `6200 **** **** 0005`},
		{`6200-0000-0000-0005`, `6200-****-****-0005`},
		{`6200%200000%200000%200005`, `6200%20****%20****%200005`},
		{`n=6200%2D0000%2D0000%2D0005`, `n=6200%2D****%2D****%2D0005`},
		{`账号6200000000000005转账`, `账号6200********0005转账`},

		// What is no card.
		{`ts=1760155200123`, `ts=1760155200123`},
		{`bytes=4000000000000003`, `bytes=4000000000000003`},
		{`20261011120000123`, `20261011120000123`},
		{`trace=4000000000000002abc`, `trace=4000000000000002abc`},
		{`order_4000000000000002`, `order_4000000000000002`},
		{`0.4000000000000002`, `0.4000000000000002`},
		{`62000000000000000030000`, `62000000000000000030000`},
		{`10.2.0.9 10.2.0.10 443 51012 6200`, `10.2.0.9 10.2.0.10 443 51012 6200`},
		{`2026-10-11 12:00:00 1234-5678-9012-3456`, `2026-10-11 12:00:00 1234-5678-9012-3456`},
	} {
		assert.Equal(t, tt.want, maskAll(t, "{}", tt.in)[0])
	}
}

// TestPlace is about where in a batch a secret stands: the prefilter looks at some positions only.
func TestPlace(t *testing.T) {
	secrets := [...][2]string{
		{"password=abc", "password=******"},
		{"4000000000000002", "4000********0002"},
		{"密码=x", "密码=******"},
		{"110199199003070033", "110199********0033"},
		{"6200 0000 0000 0005", "6200 **** **** 0005"},
	}
	var lines, want []string
	for n := range 40 {
		for _, s := range secrets {
			in, out := s[0], s[1]
			pad := strings.Repeat("x", n)
			lines = append(lines, pad+" "+in, in+" "+pad, "", pad)
			want = append(want, pad+" "+out, out+" "+pad, "", pad)
		}
	}
	for i, got := range maskAll(t, "{}", lines...) {
		assert.Equal(t, want[i], got)
	}
}
