package main

import (
	"encoding/binary"
	"encoding/json"
	"net/netip"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/plugintest"
	"github.com/logcenter/logcenter/sdk/schema"
)

func TestGolden(t *testing.T)      { plugintest.Golden(t, sdk.EnricherStage(New)) }
func TestConformance(t *testing.T) { plugintest.Conformance(t, sdk.EnricherStage(New)) }
func BenchmarkEnrich(b *testing.B) { plugintest.Bench(b, sdk.EnricherStage(New)) }

// TestBundledTable looks up addresses that have been in the same country for decades.
func TestBundledTable(t *testing.T) {
	began := time.Now()
	e, err := New(Config{Reload: time.Hour})
	require.NoError(t, err)
	assert.Less(t, time.Since(began), 30*time.Second)
	defer func() { require.NoError(t, e.(*enricher).Close()) }()
	table := e.(*enricher).atlas.Load().places[1]
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
		p := table.Place(table.Find(netip.MustParseAddr(tt.addr)))
		assert.Equal(t, tt.want, p.Code, tt.addr)
		assert.NotEmpty(t, p.Country)
	}
	for _, c := range table.Countries[1:] {
		assert.NotEmpty(t, c.Name, "country %s has no name", c.Code)
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

// config is what an admin writes, in JSON.
func config(t *testing.T, text string) (sdk.Enricher, error) {
	t.Helper()
	var data any
	require.NoError(t, json.Unmarshal([]byte(text), &data))
	var c Config
	if err := schema.Decode(data, &c); err != nil {
		return nil, err
	}
	return New(c)
}

func TestConfigsThatAreRefused(t *testing.T) {
	for text, want := range map[string]string{
		`{"databases": ["no/such.mmdb"]}`:                                                       "databases[0]: ",
		`{"databases": ["testdata/city.mmdb", "plugin.yaml"]}`:                                  "databases[1]: plugin.yaml: ",
		`{"zones": [{"name": "a", "cidr": "10.1.0.0"}, {"name": "b", "cidr": "10.1.0.0/32"}]}`:  "zones[1].cidr: 10.1.0.0/32 is a network of the zone a already",
		`{"zones": [{"name": "a", "cidr": "10.1.0.1/16"}]}`:                                     "a network starts at its first address, write 10.1.0.0/16",
		`{"zones": [{"name": "a", "cidr": "office"}]}`:                                          `"office" is no network: want e.g. 10.1.0.0/16`,
		`{"zones": [{"name": "a"}]}`:                                                            "zones[0].cidr: is required",
		`{"zones": [{"name": "a", "cidr": "10.0.0.0/8", "country": "Chn"}]}`:                    `zones[0].country: "Chn" is no country`,
		`{"zones": [{"name": "a", "cidr": "10.0.0.0/8", "city": "Beijing"}]}`:                   "zones[0].country: is missing",
		`{"zones": [{"name": "a", "cidr": "10.0.0.0/8", "country": "CN", "location": "91,0"}]}`: "want LATITUDE,LONGITUDE in degrees, e.g. 39.9,116.4",
	} {
		_, err := config(t, text)
		assert.ErrorContains(t, err, want, text)
	}
}

// TestADatabaseThatChangesIsReadAgain puts one in the place of another while events come.
func TestADatabaseThatChangesIsReadAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "asn.csv")
	put := func(text string) {
		t.Helper()
		require.NoError(t, os.WriteFile(path+".new", []byte(text), 0o600))
		require.NoError(t, os.Rename(path+".new", path))
	}
	put("20.0.0.0,20.0.0.255,64500,Old\n")
	s, err := New(Config{Databases: []string{path}, Reload: time.Millisecond})
	require.NoError(t, err)
	e := s.(*enricher)
	defer func() { require.NoError(t, e.Close()) }()
	name := func() string {
		a := e.atlas.Load()
		return a.nets[0].Systems[a.nets[0].Find(netip.MustParseAddr("20.0.0.1"))].Organization
	}
	assert.Equal(t, "Old", name())
	put("20.0.0.0,20.0.0.255,64500,New one\n")
	require.Eventually(t, func() bool { return name() == "New one" }, time.Minute, time.Millisecond)
	put("20.0.0.0,20.0.0.255,AS64500,Broken\n")
	require.NoError(t, os.Remove(path))
	assert.Equal(t, "New one", name())
	put("20.0.0.0,20.0.0.255,64500,Newest of all\n")
	require.Eventually(t, func() bool { return name() == "Newest of all" }, time.Minute, time.Millisecond)
}

// TestTheStartDoesNotWaitForever has a database that comes only later, through a pipe.
func TestTheStartDoesNotWaitForever(t *testing.T) {
	slow := filepath.Join(t.TempDir(), "slow.csv")
	require.NoError(t, syscall.Mkfifo(slow, 0o600))
	s, err := start(Config{Databases: []string{"testdata/city.mmdb", slow}, Reload: time.Hour}, time.Millisecond)
	require.NoError(t, err)
	e := s.(*enricher)
	assert.Empty(t, e.atlas.Load().nets)
	require.NoError(t, os.WriteFile(slow, []byte("20.0.0.0,20.0.0.255,64500,Late\n"), 0o600))
	require.Eventually(t, func() bool { return len(e.atlas.Load().nets) == 1 && len(e.atlas.Load().places) == 2 }, time.Minute, time.Millisecond)
	require.NoError(t, e.Close())
}

func BenchmarkLoad(b *testing.B) {
	for b.Loop() {
		if _, err := newAtlas(nil, nil); err != nil {
			b.Fatal(err)
		}
	}
}
