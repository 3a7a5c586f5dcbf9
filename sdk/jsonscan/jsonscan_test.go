package jsonscan

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	eveLine = `{"timestamp":"2026-11-21T08:56:23.123456+0800","flow_id":1832457832,"in_iface":"eth0","event_type":"alert",` +
		`"src_ip":"10.1.2.3","src_port":51514,"dest_ip":"192.0.2.8","dest_port":80,"proto":"TCP","alert":{"action":"blocked",` +
		`"gid":1,"signature_id":2019401,"rev":3,"signature":"ET WEB_SERVER SQL Injection \"union select\"","category":"Web Application Attack",` +
		`"severity":1,"metadata":{"attack_target":["Web_Server"],"created_at":["2014_10_09"]}},"http":{"hostname":"shop.example",` +
		`"url":"\/item?id=1","http_user_agent":"Mozilla\/5.0 (Windows NT 10.0; Win64; x64)","http_method":"GET","status":403,"length":512},` +
		`"app_proto":"http","flow":{"pkts_toserver":4,"pkts_toclient":3,"bytes_toserver":612,"bytes_toclient":842}}`
	flatLine = `{"time":"2026-11-21 08:56:23","level":"warn","user":"张三","ip":"10.1.2.3","ok":false,"took":12.5,"tags":["a","b"],"msg":"login failed"}`
)

// show writes the values of a line as path=value, strings in quotes, #index behind the path, and the fault.
func show(it *Iter) string {
	var b strings.Builder
	for it.Next() {
		b.WriteString(string(it.Path()))
		if it.Index() >= 0 {
			fmt.Fprintf(&b, "#%d", it.Index())
		}
		switch it.Kind() {
		case String:
			fmt.Fprintf(&b, "=%q ", it.AppendValue(nil))
		case Bare:
			fmt.Fprintf(&b, "=<%s> ", it.Value())
		default:
			fmt.Fprintf(&b, "=%s ", it.Value())
		}
	}
	if err := it.Err(); err != nil {
		b.WriteString("! " + err.Error())
	}
	return strings.TrimSuffix(b.String(), " ")
}

func TestScan(t *testing.T) {
	f := func(line, want string) {
		t.Helper()
		assert.Equal(t, want, show(Scan([]byte(line))), "line %s", line)
	}
	f(`{}`, "")
	f(` [ ] `, "")
	f(`{"a":1,"b":"x","c":true,"d":false,"e":null,"f":-1.5e+3}`, `a=1 b="x" c=true d=false e=null f=-1.5e+3`)
	f("{ \"a\" : 1 ,\t\"b\" : [ ] , \"c\" : { } }\r\n", "a=1")
	f(`{"a":{"b":{"c":1},"d":2},"e":3}`, "a.b.c=1 a.d=2 e=3")
	f(`{"a":[1,"x",[2,3],{"b":4,"c":[5]},{"b":6}],"d":7}`, `a#0=1 a#1="x" a#0=2 a#1=3 a.b#3=4 a.c#0=5 a.b#4=6 d=7`)
	f(`[1,{"a":2},[3]]`, "#0=1 a#1=2 #0=3")
	f(`{"a.b":1,"":2,"c":{"":3}}`, "a.b=1 =2 c.=3")
	f(`{"a":"","b":""}`, `a="" b=""`)

	// Escapes.
	f(`{"a":"q \"x\" \\ \/ \b\f\n\r\t \u5f20\u4e09 \ud83d\ude00"}`, `a="q \"x\" \\ / \b\f\n\r\t 张三 😀"`)
	f(`{"a\"b":1,"\u5f20":{"c\n":2}}`, "a\"b=1 张.c\n=2")
	f(`{"a":"\ud800","b":"\ude00x","c":"\ud800\u0041"}`, `a="�" b="�x" c="�A"`)
	f(`{"a":"x\qy\u12"}`, `a="x\\qy\\u12" ! jsonscan: byte 7: one of \" \\ \/ \b \f \n \r \t and \u with four hexadecimal digits is expected`)
	f("{\"a\":\"x\ty\"}", `a="x\ty" ! jsonscan: byte 7: control characters must be escaped, as in \n`)

	// Cut lines.
	f("", "! jsonscan: byte 0: { or [ is expected")
	f("  x", "! jsonscan: byte 2: { or [ is expected")
	f(`"a"`, "! jsonscan: byte 0: { or [ is expected")
	f(`{"a":1,"b":"hel`, `a=1 b="hel" ! jsonscan: byte 11: the string opened here is never closed`)
	f(`{"a":1,"b":{"c":2`, "a=1 b.c=2 ! jsonscan: byte 17: the line ends here, before its last bracket is closed")
	f(`{"a":1,`, "a=1 ! jsonscan: byte 7: the line ends here, before its last bracket is closed")
	f(`{"a":1,"b"`, "a=1 ! jsonscan: byte 10: a colon is expected behind the key")
	f(`{"a":1,"b":`, "a=1 ! jsonscan: byte 11: the line ends here, before its last bracket is closed")
	f(`{"a":1,"b`, "a=1 ! jsonscan: byte 7: the string opened here is never closed")
	f(`{`, "! jsonscan: byte 1: the line ends here, before its last bracket is closed")

	// What some programs write.
	f(`{"a":1,}`, "a=1 ! jsonscan: byte 7: "+ErrValue.Error())
	f(`{"a":1 "b":2}`, "a=1 b=2 ! jsonscan: byte 7: a comma or the closing bracket is expected")
	f(`{"a":NaN,"b":10.1.2.3,"c":01,"d":1.,"e":.5,"f":1e,"g":-}`,
		"a=<NaN> b=<10.1.2.3> c=<01> d=<1.> e=<.5> f=<1e> g=<-> ! jsonscan: byte 5: "+ErrValue.Error())
	f(`{"a":,"b":2}`, "b=2 ! jsonscan: byte 5: "+ErrValue.Error())
	f(`[1,,2,]`, "#0=1 #2=2 ! jsonscan: byte 3: "+ErrValue.Error())
	f(`{,"a":1}`, "a=1 ! jsonscan: byte 1: "+ErrValue.Error())
	f(`{a:1}`, "! jsonscan: byte 1: a key in double quotes is expected")
	f(`{"a":1,'b':2}`, "a=1 ! jsonscan: byte 7: a key in double quotes is expected")
	f(`{"a" 1}`, "! jsonscan: byte 5: a colon is expected behind the key")
	f(`{"a":[1}`, "a#0=1 ! jsonscan: byte 7: a comma or the closing bracket is expected")
	f(`{"a":1} {"b":2}`, "a=1 ! jsonscan: byte 8: nothing is expected behind the last bracket")
	f(`{"a":nul,"b":trues,"c":fals}`, "a=<nul> b=<trues> c=<fals> ! jsonscan: byte 5: "+ErrValue.Error())

	// Limits.
	long := strings.Repeat("k", MaxPath)
	f(`{"`+long+`":1}`, long+"=1") // it need not be put together
	f(`{"a":{"`+long+`":1,"`+long+`":{"x":1},"b":2},"`+long+`":{"c":3},"`+long+`":[4],"d":5}`,
		"a.b=2 d=5 ! jsonscan: byte 7: a path of more than 256 bytes, left out")
	deep := strings.Repeat(`{"a":`, MaxDepth)
	f(deep+`[{"b":"]}"}]`+strings.Repeat("}", MaxDepth), strings.Repeat("a.", MaxDepth-1)+`a=[{"b":"]}"}]`)
}

