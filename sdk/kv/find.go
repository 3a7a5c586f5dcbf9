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
