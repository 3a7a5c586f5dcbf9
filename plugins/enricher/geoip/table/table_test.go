package table

import (
	"bytes"
	"flag"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write testdata/city.mmdb of the plugin anew")

type m = map[string]any

// cities is a database of the layout of GeoLite2 City, with made-up places.
func cities() []byte {
	beijing := m{
		"city": m{"names": m{"en": "Beijing", "zh-CN": "北京"}}, "subdivisions": []any{m{"names": m{"en": "Beijing Shi"}}}, "country": m{"iso_code": "CN", "names": m{"en": "China"}},
		"location": m{"latitude": 39.9, "longitude": 116.4},
	}
	return mmdbFile("Made-up-City", m{
		"20.1.0.0/16":    beijing,
		"20.2.0.0/24":    m{"country": m{"iso_code": "DE", "names": m{"en": "Germany"}}},
		"20.2.1.0/24":    m{"city": m{"names": m{"en": "Null Island"}}, "country": m{"iso_code": "XK"}, "location": m{"latitude": 0.0, "longitude": 0.0}},
		"2a00:1:2::/48":  beijing,
		"10.0.0.0/8":     m{"country": m{"iso_code": "US", "names": m{"en": "United States"}}},
		"2001:db8::/32":  m{"country": m{"iso_code": "US", "names": m{"en": "United States"}}},
		"255.0.0.0/8":    m{"country": m{"iso_code": "AQ", "names": m{"en": "Antarctica"}}},
		"ffff::/16":      m{"country": m{"iso_code": "AQ", "names": m{"en": "Antarctica"}}},
		"2a00:1:3::/120": m{"country": m{"iso_code": "FR"}},
	})
}

// systems is a database of the layout of GeoLite2 ASN, with numbers for documentation (RFC 5398).
func systems() []byte {
	return mmdbFile("Made-up-ASN", m{
		"20.0.0.0/8":     m{"autonomous_system_number": uint32(64500), "autonomous_system_organization": "Example Networks"},
		"30.0.0.0/8":     m{"autonomous_system_number": uint32(64501)},
		"2a00:1::/32":    m{"autonomous_system_number": uint32(64502), "autonomous_system_organization": "Example IPv6"},
		"192.168.0.0/16": m{"autonomous_system_number": uint32(64503), "autonomous_system_organization": "Nobody's"},
	})
}

func TestSampleFilesAreThoseMadeHere(t *testing.T) {
	for path, want := range map[string][]byte{"../testdata/city.mmdb": cities(), "../testdata/asn.mmdb": systems()} {
		if *update {
			require.NoError(t, os.WriteFile(path, want, 0o644))
		}
		got, err := os.ReadFile(path)
		require.NoError(t, err)
		assert.Equal(t, want, got, "write it with go test ./table -update")
	}
}

func write(t *testing.T, data []byte) string {
	path := filepath.Join(t.TempDir(), "x.mmdb")
	require.NoError(t, os.WriteFile(path, data, 0o600))
	return path
}

func (t *Table) find(s string) *Place {
	if n := t.Find(netip.MustParseAddr(s)); n != 0 {
		p := t.Place(n)
		return &p
	}
	return nil
}

func TestMMDB(t *testing.T) {
	table, err := Open(write(t, cities()), 64)
	require.NoError(t, err)
	beijing := &Place{Code: "CN", Country: "China", Region: "Beijing Shi", City: "Beijing", Lat: 39.9, Lon: 116.4, HasPoint: true}
	for _, tt := range []struct {
		addr string
		want *Place
	}{
		{"20.0.255.255", nil},
		{"20.1.0.0", beijing},
		{"20.1.255.255", beijing},
		{"20.2.0.255", &Place{Code: "DE", Country: "Germany"}},
		{"20.2.1.0", &Place{Code: "XK", Country: "Kosovo", City: "Null Island", HasPoint: true}},
		{"20.2.2.0", nil},
		{"255.255.255.255", &Place{Code: "AQ", Country: "Antarctica"}},
		{"0.0.0.0", nil},
		{"2a00:1:2::", beijing},
		{"2a00:1:2:ffff:ffff:ffff:ffff:ffff", beijing},
		{"2a00:1:3::1", nil}, // smaller than a /64
		{"2a00:1:1:ffff::", nil},
		{"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", &Place{Code: "AQ", Country: "Antarctica"}},
		{"::", nil},
	} {
		assert.Equal(t, tt.want, table.find(tt.addr), tt.addr)
	}
}

func TestFlatMMDB(t *testing.T) {
	table, err := Open(write(t, mmdbFile("flat", m{
		"20.1.0.0/16": m{"country_code": "jp", "city": "Osaka", "state1": "Osaka Prefecture", "latitude": float32(34.7), "longitude": 135.5},
		"20.2.0.0/16": m{"country_code": "JP"},
		"20.3.0.0/16": m{"country_code": "JP"},
	})), 64)
	require.NoError(t, err)
	assert.Equal(t, &Place{Code: "JP", Country: "Japan", Region: "Osaka Prefecture", City: "Osaka", Lat: 34.7, Lon: 135.5, HasPoint: true}, table.find("20.1.2.3"))
	assert.Equal(t, &Place{Code: "JP", Country: "Japan"}, table.find("20.3.255.255"))
	v4, _ := table.Ranges()
	assert.Equal(t, 4, v4, "nowhere, Osaka, Japan, nowhere: neighbours are one range")
}

func TestOpenErrors(t *testing.T) {
	_, err := Open("no/such.mmdb", 64)
	assert.ErrorContains(t, err, "no/such.mmdb")
	for _, data := range [][]byte{nil, []byte("text"), cities()[:300]} {
		path := write(t, data)
		_, err = Open(path, 64)
		assert.ErrorContains(t, err, path)
	}
	_, err = Open(write(t, mmdbFile("Made-up-Proxies", m{"20.1.0.0/16": m{"is_anonymous": uint32(1)}})), 64)
	assert.ErrorContains(t, err, `no network has a country or an autonomous system; want a database of countries, cities or ASNs, this is of type "Made-up-Proxies"`)
}

func TestSystems(t *testing.T) {
	table, err := Open(write(t, systems()), 64)
	require.NoError(t, err)
	assert.Nil(t, table.Records)
	assert.Equal(t, System{64500, "Example Networks"}, table.Systems[table.Find(netip.MustParseAddr("20.1.2.3"))])
	assert.Equal(t, System{64501, ""}, table.Systems[table.Find(netip.MustParseAddr("30.1.2.3"))])
	assert.Equal(t, System{64502, "Example IPv6"}, table.Systems[table.Find(netip.MustParseAddr("2a00:1::1"))])
	assert.Zero(t, table.Find(netip.MustParseAddr("40.1.2.3")))
}

func TestSystemsAsCSV(t *testing.T) {
	read := func(text string) (*Table, error) {
		path := filepath.Join(t.TempDir(), "asn.csv")
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return Open(path, 64)
	}
	table, err := read("20.0.0.0,20.0.1.255,64500,\"Example, Inc.\"\n20.0.2.0,20.0.2.9,64501,Other\n2a00:1::,2a00:1:ffff:ffff:ffff:ffff:ffff:ffff,64502,Six\n")
	require.NoError(t, err)
	for addr, want := range map[string]System{
		"20.0.1.255": {64500, "Example, Inc."}, "20.0.2.9": {64501, "Other"}, "20.0.2.10": {}, "2a00:1::9": {64502, "Six"}, "2a00:2::": {},
	} {
		assert.Equal(t, want, table.Systems[table.Find(netip.MustParseAddr(addr))], addr)
	}
	for text, want := range map[string]string{
		"":                                 "asn.csv:1: no line has an autonomous system",
		"20.0.0.0,20.0.0.9,1\n":            "asn.csv:1: 3 values: want first address, last address, AS number, organisation",
		"20.0.0.0,20.0.0.9,1,a\nx,y,1,a\n": `asn.csv:2: "x": want the first address of a range`,
		"20.0.0.0,y,1,a\n":                 `asn.csv:1: "y": want the last address of a range`,
		"20.0.0.0,20.0.0.9,AS1,a\n":        `asn.csv:1: "AS1": want the number of an autonomous system`,
		"20.0.0.0,20.0.0.9,1,a\n10.0.0.0,10.0.0.9,1,a\n": "asn.csv:2: 10.0.0.0 to 10.0.0.9: ranges must ascend",
	} {
		_, err := read(text)
		assert.ErrorContains(t, err, want, text)
	}
}

func TestCompact(t *testing.T) {
	table, err := Open(write(t, mmdbFile("flat", m{
		"20.1.0.0/16": m{"country_code": "JP"}, "20.1.128.7/32": m{"country_code": "CN"}, "255.255.255.255/32": m{"country_code": "CN"},
		"2a00:1:2::/48": m{"country_code": "CN"}, "2a00:1:2:3::/64": m{"country_code": "JP"}, "ffff::/16": m{"country_code": "DE"},
	})), 64)
	require.NoError(t, err)
	var file bytes.Buffer
	require.NoError(t, table.WriteCompact(&file))
	got, err := ReadCompact(file.Bytes())
	require.NoError(t, err)
	assert.Equal(t, table, got)
	for n := range file.Len() {
		_, err := ReadCompact(file.Bytes()[:n])
		require.ErrorIs(t, err, ErrFormat, "cut at %d", n)
	}
}

func TestZeroTableKnowsNothing(t *testing.T) {
	assert.Nil(t, new(Table).find("1.1.1.1"))
	assert.Nil(t, new(Table).find("2a00::1"))
}

func FuzzReadCompact(f *testing.F) {
	b := NewBuilder()
	require.NoError(f, b.Add(netip.MustParsePrefix("20.1.0.0/16"), b.Place(Place{Code: "JP"})))
	var file bytes.Buffer
	require.NoError(f, b.Table().WriteCompact(&file))
	f.Add(file.Bytes())
	f.Add([]byte(magic))
	f.Fuzz(func(t *testing.T, data []byte) {
		table, err := ReadCompact(data)
		if err != nil {
			require.ErrorIs(t, err, ErrFormat)
			return
		}
		for _, a := range []string{"0.0.0.0", "20.1.0.0", "255.255.255.255", "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"} {
			table.find(a)
		}
	})
}

func FuzzOpen(f *testing.F) {
	f.Add(cities())
	f.Fuzz(func(t *testing.T, data []byte) {
		path := write(t, data)
		if table, err := Open(path, 64); err == nil {
			table.find("20.1.0.0")
		}
	})
}

func TestCountryNames(t *testing.T) {
	assert.Equal(t, "China", CountryName("CN"))
	assert.Equal(t, "Zimbabwe", CountryName("ZW"))
	assert.Empty(t, CountryName("??"))
	assert.Len(t, countries, 252) // 249 of ISO 3166-1, AN, AP and XK
}

func TestEveryCountryHasAContinent(t *testing.T) {
	for code := range countries {
		if code != "AP" {
			assert.NotEmpty(t, Continents[continents[code]], code)
		}
	}
	for code := range continents {
		assert.NotEmpty(t, CountryName(code), code)
	}
	total := 0
	for _, codes := range countriesOf {
		total += len(strings.Fields(codes))
	}
	assert.Len(t, continents, total, "no country has two")
}
