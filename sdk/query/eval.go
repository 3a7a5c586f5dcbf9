package query

import (
	"encoding/binary"
	"math/bits"

	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/wire"
)

// run is the state of evaluating a plan over one batch, reused from batch to batch.
//
// A query is evaluated in two passes of bitmaps. The first knows all columns but not which rows have the words
// that are looked for in message; it finds for each query the rows that match for sure (lo) and those that
// may match (hi). Only rows between the two are scanned, for the words of all queries at once, and the second
// pass settles them.
type run struct {
	plan    *plan
	batch   *wire.Batch
	message *wire.Column
	rows    int
	words   int // of a bitmap

	columns []*wire.Column // by field of the plan
	fields  []fieldState
	states  []leafState
	epoch   uint64 // of the batch: a leafState of another epoch is of a batch before
	scanned bool   // deferred leaves are known

	levels  []uint64 // three bitmaps a level of steps
	all     []uint64 // bits of all rows
	pending []uint64 // a bitmap a root
	need    []uint64 // rows to scan
	lut     []uint8  // answers by dictionary code
	text    []byte   // a value in words
	hits    hits
}

// leafState is what is known of a leaf in this batch.
type leafState struct {
	epoch    uint64
	column   *wire.Column
	date     [2]int64 // leafDate: its bounds now
	list     *List    // leafList: as it is now, nil if it is gone
	now      int64    // leafList: nanoseconds
	bits     []uint64 // matching rows among done
	done     []uint64
	complete bool // done is all rows
	entry    bool // some entry of its field's dictionary matches; see fieldState.dict
}

func resized(b []uint64, n int) []uint64 {
	if cap(b) < n {
		return make([]uint64, n, n+n/4)
	}
	return b[:n]
}

// match fills out, one bitmap a root.
func (r *run) match(b *wire.Batch, out [][]uint64) {
	r.bind(b)
	p := r.plan
	scan := false
	clear(r.need)
	for i, root := range p.roots {
		out[i] = resized(out[i], r.words)
		pending := r.pending[i*r.words : (i+1)*r.words]
		if !r.possible(root) {
			clear(out[i])
			clear(pending)
			continue
		}
		r.eval(root, 0, r.all, out[i], pending)
		if !root.text {
			continue
		}
		for w := range pending {
			pending[w] &^= out[i][w]
			r.need[w] |= pending[w]
			scan = scan || pending[w] != 0
		}
	}
	if !scan {
		r.batch, r.message = nil, nil
		return
	}
	if s := p.scanner(); s != nil && r.scannable() {
		r.scanMessage(s)
	}
	r.scanned = true
	for i, root := range p.roots {
		pending := r.pending[i*r.words : (i+1)*r.words]
		if !root.text || empty(pending) {
			continue
		}
		lo, hi := r.level(0, 0), r.level(0, 1)
		r.eval(root, 1, pending, lo, hi)
		for w := range lo {
			out[i][w] |= lo[w]
		}
	}
	r.batch, r.message = nil, nil
}

// bind readies the run for a batch.
func (r *run) bind(b *wire.Batch) {
	p := r.plan
	r.batch, r.rows, r.words = b, int(b.Rows), (int(b.Rows)+63)/64
	r.epoch++
	r.scanned = false
	r.all = resized(r.all, r.words)
	r.need = resized(r.need, r.words)
	r.pending = resized(r.pending, r.words*len(p.roots))
	r.levels = resized(r.levels, r.words*3*(p.depth+2))
	for i := range r.all {
		r.all[i] = ^uint64(0)
	}
	if tail := r.rows % 64; tail != 0 {
		r.all[r.words-1] = 1<<tail - 1
	}
	if r.states == nil {
		r.states = make([]leafState, len(p.leaves))
		r.columns = make([]*wire.Column, len(p.fields))
		r.fields = make([]fieldState, len(p.fields))
		p.index()
	}
	r.message = findColumn(b, field{name: "message", handle: uint32(ecs.Message)})
	for i, f := range p.fields {
		if f.handle == 0 { // a plugin may have declared it since
			h, _ := ecs.Lookup(f.name)
			f.handle = uint32(h)
		}
		r.columns[i] = findColumn(b, f)
	}
}

// findColumn finds a field's column: by name where columns carry names, since handles are of one process.
func findColumn(b *wire.Batch, f field) *wire.Column {
	for i := len(b.Columns) - 1; i >= 0; i-- {
		c := b.Columns[i]
		if c.Name != "" {
			if c.Name == f.name {
				return c
			}
		} else if c.Field == f.handle && f.handle != 0 {
			return c
		}
	}
	return nil
}

// level is one of the three scratch bitmaps of a depth.
func (r *run) level(depth, i int) []uint64 {
	from := (3*depth + i) * r.words
	return r.levels[from : from+r.words : from+r.words]
}

func empty(b []uint64) bool {
	for _, w := range b {
		if w != 0 {
			return false
		}
	}
	return true
}

