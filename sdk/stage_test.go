package sdk_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/wire"
)

// Fields of types that Logcenter's own fields do not have, or that nothing else of these tests sets.
var (
	flag   = ecs.New("stagetest.flag", ecs.Boolean, "A boolean to set.")
	ratio  = ecs.New("stagetest.ratio", ecs.Double, "A double to set.")
	unheld = ecs.New("stagetest.unheld", ecs.Keyword, "Set by parsers here, but in no manifest.")
)

var writes = []ecs.Field{
	ecs.Timestamp, ecs.EventStart, ecs.EventAction, ecs.EventCategory, ecs.EventSeverity, ecs.LogLevel, ecs.RelatedIP,
	ecs.EventCode, ecs.EventReason, ecs.RelatedUser, ecs.SourceGeoLocation, ecs.SourceIP, ecs.UserName, flag, ratio,
}

// parse is a parser of one function.
type parse func(line []byte, ev *sdk.Event) error

func (f parse) Parse(line []byte, ev *sdk.Event) error { return f(line, ev) }

// parseMany is one whose lines hold several events.
type parseMany func(line []byte, next func() *sdk.Event) error

func (parseMany) Parse([]byte, *sdk.Event) error {
	return errors.New("ParseMany must be called instead")
}

func (f parseMany) ParseMany(line []byte, next func() *sdk.Event) error { return f(line, next) }

func decls(fields ...ecs.Field) (out []*wire.FieldDecl) {
	for _, f := range fields {
		i := f.Info()
		out = append(out, &wire.FieldDecl{Id: uint32(f), Name: i.Name, Type: sdk.WireType(i.Type), List: i.List})
	}
	return out
}

func open(t testing.TB, s *sdk.Stage) *sdk.Stage {
	require.NoError(t, s.Open(&wire.OpenRequest{
		Reads:        decls(ecs.Message, ecs.EventIngested, ecs.EventTimezone, ecs.UserName),
		Writes:       decls(writes...),
		MessageField: uint32(ecs.Message),
	}))
	return s
}

func parserStage(t testing.TB, p sdk.Parser) *sdk.Stage {
	return open(t, sdk.ParserStage(func(struct{}) (sdk.Parser, error) { return p, nil }))
}

// received is when all lines of these tests came in.
var received = time.Date(2026, 1, 1, 0, 30, 0, 0, time.UTC)

func batch(lines ...string) *wire.Batch {
	m := &wire.Column{Field: uint32(ecs.Message), Type: wire.Type_STRING, Count: uint32(len(lines)), Separator: 1, Values: make([]byte, 4)}
	at := &wire.Column{Field: uint32(ecs.EventIngested), Type: wire.Type_TIMESTAMP, Count: uint32(len(lines))}
	for _, l := range lines {
		m.Data = append(append(m.Data, l...), '\n')
		m.Values = binary.LittleEndian.AppendUint32(m.Values, uint32(len(m.Data)))
		at.Values = binary.LittleEndian.AppendUint64(at.Values, uint64(received.UnixNano()))
	}
	return &wire.Batch{Rows: uint32(len(lines)), Columns: []*wire.Column{m, at}}
}

// texts adds a column of one text a row; empty means none.
func texts(b *wire.Batch, f ecs.Field, values ...string) *wire.Batch {
	var w wire.Builder
	w.Reset(wire.Type_STRING, false, int(b.Rows), nil, nil)
	for row, v := range values {
		if v != "" {
			w.Text(row, v)
		}
	}
	if w.Used() {
		b.Columns = append(b.Columns, w.Finish(uint32(f)))
	}
	return b
}

// process hands the answer to use, after the host's check of it.
func process(t testing.TB, s *sdk.Stage, b *wire.Batch, use func(*wire.Result)) {
	t.Helper()
	require.NoError(t, s.Process(context.Background(), b, func(r *wire.Result) error {
		if err := r.Validate(b, uint32(ecs.Message)); err != nil {
			return fmt.Errorf("the host would refuse the answer: %w", err)
		}
		use(r)
		return nil
	}))
}

