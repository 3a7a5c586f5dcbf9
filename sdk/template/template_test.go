package template

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	sshPattern = "%{?} sshd[%{pid:int}]: Failed %{method:word} for %{user} from %{ip:ip} port %{port:int} %{proto}"
	sshLine    = "Nov 21 08:56:23 web1 sshd[4711]: Failed password for invalid user li.si from 10.1.2.3 port 51514 ssh2"

	clfPattern = `%{src:ip} %{?} %{user} [%{time}] "%{method:word} %{url} %{version:word}" %{status:int} %{bytes:int} %{referrer:quoted} %{agent:quoted}`
	clfLine    = `10.1.2.3 - - [21/Nov/2026:08:56:23 +0800] "GET /shop/item?id=42&lang=zh HTTP/1.1" 200 5120 "https://shop.example/" "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36"`

	asaPattern = "%{time:time}: %ASA-%{level:int}-302013: Built %{direction:word} %{proto:word} connection %{id:int} for " +
		"%{?}:%{src:ip}/%{sport:int} (%{?}) to %{zone}:%{dst:ip}/%{dport:int} (%{?})"
	asaLine = "Nov 21 2026 08:56:23: %ASA-6-302013: Built inbound TCP connection 7025471 for " +
		"outside:10.1.2.3/51514 (10.1.2.3/51514) to dmz:192.0.2.8/443 (203.0.113.9/443)"
)

// show writes the fields of a match as name=value, and the error.
func show(m *Match, err error) string {
	var b strings.Builder
	for i := range m.Len() {
		fmt.Fprintf(&b, "[%s|%s]", m.Name(i), m.At(i))
	}
	if err != nil {
		b.WriteString(" ! " + strings.TrimPrefix(err.Error(), "template: "))
	}
	return b.String()
}

