package embedded

import (
	"encoding/binary"
	"errors"
	"math/bits"
	"os"
	"unicode/utf8"

	"github.com/logcenter/logcenter/sdk/query"
)

// bloom is the set of the words of a segment's messages, and of pairs of neighbouring words of one character
// (Chinese and Japanese), with about one false answer in a hundred. All bits of a word lie in 64 of them: one
// memory access a word, both to add and to ask.
type bloom struct{ blocks []uint64 }

const (
	bloomBitsPerWord = 14 // of 64-bit blocks with 5 bits a word: about 1 % false positives
	bloomProbes      = 5
)

func newBloom(words int) *bloom {
	return &bloom{blocks: make([]uint64, max(1, (words*bloomBitsPerWord+63)/64))}
}

// mask is which of so many blocks a hash belongs to, and its bits there.
func mask(h uint64, blocks int) (block uint64, mask uint64) {
	block, _ = bits.Mul64(h, uint64(blocks))
	for range bloomProbes {
		mask |= 1 << (h & 63)
		h >>= 6
	}
	return block, mask
}

func (b *bloom) add(h uint64) {
	i, m := mask(h, len(b.blocks))
	b.blocks[i] |= m
}

func (b *bloom) has(h uint64) bool {
	i, m := mask(h, len(b.blocks))
	return b.blocks[i]&m == m
}

func (b *bloom) encode() []byte {
	out := make([]byte, 0, 8*len(b.blocks))
	for _, w := range b.blocks {
		out = binary.LittleEndian.AppendUint64(out, w)
	}
	return out
}

func decodeBloom(p []byte) (*bloom, error) {
	if len(p) == 0 || len(p)%8 != 0 {
		return nil, errors.New("index file has no set of words")
	}
	b := &bloom{blocks: make([]uint64, len(p)/8)}
	for i := range b.blocks {
		b.blocks[i] = binary.LittleEndian.Uint64(p[8*i:])
	}
	return b, nil
}

// words is what can be asked whether it may hold the hash of a word.
type words interface{ has(h uint64) bool }

// wordsFile is a bloom in a file. All of a large store would take too much memory: 20 MB for each GB of raw log. The
// system keeps in its own what is asked for.
type wordsFile struct {
	path   string
	at     int64 // of the first block
	blocks int
}

// wordsReader asks the set of words of one segment. It opens the file when it is first asked. For one goroutine.
type wordsReader struct {
	wordsFile
	f *os.File
}

// has is true also where the file cannot be read: the events themselves will tell.
func (r *wordsReader) has(h uint64) bool {
	if r.f == nil {
		f, err := os.Open(r.path)
		if err != nil {
			return true
		}
		r.f = f
	}
	i, m := mask(h, r.blocks)
	var b [8]byte
	if _, err := r.f.ReadAt(b[:], r.at+8*int64(i)); err != nil {
		return true
	}
	return binary.LittleEndian.Uint64(b[:])&m == m
}

func (r *wordsReader) close() {
	if r.f != nil {
		_ = r.f.Close() // it was only read
	}
}

// Hash of a word: one multiplication a byte while it is read, then a finisher that mixes well.
const (
	hashSeed  = 0x9e3779b97f4a7c15
	hashPrime = 0x100000001b3
)

func finish(h uint64) uint64 {
	h ^= h >> 32
	h *= 0xd6e8feb86659fd93
	h ^= h >> 32
	h *= 0xd6e8feb86659fd93
	return h ^ h>>32
}

// hashWord is the hash of a lower-cased word as [query.Tokenize] returns it.
func hashWord(word string) uint64 {
	h := uint64(hashSeed)
	for i := range len(word) {
		h = (h ^ uint64(word[i])) * hashPrime
	}
	return finish(h)
}

func hashPair(first, second uint64) uint64 { return finish(first*3 + second) }

// isSolo says whether a word is a character that is a word by itself.
func isSolo(word string) bool {
	r, n := utf8.DecodeRuneInString(word)
	return n == len(word) && n > 1 && len(query.Tokenize(word+string(r))) == 2
}

