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
	window window
}

// find looks for what a rule wants, in which the mark at hand has a part. Without the mark there was nothing: it would have
// been an alert before. mask has the bits of all marks; kept is the window that the group keeps, nil if it does not.
func (p *pattern) find(r *rule, b block, mask uint16, at int, kept *window) bool {
	p.found = p.found[:0]
	switch r.kind {
	case keyword:
		p.found = append(p.found, at)
		return true
	case frequency:
		if r.need > 0 {
			return p.count(r, b.marks, at)
		}
		w := p.of(kept)
		return p.spans(w, w.look(r, b, at))
	case sequence:
		return p.sequence(r, b, mask, at)
	case simultaneous:
		return p.simultaneous(r, b, mask, at)
	default:
		return false
	}
}

// again looks at what an alert has left. Aggregates that a value can move away from the threshold may pass without what the
// alert was made of; with others there is nothing more.
func (p *pattern) again(r *rule, b block, kept *window) bool {
	p.found = p.found[:0]
	if r.kind != frequency || r.aggregate == count || r.aggregate == distinct {
		return false
	}
	w := p.of(kept)
	return p.spans(w, w.all(r, b))
}

// of is the window that a group keeps, or else an empty one.
func (p *pattern) of(kept *window) *window {
	if kept == nil {
		kept = &p.window
		kept.reset(0)
	}
	return kept
}

// spans takes the marks of a window, if it has passed.
func (p *pattern) spans(w *window, passed bool) bool {
	if passed {
		p.span(w.lo, w.hi)
	}
	return passed
}

// count finds as many marks as are too many, the oldest first. The window is open at one end: events of which the last is
// exactly a window behind the first are not within it.
func (p *pattern) count(r *rule, marks []mark, at int) bool {
	need := r.need
	for from := max(0, at-need+1); from <= at && from+need <= len(marks); from++ {
		if marks[from+need-1].at-marks[from].at < r.window {
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

// of is an aggregate of values, of which there is one at least.
func (a aggregate) of(values []uint64) float64 {
	if a == distinct {
		different := map[uint64]struct{}{}
		for _, v := range values {
			different[v] = struct{}{}
		}
		return float64(len(different))
	}
	total, low, high := 0.0, math.Inf(1), math.Inf(-1)
	for _, bits := range values {
		v := math.Float64frombits(bits)
		total, low, high = total+v, min(low, v), max(high, v)
	}
	switch a {
	case sum:
		return total
	case average:
		return total / float64(len(values))
	case least:
		return low
	default:
		return high
	}
}

// aggregate is what of the events of a frequency rule is compared with its threshold.
type aggregate uint8

const (
	count aggregate = iota
	distinct
	sum
	average
	least
	greatest
)

var aggregates = map[string]aggregate{"count": count, "distinct": distinct, "sum": sum, "avg": average, "min": least, "max": greatest}

func (r *rule) passes(v float64) bool {
	if r.Compare == "below" {
		return v < r.Threshold
	}
	return v > r.Threshold
}

// sequence goes through the marks in order and takes, for each state of the sequence, the chain of events that has come
// so far and began last: whatever may follow, it is the one that is within the window longest.
func (p *pattern) sequence(r *rule, b block, all uint16, at int) bool {
	if at == len(b.tags)-1 && b.tags[at].mask&r.states[len(r.states)-1].step == 0 {
		return false // the newest event ends no sequence
	}
	for _, s := range r.states {
		if all&s.step == 0 {
			return false
		}
	}
	n := len(r.states)
	p.states = slices.Grow(p.states[:0], n)[:n]
	for i := range p.states {
		p.states[i] = -1
	}
	p.from = slices.Grow(p.from[:0], n*len(b.tags))[:n*len(b.tags)]
	for m := range b.tags {
		mask := b.tags[m].mask
		for i := n - 1; i >= 0; i-- { // from the last on: an event moves a chain on once
			before := -1
			if i > 0 {
				before = p.states[i-1]
			}
			switch {
			case mask&r.states[i].step != 0 && (i == 0 || before >= 0):
				p.from[n*m+i] = before
				if i == n-1 && p.chain(r, b.marks, m) {
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
func (p *pattern) chain(r *rule, marks []mark, last int) bool {
	n := len(r.states)
	p.found = p.found[:0]
	for i, m := n-1, last; i >= 0; i-- {
		p.found = append(p.found, m)
		m = p.from[n*m+i]
	}
	slices.Reverse(p.found)
	if marks[last].at-marks[p.found[0]].at < r.window {
		return true
	}
	p.found = p.found[:0]
	return false
}

// simultaneous finds the newest mark of each step in the first window that has all of them. One event may be of several
// steps.
func (p *pattern) simultaneous(r *rule, b block, mask uint16, at int) bool {
	s := b.marks
	all := uint16(1)<<len(r.parts) - 1
	if mask&all != all {
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
			if b.tags[m].mask&(1<<i) != 0 {
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
