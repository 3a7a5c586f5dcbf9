package delimited

import (
	"bytes"
	"fmt"
)

// Header has the names of fields. Make one with [NewHeader] or [Scanner.ParseHeader]. It is not changed
// afterwards and may be used by any number of goroutines. A nil Header has no names.
type Header struct {
	names []string
	// table finds names: entry h is 1 + the index of the name whose hash is h, or follows there. 0 is free.
	table []uint16
}

// NewHeader makes a Header of the names of the fields in their order. An empty name, or "-" or "_", is a
// field that nobody asks for. It fails if two fields have one name, and for more than [MaxFields] of them.
func NewHeader(names ...string) (*Header, error) {
	if len(names) > MaxFields {
		return nil, fmt.Errorf("delimited: a header of %d fields, at most %d are read", len(names), MaxFields)
	}
	size := 8
	for size < 3*len(names) {
		size *= 2
	}
	h := &Header{names: append([]string(nil), names...), table: make([]uint16, size)}
	for i, name := range h.names {
		if name == "" || name == "-" || name == "_" {
			h.names[i] = ""
			continue
		}
		if first := h.Index(name); first >= 0 {
			return nil, fmt.Errorf("delimited: fields %d and %d of the header are both named %q", first+1, i+1, name)
		}
		at := hash(name) & (size - 1)
		for h.table[at] != 0 {
			at = (at + 1) & (size - 1)
		}
		h.table[at] = uint16(i + 1)
	}
	return h, nil
}

// MustHeader is NewHeader for names known when the program is written. It panics where NewHeader fails.
func MustHeader(names ...string) *Header {
	h, err := NewHeader(names...)
	if err != nil {
		panic(err)
	}
	return h
}

// ParseHeader reads a line of names, separated as the fields are: the first line of a CSV file, or the
// #Fields line of a W3C log.
func (s *Scanner) ParseHeader(line []byte) (*Header, error) {
	line = bytes.TrimPrefix(line, []byte("\ufeff"))
	if rest, ok := bytes.CutPrefix(line, []byte("#Fields:")); ok {
		line = bytes.TrimLeft(rest, " \t")
	}
	var names []string
	it := s.Scan(line)
	for it.Next() {
		names = append(names, string(bytes.TrimSpace(it.AppendValue(nil))))
	}
	if err := it.Err(); err != nil {
		return nil, err
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("delimited: a header with the names of the fields is expected")
	}
	return NewHeader(names...)
}

// Len is the number of fields.
func (h *Header) Len() int {
	if h == nil {
		return 0
	}
	return len(h.names)
}

// Name is the name of field i, from 0; "" if it has none.
func (h *Header) Name(i int) string {
	if i < 0 || i >= h.Len() {
		return ""
	}
	return h.names[i]
}

// Index is the number of the field of that name, from 0; -1 if there is none.
func (h *Header) Index(name string) int {
	if name == "" || h.Len() == 0 {
		return -1
	}
	mask := len(h.table) - 1
	for at := hash(name) & mask; ; at = (at + 1) & mask {
		i := int(h.table[at]) - 1
		if i < 0 || h.names[i] == name {
			return i
		}
	}
}

// hash mixes the length and three bytes of a name, which is not empty.
func hash(name string) int {
	n := len(name)
	x := uint32(n)<<24 | uint32(name[0])<<16 | uint32(name[n/2])<<8 | uint32(name[n-1])
	return int(x * 0x9e3779b1 >> 16)
}
