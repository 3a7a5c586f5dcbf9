package embedded

import (
	"encoding/json"
	"path/filepath"
	"slices"
)

// Pinned is the durable content of a store at one moment. Its files stay as they are until it is released.
type Pinned struct {
	Manifest []byte   // of the files: manifest.json of a store that has just them
	Files    []string // relative to the store's directory, with slashes
	Durable  uint64
	Events   int64
	release  func()
}

// Release lets go of the files. It may be called again.
func (p *Pinned) Release() { p.release() }

// Pin pins what is durable now. Flushes and merges go on.
func (s *Store) Pin() (*Pinned, error) {
	s.write.Lock()
	defer s.write.Unlock()
	snap, err := s.snapshot()
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	m := manifest{Version: 1, Durable: s.durable, NextID: s.nextID, Imports: s.imports}
	s.mu.Unlock()
	p := &Pinned{Durable: m.Durable}
	for _, g := range snap.segments {
		m.Segments = append(m.Segments, &g.segmentInfo)
		p.Events += g.Rows
		for _, path := range []string{g.path, indexFile(g.path)} {
			rel, err := filepath.Rel(s.dir, path)
			if err != nil {
				snap.release()
				return nil, err
			}
			p.Files = append(p.Files, filepath.ToSlash(rel))
		}
	}
	if p.Manifest, err = json.Marshal(m); err != nil {
		snap.release()
		return nil, err
	}
	slices.Sort(p.Files)
	p.release = snap.release // which forgets its segments
	return p, nil
}
