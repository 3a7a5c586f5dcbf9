package jsonscan_test

import (
	"fmt"
	"testing"

	"github.com/logcenter/logcenter/sdk/jsonscan"
)

func Example() {
	line := []byte(`{"src_ip":"10.1.2.3","alert":{"signature":"SQL \"union select\"","severity":1},"tags":["web","dmz"]}`)
	buf := make([]byte, 0, 64)
	it := jsonscan.Scan(line)
	for it.Next() {
		switch string(it.Path()) {
		case "src_ip":
			fmt.Printf("from %s\n", it.Value())
		case "alert.signature":
			fmt.Printf("%s\n", it.AppendValue(buf)) // escapes are resolved into a buffer
		case "tags":
			fmt.Printf("tag %d is %s\n", it.Index(), it.Value())
		}
	}
	fmt.Println(it.Err())
	// Output:
	// from 10.1.2.3
	// SQL "union select"
	// tag 0 is web
	// tag 1 is dmz
	// <nil>
}

// A line that was cut on its way says all that arrived.
func ExampleIter_Err() {
	it := jsonscan.Scan([]byte(`{"user":"li.si","action":"login fai`))
	for it.Next() {
		fmt.Printf("%s is %s\n", it.Path(), it.Value())
	}
	fmt.Println(it.Err())
	// Output:
	// user is li.si
	// action is login fai
	// jsonscan: byte 25: the string opened here is never closed
}

func ExampleScanner() {
	top := jsonscan.Scanner{Depth: 1}
	for it := top.Scan([]byte(`{"user":"li.si","detail":{"a":[1,2]}}`)); it.Next(); {
		fmt.Printf("%s: %s %s\n", it.Path(), it.Kind(), it.Value())
	}
	// Output:
	// user: string li.si
	// detail: object {"a":[1,2]}
}

// From another package too, the cursor must stay on the stack.
func TestCursorStaysOnTheStack(t *testing.T) {
	line := []byte(`{"a":{"b":[1,2]},"c":"d"}`)
	n := 0
	allocs := testing.AllocsPerRun(100, func() {
		for it := jsonscan.Scan(line); it.Next(); {
			switch string(it.Path()) {
			case "a.b", "c":
				n++
			}
		}
	})
	if allocs != 0 || n == 0 {
		t.Errorf("%v allocations, %d values", allocs, n)
	}
}
