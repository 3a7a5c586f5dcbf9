// Command geoip adds where source and destination addresses belong.
package main

import (
	"context"
	_ "embed"
	"net/netip"
	"sync"

	"github.com/logcenter/logcenter/plugins/enricher/geoip/table"
	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/wire"
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
		f.set(ev, p)
	}
	return nil
}

func (f *fields) set(ev *sdk.Event, p *table.Place) {
	if p == nil {
		return
	}
	ev.SetString(f.code, p.Code)
	ev.SetString(f.country, p.Country)
	ev.SetString(f.city, p.City)
	if p.HasPoint {
		ev.SetPoint(f.location, p.Lat, p.Lon)
	}
}

// lookups are the addresses of one side of a batch.
type lookups struct {
	rows4   []int
	addrs4  []uint32
	places4 []*table.Place
	rows6   []int
	places6 []*table.Place
}

var scratch = sync.Pool{New: func() any { return new(lookups) }}

// EnrichBatch is Enrich for all events at once.
func (e *enricher) EnrichBatch(_ context.Context, b *wire.Batch, at func(row int) *sdk.Event) error {
	l := scratch.Get().(*lookups)
	defer scratch.Put(l)
	for i := range sides {
		f := &sides[i]
		c := b.Column(uint32(f.ip))
		if c == nil || c.Type != wire.Type_IP || len(c.Lists) > 0 {
			continue
		}
		l.gather(e.t, c, int(b.Rows))
		done := 0 // of the IPv6 addresses
		for k, row := range l.rows4 {
			for ; done < len(l.rows6) && l.rows6[done] < row; done++ {
				f.set(at(l.rows6[done]), l.places6[done])
			}
			if p := l.places4[k]; p != nil {
				f.set(at(row), p)
			}
		}
		for ; done < len(l.rows6); done++ {
			f.set(at(l.rows6[done]), l.places6[done])
		}
	}
	return nil
}

// gather looks up all addresses of a column.
func (l *lookups) gather(t *table.Table, c *wire.Column, rows int) {
	l.rows4, l.addrs4, l.rows6, l.places6 = l.rows4[:0], l.addrs4[:0], l.rows6[:0], l.places6[:0]
	c.Each(rows, func(row, k int) {
		if a, ok := c.IPv4(k); ok {
			if !special4(a) {
				l.rows4, l.addrs4 = append(l.rows4, row), append(l.addrs4, a)
			}
			return
		}
		if a := c.Addr(k); !special6(a) {
			if p := t.Find6(a); p != nil {
				l.rows6, l.places6 = append(l.rows6, row), append(l.places6, p)
			}
		}
	})
	l.places4 = t.FindAll4(l.addrs4, l.places4[:0])
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
