package table

import (
	"fmt"
	"net/netip"
	"os"
	"strconv"

	"github.com/oschwald/maxminddb-golang/v2"
)

// maxFile bounds a database, bytes.
const maxFile = 1 << 30

// readMMDB flattens a database in the MaxMind DB format (https://maxmind.github.io/MaxMind-DB/). IPv6 networks longer
// than bits6, at most 64, are left out.
func readMMDB(path string, bits6 int) (*Table, error) {
	data, err := os.ReadFile(path) // not mapped: a file that is cut meanwhile would end the process
	if err != nil {
		return nil, err
	}
	db, err := maxminddb.OpenBytes(data)
	if err != nil {
		return nil, err
	}
	b, d := NewBuilder(), decoder{}
	left := len(data) / 3           // a leaf takes 3 bytes at least; damaged files have loops
	numbers := map[uintptr]uint32{} // by where the record is: many networks share one
	for n := range db.Networks() {
		if err := n.Err(); err != nil {
			return nil, err
		}
		if left--; left < 0 {
			return nil, fmt.Errorf("more networks than fit a file of this size: it is damaged")
		}
		number, ok := numbers[n.Offset()]
		if !ok {
			if number, err = d.number(b, n); err != nil {
				return nil, fmt.Errorf("network %s: %w", n.Prefix(), err)
			}
			numbers[n.Offset()] = number
		}
		if net := unmap(n.Prefix()); net.Addr().Is4() || net.Bits() <= bits6 {
			if err := b.Add(net, number); err != nil {
				return nil, fmt.Errorf("network %s: %w", net, err)
			}
		}
	}
	if len(b.t.Records) < 2 && len(b.t.Systems) < 2 {
		return nil, fmt.Errorf("no network has a country or an autonomous system; want a database of countries, cities or ASNs, this is of type %q", db.Metadata.DatabaseType)
	}
	return b.Table(), nil
}

// decoder reads records. Databases differ in how they are laid out, which shows at the first record with a country or
// an autonomous system.
type decoder struct {
	read func(b *Builder, n maxminddb.Result) (uint32, error)
}

// number is that of the place or system of a record.
func (d *decoder) number(b *Builder, n maxminddb.Result) (uint32, error) {
	if d.read != nil {
		return d.read(b, n)
	}
	var (
		system  uint32
		code    string
		country map[string]any
	)
	switch {
	case n.DecodePath(&system, "autonomous_system_number") == nil && system != 0:
		d.read = readSystem
	case n.DecodePath(&code, "country_code") == nil && code != "":
		d.read = readFlat
	case n.DecodePath(&country, "country") == nil && len(country) > 0:
		d.read = readNested
	default:
		return 0, nil
	}
	return d.read(b, n)
}

// readNested reads records of MaxMind's databases of countries and cities.
func readNested(b *Builder, n maxminddb.Result) (uint32, error) {
	type names struct {
		English string `maxminddb:"en"`
	}
	type named struct {
		Names names `maxminddb:"names"`
	}
	var r struct {
		Country struct {
			Code  string `maxminddb:"iso_code"`
			Names names  `maxminddb:"names"`
		} `maxminddb:"country"`
		City         named   `maxminddb:"city"`
		Subdivisions []named `maxminddb:"subdivisions"`
		Location     struct {
			Lat *float64 `maxminddb:"latitude"`
			Lon *float64 `maxminddb:"longitude"`
		} `maxminddb:"location"`
	}
	if err := n.Decode(&r); err != nil {
		return 0, err
	}
	p := Place{Code: r.Country.Code, Country: r.Country.Names.English, City: r.City.Names.English}
	if len(r.Subdivisions) > 0 {
		p.Region = r.Subdivisions[0].Names.English
	}
	return b.placed(p, r.Location.Lat, r.Location.Lon), nil
}

// readFlat reads records that have texts and numbers side by side.
func readFlat(b *Builder, n maxminddb.Result) (uint32, error) {
	var r struct {
		Code   string   `maxminddb:"country_code"`
		Region string   `maxminddb:"state1"`
		City   string   `maxminddb:"city"`
		Lat    *float64 `maxminddb:"latitude"`
		Lon    *float64 `maxminddb:"longitude"`
	}
	if err := n.Decode(&r); err != nil {
		return 0, err
	}
	return b.placed(Place{Code: r.Code, Region: r.Region, City: r.City}, r.Lat, r.Lon), nil
}

func (b *Builder) placed(p Place, lat, lon *float64) uint32 {
	p.Code = norm(p.Code)
	if name := CountryName(p.Code); name != "" {
		p.Country = name // the same in all databases
	}
	if lat != nil && lon != nil {
		p.Lat, p.Lon, p.HasPoint = shortest(*lat), shortest(*lon), true
	}
	return b.Place(p)
}

// shortest is a number that was kept in 32 bits as it was written: 37.422 and not 37.422000885009766.
func shortest(v float64) float64 {
	if float64(float32(v)) != v {
		return v
	}
	short, err := strconv.ParseFloat(strconv.FormatFloat(v, 'g', -1, 32), 64)
	if err != nil {
		return v
	}
	return short
}

func readSystem(b *Builder, n maxminddb.Result) (uint32, error) {
	var r struct {
		Number       uint32 `maxminddb:"autonomous_system_number"`
		Organization string `maxminddb:"autonomous_system_organization"`
	}
	if err := n.Decode(&r); err != nil {
		return 0, err
	}
	return b.System(System(r)), nil
}

// unmap makes an IPv4 network of one that a database keeps among the IPv6 ones.
func unmap(n netip.Prefix) netip.Prefix {
	if a := n.Addr(); a.Is4In6() {
		return netip.PrefixFrom(a.Unmap(), n.Bits()-96)
	}
	return n
}
