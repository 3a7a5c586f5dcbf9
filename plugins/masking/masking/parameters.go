package main

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"unicode/utf8"
)

const (
	// leastParameter is how many letters and digits of base64 are decoded: twelve bytes, as in password=abc.
	leastParameter = 16
	// maxParameter bounds what is decoded of one value.
	maxParameter = 16 << 10
)

// parameterHits adds a position in every value of letters and digits that may be a text in base64. As with longHits, a
// run of 16 covers a multiple of 16 and has eight bytes before it, or from it on.
func parameterHits(arena []byte, from, to int, hits []int) []int {
	for i := (from + leastParameter - 1) &^ (leastParameter - 1); ; i += leastParameter {
		if i = skipWords(arena, i, to); i >= to {
			return hits
		}
		start := i // of the run, if i is the first place that is looked at in it
		for start > 0 && word[arena[start-1]] != 0 && i-start < leastParameter {
			start--
		}
		if word[arena[i]] != 0 && i-start < leastParameter && opensParameter(arena, start) && textInBase64(arena[start:]) {
			hits = append(hits, i)
		}
	}
}

// skipWords is the first place from i on, in steps of sixteen, that eight bytes without a separator are on one side of.
func skipWords(arena []byte, i, to int) int {
	for ; i >= 8 && i < to && i+8 < len(arena); i += leastParameter {
		w := arena[i-8 : i+8 : i+8]
		if !parted(binary.LittleEndian.Uint64(w[8:])) || !parted(binary.LittleEndian.Uint64(w)) {
			return i
		}
	}
	return i
}

// parted says whether one of eight bytes is a separator for sure: below '0', between '9' and 'A', or no ASCII.
func parted(v uint64) bool {
	const each = 0x0101010101010101
	low := v &^ (0x80 * each)
	between := (low + (0x80-':')*each) &^ (low + (0x80-'A')*each)
	return ((v-'0'*each)|v|between)&(0x80*each) != 0
}

// word is 1 for letters and digits.
var word = func() (set [256]byte) {
	for c := range len(set) {
		if alnum(byte(c)) {
			set[c] = 1
		}
	}
	return set
}()

// opensParameter says whether the value of a parameter may start at start.
func opensParameter(text []byte, start int) bool {
	if start == 0 {
		return false
	}
	switch c := text[start-1]; c {
	case '=', ':', '"', '\'':
		return true
	case ' ':
		return start > 1 && (text[start-2] == ':' || text[start-2] == '=')
	}
	return false
}

// textInBase64 says whether ASCII text may be what the first six characters of text decode to. Each of its bytes is
// below 128, which rules out most of what is not base64, hexadecimal digits among it.
func textInBase64(text []byte) bool {
	if len(text) < leastParameter {
		return false
	}
	for i := range 6 {
		if lead[i%4][text[i]] == 0 {
			return false
		}
	}
	for _, c := range text[6:leastParameter] {
		if word[c] == 0 {
			return false
		}
	}
	return true
}

// lead is 1 for the characters of base64 that may stand at a place of four where all three bytes are below 128.
var lead = func() (set [4][256]byte) {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	for i, c := range []byte(alphabet) {
		for place, high := range [...]int{0x20, 0x08, 0x02, 0} {
			if i&high == 0 {
				set[place][c] = 1
			}
		}
	}
	return set
}()

// parameters hides values in base64 that decode to a text with something confidential in it: where in the value it
// is, nobody can say without decoding, so all of it goes.
func (p *pass) parameters() {
	p.s.hits = parameterHits(p.text, 0, len(p.text), p.s.hits[:0])
	done := 0
	for _, at := range p.s.hits {
		if at < done {
			continue
		}
		start, end := at, at
		for start > 0 && word[p.text[start-1]] != 0 {
			start--
		}
		for end < len(p.text) && (urlSafe(p.text[end]) || p.text[end] == '+' || p.text[end] == '/') {
			end++
		}
		p.parameter(start, end)
		done = end
	}
}

// parameter hides the value [start, end) if it decodes to something that is to be hidden.
func (p *pass) parameter(start, end int) {
	value := p.text[start:min(end, start+maxParameter)]
	enc := base64.RawStdEncoding
	if bytes.ContainsAny(value, "-_") {
		enc = base64.RawURLEncoding
	}
	value = value[:len(value)/4*4+[]int{0, 0, 2, 3}[len(value)%4]]
	p.s.decoded = append(p.s.decoded[:0], make([]byte, enc.DecodedLen(len(value)))...)
	n, err := enc.Decode(p.s.decoded, value)
	if err != nil || !readable(p.s.decoded[:n]) {
		return
	}
	hits := p.s.hits
	p.s.hits = nil // they are still being gone through
	defer func() { p.s.hits = hits }()
	inner := &p.s.inner
	*inner = pass{m: p.m, rules: p.rules, s: p.s, e: p.e, text: p.s.decoded[:n], probe: true, by: ruleCount}
	inner.run()
	if !inner.found && p.s.first.undo(inner.text) {
		inner.view, inner.text = &p.s.first, p.s.first.out
		inner.run()
	}
	switch {
	case !inner.found:
	case inner.by == ruleCount: // a pattern of the config
		p.replace(start, end, stars)
	default:
		p.hide(inner.by, start, end)
	}
}

// readable says whether v is text and nothing but text.
func readable(v []byte) bool {
	for i := 0; i < len(v); {
		if c := v[i]; c < utf8.RuneSelf {
			if c < ' ' && c != '\n' && c != '\r' && c != '\t' || c == 0x7f {
				return false
			}
			i++
			continue
		}
		r, n := utf8.DecodeRune(v[i:])
		if r == utf8.RuneError {
			if len(v)-i < utf8.UTFMax && !utf8.FullRune(v[i:]) {
				return true // cut off
			}
			return false
		}
		i += n
	}
	return true
}
