// Package fault says what is wrong with a line, and where.
//
// Its one idea: devices make the same mistake in line after line, so an [Error] is made once and kept in a
// [Cache]. The scanners kv, delimited, cef, leef, jsonscan, xmlscan and template return their faults this way,
// and reading a faulty line allocates nothing either.
package fault

import (
	"strconv"
	"sync/atomic"
)

// Error is a fault in a line. Errors are shared between lines and must not be changed.
type Error struct {
	Scanner string // package that found it, e.g. "kv"
	Pos     int    // byte position in the line, from 0
	Err     error  // what is wrong: one of the errors of that package
}

// Error says what is wrong and where.
func (e *Error) Error() string {
	return e.Scanner + ": byte " + strconv.Itoa(e.Pos) + ": " + e.Err.Error()
}

// Unwrap returns e.Err.
func (e *Error) Unwrap() error { return e.Err }

// Cache keeps the errors of one scanner. It is safe for concurrent use. Set its fields before the first use.
type Cache struct {
	Scanner string  // for [Error.Scanner]
	Kinds   []error // what can be wrong; a kind is an index of it. Index 0 is no fault.

	slots [256]atomic.Pointer[Error] // the last error of each place; those that meet in a slot replace each other
}

// At returns the error of a kind at a place, nil for kind 0.
func (c *Cache) At(kind, pos int) error {
	if kind == 0 {
		return nil
	}
	err := c.Kinds[kind]
	slot := &c.slots[(pos+kind*89)&255]
	if e := slot.Load(); e != nil && e.Pos == pos && e.Err == err { //nolint:errorlint // whether it is this very kind
		return e
	}
	e := &Error{c.Scanner, pos, err}
	slot.Store(e)
	return e
}
