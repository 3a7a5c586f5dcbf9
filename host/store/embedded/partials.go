package embedded

import (
	"cmp"
	"container/list"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/logcenter/logcenter/host/store"
)

// Dashboards ask the same again and again, over times that move on with the clock. Segments do not change, so what the
// groups of a statement are in one segment needs to be computed once: where the times of a question contain the segment,
// its rows are replaced by those groups. What times cut is in grouped.go, terms of which there are very many in tops.go.
//
// To compute the groups of each segment apart costs a third more than the answer alone would.

// digest is the SHA-256 of a statement.
type digest [sha256.Size]byte

// partial is the groups of a statement in one segment: rows [from, to) of a batch.
type partial struct {
	partialKey
	batch    *partialBatch
	from, to int
	useless  bool // a note that there are too many groups
}

// partialBatch is the partials that were made at once. It is immutable but for refs.
type partialBatch struct {
	columns []arrow.Array
	size    int64 // bytes
	refs    int   // partials that are kept; under partials.mu
}

// partialsShare is the part of a store's memory that partials may take.
const partialsShare = 8

// partialOverhead is about what a partial takes beside its rows.
const partialOverhead = 300

// partialKey is what a partial is the groups of. Without a segment it is a note on the statement as a whole.
type partialKey struct {
	of      digest
	segment *segment
	excerpt
}

// partials are kept up to so many bytes, those used last. They are safe for concurrent use.
type partials struct {
	limit  int64
	tops   int  // see topsKept
	strict bool // for tests: nothing but tops is worth it

	mu      sync.Mutex
	kept    map[partialKey]*list.Element // of *partial
	order   list.List                    // the one used last first
	size    int64
	working map[digest]chan struct{} // closed when done
	used    int64
	made    int64
}

func newPartials(limit int64) *partials {
	return &partials{limit: limit, tops: topsKept, kept: map[partialKey]*list.Element{}, working: map[digest]chan struct{}{}}
}

func (p *partials) get(k partialKey) *partial {
	e := p.kept[k]
	if e == nil {
		return nil
	}
	p.order.MoveToFront(e)
	return e.Value.(*partial)
}

func (p *partials) put(one *partial) {
	if e := p.kept[one.partialKey]; e != nil {
		p.remove(e)
	}
	p.kept[one.partialKey] = p.order.PushFront(one)
	p.size += partialOverhead
	if b := one.batch; b != nil {
		if b.refs++; b.refs == 1 {
			p.size += b.size
		}
	}
	for p.size > p.limit {
		p.remove(p.order.Back())
	}
}

func (p *partials) remove(e *list.Element) {
	one := p.order.Remove(e).(*partial)
	delete(p.kept, one.partialKey)
	p.size -= partialOverhead
	if b := one.batch; b != nil {
		if b.refs--; b.refs == 0 {
			p.size -= b.size
		}
	}
}

// note remembers that a statement was asked, and says whether it had been before, and whether it is worth partials.
func (p *partials) note(of digest) (again, useless bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n := p.get(partialKey{of: of}); n != nil {
		return true, n.useless
	}
	p.put(&partial{partialKey: partialKey{of: of}})
	return false, false
}

// forget lets go of what is known of segments that are gone.
func (p *partials) forget(gone []*segment) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for k, e := range p.kept {
		if k.segment != nil && slices.Contains(gone, k.segment) {
			p.remove(e)
		}
	}
}

func (p *partials) stats(st *store.Stats) {
	p.mu.Lock()
	defer p.mu.Unlock()
	st.PartialBytes, st.PartialsUsed, st.PartialsMade = p.size, p.used, p.made
}

