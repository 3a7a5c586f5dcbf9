package query_test

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/sdk/query"
)

// entry is an entry of a list, and for how long; 0 is for ever.
type entry struct {
	value string
	until time.Time
}

func listOf(t testing.TB, typ query.ListType, entries ...entry) *query.List {
	t.Helper()
	b := query.NewListBuilder(typ, 0, 0)
	for _, e := range entries {
		value, err := query.ParseListValue(typ, e.value)
		require.NoError(t, err)
		until := int64(0)
		if !e.until.IsZero() {
			until = e.until.UnixNano()
		}
		_, err = b.Add([]byte(value), until)
		require.NoError(t, err)
	}
	return b.Build()
}

var (
	naiveNow   = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	naiveUntil = []time.Time{{}, naiveNow.Add(-time.Second), naiveNow, naiveNow.Add(time.Second)}
	// What is in the lists of naiveLists, as written.
	naiveEntries = map[string][]entry{
		"addresses": {
			{"10.0.0.0/30", naiveUntil[1]},
			{"10.0.0.2", time.Time{}},
			{"10.1.0.0/29", naiveUntil[3]},
			{"10.1.0.0/31", naiveUntil[1]},
			{"::ffff:10.0.0.5", naiveUntil[2]},
			{"2001:db8::4/126", time.Time{}},
			{"2001:db8::6", naiveUntil[1]},
			{"2001:db8::", naiveUntil[3]},
		},
		"domains": {{"AB.a", time.Time{}}, {"c", time.Time{}}, {"abc", naiveUntil[1]}, {"école", time.Time{}}},
		"users":   {{"FAIL", time.Time{}}, {"error", naiveUntil[3]}, {"login", naiveUntil[2]}, {"École", time.Time{}}, {"登录失败", time.Time{}}},
		"words":   {{"FAIL", time.Time{}}, {"Fail", time.Time{}}, {"a", naiveUntil[1]}, {"用户", time.Time{}}},
		"gone":    {},
	}
	naiveLists = query.ListMap{}
)

func init() {
	types := map[string]query.ListType{"addresses": query.ListIP, "domains": query.ListDomain, "users": query.ListUser, "words": query.ListKeyword, "gone": query.ListUser}
	for name, entries := range naiveEntries {
		b := query.NewListBuilder(types[name], 0, 0)
		for _, e := range entries {
			value, err := query.ParseListValue(types[name], e.value)
			if err != nil {
				panic(err)
			}
			until := int64(0)
			if !e.until.IsZero() {
				until = e.until.UnixNano()
			}
			if _, err := b.Add([]byte(value), until); err != nil {
				panic(err)
			}
		}
		naiveLists[name] = b.Build()
	}
}

// naiveListed goes through the entries.
func naiveListed(list string, v any) bool {
	lower := func(s string) string {
		return strings.Map(func(r rune) rune {
			if r >= 'A' && r <= 'Z' {
				r += 'a' - 'A'
			}
			return r
		}, s)
	}
	return slices.ContainsFunc(naiveEntries[list], func(e entry) bool {
		if !e.until.IsZero() && !naiveNow.Before(e.until) {
			return false
		}
		switch list {
		case "addresses":
			p, err := netip.ParsePrefix(e.value)
			if err != nil {
				return v == netip.MustParseAddr(e.value).Unmap()
			}
			return p.Contains(v.(netip.Addr))
		case "domains":
			name := lower(strings.TrimSuffix(v.(string), "."))
			return name == lower(e.value) || strings.HasSuffix(name, "."+lower(e.value))
		case "words":
			return v == e.value
		default:
			return lower(v.(string)) == lower(e.value)
		}
	})
}

