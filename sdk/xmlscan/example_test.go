package xmlscan_test

import (
	"fmt"
	"testing"

	"github.com/logcenter/logcenter/sdk/xmlscan"
)

func Example() {
	line := []byte(`<Event><System><Provider Name='A &amp; B'/><EventID>4625</EventID></System><EventData><Data Name='user'>li.si</Data></EventData></Event>`)
	it := xmlscan.Scan(line)
	for it.Next() {
		switch string(it.Name()) {
		case "Provider":
			fmt.Printf("by %s\n", xmlscan.AppendUnescaped(nil, it.Attr("Name")))
		case "EventID":
			fmt.Printf("event %s\n", it.Text())
		case "Data":
			fmt.Printf("%s is %s\n", it.Attr("Name"), it.Text())
		}
	}
	fmt.Println(it.Err())
	// Output:
	// by A & B
	// event 4625
	// user is li.si
	// <nil>
}

// A line that was cut on its way says all that arrived.
func ExampleIter_Err() {
	it := xmlscan.Scan([]byte(`<AuditRecord><DB_User>SCOTT</DB_User><Action>10`))
	for it.Next() {
		if it.Depth() > 1 {
			fmt.Printf("%s is %s\n", it.Name(), it.Text())
		}
	}
	fmt.Println(it.Err())
	// Output:
	// DB_User is SCOTT
	// Action is 10
	// xmlscan: byte 47: the line ends here, before its first element is closed
}

// From another package too, the cursor must stay on the stack.
func TestCursorStaysOnTheStack(t *testing.T) {
	line := []byte(`<a><b x="1">2</b></a>`)
	n := 0
	allocs := testing.AllocsPerRun(100, func() {
		for it := xmlscan.Scan(line); it.Next(); {
			n += len(it.Text()) + len(it.Attr("x"))
		}
	})
	if allocs != 0 || n == 0 {
		t.Errorf("%v allocations, %d bytes", allocs, n)
	}
}
