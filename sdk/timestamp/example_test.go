package timestamp_test

import (
	"fmt"
	"time"

	"github.com/logcenter/logcenter/sdk/timestamp"
)

func Example() {
	layout := timestamp.MustCompile("2006-01-02 15:04:05")
	beijing := time.FixedZone("CST", 8*3600)

	ns, ok := layout.Parse([]byte("2026-10-11 12:00:01,250"), beijing)
	fmt.Println(time.Unix(0, ns).UTC(), ok)
	fmt.Printf("%s\n", timestamp.Append(nil, ns, beijing))
	// Output:
	// 2026-10-11 04:00:01.25 +0000 UTC true
	// 2026-10-11 12:00:01
}

func ExampleLayout_ParseAt() {
	layout := timestamp.MustCompile(time.Stamp) // Jan _2 15:04:05
	received := time.Date(2027, 1, 1, 0, 0, 3, 0, time.UTC)

	ns, ok := layout.ParseAt([]byte("Dec 31 23:59:58"), time.UTC, received)
	fmt.Println(time.Unix(0, ns).UTC(), ok)
	// Output: 2026-12-31 23:59:58 +0000 UTC true
}

func ExampleDetect() {
	line := []byte("11/Oct/2026:12:00:01 +0800] \"GET / HTTP/1.1\"")
	layout, n, _ := timestamp.Detect(line)
	fmt.Printf("%s: %s\n", layout, line[:n])
	// Output: 02/Jan/2006:15:04:05 -0700: 11/Oct/2026:12:00:01 +0800
}
