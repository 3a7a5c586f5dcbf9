package main

import (
	"bytes"
	"encoding/binary"
	"hash/maphash"
	"net/netip"
	"strings"

	"github.com/logcenter/logcenter/sdk/cidr"
	"github.com/logcenter/logcenter/sdk/netaddr"
)

// none is no asset.
const none = ^uint32(0)

// table finds the assets of several lists, which are numbered one list behind the other. It is not changed once made,
// and safe for concurrent use.
type table struct {
	lists []numbered
	first []uint32 // the number of each list's first asset, and how many there are
	// values is how many values all lists have; those of a list are numbered behind those of the one before.
	values uint32
	hosts  index
	marks  index
	addrs  addresses   // single IPv4 addresses
	nets   *cidr.Table // all other networks, to numbers of assets from 1 on
	// hidden is how many assets are left out because a list before has their id.
	hidden int
}

// numbered is a list with the number that its value 0 has.
type numbered struct {
	*list
	from uint32
}

// value is the text of a value by its number.
func (t *table) value(v uint32) string {
	i := len(t.lists) - 1
	for t.lists[i].from > v {
		i--
	}
	return t.lists[i].value(v - t.lists[i].from)
}

// newTable makes the table of lists, of which some may be nil. What two of them say the first one decides: an id, a
// host name, a tag, a network.
func newTable(lists []*list) *table {
	t := &table{first: []uint32{0}}
	for _, l := range lists {
		if l != nil {
			t.lists = append(t.lists, numbered{l, t.values})
			t.values += uint32(len(l.ends))
			t.first = append(t.first, t.first[len(t.first)-1]+uint32(len(l.assets)))
		}
	}
	hide := t.twice()
	hosts, marks, nets := 0, 0, 0
	for _, l := range t.lists {
		hosts, marks, nets = hosts+len(l.hosts), marks+len(l.marks), nets+len(l.nets)
	}
	t.hosts.room(2 * hosts) // most have a short form
	t.marks.room(marks)
	t.addrs.room(nets)
	var networks []cidr.Network
	for i, l := range t.lists {
		of := func(asset uint32) (number uint32, shown bool) {
			number = t.first[i] + asset
			return number, hide == nil || !hide[number]
		}
		for _, k := range l.hosts {
			if n, ok := of(k.asset); ok {
				t.hosts.add(l.value(k.value), n, false)
			}
		}
		for _, k := range l.marks {
			if n, ok := of(k.asset); ok {
				t.marks.add(l.value(k.value), n, false)
			}
		}
		for _, w := range l.nets {
			n, ok := of(w.asset)
			switch {
			case !ok:
			case w.is4 && w.bits == 32:
				t.addrs.add(binary.BigEndian.Uint32(w.addr[12:]), n)
			default:
				networks = append(networks, cidr.Network{Prefix: w.prefix(), Value: n + 1})
			}
		}
	}
	for i, l := range t.lists { // behind all that is written: what is derived from it must not be in its way
		for _, k := range l.hosts {
			if short, ok := shortName(l.value(k.value)); ok && (hide == nil || !hide[t.first[i]+k.asset]) {
				t.hosts.add(short, t.first[i]+k.asset, true)
			}
		}
	}
	t.nets = cidr.New(networks)
	return t
}

// twice says which assets have an id that a list before theirs has, too; nil if there is only one list.
func (t *table) twice() []bool {
	if len(t.lists) < 2 {
		return nil
	}
	hide := make([]bool, t.size())
	ids := map[string]bool{}
	for i, l := range t.lists {
		for asset, r := range l.assets {
			if ids[l.value(r.values[colID])] {
				hide[int(t.first[i])+asset] = true
				t.hidden++
			}
		}
		if i == len(t.lists)-1 {
			break
		}
		for _, r := range l.assets {
			ids[l.value(r.values[colID])] = true
		}
	}
	return hide
}

// size is how many assets there are.
func (t *table) size() int { return int(t.first[len(t.first)-1]) }

// list is the list that has an asset, and its place there.
func (t *table) list(asset uint32) (numbered, uint32) {
	i := 0
	for t.first[i+1] <= asset {
		i++
	}
	return t.lists[i], asset - t.first[i]
}

// shortName is the first part of a name of several, unless that is an address.
func shortName(name string) (string, bool) {
	i := strings.IndexByte(name, '.')
	if i <= 0 {
		return "", false
	}
	if _, err := netip.ParseAddr(name); err == nil {
		return "", false
	}
	return name[:i], true
}

// lowered is a name as hosts are compared: without regard to the case of A to Z.
func lowered(name string) string {
	return strings.Map(func(c rune) rune {
		if c >= 'A' && c <= 'Z' {
			return c | 0x20
		}
		return c
	}, name)
}