func TestMatch(t *testing.T) {
	f := func(pattern, line, want string) {
		t.Helper()
		tpl, err := Compile(pattern)
		require.NoError(t, err)
		m, err := tpl.Match([]byte(line))
		assert.Equal(t, want, show(&m, err), "pattern %s\nline    %s", pattern, line)
		if err != nil {
			require.ErrorIs(t, err, ErrNoMatch)
		}
	}
	const no = "not a line of this pattern: "

	f(sshPattern, sshLine, "[pid|4711][method|password][user|invalid user li.si][ip|10.1.2.3][port|51514][proto|ssh2]")
	f(clfPattern, clfLine, "[src|10.1.2.3][user|][time|21/Nov/2026:08:56:23 +0800][method|GET][url|/shop/item?id=42&lang=zh]"+
		"[version|HTTP/1.1][status|200][bytes|5120][referrer|https://shop.example/][agent|Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36]")
	f(asaPattern, asaLine, "[time|Nov 21 2026 08:56:23][level|6][direction|inbound][proto|TCP][id|7025471][src|10.1.2.3][sport|51514]"+
		"[zone|dmz][dst|192.0.2.8][dport|443]")

	// Text.
	f("%{a}", "any thing", "[a|any thing]")
	f("%{a}", "", "[a|]")
	f("%{a}: %{b}", "x: y: z", "[a|x][b|y: z]")
	f("%{a}: %{b}", ": ", " ! byte 0: "+no+`": " behind text (a) is expected`)
	f("%{a}: %{b}", ":  z", "[a|][b|z]")
	f("%{a};%{b};", "1;2;3;", "[a|1][b|2;3]")
	f("%{a};%{b};", "1;2", "[a|1] ! byte 2: "+no+`";" behind text (b) is expected`)
	f("用户%{user}登录%{}", "用户张三登录失败", "[user|张三]")
	f("<%{a}> %{b}", "<x> y", "[a|x][b|y]")
	f("only text", "only text", "")
	f("only text", "only texts", " ! byte 9: "+no+"the end of the line is expected")
	f("only text", "Only text", " ! byte 0: "+no+`"only text" is expected`)
	f("%{}end", "the end", "")
	f("%%{x%}50% %%01 %{a}", "%{x%}50% %%01 b", "[a|b]")
	f("%{a}\t%{b}\t%{c}", "1 \t\t3", "[a|1 ][b|][c|3]")

	// Text up to the last place of what is behind it.
	f("Failed %{how:word} for %{user:last} from %{ip:ip} port %{port:int} %{}", "Failed password for root from 192.0.2.1 port 22 from 10.1.2.3 port 51514 ssh2",
		"[how|password][user|root from 192.0.2.1 port 22][ip|10.1.2.3][port|51514]")
	f("%{a:last}: %{b}", "x: y: z", "[a|x: y][b|z]")
	f("%{a:last} by %{b}", "x by y \t by\t z", "[a|x by y][b|z]")
	f("%{a:last};%{b};%{c}", "1;2;3", "[a|1;2] ! byte 4: "+no+`";" behind text (b) is expected`)
	f("%{a:last};", "1;2;", "[a|1;2]")
	f("%{a:last}; %{b}", "1", " ! byte 0: "+no+`"; " behind text (a) is expected`)
	f("%{a:last}", "x: y", "[a|x: y]")

	// Blanks.
	f(" a %{x} = %{y} ", "  a   1  =\t  2  ", "[x|1][y|2]")
	f("a   %{x}", "a 1", "[x|1]")
	f("a %{x}", "a1", " ! byte 0: "+no+`"a " is expected`)
	f("%{x:int} %{y:int}", "1 \t  2\r\n", "[x|1][y|2]")
	f("user login from %{ip:ip} was  let in", "user \tlogin  from 10.1.2.3  was   let\tin", "[ip|10.1.2.3]")
	f("%{a} was let in", "li si   was \t let  in", "[a|li si]")
	f("%{a} was let in %{b}", "li was led in  was let   in by", "[a|li was led in][b|by]")
	f("%{a:word}, he said: %{b}", "li,  he  said:  x", "[a|li][b|x]")
	f("let in", "letin", " ! byte 0: "+no+`"let in" is expected`)
	f("%{a} let in", "x letin", " ! byte 0: "+no+`" let in" behind text (a) is expected`)

	// Kinds.
	f("%{a:word}@%{b:word}", "x@y@z", "[a|x][b|y@z]")
	f("%{a:word}@%{b}", "x y@z", " ! byte 1: "+no+`"@" behind a word (a) is expected`)
	f("%{a:word}==%{b}", "x=y==z", "[a|x=y][b|z]")
	f("%{a:word} %{b:word}", "x", "[a|x] ! byte 1: "+no+`" " behind a word (a) is expected`)
	f("(%{a:word})", "()", " ! byte 1: "+no+"a word (a) is expected")
	f("%{a:int}%{b:int}", "-1+2", "[a|-1][b|+2]")
	f("%{a:int}ms", "12.5ms", "[a|12] ! byte 2: "+no+`"ms" behind a whole number (a) is expected`)
	f("%{a:int}", "x", " ! byte 0: "+no+"a whole number (a) is expected")
	f("%{a:number}ms", "-12.5e-3ms", "[a|-12.5e-3]")
	f("%{a:number}e%{b:number}", "1e2.5", "[a|1e2] ! byte 3: "+no+`"e" behind a number (a) is expected`)
	f("%{a:number}e", "1.e", "[a|1] ! byte 1: "+no+`"e" behind a number (a) is expected`)
	f("%{a:number}em", "2em", "[a|2]")
	f("%{a:ip}:%{p:int}", "10.1.2.3:80", "[a|10.1.2.3][p|80]")
	f("[%{a:ip}]:%{p:int}", "[2001:db8::1]:80", "[a|2001:db8::1][p|80]")
	f("%{a:ip}->%{b:ip}", "fe80::1->::ffff:10.1.2.3", "[a|fe80::1][b|::ffff:10.1.2.3]")
	f("%{a:ip}", "10.1.2", " ! byte 0: "+no+"an IP address (a) is expected")
	f("%{a:mac} %{b:mac}", "00:00:5e:00:53:23 0000.5e00.5323", "[a|00:00:5e:00:53:23][b|0000.5e00.5323]")
	f("%{a:time}, %{b:time}", "2026-11-21 08:56:23.123, 1791691201", "[a|2026-11-21 08:56:23.123][b|1791691201]")
	f("%{a:time}: %{b}", "*Nov 21 2026 08:56:23.123 UTC: %SYS", "[a|Nov 21 2026 08:56:23.123 UTC][b|%SYS]")
	f("%{a:quoted} %{b:quoted}", `"x \"y\"" 'it''s'`, `[a|x \"y\"][b|it''s]`)
	f("%{a:quoted}", `"x`, " ! byte 0: "+no+"text in quotes (a) is expected")
	f("%{a:brackets}%{b:brackets} %{c:brackets} %{d:brackets}", "(x(y))[z] {} <1>", "[a|x(y)][b|z][c|][d|1]")
	f("%{a:brackets}", "(x", " ! byte 0: "+no+"text in brackets (a) is expected")
	f("%{a:brackets}", "", " ! byte 0: "+no+"text in brackets (a) is expected")
	f("%{a:word} %{b:rest}", "x y  z ", "[a|x][b|y  z]")

	// None, and passed over.
	f("%{a} %{b:int} %{c:ip} %{d:quoted} %{e:brackets} %{f:rest}", `- - - "-" - -`, "[a|][b|][c|][d|][e|][f|]")
	f("%{a:int}-%{b:int}", "5-6", "[a|5][b|6]")
	f("%{?x}=%{a} %{?:int} %{:word} %{}", "k=v 1 w rest of it", "[a|v]")
	f("%{?x:int} %{a}", "v 1", " ! byte 0: "+no+"a whole number (x) is expected")
}

