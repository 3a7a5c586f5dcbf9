// Command geoip adds where source and destination addresses belong.
package main

import (
	"context"
	_ "embed"
	"net/netip"

	"github.com/logcenter/logcenter/plugins/enricher/geoip/table"
	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
)

// Config is what an admin may set for this plugin.
type Config struct {
	// Database is a file in the MaxMind DB format (.mmdb), of countries or cities. Empty is the country table
	// that comes with the plugin.
	Database string `yaml:"database"`
}

//go:embed data/country.bin
var bundled []byte

type enricher struct{ t *table.Table }

// New loads the database. The enricher is safe for concurrent use.
func New(c Config) (sdk.Enricher, error) {
	var t *table.Table
	var err error
	if c.Database == "" {
		t, err = table.ReadCompact(bundled)
	} else {
		t, err = table.OpenMMDB(c.Database, 64)
	}
	if err != nil {
		return nil, err
	}
	return &enricher{t}, nil
}

// fields are those of one side of a connection.
type fields struct{ ip, code, country, city, location ecs.Field }

var sides = [...]fields{
	{ecs.SourceIP, ecs.SourceGeoCountryISOCode, ecs.SourceGeoCountryName, ecs.SourceGeoCityName, ecs.SourceGeoLocation},
	{ecs.DestinationIP, ecs.DestinationGeoCountryISOCode, ecs.DestinationGeoCountryName, ecs.DestinationGeoCityName, ecs.DestinationGeoLocation},
}

// Enrich looks up both addresses. Private, reserved and documentation addresses belong nowhere, whatever a
// database says.
func (e *enricher) Enrich(_ context.Context, ev *sdk.Event) error {
	for i := range sides {
		f := &sides[i]
		var p *table.Place
		if a, ok := ev.IPv4(f.ip); ok {
			if !special4(a) {
				p = e.t.Find4(a)
			}
		} else if a, ok := ev.Addr(f.ip); ok && !special6(a) {
			p = e.t.Find6(a)
		}
		if p == nil {
			continue
		}
		ev.SetString(f.code, p.Code)
		ev.SetString(f.country, p.Country)
		ev.SetString(f.city, p.City)
		if p.HasPoint {
			ev.SetPoint(f.location, p.Lat, p.Lon)
		}
	}
	return nil
}

// special4 says whether a is in a block of RFC 6890 that is not part of the public Internet, or in one for
// documentation (RFC 5737), multicast or class E.
func special4(a uint32) bool {
	switch a >> 24 {
	case 0, 10, 127:
		return true
	case 100:
		return a>>22 == 100<<2|1
	case 169:
		return a>>16 == 169<<8|254
	case 172:
		return a>>20 == 172<<4|1
	case 192:
		return a>>16 == 192<<8|168 || a>>8 == 192<<16|2 || a>>8 == 192<<16
	case 198:
		return a>>17 == 198<<7|9 || a>>8 == 198<<16|51<<8|100
	case 203:
		return a>>8 == 203<<16|0<<8|113
	}
	return a>>28 >= 14
}

var documentation6 = netip.MustParsePrefix("2001:db8::/32") // RFC 3849

// special6 says whether a is not global unicast (2000::/3, RFC 4291), or for documentation.
func special6(a netip.Addr) bool {
	b := a.As16()
	return b[0]>>5 != 1 || documentation6.Contains(a)
}

func main() { sdk.ServeEnricher(New) }
