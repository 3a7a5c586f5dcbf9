package cidr_test

import (
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/sdk/cidr"
)

// narrowest is the plainest search there is.
func narrowest(ns []cidr.Network, a netip.Addr) (value uint32) {
	bits := -1
	for _, n := range ns {
		if n.Prefix.Contains(a) && n.Prefix.Bits() > bits {
			value, bits = n.Value, n.Prefix.Bits()
		}
	}
	return value
}

func number(a netip.Addr) uint32 {
	b := a.As4()
	return binary.BigEndian.Uint32(b[:])
}

func TestNarrowestNetworkDecides(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	addr := func() netip.Addr {
		if r.IntN(2) == 0 {
			return netip.AddrFrom4([4]byte{byte(r.IntN(2) * 255), byte(r.IntN(2) * 255), byte(r.IntN(2)), byte(r.Uint32())})
		}
		return netip.AddrFrom16([16]byte{byte(r.IntN(2) * 255), 1: byte(r.IntN(2)), 7: byte(r.IntN(2) * 255), 8: byte(r.IntN(2) * 255), 15: byte(r.Uint32())})
	}
	for range 500 {
		var ns []cidr.Network
		for i := range 1 + r.IntN(30) {
			a := addr()
			p := netip.PrefixFrom(a, r.IntN(a.BitLen()+1)).Masked()
			ns = append(ns, cidr.Network{Prefix: p, Value: uint32(i + 1)})
		}
		plain := append([]cidr.Network(nil), ns...)
		tab := cidr.New(ns)
		var addrs4, wants4 []uint32
		for range 200 {
			a := addr()
			want := narrowest(plain, a)
			require.Equal(t, want, tab.Find(a), "%s in %v", a, plain)
			if a.Is4() {
				addrs4, wants4 = append(addrs4, number(a)), append(wants4, want)
				require.Equal(t, want, tab.Find4(number(a)))
				require.Equal(t, want, tab.Find(netip.AddrFrom16(a.As16())), "mapped")
			}
		}
		require.Equal(t, wants4, tab.FindAll4(addrs4, nil))
	}
}

func TestRanges(t *testing.T) {
	b := cidr.NewBuilder()
	add := func(first, last string, value uint32) error {
		return b.AddRange(netip.MustParseAddr(first), netip.MustParseAddr(last), value)
	}
	require.NoError(t, add("10.0.0.5", "10.0.0.9", 1))
	require.NoError(t, add("10.0.0.10", "10.0.1.0", 2))
	require.ErrorIs(t, add("10.0.0.7", "10.0.0.8", 3), cidr.ErrOrder, "before the last one")
	require.ErrorIs(t, add("10.0.2.7", "10.0.2.6", 3), cidr.ErrOrder, "ends before it begins")
	require.ErrorIs(t, add("10.0.2.7", "::1", 3), cidr.ErrOrder, "of both kinds")
	require.NoError(t, add("10.0.3.0", "10.0.3.9", 4))
	require.NoError(t, add("10.0.3.5", "10.0.3.20", 5), "reaches out of the one before")
	require.NoError(t, add("255.255.255.255", "255.255.255.255", 6))
	require.NoError(t, add("2001:db8::", "2001:db8::ffff", 7), "IPv6 has an order of its own")
	require.NoError(t, add("ffff::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 8))
	tab := b.Table()
	for addr, want := range map[string]uint32{
		"0.0.0.0": 0, "10.0.0.4": 0, "10.0.0.5": 1, "10.0.0.9": 1, "10.0.0.10": 2, "10.0.1.0": 2, "10.0.1.1": 0, "10.0.3.4": 4, "10.0.3.5": 5, "10.0.3.20": 5,
		"10.0.3.21": 0, "255.255.255.254": 0, "255.255.255.255": 6, "::": 0, "2001:db8::ffff": 7, "2001:db8::1:0": 0, "fffe::": 0, "ffff::1": 8,
	} {
		assert.Equal(t, want, tab.Find(netip.MustParseAddr(addr)), addr)
	}
}

// A table made of what another one says of itself is the same.
func TestStarts(t *testing.T) {
	var ns []cidr.Network
	for i, p := range []string{"10.0.0.0/8", "10.1.0.0/16", "10.1.2.3/32", "0.0.0.0/5", "2001:db8::/32", "2001:db8::1/128", "ffff::/16"} {
		ns = append(ns, cidr.Network{Prefix: netip.MustParsePrefix(p), Value: uint32(i + 1)})
	}
	tab := cidr.New(ns)
	b := cidr.NewBuilder()
	var last netip.Addr
	for start, value := range tab.Starts() {
		assert.True(t, !last.IsValid() || last.Less(start), "%s behind %s", start, last)
		last = start
		end := netip.MustParseAddr("255.255.255.255")
		if start.Is6() {
			end = netip.MustParseAddr("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")
		}
		require.NoError(t, b.AddRange(start, end, value))
	}
	assert.Equal(t, tab, b.Table())
	v4, v6 := tab.Ranges()
	assert.Equal(t, []int{8, 6}, []int{v4, v6})
}

func TestNothingIsKnownWithoutNetworks(t *testing.T) {
	for _, tab := range []*cidr.Table{{}, cidr.New(nil)} {
		assert.Zero(t, tab.Find(netip.MustParseAddr("10.0.0.1")))
		assert.Zero(t, tab.Find(netip.MustParseAddr("::1")))
		assert.Equal(t, []uint32{0, 0}, tab.FindAll4([]uint32{1, 2}, nil))
	}
	only6 := cidr.New([]cidr.Network{{Prefix: netip.MustParsePrefix("::/0"), Value: 1}})
	assert.Zero(t, only6.Find(netip.MustParseAddr("10.0.0.1")))
	assert.EqualValues(t, 1, only6.Find(netip.MustParseAddr("::")))
}

func TestOfEqualNetworksTheFirstCounts(t *testing.T) {
	p := netip.MustParsePrefix("10.0.0.0/8")
	tab := cidr.New([]cidr.Network{{Prefix: p, Value: 1}, {Prefix: p, Value: 2}})
	assert.EqualValues(t, 1, tab.Find4(10<<24))
}

func TestLookupsAllocateNothing(t *testing.T) {
	tab := cidr.New([]cidr.Network{{Prefix: netip.MustParsePrefix("10.0.0.0/8"), Value: 1}, {Prefix: netip.MustParsePrefix("2001:db8::/32"), Value: 2}})
	v4, v6 := netip.MustParseAddr("10.1.2.3"), netip.MustParseAddr("2001:db8::1%eth0")
	assert.EqualValues(t, 2, tab.Find(v6))
	assert.Zero(t, testing.AllocsPerRun(100, func() { tab.Find(v4); tab.Find(v6) }))
}
