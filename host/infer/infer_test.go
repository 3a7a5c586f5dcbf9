package infer_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/infer"
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
	} {
		s := spec(t, tt.line)
		require.Len(t, s.Accepts, 1)
		assert.Equal(t, tt.want, s.Accepts[0], tt.line)
	}
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
