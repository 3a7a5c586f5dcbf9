package sdk_test

import (
	"maps"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/accesslog"
	"github.com/logcenter/logcenter/sdk/cef"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/jsonscan"
	"github.com/logcenter/logcenter/sdk/syslog"
	"github.com/logcenter/logcenter/sdk/timestamp"
	"github.com/logcenter/logcenter/sdk/wire"
)

// settable are the fields of these tests' manifest; url.full is not among them.
var settable = []ecs.Field{
	ecs.EventReason, ecs.EventSeverity, ecs.SourceIP, ecs.SourcePort, ecs.SourceMAC, ecs.URLOriginal, ecs.URLDomain, ecs.URLPath, ecs.URLQuery,
	ecs.UserName, ecs.UserDomain, ecs.Timestamp, ecs.LogLevel, ecs.HostName, ecs.ProcessName, ecs.ProcessPID, ecs.LogSyslogPriority,
	ecs.LogSyslogSeverityCode, ecs.EventDuration, ecs.NetworkTransport, ecs.NetworkProtocol, ecs.HTTPRequestMethod, ecs.HTTPVersion,
	ecs.HTTPResponseStatusCode, ecs.HTTPResponseBodyBytes, ecs.UserAgentOriginal, ecs.EventOutcome, ecs.SourceAddress,
	ecs.SourceBytes, ecs.TLSVersion,
	ecs.FileHashMD5, ecs.FileHashSHA1, ecs.FileHashSHA256,
}

// set is what a parser made of one line.
type set struct {
	values    map[string]string // by field name
	encodings map[string]wire.Encoding
	note      string
	counters  map[string]int64
}

func answer(t *testing.T, line string, do func(line []byte, ev *sdk.Event)) (got set) {
	t.Helper()
	s := sdk.ParserStage(func(struct{}) (sdk.Parser, error) {
		return parse(func(line []byte, ev *sdk.Event) error { do(line, ev); return nil }), nil
	})
	require.NoError(t, s.Open(&wire.OpenRequest{
		Reads: decls(ecs.Message, ecs.EventIngested), Writes: decls(settable...), MessageField: uint32(ecs.Message),
		Severity: map[string]string{"3": "Fatal", "h": "Debug", "high": "Error", "高": "Error"},
	}))
	b := batch(line)
	got = set{values: map[string]string{}, encodings: map[string]wire.Encoding{}}
	process(t, s, b, func(r *wire.Result) {
		for _, f := range settable {
			if c := r.Column(uint32(f)); c != nil {
				got.values[f.Name()] = values(r, b, f)[0]
				got.encodings[f.Name()] = c.Encoding
			}
		}
		if len(r.Errors) > 0 {
			got.note = r.Errors[0].Message
		}
		got.counters = maps.Clone(r.Counters)
	})
	return got
}

func TestSetDecoded(t *testing.T) {
	got := answer(t, `msg=a\=b`, func(l []byte, ev *sdk.Event) { ev.SetDecoded(ecs.EventReason, l[4:], cef.AppendUnescaped) })
	assert.Equal(t, "a=b", got.values["event.reason"])
	assert.Equal(t, wire.Encoding_PLAIN, got.encodings["event.reason"])

	got = answer(t, `msg=ab`, func(l []byte, ev *sdk.Event) { ev.SetDecoded(ecs.EventReason, l[4:], cef.AppendUnescaped) })
	assert.Equal(t, "ab", got.values["event.reason"])
	assert.Equal(t, wire.Encoding_SPAN, got.encodings["event.reason"], "nothing was decoded, so it is a part of the line")

	got = answer(t, `\u0037`, func(l []byte, ev *sdk.Event) { ev.SetDecoded(ecs.EventSeverity, l, jsonscan.AppendUnescaped) })
	assert.Equal(t, "7", got.values["event.severity"])

	got = answer(t, `x`, func(l []byte, ev *sdk.Event) { ev.SetDecoded(ecs.EventReason, l[:0], cef.AppendUnescaped) })
	assert.Empty(t, got.values)
}

