package table

import (
	"bytes"
	"encoding/binary"
	"flag"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write testdata/city.mmdb of the plugin anew")

type m = map[string]any

// cities is a database of the layout of GeoLite2 City, with made-up places.
func cities() []byte {
	beijing := m{
		"city": m{"names": m{"en": "Beijing", "zh-CN": "北京"}}, "country": m{"iso_code": "CN", "names": m{"en": "China"}},
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

func TestCityFileIsTheOneMadeHere(t *testing.T) {
	const path = "../testdata/city.mmdb"
	if *update {
		require.NoError(t, os.WriteFile(path, cities(), 0o644))
	}
	got, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, cities(), got, "write it with go test ./table -update")
}

func write(t *testing.T, data []byte) string {
	path := filepath.Join(t.TempDir(), "x.mmdb")
	require.NoError(t, os.WriteFile(path, data, 0o600))
	return path
}

func (t *Table) find(s string) *Place {
	a := netip.MustParseAddr(s)
	if a.Is4() {
		b := a.As4()
		return t.Find4(binary.BigEndian.Uint32(b[:]))
	}
	return t.Find6(a)
}

func TestMMDB(t *testing.T) {
	table, err := OpenMMDB(write(t, cities()), 64)
	require.NoError(t, err)
	beijing := &Place{Code: "CN", Country: "China", City: "Beijing", Lat: 39.9, Lon: 116.4, HasPoint: true}
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
	table, err := OpenMMDB(write(t, mmdbFile("flat", m{
		"20.1.0.0/16": m{"country_code": "jp", "city": "Osaka", "latitude": 34.7, "longitude": 135.5},
		"20.2.0.0/16": m{"country_code": "JP"},
		"20.3.0.0/16": m{"country_code": "JP"},
	})), 64)
	require.NoError(t, err)
	assert.Equal(t, &Place{Code: "JP", Country: "Japan", City: "Osaka", Lat: 34.7, Lon: 135.5, HasPoint: true}, table.find("20.1.2.3"))
	assert.Equal(t, &Place{Code: "JP", Country: "Japan"}, table.find("20.3.255.255"))
	v4, _ := table.Ranges()
	assert.Equal(t, 4, v4, "nowhere, Osaka, Japan, nowhere: neighbours are one range")
}

func TestOpenErrors(t *testing.T) {
	_, err := OpenMMDB("no/such.mmdb", 64)
	assert.ErrorContains(t, err, "no/such.mmdb")
	for _, data := range [][]byte{nil, []byte("text"), cities()[:300]} {
		path := write(t, data)
		_, err = OpenMMDB(path, 64)
		assert.ErrorContains(t, err, path)
	}
	_, err = OpenMMDB(write(t, mmdbFile("Made-up-ASN", m{"20.1.0.0/16": m{"autonomous_system_number": uint32(64500)}})), 64)
	assert.ErrorContains(t, err, `no network has a country; want a country or city database, this is of type "Made-up-ASN"`)
}

// TestLookupsAgreeWithASearch compares the index with the plainest search there is.
func TestLookupsAgreeWithASearch(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	b := NewBuilder()
	type span struct {
		from, to uint64
		place    uint32
	}
	var spans []span
	for at := uint64(0); at < 1<<32; {
		bits := 8 + rnd.IntN(25)
		size := uint64(1) << (32 - bits)
		if at%size != 0 || rnd.IntN(3) == 0 {
			at += 1 << rnd.IntN(22)
			continue
		}
		id := b.Place(Place{Code: string([]byte{'A' + byte(rnd.IntN(26)), 'A'})})
		var four [4]byte
		binary.BigEndian.PutUint32(four[:], uint32(at))
		b.Add(netip.PrefixFrom(netip.AddrFrom4(four), bits), id)
		spans = append(spans, span{at, at + size, id})
		at += size
		if len(spans) > 3000 {
			break
		}
	}
	table := b.Table()
	var asked []uint32
	var wanted []*Place
	for range 20000 {
		s := spans[rnd.IntN(len(spans))]
		a := uint32(s.from - 2 + rnd.Uint64N(s.to-s.from+4))
		var want *Place
		for _, s := range spans {
			if s.from <= uint64(a) && uint64(a) < s.to {
				want = &table.Places[s.place]
			}
		}
		require.Equal(t, want, table.Find4(a), a)
		asked, wanted = append(asked, a), append(wanted, want)
	}
	assert.Equal(t, wanted, table.FindAll4(asked, nil), "all at once")
}

func TestCompact(t *testing.T) {
	table, err := OpenMMDB(write(t, mmdbFile("flat", m{
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
	b.Add(netip.MustParsePrefix("20.1.0.0/16"), b.Place(Place{Code: "JP"}))
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

func FuzzOpenMMDB(f *testing.F) {
	f.Add(cities())
	f.Fuzz(func(t *testing.T, data []byte) {
		path := write(t, data)
		if table, err := OpenMMDB(path, 64); err == nil {
			table.find("20.1.0.0")
		}
	})
}

func TestCountryNames(t *testing.T) {
	assert.Equal(t, "China", Country("CN"))
	assert.Equal(t, "Zimbabwe", Country("ZW"))
	assert.Empty(t, Country("??"))
	assert.Len(t, countries, 252) // 249 of ISO 3166-1, AN, AP and XK
}
