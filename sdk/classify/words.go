package classify

import (
	"strings"
	"unicode/utf8"

	"github.com/logcenter/logcenter/sdk/memo"
)

// Word stands for what a text with it is about.
type Word[T any] struct {
	text  string
	whole bool // nothing may stand behind in the same word of the text
	is    T
}

// Words find the first of a list of words in a text by one pass over it, and remember of short texts what they found:
// the same products, events and actions come in line after line.
type Words[T any] struct {
	known *memo.Table[found[T]]
	// Both are by the lower five bits of the first byte, which are the same for a letter in either case. seconds has a
	// bit for those of the second byte of each word: where it is not set, no word begins, which is almost everywhere.
	seconds [32]uint32
	list    [32][]Word[T]
}

type found[T any] struct {
	is T
	ok bool
}

// Means are words that stand for one thing. English ones are lower-case and begin a word of the text: "deny" is in
// "denying". Those of up to three letters, and those with a full stop behind, must be a whole one: "fw" is not in "fwd",
// "pass." not in "password".
func Means[T any](is T, texts ...string) []Word[T] {
	list := make([]Word[T], len(texts))
	for i, t := range texts {
		text, stop := strings.CutSuffix(t, ".")
		list[i] = Word[T]{text, stop || len(text) <= 3 && text[0] < utf8.RuneSelf, is}
	}
	return list
}

// NewWords readies the search for words, of which each has two bytes at least. Where two begin at one place of a text,
// the one that is listed first is found.
func NewWords[T any](groups ...[]Word[T]) *Words[T] {
	w := &Words[T]{}
	for _, g := range groups {
		for _, e := range g {
			k := e.text[0] & 31
			w.list[k] = append(w.list[k], e)
			w.seconds[k] |= 1 << (e.text[1] & 31)
		}
	}
	w.known = memo.New(w.find)
	return w
}

// Find returns what the first word that is in the text stands for.
func (w *Words[T]) Find(text []byte) (is T, ok bool) {
	if len(text) == 0 {
		return is, false
	}
	f := w.known.Of(text)
	return f.is, f.ok
}

func (w *Words[T]) find(text []byte) (f found[T]) {
	before := uint32(0) // 1 behind a letter, where no word begins with one
	for i := 0; i+1 < len(text); i++ {
		c := text[i]
		now := letters[c]
		if w.seconds[c&31]>>(text[i+1]&31)&1&^(now&before) != 0 {
			list := w.list[c&31]
			for k := range list {
				if e := &list[k]; hasFold(text[i:], e.text, e.whole) {
					return found[T]{e.is, true}
				}
			}
		}
		before = now
	}
	return f
}

// letters has 1 for those of ASCII.
var letters = func() (set [256]uint32) {
	for c := byte('a'); c <= 'z'; c++ {
		set[c], set[c-'a'+'A'] = 1, 1
	}
	return set
}()

// Lower is an ASCII letter in lower case, and any other byte as it is.
func Lower(c byte) byte { return c | byte(letters[c]<<5) }

// hasFold reports whether text begins with word, whose ASCII letters are lower-case.
func hasFold(text []byte, word string, whole bool) bool {
	if len(text) < len(word) {
		return false
	}
	for i := range len(word) {
		if Lower(text[i]) != word[i] {
			return false
		}
	}
	return !whole || len(text) == len(word) || letters[text[len(word)]] == 0
}
