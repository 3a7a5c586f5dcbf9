// Package table holds which places and autonomous systems addresses belong to. Its one idea: a database is flattened
// once, when it is loaded, into ranges of addresses and the distinct things that they are in.
package table

import (
	"net/netip"

	"github.com/logcenter/logcenter/sdk/cidr"
)

// Place is where an address belongs. Empty and zero values are not known.
type Place struct {
	Code     string // ISO 3166-1 alpha-2
	Country  string // English name
	Region   string
	City     string
	Lat, Lon float64
	HasPoint bool
}

// System is an autonomous system.
type System struct {
	Number       uint32
	Organization string
}

// Table maps addresses to places or to autonomous systems. The zero Table knows nothing. It is immutable once built, so
// it is safe for concurrent use.
type Table struct {
	Places  []Place  // [0] is nowhere; nil in a table of systems
	Systems []System // [0] is none; nil in a table of places
	nets    *cidr.Table
}

// Find returns the number of an address's place or system, 0 if it is not known.
func (t *Table) Find(a netip.Addr) uint32 {
	if t.nets == nil {
		return 0
	}
	return t.nets.Find(a)
}

// FindAll4 appends what Find returns for IPv4 addresses, which are numbers with their first byte the highest.
func (t *Table) FindAll4(addrs, found []uint32) []uint32 {
	if t.nets == nil {
		return append(found, make([]uint32, len(addrs))...)
	}
	return t.nets.FindAll4(addrs, found)
}

// Cities says whether the table knows more of a place than its country.
func (t *Table) Cities() bool {
	for i := range t.Places {
		if p := &t.Places[i]; p.City != "" || p.HasPoint {
			return true
		}
	}
	return false
}

// Ranges says how many ranges the table has of each kind of address.
func (t *Table) Ranges() (v4, v6 int) { return t.nets.Ranges() }

// Builder makes a Table of networks in ascending order, see [cidr.Builder].
type Builder struct {
	t       Table
	nets    *cidr.Builder
	places  map[Place]uint32
	systems map[System]uint32
	texts   map[string]string
}

// NewBuilder returns an empty Builder.
func NewBuilder() *Builder {
	return &Builder{nets: cidr.NewBuilder(), places: map[Place]uint32{}, systems: map[System]uint32{}, texts: map[string]string{}}
}

// Place is the number of a place.
func (b *Builder) Place(p Place) uint32 {
	if b.t.Places == nil {
		b.t.Places = []Place{{}}
	}
	if p == (Place{}) {
		return 0
	}
	id, ok := b.places[p]
	if !ok {
		p.Code, p.Country, p.Region, p.City = b.text(p.Code), b.text(p.Country), b.text(p.Region), b.text(p.City)
		id = uint32(len(b.t.Places))
		b.places[p] = id
		b.t.Places = append(b.t.Places, p)
	}
	return id
}

// System is the number of an autonomous system.
func (b *Builder) System(s System) uint32 {
	if b.t.Systems == nil {
		b.t.Systems = []System{{}}
	}
	if s.Number == 0 {
		return 0
	}
	id, ok := b.systems[s]
	if !ok {
		s.Organization = b.text(s.Organization)
		id = uint32(len(b.t.Systems))
		b.systems[s] = id
		b.t.Systems = append(b.t.Systems, s)
	}
	return id
}

// text is s, once for all that say it.
func (b *Builder) text(s string) string {
	if kept, ok := b.texts[s]; ok {
		return kept
	}
	b.texts[s] = s
	return s
}

// Add adds a network. Parts of an IPv6 /64 are left out. The error is [cidr.ErrOrder].
func (b *Builder) Add(n netip.Prefix, number uint32) error {
	if n.Addr().Is6() && !n.Addr().Is4In6() && n.Bits() > 64 {
		return nil
	}
	return b.nets.Add(n, number)
}

// Table finishes the table. The Builder must not be used afterwards.
func (b *Builder) Table() *Table {
	b.t.nets = b.nets.Table()
	return &b.t
}
