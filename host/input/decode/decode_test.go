package decode

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
)

func gbk(s string) string {
	b, err := simplifiedchinese.GB18030.NewEncoder().String(s)
	if err != nil {
		panic(err)
	}
	return b
}

func TestAuto(t *testing.T) {
	f := func(line, want string) {
		t.Helper()
		d, err := New(Auto)
		require.NoError(t, err)
		text, converted := d.Decode(nil, []byte(line), false)
		assert.Equal(t, want, string(text))
		assert.Equal(t, line != want, converted)
	}
	f("", "")
	f("plain", "plain")
	f("策略=办公区", "策略=办公区")
	f("nul \x00 bell \a tab \t newline \n stay", "nul \x00 bell \a tab \t newline \n stay")
	f("emoji 🔥 stays", "emoji 🔥 stays")

	// GBK and GB18030, short and long
	f(gbk("策略=办公区"), "策略=办公区")
	f(gbk("密码"), "密码")
	f(gbk("用户张三登录失败，原因：密码错误。"), "用户张三登录失败，原因：密码错误。")
	f(gbk("action=阻断;user=张璐"), "action=阻断;user=张璐")
	f(gbk("张三用€付款，𠀀字"), "张三用€付款，𠀀字") // a four-byte character among common ones
	f(gbk("联通"), "联通")               // famous for being taken for UTF-8

	// UTF-8 that lost bytes never becomes other Chinese characters
	whole := "登录失败：密码错误次数过多，请检查业务流量。"
	for cut := 1; cut < len(whole)-1; cut++ {
		if utf8.Valid([]byte(whole[:cut])) {
			continue
		}
		for _, s := range []string{"msg=" + whole[:cut], "msg=" + whole[:cut] + " end", whole[cut:], whole[:cut-1] + whole[cut:]} {
			if utf8.ValidString(s) {
				continue
			}
			d, _ := New(Auto)
			text, _ := d.Decode(nil, []byte(s), false)
			assert.Equal(t, string(Repair(nil, []byte(s))), string(text), "%q", s)
		}
	}
	f("Fastjson\xe5\x8f", "Fastjson\uFFFD\uFFFD")
	f("ICMP\xe9\x87 end", "ICMP\uFFFD\uFFFD end")
	f("\xbb\xb6 lost its lead byte", "\uFFFD\uFFFD lost its lead byte")

	// neither
	f("caf\xe9 au lait", "caf\uFFFD au lait")
	f("\xff\xfe\x00", "\uFFFD\uFFFD\x00")
	f("\x80", "\uFFFD")
	f("正常 \xd6\xd0", "正常 \uFFFD\uFFFD") // two characters of UTF-8 outweigh one of GBK
	f("ошибка входа \xd0 конец", "ошибка входа \uFFFD конец")
}

func TestSamples(t *testing.T) {
	read := func(name string) [][]byte {
		b, err := os.ReadFile("../../../testdata/samples/hostile/" + name)
		require.NoError(t, err)
		return bytes.Split(bytes.TrimSuffix(b, []byte("\n")), []byte("\n"))
	}
	d, err := New("")
	require.NoError(t, err)
	for i, line := range read("gbk.log") {
		want, err := simplifiedchinese.GB18030.NewDecoder().Bytes(line)
		require.NoError(t, err)
		text, _ := d.Decode(nil, line, false)
		assert.Equal(t, string(want), string(text), "gbk.log line %d", i+1)
	}
	for i, line := range read("half-utf8.log") {
		text, converted := d.Decode(nil, line, false)
		assert.True(t, converted)
		assert.Equal(t, string(Repair(nil, line)), string(text), "half-utf8.log line %d", i+1)
	}
	for _, line := range read("binary.log") {
		text, _ := d.Decode(nil, line, false)
		assert.True(t, utf8.Valid(text))
	}
}

