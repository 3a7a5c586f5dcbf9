package sdk

import (
	"bytes"
	"time"

	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/jsonscan"
	"github.com/logcenter/logcenter/sdk/syslog"
)

// SetJSON sets f to the current value of a JSON line, without its escapes, see SetDecoded. Null and a value that is empty
// set nothing.
func (e *Event) SetJSON(f ecs.Field, it *jsonscan.Iter) {
	switch {
	case it.Kind() == jsonscan.Null:
	case it.Escaped():
		e.SetDecoded(f, it.Value(), jsonscan.AppendUnescaped)
	default:
		e.Set(f, it.Value())
	}
}

// Object is line from its first { on, in front of which a syslog header may stand: what that says is set, see SetSyslog,
// with the same zone. It is empty if line has no {.
func (e *Event) Object(line []byte, zone *time.Location) []byte {
	i := bytes.IndexByte(line, '{')
	if i < 0 {
		i = len(line)
	}
	if i > 0 {
		if h, _, err := syslog.Parse(line[:i]); err == nil {
			e.SetSyslog(&h, zone)
		}
	}
	return line[i:]
}

// EachObject is ParseMany for a line of JSON that holds objects in an array: read is called for each of them with an event
// of its own, and may keep neither. path is the key of the array, or keys joined by dots; empty if the line itself is the
// array. It returns the first error of read, else the fault of the line, if it has one. A line without such an object is one
// event, and its error is none.
func EachObject(line []byte, path string, next func() *Event, read func(object []byte, ev *Event) error, none error) error {
	depth := 1 // of what holds the objects
	if path != "" {
		depth++
		for i := range len(path) {
			if path[i] == '.' {
				depth++
			}
		}
	}
	var first error
	found := false
	s := jsonscan.Scanner{Depth: depth}
	it := s.Scan(line)
	for it.Next() {
		if it.Kind() != jsonscan.Object || string(it.Path()) != path {
			continue
		}
		found = true
		if err := read(it.Value(), next()); err != nil && first == nil {
			first = err
		}
	}
	switch {
	case first != nil:
		return first
	case !found:
		next()
		return none
	}
	return it.Err()
}
