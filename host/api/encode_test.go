package api

import (
	"encoding/json"
	"math"
	"net/netip"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/sdk/wire"
)

func TestAppendValue(t *testing.T) {
	for _, c := range []struct {
		v    any
		want string
	}{
		{nil, "null"},
		{"", `""`},
		{"a\"b\\c\n\r\t\x00\x1f\x7f<>&", `"a\"b\\c\n\r\t\u0000\u001f` + "\x7f" + `<>&"`},
		{"登录\xe7\x99\xff失败\U0001F600", `"登录` + "\ufffd\ufffd\ufffd" + `失败` + "\U0001F600" + `"`},
		{int64(math.MinInt64), "-9223372036854775808"},
		{uint64(math.MaxUint64), "18446744073709551615"},
		{7, "7"},
		{1.5, "1.5"},
		{1e21, "1e+21"},
		{1e-7, "1e-07"},
		{math.NaN(), "null"},
		{math.Inf(-1), "null"},
		{true, "true"},
		{time.Date(2026, 10, 11, 20, 0, 0, 1000, time.FixedZone("", 8*3600)), `"2026-10-11T12:00:00.000001Z"`},
		{netip.MustParseAddr("2001:db8::1"), `"2001:db8::1"`},
		{store.GeoPoint{Lat: -1, Lon: 2.5}, `{"lat":-1,"lon":2.5}`},
		{[]any{}, "[]"},
		{[]any{"a", int64(1), []any{nil}}, `["a",1,[null]]`},
		{time.Minute, `"1m0s"`},
	} {
		got := appendValue(nil, c.v)
		assert.Equal(t, c.want, string(got))
		assert.True(t, json.Valid(got), "%s", got)
	}
}

func TestAppendCSV(t *testing.T) {
	for s, want := range map[string]string{
		"": `""`, "a": "a", "a b": "a b", " a": `" a"`, "a ": `"a "`, `a"b`: `"a""b"`, `"`: `""""`, "a,b": `"a,b"`, "a\nb": "\"a\nb\"", "a\r": "\"a\r\"", "张,三": `"张,三"`,
	} {
		assert.Equal(t, want, string(appendCSV(nil, s)))
		assert.Equal(t, want, string(appendCSV(nil, []byte(s))))
	}
}

func FuzzAppendString(f *testing.F) {
	for _, s := range []string{"", "登录失败", "\xff\xfe", "\"\\\n", "a\u2028b", "\xe7\x99", "\xf0\x9f\x98\x80\xf0"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		b := appendString(nil, s)
		var back string
		require.NoError(t, json.Unmarshal(b, &back), "%q", b)
		var want strings.Builder
		for _, r := range s { // bytes that are not UTF-8 come as U+FFFD
			want.WriteRune(r)
		}
		require.Equal(t, want.String(), back)
		require.True(t, utf8.Valid(b))
		require.Equal(t, b, appendString(nil, []byte(s)))
	})
}

func TestEventIDIsTheStores(t *testing.T) {
	for _, p := range []int64{store.Position(1, 0, 0), store.Position(1<<39-1, 65535, 255), store.Position(7, 3, 2)} {
		b := &wire.Batch{Journal: "AAAAAAAAAAAAAAAAAAAAAA", Partition: 3}
		want := store.EventID{Journal: b.Journal, Partition: b.Partition, Position: p}.String()
		assert.Equal(t, want, string(appendEventID(nil, b, uint64(p))))
	}
}

func TestRowsCostNoAllocation(t *testing.T) {
	var msg, ip, at wire.Builder
	const rows = 1000
	msg.Reset(wire.Type_STRING, false, rows, nil, nil)
	ip.Reset(wire.Type_IP, false, rows, nil, nil)
	at.Reset(wire.Type_TIMESTAMP, false, rows, nil, nil)
	for i := range rows {
		msg.Copy(i, []byte("a line, with \"quotes\" and 中文"), 0, 0)
		at.Nanos(i, int64(i)*1e9)
		if i%2 == 0 {
			ip.IPv4(i, 0xc0000201)
		}
	}
	b := &wire.Batch{Rows: rows, Columns: []*wire.Column{msg.Finish(0), ip.Finish(0), at.Finish(0)}}
	b.Columns[0].Name, b.Columns[1].Name, b.Columns[2].Name = "message", "source.ip", "@timestamp"
	for _, e := range []rowEncoder{{}, {csv: true, columns: []string{"@timestamp", "source.ip", "message"}}} {
		buf := make([]byte, 0, 1<<20)
		per := testing.AllocsPerRun(10, func() {
			e.begin(b)
			buf = buf[:0]
			for row := range rows {
				buf = e.append(buf, row)
			}
		})
		assert.Less(t, per, 50.0, "a thousand rows")
	}
}

func BenchmarkRows(b *testing.B) {
	var msg, ip, level wire.Builder
	const rows = 1000
	line := []byte(`<134>Oct 11 12:00:00 fw01 %%FW/ATTACK/4/SYSLOG: src=192.0.2.7 dst=198.51.100.3 proto=tcp sport=40000 dport=443 action=deny 攻击类型=SQL注入`)
	msg.Reset(wire.Type_STRING, false, rows, nil, nil)
	ip.Reset(wire.Type_IP, false, rows, nil, nil)
	level.Reset(wire.Type_STRING, false, rows, nil, nil)
	for i := range rows {
		msg.Copy(i, line, 0, 0)
		ip.IPv4(i, 0xc0000201)
		level.Text(i, "Error")
	}
	batch := &wire.Batch{Rows: rows, Columns: []*wire.Column{msg.Finish(0), ip.Finish(0), level.Finish(0)}}
	batch.Columns[0].Name, batch.Columns[1].Name, batch.Columns[2].Name = "message", "source.ip", "log.level"
	for name, e := range map[string]*rowEncoder{"ndjson": {}, "csv": {csv: true, columns: []string{"log.level", "source.ip", "message"}}} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(rows * len(line)))
			buf := make([]byte, 0, 1<<20)
			for b.Loop() {
				e.begin(batch)
				buf = buf[:0]
				for row := range rows {
					buf = e.append(buf, row)
				}
			}
		})
	}
}
