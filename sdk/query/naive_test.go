package query_test

import (
	"bytes"
	"math"
	"math/rand/v2"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/sdk/query"
)

// naive evaluates a query on one event in the plainest way, sharing no code with the matcher but the AST.
func naive(n query.Node, e event) bool {
	switch n := n.(type) {
	case *query.All:
		return true
	case *query.And:
		return !slices.ContainsFunc(n.Nodes, func(s query.Node) bool { return !naive(s, e) })
	case *query.Or:
		return slices.ContainsFunc(n.Nodes, func(s query.Node) bool { return naive(s, e) })
	case *query.Not:
		return !naive(n.Node, e)
	case *query.Exists:
		return len(naiveValues(n.Field, e)) > 0
	case *query.Term:
		return naiveAny(n.Field, e, func(v any) bool { return naiveTerm(n, v) })
	case *query.Prefix:
		return naiveAny(n.Field, e, func(v any) bool {
			if isText(n.Field) {
				want := naiveTokens(n.Value)
				last := []rune(n.Value)
				open := naiveClass(last[len(last)-1]) == 'w'
				return naivePhrase(naiveTokens(v.(string)), len(want), func(i int, tok string) bool {
					return tok == want[i] || open && i == len(want)-1 && strings.HasPrefix(tok, want[i])
				})
			}
			return strings.HasPrefix(naiveString(v), n.Value)
		})
	case *query.Wildcard: // the generator makes patterns of one word for text
		return naiveAny(n.Field, e, func(v any) bool {
			re := strings.NewReplacer(`\*`, `\*`, `\?`, `\?`, `\\`, `\\`, "*", ".*", "?", ".").Replace(n.Pattern)
			return naiveMatch("^(?:"+re+")$", false, n.Field, v)
		})
	case *query.Regex:
		return naiveAny(n.Field, e, func(v any) bool { return naiveMatch(n.Expr, n.Fold, n.Field, v) })
	case *query.CIDR:
		return naiveAny(n.Field, e, func(v any) bool {
			a := v.(netip.Addr)
			if !n.Prefix.Addr().Is4() { // ::/0 contains IPv4, mapped
				a = netip.AddrFrom16(a.As16())
			}
			return n.Prefix.Contains(a)
		})
	case *query.InList:
		return naiveAny(n.Field, e, func(v any) bool { return naiveListed(n.List, v) })
	case *query.Range:
		return naiveAny(n.Field, e, func(v any) bool {
			return (n.Min == nil || naiveAbove(v, *n.Min, n.IncludeMin)) && (n.Max == nil || naiveBelow(v, *n.Max, n.IncludeMax))
		})
	}
	panic("unknown node")
}

func isText(f query.Field) bool {
	return f.Name == "" || f.Name == "message" || f.Name == "event.original"
}

func naiveValues(f query.Field, e event) []any {
	name := f.Name
	if isText(f) {
		name = "message"
	}
	v, ok := e[name]
	if !ok {
		return nil
	}
	if l, ok := v.([]any); ok {
		return l
	}
	return []any{v}
}

func naiveAny(f query.Field, e event, match func(v any) bool) bool {
	return slices.ContainsFunc(naiveValues(f, e), match)
}

func naiveTerm(n *query.Term, v any) bool {
	switch v := v.(type) {
	case string:
		if !isText(n.Field) {
			return v == n.Value
		}
		want := naiveTokens(n.Value)
		return naivePhrase(naiveTokens(v), len(want), func(i int, tok string) bool { return tok == want[i] })
	case int64:
		return strconv.FormatInt(v, 10) == n.Value
	case float64:
		f, _ := strconv.ParseFloat(n.Value, 64)
		return v == f
	case bool:
		return strconv.FormatBool(v) == n.Value
	case netip.Addr:
		return v == netip.MustParseAddr(n.Value).Unmap()
	case time.Time:
		return naiveAbove(v, n.Value, true) && naiveBelow(v, n.Value, true)
	}
	panic("unknown value")
}

func naiveString(v any) string { return v.(string) }

// naiveAbove compares with a lower bound, naiveBelow with an upper one. Dates are whole days.
func naiveAbove(v any, bound string, include bool) bool {
	switch v := v.(type) {
	case int64:
		b, _ := strconv.ParseInt(bound, 10, 64)
		return v > b || include && v == b
	case float64:
		b, _ := strconv.ParseFloat(bound, 64)
		return v > b || include && v == b
	case netip.Addr:
		a, b := v.As16(), netip.MustParseAddr(bound).As16()
		c := bytes.Compare(a[:], b[:])
		return c > 0 || include && c == 0
	case time.Time:
		day := v.UTC().Format("2006-01-02")
		return day > bound || include && day == bound
	}
	panic("unknown value")
}

