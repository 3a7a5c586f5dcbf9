package query

import (
	"slices"
	"unicode"
	"unicode/utf8"
)

// Text is searched by tokens. A token is a run of letters, combining marks and decimal digits (Unicode
// categories L, M and Nd), lower-cased rune by rune, without normalisation: a decomposed é is not a
// composed one. Each Han, Hiragana or Katakana character is a token of its own. Everything else,
// invalid UTF-8 included, separates tokens. Letters of ASCII are equal to letters of ASCII only: the
// Kelvin sign is not a k.

// Classes of characters in text.
const (
	separator = iota
	wordChar  // part of a run
	soloChar  // a token of its own
)

// asciiWord and asciiLower answer for bytes below 0x80 and are 0 and the byte itself above.
var (
	asciiWord  [256]bool
	asciiLower [256]byte
	asciiToken [256]byte // the lower case of what tokens are made of, else 0
)

func init() {
	for i := range 256 {
		c := byte(i)
		asciiWord[i] = c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		asciiLower[i] = c
		if c >= 'A' && c <= 'Z' {
			asciiLower[i] = c | 0x20
		}
		if asciiWord[i] {
			asciiToken[i] = asciiLower[i]
		}
	}
}

// The prolonged sound marks belong to no script in Unicode, but to kana in every text.
const (
	prolongedMark     = 0x30fc
	prolongedMarkHalf = 0xff70
)

func classOf(r rune) int {
	if r < utf8.RuneSelf {
		if asciiWord[byte(r)] {
			return wordChar
		}
		return separator
	}
	switch {
	case r >= 0x4e00 && r <= 0x9fff: // the Han characters nearly all texts are made of
		return soloChar
	case unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana), r == prolongedMark, r == prolongedMarkHalf:
		if unicode.In(r, unicode.L, unicode.M, unicode.N) { // 〇 is a number
			return soloChar
		}
		return separator // radicals and the like
	case unicode.In(r, unicode.L, unicode.M, unicode.Nd):
		return wordChar
	default:
		return separator
	}
}

// lower is the lower case of a character in text.
func lower(r rune) rune {
	if r < utf8.RuneSelf {
		return rune(asciiLower[byte(r)])
	}
	if l := unicode.ToLower(r); l >= utf8.RuneSelf {
		return l
	}
	return r
}

// decode is utf8.DecodeRune with invalid bytes as separators of one byte.
func decode(b []byte) (r rune, size, class int) {
	if c := b[0]; c < utf8.RuneSelf {
		if asciiWord[c] {
			return rune(c), 1, wordChar
		}
		return rune(c), 1, separator
	}
	r, size = utf8.DecodeRune(b)
	return r, size, classOf(r)
}

// NextToken finds the first token of text that starts at or after from; text[start:end] is the token as
// written. start is -1 if there is none. from must not lie inside a token.
//
//	for start, end := query.NextToken(text, 0); start >= 0; start, end = query.NextToken(text, end) { … }
func NextToken(text []byte, from int) (start, end int) {
	i := from
	for i < len(text) {
		_, size, class := decode(text[i:])
		switch class {
		case soloChar:
			return i, i + size
		case wordChar:
			return i, tokenEnd(text, i+size)
		}
		i += size
	}
	return -1, -1
}

// tokenEnd is where the run that i lies in ends.
func tokenEnd(text []byte, i int) int {
	for i < len(text) {
		if asciiWord[text[i]] {
			i++
			continue
		}
		_, size, class := decode(text[i:])
		if class != wordChar {
			return i
		}
		i += size
	}
	return i
}

// AppendTokens appends the lower-cased tokens of text to dst, separated by one space each: the form that a
// whitespace analyser takes apart again. It allocates only to grow dst.
func AppendTokens(dst, text []byte) []byte {
	start := len(dst)
	// ASCII, nearly all of most logs, in a loop of its own: no byte of it becomes more than two.
	dst = slices.Grow(dst, 2*len(text)+utf8.UTFMax)
	gap := false // a token ended, so that the next one needs a space
	for i := 0; i < len(text); {
		if text[i] < utf8.RuneSelf {
			n, room := len(dst), dst[:cap(dst)]
			for ; i < len(text) && text[i] < utf8.RuneSelf; i++ {
				c := asciiToken[text[i]]
				if c == 0 {
					gap = n > start
					continue
				}
				if gap {
					room[n] = ' '
					n++
					gap = false
				}
				room[n] = c
				n++
			}
			dst = room[:n]
			continue
		}
		r, size, class := decode(text[i:])
		i += size
		if class == separator {
			gap = len(dst) > start
			continue
		}
		if (gap || class == soloChar) && len(dst) > start {
			dst = append(dst, ' ')
		}
		dst = utf8.AppendRune(dst, lower(r))
		gap = class == soloChar
	}
	return dst
}

func appendLower(dst, token []byte) []byte {
	for i := 0; i < len(token); {
		if c := token[i]; c < utf8.RuneSelf {
			dst = append(dst, asciiLower[c])
			i++
			continue
		}
		r, size := utf8.DecodeRune(token[i:])
		if l := lower(r); l != r {
			dst = utf8.AppendRune(dst, l)
		} else {
			dst = append(dst, token[i:i+size]...)
		}
		i += size
	}
	return dst
}

// Tokenize returns the tokens of text, nil if there are none.
func Tokenize(text string) []string {
	var tokens []string
	b := []byte(text)
	var buf []byte
	for start, end := NextToken(b, 0); start >= 0; start, end = NextToken(b, end) {
		buf = appendLower(buf[:0], b[start:end])
		tokens = append(tokens, string(buf))
	}
	return tokens
}
