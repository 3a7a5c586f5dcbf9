package leef

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/sdk/kv"
)

const (
	line1 = "<13>Nov 21 08:56:23 ex1 LEEF:1.0|Microsoft|MSExchange|2016|15345|src=10.1.2.3\tdst=192.0.2.8\tsev=5\t" +
		"cat=anomaly\tsrcPort=81\tdstPort=21\tusrName=li.si\tdevTime=Nov 21 2026 08:56:23\tmsg=Login failed for user li.si"
	line2 = "LEEF:2.0|Lancope|StealthWatch|1.0|41|^|src=10.1.2.3^dst=192.0.2.8^sev=5^srcPort=81^dstPort=21^proto=TCP^" +
		"usrName=张三^devTime=1791691201512^msg=a=b & c|d^url=http://shop.example/item?id=1&sort=a"
)

func show(line string) string {
	e, err := Parse([]byte(line))
	var b strings.Builder
	fmt.Fprintf(&b, "%s/%d/%s/%s/%s/%s/%s/", e.Prefix, e.Version, e.Vendor, e.Product, e.DeviceVersion, e.EventID, e.Delimiter)
	for it := e.Scan(); it.Next(); {
		fmt.Fprintf(&b, "[%s|%s]", it.Key(), it.Value())
	}
	if err != nil {
		b.WriteString(" ! " + err.Error())
	}
	return b.String()
}

func TestParse(t *testing.T) {
	f := func(line, want string) {
		t.Helper()
		assert.Equal(t, want, show(line), "line %q", line)
	}
	f(line1, "<13>Nov 21 08:56:23 ex1 /1/Microsoft/MSExchange/2016/15345//[src|10.1.2.3][dst|192.0.2.8][sev|5][cat|anomaly]"+
		"[srcPort|81][dstPort|21][usrName|li.si][devTime|Nov 21 2026 08:56:23][msg|Login failed for user li.si]")
	f(line2, "/2/Lancope/StealthWatch/1.0/41/^/[src|10.1.2.3][dst|192.0.2.8][sev|5][srcPort|81][dstPort|21][proto|TCP]"+
		"[usrName|张三][devTime|1791691201512][msg|a=b & c|d][url|http://shop.example/item?id=1&sort=a]")
	f("LEEF:2.0|V|P|1|ID||a=1 2\tb=3", "/2/V/P/1/ID//[a|1 2][b|3]")
	f("LEEF:2.0|V|P|1|ID|x09|a=1\tb=3", "/2/V/P/1/ID/x09/[a|1][b|3]")
	f("LEEF:2.0|V|P|1|ID|0x5E|a=1^b=3", "/2/V/P/1/ID/0x5E/[a|1][b|3]")
	f("LEEF:2.0|V|P|1|ID|xa6|a=1¦b=3", "/2/V/P/1/ID/xa6/[a|1][b|3]")
	f("LEEF:2.0|V|P|1|ID|¦|a=1¦b=3", "/2/V/P/1/ID/¦/[a|1][b|3]")
	f("LEEF:2.0|V|P|1|ID|x|a=1xb=3", "/2/V/P/1/ID/x/[a|1][b|3]")
	f("LEEF:2.0|V|P|1|ID|a=1|2\tb=3", "/2/V/P/1/ID//[a|1|2][b|3]") // its delimiter is left out
	f("LEEF:2.0|V|P|1|ID|a=1\tb=3", "/2/V/P/1/ID//[a|1][b|3]")
	f("LEEF:2|V|P|1|ID|;|a=1;b=3", "/2/V/P/1/ID/;/[a|1][b|3]")
	f("LEEF:1.0|V|P|1|ID", "/1/V/P/1/ID//")
	f("LEEF:1.0|V|P|1|ID|", "/1/V/P/1/ID//")
	f("LEEF:2.0|V|P|1|ID|", "/2/V/P/1/ID//")
	f("LEEF: x LEEF:1.0|V|P|1|ID|a=1", "LEEF: x /1/V/P/1/ID//[a|1]")

	const bad = ": the delimiter of LEEF 2.0 is expected: one character, its number as x09 or 0x5E, or nothing"
	f("LEEF:2.0|V|P|1|ID|x0g|a=1\tb=3", "/2/V/P/1/ID/x0g/[a|1][b|3] ! leef: byte 18"+bad)
	f("LEEF:2.0|V|P|1|ID|0x0|a=1\tb=3", "/2/V/P/1/ID/0x0/[a|1][b|3] ! leef: byte 18"+bad)
	f("LEEF:2.0|V|P|1|ID|tab|a=1\tb=3", "/2/V/P/1/ID/tab/[a|1][b|3] ! leef: byte 18"+bad)
	f("LEEF:1.0|V|P|1", "/1/V/P/1/// ! leef: byte 14: the header ends here, before its five fields and the | behind each")
	f("LEEF:3.0|V", "/0////// ! leef: byte 0: LEEF:1.0| or LEEF:2.0| is expected")
	f("", "/0////// ! leef: byte 0: LEEF:1.0| or LEEF:2.0| is expected")
}

