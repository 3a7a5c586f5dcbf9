// Package querytest makes random queries for tests: of everything the query language has, with values that are hard to write.
package querytest

import (
	"math/rand/v2"
	"net/netip"
	"strings"

	"github.com/logcenter/logcenter/sdk/query"
)

// Node makes a random AST as Parse makes them, at most depth levels deep: Parse(Format(n)) is n.
func Node(r *rand.Rand, depth int) query.Node {
	if depth == 0 || r.IntN(3) == 0 {
		return randomLeaf(r)
	}
	switch r.IntN(3) {
	case 0:
		return &query.Not{Node: Node(r, depth-1)}
	case 1:
		return &query.And{Nodes: randomNodes(r, depth-1)}
	default:
		return &query.Or{Nodes: randomNodes(r, depth-1)}
	}
}

func randomNodes(r *rand.Rand, depth int) []query.Node {
	ns := make([]query.Node, 2+r.IntN(3))
	for i := range ns {
		ns[i] = Node(r, depth)
	}
	return ns
}

var (
	names = []string{"", "", "message", "log.level", "source.ip", "@timestamp", "a", "x_y-z.b9", "_exists_x"}
	// Pieces are what random values are made of: words, signs with a meaning and their neighbours.
	Pieces = []string{
		"a", "B", "fail", "登录", "失败", "é", " ", "　", "\t", "*", "?", `\`, "/", ":", "::", "-", "+", "!", "&&", "||", "&", "|",
		"(", ")", "[", "]", "{", "}", "^", "~", `"`, "<", ">", "=", ">=", "AND", "OR", "NOT", "TO", "and", "10.0.0.0/8", "2001:db8::1",
		"1", "-5", "2026-10-11", "@", "_", ".", "'", "\u0301", "😀", "http://", "_exists_:", "*:*", "now-1h",
	}
	regexes = []string{"a", "app[0-2][0-9]", `a\/b`, "/", `\\`, "(a|b)+", "^登录$", "[^a-z ]*", `a{2,3}"`, `\d\.\d`}
)

func randomText(r *rand.Rand) string {
	var b strings.Builder
	for range 1 + r.IntN(4) {
		b.WriteString(Pieces[r.IntN(len(Pieces))])
	}
	return b.String()
}

func randomLeaf(r *rand.Rand) query.Node {
	f := query.Field{Name: names[r.IntN(len(names))]}
	named := f
	if named.Name == "" {
		named.Name = "n"
	}
	switch r.IntN(10) {
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
	case 8:
		return &query.InList{Field: named, List: []string{"a", "0", "Bad-addresses_2.x", "list", "AND", "OR", "NOT", "TO"}[r.IntN(8)]}
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