func TestCompileErrors(t *testing.T) {
	f := func(pattern, want string) {
		t.Helper()
		_, err := Compile(pattern)
		require.Error(t, err)
		assert.Equal(t, want, strings.TrimPrefix(err.Error(), "template: "))
	}
	f("", `byte 0 of "": text or a field, such as %{name}, is expected`)
	f("  ", `byte 0 of "  ": text or a field, such as %{name}, is expected`)
	f("a %{b", `byte 2 of "a %{b": %{ is never closed by }; write %%{ if it is part of the text`)
	f("%{a}x%{a}", `byte 5 of "%{a}x%{a}": a second field with the name "a"`)
	f("%{a:ipp}", `byte 4 of "%{a:ipp}": unknown kind "ipp": use one of text, last, word, int, number, ip, mac, time, quoted, brackets, rest`)
	f("%{a}%{b}", `byte 4 of "%{a}%{b}": text is expected between the fields "a" and "b", or for "a" a kind that ends by itself: `+
		"int, number, ip, mac, time, quoted or brackets")
	f("%{a:rest} %{b}", `byte 0 of "%{a:rest} %{b}": a field of kind rest must be the last; make it text`)
	f("%{a:rest}.", `byte 0 of "%{a:rest}.": nothing can follow a field of kind rest; make it text`)
	f("%{a b}", `byte 3 of "%{a b}": ' ' cannot be part of a name`)
	f("x%{?a%}", `byte 5 of "x%{?a%}": '%' cannot be part of a name`)

	var many strings.Builder
	for i := range MaxFields {
		fmt.Fprintf(&many, "%%{f%d},", i)
	}
	_, err := Compile(many.String())
	require.NoError(t, err)
	_, err = Compile(many.String() + "%{x}")
	require.ErrorContains(t, err, "more than 64 fields with names")
	_, err = Compile(strings.Repeat("%{},", 2*MaxFields+1))
	require.ErrorContains(t, err, "more than 128 fields")
	_, err = Compile(strings.Repeat("x", MaxPattern+1))
	require.ErrorContains(t, err, "longer than 4096 bytes")
	assert.Panics(t, func() { MustCompile("%{") })
	assert.Panics(t, func() { MustSet("a", "%{") })
	_, err = NewSet("a", "%{")
	require.ErrorContains(t, err, "pattern 2: template: byte 0")
	_, err = NewSet()
	require.EqualError(t, err, "template: a set needs a pattern")
}

func TestAccessors(t *testing.T) {
	tpl := MustCompile("%{a:word} %{b:int} %{c}")
	assert.Equal(t, []string{"a", "b", "c"}, tpl.Names())
	assert.Equal(t, 1, tpl.Index("b"))
	assert.Equal(t, -1, tpl.Index("x"))
	assert.Equal(t, "%{a:word} %{b:int} %{c}", tpl.String())

	m, err := tpl.Match([]byte("x y z"))
	var e *Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, 2, e.Pos)
	assert.Equal(t, "x", string(m.Get("a")), "what is in front of the fault is there")
	assert.Nil(t, m.Get("b"))
	assert.Nil(t, m.Get("nosuch"))
	assert.Nil(t, m.At(-1))
	assert.Empty(t, m.Name(1))
	var zero Match
	assert.Nil(t, zero.Get("a"))
}

