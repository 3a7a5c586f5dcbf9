package main

import (
	"encoding/binary"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/plugintest"
)

func TestGolden(t *testing.T)      { plugintest.Golden(t, sdk.EnricherStage(New)) }
func TestConformance(t *testing.T) { plugintest.Conformance(t, sdk.EnricherStage(New)) }
func BenchmarkEnrich(b *testing.B) { plugintest.Bench(b, sdk.EnricherStage(New)) }

// TestBundledTable looks up addresses that have been in the same country for decades.
func TestBundledTable(t *testing.T) {
	began := time.Now()
	e, err := New(Config{})
	require.NoError(t, err)
	assert.Less(t, time.Since(began), 5*time.Second)
	table := e.(*enricher).t
	v4, v6 := table.Ranges()
	assert.Greater(t, v4, 100_000)
	assert.Greater(t, v6, 50_000)
	for _, tt := range []struct{ addr, want string }{
		{"193.0.14.129", "NL"},    // RIPE NCC
		{"114.114.114.114", "CN"}, // China Telecom
		{"202.12.27.33", "JP"},    // WIDE
		{"8.8.8.8", "US"},
		{"200.160.0.8", "BR"}, // NIC.br
		{"2001:240::1", "JP"},
		{"2001:4860:4860::8888", "US"},
		{"240e::1", "CN"},
	} {
		a := netip.MustParseAddr(tt.addr)
		p := table.Find6(a)
		if a.Is4() {
			b := a.As4()
			p = table.Find4(binary.BigEndian.Uint32(b[:]))
		}
		if assert.NotNil(t, p, tt.addr) {
			assert.Equal(t, tt.want, p.Code, tt.addr)
			assert.NotEmpty(t, p.Country)
		}
	}
	for _, p := range table.Places[1:] {
		assert.NotEmpty(t, p.Country, "country %s has no name", p.Code)
	}
}

// TestSpecial compares with the networks as the RFCs write them.
func TestSpecial(t *testing.T) {
	for _, n := range []string{
		"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24",
		"192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
	} {
		p := netip.MustParsePrefix(n)
		first := number(p.Addr())
		last := first | (1<<(32-p.Bits()) - 1)
		assert.True(t, special4(first), n)
		assert.True(t, special4(last), n)
		if first != 0 && n != "240.0.0.0/4" {
			assert.False(t, special4(first-1), "before %s", n)
		}
		if last != 1<<32-1 && n != "224.0.0.0/4" {
			assert.False(t, special4(last+1), "behind %s", n)
		}
	}
	for addr, want := range map[string]bool{
		"::1": true, "fe80::1": true, "fc00::1": true, "ff02::1": true, "2001:db8::1": true, "64:ff9b::1": true,
		"2001:db9::1": false, "2000::": false, "3fff:1000::": false, "2a00::1": false,
	} {
		assert.Equal(t, want, special6(netip.MustParseAddr(addr)), addr)
	}
}

func number(a netip.Addr) uint32 {
	b := a.As4()
	return binary.BigEndian.Uint32(b[:])
}

func TestNoSuchDatabase(t *testing.T) {
	_, err := New(Config{Database: "no/such.mmdb"})
	assert.ErrorContains(t, err, "no/such.mmdb")
}

func BenchmarkLoad(b *testing.B) {
	for b.Loop() {
		if _, err := New(Config{}); err != nil {
			b.Fatal(err)
		}
	}
}
