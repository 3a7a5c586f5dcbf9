package infer_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/infer"
	"github.com/logcenter/logcenter/sdk/ecs"
)

func TestSamplesSayWhatIsWrong(t *testing.T) {
	long := strings.Repeat("x", infer.MaxLine+1)
	for _, tt := range []struct{ text, want string }{
		{"", "a.log: is empty; give at least 5 lines as they were captured, one event a line"},
		{" \n\r\n\n", "a.log: is empty; give at least 5 lines as they were captured, one event a line"},
		{"a\nb\n", "a.log: has 2 lines; give at least 5 lines as they were captured, one event a line"},
		{"a\nb\x00c\n", "a.log:2: a NUL at byte 2: this is no text; give lines of text; captures of the network must be exported first"},
		{"a\n\nb\rc\n", "a.log:3: a CR in the middle of the line, at byte 2; end lines with LF or CR LF"},
		{"a\n日\xd6\xd0\n", "a.log:2: byte 4 is not UTF-8; convert the file: iconv -f GB18030 -t UTF-8"},
		{"a\n" + long, "a.log:2: the line has 65537 bytes; a sample has at most 65536: cut it, or check that lines end in LF"},
		{strings.Repeat("a\n", infer.MaxLines+1), "a.log:10001: more than 10000 lines; some hundred of every kind are enough: shuf -n 300 a.log"},
	} {
		_, err := infer.ParseSamples("a.log", []byte(tt.text))
		var fault *infer.FileError
		require.ErrorAs(t, err, &fault, "%.40q", tt.text)
		assert.Equal(t, tt.want, err.Error())
	}
}

func TestLineEndsAreNormalised(t *testing.T) {
	s, err := infer.ParseSamples("a.log", []byte("\ufeffa\r\nb\n\nc\r\nd\ne\n"))
	require.NoError(t, err)
	assert.Equal(t, "a|b|c|d|e", string(bytes.Join(s.Lines, []byte("|"))))
	assert.Equal(t, []string{"a.log: 2 lines end in CR LF and 4 in LF: all are written with LF", "a.log: 1 empty lines are left out"}, s.Notices)
}

// spec infers from lines, each of which is repeated with other numbers where it has %d.
func spec(t *testing.T, lines ...string) *infer.Spec {
	t.Helper()
	var all []string
	for i := range 6 {
		for _, l := range lines {
			if strings.Contains(l, "%d") {
				l = strings.ReplaceAll(l, "%d", fmt.Sprint(i+1))
			}
			all = append(all, l)
		}
	}
	s, err := infer.ParseSamples("a.log", []byte(strings.Join(all, "\n")))
	require.NoError(t, err)
	out, err := infer.Infer(s, infer.Options{ID: "acme"})
	require.NoError(t, err)
	return out
}

// fields are key → field, in order.
func fields(s *infer.Spec) string {
	var out []string
	for _, f := range s.Fields {
		out = append(out, f.Key+"→"+f.Name)
	}
	return strings.Join(out, " ")
}

func TestKeysOfManyDevices(t *testing.T) {
	for _, tt := range []struct{ line, want string }{
		{"srcip=192.0.2.%d dstip=198.51.100.7 dpt=44%d", "srcip→source.ip dstip→destination.ip dpt→destination.port"},
		{"src_addr=192.0.2.%d dst-addr=198.51.100.7 client.port=4%d", "src_addr→source.ip dst-addr→destination.ip client.port→source.port"},
		{"源地址=192.0.2.%d;目的地址=198.51.100.7;源端口=4%d;", "源地址→source.ip 目的地址→destination.ip 源端口→source.port"},
		{"sip=192.0.2.%d natSrcIp=203.0.113.%d bytes_from_server=1%d", "sip→source.ip natSrcIp→source.nat.ip bytes_from_server→destination.bytes"},
		{"src=192.0.2.%d:51%d dst=host%d.example.com proto=6", "src→source.ip dst→destination.domain proto→network.transport"},
		{"time=2026-10-11T12:00:0%dZ begin=2026-10-11T11:00:0%dZ level=warn", "time→@timestamp begin→event.start level→log.level"},
		{"date=2026-10-11,time=12:00:0%d,elapsed_ms=%d,action=deny", "date→@timestamp time→@timestamp elapsed_ms→event.duration action→event.action"},
		{"user=li%d status=failed widget=7%d sessionId=00%d", "user→user.name status→event.outcome widget→acme.widget sessionId→acme.session_id"},
		{"source.ip=192.0.2.%d error.code=4%d a.b=c", "source.ip→source.ip error.code→acme.error_code a.b→acme.a_b"},
		{"actor.userName=li%d missed_bytes=7%d my_port=5", "actor.userName→user.name missed_bytes→acme.missed_bytes my_port→acme.my_port"},
		{"srcip=unknown%d dstip=198.51.100.%d x=1", "srcip→source.address dstip→destination.ip x→acme.x"},
		{"srcmac=0000-5e00-531%d dmac=00:00:5e:00:53:0%d x=1", "srcmac→source.mac dmac→destination.mac x→acme.x"},
		{"a=1 rule=accept service=44%d verb=create", "a→acme.a rule→event.action service→destination.port verb→acme.verb"},
		{"verb=list rule=web InitPkts=1%d RplyPktCount=%d", "verb→event.action rule→rule.name InitPkts→source.packets RplyPktCount→destination.packets"},
		{"totalBytesSent=1%d total_received_bytes=%d x=1", "totalBytesSent→source.bytes total_received_bytes→destination.bytes x→acme.x"},
		{"bytesIn=1%d bytesOut=2%d x=1", "bytesIn→source.bytes bytesOut→destination.bytes x→acme.x"},
		{"SrcIPAddr(1003)=192.0.2.%d;DstPort(1008)=44%d;Event(1048)=Permit;", "SrcIPAddr(1003)→source.ip DstPort(1008)→destination.port Event(1048)→event.action"},
		{`displayMessage="a b" reason=quota%d eventType=user.session.start`, "displayMessage→acme.display_message reason→event.reason eventType→event.action"},
	} {
		assert.Equal(t, tt.want, fields(spec(t, tt.line)), tt.line)
	}
}

