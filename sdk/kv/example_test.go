package kv_test

import (
	"fmt"
	"testing"

	"github.com/logcenter/logcenter/sdk/kv"
)

func Example() {
	firewall := kv.Scanner{Pair: ';', Sep: '=', FreeText: true}
	line := []byte("Session closed srcip(source)=10.1.2.3;srcport=51514;action=permit;user=张三;")

	it := firewall.Scan(line)
	for it.Next() {
		switch string(it.Key()) {
		case "srcip(source)":
			fmt.Printf("from %s after %q\n", it.Value(), it.Text())
		case "user":
			fmt.Printf("user %s\n", it.Value())
		}
	}
	fmt.Println(it.Err())
	// Output:
	// from 10.1.2.3 after "Session closed"
	// user 张三
	// <nil>
}

func ExampleParse() {
	f, err := kv.Parse([]byte(`srcip=10.1.2.3 user="Li Si" action="deny`))
	fmt.Printf("%s, %s, %s\n", f.Get("srcip"), f.Get("user"), f.Get("action"))
	fmt.Println(err)
	// Output:
	// 10.1.2.3, Li Si, deny
	// kv: byte 35: the quote opened here is never closed
}

func ExampleAppendUnquoted() {
	buf := make([]byte, 0, 64)
	buf = kv.AppendUnquoted(buf, []byte(`"say \"hi\""`))
	fmt.Printf("%s\n", buf)
	// Output: say "hi"
}

// From another package too, the cursor must stay on the stack.
func TestCursorStaysOnTheStack(t *testing.T) {
	scanners := []kv.Scanner{{Pair: ';', Quotes: `"'`, Brackets: true}, {Sep: ':', Escape: '\\'}, {Pair: ';', FreeText: true}}
	line := []byte("closed a=1;b='2;3';c=(4;5) d:6")
	n := 0
	allocs := testing.AllocsPerRun(100, func() {
		for i := range scanners {
			for it := scanners[i].Scan(line); it.Next(); {
				switch string(it.Key()) {
				case "b", "d":
					n++
				}
			}
		}
	})
	if allocs != 0 || n == 0 {
		t.Errorf("%v allocations, %d keys found", allocs, n)
	}
}