func TestSetIPPort(t *testing.T) {
	f := func(line, ip, port string) {
		t.Helper()
		got := answer(t, line, func(l []byte, ev *sdk.Event) { ev.SetIPPort(ecs.SourceIP, ecs.SourcePort, l) })
		assert.Equal(t, ip, got.values["source.ip"], line)
		assert.Equal(t, port, got.values["source.port"], line)
	}
	f("10.1.2.3:443", "10.1.2.3", "443")
	f("[2001:db8::1]:443", "2001:db8::1", "443")
	f("10.1.2.3(443)", "10.1.2.3", "443")
	f("10.1.2.3", "10.1.2.3", "")
	f("[2001:db8::1]", "2001:db8::1", "")
	f("shop.example:443", "", "443") // the name is noted as no address
}

func TestSetMAC(t *testing.T) {
	got := answer(t, "0000.5e00.5323", func(l []byte, ev *sdk.Event) { ev.SetMAC(ecs.SourceMAC, l) })
	assert.Equal(t, "00-00-5E-00-53-23", got.values["source.mac"])
	assert.Equal(t, wire.Encoding_PLAIN, got.encodings["source.mac"])
	got = answer(t, "00-00-5E-00-53-23", func(l []byte, ev *sdk.Event) { ev.SetMAC(ecs.SourceMAC, l) })
	assert.Equal(t, "00-00-5E-00-53-23", got.values["source.mac"])
	assert.Equal(t, wire.Encoding_SPAN, got.encodings["source.mac"])
	got = answer(t, "00-00", func(l []byte, ev *sdk.Event) { ev.SetMAC(ecs.SourceMAC, l) })
	assert.Empty(t, got.values)
	assert.Contains(t, got.note, "source.mac: not a MAC address")
}

func TestSetURL(t *testing.T) {
	got := answer(t, "https://shop.example:8443/item?id=42#top", func(l []byte, ev *sdk.Event) { ev.SetURL(l) })
	assert.Equal(t, map[string]string{
		"url.original": "https://shop.example:8443/item?id=42#top", "url.domain": "shop.example", "url.path": "/item", "url.query": "id=42",
	}, got.values)
	assert.Equal(t, wire.Encoding_SPAN, got.encodings["url.domain"])
	assert.Zero(t, got.counters["undeclared_fields"], "url.full is not in the manifest, which is no mistake here")
	got = answer(t, "/item", func(l []byte, ev *sdk.Event) { ev.SetURL(l) })
	assert.Equal(t, map[string]string{"url.original": "/item", "url.path": "/item"}, got.values)
	got = answer(t, "http://[2001:db8::1]:80/", func(l []byte, ev *sdk.Event) { ev.SetURL(l) })
	assert.Equal(t, "[2001:db8::1]", got.values["url.domain"], "ECS wants the brackets of an IPv6 address in it")
}

func TestSetTimeOfAnyLayout(t *testing.T) {
	shanghai := time.FixedZone("CST", 8*3600)
	for line, want := range map[string]string{
		"2025-11-21 08:56:23":              "2025-11-21T00:56:23Z",
		"*Nov 21 08:56:23.123":             "2025-11-21T00:56:23.123Z", // of the year of receipt, or the one before
		"*Nov 21 2025 08:56:23.123 UTC":    "2025-11-21T08:56:23.123Z",
		"2025年11月21日 下午8时56分23秒":           "2025-11-21T12:56:23Z",
		"1763686583123":                    "2025-11-21T00:56:23.123Z",
		"11/21/2025 08:56:23 (or another)": "",
	} {
		got := answer(t, line, func(l []byte, ev *sdk.Event) { ev.SetTime(timestamp.Any, shanghai, l) })
		assert.Equal(t, want, got.values["@timestamp"], line)
		assert.Equal(t, want == "", got.note != "", line)
	}
}

func TestSetAccount(t *testing.T) {
	got := answer(t, `CORP\li.si`, func(l []byte, ev *sdk.Event) { ev.SetAccount(ecs.UserName, ecs.UserDomain, l) })
	assert.Equal(t, map[string]string{"user.name": "li.si", "user.domain": "CORP"}, got.values)
	got = answer(t, `li.si`, func(l []byte, ev *sdk.Event) { ev.SetAccount(ecs.UserName, ecs.UserDomain, l) })
	assert.Equal(t, map[string]string{"user.name": "li.si"}, got.values)
}

