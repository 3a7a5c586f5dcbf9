package main

import (
	"net/netip"
	"unsafe"
)

// columns are what a list can say of an asset: the names in the head of a CSV file, the keys of an asset in YAML and
// JSON. Those before single say one thing, the others several.
var columns = []string{"id", "name", "type", "owner", "department", "system", "criticality", "zone", "ip", "hostname", "event_tag", "tags"}

// Places of columns.
const (
	colID = iota
	colName
	colType
	colOwner
	colDepartment
	colSystem
	colCriticality
	colZone
	single // how many say one thing

	colIP       = iota - 1
	colHostname = iota - 1
	colEventTag = iota - 1
	colTags     = iota - 1
	all         = iota - 1
)

// list is what one source says. It does not change once it is read, and has no Go object of an asset's own: 100,000
// assets are a few slices.
type list struct {
	text   string   // all values, one behind the other
	ends   []uint32 // value v, from 1 on, is text[ends[v-1]:ends[v]]; 0 is none
	assets []record
	tags   []uint32 // values, those of an asset behind those of the one before
	hosts  []key    // in lower case
	marks  []key    // tags of events
	nets   []network
}

// record is an asset: its values by column, and where in tags its own end.
type record struct {
	values [single]uint32
	tags   uint32
}

// key is a value by which an asset is found.
type key struct{ value, asset uint32 }

// network is one that an asset has, or an address.
type network struct {
	addr  [16]byte
	bits  uint8 // of IPv4 those of the four bytes
	is4   bool
	asset uint32
}

func networkOf(p netip.Prefix, asset uint32) network {
	return network{p.Addr().As16(), uint8(p.Bits()), p.Addr().Is4(), asset}
}

func (n network) prefix() netip.Prefix {
	a := netip.AddrFrom16(n.addr)
	if n.is4 {
		a = a.Unmap()
	}
	return netip.PrefixFrom(a, int(n.bits))
}

// value is the text of a value.
func (l *list) value(v uint32) string {
	if v == 0 {
		return ""
	}
	return l.text[l.ends[v-1]:l.ends[v]]
}

// tagsOf are the values of an asset's tags.
func (l *list) tagsOf(asset uint32) []uint32 {
	from := uint32(0)
	if asset > 0 {
		from = l.assets[asset-1].tags
	}
	return l.tags[from:l.assets[asset].tags]
}

// listBuilder makes a list.
type listBuilder struct {
	list
	arena []byte
	known map[string]uint32 // values that recur
}

func newListBuilder() *listBuilder {
	return &listBuilder{list: list{ends: []uint32{0}}, known: map[string]uint32{}}
}

// put adds a value.
func (b *listBuilder) put(s string) uint32 {
	if s == "" {
		return 0
	}
	b.arena = append(b.arena, s...)
	b.ends = append(b.ends, uint32(len(b.arena)))
	return uint32(len(b.ends) - 1)
}

// mostKnown bounds what is remembered of values that recur, such as owners.
const mostKnown = 50_000

// recurring adds a value that other assets probably have, too.
func (b *listBuilder) recurring(s string) uint32 {
	if v, ok := b.known[s]; ok || s == "" {
		return v
	}
	v := b.put(s)
	if len(b.known) < mostKnown {
		b.known[s] = v
	}
	return v
}

// finish is the list.
func (b *listBuilder) finish() *list {
	b.text = unsafe.String(unsafe.SliceData(b.arena), len(b.arena)) // nobody changes it from here on
	return &b.list
}
