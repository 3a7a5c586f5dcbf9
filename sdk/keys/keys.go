// Package keys finds what a parser does with a key or a word of a line.
//
// Its one idea: the keys that a parser knows are known when it is written, so that a table made of them once tells a
// key from all others by its length and by its first and last bytes, in some eight nanoseconds whether it has ten or five
// hundred. A map of Go takes twice as long. A switch over strings is as fast for some dozens of keys; but a table is data, which
// says of each key in one line what field it is and how it is set.
//
//	type target struct {
//		field ecs.Field
//		set   func(ev *sdk.Event, f ecs.Field, v []byte)
//	}
//
//	var known = keys.New(map[string]target{
//		"srcip":   {ecs.SourceIP, (*sdk.Event).SetIP},
//		"srcport": {ecs.SourcePort, (*sdk.Event).SetPort},
//		"user":    {ecs.UserName, (*sdk.Event).Set},
//	})
//
//	for it := device.Scan(line); it.Next(); {
//		if t := known.Get(it.Key()); t != nil {
//			t.set(ev, t.field, it.Value())
//		}
//	}
//
// Values may be numbers for a switch, too: one over small whole numbers is a jump.
package keys

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"
	"slices"
)

// MaxKeys is how many keys a [Table] can have.
const MaxKeys = math.MaxUint16

// Table has a value for each of its keys. It is not changed once it is made, and may be used by any number of
// goroutines. New and NewFold make one.
type Table[V any] struct {
	index
	values []V
}

// New makes a table. It panics for an empty key and for more than [MaxKeys], as tables are made of what is known when
// the program is written.
func New[V any](of map[string]V) *Table[V] { return table(of, false) }

// NewFold makes a table that takes ASCII letters for the same in both cases. It panics where New does, and for two keys
// that are the same but for case.
func NewFold[V any](of map[string]V) *Table[V] { return table(of, true) }

func table[V any](of map[string]V, fold bool) *Table[V] {
	t := &Table[V]{}
	words := make([]string, 0, len(of))
	for w := range of {
		words = append(words, w)
	}
	slices.Sort(words)
	for _, w := range words {
		t.values = append(t.values, of[w])
	}
	t.build(words, fold)
	return t
}

// Get is the value of a key, nil if the table has no such key. It must not be changed.
func (t *Table[V]) Get(key []byte) *V {
	i := t.Find(key)
	if i < 0 {
		return nil
	}
	return &t.values[i]
}

// At is the value of key number i, see [Table.Find]. It must not be changed.
func (t *Table[V]) At(i int) *V { return &t.values[i] }

// index numbers the keys of a table.
type index struct {
	fold    bool
	shift   uint8
	slots   []uint16 // number of an entry and one, 0 for none; at least three of four are empty
	entries []entry
}

type entry struct {
	first, last uint64 // bytes of word, see ends
	word        string
}

func (x *index) build(words []string, fold bool) {
	if len(words) > MaxKeys {
		panic(fmt.Sprintf("keys: %d keys, at most %d are possible", len(words), MaxKeys))
	}
	size := max(1, bits.Len(uint(4*len(words))))
	x.fold, x.shift, x.slots = fold, uint8(64-size), make([]uint16, 1<<size)
	for i, w := range words {
		if w == "" {
			panic("keys: a key is empty")
		}
		if fold {
			w = string(appendLower(nil, []byte(w)))
		}
		if x.Find([]byte(w)) >= 0 {
			panic(fmt.Sprintf("keys: the key %q stands twice, in different cases", w))
		}
		e := entry{word: w}
		e.first, e.last = ends([]byte(w))
		slot := hash(e.first, e.last, len(w)) >> (x.shift & 63)
		for x.slots[slot] != 0 {
			slot = (slot + 1) & uint64(len(x.slots)-1)
		}
		x.slots[slot] = uint16(i + 1)
		x.entries = append(x.entries, e)
	}
}

// Len is the number of keys.
func (x *index) Len() int { return len(x.entries) }

// Key is key number i, in small letters if case does not matter.
func (x *index) Key(i int) string { return x.entries[i].word }

// Find is the number of a key, from 0 in the order of the keys' bytes; -1 if the table does not have it.
func (x *index) Find(key []byte) int {
	if len(key) == 0 {
		return -1
	}
	first, last := ends(key)
	if x.fold {
		first, last = lower(first), lower(last)
	}
	slot := hash(first, last, len(key)) >> (x.shift & 63)
	for {
		i := int(x.slots[slot]) - 1
		if i < 0 {
			return -1
		}
		if e := &x.entries[i]; e.first == first && e.last == last && len(e.word) == len(key) && (len(key) <= 16 || x.same(e.word, key)) {
			return i
		}
		slot = (slot + 1) & uint64(len(x.slots)-1)
	}
}

// same compares what is between the ends.
func (x *index) same(word string, key []byte) bool {
	if !x.fold {
		return word == string(key)
	}
	for i := range len(word) {
		c := key[i]
		if c-'A' < 26 {
			c |= 0x20
		}
		if c != word[i] {
			return false
		}
	}
	return true
}

// ends are the bytes that b, which is not empty, begins and ends with: all of it up to sixteen.
func ends(b []byte) (first, last uint64) {
	switch n := len(b); {
	case n >= 8:
		return binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[n-8:])
	case n >= 4:
		return uint64(binary.LittleEndian.Uint32(b)), uint64(binary.LittleEndian.Uint32(b[n-4:]))
	default:
		return uint64(b[0]) | uint64(b[n>>1])<<8 | uint64(b[n-1])<<16, 0
	}
}

func hash(first, last uint64, n int) uint64 {
	return (first ^ bits.RotateLeft64(last, 29) ^ uint64(n)<<56) * 0x9e3779b97f4a7c15
}

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// lower makes the ASCII capitals among eight bytes small.
func lower(w uint64) uint64 {
	low := w &^ highs
	atLeastA, aboveZ := low+(0x80-'A')*ones, low+(0x80-'Z'-1)*ones
	return w | (atLeastA&^aboveZ&^w&highs)>>2
}

func appendLower(dst, b []byte) []byte {
	for _, c := range b {
		if c-'A' < 26 {
			c |= 0x20
		}
		dst = append(dst, c)
	}
	return dst
}

// Once tells the first pair of a key from those behind it, for lines in which words of an attacker stand behind what
// the device itself wrote. The zero value has seen none. It is for tables of up to 256 keys; of others every key is
// always the first. It is for one line and one goroutine.
type Once [4]uint64

// First notes key number i of a table and reports whether it was not there before.
func (o *Once) First(i int) bool {
	if uint(i) >= 256 {
		return true
	}
	word, bit := &o[i>>6], uint64(1)<<(i&63)
	seen := *word&bit != 0
	*word |= bit
	return !seen
}
