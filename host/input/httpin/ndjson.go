package httpin

import "github.com/logcenter/logcenter/sdk/jsonscan"

// top opens an object and nothing in it: what a parser reads of it is not looked at here.
var top = jsonscan.Scanner{Depth: 1}

// message returns the string under the top-level key "message" of a JSON object (RFC 8259): a part of line,
// or, if it has escapes, built in *buf, which grows. ok is false if line is no complete object or has no such string. Of several the
// last counts, as in encoding/json. Bytes that are not UTF-8 are passed on as they are: some senders put
// GBK into JSON, and decoding comes later.
func message(buf *[]byte, line []byte) (m []byte, ok bool) {
	escaped := false
	it := top.Scan(line)
	for it.Next() {
		if string(it.Path()) == "message" {
			m, escaped, ok = it.Value(), it.Escaped(), it.Kind() == jsonscan.String
		}
	}
	if !ok || it.Err() != nil {
		return nil, false
	}
	if escaped {
		*buf = jsonscan.AppendUnescaped((*buf)[:0], m)
		m = *buf
	}
	return m, true
}
