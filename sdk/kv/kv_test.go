package kv

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var (
	dptech   = Scanner{Pair: ';', Sep: '=', FreeText: true}
	nsfocus  = Scanner{Pair: ';', Sep: ':', Quotes: "'"}
	fortinet = Scanner{Quotes: `"`, Escape: '\\'}
)

const (
	dptechLine = "Session closed srcip(source)=10.1.2.3;dstip(dest)=192.0.2.8;srcport=51514;dstport=443;" +
		"protocol=TCP;action=permit;user=张三;password=abc;"
	nsfocusLine = "time:2026-10-11 12:00:01;danger_degree:2;breaking_sighn:1;event:'[23456]SQL注入; 尝试';" +
		"src_addr:192.0.2.7;src_port:40000;dst_addr:10.0.0.8;dst_port:80;proto:'TCP'"
	fortinetLine = `date=2026-10-11 time=12:00:01 devname="FG 100" devid="FG100D" logid="0000000013" ` +
		`type="traffic" subtype="forward" level="notice" vd="root" srcip=10.1.2.3 srcport=51514 ` +
		`dstip=203.0.113.9 dstport=443 action="accept" msg="say \"hi\"" sentbyte=1452 rcvdbyte=3310`
	pamLine = "pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=192.0.2.1  user=root"
)

// show scans a line and writes its pairs as [key|value], text before a pair as <text>, and the fault.
func show(s *Scanner, line string) string {
	var b strings.Builder
	it := s.Scan([]byte(line))
	for it.Next() {
		if t := it.Text(); len(t) > 0 {
			fmt.Fprintf(&b, "<%s>", t)
		}
		fmt.Fprintf(&b, "[%s|%s]", it.Key(), it.Value())
	}
	if t := it.Text(); len(t) > 0 {
		fmt.Fprintf(&b, "<%s>", t)
	}
	if err := it.Err(); err != nil {
		b.WriteString(" ! " + err.Error())
	}
	return b.String()
}

