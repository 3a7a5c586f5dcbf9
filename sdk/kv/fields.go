package kv

import (
	"errors"
	"math"
	"strconv"

	"github.com/logcenter/logcenter/sdk/fault"
	"github.com/logcenter/logcenter/sdk/internal/pairs"
)

// MaxFields is how many pairs of a line [Fields] holds.
const MaxFields = pairs.Max

// Fields are the pairs of one line. They alias it. A Fields value is about 2.5 KiB, meant to live on the
// stack; pass it by pointer. The zero value has no pairs. Reading is safe from several goroutines.
type Fields struct{ t pairs.Table }

// common is the scanner of Parse.
var common = Scanner{Quotes: `"'`, Escape: '\\'}

// Parse reads a line of the shape key=value key2="v 2", with any text between the pairs. Values are
// those of [Iter.Value].
//
// The error is an [*Error]: a fault in the line, no pair at all ([ErrNoPairs]), or more than [MaxFields]
// of them. The fields are usable with an error too: they are what could be read.
func Parse(line []byte) (f Fields, err error) {
	err = f.Parse(&common, line)
	return f, err
}

// Parse is [Parse] for lines as s describes them. It replaces what f held, so that one Fields can be
// used for line after line.
func (f *Fields) Parse(s *Scanner, line []byte) error {
	f.t.Reset(line)
	if len(line) > math.MaxInt32 {
		return faults.At(int(errPairs), math.MaxInt32)
	}
	it := s.Scan(line)
	for it.Next() {
		if !f.t.Add(it.k0, it.k1, it.v0, it.v1) {
			it.fault(errPairs, it.k0)
			break
		}
	}
	if f.t.Len() == 0 {
		it.fault(errNoPairs, 0)
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

// What can be wrong with a line; match with errors.Is.
var (
	ErrQuote   = errors.New("the quote opened here is never closed")
	ErrBracket = errors.New("the bracket opened here is never closed")
	ErrKey     = errors.New("a key is expected before the separator")
	ErrNoPairs = errors.New("a key, a separator and a value are expected")
	ErrPairs   = errors.New("more pairs than " + strconv.Itoa(MaxFields) + ", the rest is left out")
)

type errKind uint8

const (
	errQuote errKind = iota + 1
	errBracket
	errKey
	errNoPairs
	errPairs
)

// Error is a fault in a line.
type Error = fault.Error

var faults = fault.Cache{Scanner: "kv", Kinds: []error{nil, ErrQuote, ErrBracket, ErrKey, ErrNoPairs, ErrPairs}}
