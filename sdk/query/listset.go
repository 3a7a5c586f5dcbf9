package query

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"unsafe"
)

// textSet is a hash table of texts without a pointer to each: they lie one behind the other, and the table has their
// numbers. Hashes are of the bytes from the last to the first, so that those of all ends of a text are found in one go.
type textSet struct {
	fold   bool // ASCII letters count as equal in either case; entries are in lower case
	data   []byte
	ends   []uint32 // of each text in data
	until  []uint32 // seconds since 1970; nil if none expires
	slots  []uint32 // by hash: 1 + number of a text, and above that a tag of the hash; 0 is free. A power of two
	labels int      // of the entry with most dots
}

func newTextSet(fold bool, entries, size int) textSet {
	s := textSet{fold: fold, data: make([]byte, 0, size), ends: make([]uint32, 0, entries)}
	n := 16
	for n*2 < entries*3 {
		n *= 2
	}
	s.slots = make([]uint32, n)
	return s
}

func (s *textSet) bytes() int64 {
	return int64(cap(s.data)) + 4*int64(cap(s.ends)+cap(s.until)+cap(s.slots))
}

func (s *textSet) text(i uint32) []byte {
	from := uint32(0)
	if i > 0 {
		from = s.ends[i-1]
	}
	return s.data[from:s.ends[i]]
}

const (
	hashStart = 14695981039346656037 // FNV-1a, 64 bits
	hashPrime = 1099511628211
)

// mix spreads a hash over the low bits that choose a slot.
func mix(h uint64) uint64 {
	h ^= h >> 32
	h *= 0x9e3779b97f4a7c15
	return h ^ h>>29
}

func (s *textSet) hash(text []byte) uint64 {
	h := uint64(hashStart)
	for i := len(text) - 1; i >= 0; i-- {
		h = (h ^ uint64(text[i])) * hashPrime
	}
	return h
}

// tagShift is where tags begin in slots: texts are compared only if 12 bits of their hashes are equal, so that other texts of
// a run of slots need not be fetched.
const tagShift = 20

// A list has fewer entries than tags leave room for.
var _ [1<<tagShift - 2 - MaxListEntries]struct{}

// slotOf is what stands in the slot of a text.
func slotOf(i uint32, mixed uint64) uint32 {
	return uint32(mixed>>(64-32+tagShift))<<tagShift | (i + 1)
}

// find is the number of a text in lower case, and its slot, or a free one for it with ok false.
func (s *textSet) find(h uint64, text []byte) (i uint32, slot int, ok bool) {
	mask, mixed := uint64(len(s.slots)-1), mix(h)
	tag := slotOf(0, mixed) >> tagShift
	for at := mixed & mask; ; at = (at + 1) & mask {
		n := s.slots[at]
		if n == 0 {
			return 0, int(at), false
		}
		if n>>tagShift != tag {
			continue
		}
		if i := n&(1<<tagShift-1) - 1; s.equal(s.text(i), text) {
			return i, int(at), true
		}
	}
}

// equal compares an entry with a text as it came.
func (s *textSet) equal(entry, text []byte) bool {
	if !s.fold {
		return bytes.Equal(entry, text)
	}
	if len(entry) != len(text) {
		return false
	}
	for i, c := range entry {
		if asciiLower[text[i]] != c {
			return false
		}
	}
	return true
}

// add adds a text that is in lower case where that counts.
func (s *textSet) add(text []byte, until uint32) (fresh bool, err error) {
	if len(s.data)+len(text) > maxListTexts {
		return false, errors.New("the entries of a list have 1 GiB together at most")
	}
	h := s.hash(text)
	i, slot, ok := s.find(h, text)
	if ok {
		if s.until != nil {
			s.until[i] = max(s.until[i], until)
		}
		return false, nil
	}
	if until != neverExpires && s.until == nil {
		s.until = make([]uint32, len(s.ends), cap(s.ends))
		for k := range s.until {
			s.until[k] = neverExpires
		}
	}
	if s.until != nil {
		s.until = append(s.until, until)
	}
	s.data = append(s.data, text...)
	s.ends = append(s.ends, uint32(len(s.data)))
	s.slots[slot] = slotOf(uint32(len(s.ends)-1), mix(h))
	s.labels = max(s.labels, 1+bytes.Count(text, dot))
	if len(s.ends)*3 > len(s.slots)*2 {
		s.grow()
	}
	return true, nil
}

var dot = []byte{'.'}

func (s *textSet) grow() {
	s.slots = make([]uint32, 2*len(s.slots))
	mask := uint64(len(s.slots) - 1)
	for i := range uint32(len(s.ends)) {
		mixed := mix(s.hash(s.text(i)))
		at := mixed & mask
		for s.slots[at] != 0 {
			at = (at + 1) & mask
		}
		s.slots[at] = slotOf(i, mixed)
	}
}

func (s *textSet) alive(i, now uint32) bool { return s.until == nil || now < s.until[i] }

// counts says whether a text that was found counts: it has not expired, and gone does not have it.
func (s *textSet) counts(i uint32, h uint64, text []byte, now uint32, gone *textSet) bool {
	if !s.alive(i, now) {
		return false
	}
	if gone == nil {
		return true
	}
	_, _, is := gone.find(h, text)
	return !is
}

func (s *textSet) has(text []byte, now uint32, gone *textSet) bool {
	if len(s.ends) == 0 {
		return false
	}
	h := uint64(hashStart)
	if s.fold {
		for i := len(text) - 1; i >= 0; i-- {
			h = (h ^ uint64(asciiLower[text[i]])) * hashPrime
		}
	} else {
		h = s.hash(text)
	}
	i, _, ok := s.find(h, text)
	return ok && s.counts(i, h, text, now, gone)
}

