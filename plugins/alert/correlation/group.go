package main

import "slices"

// seen is one event that counts.
type seen struct {
	at        int64 // ns since 1970
	position  int64 // in its raw journal, -1 if it has none
	value     uint64
	partition uint32
	journal   uint16 // see journals
	mask      uint16 // the bits of the parts that it is of
}

// same says whether two marks are of one event.
func (s *seen) same(o *seen) bool {
	return s.at == o.at && s.position == o.position && s.partition == o.partition && s.journal == o.journal
}

// group is what is remembered of one group of one rule. seen is in the order of time, and of arrival where that is equal.
type group struct {
	rule       *rule
	key        string
	seen       []seen
	until      int64    // no alert before, ns since 1970
	last       int64    // the newest event
	suppressed uint64   // events since the last alert that were not counted
	mask       uint16   // of all marks, or more
	fields     []string // that an alert of a tick carries
	fresh      int      // the mark of the event at hand, -1 if it is suppressed
	gone       bool     // forgotten
	timer      bool     // one is set, for a silence
	next, prev *group   // in groups, by when they were last touched
}

// groups are the groups of all rules, from the one that has been silent longest.
type groups struct {
	limit       int
	limitEvents int
	n           int
	events      int
	ends        group // next is the newest, prev the oldest
}

func (g *groups) touch(e *group) {
	if g.ends.next == nil {
		g.ends.next, g.ends.prev = &g.ends, &g.ends
	}
	if e.next != nil {
		e.next.prev, e.prev.next = e.prev, e.next
	} else {
		g.n++
	}
	e.next, e.prev = g.ends.next, &g.ends
	e.next.prev, e.prev.next = e, e
}

// drop forgets a group.
func (g *groups) drop(e *group) {
	g.n--
	g.events -= len(e.seen)
	e.next.prev, e.prev.next = e.prev, e.next
	e.gone = true
	delete(e.rule.groups, e.key)
}

// trim forgets what is too much and says how many groups that were.
func (g *groups) trim() (forgotten int) {
	for g.n > 1 && (g.n > g.limit || g.events > g.limitEvents) {
		g.drop(g.ends.prev)
		forgotten++
	}
	return forgotten
}

// Marks of a group are looked through for old ones whenever there are twice as many as were left; of more than
// mostMarks the oldest go.
const (
	fewMarks  = 64
	mostMarks = 20000
)

// add notes that an event is of a part, which it may be of several; false in the quiet time behind an alert.
func (g *group) add(e seen) bool {
	if e.at < g.until && (g.rule.kind != absence || e.mask == 1) { // what then came is good for later ones
		return false
	}
	if i := g.fresh; i >= 0 { // of another part of the rule
		g.seen[i].mask |= e.mask
		g.mask |= e.mask
		return true
	}
	i := len(g.seen)
	for i > 0 && g.seen[i-1].at > e.at {
		i--
	}
	g.seen = slices.Insert(g.seen, i, e)
	g.fresh = i
	g.mask |= e.mask
	g.last = max(g.last, e.at)
	return true
}

// settle forgets marks that can be in no window any more, late events included, and says how many were dropped though
// they could.
func (g *group) settle() (forgotten int) {
	r := g.rule
	if r.need > 0 {
		// Late events need some of the past: that many events without an alert are two windows at least.
		if len(g.seen) >= 3*r.need {
			g.cut(r.need)
		}
		return 0
	}
	if len(g.seen) < fewMarks || len(g.seen)&(len(g.seen)-1) != 0 && len(g.seen) < mostMarks {
		return 0
	}
	old := g.last - 2*(r.window+r.before) - r.window
	i, _ := slices.BinarySearchFunc(g.seen, old, func(s seen, at int64) int {
		if s.at < at {
			return -1
		}
		return 1
	})
	if r.kind == absence { // what is not decided yet stays
		for k := range i {
			if g.seen[k].mask&1 != 0 {
				i = k
				break
			}
		}
	}
	if len(g.seen)-i >= mostMarks {
		forgotten = len(g.seen) - i - mostMarks/2
		i += forgotten
	}
	g.cut(i)
	return forgotten
}

// cut removes the first n marks.
func (g *group) cut(n int) {
	if n == 0 {
		return
	}
	g.seen = append(g.seen[:0], g.seen[n:]...)
	g.mask = 0
	for i := range g.seen {
		g.mask |= g.seen[i].mask
	}
}

// spend removes the marks up to the last of an alert, and those in the quiet time behind it.
func (g *group) spend(last int) {
	g.until = g.seen[last].at + g.rule.quiet
	n := last + 1
	for n < len(g.seen) && g.seen[n].at < g.until {
		n++
		g.suppressed++
	}
	g.cut(n)
}
