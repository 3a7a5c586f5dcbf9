package accesslog_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/logcenter/logcenter/sdk/accesslog"
)

// show writes the parts of an entry that are there, then the error.
func show(line string) string {
	e, err := accesslog.Parse([]byte(line))
	var b strings.Builder
	for _, p := range []struct {
		name  string
		value []byte
	}{
		{"host", e.Host},
		{"port", e.Port},
		{"client", e.Client},
		{"ident", e.Identity},
		{"user", e.User},
		{"time", e.Time},
		{"method", e.Method},
		{"url", e.URL},
		{"version", e.Version},
		{"request", e.Request},
		{"referrer", e.Referrer},
		{"agent", e.Agent},
		{"extra", e.Extra},
	} {
		if len(p.value) > 0 {
			fmt.Fprintf(&b, "%s=%s|", p.name, p.value)
		}
	}
	fmt.Fprintf(&b, "%d|%d", e.Status, e.Size)
	if err != nil {
		b.WriteString(" ! " + err.Error())
	}
	return b.String()
}

func TestParse(t *testing.T) {
	f := func(line, want string) {
		t.Helper()
		assert.Equal(t, want, show(line), line)
	}
	const when, at = "[11/Oct/2026:12:00:01 +0800]", "time=11/Oct/2026:12:00:01 +0800|"

	f(`192.0.2.17 - - `+when+` "GET /a?b=1 HTTP/1.1" 200 512`, "client=192.0.2.17|"+at+"method=GET|url=/a?b=1|version=1.1|200|512")
	f(`192.0.2.17 - li `+when+` "GET / HTTP/2.0" 304 - "https://www.bank.example/" "curl/8"`,
		"client=192.0.2.17|user=li|"+at+"method=GET|url=/|version=2.0|referrer=https://www.bank.example/|agent=curl/8|304|-1")
	f(`192.0.2.17 - - `+when+` "GET / HTTP/1.1" 200 5 "-" "-" "10.2.0.9" 0.5`, "client=192.0.2.17|"+at+`method=GET|url=/|version=1.1|extra="10.2.0.9" 0.5|200|5`)
	f(`192.0.2.17 - - `+when+` "GET / HTTP/1.1" 200 5 17`, "client=192.0.2.17|"+at+`method=GET|url=/|version=1.1|extra=17|200|5`)
	f(`192.0.2.17 - - `+when+` "GET / HTTP/1.1" 200 5 "a \"b\" \\" "c"`, "client=192.0.2.17|"+at+`method=GET|url=/|version=1.1|referrer=a \"b\" \\|agent=c|200|5`)

	// Who asked.
	f(`2001:db8::4f - wang fang `+when+` "-" 408 -`, "client=2001:db8::4f|user=wang fang|"+at+"408|-1")
	f(`branch.example wang "" `+when+` "" 400 0`, "client=branch.example|ident=wang|"+at+"400|0")
	f(`[2001:db8::4f] - - `+when+` "" 400 0`, "client=[2001:db8::4f]|"+at+"400|0")
	f(`unix: - - `+when+` "" 400 0`, "client=unix:|"+at+"400|0")
	f(`www.bank.example:443 192.0.2.1 - - `+when+` "" 400 0`, "host=www.bank.example|port=443|client=192.0.2.1|"+at+"400|0")
	f(`www.bank.example:443 branch.example - - `+when+` "" 400 0`, "host=www.bank.example|port=443|client=branch.example|"+at+"400|0")
	f(`www.bank.example ::1 - - `+when+` "" 400 0`, "host=www.bank.example|client=::1|"+at+"400|0")
	f(`192.0.2.1 - a [b] `+when+` "" 400 0`, "client=192.0.2.1|user=a|time=b|0|-1 ! "+accesslog.ErrRequest.Error())

	// What was asked for.
	f(`1.2.3.4 - - `+when+` "GET /a b c HTTP/1.1" 400 0`, "client=1.2.3.4|"+at+"method=GET|url=/a b c|version=1.1|400|0")
	f(`1.2.3.4 - - `+when+` "GET /a HTTP/1 1" 400 0`, "client=1.2.3.4|"+at+"method=GET|url=/a HTTP/1 1|400|0")
	f(`1.2.3.4 - - `+when+` "GET /a HTTP/3" 200 0`, "client=1.2.3.4|"+at+"method=GET|url=/a|version=3|200|0")
	f(`1.2.3.4 - - `+when+` "GET /a" 200 0`, "client=1.2.3.4|"+at+"method=GET|url=/a|200|0")
	f(`1.2.3.4 - - `+when+` "OPTIONS * HTTP/1.0" 200 0`, "client=1.2.3.4|"+at+"method=OPTIONS|url=*|version=1.0|200|0")
	f(`1.2.3.4 - - `+when+` "\x16\x03\x01" 400 0`, "client=1.2.3.4|"+at+`request=\x16\x03\x01|400|0`)
	f(`1.2.3.4 - - `+when+` "get / HTTP/1.0" 400 0`, "client=1.2.3.4|"+at+"request=get / HTTP/1.0|400|0")

	// What a site has added in the middle.
	f(`1.2.3.4 - - `+when+` "-" "GET /a HTTP/1.1" 200 5 0 "r" "a"`, "client=1.2.3.4|"+at+"method=GET|url=/a|version=1.1|referrer=r|agent=a|200|5")
	f(`1.2.3.4 - - `+when+` "-" "GET /a`, "client=1.2.3.4|"+at+"method=GET|url=/a|0|-1 ! "+accesslog.ErrRequest.Error())

	// Faults: what is in front of them is there.
	f("", "0|-1 ! "+accesslog.ErrTime.Error())
	f("hello", "0|-1 ! "+accesslog.ErrTime.Error())
	f("1.2.3.4 - - [11/Oct", "client=1.2.3.4|0|-1 ! "+accesslog.ErrTime.Error())
	f(`1.2.3.4 - - [] "`, "client=1.2.3.4|0|-1 ! "+accesslog.ErrTime.Error())
	f(`1.2.3.4 - - `+when, "client=1.2.3.4|"+at+"0|-1 ! "+accesslog.ErrRequest.Error())
	f(`1.2.3.4 - - `+when+` "GET / HT`, "client=1.2.3.4|"+at+"method=GET|url=/ HT|0|-1 ! "+accesslog.ErrRequest.Error())
	f(`1.2.3.4 - - `+when+` "GET / HTTP/1.1" 99 5`, "client=1.2.3.4|"+at+"method=GET|url=/|version=1.1|0|-1 ! "+accesslog.ErrStatus.Error())
	f(`1.2.3.4 - - `+when+` "GET / HTTP/1.1" 2x0 5`, "client=1.2.3.4|"+at+"method=GET|url=/|version=1.1|0|-1 ! "+accesslog.ErrStatus.Error())
	f(`1.2.3.4 - - `+when+` "GET / HTTP/1.1" 200 many`, "client=1.2.3.4|"+at+"method=GET|url=/|version=1.1|200|-1 ! "+accesslog.ErrSize.Error())
	f(`1.2.3.4 - - `+when+` "GET / HTTP/1.1" 200`, "client=1.2.3.4|"+at+"method=GET|url=/|version=1.1|200|-1 ! "+accesslog.ErrSize.Error())
	f(`1.2.3.4 - - `+when+` "GET / HTTP/1.1" 200 5 "-" "Moz`, "client=1.2.3.4|"+at+"method=GET|url=/|version=1.1|agent=Moz|200|5 ! "+accesslog.ErrTail.Error())
}