func TestSet(t *testing.T) {
	s := MustSet(
		"%ASA-6-302013: Built %{dir:word} %{proto:word} connection %{id:int} for %{rest:rest}",
		"%ASA-6-302014: Teardown %{proto:word} connection %{id:int} for %{rest:rest}",
		"%ASA-4-106023: Deny %{proto:word} src %{src} dst %{dst} by %{acl:quoted}",
		"%ASA-4-106023: Deny protocol %{number:int} src %{src} dst %{dst} by %{acl:quoted}",
		"%ASA-%{level:int}-%{code:int}: %{text:rest}",
		"%{?}: last %{x}",
	)
	assert.Equal(t, 6, s.Len())
	assert.Equal(t, "%{?}: last %{x}", s.Template(5).String())
	f := func(line string, pattern int, want string) {
		t.Helper()
		m, err := s.Match([]byte(line))
		assert.Equal(t, want, show(&m, err))
		assert.Equal(t, pattern, m.Pattern())
	}
	f("%ASA-6-302013: Built inbound TCP connection 7 for x", 0, "[dir|inbound][proto|TCP][id|7][rest|x]")
	f("%ASA-6-302014: Teardown TCP connection 7 for x", 1, "[proto|TCP][id|7][rest|x]")
	f(`%ASA-4-106023: Deny tcp src a dst b by "x"`, 2, "[proto|tcp][src|a][dst|b][acl|x]")
	f(`%ASA-4-106023: Deny protocol 47 src a dst b by "x"`, 3, "[number|47][src|a][dst|b][acl|x]")
	f("%ASA-5-111008: User ran", 4, "[level|5][code|111008][text|User ran]")
	f("  %ASA-5-111008: User ran", 4, "[level|5][code|111008][text|User ran]")
	f("%ASB: last one", 5, "[x|one]")
	f("last", 5, ` ! byte 0: not a line of this pattern: ": last " behind text is expected`)
	f("%ASA-4-106023: Deny tcp src a dst b by x", 4, "[level|4][code|106023][text|Deny tcp src a dst b by x]")

	s = MustSet("user %{a:word} in", "user %{a:word} out", "u %{a}")
	f("user x off", 0, `[a|x] ! byte 6: not a line of this pattern: " in" behind a word (a) is expected`)
	f("u x", 2, "[a|x]")
	f("u\tx", 2, "[a|x]")
	f("v", 0, ` ! byte 0: not a line of this pattern: "user " is expected`)
	f("", 0, ` ! byte 0: not a line of this pattern: "user " is expected`)
}

func TestHostile(*testing.T) {
	patterns := []string{
		sshPattern, clfPattern, asaPattern, "%{a}aab%{b}aab%{c}", "%{} %{a} %{b}: %{c}", "%{a:quoted} %{b}", "%{a:brackets}x%{b}",
		"%{a:word}ab%{b:word}", "%{a:time} %{b}", "%{a:int}%{b}",
	}
	for _, piece := range []string{"a", " ", "aa ", `"`, `\"`, "(", ")", "[", "1", ".", ":", "10.1.2.3 ", "2026-11-21 ", "%{", "\xff"} {
		line := bytes.Repeat([]byte(piece), 1<<20/len(piece))
		for _, p := range patterns {
			_, _ = MustCompile(p).Match(line)
		}
		_, _ = MustSet(patterns...).Match(line)
	}
}

func TestNoAllocation(t *testing.T) {
	tpl, s := MustCompile(sshPattern), MustSet(sshPattern, clfPattern, asaPattern)
	for _, line := range []string{sshLine, clfLine, asaLine, "nothing", ""} {
		data := []byte(line)
		assert.Zero(t, testing.AllocsPerRun(100, func() {
			m, err := tpl.Match(data)
			if err == nil && m.Get("user") == nil {
				t.Error("no user")
			}
			m, _ = s.Match(data)
			m.At(0)
		}), line)
	}
}

