package xmlscan

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	eventLine = `<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider Name='Microsoft-Windows-Security-Auditing' ` +
		`Guid='{54849625-5478-4994-A5BA-3E3B0328C30D}'/><EventID>4625</EventID><TimeCreated SystemTime='2026-10-11T12:00:06.1234567Z'/>` +
		`<Channel>Security</Channel><Security/></System><EventData><Data Name='TargetUserName'>li.na</Data>` +
		`<Data Name='ProcessName'>C:\Program Files (x86)\A &amp; B\a.exe</Data></EventData></Event>`
	auditLine = `<AuditRecord><Audit_Type>1</Audit_Type><Session_Id>123457</Session_Id>` +
		`<Extended_Timestamp>2026-10-11T12:02:01.123456Z</Extended_Timestamp><DB_User>SCOTT</DB_User>` +
		`<Sql_Text>select name from hr.employees where salary &gt; 100</Sql_Text></AuditRecord>`
)

// show writes the elements of a line as [depth name|attributes|text], and the fault.
func show(line string) string {
	var b strings.Builder
	it := Scan([]byte(line))
	for it.Next() {
		fmt.Fprintf(&b, "[%d %s|%s|%s]", it.Depth(), it.Name(), bytes.TrimSpace(it.line[it.a0:it.a1]), it.Text())
	}
	if err := it.Err(); err != nil {
		b.WriteString(" ! " + err.Error())
	}
	return b.String()
}

func TestScan(t *testing.T) {
	f := func(line, want string) {
		t.Helper()
		assert.Equal(t, want, show(line), "line %q", line)
	}

	f(`<a/>`, `[1 a||]`)
	f(`<a></a>`, `[1 a||]`)
	f(`<a>1</a>`, `[1 a||1]`)
	f(` <a> 1 </a>`+"\r\n", `[1 a|| 1 ]`)
	f(`<a><b>1</b><b/><c><d>2</d></c></a>`, `[1 a||][2 b||1][2 b||][2 c||][3 d||2]`)
	f(`<a>1<b/>2</a>`, `[1 a||1][2 b||]`)
	f(`<n:a x="1" n:y='2'>3</n:a>`, `[1 a|x="1" n:y='2'|3]`)
	f(`<:a/>`, `[1 :a||]`)
	f(`<a: />`, `[1 a:||]`)
	f(`<a x="1>2" y='</a>'/>`, `[1 a|x="1>2" y='</a>'|]`)
	f("<a\n\tx = '1' ></a >", `[1 a|x = '1'|]`)
	f(`<数据>张三</数据>`, `[1 数据||张三]`)

	// What is passed over.
	f("\ufeff"+`<?xml version="1.0"?><!-- <b> --><a>1<!-- 2 -->3</a><!-- 4 --><?x y?>`, `[1 a||1]`)
	f(`<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>`, `[1 a||&b;]`)
	f(`<a><![CDATA[1<2>&lt;]]></a>`, `[1 a||1<2>&lt;]`)
	f(`<a> <![CDATA[1]]>2<b>3</b></a>`, `[1 a||1][2 b||3]`)
	f(`<a>1<![CDATA[<b>]]></a>`, `[1 a||1]`)

	// Faults.
	f(``, ` ! xmlscan: byte 0: an element such as <Event> is expected`)
	f(`words`, ` ! xmlscan: byte 0: an element such as <Event> is expected`)
	f(`x <a>1</a>`, `[1 a||1] ! xmlscan: byte 0: an element such as <Event> is expected`)
	f(`<a>1`, `[1 a||1] ! xmlscan: byte 4: the line ends here, before its first element is closed`)
	f(`<a>1<`, `[1 a||1] ! xmlscan: byte 5: the line ends here, before its first element is closed`)
	f(`<a>1</a`, `[1 a||1] ! xmlscan: byte 7: the line ends here, before its first element is closed`)
	f(`<a><b>1</b><c x=`, `[1 a||][2 b||1] ! xmlscan: byte 16: the line ends here, before its first element is closed`)
	f(`<a><![CDATA[1`, `[1 a||1] ! xmlscan: byte 13: the line ends here, before its first element is closed`)
	f(`<a><!-- 1</a>`, `[1 a||] ! xmlscan: byte 13: the line ends here, before its first element is closed`)
	f(`<!DOCTYPE a [<!ENTITY b>`, ` ! xmlscan: byte 24: the line ends here, before its first element is closed`)
	f(`<a><b x='1></b></a>`, `[1 a||] ! xmlscan: byte 8: the quote opened here is never closed`)
	f(`<a>1 < 2<b>3</b></a>`, `[1 a||1 ][2 b||3] ! xmlscan: byte 5: a name is expected behind the <; in text it is written &lt;`)
	f(`<a>1<b</a>`, `[1 a||1] ! xmlscan: byte 6: a > is expected here, before the next tag`)
	f(`<a><b>1</b <c>2</c></a>`, `[1 a||][2 b||1][3 c||2] ! xmlscan: byte 11: a > is expected here, before the next tag`)
	f(`<a><b>1</a>`, `[1 a||][2 b||1] ! xmlscan: byte 7: the end tag of the innermost open element is expected`)
	f(`<a><b>1</c><d>2</d></b></a>`, `[1 a||][2 b||1][3 d||2] ! xmlscan: byte 7: the end tag of the innermost open element is expected`)
	f(`</a><b/>`, `[1 b||] ! xmlscan: byte 0: the end tag of the innermost open element is expected`)
	f(`<a/><b/>`, `[1 a||] ! xmlscan: byte 4: nothing is expected behind the end of the first element`)
	f(`<a>1</a> x`, `[1 a||1] ! xmlscan: byte 9: nothing is expected behind the end of the first element`)

	assert.NotContains(t, show(strings.Repeat("<a>", MaxDepth)+strings.Repeat("</a>", MaxDepth)), "!")
	deep := show(strings.Repeat("<a>", MaxDepth+1) + "1" + strings.Repeat("</a>", MaxDepth+1))
	assert.True(t, strings.HasSuffix(deep, "[33 a||1] ! xmlscan: byte 96: more than 32 elements are open"), deep)
}

