package table

import (
	"fmt"
	"net/netip"
	"os"

	"github.com/oschwald/maxminddb-golang/v2"
)

// OpenMMDB flattens a database in the MaxMind DB format
// (https://maxmind.github.io/MaxMind-DB/). IPv6 networks longer than bits6, at most 64, are left out. Errors
// name the file.
func OpenMMDB(path string, bits6 int) (*Table, error) {
	db, err := maxminddb.Open(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	defer db.Close() //nolint:errcheck // only read
	b := NewBuilder()
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	left := info.Size() / 3        // a leaf takes 3 bytes at least; damaged files have loops
	places := map[uintptr]uint32{} // by where the record is: many networks share one
	for n := range db.Networks() {
		if err := n.Err(); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		if left--; left < 0 {
			return nil, fmt.Errorf("%s: more networks than fit a file of this size: it is damaged", path)
		}
		id, ok := places[n.Offset()]
		if !ok {
			p, err := decode(n)
			if err != nil {
				return nil, fmt.Errorf("%s: network %s: %w", path, n.Prefix(), err)
			}
			id = b.Place(p)
			places[n.Offset()] = id
		}
		if net := unmap(n.Prefix()); net.Addr().Is4() || net.Bits() <= bits6 {
			b.Add(net, id)
		}
	}
	if len(b.t.Places) == 1 {
		return nil, fmt.Errorf("%s: no network has a country; want a country or city database, this is of type %q", path, db.Metadata.DatabaseType)
	}
	return b.Table(), nil
}

// decode reads the parts that are wanted one by one: city is a text in one layout and a map in the other.
func decode(n maxminddb.Result) (p Place, err error) {
	for _, part := range []struct {
		into any
		path []any
	}{
		{&p.Code, []any{"country", "iso_code"}},
		{&p.Country, []any{"country", "names", "en"}},
		{&p.City, []any{"city", "names", "en"}},
	} {
		if e := n.DecodePath(part.into, part.path...); e != nil && err == nil {
			err = e
		}
	}
	if p.Code == "" {
		p.City, err = "", n.DecodePath(&p.Code, "country_code")
		if err == nil {
			_ = n.DecodePath(&p.City, "city") // a map in other layouts
		}
	}
	if err != nil {
		return Place{}, err
	}
	p.Code = norm(p.Code)
	if p.Country == "" {
		p.Country = Country(p.Code)
	}
	point := [][2][]any{{{"location", "latitude"}, {"location", "longitude"}}, {{"latitude"}, {"longitude"}}}
	for _, at := range point {
		var lat, lon *float64
		if n.DecodePath(&lat, at[0]...) == nil && n.DecodePath(&lon, at[1]...) == nil && lat != nil && lon != nil {
			p.Lat, p.Lon, p.HasPoint = *lat, *lon, true
			break
		}
	}
	return p, nil
}

// unmap makes an IPv4 network of one that a database keeps among the IPv6 ones.
func unmap(n netip.Prefix) netip.Prefix {
	if a := n.Addr(); a.Is4In6() {
		return netip.PrefixFrom(a.Unmap(), n.Bits()-96)
	}
	return n
}
