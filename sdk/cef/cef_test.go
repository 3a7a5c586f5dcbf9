package cef

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	paloLine = `<134>Nov 21 08:56:23 fw1 CEF:0|Palo Alto Networks|PAN-OS|10.2.0|end|TRAFFIC|1|rt=Nov 21 2026 08:56:23 GMT ` +
		`deviceExternalId=012345678901 src=10.1.2.3 dst=203.0.113.9 sourceTranslatedAddress=192.0.2.1 ` +
		`destinationTranslatedAddress=203.0.113.9 cs1Label=Rule cs1=allow web suser=corp\\li.si duser= app=ssl ` +
		`cs3Label=Virtual System cs3=vsys1 cs4Label=Source Zone cs4=trust cs5Label=Destination Zone cs5=untrust ` +
		`deviceInboundInterface=ae1.100 deviceOutboundInterface=ae2.200 cn1Label=SessionID cn1=33554432 cnt=1 spt=51514 dpt=443 ` +
		`sourceTranslatedPort=20001 flexString1Label=Flags flexString1=0x400053 proto=tcp act=allow out=1789 in=4754`
	wafLine = `CEF:0|Imperva Inc.|SecureSphere|13.6|Firewall|SQL injection|High|act=Block dst=192.0.2.8 dpt=80 duser=n/a src=10.1.2.3 ` +
		`spt=51514 proto=TCP rt=1791691201512 cat=Alert request=http://shop.example/item?id=1&sort=a cs1=Web policy cs1Label=Policy ` +
		`msg=id\=1 union select\nfrom users requestMethod=GET`
)

func show(e *Event) string {
	var b strings.Builder
	it := e.Scan()
	for it.Next() {
		fmt.Fprintf(&b, "[%s|%s]", it.Key(), it.Value())
	}
	if err := it.Err(); err != nil {
		b.WriteString(" ! " + err.Error())
	}
	return b.String()
}