func TestTwoKeysOfOneMeaning(t *testing.T) {
	s := spec(t, "srcip=192.0.2.%d src_ip=192.0.2.9 a=1")
	assert.Equal(t, "srcip→source.ip src_ip→acme.src_ip a→acme.a", fields(s), "in one line the second one is another field")
	s = spec(t, "srcip=192.0.2.%d b=2 a=1", "sip=192.0.2.%d b=2 a=1")
	assert.Contains(t, fields(s), "sip→source.ip", "in lines of their own they are one field")
}

// What stands in front of the pairs of a single line does not make a key of the pairs a part of what does.
func TestLead(t *testing.T) {
	var lines []string
	for i := range 60 {
		lines = append(lines, fmt.Sprintf("%%%%FW/SESSION/6/SYSLOG: srcip=192.0.2.%d;dstip=198.51.100.7;spare=%d;", i, i))
	}
	lines[7] = strings.Replace(lines[7], "SYSLOG: ", "SYSLOG: hello ", 1)
	s, err := infer.ParseSamples("a.log", []byte(strings.Join(lines, "\n")))
	require.NoError(t, err)
	out, err := infer.Infer(s, infer.Options{ID: "acme"})
	require.NoError(t, err)
	for _, f := range out.Fields {
		assert.Equal(t, !slices.Contains([]string{"srcip", "dstip", "spare"}, f.Key), f.Lead, f.Key)
	}
}

func TestLeadOfDevicesWithNumbers(t *testing.T) {
	s := spec(t, "<190>Oct 11 12:00:0%d 2026 fw %%10FILTER/6/EXECUTION: SrcIPAddr(1003)=192.0.2.%d;DstPort(1008)=44%d;Event(1048)=Permit;")
	require.NotNil(t, s.Lead)
	assert.Equal(t, "10%{module:word}/%{syslog_severity:word}/%{log_kind:word}:", s.Lead.Pattern())
}

func TestSeveralValues(t *testing.T) {
	s := spec(t, `{"sourceIPs":["192.0.2.%d","192.0.2.9"],"groups":["a","b"],"cve":["CVE-2026-%d"],"n":[1,2.5],"parts":[{"id":1},{"id":2}],"one":["x"]}`)
	assert.Equal(t, "sourceIPs→source.ip groups→acme.groups cve→vulnerability.id n→acme.n parts.id→acme.parts_id one→acme.one", fields(s))
	for i, first := range []bool{true, false, false, false, false, false} {
		assert.Equal(t, first, s.Fields[i].First, s.Fields[i].Key)
	}
	lists, types := map[string]bool{}, map[string]ecs.Type{}
	for _, o := range s.Own {
		lists[o.Name], types[o.Name] = o.List, o.Type
	}
	assert.Equal(t, map[string]bool{"acme.groups": true, "acme.n": true, "acme.parts_id": true, "acme.one": false}, lists)
	assert.Equal(t, ecs.Double, types["acme.n"], "of all elements, not of the first")
}

func TestSentences(t *testing.T) {
	s := spec(t, "Failed login of user anna%d from 192.0.2.%d port 51%d", "Link eth%d is down")
	require.Equal(t, infer.Text, s.Format)
	var patterns []string
	for _, x := range s.Templates {
		patterns = append(patterns, x.Pattern())
	}
	assert.Contains(t, patterns, "%{action:word} login of user %{user:word} from %{src_ip:ip} port %{src_port:int}")
	assert.Subset(t, s.Writes, []string{"event.action", "event.outcome", "user.name", "source.ip", "source.port"})
}

