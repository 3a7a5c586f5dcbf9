package stream

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/logcenter/logcenter/host/durable"
)

// Set holds all streams. All methods are safe for concurrent use.
type Set struct {
	path string

	mu      sync.Mutex // writers
	current atomic.Pointer[state]
}

// state is one version of a set; it never changes.
type state struct {
	version   uint64
	streams   []Stream   // sorted by name
	selectors []Selector // by the same index
}

// file is what the file holds.
type file struct {
	Version int      `json:"version"` // of the format, 1
	Streams []Stream `json:"streams"`
}

// Open reads the streams kept at path, which need not exist yet, and adds those of the configuration. A
// stream of the file with the name of one of the configuration is hidden by it, and returns when the
// configuration drops its own.
func Open(path string, config []Stream) (*Set, error) {
	s := &Set{path: path}
	kept, err := read(path)
	if err != nil {
		return nil, err
	}
	all := make([]Stream, 0, len(config)+len(kept))
	for _, c := range config {
		c.FromConfig, c.Updated = true, time.Time{}
		all = append(all, c)
	}
	slices.SortFunc(all, byName)
	for i := 1; i < len(all); i++ {
		if all[i].Name == all[i-1].Name {
			return nil, fmt.Errorf("%w: the configuration defines stream %s twice", ErrInvalid, all[i].Name)
		}
	}
	fromConfig := all
	for _, k := range kept {
		if _, hidden := find(fromConfig, k.Name); !hidden {
			all = append(all, k)
		}
	}
	slices.SortFunc(all, byName)
	st := &state{version: 1, streams: all}
	for _, one := range all {
		sel, err := compile(one)
		if err != nil {
			if one.FromConfig {
				return nil, err
			}
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		st.selectors = append(st.selectors, sel)
	}
	s.current.Store(st)
	return s, nil
}

func read(path string) ([]Stream, error) {
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var f file
	if err := json.Unmarshal(b, &f); err != nil {
		return nil, fmt.Errorf("%s is not a file of streams (%w): mend it, or move it away to start without streams", path, err)
	}
	if f.Version != 1 {
		return nil, fmt.Errorf("%s has format %d, this version of Logcenter reads format 1", path, f.Version)
	}
	slices.SortFunc(f.Streams, byName)
	for i := 1; i < len(f.Streams); i++ {
		if f.Streams[i].Name == f.Streams[i-1].Name {
			return nil, fmt.Errorf("%s defines stream %s twice: remove one", path, f.Streams[i].Name)
		}
	}
	return f.Streams, nil
}

// List returns all streams, sorted by name. The caller must not change the slice.
func (s *Set) List() []Stream { return s.current.Load().streams }

// Get returns one stream, or [ErrNotFound].
func (s *Set) Get(name string) (Stream, error) {
	st := s.current.Load()
	i, ok := find(st.streams, name)
	if !ok {
		return Stream{}, fmt.Errorf("%w: %.80q", ErrNotFound, name)
	}
	return st.streams[i], nil
}

// Selectors returns all streams ready to be matched, sorted by name, and a version that grows with every
// change. It costs one atomic load, so it can be asked for every batch.
func (s *Set) Selectors() (version uint64, all []Selector) {
	st := s.current.Load()
	return st.version, st.selectors
}

// Put makes a stream or replaces it, and says which. What it has returned survives a crash. The stream's
// Updated is set by Put.
func (s *Set) Put(one Stream) (kept Stream, created bool, err error) {
	one.FromConfig, one.Updated = false, time.Now().UTC().Truncate(time.Millisecond)
	sel, err := compile(one)
	if err != nil {
		return Stream{}, false, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.current.Load()
	st := &state{version: old.version + 1, streams: slices.Clone(old.streams), selectors: slices.Clone(old.selectors)}
	i, exists := find(st.streams, one.Name)
	switch {
	case exists && st.streams[i].FromConfig:
		return Stream{}, false, fmt.Errorf("%w: %s", ErrConfig, one.Name)
	case exists:
		st.streams[i], st.selectors[i] = one, sel
	case len(st.streams) >= MaxStreams:
		return Stream{}, false, ErrTooMany
	default:
		st.streams = slices.Insert(st.streams, i, one)
		st.selectors = slices.Insert(st.selectors, i, sel)
	}
	if err := s.keep(st); err != nil {
		return Stream{}, false, err
	}
	return one, !exists, nil
}

// Delete removes a stream, or returns [ErrNotFound] or [ErrConfig].
func (s *Set) Delete(name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.current.Load()
	i, ok := find(old.streams, name)
	if !ok {
		return fmt.Errorf("%w: %.80q", ErrNotFound, name)
	}
	if old.streams[i].FromConfig {
		return fmt.Errorf("%w: %s", ErrConfig, name)
	}
	return s.keep(&state{
		version:   old.version + 1,
		streams:   slices.Delete(slices.Clone(old.streams), i, i+1),
		selectors: slices.Delete(slices.Clone(old.selectors), i, i+1),
	})
}

// keep writes st to the file and makes it the current state. Streams that the configuration hides stay in
// the file.
func (s *Set) keep(st *state) error {
	f := file{Version: 1, Streams: []Stream{}}
	hidden, err := read(s.path)
	if err != nil {
		return err
	}
	for _, h := range hidden {
		if i, ok := find(st.streams, h.Name); ok && st.streams[i].FromConfig {
			f.Streams = append(f.Streams, h)
		}
	}
	for _, one := range st.streams {
		if !one.FromConfig {
			f.Streams = append(f.Streams, one)
		}
	}
	slices.SortFunc(f.Streams, byName)
	b, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		return err
	}
	if err := durable.Replace(s.path, append(b, '\n')); err != nil {
		return fmt.Errorf("keep streams: %w", err)
	}
	s.current.Store(st)
	return nil
}