func TestFields(t *testing.T) {
	e, err := Parse([]byte(line2))
	require.NoError(t, err)
	f, err := e.Fields()
	require.NoError(t, err)
	assert.Equal(t, "张三", string(f.Get("usrName")))
	e, err = Parse([]byte("LEEF:1.0|V|P|1|ID|words"))
	require.NoError(t, err)
	_, err = e.Fields()
	require.ErrorIs(t, err, kv.ErrNoPairs)
}

func TestHostile(*testing.T) {
	for _, piece := range []string{"LEEF:", "LEEF:2", "|", "=", "\t", "a=", "\xa6"} {
		for _, head := range []string{"", "LEEF:2.0|V|P|1|ID|"} {
			e, _ := Parse(append([]byte(head), bytes.Repeat([]byte(piece), 1<<20/len(piece))...))
			for it := e.Scan(); it.Next(); {
			}
		}
	}
}

func TestNoAllocation(t *testing.T) {
	for _, line := range []string{line1, line2, "nothing", "LEEF:2.0|V|P|1|ID|0x5E|a=1^b=3", "LEEF:2.0|V|P|1|ID|tab|a=1"} {
		data := []byte(line)
		assert.Zero(t, testing.AllocsPerRun(100, func() {
			e, _ := Parse(data)
			n := 0
			for it := e.Scan(); it.Next(); n++ {
			}
			f, _ := e.Fields()
			if f.Len() != n {
				t.Error("another number of fields")
			}
		}), line)
	}
}

func FuzzParse(f *testing.F) {
	for _, line := range []string{line1, line2, "LEEF:2.0|V|P|1|ID|xa6|a=1¦b=3", "LEEF:2.0|V|P|1|ID|¦|a=1"} {
		f.Add([]byte(line))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		before := string(line)
		e, err := Parse(line)
		var fe *Error
		if err != nil && (!errors.As(err, &fe) || fe.Pos < 0 || fe.Pos > len(line)) {
			t.Fatalf("bad error %v", err)
		}
		if err == nil && e.Version < 2 { // by hand
			parts := strings.SplitN(strings.TrimPrefix(before, string(e.Prefix)), "|", 6)
			for i, got := range [][]byte{e.Vendor, e.Product, e.DeviceVersion, e.EventID, e.Attributes} {
				if i+1 < len(parts) && parts[i+1] != string(got) {
					t.Fatalf("field %d is %q, want %q", i, got, parts[i+1])
				}
			}
		}
		n := 0
		for it := e.Scan(); it.Next(); n++ {
			if len(it.Key()) == 0 || !bytes.Contains(e.Attributes, it.Value()) {
				t.Fatalf("pair %q=%q", it.Key(), it.Value())
			}
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
			n += len(it.Value())
		}
	}
	if n == 0 {
		b.Fatal("no attributes")
	}
}

func BenchmarkLEEF1(b *testing.B) { bench(b, line1) }
func BenchmarkLEEF2(b *testing.B) { bench(b, line2) }
