package main

import (
	"math"
	"slices"
)

// pattern finds what raises an alert among the marks of a group. It keeps scratch memory.
type pattern struct {
	found  []int // the marks behind the alert, in order
	states []int // of a sequence: the last mark of the newest chain that has come so far, or -1
	from   []int // by mark and state: the mark before it in its chain
	values map[uint64]struct{}
}

// find looks for what a rule wants, in which the mark at hand has a part. Without the mark there was nothing: it would have
// been an alert before.
func (p *pattern) find(g *group, at int) bool {
	p.found = p.found[:0]
	switch r := g.rule; r.kind {
	case keyword:
		p.found = append(p.found, at)
		return true
	case frequency:
		if r.need > 0 {
			return p.count(g, at)
		}
		return p.aggregate(g, at)
	case sequence:
		return p.sequence(g, at)
	case simultaneous:
		return p.simultaneous(g, at)
	default:
		return false
	}
}

// count finds as many marks as are too many, the oldest first. The window is open at one end: events of which the last is
// exactly a window behind the first are not within it.
func (p *pattern) count(g *group, at int) bool {
	need := g.rule.need
	for from := max(0, at-need+1); from <= at && from+need <= len(g.seen); from++ {
		if g.seen[from+need-1].at-g.seen[from].at < g.rule.window {
			p.span(from, from+need)
			return true
		}
	}
	return false
}

func (p *pattern) span(from, to int) {
	for i := from; i < to; i++ {
		p.found = append(p.found, i)
	}
}

// aggregate looks at each window that ends with a mark and has the one at hand in it.
func (p *pattern) aggregate(g *group, at int) bool {
	s, window := g.seen, g.rule.window
	from := at
	for from > 0 && s[at].at-s[from-1].at < window {
		from--
	}
	for end := at; end < len(s) && s[end].at-s[at].at < window; end++ {
		for s[end].at-s[from].at >= window {
			from++
		}
		if g.rule.passes(p.of(g.rule.Aggregate, s[from:end+1])) {
			p.span(from, end+1)
			return true
		}
	}
	return false
}

// of is an aggregate of the values of marks, of which there is one at least.
func (p *pattern) of(aggregate string, marks []seen) float64 {
	if aggregate == "distinct" {
		if p.values == nil {
			p.values = map[uint64]struct{}{}
		}
		clear(p.values)
		for i := range marks {
			p.values[marks[i].value] = struct{}{}
		}
		return float64(len(p.values))
	}
	sum, least, most := 0.0, math.Inf(1), math.Inf(-1)
	for i := range marks {
		v := math.Float64frombits(marks[i].value)
		sum, least, most = sum+v, min(least, v), max(most, v)
	}
	switch aggregate {
	case "sum":
		return sum
	case "avg":
		return sum / float64(len(marks))
	case "min":
		return least
	default:
		return most
	}
}

func (r *rule) passes(v float64) bool {
	if r.Compare == "below" {
		return v < r.Threshold
	}
	return v > r.Threshold
}

// sequence goes through the marks in order and takes, for each state of the sequence, the chain of events that has come
// so far and began last: whatever may follow, it is the one that is within the window longest.
func (p *pattern) sequence(g *group, at int) bool {
	r := g.rule
	if at == len(g.seen)-1 && g.seen[at].mask&r.states[len(r.states)-1].step == 0 {
		return false // the newest event ends no sequence
	}
	for _, s := range r.states {
		if g.mask&s.step == 0 {
			return false
		}
	}
	n := len(r.states)
	p.states = slices.Grow(p.states[:0], n)[:n]
	for i := range p.states {
		p.states[i] = -1
	}
	p.from = slices.Grow(p.from[:0], n*len(g.seen))[:n*len(g.seen)]
	for m := range g.seen {
		mask := g.seen[m].mask
		for i := n - 1; i >= 0; i-- { // from the last on: an event moves a chain on once
			before := -1
			if i > 0 {
				before = p.states[i-1]
			}
			switch {
			case mask&r.states[i].step != 0 && (i == 0 || before >= 0):
				p.from[n*m+i] = before
				if i == n-1 && p.chain(g, m) {
					return true
				}
				p.states[i] = m
			case i+1 < n && mask&r.states[i+1].without != 0:
				p.states[i] = -1
			}
		}
	}
	return false
}

// chain reads the chain that ends with a mark, and says whether it is within the window.
func (p *pattern) chain(g *group, last int) bool {
	n := len(g.rule.states)
	p.found = p.found[:0]
	for i, m := n-1, last; i >= 0; i-- {
		p.found = append(p.found, m)
		m = p.from[n*m+i]
	}
	slices.Reverse(p.found)
	if g.seen[last].at-g.seen[p.found[0]].at < g.rule.window {
		return true
	}
	p.found = p.found[:0]
	return false
}

// simultaneous finds the newest mark of each step in the first window that has all of them. One event may be of several
// steps.
func (p *pattern) simultaneous(g *group, at int) bool {
	r, s := g.rule, g.seen
	all := uint16(1)<<len(r.parts) - 1
	if g.mask&all != all {
		return false
	}
	first := at
	for first > 0 && s[at].at-s[first-1].at < r.window {
		first--
	}
	n := len(r.parts)
	p.states = slices.Grow(p.states[:0], n)[:n]
	for i := range p.states {
		p.states[i] = -1
	}
	for m := first; m < len(s) && s[m].at-s[at].at < r.window; m++ {
		oldest := m
		for i := range n {
			if s[m].mask&(1<<i) != 0 {
				p.states[i] = m
			}
			if p.states[i] < 0 {
				oldest = -1
			} else if oldest >= 0 {
				oldest = min(oldest, p.states[i])
			}
		}
		if oldest >= 0 && s[m].at-s[oldest].at < r.window {
			p.found = append(p.found, p.states[:n]...)
			slices.Sort(p.found)
			p.found = slices.Compact(p.found)
			return true
		}
	}
	return false
}
