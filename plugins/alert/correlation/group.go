package main

import (
	"hash/maphash"
	"slices"
)

// group is what is remembered of one group of one rule, beside its marks. It has no pointers, so that a million of them
// cost the collector nothing.
type group struct {
	until, last  int64  // no alert before, and the newest event, ns since 1970
	hash         uint32 // of rule and key
	newer, older uint32 // neighbours among the groups of its rule, by when they were last touched; 0 is none
	marks        ref
	n            uint32 // marks
	suppressed   uint32 // events since the last alert that were not counted
	extra        uint32 // number in groups.extras, 0 is none
	serial       uint32 // how often this place was used: a timer of another serial is of a group that is gone
	key          [inlineKey]byte
	keyLen       uint16
	rule         uint16
	mask         uint16 // of all marks, or more
	class        uint8  // of marks
	timer        bool   // one is set, for a silence
}

// inlineKey is the longest key that stands in its group, in bytes: one address. Of longer ones the first four bytes say where
// they are.
const inlineKey = 16

// extra is what few groups have.
type extra struct {
	fields []string // that an alert of a tick carries
	window *window
}

// held is what the groups of a rule take.
type held struct {
	number         uint16 // of the rule
	newest, oldest uint32 // groups
	groups         int
	bytes          int64
	evicted        uint64 // groups and events that were forgotten because there were too many
}

// groups are the groups of all rules. They are bounded in bytes, those of each rule and all together.
type groups struct {
	rules    []*rule
	most     int64 // bytes of all; of the rule that has most the group goes first that was left alone longest
	mostRule int64 // bytes of one rule
	bytes    int64
	n        int
	pages    [][]group
	unused   []uint32 // places that were given back
	slots    []uint32 // groups by hash, 0 is none
	seed     maphash.Seed
	plain    markStore
	valued   markStore
	texts    textStore // of long keys
	extras   []extra
	noExtras []uint32 // places in extras that were given back
}

const (
	groupPage = 1024
	// groupBytes is what a group takes without its marks: itself, and its part of the table.
	groupBytes = 72 + 8
	firstSlots = 1024
)

func newGroups(rules []*rule, most, mostRule int64) groups {
	g := groups{
		rules: rules, most: most, mostRule: mostRule, seed: maphash.MakeSeed(), slots: make([]uint32, firstSlots), valued: markStore{valued: true},
		pages: [][]group{make([]group, 1, groupPage)}, extras: make([]extra, 1),
	}
	for i, r := range rules {
		r.held = held{number: uint16(i)}
	}
	return g
}

func (g *groups) at(id uint32) *group { return &g.pages[id/groupPage][id%groupPage] }

func (g *groups) store(e *group) *markStore {
	if g.rules[e.rule].Field != "" {
		return &g.valued
	}
	return &g.plain
}

// unit is how many bytes one mark of a group takes; one that something is decided by later has a timer.
func (g *groups) unit(e *group) int64 {
	n := g.store(e).unit()
	if k := g.rules[e.rule].kind; k == absence || k == silence {
		n += timerBytes
	}
	return n
}

// block is the marks of a group; valid until it grows or is cut.
func (g *groups) block(e *group) block {
	if e.n == 0 {
		return block{}
	}
	return g.store(e).of(e.marks, int(e.n))
}

// key is the key of a group; valid until the group is dropped.
func (g *groups) key(e *group) []byte {
	if e.keyLen <= inlineKey {
		return e.key[:e.keyLen]
	}
	return g.texts.of(keyRef(e), int(e.keyLen))
}

func (g *groups) hash(r *rule, key []byte) uint32 {
	h := maphash.Bytes(g.seed, key) ^ uint64(r.held.number)*0x9e3779b97f4a7c15
	return uint32(h ^ h>>32)
}

// find is the group of a key, or 0; hash is what add wants to know.
func (g *groups) find(r *rule, key []byte) (id, hash uint32) {
	hash = g.hash(r, key)
	mask := uint32(len(g.slots) - 1)
	for i := hash & mask; g.slots[i] != 0; i = (i + 1) & mask {
		e := g.at(g.slots[i])
		if e.hash == hash && e.rule == r.held.number && string(g.key(e)) == string(key) {
			return g.slots[i], hash
		}
	}
	return 0, hash
}

// add makes the group of a key that has none.
func (g *groups) add(r *rule, key []byte, hash uint32) uint32 {
	if 2*(g.n+1) > len(g.slots) {
		g.rehash(2 * len(g.slots))
	}
	id := g.room()
	e := g.at(id)
	*e = group{hash: hash, rule: r.held.number, keyLen: uint16(len(key)), until: never, last: never, serial: e.serial + 1}
	if len(key) <= inlineKey {
		copy(e.key[:], key)
	} else {
		setKeyRef(e, g.texts.add(key))
	}
	g.link(id, hash)
	g.n++
	r.held.groups++
	g.account(r, groupBytes+g.texts.bytes(len(key)))
	return id
}

