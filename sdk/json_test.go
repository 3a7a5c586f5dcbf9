package sdk_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/jsonscan"
	"github.com/logcenter/logcenter/sdk/wire"
)

func TestSetJSON(t *testing.T) {
	got := answer(t, `{"plain":"ab","escaped":"a\"b","null":null,"empty":"","number":7}`, func(l []byte, ev *sdk.Event) {
		fields := map[string]ecs.Field{
			"plain": ecs.EventReason, "escaped": ecs.UserName, "null": ecs.UserDomain, "empty": ecs.HostName, "number": ecs.EventSeverity,
		}
		for it := jsonscan.Scan(l); it.Next(); {
			ev.SetJSON(fields[string(it.Path())], it)
		}
	})
	assert.Equal(t, map[string]string{"event.reason": "ab", "user.name": `a"b`, "event.severity": "7"}, got.values)
	assert.Equal(t, wire.Encoding_SPAN, got.encodings["event.reason"])
	assert.Equal(t, wire.Encoding_PLAIN, got.encodings["user.name"])
}

func TestObject(t *testing.T) {
	f := func(line, object, host string) {
		t.Helper()
		got := answer(t, line, func(l []byte, ev *sdk.Event) { ev.Set(ecs.EventReason, ev.Object(l, nil)) })
		assert.Equal(t, object, got.values["event.reason"], line)
		assert.Equal(t, host, got.values["host.name"], line)
	}
	f(`{"a":{}}`, `{"a":{}}`, "")
	f(`<134>Oct 11 12:00:01 db-01 trail: {"a":1}`, `{"a":1}`, "db-01")
	f(`2026-10-11T12:00:01Z db-01 trail: [{"a":1}]`, `{"a":1}]`, "db-01")
	f(`words {"a":1}`, `{"a":1}`, "")
	f(`<134>Oct 11 12:00:01 db-01 trail: none`, ``, "db-01")
	f(``, ``, "")
}

func TestEachObject(t *testing.T) {
	errNone, errRead := errors.New("none"), errors.New("read")
	f := func(path, line, want string, rows map[int]string) {
		t.Helper()
		b := batch(line)
		s := parserStage(t, parseMany(func(line []byte, next func() *sdk.Event) error {
			return sdk.EachObject(line, path, next, func(object []byte, ev *sdk.Event) error {
				ev.Set(ecs.EventAction, object)
				if string(object) == "{}" {
					return errRead
				}
				return nil
			}, errNone)
		}))
		process(t, s, b, func(r *wire.Result) {
			got := values(r, b, ecs.EventAction)
			if r.Fanout != nil {
				for i, v := range fanned(r, b, ecs.EventAction) {
					got[i+1] = v
				}
			}
			if len(rows) == 0 {
				assert.Empty(t, got, line)
			} else {
				assert.Equal(t, rows, got, line)
			}
			note := ""
			if len(r.Errors) > 0 {
				note = r.Errors[0].Message
			}
			assert.Equal(t, want, note, line)
		})
	}
	two := map[int]string{0: `{"a":1}`, 1: `{"b":[{}]}`}
	f("", `[{"a":1},{"b":[{}]}]`, "", two)
	f("", `[{"a":1},7,null,[{}],{"b":[{}]}]`, "", two)
	f("", `[{"a":1},{"b":[{}]}`, "jsonscan: byte 19: the line ends here, before its last bracket is closed", two)
	f("", `[{"a":1},{}]`, "read", map[int]string{0: `{"a":1}`, 1: `{}`})
	f("", `[]`, "none", nil)
	f("Records", `{"x":{"a":1},"Records":[{"a":1},{"b":[{}]}]}`, "", two)
	f("Records", `{"records":[{"a":1}]}`, "none", nil)
	f("data.items", `{"data":{"items":[{"a":1},{"b":[{}]}]}}`, "", two)
}
