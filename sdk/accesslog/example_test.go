package accesslog_test

import (
	"fmt"

	"github.com/logcenter/logcenter/sdk/accesslog"
)

func Example() {
	e, err := accesslog.Parse([]byte(`192.0.2.17 - li [11/Oct/2026:12:00:01 +0800] "GET /a?b=1 HTTP/1.1" 200 512 "-" "curl/8.14.1" 0.187`))
	fmt.Printf("%s of %s asked for %s: %d, %d bytes\n", e.User, e.Client, e.URL, e.Status, e.Size)
	took, _, _ := accesslog.Next(e.Extra)
	fmt.Printf("%s seconds, %v\n", took, err)
	// Output:
	// li of 192.0.2.17 asked for /a?b=1: 200, 512 bytes
	// 0.187 seconds, <nil>
}
