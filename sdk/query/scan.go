package query

import (
	"encoding/binary"
	"math/bits"
	"slices"
	"unicode/utf8"

	"github.com/logcenter/logcenter/sdk/wire"
)

// scanner finds the words of all queries in one pass over the lines of a batch.
//
// Of each search it picks one word, and of the word two neighbouring bytes in each of stride positions. The
// pass then looks only at every stride-th position of the text: wherever a word stands, one of its pairs lies
// on such a position. A table of all pairs of bytes says whether a pair belongs to some word; only then is the
// text around it compared.
type scanner struct {
	stride  int
	table   *[1 << 16]uint8 // number of the bucket by pair, 0 for none
	buckets [][]entry
	anchors []anchor
	leaves  []int // found by this scanner
}

// entry is one pair of an anchor in a bucket; pairs share buckets when there are more of them than buckets.
type entry struct {
	pair   uint16
	offset uint16 // of the pair in the anchor's text
	anchor int32
}

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

// maxStride bounds how far apart positions are: beyond, the pairs to register cost more than is won.
const maxStride = 6

// newScanner plans the search for the leaves that look for words in message, nil if there are none. Leaves
// that need no literal text are left to be evaluated row by row.
func newScanner(leaves []*leaf) *scanner {
	s := &scanner{stride: maxStride}
	for i, l := range leaves {
		if !l.deferred {
			continue
		}
		as := anchorsOf(i, l.words)
		if as == nil {
			continue
		}
		s.leaves = append(s.leaves, i)
		s.anchors = append(s.anchors, as...)
	}
	if len(s.anchors) == 0 {
		return nil
	}
	for _, a := range s.anchors {
		s.stride = max(1, min(s.stride, len(a.bytes)-1))
	}
	pairs := map[uint16][]entry{}
	for i, a := range s.anchors {
		for _, e := range a.pairs(s.stride) {
			e.anchor = int32(i)
			pairs[e.pair] = append(pairs[e.pair], e)
		}
	}
	s.table = new([1 << 16]uint8)
	s.buckets = make([][]entry, 1, 256)
	order := make([]uint16, 0, len(pairs))
	for p := range pairs {
		order = append(order, p)
	}
	slices.Sort(order)
	for i, p := range order {
		b := i%255 + 1
		if b == len(s.buckets) {
			s.buckets = append(s.buckets, nil)
		}
		s.table[p] = uint8(b)
		s.buckets[b] = append(s.buckets[b], pairs[p]...)
	}
	return s
}

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