// hasSuffix says whether a name, or what is behind one of its dots, is in the set. A dot at its end does not count.
func (s *textSet) hasSuffix(name []byte, now uint32, gone *textSet) bool {
	if len(s.ends) == 0 {
		return false
	}
	name = bytes.TrimSuffix(name, dot)
	h, labels := uint64(hashStart), 0
	for i := len(name) - 1; i >= 0; i-- {
		if name[i] == '.' {
			if k, _, ok := s.find(h, name[i+1:]); ok && s.counts(k, h, name[i+1:], now, gone) {
				return true
			}
			if labels++; labels > s.labels {
				return false
			}
		}
		h = (h ^ uint64(asciiLower[name[i]])) * hashPrime
	}
	k, _, ok := s.find(h, name)
	return ok && s.counts(k, h, name, now, gone)
}

// addrSet are runs of addresses that do not overlap, ascending.
type addrSet struct {
	from, to [][2]uint64 // inclusive
	until    []uint32    // as in textSet
}

func (s *addrSet) bytes() int64 {
	return 16*int64(cap(s.from)+cap(s.to)) + 4*int64(cap(s.until))
}

func (s *addrSet) alive(i int, now uint32) bool { return s.until == nil || now < s.until[i] }

func (s *addrSet) has(a [2]uint64, now uint32) bool {
	lo, hi := 0, len(s.from) // runs before lo begin at or before a, those from hi on behind it
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		if less(a, s.from[mid]) {
			hi = mid
		} else {
			lo = mid + 1
		}
	}
	return lo > 0 && !less(s.to[lo-1], a) && s.alive(lo-1, now)
}

// span is an address or a network.
type span struct {
	from, to [2]uint64
	until    uint32
}

// spanOf reads an entry; value stays the caller's. It allocates nothing but for an error.
func spanOf(value []byte) (span, error) {
	s := unsafe.String(unsafe.SliceData(value), len(value))
	if bytes.IndexByte(value, '/') < 0 {
		a, err := netip.ParseAddr(s)
		if err != nil || a.Zone() != "" {
			return span{}, fmt.Errorf("%q is no address", value)
		}
		b := a.As16()
		return span{from: halves(b[:]), to: halves(b[:])}, nil
	}
	p, err := ParsePrefix(s)
	if err != nil {
		return span{}, fmt.Errorf("%q is no network", value)
	}
	first, last := (&CIDR{Prefix: p}).AddrRange()
	return span{from: halves(first[:]), to: halves(last[:])}, nil
}

// compareSpans has what begins first first, then what is around others, then what expires last.
func compareSpans(a, b span) int {
	switch {
	case a.from[0] != b.from[0]:
		return cmp.Compare(a.from[0], b.from[0])
	case a.from[1] != b.from[1]:
		return cmp.Compare(a.from[1], b.from[1])
	case a.to != b.to:
		return compareHalves(b.to, a.to)
	default:
		return cmp.Compare(b.until, a.until)
	}
}

// newAddrSet makes runs of networks, any two of which are apart or one within the other: an address counts for as long
// as any network that has it. entries is how many different ones there are.
func newAddrSet(spans []span) (s addrSet, entries int) {
	slices.SortFunc(spans, compareSpans)
	w := runWriter{set: addrSet{from: make([][2]uint64, 0, len(spans)), to: make([][2]uint64, 0, len(spans))}}
	for _, sp := range spans {
		if sp.until != neverExpires {
			w.expiring = true
		}
	}
	var open []span // around the place, the outermost first; until is that of all around
	var at [2]uint64
	closeTo := func(limit *[2]uint64) { // those that end before limit
		for len(open) > 0 {
			top := open[len(open)-1]
			if limit != nil && !less(top.to, *limit) {
				return
			}
			open = open[:len(open)-1]
			if !less(top.to, at) {
				w.write(at, top.to, top.until)
				next, last := successor(top.to)
				if last {
					open = nil
					return
				}
				at = next
			}
		}
	}
	for i, sp := range spans {
		if i > 0 && sp.from == spans[i-1].from && sp.to == spans[i-1].to {
			continue // the later expiry came first
		}
		entries++
		closeTo(&sp.from)
		if len(open) > 0 {
			top := open[len(open)-1]
			if less(at, sp.from) {
				w.write(at, predecessor(sp.from), top.until)
			}
			sp.until = max(sp.until, top.until)
		}
		at = sp.from
		open = append(open, sp)
	}
	closeTo(nil)
	w.set.from, w.set.to = fitted(w.set.from), fitted(w.set.to)
	return w.set, entries
}

// fitted is a slice that does not hold much more memory than it needs.
func fitted(s [][2]uint64) [][2]uint64 {
	if cap(s)-len(s) > len(s)/4 {
		return slices.Clone(s)
	}
	return s
}

// runWriter appends runs, ascending, and joins those that touch and expire together.
type runWriter struct {
	set      addrSet
	expiring bool
}

func (w *runWriter) write(from, to [2]uint64, until uint32) {
	s := &w.set
	if n := len(s.from); n > 0 && (s.until == nil || s.until[n-1] == until) {
		if next, last := successor(s.to[n-1]); !last && next == from {
			s.to[n-1] = to
			return
		}
	}
	s.from, s.to = append(s.from, from), append(s.to, to)
	if w.expiring {
		s.until = append(s.until, until)
	}
}

func predecessor(a [2]uint64) [2]uint64 {
	if a[1] == 0 {
		a[0]--
	}
	a[1]--
	return a
}
