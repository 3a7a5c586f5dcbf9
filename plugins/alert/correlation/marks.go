package main

// mark is when and where one event happened that counts.
type mark struct {
	at       int64 // ns since 1970
	position int64 // in its raw journal, -1 if it has none
}

// tag is what else a mark has.
type tag struct {
	origin uint16 // see origins
	mask   uint16 // the bits of the parts of the rule that it is of
}

// block is the marks of a group, in the order of time, and of arrival where that is equal. values are those of the
// field that an aggregate looks at; nil in rules without one.
type block struct {
	marks  []mark
	tags   []tag
	values []uint64
}

// entry is one event on its way into a group.
type entry struct {
	mark
	tag
	value uint64
}

const (
	markBytes  = 16 + 4
	valueBytes = 8
)

// markStore keeps the marks of many groups in pages without pointers: a million groups are a few thousand objects to the
// collector, and none of them is looked through.
type markStore struct {
	blocks
	valued bool
	pages  []block
}

// unit is how many bytes a mark takes.
func (s *markStore) unit() int64 {
	if s.valued {
		return markBytes + valueBytes
	}
	return markBytes
}

// of is a run of n marks.
func (s *markStore) of(r ref, n int) block {
	p := &s.pages[r.page()]
	from := r.offset()
	b := block{marks: p.marks[from : from+n : from+n], tags: p.tags[from : from+n : from+n]}
	if s.valued {
		b.values = p.values[from : from+n : from+n]
	}
	return b
}

// take is a free run for class.
func (s *markStore) take(class uint8) ref {
	r, size := s.blocks.take(class)
	if size > 0 { // of a new page
		p := block{marks: make([]mark, size), tags: make([]tag, size)}
		if s.valued {
			p.values = make([]uint64, size)
		}
		for len(s.pages) <= r.page() {
			s.pages = append(s.pages, block{})
		}
		s.pages[r.page()] = p
	}
	return r
}

// give returns a run.
func (s *markStore) give(r ref) {
	if s.blocks.give(r) {
		s.pages[r.page()] = block{}
	}
}

func (b *block) copy(from block) {
	copy(b.marks, from.marks)
	copy(b.tags, from.tags)
	if b.values != nil {
		copy(b.values, from.values)
	}
}

// shift moves all from the index from on to the index to.
func (b *block) shift(to, from int) {
	copy(b.marks[to:], b.marks[from:])
	copy(b.tags[to:], b.tags[from:])
	if b.values != nil {
		copy(b.values[to:], b.values[from:])
	}
}

func (b *block) set(i int, e entry) {
	b.marks[i], b.tags[i] = e.mark, e.tag
	if b.values != nil {
		b.values[i] = e.value
	}
}
