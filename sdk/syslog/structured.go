package syslog

import "bytes"

// structured returns the length of the STRUCTURED-DATA that b starts with (RFC 5424, section 6.3), 0 if
// there is none. It must end where a space or the line's end follows.
func structured(b []byte) int {
	i := 0
	for i < len(b) && b[i] == '[' {
		e := Elements{rest: b[i:]}
		n := e.next()
		if n == 0 {
			return 0
		}
		i += n
	}
	if i < len(b) && b[i] != ' ' {
		return 0
	}
	return i
}

// Elements is a cursor over the SD-ELEMENTs of a message (RFC 5424, section 6.3.1):
//
//	for e := h.Elements(); e.Next(); {
//		for p := e.Params(); p.Next(); {
//			… e.ID(), p.Name(), p.Value() …
//		}
//	}
type Elements struct {
	rest, id, params []byte
}

// Elements returns a cursor in front of the first element.
func (h *Header) Elements() Elements { return Elements{rest: h.Structured} }

// Next moves to the next element and reports whether there is one.
func (e *Elements) Next() bool {
	n := e.next()
	e.rest = e.rest[n:]
	return n > 0
}

// next sets id and params from the start of rest and returns the element's length, 0 if there is none.
func (e *Elements) next() int {
	b := e.rest
	if len(b) < 3 || b[0] != '[' {
		return 0
	}
	i := nameEnd(b, 1)
	if i == 1 {
		return 0
	}
	p := Params{rest: b[i:]}
	for p.Next() {
	}
	end := len(b) - len(p.rest)
	if len(p.rest) == 0 || p.rest[0] != ']' {
		return 0
	}
	e.id, e.params = b[1:i:i], b[i:end:end]
	return end + 1
}

// nameEnd returns where the SD-NAME at i ends (section 6: neither space nor '=', ']', '"').
func nameEnd(b []byte, i int) int {
	for i < len(b) && b[i] > ' ' && b[i] != '=' && b[i] != ']' && b[i] != '"' {
		i++
	}
	return i
}

// ID is the element's SD-ID (section 6.3.2), such as exampleSDID@32473.
func (e *Elements) ID() []byte { return e.id }

// Params returns a cursor in front of the element's first parameter.
func (e *Elements) Params() Params { return Params{rest: e.params} }

// Params is a cursor over the SD-PARAMs of an element (RFC 5424, section 6.3.3).
type Params struct {
	rest, name, value []byte
}

// Next moves to the next parameter and reports whether there is one. Spaces in front of it, where the
// RFC has one, may be several.
func (p *Params) Next() bool {
	b := p.rest
	start := blanks(b, 0)
	if start == 0 {
		return false
	}
	i := nameEnd(b, start)
	if i == start || i+1 >= len(b) || b[i] != '=' || b[i+1] != '"' {
		if i == start {
			p.rest = b[start:] // spaces before the bracket
		}
		return false
	}
	v := i + 2
	for j := v; ; {
		n := bytes.IndexByte(b[j:], '"')
		if n < 0 {
			return false
		}
		j += n
		k := j
		for k > v && b[k-1] == '\\' {
			k--
		}
		if (j-k)&1 == 0 {
			p.name, p.value, p.rest = b[start:i:i], b[v:j:j], b[j+1:]
			return true
		}
		j++
	}
}

// Name is the parameter's PARAM-NAME.
func (p *Params) Name() []byte { return p.name }

// Value is the parameter's PARAM-VALUE as sent, with its escapes.
func (p *Params) Value() []byte { return p.value }

// AppendValue appends the value to dst with its escapes resolved and returns the extended slice: a
// backslash before '"', '\' and ']' is left out, any other stays (section 6.3.3).
func (p *Params) AppendValue(dst []byte) []byte {
	v := p.value
	for {
		i := bytes.IndexByte(v, '\\')
		if i < 0 || i+1 == len(v) {
			return append(dst, v...)
		}
		dst = append(dst, v[:i]...)
		if c := v[i+1]; c != '"' && c != '\\' && c != ']' {
			dst = append(dst, '\\')
		}
		dst = append(dst, v[i+1])
		v = v[i+2:]
	}
}

// Param returns the value, as sent, of the first parameter of that name in the first element of that
// SD-ID that has it; nil if there is none.
func (h *Header) Param(id, name string) []byte {
	for e := h.Elements(); e.Next(); {
		if string(e.ID()) != id {
			continue
		}
		for p := e.Params(); p.Next(); {
			if string(p.Name()) == name {
				return p.Value()
			}
		}
	}
	return nil
}