// eval evaluates s over the rows of alive: lo becomes those that match, hi those that may match; both are
// within alive.
func (r *run) eval(s *step, depth int, alive, lo, hi []uint64) {
	switch s.op {
	case opAll:
		copy(lo, alive)
		copy(hi, alive)
	case opLeaf:
		r.evalLeaf(s, alive, lo, hi)
	case opNot:
		r.eval(s.subs[0], depth+1, alive, lo, hi)
		for w, a := range alive {
			lo[w], hi[w] = a&^hi[w], a&^lo[w]
		}
	case opAnd:
		copy(lo, alive)
		copy(hi, alive)
		l, h := r.level(depth, 0), r.level(depth, 1)
		for _, sub := range s.subs {
			r.eval(sub, depth+1, hi, l, h)
			left := uint64(0)
			for w := range hi {
				hi[w] = h[w]
				lo[w] &= l[w]
				left |= h[w]
			}
			if left == 0 {
				break
			}
		}
	case opOr:
		clear(lo)
		clear(hi)
		l, h, open := r.level(depth, 0), r.level(depth, 1), r.level(depth, 2)
		copy(open, alive)
		for _, sub := range s.subs {
			r.eval(sub, depth+1, open, l, h)
			left := uint64(0)
			for w := range hi {
				lo[w] |= l[w]
				hi[w] |= h[w]
				open[w] &^= l[w]
				left |= open[w]
			}
			if left == 0 {
				break
			}
		}
	}
}

func (r *run) evalLeaf(s *step, alive, lo, hi []uint64) {
	l := r.plan.leaves[s.leaf]
	if l.deferred && !r.scanned {
		clear(lo)
		copy(hi, alive)
		return
	}
	st := r.state(s.leaf)
	if !st.complete {
		r.settle(l, st, alive)
	}
	for w, a := range alive {
		v := st.bits[w] & a
		lo[w], hi[w] = v, v
	}
}

// state is the state of a leaf in this batch.
func (r *run) state(i int) *leafState {
	st := &r.states[i]
	if st.epoch == r.epoch {
		return st
	}
	st.epoch = r.epoch
	l := r.plan.leaves[i]
	st.column = r.columns[l.field]
	if st.date = l.date; l.relative != nil {
		st.date = l.relative()
	}
	if l.list != nil {
		st.list, st.now = l.list()
	}
	st.bits = resized(st.bits, r.words)
	clear(st.bits)
	st.complete = st.column == nil || st.column.Count == 0 || l.list != nil && st.list == nil
	st.entry = false
	st.done = resized(st.done, r.words)
	clear(st.done)
	return st
}

// settle evaluates a leaf for those rows of alive that it was not evaluated for.
func (r *run) settle(l *leaf, st *leafState, alive []uint64) {
	c := st.column
	if r.indexed(l, c) {
		r.post(l, alive)
		return
	}
	if c.Type == wire.Type_STRING && c.Encoding == wire.Encoding_DICT && l.kind != leafExists {
		r.settleDict(l, st)
		return
	}
	k := 0 // present rows before the word
	whole := true
	for w := range alive {
		present := r.presentWord(c, w)
		todo := alive[w] &^ st.done[w]
		st.done[w] |= todo
		whole = whole && st.done[w] == r.all[w]
		if todo &= present; todo != 0 {
			st.bits[w] |= r.test(l, st, w, k, present, todo)
		}
		k += bits.OnesCount64(present)
	}
	st.complete = whole
}

// test evaluates a leaf for the rows todo of word w; k is the index of the first present row of the word.
func (r *run) test(l *leaf, st *leafState, w, k int, present, todo uint64) uint64 {
	c := st.column
	var out uint64
	for todo != 0 {
		bit := bits.TrailingZeros64(todo)
		todo &= todo - 1
		i := k + bits.OnesCount64(present&(1<<bit-1))
		from, to := i, i+1
		if len(c.Lists) > 0 {
			from, to = c.List(i)
		}
		for ; from < to; from++ {
			if l.kind == leafExists || r.element(l, st, w<<6+bit, from) {
				out |= 1 << bit
				break
			}
		}
	}
	return out
}

// presentWord are the rows of word w that have a value.
func (r *run) presentWord(c *wire.Column, w int) uint64 {
	p := c.Present
	switch {
	case len(p) == 0:
		return r.all[w]
	case w<<3+8 <= len(p):
		return binary.LittleEndian.Uint64(p[w<<3:]) & r.all[w]
	default:
		var v uint64
		for i, b := range p[w<<3:] {
			v |= uint64(b) << (8 * i)
		}
		return v & r.all[w]
	}
}

// settleDict evaluates a leaf once per dictionary entry, then looks the codes of all rows up.
func (r *run) settleDict(l *leaf, st *leafState) {
	c := st.column
	st.complete = true
	n := c.Entries()
	if cap(r.lut) < n {
		r.lut = make([]uint8, n+n/4)
	}
	lut := r.lut[:n]
	found := uint8(0)
	for code := range lut {
		lut[code] = 0
		if l.matchString(c.Entry(code)) || st.list != nil && st.list.Has(c.Entry(code), st.now) {
			lut[code] = 1
		}
		found |= lut[code]
	}
	if found == 0 {
		return
	}
	if len(c.Present) == 0 && len(c.Lists) == 0 && c.Width == 1 {
		codes := c.Values
		for w := range st.bits {
			part := codes[w<<6 : min(w<<6+64, r.rows)]
			var v uint64
			for i, code := range part {
				v |= uint64(lut[code]) << (i & 63)
			}
			st.bits[w] = v
		}
		return
	}
	k := 0
	for w := range st.bits {
		for present := r.presentWord(c, w); present != 0; present &= present - 1 {
			from, to := k, k+1
			if len(c.Lists) > 0 {
				from, to = c.List(k)
			}
			k++
			for ; from < to; from++ {
				if lut[c.Code(from)] != 0 {
					st.bits[w] |= present & -present
					break
				}
			}
		}
	}
}