func TestScan(t *testing.T) {
	f := func(s Scanner, line, want string) {
		t.Helper()
		assert.Equal(t, want, show(&s, line), "line %q", line)
	}

	// The zero value.
	f(Scanner{}, "", "")
	f(Scanner{}, "   ", "")
	f(Scanner{}, "a=1", "[a|1]")
	f(Scanner{}, "a=1 b=2", "[a|1][b|2]")
	f(Scanner{}, "  a=1 \t b=2\r\n", "[a|1][b|2]")
	f(Scanner{}, "a=1\nb=2", "[a|1][b|2]")
	f(Scanner{}, "a=b=c d==e", "[a|b=c][d|=e]")
	f(Scanner{}, "a= b=2", "[a|][b|2]")
	f(Scanner{}, "a=", "[a|]")
	f(Scanner{}, "just words", "<just words>")
	f(Scanner{}, `a="1 2"`, `[a|"1]<2">`)
	f(Scanner{}, "=1 b=2", "<=1>[b|2] ! kv: byte 0: a key is expected before the separator")
	f(Scanner{}, "a = 1", "<a = 1> ! kv: byte 2: a key is expected before the separator")
	f(Scanner{}, pamLine, "<pam_unix(sshd:auth): authentication failure;>"+
		"[logname|][uid|0][euid|0][tty|ssh][ruser|][rhost|192.0.2.1][user|root]")

	// Separators.
	f(Scanner{Pair: ';'}, "a=1;b=2", "[a|1][b|2]")
	f(Scanner{Pair: ';'}, "a=1;b=2;", "[a|1][b|2]")
	f(Scanner{Pair: ';'}, ";;a=1;;b=2;;\r\n", "[a|1][b|2]")
	f(Scanner{Pair: ';'}, " a = 1 ; b = two words ; ", "[a|1][b|two words]")
	f(Scanner{Pair: ';'}, "a=;b= ;c=3", "[a|][b|][c|3]")
	f(Scanner{Pair: ';'}, "a=1 ;b=2 3\t ;c=3", "[a|1][b|2 3][c|3]")
	f(Scanner{Pair: ';'}, "flag;a=1;other flag;b=2;end", "<flag>[a|1]<other flag>[b|2]<end>")
	f(Scanner{Pair: ';'}, "Source IP=1;b=2", "[Source IP|1][b|2]")
	f(Scanner{Pair: ','}, "a=1, b=2,c=3", "[a|1][b|2][c|3]")
	f(Scanner{Pair: '\t'}, "a=1 2\tb=\tc= 3", "[a|1 2][b|][c|3]")
	f(Scanner{Pair: '|', Sep: ':'}, "a:b:c|d:", "[a|b:c][d|]")
	f(Scanner{PairAny: ",;"}, "a=1,b=2;c=3", "[a|1][b|2][c|3]")
	f(Scanner{PairAny: ",;|"}, ",a=1|;b=2", "[a|1][b|2]")
	f(Scanner{PairAny: " ,"}, "a=1, b=2 c=3,d=4", "[a|1][b|2][c|3][d|4]")
	f(Scanner{PairSeq: "||"}, "a=1|2||b=2||||c=3||", "[a|1|2][b|2][c|3]")
	f(Scanner{PairSeq: "^^"}, "a=1^", "[a|1^]")
	f(Scanner{Sep: ':', SepBlanks: true}, "user: root ip:  1 x : 2", "[user|root][ip|1][x|2]")
	f(Scanner{SepBlanks: true}, "a = 1 words b = 2 end", "[a|1]<words>[b|2]<end>")
	f(Scanner{Pair: ';', Sep: ' '}, "ip 1.2.3.4;user a b;", "[ip|1.2.3.4][user|a b]")

	// Quotes and escapes.
	q := Scanner{Quotes: `"'` + "`"}
	f(q, `a="1 2" b='3 "4' c=`+"`5'`", `[a|1 2][b|3 "4][c|5']`)
	f(q, `a="" b="x"`, "[a|][b|x]")
	f(q, `a="b",c="d", e=f`, "[a|b][c|d][e|f]")
	f(q, `a='it's fine' b=1`, "[a|it's fine][b|1]")
	f(q, `"a"="1" 'b'=2`, "[a|1][b|2]")
	f(q, `""=1 b=2`, `<""=1>[b|2] ! kv: byte 2: a key is expected before the separator`)
	f(q, `a="1 b=2`, `[a|1 b=2] ! kv: byte 2: the quote opened here is never closed`)
	f(q, `a="`, `[a|] ! kv: byte 2: the quote opened here is never closed`)
	f(q, `a="x"y b="z"w`, `[a|x]<y>[b|z]<w>`)
	f(q, `a="x"y`, `[a|x]<y>`)
	f(q, `a=5" b=2`, `[a|5"][b|2]`)
	f(fortinet, `a="x \"y\" z" b="c:\\" c=1`, `[a|x \"y\" z][b|c:\\][c|1]`)
	f(fortinet, `a="x\`, `[a|x\] ! kv: byte 2: the quote opened here is never closed`)
	f(Scanner{Quotes: `"`, Escape: '"'}, `a="x ""y"" z" b="" c="""q"""`, `[a|x ""y"" z][b|][c|""q""]`)
	f(Scanner{Pair: ';', Quotes: "'"}, "a='1;2' ; b='3';c='4", "[a|1;2][b|3][c|4] ! kv: byte 18: the quote opened here is never closed")
	f(Scanner{Pair: ';', Quotes: "'"}, "a='it's; b' x;c=1", "[a|it]<s; b' x>[c|1]")
	f(Scanner{Pair: ';', Quotes: "'", SplitInQuotes: true}, "a='1;2';b='3'", "[a|'1]<2'>[b|3]")
	f(Scanner{Pair: ',', Escape: '\\', EscapeBare: true}, `a=1\,2,b\=c=3\=4,d=\`, `[a|1\,2][b\=c|3\=4][d|\]`)

	gap := strings.Repeat(" ", 100) // a quote ends a value only close to a separator, or where none does
	f(Scanner{Pair: ';', Quotes: "'"}, "a='1'"+gap+";b='2'", "[a|1'"+gap+";b='2]")
	f(Scanner{Pair: ';', Quotes: "'"}, "a='1'"+gap+";b=2", "[a|1][b|2]")
	f(Scanner{Pair: ';', Quotes: "'"}, "a='1'"+gap, "[a|1]")

	// Brackets.
	br := Scanner{Pair: ';', Brackets: true}
	f(br, "a=(1;2);b={x=1;{y=2;};};c=[;]x;d=4", "[a|(1;2)][b|{x=1;{y=2;};}][c|[;]x][d|4]")
	f(br, "a=(1;b=[2;3];c=(4;5)", "[a|(1][b|[2;3]][c|(4]<5)> ! kv: byte 2: the bracket opened here is never closed")
	f(br, "a={1;b=[2;3];c=4", "[a|{1][b|[2;3]][c|4] ! kv: byte 2: the bracket opened here is never closed")
	f(br, "a=1);b=2", "[a|1)][b|2]")

	// Long values.
	l := Scanner{LongValues: true, Quotes: `"`}
	f(l, "hello msg=login failed for user=bob x=1", "<hello>[msg|login failed for][user|bob][x|1]")
	f(l, "a=x = y b=2", "[a|x = y][b|2]")
	f(l, "url=http://h/?q=1&r=2 b=the end", "[url|http://h/?q=1&r=2][b|the end]")
	f(l, `a="q s" b=t u`, "[a|q s][b|t u]")
	f(Scanner{LongValues: true, Escape: '\\', EscapeBare: true}, `msg=a b\=c d=1`, `[msg|a b\=c][d|1]`)

	// Devices.
	f(dptech, dptechLine, "<Session closed>[srcip(source)|10.1.2.3][dstip(dest)|192.0.2.8][srcport|51514]"+
		"[dstport|443][protocol|TCP][action|permit][user|张三][password|abc]")
	f(dptech, "srcip(source)=10.1.2.3;说明 文字;user=;", "[srcip(source)|10.1.2.3]<说明 文字>[user|]")
	f(nsfocus, nsfocusLine, "[time|2026-10-11 12:00:01][danger_degree|2][breaking_sighn|1]"+
		"[event|[23456]SQL注入; 尝试][src_addr|192.0.2.7][src_port|40000][dst_addr|10.0.0.8][dst_port|80][proto|TCP]")
	f(nsfocus, "event:'[1]O'Neil' or '1'='1; x';src_addr:2001:db8::1", "[event|[1]O'Neil' or '1'='1; x][src_addr|2001:db8::1]")
	f(fortinet, `devname="FG 100" srcip=10.1.2.3 msg="say \"hi\""`, `[devname|FG 100][srcip|10.1.2.3][msg|say \"hi\"]`)

	// Not UTF-8: GBK for 张三, then binary.
	f(dptech, "user=\xd5\xc5\xc8\xfd;a=1", "[user|\xd5\xc5\xc8\xfd][a|1]")
	f(Scanner{}, "\x00\xff=\xfe\x80 \x7f=\x01", "[\xff|\xfe\x80][\x7f|]")
}

// Every offset within the eight bytes that are looked at in one step.
func TestScanAlignment(t *testing.T) {
	for k := 1; k < 40; k++ {
		for v := range 40 {
			key, val := strings.Repeat("k", k), strings.Repeat("v", v)
			want := "[" + key + "|" + val + "][z|1]"
			require.Equal(t, want, show(&Scanner{}, key+"="+val+" z=1"))
			require.Equal(t, want, show(&Scanner{Pair: ';'}, key+"="+val+";z=1"))
			require.Equal(t, want, show(&Scanner{Pair: ';', Quotes: "'"}, key+"='"+val+"';z=1"))
		}
	}
}

// Bytes next to separators in value must not be taken for them.
func TestScanNeighbours(t *testing.T) {
	for _, sc := range []Scanner{{}, {Pair: ';'}, {Pair: 0x01}, {Pair: 0xff, Sep: 0x80}} {
		it := sc.Scan(nil)
		sep, pair := it.sepByte, it.pairByte
		for c := 0x21; c < 0x100; c++ {
			if byte(c) == sep || byte(c) == pair {
				continue
			}
			for pad := range 9 {
				v := strings.Repeat("x", pad) + strings.Repeat(string([]byte{byte(c)}), 9)
				line := "k" + string([]byte{sep}) + v + string([]byte{pair}) + "z" + string([]byte{sep}) + "1"
				require.Equal(t, "[k|"+v+"][z|1]", show(&sc, line))
			}
		}
	}
}

func TestAccessors(t *testing.T) {
	it := fortinet.Scan([]byte(`words a="1 2" b=3`))
	require.True(t, it.Next())
	assert.True(t, it.Quoted())
	assert.Equal(t, 9, it.Pos())
	require.True(t, it.Next())
	assert.False(t, it.Quoted())
	assert.Equal(t, 16, it.Pos())
	require.False(t, it.Next())
	assert.Empty(t, it.Key())
	assert.Empty(t, it.Value())
	require.NoError(t, it.Err())
}

func TestUnquote(t *testing.T) {
	f := func(s Scanner, line string, escaped bool, want string) {
		t.Helper()
		it := s.Scan([]byte(line))
		require.True(t, it.Next())
		assert.Equal(t, escaped, it.Escaped())
		assert.Equal(t, want, string(it.AppendValue(nil)))
	}
	f(fortinet, `a="b c"`, false, "b c")
	f(fortinet, `a="b \"c\" \\ \n\t\r \x"`, true, "b \"c\" \\ \n\t\r x")
	f(fortinet, `a=b\c`, false, `b\c`)
	f(Scanner{Quotes: `"`, Escape: '"'}, `a="b ""c"""`, true, `b "c"`)
	f(Scanner{Pair: ',', Escape: '\\', EscapeBare: true}, `a=b\,c`, true, "b,c")
	f(Scanner{Quotes: `"`, Escape: '^'}, `a="b^"c^n"`, true, `b"cn`)
	f(Scanner{Quotes: `"`, Escape: '"'}, `a="b"c""d"`, true, `b"c"d`) // a quote written once

	g := func(in, want string) {
		t.Helper()
		assert.Equal(t, "x"+want, string(AppendUnquoted([]byte("x"), []byte(in))))
	}
	g(``, ``)
	g(`abc`, `abc`)
	g(`"a\"b"`, `a"b`)
	g("'a`'", "a`")
	g(`"`, `"`)
	g(`a\`, `a\`)
	g(`a\\`, `a\`)
	g(`张\"三`, `张"三`)
}

func TestParse(t *testing.T) {
	f, err := Parse([]byte(fortinetLine))
	require.NoError(t, err)
	assert.Equal(t, 17, f.Len())
	assert.Equal(t, "FG 100", string(f.Get("devname")))
	assert.Equal(t, "443", string(f.Get("dstport")))
	assert.Equal(t, `say \"hi\"`, string(f.Get("msg")))
	assert.Nil(t, f.Get("nosuch"))
	assert.Nil(t, f.Get(""))
	k, v := f.At(1)
	assert.Equal(t, "time=12:00:01", string(k)+"="+string(v))
	assert.Panics(t, func() { f.At(17) })

	f, err = Parse([]byte("a=1 a=2 b="))
	require.NoError(t, err)
	assert.Equal(t, "1", string(f.Get("a")), "the first of two wins")
	assert.NotNil(t, f.Get("b"), "there, but empty")
	assert.Empty(t, f.Get("b"))

	f, err = Parse([]byte("no pairs here"))
	require.ErrorIs(t, err, ErrNoPairs)
	assert.EqualError(t, err, "kv: byte 0: a key, a separator and a value are expected")
	assert.Zero(t, f.Len())

	f, err = Parse([]byte(`a=1 b="2`))
	require.ErrorIs(t, err, ErrQuote)
	var e *Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, 6, e.Pos)
	assert.Equal(t, "2", string(f.Get("b")))

	var many []byte
	for i := range MaxFields + 3 {
		many = fmt.Appendf(many, "k%d=%d ", i, i)
	}
	f, err = Parse(many)
	require.ErrorIs(t, err, ErrPairs)
	assert.Equal(t, MaxFields, f.Len())
	assert.Equal(t, "127", string(f.Get("k127")))

	require.NoError(t, f.Parse(&dptech, []byte(dptechLine)))
	assert.Equal(t, "张三", string(f.Get("user")))
	assert.Nil(t, f.Get("k127"), "what it held before is gone")

	var zero Fields
	assert.Nil(t, zero.Get("a"))
}

func TestErrorsFarInTheLine(t *testing.T) {
	line := []byte(strings.Repeat("word ", 1000) + `a="`)
	_, err := Parse(line)
	assert.EqualError(t, err, "kv: byte 5002: the quote opened here is never closed")
}

func TestNoAllocation(t *testing.T) {
	lines := [][]byte{[]byte(fortinetLine), []byte(`a="1 b`), []byte("=1"), []byte("words")}
	for _, line := range lines {
		n := testing.AllocsPerRun(100, func() {
			f, err := Parse(line)
			if err == nil && f.Get("msg") == nil {
				t.Error("no msg")
			}
		})
		assert.Zero(t, n, "%s", line)
	}
}

// Hostile lines of 1 MB must cost time linear in their length. A quadratic scanner would need hours.
func TestHostile(t *testing.T) {
	all := Scanner{Pair: ';', Quotes: `"'` + "`", Escape: '\\', EscapeBare: true, Brackets: true, FreeText: true}
	blanks := all
	blanks.Pair = ' '
	long := Scanner{LongValues: true, Quotes: `"`, SepBlanks: true}
	for _, piece := range []string{
		`a="b"c;`, `a="b"c `, "a='b`c\"", "=", ";", " ", "a=", "(", "a=(", "a=((((", `\`, `a="\"`, `"`, "a b=c ", "x = ", "a=' ",
		"a='                ", "张", "\xd5", "a=[)", "a={}{", "= =",
	} {
		line := bytes.Repeat([]byte(piece), 1<<20/len(piece))
		for _, sc := range []*Scanner{{}, &all, &blanks, &long, &dptech, &nsfocus, &fortinet, {PairSeq: "=="}, {PairAny: " ;"}} {
			n := 0
			for it := sc.Scan(line); it.Next(); n++ {
				if len(it.Key()) == 0 {
					t.Fatalf("empty key in %q", piece)
				}
			}
			require.LessOrEqual(t, n, len(line)/2)
		}
	}
}

func FuzzScan(f *testing.F) {
	for _, line := range []string{dptechLine, nsfocusLine, fortinetLine, pamLine, `a="b"c;d='`, "a=(1;2);b={"} {
		f.Add([]byte(line), byte(';'), byte('='), byte('\\'), `"'`, "", "", byte(0xff))
		f.Add([]byte(line), byte(0), byte(0), byte(0), "'", "||", ", ", byte(0))
	}
	f.Fuzz(func(t *testing.T, line []byte, pair, sep, esc byte, quotes, seq, anyOf string, opt byte) {
		sc := Scanner{
			Pair: pair, Sep: sep, Escape: esc, Quotes: quotes, PairSeq: seq, PairAny: anyOf,
			SepBlanks: opt&1 != 0, SplitInQuotes: opt&2 != 0, EscapeBare: opt&4 != 0,
			Brackets: opt&8 != 0, FreeText: opt&16 != 0, LongValues: opt&32 != 0,
		}
		before := string(line)
		last, pairs := 0, 0
		it := sc.Scan(line)
		for it.Next() {
			if it.k0 < last || it.k1 <= it.k0 || it.v0 < it.k1 || it.v1 < it.v0 || it.v1 > len(line) {
				t.Fatalf("pair out of order: key %d:%d value %d:%d after %d", it.k0, it.k1, it.v0, it.v1, last)
			}
			last = it.v1
			pairs++
			if cap(it.Key()) != len(it.Key()) || cap(it.Value()) != len(it.Value()) || cap(it.Text()) != len(it.Text()) {
				t.Fatal("an append would write into the line")
			}
			if got := it.AppendValue(nil); !it.Escaped() && !bytes.Equal(got, it.Value()) {
				t.Fatalf("%q became %q", it.Value(), got)
			}
		}
		if it.Next() {
			t.Fatal("a pair after the last")
		}
		it.Text()
		if err := it.Err(); err != nil {
			var e *Error
			if !errors.As(err, &e) || e.Pos < 0 || e.Pos > len(line) {
				t.Fatalf("bad error %v", err)
			}
		}
		var fs Fields
		_ = fs.Parse(&sc, line)
		if fs.Len() != min(pairs, MaxFields) {
			t.Fatalf("%d fields of %d pairs", fs.Len(), pairs)
		}
		for i := range fs.Len() {
			k, _ := fs.At(i)
			if fs.Get(string(k)) == nil {
				t.Fatalf("key %q is not found", k)
			}
		}
		if string(line) != before {
			t.Fatal("the line was changed")
		}
	})
}

// The fast look and the thorough one must agree where their rules are the same.
func FuzzFastIsThorough(f *testing.F) {
	for _, line := range []string{dptechLine, nsfocusLine, fortinetLine, pamLine} {
		f.Add([]byte(line), byte(';'), byte(':'))
		f.Add([]byte(line), byte(0), byte(0))
	}
	f.Fuzz(func(t *testing.T, line []byte, pair, sep byte) {
		fast := Scanner{Pair: pair, Sep: sep, Quotes: `"'`, Escape: '\\'}
		thorough := fast
		thorough.PairAny = string([]byte{max(pair, 1)})
		if pair == 0 {
			thorough.PairAny = " "
		}
		if a, b := show(&fast, string(line)), show(&thorough, string(line)); a != b {
			t.Fatalf("fast     %q\nthorough %q", a, b)
		}
	})
}

func benchScan(b *testing.B, sc *Scanner, line string) {
	data := []byte(line)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		for it := sc.Scan(data); it.Next(); {
			n += len(it.Key()) + len(it.Value())
		}
	}
	if n == 0 {
		b.Fatal("no pairs")
	}
}

func BenchmarkScanDPtech(b *testing.B)   { benchScan(b, &dptech, dptechLine) }
func BenchmarkScanNSFOCUS(b *testing.B)  { benchScan(b, &nsfocus, nsfocusLine) }
func BenchmarkScanFortinet(b *testing.B) { benchScan(b, &fortinet, fortinetLine) }
func BenchmarkScanPAM(b *testing.B)      { benchScan(b, &Scanner{}, pamLine) }
func BenchmarkScanThorough(b *testing.B) {
	benchScan(b, &Scanner{Pair: ';', Brackets: true, FreeText: true}, dptechLine)
}

func BenchmarkScanSwitch(b *testing.B) {
	data := []byte(dptechLine)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		for it := dptech.Scan(data); it.Next(); {
			switch string(it.Key()) {
			case "srcip(source)", "dstip(dest)":
				n += len(it.Value())
			case "srcport", "dstport", "protocol":
				n++
			case "action":
				n += 2
			case "user":
				n += 3
			}
		}
	}
	if n == 0 {
		b.Fatal("no pairs")
	}
}

