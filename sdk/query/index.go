package query

import (
	"cmp"
	"math"
	"slices"
)

// index answers all comparisons of one field by one look at each value, so that what a value costs grows with the
// comparisons that it matches, and not with all that there are. It is immutable.
//
// Strings are looked up among the literals of all equalities; what patterns say of a value is remembered from batch to
// batch, see [values]. Numbers and addresses are looked up among the intervals that all ranges together part them into.
type index struct {
	equal    map[string][]int32 // leaves by literal
	patterns []int32            // the other leaves about strings
	longs    *intervals[int64]
	addrs    *intervals[[2]uint64]
}

const (
	// minIndexed is from how many comparisons of a field on an index is faster than comparing with each.
	minIndexed = 3
	// maxPostings bounds the lists of an index: many ranges that lie in each other are compared one by one.
	maxPostings = 1 << 16
	// maxIndexedSet is how many addresses a leafAddrIn may have; larger sets are looked up by themselves.
	maxIndexedSet = 4096
)

// newIndexes makes an index of each field that has enough comparisons; nil for others.
func newIndexes(fields int, leaves []*leaf) []*index {
	byField := make([][]int32, fields)
	for i, l := range leaves {
		if !l.deferred {
			byField[l.field] = append(byField[l.field], int32(i))
		}
	}
	out := make([]*index, fields)
	for f, list := range byField {
		if len(list) >= minIndexed {
			out[f] = newIndex(list, leaves)
		}
	}
	return out
}

// newIndex also tells the leaves that they are in it.
func newIndex(list []int32, leaves []*leaf) *index {
	var strings, longs, addrs []int32
	for _, i := range list {
		switch l := leaves[i]; l.kind {
		case leafEqual, leafIn, leafPrefix, leafMatch, leafWords:
			strings = append(strings, i)
		case leafLong:
			longs = append(longs, i)
		case leafAddr:
			addrs = append(addrs, i)
		case leafAddrIn:
			if len(l.addrs) <= maxIndexedSet {
				addrs = append(addrs, i)
			}
		}
	}
	ix := &index{}
	if len(strings) >= minIndexed {
		ix.equal = map[string][]int32{}
		for _, i := range strings {
			ix.addString(i, leaves[i])
		}
	}
	if len(longs) >= minIndexed {
		ix.longs = newIntervals(longs, cmp.Compare[int64], func(i int32, add func(from int64, behind int64, last bool)) {
			add(leaves[i].long[0], leaves[i].long[1]+1, leaves[i].long[1] == math.MaxInt64)
		})
	}
	if len(addrs) >= minIndexed {
		ix.addrs = newIntervals(addrs, compareHalves, func(i int32, add func(from, behind [2]uint64, last bool)) {
			if leaves[i].kind == leafAddr {
				behind, last := successor(leaves[i].addr[1])
				add(leaves[i].addr[0], behind, last)
				return
			}
			for a := range leaves[i].addrs {
				behind, last := successor(halves(a[:]))
				add(halves(a[:]), behind, last)
			}
		})
	}
	for class, in := range map[indexClass][]int32{indexStrings: strings, indexLongs: longs, indexAddrs: addrs} {
		if ix.serves(class) {
			for _, i := range in {
				leaves[i].class = class
			}
		}
	}
	return ix
}

// indexClass says in which part of an index a leaf is.
type indexClass uint8

const (
	indexNone indexClass = iota
	indexStrings
	indexLongs
	indexAddrs
)

func (ix *index) serves(class indexClass) bool {
	switch class {
	case indexStrings:
		return ix.equal != nil
	case indexLongs:
		return ix.longs != nil
	case indexAddrs:
		return ix.addrs != nil
	default:
		return false
	}
}

func (ix *index) addString(i int32, l *leaf) {
	switch l.kind {
	case leafEqual:
		ix.equal[string(l.value)] = append(ix.equal[string(l.value)], i)
	case leafIn:
		for v := range l.in {
			ix.equal[v] = append(ix.equal[v], i)
		}
	default:
		ix.patterns = append(ix.patterns, i)
	}
}

// intervals are the parts into which the ends of ranges cut a type's values, each with the leaves whose ranges it is in.
type intervals[T any] struct {
	from    []T // where each part begins, ascending; what is before the first is in no range
	posts   []posting
	list    []int32
	compare func(a, b T) int
}

// posting is a piece of a list of leaves.
type posting struct{ from, to uint32 }

// newIntervals calls ranges for each leaf, which tells its ranges: the first value and the one behind the last, or that there
// is none behind. It is nil if the lists would be too long.
func newIntervals[T any](leaves []int32, compare func(a, b T) int, ranges func(leaf int32, add func(from, behind T, last bool))) *intervals[T] {
	v := &intervals[T]{compare: compare}
	for _, i := range leaves {
		ranges(i, func(from, behind T, last bool) {
			v.from = append(v.from, from)
			if !last {
				v.from = append(v.from, behind)
			}
		})
	}
	slices.SortFunc(v.from, compare)
	v.from = slices.CompactFunc(v.from, func(a, b T) bool { return compare(a, b) == 0 })
	in := make([][]int32, len(v.from))
	total := 0
	for _, i := range leaves {
		ranges(i, func(from, behind T, last bool) {
			k, _ := slices.BinarySearchFunc(v.from, from, compare)
			for ; k < len(v.from) && total <= maxPostings && (last || compare(v.from[k], behind) < 0); k++ {
				if n := len(in[k]); n == 0 || in[k][n-1] != i { // addresses of a set may be twice
					in[k] = append(in[k], i)
					total++
				}
			}
		})
	}
	if total > maxPostings {
		return nil
	}
	for _, list := range in {
		v.posts = append(v.posts, posting{uint32(len(v.list)), uint32(len(v.list) + len(list))})
		v.list = append(v.list, list...)
	}
	return v
}

// find lists the leaves that a value matches.
func (v *intervals[T]) find(x T) []int32 {
	lo, hi := 0, len(v.from) // the parts before lo begin at or before x, those from hi on behind it
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		if v.compare(v.from[mid], x) <= 0 {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo == 0 {
		return nil
	}
	p := v.posts[lo-1]
	return v.list[p.from:p.to]
}

func compareHalves(a, b [2]uint64) int {
	return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1]))
}

// successor is the address behind a, or that there is none.
func successor(a [2]uint64) (b [2]uint64, last bool) {
	if a[1]++; a[1] == 0 {
		a[0]++
	}
	return a, a == [2]uint64{}
}