func TestAttr(t *testing.T) {
	it := Scan([]byte(`<a one="1" two = 'x="2"' n:three='&lt;' one="4" ` + "\n" + ` empty="" bare=5 six="6"><b/></a>`))
	require.True(t, it.Next())
	for name, want := range map[string]string{"one": "1", "two": `x="2"`, "n:three": "&lt;", "three": "", "empty": "", "bare": "", "six": "", "x": ""} {
		assert.Equal(t, want, string(it.Attr(name)), name)
	}
	assert.NotNil(t, it.Attr("empty"), "there, but empty")
	assert.Nil(t, it.Attr("none"))
	require.True(t, it.Next())
	assert.Nil(t, it.Attr("one"), "of the element in front")
	require.False(t, it.Next())
	assert.Nil(t, it.Attr("one"))
	assert.Empty(t, it.Name())
	assert.Zero(t, it.Depth())
}

func TestEscaped(t *testing.T) {
	for line, want := range map[string]bool{`<a>1</a>`: false, `<a>1&amp;2</a>`: true, `<a><![CDATA[1&amp;2]]></a>`: false} {
		it := Scan([]byte(line))
		require.True(t, it.Next())
		assert.Equal(t, want, it.Escaped(), line)
	}
}

func TestAppendUnescaped(t *testing.T) {
	for v, want := range map[string]string{
		"":                                  "",
		"plain":                             "plain",
		"&lt;b&gt; &amp;&quot;&apos;":       `<b> &"'`,
		"&amp;lt;":                          "&lt;",
		"&#65;&#x41;&#X4e2d;&#10;":          "AA中\n",
		"&#00000065;":                       "A",
		"&#000000065;":                      "&#000000065;",
		"&#0;&#xD800;&#x110000;&#;&#x;&#12": "&#0;&#xD800;&#x110000;&#;&#x;&#12",
		"&bogus; & &lt &":                   "&bogus; & &lt &",
	} {
		assert.Equal(t, "-"+want, string(AppendUnescaped([]byte("-"), []byte(v))), v)
	}
}