func TestNext(t *testing.T) {
	f := func(text, v, rest string, closed bool) {
		t.Helper()
		gotV, gotRest, gotClosed := accesslog.Next([]byte(text))
		assert.Equal(t, []any{v, rest, closed}, []any{string(gotV), string(gotRest), gotClosed}, text)
	}
	f("", "", "", true)
	f("- 1", "", "1", true)
	f(`"10.0.0.1, 10.0.0.2" 5`, "10.0.0.1, 10.0.0.2", "5", true)
	f(`"a\"b"`, `a\"b`, "", true)
	f(`"a`, "a", "", false)
	f("12 x", "12", "x", true)
}

func TestNoAllocation(t *testing.T) {
	line := []byte(`www.bank.example:443 192.0.2.1 - li [11/Oct/2026:12:00:01 +0800] "GET /a HTTP/1.1" 200 5 "-" "curl/8" 12`)
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		if e, err := accesslog.Parse(line); err != nil || e.Status != 200 {
			t.Error(err)
		}
	}))
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`www.bank.example:443 192.0.2.1 - li [11/Oct/2026:12:00:01 +0800] "GET /a HTTP/1.1" 200 5 "-" "curl/8" 12`))
	f.Add([]byte(`1.2.3.4 - - [11/Oct/2026:12:00:01 +0800] "\"" 200 - "\\" "`))
	known := []error{nil, accesslog.ErrTime, accesslog.ErrRequest, accesslog.ErrStatus, accesslog.ErrSize, accesslog.ErrTail}
	f.Fuzz(func(t *testing.T, line []byte) {
		e, err := accesslog.Parse(line)
		at := 0 // parts stand in the order of the line
		for _, v := range [][]byte{e.Host, e.Port, e.Client, e.Identity, e.User, e.Time, e.Method, e.URL, e.Version, e.Referrer, e.Agent, e.Extra} {
			if len(v) == 0 {
				continue
			}
			i := strings.Index(string(line[at:]), string(v))
			if i < 0 {
				t.Fatalf("%q is not in %q from %d on", v, line, at)
			}
			at += i
		}
		if e.Status != 0 && (e.Status < 100 || e.Status > 999) || e.Size < -1 || e.Method != nil && e.Request != nil {
			t.Fatalf("%+v", e)
		}
		for _, k := range known {
			if errors.Is(err, k) {
				return
			}
		}
		t.Fatal(err)
	})
}

func BenchmarkParse(b *testing.B) {
	line := []byte(`www1.bank.example:443 192.0.2.143 - zhang.wei [11/Oct/2026:12:00:02 +0800] "HEAD /api/v1/accounts?page=2&size=20 HTTP/1.1" 200 19123 "-" ` +
		`"Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 BankApp/6.2.1" 64957`)
	b.SetBytes(int64(len(line)))
	for b.Loop() {
		if _, err := accesslog.Parse(line); err != nil {
			b.Fatal(err)
		}
	}
}
