package storetest

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/logcenter/logcenter/sdk/ecs"
)

// Fields of types that no field of ECS has. They are defined when random questions are asked, as a plugin's are when
// it is enabled.
const (
	randomBool    = "random.bool"
	randomText    = "random.text"
	randomLongs   = "random.longs"
	randomDoubles = "random.doubles"
	randomBools   = "random.bools"
	randomDates   = "random.dates"
	randomTexts   = "random.texts"
	randomPoints  = "random.points"
)

var defineRandom = sync.OnceValue(func() error {
	for name, i := range map[string]ecs.Info{
		randomBool: {Type: ecs.Boolean}, randomText: {Type: ecs.Text}, randomLongs: {Type: ecs.Long, List: true},
		randomDoubles: {Type: ecs.Double, List: true}, randomBools: {Type: ecs.Boolean, List: true},
		randomDates: {Type: ecs.Date, List: true}, randomTexts: {Type: ecs.Text, List: true}, randomPoints: {Type: ecs.GeoPoint, List: true},
	} {
		i.Name, i.Description = name, "Of random events."
		if _, err := ecs.Define(i); err != nil {
			return err
		}
	}
	return nil
})

// What random events are asked of, by what can be asked.
var (
	keywordFields = []string{"user.name", "observer.type", "tags", "source.geo.country_iso_code"}
	longFields    = []string{"source.port", "source.bytes", randomLongs}
	doubleFields  = []string{"event.risk_score", randomDoubles}
	boolFields    = []string{randomBool, randomBools}
	ipFields      = []string{"source.ip", "destination.ip", "related.ip"}
	dateFields    = []string{"@timestamp", "event.start", randomDates}
	geoFields     = []string{"source.geo.location", "destination.geo.location"}
	textFields    = []string{"message", "event.original", randomText, randomTexts}
	otherFields   = []string{"acme.kind", "acme.list", "acme.nothing", "host.name", randomPoints}
)

// chance makes random things, the same ones of the same seed.
type chance struct{ *rand.Rand }

func newChance(seed uint64) chance { return chance{rand.New(rand.NewPCG(seed, 0x5eed))} }

func (c chance) in(n, of int) bool { return c.IntN(of) < n }

func pick[T any](c chance, list ...T) T { return list[c.IntN(len(list))] }

