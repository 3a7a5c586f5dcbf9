package install

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/logcenter/logcenter/host/durable"
	"github.com/logcenter/logcenter/host/plugin/pack"
)

// state is what an admin decided of one id.
type state struct {
	Active   string    `json:"active,omitempty"`   // digest; empty: none of the packages
	Version  string    `json:"version,omitempty"`  // of the active package, as is
	Kind     string    `json:"kind,omitempty"`     // its kind
	Hold     bool      `json:"hold,omitempty"`     // and whether events wait for it: known also when its folder is gone
	Previous string    `json:"previous,omitempty"` // digest that was active before; empty: none
	Enabled  *bool     `json:"enabled,omitempty"`  // nil: never switched
	By       string    `json:"by,omitempty"`       // who changed this last
	At       time.Time `json:"at,omitzero"`        // and when
}

// stateFile is state.json.
type stateFile struct {
	Plugins map[string]*state `json:"plugins"`
}

func readState(path string) (map[string]*state, error) {
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return map[string]*state{}, nil
	}
	if err != nil {
		return nil, err
	}
	f := stateFile{Plugins: map[string]*state{}}
	if err := json.Unmarshal(b, &f); err != nil {
		return nil, fmt.Errorf("%s cannot be read: %w: restore it from a backup, or remove it and enable the installed plugins again", path, err)
	}
	for id, st := range f.Plugins {
		if st == nil {
			delete(f.Plugins, id)
		}
	}
	return f.Plugins, nil
}

// change changes the state of an id, on the disk first. The caller holds the lock.
func (s *Store) change(id string, f func(*state)) error {
	next := maps.Clone(s.state)
	st := &state{}
	if have := s.state[id]; have != nil {
		*st = *have
	}
	f(st)
	st.At = s.now().UTC().Truncate(time.Second)
	next[id] = st
	b, err := json.MarshalIndent(stateFile{next}, "", "  ")
	if err != nil {
		return err
	}
	if err := durable.Replace(filepath.Join(s.dir, stateName), append(b, '\n')); err != nil {
		return err
	}
	s.state = next
	return nil
}

// Activate makes an installed package the one that runs under its id from the next start of the plugin on. All of its
// files are compared with their sums first. What was active becomes the previous one; activating what is active changes
// nothing.
func (s *Store) Activate(id, digest string) error {
	p, ok := s.Get(digest)
	if !ok || p.ID != id {
		return fmt.Errorf("%s %s: %w", id, digest, ErrNotFound)
	}
	if err := p.Check(context.Background()); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if st := s.state[id]; st != nil && st.Active == p.Digest {
		return nil
	}
	if s.packages[p.Digest] == nil { // removed meanwhile
		return fmt.Errorf("%s %s: %w", id, digest, ErrNotFound)
	}
	return s.change(id, func(st *state) {
		st.Active, st.Previous = p.Digest, st.Active
		st.Version, st.Kind, st.Hold = p.Version, p.Kind, p.Hold
	})
}

// Deactivate goes back to no package of an id: to the folder that an admin keeps, if there is one. What was active
// becomes the previous one.
func (s *Store) Deactivate(id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if st := s.state[id]; st == nil || st.Active == "" {
		return nil
	}
	return s.change(id, func(st *state) {
		st.Active, st.Previous = "", st.Active
		st.Version, st.Kind, st.Hold = "", "", false
	})
}

// Active returns the package that is active under an id.
func (s *Store) Active(id string) (*Installed, bool) {
	return s.of(id, func(st *state) string { return st.Active })
}

// Previous returns the package that was active under an id before the one that is; false also if it was none.
func (s *Store) Previous(id string) (*Installed, bool) {
	return s.of(id, func(st *state) string { return st.Previous })
}

func (s *Store) of(id string, which func(*state) string) (*Installed, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.state[id]
	if st == nil || which(st) == "" {
		return nil, false
	}
	p := s.packages[which(st)]
	return p, p != nil
}

// Switch keeps that an admin, by, enabled or disabled a plugin, installed or not.
func (s *Store) Switch(id string, enabled bool, by string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if st := s.state[id]; st != nil && st.Enabled != nil && *st.Enabled == enabled {
		return nil
	}
	return s.change(id, func(st *state) { st.Enabled, st.By = &enabled, by })
}

// Switched returns what admins enabled and disabled, by id. Ids that nobody switched are not in it.
func (s *Store) Switched() map[string]bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := map[string]bool{}
	for id, st := range s.state {
		if st.Enabled != nil {
			all[id] = *st.Enabled
		}
	}
	return all
}

// Chosen is what is active under an id, whether it may be used or not.
type Chosen struct {
	ID, Version, Kind string
	Digest            string // of the package's file
	Hold              bool   // an enricher that events wait for
}

// Chosen returns what is active, by id.
func (s *Store) Chosen() (list []Chosen) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range slices.Sorted(maps.Keys(s.state)) {
		st := s.state[id]
		if st.Active == "" {
			continue
		}
		c := Chosen{ID: id, Version: st.Version, Kind: st.Kind, Digest: st.Active, Hold: st.Hold}
		if p := s.packages[st.Active]; p != nil {
			c.Version, c.Kind, c.Hold = p.Version, p.Kind, p.Hold
		}
		list = append(list, c)
	}
	return list
}

// Usable checks the package that is active under an id and returns its folder, or why it must not be used. The folder
// comes with an error, too, if there is one.
func (s *Store) Usable(ctx context.Context, id string) (dir string, err error) {
	p, ok := s.Active(id)
	if ok {
		return p.Dir, p.Check(ctx)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.state[id]
	if st == nil || st.Active == "" {
		return "", fmt.Errorf("%s: %w", id, ErrNotFound)
	}
	return "", fmt.Errorf("its active package %s %s (%s) is gone: install it again", id, st.Version, st.Active[:min(digestShown, len(st.Active))])
}

// Check says whether the package may be used: whether the policy lets it in, and all of its files are as they were
// signed. A program whose mode was lost, as by a restored backup, gets it back.
func (i *Installed) Check(ctx context.Context) error {
	signed, _, err := i.admitted()
	if err != nil {
		return fmt.Errorf("%s: %w", i.Label(), err)
	}
	sums, err := pack.ParseSums(signed.Sums)
	if err == nil {
		err = pack.Check(ctx, i.Dir, sums)
	}
	if err != nil {
		return fmt.Errorf("%s in %s: %w", i.Label(), i.Dir, err)
	}
	p, err := pack.Open(i.Dir)
	if err == nil && (p.Manifest.ID != i.ID || p.Manifest.Version != i.Version) {
		err = fmt.Errorf("it is %s, but was recorded as %s %s: install it again", p.Manifest.Label(), i.ID, i.Version)
	}
	if err != nil {
		return fmt.Errorf("%s in %s: %w", i.Label(), i.Dir, err)
	}
	return runnable(p)
}

// runnable makes the programs of a package executable where they are not.
func runnable(p *pack.Package) error {
	for name := range p.Sums {
		if !p.IsProgram(name) {
			continue
		}
		file := filepath.Join(p.Dir, filepath.FromSlash(name))
		if st, err := os.Stat(file); err == nil && st.Mode()&0o100 != 0 {
			continue
		}
		if err := os.Chmod(file, 0o500); err != nil {
			return err
		}
	}
	return nil
}