// What is put together again must be the line, but for blanks.
func FuzzMatch(f *testing.F) {
	f.Add(sshPattern, []byte(sshLine))
	f.Add(clfPattern, []byte(clfLine))
	f.Add(asaPattern, []byte(asaLine))
	f.Add("%{a}: %{b:word}@%{c} %{d:brackets}", []byte("x: y@z (1)"))
	f.Add("%{a:number}%{b:mac}%{c:quoted}", []byte(`1.5e300:00:5e:00:53:23"x"`))
	f.Fuzz(func(t *testing.T, pattern string, line []byte) {
		tpl, err := Compile(pattern)
		if err != nil {
			return
		}
		before := string(line)
		m, err := tpl.Match(line)
		var e *Error
		if err != nil && (!errors.As(err, &e) || e.Pos < 0 || e.Pos > len(line) || !errors.Is(err, ErrNoMatch)) {
			t.Fatalf("bad error %v", err)
		}
		last := uint32(0)
		for i := range m.Len() {
			s := m.at[i]
			if s.start < last || s.end < s.start || int(s.end) > len(line) || cap(m.At(i)) != len(m.At(i)) {
				t.Fatalf("field %d at %d:%d after %d", i, s.start, s.end, last)
			}
			last = s.end
		}
		if string(line) != before {
			t.Fatal("the line was changed")
		}
		sm, serr := MustSet("\x00never", pattern).Match(line)
		if (serr == nil) != (err == nil) || err == nil && sm.Pattern() != 1 {
			t.Fatalf("alone %v, in a set %v, pattern %d", err, serr, sm.Pattern())
		}
		if err != nil || m.Len() != len(tpl.gaps) {
			return // with fields that are passed over nothing can be put together
		}
		var b strings.Builder
		b.WriteString(tpl.head)
		for i, g := range tpl.gaps {
			if m.at[i].start == m.at[i].end {
				return // may have been "-"
			}
			v := string(m.At(i))
			if g.kind == kindQuoted || g.kind == kindBrackets {
				v = string(line[m.at[i].start-1 : m.at[i].end+1])
			}
			b.WriteString(v + g.lit)
		}
		if plain(b.String()) != plain(before) {
			t.Fatalf("put together again: %q\nthe line:          %q", b.String(), before)
		}
	})
}

// plain is s without blanks.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if r <= ' ' {
			return -1
		}
		return r
	}, s)
}

func bench(b *testing.B, match func([]byte) (Match, error), lines ...string) {
	size, data := 0, make([][]byte, len(lines))
	for i, l := range lines {
		data[i] = []byte(l)
		size += len(l)
	}
	b.SetBytes(int64(size))
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		for _, line := range data {
			m, err := match(line)
			if err != nil {
				b.Fatal(err)
			}
			n += len(m.At(0)) + len(m.At(1))
		}
	}
	if n == 0 {
		b.Fatal("nothing found")
	}
}

func BenchmarkSSH(b *testing.B) { bench(b, MustCompile(sshPattern).Match, sshLine) }
func BenchmarkCLF(b *testing.B) { bench(b, MustCompile(clfPattern).Match, clfLine) }
func BenchmarkASA(b *testing.B) { bench(b, MustCompile(asaPattern).Match, asaLine) }

func BenchmarkSet(b *testing.B) {
	// As many messages as a firewall has.
	patterns := []string{
		"%ASA-6-302013: Built %{dir:word} %{proto:word} connection %{id:int} for %{?}:%{src:ip}/%{sport:int} %{?:brackets} to %{?}:%{dst:ip}/%{dport:int} %{?:brackets}",
		"%ASA-4-106023: Deny %{proto:word} src %{?}:%{src:ip}/%{sport:int} dst %{?}:%{dst:ip}/%{dport:int} by access-group %{acl:quoted} %{?:brackets}",
	}
	for i := range 300 {
		patterns = append(patterns, fmt.Sprintf("%%ASA-5-7%05d: Message %%{a:word} of %%{b}", i))
	}
	bench(b, MustSet(patterns...).Match,
		"%ASA-6-302013: Built inbound TCP connection 7025471 for outside:10.1.2.3/51514 (10.1.2.3/51514) to dmz:192.0.2.8/443 (203.0.113.9/443)",
		`%ASA-4-106023: Deny tcp src outside:10.1.2.3/51514 dst dmz:192.0.2.8/23 by access-group "outside_in" [0x0, 0x0]`,
		"%ASA-5-700123: Message type of things that happen on a firewall now and then")
}
