package query_test

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/query"
	"github.com/logcenter/logcenter/sdk/wire"
)

// event is a row for tests: values by field name, of type string, int64, float64, bool, netip.Addr, time.Time
// or a []any of one of them. The key "message" is the line.
type event map[string]any

// encoding says how batchOf encodes strings other than message.
type encoding int

const (
	asPlain encoding = iota
	asDict
	asSpan // where the value stands in message, else plain
)

// batchOf makes a batch as the host makes them.
func batchOf(t testing.TB, events []event, enc encoding) *wire.Batch {
	t.Helper()
	b := &wire.Batch{Rows: uint32(len(events))}
	message := &wire.Column{Field: uint32(ecs.Message), Type: wire.Type_STRING, Encoding: wire.Encoding_PLAIN, Separator: 1, Count: b.Rows}
	message.Values = le32(message.Values, 0)
	for _, e := range events {
		line, _ := e["message"].(string)
		message.Data = append(message.Data, line+"\n"...)
		message.Values = le32(message.Values, len(message.Data))
	}
	b.Columns = append(b.Columns, message)
	var names []string
	for _, e := range events {
		for name := range e {
			if name != "message" && !contains(names, name) {
				names = append(names, name)
			}
		}
	}
	for _, name := range names {
		b.Columns = append(b.Columns, columnOf(t, name, events, message, enc))
	}
	return b
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

func le32(b []byte, v int) []byte { return append(b, byte(v), byte(v>>8), byte(v>>16), byte(v>>24)) }

func columnOf(t testing.TB, name string, events []event, message *wire.Column, enc encoding) *wire.Column {
	t.Helper()
	var typ wire.Type
	list := false
	for _, e := range events {
		v, ok := e[name]
		if !ok {
			continue
		}
		if l, ok := v.([]any); ok {
			list = true
			if len(l) == 0 {
				continue
			}
			v = l[0]
		}
		switch v.(type) {
		case string:
			typ = wire.Type_STRING
		case int64:
			typ = wire.Type_INT64
		case float64:
			typ = wire.Type_DOUBLE
		case bool:
			typ = wire.Type_BOOL
		case netip.Addr:
			typ = wire.Type_IP
		case time.Time:
			typ = wire.Type_TIMESTAMP
		default:
			t.Fatalf("%T", v)
		}
	}
	var c wire.Builder
	c.Reset(typ, list, len(events), message, nil)
	for row, e := range events {
		v, ok := e[name]
		if !ok {
			continue
		}
		values, isList := v.([]any)
		if !isList {
			values = []any{v}
		}
		for _, v := range values {
			switch v := v.(type) {
			case string:
				line, _ := e["message"].(string)
				at := strings.Index(line, v)
				switch {
				case enc == asDict:
					c.Text(row, v)
				case enc == asSpan && !list && at >= 0:
					c.Span(row, at, len(v))
				default:
					c.Copy(row, []byte(v), 0, 0)
				}
			case int64:
				c.Int(row, v)
			case float64:
				c.Float(row, v)
			case bool:
				c.Bool(row, v)
			case netip.Addr:
				c.IP(row, v.As16())
			case time.Time:
				c.Nanos(row, v.UnixNano())
			}
		}
	}
	col := c.Finish(0)
	if f, ok := ecs.Lookup(name); ok {
		col.Field = uint32(f)
	} else {
		col.Name = name
	}
	return col
}

// rowsOf lists the bits of a bitmap.
func rowsOf(bits []uint64) string {
	var rows []string
	for w, v := range bits {
		for i := range 64 {
			if v>>i&1 != 0 {
				rows = append(rows, strconv.Itoa(w*64+i))
			}
		}
	}
	return strings.Join(rows, " ")
}

func compile(t testing.TB, text string) *query.Matcher {
	t.Helper()
	n, err := query.Parse(text)
	require.NoError(t, err, text)
	m, err := query.Compile(n, query.Options{})
	require.NoError(t, err, text)
	return m
}

func TestMatch(t *testing.T) {
	addr := netip.MustParseAddr
	date := func(s string) time.Time {
		v, err := time.Parse(time.RFC3339Nano, s)
		require.NoError(t, err)
		return v
	}
	events := []event{
		{
			"message": "<134>Login FAILED for user admin from 10.0.0.1:8080", "observer.type": "firewall", "log.level": "Error",
			"source.ip": addr("10.0.0.1"), "source.port": int64(8080), "user.name": "admin", "@timestamp": date("2026-10-11T12:00:00.5Z"),
			"event.category": []any{"authentication", "network"}, "acme.note": "login", "event.id": "j-0-1-0",
		},
		{
			"message": "用户张三登录失败 app_name=switch", "observer.type": "ips", "log.level": "error",
			"source.ip": addr("2001:db8::1"), "source.port": int64(443), "user.name": "张三", "@timestamp": date("2026-10-12T00:00:00Z"),
			"related.ip": []any{addr("10.9.9.9"), addr("192.0.2.1")}, "event.id": "j-0-1-1",
		},
		{
			"message": "Bad gateway; failover. ÉCOLE ошибка", "observer.type": "firewall", "log.level": "Warn",
			"event.risk_score": 7.5, "acme.note": "log", "acme.number": int64(42), "event.category": []any{"network"},
		},
		{"message": "", "host.name": "app07.bank", "event.category": []any{}},
		{"message": "登 录 a.b.c x-y", "host.name": "App07", "related.ip": []any{addr("10.1.1.1")}, "source.ip": addr("192.0.2.200")},
	}
	f := func(text, want string) {
		t.Helper()
		for _, enc := range []encoding{asPlain, asDict, asSpan} {
			b := batchOf(t, events, enc)
			m := compile(t, text)
			assert.Equal(t, want, rowsOf(m.Match(b, nil)), "%s with encoding %d", text, enc)
			assert.Equal(t, want, rowsOf(m.Match(b, make([]uint64, 7))), "%s again", text)
		}
	}
	const all = "0 1 2 3 4"

	// text
	f("", all)
	f("failed", "0")
	f("FAILED", "0")
	f("fail", "")
	f("fail*", "0 2")
	f("event.original:failed", "0")
	f("message:(failed OR bad)", "0 2")
	f("login failed", "0")
	f(`"login failed"`, "0")
	f(`"failed login"`, "")
	f(`"failed for user"`, "0")
	f("10.0.0.1", "0")
	f("0.0.1", "0")
	f("10.0.1", "")
	f("app_name", "1")
	f("登录", "1 4")
	f("登录失败", "1")
	f("失败登录", "")
	f("张三登", "1")
	f("登", "1 4")
	f("登录*", "1 4")
	f("*登录*", "1 4")
	f("école", "2")
	f("ОШИБКА", "2")
	f("ошиб*", "2")
	f("te?t OR f?iled", "0")
	f("*over", "2")
	f("/fail.+/", "0 2")
	f("/^fail$/", "")
	f("/^[登录]$/", "1 4")
	f("/./", "0 1 2 4")
	f("a.b", "4")
	f("b.c.x", "4")
	f("a.c", "")
	f("a", "4")
	f("1", "0")
	f("NOT failed", "1 2 3 4")
	f("message:*", all)

	// keywords and lists
	f("log.level:Error", "0")
	f("log.level:error", "1")
	f("log.level:Err*", "0")
	f("log.level:?rror", "0 1")
	f("log.level:/rro/", "0 1")
	f("log.level:/^[Ee]rror$/", "0 1")
	f("log.level:/^rro/", "")
	f("NOT log.level:Error", "1 2 3 4")
	f("_exists_:log.level", "0 1 2")
	f("NOT log.level:*", "3 4")
	f("user.name:张三", "1")
	f("user.name:张", "")
	f("host.name:/app[0-2][0-9]/", "3")
	f("event.category:network", "0 2")
	f("event.category:(network AND authentication)", "0")
	f("NOT event.category:network", "1 3 4")
	f("event.category:auth*", "0")
	f("_exists_:event.category", "0 2")
	f("event.id:j-0-1-1", "1")
	f("log.level:(Error OR Warn OR Fatal OR x OR y)", "0 2")

	// undeclared
	f("acme.note:login", "0")
	f("acme.note:log*", "0 2")
	f("acme.note:*", "0 2")
	f("acme.nothing:x OR acme.nothing:*", "")
	f("NOT acme.nothing:x", all)
	f("acme.number:42", "2")

	// other types
	f("source.port:443", "1")
	f("source.port:[443 TO 8080}", "1")
	f("source.port:>443", "0")
	f("source.port:<=8080", "0 1")
	f("NOT source.port:>443", "1 2 3 4")
	f("event.risk_score:[7 TO 8]", "2")
	f("event.risk_score:>7.5", "")
	f("event.risk_score:7.5", "2")
	f("source.ip:10.0.0.1", "0")
	f("source.ip:10.0.0.0/8", "0")
	f("source.ip:2001:db8::/32", "1")
	f("source.ip:[10.0.0.0 TO 192.0.2.200]", "0 4")
	f("source.ip:(10.0.0.1 OR 10.0.0.2 OR 10.0.0.3 OR 2001:db8::1)", "0 1")
	f("related.ip:10.0.0.0/8", "1 4")
	f("related.ip:192.0.2.1", "1")
	f("@timestamp:2026-10-11", "0")
	f("@timestamp:[2026-10-11 TO 2026-10-12]", "0 1")
	f("@timestamp:{2026-10-11 TO *]", "1")
	f("@timestamp:>=2026-10-11T12:00:00Z", "0 1")
	f("@timestamp:<now-1d", "0 1")
	f("@timestamp:>now+1d", "")

	// together
	f("observer.type:firewall AND (Failed OR Bad OR Error)", "0 2")
	f("observer.type:firewall AND NOT (Failed OR Bad)", "")
	f("observer.type:ips OR failed", "0 1")
	f("(observer.type:ips AND 登录) OR (observer.type:firewall AND bad)", "1 2")
	f("NOT (observer.type:ips OR gateway)", "0 3 4")
	f("failed OR NOT failed", all)
	f("failed AND NOT failed", "")
	f("NOT NOT failed", "0")
	f("/./ AND failed AND observer.type:firewall", "0")
}

func TestMatchColumnsByName(t *testing.T) {
	b := batchOf(t, []event{{"message": "a", "log.level": "Error"}, {"message": "b", "log.level": "Warn"}}, asDict)
	for _, c := range b.Columns { // as in a journal of another process
		if c.Name == "" {
			c.Name = ecs.Field(c.Field).Name()
		}
		c.Field = 9999
	}
	assert.Equal(t, "0", rowsOf(compile(t, "log.level:Error a").Match(b, nil)))
}

func TestMatchWithoutMessage(t *testing.T) {
	b := batchOf(t, []event{{"log.level": "Error"}}, asDict)
	b.Columns = b.Columns[1:]
	assert.Empty(t, rowsOf(compile(t, "a OR /x./ OR message:*").Match(b, nil)))
	assert.Equal(t, "0", rowsOf(compile(t, "NOT a").Match(b, nil)))
}

// A message column that is not one line a row is read value by value.
func TestMatchSparseMessage(t *testing.T) {
	b := batchOf(t, []event{{"message": "login failed"}, {"message": "failed login"}}, asPlain)
	b.Rows = 4
	b.Columns[0].Present = []byte{0b1010}
	assert.Equal(t, "1 3", rowsOf(compile(t, "failed").Match(b, nil)))
	assert.Equal(t, "3", rowsOf(compile(t, `"failed login"`).Match(b, nil)))
	assert.Equal(t, "0 2", rowsOf(compile(t, "NOT failed").Match(b, nil)))
}

func TestMatchRelativeDate(t *testing.T) {
	now := time.Date(2026, 10, 11, 12, 0, 0, 0, time.UTC)
	n, err := query.Parse("@timestamp:>now-1h")
	require.NoError(t, err)
	m, err := query.Compile(n, query.Options{Now: func() time.Time { return now }})
	require.NoError(t, err)
	b := batchOf(t, []event{{"message": "", "@timestamp": now.Add(-30 * time.Minute)}}, asPlain)
	assert.Equal(t, "0", rowsOf(m.Match(b, nil)))
	now = now.Add(time.Hour)
	assert.Empty(t, rowsOf(m.Match(b, nil)))
}

func TestCompileErrors(t *testing.T) {
	n, err := query.Parse("fail AND log.level:>5")
	require.NoError(t, err)
	_, err = query.Compile(n, query.Options{})
	var qerr *query.Error
	require.ErrorAs(t, err, &qerr)
	assert.Equal(t, query.Pos{Start: 9, End: 21}, qerr.Pos)
}

func TestSet(t *testing.T) {
	b := batchOf(t, []event{
		{"message": "login failed", "observer.type": "firewall"},
		{"message": "登录失败", "observer.type": "ips"},
		{"message": "ok", "observer.type": "ips"},
	}, asDict)
	texts := []string{"failed", "observer.type:ips AND 登录", "observer.type:ips AND failed", "*", "NOT ok", "observer.type:ips"}
	var ms []*query.Matcher
	for _, text := range texts {
		ms = append(ms, compile(t, text))
	}
	s, err := query.NewSet(ms...)
	require.NoError(t, err)
	assert.Equal(t, len(texts), s.Len())
	for range 2 {
		var got []string
		for _, bits := range s.Clone().Match(b, nil) {
			got = append(got, rowsOf(bits))
		}
		assert.Equal(t, []string{"0", "1", "", "0 1 2", "0 1", "1 2"}, got)
	}
	empty, err := query.NewSet()
	require.NoError(t, err)
	assert.Empty(t, empty.Match(b, nil))
}

func TestMatchAllocatesNothing(t *testing.T) {
	var events []event
	for i := range 500 {
		events = append(events, event{
			"message": fmt.Sprintf("line %d login failed 登录失败 from 10.0.0.%d", i, i%256), "log.level": []string{"Error", "Warn"}[i%2],
			"source.ip": netip.AddrFrom4([4]byte{10, 0, 0, byte(i)}), "user.name": "user" + strconv.Itoa(i), "@timestamp": time.Now(),
		})
	}
	b := batchOf(t, events, asDict)
	m := compile(t, `log.level:Error AND (failed OR "登录 失败" OR /f.+d/ OR te?t) AND NOT source.ip:10.0.0.0/28 AND user.name:(/[0-9]7/ OR user1* OR a OR b OR c OR d) AND @timestamp:>now-1h`)
	out := m.Match(b, nil)
	require.NotEmpty(t, rowsOf(out))
	assert.Zero(t, testing.AllocsPerRun(20, func() { out = m.Match(b, out) }))
	s, err := query.NewSet(m, compile(t, "failed"), compile(t, "log.level:Warn"))
	require.NoError(t, err)
	outs := s.Match(b, nil)
	assert.Zero(t, testing.AllocsPerRun(20, func() { outs = s.Match(b, outs) }))
}

// Fields that nobody declared are compared as text whatever their column holds.
func TestMatchUndeclaredTypes(t *testing.T) {
	at := time.Date(2026, 10, 11, 12, 0, 0, 5e8, time.UTC)
	b := batchOf(t, []event{
		{"acme.i": int64(-5), "acme.d": 2.5, "acme.b": true, "acme.a": netip.MustParseAddr("10.0.0.1"), "acme.t": at, "acme.l": []any{int64(1), int64(22)}},
		{"acme.i": int64(50), "acme.d": 1e9, "acme.b": false, "acme.a": netip.MustParseAddr("2001:db8::1"), "acme.t": at.Add(time.Hour)},
	}, asPlain)
	f := func(text, want string) {
		t.Helper()
		assert.Equal(t, want, rowsOf(compile(t, text).Match(b, nil)), text)
	}
	f(`acme.i:"-5"`, "0")
	f("acme.i:5*", "1")
	f("acme.d:2.5", "0")
	f("acme.b:true", "0")
	f("acme.a:10.0.0.1", "0")
	f("acme.a:2001*", "1")
	f(`acme.t:"2026-10-11T12:00:00.5Z"`, "0")
	f("acme.t:2026-10-11T13*", "1")
	f("acme.l:22", "0")
	f("acme.i:*", "0 1")
}

// A column of another type than the field's does not match, and does no harm.
func TestMatchOtherType(t *testing.T) {
	b := batchOf(t, []event{{"message": "x", "source.port": "443", "source.ip": "10.0.0.1", "@timestamp": int64(1), "event.risk_score": int64(7)}}, asPlain)
	f := func(text, want string) {
		t.Helper()
		assert.Equal(t, want, rowsOf(compile(t, text).Match(b, nil)), text)
	}
	f("source.port:443", "")
	f("source.ip:10.0.0.0/8", "")
	f("@timestamp:>1970-01-01", "")
	f("event.risk_score:[6.5 TO 7.5]", "0")
}

// Lines that touch each other are still lines of their own.
func TestMatchLinesWithoutSeparator(t *testing.T) {
	lines := []string{"login", "failed", "", "登", "录a", "b"}
	c := &wire.Column{Field: uint32(ecs.Message), Type: wire.Type_STRING, Encoding: wire.Encoding_PLAIN, Count: uint32(len(lines)), Values: le32(nil, 0)}
	for _, l := range lines {
		c.Data = append(c.Data, l...)
		c.Values = le32(c.Values, len(c.Data))
	}
	b := &wire.Batch{Rows: uint32(len(lines)), Columns: []*wire.Column{c}}
	f := func(text, want string) {
		t.Helper()
		assert.Equal(t, want, rowsOf(compile(t, text).Match(b, nil)), text)
	}
	f("login", "0")
	f("failed", "1")
	f("loginfailed OR ginf* OR 登录 OR ab", "")
	f("a", "4")
	f("b", "5")
	f("登", "3")
}

// Clones share what was compiled and nothing else.
func TestCloneConcurrently(t *testing.T) {
	var events []event
	for i := range 300 {
		events = append(events, event{"message": fmt.Sprintf("n%d failed", i), "log.level": strconv.Itoa(i % 3), "@timestamp": time.Now()})
	}
	b := batchOf(t, events, asDict)
	m := compile(t, "log.level:1 AND failed AND NOT n4 AND @timestamp:>now-1h")
	s, err := query.NewSet(m, m)
	require.NoError(t, err)
	want := rowsOf(m.Match(b, nil))
	require.NotEmpty(t, want)
	done := make(chan string)
	for range 4 {
		go func() {
			m, s := m.Clone(), s.Clone()
			got := ""
			for range 20 {
				got = rowsOf(m.Match(b, nil))
				if sets := s.Match(b, nil); rowsOf(sets[1]) != got {
					got = "the set differs"
				}
			}
			done <- got
		}()
	}
	for range 4 {
		assert.Equal(t, want, <-done)
	}
}
