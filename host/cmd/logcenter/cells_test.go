package main

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestColumns(t *testing.T) {
	f := func(s string, want int) {
		t.Helper()
		assert.Equal(t, want, columnsOf(s), s)
	}
	f("", 0)
	f("abc", 3)
	f("登录失败", 8)
	f("ＡＢ", 4)
	f("가", 2)
	f("é", 1)
	f("e\u0301", 1) // a combining accent
	f("a\u200bb", 2)
	f("🔥", 2)
	f("…", 1)
}

func TestCut(t *testing.T) {
	f := func(s string, limit int, want string) {
		t.Helper()
		got := cut(s, limit)
		assert.Equal(t, want, got)
		assert.LessOrEqual(t, columnsOf(got), max(limit, 1))
	}
	f("abc", 3, "abc")
	f("abcd", 3, "ab…")
	f("登录失败", 8, "登录失败")
	f("登录失败", 7, "登录失…")
	f("登录失败", 6, "登录…")
	f("登录失败", 1, "…")
}

func TestPrintable(t *testing.T) {
	f := func(s, want string) {
		t.Helper()
		assert.Equal(t, want, printable(s))
	}
	f("plain 登录", "plain 登录")
	f("a\nb\tc\r", `a\nb\tc\r`)
	f("\x1b[2Jgone\x00", `\x1b[2Jgone\x00`)
	f("\u009b31m", `\x9b31m`) // an escape sequence in one character
	f("\u202eexe.txt", `\u202eexe.txt`)
	f("\u2066x\u2069", `\u2066x\u2069`)
	f("bad \xff", "bad \uFFFD")
}

func TestCell(t *testing.T) {
	f := func(v any, want string) {
		t.Helper()
		assert.Equal(t, want, cell(v))
	}
	f(nil, "")
	f("x", "x")
	f(json.Number("1e3"), "1e3")
	f(1500.0, "1500")
	f(0.25, "0.25")
	f(1.0/3, "0.333333")
	f(1e21, "1e21")
	f(true, "true")
	f([]any{"a", json.Number("2")}, "a,2")
	f(map[string]any{"lat": 31.2, "lon": 121.5}, "31.2,121.5")
	f(map[string]any{"a": "b"}, `{"a":"b"}`)
	f(time.Date(2026, 10, 11, 12, 0, 0, 0, time.UTC), "2026-10-11T12:00:00Z")
}

func TestLocalTime(t *testing.T) {
	zone := time.FixedZone("", 8*3600)
	assert.Equal(t, "2026-10-11 20:00:00", localTime("2026-10-11T12:00:00.5Z", zone))
	assert.Equal(t, "soon", localTime("soon", zone))
}

func TestGrouped(t *testing.T) {
	for want, n := range map[string]int64{"0": 0, "999": 999, "1,000": 1000, "-1,234,567": -1234567, "-100": -100} {
		assert.Equal(t, want, grouped(n))
	}
}

func TestTable(t *testing.T) {
	table := newTable("用户", "count", "message").numbers("count")
	table.add("张三", "7", "plain")
	table.add("administrator", "12,345", "\x1b[31mred\n")
	table.add("李四", "", "登录失败：密码错误次数过多")
	var out bytes.Buffer
	require.NoError(t, table.print(&out, 0))
	assert.Equal(t, `用户            count  message
张三                7  plain
administrator  12,345  \x1b[31mred\n
李四                   登录失败：密码错误次数过多
`, out.String())

	out.Reset()
	require.NoError(t, table.print(&out, 30))
	assert.Equal(t, `用户            count  message
张三                7  plain
administrator  12,345  \x1b[3…
李四                   登录失…
`, out.String())

	table = newTable("a", "b")
	table.add(`x,"y"`, "line\nbreak")
	out.Reset()
	require.NoError(t, table.csv(&out))
	assert.Equal(t, "a,b\n\"x,\"\"y\"\"\",\"line\nbreak\"\n", out.String())
}
