package query_test

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/sdk/query"
	"github.com/logcenter/logcenter/sdk/query/querytest"
)

func TestFormat(t *testing.T) {
	f := func(text, want string) {
		t.Helper()
		n, err := query.Parse(text)
		require.NoError(t, err)
		assert.Equal(t, want, query.Format(n))
	}
	f("", "*")
	f("a b OR c", "(a AND b) OR c")
	f("x:(a OR -b)", "x:a OR NOT x:b")
	f("!(a||b)", "NOT (a OR b)")
	f("x:(>=5)", "x:>=5")
	f("x:[1 TO 2}", "x:[1 TO 2}")
	f(`@timestamp:[2026-10-11 12:00:00 TO now/d]`, `@timestamp:["2026-10-11 12:00:00" TO now/d]`)
	f("source.ip:2001:db8::1", "source.ip:2001:db8::1")
	f("fe80::1", `fe80\:\:1`)
	f("x:*", "_exists_:x")
	f(`x:( list( "a.b" ) or.c)`, "x:list(a.b) AND x:or.c")
	f("x:list (a)", "x:list AND a")

	assert.Equal(t, "*", query.Format(nil))
	assert.Equal(t, "*", query.Format(&query.And{}))
	assert.Equal(t, "NOT *", query.Format(&query.Or{}))
	assert.Equal(t, "a OR b", query.Format(&query.And{Nodes: []query.Node{
		&query.Or{Nodes: []query.Node{&query.Term{Value: "a"}, &query.Term{Value: "b"}}},
	}}))
}

// Parse(Format(n)) is n for whatever Parse can make.
func TestFormatRoundTrip(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 20000 {
		n := querytest.Node(r, 4)
		text := query.Format(n)
		again, err := query.Parse(text)
		require.NoError(t, err, "%s\n%s", dump(n), text)
		require.Equal(t, dump(n), dump(again), text)
		require.Equal(t, text, query.Format(again))
	}
}

func FuzzParse(f *testing.F) {
	for _, p := range querytest.Pieces {
		f.Add(p)
		f.Add("x:" + p + " AND (" + p + ")")
		f.Add("x:[" + p + " TO " + p + "]")
		f.Add("/" + p + "/")
		f.Add("x:list(" + p + ")")
	}
	f.Fuzz(func(t *testing.T, text string) {
		n, err := query.Parse(text)
		if err != nil {
			var qerr *query.Error
			require.ErrorAs(t, err, &qerr)
			require.LessOrEqual(t, qerr.Pos.Start, qerr.Pos.End)
			require.LessOrEqual(t, qerr.Pos.End, len(text))
			require.NotEmpty(t, qerr.Render(text))
			return
		}
		_ = query.Check(n, nil)
		_ = query.Warnings(n, nil)
		printed := query.Format(n)
		if len(printed) > query.MaxText {
			return // escapes made it longer than Parse takes
		}
		again, err := query.Parse(printed)
		require.NoError(t, err, printed)
		require.Equal(t, dump(n), dump(again))
		require.Equal(t, printed, query.Format(again))
	})
}