// Lists of random networks with random ends hold what going through them says.
func TestListOfNetworksLikeNaive(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 7))
		type network struct {
			netip.Prefix
			until int64
		}
		var all []network
		b, more := query.NewListBuilder(query.ListIP, 0, 0), query.NewListBuilder(query.ListIP, 0, 0)
		distinct := map[netip.Prefix]bool{}
		for range r.IntN(30) {
			var p netip.Prefix
			switch r.IntN(8) {
			case 0:
				p = netip.PrefixFrom(netip.AddrFrom16([16]byte{0: 0x20, 1: 1, 15: byte(r.IntN(256))}), 120+r.IntN(9)).Masked()
			case 1:
				p = netip.MustParsePrefix([]string{"::/0", "0.0.0.0/0", "ff00::/8", "255.255.255.255/32", "::/128"}[r.IntN(5)])
			default:
				p = netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(r.IntN(256))}), 24+r.IntN(9)).Masked()
			}
			until := int64(r.IntN(4)) * int64(time.Second) * 100
			value, err := query.ParseListValue(query.ListIP, p.String())
			require.NoError(t, err)
			into := b
			if seed%2 == 1 && r.IntN(3) == 0 {
				into = more // what is added later to a list that is made
			}
			_, err = into.Add([]byte(value), until)
			require.NoError(t, err)
			all, distinct[p] = append(all, network{p, until}), true
		}
		l := b.Build()
		if seed%2 == 1 {
			l = l.With(more.Build(), nil, len(distinct))
		}
		require.Equal(t, len(distinct), l.Len())
		for range 300 {
			a := netip.AddrFrom4([4]byte{10, 0, 0, byte(r.IntN(256))})
			switch r.IntN(6) {
			case 0:
				a = netip.AddrFrom16([16]byte{0: 0x20, 1: 1, 15: byte(r.IntN(256))})
			case 1:
				a = netip.MustParseAddr([]string{"::", "255.255.255.255", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "9.255.255.255", "10.0.1.0"}[r.IntN(5)])
			}
			now := int64(r.IntN(5)) * int64(time.Second) * 100
			want := slices.ContainsFunc(all, func(n network) bool {
				in := n.Contains(a) || n.Bits() == 0 && n.Addr().Is6()
				return in && (n.until == 0 || now < n.until)
			})
			require.Equal(t, want, l.HasAddr(a, now), "seed %d: %s at %d in %v", seed, a, now, all)
		}
	}
}

func TestListValues(t *testing.T) {
	ok := func(typ query.ListType, text, want string) {
		t.Helper()
		got, err := query.ParseListValue(typ, text)
		require.NoError(t, err)
		assert.Equal(t, want, got)
		again, err := query.ParseListValue(typ, got)
		require.NoError(t, err)
		assert.Equal(t, got, again)
	}
	bad := func(typ query.ListType, text, want string) {
		t.Helper()
		_, err := query.ParseListValue(typ, text)
		assert.ErrorContains(t, err, want)
	}
	ok(query.ListIP, " ::ffff:192.0.2.7 ", "192.0.2.7")
	ok(query.ListIP, "192.0.2.77/24", "192.0.2.0/24")
	ok(query.ListIP, "2001:DB8::1/128", "2001:db8::1")
	bad(query.ListIP, "192.0.2.0-192.0.2.9", "write e.g. 192.0.2.7")
	bad(query.ListIP, "fe80::1%eth0", "is no IP address")
	ok(query.ListDomain, "Phish.Example.COM.", "phish.example.com")
	bad(query.ListDomain, "http://phish.example.com/x", "write the name alone")
	bad(query.ListDomain, "*.example.com", "write example.com")
	bad(query.ListDomain, "a..b", "1 to 63 bytes")
	ok(query.ListHash, "D41D8CD98F00B204E9800998ECF8427E", "d41d8cd98f00b204e9800998ecf8427e")
	bad(query.ListHash, "d41d8cd9", "32 hexadecimal digits (MD5)")
	bad(query.ListHash, strings.Repeat("g", 64), "64, 96 or 128")
	ok(query.ListUser, `CORP\Alice`, `corp\alice`)
	ok(query.ListKeyword, "As It Is", "As It Is")
	bad(query.ListUser, "a\x00b", "control character")
	bad(query.ListKeyword, "  ", "empty")
	bad(query.ListKeyword, strings.Repeat("x", 1025), "the limit is 1024")
	_, err := query.ParseListType("cidr")
	assert.ErrorContains(t, err, "one of ip, domain")
}

