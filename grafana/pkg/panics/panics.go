// Package panics makes a panic an error of the work in which it happened. Grafana's SDK catches panics of the goroutine that
// serves a call and of no other: in one that the backend starts itself, a panic would end the plugin for all of Grafana.
package panics

import (
	"fmt"
	"runtime/debug"
)

// Error is a panic that was caught.
type Error struct {
	Value any    // what was given to panic
	Stack []byte // of the goroutine that did, as [debug.Stack] writes it
}

func (e *Error) Error() string { return fmt.Sprintf("panic: %v", e.Value) }

// Catch does do and returns its error, which is an [*Error] if it panics. [runtime.Goexit] is not caught.
func Catch(do func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &Error{p, debug.Stack()}
		}
	}()
	return do()
}