func TestNoAllocations(t *testing.T) {
	for _, line := range []string{eventLine, auditLine, `<a><b>1</c>`} {
		b := []byte(line)
		n := 0
		allocs := testing.AllocsPerRun(100, func() {
			it := Scan(b)
			for it.Next() {
				n += len(it.Text()) + len(it.Attr("Name"))
			}
			if it.Err() != nil {
				n++
			}
		})
		assert.Zero(t, allocs, line)
		assert.Positive(t, n)
	}
}

// Records that encoding/xml takes have the same elements here, and no fault.
func FuzzLikeEncodingXML(f *testing.F) {
	for _, line := range []string{eventLine, auditLine, `<a x="1>2">3<b>&#x41;</b></a>`, `<?xml version="1.0"?><n:a><!-- b --></n:a>`} {
		f.Add([]byte(line))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		if bytes.Contains(line, []byte(cdata)) || bytes.Contains(line, []byte("<!D")) || bytes.ContainsAny(line, "\r\ufeff") {
			return // what is told of their text is another thing
		}
		want, ok := decode(line)
		if !ok {
			return
		}
		var got strings.Builder
		it := Scan(line)
		for it.Next() {
			fmt.Fprintf(&got, "[%d %s|%q]", it.Depth(), it.Name(), AppendUnescaped(nil, it.Text()))
		}
		if it.open >= MaxDepth || errors.Is(it.Err(), ErrDepth) {
			return
		}
		require.NoError(t, it.Err(), "%q", line)
		assert.Equal(t, want, got.String(), "%q", line)
	})
}

// decode is false for what is not one element by encoding/xml.
func decode(line []byte) (string, bool) {
	var b strings.Builder
	d := xml.NewDecoder(bytes.NewReader(line))
	depth, roots, text := 0, 0, false
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return b.String(), roots == 1
		}
		if err != nil {
			return "", false
		}
		said := ""
		switch e := token.(type) {
		case xml.StartElement:
			if depth++; depth == 1 {
				roots++
			}
			if text {
				b.WriteString(`""]`)
			}
			fmt.Fprintf(&b, "[%d %s|", depth, e.Name.Local)
			text = true
			continue
		case xml.EndElement:
			depth--
		case xml.CharData:
			if depth == 0 && len(bytes.TrimSpace(e)) > 0 {
				return "", false
			}
			said = string(e)
		case xml.Directive:
			return "", false
		}
		if text {
			fmt.Fprintf(&b, "%q]", said)
			text = false
		}
	}
}

func FuzzScan(f *testing.F) {
	for _, line := range []string{eventLine, auditLine, `<a><![CDATA[1`, `<a x='`, `<a><b></a></b>`, `<!DOCTYPE a [<`} {
		f.Add([]byte(line))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		before := string(line)
		last := 0
		it := Scan(line)
		for it.Next() {
			if it.n0 <= last || it.n1 <= it.n0 || it.a0 < it.n1 || it.t0 < it.a1 || it.t1 < it.t0 || it.t1 > len(line) || it.Depth() < 1 {
				t.Fatalf("name %d:%d, attributes %d:%d, text %d:%d after %d", it.n0, it.n1, it.a0, it.a1, it.t0, it.t1, last)
			}
			last = it.t1 - 1
			if cap(it.Text()) != len(it.Text()) || cap(it.Name()) != len(it.Name()) || cap(it.Attr("x")) != len(it.Attr("x")) {
				t.Fatal("an append would write into the line")
			}
			if got := AppendUnescaped(nil, it.Text()); len(got) > len(it.Text()) || !it.literal && !it.Escaped() && !bytes.Equal(got, it.Text()) {
				t.Fatalf("%q became %q", it.Text(), got)
			}
		}
		if it.Next() {
			t.Fatal("an element after the last")
		}
		var e *Error
		if err := it.Err(); err != nil && (!errors.As(err, &e) || e.Pos < 0 || e.Pos > len(line)) {
			t.Fatalf("bad error %v", err)
		}
		if string(line) != before {
			t.Fatal("the line was changed")
		}
	})
}

func BenchmarkScan(b *testing.B) {
	for name, line := range map[string]string{"event": eventLine, "audit": auditLine} {
		b.Run(name, func(b *testing.B) {
			data := []byte(line)
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				for it := Scan(data); it.Next(); {
					n += len(it.Text())
				}
			}
		})
	}
}