func TestListErrors(t *testing.T) {
	lists := query.ListMap{"scanners": listOf(t, query.ListIP), "leavers": listOf(t, query.ListUser)}
	f := func(text, want string) {
		t.Helper()
		n, err := query.Parse(text)
		if err == nil {
			err = query.CheckWith(n, query.Options{Lists: lists})
		}
		require.Error(t, err, text)
		assert.Contains(t, err.Error(), want)
	}
	f("source.ip:list(scaners)", "there is no list scaners (did you mean scanners?)")
	f("source.ip:list(x)", "there is no list x (there are leavers, scanners)")
	f("user.name:list(scanners)", "user.name is a keyword field, and the entries of list scanners are of type ip (lists of addresses and networks are for ip fields, e.g. source.ip)")
	f("source.ip:list(leavers)", "ip fields take lists of type ip")
	f("message:list(leavers)", "lists are for fields with one value")
	f("acme.user:list(leavers)", "acme.user is not declared, so it takes no lists")
	f("user.name:list()", `"" cannot be the name of a list`)
	f("user.name:list(a b)", ") expected behind the name of the list")
	f(`user.name:list("a b")`, "letters, digits")
	f("user.name:list(a", ") expected")
	f("user.name:list(leavers)~1", "not supported")
	n, err := query.Parse("a AND source.ip:list(scanners) AND NOT (user.name:list(leavers) OR destination.ip:list(scanners))")
	require.NoError(t, err)
	assert.Equal(t, []string{"leavers", "scanners"}, query.ListsOf(n))
	require.NoError(t, query.CheckWith(n, query.Options{Lists: lists}))
	require.NoError(t, query.Check(n, nil), "this process was told none")
	require.NoError(t, query.CheckFields(n, nil))
	require.Error(t, query.CheckWith(n, query.Options{Lists: query.ListMap{}}))
}

// A matcher looks at what the list is when a batch comes, and allocates nothing.
func TestListChangesUnderMatcher(t *testing.T) {
	lists := query.ListMap{"bad": listOf(t, query.ListIP, entry{value: "10.0.0.1"}), "leavers": listOf(t, query.ListUser, entry{value: "alice"})}
	n, err := query.Parse("source.ip:list(bad) OR user.name:list(leavers)")
	require.NoError(t, err)
	m, err := query.Compile(n, query.Options{Lists: lists})
	require.NoError(t, err)
	events := []event{{"source.ip": netip.MustParseAddr("10.0.0.1")}, {"source.ip": netip.MustParseAddr("10.0.0.2"), "user.name": "Alice"}, {"user.name": "bob"}}
	for _, enc := range []encoding{asDict, asPlain} {
		b := batchOf(t, events, enc)
		lists["bad"], lists["leavers"] = listOf(t, query.ListIP, entry{value: "10.0.0.1"}), listOf(t, query.ListUser, entry{value: "alice"})
		require.Equal(t, "0 1", rowsOf(m.Match(b, nil)))
		lists["bad"] = listOf(t, query.ListIP, entry{value: "10.0.0.0/30"})
		require.Equal(t, "0 1", rowsOf(m.Match(b, nil)))
		delete(lists, "leavers")
		require.Equal(t, "0 1", rowsOf(m.Match(b, nil)))
		delete(lists, "bad")
		require.Empty(t, rowsOf(m.Match(b, nil)))
		lists["leavers"] = listOf(t, query.ListUser, entry{value: "bob"})
		require.Equal(t, "2", rowsOf(m.Match(b, nil)))
		var out []uint64
		require.Zero(t, testing.AllocsPerRun(20, func() { out = m.Match(b, out) }))
	}
}

// What is added to a list is found as what is in it.
func TestListWith(t *testing.T) {
	hour := int64(time.Hour)
	until := time.Unix(3600, 0)
	for typ, v := range map[query.ListType][2]string{query.ListDomain: {"example.com", "www.Example.COM"}, query.ListUser: {"alice", "Alice"}, query.ListKeyword: {"Alice", "Alice"}} {
		base := listOf(t, typ, entry{value: "bob"})
		l := base.With(listOf(t, typ, entry{value: v[0], until: until}, entry{value: "bob", until: until}), nil, 2)
		assert.Equal(t, 2, l.Len())
		assert.Greater(t, l.Bytes(), base.Bytes())
		assert.True(t, l.Has([]byte(v[1]), hour-1))
		assert.False(t, l.Has([]byte(v[1]), hour))
		assert.True(t, l.Has([]byte("bob"), 2*hour), "for as long as either has it")
		assert.False(t, base.Has([]byte(v[1]), 0), "the list is as it was")
		assert.False(t, l.Has([]byte("carol"), 0))
	}
}