var (
	randomWords = []string{
		"login", "Failed", "登录", "失败", "10.0.0.1", "user", "error42", "abc登录", "x", "Straße", "2001:db8::1", "a_b", "K", "Ω", "İstanbul",
		"ﬁn", "e\u0301tat", "🙂", "カタカナー", "한국어", "שלום", "٣٤", "x\u200dy", "0", "00", "re-login", "ǅ", "ſtop",
	}
	randomStrings = []string{
		"alice", "Bob", "张三", "a b", "al*ce", "x\"y", "", "al?ce", `c:\dir`, "Straße", "ALICE", "e\u0301", "é", "🙂", "a/b", "张", "a\tb\nc", "0", "true", "~^.$|",
		strings.Repeat("long ", 60), strings.Repeat("长", 300),
	}
	randomLong   = []int64{0, 1, 2, 3, 4, 5, -1, -7, 100, 443, 65535, 1 << 53, 1<<53 + 1, math.MaxInt64, math.MinInt64, -1 << 53}
	randomDouble = []float64{0, math.Copysign(0, -1), 0.1, 0.5, 1.5, -2.5, 3, 1e-7, 5e-324, 123456789.125, 1e15, -1e300, 1e300, math.MaxFloat64}
	randomAddrs  = []string{"10.0.0.1", "10.0.0.2", "10.0.1.1", "10.255.255.255", "0.0.0.0", "255.255.255.255", "::", "::1", "2001:db8::1", "2001:db8::2", "fe80::1", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"}
	randomDate   = []string{
		"1969-12-31T23:59:59.999999999Z", "1970-01-01T00:00:00Z", "1901-12-13T20:45:52Z", "2026-03-29T00:59:59.999Z", "2026-03-29T01:00:00Z",
		"2026-10-25T00:30:00Z", "2026-10-25T01:30:00.5Z", "2026-11-01T05:30:00Z", "2026-04-04T15:00:00Z", "2026-11-21T10:00:00.000000001Z", "2026-11-21T10:00:00.001Z", "2100-02-28T12:00:00Z",
	}
	randomPoint = [][2]float64{
		{31.2304, 121.4737},
		{31.2305, 121.4738},
		{39.9, 116.4},
		{52.52, 13.405},
		{0, 0},
		{90, 0},
		{-90, 180},
		{85.0511287798066, -180},
		{-85.06, 179.9999999},
		{-33.8688, 151.2093},
		{1e-9, -1e-9},
		{66.51326044311186, 45},
	}
)

func (c chance) long() int64 {
	if c.in(1, 10) {
		return pick(c, randomLong...)
	}
	return int64(c.IntN(8)) - 1
}

func (c chance) double() float64 {
	if c.in(1, 10) {
		return pick(c, randomDouble...)
	}
	return float64(c.IntN(40)-8) / 4
}

func (c chance) addr() netip.Addr {
	if c.in(1, 2) {
		return netip.MustParseAddr(pick(c, randomAddrs...))
	}
	return netip.AddrFrom4([4]byte{10, 0, byte(c.IntN(2)), byte(c.IntN(4))})
}

func (c chance) date() time.Time {
	if c.in(1, 2) {
		t, err := time.Parse(time.RFC3339Nano, pick(c, randomDate...))
		if err != nil {
			panic(err)
		}
		return t
	}
	return epoch.Add(time.Duration(c.IntN(100)) * time.Minute)
}

func (c chance) point() map[string]any {
	p := pick(c, randomPoint...)
	if c.in(1, 2) {
		p = [2]float64{float64(c.IntN(1800001)-900000) / 1e4, float64(c.IntN(3600001)-1800000) / 1e4}
	}
	return map[string]any{"lat": json.Number(strconv.FormatFloat(p[0], 'g', -1, 64)), "lon": json.Number(strconv.FormatFloat(p[1], 'g', -1, 64))}
}

func (c chance) text() string {
	var m []string
	for range 1 + c.IntN(5) {
		m = append(m, pick(c, randomWords...))
	}
	return strings.Join(m, pick(c, " ", ";", "", "，", "-", "\n"))
}

// list makes a list of up to three values, at times an empty one.
func list[T any](c chance, one func() T) []any {
	out := []any{}
	for range c.IntN(4) {
		out = append(out, one())
	}
	return out
}

// event makes one; at is when.
func (c chance) event(i int) Event {
	at := epoch.Add(time.Duration(i/3) * time.Millisecond) // equal ones often
	if c.in(1, 8) {
		at = c.date()
	}
	ev := Event{"@timestamp": at, "event.ingested": epoch.Add(time.Duration(c.IntN(2)) * 24 * time.Hour), "message": c.text()}
	maybe := func(name string, v func() any) {
		if c.in(1, 2) {
			ev[name] = v()
		}
	}
	maybe("user.name", func() any { return pick(c, randomStrings...) })
	maybe("observer.type", func() any { return pick(c, "firewall", "ips", "waf") })
	maybe("source.geo.country_iso_code", func() any { return pick(c, "CN", "DE", "AU", "US") })
	maybe("tags", func() any { return list(c, func() any { return pick(c, randomStrings...) }) })
	maybe("acme.kind", func() any { return pick(c, randomStrings...) })
	maybe("acme.list", func() any { return list(c, func() any { return pick(c, randomStrings...) }) })
	maybe("source.port", func() any { return c.long() })
	maybe("source.bytes", func() any { return int64(c.IntN(5000)) })
	maybe("event.risk_score", func() any { return c.double() })
	maybe("source.ip", func() any { return c.addr() })
	maybe("destination.ip", func() any { return c.addr() })
	maybe("related.ip", func() any { return list(c, c.addr) })
	maybe("event.start", func() any { return c.date() })
	maybe("source.geo.location", func() any { return c.point() })
	maybe("destination.geo.location", func() any { return c.point() })
	maybe(randomBool, func() any { return c.in(1, 2) })
	maybe(randomBools, func() any { return list(c, func() bool { return c.in(1, 2) }) })
	maybe(randomLongs, func() any { return list(c, c.long) })
	maybe(randomDoubles, func() any { return list(c, c.double) })
	maybe(randomDates, func() any { return list(c, c.date) })
	maybe(randomText, func() any { return c.text() })
	maybe(randomTexts, func() any { return list(c, c.text) })
	maybe(randomPoints, func() any { return list(c, c.point) })
	return ev
}

// leaf is one comparison of a query; most fit their field.
func (c chance) leaf() string {
	field, value := c.comparison()
	if field == "" {
		return value
	}
	return field + ":" + value
}

func (c chance) comparison() (field, value string) {
	switch c.IntN(12) {
	case 0, 1:
		return pick(c, keywordFields...), c.stringQuery()
	case 2:
		field = pick(c, longFields...)
		return field, c.rangeOf(func() string { return strconv.FormatInt(c.long(), 10) })
	case 3:
		return pick(c, doubleFields...), c.rangeOf(func() string { return strconv.FormatFloat(c.double(), 'g', -1, 64) })
	case 4:
		field = pick(c, ipFields...)
		if c.in(1, 3) {
			a := c.addr()
			return field, netip.PrefixFrom(a, c.IntN(a.BitLen()+1)).Masked().String()
		}
		return field, c.rangeOf(func() string { return `"` + c.addr().String() + `"` })
	case 5:
		return pick(c, dateFields...), c.rangeOf(func() string {
			at := c.date()
			return `"` + at.Format(pick(c, time.RFC3339Nano, "2006-01-02", "2006-01-02 15:04", "2006-01-02T15:04:05Z", "2006-01", "2006")) + `"`
		})
	case 6:
		return pick(c, boolFields...), pick(c, "true", "false")
	case 7:
		return pick(c, "acme.kind", "acme.list", "acme.nothing"), pick(c, quoted(pick(c, randomStrings...)), "a*", "张*", `c\:*`)
	case 8:
		all := [][]string{keywordFields, longFields, doubleFields, boolFields, ipFields, dateFields, geoFields, textFields, otherFields}
		return "_exists_", pick(c, pick(c, all...)...)
	case 9:
		return "", c.textQuery()
	default:
		return pick(c, textFields...), c.textQuery()
	}
}

// listed asks for lists of scriptLists, and other things beside.
func (c chance) listed() string {
	leaf := pick(c, ipFields...) + pick(c, ":list(networks)", ":list(nothing)")
	if c.in(1, 2) {
		leaf = pick(c, keywordFields...) + pick(c, ":list(people)", ":list(texts)", ":list(names)")
	}
	if c.in(1, 3) {
		leaf = "NOT " + leaf
	}
	return leaf + pick(c, "", " AND "+c.query(2), " OR "+c.query(1))
}

func (c chance) stringQuery() string {
	return pick(c,
		quoted(pick(c, randomStrings...)), quoted(pick(c, randomStrings...)), "a*", "张*", "B*", "*", "a?i*", "*o*", "?三", "*三", `al\*ce`, "??", "*e", "长*长",
		"/^a.*e$/", "/[bB]o+/", "/^.$/", "/a|三/", `/\w+ce/`, `/^[^a-z]+$/`, "/./", `/\\\\/`, "/(al|x).?/", `/^\p{Han}{1,2}$/`, "fire*", "/^(ips|waf)$/", "C?", "firewall", "(ips OR waf)",
	)
}

func (c chance) textQuery() string {
	return pick(c,
		quoted(c.text()), quoted(pick(c, randomWords...)), quoted(pick(c, randomWords...)+pick(c, " ", "", "-", ";")+pick(c, randomWords...)), quoted(pick(c, randomWords...)),
		"log*", "fail*", "*or42", "e?ror*", "str*", "登*", "a*", "?", "??", "*登*", "ab*录", "登录*", `10.0.0.*`, "*", "0*", "user.lo*",
		"/log.n/", "/^x$/", "/[0-9]+/", "/登/", "/or4/", "/k/", "/^[a-z]{4,5}$/", "/fail(ed|ure)?/", `/\d{2}/`, "/^.$/", "/stra.e/", "/^(user|login)$/", `/\p{Greek}/`,
	)
}

// rangeOf makes a value or a range of them.
func (c chance) rangeOf(value func() string) string {
	switch c.IntN(6) {
	case 0, 1:
		return escapeMinus(value())
	case 2:
		return pick(c, ">", ">=", "<", "<=") + value()
	default:
		low, high := value(), value()
		if c.in(1, 6) {
			low = "*"
		} else if c.in(1, 6) {
			high = "*"
		}
		return pick(c, "[", "{") + low + " TO " + high + pick(c, "]", "}")
	}
}

func escapeMinus(s string) string {
	if strings.HasPrefix(s, "-") {
		return `"` + s + `"`
	}
	return s
}

// query makes a tree of comparisons.
func (c chance) query(depth int) string {
	switch n := c.IntN(7); {
	case depth == 0 || n < 2:
		return c.leaf()
	case n == 2:
		return pick(c, "NOT ", "-") + "(" + c.query(depth-1) + ")"
	case n < 5:
		return "(" + c.query(depth-1) + pick(c, " AND ", " ") + c.query(depth-1) + ")"
	default:
		return "(" + c.query(depth-1) + " OR " + c.query(depth-1) + pick(c, "", " OR "+c.leaf()) + ")"
	}
}

// describe is an event for people.
func describe(ev map[string]any) string {
	b, err := json.Marshal(ev)
	if err != nil {
		return fmt.Sprint(ev)
	}
	return string(b)
}
