package delimited_test

import (
	"fmt"
	"testing"

	"github.com/logcenter/logcenter/sdk/delimited"
)

func Example() {
	ids := delimited.Scanner{Quotes: `"`}
	line := []byte(`2026-11-21 08:56:23,"SQL injection, ""union""",10.1.2.3`)

	buf := make([]byte, 0, 64)
	it := ids.Scan(line)
	for it.Next() {
		switch it.Index() {
		case 1:
			fmt.Printf("%s\n", it.AppendValue(buf)) // doubled quotes are resolved into a buffer
		case 2:
			fmt.Printf("from %s\n", it.Value())
		}
	}
	fmt.Println(it.Err())
	// Output:
	// SQL injection, "union"
	// from 10.1.2.3
	// <nil>
}

// The W3C extended log format of IIS: the plugin's config has the #Fields line of the site.
func ExampleScanner_ParseHeader() {
	iis := delimited.Scanner{Sep: ' ', Quotes: `"`, Empty: "-"}
	header, err := iis.ParseHeader([]byte("#Fields: date time cs-method cs-uri-stem cs-username c-ip sc-status"))
	if err != nil {
		fmt.Println(err)
		return
	}
	iis.Header = header

	row, err := iis.Parse([]byte("2026-11-21 08:56:23 GET /shop/item.aspx - 10.1.2.3 200"))
	fmt.Printf("%s %s %q %s %v\n", row.Get("cs-method"), row.Get("c-ip"), row.Get("cs-username"), row.Get("sc-status"), err)

	row, err = iis.Parse([]byte("2026-11-21 08:56:23 GET"))
	fmt.Printf("%s %v\n", row.Get("cs-method"), err)
	// Output:
	// GET 10.1.2.3 "" 200 <nil>
	// GET delimited: byte 23: fewer fields than the header has
}

// From another package too, the cursor must stay on the stack.
func TestCursorStaysOnTheStack(t *testing.T) {
	scanners := []delimited.Scanner{{Quotes: `"`}, {Sep: ' ', Merge: true}, {SepSeq: "||", Trim: true}}
	line := []byte(`a,"b,c" d||e f,g`)
	n := 0
	allocs := testing.AllocsPerRun(100, func() {
		for i := range scanners {
			for it := scanners[i].Scan(line); it.Next(); {
				n += len(it.Value())
			}
		}
	})
	if allocs != 0 || n == 0 {
		t.Errorf("%v allocations, %d bytes", allocs, n)
	}
}
