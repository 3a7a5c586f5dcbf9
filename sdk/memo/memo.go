// Package memo remembers what follows from words that recur.
//
// Its one idea: a device has a few hundred words for its messages, keys and actions, whatever its lines hold besides.
// What a parser makes of such a word, by folding its case, by a switch, by looking for parts in it, is worked out at its
// first line and found at all others by one look into a [Table].
package memo

import (
	"hash/maphash"
	"sync/atomic"
)

const (
	slots = 1024
	// most is how many words a table keeps: half of its slots, so that a free one is near.
	most = slots / 2
	// longest is how long a word may be that is kept, in bytes.
	longest = 128
)

// Table holds what follows from words. It keeps the first 512 words of up to 128 bytes; what follows from others, such as
// those of a line that was made to fill it, is worked out each time. It is safe for concurrent use, and looking a
// word up that is kept allocates nothing. A table is made by [New].
type Table[V any] struct {
	work  func(word []byte) V
	seed  maphash.Seed
	kept  atomic.Int32
	slots [slots]atomic.Pointer[entry[V]]
}

type entry[V any] struct {
	word  string
	value V
}

// New returns an empty table. work says what follows from a word, from its bytes alone and without keeping them; it may be called
// by several goroutines at once, and more than once for a word.
func New[V any](work func(word []byte) V) *Table[V] {
	return &Table[V]{work: work, seed: maphash.MakeSeed()}
}

// Of returns what follows from word. Whatever the value points to is shared by all who ask.
func (t *Table[V]) Of(word []byte) V {
	if len(word) > longest {
		return t.work(word)
	}
	at := maphash.Bytes(t.seed, word) % slots
	for {
		e := t.slots[at].Load()
		if e == nil {
			return t.add(at, word)
		}
		if e.word == string(word) {
			return e.value
		}
		at = (at + 1) % slots
	}
}

// add works a word out and keeps it in the free slot at, if it is still that and there is room.
func (t *Table[V]) add(at uint64, word []byte) V {
	v := t.work(word)
	if t.kept.Load() >= most {
		return v
	}
	if t.kept.Add(1) > most || !t.slots[at].CompareAndSwap(nil, &entry[V]{string(word), v}) {
		t.kept.Add(-1) // no room, or another goroutine was here first: the word's next line finds it a slot
	}
	return v
}
