package query

import (
	"hash/maphash"
)

// values remembers which leaves of a field's index the values of strings match, from batch to batch: devices write few
// different names, and comparing one with many patterns costs more than finding it again. It is bounded, and allocates
// nothing once it has grown.
type values struct {
	seed    maphash.Seed
	slots   []uint16 // 1 + number of an entry, by hash; 0 is free
	entries []valueEntry
	texts   []byte
	list    []int32
	scratch []int32 // the answer for a value that is not kept

	asked, known int // since it was emptied
	bypass       int // batches for which patterns are compared value by value, because hardly any value came again
}

type valueEntry struct {
	hash     uint64
	from, to uint32 // in texts
	posting
}

const (
	mostValues     = 4096
	mostValueBytes = 1 << 19
	mostValuePosts = 1 << 16
	// longValue is how long a value may be that is kept, in bytes.
	longValue = 512
	// bypassBatches is for how long values are not remembered once that has not paid.
	bypassBatches = 256
)

// begin readies the table for a batch.
func (v *values) begin() {
	if v.bypass > 0 {
		v.bypass--
		return
	}
	if v.slots == nil {
		v.seed = maphash.MakeSeed()
		v.slots = make([]uint16, 4*mostValues)
	}
	if !v.full() {
		return
	}
	if 2*v.known < v.asked {
		v.bypass = bypassBatches
	}
	clear(v.slots)
	v.entries, v.texts, v.list = v.entries[:0], v.texts[:0], v.list[:0]
	v.asked, v.known = 0, 0
}

func (v *values) full() bool {
	return len(v.entries) >= mostValues || len(v.texts) >= mostValueBytes || len(v.list) >= mostValuePosts
}

// find lists the leaves that a text matches; the list is valid until the next call. In a bypass it has the equalities only.
func (v *values) find(ix *index, leaves []*leaf, text []byte) []int32 {
	if v.bypass > 0 {
		return ix.equal[string(text)]
	}
	v.asked++
	hash := maphash.Bytes(v.seed, text)
	at := int(hash) & (len(v.slots) - 1)
	for ; v.slots[at] != 0; at = (at + 1) & (len(v.slots) - 1) {
		e := &v.entries[v.slots[at]-1]
		if e.hash == hash && string(v.texts[e.from:e.to]) == string(text) {
			v.known++
			return v.list[e.posting.from:e.posting.to]
		}
	}
	v.scratch = append(v.scratch[:0], ix.equal[string(text)]...)
	for _, i := range ix.patterns {
		if leaves[i].matchString(text) {
			v.scratch = append(v.scratch, i)
		}
	}
	if len(text) > longValue || v.full() {
		return v.scratch
	}
	e := valueEntry{hash: hash, from: uint32(len(v.texts)), posting: posting{from: uint32(len(v.list))}}
	v.texts = append(v.texts, text...)
	v.list = append(v.list, v.scratch...)
	e.to, e.posting.to = uint32(len(v.texts)), uint32(len(v.list))
	v.entries = append(v.entries, e)
	v.slots[at] = uint16(len(v.entries))
	return v.list[e.posting.from:e.posting.to]
}