func TestConfigured(t *testing.T) {
	f := func(name, line, want string) {
		t.Helper()
		d, err := New(name)
		require.NoError(t, err)
		text, converted := d.Decode(nil, []byte(line), false)
		assert.Equal(t, want, string(text))
		assert.Equal(t, line != want, converted)
	}
	big5, err := traditionalchinese.Big5.NewEncoder().String("登入失敗")
	require.NoError(t, err)
	f("gbk", gbk("登录"), "登录")
	f("GB18030", gbk("𠀀"), "𠀀")
	f("big5", big5, "登入失敗")
	f("latin1", "caf\xe9", "café")
	f("iso-2022-jp", "\x1b$B$\"\x1b(B!", "あ!")
	f("utf-8", gbk("密码"), "\uFFFD\uFFFD\uFFFD\uFFFD")
	f("gbk", "a\xff", "a\uFFFD")

	for _, name := range []string{"klingon", "utf-16le", "utf-16", "replacement"} {
		_, err := New(name)
		assert.ErrorContains(t, err, name)
	}
}

// What was cut at a byte bound shows no trace of the character that the bound went through.
func TestCutRecord(t *testing.T) {
	f := func(line, want string) {
		t.Helper()
		d, err := New(Auto)
		require.NoError(t, err)
		text, _ := d.Decode(nil, []byte(line), true)
		assert.Equal(t, want, string(text))
	}
	for i := range len("登录") + 1 {
		s := "用户登录"
		f(s[:len("用户")+i], "用户登录"[:len("用户")+i/3*3])
		g := gbk(s)
		f(g[:4+min(i, 4)], "用户登录"[:len("用户")+min(i, 4)/2*3])
	}
	f("emoji \xf0\x9f\x94", "emoji ")
	f("", "")
}

func TestCut(t *testing.T) {
	f := func(text string, n int, want string) {
		t.Helper()
		assert.Equal(t, want, string(Cut([]byte(text), n)))
	}
	f("abc", 3, "abc")
	f("abc", 2, "ab")
	f("密码", 5, "密")
	f("密码", 3, "密")
	f("密码", 2, "")
	f("密码", 0, "")
}

func TestLongRecordGrowsBuffer(t *testing.T) {
	d, err := New("gbk")
	require.NoError(t, err)
	text, _ := d.Decode(make([]byte, 8), []byte(gbk(strings.Repeat("审计", 50_000))), false)
	assert.Equal(t, strings.Repeat("审计", 50_000), string(text))
}

func TestValidUTF8DoesNotAllocate(t *testing.T) {
	d, err := New(Auto)
	require.NoError(t, err)
	buf, valid, bad := make([]byte, 256), []byte("策略=办公区上网策略;bytes=12"), []byte(gbk("策略=办公区上网策略;bytes=12"))
	assert.Zero(t, testing.AllocsPerRun(100, func() { d.Decode(buf, valid, false) }))
	assert.Zero(t, testing.AllocsPerRun(100, func() { d.Decode(buf, bad, false) }), "GBK")
}

func FuzzDecode(f *testing.F) {
	for _, s := range []string{"", "plain", "策略", gbk("策略=办公区"), "\xe5\x8f", "\xff", "\x1b$B$\"", "\x81\x30\x81\x30", "\x84\x31\xa4\x37"} {
		f.Add([]byte(s), true, uint8(0))
		f.Add([]byte(s), false, uint8(1))
	}
	names := []string{Auto, "utf-8", "gbk", "gb18030", "latin1", "iso-2022-jp", "big5", "euc-kr", "shift_jis", "windows-1251"}
	f.Fuzz(func(t *testing.T, line []byte, cut bool, which uint8) {
		d, err := New(names[int(which)%len(names)])
		require.NoError(t, err)
		text, converted := d.Decode(nil, line, cut)
		if !utf8.Valid(text) {
			t.Fatalf("%q became invalid UTF-8 %q", line, text)
		}
		if !converted && !bytes.HasPrefix(line, text) {
			t.Fatalf("%q became %q without a mark", line, text)
		}
		if utf8.Valid(line) && which%10 < 2 && !bytes.Equal(line, text) {
			t.Fatalf("valid %q became %q", line, text)
		}
		if len(text) > 4*len(line)+4 {
			t.Fatalf("%d bytes became %d", len(line), len(text))
		}
	})
}