// room is a place for a group.
func (g *groups) room() uint32 {
	if n := len(g.unused); n > 0 {
		id := g.unused[n-1]
		g.unused = g.unused[:n-1]
		return id
	}
	last := len(g.pages) - 1
	if len(g.pages[last]) == groupPage {
		g.pages = append(g.pages, make([]group, 0, groupPage))
		last++
	}
	g.pages[last] = append(g.pages[last], group{})
	return uint32(last*groupPage + len(g.pages[last]) - 1)
}

// link puts a group into the table.
func (g *groups) link(id, hash uint32) {
	mask := uint32(len(g.slots) - 1)
	i := hash & mask
	for g.slots[i] != 0 {
		i = (i + 1) & mask
	}
	g.slots[i] = id
}

func (g *groups) rehash(n int) {
	old := g.slots
	g.slots = make([]uint32, n)
	for _, id := range old {
		if id != 0 {
			g.link(id, g.at(id).hash)
		}
	}
}

// unlink takes a group out of the table, and moves those up that stood behind it because of it.
func (g *groups) unlink(id uint32) {
	mask := uint32(len(g.slots) - 1)
	i := g.at(id).hash & mask
	for g.slots[i] != id {
		i = (i + 1) & mask
	}
	for k := (i + 1) & mask; g.slots[k] != 0; k = (k + 1) & mask {
		if home := g.at(g.slots[k]).hash & mask; (k-home)&mask >= (k-i)&mask {
			g.slots[i] = g.slots[k]
			i = k
		}
	}
	g.slots[i] = 0
}

// touch makes a group the newest of its rule.
func (g *groups) touch(id uint32) {
	e := g.at(id)
	h := &g.rules[e.rule].held
	if h.newest == id {
		return
	}
	g.loosen(id, e, h)
	e.newer, e.older = 0, h.newest
	if h.newest != 0 {
		g.at(h.newest).newer = id
	} else {
		h.oldest = id
	}
	h.newest = id
}

// loosen takes a group out of the order of its rule; one that was never touched is in none.
func (g *groups) loosen(id uint32, e *group, h *held) {
	if e.newer != 0 {
		g.at(e.newer).older = e.older
	} else if h.newest == id {
		h.newest = e.older
	}
	if e.older != 0 {
		g.at(e.older).newer = e.newer
	} else if h.oldest == id {
		h.oldest = e.newer
	}
}

// account notes that a rule takes so many bytes more.
func (g *groups) account(r *rule, bytes int64) {
	r.held.bytes += bytes
	g.bytes += bytes
}

// drop forgets a group.
func (g *groups) drop(id uint32) {
	e := g.at(id)
	r := g.rules[e.rule]
	g.unlink(id)
	g.loosen(id, e, &r.held)
	g.resize(e, 0)
	g.setExtra(e, extra{})
	if e.keyLen > inlineKey {
		g.texts.drop(keyRef(e))
	}
	g.n--
	r.held.groups--
	g.account(r, -groupBytes-g.texts.bytes(int(e.keyLen)))
	*e = group{serial: e.serial + 1}
	g.unused = append(g.unused, id)
}

// trim forgets what is too much: of a rule that has too many bytes, and of the rule that has most if all together have.
func (g *groups) trim(r *rule) {
	for r.held.bytes > g.mostRule && r.held.groups > 1 {
		g.evict(r)
	}
	for g.bytes > g.most {
		var most *rule
		for _, o := range g.rules {
			if o.held.groups > 1 && (most == nil || o.held.bytes > most.held.bytes) {
				most = o
			}
		}
		if most == nil {
			return // what is left are the groups at hand
		}
		g.evict(most)
		// A little more than must be, so that the rules are not gone through for each group.
		share := g.most / int64(len(g.rules))
		for g.bytes > g.most-g.most/256 && most.held.groups > 1 && most.held.bytes > share {
			g.evict(most)
		}
	}
}

func (g *groups) evict(r *rule) {
	g.drop(r.held.oldest)
	r.held.evicted++
}

// resize gives a group room for n marks, and keeps those that it has.
func (g *groups) resize(e *group, n int) {
	s := g.store(e)
	if n == 0 {
		if e.marks != 0 {
			s.give(e.marks)
			g.account(g.rules[e.rule], -g.unit(e)*int64(classSize(e.class)))
		}
		e.marks, e.n, e.class = 0, 0, 0
		return
	}
	class := classFor(n)
	if e.marks != 0 && class == e.class {
		return
	}
	r := s.take(class)
	size := int64(classSize(class))
	if e.marks != 0 {
		into := s.of(r, n)
		into.copy(s.of(e.marks, min(n, int(e.n))))
		s.give(e.marks)
		size -= int64(classSize(e.class))
	}
	g.account(g.rules[e.rule], g.unit(e)*size)
	e.marks, e.class = r, class
}

