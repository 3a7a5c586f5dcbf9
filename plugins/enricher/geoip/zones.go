package main

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/logcenter/logcenter/plugins/enricher/geoip/table"
	"github.com/logcenter/logcenter/sdk/cidr"
	"github.com/logcenter/logcenter/sdk/schema"
)

// Zone is a part of the admin's own network, which no database knows.
type Zone struct {
	// Name becomes source.zone or destination.zone, unless the plugin asset has set that, and source.geo.name or
	// destination.geo.name.
	Name string `yaml:"name" required:"true"`
	// CIDR are the networks of the zone, parted by blanks or commas, such as 10.1.0.0/16. The narrowest of all zones that
	// holds an address decides. Addresses of the zone may be private ones.
	CIDR networks `yaml:"cidr" required:"true"`
	// Country is the ISO 3166-1 code of where the zone is, such as CN. Empty leaves the country to the databases.
	Country string `yaml:"country"`
	// Region is the state or province. It needs a country, as city and location do.
	Region string `yaml:"region"`
	// City is where the zone is.
	City string `yaml:"city"`
	// Location is the zone's place in degrees, as LATITUDE,LONGITUDE, such as 39.9,116.4.
	Location point `yaml:"location"`
}

// Validate says what the tags cannot.
func (z *Zone) Validate() error {
	if z.Country != "" && table.CountryName(strings.ToUpper(z.Country)) == "" {
		return &schema.Error{Path: "country", Msg: fmt.Sprintf("%q is no country", z.Country), Hint: "two letters of ISO 3166-1, such as CN"}
	}
	if z.Country == "" && (z.Region != "" || z.City != "" || z.Location.given) {
		return &schema.Error{Path: "country", Msg: "is missing", Hint: "what has a city, a region or a location is in a country, such as CN"}
	}
	return nil
}

// place is where the zone is, the zero Place where it does not say.
func (z *Zone) place() table.Place {
	code := strings.ToUpper(z.Country)
	return table.Place{
		Code: code, Country: table.CountryName(code), Region: z.Region, City: z.City,
		Lat: z.Location.lat, Lon: z.Location.lon, HasPoint: z.Location.given,
	}
}

// networks are written as one text.
type networks []netip.Prefix

// UnmarshalText reads networks parted by blanks or commas.
func (n *networks) UnmarshalText(text []byte) error {
	*n = nil
	for part := range strings.FieldsFuncSeq(string(text), func(c rune) bool { return c == ',' || c == ';' || unicode.IsSpace(c) }) {
		p, err := netip.ParsePrefix(part)
		if err != nil {
			a, err := netip.ParseAddr(part)
			if err != nil || a.Zone() != "" {
				return fmt.Errorf("%q is no network: want e.g. 10.1.0.0/16", part)
			}
			a = a.Unmap()
			p = netip.PrefixFrom(a, a.BitLen())
		}
		if p != p.Masked() {
			return fmt.Errorf("%s: a network starts at its first address, write %s", part, p.Masked())
		}
		*n = append(*n, p)
	}
	return nil
}

// point is a place in degrees.
type point struct {
	lat, lon float64
	given    bool
}

// UnmarshalText reads LATITUDE,LONGITUDE.
func (p *point) UnmarshalText(text []byte) error {
	lat, lon, ok := strings.Cut(string(text), ",")
	var errs [2]error
	p.lat, errs[0] = strconv.ParseFloat(strings.TrimSpace(lat), 64)
	p.lon, errs[1] = strconv.ParseFloat(strings.TrimSpace(lon), 64)
	if !ok || errs[0] != nil || errs[1] != nil || !(p.lat >= -90 && p.lat <= 90 && p.lon >= -180 && p.lon <= 180) {
		return fmt.Errorf("want LATITUDE,LONGITUDE in degrees, e.g. 39.9,116.4")
	}
	p.given = true
	return nil
}

// placesOf are the places of zones, of which the first is that of none.
func placesOf(zones []Zone) (t *table.Table, numbers []uint32) {
	b := table.NewBuilder()
	numbers = append(numbers, b.Place(table.Place{}))
	for i := range zones {
		numbers = append(numbers, b.Place(zones[i].place()))
	}
	return b.Table(), numbers
}

// zoneTable finds zones by addresses: numbers from 1 on.
func zoneTable(zones []Zone) (*cidr.Table, error) {
	var ns []cidr.Network
	of := map[netip.Prefix]int{}
	for i := range zones {
		for _, p := range slices.Compact(slices.Clone(zones[i].CIDR)) {
			if other, twice := of[p]; twice {
				return nil, &schema.Error{Path: schema.Index("zones", i) + ".cidr", Msg: fmt.Sprintf("%s is a network of the zone %s already", p, zones[other].Name)}
			}
			of[p] = i
			ns = append(ns, cidr.Network{Prefix: p, Value: uint32(i + 1)})
		}
	}
	return cidr.New(ns), nil
}
