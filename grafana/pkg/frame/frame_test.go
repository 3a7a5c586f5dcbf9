package frame_test

import (
	"encoding/json"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/grafana/grafana-plugin-sdk-go/data"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/grafana/pkg/frame"
	"github.com/logcenter/logcenter/sdk/client"
)

// A column has the type that all values of its field have.
func TestColumnsMeet(t *testing.T) {
	for _, c := range []struct {
		name   string
		values []string // JSON; empty: the event has no such field
		kind   data.FieldType
		want   []any
	}{
		{"whole", []string{`1`, ``, `-3`, `9007199254740993`}, data.FieldTypeNullableInt64, []any{int64(1), nil, int64(-3), int64(9007199254740993)}},
		{"numbers", []string{`1`, `2.5`, `3`}, data.FieldTypeNullableFloat64, []any{1.0, 2.5, 3.0}},
		{"numbers, the first with a point", []string{`2.5`, `3`, `1e400`}, data.FieldTypeNullableString, []any{"2.5", "3", "1e400"}},
		{"truth", []string{`true`, `false`, `null`}, data.FieldTypeNullableBool, []any{true, false, nil}},
		{"times", []string{`"2026-10-11T12:00:00Z"`, `"2026-10-11T12:00:00.000000001Z"`}, data.FieldTypeNullableTime, []any{time.Date(2026, 10, 11, 12, 0, 0, 0, time.UTC), time.Date(2026, 10, 11, 12, 0, 0, 1, time.UTC)}},
		{"a time and a text", []string{`"2026-10-11T12:00:00Z"`, `"noon"`}, data.FieldTypeNullableString, []any{"2026-10-11T12:00:00Z", "noon"}},
		{"number, then text, then number", []string{`1`, `"x"`, `2`, `true`}, data.FieldTypeNullableString, []any{"1", "x", "2", "true"}},
		{"lists", []string{`["a","b"]`, `[]`, `[1,"c"]`}, data.FieldTypeNullableString, []any{`["a","b"]`, "", `[1,"c"]`}},
		{"a place", []string{`{"lat":1.5,"lon":2}`}, data.FieldTypeNullableString, []any{`{"lat":1.5,"lon":2}`}},
		{"nothing", []string{``, `null`}, data.FieldTypeNullableString, []any{nil, nil}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := frame.NewTable([]string{"x"})
			for _, v := range c.values {
				raw := `{"@timestamp":"2026-10-11T12:00:00Z"}`
				if v != "" {
					raw = `{"a":"other","x":` + v + `}`
				}
				require.NoError(t, b.Add([]byte(raw)))
			}
			f := b.Frame(frame.Custom{}, "")
			require.Len(t, f.Fields, 1)
			assert.Equal(t, c.kind, f.Fields[0].Type())
			var got []any
			for i := range f.Rows() {
				v, ok := f.Fields[0].ConcreteAt(i)
				if !ok {
					v = nil
				}
				got = append(got, v)
			}
			assert.Equal(t, c.want, got)
			_, err := f.MarshalArrow()
			require.NoError(t, err)
		})
	}
}

// A table without a list of fields shows all, up to a bound that it tells of.
func TestTableOfManyFields(t *testing.T) {
	b := frame.NewTable(nil)
	ev := map[string]any{"message": "m", "event.id": "i", "@timestamp": "2026-10-11T12:00:00Z"}
	for i := range 600 {
		ev["field."+string(rune('a'+i%26))+time.Duration(i).String()] = i
	}
	raw, err := json.Marshal(ev)
	require.NoError(t, err)
	require.NoError(t, b.Add(raw))
	f := b.Frame(frame.Custom{}, "")
	assert.Len(t, f.Fields, 500)
	assert.Equal(t, "@timestamp", f.Fields[0].Name)
	require.Len(t, f.Meta.Notices, 1)
	assert.Contains(t, f.Meta.Notices[0].Text, "fields are not shown")
}

// Every value of an event comes out as it went in, whatever it has in it.
func TestLabelsAreTheValues(t *testing.T) {
	l := frame.NewLogs("", 1)
	raw := `{ "@timestamp":"2026-10-11T12:00:00.5Z", "a":"q\" \\ \n\u0041\ud83d\ude00", "b":["x\"y",1], "c":{"k":"v\\"}, "d":-1.5e3, "e":true, "f":null, "event.id":"i\u002d1", "log.level":"Fatal", "message":"用户 \"张三\"\t\/ \u0000" }`
	require.NoError(t, l.Add([]byte(raw)))
	f := l.Frame(frame.Custom{}, "")
	labels, _ := f.Fields[4].ConcreteAt(0)
	var got map[string]string
	require.NoError(t, json.Unmarshal(labels.(json.RawMessage), &got)) //nolint:forcetypeassert // the contract
	assert.Equal(t, map[string]string{
		"a": "q\" \\ \nA😀", "b": `["x\"y",1]`, "c": `{"k":"v\\"}`, "d": "-1.5e3", "e": "true", "log.level": "Fatal",
	}, got)
	for i, want := range []any{time.Date(2026, 10, 11, 12, 0, 0, 5e8, time.UTC), "用户 \"张三\"\t/ \x00", "critical", "i-1"} {
		v, _ := f.Fields[i].ConcreteAt(0)
		assert.Equal(t, want, v)
	}
}

