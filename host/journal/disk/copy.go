package disk

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
)

// Pin keeps a journal as it was: nothing is trimmed until it is released. Appends that find the journal full wait
// meanwhile, so that it must be short.
type Pin struct {
	j     *Journal
	small map[string][]byte // files that are no segments, as they were
	once  sync.Once
}

// Pin pins the journal. What its groups have committed is kept as it is now, so that a copy that is linked later has
// everything that was not done by now.
func (j *Journal) Pin() (*Pin, error) {
	j.mu.Lock()
	j.pins++
	j.mu.Unlock()
	p := &Pin{j: j, small: map[string][]byte{}}
	if err := p.keep(); err != nil {
		p.Release()
		return nil, fmt.Errorf("journal %s: %w", j.dir, err)
	}
	return p, nil
}

func (p *Pin) keep() error {
	if err := p.j.saveState(); err != nil {
		return err
	}
	for _, name := range []string{"state.json", "meta.json"} {
		b, err := os.ReadFile(filepath.Join(p.j.dir, name))
		if errors.Is(err, os.ErrNotExist) && name == "state.json" {
			continue // no group has committed yet
		}
		if err != nil {
			return err
		}
		p.small[name] = b
	}
	return nil
}

// Release lets the journal trim again. It may be called again.
func (p *Pin) Release() {
	p.once.Do(func() {
		p.j.mu.Lock()
		p.j.pins--
		p.j.mu.Unlock()
		poke(p.j.kick)
	})
}

// Part is one file of a copy. Only its first Size bytes belong to it.
type Part struct {
	Name string
	Size int64
}

// Link makes a copy of the journal as it is now in dir, which must be new and should be on the same file system: its
// files are then hard links, which cost nothing, and the last one may grow. The copy has all entries that were
// acknowledged before the call, first to last.
func (p *Pin) Link(dir string) (parts []Part, first, last uint64, err error) {
	j := p.j
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, 0, 0, err
	}
	for name, b := range p.small {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			return nil, 0, 0, err
		}
		parts = append(parts, Part{name, int64(len(b))})
	}
	j.mu.Lock()
	segments := append([]segment(nil), j.segments...)
	first, last = segments[0].first, j.last
	j.mu.Unlock()
	for _, s := range segments {
		name := segmentName(s.first)
		if _, err := LinkOrCopy(j.segmentPath(s.first), filepath.Join(dir, name)); err != nil {
			return nil, 0, 0, err
		}
		parts = append(parts, Part{name, s.size})
	}
	return parts, first, last, nil
}

// LinkOrCopy makes to a hard link of a file, or a copy where that is not possible, and returns its size then: the file
// may be appended to, or replaced, meanwhile.
func LinkOrCopy(from, to string) (size int64, err error) {
	if os.Link(from, to) == nil {
		st, err := os.Stat(to)
		if err != nil {
			return 0, err
		}
		return st.Size(), nil
	}
	src, err := os.Open(from)
	if err != nil {
		return 0, err
	}
	defer src.Close() //nolint:errcheck // it was only read
	st, err := src.Stat()
	if err != nil {
		return 0, err
	}
	dst, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return 0, err
	}
	if _, err := io.Copy(dst, src); err != nil {
		_ = dst.Close() // the error before counts
		return 0, err
	}
	return st.Size(), dst.Close()
}
