package main

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/message"
)

// facilities are the numbers of RFC 5424, section 6.2.1.
var facilities = map[string]int{
	"kern": 0, "user": 1, "mail": 2, "daemon": 3, "auth": 4, "syslog": 5, "lpr": 6, "news": 7, "uucp": 8, "cron": 9,
	"authpriv": 10, "ftp": 11, "ntp": 12, "audit": 13, "alert": 14, "clock": 15, "local0": 16, "local1": 17, "local2": 18,
	"local3": 19, "local4": 20, "local5": 21, "local6": 22, "local7": 23,
}

// severity is the reverse of ecs.SyslogSeverity; what is no severity is a notice.
func severity(s string) int {
	switch ecs.Severity(s) {
	case ecs.Fatal:
		return 2
	case ecs.Error:
		return 3
	case ecs.Warn:
		return 4
	case ecs.Informational:
		return 6
	case ecs.Debug:
		return 7
	}
	return 5
}

// header is what all messages begin with.
type header struct {
	facility  int
	host, app string
	pid       int
}

// sdID names the structured data. 32473 is the number that RFC 5612 sets aside for examples, as Logcenter has
// none of its own.
const sdID = "alert@32473"

// message is an alert as RFC 5424 has it:
//
//	<PRI>1 TIME HOST APP PID alert [alert@32473 id="…" …] BOM TEXT
//
// The text is cut, then left out, then long values of the structured data are cut, to stay below most bytes.
func (h *header) message(m *message.Message, now time.Time, most int) []byte {
	d := m.Document()
	b := fmt.Appendf(nil, "<%d>1 %s %s %s %d alert ", h.facility*8+severity(d.Severity),
		now.UTC().Format("2006-01-02T15:04:05.000Z07:00"), h.host, h.app, h.pid)
	for limit := most; ; limit /= 2 {
		whole := appendData(b, d, limit)
		if len(whole) > most && limit > 1 {
			continue
		}
		// The mark says that the text is UTF-8 (section 6.4).
		whole = append(whole, " \ufeff"...)
		return cut(append(whole, m.Line(message.Plain)...), most)
	}
}

// appendData appends the structured data with values of at most limit bytes. The log standard's eight facts come
// first: name, description, topic, type, method, fields, frequency, remarks.
func appendData(b []byte, d *message.Document, limit int) []byte {
	b = append(append([]byte(nil), b...), '[')
	b = append(b, sdID...)
	stamp := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return t.UTC().Format(time.RFC3339Nano)
	}
	number := func(n uint64) string {
		if n == 0 {
			return ""
		}
		return strconv.FormatUint(n, 10)
	}
	const facts = 10 // what the log standard demands is there also when it is empty
	for i, p := range [...][2]string{
		{"id", d.ID},
		{"kind", d.Kind},
		{"name", d.Name},
		{"description", d.Description},
		{"topic", d.Topic},
		{"type", d.Type},
		{"method", d.Method},
		{"fields", message.Pairs(d.Fields)},
		{"frequency", d.Frequency},
		{"remarks", d.Remarks},
		{"rule", d.Rule},
		{"severity", d.Severity},
		{"priority", number(uint64(max(0, d.Priority)))},
		{"keys", message.Pairs(d.Keys)},
		{"count", number(d.Count)},
		{"first", stamp(d.First)},
		{"last", stamp(d.Last)},
		{"recovers", d.Recovers},
		{"url", d.URL},
		{"tags", strings.Join(d.Tags, ",")},
	} {
		if p[1] == "" && i >= facts {
			continue
		}
		b = append(append(append(b, ' '), p[0]...), `="`...)
		b = append(appendValue(b, cut([]byte(message.Clean(p[1])), limit)), '"')
	}
	return append(b, ']')
}

// appendValue escapes what RFC 5424, section 6.3.3, asks for.
func appendValue(b, v []byte) []byte {
	for _, c := range v {
		if c == '"' || c == '\\' || c == ']' {
			b = append(b, '\\')
		}
		b = append(b, c)
	}
	return b
}

// cut shortens b to at most n bytes, not within a character.
func cut(b []byte, n int) []byte {
	if len(b) <= n {
		return b
	}
	for n > 0 && !utf8.RuneStart(b[n]) {
		n--
	}
	return b[:n]
}

// frame readies a message for TCP (RFC 6587, section 3.4).
func frame(b []byte, framing string) []byte {
	if framing == "newline" {
		return append(b, '\n')
	}
	return append(strconv.AppendInt(nil, int64(len(b)), 10), append([]byte{' '}, b...)...)
}

// printable says whether s can stand in the header (RFC 5424, section 6: PRINTUSASCII).
func printable(s string, most int) bool {
	return s != "" && len(s) <= most && bytes.IndexFunc([]byte(s), func(r rune) bool { return r <= ' ' || r > '~' }) < 0
}
