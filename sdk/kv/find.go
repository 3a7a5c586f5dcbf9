package kv

import (
	"encoding/binary"
	"math/bits"
	"strings"
)

// findPair returns where the first pairByte, or blank if that is what Pair means, is from i on, or the
// length of the line.
func (it *Iter) findPair(i int) int {
	b := it.line
	for ; i+8 <= len(b); i += 8 {
		y := binary.LittleEndian.Uint64(b[i:]) ^ it.pair
		if m := (y - it.below) &^ y & highs; m != 0 {
			return i + bits.TrailingZeros64(m)>>3
		}
	}
	for ; i < len(b); i++ {
		if b[i] == it.pairByte || it.blanks && b[i] <= ' ' {
			break
		}
	}
	return i
}

// find2 returns where the first of two bytes, each given in all eight bytes, is in b from i on, or len(b).
func find2(b []byte, i int, m0, m1 uint64) int {
	for ; i+8 <= len(b); i += 8 {
		w := binary.LittleEndian.Uint64(b[i:])
		x, y := w^m0, w^m1
		if m := ((x-ones)&^x | (y-ones)&^y) & highs; m != 0 {
			return i + bits.TrailingZeros64(m)>>3
		}
	}
	for ; i < len(b); i++ {
		if b[i] == byte(m0) || b[i] == byte(m1) {
			return i
		}
	}
	return len(b)
}

// pairAt returns the length of the separator between pairs at i, 0 if there is none.
func (it *Iter) pairAt(i int) int {
	if i >= len(it.line) {
		return 0
	}
	c := it.line[i]
	switch seq := it.sc.PairSeq; {
	case seq != "":
		if c == seq[0] && len(it.line)-i >= len(seq) && string(it.line[i:i+len(seq)]) == seq {
			return len(seq)
		}
	case c == it.pairByte, it.blanks && c <= ' ', it.sc.PairAny != "" && strings.IndexByte(it.sc.PairAny, c) >= 0:
		return 1
	}
	return 0
}