// Classes of bytes for the fast walk over ASCII.
var wordByte = func() (t [256]byte) { // the lower-cased byte of words, 0 for separators, 0xff beyond ASCII
	for i := range 256 {
		switch c := byte(i); {
		case c >= '0' && c <= '9' || c >= 'a' && c <= 'z':
			t[i] = c
		case c >= 'A' && c <= 'Z':
			t[i] = c | 0x20
		case c >= utf8.RuneSelf:
			t[i] = 0xff
		}
	}
	return t
}()

// wordSet collects the hashes of the words of many texts, each once.
type wordSet struct {
	table []uint64 // open addressing, 0 is free
	n     int
	buf   []byte
}

func newWordSet() *wordSet { return &wordSet{table: make([]uint64, 1<<15)} }

func (s *wordSet) add(h uint64) {
	if h == 0 {
		h = 1
	}
	mask := uint64(len(s.table) - 1)
	for i := h & mask; ; i = (i + 1) & mask {
		switch s.table[i] {
		case h:
			return
		case 0:
			s.table[i] = h
			if s.n++; s.n*4 > len(s.table)*3 {
				s.grow()
			}
			return
		}
	}
}

func (s *wordSet) grow() {
	old := s.table
	s.table, s.n = make([]uint64, 2*len(old)), 0
	for _, h := range old {
		if h != 0 {
			s.add(h)
		}
	}
}

// addText adds the words of a text. Words of ASCII, nearly all of them, are hashed as they are read.
func (s *wordSet) addText(text []byte) {
	last := uint64(0) // the word before, if it is of one character
	for i := 0; i < len(text); {
		c := wordByte[text[i]]
		if c == 0 {
			i++
			continue
		}
		h, start := uint64(hashSeed), i
		for c != 0 && c != 0xff {
			h = (h ^ uint64(c)) * hashPrime
			if i++; i == len(text) {
				c = 0
				break
			}
			c = wordByte[text[i]]
		}
		if c == 0 {
			last = 0
			s.add(finish(h))
			continue
		}
		i = s.addWide(text, start, &last)
	}
}

// addWide adds the word that starts at or after start, where the text is not ASCII, and returns its end.
func (s *wordSet) addWide(text []byte, start int, last *uint64) int {
	from, to := query.NextToken(text, start)
	if from < 0 {
		return len(text)
	}
	s.buf = query.AppendTokens(s.buf[:0], text[from:to])
	h := uint64(hashSeed)
	for _, c := range s.buf {
		h = (h ^ uint64(c)) * hashPrime
	}
	h = finish(h)
	s.add(h)
	if r, n := utf8.DecodeRune(text[from:to]); n == to-from && n > 1 && soloRune(r) {
		if *last != 0 {
			s.add(hashPair(*last, h))
		}
		*last = h
	} else {
		*last = 0
	}
	return to
}

// soloRune is isSolo with a short cut for the common Han characters.
func soloRune(r rune) bool {
	if r >= 0x4e00 && r <= 0x9fff {
		return true
	}
	return isSolo(string(r))
}

func (s *wordSet) bloom() *bloom {
	b := newBloom(s.n)
	for _, h := range s.table {
		if h != 0 {
			b.add(h)
		}
	}
	return b
}

// mayHold asks the words of a segment whether any of its events can match; true if they do not tell.
func mayHold(n query.Node, in words) bool {
	switch n := n.(type) {
	case *query.And:
		for _, s := range n.Nodes {
			if !mayHold(s, in) {
				return false
			}
		}
		return true
	case *query.Or:
		for _, s := range n.Nodes {
			if mayHold(s, in) {
				return true
			}
		}
		return false
	case *query.Term, *query.Prefix, *query.Wildcard:
		if names := query.FieldsOf(n); len(names) != 1 || names[0] != fieldMessage {
			return true
		}
		list, err := query.TextWords(n)
		if err != nil {
			return true
		}
		return wordsMayHold(list, in)
	default:
		return true
	}
}

func wordsMayHold(list []query.Word, in words) bool {
	last := uint64(0)
	for _, w := range list {
		if w.Kind != query.Exact {
			last = 0
			continue
		}
		h := hashWord(w.Text)
		if !in.has(h) {
			return false
		}
		if !isSolo(w.Text) {
			last = 0
			continue
		}
		if last != 0 && !in.has(hashPair(last, h)) {
			return false
		}
		last = h
	}
	return true
}
