package syslog

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// show writes a header as its parts that are there, then the rest and the error.
func show(line string) string {
	h, rest, err := Parse([]byte(line))
	var b strings.Builder
	fmt.Fprintf(&b, "%s %d", h.Format, h.Priority)
	for _, p := range []struct {
		name  string
		value []byte
	}{
		{"relay", h.Relay},
		{"seq", h.Sequence},
		{"t", h.Timestamp},
		{"h", h.Hostname},
		{"a", h.AppName},
		{"p", h.ProcID},
		{"m", h.MsgID},
		{"sd", h.Structured},
	} {
		if p.value != nil {
			fmt.Fprintf(&b, " %s=%s", p.name, p.value)
		}
	}
	if h.BOM {
		b.WriteString(" bom")
	}
	fmt.Fprintf(&b, " | %s", rest)
	if err != nil {
		b.WriteString(" ! " + strings.TrimPrefix(err.Error(), "syslog: "))
	}
	return b.String()
}

func TestParse(t *testing.T) {
	f := func(line, want string) {
		t.Helper()
		assert.Equal(t, want, show(line), "line %q", line)
	}

	// What devices make of it.
	f("<134>Oct 11 2026 22:14:15+08:00 FW1 %%01POLICY/6/DENY(l): x", "rfc3164 134 t=Oct 11 2026 22:14:15+08:00 h=FW1 | %%01POLICY/6/DENY(l): x")
	f("<134>Oct 11 22:14:15 +08:00 fw1 app: x", "rfc3164 134 t=Oct 11 22:14:15 +08:00 h=fw1 a=app | x")
	f("<134>Oct 11 22:14:15 CST fw1 app: x", "rfc3164 134 t=Oct 11 22:14:15 CST h=fw1 a=app | x")
	f("<134>Oct 11 22:14:15 CST app: x", "rfc3164 134 t=Oct 11 22:14:15 h=CST a=app | x")
	f("<134>Oct 11 22:14:15 UTC+8 fw1 x", "rfc3164 134 t=Oct 11 22:14:15 UTC+8 h=fw1 | x")
	f("<134>Oct 11 22:14:15 2001:db8::1 app: x", "rfc3164 134 t=Oct 11 22:14:15 h=2001:db8::1 a=app | x")
	f("<134>Oct 11 22:14:15 10.0.0.99: app: x", "rfc3164 134 t=Oct 11 22:14:15 h=10.0.0.99 a=app | x")
	f("<134>Oct 11 22:14:15 [10.0.0.99] app: x", "rfc3164 134 t=Oct 11 22:14:15 h=10.0.0.99 a=app | x")
	f("<134>Oct 11 22:14:15 [10.0] app: x", "rfc3164 134 t=Oct 11 22:14:15 | [10.0] app: x")
	f("<134>Oct 11 22:14:15 - app: x", "rfc3164 134 t=Oct 11 22:14:15 a=app | x")
	f("<134>Oct 11 22:14:15 (none) app: x", "rfc3164 134 t=Oct 11 22:14:15 a=app | x")
	f("<134>Oct 11 22:14:15 -- MARK --", "rfc3164 134 t=Oct 11 22:14:15 | -- MARK --")
	f("<134>Oct 11 22:14:15 CEF:0|V|P|1|1|N|5|", "rfc3164 134 t=Oct 11 22:14:15 | CEF:0|V|P|1|1|N|5|")
	f("<134>fw1 2026-10-11 22:14:15 app: x", "rfc3164 134 t=2026-10-11 22:14:15 h=fw1 a=app | x")
	f("<134>10.0.0.99 Oct 11 22:14:15 app[7]: x", "rfc3164 134 t=Oct 11 22:14:15 h=10.0.0.99 a=app p=7 | x")
	f("<134>Login 2026-10-11 22:14:15 ok", "rfc3164 134 | Login 2026-10-11 22:14:15 ok")
	f("<134>2026-10-11 10:14:15 PM fw1 app: x", "rfc3164 134 t=2026-10-11 10:14:15 PM h=fw1 a=app | x")
	f("<134>2026年10月11日 下午10:14:15 fw1 app: x", "rfc3164 134 t=2026年10月11日 下午10:14:15 h=fw1 a=app | x")

	// RFC 3164, sections 5.4 and 4.1.
	f("<34>Oct 11 22:14:15 mymachine su: 'su root' failed for lonvick on /dev/pts/8",
		"rfc3164 34 t=Oct 11 22:14:15 h=mymachine a=su | 'su root' failed for lonvick on /dev/pts/8")
	f("<13>Feb  5 17:32:18 10.0.0.99 Use the BFG!", "rfc3164 13 t=Feb  5 17:32:18 h=10.0.0.99 | Use the BFG!")
	f("<165>Aug 24 05:34:00 CST 1987 mymachine myproc[10]: %% It's time",
		"rfc3164 165 t=Aug 24 05:34:00 h=CST | 1987 mymachine myproc[10]: %% It's time")
	f("<0>1990 Oct 22 10:52:01 TZ-6 scapegoat.dmz.example.org 10.1.2.3 sched[0]: That's All Folks!",
		"rfc3164 0 t=1990 Oct 22 10:52:01 h=TZ-6 | scapegoat.dmz.example.org 10.1.2.3 sched[0]: That's All Folks!")
	f("<38>Oct 11 22:14:15 web1 sshd[4721]: Failed password for root from 192.0.2.1 port 22 ssh2",
		"rfc3164 38 t=Oct 11 22:14:15 h=web1 a=sshd p=4721 | Failed password for root from 192.0.2.1 port 22 ssh2")
	f("<38>Oct 11 22:14:15 web1 sshd(pam_unix)[4721]: x", "rfc3164 38 t=Oct 11 22:14:15 h=web1 a=sshd(pam_unix) p=4721 | x")
	f("<38>Oct 11 22:14:15 web1 prog[12] no colon", "rfc3164 38 t=Oct 11 22:14:15 h=web1 a=prog p=12 | no colon")
	f("<38>Oct 11 22:14:15 web1 prog:", "rfc3164 38 t=Oct 11 22:14:15 h=web1 a=prog | ")
	f("<38>Oct 11 22:14:15 web1 a[b c]: x", "rfc3164 38 t=Oct 11 22:14:15 h=web1 | a[b c]: x")
	f("<38>Oct 11 22:14:15 web1 a[]: x", "rfc3164 38 t=Oct 11 22:14:15 h=web1 | a[]: x")
	f("<38>Oct 11 22:14:15 web1 last message repeated 3 times",
		"rfc3164 38 t=Oct 11 22:14:15 h=web1 | last message repeated 3 times")
	f("<38>Oct 11 22:14:15 web1", "rfc3164 38 t=Oct 11 22:14:15 h=web1 | ")
	f("<38>Oct 11 22:14:15", "rfc3164 38 t=Oct 11 22:14:15 | ")
	f("<38>Oct 11 22:14:15 ", "rfc3164 38 t=Oct 11 22:14:15 | ")

	// What devices send: no hostname.
	f("<13>Oct 11 22:14:15 sshd[1]: x", "rfc3164 13 t=Oct 11 22:14:15 a=sshd p=1 | x")
	f("<13>Oct 11 22:14:15 su: x", "rfc3164 13 t=Oct 11 22:14:15 a=su | x")
	f("<13>Oct 11 22:14:15 srcip=10.1.2.3;user=a", "rfc3164 13 t=Oct 11 22:14:15 | srcip=10.1.2.3;user=a")
	f("<13>Oct 11 22:14:15 time:2026-10-11 12:00:01;x:1", "rfc3164 13 t=Oct 11 22:14:15 | time:2026-10-11 12:00:01;x:1")
	f("<13>logger[7]: x y", "rfc3164 13 a=logger p=7 | x y")
	f("<13>plain words", "rfc3164 13 | plain words")
	f("<189>date=2026-10-11 time=12:00:01 devname=\"FG\"", "rfc3164 189 | date=2026-10-11 time=12:00:01 devname=\"FG\"")
	f("<134>time:2026-10-11 12:00:01;danger_degree:2", "rfc3164 134 | time:2026-10-11 12:00:01;danger_degree:2")
	f("<13>", "rfc3164 13 | ")

	// Other times.
	f("<134>2026-10-11 12:00:01 host a: b", "rfc3164 134 t=2026-10-11 12:00:01 h=host a=a | b")
	f("<134> 2026-10-11 12:00:01  host  a: b", "rfc3164 134 t=2026-10-11 12:00:01 h=host a=a | b")
	f("<134>2026-10-11 12:00:01.123 +08:00 host x", "rfc3164 134 t=2026-10-11 12:00:01.123 +08:00 h=host | x")
	f("<134>2026-10-11T12:00:01.123456+08:00 host app[1]: x",
		"rfc3164 134 t=2026-10-11T12:00:01.123456+08:00 h=host a=app p=1 | x")
	f("<134>2026/10/11 12:00:01 2001:db8::1 x", "rfc3164 134 t=2026/10/11 12:00:01 h=2001:db8::1 | x")
	f("<134>Oct 11 2026 12:00:01 host x", "rfc3164 134 t=Oct 11 2026 12:00:01 h=host | x")
	f("<134>Oct 11 12:00:01 2026 H3C %%10SHELL/5/SHELL_LOGIN: -DevIP=192.0.2.1; x",
		"rfc3164 134 t=Oct 11 12:00:01 2026 h=H3C | %%10SHELL/5/SHELL_LOGIN: -DevIP=192.0.2.1; x")
	f("<134>%Oct 11 12:00:01:123 2026 H3C %%10IFNET/3/X: y", "rfc3164 134 t=Oct 11 12:00:01:123 2026 h=H3C | %%10IFNET/3/X: y")
	f("<134>2026年10月11日 12时00分01秒 防火墙 登录成功", "rfc3164 134 t=2026年10月11日 12时00分01秒 h=防火墙 | 登录成功")
	f("<134>1 1791691201.989323 MX84 flows src=10.1.2.3", "rfc3164 134 t=1791691201.989323 h=MX84 | flows src=10.1.2.3")

	// DPtech: no space behind the hostname.
	f("<134>2026-10-11 12:00:01 FW1000%%FW/ATTACK/2/DATALOG: srcip=10.1.2.3;",
		"rfc3164 134 t=2026-10-11 12:00:01 h=FW1000 | %%FW/ATTACK/2/DATALOG: srcip=10.1.2.3;")
	f("<134>Oct 11 12:00:01 %%FW/ATTACK/2/DATALOG: a=1", "rfc3164 134 t=Oct 11 12:00:01 | %%FW/ATTACK/2/DATALOG: a=1")

	// Cisco.
	f("<189>29: *Mar  1 18:48:50.483 UTC: %SYS-5-CONFIG_I: Configured",
		"rfc3164 189 seq=29 t=Mar  1 18:48:50.483 UTC | %SYS-5-CONFIG_I: Configured")
	f("<189>29: router1: .Mar  1 18:48:50.483: %SYS-5-X: y", "rfc3164 189 seq=29 t=Mar  1 18:48:50.483 h=router1 | %SYS-5-X: y")
	f("<189>router1: Mar 11 2026 18:48:50 CST: %SYS-5-X: y", "rfc3164 189 t=Mar 11 2026 18:48:50 CST h=router1 | %SYS-5-X: y")
	f("<189>: 2026 Mar 11 18:48:50 UTC: %ETHPORT-5-X: y", "rfc3164 189 t=2026 Mar 11 18:48:50 UTC | %ETHPORT-5-X: y")
	f("<166>Oct 11 2026 12:00:01: %ASA-6-302013: Built", "rfc3164 166 t=Oct 11 2026 12:00:01 | %ASA-6-302013: Built")
	f("<166>Oct 11 2026 12:00:01 fw1 : %ASA-6-302013: Built", "rfc3164 166 t=Oct 11 2026 12:00:01 h=fw1 | %ASA-6-302013: Built")
	f("<166>Oct 11 12:00:01 fw1: %ASA-6-302013: Built", "rfc3164 166 t=Oct 11 12:00:01 h=fw1 | %ASA-6-302013: Built")
	f("<189>29: words", "rfc3164 189 a=29 | words")
	f("<189>29: 30: words", "rfc3164 189 a=29 | 30: words")
	f("<34>Oct 11 22:14:15 Message forwarded from web1: sshd[1]: x", "rfc3164 34 t=Oct 11 22:14:15 h=web1 a=sshd p=1 | x")

	f("<34>Oct 11 22:14:15 Message forwarded from somewhere", "rfc3164 34 t=Oct 11 22:14:15 h=Message | forwarded from somewhere")
	f("<38>Oct 11 22:14:15 web1 a[12]x: y", "rfc3164 38 t=Oct 11 22:14:15 h=web1 | a[12]x: y")

	// Relays in front.
	f("<13>Oct 11 22:14:16 relay1 <38>Oct 11 22:14:15 web1 sshd[1]: x", "rfc3164 38 relay=relay1 t=Oct 11 22:14:15 h=web1 a=sshd p=1 | x")
	f("<13>Oct 11 22:14:16 <38>Oct 11 22:14:15 web1 sshd[1]: x", "rfc3164 38 t=Oct 11 22:14:15 h=web1 a=sshd p=1 | x")
	f("Oct 11 22:14:16 10.0.0.9 <38>1 2026-10-11T22:14:15Z web1 sshd 1 - - x", "rfc5424 38 relay=10.0.0.9 t=2026-10-11T22:14:15Z h=web1 a=sshd p=1 | x")
	f("<13>1 2026-10-11T22:14:16Z relay1 - - - - <38>Oct 11 22:14:15 web1 su: x", "rfc3164 38 relay=relay1 t=Oct 11 22:14:15 h=web1 a=su | x")
	f("<13>1 2026-10-11T22:14:16Z web1 app - - - <38>Oct 11 22:14:15 web2 su: x",
		"rfc5424 13 t=2026-10-11T22:14:16Z h=web1 a=app | <38>Oct 11 22:14:15 web2 su: x")
	f("<13>Oct 11 22:14:17 a1 <13>Oct 11 22:14:16 b1 <38>Oct 11 22:14:15 web1 su: x", "rfc3164 38 relay=b1 t=Oct 11 22:14:15 h=web1 a=su | x")
	f("<13>Oct 11 22:14:16 relay1 <38>su: x", "rfc3164 13 t=Oct 11 22:14:16 h=relay1 | <38>su: x")
	f("<13>Oct 11 22:14:16 web1 app: <38>Oct 11 22:14:15 web2 su: x", "rfc3164 13 t=Oct 11 22:14:16 h=web1 a=app | <38>Oct 11 22:14:15 web2 su: x")
	f("<13>Oct 11 22:14:16 relay1 <999>Oct 11 22:14:15 web1 su: x", "rfc3164 13 t=Oct 11 22:14:16 h=relay1 | <999>Oct 11 22:14:15 web1 su: x")
	_, rest, _ := Parse([]byte(strings.Repeat("<13>Oct 11 22:14:16 relay1 ", 1000)))
	assert.NotEmpty(t, rest, "headers without end are not followed")

	// No PRI.
	f("Oct 11 22:14:15 web1 sshd[1]: x", "rfc3164 -1 t=Oct 11 22:14:15 h=web1 a=sshd p=1 | x")
	f("2026-10-11T12:00:01.123456+08:00 web1 sshd[1]: x", "rfc3164 -1 t=2026-10-11T12:00:01.123456+08:00 h=web1 a=sshd p=1 | x")
	const noHeader = " ! a PRI such as <134> or a time is expected at the start of the line"
	f("2026-10-11 12:00:01 INFO main: started", "none -1 | 2026-10-11 12:00:01 INFO main: started"+noHeader)
	f("1791691201 web1 x", "none -1 | 1791691201 web1 x"+noHeader)
	f("words: and words", "none -1 | words: and words"+noHeader)
	f("", "none -1 | "+noHeader)
	f("\xff\x00", "none -1 | \xff\x00"+noHeader)

	// PRI.
	const bad = " ! a number from 0 to 191 and > are expected after the < of the PRI"
	f("<191>x", "rfc3164 191 | x")
	f("<0>x", "rfc3164 0 | x")
	f("<007>x", "rfc3164 7 | x")
	f("<192>x", "none -1 | <192>x"+bad)
	f("<1000>x", "none -1 | <1000>x"+bad)
	f("<>x", "none -1 | <>x"+bad)
	f("<-1>x", "none -1 | <-1>x"+bad)
	f("<13", "none -1 | <13"+bad)
	f("<", "none -1 | <"+bad)
	f("<13 >x", "none -1 | <13 >x"+bad)

	// RFC 5424, section 6.5.
	f("<34>1 2003-10-11T22:14:15.003Z mymachine.example.com su - ID47 - \xef\xbb\xbf'su root' failed for lonvick on /dev/pts/8",
		"rfc5424 34 t=2003-10-11T22:14:15.003Z h=mymachine.example.com a=su m=ID47 bom | 'su root' failed for lonvick on /dev/pts/8")
	f("<165>1 2003-08-24T05:14:15.000003-07:00 192.0.2.1 myproc 8710 - - %% It's time to make the do-nuts.",
		"rfc5424 165 t=2003-08-24T05:14:15.000003-07:00 h=192.0.2.1 a=myproc p=8710 | %% It's time to make the do-nuts.")
	f(`<165>1 2003-10-11T22:14:15.003Z mymachine.example.com evntslog - ID47 [exampleSDID@32473 iut="3" eventSource="Application" eventID="1011"] BOMAn application`,
		`rfc5424 165 t=2003-10-11T22:14:15.003Z h=mymachine.example.com a=evntslog m=ID47 sd=[exampleSDID@32473 iut="3" eventSource="Application" eventID="1011"] | BOMAn application`)
	f(`<165>1 - - - - - [a@1 x="1"][b@1]`, `rfc5424 165 sd=[a@1 x="1"][b@1] | `)
	f("<165>1 - - - - - -", "rfc5424 165 | ")
	f("<165>1 - - - - - - ", "rfc5424 165 | ")
	f("<165>1 - - - - - -  two", "rfc5424 165 |  two")
	f(`<165>1 - - - - - [a@1 x="]\"\\"] [b]`, `rfc5424 165 sd=[a@1 x="]\"\\"] | [b]`)
	f("<165>12 2003-10-11T22:14:15Z h a p m - x", "rfc5424 165 t=2003-10-11T22:14:15Z h=h a=a p=p m=m | x")
	const short = " ! the RFC 5424 header ends before its structured data"
	f("<165>1 2003-10-11T22:14:15Z", "rfc5424 165 t=2003-10-11T22:14:15Z | "+short)
	f("<165>1 2003-10-11T22:14:15Z h a", "rfc5424 165 t=2003-10-11T22:14:15Z h=h a=a | "+short)
	f("<165>1 2003-10-11T22:14:15Z h a p m", "rfc5424 165 t=2003-10-11T22:14:15Z h=h a=a p=p m=m | "+short)
	const sd = " ! structured data of RFC 5424 is expected: - or [id name=\"value\"]"
	f("<165>1 - h a p m words", "rfc5424 165 h=h a=a p=p m=m | words"+sd)
	f("<165>1 - h a p m ", "rfc5424 165 h=h a=a p=p m=m | "+sd)
	f(`<165>1 - h a p m [a@1 x="1`, `rfc5424 165 h=h a=a p=p m=m | [a@1 x="1`+sd)
	f(`<165>1 - h a p m [a@1 x=1] y`, `rfc5424 165 h=h a=a p=p m=m | [a@1 x=1] y`+sd)
	f(`<165>1 - h a p m [a@1]y`, `rfc5424 165 h=h a=a p=p m=m | [a@1]y`+sd)
	f(`<165>1 - h a p m [] y`, `rfc5424 165 h=h a=a p=p m=m | [] y`+sd)
	// Not RFC 5424 after all.
	f("<13>1 file copied", "rfc3164 13 | 1 file copied")
	f("<13>0 2003-10-11T22:14:15Z x", "rfc3164 13 | 0 2003-10-11T22:14:15Z x")
	f("<13>1234 - - - -", "rfc3164 13 | 1234 - - - -")
	f("<13>1 ", "rfc3164 13 | 1 ")

	// GBK.
	f("<13>Oct 11 22:14:15 \xb7\xc0\xbb\xf0\xc7\xbd su: \xb5\xc7\xc2\xbc", "rfc3164 13 t=Oct 11 22:14:15 h=\xb7\xc0\xbb\xf0\xc7\xbd a=su | \xb5\xc7\xc2\xbc")
}

