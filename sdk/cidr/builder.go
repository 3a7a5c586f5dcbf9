package cidr

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"slices"
)

// ErrOrder says that a network does not come behind the ones before it.
var ErrOrder = errors.New("networks do not ascend")

// Builder makes a [Table] of networks that come in ascending order, such as those of a database: by first address,
// wider ones before narrower ones, each kind of address by itself. It keeps no more than the ranges that they are
// cut into. Make one with [NewBuilder]; not for concurrent use.
type Builder struct {
	v4 []range4
	t  Table
	// of each kind of address, what is to be closed yet
	lane4, lane6 lane
}

// range4 is a range of IPv4 addresses, which ends where the next one starts.
type range4 struct{ start, value uint32 }

// address is an address of either kind as a number.
type address struct{ upper, lower uint64 }

func (a address) less(b address) bool {
	return a.upper < b.upper || a.upper == b.upper && a.lower < b.lower
}

// next is the address behind a; those behind the last one are 0.
func (a address) next() address {
	a.lower++
	if a.lower == 0 {
		a.upper++
	}
	return a
}

// last is the last address of a network whose lowest bits are free.
func (a address) last(free int) address {
	if free > 64 {
		a.upper |= 1<<(free-64) - 1
		free = 64
	}
	a.lower |= 1<<free - 1
	return a
}

// open is a network that further ones may lie in.
type open struct {
	last  address
	value uint32
}

// lane is how far one kind of address has come.
type lane struct {
	at   address // first address of the network that came last
	some bool
	open []open // each lies in the one before it
}

// NewBuilder returns an empty Builder.
func NewBuilder() *Builder { return new(Builder) }

// Add adds a network with its value. The error is [ErrOrder].
func (b *Builder) Add(p netip.Prefix, value uint32) error {
	p = unmap(p).Masked()
	first := number(p.Addr())
	return b.add(p.Addr().Is4(), first, first.last(p.Addr().BitLen()-p.Bits()), value)
}

// AddRange adds the addresses from first to last, both included, with their value. The error is [ErrOrder].
func (b *Builder) AddRange(first, last netip.Addr, value uint32) error {
	first, last = first.Unmap(), last.Unmap()
	if first.Is4() != last.Is4() {
		return ErrOrder
	}
	return b.add(first.Is4(), number(first), number(last), value)
}

func (b *Builder) add(is4 bool, from, to address, value uint32) error {
	l, start := &b.lane6, b.start6
	if is4 {
		l, start = &b.lane4, b.start4
	}
	if to.less(from) || l.some && from.less(l.at) {
		return ErrOrder
	}
	l.at, l.some = from, true
	l.close(func(o open) bool { return o.last.less(from) }, start)
	start(from, value)
	l.open = append(l.open, open{to, value})
	return nil
}

// close ends networks for as long as done says so: what follows them is the one they lie in, or nobody's.
func (l *lane) close(done func(open) bool, start func(address, uint32)) {
	for n := len(l.open); n > 0 && done(l.open[n-1]); n = len(l.open) {
		ended := l.open[n-1]
		l.open = l.open[:n-1]
		after := ended.last.next()
		for n = len(l.open); n > 0 && l.open[n-1].last.less(after) && after != (address{}); n = len(l.open) {
			l.open = l.open[:n-1] // it ends where this one does, or before
		}
		value := uint32(0)
		if n > 0 {
			value = l.open[n-1].value
		}
		if after != (address{}) { // behind the last address is nothing
			start(after, value)
		}
	}
}

// start4 begins a range. One behind the last address is none.
func (b *Builder) start4(at address, value uint32) {
	if at.lower >= 1<<32 {
		return
	}
	start := uint32(at.lower)
	n := len(b.v4)
	if n == 0 && start > 0 {
		b.v4, n = append(b.v4, range4{}), 1
	}
	if n > 0 && b.v4[n-1].start == start {
		b.v4, n = b.v4[:n-1], n-1
	}
	if n == 0 || b.v4[n-1].value != value {
		b.v4 = append(b.v4, range4{start, value})
	}
}

func (b *Builder) start6(at address, value uint32) {
	t := &b.t
	n := len(t.value6)
	if n == 0 && at != (address{}) {
		b.put6(address{}, 0)
		n = 1
	}
	if n > 0 && t.upper6[n-1] == at.upper && (t.lower6 == nil && at.lower == 0 || t.lower6 != nil && t.lower6[n-1] == at.lower) {
		n--
		t.upper6, t.value6 = t.upper6[:n], t.value6[:n]
		if t.lower6 != nil {
			t.lower6 = t.lower6[:n]
		}
	}
	if n == 0 || t.value6[n-1] != value {
		b.put6(at, value)
	}
}

func (b *Builder) put6(at address, value uint32) {
	t := &b.t
	if at.lower != 0 && t.lower6 == nil {
		t.lower6 = make([]uint64, len(t.upper6), 2*cap(t.upper6)+1)
	}
	t.upper6, t.value6 = append(t.upper6, at.upper), append(t.value6, value)
	if t.lower6 != nil {
		t.lower6 = append(t.lower6, at.lower)
	}
}

// Table finishes the table. The Builder must not be used afterwards.
func (b *Builder) Table() *Table {
	all := func(open) bool { return true }
	b.lane4.close(all, b.start4)
	b.lane6.close(all, b.start6)
	t := &Table{upper6: exact(b.t.upper6), lower6: exact(b.t.lower6), value6: exact(b.t.value6), count4: len(b.v4)} // keeps nothing of b
	if t.count4 == 0 {
		return t
	}
	t.first4 = make([]uint32, 1<<16+1)
	t.range4 = make([]uint64, 0, len(b.v4)+1<<16)
	rest := b.v4
	for block := range uint32(1 << 16) {
		t.first4[block] = uint32(len(t.range4))
		for len(rest) > 1 && rest[1].start <= block<<16 {
			rest = rest[1:]
		}
		t.range4 = append(t.range4, uint64(rest[0].value)) // of the block's first address
		for len(rest) > 1 && rest[1].start>>16 == block {
			rest = rest[1:]
			t.range4 = append(t.range4, uint64(rest[0].start&0xffff)<<32|uint64(rest[0].value))
		}
	}
	t.first4[1<<16] = uint32(len(t.range4))
	return t
}

// exact is s without the room that it grew by, where that is much.
func exact[T any](s []T) []T {
	if cap(s)-len(s) > len(s)/16 {
		return slices.Clone(s)[:len(s):len(s)]
	}
	return s
}

func number(a netip.Addr) address {
	if a.Is4() {
		b := a.As4()
		return address{lower: uint64(binary.BigEndian.Uint32(b[:]))}
	}
	b := a.As16()
	return address{binary.BigEndian.Uint64(b[:8]), binary.BigEndian.Uint64(b[8:])}
}

// unmap makes an IPv4 network of one that is written as a part of IPv6.
func unmap(p netip.Prefix) netip.Prefix {
	if a := p.Addr(); a.Is4In6() && p.Bits() >= 96 {
		return netip.PrefixFrom(a.Unmap(), p.Bits()-96)
	}
	return p
}