// host finds a host by its name, else by the first part of its name, else by its address where it is called by that.
func (t *table) host(name []byte) uint32 {
	if len(name) == 0 || len(name) > maxName {
		return none
	}
	var lower [maxName]byte
	key := lower[:len(name)]
	dot := -1
	for i, c := range name {
		if c-'A' <= 'Z'-'A' {
			c |= 0x20
		}
		if c == '.' && dot < 0 {
			dot = i
		}
		key[i] = c
	}
	return t.lookup(key, dot)
}

// maxName is the longest name of a host (RFC 1035).
const maxName = 255

// lookup finds a name in lower case, whose first dot is at dot.
func (t *table) lookup(key []byte, dot int) uint32 {
	if a := t.hosts.find(key, true); a != none {
		return a
	}
	if key[0]-'0' <= 9 || bytes.IndexByte(key, ':') >= 0 {
		if a, ok := netaddr.ParseAddr(key); ok {
			return t.address(a)
		}
	}
	if dot > 0 {
		return t.hosts.find(key[:dot], false)
	}
	return none
}

// peer finds the machine that sent a line, given as address:port; it may be a path.
func (t *table) peer(text []byte) uint32 {
	host, _ := netaddr.SplitHostPort(text)
	if a, ok := netaddr.ParseAddr(host); ok {
		return t.address(a)
	}
	return none
}

// address finds the narrowest network that holds an address.
func (t *table) address(a netip.Addr) uint32 {
	if a = a.Unmap(); a.Is4() {
		b := a.As4()
		if asset := t.addrs.find(binary.BigEndian.Uint32(b[:])); asset != none {
			return asset
		}
	}
	return t.nets.Find(a) - 1
}

// findAll4 appends what address finds for IPv4 addresses as numbers.
func (t *table) findAll4(addrs, found []uint32) []uint32 {
	found = t.nets.FindAll4(addrs, found)
	for i, a := range addrs {
		if asset := t.addrs.find(a); asset != none {
			found[i] = asset
		} else {
			found[i]--
		}
	}
	return found
}

// addresses finds assets by single IPv4 addresses: a hash table, as there may be as many as assets.
type addresses []struct{ addr, asset uint32 } // a power of two, at least twice the addresses; asset from 1 on, 0 is empty

// room readies the table for so many addresses.
func (x *addresses) room(n int) {
	size := 16
	for size < 2*n {
		size *= 2
	}
	*x = make(addresses, size)
}

// at is the slot of an address, or the empty one where it belongs.
func (x addresses) at(addr uint32) int {
	mask := len(x) - 1
	i := int(uint64(addr)*0x9e3779b97f4a7c15>>32) & mask
	for x[i].asset != 0 && x[i].addr != addr {
		i = (i + 1) & mask
	}
	return i
}

// add adds an address, unless it is there.
func (x addresses) add(addr, asset uint32) {
	if s := &x[x.at(addr)]; s.asset == 0 {
		s.addr, s.asset = addr, asset+1
	}
}

// find is the asset of an address, none if it has none.
func (x addresses) find(addr uint32) uint32 { return x[x.at(addr)].asset - 1 }

// index finds assets by texts: slots of a hash table over the texts of the lists.
type index struct {
	entries []entry
	slots   []slot // a power of two, at least twice the entries
}

// entry is a text and the asset that it stands for.
type entry struct {
	text    string
	asset   uint32 // none: several share a short name
	derived bool   // a short name that nobody wrote
}

type slot struct{ hash, entry uint32 } // entry from 1 on; 0 is empty

var seed = maphash.MakeSeed()

// room readies the index for so many texts.
func (x *index) room(n int) {
	size := 16
	for size < 2*n {
		size *= 2
	}
	x.slots, x.entries = make([]slot, size), make([]entry, 0, n)
}

// at is the slot of a text, or the empty one where it belongs.
func (x *index) at(text []byte) *slot {
	h := maphash.Bytes(seed, text)
	mask := uint64(len(x.slots) - 1)
	for i := h & mask; ; i = (i + 1) & mask {
		s := &x.slots[i]
		if s.entry == 0 || s.hash == uint32(h>>32) && x.entries[s.entry-1].text == string(text) {
			return s
		}
	}
}

// add adds a text for an asset, unless it is there. A derived one that several assets have stands for none.
func (x *index) add(text string, asset uint32, derived bool) {
	key := []byte(text)
	s := x.at(key)
	if s.entry == 0 {
		x.entries = append(x.entries, entry{text, asset, derived})
		*s = slot{uint32(maphash.Bytes(seed, key) >> 32), uint32(len(x.entries))}
		return
	}
	if e := &x.entries[s.entry-1]; derived && e.derived && e.asset != asset {
		e.asset = none
	}
}

// find is the asset of a text. Without derived only what somebody wrote counts.
func (x *index) find(text []byte, derived bool) uint32 {
	if len(x.entries) == 0 {
		return none
	}
	s := x.at(text)
	if s.entry == 0 {
		return none
	}
	e := &x.entries[s.entry-1]
	if e.derived && !derived {
		return none
	}
	return e.asset
}
