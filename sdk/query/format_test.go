package query_test

import (
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/sdk/query"
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
		n := randomNode(r, 4)
		text := query.Format(n)
		again, err := query.Parse(text)
		require.NoError(t, err, "%s\n%s", dump(n), text)
		require.Equal(t, dump(n), dump(again), text)
		require.Equal(t, text, query.Format(again))
	}
}

func randomNode(r *rand.Rand, depth int) query.Node {
	if depth == 0 || r.IntN(3) == 0 {
		return randomLeaf(r)
	}
	switch r.IntN(3) {
	case 0:
		return &query.Not{Node: randomNode(r, depth-1)}
	case 1:
		return &query.And{Nodes: randomNodes(r, depth-1)}
	default:
		return &query.Or{Nodes: randomNodes(r, depth-1)}
	}
}

func randomNodes(r *rand.Rand, depth int) []query.Node {
	ns := make([]query.Node, 2+r.IntN(3))
	for i := range ns {
		ns[i] = randomNode(r, depth)
	}
	return ns
}

var (
	fieldNames = []string{"", "", "message", "log.level", "source.ip", "@timestamp", "a", "x_y-z.b9", "_exists_x"}
	pieces     = []string{
		"a", "B", "fail", "登录", "失败", "é", " ", "　", "\t", "*", "?", `\`, "/", ":", "::", "-", "+", "!", "&&", "||", "&", "|",
		"(", ")", "[", "]", "{", "}", "^", "~", `"`, "<", ">", "=", ">=", "AND", "OR", "NOT", "TO", "and", "10.0.0.0/8", "2001:db8::1",
		"1", "-5", "2026-10-11", "@", "_", ".", "'", "\u0301", "😀", "http://", "_exists_:", "*:*", "now-1h",
	}
	regexes = []string{"a", "app[0-2][0-9]", `a\/b`, "/", `\\`, "(a|b)+", "^登录$", "[^a-z ]*", `a{2,3}"`, `\d\.\d`}
)

func randomText(r *rand.Rand) string {
	var b strings.Builder
	for range 1 + r.IntN(4) {
		b.WriteString(pieces[r.IntN(len(pieces))])
	}
	return b.String()
}

func randomLeaf(r *rand.Rand) query.Node {
	f := query.Field{Name: fieldNames[r.IntN(len(fieldNames))]}
	named := f
	if named.Name == "" {
		named.Name = "n"
	}
	switch r.IntN(10) {
	case 8:
		return &query.InList{Field: named, List: []string{"a", "0", "Bad-addresses_2.x", "list", "AND", "OR", "NOT", "TO"}[r.IntN(8)]}
	case 0:
		return &query.Term{Field: f, Value: randomText(r), Quoted: true}
	case 1:
		return &query.Prefix{Field: f, Value: randomText(r)}
	case 2:
		return &query.Wildcard{Field: f, Pattern: randomPattern(r)}
	case 3:
		expr := regexes[r.IntN(len(regexes))]
		return &query.Regex{Field: f, Expr: strings.ReplaceAll(expr, `\/`, "/"), Fold: r.IntN(2) == 0}
	case 4:
		n := &query.Range{Field: named}
		lo, hi := randomText(r), randomText(r)
		if k := r.IntN(3); k != 0 {
			n.Min, n.IncludeMin = &lo, r.IntN(2) == 0
			if k == 1 {
				return n
			}
		}
		n.Max, n.IncludeMax = &hi, r.IntN(2) == 0
		return n
	case 5:
		bits := r.IntN(33)
		return &query.CIDR{Field: named, Prefix: netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(r.IntN(256)), 3, 4}), bits).Masked()}
	case 6:
		bits := r.IntN(96)
		return &query.CIDR{Field: named, Prefix: netip.PrefixFrom(netip.MustParseAddr("2001:db8:1:2:3:4:5:6"), bits).Masked()}
	case 7:
		if r.IntN(2) == 0 {
			return &query.All{}
		}
		return &query.Exists{Field: named}
	default:
		return &query.Term{Field: f, Value: randomText(r)}
	}
}

// randomPattern makes what Parse makes: a pattern that is no prefix and not of stars only, with \ before
// *, ? and \ alone.
func randomPattern(r *rand.Rand) string {
	var b strings.Builder
	for range 1 + r.IntN(4) {
		for _, c := range randomText(r) {
			if strings.ContainsRune(`*?\`, c) && r.IntN(2) == 0 || c == '\\' {
				b.WriteByte('\\')
			}
			b.WriteRune(c)
		}
	}
	return "a?" + b.String()
}

func FuzzParse(f *testing.F) {
	for _, p := range pieces {
		f.Add(p)
		f.Add("x:" + p + " AND (" + p + ")")
		f.Add("x:[" + p + " TO " + p + "]")
		f.Add("x:list(" + p + ")")
		f.Add("/" + p + "/")
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
