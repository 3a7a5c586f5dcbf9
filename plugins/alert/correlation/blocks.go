package main

// ref says where a run of units begins: the page above, the place in it below. A ref of 0 is none.
type ref uint32

const (
	pageBits  = 12
	pageUnits = 1 << pageBits
	// bigClass is the first class whose runs have a page of their own.
	bigClass = 12
)

func (r ref) page() int   { return int(r >> pageBits) }
func (r ref) offset() int { return int(r & (pageUnits - 1)) }

// classSize is how many units a run of a class has: 1, 4, 8, 16 and so on. Most groups have one mark, and those that have
// more leave little behind when they grow.
func classSize(class uint8) int {
	if class == 0 {
		return 1
	}
	return 2 << class
}

// classFor is the class of the smallest runs for n units.
func classFor(n int) uint8 {
	class := uint8(0)
	for classSize(class) < n {
		class++
	}
	return class
}

// blocks hands out runs of units in pages, and keeps none of the units itself. Page 0 is not used.
type blocks struct {
	pages int // all that there ever were
	free  [bigClass][]ref
	spare []int // pages that were given back
	next  ref   // the part of a page that was not handed out yet
	left  int
}

// take is a free run. size is how many units the page needs that it is in, if that is a new one, else 0.
func (b *blocks) take(class uint8) (r ref, size int) {
	if class >= bigClass {
		return b.page(), classSize(class)
	}
	if list := b.free[class]; len(list) > 0 {
		r, b.free[class] = list[len(list)-1], list[:len(list)-1]
		return r, 0
	}
	n := classSize(class)
	if b.left < n {
		b.cut(class)
		b.next, b.left, size = b.page(), pageUnits, pageUnits
	}
	r = b.next
	b.next += ref(n)
	b.left -= n
	return r, size
}

// cut makes smaller runs of what is left of the page.
func (b *blocks) cut(class uint8) {
	for c := int(class) - 1; c >= 0; c-- {
		for n := classSize(uint8(c)); b.left >= n; b.left -= n {
			b.free[c] = append(b.free[c], b.next)
			b.next += ref(n)
		}
	}
}

func (b *blocks) page() ref {
	if n := len(b.spare); n > 0 {
		p := b.spare[n-1]
		b.spare = b.spare[:n-1]
		return ref(p) << pageBits
	}
	b.pages++
	return ref(b.pages) << pageBits
}

// give takes a run back, and says whether that was all of its page.
func (b *blocks) give(r ref, class uint8) bool {
	if class >= bigClass {
		b.spare = append(b.spare, r.page())
		return true
	}
	b.free[class] = append(b.free[class], r)
	return false
}
