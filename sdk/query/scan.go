package query

import (
	"encoding/binary"
	"math/bits"
	"slices"
	"unicode/utf8"

	"github.com/logcenter/logcenter/sdk/wire"
)

// scanner finds the words of all queries in one pass over the lines of a batch, or two if they are many.
//
// Of each search it picks one word as its anchor.
type scanner struct {
	passes []*pass
	leaves []int // found by this scanner
}

// pass looks for some anchors. Of each it registers the grams, that is runs of width neighbouring bytes, at
// stride positions next to each other, and then looks only at every stride-th position of the text: wherever an
// anchor stands, one of its grams lies on such a position. A table of all grams, or of hashes of them, says
// whether a gram is one of some anchor; only then is the text around it compared.
type pass struct {
	width   int // of a gram: 2, or 3 where the anchors are so many that most pairs of letters are in some
	stride  int
	table   *[1 << 16]uint8 // by key of a gram: 0 for none, else its bucket, or 1 if there is an index
	index   []uint16        // bucket by key, where there are more than 255
	buckets [][]entry
	anchors []anchor
}

// entry is one gram of an anchor.
type entry struct {
	offset uint16 // of the gram in the anchor
	anchor int32
}

const (
	// maxStride is how far apart positions are at most, so that eight bytes hold two grams.
	maxStride = 5
	// manyAnchors is from how many anchors on those of four bytes and more are looked for by grams of three.
	manyAnchors = 24
)

// newScanner plans the search for the leaves that look for words in message, nil if there are none. Leaves
// that need no literal text are left to be evaluated row by row.
func newScanner(leaves []*leaf) *scanner {
	s := &scanner{}
	var anchors, short, long []anchor
	for i, l := range leaves {
		if !l.deferred {
			continue
		}
		as := anchorsOf(i, l.words)
		if as == nil {
			continue
		}
		s.leaves = append(s.leaves, i)
		anchors = append(anchors, as...)
	}
	for _, a := range anchors {
		if len(anchors) >= manyAnchors && len(a.bytes) >= 4 {
			long = append(long, a)
		} else {
			short = append(short, a)
		}
	}
	if len(short) > 0 {
		s.passes = append(s.passes, newPass(2, short))
	}
	if len(long) > 0 {
		s.passes = append(s.passes, newPass(3, long))
	}
	if len(s.passes) == 0 {
		return nil
	}
	return s
}

func newPass(width int, anchors []anchor) *pass {
	p := &pass{width: width, stride: maxStride, anchors: anchors, table: new([1 << 16]uint8), buckets: make([][]entry, 1)}
	for _, a := range anchors {
		p.stride = max(1, min(p.stride, len(a.bytes)-width+1))
	}
	bucket := map[uint16]int{}
	for i, a := range anchors {
		a.grams(width, p.stride, func(key uint16, offset int) {
			b, ok := bucket[key]
			if !ok {
				b = len(p.buckets)
				bucket[key] = b
				p.buckets = append(p.buckets, nil)
			}
			e := entry{offset: uint16(offset), anchor: int32(i)}
			if !slices.Contains(p.buckets[b], e) { // grams in upper and lower case may have one key
				p.buckets[b] = append(p.buckets[b], e)
			}
		})
	}
	if len(p.buckets) > 256 {
		p.index = make([]uint16, 1<<16)
	}
	for key, b := range bucket {
		if p.index != nil {
			p.table[key], p.index[key] = 1, uint16(b)
		} else {
			p.table[key] = uint8(b)
		}
	}
	return p
}

// pairKey is the key of a gram of two bytes, tripleKey of one of three: a hash without the case of ASCII.
func pairKey(v uint16) uint16 { return v }

func tripleKey(v uint32) uint16 { return uint16((v&0xffffff | 0x202020) * 0x9e3779b1 >> 16) }

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
func (r *run) scanMessage(s *scanner) {
	for _, i := range s.leaves {
		r.state(i).complete = true
	}
	c := r.message
	r.hits.data = c.Data
	for from := nextBit(r.need, 0, r.rows, true); from < r.rows; {
		to := nextBit(r.need, from, r.rows, false)
		for _, p := range s.passes {
			r.moveTo(from)
			if p.width == 2 {
				r.scanPairs(p, c.Offset(from), c.Offset(to))
			} else {
				r.scanTriples(p, c.Offset(from), c.Offset(to))
			}
		}
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

// scanPairs scans data[i:end], lines of rows from the current one on, for grams of two bytes.
func (r *run) scanPairs(p *pass, i, end int) {
	data, table, stride := r.hits.data[:end], p.table, p.stride
	shift := 8 * uint(stride) & 63
	// Four positions a turn, out of two words of eight bytes.
	for ; i+2*stride+8 <= end; i += 4 * stride {
		v := binary.LittleEndian.Uint64(data[i:])
		w := binary.LittleEndian.Uint64(data[i+2*stride:])
		a, b := pairKey(uint16(v)), pairKey(uint16(v>>shift))
		c, d := pairKey(uint16(w)), pairKey(uint16(w>>shift))
		if table[a]|table[b]|table[c]|table[d] != 0 {
			r.candidates(p, [4]uint16{a, b, c, d}, i)
		}
	}
	for ; i < end; i += stride {
		pair := uint16(data[i])
		if i+1 < end {
			pair |= uint16(data[i+1]) << 8
		}
		if table[pair] != 0 {
			r.candidate(p, pair, i)
		}
	}
}

// scanTriples is scanPairs for grams of three bytes.
func (r *run) scanTriples(p *pass, i, end int) {
	data, table, stride := r.hits.data[:end], p.table, p.stride
	shift := 8 * uint(stride) & 63
	for ; i+2*stride+8 <= end; i += 4 * stride {
		v := binary.LittleEndian.Uint64(data[i:])
		w := binary.LittleEndian.Uint64(data[i+2*stride:])
		a, b := tripleKey(uint32(v)), tripleKey(uint32(v>>shift))
		c, d := tripleKey(uint32(w)), tripleKey(uint32(w>>shift))
		if table[a]|table[b]|table[c]|table[d] != 0 {
			r.candidates(p, [4]uint16{a, b, c, d}, i)
		}
	}
	for ; i+3 <= end; i += stride {
		key := tripleKey(uint32(data[i]) | uint32(data[i+1])<<8 | uint32(data[i+2])<<16)
		if table[key] != 0 {
			r.candidate(p, key, i)
		}
	}
}

func (r *run) candidates(p *pass, keys [4]uint16, pos int) {
	for i, key := range keys {
		if p.table[key] != 0 {
			r.candidate(p, key, pos+i*p.stride)
		}
	}
}

// candidate looks at a position where a gram of some anchor stands.
func (r *run) candidate(p *pass, key uint16, pos int) {
	bucket := int(p.table[key])
	if p.index != nil {
		bucket = int(p.index[key])
	}
	data := r.hits.data
	for _, e := range p.buckets[bucket] {
		at := pos - int(e.offset)
		if at < 0 {
			continue
		}
		a := &p.anchors[e.anchor]
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