// place puts an event where its time belongs among the marks of a group, and says at which index.
func (g *groups) place(e *group, en entry) int {
	b := g.block(e)
	i := len(b.marks)
	for i > 0 && b.marks[i-1].at > en.at {
		i--
	}
	g.insert(e, i, en)
	e.last = max(e.last, en.at)
	return i
}

// insert puts an event among the marks of a group, at index i.
func (g *groups) insert(e *group, i int, en entry) {
	n := int(e.n)
	if e.marks == 0 || n == classSize(e.class) {
		g.resize(e, n+1)
	}
	e.n++
	b := g.block(e)
	if i < n {
		b.shift(i+1, i)
	}
	b.set(i, en)
}

// cut removes the first n marks.
func (g *groups) cut(e *group, n int) {
	if n == 0 {
		return
	}
	b := g.block(e)
	b.shift(0, n)
	left := int(e.n) - n
	e.mask = 0
	for i := range left {
		e.mask |= b.tags[i].mask
	}
	if w := g.window(e); w != nil {
		w.cut(n)
	}
	e.n = uint32(left)
	if left == 0 || 4*left <= classSize(e.class) { // twice what it needs, so that it does not grow at once
		g.resize(e, 2*left)
	}
}

// window is the window of a group that keeps one, else nil.
func (g *groups) window(e *group) *window { return g.extras[e.extra].window }

// keepWindow is the window of a group, which gets one once that is worth it; nil is none.
func (g *groups) keepWindow(e *group) *window {
	r := g.rules[e.rule]
	if r.aggregate == count {
		return nil
	}
	if w := g.window(e); w != nil || e.n <= smallWindow {
		return w
	}
	x := extra{window: &window{}}
	g.setExtra(e, x)
	return x.window
}

// setExtra replaces what a group has beside itself.
func (g *groups) setExtra(e *group, x extra) {
	r := g.rules[e.rule]
	none := x.window == nil && len(x.fields) == 0
	switch {
	case e.extra == 0 && none:
		return
	case e.extra == 0:
		if n := len(g.noExtras); n > 0 {
			e.extra, g.noExtras = g.noExtras[n-1], g.noExtras[:n-1]
		} else {
			e.extra = uint32(len(g.extras))
			g.extras = append(g.extras, extra{})
		}
	}
	g.account(r, x.bytes()-g.extras[e.extra].bytes())
	g.extras[e.extra] = x
	if none {
		g.noExtras = append(g.noExtras, e.extra)
		e.extra = 0
	}
}

// bytes is what extra takes; the window's table is told when it grows.
func (x *extra) bytes() int64 {
	n := int64(0)
	for _, f := range x.fields {
		n += int64(16 + len(f))
	}
	if n > 0 || x.window != nil {
		n += 32
	}
	if x.window != nil {
		n += x.window.bytes()
	}
	return n
}

// Marks of a group are looked through for old ones whenever there are twice as many as were left; of more than
// mostMarks the oldest go.
const (
	fewMarks  = 64
	mostMarks = 20000
)

// settle forgets marks that can be in no window any more, and some that could if they are too many. What is late by up to
// two windows finds everything that it could be in a window with.
func (g *groups) settle(e *group) {
	r, n := g.rules[e.rule], int(e.n)
	if r.need > 0 {
		// That many events without an alert are a window at least.
		if n >= 4*r.need {
			g.cut(e, r.need)
		}
		return
	}
	if n < fewMarks || n&(n-1) != 0 && n < mostMarks {
		return
	}
	b := g.block(e)
	i, _ := slices.BinarySearchFunc(b.marks, oldest(r, e.last), func(m mark, at int64) int {
		if m.at < at {
			return -1
		}
		return 1
	})
	if r.kind == absence { // what is not decided yet stays
		for k := range i {
			if b.tags[k].mask&1 != 0 {
				i = k
				break
			}
		}
	}
	if n-i >= mostMarks {
		forgotten := n - i - mostMarks/2
		r.held.evicted += uint64(forgotten)
		i += forgotten
	}
	g.cut(e, i)
}

// oldest is the time of the oldest mark that may be in a window with an event that is late by no more than lateness.
func oldest(r *rule, newest int64) int64 { return newest - r.lateness() - r.window - r.before }

// lateness is how far behind the newest event of its group an event may be and still find everything.
func (r *rule) lateness() int64 { return 2 * (r.window + r.before) }

// spend removes the marks up to the last of an alert, and those in the quiet time behind it.
func (g *groups) spend(e *group, last int) {
	b := g.block(e)
	e.until = b.marks[last].at + g.rules[e.rule].quiet
	n := last + 1
	for n < len(b.marks) && b.marks[n].at < e.until {
		n++
		e.suppressed++
	}
	g.cut(e, n)
}