// What is removed from a list is not found, unless it was added again; what it is part of, or a part of, is as it was.
func TestListWithout(t *testing.T) {
	base := listOf(t, query.ListDomain, entry{value: "example.com"}, entry{value: "www.example.com"}, entry{value: "example.org"})
	l := base.With(nil, listOf(t, query.ListDomain, entry{value: "example.com"}, entry{value: "example.org"}), 1)
	assert.False(t, l.Has([]byte("Example.COM"), 0))
	assert.False(t, l.Has([]byte("mail.example.com"), 0))
	assert.True(t, l.Has([]byte("a.www.example.com."), 0))
	assert.False(t, l.Has([]byte("example.org"), 0))
	assert.True(t, base.Has([]byte("example.org"), 0), "the list is as it was")
	assert.Greater(t, l.Bytes(), base.Bytes())
	l = base.With(listOf(t, query.ListDomain, entry{value: "example.org"}), listOf(t, query.ListDomain, entry{value: "example.org"}), 3)
	assert.True(t, l.Has([]byte("example.org"), 0), "added again")

	for typ, v := range map[query.ListType]string{query.ListUser: "Alice", query.ListKeyword: "alice"} {
		l := listOf(t, typ, entry{value: "alice"}, entry{value: "bob"}).With(nil, listOf(t, typ, entry{value: "alice"}), 1)
		assert.False(t, l.Has([]byte(v), 0))
		assert.True(t, l.Has([]byte("bob"), 0))
	}
	l = listOf(t, query.ListIP, entry{value: "192.0.2.0/24"}, entry{value: "198.51.100.7"}, entry{value: "198.51.100.8"}).
		With(nil, listOf(t, query.ListIP, entry{value: "198.51.100.7"}, entry{value: "192.0.2.9"}), 2)
	for addr, want := range map[string]bool{"198.51.100.7": false, "198.51.100.8": true, "192.0.2.9": false, "192.0.2.8": true, "192.0.2.10": true} {
		assert.Equal(t, want, l.HasAddr(netip.MustParseAddr(addr), 0), addr)
	}
}

// A million entries are within 100 MB; the figures are printed. The short form has fewer.
func TestMillionEntries(t *testing.T) {
	n := 20_000
	if os.Getenv("LOGCENTER_LONG") != "" {
		n = query.MaxListEntries
	}
	for typ, value := range map[query.ListType]func(i int) string{
		query.ListIP: func(i int) string {
			return netip.AddrFrom4([4]byte{byte(1 + i>>21), byte(i >> 13), byte(i >> 5), byte(i << 3)}).String()
		},
		query.ListHash:   func(i int) string { return fmt.Sprintf("%064x", uint64(i)*0x9e3779b97f4a7c15) },
		query.ListDomain: func(i int) string { return fmt.Sprintf("host%d.example%d.com", i, i%1000) },
	} {
		values := make([][]byte, n)
		size := 0
		for i := range values {
			values[i] = []byte(value(i))
			size += len(values[i])
		}
		begun := time.Now()
		b := query.NewListBuilder(typ, len(values), size)
		for _, v := range values {
			fresh, err := b.Add(v, 0)
			require.NoError(t, err)
			require.True(t, fresh)
		}
		if n == query.MaxListEntries {
			_, err := b.Add([]byte("192.0.2.1"), 0)
			require.ErrorContains(t, err, "at most 1000000 entries")
		}
		l := b.Build()
		took := time.Since(begun)
		begun = time.Now()
		for _, v := range values {
			found := false
			if typ == query.ListIP {
				found = l.HasAddr(netip.MustParseAddr(string(v)), 0)
			} else {
				found = l.Has(v, 0)
			}
			require.True(t, found)
		}
		t.Logf("%s: %d entries in %d MB, made in %s; found in %d ns", typ, l.Len(), l.Bytes()>>20, took.Round(time.Millisecond), time.Since(begun).Nanoseconds()/int64(len(values)))
		require.Less(t, l.Bytes(), int64(100<<20))
	}
}

func BenchmarkList(b *testing.B) {
	addrs, names := query.NewListBuilder(query.ListIP, query.MaxListEntries, 0), query.NewListBuilder(query.ListDomain, query.MaxListEntries, 0)
	r := rand.New(rand.NewPCG(1, 1))
	for i := range query.MaxListEntries {
		_, err := addrs.Add([]byte(netip.AddrFrom4([4]byte{byte(r.Uint32()), byte(r.Uint32()), byte(r.Uint32()), 0}).String()+"/30"), 0)
		require.NoError(b, err)
		_, err = names.Add([]byte(fmt.Sprintf("h%d.example%d.com", i, i%1000)), 0)
		require.NoError(b, err)
	}
	l, d := addrs.Build(), names.Build()
	b.Run("ip", func(b *testing.B) {
		for i := range b.N {
			l.HasAddr(netip.AddrFrom4([4]byte{byte(i), byte(i >> 3), byte(i >> 5), byte(i >> 8)}), 0)
		}
	})
	for name, text := range map[string]string{"domain hit": "www.deep.h77.example77.com", "domain miss": "static.images.example.org"} {
		b.Run(name, func(b *testing.B) {
			v := []byte(text)
			for range b.N {
				d.Has(v, 0)
			}
		})
	}
}