func TestSetSeverity(t *testing.T) {
	f := func(word, want string) {
		t.Helper()
		var known bool
		got := answer(t, word, func(l []byte, ev *sdk.Event) { known = ev.SetSeverity(l) })
		assert.Equal(t, want, got.values["log.level"], word)
		assert.Equal(t, want != "", known, word)
		assert.Empty(t, got.note, word)
	}
	f("3", "Fatal")
	f("high", "Error")
	f("HiGH", "Error")
	f("高", "Error")
	f("low", "")
	f("H", "Debug")
	f("h", "Debug")
	f("4", "")
	f("[ow", "")
	f("", "")
	f(strings.Repeat("high", 17), "")
}

func TestSetPort(t *testing.T) {
	f := func(text, want, note string) {
		t.Helper()
		got := answer(t, text+" ", func(l []byte, ev *sdk.Event) { ev.SetPort(ecs.SourcePort, l[:len(l)-1]) })
		assert.Equal(t, want, got.values["source.port"], text)
		assert.Equal(t, note, got.note, text)
	}
	const bad = "source.port: not a port from 0 to 65535"
	f("443", "443", "")
	f("0", "0", "")
	f("65535", "65535", "")
	f("", "", "")
	f("65536", "", bad)
	f("-1", "", bad)
	f("443a", "", bad)
	f("99999999999999999999999", "", bad)
}

func TestSetDuration(t *testing.T) {
	f := func(text string, unit time.Duration, want, note string) {
		t.Helper()
		got := answer(t, text+" ", func(l []byte, ev *sdk.Event) { ev.SetDuration(ecs.EventDuration, l[:len(l)-1], unit) })
		assert.Equal(t, want, got.values["event.duration"], text)
		if note != "" {
			note = "event.duration: not a number of " + note + ", or too large"
		}
		assert.Equal(t, note, got.note, text)
	}
	f("0.187", time.Second, "187000000", "")
	f("12", time.Second, "12000000000", "")
	f("1.5", time.Millisecond, "1500000", "")
	f("154023", time.Microsecond, "154023000", "")
	f("0.1234567899", time.Second, "123456789", "") // what is less than a nanosecond is cut
	f("7.9", time.Nanosecond, "7", "")
	f("90", time.Minute, "5400000000000", "")
	f("", time.Second, "", "")
	f("9223372035", time.Second, "9223372035000000000", "")
	f("9223372037", time.Second, "", "seconds")
	f("99999999999999999999", time.Second, "", "seconds")
	f("-1", time.Second, "", "seconds")
	f(".5", time.Second, "500000000", "")
	f("1.", time.Millisecond, "", "milliseconds")
	f("1.2.3", time.Microsecond, "", "microseconds")
	f("1e3", time.Minute, "", "units of 1m0s")
}

func TestSetLower(t *testing.T) {
	f := func(text, want string, e wire.Encoding) {
		t.Helper()
		got := answer(t, text, func(l []byte, ev *sdk.Event) { ev.SetLower(ecs.NetworkTransport, l) })
		assert.Equal(t, want, got.values["network.transport"], text)
		assert.Equal(t, e, got.encodings["network.transport"], text)
	}
	f("TCP", "tcp", wire.Encoding_PLAIN)
	f("ipV6-Icmp", "ipv6-icmp", wire.Encoding_PLAIN)
	f("tcp", "tcp", wire.Encoding_SPAN)
	f("[Ä]", "[Ä]", wire.Encoding_SPAN)
}

func TestSetTransport(t *testing.T) {
	f := func(text, want string) {
		t.Helper()
		got := answer(t, text, func(l []byte, ev *sdk.Event) { ev.SetTransport(l) })
		assert.Equal(t, want, got.values["network.transport"], text)
		assert.Empty(t, got.note, text)
	}
	f("TCP", "tcp")
	f("udp", "udp")
	f("6", "tcp")
	f("017", "udp")
	f("58", "ipv6-icmp")
	f("254", "254")
	f("300", "300")
	f("OSPF", "ospf")
}