// pairs are what to register for an anchor: the rarest run of stride neighbouring pairs. A text of one byte is
// registered with all bytes that may follow.
func (a *anchor) pairs(stride int) []entry {
	var out []entry
	if len(a.bytes) == 1 {
		for _, c := range a.bytes[0] {
			for next := range 256 {
				out = append(out, entry{pair: uint16(c) | uint16(next)<<8})
			}
		}
		return out
	}
	best, least := 0, 1<<30
	for from := 0; from+stride < len(a.bytes); from++ {
		sum := 0
		for i := from; i < from+stride; i++ {
			sum += 1 << ((commonness(a.bytes[i][0]) + commonness(a.bytes[i+1][0])) / 2)
		}
		if sum < least {
			best, least = from, sum
		}
	}
	for i := best; i < best+stride; i++ {
		for _, x := range a.bytes[i] {
			for _, y := range a.bytes[i+1] {
				out = append(out, entry{pair: uint16(x) | uint16(y)<<8, offset: uint16(i)})
			}
		}
	}
	return out
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

// hits is the state of a scan: the row that the position lies in.
type hits struct {
	data       []byte
	row        int
	start, end int // of the row's line in data
	next       int // where the row after starts
}

// scannable says whether message is what the scanner takes: one line a row, next to each other.
func (r *run) scannable() bool {
	c := r.message
	return c != nil && c.Type == wire.Type_STRING && c.Encoding == wire.Encoding_PLAIN && len(c.Present) == 0 && len(c.Lists) == 0
}

// scanMessage settles all leaves of the scanner for the rows of need.
func (r *run) scanMessage() {
	s := r.plan.scan
	for _, i := range s.leaves {
		r.state(i).complete = true
	}
	c := r.message
	r.hits = hits{data: c.Data, row: -1}
	for from := nextBit(r.need, 0, r.rows, true); from < r.rows; {
		to := nextBit(r.need, from, r.rows, false)
		r.scanRange(c.Offset(from), c.Offset(to), from)
		from = nextBit(r.need, to, r.rows, true)
	}
	r.hits.data = nil
}

// nextBit is the first row at or after from whose bit is set (or, for want false, is not), rows if there is none.
func nextBit(b []uint64, from, rows int, want bool) int {
	for from < rows {
		w := b[from>>6]
		if !want {
			w = ^w
		}
		if w >>= from & 63; w != 0 {
			return min(rows, from+bits.TrailingZeros64(w))
		}
		from = (from | 63) + 1
	}
	return rows
}

// scanRange scans data[i:end], the lines of rows from firstRow on.
func (r *run) scanRange(i, end, firstRow int) {
	s := r.plan.scan
	data := r.hits.data[:end]
	table, stride := s.table, s.stride
	r.moveTo(firstRow)
	// Four positions a turn; the pairs of the last one must lie inside.
	for ; i+3*stride+1 < end; i += 4 * stride {
		window := data[i : i+3*stride+2]
		a := table[binary.LittleEndian.Uint16(window)]
		b := table[binary.LittleEndian.Uint16(window[stride:])]
		c := table[binary.LittleEndian.Uint16(window[2*stride:])]
		d := table[binary.LittleEndian.Uint16(window[3*stride:])]
		if a|b|c|d == 0 {
			continue
		}
		if a != 0 {
			r.candidate(a, binary.LittleEndian.Uint16(window), i)
		}
		if b != 0 {
			r.candidate(b, binary.LittleEndian.Uint16(window[stride:]), i+stride)
		}
		if c != 0 {
			r.candidate(c, binary.LittleEndian.Uint16(window[2*stride:]), i+2*stride)
		}
		if d != 0 {
			r.candidate(d, binary.LittleEndian.Uint16(window[3*stride:]), i+3*stride)
		}
	}
	for ; i < end; i += stride {
		pair := uint16(data[i])
		if i+1 < end {
			pair |= uint16(data[i+1]) << 8
		}
		if b := table[pair]; b != 0 {
			r.candidate(b, pair, i)
		}
	}
}

// candidate looks at a position where a pair of some word stands.
func (r *run) candidate(bucket uint8, pair uint16, pos int) {
	s := r.plan.scan
	data := r.hits.data
	for _, e := range s.buckets[bucket] {
		at := pos - int(e.offset)
		if e.pair != pair || at < 0 {
			continue
		}
		a := &s.anchors[e.anchor]
		if a.whole {
			if !equalFold(data, at, a.text) {
				continue
			}
		} else if !a.fits(data, at) {
			continue
		}
		r.verify(a, at, pos)
	}
}

// equalFold says whether an ASCII text in lower case stands at data[at:] in any case.
func equalFold(data []byte, at int, text string) bool {
	if at+len(text) > len(data) {
		return false
	}
	d := data[at : at+len(text)]
	for i := range d {
		if asciiLower[d[i]] != text[i] {
			return false
		}
	}
	return true
}

// fits says whether the anchor's bytes stand at data[at:], in any mix of case.
func (a *anchor) fits(data []byte, at int) bool {
	if at+len(a.bytes) > len(data) {
		return false
	}
	for i, set := range a.bytes {
		if !slices.Contains(set, data[at+i]) {
			return false
		}
	}
	return true
}

// verify settles whether the row that pos lies in matches the leaf of an anchor whose text stands at at.
func (r *run) verify(a *anchor, at, pos int) {
	h := &r.hits
	for pos >= h.next {
		r.gallop(pos)
	}
	st := &r.states[a.leaf]
	word, bit := h.row>>6, uint64(1)<<(h.row&63)
	if st.bits[word]&bit != 0 || at < h.start || at >= h.end {
		return
	}
	line := h.data[h.start:h.end]
	words := r.plan.leaves[a.leaf].words
	w := &words[a.word]
	var start, end int
	if a.whole {
		start = at - h.start
		end = start + len(a.text)
		if end > len(line) {
			return
		}
		if start > 0 {
			if _, class := classBefore(line, start); class == wordChar {
				return
			}
		}
		if w.Kind == Exact && end < len(line) {
			if _, _, class := decode(line[end:]); class == wordChar {
				return
			}
		}
		if len(words) > 1 {
			end = tokenEnd(line, end)
		}
	} else {
		if !utf8.RuneStart(h.data[at]) {
			return
		}
		start, end = tokenAt(line, at-h.start)
		if start < 0 || !w.match(line[start:end]) {
			return
		}
	}
	if matchFollowing(words[a.word+1:], line, end) && matchPreceding(words[:a.word], line, start) {
		st.bits[word] |= bit
	}
}

// moveTo makes row the current one.
func (r *run) moveTo(row int) {
	h, c := &r.hits, r.message
	h.row = row
	h.start = c.Offset(row)
	h.next = c.Offset(row + 1)
	h.end = h.next - int(c.Separator)
}

// gallop moves on to the row that pos lies in, or to one before it.
func (r *run) gallop(pos int) {
	c := r.message
	lo, step := r.hits.row+1, 1
	for lo+step < r.rows && c.Offset(lo+step) <= pos {
		lo += step
		step *= 2
	}
	for ; step > 0; step /= 2 {
		if lo+step < r.rows && c.Offset(lo+step) <= pos {
			lo += step
		}
	}
	r.moveTo(lo)
}
