package main

import (
	"bytes"
	"slices"
	"sort"
	"unicode/utf8"
)

// view is a text with its escapes undone, and where in the text each byte of it comes from. What it undoes: \uXXXX and
// \/ of JSON, \xXX as nginx writes, percent escapes of letters, digits and what is not ASCII, and full-width forms of
// letters, digits and separators. Percent escapes of separators stay: they tell what belongs to a value.
type view struct {
	out   []byte
	jumps []jump
	of    *view // what text is; nil: the line itself
}

// jump says that from the byte out of the view on, up to the next jump, bytes are those of the text from in on.
type jump struct{ out, in int }

// undo makes a view of text; false if it has no escapes.
func (v *view) undo(text []byte) bool {
	v.out, v.jumps, v.of = v.out[:0], v.jumps[:0], nil
	e := escapes{text: text}
	copied := 0
	for i := e.next(0); i < len(text); i = e.next(i) {
		r, n := escape(text[i:])
		if n == 0 {
			i++
			continue
		}
		v.out = append(v.out, text[copied:i]...)
		v.jump(i)
		if r >= rawByte {
			v.out = append(v.out, byte(r-rawByte))
		} else {
			v.out = utf8.AppendRune(v.out, r)
		}
		i += n
		copied = i
		v.jump(i)
	}
	if copied == 0 {
		return false
	}
	v.out = append(v.out, text[copied:]...)
	return true
}

func (v *view) jump(in int) {
	if n := len(v.jumps); n > 0 && v.jumps[n-1].out == len(v.out) {
		v.jumps[n-1].in = in
		return
	}
	v.jumps = append(v.jumps, jump{len(v.out), in})
}

// at is where in the line a position of the view is.
func (v *view) at(i int) int {
	k := sort.Search(len(v.jumps), func(k int) bool { return v.jumps[k].out > i }) - 1
	if k >= 0 {
		i += v.jumps[k].in - v.jumps[k].out
	}
	if v.of != nil {
		return v.of.at(i)
	}
	return i
}

// rawByte and what is above it are bytes of a longer UTF-8 sequence.
const rawByte = utf8.MaxRune + 1

// starts are the bytes that escapes begin with.
var starts = [...]byte{'\\', '%', 0xef}

// escapes goes through the places in a text where escapes may be.
type escapes struct {
	text []byte
	at   [len(starts)]int // where the next of each start is
	read bool
}

// next is the first such place from i on.
func (e *escapes) next(i int) int {
	first := len(e.text)
	for k, c := range starts {
		if e.at[k] < i || !e.read {
			if n := bytes.IndexByte(e.text[i:], c); n >= 0 {
				e.at[k] = i + n
			} else {
				e.at[k] = len(e.text)
			}
		}
		first = min(first, e.at[k])
	}
	e.read = true
	return first
}

// escape is what the escape at the beginning of text stands for, and how long it is; 0 if it stays as it is.
func escape(text []byte) (r rune, n int) {
	switch text[0] {
	case '%':
		if len(text) < 3 {
			return 0, 0
		}
		c, ok := hexByte(text[1:3])
		if !ok {
			return 0, 0
		}
		if c >= 0x80 {
			return rawByte + rune(c), 3
		}
		if alnum(c) || c == '_' || c == '-' || c == '.' {
			return rune(c), 3
		}
		if c == '%' && len(text) >= 5 && hexDigit(text[3]) && hexDigit(text[4]) {
			return '%', 3
		}
	case '\\':
		return backslash(text)
	case 0xef:
		return fullWidth(text)
	}
	return 0, 0
}

func backslash(text []byte) (r rune, n int) {
	i := 1
	if i < len(text) && text[i] == '\\' { // escaped itself
		i++
	}
	if i == len(text) {
		return 0, 0
	}
	switch text[i] {
	case '/':
		return '/', i + 1
	case 'x':
		if len(text) < i+3 {
			return 0, 0
		}
		c, ok := hexByte(text[i+1 : i+3])
		switch {
		case !ok, c < ' ', c == 0x7f:
			return 0, 0
		case c >= 0x80:
			return rawByte + rune(c), i + 3
		}
		return rune(c), i + 3
	case 'u':
		if len(text) < i+5 {
			return 0, 0
		}
		high, ok := hexByte(text[i+1 : i+3])
		low, fine := hexByte(text[i+3 : i+5])
		r := rune(high)<<8 | rune(low)
		if !ok || !fine || r < ' ' || r >= 0xd800 && r < 0xe000 {
			return 0, 0
		}
		if narrow := narrowed(r); narrow != 0 {
			return narrow, i + 5
		}
		return r, i + 5
	}
	return 0, 0
}

// fullWidth is the ASCII character of a full-width form (U+FF01 to U+FF5E). Chinese punctuation stays, as values end
// with it.
func fullWidth(text []byte) (r rune, n int) {
	r, n = utf8.DecodeRune(text)
	if r = narrowed(r); r == 0 {
		return 0, 0
	}
	return r, n
}

func narrowed(r rune) rune {
	const shift = 0xff01 - '!'
	if r < 0xff01 || r > 0xff5e {
		return 0
	}
	if c := r - shift; alnum(byte(c)) || slices.Contains([]rune("=:@.-_#+/$"), c) {
		return c
	}
	return 0
}

func hexByte(text []byte) (c byte, ok bool) {
	for _, x := range text[:2] {
		switch {
		case digit(x):
			c = c<<4 | (x - '0')
		case hexDigit(x):
			c = c<<4 | (x | 0x20 - 'a' + 10)
		default:
			return 0, false
		}
	}
	return c, true
}

// escapeHits adds escapes in [from, to) that hide a letter, a digit or what parts a key from its value. Chinese words in
// escapes are literals of the scanner.
func escapeHits(arena []byte, from, to int, hits []int) []int {
	for _, start := range starts {
		for at := from; ; {
			i := bytes.IndexByte(arena[at:to], start)
			if i < 0 {
				break
			}
			at += i + 1
			if conceals(arena, at-1) {
				hits = append(hits, at-1)
			}
		}
	}
	return hits
}

func conceals(arena []byte, i int) bool {
	text := arena[i:min(len(arena), i+8)]
	if text[0] == '\\' && len(text) > 1 && text[1] == '/' {
		return i > 0 && arena[i-1] == ':' // https:\/\/
	}
	r, n := escape(text)
	return n > 0 && r < 0x80
}
