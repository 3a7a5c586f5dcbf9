package selection_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/grafana/pkg/model"
	"github.com/logcenter/logcenter/grafana/pkg/selection"
	"github.com/logcenter/logcenter/sdk/client"
	"github.com/logcenter/logcenter/sdk/query"
	"github.com/logcenter/logcenter/sdk/query/querytest"
)

var noon = backend.TimeRange{From: time.Date(2026, 10, 11, 11, 0, 0, 0, time.UTC), To: time.Date(2026, 10, 11, 12, 0, 0, 0, time.UTC)}

func TestOf(t *testing.T) {
	f := func(q model.Query, want string) {
		t.Helper()
		got, err := selection.Of(q, model.Settings{Stream: "web"}, noon, 20*time.Second)
		require.NoError(t, err)
		assert.Equal(t, client.Selection{Query: want, Stream: "web", From: "2026-10-11T11:00:00Z", To: "2026-10-11T12:00:00Z"}, got)
	}
	text := func(text, want string) { t.Helper(); f(model.Query{Text: text}, want) }
	text("", "*")
	text("a OR b", "a OR b")
	text("x:[$__from TO $__to}", "x:[1791716400000 TO 1791720000000}")
	text("x:>${__from:date:seconds} y:${__to:date}", "x:>1791716400 AND y:2026-10-11T12:00:00.000Z")
	text("a $__interval $__interval_ms $__range $__range_s $__range_ms $__unknown", "a AND 30s AND 20000 AND 3600s AND 3600 AND 3600000 AND $__unknown")
	text("$__timeFilter", "@timestamp:[2026-10-11T11:00:00.000Z TO 2026-10-11T12:00:00.000Z}")
	text("a OR $__timeFilter(event.ingested)", "a OR event.ingested:[2026-10-11T11:00:00.000Z TO 2026-10-11T12:00:00.000Z}")

	one := func(op, value, want string, values ...string) {
		t.Helper()
		f(model.Query{Text: "a OR b", Filters: []model.Filter{{Field: "x", Op: op, Value: value, Values: values}}}, want)
	}
	one("=", "c", `(a OR b) AND x:"c"`)
	one("=", `c" OR *`, `(a OR b) AND x:"c\" OR *"`)
	one("=", "", "(a OR b) AND NOT _exists_:x")
	one("!=", "", "(a OR b) AND _exists_:x")
	one("!=", "c", `(a OR b) AND NOT x:"c"`)
	one("=", `["c","d, e",5]`, `(a OR b) AND (x:"c" AND x:"d, e" AND x:"5")`) // several values of one event, as frames show them
	one("!=", `["c", true]`, `(a OR b) AND NOT (x:"c" AND x:"true")`)
	one("=|", "", `(a OR b) AND (x:"c" OR (x:"d" AND x:"e"))`, "c", `["d","e"]`)
	for _, v := range []string{`["c"]`, `[c,d]`, `["c","d"`, `["c","d"] x`, `["c",["d"]]`, `["c",null]`} {
		one("=", v, "(a OR b) AND x:"+query.Format(&query.Term{Value: v, Quoted: true}))
	}
	one("=~", "a.*/b", `(a OR b) AND x:/a.*\/b/`)
	one("!~", "^(a|b)$", "(a OR b) AND NOT x:/^(a|b)$/")
	one("=~", "", "a OR b")
	one("<", "5", "(a OR b) AND x:<5")
	one(">=", "2026-10-11 12:00", `(a OR b) AND x:>="2026-10-11 12:00"`)
	one("=|", "", `(a OR b) AND (x:"c" OR x:"d e")`, "c", "d e")
	one("!=|", "", `(a OR b) AND NOT (x:"c" OR x:"d")`, "c", "d")
	one("=|", "", `(a OR b) AND x:"c"`, "c")
	one("=|", "", "a OR b")
	one("=|", "", `(a OR b) AND (NOT _exists_:x OR x:"d")`, "", "d")
	one("!=|", "", "(a OR b) AND _exists_:x", "")
	for _, op := range []string{"<", "<=", ">", ">="} {
		one(op, "", "a OR b")
	}
	f(model.Query{Filters: []model.Filter{{Field: "source.ip", Op: "=", Value: "10.0.0.0/8"}, {Field: "source.ip", Op: "!=", Value: "10.0.0.1"}}},
		`source.ip:10.0.0.0/8 AND NOT source.ip:"10.0.0.1"`)
}

