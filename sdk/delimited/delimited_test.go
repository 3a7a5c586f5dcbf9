package delimited

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	paloLine = `1,2026/11/21 08:56:23,012345678901,TRAFFIC,end,2561,2026/11/21 08:56:22,10.1.2.3,203.0.113.9,192.0.2.1,` +
		`203.0.113.9,allow web,corp\li.si,,ssl,vsys1,trust,untrust,ae1.100,ae2.200,Forward All,2026/11/21 08:56:23,` +
		`33554432,1,51514,443,20001,443,0x400053,tcp,allow,6543,1789,4754,31,2026/11/21 08:55:50,15,computer-and-internet-info,` +
		`0,7025471122,0x8000000000000000,10.0.0.0-10.255.255.255,United States,0,14,17,tcp-fin`
	idsLine  = `2026-11-21 08:56:23,"SQL injection, ""union select"" in request",high,10.1.2.3,51514,192.0.2.8,80,"Web, shop",blocked`
	zeekLine = "1791691201.512345\tCHhAvVGS1DHFjwGM9\t10.1.2.3\t51514\t192.0.2.8\t443\ttcp\tssl\t12.501234\t1452\t3310\tSF\tT\tF\t0\tShADadFf\t14\t2188\t12\t3942\t-"
	iisLine  = `2026-11-21 08:56:23 192.0.2.8 GET /shop/item.aspx id=42&lang=zh 443 - 10.1.2.3 Mozilla/5.0+(Windows+NT+10.0) - 200 0 0 31`
	pipeLine = `dp_ips|~|2026-11-21 08:56:23|~|10.1.2.3|~|51514|~|192.0.2.8|~|80|~|TCP|~|SQL注入|~|高|~|阻断`
	escLine  = `2026-11-21T08:56:23Z|web\|shop|C:\\temp\\x.exe|10.1.2.3|51514|192.0.2.8|443|allow|rule 17`
)

var (
	quoted = Scanner{Quotes: `"`}
	tsv    = Scanner{Sep: '\t'}
	w3c    = Scanner{Sep: ' ', Quotes: `"`, Empty: "-"}
	pipes  = Scanner{SepSeq: "|~|"}
	esc    = Scanner{Sep: '|', Escape: '\\'}
)

