package pipeline

import (
	"bytes"
	"math/bits"
	"slices"

	"github.com/logcenter/logcenter/sdk/manifest"
)

// literals finds which of many short texts are in the head of a line, in time that hardly grows with their number.
// Of each text the three bytes that are rarest in logs are its fingerprint. First all places of the line are found at
// once where a fingerprint and the byte behind it may be: the texts are in eight groups, a table for either half of each
// of the four bytes says which groups have it, and what is left of all eight is a candidate (the filter of Hyperscan's
// Teddy, Wang et al., NSDI 2019; 32 bytes a step with AVX2). Then a hash of the three bytes says which texts to compare.
// Safe for concurrent use; nothing is allocated.
type literals struct {
	masks teddy
	first [1 << hashBits]uint16 // 1 + index in texts, by hash of the fingerprint
	texts []literal
	brief []literal // shorter than a fingerprint
	count int
}

const (
	hashBits    = 12
	fingerprint = 3 // bytes
	sieved      = 4 // bytes: a fingerprint and what is behind it in its text, if anything is
	groups      = 8
	briefGroup  = groups - 1
)

type literal struct {
	text []byte
	id   int
	at   int    // of the fingerprint
	next uint16 // 1 + index in texts
}

// teddy has a bit for each group: of the low halves of the first byte, the high ones, and so on. Tables are there
// twice, for either half of a vector.
type teddy struct {
	tables [2 * sieved][32]byte
	low    [32]byte // of each byte of a vector
}

// add lets a group pass where a text begins, which may be shorter or longer than what is looked at.
func (t *teddy) add(text []byte, group int) {
	for i := range sieved {
		for c := range 256 {
			if i < len(text) && text[i] != byte(c) {
				continue
			}
			for half := 0; half < 32; half += 16 {
				t.tables[2*i][half+(c&15)] |= 1 << group
				t.tables[2*i+1][half+(c>>4)] |= 1 << group
			}
		}
	}
}

// newLiterals readies the search for texts, none of which is empty. Their ids are their indexes.
func newLiterals(texts [][]byte) *literals {
	l := &literals{count: len(texts)}
	for i := range l.masks.low {
		l.masks.low[i] = 15
	}
	shared := map[string]int{} // how many texts have these three bytes
	for _, t := range texts {
		for i := range max(0, len(t)-fingerprint+1) {
			shared[string(t[i:i+fingerprint])]++
		}
	}
	for i, t := range texts {
		if len(t) < fingerprint {
			l.brief = append(l.brief, literal{text: t, id: i})
			l.masks.add(t, briefGroup)
			continue
		}
		l.texts = append(l.texts, literal{text: t, id: i, at: rarest(t, shared)})
	}
	// Texts whose fingerprints are alike are in one group, so that it lets little else pass.
	slices.SortStableFunc(l.texts, func(a, b literal) int { return bytes.Compare(a.print(), b.print()) })
	of := groups
	if len(l.brief) > 0 {
		of = briefGroup
	}
	for i := range l.texts {
		t := &l.texts[i]
		l.masks.add(t.text[t.at:], i*of/len(l.texts))
		h := hash(t.print())
		t.next, l.first[h] = l.first[h], uint16(i+1)
	}
	return l
}

func (t *literal) print() []byte { return t.text[t.at : t.at+fingerprint] }

// rarest is where the three bytes of a text are that logs and the other texts have least.
func rarest(text []byte, shared map[string]int) (at int) {
	least := 1 << 20
	for i := range len(text) - fingerprint + 1 {
		common := min(shared[string(text[i:i+fingerprint])], 64)
		for _, c := range text[i : i+fingerprint] {
			switch {
			case c-'0' <= 9, c == ' ':
				common += 8
			case c-'a' < 26, bytes.IndexByte([]byte(`:.-/,="`), c) >= 0:
				common += 6
			case c-'A' < 26:
				common += 4
			default:
				common++
			}
		}
		if common < least {
			least, at = common, i
		}
	}
	return at
}

func hash(b []byte) uint32 {
	return (uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16) * 0x9e3779b1 >> (32 - hashBits)
}

// beyond is how many bytes candidates looks at behind those that it answers for.
const beyond = sieved - 1

// each calls f with the ids of the texts in the head of a line, more than once where a text is there more than once,
// until f has seen enough.
func (l *literals) each(line []byte, f *finder) {
	if l.count == 0 {
		return
	}
	n := min(len(line), manifest.RecognisedBytes)
	if need := (n+31)/32*32 + beyond; cap(line) >= need {
		l.search(line[:need], n, f)
		return
	}
	var room [manifest.RecognisedBytes + beyond]byte
	copy(room[:], line)
	l.search(room[:], n, f)
}

// search looks at the first n bytes of b, and for that at what is behind them, up to a multiple of 32 and beyond.
func (l *literals) search(b []byte, n int, f *finder) {
	head, steps := b[:n], (n+31)/32
	var found [manifest.RecognisedBytes / 32]uint32
	candidates(b[:32*steps+beyond], &l.masks, found[:steps])
	for step, set := range found[:steps] {
		for ; set != 0; set &= set - 1 {
			at := 32*step + bits.TrailingZeros32(set)
			if i := l.first[hash(b[at:at+fingerprint])]; (i > 0 || len(l.brief) > 0) && at < n && !l.check(head, at, i, f) {
				return
			}
		}
	}
}

// check compares what may be at a place of the head: the texts from the i-th on that have its hash, and brief ones.
func (l *literals) check(head []byte, at int, i uint16, f *finder) bool {
	for i > 0 {
		t := &l.texts[i-1]
		if at >= t.at && bytes.HasPrefix(head[at-t.at:], t.text) && !f.found(t.id) {
			return false
		}
		i = t.next
	}
	for i := range l.brief {
		if t := &l.brief[i]; bytes.HasPrefix(head[at:], t.text) && !f.found(t.id) {
			return false
		}
	}
	return true
}

// scan is what candidates does, byte by byte.
func scan(b []byte, m *teddy, found []uint32) {
	for i := range found {
		set := uint32(0)
		for k := range 32 {
			left := byte(0xff)
			for j := range sieved {
				c := b[32*i+k+j]
				left &= m.tables[2*j][c&15] & m.tables[2*j+1][c>>4]
			}
			if left != 0 {
				set |= 1 << k
			}
		}
		found[i] = set
	}
}
