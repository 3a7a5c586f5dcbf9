package main

import (
	"bytes"
	"unicode/utf8"
)

// section is the part of an event that an element stands in.
type section uint8

const (
	outside section = iota
	system
	eventData
	rendering
)

// element is the start of an XML element and the text behind it.
type element struct {
	name  []byte // without the prefix of its namespace
	attrs []byte
	text  []byte // up to the next tag
}

// xml reads an event in XML. It is no reader of XML at large: events have no mixed content, no CDATA and no entities of
// their own, see "Event Schema".
func (r *record) xml(body []byte) error {
	r.decode = appendUnentitied
	at := outside
	whole := false
	for rest := body; ; {
		i := bytes.IndexByte(rest, '<')
		if i < 0 || i+1 >= len(rest) {
			break
		}
		rest = rest[i+1:]
		switch rest[0] {
		case '/':
			whole = whole || bytes.HasPrefix(rest, []byte("/Event>"))
			continue
		case '?', '!':
			continue
		}
		var e element
		var ok bool
		if e, rest, ok = next(rest); !ok {
			break
		}
		switch string(e.name) {
		case "System":
			at = system
		case "EventData", "UserData":
			at = eventData
		case "RenderingInfo":
			at = rendering
		default:
			r.element(at, &e)
		}
	}
	if !whole {
		return errXML
	}
	return nil
}

// next reads the tag behind a '<' and the text behind it.
func next(b []byte) (e element, rest []byte, ok bool) {
	end := 0
	for end < len(b) && b[end] != '>' {
		if c := b[end]; c == '"' || c == '\'' { // an attribute may hold a '>'
			n := bytes.IndexByte(b[end+1:], c)
			if n < 0 {
				return e, nil, false
			}
			end += n + 1
		}
		end++
	}
	if end >= len(b) {
		return e, nil, false
	}
	tag := b[:end:end]
	rest = b[end+1:]
	closed := false
	if n := len(tag); n > 0 && tag[n-1] == '/' {
		tag, closed = tag[:n-1], true
	}
	e.name = tag
	if i := bytes.IndexAny(tag, " \t\r\n"); i >= 0 {
		e.name, e.attrs = tag[:i:i], tag[i+1:]
	}
	if i := bytes.IndexByte(e.name, ':'); i >= 0 {
		e.name = e.name[i+1:]
	}
	if !closed {
		n := bytes.IndexByte(rest, '<')
		if n < 0 {
			n = len(rest)
		}
		e.text = rest[:n:n]
	}
	return e, rest, true
}

// attr is the value of an attribute, nil if there is none.
func (e *element) attr(name string) []byte {
	for b := e.attrs; len(b) > 0; {
		i := bytes.IndexByte(b, '=')
		if i < 0 || i+1 >= len(b) {
			return nil
		}
		key, quote := bytes.TrimSpace(b[:i]), b[i+1]
		if quote != '"' && quote != '\'' {
			return nil
		}
		b = b[i+2:]
		end := bytes.IndexByte(b, quote)
		if end < 0 {
			return nil
		}
		if string(key) == name {
			return b[:end:end]
		}
		b = b[end+1:]
	}
	return nil
}

func (r *record) element(at section, e *element) {
	switch at {
	case system:
		switch string(e.name) {
		case "Provider":
			r.put(provider, e.attr("Name"))
		case "EventID":
			r.put(eventID, e.text)
		case "Level":
			r.put(level, e.text)
		case "Keywords":
			r.keyword(e.text)
		case "TimeCreated":
			r.put(created, e.attr("SystemTime"))
		case "EventRecordID":
			r.put(recordID, e.text)
		case "Execution":
			r.put(execPID, e.attr("ProcessID"))
		case "Channel":
			r.put(channel, e.text)
		case "Computer":
			r.put(computer, e.text)
		case "Security":
			r.put(userSID, e.attr("UserID"))
		}
	case eventData:
		if string(e.name) != "Data" { // of UserData, whose elements have names of their own
			r.put(data[string(e.name)], bytes.TrimSpace(e.text))
			return
		}
		if name := e.attr("Name"); name != nil {
			r.put(data[string(name)], e.text)
			return
		}
		r.insert(e.text)
	case rendering:
		if string(e.name) == "Message" {
			r.put(message, e.text)
		}
	}
}

// entities are those that XML has of its own.
var entities = [...]struct {
	name string
	c    byte
}{{"lt;", '<'}, {"gt;", '>'}, {"amp;", '&'}, {"quot;", '"'}, {"apos;", '\''}}

// appendUnentitied appends v to dst with its references resolved (XML 1.0, section 4.1); what is none stays as it is.
func appendUnentitied(dst, v []byte) []byte {
	for {
		i := bytes.IndexByte(v, '&')
		if i < 0 {
			return append(dst, v...)
		}
		dst = append(dst, v[:i]...)
		v = v[i+1:]
		n := 0
		for _, e := range entities {
			if bytes.HasPrefix(v, []byte(e.name)) {
				dst, n = append(dst, e.c), len(e.name)
			}
		}
		if n == 0 {
			var c rune
			if c, n = character(v); n > 0 {
				dst = utf8.AppendRune(dst, c)
			}
		}
		if n == 0 {
			dst = append(dst, '&')
		}
		v = v[n:]
	}
}

// character reads "#13;" or "#xD;", n is 0 if b does not start with the like.
func character(b []byte) (c rune, n int) {
	if len(b) < 3 || b[0] != '#' {
		return 0, 0
	}
	base := rune(10)
	if n = 1; b[1]|0x20 == 'x' {
		base, n = 16, 2
	}
	for first := n; n < len(b) && n < 10; n++ {
		d := rune(0)
		switch x := b[n]; {
		case x-'0' <= 9:
			d = rune(x - '0')
		case base == 16 && (x|0x20)-'a' < 6:
			d = rune((x|0x20)-'a') + 10
		case x == ';' && n > first && c > 0 && c <= utf8.MaxRune:
			return c, n + 1
		default:
			return 0, 0
		}
		if c = c*base + d; c > utf8.MaxRune {
			return 0, 0
		}
	}
	return 0, 0
}