// show is a column's values by row, in text; nil if the answer lacks it.
func show(cs []*wire.Column, f ecs.Field, rows int, message *wire.Column, line func(int) int) map[int]string {
	for _, c := range cs {
		if c.Field != uint32(f) {
			continue
		}
		out := map[int]string{}
		c.Each(rows, func(row, k int) {
			from, to := k, k+1
			if len(c.Lists) > 0 {
				from, to = c.List(k)
			}
			var parts []string
			for ; from < to; from++ {
				parts = append(parts, element(c, from, line(row), message))
			}
			out[row] = strings.Join(parts, ",")
		})
		return out
	}
	return nil
}

func element(c *wire.Column, k, row int, message *wire.Column) string {
	switch c.Type {
	case wire.Type_STRING:
		return string(c.Text(k, row, message))
	case wire.Type_INT64:
		return fmt.Sprint(c.Int(k))
	case wire.Type_DOUBLE:
		return fmt.Sprint(c.Float(k))
	case wire.Type_BOOL:
		return fmt.Sprint(c.Bool(k))
	case wire.Type_IP:
		return c.Addr(k).String()
	case wire.Type_TIMESTAMP:
		return time.Unix(0, c.Nanos(k)).UTC().Format(time.RFC3339Nano)
	default:
		lat, lon := c.Point(k)
		return fmt.Sprint(lat, " ", lon)
	}
}

func same(row int) int { return row }

// values is what the answer has of f, by row.
func values(r *wire.Result, b *wire.Batch, f ecs.Field) map[int]string {
	return show(r.Columns, f, int(b.Rows), b.Column(uint32(ecs.Message)), same)
}

// fanned is what the answer has of f in fan-out events, by their number.
func fanned(r *wire.Result, b *wire.Batch, f ecs.Field) map[int]string {
	parent := func(row int) int { return int(binary.LittleEndian.Uint32(r.Fanout.Parents[4*row:])) }
	return show(r.Fanout.Columns, f, int(r.Fanout.Rows), b.Column(uint32(ecs.Message)), parent)
}

// one runs a parser on one line and returns the field's value and the note on the event.
func one(t *testing.T, line string, f ecs.Field, p parse) (value, note string) {
	t.Helper()
	b := batch(line)
	process(t, parserStage(t, p), b, func(r *wire.Result) {
		value = values(r, b, f)[0]
		if len(r.Errors) > 0 {
			note = r.Errors[0].Message
		}
	})
	return value, note
}

