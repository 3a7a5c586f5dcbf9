// Package table holds which places addresses belong to. Its one idea: a database is flattened once, when it
// is loaded, into ascending starts of ranges, so that a lookup touches two or three cache lines.
package table

import (
	"encoding/binary"
	"net/netip"
	"sort"
)

// Place is where an address belongs. Empty and zero values are not known.
type Place struct {
	Code     string // ISO 3166-1 alpha-2
	Country  string // English name
	City     string
	Lat, Lon float64
	HasPoint bool
}

// Table maps addresses to places. The zero Table knows nothing. It is immutable once built, so it is safe for
// concurrent use.
type Table struct {
	Places []Place // [0] is nowhere

	start4 []uint32 // ascending; a range ends where the next one starts
	place4 []uint32
	first4 []uint32 // by the upper 16 bits: the range that holds the first address of the block

	start6 []uint64 // upper halves of addresses: nobody is given less than a /64
	place6 []uint32
}

// Find4 returns the place of an IPv4 address in host order, nil if it is not known.
func (t *Table) Find4(a uint32) *Place {
	if len(t.first4) == 0 {
		return nil
	}
	block := a >> 16
	lo, hi := t.first4[block], t.first4[block+1]+1
	// The last range that starts at or before a is in [lo, hi).
	for hi-lo > 1 {
		mid := (lo + hi) / 2
		if t.start4[mid] <= a {
			lo = mid
		} else {
			hi = mid
		}
	}
	return t.place(t.place4[lo])
}

// Find6 returns the place of an IPv6 address, nil if it is not known.
func (t *Table) Find6(a netip.Addr) *Place {
	b := a.As16()
	upper := binary.BigEndian.Uint64(b[:8])
	i := sort.Search(len(t.start6), func(i int) bool { return t.start6[i] > upper })
	if i == 0 {
		return nil
	}
	return t.place(t.place6[i-1])
}

func (t *Table) place(i uint32) *Place {
	if i == 0 {
		return nil
	}
	return &t.Places[i]
}

// Ranges says how many ranges the table has of each kind of address.
func (t *Table) Ranges() (v4, v6 int) { return len(t.start4), len(t.start6) }

// Builder makes a Table of networks in ascending order.
type Builder struct {
	t    Table
	ids  map[Place]uint32
	end4 uint64 // one behind the last address
	end6 uint64
	full bool // the last IPv6 network reaches the end of the space
}

// NewBuilder returns an empty Builder.
func NewBuilder() *Builder {
	return &Builder{t: Table{Places: []Place{{}}}, ids: map[Place]uint32{{}: 0}}
}

// Place is the number of a place.
func (b *Builder) Place(p Place) uint32 {
	id, ok := b.ids[p]
	if !ok {
		id = uint32(len(b.t.Places))
		b.ids[p] = id
		b.t.Places = append(b.t.Places, p)
	}
	return id
}

// Add adds a network. Networks must come in ascending order and not overlap. Parts of an IPv6 /64 are left out.
func (b *Builder) Add(n netip.Prefix, place uint32) {
	n = n.Masked()
	if n.Addr().Is4() {
		a := n.Addr().As4()
		start := binary.BigEndian.Uint32(a[:])
		b.add4(start, uint64(start)+1<<(32-n.Bits()), place)
		return
	}
	if n.Bits() > 64 {
		return
	}
	a := n.Addr().As16()
	start := binary.BigEndian.Uint64(a[:8])
	b.add6(start, start+1<<(64-n.Bits()), place)
}

func (b *Builder) add4(start uint32, end uint64, place uint32) {
	if uint64(start) > b.end4 {
		b.start4(uint32(b.end4), 0)
	}
	b.start4(start, place)
	b.end4 = end
}

func (b *Builder) start4(start, place uint32) {
	t := &b.t
	if n := len(t.place4); n > 0 && t.place4[n-1] == place {
		return
	}
	t.start4, t.place4 = append(t.start4, start), append(t.place4, place)
}

func (b *Builder) add6(start, end uint64, place uint32) {
	if start > b.end6 {
		b.start6(b.end6, 0)
	}
	b.start6(start, place)
	b.end6, b.full = end, end == 0
}

func (b *Builder) start6(start uint64, place uint32) {
	t := &b.t
	if n := len(t.place6); n > 0 && t.place6[n-1] == place {
		return
	}
	t.start6, t.place6 = append(t.start6, start), append(t.place6, place)
}

// Table finishes the table. The Builder must not be used afterwards.
func (b *Builder) Table() *Table {
	if b.end4 < 1<<32 {
		b.start4(uint32(b.end4), 0)
	}
	if !b.full {
		b.start6(b.end6, 0)
	}
	t := &b.t
	t.first4 = make([]uint32, 1<<16+1)
	i := uint32(0)
	for block := range uint32(1 << 16) {
		for int(i)+1 < len(t.start4) && t.start4[i+1] <= block<<16 {
			i++
		}
		t.first4[block] = i
	}
	t.first4[1<<16] = uint32(len(t.start4) - 1)
	return t
}
