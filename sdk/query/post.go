package query

import (
	"encoding/binary"
	"math/bits"

	"github.com/logcenter/logcenter/sdk/wire"
)

// fieldState is what the index of a field has told of this batch.
type fieldState struct {
	epoch  uint64
	done   []uint64 // rows whose values were looked up
	values values
	dict   bool      // entries tells what each entry of the column's dictionary matches
	codes  []posting // by code, in list
	list   []int32
}

// field is the state of a field with an index, in this batch.
func (r *run) field(i int) *fieldState {
	f := &r.fields[i]
	if f.epoch == r.epoch {
		return f
	}
	f.epoch = r.epoch
	f.done = resized(f.done, r.words)
	clear(f.done)
	f.dict = false
	if c := r.columns[i]; c.Type == wire.Type_STRING {
		f.values.begin()
		if c.Encoding == wire.Encoding_DICT {
			r.readDict(f, i)
		}
	}
	return f
}

// readDict looks up the entries of a dictionary, and notes which leaves match some.
func (r *run) readDict(f *fieldState, i int) {
	f.dict = true
	f.codes, f.list = f.codes[:0], f.list[:0]
	c := r.columns[i]
	for code := range c.Entries() {
		from := len(f.list)
		f.list = append(f.list, f.values.find(r.plan.indexes[i], r.plan.leaves, c.Entry(code))...)
		for _, leaf := range f.list[from:] {
			r.state(int(leaf)).entry = true
		}
		f.codes = append(f.codes, posting{uint32(from), uint32(len(f.list))})
	}
}

// indexed says whether the index of its field answers a leaf for a column.
func (r *run) indexed(l *leaf, c *wire.Column) bool {
	switch l.class {
	case indexStrings:
		if c.Type != wire.Type_STRING {
			return false
		}
		return l.kind == leafEqual || l.kind == leafIn || r.field(l.field).values.bypass == 0
	case indexLongs:
		return c.Type == wire.Type_INT64
	case indexAddrs:
		return c.Type == wire.Type_IP
	default:
		return false
	}
}

// possible is false if s can match no row of the batch, by what is known before any row is looked at: columns that are
// not there, and dictionaries without a value that would match.
func (r *run) possible(s *step) bool {
	switch s.op {
	case opLeaf:
		l := r.plan.leaves[s.leaf]
		c := r.columns[l.field]
		switch {
		case c == nil || c.Count == 0:
			return l.deferred && r.message != nil
		case l.class == indexStrings && c.Encoding == wire.Encoding_DICT && r.indexed(l, c):
			r.field(l.field)
			return r.state(s.leaf).entry
		}
	case opAnd:
		for _, sub := range s.subs {
			if !r.possible(sub) {
				return false
			}
		}
	case opOr:
		for _, sub := range s.subs {
			if r.possible(sub) {
				return true
			}
		}
		return len(s.subs) == 0
	}
	return true
}

// post looks up the values of those rows of alive that were not looked up before, and tells all leaves that match.
func (r *run) post(l *leaf, alive []uint64) {
	f, c := r.field(l.field), r.columns[l.field]
	todo := uint64(0)
	for w := range alive {
		todo |= alive[w] &^ f.done[w]
	}
	if todo == 0 {
		return
	}
	if f.dict {
		r.postDict(f, c)
		return
	}
	k := 0 // present rows before the word
	for w := range alive {
		present := r.presentWord(c, w)
		todo := alive[w] &^ f.done[w] & present
		f.done[w] |= alive[w]
		for ; todo != 0; todo &= todo - 1 {
			bit := bits.TrailingZeros64(todo)
			i := k + bits.OnesCount64(present&(1<<bit-1))
			from, to := i, i+1
			if len(c.Lists) > 0 {
				from, to = c.List(i)
			}
			for ; from < to; from++ {
				for _, leaf := range r.lookup(l, f, c, w<<6+bit, from) {
					r.state(int(leaf)).bits[w] |= 1 << bit
				}
			}
		}
		k += bits.OnesCount64(present)
	}
}

// lookup lists the leaves that the i-th element of a column matches, which belongs to row; l is one of the index.
func (r *run) lookup(l *leaf, f *fieldState, c *wire.Column, row, i int) []int32 {
	ix := r.plan.indexes[l.field]
	switch l.class {
	case indexStrings:
		return f.values.find(ix, r.plan.leaves, r.stringAt(c, row, i))
	case indexLongs:
		return ix.longs.find(c.Int(i))
	default:
		v := c.IP16(i)
		return ix.addrs.find([2]uint64{binary.BigEndian.Uint64(v), binary.BigEndian.Uint64(v[8:])})
	}
}

// postDict is post for all rows of a dictionary's column.
func (r *run) postDict(f *fieldState, c *wire.Column) {
	copy(f.done, r.all)
	if len(f.list) == 0 {
		return
	}
	k := 0
	for w := range f.done {
		for present := r.presentWord(c, w); present != 0; present &= present - 1 {
			from, to := k, k+1
			if len(c.Lists) > 0 {
				from, to = c.List(k)
			}
			k++
			for ; from < to; from++ {
				p := f.codes[c.Code(from)]
				for _, leaf := range f.list[p.from:p.to] {
					r.states[leaf].bits[w] |= present & -present
				}
			}
		}
	}
}
