package main

import "math/bits"

// arrival has rules see events in the order in which they came in: rows of a batch stand by parser, and only those of one
// parser in that order. What a rule decides must not depend on which batch an event came in with whose.
type arrival struct {
	marks []mark
	runs  bool    // not all rows are in order
	rows  []int32 // of the rule at hand
	spare []int32
	ends  []int // of runs of rows that are in order
}

// of is told the rows of a batch.
func (a *arrival) of(rows []mark) {
	a.marks, a.runs = rows, false
	for i := 1; i < len(rows) && !a.runs; i++ {
		a.runs = rows[i].position < rows[i-1].position
	}
}

// order is the rows that are set in one of some bitmaps, in the order of their arrival; valid until the next call.
func (a *arrival) order(words int, word func(i int) uint64) []int32 {
	a.rows = a.rows[:0]
	for i := range words {
		for w := word(i); w != 0; w &= w - 1 {
			a.rows = append(a.rows, int32(i*64+bits.TrailingZeros64(w)))
		}
	}
	if a.runs {
		a.merge()
	}
	return a.rows
}

// merge merges what is in order already, two runs each time: there are as many as parsers.
func (a *arrival) merge() {
	a.ends = a.ends[:0]
	for i := 1; i < len(a.rows); i++ {
		if a.before(a.rows[i], a.rows[i-1]) {
			a.ends = append(a.ends, i)
		}
	}
	for a.ends = append(a.ends, len(a.rows)); len(a.ends) > 1; {
		out, ends, from := a.spare[:0], a.ends[:0], 0
		for i := 0; i < len(a.ends); i += 2 {
			mid := a.ends[i]
			end := a.ends[min(i+1, len(a.ends)-1)]
			out = a.join(out, a.rows[from:mid], a.rows[mid:end])
			ends, from = append(ends, end), end
		}
		a.rows, a.spare, a.ends = out, a.rows, ends
	}
}

func (a *arrival) before(x, y int32) bool { return a.marks[x].position < a.marks[y].position }

// join appends two runs as one.
func (a *arrival) join(out, x, y []int32) []int32 {
	for len(x) > 0 && len(y) > 0 {
		if a.before(y[0], x[0]) {
			out, y = append(out, y[0]), y[1:]
		} else {
			out, x = append(out, x[0]), x[1:]
		}
	}
	return append(append(out, x...), y...)
}
