package keys

// MaxLoose is the length of the longest text that a [Loose] finds, in bytes, with what is between its words.
const MaxLoose = 64

// Loose is a [Table] for keys that each product spells in its own way: src_ip, SrcIP and SRC-IP are one. It is not changed
// once it is made, and may be used by any number of goroutines. NewLoose makes one.
type Loose[V any] struct {
	table *Table[V]
	kept  [256]uint8 // 1 for bytes by which keys are told apart
}

// NewLoose makes a table that takes ASCII letters for the same in both cases, and leaves out the bytes that may stand
// between words. It panics where NewFold does, for two keys that are the same then, and for one that is longer than
// [MaxLoose].
func NewLoose[V any](of map[string]V, between string) *Loose[V] {
	l := &Loose[V]{}
	for c := range l.kept {
		l.kept[c] = 1
	}
	for i := range len(between) {
		l.kept[between[i]] = 0
	}
	bare := make(map[string]V, len(of))
	for w, v := range of {
		if len(w) > MaxLoose {
			panic("keys: the key " + w + " is too long")
		}
		var buf [MaxLoose]byte
		w = string(buf[:l.strip(&buf, []byte(w))])
		if _, twice := bare[w]; twice {
			panic("keys: the key " + w + " stands twice, in different spellings")
		}
		bare[w] = v
	}
	l.table = NewFold(bare)
	return l
}

// strip puts what is kept of key, which is no longer than buf, into buf and returns its length.
func (l *Loose[V]) strip(buf *[MaxLoose]byte, key []byte) (n int) {
	for _, c := range key {
		buf[n&(MaxLoose-1)] = c
		n += int(l.kept[c])
	}
	return n
}

// Get is the value of a key, nil if the table has no such key. It must not be changed.
func (l *Loose[V]) Get(key []byte) *V {
	if len(key) > MaxLoose {
		return nil
	}
	var buf [MaxLoose]byte
	return l.table.Get(buf[:l.strip(&buf, key)])
}