func naiveBelow(v any, bound string, include bool) bool {
	return !naiveAbove(v, bound, !include)
}

func naiveMatch(expr string, fold bool, f query.Field, v any) bool {
	if !isText(f) && !fold {
		return regexp.MustCompile("(?s)" + expr).MatchString(v.(string))
	}
	re := regexp.MustCompile("(?is)" + expr)
	if !isText(f) {
		return re.MatchString(v.(string))
	}
	return slices.ContainsFunc(naiveTokens(v.(string)), re.MatchString)
}

func naivePhrase(tokens []string, n int, match func(i int, tok string) bool) bool {
	for from := 0; from+n <= len(tokens); from++ {
		ok := true
		for i := range n {
			ok = ok && match(i, tokens[from+i])
		}
		if ok {
			return true
		}
	}
	return false
}

// naiveClass is 'w' for characters of runs, 's' for tokens of their own, ' ' for separators.
func naiveClass(r rune) byte {
	switch {
	case unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana) && unicode.In(r, unicode.L, unicode.N, unicode.M):
		return 's'
	case unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsDigit(r):
		return 'w'
	}
	return ' '
}

func naiveTokens(s string) []string {
	var tokens []string
	run := ""
	for _, r := range s + " " {
		class := naiveClass(r)
		if class == 'w' {
			run += string(unicode.ToLower(r))
			continue
		}
		if run != "" {
			tokens = append(tokens, run)
		}
		run = ""
		if class == 's' {
			tokens = append(tokens, string(r))
		}
	}
	return tokens
}

var naiveWords = []string{
	"fail", "failed", "Fail", "login", "ERROR", "a", "b", "5", "10", "0", "登", "录", "登录失败", "用户", "école", "ÉCOLE", "ошибка",
	"ОШИБКА", "ab.a", "b.AB.a", "ab.a.", "ab", "abc", "abcd", "user", "e\u0301", "x1y2", "Straße", "ⱥ", "Ⱥbc", "ΣΊΣ",
}

func naiveLine(r *rand.Rand) string {
	var b strings.Builder
	for range r.IntN(9) {
		b.WriteString(naiveWords[r.IntN(len(naiveWords))])
		b.WriteString([]string{" ", "", ".", "; ", "=", "，", "_", "\xff", "😀", "-"}[r.IntN(10)])
	}
	return b.String()
}

func naiveEvents(r *rand.Rand) []event {
	events := make([]event, 1+r.IntN(150))
	device := ""
	for i := range events {
		if r.IntN(20) == 0 || i == 0 { // rows of a device stand together
			device = []string{"firewall", "ips", "web"}[r.IntN(3)]
		}
		e := event{"message": strings.ToValidUTF8(naiveLine(r), "\ufffd"), "observer.type": device}
		maybe := func(name string, v any) {
			if r.IntN(3) > 0 {
				e[name] = v
			}
		}
		maybe("user.name", naiveWords[r.IntN(len(naiveWords))])
		maybe("acme.note", naiveWords[r.IntN(len(naiveWords))])
		maybe("tags", []any{naiveWords[r.IntN(8)], naiveWords[r.IntN(8)]}[:1+r.IntN(2)])
		maybe("source.ip", naiveAddr(r))
		maybe("related.ip", []any{naiveAddr(r), naiveAddr(r)}[:1+r.IntN(2)])
		maybe("source.port", int64(r.IntN(12)-3))
		maybe("event.risk_score", float64(r.IntN(12))/2)
		maybe("@timestamp", time.Date(2026, 10, 9+r.IntN(4), r.IntN(24), 0, 0, r.IntN(1e9), time.UTC))
		if words := strings.Fields(e["message"].(string)); len(words) > 0 {
			maybe("file.path", words[r.IntN(len(words))]) // a span
		}
		events[i] = e
	}
	return events
}

func naiveAddr(r *rand.Rand) netip.Addr {
	if r.IntN(4) == 0 {
		a := netip.MustParseAddr("2001:db8::").As16()
		a[15] = byte(r.IntN(8))
		return netip.AddrFrom16(a)
	}
	return netip.AddrFrom4([4]byte{10, byte(r.IntN(2)), 0, byte(r.IntN(8))})
}

func naiveQuery(r *rand.Rand, depth int) query.Node {
	if depth == 0 || r.IntN(3) == 0 {
		return naiveLeaf(r)
	}
	nodes := func() (ns []query.Node) {
		for range 2 + r.IntN(5) {
			ns = append(ns, naiveQuery(r, depth-1))
		}
		return ns
	}
	switch r.IntN(4) {
	case 0:
		return &query.Not{Node: naiveQuery(r, depth-1)}
	case 1:
		return &query.And{Nodes: nodes()}
	default:
		return &query.Or{Nodes: nodes()}
	}
}

