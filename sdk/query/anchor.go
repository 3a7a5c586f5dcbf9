package query

import (
	"slices"
	"unicode/utf8"
)

// anchor is a piece of text that every match of a leaf contains.
type anchor struct {
	leaf  int
	word  int       // of the leaf
	text  string    // lower case
	whole bool      // text is all of an Exact or Starts word, and ASCII
	bytes []byteSet // what may stand at each byte
}

// byteSet are the values of one byte of a text in any case: up to four.
type byteSet []byte

// anchorsOf picks the word of a search that is rarest in text, nil if no word has literal text.
func anchorsOf(leaf int, words []Word) []anchor {
	var best []anchor
	score := 0
	for i := range words {
		w := &words[i]
		texts := []string{w.Text}
		if w.Kind == Like {
			texts = w.Like.Literals()
		}
		var as []anchor
		for _, t := range texts {
			a := anchor{leaf: leaf, word: i}
			a.text, a.bytes = searchable(t)
			a.whole = w.Kind != Like && isASCII(t)
			as = append(as, a)
		}
		if n := rarity(as); n > score {
			best, score = as, n
		}
	}
	return best
}

// rarity is 0 for anchors that cannot be searched for.
func rarity(as []anchor) int {
	if len(as) == 0 {
		return 0
	}
	least := 1 << 30
	for _, a := range as {
		n := 0
		for _, set := range a.bytes {
			n += 16 - commonness(set[0])/2
		}
		least = min(least, n)
	}
	return max(0, least-len(as)+1)
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// searchable is the longest part of a lower-case text whose characters take the same number of bytes in any
// case, with the bytes that may stand at each place.
func searchable(text string) (part string, sets []byteSet) {
	from, cur := 0, []byteSet(nil)
	cut := func(to int) {
		if len(cur) > len(sets) {
			part, sets = text[from:to], cur
		}
	}
	for i, r := range text {
		size := utf8.RuneLen(r)
		var rs []byteSet
		for _, f := range foldings(r) {
			var b [utf8.UTFMax]byte
			if lower(f) != r {
				continue
			}
			if utf8.EncodeRune(b[:], f) != size {
				rs = nil
				break
			}
			if rs == nil {
				rs = make([]byteSet, size)
			}
			for k := range rs {
				if !slices.Contains(rs[k], b[k]) {
					rs[k] = append(rs[k], b[k])
				}
			}
		}
		if rs == nil {
			cut(i)
			from, cur = i+size, nil
			continue
		}
		cur = append(cur, rs...)
	}
	cut(len(text))
	return part, sets
}

// grams calls f for the rarest run of stride neighbouring grams, in every case. A text of one byte is
// registered with all bytes that may follow.
func (a *anchor) grams(width, stride int, f func(key uint16, offset int)) {
	if len(a.bytes) == 1 {
		for _, c := range a.bytes[0] {
			for next := range 256 {
				f(pairKey(uint16(c)|uint16(next)<<8), 0)
			}
		}
		return
	}
	best, least := 0, 1<<30
	for from := 0; from+stride+width-1 <= len(a.bytes); from++ {
		sum := 0
		for i := from; i < from+stride; i++ {
			n := 0
			for _, set := range a.bytes[i : i+width] {
				n += commonness(set[0])
			}
			sum += 1 << (n / 2)
		}
		if sum < least {
			best, least = from, sum
		}
	}
	for i := best; i < best+stride; i++ {
		for _, x := range a.bytes[i] {
			for _, y := range a.bytes[i+1] {
				if width == 2 {
					f(pairKey(uint16(x)|uint16(y)<<8), i)
					continue
				}
				for _, z := range a.bytes[i+2] {
					f(tripleKey(uint32(x)|uint32(y)<<8|uint32(z)<<16), i)
				}
			}
		}
	}
}

// commonness says how often a byte occurs in log text, about the logarithm to base 2 of its rank from the rare
// end: 0 to 10. Lower-case letters and digits stand for both cases.
func commonness(c byte) int {
	const byFrequency = "qjzxkwvyfbghpmudclnrsaotie"
	switch {
	case c >= 'a' && c <= 'z':
		for i := range len(byFrequency) {
			if byFrequency[i] == c {
				return 2 + i/4
			}
		}
	case c >= '0' && c <= '3':
		return 9
	case c >= '4' && c <= '9':
		return 8
	case c >= utf8.RuneSelf:
		return 6
	}
	return 4
}
