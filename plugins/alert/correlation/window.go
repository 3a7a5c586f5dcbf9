package main

import "math"

// window keeps up the aggregate of a window of a group's marks while the window moves: each mark is added once when it
// comes in and removed once when it falls out, wherever in the window it stands.
type window struct {
	lo, hi int // the marks in it: [lo, hi)

	counts  countTable // of the different values (distinct)
	sum     float64    // of the whole values (sum, avg)
	inexact int        // values that are not whole, or too large to be summed up without rounding
	lost    bool       // the sum was rounded
	hits    int        // values that decide by themselves (min, max), see decides
}

// mostExact is up to where sums of whole numbers are exact.
const mostExact = 1 << 53

// smallWindow is up to how many marks a window is made anew for each event: not worth keeping.
const smallWindow = 16

func (w *window) reset(at int) {
	w.lo, w.hi = at, at
	w.counts.clear()
	w.sum, w.inexact, w.lost, w.hits = 0, 0, false, 0
}

func (w *window) bytes() int64 { return 96 + w.counts.bytes() }

// cut is told that the first n marks of the group went.
func (w *window) cut(n int) {
	if n > w.lo {
		w.reset(0)
		return
	}
	w.lo, w.hi = w.lo-n, w.hi-n
}

func (w *window) add(r *rule, v uint64) { w.count(r, v, 1) }

func (w *window) remove(r *rule, v uint64) { w.count(r, v, -1) }

// count adds a value n times: once or, which removes it, minus once.
func (w *window) count(r *rule, v uint64, n int) {
	switch r.aggregate {
	case distinct:
		w.counts.add(v, n)
	case sum, average:
		f := math.Float64frombits(v)
		if f != math.Trunc(f) || math.Abs(f) > mostExact/2 {
			w.inexact += n
			return
		}
		w.sum += f * float64(n)
		w.lost = w.lost || math.Abs(w.sum) > mostExact
	default:
		if r.decides(math.Float64frombits(v)) {
			w.hits += n
		}
	}
}

// decides says whether one value decides what a least or greatest value is compared with: one value above a threshold
// puts the greatest above it, and the least one is above it if none is at or below it.
func (r *rule) decides(v float64) bool {
	above := v > r.Threshold
	below := v < r.Threshold
	switch {
	case r.aggregate == greatest && r.Compare == "below":
		return !below
	case r.aggregate == greatest:
		return above
	case r.Compare == "below":
		return below
	default:
		return !above
	}
}

// passes says whether the aggregate of the window, which has the marks [lo, hi) of values, is one to raise an alert for.
func (w *window) passes(r *rule, values []uint64) bool {
	switch r.aggregate {
	case distinct:
		return r.passes(float64(w.counts.n))
	case sum, average:
		total := w.sum
		if w.inexact > 0 || w.lost { // in the order of the marks, so that the same marks always give the same
			total = 0
			for _, v := range values[w.lo:w.hi] {
				total += math.Float64frombits(v)
			}
		}
		if r.aggregate == average {
			total /= float64(w.hi - w.lo)
		}
		return r.passes(total)
	case greatest:
		return (w.hits > 0) == (r.Compare != "below")
	default:
		return (w.hits > 0) == (r.Compare == "below")
	}
}

// look moves the window over all places where it ends with a mark and has the one in it that was inserted at index at,
// until one passes, and says whether one has. Else it ends with the newest mark.
func (w *window) look(r *rule, b block, at int) bool {
	w.retreat(r, b, at)
	return w.move(r, b, at, b.marks[at].at+r.window)
}

// all moves the window over all places where it ends with a mark, as look does.
func (w *window) all(r *rule, b block) bool {
	w.reset(0)
	return w.move(r, b, 0, math.MaxInt64)
}

// move has the window, which ends before the mark at, end with that one and all behind it in turn. Those before the time
// until are looked at.
func (w *window) move(r *rule, b block, at int, until int64) bool {
	for end := at; end < len(b.marks); end++ {
		w.add(r, b.values[end])
		w.hi = end + 1
		for b.marks[end].at-b.marks[w.lo].at >= r.window {
			w.remove(r, b.values[w.lo])
			w.lo++
		}
		for w.lo > 0 && b.marks[end].at-b.marks[w.lo-1].at < r.window {
			w.lo--
			w.add(r, b.values[w.lo])
		}
		if b.marks[end].at < until && w.passes(r, b.values) {
			return true
		}
	}
	return false
}

// retreat has the window end before the mark that was inserted at index at, which it does not know of yet.
func (w *window) retreat(r *rule, b block, at int) {
	if at <= w.lo { // it was before the window, or the window is empty
		w.reset(at)
		return
	}
	for w.hi > at {
		w.remove(r, b.values[w.hi])
		w.hi--
	}
	if w.hi < at { // it was not made up to here
		w.reset(at)
	}
}

// countTable counts how often each of some values is there.
type countTable struct {
	slots []valueCount // a power of two, or none; count 0 is free
	n     int
}

type valueCount struct {
	value uint64
	count uint32
}

const firstCounts = 16

func (t *countTable) bytes() int64 { return 16 * int64(len(t.slots)) }

func (t *countTable) clear() {
	if t.n > 0 {
		clear(t.slots)
		t.n = 0
	}
}

// add counts a value n times more.
func (t *countTable) add(v uint64, n int) {
	if 2*(t.n+1) > len(t.slots) {
		t.grow()
	}
	mask := uint64(len(t.slots) - 1)
	i := home(v) & mask
	for t.slots[i].count != 0 && t.slots[i].value != v {
		i = (i + 1) & mask
	}
	s := &t.slots[i]
	if s.count == 0 {
		t.n++
		s.value = v
	}
	if s.count = uint32(int(s.count) + n); s.count == 0 {
		t.n--
		t.close(i)
	}
}

// close fills the slot i, which became free, with what stands behind it because of it.
func (t *countTable) close(i uint64) {
	mask := uint64(len(t.slots) - 1)
	for k := (i + 1) & mask; t.slots[k].count != 0; k = (k + 1) & mask {
		if (k-home(t.slots[k].value))&mask >= (k-i)&mask {
			t.slots[i] = t.slots[k]
			i = k
		}
	}
	t.slots[i] = valueCount{}
}

func (t *countTable) grow() {
	old := t.slots
	t.slots = make([]valueCount, max(firstCounts, 2*len(old)))
	mask := uint64(len(t.slots) - 1)
	for _, s := range old {
		if s.count == 0 {
			continue
		}
		i := home(s.value) & mask
		for t.slots[i].count != 0 {
			i = (i + 1) & mask
		}
		t.slots[i] = s
	}
}

// home spreads values, which are hashes already.
func home(v uint64) uint64 { return v ^ v>>32 }
