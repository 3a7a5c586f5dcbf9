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

	// IPv4 ranges, cut at blocks of 65,536 addresses: the lower half of the first address above the place. A
	// range ends where the next one starts; eight lie in a cache line, and few blocks have more.
	range4 []uint64
	first4 []uint32 // by the upper 16 bits of addresses: the first range of the block
	count4 int      // of ranges before they were cut

	start6 []uint64 // upper halves of addresses: nobody is given less than a /64
	place6 []uint32
}

// Find4 returns the place of an IPv4 address in host order, nil if it is not known.
func (t *Table) Find4(a uint32) *Place {
	if len(t.first4) == 0 {
		return nil
	}
	block := a >> 16
	return t.within(a, t.first4[block], t.first4[block+1])
}

// within is the place of a in range4[lo:hi], which are its block.
func (t *Table) within(a, lo, hi uint32) *Place {
	last := uint64(a&0xffff)<<32 | (1<<32 - 1) // behind every range that starts at or before a
	for hi-lo > 8 {
		mid := (lo + hi) / 2
		if t.range4[mid] <= last {
			lo = mid
		} else {
			hi = mid
		}
	}
	for lo+1 < hi && t.range4[lo+1] <= last {
		lo++
	}
	return t.place(uint32(t.range4[lo]))
}

// FindAll4 appends the places of addresses. It is Find4 in steps, each over many addresses, so that they wait for
// memory together: the loads of one step do not depend on each other.
func (t *Table) FindAll4(addrs []uint32, out []*Place) []*Place {
	if len(t.first4) == 0 {
		return append(out, make([]*Place, len(addrs))...)
	}
	const step = 128
	var lo, hi [step]uint32
	for len(addrs) > 0 {
		n := min(step, len(addrs))
		for i, a := range addrs[:n] {
			block := a >> 16
			lo[i], hi[i] = t.first4[block], t.first4[block+1]
		}
		sum := uint64(0)
		for i := range n {
			sum += t.range4[(lo[i]+hi[i])/2]
		}
		t.touched(sum)
		for i, a := range addrs[:n] {
			out = append(out, t.within(a, lo[i], hi[i]))
		}
		addrs = addrs[n:]
	}
	return out
}

// touched keeps the compiler from leaving out loads whose values nobody needs.
//
//go:noinline
func (*Table) touched(uint64) {}

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

// whole4 are the IPv4 ranges as they were before they were cut.
func (t *Table) whole4() (starts []uint64, places []uint32) {
	for block := range len(t.first4) - 1 {
		for _, r := range t.range4[t.first4[block]:t.first4[block+1]] {
			if n := len(places); n == 0 || places[n-1] != uint32(r) {
				starts, places = append(starts, uint64(block)<<16|r>>32), append(places, uint32(r))
			}
		}
	}
	return starts, places
}

// Ranges says how many ranges the table has of each kind of address.
func (t *Table) Ranges() (v4, v6 int) { return t.count4, len(t.start6) }

// Builder makes a Table of networks in ascending order.
type Builder struct {
	t    Table
	v4   []range4
	ids  map[Place]uint32
	end4 uint64 // one behind the last address
	end6 uint64
	full bool // the last IPv6 network reaches the end of the space
}

// range4 is a range of IPv4 addresses, which ends where the next one starts.
type range4 struct{ start, place uint32 }

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
	if n := len(b.v4); n == 0 || b.v4[n-1].place != place {
		b.v4 = append(b.v4, range4{start, place})
	}
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
	t.count4 = len(b.v4)
	t.first4 = make([]uint32, 1<<16+1)
	t.range4 = make([]uint64, 0, len(b.v4)+1<<16)
	rest := b.v4
	for block := range uint32(1 << 16) {
		t.first4[block] = uint32(len(t.range4))
		for len(rest) > 1 && rest[1].start <= block<<16 {
			rest = rest[1:]
		}
		t.range4 = append(t.range4, uint64(rest[0].place)) // of the block's first address
		for len(rest) > 1 && rest[1].start>>16 == block {
			rest = rest[1:]
			t.range4 = append(t.range4, uint64(rest[0].start&0xffff)<<32|uint64(rest[0].place))
		}
	}
	t.first4[1<<16] = uint32(len(t.range4))
	return t
}