// FuzzAdd reads events as encoding/json does, and never panics.
func FuzzAdd(f *testing.F) {
	f.Add([]byte(`{"@timestamp":"2026-10-11T12:00:00Z","message":"a\"b\\","x":[1,"\u00e9"],"y":{"z":null}}`))
	f.Add([]byte(`{"a":"\ud83d\ude00\ud800x","b":[[],{}],"c":1}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		l, b := frame.NewLogs("", 1), frame.NewTable(nil)
		logsErr, tableErr := l.Add(raw), b.Add(raw)
		var want map[string]any
		if json.Unmarshal(raw, &want) != nil || want == nil {
			return
		}
		require.NoError(t, tableErr)
		tf := b.Frame(frame.Custom{}, "")
		_, err := tf.MarshalArrow()
		require.NoError(t, err)
		if logsErr != nil {
			return
		}
		lf := l.Frame(frame.Custom{}, "")
		v, _ := lf.Fields[4].ConcreteAt(0)
		require.True(t, json.Valid(v.(json.RawMessage)), "%s", v) //nolint:forcetypeassert // the contract
		if message, ok := want["message"].(string); ok && utf8.Valid(raw) {
			body, _ := lf.Fields[1].ConcreteAt(0)
			require.Equal(t, message, body)
		}
	})
}

// An alert becomes a mark in panels, harmless as text, and a link to the events behind it.
func TestAlerts(t *testing.T) {
	at := time.Date(2026, 10, 11, 12, 0, 0, 0, time.UTC)
	a := client.Alert{
		ID: "a1", Rule: "r", Name: "<b>guessed</b>", Description: "<script>", Severity: "High", Device: "fw01", State: "open", Keys: map[string]string{"user.name": "<i>", "a": "b"},
		EventIDs: []string{"e-1", `e"2`}, First: at.Add(-time.Minute), Last: at, Recorded: at, Recovered: at.Add(time.Hour), Events: 2, Tags: []string{"t"},
	}
	f := frame.Alerts([]client.Alert{a, {ID: "a2", Recorded: at}}, "uid", "name", frame.Custom{}, "alerts")
	value := func(name string, row int) any {
		t.Helper()
		field, i := f.FieldByName(name)
		require.GreaterOrEqual(t, i, 0, name)
		v, _ := field.ConcreteAt(row)
		return v
	}
	assert.Equal(t, `event.id:("e-1" OR "e\"2")`, value("evidence", 0))
	assert.Empty(t, value("evidence", 1))
	assert.Equal(t, at.Add(-61*time.Second).UnixMilli(), value("evidenceFrom", 0))
	assert.Equal(t, at.Add(time.Second).UnixMilli(), value("evidenceTo", 0))
	assert.Equal(t, at.Add(time.Hour), value("timeEnd", 0))
	assert.Equal(t, "High,t", value("tags", 0))
	assert.Equal(t, "&lt;script&gt;\na=b, user.name=&lt;i&gt;\ndevice fw01\n2 events", value("text", 0))
	field, _ := f.FieldByName("evidence")
	assert.Equal(t, "uid", field.Config.Links[0].Internal.DatasourceUID)
}

// Counts of a level in other words are one series; the rest is unknown; nothing at all is zeros.
func TestVolume(t *testing.T) {
	bucket := func(at string, count int64, levels ...client.Bucket) client.Bucket {
		return client.Bucket{Key: at, Count: count, Aggs: []client.AggResult{{Kind: "terms", Buckets: levels}}}
	}
	a := &client.Aggregation{Total: 10, Aggs: []client.AggResult{{Buckets: []client.Bucket{
		bucket("2026-10-11T12:00:00Z", 7, client.Bucket{Text: "Error", Count: 2}, client.Bucket{Text: "error", Count: 1}, client.Bucket{Text: "odd", Count: 3}),
		bucket("2026-10-11T12:00:10Z", 0),
	}}}}
	frames := frame.Volume(a, 10*time.Second, "q")
	require.Len(t, frames, 2)
	assert.Equal(t, "error", frames[0].Name)
	assert.EqualValues(t, 3, frames[0].Fields[1].At(0))
	assert.Equal(t, "unknown", frames[1].Name)
	assert.EqualValues(t, 4, frames[1].Fields[1].At(0))
	none := frame.Volume(&client.Aggregation{Aggs: []client.AggResult{{}}}, time.Second, "")
	require.Len(t, none, 1)
	assert.Zero(t, none[0].Rows())
	assert.Empty(t, frame.Volume(&client.Aggregation{}, time.Second, ""))
}