func TestSetNanos(t *testing.T) {
	got := answer(t, "x", func(_ []byte, ev *sdk.Event) { ev.SetNanos(ecs.Timestamp, 1763686583123456789) })
	assert.Equal(t, "2025-11-21T00:56:23.123456789Z", got.values["@timestamp"])
	got = answer(t, "x", func(_ []byte, ev *sdk.Event) { ev.SetNanos(ecs.UserName, 1) })
	assert.Equal(t, "user.name: cannot be set to a date", got.note)
}

func TestSetRequest(t *testing.T) {
	f := func(text string, want map[string]string) {
		t.Helper()
		var ok bool
		got := answer(t, text, func(l []byte, ev *sdk.Event) { ok = ev.SetRequest(l) })
		assert.Equal(t, want, got.values, text)
		assert.Equal(t, len(want) > 0, ok, text)
		assert.Zero(t, got.counters["undeclared_fields"])
	}
	f("GET /a?b=1 HTTP/1.1", map[string]string{
		"http.request.method": "GET", "http.version": "1.1", "url.original": "/a?b=1", "url.path": "/a", "url.query": "b=1",
	})
	f("GET //a/b#c", map[string]string{"http.request.method": "GET", "url.original": "//a/b#c", "url.path": "//a/b#c"})
	f("GET http://www.bank.example:8080/p?q=1 HTTP/1.1", map[string]string{
		"http.request.method": "GET", "http.version": "1.1", "url.original": "http://www.bank.example:8080/p?q=1", "url.domain": "www.bank.example",
		"url.path": "/p", "url.query": "q=1",
	})
	f("CONNECT mail.example.com:25 HTTP/1.1", map[string]string{
		"http.request.method": "CONNECT", "http.version": "1.1", "url.original": "mail.example.com:25", "url.domain": "mail.example.com",
	})
	f("OPTIONS * HTTP/1.0", map[string]string{"http.request.method": "OPTIONS", "http.version": "1.0", "url.original": "*"})
	f(`\x16\x03\x01`, map[string]string{})
}

func TestSetAccess(t *testing.T) {
	f := func(line string, want map[string]string) {
		t.Helper()
		got := answer(t, line, func(l []byte, ev *sdk.Event) {
			e, _ := accesslog.Parse(l)
			ev.SetAccess(&e)
		})
		assert.Equal(t, want, got.values, line)
		assert.Zero(t, got.counters["undeclared_fields"], "http.request.referrer is not in the manifest, which is no mistake here")
	}
	f(`www.bank.example:443 192.0.2.17 - li [11/Oct/2026:12:00:01 +0800] "GET /a HTTP/1.1" 200 512 "https://x.example/" "curl/8"`, map[string]string{
		"@timestamp": "2026-10-11T04:00:01Z", "source.ip": "192.0.2.17", "user.name": "li", "http.request.method": "GET", "http.version": "1.1",
		"url.original": "/a", "url.path": "/a", "url.domain": "www.bank.example", "http.response.status_code": "200",
		"http.response.body.bytes": "512", "user_agent.original": "curl/8", "network.protocol": "http", "log.level": "Info", "event.outcome": "success",
	})
	f(`pc-7.example - - [11/Oct/2026:12:00:01 +0800] "-" 503 -`, map[string]string{
		"@timestamp": "2026-10-11T04:00:01Z", "source.address": "pc-7.example", "http.response.status_code": "503", "network.protocol": "http",
		"log.level": "Error", "event.outcome": "failure",
	})
	f(`192.0.2.17 - - [11/Oct/2026:12:00:01 +0800] "-" 408 0`, map[string]string{
		"@timestamp": "2026-10-11T04:00:01Z", "source.ip": "192.0.2.17", "http.response.status_code": "408", "http.response.body.bytes": "0",
		"network.protocol": "http", "log.level": "Warn", "event.outcome": "failure",
	})
	f("hello", map[string]string{})
}