func naiveLeaf(r *rand.Rand) query.Node {
	word := func() string { return naiveWords[r.IntN(len(naiveWords))] }
	str := query.Field{Name: []string{"user.name", "tags", "file.path", "acme.note"}[r.IntN(4)]}
	declared := query.Field{Name: []string{"user.name", "tags", "file.path"}[r.IntN(3)]}
	text := query.Field{Name: []string{"", "message", "event.original"}[r.IntN(3)]}
	addrs := query.Field{Name: []string{"source.ip", "related.ip"}[r.IntN(2)]}
	regexes := []string{"fail", "^fail$", "a.c", "[a-c]+", "^[登录]$", "(fail|error)ed?", "о.*а", "[0-9]", ".", "^.{2}$", "[^a-z0-9]"}
	patterns := []string{"f*d", "?b*", "*a", "a?c*", "*i*"}
	number := func() *string { s := strconv.Itoa(r.IntN(12) - 3); return &s }
	day := func() *string { s := "2026-10-" + []string{"08", "09", "10", "11", "12"}[r.IntN(5)]; return &s }
	addr := func() *string { s := naiveAddr(r).String(); return &s }
	ranged := func(f query.Field, bound func() *string) query.Node {
		n := &query.Range{Field: f}
		if k := r.IntN(3); k > 0 {
			n.Min, n.IncludeMin = bound(), r.IntN(2) == 0
			if k == 1 {
				return n
			}
		}
		n.Max, n.IncludeMax = bound(), r.IntN(2) == 0
		return n
	}
	switch r.IntN(20) {
	case 18:
		return &query.InList{Field: addrs, List: "addresses"}
	case 19:
		return &query.InList{Field: declared, List: []string{"domains", "users", "words", "gone"}[r.IntN(4)]}
	case 0, 1, 2:
		return &query.Term{Field: text, Value: word()}
	case 3, 4:
		return &query.Term{Field: text, Value: word() + []string{" ", "", "."}[r.IntN(3)] + word()}
	case 5:
		return &query.Prefix{Field: text, Value: word()}
	case 6:
		return &query.Wildcard{Field: text, Pattern: patterns[r.IntN(len(patterns))]}
	case 7:
		return &query.Regex{Field: text, Expr: regexes[r.IntN(len(regexes))], Fold: r.IntN(2) == 0}
	case 8, 9:
		return &query.Term{Field: str, Value: word()}
	case 10:
		return &query.Prefix{Field: str, Value: word()[:1]}
	case 11:
		if r.IntN(2) == 0 {
			return &query.Wildcard{Field: declared, Pattern: patterns[r.IntN(len(patterns))]}
		}
		return &query.Regex{Field: declared, Expr: regexes[r.IntN(len(regexes))], Fold: r.IntN(2) == 0}
	case 12:
		return &query.Term{Field: query.Field{Name: "observer.type"}, Value: []string{"firewall", "ips", "waf"}[r.IntN(3)]}
	case 13:
		if r.IntN(2) == 0 {
			return &query.Term{Field: addrs, Value: *addr()}
		}
		return &query.CIDR{Field: addrs, Prefix: netip.PrefixFrom(naiveAddr(r), []int{0, 8, 15, 16, 30, 32}[r.IntN(6)]).Masked()}
	case 14:
		return ranged(addrs, addr)
	case 15:
		return ranged(query.Field{Name: []string{"source.port", "event.risk_score"}[r.IntN(2)]}, number)
	case 16:
		if r.IntN(2) == 0 {
			return &query.Term{Field: query.Field{Name: "@timestamp"}, Value: *day()}
		}
		return ranged(query.Field{Name: "@timestamp"}, day)
	default:
		return &query.Exists{Field: query.Field{Name: []string{"user.name", "tags", "source.ip", "acme.note", "acme.none", "message"}[r.IntN(6)]}}
	}
}