func TestSetReadsTextByTheFieldsType(t *testing.T) {
	for _, tt := range []struct {
		field      ecs.Field
		text, want string
		note       string
	}{
		{ecs.UserName, "张三", "张三", ""},
		{ecs.EventSeverity, "7", "7", ""},
		{ecs.EventSeverity, "-42", "-42", ""},
		{ecs.EventSeverity, "9223372036854775807", "9223372036854775807", ""},
		{ecs.EventSeverity, "-9223372036854775808", "-9223372036854775808", ""},
		{ecs.EventSeverity, "9223372036854775808", "", "not a whole number"},
		{ecs.EventSeverity, "--1234567890123456789", "", "not a whole number"},
		{ecs.EventSeverity, "-+1234567890123456789", "", "not a whole number"},
		{ecs.EventSeverity, "-", "", "not a whole number"},
		{ecs.EventSeverity, "1.5", "", "not a whole number"},
		{ratio, "1.5", "1.5", ""},
		{ratio, "-2e3", "-2000", ""},
		{ratio, "NaN", "", "not a number"},
		{ratio, "1e999", "", "not a number"},
		{flag, "true", "true", ""},
		{flag, "0", "false", ""},
		{flag, "yes", "", "not true or false"},
		{ecs.SourceIP, "192.0.2.255", "192.0.2.255", ""},
		{ecs.SourceIP, "2001:db8::1", "2001:db8::1", ""},
		{ecs.SourceIP, "::ffff:192.0.2.1", "192.0.2.1", ""},
		{ecs.SourceIP, "192.0.2.256", "", "not an IP address"},
		{ecs.SourceIP, "192.0.2", "", "not an IP address"},
		{ecs.SourceIP, "192.0.2.1.5", "", "not an IP address"},
		{ecs.SourceIP, "192.0.2.01", "", "not an IP address"},
		{ecs.EventStart, "2026-10-11T12:00:00.5+08:00", "2026-10-11T04:00:00.5Z", ""},
		{ecs.EventStart, "yesterday", "", "not a time of the form"},
		{ecs.SourceGeoLocation, "1,2", "", "cannot be set from text"},
	} {
		value, note := one(t, tt.text, tt.field, func(line []byte, ev *sdk.Event) error {
			ev.Set(tt.field, line)
			return nil
		})
		assert.Equal(t, tt.want, value, "%s of %q", tt.field.Name(), tt.text)
		if tt.note == "" {
			assert.Empty(t, note, "%s of %q", tt.field.Name(), tt.text)
			continue
		}
		assert.Contains(t, note, tt.field.Name()+": "+tt.note)
		assert.NotContains(t, note, tt.text, "a note must not quote the line")
	}
}

func TestSettersByType(t *testing.T) {
	for _, tt := range []struct {
		field ecs.Field
		want  string
		set   func(*sdk.Event)
	}{
		{ecs.EventSeverity, "-5", func(ev *sdk.Event) { ev.SetInt(ecs.EventSeverity, -5) }},
		{ecs.EventSeverity, "5000000000", func(ev *sdk.Event) { ev.SetInt(ecs.EventSeverity, 5e9) }},
		{ratio, "0.25", func(ev *sdk.Event) { ev.SetFloat(ratio, 0.25) }},
		{ratio, "", func(ev *sdk.Event) { ev.SetFloat(ratio, math.NaN()) }},
		{ratio, "", func(ev *sdk.Event) { ev.SetFloat(ratio, math.Inf(-1)) }},
		{flag, "false", func(ev *sdk.Event) { ev.SetBool(flag, false) }},
		{ecs.SourceIP, "192.0.2.7", func(ev *sdk.Event) { ev.SetAddr(ecs.SourceIP, netip.MustParseAddr("192.0.2.7")) }},
		{ecs.SourceIP, "", func(ev *sdk.Event) { ev.SetAddr(ecs.SourceIP, netip.Addr{}) }},
		{ecs.SourceGeoLocation, "31.2 121.5", func(ev *sdk.Event) { ev.SetPoint(ecs.SourceGeoLocation, 31.2, 121.5) }},
		{ecs.LogLevel, "Fatal", func(ev *sdk.Event) { ev.SetLevel(ecs.Fatal) }},
		{ecs.UserName, "", func(ev *sdk.Event) { ev.SetString(ecs.UserName, "") }},
		{ecs.UserName, "b", func(ev *sdk.Event) { ev.SetString(ecs.UserName, "a"); ev.SetString(ecs.UserName, "b") }},
		{ecs.EventCategory, "web,network", func(ev *sdk.Event) {
			ev.SetString(ecs.EventCategory, "web")
			ev.SetString(ecs.EventCategory, "network")
		}},
		{ecs.RelatedIP, "192.0.2.1,2001:db8::1", func(ev *sdk.Event) {
			ev.SetIP(ecs.RelatedIP, []byte("192.0.2.1"))
			ev.SetIP(ecs.RelatedIP, []byte("2001:db8::1"))
		}},
	} {
		value, note := one(t, "a line", tt.field, func(_ []byte, ev *sdk.Event) error {
			tt.set(ev)
			return nil
		})
		assert.Equal(t, tt.want, value, tt.field.Name())
		assert.Empty(t, note, tt.field.Name())
	}
}

