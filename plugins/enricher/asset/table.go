package main

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"sort"
)

// asset is one thing the organisation owns.
type asset struct {
	id, name, owner, system string
	tags                    []string
}

// table finds assets. It is not changed once made.
type table struct {
	assets []asset
	hosts  map[string]int // lower-case names
	v4     []from4
	v6     []from
}

// from is a range that begins at an address and ends where the next one begins.
type from struct {
	at    netip.Addr
	asset int // -1: nobody's
}

type from4 struct {
	at    uint32
	asset int32
}

func (t *table) find4(a uint32) *asset {
	i := sort.Search(len(t.v4), func(i int) bool { return t.v4[i].at > a }) - 1
	if i < 0 || t.v4[i].asset < 0 {
		return nil
	}
	return &t.assets[t.v4[i].asset]
}

func (t *table) find(a netip.Addr) *asset {
	if a = a.Unmap().WithZone(""); a.Is4() {
		return t.find4(number(a))
	}
	i := sort.Search(len(t.v6), func(i int) bool { return a.Less(t.v6[i].at) }) - 1
	if i < 0 || t.v6[i].asset < 0 {
		return nil
	}
	return &t.assets[t.v6[i].asset]
}

func number(a netip.Addr) uint32 {
	b := a.As4()
	return binary.BigEndian.Uint32(b[:])
}

// network is one that an asset has.
type network struct {
	prefix netip.Prefix
	asset  int
}

// ranges cuts networks, no two of which are equal, into ranges: each address belongs to the narrowest network
// that holds it.
func ranges(ns []network) (out []from) {
	slices.SortFunc(ns, func(a, b network) int {
		if c := a.prefix.Addr().Compare(b.prefix.Addr()); c != 0 {
			return c
		}
		return a.prefix.Bits() - b.prefix.Bits()
	})
	put := func(at netip.Addr, asset int) {
		if n := len(out); n > 0 && out[n-1].at == at {
			out[n-1].asset = asset
			return
		}
		out = append(out, from{at, asset})
	}
	var open []network // each lies in the one before it
	shut := func(next netip.Addr) {
		for len(open) > 0 {
			n := open[len(open)-1]
			if next.IsValid() && n.prefix.Contains(next) {
				return
			}
			open = open[:len(open)-1]
			after := last(n.prefix).Next()
			if !after.IsValid() {
				continue // the end of all addresses
			}
			below := -1
			if len(open) > 0 && open[len(open)-1].prefix.Contains(after) {
				below = open[len(open)-1].asset
			}
			put(after, below)
		}
	}
	for _, n := range ns {
		shut(n.prefix.Addr())
		put(n.prefix.Addr(), n.asset)
		open = append(open, n)
	}
	shut(netip.Addr{})
	return out
}

// last is the last address of a network.
func last(p netip.Prefix) netip.Addr {
	b := p.Addr().AsSlice()
	for i := p.Bits(); i < len(b)*8; i++ {
		b[i/8] |= 0x80 >> (i % 8)
	}
	a, _ := netip.AddrFromSlice(b)
	return a
}

// index makes what finds assets of the networks they have.
func (t *table) index(ns []network) {
	var v4, v6 []network
	for _, n := range ns {
		if n.prefix.Addr().Is4() {
			v4 = append(v4, n)
		} else {
			v6 = append(v6, n)
		}
	}
	for _, r := range ranges(v4) {
		t.v4 = append(t.v4, from4{number(r.at), int32(r.asset)})
	}
	t.v6 = ranges(v6)
}