// show writes the fields of a line as [field], a field in quotes as ['field'], and the fault.
func show(s *Scanner, line string) string {
	var b strings.Builder
	it := s.Scan([]byte(line))
	for it.Next() {
		if it.Quoted() {
			fmt.Fprintf(&b, "['%s']", it.Value())
		} else {
			fmt.Fprintf(&b, "[%s]", it.Value())
		}
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

	f(Scanner{}, "", "")
	f(Scanner{}, "\r\n", "")
	f(Scanner{}, "a", "[a]")
	f(Scanner{}, "a,b,c", "[a][b][c]")
	f(Scanner{}, "a,,c,", "[a][][c][]")
	f(Scanner{}, ",", "[][]")
	f(Scanner{}, "a, b ,c\r\n", "[a][ b ][c]")
	f(Scanner{}, `"a,b"`, `["a][b"]`)
	f(Scanner{}, "张三,李四", "[张三][李四]")
	f(Scanner{}, strings.Repeat("x", 30)+","+strings.Repeat("y", 30), "["+strings.Repeat("x", 30)+"]["+strings.Repeat("y", 30)+"]")

	// Separators.
	f(tsv, "a b\t\tc,d", "[a b][][c,d]")
	f(Scanner{Sep: ';'}, "a;b", "[a][b]")
	f(Scanner{Sep: 0x01}, "a\x01b\x01", "[a][b][]")
	f(Scanner{SepSeq: "||"}, "a|b||c||||d|", "[a|b][c][][d|]")
	f(Scanner{SepSeq: "^"}, "a^b", "[a][b]")
	f(Scanner{SepSeq: "\x00"}, "a\x00b", "[a][b]")
	f(pipes, pipeLine, "[dp_ips][2026-11-21 08:56:23][10.1.2.3][51514][192.0.2.8][80][TCP][SQL注入][高][阻断]")
	f(Scanner{Sep: ' ', Merge: true}, "  a b   c ", "[a][b][c]")
	f(Scanner{Sep: ' ', Merge: true}, "   ", "")
	f(Scanner{SepSeq: "||", Merge: true}, "||||a||||b|c||", "[a][b|c]")
	f(Scanner{Trim: true}, " a ,\tb c\t, ,d", "[a][b c][][d]")
	f(Scanner{Sep: '\t', Trim: true}, " a \t\t b", "[a][][b]")

	// Quotes.
	f(quoted, `a,"b,c",d`, `[a]['b,c'][d]`)
	f(quoted, `"","a"""`, `['']['a""']`)
	f(quoted, `"say ""hi"", then",x`, `['say ""hi"", then'][x]`)
	f(quoted, `a"b,5" disk`, `[a"b][5" disk]`)
	f(quoted, `"a"b,c"`, `['a"b,c'] ! delimited: byte 2: a separator is expected behind the quote`)
	f(quoted, `"a" ,b`, `['a" ,b'] ! delimited: byte 2: a separator is expected behind the quote`)
	f(quoted, `a,"b`, `[a]['b'] ! delimited: byte 2: the quote opened here is never closed`)
	f(quoted, `"`, `[''] ! delimited: byte 0: the quote opened here is never closed`)
	f(quoted, `"a",`, `['a'][]`)
	f(Scanner{Quotes: `"`, Trim: true}, `"a" , "b,c"  ,d`, `['a']['b,c'][d]`)
	f(Scanner{Quotes: `"'`}, `'a,"b','c''d',"e"`, `['a,"b']['c''d']['e']`)
	f(Scanner{SepSeq: "||", Quotes: `"`}, `"a||b"||c`, `['a||b'][c]`)
	f(Scanner{Sep: ' ', Merge: true, Quotes: `"`}, ` "a b"  c`, `['a b'][c]`)

	// Escapes.
	f(esc, escLine, `[2026-11-21T08:56:23Z][web\|shop][C:\\temp\\x.exe][10.1.2.3][51514][192.0.2.8][443][allow][rule 17]`)
	f(esc, `a\|b|c\\|d\`, `[a\|b][c\\][d\]`)
	f(Scanner{Quotes: `"`, Escape: '\\'}, `"a\",b",c\,d`, `['a\",b'][c\,d]`)
	f(Scanner{Quotes: `"`, Escape: '\\'}, `"a\`, `['a\'] ! delimited: byte 0: the quote opened here is never closed`)
	f(Scanner{Escape: '\\', Trim: true}, `a\ ,b `, `[a\ ][b]`)

	// Nothing.
	f(w3c, `- a - "-" --`, `[][a][]['-'][--]`)
	f(w3c, iisLine, "[2026-11-21][08:56:23][192.0.2.8][GET][/shop/item.aspx][id=42&lang=zh][443][][10.1.2.3]"+
		"[Mozilla/5.0+(Windows+NT+10.0)][][200][0][0][31]")

	// Not UTF-8.
	f(Scanner{}, "\xd5\xc5,\xff\x00,", "[\xd5\xc5][\xff\x00][]")
}

func TestAppendValue(t *testing.T) {
	f := func(s Scanner, field string, escaped bool, want string) {
		t.Helper()
		it := s.Scan([]byte(field))
		require.True(t, it.Next())
		assert.Equal(t, escaped, it.Escaped())
		assert.Equal(t, "x"+want, string(it.AppendValue([]byte("x"))))
		r, _ := s.Parse([]byte(field))
		assert.Equal(t, escaped, r.Escaped(0))
		assert.Equal(t, "x"+want, string(r.Append([]byte("x"), 0)))
	}
	f(quoted, `plain`, false, "plain")
	f(quoted, `"plain"`, false, "plain")
	f(quoted, `"say ""hi"""`, true, `say "hi"`)
	f(quoted, `a""b`, false, `a""b`)
	f(quoted, `"a"b""c"`, true, `a"b"c`)
	f(esc, `a\|b\\\n\x\`, true, "a|b\\\nx\\")
	f(Scanner{Quotes: `"`, Escape: '\\'}, `"a\"b""c"`, true, `a"b"c`)
	f(Scanner{Escape: '^'}, `a^,b^n`, true, `a,bn`)
}

func TestAppendUndoubled(t *testing.T) {
	for in, want := range map[string]string{``: ``, `a`: `a`, `""`: `"`, `say ""hi""`: `say "hi"`, `a"b`: `a"b`, `a"""b`: `a""b`} {
		assert.Equal(t, want, string(AppendUndoubled(nil, []byte(in))), in)
	}
}

func TestHeader(t *testing.T) {
	h, err := w3c.ParseHeader([]byte("#Fields: date time s-ip cs-method cs(User-Agent)\r\n"))
	require.NoError(t, err)
	assert.Equal(t, 5, h.Len())
	assert.Equal(t, 4, h.Index("cs(User-Agent)"))
	assert.Equal(t, "s-ip", h.Name(2))
	assert.Equal(t, -1, h.Index("nosuch"))
	assert.Equal(t, -1, h.Index(""))
	assert.Empty(t, h.Name(5))
	assert.Empty(t, h.Name(-1))

	h, err = quoted.ParseHeader([]byte("\ufeff\"Source IP\",, Action"))
	require.NoError(t, err)
	assert.Equal(t, 0, h.Index("Source IP"))
	assert.Equal(t, 2, h.Index("Action"))

	_, err = quoted.ParseHeader([]byte("a,b,a"))
	require.EqualError(t, err, `delimited: fields 1 and 3 of the header are both named "a"`)
	_, err = quoted.ParseHeader(nil)
	require.EqualError(t, err, "delimited: a header with the names of the fields is expected")
	_, err = quoted.ParseHeader([]byte(`a,"b`))
	require.ErrorIs(t, err, ErrQuote)
	_, err = NewHeader(strings.Split(strings.Repeat(",", MaxFields), ",")...)
	require.EqualError(t, err, "delimited: a header of 257 fields, at most 256 are read")
	assert.Panics(t, func() { MustHeader("a", "a") })

	var none *Header
	assert.Equal(t, -1, none.Index("a"))
	assert.Zero(t, none.Len())

	names := make([]string, MaxFields) // finds each name among many alike
	for i := range names {
		names[i] = fmt.Sprintf("x%dx", i)
	}
	h = MustHeader(names...)
	for i, name := range names {
		require.Equal(t, i, h.Index(name))
	}
}

func TestRow(t *testing.T) {
	s := Scanner{Quotes: `"`, Header: MustHeader("time", "event", "-", "src")}
	r, err := s.Parse([]byte(`08:56,"a,b",x,10.1.2.3`))
	require.NoError(t, err)
	assert.Equal(t, 4, r.Len())
	assert.Equal(t, "a,b", string(r.Get("event")))
	assert.Equal(t, "10.1.2.3", string(r.Get("src")))
	assert.Equal(t, "x", string(r.At(2)))
	assert.Nil(t, r.Get("-"))
	assert.Nil(t, r.At(4))
	assert.Nil(t, r.At(-1))
	assert.False(t, r.Escaped(9))
	assert.Empty(t, r.Append(nil, 9))

	err = r.Parse(&s, []byte("08:56,x"))
	require.EqualError(t, err, "delimited: byte 7: fewer fields than the header has")
	assert.Equal(t, "x", string(r.Get("event")))
	assert.Nil(t, r.Get("src"))
	require.EqualError(t, r.Parse(&s, []byte("1,2,3,4,5")), "delimited: byte 8: more fields than the header has")

	require.ErrorIs(t, r.Parse(&tsv, bytes.Repeat([]byte("\t"), MaxFields)), ErrFields)
	assert.Equal(t, MaxFields, r.Len())

	it := s.Scan([]byte("1,2"))
	assert.Equal(t, -1, it.Index())
	require.True(t, it.Next())
	require.True(t, it.Next())
	assert.Equal(t, "event", it.Name())
	assert.Equal(t, 1, it.Index())
	assert.Equal(t, 2, it.Pos())
	require.False(t, it.Next())
	assert.Empty(t, it.Value())

	var zero Row
	assert.Nil(t, zero.Get("a"))
}

// Hostile lines of 1 MB must cost time linear in their length.
func TestHostile(t *testing.T) {
	for _, piece := range []string{`,`, `"`, `""`, `",`, `",a`, `\`, `\"`, ` `, `"  `, `"                     `, "|", "||", "a", "|~", "\xd5"} {
		line := bytes.Repeat([]byte(piece), 1<<20/len(piece))
		for _, s := range []*Scanner{{}, &quoted, &tsv, &w3c, &pipes, &esc, {Quotes: `"`, Escape: '\\', Trim: true, Merge: true}, {SepSeq: "||", Merge: true, Quotes: `"'`}} {
			n := 0
			for it := s.Scan(line); it.Next(); n++ {
			}
			require.LessOrEqual(t, n, len(line)+1)
		}
	}
}

func TestNoAllocation(t *testing.T) {
	s := quoted
	s.Header = MustHeader("time", "event")
	buf := make([]byte, 0, 256)
	for _, line := range [][]byte{[]byte(idsLine), []byte(`a,"b`), []byte(`"a"b",c`), nil} {
		assert.Zero(t, testing.AllocsPerRun(100, func() {
			r, _ := s.Parse(line)
			buf = r.Append(buf[:0], 1)
			if r.Get("nosuch") != nil {
				t.Error("found")
			}
		}), "%s", line)
	}
}

// csvFields is what package csv makes of a line, nil if it has no fields.
func csvFields(s *Scanner, line []byte) ([]string, error) {
	r := csv.NewReader(bytes.NewReader(line))
	r.Comma, r.LazyQuotes, r.FieldsPerRecord = rune(s.Sep), true, -1
	return r.Read()
}

// Package csv reads one line of quoted fields as this package does.
func FuzzLikeCSV(f *testing.F) {
	for _, line := range []string{paloLine, idsLine, `"a"b",c`, `a,"b""c`, `"",""`, `"a`} {
		f.Add([]byte(line), byte(','))
		f.Add([]byte(line), byte(';'))
	}
	f.Fuzz(func(t *testing.T, line []byte, sep byte) {
		s := Scanner{Sep: sep, Quotes: `"`}
		if sep == 0 || sep == '"' || sep >= 0x80 || sep == '\r' || sep == '\n' || bytes.ContainsAny(line, "\r\n") || len(line) == 0 {
			return
		}
		want, err := csvFields(&s, line)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		it := s.Scan(line)
		for it.Next() {
			got = append(got, string(it.AppendValue(nil)))
		}
		if it.Err() != nil && errors.Is(it.Err(), ErrQuote) { // package csv waits for the next line then
			for i := range want {
				want[i] = strings.TrimSuffix(want[i], "\n")
			}
		}
		assert.Equal(t, want, got)
	})
}

func FuzzScan(f *testing.F) {
	for _, line := range []string{paloLine, idsLine, zeekLine, iisLine, pipeLine, escLine, `a , "b`, `"a"b`} {
		f.Add([]byte(line), byte(','), byte(0), byte('\\'), `"'`, "", "-")
		f.Add([]byte(line), byte(' '), byte(3), byte(0), "'", "||", "")
	}
	f.Fuzz(func(t *testing.T, line []byte, sep, opt, esc byte, quotes, seq, empty string) {
		s := Scanner{Sep: sep, SepSeq: seq, Escape: esc, Quotes: quotes, Merge: opt&1 != 0, Trim: opt&2 != 0, Empty: empty}
		before := string(line)
		last, n := 0, 0
		it := s.Scan(line)
		for it.Next() {
			if it.v0 < last || it.v1 < it.v0 || it.v1 > len(line) || it.Index() != n {
				t.Fatalf("field %d at %d:%d after %d", it.Index(), it.v0, it.v1, last)
			}
			last = it.v1
			n++
			if cap(it.Value()) != len(it.Value()) {
				t.Fatal("an append would write into the line")
			}
			if got := it.AppendValue(nil); !it.Escaped() && !bytes.Equal(got, it.Value()) {
				t.Fatalf("%q became %q", it.Value(), got)
			}
		}
		if it.Next() {
			t.Fatal("a field after the last")
		}
		if err := it.Err(); err != nil {
			var e *Error
			if !errors.As(err, &e) || e.Pos < 0 || e.Pos > len(line) {
				t.Fatalf("bad error %v", err)
			}
		}
		r, err := s.Parse(line)
		if r.Len() != min(n, MaxFields) {
			t.Fatalf("%d fields of %d", r.Len(), n)
		}
		if n <= MaxFields && fmt.Sprint(err) != fmt.Sprint(it.Err()) {
			t.Fatalf("a row has %v, its fields one by one %v", err, it.Err())
		}
		it = s.Scan(line)
		for i := range r.Len() {
			if it.Next(); !bytes.Equal(r.At(i), it.Value()) || r.Escaped(i) != it.Escaped() {
				t.Fatalf("field %d is %q in a row, %q by itself", i, r.At(i), it.Value())
			}
		}
		if string(line) != before {
			t.Fatal("the line was changed")
		}
		// Fields that are set apart must come back: a list without bytes that mean something.
		if !s.Merge && !s.Trim && len(line) > 0 && s.Empty == "" && s.Escape == 0 && s.Quotes == "" {
			want := strings.Count(strings.TrimSuffix(strings.TrimSuffix(before, "\n"), "\r"), string(sepText(&s))) + 1
			if strings.TrimSuffix(strings.TrimSuffix(before, "\n"), "\r") != "" && n != want {
				t.Fatalf("%d fields, want %d", n, want)
			}
		}
	})
}

func sepText(s *Scanner) []byte {
	switch {
	case s.SepSeq != "":
		return []byte(s.SepSeq)
	case s.Sep == 0:
		return []byte{','}
	}
	return []byte{s.Sep}
}

func benchScan(b *testing.B, s *Scanner, line string) {
	data := []byte(line)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		for it := s.Scan(data); it.Next(); {
			n += len(it.Value())
		}
	}
	if n == 0 {
		b.Fatal("no fields")
	}
}

func BenchmarkCSV(b *testing.B)     { benchScan(b, &quoted, paloLine) }
func BenchmarkQuoted(b *testing.B)  { benchScan(b, &quoted, idsLine) }
func BenchmarkTSV(b *testing.B)     { benchScan(b, &tsv, zeekLine) }
func BenchmarkW3C(b *testing.B)     { benchScan(b, &w3c, iisLine) }
func BenchmarkSepSeq(b *testing.B)  { benchScan(b, &pipes, pipeLine) }
func BenchmarkEscaped(b *testing.B) { benchScan(b, &esc, escLine) }

func BenchmarkParseGet(b *testing.B) {
	s := Scanner{Quotes: `"`, Header: MustHeader("time", "event", "severity", "src", "sport", "dst", "dport", "site", "action")}
	data := []byte(idsLine)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	n := 0
	var r Row
	for b.Loop() {
		if err := r.Parse(&s, data); err != nil {
			b.Fatal(err)
		}
		for _, k := range [...]string{"time", "event", "severity", "src", "sport", "dst", "dport", "action"} {
			n += len(r.Get(k))
		}
	}
	if n == 0 {
		b.Fatal("nothing found")
	}
}

func BenchmarkRow(b *testing.B) {
	data := []byte(paloLine)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	var r Row
	for b.Loop() {
		if err := r.Parse(&quoted, data); err != nil {
			b.Fatal(err)
		}
	}
}

// What package csv takes for the same, reader reused.
func BenchmarkEncodingCSV(b *testing.B) {
	data := bytes.Repeat([]byte(paloLine+"\n"), 1000)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		r := csv.NewReader(bytes.NewReader(data))
		r.ReuseRecord = true
		for {
			if _, err := r.Read(); err != nil {
				break
			}
		}
	}
}
