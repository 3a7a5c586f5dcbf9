package delimited

import (
	"math"
	"math/bits"
)

// MaxFields is how many fields of a line a [Row] holds.
const MaxFields = 256

// Row is the fields of one line. They alias it. A Row is about 2 KiB, meant to live on the stack; pass it
// by pointer. The zero value has no fields. Reading is safe from several goroutines.
type Row struct {
	line []byte
	sc   *Scanner
	n    int
	at   [MaxFields]field
}

// field is where a field is. The top bit of v0 says that it stands in quotes.
type field struct{ v0, v1 uint32 }

const quotedBit = 1 << 31

// Parse reads a whole line.
//
// The error is an [*Error]: a fault in the line, more than [MaxFields] fields, or, where the scanner has a
// header, another number of fields than that has. The fields are usable with an error too: they are what
// could be read.
func (s *Scanner) Parse(line []byte) (r Row, err error) {
	err = r.Parse(s, line)
	return r, err
}

// Parse is [Scanner.Parse] into r. It replaces what r held, so that one Row can be used for line after line.
func (r *Row) Parse(s *Scanner, line []byte) error {
	r.line, r.sc, r.n = line, s, 0
	if len(line) > math.MaxInt32 {
		return faults.At(faultFields, math.MaxInt32)
	}
	it := s.Scan(line)
	if it.slow || it.multi || s.Escape != 0 || len(it.line) < 8 {
		for it.Next() && r.add(it) {
		}
	} else {
		r.split(it)
	}
	if s.Header != nil && r.n != len(s.Header.names) {
		if r.n < len(s.Header.names) {
			it.fault(faultFewer, len(it.line))
		} else {
			it.fault(faultMore, int(r.at[len(s.Header.names)].v0&^quotedBit))
		}
	}
	return it.Err()
}

// add adds the iterator's field. It is false, and that a fault, if there is no room.
func (r *Row) add(it *Iter) bool {
	if r.n == MaxFields {
		it.fault(faultFields, it.v0)
		return false
	}
	f := field{uint32(it.v0), uint32(it.v1)}
	if it.quoted {
		f.v0 |= quotedBit
	}
	r.at[r.n] = f
	r.n++
	return true
}

// split is what Next does field by field, for separators of one byte: it finds all in eight bytes at once. Fields in quotes
// are left to next.
func (r *Row) split(it *Iter) {
	line := it.line
	for i := 0; i < len(line); i += 8 {
		x := load(line, i) ^ it.sep
		m := ^((x&^highs + ^uint64(highs)) | x) & highs // in each byte, not only the first, where Sep is
		for ; m != 0; m &= m - 1 {
			end := i + bits.TrailingZeros64(m)>>3
			if end < it.pos || end >= len(line) { // in quotes, or behind the line, where load has zeros
				continue
			}
			if !r.until(it, end) {
				return
			}
		}
	}
	for it.pos <= len(line) && len(line) > 0 {
		if !r.until(it, len(line)) {
			return
		}
	}
}

// until adds the field that starts at it.pos, which ends at end unless it is in quotes. It is false if there is no room.
func (r *Row) until(it *Iter, end int) bool {
	start := it.pos
	if it.q0 != 0 && start < end && it.isQuote(it.line[start]) || r.n == MaxFields {
		it.next()
		return r.add(it)
	}
	if end-start == len(it.sc.Empty) && string(it.line[start:end]) == it.sc.Empty {
		r.at[r.n] = field{uint32(start), uint32(start)}
	} else {
		r.at[r.n] = field{uint32(start), uint32(end)}
	}
	r.n++
	it.pos = end + 1
	return true
}

// Len is the number of fields.
func (r *Row) Len() int { return r.n }

// At is field i, from 0, as [Iter.Value] gives it; nil if there is none, so that nothing needs to be
// checked before it is given to a setter.
func (r *Row) At(i int) []byte {
	if uint(i) >= uint(r.n) {
		return nil
	}
	f := r.at[i]
	return r.line[f.v0&^quotedBit : f.v1 : f.v1]
}

// Get is the field of that name in the scanner's header; nil if there is none.
func (r *Row) Get(name string) []byte {
	if r.sc == nil {
		return nil
	}
	return r.At(r.sc.Header.Index(name))
}

// Escaped reports whether field i holds escapes or doubled quotes, so that [Row.Append] would change it.
func (r *Row) Escaped(i int) bool { return r.At(i) != nil && r.sc.escaped(r.At(i), r.quote(i)) }

// Append appends field i to dst with its escapes and doubled quotes resolved, as [Iter.AppendValue] does.
func (r *Row) Append(dst []byte, i int) []byte {
	if r.At(i) == nil {
		return dst
	}
	return r.sc.appendValue(dst, r.At(i), r.quote(i))
}

func (r *Row) quote(i int) byte {
	f := r.at[i]
	if f.v0&quotedBit == 0 {
		return 0
	}
	return r.line[f.v0&^quotedBit-1]
}
