package frame

import (
	"errors"

	"github.com/logcenter/logcenter/sdk/jsonscan"
)

// Events are taken apart where they lie, in the bytes that the host sent: encoding/json makes a map of each, which costs
// five times as much as all the rest of a frame.

// members opens an event, whose names are flat, and nothing in it: paths are names.
var members = jsonscan.Scanner{Depth: 1}

var errEvent = errors.New("the answer is not Logcenter's: an event is no JSON object")

// whole says whether a cursor at its end has gone over a whole object. What has a name of an absurd length is left out.
func whole(raw []byte, it *jsonscan.Iter) error {
	if err := it.Err(); err != nil && !errors.Is(err, jsonscan.ErrPath) || raw[0] != '{' {
		return errEvent
	}
	return nil
}

// text is a value for people, in a string of its own: see appendPlain.
func text(it *jsonscan.Iter) string {
	if it.Kind() == jsonscan.Array || it.Escaped() {
		return string(appendPlain(make([]byte, 0, len(it.Value())), it))
	}
	return string(it.Value())
}

// appendPlain appends a value for people: a string's text, the one element of a list, else its JSON. A list of several
// keeps its brackets and quotes, so that a click on it can ask for its elements: ["a","b"] is not the text a, b.
func appendPlain(buf []byte, it *jsonscan.Iter) []byte {
	if it.Kind() == jsonscan.Array {
		return appendList(buf, it.Value())
	}
	return it.AppendValue(buf)
}

func appendList(buf, list []byte) []byte {
	start, n := len(buf), 0
	buf = append(buf, '[')
	for it := members.Scan(list); it.Next(); n++ {
		if n > 0 {
			buf = append(buf, ',')
		}
		if it.Kind() == jsonscan.String {
			buf = append(append(append(buf, '"'), it.Value()...), '"')
		} else {
			buf = append(buf, it.Value()...)
		}
	}
	switch n {
	case 0:
		return buf[:start]
	case 1:
		it := members.Scan(list)
		it.Next()
		return appendPlain(buf[:start], it)
	}
	return append(buf, ']')
}

const hexDigits = "0123456789abcdef"

// appendQuoted appends text as a JSON string. What lies in a JSON string already is UTF-8.
func appendQuoted(b, text []byte) []byte {
	b = append(b, '"')
	done := 0
	for i, c := range text {
		if c != '"' && c != '\\' && c >= ' ' {
			continue
		}
		b = append(b, text[done:i]...)
		if done = i + 1; c < ' ' {
			b = append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		} else {
			b = append(b, '\\', c)
		}
	}
	return append(append(b, text[done:]...), '"')
}