func TestParse(t *testing.T) {
	f := func(line, want string) {
		t.Helper()
		e, err := Parse([]byte(line))
		got := fmt.Sprintf("%s/%d/%s/%s/%s/%s/%s/%s/%s", e.Prefix, e.Version, e.Vendor, e.Product, e.DeviceVersion, e.ClassID, e.Name, e.Severity, e.Extension)
		if err != nil {
			got += " ! " + err.Error()
		}
		assert.Equal(t, want, got)
	}
	f("CEF:0|V|P|1.0|100|Name|5|src=10.1.2.3", "/0/V/P/1.0/100/Name/5/src=10.1.2.3")
	f("<13>Nov 21 08:56:23 h CEF:1|V|P|1|100|Name|High|", "<13>Nov 21 08:56:23 h /1/V/P/1/100/Name/High/")
	f("CEF: 0|V|P|1|100|Name|5", "/0/V/P/1/100/Name/5/")
	f("CEF:1.0|V|P|1|100|Name| 5 | a=1", "/1/V/P/1/100/Name/5/ a=1")
	f(`CEF:0|V\|x|P\\|1|\d|a\`, `/0/V\|x/P\\/1/\d/a\// ! cef: byte 22: the header ends here, before its seven fields and the | behind each`)
	f("CEF:0|V|P|1|100", "/0/V/P/1/100/// ! cef: byte 15: the header ends here, before its seven fields and the | behind each")
	f("CEF:0||||||", "/0///////")
	f("CEF:0|||||||", "/0///////")
	f("app CEF: started CEF:0|V|P|1|1|N|1|x", "app CEF: started /0/V/P/1/1/N/1/x")
	f("no event", "/0/////// ! cef: byte 0: CEF:, a version and | are expected")
	f("CEF:x|V", "/0/////// ! cef: byte 0: CEF:, a version and | are expected")
	f("CEF:0", "/0/////// ! cef: byte 0: CEF:, a version and | are expected")
	f("", "/0/////// ! cef: byte 0: CEF:, a version and | are expected")
}

func TestScan(t *testing.T) {
	f := func(ext, want string) {
		t.Helper()
		assert.Equal(t, want, show(&Event{Extension: []byte(ext)}))
	}
	f("", "")
	f("  ", "")
	f("a=1", "[a|1]")
	f("a=1 b=2", "[a|1][b|2]")
	f(" a=1  b=some words  c=\r\n", "[a|1][b|some words][c|]")
	f("a= b=2", "[a|][b|2]")
	f("a==b c= =d", "[a|=b][c|=d]")
	f(`a=x\=y b=c:\\temp c=\`, `[a|x\=y][b|c:\\temp][c|\]`)
	f(`a=x b\=y c=2`, `[a|x b\=y][c|2]`)
	f("request=http://h/?a=1&b=2 c=3", "[request|http://h/?a=1&b=2][c|3]")
	f("msg=see http://h/?a=1 and b=2", "[msg|see http://h/?a=1 and][b|2]")
	f("ad.user=x ad[0]=y 用户=张三 来源=北京 站", "[ad.user|x][ad[0]|y][用户|张三][来源|北京 站]")
	f("words a=1", "[a|1] ! cef: byte 0: a key and = are expected")
	f(" =1 a=2", "[a|2] ! cef: byte 1: a key and = are expected")
	f("only words", " ! cef: byte 0: a key and = are expected")
	f("a=1\tb=2", "[a|1][b|2]")

	e, err := Parse([]byte(wafLine))
	require.NoError(t, err)
	assert.Equal(t, `[act|Block][dst|192.0.2.8][dpt|80][duser|n/a][src|10.1.2.3][spt|51514][proto|TCP][rt|1791691201512]`+
		`[cat|Alert][request|http://shop.example/item?id=1&sort=a][cs1|Web policy][cs1Label|Policy]`+
		`[msg|id\=1 union select\nfrom users][requestMethod|GET]`, show(&e))
}

func TestFields(t *testing.T) {
	e, err := Parse([]byte(paloLine))
	require.NoError(t, err)
	assert.Equal(t, "<134>Nov 21 08:56:23 fw1 ", string(e.Prefix))
	f, err := e.Fields()
	require.NoError(t, err)
	assert.Equal(t, "Nov 21 2026 08:56:23 GMT", string(f.Get("rt")))
	assert.Equal(t, "allow web", string(f.Labelled("Rule")))
	assert.Equal(t, "trust", string(f.Labelled("Source Zone")))
	assert.Equal(t, "33554432", string(f.Labelled("SessionID")))
	assert.Equal(t, "0x400053", string(f.Labelled("Flags")))
	assert.Nil(t, f.Labelled("nosuch"))
	assert.Nil(t, f.Labelled("trust"), "a value, not a label")
	assert.NotNil(t, f.Get("duser"), "there, but empty")
	k, v := f.At(1)
	assert.Equal(t, "deviceExternalId=012345678901", string(k)+"="+string(v))

	require.NoError(t, f.Parse([]byte("cs1Label=Only label Label=x")))
	assert.Nil(t, f.Labelled("Only label"))
	assert.Nil(t, f.Labelled("x"))
	assert.Equal(t, 2, f.Len())
	require.ErrorIs(t, f.Parse(bytes.Repeat([]byte("a=1 "), MaxFields+1)), ErrPairs)
	assert.Equal(t, MaxFields, f.Len())
}

func TestSeverityNumber(t *testing.T) {
	for in, want := range map[string]int{
		"0": 0, "9": 9, "10": 10, "low": 3, "Medium": 6, "HIGH": 8, "Very-High": 10, "Unknown": -1, "": -1, "11": -1, "x": -1,
	} {
		e := Event{Severity: []byte(in)}
		n, ok := e.SeverityNumber()
		if !ok {
			n = -1
		}
		assert.Equal(t, want, n, in)
	}
}

func TestAppendUnescaped(t *testing.T) {
	for in, want := range map[string]string{
		``: ``, `abc`: `abc`, `a\=b\\c\|d`: `a=b\c|d`, `l1\nl2\r\n`: "l1\nl2\r\n", `c:\x\y`: `c:\x\y`, `end\`: `end\`, `\\`: `\`,
	} {
		assert.Equal(t, "x"+want, string(AppendUnescaped([]byte("x"), []byte(in))))
	}
	it := Scan([]byte(`a=1\=2 b=3`))
	require.True(t, it.Next())
	assert.True(t, it.Escaped())
	assert.Equal(t, "1=2", string(it.AppendValue(nil)))
	assert.Equal(t, 2, it.Pos())
	assert.Equal(t, `a=1\=2`, string(it.Pair()))
	require.True(t, it.Next())
	assert.False(t, it.Escaped())
}

func TestHostile(t *testing.T) {
	for _, piece := range []string{"=", "a=", " a", "a ", " a=", `\`, `\=`, "|", "CEF:", "CEF:0", "aaaa=aaaa", "张=", "\xff"} {
		line := bytes.Repeat([]byte(piece), 1<<20/len(piece))
		_, _ = Parse(line)
		n := 0
		for it := Scan(line); it.Next(); n++ {
		}
		require.LessOrEqual(t, n, len(line)/2)
	}
}

func TestNoAllocation(t *testing.T) {
	buf := make([]byte, 0, 256)
	for _, line := range []string{paloLine, wafLine, "nothing", "CEF:0|a", "CEF:0|||||||words"} {
		data := []byte(line)
		assert.Zero(t, testing.AllocsPerRun(100, func() {
			e, _ := Parse(data)
			for it := e.Scan(); it.Next(); {
				buf = it.AppendValue(buf[:0])
			}
			f, _ := e.Fields()
			f.Labelled("Rule")
		}), line)
	}
}

// naive finds the keys of an extension as the documentation says it.
var naive = regexp.MustCompile(`(?:^|[\x00-\x20])([A-Za-z0-9_.\-\[\]\x{80}-\x{10ffff}]+)=`)

// naivePairs reads an extension without escapes.
func naivePairs(ext string) (all []string) {
	at := naive.FindAllStringSubmatchIndex(ext, -1)
	for i, m := range at {
		end := len(ext)
		if i+1 < len(at) {
			end = at[i+1][0]
		}
		value := ""
		if m[1] < end {
			value = ext[m[1]:end]
		}
		all = append(all, ext[m[2]:m[3]]+"="+strings.TrimFunc(value, func(r rune) bool { return r <= ' ' }))
	}
	return all
}

func FuzzLikeRegexp(f *testing.F) {
	for _, line := range []string{paloLine, wafLine, "a=1 b", "a= b=", "a==b =c"} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		line = strings.ToValidUTF8(strings.ReplaceAll(line, `\`, "/"), "?")
		var got []string
		for it := Scan([]byte(line)); it.Next(); {
			got = append(got, string(it.Key())+"="+string(it.Value()))
		}
		assert.Equal(t, naivePairs(line), got)
	})
}

func FuzzParse(f *testing.F) {
	for _, line := range []string{paloLine, wafLine, "CEF:0|", `CEF:0|\||\\|a|b|c|d|e\=f=g h=`} {
		f.Add([]byte(line))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		before := string(line)
		e, err := Parse(line)
		var fe *Error
		if err != nil && (!errors.As(err, &fe) || fe.Pos < 0 || fe.Pos > len(line)) {
			t.Fatalf("bad error %v", err)
		}
		if err == nil {
			rebuilt := bytes.Join([][]byte{e.Vendor, e.Product, e.DeviceVersion, e.ClassID, e.Name}, []byte("|"))
			if !bytes.Contains(line, rebuilt) {
				t.Fatalf("%q is not in the line", rebuilt)
			}
		}
		last, n := 0, 0
		it := e.Scan()
		for it.Next() {
			if it.k0 < last || it.k1 <= it.k0 || it.v0 <= it.k1 || it.v1 < it.v0 || it.v1 > len(e.Extension) {
				t.Fatalf("pair out of order: key %d:%d value %d:%d after %d", it.k0, it.k1, it.v0, it.v1, last)
			}
			last = it.v1
			n++
			if cap(it.Key()) != len(it.Key()) || cap(it.Value()) != len(it.Value()) {
				t.Fatal("an append would write into the line")
			}
			if len(it.AppendValue(nil)) > len(it.Value()) {
				t.Fatal("a value grew")
			}
		}
		if it.Next() {
			t.Fatal("a pair after the last")
		}
		fs, _ := e.Fields()
		if fs.Len() != min(n, MaxFields) {
			t.Fatalf("%d fields of %d", fs.Len(), n)
		}
		if string(line) != before {
			t.Fatal("the line was changed")
		}
	})
}

func bench(b *testing.B, line string) {
	data := []byte(line)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		e, err := Parse(data)
		if err != nil {
			b.Fatal(err)
		}
		for it := e.Scan(); it.Next(); {
			n += len(it.Key()) + len(it.Value())
		}
	}
	if n == 0 {
		b.Fatal("no pairs")
	}
}

func BenchmarkFirewall(b *testing.B) { bench(b, paloLine) }
func BenchmarkWAF(b *testing.B)      { bench(b, wafLine) }

func BenchmarkFieldsGet(b *testing.B) {
	data := []byte(paloLine)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	n := 0
	var f Fields
	for b.Loop() {
		e, _ := Parse(data)
		if err := f.Parse(e.Extension); err != nil {
			b.Fatal(err)
		}
		for _, k := range [...]string{"rt", "src", "dst", "spt", "dpt", "suser", "app", "act", "in", "out"} {
			n += len(f.Get(k))
		}
		n += len(f.Labelled("Rule"))
	}
	if n == 0 {
		b.Fatal("nothing found")
	}
}
