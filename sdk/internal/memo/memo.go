// Package memo remembers what a function made of short texts.
//
// Its one idea: the same names, keys and words come in line after line, so what follows of one of them need not be
// worked out again. A [Memo] is asked instead of the function, and takes some nanoseconds where it knows the answer. What
// it keeps is bounded: who comes first stays, and texts for which there is no room, or that are longer than [MaxText],
// are a call of the function each time. A text is to be of the line, or else of the heap: what lies on the stack is moved
// there.
package memo

import (
	"encoding/binary"
	"sync/atomic"
)

// MaxText is the length of the longest text that is remembered, in bytes.
const MaxText = 64

// slots is how many texts are remembered at the most; a power of two.
const slots = 1 << slotBits

const slotBits = 9

// Memo remembers what a function made of texts: up to 512 of them. It is safe for concurrent use if the function is.
type Memo[T any] struct {
	of    func(text []byte) T
	slots [slots]atomic.Pointer[entry[T]]
}

type entry[T any] struct {
	text string
	is   T
}

// New returns a Memo of a function, whose answer must follow from the text alone. It must not keep the text.
func New[T any](of func(text []byte) T) *Memo[T] { return &Memo[T]{of: of} }

// Of is what the function makes of text. Nothing is allocated, but for the first time that a text is seen.
func (m *Memo[T]) Of(text []byte) T {
	if len(text) > MaxText {
		return m.of(text)
	}
	h := hash(text)
	for i := range uint64(tries) {
		slot := &m.slots[h^i]
		e := slot.Load()
		if e == nil {
			is := m.of(text)
			slot.CompareAndSwap(nil, &entry[T]{string(text), is})
			return is
		}
		if e.text == string(text) {
			return e.is
		}
	}
	return m.of(text)
}

// tries is in how many slots a text may be; a power of two.
const tries = 4

// hash tells texts apart by their length and by the bytes at their start, at their end and in the middle.
func hash(text []byte) uint64 {
	const (
		k0 = 0x9e3779b97f4a7c15 // odd numbers without a pattern
		k1 = 0xc2b2ae3d27d4eb4f
	)
	n := len(text)
	h := uint64(n) * k1
	switch {
	case n >= 8:
		a, b := binary.LittleEndian.Uint64(text), binary.LittleEndian.Uint64(text[n-8:])
		h ^= (a ^ b>>29 ^ b<<35) * k0
		if n > 16 {
			h ^= binary.LittleEndian.Uint64(text[n/2-4:]) * k1
		}
	case n >= 4:
		a, b := binary.LittleEndian.Uint32(text), binary.LittleEndian.Uint32(text[n-4:])
		h ^= (uint64(a) | uint64(b)<<32) * k0
	case n > 0:
		h ^= (uint64(text[0]) | uint64(text[n/2])<<8 | uint64(text[n-1])<<16) * k0
	}
	return (h ^ h>>31) * k0 >> (64 - slotBits)
}