func TestDepth(t *testing.T) {
	f := func(depth int, line, want string) {
		t.Helper()
		s := Scanner{Depth: depth}
		assert.Equal(t, want, show(s.Scan([]byte(line))))
	}
	const line = `{"a":{"b":{"c":"}"},"d":[1,[2]]},"e":[3]}`
	f(1, line, `a={"b":{"c":"}"},"d":[1,[2]]} e=[3]`)
	f(2, line, `a.b={"c":"}"} a.d=[1,[2]] e#0=3`)
	f(3, line, `a.b.c="}" a.d#0=1 a.d#1=[2] e#0=3`)
	f(0, line, `a.b.c="}" a.d#0=1 a.d#0=2 e#0=3`)
	f(99, line, `a.b.c="}" a.d#0=1 a.d#0=2 e#0=3`)
	f(1, `{"a":{"b":[1`, `a={"b":[1 ! jsonscan: byte 12: the line ends here, before its last bracket is closed`)
}

func TestAccessors(t *testing.T) {
	it := Scan([]byte(`{"a":{"b":"x\n"}}`))
	assert.Equal(t, -1, it.Index())
	assert.Equal(t, None, it.Kind())
	require.True(t, it.Next())
	assert.True(t, it.Escaped())
	assert.Equal(t, `x\n`, string(it.Value()))
	assert.Equal(t, 11, it.Pos())
	require.False(t, it.Next())
	assert.Equal(t, None, it.Kind())
	assert.Empty(t, it.Path())
	assert.Empty(t, it.Value())
	assert.False(t, it.Next())
	require.NoError(t, it.Err())
	assert.Equal(t, "bare", Bare.String())
	assert.Equal(t, "Kind(9)", Kind(9).String())
}