// A setter of another type is the author's mistake. It must cost the value, not the whole batch.
func TestSetterOfAnotherTypeIsNoted(t *testing.T) {
	for name, set := range map[string]func(*sdk.Event){
		"int on a text":     func(ev *sdk.Event) { ev.SetInt(ecs.UserName, 1) },
		"text on an int":    func(ev *sdk.Event) { ev.SetString(ecs.EventSeverity, "high") },
		"copy on an int":    func(ev *sdk.Event) { ev.SetCopy(ecs.EventSeverity, []byte("7"), nil) },
		"float on an int":   func(ev *sdk.Event) { ev.SetFloat(ecs.EventSeverity, 1) },
		"bool on a text":    func(ev *sdk.Event) { ev.SetBool(ecs.UserName, true) },
		"address on a text": func(ev *sdk.Event) { ev.SetAddr(ecs.UserName, netip.MustParseAddr("192.0.2.1")) },
		"IP on a text":      func(ev *sdk.Event) { ev.SetIP(ecs.UserName, []byte("192.0.2.1")) },
		"place on an IP":    func(ev *sdk.Event) { ev.SetPoint(ecs.SourceIP, 1, 2) },
		"time on a text":    func(ev *sdk.Event) { ev.SetTimeField(ecs.UserName, time.RFC3339, nil, []byte("2026-10-11T12:00:00Z")) },
	} {
		value, note := one(t, "kept", ecs.EventAction, func(line []byte, ev *sdk.Event) error {
			ev.Set(ecs.EventAction, line)
			set(ev)
			return nil
		})
		assert.Equal(t, "kept", value, name)
		assert.Contains(t, note, "cannot be set", name)
	}
}

// Text from outside, such as a table of assets, need not be UTF-8: that must not cost the batch either.
func TestStringsBecomeUTF8(t *testing.T) {
	value, _ := one(t, "line", ecs.UserName, func(_ []byte, ev *sdk.Event) error {
		ev.SetString(ecs.UserName, "\xd5\xc5") // 张 in GBK
		return nil
	})
	assert.Equal(t, "\uFFFD", value)
	value, note := one(t, "line", ecs.UserName, func(_ []byte, ev *sdk.Event) error {
		ev.Set(ecs.UserName, []byte("\xd5\xc5"))
		return nil
	})
	assert.Empty(t, value)
	assert.Contains(t, note, "user.name: not UTF-8")
}

func TestTextOfTheLineIsASpanAnythingElseACopy(t *testing.T) {
	b := batch("用户=张三 x")
	at := len("用户=")
	for name, tt := range map[string]struct {
		p        parse
		encoding wire.Encoding
		want     string
	}{
		"part of the line": {func(l []byte, ev *sdk.Event) error { ev.Set(ecs.UserName, l[at:at+6]); return nil }, wire.Encoding_SPAN, "张三"},
		"made":             {func(_ []byte, ev *sdk.Event) error { ev.Set(ecs.UserName, []byte("李四")); return nil }, wire.Encoding_PLAIN, "李四"},
		"decoded":          {func(l []byte, ev *sdk.Event) error { ev.SetCopy(ecs.UserName, []byte("ZS"), l[at:at+6]); return nil }, wire.Encoding_PLAIN, "ZS"},
		"recurring":        {func(_ []byte, ev *sdk.Event) error { ev.SetString(ecs.UserName, "王五"); return nil }, wire.Encoding_DICT, "王五"},
	} {
		process(t, parserStage(t, tt.p), b, func(r *wire.Result) {
			c := r.Column(uint32(ecs.UserName))
			require.NotNil(t, c, name)
			assert.Equal(t, tt.encoding, c.Encoding, name)
			assert.Equal(t, tt.want, values(r, b, ecs.UserName)[0], name)
			if name == "decoded" {
				assert.Equal(t, uint32(at), binary.LittleEndian.Uint32(c.Origin), "masking must know what the copy shows")
				assert.Equal(t, uint32(at+6), binary.LittleEndian.Uint32(c.Origin[4:]))
			}
		})
	}
	value, note := one(t, "张三", ecs.UserName, func(l []byte, ev *sdk.Event) error { ev.Set(ecs.UserName, l[1:4]); return nil })
	assert.Empty(t, value)
	assert.Contains(t, note, "cuts a character")
}