// The end of a range is exclusive, but for the ends that Grafana writes for whole units.
func TestRange(t *testing.T) {
	f := func(from, to, wantFrom, wantTo string) {
		t.Helper()
		at := func(s string) time.Time {
			v, err := time.Parse(time.RFC3339Nano, s)
			require.NoError(t, err)
			return v
		}
		a, b := selection.Range(backend.TimeRange{From: at(from), To: at(to)})
		assert.Equal(t, []string{wantFrom, wantTo}, []string{client.At(a), client.At(b)})
	}
	f("2026-10-11T00:00:00Z", "2026-10-11T12:00:00Z", "2026-10-11T00:00:00Z", "2026-10-11T12:00:00Z")
	f("2026-10-11T00:00:00+08:00", "2026-10-11T23:59:59.999+08:00", "2026-10-10T16:00:00Z", "2026-10-11T16:00:00Z")
	f("2026-10-11T00:00:00Z", "2026-10-11T23:59:59.999999999Z", "2026-10-11T00:00:00Z", "2026-10-12T00:00:00Z")
	f("2026-10-11T12:00:00Z", "2026-10-11T12:00:00Z", "2026-10-11T12:00:00Z", "2026-10-11T12:00:00.001Z")
}

func TestOfRefuses(t *testing.T) {
	f := func(q model.Query, want string) {
		t.Helper()
		_, err := selection.Of(q, model.Settings{}, noon, time.Minute)
		require.Error(t, err)
		assert.Equal(t, want, err.Error())
	}
	f(model.Query{Text: "用户 AND"}, "AND has nothing on its right\n  用户 AND\n       ^^^\n  hint: put a word in quotes to search for it")
	filter := func(field, op, value, want string) {
		t.Helper()
		f(model.Query{Filters: []model.Filter{{Field: "a", Op: "=", Value: "b"}, {Field: field, Op: op, Value: value}}}, want)
	}
	const hint = " (names have letters, digits and . _ - @)"
	filter("x:y OR z", "=", "1", `filters[1]: "x:y OR z" is not the name of a field`+hint)
	filter("*", "=", "1", `filters[1]: "*" is not the name of a field`+hint)
	filter("_exists_", "=", "x", `filters[1]: "_exists_" is not the name of a field`+hint)
	filter("", "=", "x", `filters[1]: "" is not the name of a field`+hint)
	filter("NOT x", "<", "5", `filters[1]: "NOT x" is not the name of a field`+hint)
	filter("x", "=~", "(", `filters[1]: the filter on x cannot be read: missing closing ) (write \( and \) for the signs)`)
	long := model.Filter{Field: "x", Op: "=|"}
	for range 120 {
		long.Values = append(long.Values, strings.Repeat("v", 60))
	}
	f(model.Query{Filters: []model.Filter{long, long, long}},
		"filters: with the filters of the dashboard the query is 24484 bytes long, the limit is 16384 (use fewer filters or values, or a regular expression)")
	long.Values = slices.Repeat([]string{"v"}, 400)
	f(model.Query{Filters: []model.Filter{long, long, long}},
		"filters: with the filters of the dashboard the query has more than 1024 parts (use fewer filters or values, or a regular expression)")
}

// Whatever text, fields and values: what is asked for is the text AND the filters, each as it is.
func TestNeitherWidensTheOther(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	random := func() string {
		return querytest.Pieces[r.IntN(len(querytest.Pieces))] + querytest.Pieces[r.IntN(len(querytest.Pieces))]
	}
	refused := 0
	for range 4000 {
		text := query.Format(querytest.Node(r, 3))
		f := model.Filter{Field: "user.name", Op: model.FilterOps[r.IntN(len(model.FilterOps))], Value: random(), Values: []string{random(), random()}}
		if r.IntN(4) == 0 {
			f.Field = random()
		}
		alone, err := query.Parse(text)
		require.NoError(t, err)
		sel, err := selection.Of(model.Query{Text: text, Filters: []model.Filter{f}}, model.Settings{}, noon, time.Minute)
		if err != nil {
			refused++
			continue
		}
		n, err := query.Parse(sel.Query)
		require.NoError(t, err)
		condition, merr := selection.Condition(f)
		require.Nil(t, merr)
		want := condition
		if _, all := alone.(*query.All); !all {
			want = &query.And{Nodes: []query.Node{alone, condition}}
		}
		require.True(t, query.Equal(want, n), "%s and %+v became %s", text, f, sel.Query)
		query.Walk(condition, func(leaf query.Node) { require.Equal(t, f.Field, query.FieldOf(leaf).Name) })
	}
	assert.Less(t, refused, 2000)
}
