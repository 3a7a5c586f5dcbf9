// Package swar finds bytes in short texts, eight at a time in one register.
//
// Its one idea: fields of log lines are a dozen bytes long, for which a call of bytes.IndexByte costs more
// than the search. All functions return len(b) where nothing is found, and take any i up to len(b).
package swar

import (
	"encoding/binary"
	"math/bits"
)

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// Index returns where the first x is in b from i on.
func Index(b []byte, i int, x byte) int {
	m := uint64(x) * ones
	for ; i+8 <= len(b); i += 8 {
		w := binary.LittleEndian.Uint64(b[i:]) ^ m
		// A subtraction borrows only above a true match, so the lowest set bit is always right.
		if f := (w - ones) &^ w & highs; f != 0 {
			return i + bits.TrailingZeros64(f)>>3
		}
	}
	for ; i < len(b); i++ {
		if b[i] == x {
			return i
		}
	}
	return len(b)
}

// Index2 returns where the first x or y is in b from i on.
func Index2(b []byte, i int, x, y byte) int {
	m, n := uint64(x)*ones, uint64(y)*ones
	for ; i+8 <= len(b); i += 8 {
		w := binary.LittleEndian.Uint64(b[i:])
		u, v := w^m, w^n
		if f := ((u-ones)&^u | (v-ones)&^v) & highs; f != 0 {
			return i + bits.TrailingZeros64(f)>>3
		}
	}
	for ; i < len(b); i++ {
		if b[i] == x || b[i] == y {
			return i
		}
	}
	return len(b)
}

// Index2Below is Index2 that stops at bytes below least, too. least is 128 at most.
func Index2Below(b []byte, i int, x, y, least byte) int {
	m, n, l := uint64(x)*ones, uint64(y)*ones, uint64(least)*ones
	for ; i+8 <= len(b); i += 8 {
		w := binary.LittleEndian.Uint64(b[i:])
		u, v := w^m, w^n
		if f := ((u-ones)&^u | (v-ones)&^v | (w-l)&^w) & highs; f != 0 {
			return i + bits.TrailingZeros64(f)>>3
		}
	}
	for ; i < len(b); i++ {
		if b[i] == x || b[i] == y || b[i] < least {
			return i
		}
	}
	return len(b)
}
