package query

import (
	"runtime"
	"sync"
	"weak"
)

// patterns are all that somebody has, by what they were made of: a query is checked, compiled for itself and once more
// beside others, and thousands of rules share expressions; each is made once. They are held weakly, so that there are no
// more than are in use, and none stays behind the queries it was made for. Safe for concurrent use.
var patterns = shared{made: map[patternSource]weak.Pointer[Pattern]{}}

// patternSource is all that a pattern follows from.
type patternSource struct {
	text       string
	wildcard   bool
	word, fold bool // over one word of a text; in any case
}

type shared struct {
	mu   sync.Mutex
	made map[patternSource]weak.Pointer[Pattern]
}

// get returns the pattern of a source, or makes and remembers it. Two goroutines may make one at once; then one of the two
// is remembered.
func (s *shared) get(of patternSource, compile func() (*Pattern, error)) (*Pattern, error) {
	s.mu.Lock()
	have := s.made[of].Value()
	s.mu.Unlock()
	if have != nil {
		return have, nil
	}
	p, err := compile()
	if err != nil {
		return nil, err
	}
	runtime.AddCleanup(p, s.forget, of)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.made[of] = weak.Make(p)
	return p, nil
}

// forget takes a source out whose pattern is gone, unless another one was made of it since.
func (s *shared) forget(of patternSource) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if w, ok := s.made[of]; ok && w.Value() == nil {
		delete(s.made, of)
	}
}
