// Package table holds which places and autonomous systems addresses belong to. Its one idea: a database is flattened
// once, when it is loaded, into ranges of addresses and the distinct things that they are in.
package table

import (
	"net/netip"
	"slices"

	"github.com/logcenter/logcenter/sdk/cidr"
)

// Place is where an address belongs, in full. Empty and zero values are not known.
type Place struct {
	Code     string // ISO 3166-1 alpha-2
	Country  string // English name
	Region   string
	City     string
	Lat, Lon float64
	HasPoint bool
}

// Record is a place as a table keeps it: what many places have in common stands there once.
type Record struct {
	Lat, Lon     float64
	Region, City uint32 // of Table.Texts
	Country      uint16 // of Table.Countries
	HasPoint     bool
}

// Country is a country. The first of a table is none.
type Country struct {
	Code, Name string
	Continent  uint8 // of Continents
}

// System is an autonomous system.
type System struct {
	Number       uint32
	Organization string
}

// Table maps addresses to places or to autonomous systems. The zero Table knows nothing. It is immutable once built, so
// it is safe for concurrent use.
type Table struct {
	Records   []Record  // [0] is nowhere; nil in a table of systems
	Countries []Country // of Records
	Texts     []string  // of Records; [0] is empty
	Systems   []System  // [0] is none; nil in a table of places
	nets      *cidr.Table
}

// Place is the place with a number.
func (t *Table) Place(number uint32) Place {
	r := &t.Records[number]
	c := &t.Countries[r.Country]
	return Place{c.Code, c.Name, t.Texts[r.Region], t.Texts[r.City], r.Lat, r.Lon, r.HasPoint}
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
	return slices.ContainsFunc(t.Records, func(r Record) bool { return r.City != 0 || r.HasPoint })
}

// Ranges says how many ranges the table has of each kind of address.
func (t *Table) Ranges() (v4, v6 int) { return t.nets.Ranges() }

// Builder makes a Table of networks in ascending order, see [cidr.Builder].
type Builder struct {
	t         Table
	nets      *cidr.Builder
	records   map[Record]uint32
	countries map[string]uint16
	texts     map[string]uint32
	systems   map[System]uint32
}

// NewBuilder returns an empty Builder.
func NewBuilder() *Builder {
	return &Builder{
		nets: cidr.NewBuilder(), records: map[Record]uint32{}, countries: map[string]uint16{}, texts: map[string]uint32{"": 0},
		systems: map[System]uint32{},
	}
}

// Place is the number of a place.
func (b *Builder) Place(p Place) uint32 {
	if b.t.Records == nil {
		b.t.Records, b.t.Countries, b.t.Texts = []Record{{}}, []Country{{}}, []string{""}
	}
	if p == (Place{}) {
		return 0
	}
	r := Record{p.Lat, p.Lon, b.text(p.Region), b.text(p.City), b.country(p.Code, p.Country), p.HasPoint}
	number, ok := b.records[r]
	if !ok {
		number = uint32(len(b.t.Records))
		b.records[r] = number
		b.t.Records = append(b.t.Records, r)
	}
	return number
}

// mostCountries bounds what a damaged file can make of codes; ISO 3166-1 has 249.
const mostCountries = 1 << 12

func (b *Builder) country(code, name string) uint16 {
	if code == "" {
		return 0
	}
	number, ok := b.countries[code]
	if !ok && len(b.t.Countries) < mostCountries {
		number = uint16(len(b.t.Countries))
		b.countries[code] = number
		b.t.Countries = append(b.t.Countries, Country{code, name, continents[code]})
	}
	return number
}

func (b *Builder) text(s string) uint32 {
	number, ok := b.texts[s]
	if !ok {
		number = uint32(len(b.t.Texts))
		b.texts[s] = number
		b.t.Texts = append(b.t.Texts, s)
	}
	return number
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
		id = uint32(len(b.t.Systems))
		b.systems[s] = id
		b.t.Systems = append(b.t.Systems, s)
	}
	return id
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
	return &Table{ // keeps nothing of b
		Records: slices.Clone(b.t.Records), Countries: slices.Clone(b.t.Countries), Texts: slices.Clone(b.t.Texts),
		Systems: slices.Clone(b.t.Systems), nets: b.nets.Table(),
	}
}
