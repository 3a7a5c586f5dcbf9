package syslog_test

import (
	"fmt"
	"strings"
	"time"

	"github.com/logcenter/logcenter/sdk/syslog"
)

func Example() {
	line := []byte("<134>Oct 11 12:00:01 fw1 sshd[811]: Failed password for root")
	received := time.Date(2026, 10, 11, 12, 0, 2, 0, time.UTC)

	h, rest, err := syslog.Parse(line)
	ns, _ := h.Time(time.UTC, received)
	fmt.Println(h.Format, h.Facility(), h.Severity(), err)
	fmt.Println(time.Unix(0, ns).UTC())
	fmt.Printf("%s %s %s: %s\n", h.Hostname, h.AppName, h.ProcID, rest)
	// Output:
	// rfc3164 16 6 <nil>
	// 2026-10-11 12:00:01 +0000 UTC
	// fw1 sshd 811: Failed password for root
}

func ExampleHeader_Elements() {
	line := []byte(`<165>1 - host app - - [origin ip="192.0.2.1"][meta user="\"a\""] text`)
	h, _, _ := syslog.Parse(line)
	for e := h.Elements(); e.Next(); {
		for p := e.Params(); p.Next(); {
			fmt.Printf("%s.%s = %s\n", e.ID(), p.Name(), p.AppendValue(nil))
		}
	}
	// Output:
	// origin.ip = 192.0.2.1
	// meta.user = "a"
}

func ExampleFrameReader() {
	stream := strings.NewReader("<13>one\n8 <13>two\n<13>three is too long\n")
	frames := syslog.NewFrameReader(stream, 12)
	for {
		frame, truncated, err := frames.Next()
		if err != nil {
			fmt.Println(err, frames.Dropped(), "bytes dropped")
			return
		}
		fmt.Printf("%q %v\n", frame, truncated)
	}
	// Output:
	// "<13>one" false
	// "<13>two" false
	// "<13>three is" true
	// EOF 9 bytes dropped
}
