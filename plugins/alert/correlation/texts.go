package main

import "encoding/binary"

// textStore keeps texts of many lengths in pages without pointers, in runs of 16 bytes.
type textStore struct {
	blocks
	pages [][]byte
}

const textUnit = 16

func textClass(n int) uint8 { return classFor((n + textUnit - 1) / textUnit) }

// bytes is what a key takes here.
func (s *textStore) bytes(n int) int64 {
	if n <= inlineKey {
		return 0
	}
	return int64(textUnit * classSize(textClass(n)))
}

func (s *textStore) add(text []byte) ref {
	r, size := s.take(textClass(len(text)))
	if size > 0 {
		for len(s.pages) <= r.page() {
			s.pages = append(s.pages, nil)
		}
		s.pages[r.page()] = make([]byte, size*textUnit)
	}
	copy(s.of(r, len(text)), text)
	return r
}

// of is a text of n bytes.
func (s *textStore) of(r ref, n int) []byte {
	from := r.offset() * textUnit
	return s.pages[r.page()][from : from+n : from+n]
}

func (s *textStore) drop(r ref) {
	if s.give(r) {
		s.pages[r.page()] = nil
	}
}

func keyRef(e *group) ref       { return ref(binary.LittleEndian.Uint32(e.key[:])) }
func setKeyRef(e *group, r ref) { binary.LittleEndian.PutUint32(e.key[:], uint32(r)) }