// naiveCompare evaluates random queries over random events both ways.
func naiveCompare(t *testing.T, r *rand.Rand) {
	events := naiveEvents(r)
	b := batchOf(t, events, encoding(r.IntN(3)))
	var nodes []query.Node
	var ms []*query.Matcher
	size := 1 + r.IntN(4)
	if r.IntN(4) == 0 {
		size = 40 // many words at once are searched for in another way
	}
	for range size {
		n := naiveQuery(r, 3)
		m, err := query.Compile(n, query.Options{Lists: naiveLists, Now: func() time.Time { return naiveNow }})
		require.NoError(t, err, query.Format(n))
		nodes, ms = append(nodes, n), append(ms, m)
	}
	set, err := query.NewSet(ms...)
	require.NoError(t, err)
	sets := set.Match(b, nil)
	out := []uint64{math.MaxUint64, math.MaxUint64}
	for i, n := range nodes {
		want := naiveRows(n, events)
		for range 2 {
			out = ms[i].Match(b, out)
			if !slices.Equal(want, out) {
				for row := range events {
					if (want[row/64]^out[row/64])>>(row%64)&1 != 0 {
						t.Fatalf("%s on row %d %v: want %v", query.Format(n), row, events[row], naive(n, events[row]))
					}
				}
			}
		}
		require.Equal(t, want, sets[i], "in a set: %s", query.Format(n))
	}
	if r.IntN(3) == 0 { // what was remembered of a batch is right in the next
		events := naiveEvents(r)
		sets = set.Match(batchOf(t, events, encoding(r.IntN(3))), sets)
		for i, n := range nodes {
			require.Equal(t, naiveRows(n, events), sets[i], "in another batch: %s", query.Format(n))
		}
	}
}

// naiveRows is the bitmap of the events that match.
func naiveRows(n query.Node, events []event) []uint64 {
	rows := make([]uint64, (len(events)+63)/64)
	for row, e := range events {
		if naive(n, e) {
			rows[row/64] |= 1 << (row % 64)
		}
	}
	return rows
}

// A field whose values never come again is no longer remembered, and one whose values do is again.
func TestSetOverEverNewValues(t *testing.T) {
	var ms []*query.Matcher
	texts := []string{"url.path:\\/a*", "url.path:*7", "url.path:/b+/", "url.path:\\/a\\/7", "url.path:(x OR y OR z OR \"/bb/17\")", "NOT url.path:\\/a*"}
	for _, text := range texts {
		ms = append(ms, compile(t, text))
	}
	set, err := query.NewSet(ms...)
	require.NoError(t, err)
	value := 0
	var outs [][]uint64
	for n := range 300 {
		events := make([]event, 100)
		for i := range events {
			switch {
			case n < 100:
				value++
			default:
				value = i % 40
			}
			path := []string{"/a/", "/bb/", "/c/"}[i%3] + strconv.Itoa(value)
			events[i] = event{"message": "GET " + path, "url.path": path}
		}
		outs = set.Match(batchOf(t, events, []encoding{asSpan, asDict, asPlain}[n%3]), outs)
		for i, m := range ms {
			if n%10 == 0 || n < 3 {
				require.Equal(t, naiveRows(m.Node(), events), outs[i], "batch %d: %s", n, texts[i])
			}
		}
	}
}

// Ranges that end at the last value of their type have nothing behind them.
func TestSetAtTheEndsOfTypes(t *testing.T) {
	events := []event{
		{"source.port": int64(math.MinInt64), "source.ip": netip.MustParseAddr("::")},
		{"source.port": int64(-1), "source.ip": netip.MustParseAddr("0.0.0.0")},
		{"source.port": int64(0), "source.ip": netip.MustParseAddr("255.255.255.255")},
		{"source.port": int64(math.MaxInt64), "source.ip": netip.MustParseAddr("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")},
	}
	var ms []*query.Matcher
	for _, text := range []string{
		"source.port:>=0", "source.port:<0", "source.port:9223372036854775807", "source.port:[-9223372036854775808 TO 0]", "source.port:[5 TO 4]",
		"source.ip:0.0.0.0/0", "source.ip:\"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff\"", "source.ip:\"::\"", "source.ip:[255.255.255.255 TO *]", "source.ip:255.255.255.255",
	} {
		ms = append(ms, compile(t, text))
	}
	set, err := query.NewSet(ms...)
	require.NoError(t, err)
	b := batchOf(t, events, asPlain)
	for i, bits := range set.Match(b, nil) {
		require.Equal(t, rowsOf(ms[i].Match(b, nil)), rowsOf(bits), query.Format(ms[i].Node()))
		if i == 0 {
			require.Equal(t, "2 3", rowsOf(bits))
		}
	}
}

func TestMatchLikeNaive(t *testing.T) {
	for seed := range uint64(300) {
		naiveCompare(t, rand.New(rand.NewPCG(seed, 1)))
	}
}

func FuzzMatch(f *testing.F) {
	f.Add(uint64(1), uint64(2))
	f.Fuzz(func(t *testing.T, a, b uint64) { naiveCompare(t, rand.New(rand.NewPCG(a, b))) })
}

// Letters and their lower case are what the scan takes them for.
func TestLowerIsAFolding(t *testing.T) {
	for r := rune(0x80); r <= unicode.MaxRune; r++ {
		if l := unicode.ToLower(r); l != r && l >= 0x80 {
			found := false
			for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
				found = found || f == l
			}
			require.True(t, found, "%U", r)
		}
	}
}