// One column whose rows come by all ways, with spans that need more than 16 bits.
func TestMixedColumn(t *testing.T) {
	far := strings.Repeat("x", 70000) + "far"
	b := batch("span", "copy", "recurring", "", far, "again")
	s := parserStage(t, parse(func(line []byte, ev *sdk.Event) error {
		switch string(line[:min(len(line), 4)]) {
		case "copy":
			ev.Set(ecs.UserName, []byte("a copy"))
		case "recu":
			ev.SetString(ecs.UserName, "a name")
		case "xxxx":
			ev.Set(ecs.UserName, line[len(line)-3:])
		default:
			ev.Set(ecs.UserName, line)
		}
		return nil
	}))
	for range 2 { // the second time with buffers that were used
		process(t, s, b, func(r *wire.Result) {
			assert.Equal(t, map[int]string{0: "span", 1: "a copy", 2: "a name", 4: "far", 5: "again"}, values(r, b, ecs.UserName))
		})
	}
}

// Setting again replaces, whatever the ways; nothing of the row before may be lost by it.
func TestSettingAgainReplaces(t *testing.T) {
	b := batch("one", "two", "three")
	ways := map[string]func(*sdk.Event, []byte, string){
		"span":   func(ev *sdk.Event, line []byte, _ string) { ev.Set(ecs.UserName, line) },
		"copy":   func(ev *sdk.Event, _ []byte, s string) { ev.Set(ecs.UserName, []byte(s)) },
		"string": func(ev *sdk.Event, _ []byte, s string) { ev.SetString(ecs.UserName, s) },
	}
	for first, set := range ways {
		for second, replace := range ways {
			s := parserStage(t, parse(func(line []byte, ev *sdk.Event) error {
				set(ev, line[:1], "x"+string(line))
				replace(ev, line, string(line))
				return nil
			}))
			process(t, s, b, func(r *wire.Result) {
				assert.Equal(t, map[int]string{0: "one", 1: "two", 2: "three"}, values(r, b, ecs.UserName), "%s, then %s", first, second)
			})
		}
	}
	s := parserStage(t, parse(func(_ []byte, ev *sdk.Event) error {
		ev.SetInt(ecs.EventSeverity, 1)
		ev.SetInt(ecs.EventSeverity, 1<<40)
		ev.SetInt(ecs.EventSeverity, 3)
		return nil
	}))
	process(t, s, b, func(r *wire.Result) {
		assert.Equal(t, map[int]string{0: "3", 1: "3", 2: "3"}, values(r, b, ecs.EventSeverity))
	})
}

func TestListsOfMixedOrigin(t *testing.T) {
	b := batch("alice", "bob", "none", "carol")
	s := parserStage(t, parse(func(line []byte, ev *sdk.Event) error {
		if string(line) == "none" {
			return nil
		}
		ev.SetString(ecs.RelatedUser, "system")
		ev.Set(ecs.RelatedUser, line)
		ev.SetCopy(ecs.RelatedUser, []byte("decoded"), line[:2])
		return nil
	}))
	process(t, s, b, func(r *wire.Result) {
		assert.Equal(t, map[int]string{0: "system,alice,decoded", 1: "system,bob,decoded", 3: "system,carol,decoded"}, values(r, b, ecs.RelatedUser))
	})
}