func TestRecognisers(t *testing.T) {
	for _, tt := range []struct {
		line string
		want infer.Accept
	}{
		{"time:2026-10-11 12:00:0%d;danger_degree:%d;src_addr:192.0.2.%d", infer.Accept{Prefix: []string{"time:"}, Contains: []string{";danger_degree:"}}},
		{"<134>Oct 11 12:00:0%d h%d CEF:0|Acme|Wall|1.%d|7|Name|3|src=192.0.2.%d act=deny", infer.Accept{Contains: []string{"|Acme|Wall|"}}},
		{"Oct 11 12:00:0%d h sshd[%d]: Accepted password for li%d from 192.0.2.%d port 4%d ssh2", infer.Accept{Contains: []string{" password for"}, AppName: []string{"sshd"}}},
		{`{"timestamp":"2026-10-11T12:00:0%dZ","flow_id":%d,"destination_ip":"192.0.2.%d"}`, infer.Accept{Prefix: []string{`{"timestamp":`}, Contains: []string{`"flow_id":`}}},
		{`<134>srcip=192.0.2.%d vd="root%d" dstport=44%d`, infer.Accept{Contains: []string{` dstport=`}}},
		{`<134>srcip=192.0.2.%d vdom="root%d" dstport=44%d`, infer.Accept{Contains: []string{` vdom="`}}},
	} {
		s := spec(t, tt.line)
		require.Len(t, s.Accepts, 1)
		assert.Equal(t, tt.want, s.Accepts[0], tt.line)
		assert.Equal(t, strings.Contains(tt.line, " vd="), s.Loose, tt.line)
	}
	s := spec(t, "192.0.2.%d 51%d 44%d ACCEPT 1%d 7", "192.0.2.%d 52%d 53 REJECT 1%d 8")
	assert.Equal(t, infer.Text, s.Format)
	assert.Equal(t, []infer.Accept{{Input: []string{"acme"}}}, s.Accepts, "nothing tells such lines from others")
	s = spec(t, "a%d,192.0.2.%d,51%d,198.51.100.7,ACCEPT,1", "b%d,192.0.2.%d,51%d,198.51.100.7,REJECT,1")
	assert.Equal(t, []infer.Accept{{Contains: []string{",ACCEPT,", ",REJECT,"}}}, s.Accepts)
	s = spec(t, "Oct 11 12:00:0%d mx postfix/smtpd[%d]: connect from client%d of 192.0.2.%d", "Oct 11 12:00:0%d mx postfix/qmgr[%d]: from address%d of 192.0.2.%d")
	assert.Equal(t, []infer.Accept{{Contains: []string{" postfix/"}}}, s.Accepts, "applications of one family")
}

func TestNoShape(t *testing.T) {
	s, err := infer.ParseSamples("a.log", []byte("hello\nfoo bar\nan apple a day\nx y z w v\nnothing to see here, really\n"))
	require.NoError(t, err)
	_, err = infer.Infer(s, infer.Options{ID: "acme"})
	var shape *infer.ShapeError
	require.ErrorAs(t, err, &shape)
	assert.Contains(t, err.Error(), "the 5 lines have no shape in common")
}

// FuzzInfer: no lines make it panic, and what it says it writes is declared.
func FuzzInfer(f *testing.F) {
	for _, l := range []string{
		"a=1 b=\"2\" c=x", `{"a":{"b":1},"c":[1,"x"]}`, "CEF:0|a|b|c|d|e|3|src=192.0.2.1", "1,2,3,4,5,6", "#Fields: a b c\n1 2 3",
		"<13>1 2026-10-11T12:00:00Z h a p m [x@1 k=\"v\" l=\"w\" m=\"x\"]", "%ASA-6-302013: Built x for y:192.0.2.1/80 (192.0.2.1/80)", "%%FW/A/6/B: text a=1;b=2;",
		"Failed password for \"x\" from 192.0.2.1", "\"\"''\"'\"", "- -- ---- -", "2026-10-11 12:00:00 UTC [1] a@b LOG:  x: y",
	} {
		f.Add(l)
	}
	f.Fuzz(func(t *testing.T, line string) {
		data := strings.Repeat(line+"\n", 3) + strings.ReplaceAll(line, "1", "27") + "\n" + strings.ToUpper(line) + "\nx\n"
		s, err := infer.ParseSamples("a.log", []byte(data))
		if err != nil {
			return
		}
		out, err := infer.Infer(s, infer.Options{ID: "acme"})
		if err != nil {
			return
		}
		for _, o := range out.Own {
			assert.Contains(t, out.Writes, o.Name)
			assert.True(t, strings.HasPrefix(o.Name, "acme."), o.Name)
		}
		for i := range out.Templates {
			assert.NotEmpty(t, out.Templates[i].Pattern())
		}
	})
}
