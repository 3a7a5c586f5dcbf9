// Package pairs finds the pairs of a line by their keys.
//
// Its one idea: lines have a few dozen pairs, whose keys mostly differ in a length and three bytes, so that a
// row of numbers is looked through faster than any map could be filled.
package pairs

// Max is how many pairs a [Table] holds.
const Max = 128

// Table holds where the pairs of one line are. It is about 2.5 KiB, meant to live on the stack. The zero
// value has no pairs. Reading is safe from several goroutines.
type Table struct {
	line []byte
	n    int
	tags [Max]uint32 // tag of the key: most keys differ in it
	at   [Max]span
}

type span struct{ k0, k1, v0, v1 uint32 }

// Reset makes t the empty table of line, which has less than 4 GiB.
func (t *Table) Reset(line []byte) { t.line, t.n = line, 0 }

// Add adds the pair line[k0:k1], which is not empty, and line[v0:v1]. It is false if the table is full.
func (t *Table) Add(k0, k1, v0, v1 int) bool {
	if t.n == Max {
		return false
	}
	t.tags[t.n] = tag(t.line[k0:k1])
	t.at[t.n] = span{uint32(k0), uint32(k1), uint32(v0), uint32(v1)}
	t.n++
	return true
}

// Get returns the value of the first pair whose key is name, byte by byte, or nil if there is none. It
// aliases the line.
func (t *Table) Get(name string) []byte {
	if name == "" {
		return nil
	}
	want := tag(name)
	for i, u := range t.tags[:t.n] {
		if u == want {
			if a := t.at[i]; string(t.line[a.k0:a.k1]) == name {
				return t.line[a.v0:a.v1:a.v1]
			}
		}
	}
	return nil
}

// Len is the number of pairs.
func (t *Table) Len() int { return t.n }

// At returns pair number i, from 0, in the order of the line. It panics if there is none.
func (t *Table) At(i int) (key, value []byte) {
	a := t.at[:t.n][i]
	return t.line[a.k0:a.k1:a.k1], t.line[a.v0:a.v1:a.v1]
}

// tag folds the length and three bytes of a key, which is not empty.
func tag[T string | []byte](key T) uint32 {
	n := len(key)
	return uint32(n)<<24 | uint32(key[0])<<16 | uint32(key[n/2])<<8 | uint32(key[n-1])
}
