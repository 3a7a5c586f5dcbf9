package cef

import (
	"bytes"
	"math"

	"github.com/logcenter/logcenter/sdk/internal/pairs"
	"github.com/logcenter/logcenter/sdk/internal/swar"
)

// Iter is a cursor over the pairs of an extension, see [Scan]. It is for one goroutine.
type Iter struct {
	ext    []byte
	k0, k1 int
	v0, v1 int
	n0, n1 int // the key of the next pair; n0 is the length of ext if there is none

	errPos, errKind int
}

// Scan returns a cursor in front of the event's first pair.
func (e *Event) Scan() *Iter { return Scan(e.Extension) }

// Scan returns a cursor in front of the first pair of an extension, which may be nil. It must not change
// while the cursor or what it gave is in use.
//
// Scan is small enough to be inlined, so the cursor lives on the stack of a caller that keeps it to itself.
func Scan(ext []byte) *Iter {
	it := new(Iter)
	it.init(ext)
	return it
}

func (it *Iter) init(ext []byte) {
	it.ext = ext
	if end := it.nextKey(0); end > 0 {
		for i := range end {
			if ext[i] > ' ' {
				it.errKind, it.errPos = faultKey, i
				break
			}
		}
	}
}

// isKey are the bytes a key is made of.
var isKey = func() (set [256]bool) {
	for c := range set {
		set[c] = c-'0' >= 0 && c-'0' <= 9 || (c|0x20)-'a' >= 0 && (c|0x20)-'a' < 26 || c >= 0x80
	}
	for _, c := range "_.-[]" {
		set[c] = true
	}
	return set
}()

// nextKey sets n0 and n1 to the first key that follows a blank at or behind v, or stands at the start of the
// extension, and returns where the text before it ends.
func (it *Iter) nextKey(v int) (end int) {
	ext := it.ext
	for i := v; ; i++ {
		i = swar.Index2(ext, i, '=', '\\')
		if i == len(ext) {
			it.n0, it.n1 = i, i
			return i
		}
		if ext[i] == '\\' {
			if i+1 < len(ext) && (ext[i+1] == '=' || ext[i+1] == '\\') {
				i++
			}
			continue
		}
		k := i
		for k > v && isKey[ext[k-1]] {
			k--
		}
		if k < i && (k > v && ext[k-1] <= ' ' || k == 0) {
			it.n0, it.n1 = k, i
			return max(k-1, v)
		}
	}
}

// Next moves to the next pair and reports whether there is one.
func (it *Iter) Next() bool {
	if it.n0 == len(it.ext) {
		it.k0, it.k1, it.v0, it.v1 = it.n0, it.n0, it.n0, it.n0
		return false
	}
	it.k0, it.k1 = it.n0, it.n1
	v := it.n1 + 1
	end := it.nextKey(v)
	for end > v && it.ext[end-1] <= ' ' {
		end--
	}
	for v < end && it.ext[v] <= ' ' {
		v++
	}
	it.v0, it.v1 = v, end
	return true
}

// Key is the key of the current pair, never empty. It aliases the line.
func (it *Iter) Key() []byte { return it.ext[it.k0:it.k1:it.k1] }

// Value is the value of the current pair, without blanks around it. It aliases the line; it is empty, not
// nil, where the device wrote nothing. Escapes are still in it, see [Iter.Escaped].
func (it *Iter) Value() []byte { return it.ext[it.v0:it.v1:it.v1] }

// Pair is the current pair as it stands, from its key to the end of its value. It aliases the line.
func (it *Iter) Pair() []byte { return it.ext[it.k0:it.v1:it.v1] }

// Pos is the byte position of the value in the extension.
func (it *Iter) Pos() int { return it.v0 }

// Escaped reports whether the value holds a backslash, so that [Iter.AppendValue] may change it.
func (it *Iter) Escaped() bool { return bytes.IndexByte(it.Value(), '\\') >= 0 }

// AppendValue appends the value to dst with its escapes resolved, as [AppendUnescaped] does.
func (it *Iter) AppendValue(dst []byte) []byte { return AppendUnescaped(dst, it.Value()) }

// Err is the first fault in what has been scanned so far, an [*Error] whose Pos counts from the start of the
// extension, or nil. A fault takes no pair away that could be read.
func (it *Iter) Err() error { return faults.At(it.errKind, it.errPos) }

// MaxFields is how many pairs of an extension [Fields] holds.
const MaxFields = pairs.Max

// Fields are the pairs of one extension. They alias it. A Fields value is about 2.5 KiB, meant to live on
// the stack; pass it by pointer. The zero value has no pairs. Reading is safe from several goroutines.
type Fields struct{ t pairs.Table }

// Fields reads the whole extension. The error is an [*Error]: [ErrKey] for words in front of the first key
// or more pairs than [MaxFields] ([ErrPairs]). The fields are usable with an error too. An empty extension
// has no pairs and no error.
func (e *Event) Fields() (f Fields, err error) {
	err = f.Parse(e.Extension)
	return f, err
}

// Parse is [Event.Fields] for an extension. It replaces what f held, so that one Fields can be used for line
// after line.
func (f *Fields) Parse(ext []byte) error {
	f.t.Reset(ext)
	if len(ext) > math.MaxInt32 {
		return faults.At(faultPairs, math.MaxInt32)
	}
	it := Scan(ext)
	for it.Next() {
		if !f.t.Add(it.k0, it.k1, it.v0, it.v1) {
			if it.errKind == 0 {
				it.errKind, it.errPos = faultPairs, it.k0
			}
			break
		}
	}
	return it.Err()
}

// Get returns the value of the first pair whose key is name, byte by byte, or nil if there is none. It
// aliases the line.
func (f *Fields) Get(name string) []byte { return f.t.Get(name) }

// Len is the number of pairs.
func (f *Fields) Len() int { return f.t.Len() }

// At returns pair number i, from 0, in the order of the line. It panics if there is none.
func (f *Fields) At(i int) (key, value []byte) { return f.t.At(i) }

// Labelled returns the value of the custom field that the device gave this label: of
// "cs1Label=Rule Name cs1=web" it is "web" for "Rule Name", wherever the two stand. Nil if there is none. The
// label is compared byte by byte; the custom fields are cs, cn, cfp, c6a, deviceCustomDate, flexString and
// all others with a pair whose key is theirs and "Label".
func (f *Fields) Labelled(label string) []byte {
	for i := range f.t.Len() {
		key, value := f.t.At(i)
		if string(value) != label {
			continue
		}
		base, ok := LabelOf(key)
		if !ok {
			continue
		}
		for j := range f.t.Len() {
			if k, v := f.t.At(j); bytes.Equal(k, base) {
				return v
			}
		}
	}
	return nil
}

// LabelOf tells the key of a label, such as cs1Label, and returns the key of the field that it names: cs1.
func LabelOf(key []byte) (base []byte, ok bool) {
	const suffix = "Label"
	n := len(key) - len(suffix)
	if n < 1 || string(key[n:]) != suffix {
		return nil, false
	}
	return key[:n:n], true
}