func TestHeaderValues(t *testing.T) {
	h, _, _ := Parse([]byte("<165>12 - - - - - -"))
	assert.Equal(t, []int{20, 5, 12}, []int{h.Facility(), h.Severity(), h.Version})
	h, _, _ = Parse([]byte("no header"))
	assert.Equal(t, []int{1, 5, 0}, []int{h.Facility(), h.Severity(), h.Version}, "RFC 3164, section 4.3.3")
	h, _, _ = Parse([]byte("<0>x"))
	assert.Equal(t, []int{0, 0}, []int{h.Facility(), h.Severity()})
	assert.Nil(t, h.Hostname)
}

func TestTime(t *testing.T) {
	shanghai := time.FixedZone("CST", 8*3600)
	received := time.Date(2026, 10, 11, 12, 0, 0, 0, time.UTC)
	f := func(line, want string) {
		t.Helper()
		h, _, _ := Parse([]byte(line))
		ns, ok := h.Time(shanghai, received)
		got := "no"
		if ok {
			got = time.Unix(0, ns).UTC().Format(time.RFC3339Nano)
		}
		assert.Equal(t, want, got, line)
	}
	f("<13>Oct 11 20:00:01 h x", "2026-10-11T12:00:01Z")
	f("<13>Oct 11 20:00:01.5 h x", "2026-10-11T12:00:01.5Z")
	f("<13>Dec 31 20:00:01 h x", "2025-12-31T12:00:01Z")
	f("<13>Oct 11 20:00:01 2025 h x", "2025-10-11T12:00:01Z")
	f("<13>%Oct 11 20:00:01:123 2025 H3C %%10X/1/Y: z", "2025-10-11T12:00:01.123Z")
	f("<13>2026-10-11 20:00:01 h x", "2026-10-11T12:00:01Z")
	f("<13>2026-10-11 20:00:01 +0100 h x", "2026-10-11T19:00:01Z")
	f("<13>29: *Oct 11 12:00:01.483 UTC: %SYS-5-X: y", "2026-10-11T12:00:01.483Z")
	f("<13>29: *Oct 11 20:00:01.483 CST: %SYS-5-X: y", "2026-10-11T12:00:01.483Z")
	f("<13>: 2026 Oct 11 12:00:01 UTC: %ETHPORT-5-X: y", "2026-10-11T12:00:01Z")
	f("<13>1 1791691201.25 MX84 flows", "2026-10-11T04:00:01.25Z")
	f("<13>1 2026-10-11T12:00:01.25Z h a p m - x", "2026-10-11T12:00:01.25Z")
	f("<13>1 2026-10-11T20:00:01 h a p m - x", "2026-10-11T12:00:01Z") // section 6.2.3 wants an offset
	f("<13>1 2026-99-11T20:00:01Z h a p m - x", "no")
	f("<13>1 - h a p m - x", "no")
	f("<13>x", "no")
	h, _, _ := Parse([]byte("<13>Oct 11 20:00:01 h x"))
	h.Timestamp = []byte("2025-10-11 20:00:01")
	ns, ok := h.Time(shanghai, received)
	assert.True(t, ok)
	assert.Equal(t, time.Date(2025, 10, 11, 12, 0, 1, 0, time.UTC).UnixNano(), ns, "a caller may put another time into a header")
	var zero Header
	_, ok = zero.Time(nil, received)
	assert.False(t, ok)
}

