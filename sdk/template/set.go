package template

import (
	"errors"
	"fmt"
	"strings"

	"github.com/logcenter/logcenter/sdk/keys"
)

// Set is patterns for the shapes that the lines of a device have. A line is matched by the first pattern, in
// their order, that fits it. Only patterns whose text in front of the first field can be that of the line are
// tried, so that hundreds of messages with a text or an id of their own cost no more than a few. A Set is not
// changed by matching and may be used by any number of goroutines.
type Set struct {
	all []*Template
	// prefix is how many bytes of a line choose its candidates: as many as every head has that is not empty.
	prefix int
	byHead *keys.Table[[]uint16] // patterns that may match a line with this prefix, in their order
	open   []uint16              // patterns that begin with a field
}

// maxPrefix bounds Set.prefix.
const maxPrefix = 32

// NewSet compiles patterns. The error says which of them is wrong, and where.
func NewSet(patterns ...string) (*Set, error) {
	if len(patterns) == 0 {
		return nil, errors.New("template: a set needs a pattern")
	}
	if len(patterns) > keys.MaxKeys {
		return nil, fmt.Errorf("template: a set of %d patterns, at most %d are possible", len(patterns), keys.MaxKeys)
	}
	s := &Set{prefix: maxPrefix}
	for i, p := range patterns {
		t, err := Compile(p)
		if err != nil {
			return nil, fmt.Errorf("pattern %d: %w", i+1, err)
		}
		s.all = append(s.all, t)
		if t.head != "" {
			s.prefix = min(s.prefix, len(t.key()))
		}
	}
	byHead := map[string][]uint16{}
	for i, t := range s.all {
		if t.head != "" {
			byHead[t.key()[:s.prefix]] = nil
		} else {
			s.open = append(s.open, uint16(i))
		}
	}
	for key := range byHead {
		for i, t := range s.all {
			if t.head == "" || t.key()[:s.prefix] == key {
				byHead[key] = append(byHead[key], uint16(i))
			}
		}
	}
	s.byHead = keys.New(byHead)
	return s, nil
}

// MustSet is NewSet for patterns known when the program is written. It panics where NewSet fails.
func MustSet(patterns ...string) *Set {
	s, err := NewSet(patterns...)
	if err != nil {
		panic(err)
	}
	return s
}

// key is what of the head is the same in every line: what is in front of the first blank, which may be a tab.
func (t *Template) key() string {
	if i := strings.IndexByte(t.head, ' '); i >= 0 {
		return t.head[:i]
	}
	return t.head
}

// Len is the number of patterns.
func (s *Set) Len() int { return len(s.all) }

// Template is pattern i, from 0.
func (s *Set) Template(i int) *Template { return s.all[i] }

// Match reads a line by the first pattern that fits it; [Match.Pattern] says which. If none does, the error
// and the fields are those of the pattern that came furthest.
func (s *Set) Match(line []byte) (m Match, err error) {
	best, kind, pos := -1, 0, -1
	for _, i := range s.candidates(line) {
		k, at := m.match(s.all[i], line)
		if k == 0 {
			m.sel = int(i)
			return m, nil
		}
		if at > pos {
			best, kind, pos = int(i), k, at
		}
	}
	if best < 0 {
		return Match{}, s.all[0].faults.At(1, 0)
	}
	m.match(s.all[best], line)
	m.sel = best
	return m, s.all[best].faults.At(kind, pos)
}

func (s *Set) candidates(line []byte) []uint16 {
	i := blanks(line, 0)
	if len(line)-i >= s.prefix {
		if c := s.byHead.Get(line[i : i+s.prefix]); c != nil {
			return *c
		}
	}
	return s.open
}
