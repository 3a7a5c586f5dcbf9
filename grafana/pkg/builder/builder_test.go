package builder_test

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/grafana/pkg/builder"
	"github.com/logcenter/logcenter/grafana/pkg/model"
	"github.com/logcenter/logcenter/sdk/query"
	"github.com/logcenter/logcenter/sdk/query/querytest"
)

func quoted(b bool) *bool { return &b }

func TestParse(t *testing.T) {
	f := func(text, join string, want ...builder.Clause) {
		t.Helper()
		got, err := builder.Parse(text)
		require.NoError(t, err)
		assert.Equal(t, builder.Form{Clauses: append([]builder.Clause{}, want...), Join: join}, got)
	}
	f("", "AND")
	f("*", "AND")
	f("log.level:Error", "AND", builder.Clause{Field: "log.level", Op: builder.Is, Values: []string{"Error"}, Quoted: quoted(false)})
	f(`NOT "failed login" source.ip:10.0.0.0/8`, "AND",
		builder.Clause{Op: builder.Is, Values: []string{"failed login"}, Quoted: quoted(true), Negated: true},
		builder.Clause{Field: "source.ip", Op: builder.Network, Values: []string{"10.0.0.0/8"}})
	f("log.level:(Error OR Fatal)", "AND", builder.Clause{Field: "log.level", Op: builder.AnyOf, Values: []string{"Error", "Fatal"}, Quoted: quoted(false)})
	f("fail* OR user.name:/^adm/i OR x:>=5 OR y:[1 TO 2] OR _exists_:z", "OR",
		builder.Clause{Op: builder.Starts, Values: []string{"fail"}},
		builder.Clause{Field: "user.name", Op: builder.MatchesI, Values: []string{"^adm"}},
		builder.Clause{Field: "x", Op: builder.AtLeast, Values: []string{"5"}},
		builder.Clause{Field: "y", Op: builder.Between, Values: []string{"1", "2"}},
		builder.Clause{Field: "z", Op: builder.Exists})
	f("NOT source.ip:list(scanners)", "AND", builder.Clause{Field: "source.ip", Op: builder.InList, Values: []string{"scanners"}, Negated: true})
	f("a (b OR c:d) -(e f)", "AND",
		builder.Clause{Op: builder.Is, Values: []string{"a"}, Quoted: quoted(false)},
		builder.Clause{Verbatim: "b OR c:d"},
		builder.Clause{Verbatim: "e AND f", Negated: true})

	_, err := builder.Parse("a AND")
	var bad *query.Error
	require.ErrorAs(t, err, &bad)
	assert.Equal(t, "AND has nothing on its right\n  a AND\n    ^^^\n  hint: put a word in quotes to search for it", err.Error())
}

// A person's clauses are written as that person would.
func TestPrint(t *testing.T) {
	f := func(want string, clauses ...builder.Clause) {
		t.Helper()
		got, err := builder.Print(builder.Form{Clauses: clauses, Join: "AND"})
		require.NoError(t, err)
		assert.Equal(t, want, got)
	}
	f("")
	f("", builder.Clause{}, builder.Clause{Field: "x", Op: builder.Is, Values: []string{""}})
	f(`user.name:"a b" AND x:c`, builder.Clause{Field: "user.name", Op: builder.Is, Values: []string{"a b"}},
		builder.Clause{Field: "x", Op: builder.Is, Values: []string{"c"}})
	f(`NOT (x:"a" OR x:"b c*")`, builder.Clause{Field: "x", Op: builder.AnyOf, Values: []string{"a", "b c*"}, Negated: true, Quoted: quoted(true)})
	f(`x:a OR x:"10.0.0.0/8"`, builder.Clause{Field: "x", Op: builder.AnyOf, Values: []string{"a", "10.0.0.0/8"}})
	f("NOT x:list(bad.domains)", builder.Clause{Field: "x", Op: builder.InList, Values: []string{"bad.domains"}, Negated: true})
	f("x:ab*", builder.Clause{Field: "x", Op: builder.Like, Values: []string{"ab*"}})
	f(`"登录 失败" AND 登录`, builder.Clause{Op: builder.Is, Values: []string{"登录 失败"}}, builder.Clause{Op: builder.Is, Values: []string{"登录"}})
	f(`"AND"`, builder.Clause{Op: builder.Is, Values: []string{"AND"}, Quoted: quoted(true)})

	bad := func(want string, c builder.Clause) {
		t.Helper()
		_, err := builder.Print(builder.Form{Clauses: []builder.Clause{{Op: builder.Is, Values: []string{"ok"}}, c}})
		var e *model.Error
		require.ErrorAs(t, err, &e)
		assert.Equal(t, "clauses[1]", e.Field)
		assert.Contains(t, e.Error(), want)
	}
	bad("between takes 2 values and has 1", builder.Clause{Field: "x", Op: builder.Between, Values: []string{"1"}})
	bad("there is no operator", builder.Clause{Field: "x", Op: "is not", Values: []string{"1"}})
	bad("is not a network", builder.Clause{Field: "source.ip", Op: builder.Network, Values: []string{"10.0.0.1"}})
	bad("cannot be the name of a list", builder.Clause{Field: "x", Op: builder.InList, Values: []string{"a b"}})
	bad("cannot be written", builder.Clause{Op: builder.InList, Values: []string{"scanners"}})
	bad("cannot be written", builder.Clause{Field: "x:y OR z", Op: builder.Is, Values: []string{"1"}})
	bad("unclosed quote", builder.Clause{Verbatim: `"a`})
	bad("repetition", builder.Clause{Field: "x", Op: builder.Matches, Values: []string{"*a"}})
}

// Whatever the query language can say goes through the builder unchanged.
func TestNothingIsLost(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	verbatim := 0
	for range 3000 {
		n := querytest.Node(r, 3)
		verbatim += unchanged(t, query.Format(n))
	}
	assert.Positive(t, verbatim)
}

// unchanged takes a text through the builder, and returns how many clauses of it were verbatim.
func unchanged(t *testing.T, text string) (verbatim int) {
	t.Helper()
	n, err := query.Parse(text)
	require.NoError(t, err)
	form, err := builder.Parse(text)
	require.NoError(t, err)
	for _, c := range form.Clauses {
		if c.Verbatim != "" {
			verbatim++
		}
	}
	printed, err := builder.Print(form)
	require.NoError(t, err, "%s\n%+v", text, form)
	again, err := query.Parse(printed)
	require.NoError(t, err)
	require.True(t, query.Equal(n, again), "%s\nbecame\n%s", text, printed)
	return verbatim
}

func FuzzParse(f *testing.F) {
	for _, p := range querytest.Pieces {
		f.Add("x:" + p + " AND (" + p + ")")
	}
	f.Fuzz(func(t *testing.T, text string) {
		n, err := query.Parse(text)
		if err != nil || len(query.Format(n)) > query.MaxText {
			return
		}
		unchanged(t, text)
	})
}