func TestSetSyslog(t *testing.T) {
	f := func(line string, want map[string]string) {
		t.Helper()
		got := answer(t, line, func(l []byte, ev *sdk.Event) {
			h, _, _ := syslog.Parse(l)
			ev.SetSyslog(&h, time.FixedZone("", 8*3600))
		})
		assert.Equal(t, want, got.values, line)
		assert.Empty(t, got.note, line)
		assert.Zero(t, got.counters["undeclared"], "facility is not declared, and not counted")
	}
	f("<131>2026-10-11T12:00:00Z fw1 sshd[77]: x", map[string]string{
		"@timestamp": "2026-10-11T12:00:00Z", "host.name": "fw1", "process.name": "sshd", "process.pid": "77",
		"log.syslog.priority": "131", "log.syslog.severity.code": "3",
	})
	f("<131>2026-10-11 12:00:00 fw1 app[main]: x", map[string]string{
		"@timestamp": "2026-10-11T04:00:00Z", "host.name": "fw1", "process.name": "app",
		"log.syslog.priority": "131", "log.syslog.severity.code": "3",
	})
	f("nothing of the kind", map[string]string{})
}

func TestLoadZone(t *testing.T) {
	zone, err := sdk.LoadZone("")
	require.NoError(t, err)
	assert.Nil(t, zone, "that of the input")
	zone, err = sdk.LoadZone("Asia/Shanghai")
	require.NoError(t, err)
	assert.Equal(t, "Asia/Shanghai", zone.String())
	_, err = sdk.LoadZone("Asia/Peking")
	assert.ErrorContains(t, err, "Asia/Peking")
}

func TestSetCount(t *testing.T) {
	f := func(text, want, note string) {
		t.Helper()
		var n int64
		var ok bool
		got := answer(t, text+" ", func(l []byte, ev *sdk.Event) { n, ok = ev.SetCount(ecs.SourceBytes, l[:len(l)-1]) })
		assert.Equal(t, want, got.values["source.bytes"], text)
		assert.Equal(t, note, got.note, text)
		assert.Equal(t, want != "", ok, text)
		if ok {
			assert.Equal(t, want, strconv.FormatInt(n, 10), text)
		}
	}
	f("0", "0", "")
	f("67533", "67533", "")
	f("999999999999999999", "999999999999999999", "")
	f("", "", "")
	for _, bad := range []string{"-1", "+1", "many", "1.5", "1000000000000000000", "1 "} {
		f(bad, "", "source.bytes: not a whole number")
	}
}

func TestSetTLSVersion(t *testing.T) {
	for text, want := range map[string]string{"TLSv1.2": "1.2", "TLS1.3": "1.3", "1.3": "1.3", "SSLv3": "SSLv3", "": ""} {
		got := answer(t, text, func(l []byte, ev *sdk.Event) { ev.SetTLSVersion(l) })
		assert.Equal(t, want, got.values["tls.version"], text)
	}
}

func TestSetFileHash(t *testing.T) {
	f := func(digits int, want map[string]string, note string) {
		t.Helper()
		got := answer(t, strings.Repeat("a", digits)+" ", func(l []byte, ev *sdk.Event) { ev.SetFileHash(l[:len(l)-1]) })
		assert.Equal(t, want, got.values, digits)
		assert.Equal(t, note, got.note, digits)
	}
	f(32, map[string]string{"file.hash.md5": strings.Repeat("a", 32)}, "")
	f(40, map[string]string{"file.hash.sha1": strings.Repeat("a", 40)}, "")
	f(64, map[string]string{"file.hash.sha256": strings.Repeat("a", 64)}, "")
	f(0, map[string]string{}, "")
	f(31, map[string]string{}, "file.hash.sha256: not the 32, 40 or 64 digits of MD5, SHA-1 or SHA-256")
}

func TestSetSyslogTime(t *testing.T) {
	line := "<134>Oct 11 2026 12:00:01 fw-01 sshd[771]: text"
	got := answer(t, line, func(l []byte, ev *sdk.Event) {
		h, _, err := syslog.Parse(l)
		assert.NoError(t, err)
		ev.SetSyslogTime(&h, time.UTC)
	})
	assert.Equal(t, map[string]string{"@timestamp": "2026-10-11T12:00:01Z"}, got.values)
}