func TestStructured(t *testing.T) {
	h, rest, err := Parse([]byte(`<165>1 - - - - - [a@1 x="1"  y="q\"\\\]\z" x="3" ][b][c@2 z="张三]"] text`))
	require.NoError(t, err)
	assert.Equal(t, "text", string(rest))
	var got []string
	for e := h.Elements(); e.Next(); {
		got = append(got, string(e.ID()))
		for p := e.Params(); p.Next(); {
			got = append(got, string(p.Name())+"="+string(p.AppendValue(nil)))
		}
	}
	assert.Equal(t, []string{"a@1", "x=1", `y=q"\]\z`, "x=3", "b", "c@2", "z=张三]"}, got)
	assert.Equal(t, `q\"\\\]\z`, string(h.Param("a@1", "y")))
	assert.Equal(t, "1", string(h.Param("a@1", "x")))
	assert.Nil(t, h.Param("a@1", "z"))
	assert.Nil(t, h.Param("z", "x"))

	broken := Header{Structured: []byte(`[a x="1"][b y=`)}
	e := broken.Elements()
	assert.True(t, e.Next())
	assert.False(t, e.Next(), "a header filled by hand may be wrong")
}

func TestNoAllocation(t *testing.T) {
	received := time.Now()
	for _, line := range samples {
		b := []byte(line)
		assert.Zero(t, testing.AllocsPerRun(100, func() {
			h, _, err := Parse(b)
			if err != nil {
				t.Error(err)
			}
			h.Time(time.UTC, received)
			h.Param("a", "b")
		}), line)
	}
}