func TestHostile(t *testing.T) {
	for _, piece := range []string{`{"a":`, `[`, `"`, `\`, `,`, `{"a":1,`, `[1,`, ` `, `{`, `}`, `:`, `{"a`, "\x00", `{"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa":`, `[[],`, `\u`} {
		for _, head := range []string{"", `{"a":"`, `{"a":[`, `{"x":{"y":`} {
			line := append([]byte(head), bytes.Repeat([]byte(piece), 1<<20/len(piece))...)
			n := 0
			for it := Scan(line); it.Next(); n++ {
			}
			require.LessOrEqual(t, n, len(line))
		}
	}
}

func TestNoAllocation(t *testing.T) {
	buf := make([]byte, 0, 256)
	s := Scanner{Depth: 2}
	for _, line := range []string{eveLine, flatLine, `{"a":{"\n":1`, `{"a":x}`, "nothing"} {
		data := []byte(line)
		assert.Zero(t, testing.AllocsPerRun(100, func() {
			for it := Scan(data); it.Next(); {
				buf = append(it.AppendValue(buf[:0]), it.Path()...)
			}
			it := s.Scan(data)
			for it.Next() {
			}
			_ = it.Err()
		}), line)
	}
}

// tree is what package json makes of a value, in the form of show. The keys of an object have that prefix.
func tree(b *strings.Builder, d *json.Decoder, path, prefix string, index int) error {
	tok, err := d.Token()
	if err != nil {
		return err
	}
	at := path
	if index >= 0 {
		at = fmt.Sprintf("%s#%d", path, index)
	}
	switch v := tok.(type) {
	case json.Delim:
		for i := 0; d.More() && err == nil; i++ {
			if v == '[' {
				err = tree(b, d, path, prefix, i)
				continue
			}
			key, _ := d.Token()
			sub := prefix + fmt.Sprint(key)
			err = tree(b, d, sub, sub+".", index)
		}
		if err == nil {
			_, err = d.Token()
		}
	case string:
		fmt.Fprintf(b, "%s=%q ", at, v)
	case nil:
		fmt.Fprintf(b, "%s=null ", at)
	default:
		fmt.Fprintf(b, "%s=%v ", at, v)
	}
	return err
}

func FuzzLikeEncodingJSON(f *testing.F) {
	for _, line := range []string{eveLine, flatLine, `[1,[{"a":[]}]]`, `{"a":"\ud800x"}`, `{"a":01}`, `{"a":1,}`} {
		f.Add([]byte(line))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		line = bytes.ToValidUTF8(line, []byte("?"))
		first := bytes.TrimLeft(line, " \t\r\n")
		if len(first) == 0 || first[0] != '{' && first[0] != '[' {
			return
		}
		it := Scan(line)
		got := show(it)
		if bytes.Count(line, []byte("{"))+bytes.Count(line, []byte("[")) > MaxDepth || errors.Is(it.Err(), ErrPath) {
			return
		}
		if valid := json.Valid(line); valid != (it.Err() == nil) {
			t.Fatalf("valid is %v, error %v, line %s", valid, it.Err(), line)
		}
		if it.Err() != nil || bytes.Contains(line, []byte(`"":`)) {
			return // of keys without a name each has its own idea
		}
		d := json.NewDecoder(bytes.NewReader(line))
		d.UseNumber()
		var b strings.Builder
		require.NoError(t, tree(&b, d, "", "", -1))
		assert.Equal(t, strings.TrimSuffix(b.String(), " "), got)
	})
}

func FuzzScan(f *testing.F) {
	for _, line := range []string{eveLine, flatLine, `{"a":[1`, `{"a":{"b":"\n`, `[,,,]`} {
		f.Add([]byte(line), 0)
		f.Add([]byte(line), 1)
	}
	f.Fuzz(func(t *testing.T, line []byte, depth int) {
		before := string(line)
		s := Scanner{Depth: depth}
		last := 0
		it := s.Scan(line)
		for it.Next() {
			if it.v0 < last || it.v1 < it.v0 || it.v1 > len(line) || it.Kind() == None {
				t.Fatalf("%s at %d:%d after %d", it.Kind(), it.v0, it.v1, last)
			}
			last = it.v1
			if cap(it.Value()) != len(it.Value()) || cap(it.Path()) != len(it.Path()) {
				t.Fatal("an append would write into the line")
			}
			if got := it.AppendValue(nil); len(got) > len(it.Value()) || !it.Escaped() && !bytes.Equal(got, it.Value()) {
				t.Fatalf("%q became %q", it.Value(), got)
			}
		}
		if it.Next() {
			t.Fatal("a value after the last")
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

func bench(b *testing.B, line string) {
	data := []byte(line)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		it := Scan(data)
		for it.Next() {
			n += len(it.Path()) + len(it.Value())
		}
		if it.Err() != nil {
			b.Fatal(it.Err())
		}
	}
	if n == 0 {
		b.Fatal("no values")
	}
}

func BenchmarkNested(b *testing.B) { bench(b, eveLine) }
func BenchmarkFlat(b *testing.B)   { bench(b, flatLine) }

func BenchmarkSwitch(b *testing.B) {
	data := []byte(eveLine)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		for it := Scan(data); it.Next(); {
			switch string(it.Path()) {
			case "src_ip", "dest_ip":
				n += len(it.Value())
			case "src_port", "dest_port", "proto":
				n++
			case "alert.signature", "alert.category":
				n += 2
			case "http.hostname", "http.url":
				n += 3
			}
		}
	}
	if n == 0 {
		b.Fatal("no values")
	}
}

// What package json takes to make a map of the same.
func BenchmarkEncodingJSON(b *testing.B) {
	data := []byte(eveLine)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		var m map[string]any
		if err := json.Unmarshal(data, &m); err != nil {
			b.Fatal(err)
		}
	}
}
