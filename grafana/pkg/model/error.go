package model

import "fmt"

// Error is something that the writer of a query can mend. Its texts are for that person.
type Error struct {
	Field string // of the query's JSON, e.g. chart.by[1].field; empty if it is not about one
	Msg   string // what is wrong, without a final period
	Hint  string // what would be right; may be empty
}

// Error is one line.
func (e *Error) Error() string {
	s := e.Msg
	if e.Field != "" {
		s = e.Field + ": " + s
	}
	if e.Hint != "" {
		s += " (" + e.Hint + ")"
	}
	return s
}

func wrong(field, hint, format string, args ...any) *Error {
	return &Error{Field: field, Msg: fmt.Sprintf(format, args...), Hint: hint}
}
