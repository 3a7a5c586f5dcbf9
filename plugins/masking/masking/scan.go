package main

import (
	"bytes"
	"encoding/binary"
)

// scanner finds any of a few literals in a large text. It looks at the pair of bytes at every second
// position only: of three consecutive bytes of a literal, one of the two pairs is at such a position. Pairs
// are chosen where they are rare, and a bitmap of all pairs fits the nearest cache.
type scanner struct {
	pairs    [1 << 16 / 64]uint64
	slots    [1 << 16]uint16 // of a pair that is in pairs: the candidates in literals
	literals [][]candidate
}

// literal is a text that is looked for, of at least minLiteral bytes.
type literal struct {
	text   []byte // folded
	family int    // none: it only points at a line
}

const none = -1

// candidate is a literal and where in it the pair is.
type candidate struct {
	literal
	at int
}

// set is a set of families.
type set [8]uint64

func (s *set) add(i int)      { s[i>>6] |= 1 << (i & 63) }
func (s *set) has(i int) bool { return s[i>>6]>>(i&63)&1 != 0 }

func newScanner(literals []literal) *scanner {
	s := &scanner{}
	for _, l := range literals {
		at := rarest(l.text)
		for _, at := range []int{at, at + 1} {
			p := uint16(l.text[at]) | uint16(l.text[at+1])<<8
			if s.pairs[p>>6]>>(p&63)&1 == 0 {
				s.pairs[p>>6] |= 1 << (p & 63)
				s.slots[p] = uint16(len(s.literals))
				s.literals = append(s.literals, nil)
			}
			s.literals[s.slots[p]] = append(s.literals[s.slots[p]], candidate{l, at})
		}
	}
	return s
}

// rarest is where in a literal the three bytes are that are rarest in logs.
func rarest(l []byte) (at int) {
	best := -1
	for i := 0; i+minLiteral <= len(l); i++ {
		a, b, c := common(l[i]), common(l[i+1]), common(l[i+2])
		if cost := a*b + b*c; best < 0 || cost < best {
			at, best = i, cost
		}
	}
	return at
}

// common is how common a byte is in logs, roughly.
func common(c byte) int {
	switch {
	case c-'0' <= 9:
		return 12
	case bytes.IndexByte([]byte(" etaoinrs.-:/"), c) >= 0:
		return 10
	case bytes.IndexByte([]byte("cdlpmu="), c) >= 0:
		return 6
	case letter(c):
		return 3
	case c == '%':
		return 4
	}
	return 2
}

// find appends where in text literals start that have their pair in [from, to), in any case of letters. from must
// be even.
func (s *scanner) find(text []byte, from, to int, hits []int) []int {
	if len(s.literals) == 0 {
		return hits
	}
	const bit = 0x2020202020202020
	i := from
	for ; i+8 <= to; i += 8 {
		v := binary.LittleEndian.Uint64(text[i:]) | bit
		a, b, c, d := uint16(v), uint16(v>>16), uint16(v>>32), uint16(v>>48)
		m := s.pairs[a>>6]>>(a&63) | s.pairs[b>>6]>>(b&63) | s.pairs[c>>6]>>(c&63) | s.pairs[d>>6]>>(d&63)
		if m&1 == 0 {
			continue
		}
		for j, p := range [...]uint16{a, b, c, d} {
			hits = s.check(text, i+2*j, p, hits)
		}
	}
	for ; i < to && i+2 <= len(text); i += 2 {
		hits = s.check(text, i, binary.LittleEndian.Uint16(text[i:])|0x2020, hits)
	}
	return hits
}

func (s *scanner) check(text []byte, i int, pair uint16, hits []int) []int {
	if s.pairs[pair>>6]>>(pair&63)&1 == 0 {
		return hits
	}
	for _, c := range s.literals[s.slots[pair]] {
		if start := i - c.at; c.is(text, start) {
			return append(hits, start)
		}
	}
	return hits
}

func (c *candidate) is(text []byte, start int) bool {
	if start < 0 || start+len(c.text) > len(text) {
		return false
	}
	for k, l := range c.text {
		if text[start+k]|0x20 != l {
			return false
		}
	}
	return true
}

// families are those of which a literal is in a folded text.
func (s *scanner) families(folded []byte) (found set) {
	for i := 0; i+2 <= len(folded); i += 2 {
		pair := binary.LittleEndian.Uint16(folded[i:])
		if s.pairs[pair>>6]>>(pair&63)&1 == 0 {
			continue
		}
		for j := range s.literals[s.slots[pair]] {
			c := &s.literals[s.slots[pair]][j]
			if c.family != none && !found.has(c.family) && c.is(folded, i-c.at) {
				found.add(c.family)
			}
		}
	}
	return found
}