// turn lets one caller at a time work on a statement; done is to be called then.
func (p *partials) turn(ctx context.Context, of digest) (done func(), err error) {
	for {
		p.mu.Lock()
		other := p.working[of]
		if other == nil {
			mine := make(chan struct{})
			p.working[of] = mine
			p.mu.Unlock()
			return func() {
				p.mu.Lock()
				delete(p.working, of)
				p.mu.Unlock()
				close(mine)
			}, nil
		}
		p.mu.Unlock()
		select {
		case <-other:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// source is a segment, or what some times leave of it, whose rows a statement's partial can stand for.
type source struct {
	planned
	sel *selection // in those times
	of  digest     // of the statement over its rows
}

func (s source) key() partialKey { return partialKey{s.of, s.segment, s.excerpt} }

// find splits sources into those whose partials are there and those whose are not.
func (p *partials) find(sources []source) (found []*partial, missing []source) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range sources {
		if one := p.get(s.key()); one != nil {
			found = append(found, one)
		} else {
			missing = append(missing, s)
		}
	}
	return found, missing
}

// answer counts partials that are used.
func (p *partials) answer(found []*partial) []*partial {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.used += int64(len(found))
	return found
}

// keep keeps partials that have just been made.
func (p *partials) keep(made []*partial) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.made += int64(len(made))
	for _, one := range made {
		p.put(one)
	}
}

// refuse notes that a statement is not worth partials, unless they could not be made for another reason.
func (p *partials) refuse(of digest, err error) error {
	if err == nil {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.put(&partial{partialKey: partialKey{of: of}, useless: true})
	}
	return err
}

// partialsOf finds the partials of sources or makes them; nil if it is better to read the rows. Those that are dear are not
// made for what is asked for the first time.
func (a *aggregator) partialsOf(q *groups, pl *plan, sources []source) ([]*partial, error) {
	if a.rows {
		return nil, nil
	}
	all := a.store.partials
	of := statement(sources)
	again, useless := all.note(of)
	if useless {
		return nil, nil
	}
	found, missing := all.find(sources)
	if len(missing) == 0 {
		return all.answer(found), nil
	}
	if q.dear() && !again && len(found) == 0 {
		return nil, nil
	}
	done, err := all.turn(a.ctx, of)
	if err != nil {
		return nil, err
	}
	defer done()
	if _, useless = all.note(of); useless { // somebody else found that out
		return nil, nil
	}
	if found, missing = all.find(sources); len(missing) == 0 {
		return all.answer(found), nil
	}
	all.answer(found)
	limit := all.limit / partialShare
	if len(found) == 0 && len(missing) > 1 { // the largest tells of all whether they are worth it
		slices.SortStableFunc(missing, func(a, b source) int { return cmp.Compare(b.rows, a.rows) })
		worth := limit
		if !again {
			worth /= firstShare
		}
		made, err := a.makePartials(q, pl, missing[:1], worth*missing[0].rows/rowsIn(missing))
		if made == nil && !again {
			return nil, err
		}
		if made == nil {
			return nil, all.refuse(of, err)
		}
		all.keep(made)
		found, missing = made, missing[1:]
	}
	made, err := a.makePartials(q, pl, missing, limit)
	if made == nil {
		return nil, all.refuse(of, err)
	}
	all.keep(made)
	return append(found, made...), nil
}

// dear says whether to make partials may cost much more than to answer.
func (q *groups) dear() bool { return q.tops > 0 || q.timed || len(q.path) > 2 }

func rowsIn(sources []source) (rows int64) {
	for _, s := range sources {
		rows += s.rows
	}
	return max(rows, 1)
}

// statement is the digest of a statement over all of its sources.
func statement(sources []source) digest {
	var of []digest
	for _, s := range sources {
		if !slices.Contains(of, s.of) {
			of = append(of, s.of)
		}
	}
	slices.SortFunc(of, func(a, b digest) int { return strings.Compare(string(a[:]), string(b[:])) })
	h := sha256.New()
	for _, d := range of {
		h.Write(d[:])
	}
	return digest(h.Sum(nil))
}

// partialShare is the part of all partials' memory that those of one statement may take, firstShare the part of that which
// they may take when it is asked for the first time: many groups cost much more to keep than to answer.
const (
	partialShare = 16
	firstShare   = 4
)

var errUseless = errors.New("too many groups to keep")

// makePartials computes the partials of segments in one statement; nil if they take more bytes than the limit, and are not
// worth it.
func (a *aggregator) makePartials(q *groups, pl *plan, sources []source, limit int64) ([]*partial, error) {
	withFile := *pl
	withFile.cols = append(q.reads(), column{colFile, kindString, false})
	out, read := make([]*partial, len(sources)), make([]planned, len(sources))
	b := partialBuilder{of: make(map[string]*partial, len(sources)), addresses: q.addresses()}
	for i, s := range sources {
		one, err := s.sel.segment(s.segment, withFile.cols, pl.lists)
		if err != nil {
			return nil, err
		}
		read[i] = *one
		out[i] = &partial{partialKey: s.key(), batch: &b.partialBatch}
		b.of[s.segment.path] = out[i]
	}
	r, err := withFile.relation(read, false)
	if err != nil {
		return nil, err
	}
	strict, file := a.store.partials.strict, quoteName(colFile)
	err = a.store.runArrow(a.ctx, r, q.kept(r.sql, file)+" ORDER BY "+file, func(rec arrow.RecordBatch) error {
		if err := b.add(rec); err != nil {
			return err
		}
		if b.size > limit || strict && q.tops == 0 && !q.timed {
			return errUseless
		}
		return nil
	})
	if err == nil {
		err = b.finish()
	}
	switch {
	case errors.Is(err, errUseless):
		return nil, nil
	case err != nil:
		return nil, err
	}
	return out, nil
}

// partialBuilder makes a batch.
type partialBuilder struct {
	partialBatch
	of        map[string]*partial // by the file of the segment
	addresses []int
	pieces    [][]arrow.Array // by column
	rows      int
}

// add adds rows, whose first column is the file, in its order. They are copied: what the engine hands out is its own.
// Addresses, which come as text, become what they are in segments.
func (b *partialBuilder) add(rec arrow.RecordBatch) error {
	files, ok := rec.Column(0).(*array.String)
	if !ok {
		return fmt.Errorf("values of Arrow type %s were not expected", rec.Column(0).DataType())
	}
	for i := range files.Len() {
		one := b.of[files.Value(i)]
		if one.to == 0 {
			one.from = b.rows + i
		}
		one.to = b.rows + i + 1
	}
	b.rows += files.Len()
	b.pieces = append(b.pieces, make([][]arrow.Array, int(rec.NumCols())-1-len(b.pieces))...)
	for i := range b.pieces {
		c, err := array.Concatenate([]arrow.Array{rec.Column(i + 1)}, memory.DefaultAllocator)
		if err == nil && slices.Contains(b.addresses, i) {
			c, err = addressArray(c)
		}
		if err != nil {
			return err
		}
		b.pieces[i] = append(b.pieces[i], c)
		b.size += int64(c.Data().SizeInBytes())
	}
	return nil
}

func (b *partialBuilder) finish() error {
	b.size = 0
	for _, p := range b.pieces {
		c, err := array.Concatenate(p, memory.DefaultAllocator)
		if err != nil {
			return err
		}
		b.columns = append(b.columns, c)
		b.size += int64(c.Data().SizeInBytes())
	}
	b.pieces, b.of = nil, nil
	return nil
}

// addressArray reads the text of UUIDs, see addIPs.
func addressArray(arr arrow.Array) (arrow.Array, error) {
	c := columnBuilder{column: column{Kind: kindIP}, present: make([]byte, (arr.Len()+7)/8)}
	if err := c.add(arr, 0); err != nil {
		return nil, err
	}
	out := array.NewFixedSizeBinaryBuilder(memory.DefaultAllocator, kinds[kindIP].arrow.(*arrow.FixedSizeBinaryType))
	for i, at := 0, 0; i < arr.Len(); i++ {
		if arr.IsNull(i) {
			out.AppendNull()
			continue
		}
		out.Append(c.values[at : at+16])
		at += 16
	}
	return out.NewArray(), nil
}

func rowsOf(ps []*partial) (rows int) {
	for _, p := range ps {
		rows += p.to - p.from
	}
	return rows
}

// partialTable is partials as a table; ok is false if they have no rows. They are put in another order, in which those
// of one batch that lie side by side are read at once.
func (s *Store) partialTable(q *groups, ps []*partial) (t table, ok bool) {
	ps = slices.DeleteFunc(ps, func(p *partial) bool { return p.from == p.to })
	number := map[*partialBatch]int{}
	for _, p := range ps {
		if _, known := number[p.batch]; !known {
			number[p.batch] = len(number)
		}
	}
	slices.SortFunc(ps, func(a, b *partial) int {
		return cmp.Or(cmp.Compare(number[a.batch], number[b.batch]), cmp.Compare(a.from, b.from))
	})
	names, addresses := q.columns(), q.addresses()
	for i := 0; i < len(ps); {
		p := *ps[i]
		if !ok {
			fields := make([]arrow.Field, len(names))
			for i, c := range p.batch.columns {
				fields[i] = arrow.Field{Name: names[i], Type: c.DataType(), Nullable: true}
				if slices.Contains(addresses, i) {
					fields[i].Metadata = uuidType
				}
			}
			t, ok = s.table(fields), true
		}
		for i++; i < len(ps) && ps[i].batch == p.batch && ps[i].from == p.to; i++ {
			p.to = ps[i].to
		}
		values := make([]arrow.ArrayData, len(names))
		for k, c := range p.batch.columns {
			values[k] = array.NewSliceData(c.Data(), int64(p.from), int64(p.to))
		}
		t.add(p.to-p.from, values)
	}
	return t, ok
}
