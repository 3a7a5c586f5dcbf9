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

// classSize is how many units a run of a class has: 1, 4, 8, 16 and so on.
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

// blocks hands out runs of units in pages, and keeps none of the units itself. The runs of a page are of one class, and a
// page of which all were given back serves any class: groups that grow together leave nothing behind. Page 0 is not used.
type blocks struct {
	pages []blockPage
	open  [bigClass][]int // pages with free runs, by class
	spare []int           // pages that nobody has
}

type blockPage struct {
	class uint8
	used  int      // runs that were handed out
	next  int      // the units from here on were never handed out
	free  []uint16 // runs that were given back, by offset
	place int      // in open, -1 if the page is full
}

// take is a free run. size is how many units the page needs that it is in, if that is a new one, else 0.
func (b *blocks) take(class uint8) (r ref, size int) {
	if class >= bigClass {
		return ref(b.page(class)) << pageBits, classSize(class)
	}
	if len(b.open[class]) == 0 {
		n := b.page(class)
		b.pages[n].place = 0
		b.open[class] = append(b.open[class], n)
		size = pageUnits
	}
	n := b.open[class][len(b.open[class])-1]
	p := &b.pages[n]
	offset := p.next
	if k := len(p.free); k > 0 {
		offset, p.free = int(p.free[k-1]), p.free[:k-1]
	} else {
		p.next += classSize(class)
	}
	p.used++
	if len(p.free) == 0 && p.next == pageUnits {
		b.close(n)
	}
	return ref(n)<<pageBits | ref(offset), size
}

// page is a page for runs of a class.
func (b *blocks) page(class uint8) int {
	if b.pages == nil {
		b.pages = make([]blockPage, 1)
	}
	n := len(b.pages)
	if k := len(b.spare); k > 0 {
		n, b.spare = b.spare[k-1], b.spare[:k-1]
	} else {
		b.pages = append(b.pages, blockPage{})
	}
	b.pages[n] = blockPage{class: class, free: b.pages[n].free[:0], place: -1}
	return n
}

// close takes a page out of those that have free runs.
func (b *blocks) close(n int) {
	p := &b.pages[n]
	list := b.open[p.class]
	last := list[len(list)-1]
	list[p.place], b.pages[last].place = last, p.place
	b.open[p.class] = list[:len(list)-1]
	p.place = -1
}

// give takes a run back, and says whether nobody has a run of its page any more: then its units can go.
func (b *blocks) give(r ref) bool {
	n := r.page()
	p := &b.pages[n]
	if p.class >= bigClass {
		b.spare = append(b.spare, n)
		return true
	}
	p.used--
	p.free = append(p.free, uint16(r.offset()))
	if p.place < 0 {
		p.place = len(b.open[p.class])
		b.open[p.class] = append(b.open[p.class], n)
	}
	if p.used > 0 || len(b.open[p.class]) == 1 { // one stays, for groups that come and go
		return false
	}
	b.close(n)
	b.spare = append(b.spare, n)
	return true
}