func BenchmarkParseGet(b *testing.B) {
	data := []byte(fortinetLine)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		f, err := Parse(data)
		if err != nil {
			b.Fatal(err)
		}
		for _, k := range [...]string{"date", "time", "devname", "level", "srcip", "srcport", "dstip", "dstport", "action", "msg", "nosuch"} {
			n += len(f.Get(k))
		}
	}
	if n == 0 {
		b.Fatal("nothing found")
	}
}

func TestEscapedIsOfTheValueAtHand(t *testing.T) {
	s := Scanner{Pair: ';', Quotes: `"`, Escape: '\\', EscapeBare: true}
	var got []string
	for it := s.Scan([]byte(`="no key";a=b\;c;d="e";f="g\"h";i=j`)); it.Next(); {
		got = append(got, fmt.Sprint(string(it.Key()), it.Escaped()))
	}
	assert.Equal(t, []string{"atrue", "dfalse", "ftrue", "ifalse"}, got)
}

func TestPair(t *testing.T) {
	it := (&Scanner{Pair: ';', Quotes: "\""}).Scan([]byte(`a=1; b = x y ;c="q;r";d=;e="cut`))
	for _, want := range []string{"a=1", "b = x y", `c="q;r"`, "d=", `e="cut`} {
		require.True(t, it.Next())
		assert.Equal(t, want, string(it.Pair()))
	}
}