// Lines of 1 MB cost time linear in their length: quadratic time would be hours.
func TestHostile(t *testing.T) {
	for _, piece := range []string{`[a x="1"]`, `[a `, `[a x="\"`, `\`, `"`, " ", ":", "%%", "a:", "1: ", "x[", "张", "\xd5"} {
		for _, start := range []string{"<13>1 - - - - - ", "<13>", "<13>Oct 11 22:14:15 ", "", `<13>1 - - - - - [a x="`, "<13>Oct 11 22:14:15 h a["} {
			line := start + strings.Repeat(piece, 1<<20/len(piece))
			h, _, _ := Parse([]byte(line))
			n := 0
			for e := h.Elements(); e.Next(); n++ {
				for p := e.Params(); p.Next(); n++ {
				}
			}
			require.Less(t, n, len(line))
		}
	}
}

var samples = []string{
	"<38>Oct 11 22:14:15 web1 sshd[4721]: Failed password for invalid user admin from 192.0.2.1 port 40022 ssh2",
	"<134>2026-10-11 12:00:01 FW1000%%FW/ATTACK/2/DATALOG: srcip(source)=10.1.2.3;dstip(dest)=192.0.2.8;srcport=51514;" +
		"dstport=443;protocol=TCP;action=permit;user=张三;",
	`<165>1 2026-10-11T12:00:01.003Z app01.example.com evntslog 811 ID47 [exampleSDID@32473 iut="3" eventSource="Application" eventID="1011"] 用户 登录 failed`,
	"<189>29: *Mar  1 18:48:50.483 UTC: %SYS-5-CONFIG_I: Configured from console by vty2 (10.34.195.36)",
	`<189>date=2026-10-11 time=12:00:01 devname="FG 100" srcip=10.1.2.3 dstip=203.0.113.9 action="accept"`,
	"Oct 11 22:14:15 web1 CRON[12]: (root) CMD (run-parts /etc/cron.hourly)",
}

func within(line, b []byte) bool {
	if len(b) == 0 {
		return true
	}
	for i := range line {
		if &line[i] == &b[0] {
			return i+len(b) <= len(line)
		}
	}
	return false
}

func FuzzParse(f *testing.F) {
	for _, s := range samples {
		f.Add([]byte(s))
	}
	f.Add([]byte("<189>router1: 2: .Mar  1 18:48:50.483 UTC: %X"))
	f.Add([]byte(`<13>1 - - - - - [a x="\"]"][b] ` + "\xef\xbb\xbfx"))
	received := time.Unix(1791691201, 0)
	f.Fuzz(func(t *testing.T, line []byte) {
		before := string(line)
		h, rest, err := Parse(line)
		for _, b := range [][]byte{h.Timestamp, h.Hostname, h.AppName, h.ProcID, h.MsgID, h.Structured, h.Sequence, h.Relay} {
			if !within(line, b) || b != nil && len(b) == 0 || cap(b) != len(b) {
				t.Fatalf("%q is no part of the line", b)
			}
		}
		if !strings.HasSuffix(before, string(rest)) || !within(line, rest) {
			t.Fatalf("the rest %q is not the end of the line", rest)
		}
		if (h.Format == None) != (len(rest) == len(line) && err != nil) || h.Priority < -1 || h.Priority > 191 {
			t.Fatalf("%+v, %v", h, err)
		}
		h.Time(time.UTC, received)
		for e := h.Elements(); e.Next(); {
			if len(e.ID()) == 0 || !within(line, e.ID()) {
				t.Fatalf("id %q", e.ID())
			}
			for p := e.Params(); p.Next(); {
				if len(p.Name()) == 0 || !within(line, p.Name()) || !within(line, p.Value()) {
					t.Fatalf("param %q %q", p.Name(), p.Value())
				}
				if got := p.AppendValue(nil); len(got) > len(p.Value()) {
					t.Fatalf("%q became %q", p.Value(), got)
				}
			}
		}
		if string(line) != before {
			t.Fatal("the line was changed")
		}
	})
}

func benchParse(b *testing.B, line string, alsoTime bool) {
	data, received, zone := []byte(line), time.Unix(1791691201, 0), time.FixedZone("CST", 8*3600)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		h, _, err := Parse(data)
		if err != nil {
			b.Fatal(err)
		}
		if alsoTime {
			if _, ok := h.Time(zone, received); !ok {
				b.Fatal("no time")
			}
		}
	}
}

func BenchmarkParseSSHD(b *testing.B)     { benchParse(b, samples[0], false) }
func BenchmarkParseDPtech(b *testing.B)   { benchParse(b, samples[1], false) }
func BenchmarkParse5424(b *testing.B)     { benchParse(b, samples[2], false) }
func BenchmarkParseCisco(b *testing.B)    { benchParse(b, samples[3], false) }
func BenchmarkParseFortinet(b *testing.B) { benchParse(b, samples[4], false) }
func BenchmarkTimeDPtech(b *testing.B)    { benchParse(b, samples[1], true) }
func BenchmarkTime5424(b *testing.B)      { benchParse(b, samples[2], true) }
