package query_test

import (
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/sdk/query"
	"github.com/logcenter/logcenter/sdk/query/querytest"
)

var placeNames = map[query.PlaceKind]string{
	query.AtNothing: "nothing", query.AtClause: "clause", query.AtName: "name", query.AtValue: "value", query.AtBound: "bound", query.AtList: "list",
}

// TestAt: | is the caret; rest is the query without the clause it is in.
func TestAt(t *testing.T) {
	f := func(marked, kind, field, prefix, replaced, rest string) {
		t.Helper()
		caret := strings.IndexByte(marked, '|')
		text := marked[:caret] + marked[caret+1:]
		p := query.At(text, caret)
		n, _ := p.Rest(text)
		assert.Equal(t, []string{kind, field, prefix, replaced, rest},
			[]string{placeNames[p.Kind], p.Field, p.Prefix, text[p.Start:p.End], query.Format(n)}, marked)
	}
	f("|", "clause", "", "", "", "*")
	f("sour|", "clause", "", "sour", "sour", "*")
	f("so|ur", "clause", "", "so", "sour", "*")
	f("a |", "clause", "", "", "", "a AND *")
	f("a |b", "clause", "", "", "", "a AND * AND b")
	f("a AN|", "clause", "", "AN", "AN", "a AND *")
	f("a AND|", "clause", "", "AND", "AND", "a AND *")
	f("a AND x:b|", "value", "x", "b", "b", "a AND *")
	f("x:|", "value", "x", "", "", "*")
	f("x: |", "value", "x", "", "", "*")
	f("x:|abc", "value", "x", "", "abc", "*")
	f("x|:abc", "name", "", "x", "x", "*")
	f("x:a|bc AND b", "value", "x", "a", "abc", "* AND b")
	f("NOT x:a|", "value", "x", "a", "a", "*")
	f("b AND NOT -x:a|", "value", "x", "a", "a", "b AND *")
	f(`b x:"a \"c|`, "value", "x", `a "c`, `"a \"c`, "b AND *")
	f(`b x:"a| c" d`, "value", "x", "a", `"a c"`, "b AND * AND d")
	f(`x:"a"|`, "nothing", "", "", "", "*")
	f(`"a b|`, "value", "", "a b", `"a b`, "*")
	f("x:(a OR b|", "value", "x", "b", "b", "x:a OR _exists_:x")
	f("x:(|", "value", "x", "", "", "_exists_:x")
	f("(a OR (b y:c|", "value", "y", "c", "c", "a OR (b AND *)")
	f("x:/a|b/", "nothing", "x", "", "/ab/", "*")
	f("x:>1|", "bound", "x", "1", "1", "*")
	f("x:>= |", "bound", "x", "", "", "*")
	f("x:[1 TO |", "bound", "x", "", "", "*")
	f("a x:[1| TO 5] b", "bound", "x", "1", "1", "a AND * AND b")
	f("x:[1 |TO 5]", "nothing", "x", "", "", "*")
	f("x:[1 T|O 5]", "nothing", "x", "", "", "*")
	f("x:|[1 TO 5] b", "value", "x", "", "[1 TO 5]", "* AND b")
	f(`x:|>="a b" b`, "value", "x", "", `>="a b"`, "* AND b")
	f(`x:|["]" TO 5] b`, "value", "x", "", `["]" TO 5]`, "* AND b")
	f("x:|>5 b", "value", "x", "", ">5", "* AND b")
	f("x:(a O|R b)", "clause", "x", "O", "OR", "x:a AND _exists_:x AND x:b")
	f("x:[1 TO 5] |", "clause", "", "", "", "x:[1 TO 5] AND *")
	f(`x:a\ b|`, "value", "x", "a b", `a\ b`, "*")
	f("a x:list(|", "list", "x", "", "", "a AND *")
	f("a x:list(sc| b", "list", "x", "sc", "sc", "a AND * AND b")
	f("x:list( s|c ) b", "list", "x", "s", "sc", "* AND b")
	f("x:list(sc)|", "nothing", "x", "", "", "*")
	f("x:list(sc) |", "clause", "", "", "", "x:list(sc) AND *")
	f("x:li|st(sc) b", "value", "x", "li", "list(sc)", "* AND b")
	f("NOT x:(a OR list(s|", "list", "x", "s", "s", "NOT (x:a OR _exists_:x)")
	f("list(s|", "clause", "", "s", "s", "list AND *")
	f("用户 x:张|三", "value", "x", "张", "张三", "用户 AND *")
	f("2001:db8::|1", "clause", "", "2001:db8::", "2001:db8::1", "*")
	f("a AND ) x:b|", "value", "x", "b", "b", "*")

	assert.True(t, query.At("a ", 2).After)
	assert.False(t, query.At("a AND ", 6).After)
	assert.False(t, query.At("(", 1).After)
	assert.False(t, query.At("x:( OR ", 6).After)
	assert.True(t, query.At("x:(a OR ", 7).After)
	assert.True(t, query.At("(a) ", 4).After)
	assert.False(t, query.At("a NOT ", 6).After)
}

// In a query that is right, the caret behind a term's value is in a value of the term's field.
func TestAtKnowsTheFieldOfEachValue(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 2000 {
		text := query.Format(querytest.Node(r, 3))
		n, err := query.Parse(text)
		require.NoError(t, err)
		query.Walk(n, func(leaf query.Node) {
			at := leaf.Position()
			p := query.At(text, at.End)
			switch leaf := leaf.(type) {
			case *query.Term:
				if leaf.Quoted || leaf.Value == "" { // as "" is
					p = query.At(text, at.End-1)
					require.Equal(t, leaf.Value, p.Prefix, "%s at %d", text, at.End)
				}
				require.Equal(t, leaf.Field.Name, p.Field, "%s at %d", text, at.End)
				if leaf.Field.Name != "" {
					require.Equal(t, query.AtValue, p.Kind, "%s at %d", text, at.End)
				}
			case *query.Regex:
				require.Equal(t, query.AtNothing, p.Kind, "%s at %d", text, at.End)
			case *query.CIDR:
				require.Equal(t, leaf.Field.Name, p.Field, "%s at %d", text, at.End)
			}
		})
	}
}

func FuzzAt(f *testing.F) {
	for _, p := range querytest.Pieces {
		f.Add("x:"+p+" AND ("+p, 3)
		f.Add("x:["+p+" TO "+p, 5)
		f.Add(`NOT x:"`+p, 8)
	}
	f.Fuzz(func(t *testing.T, text string, caret int) {
		p := query.At(text, caret)
		at := min(max(caret, 0), len(text))
		require.LessOrEqual(t, p.Start, at)
		require.LessOrEqual(t, p.Start, p.End)
		require.LessOrEqual(t, p.End, len(text))
		require.LessOrEqual(t, p.Clause.Start, p.Start)
		require.GreaterOrEqual(t, p.Clause.End, p.End)
		if utf8.ValidString(text) {
			require.True(t, utf8.ValidString(text[p.Start:p.End]))
			require.True(t, utf8.ValidString(text[:p.Clause.Start]) && utf8.ValidString(text[p.Clause.End:]))
		}
		n, ok := p.Rest(text)
		require.NotNil(t, n)
		if _, err := query.Parse(text); err == nil && len(text) < query.MaxText-8 && p.Kind != query.AtNothing {
			require.True(t, ok, "%q at %d: %+v", text, caret, p)
		}
	})
}
