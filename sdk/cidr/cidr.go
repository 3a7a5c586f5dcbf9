// Package cidr finds the narrowest of many networks that holds an address.
//
// Its one idea: networks are cut once, when a [Table] is made, into ranges that do not overlap, so that a lookup
// touches two or three cache lines however many networks there are. A range costs 8 bytes for IPv4 and 12 for IPv6
// (20 where networks are narrower than /64), and no object of its own.
package cidr

import (
	"encoding/binary"
	"iter"
	"net/netip"
	"slices"
)

// Table maps addresses to numbers that its owner gave to networks. The zero Table knows nothing. It does not change
// once it is made, so it is safe for concurrent use.
type Table struct {
	// IPv4 ranges, cut at blocks of 65,536 addresses: the lower half of the first address above the value. A range
	// ends where the next one starts; eight lie in a cache line, and few blocks have more.
	range4 []uint64
	first4 []uint32 // by the upper 16 bits of addresses: the first range of the block
	count4 int      // of ranges before they were cut

	// IPv6 ranges: upper and lower halves of their first addresses. lower6 is nil where all of these are zero.
	upper6, lower6 []uint64
	value6         []uint32
}

// Network is a network and its owner's number for it, which is not 0.
type Network struct {
	Prefix netip.Prefix
	Value  uint32
}

// New makes a table of networks in any order; of those that are equal the first one counts. It sorts networks.
func New(networks []Network) *Table {
	slices.SortStableFunc(networks, func(a, b Network) int {
		if c := a.Prefix.Addr().Compare(b.Prefix.Addr()); c != 0 {
			return c
		}
		return a.Prefix.Bits() - b.Prefix.Bits()
	})
	b := NewBuilder()
	for i, n := range networks {
		if i == 0 || n.Prefix != networks[i-1].Prefix {
			_ = b.Add(n.Prefix, n.Value) // they ascend
		}
	}
	return b.Table()
}

// Find returns the value of the narrowest network that holds a, 0 if there is none. An IPv4 address may be mapped
// into IPv6; a zone does not count.
func (t *Table) Find(a netip.Addr) uint32 {
	if a = a.Unmap(); a.Is4() {
		b := a.As4()
		return t.Find4(binary.BigEndian.Uint32(b[:]))
	}
	b := a.As16()
	return t.find6(binary.BigEndian.Uint64(b[:8]), binary.BigEndian.Uint64(b[8:]))
}

// Find4 is Find for an IPv4 address as a number, its first byte the highest.
func (t *Table) Find4(a uint32) uint32 {
	if len(t.first4) == 0 {
		return 0
	}
	block := a >> 16
	return t.within(a, t.first4[block], t.first4[block+1])
}

// within is the value of a in range4[lo:hi], which are its block.
func (t *Table) within(a, lo, hi uint32) uint32 {
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
	return uint32(t.range4[lo])
}

// FindAll4 appends the values of addresses. It is Find4 in steps, each over many addresses, so that they wait for
// memory together: the loads of one step do not depend on each other.
func (t *Table) FindAll4(addrs, values []uint32) []uint32 {
	if len(t.first4) == 0 {
		return append(values, make([]uint32, len(addrs))...)
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
			values = append(values, t.within(a, lo[i], hi[i]))
		}
		addrs = addrs[n:]
	}
	return values
}

// touched keeps the compiler from leaving out loads whose values nobody needs.
//
//go:noinline
func (*Table) touched(uint64) {}

func (t *Table) find6(upper, lower uint64) uint32 {
	lo, hi := 0, len(t.upper6) // the range is below hi, and at lo-1 or behind
	for lo < hi {
		mid := int(uint(lo+hi) / 2)
		if u := t.upper6[mid]; u < upper || u == upper && (t.lower6 == nil || t.lower6[mid] <= lower) {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo == 0 {
		return 0
	}
	return t.value6[lo-1]
}

// Starts are the ranges in ascending order, those of IPv4 first: where each starts, and its value, which may be 0.
func (t *Table) Starts() iter.Seq2[netip.Addr, uint32] {
	return func(yield func(netip.Addr, uint32) bool) {
		last := -1 // value of the range before
		for block := range len(t.first4) - 1 {
			for _, r := range t.range4[t.first4[block]:t.first4[block+1]] {
				if int(uint32(r)) == last {
					continue // cut at the block
				}
				last = int(uint32(r))
				if !yield(from4(uint64(block)<<16|r>>32), uint32(r)) {
					return
				}
			}
		}
		for i, u := range t.upper6 {
			lower := uint64(0)
			if t.lower6 != nil {
				lower = t.lower6[i]
			}
			if !yield(from6(u, lower), t.value6[i]) {
				return
			}
		}
	}
}

// Ranges says how many ranges the table has of each kind of address.
func (t *Table) Ranges() (v4, v6 int) { return t.count4, len(t.upper6) }

// Bytes is how much memory the table takes.
func (t *Table) Bytes() int {
	return 8*cap(t.range4) + 4*cap(t.first4) + 8*cap(t.upper6) + 8*cap(t.lower6) + 4*cap(t.value6)
}

func from4(a uint64) netip.Addr {
	var b [4]byte
	binary.BigEndian.PutUint32(b[:], uint32(a))
	return netip.AddrFrom4(b)
}

func from6(upper, lower uint64) netip.Addr {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], upper)
	binary.BigEndian.PutUint64(b[8:], lower)
	return netip.AddrFrom16(b)
}
